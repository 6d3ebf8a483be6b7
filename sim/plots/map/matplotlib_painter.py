"""The matplotlib painter: parts of a scene, names and legends on axes."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import IdentityTransform

from sim.plots.labels import Box, overlaps, place_labels
from sim.plots.map.geometry import Ground, bands
from sim.plots.map.primitives import (
    CASING_POINTS,
    NOTE,
    Areas,
    Glyph,
    Label,
    LegendRow,
    Marker,
    Part,
    Stroke,
    moved,
    vertices,
)
from sim.plots.style import INK, LAND, PAPER, QUIET

HALO = [withStroke(linewidth=2.2, foreground=PAPER)]
ROW, FONT = 15.5, 8.0  # points, of legends


def frame_axes(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    """Set limits in km, equal scales and no ticks."""
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_aspect("equal")
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
    axes.set_facecolor(LAND)
    for spine in axes.spines.values():
        spine.set_color(QUIET)
        spine.set_linewidth(0.8)


def points_per_km(axes: Axes) -> float:
    """Return how many points a km of framed axes takes."""
    axes.apply_aspect()
    west, east = axes.get_xlim()
    return float(axes.get_window_extent().width / axes.figure.dpi * 72 / (east - west))


def paint(axes: Axes, parts: Iterable[Part], level: float = 1.0) -> None:
    """Draw parts on framed axes, the first lowest, from a level (zorder) on; glyphs have levels of their own from 2 on."""
    markers: list[Marker] = []
    for part in parts:
        level += 0.02
        if isinstance(part, Areas):
            _areas(axes, part, level)
        elif isinstance(part, Stroke):
            _stroke(axes, part, level)
        elif isinstance(part, Label):
            _label(axes, part)
        else:
            for stroke in part.strokes:
                _stroke(axes, stroke, level)
            markers.append(part)
    _glyphs(axes, markers)


def _areas(axes: Axes, areas: Areas, level: float) -> None:
    corners, fills = [area.corners for area in areas.items], [area.fill for area in areas.items]
    look = {"edgecolors": areas.edge, "linewidths": areas.width, "zorder": level}
    axes.add_collection(PolyCollection(corners, facecolors=fills, **look), autolim=False)
    banded = [(part, area.bands) for area in areas.items if area.bands for part in bands(area.corners, area.gap_km)]
    if banded:
        shapes, colours = zip(*banded, strict=True)
        axes.add_collection(
            PolyCollection(shapes, facecolors=colours, edgecolors="none", zorder=level + 0.01), autolim=False
        )


def _stroke(axes: Axes, stroke: Stroke, level: float) -> None:
    lines = list(stroke.lines)
    if stroke.cased:
        add_lines(axes, lines, PAPER, stroke.width + CASING_POINTS, level)
    style = (0, tuple(length / stroke.width for length in stroke.dashes)) if stroke.dashes else "-"
    add_lines(axes, lines, stroke.colour, stroke.width, level + 0.01, style)


def add_lines(
    axes: Axes, lines: list[np.ndarray], colour: str, width: float, level: float, style: str | tuple = "-"
) -> None:
    """Draw polylines [n, 2] as one path, which is quick to draw and small in SVG."""
    if lines:
        path = Path.make_compound_path(*(Path(line) for line in lines))
        patch = PathPatch(
            path, fill=False, edgecolor=colour, linewidth=width, linestyle=style, zorder=level, capstyle="round"
        )
        patch.set_transform(axes.transData)
        patch.set_clip_path(axes.patch)
        axes.add_artist(patch)


def add_shapes(
    axes: Axes, shape: Path, at: np.ndarray, radii: np.ndarray, face: str, edge: str, width: float, level: float
) -> None:
    """Draw one shape at points [n, 2] in km with radii [n] in points."""
    axes.add_collection(
        PathCollection(
            [shape], sizes=radii**2, offsets=at, offset_transform=axes.transData, transform=IdentityTransform(),
            facecolors=face, edgecolors=edge, linewidths=width, zorder=level,
        ),
        autolim=False,
    )  # fmt: skip


def leader_line(axes: Axes, point: np.ndarray, box: Box, width: float = 1.1, least: float = 14.0) -> None:
    """Join a label's box to its point, both in pixels, by a line if they are more than `least` points apart."""
    near = np.clip(point, (box.left, box.bottom), (box.right, box.top))
    if np.hypot(*(near - point)) > least * axes.figure.dpi / 72:
        ends = axes.transData.inverted().transform([point, near])
        axes.plot(*ends.T, color=PAPER, linewidth=2.4 * width, zorder=6.4)
        axes.plot(*ends.T, color=QUIET, linewidth=width, zorder=6.5)


def _glyphs(axes: Axes, markers: list[Marker]) -> None:
    """Draw the glyphs of markers, those of one look together."""
    scale = points_per_km(axes) if markers else 1.0
    batches: dict[Glyph, list[tuple[float, float, float]]] = {}
    for marker in markers:
        for glyph in marker.glyphs:
            x, y = (at + shift / scale for at, shift in zip(marker.at, glyph.shift, strict=True))
            look = glyph._replace(radius=1.0, shift=(0.0, 0.0), kind="")
            batches.setdefault(look, []).append((x, y, glyph.radius))
    for look, rows in batches.items():
        table = np.array(rows)
        axes.add_collection(
            PathCollection(
                [Path(vertices(look), closed=True)], sizes=table[:, 2] ** 2, offsets=table[:, :2],
                offset_transform=axes.transData, transform=IdentityTransform(), facecolors=to_rgba(look.fill, look.opacity) if look.fill else "none",
                edgecolors=look.edge or "none", linewidths=look.width, zorder=look.level,
                linestyles=[(0, look.dashes)] if look.dashes else "solid",
            ),
            autolim=False,
        )  # fmt: skip


def _label(axes: Axes, label: Label) -> None:
    axes.text(
        *label.at, label.text, fontsize=label.size, fontweight="bold" if label.bold else "normal", ha="center",
        va="center_baseline", path_effects=HALO, zorder=6.2,
    )  # fmt: skip


def shifted_boxes(axes: Axes, parts: Iterable[Part]) -> list[Box]:
    """Return the pixels of the glyphs that stand beside their place, such as flags: names keep clear of them."""
    pixel, boxes = axes.figure.dpi / 72, []
    for marker in (part for part in parts if isinstance(part, Marker)):
        for glyph in (glyph for glyph in marker.glyphs if glyph.shift != (0.0, 0.0)):
            corners = axes.transData.transform(marker.at) + vertices(glyph) * pixel
            boxes.append(Box(*corners.min(axis=0), *corners.max(axis=0)))
    return boxes


def draw_notes(axes: Axes, parts: Iterable[Part], keep_clear: list[Box], type_scale: float = 1.0) -> list[Box]:
    """Write the words beside markers, such as the number of a column, if they cover none of the boxes in pixels.

    A flag's words are its town's name, which is left to `draw_names`. Return the boxes of what is written.
    """
    pixel, seen, written = axes.figure.dpi / 72, axes.get_window_extent(), list[Box]()
    for marker in parts:
        if not isinstance(marker, Marker) or not marker.note or marker.kind == "flag":
            continue
        left, middle = axes.transData.transform(marker.at) + np.array(marker.note_at) * pixel
        wide, tall = 0.62 * NOTE * type_scale * len(marker.note) * pixel, NOTE * type_scale * pixel
        box = Box(left, middle - tall / 2, left + wide, middle + tall / 2)
        inside = box.left > seen.x0 and box.right < seen.x1 and box.bottom > seen.y0 and box.top < seen.y1
        if not inside or overlaps(box, np.array([*keep_clear, *written], float).reshape(-1, 4)).any():
            continue
        x, y = axes.transData.inverted().transform((left, middle))
        axes.text(
            x, y, marker.note, fontsize=NOTE * type_scale, fontweight="bold", color=INK, path_effects=HALO,
            va="center_baseline", ha="left", zorder=6.9,
        )  # fmt: skip
        written.append(box)
    return written


def draw_names(
    axes: Axes,
    ground: Ground,
    order: np.ndarray,
    extra: np.ndarray,
    keep_clear: list[Box],
    zoom: float = 1.0,
    type_scale: float = 1.0,
    must: frozenset[int] = frozenset(),
) -> list[Box]:
    """Write the names that fit, first those first in `order`; return their boxes in pixels.

    extra [T]: points that rings and bursts add to the symbols; `zoom` is that of the symbols, `type_scale` of the names;
    must: towns whose names may cover other towns' symbols if there is no free room.
    """
    strong = set(ground.watch)
    axes.apply_aspect()
    points, pixel = axes.transData.transform(ground.at), axes.figure.dpi / 72
    seen = axes.get_window_extent()
    fonts = [_font(town in strong, radius, type_scale) for town, radius in enumerate(ground.radii)]
    sizes = np.zeros((len(points), 2))
    for i in order:
        sizes[i] = ground.text_size(axes, int(i), *fonts[i])
    frame = Box(seen.x0 + 3, seen.y0 + 3, seen.x1 - 3, seen.y1 - 3)
    placed = place_labels(
        points, sizes, (ground.radii * zoom + 0.5 + extra) * pixel, order, frame, keep_clear, must, margin=1.2
    )
    corners = axes.transData.inverted().transform(np.array([box[:2] for box in placed.values()]).reshape(-1, 2))
    for i, (x, y) in zip(placed, corners, strict=True):
        size, weight = fonts[i]
        axes.text(
            x, y, ground.names[i], fontsize=size, fontweight=weight, color=INK, path_effects=HALO, va="bottom", ha="left", zorder=7,
        )  # fmt: skip
    return list(placed.values())


def _font(strong: bool, radius: float, scale: float) -> tuple[float, str]:
    """Return size in points and weight of a town's name."""
    return (9.0 if strong else 7.6 if radius > 6 else 6.8) * scale, "bold" if strong else "normal"


class Legend:
    """Rows of symbol and text in an axes whose units are points, filled from the top."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        box = axes.get_window_extent()
        self.width, self.height = box.width / axes.figure.dpi * 72, box.height / axes.figure.dpi * 72
        axes.set_xlim(0, self.width)
        axes.set_ylim(-self.height, 0)
        axes.set_axis_off()
        self.y = -4.0
        self.left = 0.0
        self.room = ROW

    def fit(self, rows: int, headings: int, height: float) -> None:
        """Set rows closer if so many rows and headings do not fit into a height in points."""
        self.room = min(ROW, (height - 8 * headings) / (rows + headings))

    def heading(self, text: str) -> None:
        """Write a heading."""
        self.y -= 6
        self.axes.text(self.left, self.y, text, fontsize=FONT + 0.8, fontweight="bold", va="top")
        self.y -= self.room + 2

    def row(self, row: LegendRow) -> None:
        """Draw a row, its text on two lines or cut so that it stays clear of the note or the next column."""
        letters = 20 if row.note else 27
        text = "\n".join(wrap(row.text, letters, max_lines=3, placeholder="…"))
        more = (self.room - 6) * text.count("\n") / 2
        self.y -= more
        middle = self.y - self.room / 2
        self.axes.text(
            self.left + 26, middle, text, fontsize=FONT, va="center" if "\n" in text else "center_baseline", linespacing=1.05,
        )  # fmt: skip
        if row.note:
            self.axes.text(
                self.left + 140, middle, row.note, fontsize=FONT, va="center_baseline", ha="right", color=QUIET
            )
        self.symbol((self.left + 10, middle), row)
        self.y -= self.room + more

    def symbol(self, at: tuple[float, float], row: LegendRow) -> None:
        """Draw the symbol of a row at a place of the axes."""
        paint(self.axes, [moved(part, at) for part in row.parts])

    def line_of(self, rows: Iterable[LegendRow], left: float) -> None:
        """Draw rows beside each other on the middle of the axes, each followed by its text and note."""
        middle, x = -self.height / 2, left
        for row in rows:
            self.symbol((x, middle), row)
            text = " ".join(part for part in (row.text, row.note) if part)
            words = self.axes.text(x + 9, middle, text, fontsize=FONT, va="center_baseline")
            x += 24 + words.get_window_extent().width / self.axes.figure.dpi * 72
