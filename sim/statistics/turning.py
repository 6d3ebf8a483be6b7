"""Turning points of a run, and why each happened: the chain of causes in words."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.engine.kinds import LEVELS
from sim.scenario.schema import Scenario
from sim.statistics.log import Table, column, hostile, text, total_deaths
from sim.statistics.sides import MIXED, rebels
from sim.words import day_text

MOST = 6  # turning points told of one run
AFTERMATH_DAYS = 7  # deaths within so many days weigh a broken agreement


class RunLike(Protocol):
    """What this room needs of a run; `sim.record.run.Run` is one."""

    @property
    def scenario(self) -> Scenario:
        """The scenario, resolved."""

    @property
    def events(self) -> Any:
        """The event log."""

    @property
    def control_changes(self) -> Any:
        """The towns that changed hands."""

    @property
    def agreements(self) -> Any:
        """All agreements."""

    @property
    def summary(self) -> dict[str, float | int | str | None]:
        """The summary statistics."""

    @property
    def watch_towns(self) -> list[str]:
        """The watch towns as the map names them."""

    @property
    def labels(self) -> dict[str, str]:
        """Short names of the map's towns by their names."""


class TurningPoint(NamedTuple):
    """An event that mattered: `title` in a few words, `text` in a sentence, `why` from its cause back to the root."""

    event_id: str
    day: int
    date: str
    title: str
    text: str
    why: list[str]


def row_of(events: Table, event_id: str) -> int:
    """Return the row of an event; KeyError with a clear message where there is none."""
    found = np.flatnonzero(text(events, "event_id") == event_id)
    if not len(found):
        raise KeyError(f"there is no event {event_id!r} in this run")
    return int(found[0])


def date_of(events: Table, row: int) -> str:
    """Return the date of an event in words."""
    return day_text(column(events, "date")[row].astype("datetime64[D]").item())


def chance_text(events: Table, row: int) -> str:
    """Say how likely an event was and what moved that: "chance 0.4: trust x0.5"; empty where nothing did."""
    moved = text(events, "moved_by")[row]
    chance = float(column(events, "probability")[row]) if np.isfinite(float(column(events, "draw")[row])) else 1.0
    if chance < 1:
        return f"chance {chance:.2g}{f': {moved}' if moved else ''}"
    return f"moved by {moved}" if moved else ""


def event_line(events: Table, row: int) -> str:
    """Return one event as a line: date, sentence, its chance and what moved it."""
    chance = chance_text(events, row)
    return f"{date_of(events, row)}: {text(events, 'text')[row]}{f' ({chance})' if chance else ''}"


def cause_chain(run: RunLike, event_id: str) -> list[str]:
    """Return an event and its causes, one line each, from the event itself back to the root of the chain."""
    return [event_line(run.events, row) for row in cause_rows(run.events, row_of(run.events, event_id))]


def cause_rows(events: Table, row: int) -> list[int]:
    """Return the rows of an event and its causes, from the event itself back to the root."""
    rows = {name: place for place, name in enumerate(text(events, "event_id"))}
    causes, chain = text(events, "cause_id"), [row]
    while rows.get(causes[chain[-1]], chain[-1]) < chain[-1]:  # a cause is never later
        chain.append(rows[causes[chain[-1]]])
    return chain


def _watched(run: RunLike) -> list[tuple[str, str]]:
    """Return the last change of holder of each watched town, in the order in which the scenario lists them."""
    changes = run.control_changes
    last: dict[str, tuple[str, str]] = {}
    for town, event_id, code in zip(text(changes, "town"), text(changes, "event_id"), text(changes, "to"), strict=True):
        if town in run.watch_towns and event_id:
            name = run.labels.get(town, town)
            last[town] = (event_id, f"{name} is contested" if code == MIXED else f"{name} passes to {code}")
    return [last[town] for town in run.watch_towns if town in last]


def _largest_jump(events: Table, sides: list[str]) -> list[tuple[str, str]]:
    """Return the change of level among rebels that leaps furthest up, to the highest level of equals."""
    before: dict[frozenset[str], int] = {}
    best, found = (1, 0), []
    kind, level, ids = text(events, "kind"), column(events, "level"), text(events, "event_id")
    one, other = text(events, "initiator"), text(events, "target")
    for row in np.flatnonzero(kind == "level_change"):
        pair, new = frozenset((one[row], other[row])), int(level[row])
        leap = (new - before.get(pair, 0), new)
        before[pair] = new
        if leap > best and pair <= set(sides):
            best, found = leap, [(ids[row], f"A leap to level {new}, {LEVELS[new]}")]
    return found


def _agreements(run: RunLike, sides: list[str]) -> list[tuple[str, str]]:
    """Return the signing of the agreement that held longest, and the breach with most deaths in the week after."""
    events, table = run.events, run.agreements
    kind, day, ids = text(events, "kind"), column(events, "day"), text(events, "event_id")
    of, found = text(events, "agreement_id"), []
    held = dict(zip(text(table, "agreement_id"), column(table, "days_held"), strict=True))
    signed = np.flatnonzero((kind == "agreement_signed") & (column(events, "given") == 0))
    if len(signed):
        row = max(signed, key=lambda r: held.get(of[r], 0))
        found.append((ids[row], "The agreement that held longest"))
    lethal, toll = hostile(events, sides), total_deaths(events)
    broken = np.flatnonzero(kind == "agreement_broken")
    if len(broken):
        after = [int(toll[lethal & (day >= day[r]) & (day <= day[r] + AFTERMATH_DAYS)].sum()) for r in broken]
        found.append((ids[broken[int(np.argmax(after))]], "The breach with most deaths after it"))
    return found


def turning_points(run: RunLike, most: int = MOST) -> list[TurningPoint]:
    """Return up to `most` turning points in order of time.

    In order of weight: the start of an offensive, the last change of holder of watched towns, the first clash among
    rebels, the largest leap on the escalation ladder, the agreement that held longest, the deadliest breach.
    """
    events, sides = run.events, rebels(run.scenario)
    kind, ids = text(events, "kind"), text(events, "event_id")
    clash = np.flatnonzero(hostile(events, sides) & (kind == "clash"))
    offensive = np.flatnonzero(kind == "offensive_started")
    picked = [
        *((ids[row], "An offensive begins") for row in offensive[:1]),
        *_watched(run)[:3],
        *((ids[row], "The first clash") for row in clash[:1]),
        *_largest_jump(events, sides),
        *_agreements(run, sides),
    ]
    chosen: dict[str, str] = {}
    for event_id, title in picked:
        if event_id not in chosen and len(chosen) < most:
            chosen[event_id] = title
    return sorted(
        (_point(run, event_id, title) for event_id, title in chosen.items()), key=lambda p: (p.day, p.event_id)
    )


def _point(run: RunLike, event_id: str, title: str) -> TurningPoint:
    events, row = run.events, row_of(run.events, event_id)
    day = int(column(events, "day")[row])
    return TurningPoint(
        event_id, day, date_of(events, row), title, text(events, "text")[row], cause_chain(run, event_id)[1:]
    )
