"""State of a map on one day: holders, changes, fighting, bases.

Day d is the morning of start + d days: day 0 is the start, `scenario.days` the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

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
    orders: str  # under which it marched or marches, of kinds.ORDERS, in words: "open base", "attack", "return"
    way: tuple[
        tuple[float, float], ...
    ] = ()  # places passed since the morning before, from `start` to `end`; () it stands
    ahead: tuple[tuple[float, float], ...] = ()  # places from `end` to the town of the goal, both included; () no goal
    origin: str = ""  # short name of the town it comes from; "" unknown
    arrived: str = ""  # short name of the town it reached on the day; "" none
    home: bool = False  # whether it marches homeward
    next_orders: str = ""  # orders given after it arrived, likewise in words; "" none


class FrontRoad(NamedTuple):
    """A road between towns of rival rebel factions; an end is covered if an agreement in force binds both sides in its town."""

    a: int  # town
    b: int
    agreement_a: int  # row of the agreement that covers the end; -1 none
    agreement_b: int
    broken_a: bool = False  # whether an agreement that covered the end was broken on the day before
    broken_b: bool = False


class Campaign(NamedTuple):
    """A campaign under way."""

    key: int
    code: str  # of the faction whose group decided on it
    target_code: str
    group: str
    target_group: str
    source: int  # town where most fighters of the group stand
    targets: tuple[int, ...]  # towns against which its columns are ordered
    decided: int  # day


class Shelling(NamedTuple):
    """A town that was shelled on the day before."""

    town: int
    code: str  # of the side that shelled
    source: int  # nearest town of that side; -1 none
    deaths: int  # of fighters and civilians in the town


class ModelMorning(Protocol):
    """What only the tables of a model under way hold of a morning; `sim.pages.history.Snapshot` has it."""

    @property
    def fighters(self) -> np.ndarray:
        """Who stand in each town by faction: int [T, F]."""

    @property
    def moves(self) -> Sequence[Move]:
        """Forces that moved on the day before or are on the way."""

    @property
    def standing(self) -> np.ndarray | None:
        """Who stand in each town by group: int [T, G]; None unknown."""

    @property
    def front(self) -> tuple[FrontRoad, ...] | None:
        """Roads between rivals; None unknown."""

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """Campaigns under way."""

    @property
    def shellings(self) -> tuple[Shelling, ...]:
        """Towns shelled on the day before."""

    @property
    def influence(self) -> np.ndarray | None:
        """Influence by faction, f4 [T, F]; None unknown."""

    @property
    def mandates(self) -> np.ndarray | None:
        """What guards of each town may do, kinds.MANDATES or -1: i8 [T]; None unknown."""


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
    standing: np.ndarray | None = None  # i4 [T, G] who stand in each town by group; None unknown
    front: tuple[FrontRoad, ...] | None = None  # None unknown
    campaigns: tuple[Campaign, ...] = ()
    shellings: tuple[Shelling, ...] = ()
    influence: np.ndarray | None = None  # f4 [T, F], rows sum to 1; None unknown
    mandates: np.ndarray | None = None  # i8 [T], kinds.MANDATES of guards or -1; None unknown
    least_halo: int = 0  # fighters; a smaller force has no halo

    def with_forces(self, morning: ModelMorning | None) -> View:
        """Return the view with forces, columns, front, campaigns and shelling of a morning; as it is without one."""
        if morning is None:
            return self
        return replace(
            self, fighters=morning.fighters, moves=morning.moves, standing=morning.standing, front=morning.front,
            campaigns=morning.campaigns, shellings=morning.shellings, influence=morning.influence,
            mandates=morning.mandates,
        )  # fmt: skip


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


Fight = tuple[int, int]  # town, deaths of fighters
BaseChange = tuple[str, int, str, str]  # kind of event, town, codes of initiator and target


class Mornings:
    """The mornings of a map, each made from the one before and the day between: of a finished run, or as a model goes on."""

    def __init__(self, scenario: Scenario, geography: Geography, codes: np.ndarray) -> None:
        """Begin with the first morning; `codes` object [T] are the control codes of the towns."""
        self.start, self.codes, self.first_date = codes, codes, scenario.start
        sides = start_state(scenario, geography).sides
        self._parties = {town: pair for town, pair in enumerate(sides) if len(pair) == 2}
        self._sides = [self._sides_of(town, code) for town, code in enumerate(codes.tolist())]
        self._fights: deque[Sequence[Fight]] = deque(maxlen=CLASH_DAYS)
        self._standing: dict[
            tuple[int, str], bool
        ] = {}  # (town, code) of the bases that stand, in the order of opening
        self.states: list[MapState] = []
        self.states.append(self._state())

    def add(
        self,
        codes: np.ndarray,
        contested: Mapping[int, tuple[str, str]],
        fights: Sequence[Fight],
        bases: Iterable[BaseChange],
    ) -> MapState:
        """Add a morning and return it.

        Args:
            codes: control codes of the towns on the morning, object [T].
            contested: of each town that became contested on the day before, the codes of the groups that held and hold it.
            fights: town and deaths of each clash of the day before.
            bases: bases that opened or closed on the day before, in the order of events.
        """
        for town, groups in contested.items():
            pair = _parties_of(*groups, self.codes[town])
            if len(pair) == 2:
                self._parties[town] = pair
        for town in {*np.flatnonzero(codes != self.codes).tolist(), *contested}:
            self._sides[town] = self._sides_of(town, codes[town])
        for kind, town, initiator, target in bases:
            if kind == "base_opened":
                self._standing[town, initiator] = True
            else:
                self._standing.pop((town, initiator), None)
                self._standing.pop((town, target), None)
        self._fights.append(fights)
        self.codes = codes
        self.states.append(self._state())
        return self.states[-1]

    def _state(self) -> MapState:
        day = len(self.states)
        deaths: dict[int, int] = {}
        for fights in self._fights:
            for town, died in fights:
                deaths[town] = deaths.get(town, 0) + died
        changed = self.codes != self.start
        changed.setflags(write=False)
        codes = tuple(self.codes.tolist())
        bases = tuple(base for base in self._standing if codes[base[0]] != base[1])  # in towns that another side holds
        fresh = frozenset(town for town, _died in self._fights[-1]) if self._fights else frozenset()
        when = self.first_date + timedelta(days=day)
        return MapState(day, when, codes, tuple(self._sides), changed, deaths, bases, fresh)

    def _sides_of(self, town: int, code: str) -> tuple[str, ...]:
        if code == MIXED:
            return self._parties.get(town, UNKNOWN_SIDES)
        return sides_held(code)


class States:
    """All days of a run, read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.look: FactionStyles = look_of(run.scenario)
        self.table = run.control_daily.iloc[:, 2:].to_numpy(dtype=object)
        self.index = {town.name: i for i, town in enumerate(run.geography.places)}
        self.days = len(self.table) - 1
        self._clashes = self._by_day(run.events, run.events["kind"] == "clash")
        self._bases = self._by_day(run.events, run.events["kind"].isin(["base_opened", "base_closed"]))
        self._contested = self._by_day(run.control_changes, run.control_changes["to"] == MIXED)
        self._mornings = Mornings(run.scenario, run.geography, self.table[0])

    def _by_day(self, frame: pd.DataFrame, chosen: pd.Series) -> dict[int, list[dict[str, Any]]]:
        """Return the chosen rows in towns of the map by day, with the index of the town as `at`."""
        days: dict[int, list[dict[str, Any]]] = {}
        for row in records(frame[chosen]):
            if row["town"] in self.index:
                days.setdefault(int(row["day"]), []).append({**row, "at": self.index[row["town"]]})
        return days

    def __getitem__(self, day: int) -> MapState:
        """Return the state of a day, 0 to `days`."""
        states, day = self._mornings.states, min(max(day, 0), self.days)
        while len(states) <= day:
            self._add(len(states) - 1)
        return states[day]

    def _add(self, day: int) -> None:
        """Add the morning after a day."""
        clashes, bases, contested = (rows.get(day, []) for rows in (self._clashes, self._bases, self._contested))
        self._mornings.add(
            self.table[day + 1],
            {row["at"]: (self._code(row["from_group"]), self._code(row["to_group"])) for row in contested},
            [(row["at"], int(row["deaths_initiator"] + row["deaths_target"])) for row in clashes],
            [(str(row["kind"]), row["at"], self._code(row["initiator"]), self._code(row["target"])) for row in bases],
        )

    def _code(self, name: object) -> str:
        """Return the code of a faction or group; "" for none."""
        return self.look.code_of.get(str(name), "")


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


def sides_held(code: str) -> tuple[str, ...]:
    """Return the sides of a town that is not contested."""
    return () if code == NEUTRAL else (code,)


def _parties_of(*codes: str) -> tuple[str, ...]:
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
