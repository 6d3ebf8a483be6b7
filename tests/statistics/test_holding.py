"""Agreement survival over runs against lifelines, SciPy and a textbook example; bands against resampling by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from sim.statistics.holding import band, common_horizon, counts, curves, draws, median_of, restricted_mean
from sim.statistics.survival import survival

# Remission under 6-MP, weeks: Freireich et al. 1963, as in Kalbfleisch & Prentice.
WEEKS = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
CENSORED = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1], dtype=bool)
TEXTBOOK = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def made(seed: int = 2, runs: int = 15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Agreements of some runs: run, days held, cause 0 or 1, -1 censored."""
    random = np.random.default_rng(seed)
    run = np.repeat(np.arange(runs), 6)
    days = random.integers(0, 40, len(run))
    return run, days, random.integers(-1, 2, len(run))


def test_kaplan_meier_of_a_textbook() -> None:
    found = curves(counts(np.arange(21), WEEKS, np.where(CENSORED, -1, 0), (21, 1, 36)))
    for week, share in TEXTBOOK.items():
        assert round(float(found.share[0, week]), 3) == share
    assert median_of(found.share[0]) == 23
    assert found.at_risk[0, 6] == 21
    assert found.at_risk[0, 7] == 17


def test_kaplan_meier_is_that_of_scipy_and_of_one_run() -> None:
    run, days, cause = made()
    share = curves(counts(run, days, cause, (15, 2, 41))).share[0]
    curve = ecdf(CensoredData.right_censored(days, cause < 0)).sf
    grid = np.arange(41)
    assert share == pytest.approx(curve.evaluate(grid))
    whole = survival(days, cause < 0)
    assert share == pytest.approx([whole.at(day) for day in grid])
    assert restricted_mean(share, int(days.max())) == pytest.approx(whole.mean)


def test_competing_causes_are_those_of_lifelines() -> None:
    import lifelines

    days = np.random.default_rng(0).permutation(40)  # no ties: lifelines would move them at random
    cause = np.random.default_rng(1).integers(-1, 2, 40)
    found = curves(counts(np.arange(40), days + 1, cause, (40, 2, 42)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines' use of pandas
        for one in (0, 1):
            fitted = lifelines.AalenJohansenFitter(calculate_variance=False).fit(
                days + 1, cause + 1, event_of_interest=one + 1
            )
            incidence = fitted.cumulative_density_.iloc[:, 0]
            assert found.causes[0, one][incidence.index.to_numpy(int)] == pytest.approx(incidence.to_numpy())
        fitted = lifelines.KaplanMeierFitter().fit(days + 1, cause >= 0)
        share = fitted.survival_function_.iloc[:, 0]
        assert found.share[0][share.index.to_numpy(int)] == pytest.approx(share.to_numpy())


def test_causes_and_survivors_sum_to_one() -> None:
    run, days, cause = made()
    found = curves(counts(run, days, cause, (15, 2, 41)), draws(15, 50, 1))
    assert found.share.shape == (50, 41)
    assert found.share + found.causes.sum(axis=1) == pytest.approx(np.ones((50, 41)))


def test_a_resample_is_the_curve_of_the_runs_drawn() -> None:
    run, days, cause = made()
    weights = draws(15, 3, 8)
    assert weights.sum(axis=1).tolist() == [15, 15, 15]
    found = curves(counts(run, days, cause, (15, 2, 41)), weights)
    for row in range(3):
        drawn = np.concatenate([np.flatnonzero(run == r) for r in range(15) for _ in range(int(weights[row, r]))])
        alone = curves(counts(np.zeros(len(drawn), int), days[drawn], cause[drawn], (1, 2, 41)))
        assert found.share[row] == pytest.approx(alone.share[0])


def test_bands_by_run_are_wider_where_runs_are_alike_within() -> None:
    """Six agreements of one length a run carry no more than one: bands by agreement would be too narrow."""
    random = np.random.default_rng(5)
    length = random.integers(1, 40, 40)
    run, days = np.repeat(np.arange(40), 6), np.repeat(length, 6)
    by_run = curves(counts(run, days, np.zeros(240, int), (40, 1, 41)), draws(40, 400, 1)).share
    alone = curves(counts(np.arange(240), days, np.zeros(240, int), (240, 1, 41)), draws(240, 400, 1)).share
    wide, narrow = (np.subtract(*band(one)[::-1])[20] for one in (by_run, alone))
    assert wide / narrow == pytest.approx(math.sqrt(6), rel=0.2)


def test_no_agreement() -> None:
    empty = np.zeros(0, int)
    found = curves(counts(empty, empty, empty, (3, 2, 11)))
    assert (found.share == 1).all()
    assert (found.at_risk == 0).all()
    assert median_of(found.share[0]) == math.inf


def test_horizon_has_enough_at_risk_everywhere() -> None:
    one, two = np.array([50, 40, 20, 6, 4, 1]), np.array([9, 9, 5, 3, 0, 0])
    assert common_horizon([one, two]) == 2
    assert common_horizon([one]) == 3
    assert common_horizon([one, np.zeros(6)]) == 0
