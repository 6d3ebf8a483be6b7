"""The charts of a run: what they show, for paper and page alike, and the panels of the timeline in matplotlib."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.patches import Rectangle

from sim.engine.kinds import LEVELS
from sim.plots.map.state import records, watched
from sim.plots.style import INK, LEVEL_COLOURS, PAPER, QUIET, FactionStyles, pale, rgb_of
from sim.scenario.schema import rebel_pairs
from sim.text import isolated, left_to_right

if TYPE_CHECKING:
    from sim.results.run import Run

MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "pentagon": "p", "inverted": "v", "hexagon": "H",
    "cross": "P",
}  # fmt: skip

NAME_INCHES = 0.0866  # room for a letter of a town named in the panel of changes


MOST_LANES = 16  # agreements

Pair = tuple[str, str]
Row = TypeVar("Row", bound=Mapping[str, Any])
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, eq=False)
class Course:
    """What the charts of a run show, morning by morning, in pictures and on pages (`sim.pages.chart_specs`)."""

    towns: dict[str, np.ndarray]  # code -> towns held, [days + 1]; of those that ever held one
    levels: dict[Pair, np.ndarray]  # pair of rebels -> escalation level, [days + 1]; the ladder knows no other pairs
    deaths: dict[Pair, np.ndarray]  # pair of codes -> deaths of both sides on the day before, [days + 1]
    civilians: np.ndarray  # civilians killed on the day before, [days + 1]

    @property
    def last(self) -> int:
        """The last morning there is."""
        return len(self.civilians) - 1

    def fighting_pairs(self) -> list[Pair]:
        """Return the pairs that ever left calm or killed each other, deadliest first."""
        deaths = {pair: float(self.deaths[pair].sum()) for pair in self.deaths}
        calm = np.zeros(1, int)
        left = [
            pair for pair in {**self.levels, **self.deaths} if deaths.get(pair) or self.levels.get(pair, calm).any()
        ]
        return sorted(left, key=lambda pair: (-deaths.get(pair, 0.0), pair))

    def ladder_pairs(self) -> list[Pair]:
        """Return the pairs of rebels that ever left calm, in the order of the scenario."""
        return [pair for pair, levels in self.levels.items() if levels.any()]

    def weekly_deaths(self, pair: Pair) -> np.ndarray:
        """Return a pair's deaths by week from the start."""
        return np.array(weekly(self.deaths[pair].tolist()))


def weekly(daily: list[Number]) -> list[Number]:
    """Return sums by week of numbers of the day before each morning, [days + 1]; at least one week, the last perhaps shorter."""
    return [sum(daily[first : first + 7]) for first in range(1, max(len(daily), 2), 7)]


def course_of(run: Run, look: FactionStyles) -> Course:
    """Return the course of a finished run."""
    daily = run.daily
    towns = {code: daily[f"{code}_towns"].to_numpy(float) for code in look.codes}
    columns = {(a, b): f"{a}_{b}" for pair in combinations(look.codes, 2) for a, b in (pair, pair[::-1])}
    present = {pair: suffix for pair, suffix in columns.items() if f"deaths_{suffix}" in daily}
    levels = {pair: daily[f"level_{present[pair]}"].to_numpy(int) for pair in rebel_pairs(run.scenario)}
    deaths = {pair: daily[f"deaths_{suffix}"].to_numpy(float) for pair, suffix in present.items()}
    civilians = daily["civilian_deaths"].to_numpy(float)
    return Course({code: held for code, held in towns.items() if held.any()}, levels, deaths, civilians)


def level_name(level: int) -> str:
    """Return a level of the escalation ladder in few words."""
    return LEVELS[level].replace("clashes in several places", "several places")


LEVEL_INKS = tuple(PAPER if sum(rgb_of(colour)) < 330 else INK for colour in LEVEL_COLOURS)  # text on a level's colour


def level_spans(levels: Sequence[int] | np.ndarray, cut: int = 0) -> list[tuple[int, int, int]]:
    """Return (first, first after, level) of the stretches of one level; a stretch also ends before `cut`, if it is above 0."""
    steps = [i for i in range(1, len(levels)) if levels[i] != levels[i - 1] or i == cut]
    return [(first, after, int(levels[first])) for first, after in pairwise([0, *steps, len(levels)])]


def agreement_lanes(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the table of agreements to draw, in the order of signing: all, or those that held longest."""
    in_order = sorted(rows, key=lambda row: (row["signed"], str(row["agreement_id"])))
    if len(in_order) <= MOST_LANES:
        return in_order
    longest = sorted(in_order, key=lambda row: (-float(row["days_held"]), str(row["agreement_id"])))[:MOST_LANES]
    chosen = {row["agreement_id"] for row in longest}
    return [row for row in in_order if row["agreement_id"] in chosen]


def party_codes(parties: str, look: FactionStyles) -> list[str]:
    """Return the codes of the sides of an agreement, "Lanterns / River Militia"; those that the scenario does not name are left out."""
    sides = re.split(r"\s*(?:/|;|,|\+| and )\s*", parties)
    return list(dict.fromkeys(look.code_of[side] for side in sides if side in look.code_of))


def title(axes: Axes, text: str) -> None:
    """Write a panel's title."""
    axes.set_title(text, loc="left", fontsize=9.5, fontweight="bold", pad=4)


def deaths(axes: Axes, run: Run, course: Course, look: FactionStyles) -> None:
    """Draw deaths a week, stacked by pair: one side's colour, hatched in the other's."""
    title(axes, "Deaths a week, both sides, by pair")
    start, days, pairs = date2num(run.scenario.start), len(run.daily) - 1, course.fighting_pairs()
    weeks = np.arange(0, max(days, 1), 7)
    bottom = np.zeros(len(weeks))
    for a, b in pairs:
        sums = course.weekly_deaths((a, b))
        widths = np.minimum(7, np.maximum(days - weeks, 1)) * 0.92
        axes.bar(
            start + weeks, sums, widths, bottom=bottom, align="edge", facecolor=pale(look.colour(a), 0.1), hatch="///",
            edgecolor=look.colour(b), linewidth=0.8, label=f"{a} – {b}", zorder=2,
        )  # fmt: skip
        bottom += sums
    axes.set_ylim(0, max(float(bottom.max()) * 1.08, 1.0))
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    if pairs:
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False, handlelength=1.6, borderaxespad=0
        )


def levels(axes: Axes, run: Run, course: Course) -> None:
    """Draw a strip a pair, coloured by escalation level, with the key beside it."""
    title(axes, "Escalation level, by pair")
    start, pairs = date2num(run.scenario.start), course.ladder_pairs()
    for row, pair in enumerate(pairs):
        for first, after, level in level_spans(course.levels[pair][1:]):
            _stretch(axes, start + first, after - first, row, level)
    axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(pairs)), [f"{a} – {b}" for a, b in pairs], fontsize=8)
    axes.spines["left"].set_visible(False)
    beside = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
    for level, colour in enumerate(LEVEL_COLOURS):
        y = 8 - 11 * level
        axes.annotate("■", (1.012, 1), xytext=(0, y), fontsize=9, color=colour, **beside)
        axes.annotate(f"{level} {level_name(level)}", (1.012, 1), xytext=(11, y), fontsize=7.2, **beside)


def _stretch(axes: Axes, x: float, days: int, row: int, level: int) -> None:
    """Draw days on one level, with its number if there is room."""
    colour = LEVEL_COLOURS[level]
    axes.add_patch(Rectangle((x, row - 0.42), days, 0.84, facecolor=colour, edgecolor="none", zorder=2))
    if days >= 3 and level > 0:
        axes.text(
            x + days / 2, row, str(level), fontsize=7, ha="center", va="center", color=LEVEL_INKS[level], zorder=3
        )


def towns(axes: Axes, run: Run, course: Course, look: FactionStyles) -> None:
    """Draw the towns each faction holds, named at the end."""
    title(axes, "Towns held")
    start = date2num(run.scenario.start)
    days = np.arange(len(run.daily))
    ends: list[tuple[float, str]] = []
    for code, held in course.towns.items():
        axes.step(
            start + days, held, where="post", color=look.colour(code), linewidth=1.8, marker=MARKERS[look.shapes[code]], markersize=4.5,
            markevery=max(1, len(days) // 8), markeredgecolor=PAPER, markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
        ends.append((float(held[-1]), code))
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.6)
    axes.set_axisbelow(True)
    top = axes.get_ylim()[1]
    spread = spaced([value for value, _code in ends], 0.085 * top)
    for (value, code), y in zip(ends, spread, strict=True):
        axes.annotate(
            left_to_right(f"{isolated(look.short(code))} {int(value)}"), (1.012, y), xycoords=("axes fraction", "data"), fontsize=8, va="center",
            color=_dark(look.colour(code)), fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def spaced(values: list[float], gap: float) -> list[float]:
    """Return the values moved apart upwards, in their order, so that none is nearer than `gap` to another."""
    result, last = [0.0] * len(values), -np.inf
    for i in sorted(range(len(values)), key=lambda i: (values[i], i)):
        last = max(values[i], last + gap)
        result[i] = float(last)
    return result


def _dark(colour: str) -> str:
    return "#{:02X}{:02X}{:02X}".format(*(int(v * 0.72) for v in rgb_of(colour)))


def changes(axes: Axes, run: Run, look: FactionStyles) -> None:
    """Draw a tick a change of holder, in the new holder's colour; name the watched towns if there is room."""
    moved = run.control_changes[run.control_changes["from"] != run.control_changes["to"]]  # not to a sister group
    rows = records(moved.sort_values("day", kind="stable")) if len(moved) else []
    heading = f"Changes of holder ({len(rows)}), in the new holder's colour; watched towns named"
    axes.set_title(heading, loc="left", fontsize=9.5, fontweight="bold", pad=14)
    start = date2num(run.scenario.start)
    named, free_after = watched(run), -np.inf
    wide = axes.get_position().width * axes.figure.get_figwidth()
    for row in rows:
        x = start + float(row["day"]) + 0.5
        colour = look.colour(str(row["to"]))
        axes.plot(
            [x, x],
            [0, 1],
            color=QUIET if colour.upper() == "#FFFFFF" else colour,
            linewidth=1.6,
            solid_capstyle="butt",
            alpha=0.85,
            zorder=3,
        )
        if row["town"] in named and x > free_after:
            text = f"{str(row['town']).split(' (')[0]} → {row['to']}"
            axes.annotate(
                text,
                (x, 1),
                xytext=(1, 1),
                textcoords="offset points",
                fontsize=7,
                ha="left",
                va="bottom",
                annotation_clip=False,
            )
            free_after = x + NAME_INCHES * len(text) * len(run.daily) / wide
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
