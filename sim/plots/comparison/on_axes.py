"""Figures of a comparison from Python: whole sheets by name, or plain ones on the caller's own axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.comparison.figure import looks_of
from sim.plots.style import pale

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.comparison.results import Comparison
    from sim.plots.comparison.figure import ComparisonFigure

ON_AXES = ("differences", "fan-<quantity>", "distribution-<statistic>", "agreement_survival")


def plot(comparison: Comparison, name: str, *, ax: Axes | None, width_mm: float, day: int | None) -> Any:
    """Return the figure of a name, or draw a plain one on the caller's axes and return them; KeyError for an unknown name."""
    if ax is None:
        return _drawn(comparison, name, width_mm, day).figure
    if name == "differences":
        return _forest(comparison, ax)
    kind, _dash, what = name.partition("-")
    if kind == "fan":
        return _course(comparison, what, ax)
    if kind == "distribution":
        return _distribution(comparison, what, ax)
    if name == "agreement_survival":
        return _survival(comparison, ax)
    raise KeyError(f"{name!r} is not drawn on given axes; {', '.join(ON_AXES)} are")


def table_of(comparison: Comparison, name: str, day: int | None) -> pd.DataFrame:
    """Return the numbers of a figure; KeyError for an unknown name."""
    return _drawn(comparison, name, 180.0, day).table


def _drawn(comparison: Comparison, name: str, width_mm: float, day: int | None) -> ComparisonFigure:
    from sim.plots.figures import kinds_of

    kinds = kinds_of(comparison)
    if name not in kinds:
        raise KeyError(f"there is no figure {name!r}; there are {', '.join(kinds)}")
    return kinds[name].draw(comparison, width_mm=width_mm, day=day)


def _forest(comparison: Comparison, ax: Axes) -> Axes:
    """Draw a row a statistic: the difference from the reference in standard deviations of one run, pale if not resolved."""
    names, rows = looks_of(comparison), [row for row in comparison.forest if np.isfinite(row.scaled)]
    labels = list(dict.fromkeys(row.difference.label for row in rows))
    others = [name for name in comparison.scenarios if name != comparison.reference]
    for row in rows:
        look = names[row.scenario].line
        y = labels.index(row.difference.label) + 0.6 * ((others.index(row.scenario) + 0.5) / len(others) - 0.5)
        colour = look.colour if row.difference.resolved else pale(look.colour, 0.6)
        ax.plot([row.scaled_low, row.scaled_high], [y, y], color=colour)
        ax.plot([row.scaled], [y], marker=look.marker, color=colour, linestyle="none")
    ax.axvline(0, color="0.2", linewidth=0.8)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlabel(f"difference from {comparison.reference}, standard deviations of one run")
    return ax


def _course(comparison: Comparison, key: str, ax: Axes) -> Axes:
    """Draw the median and the middle 80 % of runs of a daily quantity, all scenarios."""
    panels = {panel.key: panel for panel in comparison.fans}
    if key not in panels:
        raise KeyError(f"there is no quantity {key!r}; there are {', '.join(panels)}")
    panel, names = panels[key], looks_of(comparison)
    for fan in panel.fans:
        look = names[fan.scenario].line
        ax.fill_between(panel.days, fan.low[1], fan.high[1], color=look.colour, alpha=0.14, linewidth=0)
        ax.plot(panel.days, fan.median, color=look.colour, linestyle=look.dashes, label=fan.scenario)
    ax.set_xlabel("day")
    ax.set_ylabel(f"{panel.label}{f' ({panel.unit})' if panel.unit not in panel.label else ''}")
    ax.legend(frameon=False)
    return ax


def _distribution(comparison: Comparison, statistic: str, ax: Axes) -> Axes:
    """Draw the share of runs at or below each value of a statistic, all scenarios."""
    known = {each.statistic: each for each in comparison.distributions}
    if statistic not in known:
        raise KeyError(f"there is no distribution of {statistic!r}; there are {', '.join(known)}")
    each, names = known[statistic], looks_of(comparison)
    for name, values in each.values.items():
        look = names[name].line
        ax.ecdf(values, color=look.colour, linestyle=look.dashes, label=name)
    ax.set_xlabel(f"{each.label}{f' ({each.unit})' if each.unit not in each.label else ''}")
    ax.set_ylabel("share of runs")
    ax.legend(frameon=False)
    return ax


def _survival(comparison: Comparison, ax: Axes) -> Axes:
    """Draw the share of agreements still in force by days held, with 95 % bands."""
    names, holding = looks_of(comparison), comparison.holding
    for curve in holding.curves:
        look = names[curve.scenario].line
        ax.fill_between(holding.days, curve.low, curve.high, step="post", color=look.colour, alpha=0.14, linewidth=0)
        ax.step(holding.days, curve.share, where="post", color=look.colour, linestyle=look.dashes, label=curve.scenario)
    ax.set_xlabel("days held")
    ax.set_ylabel("share of agreements still in force")
    ax.legend(frameon=False)
    return ax
