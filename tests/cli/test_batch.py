"""`batch` as a person calls it: from files to a study's folder, its plan, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from sim.cli.batch import size_text
from sim.cli.main import main
from sim.results.manifest import Kind, kind_of
from sim.study import worker
from sim.study.progress import RateMeter, duration
from sim.study.runner import Progress
from tests.cli.support import ROOT, Command

STUDY = """\
question: who ends up with the pass?
scenarios:
  base: two_valleys
  bold: {file: two_valleys, set: {factions.Lanterns.doctrine.expansion: 8}}
set: {days: 8}
replicates: 3
"""


@pytest.fixture
def study(here: Path) -> Path:
    here.mkdir(exist_ok=True)
    path = here / "pass.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_a_study_is_run_and_goes_on_with_the_same_command(command: Command, here: Path, study: Path) -> None:
    done = command("batch", "pass.yaml", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "SIMULATED. 6 of 6 runs are done in outputs/pass" in done.stdout
    assert "next: python run.py compare outputs/pass" in done.stdout
    assert "bold keeps its own number for 1 input: factions.Lanterns.doctrine.expansion 8." in " ".join(
        done.stdout.split()
    )
    first = pd.read_csv(here / "outputs" / "pass" / "runs.csv")
    assert first.groupby("replicate")["seed"].nunique().tolist() == [1, 1, 1]
    more = command("batch", "outputs/pass", "--workers", "1", "--replicates", "4")
    assert "8 of 8 runs are done in outputs/pass" in more.stdout, more.stderr
    second = pd.read_csv(here / "outputs" / "pass" / "runs.csv")
    pd.testing.assert_frame_equal(first, second.head(6))


def test_scenario_files_alone_are_a_study(command: Command, here: Path, study: Path) -> None:
    for name in ("one", "two"):
        (here / f"{name}.yaml").write_text("extends: two_valleys\ndays: 5\nquestion: what comes of it?\n")
    done = command("batch", "one.yaml", "two", "--replicates", "2", "--fixed-inputs", "--seed", "7", "--workers", "1")
    assert done.returncode == 0, done.stderr
    folder = here / "outputs" / "one_vs_two-seed_7-fixed_inputs"
    runs = pd.read_csv(folder / "runs.csv")
    assert runs["scenario"].tolist() == ["one", "two", "one", "two"]
    assert not [column for column in runs if column.startswith("input:")]
    assert json.loads((folder / "manifest.json").read_text())["design"] == "fixed"


def test_the_plan_runs_nothing_and_says_time_and_disk(
    here: Path, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setattr(worker, "MEASURE_SECONDS", 0.1)
    assert main(["batch", "pass.yaml", "--plan", "--workers", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 replicates of 2 scenarios, 6 runs; seed 1" in said
    assert "on 2 workers (" in said
    assert "a run); " in said
    assert "are free" in said
    assert not (here / "outputs").exists()


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (["0.1"], "at least 3 replicates of 2 scenarios, 6 runs; at most 385 replicates, 770 runs; seed 1"),
        (["0.1", "--max", "4"], "at least 3 replicates of 2 scenarios, 6 runs; at most 4 replicates, 8 runs; seed 1"),
        (["0.1", "--max", "2"], "runs 2 replicates of 2 scenarios, 4 runs; seed 1"),
        (["1e-6"], "at most 10,000 replicates, 20,000 runs; seed 1"),
    ],
)
def test_the_plan_says_how_many_runs_until_precise(
    options: list[str], runs: str, here: Path, study: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(here)
    monkeypatch.setattr(worker, "MEASURE_SECONDS", 0.1)
    assert main(["batch", "pass.yaml", "--plan", "--workers", "1", "--until-precise", *options]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert runs in said
    assert re.search(r"replicates about [\d,]+ expected, from 20 replicates; [\w ,]+ in \w+ decides", said)
    assert f"known to {100 * float(options[0]):.3g} % of itself, or the most are done" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pass.yaml", "pass.yaml"], "pass.yaml: is a study; give one study alone, or scenario files"),
        (["two_valleys", "--max", "9"], "--max: belongs to --until-precise"),
        (["two_valleys", "--workers", "2", "--scheduler", "tcp://h:1"], "--workers: does not go with --scheduler"),
        (["two_valleys", "two_valleys"], "batch: two scenarios of one name: two_valleys"),
        (["no_such"], "no_such: no such file"),
        (["kafr_hamr"], "kafr_hamr: no such file, did you mean 'kafr_hamra'?"),
        (["ceasefire_policie"], "ceasefire_policie: no such file, did you mean 'ceasefire_policies'?"),
        (["pass.yaml", "--out", "pass.yaml"], "--out: pass.yaml is a file, a folder is needed"),
        (["broken.yaml"], "broken.yaml:2: scenarios.kafr_hamraa: no such file, did you mean 'kafr_hamra'?"),
    ],
)
def test_what_is_wrong_is_one_line(
    here: Path,
    study: Path,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(here)
    (here / "broken.yaml").write_text("question: who ends up with it?\nscenarios: [kafr_hamraa]\n")
    assert main(["batch", *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith(said), told
    assert told.count("\n") == 1
    assert not (here / "outputs").exists()


def test_run_says_that_a_study_is_for_batch(
    here: Path, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    assert main(["run", "pass.yaml"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("pass.yaml: is a study file; run takes a scenario file")
    assert "`python run.py batch pass.yaml`" in message
    assert message.count("\n") == 1


def test_check_reads_a_study(
    here: Path, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    assert main(["check", "pass.yaml"]) == 0
    assert "3 replicates of 2 scenarios" in capsys.readouterr().out
    study.write_text(STUDY + "desing: grid\n", encoding="utf-8")
    assert main(["check", "pass.yaml"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("pass.yaml:7: desing: unknown key, did you mean 'design'? allowed: ")
    assert told.count("\n") == 1


READY = sorted(path for path in (ROOT / "scenarios" / "studies").glob("*.yaml") if kind_of(path) is Kind.STUDY_FILE)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_the_ready_studies_can_be_planned(path: Path) -> None:
    from sim.study.definition import read_definition
    from sim.study.plan import make_plan

    plan = make_plan(*read_definition(path))
    assert plan.replicates == plan.definition.replicates
    assert plan.definition.question.endswith("?")
    drawn = {"fixed": 0, "posterior": 21}.get(plan.design, 100)  # inputs of a run that are drawn, at least
    assert all(len(job.values) >= drawn for _, job in zip(range(8), plan.jobs(), strict=False))


def test_speed_leaves_out_the_start() -> None:
    pace = RateMeter()
    assert pace.words(Progress(0, 0, 100, 0, 0.1)) == ""
    assert pace.words(Progress(10, 0, 100, 10, 60.0)) == ""  # compiled meanwhile
    assert pace.words(Progress(30, 2, 100, 32, 71.0)) == "2.0 runs a second, 34 s left, 2 failed"


def test_speed_of_one_round_of_runs_is_not_carried_over_to_the_next() -> None:
    pace = RateMeter()
    for fresh, seconds in ((32, 1.0), (64, 2.0)):
        pace.words(Progress(fresh, 0, 64, fresh, seconds))
    assert pace.words(Progress(0, 0, 64, 0, 0.0)) == ""
    assert pace.words(Progress(16, 0, 64, 16, 1.0)) == ""
    assert pace.words(Progress(32, 0, 64, 32, 2.0)) == "16.0 runs a second, 2 s left"
    assert pace.words(Progress(8, 0, 64, 8, 0.5)) == "", "a round that began without a first report"


def test_times_and_sizes_in_words() -> None:
    assert [duration(s) for s in (0.2, 80, 600, 7200, 400_000)] == ["1 s", "80 s", "10 min", "2.0 h", "4.6 days"]
    assert [size_text(n) for n in (20, 1500, 25_000_000, 3.2e9)] == ["20 bytes", "1.5 kB", "25 MB", "3.2 GB"]
