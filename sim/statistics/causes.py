"""Causes of events: turning points of a run, and the chain of causes behind an event or a town's holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.engine.kinds import LEVELS
from sim.event_kinds import AGREEMENTS, BASES, TABLE, TALKS
from sim.scenario.schema import MIXED, Scenario, rebels
from sim.statistics.conflict_log import Table, column, hostile, one_of, text, total_deaths
from sim.text import clause_list, day_text, plural

MOST = 6  # turning points of one run
AFTERMATH_DAYS = 7  # deaths within so many days weigh a broken agreement


class RunLike(Protocol):
    """The parts of a run that this package reads; `sim.results.run.Run` has them."""

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
    """Return the row of an event; KeyError with a clear message if there is none."""
    rows = np.flatnonzero(text(events, "event_id") == event_id)
    if not len(rows):
        raise KeyError(f"there is no event {event_id!r} in this run")
    return int(rows[0])


def date_of(events: Table, row: int) -> str:
    """Return the date of an event in words."""
    return day_text(column(events, "date")[row].astype("datetime64[D]").item())


def chance_text(events: Table, row: int) -> str:
    """Return the chance of an event and what moved it: "chance that day 40 %: trust 0.2 lowered it by 50 %"; else ""."""
    moved = str(text(events, "moved_by")[row])
    chance = float(column(events, "probability")[row]) if np.isfinite(float(column(events, "draw")[row])) else 1.0
    reasons = [reason.rpartition(" x") for reason in moved.split("; ") if reason]
    if chance < 1:
        effects = "; ".join(f"{mover} {_effect(float(factor.replace(',', '')))}" for mover, _x, factor in reasons)
        return f"chance that day {_percent(chance)}{f': {effects}' if effects else ''}"
    return f"moved by {clause_list(mover for mover, _x, _factor in reasons)}" if reasons else ""


def _effect(factor: float) -> str:
    """Say what a factor does to a chance."""
    if factor < 1:
        return "lowered it to none" if factor == 0 else f"lowered it by {_percent(1 - factor)}"
    return f"raised it by {_percent(factor - 1)}" if factor < 2 else f"raised it {factor:g} times"


def _percent(share: float) -> str:
    """Return a share in percent with two figures; one that is not quite 100 % stays below."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.3g} %"


def event_line(events: Table, row: int) -> str:
    """Return one event as a line: date, sentence, its chance and what moved it."""
    chance = chance_text(events, row)
    return f"{date_of(events, row)}: {text(events, 'text')[row]}{f' ({chance})' if chance else ''}"


def cause_chain(run: RunLike, event_id: str) -> list[str]:
    """Return an event and its causes, one line each, from the event itself back to the root of the chain."""
    return [event_line(run.events, row) for row in cause_rows(run.events, row_of(run.events, event_id))]


def cause_rows(events: Table, row: int) -> list[int]:
    """Return the rows of an event and its causes, from the event itself back to the root."""
    rows = {name: position for position, name in enumerate(text(events, "event_id"))}
    causes, chain = text(events, "cause_id"), [row]
    while rows.get(causes[chain[-1]], chain[-1]) < chain[-1]:  # a cause is never later
        chain.append(rows[causes[chain[-1]]])
    return chain


def _watched(run: RunLike) -> list[tuple[str, str]]:
    """Return the last change of holder of each watched town, in the order in which the scenario lists them.

    Of a town that kept its holder it is the last event of the quarrel over a base there, if there was one.
    """
    changes = run.control_changes
    sides = {faction.code or name: name for name, faction in run.scenario.factions.items()}
    last: dict[str, tuple[str, str]] = {}
    for town, event_id, code in zip(text(changes, "town"), text(changes, "event_id"), text(changes, "to"), strict=True):
        if town in run.watch_towns and event_id:
            name = run.labels.get(town, town)
            last[town] = (
                event_id,
                f"{name} is contested" if code == MIXED else f"{name} passes to {sides.get(code, code)}",
            )
    ids = text(run.events, "event_id")
    for town in run.watch_towns:
        if town not in last and (quarrel := _quarrel(run, town)):
            last[town] = (str(ids[quarrel[-1]]), f"The base in {run.labels.get(town, town)}: the town keeps its holder")
    return [last[town] for town in run.watch_towns if town in last]


def _largest_jump(events: Table, sides: list[str]) -> list[tuple[str, str]]:
    """Return the change of level among rebels that leaps furthest up, to the highest level of equals."""
    before: dict[frozenset[str], int] = {}
    best, largest = (1, 0), []
    kind, level, ids = text(events, "kind"), column(events, "level"), text(events, "event_id")
    initiator, target = text(events, "initiator"), text(events, "target")
    for row in np.flatnonzero(kind == "level_change"):
        pair, new = frozenset((initiator[row], target[row])), int(level[row])
        leap = (new - before.get(pair, 0), new)
        before[pair] = new
        if leap > best and pair <= set(sides):
            best, largest = leap, [(ids[row], f"A leap to level {new}, {LEVELS[new]}")]
    return largest


def _agreements(run: RunLike, sides: list[str]) -> list[tuple[str, str]]:
    """Return the signing of the agreement that held longest, and the breach with most deaths in the week after."""
    events, table = run.events, run.agreements
    kind, day, ids = text(events, "kind"), column(events, "day"), text(events, "event_id")
    of, points = text(events, "agreement_id"), []
    held = dict(zip(text(table, "agreement_id"), column(table, "days_held"), strict=True))
    signed = np.flatnonzero((kind == "agreement_signed") & (column(events, "given") == 0))
    if len(signed):
        row = max(signed, key=lambda r: held.get(of[r], 0))
        points.append((ids[row], "The agreement that held longest"))
    lethal, toll = hostile(events, sides), total_deaths(events)
    broken = np.flatnonzero(kind == "agreement_broken")
    if len(broken):
        after = [int(toll[lethal & (day >= day[r]) & (day <= day[r] + AFTERMATH_DAYS)].sum()) for r in broken]
        points.append((ids[broken[int(np.argmax(after))]], "The breach with most deaths after it"))
    return points


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


NOUNS = {name: (kind.noun, kind.nouns) for name, kind in TABLE.items() if kind.noun}
TELLING = tuple(name for name, kind in TABLE.items() if kind.explains)  # if none of these: any kind of NOUNS


@dataclass(frozen=True)
class Cause:
    """One step on the way to an event: one event, or several days of one fight.

    `chance` gives its probability and factors, empty if nothing was drawn; `also` its other consequences.
    """

    number: int  # 1 is the first cause
    event_ids: tuple[str, ...]
    kind: str
    when: str
    text: str
    chance: str
    given: bool
    actor: str  # code of the faction that acts, "" none
    town: str  # "" if it has no place
    day: int  # of its last event
    also: str


HEAD = "because, from the first cause on:"
STORY_HEAD = "what happened there, in order:"


@dataclass(frozen=True)
class Why:
    """An event with all that led to it, in order of time; the last step is the event itself.

    Of a town that kept its holder the steps are the last attempt at a base there and what followed.
    """

    title: str
    note: str  # the question and what is shown instead; may be empty
    steps: tuple[Cause, ...]
    head: str = HEAD  # the line above the steps

    @property
    def event_id(self) -> str:
        """The event that is explained."""
        return self.steps[-1].event_ids[-1]


IN_THIS_RUN = "in this run"


def stamp_line(run: RunLike, seed: int) -> str:
    """Return the line above every answer."""
    return f"SIMULATED. {run.scenario.title}, seed {seed}"


def nothing_line(name: str, when: str = IN_THIS_RUN) -> str:
    """Return the sentence that there is nothing to explain about a town, by its short name."""
    return f"SIMULATED. No event of note happened in {name} {when}."


def head_line(step: Cause) -> str:
    """Return a step's first line: its number, day and sentence, and the ids of its events."""
    ids = step.event_ids[0] if len(step.event_ids) == 1 else f"{step.event_ids[0]} to {step.event_ids[-1]}"
    return f"{step.number}. {step.when}: {step.text} [{ids}]"


def leaf_lines(step: Cause) -> list[str]:
    """Return the lines under a step: its probability and its other consequences."""
    return [line for line in (step.chance, f"and {step.also}" if step.also else "") if line]


def step_lines(answer: Why) -> list[str]:
    """Return the steps as numbered lines, what stands under each one indented."""
    lines = [answer.head]
    for step in answer.steps:
        lines += [head_line(step), *(f"    {line}" for line in leaf_lines(step))]
    return lines


def why_lines(run: RunLike, seed: int, answer: Why) -> list[str]:
    """Return a whole answer as lines of text."""
    return [stamp_line(run, seed), *(line for line in (answer.note, answer.title) if line), *step_lines(answer)]


def why_event(run: RunLike, event_id: str, note: str = "") -> Why:
    """Return an event with its causes, in order of time.

    Args:
        run: the run.
        event_id: the id, as in events.csv.
        note: a sentence to show with the answer.

    Raises:
        KeyError: with a sentence, if the run has no such event.

    Example:
        >>> import sim
        >>> from sim.statistics.causes import why_event
        >>> [step.event_ids[0] for step in why_event(sim.simulate("two_valleys", seed=1), "E000001").steps]
        ['E000001']
    """
    last = row_of(run.events, event_id)
    return Why(f"Why: {text(run.events, 'text')[last]}", note, _steps(run, cause_rows(run.events, last)[::-1]))


def why_town(run: RunLike, town: str, when: str = IN_THIS_RUN) -> Why | None:
    """Return the causes of a town's last change of holder, else why it kept its holder; None if nothing of note happened.

    Of a town that kept its holder, the last attempt at a base there is told with the demand, the answer, the talks and what
    followed; without an attempt, the causes of its last important event. A change without an event (only one side was left
    in the town) does not count; the note reports it.

    Args:
        run: the run.
        town: the town's name, as the map has it.
        when: the end of the period for the note, "by 14 Dec 2018", if `run` is a part of a run.

    Example:
        >>> import sim
        >>> from sim.statistics.causes import why_town
        >>> why = why_town(sim.simulate("two_valleys", seed=1), "Saddle Pass")
        >>> why.steps[0].kind, why.steps[0].given
        ('base_attempt', False)
    """
    changes = run.control_changes
    here = text(changes, "town") == town
    named = np.flatnonzero(here & (text(changes, "event_id") != ""))
    if len(named):
        row = int(named[-1])
        later = here[row + 1 :].any()
        note = "Later the town only became contested, or quiet again, as forces came and went." if later else ""
        return why_event(run, str(text(changes, "event_id")[row]), note)
    name = run.labels.get(town, town)
    if quarrel := _quarrel(run, town):
        note = f"{name} was neither taken nor left {when}; this is the last attempt at a base there, and what followed."
        return Why(f"Why: {name} did not change hands.", note, _steps(run, quarrel), STORY_HEAD)
    last_row = _last(run, town, TELLING)
    last_row = _last(run, town, tuple(NOUNS)) if last_row is None else last_row
    if last_row is None:
        return None
    note = f"{name} was neither taken nor left {when}; this is its last important event."
    return why_event(run, str(text(run.events, "event_id")[last_row]), note)


FIGHTS = ("clash", "attack_repelled")  # told of a town also where something else led to them
ANSWERED = ("demand", "tolerated")  # decisions about a base that was opened


def _quarrel(run: RunLike, town: str) -> list[int]:
    """Return the rows of the last attempt at a base in a town that was answered, else of the last; empty without any."""
    here = (text(run.events, "town") == town) & (text(run.events, "kind") == "base_attempt")
    stories = [_story(run, town, int(row)) for row in np.flatnonzero(here)[::-1]]
    kind = text(run.events, "kind")
    answered = [story for story in stories if one_of(kind[story], ANSWERED).any()]
    return next(iter(answered or stories), [])


def _story(run: RunLike, town: str, attempt: int) -> list[int]:
    """Return the rows of an attempt, of its causes, and of what it led to in the town, with later fights there."""
    kind, where = text(run.events, "kind"), text(run.events, "town")
    causes, ids = text(run.events, "cause_id"), text(run.events, "event_id")
    rows = cause_rows(run.events, attempt)[::-1]
    known = {ids[row] for row in rows}
    for row in range(attempt + 1, len(kind)):
        group, follows = TABLE[kind[row]].group, causes[row] in known
        of_quarrel = follows and (group == AGREEMENTS or (where[row] == town and group in (BASES, TALKS)))
        if of_quarrel or (where[row] == town and kind[row] in FIGHTS):
            rows.append(row)
            known.add(ids[row])
    return rows


def _last(run: RunLike, town: str, kinds: tuple[str, ...]) -> int | None:
    """Return the row of a town's last event of some kinds; None without any."""
    rows = np.flatnonzero((text(run.events, "town") == town) & one_of(text(run.events, "kind"), kinds))
    return int(rows[-1]) if len(rows) else None


def _steps(run: RunLike, chain: list[int]) -> tuple[Cause, ...]:
    """Return the steps of a chain of rows; days of one fight are one step, the last event is always its own."""
    kind, town = text(run.events, "kind"), text(run.events, "town")
    parts: list[list[int]] = []
    for row in chain:
        before = parts[-1][-1] if parts else row
        same = parts and kind[row] == kind[before] == "clash" and town[row] == town[before] and row != chain[-1]
        if same:
            parts[-1].append(row)
        else:
            parts.append([row])
    children = _children(run)
    path = set(chain)
    return tuple(_cause(run, number, rows, children, path) for number, rows in enumerate(parts, 1))


def _children(run: RunLike) -> dict[str, list[int]]:
    children: dict[str, list[int]] = {}
    for row, cause in enumerate(text(run.events, "cause_id")):
        children.setdefault(cause, []).append(row)
    return children


def _cause(run: RunLike, number: int, rows: list[int], children: dict[str, list[int]], path: set[int]) -> Cause:
    events = run.events
    ids = tuple(str(text(events, "event_id")[row]) for row in rows)
    others = [row for name in ids for row in children.get(name, []) if row not in path]
    last = rows[-1]
    return Cause(
        number,
        ids,
        str(text(events, "kind")[last]),
        _when(run, rows),
        _step_text(run, rows),
        chance_text(events, rows[0]),
        bool(column(events, "given")[last]),
        str(text(events, "initiator")[last]),
        str(text(events, "town")[last]),
        int(column(events, "day")[last]),
        _also(run, others),
    )


def _when(run: RunLike, rows: list[int]) -> str:
    first, last = (date_of(run.events, row) for row in (rows[0], rows[-1]))
    return first if first == last else f"{first} to {last}"


def _step_text(run: RunLike, rows: list[int]) -> str:
    """Say a step: its event's sentence, or that of the first day of a fight with the sum of all its days."""
    first = str(text(run.events, "text")[rows[0]])
    if len(rows) == 1:
        return first
    deaths = int(total_deaths(run.events)[rows].sum())
    return f"{first.split(';')[0]}; in {plural(len(rows), 'day')} of fighting {plural(deaths, 'person', 'people')} {'dies' if deaths == 1 else 'die'}."


def _also(run: RunLike, rows: list[int]) -> str:
    """Return the other consequences of a step: "2 other fronts and 1 commander killed"."""
    kinds = text(run.events, "kind")
    counts = Counter(str(kinds[row]) for row in rows if kinds[row] in NOUNS)
    return clause_list(_other(kind, counts[kind]) for kind in NOUNS if counts[kind])


def _other(kind: str, count: int) -> str:
    singular, many = NOUNS[kind]
    return plural(count, f"other {singular}", f"other {many}" if many else "")
