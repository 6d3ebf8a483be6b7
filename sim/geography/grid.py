"""The grid: a local equirectangular projection in km, and a cell of its own for every town.

Cells are counted from the south-west corner, x to the east and y to the north. The projection keeps distances within
about 1 % on a map of 200 km; it does not span the date line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.geography.places import Place

KM_PER_DEGREE = 6371.0088 * math.pi / 180
DEFAULT_CELL_KM = 2.5
MARGIN_CELLS = 2
MOST_CELLS = 4_000_000
FARTHEST_CELLS = 3


@dataclass(frozen=True)
class Frame:
    """The map's extent in degrees and its cells: `width` x `height` cells of `cell_km` km."""

    south: float
    west: float
    north: float
    east: float
    cell_km: float
    width: int
    height: int

    def to_km(self, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return km east and km north of the south-west corner; any shape."""
        return (np.asarray(lon, float) - self.west) * self._east, (np.asarray(lat, float) - self.south) * KM_PER_DEGREE

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """Return [n, 2] points in km from the corner as [n, 2] longitude and latitude."""
        return np.asarray(points, float) / (self._east, KM_PER_DEGREE) + (self.west, self.south)

    @property
    def _east(self) -> float:
        return KM_PER_DEGREE * math.cos(math.radians((self.south + self.north) / 2))


def frame(extent: tuple[float, float, float, float], cell_km: float) -> Frame:
    """Return the frame of an extent (south, west, north, east in degrees)."""
    south, west, north, east = extent
    blank = Frame(south, west, north, east, cell_km, 0, 0)
    km_east, km_north = blank.to_km(np.array(north), np.array(east))
    width, height = (max(1, math.ceil(float(km) / cell_km - 1e-9)) for km in (km_east, km_north))
    return Frame(south, west, north, east, cell_km, width, height)


def around(places: Sequence[Place], cell_km: float) -> tuple[float, float, float, float]:
    """Return the extent (south, west, north, east) of the towns' box and a margin of two cells."""
    lats, lons = [place.lat for place in places], [place.lon for place in places]
    up = MARGIN_CELLS * cell_km / KM_PER_DEGREE
    across = up / math.cos(math.radians((min(lats) + max(lats)) / 2))
    return min(lats) - up, min(lons) - across, max(lats) + up, max(lons) + across


def settle(places: Sequence[Place], on: Frame) -> tuple[np.ndarray, np.ndarray, list[int], list[int]]:
    """Give every town a cell of its own: x, y [T], the towns moved, and those with no free cell near.

    Of several towns in one cell the most populous stays (then the first by name); each other takes the free cell whose
    middle is nearest, within three cells. The order of the rows does not matter.
    """
    km_east, km_north = on.to_km(np.array([place.lat for place in places]), np.array([place.lon for place in places]))
    x = np.clip((km_east / on.cell_km).astype(np.int64), 0, on.width - 1)
    y = np.clip((km_north / on.cell_km).astype(np.int64), 0, on.height - 1)
    order = sorted(range(len(places)), key=lambda town: (-places[town].population, places[town].name))
    taken: set[tuple[int, int]] = set()
    moved = []
    for town in order:
        cell = int(x[town]), int(y[town])
        moved.append(town) if cell in taken else taken.add(cell)
    lost = []
    for town in moved:
        free = _nearest_free(
            int(x[town]), int(y[town]), km_east[town] / on.cell_km, km_north[town] / on.cell_km, on, taken
        )
        if free is None:
            lost.append(town)
        else:
            taken.add(free)
            x[town], y[town] = free
    return x, y, moved, lost


def _nearest_free(
    x: int, y: int, east: float, north: float, on: Frame, taken: set[tuple[int, int]]
) -> tuple[int, int] | None:
    """Return the free cell nearest to a point in cells, ties to the south-west; None where there is none near."""
    reach = range(-FARTHEST_CELLS, FARTHEST_CELLS + 1)
    cells = [(x + dx, y + dy) for dy in reach for dx in reach if 0 <= x + dx < on.width and 0 <= y + dy < on.height]
    cells = [cell for cell in cells if cell not in taken]
    return min(
        cells,
        key=lambda cell: (round((cell[0] + 0.5 - east) ** 2 + (cell[1] + 0.5 - north) ** 2, 9), cell[1], cell[0]),
        default=None,
    )
