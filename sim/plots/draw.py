"""All pictures of a run and its report, into the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from sim.plots.animation import animate
from sim.plots.maps import Atlas, control_map, key_days
from sim.plots.report import Pictures, report
from sim.plots.style import png_bytes, svg_bytes, write_whole
from sim.plots.timeline import timeline

if TYPE_CHECKING:
    from sim.record.run import Run

Progress = Callable[[str], None]
ITS_DAYS = 2  # maps that the other process draws; with the animation, and its start, about half of the work


def draw_all(run: Run, folder: Path, progress: Progress | None = None, beside: Executor | None = None) -> list[Path]:
    """Draw maps/ (key days as PNG and SVG, control.gif), timeline and report.html; return the files written.

    `beside`: another process, which draws about half of them at the same time. What it does not bring is drawn here.
    """
    say = progress or (lambda _text: None)
    folder, atlas, days = Path(folder), Atlas.of(run), key_days(run)
    its = days[1:-1][:ITS_DAYS]
    begun = _begun(beside, run, folder, its)
    pictures: dict[int, bytes] = {}
    written: list[Path] = []
    try:
        for day in days if begun is None else [day for day in days if day not in its]:
            say(f"map of day {day}")
            pictures[day] = draw_day(run, folder, day, atlas, written)
        say("timeline")
        chart = timeline(run)
        png = png_bytes(chart)
        written.append(write_whole(folder / "timeline.png", png))
        written.append(write_whole(folder / "timeline.svg", svg_bytes(chart)))
        say("report")
        page = report(run, Pictures(pictures[days[0]], pictures[days[-1]], png), atlas)
        written.append(write_whole(folder / "report.html", page.encode("utf-8")))
        say("animation")
        return sorted(written + _rest(begun, run, folder, its, atlas))
    finally:
        if begun is not None and not begun.cancel():
            wait([begun])  # it writes into the folder, which the caller removes where this failed


def _begun(beside: Executor | None, run: Run, folder: Path, days: Sequence[int]) -> Future[list[Path]] | None:
    """Let another process draw some maps and the animation; None where there is none."""
    try:
        return None if beside is None else beside.submit(draw_some, run, folder, days)
    except BrokenExecutor:
        return None


def _rest(begun: Future[list[Path]] | None, run: Run, folder: Path, days: Sequence[int], atlas: Atlas) -> list[Path]:
    """Return what the other process drew; it is drawn here where there is none, or it has died."""
    if begun is None:
        return draw_some(run, folder, (), atlas)
    try:
        return begun.result()
    except BrokenExecutor:
        return draw_some(run, folder, days, atlas)


def draw_day(run: Run, folder: Path, day: int, atlas: Atlas, written: list[Path]) -> bytes:
    """Draw the map of a day, add its two files to `written` and return it as PNG."""
    figure, stem = control_map(run, day, atlas=atlas), f"control_day_{day:03d}"
    picture = png_bytes(figure)
    written.append(write_whole(folder / "maps" / f"{stem}.png", picture))
    written.append(write_whole(folder / "maps" / f"{stem}.svg", svg_bytes(figure)))
    return picture


def draw_some(run: Run, folder: Path, days: Sequence[int], atlas: Atlas | None = None) -> list[Path]:
    """Draw the maps of some days, and the animation; return the files written."""
    atlas = atlas or Atlas.of(run)
    written: list[Path] = []
    for day in days:
        draw_day(run, folder, day, atlas, written)
    return [*written, animate(run, folder / "maps" / "control.gif", atlas)]
