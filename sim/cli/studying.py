"""What a person sees while a study goes on: a bar on a terminal, a line now and then elsewhere, nothing if quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sim.words import plural

if TYPE_CHECKING:
    from sim.study.runner import Progress

LINE_EVERY_SECONDS = 15.0


@contextmanager
def study_progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Give the function that `run_study` calls after each chunk. Notes on what went otherwise are said in any case."""
    if quiet:
        yield _note
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield _lines()


def progress_text(progress: Progress) -> str:
    """Say how far a study is: "120 of 400 runs, 1 failed, 60 runs a second, 5 s left"."""
    said = [f"{progress.done + progress.failed} of {plural(progress.planned, 'run')}"]
    if progress.failed:
        said.append(f"{progress.failed} failed")
    left = progress.planned - progress.done - progress.failed
    if progress.fresh and progress.seconds > 0:
        rate = progress.fresh / progress.seconds
        said.append(f"{rate:.3g} runs a second")
        if left > 0:
            said.append(f"{duration(left / rate)} left")
    return ", ".join(said)


def duration(seconds: float) -> str:
    """Say a length of time in its two largest units: "45 s", "3 min 5 s", "2 h 10 min"."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _note(progress: Progress) -> None:
    if progress.note:
        print(progress.note, file=sys.stderr, flush=True)


def _lines() -> Callable[[Progress], None]:
    said: list[float] = []

    def report(progress: Progress) -> None:
        _note(progress)
        now, over = time.monotonic(), progress.done + progress.failed >= progress.planned
        if not progress.note and (not said or over or now - said[-1] >= LINE_EVERY_SECONDS):
            said.append(now)
            print(progress_text(progress), file=sys.stderr, flush=True)

    return report


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    from sim.cli.output import console

    with Bars(BarColumn(bar_width=30), TextColumn("{task.description}"), console=console(stderr=True)) as bars:
        task = bars.add_task("starting", total=None)

        def report(progress: Progress) -> None:
            if progress.note:
                bars.console.print(progress.note)
            over = progress.done + progress.failed
            bars.update(task, total=progress.planned, completed=over, description=progress_text(progress))

        yield report
