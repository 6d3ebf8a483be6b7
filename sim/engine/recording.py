"""The event log with its causes and factors, and the daily record."""

from __future__ import annotations

from sim.engine.draws import identity
from sim.engine.jit import compiled
from sim.engine.kinds import (
    CHANGES_OF_HOLDER,
    CIVILIAN_ABDUCTION,
    CIVILIAN_ARREST,
    CIVILIAN_INJURY,
    CLASH,
    CONTESTED,
    HELD,
)
from sim.engine.queries import holder_faction, in_town, is_party
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_DISPUTES, L_FORCES, N_EVENTS


@compiled
def log_event(w, day, kind, rule, cause, initiator_group, target_group, town, probability, draw):
    """Append an event and return its row; groups, town and cause may be -1."""
    row = w.counts[N_EVENTS]
    w.counts[N_EVENTS] = row + 1
    e = w.events[row]
    e["day"] = day
    e["kind"] = kind
    e["rule"] = rule
    e["cause"] = cause
    e["initiator_group"] = initiator_group
    e["target_group"] = target_group
    e["initiator"] = w.groups[initiator_group]["faction"] if initiator_group >= 0 else -1
    e["target"] = w.groups[target_group]["faction"] if target_group >= 0 else -1
    e["town"] = town
    e["probability"] = probability
    e["draw"] = draw
    e["agreement"] = -1
    e["key"] = identity(
        identity(kind * 100003 + day, w.towns[town]["key"] if town >= 0 else -1),
        w.groups[initiator_group]["key"] if initiator_group >= 0 else row,
    )
    if e["initiator"] >= 0 and e["target"] >= 0:
        e["level"] = w.relations[e["initiator"], e["target"]]["level"]
    return row


@compiled
def add_factor(w, row, mover, value, factor):
    """Note what moved the chance of an event; of more than four movers the strongest stay."""
    e = w.events[row]
    if e["mover_1"] == 0:
        slot = 1
    elif e["mover_2"] == 0:
        slot = 2
    elif e["mover_3"] == 0:
        slot = 3
    elif e["mover_4"] == 0:
        slot = 4
    else:
        slot = weakest(w, row, factor)
    if slot == 1:
        e["mover_1"], e["value_1"], e["factor_1"] = mover, value, factor
    elif slot == 2:
        e["mover_2"], e["value_2"], e["factor_2"] = mover, value, factor
    elif slot == 3:
        e["mover_3"], e["value_3"], e["factor_3"] = mover, value, factor
    elif slot == 4:
        e["mover_4"], e["value_4"], e["factor_4"] = mover, value, factor


@compiled
def weakest(w, row, factor):
    """Return which of an event's four movers is the weakest and weaker than a factor; 0 none."""
    e = w.events[row]
    slot, least = 0, abs_log(factor)
    for n, other in enumerate((e["factor_1"], e["factor_2"], e["factor_3"], e["factor_4"])):
        if abs_log(other) < least:
            slot, least = n + 1, abs_log(other)
    return slot


@compiled
def abs_log(factor):
    """Return a measure of how far a factor is from 1, the same for x and 1/x."""
    if factor <= 0.0:
        return 1e9
    return factor - 1.0 if factor >= 1.0 else 1.0 / factor - 1.0


@compiled
def record_day(w, daily, day):
    """Fill row day + 1 of the daily tables; day -1 records the start."""
    row = day + 1
    for town in range(len(w.towns)):
        daily.holder[row, town] = w.towns[town]["holder"]
        daily.status[row, town] = w.towns[town]["status"]
    record_factions(w, daily, row)
    record_pairs(w, daily, row)
    record_theatre(w, daily, day, row)


@compiled
def record_factions(w, daily, row):
    """Record what each faction holds and has lost."""
    for a in range(len(w.factions)):
        r = daily.faction[row, a]
        r["towns"], r["contested"], r["influence"], r["fighters"], r["bases"] = 0, 0, 0.0, 0, 0
        r["fatigue"], r["threat"] = w.factions[a]["fatigue"], w.factions[a]["threat"]
        r["deaths"] = 0
        for b in range(len(w.factions)):
            r["deaths"] += w.relations[a, b]["deaths_today"]
    for town in range(len(w.towns)):
        holder = holder_faction(w, town)
        status = w.towns[town]["status"]
        if status == HELD and holder >= 0:
            daily.faction[row, holder]["towns"] += 1
        for a in range(len(w.factions)):
            daily.faction[row, a]["influence"] += w.influence[town, a] / len(w.towns)
            if status == CONTESTED and in_town(w, town, a) > 0.0 and is_party(w, a):
                daily.faction[row, a]["contested"] += 1
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1:
            daily.faction[row, f["faction"]]["fighters"] += f["fighters"]
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        if b["alive"] == 1:
            daily.faction[row, b["faction"]]["bases"] += 1


@compiled
def record_pairs(w, daily, row):
    """Record level, deaths, clash-days, trust and grievance of each pair."""
    for a in range(len(w.factions)):
        for b in range(len(w.factions)):
            r, pair = daily.pair[row, a, b], w.relations[a, b]
            r["level"] = pair["level"]
            r["deaths"] = pair["deaths_today"] + w.relations[b, a]["deaths_today"]
            r["clashes"] = pair["clashes_today"]
            r["trust"], r["grievance"] = pair["trust"], pair["grievance"]


@compiled
def record_theatre(w, daily, day, row):
    """Record counts over the whole theatre, from live rows and the day's events."""
    r = daily.theatre[row]
    r["agreements"], r["disputes"], r["columns"] = 0, 0, 0
    r["clashes"], r["civilian_deaths"], r["changes"] = 0, 0, 0
    r["offensive"] = w.zone[0]["phase"]
    fled = 0.0
    for town in range(len(w.towns)):
        fled += w.towns[town]["displaced"]
    r["displaced"], r["pressure"] = int(fled), 0
    for i in range(w.counts[L_AGREEMENTS]):
        r["agreements"] += w.agreements[w.live_agreements[i]]["alive"]
    for i in range(w.counts[L_DISPUTES]):
        r["disputes"] += w.disputes[w.live_disputes[i]]["alive"]
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and f["goal"] >= 0:
            r["columns"] += 1
    e = w.counts[N_EVENTS] - 1
    while e >= 0 and w.events[e]["day"] == day:
        kind = w.events[e]["kind"]
        r["civilian_deaths"] += w.events[e]["deaths_civilians"]
        if kind == CLASH:
            r["clashes"] += 1
        elif kind in CHANGES_OF_HOLDER:
            r["changes"] += 1
        elif kind in (CIVILIAN_ARREST, CIVILIAN_INJURY, CIVILIAN_ABDUCTION):
            r["pressure"] += 1
        e -= 1
