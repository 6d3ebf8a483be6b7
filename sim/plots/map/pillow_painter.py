"""The Pillow painter: parts of a scene on parts of a picture, quick enough for a frame a millisecond."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from sim.plots.labels import font
from sim.plots.map.geometry import CONTESTED_GAP_KM, bands
from sim.plots.map.primitives import CASING_POINTS, Area, Areas, Glyph, Label, Marker, Part, Stroke, vertices
from sim.plots.style import INK, PAPER, rgb_of

FINE = 4  # symbols and lines are drawn this much larger, then reduced
MOST_STICKERS = 4_000
Box = tuple[int, int, int, int]  # pixels: left, top, right, bottom


class Sticker(NamedTuple):
    """A picture with transparency and the pixel of its upper left corner."""

    picture: Image.Image
    left: int
    top: int

    @property
    def box(self) -> Box:
        """The pixels it takes."""
        return self.left, self.top, self.left + self.picture.width, self.top + self.picture.height


class PillowPainter:
    """Draws parts of a map on pictures of a resolution.

    corner: pixel of the map's upper left corner, which is at (west, north) in km; per_km, point: pixels a km and a point.
    """

    def __init__(
        self, corner: tuple[float, float], west_north: tuple[float, float], per_km: float, point: float
    ) -> None:
        self.corner, self.west_north, self.per_km, self.point = corner, west_north, per_km, point
        self.stickers: dict[Any, tuple[Sticker, ...]] = {}
        self.outlines: dict[Any, tuple[np.ndarray, list[np.ndarray], Box]] = {}

    def pixels(self, km: np.ndarray) -> np.ndarray:
        """Return the pixels [n, 2] of places [n, 2]."""
        placed: np.ndarray = self.corner + (km - self.west_north) * (self.per_km, -self.per_km)
        return placed

    def boxes(self, part: Part) -> list[tuple[Any, Box]]:
        """Return what a part shows, by keys that are the same for the same picture, and the pixels of each."""
        if isinstance(part, Areas):
            return [(area, self._outline(area)[2]) for area in part.items]
        return [((_key(part), sticker.left, sticker.top), sticker.box) for sticker in self.stickers_of(part)]

    def paint(self, picture: Image.Image, parts: Iterable[Part], left: int, top: int) -> None:
        """Draw parts, the first lowest, on a picture whose upper left corner is the pixel (left, top)."""
        box = (left, top, left + picture.width, top + picture.height)
        for part in parts:
            if isinstance(part, Areas):
                self._areas(picture, part, box)
            else:
                for sticker in self.stickers_of(part):
                    if crosses(sticker.box, box):
                        picture.paste(sticker.picture, (sticker.left - left, sticker.top - top), sticker.picture)

    def _areas(self, picture: Image.Image, areas: Areas, box: Box) -> None:
        draw, corner = ImageDraw.Draw(picture), box[:2]
        for area in areas.items:
            corners, banded, reach = self._outline(area)
            if not crosses(reach, box):
                continue
            outline = [tuple(point) for point in (corners - corner).tolist()]
            draw.polygon(outline, fill=rgb_of(area.fill))
            for part in banded:
                draw.polygon([tuple(point) for point in (part - corner).tolist()], fill=rgb_of(area.bands))
            draw.line([*outline, outline[0]], fill=rgb_of(areas.edge), width=max(1, round(areas.width * self.point)))

    def _outline(self, area: Area) -> tuple[np.ndarray, list[np.ndarray], Box]:
        """Return an area's corners and bands in pixels, and the box it takes."""
        key = (area.name, bool(area.bands)) if area.name else area
        if key not in self.outlines:
            parts = bands(area.corners, CONTESTED_GAP_KM) if area.bands else []
            corners = self.pixels(area.corners)
            (left, top), (right, bottom) = np.floor(corners.min(0)) - 1, np.ceil(corners.max(0)) + 2
            box = (int(left), int(top), int(right), int(bottom))
            self.outlines[key] = (corners, [self.pixels(part) for part in parts], box)
        return self.outlines[key]

    def stickers_of(self, part: Stroke | Marker | Label) -> tuple[Sticker, ...]:
        """Return the pictures that make up a part."""
        key = _key(part)
        stickers = self.stickers.get(key)
        if stickers is None:
            if len(self.stickers) > MOST_STICKERS:
                self.stickers.clear()
            stickers = self.stickers[key] = tuple(self._draw(part))
        return stickers

    def _draw(self, part: Stroke | Marker | Label) -> Iterable[Sticker]:
        if isinstance(part, Stroke):
            yield self._stroke(part)
        elif isinstance(part, Label):
            yield self._label(part)
        else:
            for stroke in part.strokes:
                yield self._stroke(stroke)
            if part.glyphs:
                yield self._marker(part.at, part.glyphs)

    def _marker(self, at: tuple[float, float], glyphs: tuple[Glyph, ...]) -> Sticker:
        corners = [vertices(glyph) * (self.point, -self.point) for glyph in glyphs]
        reach = max(float(np.abs(points).max()) + glyph.width for points, glyph in zip(corners, glyphs, strict=True))
        middle = int(np.ceil(reach)) + 2
        large, draw = _canvas(2 * middle, 2 * middle, INK)
        for points, glyph in zip(corners, glyphs, strict=True):
            outline = [tuple(point) for point in ((points + middle) * FINE).tolist()]
            if glyph.fill:
                draw.polygon(outline, fill=(*rgb_of(glyph.fill), round(255 * glyph.opacity)))
            if glyph.edge:
                _lines(
                    draw, [np.array(outline)], glyph.edge, glyph.width * self.point, _dashes(glyph.dashes, self.point)
                )
        x, y = self.pixels(np.array([at]))[0]
        return Sticker(_reduced(large), round(float(x)) - middle, round(float(y)) - middle)

    def _stroke(self, stroke: Stroke) -> Sticker:
        lines, edge = [self.pixels(line) for line in stroke.lines], (stroke.width + CASING_POINTS) * self.point + 1
        every = np.vstack(lines)
        (left, top), (right, bottom) = np.floor(every.min(0) - edge), np.ceil(every.max(0) + edge)
        large, draw = _canvas(int(right - left), int(bottom - top), stroke.colour)
        fine = [(line - (left, top)) * FINE for line in lines]
        if stroke.cased:
            _lines(draw, fine, PAPER, (stroke.width + CASING_POINTS) * self.point)
        _lines(draw, fine, stroke.colour, stroke.width * self.point, _dashes(stroke.dashes, self.point))
        return Sticker(_reduced(large), int(left), int(top))

    def _label(self, label: Label) -> Sticker:
        face = font(label.bold, round(label.size * self.point))
        left, top, right, bottom = (int(v) for v in face.getbbox(label.text, stroke_width=1))
        picture = Image.new("RGBA", (right - left, bottom - top), (*rgb_of(PAPER), 0))
        ImageDraw.Draw(picture).text(
            (-left, -top), label.text, font=face, fill=rgb_of(INK), stroke_width=1, stroke_fill=rgb_of(PAPER)
        )
        x, y = self.pixels(np.array([label.at]))[0]
        return Sticker(picture, round(float(x) - picture.width / 2), round(float(y) - picture.height / 2))


def crosses(first: Box, second: Box) -> bool:
    """Return whether two boxes have pixels in common."""
    return first[0] < second[2] and first[2] > second[0] and first[1] < second[3] and first[3] > second[1]


def _key(part: Stroke | Marker | Label) -> Any:
    """Return a key that parts of one look share: glyphs at one place, whatever a page says of them."""
    return (part.at, part.glyphs) if isinstance(part, Marker) and not part.strokes else part


def _canvas(wide: int, high: int, colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    large = Image.new("RGBA", (wide * FINE, high * FINE), (*rgb_of(colour), 0))
    return large, ImageDraw.Draw(large)


def _reduced(large: Image.Image) -> Image.Image:
    return large.resize((large.width // FINE, large.height // FINE), Image.Resampling.BOX)


def _dashes(dashes: tuple[float, float] | None, point: float) -> tuple[float, float] | None:
    return (dashes[0] * point * FINE, dashes[1] * point * FINE) if dashes else None


def _lines(
    draw: ImageDraw.ImageDraw,
    lines: list[np.ndarray],
    colour: str,
    width: float,
    dashes: tuple[float, float] | None = None,
) -> None:
    """Draw polylines [n, 2] of enlarged pixels; width in pixels."""
    for line in lines:
        for piece in dashed(line, *dashes) if dashes else [line]:
            points = [tuple(point) for point in piece.tolist()]
            draw.line(points, fill=(*rgb_of(colour), 255), width=max(1, round(width * FINE)), joint="curve")


def dashed(line: np.ndarray, on: float, off: float) -> list[np.ndarray]:
    """Return the dashes [n, 2] of a polyline [n, 2], of a length each, with gaps between them."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    pieces = []
    for start in np.arange(0.0, lengths[-1], on + off):
        ends = np.array([start, min(start + on, lengths[-1])])
        inner = lengths[(lengths > ends[0]) & (lengths < ends[1])]
        at = np.concatenate([ends[:1], inner, ends[1:]])
        pieces.append(np.column_stack([np.interp(at, lengths, line[:, 0]), np.interp(at, lengths, line[:, 1])]))
    return pieces
