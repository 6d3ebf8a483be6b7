"""Ceasefires are signed, hold for a random time, are violated and broken.

Signing hazard rises with recent deaths, stalemate, mediation and threat, and falls with momentum. The hold has a
gamma-frailty break hazard; compliance terms prolong it (Clayton & Sticher 2021, ISQ 65:633). An agreement in force
suppresses fighting; it does not abolish it.
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_BREAK,
    P_BREAK_AUTHOR,
    P_BREAK_GROUP,
    P_SIGN,
    P_STOPS,
    exponential,
    identity,
    uniform,
)
from sim.engine.forces import go_home
from sim.engine.jit import compiled
from sim.engine.kinds import (
    AGREEMENT_EXPIRED,
    AGREEMENT_SIGNED,
    ALL_FRONTS,
    ATTACK,
    CLASH_OVER,
    EXPIRED,
    GATHER,
    M_BASES,
    M_BELIEF,
    M_BREACHES,
    M_DEATHS,
    M_DISPUTES,
    M_MEDIATOR,
    M_MOMENTUM,
    M_POLICY,
    M_STALEMATE,
    M_TERMS,
    M_THREAT,
    M_TRUCE_PROPENSITY,
    R_CEASEFIRE,
    SECTOR_SCOPE,
    SETTLEMENT,
    TOWN_NEUTRAL,
    TOWN_SCOPE,
    TRUCE,
)
from sim.engine.queries import (
    campaign_between,
    distance_km,
    holder_faction,
    in_scope,
    involves,
    keeps_out,
    rebels,
    recount,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.agreements import (
    bases_in,
    break_agreement,
    disputes_in,
    draw_terms,
    enter_into_force,
    lowest,
    mean_hold,
    new_agreement,
)
from sim.engine.rules.clash import end_clash
from sim.engine.rules.control import change_holder, close_base, leave_town
from sim.engine.rules.ladder import CLASHES
from sim.engine.rules.lasting_policies import breach_factor, patron_pressure
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_CLASHES, L_DISPUTES, L_FORCES


@compiled
def ceasefires(w, p, day, seed):
    """Let agreements break, then let warring pairs sign."""
    for i in range(w.counts[L_AGREEMENTS]):
        row = w.live_agreements[i]
        a = w.agreements[row]
        if a["alive"] == 1 and a["signed"] < day:
            try_break(w, p, day, seed, row)
    for a in range(len(w.factions)):
        for b in range(a + 1, len(w.factions)):
            if rebels(w, a, b) and w.relations[a, b]["deaths_7"] > 0:
                try_sign(w, p, day, seed, a, b)


@compiled
def expirations(w, day):
    """End the agreements whose last day was yesterday."""
    for i in range(w.counts[L_AGREEMENTS]):
        a = w.agreements[w.live_agreements[i]]
        if a["alive"] == 1 and a["signed"] < day and a["expires"] >= 0 and day > a["expires"]:
            expire(w, day, w.live_agreements[i])


@compiled
def expire(w, day, agreement):
    """End an agreement whose term is over."""
    a = w.agreements[agreement]
    row = log_event(
        w,
        day,
        AGREEMENT_EXPIRED,
        R_CEASEFIRE,
        a["signed_event"],
        lowest(a["party_a"]),
        lowest(a["party_b"]),
        a["town"],
        1.0,
        -1.0,
    )
    w.events[row]["agreement"] = agreement
    a["alive"], a["status"], a["ended"], a["ended_event"] = 0, EXPIRED, day, row


@compiled
def try_break(w, p, day, seed, agreement):
    """Draw whether an agreement breaks today of itself; its author then attacks."""
    a = w.agreements[agreement]
    disputes, bases = disputes_in(w, agreement), bases_in(w, agreement)
    crowded = math.pow(p["ceasefire_bases_factor"], float(bases))
    open_dispute = p["ceasefire_dispute_factor"] if disputes > 0 else 1.0
    rate = a["frailty"] * crowded * open_dispute / (mean_hold(p, a) * w.conduct[0]["monitoring"])
    guarded = breach_factor(w, agreement)
    chance = 1.0 - math.exp(-rate * guarded)
    u = uniform(seed, P_BREAK, day, a["key"])
    if u >= chance:
        return
    author = breaker(w, day, seed, agreement)
    other = strongest_party(w, agreement, a["party_b"] if a["party_a"] & (1 << author) else a["party_a"])
    cause = last_grievance(w, agreement)
    row = break_agreement(w, p, day, seed, agreement, author, other, cause, chance, u)
    add_factor(w, row, M_DISPUTES, float(disputes), open_dispute)
    add_factor(w, row, M_BASES, float(bases), crowded)
    add_factor(w, row, M_TERMS, a["hold_factor"], 1.0 / a["hold_factor"])
    add_factor(w, row, M_POLICY, w.conduct[0]["monitoring"], guarded / w.conduct[0]["monitoring"])


@compiled
def breaker(w, day, seed, agreement):
    """Draw the group that breaks an agreement: the more aggrieved and less tired side, and in it by strength."""
    a = w.agreements[agreement]
    fa, fb = a["faction_a"], a["faction_b"]
    urge = w.relations[fa, fb]["grievance"] - w.relations[fb, fa]["grievance"]
    urge += w.factions[fb]["fatigue"] - w.factions[fa]["fatigue"]
    first = exponential(math.exp(-0.5 * urge), uniform(seed, P_BREAK_AUTHOR, day, a["key"] ^ w.factions[fa]["key"]))
    second = exponential(math.exp(0.5 * urge), uniform(seed, P_BREAK_AUTHOR, day, a["key"] ^ w.factions[fb]["key"]))
    mask = a["party_a"] if first < second else a["party_b"]
    chosen_group, best = lowest(mask), 1e300
    for g in range(len(w.groups)):
        if not mask & (1 << g) or keeps_out(w, g):
            continue
        force = strength_in_scope(w, agreement, g)
        race = exponential(1.0 / (1.0 + force), uniform(seed, P_BREAK_GROUP, day, a["key"] ^ w.groups[g]["key"]))
        if race < best:
            chosen_group, best = g, race
    return chosen_group


@compiled
def strength_in_scope(w, agreement, group):
    """Return the strength of a group that stands in towns of an agreement's scope."""
    total = 0.0
    for town in range(len(w.towns)):
        if w.strength[town, group] > 0.0 and in_scope(w, agreement, town):
            total += w.strength[town, group]
    return total


@compiled
def strongest_party(w, agreement, mask):
    """Return the group of a bit mask with most strength in an agreement's scope, of those that fight if any does."""
    strongest, most = lowest(mask), -1.0
    for g in range(len(w.groups)):
        if mask & (1 << g) and not keeps_out(w, g):
            there = strength_in_scope(w, agreement, g)
            if there > most:
                strongest, most = g, there
    return strongest


@compiled
def last_grievance(w, agreement):
    """Return the event an agreement broke over: the last of an open dispute in its scope, else its signing."""
    cause = w.agreements[agreement]["signed_event"]
    for i in range(w.counts[L_DISPUTES]):
        d = w.disputes[w.live_disputes[i]]
        if d["alive"] == 1 and involves(w, agreement, d["newcomer"], d["host"]) and in_scope(w, agreement, d["town"]):
            cause = max(cause, d["last_event"])
    return cause


@compiled
def try_sign(w, p, day, seed, fa, fb):
    """Draw whether two factions sign an agreement today."""
    r = w.relations[fa, fb]
    key = w.factions[fa]["key"] ^ w.factions[fb]["key"]
    u = uniform(seed, P_SIGN, day, key)
    base = p["ceasefire_signing_per_10_deaths"] * r["deaths_7"] / 10.0
    keen = math.sqrt(w.factions[fa]["truce_propensity"] * w.factions[fb]["truce_propensity"])
    if p["campaign_enabled"] > 0.0 and campaign_goes_well(w, p, day, fa, fb):
        return
    mediator = mediator_of(w, p, day, fa, fb)
    heard = impartiality(w, p, mediator, fa, fb)
    mediated = math.pow(p["ceasefire_mediator_factor"], heard) * w.conduct[0]["mediation"]
    idle = 0.0
    if r["level"] >= CLASHES:  # only a round that is still on can be at a stalemate
        idle = float(day - max(r["capture_day"], r["round_day"]))
    stalemate = 1.0 + idle / p["ceasefire_stalemate_days"]
    wronged = math.exp(-p["talks_belief_gain"] * (strongest_belief(w, fa, fb) - 0.5))
    fear = math.exp(p["ceasefire_threat_weight"] * max(w.factions[fa]["threat"], w.factions[fb]["threat"]))
    momentum = max(w.factions[fa]["momentum"], w.factions[fb]["momentum"])
    winning = math.exp(-p["ceasefire_momentum_weight"] * momentum)
    distrust = math.exp(-p["ceasefire_breach_weight"] * r["breaches"])
    pressed = patron_pressure(w, fa, fb)
    chance = 1.0 - math.exp(-base * keen * mediated * stalemate * fear * winning * wronged * distrust * pressed)
    if u >= chance:
        return
    row = sign(w, p, day, seed, fa, fb, key, mediator, chance, u)
    if row < 0:
        return
    add_factor(w, row, M_DEATHS, float(r["deaths_7"]), max(0.1, r["deaths_7"] / 10.0))
    add_factor(w, row, M_STALEMATE, idle, stalemate)
    add_factor(w, row, M_MEDIATOR, heard, mediated)
    add_factor(w, row, M_MOMENTUM, momentum, winning)
    add_factor(w, row, M_THREAT, max(w.factions[fa]["threat"], w.factions[fb]["threat"]), fear)
    add_factor(w, row, M_TRUCE_PROPENSITY, keen, keen)
    add_factor(w, row, M_BREACHES, r["breaches"], distrust)
    add_factor(w, row, M_BELIEF, strongest_belief(w, fa, fb), wronged)
    if pressed != 1.0:
        add_factor(w, row, M_POLICY, pressed, pressed)


@compiled
def campaign_goes_well(w, p, day, fa, fb):
    """Return True in the first days of a campaign between two factions, in which its leaders sign nothing."""
    campaign = campaign_between(w, fa, fb)
    if campaign < 0:
        return False
    c = w.campaigns[campaign]
    return c["opened"] < 0 or day - c["opened"] < p["campaign_no_truce_days"]


@compiled
def strongest_belief(w, fa, fb):
    """Return the strongest belief in a group of either faction that one of its own side was wronged, 0.5..1."""
    strongest = 0.5
    for x in range(len(w.groups)):
        for g in range(len(w.groups)):
            faction = w.groups[g]["faction"]
            if faction in (fa, fb) and w.groups[x]["faction"] == faction:
                strongest = max(strongest, w.belief[x, g])
    return strongest


@compiled
def mediator_of(w, p, day, fa, fb):
    """Return a group that mediates between two factions; -1 if none does, or rebels attacked it lately."""
    for g in range(len(w.groups)):
        if w.groups[g]["mediates"] == 1 and (w.groups[g]["faction"] == fa or w.groups[g]["faction"] == fb):
            if day - w.groups[g]["attacked"] >= p["ceasefire_mediator_refuses_days"]:
                return g
    return -1


@compiled
def impartiality(w, p, mediator, fa, fb):
    """Return how far both sides hear a mediator, 0..1; 0 without one.

    Less the more it believes that one of them was wronged, and the more weary it is of agreements that were broken.
    """
    if mediator < 0:
        return 0.0
    leaning = 0.0
    for g in range(len(w.groups)):
        if g != mediator and (w.groups[g]["faction"] == fa or w.groups[g]["faction"] == fb):
            leaning = max(leaning, abs(w.belief[g, mediator] - 0.5))
    return max(0.0, 1.0 - p["talks_belief_gain"] * leaning) * math.exp(-w.groups[mediator]["weariness"])


@compiled
def fought(w, town, fa, fb, day):
    """Return True where two factions fought in a town in the last 7 days."""
    t = w.towns[town]
    pair = (t["fought_a"] == fa and t["fought_b"] == fb) or (t["fought_a"] == fb and t["fought_b"] == fa)
    return pair and day - t["fought"] < 7


@compiled
def scope_of_fighting(w, p, fa, fb, day):
    """Return (scope, town in the middle, radius km) that takes in the fighting of the last 7 days.

    Without fighting it is the town of the last incident; the town is -1 on all fronts, and if there is nothing to end.
    """
    first, n = -1, 0
    for town in range(len(w.towns)):
        if fought(w, town, fa, fb, day):
            n += 1
            if first < 0 or w.towns[town]["fought"] > w.towns[first]["fought"]:
                first = town
    if first < 0:
        return TOWN_SCOPE, last_quarrel(w, fa, fb, day), 5.0
    widest = 0.0
    for town in range(len(w.towns)):
        if fought(w, town, fa, fb, day):
            widest = max(widest, distance_km(w, first, town))
    if n == 1:
        return TOWN_SCOPE, first, 5.0
    if widest <= p["ceasefire_sector_km"]:
        return SECTOR_SCOPE, first, p["ceasefire_sector_km"]
    return ALL_FRONTS, -1, 0.0


@compiled
def last_quarrel(w, fa, fb, day):
    """Return the town of the last incident between two factions within 7 days; -1 none."""
    row = w.relations[fa, fb]["last_event"]
    if row < 0 or day - w.events[row]["day"] >= 7:
        return -1
    return w.events[row]["town"]


@compiled
def already_covered(w, fa, fb, scope, town):
    """Return True where an agreement of the same or a wider scope is in force between two factions."""
    for i in range(w.counts[L_AGREEMENTS]):
        a = w.agreements[w.live_agreements[i]]
        if a["alive"] == 0 or not (
            (a["faction_a"] == fa and a["faction_b"] == fb) or (a["faction_a"] == fb and a["faction_b"] == fa)
        ):
            continue
        if a["scope"] == ALL_FRONTS or (scope != ALL_FRONTS and in_scope(w, w.live_agreements[i], town)):
            return True
    return False


@compiled
def sign(w, p, day, seed, fa, fb, key, mediator, chance, u):
    """Sign an agreement: scope by where the fighting is, terms drawn, then its effects at once. Returns the event."""
    scope, town, radius = scope_of_fighting(w, p, fa, fb, day)
    if (scope != ALL_FRONTS and town < 0) or already_covered(w, fa, fb, scope, town):
        return -1
    quiet = day - w.relations[fa, fb]["clash_day"] > p["ceasefire_quiet_days"]
    settles = quiet and campaign_between(w, fa, fb) < 0
    cause = w.relations[fa, fb]["last_event"]
    return sign_agreement(w, p, day, seed, fa, fb, key, mediator, chance, u, scope, town, radius, settles, cause)


@compiled
def sign_agreement(w, p, day, seed, fa, fb, key, mediator, chance, u, scope, town, radius, settles, cause):
    """Enter an agreement between two factions and put it into force; return the event."""
    row = log_event(
        w,
        day,
        AGREEMENT_SIGNED,
        R_CEASEFIRE,
        cause,
        w.events[cause]["initiator_group"],
        w.events[cause]["target_group"],
        town,
        chance,
        u,
    )
    agreement = new_agreement(w, identity(key, day))
    a = w.agreements[agreement]
    a["faction_a"], a["faction_b"] = fa, fb
    for g in range(len(w.groups)):
        if w.groups[g]["faction"] == fa:
            a["party_a"] |= 1 << g
        elif w.groups[g]["faction"] == fb:
            a["party_b"] |= 1 << g
    a["scope"], a["town"], a["radius"], a["signed"], a["mediator"] = scope, town, radius, day, mediator
    a["signed_event"] = row
    a["kind"] = SETTLEMENT if settles else TRUCE
    w.events[row]["agreement"] = agreement
    a["terms"] = draw_terms(w, day, seed, a["key"], scope == TOWN_SCOPE, bases_in(w, agreement) > 0)
    take_effect(w, p, day, seed, agreement)
    return row


@compiled
def take_effect(w, p, day, seed, agreement):
    """Put an agreement into force: grievances ease, clashes stop, bases close, a town becomes neutral, a term runs."""
    enter_into_force(w, p, day, seed, agreement)
    a = w.agreements[agreement]
    relief, closes, neutral, term_days = 1.0, False, False, 0
    for t in range(len(w.terms)):
        if a["terms"] & (1 << t):
            relief *= 1.0 - w.terms[t]["grievance_relief"]
            closes = closes or w.terms[t]["closes_bases"] == 1
            neutral = neutral or w.terms[t]["neutralises_town"] == 1
            if w.terms[t]["fixed_days"] > 0:
                term_days = w.terms[t]["fixed_days"]
    if term_days > 0 and a["expires"] < 0:
        a["expires"] = day + term_days
    w.relations[a["faction_a"], a["faction_b"]]["grievance"] *= relief
    w.relations[a["faction_b"], a["faction_a"]]["grievance"] *= relief
    stop_clashes(w, p, day, seed, agreement)
    recall_columns(w, p, day, seed, agreement)
    if closes:
        close_bases(w, day, agreement)
    if neutral and a["town"] >= 0:
        make_neutral(w, day, agreement)


@compiled
def stop_clashes(w, p, day, seed, agreement):
    """Let clashes in the scope end, each with the chance `stops_clash`."""
    for i in range(w.counts[L_CLASHES]):
        row = w.live_clashes[i]
        c = w.clashes[row]
        if (
            c["alive"] == 1
            and involves(w, agreement, c["attacker"], c["defender"])
            and in_scope(w, agreement, c["town"])
        ):
            if uniform(seed, P_STOPS, day, c["key"]) < p["ceasefire_stops_clash"]:
                end_clash(w, day, row, CLASH_OVER)


@compiled
def recall_columns(w, p, day, seed, agreement):
    """Call back columns on their way to attack in the scope, each with the chance `stops_clash`."""
    a = w.agreements[agreement]
    for i in range(w.counts[L_FORCES]):
        row = w.live_forces[i]
        f = w.forces[row]
        town = f["objective"] if f["orders"] == GATHER else f["goal"]
        if f["alive"] == 0 or not (f["orders"] == ATTACK or f["orders"] == GATHER) or town < 0:
            continue
        if not in_scope(w, agreement, town):
            continue
        if (f["faction"] == a["faction_a"] and f["enemy"] == a["faction_b"]) or (
            f["faction"] == a["faction_b"] and f["enemy"] == a["faction_a"]
        ):
            if uniform(seed, P_STOPS, day, f["key"]) < p["ceasefire_stops_clash"]:
                go_home(w, day, row)


@compiled
def close_bases(w, day, agreement):
    """Close the bases in the scope that one party holds among the other."""
    for i in range(w.counts[L_BASES]):
        row = w.live_bases[i]
        b = w.bases[row]
        host = w.towns[b["town"]]["holder"]
        if (
            b["alive"] == 1
            and host >= 0
            and involves(w, agreement, b["group"], host)
            and in_scope(w, agreement, b["town"])
        ):
            close_base(w, day, row, w.agreements[agreement]["signed_event"])
            recount(w, b["town"])


@compiled
def make_neutral(w, day, agreement):
    """Make the town of a local agreement neutral; both sides leave it."""
    a = w.agreements[agreement]
    town = a["town"]
    holder = holder_faction(w, town)
    if holder != a["faction_a"] and holder != a["faction_b"]:
        return
    if w.towns[town]["clash"] >= 0:
        end_clash(w, day, w.towns[town]["clash"], CLASH_OVER)
    change_holder(w, day, town, -1, TOWN_NEUTRAL, R_CEASEFIRE, a["signed_event"], w.towns[town]["holder"], 1.0, -1.0)
    leave_town(w, day, town, a["faction_a"])
    leave_town(w, day, town, a["faction_b"])
    recount(w, town)
