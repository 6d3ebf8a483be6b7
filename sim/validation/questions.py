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

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography
from sim.geography.towns import find_place
from sim.scenario.compose import SCENARIOS, display
from sim.scenario.fields import Key
from sim.scenario.schema import Name, Scenario
from sim.scenario.validate import complaint, unknown_key
from sim.scenario.yaml_reader import Page, read_file
from sim.study.definition import DefinitionFile, StrictModel
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
        raise InputError(_sorted([*page.faults, *_faults(error, page, source)])) from None
    faults = [*page.faults, *_unfit(asked, scenario, geography, source)]
    if faults:
        raise InputError(_sorted(faults))
    return asked


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0)


PARTS: dict[str, type[BaseModel]] = {
    "events": Counted, "deaths": Counted, "agreement": InForce, "town": Held, "gains": Gains,
}  # fmt: skip


def _faults(error: ValidationError, page: Page, source: DefinitionFile) -> Iterator[Fault]:
    for entry in error.errors(include_url=False):
        key: Key = tuple(part for part in entry["loc"] if part != "[key]")
        if entry["type"] == "extra_forbidden":
            model = QuestionFile if len(key) == 1 else Question if len(key) == 3 else PARTS[str(key[2])]
            known = [field.alias or name for name, field in model.model_fields.items()]
            yield source.fault(unknown_key(str(key[-1]), known), *key)
            continue
        key, message = complaint({**entry, "loc": key}, {})
        yield source.fault(message, *key)


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
        if question.town is not None:
            try:
                find_place(geography, question.town.name)
            except KeyError as error:
                yield source.fault(str(error.args[0]), *key, "name")
        code = question.town.held_by if question.town else question.gains.side if question.gains else None
        if code is not None and code not in codes_of(scenario):
            allowed = f"{did_you_mean(code, codes_of(scenario))}; allowed: {', '.join(codes_of(scenario))}"
            yield source.fault(f"{code!r} is no control code{allowed}", *key, "held_by" if question.town else "side")


def _day_key(question: Question) -> str:
    return {"events": "to", "deaths": "to", "agreement": "in_force_on"}.get(question.kind, "on")
