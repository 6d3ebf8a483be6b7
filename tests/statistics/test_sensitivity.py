"""Which inputs matter, on functions whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from SALib.sample import morris as morris_sample
from SALib.sample import sobol as sobol_sample
from SALib.test_functions import Ishigami
from scipy.stats import linregress, qmc

from sim.comparison.results import Bar, Tornado
from sim.comparison.sensitivity import _beyond_chance
from sim.statistics.sensitivity import SLICES, effects, explained, morris, pawn, repeated, sobol


def problem(inputs: int) -> dict[str, object]:
    return {"num_vars": inputs, "names": [f"x{n}" for n in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}


def test_sobol_of_the_ishigami_function() -> None:
    """First 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437 (Ishigami & Homma 1990, a 7, b 0.1)."""
    points = sobol_sample.sample(problem(3), 2048, calc_second_order=False, seed=np.random.default_rng(1))
    found = sobol(Ishigami.evaluate((points - 0.5) * 2 * math.pi), 3, seed=1)
    assert found.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    assert (np.abs(found.total - [0.5576, 0.4424, 0.2437]) < 2 * found.total_half_width).all()


def test_sobol_of_what_never_varies() -> None:
    assert np.isnan(sobol(np.ones(20), 3, seed=1).total).all()


def test_morris_of_a_linear_function() -> None:
    """Elementary effects are the slopes over the whole range, without spread; an input that is not read has none."""
    points = np.asarray(morris_sample.sample(problem(4), 10, num_levels=4, seed=2))
    found = morris(points, points @ [3.0, -2.0, 0.5, 0.0], 4, seed=1)
    assert found.mu == pytest.approx([3.0, -2.0, 0.5, 0.0])
    assert found.mu_star == pytest.approx([3.0, 2.0, 0.5, 0.0])
    assert found.sigma == pytest.approx([0, 0, 0, 0], abs=1e-12)


def test_morris_tells_interaction_by_sigma() -> None:
    points = np.asarray(morris_sample.sample(problem(3), 40, num_levels=4, seed=2))
    found = morris(points, points[:, 0] * points[:, 1] * 4 + points[:, 2], 4, seed=1)
    assert (found.sigma[:2] > 0.5).all()
    assert found.sigma[2] == pytest.approx(0, abs=1e-12)


def test_effects_are_those_of_a_line_in_each_input() -> None:
    random = np.random.default_rng(3)
    points = random.random((80, 3)) * [1, 10, 100]
    values = 4 * points[:, 0] - 0.05 * points[:, 2] + random.normal(size=80)
    found = effects(points, values, np.array([1.0, 10.0, 100.0]), seed=1)
    for column, width in enumerate((1, 10, 100)):
        line = linregress(points[:, column], values)
        assert found.effect[column] == pytest.approx(line.slope * width)
        assert found.half_width[column] == pytest.approx(1.9908 * line.stderr * width, rel=1e-3)
    assert abs(found.effect[0]) > found.noise
    assert abs(found.effect[2]) > found.noise
    assert abs(found.effect[1]) < found.noise


def test_pawn_is_that_of_salib() -> None:
    from SALib.analyze import pawn as salib

    points = np.random.default_rng(3).uniform(size=(2000, 4))
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 4}
    smooth = np.sin(6 * points[:, 0]) + points[:, 1] ** 3 + 0.1 * points[:, 2]
    for values in (smooth, np.round(smooth), (smooth > 1).astype(float)):  # counts and yes or no have many equal values
        expected = salib.analyze(problem, points, values, S=SLICES)["median"]
        assert pawn(points, values) == pytest.approx(expected, abs=0.005)


def test_pawn_sees_an_effect_in_the_middle_of_a_range_that_no_line_has() -> None:
    random = np.random.default_rng(4)
    points = random.uniform(-1, 1, size=(800, 3))
    values = np.abs(points[:, 0]) + 0.2 * random.normal(size=800)
    known = effects(points, values, np.full(3, 2.0), 1)
    assert abs(known.effect[0]) < known.noise
    middle, *useless = pawn(points, values)
    assert middle > 2 * max(useless)


def test_pawn_needs_runs_in_each_slice_and_an_input_that_varies() -> None:
    points = np.column_stack([np.arange(60.0), np.ones(60), np.arange(60) % 2])
    assert np.isnan(pawn(points[:SLICES], points[:SLICES, 0])).all()
    first, constant, levels = pawn(points, points[:, 2])
    assert 0 <= first < levels == pytest.approx(0.5)
    assert np.isnan(constant)


def test_noise_is_what_the_largest_of_many_useless_inputs_shows() -> None:
    """Of studies whose inputs do nothing, about one in twenty shows any input above the noise."""
    random = np.random.default_rng(8)
    false = 0
    for _ in range(200):
        points = random.random((40, 20))
        found = effects(points, random.normal(size=40), np.ones(20), seed=1)
        false += bool((np.abs(found.effect) > found.noise).any())
    assert 0.01 <= false / 200 <= 0.10


@pytest.mark.parametrize(("runs", "inputs"), [(400, 30), (150, 200)])
def test_share_of_inputs_even_where_they_outnumber_runs(runs: int, inputs: int) -> None:
    """The true share is 0.5; the mean over studies is near it, and intervals hold it as often as they say or more."""
    random = np.random.default_rng(6)
    found = []
    for _ in range(60):
        points = qmc.Halton(inputs, seed=random).random(runs)
        slopes = np.zeros(inputs)
        slopes[random.choice(inputs, 8, replace=False)] = random.normal(size=8)
        signal = points @ slopes * math.sqrt(12 / float(slopes @ slopes))
        found.append(explained(points, signal + random.normal(size=runs)))
    assert np.mean([one.inputs for one in found]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([one.low <= 0.5 <= one.high for one in found]) >= 0.9


def test_share_of_inputs_of_pure_chance_is_near_none() -> None:
    random = np.random.default_rng(7)
    found = explained(random.random((300, 20)), random.normal(size=300))
    assert found.low == 0
    assert found.inputs < 0.1


def test_share_cannot_be_estimated() -> None:
    assert math.isnan(explained(np.random.default_rng(1).random((20, 3)), np.ones(20)).inputs)
    assert math.isnan(explained(np.zeros((20, 0)), np.arange(20.0)).inputs)
    assert math.isnan(repeated(np.ones((1, 5))).inputs)


def test_two_way_split_of_a_known_case() -> None:
    """Points with variance 4, seeds 1, both together 1: two thirds come from inputs."""
    random = np.random.default_rng(2)
    point, seed = 2 * random.normal(size=400), random.normal(size=(60, 1))
    found = repeated(point + seed + random.normal(size=(60, 400)))
    assert found.inputs == pytest.approx(2 / 3, abs=0.06)
    assert found.low < found.inputs < found.high


def test_of_many_statistics_whose_inputs_do_nothing_hardly_any_is_more_than_chance() -> None:
    random = np.random.default_rng(9)
    tornados = []
    for number in range(60):
        points, values = random.random((40, 20)), random.normal(size=40)
        if number == 0:
            values = values + 6 * points[:, 3]
        known = effects(points, values, np.ones(20), seed=1)
        bars = tuple(
            Bar(str(n), str(n), "", 0.0, 1.0, 0.0, float(e), float(e), 0.0, 0.0, bool(abs(e) > known.noise), math.nan)
            for n, e in enumerate(known.effect)
        )
        tornados.append(Tornado("A", str(number), "", "", 0.0, 40, known.noise, math.nan, bars, "", known.p))
    assert sum(any(bar.above_noise for bar in tornado.bars) for tornado in tornados[1:]) > 0, "each alone"
    judged = _beyond_chance(tornados)
    assert [bar.label for tornado in judged for bar in tornado.bars if bar.above_noise] == ["3"]
