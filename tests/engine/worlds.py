"""Worlds made by hand: a few towns and roads given in km, two or three factions, all rules off but those named."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar, cast

import numpy as np

from sim.engine import kinds, tables
from sim.engine.simulation import Simulation
from sim.geography.grid import KM_PER_DEGREE
from sim.geography.maps import Geography, assemble
from sim.geography.roads import Link
from sim.geography.towns import UNDATED, Holding, MapTown
from sim.scenario.parameters import Rules
from sim.scenario.schema import Scenario
from tests.engine.pinned import PINNED

START = date(2020, 1, 1)
SOUTH, WEST = 36.0, 36.5
SWITCHED = [name for name in Rules.model_fields if name != "ladder"]


def on(day: int) -> date:
    """Return a day of the worlds as a date; day 0 is their first."""
    return START + timedelta(days=day)


Maker = TypeVar("Maker", bound=Callable[..., Any])
MOST_MADE = 16


def same_for_the_same_words(maker: Maker) -> Maker:
    """Let a maker return one object for equal arguments, which the engine then sets up once for all seeds."""
    made: dict[str, Any] = {}

    @wraps(maker)
    def call(*words: Any, **options: Any) -> Any:
        key = repr((words, options))
        if key not in made:
            if len(made) >= MOST_MADE:
                made.clear()
            made[key] = maker(*words, **options)
        return made[key]

    return cast("Maker", call)


@same_for_the_same_words
def make_map(
    towns: Mapping[str, tuple[float, float]],
    roads: Sequence[tuple[str, str, float]],
    held: Mapping[str, str | tuple[str, ...]],
    values: Mapping[str, float] | None = None,
    population: float | Mapping[str, float] = 5000.0,
    cell_km: float | None = 2.5,
) -> Geography:
    """Return a map: `towns` at (km east, km north), `roads` as (a, b, km), `held` as group or groups, () is neutral."""
    across = KM_PER_DEGREE * math.cos(math.radians(SOUTH + 0.5))
    places = [
        MapTown(
            name,
            lat=SOUTH + north / KM_PER_DEGREE,
            lon=WEST + east / across,
            population=population if isinstance(population, int | float) else population[name],
            value=(values or {}).get(name, 0.5),
        )
        for name, (east, north) in towns.items()
    ]
    index = {name: i for i, name in enumerate(towns)}
    links = [Link(index[a], index[b], km) for a, b, km in roads]
    return assemble("by_hand", places, links, {UNDATED: tuple(_holding(held[name]) for name in towns)}, cell_km=cell_km)


def _holding(groups: str | tuple[str, ...]) -> Holding:
    if isinstance(groups, str):
        return Holding("held", (groups,))
    return Holding("contested" if groups else "neutral", groups)


def chain(n: int, km: float, holders: Sequence[str | tuple[str, ...]], **more: Any) -> Geography:
    """Return n towns A, B, C ... in a row, `km` apart by road and as the crow flies."""
    names = [chr(ord("A") + i) for i in range(n)]
    roads = [(a, b, km) for a, b in pairwise(names)]
    return make_map(
        {name: (i * km, 0.0) for i, name in enumerate(names)}, roads, dict(zip(names, holders, strict=True)), **more
    )


def faction(role: str = "rebel", proscribed: bool = False, doctrine: Any = None, **groups: Any) -> dict[str, Any]:
    """Return a faction; a group is its number of fighters or a mapping."""
    made = {name: each if isinstance(each, dict) else {"fighters": each} for name, each in groups.items()}
    return {"role": role, "proscribed": proscribed, "doctrine": doctrine or {}, "groups": made}


@same_for_the_same_words
def make_scenario(
    factions: Mapping[str, Any],
    on: Sequence[str] = (),
    rules: Mapping[str, Mapping[str, Any]] | None = None,
    **more: Any,
) -> Scenario:
    """Return a scenario; every rule is off but those in `on` and those given numbers in `rules`.

    Numbers not given are those of `pinned`, not the defaults.
    """
    rules = rules or {}
    said: dict[str, dict[str, Any]] = {
        name: {"enabled": name in on or name in rules, **PINNED[name]} for name in SWITCHED
    }
    for name, numbers in rules.items():
        said.setdefault(name, {}).update(numbers)
    made: dict[str, Any] = {
        "question": "What happens in a world made by hand?",
        "title": "By hand",
        "map": "by_hand",
        "start": START,
        "days": 60,
        "evidence_until": START,
        "factions": dict(factions),
        "garrison_share": 1.0,
        "rules": said,
    }
    return Scenario.model_validate({**made, **more})


class Lab:
    """A simulation of a hand-made world, with its rows by name; tests may change its tables between days."""

    def __init__(self, scenario: Scenario, geography: Geography, seed: int = 1) -> None:
        self.sim = Simulation(scenario, geography, seed)
        self.scenario, self.geography, self.seed = scenario, geography, seed
        self.world, self.params = self.sim.world, self.sim.params
        self.town_names = [place.name for place in geography.places]

    def run(self, days: int = 1, each: Callable[[Lab], None] | None = None) -> Lab:
        """Simulate days; `each` is called after every one."""
        for _ in range(days):
            self.sim.step()
            if each is not None:
                each(self)
        return self

    @property
    def day(self) -> int:
        """The day to come."""
        return self.sim.day

    def town(self, name: str) -> int:
        """Return the row of a town."""
        return self.town_names.index(name)

    def group(self, name: str) -> int:
        """Return the row of a group."""
        return self.sim.names.groups.index(name)

    def faction(self, name: str) -> int:
        """Return the row of a faction."""
        return self.sim.names.factions.index(name)

    def holder(self, town: str) -> str | None:
        """Return the group that holds a town."""
        row = int(self.world.towns[self.town(town)]["holder"])
        return None if row < 0 else self.sim.names.groups[row]

    def events(self, *words: str) -> np.ndarray:
        """Return the log, or its rows of some kinds."""
        return events_of(self.world, *words)

    def live(self, name: str) -> np.ndarray:
        """Return the rows in use of a table that grows."""
        rows = getattr(self.world, name)[: self.world.counts[tables.GROWING.index(name)]]
        return rows[rows["alive"] == 1]

    def forces(self, group: str, orders: str | None = None) -> np.ndarray:
        """Return the forces alive of a group."""
        rows = self.live("forces")
        keep = rows["group"] == self.group(group)
        return rows[keep & (rows["orders"] == kinds.ORDERS.index(orders))] if orders else rows[keep]

    def standing_in(self, town: str, group: str) -> int:
        """Return the fighters of a group that stand in a town."""
        rows = self.forces(group)
        return int(rows["fighters"][rows["town"] == self.town(town)].sum())


def events_of(world: tables.World, *words: str) -> np.ndarray:
    """Return the log, or its rows of some kinds."""
    rows = world.events[: world.counts[tables.N_EVENTS]]
    return rows[np.isin(rows["kind"], [kinds.EVENT_KINDS.index(word) for word in words])] if words else rows


def rivals(red: Any = 500, blue: Any = 500, **doctrine: float) -> dict[str, Any]:
    """Return two rebel factions of one group each; `doctrine` is Red's."""
    return {"Red": faction(doctrine=doctrine, R=red), "Blue": faction(B=blue)}
