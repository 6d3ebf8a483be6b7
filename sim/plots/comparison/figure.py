"""A comparison figure with its numbers, and grids of panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim import __version__
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, Mark, ScenarioLook, Sheet, Words, broken, looks, type_for
from sim.plots.style import QUIET, evidence_line
from sim.text import clause_list, day_text, plural

if TYPE_CHECKING:
    from sim.comparison.results import Comparison


@dataclass(frozen=True, eq=False)
class ComparisonFigure:
    """A figure, the table of all that it shows, and its caption: what is shown, what bands mean, how many runs."""

    figure: Figure
    table: pd.DataFrame
    title: str
    caption: str


def looks_of(comparison: Comparison) -> dict[str, ScenarioLook]:
    """Return the look of each scenario."""
    return looks(comparison.scenarios)


def key_of(comparison: Comparison, names: Sequence[str] = ()) -> list[Mark]:
    """Return the entries of a key of scenarios as lines: all, or those named."""
    return [Mark(look.text, look.line) for name, look in looks_of(comparison).items() if not names or name in names]


def stamp_of(comparison: Comparison) -> str:
    """Return the provenance of a figure, which begins with SIMULATED."""
    first = comparison.models[comparison.reference]
    days = max(model.days for model in comparison.models.values())
    period = f"{day_text(first.start)} to {day_text(first.start + timedelta(days=days))}"
    parts = [
        "SIMULATED", comparison.name, f"{plural(len(comparison.scenarios), 'scenario')}, {runs_text(comparison)}",
        f"sim {__version__}", period, evidence_line(first),
    ]  # fmt: skip
    return " · ".join(parts)


def runs_text(comparison: Comparison) -> str:
    """Return the number of runs in words: "200 runs each", or by scenario if they differ."""
    done = [runs.done for runs in comparison.methods.runs]
    if len(set(done)) == 1:
        return f"{plural(done[0], 'run')}{' each' if len(done) > 1 else ''}"
    return f"{clause_list(f'{n:,}' for n in done)} runs"


def words_of(comparison: Comparison, title: str, note: str) -> Words:
    """Return the words round a figure; a partial study says so in each."""
    partial = " The study is not complete." if comparison.partial else ""
    return Words(title, f"{note}{partial}", stamp_of(comparison))


def figure_text(value: float) -> str:
    """Return a number with three digits: "12", "0.31", "1,240", "−4.2"; "–" if there is none."""
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 or float(value).is_integer() else f"{value:.3g}"
    return ("0" if text in ("-0", "-0.0") else text).replace("-", "−")


def signed(value: float) -> str:
    """Say a difference with its sign."""
    return f"+{figure_text(value)}" if value > 0 else figure_text(value)


def long_table(columns: dict[str, object], rows: int) -> pd.DataFrame:
    """Return a table in which single values stand in each of `rows` rows."""
    return pd.DataFrame(columns, index=range(rows))


LINES = 4  # of a heading at most
TALLEST = 6.4  # inches of a map at most


class Grid:
    """The layout of panels on a sheet of a width, known before the sheet is made.

    Lengths in inches: `least` width of a panel; `height` of a panel, or its height over its width where `shape` is given;
    `left`, `right` and `bottom` margins of each panel for ticks and labels.
    """

    def __init__(
        self,
        width_mm: float,
        titles: Sequence[str],
        least: float,
        height: float,
        left: float = 0.36,
        bottom: float = 0.2,
        gap: float = 0.05,
        right: float = 0.11,
        shape: float | None = None,
        most: int = 6,
    ) -> None:
        self.type = type_for(width_mm)
        inner = width_mm / MM_PER_INCH - 2 * EDGE
        room = least + left + right
        self.columns = max(1, min(len(titles), most, int((inner + gap) / (room + gap))))
        self.columns = ceil(len(titles) / ceil(len(titles) / self.columns)) if titles else 1
        self.width = (inner - gap * (self.columns - 1)) / self.columns - left - right
        self.height = height if shape is None else min(self.width * shape, TALLEST)
        self.width = self.width if shape is None else self.height / shape
        self.left, self.bottom, self.gap, self.right = left, bottom, gap, right
        heads = [
            broken(title, self.width + left * 0.9 + right, self.type.text, bold=True, most=LINES) for title in titles
        ]
        self.rows = [heads[i : i + self.columns] for i in range(0, len(heads), self.columns)]
        self.body = sum(self._row_height(row) for row in self.rows)

    def _head(self, row: list[list[str]]) -> float:
        return Sheet.tall(max(row, key=len), self.type.text) + 0.07

    def _row_height(self, row: list[list[str]]) -> float:
        return self._head(row) + self.height + self.bottom + 0.06

    def panels(self, sheet: Sheet) -> list[Axes]:
        """Add the panels with their headings to a sheet."""
        panels, top = [], 0.0
        for row in self.rows:
            head = self._head(row)
            for column, lines in enumerate(row):
                x = EDGE + column * (self.width + self.left + self.right + self.gap)
                axes = sheet.axes(x + self.left, top + head, self.width, self.height)
                shift = -0.9 * self.left * 72
                axes.annotate(
                    "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(shift, 5), textcoords="offset points",
                    fontsize=self.type.text, fontweight="bold", va="bottom", linespacing=1.15, annotation_clip=False,
                )  # fmt: skip
                panels.append(axes)
            top += self._row_height(row)
        return panels

    def ticks(self, axes: Axes, horizontal: int | None = None, vertical: int = 4) -> None:
        """Set few enough ticks that their labels do not touch."""
        columns = horizontal or max(2, int(self.width / 0.45))
        axes.xaxis.set_major_locator(MaxNLocator(columns, steps=[1, 2, 3, 5, 6, 10]))
        axes.yaxis.set_major_locator(MaxNLocator(vertical))
        axes.grid(axis="y", color="#E5E5E0", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)


def axis_label(axes: Axes, text: str, points: float) -> None:
    """Write what the horizontal axis shows, below its ticks, at its right end."""
    axes.set_xlabel(text, fontsize=points, color=QUIET, loc="right", labelpad=1.5)
