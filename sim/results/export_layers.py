"""The layers of a run for GIS programs: areas, control, roads, front, line of contact, zone and events, with the days on which each holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.geography.maps import Geography, control_date
from sim.geography.towns import MapTown
from sim.geography.zone import frame_of, line_of_contact, town_cells, zone_areas
from sim.results.export_events import REGION_ONLY, Entry, run_id
from sim.results.export_files import Feature, Field, Layer, Point, Rule, Style, quoted
from sim.scenario.schema import CODE_WORDS, MIXED, NEUTRAL, Scenario, codes, colours

if TYPE_CHECKING:
    from sim.results.run import Run


LAYERS = ("areas", "control", "roads", "front", "contact", "zone", "events")
FRONT_COLOURS = {"rivals": "#B2182B", "government": "#333333"}
ZONE_COLOUR = "#6A3D9A"


def layers(run: Run, entries: Iterable[Entry], day: date | None = None) -> list[Layer]:
    """Return the layers of a run, with the entries as events; of a day, only what holds on it, and events that cover it."""
    control = control_layer(run)
    every = [
        area_layer(run, control),
        control,
        road_layer(run),
        front_layer(run),
        contact_layer(run),
        zone_layer(run),
        event_layer(entries),
    ]
    return every if day is None else [_on(layer, day) for layer in every]


def _on(layer: Layer, day: date) -> Layer:
    """Return a layer with the features that hold on a day; stretches end on the day after their last, events on it."""
    if "start" not in layer.fields:
        return layer
    names, text = list(layer.fields), day.isoformat()
    start, end, last = names.index("start"), names.index("end"), layer.name in ("events", "zone")
    held = [
        each
        for each in layer.features
        if each.values[start] <= text < each.values[end] or (last and each.values[start] <= text == each.values[end])
    ]
    return replace(layer, features=held)


def town_areas(geography: Geography) -> dict[str, tuple[tuple[Point, ...], ...]]:
    """Return the area of each town, in degrees: nearer to it than to other towns, within the reach of its cell."""
    on, cells = frame_of(geography), zip(geography.places, town_cells(geography), strict=True)
    return {town.name: (_points(on.to_lonlat(np.vstack((corners, corners[:1])))),) for town, corners in cells}


def _points(lonlat: np.ndarray) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in lonlat)


def _straight(start: MapTown, end: MapTown) -> tuple[Point, ...]:
    return (start.lon, start.lat), (end.lon, end.lat)


def area_layer(run: Run, control: Layer) -> Layer:
    """Return the rows of the control layer with the towns' areas."""
    areas, number = town_areas(run.geography), list(control.fields).index("town")
    features = [replace(feature, rings=areas[feature.values[number]]) for feature in control.features]
    styles = tuple(
        Style(style.name, tuple(rule._replace(alpha=0.5) for rule in style.rules)) for style in control.styles
    )
    return replace(control, name="areas", shape="Polygon", features=features, styles=styles)


def _groups(run: Run) -> dict[str, list[tuple[int, str]]]:
    """Return by town from which morning on which group held it, or was the stronger of those in it."""
    day = control_date(run.geography, run.scenario.start, run.scenario.control_on)
    start = zip(run.geography.places, run.geography.control[day], strict=True)
    held = {town.name: [(0, holding.groups[0] if holding.groups else "")] for town, holding in start}
    for day_changed, town, group in run.control_changes[["day", "town", "to_group"]].itertuples(index=False):
        held[town].append((int(day_changed) + 1, group))
    return held


def stretches(values: Sequence[Any]) -> Iterator[tuple[Any, int, int]]:
    """Give the stretches of equal values on successive mornings: the value, the first morning, and the one after the last.

    The last morning is the end of the last day, not a day of its own.
    """
    days = len(values) - 1
    for value, group in groupby(range(len(values)), key=values.__getitem__):
        rows = list(group)
        if rows[0] < days:
            yield value, rows[0], min(rows[-1] + 1, days)


def control_layer(run: Run) -> Layer:
    """Return who held each town, and from when to when."""
    table, groups = run.control_daily, _groups(run)
    days = [day.date().isoformat() for day in table["date"]]
    names = {code: name for name, code in codes(run.scenario).items()}
    features = []
    for town in run.geography.places:
        for code, first, end in stretches(table[town.name].tolist()):
            group = next(name for morning, name in reversed(groups[town.name]) if morning <= first)
            key = f"{run_id(run)}-{town.name}-{days[first]}"
            values = (
                key,
                town.name,
                code,
                names.get(code, ""),
                group,
                days[first],
                days[end],
                *about(run.geography, town),
            )
            features.append(Feature((((town.lon, town.lat),),), values))
    words = ("id", "town", "control", "faction", "group")
    fields: dict[str, Field] = {**dict.fromkeys(words, "text"), "start": "date", "end": "date", **ABOUT}
    return Layer("control", "Point", fields, features, (holder_style(run.scenario),))


ABOUT: dict[str, Field] = {
    **dict.fromkeys(("pcode", "aliases", "admin1", "admin2", "admin3"), "text"),
    "population": "int",
}  # what layers tell of a town


def about(geography: Geography, town: MapTown) -> tuple[Any, ...]:
    """Return the values of a town under the fields `ABOUT`."""
    units = geography.names.units(town)
    return (town.pcode, "; ".join(town.aliases), *(unit.name for unit in units), round(town.population))


def holder_colours(scenario: Scenario) -> dict[str, str]:
    """Return the colour of each control code: grey for contested, white for neutral, else the faction's."""
    return {**colours(scenario), MIXED: "#999999", NEUTRAL: "#FFFFFF"}


def holder_style(scenario: Scenario) -> Style:
    """Return the style that colours features by their control code."""
    names = {code: name for name, code in codes(scenario).items()} | CODE_WORDS
    colour_of = holder_colours(scenario).items()
    return Style(
        "control", tuple(Rule(names[code], f'"control" = {quoted(code)}', colour) for code, colour in colour_of)
    )


def road_layer(run: Run) -> Layer:
    """Return the roads of the map, from town to town as the crow flies."""
    places, on = run.geography.places, run.geography
    classes = on.road_classes or ("",) * len(on.roads)
    features = []
    for road, name, kind in zip(on.roads, on.road_names, classes, strict=True):
        start, end = places[road["a"]], places[road["b"]]
        values = (start.name, end.name, name, kind, float(road["km"]))
        features.append(Feature((_straight(start, end),), values))
    fields: dict[str, Field] = {"from_town": "text", "to_town": "text", "name": "text", "class": "text", "km": "float"}
    return Layer("roads", "LineString", fields, features)


def _fronts(scenario: Scenario) -> Callable[[str, str], str]:
    """Return which front runs between the holders of two codes: "rivals", "government", or "" for none."""
    roles = {code: scenario.factions[name].role for name, code in codes(scenario).items()}

    def front(a: str, b: str) -> str:
        if a == b or a not in roles or b not in roles:
            return ""
        pair = {roles[a], roles[b]}
        return "rivals" if pair == {"rebel"} else "government" if pair == {"rebel", "government"} else ""

    return front


def front_layer(run: Run) -> Layer:
    """Return the roads between towns of rebels who are rivals, or of rebels and a government, and from when to when."""
    table, places, front = run.control_daily, run.geography.places, _fronts(run.scenario)
    days = [day.date().isoformat() for day in table["date"]]
    held = {town.name: table[town.name].tolist() for town in places}
    features = []
    for number, (road, name) in enumerate(zip(run.geography.roads, run.geography.road_names, strict=True)):
        start, end = places[road["a"]], places[road["b"]]
        for (a, b), first, after in stretches(list(zip(held[start.name], held[end.name], strict=True))):
            if kind := front(a, b):
                key = f"{run_id(run)}-road{number}-{days[first]}"
                values = (key, kind, start.name, end.name, a, b, days[first], days[after], name, float(road["km"]))
                features.append(Feature((_straight(start, end),), values))
    words = ("id", "front", "from_town", "to_town", "from_control", "to_control")
    fields: dict[str, Field] = {
        **dict.fromkeys(words, "text"),
        "start": "date",
        "end": "date",
        "road": "text",
        "km": "float",
    }
    rules = [Rule(kind, f'"front" = {quoted(kind)}', colour) for kind, colour in FRONT_COLOURS.items()]
    return Layer("front", "LineString", fields, features, (Style("front", tuple(rules)),))


def _sides(run: Run, morning: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which towns a government holds on a morning, and which lie on the zone's side, bool [T] each."""
    known = codes(run.scenario)
    roles = {known[name]: faction.role for name, faction in run.scenario.factions.items()}
    row = run.control_daily.iloc[morning]
    held = [roles.get(row[town.name]) for town in run.geography.places]
    government = np.array([role == "government" for role in held])
    return government, np.array([role not in ("government", "patron_backed") for role in held])


def contact_layer(run: Run) -> Layer:
    """Return the line between a government's ground and the others', and from when to when."""
    table = run.control_daily
    days = [day.date().isoformat() for day in table["date"]]
    known = codes(run.scenario)
    states = {known[name] for name, faction in run.scenario.factions.items() if faction.role == "government"}
    towns = [town.name for town in run.geography.places]
    governed = [row.tobytes() for row in table[towns].isin(states).to_numpy()]
    features = []
    for row, first, end in stretches(governed):
        lines = line_of_contact(run.geography, np.frombuffer(row, dtype=bool))
        for number, line in enumerate(lines):
            values = (f"{run_id(run)}-contact{number}-{days[first]}", days[first], days[end])
            features.append(Feature((_points(line),), values))
    style = Style("contact", (Rule("line of contact", "", "#000000"),))
    return Layer("contact", "LineString", {"id": "text", "start": "date", "end": "date"}, features, (style,))


def zone_layer(run: Run) -> Layer:
    """Return the zone as areas: the belt beside the line of contact of the start, as deep as in this run; none without a zone."""
    zone, features = run.scenario.zone, []
    fields: dict[str, Field] = {"name": "text", "depth_km": "float", "deadline": "date", "start": "date", "end": "date"}
    if zone is not None:
        government, inside = _sides(run, 0)
        depth = float(run.values.get("zone.depth_km", zone.depth_km.best))
        first, last = (run.scenario.start + timedelta(days=count) for count in (0, run.scenario.days))
        values = (zone.name, depth, zone.deadline.isoformat(), first.isoformat(), last.isoformat())
        for rings in zone_areas(run.geography, government, inside, depth):
            features.append(Feature(tuple(_points(ring) for ring in rings), values))
    style = Style("zone", (Rule("zone", "", ZONE_COLOUR, 0.3),))
    return Layer("zone", "Polygon", fields, features, (style,))


def event_layer(entries: Iterable[Entry]) -> Layer:
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
    return Layer("events", "Point", fields, [_event(entry) for entry in entries])


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
    return Feature((((entry.lon, entry.lat),),) if placed else (), values)
