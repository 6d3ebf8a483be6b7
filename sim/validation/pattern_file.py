"""Declared patterns: observed values, accepted ranges and their reasons, read strictly from a YAML file before any fitting.

A figure is one number that an estimator of sim.validation.pattern_estimators gives; a pattern is met when all its figures are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.files import SCENARIOS, named_file
from sim.scenario.compose import display
from sim.scenario.fields import Key
from sim.scenario.yaml_reader import read_file
from sim.statistics.hawkes import Hawkes, TwoLevelHawkes, two_level_of
from sim.study.definition import DefinitionFile, StrictModel, in_order
from sim.validation.pattern_estimators import PATTERNS

FOLDER = SCENARIOS / "patterns"
Weight = Literal["mandatory", "ordinary", "weak"]


_RANGE = "a number, or [low, high]"

FORMS = {
    ("patterns", "*", "figures", "*", "observed"): _RANGE,
    ("patterns", "*", "figures", "*", "accept"): _RANGE,
    ("patterns", "*", "figures", "*"): "a mapping with `observed` and, if judged, `accept`",
    ("patterns", "*", "figures"): "a mapping from estimators to {observed, accept}",
    ("windows",): "a mapping from names to {start, days}",
    ("windows", "*"): "a mapping with `start` and `days`",
    ("sides",): "a mapping with `first` and `rivals`, or with `all_against_all`, and, if there is one, `government`",
    ("sides", "*"): "a mapping with `codes` and, for files of events, `names`",
    ("sides", "all_against_all"): "a mapping from codes of factions to lists of their names in files of events",
    ("sides", "all_against_all", "*"): "a list of names in files of events",
}


class Interval(StrictModel):
    """From `low` to `high`; in YAML [low, high], or one number for both."""

    low: float
    high: float

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 2:
            return {"low": value[0], "high": value[1]}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"low": value, "high": value}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low must not exceed high, got {self.low:g} and {self.high:g}")
        return self

    @property
    def middle(self) -> float:
        """Half way between."""
        return (self.low + self.high) / 2

    @property
    def half(self) -> float:
        """Half of the width."""
        return (self.high - self.low) / 2

    def holds(self, value: float) -> bool:
        """Return whether a value is inside; NaN is not."""
        return self.low <= value <= self.high


class Window(StrictModel):
    """Days of the record that figures are computed over.

    An aligned window is cut, from the record and from each run alike, out of the window `within`: it begins `lead_days` before the
    first event of the largest round that leaves room for its length.
    """

    start: date = Field(description="first day; in the record, if aligned")
    days: int = Field(ge=1, le=4000, description="length in days")
    aligned: bool = Field(False, description="true: begins at the largest round of the window `within`")
    within: str | None = Field(None, description="name of the window that an aligned one is cut from")
    lead_days: int = Field(
        0, ge=0, le=365, description="days from the start of an aligned window to the round's first event"
    )


class MergedBody(StrictModel):
    """Groups that merged into one body; events name it, or one of them, as its own."""

    since: date = Field(description="day of the merger")
    groups: list[str] = Field(min_length=1, description="groups that it is made of")
    names: list[str] = Field(min_length=1, description="its names in files of events")


class Side(StrictModel):
    """One side: the codes of its factions in scenarios, and its names in files of events."""

    codes: list[str] = Field(min_length=1, description="codes of factions")
    names: list[str] = Field(
        default_factory=list, description="names, and parts of names, of actors in files of events"
    )
    groups: dict[str, list[str]] = Field(
        default_factory=dict, description="names in files of events of each group, by its name in scenarios"
    )
    bodies: dict[str, MergedBody] = Field(default_factory=dict, description="bodies into which groups merged")


OF_TWO_SIDES = ("P10", "P19", "P22")  # patterns that set a first side against its rivals


class Sides(StrictModel):
    """Who fights whom: a first side and its rivals, or any two of several factions. Of the latter no pattern of `OF_TWO_SIDES` can be had."""

    first: Side | None = None
    rivals: Side | None = None
    all_against_all: dict[str, list[str]] | None = Field(
        None,
        min_length=2,
        description="codes of factions that fight one another, each with its names in files of events",
    )
    government: Side | None = None

    @model_validator(mode="after")
    def _of_one_form(self) -> Sides:
        pair = (self.first is not None, self.rivals is not None)
        if any(pair) != all(pair) or all(pair) == (self.all_against_all is not None):
            raise ValueError("needs either `first` and `rivals`, or `all_against_all`")
        return self

    @property
    def rebels(self) -> list[str]:
        """Codes of all factions whose fighting with one another counts."""
        if self.first is None or self.rivals is None:
            return list(self.all_against_all or {})
        return [*self.first.codes, *self.rivals.codes]

    @property
    def first_code(self) -> str | None:
        """Code whose losses are set against those of its rivals; None if all fight all."""
        return None if self.first is None else self.first.codes[0]

    @property
    def names(self) -> dict[str, list[str]]:
        """Names in files of events by the key under `sides` that has them: two sides, or each faction."""
        if self.first is None or self.rivals is None:
            return {f"all_against_all.{code}": names for code, names in (self.all_against_all or {}).items()}
        return {"first.names": self.first.names, "rivals.names": self.rivals.names}


class Figure(StrictModel):
    """One number. Without `accept` it is shown and not judged."""

    cases: int | None = Field(None, ge=0, description="events, episodes or agreements behind the observed value")

    observed: Interval = Field(description="observed value; a range where the record can be read in several ways")
    accept: Interval | None = Field(None, description="where the simulated median must lie")
    window: str | None = Field(None, description="the pattern's if left out")
    any_length: bool = Field(False, description="true: the figure does not depend on the length of the window")
    whole: Interval | None = Field(
        None, description="if the window is aligned: observed in the window that it is cut from"
    )
    median_only: bool = Field(False, description="true: the observed value need not lie in the band of runs")


class Pattern(StrictModel):
    """One pattern: met when all its judged figures are."""

    title: str = Field(min_length=3, description="what it is")
    window: str = Field(description="name of a window")
    source: str = Field(min_length=3, description="where the observed values come from")
    weight: Weight = "ordinary"
    note: str = ""
    figures: dict[str, Figure] = Field(min_length=1, description="figures by the name of their estimator")


class NullHawkes(StrictModel):
    """A fitted Hawkes process."""

    mu_per_day: float = Field(ge=0)
    branching: float = Field(ge=0, le=0.99)
    lag_days: float = Field(gt=0)

    @property
    def process(self) -> Hawkes:
        """The process, to be simulated."""
        return Hawkes(self.mu_per_day, self.branching, self.lag_days)


class NullTwoLevel(StrictModel):
    """A fitted Hawkes process of two levels; intervals are [calm, active]."""

    mu_per_day: list[float] = Field(min_length=2, max_length=2)
    branching: list[float] = Field(min_length=2, max_length=2)
    lag_days: float = Field(gt=0)
    become_active_per_day: float = Field(gt=0, lt=1)
    become_calm_per_day: float = Field(gt=0, lt=1)

    @property
    def process(self) -> TwoLevelHawkes:
        """The process, to be simulated."""
        return two_level_of(
            self.mu_per_day, self.branching, self.lag_days, self.become_active_per_day, self.become_calm_per_day
        )


class NullFigures(StrictModel):
    """Processes without actors fitted to the record, and the tolls that they draw from."""

    source: str = Field(min_length=3, description="the record, and its days")
    hawkes: NullHawkes
    two_level: NullTwoLevel
    poisson_per_day: float = Field(gt=0, description="events a day")
    tolls: list[list[int]] = Field(
        min_length=1, description="pairs of deaths and of events with so many, no summary rows"
    )

    @model_validator(mode="after")
    def _counts(self) -> NullFigures:
        if any(len(pair) != 2 or pair[0] < 0 or pair[1] < 1 for pair in self.tolls):
            raise ValueError("tolls are pairs [deaths, events], with deaths of 0 or more and 1 event or more")
        return self


class PlaceCounts(StrictModel):
    """Located events of the record by town, for P25."""

    source: str = Field(min_length=3, description="the record, its days, and how events were given to towns")
    events: dict[str, int] = Field(min_length=1, description="events by the name of the town on the map")


class Patterns(StrictModel):
    """A file of patterns."""

    title: str = Field(min_length=3, description="whose patterns they are")
    evidence_until: date = Field(description="last day of the record")
    source: str = Field(min_length=3, description="the record")
    sides: Sides
    agreements: str | None = Field(None, description="CSV file of observed agreements, beside this one")
    windows: dict[str, Window] = Field(min_length=1)
    patterns: dict[str, Pattern] = Field(min_length=1)
    nulls: NullFigures | None = Field(None, description="processes without actors that stand beside the runs")
    places: PlaceCounts | None = Field(None, description="where the record's events were")

    def window_of(self, pattern: str, figure: str) -> str:
        """Return the name of the window of a figure."""
        declared = self.patterns[pattern]
        return declared.figures[figure].window or declared.window

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Give pattern, name and figure of all figures in order."""
        for name, pattern in self.patterns.items():
            for key, figure in pattern.figures.items():
                yield name, key, figure

    def needed_days(self, window: str) -> int:
        """Return how long a run must be for a window: as long as the one that it is cut from if it is aligned."""
        declared = self.windows[window]
        return self.windows[declared.within].days if declared.within is not None else declared.days

    def over_whole(self) -> Patterns | None:
        """Return the patterns whose figures are declared over the `whole` of an aligned window too, over it; None if there are none."""
        chosen: dict[str, Pattern] = {}
        for name, pattern in self.patterns.items():
            figures = {}
            for key, figure in pattern.figures.items():
                within = self.windows[self.window_of(name, key)].within
                if within is not None and figure.whole is not None:
                    changed = {"observed": figure.whole, "window": within, "whole": None, "cases": None}
                    figures[key] = figure.model_copy(update=changed)
            if figures:
                chosen[name] = pattern.model_copy(update={"figures": figures})
        windows = {name: window for name, window in self.windows.items() if not window.aligned}
        return self.model_copy(update={"patterns": chosen, "windows": windows}) if chosen else None

    def names_in(self, window: str) -> list[str]:
        """Return the names of the figures of a window."""
        return [name for pattern, name, _ in self.figures() if self.window_of(pattern, name) == window]


def find_patterns(path: Path | None, map_name: str) -> Path:
    """Return the file meant: a path, or else the one in scenarios/patterns named as the map. InputError if none."""
    file = named_file(map_name, FOLDER.name) if path is None else path
    if file is None:
        message = f"no patterns are declared for the map {map_name}; give --patterns FILE"
        raise InputError([Fault(f"scenarios/patterns/{map_name}.yaml", None, "", message)])
    if not file.is_file():
        raise InputError([Fault(display(file), None, "", "no such file")])
    return file


def read_patterns(path: Path) -> Patterns:
    """Read a file of observed patterns.

    Raises:
        InputError: with every fault and its line.

    Example:
        >>> from sim.validation.pattern_file import FOLDER, read_patterns
        >>> "P1" in read_patterns(min(FOLDER.glob("*.yaml"))).patterns  # of the theatre that comes first
        True
    """
    page = read_file(path, display(path))
    source = DefinitionFile(path, page.lines)
    if not isinstance(page.data, dict):
        raise InputError([*page.faults, source.fault("a file of patterns is made of lines `key: value`")])
    faults = list(page.faults)
    try:
        patterns = Patterns.model_validate(page.data)
    except ValidationError as error:
        raise InputError(in_order([*faults, *source.faults_of(error, FORMS, _model_at)])) from None
    faults += _unfit(patterns, source)
    if faults:
        raise InputError(in_order(faults))
    return patterns


def _model_at(key: Key) -> type[BaseModel]:
    """Return the part of a file of patterns that a key leads to."""
    known: list[tuple[tuple[str | None, ...], type[BaseModel]]] = [
        (("patterns", None, "figures", None, None), Interval),
        (("patterns", None, "figures", None), Figure),
        (("patterns", None), Pattern),
        (("windows", None), Window),
        (("nulls", "hawkes"), NullHawkes),
        (("nulls", "two_level"), NullTwoLevel),
        (("nulls",), NullFigures),
        (("places",), PlaceCounts),
        (("sides", None, "bodies", None), MergedBody),
        (("sides", None), Side),
        (("sides",), Sides),
    ]
    for shape, model in known:
        if len(shape) == len(key) and all(want in (None, part) for want, part in zip(shape, key, strict=True)):
            return model
    return Patterns


def _unfit(patterns: Patterns, source: DefinitionFile) -> Iterator[Fault]:
    """Give the faults that the file as a whole has: estimators and windows that there are none of, files not there."""
    for pattern, declared in patterns.patterns.items():
        here: Key = ("patterns", pattern)
        if declared.window not in patterns.windows:
            yield source.fault(_no_window(declared.window, patterns), *here, "window")
        for name, figure in declared.figures.items():
            if name not in PATTERNS:
                message = f"there is no such estimator{did_you_mean(name, PATTERNS)}; sim.validation.pattern_estimators names them"
                yield source.fault(message, *here, "figures", name)
            if figure.window is not None and figure.window not in patterns.windows:
                yield source.fault(_no_window(figure.window, patterns), *here, "figures", name, "window")
            if figure.whole is not None and not _aligned(patterns, figure.window or declared.window):
                yield source.fault("needs a window that is aligned", *here, "figures", name, "whole")
            if figure.accept is not None and figure.accept.half == 0:
                yield source.fault("needs [low, high] with low below high", *here, "figures", name, "accept")
    yield from _unfit_windows(patterns, source)
    yield from _unfit_sides(patterns, source)
    doubled = [name for name in PATTERNS if sum(name == key for _, key, _ in patterns.figures()) > 1]
    for name in doubled:
        yield source.fault(f"{name} is declared in two patterns", "patterns")
    if patterns.agreements is not None and source.file is not None and not source.beside(patterns.agreements).is_file():
        yield source.fault(f"no such file {patterns.agreements}", "agreements")


def _unfit_sides(patterns: Patterns, source: DefinitionFile) -> Iterator[Fault]:
    """Give the faults of sides: bodies of unknown groups, and figures of two sides if all fight all."""
    if patterns.sides.all_against_all is not None:
        for pattern, name, _ in patterns.figures():
            if name.startswith(OF_TWO_SIDES):
                message = "sets a first side against its rivals; `sides` has all_against_all"
                yield source.fault(message, "patterns", pattern, "figures", name)
    for side in ("first", "rivals"):
        declared: Side | None = getattr(patterns.sides, side)
        if declared is None:
            continue
        for name, body in declared.bodies.items():
            for group in body.groups:
                if group not in declared.groups:
                    message = (
                        f"there is no group {group!r}{did_you_mean(group, declared.groups)} in sides.{side}.groups"
                    )
                    yield source.fault(message, "sides", side, "bodies", name, "groups")


def _aligned(patterns: Patterns, window: str) -> bool:
    return window in patterns.windows and patterns.windows[window].aligned


def _unfit_windows(patterns: Patterns, source: DefinitionFile) -> Iterator[Fault]:
    for name, window in patterns.windows.items():
        here: Key = ("windows", name)
        if window.aligned != (window.within is not None):
            message = "an aligned window needs `within`, the window that it is cut from; another must not have it"
            yield source.fault(message, *here, "aligned" if window.aligned else "within")
        elif window.within is not None:
            wide = patterns.windows.get(window.within)
            if wide is None:
                yield source.fault(_no_window(window.within, patterns), *here, "within")
            elif wide.aligned or wide.days < window.days:
                yield source.fault(f"{window.within} must be longer than {name}, and not aligned", *here, "within")


def _no_window(name: str, patterns: Patterns) -> str:
    return (
        f"there is no window {name!r}{did_you_mean(name, patterns.windows)}; declared are {', '.join(patterns.windows)}"
    )
