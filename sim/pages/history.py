"""The recorded days of a watched model: immutable snapshots, added day by day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sim.engine import kinds, tables
from sim.engine.simulation import Simulation
from sim.event_kinds import side
from sim.pages.morning import Fronts, Marches, campaigns_of, fighters_by, freeze, live_rows, shellings_of
from sim.plots.map.state import Campaign, FrontRoad, MapState, Mornings, Move, Shelling
from sim.results.event_rows import codes_of, event_id, labels, terms_of, texts, towns
from sim.results.phrases import agreement_phrase
from sim.results.tables import agreement_name, control_codes, parties_of
from sim.scenario.schema import MIXED, rebel_pairs
from sim.text import clause_list, day_text

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.engine.tables import World


@dataclass(frozen=True)
class Accord:
    """An agreement in force."""

    name: str
    named: bool  # the scenario gives the name
    sides: tuple[str, str]  # codes of the factions
    parties: str  # in words: "League / Lanterns", groups where not all of a faction sign
    terms: tuple[str, ...]  # in words: "no expansion"
    scope: str  # in words: "on all fronts", "in the sector of Orrin", "for Orrin"
    town: str  # short name; "" on all fronts
    age: int  # days since it was signed
    left: int | None  # days until it expires; None open-ended
    violations: int
    mediator: str  # group; "" none
    given: bool  # asserted by the scenario
    row: int  # in the table of agreements


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
    fighters: np.ndarray  # i4 [T, F], fighters standing in each town; read-only
    accords: tuple[Accord, ...]
    towns_held: dict[str, int]  # code -> towns; contested ones not counted
    levels: dict[tuple[str, str], int]  # pair of rebel codes, in the scenario's order -> escalation level 0..5
    deaths: int  # fighters killed on the day before
    civilian_deaths: int  # on the day before
    deaths_between: dict[tuple[str, str], int]  # by pair of codes of any role, on the day before; 0 left out
    offensive: str  # phase in words: "mobilised", "under way"; "" none
    fresh: tuple[int, ...]  # rows in `History.lines` of the events of the day before
    disputes: tuple[Dispute, ...] = ()
    standing: np.ndarray | None = None  # i4 [T, G], fighters standing in each town by group; read-only
    front: tuple[FrontRoad, ...] | None = None
    campaigns: tuple[Campaign, ...] = ()
    shellings: tuple[Shelling, ...] = ()  # of the day before
    influence: np.ndarray | None = None  # f4 [T, F], rows sum to 1; read-only
    mandates: np.ndarray | None = None  # i8 [T], kinds.MANDATES of guards, -1 never any; read-only


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


def holder_turns(result: Result, snapshots: Sequence[Snapshot], town: int) -> list[tuple[int, str]]:
    """Return who held a town, one after the other: (first morning, side in words); `snapshots` are the mornings from the first on."""
    days = len(snapshots)
    rows = zip(result.daily.holder[:days, town].tolist(), result.daily.status[:days, town].tolist(), strict=True)
    turns: list[tuple[int, str]] = []
    for day, (holder, status) in enumerate(rows):
        words = _holder_text(result, snapshots[day], town, holder, status)
        if not turns or turns[-1][1] != words:
            turns.append((day, words))
    return turns


def _holder_text(result: Result, snapshot: Snapshot, town: int, holder: int, status: int) -> str:
    """Name the side that holds a town on a morning: "Lanterns", "River Militia (League)", "contested between Lanterns and League", "nobody"."""
    if status == kinds.CONTESTED:
        sides = [code for code in dict.fromkeys(snapshot.map.sides[town]) if code in snapshot.towns_held]
        return f"contested between {clause_list(sides)}" if len(sides) > 1 else "contested"
    if status == kinds.NEUTRAL or holder < 0:
        return "nobody"
    return side(result.factions[result.world.groups["faction"][holder]], result.groups[holder])


STAGES = tuple(word.replace("_", " ") for word in kinds.DISPUTE_STAGES)
PHASES = ("", *(word.replace("_", " ") for word in kinds.OFFENSIVE_PHASES[1:]))


def start_history(simulation: Simulation) -> History:
    """Return the history of a simulation that has not taken a step; ValueError for one that has."""
    if simulation.day:
        raise ValueError(f"a history begins with the first morning; the simulation is at day {simulation.day}")
    history = History(memory=CarriedState(simulation))
    _add(simulation, history, simulation.world.events[:0])
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
    _add(simulation, history, log)


def resume_history(simulation: Simulation) -> tuple[History, int]:
    """Return the history of a simulation that has taken steps, and the first morning that it can show.

    If the simulation comes out the same from its start, that is day 0. Otherwise somebody has changed it: the present
    day, and of the days before only control, events, levels and deaths are known.
    """
    again = Simulation(simulation.scenario, simulation.geography, simulation.seed, simulation.values)
    history = start_history(again)
    while again.day < simulation.day:
        again.step()
        follow(again, history)
    if all(_bytes(again.world, name) == _bytes(simulation.world, name) for name in STATE):
        return history, 0
    history = History(memory=CarriedState(simulation))
    days = simulation.world.events[: simulation.world.counts[tables.N_EVENTS]]["day"]
    for day in range(simulation.day + 1):
        start, end = (int(n) for n in np.searchsorted(days, (day - 1, day)))
        morning = cast("Simulation", _Morning(simulation, day))
        log = simulation.world.events[start:end].copy()
        if day:
            history.lines += _lines(simulation.result(), history.memory, log, start)
            history.memory.add_morning(morning, log)
        _add(morning, history, log)
        if day < simulation.day:
            unknown: dict[str, Any] = {"moves": (), "accords": (), "disputes": (), "front": None, "campaigns": ()}
            history.snapshots[-1] = replace(history.snapshots[-1], **unknown)
    return history, simulation.day


STATE = ("counts", "towns", "influence", "factions", "groups", "relations", "forces", "bases", "disputes", "agreements")


def _bytes(world: World, name: str) -> bytes:
    table: np.ndarray = getattr(world, name)
    return table.tobytes()


class _Morning:
    """A simulation as its daily tables have it on an earlier morning."""

    def __init__(self, simulation: Simulation, day: int) -> None:
        self.simulation, self.day = simulation, day

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulation, name)


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
        self.signed: dict[int, Accord] = {}  # row of the table of agreements -> the agreement as it was first seen
        self.marches = Marches(simulation.world, self.codes, result.groups, self.labels)
        self.fronts = Fronts()

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


def _add(simulation: Simulation, history: History, log: np.ndarray) -> None:
    """Append the snapshot of the morning that a simulation has reached; `log` are the events of the day before."""
    memory, world, day = history.memory, simulation.world, simulation.day
    faction, pair, theatre = (getattr(simulation.daily, name)[day] for name in ("faction", "pair", "theatre"))
    when = simulation.scenario.start + timedelta(days=day)
    died = pair["deaths"]
    rows = live_rows(world, "forces", tables.L_FORCES)
    forces = world.forces[rows]
    groups = memory.result.groups
    standing = fighters_by(world, forces, "group", len(groups))
    history.snapshots.append(
        Snapshot(
            day=day,
            date=when,
            map=memory.mornings.states[day],
            moves=memory.marches.moves(world, rows, forces),
            fighters=fighters_by(world, forces, "faction", len(memory.codes)),
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
            fresh=tuple(range(len(history.lines) - len(log), len(history.lines))),
            disputes=_disputes(simulation, memory),
            standing=standing,
            front=memory.fronts.roads(world, day),
            campaigns=campaigns_of(world, memory.codes, groups, standing),
            shellings=shellings_of(world, memory.codes, log),
            influence=freeze(world.influence.astype(np.float32)),
            mandates=freeze(world.guarded["mandate"].copy()),
        )
    )


def _accords(simulation: Simulation, memory: CarriedState) -> tuple[Accord, ...]:
    """Return the agreements in force."""
    table, accords = simulation.world.agreements, []
    for row in live_rows(simulation.world, "agreements", tables.L_AGREEMENTS).tolist():
        a = table[row]
        if a["alive"] == 0:
            continue
        if row not in memory.signed:
            memory.signed[row] = _accord(memory, row, a)
        last = int(a["expires"])
        left = None if last < 0 else max(0, last - simulation.day)
        age, violations = simulation.day - int(a["signed"]), int(a["violations"])
        accords.append(replace(memory.signed[row], age=age, left=left, violations=violations))
    return tuple(accords)


def _accord(memory: CarriedState, row: int, agreement: np.void) -> Accord:
    """Return an agreement in words, without what changes from day to day."""
    result, town, mediator = memory.result, int(agreement["town"]), int(agreement["mediator"])
    parties = parties_of(result, agreement)
    town_name = memory.labels[town]
    return Accord(
        name=agreement_name(result, row, parties),
        named=result.agreement_names.get(row) in result.scenario.agreements,
        sides=(memory.codes[agreement["faction_a"]], memory.codes[agreement["faction_b"]]),
        parties=" / ".join(parties),
        terms=tuple(term.replace("_", " ") for term in terms_of(result, agreement)),
        scope=agreement_phrase(kinds.SCOPES[agreement["scope"]], town_name),
        town=town_name,
        age=0,
        left=None,
        violations=0,
        mediator=result.groups[mediator] if mediator >= 0 else "",
        given=bool(agreement["given"]),
        row=row,
    )


def _disputes(simulation: Simulation, memory: CarriedState) -> tuple[Dispute, ...]:
    """Return the disputes that are not settled."""
    world, groups = simulation.world, memory.result.groups
    rows = world.disputes[live_rows(world, "disputes", tables.L_DISPUTES)]
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
