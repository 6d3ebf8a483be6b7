"""The story of a day in one sentence, of the events that make it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.event_kinds import GIVEN
from sim.text import clause_list, plural

if TYPE_CHECKING:
    from sim.pages.history import EventLine

# Kinds of event that are news, the greatest first: of several on a day the first two are reported.
NEWS = (
    "offensive_started", "campaign_decided", "capture", "agreement_broken", "agreement_signed", "base_opened",
    "killing_at_talks", "withdrawal", "town_entered", "handover", "town_neutral", "group_absorbed", "offensive_ended",
    "campaign_ended", "commander_killed", "mobilisation", "assault", "campaign_joined", "policy",
    "base_closed", "agreement_expired", "talks_settled", "clash", "front_opened", "column_met", "refused", "assassination",
     "arrest_raid", "zone_deadline", "level_change",
)  # fmt: skip
RANK = {kind: rank for rank, kind in enumerate(NEWS)}
DEADLY = 5  # deaths from which a clash is news
MOST_CLAUSES = 2
SECOND = RANK["front_opened"]  # the first kind that is no second clause
COMMON = (
    "A ",
    "An ",
    "Call ",
    "Delegates ",
    "Fighting ",
    "Policy",
    "The ",
    "What ",
)  # words that begin a sentence, no names


def is_headline(line: EventLine) -> bool:
    """Return whether an event belongs to the story: all but everyday violence, marches and small clashes."""
    return line.kind in RANK and (line.kind != "clash" or line.deaths >= DEADLY)


def headline(lines: Sequence[EventLine]) -> str:
    """Return one sentence for the events of a day; "" if none of them is news.

    Events of one kind between the same sides are one clause: "League takes Orrin and Tolland from Lanterns".
    """
    ranked = _ranked(lines)
    chosen = [group for n, group in enumerate(ranked[:MOST_CLAUSES]) if n == 0 or RANK[group[0].kind] < SECOND]
    clauses = [_clause(group) for group in chosen]
    return "; ".join([*clauses[:1], *(_within(clause) for clause in clauses[1:])]) + "." if clauses else ""


def headline_town(lines: Sequence[EventLine]) -> str:
    """Return the town of the first news of a day that has one, as the map names it; "" if none has."""
    return next((line.town for group in _ranked(lines) for line in group if line.town), "")


def _ranked(lines: Sequence[EventLine]) -> list[list[EventLine]]:
    """Return the news of a day, those of one kind between the same sides together, the most important first."""
    groups: dict[tuple[str, str], list[EventLine]] = {}
    for line in lines:
        if is_headline(line):
            groups.setdefault((line.kind, _pattern(line)), []).append(line)
    return sorted(groups.values(), key=lambda group: (RANK[group[0].kind], -sum(line.deaths for line in group)))


def _within(clause: str) -> str:
    """Return a clause as it stands inside a sentence."""
    return clause[0].lower() + clause[1:] if clause.startswith(COMMON) else clause


def _bare(line: EventLine) -> str:
    """Return an event's sentence without its deaths and full stop."""
    text = line.text.removesuffix(".").removesuffix(GIVEN)
    return text.split("; ")[0] if line.deaths else text


def _pattern(line: EventLine) -> str:
    """Return an event's sentence without the town, which is what events of one clause share."""
    return _bare(line).replace(line.town, "") if line.town else _bare(line)


def _clause(group: Sequence[EventLine]) -> str:
    first, towns = group[0], list(dict.fromkeys(line.town for line in group if line.town))
    text = _bare(first)
    if len(towns) > 1 and first.town in text:
        text = text.replace(first.town, clause_list(towns))
    deaths = sum(line.deaths for line in group)
    given = GIVEN if first.given else ""
    return text + (f" ({plural(deaths, 'death')})" if deaths else "") + given
