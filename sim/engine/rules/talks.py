"""Talks over a refused demand, killing of delegates, and two accounts that nobody adjudicates.

The side that asked for the talks says its delegates were assassinated; the other says they forced their way in. Each
group hears both, and believes by its trust in the source: log-odds = prior + trust in the one - trust in the other.
Belief multiplies solidarity by exp(gain (belief - 0.5)). A scenario may make one account true; then some of it leaks.
"""

from __future__ import annotations

import math

from sim.engine.draws import P_TALKS_DEATHS, P_TALKS_KILLING, P_TALKS_SETTLE, identity, poisson, uniform
from sim.engine.forces import count_deaths, kill_in_town
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ACCOUNT,
    ASSASSINATION_ACCOUNT,
    BASE_AGREED,
    D_CLASH,
    D_OPEN,
    D_SETTLED,
    D_TALKS,
    FORCED_ENTRY_ACCOUNT,
    GIVEN_SKIPPED,
    KILLING_AT_TALKS,
    M_TRUST,
    R_GIVEN,
    R_TALKS,
    TALKS,
    TALKS_SETTLED,
)
from sim.engine.queries import covering, first_group, in_town, recount
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.agreements import violate
from sim.engine.rules.clash import open_clash
from sim.engine.rules.demand import come_to_help, lapse, stale, use_force
from sim.engine.rules.memory import fade
from sim.engine.tables import L_DISPUTES


@compiled
def talks(w, p, day, seed):
    """Hold the talks that are due, and let beliefs fade."""
    for i in range(w.counts[L_DISPUTES]):
        dispute = w.live_disputes[i]
        d = w.disputes[dispute]
        if d["alive"] == 0 or d["stage"] != D_TALKS or d["talks"] > day:
            continue
        if stale(w, dispute):
            lapse(w, day, dispute)
        else:
            meet(w, p, day, seed, dispute)
    retained_share = fade(p["talks_belief_half_life_days"])
    for a in range(len(w.groups)):
        for b in range(len(w.groups)):
            w.belief[a, b] = 0.5 + (w.belief[a, b] - 0.5) * retained_share


@compiled
def meet(w, p, day, seed, dispute):
    """Hold one meeting: delegates are killed, or the talks settle the dispute, or they fail."""
    d = w.disputes[dispute]
    town = d["town"]
    visitor = d["demander"]
    other = d["host"] if visitor == d["newcomer"] else d["newcomer"]
    row = log_event(w, day, TALKS, R_TALKS, d["last_event"], visitor, other, town, 1.0, -1.0)
    d["last_event"] = row
    d["stage"] = D_OPEN
    u = uniform(seed, P_TALKS_KILLING, day, d["key"])
    if u < p["talks_killing"]:
        delegates_die(w, p, day, seed, dispute, visitor, other, u)
        return
    v = uniform(seed, P_TALKS_SETTLE, day, d["key"])
    if v < p["talks_settles"]:
        row = log_event(w, day, TALKS_SETTLED, R_TALKS, row, visitor, other, town, p["talks_settles"], v)
        w.bases[d["base"]]["status"] = BASE_AGREED
        d["alive"], d["stage"], d["last_event"] = 0, D_SETTLED, row
    else:
        use_force(w, p, day, seed, dispute, visitor, other, row)


@compiled
def delegates_die(w, p, day, seed, dispute, visitor, other, u):
    """Draw how many delegates die, and carry it out."""
    dead = 1 + poisson(p["talks_deaths_mean"] - 1.0, uniform(seed, P_TALKS_DEATHS, day, w.disputes[dispute]["key"]))
    kill_delegates(w, p, day, seed, dispute, visitor, other, dead, R_TALKS, p["talks_killing"], u)


@compiled
def kill_delegates(w, p, day, seed, dispute, visitor, other, deaths, rule, chance, u):
    """Kill delegates, log both accounts, let groups believe, and begin the clash; return the event."""
    d = w.disputes[dispute]
    town = d["town"]
    fv, fo = w.groups[visitor]["faction"], w.groups[other]["faction"]
    dead = kill_in_town(w, town, fv, deaths)
    row = log_event(w, day, KILLING_AT_TALKS, rule, d["last_event"], other, visitor, town, chance, u)
    w.events[row]["deaths_target"] = dead
    count_deaths(w, fo, fv, 0, dead)
    agreement = covering(w, visitor, other, town)
    if agreement >= 0:
        w.events[row]["agreement"] = agreement
        violate(w, p, day, agreement, other, visitor)
    w.triggered[visitor, other] = w.triggered[other, visitor] = day  # each holds itself wronged
    for a, b in ((fv, fo), (fo, fv)):
        w.relations[a, b]["incident_day"] = day
        w.relations[a, b]["last_event"] = row
    log_account(w, p, day, row, visitor, other, ASSASSINATION_ACCOUNT)
    log_account(w, p, day, row, other, visitor, FORCED_ENTRY_ACCOUNT)
    believe(w, p, visitor, other)
    d["last_event"] = row
    if in_town(w, town, fv) > 0.0 and in_town(w, town, fo) > 0.0 and w.towns[town]["clash"] < 0:
        d["stage"] = D_CLASH
        key = identity(d["key"], day)
        open_clash(w, day, key, town, visitor, other, row)
        come_to_help(w, p, day, seed, key, visitor, other, town, row)
        come_to_help(w, p, day, seed, identity(key, 2), other, visitor, town, row)
    recount(w, town)
    return row


@compiled
def given_killing(w, p, day, seed, action):
    """Carry out a given killing: the named side kills delegates of the other in a dispute over the town, if there is one."""
    a = w.actions[action]
    for i in range(w.counts[L_DISPUTES]):
        dispute = w.live_disputes[i]
        d = w.disputes[dispute]
        if d["alive"] == 0 or d["town"] != a["town"] or stale(w, dispute):
            continue
        for killer, visitor in ((d["newcomer"], d["host"]), (d["host"], d["newcomer"])):
            named = a["group"] == killer or (a["group"] < 0 and w.groups[killer]["faction"] == a["faction"])
            if named and in_town(w, d["town"], w.groups[visitor]["faction"]) > 0.0:
                row = kill_delegates(w, p, day, seed, dispute, visitor, killer, a["fighters"], R_GIVEN, 1.0, -1.0)
                w.events[row]["given"] = 1
                return
    killer = a["group"] if a["group"] >= 0 else first_group(w, a["faction"])
    row = log_event(w, day, GIVEN_SKIPPED, R_GIVEN, -1, killer, -1, a["town"], 1.0, -1.0)
    w.events[row]["given"] = 1


@compiled
def log_account(w, p, day, cause, teller, accused, account):
    """Log a side's account; `fighters` holds which account it is."""
    row = log_event(w, day, ACCOUNT, R_TALKS, cause, teller, accused, w.events[cause]["town"], 1.0, -1.0)
    w.events[row]["fighters"] = account
    a, b = w.groups[teller]["faction"], w.groups[accused]["faction"]
    add_factor(
        w, row, M_TRUST, w.relations[b, a]["trust"], math.exp(p["talks_trust_weight"] * w.relations[b, a]["trust"])
    )


@compiled
def believe(w, p, visitor, other):
    """Let every group form a belief about who was wronged, by its trust in the two groups that give an account.

    A group trusts itself fully, a sister by `group_trust`, a group of another faction as its faction does. What it
    believes of the two it believes, half as firmly, of their sisters.
    """
    fv, fo = w.groups[visitor]["faction"], w.groups[other]["faction"]
    evidence = 0.0
    if p["talks_true_account"] == ASSASSINATION_ACCOUNT:
        evidence = p["talks_evidence"]
    elif p["talks_true_account"] == FORCED_ENTRY_ACCOUNT:
        evidence = -p["talks_evidence"]
    for g in range(len(w.groups)):
        trust = trust_in(w, g, visitor) - trust_in(w, g, other)
        odds = p["talks_prior"] + evidence + p["talks_trust_weight"] * trust
        b = 1.0 / (1.0 + math.exp(-odds))
        for x in range(len(w.groups)):
            firm = 1.0 if x in (visitor, other) else 0.5
            if w.groups[x]["faction"] == fv:
                w.belief[x, g] = 0.5 + firm * (b - 0.5)
            elif w.groups[x]["faction"] == fo:
                w.belief[x, g] = 0.5 - firm * (b - 0.5)


@compiled
def trust_in(w, group, source):
    """Return a group's trust in what another says, 0..1."""
    mine, theirs = w.groups[group]["faction"], w.groups[source]["faction"]
    if mine == theirs:
        return w.group_trust[group, source]
    return w.relations[mine, theirs]["trust"]
