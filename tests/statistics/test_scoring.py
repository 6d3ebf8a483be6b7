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


# Scores of the field, each by hand, and against scoringrules


def test_threshold_weighted_crps_of_a_worked_example() -> None:
    """Members 1, 2, 4 and observed 3 above 2.5: 2.5, 2.5, 4 and 3. Errors 0.5, 0.5, 1; pairs differ by 0, 1.5, 1.5."""
    members, observed = np.array([[4.0], [1.0], [2.0]]), np.array([3.0])
    assert scoring.tail_crps(members, observed, 2.5).tolist() == pytest.approx([2 / 3 - 3.0 / 6])
    assert scoring.tail_crps(members, observed, 9.0).tolist() == [0.0]  # nothing is above
    assert scoring.tail_crps(members, observed, 0.0).tolist() == pytest.approx([scoring.crps(members[:, 0], 3.0)])
    assert scoring.tail_crps(np.array([[5.0]]), np.array([1.0]), 2.0).tolist() == [3.0]
    with pytest.raises(ValueError, match="member"):
        scoring.tail_crps(np.zeros((0, 1)), observed, 1.0)


def test_interval_score_of_a_worked_example() -> None:
    """Members 0..100: the central 80 % are 10 to 90, so that the width is 80 and a miss of 5 costs 2/0.2 times 5."""
    members = np.tile(np.arange(101.0)[:, None], (1, 3))
    assert scoring.interval_score(members, np.array([50.0, 5.0, 95.0]), 0.2).tolist() == pytest.approx([80, 130, 130])
    one = scoring.interval_score(np.array([[2.0]]), np.array([3.0]))
    assert one.tolist() == pytest.approx([2 / 0.05])


def test_energy_score_of_a_worked_example() -> None:
    """Members (0, 0) and (3, 4), observed (0, 0): mean distance 5/2; the one pair is 5 apart."""
    members = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert scoring.energy_score(members, np.zeros(2)) == pytest.approx(2.5 - 5 / 2)
    assert scoring.energy_score(members, np.array([3.0, 0.0])) == pytest.approx(3.5 - 5 / 2)
    assert scoring.energy_score(members[1:], np.zeros(2)) == 5.0
    assert scoring.energy_score(np.ones((4, 3)), np.ones(3)) == 0.0
    with pytest.raises(ValueError, match="member"):
        scoring.energy_score(np.zeros((0, 2)), np.zeros(2))


def test_the_energy_score_of_one_number_is_its_crps() -> None:
    rng = np.random.default_rng(5)
    members = rng.poisson(3, 40).astype(float)
    assert scoring.energy_score(members[:, None], np.array([2.0])) == pytest.approx(scoring.crps(members, 2.0))


def test_ignorance_of_a_worked_example() -> None:
    """Members 0, 1, 2, 7: two are in the bin of 1 and 2, so that its chance is (2 + 1) / (4 + 11)."""
    members = np.tile(np.array([[0.0], [1.0], [2.0], [7.0]]), (1, 4))
    found = scoring.ignorance(members, np.array([0.0, 2.0, 30.0, 5000.0]))
    assert found.tolist() == pytest.approx([-math.log2(share / 15) for share in (2, 3, 1, 1)])


@pytest.mark.parametrize("seed", range(20))
def test_scores_equal_those_of_scoringrules(seed: int) -> None:
    import scoringrules

    rng = np.random.default_rng(seed)
    members, observed = rng.negative_binomial(1, 0.3, (30, 6)).astype(float), rng.poisson(2, 6).astype(float)
    ours = [scoring.crps(members[:, case], observed[case]) for case in range(6)]
    theirs = scoringrules.crps_ensemble(observed, members, m_axis=0, estimator="fair", backend="numpy")
    assert ours == pytest.approx(theirs.tolist(), abs=1e-12)
    plain = [scoring.crps(members[:, case], observed[case], fair=False) for case in range(6)]
    theirs = scoringrules.crps_ensemble(observed, members, m_axis=0, estimator="nrg", backend="numpy")
    assert plain == pytest.approx(theirs.tolist(), abs=1e-12)
    apart = [float(np.linalg.norm(one - other)) for one in members for other in members]
    error = np.linalg.norm(members - observed, axis=1).mean()
    assert scoring.energy_score(members, observed) == pytest.approx(error - sum(apart) / (2 * 30 * 29))
    above = np.maximum(members, 3.0), np.maximum(observed, 3.0)
    by_hand = [scoring.crps(above[0][:, case], above[1][case]) for case in range(6)]
    assert scoring.tail_crps(members, observed, 3.0).tolist() == pytest.approx(by_hand, abs=1e-12)


SCORES = {
    "crps": lambda members, observed: np.mean([scoring.crps(members[:, n], one) for n, one in enumerate(observed)]),
    "tail": lambda members, observed: np.mean(scoring.tail_crps(members, observed, 4.0)),
    "interval": lambda members, observed: np.mean(scoring.interval_score(members, observed)),
    "ignorance": lambda members, observed: np.mean(scoring.ignorance(members, observed)),
    "energy": lambda members, observed: np.mean([scoring.energy_score(members, observed)]),
}


@pytest.mark.parametrize("name", SCORES)
def test_the_true_distribution_does_better_than_others_on_average(name: str) -> None:
    """Weeks are Poisson 4. The forecast of the truth is compared with too few, too many, too narrow and too wide ones."""
    rng = np.random.default_rng(11)
    weeks = 400
    observed = rng.poisson(4, weeks).astype(float)
    truth = rng.poisson(4, (300, weeks)).astype(float)
    others = {
        "few": rng.poisson(1.5, (300, weeks)),
        "many": rng.poisson(8, (300, weeks)),
        "narrow": np.full((300, weeks), 4),
        "wide": rng.negative_binomial(0.4, 0.4 / 4.4, (300, weeks)),
    }
    own = SCORES[name](truth, observed)
    for other, members in others.items():
        assert own < SCORES[name](members.astype(float), observed), other
