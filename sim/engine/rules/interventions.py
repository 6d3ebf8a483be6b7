"""Dated events that the scenario asserts, and dated policies: carried out on their day, or skipped and said."""

from __future__ import annotations

from sim.engine.draws import identity
from sim.engine.forces import join_group, new_force
from sim.engine.jit import compiled
from sim.engine.kinds import (
    AGREEMENT_SIGNED,
    CLASH_OVER,
    DEMOBILISE,
    GARRISON,
    GARRISON_POLICY,
    GIVEN_AGREEMENT,
    GIVEN_BASE_ATTEMPT,
    GIVEN_KILLING,
    GIVEN_SKIPPED,
    MERGE,
    PEACEKEEPER,
    POLICY,
    R_GIVEN,
    REBEL,
    REINFORCE_POLICY,
    TO_HOST,
    TOWN_NEUTRAL,
    WITHDRAW,
    WITHDRAWAL,
)
from sim.engine.queries import first_group, holder_faction, in_town, index_forces, recount, strongest_group
from sim.engine.recording import log_event
from sim.engine.rules.agreements import lowest
from sim.engine.rules.base_attempt import attempt
from sim.engine.rules.ceasefire import take_effect
from sim.engine.rules.clash import end_clash
from sim.engine.rules.control import change_holder, close_base, leave_town, take_over
from sim.engine.rules.lasting_policies import apply_policies, release_stationed, send_garrison
from sim.engine.rules.peacekeeping import leave_posts, post
from sim.engine.rules.talks import given_killing
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_FORCES, N_FORCES


@compiled
def given(w, p, day, seed):
    """Carry out what is given for today, and set what lasting policies in force do."""
    apply_policies(w, day)
    release_stationed(w, day)
    for i in range(len(w.actions)):
        a = w.actions[i]
        if a["day"] != day:
            continue
        if a["kind"] == GIVEN_BASE_ATTEMPT:
            attempt(w, p, day, a["faction"], a["group"], a["town"], 1)
        elif a["kind"] == GIVEN_KILLING:
            given_killing(w, p, day, seed, i)
        elif a["kind"] == GIVEN_AGREEMENT:
            assert_agreement(w, p, day, seed, a["agreement"])
        elif a["kind"] == REINFORCE_POLICY:
            reinforce(w, day, i)
        elif a["kind"] == WITHDRAW:
            withdraw(w, day, i)
        elif a["kind"] == MERGE:
            merge(w, day, i)
        elif a["kind"] == DEMOBILISE:
            demobilise(w, day, i)
        elif a["kind"] == GARRISON_POLICY:
            station(w, p, day, i)
        else:
            announce(w, day, i, True)


@compiled
def announce(w, day, action, possible):
    """Log a policy, or that it was skipped as impossible; return the event."""
    a = w.actions[action]
    group = a["group"]
    if group < 0 and a["faction"] >= 0:
        group = first_group(w, a["faction"])
    row = log_event(w, day, POLICY if possible else GIVEN_SKIPPED, R_GIVEN, -1, group, -1, a["town"], 1.0, -1.0)
    w.events[row]["given"] = 1
    w.events[row]["fighters"] = a["fighters"]
    return row


@compiled
def assert_agreement(w, p, day, seed, agreement):
    """Put a given agreement, prepared before the start, into force."""
    a = w.agreements[agreement]
    row = log_event(
        w, day, AGREEMENT_SIGNED, R_GIVEN, -1, lowest(a["party_a"]), lowest(a["party_b"]), a["town"], 1.0, -1.0
    )
    w.events[row]["given"] = 1
    w.events[row]["agreement"] = agreement
    a["signed_event"] = row
    w.live_agreements[w.counts[L_AGREEMENTS]] = agreement
    w.counts[L_AGREEMENTS] += 1
    take_effect(w, p, day, seed, agreement)


@compiled
def reinforce(w, day, action):
    """Bring fighters from outside to a town that their faction holds; peacekeepers to any, with their mandate."""
    a = w.actions[action]
    faction = w.groups[a["group"]]["faction"]
    guards = w.factions[faction]["role"] == PEACEKEEPER
    possible = guards or holder_faction(w, a["town"]) == faction
    row = announce(w, day, action, possible)
    if possible:
        if guards:
            post(w, day, action, row)
        else:
            key, cohesion = identity(a["key"], day), w.groups[a["group"]]["cohesion"]
            new_force(w, day, key, a["group"], a["town"], a["fighters"], cohesion, GARRISON, row)
        w.factions[faction]["reinforced"] += a["fighters"]
        index_forces(w)


@compiled
def concerns(w, action, town):
    """Return True where a withdrawal concerns a town: the one it names, or any in the zone."""
    named = w.actions[action]["town"]
    return town == named if named >= 0 else w.towns[town]["in_zone"] == 1


@compiled
def withdraw(w, day, action):
    """Let a faction leave the zone or a town: its towns change holder, its bases close, its forces march off.

    Peacekeepers leave the theatre; nothing else changes.
    """
    a = w.actions[action]
    faction = a["faction"]
    if w.factions[faction]["role"] == PEACEKEEPER:
        gone = leave_posts(w, faction, a["town"], a["in_zone"])
        w.events[announce(w, day, action, gone > 0)]["fighters"] = gone
        index_forces(w)
        return
    row = announce(w, day, action, True)
    if a["may_return"] == 0:
        w.factions[faction]["barred"] = 1
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        if b["alive"] == 1 and b["faction"] == faction and concerns(w, action, b["town"]):
            close_base(w, day, w.live_bases[i], row)
    moved = 0
    for town in range(len(w.towns)):
        if concerns(w, action, town):
            moved += leave(w, day, action, town, row)
    w.events[row]["fighters"] = moved
    index_forces(w)


@compiled
def leave(w, day, action, town, cause):
    """Let a faction leave one town; return how many fighters march off."""
    a = w.actions[action]
    faction = a["faction"]
    moved = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction:
            moved += f["fighters"]
    if w.towns[town]["clash"] >= 0 and moved > 0:
        end_clash(w, day, w.towns[town]["clash"], CLASH_OVER)
    if holder_faction(w, town) == faction:
        host = successor(w, town, faction) if a["towns_to"] == TO_HOST else -1
        kind = WITHDRAWAL if host >= 0 else TOWN_NEUTRAL
        change_holder(w, day, town, host, kind, R_GIVEN, cause, w.towns[town]["holder"], 1.0, -1.0)
        if host >= 0:
            take_over(w, town, host)
    leave_town(w, day, town, faction)
    recount(w, town)
    return moved


@compiled
def successor(w, town, faction):
    """Return the strongest group of another rebel faction in a town or, else, in the nearest town with one; -1 none."""
    for i in range(w.near_start[town] - 1, w.near_start[town + 1]):
        there = town if i < w.near_start[town] else w.near[i]["town"]
        best, strongest = 0.0, -1
        for other in range(len(w.factions)):
            if other != faction and w.factions[other]["role"] == REBEL and in_town(w, there, other) > best:
                best, strongest = in_town(w, there, other), strongest_group(w, there, other)
        if strongest >= 0:
            return strongest
    return -1


@compiled
def merge(w, day, action):
    """Let the fighters and towns of groups join another group of their faction."""
    a = w.actions[action]
    into = a["into"]
    joined = join_group(w, a["agreement"], into, a["factor"])
    w.groups[into]["cohesion"] = a["factor"]
    row = announce(w, day, action, joined > 0)
    w.events[row]["fighters"] = joined
    w.events[row]["initiator_group"], w.events[row]["initiator"] = into, w.groups[into]["faction"]
    index_forces(w)


@compiled
def leaves(w, action, row):
    """Return True for a force whose fighters a policy demobilises."""
    a, f = w.actions[action], w.forces[row]
    if f["alive"] == 0 or f["faction"] != a["faction"] or (a["town"] >= 0 and f["town"] != a["town"]):
        return False
    return a["group"] < 0 or f["group"] == a["group"]


@compiled
def demobilise(w, day, action):
    """Let fighters leave the war, from each force in proportion: a number, at most all there are, or a share."""
    a = w.actions[action]
    total = 0
    for i in range(w.counts[L_FORCES]):
        if leaves(w, action, w.live_forces[i]):
            total += w.forces[w.live_forces[i]]["fighters"]
    due = min(a["fighters"], total) if a["fighters"] > 0 else int(a["factor"] * total + 0.5)
    row = announce(w, day, action, due > 0)
    w.events[row]["fighters"] = due
    passed, gone = 0, 0
    for i in range(w.counts[L_FORCES]):
        if total > 0 and leaves(w, action, w.live_forces[i]):
            f = w.forces[w.live_forces[i]]
            passed += f["fighters"]
            left = due * passed // total - gone  # rounded so that the parts sum to `due`
            gone += left
            f["fighters"] -= left
            if f["fighters"] == 0:
                f["alive"] = 0
    w.factions[a["faction"]]["demobilised"] += gone
    index_forces(w)


@compiled
def station(w, p, day, action):
    """Send fighters of other garrisons to a town that their faction holds, the nearest by road first; skipped without any."""
    a = w.actions[action]
    first, sent = w.counts[N_FORCES], 0
    if holder_faction(w, a["town"]) == a["faction"]:
        sent = send_garrison(w, p, day, action)
    row = announce(w, day, action, sent > 0)
    w.events[row]["fighters"] = sent
    for new in range(first, w.counts[N_FORCES]):
        w.forces[new]["cause"] = row
