"""Where a simulated day spends its time: the same day, its rules called one by one and timed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

from sim.engine import day, tables
from sim.engine.simulation import Simulation
from sim.geography.maps import Geography
from sim.scenario.schema import Scenario

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def profile(scenario: Scenario, geography: Geography, seed: int) -> tuple[dict[str, float], int]:
    """Simulate once, rule by rule; return seconds by rule in the order of the day, and the force-days simulated.

    Calls from Python cost about 10 microseconds each, which the compiled day does not pay: read shares, not sums.
    """
    seconds: dict[str, float] = defaultdict(float)
    _rules, one_day = taken_apart(lambda name, rule: _timed(name, rule, seconds))
    simulate_by(one_day, Simulation(scenario, geography, seed))  # the first run compiles
    seconds.clear()
    force_days = simulate_by(one_day, Simulation(scenario, geography, seed))
    return dict(seconds), force_days


def taken_apart(wrap: Callable[[str, Callable[..., Any]], Wrapped]) -> tuple[dict[str, Wrapped], Callable[..., None]]:
    """Return the rules of a day by name, each wrapped by `wrap(name, rule)`, and the day as a function that calls these."""
    code = getattr(day.one_day, "py_func", day.one_day).__code__
    rules = {name: wrap(name, rule) for name, rule in vars(day).items() if name in code.co_names and callable(rule)}
    return rules, FunctionType(code, {**vars(day), **rules})


def simulate_by(one_day: Callable[..., None], simulation: Simulation) -> int:
    """Simulate all days that are left by a function that stands in for the compiled day; return the force-days."""
    force_days = 0
    while simulation.day < simulation.days:
        simulation.step(one_day)
        force_days += int(simulation.world.counts[tables.L_FORCES])
    return force_days


def _timed(name: str, rule: Callable[..., Any], seconds: dict[str, float]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        began = time.perf_counter()
        result = rule(*args)
        seconds[name] += time.perf_counter() - began
        return result

    return call
