"""What a person sees while a run goes on: a bar on a terminal, a line every 30 days elsewhere, nothing if quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.tables import World
    from sim.scenario.schema import Scenario

Report = Callable[[int, "World"], None]
LINE_EVERY_DAYS = 30
REDRAW_SECONDS = 0.08


@contextmanager
def progress(scenario: Scenario, last_event: Callable[[World], str], quiet: bool) -> Iterator[Report | None]:
    """Give the function that a simulation calls at the end of each day; `last_event` says the newest event."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(scenario, last_event) as report:
            yield report
    else:
        yield _lines(scenario, last_event)


def _date(scenario: Scenario, day: int) -> date:
    return scenario.start + timedelta(days=day)


def _lines(scenario: Scenario, last_event: Callable[[World], str]) -> Report:
    def report(day: int, world: World) -> None:
        done = day + 1
        if done % LINE_EVERY_DAYS == 0 or done == scenario.days:
            words = f"day {done} of {scenario.days}, {_date(scenario, day):%d %b %Y}: {last_event(world)}"
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
            if now - drawn < REDRAW_SECONDS and day + 1 < scenario.days:
                return
            drawn = now
            words = f"day {day + 1}/{scenario.days} {_date(scenario, day):%d %b %Y}"
            bar.update(task, completed=day + 1, description=words, event=last_event(world))

        yield report
