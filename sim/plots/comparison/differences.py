"""Forest plot: each headline statistic's paired difference from the reference with its 95 % interval."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.comparison.figure import ComparisonFigure, key_of, looks_of, signed, words_of
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, ScenarioLook, Sheet, Type, broken, type_for
from sim.plots.style import INK, PAPER, QUIET, typography
from sim.statistics.inference import SHARE, Difference

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, ForestRow

TITLE = "What changes against the reference, and how surely"


def forest_table(rows: tuple[ForestRow, ...]) -> pd.DataFrame:
    """Return the rows of a forest plot as a table."""
    return pd.DataFrame(
        [
            {
                "scenario": row.scenario, "statistic": row.difference.statistic, "label": row.difference.label,
                "unit": row.difference.unit, "pairs": row.difference.pairs, "reference": row.difference.reference,
                "other": row.difference.other, "difference": row.difference.difference, "low": row.difference.low,
                "high": row.difference.high, "resolved": row.difference.resolved, "verdict": row.verdict,
                "scaled": row.scaled, "scaled_low": row.scaled_low, "scaled_high": row.scaled_high,
            }
            for row in rows
        ]
    )  # fmt: skip


def difference_text(difference: Difference) -> str:
    """Say a difference with its interval: "+3.2 [+1.1, +5.2]"; shares of runs in points of percent: "+17 [+9, +25]"."""
    scale = 100 if difference.unit == SHARE else 1
    value, low, high = (
        signed(_rounded(scale * v, scale)) for v in (difference.difference, difference.low, difference.high)
    )
    return value if np.isnan(difference.low) else f"{value} [{low}, {high}]"


def unit_text(difference: Difference) -> str:
    """Return the unit of a difference in brackets, with a space before; empty if it has none."""
    unit = "points of percent" if difference.unit == SHARE else difference.unit
    return f" ({unit})" if unit else ""


def _rounded(value: float, scale: int) -> float:
    return round(value, 1) if scale != 1 else value


def forest(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the forest plot of all headline statistics and scenarios."""
    return forest_of(comparison, comparison.forest, TITLE, comparison.forest_note, width_mm)


def forest_of(
    comparison: Comparison, rows: tuple[ForestRow, ...], title: str, note: str, width_mm: float
) -> ComparisonFigure:
    """Draw rows of differences, by statistic; a filled marker is a difference that is resolved, a hollow one is not."""
    sizes, inner = type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE
    words = min(2.6, max(1.35, 0.4 * inner))
    layout = _Layout(rows, sizes, inner, words)
    note = f"{note} Filled: resolved; hollow: not resolved."
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, layout.body, key_of(comparison))
        _draw(sheet, layout, looks_of(comparison))
    caption = f"Differences of headline statistics from the reference, {comparison.reference}. {note}"
    return ComparisonFigure(sheet.figure, forest_table(rows), title, caption)


class _Layout:
    """Where headings and rows of a forest plot stand, in inches below the top of the body."""

    def __init__(self, rows: tuple[ForestRow, ...], sizes: Type, inner: float, words: float) -> None:
        self.sizes, self.left, self.words = sizes, 0.18, words
        self.axis = inner - self.left - words - 0.1
        self.headings: list[tuple[float, str]] = []
        self.rows: list[tuple[float, ForestRow, list[str]]] = []
        line, y = sizes.small * 1.28 / 72, 0.02
        for _statistic, group in groupby(rows, key=lambda row: row.difference.statistic):
            members = list(group)
            heading = f"{members[0].difference.label}{unit_text(members[0].difference)}"
            for text in broken(heading, inner, sizes.text, bold=True):
                self.headings.append((y, text))
                y += sizes.text * 1.28 / 72
            for row in members:
                lines = broken(difference_text(row.difference), words, sizes.small, most=2) + broken(
                    row.verdict, words, sizes.small, most=3
                )
                tall = max(len(lines), 1) * line + 0.05
                self.rows.append((y + tall / 2, row, lines))
                y += tall
            y += 0.05
        self.end = y
        self.body = y + 0.42


def _draw(sheet: Sheet, layout: _Layout, looks: dict[str, ScenarioLook]) -> None:
    sizes = layout.sizes
    plain = sheet.blank(EDGE, 0, sheet.inner, layout.body)
    axes = sheet.axes(EDGE + layout.left, 0, layout.axis, layout.end)
    axes.set_ylim(layout.end, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    for y, text in layout.headings:
        plain.text(
            0, -y, text, fontsize=sizes.text, fontweight="bold", va="top", zorder=9,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    plain.set_zorder(axes.get_zorder() + 1)
    plain.patch.set_visible(False)
    right = layout.left + layout.axis + 0.1
    for y, row, lines in layout.rows:
        look = looks[row.scenario]
        plain.text(0, -y, look.letter, fontsize=sizes.text, fontweight="bold", color=look.line.colour, va="center")
        plain.text(right, -y, "\n".join(lines), fontsize=sizes.small, va="center", linespacing=1.2)
        _interval(axes, y, row, look)
    reach = [abs(v) for _y, row, _s in layout.rows for v in (row.scaled, row.scaled_low, row.scaled_high)]
    most = max([v for v in reach if np.isfinite(v)], default=1.0) or 1.0
    axes.set_xlim(-1.12 * most, 1.12 * most)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(
        "← lower    higher →\nin standard deviations of one run", fontsize=sizes.small, color=QUIET, labelpad=1.5,
    )  # fmt: skip


def _interval(axes: Axes, y: float, row: ForestRow, look: ScenarioLook) -> None:
    colour, resolved = look.line.colour, row.difference.resolved
    if not np.isfinite(row.scaled):
        return
    if np.isfinite(row.scaled_low) and np.isfinite(row.scaled_high):
        axes.plot(
            [row.scaled_low, row.scaled_high], [y, y], color=colour, linewidth=1.3, solid_capstyle="butt", zorder=2
        )
        for end in (row.scaled_low, row.scaled_high):
            axes.plot([end, end], [y - 0.03, y + 0.03], color=colour, linewidth=1.0, zorder=2)
    axes.plot(
        [row.scaled], [y], marker=look.line.marker, markersize=5, markerfacecolor=colour if resolved else PAPER,
        markeredgecolor=colour, markeredgewidth=1.0, linestyle="none", zorder=3,
    )  # fmt: skip
