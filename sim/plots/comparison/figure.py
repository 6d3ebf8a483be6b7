"""A comparison figure with its numbers, grids of panels, and the forest plot of paired differences with 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim import __version__
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    NARROW_MM,
    Mark,
    ScenarioLook,
    Sheet,
    Type,
    Words,
    broken,
    looks,
    text_width,
    type_for,
)
from sim.plots.style import INK, PAPER, QUIET, evidence_line, pale, typography
from sim.statistics.inference import POINTS, SHARE, Difference
from sim.statistics.summary import TOPICS, topic_of
from sim.text import clause_list, day_text, interval_text, plural, result_text, with_unit

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, ForestRow
    from sim.scenario.schema import Scenario


@dataclass(frozen=True, eq=False)
class ComparisonFigure:
    """A figure, the table of all that it shows, and its caption: what is shown, what bands mean, how many runs."""

    figure: Figure
    table: pd.DataFrame
    title: str
    caption: str


def looks_of(comparison: Comparison) -> dict[str, ScenarioLook]:
    """Return the look of each scenario."""
    return looks(comparison.scenarios)


def key_of(comparison: Comparison, names: Sequence[str] = ()) -> list[Mark]:
    """Return the entries of a key of scenarios as lines: all, or those named."""
    return [Mark(look.text, look.line) for name, look in looks_of(comparison).items() if not names or name in names]


def stamp_of(comparison: Comparison) -> str:
    """Return the provenance of a figure, which begins with SIMULATED."""
    return stamp_line(comparison.name, comparison.models, runs_text(comparison))


def stamp_line(name: str, models: Mapping[str, Scenario], runs: str) -> str:
    """Return the provenance of a figure of several scenarios, by name, of which the first is the reference; `runs`: how many, in words."""
    first = next(iter(models.values()))
    days = max(model.days for model in models.values())
    period = f"{day_text(first.start)} to {day_text(first.start + timedelta(days=days))}"
    parts = ["SIMULATED", name, f"{plural(len(models), 'scenario')}, {runs}", f"sim {__version__}", period]
    return " · ".join([*parts, evidence_line(first)])


def runs_text(comparison: Comparison) -> str:
    """Return the number of runs in words: "200 runs each", or by scenario if they differ."""
    done = [runs.done for runs in comparison.methods.runs]
    if len(set(done)) == 1:
        return f"{plural(done[0], 'run')}{' each' if len(done) > 1 else ''}"
    return f"{clause_list(f'{n:,}' for n in done)} runs"


def words_of(comparison: Comparison, title: str, note: str, subtitle: str = "", lines: tuple[str, ...] = ()) -> Words:
    """Return the words round a figure; of a partial study each has a sentence on that."""
    partial = " The study is not complete." if comparison.partial else ""
    return Words(title, f"{note}{partial}", stamp_of(comparison), subtitle, lines)


def scenario_lines(comparison: Comparison, width_mm: float) -> tuple[str, ...]:
    """Return what each scenario is, a line each: its title, or what it changes if others have that title too; none on narrow sheets."""
    if width_mm <= NARROW_MM:
        return ()
    known = looks_of(comparison)
    changes = {each.scenario: each for each in comparison.changes}
    titles = list(comparison.titles.values())
    lines = []
    for name in comparison.scenarios:
        text = comparison.titles.get(name, "")
        if name in changes and titles.count(text) > 1:
            words = [item.words.removeprefix(f"Only in {name}: ").rstrip(".") for item in changes[name].items]
            more = f" and {len(words) - MOST_CHANGES} more changes" if len(words) > MOST_CHANGES + 1 else ""
            text = clause_list(words[:MOST_CHANGES] if more else words) + more
        lines.append(f"{known[name].letter} {name}: {text or 'as the reference'}".strip())
    return tuple(lines)


def figure_text(value: float) -> str:
    """Return a number with three digits: "12", "0.31", "1,240", "−4.2"; "–" if there is none."""
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 or float(value).is_integer() else f"{value:.3g}"
    return ("0" if text in ("-0", "-0.0") else text).replace("-", "−")


def signed(value: float) -> str:
    """Say a difference with its sign."""
    return f"+{figure_text(value)}" if value > 0 else figure_text(value)


def by_scenario(values: dict[str, float], text: Callable[[float], str]) -> str:
    """Say a number of each scenario: "67 % in A and 65 % in B"; of an only one without its name; of many the ends."""
    words = {name: text(value) for name, value in values.items()}
    if len(set(words.values())) == 1:
        same = next(iter(words.values()))
        return same if len(words) == 1 else f"{same} in {'both' if len(words) == 2 else 'all'} scenarios"
    if len(words) == 2:
        return clause_list(f"{word} in {name}" for name, word in words.items())
    least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return f"{words[least]} in {least} to {words[most]} in {most}"


def long_table(columns: dict[str, object], rows: int) -> pd.DataFrame:
    """Return a table in which single values stand in each of `rows` rows."""
    return pd.DataFrame(columns, index=range(rows))


MOST_CHANGES = 2  # of a scenario, in its line below a figure
LINES = 4  # of a heading at most
TALLEST = 5.2  # inches of a map at most, so that a sheet stays below 200 mm
TALLEST_BODY = 5.4  # inches of all panels; with title, key and note a sheet stays below 200 mm
LEAST_HEIGHT = 0.5  # inches of a panel


class Grid:
    """The layout of panels on a sheet of a width, known before the sheet is made.

    Lengths in inches: `least` width of a panel; `height` of a panel, or its height over its width where `shape` is given;
    `left`, `right` and `bottom` margins of each panel for ticks and labels. Panels are lower than asked for if they would
    not stay within `TALLEST_BODY`.
    """

    def __init__(
        self,
        width_mm: float,
        titles: Sequence[str],
        least: float,
        height: float,
        left: float = 0.36,
        bottom: float = 0.2,
        gap: float = 0.05,
        right: float = 0.11,
        shape: float | None = None,
        most: int = 6,
    ) -> None:
        self.type = type_for(width_mm)
        inner = width_mm / MM_PER_INCH - 2 * EDGE
        room = least + left + right
        self.columns = max(1, min(len(titles), most, int((inner + gap) / (room + gap))))
        self.columns = ceil(len(titles) / ceil(len(titles) / self.columns)) if titles else 1
        self.width = (inner - gap * (self.columns - 1)) / self.columns - left - right
        self.height = height if shape is None else min(self.width * shape, TALLEST)
        self.width = self.width if shape is None else self.height / shape
        self.left, self.bottom, self.gap, self.right = left, bottom, gap, right
        heads = [
            broken(title, self.width + left * 0.9 + right, self.type.text, bold=True, most=LINES) for title in titles
        ]
        self.rows = [heads[i : i + self.columns] for i in range(0, len(heads), self.columns)]
        self.slot = self.width  # room of a panel, which is narrower if a map must be lower
        over = (self._body - TALLEST_BODY) / max(len(self.rows), 1)
        if over > 0:
            self.height = max(self.height - over, min(LEAST_HEIGHT, self.height))
            self.width = self.width if shape is None else self.height / shape
        self.body = self._body
        self.count = len(titles)

    @property
    def _body(self) -> float:
        return sum(self._row_height(row) for row in self.rows)

    def _head(self, row: list[list[str]]) -> float:
        return Sheet.tall(max(row, key=len), self.type.text) + 0.07

    def _row_height(self, row: list[list[str]]) -> float:
        return self._head(row) + self.height + self.bottom + 0.06

    @property
    def head(self) -> float:
        """Height of the headings of the first row in inches."""
        return self._head(self.rows[0])

    def panels(self, sheet: Sheet) -> list[Axes]:
        """Add the panels with their headings to a sheet."""
        panels, top = [], 0.0
        for row in self.rows:
            head = self._head(row)
            for column, lines in enumerate(row):
                x = EDGE + column * (self.slot + self.left + self.right + self.gap)
                axes = sheet.axes(x + self.left, top + head, self.width, self.height)
                shift = -0.9 * self.left * 72
                axes.annotate(
                    "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(shift, 5), textcoords="offset points",
                    fontsize=self.type.text, fontweight="bold", va="bottom", linespacing=1.15, annotation_clip=False,
                )  # fmt: skip
                panels.append(axes)
            top += self._row_height(row)
        return panels

    def ticks(self, axes: Axes, horizontal: int | None = None, vertical: int = 4) -> None:
        """Set few enough ticks that their labels do not touch."""
        columns = horizontal or max(2, int(self.width / 0.45))
        axes.xaxis.set_major_locator(MaxNLocator(columns, steps=[1, 2, 3, 5, 6, 10]))
        axes.yaxis.set_major_locator(MaxNLocator(vertical))
        axes.grid(axis="y", color="#E5E5E0", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)


def most_panels(make: Callable[[int], Grid], most: int) -> Grid:
    """Return the grid of the largest number of panels, at most `most`, that stays within `TALLEST_BODY`; `make` takes a number."""
    for number in range(most, 1, -1):
        grid = make(number)
        if grid.body <= TALLEST_BODY + 1e-6:
            return grid
    return make(1)


def axis_label(axes: Axes, text: str, points: float) -> None:
    """Write what the horizontal axis shows, below its ticks, at its right end."""
    axes.set_xlabel(text, fontsize=points, color=QUIET, loc="right", labelpad=1.5)


def forest_table(rows: tuple[ForestRow, ...]) -> pd.DataFrame:
    """Return the rows of a forest plot as a table."""
    return pd.DataFrame(
        [
            {
                "scenario": row.scenario, "statistic": row.difference.statistic, "label": row.difference.label,
                "unit": row.difference.unit, "pairs": row.difference.pairs, "reference": row.difference.reference,
                "other": row.difference.other, "difference": row.difference.difference, "low": row.difference.low,
                "high": row.difference.high, "resolved": row.difference.resolved, "verdict": row.verdict,
                "scaled": row.scaled, "scaled_low": row.scaled_low, "scaled_high": row.scaled_high,
            }
            for row in rows
        ]
    )  # fmt: skip


def difference_text(difference: Difference) -> str:
    """Say a difference with its interval: "+3.2 (+1.1 to +5.2)"; shares of runs in percentage points."""
    scale = 100 if difference.unit == SHARE else 1
    return interval_text(scale * difference.difference, scale * difference.low, scale * difference.high, sign=True)


def size_text(difference: Difference) -> str:
    """Say a difference without its interval: "+3.2"."""
    return difference_text(difference).split(" (")[0]


def unit_of(difference: Difference) -> str:
    """Return the unit in which a difference is written; shares of runs are in percentage points."""
    return POINTS if difference.unit == SHARE else difference.unit


def level_text(difference: Difference, unit: bool = True) -> str:
    """Return the mean in the reference, from which a difference starts: "37.7 days", "77 %"; `unit`: with its unit if the label lacks it."""
    value = difference.reference
    if difference.unit == SHARE and np.isfinite(value):
        return f"{100 * value:.0f} %"
    return result_text(
        float(f"{value:.3g}"), difference.unit if unit and difference.unit not in difference.label else ""
    ).replace("-", "−")


def asked(label: str, unit: str) -> str:
    """Return a statistic as the object of a sentence: "towns gained, League", "whether League holds Orrin at the end"."""
    return f"whether {label}" if unit == SHARE else label


def by_topic(rows: Sequence[ForestRow]) -> dict[str, list[list[ForestRow]]]:
    """Return the rows of each statistic, those of one together, by topic; topics in their order, those without rows left out."""
    statistics: dict[str, list[ForestRow]] = {}
    for row in rows:
        statistics.setdefault(row.difference.statistic, []).append(row)
    topics: dict[str, list[list[ForestRow]]] = {topic: [] for topic in TOPICS}
    for name, members in statistics.items():
        topics[topic_of(name)].append(members)
    return {topic: members for topic, members in topics.items() if members}


def row_name(difference: Difference) -> str:
    """Return a statistic's name as the head of a row: "longest calm", "League holds Orrin"."""
    return difference.label.removesuffix(" at the end") if difference.unit == SHARE else difference.label


def statistic_lines(difference: Difference, inches: float, points: float, most: int) -> list[str]:
    """Return a statistic's name as the head of a row, with its unit if there is room: "longest calm (days)"."""
    name = row_name(difference)
    lines = broken(with_unit(name, "" if difference.unit == SHARE else difference.unit), inches, points)
    return lines if len(lines) <= most else broken(name, inches, points, most=most)


def forest_statement(comparison: Comparison, rows: Sequence[ForestRow]) -> str:
    """Say how many differences are resolved and which is largest: the title of a forest plot."""
    sure = [row for row in rows if row.difference.resolved and np.isfinite(row.scaled)]
    others = [name for name in comparison.scenarios if name != comparison.reference]
    who = f"{others[0]} against {comparison.reference}" if len(others) == 1 else f"Against {comparison.reference}"
    if not sure:
        return f"{who}: no difference is resolved"
    most = max(sure, key=lambda row: abs(row.scaled))
    by = "" if len(others) == 1 else f" in {most.scenario}"
    size = f"{difference_text(most.difference)} {unit_of(most.difference)}".rstrip()
    count = f"{len(sure)} of {plural(len(rows), 'difference')} resolved"
    return f"{who}: {count}, most of all {most.difference.label}{by}, {size}"


def forest(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the forest plot of all headline statistics and scenarios."""
    return forest_of(comparison, comparison.forest, "Headline statistics", comparison.forest_note, width_mm)


def forest_of(
    comparison: Comparison, rows: tuple[ForestRow, ...], about: str, note: str, width_mm: float
) -> ComparisonFigure:
    """Draw differences from the reference: a row a statistic, by topic and size; a colour a scenario; pale if not resolved."""
    layout = _ForestLayout(rows, type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE)
    subtitle = (
        f"{about}: difference from {comparison.reference}, in standard deviations of one run, with 95 % intervals"
    )
    title = forest_statement(comparison, rows)
    note = f"{note} Pale and hollow: not resolved; a grey name: resolved in no scenario."
    words = words_of(comparison, title, note, subtitle, scenario_lines(comparison, width_mm))
    known = looks_of(comparison)
    with typography():
        sheet = Sheet(words, width_mm, layout.body, key_of(comparison, [row.scenario for row in rows]))
        _draw_forest(sheet, layout, known, f"mean in {known[comparison.reference].letter}")
    return ComparisonFigure(sheet.figure, forest_table(rows), title, f"{title}. {subtitle}. {note}")


ROOMY = 4.0  # inches inside a sheet from which a forest plot has a column of means with their units
LEVEL_HEAD = "mean in A"
MOST_NUMBERS = 3  # scenarios in a row whose differences are written beside it
TALLEST_ROWS = 3.8  # inches of all rows: with title and note a sheet stays below 200 mm


class _ForestLayout:
    """Where headings and rows of a forest plot stand, in inches below the top of the body."""

    def __init__(self, rows: tuple[ForestRow, ...], sizes: Type, inner: float) -> None:
        self.sizes = sizes
        topics = by_topic(rows)
        count = sum(map(len, topics.values()))
        self.scenarios = list(dict.fromkeys(row.scenario for row in rows))
        numbered = len(self.scenarios) <= MOST_NUMBERS
        wide = inner >= ROOMY
        self.level = _level_width(topics, sizes.small, wide)
        self.wide = wide
        self.left = min(2.35, 0.4 * inner)
        self.size = difference_text if wide else size_text
        widest = max((text_width(self.size(row.difference), sizes.small) for row in rows), default=0.0)
        self.right = min(widest + 0.04, 0.36 * inner) if numbered else 0.12
        self.axis = inner - self.left - self.level - self.right - 0.12
        self.headings: list[tuple[float, str]] = []
        self.rows: list[tuple[float, list[str], list[ForestRow]]] = []
        line = sizes.small * 1.28 / 72
        room = TALLEST_ROWS / max(count, 1) - 0.035
        self.step = line if numbered else min(line, room / len(self.scenarios))
        y = 0.02 if count > 1 else line + 0.04  # below the head of the column of means
        for topic, members in topics.items():
            if count > 1:
                self.headings.append((y, topic))
                y += sizes.text * 1.45 / 72
            for each in sorted(members, key=_surprise, reverse=True):
                first = each[0].difference
                name = self._name(first, 2 if numbered else 1)
                tall = max(len(name) * line, len(each) * self.step) + 0.035
                self.rows.append((y + tall / 2, name, each))
                y += tall
            y += 0.05
        self.end = y
        self.body = y + 0.4

    def _name(self, difference: Difference, most: int) -> list[str]:
        """Return the lines of a row's name, with its unit unless the mean beside it has it."""
        room, points = self.left - 0.08, self.sizes.small
        if self.wide:
            return broken(row_name(difference), room, points, most=most)
        return statistic_lines(difference, room, points, most)


def _level_width(topics: dict[str, list[list[ForestRow]]], points: float, unit: bool) -> float:
    """Return the width in inches of a column of means in the reference, with its margins."""
    texts = [level_text(rows[0].difference, unit) for members in topics.values() for rows in members]
    return max(text_width(text, points) for text in [*texts, LEVEL_HEAD]) + 0.12


def _surprise(rows: list[ForestRow]) -> tuple[bool, float]:
    """Return what orders statistics: resolved ones first, then the largest difference."""
    sizes = [abs(row.scaled) for row in rows if np.isfinite(row.scaled)]
    return any(row.difference.resolved for row in rows), max(sizes, default=0.0)


def _draw_forest(sheet: Sheet, layout: _ForestLayout, looks: dict[str, ScenarioLook], head: str) -> None:
    """Draw the rows; `head` stands above the column of means in the reference."""
    sizes = layout.sizes
    plain = sheet.blank(EDGE, 0, sheet.inner, layout.body)
    axes = sheet.axes(EDGE + layout.left + layout.level, 0, layout.axis, layout.end)
    axes.set_ylim(layout.end, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    plain.set_zorder(axes.get_zorder() + 1)
    plain.patch.set_visible(False)
    for y, text in layout.headings:
        plain.text(0, -y, text, fontsize=sizes.text, fontweight="bold", va="top")
    middle = layout.left + layout.level
    right = middle + layout.axis + 0.12
    plain.text(middle - 0.12, -0.02, head, fontsize=sizes.small, color=QUIET, va="top", ha="right")
    for y, name, rows in layout.rows:
        resolved = any(row.difference.resolved for row in rows)
        style = {"fontsize": sizes.small, "va": "center", "linespacing": 1.15}
        plain.text(0, -y, "\n".join(name), color=INK if resolved else QUIET, **style)
        level = level_text(max((row.difference for row in rows), key=lambda gap: gap.pairs), layout.wide)
        plain.text(middle - 0.12, -y, level, color=QUIET, ha="right", **style)
        for number, row in enumerate(rows):
            at = y + (number - (len(rows) - 1) / 2) * layout.step
            look = looks[row.scenario]
            draw_interval(axes, at, row, look, small=layout.step < 0.08 or layout.axis < 1.5)
            if len(layout.scenarios) <= MOST_NUMBERS:
                colour = QUIET if not row.difference.resolved else look.line.colour if len(rows) > 1 else INK
                text = layout.size(row.difference)
                if text_width(text, sizes.small) > layout.right:
                    text = size_text(row.difference)
                plain.text(right, -at, text, color=colour, **style)
    reach = [abs(v) for _y, _n, rows in layout.rows for r in rows for v in (r.scaled, r.scaled_low, r.scaled_high)]
    most = max([v for v in reach if np.isfinite(v)], default=1.0) or 1.0
    axes.set_xlim(-1.08 * most, 1.08 * most)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(
        "← lower    standard deviations    higher →" if layout.wide else "← lower    higher →",
        fontsize=sizes.small,
        color=QUIET,
        labelpad=1.5,
    )


def draw_interval(axes: Axes, y: float, row: ForestRow, look: ScenarioLook, small: bool = False) -> None:
    """Draw a difference with its interval in standard deviations of one run; pale and hollow if it is not resolved."""
    resolved = row.difference.resolved
    colour = look.line.colour if resolved else pale(look.line.colour, 0.55)
    if not np.isfinite(row.scaled):
        return
    if np.isfinite(row.scaled_low) and np.isfinite(row.scaled_high):
        ends = [row.scaled_low, row.scaled_high]
        axes.plot(ends, [y, y], color=colour, linewidth=0.9 if small else 1.4, solid_capstyle="butt", zorder=2)
    axes.plot(
        [row.scaled], [y], marker=look.line.marker, markersize=2.8 if small else 5.0,
        markerfacecolor=colour if resolved else PAPER, markeredgecolor=colour, markeredgewidth=0.7 if small else 1.0,
        linestyle="none", zorder=3,
    )  # fmt: skip
