"""Arrest raids, assassinations and road quarrels between neighbouring rival garrisons, without a base."""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_INCIDENT,
    P_INCIDENT_DEATHS,
    P_INCIDENT_ESCALATES,
    P_INCIDENT_KIND,
    P_INCIDENT_SIDE,
    exponential,
    identity,
    poisson,
    uniform,
    uniforms,
)
from sim.engine.forces import count_deaths, kill_in_town
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ARREST_RAID,
    ASSASSINATION,
    CONTESTED,
    M_AGREEMENT,
    M_GRIEVANCE,
    M_OFFENSIVE,
    M_RESTRAINT,
    OFFENSIVE_UNDER_WAY,
    R_INCIDENT,
    REBEL,
    ROAD_QUARREL,
)
from sim.engine.queries import covering, rebels, strongest_group
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.agreements import violate
from sim.engine.rules.columns import send_column
from sim.engine.rules.lasting_policies import let_through
from sim.engine.rules.peacekeeping import note_guards, undeterred

DAILY_LIMIT = 0.1  # no pair sees a higher chance a day; draws above it need no rate


@compiled
def incidents(w, p, day, seed):
    """Draw the incidents of a day, pair by pair of neighbouring rival garrisons."""
    find_garrisons(w)
    noted = 0
    for town in range(len(w.towns)):
        mine = w.garrison[town]
        if mine < 0:
            continue
        if w.towns[town]["status"] == CONTESTED:
            noted = note_pair(w, p, day, seed, noted, town, town)
        for i in range(w.near_start[town], w.near_start[town + 1]):
            if w.near[i]["km"] > p["incident_reach_km"]:
                break
            other = w.near[i]["town"]
            if other > town and w.garrison[other] >= 0 and w.garrison[other] != mine:
                noted = note_pair(w, p, day, seed, noted, town, other)
    draw_pairs(w, p, day, seed, noted)


@compiled
def note_pair(w, p, day, seed, noted, town, other):
    """Note a pair of towns, one with itself if it is contested; return how many are noted. If the list is full they are drawn."""
    w.pairs[noted, 0], w.pairs[noted, 1] = town, other
    w.pair_keys[noted] = w.town_keys[town] ^ w.town_keys[other]
    if noted + 1 < len(w.pair_keys):
        return noted + 1
    draw_pairs(w, p, day, seed, noted + 1)
    return 0


@compiled
def draw_pairs(w, p, day, seed, noted):
    """Draw the incidents of the pairs of towns that are noted."""
    uniforms(seed, P_INCIDENT, day, w.pair_keys, 0, noted, w.drawn)
    for i in range(noted):
        town, other = w.pairs[i, 0], w.pairs[i, 1]
        if town == other:
            shared(w, p, day, seed, town, w.towns[town]["holder"])
        elif w.drawn[i] < DAILY_LIMIT:
            beside(w, p, day, seed, town, other, w.drawn[i])


@compiled
def find_garrisons(w):
    """Note the rebel faction of each town whose holder has a garrison in it; -1 none.

    It is as of the morning: in the rule a garrison may still be lost, and no town changes its holder.
    """
    for town in range(len(w.towns)):
        holder = w.towns[town]["holder"]
        w.garrison[town] = -1
        if holder >= 0 and w.strength[town, holder] > 0.0:
            faction = w.groups[holder]["faction"]
            if w.factions[faction]["role"] == REBEL:
                w.garrison[town] = faction


@compiled
def beside(w, p, day, seed, town, other, u):
    """Draw the incident of two towns near each other, if both holders still have a garrison there."""
    group, rival = w.towns[town]["holder"], w.towns[other]["holder"]
    if w.strength[town, group] > 0.0 and w.strength[other, rival] > 0.0:
        pair(w, p, day, seed, town, other, group, rival, w.town_keys[town] ^ w.town_keys[other], u)


@compiled
def shared(w, p, day, seed, town, holder):
    """Draw the incident of a contested town, between its holder and the strongest rival garrison in it."""
    mine = w.groups[holder]["faction"]
    if w.strength[town, holder] <= 0.0:
        return
    for faction in range(len(w.factions)):
        if rebels(w, mine, faction):
            rival = strongest_group(w, town, faction)
            if rival >= 0:  # several rivals may share a town: the pair is one of factions
                key = w.town_keys[town] ^ w.factions[mine]["key"] ^ w.factions[faction]["key"]
                u = uniform(seed, P_INCIDENT, day, key)
                if u < DAILY_LIMIT:
                    pair(w, p, day, seed, town, town, holder, rival, key, u)


@compiled
def pair(w, p, day, seed, town_a, town_b, group_a, group_b, key, u):
    """Decide on the incident of one pair of garrisons by its draw, which is below the limit."""
    if w.groups[group_a]["aloof"] == 1 or w.groups[group_b]["aloof"] == 1:
        return
    fa, fb = w.groups[group_a]["faction"], w.groups[group_b]["faction"]
    urge_a = (1.0 + w.relations[fa, fb]["grievance"]) / w.factions[fa]["restraint"]
    urge_b = (1.0 + w.relations[fb, fa]["grievance"]) / w.factions[fb]["restraint"]
    town, initiator, target = town_a, group_b, group_a
    if strikes_first(w, seed, day, key, fa, fb, urge_a, urge_b):
        town, initiator, target = town_b, group_a, group_b
    agreement = covering(w, group_a, group_b, town)
    suppressed = let_through(w, agreement, town) if agreement >= 0 else 1.0
    rate = p["incident_per_pair_month"] / 30.0 * 0.5 * (urge_a + urge_b) * suppressed * undeterred(w, town)
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        rate *= p["offensive_infighting_factor"]
    chance = min(DAILY_LIMIT, 1.0 - math.exp(-rate))
    if u < chance:
        happen(w, p, day, seed, key, initiator, target, town, chance, u, agreement, suppressed)


@compiled
def strikes_first(w, seed, day, key, fa, fb, urge_a, urge_b):
    """Draw whether the first of two factions initiates, by their urges; which is listed first does not matter."""
    a = exponential(1.0 / urge_a, uniform(seed, P_INCIDENT_SIDE, day, key ^ w.factions[fa]["key"]))
    b = exponential(1.0 / urge_b, uniform(seed, P_INCIDENT_SIDE, day, key ^ w.factions[fb]["key"]))
    return a < b


@compiled
def happen(w, p, day, seed, key, initiator, target, town, chance, u, agreement, suppressed):
    """Carry out an incident in the target's town; it may become a clash."""
    fi, ft = w.groups[initiator]["faction"], w.groups[target]["faction"]
    v = uniform(seed, P_INCIDENT_KIND, day, key)
    kind = ROAD_QUARREL
    deaths_i, deaths_t = 0, 0
    if v < p["incident_assassination_share"]:
        kind, deaths_t = ASSASSINATION, 1
    else:
        if v < p["incident_assassination_share"] + p["incident_arrest_share"]:
            kind = ARREST_RAID
        deaths = poisson(p["incident_deaths_mean"], uniform(seed, P_INCIDENT_DEATHS, day, key))
        deaths_i = deaths // 2
        deaths_t = deaths - deaths_i
    row = log_event(w, day, kind, R_INCIDENT, -1, initiator, target, town, chance, u)
    e = w.events[row]
    e["agreement"] = agreement
    e["deaths_initiator"] = kill_in_town(w, town, fi, deaths_i)
    e["deaths_target"] = kill_in_town(w, town, ft, deaths_t)
    count_deaths(w, fi, ft, e["deaths_initiator"], e["deaths_target"])
    add_factor(w, row, M_AGREEMENT, w.agreements[agreement]["suppression"] if agreement >= 0 else 0.0, suppressed)
    add_factor(w, row, M_GRIEVANCE, w.relations[fi, ft]["grievance"], 1.0 + w.relations[fi, ft]["grievance"])
    add_factor(w, row, M_RESTRAINT, w.factions[fi]["restraint"], 1.0 / w.factions[fi]["restraint"])
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        add_factor(w, row, M_OFFENSIVE, 1.0, p["offensive_infighting_factor"])
    note_guards(w, row, town)
    for a, b in ((fi, ft), (ft, fi)):
        w.relations[a, b]["incident_day"] = day
        w.relations[a, b]["last_event"] = row
    w.triggered[target, initiator] = day
    if agreement >= 0:
        violate(w, p, day, agreement, initiator, target)
    if uniform(seed, P_INCIDENT_ESCALATES, day, key) < p["incident_escalates"]:
        send_column(w, p, day, seed, identity(key, day), initiator, town, ft, row)
