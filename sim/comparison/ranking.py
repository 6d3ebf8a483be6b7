"""Scenarios in order of a statistic: probabilities of ranks over matched runs, and the ranks that the runs leave open."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sim.comparison.outcomes import difference, values_of, varies
from sim.comparison.results import Ranking
from sim.statistics.inference import DRAWS, SEED

if TYPE_CHECKING:
    from sim.comparison.matched_runs import MatchedRuns
    from sim.comparison.outcomes import HeadlineStatistic

LEAST_RANKED, MOST_RANKED = 3, 12  # scenarios: two are compared, and of many the pairs are too many to be looked at
LEAST_RUNS = 10  # matched in all scenarios


def rankings(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[Ranking, ...]:
    """Return the ranking of the scenarios by each headline statistic that varies; none of two scenarios, or of few runs."""
    if not LEAST_RANKED <= len(gathered.scenarios) <= MOST_RANKED or len(common_replicates(gathered)) < LEAST_RUNS:
        return ()
    headline = [statistic for statistic in statistics if statistic.headline and varies(gathered, statistic)]
    made = (_ranking(gathered, statistic) for statistic in headline)
    return tuple(ranking for ranking in made if ranking is not None)


def common_replicates(gathered: MatchedRuns) -> np.ndarray:
    """Return the replicates that are done in every scenario: i8, rising."""
    common = gathered.replicates(gathered.reference)
    for name in gathered.others:
        common = np.intersect1d(common, gathered.replicates(name))
    return common


def _ranking(gathered: MatchedRuns, statistic: HeadlineStatistic) -> Ranking | None:
    names, common = list(gathered.scenarios), common_replicates(gathered)
    values = np.stack(
        [values_of(gathered, statistic, name)[np.searchsorted(gathered.replicates(name), common)] for name in names],
        axis=1,
    )
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < LEAST_RUNS:
        return None
    ahead = np.zeros((len(names), len(names)), dtype=bool)
    for i, j in combinations(range(len(names)), 2):
        gap = difference(gathered, statistic, names[j], names[i])
        ahead[i, j], ahead[j, i] = gap.resolved and gap.difference < 0, gap.resolved and gap.difference > 0
    return Ranking(
        statistic.statistic, statistic.label, statistic.unit, len(values), tuple(names), values.mean(axis=0),
        rank_probabilities(values), 1 + ahead.sum(axis=0), len(names) - ahead.sum(axis=1),
    )  # fmt: skip


def rank_probabilities(values: np.ndarray, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Return how often each scenario's mean has each rank, 1 the highest, if whole matched runs are resampled.

    Args:
        values: a statistic, f8 [runs, scenarios]; a row holds matched runs.
        draws: number of resamples.
        seed: seed of the resampling.

    Returns:
        f8 [scenarios, ranks]; rows and columns sum to 1. Scenarios of equal means share their ranks evenly.

    Example:
        >>> import numpy as np
        >>> from sim.comparison.ranking import rank_probabilities
        >>> rank_probabilities(np.array([[1.0, 3.0, 3.0]] * 20)).tolist()
        [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    """
    runs, count = values.shape
    random = np.random.default_rng(seed)
    probabilities = np.zeros((count, count))
    for _piece in range(draws // 100):
        means = values[random.integers(runs, size=(100, runs))].mean(axis=1).round(12)
        higher = np.sum(means[:, None, :] > means[:, :, None], axis=2)
        equal = np.sum(means[:, None, :] == means[:, :, None], axis=2)
        for rank in range(count):
            probabilities[:, rank] += np.sum(((higher <= rank) & (rank < higher + equal)) / equal, axis=0)
    return probabilities / (draws // 100 * 100)
