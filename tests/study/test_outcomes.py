"""Outcomes of a study's only scenario, held against the runs they come from."""

from __future__ import annotations

import json
from copy import copy

import numpy as np
import pytest
from matplotlib.text import Text

from sim.comparison.compare import Comparison, compare
from sim.comparison.matched_runs import gather
from sim.pages.comparison_report import comparison_report
from sim.plots.figures import kinds_of
from sim.statistics.inference import wilson
from tests.study.study_in_memory import MadeStudy, made_study


@pytest.fixture(scope="module")
def study() -> MadeStudy:
    return made_study(("kafr_hamra",), 12, 40)


@pytest.fixture(scope="module")
def comparison(study: MadeStudy) -> Comparison:
    return compare(study)


def test_numbers_are_those_of_the_runs(comparison: Comparison, study: MadeStudy) -> None:
    assert comparison.outcomes is not None
    assert comparison.outcomes.runs == 12
    days = next(row for row in comparison.outcomes.numbers if row.label == "days with clashes")
    values = study.runs["clash_days"].to_numpy(float)
    assert (days.mean, days.median) == (pytest.approx(values.mean()), pytest.approx(np.median(values)))
    assert (days.low, days.high) == pytest.approx(tuple(np.percentile(values, (5, 95))))


def test_holders_add_up_and_have_wilson_intervals(comparison: Comparison) -> None:
    assert comparison.outcomes is not None
    rows = [row for row in comparison.outcomes.holders if row.town == "Kafr Hamra"]
    assert sum(row.holds for row in rows) == rows[0].runs == 12
    for row in rows:
        assert (row.low, row.high) == pytest.approx(tuple(float(end) for end in wilson(row.holds, 12)))
    assert comparison.outcomes.sentences[0].startswith(f"Kafr Hamra at the end: {rows[0].code} in {rows[0].words}")


def test_the_page_of_one_scenario_answers_and_prints_no_command_that_fails(comparison: Comparison) -> None:
    page = comparison_report(comparison, [], "python run.py compare x")
    assert "12 runs of one scenario" in page
    assert "1 scenarios" not in page
    assert "nothing is compared" not in page
    assert "90 % of runs" in page
    assert "for print" not in page
    seen = page.split("</style>")[1].replace('"#differences"', "").replace('"differences"', "")
    for word in ("reference", "ifference", "matched"):
        assert word not in seen, word


def test_the_figures_of_one_scenario_name_no_reference_and_draw_its_table(comparison: Comparison) -> None:
    assert comparison.outcomes is not None
    for kind in kinds_of(comparison).values():
        if not kind.name.startswith(("probability_map", "tornado", "fan")) or kind.name == "fan-HTS_towns":
            made = kind.draw(comparison, width_mm=125.0)
            words = " ".join(text.get_text() for text in made.figure.findobj(Text))
            assert "reference" not in f"{words} {made.caption}", kind.name
    made = kinds_of(comparison)["outcomes"].draw(comparison, width_mm=180.0)
    words = [text.get_text() for text in made.figure.findobj(Text)]
    assert all(row.words in words for row in comparison.outcomes.holders)
    table = made.table
    assert len(table) == len(comparison.outcomes.numbers) + len(comparison.outcomes.holders)
    shares = table[table["holder"].notna()]
    assert (shares["mean"] * shares["runs"]).tolist() == pytest.approx(shares["holds"].tolist())


def test_a_branch_is_named_by_the_day_on_which_it_branched(study: MadeStudy) -> None:
    run = study.runs_of["kafr_hamra", 0]
    branch = copy(run)
    branch.branch = {"of": "kafr_hamra-seed7", "day": 40}
    assert list(gather([run, branch]).scenarios) == [
        f"kafr_hamra (seed {run.seed})",
        "kafr_hamra, branched on day 40 (24 Nov 2018)",
    ]


def test_two_runs_are_alike_up_to_the_first_event_that_differs(study: MadeStudy) -> None:
    first, second = (study.runs_of["kafr_hamra", number] for number in (0, 1))
    (pair,) = compare(first, second).two_runs
    assert pair.event is not None
    texts = [run.events.loc[run.events["day"] < pair.event.day, "text"].tolist() for run in (first, second)]
    assert texts[0] == texts[1]
    for run, own in ((first, pair.event.first), (second, pair.event.second)):
        assert set(own) <= set(run.events.loc[run.events["day"] == pair.event.day, "text"])
    assert pair.event.first != pair.event.second
    ends = [run.control_daily.iloc[-1, 2:] for run in (first, second)]
    assert len(pair.towns) == int((ends[0] != ends[1]).sum()) == pair.differing[-1].sum()
    assert json.loads(json.dumps(pair.record()))["first_difference"]["day"] == pair.event.day


def test_a_run_and_itself_have_no_difference(study: MadeStudy) -> None:
    run = study.runs_of["kafr_hamra", 0]
    (pair,) = compare(run, copy(run)).two_runs
    assert (pair.event, pair.towns, pair.numbers) == (None, (), ())
    assert pair.sentences == ("All events of the two runs are alike.",)


def test_several_scenarios_or_a_single_run_have_no_such_outcomes() -> None:
    assert compare(made_study(("kafr_hamra", "united_nlf"), 2, 20)).outcomes is None
    assert compare(made_study(("kafr_hamra",), 1, 20)).outcomes is None
