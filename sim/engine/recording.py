"""What is recorded at the end of each day: who holds what, and the counts behind daily.csv."""

from __future__ import annotations

from sim.engine.ground import holder_faction, in_town
from sim.engine.jit import compiled
from sim.engine.kinds import (
    CAPTURE,
    CIVILIAN_ABDUCTION,
    CIVILIAN_ARREST,
    CIVILIAN_INJURY,
    CLASH,
    CONTESTED,
    HELD,
    TOWN_NEUTRAL,
    WITHDRAWAL,
)
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_DISPUTES, L_FORCES, N_EVENTS


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
            if status == CONTESTED and in_town(w, town, a) > 0.0:
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
        elif kind in (CAPTURE, WITHDRAWAL, TOWN_NEUTRAL):
            r["changes"] += 1
        elif kind in (CIVILIAN_ARREST, CIVILIAN_INJURY, CIVILIAN_ABDUCTION):
            r["pressure"] += 1
        e -= 1
