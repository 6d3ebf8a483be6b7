"""How a town came to its holder over all runs of a study, as bars: one row a way, one panel a scenario, one scale."""

from __future__ import annotations

from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim import __version__
from sim.plots.style import INK, NEUTRAL, PAPER, QUIET, Look, look_of, new_figure, put_stamp, typography
from sim.statistics.shares import wilson
from sim.study.paths import TownPaths, Way, percent
from sim.study.store import Study

LEFT, PANEL, GAP = 4.1, 1.55, 0.22  # inches: words, width of a panel, space between panels
HEAD, FOOT, ROW = 1.3, 0.85, 0.46
LETTERS = 56
EDGE, LETTERS_AN_INCH = 0.35, 13.5
OTHER = "#C9CED2"


def why_study_picture(study: Study, paths: TownPaths) -> Figure:
    """Draw the share of runs by the way of the last change of holder, with 95 % intervals."""
    rows, panels = len(paths.ways), len(paths.scenarios)
    width, height = max(LEFT + panels * (PANEL + GAP) + EDGE, 8.0), HEAD + rows * ROW + FOOT
    reference = next(iter(study.scenarios.values()))
    look, top = look_of(reference), _scale(paths)
    with typography():
        figure = new_figure(width, height)
        _heading(figure, study, paths, width, height)
        panel = (width - LEFT - EDGE) / panels - GAP
        for number, name in enumerate(paths.scenarios):
            left = LEFT + number * (panel + GAP)
            axes = figure.add_axes((left / width, FOOT / height, panel / width, rows * ROW / height))
            _panel(axes, paths, number, name, look, top)
            if number == 0:
                _labels(axes, paths.ways)
        state = ", of a study under way" if study.partial else ""
        words = f"SIMULATED · {study.name} · {int(paths.runs.sum())} runs{state} · sim {__version__}"
        put_stamp(figure, reference, words, y=0.1 / height)
    return figure


def _heading(figure: Figure, study: Study, paths: TownPaths, width: float, height: float) -> None:
    counts = set(paths.runs.tolist())
    each = f"{counts.pop()} runs a scenario. " if len(counts) == 1 else ""
    said = (
        f"Share of runs by the last event that changed who holds it, and what led there, each kind of step once. {each}"
    )
    lines = wrap(f"{said}Lines are 95 % intervals (Wilson).", int((width - 0.5) * LETTERS_AN_INCH))
    title = f"How {paths.label} came to its holder"
    figure.text(0.25 / width, 1 - 0.14 / height, title, fontsize=14, fontweight="bold", va="top")
    figure.text(0.25 / width, 1 - 0.48 / height, "\n".join(lines[:2]), fontsize=9, color=QUIET, va="top")


def _scale(paths: TownPaths) -> float:
    shares = [np.nanmax(wilson(way.runs, paths.runs)[1]) for way in paths.ways if paths.runs.any()]
    return min(1.0, float(np.ceil(5 * max(shares, default=1.0)) / 5))


def _panel(axes: Axes, paths: TownPaths, number: int, name: str, look: Look, top: float) -> None:
    """Draw the bars of one scenario."""
    runs = int(paths.runs[number])
    axes.set_xlim(0, top * 1.22)  # room for the numbers behind the bars
    axes.set_ylim(len(paths.ways) - 0.5, -0.5)
    for row, way in enumerate(paths.ways):
        count = int(way.runs[number])
        if not runs:
            continue
        low, high = (float(end) for end in wilson(count, runs))
        fill = OTHER if not way.holder else look.colour(way.holder)
        hatch = "////" if way.holder == NEUTRAL else ""
        axes.barh(row, count / runs, 0.62, color=fill, edgecolor=INK, linewidth=0.6, hatch=hatch)
        axes.plot([low, high], [row, row], color=PAPER, linewidth=3.2, solid_capstyle="butt", zorder=3)
        axes.plot([low, high], [row, row], color=INK, linewidth=1.3, solid_capstyle="butt", zorder=4)
        axes.text(
            max(high, count / runs) + 0.02 * top, row, f"{percent(count / runs)}", fontsize=8, va="center_baseline"
        )
    title = name if len(set(paths.runs.tolist())) == 1 else f"{name}, {runs} runs"
    axes.set_title("\n".join(wrap(title.replace("_", " "), 19)), fontsize=9, loc="left", pad=5)
    ticks = [0, top / 2, top]
    axes.set_xticks(ticks, [percent(tick) for tick in ticks], fontsize=8)
    axes.set_yticks([])
    axes.tick_params(length=2.5)
    axes.grid(axis="x", color="#E4E7EA", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.9)


def _labels(axes: Axes, ways: tuple[Way, ...]) -> None:
    """Write what each row is, left of the first panel: the holder in bold, then the way."""
    for row, way in enumerate(ways):
        lines = wrap(way.text, LETTERS, break_on_hyphens=False)[:2]
        at = {"xy": (0, row), "xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
        if not way.holder:
            axes.annotate("\n".join(lines), xytext=(-7, 0), fontsize=8.2, va="center", color=QUIET, **at)
            continue
        axes.annotate(way.holder, xytext=(-7, 4), fontsize=8.2, fontweight="bold", va="bottom", **at)
        axes.annotate("\n".join(lines), xytext=(-7, 3), fontsize=7.4, va="top", **at)
