"""The map as SVG: a base that never changes, a frame a day, and a legend; the look is that of all plots.

The base holds shapes, roads, the zone and the names; a frame refers to the base's shapes by id, so that it is small and
quick to make. Units are px at scale 1; `map_view.vue` zooms. Symbols grow with the square root of the scale, names keep
their size: sets of names placed for several scales wait in the base, and the set for the present scale is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import atan2, degrees, hypot
from typing import TYPE_CHECKING

import numpy as np

from sim.plots.map.geometry import Ground, contact_lines, governed, ground_of
from sim.plots.map.layers import (
    BURST_POINTS,
    CONTESTED_GAP_KM,
    DIRECTIONS,
    FLAG_POINTS,
    ROAD_LOOK,
    Box,
    candidate,
    overlaps,
    place_labels,
)
from sim.plots.map.state import CLASH_DAYS, start_state
from sim.plots.style import BURST, EVIDENCE_INK, INK, PAPER, ZONE_INK, burst, half, outline, pennant
from sim.viewer.svg import (
    DART,
    FONT,
    NAMESPACE,
    PX,
    WEAK_INK,
    bar_length,
    escape,
    fitted,
    legend,
    number,
    pale_of,
    path_of,
    ring,
    still,
    text_width,
    unit_path,
)

if TYPE_CHECKING:
    from matplotlib.path import Path as Shape

    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario
    from sim.viewer.history import EventLine, Move, Snapshot

WIDTH, HEIGHT = 720.0, 900.0  # px, the most that a map takes at scale 1
RING, FLAG, STAR = 3.2, FLAG_POINTS * PX, BURST_POINTS * PX
SCALES = (0.5, 0.65, 0.8, 1.0, 1.3, 1.8, 2.6, 4.0, 6.0)  # for which names are placed
NAME_SIZES = (11.0, 12.0, 13.0)  # px: small town, city, watched town
MOST_KEPT = 200  # pieces of past frames
NEAR_KM = 0.6  # a force nearer to a town than this stands in it
Point = tuple[float, float]


class MapDrawing:
    """Draws the mornings of one scenario on its map; made once, then shared and read by any number of threads."""

    def __init__(self, scenario: Scenario, geography: Geography) -> None:
        self.scenario = scenario
        self.ground: Ground = ground_of(scenario, geography)
        self.look = self.ground.look
        west, east, south, north = (float(v) for v in self.ground.extent)
        self.unit = min(WIDTH / (east - west), HEIGHT / (north - south))
        """px a km at scale 1"""
        self.size = ((east - west) * self.unit, (north - south) * self.unit)
        self.view_box = (0.0, 0.0, round(self.size[0], 1), round(self.size[1], 1))
        self.at = self.px(self.ground.at)
        self.larger = _larger(self.at)
        self.radii = self.ground.radii * PX * self.larger
        self.key = _digest(scenario, geography)
        self.before = start_state(scenario, geography).count
        self.names = [escape(name) for name in self.ground.names]
        self._spots = [f"translate({number(x)} {number(y)})" for x, y in self.at.tolist()]
        self._contacts: dict[bytes, str] = {}
        self._towns: dict[tuple[object, ...], str] = {}
        self._tinted: dict[tuple[tuple[str, ...], ...], str] = {}
        self.labels = {scale: place_names(self, scale) for scale in SCALES}
        self.shapes = _defs(self)
        self.under = _under(self)
        self.base = _base(self)

    def px(self, km: np.ndarray) -> np.ndarray:
        """Return px [n, 2] from the upper left corner of km [n, 2] east and north of the map's corner."""
        west, _east, _south, north = self.ground.extent
        return np.column_stack([(km[:, 0] - west) * self.unit, (north - km[:, 1]) * self.unit])

    def frame(
        self,
        snapshot: Snapshot,
        differing: frozenset[int] = frozenset(),
        selected: int = -1,
        fresh: frozenset[int] = frozenset(),
    ) -> str:
        """Return the <svg> of one morning: groups "cells" (goes under the base's roads) and "signs".

        differing: towns held otherwise in the run beside; selected: town to ring, -1 none; fresh: towns with fighting
        on the day before, drawn more strongly than the rest of the week's.
        """
        box = " ".join(number(v) for v in self.view_box)
        return f'<svg xmlns="{NAMESPACE}" viewBox="{box}">{self._groups(snapshot, differing, selected, fresh)}</svg>'

    def _groups(
        self, snapshot: Snapshot, differing: frozenset[int], selected: int = -1, fresh: frozenset[int] = frozenset()
    ) -> str:
        return (
            f'<g class="cells">{self._cells(snapshot)}</g>'
            f'<g class="signs">{self.contact(snapshot)}{_moves(self, snapshot)}'
            f"{self._symbols(snapshot, differing, selected, fresh)}</g>"
        )

    def legend(self, snapshot: Snapshot, width: float = 460, compared: bool = False) -> str:
        """Return the legend as an <svg>, in as many columns as the width in px takes.

        compared: towns held otherwise in the run beside are ringed.
        """
        return legend(self, snapshot, width, compared)

    def still(self, snapshot: Snapshot, stamp_text: str, differing: frozenset[int] = frozenset()) -> str:
        """Return one standalone SVG to take away: title, map, legend and stamp (`sim.plots.style.stamp`)."""
        return still(self, snapshot, stamp_text, self._groups(snapshot, differing), bool(differing))

    def fought(self, snapshot: Snapshot, lines: Sequence[EventLine]) -> frozenset[int]:
        """Return the towns with fighting on the day before a morning; `lines` are those of the history."""
        names = {lines[row].town for row in snapshot.fresh if lines[row].kind == "clash"}
        return frozenset(town for town in snapshot.map.clashes if self.ground.geography.places[town].name in names)

    def name_set(self, scale: float) -> str:
        """Return the names placed for one of SCALES."""
        return _name_set(self, scale)

    def _cells(self, snapshot: Snapshot) -> str:
        sides = snapshot.map.sides
        text = self._tinted.get(sides)
        if text is None:
            if len(self._tinted) > MOST_KEPT:
                self._tinted.clear()
            text = self._tinted[sides] = self._tint(sides)
        return text

    def _tint(self, parties: tuple[tuple[str, ...], ...]) -> str:
        """Return the cells in their first holder's pale colour; contested ones carry bands in the other's."""
        by_fill: dict[str, list[str]] = {}
        banded: list[str] = []
        for town, sides in enumerate(parties):
            by_fill.setdefault(sides[0] if sides else "", []).append(f'<use href="#{self.key}c{town}"/>')
            if len(sides) == 2 and sides[0] != sides[1]:
                banded.append(f'<use href="#{self.key}c{town}" fill="url(#{self.key}b{self._place(sides[1])})"/>')
        parts = []
        for code, uses in sorted(by_fill.items()):
            fill = pale_of(self.look.colour(code)) if code else PAPER
            parts.append(f'<g fill="{fill}">{"".join(uses)}</g>')
        return "".join(parts + banded)

    def _place(self, code: str) -> int:
        return self.look.codes.index(code) if code in self.look.codes else len(self.look.codes)

    def contact(self, snapshot: Snapshot) -> str:
        """Return the line of contact; empty if there is none."""
        key = governed(self.scenario, snapshot.map.sides).tobytes()
        if key not in self._contacts:
            lines = contact_lines(self.scenario, self.ground, snapshot.map.sides)
            data = path_of([self.px(line) for line in lines])
            self._contacts[key] = _line(data, PAPER, 4) + _line(data, INK, 2.1) if lines else ""
        return self._contacts[key]

    def _symbols(self, snapshot: Snapshot, differing: frozenset[int], selected: int, fresh: frozenset[int]) -> str:
        state = snapshot.map
        bases: dict[int, tuple[str, ...]] = {}
        for town, code in state.bases:
            bases[town] = (*bases.get(town, ()), code)
        fighters, changed = snapshot.fighters.tolist(), state.changed.tolist()
        parts: list[str] = []
        loud: list[str] = []
        for town, sides in enumerate(state.sides):
            deaths = state.clashes.get(town, -1)
            look = (changed[town], town in differing, town == selected, town in fresh)
            key = (town, sides, deaths, bases.get(town, ()), tuple(fighters[town]), *look)
            text = self._towns.get(key)
            if text is None:
                if len(self._towns) > 100 * MOST_KEPT:
                    self._towns.clear()
                text = self._towns[key] = self._town(town, sides, deaths, bases.get(town, ()), fighters[town], look)
            (loud if deaths >= 0 or key[3] or any(look) else parts).append(text)
        return "".join(parts) + "".join(loud)

    def _town(
        self,
        town: int,
        sides: tuple[str, ...],
        deaths: int,
        bases: tuple[str, ...],
        fighters: list[int],
        look: tuple[bool, bool, bool, bool],
    ) -> str:
        changed, differs, selected, fresh = look
        radius = float(self.radii[town])
        parts = []
        if deaths >= 0:
            size = radius + STAR * (1.25 if fresh else 0.9)
            faded = "" if fresh else ' fill-opacity=".75"'
            parts.append(self._use("burst", size, BURST, INK, f'{faded} class="{"now" if fresh else "past"}"'))
        parts += self.symbol(sides, radius)
        for ringed, gap, colour in ((changed, RING, INK), (differs, RING + 3.2, EVIDENCE_INK)):
            if ringed:
                parts.append(ring(radius + gap, colour))
        if selected:
            parts.append(ring(radius + RING + 3.2, INK, ' stroke-dasharray="4 2.5"'))
        parts.append(self._bar(radius + (RING + 1) * changed + 4 * (differs or selected), fighters))
        foot = 0.7 * radius
        for k, code in enumerate(bases):
            flag = self._use("flag", FLAG, self.look.colour(code), INK)
            parts.append(f'<g transform="translate({number(foot + 5 * k)} {number(-foot)})">{flag}</g>')
        return (
            f'<g class="t" data-town="{town}" transform="{self._spots[town]}"><title>'
            f'{self._tooltip_text(town, sides, deaths, bases, fighters, changed)}</title><g class="k">{"".join(parts)}</g></g>'
        )

    def _bar(self, radius: float, fighters: list[int]) -> str:
        """Return the fighters standing in a town as a bar below it, seen when zoomed in; its area goes with their number."""
        total = sum(fighters)
        if not total:
            return ""
        wide, y, parts = bar_length(total), radius + 2.2, []
        x = -wide / 2
        for code, n in zip(self.look.codes, fighters, strict=False):
            if n:
                length = wide * n / total
                parts.append(
                    f'<path d="M{x:.1f} {y:.1f}h{length:.1f}v3h-{length:.1f}z" fill="{self.look.colour(code)}"/>'
                )
                x += length
        return f'<g class="f" display="none">{"".join(parts)}</g>'

    def _use(self, shape: str, size: float, fill: str, stroke: str = "", more: str = "") -> str:
        edge = f' stroke="{stroke}"' if stroke else ""
        return f'<use href="#{self.key}{shape}" transform="scale({number(size)})" fill="{fill}"{edge}{more}/>'

    def symbol(self, sides: tuple[str, ...], radius: float) -> list[str]:
        """Return the elements that make up a town's symbol round the origin: whole, two halves, or white."""
        if not sides:
            return [self._use("circle", radius, PAPER, INK)]
        if len(sides) == 1:
            return [self._use(self.look.shapes.get(sides[0], "circle"), radius, self.look.colour(sides[0]))]
        return [
            self._use(f"{self.look.shapes.get(code, 'circle')}{part}", 1.2 * radius, self.look.colour(code))
            for code, part in zip(sides, ("L", "R"), strict=True)
        ]

    def _tooltip_text(
        self, town: int, sides: tuple[str, ...], deaths: int, bases: tuple[str, ...], fighters: list[int], changed: bool
    ) -> str:
        name = self.look.names.get
        people = self.ground.geography.places[town].population
        held = "neutral" if not sides else name(sides[0], sides[0]) if len(sides) == 1 else "contested"
        if len(sides) == 2 and sides[0] != sides[1]:
            held += f" between {name(sides[0], sides[0])} and {name(sides[1], sides[1])}"
        lines = [
            f"{self.ground.names[town]} ({people:,} people)",
            held + (", changed since the start" if changed else ""),
        ]
        if bases:
            lines.append("base of " + ", ".join(name(code, code) for code in bases))
        here = [f"{name(c, c)} {n:,}" for c, n in zip(self.look.codes, fighters, strict=False) if n]
        if here:
            lines.append("fighters: " + ", ".join(here))
        if deaths >= 0:
            lines.append(f"fighting, last {CLASH_DAYS} days: {deaths} killed")
        return escape("\n".join(lines))


def _larger(at: np.ndarray) -> float:
    """Return how much larger symbols are than on a dense map, 1 to 1.6, where towns lie far apart."""
    if len(at) < 2:
        return 1.6
    gaps = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(at))
    return float(np.clip(np.median(gaps.min(axis=1)) / 60, 1.0, 1.6))


def _digest(scenario: Scenario, geography: Geography) -> str:
    """Return the prefix of a drawing's ids, so that two maps in one page keep their own shapes."""
    text = f"{geography.folder}|{scenario.model_dump_json()}"
    return "m" + sha256(text.encode()).hexdigest()[:6]


# Base ---------------------------------------------------------------------------------------------------------------


def _base(drawing: MapDrawing) -> str:
    """Return the <svg> of what never changes: <defs>, and groups "under" (roads, zone) and "over" (names)."""
    sets = "".join(_name_set(drawing, scale) for scale in SCALES)
    box = " ".join(number(v) for v in drawing.view_box)
    towns = " ".join(f"{number(x)},{number(y)}" for x, y in drawing.at.tolist())
    return (
        f'<svg xmlns="{NAMESPACE}" viewBox="{box}" data-towns="{towns}" data-unit="{drawing.unit:.4f}">'
        f'<defs>{drawing.shapes}</defs>{drawing.under}<g class="over">{sets}</g></svg>'
    )


def _under(drawing: MapDrawing) -> str:
    ground = drawing.ground
    lines = [_stroke([drawing.px(line) for line in ground.weak_lines], WEAK_INK, 0.7)]
    for roads, (colour, width) in zip(
        (ground.links, ground.main_roads, ground.motorways), ROAD_LOOK[::-1], strict=True
    ):
        lines.append(_stroke([drawing.px(road) for road in roads], colour, width * PX))
    zone = [drawing.px(line) for line in ground.zone]
    lines.append(_stroke(zone, PAPER, 3.4) + _stroke(zone, ZONE_INK, 1.7, "zone", "6.5 3.2"))
    return f'<g class="under">{"".join(lines)}</g>'


def _stroke(lines: list[np.ndarray], colour: str, width: float, kind: str = "", dashes: str = "") -> str:
    return _line(path_of(lines), colour, width, kind, dashes) if lines else ""


def _line(data: str, colour: str, width: float, kind: str = "", dashes: str = "") -> str:
    """Return a line whose width, given in px at scale 1, grows with the square root of the scale."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path class="q{" " + kind if kind else ""}" style="--w:{width:.1f}px" fill="none" stroke="{colour}" '
        f'stroke-width="{width:.1f}" stroke-linecap="round"{dashed} d="{data}"/>'
    )


def _defs(drawing: MapDrawing) -> str:
    key, look = drawing.key, drawing.look
    parts = [
        f'<path id="{key}c{town}" stroke="{PAPER}" vector-effect="non-scaling-stroke" '
        f'd="{path_of([drawing.px(cell)], closed=True)}"/>'
        for town, cell in enumerate(drawing.ground.cells)
    ]
    gap = CONTESTED_GAP_KM * drawing.unit
    for index, code in enumerate((*look.codes, "MIXED")):
        parts.append(
            f'<pattern id="{key}b{index}" width="{gap:.2f}" height="{gap:.2f}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(-45)"><path d="M0 0h{gap / 2:.2f}v{gap:.2f}H0z" '
            f'fill="{pale_of(look.colour(code))}"/></pattern>'
        )
    shapes: dict[str, Shape] = {"burst": burst(), "flag": pennant()}
    for name in {"circle", *look.shapes.values()}:
        shapes |= {name: outline(name), f"{name}L": half(name, False), f"{name}R": half(name, True)}
    for name, shape in sorted(shapes.items()):
        width = 1 if name in ("burst", "flag") else 1.2
        edge = "" if name in ("burst", "flag", "circle") else f' stroke="{PAPER}"'
        parts.append(
            f'<path id="{key}{name}" d="{unit_path(shape)}"{edge} stroke-width="{width}" vector-effect="non-scaling-stroke"/>'
        )
    parts.append(f'<path id="{key}dart" d="{DART}" vector-effect="non-scaling-stroke"/>')
    return "".join(parts)


# Names --------------------------------------------------------------------------------------------------------------


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


def place_names(drawing: MapDrawing, scale: float) -> list[Label]:
    """Return the names that fit when a px of the base takes `scale` px on the screen; none overlaps another."""
    ground, (wide, high) = drawing.ground, (drawing.size[0] * scale, drawing.size[1] * scale)
    points = np.column_stack([drawing.at[:, 0], drawing.size[1] - drawing.at[:, 1]]) * scale  # y upwards
    fonts = [_name_font(drawing, town, scale) for town in range(len(points))]
    texts = [fitted(name, size, 170, bold) for name, (size, bold) in zip(ground.names, fonts, strict=True)]
    sizes = np.array([(text_width(t, s, b), 0.98 * s) for t, (s, b) in zip(texts, fonts, strict=True)])
    radii = drawing.radii * np.sqrt(scale) * 1.1 + 2.5
    frame = Box(3, 3, wide - 3, high - 3)
    labels, clear = [], []
    zone = _zone_label(drawing, scale, points, radii, frame)
    if zone is not None:
        labels, clear = [zone[0]], [zone[1]]
    population = np.array([map_town.population for map_town in ground.geography.places])
    rank = np.log10(1 + population) + 100.0 * np.isin(np.arange(len(points)), ground.watch)
    must = frozenset(ground.watch) | {int(i) for i in np.flatnonzero(drawing.ground.radii > 6)}
    order = np.argsort(-rank, kind="stable")
    placed = place_labels(points, sizes, radii, order, frame, clear, must, margin=1.2)
    for town, box in placed.items():
        labels.append(_label(drawing, town, texts[town], fonts[town], points[town], box, scale))
    return labels


def _name_font(drawing: MapDrawing, town: int, scale: float) -> tuple[float, bool]:
    if town in drawing.ground.watch:
        return NAME_SIZES[2 if scale >= 1 else 0], True
    return NAME_SIZES[1] if drawing.ground.radii[town] > 6 else NAME_SIZES[0], False


def _label(
    drawing: MapDrawing, town: int, text: str, font: tuple[float, bool], point: np.ndarray, box: Box, scale: float
) -> Label:
    """Anchor a name at the point of its box that is nearest to its town: shrinking towards it, it stays in its box."""
    x, y = float(np.clip(point[0], box.left, box.right)), float(np.clip(point[1], box.bottom, box.top))
    anchor = (x / scale, drawing.size[1] - y / scale)
    return Label(town, text, *font, anchor, box.left - x, y - box.top, box.right - box.left)


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


def _name_set(drawing: MapDrawing, scale: float) -> str:
    parts = []
    for label in drawing.labels[scale]:
        look = (
            ' font-weight="bold"' if label.bold else f' font-style="italic" fill="{ZONE_INK}"' if label.town < 0 else ""
        )
        x, y = label.anchor
        parts.append(
            f'<g transform="translate({x:.1f} {y:.1f})"><text class="n" transform="scale({1 / scale:.3f})" '
            f'x="{label.left:.1f}" y="{label.top + 0.8 * label.size:.1f}" font-size="{number(label.size)}" '
            f'textLength="{label.width:.1f}" lengthAdjust="spacingAndGlyphs"{look}>'
            f"{escape(label.text)}</text></g>"
        )
    hidden = "" if scale == 1 else ' display="none"'
    return (
        f'<g class="names" data-scale="{scale}" font-family="{FONT}" fill="{INK}" paint-order="stroke" stroke="{PAPER}" '
        f'stroke-width="2.6" stroke-linejoin="round" pointer-events="none"{hidden}>{"".join(parts)}</g>'
    )


# Forces on the move ---------------------------------------------------------------------------------------------------


def _moves(drawing: MapDrawing, snapshot: Snapshot) -> str:
    """Return an arrow for each body of fighters that moved or is on the way; those on one way together are one."""
    bodies: dict[tuple[str, Point, Point, int], list[Move]] = {}
    for move in snapshot.moves:
        bodies.setdefault((move.code, move.start, move.end, move.goal_town), []).append(move)
    if not bodies:
        return ""
    ends = np.array([(*key[1], *key[2]) for key in bodies])
    starts, ends = drawing.px(ends[:, :2]), drawing.px(ends[:, 2:])
    away = np.hypot(*(ends[:, None] - drawing.at[None]).transpose(2, 0, 1))
    towns, gaps = away.argmin(axis=1).tolist(), away.min(axis=1).tolist()
    parts = []
    for row, ((code, _start, _end, goal), body) in enumerate(bodies.items()):
        short = 0.0
        if gaps[row] < NEAR_KM * drawing.unit:  # the head stays clear of the symbol of the town it stands in
            short = float(drawing.radii[towns[row]]) + (1.25 * STAR if towns[row] in snapshot.map.clashes else RING) + 6
        parts.append(_arrow(drawing, code, goal, body, starts[row].tolist(), ends[row].tolist(), short))
    return "".join(parts)


def _arrow(
    drawing: MapDrawing, code: str, goal: int, body: list[Move], start: list[float], end: list[float], short: float
) -> str:
    """Return a line with its head `short` px before the end, and a dotted line on to the goal."""
    fighters, colour = sum(move.fighters for move in body), drawing.look.colour(code)
    (x, y), (from_x, from_y) = end, start
    on_to = drawing.at[goal].tolist() if goal >= 0 else end
    length = hypot(x - from_x, y - from_y)
    towards = (x - from_x, y - from_y) if length > 1 else (on_to[0] - x, on_to[1] - y)
    width = 1.2 + min(2.4, fighters**0.5 / 12)
    tail = ahead = ""
    if length > 1:
        back = min(short, 0.7 * length) / length
        x, y = x - towards[0] * back, y - towards[1] * back
        data = f"M{from_x:.1f} {from_y:.1f}L{x:.1f} {y:.1f}"
        tail = _line(data, PAPER, width + 1.8) + _line(data, colour, width)
    if goal >= 0 and min(hypot(on_to[0] - px, on_to[1] - py) for px, py in (start, end)) > NEAR_KM * drawing.unit:
        ahead = _line(f"M{end[0]:.1f} {end[1]:.1f}L{on_to[0]:.1f} {on_to[1]:.1f}", colour, 1.1, "ahead", "1.5 3.5")
    return (
        f'<g class="mv"><title>{_marching(drawing, code, body, fighters)}</title>{ahead}{tail}<g '
        f'transform="translate({x:.1f} {y:.1f})"><g class="k"><use href="#{drawing.key}dart" '
        f'transform="rotate({degrees(atan2(towards[1], towards[0])):.0f}) scale({3.8 + width:.1f})" fill="{colour}" '
        f'stroke="{PAPER}" stroke-width="1"/></g></g></g>'
    )


def _marching(drawing: MapDrawing, code: str, body: list[Move], fighters: int) -> str:
    first = body[0]
    groups = ", ".join(dict.fromkeys(move.group for move in body))
    who = drawing.look.names.get(code, code)
    who += f" ({groups})" if groups != who else ""
    orders = ", ".join(dict.fromkeys(move.orders for move in body))
    goal = f" on the way to {first.goal}" if first.goal else ""
    return escape(f"{who}: {fighters:,} fighters{goal}, {orders}")
