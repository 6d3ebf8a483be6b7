"""Cards shown on click: a town, an event and its causes, control and agreements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.engine.tables import N_BASES, N_EVENTS
from sim.event_kinds import side
from sim.pages.history import holder_turns
from sim.pages.svg import escape
from sim.plots.style import look_of
from sim.results import tables
from sim.results.event_rows import labels, towns
from sim.results.phrases import full_names
from sim.statistics.causes import IN_THIS_RUN, Why, leaf_lines, why_event, why_town
from sim.text import day_text, plural
from sim.viewer.session import RecordedModel

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.model.conflict import ConflictModel
    from sim.pages.history import EventLine, History, Snapshot
    from sim.plots.style import FactionStyles
    from sim.scenario.schema import Scenario
    from sim.viewer.session import Session


def result_at(model: ConflictModel, history: History, day: int | None = None) -> Result:
    """Return the tables with the days before a morning; of the last recorded morning if it is None.

    Rows of days in the history do not change any more, and rows being written are left out, so that the tables can be
    read while the model takes a step in another thread.
    """
    reached = history.day if day is None else min(max(day, 0), history.day)
    now, known = model.simulation.result(), len(history.events_until(reached))
    world = copy(now.world)
    counts = world.counts.copy()
    counts[N_EVENTS] = known
    world.put(counts=counts, events=world.events[:known])
    return replace(now, days=reached, world=world)


@dataclass
class PartialRun:
    """The parts of a run that the causes of its events need (sim.statistics.causes.RunLike), without pandas."""

    result: Result

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.result.scenario

    @cached_property
    def events(self) -> tables.Columns:
        """The event log."""
        return tables.events(self.result)

    @cached_property
    def control_changes(self) -> tables.Columns:
        """The towns that changed hands."""
        return tables.control_changes(self.result)

    @property
    def agreements(self) -> tables.Columns:
        """All agreements, as they stand."""
        return tables.agreements(self.result)

    @property
    def summary(self) -> dict[str, Any]:
        """No statistics: they are of finished runs."""
        return {}

    @property
    def watch_towns(self) -> list[str]:
        """The watch towns."""
        return list(self.scenario.watch_towns)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Short names of the map's towns by their names."""
        return dict(zip(towns(self.result), labels(self.result), strict=True))


@dataclass(frozen=True)
class Held:
    """A time during which a town had one holder; the last one ends with the morning shown."""

    start: date
    end: date
    side: str  # in words: "Lanterns", "River Militia (League)", "contested between Lanterns and League", "nobody"


@dataclass(frozen=True)
class TownCard:
    """What is known of a town on a morning; sentences and phrases to be shown as they are."""

    name: str
    aliases: tuple[str, ...]
    population: int
    held: tuple[Held, ...]  # in order of time
    bases: tuple[str, ...]  # "League, open for 12 days, 60 fighters"
    forces: tuple[tuple[str, int], ...]  # (code of the faction, fighters standing there), most first
    disputes: tuple[str, ...]
    lines: tuple[EventLine, ...]  # what happened there, newest first
    why: (
        Why | None
    )  # what `run.py why RUN TOWN` explains of a run that ended on this morning; None: nothing of note happened


def town_card(model: ConflictModel, history: History, town: int, day: int) -> TownCard:
    """Return what is known of a town on the morning of a day; IndexError if there is no such town."""
    snapshot, map_town = history.at(day), model.geography.places[town]
    here = [line for line in history.events_until(snapshot.day) if line.town == map_town.name]
    return TownCard(
        name=map_town.name,
        aliases=map_town.aliases,
        population=round(map_town.population),
        held=tuple(_held(model, history, town, snapshot.day)),
        bases=tuple(_bases(model, snapshot, town)),
        forces=_forces(model, snapshot, town),
        disputes=tuple(_disputes(snapshot, town)),
        lines=tuple(reversed(here)),
        why=_why_town(model, history, map_town.name, snapshot.day),
    )


def event_card(model: ConflictModel, history: History, event_id: str) -> Why:
    """Return what `run.py why RUN EVENT_ID` explains, of the days there are; KeyError if there is no such event."""
    return why_event(PartialRun(result_at(model, history)), event_id)


def _why_town(model: ConflictModel, history: History, name: str, day: int) -> Why | None:
    return why_town(PartialRun(result_at(model, history, day)), name, period(model, history, day))


def period(model: ConflictModel, history: History, day: int) -> str:
    """Return the time that an answer of a morning is about: "by 14 Dec 2018"."""
    return IN_THIS_RUN if day >= model.simulation.days else f"by {day_text(history.snapshots[day].date)}"


def _held(model: ConflictModel, history: History, town: int, day: int) -> Iterator[Held]:
    """Yield who held a town from the start to a day, one after the other."""
    turns = holder_turns(model.simulation.result(), history.snapshots[: day + 1], town)
    ends = [*(first for first, _side in turns[1:]), day]
    for (first, words), last in zip(turns, ends, strict=True):
        yield Held(history.snapshots[first].date, history.snapshots[last].date, words)


def _bases(model: ConflictModel, snapshot: Snapshot, town: int) -> Iterator[str]:
    """Yield the bases that stand in a town on a morning, as the map shows them, oldest first."""
    world, codes = model.world, list(model.codes.values())
    visible_codes = {code for at, code in snapshot.map.bases if at == town}
    for row in world.bases[: world.counts[N_BASES]]:
        open_then = row["opened"] < snapshot.day and (row["closed"] < 0 or row["closed"] >= snapshot.day)
        if row["town"] == town and open_then and codes[row["faction"]] in visible_codes:
            who = side(model.names["factions"][row["faction"]], model.names["groups"][row["group"]])
            age = plural(snapshot.day - int(row["opened"]), "day")
            yield f"{who}, open for {age}, {plural(int(row['fighters']), 'fighter')}"


def _forces(model: ConflictModel, snapshot: Snapshot, town: int) -> tuple[tuple[str, int], ...]:
    pairs = zip(model.codes.values(), snapshot.fighters[town].tolist(), strict=True)
    return tuple(sorted((pair for pair in pairs if pair[1]), key=lambda pair: -pair[1]))


def _disputes(snapshot: Snapshot, town: int) -> Iterable[str]:
    for dispute in snapshot.disputes:
        if dispute.town == town:
            age = plural(dispute.age, "day")
            yield f"{dispute.host} and {dispute.newcomer} over a base, for {age}: {dispute.stage}"


MOST_CHANGES = 3
MOST_THERE = 100  # events of a town's card
NO_SIDE = "#B8BDC2"  # colour of an event that nobody initiates


def header(session: Session, changed: Sequence[str], snapshot: Snapshot) -> str:
    """Return title, question, what was changed, the date, and what the page shows being simulated."""
    scenario = session.runs[0].simulation.scenario
    seed = session.runs[0].simulation.seed
    past = snapshot.date > scenario.evidence_until
    evidence = (
        f"evidence ends {day_text(scenario.evidence_until)}"
        if past
        else f"evidence until {day_text(scenario.evidence_until)}"
    )
    title = " beside ".join(escape(run.simulation.scenario.title) for run in session.runs)
    replay = '<span class="tc-tag">replay</span>' if session.replay else ""
    return (
        f'<div class="tc-head"><div class="tc-headtext"><h1>{title}{replay}</h1>'
        f'<p class="tc-question" title="{escape(scenario.question)}">{escape(scenario.question)}</p>{_changed(changed, scenario)}</div>'
        f'<div class="tc-date"><div class="tc-day" data-day="{snapshot.day}">{day_text(snapshot.date)}</div>'
        f'<div class="tc-quiet">{_day(snapshot.day, session.days)} · seed {seed}</div></div>'
        f'<div class="tc-stamp"><div class="tc-simulated">SIMULATED</div>'
        f'<div class="{"tc-past" if past else "tc-quiet"}">{evidence}</div></div></div>'
    )


def _day(day: int, days: int) -> str:
    return f"day {day} of {days}" + (", the end" if day >= days else "")


def _changed(changed: Sequence[str], scenario: Scenario) -> str:
    """Return what was changed, and the names in full of the factions that have one."""
    names = full_names(scenario)
    in_words = escape(" · ".join(names if changed else ["Unchanged scenario", *names]))
    known = f'<p class="tc-names tc-quiet" title="{escape(chr(10).join(names))}">{in_words}</p>' if in_words else ""
    if not changed:
        return known
    text = "; ".join(escape(line) for line in changed[:MOST_CHANGES])
    more = f" and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    return f'{known}<p class="tc-changes" title="{escape(chr(10).join(changed))}"><b>Changed</b> {text}{more}</p>'


def message(title: str, text: str) -> str:
    """Return a card with one sentence."""
    return f'<div class="tc-card">{close()}<h2>{escape(title)}</h2><p>{escape(text)}</p></div>'


def event(why: Why) -> str:
    """Return the card of an event: its causes in order of time, each a link to its own card."""
    head = f"{close()}<h2>{escape(why.title)}</h2>"
    return f'<div class="tc-card" data-event="{escape(why.event_id)}">{head}{_steps(why)}</div>'


def _steps(why: Why) -> str:
    """Return the steps of an answer as a list; all but the last, which is explained, are links."""
    items = []
    for step in why.steps:
        text = f'<span class="tc-quiet">{escape(step.when)}</span> <span>{escape(step.text)}</span>'
        known = step is why.steps[-1]
        words = (
            f'<p class="tc-explained">{text}</p>'
            if known
            else f'<button type="button" class="tc-cause" data-pick="event" data-id="{escape(step.event_ids[-1])}">{text}</button>'
        )
        leaves = "".join(f'<p class="tc-quiet">{escape(line)}</p>' for line in leaf_lines(step))
        items.append(f"<li>{words}{leaves}</li>")
    head = "" if len(why.steps) == 1 else f'<p class="tc-quiet">{escape(why.head)}</p>'
    return f'{head}<ol class="tc-steps">{"".join(items)}</ol>'


def close() -> str:
    """Return the button that closes a card."""
    return '<button type="button" class="tc-close" data-pick="close" data-id="" title="close">×</button>'


def differing(left: Snapshot, right: Snapshot | None = None) -> frozenset[int]:
    """Return the towns that two runs on the same map hold differently; none for a single run."""
    if right is None or len(left.map.codes) != len(right.map.codes):
        return frozenset()
    return frozenset(i for i, (a, b) in enumerate(zip(left.map.codes, right.map.codes, strict=True)) if a != b)


def difference_text(left: RecordedModel, right: RecordedModel, towns: frozenset[int]) -> str:
    """Say in how many towns two runs differ, and which."""
    if not towns:
        return '<div class="tc-difference tc-quiet">Both runs hold the same towns so far.</div>'
    names = [escape(left.geography.places[i].label or left.geography.places[i].name) for i in sorted(towns)]
    count = "1 town is" if len(names) == 1 else f"{len(names)} towns are"
    return f'<div class="tc-difference"><b>{count} held differently</b> (ringed): {", ".join(names)}</div>'


SIDES = "AB"  # of two runs


def run_title(runs: Sequence[RecordedModel], index: int) -> str:
    """Return the title of one of two runs: "A · Two valleys"; "" for a single one."""
    return f"{SIDES[index]} · {runs[index].simulation.scenario.title}" if len(runs) > 1 else ""


def map_title(runs: Sequence[RecordedModel], index: int, snapshot: Snapshot) -> str:
    """Return the heading of the map of one of two runs, with its own date."""
    title = escape(run_title(runs, index))
    return f'<h2 class="tc-maptitle">{title} <span class="tc-quiet">{day_text(snapshot.date)}</span></h2>'


def town(card: TownCard, look: FactionStyles, day: int) -> str:
    """Return the card of a town: who held it when, what stands there, why it last changed hands, what happened."""
    also = f'<p class="tc-quiet">also {escape(", ".join(card.aliases[:4]))}</p>' if card.aliases else ""
    people = f'<p class="tc-quiet">about {card.population:,} people in 2004</p>' if card.population else ""
    held = "".join(
        f"<tr><td>{day_text(h.start)}</td><td>to {day_text(h.end)}</td><td>{escape(h.side)}</td></tr>"
        for h in card.held
    )
    forces = [f"{look.names[code]} {fighters:,}" for code, fighters in card.forces]
    why, changed = card.why, len(card.held) > 1
    heading = "Why it last changed hands" if changed else "Has not changed hands. What happened here"
    because = _steps(why) if why is not None else '<p class="tc-quiet">Nothing of note.</p>'
    return (
        f'<div class="tc-card">{close()}<h2>{escape(card.name)}</h2>{also}{people}'
        f"<h3>Held by</h3><table>{held}</table>"
        f"{_list('Fighters there', [', '.join(forces)] if forces else [])}"
        f"{_list('Bases', card.bases)}{_list('Disputes', card.disputes)}"
        f"<h3>{heading}</h3>{because}"
        f"<h3>All events there</h3>{_lines(card.lines, look, day)}</div>"
    )


def _lines(lines: Sequence[EventLine], look: FactionStyles, day: int) -> str:
    """Return events as buttons with their dates, newest first; those of the day before the one shown are marked."""
    rows = [
        f'<button type="button" class="tc-line{" tc-fresh" if line.day == day - 1 else ""}" data-pick="event" data-id="{escape(line.event_id)}">'
        f'<span class="tc-mark" style="background:{look.colour(line.initiator) if line.initiator else NO_SIDE}"></span>'
        f'<span class="tc-what"><span class="tc-quiet">{escape(line.date)}</span> {escape(line.text)}</span></button>'
        for line in lines[:MOST_THERE]
    ]
    left = f'<p class="tc-quiet">the newest {len(rows)} of {len(lines):,}</p>' if len(lines) > len(rows) else ""
    return "".join(rows) + left or '<p class="tc-quiet">Nothing so far.</p>'


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<p>{escape(line)}</p>" for line in lines) or '<p class="tc-quiet">none</p>'
    return f"<h3>{title}</h3>{items}"


@dataclass(frozen=True)
class Question:
    """A town or an event of one of the runs shown."""

    run: int
    town: int = -1
    event: str = ""


def place_asked(runs: tuple[RecordedModel, ...], question: Question | None, run: int) -> int:
    """Return the town that a question about a run is about, also the one of an event; -1 for none."""
    if question is None or question.run != run:
        return -1
    if not question.event:
        return question.town
    history = runs[run].history
    row = row_of_event(history, question.event)
    name = history.lines[row].town if row >= 0 else ""
    return next((n for n, at in enumerate(runs[run].geography.places) if at.name == name), -1) if name else -1


def row_of_event(history: History, event: str) -> int:
    """Return the row of an event in `History.lines`; -1 if there is none."""
    row = int(event[1:]) - 1 if event[1:].isascii() and event[1:].isdigit() else -1
    return row if 0 <= row < len(history.lines) and history.lines[row].event_id == event else -1


def answer(runs: tuple[RecordedModel, ...], question: Question, day: int) -> str:
    """Return the card that answers a question on the morning of a day; empty if there is nothing to ask about."""
    if not 0 <= question.run < len(runs):
        return ""
    run = runs[question.run]
    if question.event:
        return _event(run, question.event)
    if not 0 <= question.town < len(run.geography.places):
        return ""
    card = town_card(run, run.history, question.town, day)
    return town(card, look_of(run.simulation.scenario), day)


def _event(run: RecordedModel, name: str) -> str:
    try:
        return event(event_card(run, run.history, name))
    except KeyError:
        return message(name[:20], "There is no such event in this run.")
