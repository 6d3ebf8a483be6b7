"""The invariants of every day, in worlds made by hand and on the real map; and that their check finds what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.engine import kinds
from sim.geography.maps import Geography
from sim.invariants import broken, fighters_alive
from sim.scenario.load import load_scenario
from tests.engine.worlds import START, Lab, chain, faction, make_scenario

ALL = [
    "base_attempt",
    "incident",
    "demand",
    "spread",
    "movement",
    "clash",
    "control",
    "ceasefire",
    "offensive",
    "memory",
]
WILD: dict[str, dict[str, Any]] = {
    "talks": {"killing": 0.3},
    "civilians": {"pressure_per_town_month": 2},
    "reporting": {"false_claims_per_month": 2},
    "base_attempt": {"attempts_per_town_month": 1, "reach_km": 60},
    "incident": {"per_pair_month": 1, "escalates": 1, "reach_km": 30},
    "demand": {"interval_days": 0.5},
    "campaign": {
        "decisions_per_month": 3,
        "untriggered_share": 1,
        "quiet_days": 3,
        "gather_days": 1,
        "handovers_per_day": 3,
        "broken_share": 0.3,
        "orders_per_day": 2,
    },
    "spread": {"offspring_per_clash_day": 1.5, "delay_days": 1, "reach_km": 60},
    "movement": {"road_km_per_day": 15},
    "clash": {"loss_per_day": 0.1, "continue_probability": 0.6},
    "control": {},
    "ceasefire": {"hold_days": 5, "signing_per_10_deaths": 1},
    "offensive": {"calendar_per_month": 2, "shelling_per_town_month": 10},
    "memory": {},
}
TERMS: dict[str, Any] = {
    "closed": {"chance": 0.5, "closes_bases": True},
    "neutral": {"chance": 0.5, "neutralises_town": True},
    "week": {"chance": 0.5, "fixed_days": 7},
}
FACTIONS = {
    "Red": faction(proscribed=True, R1=1500, R2=1500),
    "Blue": faction(B1=1200, B2={"fighters": 1500, "cohesion": 0.4}, B3={"fighters": 500, "mediates": True}),
    "Green": faction(G1=800),
    "Gov": faction("government", V=4000),
    "Patron": faction("patron_backed", P=500),
}
HOLDERS: list[Any] = ["V", "V", "R1", "B1", ("B2", "R2"), "G1", "B3", (), "R2", ("R1", "G1"), "P", "B2"]


def check_each_day(world: Lab, days: int) -> Lab:
    start = fighters_alive(world.world)

    def check(lab: Lab) -> None:
        found = broken(lab.world, start, lab.day - 1)
        assert found == [], f"day {lab.day - 1}: {found[:5]}"

    return world.run(days, check)


def wild(seed: int, **changes: dict[str, Any]) -> Lab:
    rules = {name: {**numbers, **changes.get(name, {})} for name, numbers in WILD.items()}
    policy = [{"on": START.replace(month=2), "reinforce": "R1", "in": "C", "fighters": 300}]
    zone = {"agreed": START, "deadline": START.replace(day=20), "depth_km": 20}
    truce = {"truce": {"between": ["Red", "B1"], "signed": START.replace(year=2019), "scope": "sector", "around": "D"}}
    scenario = make_scenario(FACTIONS, rules=rules, terms=TERMS, policy=policy, zone=zone, agreements=truce, days=150)
    return Lab(scenario, chain(len(HOLDERS), 8.0, HOLDERS), seed)


@pytest.mark.parametrize("law", ["stochastic", "linear", "square"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_invariants_hold_every_day_of_a_wild_world(seed: int, law: str) -> None:
    world = check_each_day(wild(seed, clash={"attrition": law}), 150)
    assert len(world.events("clash")) > 20
    assert len(world.events("base_opened")) > 0


def test_the_wild_worlds_see_nearly_every_kind_of_event() -> None:
    seen = {kinds.EVENT_KINDS[kind] for seed in range(30) for kind in wild(seed).run(150).events()["kind"]}
    guarded = {"column_turned_back", "sides_separated"}  # no peacekeepers here; test_peacekeeping.py has them
    assert set(kinds.EVENT_KINDS) - seen <= {"given_skipped", *guarded}


@pytest.mark.parametrize(
    ("name", "sets"), [("kafr_hamra", ()), ("greater_idlib_2018", ("rules.offensive.calendar_per_month=3",))]
)
def test_invariants_hold_every_day_on_the_real_map(name: str, sets: tuple[str, ...], idlib: Geography) -> None:
    scenario = load_scenario(name, list(sets))
    for seed in range(1, 5):
        check_each_day(Lab(scenario, idlib, seed), scenario.days)


def spoil_fighters(lab: Lab) -> None:
    lab.world.forces["fighters"][(lab.world.forces["alive"] == 1).argmax()] += 1


def spoil_influence(lab: Lab) -> None:
    lab.world.influence[0, 0] += 0.1


def spoil_cause(lab: Lab) -> None:
    lab.events()["cause"][-1] = len(lab.events()) - 1


def spoil_agreement(lab: Lab) -> None:
    clash = lab.events("clash")
    rows = lab.events()
    under = (rows["kind"] == kinds.CLASH) & (rows["agreement"] >= 0)
    assert under.any(), len(clash)
    rows["agreement"][under] = -1


def spoil_force(lab: Lab) -> None:
    rows = lab.world.forces
    rows["x"][(rows["alive"] == 1).argmax()] = 9999


def spoil_list(lab: Lab) -> None:
    lab.world.live_forces[0] = lab.world.live_forces[1]


def spoil_town(lab: Lab) -> None:
    lab.world.towns["holder"][0] = -1


SPOILS: list[Callable[[Lab], None]] = [
    spoil_fighters, spoil_influence, spoil_cause, spoil_agreement, spoil_force, spoil_list, spoil_town,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS)
def test_the_checker_reports_a_corrupted_world(spoil: Callable[[Lab], None]) -> None:
    world = wild(1)
    start = fighters_alive(world.world)
    world.run(60)
    assert broken(world.world, start) == []
    spoil(world)
    assert broken(world.world, start) != []
