"""Small maps of a study by day: where control differs from the reference, and in which share of runs a side holds each town."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from sim.comparison.results import Comparison
from sim.plots.comparison.control_maps import (
    SHARE_CLASSES,
    SHARE_WHITE,
    Gains,
    code_colour,
    difference_table,
    gain_key,
    ground_for,
    map_grid_of,
    map_panel,
    shade_cells,
)
from sim.plots.comparison.figure import ComparisonFigure, looks_of, words_of
from sim.plots.comparison.sheet import Mark, Sheet
from sim.plots.style import INK, PAPER, QUIET, pale, typography
from sim.results.phrases import held_text
from sim.text import clause_list, day_text

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
    bounds = ("under 5 %", "5 to 25", "25 to 50", "50 to 75", "75 to 95", "over 95 %")
    key = [Mark(text, fill=each, edge=QUIET) for text, each in zip(bounds, colours, strict=True)]
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
