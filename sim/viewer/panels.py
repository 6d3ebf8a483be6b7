"""The page's words and lists as HTML: header, event feed, cards of towns and events. All names are escaped.

What can be asked about carries data-pick ("town", "event" or "close") and data-id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.viewer.svg import escape
from sim.words import day_text

if TYPE_CHECKING:
    from sim.plots.style import Look
    from sim.viewer.ask import TownCard
    from sim.viewer.session import Session, Watched
    from sim.viewer.snapshot import Line, Snapshot

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
    shown = "; ".join(escape(line) for line in changed[:MOST_CHANGES])
    more = f" and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    return f'<p class="tc-changes" title="{escape(chr(10).join(changed))}"><b>Changed</b> {shown}{more}</p>'


def event_lines(lines: Sequence[Line], look: Look, day: int, most: int = MOST_LINES) -> str:
    """Return the first `most` events with the initiator's colour; those of the day before the one shown are marked.

    `lines` are newest first; where some are left out, a last line says of how many.
    """
    rows = []
    for line in lines[:most]:
        colour = look.colour(line.initiator) if line.initiator else "#B8BDC2"
        fresh = " tc-fresh" if line.day == day - 1 else ""
        place = f' data-town="{escape(line.town)}"' if line.town else ""
        rows.append(
            f'<div class="tc-line{fresh}" tabindex="0" role="button" data-pick="event" data-id="{escape(line.event_id)}"{place}>'
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


def differing(one: Snapshot, two: Snapshot) -> frozenset[int]:
    """Return the towns that two runs on the same map hold differently."""
    if len(one.map.codes) != len(two.map.codes):
        return frozenset()
    return frozenset(i for i, (a, b) in enumerate(zip(one.map.codes, two.map.codes, strict=True)) if a != b)


def difference_text(one: Watched, two: Watched, towns: frozenset[int]) -> str:
    """Say in how many towns two runs differ, and which."""
    if not towns:
        return '<div class="tc-difference tc-quiet">Both runs hold the same towns so far.</div>'
    names = [escape(one.geography.places[i].label or one.geography.places[i].name) for i in sorted(towns)]
    count = "1 town is" if len(names) == 1 else f"{len(names)} towns are"
    return f'<div class="tc-difference"><b>{count} held differently</b> (ringed): {", ".join(names)}</div>'


def map_title(run: Watched, snapshot: Snapshot | None = None) -> str:
    """Return the heading of one of two runs, with its own date where a morning is given."""
    when = f' <span class="tc-quiet">{day_text(snapshot.date)}</span>' if snapshot is not None else ""
    return f'<h2 class="tc-maptitle">{escape(run.simulation.scenario.title)}{when}</h2>'


def note(text: str) -> str:
    """Return a quiet remark."""
    return f'<div class="tc-quiet tc-none">{escape(text)}</div>'


def town(card: TownCard, look: Look, day: int) -> str:
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
