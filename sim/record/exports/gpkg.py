"""Map layers as one GeoPackage (OGC 12-128r17, version 1.3), which is an SQLite file: no library but Python's own.

Geometries are in WGS84, longitude first, as the standard's header and little-endian well-known binary. The file says
the end of the run for its last change, so that one run always gives one file.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable
from datetime import date

from sim.record.exports.entries import SOURCE
from sim.record.exports.layers import Feature, Layer, Point

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
TYPES = {"text": "TEXT", "int": "INTEGER", "float": "DOUBLE", "date": "DATE"}


def gpkg_bytes(layers: Iterable[Layer], changed: date) -> bytes:
    """Return layers as the bytes of a GeoPackage."""
    base = sqlite3.connect(":memory:")
    try:
        base.executescript(TABLES)
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", SYSTEMS)
        for layer in layers:
            _add(base, layer, f"{changed.isoformat()}T00:00:00.000Z")
        base.commit()
        return base.serialize()
    finally:
        base.close()


def _add(base: sqlite3.Connection, layer: Layer, changed: str) -> None:
    """Add one layer with its entry in the contents."""
    name = f"{SOURCE}_{layer.name}"
    box = _box([point for one in layer.features for point in one.at])
    about = (name, "features", name, "SIMULATED", changed, *box, WGS84)
    base.execute(f"INSERT INTO gpkg_contents VALUES ({', '.join('?' * len(about))})", about)
    shape = layer.shape.upper()
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, shape, WGS84))
    fields = {**layer.fields, "source": "text"}
    columns = ", ".join(f'"{field}" {TYPES[kind]}' for field, kind in fields.items())
    base.execute(f'CREATE TABLE "{name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {shape}, {columns})')
    marks = ", ".join("?" * (len(fields) + 1))
    names = ", ".join(f'"{field}"' for field in fields)
    rows = ((_geometry(one), *one.values, SOURCE) for one in layer.features)
    base.executemany(f'INSERT INTO "{name}" (geom, {names}) VALUES ({marks})', rows)


def _box(points: list[Point]) -> tuple[float | None, ...]:
    """Return the least and greatest longitude and latitude in the standard's order; nothing without points."""
    if not points:
        return (None,) * 4
    east, north = zip(*points, strict=True)
    return min(east), min(north), max(east), max(north)


def _geometry(one: Feature) -> bytes | None:
    """Return a point or a line in the standard's binary form: header without a box, then well-known binary."""
    if not one.at:
        return None
    numbers = [value for point in one.at for value in point]
    head = struct.pack("<2sBBi", b"GP", 0, 1, WGS84)
    if len(one.at) == 1:
        return head + struct.pack("<BI2d", 1, 1, *numbers)
    return head + struct.pack(f"<BII{len(numbers)}d", 1, 2, len(one.at), *numbers)
