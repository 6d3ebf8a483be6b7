"""The surrogate explains what inputs do, and says so of nothing else."""

from __future__ import annotations

import numpy as np

from sim.statistics.surrogate import LEAST_GROUPS, surrogate

RUNS = 160


def test_a_surrogate_of_an_effect_comes_near_the_noise() -> None:
    random = np.random.default_rng(2)
    points = random.random((RUNS, 5))
    found = surrogate(points, 12 * points[:, 2] + random.normal(0, 1, RUNS), np.arange(RUNS), seed=1)
    assert found is not None
    assert found.explains
    assert 0.9 < found.error < 2.0 < found.error_of_mean
    assert abs(found.share - (1 - (found.error / found.error_of_mean) ** 2)) < 1e-9


def test_chance_is_not_explained() -> None:
    random = np.random.default_rng(3)
    found = surrogate(random.random((RUNS, 30)), random.normal(0, 1, RUNS), np.arange(RUNS), seed=1)
    assert found is not None
    assert not found.explains
    assert found.error > found.error_of_mean


def test_runs_of_a_draw_are_left_out_together() -> None:
    """A draw's own value can be learnt from its other runs alone: left out as a whole, it is not."""
    random = np.random.default_rng(4)
    draw = np.arange(RUNS) % 40
    points, level = random.random((40, 8))[draw], random.normal(0, 5, 40)[draw]
    known = surrogate(points, level, draw, seed=1)
    apart = surrogate(points, level, np.arange(RUNS), seed=1)
    assert known is not None
    assert apart is not None
    assert apart.explains
    assert not known.explains


def test_few_draws_have_no_surrogate() -> None:
    draw = np.arange(RUNS) % (LEAST_GROUPS - 1)
    random = np.random.default_rng(5)
    assert surrogate(random.random((RUNS, 2)), random.random(RUNS), draw, 1) is None
    assert surrogate(random.random((RUNS, 2)), np.ones(RUNS), np.arange(RUNS), 1) is None
