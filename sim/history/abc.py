"""Approximate Bayesian computation: draws whose runs look like the observation are kept (Pritchard et al. 1999, Mol Biol Evol).

The distance of a run is that of the pattern card: each figure in half-widths of its declared tolerance, capped; root mean
square within a pattern, and weighted root mean square over patterns. A run has the same length and the same estimators as
the observed record, and no noise is averaged away: a draw with several replicates has the mean distance of its runs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.history.priors import Space, Targets


class Kept(NamedTuple):
    """The draws nearest to an observation. `rows` i8 [kept] by distance, `distance` f8 [kept], `shares` f8 [kept, inputs]."""

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


def nearest(distance: np.ndarray, shares: np.ndarray, count: int) -> Kept:
    """Return the `count` draws of the least distance; of equals those drawn first."""
    rows = np.argsort(distance, kind="stable")[:count]
    return Kept(rows, distance[rows], shares[rows])


def fit(figures: np.ndarray, observed: np.ndarray, shares: np.ndarray, targets: Targets, count: int) -> Kept:
    """Return the `count` draws nearest to an observation f8 [figures]; `shares` f8 [draws, inputs] of the priors."""
    return nearest(distances(figures, observed, targets), shares, count)


def posterior(kept: Kept, space: Space, draws_of_free: np.ndarray) -> np.ndarray:
    """Return the posterior's draws f8 [kept, inputs] in units; inputs that are not fitted have draws of their prior."""
    shares = kept.shares.copy()
    shares[:, space.fitted :] = draws_of_free
    return space.values(shares)
