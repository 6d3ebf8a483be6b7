"""A leadership goes to war against one rival group, opens it in several towns, orders columns, ends it.

Leaders decide by a hazard, after a killing, a refusal, an arrest or a clash, and rarely without: more readily the stronger
they are beside the rival and the sisters expected to help it (Gade, Hafez & Gabbay 2019, J Peace Research), the faster the
rival grows (commitment problem: Fearon 1995, Int Organ 49:379; Powell 2006, Int Organ 60:169), the more is held against
it, and the less the government presses (window of opportunity: Pischedda 2018, Int Security 43:138). Nobody searches for the
best attack: towns within reach are drawn by value and contiguity.
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_CAMPAIGN,
    P_CAMPAIGN_DAYS,
    P_CAMPAIGN_HOLDS,
    P_CAMPAIGN_JOINS,
    P_CAMPAIGN_ORDERS,
    P_CAMPAIGN_SIDE,
    P_CAMPAIGN_TOWN,
    P_CAMPAIGN_TOWNS,
    P_GATHER,
    exponential,
    identity,
    poisson,
    uniform,
)
from sim.engine.jit import compiled
from sim.engine.kinds import (
    C_OPENING,
    CAMPAIGN_DECIDED,
    CAMPAIGN_JOINED,
    M_AGGRESSIVENESS,
    M_AGREEMENT,
    M_BELIEF,
    M_FATIGUE,
    M_FORCE_RATIO,
    M_GRIEVANCE,
    M_POLICY,
    M_SHIFT,
    M_SOLIDARITY,
    M_THREAT,
    M_TRIGGER,
    OFFENSIVE_UNDER_WAY,
    R_CAMPAIGN,
    REBEL,
    STOOD_ASIDE,
    STRENGTH,
    TOWN_SCOPE,
)
from sim.engine.queries import (
    campaign_between,
    count_groups,
    covering,
    help_from,
    involves,
    keeps_out,
    new_row,
    rebels,
    swayed,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.agreements import break_agreement, lowest
from sim.engine.rules.campaign_ends import hand_over, may_end, neighbour_of_side, towns_held
from sim.engine.rules.columns import assembly_town, muster, spare_strength
from sim.engine.rules.lasting_policies import breach_factor, let_through
from sim.engine.rules.peacekeeping import deters
from sim.engine.tables import L_AGREEMENTS, L_CAMPAIGNS, L_FORCES, N_CAMPAIGNS

DAILY_LIMIT = 0.05  # no pair of groups sees a higher chance a day; draws above it need no rate
MOST_OPENING = 9  # towns struck at the opening
MOST_ORDERS = 4  # columns ordered on one day


@compiled
def campaigns(w, p, day, seed):
    """Carry the campaigns under way a day further, then let leaders decide on new ones.

    In the form `strength` nobody decides: rounds of fighting differ by a strength of their own, see `spread`.
    """
    if p["campaign_form"] == STRENGTH:
        return
    count_groups(w)
    for i in range(w.counts[L_CAMPAIGNS]):
        row = w.live_campaigns[i]
        if w.campaigns[row]["alive"] == 1:
            conduct(w, p, day, seed, row)
    for a in range(len(w.groups)):
        if w.factions[w.groups[a]["faction"]]["role"] == REBEL and may_decide(w, a):
            for b in range(len(w.groups)):
                if rebels(w, w.groups[a]["faction"], w.groups[b]["faction"]) and may_be_target(w, b):
                    consider(w, p, day, seed, a, b)


@compiled
def may_decide(w, group):
    """Return True for a group whose leaders may go to war: it has some, neither mediates nor keeps aloof, and has fighters."""
    return w.groups[group]["led"] == 1 and not keeps_out(w, group) and w.groups[group]["standing"] > 0.0


@compiled
def may_be_target(w, group):
    """Return True for a group against which leaders may go to war: it has leaders in common, and does not keep aloof."""
    return w.groups[group]["led"] == 1 and w.groups[group]["aloof"] == 0


@compiled
def expected_strength(w, p, group):
    """Return the strength with which a group reckons: its own, and the help expected of its sisters."""
    total = 0.0
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == w.groups[group]["faction"]:
            total += help_from(w, group, g, p["talks_belief_gain"]) * w.groups[g]["standing"]
    return total


@compiled
def shift(w, a, b):
    """Return the log change of the strength of `b` over that of `a` beside what both had in the last quarter."""
    own = (w.groups[a]["standing"] + 1.0) / (w.groups[a]["usual"] + 1.0)
    other = (w.groups[b]["standing"] + 1.0) / (w.groups[b]["usual"] + 1.0)
    return math.log(other / own)


@compiled
def binding(w, a, b):
    """Return the widest agreement in force between two groups that suppresses most, local deals aside; -1 none."""
    strongest, most = -1, 0.0
    for i in range(w.counts[L_AGREEMENTS]):
        row = w.live_agreements[i]
        agreement = w.agreements[row]
        if agreement["alive"] == 1 and agreement["scope"] != TOWN_SCOPE and involves(w, row, a, b):
            if agreement["suppression"] > most:
                strongest, most = row, agreement["suppression"]
    return strongest


@compiled
def consider(w, p, day, seed, a, b):
    """Draw whether the leaders of a group go to war today against another."""
    key = identity(w.groups[a]["key"], w.groups[b]["key"])
    u = uniform(seed, P_CAMPAIGN, day, key)
    if u >= DAILY_LIMIT:
        return
    fa, fb = w.groups[a]["faction"], w.groups[b]["faction"]
    if day - w.relations[fa, fb]["campaign_day"] < p["campaign_quiet_days"] or campaign_between(w, fa, fb) >= 0:
        return
    since = day - w.triggered[a, b]
    trigger = 1.0 if since <= p["campaign_trigger_days"] else p["campaign_untriggered_share"]
    ratio = (expected_strength(w, p, a) + 1.0) / (expected_strength(w, p, b) + 1.0)
    f, r = w.factions[fa], w.relations[fa, fb]
    agreement = binding(w, a, b)
    calmed = (1.0 - w.agreements[agreement]["suppression"]) * breach_factor(w, agreement) if agreement >= 0 else 1.0
    score = p["campaign_power_weight"] * math.log(ratio) + p["campaign_shift_weight"] * shift(w, a, b)
    score += p["campaign_grievance_weight"] * r["grievance"]
    score -= p["campaign_threat_weight"] * f["threat"] + p["campaign_fatigue_weight"] * f["fatigue"]
    rate = p["campaign_decisions_per_month"] / 30.0 * f["aggressiveness"] * trigger * calmed * math.exp(score)
    rate *= math.exp(f["patronage"])
    if w.zone[0]["phase"] == OFFENSIVE_UNDER_WAY:
        rate *= p["offensive_infighting_factor"]
    chance = min(DAILY_LIMIT, 1.0 - math.exp(-rate))
    if u >= chance or not can_strike(w, p, 1 << a, 1 << b):
        return
    cause = r["last_event"] if since <= p["campaign_trigger_days"] else -1
    row = log_event(w, day, CAMPAIGN_DECIDED, R_CAMPAIGN, cause, a, b, -1, chance, u)
    add_factor(w, row, M_FORCE_RATIO, ratio, math.pow(ratio, p["campaign_power_weight"]))
    add_factor(w, row, M_TRIGGER, float(min(since, 999)), trigger)
    add_factor(w, row, M_GRIEVANCE, r["grievance"], math.exp(p["campaign_grievance_weight"] * r["grievance"]))
    add_factor(w, row, M_THREAT, f["threat"], math.exp(-p["campaign_threat_weight"] * f["threat"]))
    add_factor(w, row, M_SHIFT, shift(w, a, b), math.exp(p["campaign_shift_weight"] * shift(w, a, b)))
    add_factor(w, row, M_FATIGUE, f["fatigue"], math.exp(-p["campaign_fatigue_weight"] * f["fatigue"]))
    add_factor(w, row, M_AGGRESSIVENESS, f["aggressiveness"], f["aggressiveness"])
    if f["patronage"] != 0.0:
        add_factor(w, row, M_POLICY, math.exp(f["patronage"]), math.exp(f["patronage"]))
    if agreement >= 0:
        add_factor(w, row, M_AGREEMENT, w.agreements[agreement]["suppression"], calmed)
        w.events[row]["agreement"] = agreement
    begin(w, p, day, seed, a, b, identity(key, day), row)


@compiled
def can_strike(w, p, groups, enemies):
    """Return True if groups of a bit mask can attack any town of enemies of a bit mask with a column of its garrison's size."""
    for town in range(len(w.towns)):
        if strength_to_strike(w, p, groups, enemies, town) > 0.0:
            return True
    return False


@compiled
def strength_to_strike(w, p, groups, enemies, town):
    """Return the strength that can be gathered against a town of the enemies; 0 if it is none, or too little can."""
    holder = w.towns[town]["holder"]
    if holder < 0 or not (enemies & (1 << holder)) or w.towns[town]["clash"] >= 0:
        return 0.0
    assembly = assembly_town(w, p, groups, town)
    if assembly < 0 or (w.towns[town]["in_zone"] == 1 and barred(w, groups)):
        return 0.0
    spare = spare_strength(w, p, groups, assembly)
    return spare if spare >= w.present[town, w.groups[holder]["faction"]] else 0.0


@compiled
def barred(w, groups):
    """Return True if a group of a bit mask belongs to a faction that keeps out of the zone."""
    for g in range(len(w.groups)):
        if (groups & (1 << g)) and w.factions[w.groups[g]["faction"]]["barred"] == 1:
            return True
    return False


@compiled
def begin(w, p, day, seed, a, b, key, event):
    """Enter a campaign, end the agreements that bound the two, and order the columns of its opening."""
    row = new_row(w.live_campaigns, w.counts, N_CAMPAIGNS, L_CAMPAIGNS, w.campaigns)
    k = w.campaigns[row]
    k["key"], k["initiator"], k["target"], k["decided"], k["event"], k["last_event"] = key, a, b, day, event, event
    k["with_initiator"], k["with_target"], k["asked"] = 1 << a, 1 << b, (1 << a) | (1 << b)
    k["opened"], k["ended"], k["phase"], k["last_taken"] = -1, -1, C_OPENING, day
    normal = -6.0  # the sum of twelve uniform draws less 6 is near enough to normal, within three standard deviations
    for draw in range(12):
        normal += uniform(seed, P_CAMPAIGN_DAYS, day, key, draw)
    k["lasts"] = p["campaign_median_days"] * math.exp(p["campaign_days_log_sd"] * normal)
    k["towns_before"] = towns_held(w, b)
    k["fighters_before"] = fighters_of(w, a) + fighters_of(w, b)
    if p["ceasefire_enabled"] > 0.0:
        end_agreements(w, p, day, seed, a, b, event)
    departs = day + 2 + int(p["campaign_gather_days"] * 2.0 * uniform(seed, P_GATHER, day, key))
    n = min(MOST_OPENING, 1 + poisson(p["campaign_opening_towns"] - 1.0, uniform(seed, P_CAMPAIGN_TOWNS, day, key)))
    for strike in range(n):
        order(w, p, day, seed, row, 1 << a, 1 << b, departs, strike)


@compiled
def fighters_of(w, group):
    """Return how many fighters a group has."""
    fighters = 0
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and f["group"] == group:
            fighters += f["fighters"]
    return fighters


@compiled
def end_agreements(w, p, day, seed, a, b, cause):
    """Break the agreements in force between two groups, as one of them goes to war."""
    for i in range(w.counts[L_AGREEMENTS]):
        row = w.live_agreements[i]
        if w.agreements[row]["alive"] == 1 and involves(w, row, a, b):
            w.agreements[row]["held_back"] = 0  # the campaign's own orders take the place of what it held back
            break_agreement(w, p, day, seed, row, a, b, cause, 1.0, -1.0)


@compiled
def order(w, p, day, seed, campaign, groups, enemies, departs, number):
    """Order one column of a side: draw its town among those in reach, by value and contiguity with own towns; gather it."""
    k = w.campaigns[campaign]
    key = identity(identity(k["key"], day), number)
    chosen, first = -1, 1e300
    for town in range(len(w.towns)):
        if strength_to_strike(w, p, groups, enemies, town) <= 0.0:
            continue
        weight = 0.3 + w.towns[town]["value"]
        if neighbour_of_side(w, town, groups) >= 0:
            weight *= p["campaign_contiguity"]
        race = exponential(1.0 / weight, uniform(seed, P_CAMPAIGN_TOWN, day, key ^ w.towns[town]["key"]))
        if race < first and not aimed_at(w, town, campaign):  # looked at last, as it looks through all forces
            chosen, first = town, race
    if chosen < 0:
        return
    holder = w.towns[chosen]["holder"]
    agreement = covering(w, lowest(groups), holder, chosen)
    if agreement >= 0 and uniform(seed, P_CAMPAIGN_HOLDS, 0, key) >= let_through(w, agreement, chosen):
        w.agreements[agreement]["held_back"] += 1
        return
    if deters(w, day, seed, key, chosen):
        return
    enemy = w.groups[holder]["faction"]
    if muster(w, p, day, seed, key, groups, chosen, enemy, departs, k["last_event"], campaign) > 0:
        k["strikes"] += 1


@compiled
def aimed_at(w, town, campaign):
    """Return True if a column of a campaign gathers or marches against a town already."""
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 1 and f["campaign"] == campaign and (f["objective"] == town or f["goal"] == town):
            return True
    return False


@compiled
def conduct(w, p, day, seed, campaign):
    """Take a campaign a day further: sisters choose, columns are ordered, garrisons hand over, and it may end."""
    k = w.campaigns[campaign]
    if k["opened"] == day - 1:
        ask_sisters(w, p, day, seed, campaign)
    if may_end(w, p, day, seed, campaign) or k["phase"] == C_OPENING:
        return
    orders = min(MOST_ORDERS, poisson(p["campaign_orders_per_day"], uniform(seed, P_CAMPAIGN_ORDERS, day, k["key"])))
    for number in range(orders):
        groups, enemies = k["with_initiator"], k["with_target"]
        if uniform(seed, P_CAMPAIGN_SIDE, day, k["key"], number) >= p["campaign_initiator_share"]:
            groups, enemies = enemies, groups
        order(w, p, day, seed, campaign, groups, enemies, day + 1, number)
    hand_over(w, p, day, seed, campaign)


@compiled
def ask_sisters(w, p, day, seed, campaign):
    """Let each sister of both sides choose once: to fight with its sister, or to stand aside."""
    k = w.campaigns[campaign]
    for side in range(2):
        leading = k["initiator"] if side == 0 else k["target"]
        for g in range(len(w.groups)):
            if w.groups[g]["faction"] == w.groups[leading]["faction"] and not k["asked"] & (1 << g):
                k["asked"] |= 1 << g
                if not keeps_out(w, g):
                    choose(w, p, day, seed, campaign, side, leading, g)


@compiled
def choose(w, p, day, seed, campaign, side, leading, group):
    """Draw whether a sister joins: by solidarity, by what it believes, and by whether its side would win with it."""
    k = w.campaigns[campaign]
    other = k["target"] if side == 0 else k["initiator"]
    own = w.groups[leading]["standing"] + w.groups[group]["standing"]
    odds = own / max(1.0, own + w.groups[other]["standing"])
    help_chance = help_from(w, leading, group, p["talks_belief_gain"])
    chance = min(1.0, help_chance * 2.0 * odds)
    u = uniform(seed, P_CAMPAIGN_JOINS, k["decided"], k["key"] ^ w.groups[group]["key"])
    kind = CAMPAIGN_JOINED if u < chance else STOOD_ASIDE
    probability = chance if u < chance else 1.0 - chance
    row = log_event(w, day, kind, R_CAMPAIGN, k["event"], group, other, -1, probability, u)
    add_factor(w, row, M_SOLIDARITY, help_chance, help_chance)
    add_factor(w, row, M_FORCE_RATIO, odds / max(1e-6, 1.0 - odds), 2.0 * odds)
    belief = w.belief[leading, group]
    add_factor(w, row, M_BELIEF, belief, swayed(w, leading, group, p["talks_belief_gain"]))
    if u < chance:
        if side == 0:
            k["with_initiator"] |= 1 << group
        else:
            k["with_target"] |= 1 << group
