"""From whom to whom towns pass: holders at the start and at the end, and the mean number of towns that pass between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from sim.plots.comparison.control_maps import code_colour, ground_for
from sim.plots.comparison.figure import ComparisonFigure, Grid, by_scenario, figure_text, looks_of, words_of
from sim.plots.comparison.sheet import Mark, Sheet
from sim.plots.style import INK, PAPER, pale, typography

if TYPE_CHECKING:
    from sim.comparison.results import Comparison

HEIGHT = 2.3  # inches of a panel, if the sheet has room
BAR = 0.09  # width of a bar of holders, as a share of the panel
GAP = 0.015  # between two holders, as a share of the height
LEAST_TOWNS = 0.1  # on average over runs: smaller flows are in the table, not in the picture
STAYS, PASSES = 0.86, 0.35  # share of white of towns that stay and that pass


def flow_matrix(comparison: Comparison, scenario: str) -> np.ndarray:
    """Return the mean number of towns by holder at the start and at the end: f8 [C, C], rows the start."""
    control = comparison.control
    start, end = control.shares[scenario][0], control.shares[scenario][-1]
    matrix: np.ndarray = start.T @ end  # at the start every run is alike
    return matrix


def flows_table(comparison: Comparison) -> pd.DataFrame:
    """Return the flows as a table: a row for each scenario, holder at the start and holder at the end."""
    codes, parts = comparison.control.codes, []
    for name in comparison.scenarios:
        matrix = flow_matrix(comparison, name)
        rows = [
            {"scenario": name, "start": codes[a], "end": codes[b], "towns": matrix[a, b]}
            for a, b in np.ndindex(matrix.shape)
        ]
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


def flows(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw, for each scenario, how many towns pass from each holder at the start to each holder at the end."""
    names, codes = looks_of(comparison), comparison.control.codes
    matrices = {name: flow_matrix(comparison, name) for name in comparison.scenarios}
    moved = {name: round(float(m.sum() - np.trace(m)), 1) for name, m in matrices.items()}
    title = (
        f"Towns with another holder at the end, of {len(comparison.control.towns)}: {by_scenario(moved, figure_text)}"
    )
    days = comparison.control.days
    about = f"Holders on day {days[0]}, left, and on day {days[-1]}, right; mean number of towns over runs"
    note = "Strong: towns that pass to another holder; pale: towns that stay. Means over the runs of each scenario."
    shown = [c for c in range(len(codes)) if any(m[c].sum() + m[:, c].sum() >= LEAST_TOWNS for m in matrices.values())]
    ground = ground_for(comparison)
    colours = [code_colour(ground, code) for code in codes]
    key = [Mark(comparison.control.names[codes[c]], fill=colours[c], edge=INK) for c in shown]
    least = 1.5 if len(names) < 3 else 0.8
    grid = Grid(
        width_mm, [names[name].text for name in comparison.scenarios], least, HEIGHT, left=0.3, right=0.42, bottom=0.05
    )
    with typography():
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), comparison.scenarios, strict=True):
            axes.set_axis_off()
            axes.set_xlim(0, 1)
            axes.set_ylim(1, 0)
            _panel(axes, matrices[name], shown, colours, 1.1 * grid.type.small / 72 / grid.height, grid.type.small)
    return ComparisonFigure(sheet.figure, flows_table(comparison), title, f"{title}. {about}. {note}")


def _panel(axes: Axes, matrix: np.ndarray, shown: list[int], colours: list[str], line: float, points: float) -> None:
    """Draw the bars of one scenario and the bands between them; `line` is the height of a number as a share of the panel's."""
    scale = (1 - GAP * (len(shown) - 1)) / matrix[np.ix_(shown, shown)].sum()
    tops: list[dict[int, float]] = []
    for side, totals in enumerate((matrix.sum(axis=1), matrix.sum(axis=0))):
        y, top, least = 0.0, {}, 0.0
        for c in shown:
            top[c] = y
            tall = totals[c] * scale
            axes.add_patch(
                Rectangle((side * (1 - BAR), y), BAR, tall, facecolor=colours[c], edgecolor=INK, linewidth=0.5)
            )
            if totals[c] >= 0.5:
                x, align = (-0.02, "right") if side == 0 else (1.02, "left")
                least = max(y + tall / 2, least + line)
                axes.text(x, least, figure_text(round(totals[c], 1)), fontsize=points, ha=align, va="center")
            y += tall + GAP
        tops.append(top)
    left, right = tops
    for a in shown:
        for b in shown:
            towns = matrix[a, b]
            tall = towns * scale
            if towns >= LEAST_TOWNS:
                white = STAYS if a == b else PASSES
                _band(
                    axes, left[a], right[b], tall, pale(colours[b] if colours[b] != PAPER else INK, white), 1 + (a != b)
                )
            left[a] += tall
            right[b] += tall


def _band(axes: Axes, left: float, right: float, tall: float, colour: str, level: float) -> None:
    """Draw a band of one height between two bars, from `left` to `right` measured from above."""
    x0, x1, middle = BAR, 1 - BAR, 0.5
    corners = [
        (x0, left), (middle, left), (middle, right), (x1, right), (x1, right + tall), (middle, right + tall),
        (middle, left + tall), (x0, left + tall), (x0, left),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    axes.add_patch(PathPatch(Path(corners, codes), facecolor=colour, edgecolor="none", zorder=level))
