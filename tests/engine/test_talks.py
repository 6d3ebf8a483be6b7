"""Talks after a refusal, delegates killed at them, the two accounts of it, and what groups come to believe."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.talks import believe
from tests.engine.worlds import START, Lab, chain, faction, make_scenario, on

GIVEN = [{"on": START, "event": "base_attempt", "by": "Red", "in": "B"}]
FIGHTS = {"interval_days": 0.5, "rationality": 20, "fight_cost": 0, "clash_after_refusal": 1}


def lab(seed: int = 1, blue: int = 600, **talks: Any) -> Lab:
    factions = {"Red": faction(R=600, R2=100), "Blue": faction(B=blue), "Green": faction(G=100)}
    numbers = {"after_refusal": 1, **talks}
    rules = {"demand": FIGHTS, "movement": {"home_after_days": 60}, "talks": numbers}
    scenario = make_scenario(factions, on=("clash",), rules=rules, given=GIVEN)
    return Lab(scenario, chain(5, 10.0, ["R", "B", "B", "G", "R2"]), seed)


def with_talks(**talks: Any) -> list[Lab]:
    """Return worlds up to the day on which talks were held in them."""
    found = []
    for seed in range(12):
        world = lab(seed, **talks)
        while world.day < 12 and len(world.events("talks")) == 0:
            world.run()
        if len(world.events("talks")):
            found.append(world)
    assert len(found) >= 5
    return found


def test_talks_are_held_on_the_day_of_the_refusal_or_later_where_the_dispute_is() -> None:
    waits = []
    for delay_days in (0.05, 2):
        worlds = with_talks(killing=0, settles=1, delay_days=delay_days)
        waits.append([int(world.events("talks")[0]["day"] - world.events("refused")[0]["day"]) for world in worlds])
    assert set(waits[0]) == {0}
    assert min(waits[1]) >= 0
    assert 0.5 < np.mean(waits[1]) < 4
    for world in with_talks(killing=0, settles=1):
        refused, talks = world.events("refused")[0], world.events("talks")[0]
        assert talks["town"] == world.town("B")
        assert talks["initiator"] == refused["target"]  # who was refused comes to talk
        assert talks["target"] == refused["initiator"]


def test_no_talks_follow_if_refusals_are_met_with_force() -> None:
    for seed in range(5):
        world = lab(seed, after_refusal=0, killing=0, settles=1).run(12)
        assert len(world.events("talks")) == 0


def test_settled_talks_leave_the_base_agreed_without_a_fight() -> None:
    for world in with_talks(killing=0, settles=1):
        settled = world.events("talks_settled")
        assert settled["probability"].tolist() == [1]
        assert world.events()["kind"][settled["cause"][0]] == kinds.TALKS
        assert world.live("bases")["status"].tolist() == [kinds.BASE_AGREED]
        assert len(world.live("disputes")) == 0
        assert len(world.events("clash")) == 0


def test_talks_that_fail_end_in_force() -> None:
    for world in with_talks(killing=0, settles=0):
        assert len(world.events("talks_settled")) == 0
        world.run(6)  # the stronger side in the town attacks at once, the other gathers a column first; it may be met
        assert len(world.events("clash")) > 0
        assert world.events("clash")["day"][0] >= world.events("talks")["day"][0]


def test_killed_delegates_are_the_visitors_and_each_side_gives_its_account() -> None:
    for world in with_talks(killing=1, settles=1):
        talks, killing = world.events("talks")[0], world.events("killing_at_talks")[0]
        assert (killing["initiator"], killing["target"]) == (talks["target"], talks["initiator"])
        assert killing["deaths_target"] >= 1
        assert killing["deaths_initiator"] == killing["deaths_civilians"] == 0
        accounts = world.events("account")
        assert accounts["fighters"].tolist() == [kinds.ASSASSINATION_ACCOUNT, kinds.FORCED_ENTRY_ACCOUNT]
        assert accounts["initiator"].tolist() == [talks["initiator"], talks["target"]]
        assert accounts["target"].tolist() == [talks["target"], talks["initiator"]]
        trust = np.exp(2 * accounts["value_1"])
        assert accounts["factor_1"].tolist() == pytest.approx(trust.tolist())
        assert (world.world.relations["incident_day"][0, 1], world.world.relations["incident_day"][1, 0]) == (
            killing["day"],
            killing["day"],
        )
        assert len(world.events("talks_settled")) == 0
        clash = world.world.clashes[0]
        assert (clash["began"], clash["town"]) == (killing["day"], killing["town"])


def test_delegates_are_killed_at_their_mean() -> None:
    dead = [int(world.events("killing_at_talks")["deaths_target"][0]) for world in with_talks(killing=1, deaths_mean=1)]
    assert set(dead) == {1}
    many = [int(world.events("killing_at_talks")["deaths_target"][0]) for world in with_talks(killing=1, deaths_mean=9)]
    assert abs(sum(many) / len(many) - 9) < 4 * math.sqrt(8 / len(many))


@pytest.mark.parametrize(("account", "evidence"), [("unknown", 0.0), ("assassination", 0.7), ("forced_entry", -0.7)])
def test_belief_weighs_both_claims_by_the_trust_in_their_authors(account: str, evidence: float) -> None:
    world = lab(true_account=account, evidence=0.7, prior=0.2, trust_weight=1.5)
    w = world.world
    red, blue, green = (world.faction(name) for name in ("Red", "Blue", "Green"))
    w.relations["trust"][green, red], w.relations["trust"][green, blue] = 0.1, 0.6
    w.relations["trust"][red, blue] = 0.3
    w.relations["trust"][blue, red] = 0.2
    w.group_trust[world.group("R2"), world.group("R")] = 0.4  # a sister, which trusts R less than R trusts itself
    believe(w, world.params, world.group("R"), world.group("B"))
    odds = {"R": 1 - 0.3, "R2": 0.4 - 0.3, "B": 0.2 - 1, "G": 0.1 - 0.6}
    for name, trust in odds.items():
        expected = 1 / (1 + math.exp(-(0.2 + evidence + 1.5 * trust)))
        assert w.belief[world.group("R"), world.group(name)] == pytest.approx(expected)
        assert w.belief[world.group("B"), world.group(name)] == pytest.approx(1 - expected)
        assert w.belief[world.group("R2"), world.group(name)] == pytest.approx(0.5 + (expected - 0.5) / 2)


def test_beliefs_fade_towards_none() -> None:
    world = lab(belief_half_life_days=5, after_refusal=0)
    world.world.belief[0, 1], world.world.belief[1, 0] = 0.9, 0.1
    world.run(10)
    assert world.world.belief[0, 1] == pytest.approx(0.5 + 0.4 / 4)
    assert world.world.belief[1, 0] == pytest.approx(0.5 - 0.4 / 4)


@pytest.mark.parametrize("by", ["Blue", "B", "Red", "Green"])
def test_a_given_killing_is_carried_out_in_the_dispute_or_skipped(by: str) -> None:
    given = [*GIVEN, {"on": on(4), "event": "killing_at_talks", "by": by, "in": "B", "deaths": 2}]
    factions = {"Red": faction(R=600), "Blue": faction(B=600), "Green": faction(G=100)}
    scenario = make_scenario(factions, on=("clash",), rules={"movement": {}, "talks": {}}, given=given)
    world = Lab(scenario, chain(4, 10.0, ["R", "B", "B", "G"])).run(6)
    killings = world.events("killing_at_talks")
    if by == "Green":
        assert len(killings) == 0
        assert len(world.events("given_skipped")) == 1
        return
    assert (killings["given"].tolist(), killings["deaths_target"].tolist(), killings["day"].tolist()) == ([1], [2], [4])
    assert killings["initiator"][0] == world.faction("Red" if by == "Red" else "Blue")
    assert len(world.events("account")) == 2
    assert world.events("clash")["cause"][0] == np.flatnonzero(world.events()["kind"] == kinds.KILLING_AT_TALKS)[0]
