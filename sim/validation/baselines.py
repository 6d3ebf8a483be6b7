"""Baseline forecasts of control, events and deaths, fitted to the record before the forecast."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import Fault, InputError
from sim.geography.maps import Geography, control_date
from sim.scenario.compose import SCENARIOS, display
from sim.scenario.schema import MIXED, Scenario, codes, rebels
from sim.scenario.validate import complaint
from sim.scenario.yaml_reader import Page, read_file
from sim.statistics.conflict_log import Log
from sim.statistics.hawkes import Hawkes, Times, excitation_after, fit_hawkes, simulate_hawkes, spread_ties
from sim.statistics.scoring import day_chances
from sim.validation.forecasts import Forecast, Hold
from sim.validation.outcome import Outcome, Week, codes_of, start_codes
from sim.validation.pattern_estimators import Holds, weekly_counts

BASELINES = SCENARIOS / "baselines"
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
WEEK = 7


class RecordModel(BaseModel):
    """Base of every part: unknown keys are faults, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HawkesFigures(RecordModel):
    """A fitted process and how excited it was on the evening before the forecast: sum of exp(-age/lag) over events."""

    mu_per_day: float = Field(ge=0)
    branching: float = Field(ge=0, le=5)
    lag_days: float = Field(gt=0)
    excitation: float = Field(ge=0)


class Weekly(RecordModel):
    """Events a week."""

    mean: float = Field(ge=0)
    variance: float = Field(ge=0)


class LastWeek(RecordModel):
    """The seven days before the forecast."""

    events: int = Field(ge=0)
    deaths: int = Field(ge=0)


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
    weekly_events: Weekly
    last_week: LastWeek
    deaths_per_event: Tolls | None = None


class RecordFile(RecordModel):
    """A file of records."""

    past: list[Past] = Field(min_length=1)


def past_before(map_name: str, start: date, root: Path = BASELINES) -> Past | None:
    """Return the latest record of a map that ends before a day; None if there is none. InputError for a bad file."""
    path = root / f"{Path(map_name).name}.yaml"
    if not path.is_file():
        return None
    page = read_file(path, display(path))
    if page.faults:
        raise InputError(page.faults)
    try:
        records = RecordFile.model_validate(page.data).past
    except ValidationError as error:
        raise InputError([_fault(page, entry) for entry in error.errors(include_url=False)]) from None
    return max((entry for entry in records if entry.until < start), key=lambda record: record.until, default=None)


def _fault(page: Page, entry: Any) -> Fault:
    key, message = complaint(entry)
    above = tuple(key)
    while above and above not in page.lines:
        above = above[:-1]
    return Fault(page.file, page.lines.get(above), ".".join(map(str, key)), message)


def past_of(log: Log, begins: date, until: date) -> Past:
    """Return the figures of a log whose window is `begins` to `until`, both included."""
    times = spread_ties(log.day)
    fit = fit_hawkes([Times(times, float(log.days))])
    counts = weekly_counts(log.since(log.days % WEEK))  # whole weeks that end on the last day
    recent = log.day >= log.days - WEEK
    return Past.model_validate(
        {
            "from": begins,
            "until": until,
            "events": len(log),
            "hawkes": None
            if fit is None
            else {
                "mu_per_day": fit.mu,
                "branching": fit.branching,
                "lag_days": fit.lag,
                "excitation": excitation_after(times, log.days, fit.lag),
            },
            "weekly_events": {
                "mean": float(np.mean(counts)) if counts else 0.0,
                "variance": float(np.var(counts, ddof=1)) if len(counts) > 1 else 0.0,
            },
            "last_week": {"events": int(recent.sum()), "deaths": int(log.deaths[recent].sum())},
            "deaths_per_event": None
            if not len(log)
            else {"shares": list(SHARES), "deaths": [float(value) for value in np.quantile(log.deaths, SHARES)]},
        }
    )


MEMBERS = 2000
MONTH = 30.0

NAMES = (
    "nothing_changes", "base_rate", "nearest_stronger_neighbour", "strongest_rebel_everywhere", "hawkes", "shuffled_map",
)  # fmt: skip


class Known(NamedTuple):
    """What a baseline may know: the scenario and its map, the past's figures, past agreements up to the start."""

    scenario: Scenario
    geography: Geography
    past: Past | None
    holds: Holds | None


def baselines(known: Known, outcome: Outcome, model: Forecast, seed: int = 1) -> list[Forecast]:
    """Return all baselines, in the order of NAMES."""
    began = start_codes(known.scenario, known.geography)
    deterministic = (
        nearest_stronger(known.scenario, known.geography, began),
        strongest_everywhere(known.scenario, began),
    )
    return [
        _nothing_changes(known, outcome, began),
        _base_rate(known, outcome, began, np.random.default_rng([seed, 1])),
        *(Forecast(name, began, end[None]) for name, end in zip(NAMES[2:4], deterministic, strict=True)),
        _hawkes(known, outcome, began, np.random.default_rng([seed, 2])),
        Forecast(NAMES[5], began, shuffled(model, np.random.default_rng([seed, 3]))),
    ]


def _nothing_changes(known: Known, outcome: Outcome, began: np.ndarray) -> Forecast:
    holds = {}
    for agreement in outcome.relapses:
        first = max(0, -agreement.signed)
        holds[agreement.name] = Hold(first, np.zeros(max(outcome.last - agreement.signed - first + 1, 0)), 1.0)
    if known.past is None:
        return Forecast(NAMES[0], began, began[None], holds=holds)
    share = np.array([[(week.last - week.first + 1) / 7 for week in outcome.weeks]])
    last = known.past.last_week
    return Forecast(NAMES[0], began, began[None], share * last.events, share * last.deaths, holds)


def _base_rate(known: Known, outcome: Outcome, began: np.ndarray, rng: np.random.Generator) -> Forecast:
    rates = change_rates(known.scenario, known.geography)
    control = None if rates is None else drawn_control(began, rates, outcome.control_day, rng)
    events = deaths = None
    if known.past is not None:
        days = np.array([week.last - week.first + 1 for week in outcome.weeks])
        counts = drawn_counts(known.past.weekly_events.mean, known.past.weekly_events.variance, days / 7, rng)
        events, deaths = counts.astype(float), _tolls(counts, known.past.deaths_per_event, rng)
    return Forecast(NAMES[1], began, control, events, deaths, _past_holds(known.holds, outcome))


def _past_holds(past: Holds | None, outcome: Outcome) -> dict[str, Hold]:
    """Return when agreements end if they hold as past ones did: those that lasted as long as each had at the start."""
    holds: dict[str, Hold] = {}
    if past is None:
        return holds
    for agreement in outcome.relapses:
        first = max(0, -agreement.signed)
        long = past.days >= first
        if long.any():
            chance, rest = day_chances(past.days[long], past.censored[long], first, outcome.last - agreement.signed)
            holds[agreement.name] = Hold(first, chance, rest)
    return holds


def change_rates(scenario: Scenario, geography: Geography) -> np.ndarray | None:
    """Return changes from a code to another, per town of the first and month: f8 [C, C], from the map's dates of control up
    to the start; None with fewer than two.
    """
    on = control_date(geography, scenario.start, scenario.control_on)
    dates = sorted(day for day in geography.control if day <= on)
    if len(dates) < 2:
        return None
    size = len(codes_of(scenario))
    changed, months = np.zeros((size, size)), np.zeros(size)
    held = [start_codes(scenario.model_copy(update={"control_on": day}), geography) for day in dates]
    for row, day in enumerate(dates[1:], start=1):
        np.add.at(changed, (held[row - 1], held[row]), 1.0)
        months += np.bincount(held[row - 1], minlength=size) * (day - dates[row - 1]).days / MONTH
    np.fill_diagonal(changed, 0.0)
    return changed / np.where(months > 0, months, 1.0)[:, None]


def drawn_control(began: np.ndarray, rates: np.ndarray, days: int, rng: np.random.Generator) -> np.ndarray:
    """Return codes after so many days, i8 [MEMBERS, T], each town changing by itself at most once at monthly rates [C, C]."""
    leaving = rates.sum(axis=1)
    change = rng.random((MEMBERS, len(began))) < -np.expm1(-leaving[began] * days / MONTH)
    control = np.tile(began, (MEMBERS, 1))
    for code in np.flatnonzero(leaving):
        cells = change & (began == code)
        control[cells] = rng.choice(len(rates), size=int(cells.sum()), p=rates[code] / leaving[code])
    return control


def drawn_counts(mean: float, variance: float, weeks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts of stretches of so many weeks [W]: i8 [MEMBERS, W], negative binomial, Poisson where variance <= mean."""
    means = mean * weeks
    if variance <= mean or mean <= 0:
        return rng.poisson(means, size=(MEMBERS, len(weeks)))
    shape = means * mean / (variance - mean)
    return rng.poisson(rng.gamma(shape, (variance - mean) / mean, size=(MEMBERS, len(weeks))))


def _tolls(counts: np.ndarray, tolls: Tolls | None, rng: np.random.Generator) -> np.ndarray | None:
    """Return the deaths of so many events, f8 of the shape of `counts`, each drawn from the past's distribution."""
    if tolls is None:
        return None
    drawn = np.rint(np.interp(rng.random(int(counts.sum())), tolls.shares, tolls.deaths))
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    return np.bincount(cell, weights=drawn, minlength=counts.size).reshape(counts.shape)


def _groups(scenario: Scenario) -> dict[str, tuple[str, float]]:
    """Return the code and strength of each group of the rebels, by its name."""
    sides, short = set(rebels(scenario)), codes(scenario)
    return {
        group: (short[name], spec.fighters.best * spec.cohesion.best)
        for name, faction in scenario.factions.items()
        for group, spec in faction.groups.items()
        if short[name] in sides
    }


def strongest_everywhere(scenario: Scenario, began: np.ndarray) -> np.ndarray:
    """Return codes i8 [T]: all towns of rebels with the strongest group's side."""
    order, groups = codes_of(scenario), _groups(scenario)
    code, _ = max(groups.values(), key=lambda group: group[1])
    taken = [order.index(side) for side in (*rebels(scenario), MIXED)]
    return np.where(np.isin(began, taken), order.index(code), began)


def nearest_stronger(scenario: Scenario, geography: Geography, began: np.ndarray) -> np.ndarray:
    """Return codes i8 [T]: each rebel town with the side of the nearest stronger group one road away, if it has one."""
    order, groups = codes_of(scenario), _groups(scenario)
    holdings = geography.control[control_date(geography, scenario.start, scenario.control_on)]
    held = [groups.get(holding.groups[0]) if holding.status == "held" else None for holding in holdings]
    end = began.copy()
    for town, own in enumerate(held):
        if own is None:
            continue
        adjacent = set(geography.adjacent[geography.adjacent_start[town] : geography.adjacent_start[town + 1]].tolist())
        for neighbour in geography.near[geography.near_start[town] : geography.near_start[town + 1]]["town"].tolist():
            other = held[neighbour] if neighbour in adjacent else None
            if other is not None and other[0] != own[0] and other[1] > own[1]:
                end[town] = order.index(other[0])
                break
    return end


def shuffled(model: Forecast, rng: np.random.Generator) -> np.ndarray:
    """Return the model's courses i8 [M, T] with the towns of each starting code in another order, one for each course."""
    if model.control is None:
        raise ValueError("the model says nothing about control")
    control = model.control.copy()
    for code in np.unique(model.began):
        towns = np.flatnonzero(model.began == code)
        for row in range(len(control)):
            control[row, towns] = model.control[row, rng.permutation(towns)]
    return control


def _hawkes(known: Known, outcome: Outcome, began: np.ndarray, rng: np.random.Generator) -> Forecast:
    if known.past is None or known.past.hawkes is None or not outcome.weeks:
        return Forecast(NAMES[4], began)
    counts = hawkes_counts(known.past, outcome.weeks, rng)
    return Forecast(NAMES[4], began, None, counts.astype(float), _tolls(counts, known.past.deaths_per_event, rng))


def hawkes_counts(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator, members: int = MEMBERS) -> np.ndarray:
    """Return events in each week of courses of a fitted process that continues from the past: i8 [members, W]."""
    if past.hawkes is None:
        raise ValueError("there was too little to fit a process to")
    figures = past.hawkes
    fit = Hawkes(figures.mu_per_day, figures.branching, figures.lag_days, math.nan, past.events)
    days = max(week.last for week in weeks) + 1.0
    member, time = simulate_hawkes(fit, days, rng, members, figures.excitation)
    counts = np.zeros((members, len(weeks)), dtype=np.int64)
    for column, week in enumerate(weeks):
        here = (time >= week.first) & (time < week.last + 1)
        counts[:, column] = np.bincount(member[here], minlength=members)
    return counts
