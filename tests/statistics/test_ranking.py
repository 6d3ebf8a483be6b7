"""Ranks of scenarios over matched runs: probabilities against a count by hand, and ranks that the runs leave open."""

from __future__ import annotations

import numpy as np
import pytest

from sim.comparison.compare import Comparison, compare
from sim.comparison.ranking import rank_probabilities
from sim.statistics.inference import is_resolved, paired_difference
from tests.study.study_in_memory import made_study

NAMES = ("kafr_hamra", "strong_mediator", "united_nlf")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(made_study(NAMES, 12, 60))


def test_probabilities_are_those_of_resampled_means() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(30, 1)) + random.normal([0.0, 0.3, 0.35, 2.0], 1, size=(30, 4))
    found = rank_probabilities(values)
    means = np.array([values[random.integers(30, size=30)].mean(axis=0) for _ in range(4000)])
    ranks = 4 - means.argsort(axis=1).argsort(axis=1)
    expected = np.stack([(ranks == rank).mean(axis=0) for rank in range(1, 5)], axis=1)
    assert found == pytest.approx(expected, abs=0.04)
    assert found.sum(axis=0) == pytest.approx(np.ones(4))


def test_ranks_are_ruled_out_by_resolved_differences_alone(comparison: Comparison) -> None:
    assert comparison.rankings
    rows = {(row.scenario, row.difference.statistic): row.difference for row in comparison.forest}
    for ranking in comparison.rankings:
        behind_first = {name for name in NAMES[1:] if rows[name, ranking.statistic].resolved}
        for i, name in enumerate(NAMES[1:], start=1):
            apart = ranking.last[0] < ranking.first[i] or ranking.last[i] < ranking.first[0]
            assert not apart or name in behind_first, "ranks that do not meet need a resolved difference"
        if not ranking.settled:
            assert not behind_first
        assert (ranking.first <= ranking.last).all()
        assert ranking.means[0] == pytest.approx(rows[NAMES[1], ranking.statistic].reference)


def test_two_scenarios_are_not_ranked() -> None:
    assert compare(made_study(NAMES[:2], 12, 60)).rankings == ()


def test_one_rule_resolves_differences_wherever_they_are_judged() -> None:
    few, many = np.zeros(40), np.zeros(40)
    few[:5], many[:20] = 3.0, 3.0
    for gap in (few, many, few * -1):
        found = paired_difference(np.zeros(40), gap)
        assert found.resolved == is_resolved(found.low, found.high, np.count_nonzero(gap))
    assert [paired_difference(np.zeros(40), gap).too_few_differ for gap in (few, many)] == [True, False]
