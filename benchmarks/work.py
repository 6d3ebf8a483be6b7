"""How much a day is to do, counted: the lines of the rules that are run, not the time they take.

Time grows with the map for two reasons: there is more to do, and the machine's memory is farther away the more of it is
used. The count has only the first. Rules are interpreted for it, so it is taken in a process without the compiler; the
same days are counted that growth.py times.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import lattice
from benchmarks.growth import SETTLE, WORK, Growth
from benchmarks.processes import python
from sim.engine.profile import simulate_by, taken_apart
from sim.geography.maps import load_map


class Counter:
    """Calls a function and counts the lines that are run in it and in all that it calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.lines = 0

    def __call__(self, *args: Any) -> Any:
        outer = sys.gettrace()
        sys.settrace(self._called)
        try:
            return self.function(*args)
        finally:
            sys.settrace(outer)

    def _called(self, _frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
        return self._line

    def _line(self, _frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        self.lines += event == "line"
        return self._line


def measure(growth: Growth, sides: Sequence[int], times: Sequence[int], days: int) -> None:
    """Count lines a day for maps of `side` x `side` towns and forces split in `times`, over so many days, in a new process."""
    words = f"from benchmarks.work import here; here({list(sides)}, {list(times)}, {days})"
    for by, part, size, lines in json.loads(python("-c", words, NUMBA_DISABLE_JIT="1")):
        growth.add(by, part, size, lines, WORK)


def here(sides: Sequence[int], times: Sequence[int], days: int) -> None:
    """Print as JSON what `measure` reads: (what grows, part, size, lines a day)."""
    found: list[tuple[str, str, float, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for side in sides:
            counts, _forces = lines_a_day(Path(scratch) / f"map{side}", side, 1, days)
            found += [("towns", part, side * side, lines) for part, lines in counts.items()]
        for each in times:
            counts, forces = lines_a_day(Path(scratch) / f"forces{each}", math.isqrt(lattice.FEWEST), each, days)
            found += [("forces", part, forces, lines) for part, lines in counts.items()]
    print(json.dumps(found))


def lines_a_day(folder: Path, side: int, times: int, days: int) -> tuple[dict[str, float], float]:
    """Return the lines that the day and each of its rules run a day, and the number of forces, over some days of a map."""
    geography = load_map(lattice.write_map(folder, side))
    simulation = lattice.start(side, SETTLE + days, geography, times)
    simulation.go_on(SETTLE)
    rules, one_day = taken_apart(lambda _name, rule: Counter(rule))
    force_days = simulate_by(one_day, simulation)
    lines = {f"rule {name}": rule.lines / days for name, rule in rules.items()}
    return {"a day": sum(lines.values()), **lines}, force_days / days
