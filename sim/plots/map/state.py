"""State of a map on one day: holders, changes, fighting, bases.

Day d is the morning of start + d days: day 0 is the start, `scenario.days` the end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.geography.towns import find_place
from sim.plots.style import FactionStyles, look_of
from sim.scenario.schema import MIXED, NEUTRAL, Scenario

if TYPE_CHECKING:
    import pandas as pd

    from sim.geography.maps import Geography
    from sim.plots.map.geometry import Ground
    from sim.results.run import Run

CLASH_DAYS = 7


@dataclass(frozen=True, eq=False)
class MapState:
    """One day of a map; `sides` holds the codes of each town's parties: none neutral, two contested."""

    day: int
    date: date
    codes: tuple[str, ...]
    sides: tuple[tuple[str, ...], ...]
    changed: np.ndarray  # bool [T], holder differs from the start
    clashes: dict[int, int]  # town -> deaths of the last CLASH_DAYS days
    bases: tuple[tuple[int, str], ...]  # (town, code of the faction that keeps a base there)
    fresh: frozenset[int] = frozenset()  # towns with fighting on the day before

    @property
    def count(self) -> dict[str, int]:
        """Towns by code."""
        return {code: self.codes.count(code) for code in sorted(set(self.codes))}


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


@dataclass(frozen=True, eq=False)
class View:
    """One morning of a map as it is to be drawn."""

    scenario: Scenario
    ground: Ground
    state: MapState
    points_per_km: float
    zoom: float = 1.0  # of the towns' symbols
    ringed: frozenset[int] = frozenset()  # towns
    ring_text: str = ""  # what a ring means
    differing: frozenset[int] = frozenset()  # towns held otherwise in the run beside
    compared: bool = False  # whether there is a run beside
    selected: int = -1  # town; -1 none
    fighters: np.ndarray | None = None  # i8 [T, F] who stand in each town; None unknown
    moves: Sequence[Move] | None = None  # None unknown


def start_state(scenario: Scenario, geography: Geography) -> MapState:
    """Return the start of a scenario that has not been run."""
    look, holdings = look_of(scenario), start_holdings(scenario, geography)
    sides = tuple(_sides_of(h.status, [look.code_of.get(g, g) for g in h.groups], h.code) for h in holdings)
    codes = tuple(_code(s) for s in sides)
    return MapState(0, scenario.start, codes, sides, np.zeros(len(codes), bool), {}, ())


def start_holdings(scenario: Scenario, geography: Geography) -> tuple[Any, ...]:
    """Return the holdings a scenario starts from: `control_on`, else the latest column not after its start."""
    if not geography.control:
        return ()
    dates = sorted(geography.control)
    known = [d for d in dates if d <= (scenario.control_on or scenario.start)]
    return geography.control[known[-1] if known else dates[0]]


def weak_towns(scenario: Scenario, geography: Geography) -> np.ndarray:
    """Return bool [T]: the starting holder is weakly sourced."""
    return np.array([h.weak for h in start_holdings(scenario, geography)] or [False] * len(geography.places))


class States:
    """All days of a run, read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.look: FactionStyles = look_of(run.scenario)
        self.table = run.control_daily.iloc[:, 2:].to_numpy(dtype=object)
        self.index = {town.name: i for i, town in enumerate(run.geography.places)}
        self.days = len(self.table) - 1
        self._parties = self._contested_parties()
        self._fights = self._located(run.events, {"clash"})
        self._moves = self._located(run.events, {"base_opened", "base_closed"})
        self._known: dict[int, MapState] = {}

    def _located(self, events: pd.DataFrame, kinds: set[str]) -> list[dict[str, Any]]:
        columns = ["day", "kind", "town", "initiator", "target", "deaths_initiator", "deaths_target"]
        rows = records(events.loc[events["kind"].isin(kinds), columns])
        return [{**row, "at": self.index[row["town"]]} for row in rows if row["town"] in self.index]

    def __getitem__(self, day: int) -> MapState:
        """Return the state of a day, 0 to `days`."""
        day = min(max(day, 0), self.days)
        if day not in self._known:
            self._known[day] = self._read(day)
        return self._known[day]

    def _read(self, day: int) -> MapState:
        codes = tuple(str(code) for code in self.table[day])
        sides = tuple(self._sides(town, code, day) for town, code in enumerate(codes))
        changed = np.array([a != b for a, b in zip(self.table[0], codes, strict=True)])
        when = self.run.scenario.start + timedelta(days=day)
        fresh = frozenset(row["at"] for row in self._fights if row["day"] == day - 1)
        return MapState(day, when, codes, sides, changed, self._clashes(day), self._bases(day, codes), fresh)

    def _contested_parties(self) -> dict[int, list[tuple[int, tuple[str, ...]]]]:
        known: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
        start = start_state(self.run.scenario, self.run.geography)
        for town, sides in enumerate(start.sides):
            known[town] = [(0, sides)] if len(sides) == 2 else []
        changes = self.run.control_changes
        for row in records(changes):
            if row["to"] != MIXED or row["town"] not in self.index:
                continue
            parties = [self.look.code_of.get(str(row[k]), "") for k in ("from_group", "to_group")]
            known[self.index[row["town"]]].append((int(row["day"]) + 1, parties_of(*parties, str(row["from"]))))
        return known

    def _sides(self, town: int, code: str, day: int) -> tuple[str, ...]:
        if code != MIXED:
            return sides_held(code)
        known_sides = [sides for since, sides in self._parties[town] if since <= day and len(sides) == 2]
        return known_sides[-1] if known_sides else UNKNOWN_SIDES

    def _clashes(self, day: int) -> dict[int, int]:
        deaths: dict[int, int] = {}
        for row in self._fights:
            if day - CLASH_DAYS <= row["day"] < day:
                deaths[row["at"]] = deaths.get(row["at"], 0) + int(row["deaths_initiator"] + row["deaths_target"])
        return deaths

    def _bases(self, day: int, codes: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
        standing: Standing = {}
        for row in (move for move in self._moves if move["day"] < day):
            sides = (self.look.code_of.get(str(row[who]), "") for who in ("initiator", "target"))
            note_base(standing, str(row["kind"]), row["at"], *sides)
        return bases_shown(standing, codes)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def town_indices(geography: Geography, words: list[str]) -> list[int]:
    """Return the towns meant by names in any spelling; what the map does not know is left out."""
    indices = []
    for word in words:
        with suppress(KeyError):
            indices.append(find_place(geography, word))
    return indices


def watched(run: Run) -> set[str]:
    """Return the watched towns as the map names them."""
    return {run.geography.places[i].name for i in town_indices(run.geography, run.scenario.watch_towns)}


UNKNOWN_SIDES = (MIXED, MIXED)  # of a contested town of which no two parties are known
Standing = dict[tuple[int, str], bool]  # (town, code) of the bases that stand, in the order of opening


def note_base(standing: Standing, kind: str, town: int, initiator: str, target: str) -> None:
    """Take a base that opens or closes into the bases that stand; sides are codes."""
    if kind == "base_opened":
        standing[town, initiator] = True
    elif kind == "base_closed":
        standing.pop((town, initiator), None)
        standing.pop((town, target), None)


def bases_shown(standing: Standing, codes: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Return the bases a map shows: those in towns that another side holds."""
    return tuple(key for key in standing if codes[key[0]] != key[1])


def sides_held(code: str) -> tuple[str, ...]:
    """Return the sides of a town that is not contested."""
    return () if code == NEUTRAL else (code,)


def parties_of(*codes: str) -> tuple[str, ...]:
    """Return the first two different sides of a town that became contested, by codes of who held and holds it."""
    return tuple(dict.fromkeys(c for c in codes if c not in ("", MIXED, NEUTRAL)))[:2]


def _sides_of(status: str, codes: list[str], code: str) -> tuple[str, ...]:
    if status == "neutral":
        return ()
    distinct = tuple(dict.fromkeys(codes))
    if status == "contested":
        return distinct[:2] if len(distinct) > 1 else UNKNOWN_SIDES
    return distinct[:1] or (code,)


def _code(sides: tuple[str, ...]) -> str:
    return NEUTRAL if not sides else sides[0] if len(sides) == 1 else MIXED
