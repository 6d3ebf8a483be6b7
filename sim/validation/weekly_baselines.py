"""Baseline forecasts of weekly events and deaths, made from the record before the forecast alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.statistics.hawkes import simulate_hawkes, simulate_two_level
from sim.validation.outcome import WEEK, Week
from sim.validation.past_record import Past, Tolls

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
