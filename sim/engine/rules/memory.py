"""War fatigue, grievance, trust and perceived threat: what carries past a round of fighting."""

from __future__ import annotations

import math

from sim.engine.jit import compiled
from sim.engine.kinds import MOBILISED, OFFENSIVE_UNDER_WAY, REBEL
from sim.engine.queries import count_groups

LN2 = 0.6931471805599453
USUAL_DAYS = 90.0  # over which a group's usual strength is averaged: a quarter


@compiled
def fade(half_life):
    """Return the share that is left after a day."""
    return math.exp(-LN2 / half_life)


@compiled
def memory(w, p):
    """Fold the day's deaths into what factions remember; let the rest fade."""
    zone = w.zone[0]
    count_groups(w)
    for g in range(len(w.groups)):
        group = w.groups[g]
        group["usual"] += (group["standing"] - group["usual"]) / USUAL_DAYS
        group["weariness"] *= fade(p["ceasefire_weariness_half_life_days"])
    for a in range(len(w.factions)):
        f = w.factions[a]
        f["fatigue"] = (
            f["fatigue"] * fade(p["memory_fatigue_half_life_days"])
            + p["memory_fatigue_per_100_deaths"] * f["deaths_today"] / 100.0
        )
        f["momentum"] *= math.exp(-1.0 / 7.0)
        f["threat"] *= fade(p["memory_threat_half_life_days"])
        if f["role"] == REBEL:
            f["threat"] += p["memory_threat_per_10_deaths"] * f["fire_today"] / 10.0
            if zone["phase"] == OFFENSIVE_UNDER_WAY:
                f["threat"] = 1.0
            elif zone["phase"] == MOBILISED:
                f["threat"] = max(f["threat"], p["memory_threat_mobilisation"])
        f["threat"] = min(1.0, f["threat"])
    for a in range(len(w.factions)):
        for b in range(len(w.factions)):
            if a != b:
                remember(w, p, a, b)


@compiled
def remember(w, p, a, b):
    """Update what one faction holds against, and trusts of, another."""
    r = w.relations[a, b]
    r["grievance"] = min(
        1.0,
        r["grievance"] * fade(p["memory_grievance_half_life_days"])
        + p["memory_grievance_per_10_deaths"] * r["deaths_today"] / 10.0,
    )
    r["trust"] *= fade(p["memory_trust_half_life_days"])
    r["breaches"] *= fade(p["memory_trust_half_life_days"])


@compiled
def tally(w, day):
    """Sum the deaths between each two factions over the last 7 and 14 days."""
    for a in range(len(w.factions)):
        for b in range(len(w.factions)):
            w.recent[a, b, day % 14] = w.relations[a, b]["deaths_today"] + w.relations[b, a]["deaths_today"]
            week, fortnight = 0, 0
            for back in range(14):
                deaths = w.recent[a, b, (day - back) % 14]
                fortnight += deaths
                if back < 7:
                    week += deaths
            w.relations[a, b]["deaths_7"], w.relations[a, b]["deaths_14"] = week, fortnight


@compiled
def forget_day(w):
    """Clear the counts of the day that has been recorded."""
    for a in range(len(w.factions)):
        w.factions[a]["deaths_today"] = 0
        w.factions[a]["fire_today"] = 0
        for b in range(len(w.factions)):
            w.relations[a, b]["deaths_today"] = 0
            w.relations[a, b]["clashes_today"] = 0
