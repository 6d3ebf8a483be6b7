"""How each statistic spreads over the runs of each scenario, and who holds the watched towns in those of an only one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.comparison.control_maps import code_colour, ground_for
from sim.plots.comparison.figure import (
    ComparisonFigure,
    Grid,
    axis_label,
    figure_text,
    key_of,
    looks_of,
    most_panels,
    words_of,
)
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    NARROW_MM,
    ScenarioLook,
    Sheet,
    shortened,
    text_width,
    type_for,
)
from sim.plots.map.matplotlib_painter import add_shapes
from sim.plots.style import INK, PAPER, QUIET, typography
from sim.text import capitalised, percent, plural, with_unit

if TYPE_CHECKING:
    from sim.comparison.outcomes import HolderRow
    from sim.comparison.results import Comparison, Distribution
    from sim.plots.map.geometry import Ground

PANELS_NARROW, PANELS_WIDE = 8, 16  # on a sheet of at most 200 mm
MOST_ZEROS = 0.5  # share of runs at zero from which a panel says so


def holders(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw in which share of the runs of an only scenario each side holds the watched towns at the end, with Wilson's intervals."""
    outcomes, sizes = comparison.outcomes, type_for(width_mm)
    assert outcomes is not None
    line, spots, y = sizes.small * 1.6 / 72, [], 0.0
    for _town, rows in groupby(outcomes.holders, key=lambda row: row.town):
        for number, row in enumerate(rows):
            y += line if number == 0 else 0.0
            spots.append((y + line / 2, row, number == 0))
            y += line
        y += 0.35 * line
    title, about = outcomes.sentences[0].rstrip("."), "Share of runs in which each side holds a watched town at the end"
    note = f"Signs: shares of {plural(outcomes.runs, 'run')}; whiskers: their 95 % intervals (Wilson)."
    with typography():
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, y + 0.25)
        _draw_holders(sheet, spots, y, line, ground_for(comparison))
    return ComparisonFigure(sheet.figure, outcomes.table, title, f"{' '.join(outcomes.sentences)} {about}. {note}")


def _draw_holders(
    sheet: Sheet, spots: list[tuple[float, HolderRow, bool]], tall: float, line: float, ground: Ground
) -> None:
    """Draw a row a side; `spots` holds its height in inches below the top, the row and whether its town stands above it."""
    sizes, inner = sheet.type, sheet.inner
    narrow = sheet.width * MM_PER_INCH <= NARROW_MM
    words = [row.share_words if narrow else row.words for _at, row, _first in spots]
    left, right = min(1.3, 0.3 * inner), max(text_width(text, sizes.small) for text in words) + 0.1
    axes, plain = sheet.axes(EDGE + left, 0, inner - left - right, tall), sheet.blank(EDGE, 0, inner, tall)
    plain.patch.set_visible(False)
    axes.set_ylim(tall, 0)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#E5E5E0", linewidth=0.5, zorder=0)
    for (at, row, first), text in zip(spots, words, strict=True):
        if first:
            plain.text(
                0,
                line - at,
                shortened(row.town, left, sizes.text, bold=True),
                fontsize=sizes.text,
                fontweight="bold",
                va="center",
            )
        colour = code_colour(ground, row.code)
        plain.text(0.1, -at, shortened(row.side, left - 0.14, sizes.small), fontsize=sizes.small, va="center")
        plain.text(inner, -at, text, fontsize=sizes.small, va="center", ha="right")
        axes.plot(
            [row.low, row.high],
            [at, at],
            color=QUIET if colour == PAPER else colour,
            linewidth=1.8,
            solid_capstyle="butt",
            zorder=2,
        )
        spot = np.array([[row.holds / row.runs, at]])
        add_shapes(axes, ground.look.shape(row.code), spot, np.array([2.2]), colour, INK, 0.5, 3)


def distributions_table(comparison: Comparison) -> pd.DataFrame:
    """Return every value drawn as a table: a row for each statistic, scenario and run."""
    parts = [
        pd.DataFrame(
            {"statistic": each.statistic, "label": each.label, "unit": each.unit, "scenario": name, "value": values}
        )
        for each in comparison.distributions
        for name, values in each.values.items()
    ]
    return pd.concat(parts, ignore_index=True)


def distributions(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the share of runs at or below each value of each statistic, all scenarios over one another."""
    names = looks_of(comparison)
    most = min(len(comparison.distributions), PANELS_NARROW if width_mm <= NARROW_MM else PANELS_WIDE)

    def laid_out(number: int) -> Grid:
        chosen = _most_shifted(comparison, number)
        return Grid(
            width_mm,
            [capitalised(with_unit(each.label, each.unit)) for each in chosen],
            1.0,
            0.72,
            left=0.4,
            bottom=0.34,
        )

    grid = most_panels(laid_out, most)
    shown = _most_shifted(comparison, grid.count)
    title = _spread_statement(comparison)
    about = "Headline statistics: share of runs at or below each value"
    note = (
        "Steps: empirical distribution over all runs of a scenario; dots: medians; bars below: the middle 80 % of runs. "
        "They show how runs spread, not how well a mean is known."
    )
    if len(shown) < len(comparison.distributions):
        which = "statistics that shift most, of" if comparison.forest else "first of"
        note += f" The {len(shown)} {which} {len(comparison.distributions)}; the table has all."
    with typography():
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key_of(comparison))
        for axes, each in zip(grid.panels(sheet), shown, strict=True):
            for number, (name, values) in enumerate(each.values.items()):
                draw_distribution(axes, values, names[name])
                _middle(axes, values, names[name], number)
            _spread_axes(axes, each, grid)
            if zeros := _zeros(each, names):
                axis_label(axes, zeros, grid.type.small)
    return ComparisonFigure(sheet.figure, distributions_table(comparison), title, f"{title}. {about}. {note}")


def _most_shifted(comparison: Comparison, most: int) -> list[Distribution]:
    """Return the statistics that shift most, at most so many, in their order."""
    size = {each.statistic: 0.0 for each in comparison.distributions}
    for row in comparison.forest:
        if row.difference.statistic in size and np.isfinite(row.scaled):
            size[row.difference.statistic] = max(size[row.difference.statistic], abs(row.scaled))
    chosen = sorted(size, key=lambda name: -size[name])[:most]
    return [each for each in comparison.distributions if each.statistic in chosen]


def draw_distribution(axes: Axes, values: np.ndarray, look: ScenarioLook) -> None:
    """Draw the share of runs of a scenario at or below each value."""
    if len(values):
        axes.ecdf(values, color=look.line.colour, linewidth=1.3, linestyle=look.line.dashes, zorder=3)


def _middle(axes: Axes, values: np.ndarray, look: ScenarioLook, number: int) -> None:
    """Draw the median and the middle 80 % of runs below the shares, a line a scenario."""
    if not len(values):
        return
    colour = look.line.colour
    low, middle, high = np.percentile(values, [10, 50, 90])
    y = -0.07 - 0.07 * number
    axes.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt", clip_on=False, zorder=4)
    axes.plot(
        [middle], [y], marker=look.line.marker, color=colour, markersize=3.4, markeredgewidth=0, clip_on=False, zorder=5
    )


def _spread_axes(axes: Axes, each: Distribution, grid: Grid) -> None:
    """Set the axes: values up to the 99th percentile, so that one far run does not set the scale."""
    every = np.concatenate(list(each.values.values()))
    low, high = float(every.min()), float(np.percentile(every, 99))
    high = high if high > low else float(every.max())
    edge = 0.03 * ((high - low) or 1.0)
    axes.set_xlim(low - edge, high + edge)
    grid.ticks(axes)
    axes.set_ylim(-0.1 - 0.07 * len(each.values), 1.02)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}")
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])


def _zeros(each: Distribution, names: dict[str, ScenarioLook]) -> str:
    """Say in what share of runs a number is zero if that is most of them; empty if it is not."""
    shares = {name: float(np.mean(values == 0)) for name, values in each.values.items() if len(values)}
    if not shares or max(shares.values()) < MOST_ZEROS:
        return ""
    if len(shares) > 2:
        return f"none in {percent(min(shares.values()))} to {percent(max(shares.values()))} of runs"
    return "none in " + ", ".join(f"{names[name].letter} {percent(share)}".strip() for name, share in shares.items())


def _spread_statement(comparison: Comparison) -> str:
    """Say which statistic shifts most, or of one scenario where most runs lie: the title of the distributions."""
    known = {each.statistic: each for each in comparison.distributions}
    rows = [row for row in comparison.forest if row.difference.statistic in known and row.difference.resolved]
    if rows:
        most = max(rows, key=lambda row: abs(row.scaled))
        values = known[most.difference.statistic].values
        before, after = (figure_text(float(np.median(values[name]))) for name in (comparison.reference, most.scenario))
        return f"{capitalised(most.difference.label)}: median {before} in {comparison.reference}, {after} in {most.scenario}; the largest shift"
    if len(comparison.scenarios) > 1:
        return "No shift of a statistic is resolved"
    first = comparison.distributions[0]
    low, middle, high = np.percentile(first.values[comparison.reference], [10, 50, 90])
    return f"{capitalised(first.label)}: median {figure_text(middle)}, in 80 % of runs {figure_text(low)} to {figure_text(high)}"
