"""What a scenario's numbers imply at its start, in units an analyst can judge before running anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import numpy as np

from sim.engine import kinds, tables
from sim.engine.implied_policies import marked_towns, policy_rows
from sim.engine.simulation import Simulation
from sim.geography.maps import Geography
from sim.scenario.schema import Scenario


def implied(
    scenario: Scenario, geography: Geography, values: Mapping[str, float] | None = None
) -> list[tuple[str, str]]:
    """Return (what, how much) of the start: forces, towns, zone, expected events, hold of agreements, offensive."""
    start = Simulation(scenario, geography, 0, values)
    attempts = _base_attempts(start)
    rows = [("period", _period(scenario))]
    rows += _forces(start)
    rows += _zone(start)
    rows += [
        ("base attempts", f"about {sum(attempts.values()):.1f} a month at the start"),
        (
            "incidents",
            f"about {_incidents(start):.1f} a month between {_pairs(start)} pairs of neighbouring rival garrisons",
        ),
        ("spread", _spread(start)),
        ("agreement", _hold(start)),
        ("offensive", _offensive(start)),
    ]
    rows += [
        (
            "given",
            f"{event.on.isoformat()}: {event.event.replace('_', ' ')}{_who(event.by, event.in_town)}"
            f"{_reached(scenario, event.on)}",
        )
        for event in scenario.given
    ]
    rows += policy_rows(start, attempts)
    return rows


def policy_marks(scenario: Scenario, geography: Geography) -> tuple[str, np.ndarray] | None:
    """Return what the policies do to towns at the start, for a legend, and which towns; None where to none."""
    return marked_towns(Simulation(scenario, geography, 0)) if scenario.policy else None


def _period(scenario: Scenario) -> str:
    return f"{scenario.start.isoformat()}, {scenario.days} days; evidence ends {scenario.evidence_until.isoformat()}"


def _reached(scenario: Scenario, on: date) -> str:
    """Return a note on a dated event that lies after the last day."""
    return "" if (on - scenario.start).days < scenario.days else " (after the last day: not reached)"


def _who(by: str | None, town: str | None) -> str:
    return (f" by {by}" if by else "") + (f" in {town}" if town else "")


def _forces(start: Simulation) -> list[tuple[str, str]]:
    """Return a row for each faction: fighters, garrisons, towns held and contested."""
    world, first = start.world, start.daily.faction[0]
    forces = world.forces[: world.counts[tables.N_FORCES]]
    rows = []
    for i, name in enumerate(start.names.factions):
        own = forces[forces["faction"] == i]
        contested = f", {first[i]['contested']} contested" if first[i]["contested"] else ""
        strength = float((own["fighters"] * own["cohesion"]).sum())
        idle = [g for g, f in enumerate(world.groups["faction"]) if f == i and not (own["group"] == g).any()]
        nowhere = "".join(
            f"; {start.names.groups[g]} holds no town on the map: its fighters take no part" for g in idle
        )
        acting = "" if strength >= own["fighters"].sum() else f", of whom {strength:,.0f} act as one"
        rows.append(
            (
                name,
                f"{first[i]['fighters']:,} fighters{acting}, in {len(own)} forces; {first[i]['towns']} towns{contested}{nowhere}",
            )
        )
    return rows


def _zone(start: Simulation) -> list[tuple[str, str]]:
    """Return a row on the zone: towns by holder, share of proscribed fighters."""
    zone, world = start.scenario.zone, start.world
    if zone is None:
        return [("zone", "none")]
    inside = world.towns[world.towns["in_zone"] == 1]
    holders = world.groups["faction"][inside["holder"][inside["status"] == kinds.HELD]]
    counts = np.bincount(holders, minlength=len(start.names.factions))
    by = ", ".join(f"{name} {n}" for name, n in zip(start.names.factions, counts, strict=True) if n)
    share, fighters = _proscribed(start)
    text = f"{len(inside)} towns ({by}, {int((inside['status'] == kinds.CONTESTED).sum())} contested)"
    return [("zone", f"{zone.name}: {text}; {share:.0%} of {fighters:,} fighters in it are proscribed")]


def _proscribed(start: Simulation) -> tuple[float, int]:
    """Return the share of fighters in the zone whose faction is proscribed, and all fighters in it."""
    world = start.world
    forces = world.forces[: world.counts[tables.N_FORCES]]
    forces = forces[world.towns["in_zone"][forces["town"]] == 1]
    rebels = forces[world.factions["role"][forces["faction"]] != kinds.GOVERNMENT]
    total = int(rebels["fighters"].sum())
    listed = int((rebels["fighters"] * world.factions["proscribed"][rebels["faction"]]).sum())
    return (listed / total if total else 0.0), total


def _base_attempts(start: Simulation) -> dict[str, float]:
    """Return the expected base attempts of each faction in the first 30 days, at the rates of the first day."""
    from sim.engine.ground import nearest_garrison
    from sim.engine.rules.base_attempt import candidate, rate_per_day

    p, world = start.params, start.world
    found = dict.fromkeys(start.names.factions, 0.0)
    for faction, name in enumerate(start.names.factions):
        if world.factions[faction]["role"] != kinds.REBEL or not p["base_attempt_enabled"]:
            continue
        for town in range(len(world.towns)):
            near, km = nearest_garrison(world, town, faction, p["base_attempt_reach_km"])
            if near != -1 and candidate(world, town, faction):
                found[name] += 30.0 * float(rate_per_day(world, p, faction, town, km)[0])
    return found


def _pairs(start: Simulation) -> int:
    """Return the number of pairs of neighbouring rival garrisons, contested towns included."""
    world, reach = start.world, start.params["incident_reach_km"]
    rebel = world.factions["role"] == kinds.REBEL
    faction = np.where(world.towns["holder"] >= 0, world.groups["faction"][world.towns["holder"]], -1)
    n = int((world.towns["status"] == kinds.CONTESTED).sum())
    for town in range(len(world.towns)):
        rows = world.near[world.near_start[town] : world.near_start[town + 1]]
        others = rows["town"][(rows["km"] <= reach) & (rows["town"] > town)]
        mine = faction[town]
        if mine >= 0 and rebel[mine]:
            n += int(((faction[others] != mine) & (faction[others] >= 0) & rebel[faction[others]]).sum())
    return n


def _incidents(start: Simulation) -> float:
    p = start.params
    return float(p["incident_per_pair_month"]) * _pairs(start) if p["incident_enabled"] else 0.0


def _spread(start: Simulation) -> str:
    p = start.params
    if not p["spread_enabled"]:
        return "off"
    far = float(p["spread_call_to_arms_share"])
    on = (far if p["spread_call_to_arms"] else 0.0) + ((1 - far) if p["spread_neighbours"] else 0.0)
    return f"a day of clashing sets off {p['spread_offspring_per_clash_day'] * on:.2g} more on average, {far:.0%} of them far away, before solidarity, fatigue and agreements"


def _hold(start: Simulation) -> str:
    """Return the chance that an agreement without effective terms is not broken of itself within a week."""
    p = start.params
    if not p["ceasefire_enabled"]:
        return "no agreements are signed"
    variance, hold = float(p["ceasefire_frailty_variance"]), float(p["ceasefire_hold_days"])
    week = math.pow(1.0 + variance * 7.0 / hold, -1.0 / variance)
    broken = float(p["ceasefire_violation_breaks"])
    return f"{week:.0%} last a week if nothing violates them; each clash in spite of one breaks it with {broken:.0%}; one in force prevents {p['ceasefire_suppression']:.0%} of clashes"


def _offensive(start: Simulation) -> str:
    """Return the chance of an offensive's announcement in the first 30 days after the deadline, by explanation."""
    p, world = start.params, start.world
    if world.zone[0]["government"] < 0 or not p["offensive_enabled"]:
        return "none: no government" if world.zone[0]["government"] < 0 else "off"
    share, _ = _proscribed(start)
    held = math.exp(-p["offensive_patience_weight"] * world.zone[0]["patience"]) if world.zone[0]["exists"] else 1.0
    rates = {
        "provocation": p["offensive_provocation"]
        * p["offensive_provocation_per_month"]
        * share
        * world.zone[0]["exists"],
        "calendar": p["offensive_calendar"] * p["offensive_calendar_per_month"],
    }
    chance = 1.0 - math.exp(-sum(rates.values()) * held)
    parts = ", ".join(f"{name} {1 - math.exp(-rate * held):.1%}" for name, rate in rates.items() if rate)
    return f"{chance:.1%} a month after the zone's deadline ({parts or 'no explanation on'}), more while rebels kill each other"
