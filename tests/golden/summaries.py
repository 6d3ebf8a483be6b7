"""Golden summaries: what three runs came to, in readable text, and the hash of each run's event log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sim.engine import kinds
from sim.engine.simulation import Result, simulate
from sim.geography.maps import load_map
from sim.results.run import Run
from sim.scenario.load import load_scenario
from tests.engine.worlds import events_of

FOLDER = Path(__file__).parent
FIRST_EVENTS = 15


def shipped(name: str, seed: int) -> Result:
    """Return a run of a shipped scenario."""
    scenario = load_scenario(name)
    return simulate(scenario, load_map(scenario.map), seed)


def by_hand(seed: int) -> Result:
    """Return a run of the wild world of the tests of invariants."""
    from tests.engine.test_invariants import wild

    return wild(seed).run(150).sim.result()


GOLDEN: dict[str, Callable[[], Result]] = {
    "kafr_hamra-seed7": lambda: shipped("kafr_hamra", 7),
    "greater_idlib_2018-seed1": lambda: shipped("greater_idlib_2018", 1),
    "by_hand-seed3": lambda: by_hand(3),
}


def log_hash(result: Result) -> str:
    """Return the SHA-256 of the event log's bytes."""
    return hashlib.sha256(events_of(result.world).tobytes()).hexdigest()


def state_hash(result: Result) -> str:
    """Return the SHA-256 of forces, towns and influence at the end."""
    w = result.world
    digest = hashlib.sha256()
    for array in (w.forces[: w.counts[0]], w.towns, w.influence, w.relations, result.daily.holder):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def readable(result: Result) -> str:
    """Return what a run came to, one thing a line."""
    run = Run.of(result)
    kind = events_of(result.world)["kind"]
    lines = [f"{result.scenario.title}, seed {result.seed}, {result.days} days", "", "Events by kind"]
    for number, word in enumerate(kinds.EVENT_KINDS):
        if n := int((kind == number).sum()):
            lines.append(f"  {word:<22}{n:>6}")
    lines += ["", "Statistics"]
    for name, value in run.summary.items():
        shown = f"{value:.2f}" if isinstance(value, float) else "none" if value is None else str(value)
        lines.append(f"  {name:<40}{shown:>10}")
    lines += ["", f"The first {FIRST_EVENTS} events"]
    for day, text in zip(run.events["day"][:FIRST_EVENTS], run.events["text"][:FIRST_EVENTS], strict=True):
        lines.append(f"  day {day:>3}  {text}")
    return "\n".join(lines) + "\n"
