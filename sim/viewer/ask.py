"""What a click answers: a town's history up to the day shown, and the chain of causes of an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sim.engine.kinds import CONTESTED, NEUTRAL
from sim.engine.tables import N_BASES
from sim.statistics.why import IN_THIS_RUN, nothing_line, why_event, why_lines, why_town
from sim.viewer.cut import Cut, result_at
from sim.words import clause_list, day_text, plural, side

if TYPE_CHECKING:
    from sim.model.conflict import ConflictModel
    from sim.viewer.snapshot import History, Line, Snapshot


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
    lines: tuple[Line, ...]  # what happened there, newest first
    why: tuple[str, ...]  # what `run.py why RUN TOWN` prints of a run that ended on this morning; before, with its date


def town_card(model: ConflictModel, history: History, town: int, day: int) -> TownCard:
    """Return what is known of a town on the morning of a day; IndexError where there is no such town."""
    snapshot, place = history.at(day), model.geography.places[town]
    here = [line for line in history.told(snapshot.day) if line.town == place.name]
    return TownCard(
        name=place.name,
        aliases=place.aliases,
        population=round(place.population),
        held=tuple(_held(model, history, town, snapshot.day)),
        bases=tuple(_bases(model, snapshot, town)),
        forces=_forces(model, snapshot, town),
        disputes=tuple(_disputes(snapshot, town)),
        lines=tuple(reversed(here)),
        why=_why_town(model, history, place.name, snapshot.day),
    )


def event_card(model: ConflictModel, history: History, event_id: str) -> tuple[str, ...]:
    """Return what `run.py why RUN EVENT_ID` prints of the days there are; KeyError where there is no such event."""
    cut = Cut(result_at(model, history))
    return tuple(why_lines(cut, model.simulation.seed, why_event(cut, event_id)))


def _why_town(model: ConflictModel, history: History, name: str, day: int) -> tuple[str, ...]:
    cut = Cut(result_at(model, history, day))
    when = IN_THIS_RUN if day >= model.simulation.days else f"by {day_text(history.snapshots[day].date)}"
    answer = why_town(cut, name, when)
    if answer is None:
        return (nothing_line(cut.labels[name], when),)
    return tuple(why_lines(cut, model.simulation.seed, answer))


def _held(model: ConflictModel, history: History, town: int, day: int) -> Iterator[Held]:
    """Yield who held a town from the start to a day, one after the other."""
    daily = model.simulation.daily
    rows = zip(daily.holder[: day + 1, town].tolist(), daily.status[: day + 1, town].tolist(), strict=True)
    said = [_holder(model, history.snapshots[d], town, *row) for d, row in enumerate(rows)]
    turns = [0, *(d for d in range(1, day + 1) if said[d] != said[d - 1])]
    for first, last in zip(turns, [*turns[1:], day], strict=True):
        yield Held(history.snapshots[first].date, history.snapshots[last].date, said[first])


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
    shown = {code for at, code in snapshot.map.bases if at == town}
    for row in world.bases[: world.counts[N_BASES]]:
        open_then = row["opened"] < snapshot.day and (row["closed"] < 0 or row["closed"] >= snapshot.day)
        if row["town"] == town and open_then and codes[row["faction"]] in shown:
            who = side(model.names["factions"][row["faction"]], model.names["groups"][row["group"]])
            age = plural(snapshot.day - int(row["opened"]), "day")
            yield f"{who}, open for {age}, {plural(int(row['fighters']), 'fighter')}"


def _forces(model: ConflictModel, snapshot: Snapshot, town: int) -> tuple[tuple[str, int], ...]:
    found = zip(model.codes.values(), snapshot.fighters[town].tolist(), strict=True)
    return tuple(sorted((pair for pair in found if pair[1]), key=lambda pair: -pair[1]))


def _disputes(snapshot: Snapshot, town: int) -> Iterable[str]:
    for dispute in snapshot.disputes:
        if dispute.town == town:
            age = plural(dispute.age, "day")
            yield f"{dispute.host} and {dispute.newcomer} over a base, for {age}: {dispute.stage}"
