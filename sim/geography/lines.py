"""Lines under a map, for drawing only: rivers, borders, coasts; from lines.csv of its folder, and from GeoJSON into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import Fault, InputError
from sim.files import display_path
from sim.geography.town_list import features
from sim.tabular.table import Table

LINE_COLUMNS = ("kind", "line", "lat", "lon")
LINE_KINDS = ("river", "border", "coast")
WORDS = {"river": ("river", "waterway", "stream", "canal", "wadi"), "coast": ("coast", "shore", "ocean", "sea", "lake")}
MOST_POINTS = 5_000  # of all lines of a map
Extent = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class MapLine:
    """A line: its kind and its points, f8 [n, 2] of longitude and latitude in degrees."""

    kind: str
    points: np.ndarray


def read_lines(table: Table) -> tuple[MapLine, ...]:
    """Return the lines of lines.csv, whose rows are points in order; `line` numbers the lines."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in table.rows:
        kind = table.choice(row, "kind", LINE_KINDS, "border")
        spot = (table.number(row, "lon", -180, 180), table.number(row, "lat", -90, 90))
        points.setdefault((kind, row["line"].strip()), []).append(spot)
    return tuple(MapLine(kind, np.array(spots)) for (kind, _), spots in points.items() if len(spots) > 1)


def lines_of_file(path: Path, extent: Extent, tolerance: float) -> list[MapLine]:
    """Return the lines and outlines of a GeoJSON file within an extent (south, west, north, east in degrees), simplified.

    Args:
        path: the file. A feature is a river or a coast if a property says so, else a border.
        extent: what lies outside is cut off, to the nearest point.
        tolerance: degrees by which a simplified line may be off.

    Raises:
        InputError: if the file is not GeoJSON, or no line lies within the extent.
    """
    lines = []
    for _, feature in features(path):
        kind = _kind(feature.get("properties") or {})
        for points in _paths(feature.get("geometry") or {}):
            lines += [MapLine(kind, simplified(part, tolerance)) for part in _within(points, extent)]
    if not lines:
        message = "has no line or outline within the map's extent (coordinates are longitude, latitude in degrees)"
        raise InputError([Fault(display_path(path), None, "", message)])
    if (count := sum(len(line.points) for line in lines)) > MOST_POINTS:
        return lines_of_file(path, extent, tolerance * max(2.0, count / MOST_POINTS))
    return lines


def _kind(properties: dict[str, Any]) -> str:
    """Return the kind of a feature by the words of its properties."""
    words = " ".join(f"{key} {value}" for key, value in properties.items() if isinstance(value, str)).casefold()
    return next((kind for kind, signs in WORDS.items() if any(sign in words for sign in signs)), "border")


def _paths(geometry: dict[str, Any]) -> Iterator[np.ndarray]:
    """Give the lines of a geometry, f8 [n, 2]; outlines of areas are lines."""
    kind, spots = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection":
        for each in geometry.get("geometries") or []:
            yield from _paths(each)
    depth = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}.get(str(kind), -1)
    paths: list[Any] = [spots] if depth >= 0 else []
    for _ in range(depth):
        paths = [path for several in paths for path in several]
    for path in paths:
        try:
            yield np.array([spot[:2] for spot in path], float).reshape(-1, 2)
        except (TypeError, ValueError):
            continue


def _within(points: np.ndarray, extent: Extent) -> Iterator[np.ndarray]:
    """Give the parts of a line within an extent, each with one point beyond it at either end."""
    south, west, north, east = extent
    inside = (points[:, 0] >= west) & (points[:, 0] <= east) & (points[:, 1] >= south) & (points[:, 1] <= north)
    near = inside | np.append(inside[1:], False) | np.append(False, inside[:-1])
    ends = np.flatnonzero(np.diff(np.concatenate(([0], near.astype(int), [0]))))
    yield from (points[first:last] for first, last in zip(ends[::2], ends[1::2], strict=True) if last - first > 1)


def simplified(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the points of a line that are needed for it to be off by at most `tolerance` (Douglas & Peucker 1973)."""
    needed = np.zeros(len(points), bool)
    needed[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        along = points[last] - points[first]
        between = points[first + 1 : last] - points[first]
        length = float(np.hypot(*along))
        off = np.abs(between @ np.array([-along[1], along[0]])) / length if length else np.hypot(*between.T)
        if len(off) and off.max() > tolerance:
            middle = first + 1 + int(off.argmax())
            needed[middle] = True
            parts += [(first, middle), (middle, last)]
    return points[needed]


def line_rows(lines: Sequence[MapLine]) -> list[tuple[str, int, str, str]]:
    """Return the rows of lines.csv."""
    return [
        (line.kind, number, f"{lat:.5f}", f"{lon:.5f}")
        for number, line in enumerate(lines, start=1)
        for lon, lat in line.points.tolist()
    ]
