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
    if e["mover_1"] == 0:
        place = 1
    elif e["mover_2"] == 0:
        place = 2
    elif e["mover_3"] == 0:
        place = 3
    elif e["mover_4"] == 0:
        place = 4
    else:
        place = weakest(w, row, factor)
    if place == 1:
        e["mover_1"], e["value_1"], e["factor_1"] = mover, value, factor
    elif place == 2:
        e["mover_2"], e["value_2"], e["factor_2"] = mover, value, factor
    elif place == 3:
        e["mover_3"], e["value_3"], e["factor_3"] = mover, value, factor
    elif place == 4:
        e["mover_4"], e["value_4"], e["factor_4"] = mover, value, factor


@compiled
def weakest(w, row, factor):
    """Return which of an event's four movers is the weakest and weaker than a factor; 0 none."""
    e = w.events[row]
    place, least = 0, abs_log(factor)
    for n, other in enumerate((e["factor_1"], e["factor_2"], e["factor_3"], e["factor_4"])):
        if abs_log(other) < least:
            place, least = n + 1, abs_log(other)
    return place


@compiled
def abs_log(factor):
    """Return a measure of how far a factor is from 1, the same for x and 1/x."""
    if factor <= 0.0:
        return 1e9
    return factor - 1.0 if factor >= 1.0 else 1.0 / factor - 1.0
