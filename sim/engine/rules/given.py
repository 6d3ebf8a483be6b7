"""Dated events that the scenario asserts, and dated policies: carried out on their day, or skipped and said."""

from __future__ import annotations

from sim.engine.draws import identity
from sim.engine.forces import new_force
from sim.engine.ground import holder_faction, recount
from sim.engine.jit import compiled
from sim.engine.kinds import (
    AGREEMENT_SIGNED,
    GARRISON,
    GIVEN_AGREEMENT,
    GIVEN_BASE_ATTEMPT,
    GIVEN_SKIPPED,
    POLICY,
    R_GIVEN,
    REINFORCE_POLICY,
)
from sim.engine.log import log_event
from sim.engine.rules.base_attempt import attempt
from sim.engine.rules.ceasefire import lowest, take_effect
from sim.engine.tables import L_AGREEMENTS


@compiled
def given(w, p, day, seed):
    """Carry out what is given for today."""
    for i in range(len(w.actions)):
        a = w.actions[i]
        if a["day"] != day:
            continue
        if a["kind"] == GIVEN_BASE_ATTEMPT:
            attempt(w, p, day, a["faction"], a["group"], a["town"], 1)
        elif a["kind"] == GIVEN_AGREEMENT:
            assert_agreement(w, p, day, seed, a["agreement"])
        elif a["kind"] == REINFORCE_POLICY:
            reinforce(w, day, i)


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
    """Bring fighters from outside to a town that their faction holds."""
    a = w.actions[action]
    faction = w.groups[a["group"]]["faction"]
    possible = holder_faction(w, a["town"]) == faction
    row = log_event(w, day, POLICY if possible else GIVEN_SKIPPED, R_GIVEN, -1, a["group"], -1, a["town"], 1.0, -1.0)
    w.events[row]["given"] = 1
    w.events[row]["fighters"] = a["fighters"]
    if possible:
        key = identity(a["key"], day)
        new_force(w, day, key, a["group"], a["town"], a["fighters"], w.groups[a["group"]]["cohesion"], GARRISON, row)
        w.factions[faction]["reinforced"] += a["fighters"]
        recount(w, a["town"])
