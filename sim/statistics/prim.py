"""Boxes of inputs in which runs fail: the patient rule induction method (PRIM), with a test against chance.

Friedman & Fisher 1999, Stat Comput 9:123: from the whole range of the inputs, thin slices are peeled off so that the share of
failed runs in what is left rises. Bryant & Lempert 2010, Technol Forecast Soc Change 77:34: density is the share of runs in the
box that fail, coverage the share of all failed runs that lie in it; an end of a range that the box does not need is opened
(quasi-p-value), and the box is searched again in halves of the runs. Of many inputs only those are searched whose distributions
in failed and in other runs lie farthest apart (Kolmogorov-Smirnov distance).

Of many inputs and few runs PRIM always finds a box that looks good. A box counts here only if one as good is rare among boxes
found, by the whole procedure, in the same runs with their failures shuffled."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

MOST_INPUTS = 5  # that are searched, so that peels are not spread over inputs that do not matter
PEEL = 0.05  # share of the runs in the box that a step removes; Friedman & Fisher advise 0.05 to 0.1
LEAST_SHARE, LEAST_INSIDE = 0.1, 10  # least share of all runs, and least runs, in a box
LEAST_OF_EACH = 10  # runs that fail, and that do not
QUASI_P = 0.05  # an end of a range with a larger quasi-p-value is opened
SHUFFLES = 199
ENOUGH = 10  # shuffles as good as the box: then it is not rare, and no more are made (Besag & Clifford 1991, Biometrika 78:301)
HALVES = 20
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Box:
    """Ranges of some inputs, d of them, and the runs inside them.

    `score`: the failed runs inside above those that a random choice of as many runs would hold, in standard deviations of
    that number (hypergeometric).
    """

    columns: np.ndarray  # i8 [d], inputs that are restricted
    low: np.ndarray  # f8 [d], -inf if open below
    high: np.ndarray  # f8 [d], inf if open above
    inside: np.ndarray  # bool [n]
    density: float
    coverage: float
    score: float
    quasi_p: np.ndarray  # f8 [d]

    @property
    def runs(self) -> int:
        """Number of runs inside."""
        return int(self.inside.sum())


@dataclass(frozen=True, eq=False)
class TestedBox:
    """A box and how it compares with chance.

    `p`: share of shuffles with a box of at least its score, itself counted. `chance_density`: median density of the
    shuffles' boxes. `repeated`: how often each input is restricted in boxes found in a random half of the runs, f8 [d];
    `kept_density`: share of failed runs inside those boxes among the runs of the other half.
    """

    box: Box
    p: float
    chance_density: float
    repeated: np.ndarray
    kept_density: float


def find_box(points: np.ndarray, fails: np.ndarray) -> Box:
    """Return the box with the highest score on the way of peeling, pasted and freed of inputs that it does not need.

    Args:
        points: inputs f8 [n, k], one point a run, finite.
        fails: bool [n]; some runs fail and some do not.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.prim import find_box
        >>> points = np.random.default_rng(1).random((400, 3))
        >>> box = find_box(points, (points[:, 1] > 0.7) & (points[:, 2] < 0.5))
        >>> box.columns.tolist(), round(float(box.low[0]), 1), round(float(box.high[1]), 1)
        ([1, 2], 0.7, 0.5)
    """
    y = fails.astype(float)
    searched = np.sort(np.argsort(-_distances(points, fails), kind="stable")[:MOST_INPUTS])
    part = points[:, searched]
    box = _needed(part, y, *_pasted(part, y, *_peeled(part, y)))
    return replace(box, columns=searched[box.columns])


def _distances(points: np.ndarray, fails: np.ndarray) -> np.ndarray:
    """Return the largest distance between the distributions of each input in failed and in other runs: f8 [k], 0..1."""
    order = np.argsort(points, axis=0, kind="stable")
    ranked, failed = np.take_along_axis(points, order, axis=0), fails[order]
    gap = np.cumsum(failed, axis=0) / fails.sum() - np.cumsum(~failed, axis=0) / (~fails).sum()
    last = np.vstack([ranked[1:] != ranked[:-1], np.ones((1, points.shape[1]), dtype=bool)])  # of equal values
    return np.asarray(np.abs(np.where(last, gap, 0.0)).max(axis=0))


def _score(failed: float, runs: float, y: np.ndarray) -> float:
    """Return how many standard deviations the failed runs among some runs lie above those of a random choice."""
    total, share = len(y), float(y.mean())
    variance = runs * share * (1 - share) * (total - runs) / max(total - 1, 1)
    return (failed - runs * share) / math.sqrt(variance) if variance > 0 else 0.0


def _inside(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    restricted = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    part = points[:, restricted]
    return np.asarray(((part >= low[restricted]) & (part <= high[restricted])).all(axis=1))


def _peeled(points: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Peel until a box would hold too few runs; return low and high, f8 [k] each, of the box with the highest score."""
    n, k = points.shape
    low, high = np.full(k, -math.inf), np.full(k, math.inf)
    best = (0.0, low.copy(), high.copy())
    rows, least = np.arange(n), max(LEAST_INSIDE, math.ceil(LEAST_SHARE * n))
    while len(rows) > least and 0 < y[rows].sum() < len(rows):
        step = _step(points[rows], y[rows], least)
        if step is None:
            break
        column, end, is_low = step
        (low if is_low else high)[column] = end
        kept = points[rows, column]
        rows = rows[kept >= end if is_low else kept <= end]
        score = _score(float(y[rows].sum()), len(rows), y)
        if score > best[0] + ROUNDING:
            best = (score, low.copy(), high.copy())
    return best[1], best[2]


def _step(points: np.ndarray, y: np.ndarray, least: int) -> tuple[int, float, bool] | None:
    """Return the column, the new end and whether it is the lower one, of the peel that raises density most by run removed."""
    n = len(points)
    size = max(1, int(PEEL * n))
    last = np.partition(points, (size - 1, n - size), axis=0)[[size - 1, n - size]]  # f8 [2, k], the last value removed
    removed = np.stack([points <= last[0], points >= last[1]])  # bool [2, n, k]; equal values go together
    count = removed.sum(axis=1)
    failed = np.einsum("n,snk->sk", y, removed)
    left = n - count
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = ((y.sum() - failed) / left - y.mean()) / count
    gain = np.where((count > 0) & (left >= least), gain, -math.inf)
    side, column = np.unravel_index(int(np.argmax(gain)), gain.shape)
    if not np.isfinite(gain[side, column]):
        return None
    kept = points[~removed[side][:, column], column]
    return int(column), float(kept.min() if side == 0 else kept.max()), bool(side == 0)


def _pasted(points: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move ends outwards, by as many runs as a peel removes, as long as the score rises."""
    inside = _inside(points, low, high)
    score = _score(float(y[inside].sum()), int(inside.sum()), y)
    while True:
        tries = []
        for ends, sign in ((low, 1), (high, -1)):
            for column in np.flatnonzero(np.isfinite(ends)).tolist():
                wider = ends.copy()
                wider[column] = sign * -math.inf
                others = _inside(points, *((wider, high) if sign == 1 else (low, wider)))
                outside = np.sort(sign * points[others & (sign * points[:, column] < sign * ends[column]), column])
                size = max(1, int(PEEL * inside.sum()))
                wider[column] = sign * (outside[-size] if len(outside) > size else -math.inf)
                pair = (wider, high) if sign == 1 else (low, wider)
                rows = _inside(points, *pair)
                tries.append((_score(float(y[rows].sum()), int(rows.sum()), y), pair))
        best = max(tries, key=lambda found: found[0], default=None)
        if best is None or best[0] <= score + ROUNDING:
            return low, high
        score, (low, high) = best
        inside = _inside(points, low, high)


def _needed(points: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> Box:
    """Open ends of ranges, that with the largest quasi-p-value first, until each that is left is needed; return the box."""
    ends = np.stack([low, high])
    open_end = np.array([-math.inf, math.inf])
    while True:
        inside = _inside(points, *ends)
        closed = np.argwhere(np.isfinite(ends)).tolist()
        quasi = [_quasi_p(points, y, ends, inside, [side], column) for side, column in closed]
        if max(quasi, default=0.0) <= QUASI_P:
            break
        side, column = closed[int(np.argmax(quasi))]
        ends[side, column] = open_end[side]
    columns = np.flatnonzero(np.isfinite(ends).any(axis=0))
    both = np.array([_quasi_p(points, y, ends, inside, [0, 1], column) for column in columns.tolist()])
    failed, runs = float(y[inside].sum()), int(inside.sum())
    score = _score(failed, runs, y)
    low, high = ends[:, columns]
    return Box(columns, low, high, inside, failed / runs, failed / float(y.sum()), score, both)


def _quasi_p(
    points: np.ndarray, y: np.ndarray, ends: np.ndarray, inside: np.ndarray, sides: list[int], column: int
) -> float:
    """Return the chance of so many failed runs in the box at the density that it has with some ends of an input open."""
    wider = ends.copy()
    wider[sides, column] = np.array([-math.inf, math.inf])[sides]
    share = float(y[_inside(points, *wider)].mean())
    return float(binom.sf(y[inside].sum() - 1, int(inside.sum()), share))


def find_tested_box(points: np.ndarray, fails: np.ndarray, seed: int) -> TestedBox | None:
    """Return the box with its test; None if fewer than `LEAST_OF_EACH` runs fail or do not, or if no input varies.

    Args:
        points: inputs f8 [n, k], one point a run, finite.
        fails: bool [n].
        seed: seed of shuffles and halves.
    """
    if not points.shape[1] or min(fails.sum(), (~fails).sum()) < LEAST_OF_EACH:
        return None
    random = np.random.default_rng(seed)
    box, as_good = find_box(points, fails), 0
    chance: list[float] = []
    while len(chance) < SHUFFLES and as_good < ENOUGH:
        shuffled = find_box(points, random.permutation(fails))
        chance.append(shuffled.density)
        as_good += shuffled.score >= box.score - ROUNDING
    p = as_good / len(chance) if as_good == ENOUGH else (1 + as_good) / (1 + len(chance))
    return TestedBox(box, p, float(np.median(chance)), *_in_halves(points, fails, box, random))


def _in_halves(
    points: np.ndarray, fails: np.ndarray, box: Box, random: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return how often each input of a box is restricted in halves of the runs, and the density in the other halves."""
    n, restricted = len(fails), np.zeros(points.shape[1])
    failed = runs = 0
    for _half in range(HALVES):
        order = random.permutation(n)
        first, second = order[: n // 2], order[n // 2 :]
        if not 0 < fails[first].sum() < len(first):
            continue
        found = find_box(points[first], fails[first])
        restricted[found.columns] += 1
        low, high = np.full(points.shape[1], -math.inf), np.full(points.shape[1], math.inf)
        low[found.columns], high[found.columns] = found.low, found.high
        there = second[_inside(points[second], low, high)]
        failed, runs = failed + int(fails[there].sum()), runs + len(there)
    return restricted[box.columns] / HALVES, failed / runs if runs else math.nan
