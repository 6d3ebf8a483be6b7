"""What the page shows of each morning: immutable snapshots and the events in words, made as the days are simulated.

`sim.viewer.follow` makes them. One thread writes; any number may read, since snapshots and lines are only ever appended
and never changed.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from sim.plots.state import MapState


@dataclass(frozen=True, eq=False)
class Move:
    """A force whose cell changed since the morning before, or that is on the way."""

    key: int  # stable identity of the force, to follow it from day to day
    code: str  # of its faction
    group: str
    fighters: int
    start: tuple[float, float]  # the morning before, km east and north of the map's corner
    end: tuple[float, float]  # this morning, likewise
    goal: str  # short name of the town it marches to; "" none
    goal_town: int  # -1 none
    orders: str  # of kinds.ORDERS, in words: "open base", "attack"


@dataclass(frozen=True)
class Accord:
    """An agreement in force."""

    name: str
    sides: tuple[str, str]  # codes of the factions
    parties: str  # in words: "NLF / HTS", groups where not all of a faction sign
    terms: tuple[str, ...]  # in words: "no expansion"
    scope: str  # in words: "on all fronts", "in the sector of Atarib", "for Atarib"
    town: str  # short name; "" on all fronts
    age: int  # days since it was signed
    left: int | None  # days until it expires; None open-ended
    violations: int
    mediator: str  # group; "" none
    given: bool  # asserted by the scenario


@dataclass(frozen=True)
class Dispute:
    """A dispute over a base that is not settled."""

    town: int
    newcomer: str  # group that opened the base
    host: str  # group that holds the town
    stage: str  # of kinds.DISPUTE_STAGES, in words
    age: int  # days since it was opened


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the page shows of one morning; day 0 is the start, the scenario's `days` the end. T towns, F factions."""

    day: int
    date: date
    map: MapState
    moves: tuple[Move, ...]
    fighters: np.ndarray  # i8 [T, F], fighters standing in each town; read-only
    accords: tuple[Accord, ...]
    towns_held: dict[str, int]  # code -> towns; contested ones not counted
    levels: dict[tuple[str, str], int]  # pair of rebel codes, in the scenario's order -> escalation level 0..5
    deaths: int  # fighters killed on the day before
    civilian_deaths: int  # on the day before
    deaths_between: dict[tuple[str, str], int]  # by pair of codes of any role, on the day before; 0 left out
    offensive: str  # phase in words: "mobilised", "under way"; "" none
    fresh: tuple[int, ...]  # rows in `History.lines` of the events of the day before
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True)
class Line:
    """One event in words."""

    row: int  # in `History.lines`
    day: int  # of the event: shown from the morning of `day` + 1 on
    date: str  # in words: "8 Oct 2018"
    event_id: str
    kind: str  # of kinds.EVENT_KINDS
    initiator: str  # code; "" none
    target: str  # code; "" none
    town: str  # as the map names it; "" none
    text: str
    given: bool
    deaths: int  # fighters of both sides and civilians


@dataclass(eq=False)
class History:
    """All mornings so far and all events so far; only appended to."""

    snapshots: list[Snapshot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    memory: Any = None  # sim.viewer.follow's own, from one day to the next

    @property
    def day(self) -> int:
        """The last morning there is."""
        return len(self.snapshots) - 1

    def at(self, day: int) -> Snapshot:
        """Return the snapshot of a morning; of the nearest there is for a day outside."""
        return self.snapshots[min(max(day, 0), self.day)]

    def told(self, day: int) -> list[Line]:
        """Return the events that have happened by the morning of a day, in order of time."""
        return self.lines[: bisect_left(self.lines, day, key=lambda line: line.day)]
