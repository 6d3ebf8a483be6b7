"""All pictures of a run and its report, into the run's folder."""

from __future__ import annotations

from collections.abc import Callable
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


def draw_all(run: Run, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Draw maps/ (key days as PNG and SVG, control.gif), timeline and report.html; return the files written."""
    say = progress or (lambda _text: None)
    folder, atlas, written = Path(folder), Atlas.of(run), []
    days = key_days(run)
    pictures: dict[int, bytes] = {}
    for day in days:
        say(f"map of day {day}")
        figure, stem = control_map(run, day, atlas=atlas), f"control_day_{day:03d}"
        pictures[day] = png_bytes(figure)
        written.append(write_whole(folder / "maps" / f"{stem}.png", pictures[day]))
        written.append(write_whole(folder / "maps" / f"{stem}.svg", svg_bytes(figure)))
    say("animation")
    written.append(animate(run, folder / "maps" / "control.gif", atlas))
    say("timeline")
    chart = timeline(run)
    png = png_bytes(chart)
    written.append(write_whole(folder / "timeline.png", png))
    written.append(write_whole(folder / "timeline.svg", svg_bytes(chart)))
    say("report")
    page = report(run, Pictures(pictures[days[0]], pictures[days[-1]], png), atlas)
    written.append(write_whole(folder / "report.html", page.encode("utf-8")))
    return written
