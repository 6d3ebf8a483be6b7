"""A simulator of territorial competition between armed groups; the theatres are maps and scenarios.

The public API: `simulate(...)` and `Run.open(folder)` give a `Run`, whose events, daily table, control and agreements are
pandas DataFrames; `batch(...)` and `Study.open(folder)` give a `Study` of many runs; `compare(...)` compares studies, or
single runs. A notebook shows all three as tables, a run also as a map.

    import sim
    run = sim.simulate("two_valleys", seed=7)
    run.summary["clash_days"], run.events.head()
    study = sim.batch("two_valleys", "my_scenario.yaml", replicates=50)
    sim.compare(study).table("differences")
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.comparison.compare import compare
    from sim.errors import InputError
    from sim.results.run import Run
    from sim.scenario.schema import Scenario
    from sim.study.batch import batch
    from sim.study.store import Study

__all__ = ["InputError", "Run", "Study", "__version__", "batch", "compare", "simulate"]
__version__ = "0.1.0"
MODULES = {
    "InputError": "sim.errors",
    "Run": "sim.results.run",
    "Study": "sim.study.store",
    "batch": "sim.study.batch",
    "compare": "sim.comparison.compare",
}
"""The module of each public name that is loaded when asked for, so that `import sim` takes no time."""


def simulate(path: str | Path | Scenario, seed: int = 1, sets: Sequence[str] = ()) -> Run:
    """Simulate a scenario and return the finished run, in memory. Nothing is written; see `sim.results.write.write`.

    Args:
        path: a scenario file, the bare name of one in `scenarios/`, or a `Scenario`.
        seed: a whole number from 0 to 2**63 - 1; the same scenario, seed and version give the same events.
        sets: changes to the scenario as "KEY=VALUE", with the keys that `run.py show` prints.

    Raises:
        InputError: with every fault of the scenario, of its map and of `sets`.

    Example:
        >>> import sim
        >>> run = sim.simulate("two_valleys", seed=1, sets=["days=60"])
        >>> run
        <Run two_valleys seed 1, 60 days>
        >>> run.events[["date", "kind", "town"]].shape[1], len(run.daily)
        (3, 61)
    """
    from sim.engine.simulation import simulate as simulate_tables
    from sim.load import compiling_text, read
    from sim.results.run import Run

    loaded, geography = read(path, sets)
    if text := compiling_text():
        print(text, file=sys.stderr, flush=True)
    return Run.of(simulate_tables(loaded.scenario, geography, seed), loaded.name)


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return getattr(import_module(MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *MODULES])
