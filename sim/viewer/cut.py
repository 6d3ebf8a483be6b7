"""What a model has simulated before a morning, as the tables of a run: for questions and for taking away."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.engine.tables import N_EVENTS
from sim.record import extract
from sim.record.names import labels, towns

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.model.conflict import ConflictModel
    from sim.scenario.schema import Scenario
    from sim.viewer.snapshot import History


def result_at(model: ConflictModel, history: History, day: int | None = None) -> Result:
    """Return the tables with the days before a morning; of the last morning that the history has, where it is None.

    Rows of days in the history do not change any more, and rows being written are left out, so that the tables can be
    read while the model takes a step in another thread.
    """
    reached = history.day if day is None else min(max(day, 0), history.day)
    now, known = model.simulation.result(), len(history.told(reached))
    world = copy(now.world)
    counts = world.counts.copy()
    counts[N_EVENTS] = known
    world.put(counts=counts, events=world.events[:known])
    return replace(now, days=reached, world=world)


@dataclass
class Cut:
    """As much of a run as the causes of its events are told from (sim.statistics.turning.RunLike), without pandas."""

    result: Result

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.result.scenario

    @cached_property
    def events(self) -> extract.Columns:
        """The event log."""
        return extract.events(self.result)

    @cached_property
    def control_changes(self) -> extract.Columns:
        """The towns that changed hands."""
        return extract.control_changes(self.result)

    @property
    def agreements(self) -> extract.Columns:
        """All agreements, as they stand."""
        return extract.agreements(self.result)

    @property
    def summary(self) -> dict[str, Any]:
        """No statistics: they are of finished runs."""
        return {}

    @property
    def watch_towns(self) -> list[str]:
        """The watch towns."""
        return list(self.scenario.watch_towns)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Short names of the map's towns by their names."""
        return dict(zip(towns(self.result), labels(self.result), strict=True))
