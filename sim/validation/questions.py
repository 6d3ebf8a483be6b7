"""Questions with the answer yes or no, declared before the outcome is known and read strictly, and their answers:
the share of runs, the baselines that can answer, and what was observed if it decides them.

questions:
  fighting_goes_on:
    ask: Are more than ten lethal events among rebels reported in October 2020?
    events: {more_than: 10, from: 2020-10-01, to: 2020-10-31}         # or deaths
  truce_holds:
    ask: Is the truce of 31 October still in force on 30 November?
    agreement: {name: Truce of the Saddle, in_force_on: 2020-11-30}
  town_falls:
    ask: Does the League hold Orrin on 1 November?
    town: {name: Orrin, held_by: League, on: 2020-11-01}
  towns_gained:
    ask: Does the League hold three or more towns on 1 November that it did not hold at the start?
    gains: {side: League, at_least: 3, on: 2020-11-01}

Control is that of the morning of a day. Days are within the runs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.files import SCENARIOS, named_file
from sim.geography.maps import Geography
from sim.geography.towns import find_place
from sim.scenario.compose import display
from sim.scenario.fields import Key
from sim.scenario.schema import Name, Scenario, signed_on
from sim.scenario.yaml_reader import read_file
from sim.statistics import scoring
from sim.statistics.inference import Difference
from sim.study.definition import DefinitionFile, StrictModel, in_order
from sim.validation.forecasts import MODEL, Forecast
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, start_codes

FOLDER = SCENARIOS / "questions"
KINDS = ("events", "deaths", "agreement", "town", "gains")


class Counted(StrictModel):
    """More than so many reported events, or deaths, among rebels in a stretch of days, both ends included."""

    more_than: int = Field(ge=0, le=1_000_000)
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Counted:
        if self.last < self.first:
            raise ValueError(f"to, {self.last}, is before from, {self.first}")
        return self


class InForce(StrictModel):
    """An agreement in force at the start that has not ended by a day."""

    name: Name
    in_force_on: date


class Held(StrictModel):
    """A town under a control code on the morning of a day."""

    name: Name
    held_by: Name
    on: date


class Gains(StrictModel):
    """So many towns or more under a side's code on the morning of a day that were under another at the start."""

    side: Name
    at_least: int = Field(ge=1, le=100_000)
    on: date


class Question(StrictModel):
    """One question; exactly one of the keys of KINDS says what is asked."""

    ask: str = Field(min_length=10, description="the question in words")
    events: Counted | None = None
    deaths: Counted | None = None
    agreement: InForce | None = None
    town: Held | None = None
    gains: Gains | None = None

    @model_validator(mode="after")
    def _single(self) -> Question:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(KINDS)}, got {', '.join(given) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """The key of KINDS that is given."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def day(self) -> date:
        """The day on which it is decided."""
        counted = self.events or self.deaths
        if counted is not None:
            return counted.last
        if self.agreement is not None:
            return self.agreement.in_force_on
        decided = self.town or self.gains
        assert decided is not None
        return decided.on


class QuestionFile(StrictModel):
    """A file of questions."""

    title: str = Field(min_length=3)
    asked: date = Field(description="last day of the evidence of who asked")
    questions: dict[Name, Question] = Field(min_length=1, max_length=200)

    @property
    def head(self) -> dict[str, str]:
        """Title and day of asking, for the files of a score."""
        return {"title": self.title, "asked": self.asked.isoformat()}


def questions_file(path: Path | None, scenario: str) -> Path | None:
    """Return the file meant: a path, or else the one in scenarios/questions named as the scenario; None if there is none."""
    return named_file(scenario, FOLDER.name) if path is None else path


def read_questions(path: Path, scenario: Scenario, geography: Geography) -> QuestionFile:
    """Read a file of questions about a scenario's runs; InputError with every fault and its line."""
    page = read_file(path, display(path))
    source = DefinitionFile(path, page.lines)
    if not isinstance(page.data, dict):
        raise InputError([*page.faults, source.fault("a file of questions is made of lines `key: value`")])
    try:
        asked = QuestionFile.model_validate(page.data)
    except ValidationError as error:
        raise InputError(in_order([*page.faults, *source.faults_of(error, {}, _model_at)])) from None
    faults = [*page.faults, *_unfit(asked, scenario, geography, source)]
    if faults:
        raise InputError(in_order(faults))
    return asked


PARTS: dict[str, type[BaseModel]] = {
    "events": Counted, "deaths": Counted, "agreement": InForce, "town": Held, "gains": Gains,
}  # fmt: skip


def _model_at(key: Key) -> type[BaseModel]:
    return QuestionFile if not key else Question if len(key) == 2 else PARTS.get(str(key[2]), Question)


def held_faults(held: Held, scenario: Scenario, geography: Geography) -> Iterator[tuple[str, str]]:
    """Give the key and the message of a town that the map, or a control code that the scenario, does not have."""
    try:
        find_place(geography, held.name)
    except KeyError as error:
        yield "name", str(error.args[0])
    yield from _code_faults("held_by", held.held_by, scenario)


def _code_faults(key: str, code: str, scenario: Scenario) -> Iterator[tuple[str, str]]:
    order = codes_of(scenario)
    if code not in order:
        yield key, f"{code!r} is no control code{did_you_mean(code, order)}; allowed: {', '.join(order)}"


def _unfit(asked: QuestionFile, scenario: Scenario, geography: Geography, source: DefinitionFile) -> Iterator[Fault]:
    """Give the faults of questions that the runs cannot answer: days outside them, towns, codes and agreements unknown."""
    last = scenario.days - 1
    for name, question in asked.questions.items():
        key: Key = ("questions", name, question.kind)
        counted = question.events or question.deaths
        latest = last if counted is not None or question.agreement is not None else scenario.days
        for field, day in (("from", counted.first if counted else None), (_day_key(question), question.day)):
            if day is not None and not 0 <= (day - scenario.start).days <= latest:
                end = scenario.start.toordinal() + latest
                message = f"{day} is not within the runs, {scenario.start} to {date.fromordinal(end)}"
                yield source.fault(message, *key, field)
        if question.agreement is not None and question.agreement.name not in signed_on(scenario):
            known = list(signed_on(scenario))
            named = f"{question.agreement.name!r} is no agreement in force at the start"
            hint = did_you_mean(question.agreement.name, known)
            yield source.fault(f"{named}{hint}; there are {', '.join(known) or 'none'}", *key, "name")
        faults: Iterable[tuple[str, str]] = ()
        if question.town is not None:
            faults = held_faults(question.town, scenario, geography)
        elif question.gains is not None:
            faults = _code_faults("side", question.gains.side, scenario)
        for field, message in faults:
            yield source.fault(message, *key, field)


def _day_key(question: Question) -> str:
    return {"events": "to", "deaths": "to", "agreement": "in_force_on"}.get(question.kind, "on")


class Answer(NamedTuple):
    """A question with the chance of yes of each forecast that says one, and the outcome; None while it is open."""

    name: str
    question: Question
    chances: dict[str, float]
    outcome: bool | None


class PolicyAnswer(NamedTuple):
    """A question's chance of yes in one scenario of a study, with Wilson's 95 % interval, and the difference from the first.

    `difference` is over matched runs (Newcombe); None for the first scenario, and for agreements, of which runs may hold several.
    """

    name: str
    ask: str
    scenario: str
    runs: int
    chance: float
    low: float
    high: float
    difference: Difference | None


def asked_on(asked: QuestionFile, scenario: Scenario, geography: Geography) -> Iterator[tuple[Outcome, list[str]]]:
    """Give, for each day on which questions are decided, what forecasts are to be made of, and the names of its questions.

    Weeks are the stretches of days asked about, in the order of the questions; control and agreements are those of the day.
    """
    for day in sorted({question.day for question in asked.questions.values()}):
        names = [name for name, question in asked.questions.items() if question.day == day]
        number, unknown = (day - scenario.start).days, np.full(len(geography.places), -1, dtype=np.int64)
        weeks = tuple(_stretch(asked.questions[name], scenario) for name in names if _is_count(asked.questions[name]))
        agreements = {question.agreement.name for name in names if (question := asked.questions[name]).agreement}
        relapses = tuple(
            Relapse(name, (signed_on(scenario)[name] - scenario.start).days, None) for name in sorted(agreements)
        )
        yield Outcome(Path(), codes_of(scenario), number, number, unknown, unknown, weeks, relapses, ()), names


def _is_count(question: Question) -> bool:
    return question.kind in ("events", "deaths")


def _stretch(question: Question, scenario: Scenario) -> Week:
    counted = question.events or question.deaths
    assert counted is not None
    return Week((counted.first - scenario.start).days, (counted.last - scenario.start).days, 0, 0)


def chance_of(
    question: Question, forecast: Forecast, column: int, scenario: Scenario, geography: Geography
) -> float | None:
    """Return the chance of yes by a forecast for the question's day; None if it says nothing about it.

    `column`: of the stretch of days among the forecast's weeks.
    """
    if question.agreement is not None:
        hold = forecast.holds.get(question.agreement.name)
        return None if hold is None else float(hold.rest)
    yes = yes_of_courses(question, forecast, column, scenario, geography)
    return None if yes is None else float(np.mean(yes))


def yes_of_courses(
    question: Question, forecast: Forecast, column: int, scenario: Scenario, geography: Geography
) -> np.ndarray | None:
    """Return the answer of each course of a forecast, bool [M]; None if it says nothing, or about an agreement."""
    order = codes_of(scenario)
    if question.kind in ("events", "deaths"):
        counts: np.ndarray | None = getattr(forecast, question.kind)
        counted = question.events or question.deaths
        return None if counts is None or counted is None else np.asarray(counts[:, column] > counted.more_than)
    if forecast.control is None or question.agreement is not None:
        return None
    if question.town is not None:
        town = find_place(geography, question.town.name)
        return np.asarray(forecast.control[:, town] == order.index(question.town.held_by))
    assert question.gains is not None
    code = order.index(question.gains.side)
    gained = ((forecast.control == code) & (forecast.began != code)).sum(axis=1)
    return np.asarray(gained >= question.gains.at_least)


def resolved(question: Question, outcome: Outcome, scenario: Scenario, geography: Geography) -> bool | None:
    """Return the answer that what was observed gives; None if it does not decide the question."""
    order = codes_of(scenario)
    if question.kind in ("events", "deaths"):
        asked, counted = _stretch(question, scenario), question.events or question.deaths
        assert counted is not None
        weeks = [week for week in outcome.weeks if week.first >= asked.first and week.last <= asked.last]
        if sum(week.last - week.first + 1 for week in weeks) != asked.last - asked.first + 1:
            return None
        return sum(int(getattr(week, question.kind)) for week in weeks) > counted.more_than
    day = (question.day - scenario.start).days
    if question.agreement is not None:
        signed = (signed_on(scenario)[question.agreement.name] - scenario.start).days
        same = [one for one in outcome.relapses if one.name == question.agreement.name or one.signed == signed]
        if len(same) != 1 or day > outcome.last:
            return None
        return same[0].relapsed is None or same[0].relapsed > day
    if day != outcome.control_day:
        return None
    if question.town is not None:
        town = find_place(geography, question.town.name)
        return None if outcome.ended[town] < 0 else bool(outcome.ended[town] == order.index(question.town.held_by))
    assert question.gains is not None
    code = order.index(question.gains.side)
    known = outcome.ended >= 0
    began = start_codes(scenario, geography)
    if not known[began != code].all():
        return None
    return int((known & (outcome.ended == code) & (began != code)).sum()) >= question.gains.at_least


def best_answer(answer: Answer) -> str | None:
    """Return the baseline whose chance is nearest to the outcome of a decided question; None if it is open or has none."""
    rivals = {name: chance for name, chance in answer.chances.items() if name != MODEL}
    happened = answer.outcome
    if happened is None or not rivals:
        return None
    return min(rivals, key=lambda name: abs(rivals[name] - float(happened)))


def as_data(head: dict[str, Any], answers: list[Answer]) -> dict[str, Any]:
    """Return the answers as plain data, for questions.json; `head` holds the title and the day of asking."""
    return {
        "simulated": True,
        **head,
        "questions": {
            answer.name: {
                "ask": answer.question.ask,
                "decided_on": answer.question.day.isoformat(),
                "chances": answer.chances,
                "outcome": answer.outcome,
                "best_baseline": best_answer(answer),
            }
            for answer in answers
        },
    }


def questions_csv(answers: Sequence[Answer]) -> str:
    """Return questions.csv: a row a question and forecast, with the outcome if it is known and the Brier score."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["question", "ask", "decided_on", "outcome", "forecast", "chance", "brier", "best_baseline", "source"]
    )
    for answer in answers:
        outcome = "" if answer.outcome is None else int(answer.outcome)
        best = best_answer(answer) or ""
        for name, chance in answer.chances.items():
            loss = (
                ""
                if answer.outcome is None
                else f"{float(scoring.brier(np.array(chance), np.array(answer.outcome))):.6g}"
            )
            day = answer.question.day.isoformat()
            rows.writerow(
                [answer.name, answer.question.ask, day, outcome, name, f"{chance:.6g}", loss, best, "SIMULATED"]
            )
    return text.getvalue()
