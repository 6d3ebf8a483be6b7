"""Forces march cell by cell along roads in km a day, more slowly off road; idle detachments go home."""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_REDEPLOY,
    P_REDEPLOY_DAYS,
    P_REDEPLOY_FROM,
    P_REDEPLOY_SIZE,
    exponential,
    identity,
    uniform,
    uniforms,
)
from sim.engine.forces import detach, go_home, join_garrison
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ATTACK,
    COLUMN_MET,
    GARRISON,
    GATHER,
    GOVERNMENT,
    NO_OFFENSIVE,
    OCCUPY,
    OPEN_BASE,
    R_MOVEMENT,
    REBEL,
    REINFORCE,
    RETURN,
)
from sim.engine.queries import column_reach, count_groups, covering, holder_faction, hostile, logged_today
from sim.engine.recording import log_event
from sim.engine.rules.base_attempt import open_base
from sim.engine.rules.columns import idle_garrison, spare_fighters
from sim.engine.rules.peacekeeping import turned_back
from sim.engine.tables import L_FORCES

EXPOSED_DAYS = 14  # how long fighting in a town keeps it and its neighbours exposed


@compiled
def movement(w, p, day, seed):
    """Order redeployments, move every force that has a goal, and send idle detachments home."""
    redeploy(w, p, day, seed)
    for i in range(w.counts[L_FORCES]):
        row = w.live_forces[i]
        f = w.forces[row]
        if f["alive"] == 0:
            continue
        if f["orders"] == GATHER and f["goal"] < 0 and day >= f["departs"]:
            set_out(w, day, row)
        if f["goal"] >= 0 and f["born"] == day and f["orders"] != OPEN_BASE:
            continue  # a column forms on the day of its orders and marches on the next
        if f["goal"] >= 0:
            morning = f["town"]
            march(w, p, day, seed, row)
            if f["town"] != morning:
                w.space[0]["unindexed"] = 1
            if f["town"] == f["goal"]:
                arrive(w, day, row)
        elif f["orders"] == GARRISON and f["town"] != f["home"] and w.towns[f["town"]]["clash"] < 0:
            stayed = day - f["arrived"] >= p["movement_home_after_days"] and day >= f["departs"]
            if stayed and not massed(w, f["faction"]):
                go_home(w, day, row)
        elif f["orders"] == OPEN_BASE and f["arrived"] == f["born"] == day:
            open_base(w, day, row)  # a party formed in the town itself


@compiled
def redeploy(w, p, day, seed):
    """Let groups send detachments from quiet towns to exposed ones; they return in time.

    A group sends so many a month for each 1,000 fighters, spread over its quiet towns by how exposed they are.
    """
    exposed_towns(w, day)
    uniforms(seed, P_REDEPLOY, day, w.town_keys, 0, len(w.towns), w.drawn)
    for town in range(len(w.towns)):
        group = w.towns[town]["holder"]
        if group < 0 or w.towns[town]["clash"] >= 0 or w.groups[group]["exposed"] <= 0.0:
            continue
        u = w.drawn[town]
        g = w.groups[group]
        rate = p["movement_redeployments_per_month"] / 30.0 * g["standing"] / g["cohesion"] / 1000.0
        if u >= rate:
            continue  # no town's chance is higher
        if u < 1.0 - math.exp(-rate * w.exposure[town] / g["exposed"]):
            send_detachment(w, p, day, seed, group, town, identity(w.towns[town]["key"], day))


@compiled
def exposed_towns(w, day):
    """Add up, by group, the strength that stands in towns, and how exposed its quiet towns are."""
    count_groups(w)
    expose(w, day)
    for group in range(len(w.groups)):
        w.groups[group]["exposed"] = 0.0
    for town in range(len(w.towns)):
        group = w.towns[town]["holder"]
        if group < 0 or w.towns[town]["clash"] >= 0:
            continue
        role = w.factions[w.groups[group]["faction"]]["role"]
        if role in (REBEL, GOVERNMENT):
            w.groups[group]["exposed"] += w.exposure[town]


@compiled
def expose(w, day):
    """Note how exposed towns are: 1 at the line of contact, more where or beside where rebels fought in two weeks."""
    for town in range(len(w.towns)):
        w.exposure[town] = 0.1 + w.towns[town]["front"]
        if day - w.towns[town]["fought"] < EXPOSED_DAYS:
            w.exposure[town] += 2.0
    for town in range(len(w.towns)):
        if day - w.towns[town]["fought"] < EXPOSED_DAYS:
            for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
                w.exposure[w.adjacent[i]] += 1.0


@compiled
def send_detachment(w, p, day, seed, group, goal, key):
    """Send one detachment of a group from a quiet garrison within reach to a town that it holds."""
    fighters = int(p["movement_detachment_fighters"] * (0.5 + uniform(seed, P_REDEPLOY_SIZE, 0, key)))
    source, first = -1, 1e300
    for i in range(w.near_start[goal], w.near_start[goal + 1]):
        town = w.near[i]["town"]
        if w.near[i]["km"] > column_reach(p):
            break
        if w.towns[town]["holder"] != group or w.towns[town]["clash"] >= 0:
            continue
        for k in range(w.standing_start[town], w.standing_start[town + 1]):
            row = w.standing[k]
            spare = spare_fighters(w, p, row)
            if not idle_garrison(w, row, town, 1 << group) or spare < fighters or w.forces[row]["home"] != town:
                continue
            u = uniform(seed, P_REDEPLOY_FROM, 0, key ^ w.forces[row]["key"])
            race = exponential(w.exposure[town] / spare, u)
            if race < first:
                source, first = row, race
    if source >= 0:
        row = detach(w, day, source, goal, fighters, REINFORCE, -1, -1, key)
        stays = exponential(p["movement_detachment_days"], uniform(seed, P_REDEPLOY_DAYS, 0, key))
        w.forces[row]["departs"] = day + int(stays)


@compiled
def massed(w, faction):
    """Return True for a government whose forces stay where they are, as an offensive is announced or under way."""
    return w.factions[faction]["role"] == GOVERNMENT and w.zone[0]["phase"] != NO_OFFENSIVE


@compiled
def set_out(w, day, row):
    """Let a gathered force set out against its objective; it goes home if the enemy has left."""
    f = w.forces[row]
    town = f["objective"]
    if holder_faction(w, town) != f["enemy"] and w.present[town, f["enemy"]] <= 0.0:
        go_home(w, day, row)
        return
    f["orders"], f["goal"], f["objective"] = ATTACK, town, -1
    if f["town"] == town:
        f["goal"] = -1


@compiled
def stopped(w, day, row):
    """Stop a column in a town on its way in which the enemy stands, unless an agreement lets it pass; True if stopped."""
    f = w.forces[row]
    town = f["town"]
    holder = w.towns[town]["holder"]
    if town == f["goal"] or holder < 0 or not (f["orders"] == ATTACK or f["orders"] == REINFORCE):
        return False
    enemy = w.groups[holder]["faction"]
    if enemy != f["enemy"] or not hostile(w, f["faction"], enemy) or w.present[town, enemy] <= 0.0:
        return False
    if covering(w, f["group"], holder, town) >= 0:
        return False
    cause = logged_today(w, day, COLUMN_MET, town, f["group"])
    if cause < 0:
        cause = log_event(w, day, COLUMN_MET, R_MOVEMENT, f["cause"], holder, f["group"], town, 1.0, -1.0)
    w.events[cause]["fighters"] += f["fighters"]
    f["cause"], f["goal"], f["arrived"], f["orders"] = cause, -1, day, ATTACK
    return True


@compiled
def march(w, p, day, seed, row):
    """Take a force one day towards its goal: road by road, or straight across country if no road is known.

    Peacekeepers may turn it back.
    """
    f = w.forces[row]
    left = p["movement_road_km_per_day"]
    while left > 0.0 and f["town"] != f["goal"]:
        if f["town"] >= 0:
            road = road_towards(w, f["town"], f["goal"])
            ahead = far_end(w, road, f["town"]) if road >= 0 else f["goal"]
            if turned_back(w, day, seed, row, ahead):
                return
            if road < 0:
                cross_country(w, p, row)
                return
            f["last_town"], f["next_town"], f["road"] = f["town"], ahead, road
            f["town"] = -1
            f["travelled"] = 0.0
        elif f["next_town"] < 0:
            cross_country(w, p, row)
            return
        left = along_road(w, row, left)
        if f["town"] >= 0 and stopped(w, day, row):
            return


@compiled
def road_towards(w, town, goal):
    """Return the first road on the shortest way to a town within the map's reach; -1 none."""
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["town"] == goal:
            return w.near[i]["road"]
    return -1


@compiled
def far_end(w, road, town):
    """Return the town at the other end of a road."""
    return w.roads[road]["b"] if w.roads[road]["a"] == town else w.roads[road]["a"]


@compiled
def along_road(w, row, left):
    """Move a force along its road by at most `left` km; return what is left of the day."""
    f = w.forces[row]
    r = w.roads[f["road"]]
    step = min(left, r["km"] - f["travelled"])
    f["travelled"] += step
    share = f["travelled"] / r["km"] if r["km"] > 0.0 else 1.0
    if r["km"] - f["travelled"] <= 1e-9:
        reach(w, row, f["next_town"])
        return left - step
    k = int(share * (r["cells"] - 1) + 0.5)
    if r["a"] != f["last_town"]:
        k = r["cells"] - 1 - k
    cell = w.road_cells[r["first_cell"] + k]
    f["x"], f["y"] = cell["x"], cell["y"]
    return left - step


@compiled
def reach(w, row, town):
    """Put a force in a town."""
    f = w.forces[row]
    f["town"], f["last_town"], f["next_town"], f["road"], f["travelled"] = town, town, -1, -1, 0.0
    f["x"], f["y"] = w.towns[town]["x"], w.towns[town]["y"]


@compiled
def cross_country(w, p, row):
    """Move a force one day straight towards its goal, off road, cell by cell."""
    f = w.forces[row]
    goal = w.towns[f["goal"]]
    if f["town"] >= 0:
        f["last_town"] = f["town"]
        f["town"], f["next_town"], f["road"], f["travelled"] = -1, -1, -1, 0.0
    f["travelled"] += p["movement_offroad_km_per_day"]
    while f["travelled"] >= w.space[0]["cell_km"]:
        f["travelled"] -= w.space[0]["cell_km"]
        f["x"] += min(1, max(-1, goal["x"] - f["x"]))
        f["y"] += min(1, max(-1, goal["y"] - f["y"]))
        if f["x"] == goal["x"] and f["y"] == goal["y"]:
            reach(w, row, f["goal"])
            return


@compiled
def arrive(w, day, row):
    """Carry out a force's orders on arrival; attackers begin their clash later in the day."""
    f = w.forces[row]
    f["goal"] = -1
    f["arrived"] = day
    if f["orders"] == OPEN_BASE:
        open_base(w, day, row)
    elif f["orders"] == RETURN:
        f["orders"] = GARRISON
        join_garrison(w, row)
    elif f["orders"] == OCCUPY:
        f["orders"] = GARRISON
        if holder_faction(w, f["town"]) == f["faction"]:
            join_garrison(w, row)
        else:
            go_home(w, day, row)
    elif f["orders"] == REINFORCE and w.towns[f["town"]]["clash"] < 0:
        f["orders"] = GARRISON  # too late for the clash, or massed for an offensive
