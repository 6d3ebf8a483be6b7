"""What one run costs: the engine alone, under Mesa's objects, with everything written, with pictures; frames; rules."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import Figure, cpu_seconds, figure, in_turn, ratio, seconds
from benchmarks.rules import shares
from sim.engine.simulation import Simulation, simulate
from sim.load import read
from sim.results.run import Run
from sim.results.write import write

SCENARIO = "kafr_hamra"
SEEDS = 10  # runs of the engine measured together, as one is too short for a clock


def runs(turns: int, picture_turns: int) -> list[Figure]:
    """Return milliseconds a run of the scenario, four ways, measured in turn."""
    from sim.model.conflict import ConflictModel
    from sim.pages.run_report import draw_all

    loaded, geography = read(SCENARIO)
    scenario = loaded.scenario

    def engine() -> float:
        return sum(cpu_seconds(lambda seed=seed: simulate(scenario, geography, seed)) for seed in range(SEEDS)) / SEEDS

    def mesa(agents: bool) -> float:
        model = ConflictModel(scenario, rng=1)
        return cpu_seconds(
            lambda: (len(model.agents) if agents else None, [model.step() for _ in range(scenario.days)])
        )

    def written(pictures: bool) -> float:
        with tempfile.TemporaryDirectory() as out:
            draw = draw_all if pictures else None
            return seconds(lambda: write(Run.of(simulate(scenario, geography, 1), loaded.name), out, draw=draw))

    works = {
        "engine, with its start": engine,
        "under a Mesa model, no agent asked for": lambda: mesa(False),
        "under a Mesa model, agents in step": lambda: mesa(True),
        "with everything written": lambda: written(False),
    }
    for work in works.values():
        work()  # compiles, imports, fills caches
    times = in_turn(works, turns)
    times |= in_turn({"with everything written and pictures": lambda: written(True)}, picture_turns)
    found = [figure("run", name, each, "ms a run", 1e3) for name, each in times.items()]
    quick = times["engine, with its start"]
    times_more, apart = ratio(times["under a Mesa model, agents in step"], quick)
    found.append(Figure("run", "agents in step, times the engine", times_more, "times", turns, apart))
    read_turns = in_turn({"reading the scenario and its map": lambda: seconds(lambda: read(SCENARIO))}, turns)
    return [*found, *(figure("run", name, each, "ms", 1e3) for name, each in read_turns.items())]


def rules(turns: int) -> list[Figure]:
    """Return nanoseconds per force-day, and the share of each rule."""
    loaded, geography = read(SCENARIO)
    measured = shares(lambda: Simulation(loaded.scenario, geography, 1), turns)
    parts = sum(measured.rules.values())
    found = [
        Figure(
            "rules", "a force-day", measured.ns_per_force_day, "ns", turns, goal="at most 300",
            note="all rules on, compiled day, least of each day over turns",
        ),
        Figure("rules", "a day", 1e6 * measured.whole / measured.days, "us", turns),
        Figure("rules", "a call of a rule from Python", 1e6 * measured.call, "us", turns),
        Figure("rules", "the same, with parameters", 1e6 * measured.call_with, "us", turns),
        Figure("rules", "sum of rules, called one by one", 1e6 * parts / measured.days, "us a day", turns),
        Figure(
            "rules", "outside the rules", 1e6 * (measured.whole - parts) / measured.days, "us a day", turns,
            note="the call from Python and making room in tables, less what compiling the rules together gains",
        ),
    ]  # fmt: skip
    ordered = sorted(measured.rules.items(), key=lambda pair: -pair[1])
    return found + [Figure("share", rule, 100 * measured.share(rule), "% of the day", turns) for rule, _s in ordered]


def frames(turns: int) -> list[Figure]:
    """Return frames a second of the page's frame builder: the day in words and numbers, then the map as SVG."""
    from sim.pages.map_svg import MapDrawing
    from sim.viewer.session import RecordedModel

    loaded, geography = read(SCENARIO)
    days = loaded.scenario.days
    kept: dict[str, float] = {}

    def play() -> float:
        drawing = MapDrawing(loaded.scenario, geography)  # anew: nothing of another turn's frames is kept
        model = RecordedModel(loaded.scenario, rng=1)
        spent = cpu_seconds(lambda: [model.step() for _ in range(days)])
        snapshots = model.history.snapshots
        drawn = cpu_seconds(lambda: [drawing.frame(snapshot) for snapshot in snapshots])
        kept["bytes"] = sum(len(drawing.frame(snapshot)) for snapshot in snapshots) / len(snapshots)
        times["day"].append(days / spent)
        times["frame"].append(len(snapshots) / drawn)
        return (days + 1) / (spent + drawn)

    times: dict[str, list[float]] = {"day": [], "frame": []}
    both = in_turn({"both": play}, turns)["both"]
    return [
        Figure("frames", "frames drawn", max(times["frame"]), "a second", turns),
        Figure("frames", "days simulated and told", max(times["day"]), "a second", turns),
        Figure("frames", "both", max(both), "a second", turns),
        Figure("frames", "a frame", kept["bytes"] / 1e3, "kB", turns),
    ]


def output_size() -> list[Figure]:
    """Return how much a run writes without pictures."""
    loaded, geography = read(SCENARIO)
    with tempfile.TemporaryDirectory() as out:
        folder = write(Run.of(simulate(loaded.scenario, geography, 1), loaded.name), Path(out))
        size = sum(file.stat().st_size for file in folder.iterdir())
    return [Figure("run", "written, without pictures", size / 1e6, "MB")]
