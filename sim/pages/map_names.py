"""Names on the map of a page: placed for several scales, beside their towns or at the end of a line that leads to them.

Names keep their size while symbols grow with the square root of the scale; the set placed for the largest scale that is not
above the present one is shown. A name's anchor is the point of its box nearest to its town, so that it stays clear of all
that it is clear of now when the map grows under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.geography.maps import posts_at_start
from sim.pages.svg import FONT, PX, escape, fitted, number, text_width
from sim.plots.labels import DIRECTIONS, Box, candidate, overlaps, place_labels
from sim.plots.map.force_signs import helmet
from sim.plots.map.primitives import vertices
from sim.plots.style import INK, PAPER, ZONE_INK

if TYPE_CHECKING:
    from sim.pages.map_svg import MapDrawing

SCALES = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.3, 1.8, 2.6, 4.0, 6.0)  # for which names are placed
INSET_SCALES = (0.7, 0.85, 1.0, 1.2, 1.5, 1.9)  # the same for the enlarged part of the map
NAME_SIZES = (11.0, 12.0, 13.0)  # px: small town, city, watched town
FAR = (12.0, 20.0, 30.0, 42.0, 56.0, 72.0, 90.0)  # px from its town's symbol at which a name may stand on a line
LEADER_PX = 9.0  # a name farther from its town's symbol than this has a line
Point = tuple[float, float]


@dataclass(frozen=True)
class Label:
    """A name at one scale: the point that stays put while zooming, and the text's place beside it in px of the screen."""

    town: int  # -1: the zone
    text: str
    size: float
    bold: bool
    anchor: Point  # px at scale 1
    left: float  # from the anchor to the right
    top: float  # from the anchor downwards
    width: float
    leads: bool = False  # whether a line leads from the name to its town


def place_names(
    drawing: MapDrawing, scale: float, part: tuple[float, float, float, float] | None = None
) -> list[Label]:
    """Return the names that fit when a px of the base takes `scale` px on the screen.

    part: left, top, right, bottom in px of the base of a part of the map that is shown alone; None the whole map.

    None overlaps another, and none covers another town's symbol as long as there is room within FAR.
    """
    ground, high = drawing.ground, drawing.size[1] * scale
    points = np.column_stack([drawing.at[:, 0], drawing.size[1] - drawing.at[:, 1]]) * scale  # y upwards
    largest = scale >= 1 if part is None else scale >= INSET_SCALES[-2]
    fonts = [_name_font(drawing, town, largest) for town in range(len(points))]
    texts = [fitted(name, size, 170, bold) for name, (size, bold) in zip(ground.names, fonts, strict=True)]
    sizes = np.array([(text_width(t, s, b), 0.98 * s) for t, (s, b) in zip(texts, fonts, strict=True)])
    radii = drawing.radii * np.sqrt(scale) * 1.1 + 2.5
    left, top, right, bottom = (0.0, 0.0, *drawing.size) if part is None else part
    frame = Box(left * scale + 3, high - bottom * scale + 3, right * scale - 3, high - top * scale - 3)
    labels, clear = [], []
    zone = _zone_label(drawing, scale, points, radii, frame) if part is None else None
    if zone is not None:
        labels, clear = [zone[0]], [zone[1]]
    clear += _helmets(drawing, scale, points)
    population = np.array([map_town.population for map_town in ground.geography.places])
    rank = np.log10(1 + population) + 100.0 * np.isin(np.arange(len(points)), ground.watch)
    must = frozenset(ground.watch) | {int(i) for i in np.flatnonzero(drawing.ground.radii > 6)}
    inside = np.flatnonzero(np.hstack([points >= frame[:2], points <= frame[2:]]).all(axis=1))
    order = np.argsort(-rank, kind="stable")
    order = order[np.isin(order, inside)]
    first = np.isin(order, list(must))
    placed = place_labels(points, sizes, radii, order[first], frame, clear, must, 1.2, FAR)
    placed |= place_labels(points, sizes, radii, order[~first], frame, [*clear, *placed.values()], frozenset(), 1.2)
    for town, box in placed.items():
        labels.append(_label(drawing, town, texts[town], fonts[town], points[town], box, scale, radii[town]))
    return labels


def _helmets(drawing: MapDrawing, scale: float, points: np.ndarray) -> list[Box]:
    """Return the boxes of the helmets beside the towns that peacekeepers guard at the start; `points` as in `place_names`."""
    unit, boxes = PX * scale**0.5, []
    for position, by_town in enumerate(posts_at_start(drawing.ground.geography, drawing.scenario).values()):
        for town in by_town:
            marker = helmet(drawing.ground, drawing.larger, town, "", position)
            corners = unit * vertices(marker) + points[town]
            boxes.append(Box(*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()))
    return boxes


def _name_font(drawing: MapDrawing, town: int, largest: bool) -> tuple[float, bool]:
    """Return the size in px of a town's name and whether it is bold; `largest`: there is room for large watched ones."""
    if town in drawing.ground.watch:
        return NAME_SIZES[2 if largest else 0], True
    return NAME_SIZES[1] if drawing.ground.radii[town] > 6 else NAME_SIZES[0], False


def _label(
    drawing: MapDrawing,
    town: int,
    text: str,
    font: tuple[float, bool],
    point: np.ndarray,
    box: Box,
    scale: float,
    radius: float = 0.0,
) -> Label:
    """Anchor a name at the point of its box that is nearest to its town: shrinking towards it, it stays in its box."""
    x, y = float(np.clip(point[0], box.left, box.right)), float(np.clip(point[1], box.bottom, box.top))
    anchor = (x / scale, drawing.size[1] - y / scale)
    leads = town >= 0 and np.hypot(x - point[0], y - point[1]) > radius + LEADER_PX
    return Label(town, text, *font, anchor, box.left - x, y - box.top, box.right - box.left, bool(leads))


def _zone_label(
    drawing: MapDrawing, scale: float, points: np.ndarray, radii: np.ndarray, frame: Box
) -> tuple[Label, Box] | None:
    """Return the name of the zone beside its edge, where it covers least."""
    if not drawing.ground.zone:
        return None
    line = drawing.px(max(drawing.ground.zone, key=len))
    line = np.column_stack([line[:, 0], drawing.size[1] - line[:, 1]]) * scale
    text = fitted(drawing.ground.zone_name, NAME_SIZES[0], 190)
    wide, high = text_width(text, NAME_SIZES[0]), NAME_SIZES[0]
    symbols = np.column_stack([points - radii[:, None], points + radii[:, None]])
    dots = np.column_stack([line - 1, line + 1])
    best: tuple[float, Box, np.ndarray] | None = None
    for point in line[:: max(1, len(line) // 80)]:
        for direction in DIRECTIONS:
            box = candidate(point[0], point[1], wide, high, 5, direction)
            if box.left < frame.left or box.right > frame.right or box.bottom < frame.bottom or box.top > frame.top:
                continue
            cost = 10.0 * overlaps(box, symbols, 3).sum() + overlaps(box, dots).sum()
            if best is None or cost < best[0]:
                best = (cost, box, point)
    if best is None:
        return None
    return _label(drawing, -1, text, (NAME_SIZES[0], False), best[2], best[1], scale), best[1]


def name_set(drawing: MapDrawing, scale: float, labels: list[Label]) -> str:
    """Return the names placed for a scale, their lines under them."""
    parts = [_leader(drawing, label) for label in labels if label.leads]
    for label in labels:
        look = (
            ' font-weight="bold"' if label.bold else f' font-style="italic" fill="{ZONE_INK}"' if label.town < 0 else ""
        )
        x, y = label.anchor
        clicked = f' data-town="{label.town}" pointer-events="all"' if label.town >= 0 else ""
        parts.append(
            f'<g transform="translate({x:.1f} {y:.1f})"{clicked}><text class="n" transform="scale({1 / scale:.3f})" '
            f'x="{label.left:.1f}" y="{label.top + 0.8 * label.size:.1f}" font-size="{number(label.size)}" '
            f'textLength="{label.width:.1f}" lengthAdjust="spacingAndGlyphs"{look}>'
            f"{escape(label.text)}</text></g>"
        )
    hidden = "" if scale == 1 else ' display="none"'
    return (
        f'<g class="names" data-scale="{scale}" font-family="{FONT}" fill="{INK}" paint-order="stroke" stroke="{PAPER}" '
        f'stroke-width="2.6" stroke-linejoin="round" pointer-events="none"{hidden}>{"".join(parts)}</g>'
    )


def _leader(drawing: MapDrawing, label: Label) -> str:
    """Return the line from a town to its name, on a white casing."""
    (x, y), (to_x, to_y) = drawing.at[label.town].tolist(), label.anchor
    data = f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"
    return "".join(
        f'<path class="lead" data-of="{label.town}" vector-effect="non-scaling-stroke" fill="none" stroke="{colour}" stroke-width="{width}" d="{data}"/>'
        for colour, width in ((PAPER, 2.6), (INK, 0.9))
    )
