"""SVG text, and the SVG painter: parts of a scene as elements."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape as _escape
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sim.plots.labels import font
from sim.plots.map.primitives import CASING_POINTS, WHITE, Area, Areas, Glyph, Label, Marker, Part, Stroke, shape_of
from sim.plots.style import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.path import Path as Shape

FONT = "'DejaVu Sans', Verdana, 'Bitstream Vera Sans', Geneva, sans-serif"
NAMESPACE = "http://www.w3.org/2000/svg"
_CONTROL = dict.fromkeys(i for i in range(32) if i not in (9, 10, 13))


def escape(text: str) -> str:
    """Return text safe inside an element or a quoted attribute; what XML forbids is left out."""
    return _escape(text if text.isprintable() else text.translate(_CONTROL), quote=True)


def number(value: float) -> str:
    """Return a length with at most one decimal: "12.5", "12"."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


@lru_cache(maxsize=64)
def unit_path(shape: Shape) -> str:
    """Return the path data of a printed shape, its y axis turned over."""
    points = (np.asarray(shape.vertices)[:-1] * (1, -1)).tolist()
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text in px at a font size in px."""
    return float(font(bold, 64).getlength(text)) * size / 64


@lru_cache(maxsize=8192)
def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return the text, shortened with an ellipsis if it is wider than `room` px."""
    if text_width(text, size, bold) <= room:
        return text
    keep = next((n for n in range(len(text) - 1, 0, -1) if text_width(text[:n] + "…", size, bold) <= room), 0)
    return text[:keep].rstrip() + "…"


def words(x: float, y: float, text: str, size: float = 11, more: str = "") -> str:
    """Return a text element with its baseline at (x, y); `more` are further attributes."""
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{" " + more if more else ""}>{escape(text)}</text>'


def canvas(width: float, height: float, content: str, title: str = "", more: str = "") -> str:
    """Return a whole <svg> of a size in px; `title` says what it shows to those who cannot see it."""
    name = f' role="img" aria-label="{escape(title)}"' if title else ""
    return (
        f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" '
        f'height="{number(height)}" font-family="{FONT}" fill="#1F2328"{name}{" " + more if more else ""}>{content}</svg>'
    )


PX = 1.25  # px a point of the printed maps
EDGE = 0.9  # points, of the edge that glyphs have from `edged`
NOTE_PX = 11.0  # of letters beside markers
MOST_TEXTS = 8_000
NO_EDGE = ' stroke="none"'
MOVING = ("dart",)  # shapes that a browser's compositor moves, which it cannot do with edges of a fixed width


class SvgPainter:
    """Writes parts of a map as elements.

    origin, scale: place at px (0, 0), and px a unit to the east; y goes down. key: prefix of the ids of the shapes in `definitions`, which elements refer to;
    if it is empty, each element holds its own shape. Widths of lines and the class names "q", "k" and "u" serve `map.js`,
    which lets symbols and lines grow with the square root of the scale. Markers belong into a group of `edged`.
    """

    def __init__(self, origin: tuple[float, float], scale: float, key: str = "") -> None:
        self.origin, self.scale, self.key = origin, scale, key
        self.known: dict[Glyph, str] = {}

    def pixel(self, at: tuple[float, float]) -> tuple[float, float]:
        """Return the px of a place."""
        return (at[0] - self.origin[0]) * self.scale, (self.origin[1] - at[1]) * self.scale

    def path(self, lines: Iterable[np.ndarray], closed: bool = False) -> str:
        """Return the path data of polylines [n, 2] of places."""
        (west, north), scale = self.origin, self.scale
        parts = []
        for line in lines:
            points = [
                f"{(x - west) * scale:.1f} {(north - y) * scale:.1f}".replace(".0 ", " ") for x, y in line.tolist()
            ]
            parts.append("M" + "L".join(points) + ("Z" if closed else ""))
        return "".join(parts)

    def text(self, part: Part) -> str:
        """Return the elements of a part."""
        if isinstance(part, Areas):
            return self._areas(part)
        if isinstance(part, Stroke):
            return self._stroke(part)
        if isinstance(part, Label):
            (x, y), bold = self.pixel(part.at), ' font-weight="bold"' if part.bold else ""
            halo = f'text-anchor="middle" paint-order="stroke" stroke="{PAPER}" stroke-width="2.6" fill="{INK}"{bold}'
            return words(x, y + 0.36 * part.size * PX, part.text, part.size * PX, halo)
        return self._marker(part)

    def _areas(self, areas: Areas) -> str:
        parts = []
        for fill, items in groupby(areas.items, key=lambda area: area.fill):
            parts.append(f'<g fill="{fill}">{"".join(self._area(area, areas) for area in items)}</g>')
        for area in areas.items:
            if area.bands:
                parts.append(self._area(area, areas, f' fill="url(#{self.key}b{area.bands[1:]})"'))
        return "".join(parts)

    def area(self, area: Area, areas: Areas) -> str:
        """Return the elements of one area of several: its fill, and its bands over it."""
        text = self._area(area, areas, f' fill="{area.fill}"')
        return text + (self._area(area, areas, f' fill="url(#{self.key}b{area.bands[1:]})"') if area.bands else "")

    def _area(self, area: Area, areas: Areas, fill: str = "") -> str:
        if self.key and area.name:
            return f'<use href="#{self.key}{area.name}"{fill}/>'
        data = self.path([area.corners], closed=True)
        return f'<path d="{data}" stroke="{areas.edge}" stroke-width="{areas.width * PX:.1f}"{fill}/>'

    def _stroke(self, stroke: Stroke) -> str:
        data, width = self.path(stroke.lines), stroke.width * PX
        casing = _line(data, PAPER, width + CASING_POINTS * PX, "q") if stroke.cased else ""
        if not stroke.dashes:
            return casing + _line(data, stroke.colour, width, f"q {stroke.sign}")
        on, off = (number(length * PX) for length in stroke.dashes)
        more = f';--d:{on}px;--g:{off}px" stroke-dasharray="{on} {off}'
        return casing + _line(data, stroke.colour, width, f"q dash {stroke.sign}", more)

    def _marker(self, marker: Marker) -> str:
        x, y = self.pixel(marker.at)
        title = escape(marker.title).replace("\n", "&#10;")
        tip = f' data-tip="{title}"' if title else ""
        transform, glyphs = f'transform="translate({number(x)} {number(y)})"', self.glyphs(marker.glyphs)
        if marker.town >= 0:
            return f'<g class="t" data-town="{marker.town}"{tip} {transform}><g class="k">{glyphs}</g></g>'
        strokes = "".join(self._stroke(stroke) for stroke in marker.strokes)
        way = " ".join(f"{number(px)},{number(py)}" for px, py in map(self.pixel, marker.way))
        moving = f' data-way="{way}"' if way else ""
        note = self._note(marker) if marker.note else ""
        head = f'<g class="head"{moving} {transform}><g class="k">{glyphs}{note}</g></g>'
        return f'<g class="{marker.kind}"{tip}>{strokes}{head}</g>'

    def _note(self, marker: Marker) -> str:
        """Return the words beside a marker, which have one size at every scale."""
        x, y = marker.note_at
        halo = f'paint-order="stroke" stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" fill="{INK}"'
        text = words(0, 0.36 * NOTE_PX, marker.note, NOTE_PX, f'font-weight="bold" {halo}')
        return f'<g transform="translate({number(x * PX)} {number(-y * PX)})"><g class="u">{text}</g></g>'

    def glyphs(self, glyphs: Iterable[Glyph]) -> str:
        """Return glyphs round the origin."""
        return "".join(map(self._known_glyph, glyphs))

    def _known_glyph(self, glyph: Glyph) -> str:
        """Return a glyph's element; those of one look are written once."""
        text = self.known.get(glyph)
        if text is None:
            if len(self.known) > MOST_TEXTS:
                self.known.clear()
            text = self.known[glyph] = self._glyph(glyph)
        return text

    def _glyph(self, glyph: Glyph) -> str:
        dashes = ' stroke-dasharray="{} {}"'.format(*(number(v * PX) for v in glyph.dashes)) if glyph.dashes else ""
        if glyph.shape == "circle" and not glyph.fill:
            return (
                f'<circle r="{number(glyph.radius * PX)}" fill="none" stroke="{glyph.edge}" '
                f'stroke-width="{number(glyph.width * PX)}"{dashes}/>'
            )
        (x, y), size = glyph.shift, glyph.radius * PX
        transform = f"translate({number(x * PX)} {number(-y * PX)}) " if x or y else ""
        turn = f"rotate({-glyph.turn:.0f}) " if glyph.turn else ""
        more = dashes if glyph.edge == WHITE else f' stroke="{glyph.edge}"{dashes}' if glyph.edge else NO_EDGE
        moving = bool(self.key) and glyph.shape in MOVING
        if moving:
            more += f' stroke-width="{glyph.width * PX / size:.3f}"'
        elif glyph.edge and glyph.width != EDGE:
            more += f' stroke-width="{number(glyph.width * PX)}"'
        more += f' fill-opacity="{glyph.opacity}"' if glyph.opacity < 1 else ""
        more += f' class="{glyph.kind}"' if glyph.kind else ""
        shape = (
            f'use href="#{self.key}{_id(glyph.shape)}"' if self.key else f'path d="{unit_path(shape_of(glyph.shape))}"'
        )
        fixed = "" if self.key else ' vector-effect="non-scaling-stroke"'
        return f'<{shape} transform="{transform}{turn}scale({number(size)})" fill="{glyph.fill}"{more}{fixed}/>'

    def definitions(self, cells: Areas, shapes: Iterable[str], bands: Iterable[str], gap: float) -> str:
        """Return the outlines of cells, whose edge is that of their group, the shapes, and patterns of bands in colours, `gap` px apart, to be referred to."""
        parts = [
            f'<path id="{self.key}{area.name}" vector-effect="non-scaling-stroke" '
            f'd="{self.path([area.corners], closed=True)}"/>'
            for area in cells.items
        ]
        for colour in bands:
            parts.append(
                f'<pattern id="{self.key}b{colour[1:]}" width="{gap:.2f}" height="{gap:.2f}" patternUnits="userSpaceOnUse" '
                f'patternTransform="rotate(-45)"><path d="M0 0h{gap / 2:.2f}v{gap:.2f}H0z" fill="{colour}"/></pattern>'
            )
        for name in sorted(shapes):
            fixed = "" if name in MOVING else ' vector-effect="non-scaling-stroke"'
            parts.append(f'<path id="{self.key}{_id(name)}" d="{unit_path(shape_of(name))}"{fixed}/>')
        return "".join(parts)


def edged(elements: str) -> str:
    """Return elements in a group that gives glyphs the edge that most of them have."""
    return f'<g stroke="{WHITE}" stroke-width="{number(EDGE * PX)}">{elements}</g>'


def _id(shape: str) -> str:
    return shape.replace(" ", "-")


def _line(data: str, colour: str, width: float, kind: str, more: str = "") -> str:
    """Return a line whose width, given in px at scale 1, grows with the square root of the scale."""
    return (
        f'<path class="{kind}" style="--w:{width:.1f}px{more}" fill="none" stroke="{colour}" '
        f'stroke-width="{width:.1f}" stroke-linecap="round" d="{data}"/>'
    )


class Texts(dict[Part, str]):
    """The elements of parts that recur, written once; `painter.text` of the others."""

    def __init__(self, painter: SvgPainter) -> None:
        super().__init__()
        self.painter = painter

    def __missing__(self, part: Part) -> str:
        text = self.painter.text(part)
        if isinstance(part, Areas | Stroke) or (isinstance(part, Marker) and (part.town >= 0 or part.key)):
            if len(self) > MOST_TEXTS:
                self.clear()
            self[part] = text
        return text


IN_PLACE = SvgPainter((0.0, 0.0), PX)
"""Painter of symbols round the origin, points upwards, that need no other element."""
