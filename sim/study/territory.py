"""Who holds each town: shares of runs by scenario, and where scenarios differ beyond chance."""

from __future__ import annotations

import numpy as np

from sim.errors import Fault, InputError
from sim.statistics.shares import (
    DISCOVERIES,
    LEAST_DIFFERENT,
    Matched,
    discoveries,
    entropy,
    matched,
    mcnemar,
    newcombe,
)
from sim.statistics.sides import MIXED, NEUTRAL
from sim.study.comparison import Control, ControlContrast
from sim.study.gathered import Gathered
from sim.study.say import percent


def control(found: Gathered) -> Control:
    """Return the section on control."""
    days, order = _mornings(found), found.codes
    labels = tuple(place.label or place.name for place in found.geography.places)
    held = {name: _held(found, name, days) for name in found.scenarios}
    shares = {name: _shares(one, len(order)) for name, one in held.items()}
    contrasts = tuple(_contrast(found, held, name, order, labels) for name in found.others)
    return Control(
        days=np.array(days),
        towns=tuple(found.towns),
        labels=labels,
        codes=tuple(order),
        runs={name: len(one) for name, one in held.items()},
        shares=shares,
        leading={name: np.argmax(one, axis=-1) for name, one in shares.items()},
        entropy={name: entropy(one) for name, one in shares.items()},
        contrasts=contrasts,
        note=_note(found),
    )


def _note(found: Gathered) -> str:
    if found.single:
        return "One run a scenario: a town differs or it does not; nothing is resolved, all differences are hatched."
    return (
        "Shares of runs. A difference is resolved where an exact McNemar test over matched runs stands after control of the "
        f"false discovery rate at {percent(DISCOVERIES)} over all towns and codes of a day (Benjamini and Hochberg 1995; cells "
        f"in which fewer than {LEAST_DIFFERENT} pairs differ cannot be resolved and are not tested). Intervals are Newcombe's, "
        "of one town alone. Towns not resolved are hatched: no difference was shown, which is not the same as none."
    )


def _mornings(found: Gathered) -> list[int]:
    """Return the mornings that every scenario has, up to the last day of the shortest."""
    days = sorted(set.intersection(*(set(found.mornings(name)) for name in found.scenarios)))
    if not days:
        said = "the scenarios have no morning in common on which control is kept"
        raise InputError([Fault(str(found.first.folder), None, "control_days", said)])
    return days


def _held(found: Gathered, name: str, days: list[int]) -> np.ndarray:
    """Return the row in `codes` of each town's holder on some mornings: i1 [R, K, T]; the last code where it is not known."""
    kept = found.held[name][:, np.searchsorted(found.mornings(name), days)]
    return np.where(kept < 0, len(found.codes) - 1, kept)


def _shares(held: np.ndarray, kinds: int) -> np.ndarray:
    """Return the share of runs at each code, f8 [K, T, C], from codes i8 [R, K, T]."""
    return np.stack([np.mean(held == code, axis=0) for code in range(kinds)], axis=-1)


def _contrast(
    found: Gathered, held: dict[str, np.ndarray], name: str, order: list[str], labels: tuple[str, ...]
) -> ControlContrast:
    both = found.pairs(name)
    first, second = (held[one][np.searchsorted(found.replicates(one), both)] for one in (found.reference, name))
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
    told = np.asarray(resolved.any(axis=-1))
    sentence = (
        _sentence(gap, resolved, _shares(first, len(order)), _shares(second, len(order)), order, labels)
        if len(both) > 1
        else ""
    )
    return ControlContrast(name, len(both), gap, low, high, p, resolved, most, told, sentence)


def _size(gap: np.ndarray) -> np.ndarray:
    """Return how large differences are; of two codes that trade places the one that gains is a trace ahead."""
    known = np.nan_to_num(gap)
    return np.asarray(np.abs(known) + 1e-9 * (known > 0))


def _resolved(every: Matched, p: np.ndarray) -> np.ndarray:
    """Return which cells are discoveries, day by day: bool [K, T, C]."""
    found = np.zeros(p.shape, dtype=bool)
    tested = (every.other + every.reference) >= LEAST_DIFFERENT
    for day in range(len(p)):
        found[day][tested[day]] = discoveries(p[day][tested[day]])
    return found


def _sentence(
    gap: np.ndarray,
    resolved: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    order: list[str],
    labels: tuple[str, ...],
) -> str:
    """Say in how many towns control differs on the last morning, and where most."""
    told = resolved[-1].any(axis=-1)
    rate = f"false discovery rate {percent(DISCOVERIES)}"
    if not told.any():
        return f"On the last morning control is not shown to differ in any of {len(labels)} towns ({rate})."
    size = np.where(resolved[-1], _size(gap[-1]), 0.0)
    town, code = np.unravel_index(int(np.argmax(size)), size.shape)
    holder = {MIXED: "contested", NEUTRAL: "neutral"}.get(order[code], f"held by {order[code]}")
    return (
        f"On the last morning control differs in {int(told.sum())} of {len(labels)} towns ({rate}), most of all in {labels[town]}: "
        f"{holder} in {percent(second[-1, town, code])} of runs against {percent(first[-1, town, code])}."
    )
