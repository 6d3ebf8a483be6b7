"""What a person sees while a run goes on: a bar on a terminal, a line every 30 days elsewhere, nothing if quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.engine.kinds import EVENT_KINDS
from sim.engine.tables import N_EVENTS
from sim.record.sentences import is_for_town
from sim.words import Said, day_text, event_text

if TYPE_CHECKING:
    import numpy as np

    from sim.engine.tables import World
    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario

Report = Callable[[int, "World"], None]
LINE_EVERY_DAYS = 30
REDRAW_SECONDS = 0.08
MINOR = frozenset({"level_change", "shelling", "reinforcement", "clash_ended", "tolerated", "zone_deadline"})


@contextmanager
def progress(scenario: Scenario, geography: Geography, quiet: bool) -> Iterator[Report | None]:
    """Give the function that a simulation calls after each day, with the number of days done."""
    last_event = partial(newest_event, scenario, [place.name for place in geography.places])
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(scenario, last_event) as report:
            yield report
    else:
        yield _lines(scenario, last_event)


def newest_event(scenario: Scenario, towns: Sequence[str], world: World) -> str:
    """Say the newest event that a reader would want to hear of; an empty text while there is none."""
    for row in world.events[: world.counts[N_EVENTS]][::-1]:
        kind = EVENT_KINDS[row["kind"]]
        if kind not in MINOR:
            return event_text(_said(scenario, towns, kind, row, world.events))
    return ""


def _said(scenario: Scenario, towns: Sequence[str], kind: str, row: np.void, events: np.ndarray) -> Said:
    """Return what is known of an event; `events`: the whole log."""
    codes = [faction.code or name for name, faction in scenario.factions.items()]
    groups = [name for faction in scenario.factions.values() for name in faction.groups]

    def name(names: Sequence[str], column: str) -> str:
        return names[row[column]] if row[column] >= 0 else ""

    return Said(
        kind=kind,
        initiator=name(codes, "initiator"),
        target=name(codes, "target"),
        initiator_group=name(groups, "initiator_group"),
        target_group=name(groups, "target_group"),
        town=name(towns, "town"),
        fighters=int(row["fighters"]),
        deaths_initiator=int(row["deaths_initiator"]),
        deaths_target=int(row["deaths_target"]),
        deaths_civilians=int(row["deaths_civilians"]),
        level=int(row["level"]),
        given=bool(row["given"]),
        for_town=is_for_town(events, *(int(row[name]) for name in ("kind", "initiator", "target", "cause"))),
    )


def _last_day(scenario: Scenario, done: int) -> str:
    """Return the last of so many days as every screen counts them, from 0: "day 29, 13 Nov 2018" after 30 days."""
    return f"day {done - 1}, {day_text(scenario.start + timedelta(days=done - 1))}"


def _lines(scenario: Scenario, last_event: Callable[[World], str]) -> Report:
    def report(day: int, world: World) -> None:
        if day % LINE_EVERY_DAYS == 0 or day == scenario.days:
            words = f"{day} of {scenario.days} days done, to {_last_day(scenario, day)}: {last_event(world)}"
            print(words, file=sys.stderr, flush=True)

    return report


@contextmanager
def _bar(scenario: Scenario, last_event: Callable[[World], str]) -> Iterator[Report]:
    from rich.progress import BarColumn, Progress, TextColumn

    from sim.cli.output import console

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[event]}")]
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=scenario.days, event="")
        drawn = 0.0

        def report(day: int, world: World) -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn < REDRAW_SECONDS and day < scenario.days:
                return
            drawn = now
            words = f"{day}/{scenario.days} days, {_last_day(scenario, day)}"
            bar.update(task, completed=day, description=words, event=last_event(world))

        yield report
