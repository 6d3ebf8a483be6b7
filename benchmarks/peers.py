"""The engine beside plain Mesa on the same rules; and what a step of an agent costs in other models, for scale.

Only the first is a fair race: same rules, map and forces, checked to give the same statistics (`agree.py`). The others
do other things; they say what an agent's step costs in Python, whatever it does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

from benchmarks.agree import Agreement, agreement, of_engine, starts
from benchmarks.measure import Figure, cpu_seconds, figure, in_turn, ratio
from benchmarks.plain_mesa import Force, PlainModel, Town
from sim.engine import tables
from sim.engine.simulation import Simulation

RUNS = 10  # of the engine in a turn
STEPS = 10  # of other models in a turn


def race(turns: int) -> list[Figure]:
    """Return how many times faster the engine is than plain Mesa on the same rules, measured in turn."""
    start = starts()
    of_engine(start(1))  # compiles

    def engine(whole: bool) -> Callable[[], float]:
        def work() -> float:
            if whole:
                return sum(cpu_seconds(lambda seed=seed: run(start(seed))) for seed in range(1, RUNS + 1)) / RUNS
            ready = [start(seed) for seed in range(1, RUNS + 1)]
            return cpu_seconds(lambda: [run(each) for each in ready]) / RUNS

        return work

    def plain(whole: bool, towns_too: bool = False) -> Callable[[], float]:
        def work() -> float:
            turn[0] += 1
            first = start(1)
            if whole:
                return cpu_seconds(lambda: PlainModel(first, turn[0]).run())
            return cpu_seconds(PlainModel(first, turn[0], towns_too).run)

        return work

    turn = [0]
    works = {
        "engine": engine(False), "plain Mesa": plain(False), "plain Mesa, towns collected too": plain(False, True),
        "engine, start included": engine(True), "plain Mesa, start included": plain(True),
    }  # fmt: skip
    times = in_turn(works, turns)
    found = [figure("peer", f"{name}, same rules", each, "ms a run", 1e3) for name, each in times.items()]
    for slow, fast, goal in (
        ("plain Mesa", "engine", "at least 25"),
        ("plain Mesa, towns collected too", "engine", ""),
        ("plain Mesa, start included", "engine, start included", ""),
    ):
        value, apart = ratio(times[slow], times[fast])
        found.append(Figure("peer", f"{slow} / {fast}", value, "times", turns, apart, goal))
    return found + _per_agent(times, start)


def run(simulation: Simulation) -> None:
    """Simulate to the end."""
    simulation.go_on(simulation.days)


def _per_agent(times: dict[str, list[float]], start: Callable[[int], Simulation]) -> list[Figure]:
    """Return microseconds per agent and step, forces and towns being the agents of both."""
    simulation = start(1)
    agents = int(simulation.world.counts[tables.L_FORCES]) + len(simulation.world.towns)
    model = PlainModel(simulation)
    assert agents == len(model.agents_by_type[Force]) + len(model.agents_by_type[Town])
    return [
        Figure("step of an agent", f"{name}, same rules", 1e6 * min(times[name]) / (agents * simulation.days), "us")
        for name in ("engine", "plain Mesa")
    ]


def agreed(engine_runs: int, plain_runs: int) -> tuple[list[Figure], list[Agreement]]:
    """Return how well engine and plain Mesa agree on the same rules."""
    found = agreement(engine_runs, plain_runs)
    worst = max(found, key=lambda each: abs(each.apart))
    said = (
        f"{len(found)} statistics, {engine_runs} runs of the engine and {plain_runs} of plain Mesa; worst: {worst.name}"
    )
    return [Figure("peer", "farthest apart", abs(worst.apart), "standard errors", note=said)], found


def others(turns: int) -> list[Figure]:
    """Return microseconds per agent and step of models that come with Mesa and with AgentPy, where they are installed."""
    found = []
    for name, make in (("Mesa's Epstein civil violence", _epstein), ("AgentPy's segregation", _agentpy)):
        try:
            step, agents = make()
        except ImportError:
            continue
        step()
        times = in_turn({name: lambda step=step: cpu_seconds(lambda: [step() for _ in range(STEPS)]) / STEPS}, turns)[
            name
        ]
        scale = 1e6 / agents
        found.append(figure("step of an agent", name, times, "us", scale, note=f"{agents} agents"))
        found.append(Figure("step of an agent", f"{name}, median", statistics.median(times) * scale, "us", turns))
    return found


def _epstein() -> tuple[Callable[[], object], int]:
    from mesa.examples.advanced.epstein_civil_violence.model import EpsteinCivilViolence

    model = EpsteinCivilViolence(seed=1)
    return model.step, len(model.agents)


def _agentpy() -> tuple[Callable[[], object], int]:
    from agentpy.examples import SegregationModel

    model = SegregationModel(
        {"want_similar": 0.3, "n_groups": 2, "density": 0.76, "size": 40, "steps": 1000, "seed": 1}
    )
    model.sim_setup()

    def step() -> None:
        model.update()
        model.step()

    return step, int(model.n)
