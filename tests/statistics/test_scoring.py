"""Scores against worked examples and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from sim.statistics import scoring


def test_crps_of_a_worked_example() -> None:
    """Members 1, 2, 4 and observed 3: mean error (2 + 1 + 1) / 3; pairs differ by 1, 3 and 2."""
    assert scoring.crps(np.array([4.0, 1.0, 2.0]), 3.0, fair=False) == pytest.approx(4 / 3 - 2 * 6 / 9 / 2)
    assert scoring.crps(np.array([4.0, 1.0, 2.0]), 3.0) == pytest.approx(4 / 3 - 2 * 6 / 6 / 2)


def test_crps_of_one_member_is_its_error_and_of_none_is_refused() -> None:
    assert scoring.crps(np.array([5.0]), 3.0) == 2.0
    with pytest.raises(ValueError, match="member"):
        scoring.crps(np.array([]), 3.0)


@pytest.mark.parametrize("observed", [-1.5, 0.0, 0.7])
def test_crps_of_a_normal_ensemble_is_that_of_the_normal(observed: float) -> None:
    """Gneiting & Raftery 2007, equation 5: z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)."""
    members = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    closed = observed * (2 * norm.cdf(observed) - 1) + 2 * norm.pdf(observed) - 1 / math.sqrt(math.pi)
    assert scoring.crps(members, observed) == pytest.approx(closed, abs=2e-3)


def test_the_fair_crps_does_not_depend_on_the_size_of_the_ensemble() -> None:
    rng = np.random.default_rng(1)
    few, many = (
        [scoring.crps(rng.normal(size=size), rng.normal()) for _ in range(20_000 // size)] for size in (2, 200)
    )
    assert np.mean(few) == pytest.approx(1 / math.sqrt(math.pi), abs=0.03)  # of a perfect normal forecast
    assert np.mean(many) == pytest.approx(1 / math.sqrt(math.pi), abs=0.09)


def test_brier_of_murphys_kind_of_example() -> None:
    assert scoring.brier(np.array([0.7, 0.3, 0.0]), np.array([1, 0, 1])).tolist() == pytest.approx([0.09, 0.09, 1.0])
    chance = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    assert scoring.brier_of_kinds(chance, np.array([1, 0])).tolist() == pytest.approx([0.04 + 0.25 + 0.09, 0.0])


def test_the_log_score_has_a_floor() -> None:
    found = scoring.log_score(np.array([1.0, 0.5, 0.0]))
    assert found.tolist() == pytest.approx([0.0, math.log(2), -math.log(scoring.FLOOR)])


def test_brier_and_log_score_are_proper() -> None:
    """With a true chance of 0.3, no said chance does better on average than 0.3."""
    said = np.linspace(0.01, 0.99, 99)
    for score in (lambda p, hit: scoring.brier(p, hit), lambda p, hit: scoring.log_score(p if hit else 1 - p)):
        mean = 0.3 * score(said, 1) + 0.7 * score(said, 0)
        assert said[np.argmin(mean)] == pytest.approx(0.3)


def test_roc_area_of_a_worked_example() -> None:
    """Of the pairs (hit, miss) with scores hit 0.8, 0.4 and miss 0.4, 0.1: three are ordered and one is a tie."""
    score, happened = np.array([0.8, 0.4, 0.4, 0.1]), np.array([1, 1, 0, 0])
    assert scoring.roc_area(score, happened) == pytest.approx(3.5 / 4)
    assert scoring.roc_area(-score, happened) == pytest.approx(0.5 / 4)
    assert math.isnan(scoring.roc_area(score, np.ones(4)))


def test_reliability_bins() -> None:
    found = scoring.reliability(np.array([0.05, 0.05, 0.95, 1.0]), np.array([0, 1, 1, 1]))
    assert found.said.tolist() == pytest.approx([0.05, 0.975])
    assert found.share.tolist() == pytest.approx([0.5, 1.0])
    assert found.cases.tolist() == [2, 2]
    assert found.error == pytest.approx((2 * 0.45 + 2 * 0.025) / 4)


def test_coverage_counts_the_ends_as_inside() -> None:
    members = np.tile(np.arange(1.0, 101.0)[:, None], (1, 4))
    low, high = scoring.interval(members, 0.5)
    assert (low[0], high[0]) == (25.0, 75.0)
    assert scoring.coverage(members, np.array([24.0, 25.0, 75.0, 76.0]), 0.5) == 0.5
    assert scoring.coverage(members, np.array([24.0, 25.0, 75.0, 76.0]), 0.9) == 1.0
    assert math.isnan(scoring.coverage(members[:, :0], np.array([]), 0.9))


def test_coverage_of_a_calibrated_forecast_is_its_level() -> None:
    rng = np.random.default_rng(3)
    found = scoring.coverage(rng.normal(size=(400, 3000)), rng.normal(size=3000), 0.5)
    assert found == pytest.approx(0.5, abs=0.03)


def test_chances_of_days_make_one_and_account_for_the_censored() -> None:
    days, censored = np.array([10.0, 10.0, 30.0, 40.0]), np.array([False, False, True, True])
    chance, rest = scoring.day_chances(days, censored, 1, 40)
    assert chance.sum() + rest == pytest.approx(1.0)
    assert rest == pytest.approx(0.5)
    assert chance[10 - 1] == pytest.approx(0.5 / scoring.KERNEL_DAYS)
    assert chance[10 - 1 + 4] == 0.0


def test_chances_at_the_edge_of_the_range_stay_inside() -> None:
    chance, rest = scoring.day_chances(np.array([1.0]), np.array([False]), 1, 20)
    assert chance.sum() == pytest.approx(1.0)
    assert rest == 0.0
    assert chance[0] == pytest.approx(1 / 4)  # days 1 to 4


def test_the_band_over_blocks_is_wider_than_over_cases() -> None:
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    low, high = scoring.block_band(values, np.repeat(list("abcd"), 25), seed=1)
    one_by_one = scoring.block_band(values, np.arange(100), seed=1)
    assert low == 0.0
    assert high == 1.0
    assert one_by_one[0] == pytest.approx(0.5 - 1.645 * 0.05, abs=0.03)
    assert one_by_one[1] == pytest.approx(0.5 + 1.645 * 0.05, abs=0.03)
    assert math.isnan(scoring.block_band(values, np.zeros(100), seed=1)[0])
