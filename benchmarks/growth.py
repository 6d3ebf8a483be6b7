"""How time grows with towns, forces and days: one exponent for each part, fitted on logarithms.

time = constant x size^exponent. Besides the fit over all sizes there is the exponent of the last step, between the two
largest: fixed costs lower the first, and a part that begins to grow faster shows in the second.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import lattice
from benchmarks.measure import cpu_seconds
from benchmarks.rules import shares
from sim.engine import tables
from sim.engine.jit import compiled
from sim.engine.simulation import Simulation, simulate
from sim.geography.maps import load_map
from sim.results.run import Run
from sim.results.write import write

INNER = 2  # measurements of one size at a time
SETTLE = 5  # days before those that are timed
LIMIT = 1.1
MEMORY = "memory alone"  # every force, and the towns near every town, read once
NEAR_KM = 12.0
TIME, WORK = "seconds", "lines"  # what is measured: of work, lines of the rules that are run
LEAST = {TIME: 3e-6, WORK: 300.0}  # what is left of quicker calls is noise, and of fewer lines chance


@dataclass
class Series:
    """Seconds, or lines a day, of one part by size. `by` is what grows: towns, forces or days."""

    by: str
    part: str
    sizes: list[float] = field(default_factory=list)
    amounts: list[float] = field(default_factory=list)
    unit: str = TIME

    def add(self, size: float, spent: float) -> None:
        """Note an amount; of several for one size the least is kept."""
        if size in self.sizes:
            row = self.sizes.index(size)
            self.amounts[row] = min(self.amounts[row], spent)
        else:
            self.sizes.append(size)
            self.amounts.append(spent)

    @property
    def told(self) -> list[tuple[float, float]]:
        """The sizes and amounts that are large enough to tell anything."""
        return [pair for pair in zip(self.sizes, self.amounts, strict=True) if pair[1] > LEAST[self.unit]]

    @property
    def exponent(self) -> float:
        """Slope of log amount on log size; not a number for fewer than two sizes that tell."""
        if len(self.told) < 2:
            return math.nan
        return float(np.polyfit(*np.log(np.array(self.told)).T, 1)[0])

    @property
    def last(self) -> float:
        """Exponent between the two largest sizes; not a number where either is too quick to tell."""
        if len(self.told) < 2:
            return math.nan
        (small, less), (large, more) = self.told[-2:]
        return math.log(more / less) / math.log(large / small)


class Growth:
    """All series, by what is measured, what grows and part."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str, str], Series] = {}

    def add(self, by: str, part: str, size: float, spent: float, unit: str = TIME) -> None:
        self.series.setdefault((unit, by, part), Series(by, part, unit=unit)).add(size, spent)


def measure(sides: Sequence[int], times: Sequence[int], days: Sequence[int], turns: int, rule_days: int = 10) -> Growth:
    """Measure maps of `side` x `side` towns, forces split in `times`, and runs of so many days.

    All sizes are measured in turn, `turns` times, so that a slow minute of the machine does not make one size slow.
    """
    growth = Growth()
    with tempfile.TemporaryDirectory() as scratch:
        for _turn in range(turns):
            for side in sides:
                by_towns(growth, Path(scratch), side, INNER, rule_days)
            for each in times:
                by_forces(growth, Path(scratch), each, INNER, rule_days)
            for number in days:
                by_days(growth, Path(scratch), number, INNER)
    return growth


def by_towns(growth: Growth, scratch: Path, side: int, turns: int, rule_days: int) -> None:
    """Measure loading, building, a day and its rules, and writing, for one size of map."""
    folder = scratch / f"map{side}"
    folder = folder if folder.exists() else lattice.write_map(folder, side)
    towns, days = side * side, SETTLE + rule_days
    growth.add("towns", "loading the map", towns, min(cpu_seconds(lambda: load_map(folder)) for _ in range(turns)))
    geography = load_map(folder)
    lattice.start(side, days, geography)  # what is kept of a map from run to run
    growth.add(
        "towns",
        "building the start",
        towns,
        min(cpu_seconds(lambda: lattice.start(side, days, geography)) for _ in range(turns)),
    )
    world = lattice.start(side, days, geography).world
    look(world, NEAR_KM)
    growth.add("towns", MEMORY, towns, min(cpu_seconds(lambda: look(world, NEAR_KM)) for _ in range(5 * turns)))
    measured = shares(lambda: lattice.start(side, days, geography), turns, rule_days, SETTLE)
    growth.add("towns", "a day", towns, measured.whole / measured.days)
    for rule, spent in measured.rules.items():
        growth.add("towns", f"rule {rule}", towns, spent / measured.days)
    result = simulate(lattice.scenario(side, days), geography, 1)
    growth.add("towns", "writing", towns, min(_writing(result, scratch) for _ in range(turns)))


@compiled
def look(w, km):
    """Read a number of every force, and of every town within `km` of each town, and do nothing with them.

    The work grows linearly; what more it takes on a large map is the machine's memory, farther away the more there is.
    """
    total = 0
    for i in range(w.counts[tables.L_FORCES]):
        total += w.forces[w.live_forces[i]]["fighters"]
    for town in range(len(w.towns)):
        for i in range(w.near_start[town], w.near_start[town + 1]):
            if w.near[i]["km"] > km:
                break
            total += w.towns[w.near[i]["town"]]["holder"]
    return total


def _writing(result: object, scratch: Path) -> float:
    """Return the seconds of extracting and writing the tables of a run."""
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        return cpu_seconds(lambda: write(Run.of(result), out))  # type: ignore[arg-type]


def by_forces(growth: Growth, scratch: Path, times: int, turns: int, rule_days: int) -> None:
    """Measure a day and its rules with every force split, on the smallest map."""
    side = math.isqrt(lattice.FEWEST)
    folder = scratch / "forces"
    geography = load_map(folder if folder.exists() else lattice.write_map(folder, side))

    def start() -> Simulation:
        return lattice.start(side, SETTLE + rule_days, geography, times)

    measured = shares(start, turns, rule_days, SETTLE)
    forces = measured.force_days / measured.days
    growth.add("forces", "a day", forces, measured.whole / measured.days)
    for rule, spent in measured.rules.items():
        growth.add("forces", f"rule {rule}", forces, spent / measured.days)


def by_days(growth: Growth, scratch: Path, days: int, turns: int) -> None:
    """Measure a whole run, and writing it, for one number of days, on the smallest map."""
    side = math.isqrt(lattice.FEWEST)
    folder = scratch / "days"
    geography = load_map(folder if folder.exists() else lattice.write_map(folder, side))
    scenario = lattice.scenario(side, days)
    simulate(lattice.scenario(side, 1), geography, 1)  # compiles
    growth.add("days", "a run", days, min(cpu_seconds(lambda: simulate(scenario, geography, 1)) for _ in range(turns)))
    result = simulate(scenario, geography, 1)
    growth.add("days", "writing", days, min(_writing(result, scratch) for _ in range(turns)))


def events_per_town_day(side: int, days: int, folder: Path) -> float:
    """Return how much happens in a town of a map, to see that it does not depend on the size."""
    result = simulate(lattice.scenario(side, days), load_map(folder), 1)
    return float(result.world.counts[tables.N_EVENTS]) / (side * side * days)


def over(growth: Growth, limit: float = LIMIT) -> list[Series]:
    """Return the series that grow faster than the limit, by fit or by their last step."""
    told = [each for each in growth.series.values() if each.part != MEMORY]
    return [each for each in told if each.exponent > limit or each.last > limit]
