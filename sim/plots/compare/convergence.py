"""Convergence: how the estimate of each headline statistic settles as matched runs are added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.compare.drawn import Drawn, long_table, looks_of, words_of
from sim.plots.compare.grid import Grid, axis_label
from sim.plots.compare.look import Line
from sim.plots.compare.sheet import Mark, Sheet
from sim.plots.style import INK, QUIET, pale, typography
from sim.statistics.paired import SHARE, UNRESOLVED_RULE

if TYPE_CHECKING:
    from sim.study.comparison import Comparison, Convergence

TITLE = "Have there been enough runs?"
NOTE = (
    "Estimate after so many runs, with its 95 % interval: for the reference the mean, for the others the paired "
    f"difference from it. A difference is not resolved as long as {UNRESOLVED_RULE}."
)


def convergence_table(curves: tuple[Convergence, ...]) -> pd.DataFrame:
    """Return the running estimates as a table."""
    parts = [
        long_table(
            {
                "scenario": c.scenario, "statistic": c.statistic, "unit": c.unit, "runs": c.runs, "estimate": c.estimate,
                "half_width": c.half_width,
            },
            len(c.runs),
        )
        for c in curves
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def convergence(comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    """Draw the running estimates, a panel for each statistic and scenario."""
    names, curves = looks_of(comparison), comparison.convergence
    titles = []
    for curve in curves:
        what = "mean" if curve.scenario == comparison.reference else f"less {names[comparison.reference].letter}"
        titles.append(f"{names[curve.scenario].letter} {what}: {curve.label}{f' ({curve.unit})' if curve.unit else ''}")
    grid = Grid(width_mm, titles, 1.05, 0.8, left=0.42, bottom=0.3)
    key = [Mark("estimate", Line(INK)), Mark("95 % interval", fill=pale(INK, 0.75))]
    key += [Mark(look.text) for look in names.values()]
    with typography():
        sheet = Sheet(words_of(comparison, TITLE, NOTE), width_mm, grid.body, key)
        for axes, curve in zip(grid.panels(sheet), curves, strict=True):
            _curve(axes, curve, names[curve.scenario].line.colour, curve.scenario != comparison.reference)
            grid.ticks(axes, vertical=3)
            if curve.unit == SHARE:
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
            axis_label(axes, "runs", grid.type.small)
    return Drawn(sheet.figure, convergence_table(curves), TITLE, f"{TITLE} {NOTE}")


def _curve(axes: Axes, curve: Convergence, colour: str, zero: bool) -> None:
    half = np.where(np.isfinite(curve.half_width), curve.half_width, np.nan)
    low, high = curve.estimate - half, curve.estimate + half
    axes.fill_between(curve.runs, low, high, color=pale(colour, 0.75), linewidth=0, zorder=1)
    axes.plot(curve.runs, curve.estimate, color=colour, linewidth=1.4, zorder=3)
    if zero:
        axes.axhline(0, color=QUIET, linewidth=0.7, zorder=2)
    late = slice(len(curve.runs) // 5, None)  # the first few runs would set the scale
    known = np.concatenate([low[late], high[late], curve.estimate[late], [0.0] if zero else []])
    known = known[np.isfinite(known)]
    if len(known) and known.max() > known.min():
        edge = 0.12 * (known.max() - known.min())
        axes.set_ylim(known.min() - edge, known.max() + edge)
    if len(curve.runs) > 1:
        axes.set_xlim(curve.runs[0], curve.runs[-1])
