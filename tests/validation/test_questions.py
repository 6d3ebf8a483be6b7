"""Yes/no questions: strict reading, the chance of yes by share of runs, what decides them, and their scores."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.geography.maps import Geography
from sim.load import read
from sim.plots.score_figures import answers_figure
from sim.scenario.schema import Scenario
from sim.study.definition import Definition, Variant
from sim.study.plan import make_plan
from sim.study.runner import run_study
from sim.study.store import Study
from sim.validation.forecasts import Forecast, Hold
from sim.validation.measures import question_scores
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, start_codes
from sim.validation.questions import (
    FOLDER,
    Answer,
    Question,
    asked_on,
    best_answer,
    chance_of,
    read_questions,
    resolved,
)
from sim.validation.scores import answer_questions, asked_of, score_study

HEAD = "title: Made up\nasked: 2018-10-31\nquestions:\n"
TRUCE = "Agreement of 31 October"


@pytest.fixture(scope="module")
def november() -> tuple[Scenario, Geography]:
    loaded, geography = read("hindcast_2018_11")
    return loaded.scenario, geography


def question(**kind: Any) -> Question:
    return Question.model_validate({"ask": "Does it happen at all?", **kind})


def unknown(scenario: Scenario, geography: Geography, **known: Any) -> Outcome:
    """Return an outcome of which nothing is known but what is given."""
    nothing = np.full(len(geography.places), -1)
    return replace(Outcome(Path(), codes_of(scenario), 30, 29, nothing, nothing, (), (), ()), **known)


def test_the_shipped_questions_are_read_and_stay_within_the_evidence_of_who_asked() -> None:
    files = sorted(FOLDER.glob("*.yaml"))
    assert {"hindcast_2018_11", "hindcast_car_2019_01"} <= {file.stem for file in files}
    for name in (file.stem for file in files):
        loaded, geography = read(name)
        found = read_questions(FOLDER / f"{name}.yaml", loaded.scenario, geography)
        assert found.asked == loaded.scenario.evidence_until
        assert len(found.questions) >= 10
        assert {entry.kind for entry in found.questions.values()} >= {"events", "deaths", "town", "gains"}


BROKEN = {
    "key": ("  a: {ask: Does it happen?, event: {more_than: 1}}", ":4: questions.a.event: unknown key"),
    "none": ("  a: {ask: Does it happen?}", ":4: questions.a: needs exactly one of events, deaths, agreement, town, gains, got none"),
    "two": (
        "  a:\n    ask: Does it happen?\n    town: {name: Saraqib, held_by: HTS, on: 2018-12-01}\n"
        "    gains: {side: HTS, at_least: 1, on: 2018-12-01}",
        ":4: questions.a: needs exactly one of events, deaths, agreement, town, gains, got town, gains",
    ),
    "order": (
        "  a: {ask: Does it happen?, deaths: {more_than: 1, from: 2018-11-09, to: 2018-11-01}}",
        ":4: questions.a.deaths: to, 2018-11-01, is before from, 2018-11-09",
    ),
    "early": (
        "  a: {ask: Does it happen?, events: {more_than: 1, from: 2018-10-09, to: 2018-11-09}}",
        ":4: questions.a.events.from: 2018-10-09 is not within the runs, 2018-11-01 to 2019-01-31",
    ),
    "late": (
        "  a: {ask: Does it happen?, gains: {side: HTS, at_least: 2, on: 2019-02-02}}",
        ":4: questions.a.gains.on: 2019-02-02 is not within the runs, 2018-11-01 to 2019-02-01",
    ),
    "town": (
        "  a: {ask: Does it happen?, town: {name: Sarakib town, held_by: HTS, on: 2018-12-01}}",
        ":4: questions.a.town.name: no town 'Sarakib town' on the map",
    ),
    "code": (
        "  a: {ask: Does it happen?, town: {name: Saraqib, held_by: HT, on: 2018-12-01}}",
        ":4: questions.a.town.held_by: 'HT' is no control code, did you mean 'HTS'?; allowed: HTS, NLF, OTHER",
    ),
    "agreement": (
        "  a: {ask: Does it happen?, agreement: {name: Agreement of 30 October, in_force_on: 2018-12-01}}",
        f":4: questions.a.agreement.name: 'Agreement of 30 October' is no agreement in force at the start, did you mean '{TRUCE}'?",
    ),
    "number": (
        "  a: {ask: Does it happen?, gains: {side: HTS, at_least: 0, on: 2018-12-01}}",
        ":4: questions.a.gains.at_least: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_faulty_question_is_refused_with_file_and_line(
    name: str, tmp_path: Path, november: tuple[Scenario, Geography]
) -> None:
    text, said = BROKEN[name]
    path = tmp_path / "asked.yaml"
    path.write_text(HEAD + text + "\n", encoding="utf-8")
    with pytest.raises(InputError) as fault:
        read_questions(path, *november)
    assert any(f"asked.yaml{said}" in str(one) for one in fault.value.faults), str(fault.value)


def test_the_chance_of_yes_is_the_share_of_runs(november: tuple[Scenario, Geography]) -> None:
    scenario, geography = november
    began, order = start_codes(scenario, geography), codes_of(scenario)
    hts = order.index("HTS")
    nlf = np.flatnonzero(began == order.index("NLF"))
    control = np.tile(began, (4, 1))
    control[0, nlf[:3]] = hts
    control[1, nlf[0]] = hts
    events = np.array([[12.0, 0.0], [13.0, 0.0], [13.0, 5.0], [40.0, 6.0]])
    forecast = Forecast("model", began, control, events, 2 * events, {TRUCE: Hold(1, np.zeros(3), 0.25)})

    def chance(column: int = 0, **kind: Any) -> float | None:
        return chance_of(question(**kind), forecast, column, scenario, geography)

    month = {"from": date(2018, 11, 1), "to": date(2018, 11, 30)}
    assert chance(events={"more_than": 12, **month}) == 0.75
    assert chance(1, events={"more_than": 5, **month}) == 0.25
    assert chance(deaths={"more_than": 26, **month}) == 0.25
    day = date(2018, 12, 1)
    assert chance(gains={"side": "HTS", "at_least": 1, "on": day}) == 0.5
    assert chance(gains={"side": "HTS", "at_least": 2, "on": day}) == 0.25
    assert chance(gains={"side": "NLF", "at_least": 1, "on": day}) == 0.0
    assert chance(town={"name": geography.places[nlf[0]].name, "held_by": "HTS", "on": day}) == 0.5
    assert chance(agreement={"name": TRUCE, "in_force_on": day}) == 0.25
    silent = Forecast("hawkes", began)
    for kind in ({"events": {"more_than": 1, **month}}, {"gains": {"side": "HTS", "at_least": 1, "on": day}}):
        assert chance_of(question(**kind), silent, 0, scenario, geography) is None


def test_counts_are_decided_by_weeks_that_cover_the_days(november: tuple[Scenario, Geography]) -> None:
    scenario, geography = november
    weeks = (Week(0, 6, 3, 9), Week(7, 13, 4, 1), Week(14, 20, 9, 9))
    outcome = unknown(scenario, geography, weeks=weeks)
    days = {"from": date(2018, 11, 1), "to": date(2018, 11, 14)}
    assert resolved(question(events={"more_than": 6, **days}), outcome, scenario, geography) is True
    assert resolved(question(events={"more_than": 7, **days}), outcome, scenario, geography) is False
    assert resolved(question(deaths={"more_than": 9, **days}), outcome, scenario, geography) is True
    days["to"] = date(2018, 11, 13)
    assert resolved(question(events={"more_than": 2, **days}), outcome, scenario, geography) is None


def test_control_is_decided_on_the_morning_observed(november: tuple[Scenario, Geography]) -> None:
    scenario, geography = november
    began, order = start_codes(scenario, geography), codes_of(scenario)
    taken = int(np.flatnonzero(began == order.index("NLF"))[0])
    ended = began.copy()
    ended[taken] = order.index("HTS")
    outcome = unknown(scenario, geography, began=began, ended=ended)
    gains = {"side": "HTS", "at_least": 1, "on": date(2018, 12, 1)}
    assert resolved(question(gains=gains), outcome, scenario, geography) is True
    assert resolved(question(gains={**gains, "at_least": 2}), outcome, scenario, geography) is False
    assert resolved(question(gains={**gains, "on": date(2018, 12, 2)}), outcome, scenario, geography) is None
    town = {"name": geography.places[taken].name, "held_by": "NLF", "on": date(2018, 12, 1)}
    assert resolved(question(town=town), outcome, scenario, geography) is False
    ended[taken] = -1  # not known
    assert resolved(question(town=town), outcome, scenario, geography) is None
    assert resolved(question(gains=gains), outcome, scenario, geography) is None


def test_an_agreement_is_decided_while_its_fate_is_known(november: tuple[Scenario, Geography]) -> None:
    scenario, geography = november

    def answer(day: date, relapsed: int | None) -> bool | None:
        outcome = unknown(scenario, geography, relapses=(Relapse("under another name", -1, relapsed),))
        return resolved(question(agreement={"name": TRUCE, "in_force_on": day}), outcome, scenario, geography)

    assert answer(date(2018, 11, 10), None) is True
    assert answer(date(2018, 11, 10), 9) is False  # it relapses on the day itself
    assert answer(date(2018, 11, 10), 10) is True
    assert answer(date(2018, 12, 10), None) is None  # relapses are known up to the 30th


def test_scores_of_questions_by_hand() -> None:
    """Of two questions one comes true: (0.7, 0.2) gives Brier (0.09 + 0.04) / 2; a baseline that answers one has no score."""
    yes = question(gains={"side": "A", "at_least": 1, "on": date(2018, 11, 5)})
    answers = [
        Answer("a", yes, {"model": 0.7, "base_rate": 0.5, "shuffled_map": 0.9}, True),
        Answer("b", yes, {"model": 0.2, "base_rate": 0.5}, False),
        Answer("c", yes, {"model": 0.2, "base_rate": 0.5}, None),
    ]
    found = {measure.name: measure for measure in question_scores(answers)}
    assert set(found) == {"brier_questions_control", "log_score_questions_control"}
    brier = found["brier_questions_control"]
    assert brier.cells["model"].score == pytest.approx(0.065)
    assert brier.cells["base_rate"].score == pytest.approx(0.25)
    assert set(brier.cells) == {"model", "base_rate"}
    assert found["log_score_questions_control"].cells["model"].score == pytest.approx(-math.log(0.7 * 0.8) / 2)
    assert brier.cases == 2
    assert [best_answer(answer) for answer in answers] == ["shuffled_map", "base_rate", None]


def test_each_day_of_decision_has_a_forecast_of_its_own(november: tuple[Scenario, Geography]) -> None:
    scenario, geography = november
    asked = read_questions(FOLDER / "hindcast_2018_11.yaml", scenario, geography)
    days = {
        scenario.start.toordinal() + basis.control_day: names for basis, names in asked_on(asked, scenario, geography)
    }
    assert [date.fromordinal(day) for day in days] == sorted({entry.day for entry in asked.questions.values()})
    assert sorted(name for names in days.values() for name in names) == sorted(asked.questions)
    for basis, names in asked_on(asked, scenario, geography):
        counts = [name for name in names if asked.questions[name].kind in ("events", "deaths")]
        assert len(basis.weeks) == len(counts)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    variant = Variant(file="hindcast_2018_11")
    definition = Definition(
        name="november",
        question="What follows?",
        scenarios={"hindcast_2018_11": variant},
        replicates=4,
        keep=["reported"],
    )
    return Study.open(run_study(make_plan(definition), tmp_path_factory.mktemp("november"), workers=1))


@pytest.fixture
def made_up(tmp_path: Path, november: tuple[Scenario, Geography]) -> Path:
    """Return a folder of made-up observations of November of the form of scenarios/observed: nothing in it happened."""
    scenario, geography = november
    order, began = codes_of(scenario), start_codes(scenario, geography)
    rows = [f"{town.name},{order[code]},{order[code]}" for town, code in zip(geography.places, began, strict=True)]
    folder = tmp_path / "made_up"
    folder.mkdir()
    texts = {
        "observed.yaml": "start: 2018-11-01\ncontrol_on: 2018-12-01\nweekly_to: 2018-11-30\n",
        "control.csv": "\n".join(["name,start,end", *rows]),
        "weekly.csv": "week_start,events,deaths\n2018-11-01,2,3\n2018-11-08,0,0\n2018-11-15,1,1\n2018-11-22,0,0\n2018-11-29,1,2",
        "agreements.csv": "name,signed,relapsed\nThat of the last day,2018-10-31,2018-11-20",
        "places.csv": "name,events\nSaraqib,3\nDarat Izza,1",
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    return folder


def test_november_is_ready_to_be_scored(study: Study, made_up: Path) -> None:
    scores, made_of = score_study(study, made_up)
    found = {answer.name: answer for answer in scores.answers}
    assert found["fighting_above_october"].outcome is False  # four events
    assert found["agreement_holds_a_week"].outcome is True
    assert found["agreement_holds_a_month"].outcome is False
    assert found["agreement_holds_three_months"].outcome is None
    assert found["hts_gains_three_towns"].outcome is None  # of February
    assert found["kafr_hamra_holds"].chances["nothing_changes"] == 1.0
    names = {measure.name for measure in scores.measures}
    assert {"brier_questions_counts", "brier_questions_agreements", "log_score_places", "energy_control_map"} <= names
    assert made_of["questions"]["asked"] == "2018-10-31"
    assert made_of["past"]["until"] == "2018-10-31"


def test_questions_are_answered_without_observations(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers"
    assert main(["score", str(study.folder), "--out", str(out)]) == 0
    assert "chance of yes" in capsys.readouterr().out
    found = json.loads((out / "questions.json").read_text())
    assert found["simulated"] is True
    asked = asked_of(study, "hindcast_2018_11")
    assert asked is not None
    answers = answer_questions(study, "hindcast_2018_11", asked)
    for answer in answers:
        entry = found["questions"][answer.name]
        assert entry["chances"] == answer.chances
        assert entry["outcome"] is None
        assert 0 <= entry["chances"]["model"] <= 1
        assert (
            entry["chances"]["model"] * 4 == pytest.approx(round(entry["chances"]["model"] * 4))
            or answer.question.agreement
        )
    rows = list(csv.DictReader(io.StringIO((out / "questions.csv").read_text())))
    assert {row["question"] for row in rows} == set(found["questions"])
    assert {row["source"] for row in rows} == {"SIMULATED"}
    assert not (out / "scores.json").exists()
    assert (out / "figures" / "questions.png").read_bytes().startswith(b"\x89PNG")
    drawn = answers_figure("Made up", answers, "SIMULATED · made for a test")
    assert set(drawn.table["question"]) == set(found["questions"])


def test_without_observations_and_questions_nothing_is_done(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "asked.yaml"
    wrong.write_text(HEAD + BROKEN["code"][0] + "\n", encoding="utf-8")
    assert main(["score", str(study.folder), "--questions", str(wrong), "--out", str(tmp_path / "new")]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "asked.yaml:4: questions.a.town.held_by" in captured.err
    assert not (tmp_path / "new").exists()
