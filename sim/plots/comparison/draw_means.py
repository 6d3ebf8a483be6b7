"""What each draw of a posterior expects of a difference: a strip of points a scenario, a panel a statistic."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.over_draws import STABLE
from sim.plots.comparison.figure import ComparisonFigure, Grid, axis_label, key_of, looks_of, words_of
from sim.plots.comparison.sheet import Mark, ScenarioLook, Sheet, Symbol
from sim.plots.map.primitives import outline
from sim.plots.style import INK, PAPER, QUIET, typography
from sim.statistics.inference import SHARE
from sim.text import percent

if TYPE_CHECKING:
    from sim.comparison.over_draws import DrawDifference
    from sim.comparison.results import Comparison

TITLE = "Which differences hold over the draws of the posterior"
ROW = 0.3  # inches, height of a strip
BINS = 40  # of the width of a strip, in which its points are spread by their number
SPREAD = 0.36  # of the distance between strips: the farthest that a point stands from its middle
SHARE_ROOM = 0.42  # inches, right of the panel


def draw_strips(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the expected difference of every draw, with the mean and its interval; a panel for each headline statistic."""
    results = comparison.over_draws
    if results is None:
        raise ValueError("the comparison has no draws of a posterior")
    groups = [list(group) for _, group in groupby(results.rows, key=lambda row: row.statistic)]
    strips = max(len(group) for group in groups)
    grid = Grid(
        width_mm,
        [group[0].unit_label for group in groups],
        1.7,
        ROW * strips + 0.06,
        left=0.2,
        bottom=0.36,
        right=SHARE_ROOM,
    )
    key = [
        Mark("a draw's expected difference", symbols=(Symbol(outline("circle"), 1.6, QUIET, QUIET),)),
        Mark("mean, 95 %, resolved", symbols=(Symbol(outline("circle"), 3.0, INK, INK),)),
        Mark("not resolved", symbols=(Symbol(outline("circle"), 3.0, PAPER, INK),)),
        *key_of(comparison),
    ]
    note = f"{results.note} Right: draws with the sign of the mean, bold if the difference is stable."
    with typography():
        sheet = Sheet(words_of(comparison, TITLE, note), width_mm, grid.body, key)
        for axes, group in zip(grid.panels(sheet), groups, strict=True):
            _panel(axes, group, looks_of(comparison), grid)
            axis_label(axes, f"difference from {looks_of(comparison)[comparison.reference].letter}", grid.type.small)
    caption = f"{TITLE}: differences from the reference, {comparison.reference}, in each draw. {note}"
    return ComparisonFigure(sheet.figure, _table(results.rows), TITLE, caption)


def _table(rows: tuple[DrawDifference, ...]) -> pd.DataFrame:
    """Return the points as a table: a row for each statistic, scenario and draw."""
    parts = [
        pd.DataFrame(
            {"scenario": row.scenario, "statistic": row.statistic, "label": row.label, "unit": row.unit, "difference": row.means}
        )
        for row in rows
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _panel(axes: Axes, rows: list[DrawDifference], looks: dict[str, ScenarioLook], grid: Grid) -> None:
    grid.ticks(axes)
    axes.grid(visible=False)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    for number, row in enumerate(rows):
        scale = 100.0 if row.unit == SHARE else 1.0
        look = looks[row.scenario]
        _strip(axes, scale * row.means, number, look.line.colour)
        _mean(axes, row, scale, number, look)
        axes.annotate(
            look.letter, (0, number), xycoords=("axes fraction", "data"), xytext=(-0.16 * 72, 0), textcoords="offset points",
            fontsize=grid.type.text, fontweight="bold", color=look.line.colour, va="center_baseline", annotation_clip=False,
        )  # fmt: skip
        axes.annotate(
            percent(row.share) if row.sign_known else "–", (1, number), xycoords=("axes fraction", "data"),
            xytext=(SHARE_ROOM * 72 - 3, 0), textcoords="offset points", fontsize=grid.type.small, ha="right",
            va="center_baseline", fontweight="bold" if row.verdict == STABLE else "normal", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.04)


def _strip(axes: Axes, values: np.ndarray, number: int, colour: str) -> None:
    """Draw the points of a strip, the farther from its middle the more of them lie together."""
    low, high = float(values.min()), float(values.max())
    place = (
        np.zeros(len(values), dtype=np.int64)
        if high == low
        else ((values - low) / (high - low) * (BINS - 1e-9)).astype(int)
    )
    counts = np.bincount(place, minlength=BINS)
    offset = np.zeros(len(values))
    for bin_number in np.flatnonzero(counts):
        inside = np.flatnonzero(place == bin_number)
        reach = SPREAD * counts[bin_number] / counts.max() if counts[bin_number] > 1 else 0.0
        offset[inside] = reach * np.linspace(-1, 1, len(inside))[np.argsort(np.argsort(inside * 7919 % 1009))]
    axes.plot(values, number + offset, "o", color=colour, alpha=0.4, markersize=1.9, markeredgewidth=0, zorder=2)


def _mean(axes: Axes, row: DrawDifference, scale: float, number: int, look: ScenarioLook) -> None:
    ends, colour = [scale * row.low, scale * row.high], look.line.colour
    axes.plot(ends, [number, number], color=PAPER, linewidth=3.0, solid_capstyle="butt", zorder=3)
    axes.plot(ends, [number, number], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=4)
    axes.plot(
        [scale * row.mean], [number], marker=look.line.marker, markersize=5, markerfacecolor=colour if row.resolved else PAPER,
        markeredgecolor=colour if not row.resolved else PAPER, markeredgewidth=0.9, linestyle="none", zorder=5,
    )  # fmt: skip
