"""How each statistic spreads over the runs of each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.comparison.figure import (
    ComparisonFigure,
    Grid,
    axis_label,
    figure_text,
    key_of,
    looks_of,
    words_of,
)
from sim.plots.comparison.sheet import (
    NARROW_MM,
    ScenarioLook,
    Sheet,
)
from sim.plots.style import typography
from sim.text import capitalised, percent, with_unit

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, Distribution

LOWER_INK, HIGHER_INK = "#B35806", "#542788"  # ends of ColorBrewer's PuOr, told apart in all kinds of colour blindness
FULL = 1.0  # standard deviations of one run at which a cell has its full colour
PALEST, DEEPEST = 0.82, 0.25  # share of white of the smallest and of the largest difference
PANELS_NARROW, PANELS_WIDE = 8, 16  # on a sheet of at most 200 mm
MOST_ZEROS = 0.5  # share of runs at zero from which a panel says so


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
    shown = _most_shifted(comparison, PANELS_NARROW if width_mm <= NARROW_MM else PANELS_WIDE)
    titles = [capitalised(with_unit(each.label, each.unit)) for each in shown]
    grid = Grid(width_mm, titles, 1.0, 0.72, left=0.4, bottom=0.34)
    title = _spread_statement(comparison)
    about = "Headline statistics: share of runs at or below each value"
    note = (
        "Steps: empirical distribution over all runs of a scenario; dots: medians; bars below: the middle 80 % of runs. "
        "They show how runs spread, not how well a mean is known."
    )
    if len(shown) < len(comparison.distributions):
        note += f" The {len(shown)} statistics that shift most, of {len(comparison.distributions)}; the table has all."
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
    return "none in " + ", ".join(f"{names[name].letter} {percent(share)}" for name, share in shares.items())


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
        return "No statistic is shown to shift"
    first = comparison.distributions[0]
    low, middle, high = np.percentile(first.values[comparison.reference], [10, 50, 90])
    return f"{capitalised(first.label)}: median {figure_text(middle)}, in 80 % of runs {figure_text(low)} to {figure_text(high)}"
