"""Offspring of clashes, to neighbours along roads and by call to arms far away."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from sim.engine import kinds
from sim.engine.draws import identity
from sim.engine.queries import backing, help_from
from sim.engine.rules.spread import new_spark, offspring_mean
from sim.geography.maps import Geography
from sim.scenario.schema import Scenario
from tests.engine.worlds import START, Lab, chain, faction, make_scenario

ROW = ["R", "B1", "B2", "R", "B3", "B1", "B4"]


@cache
def prepared(key: str) -> tuple[Scenario, Geography]:
    """Return scenario and map, made once for each JSON text of rules, coalition and whatever else is given."""
    asked = json.loads(key)
    factions = {"Red": faction(R=4000), "Blue": faction(**asked["coalition"])}
    return make_scenario(factions, rules=asked["rules"], **asked["more"]), chain(len(ROW), 9.0, ROW)


def lab(
    spread: dict[str, Any] | None = None, seed: int = 1, coalition: dict[str, Any] | None = None, **more: Any
) -> Lab:
    blue = coalition or {
        "B1": 4000,
        "B2": {"fighters": 4000, "solidarity": 0.5},
        "B3": {"fighters": 4000, "solidarity": 0},
        "B4": {"fighters": 4000, "solidarity": 1, "mediates": True},
    }
    rules = {"spread": {"reach_km": 60, **(spread or {})}, **more.pop("rules", {})}
    return Lab(*prepared(json.dumps({"coalition": blue, "rules": rules, "more": more}, default=str)), seed)


def each(far: int, count: int = 300, **more: Any) -> tuple[Lab, list[Any]]:
    """Return the first strike of a single spark over seeds of the spark's key."""
    rows = []
    for k in range(count):
        world = lab(**more)
        new_spark(world.world, identity(k, 5), 0, 1, world.group("R"), world.group("B1"), far, -1)
        rows += list(world.run(1).events("front_opened", "clash_spread"))
    return world, rows


def test_call_to_arms_picks_sister_groups_by_solidarity_and_no_others() -> None:
    world, rows = each(far=1)
    seen = Counter(world.sim.names.groups[e["initiator_group"]] for e in rows)
    assert set(seen) == {"R", "B1", "B2"}  # B3 has no solidarity, B4 mediates
    # Half of the calls go to Red; Blue's go to its four equal groups, of which B1 answers, and B2 every other time.
    calls = {"R": 1 / 2 / 0.6875, "B1": 1 / 8 / 0.6875, "B2": 1 / 16 / 0.6875}
    n = sum(seen.values())
    assert abs(n / 300 - 0.6875) < 4 * math.sqrt(0.6875 * 0.3125 / 300)
    for group, share in calls.items():
        assert abs(seen[group] / n - share) < 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(("belief", "solidarity"), [(0.0, 0.5 * math.exp(-1)), (1.0, 1.0)])
def test_belief_changes_the_chance_that_sisters_answer(belief: float, solidarity: float) -> None:
    world = lab(rules={"talks": {"belief_gain": 2}})
    world.world.belief[world.group("B1"), world.group("B2")] = belief
    assert help_from(world.world, world.group("B1"), world.group("B2"), 2.0) == pytest.approx(solidarity)
    sisters = backing(world.world, world.town("C"), world.group("B1"), 60.0, 24.0, 2.0)
    there = world.world.strength[world.town("C"), world.group("B2")]
    assert there > 0
    world.world.belief[world.group("B1"), world.group("B2")] = 0.5
    assert sisters - backing(world.world, world.town("C"), world.group("B1"), 60.0, 24.0, 2.0) == pytest.approx(
        (solidarity - 0.5) * there
    )


def test_call_to_arms_opens_fronts_in_enemy_towns_other_than_the_one_of_the_clash() -> None:
    world, rows = each(far=1, count=150)
    assert {kinds.EVENT_KINDS[e["kind"]] for e in rows} == {"front_opened"}
    for e in rows:
        holder = world.world.groups["faction"][world.world.towns["holder"][e["town"]]]
        assert holder == e["target"] != e["initiator"]
        assert e["town"] != 1
    assert len({int(e["town"]) for e in rows}) > 3


def test_neighbours_are_one_road_away_or_the_town_itself() -> None:
    _, rows = each(far=0, count=150)
    assert {kinds.EVENT_KINDS[e["kind"]] for e in rows} == {"clash_spread"}
    assert {int(e["town"]) for e in rows} <= {0, 1, 2}
    assert {int(e["town"]) for e in rows} >= {0, 1}


def test_a_spark_waits_for_its_day() -> None:
    world = lab()
    new_spark(world.world, 5, 3, 1, world.group("R"), world.group("B1"), 1, -1)
    assert len(world.run(3).events("front_opened")) == 0
    assert len(world.live("sparks")) == 1
    assert len(world.run(1).events("front_opened")) == 1
    assert len(world.live("sparks")) == 0


def test_an_agreement_in_force_holds_sparks_back_by_its_suppression_and_terms() -> None:
    truce: Any = {
        "agreements": {"truce": {"between": ["Red", "Blue"], "signed": START, "terms": ["weapons_out"]}},
        "terms": {"weapons_out": {"clash_factor": 0.8}},
    }
    rules = {"ceasefire": {"suppression": 0.5, "hold_days": 400}}
    _, free = each(far=1, rules=rules)
    _, held = each(far=1, rules=rules, **truce)
    share = 0.5 * 0.8
    assert abs(len(held) / len(free) - share) < 4 * math.sqrt(share * (1 - share) / len(free))
    assert {round(float(e["probability"]), 9) for e in held} == {share}


def test_an_offensive_under_way_holds_sparks_back() -> None:
    held = []
    for k in range(200):
        world = lab(rules={"offensive": {"infighting_factor": 0.2}})
        world.world.zone["phase"] = kinds.OFFENSIVE_UNDER_WAY
        new_spark(world.world, identity(k, 5), 0, 1, world.group("R"), world.group("B1"), 1, -1)
        held += list(world.run(1).events("front_opened"))
    assert abs(len(held) / 200 - 0.2) < 4 * math.sqrt(0.16 / 200)


@pytest.mark.parametrize(
    ("field", "value", "factor"), [("fatigue", 0.6, math.exp(-0.3)), ("restraint", 2.0, math.exp(-1.0))]
)
def test_fatigue_and_restraint_lower_the_offspring(field: str, value: float, factor: float) -> None:
    world = lab({"offspring_per_clash_day": 0.8})
    before = offspring_mean(world.world, world.params, 0, 1)
    world.world.factions[field][0] = value
    assert offspring_mean(world.world, world.params, 0, 1) / before == pytest.approx(factor)


CHANNELS: Sequence[tuple[bool, bool]] = [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("neighbours", "call"), CHANNELS)
def test_each_channel_has_its_own_switch(neighbours: bool, call: bool) -> None:
    spread = {"neighbours": neighbours, "call_to_arms": call, "offspring_per_clash_day": 1.5, "delay_days": 1}
    found: Counter[str] = Counter()
    for seed in range(6):
        world = lab(
            spread, seed, rules={"clash": {}, "movement": {}, "incident": {"per_pair_month": 1, "escalates": 1}}
        )
        found += Counter(kinds.EVENT_KINDS[e["kind"]] for e in world.run(60).events("clash_spread", "front_opened"))
    assert (found["clash_spread"] > 0) == neighbours
    assert (found["front_opened"] > 0) == call


def test_a_column_that_reaches_its_town_attacks_there() -> None:
    world = lab(rules={"clash": {}, "movement": {}})
    new_spark(world.world, 5, 0, 1, world.group("R"), world.group("B1"), 1, -1)
    world.run(6)
    front, clash = world.events("front_opened")[0], world.events("clash")[0]
    assert (clash["town"], clash["initiator_group"]) == (front["town"], front["initiator_group"])
    assert clash["cause"] == 0
