"""The signs that stand at towns: holder, fighting, rings, bases.

Each but the flags of bases is a function of `TownView` that returns glyphs, and one that returns its rows of the legend: a row of
TOWN_SIGNS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from sim.plots.map.geometry import Ground
from sim.plots.map.primitives import Glyph, LegendRow, Marker, Part, Point
from sim.plots.map.state import CLASH_DAYS, View
from sim.plots.style import BURST, EVIDENCE_INK, INK, PAPER, QUIET, FactionStyles

RING_POINTS, BURST_POINTS = 3.0, 7.5
FLAG_POINTS, LEGEND_FLAG_POINTS = 9.6, 5.2  # a flag is 2.1 times as high
FRESH, PAST = 1.2, 0.95  # size of a burst: fighting on the day before, and earlier in the week
SELECTED_DASHES = (3.2, 2.0)


class TownView(NamedTuple):
    """All that the signs of a town depend on."""

    town: int
    sides: tuple[str, ...]
    fighters: tuple[int, ...]  # who stand in it, by group; () unknown
    deaths: int = -1  # in the fighting of the last CLASH_DAYS days; -1 no fighting
    fresh: bool = False  # fighting on the day before
    bases: tuple[str, ...] = ()
    changed: bool = False  # holder differs from the start
    ringed: bool = False
    differs: bool = False
    selected: bool = False


class TownSign(NamedTuple):
    """How a sign at a town is drawn, radius of the town's symbol in points, and explained."""

    draw: Callable[[FactionStyles, float, TownView], Iterable[Glyph]]
    rows: Callable[[View], Iterable[LegendRow]]


def no_rows(view: View) -> Iterable[LegendRow]:
    """Return no row: the sign is explained by another's, or in a section of its own."""
    return ()


def fighting(look: FactionStyles, radius: float, town: TownView) -> Iterable[Glyph]:
    """Draw a star behind a town with fighting in the last days; larger and stronger for the day before."""
    if town.deaths < 0:
        return []
    size, opacity, kind = (FRESH, 1.0, "now") if town.fresh else (PAST, 0.75, "past")
    return [Glyph("burst", radius + BURST_POINTS * size, BURST, INK, 0.7, 3.0, opacity=opacity, kind=kind)]


def fighting_rows(view: View) -> Iterable[LegendRow]:
    """Explain the star."""
    star = (Glyph("burst", 8.0, BURST, INK, 0.7, 3.0), Glyph("circle", 3.6, QUIET))
    return [LegendRow((Marker((0.0, 0.0), star),), f"fighting, last {CLASH_DAYS} days", brief=bool(view.state.clashes))]


def holder_glyphs(look: FactionStyles, sides: tuple[str, ...], radius: float) -> tuple[Glyph, ...]:
    """Return a town's symbol: whole in its holder's colour and shape, two halves if contested, white if neutral."""
    if not sides:
        return (Glyph("circle", radius, PAPER, INK),)
    if len(sides) == 1:
        return (Glyph(look.shapes.get(sides[0], "circle"), radius, look.colour(sides[0])),)
    return tuple(
        Glyph(f"{look.shapes.get(code, 'circle')} {part}", 1.2 * radius, look.colour(code))
        for code, part in zip(sides, ("left", "right"), strict=True)
    )


def holder(look: FactionStyles, radius: float, town: TownView) -> Iterable[Glyph]:
    """Draw who holds a town."""
    return holder_glyphs(look, town.sides, radius)


def ring(radius: float, colour: str, dashes: Point | None = None) -> tuple[Glyph, Glyph]:
    """Return a ring on a white casing."""
    casing = Glyph("circle", radius, "", PAPER, 2.8, 4.8)
    return casing, casing._replace(edge=colour, width=1.5, level=5.0, dashes=dashes)


def rings(look: FactionStyles, radius: float, town: TownView) -> Iterable[Glyph]:
    """Ring a town that changed, that is held otherwise in the run beside, or that is selected."""
    outer = radius + RING_POINTS + 2.6
    return (
        *(ring(radius + RING_POINTS, INK) if town.ringed else ()),
        *(ring(outer, EVIDENCE_INK) if town.differs else ()),
        *(ring(outer, INK, SELECTED_DASHES) if town.selected else ()),
    )


def ring_rows(view: View) -> Iterable[LegendRow]:
    """Explain the rings that the map may have."""
    dot, rows = Glyph("circle", 3.6, QUIET), []
    if view.ring_text:
        rows.append(LegendRow((Marker((0.0, 0.0), (dot, *ring(6.6, INK))),), view.ring_text, brief=bool(view.ringed)))
    if view.compared:
        rows.append(LegendRow((Marker((0.0, 0.0), (dot, *ring(6.6, EVIDENCE_INK))),), "held otherwise in the other"))
    return rows


def bases(view: View) -> Iterable[Part]:
    """Draw a flag for each base that another faction keeps in a town, with the town's name beside it."""
    flown: dict[int, tuple[str, ...]] = {}
    for at, code in view.state.bases:
        flown[at] = (*flown.get(at, ()), code)
    return [
        view.ground.recurring(("flags", view.zoom, at, codes), _flags, view, at, codes) for at, codes in flown.items()
    ]


def _flags(view: View, town: int, codes: tuple[str, ...]) -> Marker:
    ground, look = view.ground, view.ground.look
    foot = 0.6 * float(ground.radii[town]) * view.zoom
    glyphs = tuple(
        Glyph("flag", FLAG_POINTS, look.colour(code), INK, 0.9, 6.0, (foot + 6.0 * k, foot))
        for k, code in enumerate(codes)
    )
    east, north = ground.at[town].tolist()
    title = f"{ground.names[town]}: base of " + ", ".join(look.names.get(code, code) for code in codes)
    beside = (foot + 6.0 * len(codes) + 10.5, foot + 13.0)
    return Marker(
        (east, north), glyphs, (), title, key=f"b{town}", note=ground.names[town], note_at=beside, kind="flag"
    )


def base_rows(view: View) -> Iterable[LegendRow]:
    """Explain the flag."""
    flag = Glyph("flag", LEGEND_FLAG_POINTS, QUIET, INK, 0.7, 6.0, (-4.0, -5.0))
    return [LegendRow((Marker((0.0, 0.0), (flag,)),), "base in another's town", brief=bool(view.state.bases))]


TOWN_SIGNS = (
    TownSign(fighting, fighting_rows),
    TownSign(holder, no_rows),
    TownSign(rings, ring_rows),
)


def towns(view: View) -> Iterable[Part]:
    """Draw what stands at the towns; those with more than a holder come last, so that they cover the others."""
    state, bases = view.state, dict[int, tuple[str, ...]]()
    for at, code in state.bases:
        bases[at] = (*bases.get(at, ()), code)
    changed = set(np.flatnonzero(state.changed).tolist())
    special = {*state.clashes, *bases, *changed, *view.ringed, *view.differing} | {view.selected} - {-1}
    plain = _plain_towns(view)
    marked = [
        _known_town(
            view,
            TownView(
                town, state.sides[town], _fighters(view, town), state.clashes.get(town, -1), town in state.fresh,
                bases.get(town, ()), town in changed, town in view.ringed, town in view.differing, town == view.selected,
            ),
        )
        for town in sorted(special)
    ]  # fmt: skip
    return [marker for town, marker in enumerate(plain) if town not in special] + marked


def _plain_towns(view: View) -> list[Marker]:
    """Return the markers of all towns as if each had a holder only; those that are as on the last view are taken from it."""
    ground, sides, fighters = view.ground, view.state.sides, view.standing
    last_sides, last_fighters, markers = ground.parts.get(("last towns", view.zoom), ((), None, []))
    if len(last_sides) == len(sides) and (fighters is None) == (last_fighters is None):
        differ = {town for town, (now, before) in enumerate(zip(sides, last_sides, strict=True)) if now != before}
        if fighters is not None:
            differ.update(np.flatnonzero((fighters != last_fighters).any(axis=1)).tolist())
        markers = list(markers)
    else:
        differ, markers = set(range(len(sides))), [None] * len(sides)
    for town in differ:
        markers[town] = _known_town(view, TownView(town, sides[town], _fighters(view, town)))
    ground.parts["last towns", view.zoom] = (sides, fighters, markers)
    return markers


def _fighters(view: View, town: int) -> tuple[int, ...]:
    return tuple(view.standing[town].tolist()) if view.standing is not None else ()


def _known_town(view: View, town: TownView) -> Marker:
    """Return a town's marker; the same as before if nothing about it differs."""
    marker: Marker = view.ground.recurring(("town", view.zoom, town), _town, view, town)
    return marker


def _town(view: View, town: TownView) -> Marker:
    ground = view.ground
    radius = float(ground.radii[town.town]) * view.zoom
    glyphs = tuple(glyph for sign in TOWN_SIGNS for glyph in sign.draw(ground.look, radius, town))
    east, north = ground.at[town.town].tolist()
    return Marker((east, north), glyphs, (), town_text(ground, town), town.town)


def town_text(ground: Ground, town: TownView) -> str:
    """Return what is known of a town, a line each: holder, bases, fighters, fighting."""
    name, sides = ground.look.names.get, town.sides
    held = "neutral" if not sides else name(sides[0], sides[0]) if len(sides) == 1 else "contested"
    if len(sides) == 2 and sides[0] != sides[1]:
        held += f" between {name(sides[0], sides[0])} and {name(sides[1], sides[1])}"
    people = round(ground.geography.places[town.town].population)
    lines = [
        f"{ground.names[town.town]} (about {people:,} people)",
        held + (", changed since the start" if town.changed else ""),
    ]
    if town.bases:
        lines.append("base of " + ", ".join(name(code, code) for code in town.bases))
    if any(town.fighters):
        lines.append("fighters: " + fighters_text(ground.look, town.fighters))
    if town.deaths >= 0:
        lines.append(f"fighting, last {CLASH_DAYS} days: {town.deaths} killed")
    return "\n".join(lines)


def fighters_text(look: FactionStyles, fighters: tuple[int, ...]) -> str:
    """Return fighters by faction and group in words; `fighters` are by group, in the order of `look.groups`."""
    by_code: dict[str, list[tuple[str, int]]] = {}
    for group, number in zip(look.groups, fighters, strict=True):
        if number:
            by_code.setdefault(look.code_of[group], []).append((group, number))
    parts = []
    for code, groups in by_code.items():
        name = look.names.get(code, code)
        named = groups[0][0] if len(groups) == 1 else ", ".join(f"{group} {number:,}" for group, number in groups)
        parts.append(f"{name} {sum(n for _, n in groups):,}" + ("" if named == name else f" ({named})"))
    return ", ".join(parts)


def town_rows(view: View) -> Iterable[LegendRow]:
    """Explain what stands at towns, all but the holders."""
    return [row for sign in TOWN_SIGNS for row in sign.rows(view)]
