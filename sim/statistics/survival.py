"""How long agreements hold: Kaplan-Meier with agreements still in force at the end censored.

Kaplan & Meier 1958, J Am Stat Assoc 53:457. Written out, because batch workers, which need it for every run, do without
scipy; a test compares it with scipy.stats.ecdf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Survival(NamedTuple):
    """A Kaplan-Meier curve: `share[i]` of the agreements hold longer than `days[i]` days. Steps at ends and censorings."""

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
        """Return the first day by which half have ended; None where more than half still hold."""
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
    """Return the curve of holds of `days` days, f8 [n]; `censored`, bool [n], marks those that had not ended."""
    days, censored = np.asarray(days, dtype=float), np.asarray(censored, dtype=bool)
    at, place = np.unique(days, return_inverse=True)
    ends = np.bincount(place, weights=~censored, minlength=len(at))
    at_risk = len(days) - np.searchsorted(np.sort(days), at)
    broken = int(ends.sum())
    return Survival(at, np.cumprod(1.0 - ends / at_risk), broken, len(days) - broken)
