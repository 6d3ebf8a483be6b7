"""A comparison on disk: report.html, and every figure as PNG and SVG with the CSV of what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.plots.compare.figures import REPORT_MM, kinds_of
from sim.plots.compare.report import Shown, comparison_report
from sim.plots.style import png_bytes, svg_bytes, write_whole
from sim.scenario.files import file_name

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.comparison import Comparison

FIGURES = "figures"
Say = Callable[[str], None]


def file_stem(name: str) -> str:
    """Return the name of a figure as the stem of its files: letters and digits of any script, `.`, `-`, `_`."""
    return re.sub(r"__+", "_", file_name(name, "._-")).strip("_.")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, floats with all their digits, missing values empty."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def draw_comparison(comparison: Comparison, folder: Path, command: str, say: Say | None = None) -> list[Path]:
    """Write report.html and figures/ into a folder and return the files; `command` repeats the comparison."""
    written: list[Path] = []
    shown: list[Shown] = []
    for kind in kinds_of(comparison).values():
        if say:
            say(kind.name)
        drawn, stem = kind.draw(comparison, width_mm=REPORT_MM), file_stem(kind.name)
        png = png_bytes(drawn.figure)
        for suffix, content in (
            (".png", png), (".svg", svg_bytes(drawn.figure)), (".csv", csv_bytes(drawn.table)),
        ):  # fmt: skip
            written.append(write_whole(folder / FIGURES / f"{stem}{suffix}", content))
        shown.append(Shown(kind, stem, drawn.caption, png))
    page = comparison_report(comparison, shown, command)
    written.append(write_whole(folder / "report.html", page.encode("utf-8")))
    return written
