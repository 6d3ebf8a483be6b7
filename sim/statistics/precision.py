"""How precisely runs give a mean: Student's interval, as runs come in."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import t as student

from sim.statistics.shares import LEAST_DIFFERENT

LEAST_MORE = 10
MOST_RUNS = 100_000  # more runs than this are not advised


def half_width(values: np.ndarray, level: float = 0.95) -> float:
    """Return the half-width of the confidence interval of the mean of f8 [n]; NaN with fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return math.nan
    return float(student.ppf((1 + level) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))


def running(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the first 1 .. n of f8 [n] and its half-width, f8 [n] each; the first half-width is NaN."""
    values = np.asarray(values, dtype=float)
    n = np.arange(1, len(values) + 1)
    centred = values - (values[0] if len(values) else 0.0)
    mean, square = np.cumsum(centred) / n, np.cumsum(centred**2)
    wide = np.full(len(values), math.nan)
    if len(values) > 1:
        spread = np.sqrt(np.maximum(square[1:] - n[1:] * mean[1:] ** 2, 0.0) / (n[1:] - 1))
        wide[1:] = student.ppf((1 + level) / 2, n[1:] - 1) * spread / np.sqrt(n[1:])
    return mean + (values[0] if len(values) else 0.0), wide


def more_runs(estimate: float, low: float, high: float, runs: int, differ: int | None = None) -> int | None:
    """Return about how many more runs would resolve an estimate of this size, to one figure or two, rounded up.

    The half-width shrinks with the square root of the number of runs; `differ` of them are not zero, of which
    `LEAST_DIFFERENT` are needed. At least a tenth more, and `LEAST_MORE`: a near miss is not known to the run. None where the
    estimate is 0 or NaN, or where over `MOST_RUNS` would be needed.
    """
    nearer = (estimate - low) if estimate > 0 else (high - estimate)
    if not math.isfinite(nearer) or estimate == 0:
        return None
    more = runs * (nearer / estimate) ** 2 - runs
    if differ is not None and 0 < differ < LEAST_DIFFERENT:
        more = max(more, runs * LEAST_DIFFERENT / differ - runs)
    if more > MOST_RUNS:
        return None
    more = max(more, LEAST_MORE, runs / 10)
    unit = 10 ** (int(math.log10(more)) - (1 if more >= 100 else 0))
    return math.ceil(more / unit) * unit
