"""Garrisons of a losing group hand over their towns; a campaign ends, perhaps by a settlement."""

from __future__ import annotations

import math

from sim.engine.draws import P_CAMPAIGN_ENDS, P_HANDOVER, P_SETTLEMENT, uniform
from sim.engine.forces import find_source, go_home, join_group
from sim.engine.jit import compiled
from sim.engine.kinds import (
    AIM_MET,
    ALL_FRONTS,
    C_ENDED,
    C_OPENING,
    CAMPAIGN_ENDED,
    EXHAUSTED,
    GROUP_ABSORBED,
    GROUP_BROKEN,
    HANDOVER,
    INTERRUPTED,
    M_FORCE_RATIO,
    M_TOWNS_LOST,
    MEDIATED,
    NOT_ENDED,
    OFFENSIVE_UNDER_WAY,
    R_CAMPAIGN,
)
from sim.engine.queries import backing, column_reach, index_forces, involves
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.ceasefire import mediator_of, sign_agreement
from sim.engine.rules.columns import occupy
from sim.engine.rules.control import change_holder, leave_town
from sim.engine.tables import L_AGREEMENTS, L_FORCES

LEAST_TOWNS = 3  # a group that holds fewer is not broken by the loss of one
LEAST_AIM = 2  # towns: one town taken is a quarrel won, not the aim of a war
CALLED_OFF_DAYS = 20  # after which a campaign whose columns have not fought is called off


@compiled
def towns_held(w, group):
    """Return how many towns a group holds."""
    towns = 0
    for town in range(len(w.towns)):
        if w.towns[town]["holder"] == group:
            towns += 1
    return towns


@compiled
def share_lost(w, campaign):
    """Return the share of its towns that the target of a campaign has lost since the decision, 0..1."""
    k = w.campaigns[campaign]
    return max(0.0, 1.0 - towns_held(w, k["target"]) / max(1.0, float(k["towns_before"])))


@compiled
def aim_met(w, p, campaign):
    """Return True if the target has lost the share of its towns that is the aim, and at least `LEAST_AIM` of them."""
    k = w.campaigns[campaign]
    lost = k["towns_before"] - towns_held(w, k["target"])
    return lost >= min(LEAST_AIM, k["towns_before"]) and share_lost(w, campaign) >= p["campaign_aim_share"]


@compiled
def hand_over(w, p, day, seed, campaign):
    """Let garrisons of the target hand over their towns while it is losing: beside the enemy, and no match for him."""
    k = w.campaigns[campaign]
    losing = share_lost(w, campaign)
    chance = 1.0 - math.exp(-p["campaign_handovers_per_day"] * losing)
    if chance <= 0.0:
        return
    for town in range(len(w.towns)):
        t = w.towns[town]
        if t["holder"] != k["target"] or t["clash"] >= 0:
            continue
        u = uniform(seed, P_HANDOVER, day, k["key"] ^ t["key"])
        if u >= chance:
            continue
        taker = neighbour_of_side(w, town, k["with_initiator"])
        if taker < 0 or find_source(w, town, taker, column_reach(p), int(p["control_post_fighters"])) < 0:
            continue
        speed, hours, gain = p["movement_road_km_per_day"], p["demand_help_hours"], p["talks_belief_gain"]
        ratio = (backing(w, town, taker, speed, hours, gain) + 1.0) / (
            backing(w, town, k["target"], speed, hours, gain) + 1.0
        )
        if ratio <= 1.0:
            continue
        row = change_holder(w, day, town, taker, HANDOVER, R_CAMPAIGN, k["last_event"], k["target"], chance, u)
        add_factor(w, row, M_TOWNS_LOST, losing, losing)
        add_factor(w, row, M_FORCE_RATIO, ratio, 1.0)
        leave_town(w, day, town, w.groups[k["target"]]["faction"])
        occupy(w, p, day, town, taker, row)
        k["last_event"] = row


@compiled
def neighbour_of_side(w, town, groups):
    """Return the group of a bit mask that holds a neighbouring town by road; of several the first; -1 none."""
    for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
        holder = w.towns[w.adjacent[i]]["holder"]
        if holder >= 0 and (groups & (1 << holder)):
            return holder
    return -1


@compiled
def may_end(w, p, day, seed, campaign):
    """End a campaign whose target is broken, that was exhausted, or that an offensive interrupts; True if it ended.

    Its leaders meant to go on for `lasts` days; from the stalemate on, days without a town taken, each day may end it.
    """
    k = w.campaigns[campaign]
    outcome, chance, u = NOT_ENDED, 1.0, -1.0
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        outcome = INTERRUPTED
    elif k["phase"] == C_OPENING:
        if day - k["decided"] > CALLED_OFF_DAYS:
            outcome = EXHAUSTED
    elif k["towns_before"] >= LEAST_TOWNS and share_lost(w, campaign) >= p["campaign_broken_share"]:
        outcome = GROUP_BROKEN
    elif day - k["opened"] >= k["lasts"] or k["deaths"] >= p["campaign_losses_share"] * k["fighters_before"]:
        outcome = AIM_MET if aim_met(w, p, campaign) else EXHAUSTED
    elif day - k["last_taken"] >= p["campaign_stalemate_days"]:
        chance = 1.0 - math.exp(-1.0 / p["campaign_stalemate_days"])
        u = uniform(seed, P_CAMPAIGN_ENDS, day, k["key"])
        if u < chance:
            outcome = EXHAUSTED
    if outcome == NOT_ENDED:
        return False
    end(w, p, day, seed, campaign, outcome, chance, u)
    return True


@compiled
def end(w, p, day, seed, campaign, outcome, chance, u):
    """End a campaign: columns go home, a broken group joins a sister, and the sides may settle."""
    k = w.campaigns[campaign]
    a, b = k["initiator"], k["target"]
    fa, fb = w.groups[a]["faction"], w.groups[b]["faction"]
    if outcome == EXHAUSTED and mediated_truce(w, a, b):
        outcome = MEDIATED
    row = log_event(w, day, CAMPAIGN_ENDED, R_CAMPAIGN, k["last_event"], a, b, -1, chance, u)
    w.events[row]["fighters"] = outcome
    add_factor(w, row, M_TOWNS_LOST, share_lost(w, campaign), 1.0)
    k["alive"], k["phase"], k["outcome"], k["ended"], k["last_event"] = 0, C_ENDED, outcome, day, row
    w.relations[fa, fb]["campaign_day"] = w.relations[fb, fa]["campaign_day"] = day
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and f["campaign"] == campaign and (f["goal"] >= 0 or f["objective"] >= 0):
            go_home(w, day, w.live_forces[i])
    if outcome == GROUP_BROKEN:
        absorb(w, day, b, row)
    if k["opened"] >= 0 and outcome != INTERRUPTED and p["ceasefire_enabled"] > 0.0:
        v = uniform(seed, P_SETTLEMENT, day, k["key"])
        if v < p["campaign_settles"]:
            mediator = mediator_of(w, p, day, fa, fb)
            sign_agreement(
                w, p, day, seed, fa, fb, k["key"], mediator, p["campaign_settles"], v, ALL_FRONTS, -1, 0.0, True, row
            )


@compiled
def mediated_truce(w, a, b):
    """Return True if an agreement that somebody mediated is in force between two groups."""
    for i in range(w.counts[L_AGREEMENTS]):
        row = w.live_agreements[i]
        agreement = w.agreements[row]
        if agreement["alive"] == 1 and agreement["mediator"] >= 0 and involves(w, row, a, b):
            return True
    return False


@compiled
def absorb(w, day, group, cause):
    """Let what is left of a beaten group join the sister that it trusts most; without a sister it goes on alone."""
    into, most = -1, 0.0
    for g in range(len(w.groups)):
        if g != group and w.groups[g]["faction"] == w.groups[group]["faction"]:
            pull = w.group_trust[group, g] * w.groups[g]["standing"]
            if pull > most:
                into, most = g, pull
    if into < 0:
        return
    joined = join_group(w, 1 << group, into, -1.0)
    row = log_event(w, day, GROUP_ABSORBED, R_CAMPAIGN, cause, into, group, -1, 1.0, -1.0)
    w.events[row]["fighters"] = joined
    index_forces(w)
