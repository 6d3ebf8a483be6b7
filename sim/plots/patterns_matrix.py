"""Picture of an ablation study: ablations in rows, patterns in columns, each cell with its verdict and strain."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from sim.history.ablations import FULL, Ablated
from sim.history.say import number
from sim.plots.style import (
    INK,
    OKABE_ITO,
    QUIET,
    new_figure,
    pale,
    png_bytes,
    put_stamp,
    svg_bytes,
    typography,
    write_whole,
)
from sim.scenario.schema import Scenario

PASS, NONE = pale(OKABE_ITO[3], 0.6), "#EEEEEC"
FAILS = (pale(OKABE_ITO[1], 0.55), pale(OKABE_ITO[2], 0.45), pale(OKABE_ITO[2], 0.1))  # strain to 1.5, to 3, beyond
STEPS = (1.5, 3.0)
CELL = 0.62  # inches
NAMES = 3.1


def matrix(found: Ablated, scenario: Scenario) -> Figure:
    """Return the matrix of ablations and patterns."""
    from sim import __version__

    patterns, names = list(found.declared.patterns), list(found.cards)
    width, height = NAMES + CELL * (len(patterns) + 1) + 0.3, 0.32 * len(names) + 2.2
    with typography():
        figure = new_figure(width, height)
        axes = figure.add_axes(
            (NAMES / width, 0.5 / height, CELL * (len(patterns) + 1) / width, 0.32 * len(names) / height)
        )
        axes.set(xlim=(0, len(patterns) + 1), ylim=(len(names), 0))
        axes.set_axis_off()
        for y, name in enumerate(names):
            _line(axes, found, name, y)
        for x, pattern in enumerate(patterns):
            weight = found.declared.patterns[pattern].weight
            axes.text(
                x + 0.5,
                -0.25,
                pattern,
                ha="center",
                va="bottom",
                fontsize=9,
                fontweight="bold" if weight == "mandatory" else None,
            )
        axes.text(len(patterns) + 0.5, -0.25, "passed", ha="center", va="bottom", fontsize=8.5, color=QUIET)
        _head(figure, found, height)
        runs = f"{found.full.runs} runs each of {found.full.rows[0].days} days"
        put_stamp(figure, scenario, f"SIMULATED · {scenario.title} · {runs} · sim {__version__}")
    return figure


def _line(axes: Axes, found: Ablated, name: str, y: int) -> None:
    card, same = found.cards[name], found.verdicts(name) == found.verdicts(FULL)
    bold = "bold" if name == FULL else None
    axes.text(
        -0.15,
        y + 0.5,
        found.words[name],
        ha="right",
        va="center",
        fontsize=8.5,
        color=QUIET if same and not bold else INK,
        fontweight=bold,
    )
    for x, (pattern, verdict) in enumerate(card.verdicts.items()):
        strain = found.strain(name, pattern)
        axes.add_patch(Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, color=_colour(verdict, strain), lw=0))
        changed = verdict != found.full.verdicts[pattern]
        if changed:
            axes.add_patch(Rectangle((x + 0.06, y + 0.09), 0.88, 0.82, fill=False, edgecolor=INK, lw=1.3))
        said = "-" if math.isnan(strain) else "∞" if math.isinf(strain) else number(strain)
        mark = "✗ " if verdict == "fail" else ""
        axes.text(x + 0.5, y + 0.52, mark + said, ha="center", va="center", fontsize=7.5, color=INK)
    axes.text(
        len(card.verdicts) + 0.5,
        y + 0.52,
        str(len(card.passed)),
        ha="center",
        va="center",
        fontsize=8.5,
        fontweight=bold,
    )


def _colour(verdict: str, strain: float) -> str:
    if verdict == "pass":
        return PASS
    if verdict != "fail":
        return NONE
    return FAILS[sum(strain > step for step in STEPS)]


def _head(figure: Figure, found: Ablated, height: float) -> None:
    inch = 1 / height
    figure.text(0.02, 1 - 0.15 * inch, "Which patterns need which mechanism", fontsize=13, fontweight="bold", va="top")
    said = (
        "Number: distance of the median run from the middle of the accepted range, in half-widths (over 1 is outside),\n"
        "of the figure farthest out. ✗ also where the observation is outside the band of 90 % of runs. Grey names: same verdicts as the full model."
    )
    figure.text(0.02, 1 - 0.45 * inch, said, fontsize=7.5, color=QUIET, va="top", linespacing=1.4)
    labels = ("fails", f"fails, beyond {STEPS[0]:g}", f"fails, beyond {STEPS[1]:g}")
    marks = [Patch(color=PASS, label="passes"), *(Patch(color=c, label=w) for c, w in zip(FAILS, labels, strict=True))]
    marks += [
        Patch(color=NONE, label="not judged"),
        Patch(fill=False, edgecolor=INK, lw=1.3, label="not as in the full model"),
    ]
    figure.legend(
        handles=marks, ncols=6, fontsize=8, frameon=False, loc="upper left", borderaxespad=0, borderpad=0,
        bbox_to_anchor=(0.02, 1 - 0.95 * inch), handletextpad=0.5, columnspacing=1.3,
    )  # fmt: skip


def draw_ablated(found: Ablated, scenario: Scenario, folder: Path) -> list[Path]:
    """Write the matrix as PNG and SVG into a folder; return the files."""
    figure = matrix(found, scenario)
    return [
        write_whole(folder / "ablations.png", png_bytes(figure)),
        write_whole(folder / "ablations.svg", svg_bytes(figure)),
    ]
