"""Figures of a comparison from Python: whole sheets by name, or plain ones on the caller's own axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.plots.comparison.curves import draw_course, draw_reach, draw_running, stack_levels
from sim.plots.comparison.figure import draw_interval, looks_of
from sim.plots.comparison.overview import draw_distribution
from sim.plots.comparison.survival_curves import cause_fills, draw_survival, stack_causes
from sim.plots.comparison.tornado import draw_bars, moving
from sim.plots.style import INK, LEVEL_COLOURS
from sim.text import with_unit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.comparison.results import Comparison, ForestRow
    from sim.plots.comparison.figure import ComparisonFigure

Part = TypeVar("Part")


def plot(comparison: Comparison, name: str, *, ax: Axes | None, width_mm: float, day: int | None) -> Any:
    """Return the figure of a name, or draw a plain one on the caller's axes and return them; KeyError for an unknown name."""
    if ax is None:
        return _drawn(comparison, name, width_mm, day).figure
    kind, _dash, what = name.partition("-")
    for form, draw in ON_AXES.items():
        if form.partition("-")[::2] == (kind, "") and not what:
            return draw(comparison, ax)
        if form.startswith(f"{kind}-") and what:
            return draw(comparison, what, ax)
    raise KeyError(f"{name!r} is not drawn on given axes; {', '.join(ON_AXES)} are")


def table_of(comparison: Comparison, name: str, day: int | None) -> pd.DataFrame:
    """Return the numbers of a figure; KeyError for an unknown name."""
    return _drawn(comparison, name, 180.0, day).table


def _drawn(comparison: Comparison, name: str, width_mm: float, day: int | None) -> ComparisonFigure:
    from sim.plots.figures import kinds_of

    return _named(name, kinds_of(comparison), "figure").draw(comparison, width_mm=width_mm, day=day)


def _forest(comparison: Comparison, ax: Axes) -> Axes:
    """Draw a row a headline statistic."""
    return _rows(comparison, comparison.forest, ax)


def _hold(comparison: Comparison, ax: Axes) -> Axes:
    """Draw the difference of the mean hold of agreements of each scenario."""
    return _rows(comparison, comparison.holding.differences, ax)


def _rows(comparison: Comparison, every: Sequence[ForestRow], ax: Axes) -> Axes:
    """Draw a row a statistic: the difference from the reference in standard deviations of one run."""
    names, rows = looks_of(comparison), [row for row in every if np.isfinite(row.scaled)]
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


def _causes(comparison: Comparison, scenario: str, ax: Axes) -> Axes:
    """Draw what has ended the agreements of a scenario by days held, stacked."""
    holding = comparison.holding
    curve = _named(scenario, {curve.scenario: curve for curve in holding.curves}, "scenario")
    fills = cause_fills(holding)
    stack_causes(ax, holding, curve, fills)
    ax.set_xlim(0, max(holding.horizon, 1))
    ax.set_xlabel("days held")
    ax.set_ylabel("share of agreements that have ended")
    ax.legend(
        [Patch(facecolor=face, hatch=hatch, edgecolor=INK) for face, hatch in fills.values()],
        list(fills),
        frameon=False,
    )
    return ax


def _levels(comparison: Comparison, scenario: str, ax: Axes) -> Axes:
    """Draw the share of runs of a scenario on each escalation level by day, stacked."""
    ladder = comparison.ladder
    stack_levels(ax, ladder.days, _named(scenario, ladder.share, "scenario"))
    ax.set_ylim(0, 1)
    ax.set_xlabel("day")
    ax.set_ylabel("share of runs")
    ax.legend([Patch(facecolor=colour, edgecolor=INK) for colour in LEVEL_COLOURS], ladder.levels, frameon=False)
    return ax


def _reach(comparison: Comparison, level: str, ax: Axes) -> Axes:
    """Draw the share of runs that have reached a level, 1 to 5, by day, all scenarios."""
    ladder = comparison.ladder
    known = _named(
        level,
        {str(step): [c for c in ladder.reach if c.level == step] for step in range(1, len(ladder.levels))},
        "level",
    )
    for curve in known:
        draw_reach(ax, ladder.days, curve, looks_of(comparison)[curve.scenario])
    ax.set_xlabel("day")
    ax.set_ylabel(f"share of runs that have reached {ladder.levels[int(level)]}")
    return _keyed(ax, comparison, comparison.scenarios)


def _tornado(comparison: Comparison, statistic: str, ax: Axes) -> Axes:
    """Draw the effects of inputs on a statistic of the reference that are more than chance."""
    own = {block.statistic: block for block in comparison.inputs.tornados if block.scenario == comparison.reference}
    block = _named(statistic, own, "tornado")
    bars = moving(block)
    draw_bars(ax, block, bars)
    ax.set_yticks([n + 0.5 for n in range(len(bars))], [bar.label for bar in bars])
    ax.set_ylim(max(len(bars), 1), 0)
    ax.set_xlabel(
        f"difference from the mean of {with_unit(block.label, block.unit)}"
        + ("" if bars else ": no input beyond chance")
    )
    return ax


def _running(comparison: Comparison, statistic: str, ax: Axes) -> Axes:
    """Draw the running mean of a statistic in the reference with its 95 % interval."""
    own = {curve.statistic: curve for curve in comparison.convergence if curve.scenario == comparison.reference}
    curve = _named(statistic, own, "running mean")
    draw_running(ax, curve, INK, zero=False)
    ax.set_xlabel("runs")
    ax.set_ylabel(f"mean of {with_unit(curve.label, curve.unit)}")
    return ax


ON_AXES: dict[str, Callable[..., Axes]] = {
    "differences": _forest, "fan-<quantity>": _course, "distribution-<statistic>": _distribution, "agreement_survival": _survival,
    "agreement_hold": _hold, "agreement_causes-<scenario>": _causes, "escalation_strip-<scenario>": _levels,
    "time_to_level-<level>": _reach, "tornado-<statistic>": _tornado, "convergence-<statistic>": _running,
}  # fmt: skip


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
