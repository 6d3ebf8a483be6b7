"""Baseline forecasts of control, weekly events and deaths, and places, made from the record before the forecast alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from sim.geography.maps import Geography, control_date
from sim.scenario.schema import MIXED, Scenario, codes, rebels
from sim.statistics.hawkes import simulate_hawkes, simulate_two_level
from sim.statistics.scoring import day_chances
from sim.validation.forecasts import Forecast, Hold, can_fight
from sim.validation.outcome import WEEK, Outcome, Week, codes_of, start_codes
from sim.validation.past_record import Past, Tolls
from sim.validation.pattern_estimators import Holds

MONTH = 30.0

NAMES = (
    "nothing_changes", "base_rate", "nearest_stronger_neighbour", "strongest_rebel_everywhere", "hawkes", "two_level_hawkes",
    "conflictology", "mixture", "uniform_places", "value_places", "shuffled_map",
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
    drawn = weekly_baselines(known.past, outcome.weeks, (seed,))
    inside = can_fight(began, known.scenario)
    by_name = {
        "nothing_changes": _nothing_changes(known, outcome, began),
        "base_rate": _base_rate(known, outcome, began, drawn.get("base_rate"), np.random.default_rng([seed, 1, 0])),
        "nearest_stronger_neighbour": Forecast(
            NAMES[2], began, nearest_stronger(known.scenario, known.geography, began)[None]
        ),
        "strongest_rebel_everywhere": Forecast(NAMES[3], began, strongest_everywhere(known.scenario, began)[None]),
        **{name: _of_weeks(name, began, drawn.get(name)) for name in WEEKLY if name != "base_rate"},
        "uniform_places": Forecast("uniform_places", began, places=inside / max(inside.sum(), 1)),
        "value_places": Forecast("value_places", began, places=value_places(known.geography, inside)),
        "shuffled_map": _shuffled_map(model, np.random.default_rng([seed, 3])),
    }
    return [by_name[name] for name in NAMES]


def _of_weeks(name: str, began: np.ndarray, drawn: Drawn | None) -> Forecast:
    if drawn is None:
        return Forecast(name, began)
    return Forecast(name, began, None, drawn.events.astype(float), drawn.deaths)


def value_places(geography: Geography, inside: np.ndarray) -> np.ndarray | None:
    """Return the chance that an event is at each town, f8 [T], in proportion to the town's value; None if all are 0."""
    value = np.array([place.value for place in geography.places]) * inside
    return value / value.sum() if value.sum() > 0 else None


def _shuffled_map(model: Forecast, rng: np.random.Generator) -> Forecast:
    """Return the model with the towns of each starting code in another order; of places, the mean over all orders."""
    places = None
    if model.places is not None:
        places = model.places.copy()
        for code in np.unique(model.began):
            towns = (model.began == code) & (model.places > 0)
            if towns.any():
                places[towns] = model.places[towns].mean()
    return Forecast("shuffled_map", model.began, None if model.control is None else shuffled(model, rng), places=places)


def calm_day(scenario: Scenario, origin: date) -> date | None:
    """Return the day after the latest agreement between rebels on all fronts that a scenario knows to be in force on a day.

    Agreements in force at the start and given ones, signed before `origin` and not expired by then; None without any. The
    process of two levels is told that this day is calm: so it knows of agreements what the model knows.
    """
    of_rebels = {
        name
        for title, faction in scenario.factions.items()
        if faction.role == "rebel"
        for name in (title, faction.code or title, *faction.groups)
    }
    given = [entry.agreement for entry in scenario.given if entry.agreement is not None]
    signed = [
        agreement.signed
        for agreement in (*scenario.agreements.values(), *given)
        if agreement.signed < origin
        and (agreement.expires is None or agreement.expires >= origin)
        and agreement.scope == "all_fronts"
        and of_rebels.issuperset(agreement.between)
    ]
    return max(signed) + timedelta(days=1) if signed else None


def _nothing_changes(known: Known, outcome: Outcome, began: np.ndarray) -> Forecast:
    holds = {}
    for agreement in outcome.relapses:
        first = max(0, -agreement.signed)
        holds[agreement.name] = Hold(first, np.zeros(max(outcome.last - agreement.signed - first + 1, 0)), 1.0)
    if known.past is None or not outcome.weeks:
        return Forecast(NAMES[0], began, began[None], holds=holds)
    share = np.array([[(week.last - week.first + 1) / WEEK for week in outcome.weeks]])
    events, deaths = known.past.weeks.last
    return Forecast(NAMES[0], began, began[None], share * events, share * deaths, holds)


def _base_rate(
    known: Known, outcome: Outcome, began: np.ndarray, drawn: Drawn | None, rng: np.random.Generator
) -> Forecast:
    rates = change_rates(known.scenario, known.geography)
    control = None if rates is None else drawn_control(began, rates, outcome.control_day, rng)
    weeks = _of_weeks("base_rate", began, drawn)
    return Forecast(weeks.name, began, control, weeks.events, weeks.deaths, _past_holds(known.holds, outcome))


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


MEMBERS = 2000
WINDOW_WEEKS = 52  # of conflictology: VIEWS draws from the last twelve months
MIXTURE_SHARE = 0.1  # chance that the mixture draws from all past weeks with an event; assumed, VIEWS names no value


class Drawn(NamedTuple):
    """Courses of weeks: events i8 [M, W], and deaths f8 [M, W] if the past has any."""

    events: np.ndarray
    deaths: np.ndarray | None


def base_rate(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator) -> Drawn:
    """Return weeks with the mean and variance of all past ones."""
    stretches = np.array([week.last - week.first + 1 for week in weeks]) / WEEK
    counts = drawn_counts(past.weeks.mean, past.weeks.variance, stretches, rng)
    return Drawn(counts, tolls_of(counts, past.deaths_per_event, rng))


def hawkes(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator) -> Drawn | None:
    """Return the courses of the plain Hawkes process that continues from the past; None if none could be fitted."""
    figures = past.hawkes
    if figures is None:
        return None
    days = max(week.last for week in weeks) + 1.0
    member, time = simulate_hawkes(figures.process, days, rng, MEMBERS, figures.excitation)
    counts = np.zeros((MEMBERS, len(weeks)), dtype=np.int64)
    for column, week in enumerate(weeks):
        here = (time >= week.first) & (time < week.last + 1)
        counts[:, column] = np.bincount(member[here], minlength=MEMBERS)
    return Drawn(counts, tolls_of(counts, past.deaths_per_event, rng))


def two_level_hawkes(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator) -> Drawn | None:
    """Return the courses of the Hawkes process of two levels that continues from the past; None if none could be fitted."""
    figures = past.two_level
    if figures is None:
        return None
    days = max(week.last for week in weeks) + 1
    daily = simulate_two_level(figures.process, days, rng, MEMBERS, figures.level)
    counts = np.stack([daily[:, week.first : week.last + 1].sum(axis=1) for week in weeks], axis=1)
    return Drawn(counts, tolls_of(counts, past.deaths_per_event, rng))


def conflictology(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator, mixed: float = 0.0) -> Drawn | None:
    """Return weeks drawn with replacement from the last WINDOW_WEEKS of the record; None without weeks.

    `mixed`: the chance that a week is drawn from all past weeks with an event instead, so that a quiet year does not rule out
    a violent week. Events and deaths are of the same week. Of a stretch that is not whole weeks, the rest is drawn
    by thinning one more week.
    """
    record = np.array([past.weeks.events, past.weeks.deaths], dtype=np.int64)
    if not record.shape[1]:
        return None
    recent = np.arange(max(0, record.shape[1] - WINDOW_WEEKS), record.shape[1])
    violent = np.flatnonzero(record[0] > 0)
    counts = np.zeros((2, MEMBERS, len(weeks)), dtype=np.int64)
    for column, week in enumerate(weeks):
        whole, rest = divmod(week.last - week.first + 1, WEEK)
        size = (MEMBERS, whole + (rest > 0))
        row = rng.choice(recent, size)
        if len(violent):
            row = np.where(rng.random(size) < mixed, rng.choice(violent, size), row)
        drawn = record[:, row]
        if rest:
            drawn[:, :, -1] = rng.binomial(drawn[:, :, -1], rest / WEEK)
        counts[:, :, column] = drawn.sum(axis=2)
    return Drawn(counts[0], counts[1].astype(float))


def mixture(past: Past, weeks: tuple[Week, ...], rng: np.random.Generator) -> Drawn | None:
    """Return conflictology in which a share MIXTURE_SHARE of weeks is drawn from all past weeks with an event."""
    return conflictology(past, weeks, rng, MIXTURE_SHARE)


WEEKLY: dict[str, Callable[[Past, tuple[Week, ...], np.random.Generator], Drawn | None]] = {
    "base_rate": base_rate,
    "hawkes": hawkes,
    "two_level_hawkes": two_level_hawkes,
    "conflictology": conflictology,
    "mixture": mixture,
}


def weekly_baselines(past: Past | None, weeks: tuple[Week, ...], seed: tuple[int, ...]) -> dict[str, Drawn]:
    """Return the weeks of every baseline that the past allows, by its name; each has random numbers of its own."""
    if past is None or not weeks:
        return {}
    courses = {
        name: draw(past, weeks, np.random.default_rng([*seed, row])) for row, (name, draw) in enumerate(WEEKLY.items())
    }
    return {name: drawn for name, drawn in courses.items() if drawn is not None}


def baseline_text(name: str | None) -> str:
    """Say the name of a baseline: "two level Hawkes", "none"."""
    return "none" if name is None else name.replace("_", " ").replace("hawkes", "Hawkes")


def drawn_counts(mean: float, variance: float, weeks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts of stretches of so many weeks [W]: i8 [MEMBERS, W], negative binomial, Poisson if variance <= mean."""
    means = mean * weeks
    if variance <= mean or mean <= 0:
        return rng.poisson(means, size=(MEMBERS, len(weeks)))
    shape = means * mean / (variance - mean)
    return rng.poisson(rng.gamma(shape, (variance - mean) / mean, size=(MEMBERS, len(weeks))))


def tolls_of(counts: np.ndarray, tolls: Tolls | None, rng: np.random.Generator) -> np.ndarray | None:
    """Return the deaths of so many events, f8 of the shape of `counts`, each drawn from the past's distribution."""
    if tolls is None:
        return None
    drawn = np.rint(np.interp(rng.random(int(counts.sum())), tolls.shares, tolls.deaths))
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    return np.bincount(cell, weights=drawn, minlength=counts.size).reshape(counts.shape)
