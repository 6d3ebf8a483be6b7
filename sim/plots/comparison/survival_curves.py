"""How long agreements hold: survival with bands and numbers at risk, and what ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from sim.comparison.results import SPAN_ENDS
from sim.plots.comparison.curves import date_axis
from sim.plots.comparison.figure import (
    ComparisonFigure,
    Grid,
    axis_label,
    by_scenario,
    forest_of,
    key_of,
    long_table,
    looks_of,
    words_of,
)
from sim.plots.comparison.sheet import LineStyle, Mark, ScenarioLook, Sheet, text_width, type_for
from sim.plots.map.matplotlib_painter import HALO
from sim.plots.style import INK, PAPER, QUIET, typography
from sim.text import interval_text, percent, plural

if TYPE_CHECKING:
    from sim.comparison.results import AgreementSurvival, Comparison, HoldingCurve

SURVIVAL = "Share of agreements still in force, by days held"
CAUSES = "What has ended agreements by days held (cumulative incidence), stacked"
DIFFERENCES = "Mean hold of agreements against the reference"
OVERLAID = 3  # scenarios in one panel; more have a panel each
CAUSE_FILLS = ("#3E4A52", "#8FA3AD", "#C9B79C", "#6E5A7E", "#DAD7CF", "#A8745B", "#B5C9A8", "#50617A")
CAUSE_HATCHES = ("", "////", "....", "\\\\\\\\", "", "xxxx", "----", "||||")


def survival_table(holding: AgreementSurvival) -> pd.DataFrame:
    """Return the survival curves as a table; `at_risk` stands on the days of the table of numbers at risk."""
    at = {int(day): i for i, day in enumerate(holding.risk_days)}
    parts = []
    for curve in holding.curves:
        risk = [int(curve.at_risk[at[int(day)]]) if int(day) in at else None for day in holding.days]
        columns = {
            "scenario": curve.scenario, "runs": curve.runs, "agreements": curve.agreements, "days_held": holding.days,
            "share": curve.share, "low": curve.low, "high": curve.high, "at_risk": pd.array(risk, dtype="Int64"),
        }  # fmt: skip
        parts.append(long_table(columns, len(holding.days)))
    return pd.concat(parts, ignore_index=True)


def survival(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the survival curves with their bands, and the numbers at risk below."""
    holding, names = comparison.holding, looks_of(comparison)
    together = len(holding.curves) <= OVERLAID
    groups = [list(holding.curves)] if together else [[curve] for curve in holding.curves]
    titles = [""] if together else [names[g[0].scenario].text for g in groups]
    sizes = type_for(width_mm)
    rows = max(len(group) for group in groups) + 1
    below = 0.42 + rows * sizes.small * 1.35 / 72
    grid = Grid(width_mm, titles, 1.05, 1.9 if together else 1.05, left=0.42, bottom=below)
    key = key_of(comparison) if together else [Mark("reference in the other panels", names[comparison.reference].line)]
    with typography():
        words = words_of(comparison, hold_statement(comparison), holding.note, SURVIVAL)
        sheet = Sheet(words, width_mm, grid.body, key)
        for axes, group in zip(grid.panels(sheet), groups, strict=True):
            if not together and group[0] is not holding.curves[0]:
                axes.step(holding.days, holding.curves[0].share, where="post", color=INK, linewidth=0.6, zorder=3)
            for curve in group:
                look = names[curve.scenario]
                draw_survival(axes, holding, curve, look)
                if together:
                    _letter(axes, holding, curve, look, sizes.text)
            _frame(axes, holding, grid)
            _at_risk(axes, holding, group, names, sizes.small)
    caption = f"{words.title}. {SURVIVAL}. {holding.note}"
    return ComparisonFigure(sheet.figure, survival_table(holding), words.title, caption)


def hold_statement(comparison: Comparison) -> str:
    """Say whether agreements hold longer or shorter than in the reference: the title of the survival curves."""
    rows, curves = comparison.holding.differences, comparison.holding.curves
    if not rows or comparison.single:
        curve = curves[0]
        half = (
            "over half still hold at the end"
            if np.isnan(curve.median)
            else f"half have ended within {plural(int(curve.median), 'day')}"
        )
        return f"Of {plural(curve.agreements, 'agreement')} {half}"
    sure = [row for row in rows if row.difference.resolved]
    if len(rows) > 1:
        return f"Agreements hold otherwise than in {comparison.reference} in {len(sure)} of {plural(len(rows), 'scenario')}"
    gap = rows[0].difference
    if not sure:
        size = interval_text(gap.difference, gap.low, gap.high, sign=True)
        return f"{rows[0].scenario}: no difference in how long agreements hold is resolved, {size} days"
    near, away = sorted((abs(gap.low), abs(gap.high)))
    size = interval_text(abs(gap.difference), near, away)
    return f"{rows[0].scenario}: agreements hold {size} days {'longer' if gap.difference > 0 else 'less'} on average"


def _frame(axes: Axes, holding: AgreementSurvival, grid: Grid) -> None:
    axes.set_xlim(0, max(holding.horizon, 1))
    axes.set_ylim(0, 1)
    grid.ticks(axes)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axis_label(axes, "days held", grid.type.small)


def draw_survival(axes: Axes, holding: AgreementSurvival, curve: HoldingCurve, look: ScenarioLook) -> None:
    """Draw the survival curve of a scenario with its 95 % band."""
    colour, days = look.line.colour, holding.days
    known = np.isfinite(curve.low) & np.isfinite(curve.high)
    if known.any():
        low, high = np.where(known, curve.low, np.nan), np.where(known, curve.high, np.nan)
        axes.fill_between(days, low, high, step="post", color=colour, alpha=0.13, linewidth=0, zorder=1)
        for edge in (low, high):
            axes.step(days, edge, where="post", color=colour, linewidth=0.4, alpha=0.7, zorder=2)
    axes.step(days, curve.share, where="post", color=colour, linewidth=1.5, linestyle=look.line.dashes, zorder=4)


def _letter(axes: Axes, holding: AgreementSurvival, curve: HoldingCurve, look: ScenarioLook, points: float) -> None:
    """Write the letter of a scenario on its curve, beside its marker."""
    known = np.flatnonzero(np.isfinite(curve.share))
    if not len(known):
        return
    spot = known[len(known) // (3 + ord(look.letter[:1] or "A") % 3)]
    at = (holding.days[spot], curve.share[spot])
    axes.plot(
        [at[0]], [at[1]], marker=look.line.marker, color=look.line.colour, markersize=5, markeredgecolor=PAPER,
        markeredgewidth=0.7, zorder=5,
    )  # fmt: skip
    axes.annotate(
        look.letter, at, xytext=(4, 4), textcoords="offset points", fontsize=points, fontweight="bold",
        color=look.line.colour, path_effects=HALO, zorder=6,
    )  # fmt: skip


def _at_risk(
    axes: Axes, holding: AgreementSurvival, group: list[HoldingCurve], names: dict[str, ScenarioLook], points: float
) -> None:
    """Write how many agreements are at risk under the days of the axis, as many columns as fit."""
    across = axes.get_position().width * axes.figure.get_figwidth()
    widest = max(text_width(f"{n:,}", points) for curve in group for n in (*curve.at_risk, 0)) + 0.08
    step = next((s for s in range(1, 50) if across * _gap(holding, s) >= widest), 50)
    chosen = range(0, len(holding.risk_days), step)
    line = points * 1.35
    options = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
    first = -(points * 2.9 + 6.0)
    axes.annotate("at risk", (0, 0), xytext=(-28, first), fontsize=points, color=QUIET, va="top", **options)
    for row, curve in enumerate(group):
        y = first - line * (row + 1)
        look = names[curve.scenario]
        axes.annotate(
            look.letter, (0, 0), xytext=(-28, y), fontsize=points, color=look.line.colour, fontweight="bold", va="top", **options,
        )  # fmt: skip
        for i in chosen:
            axes.annotate(
                f"{int(curve.at_risk[i]):,}", (float(holding.risk_days[i]), 0), xytext=(0, y), fontsize=points, ha="center",
                va="top", **options,
            )  # fmt: skip


def _gap(holding: AgreementSurvival, step: int) -> float:
    """Return the smallest distance of chosen days at risk as a share of the axis."""
    days = holding.risk_days[::step].astype(float)
    return float(np.diff(days).min() / max(holding.horizon, 1)) if len(days) > 1 else 1.0


def causes_table(holding: AgreementSurvival) -> pd.DataFrame:
    """Return the cumulative incidences as a table."""
    parts = []
    for curve in holding.curves:
        for label, count, share in [
            *((cause.label, cause.count, cause.share) for cause in curve.causes),
            ("in force", curve.in_force, curve.share),
        ]:
            columns = {
                "scenario": curve.scenario, "runs": curve.runs, "ended": label, "count": count, "days_held": holding.days,
                "share": share,
            }  # fmt: skip
            parts.append(long_table(columns, len(holding.days)))
    return pd.concat(parts, ignore_index=True)


def causes(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw what has ended agreements by days held, stacked; above the stack they are still in force."""
    holding, names = comparison.holding, looks_of(comparison)
    grid = Grid(width_mm, [names[c.scenario].text for c in holding.curves], 1.05, 1.0, left=0.42, bottom=0.3)
    fills = cause_fills(holding)
    key = [Mark(label, fill=face, hatch=hatch, edge=INK) for label, (face, hatch) in fills.items()]
    key.append(Mark("in force", fill=PAPER, edge=INK))
    with typography():
        title = causes_statement(holding)
        sheet = Sheet(words_of(comparison, title, holding.note, CAUSES), width_mm, grid.body, key)
        for axes, curve in zip(grid.panels(sheet), holding.curves, strict=True):
            stack_causes(axes, holding, curve, fills)
            _frame(axes, holding, grid)
    caption = f"{title}. {CAUSES}. {holding.note}"
    return ComparisonFigure(sheet.figure, causes_table(holding), title, caption)


def causes_statement(holding: AgreementSurvival) -> str:
    """Say which share of agreements is broken within the days drawn: the title of the ways in which agreements end."""
    shares = {
        curve.scenario: float(sum(cause.share[-1] for cause in curve.causes if cause.label.startswith("broken")))
        for curve in holding.curves
    }
    return f"Agreements broken within {plural(holding.horizon, 'day')}: {by_scenario(shares, percent)}"


def cause_fills(holding: AgreementSurvival) -> dict[str, tuple[str, str]]:
    """Return colour and hatch of each way in which agreements end."""
    labels = dict.fromkeys(cause.label for curve in holding.curves for cause in curve.causes)
    return {
        label: (CAUSE_FILLS[i % len(CAUSE_FILLS)], CAUSE_HATCHES[i % len(CAUSE_HATCHES)])
        for i, label in enumerate(labels)
    }


def stack_causes(
    axes: Axes, holding: AgreementSurvival, curve: HoldingCurve, fills: dict[str, tuple[str, str]]
) -> None:
    """Draw the cumulative incidences of the ways in which the agreements of a scenario end, stacked."""
    base = np.zeros(len(holding.days))
    for cause in curve.causes:
        face, hatch = fills[cause.label]
        axes.fill_between(
            holding.days, base, base + cause.share, step="post", facecolor=face, hatch=hatch or None, edgecolor=INK,
            linewidth=0.4, zorder=2,
        )  # fmt: skip
        base = base + cause.share


STRIP = "Agreements of every run, from signing to end; runs with the most days under an agreement on top"
SPAN_COLOURS = ("#98101F", "#C9C6BF", "#3E9A95")  # of SPAN_ENDS; apart in grey too
STRIP_TALL = 2.1  # inches of a panel


def spans_table(comparison: Comparison) -> pd.DataFrame:
    """Return every agreement drawn as a table: scenario, run in the order of replicates, first and last day, end."""
    parts = [
        pd.DataFrame(
            {
                "scenario": name, "run": spans[:, 0], "first_day": spans[:, 1], "last_day": spans[:, 2],
                "end": np.array(SPAN_ENDS, dtype=object)[spans[:, 3]],
            }
        )
        for name, spans in comparison.holding.spans.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def in_force(spans: np.ndarray, runs: int, days: int) -> np.ndarray:
    """Return whether an agreement is in force in each run on each morning: bool [runs, days]."""
    force = np.zeros((runs, days), bool)
    for run, first, last, _end in spans.tolist():
        force[run, first : last + 1] = True
    return force


def agreement_strip(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the agreements of every run as lines from signing to end, a panel for each scenario."""
    names, days = looks_of(comparison), comparison.ladder.days
    runs = {name: fan.runs for name, fan in zip(comparison.scenarios, comparison.fans[0].fans, strict=True)}
    force = {name: in_force(spans, runs[name], len(days)) for name, spans in comparison.holding.spans.items()}
    shares = by_scenario({name: float(each.mean()) for name, each in force.items()}, percent)
    title = f"Mornings with an agreement in force somewhere: {shares}"
    note = f"Also agreements given by a scenario. {plural(sum(runs.values()), 'run')}."
    key = [Mark(text, LineStyle(colour, width=2.0)) for text, colour in zip(SPAN_ENDS, SPAN_COLOURS, strict=True)]
    grid = Grid(width_mm, [names[name].text for name in comparison.scenarios], 1.3, STRIP_TALL, left=0.1, bottom=0.3)
    with typography():
        sheet = Sheet(words_of(comparison, title, note, STRIP), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), comparison.scenarios, strict=True):
            _spans(axes, comparison.holding.spans[name], force[name])
            date_axis(axes, comparison, days, grid.width, grid.type.small)
    return ComparisonFigure(sheet.figure, spans_table(comparison), title, f"{title}. {STRIP}. {note}")


def _spans(axes: Axes, spans: np.ndarray, force: np.ndarray) -> None:
    row = np.empty(len(force), int)
    row[np.argsort(-force.sum(axis=1), kind="stable")] = np.arange(len(force))
    wide = 72 * STRIP_TALL / max(len(force), 1)
    for end, colour in enumerate(SPAN_COLOURS):
        chosen = spans[spans[:, 3] == end]
        lines = [[(first, row[run]), (last + 0.6, row[run])] for run, first, last, _end in chosen.tolist()]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=max(0.5, 0.8 * wide), capstyle="butt"))
    axes.set_ylim(len(force) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def hold_differences(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the differences of the mean hold as a forest plot."""
    return forest_of(comparison, comparison.holding.differences, DIFFERENCES, comparison.holding.note, width_mm)
