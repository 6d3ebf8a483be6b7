"""Peacekeepers: a neutral armed party that guards towns. It deters, protects and may intervene; it never attacks or holds.

What guards prevent is a share times G / (G + E), of guards G and those whom they face E, as with guarantors. Presence of
troops lowers battle deaths and harm to civilians (Hultman, Kathman & Shannon 2013, AJPS 57:875; 2014, APSR 108:737;
Fjelde, Hultman & Nilsson 2019, Int Organ 73:103) and shortens local fighting, while its effect on the onset is less clear
(Ruggeri, Dorussen & Gizelis 2017, Int Organ 71:163).
"""

from __future__ import annotations

from sim.engine.draws import P_GUARDS_HOLD, P_SEPARATION, P_TURNED_BACK, identity, uniform
from sim.engine.forces import go_home, new_force
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ATTACK,
    COLUMN_TURNED_BACK,
    GUARD,
    INTERVENE,
    M_GUARDS,
    OBSERVE,
    PEACEKEEPER,
    PROTECT,
    R_PEACEKEEPING,
    REBEL,
    REINFORCE,
    SIDES_SEPARATED,
)
from sim.engine.queries import holder_faction, in_town, logged_today, strongest_group
from sim.engine.recording import add_factor, log_event
from sim.engine.tables import L_FORCES


@compiled
def guard_towns(w):
    """Set what peacekeepers prevent in each town today, by their force there and that of the strongest rebels nearby."""
    for faction in range(len(w.factions)):
        if w.factions[faction]["role"] == PEACEKEEPER:
            for town in range(len(w.towns)):
                guard(w, town)
            return


@compiled
def guard(w, town):
    """Set the shares of attacks and of harm to civilians that peacekeepers prevent in one town."""
    g = w.guarded[town]
    rivals, guards, attacks, harm = -1.0, 0.0, 1.0, 1.0
    for faction in range(len(w.factions)):
        if w.factions[faction]["role"] != PEACEKEEPER:
            continue
        patrols = patrolling(w, town, faction, OBSERVE)
        if patrols <= 0.0:
            continue
        if rivals < 0.0:
            rivals = strongest_rebels(w, town)
        guards += patrols
        attacks *= 1.0 - w.factions[faction]["deterrence"] * patrols / (patrols + rivals)
        shielding = patrolling(w, town, faction, PROTECT)
        if shielding > 0.0:
            harm *= 1.0 - w.factions[faction]["protection"] * shielding / (shielding + rivals)
    g["odds"] = guards / max(1.0, rivals)
    g["deterred"], g["shielded"] = 1.0 - attacks, 1.0 - harm


@compiled
def patrolling(w, town, faction, mandate):
    """Return the strength of guards of a mandate or a wider one in a town: all there, and less the farther they patrol.

    What patrols falls in a straight line with the distance by road, to nothing at `patrol_km`.
    """
    total = in_town(w, town, faction) if w.guarded[town]["mandate"] >= mandate else 0.0
    reach = w.factions[faction]["patrol_km"]
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["km"] >= reach:
            break
        there = w.near[i]["town"]
        if w.guarded[there]["mandate"] >= mandate:
            total += in_town(w, there, faction) * (1.0 - w.near[i]["km"] / reach)
    return total


@compiled
def strongest_rebels(w, town):
    """Return the strength of the rebel faction that has most of it in a town and those one road away together."""
    strongest = 0.0
    for faction in range(len(w.factions)):
        if w.factions[faction]["role"] != REBEL:
            continue
        near = in_town(w, town, faction)
        for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
            near += in_town(w, w.adjacent[i], faction)
        strongest = max(strongest, near)
    return strongest


@compiled
def undeterred(w, town):
    """Return the share of attacks, incidents and base attempts in a town that guards do not deter today; 1 without any."""
    return 1.0 - w.guarded[town]["deterred"]


@compiled
def unshielded(w, town):
    """Return the share of harm to civilians in a town that guards do not prevent today; 1 without any."""
    return 1.0 - w.guarded[town]["shielded"]


@compiled
def deters(w, day, seed, key, town):
    """Draw whether guards deter an attack on a town on which somebody has decided."""
    deterred = w.guarded[town]["deterred"]
    return deterred > 0.0 and uniform(seed, P_GUARDS_HOLD, day, key) < deterred


@compiled
def note_guards(w, row, town):
    """Note on an event how guards moved its chance, if there are any."""
    if w.guarded[town]["deterred"] > 0.0:
        add_factor(w, row, M_GUARDS, w.guarded[town]["odds"], undeterred(w, town))


@compiled
def log_intervention(w, day, kind, faction, cause, group, town, facing, chance, u):
    """Log what guards of a faction who face a force of a strength did in a town to a group; return the event."""
    row = log_event(w, day, kind, R_PEACEKEEPING, cause, strongest_group(w, town, faction), group, town, chance, u)
    guards = in_town(w, town, faction)
    add_factor(w, row, M_GUARDS, guards / max(1.0, facing), guards / (guards + facing))
    return row


@compiled
def turned_back(w, day, seed, row, town):
    """Draw whether guards with a mandate to intervene turn a column back that is about to march on their town.

    One draw decides for all detachments of a group that come on the same day. Who holds the town may pass.
    """
    f = w.forces[row]
    if w.guarded[town]["mandate"] < INTERVENE or not (f["orders"] == ATTACK or f["orders"] == REINFORCE):
        return False
    if holder_faction(w, town) == f["faction"]:
        return False
    for faction in range(len(w.factions)):
        guards = in_town(w, town, faction)
        if w.factions[faction]["role"] != PEACEKEEPER or guards <= 0.0:
            continue
        column = column_strength(w, row)
        chance = w.factions[faction]["red_line"] * guards / (guards + column)
        key = w.towns[town]["key"] ^ w.groups[f["group"]]["key"] ^ w.factions[faction]["key"]
        u = uniform(seed, P_TURNED_BACK, day, key)
        if u < chance:
            event = logged_today(w, day, COLUMN_TURNED_BACK, town, f["group"])
            if event < 0:
                event = log_intervention(
                    w, day, COLUMN_TURNED_BACK, faction, f["cause"], f["group"], town, column, chance, u
                )
            w.events[event]["fighters"] += f["fighters"]
            f["cause"] = event
            go_home(w, day, row)
            return True
    return False


@compiled
def column_strength(w, row):
    """Return the strength of all forces of a column's group that are on the same errand to the same town."""
    f, total = w.forces[row], 0.0
    for i in range(w.counts[L_FORCES]):
        other = w.forces[w.live_forces[i]]
        if (
            other["alive"] == 1
            and other["group"] == f["group"]
            and other["goal"] == f["goal"]
            and other["orders"] == f["orders"]
        ):
            total += other["fighters"] * other["cohesion"]
    return total


@compiled
def separate(w, day, seed, clash, cause):
    """Draw whether guards with a mandate to intervene end a clash in their town; return the event, -1 if they do not."""
    c = w.clashes[clash]
    town = c["town"]
    if w.guarded[town]["mandate"] < INTERVENE:
        return -1
    fa, fd = w.groups[c["attacker"]]["faction"], w.groups[c["defender"]]["faction"]
    sides = in_town(w, town, fa) + in_town(w, town, fd)
    for faction in range(len(w.factions)):
        guards = in_town(w, town, faction)
        if w.factions[faction]["role"] != PEACEKEEPER or guards <= 0.0:
            continue
        chance = w.factions[faction]["separation"] * guards / (guards + sides)
        u = uniform(seed, P_SEPARATION, day, c["key"] ^ w.factions[faction]["key"])
        if u < chance:
            row = log_intervention(w, day, SIDES_SEPARATED, faction, cause, c["attacker"], town, sides, chance, u)
            w.events[row]["fighters"] = int(guards)
            return row
    return -1


@compiled
def post(w, day, action, cause):
    """Bring peacekeepers from outside to a town; the widest mandate of those who stand there holds for all."""
    a = w.actions[action]
    town, faction, widest = a["town"], w.groups[a["group"]]["faction"], OBSERVE
    for other in range(len(w.factions)):
        if w.factions[other]["role"] == PEACEKEEPER and in_town(w, town, other) > 0.0:
            widest = max(widest, w.guarded[town]["mandate"])
    own = a["mandate"] if a["mandate"] >= 0 else w.factions[faction]["mandate"]
    w.guarded[town]["mandate"] = max(widest, own)
    key, cohesion = identity(a["key"], day), w.groups[a["group"]]["cohesion"]
    new_force(w, day, key, a["group"], town, a["fighters"], cohesion, GUARD, cause)


@compiled
def leave_posts(w, faction, town, in_zone):
    """Let peacekeepers leave one town, or if it is -1 those of the zone or all, and the theatre; return how many left."""
    gone = 0
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 0 or f["faction"] != faction or f["orders"] != GUARD:
            continue
        if (town >= 0 and f["town"] != town) or (in_zone == 1 and w.towns[f["town"]]["in_zone"] == 0):
            continue
        gone += f["fighters"]
        f["fighters"], f["alive"] = 0, 0
    w.factions[faction]["demobilised"] += gone
    return gone
