"""Figures of a decision: regret of each policy, boxes of inputs in which policies fail, surrogates, chances of yes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.decision_words import (
    BOX_METHOD,
    LIMITS,
    SURROGATE_METHOD,
    amount,
    box_sentence,
    box_table,
    headline,
    policy_table,
    rule,
    share_text,
    surrogate_sentence,
    surrogate_table,
    threshold_text,
    unit_of,
)
from sim.plots.comparison.figure import ComparisonFigure, axis_label, stamp_line
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    Mark,
    ScenarioLook,
    Sheet,
    Words,
    broken,
    looks,
    text_width,
    type_for,
)
from sim.plots.style import INK, PAPER, QUIET, pale, typography
from sim.scenario.fields import input_label
from sim.statistics.inference import SHARE
from sim.text import percent, plural, three_digits

if TYPE_CHECKING:
    from sim.comparison.decision_inputs import InputRange, PolicyBox
    from sim.comparison.decisions import Decision
    from sim.validation.questions import PolicyAnswer

RANGE_FILL, BOX_FILL = "#E4E1D8", "#A33A5B"
ROOMY_MM = 150.0  # sheets from here on have room for the share of acceptable runs
GAP = 0.1  # inches between names, axis and numbers
HEADING, BOLD, PLAIN = "heading", "bold", "normal"  # kinds of lines


class _Rows:
    """Lines of names on the left, one axis in the middle, numbers on the right, on a sheet.

    `places`: inches of the middle of each line below the top of the axes, which are their vertical unit.
    """

    def __init__(
        self, words: Words, width_mm: float, lines: Sequence[tuple[str, str, str]], key: Sequence[Mark] = ()
    ) -> None:
        """`lines`: name, numbers and kind of each: `HEADING`, which has the whole width and no numbers, `BOLD` or `PLAIN`."""
        sizes, inner = type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE
        self.small, step = sizes.small, sizes.small * 1.28 / 72
        rows = [line for line in lines if line[2] != HEADING]
        right = min(max((text_width(text, self.small) for _n, text, _k in rows), default=0.0), 0.4 * inner)
        left = min(
            max((text_width(name, self.small, kind == BOLD) for name, _t, kind in rows), default=0.5), 0.34 * inner
        )
        self.places: list[float] = []
        texts: list[tuple[float, str, str, str]] = []
        y = 0.04
        for name, numbers, kind in lines:
            size = sizes.text if kind == HEADING else self.small
            parts = broken(name, inner if kind == HEADING else left, size, bold=kind != PLAIN)
            figures = broken(numbers, right, self.small)
            tall = max(len(parts) * step * size / self.small, len(figures) * step, step) + 0.07
            self.places.append(y + tall / 2)
            texts.append((size, "\n".join(parts), "\n".join(figures), kind))
            y += tall
        self.end = y + 0.03
        self.sheet = Sheet(words, width_mm, self.end + 0.32, key)
        plain = self.sheet.blank(EDGE, 0, self.sheet.inner, self.end + 0.32)
        self.axes: Axes = self.sheet.axes(EDGE + left + GAP, 0, inner - left - right - 2 * GAP, self.end)
        self.axes.set_ylim(self.end, 0)
        self.axes.set_yticks([])
        self.axes.spines["left"].set_visible(False)
        plain.set_zorder(self.axes.get_zorder() + 1)
        for at, (size, name, numbers, kind) in zip(self.places, texts, strict=True):
            weight = "normal" if kind == PLAIN else "bold"
            plain.text(0, -at, name, fontsize=size, fontweight=weight, va="center", linespacing=1.15)
            plain.text(inner - right, -at, numbers, fontsize=self.small, va="center", linespacing=1.15)


def _words(decision: Decision, title: str, note: str, subtitle: str) -> Words:
    runs = plural(decision.runs, "matched run") + " each"
    return Words(title, note, stamp_line(decision.name, decision.models, runs), subtitle)


def _interval(axes: Axes, y: float, ends: tuple[float, float, float], look: ScenarioLook, full: bool) -> None:
    """Draw value, low and high of a policy; hollow and pale if it is not `full`."""
    colour = look.line.colour if full else pale(look.line.colour, 0.55)
    axes.plot(ends[1:], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
    axes.plot(
        [ends[0]], [y], marker=look.line.marker, markersize=5.0, markerfacecolor=colour if full else PAPER,
        markeredgecolor=colour, linestyle="none", zorder=3,
    )  # fmt: skip


def _ruled(axes: Axes) -> None:
    axes.grid(axis="x", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=5)


def draw_regret(decision: Decision, width_mm: float) -> ComparisonFigure:
    """Draw the regret of each policy with its interval: of the expected outcome, and pale below it of single replicates."""
    title = f"{headline(decision)}"
    subtitle = f"Regret: how much worse than the best policy, in {decision.statistic.label}. Expected outcomes are from {decision.expected_from}"
    note = (
        f"Filled: regret of the expected outcome. Hollow: mean regret against the best run of each replicate, which counts luck and "
        f"would not be zero if all policies were alike. Bold: no policy is resolved to be better. {rule(decision)} {LIMITS}"
    )
    known = looks(decision.scenarios)
    lines = []
    for row in decision.ordered:
        numbers = amount(decision, row.expected_regret)
        if not decision.statistic.yes_no and width_mm > ROOMY_MM:
            numbers += f"; acceptable {share_text(row.meets)}"
        lines.append((row.scenario, numbers, BOLD if row.may_be_best else PLAIN))
    scale = 100 if decision.statistic.unit == SHARE else 1
    if not decision.statistic.yes_no:
        note = f"Acceptable: {threshold_text(decision)}. {note}"
    with typography():
        layout = _Rows(_words(decision, title, note, subtitle), width_mm, lines)
        for y, row in zip(layout.places, decision.ordered, strict=True):
            for estimate, at, full in ((row.expected_regret, y - 0.035, True), (row.regret, y + 0.035, False)):
                ends = (scale * estimate.value, scale * estimate.low, scale * estimate.high)
                _interval(layout.axes, at, ends, known[row.scenario], full)
        layout.axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
        _ruled(layout.axes)
        axis_label(layout.axes, unit_of(decision), layout.small)
    return ComparisonFigure(layout.sheet.figure, policy_table(decision), title, f"{title}. {subtitle}. {note}")


def boxes_to_draw(decision: Decision) -> list[PolicyBox]:
    """Return the boxes that are beyond chance: no others are drawn."""
    return [box for box in decision.boxes if box.beyond_chance and box.tested is not None]


def draw_boxes(decision: Decision, width_mm: float) -> ComparisonFigure:
    """Draw the box of each policy that has one beyond chance: the range of each input as a share of that from which it is drawn."""
    title = box_sentence(decision).removesuffix(".")
    subtitle = f"Ranges of inputs in which a policy fails. Acceptable: {threshold_text(decision)}"
    note = f"Grey: the range from which an input is drawn; red: the box. Density: share of the runs inside that fail. {BOX_METHOD} {LIMITS}"
    lines: list[tuple[str, str, str]] = []
    bars: list[InputRange | None] = []
    for box in boxes_to_draw(decision):
        assert box.tested is not None
        inside = box.tested.box
        lines.append((
            f"{box.scenario}: {percent(inside.density)} of {inside.runs} runs inside fail (density; {percent(box.fails / box.runs)} of all, "
            f"{percent(box.tested.kept_density)} in left-out runs), {percent(inside.coverage)} of failures inside (coverage), p {box.tested.p:.2g}",
            "", HEADING,
        ))  # fmt: skip
        bars.append(None)
        for each in box.ranges:
            low = "lowest" if each.is_open_low else three_digits(each.low)
            high = "highest" if each.is_open_high else three_digits(each.high)
            lines.append((input_label(each.path), f"{low} to {high}", PLAIN))
            bars.append(each)
    with typography():
        layout = _Rows(
            _words(decision, title, note, subtitle),
            width_mm,
            lines,
            [Mark("drawn", fill=RANGE_FILL), Mark("box", fill=BOX_FILL)],
        )
        for y, bar in zip(layout.places, bars, strict=True):
            if bar is not None:
                layout.axes.barh(y, 1.0, height=0.09, color=RANGE_FILL, zorder=1)
                layout.axes.barh(
                    y, bar.share_high - bar.share_low, left=bar.share_low, height=0.09, color=BOX_FILL, zorder=2
                )
        layout.axes.set_xlim(0, 1)
        layout.axes.set_xticks([0, 0.5, 1], ["low end", "middle", "high end"])
        labels = layout.axes.get_xticklabels()
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")
        axis_label(layout.axes, "of the input's range", layout.small)
    return ComparisonFigure(layout.sheet.figure, box_table(decision), title, f"{title}. {subtitle}. {note}")


def surrogates_to_draw(decision: Decision) -> bool:
    """Return whether any surrogate explains: if none does, there is nothing to draw."""
    return any(each.surrogate is not None and each.surrogate.explains for each in decision.surrogates)


def draw_surrogates(decision: Decision, width_mm: float) -> ComparisonFigure:
    """Draw the error of each surrogate in left-out runs beside that of the mean, and the noise below which none can come."""
    title = surrogate_sentence(decision).removesuffix(".")
    subtitle = f"Error in left-out runs of the difference from {decision.scenarios[0]}, {decision.statistic.label}"
    noise = "; bar: noise between runs of the same inputs" if any(each.noise > 0 for each in decision.surrogates) else (
        "; no draw has two runs, so that the noise below which no surrogate can come is not known"
    )  # fmt: skip
    note = f"Filled: surrogate; hollow: the mean{noise}. Root mean square. {SURROGATE_METHOD}"
    known, rows = looks(decision.scenarios), [each for each in decision.surrogates if each.surrogate is not None]
    lines = []
    for each in rows:
        assert each.surrogate is not None
        own = each.surrogate
        share = (
            f"{percent(own.share)} ({percent(own.low)} to {percent(own.high)}) explained"
            if own.explains
            else "nothing explained"
        )
        lines.append((each.scenario, share, BOLD if own.explains else PLAIN))
    with typography():
        layout = _Rows(_words(decision, title, note, subtitle), width_mm, lines)
        for y, each in zip(layout.places, rows, strict=True):
            assert each.surrogate is not None
            look = known[each.scenario]
            layout.axes.plot(
                [each.surrogate.error, each.surrogate.error_of_mean], [y, y], color=QUIET, linewidth=0.8, zorder=1
            )
            for value, full in ((each.surrogate.error_of_mean, False), (each.surrogate.error, True)):
                _interval(layout.axes, y, (value, value, value), look, full)
            if np.isfinite(each.noise):
                layout.axes.plot([each.noise] * 2, [y - 0.06, y + 0.06], color=INK, linewidth=1.2, zorder=2)
        layout.axes.set_xlim(left=0)
        _ruled(layout.axes)
        axis_label(layout.axes, unit_of(decision), layout.small)
    return ComparisonFigure(layout.sheet.figure, surrogate_table(decision), title, f"{title}. {subtitle}. {note}")


def questions_table(answers: Sequence[PolicyAnswer]) -> pd.DataFrame:
    """Return a row for each question and policy; the difference from the first policy is empty if it is not known."""
    rows = []
    for row in answers:
        gap = row.difference
        cells = {
            name: None if gap is None else getattr(gap, name)
            for name in ("pairs", "difference", "low", "high", "resolved")
        }
        own = {name: getattr(row, name) for name in ("name", "ask", "scenario", "runs", "chance")}
        own |= {"chance_low": row.low, "chance_high": row.high}
        rows.append(
            {
                **own,
                **{f"difference_{k}" if k in ("low", "high") else k: v for k, v in cells.items()},
                "source": "SIMULATED",
            }
        )
    return pd.DataFrame(rows)


def questions_title(answers: Sequence[PolicyAnswer]) -> str:
    """Say how many of the questions have a chance that a policy is resolved to change."""
    asked = list(dict.fromkeys(row.ask for row in answers))
    moved = [row.ask for row in answers if row.difference is not None and row.difference.resolved]
    count = len(dict.fromkeys(moved))
    if not count:
        return f"No policy is resolved to change the answer to any of {plural(len(asked), 'question')}"
    return f"Policies are resolved to change the chance of yes of {count} of {plural(len(asked), 'question')}"


def draw_questions(decision: Decision, answers: Sequence[PolicyAnswer], width_mm: float) -> ComparisonFigure:
    """Draw the chance of yes of each question with each policy; filled if it differs from the first policy's."""
    title = questions_title(answers)
    subtitle = (
        f"Chance of yes by policy; filled: {decision.scenarios[0]}, and policies that are resolved to differ from it"
    )
    note = f"Shares of runs with Wilson's intervals of 95 %; differences over matched runs (Newcombe). {rule(decision)} {LIMITS}"
    known = looks(decision.scenarios)
    lines: list[tuple[str, str, str]] = []
    rows: list[PolicyAnswer | None] = []
    for ask, members in groupby(answers, key=lambda row: row.ask):
        lines.append((ask, "", HEADING))
        rows.append(None)
        for row in members:
            numbers = f"{100 * row.chance:.0f} ({100 * row.low:.0f} to {100 * row.high:.0f}) %"
            lines.append((row.scenario, numbers, PLAIN))
            rows.append(row)
    with typography():
        layout = _Rows(_words(decision, title, note, subtitle), width_mm, lines)
        for y, each in zip(layout.places, rows, strict=True):
            if each is not None:
                full = each.scenario == decision.scenarios[0] or (
                    each.difference is not None and each.difference.resolved
                )
                _interval(
                    layout.axes, y, (100 * each.chance, 100 * each.low, 100 * each.high), known[each.scenario], full
                )
        layout.axes.set_xlim(0, 100)
        _ruled(layout.axes)
        axis_label(layout.axes, "% of runs", layout.small)
    return ComparisonFigure(layout.sheet.figure, questions_table(answers), title, f"{title}. {subtitle}. {note}")
