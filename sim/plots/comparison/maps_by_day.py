"""Maps of a study by day: where control differs from the reference, in which share of runs a side holds each town, where fighting begins."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.control import first_clash_table
from sim.comparison.results import Comparison
from sim.plots.comparison.control_maps import (
    NAMED,
    SHARE_BOUNDS,
    SHARE_CLASSES,
    SHARE_WHITE,
    Gains,
    code_colour,
    difference_table,
    gain_key,
    ground_for,
    map_grid_of,
    map_lines,
    map_panel,
    place_texts,
    shade_cells,
)
from sim.plots.comparison.figure import ComparisonFigure, by_scenario, looks_of, words_of
from sim.plots.comparison.sheet import Mark, Sheet, Symbol
from sim.plots.map.geometry import Ground
from sim.plots.map.matplotlib_painter import add_shapes
from sim.plots.map.primitives import outline
from sim.plots.style import INK, PAPER, QUIET, pale, typography
from sim.results.phrases import held_text
from sim.text import clause_list, day_text, percent

FIGHTING = "#9E2A2B"  # of shades of towns with fighting
LEAST_RING = 0.02  # share of runs
RINGS = (
    (LEAST_RING, 1.5),
    (0.05, 2.4),
    (0.15, 3.4),
    (0.3, 4.6),
)  # shares of runs from which a ring has a radius in points
MOST_NAMED = 6  # towns in which fighting begins
MANY = 8  # maps on a sheet
LEAST_WIDE = 0.9  # inches, of a map


def differences_by_day(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town in more runs than in the reference, in a map for each scenario and some kept days."""
    control, ground, names = comparison.control, ground_for(comparison), looks_of(comparison)
    rows = _rows(comparison, after_start=True, most=max(2, MANY // len(control.contrasts)))
    gains = [Gains(comparison, ground, contrast, k) for contrast in control.contrasts for k in rows]
    ends = [
        f"{int(gains[(n + 1) * len(rows) - 1].sure.sum())} in {c.scenario}" for n, c in enumerate(control.contrasts)
    ]
    title = f"Towns whose control differs at the end, of {len(control.towns)}: {clause_list(ends)}"
    about = f"Who holds each town in more runs than in {comparison.reference}, on days {_days_text(comparison, rows)}"
    note = f"Depth: in how many more runs. White: no difference is resolved. {control.note}"
    key = [
        mark for mark in gain_key(ground, gains) if mark.text.startswith("more often") or mark.text == "not resolved"
    ]
    whens = _headings(comparison, rows)
    headings = [f"{names[contrast.scenario].letter} {when}" for contrast in control.contrasts for when in whens]
    with typography():
        grid = map_grid_of(width_mm, headings, ground, LEAST_WIDE)
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key)
        for axes, each in zip(grid.panels(sheet), gains, strict=True):
            map_panel(axes, ground)
            shade_cells(axes, ground, each.fills)
    table = pd.concat([difference_table(comparison, k) for k in rows], ignore_index=True)
    return ComparisonFigure(sheet.figure, table, title, f"{title}. {about}. {note}")


def first_clash_map(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw in which share of runs each town has had a clash by a day, and in which share fighting begins there: a panel a scenario."""
    clashes, ground, names = comparison.first_clashes, ground_for(comparison), looks_of(comparison)
    if clashes is None:
        raise KeyError("first_clashes")
    last = clashes.days - 1 if day is None else min(max(day, 0), clashes.days - 1)
    runs = {name: len(first) for name, first in clashes.first.items()}
    opened = {name: clashes.opened(name, last) / runs[name] for name in runs}
    most = int(opened[comparison.reference].argmax())
    when = day_text(comparison.models[comparison.reference].start + timedelta(days=last))
    shares = {name: float(each[most]) for name, each in opened.items()}
    title = f"Fighting begins most often in {clashes.labels[most]}: {by_scenario(shares, lambda share: f'{percent(share)} of runs')}"
    about = f"Share of runs with a clash among rebels in each town by {when} (day {last}); rings: share in which fighting begins there"
    note = (
        "Fighting begins in the towns with a clash on the first day with any, so that shares may sum to more than one. Shades "
        f"and rings are classes of shares of runs; Wilson's 95 % intervals are in the table. Rings from {percent(LEAST_RING)} on."
    )
    colours = [pale(FIGHTING, white) for white in SHARE_WHITE]
    key = [Mark(text, fill=each, edge=QUIET) for text, each in zip(SHARE_BOUNDS, colours, strict=True)]
    key += [
        Mark(f"begins in {percent(low)} or more", symbols=(Symbol(outline("circle"), radius, "none", INK, 0.9),))
        for low, radius in RINGS
    ]
    with typography():
        grid = map_grid_of(width_mm, [names[name].text for name in runs], ground, 1.45)
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), runs, strict=True):
            map_panel(axes, ground)
            step = np.searchsorted(SHARE_CLASSES, clashes.reached(name, last) / runs[name], side="right")
            shade_cells(axes, ground, [colours[s] for s in step])
            map_lines(axes, ground)
            _rings(axes, ground, opened[name], grid.type.small, name == comparison.reference or grid.width >= NAMED)
    return ComparisonFigure(sheet.figure, first_clash_table(clashes, last), title, f"{title}. {about}. {note}")


def _rings(axes: Axes, ground: Ground, share: np.ndarray, points: float, named: bool) -> None:
    """Draw a ring at each town in which fighting begins often, and the names of those in which it begins most often."""
    radii = np.zeros(len(share))
    for low, radius in RINGS:
        radii[share >= low] = radius
    rows = np.flatnonzero(radii)
    add_shapes(axes, outline("circle"), ground.at[rows], radii[rows], "none", INK, 0.9, 4)
    if named:
        most = [int(i) for i in np.argsort(-share, kind="stable")[:MOST_NAMED] if radii[i]]
        place_texts(axes, ground, {i: f"{ground.names[i]} {percent(float(share[i]))}" for i in most}, radii, points)


def probability_by_day(code: str, comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw in which share of runs a side holds each town, in a map for each scenario and some of the days that are kept."""
    control, ground, c = comparison.control, ground_for(comparison), comparison.control.codes.index(code)
    rows, names = _rows(comparison, most=max(2, MANY // len(comparison.scenarios))), looks_of(comparison)
    cells = [(name, k) for name in comparison.scenarios for k in rows]
    shares = [control.shares[name][k][:, c] for name, k in cells]
    expected = [f"{float(control.shares[name][-1][:, c].sum()):.0f} in {name}" for name in comparison.scenarios]
    state = held_text(code, control.names)
    title = f"Towns {state} at the end, on average: {clause_list(expected)}"
    about = f"Share of runs, on days {_days_text(comparison, rows)}"
    note = "Shades are classes of the share of the runs of each scenario; no sampling error is shown."
    colour = code_colour(ground, code)
    colours = [pale(INK if colour == PAPER else colour, white) for white in SHARE_WHITE]
    key = [Mark(text, fill=each, edge=QUIET) for text, each in zip(SHARE_BOUNDS, colours, strict=True)]
    headings = [f"{names[name].letter} {when}" for name in comparison.scenarios for when in _headings(comparison, rows)]
    with typography():
        grid = map_grid_of(width_mm, headings, ground, LEAST_WIDE)
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key)
        for axes, each in zip(grid.panels(sheet), shares, strict=True):
            map_panel(axes, ground)
            shade_cells(axes, ground, [colours[step] for step in np.searchsorted(SHARE_CLASSES, each, side="right")])
    parts = [
        pd.DataFrame(
            {"scenario": name, "day": int(control.days[k]), "town": control.towns, "code": code, "share": each}
        )
        for (name, k), each in zip(cells, shares, strict=True)
    ]
    return ComparisonFigure(sheet.figure, pd.concat(parts, ignore_index=True), title, f"{title}. {about}. {note}")


def _rows(comparison: Comparison, after_start: bool = False, most: int = MANY) -> list[int]:
    """Return the places of up to `most` kept mornings, evenly chosen, the last among them."""
    first = 1 if after_start and comparison.control.days[0] == 0 and len(comparison.control.days) > 1 else 0
    rows = np.arange(first, len(comparison.control.days))
    chosen: list[int] = rows[
        np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))
    ].tolist()
    return chosen


def _headings(comparison: Comparison, rows: list[int]) -> list[str]:
    start = comparison.models[comparison.reference].start
    days = [int(comparison.control.days[k]) for k in rows]
    return [f"{day_text(start + timedelta(days=day))} (day\u00a0{day})" for day in days]


def _days_text(comparison: Comparison, rows: list[int]) -> str:
    return clause_list(str(int(comparison.control.days[k])) for k in rows)
