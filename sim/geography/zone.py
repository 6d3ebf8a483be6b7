"""The line of contact and the zone: a belt of given depth on one side of it.

Each cell belongs to its nearest town, if one is near. The line of contact runs between cells of government towns
and cells of others; the belt's depth is measured as the crow flies from the line to the town.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sim.geography.grid import Frame

if TYPE_CHECKING:
    from sim.geography.maps import Geography

LIMIT_KM = 12.0
"""Ground farther than this from every town belongs to none, on a map whose cells reach 7 km; farther if towns lie farther apart."""
CELL_KM = 7.0  # a town's cell reaches at least so far in pictures
CELL_REACH = 1.8  # and at least so many times the median distance of a town from the nearest other
FEW = 500_000  # pairs of a point and a segment that are compared one by one
Segments = np.ndarray
"""Edges of cells, f8 [n, 4]: x0, y0, x1, y1 in cells from the south-west corner."""


def frame_of(geography: Geography) -> Frame:
    """Return the projection and grid of a map."""
    return Frame(
        geography.south,
        geography.west,
        geography.north,
        geography.east,
        geography.cell_km,
        geography.width,
        geography.height,
    )


@lru_cache(maxsize=8)
def cell_reach(geography: Geography) -> float:
    """Return how far in km a town's cell reaches in pictures: 7 km, or farther if the towns lie farther apart."""
    at = np.column_stack([geography.east_km, geography.north_km]).astype(float)
    nearest = [float(np.partition(np.hypot(*(at - here).T), 1)[1]) for here in at] if len(at) > 1 else [0.0]
    return max(CELL_KM, CELL_REACH * float(np.median(nearest)))


@lru_cache(maxsize=8)
def nearest_town_cells(geography: Geography, limit_km: float | None = None) -> np.ndarray:
    """Return the nearest town of each cell, i8 [height, width], read-only; -1 if it is farther than `limit_km`.

    The limit is 12 km if none is given, or farther, as `cell_reach`, if the towns lie farther apart.

    A town's own cell is always its own. Work grows with the number of towns; the last maps asked for are kept.
    """
    limit_km = LIMIT_KM * cell_reach(geography) / CELL_KM if limit_km is None else limit_km
    wide, high, side = geography.width, geography.height, geography.cell_km
    east, north = geography.east_km / side, geography.north_km / side
    owner = np.full((high, wide), -1, np.int64)
    best = np.full((high, wide), (limit_km / side) ** 2 + 1e-9)
    reach = math.ceil(limit_km / side) + 1
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            cx, cy = geography.x + dx, geography.y + dy
            towns = np.flatnonzero((cx >= 0) & (cx < wide) & (cy >= 0) & (cy < high))
            cx, cy = cx[towns], cy[towns]  # distinct, as the towns' own cells are
            away = np.round((cx + 0.5 - east[towns]) ** 2 + (cy + 0.5 - north[towns]) ** 2, 9)
            held = best[cy, cx]
            nearer = (away < held) | ((away == held) & (towns < owner[cy, cx]))
            best[cy[nearer], cx[nearer]] = away[nearer]
            owner[cy[nearer], cx[nearer]] = towns[nearer]
    owner[geography.y, geography.x] = np.arange(len(geography.x))
    owner.flags.writeable = False
    return owner


_CIRCLE = np.column_stack(
    [np.cos(np.linspace(0, 2 * np.pi, 48, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 48, endpoint=False))]
)


def cut(polygon: np.ndarray, middle: np.ndarray, away: np.ndarray) -> np.ndarray:
    """Return the part of a convex polygon [n, 2] on the near side of a line through `middle` with normal `away`."""
    side = (polygon - middle) @ away
    if (side <= 0).all():
        return polygon
    following, next_side = np.roll(polygon, -1, axis=0), np.roll(side, -1)
    corners: list[np.ndarray] = []
    for here, s, there, t in zip(polygon, side, following, next_side, strict=True):
        if s <= 0:
            corners.append(here)
        if (s < 0 < t) or (t < 0 < s):
            corners.append(here + (there - here) * (s / (s - t)))
    return np.array(corners).reshape(-1, 2)


def town_cells(geography: Geography) -> list[np.ndarray]:
    """Return for each town the corners [n, 2] of its cell, km east and north; two towns on one point share one."""
    reach_km = cell_reach(geography)
    at = np.column_stack([geography.east_km, geography.north_km]).astype(float)
    cells = []
    for i, here in enumerate(at):
        polygon = here + _CIRCLE * reach_km
        gap = np.hypot(*(at - here).T)
        for j in np.argsort(gap, kind="stable"):
            if j == i or gap[j] == 0 or gap[j] >= 2 * reach_km:
                continue
            polygon = cut(polygon, (here + at[j]) / 2, at[j] - here)
        cells.append(polygon)
    return cells


def line_of_contact(geography: Geography, government: np.ndarray) -> list[np.ndarray]:
    """Return the line between government-held and other ground as polylines [n, 2] of longitude and latitude.

    `government`: bool [T], towns held by a government.
    """
    cells = nearest_town_cells(geography)
    return _polylines(_between(_of(cells, government), _of(cells, ~government)), frame_of(geography))


@dataclass(frozen=True, eq=False)
class ZoneSide:
    """The line of contact and the towns of the side on which the zone lies; lengths in cells."""

    line: Segments
    points: np.ndarray  # f8 [n, 2], the towns of that side
    inside: np.ndarray  # bool [T], which towns those are
    cell_km: float

    def within(self, depth_km: float) -> np.ndarray:
        """Return which towns lie in a zone so deep, bool [T]."""
        is_within = np.zeros(len(self.inside), bool)
        depth, away = depth_km / self.cell_km, self._away
        is_within[self.inside] = _within(self.points, self.line, depth) if away is None else away <= _reach(depth)
        return is_within

    @cached_property
    def _away(self) -> np.ndarray | None:
        """The square of each town's distance from the line, f8 [n]; None if there are too many to compare them all."""
        return _squares(self.points, self.line) if len(self.points) * len(self.line) <= FEW else None


def zone_side(geography: Geography, government: np.ndarray, inside: np.ndarray) -> ZoneSide:
    """Return the side on which a zone lies; arguments as `zone_towns`."""
    cells = nearest_town_cells(geography)
    line = _between(_of(cells, government), _of(cells, inside))
    points = np.column_stack((geography.east_km, geography.north_km)) / geography.cell_km
    return ZoneSide(line, points[inside], np.asarray(inside, bool), geography.cell_km)


def zone_towns(geography: Geography, government: np.ndarray, inside: np.ndarray, depth_km: float) -> np.ndarray:
    """Return which towns lie in the zone, bool [T].

    `government`, `inside`: bool [T], towns of the government and towns of the side on which the zone lies; the depth is
    measured from the line between the two, in km. Towns that are neither (held by a patron's forces) are never in it.
    """
    return zone_side(geography, government, inside).within(depth_km)


def zone_cells(geography: Geography, government: np.ndarray, inside: np.ndarray, depth_km: float) -> np.ndarray:
    """Return which cells lie in the zone by their middle, bool [height, width]; arguments as `zone_towns`."""
    cells = nearest_town_cells(geography)
    side = _of(cells, inside)
    line = _between(_of(cells, government), side)
    rows, columns = np.nonzero(side)
    result = np.zeros(cells.shape, bool)
    result[rows, columns] = _within(np.column_stack((columns, rows)) + 0.5, line, depth_km / geography.cell_km)
    return result


def zone_edge(geography: Geography, government: np.ndarray, inside: np.ndarray, depth_km: float) -> list[np.ndarray]:
    """Return the far edge of the zone as polylines [n, 2] of longitude and latitude; arguments as `zone_towns`."""
    belt = zone_cells(geography, government, inside, depth_km)
    beyond = _of(nearest_town_cells(geography), inside) & ~belt
    return _polylines(_between(belt, beyond), frame_of(geography))


def zone_areas(
    geography: Geography, government: np.ndarray, inside: np.ndarray, depth_km: float
) -> list[list[np.ndarray]]:
    """Return the zone as areas, each its outline and then its holes, closed rings [n, 2] of longitude and latitude, smoothed.

    Arguments as `zone_towns`. Outlines run against the clock, holes with it.
    """
    on = frame_of(geography)
    rings = _rings(zone_cells(geography, government, inside, depth_km))
    outlines = sorted((ring for ring in rings if _area(ring) > 0), key=_area)
    areas = [[outline] for outline in outlines]
    for hole in (ring for ring in rings if _area(ring) < 0):
        step = hole[1] - hole[0]
        beside = (hole[0] + hole[1]) / 2 + np.array([-step[1], step[0]]) / 2  # the cell of the zone on its left
        next(area for area in areas if _surrounds(area[0], beside)).append(hole)
    return [[on.to_lonlat(_smooth(ring) * on.cell_km) for ring in area] for area in areas]


def _rings(cells: np.ndarray) -> list[np.ndarray]:
    """Return the closed rings [n, 2] around cells (bool [height, width]), cells on their left; cells that only touch at a
    corner are apart.
    """
    high, wide = cells.shape
    padded = np.pad(cells, 1)
    steps: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    sides = (((0, 0), (1, 0), (-1, 0)), ((1, 0), (1, 1), (0, 1)), ((1, 1), (0, 1), (1, 0)), ((0, 1), (0, 0), (0, -1)))
    for start, end, (up, right) in sides:
        beyond = padded[1 + up : 1 + up + high, 1 + right : 1 + right + wide]
        for row, column in np.argwhere(cells & ~beyond).tolist():
            steps[column + start[0], row + start[1]].append((column + end[0], row + end[1]))
    rings = []
    while steps:
        ring = [next(iter(steps))]
        before = (0, 0)
        while len(ring) == 1 or ring[-1] != ring[0]:
            here = ring[-1]
            onward = min(steps[here], key=lambda there: _turn(before, (there[0] - here[0], there[1] - here[1])))
            steps[here].remove(onward)
            if not steps[here]:
                del steps[here]
            before = (onward[0] - here[0], onward[1] - here[1])
            ring.append(onward)
        rings.append(np.array(ring, dtype=float))
    return rings


def _turn(before: tuple[int, int], step: tuple[int, int]) -> int:
    """Return -1 for a step to the left of the one before, 1 for one to its right, else 0."""
    return -int(np.sign(before[0] * step[1] - before[1] * step[0]))


def _area(ring: np.ndarray) -> float:
    """Return the area within a closed ring [n, 2], negative if it runs with the clock."""
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _surrounds(ring: np.ndarray, point: np.ndarray) -> bool:
    """Return whether a point lies within a closed ring [n, 2]: whether a ray to the east crosses it an odd number of times."""
    (x, y), (ax, ay), (bx, by) = point, ring[:-1].T, ring[1:].T
    crosses = (ay > y) != (by > y)
    at = ax[crosses] + (y - ay[crosses]) / (by - ay)[crosses] * (bx - ax)[crosses]
    return bool(np.sum(at > x) % 2)


def _of(cells: np.ndarray, towns: np.ndarray) -> np.ndarray:
    """Return which cells belong to one of the towns (bool [T])."""
    return np.append(np.asarray(towns, bool), False)[cells]


def _between(a: np.ndarray, b: np.ndarray) -> Segments:
    """Return the edges between cells of two sets."""
    rows, columns = np.nonzero((a[:, :-1] & b[:, 1:]) | (b[:, :-1] & a[:, 1:]))
    upright = np.column_stack((columns + 1, rows, columns + 1, rows + 1))
    rows, columns = np.nonzero((a[:-1] & b[1:]) | (b[:-1] & a[1:]))
    level = np.column_stack((columns, rows + 1, columns + 1, rows + 1))
    return np.concatenate((upright, level)).astype(float)


def _within(points: np.ndarray, line: Segments, depth: float) -> np.ndarray:
    """Return which points [n, 2] lie within `depth` of a segment, all in cells. Of many, compares only what shares a bucket."""
    if len(points) * len(line) <= FEW:
        return _squares(points, line) <= _reach(depth)
    result = np.zeros(len(points), bool)
    segments = _buckets(line[:, :2], depth)
    for (bx, by), members in _buckets(points, depth).items():
        close = [
            row for dx in (-2, -1, 0, 1, 2) for dy in (-2, -1, 0, 1, 2) for row in segments.get((bx + dx, by + dy), ())
        ]
        for first in range(0, len(members) if close else 0, 1000):
            some = np.array(members[first : first + 1000])
            result[some] = _squares(points[some], line[close]) <= _reach(depth)
    return result


def _squares(points: np.ndarray, line: Segments) -> np.ndarray:
    """Return the square of each point's distance from the nearest segment, in cells; infinite without any segment."""
    px, py = points[:, 0][:, None], points[:, 1][:, None]
    x0, y0, x1, y1 = line.T
    away = np.maximum(np.maximum(x0 - px, px - x1), 0) ** 2 + np.maximum(np.maximum(y0 - py, py - y1), 0) ** 2
    squares: np.ndarray = away.min(axis=1, initial=np.inf)
    return squares


def _reach(depth: float) -> float:
    """Return the largest square of a distance that is within a depth."""
    return depth**2 + 1e-9


def _buckets(points: np.ndarray, edge: float) -> dict[tuple[int, int], list[int]]:
    """Return the rows of points [n, 2] by square of side `edge`, at least one cell."""
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    squares = np.floor(points / max(edge, 1.0)).astype(int).tolist()
    for row, (x, y) in enumerate(squares):
        buckets[x, y].append(row)
    return buckets


def _polylines(line: Segments, on: Frame) -> list[np.ndarray]:
    """Return the segments joined end to end, smoothed, in longitude and latitude; the longest first."""
    chains = [_smooth(np.array(chain)) for chain in _chains(line)]
    return [on.to_lonlat(chain * on.cell_km) for chain in sorted(chains, key=lambda chain: -len(chain))]


def _chains(line: Segments) -> list[list[tuple[float, float]]]:
    """Join segments into chains of corners: open chains from their ends, then closed ones."""
    ends = [((x0, y0), (x1, y1)) for x0, y0, x1, y1 in line.tolist()]
    at: dict[tuple[float, float], list[int]] = defaultdict(list)
    for row, pair in enumerate(ends):
        for corner in pair:
            at[corner].append(row)
    used = [False] * len(ends)
    chains = []
    for corner in sorted(at, key=lambda corner: (len(at[corner]) % 2 == 0, corner)):
        while any(not used[row] for row in at[corner]):
            chain = [corner]
            while step := [row for row in at[chain[-1]] if not used[row]]:
                used[step[0]] = True
                here, there = ends[step[0]]
                chain.append(there if here == chain[-1] else here)
            chains.append(chain)
    return chains


def _smooth(corners: np.ndarray) -> np.ndarray:
    """Return a chain through the middles of its steps, with cut corners (Chaikin 1974, twice)."""
    closed = len(corners) > 3 and bool((corners[0] == corners[-1]).all())
    points = (corners[:-1] + corners[1:]) / 2
    points = np.vstack((points, points[:1])) if closed else np.vstack((corners[:1], points, corners[-1:]))
    for _turn in range(2):
        cut = np.stack(
            (points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75), axis=1
        ).reshape(-1, 2)
        points = np.vstack((cut, cut[:1])) if closed else np.vstack((points[:1], cut, points[-1:]))
    return points
