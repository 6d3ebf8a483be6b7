"""What runs are held against beside the record: nulls, which are processes without actors, and town values (P25).

A null is fitted to the record and measured as runs are. Its events come at the times of a Hawkes process, of one of two levels, or of
a Poisson process; each has a toll drawn from the record's and a town drawn by value. What all nulls show tells nothing about actors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography
from sim.scenario.compose import display
from sim.scenario.yaml_reader import read_file
from sim.statistics.conflict_log import Log
from sim.statistics.hawkes import simulate_hawkes, simulate_two_level
from sim.validation.observed import Observation
from sim.validation.past_record import fits_of
from sim.validation.pattern_card import Card, figure_row, figures_of, joint_of, make_card, verdict_of
from sim.validation.pattern_estimators import NO_HOLDS, NOTHING, PLACES_SCORE, distance_km, samples
from sim.validation.pattern_file import NullFigures, NullHawkes, NullTwoLevel, Patterns
from sim.validation.pattern_samples import ReportedRun, aligned_start, log_of_run

NULLS = {"hawkes": "Hawkes", "two_level": "two-level Hawkes", "poisson": "Poisson"}
MEMBERS = 300  # simulations of each null
SEED = 20181031
MOST_BRANCHING = 0.99  # a process that grows without end is not simulated
SMOOTHING = 0.5  # events added to each town (Krichevsky & Trofimov 1981, IEEE Trans Inf Theory 27:199)
RESAMPLES = 200  # of the runs, for the band of P25


class Towns(NamedTuple):
    """The towns of a map: names object [T], degrees f8 [T], and values f8 [T] that sum to 1."""

    name: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, geography: Geography) -> Towns:
        """Return the towns of a map, weighted by their value; all alike if none has any."""
        places = geography.places
        value = np.array([max(place.value, 0.0) for place in places])
        weight = value / value.sum() if value.sum() else np.full(len(places), 1 / len(places))
        names = np.array([place.name for place in places], dtype=object)
        return cls(names, np.array([p.lat for p in places]), np.array([p.lon for p in places]), weight)

    def nearest(self, lat: float, lon: float) -> str:
        """Return the name of the town nearest to a point in degrees."""
        pairs = [
            np.stack([np.full(len(ends), point), ends], axis=1).ravel()
            for point, ends in ((lat, self.lat), (lon, self.lon))
        ]
        name: str = self.name[int(np.argmin(distance_km(*pairs)[::2]))]
        return name


def fit_nulls(log: Log, source: str) -> NullFigures | None:
    """Return the figures of all nulls fitted to a log, with `source` noted; None if it has too few events."""
    plain, two = fits_of(log)
    tolls = Counter(int(deaths) for deaths in log.deaths[~log.summary])
    if plain is None or two is None or not tolls:
        return None
    return NullFigures(
        source=source,
        hawkes=NullHawkes(mu_per_day=plain.mu, branching=min(plain.branching, MOST_BRANCHING), lag_days=plain.lag),
        two_level=NullTwoLevel(
            mu_per_day=list(two.mu), branching=list(two.branching), lag_days=two.lag,
            become_active_per_day=two.become_active, become_calm_per_day=two.become_calm,
        ),
        poisson_per_day=len(log) / log.days,
        tolls=[[deaths, events] for deaths, events in sorted(tolls.items())],
    )  # fmt: skip


def null_days(name: str, fitted: NullFigures, days: int, rng: np.random.Generator, members: int) -> list[np.ndarray]:
    """Return the days of the events of each simulation of a null, i8 [events] in order. `name`: a key of `NULLS`."""
    if name == "hawkes":
        course, time = simulate_hawkes(fitted.hawkes.process, days, rng, members)
        return [np.sort(time[course == member]).astype(np.int64) for member in range(members)]
    if name == "two_level":
        counts = simulate_two_level(fitted.two_level.process, days, rng, members)
    else:
        counts = rng.poisson(fitted.poisson_per_day, size=(members, days))
    return [np.repeat(np.arange(days), row) for row in counts]


def null_logs(
    name: str, fitted: NullFigures, towns: Towns, days: int, members: int = MEMBERS, seed: int = SEED
) -> Iterator[Log]:
    """Give the simulated logs of a null; they hold no group, loss, agreement or change of holder.

    Args:
        name: a key of `NULLS`.
        fitted: the fitted processes, and the tolls to draw from.
        towns: the towns that are drawn by their value.
        days: length of a log.
        members: number of logs.
        seed: the same seed gives the same logs.
    """
    rng = np.random.default_rng([seed, list(NULLS).index(name)])
    tolls, events = (np.array(column, dtype=np.int64) for column in zip(*fitted.tolls, strict=True))
    for day in null_days(name, fitted, days, rng, members):
        n = len(day)
        town = rng.choice(len(towns.weight), size=n, p=towns.weight)
        deaths = rng.choice(tolls, size=n, p=events / events.sum())
        summary = np.zeros(n, dtype=bool)
        yield Log(day, day, towns.name[town], towns.lat[town], towns.lon[town], deaths, summary, days)


def null_card(
    name: str,
    fitted: NullFigures,
    declared: Patterns,
    towns: Towns,
    observed: Mapping[str, float] | None = None,
    places: Mapping[str, int] | None = None,
    members: int = MEMBERS,
) -> Card:
    """Measure a null by the estimators of the card, over its windows, and judge it; what it cannot give counts as failed.

    Args:
        name: a key of `NULLS`.
        fitted: the fitted processes, and the tolls to draw from.
        declared: the patterns.
        towns: the towns that are drawn by their value.
        observed: figures computed from a record, in place of the declared ones.
        places: events of the record by town, for P25.
        members: number of simulations.

    Example:
        >>> from sim.geography.maps import load_map
        >>> from sim.validation.pattern_file import FOLDER, read_patterns
        >>> from sim.validation.pattern_nulls import Towns, null_card
        >>> file = min(FOLDER.glob("*.yaml"))  # named as its map, of the theatre that comes first
        >>> declared = read_patterns(file)
        >>> card = null_card("poisson", declared.nulls, declared, Towns.of(load_map(file.stem)), members=5)
        >>> sorted(card.verdicts) == sorted(declared.patterns)
        True
    """
    days = max(declared.needed_days(window) for window in declared.windows)
    logs = list(null_logs(name, fitted, towns, days, members))
    values = [_figures(log, declared) for log in logs]
    rows = []
    for pattern, key, figure in declared.figures():
        column = np.array([found[key] for found in values])
        if key == PLACES_SCORE and places:
            column = place_scores(logs, towns, places)
        seen = (observed or {}).get(key)
        rows.append(figure_row(pattern, key, figure, column, math.nan, (days, days), seen, NULLS[name], must_give=True))
    verdicts = {key: verdict_of([row for row in rows if row.pattern == key]) for key in declared.patterns}
    by_run = tuple((NULLS[name], number, found) for number, found in enumerate(values))
    about = f"{members} simulations of {days} days, {NULLS[name]}"
    return Card(declared.title, about, members, tuple(rows), verdicts, declared, by_run, joint_of(values, declared))


def _figures(log: Log, declared: Patterns) -> dict[str, float]:
    """Return the declared figures of a null's log."""
    parts = {}
    for name, window in declared.windows.items():
        first = aligned_start(log, declared, window) or 0
        parts[name] = samples(log.since(first).until(window.days), NO_HOLDS, NOTHING)
    return figures_of(parts, declared)


def place_scores(logs: Sequence[Log], towns: Towns, places: Mapping[str, int]) -> np.ndarray:
    """Return P25 for resampled sets of logs, f8 [RESAMPLES]: nats an observed event, lower is better.

    Minus the mean logarithm, over the observed events, of the share of the logs' events in the event's town, with `SMOOTHING`.
    """
    row = {name: index for index, name in enumerate(towns.name)}
    counts = np.zeros((len(logs), len(row)))
    for number, log in enumerate(logs):
        known = [row[place] for place in log.place[~log.summary] if place in row]
        counts[number] = np.bincount(np.array(known, dtype=np.int64), minlength=len(row))
    chosen = [row[name] for name in places]
    weight = np.array(list(places.values()), dtype=float) / sum(places.values())
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(len(logs), np.full(len(logs), 1 / len(logs)), size=RESAMPLES) @ counts + SMOOTHING
    share = drawn / drawn.sum(axis=1, keepdims=True)
    scores: np.ndarray = -np.log(share[:, chosen]) @ weight
    return scores


def weight_score(towns: Towns, places: Mapping[str, int], uniform: bool = False) -> float:
    """Return the P25 of towns drawn by value, or alike: nats an observed event."""
    row = {name: index for index, name in enumerate(towns.name)}
    weight = np.full(len(row), 1 / len(row)) if uniform else towns.weight
    events = sum(places.values())
    return -sum(count * math.log(weight[row[name]]) for name, count in places.items()) / events


def run_logs(runs: Sequence[ReportedRun], declared: Patterns) -> list[Log]:
    """Return the logs of runs over the window of P25."""
    name = next(declared.window_of(pattern, key) for pattern, key, _ in declared.figures() if key == PLACES_SCORE)
    window, logs = declared.windows[name], [log_of_run(run, declared) for run in runs]
    firsts = [aligned_start(log, declared, window) or 0 for log in logs]
    return [log.since(first).until(window.days) for log, first in zip(logs, firsts, strict=True)]


def places_of(log: Log, towns: Towns) -> dict[str, int]:
    """Return the located events of a record by the nearest town."""
    known = np.flatnonzero(~log.summary & np.isfinite(log.lat) & np.isfinite(log.lon))
    return dict(Counter(towns.nearest(float(log.lat[i]), float(log.lon[i])) for i in known))


def check_places(declared: Patterns, towns: Towns, file: Path) -> None:
    """Raise InputError, with file and line, if the patterns' places name a town that the map does not have."""
    if declared.places is None:
        return
    names = set(towns.name)
    unknown = [name for name in declared.places.events if name not in names]
    if unknown:
        lines = read_file(file, display(file)).lines
        raise InputError(
            Fault(
                display(file), lines.get(("places", "events", name)), f"places.events.{name}",
                f"the map has no such town{did_you_mean(name, list(towns.name))}",
            )
            for name in unknown
        )  # fmt: skip


def card_with_nulls(
    runs: Sequence[ReportedRun],
    declared: Patterns,
    towns: Towns,
    record: Observation | None = None,
    whole_record: Observation | None = None,
    members: int = MEMBERS,
    whole: bool = True,
) -> Card:
    """Return the card of runs, with those of the nulls, and the same over the windows that aligned ones are cut from.

    A single run is not judged, so nulls, which stand beside verdicts, are not simulated for it.

    Args:
        runs: the runs.
        declared: the patterns.
        towns: the towns of the map.
        record: figures and logs computed from files, to which the nulls are fitted anew; None for the declared ones.
        whole_record: those of the patterns `declared.over_whole()`.
        members: number of simulations of each null.
        whole: False leaves out the windows that aligned ones are cut from.

    Raises:
        InputError: without runs.
    """
    places = dict(declared.places.events) if declared.places else {}
    fitted, observed = declared.nulls, dict(record.figures) if record else {}
    score_window = next(
        (declared.window_of(name, key) for name, key, _ in declared.figures() if key == PLACES_SCORE), None
    )
    if record is not None:
        fitted = (
            fit_nulls(max(record.logs.values(), key=lambda log: (log.days, len(log))), "the files of events given")
            or fitted
        )
        if score_window is not None and (located := places_of(record.logs[score_window], towns)):
            places, observed[PLACES_SCORE] = located, weight_score(towns, located)
    if len(runs) == 1:
        fitted = None
    together = {}
    if places and score_window is not None:
        together[PLACES_SCORE] = place_scores(run_logs(runs, declared), towns, places)
    card = make_card(runs, declared, observed, together=together)
    nulls = _null_cards(fitted, declared, towns, observed, places, members)
    wider, of_whole = declared.over_whole() if whole else None, None
    if wider is not None:
        seen = whole_record.figures if whole_record else None
        of_whole = replace(make_card(runs, wider, seen), nulls=_null_cards(fitted, wider, towns, seen, None, members))
    return replace(card, nulls=nulls, null_source=fitted.source if fitted else "", whole=of_whole)


def _null_cards(
    fitted: NullFigures | None,
    declared: Patterns,
    towns: Towns,
    observed: Mapping[str, float] | None,
    places: Mapping[str, int] | None,
    members: int,
) -> tuple[tuple[str, Card], ...]:
    if fitted is None:
        return ()
    return tuple((name, null_card(name, fitted, declared, towns, observed, places, members)) for name in NULLS)
