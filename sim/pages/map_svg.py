"""The map as SVG: a base that never changes, a frame a day, and a legend; the scene is that of all pictures.

The base holds shapes, roads, the zone and the names; a frame refers to the base's shapes by id, so that it is small and
quick to make. Units are px at scale 1; `map_view.vue` zooms. Symbols grow with the square root of the scale, names keep
their size: sets of names placed for several scales wait in the base, and the set for the present scale is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.pages.map_dark import dark_rules
from sim.pages.map_names import INSET_SCALES, SCALES, name_set, place_names
from sim.pages.svg import (
    EDGE,
    IN_PLACE,
    MOST_TEXTS,
    PX,
    SvgPainter,
    Texts,
    canvas,
    edged,
    escape,
    fitted,
    number,
    text_width,
    words,
)
from sim.plots.map import scene
from sim.plots.map.force_signs import MOST_WEDGES
from sim.plots.map.geometry import CONTESTED_GAP_KM, Ground, ground_of
from sim.plots.map.primitives import WHITE, Area, Areas, LegendRow, Marker, Part, Stroke
from sim.plots.map.scene import OVER, STILL, UNDER, Section, legend_sections, parts_of, scale_parts
from sim.plots.map.sheets import inset_extent
from sim.plots.map.state import View, start_state
from sim.plots.style import EVIDENCE_INK, LAND, PAPER, QUIET, UNKNOWN, evidence_line, pale
from sim.text import day_text

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.pages.history import Snapshot
    from sim.scenario.schema import Scenario

WIDTH, HEIGHT = 720.0, 900.0  # px, the most that a map takes at scale 1
WEDGES = tuple(f"wedge {part}/{parts}" for parts in range(2, MOST_WEDGES + 1) for part in range(1, parts + 1))
SIGN_SHAPES = ("burst", "flag", "dart", "helmet", "circle", *WEDGES)
ON_TOP = ("columns", "guards", "bases")  # layers over the names
ROAD_TIPS = "front tips"  # what stands in the tips of the front's roads: "12.40", towns -> words


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
        self.painter = SvgPainter((west, north), self.unit, self.key)
        self.texts = Texts(self.painter)
        start = View(scenario, self.ground, start_state(scenario, geography), self.unit / PX, self.larger)
        self.before = start.state.count
        self.labels = {scale: place_names(self, scale) for scale in SCALES}
        self.shapes = self._definitions(start)
        self.still_layers = {
            sign.name: "".join(map(self.painter.text, sign.draw(start))) for sign in scene.SIGNS if sign.layer == STILL
        }
        self._areas: dict[Area, str] = {}
        self.base = self._base()

    def px(self, km: np.ndarray) -> np.ndarray:
        """Return px [n, 2] from the upper left corner of km [n, 2] east and north of the map's corner."""
        west, _east, _south, north = self.ground.extent
        pixels: np.ndarray = (np.asarray(km) - (west, north)) * (self.unit, -self.unit)
        return pixels

    def view(
        self, snapshot: Snapshot, differing: frozenset[int] = frozenset(), selected: int = -1, compared: bool = False
    ) -> View:
        """Return what is drawn of a morning."""
        changed = frozenset(np.flatnonzero(snapshot.map.changed).tolist())
        return View(
            self.scenario, self.ground, snapshot.map, self.unit / PX, self.larger, changed, "holder changed since start",
            differing, compared, selected,
        ).with_forces(snapshot)  # fmt: skip

    def frame(self, snapshot: Snapshot, differing: frozenset[int] = frozenset(), selected: int = -1) -> str:
        """Return one morning as JSON, as `layers` has it."""
        return json.dumps(self.layers(snapshot, differing, selected), ensure_ascii=False, separators=(",", ":"))

    def layers(
        self, snapshot: Snapshot, differing: frozenset[int] = frozenset(), selected: int = -1
    ) -> dict[str, dict[str, str]]:
        """Return the elements of one morning: layer -> key -> SVG text; layers that never change are in `base`.

        An element has the same key from day to day, so that a page changes those alone whose text is another. A last layer
        holds the words of the roads of the front, which are no elements.
        differing: towns held otherwise in the run beside; selected: town to ring, -1 none.
        """
        view = self.view(snapshot, differing, selected)
        layers = {sign.name: self._elements(sign.draw(view)) for sign in scene.SIGNS if sign.layer != STILL}
        return layers | {ROAD_TIPS: dict(front_tips(self.ground, snapshot))}

    def _elements(self, parts: Iterable[Part]) -> dict[str, str]:
        elements: dict[str, str] = {}
        for row, part in enumerate(parts):
            if isinstance(part, Areas):
                for column, area in enumerate(part.items):
                    elements[area.name or f"{row}.{column}"] = self._area_text(area, part)
            elif isinstance(part, Marker) and (part.key or part.town >= 0):
                elements[part.key or f"t{part.town}"] = self.texts[part]
            elif isinstance(part, Stroke) and part.sign not in elements:
                elements[part.sign] = self.texts[part]
            else:
                elements[str(row)] = self.texts[part]
        return elements

    def _area_text(self, area: Area, areas: Areas) -> str:
        text = self._areas.get(area)
        if text is None:
            if len(self._areas) > MOST_TEXTS:
                self._areas.clear()
            text = self._areas[area] = self.painter.area(area, areas)
        return text

    def legend(self, snapshot: Snapshot, width: float = 460, compared: bool = False) -> str:
        """Return the legend as an <svg>, in as many columns as the width in px takes.

        compared: towns held otherwise in the run beside are ringed.
        """
        body, height = legend_body(self, snapshot, width, compared)
        return canvas(width, height, body, "Legend")

    def still(self, snapshot: Snapshot, stamp_text: str, differing: frozenset[int] = frozenset()) -> str:
        """Return one standalone SVG to take away: title, map, legend and stamp (`sim.plots.style.stamp`)."""
        return still(self, snapshot, stamp_text, self.layers(snapshot, differing), bool(differing))

    def name_set(self, scale: float) -> str:
        """Return the names placed for one of SCALES."""
        return name_set(self, scale, self.labels[scale])

    def _definitions(self, start: View) -> str:
        """Return the shapes that frames refer to."""
        own = {"circle", *self.look.shapes.values()}
        shapes = {*SIGN_SHAPES, *own, *(f"{name} {side}" for name in own for side in ("left", "right"))}
        colours = dict.fromkeys([*(self.look.tint(code) for code in self.look.codes), pale(UNKNOWN)])
        named = (part for part in parts_of(start, UNDER) if isinstance(part, Areas))
        outlines = Areas(tuple(area for part in named for area in part.items))
        return self.painter.definitions(outlines, shapes, colours, CONTESTED_GAP_KM * self.ground.spacing * self.unit)

    def _base(self) -> str:
        """Return what never changes, as JSON: size in px, px a km, shapes, layers from the lowest, towns, names by scale."""
        towns = zip(np.round(self.at, 1).tolist(), self.ground.names, strict=True)
        base = {
            "width": self.view_box[2],
            "height": self.view_box[3],
            "unit": round(self.unit, 4),
            "defs": self.shapes,
            "dark": dark_rules(self.look),
            "edge": [WHITE, number(EDGE * PX)],
            "layers": [
                {
                    "name": sign.name,
                    "still": self.still_layers.get(sign.name),
                    "shown": sign.shown,
                    "plane": plane,
                }
                for sign, plane in _planes()
            ],
            "towns": [[x, y, name] for (x, y), name in towns],
            "order": self._order(),
            "inset": self._inset(),
            "legend": self._key(),
            "names": [{"scale": scale, "svg": name_set(self, scale, self.labels[scale])} for scale in SCALES],
        }
        return json.dumps(base, ensure_ascii=False, separators=(",", ":"))

    def _order(self) -> list[int]:
        """Return the towns as a keyboard walks them: watched ones, then by people."""
        people = np.array([town.population for town in self.ground.geography.places])
        rest = [int(town) for town in np.argsort(-people, kind="stable") if town not in self.ground.watch]
        return [*self.ground.watch, *rest]

    def _inset(self) -> dict[str, Any] | None:
        """Return the surroundings of the watched towns, left, top, right, bottom in px, and their names; None if not needed."""
        extent = inset_extent(self.ground)
        if extent is None:
            return None
        west, east, south, north = extent
        (left, top), (right, bottom) = np.round(self.px(np.array([(west, north), (east, south)])), 1).tolist()
        box = (left, top, right, bottom)
        names = [{"scale": s, "svg": name_set(self, s, place_names(self, s, box))} for s in INSET_SCALES]
        return {"box": box, "names": names}

    def _key(self) -> str:
        """Return the legend of a page's map as an <svg>: who is who, and what each sign means, without counts."""
        none = np.zeros((len(self.ground.at), len(self.look.codes)), np.int32)
        view = View(
            self.scenario, self.ground, start_state(self.scenario, self.ground.geography), self.unit / PX, self.larger,
            ring_text="holder changed since start", fighters=none, moves=(), front=(),
        )  # fmt: skip
        held, *others = legend_sections(view)
        rows = [row._replace(note="") for row in held.rows if row.brief]
        body, height = _body([Section("Who holds a town", rows), *others], KEY_WIDTH)
        return canvas(KEY_WIDTH, height, body, "Legend")


def _planes() -> Iterable[tuple[scene.Sign, str]]:
    """Yield the signs with the plane on which a page draws them: "ground" up to the first sign that moves, "signs", "top"."""
    plane = "ground"
    for sign in scene.SIGNS:
        plane = "signs" if sign.layer == OVER else plane
        yield sign, "top" if sign.name in ON_TOP else plane


def front_tips(ground: Ground, snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    """Yield each road of the front, "12.40", and who faces whom on it under which agreement, until when."""
    accords = {accord.row: accord for accord in snapshot.accords}
    names, sides = ground.look.names, snapshot.map.sides

    def under(agreement: int, broken: bool) -> str:
        accord = accords.get(agreement)
        if accord is None:
            return "hostile: their agreement was broken the day before" if broken else "hostile: no agreement in force"
        end = None if accord.left is None else snapshot.date + timedelta(days=accord.left)
        return (
            f"agreement of {accord.parties} {accord.scope}, {f'until {day_text(end)}' if end else 'without an end set'}"
        )

    for road in snapshot.front or ():
        (one, a), (other, b) = (
            (" and ".join(names[code] for code in sides[town]) or "nobody", ground.names[town]) for town in road[:2]
        )
        ends = under(road.agreement_a, road.broken_a), under(road.agreement_b, road.broken_b)
        words = ends[:1] if ends[0] == ends[1] else (f"at {a}: {ends[0]}", f"at {b}: {ends[1]}")
        yield f"{road.a}.{road.b}", "\n".join((f"{one} in {a} faces {other} in {b}", *words))


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


# Legend -------------------------------------------------------------------------------------------------------------

ROW, HEAD, FONT_SIZE, TEXT_AT = 20.0, 26.0, 11.5, 34.0
COLUMN = 224.0  # px, the least width of a column
KEY_WIDTH = 276.0  # px, of the legend over a page's map
COLUMNS = (((0, 1, 2, 3),), ((0, 1), (2, 3)), ((0,), (2,), (3, 1)), ((0,), (1,), (2,), (3,)))


def legend_body(drawing: MapDrawing, snapshot: Snapshot, width: float, compared: bool) -> tuple[str, float]:
    """Return the legend's elements and its height in px."""
    held, *others = legend_sections(drawing.view(snapshot, compared=compared), drawing.before)
    return _body([Section(f"{held.title} (since the start)", held.rows), *others], width)


def _body(sections: list[Section], width: float) -> tuple[str, float]:
    """Return the elements of sections in as many columns as a width in px takes, and their height in px."""
    columns = COLUMNS[min(max(int(width // COLUMN), 1), len(COLUMNS)) - 1]
    room, parts, lowest = width / len(columns), [], 0.0
    for i, column in enumerate(columns):
        y = 0.0
        for section in column:
            title, rows = sections[section]
            y += HEAD
            parts.append(words(i * room + 2, y - 9, title, 12.5, 'font-weight="bold"'))
            for row in rows:
                parts.append(_row(i * room, y, room - 14, row))
                y += ROW
        lowest = max(lowest, y)
    return "".join(parts), lowest + 4


def _row(x: float, y: float, room: float, row: LegendRow) -> str:
    middle, symbol = y + ROW / 2, edged("".join(IN_PLACE.text(part) for part in row.parts))
    taken = text_width(row.note, FONT_SIZE) + 8 if row.note else 0
    text = fitted(row.text, FONT_SIZE, room - TEXT_AT - taken)
    label = words(x + TEXT_AT, middle + 4, text, FONT_SIZE)
    if row.note:
        label += words(x + min(room, 205), middle + 4, row.note, FONT_SIZE, f'text-anchor="end" fill="{QUIET}"')
    return f'<g transform="translate({number(x + 15)} {number(middle)})">{symbol}</g>{label}'


# The picture to take away -------------------------------------------------------------------------------------------


def still(
    drawing: MapDrawing, snapshot: Snapshot, stamp_text: str, layers: dict[str, dict[str, str]], compared: bool
) -> str:
    """Return one standalone SVG: title, map with names, legend, credits and the SIMULATED stamp."""
    wide, high = drawing.size
    beside = COLUMN + 16
    width, top = wide + beside + 36, 62.0
    rows, tall = legend_body(drawing, snapshot, COLUMN, compared)
    credit = wrap(f"Map: {drawing.ground.geography.credits}", 38) if drawing.ground.geography.credits else []
    height = top + max(high, tall + 30 + 13 * len(credit)) + 40
    title = f"Who holds what, {day_text(snapshot.date)}"
    about = drawing.scenario.title + f" · day {snapshot.day} of {drawing.scenario.days}"
    body = "".join(
        drawing.still_layers[sign.name] if sign.layer == STILL else edged("".join(layers[sign.name].values()))
        for sign in scene.SIGNS
        if sign.shown
    )
    body = re.sub(r'(<g [^>]*?) data-tip="([^"]*)"([^>]*>)', r"\1\3<title>\2</title>", body)
    scale = "".join(drawing.painter.text(part) for part in scale_parts(drawing.ground)[0])
    parts = [
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        words(12, 28, fitted(title, 20, width - 24, bold=True), 20, 'font-weight="bold"'),
        words(12, 49, fitted(about, 12, width - 24), 12, f'fill="{QUIET}"'),
        f'<svg x="12" y="{top}" width="{number(wide)}" height="{number(high)}" viewBox="0 0 {number(wide)} {number(high)}">'
        f'<rect width="100%" height="100%" fill="{LAND}"/><defs>{drawing.shapes}</defs>'
        f"{body}{drawing.name_set(1.0)}{scale}</svg>",
        f'<rect x="12" y="{top}" width="{number(wide)}" height="{number(high)}" fill="none" stroke="{QUIET}"/>',
        f'<g transform="translate({number(wide + 32)} {top - 8})">{rows}</g>',
    ]
    last = height - 40 - 13 * len(credit)
    parts += [words(wide + 32, last + 13 * (i + 1), line, 9.5, f'fill="{QUIET}"') for i, line in enumerate(credit)]
    parts.append(_stamp(drawing, stamp_text, width, height - 12))
    title_text = escape(f"{stamp_text} · {evidence_line(drawing.scenario)}")
    return canvas(width, height, f"<title>{title_text}</title>" + "".join(parts))


def _stamp(drawing: MapDrawing, text: str, width: float, y: float) -> str:
    evidence = evidence_line(drawing.scenario)
    bold, rest = (
        ("SIMULATED", text[len("SIMULATED") :]) if text.startswith("SIMULATED") else ("SIMULATED", f" · {text}")
    )
    taken = text_width(bold, 11, bold=True) + text_width(rest, 11) + text_width(evidence, 11) + 24
    size = 11 * min(1.0, (width - 24) / taken)
    return (
        f'<text x="12" y="{number(y)}" font-size="{size:.1f}"><tspan font-weight="bold" fill="{EVIDENCE_INK}">{bold}</tspan>'
        f"{escape(rest)}</text>" + words(width - 12, y, evidence, size, f'text-anchor="end" fill="{EVIDENCE_INK}"')
    )
