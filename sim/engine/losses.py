"""Deaths: taken from forces as integers, entered once into every count that must agree."""

from __future__ import annotations

from sim.engine.ground import recount
from sim.engine.jit import compiled


@compiled
def kill_in_town(w, town, faction, deaths):
    """Take deaths from a faction's forces that stand in a town, the largest first; return how many died."""
    died = 0
    while died < deaths:
        found, most = -1, 0
        for i in range(w.standing_start[town], w.standing_start[town + 1]):
            f = w.forces[w.standing[i]]
            if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["fighters"] > most:
                found, most = w.standing[i], f["fighters"]
        if found < 0:
            break
        taken = min(deaths - died, most)
        w.forces[found]["fighters"] -= taken
        died += taken
        if w.forces[found]["fighters"] == 0:
            w.forces[found]["alive"] = 0
    if died > 0:
        recount(w, town)
    return died


@compiled
def spread_losses(w, town, faction, deaths):
    """Take deaths from a faction's forces in a town in proportion to their fighters; return how many died."""
    total = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            total += f["fighters"]
    wanted = min(deaths, total)
    died = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if total > 0 and f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            share = (wanted * f["fighters"]) // total
            f["fighters"] -= share
            died += share
            if f["fighters"] == 0:
                f["alive"] = 0
    return died + kill_in_town(w, town, faction, wanted - died)


@compiled
def count_deaths(w, initiator, target, deaths_initiator, deaths_target):
    """Enter deaths between two factions into their relation and their own counts."""
    w.relations[initiator, target]["deaths_today"] += deaths_initiator
    w.relations[target, initiator]["deaths_today"] += deaths_target
    w.factions[initiator]["deaths_today"] += deaths_initiator
    w.factions[target]["deaths_today"] += deaths_target
    w.factions[initiator]["killed"] += deaths_initiator
    w.factions[target]["killed"] += deaths_target


@compiled
def desert(w, town, faction, share):
    """Let a share of a faction's fighters in a town desert, rounded down in each force; return how many."""
    gone = 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction:
            n = int(f["fighters"] * share)
            f["fighters"] -= n
            gone += n
            if f["fighters"] == 0:
                f["alive"] = 0
    w.factions[faction]["deserted"] += gone
    return gone
