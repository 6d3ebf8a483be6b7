"""Columns: how many fighters garrisons can spare, and how a column gathers, sized to the garrison that it attacks.

A column sent on a quarrel is small and sets out at once (`send_column`); one ordered in strength gathers in an own town
near its objective for some days first (`muster`).
"""

from __future__ import annotations

from sim.engine.draws import P_COLUMN, P_COLUMN_SIZE, power_law, uniform
from sim.engine.forces import detach, find_source
from sim.engine.jit import compiled
from sim.engine.kinds import ATTACK, GARRISON, GATHER, OCCUPY, REINFORCE
from sim.engine.queries import column_reach, in_town
from sim.engine.tables import L_FORCES

LEAST_GARRISON = 10  # fighters who never leave
LEAST_COLUMN = 20  # fighters
MOST_DETACHMENTS = 12  # that one column is gathered from


@compiled
def send_column(w, p, day, seed, key, group, town, enemy, cause):
    """Send a column of a group to attack in a town; return its fighters, 0 if no garrison can spare any."""
    u = uniform(seed, P_COLUMN, 0, key)
    column_size = int(power_law(p["clash_committed_min"], p["clash_committed_exponent"], p["clash_committed_max"], u))
    source = find_source(w, town, group, column_reach(p), int(p["clash_committed_min"]))
    if source < 0:
        return 0
    spare = w.forces[source]["fighters"] - LEAST_GARRISON
    n = max(1, min(column_size * 2, spare))
    detach(w, day, source, town, n, ATTACK, enemy, cause, key)
    return n


@compiled
def spare_fighters(w, p, row):
    """Return how many fighters a garrison can spare: those beyond the share that stays."""
    fighters = w.forces[row]["fighters"]
    return max(0, fighters - max(LEAST_GARRISON, int(fighters * p["movement_share_that_stays"])))


@compiled
def idle_garrison(w, row, town, groups):
    """Return True for a garrison of one of the groups of a bit mask that stands in a town and has no errand."""
    f = w.forces[row]
    return (
        f["alive"] == 1
        and f["town"] == town
        and f["goal"] < 0
        and f["orders"] == GARRISON
        and (groups & (1 << f["group"])) != 0
    )


@compiled
def assembly_town(w, p, groups, town):
    """Return the nearest town by road from which groups of a bit mask may attack a town: they hold it, in peace; -1 none."""
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["km"] > column_reach(p):
            return -1
        there = w.near[i]["town"]
        holder = w.towns[there]["holder"]
        if holder >= 0 and (groups & (1 << holder)) and w.towns[there]["clash"] < 0 and w.strength[there, holder] > 0.0:
            return there
    return -1


@compiled
def spare_strength(w, p, groups, assembly):
    """Return the strength that groups of a bit mask can gather in a town from within reach: fighters x cohesion."""
    total = 0.0
    for i in range(w.near_start[assembly] - 1, w.near_start[assembly + 1]):
        there = assembly if i < w.near_start[assembly] else w.near[i]["town"]
        if i >= w.near_start[assembly] and w.near[i]["km"] > column_reach(p):
            break
        if w.towns[there]["clash"] >= 0:
            continue
        for k in range(w.standing_start[there], w.standing_start[there + 1]):
            if idle_garrison(w, w.standing[k], there, groups):
                total += spare_fighters(w, p, w.standing[k]) * w.forces[w.standing[k]]["cohesion"]
    return total


@compiled
def sized_strength(w, p, seed, key, town, enemy):
    """Return the strength that a column against a town is to have: `column_ratio` times the garrison, drawn around it."""
    u = uniform(seed, P_COLUMN_SIZE, 0, key)
    return max(float(LEAST_COLUMN), (0.5 + u) * p["clash_column_ratio"] * in_town(w, town, enemy))


@compiled
def muster(w, p, day, seed, key, groups, town, enemy, departs, cause, campaign):
    """Order a column of groups of a bit mask to gather and attack a town; return its fighters.

    It sets out on day `departs`, or once its last detachment has come in by road. It is sized to the garrison. None is
    sent, and 0 returned, if less than the garrison's own strength can be gathered.
    """
    assembly = assembly_town(w, p, groups, town)
    if assembly < 0 or spare_strength(w, p, groups, assembly) < in_town(w, town, enemy):
        return 0
    wanted = sized_strength(w, p, seed, key, town, enemy)
    first = w.counts[L_FORCES]
    fighters, km = gather(w, p, day, key, groups, assembly, wanted, GATHER, enemy, cause)
    days = int(km / p["movement_road_km_per_day"])
    if days * p["movement_road_km_per_day"] < km:
        days += 1  # the last detachment is on the road for part of a day more
    for i in range(first, w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        f["objective"], f["departs"], f["campaign"] = town, max(departs, day + 1 + days), campaign
    return fighters


@compiled
def relieve(w, p, day, seed, key, group, town, enemy, cause):
    """Send men of a group to a town that its faction holds, so many that it matches a column against it; return them."""
    wanted = sized_strength(w, p, seed, key, town, enemy) - in_town(w, town, w.groups[group]["faction"])
    if wanted < LEAST_COLUMN:
        return 0
    fighters, _ = gather(w, p, day, key, 1 << group, town, wanted, REINFORCE, enemy, cause)
    return fighters


@compiled
def gather(w, p, day, key, groups, assembly, wanted, orders, enemy, cause):
    """Send detachments of idle garrisons to a town, the nearest first, until the strength wanted is on its way.

    Returns (fighters, km of road that the farthest of them has to march).
    """
    gathered, fighters, detachments, farthest = 0.0, 0, 0, 0.0
    for i in range(w.near_start[assembly] - 1, w.near_start[assembly + 1]):
        there = assembly if i < w.near_start[assembly] else w.near[i]["town"]
        km = 0.0 if i < w.near_start[assembly] else w.near[i]["km"]
        if gathered >= wanted or km > column_reach(p):
            break
        if w.towns[there]["clash"] >= 0:
            continue
        for k in range(w.standing_start[there], w.standing_start[there + 1]):
            source = w.standing[k]
            if detachments == MOST_DETACHMENTS or gathered >= wanted or not idle_garrison(w, source, there, groups):
                continue
            cohesion = w.forces[source]["cohesion"]
            n = min(spare_fighters(w, p, source), int((wanted - gathered) / cohesion) + 1)
            if n <= 0 or (n < LEAST_COLUMN and n < int((wanted - gathered) / cohesion)):
                continue
            detach(w, day, source, assembly, n, orders, enemy, cause, key)
            gathered += n * cohesion
            fighters += n
            detachments += 1
            farthest = km
    return fighters, farthest


@compiled
def column_under_way(w, town, faction):
    """Return True if a column of a faction is gathering or marching to attack a town."""
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and f["faction"] == faction and (f["objective"] == town or f["goal"] == town):
            if f["orders"] == GATHER or f["orders"] == ATTACK:
                return True
    return False


@compiled
def occupy(w, p, day, town, group, cause):
    """Send a party of a group to garrison a town that it has been left; return its force, -1 if none can be spared."""
    fighters = int(p["control_post_fighters"])
    source = find_source(w, town, group, column_reach(p), fighters)
    if source < 0:
        return -1
    row = detach(w, day, source, town, fighters, OCCUPY, -1, cause, 7)
    f = w.forces[row]
    f["home"] = town
    if f["goal"] < 0:
        f["orders"] = GARRISON
    return row
