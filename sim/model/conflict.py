"""The simulation as a Mesa model, and its seeds in `mesa.batch_run`."""

from __future__ import annotations

import datetime
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from operator import index
from pathlib import Path
from types import FrameType
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet
from mesa.discrete_space import Cell, OrthogonalMooreGrid

from sim.engine import tables
from sim.engine.simulation import MOST_SEED, Simulation
from sim.engine.tables import World
from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography, load_map
from sim.geography.towns import find_place
from sim.load import check_scenario, read
from sim.model.agents import NOWHERE, Base, Faction, Force, Town
from sim.results.run import Run
from sim.scenario.schema import Scenario, codes

Reporters = dict[str, tuple[str, str, tuple[int, ...]]]


class ConflictModel(mesa.Model):
    """A scenario as a Mesa model; one step is one day.

    The same file, seed and sets give the same events as `sim.simulate`, with or without Mesa's objects in use.

    Args:
        file: a scenario file, the bare name of one in `scenarios/`, or a `Scenario`.
        rng: the seed, a whole number; 1 if None. In `mesa.batch_run` the number of the run if None, with a warning.
        sets: changes as "KEY=VALUE", with the keys that `run.py show` prints.
        geography: the map; the one that the scenario names if None.

    Raises:
        InputError: with every fault of the file.
        ValueError: if `rng` is not a seed.

    Example:
        >>> from sim.model import ConflictModel
        >>> model = ConflictModel("two_valleys", rng=1)
        >>> model.step()
        >>> model.steps, model.date.isoformat()
        (1, '2020-03-02')
    """

    def __init__(
        self,
        file: str | Path | Scenario,
        rng: int | None = None,
        sets: Sequence[str] = (),
        geography: Geography | None = None,
    ) -> None:
        """Set up the first day. InputError with all faults of the file; ValueError for an invalid seed."""
        seed = seed_of_batch() if rng is None else _seed(rng)
        super().__init__(rng=seed)
        scenario, geography, self.name = _read(file, sets, geography)
        self.simulation = Simulation(scenario, geography, seed)
        self.codes = codes(scenario)
        self.names: dict[str, tuple[str, ...]] = {
            "factions": self.simulation.names.factions,
            "groups": self.simulation.names.groups,
            "towns": tuple(town.name for town in geography.places),
        }
        self.followers: dict[type[mesa.Agent], Follower] = {}
        self._numbered = 0
        self._grid: OrthogonalMooreGrid | None = None
        self._towns: list[Town] = []
        self._collector: mesa.DataCollector | None = None
        self._own_collector = False  # a person has put one here

    @property
    def world(self) -> World:
        """The tables."""
        return self.simulation.world

    @property
    def geography(self) -> Geography:
        """The map."""
        return self.simulation.geography

    @property
    def date(self) -> datetime.date:
        """The morning whose state the model is in; the scenario's start before the first step."""
        return self.simulation.scenario.start + datetime.timedelta(days=self.simulation.day)

    def step(self) -> None:
        """Simulate one day; after the scenario's last day nothing happens and `steps` stays."""
        simulation = self.simulation
        if simulation.day < simulation.days:
            simulation.step()
            for follower in self.followers.values():
                follower.sync()
            if simulation.day == simulation.days:
                self.running = False
            if self._collector is not None:
                self._collector.collect(self)
        else:
            self.running = False
            self.steps = simulation.days

    def run(self) -> Run:
        """Simulate the days that are left and return the run, with its tables as DataFrames."""
        while self.simulation.day < self.simulation.days:
            self.step()
        return Run.of(self.simulation.result(), self.name)

    @property
    def grid(self) -> OrthogonalMooreGrid:
        """The map's cells; x counts from the west, y from the south."""
        self._build()
        return self._grid

    @property
    def agents(self) -> AgentSet:
        """All agents: factions, towns, bases, forces."""
        self._build()
        return super().agents

    @property
    def agents_by_type(self) -> dict[type[mesa.Agent], AgentSet]:
        """The agents of each class."""
        self._build()
        return super().agents_by_type

    @property
    def agent_types(self) -> list[type[mesa.Agent]]:
        """The classes of agents."""
        self._build()
        return super().agent_types

    def register_agent(self, agent: mesa.Agent) -> None:
        """Number the agent and take it into the model; Mesa calls this."""
        super().register_agent(agent)
        self._numbered += 1
        agent.unique_id = self._numbered

    def town(self, name: str) -> Town:
        """Return a town by any of its names; ValueError if there is none."""
        self._build()
        return self._towns[self.row_of("towns", name)]

    @property
    def datacollector(self) -> mesa.DataCollector:
        """The columns of daily.csv, a row for each morning from the start. Made on first use, with all days so far.

        A collector assigned here collects at the end of each step instead.
        """
        if self._collector is None:
            self._collector = self._recorded()
        if self._own_collector or batch_frame() is None:
            return self._collector
        return collector_for_batch(self._collector, self.simulation.seed)

    @datacollector.setter
    def datacollector(self, collector: mesa.DataCollector) -> None:
        self._collector, self._own_collector = collector, True

    def _recorded(self) -> mesa.DataCollector:
        columns, daily, days = self._columns(), self.simulation.daily, self.simulation.day + 1
        reporters: dict[str, Any] = {name: partial(_reported, where) for name, where in columns.items()}
        collector = mesa.DataCollector(model_reporters={"date": "date", **reporters})
        start = self.simulation.scenario.start
        collector.model_vars["date"] += [start + datetime.timedelta(days=day) for day in range(days)]
        for name, (table, field, key) in columns.items():
            collector.model_vars[name] += getattr(daily, table)[field][(slice(days), *key)].tolist()
        note_collections(collector, days)
        return collector

    def _columns(self) -> Reporters:
        """Return the position of each reported column in the daily tables: (table, field, position)."""
        short = list(self.codes.values())
        columns: Reporters = {}
        for f, code in enumerate(short):
            columns |= {f"{code}_{field}": ("faction", field, (f,)) for field in tables.FACTION_DAY}
        for field in ("level", "deaths"):
            for a in range(len(short)):
                for b in range(a + 1, len(short)):
                    columns[f"{field}_{short[a]}_{short[b]}"] = ("pair", field, (a, b))
        return columns | {field: ("theatre", field, ()) for field in tables.THEATRE_DAY}

    def row_of(self, kind: str, name: object) -> int:
        """Return the row of a faction, group or town by its name; ValueError if there is none."""
        names = self.names[kind]
        if name in names:
            return names.index(str(name))
        if kind == "towns" and isinstance(name, str):
            try:
                return find_place(self.geography, name)
            except KeyError as error:
                raise ValueError(error.args[0]) from None
        raise ValueError(f"no {kind[:-1]} {name!r}{did_you_mean(str(name), names)}; known: {', '.join(names)}")

    def flat(self, x: int, y: int) -> int:
        """Return a cell of the grid as one number."""
        return x * self.geography.height + y

    def town_on(self, x: int, y: int) -> int:
        """Return the row of the town on a cell; -1 none."""
        return self._town_on.get(self.flat(x, y), NOWHERE)

    def _build(self) -> None:
        """Make grid and agents, once."""
        if self._grid is not None:
            return
        size = (self.geography.width, self.geography.height)
        self._grid = OrthogonalMooreGrid(size, torus=False, capacity=None, random=self.random)
        agent_sets, native = super().agents_by_type, type(super().agents)
        for kind in (Faction, Town, Base, Force):  # so that a day without bases has an empty set of them
            agent_sets.setdefault(kind, native([], random=self.random))
        for row in range(len(self.names["factions"])):
            Faction(self, row)
        cells = [self._grid[x, y] for x in range(size[0]) for y in range(size[1])]
        for row in range(len(self.names["towns"])):
            town = Town(self, row)
            town.cell = self._grid[town.x, town.y]
            self._towns.append(town)
        self._town_on = {self.flat(town.x, town.y): town.row for town in self._towns}
        for kind in (Base, Force):
            self.followers[kind] = Follower(self, kind, cells)
            self.followers[kind].sync()


class Follower:
    """The agents of a table whose rows come and go; remembers the cell on which each row's agent stands."""

    def __init__(self, model: ConflictModel, kind: type[Base | Force], grid: list[Cell]) -> None:
        self.model, self.kind, self.grid = model, kind, grid
        self.agents: dict[int, Base | Force] = {}
        self.cells = np.full(0, NOWHERE)

    def sync(self) -> None:
        """Make agents of new rows, move those whose cell changed, remove those whose row closed."""
        now = self.kind.cells(self.model.world)
        was = np.full(len(now), NOWHERE)
        was[: len(self.cells)] = self.cells
        self.cells = now
        for row in np.flatnonzero(now != was).tolist():
            cell = now.item(row)
            if cell == NOWHERE:
                self.agents[row].remove()
            elif row in self.agents:
                self.agents[row].follow(self.grid[cell])
            else:
                self.agents[row] = self.kind(self.model, row)
                self.agents[row].follow(self.grid[cell])

    def moved(self, row: int, cell: int) -> None:
        """Note that a person has moved a row's agent."""
        self.cells[row] = cell

    def forget(self, row: int) -> None:
        """Note that a row's agent has left."""
        self.cells[row] = NOWHERE
        self.agents.pop(row, None)


def _reported(where: tuple[str, str, tuple[int, ...]], model: ConflictModel) -> Any:
    table, field, key = where
    return getattr(model.simulation.daily, table)[field].item(model.simulation.day, *key)


def _seed(rng: object) -> int:
    """Return the seed as Mesa and the engine both take it."""
    try:
        seed = index(rng)  # type: ignore[arg-type]
    except TypeError:
        seed = -1
    if isinstance(rng, bool | np.bool_) or not 0 <= seed <= MOST_SEED:
        raise ValueError(f"rng must be a seed, a whole number from 0 to {MOST_SEED}, or None; got {rng!r}")
    return seed


def _read(
    file: str | Path | Scenario, sets: Sequence[str], geography: Geography | None
) -> tuple[Scenario, Geography, str]:
    """Return the scenario, its map and its short name; all faults are reported together."""
    if not isinstance(file, Scenario):
        loaded, geography = read(file, sets, geography)
        return loaded.scenario, geography, loaded.name
    if sets:
        raise ValueError("sets change a scenario file: give the file, or set up the Scenario as wanted")
    geography = geography or load_map(file.map)
    faults: list[Fault] = check_scenario(file, lambda path: ("scenario", None), geography)
    if faults:
        raise InputError(faults)
    return file, geography, ""


DEFAULT_SEED = 1
RUNNER = "mesa.batchrunner"
MOST_FRAMES = 20  # between the runner and a model's constructor: subclasses
COLLECTIONS = "_collection_steps"  # what Mesa 3.5 notes of each collection, and 3.3 does not have


def batch_frame() -> FrameType | None:
    """Return the frame of Mesa's batch runner if it is among the callers, else None."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(MOST_FRAMES):
        if frame is None or frame.f_globals.get("__name__") == RUNNER:
            return frame
        frame = frame.f_back
    return None


def seed_of_batch() -> int:
    """Return the seed of a model that was given none: 1, or in a batch the number of its run, from 1, with a warning."""
    frame = batch_frame()
    while frame is not None and "run_id" not in frame.f_locals:
        frame = frame.f_back
    if frame is None:
        return DEFAULT_SEED
    seed = DEFAULT_SEED + int(frame.f_locals["run_id"])
    words = "batch_run gave the model no rng, so each run takes its own number as seed; give seeds as "
    if hasattr(mesa.DataCollector(), COLLECTIONS):
        words += "batch_run(..., rng=[1, 2, 3]): Mesa 3.5 ignores rng among the parameters"
    else:
        words += 'a parameter, {"rng": [1, 2, 3]}'
    warnings.warn(words, stacklevel=3)
    return seed


def note_collections(collector: mesa.DataCollector, rows: int) -> None:
    """Note, if Mesa keeps such notes, that a collector has a row for the start and for each step after it."""
    if hasattr(collector, COLLECTIONS):
        getattr(collector, COLLECTIONS).extend(range(rows))


def collector_for_batch(collector: mesa.DataCollector, seed: int) -> mesa.DataCollector:
    """Return a model's collector as the batch runner reads it, with a column `seed`.

    Mesa 3.3 takes row k for the state after step k + 1, so it is given no row for the start: its last row is the last day.
    """
    noted = hasattr(collector, COLLECTIONS)
    first = 0 if noted else 1
    shown = mesa.DataCollector()
    shown.model_vars = {name: values[first:] for name, values in collector.model_vars.items()}
    rows = len(next(iter(shown.model_vars.values())))
    shown.model_vars["seed"] = [seed] * rows
    note_collections(shown, rows)
    return shown
