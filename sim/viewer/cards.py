"""Cards shown on click: a town, an event and its causes, control and agreements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.engine.kinds import CONTESTED, NEUTRAL
from sim.engine.tables import N_BASES, N_EVENTS
from sim.event_kinds import side
from sim.geography.towns import find_place
from sim.pages.svg import escape
from sim.plots.style import look_of
from sim.results import tables
from sim.results.event_rows import labels, towns
from sim.statistics.causes import IN_THIS_RUN, nothing_line, why_event, why_lines, why_town
from sim.text import clause_list, day_text, plural
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
    side: str  # in words: "HTS", "Ahrar al-Sham (NLF)", "contested between HTS and NLF", "nobody"


@dataclass(frozen=True)
class TownCard:
    """What is known of a town on a morning; sentences and phrases to be shown as they are."""

    name: str
    aliases: tuple[str, ...]
    population: int
    held: tuple[Held, ...]  # in order of time
    bases: tuple[str, ...]  # "HTS, open for 12 days, 60 fighters"
    forces: tuple[tuple[str, int], ...]  # (code of the faction, fighters standing there), most first
    disputes: tuple[str, ...]
    lines: tuple[EventLine, ...]  # what happened there, newest first
    why: tuple[str, ...]  # what `run.py why RUN TOWN` prints of a run that ended on this morning; before, with its date


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


def event_card(model: ConflictModel, history: History, event_id: str) -> tuple[str, ...]:
    """Return what `run.py why RUN EVENT_ID` prints of the days there are; KeyError if there is no such event."""
    cut = PartialRun(result_at(model, history))
    return tuple(why_lines(cut, model.simulation.seed, why_event(cut, event_id)))


def _why_town(model: ConflictModel, history: History, name: str, day: int) -> tuple[str, ...]:
    cut = PartialRun(result_at(model, history, day))
    when = IN_THIS_RUN if day >= model.simulation.days else f"by {day_text(history.snapshots[day].date)}"
    answer = why_town(cut, name, when)
    if answer is None:
        return (nothing_line(cut.labels[name], when),)
    return tuple(why_lines(cut, model.simulation.seed, answer))


def _held(model: ConflictModel, history: History, town: int, day: int) -> Iterator[Held]:
    """Yield who held a town from the start to a day, one after the other."""
    daily = model.simulation.daily
    rows = zip(daily.holder[: day + 1, town].tolist(), daily.status[: day + 1, town].tolist(), strict=True)
    holders = [_holder(model, history.snapshots[d], town, *row) for d, row in enumerate(rows)]
    turns = [0, *(d for d in range(1, day + 1) if holders[d] != holders[d - 1])]
    for first, last in zip(turns, [*turns[1:], day], strict=True):
        yield Held(history.snapshots[first].date, history.snapshots[last].date, holders[first])


def _holder(model: ConflictModel, snapshot: Snapshot, town: int, holder: int, status: int) -> str:
    if status == CONTESTED:
        sides = [code for code in dict.fromkeys(snapshot.map.sides[town]) if code in snapshot.towns_held]
        return f"contested between {clause_list(sides)}" if len(sides) > 1 else "contested"
    if status == NEUTRAL or holder < 0:
        return "nobody"
    faction = model.names["factions"][model.world.groups["faction"][holder]]
    return side(faction, model.names["groups"][holder])


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
MOST_LINES, MOST_THERE = 60, 100  # events of the feed, and of a town's card


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
        f'<p class="tc-question" title="{escape(scenario.question)}">{escape(scenario.question)}</p>{_changed(changed)}</div>'
        f'<div class="tc-date"><div class="tc-day" data-day="{snapshot.day}">{day_text(snapshot.date)}</div>'
        f'<div class="tc-quiet">{_day(snapshot.day, session.days)} · seed {seed}</div></div>'
        f'<div class="tc-stamp"><div class="tc-simulated">SIMULATED</div>'
        f'<div class="{"tc-past" if past else "tc-quiet"}">{evidence}</div></div></div>'
    )


def _day(day: int, days: int) -> str:
    return f"day {day} of {days}" + (", the end" if day >= days else "")


def _changed(changed: Sequence[str]) -> str:
    if not changed:
        return '<p class="tc-changes tc-quiet">as in the file, nothing changed</p>'
    text = "; ".join(escape(line) for line in changed[:MOST_CHANGES])
    more = f" and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    return f'<p class="tc-changes" title="{escape(chr(10).join(changed))}"><b>Changed</b> {text}{more}</p>'


def event_lines(lines: Sequence[EventLine], look: FactionStyles, day: int, most: int = MOST_LINES) -> str:
    """Return the first `most` events with the initiator's colour; those of the day before the one shown are marked.

    `lines` are newest first; where some are left out, a last line says of how many.
    """
    rows = []
    for line in lines[:most]:
        colour = look.colour(line.initiator) if line.initiator else "#B8BDC2"
        fresh = " tc-fresh" if line.day == day - 1 else ""
        town_attribute = f' data-town="{escape(line.town)}"' if line.town else ""
        rows.append(
            f'<div class="tc-line{fresh}" tabindex="0" role="button" data-pick="event" data-id="{escape(line.event_id)}"{town_attribute}>'
            f'<span class="tc-mark" style="background:{colour}"></span><span class="tc-when">{escape(line.date)}</span>'
            f'<span class="tc-what">{escape(line.text)}</span></div>'
        )
    if not rows:
        return note("no such event so far")
    return "".join(rows) + (note(f"the newest {len(rows)} of {len(lines):,}") if len(lines) > len(rows) else "")


def chain(title: str, lines: Sequence[str]) -> str:
    """Return a card with lines of text below a title."""
    body = "".join(f'<p class="tc-why">{escape(line)}</p>' for line in lines)
    return f'<div class="tc-card">{close()}<h2>{escape(title)}</h2>{body}</div>'


def close() -> str:
    """Return the button that closes a card."""
    return '<button type="button" class="tc-close" data-pick="close" data-id="" title="close">×</button>'


def differing(left: Snapshot, right: Snapshot) -> frozenset[int]:
    """Return the towns that two runs on the same map hold differently."""
    if len(left.map.codes) != len(right.map.codes):
        return frozenset()
    return frozenset(i for i, (a, b) in enumerate(zip(left.map.codes, right.map.codes, strict=True)) if a != b)


def difference_text(left: RecordedModel, right: RecordedModel, towns: frozenset[int]) -> str:
    """Say in how many towns two runs differ, and which."""
    if not towns:
        return '<div class="tc-difference tc-quiet">Both runs hold the same towns so far.</div>'
    names = [escape(left.geography.places[i].label or left.geography.places[i].name) for i in sorted(towns)]
    count = "1 town is" if len(names) == 1 else f"{len(names)} towns are"
    return f'<div class="tc-difference"><b>{count} held differently</b> (ringed): {", ".join(names)}</div>'


def map_title(run: RecordedModel, snapshot: Snapshot | None = None) -> str:
    """Return the heading of one of two runs, with its own date where a morning is given."""
    when = f' <span class="tc-quiet">{day_text(snapshot.date)}</span>' if snapshot is not None else ""
    return f'<h2 class="tc-maptitle">{escape(run.simulation.scenario.title)}{when}</h2>'


def note(text: str) -> str:
    """Return a quiet remark."""
    return f'<div class="tc-quiet tc-none">{escape(text)}</div>'


def town(card: TownCard, look: FactionStyles, day: int) -> str:
    """Return the card of a town: who held it when, what stands there, why it last changed hands, what happened."""
    also = f'<p class="tc-quiet">also {escape(", ".join(card.aliases[:4]))}</p>' if card.aliases else ""
    people = f'<p class="tc-quiet">about {card.population:,} people in 2004</p>' if card.population else ""
    held = "".join(
        f"<tr><td>{day_text(h.start)}</td><td>to {day_text(h.end)}</td><td>{escape(h.side)}</td></tr>"
        for h in card.held
    )
    forces = [f"{code} {fighters:,}" for code, fighters in card.forces]
    return (
        f'<div class="tc-card">{close()}<h2>{escape(card.name)}</h2>{also}{people}'
        f"<h3>Held by</h3><table>{held}</table>"
        f"{_list('Fighters there', [', '.join(forces)] if forces else [])}"
        f"{_list('Bases', card.bases)}{_list('Disputes', card.disputes)}"
        f"<h3>Why it last changed hands</h3>{_why(card.why)}"
        f"<h3>What happened there</h3>{event_lines(card.lines, look, day, MOST_THERE)}</div>"
    )


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<p>{escape(line)}</p>" for line in lines) or '<p class="tc-quiet">none</p>'
    return f"<h3>{title}</h3>{items}"


def _why(lines: Sequence[str]) -> str:
    return "".join(f'<p class="tc-why">{escape(line)}</p>' for line in lines)


@dataclass(frozen=True)
class Question:
    """A town or an event of one of the runs shown."""

    run: int
    town: int = -1
    event: str = ""


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


def _event(run: RecordedModel, event: str) -> str:
    try:
        return chain(f"Why {event}", event_card(run, run.history, event))
    except KeyError:
        return chain(event[:20], ["There is no such event in this run."])


def place_of(run: RecordedModel, text: str) -> tuple[str, str]:
    """Return the town meant by what was typed, as the map names it, and a remark if there is none."""
    word = text.strip()
    if not word:
        return "", ""
    try:
        return run.geography.places[find_place(run.geography, word)].name, ""
    except KeyError as error:
        near = [map_town.name for map_town in run.geography.places if word.casefold() in map_town.name.casefold()]
        return (near[0], "") if len(near) == 1 else ("", str(error.args[0]))
