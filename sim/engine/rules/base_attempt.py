"""A faction opens a base in a town that another holds, in spite of agreements.

Log rate per month and candidate town: value - distance/10 km - ln(host force/own force) - trust left in an agreement
- perceived threat from the government - fatigue + local support. A decision sends a party; the base opens when it arrives.
"""

from __future__ import annotations

import math

from sim.engine.draws import P_BASE_ATTEMPT, identity, uniforms
from sim.engine.forces import detach, find_source
from sim.engine.jit import compiled
from sim.engine.kinds import (
    BASE_ATTEMPT,
    BASE_OPEN,
    BASE_OPENED,
    CONTESTED,
    D_OPEN,
    GARRISON,
    GIVEN_SKIPPED,
    M_AGREEMENT,
    M_DISTANCE,
    M_EXPANSION,
    M_FATIGUE,
    M_FORCE_RATIO,
    M_OFFENSIVE,
    M_POLICY,
    M_SUPPORT,
    M_THREAT,
    M_TRUST,
    M_VALUE,
    OFFENSIVE_UNDER_WAY,
    OPEN_BASE,
    R_BASE_ATTEMPT,
    R_GIVEN,
    REBEL,
)
from sim.engine.queries import (
    base_in,
    covering,
    first_group,
    holder_faction,
    in_town,
    local,
    nearest_garrison,
    new_row,
    rebels,
    road_km,
    strongest_group,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.peacekeeping import note_guards, undeterred
from sim.engine.tables import L_BASES, L_DISPUTES, L_FORCES, N_BASES, N_DISPUTES

MOST_RATIO = 10.0  # superiority beyond ten to one changes nothing more
DAILY_LIMIT = 0.02  # no town sees a higher chance a day; draws above it need no rate


@compiled
def rate_per_day(w, p, faction, town, km):
    """Return (rate per day, force ratio, covering agreement) of base attempts by a faction in a town, `km` away."""
    t, f = w.towns[town], w.factions[faction]
    host = t["holder"]
    host_faction = holder_faction(w, town)
    own = local(w, town, faction, p["movement_road_km_per_day"], p["demand_help_hours"])
    ratio = 1.0  # a neutral town has no host force to weigh
    if host_faction >= 0:
        other = local(w, town, host_faction, p["movement_road_km_per_day"], p["demand_help_hours"])
        ratio = min(MOST_RATIO, max(1.0 / MOST_RATIO, (own + 1.0) / (other + 1.0)))
    score = p["base_attempt_value_weight"] * (t["value"] - 0.5) - km / p["base_attempt_distance_km"]
    score += p["base_attempt_strength_weight"] * math.log(ratio)
    score -= p["base_attempt_threat_weight"] * f["threat"] + p["base_attempt_fatigue_weight"] * f["fatigue"]
    score += p["base_attempt_support_weight"] * (w.influence[town, faction] - 0.5)
    agreement = -1
    group = nearest_group(w, town, faction)
    if host >= 0 and group >= 0:
        agreement = covering(w, group, host, town)
    rate = p["base_attempt_attempts_per_town_month"] / 30.0 * f["expansion"] * f["allowed"] * math.exp(score)
    if agreement >= 0:
        a = w.agreements[agreement]
        trust = w.relations[faction, host_faction]["trust"]
        rate *= (1.0 - a["suppression"]) * a["base_factor"] * math.exp(-p["base_attempt_trust_weight"] * trust)
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        rate *= p["offensive_infighting_factor"]
    return rate * undeterred(w, town), ratio, agreement


@compiled
def nearest_group(w, town, faction):
    """Return the group of a faction that stands in or nearest to a town; -1 none."""
    near, _km = nearest_garrison(w, town, faction, 1e9)
    if near == -1:
        return -1
    return strongest_group(w, town if near == -2 else w.near[near]["town"], faction)


@compiled
def candidate(w, town, faction):
    """Return True where a faction may attempt a base: another rebel faction's town or a neutral one, no base yet."""
    t = w.towns[town]
    if w.factions[faction]["barred"] == 1 and t["in_zone"] == 1:
        return False
    if t["holder"] >= 0:
        if not rebels(w, faction, w.groups[t["holder"]]["faction"]):
            return False
        if t["status"] == CONTESTED and in_town(w, town, faction) > 0.0:
            return False
    return t["clash"] < 0 and base_in(w, town, faction) < 0


@compiled
def under_way(w, town, faction):
    """Return True where a party of a faction stands in a town, or marches there, to open a base."""
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if (
            f["alive"] == 1
            and f["orders"] == OPEN_BASE
            and f["faction"] == faction
            and (f["goal"] == town or f["town"] == town)
        ):
            return True
    return False


@compiled
def base_attempts(w, p, day, seed):
    """Draw the base attempts of a day."""
    for faction in range(len(w.factions)):
        f = w.factions[faction]
        if f["role"] != REBEL or f["expansion"] <= 0.0:
            continue
        uniforms(seed, P_BASE_ATTEMPT, day, w.town_keys, f["key"], len(w.towns), w.drawn)
        for town in range(len(w.towns)):
            u = w.drawn[town]
            if u >= DAILY_LIMIT or not candidate(w, town, faction):
                continue
            near, km = nearest_garrison(w, town, faction, p["base_attempt_reach_km"])
            if near == -1:
                continue
            rate, ratio, agreement = rate_per_day(w, p, faction, town, km)
            chance = min(DAILY_LIMIT, 1.0 - math.exp(-rate))
            if u < chance and not under_way(w, town, faction):
                row = attempt(w, p, day, faction, -1, town, 0)
                if row >= 0:
                    w.events[row]["probability"] = chance
                    w.events[row]["draw"] = u
                    explain(w, p, row, faction, town, km, ratio, agreement)


@compiled
def explain(w, p, row, faction, town, km, ratio, agreement):
    """Note on the event what moved the rate of a base attempt."""
    t, f = w.towns[town], w.factions[faction]
    add_factor(w, row, M_FORCE_RATIO, ratio, math.exp(p["base_attempt_strength_weight"] * math.log(ratio)))
    add_factor(w, row, M_DISTANCE, km, math.exp(-km / p["base_attempt_distance_km"]))
    add_factor(w, row, M_VALUE, t["value"], math.exp(p["base_attempt_value_weight"] * (t["value"] - 0.5)))
    if agreement >= 0:
        a = w.agreements[agreement]
        w.events[row]["agreement"] = agreement
        trust = w.relations[faction, w.events[row]["target"]]["trust"]
        add_factor(w, row, M_AGREEMENT, a["suppression"], (1.0 - a["suppression"]) * a["base_factor"])
        add_factor(w, row, M_TRUST, trust, math.exp(-p["base_attempt_trust_weight"] * trust))
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        add_factor(w, row, M_OFFENSIVE, 1.0, p["offensive_infighting_factor"])
    note_guards(w, row, town)
    add_factor(w, row, M_THREAT, f["threat"], math.exp(-p["base_attempt_threat_weight"] * f["threat"]))
    add_factor(w, row, M_FATIGUE, f["fatigue"], math.exp(-p["base_attempt_fatigue_weight"] * f["fatigue"]))
    influence = w.influence[town, faction]
    add_factor(w, row, M_SUPPORT, influence, math.exp(p["base_attempt_support_weight"] * (influence - 0.5)))
    add_factor(w, row, M_EXPANSION, f["expansion"], f["expansion"])
    add_factor(w, row, M_POLICY, f["allowed"], f["allowed"])


@compiled
def attempt(w, p, day, faction, group, town, given):
    """Send a party to open a base and return the event; -1 where no garrison in reach can spare one.

    A given attempt that is impossible is logged as skipped.
    """
    party_size = int(p["base_attempt_party_fighters"])
    source, best = -1, -1.0
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] != faction or (group >= 0 and g != group):
            continue
        s = find_source(w, town, g, p["base_attempt_reach_km"], party_size)
        if s >= 0:
            closeness = 1e6 - road_km(w, town, w.forces[s]["town"])
            if closeness > best:
                source, best = s, closeness
    host = w.towns[town]["holder"]
    if source < 0 or (host >= 0 and w.groups[host]["faction"] == faction):
        if given:
            initiator = group if group >= 0 else first_group(w, faction)
            row = log_event(w, day, GIVEN_SKIPPED, R_GIVEN, -1, initiator, host, town, 1.0, -1.0)
            w.events[row]["given"] = 1
        return -1
    row = log_event(
        w, day, BASE_ATTEMPT, R_GIVEN if given else R_BASE_ATTEMPT, -1, w.forces[source]["group"], host, town, 1.0, -1.0
    )
    w.events[row]["given"] = given
    w.events[row]["fighters"] = party_size
    enemy = w.groups[host]["faction"] if host >= 0 else -1
    detach(w, day, source, town, party_size, OPEN_BASE, enemy, row, 1)
    return row


@compiled
def open_base(w, day, force):
    """Open a base where a party has arrived, with the dispute that it starts."""
    f = w.forces[force]
    town = f["town"]
    host = w.towns[town]["holder"]
    if host >= 0 and w.groups[host]["faction"] == f["faction"]:
        f["orders"] = GARRISON
        return
    row = log_event(w, day, BASE_OPENED, R_BASE_ATTEMPT, f["cause"], f["group"], host, town, 1.0, -1.0)
    w.events[row]["fighters"] = f["fighters"]
    base = new_row(w.live_bases, w.counts, N_BASES, L_BASES, w.bases)
    b = w.bases[base]
    b["key"] = f["key"]
    b["group"], b["faction"], b["town"] = f["group"], f["faction"], town
    b["fighters"], b["opened"], b["closed"] = f["fighters"], day, -1
    b["status"], b["opened_event"] = BASE_OPEN, row
    if host < 0:
        return
    dispute = new_row(w.live_disputes, w.counts, N_DISPUTES, L_DISPUTES, w.disputes)
    d = w.disputes[dispute]
    d["key"] = identity(f["key"], town)
    d["town"], d["base"], d["newcomer"], d["host"] = town, base, f["group"], host
    d["stage"], d["opened"], d["last_event"] = D_OPEN, day, row
    d["talks"], d["demander"] = -1, -1
