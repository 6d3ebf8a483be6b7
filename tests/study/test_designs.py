"""Designs are sequences: more replicates keep the first ones; each covers the cube as its method asks."""

from __future__ import annotations

import numpy as np
import pytest

from sim.study import sampling


@pytest.mark.parametrize("inputs", [1, 7, 120])
def test_more_halton_points_keep_the_first(inputs: int) -> None:
    few, many = sampling.halton(37, inputs, 5), sampling.halton(400, inputs, 5)
    assert np.array_equal(few, many[:37])
    assert not np.array_equal(few, sampling.halton(37, inputs, 6))


def test_halton_covers_each_input_evenly_and_inputs_are_not_correlated() -> None:
    points = sampling.halton(512, 20, 1)
    for column in points.T:
        counts, _ = np.histogram(column, 8, (0, 1))
        assert counts.min() >= 50  # 64 expected; plain random numbers fall below 50 in one column of two
    correlation = np.corrcoef(points.T) - np.eye(20)
    assert np.abs(correlation).max() < 0.12


def test_more_morris_trajectories_keep_the_first() -> None:
    few, many = sampling.morris(12, 5, 3, 4), sampling.morris(60, 5, 3, 4)
    assert np.array_equal(few, many[:12])


def test_a_morris_trajectory_moves_every_input_once() -> None:
    steps = np.diff(sampling.morris(6, 5, 3, 4), axis=0)
    assert np.array_equal((steps != 0).sum(axis=0), np.ones(5))
    assert np.array_equal((steps != 0).sum(axis=1), np.ones(5))
    assert np.allclose(np.abs(steps[steps != 0]), 2 / 3)


def test_more_sobol_blocks_keep_the_first() -> None:
    assert np.array_equal(sampling.sobol(7, 5, 3), sampling.sobol(7 * 16, 5, 3)[:7])


def test_a_sobol_block_swaps_one_input_at_a_time() -> None:
    a, *crossed, b = sampling.sobol(7, 5, 3)
    for column, row in enumerate(crossed):
        assert row[column] == b[column]
        assert np.array_equal(np.delete(row, column), np.delete(a, column))


def test_designs_are_made_of_whole_blocks() -> None:
    assert sampling.whole_blocks("morris", 5, 13) == 18
    assert sampling.whole_blocks("sobol", 5, 3 * 7) == 4 * 7
    assert sampling.whole_blocks("halton", 5, 13) == 13
    assert len(sampling.morris(18, 5, 1, 4)) == 18
    assert len(sampling.sobol(28, 5, 1)) == 28


def test_salib_reads_our_morris_design_as_its_own() -> None:
    from SALib.analyze import morris

    points = sampling.morris(6 * 40, 5, 1, 4)
    problem = {"num_vars": 5, "names": list("abcde"), "bounds": [[0.0, 1.0]] * 5}
    found = morris.analyze(problem, points, points @ np.array([3.0, 0, -1, 0.5, 0]), seed=1)
    assert np.allclose(found["mu"], [3, 0, -1, 0.5, 0])


def test_a_grid_has_every_combination_once_and_begins_again() -> None:
    points = sampling.grid([[1.0, 2.0], [10.0, 20.0, 30.0]], 12)
    assert len({tuple(row) for row in points[:6]}) == 6
    assert np.array_equal(points[:6], points[6:])
    assert sampling.grid_size([[1.0, 2.0], [10.0, 20.0, 30.0]]) == 6


def test_seeds_differ_and_are_exact_in_spreadsheets() -> None:
    seeds = [sampling.seed_of(study, number) for study in (0, 1, 2**53 - 1) for number in range(2000)]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 2**53
    assert max(seeds) > 2**51
    assert seeds[5] == sampling.seed_of(0, 5)
