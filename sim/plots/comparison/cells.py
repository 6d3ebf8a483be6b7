"""Tables of tinted cells: differences by scenario, ranks of scenarios, and which input moves which statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sim.comparison.matched_runs import DUMMY
from sim.plots.comparison.figure import (
    ComparisonFigure,
    asked,
    by_topic,
    forest_statement,
    forest_table,
    level_text,
    looks_of,
    row_name,
    scenario_lines,
    signed,
    size_text,
    statistic_lines,
    words_of,
)
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    Mark,
    Sheet,
    Words,
    broken,
    shortened,
    squeezed,
    text_width,
    type_for,
)
from sim.plots.comparison.tornado import CHANCE, lettered, moving, tornado_table
from sim.plots.style import INK, PAPER, QUIET, pale, typography
from sim.statistics.inference import POINTS, SHARE, UNRESOLVED_RULE
from sim.statistics.summary import TOPICS, topic_of
from sim.text import clause_list, plural, with_unit

if TYPE_CHECKING:
    from sim.comparison.results import Bar, Comparison, ForestRow, Ranking, Tornado

LOWER_INK, HIGHER_INK = "#B35806", "#542788"  # ends of ColorBrewer's PuOr, told apart in all kinds of colour blindness
PALEST, DEEPEST = 0.82, 0.25  # share of white of the smallest and of the largest value
DARK = 0.75  # depth from which letters in a cell are white
FULL = 1.0  # standard deviations of one run at which a cell has its full colour
FULL_NOISE = 2.0  # times what chance alone reaches at which a cell has its full colour
RULE = "#DAD6CE"
MOST_LEVEL = 3  # columns up to which headings of statistics are level
TALLEST_HEAD = 1.25  # inches of headings that stand upright
HIGHEST, LOWEST = "highest", "lowest"  # what the first and the last rank are
RANK_FILL, RANK_QUIET = "#2F5D73", "#C9CED1"

Cell = tuple[float, float, float, float]  # left, top, width, height in inches
Paint = Callable[[Axes, Any, Cell, float], None]  # draws what a cell holds; the last is the size of type


@dataclass(frozen=True)
class CellTable:
    """Rows of cells by group; `columns` heads them, `rows` holds by group each row's name and what its cells hold, by column."""

    columns: Sequence[str]
    groups: dict[str, list[tuple[str, dict[int, Any]]]]
    row: float = 1.35  # height of a row in lines
    upright: bool = False  # whether headings stand upright

    def draw(self, words: Words, width_mm: float, key: Sequence[Mark], colours: Sequence[str], paint: Paint) -> Sheet:
        """Return a sheet with the table on it."""
        sizes, inner = type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE
        line = sizes.small * 1.28 / 72
        left, wide = cell_widths(width_mm, len(self.columns))
        heads = self._heads(wide, sizes.small)
        head = 0.06 + (
            max(text_width(text, sizes.small) for text in self.columns) if self.upright else max(map(len, heads)) * line
        )
        head = min(head, TALLEST_HEAD + 0.06)
        count = sum(map(len, self.groups.values()))
        body = head + (count * self.row + len(self.groups) * 1.6) * line + 0.06
        sheet = Sheet(words, width_mm, body, key)
        axes = sheet.blank(EDGE, 0, inner, body)
        for number, lines in enumerate(heads):
            axes.text(
                left + (number + 0.5) * wide, -head + 0.03, "\n".join(lines), fontsize=sizes.small, ha="center",
                va="bottom", fontweight="normal" if self.upright else "bold", color=colours[number % len(colours)],
                linespacing=1.15, rotation=90 if self.upright else 0,
            )  # fmt: skip
        y = head
        for group, rows in self.groups.items():
            y += 0.3 * line
            axes.text(
                0, -y, shortened(group, inner, sizes.text, bold=True), fontsize=sizes.text, fontweight="bold", va="top"
            )
            y += 1.3 * line
            for name, cells in rows:
                middle = -y - self.row * line / 2
                axes.text(0.06, middle, squeezed(name, left - 0.1, sizes.small), fontsize=sizes.small, va="center")
                for column, held in cells.items():
                    paint(axes, held, (left + column * wide, -y, wide, self.row * line), sizes.small)
                y += self.row * line
        return sheet

    def _heads(self, wide: float, points: float) -> list[list[str]]:
        if self.upright:
            return [[shortened(text, TALLEST_HEAD, points)] for text in self.columns]
        return [broken(text, wide - 0.04, points, bold=True, most=3) for text in self.columns]


def cell_widths(width_mm: float, columns: int) -> tuple[float, float]:
    """Return the width of the names of rows and of a cell in inches."""
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    left = min(2.3, 0.42 * inner)
    return left, min((inner - left - 0.02) / columns, 1.2)


def scenario_heads(comparison: Comparison, names: Sequence[str], width_mm: float) -> tuple[list[str], list[Mark]]:
    """Return headings of columns for scenarios, letters alone if names do not fit, and then the key that names them."""
    sizes, known = type_for(width_mm), looks_of(comparison)
    wide = cell_widths(width_mm, len(names))[1]
    if all(text_width(name, sizes.small, bold=True) < 1.6 * wide for name in names):
        return [f"{known[name].letter} {name}" for name in names], []
    return [known[name].letter for name in names], [Mark(known[name].text) for name in names]


def heatmap(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw a cell for each statistic and scenario, tinted by the resolved difference from the reference; others stay empty."""
    sizes, names = type_for(width_mm), looks_of(comparison)
    columns = list(comparison.scenarios)
    heads, key = scenario_heads(comparison, columns, width_mm)
    left, wide = cell_widths(width_mm, len(columns))
    topics = by_topic(comparison.forest)
    units = all(
        text_width(level_text(rows[0].difference), sizes.small) < wide - 0.04
        for statistics in topics.values()
        for rows in statistics
    )

    def row_of(rows: list[ForestRow]) -> tuple[str, dict[int, Any]]:
        first = max((row.difference for row in rows), key=lambda gap: gap.pairs)
        name = row_name(first) if units else statistic_lines(first, left - 0.1, sizes.small, 1)[0]
        return name, {0: level_text(first, units)} | {columns.index(row.scenario): row for row in rows}

    groups = {topic: [row_of(rows) for rows in statistics] for topic, statistics in topics.items()}
    about = f"First column: mean in {comparison.reference}; others: difference from it if it is resolved; depth: in standard deviations of one run"
    note = f"{comparison.forest_note} Empty: not resolved."
    title = forest_statement(comparison, comparison.forest)
    key = [*_tints("lower", "higher", "not resolved"), *key]
    with typography():
        words = words_of(comparison, title, note, about, scenario_lines(comparison, width_mm))
        colours = [names[name].line.colour for name in columns]
        sheet = CellTable(heads, groups).draw(words, width_mm, key, colours, _difference)
    return ComparisonFigure(sheet.figure, forest_table(comparison.forest), title, f"{title}. {about}. {note}")


def _tints(lower: str, higher: str, empty: str) -> list[Mark]:
    return [
        Mark(lower, fill=pale(LOWER_INK, 0.5), edge=QUIET), Mark(higher, fill=pale(HIGHER_INK, 0.5), edge=QUIET),
        Mark(empty, fill=PAPER, edge=QUIET),
    ]  # fmt: skip


def _frame(axes: Axes, cell: Cell, face: str) -> None:
    x, y, wide, tall = cell
    axes.add_patch(Rectangle((x, y - tall), wide, tall, facecolor=face, edgecolor=RULE, linewidth=0.6))


def _tinted(axes: Axes, cell: Cell, text: str, depth: float, higher: bool, points: float) -> None:
    """Draw a cell with its number, tinted by a depth of 0 to 1."""
    depth = min(max(depth, 0.0), 1.0)
    _frame(axes, cell, pale(HIGHER_INK if higher else LOWER_INK, PALEST - (PALEST - DEEPEST) * depth))
    x, y, wide, tall = cell
    if text_width(text, points) < wide - 0.03:
        colour = PAPER if depth > DARK else INK
        axes.text(x + wide / 2, y - tall / 2, text, fontsize=points, ha="center", va="center", color=colour)


def _difference(axes: Axes, row: ForestRow | str, cell: Cell, points: float) -> None:
    """Draw a resolved difference, an empty cell for another, or the mean in the reference as its text."""
    if isinstance(row, str):
        x, y, wide, tall = cell
        axes.text(x + wide / 2, y - tall / 2, row, fontsize=points, ha="center", va="center", color=QUIET)
    elif row.difference.resolved and np.isfinite(row.scaled):
        _tinted(axes, cell, size_text(row.difference), abs(row.scaled) / FULL, row.scaled > 0, points)
    else:
        _frame(axes, cell, PAPER)


def ranking(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw a cell for each headline statistic and scenario: a bar for the probability of each rank, and the ranks left open."""
    rows, looks, names = comparison.rankings, looks_of(comparison), list(comparison.scenarios)
    heads, key = scenario_heads(comparison, names, width_mm)
    groups: dict[str, list[tuple[str, dict[int, Any]]]] = {topic: [] for topic in TOPICS}
    for row in rows:
        cells = {i: (row, i) for i in range(len(names))}
        groups[topic_of(row.statistic)].append((row.label.removesuffix(" at the end"), cells))
    title = ranking_statement(rows)
    last = len(names)
    about = (
        f"Rank 1: highest mean, also of deaths and of days with clashes; rank {last}: lowest. Several ranks (2–3): shared, the runs do "
        f"not tell these scenarios apart. Bars: probability of each rank, 1 at the left"
    )
    runs = max(row.runs for row in rows)
    note = (
        f"Means over up to {plural(runs, 'run')} matched in all scenarios. A scenario is ranked behind those resolved to be higher and "
        f"before those resolved to be lower; scenarios share ranks if their difference is not resolved: {UNRESOLVED_RULE}. "
        "Probabilities: whole matched runs resampled; a tall bar in shared ranks is the likeliest rank, which is not resolved. "
        "High is neither good nor bad."
    )
    marks = [Mark("some ranks are ruled out", fill=RANK_FILL), Mark("all ranks are shared", fill=RANK_QUIET), *key]
    with typography():
        sheet = CellTable(heads, {topic: rows for topic, rows in groups.items() if rows}, row=1.9).draw(
            words_of(comparison, title, note, about, scenario_lines(comparison, width_mm)),
            width_mm,
            marks,
            [looks[name].line.colour for name in names],
            _rank,
        )
    return ComparisonFigure(sheet.figure, ranking_table(rows), title, f"{title}. {about}. {note}")


def _rank(axes: Axes, held: tuple[Ranking, int], cell: Cell, points: float) -> None:
    ranking, i = held
    x, y, wide, tall = cell
    open_all = ranking.last[i] - ranking.first[i] == len(ranking.scenarios) - 1
    _frame(axes, cell, PAPER)
    text = _ranks_text(int(ranking.first[i]), int(ranking.last[i]))
    last = len(ranking.scenarios)
    alone = text_width(f"{last} {HIGHEST}", points, bold=True) + 0.06
    room = alone if alone < 0.68 * wide else max(wide / 2, text_width(f"{last}–{last}", points) + 0.08)
    weight = "bold" if ranking.first[i] == ranking.last[i] else "normal"
    if weight == "bold" and alone < 0.68 * wide:
        text = f"{text} {({1: HIGHEST, last: LOWEST}).get(int(ranking.first[i]), '')}"
    colour = QUIET if open_all else INK
    axes.text(x + 0.03, y - tall / 2, text, fontsize=points, ha="left", va="center", fontweight=weight, color=colour)
    step = (wide - room - 0.04) / len(ranking.scenarios)
    for rank, share in enumerate(ranking.probability[i].tolist()):
        if step > 0 and share > 0:
            axes.add_patch(
                Rectangle(
                    (x + room + rank * step, y - tall + 0.02), 0.8 * step, share * (tall - 0.04),
                    facecolor=RANK_QUIET if open_all else RANK_FILL, linewidth=0,
                )
            )  # fmt: skip


def _ranks_text(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def ranking_statement(rows: Sequence[Ranking]) -> str:
    """Say of how many statistics some rank is resolved, and where one scenario is alone at an end: the title."""
    settled = [row for row in rows if row.settled]
    if not settled:
        return f"No scenario ranks before another in any of {plural(len(rows), 'statistic')}"
    alone: dict[tuple[str, str], list[str]] = {}
    for row in settled:
        for word, at in (("most", row.last == 1), ("fewest", row.first == len(row.scenarios))):
            for i in np.flatnonzero(at):
                alone.setdefault((row.scenarios[i], word), []).append(_ranked(row))
    count = f"{len(settled)} of {plural(len(rows), 'statistic')} {'ranks' if len(settled) == 1 else 'rank'} scenarios"
    if not alone:
        return count
    (name, word), labels = max(alone.items(), key=lambda item: len(item[1]))
    return f"{count}; {name} is alone {HIGHEST if word == 'most' else LOWEST} in {clause_list(labels[:3])}"


def _ranked(row: Ranking) -> str:
    """Return what is ranked: "clash days", "how often League holds Orrin"."""
    return f"how often {row.label.removesuffix(' at the end')}" if row.unit == SHARE else row.label


def ranking_table(rows: Sequence[Ranking]) -> pd.DataFrame:
    """Return rankings as a table: a row for each statistic and scenario, a column for the probability of each rank."""
    return pd.DataFrame(
        [
            {
                "statistic": row.statistic, "label": row.label, "unit": row.unit, "runs": row.runs, "scenario": name,
                "mean": row.means[i], "first_rank": int(row.first[i]), "last_rank": int(row.last[i]),
            }
            | {f"probability_rank_{rank + 1}": row.probability[i, rank] for rank in range(len(row.scenarios))}
            for row in rows
            for i, name in enumerate(row.scenarios)
        ]
    )  # fmt: skip


def inputs_heatmap(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw a cell for each input and statistic that it moves more than chance does, by scenario; what lies within chance is left out."""
    tornados = comparison.inputs.tornados
    statistics = list(dict.fromkeys((each.statistic, each.label, each.unit) for each in tornados))
    shown = [each for each in statistics if any(each[0] == t.statistic and moving(t) for t in tornados)]
    title, note = inputs_statement(tornados), _inputs_note(comparison, tornados)
    about = "Change of the statistic if the input goes from its low to its high end, all others drawn"
    groups: dict[str, list[tuple[str, dict[int, Any]]]] = {}
    for scenario in dict.fromkeys(each.scenario for each in tornados):
        rows: dict[str, dict[int, Any]] = {}
        for each in (t for t in tornados if t.scenario == scenario):
            for bar in moving(each):
                column = next(n for n, known in enumerate(shown) if known[0] == each.statistic)
                rows.setdefault(bar.label, {})[column] = (each, bar)
        blank = dict.fromkeys(range(len(shown)))
        if rows:
            groups[lettered(comparison, scenario)] = [(label, blank | cells) for label, cells in rows.items()]
    key = _tints("lower at the high end", "higher", "within chance") if groups else []
    heads = [
        with_unit(label.removesuffix(" at the end"), POINTS if unit == SHARE else unit) for _s, label, unit in shown
    ]
    with typography():
        words = words_of(comparison, title, note, about)
        table = CellTable(heads, groups, upright=len(heads) > MOST_LEVEL)
        figure = (
            table.draw(words, width_mm, key, [INK], _effect).figure if groups else Sheet(words, width_mm, 0.05).figure
        )
    return ComparisonFigure(figure, tornado_table(tornados), title, f"{title}. {about}. {note}")


def _effect(axes: Axes, held: tuple[Tornado, Bar] | None, cell: Cell, points: float) -> None:
    if held is None:
        _frame(axes, cell, PAPER)
        return
    tornado, bar = held
    text = signed(float(f"{bar.effect * (100 if tornado.unit == SHARE else 1):.2g}"))
    depth = (abs(bar.effect) / tornado.noise - 1) / (FULL_NOISE - 1) if tornado.noise > 0 else 1.0
    _tinted(axes, cell, text, depth, bar.effect > 0, points)


def inputs_statement(tornados: Sequence[Tornado]) -> str:
    """Say which input moves most statistics, or that none moves any more than chance: the title."""
    statistics = {each.statistic for each in tornados}
    moved: dict[str, dict[str, str]] = {}
    for each in tornados:
        for bar in moving(each):
            moved.setdefault(bar.label, {})[each.statistic] = asked(each.label, each.unit)
    of_all = f"{len(statistics)} {'statistic' if len(statistics) == 1 else 'statistics'}"
    if not moved:
        return f"No input moves any of {of_all} more than chance"
    label, labels = max(moved.items(), key=lambda item: len(item[1]))
    more = f", and {len(labels) - 3} more" if len(labels) > 3 else ""
    known = clause_list(list(labels.values())[:3])
    if len(moved) == 1:
        return f"One input has an effect beyond chance: {label}, on {known}{more}"
    return f"{len(moved)} inputs have an effect beyond chance, most of all {label}, on {known}{more}"


def _inputs_note(comparison: Comparison, tornados: Sequence[Tornado]) -> str:
    inputs = max((sum(bar.path != DUMMY for bar in each.bars) for each in tornados), default=0)
    still = [lettered(comparison, name) for name in dict.fromkeys(t.scenario for t in tornados)]
    still = [
        name for name in still if not any(lettered(comparison, t.scenario) == name and moving(t) for t in tornados)
    ]
    note = (
        f"Straight-line effects of {plural(inputs, 'input')} over the runs of each scenario; only those beyond chance are drawn, in "
        f"{plural(len(tornados), 'pair')} of statistic and scenario. {CHANCE}"
    )
    return note + (f" No input is beyond chance in: {clause_list(still)}." if still and len(still) < 20 else "")
