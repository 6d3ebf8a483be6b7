"""How far a study is, in words and bars: in a notebook, on a terminal, in lines of a file."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.text import plural, unit_text

if TYPE_CHECKING:
    from sim.study.runner import Progress

MARKS = 20  # reports of progress over which speed is measured
LINES = 10  # lines of progress where there is no terminal
REDRAW_SECONDS = 0.2  # between two drawings of a notebook's bar


def duration(seconds: float) -> str:
    """Return a time in words, to two figures or so."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


@contextmanager
def batch_progress() -> Iterator[Callable[[Progress], None]]:
    """Give the function that a study calls after each chunk: a bar in a notebook or on a terminal, some lines elsewhere."""
    if in_notebook():
        yield _notebook_bar()
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield _lines()


class RateMeter:
    """How fast runs are made lately: the start, when rules may have to be compiled, does not count for long."""

    def __init__(self) -> None:
        self.marks: deque[tuple[int, float]] = deque(maxlen=MARKS)

    def words(self, progress: Progress) -> str:
        """Say how fast a study is, how long it will take, and what failed; to be called with each progress."""
        if not progress.fresh or (self.marks and progress.fresh < self.marks[-1][0]):
            self.marks.clear()  # another round of runs has begun: its speed is its own
        if progress.fresh:
            self.marks.append((progress.fresh, progress.seconds))
        words = []
        if len(self.marks) > 1 and self.marks[-1][1] > self.marks[0][1]:
            rate = (self.marks[-1][0] - self.marks[0][0]) / (self.marks[-1][1] - self.marks[0][1])
            left = progress.planned - progress.done - progress.failed
            words.append(f"{rate:.1f} runs a second")
            words += [f"{duration(left / rate)} left"] if left > 0 and rate > 0 else []
        return ", ".join([*words, *([f"{progress.failed} failed"] if progress.failed else [])])


def _lines() -> Callable[[Progress], None]:
    last, pace = -1, RateMeter()

    def report(progress: Progress) -> None:
        nonlocal last
        over, pace_text = progress.done + progress.failed, pace.words(progress)
        step = LINES * over // max(1, progress.planned)
        if step != last:
            print(
                f"{over} of {progress.planned} {unit_text('runs', progress.planned)}{f': {pace_text}' if pace_text else ''}",
                file=sys.stderr,
                flush=True,
            )
            last = step
        if progress.note:
            print(progress.note, file=sys.stderr, flush=True)

    return report


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns: list[Any] = [
        TextColumn("runs"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    ]
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Progress(*columns, console=out, transient=True) as bar:
        task, pace = bar.add_task("starting", total=None), RateMeter()

        def report(progress: Any) -> None:
            over = progress.done + progress.failed
            bar.update(task, completed=over, total=progress.planned, description=pace.words(progress))
            if progress.note:
                bar.console.print(progress.note)

        yield report


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def _notebook_bar() -> Callable[[Progress], None]:
    """Return the report of a notebook: one output below the cell, drawn anew, which ends as a line on what was done."""
    display: Any = import_module("IPython.display").display
    handle = display(_notebook_output("runs", 0, 1), raw=True, display_id=True)
    pace, drawn = RateMeter(), 0.0
    notes: list[str] = []

    def report(progress: Progress) -> None:
        nonlocal drawn
        over, words = progress.done + progress.failed, pace.words(progress)
        notes.extend([progress.note] if progress.note else [])
        now = time.monotonic()
        if now - drawn < REDRAW_SECONDS and over < progress.planned and not progress.note:
            return
        drawn = now
        text = f"{over:,} of {plural(progress.planned, 'run')}{f': {words}' if words else ''}"
        handle.update(_notebook_output(". ".join([text, *notes]), over, progress.planned), raw=True)

    return report


def _notebook_output(text: str, done: int, planned: int) -> dict[str, str]:
    """Return an output of a notebook as plain text and as HTML with a bar; the bar is left out at the end."""
    bar = f'<progress value="{done}" max="{planned}"></progress> ' if done < planned else ""
    return {"text/plain": text, "text/html": f"<div>{bar}{escape(text)}</div>"}
