"""Boxes of inputs: a known box is found, its numbers are those counted by hand, and failures that are chance give no box."""

from __future__ import annotations

import numpy as np
import pytest

from sim.statistics import prim
from sim.statistics.prim import Box, find_box, find_tested_box


def known(runs: int, inputs: int, high: float, low: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, and failures that are frequent where input 3 is above 0.5 and input 1 below 0.6."""
    random = np.random.default_rng(seed)
    points = random.random((runs, inputs))
    inside = (points[:, 3] > 0.5) & (points[:, 1] < 0.6)
    return points, random.random(runs) < np.where(inside, high, low)


def test_a_sharp_box_is_recovered_with_its_ends() -> None:
    points, fails = known(500, 12, 1.0, 0.0, 4)
    box = find_box(points, fails)
    assert box.columns.tolist() == [1, 3]
    assert box.low.tolist() == pytest.approx([-np.inf, 0.5], abs=0.03)
    assert box.high.tolist() == pytest.approx([0.6, np.inf], abs=0.03)
    assert (box.density, box.coverage) == pytest.approx((1.0, 1.0), abs=0.04)


def counted(box: Box, fails: np.ndarray) -> tuple[float, float]:
    return float(fails[box.inside].mean()), float(fails[box.inside].sum() / fails.sum())


def test_density_and_coverage_are_of_the_runs_inside() -> None:
    points, fails = known(200, 6, 0.8, 0.3, 9)
    box = find_box(points, fails)
    part = points[:, box.columns]
    assert box.inside.tolist() == ((part >= box.low) & (part <= box.high)).all(axis=1).tolist()
    assert (box.density, box.coverage) == pytest.approx(counted(box, fails))
    assert (box.quasi_p <= prim.QUASI_P).all()


def test_a_box_of_noisy_failures_among_many_inputs_passes_the_test() -> None:
    points, fails = known(240, 30, 0.97, 0.1, 1)
    found = find_tested_box(points, fails, seed=1)
    assert found is not None
    assert found.p <= 0.01
    assert set(found.box.columns.tolist()) <= {1, 3}
    assert found.repeated.min() > 0.5
    assert fails.mean() <= found.chance_density < found.box.density


@pytest.mark.slow
def test_chance_alone_passes_the_test_no_more_often_than_it_may() -> None:
    """Of 30 data sets without any effect 1 or 2 have p of 5 % or less; 6 or more have a chance below 0.4 %."""
    random = np.random.default_rng(7)
    passed = 0
    for seed in range(30):
        found = find_tested_box(random.random((40, 12)), np.arange(40) < 16, seed)
        assert found is not None
        passed += found.p <= 0.05
    assert passed < 6


def test_inputs_of_few_levels_are_cut_between_levels() -> None:
    random = np.random.default_rng(3)
    points = random.integers(3, size=(150, 4)).astype(float)
    box = find_box(points, points[:, 2] == 2)
    assert (box.columns.tolist(), box.low.tolist(), box.density) == ([2], [2.0], 1.0)


@pytest.mark.parametrize("failed", [0, 9, 91, 100])
def test_too_few_of_either_kind_have_no_box(failed: int) -> None:
    assert find_tested_box(np.random.default_rng(1).random((100, 3)), np.arange(100) < failed, 1) is None
