"""Mesa agents whose attributes read and write the rows of the engine's tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from mesa import Agent
from mesa.discrete_space import Cell, CellAgent, FixedAgent

from sim.engine import kinds, tables
from sim.engine.tables import World

if TYPE_CHECKING:
    from sim.model.conflict import ConflictModel

MOST = 1e12


class RowField:
    """A number of the row, from `low` to `high`; one that is `fixed` belongs to the rules and cannot be written."""

    def __init__(self, low: float = -MOST, high: float = MOST, fixed: bool = False) -> None:
        self.low, self.high, self.fixed = low, high, fixed

    def __set_name__(self, owner: Any, name: str) -> None:
        kind, about = owner.fields[name]
        self.name, self.whole = name, kind == "i8"
        self.__doc__ = about

    def __get__(self, agent: Any, owner: Any = None) -> Any:
        if agent is None:
            return self
        return self.shown(agent.model, getattr(agent.model.world, agent.table)[self.name].item(agent.row))

    def __set__(self, agent: Any, value: Any) -> None:
        where = f"{type(agent).__name__}.{self.name}"
        if self.fixed:
            raise AttributeError(f"{where} is set by the rules of the model and cannot be written")
        try:
            stored = self.stored(agent.model, value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        getattr(agent.model.world, agent.table)[self.name][agent.row] = stored

    def shown(self, model: Any, stored: Any) -> Any:
        """Return the value shown for a stored value."""
        return stored

    def stored(self, model: Any, value: Any) -> Any:
        """Return the stored value for a value written; ValueError if it is not allowed."""
        number = float(value) if isinstance(value, Real) else math.nan
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"must be {kind} from {self.low:g} to {self.high:g}, got {value!r}")
        return int(number) if self.whole else number


class Flag(RowField):
    """A field that is 0 or 1, as False or True."""

    def shown(self, model: Any, stored: Any) -> bool:
        """Return True for 1."""
        return bool(stored)

    def stored(self, model: Any, value: Any) -> int:
        """Return 1 for True."""
        if value not in (0, 1):
            raise ValueError(f"must be True or False, got {value!r}")
        return int(value)


class Word(RowField):
    """A field whose numbers stand for words."""

    def __init__(self, words: tuple[str, ...], fixed: bool = False) -> None:
        super().__init__(fixed=fixed)
        self.words = words

    def shown(self, model: Any, stored: Any) -> str:
        """Return the word."""
        return self.words[stored]

    def stored(self, model: Any, value: Any) -> int:
        """Return the number of the word."""
        if value not in self.words:
            raise ValueError(f"must be one of {', '.join(self.words)}, got {value!r}")
        return self.words.index(value)


class Name(RowField):
    """A field that points to a row of `factions`, `groups` or `towns`, as its name; None if it points to none."""

    def __init__(self, of: str, fixed: bool = False, needed: bool = False) -> None:
        super().__init__(fixed=fixed)
        self.of, self.needed = of, needed

    def shown(self, model: Any, stored: Any) -> str | None:
        """Return the name, or None."""
        name: str | None = model.names[self.of][stored] if stored >= 0 else None
        return name

    def stored(self, model: Any, value: Any) -> int:
        """Return the row that has the name; -1 for None."""
        if value is None and not self.needed:
            return -1
        row: int = model.row_of(self.of, value)
        return row


NOWHERE = -1
MOST_FIGHTERS = 1_000_000


class _NoIds:
    """Mesa 3.3 counts agents in a table that keeps every model for good; here the model numbers its agents itself."""

    def __getitem__(self, model: Any) -> Iterator[int]:
        return iter((0,))


class RowAgent:
    """What all agents share: the number of their row in a table of the world."""

    table: ClassVar[str]
    fields: ClassVar[tables.Fields]
    model: ConflictModel
    _ids: ClassVar = _NoIds()

    def __init__(self, model: ConflictModel, row: int) -> None:
        self.row = row
        super().__init__(model)  # type: ignore[call-arg]

    @property
    def name(self) -> str:
        """What the row is called."""
        names: tuple[str, ...] = self.model.names[self.table]
        return names[self.row]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Faction(RowAgent, Agent):
    """A faction: one group or a coalition of groups.

    Example:
        >>> from sim.model import ConflictModel, Faction
        >>> model = ConflictModel("two_valleys", rng=1)
        >>> {faction.name: faction.fighters for faction in model.agents_by_type[Faction]}
        {'League': 1400, 'Lanterns': 1100, 'Rangers': 650}
    """

    table, fields = "factions", tables.FACTION
    role = Word(kinds.ROLES, fixed=True)
    proscribed = Flag()
    expansion = RowField(0, 20)
    tolerance = RowField(0, 20)
    truce_propensity = RowField(0, 20)
    restraint = RowField(0.1, 20)
    fatigue = RowField(0)
    threat = RowField(0, 1)
    momentum = RowField(0)
    killed = RowField(fixed=True)
    deserted = RowField(fixed=True)
    reinforced = RowField(fixed=True)
    demobilised = RowField(fixed=True)

    @property
    def code(self) -> str:
        """Short code, as columns of the daily table have it."""
        return self.model.codes[self.name]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of its groups."""
        return tuple(self.model.simulation.scenario.factions[self.name].groups)

    @property
    def fighters(self) -> int:
        """Fighters alive."""
        forces = Force.living(self.model.world)
        return int(forces["fighters"][forces["faction"] == self.row].sum())

    @property
    def towns(self) -> int:
        """Towns held and not contested."""
        world = self.model.world
        held = world.towns["holder"][world.towns["status"] == kinds.HELD]
        return int((world.groups["faction"][held] == self.row).sum())


class Town(RowAgent, FixedAgent):
    """A town, fixed to its cell.

    Example:
        >>> from sim.model import ConflictModel
        >>> town = ConflictModel("two_valleys", rng=1).town("Saddle Pass")
        >>> town.status, round(sum(town.influence.values()), 6)
        ('contested', 1.0)
    """

    table, fields = "towns", tables.TOWN
    x = RowField(fixed=True)
    y = RowField(fixed=True)
    population = RowField(0)
    value = RowField(0, 1)
    status = Word(kinds.TOWN_STATUS, fixed=True)
    in_zone = Flag()
    front = Flag(fixed=True)

    @property
    def holder(self) -> str | None:
        """Group that holds the town, or the stronger of two in a contested town; None if neutral.

        Writing it makes the town held, or neutral for None; forces stay where they are.
        """
        row = self.model.world.towns["holder"].item(self.row)
        return self.model.names["groups"][row] if row >= 0 else None

    @holder.setter
    def holder(self, group: str | None) -> None:
        row = NOWHERE if group is None else self.model.row_of("groups", group)
        town = self.model.world.towns[self.row]
        town["holder"], town["status"] = row, kinds.NEUTRAL if group is None else kinds.HELD

    @property
    def faction(self) -> str | None:
        """Faction of the holder; None if neutral."""
        world = self.model.world
        row = world.towns["holder"].item(self.row)
        return self.model.names["factions"][world.groups["faction"].item(row)] if row >= 0 else None

    @property
    def influence(self) -> dict[str, float]:
        """Influence of each faction, 0 to 1; the sum is 1."""
        return dict(zip(self.model.names["factions"], self.model.world.influence[self.row].tolist(), strict=True))


class _Mortal(RowAgent):
    """An agent that comes and goes with its row."""

    made: ClassVar[int]
    alive = Flag(fixed=True)
    group = Name("groups", fixed=True)
    faction = Name("factions", fixed=True)
    fields: ClassVar[tables.Fields] = {name: tables.FORCE[name] for name in ("alive", "group", "faction")}

    @property
    def name(self) -> str:
        """Group and number of the row."""
        return f"{self.group} {self.row}"

    @classmethod
    def rows(cls, world: World) -> np.ndarray:
        """Return the rows made so far, closed ones included."""
        rows: np.ndarray = getattr(world, cls.table)[: world.counts[cls.made]]
        return rows

    @classmethod
    def living(cls, world: World) -> np.ndarray:
        """Return the rows in use."""
        rows = cls.rows(world)
        return rows[rows["alive"] == 1]

    @classmethod
    def cells(cls, world: World) -> np.ndarray:
        """Return the cell of each row's agent, as x times the grid's height plus y; NOWHERE for closed rows."""
        rows = cls.rows(world)
        ground = world.towns[rows["town"]] if cls is Base else rows
        return np.where(rows["alive"] == 1, ground["x"] * world.space["height"][0] + ground["y"], NOWHERE)

    def follow(self, cell: Cell | None) -> None:
        """Stand on a cell of Mesa's grid: the row is there already."""
        self.cell = cell

    def close(self) -> None:
        """Take the row out of use."""
        raise NotImplementedError

    def remove(self) -> None:
        """Leave the model; a row still in use is closed."""
        if self.alive:
            self.close()
        self.model.followers[type(self)].forget(self.row)
        super().remove()  # type: ignore[misc]


class Base(_Mortal, FixedAgent):
    """A base that a group has opened in a town that another group holds.

    Example:
        >>> from sim.model import Base, ConflictModel
        >>> model = ConflictModel("two_valleys", rng=1)
        >>> len(model.agents_by_type[Base])
        0
    """

    table, fields, made = "bases", tables.BASE, tables.N_BASES
    town = Name("towns", fixed=True)
    fighters = RowField(fixed=True)
    opened = RowField(fixed=True)
    status = Word(kinds.BASE_STATUS, fixed=True)

    def close(self) -> None:
        """Close the base; its party stays as a garrison until it goes home."""
        world = self.model.world
        base = world.bases[self.row]
        base["alive"], base["closed"], base["status"] = 0, self.model.simulation.day, kinds.BASE_CLOSED_STATUS
        forces = Force.rows(world)
        party = (forces["alive"] == 1) & (forces["key"] == base["key"]) & (forces["orders"] == kinds.OPEN_BASE)
        forces["orders"][party] = kinds.GARRISON


class Force(_Mortal, CellAgent):
    """Fighters of one group who stand in a town or are on the way.

    Example:
        >>> from sim.model import ConflictModel, Force
        >>> model = ConflictModel("two_valleys", rng=1)
        >>> sum(force.fighters for force in model.agents_by_type[Force])
        3150
    """

    table, fields, made = "forces", tables.FORCE, tables.N_FORCES
    fighters = RowField(0, MOST_FIGHTERS)
    cohesion = RowField(0, 1)
    rank = RowField(1, 3)
    commander = Flag()
    orders = Word(kinds.ORDERS, fixed=True)
    home = Name("towns", needed=True)
    town = Name("towns", fixed=True)
    goal = Name("towns", needed=True)
    enemy = Name("factions", fixed=True)
    arrived = RowField(fixed=True)
    born = RowField(fixed=True)
    x = RowField(fixed=True)
    y = RowField(fixed=True)

    @property
    def cell(self) -> Cell | None:
        """Cell of the grid in which it stands; None once it is removed.

        Writing it puts the force there: in the cell's town, or in open country on its way to its goal, or home.
        """
        return CellAgent.cell.fget(self)

    @cell.setter
    def cell(self, cell: Cell | None) -> None:
        if cell is self.cell:
            return
        if cell is None and self.alive:
            raise ValueError("a force stands on a cell: use remove() to disband it")
        if cell is not None and self.model.grid[cell.coordinate] is not cell:
            raise ValueError(f"{cell} is not a cell of this model's grid")
        self.follow(cell)
        if cell is not None:
            self._put(*cell.coordinate)

    def follow(self, cell: Cell | None) -> None:
        """Stand on a cell of Mesa's grid: the row is there already."""
        CellAgent.cell.fset(self, cell)

    def _put(self, x: int, y: int) -> None:
        force, town = self.model.world.forces[self.row], self.model.town_on(x, y)
        force["x"], force["y"], force["town"] = x, y, town
        force["next_town"], force["road"], force["travelled"] = -1, -1, 0.0
        if town >= 0:
            force["last_town"], force["arrived"] = town, self.model.simulation.day
        elif force["goal"] < 0:
            force["goal"], force["orders"] = force["home"], kinds.RETURN
        self.model.followers[Force].moved(self.row, self.model.flat(x, y))

    def close(self) -> None:
        """Disband the force; its fighters count as deserted."""
        world = self.model.world
        force = world.forces[self.row]
        world.factions[force["faction"]]["deserted"] += force["fighters"]
        force["fighters"], force["alive"] = 0, 0
