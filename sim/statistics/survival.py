"""Survival of agreements: Kaplan-Meier, Aalen-Johansen (competing risks), hazard by day."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Survival(NamedTuple):
    """A Kaplan-Meier curve: `share[i]` of the agreements hold longer than `days[i]` days.

    Attributes:
        days: the distinct days of ends and censorings, f8 [k].
        share: the share that holds longer, f8 [k].
        ended: the number of agreements that ended.
        censored: the number that had not ended.

    Example:
        >>> from sim.statistics.survival import survival
        >>> survival([2, 4], [False, False]).share.tolist()
        [0.5, 0.0]
    """

    days: np.ndarray
    share: np.ndarray
    ended: int
    censored: int

    def at(self, day: float) -> float:
        """Return the share that holds longer than `day` days."""
        row = int(np.searchsorted(self.days, day, side="right")) - 1
        return 1.0 if row < 0 else float(self.share[row])

    @property
    def median(self) -> float | None:
        """Return the first day by which half have ended; None if more than half still hold."""
        below = np.flatnonzero(self.share <= 0.5 + 1e-12)
        return float(self.days[below[0]]) if len(below) else None

    @property
    def mean(self) -> float | None:
        """Return the mean restricted to the longest hold seen; None without agreements."""
        if not len(self.days):
            return None
        edges = np.concatenate([[0.0], self.days])
        steps = np.concatenate([[1.0], self.share[:-1]])
        return float(np.sum(np.diff(edges) * steps))


def survival(days: np.ndarray, censored: np.ndarray) -> Survival:
    """Return the Kaplan-Meier curve of how long agreements hold (Kaplan & Meier 1958, JASA 53:457).

    Args:
        days: days held, f8 [n].
        censored: bool [n], True for agreements that had not ended.

    Example:
        >>> from sim.statistics.survival import survival
        >>> curve = survival([3, 5, 5, 12, 30], [False, False, False, False, True])
        >>> curve.median, curve.at(5), curve.mean
        (5.0, 0.4, 11.0)
    """
    days, censored = np.asarray(days, dtype=float), np.asarray(censored, dtype=bool)
    at, position = np.unique(days, return_inverse=True)
    ends = np.bincount(position, weights=~censored, minlength=len(at))
    at_risk = len(days) - np.searchsorted(np.sort(days), at)
    broken = int(ends.sum())
    return Survival(at, np.cumprod(1.0 - ends / at_risk), broken, len(days) - broken)


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


class SurvivalCurves(NamedTuple):
    """Curves on days 0..H; with weights B there is a leading axis [B]."""

    share: np.ndarray  # f8 [..., H + 1], holding longer
    causes: np.ndarray  # f8 [..., C, H + 1], cumulative incidence
    at_risk: np.ndarray  # f8 [..., H + 1], just before the end of that day


def curves(hold_counts: Counts, weights: np.ndarray | None = None) -> SurvivalCurves:
    """Return Kaplan-Meier curves and, for competing causes, Aalen-Johansen cumulative incidence (Aalen & Johansen 1978, Scand J Stat 5:141).

    Args:
        hold_counts: ends by run, cause and day, and censorings by run and day.
        weights: how often each of R runs is drawn in each of B resamples, f8 [B, R]; each run once if None.

    Returns:
        Shares f8 [B, H + 1], incidences f8 [B, C, H + 1] and numbers at risk f8 [B, H + 1] on days 0..H.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.survival import counts, curves
        >>> run, days, cause = np.array([0, 0, 1, 1]), np.array([2, 3, 1, 3]), np.array([0, 1, 0, -1])
        >>> held = curves(counts(run, days, cause, (2, 2, 4)))
        >>> held.share[0].tolist(), held.causes[0].tolist()
        ([1.0, 0.75, 0.5, 0.25], [[0.0, 0.25, 0.5, 0.5], [0.0, 0.0, 0.0, 0.25]])
    """
    weights = np.ones((1, len(hold_counts.censored))) if weights is None else np.atleast_2d(weights)
    ended = np.tensordot(weights, hold_counts.ended, axes=1)
    gone = ended.sum(axis=1) + weights @ hold_counts.censored
    at_risk = np.cumsum(gone[:, ::-1], axis=1)[:, ::-1]
    safe = np.where(at_risk > 0, at_risk, 1.0)
    share = np.cumprod(1.0 - ended.sum(axis=1) / safe, axis=1)
    before = np.concatenate([np.ones((len(share), 1)), share[:, :-1]], axis=1)
    causes = np.cumsum((before / safe)[:, None, :] * ended, axis=2)
    return SurvivalCurves(share, causes, at_risk)


def draws(runs: int, times: int, seed: int) -> np.ndarray:
    """Return how often each of `runs` runs is drawn in each of `times` resamples: f8 [times, runs]."""
    return np.random.default_rng(seed).multinomial(runs, np.full(runs, 1.0 / max(runs, 1)), size=times).astype(float)


def band(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % band, low and high, of curves or numbers resampled, f8 [B, ...]."""
    low, high = np.percentile(resampled, EDGES, axis=0)
    return low, high


def median_of(share: np.ndarray) -> float:
    """Return the first day by which half have ended, of a curve f8 [H + 1]; infinite if over half still hold."""
    below = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(below[0]) if len(below) else math.inf


def restricted_mean(share: np.ndarray, until: int) -> np.ndarray:
    """Return the mean days held, counted up to `until` (the area below curves f8 [..., H + 1] from 0 to `until`)."""
    return np.asarray(share[..., :until].sum(axis=-1))


def common_horizon(at_risk: list[np.ndarray], least: int = 5) -> int:
    """Return the last day on which every curve, f8 [H + 1] each, has `least` at risk, or one in twenty of its start."""
    last = [
        int(np.flatnonzero(curve >= max(min(least, curve[0]), curve[0] / 20))[-1]) if curve[0] > 0 else 0
        for curve in at_risk
    ]
    return min(last, default=0)
