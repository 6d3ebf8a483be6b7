"""The panels of the timeline chart: deaths a week, escalation levels, towns held, changes of holder."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.patches import Rectangle

from sim.engine.kinds import LEVELS
from sim.plots.map.state import records, watched
from sim.plots.style import INK, LEVEL_COLOURS, PAPER, QUIET, FactionStyles, pale, rgb_of

if TYPE_CHECKING:
    from sim.results.run import Run

MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "pentagon": "p", "inverted": "v", "hexagon": "H",
    "cross": "P",
}  # fmt: skip

NAME_INCHES = 0.0866  # room for a letter of a town named in the panel of changes


def fighting_pairs(run: Run, look: FactionStyles) -> list[tuple[str, str, str]]:
    """Return (code, code, suffix of the daily columns) of the pairs that ever left calm, deadliest first."""
    daily, pairs = run.daily, []
    for a, b in combinations(look.codes, 2):
        for side, opponent in ((a, b), (b, a)):
            suffix = f"{side}_{opponent}"
            if f"level_{suffix}" in daily and (
                daily[f"level_{suffix}"].max() > 0 or daily[f"deaths_{suffix}"].sum() > 0
            ):
                pairs.append((a, b, suffix))
    return sorted(pairs, key=lambda pair: (-float(daily[f"deaths_{pair[2]}"].sum()), pair[2]))


def title(axes: Axes, text: str) -> None:
    """Write a panel's title."""
    axes.set_title(text, loc="left", fontsize=9.5, fontweight="bold", pad=4)


def deaths(axes: Axes, run: Run, pairs: list[tuple[str, str, str]], look: FactionStyles) -> None:
    """Draw deaths a week, stacked by pair: one side's colour, hatched in the other's."""
    title(axes, "Deaths a week, both sides, by pair")
    start, days = date2num(run.scenario.start), len(run.daily)
    weeks = np.arange(0, max(days - 1, 1), 7)
    bottom = np.zeros(len(weeks))
    for a, b, suffix in pairs:
        daily = run.daily[f"deaths_{suffix}"].to_numpy(float)[1:]
        weekly = np.array([daily[w : w + 7].sum() for w in weeks])
        widths = np.minimum(7, np.maximum(days - 1 - weeks, 1)) * 0.92
        axes.bar(
            start + weeks, weekly, widths, bottom=bottom, align="edge", facecolor=pale(look.colour(a), 0.1), hatch="///",
            edgecolor=look.colour(b), linewidth=0.8, label=f"{a} – {b}", zorder=2,
        )  # fmt: skip
        bottom += weekly
    axes.set_ylim(0, max(float(bottom.max()) * 1.08, 1.0))
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    if pairs:
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False, handlelength=1.6, borderaxespad=0
        )


def levels(axes: Axes, run: Run, pairs: list[tuple[str, str, str]]) -> None:
    """Draw a strip a pair, coloured by escalation level, with the key beside it."""
    title(axes, "Escalation level, by pair")
    start = date2num(run.scenario.start)
    for row, (_a, _b, suffix) in enumerate(pairs):
        level_by_day = run.daily[f"level_{suffix}"].to_numpy(int)[1:]
        edges = np.flatnonzero(np.diff(np.concatenate([[-1], level_by_day, [-1]])))
        for first, last in pairwise(edges.tolist()):
            _stretch(axes, start + first, last - first, row, int(level_by_day[first]))
    axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(pairs)), [f"{a} – {b}" for a, b, _s in pairs], fontsize=8)
    axes.spines["left"].set_visible(False)
    beside = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
    for level, (name, colour) in enumerate(zip(LEVELS, LEVEL_COLOURS, strict=True)):
        y = 8 - 11 * level
        axes.annotate("■", (1.012, 1), xytext=(0, y), fontsize=9, color=colour, **beside)
        short = name.replace("clashes in several places", "several places")
        axes.annotate(f"{level} {short}", (1.012, 1), xytext=(11, y), fontsize=7.2, **beside)


def _stretch(axes: Axes, x: float, days: int, row: int, level: int) -> None:
    """Draw days on one level, with its number if there is room."""
    colour = LEVEL_COLOURS[level]
    axes.add_patch(Rectangle((x, row - 0.42), days, 0.84, facecolor=colour, edgecolor="none", zorder=2))
    if days >= 3 and level > 0:
        ink = PAPER if sum(rgb_of(colour)) < 330 else INK
        axes.text(x + days / 2, row, str(level), fontsize=7, ha="center", va="center", color=ink, zorder=3)


def towns(axes: Axes, run: Run, look: FactionStyles) -> None:
    """Draw the towns each faction holds, named at the end."""
    title(axes, "Towns held")
    start = date2num(run.scenario.start)
    days = np.arange(len(run.daily))
    ends: list[tuple[float, str]] = []
    for code in look.codes:
        held = run.daily[f"{code}_towns"].to_numpy(float)
        if held.max() == 0:
            continue
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
            f"{look.names[code]} {int(value)}", (1.012, y), xycoords=("axes fraction", "data"), fontsize=8, va="center",
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
    heading = f"Changes of holder ({len(run.control_changes)}), in the new holder's colour; watched towns named"
    axes.set_title(heading, loc="left", fontsize=9.5, fontweight="bold", pad=14)
    start = date2num(run.scenario.start)
    named, free_after = watched(run), -np.inf
    wide = axes.get_position().width * axes.figure.get_figwidth()
    rows = records(run.control_changes.sort_values("day", kind="stable")) if len(run.control_changes) else []
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
