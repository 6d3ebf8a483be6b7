"""The signs of who faces whom: the zone, the line of contact, the roads between rivals and their agreements, campaigns, shelling.

The front between rivals, campaigns and shelling come from the mornings of a model (`View.with_forces`); without them they
are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, degrees, hypot

import numpy as np

from sim.plots.map.force_signs import clear_of_town, shortened
from sim.plots.map.geometry import Ground, contact_lines, governed
from sim.plots.map.primitives import Glyph, LegendRow, Marker, Part, Stroke, line_row
from sim.plots.map.state import Campaign, FrontRoad, Shelling, View
from sim.plots.style import AGREED, EVIDENCE_INK, INK, QUIET, ZONE_INK, pale

ZONE_DASHES, PEACE_DASHES = (6.5, 3.25), (5.0, 3.0)  # points
FRONT_POINTS = 2.0

# Lines with the government ------------------------------------------------------------------------------------------


def zone(view: View) -> Iterable[Part]:
    """Draw the edge of the demilitarised zone."""
    lines = tuple(view.ground.zone)
    return [Stroke("zone", lines, ZONE_INK, 1.3, ZONE_DASHES, cased=True)] if lines else []


def zone_rows(view: View) -> Iterable[LegendRow]:
    """Explain the zone by its name."""
    return [line_row(view.ground.zone_name, ZONE_INK, 1.3, ZONE_DASHES)] if view.ground.zone else []


def contact(view: View) -> Iterable[Part]:
    """Draw the line of contact between a government's towns and the others."""
    strokes: tuple[Stroke, ...] = view.ground.recurring(("front", view.state.sides), _front, view)
    return strokes


def _front(view: View) -> tuple[Stroke, ...]:
    key = ("contact", governed(view.scenario, view.state.sides).tobytes())
    strokes: tuple[Stroke, ...] = view.ground.recurring(key, _contact, view)
    return strokes


def _contact(view: View) -> tuple[Stroke, ...]:
    lines = tuple(contact_lines(view.scenario, view.ground, view.state.sides))
    return (Stroke("contact", lines, INK, 1.7, cased=True),) if lines else ()


def contact_rows(view: View) -> Iterable[LegendRow]:
    """Explain the line of contact."""
    return [line_row("line of contact", INK, 1.7)] if list(contact(view)) else []


# Rivals, campaigns, shelling ----------------------------------------------------------------------------------------


def front(view: View) -> Iterable[Part]:
    """Draw the roads between rivals: red, or green and dashed on the half on which an agreement covers them."""
    if not view.front:
        return ()
    strokes: tuple[Stroke, ...] = view.ground.recurring(("rivals", view.front), _rivals, view.ground, view.front)
    return strokes


def _rivals(ground: Ground, roads: tuple[FrontRoad, ...]) -> tuple[Stroke, ...]:
    lines: dict[str, list[np.ndarray]] = {"hostile": [], "covered": [], "broken": []}
    for road in roads:
        a, b = ground.at[road.a], ground.at[road.b]
        ends = ((a, b, road.agreement_a, road.broken_a), (b, a, road.agreement_b, road.broken_b))
        for near, far, agreement, broken in ends:
            lines["covered" if agreement >= 0 else "hostile"].append(np.array([near, (near + far) / 2]))
            if broken:
                lines["broken"].append(np.array([near, (near + far) / 2]))
    looks = {
        "hostile": (EVIDENCE_INK, FRONT_POINTS, None),
        "covered": (AGREED, FRONT_POINTS + 0.4, PEACE_DASHES),
        "broken": (EVIDENCE_INK, 2.6 * FRONT_POINTS, None),
    }
    return tuple(
        Stroke(name, tuple(lines[name]), colour, width, dashes, cased=name == "covered")
        for name, (colour, width, dashes) in looks.items()
        if lines[name]
    )


def front_rows(view: View) -> Iterable[LegendRow]:
    """Explain the roads of the front if it is known."""
    if view.front is None:
        return []
    covered = any(max(road.agreement_a, road.agreement_b) >= 0 for road in view.front)
    broken = any(road.broken_a or road.broken_b for road in view.front)
    return [
        line_row("road between rivals", EVIDENCE_INK, FRONT_POINTS, brief=bool(view.front)),
        line_row("under an agreement", AGREED, FRONT_POINTS + 0.4, PEACE_DASHES, brief=covered),
        line_row("broken the day before", EVIDENCE_INK, 2.6 * FRONT_POINTS, brief=broken),
    ]


def campaigns(view: View) -> Iterable[Part]:
    """Draw broad arrows from where those who decided on a campaign are strongest to the towns that it is to take.

    A town in which they are strongest themselves needs none.
    """
    return [
        view.ground.recurring(("campaign", view.zoom, campaign, town), _campaign, view, campaign, town)
        for campaign in view.campaigns
        for town in campaign.targets
        if town != campaign.source
    ]


def _campaign(view: View, campaign: Campaign, town: int) -> Marker:
    look, at = view.ground.look, view.ground.at
    way = shortened(at[[campaign.source, town]], clear_of_town(view, tuple(at[town].tolist())) + 6 / view.points_per_km)
    (from_x, from_y), (x, y) = way.tolist()
    colour = look.colour(campaign.code)
    head = Glyph("dart", 10.0, pale(colour, 0.3), INK, 0.9, 2.9, turn=degrees(atan2(y - from_y, x - from_x)))
    line = Stroke("campaign", (way,), pale(colour, 0.3), 5.0, cased=True)
    name = view.ground.names
    title = (
        f"Campaign of {campaign.group} against {campaign.target_group}: from {name[campaign.source]} on {name[town]}"
    )
    return Marker((x, y), (head,), (line,), title, key=f"c{campaign.key}.{town}", kind="mv")


def campaign_rows(view: View) -> Iterable[LegendRow]:
    """Explain the broad arrows if campaigns are known."""
    if view.front is None:
        return []
    line = Stroke("campaign", (np.array([(-10.0, 0.0), (2.0, 0.0)]),), pale(QUIET, 0.3), 5.0)
    return [
        LegendRow(
            (line, Marker((4.0, 0.0), (Glyph("dart", 6.5, pale(QUIET, 0.3), INK, 0.9),))),
            "campaign",
            brief=bool(view.campaigns),
        )
    ]


def shelling(view: View) -> Iterable[Part]:
    """Draw a small star and a dotted line of fire beside each town shelled on the day before."""
    return [_shelled(view, shelled) for shelled in view.shellings]


def _shelled(view: View, shelled: Shelling) -> Marker:
    ground, look = view.ground, view.ground.look
    at = ground.at[shelled.town]
    colour, strokes, place = look.colour(shelled.code), [], at
    reach = (float(ground.radii[shelled.town]) * view.zoom + 4.0) / view.points_per_km
    if shelled.source >= 0:
        towards = ground.at[shelled.source] - at
        towards = towards / max(hypot(*towards), 1e-9)
        place = at + reach * towards
        strokes.append(
            Stroke("fire", (np.array([place + 22.0 / view.points_per_km * towards, place]),), colour, 1.5, (2.0, 2.4))
        )
    side = look.names.get(shelled.code, shelled.code)
    title = f"{ground.names[shelled.town]}: shelled by {side} the day before, {shelled.deaths} killed"
    star = Glyph("burst", 5.0, colour, INK, 0.7, 4.6)
    return Marker(
        (float(place[0]), float(place[1])),
        (star,),
        tuple(strokes),
        title,
        key=f"h{shelled.town}.{shelled.code}",
        kind="mv",
    )


def shelling_rows(view: View) -> Iterable[LegendRow]:
    """Explain the shelling if it is known."""
    if view.front is None:
        return []
    fire = Stroke("fire", (np.array([(-10.0, 0.0), (2.0, 0.0)]),), QUIET, 1.5, (2.0, 2.4))
    return [
        LegendRow(
            (fire, Marker((4.0, 0.0), (Glyph("burst", 4.6, QUIET, INK, 0.7),))),
            "shelled the day before",
            brief=bool(view.shellings),
        )
    ]
