"""Differences between two scenarios over matched runs: replicate i of both has the same seed and the same inputs.

Means: bootstrap over pairs, bias-corrected and accelerated (Efron 1987, J Am Stat Assoc 82:171), because counts of
clashes and deaths are skewed. Shares of runs: Newcombe's score interval for paired shares (sim/statistics/shares.py),
which keeps a width where all runs agree; the bootstrap does not.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

from sim.statistics.precision import more_runs
from sim.statistics.shares import LEAST_DIFFERENT, matched, newcombe

DRAWS = 2000
SEED = 20181029  # of all resampling: the same runs give the same intervals
SHARE = "share of runs"
UNRESOLVED_RULE = (
    f"the 95 % interval of the difference spans zero, or fewer than {LEAST_DIFFERENT} pairs of runs differ"
)


@dataclass(frozen=True)
class Difference:
    """Other less reference over `pairs` matched runs, with its 95 % interval; NaN where fewer than two pairs.

    `resolved`: the interval leaves out zero, and at least `LEAST_DIFFERENT` pairs differ.
    `correlation` is that of the pairs; `variance_ratio` the variance of the difference over what unpaired runs would give:
    below 1 pairing pays. `more_runs` is None where resolved or where no number of runs in reach would resolve it.
    """

    statistic: str
    label: str
    unit: str  # `SHARE` for yes/no statistics, which are shares 0..1
    pairs: int
    reference: float
    other: float
    difference: float
    low: float
    high: float
    resolved: bool
    more_runs: int | None
    correlation: float
    variance_ratio: float
    differing: int | None = None  # pairs that differ; None if they were not counted

    @property
    def too_few_differ(self) -> bool:
        """Whether the interval leaves out zero, but too few pairs differ for the difference to be resolved."""
        return not self.resolved and (self.low > 0 or self.high < 0)


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    """Return the correlation of pairs, f8 [n] each; NaN where either does not vary or there are fewer than three."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return math.nan
    return float(np.corrcoef(one, two)[0, 1])


def variance_ratio(one: np.ndarray, two: np.ndarray) -> float:
    """Return the variance of the paired difference over the sum of both variances; NaN where neither varies."""
    if len(one) < 3 or (np.ptp(one) == 0 and np.ptp(two) == 0):
        return math.nan
    return float(np.var(two - one, ddof=1) / (np.var(one, ddof=1) + np.var(two, ddof=1)))


def mean_interval(values: np.ndarray, draws: int = DRAWS, seed: int = SEED) -> tuple[float, float]:
    """Return the 95 % bootstrap interval (BCa) of the mean of f8 [n]; NaN with fewer than two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    random = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, where the correction cannot be made: told by NaN
        found = bootstrap((values,), np.mean, n_resamples=draws, batch=500, method="BCa", vectorized=True, rng=random)
    low, high = float(found.confidence_interval.low), float(found.confidence_interval.high)
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = (float(end) for end in np.percentile(found.bootstrap_distribution, (2.5, 97.5)))
    return low, high


def difference_of(
    one: np.ndarray, two: np.ndarray, estimate: float, low: float, high: float, names: tuple[str, str, str]
) -> Difference:
    """Return a difference from its pairs, f8 [n] each, and its interval; `names` are statistic, label and unit."""
    known = math.isfinite(low) and math.isfinite(high)
    differ = int(np.count_nonzero(two - one))
    resolved = known and (low > 0 or high < 0) and differ >= LEAST_DIFFERENT
    return Difference(
        *names,
        pairs=len(one),
        reference=float(np.mean(one)) if len(one) else math.nan,
        other=float(np.mean(two)) if len(two) else math.nan,
        difference=estimate,
        low=low,
        high=high,
        resolved=resolved,
        more_runs=more_runs(estimate, low, high, len(one), differ) if known and not resolved else None,
        correlation=correlation(one, two),
        variance_ratio=variance_ratio(one, two),
        differing=differ,
    )


def paired_difference(
    reference: np.ndarray,
    other: np.ndarray,
    statistic: str = "",
    label: str = "",
    unit: str = "",
    draws: int = DRAWS,
    seed: int = SEED,
) -> Difference:
    """Return the mean difference of matched runs, f8 [pairs] each in the same order; pairs with a NaN are left out."""
    one, two = np.asarray(reference, dtype=float), np.asarray(other, dtype=float)
    keep = np.isfinite(one) & np.isfinite(two)
    one, two = one[keep], two[keep]
    gap = two - one
    low, high = mean_interval(gap, draws, seed)
    estimate = float(np.mean(gap)) if len(gap) else math.nan
    return difference_of(one, two, estimate, low, high, (statistic, label, unit))


def paired_share_difference(
    reference: np.ndarray, other: np.ndarray, statistic: str = "", label: str = ""
) -> Difference:
    """Return the difference of shares of matched runs that say yes, bool [pairs] each in the same order."""
    one, two = np.asarray(reference, dtype=bool), np.asarray(other, dtype=bool)
    if len(one) < 2:
        estimate = float(np.mean(two) - np.mean(one)) if len(one) else math.nan
        low = high = math.nan
    else:
        estimate, low, high = (float(part) for part in newcombe(matched(one, two)))
    return difference_of(one.astype(float), two.astype(float), estimate, low, high, (statistic, label, SHARE))
