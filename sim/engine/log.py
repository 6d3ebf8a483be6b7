"""Writing the event log: one row an event, with its cause, its chance and what moved the chance."""

from __future__ import annotations

from sim.engine.draws import identity
from sim.engine.jit import compiled
from sim.engine.tables import N_EVENTS


@compiled
def log_event(w, day, kind, rule, cause, initiator_group, target_group, town, probability, draw):
    """Append an event and return its row; groups, town and cause may be -1."""
    row = w.counts[N_EVENTS]
    w.counts[N_EVENTS] = row + 1
    e = w.events[row]
    e["day"] = day
    e["kind"] = kind
    e["rule"] = rule
    e["cause"] = cause
    e["initiator_group"] = initiator_group
    e["target_group"] = target_group
    e["initiator"] = w.groups[initiator_group]["faction"] if initiator_group >= 0 else -1
    e["target"] = w.groups[target_group]["faction"] if target_group >= 0 else -1
    e["town"] = town
    e["probability"] = probability
    e["draw"] = draw
    e["agreement"] = -1
    e["key"] = identity(
        identity(kind * 100003 + day, w.towns[town]["key"] if town >= 0 else -1),
        w.groups[initiator_group]["key"] if initiator_group >= 0 else row,
    )
    if e["initiator"] >= 0 and e["target"] >= 0:
        e["level"] = w.relations[e["initiator"], e["target"]]["level"]
    return row


@compiled
def moved(w, row, mover, value, factor):
    """Note what moved the chance of an event; of more than four movers the strongest stay."""
    e = w.events[row]
    strength = abs_log(factor)
    if e["mover_1"] == 0:
        e["mover_1"], e["value_1"], e["factor_1"] = mover, value, factor
    elif e["mover_2"] == 0:
        e["mover_2"], e["value_2"], e["factor_2"] = mover, value, factor
    elif e["mover_3"] == 0:
        e["mover_3"], e["value_3"], e["factor_3"] = mover, value, factor
    elif e["mover_4"] == 0 or abs_log(e["factor_4"]) < strength:
        e["mover_4"], e["value_4"], e["factor_4"] = mover, value, factor


@compiled
def abs_log(factor):
    """Return a measure of how far a factor is from 1, the same for x and 1/x."""
    if factor <= 0.0:
        return 1e9
    return factor - 1.0 if factor >= 1.0 else 1.0 / factor - 1.0
