"""The start of a run: numbers stand where the scenario says, fighters are split exactly, memory used again leaves no trace."""

import math

import numpy as np
import pytest

from sim.engine import setup, simulation
from sim.engine.garrisons import split
from sim.engine.simulation import Simulation, simulate, start_of
from sim.engine.tables import GROWING, N_EVENTS
from sim.load import read


def tables_of(made):
    return {name: getattr(made, name) for name in made.LAYOUT}


def same(one, other):
    one, other = tables_of(one), tables_of(other)
    return [name for name in one if one[name].tobytes() != other[name].tobytes()]


def paths():
    """Return a path of each kind that the scenario has, with another value for it."""
    known = simulation.inputs_of(read("kafr_hamra")[0].scenario)
    found = {}
    for path, quantity in known.items():
        kind = (path.split(".")[0], path.split(".")[-1]) if not path.startswith("rules") else path.split(".")[1]
        if kind not in found and quantity.low is not None and quantity.low < quantity.high:
            found[kind] = (path, quantity.low if quantity.best != quantity.low else quantity.high)
    return dict(found.values())


@pytest.mark.parametrize(("path", "value"), paths().items())
def test_an_override_gives_the_start_of_a_scenario_with_that_value(path, value):
    loaded, geography = read("kafr_hamra")
    said = read("kafr_hamra", [f"{path}={value!r}"])[0].scenario
    drawn, written = Simulation(loaded.scenario, geography, 5, {path: value}), Simulation(said, geography, 5)
    assert same(drawn.world, written.world) == []
    assert drawn.params.tobytes() == written.params.tobytes()


def test_fighters_are_split_by_largest_remainder():
    part_of = np.array([0, 0, 0, 2, 2])
    weight = np.array([1.0, 1.0, 1.0, 3.0, 1.0])
    assert split(np.array([10, 5, 6]), part_of, weight).tolist() == [4, 3, 3, 5, 1]
    rng = np.random.default_rng(1)
    for _round in range(200):
        sizes = rng.integers(0, 9, 6)
        part_of = np.repeat(np.arange(6), sizes)
        weight, total = rng.uniform(0.2, 4.0, len(part_of)), rng.integers(0, 5000, 6)
        parts = split(total, part_of, weight)
        for post in np.flatnonzero(sizes):
            own = part_of == post
            assert parts[own].sum() == total[post]
            exact = weight[own] * (total[post] / math.fsum(weight[own]))
            assert (np.abs(parts[own] - exact) < 1).all()


def test_reused_memory_changes_no_result():
    loaded, geography = read("kafr_hamra")
    other, elsewhere = read("two_valleys")
    first = simulate(loaded.scenario, geography, 3)
    wanted = first.world.events[: first.world.counts[N_EVENTS]].tobytes()
    setup.recycle(first.world)
    for name in GROWING:
        assert not setup._spare[name].view(np.uint8).any()
    setup.recycle(simulate(other.scenario, elsewhere, 8).world)
    again = simulate(loaded.scenario, geography, 3)
    assert again.world.events[: again.world.counts[N_EVENTS]].tobytes() == wanted
    with pytest.raises(AttributeError):
        first.world.events  # noqa: B018


def test_parallel_tables_have_equal_length_in_any_memory():
    loaded, geography = read("kafr_hamra")
    setup.recycle(simulate(loaded.scenario, geography, 3).world)
    setup._spare["live_forces"] = setup._spare["live_forces"][:10]
    setup._spare["forces"] = np.zeros(2 * len(setup._spare["forces"]), setup._spare["forces"].dtype)
    found = Simulation(loaded.scenario, geography, 3).world
    assert len(found.live_forces) == len(found.standing) == len(found.forces)


def test_threads_that_start_at_once_get_the_start_of_their_own_scenario(monkeypatch):
    loaded, geography = read("kafr_hamra")
    other, elsewhere = read("two_valleys")

    class Shared(list):
        def append(self, start):
            super().append(start)
            super().append(simulation.Start(other.scenario, elsewhere))

    monkeypatch.setattr(simulation, "_last_starts", Shared())
    assert start_of(loaded.scenario, geography).setup.scenario is loaded.scenario
    assert start_of(loaded.scenario, geography) is start_of(loaded.scenario, geography)
