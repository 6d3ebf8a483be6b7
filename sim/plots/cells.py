"""The pale ground of a map: round each town the land nearest to it, as polygons in km.

A cell is a disc round the town cut by the lines half-way to its neighbours. It is a drawing aid, not a border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.geography.maps import Geography


REACH_KM = 7.0
_CIRCLE = np.column_stack(
    [np.cos(np.linspace(0, 2 * np.pi, 48, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 48, endpoint=False))]
)


def cut(polygon: np.ndarray, middle: np.ndarray, away: np.ndarray) -> np.ndarray:
    """Return the part of a convex polygon [n, 2] on the near side of a line through `middle` with normal `away`."""
    side = (polygon - middle) @ away
    if (side <= 0).all():
        return polygon
    following, next_side = np.roll(polygon, -1, axis=0), np.roll(side, -1)
    kept: list[np.ndarray] = []
    for here, s, there, t in zip(polygon, side, following, next_side, strict=True):
        if s <= 0:
            kept.append(here)
        if (s < 0 < t) or (t < 0 < s):
            kept.append(here + (there - here) * (s / (s - t)))
    return np.array(kept).reshape(-1, 2)


def town_cells(geography: Geography, reach_km: float = REACH_KM) -> list[np.ndarray]:
    """Return for each town the corners [n, 2] of its cell, km east and north; two towns on one point share one."""
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
