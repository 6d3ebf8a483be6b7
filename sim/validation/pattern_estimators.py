"""Estimators of the patterns P1-P15 of docs/ODD.md, with P16-P24 and C1-C4 of pattern_rounds, the same for simulated and observed logs.

`samples` reduces one log (and its agreements) to the raw samples behind the patterns; `pool` joins those of many runs;
`measure` turns samples into figures. So each pattern can be had per run and pooled over runs with one estimator.
A figure that the samples cannot give (no events, no agreements) is NaN.

A round, of whose losses P10 speaks, is an episode in which the two sides lost at least `ROUND_LOSSES` fighters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from sim.statistics.conflict_log import QUIET_DAYS, Log
from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
from sim.statistics.summary import Episode, episodes, places, places_by_day, quiet_days
from sim.statistics.survival import survival
from sim.validation.pattern_rounds import (
    CAMPAIGN_FIGURES,
    ROUND_PATTERNS,
    Campaign,
    LargeRound,
    RoundContext,
    campaign_figures,
    campaigns,
    quiet_months,
    round_figures,
    round_mean,
    small_episodes,
    two_largest,
)

EARTH_KM = 6371.0088
REACH_DAYS = (7, 14, 21, 47)  # P9
SHORT_DAYS = 2  # P2: events of at most so many days
ROUND_LOSSES = 10  # P10: fighters lost by both sides, so that a ratio says something

PLACES_SCORE = "P25_places_log_score"  # of many runs together, see pattern_nulls

PATTERNS: dict[str, tuple[str, str]] = {
    "P1_deaths_per_event_mean": ("deaths", "without summary rows"),
    "P1_deaths_per_event_median": ("deaths", "without summary rows"),
    "P1_deaths_per_event_p90": ("deaths", "without summary rows"),
    "P2_deaths_per_day_median": ("deaths", "per day with fighting, of events of at most two days"),
    "P2_deaths_per_day_p90": ("deaths", "per day with fighting, of events of at most two days"),
    "P3_episode_days_median": ("days", "a quiet gap over 7 days ends an episode"),
    "P3_episode_days_mean": ("days", "a quiet gap over 7 days ends an episode"),
    "P3_episode_days_max": ("days", "a quiet gap over 7 days ends an episode"),
    "P4_single_event_share": ("share", "of episodes with one event"),
    "P4_several_places_share": ("share", "of episodes that reach two or more places"),
    "P5_quiet_days_median": ("days", "from the last day of an episode to the first of the next"),
    "P5_quiet_days_mean": ("days", "from the last day of an episode to the first of the next"),
    "P6_hold_days_median": ("days", "Kaplan-Meier, agreements among rebels signed in the window"),
    "P6_ended_within_7_share": ("share", "Kaplan-Meier, of agreements ended by day 7"),
    "P6_ended_within_15_share": ("share", "Kaplan-Meier, of agreements ended by day 15"),
    "P6_held_over_30_share": ("share", "Kaplan-Meier, of agreements that hold longer than 30 days"),
    "P7_branching": ("offspring", "exponential Hawkes fit"),
    "P7_lag_days": ("days", "exponential Hawkes fit"),
    "P8_weekly_mean": ("events", "a week"),
    "P8_weekly_variance": ("events squared", "of weekly events"),
    "P8_weekly_none_share": ("share", "of weeks without an event"),
    "P8_weekly_variance_to_mean": ("ratio", "variance of weekly events over their mean"),
    "P9_places_day_7": ("places", "reached in the largest round by its day 7"),
    "P9_places_day_14": ("places", "reached in the largest round by its day 14"),
    "P9_places_day_21": ("places", "reached in the largest round by its day 21"),
    "P9_places_day_47": ("places", "reached in the largest round by its day 47"),
    "P10_losses_ratio": ("ratio", "fighters lost by the first side to those of its rivals, median of rounds"),
    "P11_towns_changed": ("towns", "whose holder at the end of the window is not that of its start"),
    "P12_government_deaths_before": ("deaths a day", "between government and rebels, before the zone was agreed"),
    "P12_government_deaths_after": ("deaths a day", "between government and rebels, since the zone was agreed"),
    "P13_km_between_median": ("km", "between consecutive events within 7 days"),
    "P14_largest_round_deaths_share": ("share", "of all deaths, without summary rows"),
    "P14_largest_round_events_share": ("share", "of all events, without summary rows"),
    "P15_signed_inside_share": ("share", "of agreements signed inside the largest round, which went on"),
    "P15_signed_inside_any_share": ("share", "of agreements signed inside any episode that went on"),
    **ROUND_PATTERNS,
    **CAMPAIGN_FIGURES,
    PLACES_SCORE: ("nats an event", "minus the log share of the runs' events in the town of an observed event"),
}


@dataclass(frozen=True, eq=False)
class Holds:
    """Agreements among rebels. Arrays of one length: signing day, days held, whether still in force at the end."""

    signed: np.ndarray  # i8, day of the window
    days: np.ndarray  # f8
    censored: np.ndarray  # bool


NO_HOLDS = Holds(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))


class Theatre(NamedTuple):
    """Data that a log among rebels does not contain; None if unknown.

    `before` and `after`: deaths between government and rebels, and the days they were counted over, before and since the
    zone was agreed. `rounds`: what the figures of large rounds need.
    """

    changed: int | None = None  # towns with another holder at the end than at the start
    before: tuple[int, int] | None = None
    after: tuple[int, int] | None = None
    rounds: RoundContext = RoundContext()


NOTHING = Theatre()


@dataclass(frozen=True, eq=False)
class Samples:
    """Raw samples behind the patterns; every field is a list so that runs are pooled by joining lists."""

    event_deaths: list[int]
    day_deaths: list[int]
    episode_days: list[int]
    episode_events: list[int]
    episode_places: list[int]
    quiet: list[int]
    hold_days: list[float]
    hold_censored: list[bool]
    inside_largest: list[bool]
    inside_any: list[bool]
    times: list[Times]
    weekly: list[int]
    reached: list[tuple[int, ...]]  # places by REACH_DAYS, one row a run with fighting
    km: list[float]
    largest_deaths: list[float]  # share, one a run with fighting
    largest_events: list[float]
    losses: list[tuple[int, int]]  # fighters lost by the first side and by its rivals, one row a round
    changed: list[int]  # one a run
    before: list[tuple[int, int]]  # deaths and days, one row a run
    after: list[tuple[int, int]]
    two_events: list[float]  # share, one a run with fighting
    two_deaths: list[float]
    small: list[int]  # events of small episodes
    quiet_months: list[int]  # one a run
    large: list[LargeRound]
    campaigns: list[Campaign]


def distance_km(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Return great-circle kilometres between consecutive points in degrees: f8 [n - 1] (haversine)."""
    phi, theta = np.radians(lat), np.radians(lon)
    half = np.sin(np.diff(phi) / 2) ** 2 + np.cos(phi[:-1]) * np.cos(phi[1:]) * np.sin(np.diff(theta) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))


def deaths_by_day(log: Log, longest: int = SHORT_DAYS) -> list[int]:
    """Return the deaths of each day with fighting, by first day of events of at most `longest` days."""
    keep = log.end - log.day < longest
    _, row = np.unique(log.day[keep], return_inverse=True)
    return [int(value) for value in np.bincount(row, weights=log.deaths[keep])] if keep.any() else []


def weekly_counts(log: Log) -> list[int]:
    """Return events in each week of the window, from its first day; a last part of a week counts as one."""
    weeks = -(-log.days // 7)
    inside = log.day[(log.day >= 0) & (log.day < log.days)]
    return [int(value) for value in np.bincount(inside // 7, minlength=weeks)]


def km_between(log: Log, within: int = QUIET_DAYS) -> list[float]:
    """Return km between consecutive located events that are at most `within` days apart."""
    known = np.isfinite(log.lat) & np.isfinite(log.lon) & ~log.summary
    day = log.day[known]
    close = np.diff(day) <= within
    return [float(km) for km in distance_km(log.lat[known], log.lon[known])[close]]


def largest_round(log: Log, rounds: Sequence[Episode]) -> Episode | None:
    """Return the episode with most events (the earliest of equals); None without events."""
    return max(rounds, key=lambda episode: episode.events, default=None)


def signed_inside(signed: np.ndarray, rounds: Sequence[Episode]) -> list[bool]:
    """Return for each signing day whether it lies inside one of the episodes and that continues after it."""
    return [any(episode.began <= day < episode.ended for episode in rounds) for day in signed.tolist()]


def round_losses(log: Log, rounds: Sequence[Episode]) -> list[tuple[int, int]]:
    """Return the losses of the first side and of its rivals in each round; none if the log does not have them."""
    if log.losses is None:
        return []
    sums = [log.losses[episode.first : episode.last].sum(axis=0).tolist() for episode in rounds]
    return [(own, rivals) for own, rivals in sums if own + rivals >= ROUND_LOSSES]


def samples(log: Log, holds: Holds, theatre: Theatre = NOTHING) -> Samples:
    """Return the raw samples of one run or of the observed record."""
    rounds = episodes(log)
    largest = largest_round(log, rounds)
    own = ~log.summary
    total, inside = int(log.deaths[own].sum()), own & (np.arange(len(log)) >= (largest.first if largest else 0))
    inside &= np.arange(len(log)) < (largest.last if largest else 0)
    two_events, two_deaths = two_largest(log, rounds)
    return Samples(
        event_deaths=[int(n) for n in log.deaths[~log.summary]],
        day_deaths=deaths_by_day(log),
        episode_days=[episode.days for episode in rounds],
        episode_events=[episode.events for episode in rounds],
        episode_places=[places(log, episode) for episode in rounds],
        quiet=quiet_days(rounds),
        hold_days=[float(n) for n in holds.days],
        hold_censored=[bool(n) for n in holds.censored],
        inside_largest=signed_inside(holds.signed, [largest] if largest else []),
        inside_any=signed_inside(holds.signed, rounds),
        times=[Times(spread_ties(log.day), float(log.days))],
        weekly=weekly_counts(log),
        reached=[tuple(places_by_day(log, largest, day) for day in REACH_DAYS)] if largest else [],
        km=km_between(log),
        largest_deaths=[float(log.deaths[inside].sum()) / total] if total else [],
        largest_events=[float(inside.sum() / own.sum())] if own.any() else [],
        losses=round_losses(log, rounds),
        changed=[] if theatre.changed is None else [theatre.changed],
        before=[theatre.before] if theatre.before else [],
        after=[theatre.after] if theatre.after else [],
        two_events=[two_events] if rounds else [],
        two_deaths=[two_deaths] if total else [],
        small=small_episodes(rounds),
        quiet_months=[quiet_months(log)],
        large=round_figures(log, rounds, theatre.rounds),
        campaigns=campaigns(log, theatre.rounds.groups),
    )


def pool(runs: Sequence[Samples]) -> Samples:
    """Join the samples of many runs: every event, episode and agreement counts once."""
    return Samples(
        **{field.name: [item for run in runs for item in getattr(run, field.name)] for field in fields(Samples)}
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _top(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.9)) if len(values) else math.nan


def measure_holds(sample: Samples) -> dict[str, float]:
    """Return P6 and P15."""
    curve = survival(np.array(sample.hold_days), np.array(sample.hold_censored, dtype=bool))
    some = len(sample.hold_days) > 0
    median = curve.median if some else None
    return {
        "P6_hold_days_median": math.nan if not some else math.inf if median is None else median,
        "P6_ended_within_7_share": 1 - curve.at(7) if some else math.nan,
        "P6_ended_within_15_share": 1 - curve.at(15) if some else math.nan,
        "P6_held_over_30_share": curve.at(30) if some else math.nan,
        "P15_signed_inside_share": _mean(sample.inside_largest),
        "P15_signed_inside_any_share": _mean(sample.inside_any),
    }


def measure_time(sample: Samples, hawkes: bool = True) -> dict[str, float]:
    """Return P3-P5, P7 and P8; P7, which takes most of the time, is NaN without `hawkes`."""
    fit = fit_hawkes(sample.times) if hawkes else None
    weekly = sample.weekly
    mean, variance = _mean(weekly), float(np.var(weekly, ddof=1)) if len(weekly) > 1 else math.nan
    return {
        "P3_episode_days_median": _median(sample.episode_days),
        "P3_episode_days_mean": _mean(sample.episode_days),
        "P3_episode_days_max": float(max(sample.episode_days, default=math.nan)),
        "P4_single_event_share": _mean([n == 1 for n in sample.episode_events]),
        "P4_several_places_share": _mean([n >= 2 for n in sample.episode_places]),
        "P5_quiet_days_median": _median(sample.quiet),
        "P5_quiet_days_mean": _mean(sample.quiet),
        "P7_branching": fit.branching if fit else math.nan,
        "P7_lag_days": fit.lag if fit else math.nan,
        "P8_weekly_mean": mean,
        "P8_weekly_variance": variance,
        "P8_weekly_variance_to_mean": variance / mean if mean > 0 else math.nan,
        "P8_weekly_none_share": _mean([n == 0 for n in weekly]),
    }


def measure_toll_and_space(sample: Samples) -> dict[str, float]:
    """Return P1, P2, P9, P13 and P14."""
    reached = {f"P9_places_day_{day}": _median([row[i] for row in sample.reached]) for i, day in enumerate(REACH_DAYS)}
    return {
        "P1_deaths_per_event_mean": _mean(sample.event_deaths),
        "P1_deaths_per_event_median": _median(sample.event_deaths),
        "P1_deaths_per_event_p90": _top(sample.event_deaths),
        "P2_deaths_per_day_median": _median(sample.day_deaths),
        "P2_deaths_per_day_p90": _top(sample.day_deaths),
        **reached,
        "P13_km_between_median": _median(sample.km),
        "P14_largest_round_deaths_share": _median(sample.largest_deaths),
        "P14_largest_round_events_share": _median(sample.largest_events),
    }


def _a_day(rows: Sequence[tuple[int, int]]) -> float:
    days = sum(row[1] for row in rows)
    return sum(row[0] for row in rows) / days if days else math.nan


def measure_sides(sample: Samples) -> dict[str, float]:
    """Return P10-P12."""
    return {
        "P10_losses_ratio": _median([own / rivals if rivals else math.inf for own, rivals in sample.losses]),
        "P11_towns_changed": _median(sample.changed),
        "P12_government_deaths_before": _a_day(sample.before),
        "P12_government_deaths_after": _a_day(sample.after),
    }


def measure_rounds(sample: Samples) -> dict[str, float]:
    """Return P16-P24."""
    large = sample.large
    return {
        "P16_two_largest_events_share": _median(sample.two_events),
        "P16_two_largest_deaths_share": _median(sample.two_deaths),
        "P17_small_episodes_events_mean": _mean(sample.small),
        "P18_quiet_months": _median(sample.quiet_months),
        "P19_target_share": round_mean(large, "target"),
        "P20_half_deaths_days": round_mean(large, "half_days"),
        "P21_deaths_after": round_mean(large, "after"),
        "P22_sisters_fighting_share": round_mean(large, "sisters"),
        "P23_towns_changed": round_mean(large, "changed"),
        "P24_pressure_below_share": round_mean(large, "below"),
    }


def measure(sample: Samples, hawkes: bool = True) -> dict[str, float]:
    """Return every figure of `PATTERNS`, in its order, from the samples of one run or of a pool; P7 with `hawkes` only.

    P25, which is of many runs together, is NaN.
    """
    values = {
        **measure_holds(sample),
        **measure_time(sample, hawkes),
        **measure_toll_and_space(sample),
        **measure_sides(sample),
        **measure_rounds(sample),
        **campaign_figures(sample.campaigns),
        PLACES_SCORE: math.nan,
    }
    return {name: values[name] for name in PATTERNS}
