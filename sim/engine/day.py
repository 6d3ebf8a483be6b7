"""One simulated day, read from top to bottom.

Each line is a rule: a function over the tables.
"""

from __future__ import annotations

from sim.engine.jit import compiled
from sim.engine.queries import find_fronts, sweep_all, update_index
from sim.engine.recording import record_day
from sim.engine.rules.base_attempt import base_attempts
from sim.engine.rules.campaign import campaigns
from sim.engine.rules.ceasefire import ceasefires, expirations
from sim.engine.rules.civilians import civilians
from sim.engine.rules.clash import clashes
from sim.engine.rules.control import control
from sim.engine.rules.demand import demands
from sim.engine.rules.incident import incidents
from sim.engine.rules.interventions import given
from sim.engine.rules.ladder import ladder
from sim.engine.rules.memory import forget_day, memory, tally
from sim.engine.rules.movement import movement
from sim.engine.rules.offensive import offensives
from sim.engine.rules.peacekeeping import guard_towns
from sim.engine.rules.reporting import reporting
from sim.engine.rules.spread import spread
from sim.engine.rules.talks import talks


@compiled
def one_day(w, daily, p, day, seed):
    """Simulate one day and record its end in row day + 1 of the daily tables."""
    dawn(w, day)
    expirations(w, day)
    given(w, p, day, seed)
    guard_towns(w)
    if p["base_attempt_enabled"] > 0.0:
        base_attempts(w, p, day, seed)
    if p["incident_enabled"] > 0.0:
        incidents(w, p, day, seed)
    if p["campaign_enabled"] > 0.0:
        campaigns(w, p, day, seed)
    if p["spread_enabled"] > 0.0:
        spread(w, p, day, seed)
    if p["movement_enabled"] > 0.0:
        movement(w, p, day, seed)
    update_index(w)
    if p["demand_enabled"] > 0.0:
        demands(w, p, day, seed)
    if p["talks_enabled"] > 0.0:
        talks(w, p, day, seed)
    if p["clash_enabled"] > 0.0:
        clashes(w, p, day, seed)
    if p["control_enabled"] > 0.0:
        control(w, p, day, seed)
    if p["ceasefire_enabled"] > 0.0:
        ceasefires(w, p, day, seed)
    if p["civilians_enabled"] > 0.0:
        civilians(w, p, day, seed)
    if p["offensive_enabled"] > 0.0:
        offensives(w, p, day, seed)
    tally(w, day)
    if p["memory_enabled"] > 0.0:
        memory(w, p)
    ladder(w, p, day)
    if p["reporting_enabled"] > 0.0:
        reporting(w, p, day, seed)
    record_day(w, daily, day)
    forget_day(w)


@compiled
def days_on_end(w, daily, numbers, first, last, seed, room):
    """Simulate the days from `first` to before `last`; return the day reached, earlier where a table is short of room.

    The numbers of the rules come as an array of one record, which costs less to pass. Python may have changed the tables.
    """
    w.space[0]["unindexed"] = 1
    for day in range(first, last):
        for position in range(len(room)):
            if w.counts[position] > room[position]:
                return day
        one_day(w, daily, numbers[0], day, seed)
    return last


@compiled
def dawn(w, day):
    """Tidy the tables before a day, -1 before the first: drop closed rows, index forces by town, find the front."""
    sweep_all(w)
    update_index(w)
    find_fronts(w, day)
