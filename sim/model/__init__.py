"""The simulation as a Mesa model: `ConflictModel` and its agents, which are the rows of the engine's tables.

Many simulations need no Mesa: `sim.simulate` and batches run without it.
"""

from __future__ import annotations

from sim.errors import unsupported

try:
    from sim.model.agents import Base, Faction, Force, Town
    from sim.model.conflict import ConflictModel
except ImportError as error:
    if line := unsupported("mesa"):
        raise ImportError(line) from error
    raise

__all__ = ["Base", "ConflictModel", "Faction", "Force", "Town"]
