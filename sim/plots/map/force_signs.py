"""The signs of forces: who stands where, and columns on their roads.

What stands in a town is a halo round the town's symbol whose area goes with the number of fighters. Files of a run do not
hold forces; pages and pictures take them from the mornings of a model that simulates the run (`View.with_forces`).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, degrees
from typing import Any

import numpy as np

from sim.engine.kinds import INTERVENE
from sim.plots.map.geometry import Ground
from sim.plots.map.primitives import Glyph, LegendRow, Marker, Part, Point, Stroke
from sim.plots.map.state import Move, View
from sim.plots.map.town_signs import BURST_POINTS, FRESH, RING_POINTS
from sim.plots.style import EVIDENCE_INK, INK, PAPER, QUIET, FactionStyles
from sim.scenario.schema import peacekeepers

POINTS_PER_FIGHTER = 0.16  # square points of a halo
MOST_WEDGES = 4  # factions shown in one town, the largest
HALO_EDGE, HALO_OPACITY = 0.8, 0.4
HELMET_POINTS = 4.2
MAY = (" and observe", " and protect civilians", " and may intervene", "")  # by kinds.MANDATES, and -1 if it is unknown
RED_LINE: dict[str, Any] = {"edge": EVIDENCE_INK, "width": 1.6}  # of a helmet
AHEAD_DASHES, HOME_DASHES = (1.2, 2.8), (4.0, 2.6)  # points
LANE_POINTS = 2.4  # a column marches this far to the right of the middle of its road
NEAR_KM = 0.6  # a force nearer to a town than this stands in it
STANDS_KM = 0.1  # a force that moved less did not move
PURPOSES = {
    "attack": "to attack",
    "open base": "to open a base",
    "reinforce": "to reinforce",
    "occupy": "to take it over",
    "gather": "to gather for an attack",
}  # of kinds.ORDERS in words


# Standing forces ----------------------------------------------------------------------------------------------------


def forces(view: View) -> Iterable[Part]:
    """Draw a halo round each town in which fighters stand; its area outside the town's symbol goes with their number."""
    if view.fighters is None:
        return []
    guarding = [code in guards_of(view) for code in view.ground.look.codes]  # who guard have a sign of their own
    rows, ground = np.where(guarding, 0, view.fighters).tolist(), view.ground
    return [
        ground.recurring(("halo", view.zoom, town, sides[:1], *row), _halo, view, town, sides[:1], row)
        for town, (row, sides) in enumerate(zip(rows, view.state.sides, strict=True))
        if sum(row) > view.least_halo
    ]


def _halo(view: View, town: int, first: tuple[str, ...], fighters: list[int]) -> Marker:
    look, radius = view.ground.look, float(view.ground.radii[town]) * view.zoom
    present = [(code, n) for code, n in zip(look.codes, fighters, strict=True) if n]
    present = sorted(present, key=lambda item: (-item[1], item[0]))[:MOST_WEDGES]
    present.sort(key=lambda item: (item[0] not in first, look.codes.index(item[0])))
    east, north = view.ground.at[town].tolist()
    return Marker((east, north), halo_glyphs(look, radius, present, per_fighter(view)), key=f"s{town}", kind="halo")


def per_fighter(view: View) -> float:
    """Return the square points that a fighter takes in a halo: fewer where symbols are smaller than usual."""
    return POINTS_PER_FIGHTER * min(1.0, view.zoom) ** 2


def halo_glyphs(
    look: FactionStyles, radius: float, present: list[tuple[str, int]], points: float = POINTS_PER_FIGHTER
) -> tuple[Glyph, ...]:
    """Return the wedges of a halo round a symbol of a radius in points, one a faction: its code and its fighters.

    points: square points a fighter.
    """
    parts = len(present)
    return tuple(
        Glyph(
            "circle" if parts == 1 else f"wedge {part}/{parts}",
            (radius**2 + parts * points * fighters / np.pi) ** 0.5,
            look.colour(code),
            look.colour(code),
            HALO_EDGE,
            2.6,
            opacity=HALO_OPACITY,
        )
        for part, (code, fighters) in enumerate(present, 1)
    )


def force_rows(view: View) -> Iterable[LegendRow]:
    """Explain the halos if forces are known."""
    if view.fighters is None:
        return []
    rows = []
    for fighters in (100, 1000):
        radius = (3.4**2 + per_fighter(view) * fighters / np.pi) ** 0.5
        halo = Glyph("circle", radius, QUIET, QUIET, HALO_EDGE, 2.6, opacity=HALO_OPACITY)
        rows.append(LegendRow((Marker((0.0, 0.0), (halo, Glyph("circle", 3.4, QUIET))),), f"{fighters:,} fighters"))
    return rows


# Guards -------------------------------------------------------------------------------------------------------------


def guards_of(view: View) -> tuple[str, ...]:
    """Return the codes of the peacekeepers."""
    return tuple(peacekeepers(view.scenario).values())


def guards(view: View) -> Iterable[Part]:
    """Draw a helmet beside each town that peacekeepers guard, with their number in its tip."""
    if view.fighters is None:
        return []
    look, markers = view.ground.look, []
    mandates = [-1] * len(view.fighters) if view.mandates is None else view.mandates.tolist()
    for position, code in enumerate(guards_of(view)):
        by_town = view.fighters[:, look.codes.index(code)]
        markers += [
            view.ground.recurring(
                ("helmet", view.zoom, town, code, position, fighters, mandates[town]),
                _helmet,
                view,
                town,
                code,
                position,
                fighters,
                mandates[town],
            )
            for town, fighters in enumerate(by_town.tolist())
            if fighters
        ]
    return markers


def _helmet(view: View, town: int, code: str, position: int, fighters: int, mandate: int) -> Marker:
    ground, look = view.ground, view.ground.look
    title = f"{look.names.get(code, code)}: {fighters:,} fighters guard {ground.names[town]}{MAY[mandate]}"
    east, north = ground.at[town].tolist()
    glyph = helmet(ground, view.zoom, town, look.colour(code), position)
    if mandate == INTERVENE:
        glyph = glyph._replace(**RED_LINE)
    return Marker((east, north), (glyph,), (), title, key=f"g{position}.{town}", kind="guard")


def helmet(ground: Ground, zoom: float, town: int, colour: str, position: int = 0) -> Glyph:
    """Return the helmet of a force of peacekeepers below a town on the left; `position` is its place among several."""
    aside = float(ground.radii[town]) * zoom + RING_POINTS
    shift = (-aside - 2.6 * HELMET_POINTS * position, -aside)
    return Glyph("helmet", HELMET_POINTS * min(1.0, zoom), colour, INK, 0.8, 6.0, shift)


def guard_rows(view: View) -> Iterable[LegendRow]:
    """Explain the helmets if forces are known."""
    if view.fighters is None:
        return []
    look, rows = view.ground.look, []
    for code in guards_of(view):
        there = view.fighters[:, look.codes.index(code)] > 0
        glyph = Glyph("helmet", 1.2 * HELMET_POINTS, look.colour(code), INK, 0.8)
        text = f"guarded by {look.names.get(code, code)}"
        rows.append(LegendRow((Marker((0.0, 0.0), (glyph,)),), text, brief=bool(there.any())))
        if view.mandates is None or (there & (view.mandates == INTERVENE)).any():
            lined = Marker((0.0, 0.0), (glyph._replace(**RED_LINE),))
            rows.append(LegendRow((lined,), "guards with a red line", brief=view.mandates is not None))
    return rows


# Columns ------------------------------------------------------------------------------------------------------------


def columns(view: View) -> Iterable[Part]:
    """Draw an arrow along its road for each body of fighters that moved or is on the way; those on one way are one."""
    bodies: dict[tuple[str, Point, Point, int, bool], list[Move]] = {}
    for move in view.moves or ():
        bodies.setdefault((move.code, move.start, move.end, move.goal_town, move.home), []).append(move)
    known = view.ground.recurring
    return [known(("column", view.zoom, view.state, *body), _column, view, body) for body in bodies.values()]


def _column(view: View, body: list[Move]) -> Marker:
    """Return the way since the morning before, a dotted one ahead, and a head with the number of fighters beside it."""
    move, fighters, ground = body[0], sum(part.fighters for part in body), view.ground
    colour, width = ground.look.colour(move.code), 1.1 + min(1.9, fighters**0.5 / 15)
    lane, strokes = LANE_POINTS * view.zoom / view.points_per_km, []
    way = _beside(np.array(move.way or (move.start, move.end)), lane)
    ahead = _beside(np.array(move.ahead), lane) if len(move.ahead) > 1 else None
    if ahead is None and move.goal_town >= 0:
        ahead = _beside(np.array([move.end, ground.at[move.goal_town]]), lane)
    if ahead is not None and _length(ahead) > NEAR_KM:
        strokes.append(Stroke("ahead", (ahead,), colour, 1.0, AHEAD_DASHES, cased=True))
    if _length(way) > STANDS_KM:
        way = shortened(way, clear_of_town(view, move.end))
        strokes.append(Stroke("column", (way,), colour, width, HOME_DASHES if move.home else None, cased=True))
        place, before = way[-1], way[-2]
    elif ahead is not None:
        place, before = _at(ahead, clear_of_town(view, move.end)), ahead[0]
    else:
        place, before = way[-1], way[0]
    turn = degrees(atan2(place[1] - before[1], place[0] - before[0]))
    fill, edge = (PAPER, colour) if move.home else (colour, INK)
    head = Glyph(
        "dart", (4.2 + width) * min(1.0, view.zoom), fill, edge, 1.5 if move.home else 0.8, level=5.6, turn=turn
    )
    passed = tuple((float(x), float(y)) for x, y in way) if _length(way) > STANDS_KM else ()
    return Marker(
        (float(place[0]), float(place[1])), (head,), tuple(strokes), marching_text(ground.look, body),
        key=f"f{min(part.key for part in body)}", way=passed, note=f"{fighters:,}", note_at=(8.0, -6.5), kind="mv",
    )  # fmt: skip


def clear_of_town(view: View, at: Point) -> float:
    """Return how many km a head stays away from a place, so that it is clear of the symbol of a town there."""
    ground = view.ground
    away = np.hypot(*(ground.at - at).T)
    town = int(away.argmin())
    if away[town] >= NEAR_KM:
        return 0.0
    sign = BURST_POINTS * FRESH if town in view.state.clashes else RING_POINTS
    return (float(ground.radii[town]) * view.zoom + sign + 4.5) / view.points_per_km


def _length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _at(line: np.ndarray, km: float) -> np.ndarray:
    """Return the place on a polyline [n, 2] so many km from its start, at most at 70 % of it."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    km = min(km, 0.7 * lengths[-1])
    return np.array([np.interp(km, lengths, line[:, 0]), np.interp(km, lengths, line[:, 1])])


def shortened(line: np.ndarray, km: float) -> np.ndarray:
    """Return a polyline [n, 2] without its last km, of which it loses at most 70 %; one without length as it is."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    if lengths[-1] == 0.0:
        return line
    end = max(lengths[-1] - km, 0.3 * lengths[-1])
    last = np.array([np.interp(end, lengths, line[:, 0]), np.interp(end, lengths, line[:, 1])])
    shortened: np.ndarray = np.vstack([line[lengths < end], last])
    return shortened


def _beside(line: np.ndarray, km: float) -> np.ndarray:
    """Return a polyline [n, 2] moved so many km to the right of its direction."""
    steps = np.diff(line, axis=0)
    lengths = np.hypot(*steps.T)
    if not lengths.any():
        return line
    right = np.column_stack([steps[:, 1], -steps[:, 0]]) / np.maximum(lengths, 1e-9)[:, None]
    corners = np.vstack([right[:1], (right[1:] + right[:-1]) / 2, right[-1:]])
    moved: np.ndarray = line + km * corners
    return moved


def marching_text(look: FactionStyles, body: list[Move]) -> str:
    """Return who marches, how many, from where to where, and what for."""
    first, fighters = body[0], sum(move.fighters for move in body)
    groups = ", ".join(dict.fromkeys(move.group for move in body))
    who = look.names.get(first.code, first.code)
    who += f" ({groups})" if groups != who else ""
    start = f" from {first.origin}" if first.origin else ""
    purposes = dict.fromkeys(PURPOSES[move.orders] for move in body if move.orders in PURPOSES)
    purpose = ", " + " and ".join(purposes) if purposes else ""
    later = ", go home next" if first.next_orders == "return" else ""
    if first.arrived:
        verb = "came home to" if first.home else "arrived in"
        return f"{who}: {fighters:,} fighters {verb} {first.arrived}{start}{purpose}{later}"
    if first.home:
        return f"{who}: {fighters:,} fighters go home{start}" + (f" to {first.goal}" if first.goal else "")
    verb = "on the way" if first.way else "set out"
    return f"{who}: {fighters:,} fighters {verb}{start}" + (f" to {first.goal}" if first.goal else "") + purpose


def column_rows(view: View) -> Iterable[LegendRow]:
    """Explain the arrows if forces are known."""
    if view.moves is None:
        return []
    rows = []
    for home, dashes, fill, edge, text in (
        (False, None, QUIET, INK, "column and its number"),
        (True, HOME_DASHES, PAPER, QUIET, "column going home"),
    ):
        line = Stroke("column", (np.array([(-10.0, 0.0), (3.0, 0.0)]),), QUIET, 1.9, dashes)
        head = Marker((5.6, 0.0), (Glyph("dart", 4.8, fill, edge, 1.2),))
        rows.append(LegendRow((line, head), text, brief=any(move.home == home for move in view.moves)))
    return rows
