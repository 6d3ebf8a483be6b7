"""The record of observed events, and the record before a forecast as the figures that baselines are made from: read from a file, or
computed from a log."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import Fault, InputError
from sim.files import SCENARIOS, named_file
from sim.scenario.compose import display
from sim.scenario.load import complaint
from sim.scenario.yaml_reader import Page, read_file
from sim.statistics.conflict_log import Log
from sim.statistics.hawkes import (
    Hawkes,
    Level,
    Times,
    TwoLevelHawkes,
    daily_counts,
    excitation_after,
    fit_hawkes,
    fit_two_level,
    level_after,
    spread_ties,
    two_level_of,
)
from sim.validation.event_files import Area
from sim.validation.observed import Sides, read_events
from sim.validation.outcome import WEEK, Week

BASELINES = SCENARIOS / "baselines"
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
FARTHEST = timedelta(days=20 * 365)  # records are read from at most so long before the first origin
LEAST_EVENTS = 20  # before an origin, to fit a process to


class RecordModel(BaseModel):
    """Base of every part: unknown keys are faults, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HawkesFigures(RecordModel):
    """A fitted process and how excited it was on the evening before the forecast: sum of exp(-age/lag) over events."""

    mu_per_day: float = Field(ge=0)
    branching: float = Field(ge=0, le=5)
    lag_days: float = Field(gt=0)
    excitation: float = Field(ge=0)

    @property
    def process(self) -> Hawkes:
        """The process, to be simulated."""
        return Hawkes(self.mu_per_day, self.branching, self.lag_days)


Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0)]


class Weeks(RecordModel):
    """Events and deaths of whole weeks in order; the last one ends on the record's last day."""

    events: list[Count]
    deaths: list[Count]

    @model_validator(mode="after")
    def _alike(self) -> Weeks:
        if len(self.events) != len(self.deaths):
            raise ValueError(
                f"needs as many weeks of events as of deaths, got {len(self.events)} and {len(self.deaths)}"
            )
        return self

    @property
    def mean(self) -> float:
        """Mean events a week; 0 without weeks."""
        return float(np.mean(self.events)) if self.events else 0.0

    @property
    def variance(self) -> float:
        """Variance of the events of a week; 0 with fewer than two weeks."""
        return float(np.var(self.events, ddof=1)) if len(self.events) > 1 else 0.0

    @property
    def last(self) -> tuple[int, int]:
        """Events and deaths of the last week; none without weeks."""
        return (self.events[-1], self.deaths[-1]) if self.events else (0, 0)

    def threshold(self, what: str, share: float) -> float:
        """Return the number of `events` or `deaths` that a share of the weeks do not exceed; 0 without weeks."""
        counts = getattr(self, what)
        return float(np.quantile(counts, share)) if counts else 0.0


class TwoLevelFigures(RecordModel):
    """A fitted process of two levels, and where it was on the evening before the forecast. Pairs are [calm, active]."""

    mu_per_day: list[Rate] = Field(min_length=2, max_length=2)
    branching: list[Rate] = Field(min_length=2, max_length=2)
    lag_days: float = Field(gt=0)
    become_active: float = Field(gt=0, le=1, description="chance a day that a calm day is followed by an active one")
    become_calm: float = Field(gt=0, le=1)
    active: float = Field(ge=0, le=1, description="chance that the next day is active")
    excitation: float = Field(ge=0, description="events a day, as sim.statistics.hawkes defines it")

    @property
    def process(self) -> TwoLevelHawkes:
        """The process, to be simulated."""
        return two_level_of(self.mu_per_day, self.branching, self.lag_days, self.become_active, self.become_calm)

    @property
    def level(self) -> Level:
        """Where it was on the evening before the forecast."""
        return Level(self.active, self.excitation)


class Tolls(RecordModel):
    """Deaths an event: values of the distribution at shares from 0 to 1."""

    shares: list[float] = Field(min_length=2)
    deaths: list[float] = Field(min_length=2)

    @model_validator(mode="after")
    def _in_order(self) -> Tolls:
        if (
            len(self.shares) != len(self.deaths)
            or sorted(self.shares) != self.shares
            or sorted(self.deaths) != self.deaths
        ):
            raise ValueError("shares and deaths need the same number of values, each in rising order")
        if (self.shares[0], self.shares[-1]) != (0, 1):
            raise ValueError("shares go from 0 to 1")
        return self


class Past(RecordModel):
    """The record of one stretch of days."""

    begins: date = Field(alias="from")
    until: date = Field(description="last day that it covers")
    events: int = Field(ge=0)
    hawkes: HawkesFigures | None = None
    two_level: TwoLevelFigures | None = None
    weeks: Weeks
    deaths_per_event: Tolls | None = None


RESOLVED = (
    3.0  # log-likelihood of a Hawkes process over a Poisson one: 5 % of the likelihood ratio with two parameters more
)


class HalfYear(RecordModel):
    """A Hawkes process fitted within some months of the record alone, so that no change of rate from year to year passes for contagion."""

    begins: date = Field(alias="from")
    until: date = Field(description="last day")
    events: int = Field(ge=0)
    branching: float | None = Field(
        None, ge=0, le=5, description="offspring an event; none if the fit is not identified"
    )
    lag_days: float | None = Field(None, gt=0)
    gain: float = Field(description="log-likelihood over that of a Poisson process with as many events")


class RecordFile(RecordModel):
    """A file of records."""

    past: list[Past] = Field(min_length=1)
    half_years: list[HalfYear] = Field(default_factory=list)


def shows_contagion(half_years: list[HalfYear]) -> bool | None:
    """Return whether one event sets off others within some half-year of a record by more than chance; None if no half-year tells."""
    fitted = [half for half in half_years if half.branching is not None]
    return any(half.gain > RESOLVED for half in fitted) if fitted else None


def past_before(map_name: str, start: date, root: Path | None = None) -> Past | None:
    """Return the latest record of a map that ends before a day; None if there is none. InputError for a bad file.

    `root`: the folder of files of records; `scenarios/baselines` of one's own, then the program's, if None.
    """
    found = record_file(map_name, root)
    records = [] if found is None else [entry for entry in found.past if entry.until < start]
    return max(records, key=lambda record: record.until, default=None)


def record_file(map_name: str, root: Path | None = None) -> RecordFile | None:
    """Return the file of records of a map, as `past_before` looks it up; None if there is none. InputError for a bad file."""
    name = Path(map_name).name
    path = named_file(name, BASELINES.name) if root is None else root / f"{name}.yaml"
    if path is None or not path.is_file():
        return None
    page = read_file(path, display(path))
    if page.faults:
        raise InputError(page.faults)
    try:
        return RecordFile.model_validate(page.data)
    except ValidationError as error:
        raise InputError([_fault(page, entry) for entry in error.errors(include_url=False)]) from None


def _fault(page: Page, entry: Any) -> Fault:
    key, message = complaint(entry)
    above = tuple(key)
    while above and above not in page.lines:
        above = above[:-1]
    return Fault(page.file, page.lines.get(above), ".".join(map(str, key)), message)


class Fits(NamedTuple):
    """Processes fitted to a log; None if it has too few events."""

    hawkes: Hawkes | None
    two_level: TwoLevelHawkes | None


def fits_of(log: Log) -> Fits:
    """Fit the plain Hawkes process and that of two levels to a log."""
    plain = fit_hawkes([Times(spread_ties(log.day), float(log.days))])
    return Fits(plain, fit_two_level(daily_counts(log.day, log.days)))


def past_of(log: Log, begins: date, until: date, calm_on: date | None = None, fits: Fits | None = None) -> Past:
    """Return the figures of a log whose window is `begins` to `until`, both included.

    `calm_on`: a day that the process of two levels is told to be calm, such as that after an agreement; it is not told of one
    outside the window and the day after it. `fits`: processes to go on with, else they are fitted to the log.
    """
    plain, two_level = fits if fits is not None else fits_of(log)
    hawkes = tolls = None
    if plain is not None:
        excitation = excitation_after(spread_ties(log.day), log.days, plain.lag)
        hawkes = {"mu_per_day": plain.mu, "branching": plain.branching, "lag_days": plain.lag, "excitation": excitation}
    if len(log):
        tolls = {"shares": list(SHARES), "deaths": [float(value) for value in np.quantile(log.deaths, SHARES)]}
    calm_day = -1 if calm_on is None else (calm_on - begins).days
    known = calm_day if 0 <= calm_day <= log.days else None
    return Past.model_validate(
        {
            "from": begins,
            "until": until,
            "events": len(log),
            "hawkes": hawkes,
            "two_level": None if two_level is None else _two_level_figures(two_level, log, known),
            "weeks": weeks_of(log),
            "deaths_per_event": tolls,
        }
    )


def _two_level_figures(fit: TwoLevelHawkes, log: Log, calm_day: int | None) -> dict[str, Any]:
    level = level_after(fit, daily_counts(log.day, log.days), calm_day)
    return {
        "mu_per_day": list(fit.mu),
        "branching": list(fit.branching),
        "lag_days": fit.lag,
        "become_active": fit.become_active,
        "become_calm": fit.become_calm,
        "active": level.active,
        "excitation": level.excitation,
    }


def weeks_of(log: Log) -> dict[str, list[int]]:
    """Return the events and deaths of the whole weeks of a log that end on its last day, by the first day of an event."""
    rest, size = log.days % WEEK, log.days // WEEK
    row, inside = (log.day - rest) // WEEK, log.day >= rest
    events = np.bincount(row[inside], minlength=size)
    deaths = np.bincount(row[inside], weights=log.deaths[inside], minlength=size)
    return {"events": events.tolist(), "deaths": deaths.astype(np.int64).tolist()}


class Record(NamedTuple):
    """Lethal events of an observed record between two sides, its first and last day, and what was read of its file."""

    log: Log
    begins: date
    until: date
    notes: tuple[str, ...] = ()
    sha256: str = ""

    def before(self, origin: date) -> Log:
        """Return the events before a day, in the window from the record's first day to the day before."""
        return self.log.until((origin - self.begins).days)


def read_record(path: Path, names: Sides | None, first: date, until: date | None, area: Area | None = None) -> Record:
    """Return the record of a UCDP GED or ACLED-style file, from its first event to `until`, or to its last event.

    `names`: of the first side and its rivals, None for all events; `first` is the first origin, `area` the map's.
    InputError if fewer than LEAST_EVENTS events are before the origin.
    """
    begins = first - FARTHEST
    events = read_events([path], area)
    if names is not None and not any(part.any() for part in events.between(names)):
        raise InputError([events.none_between(names)])
    days = 2 * FARTHEST.days if until is None else min(2 * FARTHEST.days, max(0, (until - begins).days + 1))
    log = events.log(begins, days, names)
    early = int(np.sum(log.day < FARTHEST.days))
    if early < LEAST_EVENTS:
        message = f"has {early} events between the sides before {first}; {LEAST_EVENTS} are needed to fit a process to"
        raise InputError([Fault(display(path), None, "", f"{message}. {' '.join(events.summary_lines())}")])
    opening = int(log.day[0])
    last = until or begins + timedelta(days=int(log.end.max()))
    notes = tuple(events.summary_lines())
    return Record(log.since(opening), begins + timedelta(days=opening), last, notes, events.files[0].sha256)


def observed_weeks(record: Record, start: date, days: int) -> tuple[Week, ...]:
    """Return the whole weeks of a stretch of days that lie within the record, with what was observed in them."""
    day = record.log.day - (start - record.begins).days
    known = min(days, (record.until - start).days + 1)
    weeks = []
    for first in range(0, known - WEEK + 1, WEEK):
        inside = (day >= first) & (day < first + WEEK)
        weeks.append(Week(first, first + WEEK - 1, int(inside.sum()), int(record.log.deaths[inside].sum())))
    return tuple(weeks)
