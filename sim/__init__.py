"""A simulator of territorial competition between rebel groups; the case is Greater Idlib, 2018-19.

The public API: `simulate(path, seed)` and `Run.open(folder)` both give a `Run`, whose events, daily
table, control and agreements are pandas DataFrames. `compare(...)` compares studies, or single runs.

    import sim
    run = sim.simulate("scenarios/kafr_hamra.yaml", seed=7)
    run.summary["clash_days"], run.events.head()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.results.run import Run

__all__ = ["Run", "__version__", "compare", "simulate"]
__version__ = "0.1.0"
compare: Callable[..., Any]
"""`sim.comparison.compare.compare`, loaded when asked for."""


def simulate(path: str | Path, seed: int = 1, sets: Sequence[str] = ()) -> Run:
    """Simulate a scenario and return the finished run, in memory. Nothing is written; see `sim.results.write.write`.

    Args:
        path: a scenario file, or the bare name of one in `scenarios/`.
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
    from sim.load import read
    from sim.results.run import Run

    loaded, geography = read(path, sets)
    return Run.of(simulate_tables(loaded.scenario, geography, seed), loaded.name)


def __getattr__(name: str) -> Any:
    if name == "Run":
        from sim.results.run import Run

        return Run
    if name == "compare":
        return import_module("sim.comparison.compare").compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
