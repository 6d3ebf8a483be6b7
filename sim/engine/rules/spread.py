"""Clashes set off clashes, at neighbours along roads and, by call to arms, on fronts far away.

Each clash-day has Poisson offspring ("sparks") with exponential delay; when a spark is due, a column sets out for a
town chosen among those where the sides meet, and the clash begins when it arrives.
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_OFFSPRING,
    P_OFFSPRING_DELAY,
    P_OFFSPRING_FAR,
    P_ROUND_STRENGTH,
    P_SPARK_GROUP,
    P_SPARK_HOLDS,
    P_SPARK_JOINS,
    P_SPARK_SIDE,
    P_SPARK_TOWN,
    exponential,
    gamma_of_mean_one,
    identity,
    poisson,
    uniform,
)
from sim.engine.forces import find_source
from sim.engine.jit import compiled
from sim.engine.kinds import (
    CLASH_SPREAD,
    FRONT_OPENED,
    M_AGREEMENT,
    M_BELIEF,
    M_FATIGUE,
    M_OFFENSIVE,
    M_RESTRAINT,
    M_SOLIDARITY,
    NEUTRAL,
    OFFENSIVE_UNDER_WAY,
    R_SPREAD,
    STRENGTH,
)
from sim.engine.queries import (
    campaign_between,
    column_reach,
    covering,
    distance_km,
    help_from,
    holder_faction,
    in_town,
    new_row,
    rebels,
    stands_aside,
    strongest_group,
    swayed,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.columns import send_column
from sim.engine.rules.lasting_policies import let_through
from sim.engine.rules.peacekeeping import note_guards, undeterred
from sim.engine.tables import L_SPARKS, N_SPARKS

MOST_OFFSPRING = 8  # of one clash-day


@compiled
def offspring_mean(w, p, attacker, defender):
    """Return the mean number of clashes that a clash-day between two factions sets off."""
    tired = 0.5 * (w.factions[attacker]["fatigue"] + w.factions[defender]["fatigue"])
    calm = p["spread_restraint_weight"] * (w.factions[attacker]["restraint"] - 1.0)
    mean = p["spread_offspring_per_clash_day"] * math.exp(-p["spread_fatigue_weight"] * tired - calm)
    if campaign_between(w, attacker, defender) >= 0:
        mean *= p["spread_campaign_factor"]  # leaders give the orders
    return mean * w.relations[attacker, defender]["round_strength"]


@compiled
def begin_round(w, p, day, seed, attacker, defender):
    """Draw the strength of a round on its first day: 1, or a gamma of mean 1 in the form without leaders' decisions."""
    if day - w.relations[attacker, defender]["clash_day"] <= p["ladder_window_days"]:
        return
    strength = 1.0
    if p["campaign_enabled"] > 0.0 and p["campaign_form"] == STRENGTH:
        key = w.factions[attacker]["key"] ^ w.factions[defender]["key"]
        strength = gamma_of_mean_one(p["campaign_strength_variance"], seed, P_ROUND_STRENGTH, day, key)
    w.relations[attacker, defender]["round_strength"] = strength
    w.relations[defender, attacker]["round_strength"] = strength


@compiled
def set_off(w, p, day, seed, clash, event):
    """Draw the offspring of a clash-day."""
    c = w.clashes[clash]
    fa, fd = w.groups[c["attacker"]]["faction"], w.groups[c["defender"]]["faction"]
    if not rebels(w, fa, fd):
        return
    n = min(MOST_OFFSPRING, poisson(offspring_mean(w, p, fa, fd), uniform(seed, P_OFFSPRING, day, c["key"])))
    for k in range(n):
        far = uniform(seed, P_OFFSPRING_FAR, day, c["key"], k) < p["spread_call_to_arms_share"]
        if (far and p["spread_call_to_arms"] == 0.0) or (not far and p["spread_neighbours"] == 0.0):
            continue
        delay = 1 + int(
            exponential(max(0.01, p["spread_delay_days"] - 1.5), uniform(seed, P_OFFSPRING_DELAY, day, c["key"], k))
        )
        new_spark(
            w,
            identity(identity(c["key"], day), k),
            day + delay,
            c["town"],
            c["attacker"],
            c["defender"],
            1 if far else 0,
            event,
        )


@compiled
def new_spark(w, key, due, town, attacker_group, defender_group, far, cause):
    """Enter a clash to come."""
    row = new_row(w.live_sparks, w.counts, N_SPARKS, L_SPARKS, w.sparks)
    s = w.sparks[row]
    s["key"], s["due"], s["town"], s["far"], s["cause"], s["own"] = key, due, town, far, cause, 0
    s["attacker_group"], s["defender_group"] = attacker_group, defender_group
    s["attacker"], s["defender"] = w.groups[attacker_group]["faction"], w.groups[defender_group]["faction"]
    return row


@compiled
def spread(w, p, day, seed):
    """Carry out the sparks that are due."""
    for i in range(w.counts[L_SPARKS]):
        row = w.live_sparks[i]
        s = w.sparks[row]
        if s["alive"] == 0 or s["due"] > day:
            continue
        s["alive"] = 0
        if s["far"] == 1:
            call_to_arms(w, p, day, seed, row)
        else:
            to_neighbour(w, p, day, seed, row)


@compiled
def joins(w, p, spark, group):
    """Return the chance that a group answers the call: its solidarity with the group in the fight."""
    s = w.sparks[spark]
    faction = w.groups[group]["faction"]
    fighting = s["attacker_group"] if faction == s["attacker"] else s["defender_group"]
    return help_from(w, fighting, group, p["talks_belief_gain"])


@compiled
def called(w, p, seed, spark):
    """Return the group that is called: of the side drawn, the fighting group or a sister, by the strength it has nearby.

    A sister that stands aside in a campaign is not called.
    """
    s = w.sparks[spark]
    attacking = uniform(seed, P_SPARK_SIDE, 0, s["key"]) < p["spread_attacker_share"]
    faction, enemy = (s["attacker"], s["defender"]) if attacking else (s["defender"], s["attacker"])
    chosen, first = -1, 1e300
    for group in range(len(w.groups)):
        if w.groups[group]["faction"] != faction or w.groups[group]["aloof"] != 0 or stands_aside(w, group, enemy):
            continue
        weight = strength_near(w, p, group, s["town"])
        if weight > 0.0:
            race = exponential(1.0 / weight, uniform(seed, P_SPARK_GROUP, 0, s["key"] ^ w.groups[group]["key"]))
            if race < first:
                chosen, first = group, race
    return chosen


@compiled
def strength_near(w, p, group, town):
    """Return the strength of a group that stands in towns, each discounted by its distance from a town; -1 is everywhere."""
    total = 0.0
    for there in range(len(w.towns)):
        if w.strength[there, group] > 0.0:
            discount = math.exp(-distance_km(w, there, town) / p["spread_near_km"]) if town >= 0 else 1.0
            total += w.strength[there, group] * discount
    return total


@compiled
def within_reach(w, town, group, reach):
    """Return True where a group has forces in a town or within reach of it."""
    if w.strength[town, group] > 0.0:
        return True
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["km"] > reach:
            return False
        if w.strength[w.near[i]["town"], group] > 0.0:
            return True
    return False


@compiled
def enemy_in(w, town, faction, other):
    """Return True if a faction may attack a town against another: the other holds it, or stands in it uninvited.

    Towns of a group that keeps aloof, or stands aside in the factions' campaign, are left alone.
    """
    if w.towns[town]["clash"] >= 0 or (w.factions[faction]["barred"] == 1 and w.towns[town]["in_zone"] == 1):
        return False
    holder = w.towns[town]["holder"]
    if holder >= 0 and w.groups[holder]["faction"] == other:
        return w.groups[holder]["aloof"] == 0 and not stands_aside(w, holder, faction)
    uninvited = w.towns[town]["status"] == NEUTRAL or holder_faction(w, town) == faction
    return uninvited and in_town(w, town, other) > 0.0


@compiled
def call_to_arms(w, p, day, seed, spark):
    """Open a front far away: a group that is called, and answers by its solidarity, attacks a town in its own reach."""
    s = w.sparks[spark]
    chosen = s["attacker_group"] if s["own"] == 1 else called(w, p, seed, spark)
    if chosen < 0 or uniform(seed, P_SPARK_JOINS, 0, s["key"]) >= joins(w, p, spark, chosen):
        return
    own = w.groups[chosen]["faction"]
    other = s["defender"] if own == s["attacker"] else s["attacker"]
    target, first = -1, 1e300
    for town in range(len(w.towns)):
        if town == s["town"] or not enemy_in(w, town, own, other):
            continue
        weight = 0.3 + w.towns[town]["value"]
        if s["town"] >= 0:  # what an agreement on all fronts held back has no place of its own
            weight *= math.exp(-distance_km(w, town, s["town"]) / p["spread_near_km"])
        race = exponential(1.0 / weight, uniform(seed, P_SPARK_TOWN, 0, s["key"] ^ w.towns[town]["key"]))
        if race < first and within_reach(w, town, chosen, column_reach(p)):  # dear: looked at last
            target, first = town, race
    if target >= 0:
        strike(w, p, day, seed, spark, chosen, target, other, FRONT_OPENED)


@compiled
def to_neighbour(w, p, day, seed, spark):
    """Carry the clash to a town one road away, or keep it where it was."""
    s = w.sparks[spark]
    target, group, first = -1, -1, 1e300
    for i in range(w.adjacent_start[s["town"]] - 1, w.adjacent_start[s["town"] + 1]):
        town = s["town"] if i < w.adjacent_start[s["town"]] else w.adjacent[i]
        for side in range(1 if s["own"] == 1 else 2):
            g = s["attacker_group"] if side == 0 else s["defender_group"]
            own, other = w.groups[g]["faction"], s["defender"] if side == 0 else s["attacker"]
            if not enemy_in(w, town, own, other) or not within_reach(w, town, g, column_reach(p)):
                continue
            race = exponential(
                1.0 / (0.3 + w.towns[town]["value"]),
                uniform(seed, P_SPARK_TOWN, 0, s["key"] ^ w.towns[town]["key"], side),
            )
            if race < first:
                target, group, first = town, g, race
    if target >= 0:
        other = s["defender"] if w.groups[group]["faction"] == s["attacker"] else s["attacker"]
        strike(w, p, day, seed, spark, group, target, other, CLASH_SPREAD)


@compiled
def strike(w, p, day, seed, spark, group, town, enemy, kind):
    """Send a column on a spark's errand, unless an agreement, peacekeepers or an offensive hold it back."""
    s = w.sparks[spark]
    own = w.groups[group]["faction"]
    enemy_group = w.towns[town]["holder"]
    if enemy_group < 0 or w.groups[enemy_group]["faction"] != enemy:
        enemy_group = strongest_group(w, town, enemy)
    if enemy_group < 0:
        enemy_group = s["defender_group"] if enemy == s["defender"] else s["attacker_group"]
    agreement = covering(w, group, enemy_group, town)
    held = let_through(w, agreement, town) if agreement >= 0 else 1.0
    under_attack = w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY
    chance = held * (p["offensive_infighting_factor"] if under_attack else 1.0) * undeterred(w, town)
    u = uniform(seed, P_SPARK_HOLDS, 0, s["key"])
    if find_source(w, town, group, column_reach(p), int(p["clash_committed_min"])) < 0:
        return
    if u >= chance:
        if agreement >= 0 and u < chance / max(held, 1e-9):  # without the agreement it would have been carried out
            w.agreements[agreement]["held_back"] += 1
        return
    row = log_event(w, day, kind, R_SPREAD, s["cause"], group, enemy_group, town, min(1.0, chance), u)
    if agreement >= 0:
        add_factor(w, row, M_AGREEMENT, w.agreements[agreement]["suppression"], held)
    if under_attack:
        add_factor(w, row, M_OFFENSIVE, 1.0, p["offensive_infighting_factor"])
    note_guards(w, row, town)
    if s["far"] == 1:
        add_factor(w, row, M_SOLIDARITY, joins(w, p, spark, group), joins(w, p, spark, group))
        fighting = s["attacker_group"] if own == s["attacker"] else s["defender_group"]
        add_factor(w, row, M_BELIEF, w.belief[fighting, group], swayed(w, fighting, group, p["talks_belief_gain"]))
    tired = 0.5 * (w.factions[own]["fatigue"] + w.factions[enemy]["fatigue"])
    add_factor(w, row, M_FATIGUE, tired, math.exp(-p["spread_fatigue_weight"] * tired))
    calm = p["spread_restraint_weight"] * (w.factions[own]["restraint"] - 1.0)
    add_factor(w, row, M_RESTRAINT, w.factions[own]["restraint"], math.exp(-calm))
    w.events[row]["fighters"] = send_column(w, p, day, seed, s["key"], group, town, enemy, row)
