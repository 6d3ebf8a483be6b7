"""The escalation ladder: calm, dispute, incident, local clash, clashes in several places, campaign, per pair and day."""

from __future__ import annotations

from sim.engine.jit import compiled
from sim.engine.kinds import LEVEL_CHANGE, R_LADDER
from sim.engine.queries import campaign_between, hostile
from sim.engine.recording import log_event
from sim.engine.tables import L_DISPUTES

CLASHES = 3  # the level from which on there are clashes


@compiled
def ladder(w, p, day):
    """Place every pair of factions that may fight on the ladder; log each change of level."""
    for a in range(len(w.factions)):
        for b in range(a + 1, len(w.factions)):
            if not hostile(w, a, b):
                continue
            level = level_of(w, p, day, a, b)
            before = w.relations[a, b]["level"]
            if level == before:
                continue
            for x, y in ((a, b), (b, a)):
                w.relations[x, y]["level"] = level
                if before < CLASHES <= level:
                    w.relations[x, y]["round_day"] = day
            row = log_event(w, day, LEVEL_CHANGE, R_LADDER, w.relations[a, b]["last_event"], -1, -1, -1, 1.0, -1.0)
            e = w.events[row]
            e["initiator"], e["target"], e["level"], e["fighters"] = a, b, level, before


@compiled
def level_of(w, p, day, a, b):
    """Return the level of a pair: a campaign decided on, or else clashes, incidents and disputes of the last days."""
    if campaign_between(w, a, b) >= 0:
        return 5
    window = p["ladder_window_days"]
    places = 0
    for town in range(len(w.towns)):
        t = w.towns[town]
        if day - t["fought"] < window and (
            (t["fought_a"] == a and t["fought_b"] == b) or (t["fought_a"] == b and t["fought_b"] == a)
        ):
            places += 1
    if places >= p["ladder_several_places"]:
        return 4
    if places >= 1:
        return 3
    if day - w.relations[a, b]["incident_day"] < window:
        return 2
    for i in range(w.counts[L_DISPUTES]):
        d = w.disputes[w.live_disputes[i]]
        if d["alive"] == 1:
            x, y = w.groups[d["newcomer"]]["faction"], w.groups[d["host"]]["faction"]
            if (x == a and y == b) or (x == b and y == a):
                return 1
    return 0
