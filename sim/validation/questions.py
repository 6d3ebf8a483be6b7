"""Questions with the answer yes or no, declared before the outcome is known and read strictly; answers.py answers them.

questions:
  fighting_goes_on:
    ask: Are more than ten lethal events among rebels reported in October 2018?
    events: {more_than: 10, from: 2018-10-01, to: 2018-10-31}         # or deaths
  truce_holds:
    ask: Is the agreement of 31 October still in force on 30 November?
    agreement: {name: Agreement of 31 October, in_force_on: 2018-11-30}
  town_falls:
    ask: Does HTS hold Kafr Hamra on 1 November?
    town: {name: Kafr Hamra, held_by: HTS, on: 2018-11-01}
  towns_gained:
    ask: Does HTS hold three or more towns on 1 November that it did not hold at the start?
    gains: {side: HTS, at_least: 3, on: 2018-11-01}

Control is that of the morning of a day. Days are within the runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography
from sim.geography.towns import find_place
from sim.scenario.compose import SCENARIOS, display
from sim.scenario.fields import Key
from sim.scenario.schema import Name, Scenario
from sim.scenario.yaml_reader import read_file
from sim.study.definition import DefinitionFile, StrictModel, in_order
from sim.validation.outcome import codes_of

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
    if path is not None:
        return path
    file = FOLDER / f"{scenario}.yaml"
    return file if file.is_file() else None


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
        if question.agreement is not None and question.agreement.name not in scenario.agreements:
            known = list(scenario.agreements)
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
