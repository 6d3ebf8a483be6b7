"""Curves of a comparison: fan charts, escalation ladder, convergence of means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.results import BANDS
from sim.plots.comparison.figure import ComparisonFigure, Grid, axis_label, key_of, long_table, looks_of, words_of
from sim.plots.comparison.sheet import LineStyle, Mark, ScenarioLook, Sheet
from sim.plots.style import INK, LEVEL_COLOURS, PAPER, QUIET, pale, typography
from sim.statistics.inference import SHARE, UNRESOLVED_RULE

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, Convergence, Fan, FanPanel, LadderResult, ReachCurve

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


def fan_chart(comparison: Comparison, panel: FanPanel, width_mm: float) -> ComparisonFigure:
    """Draw the fan chart of one daily quantity."""
    names = looks_of(comparison)
    grid = Grid(width_mm, [names[fan.scenario].text for fan in panel.fans], 1.05, 1.0, left=0.4, bottom=0.3)
    unit = f" ({panel.unit})" if panel.unit and panel.unit not in panel.label else ""
    title = f"{panel.label[:1].upper()}{panel.label[1:]}{unit}, day by day"
    key = [Mark("median", LineStyle(INK, "-", 1.5)), Mark("mean", LineStyle(INK, (0, (1.2, 1.4)), 1.1))]
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
    return ComparisonFigure(sheet.figure, fan_table(panel), title, caption)


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


STRIP = "Highest escalation level among rebels, day by day"
REACH = "How soon runs reach a level of escalation"


def strip_table(ladder: LadderResult, scenarios: tuple[str, ...]) -> pd.DataFrame:
    """Return the shares of runs on each level as a table, a row for each scenario and day."""
    parts = []
    for name in scenarios:
        columns: dict[str, object] = {"scenario": name, "runs": ladder.runs[name], "day": ladder.days}
        columns |= {f"level_{i}": ladder.share[name][:, i] for i in range(len(ladder.levels))}
        parts.append(long_table(columns, len(ladder.days)))
    return pd.concat(parts, ignore_index=True)


def strip(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
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
    return ComparisonFigure(sheet.figure, strip_table(ladder, comparison.scenarios), STRIP, caption)


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


def reach_table(ladder: LadderResult) -> pd.DataFrame:
    """Return the time-to-level curves as a table."""
    parts = []
    for curve in ladder.reach:
        columns = {
            "level": curve.level, "scenario": curve.scenario, "runs": curve.runs, "reached": curve.reached,
            "day": ladder.days, "share": curve.share, "low": curve.low, "high": curve.high,
        }  # fmt: skip
        parts.append(long_table(columns, len(ladder.days)))
    return pd.concat(parts, ignore_index=True)


def reach(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
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
    return ComparisonFigure(sheet.figure, reach_table(ladder), REACH, caption)


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


def convergence(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the running estimates, a panel for each statistic and scenario."""
    names, curves = looks_of(comparison), comparison.convergence
    titles = []
    for curve in curves:
        what = "mean" if curve.scenario == comparison.reference else f"less {names[comparison.reference].letter}"
        titles.append(f"{names[curve.scenario].letter} {what}: {curve.label}{f' ({curve.unit})' if curve.unit else ''}")
    grid = Grid(width_mm, titles, 1.05, 0.8, left=0.42, bottom=0.3)
    key = [Mark("estimate", LineStyle(INK)), Mark("95 % interval", fill=pale(INK, 0.75))]
    key += [Mark(look.text) for look in names.values()]
    with typography():
        sheet = Sheet(words_of(comparison, TITLE, NOTE), width_mm, grid.body, key)
        for axes, curve in zip(grid.panels(sheet), curves, strict=True):
            _curve(axes, curve, names[curve.scenario].line.colour, curve.scenario != comparison.reference)
            grid.ticks(axes, vertical=3)
            if curve.unit == SHARE:
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
            axis_label(axes, "runs", grid.type.small)
    return ComparisonFigure(sheet.figure, convergence_table(curves), TITLE, f"{TITLE} {NOTE}")


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
