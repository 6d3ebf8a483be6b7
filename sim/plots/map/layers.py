"""Layers of a map in matplotlib, and labels that avoid each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Shape
from matplotlib.patheffects import withStroke
from matplotlib.transforms import IdentityTransform

from sim.plots.map.geometry import Ground, bands
from sim.plots.map.state import MapState
from sim.plots.style import BURST, INK, PAPER, QUIET, UNKNOWN, ZONE_INK, burst, half, outline, pale, pennant

# Directions tried, best first: right, left, above right, below right, above, below, above left, below left.
DIRECTIONS = ((1, 0), (-1, 0), (0.8, 0.8), (0.8, -0.8), (0, 1), (0, -1), (-0.8, 0.8), (-0.8, -0.8))


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float


def candidate(x: float, y: float, width: float, height: float, gap: float, direction: tuple[float, float]) -> Box:
    """Return the box of a label beside the point, `gap` away from it in one direction."""
    dx, dy = direction
    left = x + dx * gap + (0 if dx > 0 else -width if dx < 0 else -width / 2)
    bottom = y + dy * gap + (0 if dy > 0 else -height if dy < 0 else -height / 2)
    return Box(left, bottom, left + width, bottom + height)


def place_labels(
    points: np.ndarray,
    sizes: np.ndarray,
    radii: np.ndarray,
    order: np.ndarray,
    frame: Box,
    keep_clear: list[Box],
    must: frozenset[int] = frozenset(),
    margin: float = 1.0,
) -> dict[int, Box]:
    """Return the boxes of the labels that fit.

    points [n, 2]: all symbols; sizes [n, 2]: width and height of each label; radii [n]: of the symbols; order: indices
    of the labels wanted, most important first; keep_clear: further boxes that stay free; must: labels that may touch
    other symbols, never other labels, where there is no free room.
    """
    symbols = np.column_stack([points[:, 0] - radii, points[:, 1] - radii, points[:, 0] + radii, points[:, 1] + radii])
    fixed = np.array(keep_clear, float).reshape(-1, 4)
    placed: dict[int, Box] = {}
    for i in order:
        names = np.array(list(placed.values()), float).reshape(-1, 4)
        taken = np.vstack([symbols, fixed, names])
        tries = [(reach, taken) for reach in (2.0, 5.0)]
        if int(i) in must:
            centre = symbols[i : i + 1]
            tries += [(reach, np.vstack([centre, fixed, names])) for reach in (2.0, 8.0, 16.0)]
        for reach, obstacles in tries:
            box = _first_free(points[i], sizes[i], radii[i] + reach * margin, frame, obstacles, margin)
            if box is not None:
                placed[int(i)] = box
                break
    return placed


def _first_free(
    point: np.ndarray, extent: np.ndarray, gap: float, frame: Box, taken: np.ndarray, margin: float
) -> Box | None:
    for direction in DIRECTIONS:
        box = candidate(point[0], point[1], extent[0], extent[1], gap, direction)
        inside = (
            box.left >= frame.left and box.right <= frame.right and box.bottom >= frame.bottom and box.top <= frame.top
        )
        if inside and not overlaps(box, taken, margin).any():
            return box
    return None


def overlaps(box: Box, others: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Return bool [n]: which of the boxes [n, 4] overlap `box` grown by a margin."""
    hit: np.ndarray = (
        (others[:, 0] < box.right + margin)
        & (others[:, 2] > box.left - margin)
        & (others[:, 1] < box.top + margin)
        & (others[:, 3] > box.bottom - margin)
    )
    return hit


CONTESTED_GAP_KM = 2.4
RING_POINTS, BURST_POINTS, FLAG_POINTS = 3.4, 7.5, 5.2
LAND = "#F4F3EF"
ZONE_DASHES = (0, (5, 2.5))
ROAD_LOOK = (("#8A8078", 2.2), ("#A79E95", 1.1), ("#D3CDC5", 0.5))
HALO = [withStroke(linewidth=2.2, foreground=PAPER)]


def frame_axes(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    """Set limits in km, equal scales and no ticks."""
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(LAND)
    for spine in axes.spines.values():
        spine.set_color(QUIET)
        spine.set_linewidth(0.8)


def draw_cells(axes: Axes, ground: Ground, state: MapState) -> None:
    """Tint each town's cell by its holder; contested cells carry bands in both colours."""
    look = ground.look
    fills = [pale(look.colour(s[0])) if s else "#FFFFFF" for s in state.sides]
    axes.add_collection(
        PolyCollection(ground.cells, facecolors=fills, edgecolors=PAPER, linewidths=0.6, zorder=1), autolim=False
    )
    parts, colours = [], []
    for town, sides in enumerate(state.sides):
        if len(sides) == 2:
            cell_bands = bands(ground.cells[town], CONTESTED_GAP_KM)
            parts += cell_bands
            colours += [pale(look.colour(sides[1]))] * len(cell_bands)
    axes.add_collection(PolyCollection(parts, facecolors=colours, edgecolors="none", zorder=1.1), autolim=False)


def draw_lines(axes: Axes, ground: Ground, contact: list[np.ndarray]) -> None:
    """Draw hatching of weakly sourced cells, roads, the zone's edge and the line of contact."""
    add_lines(axes, ground.weak_lines, "#9A958C", 0.5, 1.3)
    for lines, (colour, width), level in zip(
        (ground.motorways, ground.main_roads, ground.links), ROAD_LOOK, (1.6, 1.5, 1.4), strict=True
    ):
        add_lines(axes, lines, colour, width, level)
    add_lines(axes, ground.zone, PAPER, 2.6, 1.7)
    add_lines(axes, ground.zone, ZONE_INK, 1.3, 1.8, ZONE_DASHES)
    add_lines(axes, contact, PAPER, 3.2, 1.85)
    add_lines(axes, contact, INK, 1.7, 1.9)


def add_lines(
    axes: Axes, lines: list[np.ndarray], colour: str, width: float, level: float, style: str | tuple = "-"
) -> None:
    """Draw polylines [n, 2] as one path, which is quick to draw and small in SVG."""
    if lines:
        path = Shape.make_compound_path(*(Shape(line) for line in lines))
        patch = PathPatch(
            path, fill=False, edgecolor=colour, linewidth=width, linestyle=style, zorder=level, capstyle="round"
        )
        patch.set_transform(axes.transData)
        patch.set_clip_path(axes.patch)
        axes.add_artist(patch)


def add_shapes(
    axes: Axes, shape: Shape, at: np.ndarray, radii: np.ndarray, face: str, edge: str, width: float, level: float
) -> None:
    """Draw one shape at points [n, 2] in km with radii [n] in points."""
    axes.add_collection(
        PathCollection(
            [shape], sizes=radii**2, offsets=at, offset_transform=axes.transData, transform=IdentityTransform(),
            facecolors=face, edgecolors=edge, linewidths=width, zorder=level,
        ),
        autolim=False,
    )  # fmt: skip


def draw_symbols(axes: Axes, ground: Ground, state: MapState, zoom: float = 1.0) -> None:
    """Draw fighting, the towns in their holders' colours and shapes, and bases."""
    look, at, radii = ground.look, ground.at, ground.radii * zoom
    fights = np.array(sorted(state.clashes), int)
    if len(fights):
        add_shapes(axes, burst(), at[fights], radii[fights] + BURST_POINTS, BURST, INK, 0.7, 3)
    parts: dict[tuple[str, str, str], list[int]] = {}
    for town, sides in enumerate(state.sides):
        if not sides:
            parts.setdefault(("white", "whole", ""), []).append(town)
        elif len(sides) == 1:
            parts.setdefault((sides[0], "whole", sides[0]), []).append(town)
        else:
            parts.setdefault((sides[0], "left", sides[0]), []).append(town)
            parts.setdefault((sides[1], "right", sides[1]), []).append(town)
    for (_key, part, code), towns in sorted(parts.items()):
        name = look.shapes.get(code, "circle")
        shape = outline(name) if part == "whole" else half(name, part == "right")
        colour = look.colour(code) if code else "#FFFFFF"
        larger = 1.0 if part == "whole" else 1.2
        add_shapes(axes, shape, at[towns], radii[towns] * larger, colour, INK if not code else PAPER, 0.9, 4)
    for town, code in state.bases:
        foot = _flag_foot(axes, ground, town, zoom)
        add_shapes(axes, pennant(), foot[None], np.array([FLAG_POINTS * zoom**0.5]), look.colour(code), INK, 0.7, 6)


def draw_rings(axes: Axes, ground: Ground, towns: np.ndarray, zoom: float = 1.0) -> None:
    """Ring the towns given as indices or bool [T]."""
    chosen = np.flatnonzero(towns) if towns.dtype == bool else towns
    if len(chosen):
        add_shapes(
            axes,
            outline("circle"),
            ground.at[chosen],
            ground.radii[chosen] * zoom + RING_POINTS,
            "none",
            PAPER,
            2.8,
            4.8,
        )
        add_shapes(
            axes, outline("circle"), ground.at[chosen], ground.radii[chosen] * zoom + RING_POINTS, "none", INK, 1.5, 5
        )


def draw_names(
    axes: Axes,
    ground: Ground,
    order: np.ndarray,
    extra: np.ndarray,
    keep_clear: list[Box],
    zoom: float = 1.0,
    type_scale: float = 1.0,
    must: frozenset[int] | None = None,
) -> list[Box]:
    """Write the names that fit, first those first in `order`; return their boxes in pixels.

    extra [T]: points that rings and bursts add to the symbols; `zoom` is that of the symbols, `type_scale` of the names.
    """
    strong = set(ground.watch)
    axes.apply_aspect()
    points, pixel = axes.transData.transform(ground.at), axes.figure.dpi / 72
    seen = axes.get_window_extent()
    fonts = [_font(town in strong, radius, type_scale) for town, radius in enumerate(ground.radii)]
    sizes = np.zeros((len(points), 2))
    for i in order:
        sizes[i] = ground.text_size(axes, int(i), *fonts[i])
    if must is None:
        must = frozenset(strong | {int(i) for i in np.flatnonzero(ground.radii > 6)})
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


def flag_boxes(axes: Axes, ground: Ground, state: MapState, zoom: float = 1.0) -> list[Box]:
    """Return the pixels that the flags of bases take."""
    pixel, boxes = axes.figure.dpi / 72, []
    for town, _code in state.bases:
        x, y = axes.transData.transform(_flag_foot(axes, ground, town, zoom))
        tall = FLAG_POINTS * zoom**0.5 * pixel
        boxes.append(Box(x - 0.1 * tall, y, x + 1.5 * tall, y + 2.1 * tall))
    return boxes


def _flag_foot(axes: Axes, ground: Ground, town: int, zoom: float) -> np.ndarray:
    foot: np.ndarray = ground.at[town] + np.array([0.7, 0.7]) * ground.radii[town] * zoom / _points_per_km(axes)
    return foot


def fill_symbol(sides: tuple[str, ...], ground: Ground) -> list[tuple[Shape, str]]:
    """Return the outlines and colours that make up one town's symbol."""
    look = ground.look
    if not sides:
        return [(outline("circle"), "#FFFFFF")]
    if len(sides) == 1:
        return [(look.shape(sides[0]), look.colour(sides[0]))]
    return [
        (half(look.shapes.get(c, "circle"), right), look.colour(c) if c in look.colours else UNKNOWN)
        for c, right in zip(sides, (False, True), strict=True)
    ]


def _points_per_km(axes: Axes) -> float:
    axes.apply_aspect()
    west, east = axes.get_xlim()
    return float(axes.get_window_extent().width / axes.figure.dpi * 72 / (east - west))
