"""What happens to agreements between rebel factions wherever in the day it happens: violation, breaking, making."""

from __future__ import annotations

from sim.engine.draws import P_FRAILTY, P_RELEASE, P_TERM, gamma_of_mean_one, identity, uniform
from sim.engine.jit import compiled
from sim.engine.kinds import AGREEMENT_BROKEN, BROKEN, IN_FORCE, LONG_AGO, R_CEASEFIRE, SETTLEMENT
from sim.engine.queries import in_scope, involves, new_row
from sim.engine.recording import log_event
from sim.engine.rules.spread import new_spark
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_DISPUTES, N_AGREEMENTS

MOST_RELEASED = 64  # attacks that a broken agreement releases at most
BREACH_DAYS = 14  # violations no further apart are of one breach


@compiled
def violate(w, p, day, agreement, author, victim):
    """Count a violation and lower the trust between the parties; who struck first in a breach stays its author."""
    a = w.agreements[agreement]
    a["violations"] += 1
    if day - a["breach_day"] > BREACH_DAYS:
        a["breach_by"], a["breach_against"] = author, victim
    a["breach_day"] = day
    retained_share = 1.0 - p["memory_trust_loss_per_violation"]
    w.relations[a["faction_a"], a["faction_b"]]["trust"] *= retained_share
    w.relations[a["faction_b"], a["faction_a"]]["trust"] *= retained_share


@compiled
def lowest(mask):
    """Return the first group of a bit mask; -1 none."""
    g = 0
    while g < 62:
        if mask & (1 << g):
            return g
        g += 1
    return -1


@compiled
def break_agreement(w, p, day, seed, agreement, author, other, cause, probability, draw):
    """End an agreement by a breach of a group with a group of the other side, and a cause; return the event.

    What it held back is released. A group that mediated it wearies of mediating.
    """
    a = w.agreements[agreement]
    faction = w.groups[author]["faction"]
    victim = w.groups[other]["faction"]
    row = log_event(w, day, AGREEMENT_BROKEN, R_CEASEFIRE, cause, author, other, a["town"], probability, draw)
    w.events[row]["agreement"] = agreement
    a["alive"], a["status"], a["ended"], a["broken_by"], a["ended_event"] = 0, BROKEN, day, author, row
    w.relations[victim, faction]["trust"] = 0.0
    w.relations[victim, faction]["breaches"] += 1.0
    w.relations[faction, victim]["breaches"] = w.relations[victim, faction]["breaches"]
    if a["mediator"] >= 0:
        w.groups[a["mediator"]]["weariness"] += p["ceasefire_mediator_weariness"]
    release(w, p, day, seed, agreement, author, other, row)
    return row


@compiled
def release(w, p, day, seed, agreement, author, other, cause):
    """Release attacks that an agreement held back: each with the chance `release_share`, and none besides."""
    a = w.agreements[agreement]
    released = 0
    for k in range(min(MOST_RELEASED, a["held_back"])):
        if uniform(seed, P_RELEASE, day, a["key"], k) >= p["ceasefire_release_share"]:
            continue
        key = identity(identity(a["key"], day), 1000 + k)
        spark = new_spark(w, key, day + 1 + released // 2, a["town"], author, other, 1 if a["town"] < 0 else 0, cause)
        w.sparks[spark]["own"] = 1
        released += 1
    a["held_back"] = 0


@compiled
def disputes_in(w, agreement):
    """Return how many unsettled disputes between the parties lie in an agreement's scope."""
    n = 0
    for i in range(w.counts[L_DISPUTES]):
        d = w.disputes[w.live_disputes[i]]
        if d["alive"] == 1 and involves(w, agreement, d["newcomer"], d["host"]) and in_scope(w, agreement, d["town"]):
            n += 1
    return n


@compiled
def bases_in(w, agreement):
    """Return how many bases that one party holds among the other lie in an agreement's scope."""
    n = 0
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        host = w.towns[b["town"]]["holder"]
        if (
            b["alive"] == 1
            and host >= 0
            and involves(w, agreement, b["group"], host)
            and in_scope(w, agreement, b["town"])
        ):
            n += 1
    return n


@compiled
def effects_of_terms(w, agreement):
    """Set an agreement's factors to the products over its terms."""
    a = w.agreements[agreement]
    a["hold_factor"], a["base_factor"], a["clash_factor"] = 1.0, 1.0, 1.0
    for t in range(len(w.terms)):
        if a["terms"] & (1 << t):
            a["hold_factor"] *= w.terms[t]["hold_factor"]
            a["base_factor"] *= w.terms[t]["base_attempt_factor"]
            a["clash_factor"] *= w.terms[t]["clash_factor"]


@compiled
def draw_terms(w, day, seed, key, town_scope, has_bases):
    """Draw the terms of an agreement, each with its own chance; return their bit mask."""
    mask = 0
    for t in range(len(w.terms)):
        term = w.terms[t]
        if (term["neutralises_town"] == 1 and not town_scope) or (term["closes_bases"] == 1 and not has_bases):
            continue
        if uniform(seed, P_TERM, day, key ^ term["key"]) < term["chance"]:
            mask |= 1 << t
    return mask


@compiled
def enter_into_force(w, p, day, seed, agreement):
    """Give a signed agreement its effects, its frailty and the share that it holds back; trust begins anew."""
    a = w.agreements[agreement]
    a["alive"], a["status"] = 1, IN_FORCE
    effects_of_terms(w, agreement)
    a["frailty"] = gamma_of_mean_one(p["ceasefire_frailty_variance"], seed, P_FRAILTY, 0, a["key"])
    set_suppression(p, a)
    for x, y in ((a["faction_a"], a["faction_b"]), (a["faction_b"], a["faction_a"])):
        w.relations[x, y]["trust"] = max(w.relations[x, y]["trust"], p["memory_trust_at_signing"])


@compiled
def set_suppression(p, a):
    """Set the share of attacks, incidents and attempts that an agreement holds back, by its kind."""
    a["suppression"] = p["ceasefire_settlement_suppression"] if a["kind"] == SETTLEMENT else p["ceasefire_suppression"]


@compiled
def mean_hold(p, a):
    """Return the mean hold of an agreement in days, by its kind and terms."""
    days = p["ceasefire_settlement_hold_days"] if a["kind"] == SETTLEMENT else p["ceasefire_hold_days"]
    return days * a["hold_factor"]


@compiled
def new_agreement(w, key):
    """Take a new row of the table of agreements and return it."""
    row = new_row(w.live_agreements, w.counts, N_AGREEMENTS, L_AGREEMENTS, w.agreements)
    a = w.agreements[row]
    a["key"] = key
    a["town"], a["mediator"], a["expires"], a["ended"], a["broken_by"] = -1, -1, -1, -1, -1
    a["signed_event"], a["ended_event"] = -1, -1
    a["breach_by"], a["breach_against"], a["breach_day"] = -1, -1, LONG_AGO
    return row
