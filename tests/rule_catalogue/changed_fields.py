"""Simulate a scenario step by step without compiling, and say which tables and fields each step really changed.

Run as a script with NUMBA_DISABLE_JIT=1: it prints {step: {"changed": [[table, field], ...], "events": [kind, ...]}}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from sim.engine import day
from sim.engine.kinds import EVENT_KINDS
from sim.engine.simulation import Simulation
from sim.engine.tables import N_EVENTS, Daily, World
from sim.load import read
from sim.rule_catalogue import TITLES

Found = dict[str, dict[str, set[Any]]]


def copies(tables: Any, layout: dict[str, Any], prefix: str) -> dict[str, np.ndarray]:
    return {prefix + name: getattr(tables, name).copy() for name in layout}


def differences(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[tuple[str, str]]:
    found = set()
    for table, old in before.items():
        new = after[table]
        for name in old.dtype.names or ("",):
            one, other = (old[name], new[name]) if name else (old, new)
            if one.tobytes() != other.tobytes():
                found.add((table, name))
    return found


def watched(name: str, step: Callable[..., Any], simulation: Simulation, found: Found) -> Callable[..., Any]:
    def call(*words: Any) -> None:
        world, daily = simulation.world, simulation.daily
        before = copies(world, World.LAYOUT, "") | copies(daily, Daily.LAYOUT, "daily.")
        step(*words)
        after = copies(world, World.LAYOUT, "") | copies(daily, Daily.LAYOUT, "daily.")
        seen = found.setdefault(name, {"changed": set(), "events": set()})
        seen["changed"] |= differences(before, after)
        new = after["events"][before["counts"][N_EVENTS] : after["counts"][N_EVENTS]]
        seen["events"] |= {EVENT_KINDS[kind] for kind in new["kind"]}

    return call


def main(path: str, seed: str, *sets: str) -> None:
    loaded, geography = read(path, sets)
    simulation, found = Simulation(loaded.scenario, geography, int(seed)), Found()
    steps = {name: watched(name, getattr(day, name), simulation, found) for name in TITLES}
    one_day = FunctionType(day.one_day.__code__, {**vars(day), **steps})
    while simulation.day < simulation.days:
        simulation.step(one_day)
    print(json.dumps({name: {key: sorted(value) for key, value in seen.items()} for name, seen in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
