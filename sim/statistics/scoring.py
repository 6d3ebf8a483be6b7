"""Scores of forecasts: proper scoring rules, discrimination, calibration, and bands by resampling blocks.

A score is proper if a forecaster does best on average by stating true beliefs. CRPS, Brier and logarithmic scores are
losses: lower is better, 0 is perfect. Gneiting & Raftery 2007, J Am Stat Assoc 102:359.

The library scoringrules gives those scores that have no function of their own here. It is imported when one is wanted: its
import compiles code for some five seconds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

FLOOR = 1e-3  # smaller probabilities are scored as this one, so that a forecast of 0 has a finite loss
DAY_FLOOR = 1e-4  # the same for the chance of one day among many
KERNEL_DAYS = 7  # ensembles of days become chances of days over this width
BOOTSTRAPS = 1000
EDGES = (5.0, 95.0)
INTERVAL_ALPHA = 0.05  # of the interval score: a central interval of 95 % (VIEWS)
# Edges of the bins of counts of the ignorance score (VIEWS); the last bin is open.
IGNORANCE_EDGES = (0.0, 0.5, 2.5, 5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5)


def crps(members: np.ndarray, observed: float, fair: bool = True) -> float:
    """Return the continuous ranked probability score of an ensemble, E|X - y| - E|X - X'| / 2, in the unit of the forecast.

    Args:
        members: the ensemble, f8 [M].
        observed: the observed value.
        fair: whether the second mean is over pairs of different members, so that the expected score does not depend on M
            (Ferro 2014, Q J R Meteorol Soc 140:1917); else it is that of the ensemble's step function.

    Raises:
        ValueError: without members.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import crps
        >>> round(crps(np.array([1.0, 2.0, 4.0]), 3.0), 3)
        0.333
    """
    members = np.sort(np.asarray(members, dtype=float))
    count = len(members)
    if not count:
        raise ValueError("an ensemble needs a member")
    error = float(np.mean(np.abs(members - observed)))
    if count == 1:
        return error
    # sum over all ordered pairs of |xi - xj|, from sorted members
    spread = 2.0 * float(np.sum((2 * np.arange(1, count + 1) - count - 1) * members))
    return error - spread / (2.0 * (count * (count - 1) if fair else count * count))


def tail_crps(members: np.ndarray, observed: np.ndarray, threshold: float) -> np.ndarray:
    """Return the threshold-weighted CRPS of each case, which weighs only what is above a threshold: f8 [N], in its unit.

    It is the fair CRPS of max(x, threshold) (Allen, Ginsbourger & Ziegel 2023, SIAM/ASA J Uncertain Quantif 11:906).

    Args:
        members: ensembles, f8 [M, N].
        observed: f8 [N].
        threshold: smaller values count as this one.

    Raises:
        ValueError: without members.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import tail_crps
        >>> tail_crps(np.array([[1.0], [2.0], [4.0]]), np.array([3.0]), 2.5).round(3).tolist()
        [0.167]
    """
    members, observed = np.asarray(members, dtype=float), np.asarray(observed, dtype=float)
    if not len(members):
        raise ValueError("an ensemble needs a member")
    above = np.maximum(members, threshold), np.maximum(observed, threshold)
    return np.array([crps(column, float(seen)) for column, seen in zip(above[0].T, above[1], strict=True)])


def interval_score(members: np.ndarray, observed: np.ndarray, alpha: float = INTERVAL_ALPHA) -> np.ndarray:
    """Return the score of the central interval of level 1 - alpha of each case: its width, and 2/alpha times any miss.

    f8 [N], in the unit of the forecast; members f8 [M, N], observed f8 [N]. Ends are interpolated quantiles, as in VIEWS.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import interval_score
        >>> interval_score(np.arange(101.0)[:, None], np.array([95.0]), alpha=0.2).round(6).tolist()
        [130.0]
    """
    from scoringrules import interval_score as score_of

    low, high = np.quantile(np.asarray(members, dtype=float), [alpha / 2.0, 1.0 - alpha / 2.0], axis=0)
    return np.atleast_1d(score_of(np.asarray(observed, dtype=float), low, high, alpha, backend="numpy"))


def energy_score(members: np.ndarray, observed: np.ndarray) -> float:
    """Return the fair energy score of an ensemble of vectors, E|X - y| - E|X - X'| / 2 with Euclidean distances.

    The CRPS of many numbers at once: it sees whether they move together (Gneiting & Raftery 2007, section 4.2).

    Args:
        members: f8 [M, D].
        observed: f8 [D].

    Raises:
        ValueError: without members.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import energy_score
        >>> energy_score(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([3.0, 0.0]))
        1.0
    """
    members, observed = np.asarray(members, dtype=float), np.asarray(observed, dtype=float)
    if not len(members):
        raise ValueError("an ensemble needs a member")
    varied = (members != observed).any(axis=0)  # other components add nothing to any distance
    members, observed = np.ascontiguousarray(members[:, varied]), observed[varied]
    if not varied.any():
        return 0.0
    if len(members) == 1:
        return float(np.linalg.norm(members[0] - observed))
    from scoringrules import es_ensemble

    return float(es_ensemble(observed, members, estimator="fair", backend="numba"))  # no array of all pairs


def ignorance(members: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the binned ignorance score of counts, minus log2 of the share of members in the bin observed: f8 [N], in bits.

    Bins are those of IGNORANCE_EDGES. One member is added to each bin, so that no chance is 0, as in VIEWS (Hegre et al.
    2024, arXiv 2407.11045). Members f8 [M, N] and observed f8 [N], not below 0.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import ignorance
        >>> ignorance(np.array([[0.0], [1.0], [2.0], [7.0]]), np.array([2.0])).round(2).tolist()
        [2.32]
    """
    members, observed = np.asarray(members, dtype=float), np.asarray(observed, dtype=float)
    row = np.searchsorted(IGNORANCE_EDGES, observed, side="right")
    inside = (np.searchsorted(IGNORANCE_EDGES, members, side="right") == row).sum(axis=0)
    return -np.log2((inside + 1.0) / (len(members) + len(IGNORANCE_EDGES)))


def brier(chance: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Return the Brier score of each forecast, (chance - happened) squared (Brier 1950, Mon Weather Rev 78:1).

    Args:
        chance: probabilities 0 to 1, f8 of any shape.
        happened: 0 or 1, of the same shape.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import brier
        >>> brier(np.array([0.9, 0.2]), np.array([1, 0])).round(2).tolist()
        [0.01, 0.04]
    """
    return (np.asarray(chance, dtype=float) - np.asarray(happened, dtype=float)) ** 2


def brier_of_kinds(chance: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the Brier score over kinds, 0 to 2, of each case: f8 [N]; chances f8 [N, K], observed kind i8 [N]."""
    chance = np.asarray(chance, dtype=float)
    return brier(chance, np.eye(chance.shape[1])[observed]).sum(axis=1)


def log_score(chance: np.ndarray | float, floor: float = FLOOR) -> np.ndarray:
    """Return minus the natural logarithm of the chance given to what happened; no less than `floor` is taken."""
    return -np.log(np.maximum(np.asarray(chance, dtype=float), floor))


def roc_area(score: np.ndarray, happened: np.ndarray) -> float:
    """Return the area under the ROC curve; higher is better, 0.5 is chance (Hanley & McNeil 1982, Radiology 143:29).

    It is the probability that a case that happened has a higher score than one that did not; ties count half.

    Args:
        score: f8 [n].
        happened: bool [n].

    Returns:
        The area; NaN if only one outcome occurs.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.scoring import roc_area
        >>> roc_area(np.array([0.9, 0.4, 0.2]), np.array([True, False, False]))
        1.0
    """
    from scipy.stats import rankdata

    happened = np.asarray(happened, dtype=bool)
    yes, no = int(happened.sum()), int((~happened).sum())
    if not yes or not no:
        return math.nan
    ranks = rankdata(np.asarray(score, dtype=float))
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


class Reliability(NamedTuple):
    """Bins of chances that have a case: mean chance, share that happened, number of cases, f8 [B] and i8 [B]."""

    said: np.ndarray
    share: np.ndarray
    cases: np.ndarray

    @property
    def error(self) -> float:
        """Mean difference between forecast and outcome, weighted by cases; 0 is perfect."""
        return float(np.sum(self.cases * np.abs(self.said - self.share)) / max(self.cases.sum(), 1))


def reliability(chance: np.ndarray, happened: np.ndarray, edges: np.ndarray | None = None) -> Reliability:
    """Return how often events of about the same forecast probability happened; ten equal bins if no `edges` are given."""
    chance, happened = np.asarray(chance, dtype=float).ravel(), np.asarray(happened, dtype=float).ravel()
    edges = np.linspace(0.0, 1.0, 11) if edges is None else np.asarray(edges, dtype=float)
    row = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, len(edges) - 2)
    cases = np.bincount(row, minlength=len(edges) - 1)
    chances, share = (np.bincount(row, weights=weights, minlength=len(edges) - 1) for weights in (chance, happened))
    there = cases > 0
    return Reliability(chances[there] / cases[there], share[there] / cases[there], cases[there])


def interval(members: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the central interval of ensembles f8 [M, ...] at a level 0..1; ends are values of members."""
    tail = 50.0 * (1.0 - level)
    low = np.percentile(members, tail, axis=0, method="inverted_cdf")
    high = np.percentile(members, 100.0 - tail, axis=0, method="inverted_cdf")
    return low, high


def coverage(members: np.ndarray, observed: np.ndarray, level: float) -> float:
    """Return the share of cases inside their central interval, ends included; members f8 [M, N], observed f8 [N].

    Intervals of counts hold at least their level, so that a share somewhat above it is no fault. NaN without cases.
    """
    observed = np.asarray(observed, dtype=float)
    if not len(observed):
        return math.nan
    low, high = interval(np.asarray(members, dtype=float), level)
    return float(np.mean((observed >= low) & (observed <= high)))


def day_chances(days: np.ndarray, censored: np.ndarray, first: int, horizon: int) -> tuple[np.ndarray, float]:
    """Return the chance that something ends on each day `first` .. `horizon`, f8 [horizon - first + 1], and that it does not.

    `days` f8 [M] are when it ended, or was last observed if `censored`, of an ensemble of those that last until
    `first`. Kaplan-Meier (survival.py) accounts for those censored; each day's chance is then spread over KERNEL_DAYS days,
    within the range, so that the whole remains one.
    """
    from sim.statistics.survival import survival

    count = horizon - first + 1
    if not len(days) or count < 1:
        return np.zeros(max(count, 0)), 1.0
    curve = survival(np.asarray(days, dtype=float), np.asarray(censored, dtype=bool))
    alive = np.array([1.0, *(curve.at(day) for day in range(first, horizon + 1))])
    chance, reach = np.zeros(count), KERNEL_DAYS // 2
    for index, mass in enumerate(-np.diff(alive)):
        near = slice(max(0, index - reach), min(count, index + reach + 1))
        chance[near] += mass / (near.stop - near.start)
    return chance, float(alive[-1])


def block_band(values: np.ndarray, blocks: np.ndarray, seed: int, times: int = BOOTSTRAPS) -> tuple[float, float]:
    """Return the 90 % band of the mean of values f8 [N] when whole blocks (labels [N]) are drawn with replacement.

    Cases of one block share much of what decides them; NaN with fewer than two blocks.
    """
    names, row = np.unique(np.asarray(blocks).astype(str), return_inverse=True)
    if len(names) < 2:
        return math.nan, math.nan
    total, cases = np.bincount(row, weights=np.asarray(values, dtype=float)), np.bincount(row)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=times)
    low, high = np.percentile((drawn @ total) / (drawn @ cases), EDGES)
    return float(low), float(high)
