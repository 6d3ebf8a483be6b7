"""Rejection ABC, the waves before it that rule out parts of the priors, and parameter recovery (simulation-based calibration).

Waves are history matching (Craig et al. 1997; Andrianakis et al. 2015, PLOS Comput Biol 11:e1003968) with the truncation of
Deistler, Goncalves & Macke 2022 (NeurIPS 35): a linear emulator of the figures rules out regions, and a region that holds all but
`LEFT_OUT` of the emulated posterior is left, so that the draws of the last wave are draws of the prior restricted to it, and need
no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.study.sampling import halton
from sim.validation.priors import Space, Summary, Targets

RIDGE = 1.0  # penalty of a coefficient, in units of one observation


class AcceptedDraws(NamedTuple):
    """The draws nearest to an observation. `rows` i8 [kept] by distance, `distance` f8 [kept], `shares` f8 [kept, fitted inputs]."""

    rows: np.ndarray
    distance: np.ndarray
    shares: np.ndarray

    @property
    def threshold(self) -> float:
        """Distance of the farthest that is kept."""
        return float(self.distance[-1])


def gaps(figures: np.ndarray, observed: np.ndarray, targets: Targets) -> np.ndarray:
    """Return the distance of each figure: f8 [..., figures], in half-widths of its tolerance, at most the cap.

    A figure that only one side has is at the cap, one that neither has at 0.
    """
    with np.errstate(invalid="ignore"):
        gap = np.minimum(np.abs(figures - observed) / targets.half, targets.cap)
    same = (figures == observed) | (np.isnan(figures) & np.isnan(observed))
    return np.where(same, 0.0, np.where(np.isnan(gap), targets.cap, gap))


def by_pattern(figures: np.ndarray, observed: np.ndarray, targets: Targets) -> np.ndarray:
    """Return the distance of each pattern: f8 [..., patterns], the root mean square over its figures."""
    square = gaps(figures, observed, targets) ** 2
    member = np.eye(len(targets.patterns))[targets.pattern]  # [figures, patterns]
    return np.sqrt(square @ member / member.sum(axis=0))


def distances(figures: np.ndarray, observed: np.ndarray, targets: Targets) -> np.ndarray:
    """Return the distance of draws f8 [draws] from their runs' figures f8 [draws, replicates, figures]."""
    square = by_pattern(figures, observed, targets) ** 2
    return np.sqrt(square @ targets.weight / targets.weight.sum()).mean(axis=1)


def signed_gaps(figures: np.ndarray, targets: Targets) -> np.ndarray:
    """Return figures less the observed ones in half-widths of tolerance, within the cap: f8 [runs, figures].

    A figure that a run does not have is NaN.
    """
    with np.errstate(invalid="ignore"):
        return np.clip((figures - targets.observed) / targets.half, -targets.cap, targets.cap)


def filled(gaps: np.ndarray) -> np.ndarray:
    """Return gaps f8 [runs, figures] with the mean of those there are in place of NaN: nothing is learned from it."""
    known = np.isfinite(gaps)
    mean = np.where(known, gaps, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, gaps, mean)


def ridge(design: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return coefficients f8 [columns, values] of a ridge regression; the first column of the design is 1, and not shrunk."""
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ values))


def _features(gaps: np.ndarray) -> np.ndarray:
    """Return 1, gaps, their squares and which are missing: f8 [runs, 1 + 3 figures]."""
    known = np.isfinite(gaps)
    plain = np.where(known, gaps, 0.0)
    return np.hstack([np.ones((len(gaps), 1)), plain, plain**2, ~known])


def distance_from(
    figures: np.ndarray, shares: np.ndarray, targets: Targets, summary: Summary
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that gives the distances of all draws f8 [draws] from observed figures f8 [figures].

    `figures`: the distance of the figures themselves. `regression`: that of the inputs, in shares of the prior, which a ridge
    regression over all draws expects of the figures (semi-automatic ABC: Fearnhead & Prangle 2012, J R Stat Soc B 74:419).
    """
    if summary == "figures":
        return lambda observed: distances(figures, observed, targets)
    gaps = signed_gaps(figures, targets)
    design = np.mean([_features(gaps[:, run]) for run in range(gaps.shape[1])], axis=0)
    coefficients = ridge(design, shares)
    expected = design @ coefficients
    return lambda observed: np.asarray(
        np.round(np.linalg.norm(expected - _features(signed_gaps(observed[None], targets)) @ coefficients, axis=1), 9)
    )


def nearest(distance: np.ndarray, shares: np.ndarray, count: int) -> AcceptedDraws:
    """Return the `count` draws of the least distance; of equals those drawn first."""
    rows = np.argsort(distance, kind="stable")[:count]
    return AcceptedDraws(rows, distance[rows], shares[rows])


def fit(
    figures: np.ndarray,
    observed: np.ndarray,
    shares: np.ndarray,
    targets: Targets,
    count: int,
    summary: Summary = "figures",
) -> AcceptedDraws:
    """Return the `count` draws nearest to an observation f8 [figures].

    `figures` f8 [draws, replicates, figures]; `shares` f8 [draws, fitted inputs] of the priors.
    """
    return nearest(distance_from(figures, shares, targets, summary)(observed), shares, count)


def posterior(accepted: AcceptedDraws, space: Space, draws_of_free: np.ndarray) -> np.ndarray:
    """Return the posterior's draws f8 [kept, inputs] in units; inputs that are not fitted have draws of their prior."""
    return space.values(np.hstack([accepted.shares, draws_of_free]))


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
        """Correlation of truths with posterior means, f8 [inputs]; 0 if a mean never moves."""
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
    summary: Summary = "figures",
) -> Recovery:
    """Fit the first `truths` draws in turn, each with all other draws; `shares` f8 [draws, fitted inputs].

    `count` draws are kept in each fit. The ranks are those of simulation-based calibration (Talts et al. 2018, arXiv:1804.06788).
    """
    recoveries = []
    total = min(truths, len(shares))
    distance_to = distance_from(figures, shares, targets, summary)
    for row in range(total):
        distance = distance_to(figures[row, 0])
        distance[row] = np.inf  # its own run is not among the draws
        accepted = nearest(distance, shares, count)
        ends = np.quantile(accepted.shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        rank = np.mean(accepted.shares < shares[row], axis=0)
        recoveries.append((shares[row], accepted.shares.mean(axis=0), ends[0], ends[1], rank))
        if report is not None:
            report(row + 1, total)
    return Recovery(*(np.array(column) for column in zip(*recoveries, strict=True)))


def verdict(correlation: float) -> str:
    """Say whether such data tell an input, by the correlation of truth and posterior mean."""
    if correlation >= KNOWN:
        return "identified"
    return "weakly identified" if correlation >= HINTED else "not identified"


LEFT_OUT = 0.001  # share of the emulated posterior outside the region of the next wave
SCREEN = 20_000  # draws of the prior on which the region is set
DIGITS = 6  # of an implausibility, so that the last bits of a machine's arithmetic decide nothing
MOST_TRIES = 4_000_000  # draws of the prior looked at for one wave


class Emulator(NamedTuple):
    """Mean of the signed gaps of figures as a quadratic of shares, and what the runs scatter around it.

    `coefficients` f8 [1 + 2 inputs, figures]; `precision` f8 [figures, figures], inverse of the scatter's covariance.
    """

    coefficients: np.ndarray
    precision: np.ndarray

    def implausibility(self, shares: np.ndarray) -> np.ndarray:
        """Return the squared distance of the observation from the emulated mean, in units of the runs' scatter: f8 [draws]."""
        mean = terms(shares) @ self.coefficients
        return np.asarray(np.round(np.einsum("df,fg,dg->d", mean, self.precision, mean), DIGITS))


class Region(NamedTuple):
    """Where draws are not ruled out: the implausibility of each wave's emulator is at most its limit."""

    emulators: tuple[Emulator, ...] = ()
    limits: tuple[float, ...] = ()

    def holds(self, shares: np.ndarray) -> np.ndarray:
        """Return whether draws lie in the region: bool [draws]; `shares` f8 [draws, fitted inputs]."""
        inside = np.ones(len(shares), dtype=bool)
        for emulator, limit in zip(self.emulators, self.limits, strict=True):
            inside[inside] = emulator.implausibility(shares[inside]) <= limit
        return inside


def terms(shares: np.ndarray) -> np.ndarray:
    """Return 1, the shares and their squares, centred: f8 [draws, 1 + 2 inputs]; `shares` f8 [draws, inputs] in 0..1."""
    centred = shares - 0.5
    return np.hstack([np.ones((len(shares), 1)), centred, centred**2 - 1 / 12])


def emulate(figures: np.ndarray, shares: np.ndarray, targets: Targets) -> Emulator:
    """Fit the emulator by ridge regression.

    Args:
        figures: f8 [draws, replicates, figures] of the runs.
        shares: f8 [draws, fitted inputs], the draws in shares of the prior.
        targets: what was observed, and tolerances.
    """
    gaps = filled(signed_gaps(figures.reshape(-1, figures.shape[-1]), targets))
    design = np.repeat(terms(shares), figures.shape[1], axis=0)
    coefficients = ridge(design, gaps)
    scatter = np.atleast_2d(np.cov(gaps - design @ coefficients, rowvar=False))
    return Emulator(coefficients, np.linalg.inv(scatter + 0.01 * np.eye(len(scatter))))


def next_region(
    figures: np.ndarray, shares: np.ndarray, targets: Targets, region: Region, space: Space, seed: int
) -> Region:
    """Return the region of the next wave: the part of this one that holds all but `LEFT_OUT` of the emulated posterior."""
    emulator = emulate(figures, shares, targets)
    screen, _ = draws_in(region, SCREEN, space, seed)
    implausibility = np.sort(emulator.implausibility(screen[:, : space.fitted]))
    mass = np.cumsum(np.exp(-0.5 * (implausibility - implausibility[0])))
    limit = implausibility[np.searchsorted(mass, (1 - LEFT_OUT) * mass[-1])]
    return Region((*region.emulators, emulator), (*region.limits, float(limit)))


def draws_in(region: Region, count: int, space: Space, seed: int) -> tuple[np.ndarray, float]:
    """Return the first `count` draws of the prior inside a region, and the share of the prior that it is.

    Draws are f8 [count, inputs] in shares of the prior, from a scrambled Halton sequence.
    """
    parts, drawn, inside, size = [], 0, 0, max(count, 1024)
    while inside < count and drawn < MOST_TRIES:
        shares = halton(drawn + size, len(space.paths), seed)[drawn:]
        accepted = shares[region.holds(shares[:, : space.fitted])]
        parts.append(accepted)
        drawn, inside = drawn + size, inside + len(accepted)
        size = min(4 * size, 1_000_000)
    return np.concatenate(parts)[:count], inside / drawn
