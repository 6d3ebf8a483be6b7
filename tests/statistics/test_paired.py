"""Paired differences, shares of runs and precision against published examples, SciPy and known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, t

from sim.statistics.inference import (
    SHARE,
    Matched,
    discoveries,
    entropy,
    half_width,
    matched,
    mcnemar,
    mean_interval,
    more_runs,
    newcombe,
    paired_difference,
    paired_share_difference,
    running,
    wilson,
)


def table(*cells: int) -> Matched:
    return Matched(*(np.array(cell) for cell in cells))


@pytest.mark.parametrize(
    ("yes", "runs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_of_newcombe_1998(yes: int, runs: int, low: float, high: float) -> None:
    """Newcombe 1998, Stat Med 17:857, table I, method 3."""
    assert np.round(wilson(yes, runs), 4) == pytest.approx([low, high])
    exact = binomtest(yes, runs).proportion_ci(method="wilson")
    assert wilson(yes, runs) == pytest.approx((exact.low, exact.high))


def test_all_and_none_keep_a_width() -> None:
    low, high = wilson(np.array([0, 30]), 30)
    assert low[0] == 0
    assert high[1] == 1
    assert high[0] > 0.1
    assert low[1] < 0.9


@pytest.mark.parametrize(
    ("cells", "gap", "low", "high"),
    [
        ((1, 1, 7, 12), -0.286, -0.507, -0.026),  # Fagerland, Lydersen & Laake 2014, Stat Med 33:2850, airways
        ((20, 12, 2, 16), 0.2, 0.0562, 0.3292),  # Newcombe 1998, Stat Med 17:2635, method 10
    ],
)
def test_newcombe_of_paired_shares(cells: tuple[int, ...], gap: float, low: float, high: float) -> None:
    found = np.array(newcombe(table(*cells)))
    digits = 3 if cells[0] == 1 else 4
    assert np.round(found, digits) == pytest.approx([gap, low, high])


def test_newcombe_turns_with_the_roles() -> None:
    gap, low, high = newcombe(table(20, 12, 2, 16))
    back, back_low, back_high = newcombe(table(20, 2, 12, 16))
    assert (back, back_low, back_high) == pytest.approx((-gap, -high, -low))


def test_pairs_are_counted() -> None:
    found = matched(np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool))
    assert [int(part) for part in found] == [2, 1, 1, 1]
    assert int(found.pairs) == 5


def test_mcnemar_is_the_exact_binomial_test() -> None:
    for more, less in ((12, 2), (0, 0), (5, 5), (9, 1)):
        expected = binomtest(less, more + less).pvalue if more + less else 1.0
        assert float(mcnemar(table(7, more, less, 3))) == pytest.approx(expected)


def test_false_discoveries_of_benjamini_and_hochberg_1995() -> None:
    """Their example of 15 p-values: four are discoveries at a rate of 5 %."""
    p = np.array(
        [
            0.0001,
            0.0004,
            0.0019,
            0.0095,
            0.0201,
            0.0278,
            0.0298,
            0.0344,
            0.0459,
            0.3240,
            0.4262,
            0.5719,
            0.6528,
            0.7590,
            1.0,
        ]
    )
    assert discoveries(p.reshape(3, 5)).ravel().tolist() == [True] * 4 + [False] * 11
    assert discoveries(np.zeros((0, 3))).shape == (0, 3)


def test_maps_on_which_nothing_differs_seldom_show_a_town() -> None:
    """Where all is chance, a map of 150 towns has any discovery in at most about one case of twenty."""
    random = np.random.default_rng(12)
    shown = 0
    for _ in range(200):
        share = random.random(150)
        counts = matched(*(random.random((60, 150)) < share for _ in range(2)))
        shown += bool(discoveries(mcnemar(counts)).any())
    assert shown / 200 <= 0.08


def test_entropy() -> None:
    assert entropy(np.array([[1.0, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]])) == pytest.approx([0, 1, 0.5])


def test_bootstrap_is_that_of_scipy() -> None:
    gap = np.random.default_rng(3).gamma(1.0, 2.0, 40)
    expected = bootstrap(
        (gap,), np.mean, n_resamples=2000, method="BCa", vectorized=True, batch=500, rng=np.random.default_rng(5)
    ).confidence_interval
    assert mean_interval(gap, seed=5) == pytest.approx((expected.low, expected.high))


def test_bootstrap_of_few_values_always_gives_an_interval() -> None:
    for values in ([0.0, 1.0], [0.0] * 199 + [1.0], [0.0, 0.0, 1e6], [1.0, 1.0, 1.0, 2.0]):
        low, high = mean_interval(np.array(values))
        assert low <= np.mean(values) <= high


def test_bootstrap_covers_a_known_difference() -> None:
    """Normal pairs whose difference is 1: about 95 of 100 intervals hold it."""
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        common, one, two = random.normal(size=(3, 40))
        found = paired_difference(common + one, common + two + 1.0, draws=500)
        inside += found.low <= 1.0 <= found.high
    assert 0.91 <= inside / 400 <= 0.98


def test_pairing_pays_as_the_correlation_says() -> None:
    """With equal variances the ratio is 1 less the correlation."""
    random = np.random.default_rng(4)
    common, one, two = random.normal(size=(3, 4000))
    found = paired_difference(2 * common + one, 2 * common + two, draws=200)
    assert found.correlation == pytest.approx(0.8, abs=0.02)
    assert found.variance_ratio == pytest.approx(1 - found.correlation, abs=0.02)


def test_same_runs_same_interval() -> None:
    values = np.random.default_rng(1).normal(size=(2, 30))
    assert paired_difference(*values) == paired_difference(*values)


def test_pairs_without_a_value_are_left_out() -> None:
    found = paired_difference(np.array([1.0, np.nan, 3.0, 5.0]), np.array([2.0, 7.0, np.nan, 9.0]))
    assert (found.pairs, found.reference, found.other, found.difference) == (2, 3.0, 5.5, 2.5)


def test_one_pair_has_no_interval() -> None:
    for found in (paired_difference(np.ones(1), np.zeros(1)), paired_share_difference(np.ones(1), np.zeros(1))):
        assert found.difference == -1
        assert math.isnan(found.low)
        assert not found.resolved
        assert found.more_runs is None


def test_runs_that_never_differ_are_not_resolved() -> None:
    same = paired_difference(np.full(20, 3.0), np.full(20, 3.0))
    assert (same.low, same.high, same.resolved, same.more_runs) == (0, 0, False, None)
    share = paired_share_difference(np.ones(20), np.ones(20))
    assert share.low < 0 < share.high
    assert not share.resolved
    assert share.unit == SHARE


def test_a_resolved_share() -> None:
    one, two = np.arange(100) < 54, np.arange(100) < 71
    found = paired_share_difference(one, two)
    assert found.resolved
    assert (found.reference, found.other) == pytest.approx((0.54, 0.71))
    assert 0.09 < found.low < 0.17 < found.high < 0.26


def test_more_runs_would_resolve() -> None:
    """An interval of 1 +- 2 needs four times the runs; it was not asked for where it is resolved or hopeless."""
    assert more_runs(1.0, -1.0, 3.0, 100) == 300
    assert more_runs(-1.0, -3.0, 1.0, 100) == 300
    assert more_runs(1.0, -0.1, 1.1, 100, differ=3) == 100
    assert more_runs(1.0, -0.001, 2.0, 400) == 40  # a near miss
    assert more_runs(0.0, -1.0, 1.0, 100) is None
    assert more_runs(1e-6, -1.0, 1.0, 100) is None


def test_too_few_pairs_that_differ_are_not_resolved() -> None:
    """Five of 30 pairs differ, all one way: an exact sign test gives 0.0625, though the bootstrap interval is above zero."""
    other = np.repeat([0.0, 2.0], [25, 5])
    found = paired_difference(np.zeros(30), other)
    assert found.low > 0
    assert not found.resolved
    assert found.more_runs == 10
    assert paired_difference(np.zeros(30), np.repeat([0.0, 2.0], [24, 6])).resolved


def test_running_precision_is_that_of_students_interval() -> None:
    values = np.random.default_rng(9).gamma(2.0, 50.0, 60) + 1e6
    mean, wide = running(values)
    for n in (2, 7, 60):
        low, high = t.interval(0.95, n - 1, np.mean(values[:n]), np.std(values[:n], ddof=1) / math.sqrt(n))
        assert mean[n - 1] == pytest.approx((low + high) / 2)
        assert wide[n - 1] == pytest.approx((high - low) / 2)
        assert half_width(values[:n]) == pytest.approx((high - low) / 2)
    assert math.isnan(wide[0])
    assert math.isnan(half_width(values[:1]))
