"""Whether a fit finds what made the data: truths drawn from the prior, their runs fitted as if observed.

A truth is a draw of the calibration itself, its observation the figures of one run, so that nothing more need be simulated;
the draw is left out of its own fit (cross-validation of Csilléry, François & Blum 2012, Methods Ecol Evol 3:475). Where a fit is
honest, 90 % intervals hold the truth nine times in ten, and the ranks of truths among draws are uniform (Talts et al. 2018,
arXiv:1804.06788). How far posterior means follow truths says what such data can tell at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.history.abc import fit
from sim.history.priors import Targets

LEVEL = 0.9
BINS = 10  # of ranks
KNOWN, HINTED = 0.5, 0.25  # correlation of truth and posterior mean


class Recovery(NamedTuple):
    """Shares of the prior, f8 [truths, fitted inputs]: truths, posterior means, ends of 90 % intervals, ranks 0..1."""

    truth: np.ndarray
    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rank: np.ndarray

    @property
    def coverage(self) -> np.ndarray:
        """Share of truths inside their 90 % interval, f8 [inputs]."""
        return np.mean((self.low <= self.truth) & (self.truth <= self.high), axis=0)

    @property
    def correlation(self) -> np.ndarray:
        """Correlation of truths with posterior means, f8 [inputs]; 0 where a mean never moves."""
        truth, centre = self.truth - self.truth.mean(axis=0), self.centre - self.centre.mean(axis=0)
        spread = np.sqrt((truth**2).sum(axis=0) * (centre**2).sum(axis=0))
        return np.asarray((truth * centre).sum(axis=0) / np.where(spread > 0, spread, 1.0))

    @property
    def uniform(self) -> np.ndarray:
        """Probability of ranks at least so uneven if they were uniform, f8 [inputs] (chi-square over ten bins)."""
        from scipy.stats import chisquare

        return np.array([float(chisquare(counts).pvalue) for counts in self.counts])

    @property
    def counts(self) -> np.ndarray:
        """Truths by rank: i8 [inputs, 10]."""
        return np.array([np.histogram(column, bins=BINS, range=(0, 1))[0] for column in self.rank.T])


def recover(
    figures: np.ndarray,
    shares: np.ndarray,
    targets: Targets,
    count: int,
    truths: int,
    report: Callable[[int, int], None] | None = None,
) -> Recovery:
    """Fit the first `truths` draws in turn; `shares` f8 [draws, fitted inputs], `count` draws are kept in each fit."""
    found = []
    total = min(truths, len(shares))
    for row in range(total):
        others = np.delete(np.arange(len(shares)), row)
        kept = fit(figures[others], figures[row, 0], shares[others], targets, count)
        ends = np.quantile(kept.shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        rank = np.mean(kept.shares < shares[row], axis=0)
        found.append((shares[row], kept.shares.mean(axis=0), ends[0], ends[1], rank))
        if report is not None:
            report(row + 1, total)
    return Recovery(*(np.array(column) for column in zip(*found, strict=True)))


def verdict(correlation: float) -> str:
    """Say whether such data tell an input, by the correlation of truth and posterior mean."""
    if correlation >= KNOWN:
        return "identified"
    return "weakly identified" if correlation >= HINTED else "not identified"
