"""The scene of a map on one morning: its parts in the order of drawing, its legend, its scale bar."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from sim.plots.map.geometry import CLASS_RADII, Ground
from sim.plots.map.primitives import Area, Areas, Glyph, Label, LegendRow, Marker, Part
from sim.plots.map.signs import OVER, SIGNS, STILL, UNDER
from sim.plots.map.state import MapState, View
from sim.plots.map.town_signs import holder_glyphs
from sim.plots.style import INK, PAPER, QUIET, FactionStyles
from sim.scenario.schema import CODE_WORDS, NEUTRAL

SIZES = ("under 5,000", "5,000 to 25,000", "over 25,000")  # people, of CLASS_RADII
DRAWN_FOR_KM = 170.0  # height of the map for which the sizes of scale and arrow, in km, are chosen
ROW_RADIUS = 4.9  # points, of a symbol in the legend


class Section(NamedTuple):
    """A part of the legend."""

    title: str
    rows: list[LegendRow]


def parts_of(view: View, layer: str) -> list[Part]:
    """Return the parts of a layer of the morning (UNDER, STILL or OVER of `signs`), in the order of drawing."""
    return [part for sign in SIGNS if sign.layer == layer for part in sign.draw(view)]


def all_parts(view: View) -> list[Part]:
    """Return all parts of the morning in the order of drawing."""
    return [*parts_of(view, UNDER), *parts_of(view, STILL), *parts_of(view, OVER)]


# Legend -------------------------------------------------------------------------------------------------------------


def legend_sections(view: View, before: dict[str, int] | None = None) -> tuple[Section, Section, Section, Section]:
    """Return who holds how many towns, the sizes of towns, the other signs, and the lines; `before` are towns at the start."""
    held = held_rows(view.ground.look, view.state, before)
    circles = zip(SIZES, CLASS_RADII, strict=True)
    sizes = [LegendRow(symbol_at_origin(Glyph("circle", r * view.zoom, QUIET)), text) for text, r in circles]
    signs = [row for sign in reversed(SIGNS) if sign.section == "Signs" for row in sign.rows(view)]
    lines = [row for sign in SIGNS if sign.section == "Lines" for row in sign.rows(view)]
    return (
        Section("Towns held", held), Section("Population", sizes), Section("Signs", signs), Section("Lines", lines)
    )  # fmt: skip


def symbol_at_origin(*glyphs: Glyph) -> tuple[Part, ...]:
    """Return the parts of a row whose symbol is these glyphs."""
    return (Marker((0.0, 0.0), glyphs),)


def held_rows(look: FactionStyles, state: MapState, before: dict[str, int] | None) -> list[LegendRow]:
    """Return a row a faction that holds or held towns, and for contested and neutral ones."""
    count, rows = state.count, []
    listed = [code for code in look.codes if count.get(code) or (before or {}).get(code)]
    for code in [*listed, *CODE_WORDS]:
        sides = (code,) if code in look.codes else example_sides(state, code, listed)
        symbol = symbol_at_origin(*holder_glyphs(look, sides, ROW_RADIUS))
        known = bool(count.get(code) or (before or {}).get(code))
        rows.append(LegendRow(symbol, code_name(look, code), count_text(code, count, before), known))
    return rows


def code_name(look: FactionStyles, code: str) -> str:
    """Return a control code as readers know it."""
    return CODE_WORDS.get(code) or look.names.get(code, code)


def count_text(code: str, count: dict[str, int], before: dict[str, int] | None) -> str:
    """Return how many towns a code has, and how many more than before."""
    now = count.get(code, 0)
    gain = now - before.get(code, 0) if before is not None else 0
    return f"{now}" if not gain else f"{now} ({gain:+d})".replace("-", "\u2212")


def example_sides(state: MapState, code: str, listed: list[str]) -> tuple[str, ...]:
    """Return the parties whose symbol stands for contested towns: the commonest pair; none for neutral ones."""
    if code == NEUTRAL:
        return ()
    pairs = [(sides[0], sides[1]) for sides in state.sides if len(sides) == 2]
    first, second, *_rest = (*listed, code, code)
    return Counter(sorted(pairs)).most_common(1)[0][0] if pairs else (first, second)


# Scale --------------------------------------------------------------------------------------------------------------


def scale_parts(ground: Ground) -> tuple[list[Part], np.ndarray]:
    """Return a scale bar and a north arrow in the emptiest corner, and the lower left and upper right of their room in km."""
    west, east, south, north = ground.extent
    unit = (north - south) / DRAWN_FOR_KM
    length = max(step for step in (1, 2, 5, 10, 20, 50, 100) if step <= (east - west) / 5 or step == 1)
    wide, tall, inset = length + 9 * unit, 9.4 * unit, 3 * unit
    corners = [(x, y) for y in (south + inset, north - inset - tall) for x in (west + inset, east - inset - wide)]
    x, y = max(corners, key=lambda c: float(np.hypot(*(ground.at - (c[0] + wide / 2, c[1] + tall / 2)).T).min()))
    box = np.array([(0.0, 0.0), (length / 2, 0.0), (length / 2, 1.1 * unit), (0.0, 1.1 * unit)])
    box += np.array([x, y])
    halves = (Area(box, INK), Area(box + np.array([length / 2, 0.0]), PAPER))
    tip = (x + length + 7 * unit, y + tall - 3.4 * unit)
    arrow = Area(tip + unit * np.array([(0, 0), (-1.5, -5.5), (0, -4.2), (1.5, -5.5)]), INK)
    parts: list[Part] = [
        Areas(halves, INK, 0.7),
        Areas((arrow,)),
        Label((x, y + 3.1 * unit), "0", 7.5),
        Label((x + length, y + 3.1 * unit), f"{length} km", 7.5),
        Label((tip[0], tip[1] + 1.7 * unit), "N", 8.0, bold=True),
    ]
    return parts, np.array([(x - 1.5 * unit, y - unit), (x + wide + 1.5 * unit, y + tall + unit)])
