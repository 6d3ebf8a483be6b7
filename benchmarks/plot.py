"""The picture of a benchmark: growth on logarithmic axes, shares of rules, and the engine beside other models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.growth import LIMIT, TIME, WORK, Series
from benchmarks.measure import Figure
from sim.files import write_whole
from sim.plots.style import INK, OKABE_ITO, QUIET, new_figure, png_bytes, typography

MOST_RULES = 12
MOST_PARTS = 7
MARKS = "os^Dvp"


def draw(figures: Sequence[Figure], series: Sequence[Series], said: str, path: Path) -> Path:
    """Draw what was measured into a PNG file; `said` is the line below it. Parts that were not measured are left out."""
    panels: list[tuple[str, object]] = []
    for by, unit in (("towns", "towns"), ("forces", "forces, on 169 towns"), ("days", "days, on 169 towns")):
        chosen = [each for each in series if each.unit == TIME and each.by == by and not each.part.startswith("rule")]
        if chosen:
            panels.append((unit, chosen))
    counted = [each for each in series if each.unit == WORK and each.by == "towns" and each.told]
    if counted:  # the largest parts of the work
        panels.append(("towns", sorted(counted, key=lambda each: -each.amounts[-1])[:MOST_PARTS]))
    steps = [each for each in figures if each.part == "step of an agent" and "median" not in each.name]
    rules = [each for each in figures if each.part == "share"]
    panels += [("steps", steps)] if steps else []
    panels += [("rules", rules)] if rules else []
    columns = min(3, max(1, len(panels)))
    rows = max(1, math.ceil(len(panels) / columns))
    with typography():
        picture = new_figure(5.2 * columns, 4.1 * rows + 0.5)
        for number, (kind, what) in enumerate(panels, start=1):
            axes = picture.add_subplot(rows, columns, number)
            if kind == "steps":
                _steps(axes, what)  # type: ignore[arg-type]
            elif kind == "rules":
                _rules(axes, what)  # type: ignore[arg-type]
            else:
                _growth(axes, kind, what)  # type: ignore[arg-type]
        _finish(picture, said, rows)
        return write_whole(path, png_bytes(picture))


def _finish(picture: Picture, said: str, rows: int) -> None:
    bottom = 0.42 / (4.1 * rows + 0.5)
    picture.tight_layout(rect=(0, bottom, 1, 1), w_pad=2.5, h_pad=2.5)
    picture.text(0.012, bottom / 3, said, fontsize=8, color=QUIET)


def _growth(axes: Axes, unit: str, series: Sequence[Series]) -> None:
    """Draw time or work by size, with the exponents, and a thin line of exponent 1 through the first point of each."""
    for each, colour, mark in zip(series, OKABE_ITO * 2, MARKS * 2, strict=False):
        label = f"{each.part}: {each.exponent:.2f}; {each.last:.2f}"
        sizes, amounts = zip(*(each.told or zip(each.sizes, each.amounts, strict=True)), strict=True)
        axes.loglog(sizes, amounts, color=colour, marker=mark, markersize=5, linewidth=1.6, label=label)
        linear = [amounts[0] * size / sizes[0] for size in sizes]
        axes.loglog(sizes, linear, color=colour, linewidth=0.7, linestyle=(0, (2, 3)))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** (0.16 + 0.09 * len(series)))  # room for the legend
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high / low < 1e4 else (1.0,), numticks=20))
        axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(unit)
    counted = series[0].unit == WORK
    axes.set_ylabel("lines of rules run in a day" if counted else "seconds")
    axes.set_title(f"Growth of {'work' if counted else 'time'} with {unit.split(',')[0]}", loc="left")
    axes.legend(
        loc="upper left",
        fontsize=8,
        frameon=False,
        title=f"exponent; of the last step (at most {LIMIT}; dotted: 1)",
        title_fontsize=8,
    )
    axes.grid(which="major", color="#E3E5E8", linewidth=0.6)


def _steps(axes: Axes, figures: Sequence[Figure]) -> None:
    """Draw what a step of an agent costs, on a logarithmic axis."""
    ordered = sorted(figures, key=lambda each: -each.value)
    names = [each.name.replace(", same rules", "\n(same rules)") for each in ordered]
    colours = [OKABE_ITO[3] if "engine" in name else OKABE_ITO[0] if "same" in name else QUIET for name in names]
    axes.barh(names, [each.value for each in ordered], color=colours, height=0.6)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}"))
    axes.set_xlim(left=min(each.value for each in ordered) / 3, right=max(each.value for each in ordered) * 12)
    for row, each in enumerate(ordered):
        axes.text(each.value * 1.15, row, f"{each.value:.3g} µs", va="center", fontsize=8, color=INK)
    axes.set_xlabel("microseconds")
    axes.set_title("A step of an agent", loc="left")


def _rules(axes: Axes, figures: Sequence[Figure]) -> None:
    """Draw the share of each rule in the day."""
    shown = [(each.name, each.value) for each in figures[:MOST_RULES]]
    if rest := figures[MOST_RULES:]:
        shown.append((f"{len(rest)} more", sum(each.value for each in rest)))
    shown.reverse()
    axes.barh([name for name, _v in shown], [value for _n, value in shown], color=OKABE_ITO[5], height=0.7)
    for row, (_name, value) in enumerate(shown):
        axes.text(value + 0.3, row, f"{value:.0f}", va="center", fontsize=8, color=INK)
    axes.set_xlim(right=1.12 * max(value for _name, value in shown))
    axes.set_xlabel("% of the day")
    axes.set_title("Share of each rule", loc="left")
