"""Curves of a comparison: fan charts, escalation ladder, convergence of means."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.results import BANDS
from sim.plots.comparison.figure import (
    ComparisonFigure,
    Grid,
    axis_label,
    by_scenario,
    figure_text,
    key_of,
    long_table,
    looks_of,
    most_panels,
    words_of,
)
from sim.plots.comparison.sheet import NARROW_MM, LineStyle, Mark, ScenarioLook, Sheet
from sim.plots.style import EVIDENCE_INK, INK, LEVEL_COLOURS, PAPER, QUIET, pale, typography
from sim.statistics.inference import SHARE, UNRESOLVED_RULE
from sim.text import MONTHS, capitalised, clause_list, interval_text, percent, plural, with_unit

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, Convergence, Fan, FanDifference, FanPanel, LadderResult, ReachCurve

BAND = BANDS.index(80)  # of the bands of a fan, the one drawn
MARGIN = 0.08  # of the range of values, above and below
LOWER, BETWEEN = 0.3, 0.1  # heights of the differences and of the gap above them, as shares of a panel


def fan_table(panel: FanPanel) -> pd.DataFrame:
    """Return a panel's lines, bands and paired differences as a table, a row for each scenario and day."""
    gaps = {gap.scenario: gap for gap in panel.differences}
    parts = []
    for fan in panel.fans:
        columns: dict[str, object] = {"scenario": fan.scenario, "runs": fan.runs, "day": panel.days}
        columns |= {"median": fan.median, "mean": fan.mean}
        for i, width in enumerate(BANDS):
            columns |= {f"low_{width}": fan.low[i], f"high_{width}": fan.high[i]}
        gap = gaps.get(fan.scenario)
        empty = np.full(len(panel.days), np.nan)
        columns |= {
            "difference": gap.mean if gap else empty,
            "difference_low": gap.low if gap else empty,
            "difference_high": gap.high if gap else empty,
        }
        parts.append(long_table(columns, len(panel.days)))
    return pd.concat(parts, ignore_index=True)


def fan_chart(comparison: Comparison, panel: FanPanel, width_mm: float) -> ComparisonFigure:
    """Draw one daily quantity: each scenario over the reference on one axis, and the paired differences below."""
    names, others = looks_of(comparison), panel.fans[1:]
    titles = [names[fan.scenario].text for fan in others] if len(others) > 1 else [""]
    grid = Grid(width_mm, titles, 1.0, 1.9 if len(others) < 2 else 1.25, left=0.4, bottom=0.22)
    about = f"{capitalised(with_unit(panel.label, panel.unit))}, day by day"
    words = words_of(comparison, course_statement(comparison, panel), panel.note, about)
    low, high = _range([panel.fans[0], *others])
    with typography():
        sheet = Sheet(words, width_mm, grid.body, _fan_key(comparison, panel))
        frames = grid.panels(sheet)
        for frame, fan in zip(frames, others or panel.fans, strict=True):
            axes, below = (frame, None) if not others or comparison.single else split(sheet, frame)
            for course in dict.fromkeys((panel.fans[0], fan)):
                draw_course(axes, panel.days, course, names[course.scenario])
            axes.set_ylim(low, high)
            grid.ticks(axes)
            if high - low >= 3:
                axes.yaxis.get_major_locator().set_params(integer=True)
            if below is not None:
                gap = next(gap for gap in panel.differences if gap.scenario == fan.scenario)
                _gap(below, panel, gap, names[fan.scenario], grid.type.small)
                grid.ticks(below, vertical=2)
                axes.tick_params(labelbottom=False)
            for each in (axes, below):
                if each is not None:
                    date_axis(each, comparison, panel.days, grid.width, grid.type.small)
    caption = f"{words.title} {about}. {panel.note}"
    return ComparisonFigure(sheet.figure, fan_table(panel), words.title, caption)


def course_statement(comparison: Comparison, panel: FanPanel) -> str:
    """Say how the scenarios differ on the last day, and how surely: the title of a fan chart."""
    what = capitalised(panel.label)
    if not panel.differences or comparison.single:
        last = [f"{figure_text(fan.median[-1])}" for fan in panel.fans]
        if comparison.single:
            return f"{what}: {clause_list(last)} at the end"
        low, high = (figure_text(edge[BAND][-1]) for edge in (panel.fans[0].low, panel.fans[0].high))
        return f"{what}: {last[0]} at the end in the median, {low} to {high} in 80 % of runs"
    sure = [gap for gap in panel.differences if gap.resolved[-1]]
    if not sure:
        return f"{what}: no difference is resolved at the end"
    if len(panel.differences) > 1:
        most = max(sure, key=lambda gap: abs(gap.mean[-1]))
        return (
            f"{what}: {len(sure)} of {plural(len(panel.differences), 'scenario')} {'differs' if len(sure) == 1 else 'differ'} at the "
            f"end, most of all {most.scenario}, {interval_text(most.mean[-1], most.low[-1], most.high[-1], sign=True)}"
        )
    gap = sure[0]
    size = interval_text(abs(gap.mean[-1]), *sorted((abs(gap.low[-1]), abs(gap.high[-1]))))
    less, more = ("lower", "higher") if panel.unit == "level" else ("fewer", "more")
    return f"{what}: {size} {less if gap.mean[-1] < 0 else more} at the end in {gap.scenario}"


def _range(fans: list[Fan]) -> tuple[float, float]:
    """Return the ends of the vertical axis: the data's, with a margin; zero if the data come near it."""
    curves = [np.concatenate([fan.low[BAND], fan.high[BAND], fan.median]) for fan in fans]
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    low = 0.0 if 0 <= low < 0.15 * high else low
    edge = MARGIN * ((high - low) or 1.0)
    return (low if low == 0 else low - edge), high + edge


def _fan_key(comparison: Comparison, panel: FanPanel) -> list[Mark]:
    key = key_of(comparison)
    if not comparison.single:
        key.append(Mark(f"{BANDS[BAND]} % of runs", fill=pale(INK, 0.8), edge=pale(INK, 0.4)))
    if _evidence_day(comparison, panel.days) is not None:
        key.append(Mark("evidence ends", LineStyle(EVIDENCE_INK, (0, (4, 2)), 0.9)))
    return key


def split(sheet: Sheet, frame: Axes) -> tuple[Axes, Axes]:
    """Return two axes in place of one, the lower for differences."""
    box = frame.get_position()
    lower = LOWER * box.height
    frame.set_position((box.x0, box.y0 + lower + BETWEEN * box.height, box.width, (1 - LOWER - BETWEEN) * box.height))
    inches = box.x0 * sheet.width, (1 - box.y0) * sheet.height - sheet.top - lower * sheet.height
    return frame, sheet.axes(*inches, box.width * sheet.width, lower * sheet.height)


def draw_course(axes: Axes, days: np.ndarray, fan: Fan, look: ScenarioLook) -> None:
    """Draw the median and the middle 80 % of the runs of a scenario."""
    colour = look.line.colour
    if np.isfinite(fan.low[BAND]).any() and fan.runs > 1:
        axes.fill_between(days, fan.low[BAND], fan.high[BAND], color=colour, alpha=0.14, linewidth=0, zorder=2)
        for edge in (fan.low[BAND], fan.high[BAND]):
            axes.plot(days, edge, color=colour, linewidth=0.5, alpha=0.6, zorder=3)
    axes.plot(days, fan.median, color=colour, linewidth=1.6, linestyle=look.line.dashes, zorder=5)


def _gap(axes: Axes, panel: FanPanel, gap: FanDifference, look: ScenarioLook, points: float) -> None:
    """Draw a paired difference with its interval, pale where it is not resolved."""
    colour = look.line.colour
    axes.axhline(0, color=INK, linewidth=0.7, zorder=4)
    axes.annotate(
        f"{look.letter} minus A", (0, 1), xycoords="axes fraction", xytext=(3, 1), textcoords="offset points",
        fontsize=points, color=QUIET, va="bottom",
    )  # fmt: skip
    axes.fill_between(panel.days, gap.low, gap.high, color=pale(colour, 0.86), linewidth=0, zorder=1)
    axes.fill_between(
        panel.days, gap.low, gap.high, where=gap.resolved, color=pale(colour, 0.55), linewidth=0, zorder=2
    )
    axes.plot(panel.days, gap.mean, color=pale(colour, 0.5), linewidth=1.0, zorder=3)
    axes.plot(panel.days, np.where(gap.resolved, gap.mean, np.nan), color=colour, linewidth=1.5, zorder=5)


def _evidence_day(comparison: Comparison, days: np.ndarray) -> int | None:
    """Return the morning after the last day with evidence; None outside the days drawn."""
    model = comparison.models[comparison.reference]
    day = (model.evidence_until - model.start).days + 1
    return day if days[0] < day < days[-1] else None


def date_axis(axes: Axes, comparison: Comparison, days: np.ndarray, width: float, points: float) -> None:
    """Mark months, or weeks in short runs, and the end of the evidence on an axis of mornings; `width` is the axis's in inches."""
    start = comparison.models[comparison.reference].start
    dates = [start + timedelta(days=int(day)) for day in days]
    ticks = [int(day) for day, when in zip(days, dates, strict=True) if when.day == 1]
    if len(ticks) < 2:
        ticks = [int(day) for day in days if day % 7 == 0]
    most = max(2, int(width / (0.055 * points)))
    ticks = ticks[:: -(-len(ticks) // most)]
    texts = []
    for tick in ticks:
        when = start + timedelta(days=tick)
        day = "" if when.day == 1 and len(ticks) > 1 else f"{when.day} "
        texts.append(
            f"{day}{MONTHS[when.month - 1]}" + (f"\n{when.year}" if when.month == 1 or tick == ticks[0] else "")
        )
    axes.set_xticks(ticks, texts)
    axes.set_xlim(days[0], days[-1])
    evidence = _evidence_day(comparison, days)
    if evidence is not None:
        axes.axvline(evidence, color=EVIDENCE_INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=6)


WIDE_LEVEL = 4  # clashes in several places
STRIP = "Highest escalation level among rebels, day by day"
REACH = "Share of runs that have reached each level of escalation, by day"


def strip_table(ladder: LadderResult, scenarios: tuple[str, ...]) -> pd.DataFrame:
    """Return the shares of runs on each level as a table, a row for each scenario and day."""
    parts = []
    for name in scenarios:
        columns: dict[str, object] = {"scenario": name, "runs": ladder.runs[name], "day": ladder.days}
        columns |= {f"level_{i}": ladder.share[name][:, i] for i in range(len(ladder.levels))}
        parts.append(long_table(columns, len(ladder.days)))
    return pd.concat(parts, ignore_index=True)


def strip_statement(comparison: Comparison) -> str:
    """Say on which share of mornings, over runs, war reaches several places or is a campaign: the title of the ladder."""
    ladder = comparison.ladder
    shares = {name: float(share[:, WIDE_LEVEL:].sum(axis=1).mean()) for name, share in ladder.share.items()}
    return f"Mornings with {ladder.levels[WIDE_LEVEL]} or a {ladder.levels[-1]}: {by_scenario(shares, percent)}"


def strip(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the shares of runs on each level, stacked, for each scenario, of many the reference; then differences from it."""
    ladder, names = comparison.ladder, looks_of(comparison)
    others = [] if comparison.single else list(comparison.scenarios[1:])
    stacked = comparison.scenarios if len(others) < 2 else comparison.scenarios[:1]
    titles = [names[n].text for n in stacked]
    titles += [f"{names[n].letter} minus A, percentage points of runs at or above each level" for n in others]
    grid = Grid(width_mm, titles, 1.05, 0.95, left=0.42, bottom=0.3)
    key = [
        Mark(f"{i} {text}", fill=colour, edge=QUIET)
        for i, (text, colour) in enumerate(zip(ladder.levels, LEVEL_COLOURS, strict=True))
    ]
    with typography():
        note = f"{ladder.note}{' Differences: shares of runs alone, without intervals.' if others else ''}"
        words = words_of(comparison, strip_statement(comparison), note, STRIP)
        sheet = Sheet(words, width_mm, grid.body, key)
        panels = grid.panels(sheet)
        for axes, name in zip(panels, stacked, strict=False):
            stack_levels(axes, ladder.days, ladder.share[name])
            _percent(axes, grid)
        for axes, name in zip(panels[len(stacked) :], others, strict=True):
            _level_gaps(axes, ladder, comparison.reference, name)
            grid.ticks(axes)
            axes.yaxis.set_major_formatter(
                lambda value, _: f"{100 * value:+.0f}".replace("-", "\u2212").replace("+0", "0")
            )
        for axes in panels:
            date_axis(axes, comparison, ladder.days, grid.width, grid.type.small)
    points = "; differences in percentage points" if others else ""
    caption = f"{words.title}. {STRIP}: share of runs on each level{points}. {note}"
    return ComparisonFigure(sheet.figure, strip_table(ladder, comparison.scenarios), words.title, caption)


def _level_gaps(axes: Axes, ladder: LadderResult, reference: str, name: str) -> None:
    """Draw by how much more runs are at or above each level than in the reference, a line a level."""
    for level in range(1, len(ladder.levels)):
        gap = ladder.share[name][:, level:].sum(axis=1) - ladder.share[reference][:, level:].sum(axis=1)
        axes.plot(ladder.days, gap, color=LEVEL_COLOURS[level], linewidth=1.3, zorder=3)
    axes.axhline(0, color=INK, linewidth=0.7, zorder=4)


def stack_levels(axes: Axes, days: np.ndarray, share: np.ndarray) -> None:
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
        sheet = Sheet(
            words_of(comparison, reach_statement(ladder), ladder.note, REACH), width_mm, grid.body, key_of(comparison)
        )
        for axes, level in zip(grid.panels(sheet), levels, strict=True):
            for curve in (c for c in ladder.reach if c.level == level):
                draw_reach(axes, ladder.days, curve, names[curve.scenario])
            axes.set_xlim(ladder.days[0], ladder.days[-1])
            _percent(axes, grid)
            axis_label(axes, "day", grid.type.small)
    title = reach_statement(ladder)
    caption = f"{title}. {REACH}. {ladder.note}"
    return ComparisonFigure(sheet.figure, reach_table(ladder), title, caption)


def reach_statement(ladder: LadderResult) -> str:
    """Say which share of runs comes to the highest level of any: the title of the time to each level."""
    top = max(curve.level for curve in ladder.reach)
    shares = {curve.scenario: curve.reached / max(curve.runs, 1) for curve in ladder.reach if curve.level == top}
    return f"Runs that reach level {top}, {ladder.levels[top]}: {by_scenario(shares, percent)}"


def draw_reach(axes: Axes, days: np.ndarray, curve: ReachCurve, look: ScenarioLook) -> None:
    """Draw the share of runs of a scenario that have reached a level by each day, with its 95 % band."""
    colour = look.line.colour
    if np.isfinite(curve.low).any():
        axes.fill_between(days, curve.low, curve.high, step="post", color=colour, alpha=0.12, linewidth=0, zorder=1)
    axes.step(days, curve.share, where="post", color=colour, linewidth=1.4, linestyle=look.line.dashes, zorder=3)
    spot = min(len(days) - 1, int(len(days) * (0.55 + 0.09 * (ord(look.letter[:1] or "A") % 5))))
    axes.plot(
        [days[spot]], [curve.share[spot]], marker=look.line.marker, color=colour, markersize=4.5, markeredgecolor=PAPER,
        markeredgewidth=0.6, zorder=4,
    )  # fmt: skip


RUNNING = "Estimates after so many runs, with 95 % intervals"

NOTE = (
    "Estimate after so many runs, with its 95 % interval: for the reference the mean, for the others the paired "
    f"difference from it. A difference is not resolved as long as {UNRESOLVED_RULE}."
)
ONLY_NOTE = "Mean, or share of runs, after so many runs, with its 95 % interval; the title has half its width, as a share of the mean."


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
    """Draw the running estimates, a panel for each statistic and scenario, the least certain of many."""
    names, every = looks_of(comparison), sorted(comparison.convergence, key=_uncertainty, reverse=True)
    titles = []
    for curve in every:
        what = "mean" if curve.scenario == comparison.reference else f"minus {names[comparison.reference].letter}"
        head = f"{names[curve.scenario].letter} {what}: " if len(names) > 1 else ""
        titles.append(f"{head}{with_unit(curve.label, curve.unit)}")
    most = min(len(every), 8 if width_mm <= NARROW_MM else 16)
    grid = most_panels(lambda n: Grid(width_mm, titles[:n], 1.05, 0.8, left=0.42, bottom=0.3), most)
    curves, title = every[: grid.count], convergence_statement(comparison)
    note = NOTE if len(comparison.scenarios) > 1 else ONLY_NOTE
    note += (
        f" The {len(curves)} least certain of {len(every)} estimates; the table has all."
        if len(curves) < len(every)
        else ""
    )
    key = [Mark("estimate", LineStyle(INK)), Mark("95 % interval", fill=pale(INK, 0.75))]
    key += [Mark(look.text) for look in names.values() if look.letter]
    with typography():
        sheet = Sheet(words_of(comparison, title, note, RUNNING), width_mm, grid.body, key)
        for axes, curve in zip(grid.panels(sheet), curves, strict=True):
            draw_running(axes, curve, names[curve.scenario].line.colour, curve.scenario != comparison.reference)
            grid.ticks(axes, vertical=3)
            if curve.unit == SHARE:
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
            axis_label(axes, "runs", grid.type.small)
    table = convergence_table(comparison.convergence)
    return ComparisonFigure(sheet.figure, table, title, f"{title}. {RUNNING}. {note}")


def _uncertainty(curve: Convergence) -> float:
    """Return the last half-width as a share of the estimate, which orders the estimates; 0 if there is none."""
    half, estimate = curve.half_width[-1], abs(curve.estimate[-1])
    return float(half / estimate) if np.isfinite(half) and estimate > 0 else 0.0


def convergence_statement(comparison: Comparison) -> str:
    """Say how many differences the runs resolve, or how well they know the means of an only scenario: the title."""
    runs = max(done.done for done in comparison.methods.runs)
    if comparison.forest and not comparison.single:
        sure = sum(row.difference.resolved for row in comparison.forest)
        return (
            f"After {plural(runs, 'run')} each, {sure} of {plural(len(comparison.forest), 'difference')} are resolved"
        )
    known = [share for curve in comparison.convergence if (share := _uncertainty(curve)) > 0]
    if not known:
        return f"After {plural(runs, 'run')} no mean can be judged"
    return f"After {plural(runs, 'run')} means are known to within {percent(min(known))} to {percent(max(known))}"


def draw_running(axes: Axes, curve: Convergence, colour: str, zero: bool) -> None:
    """Draw a running estimate with its 95 % interval; `zero`: with a line at zero."""
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
