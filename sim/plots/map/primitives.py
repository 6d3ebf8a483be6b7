"""What painters draw, and the shapes of symbols.

A map is a list of parts: areas, strokes, markers and labels. Places are km east and north of the map's corner; sizes
are points, which each painter scales to its medium. In a legend, places are points round the row's symbol. Painters know
nothing of towns and factions: signs are made in `sim.plots.map.scene`. Nobody changes a part once it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from matplotlib.path import Path

WHITE = "#FFFFFF"
CASING_POINTS = 1.3  # by which a white casing is wider than its stroke
NOTE = 7.0  # points, of the words that pictures write beside a marker
Point = tuple[float, float]


@dataclass(eq=False, slots=True)
class Area:
    """A filled polygon."""

    corners: np.ndarray  # [n, 2]
    fill: str
    bands: str = ""  # colour of diagonal bands over the fill; "" none
    name: str = ""  # of an outline that recurs from day to day; "" none
    gap_km: float = 2.4  # from band to band


@dataclass(eq=False, slots=True)
class Areas:
    """Areas that are drawn together, with edges of one look."""

    items: tuple[Area, ...]
    edge: str = WHITE
    width: float = 0.6  # points


@dataclass(eq=False, slots=True)
class Stroke:
    """Polylines that are drawn as one."""

    sign: str  # what it means: "zone"
    lines: tuple[np.ndarray, ...]  # each [n, 2]
    colour: str
    width: float  # points
    dashes: Point | None = None  # points drawn and left out; None solid
    cased: bool = False  # whether a wider white line lies under it


class Glyph(NamedTuple):
    """A shape of a marker."""

    shape: str  # of `shape_of`
    radius: float  # points; that of a circle of the same area
    fill: str  # "" none
    edge: str = WHITE  # "" none
    width: float = 0.9  # of the edge, points
    level: float = 4.0  # shapes of a higher level cover those of a lower one, of all markers
    shift: Point = (0.0, 0.0)  # points to the right and up from the marker's place
    turn: float = 0.0  # degrees anticlockwise
    dashes: Point | None = None  # of the edge
    opacity: float = 1.0  # of the fill
    kind: str = ""  # name by which a page styles it


@dataclass(eq=False, slots=True)
class Marker:
    """Glyphs at one place, and strokes that lie under them."""

    at: Point
    glyphs: tuple[Glyph, ...]
    strokes: tuple[Stroke, ...] = ()
    title: str = ""  # words that a page shows when it is pointed at
    town: int = -1  # town that a click on it means; -1 none
    key: str = ""  # identity from day to day on a page, for what has no town: "force 12"
    way: tuple[Point, ...] = ()  # places passed since the morning before, the last is `at`; () it did not move
    note: str = ""  # words that a page writes beside it, upright and in one size
    note_at: Point = (
        0.0,
        0.0,
    )  # points to the right and up from the marker's place to the middle of the left edge of `note`
    kind: str = ""  # name by which a page styles it


class Label(NamedTuple):
    """A line of text, centred on its place."""

    at: Point
    text: str
    size: float  # points
    bold: bool = False


Part = Areas | Stroke | Marker | Label


class LegendRow(NamedTuple):
    """A row of the legend: parts round the origin in points, words, a note at the right."""

    parts: tuple[Part, ...]
    text: str
    note: str = ""
    brief: bool = True  # whether a short key has it too: signs that the morning shows, but not the ground


DASH = np.array([(-10.0, 0.0), (10.0, 0.0)])  # of a line in the legend


def line_row(text: str, colour: str, width: float, dashes: Point | None = None, brief: bool = True) -> LegendRow:
    """Return the row that explains a line."""
    return LegendRow((Stroke("row", (DASH,), colour, width, dashes),), text, brief=brief)


def moved(part: Part, by: Point) -> Part:
    """Return a part at another place."""
    if isinstance(part, Areas):
        return replace(part, items=tuple(replace(area, corners=area.corners + by) for area in part.items))
    if isinstance(part, Stroke):
        return replace(part, lines=tuple(line + by for line in part.lines))
    at = (part.at[0] + by[0], part.at[1] + by[1])
    if isinstance(part, Label):
        return part._replace(at=at)
    return replace(part, at=at, strokes=tuple(replace(s, lines=tuple(n + by for n in s.lines)) for s in part.strokes))


# Shapes -------------------------------------------------------------------------------------------------------------


@cache
def shape_of(name: str) -> Path:
    """Return a closed shape of about unit size round the origin.

    An outline, its half ("circle left"), a wedge of the circle ("wedge 1/3"), or a sign's own.
    """
    base, _space, side = name.partition(" ")
    if base == "wedge":
        return wedge(*map(int, side.split("/")))
    if side:
        return half(base, side == "right")
    own = {"burst": burst, "flag": pennant, "dart": dart, "helmet": helmet}.get(name)
    return own() if own else outline(name)


def _polygon(sides: int, turn: float) -> np.ndarray:
    angles = np.pi * (turn + 2 * np.arange(sides) / sides)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _closed(corners: np.ndarray) -> Path:
    return Path(np.vstack([corners, corners[:1]]), closed=True)


@cache
def outline(shape: str) -> Path:
    """Return a closed polygon with the area of the unit circle, centred on its centroid."""
    corners = {
        "circle": _polygon(40, 0),
        "square": _polygon(4, 0.25),
        "triangle": _polygon(3, 0.5),
        "inverted": _polygon(3, -0.5),
        "diamond": _polygon(4, 0.5) * (0.86, 1.16),
        "pentagon": _polygon(5, 0.5),
        "hexagon": _polygon(6, 0),
        "cross": np.array(
            [(1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1), (-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1)]
        )
        / 3,
    }[shape]
    x, y = corners.T
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    return _closed(corners * np.sqrt(np.pi / area))


@cache
def half(shape: str, right: bool) -> Path:
    """Return the left or right half of a symbol, for contested towns."""
    corners = outline(shape).vertices[:-1]
    points: list[np.ndarray] = []
    sign = 1 if right else -1
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if sign * a[0] >= 0:
            points.append(a)
        if (a[0] > 0) != (b[0] > 0) and a[0] != b[0]:
            points.append(a + (b - a) * (a[0] / (a[0] - b[0])))
    return _closed(np.array(points))


@cache
def wedge(part: int, parts: int) -> Path:
    """Return one of some equal wedges of the unit circle, the first from the top leftwards."""
    angles = np.pi / 2 + 2 * np.pi * (part - 1 + np.linspace(0, 1, 25)) / parts
    return _closed(np.vstack([(0.0, 0.0), np.column_stack([np.cos(angles), np.sin(angles)])]))


@cache
def burst() -> Path:
    """Return the star that marks fighting."""
    star = _polygon(24, 0.5)
    star[1::2] *= 0.62
    return _closed(star)


@cache
def pennant() -> Path:
    """Return the flag that marks a base: a pole with its foot at the origin and a triangle."""
    return _closed(np.array([(-0.1, 0), (0.1, 0), (0.1, 0.75), (1.5, 1.35), (0.1, 1.95), (0.1, 2.1), (-0.1, 2.1)]))


@cache
def dart() -> Path:
    """Return the head of an arrow to the east."""
    return _closed(np.array([(1.3, 0.0), (-0.9, 0.85), (-0.45, 0.0), (-0.9, -0.85)]))


@cache
def helmet() -> Path:
    """Return the helmet that marks guards: a dome on a brim that juts out to the right."""
    dome = np.column_stack([np.cos(np.linspace(np.pi, 0, 19)), 1.05 * np.sin(np.linspace(np.pi, 0, 19)) - 0.35])
    return _closed(np.vstack([dome, [(1.45, -0.55), (1.45, -0.8), (-1.15, -0.8), (-1.15, -0.35)]]))


def vertices(glyph: Glyph) -> np.ndarray:
    """Return the corners [n, 2] of a glyph in points round the marker's place, y upwards; the last repeats the first."""
    corners = np.asarray(shape_of(glyph.shape).vertices) * glyph.radius
    if glyph.turn:
        angle = np.deg2rad(glyph.turn)
        corners = corners @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    moved_corners: np.ndarray = corners + glyph.shift
    return moved_corners
