"""Shares of runs: their intervals, differences between matched runs, which of many are real, how uncertain a town is.

Wilson 1927, J Am Stat Assoc 22:209; Newcombe 1998, Stat Med 17:2635 (method 10); McNemar 1947, Psychometrika 12:153,
exact; Benjamini & Hochberg 1995, J R Stat Soc B 57:289. All take arrays of any shape.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binom, false_discovery_control

Z95 = 1.959963984540054
LEAST_DIFFERENT = 6  # pairs; with fewer that differ no exact test reaches 5 %, all the same way as they may go
DISCOVERIES = 0.05  # false discovery rate of a map


def wilson(yes: Any, runs: Any, z: float = Z95) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a share, low and high, for `yes` of `runs`; NaN without runs."""
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
    one, two = np.asarray(reference, dtype=bool), np.asarray(other, dtype=bool)
    return Matched(
        np.sum(one & two, axis=0), np.sum(~one & two, axis=0), np.sum(one & ~two, axis=0), np.sum(~one & ~two, axis=0)
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
        one, two = (counts.both + counts.other) / n, (counts.both + counts.reference) / n
    low_1, high_1 = wilson(counts.both + counts.other, n, z)
    low_2, high_2 = wilson(counts.both + counts.reference, n, z)
    phi, gap = _phi(counts), one - two
    down_1, up_1, down_2, up_2 = one - low_1, high_1 - one, two - low_2, high_2 - two
    below = np.sqrt(np.maximum(down_1**2 - 2 * phi * down_1 * up_2 + up_2**2, 0.0))
    above = np.sqrt(np.maximum(down_2**2 - 2 * phi * down_2 * up_1 + up_1**2, 0.0))
    return gap, gap - below, gap + above


def mcnemar(counts: Matched) -> np.ndarray:
    """Return the exact two-sided p-value that the pairs that differ fall both ways alike; 1 where none differ."""
    differ = counts.other + counts.reference
    return np.minimum(2 * binom.cdf(np.minimum(counts.other, counts.reference), differ, 0.5), 1.0)


def discoveries(p: np.ndarray, rate: float = DISCOVERIES) -> np.ndarray:
    """Return which of many p-values, of any shape, are discoveries at a false discovery rate: bool, same shape."""
    p = np.asarray(p, dtype=float)
    if not p.size:
        return np.zeros(p.shape, dtype=bool)
    return np.asarray(false_discovery_control(p, axis=None) <= rate).reshape(p.shape)


def entropy(shares: np.ndarray) -> np.ndarray:
    """Return how uncertain shares over the last axis [..., C] are: 0 certain, 1 where all C codes are as likely."""
    if shares.shape[-1] < 2:
        return np.zeros(shares.shape[:-1])
    safe = np.where(shares > 0, shares, 1.0)
    return np.asarray(-np.sum(safe * np.log(safe), axis=-1) / math.log(shares.shape[-1])) + 0.0
