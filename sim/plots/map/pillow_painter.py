"""The Pillow painter: parts of a scene on parts of a picture, quick enough for a frame a millisecond."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from sim.plots.labels import font
from sim.plots.map.geometry import bands
from sim.plots.map.primitives import CASING_POINTS, NOTE, Area, Areas, Glyph, Label, Marker, Part, Stroke, vertices
from sim.plots.style import INK, PAPER, rgb_of

FINE = 3  # symbols and lines are drawn this much larger, then reduced
MOST_STICKERS = 4_000
Box = tuple[int, int, int, int]  # pixels: left, top, right, bottom


class Sticker(NamedTuple):
    """A picture with transparency and the pixels it takes."""

    picture: Image.Image
    box: Box
    key: Any = None  # the same for the same picture, whatever the part that it belongs to; None as the part's own


def sticker_at(picture: Image.Image, left: int, top: int, key: Any = None) -> Sticker:
    """Return a picture whose upper left corner is the pixel (left, top)."""
    return Sticker(picture, (left, top, left + picture.width, top + picture.height), key)


class Stack(NamedTuple):
    """Stickers from the lowest to the highest, and the pixels they take: int [n, 4]."""

    stickers: list[Sticker]
    boxes: np.ndarray


class PillowPainter:
    """Draws parts of a map on pictures of a resolution.

    corner: pixel of the map's upper left corner, which is at (west, north) in km; per_km, point: pixels a km and a point.
    """

    def __init__(
        self, corner: tuple[float, float], west_north: tuple[float, float], per_km: float, point: float
    ) -> None:
        self.corner, self.west_north, self.per_km, self.point = corner, west_north, per_km, point
        self.stickers: dict[Any, tuple[Sticker, ...]] = {}
        self.lines: dict[Any, Sticker] = {}
        self.looks: dict[tuple[Glyph, ...], Image.Image] = {}
        self.texts: dict[tuple[str, float, bool], Image.Image] = {}
        self.outlines: dict[Any, tuple[np.ndarray, list[np.ndarray], Box]] = {}

    def pixels(self, km: np.ndarray) -> np.ndarray:
        """Return the pixels [n, 2] of places [n, 2]."""
        placed: np.ndarray = self.corner + (km - self.west_north) * (self.per_km, -self.per_km)
        return placed

    def boxes(self, part: Part) -> list[tuple[Any, Box]]:
        """Return what a part shows, by keys that are the same for the same picture, and the pixels of each."""
        if isinstance(part, Areas):
            return [(area, self._outline(area)[2]) for area in part.items]
        return [((sticker.key or _key(part), sticker.box[:2]), sticker.box) for sticker in self.stickers_of(part)]

    def paint(self, picture: Image.Image, parts: Iterable[Part], left: int, top: int) -> None:
        """Draw parts, the first lowest, on a picture whose upper left corner is the pixel (left, top)."""
        for part in parts:
            if isinstance(part, Areas):
                self._areas(picture, part, (left, top, left + picture.width, top + picture.height))
            else:
                self.paste(picture, self.stack([part]), left, top)

    def stack(self, parts: Iterable[Part]) -> Stack:
        """Return the stickers of parts without areas, to be pasted on several pictures."""
        stickers = [each for part in parts if not isinstance(part, Areas) for each in self.stickers_of(part)]
        return Stack(stickers, np.array([each.box for each in stickers], int).reshape(-1, 4))

    def paste(self, picture: Image.Image, stack: Stack, left: int, top: int) -> None:
        """Paste the stickers that cross a picture whose upper left corner is the pixel (left, top)."""
        right, bottom = left + picture.width, top + picture.height
        x0, y0, x1, y1 = stack.boxes.T
        for row in np.flatnonzero((x0 < right) & (x1 > left) & (y0 < bottom) & (y1 > top)).tolist():
            sticker = stack.stickers[row]
            picture.paste(sticker.picture, (sticker.box[0] - left, sticker.box[1] - top), sticker.picture)

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
            parts = bands(area.corners, area.gap_km) if area.bands else []
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
            yield from self._strokes(part)
        elif isinstance(part, Label):
            yield self._label(part)
        else:
            for stroke in part.strokes:
                yield self._stroke(stroke)
            if part.glyphs:
                yield self._marker(part.at, part.glyphs)
            if part.note and part.kind != "flag":
                yield self._note(part)

    def _marker(self, at: tuple[float, float], glyphs: tuple[Glyph, ...]) -> Sticker:
        """Return the glyphs of a marker; radii that differ by less than can be seen have one picture."""
        look = tuple(glyph._replace(radius=round(glyph.radius, 1)) for glyph in glyphs)
        picture = self.looks.get(look)
        if picture is None:
            if len(self.looks) > MOST_STICKERS:
                self.looks.clear()
            picture = self.looks[look] = self._glyphs(look)
        x, y = self.pixels(np.array([at]))[0]
        middle = picture.width // 2
        return sticker_at(picture, round(float(x)) - middle, round(float(y)) - middle, look)

    def _glyphs(self, glyphs: tuple[Glyph, ...]) -> Image.Image:
        """Return a square picture with the marker's place in its middle."""
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
        return _reduced(large)

    def _strokes(self, stroke: Stroke) -> Iterable[Sticker]:
        """Yield a picture a line, casings first: of a front that moves, only the roads that differ are painted again."""
        if stroke.cased:
            casing = replace(stroke, colour=PAPER, width=stroke.width + CASING_POINTS, dashes=None, cased=False)
            yield from self._strokes(casing)
        for line in stroke.lines:
            key = (stroke.colour, stroke.width, stroke.dashes, line.tobytes())
            sticker = self.lines.get(key)
            if sticker is None:
                if len(self.lines) > MOST_STICKERS:
                    self.lines.clear()
                sticker = self._stroke(replace(stroke, lines=(line,), cased=False))._replace(key=key)
                self.lines[key] = sticker
            yield sticker

    def _stroke(self, stroke: Stroke) -> Sticker:
        lines, edge = [self.pixels(line) for line in stroke.lines], (stroke.width + CASING_POINTS) * self.point + 1
        every = np.vstack(lines)
        (left, top), (right, bottom) = np.floor(every.min(0) - edge), np.ceil(every.max(0) + edge)
        large, draw = _canvas(int(right - left), int(bottom - top), stroke.colour)
        fine = [(line - (left, top)) * FINE for line in lines]
        if stroke.cased:
            _lines(draw, fine, PAPER, (stroke.width + CASING_POINTS) * self.point)
        _lines(draw, fine, stroke.colour, stroke.width * self.point, _dashes(stroke.dashes, self.point))
        return sticker_at(_reduced(large), int(left), int(top))

    def _label(self, label: Label) -> Sticker:
        picture = self._text(label.text, label.size, label.bold)
        x, y = self.pixels(np.array([label.at]))[0]
        return sticker_at(picture, round(float(x) - picture.width / 2), round(float(y) - picture.height / 2))

    def _note(self, marker: Marker) -> Sticker:
        """Return the words beside a marker."""
        picture = self._text(marker.note, NOTE, True)
        x, y = self.pixels(np.array([marker.at]))[0] + np.array(marker.note_at) * (self.point, -self.point)
        return sticker_at(picture, round(float(x)), round(float(y) - picture.height / 2), ("note", marker.note))

    def _text(self, text: str, size: float, bold: bool) -> Image.Image:
        """Return words of a size in points with a white edge."""
        if (text, size, bold) in self.texts:
            return self.texts[text, size, bold]
        face = font(bold, round(size * self.point))
        left, top, right, bottom = (int(v) for v in face.getbbox(text, stroke_width=1))
        picture = Image.new("RGBA", (right - left, bottom - top), (*rgb_of(PAPER), 0))
        ImageDraw.Draw(picture).text(
            (-left, -top), text, font=face, fill=rgb_of(INK), stroke_width=1, stroke_fill=rgb_of(PAPER)
        )
        self.texts[text, size, bold] = picture
        return picture


def crosses(first: Box, second: Box) -> bool:
    """Return whether two boxes have pixels in common."""
    return first[0] < second[2] and first[2] > second[0] and first[1] < second[3] and first[3] > second[1]


def around(first: Box, second: Box) -> Box:
    """Return the smallest box that holds two."""
    return min(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]), max(first[3], second[3])


def _key(part: Stroke | Marker | Label) -> Any:
    """Return a key that parts of one look share: glyphs at one place, whatever a page says of them."""
    if isinstance(part, Marker) and not part.strokes and not part.note:
        return part.at, part.glyphs
    return part


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
