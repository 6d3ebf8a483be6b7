"""Small crowded worlds in which nearly all that the rules can do happens within forty days; `test_short_log.py` compares their logs with stored ones.

Each is there for what the others leave out: `wild` is that of the tests of invariants; `steered` has policies, given events
and agreements of every kind on a map with more than one way, and the square law of losses; `besieged` an offensive against weak
rebels and the linear law; `haggling` bases, demands, talks and killings at them, with little fighting; `guarded` peacekeepers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.geography.maps import Geography
from tests.engine.test_invariants import TERMS, WILD, wild
from tests.engine.worlds import Lab, faction, make_map, make_scenario, on

ACROSS, KM = 4, 7.0


def numbers(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the wild world's numbers with changes."""
    return {name: {**said, **changes.get(name, {})} for name, said in WILD.items()}


def lattice(held: list[Any]) -> Geography:
    """Return towns A, B, C ... in rows of four, roads of unlike lengths along rows and columns and across some squares."""
    names = [chr(ord("A") + i) for i in range(len(held))]
    places = {name: ((i % ACROSS) * KM, (i // ACROSS) * KM) for i, name in enumerate(names)}
    roads = []
    for i, name in enumerate(names):
        if i % ACROSS:
            roads.append((names[i - 1], name, KM * (1 + 0.1 * (i % 3))))
        if i >= ACROSS:
            roads.append((names[i - ACROSS], name, KM * (1 + 0.15 * (i % 2))))
        if i >= ACROSS and i % 5 == 0 and i % ACROSS:
            roads.append((names[i - ACROSS - 1], name, KM * 1.5))
    values = {name: (i * 7 % 10) / 10 for i, name in enumerate(names)}
    people = {name: 500.0 * (1 + (i * 5 % 16)) ** 2 for i, name in enumerate(names)}
    return make_map(places, roads, dict(zip(names, held, strict=True)), values, people)


def steered(seed: int) -> Lab:
    """Return a world with every kind of policy, of given event and of agreement."""
    blue = faction(
        doctrine={"expansion": 2, "tolerance": 0.5, "truce_propensity": 3, "restraint": 0.8, "coercion": 2},
        B1=1200,
        B2={"fighters": 1500, "cohesion": 0.6, "solidarity": 0.9, "solidarity_with": {"B3": 0.1}},
        B3={"fighters": 700, "mediates": True},
        B4=0,
    )
    factions = {
        "Blue": blue,
        "Red": faction(
            proscribed=True, doctrine={"truce_propensity": 2}, R1=1500, R2={"fighters": 1500, "solidarity": 1}
        ),
        "Gov": faction("government", V=4000),
        "Green": faction(doctrine={"restraint": 2}, G1=800, G2=300),
        "Patron": faction("patron_backed", P=500),
        "Tribe": faction("neutral", N=60),
    }
    agreements = {
        "town": {"between": ["Red", "Blue"], "signed": on(-9), "scope": "town", "around": "F", "terms": ["closed"]},
        "sector": {"between": ["R1", "G1"], "signed": on(-3), "scope": "sector", "around": "K", "radius_km": 12},
        "fronts": {"between": ["B2", "Green"], "signed": on(-40), "expires": on(12), "mediator": "B3"},
    }
    given = [
        {"on": on(2), "event": "base_attempt", "by": "R2", "in": "C"},
        {"on": on(2), "event": "base_attempt", "by": "Green", "in": "N"},
        {"on": on(3), "event": "base_attempt", "by": "Red", "in": "A"},
        {"on": on(30), "event": "base_attempt", "by": "B1", "in": "E"},
        {
            "on": on(8),
            "event": "agreement",
            "agreement": {
                "between": ["Red", "Blue"],
                "signed": on(8),
                "scope": "sector",
                "around": "G",
                "terms": ["neutral", "relief"],
            },
        },
        {
            "on": on(20),
            "event": "agreement",
            "agreement": {"between": ["Red", "Green"], "signed": on(20), "terms": ["closed", "week"]},
        },
    ]
    policy: list[dict[str, Any]] = [
        {"withdraw": "Red", "from": "zone", "by": on(14), "towns_to": "neutral", "may_return": False},
        {"withdraw": "Green", "from": "K", "by": on(9), "towns_to": "host_group"},
        {"enforce_no_expansion": "Red", "on": on(4), "until": on(10), "factor": 0.2},
        {"enforce_no_expansion": "Red", "on": on(6), "factor": 0.5},
        {"mediate": "Envoy", "on": on(5), "until": on(15), "factor": 3},
        {"mediate": "B3", "on": on(12), "factor": 2},
        {"monitor": "Envoy", "on": on(7), "factor": 2},
        {"reinforce": "G1", "on": on(11), "in": "L", "fighters": 400},
        {"reinforce": "B1", "on": on(13), "in": "A", "fighters": 150},
        {"merge_groups": ["B1", "B2"], "on": on(18), "into": "B3", "cohesion": 0.7},
    ]
    terms = {
        **TERMS,
        "relief": {"chance": 0.5, "grievance_relief": 0.4, "hold_factor": 3},
        "apart": {"chance": 0.5, "base_attempt_factor": 0.3, "clash_factor": 0.5},
    }
    rules = numbers(
        clash={"attrition": "square", "commander_death": 0.3, "surrender_share": 0.3, "loss_per_day": 0.05},
        ceasefire={"hold_days": 12, "violation_breaks": 0.1, "mediator_factor": 4},
        base_attempt={"attempts_per_town_month": 0.5, "reach_km": 20},
        control={"threshold": 0.3, "influence_days": 8},
        offensive={"calendar_per_month": 0, "opportunity": False, "shelling_per_town_month": 15},
        spread={"reach_km": 15},
        movement={"home_after_days": 2, "road_km_per_day": 9, "offroad_km_per_day": 5},
    )
    holders: list[Any] = ["B1", "R1", "R1", "P", "B1", ("B1", "R2"), "G1", "R2", "B2", (), "G2", "G1"]
    scenario = make_scenario(
        factions,
        rules=rules,
        terms=terms,
        policy=policy,
        given=given,
        agreements=agreements,
        zone={"agreed": on(-5), "deadline": on(10), "depth_km": 9, "patience": 0.4},
        garrison_share=0.7,
        days=60,
    )
    return Lab(scenario, lattice([*holders, "B3", "V", "N", "G1"]), seed)


def besieged(seed: int) -> Lab:
    """Return a world whose government attacks early, under the linear law, with few and weak rebels."""
    factions = {
        "Red": faction(R={"fighters": 1400, "cohesion": 0.5}),
        "Gov": faction("government", V=6000, W=500),
        "Blue": faction(proscribed=True, B1={"fighters": 160, "solidarity": 0.9}, B2=140),
    }
    rules = numbers(
        clash={
            "attrition": "linear",
            "attacker_loss_factor": 0.4,
            "withdraw_loss_share": 0.05,
            "capture_ratio": 0.7,
            "continue_probability": 0.8,
            "commander_death": 0.02,
        },
        offensive={
            "provocation": False,
            "calendar_per_month": 4,
            "opportunity_per_month": 5,
            "mobilisation_days": 3,
            "duration_days": 9,
            "assaults_per_day": 2,
            "column_fighters": 700,
            "column_radius_km": 16,
            "infighting_factor": 0.6,
        },
        memory={"fatigue_per_100_deaths": 2, "fatigue_half_life_days": 5, "threat_half_life_days": 4},
        reporting={"delay_days": 3, "summary_share": 0.9, "misplaced_share": 0.4, "outlet_detection": 0.9},
        civilians={"pressure_per_town_month": 6, "new_days": 6, "return_half_life_days": 6},
        ceasefire={"hold_days": 30, "stalemate_days": 3},
        control={"threshold": 0.25, "threshold_spread": 0.1, "support_weight": 1, "influence_days": 4},
    )
    holders: list[Any] = ["R", "W", "V", "R", "V", "B1", ("R", "B2"), "B2", "R", "R", (), "B1", "R", "B2", "R", "R"]
    return Lab(make_scenario(factions, rules=rules, days=60), lattice(holders), seed)


def haggling(seed: int) -> Lab:
    """Return a world with many bases, disputes and talks, and hardly any fight that spreads."""
    factions = {
        "Red": faction(doctrine={"tolerance": 0.5}, R1=900, R2=90),
        "Blue": faction(doctrine={"expansion": 2}, B1=600, B2={"fighters": 800, "mediates": True}),
        "Green": faction(proscribed=True, G1=1500),
    }
    rules: dict[str, dict[str, Any]] = {name: {} for name in WILD} | {
        "base_attempt": {"attempts_per_town_month": 1, "reach_km": 40, "distance_km": 60, "strength_weight": 0.2},
        "incident": {"per_pair_month": 0.1, "escalates": 0.1},
        "demand": {"interval_days": 1, "rationality": 1, "annoyance": 0.6, "settles": 0.1},
        "talks": {"after_refusal": 0.9, "settles": 0.4, "killing": 0.5, "true_account": "forced_entry", "prior": 0.5},
        "clash": {"loss_per_day": 0.01, "continue_probability": 0.5},
        "control": {"bandwagon": False},
        "ceasefire": {"signing_per_10_deaths": 0.8, "hold_days": 8},
        "spread": {"offspring_per_clash_day": 0.2, "call_to_arms": False},
    }
    holders: list[Any] = ["R1", "B1", ("B2", "R2"), "G1", "B2", "R1", "G1", (), "G1", "B1", ("G1", "B1"), "R1"]
    return Lab(make_scenario(factions, rules=rules, terms=TERMS), lattice(holders), seed)


def guarded(seed: int) -> Lab:
    """Return a world of war with two forces of peacekeepers of unlike mandates, one of which leaves and one of which grows."""
    posts = {
        "B": {"fighters": 2},
        "F": {"fighters": 1, "mandate": "intervene"},
        "K": {"fighters": 1, "mandate": "observe"},
    }
    factions = {
        "Red": faction(R1=900, R2=500),
        "Force": {
            **faction("peacekeeper", U=600),
            "peacekeeping": {"guards": posts, "patrol_km": 12, "deterrence": 0.3},
        },
        "Blue": faction(B1=800, B2=700),
        "Watch": {
            **faction("peacekeeper", W={"fighters": 300, "cohesion": 0.8}),
            "peacekeeping": {
                "guards": {"F": {"fighters": 1}},
                "mandate": "intervene",
                "separation": 0.9,
                "red_line": 0.2,
            },
        },
        "Green": faction(G=700),
    }
    policy: list[dict[str, Any]] = [
        {"reinforce": "U", "in": "G", "fighters": 400, "mandate": "intervene", "on": on(8)},
        {"reinforce": "W", "in": "D", "fighters": 300, "on": on(12)},
        {"withdraw": "Force", "from": "F", "by": on(20)},
        {"demobilise": "Watch", "share": 0.3, "on": on(25)},
        {"withdraw": "Watch", "by": on(33)},
    ]
    holders: list[Any] = ["R1", "B1", ("B2", "R2"), "G", "B2", "R1", "G", (), "B1", "R2", "G", "R1"]
    scenario = make_scenario(factions, rules=numbers(), terms=TERMS, policy=policy, days=60)
    return Lab(scenario, lattice(holders), seed)


WORLDS: dict[str, Callable[[], Lab]] = {
    "wild": lambda: wild(3),
    "steered": lambda: steered(5),
    "besieged": lambda: besieged(2),
    "haggling": lambda: haggling(4),
    "guarded": lambda: guarded(5),
}
