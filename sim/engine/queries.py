"""Who stands where: live rows, the index of forces by town, local strength, helpers about groups and agreements."""

from __future__ import annotations

import math

from sim.engine.jit import compiled
from sim.engine.kinds import ALL_FRONTS, GOVERNMENT, HELD, NEUTRAL, PEACEKEEPER, REBEL
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_CAMPAIGNS, L_CLASHES, L_DISPUTES, L_FORCES, L_SPARKS, N_EVENTS


@compiled
def sweep(live, counts, position, table):
    """Drop closed rows from a list of live rows, keeping the order."""
    retained = 0
    for i in range(counts[position]):
        row = live[i]
        if table[row]["alive"] == 1:
            live[retained] = row
            retained += 1
    counts[position] = retained


@compiled
def sweep_all(w):
    """Drop closed rows from every list of live rows."""
    sweep(w.live_forces, w.counts, L_FORCES, w.forces)
    sweep(w.live_bases, w.counts, L_BASES, w.bases)
    sweep(w.live_disputes, w.counts, L_DISPUTES, w.disputes)
    sweep(w.live_clashes, w.counts, L_CLASHES, w.clashes)
    sweep(w.live_sparks, w.counts, L_SPARKS, w.sparks)
    sweep(w.live_agreements, w.counts, L_AGREEMENTS, w.agreements)
    sweep(w.live_campaigns, w.counts, L_CAMPAIGNS, w.campaigns)


@compiled
def new_row(live, counts, created, alive, table):
    """Take a new row of a table that grows, list it as live and return it."""
    row = counts[created]
    counts[created] = row + 1
    live[counts[alive]] = row
    counts[alive] += 1
    table[row]["alive"] = 1
    return row


@compiled
def index_forces(w):
    """Rebuild the index of forces by town and the strength that stands in each; who is about to leave has none."""
    n_towns = len(w.towns)
    w.standing_start[:] = 0
    for i in range(w.counts[L_FORCES]):
        town = w.forces[w.live_forces[i]]["town"]
        if town >= 0:
            w.standing_start[town + 1] += 1
    for town in range(n_towns):
        w.standing_start[town + 1] += w.standing_start[town]
    for i in range(w.counts[L_FORCES]):  # filling moves each start to the next town's
        town = w.forces[w.live_forces[i]]["town"]
        if town >= 0:
            w.standing[w.standing_start[town]] = w.live_forces[i]
            w.standing_start[town] += 1
    for town in range(n_towns, 0, -1):
        w.standing_start[town] = w.standing_start[town - 1]
    w.standing_start[0] = 0
    w.space[0]["unindexed"] = 0
    count_all(w)


@compiled
def update_index(w):
    """Index forces by town if one was formed or changed towns since; else only recompute strengths.

    An index that stays may list forces that are gone, which every reader passes over.
    """
    if w.space[0]["unindexed"] == 1:
        index_forces(w)
    else:
        count_all(w)


@compiled
def count_all(w):
    """Recompute the strength that stands in every town; who is on the way, or about to leave, stands nowhere."""
    w.strength[:, :] = 0.0
    w.present[:, :] = 0.0
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["town"] >= 0 and f["alive"] == 1 and f["goal"] < 0:
            stand(w, f)


@compiled
def recount(w, town):
    """Recompute the strength that stands in one town, from the index."""
    w.strength[town, :] = 0.0
    w.present[town, :] = 0.0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["town"] == town and f["alive"] == 1 and f["goal"] < 0:
            stand(w, f)


@compiled
def count_groups(w):
    """Add up the strength of each group that stands in towns."""
    for group in range(len(w.groups)):
        total = 0.0
        for town in range(len(w.towns)):
            total += w.strength[town, group]
        w.groups[group]["standing"] = total


@compiled
def stand(w, f):
    """Add a force to the strength that stands in its town."""
    strength = f["fighters"] * f["cohesion"]
    w.strength[f["town"], f["group"]] += strength
    w.present[f["town"], f["faction"]] += strength


@compiled
def in_town(w, town, faction):
    """Return the strength of a faction that stands in a town."""
    return w.present[town, faction]


@compiled
def local(w, town, faction, km_per_day, hours):
    """Return a faction's strength around a town: fighters x cohesion x exp(-travel hours/`hours`)."""
    total = in_town(w, town, faction)
    scale = -24.0 / (km_per_day * hours)
    for i in range(w.near_start[town], w.near_start[town + 1]):
        there = in_town(w, w.near[i]["town"], faction)
        if there > 0.0:
            total += there * math.exp(scale * w.near[i]["km"])
    return total


@compiled
def swayed(w, fighting, group, gain):
    """Return the multiplier of belief on solidarity: a sister believed to be wronged is helped more."""
    return math.exp(gain * (w.belief[fighting, group] - 0.5))


@compiled
def help_from(w, fighting, group, gain):
    """Return the chance that a group helps a group of its faction in a fight: solidarity, moved by belief."""
    if group == fighting:
        return 1.0
    return min(1.0, w.solidarity[fighting, group] * swayed(w, fighting, group, gain))


@compiled
def backing(w, town, group, km_per_day, hours, gain):
    """Return what a group can count on around a town: own strength, and the help expected of sister groups."""
    faction = w.groups[group]["faction"]
    scale = -24.0 / (km_per_day * hours)
    total = 0.0
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] != faction:
            continue
        weight = help_from(w, group, g, gain)
        if weight <= 0.0:
            continue
        total += weight * w.strength[town, g]
        for i in range(w.near_start[town], w.near_start[town + 1]):
            there = w.strength[w.near[i]["town"], g]
            if there > 0.0:
                total += weight * there * math.exp(scale * w.near[i]["km"])
    return total


@compiled
def column_reach(p):
    """Return the road distance from which a column is mounted, in km: `reach_km`, and what it marches in `reach_days`."""
    return min(p["spread_reach_km"], p["spread_reach_days"] * p["movement_road_km_per_day"])


@compiled
def nearest_garrison(w, town, faction, reach):
    """Return (near row, km) of the nearest town in which a faction stands; (-2, 0) is the town itself, (-1, 0) none."""
    if in_town(w, town, faction) > 0.0:
        return -2, 0.0
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["km"] > reach:
            break
        if in_town(w, w.near[i]["town"], faction) > 0.0:
            return i, w.near[i]["km"]
    return -1, 0.0


@compiled
def strongest_group(w, town, faction):
    """Return the group of a faction with the greatest strength in a town; -1 none."""
    best, strongest = 0.0, -1
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == faction and w.strength[town, g] > best:
            best, strongest = w.strength[town, g], g
    return strongest


@compiled
def holder_faction(w, town):
    """Return the faction of a town's holder; -1 neutral."""
    holder = w.towns[town]["holder"]
    return w.groups[holder]["faction"] if holder >= 0 else -1


@compiled
def is_party(w, faction):
    """Return True for a faction that may hold towns and have influence in them: any but peacekeepers."""
    return w.factions[faction]["role"] != PEACEKEEPER


@compiled
def rebels(w, a, b):
    """Return True where two different factions compete as rebels."""
    return a >= 0 and b >= 0 and a != b and w.factions[a]["role"] == REBEL and w.factions[b]["role"] == REBEL


@compiled
def hostile(w, a, b):
    """Return True where two factions may fight: rebels with each other, a government with rebels."""
    if a < 0 or b < 0 or a == b:
        return False
    ra, rb = w.factions[a]["role"], w.factions[b]["role"]
    return (ra == REBEL and rb == REBEL) or (ra == GOVERNMENT and rb == REBEL) or (ra == REBEL and rb == GOVERNMENT)


@compiled
def distance_km(w, a, b):
    """Return the straight distance of two towns in km."""
    east = w.towns[a]["east"] - w.towns[b]["east"]
    north = w.towns[a]["north"] - w.towns[b]["north"]
    return math.sqrt(east * east + north * north)


@compiled
def road_km(w, a, b):
    """Return the shortest road distance of two towns within the map's reach, in km; 0 for the same, -1 beyond it."""
    if a == b:
        return 0.0
    for i in range(w.near_start[a], w.near_start[a + 1]):
        if w.near[i]["town"] == b:
            return w.near[i]["km"]
    return -1.0


@compiled
def in_scope(w, agreement, town):
    """Return True where a town lies in an agreement's scope."""
    a = w.agreements[agreement]
    if a["scope"] == ALL_FRONTS:
        return True
    return distance_km(w, a["town"], town) <= a["radius"]


@compiled
def involves(w, agreement, group_a, group_b):
    """Return True where two groups stand on the two sides of an agreement."""
    a = w.agreements[agreement]
    bit_a, bit_b = 1 << group_a, 1 << group_b
    return ((a["party_a"] & bit_a) != 0 and (a["party_b"] & bit_b) != 0) or (
        (a["party_a"] & bit_b) != 0 and (a["party_b"] & bit_a) != 0
    )


@compiled
def covering(w, group_a, group_b, town):
    """Return the agreement in force that covers two groups in a town and suppresses most; -1 none."""
    strongest, best = -1, -1.0
    for i in range(w.counts[L_AGREEMENTS]):
        row = w.live_agreements[i]
        a = w.agreements[row]
        if a["alive"] == 0 or a["suppression"] <= best:
            continue
        if involves(w, row, group_a, group_b) and in_scope(w, row, town):
            strongest, best = row, a["suppression"]
    return strongest


@compiled
def campaign_between(w, faction_a, faction_b):
    """Return the campaign under way between two factions; -1 none."""
    for i in range(w.counts[L_CAMPAIGNS]):
        row = w.live_campaigns[i]
        c = w.campaigns[row]
        if c["alive"] == 1:
            a, b = w.groups[c["initiator"]]["faction"], w.groups[c["target"]]["faction"]
            if (a == faction_a and b == faction_b) or (a == faction_b and b == faction_a):
                return row
    return -1


@compiled
def keeps_out(w, group):
    """Return True for a group that mediates or keeps aloof: it begins no war, joins none and breaks no agreement."""
    return w.groups[group]["mediates"] == 1 or w.groups[group]["aloof"] == 1


@compiled
def side_in(w, campaign, group):
    """Return the side on which a group fights in a campaign: 1 the initiator's, 2 the target's; 0 neither."""
    k = w.campaigns[campaign]
    if k["with_initiator"] & (1 << group):
        return 1
    return 2 if k["with_target"] & (1 << group) else 0


@compiled
def stands_aside(w, group, faction):
    """Return True for a group that was asked in the campaign of its faction with another, and fights on neither side."""
    campaign = campaign_between(w, w.groups[group]["faction"], faction)
    return campaign >= 0 and w.campaigns[campaign]["asked"] & (1 << group) != 0 and side_in(w, campaign, group) == 0


@compiled
def campaign_of(w, a, b):
    """Return the campaign under way in which two groups of different factions both fight; -1 none."""
    campaign = campaign_between(w, w.groups[a]["faction"], w.groups[b]["faction"])
    return campaign if campaign >= 0 and side_in(w, campaign, a) and side_in(w, campaign, b) else -1


@compiled
def logged_today(w, day, kind, town, group):
    """Return the event of a kind in a town with a group as its target today; -1 none."""
    row = w.counts[N_EVENTS] - 1
    while row >= 0 and w.events[row]["day"] == day:
        e = w.events[row]
        if e["kind"] == kind and e["town"] == town and e["target_group"] == group:
            return row
        row -= 1
    return -1


@compiled
def base_in(w, town, faction):
    """Return the live base of a faction in a town; -1 none."""
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        if b["alive"] == 1 and b["town"] == town and b["faction"] == faction:
            return w.live_bases[i]
    return -1


@compiled
def find_fronts(w, day):
    """Mark towns one road away from a town across the line between a government and others; on a day after a change."""
    changed = day < 0
    for town in range(len(w.towns)):
        changed = changed or w.towns[town]["changed"] >= day - 1
    if not changed:
        return
    for town in range(len(w.towns)):
        mine = holder_faction(w, town)
        governed = mine >= 0 and w.factions[mine]["role"] == GOVERNMENT
        front = 0
        for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
            other = holder_faction(w, w.adjacent[i])
            if other >= 0 and (w.factions[other]["role"] == GOVERNMENT) != governed:
                front = 1
        w.towns[town]["front"] = front


@compiled
def is_held_by_rebel(w, town):
    """Return True for a held town of a rebel faction."""
    faction = holder_faction(w, town)
    return w.towns[town]["status"] == HELD and faction >= 0 and w.factions[faction]["role"] == REBEL


@compiled
def is_neutral(w, town):
    """Return True for a neutral town."""
    return w.towns[town]["status"] == NEUTRAL


@compiled
def first_group(w, faction):
    """Return the first group of a faction."""
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == faction:
            return g
    return -1
