"""Forces: reinforcing, detaching, merging, losses of fighters and commanders."""

from __future__ import annotations

from sim.engine.draws import identity
from sim.engine.jit import compiled
from sim.engine.kinds import GARRISON, RETURN
from sim.engine.queries import distance_km, holder_faction, new_row, recount, road_km
from sim.engine.tables import L_FORCES, N_FORCES


@compiled
def kill_in_town(w, town, faction, deaths):
    """Take deaths from a faction's forces that stand in a town, the largest first; return how many died."""
    died = 0
    while died < deaths:
        largest, most = -1, 0
        for i in range(w.standing_start[town], w.standing_start[town + 1]):
            f = w.forces[w.standing[i]]
            if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["fighters"] > most:
                largest, most = w.standing[i], f["fighters"]
        if largest < 0:
            break
        taken = min(deaths - died, most)
        w.forces[largest]["fighters"] -= taken
        died += taken
        if w.forces[largest]["fighters"] == 0:
            w.forces[largest]["alive"] = 0
    if died > 0:
        recount(w, town)
    return died


@compiled
def spread_losses(w, town, faction, deaths):
    """Take deaths from a faction's forces in a town in proportion to their fighters; return how many died."""
    total = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            total += f["fighters"]
    deaths_due = min(deaths, total)
    died = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if total > 0 and f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            share = (deaths_due * f["fighters"]) // total
            f["fighters"] -= share
            died += share
            if f["fighters"] == 0:
                f["alive"] = 0
    return died + kill_in_town(w, town, faction, deaths_due - died)


@compiled
def count_deaths(w, initiator, target, deaths_initiator, deaths_target):
    """Enter deaths between two factions into their relation and their own counts."""
    w.relations[initiator, target]["deaths_today"] += deaths_initiator
    w.relations[target, initiator]["deaths_today"] += deaths_target
    w.factions[initiator]["deaths_today"] += deaths_initiator
    w.factions[target]["deaths_today"] += deaths_target
    w.factions[initiator]["killed"] += deaths_initiator
    w.factions[target]["killed"] += deaths_target


@compiled
def desert(w, town, faction, share):
    """Let a share of a faction's fighters in a town desert, rounded down in each force; return how many."""
    gone = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction:
            n = int(f["fighters"] * share)
            f["fighters"] -= n
            gone += n
            if f["fighters"] == 0:
                f["alive"] = 0
    w.factions[faction]["deserted"] += gone
    return gone


@compiled
def new_force(w, day, key, group, town, fighters, cohesion, orders, cause):
    """Form a force that stands in a town and return its row."""
    row = new_row(w.live_forces, w.counts, N_FORCES, L_FORCES, w.forces)
    f = w.forces[row]
    f["key"] = key
    f["group"] = group
    f["faction"] = w.groups[group]["faction"]
    f["fighters"] = fighters
    f["cohesion"] = cohesion
    f["rank"] = 1
    f["commander"] = 1
    f["orders"] = orders
    f["home"] = town
    f["town"] = town
    f["last_town"] = town
    f["next_town"] = -1
    f["road"] = -1
    f["goal"] = -1
    f["travelled"] = 0.0
    f["x"] = w.towns[town]["x"]
    f["y"] = w.towns[town]["y"]
    f["arrived"] = day
    f["cause"] = cause
    f["enemy"] = -1
    f["objective"] = -1
    f["departs"] = day
    f["campaign"] = -1
    f["born"] = day
    w.space[0]["unindexed"] = 1
    return row


@compiled
def strongest_force(w, town, group, fighters):
    """Return the standing garrison of a group in a town with most fighters, at least 10 more than `fighters`; -1 none."""
    strongest, most = -1, fighters + 10
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        row = w.standing[i]
        f = w.forces[row]
        if (
            f["alive"] == 1
            and f["town"] == town
            and f["group"] == group
            and f["orders"] == GARRISON
            and f["fighters"] >= most
        ):
            strongest, most = row, f["fighters"]
    return strongest


@compiled
def find_source(w, town, group, reach, fighters):
    """Return the nearest garrison of a group that can spare that many fighters, the town itself first; -1 none."""
    here = strongest_force(w, town, group, fighters)
    if here >= 0:
        return here
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["km"] > reach:
            break
        if w.strength[w.near[i]["town"], group] > 0.0:
            there = strongest_force(w, w.near[i]["town"], group, fighters)
            if there >= 0:
                return there
    return -1


@compiled
def detach(w, day, source, town, fighters, orders, enemy, cause, salt):
    """Detach fighters from a garrison and send them to a town; return the new force."""
    s = w.forces[source]
    key = identity(identity(s["key"], day * 64 + orders), w.towns[town]["key"] ^ salt)
    row = new_force(w, day, key, s["group"], s["town"], fighters, s["cohesion"], orders, cause)
    f = w.forces[row]
    f["home"] = s["home"]
    f["enemy"] = enemy
    if s["rank"] < 3 and fighters >= 200:
        f["rank"] = 2
    if s["town"] != town:
        f["goal"] = town
    s["fighters"] -= fighters
    recount(w, s["town"])
    return row


@compiled
def go_home(w, day, row):
    """Order a force home, or to the nearest town its faction holds if home is lost; on a road it may turn round."""
    f = w.forces[row]
    if not is_refuge(w, f["home"], f["faction"]):
        f["home"] = refuge(w, f["last_town"], f["faction"], f["home"])
    f["orders"] = RETURN
    f["enemy"] = -1
    f["objective"] = -1
    f["campaign"] = -1
    if f["town"] == f["home"]:
        f["orders"] = GARRISON
        f["goal"] = -1
        f["arrived"] = day
    else:
        f["goal"] = f["home"]
        turn_round(w, row)


@compiled
def turn_round(w, row):
    """Turn a force round on its road if the way back to its goal is the shorter one."""
    f = w.forces[row]
    if f["town"] >= 0 or f["road"] < 0:
        return
    km = w.roads[f["road"]]["km"]
    back, ahead = road_km(w, f["last_town"], f["goal"]), road_km(w, f["next_town"], f["goal"])
    if back < 0.0 or (ahead >= 0.0 and ahead + km - f["travelled"] <= back + f["travelled"]):
        return
    behind = f["last_town"]
    f["last_town"], f["next_town"] = f["next_town"], behind
    f["travelled"] = km - f["travelled"]


@compiled
def refuge(w, town, faction, otherwise):
    """Return the nearest town by road that a faction holds, else the nearest as the crow flies, else `otherwise`."""
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if is_refuge(w, w.near[i]["town"], faction):
            return w.near[i]["town"]
    nearest, best = otherwise, 1e18
    for t in range(len(w.towns)):
        if t != town and is_refuge(w, t, faction):
            away = distance_km(w, town, t)
            if away < best:
                nearest, best = t, away
    return nearest


@compiled
def is_refuge(w, town, faction):
    """Return True for a town that a faction holds, outside the zone where it is barred from it."""
    return holder_faction(w, town) == faction and not (
        w.factions[faction]["barred"] == 1 and w.towns[town]["in_zone"] == 1
    )


@compiled
def join_garrison(w, row):
    """Merge a force that came home into a garrison of its group that stands there; True where it did."""
    f = w.forces[row]
    town = f["town"]
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        other = w.standing[i]
        o = w.forces[other]
        if other == row or o["alive"] == 0 or o["town"] != town or o["group"] != f["group"] or o["orders"] != GARRISON:
            continue
        total = o["fighters"] + f["fighters"]
        if total > 0:
            o["cohesion"] = (o["cohesion"] * o["fighters"] + f["cohesion"] * f["fighters"]) / total
        o["fighters"] = total
        if f["commander"] == 1:
            o["commander"] = 1
        f["fighters"] = 0
        f["alive"] = 0
        return True
    return False


@compiled
def join_group(w, groups, into, cohesion):
    """Let the fighters and towns of groups of a bit mask join another group of their faction; return how many fighters.

    Their forces take `cohesion`, or keep their own if it is negative.
    """
    faction = w.groups[into]["faction"]
    joined = 0
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and (groups & (1 << f["group"])) and f["faction"] == faction:
            joined += f["fighters"]
            f["group"] = into
            if cohesion >= 0.0:
                f["cohesion"] = cohesion
    for town in range(len(w.towns)):
        holder = w.towns[town]["holder"]
        if holder >= 0 and (groups & (1 << holder)) and w.groups[holder]["faction"] == faction:
            w.towns[town]["holder"] = into
    return joined
