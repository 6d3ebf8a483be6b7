"""Statistical inference: intervals of shares, paired differences between scenarios, precision of means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaincc, ndtr, ndtri, stdtrit  # a fifth of what scipy.stats takes to import

from sim.text import plural

Z95 = 1.959963984540054
LEAST_DIFFERENT = 6  # pairs; with fewer that differ no exact test reaches 5 %, all the same way as they may go
DISCOVERIES = 0.05  # false discovery rate of a map


def wilson(yes: Any, runs: Any, z: float = Z95) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson interval of a share, low and high; NaN without runs (Wilson 1927, JASA 22:209).

    Args:
        yes: number of runs with the outcome, of any shape.
        runs: number of runs, of the same shape.
        z: quantile of the normal distribution; 1.96 for 95 %.

    Example:
        >>> from sim.statistics.inference import wilson
        >>> low, high = wilson(181, 200)
        >>> round(float(low), 3), round(float(high), 3)
        (0.856, 0.938)
    """
    yes, runs = np.asarray(yes, dtype=float), np.asarray(runs, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (2 * yes + z * z) / (2 * (runs + z * z))
        half = z * np.sqrt(z * z + 4 * yes * (runs - yes) / runs) / (2 * (runs + z * z))
    return np.where(yes == 0, 0.0 * half, middle - half), np.where(yes == runs, 1 + 0.0 * half, middle + half)


class Matched(NamedTuple):
    """Counts of matched runs, i8 of any shape: yes in both, only in the other, only in the reference, in neither."""

    both: np.ndarray
    other: np.ndarray
    reference: np.ndarray
    neither: np.ndarray

    @property
    def pairs(self) -> np.ndarray:
        """Number of pairs."""
        return self.both + self.other + self.reference + self.neither


def matched(reference: np.ndarray, other: np.ndarray) -> Matched:
    """Count matched runs: bool [pairs, ...] each, replicate by replicate."""
    in_reference, in_other = np.asarray(reference, dtype=bool), np.asarray(other, dtype=bool)
    return Matched(
        np.sum(in_reference & in_other, axis=0),
        np.sum(~in_reference & in_other, axis=0),
        np.sum(in_reference & ~in_other, axis=0),
        np.sum(~in_reference & ~in_other, axis=0),
    )


def _phi(counts: Matched) -> np.ndarray:
    """Return the correlation of the pairs, with Newcombe's correction of its numerator."""
    a, b, c, d = (np.asarray(part, dtype=float) for part in counts)
    n, below = a + b + c + d, (a + b) * (c + d) * (a + c) * (b + d)
    above = a * d - b * c
    above = np.where(above > n / 2, above - n / 2, np.where(above >= 0, 0.0, above))
    return np.where(below > 0, above / np.sqrt(np.where(below > 0, below, 1.0)), 0.0)


def newcombe(counts: Matched, z: float = Z95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the difference of paired shares, other less reference, with its interval: difference, low, high."""
    n = np.asarray(counts.pairs, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        other_share, reference_share = (counts.both + counts.other) / n, (counts.both + counts.reference) / n
    low_1, high_1 = wilson(counts.both + counts.other, n, z)
    low_2, high_2 = wilson(counts.both + counts.reference, n, z)
    phi, gap = _phi(counts), other_share - reference_share
    down_1, up_1, down_2, up_2 = (
        other_share - low_1,
        high_1 - other_share,
        reference_share - low_2,
        high_2 - reference_share,
    )
    below = np.sqrt(np.maximum(down_1**2 - 2 * phi * down_1 * up_2 + up_2**2, 0.0))
    above = np.sqrt(np.maximum(down_2**2 - 2 * phi * down_2 * up_1 + up_1**2, 0.0))
    return gap, gap - below, gap + above


def mcnemar(counts: Matched) -> np.ndarray:
    """Return McNemar's exact two-sided p-value, that differing pairs go either way equally often; 1 if none differ."""
    differ = counts.other + counts.reference
    fewer = np.minimum(counts.other, counts.reference)
    cumulative = betaincc(fewer + 1, np.maximum(differ - fewer, 1), 0.5)  # of the binomial distribution, p 0.5
    return np.where(differ > 0, np.minimum(2 * cumulative, 1.0), 1.0)


def discoveries(p: np.ndarray, rate: float = DISCOVERIES) -> np.ndarray:
    """Return which of many p-values, of any shape, are discoveries at a false discovery rate: bool, same shape.

    The step-up rule of Benjamini & Hochberg 1995 (J R Stat Soc B 57:289).
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, axis=None)
    scaled = p.ravel()[order] * (p.size / np.arange(1, p.size + 1))
    found = np.empty(p.size, dtype=bool)
    found[order] = np.minimum.accumulate(scaled[::-1])[::-1] <= rate
    return found.reshape(p.shape)


def entropy(shares: np.ndarray) -> np.ndarray:
    """Return how uncertain shares over the last axis [..., C] are: 0 certain, 1 if all C codes are as likely."""
    if shares.shape[-1] < 2:
        return np.zeros(shares.shape[:-1])
    safe = np.where(shares > 0, shares, 1.0)
    return np.asarray(-np.sum(safe * np.log(safe), axis=-1) / math.log(shares.shape[-1])) + 0.0


LEAST_MORE = 10
MOST_RUNS = 100_000  # more runs than this are not advised


def half_width(values: np.ndarray, level: float = 0.95) -> Any:
    """Return the half-width of the confidence interval of the mean, a float of f8 [n], f8 [k] of f8 [n, k]; NaN with fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.full(values.shape[1:], math.nan)[()]
    return stdtrit(len(values) - 1, (1 + level) / 2) * np.std(values, axis=0, ddof=1) / math.sqrt(len(values))


def running(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the first 1 .. n of f8 [n] and its half-width, f8 [n] each; the first half-width is NaN."""
    values = np.asarray(values, dtype=float)
    n = np.arange(1, len(values) + 1)
    centred = values - (values[0] if len(values) else 0.0)
    mean, square = np.cumsum(centred) / n, np.cumsum(centred**2)
    wide = np.full(len(values), math.nan)
    if len(values) > 1:
        spread = np.sqrt(np.maximum(square[1:] - n[1:] * mean[1:] ** 2, 0.0) / (n[1:] - 1))
        wide[1:] = stdtrit(n[1:] - 1, (1 + level) / 2) * spread / np.sqrt(n[1:])
    return mean + (values[0] if len(values) else 0.0), wide


def more_runs(estimate: float, low: float, high: float, runs: int, differ: int | None = None) -> int | None:
    """Return about how many more runs would resolve an estimate of this size, to one figure or two, rounded up.

    The half-width shrinks with the square root of the number of runs; `differ` of them are not zero, of which
    `LEAST_DIFFERENT` are needed. At least a tenth more, and `LEAST_MORE`: a near miss is not known to the run. None if the
    estimate is 0 or NaN, or if over `MOST_RUNS` would be needed.
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


DRAWS = 2000
SEED = 20181029  # of all resampling: the same runs give the same intervals
SHARE = "share of runs"
POINTS = "percentage points"  # unit of differences of shares

UNRESOLVED_RULE = (
    f"the 95 % interval of the difference spans zero, or fewer than {LEAST_DIFFERENT} pairs of runs differ"
)


def is_resolved(low: Any, high: Any, differ: Any) -> Any:
    """Return whether differences are resolved, the opposite of `UNRESOLVED_RULE`: bool, or bool of the arguments' shape.

    Args:
        low: lower ends of 95 % intervals; NaN if there are none.
        high: upper ends.
        differ: numbers of matched pairs of runs that differ.

    Example:
        >>> from sim.statistics.inference import is_resolved
        >>> bool(is_resolved(0.1, 11.0, 5)), bool(is_resolved(0.1, 11.0, 6)), bool(is_resolved(-0.1, 11.0, 60))
        (False, True, False)
    """
    return ((np.asarray(low) > 0) | (np.asarray(high) < 0)) & (np.asarray(differ) >= LEAST_DIFFERENT)


@dataclass(frozen=True)
class Difference:
    """Other less reference over `pairs` matched runs, with its 95 % interval; NaN with fewer than two pairs.

    Attributes:
        resolved: by the rule of `is_resolved`.
        more_runs: about how many more runs would resolve it; None if it is resolved or out of reach.
        correlation: correlation of the pairs.
        variance_ratio: variance of the difference over that of unpaired runs; pairing pays below 1.
        differing: number of pairs that differ; None if not counted.

    Example:
        >>> from sim.statistics.inference import paired_difference
        >>> paired_difference([10, 12, 9, 14], [12, 13, 12, 15]).resolved
        False
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


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of pairs, f8 [n] each; NaN if either does not vary or there are fewer than three."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def variance_ratio(reference: np.ndarray, other: np.ndarray) -> float:
    """Return the variance of the paired difference over the sum of both variances; NaN if neither varies."""
    if len(reference) < 3 or (np.ptp(reference) == 0 and np.ptp(other) == 0):
        return math.nan
    return float(np.var(other - reference, ddof=1) / (np.var(reference, ddof=1) + np.var(other, ddof=1)))


def mean_interval(values: np.ndarray, draws: int = DRAWS, seed: int = SEED) -> tuple[float, float]:
    """Return the 95 % bootstrap interval (BCa) of the mean of f8 [n]; NaN with fewer than two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    random, n = np.random.default_rng(seed), len(values)
    batches = [min(BATCH, draws - first) for first in range(0, draws, BATCH)]
    means = np.concatenate([np.mean(values[random.integers(0, n, (batch, n))], axis=-1) for batch in batches])
    shares = _bca_shares(values, means)
    if not np.all(np.isfinite(shares)):
        shares = np.array([0.025, 0.975])  # the correction is undefined if all resamples lie on one side of the mean
    means.sort()
    at = shares * draws + (1 - shares)  # places counted from 1
    below, part = at.astype(np.int64), at % 1
    low, high = ((1 - part) * means[below - 1] + part * means[np.minimum(below, draws - 1)]).tolist()
    return low, high


BATCH = 500  # resamples in memory at once


def _bca_shares(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return at which quantiles of resampled means f8 [draws] a 95 % interval ends, f8 [2]; NaN if that is undefined.

    Bias-corrected and accelerated (Efron & Tibshirani 1993, An Introduction to the Bootstrap, 14.3), for the mean of f8 [n].
    """
    n = len(values)
    mean = np.mean(values)
    bias = ndtri((np.count_nonzero(means < mean) + np.count_nonzero(means <= mean)) / (2 * len(means)))
    others = ~np.eye(n, dtype=bool)
    without = np.mean(np.broadcast_to(values, (n, n))[others].reshape(n, n - 1), axis=-1)  # each value left out in turn
    lean = (n - 1) * (np.mean(without) - without)
    with np.errstate(invalid="ignore", divide="ignore"):
        skew = 1 / 6 * (np.sum(lean**3) / float(n) ** 3) / (np.sum(lean**2) / float(n) ** 2) ** 1.5
        ends = bias + ndtri((1 - 0.95) / 2) * np.array([1, -1])
        return np.asarray(ndtr(bias + ends / (1 - skew * ends)))


def difference_of(
    reference: np.ndarray, other: np.ndarray, estimate: float, low: float, high: float, names: tuple[str, str, str]
) -> Difference:
    """Return a difference from its pairs, f8 [n] each, and its interval; `names` are statistic, label and unit."""
    known = math.isfinite(low) and math.isfinite(high)
    differ = int(np.count_nonzero(other - reference))
    resolved = known and bool(is_resolved(low, high, differ))
    return Difference(
        *names,
        pairs=len(reference),
        reference=float(np.mean(reference)) if len(reference) else math.nan,
        other=float(np.mean(other)) if len(other) else math.nan,
        difference=estimate,
        low=low,
        high=high,
        resolved=resolved,
        more_runs=more_runs(estimate, low, high, len(reference), differ) if known and not resolved else None,
        correlation=correlation(reference, other),
        variance_ratio=variance_ratio(reference, other),
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
    """Return the mean difference of matched runs with its 95 % bootstrap interval (BCa; Efron 1987, JASA 82:171).

    Args:
        reference: values of the reference, f8 [pairs]; pairs with a NaN are left out.
        other: values of the other scenario, f8 [pairs], in the same order.
        statistic: name of the statistic.
        label: its name in sentences.
        unit: its unit.
        draws: number of resamples.
        seed: seed of the resampling.

    Example:
        >>> from sim.statistics.inference import paired_difference, verdict
        >>> difference = paired_difference([10, 12, 9, 14, 11, 13, 8, 10], [12, 13, 12, 15, 14, 15, 9, 13])
        >>> difference.difference, verdict(difference)
        (2.0, 'higher')
    """
    reference_values, other_values = np.asarray(reference, dtype=float), np.asarray(other, dtype=float)
    keep = np.isfinite(reference_values) & np.isfinite(other_values)
    reference_values, other_values = reference_values[keep], other_values[keep]
    gap = other_values - reference_values
    low, high = mean_interval(gap, draws, seed)
    estimate = float(np.mean(gap)) if len(gap) else math.nan
    return difference_of(reference_values, other_values, estimate, low, high, (statistic, label, unit))


def paired_share_difference(
    reference: np.ndarray, other: np.ndarray, statistic: str = "", label: str = ""
) -> Difference:
    """Return the difference of two paired shares with its 95 % interval (Newcombe 1998, Stat Med 17:2635, method 10).

    Args:
        reference: bool [pairs], whether the outcome occurred in the reference.
        other: bool [pairs] of the other scenario, in the same order.
        statistic: name of the statistic.
        label: its name in sentences.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.inference import paired_share_difference
        >>> difference = paired_share_difference(np.arange(40) < 20, np.arange(40) < 31)
        >>> round(difference.difference, 3), round(difference.low, 3), round(difference.high, 3)
        (0.275, 0.123, 0.409)
    """
    reference_values, other_values = np.asarray(reference, dtype=bool), np.asarray(other, dtype=bool)
    if len(reference_values) < 2:
        estimate = float(np.mean(other_values) - np.mean(reference_values)) if len(reference_values) else math.nan
        low = high = math.nan
    else:
        estimate, low, high = (float(part) for part in newcombe(matched(reference_values, other_values)))
    return difference_of(
        reference_values.astype(float), other_values.astype(float), estimate, low, high, (statistic, label, SHARE)
    )


def runs_about(number: int | None, reason: str = "") -> str:
    """Return what would resolve a difference: "not resolved; about 400 more runs would"."""
    unresolved = f"not resolved, as {reason}" if reason else "not resolved"
    return unresolved if number is None else f"{unresolved}; about {plural(number, 'more run')} would"


def verdict(difference: Difference) -> str:
    """Return the verdict on a difference: "higher", "lower", "not resolved; about 400 more runs would"."""
    if difference.pairs == 0:
        return "no matched runs"
    if math.isnan(difference.low):
        return "one run each: no interval"
    if difference.resolved:
        return "higher" if difference.difference > 0 else "lower"
    if same_in_pairs(difference):
        return "the same in every pair"
    if not difference.too_few_differ:
        return runs_about(difference.more_runs)
    counted = difference.differing is not None
    reason = f"only {plural(difference.differing or 0, 'pair')} of runs {'differs' if difference.differing == 1 else 'differ'}"
    return runs_about(difference.more_runs, reason if counted else "too few pairs of runs differ")


def same_in_pairs(difference: Difference) -> bool:
    """Return whether the statistic has one and the same value in both runs of every pair."""
    if difference.low == difference.high == 0:
        return True
    alike = difference.variance_ratio == 0 or math.isnan(difference.variance_ratio)  # NaN: neither varies
    return difference.pairs > 2 and difference.difference == 0 and alike
