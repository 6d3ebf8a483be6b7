"""A simulator of territorial competition between rebel groups; the case is Greater Idlib, 2018-19.

The public API: `simulate(path, seed)` and `Run.open(folder)` both give a `Run`, whose events, daily
table, control and agreements are pandas DataFrames.

    import sim
    run = sim.simulate("scenarios/kafr_hamra.yaml", seed=7)
    run.summary["clash_days"], run.events.head()
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.results.run import Run

__all__ = ["Run", "__version__", "simulate"]
__version__ = "0.1.0"


def simulate(path: str | Path, seed: int = 1, sets: Sequence[str] = ()) -> Run:
    """Run the scenario file `path` with `seed` and return the finished run, in memory.

    `sets` are changes to the scenario as `KEY=VALUE`, with the keys that `run.py show` prints. Nothing is written;
    `sim.results.write.write(run, folder)` does that.
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
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
