"""Geometry of a map: town cells (clipped Voronoi polygons), contact line, zone, roads, extent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from sim.geography.zone import CELL_KM, cell_reach, cut, line_of_contact, town_cells, zone_edge
from sim.plots.map.state import start_state, town_indices, weak_towns
from sim.plots.style import FactionStyles, look_of
from sim.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.geography.maps import Geography


def bands(polygon: np.ndarray, gap_km: float) -> list[np.ndarray]:
    """Return the parts [n, 2] of a convex polygon that lie on every other one of a lattice of diagonal bands."""
    across = np.array([1.0, 1.0]) / np.sqrt(2)
    height = polygon @ across
    parts = []
    for k in range(int(np.floor(height.min() / gap_km)), int(np.ceil(height.max() / gap_km)) + 1):
        part = cut(polygon, across * gap_km * k, -across)
        part = cut(part, across * gap_km * (k + 0.5), across) if len(part) else part
        if len(part) > 2:
            parts.append(part)
    return parts


def stripes(polygon: np.ndarray, gap_km: float) -> list[np.ndarray]:
    """Return hatch lines [2, 2] inside a convex polygon; lines of all polygons lie on one lattice."""
    if len(polygon) < 3:
        return []
    along, across = np.array([1.0, 1.0]) / np.sqrt(2), np.array([-1.0, 1.0]) / np.sqrt(2)
    height = polygon @ across
    lines = []
    for k in range(int(np.ceil(height.min() / gap_km)), int(np.floor(height.max() / gap_km)) + 1):
        ends = _crossings(polygon, height - k * gap_km)
        if len(ends) == 2:
            lines.append(ends[np.argsort(ends @ along)])
    return lines


def _crossings(polygon: np.ndarray, height: np.ndarray) -> np.ndarray:
    following, next_height = np.roll(polygon, -1, axis=0), np.roll(height, -1)
    crosses = (height < 0) != (next_height < 0)
    share = height[crosses] / (height[crosses] - next_height[crosses])
    points: np.ndarray = polygon[crosses] + (following[crosses] - polygon[crosses]) * share[:, None]
    return points


EDGE_KM, EDGE_FOR_KM = 6.0, 170.0  # the edge around the towns, on a map up to so large
MOST_PARTS = 8_000
WEAK_GAP_KM, CONTESTED_GAP_KM = 1.3, 2.4  # on a map of cells of 7 km; see `Ground.spacing`
POPULATION_CLASSES = (5_000.0, 25_000.0)
CLASS_RADII = (3.4, 4.8, 6.8)  # points: village, town, city


@dataclass(frozen=True, eq=False)
class Ground:
    """Geometry of one map, in km east and north of its south-west corner."""

    geography: Geography
    look: FactionStyles
    at: np.ndarray  # [T, 2]
    radii: np.ndarray  # [T], points
    cells: list[np.ndarray]
    spacing: (
        float  # how many times farther cells reach than 7 km; lengths that suit a map of that size are multiplied by it
    )
    weak: np.ndarray  # bool [T]
    weak_lines: list[np.ndarray]
    motorways: list[np.ndarray]
    main_roads: list[np.ndarray]
    links: list[np.ndarray]
    zone: list[np.ndarray]
    zone_name: str
    watch: tuple[int, ...]
    extent: tuple[float, float, float, float]  # west, east, south, north

    parts: dict[Any, Any] = field(default_factory=dict)  # parts of scenes that recur, by what they depend on
    sizes: dict[tuple[str, float, str, float], tuple[float, float]] = field(default_factory=dict)

    def text_size(self, axes: Axes, town: int, points: float, weight: str) -> tuple[float, float]:
        """Return width and height in pixels of a town's name; measured once."""
        key = (self.names[town], points, weight, float(axes.figure.dpi))
        if key not in self.sizes:
            text = axes.text(0, 0, key[0], fontsize=points, fontweight=weight)
            box = text.get_window_extent()
            text.remove()
            self.sizes[key] = (box.width, box.height)
        return self.sizes[key]

    def recurring(self, key: Any, build: Callable[..., Any], *arguments: Any) -> Any:
        """Return a part of a scene by what it depends on; built once, so that painters can tell that it is the same."""
        part = self.parts.get(key)
        if part is None:
            if len(self.parts) > MOST_PARTS:
                self.parts.clear()
            part = self.parts[key] = build(*arguments)
        return part

    @cached_property
    def names(self) -> list[str]:
        """Town names as written on maps: without what stands in brackets."""
        return [town.name.split(" (")[0] for town in self.geography.places]


def ground_of(scenario: Scenario, geography: Geography) -> Ground:
    """Collect the geometry of a scenario's map."""
    at = np.column_stack([geography.east_km, geography.north_km]).astype(float)
    cells, weak = town_cells(geography), weak_towns(scenario, geography)
    spacing = cell_reach(geography) / CELL_KM
    motorways, main_roads, links = _roads(geography, at)
    population = np.array([town.population for town in geography.places])
    return Ground(
        geography=geography,
        look=look_of(scenario),
        at=at,
        radii=np.array(CLASS_RADII)[np.searchsorted(POPULATION_CLASSES, population)],
        cells=cells,
        spacing=spacing,
        weak=weak,
        weak_lines=[line for i in np.flatnonzero(weak) for line in stripes(cells[i], WEAK_GAP_KM * spacing)],
        motorways=motorways,
        main_roads=main_roads,
        links=links,
        zone=_zone_lines(scenario, geography),
        zone_name=scenario.zone.name if scenario.zone else "",
        watch=tuple(town_indices(geography, scenario.watch_towns)),
        extent=_extent(at),
    )


def _extent(at: np.ndarray) -> tuple[float, float, float, float]:
    """Return west, east, south, north of towns [T, 2] with an edge as wide as the signs at a town need on a map so large."""
    (west, south), (east, north) = at.min(axis=0), at.max(axis=0)
    edge = EDGE_KM * max(1.0, max(east - west, north - south) / EDGE_FOR_KM)
    return west - edge, east + edge, south - edge, north + edge


def map_lines(ground: Ground, kind: str) -> list[np.ndarray]:
    """Return the map's rivers, borders or coasts, km east and north [n, 2] each."""
    return [to_km(ground.geography, line.points) for line in ground.geography.lines if line.kind == kind]


def to_km(geography: Geography, lonlat: np.ndarray) -> np.ndarray:
    """Return km east and north [n, 2] of longitudes and latitudes [n, 2], by the map's own projection."""
    east = np.polyfit([p.lon for p in geography.places], geography.east_km, 1)
    north = np.polyfit([p.lat for p in geography.places], geography.north_km, 1)
    return np.column_stack([np.polyval(east, lonlat[:, 0]), np.polyval(north, lonlat[:, 1])])


def governed(scenario: Scenario, sides: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Return bool [T]: towns a government holds."""
    codes = {faction.code or name for name, faction in scenario.factions.items() if faction.role == "government"}
    return np.array([len(s) == 1 and s[0] in codes for s in sides])


def rebel_side(scenario: Scenario, sides: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Return bool [T]: towns on the side on which the zone lies, neither a government's nor a patron's."""
    others = {f.code or name for name, f in scenario.factions.items() if f.role in ("government", "patron_backed")}
    return np.array([not s or s[0] not in others for s in sides])


def contact_lines(scenario: Scenario, ground: Ground, sides: tuple[tuple[str, ...], ...]) -> list[np.ndarray]:
    """Return the line of contact of one day, in km; empty if there is none."""
    government = governed(scenario, sides)
    if not government.any() or government.all():
        return []
    return [to_km(ground.geography, line) for line in line_of_contact(ground.geography, government)]


def _zone_lines(scenario: Scenario, geography: Geography) -> list[np.ndarray]:
    if scenario.zone is None:
        return []
    sides = start_state(scenario, geography).sides
    government = governed(scenario, sides)
    if not government.any() or government.all():
        return []
    edge = zone_edge(geography, government, rebel_side(scenario, sides), scenario.zone.depth_km.best)
    return [to_km(geography, line) for line in edge]


def _roads(geography: Geography, at: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    classes = getattr(geography, "road_classes", None)
    sorted_in: tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]] = ([], [], [])
    for i, road in enumerate(geography.roads):
        name = geography.road_names[i]
        kind = (
            classes[i]
            if classes is not None
            else "motorway"
            if name.startswith(("M4", "M5"))
            else "main"
            if name
            else "local"
        )
        weight = 0 if kind == "motorway" else 1 if kind in ("primary", "secondary", "main") else 2
        sorted_in[weight].append(at[[int(road["a"]), int(road["b"])]])
    return sorted_in
