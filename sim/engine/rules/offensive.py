"""The demilitarised zone, shelling across the line, and the government's offensive.

Three rival explanations of the offensive's hazard, each a switch: provocation (proscribed fighters in the zone after
its deadline), a calendar of its own, opportunity (rebels killing each other); together times exp(-patience of the
guarantors). In an offensive forces mass, advance on the grid and take towns.
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_ASSAULT_TOWN,
    P_ASSAULTS,
    P_AXIS,
    P_OFFENSIVE,
    P_OFFENSIVE_ENDS,
    P_SHELLING,
    P_SHELLING_DEATHS,
    exponential,
    identity,
    poisson,
    uniform,
)
from sim.engine.forces import count_deaths, detach, find_source, kill_in_town
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ASSAULT,
    ATTACK,
    GARRISON,
    GOVERNMENT,
    M_CALENDAR,
    M_DEATHS,
    M_NEW_PRESENCE,
    M_PATIENCE,
    M_PROSCRIBED,
    M_ZONE,
    MOBILISATION,
    MOBILISED,
    NO_OFFENSIVE,
    OFFENSIVE_ENDED,
    OFFENSIVE_STARTED,
    OFFENSIVE_UNDER_WAY,
    PEACEKEEPER,
    R_OFFENSIVE,
    REINFORCE,
    SHELLING,
    ZONE_DEADLINE,
)
from sim.engine.queries import distance_km, first_group, holder_faction, hostile, strongest_group
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.columns import spare_fighters
from sim.engine.tables import L_BASES, L_FORCES


@compiled
def offensives(w, p, day, seed):
    """The government's day: deadline of the zone, shelling, and one step of an offensive."""
    zone = w.zone[0]
    government = zone["government"]
    if government < 0:
        return
    if zone["exists"] == 1 and day == zone["deadline"]:
        log_event(w, day, ZONE_DEADLINE, R_OFFENSIVE, -1, -1, -1, -1, 1.0, -1.0)
    lose_patience(w, p, day)
    shell(w, p, day, seed)
    if zone["phase"] == NO_OFFENSIVE:
        may_mobilise(w, p, day, seed)
    elif zone["phase"] == MOBILISED:
        if day - zone["since"] >= p["offensive_mobilisation_days"]:
            start(w, day)
    else:
        advance(w, p, day, seed)


@compiled
def proscribed_share(w):
    """Return the share of rebel fighters in the zone who belong to a proscribed faction; 0 without a zone."""
    proscribed, all_fighters = 0.0, 0.0
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 0 or f["town"] < 0 or w.towns[f["town"]]["in_zone"] == 0:
            continue
        if w.factions[f["faction"]]["role"] in (GOVERNMENT, PEACEKEEPER):
            continue
        all_fighters += f["fighters"]
        proscribed += f["fighters"] * w.factions[f["faction"]]["proscribed"]
    return proscribed / all_fighters if all_fighters > 0.0 else 0.0


@compiled
def new_presence(w):
    """Return in how many towns of the zone a proscribed faction has settled since the start, visible to all.

    A town counts that it took, or in which it has a base open in spite of the holder.
    """
    towns = 0
    for town in range(len(w.towns)):
        t = w.towns[town]
        if t["in_zone"] == 0:
            continue
        holder, before = t["holder"], t["start_holder"]
        if holder >= 0 and w.factions[w.groups[holder]["faction"]]["proscribed"] == 1:
            if before < 0 or w.groups[before]["faction"] != w.groups[holder]["faction"]:
                towns += 1
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        if b["alive"] == 1 and w.factions[b["faction"]]["proscribed"] == 1 and w.towns[b["town"]]["in_zone"] == 1:
            if holder_faction(w, b["town"]) != b["faction"]:
                towns += 1
    return towns


@compiled
def lose_patience(w, p, day):
    """Wear down the guarantors' patience while the zone is not implemented after its deadline."""
    zone = w.zone[0]
    if zone["exists"] == 1 and day > zone["deadline"]:
        zone["patience"] = max(
            0.0, zone["patience"] - p["offensive_patience_loss_per_month"] / 30.0 * proscribed_share(w)
        )


@compiled
def deaths_among_rebels(w):
    """Return the deaths among rebel factions in the last 14 days."""
    total = 0
    for a in range(len(w.factions)):
        for b in range(a + 1, len(w.factions)):
            if w.factions[a]["role"] != GOVERNMENT and w.factions[b]["role"] != GOVERNMENT:
                total += w.relations[a, b]["deaths_14"]
    return total


@compiled
def may_mobilise(w, p, day, seed):
    """Draw whether an offensive is announced today, and its axis."""
    zone = w.zone[0]
    rate, provoked, opportune = 0.0, 0.0, 0.0
    if p["offensive_provocation"] > 0.0 and zone["exists"] == 1 and day > zone["deadline"]:
        presence = proscribed_share(w) + p["offensive_presence_per_town"] * new_presence(w)
        provoked = p["offensive_provocation_per_month"] * presence
    if p["offensive_opportunity"] > 0.0:
        opportune = p["offensive_opportunity_per_month"] * deaths_among_rebels(w) / 100.0
    own = p["offensive_calendar_per_month"] if p["offensive_calendar"] > 0.0 else 0.0
    rate = provoked + opportune + own
    held = math.exp(-p["offensive_patience_weight"] * zone["patience"]) if zone["exists"] == 1 else 1.0
    chance = 1.0 - math.exp(-rate * held / 30.0)
    u = uniform(seed, P_OFFENSIVE, day, w.factions[zone["government"]]["key"])
    if u >= chance:
        return
    axis = choose_axis(w, day, seed)
    if axis < 0:
        return
    row = log_event(
        w,
        day,
        MOBILISATION,
        R_OFFENSIVE,
        -1,
        first_group(w, zone["government"]),
        w.towns[axis]["holder"],
        axis,
        chance,
        u,
    )
    base = rate if rate > 0.0 else 1.0
    add_factor(w, row, M_PROSCRIBED, proscribed_share(w), 1.0 + provoked / base)
    if provoked > 0.0 and new_presence(w) > 0:
        share, towns = proscribed_share(w), p["offensive_presence_per_town"] * new_presence(w)
        add_factor(w, row, M_NEW_PRESENCE, float(new_presence(w)), (share + towns) / max(share, 0.01))
    add_factor(w, row, M_DEATHS, float(deaths_among_rebels(w)), 1.0 + opportune / base)
    add_factor(w, row, M_CALENDAR, own, 1.0 + own / base)
    add_factor(w, row, M_PATIENCE, zone["patience"], held)
    zone["phase"], zone["since"], zone["axis"], zone["event"] = MOBILISED, day, axis, row
    mass(w, p, row)


@compiled
def target(w, town, government):
    """Return True for a front town that a government may attack: a rebel faction's, or a neutral one."""
    holder = holder_faction(w, town)
    return w.towns[town]["front"] == 1 and w.towns[town]["clash"] < 0 and (holder < 0 or hostile(w, government, holder))


@compiled
def choose_axis(w, day, seed):
    """Draw the first town of an offensive among the front towns, by value; -1 none."""
    chosen_town, first = -1, 1e300
    for town in range(len(w.towns)):
        if target(w, town, w.zone[0]["government"]):
            race = exponential(1.0 / (0.2 + w.towns[town]["value"]), uniform(seed, P_AXIS, day, w.towns[town]["key"]))
            if race < first:
                chosen_town, first = town, race
    return chosen_town


@compiled
def mass(w, p, cause):
    """Order what large garrisons of the government within reach can spare to the town of their own nearest to the axis."""
    zone = w.zone[0]
    assembly = -1
    for i in range(w.near_start[zone["axis"]], w.near_start[zone["axis"] + 1]):
        if holder_faction(w, w.near[i]["town"]) == zone["government"]:
            assembly = w.near[i]["town"]
            break
    if assembly < 0:
        return
    for i in range(w.near_start[assembly], w.near_start[assembly + 1]):
        n = w.near[i]["town"]
        for k in range(w.standing_start[n], w.standing_start[n + 1]):
            f = w.forces[w.standing[k]]
            if f["alive"] == 1 and f["faction"] == zone["government"] and f["orders"] == GARRISON and f["rank"] >= 2:
                spare = spare_fighters(w, p, w.standing[k])
                if n != assembly and f["goal"] < 0 and spare > 0:
                    detach(w, zone["since"], w.standing[k], assembly, spare, REINFORCE, -1, cause, 3)


@compiled
def start(w, day):
    """Begin the announced offensive."""
    zone = w.zone[0]
    row = log_event(
        w,
        day,
        OFFENSIVE_STARTED,
        R_OFFENSIVE,
        zone["event"],
        first_group(w, zone["government"]),
        w.towns[zone["axis"]]["holder"],
        zone["axis"],
        1.0,
        -1.0,
    )
    zone["phase"], zone["since"], zone["event"] = OFFENSIVE_UNDER_WAY, day, row


@compiled
def advance(w, p, day, seed):
    """Send the day's assaults against front towns of the axis; draw whether the offensive ends."""
    zone = w.zone[0]
    government = zone["government"]
    key = w.factions[government]["key"]
    for k in range(poisson(p["offensive_assaults_per_day"], uniform(seed, P_ASSAULTS, day, key))):
        chosen_town, first = -1, 1e300
        for town in range(len(w.towns)):
            if target(w, town, government) and distance_km(w, town, zone["axis"]) <= p["offensive_column_radius_km"]:
                race = exponential(
                    1.0 / (0.2 + w.towns[town]["value"]), uniform(seed, P_ASSAULT_TOWN, day, w.towns[town]["key"], k)
                )
                if race < first:
                    chosen_town, first = town, race
        if chosen_town >= 0:
            assault(w, p, day, chosen_town, identity(key, day * 64 + k))
    chance = 1.0 - math.exp(-1.0 / p["offensive_duration_days"])
    u = uniform(seed, P_OFFENSIVE_ENDS, day, key)
    if u < chance:
        log_event(
            w, day, OFFENSIVE_ENDED, R_OFFENSIVE, zone["event"], first_group(w, government), -1, zone["axis"], chance, u
        )
        zone["phase"], zone["since"], zone["axis"], zone["event"] = NO_OFFENSIVE, day, -1, -1


@compiled
def assault(w, p, day, town, key):
    """Send a column against a town from the nearest force that can spare it, else the largest that half will do."""
    government = w.zone[0]["government"]
    fighters = int(p["offensive_column_fighters"])
    while fighters >= 50:
        for group in range(len(w.groups)):
            if w.groups[group]["faction"] != government:
                continue
            source = find_source(w, town, group, 1e9, fighters)
            if source >= 0:
                row = log_event(
                    w, day, ASSAULT, R_OFFENSIVE, w.zone[0]["event"], group, w.towns[town]["holder"], town, 1.0, -1.0
                )
                w.events[row]["fighters"] = fighters
                detach(w, day, source, town, fighters, ATTACK, holder_faction(w, town), row, key)
                return
        fighters //= 2


@compiled
def shell(w, p, day, seed):
    """Draw lethal shelling and skirmishes across the line, front town by front town."""
    zone = w.zone[0]
    government = zone["government"]
    rate = p["offensive_shelling_per_town_month"] / 30.0
    calm = zone["exists"] == 1 and zone["agreed"] <= day and zone["phase"] != OFFENSIVE_UNDER_WAY
    if calm:
        rate *= p["offensive_zone_factor"]
    chance = 1.0 - math.exp(-rate)
    for town in range(len(w.towns)):
        holder = holder_faction(w, town)
        if w.towns[town]["front"] == 0 or (holder >= 0 and not hostile(w, government, holder)):
            continue
        u = uniform(seed, P_SHELLING, day, w.towns[town]["key"])
        if u < chance:
            hit(w, p, day, seed, town, chance, u, calm)


@compiled
def hit(w, p, day, seed, town, chance, u, calm):
    """Carry out one lethal event of shelling or skirmish in a front town."""
    government = w.zone[0]["government"]
    victim = holder_faction(w, town)
    v = uniform(seed, P_SHELLING_DEATHS, day, w.towns[town]["key"])
    deaths = 1 + poisson(p["offensive_shelling_deaths"] - 1.0, v)
    civilians, own, theirs = 0, 0, 0
    for k in range(deaths):
        x = uniform(seed, P_SHELLING_DEATHS, day, w.towns[town]["key"], k + 1)
        if victim < 0 or x < p["offensive_shelling_civilian_share"]:
            civilians += 1
        elif (
            x
            < p["offensive_shelling_civilian_share"]
            + (1.0 - p["offensive_shelling_civilian_share"]) * p["offensive_shelling_return_share"]
        ):
            own += 1
        else:
            theirs += 1
    if victim >= 0:
        theirs = kill_in_town(w, town, victim, theirs)
    own = kill_across(w, town, government, own)
    if civilians + own + theirs == 0:
        return
    row = log_event(
        w,
        day,
        SHELLING,
        R_OFFENSIVE,
        w.zone[0]["event"],
        first_group(w, government),
        w.towns[town]["holder"],
        town,
        chance,
        u,
    )
    e = w.events[row]
    e["deaths_initiator"], e["deaths_target"], e["deaths_civilians"] = own, theirs, civilians
    if calm:
        add_factor(w, row, M_ZONE, 1.0, p["offensive_zone_factor"])
    if victim >= 0:
        count_deaths(w, government, victim, own, theirs)
        w.factions[victim]["fire_today"] += theirs + civilians


@compiled
def kill_across(w, town, government, deaths):
    """Take deaths from the government's forces in the towns across the line; return how many died."""
    died = 0
    for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
        if died < deaths and strongest_group(w, w.adjacent[i], government) >= 0:
            died += kill_in_town(w, w.adjacent[i], government, deaths - died)
    return died
