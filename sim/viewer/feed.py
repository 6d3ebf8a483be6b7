"""What has happened, as a list beside the map: headlines or everything, by kind, faction and place, one heading a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import solara

from sim.event_kinds import GROUPS, TABLE
from sim.geography.towns import find_place
from sim.pages.headlines import is_headline
from sim.plots.style import look_of
from sim.text import plural
from sim.viewer.cards import NO_SIDE, Question, run_title

if TYPE_CHECKING:
    from sim.pages.history import EventLine, History
    from sim.plots.style import FactionStyles
    from sim.viewer.session import RecordedModel

KIND_GROUPS = {group: tuple(name for name, kind in TABLE.items() if kind.group == group) for group in GROUPS}
NO_FILTER: dict[str, Any] = {"news": True, "kind": "", "faction": "", "place": ""}
MOST_LINES = 80  # events shown before older ones are asked for


@solara.component_vue("feed.vue")
def Feed(
    lines: str = "[]",
    note: str = "",
    older: bool = False,
    shown: int = 0,
    chosen: str = "",
    heading: str = "",
    filters: bool = True,
    kinds: str = "[]",
    factions: str = "[]",
    places: str = "[]",
    filter: dict[str, Any] = {},
    event_set_filter: Callable[[dict[str, Any]], None] | None = None,
    event_pick: Callable[[Any], None] | None = None,
    event_more: Callable[[Any], None] | None = None,
) -> None:
    """The list of events and its filters; reports the filter wanted, the event clicked, and that older ones are wanted."""


@solara.component
def Events(runs: tuple[RecordedModel, ...], day: int, asked: Any) -> None:
    """What has happened in each run, newest first; the filters are those of all runs."""
    chosen = solara.use_reactive(NO_FILTER)
    most = solara.use_reactive(MOST_LINES)

    def set_filter(values: dict[str, Any]) -> None:
        texts = {name: str(values.get(name, ""))[:60] for name in ("kind", "faction", "place")}
        most.value = MOST_LINES
        chosen.value = {"news": bool(values.get("news")), **texts}

    with solara.Div(classes=["tc-flat"]):
        for index, run in enumerate(runs):

            def picked(event: Any, index: int = index) -> None:
                asked.set(Question(index, event=str(event)))

            open_question = asked.value
            open_here = open_question is not None and open_question.run == index
            with solara.Div(classes=["tc-side-block", "tc-grow"]):
                Feed(
                    **_contents(run, day, chosen.value, most.value),
                    shown=day,
                    chosen=open_question.event if open_here else "",
                    heading=run_title(runs, index),
                    filters=index == 0,
                    filter=chosen.value,
                    event_set_filter=set_filter,
                    event_pick=picked,
                    event_more=lambda _: most.set(most.value + MOST_LINES),
                )


def _contents(run: RecordedModel, day: int, filters: dict[str, Any], most: int) -> dict[str, Any]:
    """Return what the list of a run shows on a morning, as arguments of `Feed`."""
    look = look_of(run.simulation.scenario)
    town, fault = place_of(run, filters["place"])
    kinds = [filters["kind"]] if filters["kind"] else []
    factions = [filters["faction"]] if filters["faction"] else []
    everything = [] if fault else pick_events(run.history, day, kinds, factions, town)
    listed = [line for line in everything if is_headline(line)] if filters["news"] else everything
    note = fault or remark(
        len(listed), len(everything), most, day, any(filters[name] for name in ("kind", "faction", "place"))
    )
    return {
        "lines": json.dumps(feed_days(listed[:most], look)),
        "note": note,
        "older": len(listed) > most,
        "kinds": json.dumps(groups_of(run.history.lines)),
        "factions": json.dumps([{"code": code, "name": look.names[code]} for code in look.codes]),
        "places": places_of(run),
    }


def remark(listed: int, all_kinds: int, most: int, day: int, filtered: bool) -> str:
    """Return the remark below the list of events: why it is empty, or how many it leaves out; "" if it has all of them."""
    if listed > most:
        return f"the newest {most} of {listed:,}"
    if listed:
        return ""
    if day == 0:
        return "Nothing has happened yet. Press Play."
    if all_kinds:
        return f"No headline so far; {plural(all_kinds, 'other event')} under “everything”."
    return "No such event so far." if filtered else "Nothing has happened so far."


def feed_days(lines: Sequence[EventLine], look: FactionStyles) -> list[dict[str, Any]]:
    """Return events by day, each with the initiator's colour; `lines` are newest first."""
    return [
        {
            "day": day,
            "date": of_day[0].date,
            "lines": [
                {
                    "id": line.event_id,
                    "text": line.text,
                    "colour": look.colour(line.initiator) if line.initiator else NO_SIDE,
                }
                for line in of_day
            ],
        }
        for day, of_day in ((day, list(group)) for day, group in groupby(lines, key=lambda line: line.day))
    ]


def places_of(run: RecordedModel) -> str:
    """Return the towns that a search offers, as JSON of {name, also}: watched ones first, the rest by name."""
    watched = set(run.simulation.scenario.watch_towns)
    towns = sorted(run.geography.places, key=lambda town: (town.name not in watched, town.name))
    return json.dumps([{"name": town.name, "also": list(town.aliases)} for town in towns])


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


def groups_of(lines: Sequence[EventLine]) -> list[str]:
    """Return the groups of kinds that occur, in the order of KIND_GROUPS."""
    present = {TABLE[line.kind].group for line in lines}
    return [group for group in KIND_GROUPS if group in present]


def pick_events(
    history: History,
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
    return [
        line
        for line in reversed(history.events_until(until_day))
        if (not chosen_kinds or line.kind in chosen_kinds)
        and (not sides or line.initiator in sides or line.target in sides)
        and (not town or line.town == town)
    ]
