"""The charts of a page say what the run says, and a finished run and the same run under way say the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.pages.chart_specs import NAMES, band_of, charts_of_history, charts_of_run
from sim.pages.headlines import NEWS, headline, is_headline
from sim.pages.history import EventLine, History
from sim.pages.own_charts import (
    HELD,
    beside,
    column_names,
    column_spec,
    histogram_spec,
    scatter_spec,
    statistic_names,
    statistic_words,
)
from sim.plots.charts import weekly
from sim.plots.style import look_of
from sim.results.run import Run
from tests.viewer.test_snapshot import LIVELY, followed

Case = tuple[History, Run, dict]


@pytest.fixture(scope="module")
def case() -> Case:
    model, history = followed("kafr_hamra", 3, LIVELY)
    return history, Run.of(model.simulation.result()), charts_of_history(model.simulation, history)


def test_a_run_under_way_has_the_charts_of_the_finished_one(case: Case) -> None:
    _history, run, specs = case
    assert list(specs) == list(NAMES)
    assert json.loads(json.dumps(specs)) == json.loads(json.dumps(charts_of_run(run)))


def test_towns_and_deaths_are_those_of_the_daily_table(case: Case) -> None:
    _history, run, specs = case
    for series in specs["towns"]["series"]:
        assert series["values"] == run.daily[f"{series['code']}_towns"].tolist()
    fighters = [series for series in specs["deaths"]["series"] if series["style"] == "stack"]
    total = sum(sum(series["values"]) for series in fighters)
    assert total == run.daily.filter(regex="^deaths_").to_numpy().sum() > 0
    assert specs["deaths"]["series"][-1]["values"] == run.daily["civilian_deaths"].tolist()


def test_spans_of_levels_cover_all_mornings_once(case: Case) -> None:
    _history, run, specs = case
    spec = specs["levels"]
    assert spec["rows"]
    for row in range(len(spec["rows"])):
        days = [d for s in spec["spans"] if s["row"] == row for d in range(s["from"], s["to"] or spec["days"] + 1)]
        assert days == list(range(spec["days"] + 1))
    assert max(int(span["title"][0]) for span in spec["spans"]) == run.daily.filter(regex="^level_").to_numpy().max()


def test_agreements_lie_between_signing_and_end(case: Case) -> None:
    _history, run, specs = case
    spec, start = specs["agreements"], np.datetime64(run.scenario.start, "D")
    rows = run.agreements.set_index("name")
    assert len(spec["spans"]) == min(len(rows), 16) > 3
    for span in spec["spans"]:
        row = rows.loc[span["title"].split(": ")[0]]
        if not hasattr(row, "signed") or np.ndim(row["signed"]):
            continue  # two of one name
        assert start + span["from"] == np.datetime64(row["signed"], "D")
        assert span["end"] == (row["status"] if row["status"] in ("broken", "expired") else "")
    starts = [span["from"] for span in spec["spans"]]
    assert starts == sorted(starts)


def test_the_band_is_of_factions_that_hold_towns(case: Case) -> None:
    class Band:
        towns = {code: (np.ones(3), 2 * np.ones(3), 3 * np.ones(3)) for code in ("HTS", "elsewhere")}
        runs, wanted = 50, 200

    added = band_of(Band(), look_of(case[1].scenario))
    assert [band["code"] for band in added["bands"]] == ["HTS"]
    assert "90 % of 50 other runs" in added["note"]
    assert "150 to come" in added["note"]


def test_weeks_add_up_to_all_deaths(case: Case) -> None:
    for series in case[2]["deaths"]["series"]:
        assert sum(weekly(series["values"])) == sum(series["values"])


def event(kind: str, text: str, town: str = "", deaths: int = 0, given: bool = False) -> EventLine:
    return EventLine(0, 3, "8 Oct 2018", "E000001", kind, "HTS", "NLF", town, text, given, deaths)


def test_a_day_without_news_has_no_headline() -> None:
    assert headline([]) == ""
    assert headline([event("shelling", "Loyalists shell Huwayz."), event("clash", "Fighting.", deaths=1)]) == ""


def test_events_of_one_kind_are_one_clause_and_the_greatest_comes_first() -> None:
    lines = [
        event("base_opened", "HTS opens a base in Anadan, held by NLF.", "Anadan"),
        event("capture", "HTS takes Hazrah from NLF; 2 fighters die.", "Hazrah", 2),
        event("capture", "HTS takes Tall Adah from NLF; 1 fighter dies.", "Tall Adah", 1),
        event("refused", "NLF refuses to hand over Anadan as HTS demands.", "Anadan"),
    ]
    expected = "HTS takes Hazrah and Tall Adah from NLF (3 deaths); HTS opens a base in Anadan, held by NLF."
    assert headline(lines) == expected


def test_what_the_scenario_gives_is_marked_and_a_second_clause_begins_small() -> None:
    lines = [
        event("capture", "HTS takes Hazrah from NLF (given by the scenario).", "Hazrah", given=True),
        event("clash", "Fighting in Anadan: HTS attacks NLF; 9 fighters die.", "Anadan", 9),
    ]
    expected = "HTS takes Hazrah from NLF (given by the scenario); fighting in Anadan: HTS attacks NLF (9 deaths)."
    assert headline(lines) == expected


def test_days_of_a_run_with_a_headline_are_those_with_news(case: Case) -> None:
    history = case[0]
    days = 0
    for snapshot in history.snapshots:
        lines = [history.lines[row] for row in snapshot.fresh]
        sentence = headline(lines)
        assert bool(sentence) == any(map(is_headline, lines))
        assert sentence.count("; ") <= 2
        days += bool(sentence)
    assert 0 < days < len(history.snapshots)
    assert {line.kind for line in history.lines if is_headline(line)} <= set(NEWS)


def test_every_column_of_the_daily_table_can_be_drawn_and_has_a_name_of_its_own(case: Case) -> None:
    _history, run, _specs = case
    daily = {name: run.daily[name].to_numpy() for name in run.daily}
    names = column_names(run.scenario, list(daily))
    assert len(set(names.values())) == len(names) == len(daily) - 2
    assert not any("_" in words for words in names.values())
    for column in names:
        spec = column_spec(run.scenario, daily, column)
        assert spec["series"][0]["values"] == pytest.approx(run.daily[column].tolist(), abs=1e-4)
    assert column_spec(run.scenario, daily, "HTS_fighters")["unit"] == "fighters"
    assert column_spec(run.scenario, daily, "deaths_HTS_NLF")["unit"] == "deaths"
    assert column_spec(run.scenario, daily, "HTS_influence")["series"][0]["style"] == "line"


def test_a_distribution_counts_runs_without_a_value_apart(case: Case) -> None:
    names = look_of(case[1].scenario).names
    spec = histogram_spec("first_agreement_day", [3, None, 5, float("nan")], 4, 7, names)
    assert (spec["values"], spec["mark"]) == ([3, 5], 7)
    assert "4 other runs, 2 without a value" in spec["note"]
    assert statistic_words("towns_gained.OTHER", names) == "towns gained, Jaysh al-Izza"
    assert statistic_words("days_at_level.3", names).endswith(", 3")
    offered = statistic_names(case[1].summary, names)
    assert HELD in offered
    assert not any(key.startswith("holder") for key in offered)


def test_one_statistic_against_another_leaves_out_runs_without_both() -> None:
    runs = [{"deaths_rebels": 1, "first_agreement_day": None}, {"deaths_rebels": 2, "first_agreement_day": 9}]
    spec = scatter_spec("deaths_rebels", "first_agreement_day", runs, runs[0], {})
    assert (spec["x"]["values"], spec["y"]["values"], spec["mark"]) == ([1.0, 2.0], [None, 9.0], None)
    assert scatter_spec("deaths_rebels", "first_agreement_day", runs, runs[1], {})["mark"] == [2.0, 9.0]


def test_two_runs_share_axes_and_both_sides_agreements(case: Case) -> None:
    specs = case[2]
    model, history = followed("kafr_hamra", 7)
    other = charts_of_history(model.simulation, history)
    both = beside(specs, other)
    assert {name: both[name]["days"] for name in both} == dict.fromkeys(both, 120)
    a, b = both["deaths A"], both["deaths B"]
    assert (a["top"], a["below"]) == (b["top"], b["below"])
    fighters = [
        np.sum([s["values"] for s in x["series"] if not s.get("down")], axis=0)
        for x in (specs["deaths"], other["deaths"])
    ]
    assert a["top"] == max(max(weekly(values.tolist())) for values in fighters)
    labels = [span["label"] for span in both["agreements"]["spans"]]
    assert len(labels) == len(specs["agreements"]["spans"]) + len(other["agreements"]["spans"])
    assert {label[0] for label in labels} == {"A", "B"}
    rows = [span["row"] for span in both["agreements"]["spans"]]
    assert sorted(rows) == list(range(len(rows)))
    drawn = {series["name"]: series["values"] for series in both["towns"]["series"]}
    assert drawn["A HTS"] != drawn["B HTS"]
    assert [series["dash"] for series in both["towns"]["series"] if series["name"].startswith("B ")]


def test_a_run_beside_itself_is_drawn_once(case: Case) -> None:
    specs = case[2]
    assert beside(specs, specs)["towns"]["series"] == specs["towns"]["series"]
