"""Maps of many runs: where control differs, who holds a town in which share of runs, how uncertain that is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.comparison.figure import ComparisonFigure, Grid, looks_of, words_of
from sim.plots.comparison.sheet import NARROW_MM, Mark, Sheet, Symbol
from sim.plots.labels import Box, place_labels
from sim.plots.map.geometry import Ground, ground_of, stripes
from sim.plots.map.matplotlib_painter import HALO, add_lines, add_shapes, frame_axes, paint
from sim.plots.map.primitives import Area, Areas, Stroke, outline
from sim.plots.style import INK, PAPER, QUIET, UNKNOWN, ZONE_INK, pale, typography
from sim.scenario.schema import CODE_WORDS, MIXED, NEUTRAL
from sim.text import clause_list

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, ControlContrast

GAIN_CLASSES = (0.05, 0.15, 0.30)  # shares of runs
GAIN_PALE = (0.80, 0.58, 0.32, 0.0)  # share of white of the four classes
GAIN_RADII = (1.5, 2.4, 3.4, 4.4)  # points
SHARE_CLASSES = (0.05, 0.25, 0.50, 0.75, 0.95)
SHARE_COLOURS = ("#FBFBF8", "#DCE6E4", "#A9C6C6", "#6D9DA5", "#376F80", "#123F52")  # light to dark, also in grey
ENTROPY_CLASSES = (0.05, 0.2, 0.4, 0.6, 0.8)
ENTROPY_COLOURS = ("#FBFBF8", "#EFE3D3", "#DDBF9B", "#C1905F", "#8D5F35", "#4E3118")
HATCH_GAP_INCH = 0.035
NAMES_PER_INCH = 2.0  # of resolved towns, per square inch of map
LEAST_GAIN = 0.005  # a difference below half a point is none on a map


@lru_cache(maxsize=2)
def ground_for(comparison: Comparison) -> Ground:
    """Return the map that all scenarios share, made once for all figures."""
    return ground_of(comparison.models[comparison.reference], comparison.geography)


def chosen_day(comparison: Comparison, day: int | None) -> int:
    """Return the row of Control.days nearest to a day; the last if none is given."""
    days = comparison.control.days
    return len(days) - 1 if day is None else int(np.abs(days - day).argmin())


def when_text(comparison: Comparison, k: int) -> str:
    """Say a chosen day: "at the end (day 180)" or "on day 30"."""
    days = comparison.control.days
    return f"at the end (day {days[k]})" if k == len(days) - 1 else f"on the morning of day {days[k]}"


def code_text(comparison: Comparison, code: str) -> str:
    """Say a control code as readers do."""
    return CODE_WORDS.get(code, code)


def difference_map(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw, for each scenario but the reference, who holds each town more often, with unresolved towns hatched."""
    k, control, names = chosen_day(comparison, day), comparison.control, looks_of(comparison)
    ground = ground_for(comparison)
    reference = names[comparison.reference].letter
    titles = [f"{names[c.scenario].letter} {c.scenario} less {reference}" for c in control.contrasts]
    grid = _map_grid(width_mm, titles, ground, 1.45 if width_mm <= NARROW_MM else 2.2)
    title = f"Where control differs {when_text(comparison, k)}"
    note = (
        f"Colour and shape: who holds the town in more runs than in the reference ({reference}, {comparison.reference}); "
        f"depth and size: in how many more. Numbers: points of percent, resolved towns. {control.note}"
    )
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, grid.body, _gain_key(comparison, ground, k))
        for axes, contrast in zip(grid.panels(sheet), control.contrasts, strict=True):
            _gains(axes, comparison, ground, contrast, k, grid.type.small)
    sentences = " ".join(contrast.sentence for contrast in control.contrasts) if k == len(control.days) - 1 else ""
    return ComparisonFigure(sheet.figure, difference_table(comparison, k), title, f"{title}. {sentences} {note}")


def difference_table(comparison: Comparison, k: int) -> pd.DataFrame:
    """Return every contrast of one day as a table: a row for each scenario, town and code."""
    control, parts = comparison.control, []
    T, C = len(control.towns), len(control.codes)
    for contrast in control.contrasts:
        columns = {
            "scenario": contrast.scenario, "reference": comparison.reference, "pairs": contrast.pairs,
            "day": int(control.days[k]), "town": np.repeat(control.towns, C), "code": np.tile(control.codes, T),
            "difference": contrast.difference[k].reshape(-1), "low": contrast.low[k].reshape(-1),
            "high": contrast.high[k].reshape(-1), "p": contrast.p[k].reshape(-1),
            "resolved": contrast.resolved[k].reshape(-1).astype(int),
            "town_resolved": np.repeat(contrast.town_resolved[k].astype(int), C),
        }  # fmt: skip
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def gainers(contrast: ControlContrast, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the code that gains most in each town, i8 [T], -1 for none worth drawing, and its gain, f8 [T]."""
    code = contrast.difference[k].argmax(axis=1)
    gain = contrast.difference[k].max(axis=1)
    return np.where(gain >= LEAST_GAIN, code, -1), gain


def _map_grid(width_mm: float, titles: list[str], ground: Ground, least: float) -> Grid:
    west, east, south, north = ground.extent
    shape = (north - south) / (east - west)
    return Grid(width_mm, titles, least, 0.0, left=0.0, right=0.0, bottom=0.0, gap=0.08, shape=shape, most=4)


def _base(axes: Axes, ground: Ground) -> float:
    """Prepare a map panel; return how many km an inch shows."""
    frame_axes(axes, ground.extent)
    axes.apply_aspect()
    for spine in axes.spines.values():
        spine.set_visible(True)
    return float((ground.extent[1] - ground.extent[0]) / (axes.get_window_extent().width / axes.figure.dpi))


def _cells(axes: Axes, ground: Ground, fills: list[str]) -> None:
    items = tuple(Area(cell, fill) for cell, fill in zip(ground.cells, fills, strict=True))
    paint(axes, [Areas(items, width=0.4)])


def _lines(axes: Axes, ground: Ground) -> None:
    add_lines(axes, ground.motorways, "#A79E95", 0.8, 1.5)
    paint(axes, [Stroke("zone", tuple(ground.zone), ZONE_INK, 0.9, (4.5, 2.25), cased=True)], 1.7)


def _gains(
    axes: Axes, comparison: Comparison, ground: Ground, contrast: ControlContrast, k: int, points: float
) -> None:
    codes, gain = gainers(contrast, k)
    colours = [_code_colour(ground, comparison.control.codes[c]) if c >= 0 else "" for c in codes]
    step = np.searchsorted(GAIN_CLASSES, gain, side="right")
    scale = _base(axes, ground)
    _cells(axes, ground, [pale(c, GAIN_PALE[s]) if c else PAPER for c, s in zip(colours, step, strict=True)])
    doubtful = np.flatnonzero((codes >= 0) & ~contrast.town_resolved[k])
    hatching = [line for i in doubtful for line in stripes(ground.cells[i], HATCH_GAP_INCH * scale)]
    add_lines(axes, hatching, "#6B6660", 0.45, 1.4)
    _lines(axes, ground)
    radii = np.zeros(len(codes))
    for town in np.argsort(-gain, kind="stable"):
        if codes[town] < 0:
            continue
        radii[town] = GAIN_RADII[step[town]]
        shape = ground.look.shape(comparison.control.codes[codes[town]])
        add_shapes(
            axes,
            shape,
            ground.at[[town]],
            radii[[town]],
            colours[town],
            INK if colours[town] == PAPER else PAPER,
            0.6,
            4,
        )
    names = {
        int(i): f"{ground.names[i]} {100 * gain[i]:+.0f}"
        for i in np.flatnonzero(contrast.town_resolved[k] & (codes >= 0))
    }
    names |= {i: ground.names[i] for i in ground.watch if i not in names}
    order = sorted(names, key=lambda i: (i not in ground.watch, -gain[i], i))
    box = axes.get_window_extent()
    room = len(ground.watch) + int(NAMES_PER_INCH * box.width * box.height / axes.figure.dpi**2)
    place_texts(axes, ground, {i: names[i] for i in order[:room]}, radii, points)


def place_texts(axes: Axes, ground: Ground, texts: dict[int, str], radii: np.ndarray, points: float) -> list[Box]:
    """Write texts beside towns, in their order, if there is room; return their boxes in pixels."""
    pixel, seen = axes.figure.dpi / 72, axes.get_window_extent()
    at = axes.transData.transform(ground.at)
    sizes = np.zeros((len(at), 2))
    for i, text in texts.items():
        probe = axes.text(0, 0, text, fontsize=points)
        box = probe.get_window_extent()
        probe.remove()
        sizes[i] = (box.width, box.height)
    frame = Box(seen.x0 + 2, seen.y0 + 2, seen.x1 - 2, seen.y1 - 2)
    placed = place_labels(
        at, sizes, (radii + 0.8) * pixel, np.array(list(texts), int), frame, [], must=frozenset(texts), margin=1.5
    )
    back = axes.transData.inverted()
    for i, box in placed.items():
        x, y = back.transform((box.left, box.bottom))
        axes.text(x, y, texts[i], fontsize=points, va="bottom", ha="left", path_effects=HALO, zorder=7)
    return list(placed.values())


def _code_colour(ground: Ground, code: str) -> str:
    return UNKNOWN if code == MIXED else ground.look.colour(code)


def _gain_key(comparison: Comparison, ground: Ground, k: int) -> list[Mark]:
    control = comparison.control
    seen = {int(c) for contrast in control.contrasts for c in gainers(contrast, k)[0] if c >= 0}
    marks = []
    for c in sorted(seen):
        code = control.codes[c]
        colour = _code_colour(ground, code)
        symbol = Symbol(ground.look.shape(code), 4.0, colour, INK if colour == PAPER else PAPER)
        marks.append(Mark(f"more often {code_text(comparison, code)}", symbols=(symbol,)))
    sizes = ("under 5", "5 to 15", "15 to 30", "over 30 points")
    for text, radius in zip(sizes, GAIN_RADII, strict=True):
        marks.append(Mark(text, symbols=(Symbol(outline("circle"), radius, QUIET),)))
    marks.append(Mark("not resolved", fill="#E9E7E1", hatch="//////", edge="#6B6660"))
    marks.append(Mark("no difference", fill=PAPER, edge=QUIET))
    return marks


def probability_map(comparison: Comparison, code: str, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw in which share of runs a faction holds each town, a panel for each scenario."""
    k, control = chosen_day(comparison, day), comparison.control
    c = control.codes.index(code)
    who = {MIXED: "Towns contested", NEUTRAL: "Towns held by nobody"}.get(code, f"Towns held by {code}")
    title = f"{who} {when_text(comparison, k)}: share of runs"
    values = {name: control.shares[name][k][:, c] for name in comparison.scenarios}
    bounds = ("under 5 %", "5 to 25", "25 to 50", "50 to 75", "75 to 95", "over 95 %")
    table = _town_table(comparison, k, values, "share").assign(code=code)
    return _shaded(comparison, title, values, (SHARE_CLASSES, SHARE_COLOURS, bounds), table, width_mm)


def entropy_map(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw how uncertain the holder of each town is, a panel for each scenario."""
    k, control = chosen_day(comparison, day), comparison.control
    title = f"How uncertain the holder is {when_text(comparison, k)}: entropy over runs"
    values = {name: control.entropy[name][k] for name in comparison.scenarios}
    bounds = ("under 0.05 (certain)", "0.05 to 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "over 0.8 (open)")
    table = _town_table(comparison, k, values, "entropy")
    return _shaded(comparison, title, values, (ENTROPY_CLASSES, ENTROPY_COLOURS, bounds), table, width_mm)


def _town_table(comparison: Comparison, k: int, values: dict[str, np.ndarray], column: str) -> pd.DataFrame:
    control = comparison.control
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "scenario": name, "runs": control.runs[name], "day": int(control.days[k]), "town": control.towns,
                    column: values[name],
                }
            )
            for name in comparison.scenarios
        ],
        ignore_index=True,
    )  # fmt: skip


def _shaded(
    comparison: Comparison,
    title: str,
    values: dict[str, np.ndarray],
    scale: tuple[tuple[float, ...], tuple[str, ...], tuple[str, ...]],
    table: pd.DataFrame,
    width_mm: float,
) -> ComparisonFigure:
    """Draw a panel for each scenario with its towns' cells shaded by a value in classes."""
    classes, colours, bounds = scale
    ground = ground_for(comparison)
    names = looks_of(comparison)
    grid = _map_grid(width_mm, [names[name].text for name in comparison.scenarios], ground, 1.45)
    key = [Mark(text, fill=colour, edge=QUIET) for text, colour in zip(bounds, colours, strict=True)]
    runs = clause_list(f"{n:,} of {name}" for name, n in comparison.control.runs.items())
    note = f"Shades are classes of the value over the runs of each scenario ({runs}); no sampling error is shown."
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), comparison.scenarios, strict=True):
            _base(axes, ground)
            step = np.searchsorted(classes, values[name], side="right")
            _cells(axes, ground, [colours[s] for s in step])
            _lines(axes, ground)
            add_shapes(axes, outline("circle"), ground.at, np.full(len(ground.at), 0.9), QUIET, PAPER, 0.3, 3)
            texts = {i: ground.names[i] for i in ground.watch}
            place_texts(axes, ground, texts, np.full(len(ground.at), 1.2), grid.type.small)
    return ComparisonFigure(sheet.figure, table, title, f"{title}. {note}")
