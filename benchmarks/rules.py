"""What each rule takes of a day: the same day with its rules called one by one, and the compiled day as a whole.

A call from Python to a compiled rule costs about as much as many a rule, most of it for the record of parameters, which
is unpacked. That is measured after each day with rules that do nothing, and taken off. Runs are deterministic: call n of a rule does the
same work in every turn, so the least of its times over all turns is kept, call by call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engine import tables
from sim.engine.jit import compiled
from sim.engine.profile import taken_apart
from sim.engine.simulation import Simulation

Start = Callable[[], Simulation]


@compiled
def nothing(w):
    """Do nothing with the tables."""


@compiled
def nothing_with(w, p):
    """Do nothing with the tables and the parameters."""


@dataclass(frozen=True)
class Shares:
    """Seconds of each rule in a run, cost of calls taken off; of the whole compiled run; force-days, days."""

    rules: dict[str, float]
    whole: float
    force_days: int
    days: int
    call: float  # seconds of one call without parameters
    call_with: float  # with them

    @property
    def ns_per_force_day(self) -> float:
        return 1e9 * self.whole / self.force_days

    def share(self, rule: str) -> float:
        """Return a rule's share of the sum of all rules."""
        return self.rules[rule] / sum(self.rules.values())


def shares(start: Start, turns: int, days: int | None = None, skip: int = 0) -> Shares:
    """Simulate `days` (all that are left if None) of a run, `turns` times whole and in parts, in turn.

    `skip` days are simulated first, unmeasured.
    """
    clocks, apart = taken_apart(lambda _name, rule: Clock(rule))
    whole, empty, empty_with = Clock(lambda simulation: simulation.step()), Clock(nothing), Clock(nothing_with)

    def in_parts(simulation: Simulation) -> None:
        simulation.step(apart)
        empty(simulation.world)
        empty_with(simulation.world, simulation.params)

    for turn in range(turns + 1):
        force_days, number = _run(start(), days, skip, whole)
        _run(start(), days, skip, in_parts)
        for clock in (*clocks.values(), whole, empty, empty_with):
            clock.end_turn(keep=turn > 0)  # the first turn compiles
    call, call_with = float(empty.least.mean()), float(empty_with.least.mean())
    rules = {
        name: max(0.0, float(clock.least.sum()) - len(clock.least) * (call_with if clock.takes_parameters else call))
        for name, clock in clocks.items()
        if clock.least is not None
    }
    return Shares(rules, float(whole.least.sum()), force_days, number, call, call_with)


def _run(simulation: Simulation, days: int | None, skip: int, step: Callable[[Simulation], None]) -> tuple[int, int]:
    """Simulate, and return force-days and days; the first `skip` are not stepped through with `step`, nor counted."""
    force_days = number = 0
    for _day in range(skip):
        simulation.step()
    while simulation.day < simulation.days and number != days:
        step(simulation)
        force_days += int(simulation.world.counts[tables.L_FORCES])
        number += 1
    return force_days, number


class Clock:
    """Calls a function, and keeps the least time of its nth call over turns."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.times: list[float] = []
        self.least: np.ndarray | None = None
        names = getattr(function, "py_func", function).__code__.co_varnames
        self.takes_parameters = "p" in names

    def __call__(self, *args: Any) -> Any:
        began = time.perf_counter()
        result = self.function(*args)
        self.times.append(time.perf_counter() - began)
        return result

    def end_turn(self, keep: bool) -> None:
        if keep and self.times:
            times = np.array(self.times)
            self.least = times if self.least is None else np.minimum(self.least, times)
        self.times = []
