"""How long agreements hold over many runs, and by what they end; bands by resampling whole runs.

Agreements of one run share its seed and its inputs, so that runs, not agreements, are drawn. Kaplan & Meier 1958, J Am Stat
Assoc 53:457; Aalen & Johansen 1978, Scand J Stat 5:141. Days are whole: counts by run and day hold all there is to know, and
a resample is a product of weights and counts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

BOOTSTRAPS = 1000
EDGES = (2.5, 97.5)


class Counts(NamedTuple):
    """Agreements by run [R], cause [C] and day held [H + 1]: those that ended, and those censored on that day."""

    ended: np.ndarray  # f8 [R, C, H + 1]
    censored: np.ndarray  # f8 [R, H + 1]

    @property
    def horizon(self) -> int:
        """H, the last day."""
        return self.censored.shape[-1] - 1


def counts(run: np.ndarray, days: np.ndarray, cause: np.ndarray, shape: tuple[int, int, int]) -> Counts:
    """Count n agreements: `run` i8 [n] in 0..R, `days` held, `cause` i8 [n] in 0..C or -1 censored; `shape` is R, C, H + 1."""
    ended, censored = np.zeros(shape), np.zeros((shape[0], shape[2]))
    over = cause >= 0
    np.add.at(ended, (run[over], cause[over], days[over]), 1.0)
    np.add.at(censored, (run[~over], days[~over]), 1.0)
    return Counts(ended, censored)


class Curves(NamedTuple):
    """Curves on days 0..H; with weights B there is a leading axis [B]."""

    share: np.ndarray  # f8 [..., H + 1], holding longer
    causes: np.ndarray  # f8 [..., C, H + 1], cumulative incidence
    at_risk: np.ndarray  # f8 [..., H + 1], just before the end of that day


def curves(found: Counts, weights: np.ndarray | None = None) -> Curves:
    """Return Kaplan-Meier and Aalen-Johansen curves; `weights` f8 [B, R] are how often each run is drawn."""
    weights = np.ones((1, len(found.censored))) if weights is None else np.atleast_2d(weights)
    ended = np.tensordot(weights, found.ended, axes=1)
    gone = ended.sum(axis=1) + weights @ found.censored
    at_risk = np.cumsum(gone[:, ::-1], axis=1)[:, ::-1]
    safe = np.where(at_risk > 0, at_risk, 1.0)
    share = np.cumprod(1.0 - ended.sum(axis=1) / safe, axis=1)
    before = np.concatenate([np.ones((len(share), 1)), share[:, :-1]], axis=1)
    causes = np.cumsum((before / safe)[:, None, :] * ended, axis=2)
    return Curves(share, causes, at_risk)


def draws(runs: int, times: int, seed: int) -> np.ndarray:
    """Return how often each of `runs` runs is drawn in each of `times` resamples: f8 [times, runs]."""
    return np.random.default_rng(seed).multinomial(runs, np.full(runs, 1.0 / max(runs, 1)), size=times).astype(float)


def band(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % band, low and high, of curves or numbers resampled, f8 [B, ...]."""
    low, high = np.percentile(resampled, EDGES, axis=0)
    return low, high


def median_of(share: np.ndarray) -> float:
    """Return the first day by which half have ended, of a curve f8 [H + 1]; infinite where over half still hold."""
    below = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(below[0]) if len(below) else math.inf


def restricted_mean(share: np.ndarray, until: int) -> np.ndarray:
    """Return the mean days held, counted up to `until` (the area below curves f8 [..., H + 1] from 0 to `until`)."""
    return np.asarray(share[..., :until].sum(axis=-1))


def common_horizon(at_risk: list[np.ndarray], least: int = 5) -> int:
    """Return the last day on which every curve, f8 [H + 1] each, has `least` at risk, or one in twenty of its start."""
    last = [
        int(np.flatnonzero(one >= max(min(least, one[0]), one[0] / 20))[-1]) if one[0] > 0 else 0 for one in at_risk
    ]
    return min(last, default=0)
