"""Layers of an export as GeoJSON and as GeoPackage, the latter with styles and days for QGIS."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple
from xml.sax.saxutils import quoteattr

from sim.results.export_events import DIGITS, SOURCE

Point = tuple[float, float]
Field = Literal["text", "int", "float", "date"]


@dataclass(frozen=True)
class Feature:
    """One thing on a map, in degrees: a point, a line, or an area's outline and then its holes; no ring if it has no place."""

    rings: tuple[tuple[Point, ...], ...]
    values: tuple[Any, ...]


class Rule(NamedTuple):
    """One class of a style: the features for which a condition of QGIS and SQL holds, in a colour, #rrggbb."""

    label: str
    where: str
    colour: str
    alpha: float = 1.0


@dataclass(frozen=True)
class Style:
    """A way to draw a layer; features under no rule are not drawn."""

    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Layer:
    """Features of one shape with the names and types of their values."""

    name: str
    shape: Literal["Point", "LineString", "Polygon"]
    fields: dict[str, Field]
    features: list[Feature]
    styles: tuple[Style, ...] = ()  # QGIS opens the layer in the first


def quoted(text: str) -> str:
    """Return a text as SQL and QGIS write it in a condition."""
    return "'" + text.replace("'", "''") + "'"


def geojson_text(layer: Layer) -> str:
    """Return a layer as a FeatureCollection with one feature a line."""
    lines = [json.dumps(_feature(layer, feature), ensure_ascii=False, allow_nan=False) for feature in layer.features]
    name = json.dumps(f"{SOURCE}_{layer.name}")
    body = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "name": {name}, "features": [\n{body}\n]}}\n'


def _feature(layer: Layer, feature: Feature) -> dict[str, Any]:
    rings: Any = [[[round(number, DIGITS) for number in point] for point in ring] for ring in feature.rings]
    shape = None
    if rings:
        spots = rings if layer.shape == "Polygon" else rings[0] if layer.shape == "LineString" else rings[0][0]
        shape = {"type": layer.shape, "coordinates": spots}
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

TYPES = {"text": "TEXT", "int": "INTEGER", "float": "DOUBLE", "date": "DATE"}


def gpkg_bytes(layers: Iterable[Layer], changed: date) -> bytes:
    """Return layers as the bytes of a GeoPackage."""
    base = sqlite3.connect(":memory:")
    try:
        base.executescript(TABLES)
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", SYSTEMS)
        for layer in layers:
            _add(base, layer, f"{changed.isoformat()}T00:00:00.000Z")
            for style in layer.styles:
                _add_style(base, layer, style, style is layer.styles[0])
        base.commit()
        return base.serialize()
    finally:
        base.close()


def _add(base: sqlite3.Connection, layer: Layer, changed: str) -> None:
    """Add one layer with its entry in the contents."""
    name = f"{SOURCE}_{layer.name}"
    box = _box([point for feature in layer.features for ring in feature.rings for point in ring])
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


def _add_style(base: sqlite3.Connection, layer: Layer, style: Style, default: bool) -> None:
    """Add a style under its name; QGIS takes the default one when it opens the layer."""
    base.execute(STYLES)
    row = ("", "", f"{SOURCE}_{layer.name}", "geom", style.name, qml_text(layer, style), "", int(default), "SIMULATED")
    names = "f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description"
    base.execute(f"INSERT INTO layer_styles ({names}) VALUES ({', '.join('?' * len(row))})", row)


def qml_text(layer: Layer, style: Style) -> str:
    """Return a style as QGIS reads it: a rule a class, and the fields from which its temporal controller takes days."""
    symbols = "".join(_symbol(layer.shape, number, rule) for number, rule in enumerate(style.rules))
    rules = "".join(
        f'<rule key="{number}" filter={quoteattr(rule.where)} symbol="{number}" label={quoteattr(rule.label)}/>'
        for number, rule in enumerate(style.rules)
    )
    first, last = ("start", "end") if "end" in layer.fields else ("date", "")
    time = (
        f'<temporal enabled="1" mode="{2 if last else 1}" limitMode="0" startField="{first}" endField="{last}" '
        'fixedDuration="0" accumulate="0" durationField="" durationUnit="d" startExpression="" endExpression=""/>'
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis version=\"3.22\">"
        f'{time}<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0">'
        f'<rules key="root">{rules}</rules><symbols>{symbols}</symbols></renderer-v2></qgis>'
    )


SYMBOLS = {"Polygon": ("fill", "SimpleFill"), "Point": ("marker", "SimpleMarker"), "LineString": ("line", "SimpleLine")}
EDGE = "70,70,70,255"


def _symbol(shape: str, number: int, rule: Rule) -> str:
    kind, part = SYMBOLS[shape]
    rgb = ",".join(str(int(rule.colour[at : at + 2], 16)) for at in (1, 3, 5))
    looks = {"line_color": f"{rgb},255", "line_width": "0.8"}
    looks = looks if kind == "line" else {"color": f"{rgb},255", "outline_color": EDGE}
    options = "".join(f'<Option name="{name}" value="{value}" type="QString"/>' for name, value in looks.items())
    return (
        f'<symbol name="{number}" type="{kind}" alpha="{rule.alpha:g}" clip_to_extent="1" force_rhr="0"><layer '
        f'class="{part}" enabled="1" locked="0" pass="0"><Option type="Map">{options}</Option></layer></symbol>'
    )


def _box(points: list[Point]) -> tuple[float | None, ...]:
    """Return the least and greatest longitude and latitude in the standard's order; nothing without points."""
    if not points:
        return (None,) * 4
    east, north = zip(*points, strict=True)
    return min(east), min(north), max(east), max(north)


def _geometry(feature: Feature, shape: str) -> bytes | None:
    """Return a point, a line or an area in the standard's binary form: header without a box, then well-known binary."""
    if not feature.rings:
        return None
    head = struct.pack("<2sBBi", b"GP", 0, 1, WGS84)
    rings = [[round(value, DIGITS) for point in ring for value in point] for ring in feature.rings]
    if shape == "Point":
        return head + struct.pack("<BI2d", 1, 1, *rings[0])
    if shape == "LineString":
        return head + struct.pack(f"<BII{len(rings[0])}d", 1, 2, len(rings[0]) // 2, *rings[0])
    parts = [struct.pack(f"<I{len(ring)}d", len(ring) // 2, *ring) for ring in rings]
    return head + struct.pack("<BII", 1, 3, len(rings)) + b"".join(parts)
