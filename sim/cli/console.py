"""Printing to the terminal: tables of pairs, the results of a run, progress while it runs."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engine.kinds import EVENT_KINDS
from sim.engine.tables import N_EVENTS
from sim.event_kinds import GIVEN, MINOR, EventFacts, event_text
from sim.results.event_rows import is_for_town
from sim.results.phrases import side_names, statistic_texts
from sim.text import day_text, plural

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from sim.engine.tables import World
    from sim.geography.maps import Geography
    from sim.results.run import Run
    from sim.scenario.schema import Scenario


def console(stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or 100 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 100

    class PipedConsole(Console):
        def on_broken_pipe(self) -> None:  # the library would end the process with exit code 1
            raise BrokenPipeError

    return PipedConsole(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def pairs(rows: list[tuple[str, str]], title: str | None = None) -> None:
    """Print rows of label and text, aligned, wrapped to the width there is."""
    from rich.table import Table

    out = console()
    if title:
        out.print(title, style="bold")
    if out.width < 60:  # no room for two columns
        for label, text in rows:
            out.print(f"{label}: {text}")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=False, style="dim")
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text)
    out.print(table)


def print_json(data: Any) -> None:
    """Print results for other programs: JSON in UTF-8; numbers that are none or without end are null, files and dates are text."""
    print(json.dumps(plain_data(data), indent=1, ensure_ascii=False, allow_nan=False))


def plain_data(value: Any) -> Any:
    """Return results as what JSON has: mappings, lists, texts, finite numbers, true, false and null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain_data({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, dict):
        return {str(key): plain_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(each) for each in value]
    if hasattr(value, "tolist"):  # numbers and tables of numpy
        return plain_data(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def print_run(run: Run, folder: Path) -> None:
    """Print the results of a run that was written to `folder`."""
    out = console()
    out.print(f"SIMULATED. {run.scenario.question}")
    out.print(run.answer, style="bold")
    if skipped := skipped_text(run):
        out.print(skipped)
    out.print()
    given, sides = int(run.agreements["given"].sum()), side_names(run.scenario)
    pairs([row[:2] for row in statistic_texts(run.summary, given, sides)])
    out.print()
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    print(f"written to {folder}:")
    out.print(", ".join(names))


def skipped_text(run: Run) -> str:
    """Say which given events and policies were impossible on their day and so were skipped; empty where none was."""
    events = run.events[run.events["kind"] == "given_skipped"]
    if events.empty:
        return ""
    single = len(events) == 1
    what = "1 given event was" if single else f"{len(events)} given events were"
    event_texts = [f"{day_text(day)}, {_bare(text)}" for day, text in zip(events["date"], events["text"], strict=True)]
    return f"{what} impossible on {'its' if single else 'their'} day and {'was' if single else 'were'} skipped: {'; '.join(event_texts)}."


def _bare(text: str) -> str:
    """Return an event's sentence without what is said around it already."""
    return text.rpartition("impossible on its day: ")[2].removesuffix(".").removesuffix(GIVEN)


Report = Callable[[int, "World"], None]
LINE_EVERY_DAYS = 30
REDRAW_SECONDS = 0.08


@contextmanager
def progress(scenario: Scenario, geography: Geography, quiet: bool) -> Iterator[Report | None]:
    """Give the function that a simulation calls after each day, with the number of days done."""
    last_event = partial(newest_event, scenario, [town.name for town in geography.places])
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
            return event_text(_event_facts(scenario, towns, kind, row, world.events))
    return ""


def _event_facts(scenario: Scenario, towns: Sequence[str], kind: str, row: np.void, events: np.ndarray) -> EventFacts:
    """Return what is known of an event; `events`: the whole log."""
    codes = [faction.code or name for name, faction in scenario.factions.items()]
    groups = [name for faction in scenario.factions.values() for name in faction.groups]

    def name(names: Sequence[str], column: str) -> str:
        return names[row[column]] if row[column] >= 0 else ""

    return EventFacts(
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
            words = f"{day} of {plural(scenario.days, 'day')} done, to {_last_day(scenario, day)}: {last_event(world)}"
            print(words, file=sys.stderr, flush=True)

    return report


@contextmanager
def _bar(scenario: Scenario, last_event: Callable[[World], str]) -> Iterator[Report]:
    from rich.progress import BarColumn, Progress, TextColumn

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
            words = f"{day}/{plural(scenario.days, 'day')}, {_last_day(scenario, day)}"
            bar.update(task, completed=day, description=words, event=last_event(world))

        yield report
