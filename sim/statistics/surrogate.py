"""A surrogate of a statistic in its inputs: gradient boosting, judged by its errors in runs that it has not seen.

A surrogate is worth something only if it predicts left-out runs better than their mean does; `Surrogate.explains` says so. Even a
perfect one errs by chance: by the standard deviation between runs of the same inputs, which only a study with several runs a
draw knows."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass

import numpy as np

from sim.statistics.survival import BOOTSTRAPS, band, draws

FOLDS = 10
LEAST_GROUPS = 40  # draws of the inputs
# Friedman 2001, Ann Stat 29:1189: shallow trees and a small step, as runs are few and inputs are many; a share of the inputs is
# tried at each split, and so many runs lie in each leaf at least.
TREES, DEPTH, STEP, TRIED, LEAF = 100, 2, 0.05, 0.3, 5
EXTRA = "decisions"  # the project's extra that brings scikit-learn


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Predictions of left-out runs, f8 [n], and errors (root mean square) in the statistic's unit.

    `share`: of the squared error of the mean that the surrogate removes; below 0 if it is worse than the mean. Its interval of
    95 % is by resampling draws.
    """

    predicted: np.ndarray
    error: float
    error_of_mean: float
    share: float
    low: float
    high: float

    @property
    def explains(self) -> bool:
        """Whether it is resolved to predict better than the mean."""
        return self.low > 0


def is_available() -> bool:
    """Return whether scikit-learn is installed."""
    return importlib.util.find_spec("sklearn") is not None


def surrogate(points: np.ndarray, values: np.ndarray, groups: np.ndarray, seed: int) -> Surrogate | None:
    """Return the surrogate of a statistic; None with fewer than `LEAST_GROUPS` draws, without inputs or without variance.

    Args:
        points: inputs f8 [n, k], one point a run, finite.
        values: the statistic f8 [n], finite.
        groups: draw of the inputs of each run, i8 [n], 0 and up: runs of one draw are left out together.
        seed: seed of folds, trees and resampling.

    Raises:
        ModuleNotFoundError: if scikit-learn is not installed.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    count = int(groups.max()) + 1 if len(groups) else 0
    if count < LEAST_GROUPS or not points.shape[1] or np.ptp(values) == 0:
        return None
    fold = np.random.default_rng(seed).permutation(count)[groups] % FOLDS
    predicted, mean = np.empty(len(values)), np.empty(len(values))
    trees = HistGradientBoostingRegressor(
        max_iter=TREES, max_depth=DEPTH, learning_rate=STEP, max_features=TRIED, min_samples_leaf=LEAF, early_stopping=False,
        random_state=seed % 2**32,
    )  # fmt: skip
    with threadpool_limits(1):  # runs are few, and threads would wait for each other
        for number in range(FOLDS):
            out = fold == number
            predicted[out] = trees.fit(points[~out], values[~out]).predict(points[out])
            mean[out] = values[~out].mean()
    own, plain = (np.bincount(groups, (values - guess) ** 2) for guess in (predicted, mean))
    weights = draws(count, BOOTSTRAPS, seed)
    low, high = band(1 - (weights @ own) / (weights @ plain))
    error, error_of_mean = (math.sqrt(float(each.sum()) / len(values)) for each in (own, plain))
    return Surrogate(predicted, error, error_of_mean, 1 - float(own.sum() / plain.sum()), float(low), float(high))
