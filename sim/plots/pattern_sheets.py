"""Pictures of the pattern card, and of patterns by ablated rule."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from sim.files import write_whole
from sim.plots.style import (
    EVIDENCE_INK,
    INK,
    OKABE_ITO,
    QUIET,
    ZONE_INK,
    new_figure,
    pale,
    png_bytes,
    put_stamp,
    svg_bytes,
    typography,
)
from sim.scenario.schema import Scenario
from sim.text import capitalised
from sim.validation.ablation import FULL, Ablated
from sim.validation.pattern_card import Card, FigureRow
from sim.validation.pattern_report import interval, null_words, number, short

BARS = pale(OKABE_ITO[0], 0.45)
ACCEPT = pale(OKABE_ITO[3], 0.72)
ACROSS = 6
BINS = 24
COUNTED = ("days", "deaths", "places", "towns")
WORDS = {"pass": "passes", "fail": "fails", "not judged": "not judged", "shown": "shown", "none": "gives none"}
MARKERS = {"hawkes": ("^", "Hawkes"), "two_level": ("D", "two levels"), "poisson": ("o", "Poisson")}
NULL_INK = ZONE_INK
Beside = Sequence[tuple[str, FigureRow]]  # the rows of the same figure on the cards of the nulls


SHEET_TITLE = "Patterns: what was observed, and what runs give"
WHOLE_TITLE = "The same patterns over the whole record, windows not aligned"


def sheet(card: Card, scenario: Scenario, title: str = SHEET_TITLE) -> Figure:
    """Return one sheet with a small panel for every figure."""
    down = -(-len(card.rows) // ACROSS)
    with typography():
        figure = new_figure(16.5, 2.1 * down + 2.0)
        high = figure.get_figheight()
        grid = figure.add_gridspec(
            down, ACROSS, left=0.02, right=0.985, top=1 - 1.45 / high, bottom=0.75 / high, wspace=0.14, hspace=0.95
        )
        for index, row in enumerate(card.rows):
            panel(figure.add_subplot(grid[index // ACROSS, index % ACROSS]), row, 7.5, beside(card, row))
        head(figure, title, card.about, 1 - 0.12 / high, bool(card.nulls))
        _finish(figure, card, scenario)
    return figure


def pattern_figure(card: Card, pattern: str, scenario: Scenario) -> Figure:
    """Return the picture of one pattern, its figures side by side."""
    rows, declared = card.rows_of(pattern), card.declared.patterns[pattern]
    with typography():
        width = max(7.0, 3.5 * len(rows))
        figure = new_figure(width, 4.9)
        grid = figure.add_gridspec(1, len(rows), left=0.03, right=0.97, top=0.64, bottom=0.27, wspace=0.14)
        for index, row in enumerate(rows):
            panel(figure.add_subplot(grid[0, index]), row, 9, beside(card, row))
        of = "; ".join(dict.fromkeys(row.of for row in rows)) + null_words(card, pattern)
        head(figure, f"{pattern}: {declared.title}", of, 0.975, bool(card.nulls))
        sentence = "Observed: " + declared.source + (f". {capitalised(declared.note)}" if declared.note else "")
        lines = textwrap.fill(f"{sentence}.", int(width * 15.5))
        figure.text(0.02, 0.065, lines, fontsize=7.5, color=QUIET, va="bottom")
        _finish(figure, card, scenario)
    return figure


def beside(card: Card, row: FigureRow) -> Beside:
    """Return the rows of a figure on the cards of the nulls."""
    return [(name, one) for name, null in card.nulls for one in null.rows if one.figure == row.figure]


def head(figure: Figure, title: str, about: str, top: float, nulls: bool = False) -> None:
    """Write the title, what the runs are and the key of the marks."""
    inch = 1 / figure.get_figheight()
    size = min(13.0, 13.0 * 7.6 * figure.get_figwidth() / len(title))
    figure.text(0.02, top, title, fontsize=size, fontweight="bold", va="top")
    figure.text(
        0.02,
        top - 0.3 * inch,
        textwrap.shorten(about, int(13 * figure.get_figwidth()), placeholder=" ..."),
        fontsize=8.5,
        color=QUIET,
        va="top",
    )
    marks = [
        Patch(color=BARS, label="simulated runs"),
        Line2D([], [], color=INK, marker="|", markersize=9, lw=2.5, label="median, 90 % of runs"),
        Patch(color=ACCEPT, label="accepted for the median"),
        Patch(color=EVIDENCE_INK, label="observed"),
    ]
    if nulls:
        marks += [
            Line2D([], [], color=NULL_INK, marker=marker, markersize=4.5, lw=0, label=f"median, {label}")
            for marker, label in MARKERS.values()
        ]
    wide = figure.get_figwidth() >= 10
    legend = figure.legend(
        handles=marks, ncols=len(marks) if wide else 4, fontsize=8.5, frameon=False, loc="upper left", borderaxespad=0, borderpad=0,
        handletextpad=0.5, columnspacing=1.5, bbox_to_anchor=(0.02, top - 0.52 * inch),
    )  # fmt: skip
    legend.set_zorder(5)


def panel(axes: Axes, row: FigureRow, size: float, nulls: Beside = ()) -> None:
    """Draw one figure: histogram over runs, band, median, tolerance, observation, medians of nulls."""
    finite = row.values[np.isfinite(row.values)]
    low, high = _limits(row, finite)
    if row.accept is not None:
        axes.axvspan(row.accept.low, row.accept.high, color=ACCEPT, lw=0, zorder=0)
    top = _bars(axes, finite, low, high)
    _observed(axes, row, high - low)
    if np.isfinite(row.median):
        ends = [min(max(end, low), high) for end in (row.low, row.high)]
        axes.plot(ends, [-0.13 * top] * 2, color=INK, lw=2.5, solid_capstyle="butt", zorder=4)
        axes.plot([row.median], [-0.13 * top], marker="|", markersize=9, mew=2, color=INK, zorder=5)
    for index, (name, null) in enumerate(nulls):
        if low <= null.median <= high:
            axes.plot(
                [null.median], [(-0.28 - 0.1 * index) * top], MARKERS[name][0], color=NULL_INK, markersize=4.5, zorder=5
            )
    axes.set(xlim=(low, high), ylim=((-0.56 if nulls else -0.26) * top, 1.08 * top), yticks=[])
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.tick_params(labelsize=size - 0.5, colors=INK, length=2.5, pad=1.5)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(_missing(row, len(row.values) - len(finite)), fontsize=size - 0.5, color=QUIET, labelpad=1)
    colour = {"pass": OKABE_ITO[3], "fail": EVIDENCE_INK}.get(row.verdict, QUIET)
    if nulls:
        axes.annotate(
            _null_text(nulls),
            (0, 1),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=size - 1,
            color=NULL_INK,
        )
    up = size + 3 if nulls else 0
    axes.set_title(f"{row.pattern}  {short(row.figure)}", fontsize=size + 0.5, loc="left", pad=up + size + 6, color=INK)
    cases = "" if row.cases is None else f" (n {row.cases})"
    text = f"observed {interval(row.observed)}{cases}, runs {number(row.median)}: "
    words = axes.annotate(
        text,
        (0, 1),
        (0, 4 + up),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=size - 0.5,
        color=QUIET,
    )
    axes.annotate(
        WORDS[row.verdict], (1, 0), (1, 0), xycoords=words, textcoords="offset points", fontsize=size - 0.5, color=colour,
        fontweight="bold", va="bottom",
    )  # fmt: skip


def _null_text(nulls: Beside) -> str:
    """Return the verdicts of the nulls on a figure."""
    verdicts = {null.verdict for _, null in nulls}
    if verdicts == {"none"}:
        return "no null gives it"
    if verdicts == {"shown"}:
        return ""
    return ", ".join(f"{MARKERS[name][1]} {WORDS[null.verdict]}" for name, null in nulls)


def _bars(axes: Axes, finite: np.ndarray, low: float, high: float) -> float:
    """Draw the histogram and return the height of its highest bar, 1 if there is none."""
    inside = finite[(finite >= low) & (finite <= high)]
    if not len(inside):
        return 1.0
    whole = bool(np.all(inside == np.round(inside))) and high - low <= 2 * BINS
    edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + 1) if whole else np.linspace(low, high, BINS + 1)
    counts, _, _ = axes.hist(inside, bins=list(edges), color=BARS, edgecolor="white", linewidth=0.4, zorder=2)
    return float(np.max(counts))


def _observed(axes: Axes, row: FigureRow, width: float) -> None:
    if row.observed.low < row.observed.high:
        axes.axvspan(row.observed.low, row.observed.high, color=EVIDENCE_INK, alpha=0.13, lw=0, zorder=1)
    for edge in {row.observed.low, row.observed.high}:
        axes.axvline(edge, color=EVIDENCE_INK, lw=1.6, zorder=3)


def _limits(row: FigureRow, finite: np.ndarray) -> tuple[float, float]:
    """Return what the axis spans: tolerance, observation, and nearly all runs."""
    ends = [row.observed.low, row.observed.high]
    ends += list(np.quantile(finite, [0.01, 0.95])) if len(finite) else []
    if row.accept is not None:
        far = 3 * (max(ends) - min(ends)) or math.inf  # a tolerance that ends far off is cut
        ends += [max(row.accept.low, min(ends) - far), min(row.accept.high, max(ends) + far)]
    low, high = min(ends), max(ends)
    gap = 0.06 * (high - low) or 1.0
    gap = max(gap, 0.7) if row.unit in COUNTED else gap  # room for the bar of a whole number
    return (low - gap if low < 0 or low > 3 * gap else -gap), high + gap


def _missing(row: FigureRow, endless: int) -> str:
    """Say the unit, in how many runs the figure is not there, and in how many it has no end."""
    gone = row.runs - len(row.values)
    parts = [row.unit, f"{gone} of {row.runs} runs without" if gone else "", f"{endless} never" if endless else ""]
    return "; ".join(part for part in parts if part)


def _finish(figure: Figure, card: Card, scenario: Scenario) -> None:
    from sim import __version__

    put_stamp(figure, scenario, f"SIMULATED · {scenario.title} · {card.runs} runs · sim {__version__}")


def draw_card(card: Card, scenario: Scenario, folder: Path) -> list[Path]:
    """Write the sheet, and a picture of each pattern, as PNG and SVG into a folder; return the files."""
    written = []
    drawn = [("patterns", sheet(card, scenario))]
    drawn += [(pattern, pattern_figure(card, pattern, scenario)) for pattern in card.verdicts]
    drawn += [("patterns_whole", sheet(card.whole, scenario, WHOLE_TITLE))] if card.whole is not None else []
    for name, figure in drawn:
        written.append(write_whole(folder / f"{name}.png", png_bytes(figure)))
        written.append(write_whole(folder / f"{name}.svg", svg_bytes(figure)))
    return written


PASS, NONE = pale(OKABE_ITO[3], 0.6), "#EEEEEC"
FAILS = (pale(OKABE_ITO[1], 0.55), pale(OKABE_ITO[2], 0.45), pale(OKABE_ITO[2], 0.1))  # strain to 1.5, to 3, beyond
STEPS = (1.5, 3.0)
CELL = 0.62  # inches
NAMES = 3.1


def matrix(ablated: Ablated, scenario: Scenario) -> Figure:
    """Return the matrix of ablations and patterns."""
    from sim import __version__

    patterns, names = list(ablated.declared.patterns), list(ablated.cards)
    width, height = NAMES + CELL * (len(patterns) + 1) + 0.3, 0.32 * len(names) + 2.2
    with typography():
        figure = new_figure(width, height)
        axes = figure.add_axes(
            (NAMES / width, 0.5 / height, CELL * (len(patterns) + 1) / width, 0.32 * len(names) / height)
        )
        axes.set(xlim=(0, len(patterns) + 1), ylim=(len(names), 0))
        axes.set_axis_off()
        for y, name in enumerate(names):
            _line(axes, ablated, name, y)
        for x, pattern in enumerate(patterns):
            weight = ablated.declared.patterns[pattern].weight
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
        _head(figure, ablated, height)
        runs = f"{ablated.full.runs} runs each of {ablated.full.rows[0].days} days"
        put_stamp(figure, scenario, f"SIMULATED · {scenario.title} · {runs} · sim {__version__}")
    return figure


def _line(axes: Axes, ablated: Ablated, name: str, y: int) -> None:
    card, same = ablated.cards[name], ablated.verdicts(name) == ablated.verdicts(FULL)
    bold = "bold" if name == FULL else None
    axes.text(
        -0.15,
        y + 0.5,
        ablated.words[name],
        ha="right",
        va="center",
        fontsize=8.5,
        color=QUIET if same and not bold else INK,
        fontweight=bold,
    )
    for x, (pattern, verdict) in enumerate(card.verdicts.items()):
        strain = ablated.strain(name, pattern)
        axes.add_patch(Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, color=_colour(verdict, strain), lw=0))
        changed = verdict != ablated.full.verdicts[pattern]
        if changed:
            axes.add_patch(Rectangle((x + 0.06, y + 0.09), 0.88, 0.82, fill=False, edgecolor=INK, lw=1.3))
        strain_text = "-" if math.isnan(strain) else "∞" if math.isinf(strain) else number(strain)
        mark = "✗ " if verdict == "fail" else ""
        axes.text(x + 0.5, y + 0.52, mark + strain_text, ha="center", va="center", fontsize=7.5, color=INK)
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


def _head(figure: Figure, ablated: Ablated, height: float) -> None:
    inch = 1 / height
    figure.text(0.02, 1 - 0.15 * inch, "Which patterns need which mechanism", fontsize=13, fontweight="bold", va="top")
    note = (
        "Number: distance of the median run from the middle of the accepted range, in half-widths (over 1 is outside),\n"
        "of the figure farthest out. ✗ also where the observation is outside the band of 90 % of runs. Grey names: same verdicts as the full model."
    )
    figure.text(0.02, 1 - 0.45 * inch, note, fontsize=7.5, color=QUIET, va="top", linespacing=1.4)
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


def draw_ablated(ablated: Ablated, scenario: Scenario, folder: Path) -> list[Path]:
    """Write the matrix as PNG and SVG into a folder; return the files."""
    figure = matrix(ablated, scenario)
    return [
        write_whole(folder / "ablations.png", png_bytes(figure)),
        write_whole(folder / "ablations.svg", svg_bytes(figure)),
    ]
