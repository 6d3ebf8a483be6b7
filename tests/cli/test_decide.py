"""`run.py decide`: the answer first, tables and a page that agree with it, and refusals in one line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.cli.main import main
from sim.comparison.decisions import decision
from sim.pages.decision_report import figures_of
from tests.statistics.test_decisions import gathered

STUDY = """\
question: what does boldness do?
scenarios:
  two_valleys: two_valleys
  bold: {file: two_valleys, set: {factions.Lanterns.doctrine.expansion: 8}}
set: {days: 20}
replicates: 12
"""
QUESTIONS = """\
title: Who holds what
asked: 2020-03-01
questions:
  saddle_pass:
    ask: Do the Lanterns hold Saddle Pass on 10 March?
    town: {name: Saddle Pass, held_by: Lanterns, on: 2020-03-10}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small study of two scenarios with a file of questions beside it."""
    out = tmp_path_factory.mktemp("study")
    (out / "boldness.yaml").write_text(STUDY, encoding="utf-8")
    (out / "questions.yaml").write_text(QUESTIONS, encoding="utf-8")
    assert main(["batch", str(out / "boldness.yaml"), "--workers", "1", "--out", str(out)]) == 0
    return next(path.parent for path in out.glob("*/manifest.json"))


def call(*words: str | Path) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        said, errors = io.StringIO(), io.StringIO()
        patch.setattr(sys, "stdout", said)
        patch.setattr(sys, "stderr", errors)
        return main(["decide", *map(str, words)]), said.getvalue(), errors.getvalue()


def test_the_answer_comes_first_and_tables_and_page_agree_with_it(study: Path) -> None:
    code, said, _errors = call(study, "--outcome", "clash_days", "--questions", study.parent / "questions.yaml")
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "SIMULATED. what does boldness do?"
    assert "lowest days with clashes" in " ".join(lines[1:4])
    assert "Do the Lanterns hold Saddle Pass on 10 March?" in " ".join(said.split())
    folder = study / "decide-clash_days"
    policies = pd.read_csv(folder / "policies.csv").set_index("scenario")
    runs = pd.read_csv(study / "runs.csv")
    for name, mean in runs.groupby("scenario")["clash_days"].mean().items():
        assert policies.loc[str(name), "mean"] == pytest.approx(mean)
    assert policies["may_be_best"].any()
    asked = pd.read_csv(folder / "questions.csv")
    assert asked["chance"].between(asked["chance_low"], asked["chance_high"]).all()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("SIMULATED") > 2
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == {"regret", "questions"}
    assert f"<td>{policies['mean'].idxmin()}</td>" in page


def test_json_is_of_the_same_numbers(study: Path) -> None:
    code, said, _errors = call(study, "--outcome", "clash_days", "--better", "high", "--no-pictures", "--json")
    assert code == 0
    data = json.loads(said)
    assert data["simulated"] is True
    assert {row["better"] for row in data["policies"]} == {"high"}
    best = max(data["policies"], key=lambda row: row["mean"])
    assert best["expected_regret"] == 0
    assert best["may_be_best"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--outcome: is missing"),
        (("--outcome", "clash_day"), "did you mean 'clash_days'?"),
        (("--outcome", "towns_gained"), "allowed: towns_gained.League, towns_gained.Lanterns"),
        (("--outcome", "clash_days", "--better", "lower"), "'lower' is none of low, high"),
        (("--outcome", "holder.Nowhere=Lanterns"), "names no watched town"),
    ],
)
def test_wrong_words_are_refused_in_one_line(study: Path, words: tuple[str, ...], message: str) -> None:
    code, said, errors = call(study, *words)
    assert (code, said) == (2, "")
    (line,) = [line for line in errors.splitlines() if line != "comparing policies"]
    assert message in line


def test_boxes_and_surrogates_are_drawn_only_if_they_show_something() -> None:
    points = np.random.default_rng(9).random((120, 3))
    values = np.random.default_rng(10).normal(20, 1, (120, 2))
    quiet = decision(gathered(values, points), "clash_days", True)
    assert set(figures_of(quiet, [], 85.0)) == {"regret"}
    values[:, 1] += np.where(points[:, 2] > 0.7, 9, -3)
    loud = figures_of(decision(gathered(values, points), "clash_days", True, 22.0), [], 85.0)
    assert set(loud) == {"regret", "boxes", "surrogates"}
    for drawn in loud.values():
        assert drawn.figure.get_size_inches()[0] * 25.4 == pytest.approx(85)
        assert drawn.figure.get_label().startswith("SIMULATED")
        assert drawn.table["source"].eq("SIMULATED").all()
