"""A run as map layers: dated control, roads, the zone and the line of contact, events. Degrees WGS84.

Dates are text, YYYY-MM-DD. Control has one point a town and stretch of days under one code, `start` included, `end`
not; a stretch that the run's end cuts off ends on the day after the last one simulated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.geography.zone import line_of_contact, zone_edge
from sim.record.exports.entries import REGION_ONLY, Entry, run_id
from sim.statistics.sides import codes

if TYPE_CHECKING:
    from sim.record.run import Run

Point = tuple[float, float]
Field = Literal["text", "int", "float", "date"]


@dataclass(frozen=True)
class Feature:
    """One thing on a map: a point (one pair), a line (several), or nothing where it has no place."""

    at: tuple[Point, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Layer:
    """Features of one shape with the names and types of their values."""

    name: str
    shape: Literal["Point", "LineString"]
    fields: dict[str, Field]
    features: list[Feature]


def layers(run: Run, found: Iterable[Entry]) -> list[Layer]:
    """Return the layers of a run, with the entries as events."""
    return [control_layer(run), road_layer(run), zone_layer(run), event_layer(found)]


def control_layer(run: Run) -> Layer:
    """Return who held each town, and from when to when."""
    table = run.control_daily
    days = [day.date().isoformat() for day in table["date"]]
    features = []
    for place in run.geography.places:
        for code, stretch in groupby(range(len(days)), key=table[place.name].tolist().__getitem__):
            rows = list(stretch)
            end = days[min(rows[-1] + 1, len(days) - 1)]
            if rows[0] < len(days) - 1:  # the last morning is the end of the last day, not a day of its own
                values = (f"{run_id(run)}-{place.name}-{days[rows[0]]}", place.name, code, days[rows[0]], end)
                features.append(Feature(((place.lon, place.lat),), values))
    fields: dict[str, Field] = {"id": "text", "town": "text", "control": "text", "start": "date", "end": "date"}
    return Layer("control", "Point", fields, features)


def road_layer(run: Run) -> Layer:
    """Return the roads of the map, from town to town as the crow flies."""
    places, on = run.geography.places, run.geography
    classes = on.road_classes or ("",) * len(on.roads)
    features = []
    for road, name, kind in zip(on.roads, on.road_names, classes, strict=True):
        one, other = places[road["a"]], places[road["b"]]
        values = (one.name, other.name, name, kind, float(road["km"]))
        features.append(Feature(((one.lon, one.lat), (other.lon, other.lat)), values))
    fields: dict[str, Field] = {"from_town": "text", "to_town": "text", "name": "text", "class": "text", "km": "float"}
    return Layer("roads", "LineString", fields, features)


def zone_layer(run: Run) -> Layer:
    """Return the line of contact at the start and, where there is a zone, its far edge."""
    known = codes(run.scenario)
    roles = {known[name]: faction.role for name, faction in run.scenario.factions.items()}
    start = run.control_start_end["start"].tolist()
    government = np.array([roles.get(code) == "government" for code in start])
    lines = [("line of contact", line) for line in line_of_contact(run.geography, government)]
    zone = run.scenario.zone
    if zone is not None:
        inside = np.array([roles.get(code) not in ("government", "patron_backed") for code in start])
        depth = run.values.get("zone.depth_km", zone.depth_km.best)
        lines += [
            (f"far edge of the {zone.name}", line) for line in zone_edge(run.geography, government, inside, depth)
        ]
    day = run.scenario.start.isoformat()
    features = [Feature(tuple((float(x), float(y)) for x, y in line), (name, day)) for name, line in lines]
    return Layer("zone", "LineString", {"name": "text", "start": "date"}, features)


def event_layer(found: Iterable[Entry]) -> Layer:
    """Return the entries as points; one that names no town has none."""
    fields: dict[str, Field] = {
        "id": "text",
        "start": "date",
        "end": "date",
        "kind": "text",
        "initiator": "text",
        "target": "text",
        "town": "text",
        "precision": "int",
        "deaths_initiator": "int",
        "deaths_target": "int",
        "deaths_civilians": "int",
        "deaths": "int",
        "summary": "int",
        "text": "text",
    }
    return Layer("events", "Point", fields, [_event(entry) for entry in found])


def _event(entry: Entry) -> Feature:
    placed = entry.precision < REGION_ONLY
    values = (
        entry.id,
        entry.start.isoformat(),
        entry.end.isoformat(),
        entry.kind,
        entry.one.name,
        entry.other.name,
        entry.place if placed else "",
        entry.precision,
        entry.deaths_one,
        entry.deaths_other,
        entry.deaths_civilians,
        entry.deaths,
        int(entry.summary),
        entry.text,
    )
    return Feature(((entry.lon, entry.lat),) if placed else (), values)
