"""The recorded days of a watched model: immutable snapshots, added day by day."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import kinds, tables
from sim.event_text import agreement_phrase
from sim.plots.map.state import MapState, Mornings, Move
from sim.results.event_rows import codes_of, event_id, labels, terms_of, texts, towns
from sim.results.tables import agreement_name, control_codes, parties_of
from sim.scenario.schema import MIXED, rebel_pairs
from sim.text import day_text

if TYPE_CHECKING:
    from sim.engine.simulation import Result, Simulation
    from sim.engine.tables import World


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
class EventLine:
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
    lines: list[EventLine] = field(default_factory=list)
    memory: Any = None  # this module's own, from one day to the next

    @property
    def day(self) -> int:
        """The last morning there is."""
        return len(self.snapshots) - 1

    def at(self, day: int) -> Snapshot:
        """Return the snapshot of a morning; of the nearest there is for a day outside."""
        return self.snapshots[min(max(day, 0), self.day)]

    def events_until(self, day: int) -> list[EventLine]:
        """Return the events that have happened by the morning of a day, in order of time."""
        return self.lines[: bisect_left(self.lines, day, key=lambda line: line.day)]


ORDERS = tuple(word.replace("_", " ") for word in kinds.ORDERS)
STAGES = tuple(word.replace("_", " ") for word in kinds.DISPUTE_STAGES)
PHASES = ("", *(word.replace("_", " ") for word in kinds.OFFENSIVE_PHASES[1:]))


def start_history(simulation: Simulation) -> History:
    """Return the history of a simulation that has not taken a step; ValueError for one that has."""
    if simulation.day:
        raise ValueError(f"a history begins with the first morning; the simulation is at day {simulation.day}")
    history = History(memory=CarriedState(simulation))
    _add(simulation, history, ())
    return history


def follow(simulation: Simulation, history: History) -> None:
    """Add the day that was just simulated; nothing if there is none.

    ValueError if days were left out: the days between two mornings cannot be reconstructed later.
    """
    if simulation.day == history.day:
        return
    if simulation.day != history.day + 1:
        raise ValueError(f"the simulation is at day {simulation.day}, the history ends with day {history.day}")
    result, memory = simulation.result(), history.memory
    start, end = len(history.lines), int(simulation.world.counts[tables.N_EVENTS])
    log = simulation.world.events[start:end].copy()
    history.lines += _lines(result, memory, log, start)
    memory.add_morning(simulation, log)
    _add(simulation, history, tuple(range(start, end)))


@dataclass(frozen=True)
class AgreementText:
    """An agreement in words, all but what changes from day to day."""

    name: str
    sides: tuple[str, str]
    parties: str
    terms: tuple[str, ...]
    scope: str
    town: str
    mediator: str


class CarriedState:
    """What the next morning needs of those before."""

    def __init__(self, simulation: Simulation) -> None:
        """Take up what stays the same, and the start."""
        self.result = simulation.result()
        result = self.result
        self.codes = codes_of(result)
        self.names = [*towns(result), ""]
        self.labels = [*labels(result), ""]
        faction_index = {code: f for f, code in enumerate(self.codes)}
        self.pairs = [(pair, faction_index[pair[0]], faction_index[pair[1]]) for pair in rebel_pairs(result.scenario)]
        self.group_code = [self.codes[f] for f in simulation.world.groups["faction"].tolist()] + [""]
        self.mornings = Mornings(result.scenario, result.geography, control_codes(result)[0])
        self.holder = result.daily.holder[0]
        self.words: dict[int, AgreementText] = {}
        self.at = np.zeros((0, 2))
        self.strength = np.zeros(0, np.int64)

    def add_morning(self, simulation: Simulation, log: np.ndarray) -> None:
        """Add the map of the morning that a simulation has reached; `log` are the events of the day before."""
        holder, codes = simulation.daily.holder[simulation.day], control_codes(simulation.result(), simulation.day)[0]
        contested = np.flatnonzero((codes != self.mornings.codes) & (codes == MIXED)).tolist()
        groups = {
            town: (self.group_code[int(self.holder[town])], self.group_code[int(holder[town])]) for town in contested
        }
        located = log[log["town"] >= 0]
        clashes = located[located["kind"] == kinds.CLASH]
        deaths = (clashes["deaths_initiator"] + clashes["deaths_target"]).tolist()
        changes = located[(located["kind"] == kinds.BASE_OPENED) | (located["kind"] == kinds.BASE_CLOSED)]
        columns = (changes[name].tolist() for name in ("kind", "town", "initiator", "target"))
        bases = [
            (kinds.EVENT_KINDS[k], town, self.code(a), self.code(b)) for k, town, a, b in zip(*columns, strict=True)
        ]
        self.mornings.add(codes, groups, list(zip(clashes["town"].tolist(), deaths, strict=True)), bases)
        self.holder = holder

    def code(self, faction: int) -> str:
        """Return the code of a faction; "" for -1."""
        return self.codes[faction] if faction >= 0 else ""


def _lines(result: Result, memory: CarriedState, log: np.ndarray, start: int) -> list[EventLine]:
    """Return the events of a day in words; `start` is the row of the first."""
    if not len(log):
        return []
    day = int(log["day"][0])
    when = day_text(result.scenario.start + timedelta(days=day))
    deaths = log["deaths_initiator"] + log["deaths_target"] + log["deaths_civilians"]
    parts = (log["kind"], log["initiator"], log["target"], log["town"], log["given"], deaths)
    lines = []
    for row, (text, kind, initiator_group, target_group, town, given, died) in enumerate(
        zip(texts(result, log), *(part.tolist() for part in parts), strict=True), start
    ):
        code, target = memory.code(initiator_group), memory.code(target_group)
        word, town_name = kinds.EVENT_KINDS[kind], memory.names[town]
        lines.append(EventLine(row, day, when, event_id(row), word, code, target, town_name, text, bool(given), died))
    return lines


def _add(simulation: Simulation, history: History, fresh: tuple[int, ...]) -> None:
    """Append the snapshot of the morning that a simulation has reached."""
    memory, world, day = history.memory, simulation.world, simulation.day
    faction, pair, theatre = (getattr(simulation.daily, name)[day] for name in ("faction", "pair", "theatre"))
    when = simulation.scenario.start + timedelta(days=day)
    died = pair["deaths"]
    rows = _live(world, "forces", tables.L_FORCES)
    forces = world.forces[rows]
    history.snapshots.append(
        Snapshot(
            day=day,
            date=when,
            map=memory.mornings.states[day],
            moves=_moves(world, memory, rows, forces),
            fighters=_fighters(world, len(memory.codes), forces),
            accords=_accords(simulation, memory),
            towns_held=dict(zip(memory.codes, faction["towns"].tolist(), strict=True)),
            levels={names: int(pair["level"][a, b]) for names, a, b in memory.pairs},
            deaths=int(faction["deaths"].sum()),
            civilian_deaths=int(theatre["civilian_deaths"]),
            deaths_between={
                (memory.codes[a], memory.codes[b]): int(died[a, b])
                for a, b in zip(*np.nonzero(np.triu(died)), strict=True)
            },
            offensive=PHASES[theatre["offensive"]],
            fresh=fresh,
            disputes=_disputes(simulation, memory),
        )
    )


def _freeze(array: np.ndarray) -> np.ndarray:
    """Return a read-only array."""
    array.setflags(write=False)
    return array


def _live(world: World, name: str, length: int) -> np.ndarray:
    """Return the rows of a table that are in use, those that closed on the day included."""
    rows: np.ndarray = getattr(world, f"live_{name}")[: world.counts[length]]
    return rows


def _fighters(world: World, factions: int, forces: np.ndarray) -> np.ndarray:
    """Return the fighters of each faction who stand in each town: i8 [T, F]."""
    standing = (forces["alive"] == 1) & (forces["town"] >= 0)
    at = forces["town"][standing] * factions + forces["faction"][standing]
    counts = np.bincount(at, forces["fighters"][standing], len(world.towns) * factions)
    return _freeze(counts.astype(np.int64).reshape(-1, factions))


def _places(world: World, forces: np.ndarray) -> np.ndarray:
    """Return where forces are, km east and north: f8 [n, 2]; on the way, the middle of their cell."""
    side = world.space["cell_km"][0]
    points = np.column_stack([(forces["x"] + 0.5) * side, (forces["y"] + 0.5) * side])
    standing = forces["town"] >= 0
    points[standing] = _town_places(world, forces["town"][standing])
    return points


def _town_places(world: World, town: np.ndarray) -> np.ndarray:
    return np.column_stack([world.towns["east"][town], world.towns["north"][town]])


def _moves(world: World, memory: CarriedState, rows: np.ndarray, forces: np.ndarray) -> tuple[Move, ...]:
    """Return the forces that moved on the day or are on the way, of those in rows of the table.

    A column formed on the day comes from its home; one that joined a garrison at home has the fighters it had before.
    """
    now, new = _places(world, forces), rows >= len(memory.at)
    before = _town_places(world, forces["home"])
    before[~new] = memory.at[rows[~new]]
    joined = (forces["alive"] == 0) & (forces["orders"] == kinds.GARRISON) & (forces["fighters"] == 0)
    fighters = forces["fighters"].copy()
    fighters[joined & ~new] = memory.strength[rows[joined & ~new]]
    alive = forces["alive"] == 1
    moving = ((now != before).any(axis=1) & (alive | joined)) | (alive & (forces["goal"] >= 0))
    memory.at = _grown(memory.at, rows, now)
    memory.strength = _grown(memory.strength, rows, forces["fighters"])
    fields = ("key", "faction", "group", "goal", "orders")
    columns = [forces[name][moving].tolist() for name in fields]
    rest = (fighters[moving].tolist(), before[moving].tolist(), now[moving].tolist())
    return tuple(
        Move(
            key,
            memory.codes[f],
            memory.result.groups[g],
            n,
            (a[0], a[1]),
            (b[0], b[1]),
            memory.labels[goal],
            goal,
            ORDERS[o],
        )
        for key, f, g, goal, o, n, a, b in zip(*columns, *rest, strict=True)
    )


def _grown(stored: np.ndarray, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what is kept by row, with the values of some rows put in; rows beyond the last are added."""
    size = max(len(stored), int(rows.max()) + 1 if len(rows) else 0)
    grown = np.zeros((size, *stored.shape[1:]), stored.dtype)
    grown[: len(stored)] = stored
    grown[rows] = values
    return grown


def _accords(simulation: Simulation, memory: CarriedState) -> tuple[Accord, ...]:
    """Return the agreements in force."""
    table, accords = simulation.world.agreements, []
    for row in _live(simulation.world, "agreements", tables.L_AGREEMENTS).tolist():
        a = table[row]
        if a["alive"] == 0:
            continue
        if row not in memory.words:
            memory.words[row] = _words(memory, row, a)
        words, last = memory.words[row], int(a["expires"])
        left = None if last < 0 else max(0, last - simulation.day)
        age, broken = simulation.day - int(a["signed"]), int(a["violations"])
        accords.append(Accord(**vars(words), age=age, left=left, violations=broken, given=bool(a["given"])))
    return tuple(accords)


def _words(memory: CarriedState, row: int, agreement: np.void) -> AgreementText:
    result, town, mediator = memory.result, int(agreement["town"]), int(agreement["mediator"])
    parties = parties_of(result, agreement)
    town_name = memory.labels[town]
    return AgreementText(
        name=agreement_name(result, row, parties),
        sides=(memory.codes[agreement["faction_a"]], memory.codes[agreement["faction_b"]]),
        parties=" / ".join(parties),
        terms=tuple(term.replace("_", " ") for term in terms_of(result, agreement)),
        scope=agreement_phrase(kinds.SCOPES[agreement["scope"]], town_name),
        town=town_name,
        mediator=result.groups[mediator] if mediator >= 0 else "",
    )


def _disputes(simulation: Simulation, memory: CarriedState) -> tuple[Dispute, ...]:
    """Return the disputes that are not settled."""
    world, groups = simulation.world, memory.result.groups
    rows = world.disputes[_live(world, "disputes", tables.L_DISPUTES)]
    return tuple(
        Dispute(
            int(d["town"]),
            groups[d["newcomer"]],
            groups[d["host"]],
            STAGES[d["stage"]],
            simulation.day - int(d["opened"]),
        )
        for d in rows[rows["alive"] == 1]
    )
