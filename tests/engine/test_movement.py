"""Forces march along roads in km a day, cell by cell, and more slowly off road."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from tests.engine.worlds import Lab, chain, faction, make_map, make_scenario

KM = 20.0


def lab(n: int = 4, red: int = 300, geography: Any = None, **movement: float) -> Lab:
    scenario = make_scenario({"Red": faction(R=red * n)}, rules={"movement": movement})
    return Lab(scenario, geography or chain(n, KM, ["R"] * n))


def march(world: Lab, goal: str) -> Any:
    """Send the force of A to a town and return its row."""
    f = world.world.forces[0]
    f["goal"], f["orders"] = world.town(goal), kinds.REINFORCE
    return f


def test_a_column_covers_its_km_a_day_along_roads() -> None:
    world = lab(road_km_per_day=25)
    f = march(world, "D")
    where = []
    for _ in range(3):
        world.run(1)
        where.append((int(f["town"]), int(f["last_town"]), round(float(f["travelled"]), 6)))
    assert where == [(-1, 1, 5.0), (-1, 2, 10.0), (3, 3, 0.0)]  # 25 and 50 km on the way, 60 km: there
    assert f["goal"] == -1


@pytest.mark.parametrize("speed", [10, 30, 60])
def test_arrival_takes_distance_over_speed(speed: int) -> None:
    world = lab(road_km_per_day=speed)
    f = march(world, "D")
    world.run(60 // speed)
    assert (f["town"], f["arrived"]) == (3, 60 // speed - 1)


def test_a_column_on_a_road_passes_cell_after_cell() -> None:
    world = lab(road_km_per_day=1)
    f = march(world, "B")
    cells = [(int(f["x"]), int(f["y"]))]
    while f["town"] != 1:
        world.run(1)
        cells.append((int(f["x"]), int(f["y"])))
    steps = np.abs(np.diff(np.array(cells), axis=0)).max(axis=1)
    assert steps.max() == 1
    assert len(set(cells)) == KM / 2.5 + 1
    assert cells[-1] == (int(world.world.towns["x"][1]), int(world.world.towns["y"][1]))


def test_a_road_is_walked_the_same_way_from_either_end() -> None:
    world = lab(road_km_per_day=4)
    there = march(world, "B")
    back = world.world.forces[1]
    back["goal"], back["orders"] = 0, kinds.REINFORCE
    road = world.world.road_cells[: world.world.roads[0]["cells"]]
    for _ in range(4):
        world.run(1)
        assert there["travelled"] == back["travelled"]
        assert there["x"] - road["x"][0] == road["x"][-1] - back["x"]


def test_columns_are_slower_off_road() -> None:
    days = []
    towns = {"A": (0.0, 0.0), "B": (50.0, 0.0), "C": (50.0, 20.0)}
    roads = [("A", "B", 50.0), ("B", "C", 40.0)]  # C is beyond the 60 km in which ways by road are known
    for goal in ("B", "C"):
        world = lab(
            geography=make_map(towns, roads, dict.fromkeys(towns, "R")), road_km_per_day=10, offroad_km_per_day=5
        )
        f = march(world, goal)
        while f["town"] != world.town(goal):
            world.run(1)
        days.append(world.day)
    assert days == [5, 10]  # 50 km by road at 10; 20 cells of 2.5 km across country at 5


def test_a_column_off_road_passes_cell_after_cell_in_every_direction() -> None:
    towns = {"A": (0.0, 0.0), "B": (90.0, 0.0), "C": (20.0, 15.0)}
    roads = [("A", "B", 90.0), ("B", "C", 90.0)]  # A and C are farther apart by road than ways by road are known
    geography = make_map(towns, roads, dict.fromkeys(towns, "R"))
    for start, goal in (("A", "C"), ("C", "A")):
        world = lab(3, geography=geography, road_km_per_day=2.5, offroad_km_per_day=2.5)
        f = world.world.forces[world.town(start)]
        f["goal"], f["orders"] = world.town(goal), kinds.REINFORCE
        cells = [(int(f["x"]), int(f["y"]))]
        while f["town"] != world.town(goal):
            world.run(1)
            cells.append((int(f["x"]), int(f["y"])))
        steps = np.abs(np.diff(np.array(cells), axis=0))
        assert steps.max() == 1
        assert 8 <= len(steps) == steps[:, 0].sum() <= 9  # 20 km east or west: a cell of 2.5 km a day
        assert 6 <= steps[:, 1].sum() <= 7  # of them 15 km to the north or south


def test_idle_detachments_go_home_after_the_days_set() -> None:
    world = lab(home_after_days=4, road_km_per_day=20)
    f = march(world, "B")
    f["home"] = 0
    world.run(1)
    assert f["town"] == 1
    f["orders"] = kinds.GARRISON
    world.run(3)
    assert f["town"] == 1
    world.run(2)
    assert f["alive"] == 0 or f["town"] == 0 or f["orders"] == kinds.RETURN
    world.run(3)
    assert world.standing_in("A", "R") == 300


def test_a_force_that_comes_home_joins_the_garrison_with_all_its_fighters() -> None:
    world = lab(road_km_per_day=20)
    f = world.world.forces[1]
    f["goal"], f["orders"], f["home"] = 0, kinds.RETURN, 0
    world.run(2)
    assert world.standing_in("A", "R") == 600
    assert len(world.forces("R")) == 3


def test_a_column_that_is_not_ordered_anywhere_stays() -> None:
    world = lab(road_km_per_day=60)
    before = world.world.forces[:4].copy()
    world.run(10)
    assert np.array_equal(before, world.world.forces[:4])


def test_nothing_moves_if_movement_is_off() -> None:
    world = Lab(make_scenario({"Red": faction(R=1000)}), chain(4, KM, ["R"] * 4))
    f = march(world, "D")
    world.run(5)
    assert f["town"] == 0


def test_redeployments_come_at_their_rate_and_go_where_towns_are_exposed() -> None:
    """A group of 4,000 fighters sends 4,000/1,000 x 3/30 detachments a day; towns at the front draw most of them."""
    sent, goals = 0, np.zeros(4)
    for seed in range(40):
        rules = {"movement": {"redeployments_per_month": 3, "detachment_fighters": 20, "detachment_days": 60}}
        factions = {"Red": faction(R=4000), "State": faction("government", G=400)}
        world = Lab(make_scenario(factions, rules=rules), chain(5, 10.0, ["R", "R", "R", "R", "G"]), seed).run(20)
        forces = world.world.forces[: world.world.counts[0]]
        own = forces[(forces["born"] >= 0) & (forces["group"] == world.group("R"))]
        sent += len(own)
        goals += np.bincount(np.where(own["goal"] >= 0, own["goal"], own["last_town"]), minlength=5)[:4]
    assert sent == pytest.approx(40 * 20 * 0.4, rel=0.15)
    assert goals[3] > goals[:3].sum()
