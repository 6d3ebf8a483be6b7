"""Policies that last: multipliers while in force, guarantors who deter breaches of agreements, patrons, garrisons stationed.

A guarantor deters who would breach an agreement that it covers, by its credibility and its force (Walter 1997, Int Organ
51:335; Fortna 2004, ISQ 48:269). A patron's support makes leaders readier for a campaign and less ready to sign, sanctions
the reverse (Karlen 2017, J Peace Research 54:499; Salehyan, Gleditsch & Cunningham 2011, Int Organ 65:709).
"""

from __future__ import annotations

import math

from sim.engine.forces import detach, go_home
from sim.engine.jit import compiled
from sim.engine.kinds import (
    GUARANTOR,
    MEDIATE,
    MONITOR,
    NO_EXPANSION,
    PATRONAGE,
    REBEL,
    STATIONED,
)
from sim.engine.queries import holder_faction, in_scope, recount
from sim.engine.rules.columns import LEAST_COLUMN, idle_garrison, spare_fighters
from sim.engine.tables import L_FORCES, MOST_STATIONED


@compiled
def apply_policies(w, day):
    """Set the effects of lasting policies anew: multipliers of those in force, and what guarantors deter."""
    conduct = w.conduct[0]
    conduct["mediation"], conduct["monitoring"], conduct["mediator"] = 1.0, 1.0, -1
    for faction in range(len(w.factions)):
        w.factions[faction]["allowed"], w.factions[faction]["patronage"] = 1.0, 0.0
    for i in range(len(w.actions)):
        a = w.actions[i]
        a["deterrence"] = 0.0
        if a["day"] > day or day > a["until"]:
            continue
        if a["kind"] == NO_EXPANSION:
            w.factions[a["faction"]]["allowed"] *= a["factor"]
        elif a["kind"] == PATRONAGE:
            w.factions[a["faction"]]["patronage"] += math.log(a["factor"])
        elif a["kind"] == MEDIATE:
            conduct["mediation"] *= a["factor"]
            conduct["mediator"] = i
        elif a["kind"] == MONITOR:
            conduct["monitoring"] *= a["factor"]
        elif a["kind"] == GUARANTOR:
            a["deterrence"] = deterrence(w, i)


@compiled
def deterrence(w, action):
    """Return the share of breaches that a guarantor deters, 0..1: its credibility x F / (F + E).

    F are its fighters; E is the strength of the strongest rebel faction bound that stands in or beside towns it covers.
    """
    a = w.actions[action]
    strongest = 0.0
    for faction in range(len(w.factions)):
        if w.factions[faction]["role"] != REBEL or not binds(w, action, faction):
            continue
        near = 0.0
        for town in range(len(w.towns)):
            if w.present[town, faction] > 0.0 and in_or_beside(w, action, town):
                near += w.present[town, faction]
        strongest = max(strongest, near)
    return a["factor"] * a["fighters"] / (a["fighters"] + strongest)


@compiled
def binds(w, action, faction):
    """Return True if a guarantor covers agreements of a group of a faction."""
    parties = w.actions[action]["party_a"] | w.actions[action]["party_b"]
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == faction and (parties == 0 or parties & (1 << g)):
            return True
    return False


@compiled
def covers(w, action, town):
    """Return True if a guarantor covers a town: the one it names, one of the zone, or any."""
    a = w.actions[action]
    if a["town"] >= 0:
        return town == a["town"]
    return a["in_zone"] == 0 or w.towns[town]["in_zone"] == 1


@compiled
def in_or_beside(w, action, town):
    """Return True if a guarantor covers a town, or one that a single road joins to it."""
    if covers(w, action, town):
        return True
    for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
        if covers(w, action, w.adjacent[i]):
            return True
    return False


@compiled
def guarantees(w, action, agreement):
    """Return True if an action is a guarantor in force of an agreement between these parties."""
    a, parties = w.actions[action], w.agreements[agreement]
    if a["deterrence"] <= 0.0:
        return False
    if a["party_a"] == 0:
        return True
    return ((a["party_a"] & parties["party_a"]) != 0 and (a["party_b"] & parties["party_b"]) != 0) or (
        (a["party_a"] & parties["party_b"]) != 0 and (a["party_b"] & parties["party_a"]) != 0
    )


@compiled
def attack_factor(w, agreement, town):
    """Return the share of attacks under an agreement in a town that its guarantors do not deter; 1 without one."""
    factor = 1.0
    for i in range(len(w.actions)):
        if guarantees(w, i, agreement) and covers(w, i, town):
            factor *= 1.0 - w.actions[i]["deterrence"]
    return factor


@compiled
def let_through(w, agreement, town):
    """Return the share of attacks and incidents in a town that an agreement, its terms and its guarantors let through."""
    a = w.agreements[agreement]
    return (1.0 - a["suppression"]) * a["clash_factor"] * attack_factor(w, agreement, town)


@compiled
def breach_factor(w, agreement):
    """Return the multiplier of guarantors on the hazard that an agreement is broken; 1 without one.

    Each deters in the share of the agreement's towns that it covers.
    """
    factor = 1.0
    for i in range(len(w.actions)):
        if guarantees(w, i, agreement):
            factor *= 1.0 - w.actions[i]["deterrence"] * covered_share(w, i, agreement)
    return factor


@compiled
def covered_share(w, action, agreement):
    """Return the share of the towns that the parties hold in an agreement's scope which a guarantor covers, 0..1."""
    parties = w.agreements[agreement]["party_a"] | w.agreements[agreement]["party_b"]
    towns, covered = 0, 0
    for town in range(len(w.towns)):
        holder = w.towns[town]["holder"]
        if holder >= 0 and (parties & (1 << holder)) and in_scope(w, agreement, town):
            towns += 1
            if covers(w, action, town):
                covered += 1
    return covered / towns if towns > 0 else 0.0


@compiled
def patron_pressure(w, fa, fb):
    """Return the multiplier of patrons on the signing hazard of two factions: above 1 under sanctions, below 1 with support."""
    return math.exp(-0.5 * (w.factions[fa]["patronage"] + w.factions[fb]["patronage"]))


@compiled
def send_garrison(w, p, day, action):
    """Order detachments to be stationed in a town, within the map's reach by road; return how many fighters set out."""
    a = w.actions[action]
    town, groups = a["town"], 0
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == a["faction"] and (a["group"] < 0 or g == a["group"]):
            groups |= 1 << g
    sent, detachments = 0, 0
    for i in range(w.near_start[town], w.near_start[town + 1]):
        there = w.near[i]["town"]
        if w.towns[there]["clash"] >= 0:
            continue
        for k in range(w.standing_start[there], w.standing_start[there + 1]):
            source, wanted = w.standing[k], a["fighters"] - sent
            n = min(spare_fighters(w, p, source), wanted)
            if n < min(LEAST_COLUMN, wanted) or n <= 0 or detachments == MOST_STATIONED:
                continue
            if idle_garrison(w, source, there, groups) and w.forces[source]["home"] == there:
                row = detach(w, day, source, town, n, STATIONED, -1, -1, a["key"])
                w.forces[row]["departs"] = a["until"] + 1
                sent += n
                detachments += 1
    return sent


@compiled
def release_stationed(w, day):
    """Send fighters home whose time in a town is over, or whose faction does not hold it any more."""
    for i in range(w.counts[L_FORCES]):
        row = w.live_forces[i]
        f = w.forces[row]
        if f["alive"] == 0 or f["orders"] != STATIONED:
            continue
        town = f["goal"] if f["goal"] >= 0 else f["town"]
        if day >= f["departs"] or holder_faction(w, town) != f["faction"]:
            go_home(w, day, row)
            if f["town"] >= 0:
                recount(w, f["town"])
