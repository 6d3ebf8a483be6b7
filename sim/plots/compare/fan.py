"""Fan charts: the spread of runs day by day, a panel for each scenario, all on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.compare.drawn import Drawn, long_table, looks_of, words_of
from sim.plots.compare.grid import Grid, axis_label
from sim.plots.compare.look import Line, ScenarioLook
from sim.plots.compare.sheet import Mark, Sheet
from sim.plots.style import INK, pale, typography
from sim.study.comparison import BANDS

if TYPE_CHECKING:
    from sim.study.comparison import Comparison, Fan, FanPanel

SHADES = (0.42, 0.64, 0.82)  # share of white of the bands, narrow to wide


def fan_table(panel: FanPanel) -> pd.DataFrame:
    """Return a panel's lines and bands as a table, a row for each scenario and day."""
    parts = []
    for fan in panel.fans:
        columns: dict[str, object] = {"scenario": fan.scenario, "runs": fan.runs, "day": panel.days}
        columns |= {"median": fan.median, "mean": fan.mean}
        for i, width in enumerate(BANDS):
            columns |= {f"low_{width}": fan.low[i], f"high_{width}": fan.high[i]}
        parts.append(long_table(columns, len(panel.days)))
    return pd.concat(parts, ignore_index=True)


def fan_chart(comparison: Comparison, panel: FanPanel, width_mm: float) -> Drawn:
    """Draw the fan chart of one daily quantity."""
    names = looks_of(comparison)
    grid = Grid(width_mm, [names[fan.scenario].text for fan in panel.fans], 1.05, 1.0, left=0.4, bottom=0.3)
    unit = f" ({panel.unit})" if panel.unit and panel.unit not in panel.label else ""
    title = f"{panel.label[:1].upper()}{panel.label[1:]}{unit}, day by day"
    key = [Mark("median", Line(INK, "-", 1.5)), Mark("mean", Line(INK, (0, (1.2, 1.4)), 1.1))]
    if not comparison.single:
        key += [
            Mark(f"{width} % of runs", fill=pale(INK, shade), edge=pale(INK, shade))
            for width, shade in zip(BANDS, SHADES, strict=True)
        ]
    with typography():
        sheet = Sheet(words_of(comparison, title, panel.note), width_mm, grid.body, key)
        reference = panel.fans[0]
        for axes, fan in zip(grid.panels(sheet), panel.fans, strict=True):
            _fan(axes, panel, fan, names[fan.scenario], reference)
            grid.ticks(axes)
            if panel.top >= 3:
                axes.yaxis.get_major_locator().set_params(integer=True)
            axis_label(axes, "day", grid.type.small)
    caption = (
        f"{title}. One panel a scenario on one scale; the thin line in the others is the median of the reference, "
        f"{comparison.reference}. {panel.note}"
    )
    return Drawn(sheet.figure, fan_table(panel), title, caption)


def _fan(axes: Axes, panel: FanPanel, fan: Fan, look: ScenarioLook, reference: Fan) -> None:
    colour = look.line.colour
    for i in reversed(range(len(BANDS))):
        if np.isfinite(fan.low[i]).any():
            axes.fill_between(
                panel.days, fan.low[i], fan.high[i], color=pale(colour, SHADES[i]), linewidth=0, zorder=2, step=None
            )
    axes.plot(panel.days, fan.mean, color=colour, linewidth=1.1, linestyle=(0, (1.2, 1.4)), zorder=4)
    axes.plot(panel.days, fan.median, color=colour, linewidth=1.5, zorder=5)
    if fan is not reference:
        axes.plot(panel.days, reference.median, color=INK, linewidth=0.6, zorder=6)
    axes.set_xlim(panel.days[0], panel.days[-1])
    axes.set_ylim(0, panel.top or 1)
