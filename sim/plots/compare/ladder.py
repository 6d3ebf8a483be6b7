"""The escalation ladder: shares of runs on each level day by day, and how soon runs reach a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.compare.drawn import Drawn, key_of, long_table, looks_of, words_of
from sim.plots.compare.grid import Grid, axis_label
from sim.plots.compare.look import ScenarioLook
from sim.plots.compare.sheet import Mark, Sheet
from sim.plots.style import LEVEL_COLOURS, PAPER, QUIET, typography

if TYPE_CHECKING:
    from sim.study.comparison import Comparison, Ladder, ReachCurve

STRIP = "Highest escalation level among rebels, day by day"
REACH = "How soon runs reach a level of escalation"


def strip_table(ladder: Ladder, scenarios: tuple[str, ...]) -> pd.DataFrame:
    """Return the shares of runs on each level as a table, a row for each scenario and day."""
    parts = []
    for name in scenarios:
        columns: dict[str, object] = {"scenario": name, "runs": ladder.runs[name], "day": ladder.days}
        columns |= {f"level_{i}": ladder.share[name][:, i] for i in range(len(ladder.levels))}
        parts.append(long_table(columns, len(ladder.days)))
    return pd.concat(parts, ignore_index=True)


def strip(comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    """Draw the shares of runs on each level, stacked, a panel for each scenario."""
    ladder, names = comparison.ladder, looks_of(comparison)
    grid = Grid(width_mm, [names[n].text for n in comparison.scenarios], 1.05, 0.95, left=0.42, bottom=0.3)
    key = [
        Mark(f"{i} {text}", fill=colour, edge=QUIET)
        for i, (text, colour) in enumerate(zip(ladder.levels, LEVEL_COLOURS, strict=True))
    ]
    with typography():
        sheet = Sheet(words_of(comparison, STRIP, ladder.note), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), comparison.scenarios, strict=True):
            _stack(axes, ladder.days, ladder.share[name])
            _percent(axes, grid)
            axis_label(axes, "day", grid.type.small)
    caption = f"{STRIP}: share of runs on each level. {ladder.note}"
    return Drawn(sheet.figure, strip_table(ladder, comparison.scenarios), STRIP, caption)


def _stack(axes: Axes, days: np.ndarray, share: np.ndarray) -> None:
    """Draw levels from the highest, at the bottom, to calm, on top; shares [days, levels]."""
    base = np.zeros(len(days))
    for level in reversed(range(share.shape[1])):
        top = base + share[:, level]
        axes.fill_between(
            days, base, top, step="mid", facecolor=LEVEL_COLOURS[level], edgecolor=PAPER, linewidth=0.25, zorder=2
        )
        base = top
    axes.set_xlim(days[0], days[-1])


def _percent(axes: Axes, grid: Grid) -> None:
    axes.set_ylim(0, 1)
    grid.ticks(axes)
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])


def reach_table(ladder: Ladder) -> pd.DataFrame:
    """Return the time-to-level curves as a table."""
    parts = []
    for curve in ladder.reach:
        columns = {
            "level": curve.level, "scenario": curve.scenario, "runs": curve.runs, "reached": curve.reached,
            "day": ladder.days, "share": curve.share, "low": curve.low, "high": curve.high,
        }  # fmt: skip
        parts.append(long_table(columns, len(ladder.days)))
    return pd.concat(parts, ignore_index=True)


def reach(comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    """Draw the share of runs that have reached each level by each day, all scenarios in one panel a level."""
    ladder, names = comparison.ladder, looks_of(comparison)
    levels = sorted({curve.level for curve in ladder.reach})
    titles = [f"{level} {ladder.levels[level]}" for level in levels]
    grid = Grid(width_mm, titles, 1.05, 1.0, left=0.42, bottom=0.3)
    with typography():
        sheet = Sheet(words_of(comparison, REACH, ladder.note), width_mm, grid.body, key_of(comparison))
        for axes, level in zip(grid.panels(sheet), levels, strict=True):
            for curve in (c for c in ladder.reach if c.level == level):
                _reach(axes, ladder.days, curve, names[curve.scenario])
            axes.set_xlim(ladder.days[0], ladder.days[-1])
            _percent(axes, grid)
            axis_label(axes, "day", grid.type.small)
    caption = f"{REACH}: share of runs that have reached it by each day, by scenario. {ladder.note}"
    return Drawn(sheet.figure, reach_table(ladder), REACH, caption)


def _reach(axes: Axes, days: np.ndarray, curve: ReachCurve, look: ScenarioLook) -> None:
    colour = look.line.colour
    if np.isfinite(curve.low).any():
        axes.fill_between(days, curve.low, curve.high, step="post", color=colour, alpha=0.12, linewidth=0, zorder=1)
    axes.step(days, curve.share, where="post", color=colour, linewidth=1.4, linestyle=look.line.dashes, zorder=3)
    spot = min(len(days) - 1, int(len(days) * (0.55 + 0.09 * (ord(look.letter[0]) % 5))))
    axes.plot(
        [days[spot]], [curve.share[spot]], marker=look.line.marker, color=colour, markersize=4.5, markeredgecolor=PAPER,
        markeredgewidth=0.6, zorder=4,
    )  # fmt: skip
