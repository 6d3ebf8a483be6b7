"""A study scored against a small invented folder of observations: reading, scores, what is written, what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.geography.maps import Geography, load_map
from sim.load import read
from sim.plots.score_figures import figures_of
from sim.results.manifest import sha256
from sim.scenario.schema import Scenario
from sim.statistics.scoring import DAY_FLOOR, FLOOR
from sim.study.runner import run_study
from sim.study.store import Study
from sim.validation.baselines import NAMES
from sim.validation.forecasts import MODEL, Forecast, Hold, of_study
from sim.validation.measures import Cell, Measure, relapse_loss, transitions
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, read_outcome, start_codes
from sim.validation.past_record import Past
from sim.validation.scores import losses, score, score_study, scores_csv, verdict, wrong_calls
from tests.study.support import DAYS, small_plan

REPLICATES = 12
START = date(2020, 3, 1)
MORNING = 33  # one on which the study keeps no control of its own


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    plan = small_plan(REPLICATES, keep=["reported"], control_days=[0, MORNING - 3, MORNING])
    return Study.open(run_study(plan, tmp_path_factory.mktemp("scores"), workers=1))


@pytest.fixture(scope="module")
def geography() -> Geography:
    return load_map("two_valleys")


@pytest.fixture(scope="module")
def scenario(study: Study) -> Scenario:
    return study.scenarios["base"]


def write_observed(folder: Path, geography: Geography, scenario: Scenario, **changes: str) -> Path:
    """Write a folder in which Tolland falls to the League; `changes` replace files whole."""
    order, began = codes_of(scenario), start_codes(scenario, geography)
    rows = ["name,start,end"]
    for place, code in zip(geography.places, began, strict=True):
        rows.append(f"{place.name},{order[code]},{'League' if place.name == 'Tolland' else order[code]}")
    weeks = [f"{START + timedelta(days=7 * n)},{n},{3 * n}" for n in range(6)]
    files = {
        "observed.yaml": f"start: {START}\ncontrol_on: {START + timedelta(days=MORNING)}\nweekly_to: {START + timedelta(days=36)}\n",
        "control.csv": "\n".join(rows) + "\n",
        "weekly.csv": "\n".join(["week_start,events,deaths", *weeks]) + "\n",
        "agreements.csv": "name,signed,relapsed\ntruce of the saddle,2020-02-20,2020-03-09\nAnother,2020-03-12,\n",
        "places.csv": "name,events\nsaddle-pass,2\nQuarry,1\nTolland,0\n",
    }
    folder.mkdir(exist_ok=True)
    for name, text in {
        **files,
        **{key.replace("_csv", ".csv").replace("_yaml", ".yaml"): v for key, v in changes.items()},
    }.items():
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def observed(tmp_path: Path, geography: Geography, scenario: Scenario) -> Path:
    return write_observed(tmp_path / "observed", geography, scenario)


# What is read


def test_a_folder_of_observations_is_read_in_days_of_the_run(
    observed: Path, scenario: Scenario, geography: Geography
) -> None:
    found = read_outcome(observed, scenario, geography)
    assert found.control_day == MORNING
    assert found.last == 36
    assert (found.began == start_codes(scenario, geography)).all()
    names = [place.name for place in geography.places]
    assert [names[town] for town in np.flatnonzero(found.began != found.ended)] == ["Tolland"]
    assert found.weeks[0] == Week(0, 6, 0, 0)
    assert found.weeks[-1] == Week(35, 36, 5, 15)  # cut at the last day that is known
    assert [names[town] for town in found.places] == ["Saddle Pass", "Saddle Pass", "Quarry"]
    assert found.relapses == (Relapse("truce of the saddle", -10, 8), Relapse("Another", 11, None))


def test_start_codes_are_those_of_the_runs_first_morning(
    study: Study, scenario: Scenario, geography: Geography
) -> None:
    first = study.control[(study.control["day"] == 0) & (study.control["replicate"] == 0)]
    first = first[first["scenario"] == "base"].set_index("town")["code"]
    order = codes_of(scenario)
    assert [first[place.name] for place in geography.places] == [order[one] for one in start_codes(scenario, geography)]


def test_towns_match_by_any_name_and_missing_ones_are_reported(
    tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    folder = write_observed(
        tmp_path / "some",
        geography,
        scenario,
        control_csv="name,start,end\nsaddle-pass,MIXED,League\nQUARRY,Rangers,\n",
    )
    found = read_outcome(folder, scenario, geography)
    assert found.towns.tolist() == [[place.name for place in geography.places].index("Saddle Pass")]
    assert any("10 towns missing in control.csv" in note for note in found.notes)
    assert any("without a code on one of the days, not scored: Quarry" in note for note in found.notes)


def test_a_start_that_differs_from_the_scenarios_is_reported(
    tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    folder = write_observed(
        tmp_path / "other", geography, scenario, control_csv="name,start,end\nQuarry,League,League\n"
    )
    assert any(
        "another code at the start than in the scenario: Quarry" in note
        for note in read_outcome(folder, scenario, geography).notes
    )


def test_a_missing_file_is_not_scored_and_reported(
    tmp_path: Path, study: Study, scenario: Scenario, geography: Geography
) -> None:
    folder = write_observed(tmp_path / "less", geography, scenario)
    (folder / "weekly.csv").unlink()
    scores, _ = score_study(study, folder)
    assert not [one.name for one in scores.measures if "weekly" in one.name]
    assert any("There is no weekly.csv" in note for note in scores.notes)
    assert "agreements.csv: 2 rows, 2 agreements used." in scores.notes


def test_what_is_used_of_each_file_is_noted_and_a_header_alone_too(
    tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    folder = write_observed(tmp_path / "some", geography, scenario, agreements_csv="name,signed,relapsed\n")
    notes = read_outcome(folder, scenario, geography).notes
    assert any(note.startswith("control.csv: 12 rows, ") for note in notes), notes
    assert any(note.startswith("weekly.csv: ") and " weeks used, 1 Mar 2020 to " in note for note in notes), notes
    assert any(note.startswith("agreements.csv has no rows") for note in notes), notes


TOWNS, WEEKS, SIGNED = "name,start,end\n", "week_start,events,deaths\n", "name,signed,relapsed\n"
LIKE = "is not a date such as 2018-03-02 or 2 March 2018"
CODES = "League, Lanterns, Rangers, MIXED, NEUTRAL"
BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "town": (
        {"control_csv": f"{TOWNS}Sadel Pass,MIXED,MIXED\n"},
        "control.csv:2: name: no town 'Sadel Pass' on the map, did you mean 'Saddle Pass'?",
    ),
    "code": (
        {"control_csv": f"{TOWNS}Quarry,Rangers,Leage\n"},
        f"control.csv:2: end: 'Leage' is no control code, did you mean 'League'?; allowed: {CODES}",
    ),
    "twice": (
        {"control_csv": f"{TOWNS}Quarry,Rangers,Rangers\nquarry,Rangers,Rangers\n"},
        "control.csv:3: name: Quarry is in line 2 already",
    ),
    "number": (
        {"weekly_csv": f"{WEEKS}2020-03-01,many,2\n"},
        "weekly.csv:2: events: 'many' is not a whole number from 0 to 1000000",
    ),
    "half": (
        {"weekly_csv": f"{WEEKS}2020-03-01,1.5,2\n"},
        "weekly.csv:2: events: '1.5' is not a whole number from 0 to 1000000",
    ),
    "week": (
        {"weekly_csv": f"{WEEKS}2020-03-01,1,2\n2020-03-05,1,2\n"},
        "weekly.csv:3: week_start: is not seven days or more after the week before it",
    ),
    "date": ({"agreements_csv": f"{SIGNED}X,soon,\n"}, f"agreements.csv:2: signed: 'soon' {LIKE}"),
    "order": (
        {"agreements_csv": f"{SIGNED}X,2020-03-09,2020-03-01\n"},
        "agreements.csv:2: relapsed: is before the day of signing",
    ),
    "column": (
        {"agreements_csv": "name,signed\nX,2020-03-09\n"},
        "agreements.csv:1: header: missing column relapsed (needs name, signed, relapsed)",
    ),
    "place": (
        {"places_csv": "name,events\nQuarry,1\nquarry,2\n"},
        "places.csv:3: name: Quarry is in line 2 already",
    ),
    "located": (
        {"places_csv": "name,events\nQuarry,-1\n"},
        "places.csv:2: events: '-1' is not a whole number from 0 to 10000",
    ),
    "start": (
        {"observed_yaml": "start: 2020-03-02\ncontrol_on: 2020-04-01\nweekly_to: 2020-04-01\n"},
        "observed.yaml:1: start: is not the start of the runs, 2020-03-01",
    ),
    "key": (
        {"observed_yaml": "start: 2020-03-01\ncontrol_on: 2020-04-01\nweekly_too: 2020-04-01\n"},
        "observed.yaml:3: weekly_too: unknown key, did you mean 'weekly_to'?; allowed: start, control_on, weekly_to",
    ),
    "late": (
        {"observed_yaml": "start: 2020-03-01\ncontrol_on: 2021-04-01\nweekly_to: 2020-04-01\n"},
        "observed.yaml:2: control_on: needs a day after 2020-03-01 and up to 2020-04-10, the morning after the last day",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_is_refused_with_file_and_line(
    name: str, tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    changes, said = BROKEN[name]
    folder = write_observed(tmp_path / "broken", geography, scenario, **changes)
    with pytest.raises(InputError) as fault:
        read_outcome(folder, scenario, geography)
    assert any(str(one).endswith(said) for one in fault.value.faults), str(fault.value)


# The model's forecast


def test_control_on_a_morning_is_what_the_study_keeps_of_it(
    study: Study, observed: Path, scenario: Scenario, geography: Geography
) -> None:
    model = of_study(study, "base", geography, read_outcome(observed, scenario, geography))
    kept = study.control[(study.control["scenario"] == "base") & (study.control["day"] == MORNING)]
    order, names = codes_of(scenario), [place.name for place in geography.places]
    table = kept.pivot(index="replicate", columns="town", values="code")[names]
    assert model.control is not None
    assert [[order[code] for code in row] for row in model.control] == table.to_numpy().tolist()
    assert (model.control != model.began).any()  # some town changes, so that the comparison says something


def test_weeks_count_what_the_monitor_reports(
    study: Study, observed: Path, scenario: Scenario, geography: Geography
) -> None:
    outcome = read_outcome(observed, scenario, geography)
    model = of_study(study, "base", geography, outcome)
    rows = study.table("reported")
    rows = rows[(rows["scenario"] == "base") & (rows["outlet"] == "monitor") & (rows["summary"] == 0)]
    rows = rows[rows["kind"] == "clash"]
    rows = rows[rows["event_day"].between(outcome.weeks[1].first, outcome.weeks[1].last)]
    clashes = rows.groupby("replicate").size().reindex(range(REPLICATES), fill_value=0)
    assert model.events is not None
    assert model.events.shape == (REPLICATES, len(outcome.weeks))
    assert (model.events[:, 1] >= clashes.to_numpy()).all()
    assert clashes.sum() > 0


def test_agreements_are_matched_by_name_and_else_by_their_day(
    study: Study, tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    text = "name,signed,relapsed\nWhatever it is called,2020-02-20,2020-03-09\nUnknown,2020-02-01,2020-03-09\n"
    folder = write_observed(tmp_path / "named", geography, scenario, agreements_csv=text)
    outcome = read_outcome(folder, scenario, geography)
    model = of_study(study, "base", geography, outcome)
    assert list(model.holds) == ["Whatever it is called"]
    hold = model.holds["Whatever it is called"]
    assert hold.first == 10
    assert hold.chance.sum() + hold.rest == pytest.approx(1.0)
    scores, _ = score_study(study, folder)
    assert any(note.startswith("Unknown: not scored") for note in scores.notes)


# The scores


def worked(codes: int = 3) -> tuple[Outcome, Forecast, Forecast]:
    """Return four towns, of which the second goes from 0 to 1, and two forecasts: half-sure of it, and of no change."""
    began, ended = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    outcome = Outcome(
        Path(), ("A", "B", "MIXED")[:codes], 10, 20, began, ended, (Week(0, 6, 2, 5),), (Relapse("T", 0, 4),), ()
    )
    control = np.array([[0, 1, 1, 2], [0, 0, 1, 2]])
    chance = np.full(21, 0.04)
    model = Forecast(
        MODEL, began, control, np.array([[2.0], [4.0]]), np.array([[5.0], [5.0]]), {"T": Hold(0, chance, 0.16)}
    )
    nothing = Forecast(
        "nothing_changes", began, began[None], np.array([[0.0]]), np.array([[5.0]]), {"T": Hold(0, 0 * chance, 1.0)}
    )
    return outcome, model, nothing


def scored(past: Past | None = None) -> Any:
    outcome, model, nothing = worked()
    loaded, geography = read("two_valleys")
    small = geography
    return score([model, nothing], outcome, loaded.scenario, small, past=past)


def test_scores_of_a_worked_example() -> None:
    found: Any = {
        measure: {name: value for name, value in cells.items() if name in ("model", "nothing_changes")}
        for measure, cells in scored().as_json().items()
    }
    # changes 1 and 0 foreseen, 1 observed: mean error 1/2, less half of the mean difference of the pair
    assert found["crps_towns_changed"] == {"model": pytest.approx(0.0), "nothing_changes": 1.0}
    assert found["crps_towns_A_to_B"] == {"model": pytest.approx(0.0), "nothing_changes": 1.0}
    assert found["crps_weekly_events"] == {"model": pytest.approx(1.0 - 1.0), "nothing_changes": 2.0}
    assert found["coverage_90_weekly_events"] == {"model": 1.0, "nothing_changes": None}
    assert found["log_score_relapse"]["model"] == pytest.approx(-math.log(0.04))
    assert found["log_score_relapse"]["nothing_changes"] == pytest.approx(-math.log(DAY_FLOOR))
    assert found["brier_holder"]["model"] == pytest.approx((0.25 + 0.25) / 4)
    assert found["brier_holder"]["nothing_changes"] == pytest.approx(2 / 4)
    assert found["log_score_holder"]["nothing_changes"] == pytest.approx(-math.log(FLOOR) / 4)
    assert found["roc_area_changed"] == {"model": 1.0, "nothing_changes": 0.5}


def test_other_scores_of_the_worked_example() -> None:
    """Two maps differ from the observed one in 0 and 1 towns, and from each other in 1; one week of 2 events."""
    past = Past.model_validate(
        {
            "from": date(2020, 1, 1),
            "until": date(2020, 2, 29),
            "events": 6,
            "weeks": {"events": [0, 3], "deaths": [0, 0]},
        }
    )
    found: Any = scored(past).as_json()
    assert found["energy_control_map"]["model"] == pytest.approx(0.5 - 0.5)
    assert found["energy_control_map"]["nothing_changes"] == pytest.approx(1.0)
    assert found["energy_control_map"]["model_beats_it"] is True
    # the threshold is 2.7: members 2 and 4 count as 2.7 and 4, observed 2 as 2.7, nothing_changes 0 as 2.7
    assert found["twcrps_weekly_events"]["model"] == pytest.approx(1.3 / 2 - 1.3 / 2)
    assert found["twcrps_weekly_events"]["nothing_changes"] == 0.0
    assert found["ignorance_weekly_events"]["model"] == pytest.approx(-math.log2(2 / 13))
    assert found["ignorance_weekly_events"]["nothing_changes"] == pytest.approx(-math.log2(1 / 12))
    width = 2 * 0.95  # the ends of the interval lie at 0.025 and 0.975 of the way from 2 to 4
    assert found["interval_score_weekly_events"]["model"] == pytest.approx(width + 2 / 0.05 * 0.05)
    assert found["energy_weekly_events"] == {**found["crps_weekly_events"], "best_baseline": "nothing_changes"}
    assert "twcrps_weekly_events" not in scored().as_json()


def test_places_are_scored_by_the_chance_of_each_event() -> None:
    outcome, model, nothing = worked()
    outcome = replace(outcome, places=np.array([0, 0, 3, 1]))
    model = replace(model, places=np.array([0.5, 0.0, 0.4, 0.1]))
    uniform = Forecast("uniform_places", nothing.began, places=np.array([1, 0, 1, 1]) / 3)
    loaded, geography = read("two_valleys")
    found: Any = score([model, uniform], outcome, loaded.scenario, geography).as_json()["log_score_places"]
    # the event in town 1, in which no forecast allows any, is left out
    assert found["model"] == pytest.approx(-(2 * math.log(0.5) + math.log(0.1)) / 3)
    assert found["uniform_places"] == pytest.approx(math.log(3))
    assert found["best_baseline"] == "uniform_places"
    assert found["model_beats_it"] is (found["model"] < math.log(3))


def test_the_best_baseline_is_the_one_with_the_least_loss() -> None:
    cells = {"model": Cell(2.0), "a": Cell(3.0), "b": Cell(1.0), "c": Cell(math.nan)}
    lower = Measure("m", "", "", "lower", True, 1, cells)
    assert (lower.best_baseline(), lower.beaten(), lower.verdict()) == ("b", False, "no")
    higher = Measure("m", "", "", "higher", True, 1, cells)
    assert (higher.best_baseline(), higher.beaten(), higher.verdict()) == ("a", False, "no")
    near = Measure("m", "", "", "0.9", True, 1, {"model": Cell(0.9), "a": Cell(0.5)})
    assert (near.best_baseline(), near.beaten(), near.verdict()) == ("a", True, "yes")
    level = Measure("m", "", "", "lower", True, 1, {"model": Cell(1.0), "a": Cell(1.0)})
    assert (level.beaten(), level.verdict()) == (False, "level")
    alone = Measure("m", "", "", "lower", True, 1, {"model": Cell(1.0), "a": Cell(math.nan)})
    assert (alone.best_baseline(), alone.beaten(), alone.verdict()) == (None, None, "–")


def test_an_agreement_that_holds_is_scored_by_the_chance_of_holding() -> None:
    _, model, nothing = worked()
    assert relapse_loss(model, Relapse("T", 0, None), 20) == pytest.approx(-math.log(0.16))
    assert relapse_loss(model, Relapse("T", 0, 25), 20) == pytest.approx(-math.log(0.16))
    assert relapse_loss(nothing, Relapse("T", 0, None), 20) == 0.0


def test_measures_in_which_the_model_loses_are_reported() -> None:
    outcome, model, nothing = worked()
    loaded, geography = read("two_valleys")
    outcome = Outcome(**{**outcome.__dict__, "ended": outcome.began})  # nothing did change
    found = score([model, nothing], outcome, loaded.scenario, geography)
    said = losses(found)
    assert any(line.startswith("brier_holder: the model, 0.125, loses to nothing_changes (0)") for line in said)
    assert not any(line.startswith("crps_weekly_events") for line in said)
    area = {"model": None, "nothing_changes": None, "best_baseline": None, "model_beats_it": None}
    assert found.as_json()["roc_area_changed"] == area
    assert "The model beats the best baseline in" in verdict(found)


def test_wrong_calls_are_towns_whose_likeliest_code_was_not_observed() -> None:
    found = scored()
    assert [(call.town, call.called, call.observed, call.chance) for call in wrong_calls(found)] == [(1, 0, 1, 0.5)]


def test_transitions_count_towns_by_code_before_and_after() -> None:
    found = transitions(np.array([0, 0, 1]), np.array([[0, 1, 1], [1, 1, 0]]), 2)
    assert found.tolist() == [[[1, 1], [0, 1]], [[0, 2], [1, 0]]]


# The command


def test_the_command_writes_scores_as_specified(
    study: Study, observed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores"
    assert main(["score", str(study.folder), "--observed", str(observed), "--out", str(out)]) == 0
    found = json.loads((out / "scores.json").read_text())
    assert {
        "crps_towns_changed",
        "crps_weekly_events",
        "coverage_50_weekly_deaths",
        "log_score_relapse",
        "brier_holder",
    } <= set(found)
    for measure, cells in found.items():
        assert list(cells) == [MODEL, *NAMES, "best_baseline", "model_beats_it"], measure
        scores = {name: cells[name] for name in (MODEL, *NAMES)}
        assert all(value is None or isinstance(value, float) for value in scores.values())
        assert cells["best_baseline"] in {*NAMES, None}
        assert cells[MODEL] is not None
    rows = list(csv.DictReader(io.StringIO((out / "scores.csv").read_text())))
    assert {row["source"] for row in rows} == {"SIMULATED"}
    assert {row["measure"] for row in rows} == set(found)
    said = capsys.readouterr().out
    assert said.startswith("SIMULATED")
    assert "The model beats the best baseline in" in said
    for line in json.loads((out / "scoring.json").read_text())["loses"]:
        assert line.split(":")[0] in said
    for name in ("weekly", "reliability", "wrong_calls"):
        assert (out / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "SIMULATED" in (out / "figures" / f"{name}.svg").read_text()


def test_nothing_is_overwritten(
    study: Study, observed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    assert main(["score", str(study.folder), "--observed", str(observed), "--out", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    first, second = (main(["score", str(study.folder), "--observed", str(observed), "--no-pictures"]) for _ in range(2))
    assert (first, second) == (0, 0)
    assert (study.folder / "score" / "scores.json").read_text() == (
        study.folder / "score-2" / "scores.json"
    ).read_text()


def test_the_report_repeats_the_hashes_that_the_manifest_had(study: Study, observed: Path) -> None:
    _, made_of = score_study(study, observed)
    text = (study.folder / "scenarios" / "base.yaml").read_bytes()
    assert made_of["hashes"]["scenario"] == sha256(text) == study.manifest["scenarios"]["base"]
    assert made_of["hashes"]["defaults"] == study.manifest["defaults"]
    assert made_of["hashes"]["posterior"] is None


def test_a_study_changed_after_its_runs_is_not_scored(study: Study, observed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    (folder / "scenarios").mkdir(parents=True)
    for name in ("manifest.json", "scenarios/base.yaml", "scenarios/other.yaml"):
        (folder / name).write_bytes((study.folder / name).read_bytes())
    with (folder / "scenarios" / "base.yaml").open("a") as file:
        file.write("# better so\n")
    with pytest.raises(InputError, match="is not the file that the study was run with"):
        score_study(Study.open(folder), observed)


def test_a_posterior_is_hashed_into_the_manifest(tmp_path: Path, observed: Path) -> None:
    draws = tmp_path / "draws.csv"
    draws.write_text("rules.spread.call_to_arms_share\n0.2\n0.6\n")
    plan = small_plan(2, design="posterior", posterior=str(draws), keep=["reported"])
    folder = run_study(plan, tmp_path, workers=1)
    found = Study.open(folder)
    assert found.manifest["posterior"] == sha256((folder / "posterior.csv").read_bytes())
    assert score_study(found, observed)[1]["hashes"]["posterior"] == found.manifest["posterior"]
    (folder / "posterior.csv").write_text("rules.spread.call_to_arms_share\n0.3\n0.6\n")
    with pytest.raises(InputError, match="is not the file that the study was run with"):
        score_study(found, observed)


def test_a_day_of_signing_given_a_day_later_moves_no_relapse(
    study: Study, tmp_path: Path, scenario: Scenario, geography: Geography
) -> None:
    """The sources differ on the evening or the morning; the relapse is one day of the calendar all the same."""
    found = []
    for signed in ("2020-02-20", "2020-02-21"):
        text = f"name,signed,relapsed\nX,{signed},2020-03-09\n"
        folder = write_observed(tmp_path / signed, geography, scenario, agreements_csv=text)
        outcome = read_outcome(folder, scenario, geography)
        model = of_study(study, "base", geography, outcome)
        found.append(relapse_loss(model, outcome.relapses[0], outcome.last))
    assert found[0] == pytest.approx(found[1])


def test_a_study_without_reports_says_what_to_do(tmp_path: Path, observed: Path) -> None:
    folder = run_study(small_plan(2), tmp_path, workers=1)
    with pytest.raises(InputError, match=r"run it with `keep: \[reported\]`"):
        score_study(Study.open(folder), observed)


def test_the_same_study_gives_the_same_scores(study: Study, observed: Path) -> None:
    one, other = (score_study(study, observed)[0] for _ in range(2))
    assert scores_csv(one) == scores_csv(other)


def test_figures_say_what_they_show(study: Study, observed: Path) -> None:
    scores, _ = score_study(study, observed)
    found = figures_of(scores, study.scenarios["base"], study.geography())
    weeks = found["weekly"].table
    own = weeks[(weeks["forecast"] == MODEL) & (weeks["quantity"] == "events")]
    assert own["observed"].tolist() == [0, 1, 2, 3, 4, 5]
    assert (own["low_90"] <= own["low_50"]).all()
    assert (own["high_50"] <= own["high_90"]).all()
    assert found["reliability"].table.groupby("forecast")["towns"].sum().eq(12).all()
    wrong = found["wrong_calls"].table
    assert set(wrong["town"]) == {study.geography().places[call.town].name for call in wrong_calls(scores)}
    for drawn in found.values():
        assert drawn.figure.get_label().startswith("SIMULATED")


def test_days_of_the_small_study_cover_what_is_scored() -> None:
    assert DAYS > MORNING
