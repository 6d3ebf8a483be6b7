"""The scene of a map on one morning: its signs in the order of drawing, its legend, its scale bar; drawn once for all painters.

A sign is a function that returns parts of a morning (cells, roads), and one that returns the rows that explain it in the
legend: a row of SIGNS. What stands at a town is in `town_signs`, forces in `force_signs`, fronts in `front_signs`.
docs/extend.md adds a sign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from sim.plots.map.force_signs import column_rows, columns, force_rows, forces, guard_rows, guards
from sim.plots.map.front_signs import (
    campaign_rows,
    campaigns,
    contact,
    contact_rows,
    front,
    front_rows,
    shelling,
    shelling_rows,
    zone,
    zone_rows,
)
from sim.plots.map.geometry import CLASS_RADII, CONTESTED_GAP_KM, Ground, map_lines, stripes
from sim.plots.map.primitives import Area, Areas, Glyph, Label, LegendRow, Marker, Part, Stroke, line_row
from sim.plots.map.state import MapState, View
from sim.plots.map.town_signs import base_rows, bases, holder_glyphs, no_rows, town_rows, towns
from sim.plots.style import INK, PAPER, QUIET, FactionStyles, pale
from sim.scenario.schema import CODE_WORDS, NEUTRAL

ROAD_LOOK = (("#D3CDC5", 0.5), ("#A79E95", 1.1), ("#8A8078", 2.2))
ROAD_NAMES = ("other link", "main road", "motorway")
LINE_LOOK = {"coast": ("#4F7C94", 1.2), "border": ("#7D7791", 1.0), "river": ("#7FAFC7", 1.0)}
HATCH, SWATCH, GRID = "#9A958C", "#EFEDE8", "#B9B4AB"
HEAT_STEPS = 5  # shades of influence
UNDER, STILL, OVER = "under", "still", "over"  # layers: areas that change with the day, what never changes, the rest


class Sign(NamedTuple):
    """How a sign is drawn and explained."""

    name: str  # of its layer on a page, which readers switch on and off: "roads"
    draw: Callable[[View], Iterable[Part]]
    layer: str  # UNDER, STILL or OVER
    rows: Callable[[View], Iterable[LegendRow]]
    section: str = "Lines"  # of the legend
    shown: bool = True  # whether it is on pictures, and on a page before a reader switches layers


# Areas and lines ----------------------------------------------------------------------------------------------------


def cells(view: View) -> Iterable[Part]:
    """Tint each town's cell by its holder; contested cells carry bands in both colours."""
    ground, look, sides = view.ground, view.ground.look, view.state.sides

    return (ground.recurring(("cells", sides), _cells, ground, look, sides),)


def _cells(ground: Ground, look: FactionStyles, sides: tuple[tuple[str, ...], ...]) -> Areas:
    order = sorted(range(len(sides)), key=lambda town: sides[town][:1])
    keys = (("cell", town, sides[town]) for town in order)
    return Areas(tuple(ground.recurring(key, _cell, ground, look, key[1], key[2]) for key in keys))


def _cell(ground: Ground, look: FactionStyles, town: int, sides: tuple[str, ...]) -> Area:
    fill = look.tint(sides[0]) if sides else PAPER
    bands = look.tint(sides[1]) if len(sides) == 2 and sides[0] != sides[1] else ""
    return Area(ground.cells[town], fill, bands, f"c{town}", CONTESTED_GAP_KM * ground.spacing)


def hatching(view: View) -> Iterable[Part]:
    """Hatch the cells of towns whose starting holder is weakly sourced."""
    return [Stroke("hatching", tuple(view.ground.weak_lines), HATCH, 0.5)] if view.ground.weak_lines else []


def hatching_rows(view: View) -> Iterable[LegendRow]:
    """Explain the hatching."""
    corners = np.array([(-10.0, -5.0), (10.0, -5.0), (10.0, 5.0), (-10.0, 5.0)])
    swatch = (Areas((Area(corners, SWATCH),), HATCH, 0.5), Stroke("hatching", tuple(stripes(corners, 4.0)), HATCH, 0.5))
    return [LegendRow(swatch, "start holder weakly sourced", brief=False)] if view.ground.weak.any() else []


def lines(view: View) -> Iterable[Part]:
    """Draw the coasts, borders and rivers of the map."""
    drawn = ((map_lines(view.ground, kind), *look) for kind, look in LINE_LOOK.items())
    return [Stroke("line", tuple(paths), colour, width) for paths, colour, width in drawn if paths]


def lines_rows(view: View) -> Iterable[LegendRow]:
    """Explain the kinds of lines that the map has."""
    kinds = {line.kind for line in view.ground.geography.lines}
    return [line_row(kind, colour, width, brief=False) for kind, (colour, width) in LINE_LOOK.items() if kind in kinds]


def roads(view: View) -> Iterable[Part]:
    """Draw the roads, the largest last."""
    ground = view.ground
    classes = zip((ground.links, ground.main_roads, ground.motorways), ROAD_LOOK, strict=True)
    return [Stroke("road", tuple(lines), colour, width) for lines, (colour, width) in classes if lines]


def road_rows(view: View) -> Iterable[LegendRow]:
    """Explain the classes of roads that the map has, the largest first."""
    ground = view.ground
    classes = list(zip((ground.links, ground.main_roads, ground.motorways), ROAD_NAMES, ROAD_LOOK, strict=True))
    return [line_row(text, colour, width, brief=False) for lines, text, (colour, width) in reversed(classes) if lines]


# Off at start ---------------------------------------------------------------------------------------------------------


def grid(view: View) -> Iterable[Part]:
    """Draw the edges of the model's cells, on which forces and towns stand."""
    geography, (west, east, south, north) = view.ground.geography, view.ground.extent
    side = geography.cell_km
    columns = np.arange(np.ceil(west / side), np.floor(east / side) + 1) * side
    rows = np.arange(np.ceil(south / side), np.floor(north / side) + 1) * side
    lines = [np.array([(x, south), (x, north)]) for x in columns] + [np.array([(west, y), (east, y)]) for y in rows]
    return [Stroke("grid", tuple(lines), GRID, 0.4)]


def influence(view: View) -> Iterable[Part]:
    """Tint each town's cell by the faction of most influence in it, the stronger the larger its share."""
    if view.influence is None:
        return ()
    first = view.influence.argmax(axis=1)
    share = view.influence[np.arange(len(first)), first]
    steps = np.clip(np.ceil((share - 0.25) / 0.75 * HEAT_STEPS), 1, HEAT_STEPS).astype(int)
    pairs = tuple(zip(first.tolist(), steps.tolist(), strict=True))
    return (view.ground.recurring(("influence", pairs), _heat, view.ground, pairs),)


def _heat(ground: Ground, pairs: tuple[tuple[int, int], ...]) -> Areas:
    return Areas(tuple(ground.recurring(("heat", t, pair), _warm, ground, t, pair) for t, pair in enumerate(pairs)))


def _warm(ground: Ground, town: int, pair: tuple[int, int]) -> Area:
    colour = warmth(ground.look, ground.look.codes[pair[0]], pair[1])
    return Area(ground.cells[town], colour, "", f"c{town}")


def warmth(look: FactionStyles, code: str, step: int) -> str:
    """Return the colour of a cell in which a faction has most influence: 1 to HEAT_STEPS, the stronger the larger its share."""
    return pale(look.colour(code), 0.9 - 0.45 * step / HEAT_STEPS)


SIGNS = (  # from the lowest to the highest in each layer
    Sign("control", cells, UNDER, no_rows),
    Sign("influence", influence, UNDER, no_rows, shown=False),
    Sign("weak sources", hatching, STILL, hatching_rows, "Signs"),
    Sign("rivers and borders", lines, STILL, lines_rows),
    Sign("grid", grid, STILL, no_rows, shown=False),
    Sign("roads", roads, STILL, road_rows),
    Sign("forces", forces, OVER, force_rows, "Signs"),
    Sign("front", front, OVER, front_rows),
    Sign("line of contact", contact, OVER, contact_rows),
    Sign("demilitarised zone", zone, STILL, zone_rows),
    Sign("campaigns", campaigns, OVER, campaign_rows, "Signs"),
    Sign("columns", columns, OVER, column_rows, "Signs"),
    Sign("shelling", shelling, OVER, shelling_rows, "Signs"),
    Sign("towns", towns, OVER, town_rows, "Signs"),
    Sign("guards", guards, OVER, guard_rows, "Signs"),
    Sign("bases", bases, OVER, base_rows, "Signs"),
)


SIZES = ("under 5,000", "5,000 to 25,000", "over 25,000")  # people, of CLASS_RADII
WIDEST = 1.45  # times its height, of a map drawn as high as one that is not wide
DRAWN_FOR_KM = 170.0  # height of the map for which the sizes of scale and arrow, in km, are chosen
ROW_RADIUS = 4.9  # points, of a symbol in the legend


class Section(NamedTuple):
    """A part of the legend."""

    title: str
    rows: list[LegendRow]


def parts_of(view: View, layer: str) -> list[Part]:
    """Return the parts of a layer of the morning (UNDER, STILL or OVER), in the order of drawing."""
    return [part for sign in SIGNS if sign.layer == layer and sign.shown for part in sign.draw(view)]


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
        rows.append(LegendRow(symbol, coded_name(look, code), count_text(code, count, before), known))
    return rows


def code_name(look: FactionStyles, code: str) -> str:
    """Return a control code as readers know it."""
    return CODE_WORDS.get(code) or look.names.get(code, code)


def coded_name(look: FactionStyles, code: str) -> str:
    """Return a control code as readers know it, with the code itself before a long name, for which it stands elsewhere."""
    name = code_name(look, code)
    return name if code in CODE_WORDS or look.short(code) == name or code == name else f"{code}: {name}"


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
    unit = max(north - south, (east - west) / WIDEST) / DRAWN_FOR_KM
    length = max(step for step in (1, 2, 5, 10, 20, 50, 100) if step <= (east - west) / 4 or step == 1)
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
