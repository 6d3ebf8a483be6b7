"""Policies as acts of the simulated world: withdrawal, reinforcement, merged groups, and multipliers that last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sim.engine import kinds
from sim.engine.rules.clash import open_clash
from tests.engine.worlds import START, Lab, chain, faction, make_scenario, on

ZONE = {"agreed": START, "deadline": START + timedelta(days=50), "depth_km": 15, "patience": 1}


def lab(*policy: dict[str, Any], holders: Any = ("R", "R", "B", "G1", "V"), **more: Any) -> Lab:
    factions = {
        "Red": faction(R=400),
        "Blue": faction(B=600),
        "Green": faction(G1=300, G2={"fighters": 500, "cohesion": 0.4}),
        "Gov": faction("government", V=5000),
    }
    scenario = make_scenario(factions, rules={"movement": {}}, policy=list(policy), **more)
    return Lab(scenario, chain(len(holders), 10.0, list(holders)))


def test_a_withdrawal_hands_a_town_to_the_nearest_rebels_and_its_fighters_march_off() -> None:
    world = lab(
        {"withdraw": "Red", "from": "B", "by": on(3), "towns_to": "host_group"}, holders=("R", "R", "B", "G1", "V")
    )
    before = world.standing_in("B", "R")
    world.run(3)
    assert world.holder("B") == "R"
    world.run(20)
    assert world.holder("B") == "B"
    assert world.holder("A") == "R"  # only the town that is named
    row = world.events("policy")[0]
    assert (row["day"], row["given"], row["fighters"]) == (3, 1, before)
    left = world.events("withdrawal")
    assert (left["day"].tolist(), left["town"].tolist()) == ([3], [world.town("B")])
    assert world.standing_in("B", "R") == 0
    assert world.standing_in("A", "R") == 400


def test_a_withdrawal_may_leave_towns_neutral() -> None:
    world = lab({"withdraw": "Red", "from": "B", "by": on(3), "towns_to": "neutral"}).run(10)
    assert world.holder("B") is None
    assert world.events("town_neutral")["town"].tolist() == [world.town("B")]
    assert len(world.events("withdrawal")) == 0


def test_a_withdrawal_from_the_zone_covers_its_towns_and_may_forbid_return() -> None:
    for may_return in (True, False):
        policy = {"withdraw": "Green", "from": "zone", "by": on(2), "towns_to": "neutral", "may_return": may_return}
        world = lab(policy, holders=("G2", "R", "B", "G1", "V"), zone=ZONE).run(5)
        inside = world.world.towns["in_zone"]
        assert inside[3] == 1
        assert inside[0] == 0
        assert (world.holder("A"), world.holder("D")) == ("G2", None)
        barred = world.world.factions["barred"]
        assert barred.tolist() == [0, 0, 0 if may_return else 1, 0]


def test_a_withdrawal_closes_only_bases_of_its_faction_in_its_area() -> None:
    given = [
        {"on": START, "event": "base_attempt", "by": "Red", "in": "C"},
        {"on": START, "event": "base_attempt", "by": "Green", "in": "C"},
        {"on": START, "event": "base_attempt", "by": "Red", "in": "D"},
    ]
    world = lab({"withdraw": "Red", "from": "C", "by": on(6)}, given=given).run(6)
    opened = {(int(b["faction"]), int(b["town"])) for b in world.live("bases")}
    assert opened == {(0, 2), (2, 2), (0, 3)}
    world.run(1)
    assert {(int(b["faction"]), int(b["town"])) for b in world.live("bases")} == {(2, 2), (0, 3)}
    assert world.events("base_closed")["town"].tolist() == [2]


@pytest.mark.parametrize(("town", "possible"), [("C", True), ("A", False)])
def test_reinforcements_come_only_to_a_town_that_their_faction_holds(town: str, possible: bool) -> None:
    world = lab({"reinforce": "B", "on": on(2), "in": town, "fighters": 70}).run(5)
    assert world.standing_in("C", "B") == (670 if possible else 600)
    assert world.world.factions["reinforced"].tolist() == [0, 70 if possible else 0, 0, 0]
    said = world.events("policy" if possible else "given_skipped")
    assert (said["day"].tolist(), said["fighters"].tolist()) == ([2], [70])


def test_merged_groups_are_one_with_its_cohesion_and_towns() -> None:
    merge = {"merge_groups": ["G1", "G2"], "on": on(2), "into": "G1", "cohesion": 0.7}
    world = lab(merge, holders=("G2", "R", "B", "G1", "V")).run(2)
    assert (world.holder("A"), world.holder("D")) == ("G2", "G1")
    world.run(1)
    assert (world.holder("A"), world.holder("D")) == ("G1", "G1")
    assert (world.holder("B"), world.holder("C")) == ("R", "B")  # others are left alone
    forces = world.forces("G1")
    assert forces["fighters"].sum() == 800
    assert set(forces["cohesion"].tolist()) == {0.7}
    assert len(world.forces("G2")) == 0
    row = world.events("policy")[0]
    assert (row["fighters"], row["initiator_group"]) == (800, world.group("G1"))


@pytest.mark.parametrize("fighters", [0, 1])
def test_groups_without_fighters_do_not_merge(fighters: int) -> None:
    factions = {"Red": faction(R=400), "Green": faction(G1=300, G2=fighters)}
    merge = {"merge_groups": ["G2"], "on": on(2), "into": "G1"}
    scenario = make_scenario(factions, policy=[merge])
    world = Lab(scenario, chain(3, 10.0, ["R", "G2" if fighters else "R", "G1"])).run(3)
    said = world.events("policy" if fighters else "given_skipped")
    assert said["fighters"].tolist() == [fighters]
    assert len(world.events("policy", "given_skipped")) == 1


def test_lasting_policies_multiply_from_their_first_day_to_their_last() -> None:
    world = lab(
        {"enforce_no_expansion": "Red", "factor": 0.4, "on": on(2), "until": on(6)},
        {"enforce_no_expansion": "Red", "factor": 0.5, "on": on(4), "until": on(9)},
        {"mediate": "Patron", "factor": 2, "on": on(3), "until": on(5)},
        {"monitor": "Patron", "factor": 1.5, "on": on(5), "until": on(5)},
    )
    seen = []
    for _ in range(12):
        world.run()
        conduct = world.world.conduct[0]
        allowed = world.world.factions["allowed"]
        assert allowed[1:].tolist() == [1, 1, 1]
        seen.append((round(float(allowed[0]), 9), float(conduct["mediation"]), float(conduct["monitoring"])))
    assert [a for a, _, _ in seen] == [1, 1, 0.4, 0.4, 0.2, 0.2, 0.2, 0.5, 0.5, 0.5, 1, 1]
    assert [m for _, m, _ in seen] == [1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert [m for _, _, m in seen] == [1, 1, 1, 1, 1, 1.5, 1, 1, 1, 1, 1, 1]
    assert world.world.conduct[0]["mediator"] == -1
    assert (world.events("policy")["given"] == 1).all()
    assert len(world.events("policy")) == 4
    assert kinds.POLICY in set(world.events()["kind"].tolist())


def test_a_rival_in_the_town_itself_comes_before_a_nearer_claim_from_outside() -> None:
    given = [{"on": START, "event": "base_attempt", "by": "Green", "in": "B"}]
    policy = {"withdraw": "Red", "from": "B", "by": on(8), "towns_to": "host_group"}
    world = lab(policy, given=given).run(8)
    assert len(world.live("bases")) == 1
    world.run(1)
    assert world.holder("B") in ("G1", "G2")
    party = world.forces(str(world.holder("B")))
    party = party[party["town"] == world.town("B")]
    assert {(kinds.ORDERS[f["orders"]], int(f["home"])) for f in party} == {("garrison", world.town("B"))}


def test_a_withdrawing_force_leaves_the_clash_in_its_town() -> None:
    world = lab({"withdraw": "Red", "from": "B", "by": on(3), "towns_to": "neutral"}).run(3)
    w = world.world
    row = open_clash(w, 3, 99, world.town("B"), world.group("B"), world.group("R"), -1)
    assert row == 0
    world.run(1)
    assert (w.clashes[0]["alive"], w.clashes[0]["ended"], w.clashes[0]["status"]) == (0, 3, kinds.CLASH_OVER)
    assert w.towns[world.town("B")]["clash"] == -1
