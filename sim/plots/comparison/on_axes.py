"""Figures of a comparison from Python: whole sheets by name, or plain ones on the caller's own axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.lines import Line2D

from sim.plots.comparison.curves import draw_course
from sim.plots.comparison.figure import draw_interval, looks_of
from sim.plots.comparison.overview import draw_distribution
from sim.plots.comparison.survival_curves import draw_survival
from sim.plots.style import INK
from sim.text import with_unit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.comparison.results import Comparison
    from sim.plots.comparison.figure import ComparisonFigure

Part = TypeVar("Part")
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

    return _named(name, kinds_of(comparison), "figure").draw(comparison, width_mm=width_mm, day=day)


def _forest(comparison: Comparison, ax: Axes) -> Axes:
    """Draw a row a statistic: the difference from the reference in standard deviations of one run."""
    names, rows = looks_of(comparison), [row for row in comparison.forest if np.isfinite(row.scaled)]
    labels = list(dict.fromkeys(row.difference.label for row in rows))
    others = [name for name in comparison.scenarios if name != comparison.reference]
    for row in rows:
        y = labels.index(row.difference.label) + 0.6 * ((others.index(row.scenario) + 0.5) / len(others) - 0.5)
        draw_interval(ax, y, row, names[row.scenario])
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlabel(f"difference from {comparison.reference}, standard deviations of one run")
    return _keyed(ax, comparison, others)


def _course(comparison: Comparison, key: str, ax: Axes) -> Axes:
    """Draw the median and the middle 80 % of runs of a daily quantity, all scenarios."""
    panel = _named(key, {panel.key: panel for panel in comparison.fans}, "quantity")
    for fan in panel.fans:
        draw_course(ax, panel.days, fan, looks_of(comparison)[fan.scenario])
    ax.set_xlabel("day")
    ax.set_ylabel(with_unit(panel.label, panel.unit))
    return _keyed(ax, comparison, comparison.scenarios)


def _distribution(comparison: Comparison, statistic: str, ax: Axes) -> Axes:
    """Draw the share of runs at or below each value of a statistic, all scenarios."""
    chosen = _named(statistic, {each.statistic: each for each in comparison.distributions}, "distribution")
    for name, values in chosen.values.items():
        draw_distribution(ax, values, looks_of(comparison)[name])
    ax.set_xlabel(with_unit(chosen.label, chosen.unit))
    ax.set_ylabel("share of runs")
    return _keyed(ax, comparison, comparison.scenarios)


def _survival(comparison: Comparison, ax: Axes) -> Axes:
    """Draw the share of agreements still in force by days held, with 95 % bands."""
    for curve in comparison.holding.curves:
        draw_survival(ax, comparison.holding, curve, looks_of(comparison)[curve.scenario])
    ax.set_xlabel("days held")
    ax.set_ylabel("share of agreements still in force")
    return _keyed(ax, comparison, comparison.scenarios)


def _named(name: str, parts: dict[str, Part], kind: str) -> Part:
    """Return the part of a name; KeyError with those that there are."""
    if name not in parts:
        raise KeyError(f"there is no {kind} {name!r}; there are {', '.join(parts)}")
    return parts[name]


def _keyed(ax: Axes, comparison: Comparison, scenarios: Sequence[str]) -> Axes:
    """Add the key of scenarios, and return the axes."""
    lines = [looks_of(comparison)[name].line for name in scenarios]
    handles = [Line2D([], [], color=line.colour, linestyle=line.dashes, marker=line.marker) for line in lines]
    ax.legend(handles, scenarios, frameon=False)
    return ax
