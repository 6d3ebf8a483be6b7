"""`run.py watch`: what the words of its command line mean, and what is said where they mean nothing."""

from __future__ import annotations

import shlex
import shutil
import socket
from pathlib import Path

import pytest

from tests.viewer.support import KAFR_HAMRA, MEDIATOR, ROOT  # isort: skip - before Solara

import sim
from sim.cli.main import main
from sim.cli.watch import source_of
from sim.results.branch import branch
from sim.results.run import Run
from sim.results.write import write
from sim.study.definition import Definition, Variant
from sim.study.plan import make_plan, one_command
from sim.study.runner import run_study
from sim.study.store import Study
from sim.viewer.session import RunSource, Session, build

TWO_VALLEYS = ROOT / "scenarios" / "two_valleys.yaml"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    far = {"days": 30, "rules.spread.call_to_arms_share": 0.9}
    scenarios = {"base": Variant(file="two_valleys", set={"days": 30}), "far": Variant(file="two_valleys", set=far)}
    definition = Definition(
        name="small", question="What does the call to arms do?", scenarios=scenarios, replicates=3, keep=["events"]
    )
    return run_study(make_plan(definition), tmp_path_factory.mktemp("study"), workers=1)


def test_one_run_of_a_study_is_watched_as_the_report_says_it(study: Path) -> None:
    words = shlex.split(one_command("watch", study, "far", 2))
    assert words[2:4] == ["watch", str(study)]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    source = source_of(Path(words[3]), None, (), options["--scenario"], int(options["--replicate"]))
    model = build(source)
    model.run()
    events = Study.open(study).table("events")
    own = events[(events["scenario"] == "far") & (events["replicate"] == 2)]
    watched = Run.of(model.simulation.result()).events
    assert watched["kind"].tolist() == own["kind"].tolist()
    assert watched["day"].tolist() == own["day"].tolist()
    assert model.simulation.scenario.rules.spread.call_to_arms_share.best == 0.9


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return what a command that cannot be done says; it is one line and no traceback."""
    code = main(["watch", *map(str, words), "--no-browser"])
    err = capsys.readouterr().err.strip()
    assert code == 2
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    return err


def test_what_cannot_be_watched_is_reported(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "kafr_hamra" in said(capsys, "kafr_hamraa.yaml")
    assert str(empty) in said(capsys, empty)
    assert "one map" in said(capsys, KAFR_HAMRA, TWO_VALLEYS)
    assert "two side by side" in said(capsys, KAFR_HAMRA, MEDIATOR, TWO_VALLEYS)
    assert "--replicate" in said(capsys, study, "--scenario", "far")
    assert "base" in said(capsys, study, "--scenario", "fat", "--replicate", "1")
    assert "--replicate" in said(capsys, study, "--scenario", "far", "--replicate", "1", "--seed", "7")
    assert "folder of a study" in said(capsys, KAFR_HAMRA, "--scenario", "far")
    assert "rules.nothing" in said(capsys, KAFR_HAMRA, "--set", "rules.nothing=1")


def test_numbers_out_of_range_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--seed", "-1"), ("--seed", str(2**63)), ("--port", "70000"), ("--seed", "x")):
        assert main(["watch", str(KAFR_HAMRA), *words]) == 2
        assert words[0] in capsys.readouterr().err


def test_a_port_in_use_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"{port} is taken" in said(capsys, TWO_VALLEYS, "--port", port)


def test_a_run_is_watched_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(sim.simulate(TWO_VALLEYS, seed=3), tmp_path)
    assert source_of(folder, None, ()).replay
    assert source_of(folder / "manifest.json", 3, ()).seed == 3
    assert "has seed 3" in said(capsys, folder, "--seed", "4")
    assert "as it was" in said(capsys, folder, "--set", "days=3")
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "scenario.yaml").write_text("question: [")
    assert "scenario.yaml" in said(capsys, broken)


def test_a_branch_is_replayed_with_its_change_and_stands_beside_its_original(tmp_path: Path) -> None:
    original = write(sim.simulate(TWO_VALLEYS, seed=3), tmp_path)
    first = write(branch(original, 20, ["rules.incident.per_pair_month=0.9"]), tmp_path)
    second = write(branch(first, 60, ["days=200"]), tmp_path)
    session = Session((RunSource(original, 3, replay=True), RunSource(second, 3, replay=True)))
    shown = [[(line.event_id, line.kind, line.town) for line in run.history.lines] for run in session.runs]
    for folder, lines in zip((original, second), shown, strict=True):
        events = Run.open(folder).events
        assert [line[:2] for line in lines] == list(zip(events["event_id"], events["kind"], strict=True))
    assert shown[0] != shown[1]
    before = sum(line.day < 20 for line in session.runs[0].history.lines)
    assert shown[0][:before] == shown[1][:before]
    assert session.days == 200
    assert session.runs[1].history.at(200).day == 200
