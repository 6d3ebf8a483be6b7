"""Figures for papers of single runs: a map of a day, small multiples of maps, the maps of two runs side by side, the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, NARROW_MM, LineStyle, Mark, Sheet, Symbol, Words
from sim.plots.map.matplotlib_painter import frame_axes, paint
from sim.plots.map.primitives import Areas, LegendRow, Marker, Part, Stroke, shape_of
from sim.plots.map.scene import SIGNS, code_name, held_rows, legend_sections
from sim.plots.map.sheets import Atlas, draw_map, key_days, view_on
from sim.plots.map.state import View
from sim.plots.style import evidence_line, stamp, typography
from sim.plots.timeline import timeline_drawn
from sim.text import day_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.comparison.results import Comparison

TALLEST_MAP = 8.0  # inches
ROOMY_INCHES = 5.0  # width of axes from which names and symbols of a map have their full size
LEAST_SCALE = 0.75  # of names and symbols, on narrower axes: fewer names find room there
NARROW_HALO = 300  # fighters; on a narrow map a smaller force has no halo
KEY_RADIUS = 5.2  # points, of the largest symbol in the key
MANY = 8  # maps of small multiples
SMALL_SIGNS = ("control", "line of contact")  # on maps of small multiples
ROOMY = 1.5  # inches; a map so wide has the towns' symbols and the front between rivals too
WIDE = 3.4  # inches; the lines of narrower maps are thinner
GAP, HEADING = 0.08, 0.28  # inches between maps; above each, two lines


def control_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town on the morning of a day, the last if left out; changes since the start are ringed."""
    return _map(atlas, width_mm, day, rings=True)


def frame_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town on the morning of a day, as the animation shows it."""
    return _map(atlas, width_mm, day, rings=False)


def control_on(atlas: Atlas, axes: Axes, day: int | None = None) -> Axes:
    """Draw who holds each town on the caller's axes, with a key of holders and the stamp as their title; return the axes."""
    run, view = atlas.run, atlas.view(atlas.states.days if day is None else day, rings=False)
    state = view.state
    with typography():
        axes.apply_aspect()
        inches = axes.get_window_extent().width / axes.figure.dpi
        scale = min(1.0, max(LEAST_SCALE, inches / ROOMY_INCHES))
        view, _boxes = draw_map(axes, view, type_scale=0.9 * scale, zoom=0.8 * scale, notes=False)
        rows = [row for row in held_rows(view.ground.look, state, None) if row.brief]
        points = [tuple(_point(symbol) for symbol in mark_of(row).symbols) for row in rows]
        names = [f"{row.text} {row.note}" for row in rows]
        axes.legend(points, names, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=7)
        axes.set_title(f"SIMULATED · seed {run.seed} · {day_text(state.date)}", fontsize=8)
    return axes


def _point(symbol: Symbol) -> Line2D:
    """Return a symbol of a key as matplotlib's own legend takes it."""
    return Line2D(
        [], [], linestyle="none", marker=symbol.shape, markersize=2 * symbol.radius,
        markerfacecolor=symbol.face, markeredgecolor=symbol.edge, markeredgewidth=symbol.line,
    )  # fmt: skip


def timeline_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the run's timeline."""
    return timeline_drawn(atlas.run, width_mm)


def _map(atlas: Atlas, width_mm: float, day: int | None, rings: bool) -> ComparisonFigure:
    run, ground = atlas.run, atlas.ground
    view = atlas.view(atlas.states.days if day is None else day, rings)
    narrow, state = width_mm <= NARROW_MM, view.state
    view = replace(view, ring_text="changed since start" if rings else "", least_halo=NARROW_HALO if narrow else 0)
    title = f"Who holds what, {day_text(state.date)}"
    when = f"{day_text(state.date)} (day {state.day} of {atlas.states.days})"
    note = "One run: one course of events that the model allows, not how likely it is."
    if ground.weak.any():
        note += " Hatched: the starting holder is weakly sourced."
    line = f"{stamp(run.scenario, run.seed, when)} · {evidence_line(run.scenario)}"
    west, east, south, north = ground.extent
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    tall = min(inner * (north - south) / (east - west), TALLEST_MAP)
    with typography():
        sheet = Sheet(Words(title, note, line), width_mm, tall, _key(view))
        axes = sheet.axes(EDGE, 0, tall * (east - west) / (north - south), tall)
        draw_map(axes, view, type_scale=0.96, zoom=0.62 if narrow else 0.9, notes=not narrow)
        for spine in axes.spines.values():
            spine.set_visible(True)
    table = pd.DataFrame(
        {
            "town": [town.name for town in run.geography.places], "holder": state.codes,
            "at_start": atlas.states[0].codes, "changed": state.changed.astype(int),
        }
    )  # fmt: skip
    changed = int(state.changed.sum())
    caption = f"Who holds each town on the morning of {when}, in one run. {changed} of {len(state.codes)} towns have another holder than at the start"
    caption += ", and are ringed. " if rings else ". "
    return ComparisonFigure(sheet.figure, table, title, f"{caption}Cells are a drawing aid, no borders. {note}")


def _key(view: View) -> list[Mark]:
    """Return the entries of the key of a map: holders with towns, and the signs that the map shows."""
    held, _sizes, signs, lines = legend_sections(view)
    entries = [mark_of(row._replace(text=f"{row.text} {row.note}", note="")) for row in held.rows if row.brief]
    return entries + [mark_of(row) for row in (*signs.rows, *lines.rows) if row.brief]


def mark_of(row: LegendRow) -> Mark:
    """Return a row of a map's legend as an entry of a figure's key, its symbols somewhat smaller."""
    strokes = [part for part in row.parts if isinstance(part, Stroke)]
    glyphs = [glyph for part in row.parts if isinstance(part, Marker) for glyph in part.glyphs]
    scale = min([0.86, *(KEY_RADIUS / glyph.radius for glyph in glyphs)])
    symbols = tuple(
        Symbol(shape_of(glyph.shape), scale * glyph.radius, glyph.fill or "none", glyph.edge or "none", glyph.width)
        for glyph in glyphs
    )
    if not strokes:
        return Mark(row.text, symbols=symbols)
    style = strokes[0]
    dashes = (0, tuple(length / style.width for length in style.dashes)) if style.dashes else "-"
    return Mark(row.text, LineStyle(style.colour, dashes, style.width), symbols=symbols)


# Several maps on one sheet ------------------------------------------------------------------------------------------


def small_multiples(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town on eight mornings: those worth a map, and others evenly between them; one key."""
    run, days = atlas.run, spread_days(key_days(atlas.run, MANY), atlas.states.days)
    views = [_plain(atlas.view(each, rings=False)) for each in days]
    first, last = views[0].state.count, views[-1].state.count
    gains = {code: last.get(code, 0) - first.get(code, 0) for code in atlas.ground.look.codes}
    most = max(gains, key=lambda code: gains[code])
    title = f"{code_name(atlas.ground.look, most)}: {gains[most]:+d} towns, {first.get(most, 0)} to {last.get(most, 0)}"
    title = title if gains[most] > 0 else "No side gains towns"
    headings = [(day_text(view.state.date), f"day {view.state.day}") for view in views]
    note = "One run: one course of events that the model allows, not how likely it is."
    line = f"{stamp(run.scenario, run.seed, f'{headings[0][0]} to {headings[-1][0]}')} · {evidence_line(run.scenario)}"
    words = Words(title, note, line, "who holds each town on eight mornings")
    columns = 3 if width_mm <= NARROW_MM else 4
    figure = map_grid(list(zip(headings, views, strict=True)), words, width_mm, columns)
    table = pd.DataFrame({"town": [town.name for town in run.geography.places]})
    for view in views:
        table[f"day {view.state.day}"] = view.state.codes
    caption = f"Who holds each town on {len(views)} mornings of one run. Cells are a drawing aid, no borders. {note}"
    return ComparisonFigure(figure, table, title, caption)


def spread_days(chosen: Sequence[int], last: int, number: int = MANY) -> list[int]:
    """Return so many days from 0 to the last, fewer if there are no more: the chosen ones, and the middles of the widest gaps."""
    days = sorted({0, last, *chosen})[:number]
    while len(days) < min(number, last + 1):
        gap = int(np.argmax(np.diff(days)))
        days.insert(gap + 1, (days[gap] + days[gap + 1]) // 2)
    return days


def run_maps(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw two runs on the morning on which most towns are held differently, or on that of a day; such towns are ringed."""
    pair = comparison.two_runs[0]
    chosen = pair.map_day if day is None else min(day, len(pair.differing) - 1)
    ringed = frozenset(np.flatnonzero(pair.differing[chosen]).tolist())
    views = []
    for run in pair.runs:
        view = _plain(Atlas.of(run).view(chosen, rings=False))
        views.append(replace(view, ringed=ringed, ring_text="held differently"))
    scenario, when = pair.runs[0].scenario, f"{day_text(views[0].state.date)} (day {chosen})"
    title = (
        f"{plural(len(ringed), 'town')} held differently on {when}" if ringed else f"All towns are held alike on {when}"
    )
    headings = [(letter, name) for letter, name in zip("AB", pair.names, strict=True)]
    words = Words(
        title,
        "Two runs: two courses of events that the model allows.",
        f"{stamp(scenario, pair.runs[0].seed, when)} · {evidence_line(scenario)}",
    )
    figure = map_grid(list(zip(headings, views, strict=True)), words, width_mm, 2)
    names = [town.name for town in comparison.geography.places]
    table = pd.DataFrame(
        {
            "town": names,
            "A": views[0].state.codes,
            "B": views[1].state.codes,
            "differs": pair.differing[chosen].astype(int),
        }
    )
    return ComparisonFigure(
        figure,
        table,
        title,
        f"Who holds each town on {when}: A {pair.names[0]}, B {pair.names[1]}. {title}; these are ringed.",
    )


def _plain(view: View) -> View:
    """Return a view without fighting, bases and rings, for a small map."""
    state = replace(view.state, clashes={}, fresh=frozenset(), bases=(), changed=np.zeros(len(view.state.codes), bool))
    return replace(view, state=state)


def map_grid(cells: Sequence[tuple[Sequence[str], View]], words: Words, width_mm: float, columns: int) -> Figure:
    """Draw maps in rows of so many columns, each with a heading of two lines above it, and one key for all."""
    west, east, south, north = cells[0][1].ground.extent
    inner, rows = width_mm / MM_PER_INCH - 2 * EDGE, ceil(len(cells) / columns)
    wide = (inner - GAP * (columns - 1)) / columns
    shape = (north - south) / (east - west)
    wide = min(wide, (TALLEST_MAP - rows * (HEADING + GAP)) / rows / shape)
    tall, step = wide * shape, (inner + GAP) / columns
    names = (*SMALL_SIGNS, "towns", "front") if wide >= ROOMY else SMALL_SIGNS
    codes = {code for _heading, view in cells for code in view.state.codes}
    with typography():
        sheet = Sheet(
            words, width_mm, rows * (HEADING + tall + GAP), _grid_key([view for _heading, view in cells], codes, names)
        )
        for number, (heading, view) in enumerate(cells):
            row, column = divmod(number, columns)
            left, top = EDGE + column * step, row * (HEADING + tall + GAP) + HEADING
            axes = sheet.axes(left, top, wide, tall)
            frame_axes(axes, view.ground.extent)
            seen = view_on(axes, view, min(0.62, 0.2 * wide))
            parts = (part for sign in SIGNS if sign.name in names for part in sign.draw(seen))
            paint(axes, [_thinner(part, min(1.0, wide / WIDE)) for part in parts])
            sheet.heading(axes, heading)
    return sheet.figure


def _thinner(part: Part, factor: float) -> Part:
    """Return a part with its lines and edges thinner by a factor."""
    if isinstance(part, Stroke):
        dashes = (factor * part.dashes[0], factor * part.dashes[1]) if part.dashes else None
        return replace(part, width=factor * part.width, dashes=dashes)
    return replace(part, width=factor * part.width) if isinstance(part, Areas) else part


def _grid_key(views: Sequence[View], codes: set[str], names: Sequence[str]) -> list[Mark]:
    """Return the key of small maps: the codes that one of them shows, rings, and lines."""
    held, _sizes, signs, _lines = legend_sections(views[-1], dict.fromkeys(codes, 1))
    rows = [row._replace(note="") for row in held.rows if row.brief]
    rows += [row for row in signs.rows if row.text == views[-1].ring_text and row.text]
    lines = [sign for sign in SIGNS if sign.name in names and sign.section == "Lines"]
    drawn = [row for sign in lines for view in views for row in sign.rows(view) if row.brief]
    return [mark_of(row) for row in (*rows, *{row.text: row for row in drawn}.values())]
