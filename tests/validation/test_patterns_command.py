"""`run.py patterns` and `run.py ablate` on small studies: what they print and write, and what they refuse."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sim.cli.main import main
from sim.results.manifest import sha256
from sim.results.run import Run
from sim.study.store import Study
from sim.validation import pattern_nulls
from sim.validation.pattern_card import make_card
from sim.validation.pattern_file import FOLDER, find_patterns, read_patterns
from sim.validation.pattern_samples import log_of_run, reported_run, runs_of_study

STUDY = """\
question: does the card work?
scenarios: [greater_idlib_2018]
set: {days: 45}
replicates: 4
design: fixed
"""
GED = """\
date_start,date_end,side_a,side_b,location,where_prec,latitude,longitude,deaths_a,deaths_b,best
2018-03-01,2018-03-01,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,30,60,91
2018-03-02,2018-03-02,Ahrar al-Sham,HTS,Twotown,1,36.1,37.1,0,0,0
"""


def made(folder: Path, name: str, more: str = "") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(STUDY + more, encoding="utf-8")
    assert main(["batch", str(file), "--workers", "1", "--out", str(folder)]) == 0
    return folder / name


@pytest.fixture(autouse=True)
def few_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate each null 40 times, not 300: the words and files of the command do not hang on it."""
    monkeypatch.setattr(pattern_nulls, "card_with_nulls", partial(pattern_nulls.card_with_nulls, members=40))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of four runs that keeps reports."""
    return made(tmp_path_factory.mktemp("study"), "small", "keep: [reported]\n")


def test_the_card_is_printed_and_written(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # the width it is made for, whatever other tests of this process left
    assert main(["patterns", str(study)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SIMULATED.")
    assert "greater_idlib_2018, 4 runs of 45 days" in said
    heads = ["figure", "observed", "median", "90", "%", "band", "accepted", "verdict", "Hwk", "Hwk2", "Pois"]
    assert heads in [line.split() for line in said.splitlines()]
    assert "of 25 patterns pass" in said
    assert "Null two-level Hawkes (40 simulations) passes" in said
    assert "Mandatory patterns together, Poisson: 0% of 40 meet all" in " ".join(said.split())
    assert "The same figures over the whole record" in said
    assert max(map(len, said.split("\nwritten: ")[0].splitlines())) <= 100
    folder = study / "patterns"
    table = pd.read_csv(folder / "patterns.csv")
    assert set(table["simulated"]) == {"SIMULATED"}
    assert list(table["pattern"].unique()) == [f"P{n}" for n in range(1, 26)]
    assert set(table.loc[table["window_days"] > 45, "verdict"]) <= {"not judged", "shown", "fail", "pass"}
    assert set(table.loc[table["pattern"] == "P8", "verdict"]) == {"not judged"}  # 45 days against 700
    assert set(table.loc[table["pattern"] == "P11", "verdict"]) <= {"pass", "fail"}  # 31 days
    assert set(table.loc[table["pattern"] == "P19", "poisson_verdict"]) == {"none"}
    whole = pd.read_csv(folder / "patterns_whole.csv")
    assert set(whole["window_days"]) == {700}
    assert set(whole["figure"]) < set(table["figure"])
    runs = pd.read_csv(folder / "patterns_runs.csv")
    assert runs["replicate"].tolist() == [0, 1, 2, 3]
    weekly = table.set_index("figure").loc["P8_weekly_mean"]
    assert weekly["median"] == pytest.approx(runs["P8_weekly_mean"].median(), abs=1e-5)
    for name in ("patterns", *(f"P{n}" for n in range(1, 26))):
        assert "SIMULATED" in (folder / f"{name}.svg").read_text(encoding="utf-8")
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.info["Title"].startswith("SIMULATED")


def test_the_observed_side_is_computed_from_a_file(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ged.csv"
    file.write_text(GED, encoding="utf-8")
    assert main(["patterns", str(study), "--no-pictures", "--observed", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split("  ")[1]: line for line in lines if line.startswith("  ")}
    assert "45.5*" in found["deaths per event mean"]
    assert " 2*" in found["losses ratio"]
    assert "*" not in found["towns changed"]
    text = " ".join(" ".join(lines).split())
    assert "2 rows, 2 used, 1 Mar 2018 to 2 Mar 2018; actors: " in text
    assert "Not computed from the files, and so as declared: " in text
    assert f"SHA-256 {sha256((FOLDER / 'greater_idlib.yaml').read_bytes())}." in text
    in_range = re.search(r"Of the (\d+) judged figures computed from the files (\d+) lies? in", text)
    assert in_range is not None
    computed, inside = in_range.groups()
    outside = text.split("in the accepted range; not ")[1].split(". ")[0]
    assert "deaths per event mean 45.5 (accepted 3 to 5)" in outside
    assert int(computed) - int(inside) == outside.count(" (accepted ")
    assert not (study / "ged").exists()


def test_a_run_gives_the_same_card_as_in_a_study(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Study.open(study)
    seed = int(opened.runs["seed"].iloc[0])
    assert (
        main(
            [
                "run",
                str(study / "scenarios" / "greater_idlib_2018.yaml"),
                "--seed",
                str(seed),
                "--out",
                str(tmp_path),
                "--no-pictures",
            ]
        )
        == 0
    )
    capsys.readouterr()
    declared = read_patterns(find_patterns(None, "greater_idlib"))
    run = Run.open(next(path.parent for path in tmp_path.glob("*/manifest.json")))
    alone, kept = reported_run(run), runs_of_study(opened)[0]
    assert len(log_of_run(alone, declared)) == len(log_of_run(kept, declared))
    cards = [make_card([one], declared) for one in (alone, kept)]
    for first, second in zip(*(card.rows for card in cards), strict=True):
        assert first.median == pytest.approx(second.median, nan_ok=True), first.figure
    assert main(["patterns", str(run.folder), "--no-pictures"]) == 0
    said = capsys.readouterr().out
    assert "One run gives no band, so no pattern is judged" in said
    assert "patterns pass" not in said
    assert "Null" not in said
    assert "Hwk" not in said
    assert " to " not in "".join(line[30:58] for line in said.splitlines() if line.startswith("  weekly mean"))
    assert {row.verdict for row in cards[0].rows} == {"not judged", "shown"}


def test_what_cannot_be_judged_is_refused_in_one_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare, others = made(tmp_path, "bare"), tmp_path / "others.csv"
    others.write_text(GED.replace("HTS", "Tahrir"), encoding="utf-8")
    capsys.readouterr()
    for words, line in (
        ([str(bare)], "keep: the patterns are those of reports; run the study with `keep: [reported]`"),
        ([str(study), "--scenario", "other"], "--scenario: other: is none of greater_idlib_2018"),
        ([str(study), "--observed", "none.csv"], "none.csv: no such file"),
        ([str(study), "--observed", str(others)], "none of 2 events is between the sides declared"),
        ([str(study), "--patterns", "none.yaml"], "none.yaml: no such file"),
    ):
        assert main(["patterns", *words, "--no-pictures"]) == 2
        error = capsys.readouterr().err
        assert line in error
        assert len(error.strip().splitlines()) == 1


def test_ablations_are_run_tabled_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ablate", "greater_idlib_2018", "--replicates", "2", "--days", "32", "--workers", "1", "--only", "clash"]
    words += ["--out", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "SIMULATED." in said
    assert "full model" in said
    assert "ame verdicts as the full model" in said
    folder = tmp_path / "ablate-greater_idlib_2018-32_days-clash" / "ablations"
    table = pd.read_csv(folder / "ablations.csv").set_index("ablation")
    assert list(table.index) == ["full", "no_clash", "clash_attrition_linear", "clash_attrition_square"]
    assert set(table["P11"]) <= {"pass", "fail"}
    figures = pd.read_csv(folder / "ablations_figures.csv")
    assert len(figures) == len(table) * 44
    assert "SIMULATED" in (folder / "ablations.svg").read_text(encoding="utf-8")
    assert main([*words, "--only", "clsh"]) == 2
    assert "--only: clsh: is no rule, did you mean 'clash'?" in capsys.readouterr().err
