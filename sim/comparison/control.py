"""Who holds each town over matched runs, and by which paths a town came to its holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.comparison.matched_runs import MatchedRuns
from sim.comparison.results import ControlContrast, ControlResult, FirstClashes
from sim.errors import Fault, InputError
from sim.event_kinds import TABLE
from sim.geography.towns import find_place
from sim.results.phrases import held_text, names_of_codes
from sim.statistics.inference import (
    DISCOVERIES,
    LEAST_DIFFERENT,
    Matched,
    discoveries,
    entropy,
    matched,
    mcnemar,
    newcombe,
    wilson,
)
from sim.study.store import Study
from sim.text import percent, plural


def control(gathered: MatchedRuns) -> ControlResult:
    """Return the section on control."""
    days, order = _mornings(gathered), gathered.codes
    labels = tuple(town.label or town.name for town in gathered.geography.places)
    held = {name: _held(gathered, name, days) for name in gathered.scenarios}
    shares = {name: _shares(values, len(order)) for name, values in held.items()}
    contrasts = tuple(_contrast(gathered, held, name, order, labels) for name in gathered.others)
    return ControlResult(
        days=np.array(days),
        towns=tuple(gathered.towns),
        labels=labels,
        codes=tuple(order),
        names=gathered.names,
        runs={name: len(values) for name, values in held.items()},
        shares=shares,
        leading={name: np.argmax(values, axis=-1) for name, values in shares.items()},
        entropy={name: entropy(values) for name, values in shares.items()},
        contrasts=contrasts,
        note=_note(gathered),
    )


def first_clashes(gathered: MatchedRuns) -> FirstClashes | None:
    """Return where fighting begins; None of single runs, without any clash, and if a study does not keep it."""
    first = None if gathered.single else gathered.first_clashes
    if first is None or not any((days >= 0).any() for days in first.values()):
        return None
    labels = tuple(town.label or town.name for town in gathered.geography.places)
    return FirstClashes(tuple(gathered.towns), labels, gathered.days, first)


def first_clash_table(clashes: FirstClashes, day: int) -> pd.DataFrame:
    """Return a row for each scenario and town with a clash by a day: runs and shares of runs, with Wilson's 95 % intervals.

    `reached`: runs with a clash there; `opened`: runs in which fighting begins there; `median_day`: of the first clash there, in
    the runs that have one.
    """
    parts = []
    for name, first in clashes.first.items():
        there = (first >= 0) & (first <= day)
        rows = np.flatnonzero(there.any(axis=0))
        part: dict[str, Any] = {"scenario": name, "day": day, "town": np.array(clashes.towns)[rows], "runs": len(first)}
        for column, counts in (("reached", clashes.reached(name, day)), ("opened", clashes.opened(name, day))):
            low, high = wilson(counts[rows], np.full(len(rows), len(first)))
            shares = {"share": counts[rows] / len(first), "low": low, "high": high}
            part |= {column: counts[rows], **{f"{column}_{end}": values for end, values in shares.items()}}
        part["median_day"] = [float(np.median(first[there[:, town], town])) for town in rows]
        parts.append(pd.DataFrame(part).sort_values(["opened", "reached"], ascending=False, kind="stable"))
    return pd.concat(parts, ignore_index=True)


def _note(gathered: MatchedRuns) -> str:
    if gathered.single:
        return "One run a scenario: a town differs or it does not; nothing is resolved."
    return (
        "Shares of runs. A difference is resolved if an exact McNemar test over matched runs stands after control of the "
        f"false discovery rate at {percent(DISCOVERIES)} over all towns and codes of a day (Benjamini and Hochberg 1995; cells "
        f"in which fewer than {LEAST_DIFFERENT} pairs differ cannot be resolved and are not tested). Intervals are Newcombe's, "
        "of one town alone. If nothing is resolved, no difference was shown, which is not the same as none."
    )


def _mornings(gathered: MatchedRuns) -> list[int]:
    """Return the mornings that every scenario has, up to the last day of the shortest."""
    days = sorted(set.intersection(*(set(gathered.mornings(name)) for name in gathered.scenarios)))
    if not days:
        message = "the scenarios have no morning in common on which control is kept"
        raise InputError([Fault(str(gathered.first.folder), None, "control_days", message)])
    return days


def _held(gathered: MatchedRuns, name: str, days: list[int]) -> np.ndarray:
    """Return the row in `codes` of each town's holder on some mornings: i1 [R, K, T]; the last code if it is unknown."""
    holders = gathered.held[name][:, np.searchsorted(gathered.mornings(name), days)]
    return np.where(holders < 0, len(gathered.codes) - 1, holders)


def _shares(held: np.ndarray, kinds: int) -> np.ndarray:
    """Return the share of runs at each code, f8 [K, T, C], from codes i8 [R, K, T]."""
    return np.stack([np.mean(held == code, axis=0) for code in range(kinds)], axis=-1)


def _contrast(
    gathered: MatchedRuns, held: dict[str, np.ndarray], name: str, order: list[str], labels: tuple[str, ...]
) -> ControlContrast:
    both = gathered.pairs(name)
    first, second = (
        held[scenario][np.searchsorted(gathered.replicates(scenario), both)] for scenario in (gathered.reference, name)
    )
    counts = [matched(first == code, second == code) for code in range(len(order))]
    every = Matched(*(np.stack(parts, axis=-1) for parts in zip(*counts, strict=True)))
    if len(both) < 2:
        shape = every.both.shape
        gap = _shares(second, len(order)) - _shares(first, len(order)) if len(both) else np.full(shape, np.nan)
        low = high = np.full(shape, np.nan)
        p, resolved = np.ones(shape), np.zeros(shape, dtype=bool)
    else:
        gap, low, high = newcombe(every)
        p = mcnemar(every)
        resolved = _resolved(every, p)
    size = _size(gap)
    most = np.where(size.max(axis=-1) > 0, size.argmax(axis=-1), -1)
    differs = np.asarray(resolved.any(axis=-1))
    sentence = (
        _sentence(gap, resolved, _shares(first, len(order)), _shares(second, len(order)), order, labels, gathered.names)
        if len(both) > 1
        else ""
    )
    return ControlContrast(name, len(both), gap, low, high, p, resolved, most, differs, sentence)


def _size(gap: np.ndarray) -> np.ndarray:
    """Return how large differences are; of two codes that trade places the one that gains is a trace ahead."""
    known = np.nan_to_num(gap)
    return np.asarray(np.abs(known) + 1e-9 * (known > 0))


def _resolved(every: Matched, p: np.ndarray) -> np.ndarray:
    """Return which cells are discoveries, day by day: bool [K, T, C]."""
    discovered = np.zeros(p.shape, dtype=bool)
    tested = (every.other + every.reference) >= LEAST_DIFFERENT
    for day in range(len(p)):
        discovered[day][tested[day]] = discoveries(p[day][tested[day]])
    return discovered


def _sentence(
    gap: np.ndarray,
    resolved: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    order: list[str],
    labels: tuple[str, ...],
    names: dict[str, str],
) -> str:
    """Say in how many towns control differs on the last morning, and where most."""
    differs = resolved[-1].any(axis=-1)
    rate = f"false discovery rate {percent(DISCOVERIES)}"
    if not differs.any():
        return f"On the last morning no difference in control is resolved in any of {len(labels)} towns ({rate})."
    size = np.where(resolved[-1], _size(gap[-1]), 0.0)
    town, code = np.unravel_index(int(np.argmax(size)), size.shape)
    holder = held_text(order[code], names)
    return (
        f"On the last morning control differs in {int(differs.sum())} of {len(labels)} towns ({rate}), most of all in {labels[town]}: "
        f"{holder} in {percent(second[-1, town, code])} of runs against {percent(first[-1, town, code])}."
    )


STEPS = {name: kind.path for name, kind in TABLE.items() if kind.path}  # other kinds of event are passed over
LAST = {
    "capture": "taken",
    "withdrawal": "left by its garrison",
    "town_neutral": "made neutral by agreement",
    "town_entered": "entered while neutral",
    "handover": "handed over by its garrison",
}
SPLIT, ARROW = " > ", " \N{RIGHTWARDS ARROW} "
MOST_WAYS = 8
NO_CHANGE = "not taken, left or made neutral"


@dataclass(frozen=True, eq=False)
class ControlPath:
    """One way in which a town changed hands for the last time, and in how many runs of each scenario."""

    holder: str  # control code afterwards; "" for several, or for none
    text: str
    runs: np.ndarray  # i8 [scenarios]


@dataclass(frozen=True, eq=False)
class TownPaths:
    """All ways in which a town came to its holder, the commonest first, then what is left; every run is in one of them."""

    town: str
    label: str
    scenarios: tuple[str, ...]
    runs: np.ndarray  # i8 [scenarios], runs done
    ways: tuple[ControlPath, ...]
    holders: dict[str, np.ndarray]  # code at the end -> i8 [scenarios], runs; those with most runs first
    names: dict[str, str]  # what readers call each code

    def shares(self, way: ControlPath) -> np.ndarray:
        """Return the share of each scenario's runs that went this way, f8 [scenarios]; NaN without runs."""
        return np.divide(way.runs, self.runs, out=np.full(len(self.runs), np.nan), where=self.runs > 0)


def whole_percent(share: float) -> str:
    """Return a share as whole percent; "under 1 %" and "over 99 %" if it is neither none nor all."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def way_text(path: str) -> str:
    """Return the way that a path of kinds of event describes: each step once, in the order of their first."""
    *before, last = path.split(SPLIT)
    steps = dict.fromkeys(STEPS[kind] for kind in before if kind in STEPS)
    return ARROW.join([*steps, LAST.get(last, STEPS.get(last, last.replace("_", " ")))])


def town_paths(study: Study, word: str) -> TownPaths:
    """Return the ways of a town's last change of holder; KeyError with a clear message if there is no such town.

    As in `why` of a run, a change that no event names (a side merely stood in the town) does not count.
    """
    geography = study.geography()
    town = geography.places[find_place(geography, word)]
    scenarios = tuple(study.scenarios)
    changes = study.changes
    here = changes[(changes["town"] == town.name) & changes["path"].fillna("").ne("")]
    last = here.groupby(["scenario", "replicate"], sort=False).tail(1)  # rows of a run are in order of time
    counts: dict[tuple[str, str], Counter[str]] = {}
    for scenario, holder, path in zip(last["scenario"], last["to"], last["path"], strict=True):
        counts.setdefault((str(holder), way_text(str(path))), Counter())[str(scenario)] += 1
    done = Counter(str(name) for name in study.runs["scenario"])
    runs = np.array([done[name] for name in scenarios], np.int64)
    all_ways = [
        ControlPath(holder, text, np.array([by[name] for name in scenarios])) for (holder, text), by in counts.items()
    ]
    all_ways.sort(key=lambda way: (-int(way.runs.sum()), way.holder, way.text))
    changed = np.sum([way.runs for way in all_ways], axis=0) if all_ways else np.zeros(len(runs), np.int64)
    ways = (*_folded(all_ways), ControlPath("", NO_CHANGE, runs - changed))
    return TownPaths(
        town.name,
        town.label or town.name,
        scenarios,
        runs,
        ways,
        _holders(study, town.name, scenarios),
        names_of_codes(study.scenarios),
    )


def _holders(study: Study, town: str, scenarios: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return in how many runs of each scenario each side holds a town at the end: code -> i8 [scenarios], the commonest first."""
    rows = study.table("control", ["day", "town", "code"])
    rows = rows[rows["town"] == town]
    last = rows[rows["day"] == rows.groupby("scenario", observed=True)["day"].transform("max")]
    counted = Counter(zip(last["scenario"].astype(str), last["code"].astype(str), strict=True))
    codes = dict.fromkeys(code for _scenario, code in counted)
    counts = {code: np.array([counted[name, code] for name in scenarios], np.int64) for code in codes}
    return dict(sorted(counts.items(), key=lambda item: -int(item[1].sum())))


def holder_texts(paths: TownPaths, number: int) -> list[str]:
    """Return who holds a town at the end in the runs of a scenario, a line a side: share of runs, its interval, number of runs."""
    runs, lines = int(paths.runs[number]), []
    for code, counts in sorted(paths.holders.items(), key=lambda item: -int(item[1][number])):
        if count := int(counts[number]):
            low, high = (float(end) for end in wilson(count, runs))
            interval = f"({100 * low:.0f} to {100 * high:.0f} %)"
            lines.append(
                f"{whole_percent(count / runs):>9} {interval:<13} {count:>5}  {paths.names.get(code, code)} at the end"
            )
    return lines


def _folded(ways: list[ControlPath]) -> list[ControlPath]:
    """Return the commonest ways, and the others as one; of several scenarios not every other way occurs in each."""
    if len(ways) <= MOST_WAYS + 1:
        return ways
    rest = ways[MOST_WAYS:]
    text = f"{len(rest)} other ways" if len(rest[0].runs) == 1 else f"other ways, {len(rest)} in all scenarios"
    return [*ways[:MOST_WAYS], ControlPath("", text, np.sum([way.runs for way in rest], axis=0))]


def paths_lines(study: Study, paths: TownPaths) -> list[str]:
    """Return the shares as lines of text, scenario by scenario."""
    lines = [f"SIMULATED. {study.name}: who holds {paths.label} at the end, and how it came to its holder"]
    for number, name in enumerate(paths.scenarios):
        runs = int(paths.runs[number])
        lines.append(f"{name}, {plural(runs, 'run')}:")
        lines += [f"  {text}" for text in holder_texts(paths, number)]
        lines += ["  by its last change of holder:"] if runs else []
        for way in sorted(paths.ways, key=lambda way: -int(way.runs[number])):
            if count := int(way.runs[number]):
                lines.append(
                    f"  {whole_percent(count / runs):>9}  {count:>5}  {f'{paths.names.get(way.holder, way.holder)}: ' if way.holder else ''}{way.text}"
                )
    return lines
