"""The maps of the growth benchmark are sound, and alike whatever their size; exponents are what they are called."""

import math

import numpy as np
import pytest

from benchmarks import growth, lattice
from sim.engine import tables
from sim.geography.check import check_scenario
from sim.geography.maps import load_map


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return lattice.write_map(tmp_path_factory.mktemp("maps") / "small", 13)


def test_a_map_is_valid_and_of_the_size_asked_for(folder):
    geography = load_map(folder)
    assert len(geography.places) == 169
    assert not geography.moved
    scenario = lattice.scenario(13, 20)
    assert check_scenario(scenario, lambda path: ("lattice", None), geography) == []
    simulation = lattice.start(13, 20, geography)
    assert 280 <= simulation.world.counts[tables.L_FORCES] <= 360
    assert simulation.world.towns["in_zone"].any()
    assert simulation.world.towns["front"].any()


def test_larger_maps_are_as_dense_and_as_busy(folder, tmp_path):
    large = lattice.write_map(tmp_path / "large", 26)
    small_map, large_map = load_map(folder), load_map(large)
    inner = [len(each.near) / len(each.places) for each in (small_map, large_map)]
    assert 1 <= inner[1] / inner[0] <= 1.4  # towns at the edge have fewer near them
    busy = [growth.events_per_town_day(side, 60, at) for side, at in ((13, folder), (26, large))]
    assert 0.4 <= busy[1] / busy[0] <= 1.7


def test_split_forces_share_the_fighters(folder):
    geography = load_map(folder)
    one, many = (lattice.start(13, 20, geography, times) for times in (1, 7))
    assert many.world.counts[tables.L_FORCES] == 7 * one.world.counts[tables.L_FORCES]
    live = many.world.forces[: many.world.counts[tables.N_FORCES]]
    assert live["fighters"].sum() == one.world.forces["fighters"].sum()
    assert len(np.unique(live["key"])) == len(live)
    many.step()
    total = many.world.forces["fighters"].sum() + many.world.factions["killed"].sum()
    assert total + many.world.factions["deserted"].sum() == one.world.forces["fighters"].sum()


def series(*pairs):
    found = growth.Series("towns", "a part")
    for size, spent in pairs:
        found.add(size, spent)
    return found


def test_exponents():
    square = series((100, 1e-3), (1000, 1e-1), (10000, 1e1))
    assert square.exponent == pytest.approx(2)
    assert square.last == pytest.approx(2)
    bent = series((100, 1e-3), (1000, 1e-3), (10000, 1e-1))
    assert bent.exponent == pytest.approx(1)
    assert bent.last == pytest.approx(2)
    noisy = series((100, 5e-3), (1000, 1e-2), (100, 1e-3), (1000, 7e-2))
    assert noisy.seconds == [1e-3, 1e-2]
    quick = series((100, 1e-9), (1000, 1e-5))
    assert math.isnan(quick.exponent)
    found = growth.Growth()
    found.series = {("towns", str(i)): each for i, each in enumerate((square, bent, quick, series((1, 1), (10, 11))))}
    assert growth.over(found) == [square, bent]


def test_every_part_is_measured(tmp_path):
    found = growth.Growth()
    growth.by_towns(found, tmp_path, 5, 1, 1)
    growth.by_days(found, tmp_path, 3, 1)
    growth.by_forces(found, tmp_path, 2, 1, 1)
    parts = {by: {each.part for each in found.series.values() if each.by == by} for by in ("towns", "forces", "days")}
    assert {"loading the map", "building the start", "a day", "writing", "rule control"} <= parts["towns"]
    assert {"a day", "rule clashes"} <= parts["forces"]
    assert parts["days"] == {"a run", "writing"}
    assert all(spent >= 0 for each in found.series.values() for spent in each.seconds)
