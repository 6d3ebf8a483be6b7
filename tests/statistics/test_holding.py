"""Agreement survival over runs against SciPy, lifelines and a textbook example; bands against resampling by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from sim.statistics.survival import band, common_horizon, counts, curves, draws, median_of, restricted_mean, survival

# Remission under 6-MP, weeks: Freireich et al. 1963, as in Kalbfleisch & Prentice.
WEEKS = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
CENSORED = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1], dtype=bool)
TEXTBOOK = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}

# Forty agreements without ties, the cause that ended each (-1: none), and what AalenJohansenFitter of lifelines 0.30.0 gave for
# each cause on days 4, 8, ... 40.
# fmt: off
DAYS = np.array([
    12, 28, 5, 25, 24, 3, 4, 35, 19, 2, 11, 23, 21, 27, 29, 31, 38, 39, 18, 1,
    22, 36, 10, 7, 33, 26, 20, 37, 9, 17, 14, 13, 8, 40, 6, 15, 30, 34, 16, 32,
])
CAUSES = np.array([
    0, 0, 1, 1, -1, -1, 1, 1, -1, -1, 1, 0, -1, 1, -1, 0, 0, 0, -1, -1,
    1, 1, 1, 0, 1, -1, 0, 1, -1, -1, -1, 0, 1, -1, 0, 0, 1, -1, 0, -1,
])
AALEN_JOHANSEN = np.array([
    [0, 0.0540540541, 0.0819529207, 0.1677955872, 0.2009063299,
     0.2357597434, 0.2754366203, 0.3187204861, 0.3187204861, 0.4323406337],
    [0.0270270270, 0.0810810811, 0.1368788143, 0.1368788143, 0.1368788143,
     0.1717322278, 0.2484408565, 0.2917247222, 0.4540392188, 0.5108492926],
])
# fmt: on


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


def test_competing_causes_without_ties() -> None:
    found = curves(counts(np.arange(40), DAYS, CAUSES, (40, 2, 42)))
    assert found.causes[0, :, 4:41:4] == pytest.approx(AALEN_JOHANSEN, abs=1e-9)
    assert found.share[0, 4:41:4] == pytest.approx(1 - AALEN_JOHANSEN.sum(axis=0), abs=1e-9)


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
