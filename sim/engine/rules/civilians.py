"""Arrest, injury and abduction of civilians under new or contested control; displacement; lost support."""

from __future__ import annotations

import math

from sim.engine.draws import P_DISPLACED, P_PRESSURE, P_PRESSURE_KIND, P_PRESSURE_ROLE, poisson, uniform, uniforms
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ACTIVIST,
    CIVILIAN_ABDUCTION,
    CIVILIAN_ARREST,
    CIVILIAN_INJURY,
    CLASH,
    CONTESTED,
    DISPLACEMENT,
    GOVERNMENT,
    HEALTH,
    M_COERCION,
    M_NEW_CONTROL,
    MEDIA,
    R_CIVILIANS,
)
from sim.engine.queries import holder_faction, is_party
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.clash import AVERAGE_POPULATION
from sim.engine.rules.memory import fade
from sim.engine.rules.peacekeeping import unshielded
from sim.engine.tables import N_EVENTS


@compiled
def civilians(w, p, day, seed):
    """Draw acts against civilians town by town, displacement by the day's clashes, and return."""
    uniforms(seed, P_PRESSURE, day, w.town_keys, 0, len(w.towns), w.drawn)
    most = max_rate(w, p)
    for town in range(len(w.towns)):
        if w.drawn[town] < most:
            pressure(w, p, day, seed, town, w.drawn[town])
    displace(w, p, day, seed)
    back = fade(p["civilians_return_half_life_days"])
    for town in range(len(w.towns)):
        if w.towns[town]["displaced"] > 0.0 and day - w.towns[town]["fought"] > 7:
            w.towns[town]["displaced"] *= back


@compiled
def max_rate(w, p):
    """Return the highest rate a day of acts against civilians in any town."""
    coercion = 0.0
    for faction in range(len(w.factions)):
        coercion = max(coercion, w.factions[faction]["coercion"])
    return p["civilians_pressure_per_town_month"] / 30.0 * max(1.0, p["civilians_settled_share"]) * coercion


@compiled
def pressure(w, p, day, seed, town, u):
    """Decide by its draw on an act against a civilian in a town by whoever holds it."""
    t = w.towns[town]
    holder = holder_faction(w, town)
    if holder < 0 or w.factions[holder]["role"] == GOVERNMENT:
        return
    fresh = t["status"] == CONTESTED or (day - t["changed"] <= p["civilians_new_days"])
    share = 1.0 if fresh else p["civilians_settled_share"]
    rate = p["civilians_pressure_per_town_month"] / 30.0 * share * w.factions[holder]["coercion"] * unshielded(w, town)
    if u >= rate:  # a chance is never above its rate
        return
    chance = 1.0 - math.exp(-rate)
    if u >= chance:
        return
    v = uniform(seed, P_PRESSURE_KIND, day, t["key"])
    kind = CIVILIAN_ABDUCTION
    if v < p["civilians_arrest_share"]:
        kind = CIVILIAN_ARREST
    elif v < p["civilians_arrest_share"] + p["civilians_injury_share"]:
        kind = CIVILIAN_INJURY
    row = log_event(w, day, kind, R_CIVILIANS, t["changed_event"] if fresh else -1, t["holder"], -1, town, chance, u)
    x = uniform(seed, P_PRESSURE_ROLE, day, t["key"])
    role = ACTIVIST
    if x < p["civilians_media_share"]:
        role = MEDIA
    elif x < p["civilians_media_share"] + p["civilians_health_share"]:
        role = HEALTH
    w.events[row]["fighters"] = role
    add_factor(w, row, M_NEW_CONTROL, 0.0 if t["status"] == CONTESTED else float(min(day - t["changed"], 999)), share)
    add_factor(w, row, M_COERCION, w.factions[holder]["coercion"], w.factions[holder]["coercion"])
    lose_support(w, town, holder, p["civilians_support_loss"])


@compiled
def lose_support(w, town, faction, share):
    """Move a share of a faction's influence in a town to the others, in equal parts."""
    lost = w.influence[town, faction] * share
    others = -1
    for other in range(len(w.factions)):
        if is_party(w, other):
            others += 1
    if others == 0:
        return
    w.influence[town, faction] -= lost
    for other in range(len(w.factions)):
        if other != faction and is_party(w, other):
            w.influence[town, other] += lost / others


@compiled
def displace(w, p, day, seed):
    """Let people flee the towns of the day's clashes."""
    last = w.counts[N_EVENTS]
    row = last - 1
    while row >= 0 and w.events[row]["day"] == day:
        e = w.events[row]
        dead = e["deaths_initiator"] + e["deaths_target"] + e["deaths_civilians"]
        if e["kind"] == CLASH and dead > 0:
            t = w.towns[e["town"]]
            mean = p["civilians_displaced_per_death"] * dead * math.sqrt(t["population"] / AVERAGE_POPULATION)
            tens = poisson(mean / 10.0, uniform(seed, P_DISPLACED, day, t["key"]))
            people = min(10.0 * tens, t["population"] - t["displaced"])
            if people > 0.0:
                t["displaced"] += people
                new = log_event(w, day, DISPLACEMENT, R_CIVILIANS, row, -1, -1, e["town"], 1.0, -1.0)
                w.events[new]["fighters"] = int(people)
        row -= 1
