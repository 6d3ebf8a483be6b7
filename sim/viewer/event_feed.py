"""The event feed: which events of a history are shown, newest first, by kind, faction and place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

from sim.engine.kinds import EVENT_KINDS
from sim.event_kinds import GROUPS, TABLE
from sim.viewer.history import EventLine

KIND_GROUPS = {group: tuple(name for name, kind in TABLE.items() if kind.group == group) for group in GROUPS}


def kinds_of(lines: Sequence[EventLine]) -> list[str]:
    """Return the kinds of event that occur, in the order of kinds.EVENT_KINDS."""
    present = {line.kind for line in lines}
    return [kind for kind in EVENT_KINDS if kind in present]


def groups_of(lines: Sequence[EventLine]) -> list[str]:
    """Return the groups of kinds that occur, in the order of KIND_GROUPS."""
    present = {TABLE[line.kind].group for line in lines}
    return [group for group in KIND_GROUPS if group in present]


def pick(
    lines: Sequence[EventLine],
    until_day: int,
    kinds: Collection[str] = (),
    factions: Collection[str] = (),
    town: str = "",
) -> list[EventLine]:
    """Return the events that have happened by a morning, newest first.

    `kinds` are kinds of event or words of KIND_GROUPS, `factions` codes of either side, `town` a town as the map names
    it; an empty filter lets everything through.
    """
    chosen_kinds = {kind for word in kinds for kind in KIND_GROUPS.get(word, (word,))}
    sides = set(factions)
    past = lines[: bisect_left(lines, until_day, key=lambda line: line.day)][::-1]
    if not (chosen_kinds or sides or town):
        return list(past)
    matches: list[EventLine] = []
    for line in past:
        if chosen_kinds and line.kind not in chosen_kinds:
            continue
        if sides and line.initiator not in sides and line.target not in sides:
            continue
        if town and line.town != town:
            continue
        matches.append(line)
    return matches
