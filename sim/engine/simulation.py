"""A simulation: the first day set up, days run on end or one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.engine import tables
from sim.engine.day import dawn, days_on_end
from sim.engine.draws import P_FRAILTY, gamma_of_mean_one
from sim.engine.recording import record_day
from sim.engine.rules.agreements import effects_of_terms, mean_hold, set_suppression
from sim.engine.scenario_tables import DOCTRINE, PREVENTION, params, with_values
from sim.engine.setup import Names, Setup, build, make_room, twin
from sim.engine.tables import Daily, World, table
from sim.geography.maps import Geography
from sim.scenario.fields import inputs_of
from sim.scenario.schema import Scenario

MOST_SEED = 2**63 - 1
MOST_STARTS = 40  # scenarios whose start is kept: as many as a study may have
SAID_TABLES = ("terms", "levels", "actions", "solidarity", "group_trust")  # what the scenario says and no rule changes


class CoursePart(NamedTuple):
    """What holds from one day of a course on: the scenario, and the values of its inputs by dotted path."""

    day: int
    scenario: Scenario
    values: Mapping[str, float]


class FirstDay(NamedTuple):
    """The first day before anything is drawn, the same for every seed, and free to change."""

    values: dict[str, float]  # the value used for each input, by dotted path
    numbers: np.ndarray  # those of the rules, as one record
    world: World
    names: Names


class Start:
    """What runs of one scenario share: what no number changes, and the first day with all inputs at their best."""

    def __init__(self, scenario: Scenario, geography: Geography) -> None:
        self.setup = Setup(scenario, geography)
        self.inputs = {path: quantity.best for path, quantity in inputs_of(scenario).items()}
        self.numbers = params(scenario.rules)

    @cached_property
    def _best(self) -> tuple[World, Names]:
        return build(self.setup)

    def first_day(self, values: Mapping[str, float]) -> FirstDay:
        """Return the first day with some inputs at other values; ValueError for a path that is no input."""
        if unknown := values.keys() - self.inputs.keys():
            raise ValueError(f"no such input: {', '.join(sorted(unknown))}")
        if values:
            world, names = build(self.setup.using(values))
        else:
            world, names = twin(self._best[0]), self._best[1]
        return FirstDay({**self.inputs, **values}, with_values(self.numbers, values), world, names)


_last_starts: list[Start] = []


def start_of(scenario: Scenario, geography: Geography) -> Start:
    """Return what runs of a scenario share; the last scenarios that were asked for are set up once."""
    for start in tuple(_last_starts):
        if start.setup.scenario is scenario and start.setup.geography is geography:
            return start
    new_start = Start(scenario, geography)
    _last_starts.append(new_start)
    del _last_starts[:-MOST_STARTS]
    return new_start  # not what is last in the list: another thread may have asked meanwhile


@dataclass
class Result:
    """The finished tables of one simulation and the names of their rows."""

    scenario: Scenario
    geography: Geography
    seed: int
    values: dict[str, float]  # the value used for each numeric input, by dotted path
    world: World
    daily: Daily
    days: int
    names: Names
    factions: tuple[str, ...] = field(init=False)
    groups: tuple[str, ...] = field(init=False)
    terms: tuple[str, ...] = field(init=False)
    agreement_names: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.factions, self.groups, self.terms, self.agreement_names = self.names


class Simulation:
    """A simulation under way: `step()` takes it one day further. State is `world` and `day`, nothing else."""

    def __init__(
        self, scenario: Scenario, geography: Geography, seed: int, values: Mapping[str, float] | None = None
    ) -> None:
        """Set up the first day. `values` overrides uncertain inputs by dotted path; ValueError for a bad seed or path."""
        if not 0 <= seed <= MOST_SEED:
            raise ValueError(f"seed must be from 0 to {MOST_SEED}, got {seed}")
        self.scenario, self.geography, self.seed = scenario, geography, int(seed)
        self.days, self.day = scenario.days, 0
        first = start_of(scenario, geography).first_day(values or {})
        self.values, self._numbers, self.world, self.names = first
        self.params = self._numbers[0]
        self._room = make_room(self.world)
        self._prepare_agreements()
        self.daily = empty_daily(self.days, self.world)
        self.world.space["unindexed"] = 1
        dawn(self.world, -1)
        record_day(self.world, self.daily, -1)

    def _prepare_agreements(self) -> None:
        """Give agreements of the start what those signed later get on signing, less the frailty that has not survived.

        Given survival to age t a gamma frailty of mean 1 and variance v is a gamma divided by 1 + v t / mean hold
        (Vaupel, Manton & Stallard 1979, Demography 16:439).
        """
        world = self.world
        for row in range(world.counts[tables.N_AGREEMENTS]):
            a = world.agreements[row]
            effects_of_terms(world, row)
            variance = self.params["ceasefire_frailty_variance"]
            a["frailty"] = gamma_of_mean_one(variance, self.seed, P_FRAILTY, 0, a["key"])
            if a["alive"] == 1:  # it has survived until the start: of the gamma what survivors have of it
                a["frailty"] /= 1.0 + variance * max(0, -a["signed"]) / mean_hold(self.params, a)
            set_suppression(self.params, a)

    def step(self, day: Callable[..., None] | None = None) -> None:
        """Simulate one day; RuntimeError after the last. `day` stands in for the compiled day, to time its rules."""
        if self.day >= self.days:
            raise RuntimeError(f"the simulation has ended after {self.days} days")
        if day is None:
            self.go_on(self.day + 1)
            return
        if (self.world.counts > self._room).any():
            self._room = make_room(self.world)
        self.world.space["unindexed"] = 1
        day(self.world, self.daily, self.params, self.day, self.seed)
        self.day += 1

    def go_on(self, until: int) -> None:
        """Simulate all days before day `until`, at most to the end."""
        until = min(until, self.days)
        while self.day < until:
            self.day = days_on_end(self.world, self.daily, self._numbers, self.day, until, self.seed, self._room)
            if self.day < until:
                self._room = make_room(self.world)

    def change(self, scenario: Scenario, values: Mapping[str, float] | None = None) -> None:
        """Go on from the day to come with other numbers: those of the rules, of terms, levels, doctrines, peacekeepers and solidarity,
        dated acts of that day or later, and the number of days. All state stays as it is.

        ValueError where factions, groups, terms or prepared agreements are others, or the days are over by then.
        """
        other = Simulation(scenario, self.geography, self.seed, values)
        if other.names != self.names or len(other.world.levels) != len(self.world.levels):
            raise ValueError("factions, groups, terms and prepared agreements cannot change on the way")
        if scenario.days <= self.day:
            raise ValueError(f"{self.day} days are over, the scenario has {scenario.days}")
        self.world.put(**{name: getattr(other.world, name) for name in SAID_TABLES})
        for name in (*DOCTRINE, *PREVENTION):
            self.world.factions[name] = other.world.factions[name]
        self.world.space["pairs"] = other.world.space["pairs"]
        past_rows = self.day + 1
        for name in Daily.LAYOUT:
            getattr(other.daily, name)[:past_rows] = getattr(self.daily, name)[:past_rows]
        self.scenario, self.values, self.days = scenario, other.values, other.days
        self.params, self._numbers, self.daily = other.params, other._numbers, other.daily
        self._room = make_room(self.world)

    def result(self) -> Result:
        """Return the tables as they stand."""
        return Result(
            self.scenario, self.geography, self.seed, self.values, self.world, self.daily, self.day, self.names
        )


def empty_daily(days: int, world: World) -> Daily:
    """Return the daily tables of a simulation of so many days."""
    towns, factions = len(world.towns), len(world.factions)
    return Daily(
        holder=np.full((days + 1, towns), -1, np.int64),
        status=np.zeros((days + 1, towns), np.int64),
        faction=table(tables.FACTION_DAY, (days + 1) * factions).reshape(days + 1, factions),
        pair=table(tables.PAIR_DAY, (days + 1) * factions * factions).reshape(days + 1, factions, factions),
        theatre=table(tables.THEATRE_DAY, days + 1),
    )


def simulate(
    scenario: Scenario,
    geography: Geography,
    seed: int,
    values: Mapping[str, float] | None = None,
    progress: Callable[[int, World], None] | None = None,
) -> Result:
    """Run a scenario to its end; `progress` is called with (day, world) after each day."""
    return simulate_parts([CoursePart(0, scenario, values or {})], geography, seed, progress)


def simulate_parts(
    parts: Sequence[CoursePart], geography: Geography, seed: int, progress: Callable[[int, World], None] | None = None
) -> Result:
    """Run a course to its end: each part from its day on. The first part begins on day 0, the others later, in order."""
    simulation = Simulation(parts[0].scenario, geography, seed, parts[0].values)
    for part in [*parts[1:], None]:
        until = simulation.days if part is None else min(part.day, simulation.days)
        while simulation.day < until:
            simulation.go_on(until if progress is None else simulation.day + 1)
            if progress is not None:
                progress(simulation.day, simulation.world)
        if part is not None and simulation.day < simulation.days:
            simulation.change(part.scenario, part.values)
    return simulation.result()
