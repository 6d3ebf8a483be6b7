"""Garrisons that watch their neighbours, contested towns, influence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.draws import P_THRESHOLD, uniform
from sim.engine.rules.control import change_holder
from tests.engine.worlds import START, Lab, chain, faction, make_map, make_scenario, rivals

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


def test_a_garrison_stays_if_it_is_the_stronger() -> None:
    assert hub(3, red=100, blue=8000).run(1).holder("X") == "B"


def test_a_garrison_stays_if_the_rule_is_off() -> None:
    assert hub(3, bandwagon=False).run(1).holder("X") == "B"


def test_losses_longer_ago_than_the_watch_do_not_count() -> None:
    assert hub(3, day=-13, watch_days=14).run(1).holder("X") == "B"  # lost before the start: not watched
    late = hub(3, watch_days=5)
    late.sim.day = 5
    assert late.run(1).holder("X") == "R"
    later = hub(3, watch_days=5)
    later.sim.day = 6
    assert later.run(1).holder("X") == "B"


def test_thresholds_differ_between_towns_if_their_spread_is_not_zero() -> None:
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


def lose(world: Lab, town: str, by: str, day: int = 0, event: int = -1) -> None:
    """Let a town have been lost by a faction on a day, by an event."""
    row = world.world.towns[world.town(town)]
    row["lost_by"], row["changed"], row["changed_event"] = world.faction(by), day, event


@pytest.mark.parametrize(
    ("weight", "support", "leaves"),
    [(0.5, 0.49, True), (0.5, 0.51, False), (1, 0.74, True), (1, 0.76, False), (0, 0.01, False)],
)
def test_a_garrison_without_support_in_its_town_leaves_at_a_lower_share(
    weight: float, support: float, leaves: bool
) -> None:
    """A quarter of the neighbours is lost; the threshold is 0.5 less weight times (1 - influence)."""
    world = hub(1, support_weight=weight)
    world.world.influence[world.town("X")] = (1 - support, support)
    assert (world.run(1).holder("X") == "R") == leaves


def test_a_towns_threshold_is_drawn_evenly_from_its_range_and_is_the_same_every_day() -> None:
    gone = []
    for seed in range(40):
        world = hub(2, threshold_spread=0.4)
        key = int(world.world.towns["key"][world.town("X")])
        world = Lab(world.scenario, world.geography, seed)
        for name in "NE":
            lose(world, name, "Blue")
        drawn = uniform(seed, P_THRESHOLD, 0, key)
        left = world.run(1).holder("X") == "R"
        assert left == (0.5 + 0.4 * (2 * drawn - 1) < 0.5), drawn
        assert left or world.run(3).holder("X") == "B"
        gone.append(left)
    assert 10 < sum(gone) < 30


@pytest.mark.parametrize(("taken", "leaves"), [(-1, True), (0, False), (1, False)])
def test_a_new_holder_does_not_leave_over_neighbours_lost_before_it_came(taken: int, leaves: bool) -> None:
    world = hub(4)
    world.world.towns[world.town("X")]["changed"] = taken
    assert (world.run(2).holder("X") == "R") == leaves


def test_neighbours_never_held_do_not_count_as_lost() -> None:
    world = hub(2, threshold=0.3)
    world.world.towns["lost_by"][world.town("E")] = -1  # Red's from the first day: one of three is lost
    row = world.run(1).events("withdrawal")[0]
    assert (kinds.MOVERS[row["mover_1"]], row["value_1"]) == (
        kinds.MOVERS[kinds.M_NEIGHBOURS_LOST],
        pytest.approx(1 / 3),
    )


def test_a_withdrawal_logs_its_share_odds_and_last_loss() -> None:
    world = hub(3)
    for name, event in (("N", 4), ("E", 9), ("S", 6)):
        lose(world, name, "Blue", event=event)
    lose(world, "W", "Red", event=30)  # Blue's gain is no reason to leave
    reach = world.params["movement_road_km_per_day"] * world.params["demand_help_hours"] / 24
    strength = world.world.strength.copy()

    def counted_on(group: int) -> float:
        far = sum(strength[world.town(name), group] for name in "NESW")
        return float(strength[world.town("X"), group] + far * math.exp(-10 / reach))

    row = world.run(1).events("withdrawal")[0]
    assert (row["probability"], row["draw"], row["cause"]) == (1, -1, 9)
    assert (row["initiator_group"], row["target_group"]) == (world.group("R"), world.group("B"))
    said = {kinds.MOVERS[row[f"mover_{i}"]]: (row[f"value_{i}"], row[f"factor_{i}"]) for i in (1, 2)}
    odds = (counted_on(world.group("R")) + 1) / (counted_on(world.group("B")) + 1)
    assert odds > 2
    assert said == {
        kinds.MOVERS[kinds.M_NEIGHBOURS_LOST]: (0.75, 1),
        kinds.MOVERS[kinds.M_FORCE_RATIO]: (pytest.approx(odds), 1),
    }


@pytest.mark.parametrize(("own", "leaves"), [(999, True), (1001, False)])
def test_a_garrison_leaves_if_it_expects_fewer_fighters_than_the_enemy(own: int, leaves: bool) -> None:
    """Red counts in B on 1,000 fighters: what of those in A would come in time."""
    pinned = make_scenario(rivals()).rules
    reach = pinned.movement.road_km_per_day.best * pinned.demand.help_hours.best / 24
    scenario = make_scenario(rivals(round(1000 * math.exp(10 / reach)), own), on=["control"])
    world = Lab(scenario, chain(2, 10.0, ["R", "B"]))
    lose(world, "A", "Blue")
    assert (world.run(1).holder("B") == "R") == leaves


def three(lost: dict[str, tuple[str, int]]) -> Lab:
    """Return X of Blue's amid towns of Red's two groups and the government's, lost to them by groups on days."""
    factions = {"Red": faction(R=4000, R2=4000), "Blue": faction(B=300), "Gov": faction("government", G=9000)}
    holders = {"X": "B", **dict.fromkeys("NESW", "B"), **{name: group for name, (group, _) in lost.items()}}
    numbers = {"threshold": 0.5, "threshold_spread": 0}
    world = Lab(
        make_scenario(factions, rules={"control": numbers}),
        make_map(HUB, [("X", name, 10.0) for name in "NESW"], holders),
    )
    for name, (_, day) in lost.items():
        lose(world, name, "Blue", day)
    world.sim.day = 6
    return world.run(1)


def test_the_town_goes_to_the_rebels_who_took_the_last_neighbour() -> None:
    assert three({"N": ("R", 3), "E": ("R2", 5), "S": ("R", 4)}).holder("X") == "R2"
    assert three({"N": ("R2", 3), "E": ("R", 5), "S": ("R2", 4)}).holder("X") == "R"
    assert three({"N": ("R", 0), "E": ("G", 5), "S": ("G", 4)}).holder("X") == "R"


def test_neighbours_taken_by_a_government_do_not_make_a_rebel_garrison_leave() -> None:
    assert three({"N": ("G", 3), "E": ("G", 5), "S": ("G", 4)}).holder("X") == "B"


def test_a_town_that_changes_hands_is_remembered_as_lost_and_counts_as_momentum() -> None:
    world = hub(3)
    assert world.world.factions["momentum"].tolist() == [0, 0]
    days = world.world.relations["capture_day"]
    days[:] = -5
    world.run(1)
    town, row = world.world.towns[world.town("X")], world.events("withdrawal")[0]
    assert (town["status"], town["changed"], town["lost_by"]) == (kinds.HELD, 0, world.faction("Blue"))
    assert world.events()[town["changed_event"]] == row
    assert world.world.factions["momentum"].tolist() == [len(world.events("withdrawal")), 0]
    assert days.tolist() == [[-5, 0], [0, -5]]


def contested(*, group: str) -> Lab:
    """Return a world in which only one of three groups is left in the contested town B."""
    factions = {"Red": faction(R=500), "Blue": faction(B=500, B2=500)}
    world = Lab(
        make_scenario(factions, rules={"control": {"bandwagon": False}}), chain(3, 10.0, ["R", ("R", "B", "B2"), "B"])
    )
    rows = world.world.forces
    rows["goal"][(rows["town"] == 1) & (rows["group"] != world.group(group))] = 0  # about to leave: stands nowhere
    return world


def test_a_contested_town_left_to_its_holders_side_counts_as_no_loss() -> None:
    for group in ("R", "B", "B2"):
        world = contested(group=group)
        before = world.holder("B")
        assert before is not None
        world.run(1)
        assert world.holder("B") == group
        row = world.events("withdrawal")[0]
        own = world.world.groups["faction"]
        same = own[world.group(before)] == own[world.group(group)]
        assert row["target_group"] == (-1 if same else world.group(before))
        lost = world.world.towns["lost_by"][1]
        assert lost == (-1 if same else own[world.group(before)])
        assert world.world.factions["momentum"].tolist() == [
            float(not same and f == own[world.group(group)]) for f in (0, 1)
        ]
        assert (row["probability"], row["draw"]) == (1, -1)


def test_a_base_without_its_party_is_closed_and_its_dispute_settled() -> None:
    given = [{"on": START, "event": "base_attempt", "by": "Red", "in": "B"}]
    scenario = make_scenario(rivals(), rules={"movement": {}, "control": {}}, given=given)
    world = Lab(scenario, chain(3, 10.0, ["R", "B", "B"]))
    while not len(world.live("bases")):
        world.run(1)
        assert world.day < 20
    base = world.live("bases")[0].copy()
    world.run(2)
    assert len(world.live("bases")) == 1  # manned, it stays
    rows = world.world.forces
    party = (rows["key"] == base["key"]) & (rows["alive"] == 1)
    assert rows["town"][party].tolist() == [world.town("B")]
    rows["alive"][party] = 0
    day = world.day
    world.run(1)
    closed = world.world.bases[0]
    assert (closed["alive"], closed["closed"], closed["status"]) == (0, day, kinds.BASE_CLOSED_STATUS)
    said = world.events("base_closed")
    assert said["cause"].tolist() == [base["opened_event"]]
    assert (said["initiator_group"][0], said["target_group"][0], said["town"][0]) == (
        world.group("R"),
        world.group("B"),
        1,
    )
    assert (said["probability"][0], said["draw"][0]) == (1, -1)
    assert len(world.live("disputes")) == 0


def test_a_third_sides_dispute_is_settled_when_the_town_is_taken() -> None:
    factions = {"Red": faction(R=500), "Blue": faction(B=500), "Green": faction(G=500)}
    given = [{"on": START, "event": "base_attempt", "by": "Green", "in": "B"}]
    scenario = make_scenario(factions, rules={"movement": {}}, given=given)
    world = Lab(scenario, chain(3, 10.0, ["R", "B", "G"]))
    while not len(world.live("disputes")):
        world.run(1)
        assert world.day < 20
    w, town, red = world.world, world.town("B"), world.group("R")
    row = change_holder(w, world.day, town, red, kinds.CAPTURE, kinds.R_CONTROL, -1, world.group("B"), 1.0, -1.0)
    assert len(world.live("bases")) == 1  # Green's base stays, beside another holder
    dispute = w.disputes[0]
    assert (dispute["alive"], dispute["stage"], dispute["last_event"]) == (0, kinds.D_SETTLED, row)
