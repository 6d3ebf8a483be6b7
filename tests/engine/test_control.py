"""Mechanism 7: garrisons that watch their neighbours, contested towns, influence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.worlds import Lab, chain, faction, make_map, make_scenario, rivals

HUB = {"X": (20.0, 20.0), "N": (20.0, 30.0), "E": (30.0, 20.0), "S": (20.0, 10.0), "W": (10.0, 20.0)}


def hub(lost: int, red: int = 8000, blue: int = 500, day: int = 0, by: str = "Blue", **control: Any) -> Lab:
    """Return a town X of Blue's with four neighbours, of which Red took so many on a day."""
    roads = [("X", name, 10.0) for name in "NESW"]
    holders = {"X": "B"} | {name: "R" if i < lost else "B" for i, name in enumerate("NESW")}
    numbers = {"threshold": 0.5, "threshold_spread": 0, **control}
    world = Lab(make_scenario(rivals(red, blue), rules={"control": numbers}), make_map(HUB, roads, holders))
    for name in "NESW"[:lost]:
        town = world.world.towns[world.town(name)]
        town["lost_by"], town["changed"] = world.faction(by), day
    return world


@pytest.mark.parametrize(("lost", "leaves"), [(0, False), (1, False), (2, False), (3, True)])
def test_a_garrison_leaves_when_the_share_of_neighbours_lost_passes_its_threshold(lost: int, leaves: bool) -> None:
    world = hub(lost).run(1)
    assert (world.holder("X") == "R") == leaves
    gone = world.events("withdrawal")
    assert (gone["town"] == world.town("X")).sum() == leaves
    assert not leaves or world.forces("B", "return")["fighters"].sum() > 0


def test_it_stays_where_it_is_the_stronger() -> None:
    assert hub(3, red=100, blue=8000).run(1).holder("X") == "B"


def test_it_stays_where_the_switch_is_off() -> None:
    assert hub(3, bandwagon=False).run(1).holder("X") == "B"


def test_losses_longer_ago_than_the_watch_do_not_count() -> None:
    assert hub(3, day=-13, watch_days=14).run(1).holder("X") == "B"  # lost before the start: not watched
    late = hub(3, watch_days=5)
    late.sim.day = 5
    assert late.run(1).holder("X") == "R"
    later = hub(3, watch_days=5)
    later.sim.day = 6
    assert later.run(1).holder("X") == "B"


def test_thresholds_differ_between_towns_where_they_are_spread() -> None:
    gone = [hub(2, threshold=0.5, threshold_spread=0.5)]
    results = set()
    for seed in range(20):
        world = Lab(gone[0].scenario, gone[0].geography, seed)
        for name in "NE":
            town = world.world.towns[world.town(name)]
            town["lost_by"], town["changed"] = 1, 0
        results.add(world.run(1).holder("X"))
    assert results == {"R", "B"}


def test_a_contested_town_goes_to_the_only_faction_left_in_it() -> None:
    world = Lab(make_scenario(rivals(), on=["control"]), chain(3, 10.0, ["R", ("R", "B"), "B"]))
    world.run(3)
    assert world.world.towns["status"][1] == 1
    world.world.forces["goal"][(world.world.forces["town"] == 1) & (world.world.forces["group"] == 0)] = 0
    world.run(1)
    assert world.holder("B") == "B"
    assert world.world.towns["status"][1] == 0


def test_influence_follows_the_holder_over_the_days_set() -> None:
    world = Lab(make_scenario(rivals(), rules={"control": {"influence_days": 10}}), chain(2, 10.0, ["R", "B"]))
    world.world.influence[0] = (0.0, 1.0)
    for day in range(1, 21):
        world.run(1)
        assert world.world.influence[0, 0] == pytest.approx(1 - 0.9**day)
    assert np.allclose(world.world.influence.sum(axis=1), 1)


def test_influence_in_a_contested_town_follows_strength() -> None:
    world = Lab(
        make_scenario(rivals(), rules={"control": {"influence_days": 1}}), chain(3, 10.0, ["R", ("R", "B"), "B"])
    )
    here = world.world.forces["town"] == 1
    world.world.forces["fighters"][here & (world.world.forces["group"] == 0)] = 300
    world.world.forces["fighters"][here & (world.world.forces["group"] == 1)] = 100
    assert world.run(1).world.influence[1].tolist() == pytest.approx([0.75, 0.25])


def test_allies_of_the_same_faction_do_not_count_as_neighbours_lost() -> None:
    factions = {"Red": faction(R=500), "Blue": faction(B=500, B2=500)}
    world = Lab(make_scenario(factions, on=["control"]), chain(3, 10.0, ["B2", "B", "B2"]))
    world.world.towns["lost_by"][[0, 2]] = 0
    world.world.towns["changed"][[0, 2]] = 0
    assert world.run(1).holder("B") == "B"
