"""Exporting a run to files of other tools: columns of UCDP GED and ACLED (`export_events`), and control, zone, roads and events as layers
in GeoJSON and GeoPackage files; areas and towns have a style for QGIS in the latter.

Names begin with `simulated_`; an existing file is never overwritten.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import quoteattr

import numpy as np

from sim.errors import Fault, InputError
from sim.files import OUTPUTS
from sim.geography.maps import control_date
from sim.geography.zone import frame_of, line_of_contact, town_cells, zone_edge
from sim.results.columns import Format, LogName
from sim.results.export_datasets import acled_text, ged_text
from sim.results.export_events import REGION_ONLY, SOURCE, Entry, entries, run_id
from sim.scenario.schema import MIXED, NEUTRAL, codes, colours

if TYPE_CHECKING:
    from sim.results.run import Run


SUFFIXES = {Format.GED: ".csv", Format.ACLED: ".csv", Format.GEOJSON: ".geojson", Format.GPKG: ".gpkg"}
LAYERS = ("areas", "control", "roads", "zone", "events")
PREFIX = f"{SOURCE}_"


def export(run: Run, form: Format, log: LogName = LogName.REPORTED, out: Path | None = None) -> list[Path]:
    """Write a run in a format of another program and return the files: one a layer for GeoJSON, else one.

    Args:
        run: the run.
        form: `Format.GED`, `ACLED`, `GEOJSON` or `GPKG`.
        log: the reported events or the true ones.
        out: the file; `simulated_<run>_<format>` in outputs/ if None. For GeoJSON the layer is added before the suffix.

    Raises:
        InputError: if a file exists, or its name has the wrong suffix or does not begin with `simulated_`.

    Example:
        >>> import sim
        >>> from sim.results.columns import Format
        >>> from sim.results.export import export
        >>> [file.name for file in export(sim.simulate("two_valleys", seed=1), Format.GED)]
        ['simulated_two_valleys_ged.csv']
    """
    targets = _targets(run, form, out)
    for path, content in zip(targets, _contents(run, form, log), strict=True):
        _write_new(path, content)
    return targets


def _contents(run: Run, form: Format, log: LogName) -> Iterable[bytes]:
    """Return the contents of the files of a format."""
    run_entries = list(entries(run, log))
    if form is Format.GED:
        return [ged_text(run, run_entries).encode()]
    if form is Format.ACLED:
        return [acled_text(run, run_entries).encode()]
    gis_layers = layers(run, run_entries)
    if form is Format.GEOJSON:
        return [geojson_text(layer).encode() for layer in gis_layers]
    return [gpkg_bytes(gis_layers, run.scenario.start + timedelta(days=run.scenario.days))]


def _targets(run: Run, form: Format, out: Path | None) -> list[Path]:
    """Return the files to write, none of which exists."""
    suffix = SUFFIXES[form]
    tail = f"_{form}" if suffix == ".csv" else ""
    path = out or OUTPUTS / f"{PREFIX}{run.folder.name if run.folder else run.name}{tail}{suffix}"
    if path.suffix.lower() != suffix:
        raise InputError([Fault("--out", None, "", f"{path} must end in {suffix}")])
    if not path.name.startswith(PREFIX):
        raise InputError([Fault("--out", None, "", f"{path} must be named {PREFIX}*, as in {PREFIX}{path.name}")])
    if out is not None and not path.parent.is_dir():
        raise InputError([Fault("--out", None, "", f"there is no folder {path.parent}")])
    paths = [path]
    if form is Format.GEOJSON:
        paths = [path.with_name(f"{path.stem}_{layer}{suffix}") for layer in LAYERS]
    if taken := [str(target) for target in paths if target.exists()]:
        raise InputError([Fault("--out", None, "", f"{', '.join(taken)} exists; nothing is overwritten")])
    return paths


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there; nothing is left of one that could not be written whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


Point = tuple[float, float]
Field = Literal["text", "int", "float", "date"]


@dataclass(frozen=True)
class Feature:
    """One thing on a map: a point (one pair), a line or the corners of an area (several), or nothing where it has no place."""

    at: tuple[Point, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Layer:
    """Features of one shape with the names and types of their values."""

    name: str
    shape: Literal["Point", "LineString", "Polygon"]
    fields: dict[str, Field]
    features: list[Feature]
    colours: dict[str, str] = field(default_factory=dict)  # of the codes in the field `control`, #rrggbb


def layers(run: Run, entries: Iterable[Entry]) -> list[Layer]:
    """Return the layers of a run, with the entries as events."""
    control = control_layer(run)
    return [area_layer(run, control), control, road_layer(run), zone_layer(run), event_layer(entries)]


def area_layer(run: Run, control: Layer) -> Layer:
    """Return the rows of the control layer with the towns' areas: nearer to the town than to others, at most 7 km from it."""
    on, number = frame_of(run.geography), list(control.fields).index("town")
    areas = {}
    for town, corners in zip(run.geography.places, town_cells(run.geography), strict=True):
        ring = on.to_lonlat(np.vstack((corners, corners[:1])))
        areas[town.name] = tuple((float(x), float(y)) for x, y in ring)
    features = [replace(feature, at=areas[feature.values[number]]) for feature in control.features]
    return replace(control, name="areas", shape="Polygon", features=features)


def _groups(run: Run) -> dict[str, list[tuple[int, str]]]:
    """Return by town from which morning on which group held it, or was the stronger of those in it."""
    day = control_date(run.geography, run.scenario.start, run.scenario.control_on)
    start = zip(run.geography.places, run.geography.control[day], strict=True)
    held = {town.name: [(0, holding.groups[0] if holding.groups else "")] for town, holding in start}
    for day_changed, town, group in run.control_changes[["day", "town", "to_group"]].itertuples(index=False):
        held[town].append((int(day_changed) + 1, group))
    return held


def control_layer(run: Run) -> Layer:
    """Return who held each town, and from when to when."""
    table, groups = run.control_daily, _groups(run)
    days = [day.date().isoformat() for day in table["date"]]
    names = {code: name for name, code in codes(run.scenario).items()}
    features = []
    for town in run.geography.places:
        about = (town.pcode, "; ".join(town.aliases), town.governorate, town.nahiyah, round(town.population))
        for code, stretch in groupby(range(len(days)), key=table[town.name].tolist().__getitem__):
            rows = list(stretch)
            end = days[min(rows[-1] + 1, len(days) - 1)]
            if rows[0] < len(days) - 1:  # the last morning is the end of the last day, not a day of its own
                group = next(name for morning, name in reversed(groups[town.name]) if morning <= rows[0])
                key = f"{run_id(run)}-{town.name}-{days[rows[0]]}"
                values = (key, town.name, code, names.get(code, ""), group, days[rows[0]], end, *about)
                features.append(Feature(((town.lon, town.lat),), values))
    words = ("id", "town", "control", "faction", "group")
    fields: dict[str, Field] = dict.fromkeys(words, "text")
    fields |= {"start": "date", "end": "date", "pcode": "text", "aliases": "text", "admin1": "text", "admin3": "text"}
    return Layer("control", "Point", {**fields, "population": "int"}, features, _colours(run))


def _colours(run: Run) -> dict[str, str]:
    """Return the colour of each control code: grey for contested, white for neutral, else the faction's."""
    return {MIXED: "#999999", NEUTRAL: "#FFFFFF", **colours(run.scenario)}


def road_layer(run: Run) -> Layer:
    """Return the roads of the map, from town to town as the crow flies."""
    places, on = run.geography.places, run.geography
    classes = on.road_classes or ("",) * len(on.roads)
    features = []
    for road, name, kind in zip(on.roads, on.road_names, classes, strict=True):
        start, end = places[road["a"]], places[road["b"]]
        values = (start.name, end.name, name, kind, float(road["km"]))
        features.append(Feature(((start.lon, start.lat), (end.lon, end.lat)), values))
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
    return Feature(((entry.lon, entry.lat),) if placed else (), values)


def geojson_text(layer: Layer) -> str:
    """Return a layer as a FeatureCollection with one feature a line."""
    lines = [json.dumps(_feature(layer, feature), ensure_ascii=False, allow_nan=False) for feature in layer.features]
    name = json.dumps(f"{SOURCE}_{layer.name}")
    body = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "name": {name}, "features": [\n{body}\n]}}\n'


def _feature(layer: Layer, feature: Feature) -> dict[str, Any]:
    points = [[round(number, DIGITS) for number in point] for point in feature.at]
    spots: Any = {"Point": points[:1], "LineString": points, "Polygon": [points]}[layer.shape]
    shape = {"type": layer.shape, "coordinates": spots[0] if layer.shape == "Point" else spots} if points else None
    values = dict(zip(layer.fields, feature.values, strict=True))
    return {"type": "Feature", "geometry": shape, "properties": {**values, "source": SOURCE}}


WGS84 = 4326

DEFINITION = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)

TABLES = """
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
"""

SYSTEMS = (
    ("WGS 84", WGS84, "EPSG", WGS84, DEFINITION, "longitude and latitude in degrees"),
    ("Undefined Cartesian", -1, "NONE", -1, "undefined", None),
    ("Undefined geographic", 0, "NONE", 0, "undefined", None),
)

STYLES = """
CREATE TABLE IF NOT EXISTS layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT,
  styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, ui TEXT,
  update_time DATETIME DEFAULT '1970-01-01T00:00:00.000Z')
"""

DIGITS = 5  # of coordinates in degrees, about a metre
TYPES = {"text": "TEXT", "int": "INTEGER", "float": "DOUBLE", "date": "DATE"}


def gpkg_bytes(layers: Iterable[Layer], changed: date) -> bytes:
    """Return layers as the bytes of a GeoPackage."""
    base = sqlite3.connect(":memory:")
    try:
        base.executescript(TABLES)
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", SYSTEMS)
        for layer in layers:
            _add(base, layer, f"{changed.isoformat()}T00:00:00.000Z")
            if layer.colours:
                _style(base, layer)
        base.commit()
        return base.serialize()
    finally:
        base.close()


def _add(base: sqlite3.Connection, layer: Layer, changed: str) -> None:
    """Add one layer with its entry in the contents."""
    name = f"{SOURCE}_{layer.name}"
    box = _box([point for feature in layer.features for point in feature.at])
    about = (name, "features", name, "SIMULATED", changed, *box, WGS84)
    base.execute(f"INSERT INTO gpkg_contents VALUES ({', '.join('?' * len(about))})", about)
    shape = layer.shape.upper()
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, shape, WGS84))
    fields = {**layer.fields, "source": "text"}
    columns = ", ".join(f'"{field}" {TYPES[kind]}' for field, kind in fields.items())
    base.execute(f'CREATE TABLE "{name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {shape}, {columns})')
    marks = ", ".join("?" * (len(fields) + 1))
    names = ", ".join(f'"{field}"' for field in fields)
    rows = ((_geometry(feature, layer.shape), *feature.values, SOURCE) for feature in layer.features)
    base.executemany(f'INSERT INTO "{name}" (geom, {names}) VALUES ({marks})', rows)


def _style(base: sqlite3.Connection, layer: Layer) -> None:
    """Add the style that QGIS takes for a layer: a colour a control code, areas half transparent."""
    symbols, categories = [], []
    kind, part = ("fill", "SimpleFill") if layer.shape == "Polygon" else ("marker", "SimpleMarker")
    for number, (code, colour) in enumerate(layer.colours.items()):
        rgb = ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
        options = f'<Option name="color" value="{rgb},255" type="QString"/><Option name="outline_color" value="70,70,70,255" type="QString"/>'
        alpha = "0.5" if layer.shape == "Polygon" else "1"
        symbols.append(
            f'<symbol name="{number}" type="{kind}" alpha="{alpha}" clip_to_extent="1" force_rhr="0"><layer class="{part}" '
            f'enabled="1" locked="0" pass="0"><Option type="Map">{options}</Option></layer></symbol>'
        )
        categories.append(
            f'<category value={quoteattr(code)} symbol="{number}" label={quoteattr(code)} render="true"/>'
        )
    renderer = (
        '<renderer-v2 type="categorizedSymbol" attr="control" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<categories>{''.join(categories)}</categories><symbols>{''.join(symbols)}</symbols></renderer-v2>"
    )
    qml = f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis version=\"3.22\">{renderer}</qgis>"
    base.execute(STYLES)
    row = ("", "", f"{SOURCE}_{layer.name}", "geom", "control", qml, "", 1, "SIMULATED")
    names = "f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description"
    base.execute(f"INSERT INTO layer_styles ({names}) VALUES ({', '.join('?' * len(row))})", row)


def _box(points: list[Point]) -> tuple[float | None, ...]:
    """Return the least and greatest longitude and latitude in the standard's order; nothing without points."""
    if not points:
        return (None,) * 4
    east, north = zip(*points, strict=True)
    return min(east), min(north), max(east), max(north)


def _geometry(feature: Feature, shape: str) -> bytes | None:
    """Return a point, a line or an area in the standard's binary form: header without a box, then well-known binary."""
    if not feature.at:
        return None
    numbers = [round(value, DIGITS) for point in feature.at for value in point]
    head = struct.pack("<2sBBi", b"GP", 0, 1, WGS84)
    if len(feature.at) == 1:
        return head + struct.pack("<BI2d", 1, 1, *numbers)
    if shape == "Polygon":
        return head + struct.pack(f"<BIII{len(numbers)}d", 1, 3, 1, len(feature.at), *numbers)
    return head + struct.pack(f"<BII{len(numbers)}d", 1, 2, len(feature.at), *numbers)
