"""Roads between towns, and the shortest routes along them."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.geography.grid import great_circle_km
from sim.geography.towns import MapTown
from sim.tabular.table import Table

ROAD_COLUMNS = ("a", "b")
ROAD_OPTIONAL = ("km", "road", "road_class", "kind", "confidence", "source")
ROAD = np.dtype([("a", "i8"), ("b", "i8"), ("km", "f8"), ("first_cell", "i8"), ("cells", "i8")])
CELL = np.dtype([("x", "i8"), ("y", "i8")])
ROAD_CLASSES = ("motorway", "primary", "secondary", "local_or_none", "local")
DETOUR = 1.25


@dataclass(frozen=True)
class Link:
    """A road between two towns (indices); km by road."""

    a: int
    b: int
    km: float
    road: str = ""
    road_class: str = ""


def straight_km(a: MapTown, b: MapTown) -> float:
    """Return the distance of two places in km, as the crow flies."""
    return great_circle_km(a.lat, a.lon, b.lat, b.lon)


def read_links(table: Table, places: Sequence[MapTown], suggest: Callable[[str], str]) -> list[Link]:
    """Return the roads in the order of the file; faults go to the table."""
    index = {map_town.name: town for town, map_town in enumerate(places)}
    links: list[Link] = []
    first: dict[tuple[int, int], int] = {}
    for row in table.rows:
        ends = [row["a"].strip(), row["b"].strip()]
        for column, name in zip("ab", ends, strict=True):
            if name not in index:
                table.fault(row.line, column, f"no town {name!r} in towns.csv{suggest(name)}")
        km = table.number(row, "km", 0.01, 2000, default=0.0)
        kind = table.choice(row, "road_class", ROAD_CLASSES, "local_or_none")
        if ends[0] not in index or ends[1] not in index:
            continue
        a, b = index[ends[0]], index[ends[1]]
        known = first.setdefault((min(a, b), max(a, b)), row.line)
        if a == b:
            table.fault(row.line, "b", f"a road from {ends[0]!r} to itself")
        elif known != row.line:
            table.fault(row.line, "a", f"the road {ends[0]} - {ends[1]} stands on line {known} already")
        else:
            links.append(
                Link(
                    a,
                    b,
                    km or max(0.1, round(DETOUR * straight_km(places[a], places[b]), 1)),
                    row["road"].strip(),
                    kind,
                )
            )
    return links


def line_of_cells(x0: int, y0: int, x1: int, y1: int) -> list[tuple[int, int]]:
    """Return the cells from one cell to another, both included, each touching the next (Bresenham 1965)."""
    across, up = abs(x1 - x0), -abs(y1 - y0)
    step_x, step_y = (1 if x0 < x1 else -1), (1 if y0 < y1 else -1)
    error, cells = across + up, [(x0, y0)]
    while (x0, y0) != (x1, y1):
        twice = 2 * error
        if twice >= up:
            error, x0 = error + up, x0 + step_x
        if twice <= across:
            error, y0 = error + across, y0 + step_y
        cells.append((x0, y0))
    return cells


def rasterise(links: Sequence[Link], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the table of roads (ROAD) and the cells of all roads one after another (CELL), from a's cell to b's."""
    roads = np.zeros(len(links), ROAD)
    cells: list[tuple[int, int]] = []
    for row, link in enumerate(links):
        path = line_of_cells(int(x[link.a]), int(y[link.a]), int(x[link.b]), int(y[link.b]))
        roads[row] = (link.a, link.b, link.km, len(cells), len(path))
        cells += path
    return roads, np.array(cells, CELL)


def neighbours(links: Sequence[Link], towns: int) -> list[list[tuple[int, int]]]:
    """Return for each town its (neighbour, road) pairs, by neighbour."""
    by_town: list[list[tuple[int, int]]] = [[] for _ in range(towns)]
    for road, link in enumerate(links):
        by_town[link.a].append((link.b, road))
        by_town[link.b].append((link.a, road))
    return [sorted(pairs) for pairs in by_town]


def adjacency(beside: Sequence[Sequence[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return `adjacent` (i8, neighbours of all towns one after another) and `adjacent_start` (i8 [T + 1])."""
    start = np.zeros(len(beside) + 1, np.int64)
    start[1:] = np.cumsum([len(pairs) for pairs in beside])
    return np.array([town for pairs in beside for town, _road in pairs], np.int64), start


def parts(beside: Sequence[Sequence[tuple[int, int]]]) -> list[list[int]]:
    """Return the towns of each connected part of the network, the largest part first."""
    seen, components = [False] * len(beside), []
    for first in range(len(beside)):
        if seen[first]:
            continue
        seen[first], part = True, [first]
        for town in part:
            for other, _road in beside[town]:
                if not seen[other]:
                    seen[other] = True
                    part.append(other)
        components.append(part)
    return sorted(components, key=len, reverse=True)


NEAR = np.dtype([("town", "i8"), ("km", "f8"), ("road", "i8")])
REACH_KM = 60.0  # within which towns are near by road, unless map.csv has another `near_km`
REACH_ROADS = 7.5  # REACH_KM in roads of the first theatre, whose median is 8 km
METRES = 1000


def reach_of(lengths: Sequence[float]) -> float:
    """Return the `near_km` that suits a map with roads of these lengths in km: how far towns near each other are by road.

    60 km, if no road is longer; else the longest road between two neighbours, but at most 7.5 median roads, so that one
    long road does not make all towns of a dense map near.
    """
    median = statistics.median(lengths) if lengths else 0.0
    return max(REACH_KM, min(max(lengths, default=0.0), REACH_ROADS * median))


def near_table(
    links: Sequence[Link], beside: Sequence[Sequence[tuple[int, int]]], reach_km: float = REACH_KM
) -> tuple[np.ndarray, np.ndarray]:
    """Return `near` (NEAR, all towns one after another, by km) and `near_start` (i8 [T + 1]).

    A town is not near itself; a town one road away always is. Distances are added in whole metres, so that they are
    the same both ways and on every machine. Work grows with the number of towns times the towns within reach.
    """
    metres = [max(1, round(link.km * METRES)) for link in links]
    roads = [[(other, metres[road], road) for other, road in pairs] for pairs in beside]
    near: list[tuple[int, float, int]] = []
    start = np.zeros(len(beside) + 1, np.int64)
    for town in range(len(beside)):
        near += _from(town, roads, round(reach_km * METRES))
        start[town + 1] = len(near)
    return np.array(near, NEAR), start


def _from(origin: int, roads: Sequence[Sequence[tuple[int, int, int]]], reach: int) -> list[tuple[int, float, int]]:
    """Return (town, km, first road) for the towns within reach of one, by distance (Dijkstra 1959)."""
    best = {origin: 0}
    first: dict[int, int] = {}
    done: set[int] = set()
    heap = [(0, origin)]
    reached = []
    while heap:
        length, town = heapq.heappop(heap)
        if town in done:
            continue
        done.add(town)
        if town != origin:
            reached.append((town, length / METRES, first[town]))
        for other, metres, road in roads[town]:
            total = length + metres
            if (total <= reach or town == origin) and total < best.get(other, total + 1):
                best[other] = total
                first[other] = road if town == origin else first[town]
                heapq.heappush(heap, (total, other))
    return reached
