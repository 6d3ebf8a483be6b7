"""One side demands that the other close its base; the other complies, stalls or refuses.

A game in two stages with logit quantal response at each (McKelvey & Palfrey 1995, Games Econ Behav 10:6; 1998, Exp
Econ 1:9, extensive form): the demander weighs tolerating against demanding, knowing how the answer is drawn. The
chance to win a fight is the ratio of what each side can count on (Tullock 1980, contest success function).
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_DEMAND,
    P_DEMAND_DAY,
    P_DEMAND_SIDE,
    P_FORCE_HOLDS,
    P_REFUSAL_CLASH,
    P_RESPONSE,
    P_SETTLE,
    P_TALKS,
    P_TALKS_DAY,
    exponential,
    identity,
    uniform,
)
from sim.engine.jit import compiled
from sim.engine.kinds import (
    BASE_AGREED,
    COMPLIED,
    D_CLASH,
    D_DEMANDED,
    D_REFUSED,
    D_SETTLED,
    D_TALKS,
    DEMAND,
    M_FORCE_RATIO,
    M_GRIEVANCE,
    M_HELP,
    M_TERMS,
    R_DEMAND,
    REFUSED,
    STALLED,
    TOLERATED,
    WITHDRAWAL,
)
from sim.engine.queries import covering, holder_faction, in_town, is_neutral, recount
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.clash import open_clash
from sim.engine.rules.columns import assembly_town, column_under_way, muster, relieve, spare_strength
from sim.engine.rules.control import change_holder, close_base, leave_town, take_over
from sim.engine.rules.lasting_policies import let_through
from sim.engine.rules.peacekeeping import deters
from sim.engine.tables import L_DISPUTES


@compiled
def answers(p, value, wins, grievance, terms):
    """Return the chances that a demand is met by (comply, stall, refuse), for the side that is asked.

    `value` is what the town is worth, `wins` its chance to win a fight, `terms` the cost of escalating.
    """
    comply = -value
    stall = -0.5 * value - p["demand_stall_cost"]
    refuse = (2.0 * wins - 1.0) * value - p["demand_fight_cost"] + p["demand_grievance_weight"] * grievance - terms
    top = max(comply, max(stall, refuse))
    precision = p["demand_rationality"]
    a = math.exp(precision * (comply - top))
    b = math.exp(precision * (stall - top))
    c = math.exp(precision * (refuse - top))
    total = a + b + c
    return a / total, b / total, c / total


@compiled
def chance_to_demand(p, value, wins, grievance, terms, tolerance, comply, stall, refuse):
    """Return the chance that a side demands rather than tolerates, given how the other answers."""
    tolerate = -p["demand_annoyance"] / max(tolerance, 0.05)
    fight = (2.0 * wins - 1.0) * value - p["demand_fight_cost"] + p["demand_grievance_weight"] * grievance
    demand = comply * value - stall * p["demand_annoyance"] + refuse * fight - terms
    gain = p["demand_rationality"] * (demand - tolerate)
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, gain))))


@compiled
def demands(w, p, day, seed):
    """Take each dispute one day further."""
    for i in range(w.counts[L_DISPUTES]):
        dispute = w.live_disputes[i]
        d = w.disputes[dispute]
        if d["alive"] == 0 or d["stage"] == D_TALKS:
            continue
        if stale(w, dispute):
            lapse(w, day, dispute)
            continue
        if w.towns[d["town"]]["clash"] >= 0 or (
            d["stage"] == D_CLASH
            and (
                column_under_way(w, d["town"], w.groups[d["newcomer"]]["faction"])
                or column_under_way(w, d["town"], w.groups[d["host"]]["faction"])
            )
        ):
            continue
        chance = 1.0 - math.exp(-math.pow(p["demand_repeat_share"], float(d["demands"])) / p["demand_interval_days"])
        if uniform(seed, P_DEMAND_DAY, day, d["key"]) < chance:
            decide(w, p, day, seed, dispute)


@compiled
def stale(w, dispute):
    """Return True where a dispute has lost its object: no base, no host."""
    d = w.disputes[dispute]
    base = w.bases[d["base"]]
    host_faction = w.groups[d["host"]]["faction"]
    return (
        base["alive"] == 0
        or is_neutral(w, d["town"])
        or w.groups[w.towns[d["town"]]["holder"]]["faction"] != host_faction
    )


@compiled
def lapse(w, day, dispute):
    """Close a dispute without an object."""
    d = w.disputes[dispute]
    d["alive"] = 0
    d["stage"] = D_SETTLED


@compiled
def decide(w, p, day, seed, dispute):
    """Let the stronger side, as a rule, decide whether to demand, and the other answer."""
    d = w.disputes[dispute]
    town = d["town"]
    newcomer, host = d["newcomer"], w.towns[town]["holder"]
    d["host"] = host
    own = battle_strength(w, p, town, newcomer, host) + 1.0
    other = battle_strength(w, p, town, host, newcomer) + 1.0
    wins = own / (own + other)
    if uniform(seed, P_DEMAND_SIDE, day, d["key"]) < wins:
        play(w, p, day, seed, dispute, newcomer, host, wins, own, other)
    else:
        play(w, p, day, seed, dispute, host, newcomer, 1.0 - wins, other, own)


@compiled
def battle_strength(w, p, town, group, against):
    """Return the strength that a group would have in a battle for a town: who stands there, and the column it would send.

    The column is the one that `muster` would gather: so many times the other's garrison, if so many are within reach.
    """
    faction = w.groups[group]["faction"]
    rival = in_town(w, town, w.groups[against]["faction"])
    assembly = assembly_town(w, p, 1 << group, town)
    column = 0.0
    if assembly >= 0:
        column = min(spare_strength(w, p, 1 << group, assembly), p["clash_column_ratio"] * rival)
    return in_town(w, town, faction) + column


@compiled
def play(w, p, day, seed, dispute, demander, asked, wins, own, other):
    """Play the game between the side that may demand and the side that is asked."""
    d = w.disputes[dispute]
    town = d["town"]
    fd, fa = w.groups[demander]["faction"], w.groups[asked]["faction"]
    value = 0.5 + w.towns[town]["value"]
    of_newcomer = p["demand_base_share"] * value  # a base of sixty men is not the town
    at_stake = of_newcomer if asked == d["newcomer"] else value
    agreement = covering(w, demander, asked, town)
    cost = p["demand_terms_weight"] if agreement >= 0 else 0.0
    terms = cost if demander == d["newcomer"] else 0.0  # it is the newcomer's base that the agreement speaks against
    terms_asked = cost - terms
    comply, stall, refuse = answers(p, at_stake, 1.0 - wins, w.relations[fa, fd]["grievance"], terms_asked)
    chance = chance_to_demand(
        p, at_stake, wins, w.relations[fd, fa]["grievance"], terms, w.factions[fd]["tolerance"], comply, stall, refuse
    )
    u = uniform(seed, P_DEMAND, day, d["key"])
    if u >= chance:
        tolerate(w, p, day, seed, dispute, demander, asked, chance, u)
        return
    row = log_event(w, day, DEMAND, R_DEMAND, d["last_event"], demander, asked, town, chance, u)
    add_factor(w, row, M_FORCE_RATIO, own / other, wins / 0.5)
    add_factor(
        w, row, M_HELP, own - w.strength[town, demander], 1.0 + (own - w.strength[town, demander]) / (own + other)
    )
    add_factor(
        w,
        row,
        M_GRIEVANCE,
        w.relations[fd, fa]["grievance"],
        math.exp(p["demand_grievance_weight"] * w.relations[fd, fa]["grievance"]),
    )
    if terms > 0.0:
        add_factor(w, row, M_TERMS, terms, math.exp(-p["demand_rationality"] * terms))
    d["last_event"] = row
    d["stage"] = D_DEMANDED
    d["demands"] += 1
    respond(w, p, day, seed, dispute, demander, asked, comply, stall, refuse, other / own)


@compiled
def tolerate(w, p, day, seed, dispute, demander, asked, chance, u):
    """Leave the other alone for now; in time the base is agreed."""
    d = w.disputes[dispute]
    if uniform(seed, P_SETTLE, day, d["key"]) >= p["demand_settles"]:
        return
    row = log_event(w, day, TOLERATED, R_DEMAND, d["last_event"], demander, asked, d["town"], 1.0 - chance, u)
    w.bases[d["base"]]["status"] = BASE_AGREED
    d["stage"], d["alive"], d["last_event"] = D_SETTLED, 0, row


@compiled
def respond(w, p, day, seed, dispute, demander, asked, comply, stall, refuse, ratio):
    """Draw the answer to a demand and carry it out."""
    d = w.disputes[dispute]
    u = uniform(seed, P_RESPONSE, day, d["key"])
    kind, chance = REFUSED, refuse
    if u < comply:
        kind, chance = COMPLIED, comply
    elif u < comply + stall:
        kind, chance = STALLED, stall
    row = log_event(w, day, kind, R_DEMAND, d["last_event"], asked, demander, d["town"], chance, u)
    add_factor(w, row, M_FORCE_RATIO, ratio, ratio)
    d["last_event"] = row
    if kind == COMPLIED:
        yield_to(w, day, dispute, demander, asked, row)
    elif kind == REFUSED:
        d["stage"] = D_REFUSED
        w.triggered[demander, asked] = day
        if p["talks_enabled"] > 0.0 and uniform(seed, P_TALKS, day, d["key"]) < p["talks_after_refusal"]:
            delay = exponential(p["talks_delay_days"], uniform(seed, P_TALKS_DAY, day, d["key"]))
            d["stage"], d["talks"], d["demander"] = D_TALKS, day + int(delay), demander
        else:
            use_force(w, p, day, seed, dispute, demander, asked, row)


@compiled
def use_force(w, p, day, seed, dispute, demander, asked, row):
    """Draw whether the demander attacks: at once if it is the stronger in the town, else with a column that gathers.

    An agreement in force or peacekeepers may hold it back. The other side sends the column with which it reckoned when it refused.
    """
    d = w.disputes[dispute]
    town = d["town"]
    u = uniform(seed, P_REFUSAL_CLASH, day, d["key"])
    own = in_town(w, town, w.groups[demander]["faction"])
    if u >= p["demand_clash_after_refusal"] or w.towns[town]["clash"] >= 0 or own <= 0.0:
        return
    agreement = covering(w, demander, asked, town)
    if agreement >= 0 and uniform(seed, P_FORCE_HOLDS, day, d["key"]) >= let_through(w, agreement, town):
        w.agreements[agreement]["held_back"] += 1
        return
    key = identity(d["key"], day)
    if deters(w, day, seed, key, town):
        return
    enemy = w.groups[asked]["faction"]
    if own >= in_town(w, town, enemy):
        open_clash(w, day, key, town, demander, asked, row)
    elif muster(w, p, day, seed, key, 1 << demander, town, enemy, day + 1, row, -1) == 0:
        return
    d["stage"] = D_CLASH
    come_to_help(w, p, day, seed, key, asked, demander, town, row)


@compiled
def come_to_help(w, p, day, seed, key, group, against, town, cause):
    """Let a group send a column to a fight for a town: to relieve its garrison, or against the town if it is a guest."""
    enemy = w.groups[against]["faction"]
    if holder_faction(w, town) == w.groups[group]["faction"]:
        relieve(w, p, day, seed, identity(key, 1), group, town, enemy, cause)
    else:
        muster(w, p, day, seed, identity(key, 1), 1 << group, town, enemy, day + 1, cause, -1)


@compiled
def yield_to(w, day, dispute, demander, asked, row):
    """Carry out compliance: a newcomer closes its base, a host leaves its town "to avoid escalation"."""
    d = w.disputes[dispute]
    d["alive"], d["stage"] = 0, D_SETTLED
    town = d["town"]
    if asked == d["newcomer"]:
        close_base(w, day, d["base"], row)
        recount(w, town)
        return
    loser = w.groups[asked]["faction"]
    change_holder(w, day, town, demander, WITHDRAWAL, R_DEMAND, row, asked, 1.0, -1.0)
    take_over(w, town, demander)
    leave_town(w, day, town, loser)
    recount(w, town)
