"""The maps of the growth benchmark are sound, and alike whatever their size; exponents are what they are called."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import growth, lattice
from sim.engine import tables
from sim.engine.simulation import Simulation
from sim.geography.maps import load_map
from sim.load import check_scenario, read

ROOT = Path(__file__).resolve().parents[2]


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
    case, map_of_case = read(ROOT / "scenarios" / "kafr_hamra.yaml")
    forces = Simulation(case.scenario, map_of_case, 1).world.counts[tables.L_FORCES]
    assert 0.8 * forces <= simulation.world.counts[tables.L_FORCES] <= 1.2 * forces  # as many as in the case
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
    assert noisy.amounts == [1e-3, 1e-2]
    quick = series((100, 1e-9), (1000, 1e-5))
    assert math.isnan(quick.exponent)
    found = growth.Growth()
    found.series = {("towns", str(i)): each for i, each in enumerate((square, bent, quick, series((1, 1), (10, 11))))}
    assert growth.over(found) == [square, bent]


MEASURED = """
import json, sys
from pathlib import Path
from benchmarks import growth

found, place = growth.Growth(), Path(sys.argv[1])
growth.by_towns(found, place, 5, 1, 1)
growth.by_days(found, place, 3, 1)
growth.by_forces(found, place, 2, 1, 1)
print(json.dumps([[each.by, each.part, each.amounts] for each in found.series.values()]))
"""


def test_every_part_is_measured(tmp_path):
    """Without compiling: each rule by itself would be compiled for a few calls."""
    words = [sys.executable, "-c", MEASURED, str(tmp_path)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    parts = {by: {part for other, part, _ in found if other == by} for by in ("towns", "forces", "days")}
    assert {"loading the map", "building the start", "a day", "writing", "rule control"} <= parts["towns"]
    assert {"a day", "rule clashes"} <= parts["forces"]
    assert parts["days"] == {"a run", "writing"}
    assert all(spent >= 0 for _, _, seconds in found for spent in seconds)
