"""The grid of cells, the cell of each town, and the settings of a map (map.csv)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import Fault, did_you_mean
from sim.geography.towns import MapTown
from sim.tabular.table import read_table

EARTH_KM = 6371.0088
KM_PER_DEGREE = EARTH_KM * math.pi / 180
MOST_STRETCH = 0.25  # largest relative error of a distance from west to east, at the southern or northern edge
DEFAULT_CELL_KM = 2.5
FARTHEST_NORTH = 85.0  # degrees, of towns and of the map
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


def great_circle_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the distance of two points, given in degrees, along the surface of a sphere (haversine formula)."""
    south, north = math.radians(lat), math.radians(other_lat)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def unfit(extent: tuple[float, float, float, float]) -> str:
    """Return why the grid cannot carry an extent (south, west, north, east in degrees); empty if it can.

    East-west distances are true half way between south and north only: off it they are wrong by the ratio of the cosines.
    """
    south, west, north, east = extent
    if east - west > 180:
        return f"the map reaches from {west:g} to {east:g} degrees east; a map cannot span the date line (180 degrees)"
    edge, middle = math.cos(math.radians(max(abs(south), abs(north)))), math.cos(math.radians((south + north) / 2))
    stretch = middle / edge - 1 if edge > 1e-9 else math.inf
    if stretch <= MOST_STRETCH:
        return ""
    return (
        f"the map reaches from {south:.4g} to {north:.4g} degrees north, on which a flat grid is up to {stretch:.0%} wrong, "
        f"{MOST_STRETCH:.0%} is allowed; take a smaller part"
    )


def frame(extent: tuple[float, float, float, float], cell_km: float) -> Frame:
    """Return the frame of an extent (south, west, north, east in degrees)."""
    south, west, north, east = extent
    blank = Frame(south, west, north, east, cell_km, 0, 0)
    km_east, km_north = blank.to_km(np.array(north), np.array(east))
    width, height = (max(1, math.ceil(float(km) / cell_km - 1e-9)) for km in (km_east, km_north))
    return Frame(south, west, north, east, cell_km, width, height)


def around(places: Sequence[MapTown], cell_km: float) -> tuple[float, float, float, float]:
    """Return the extent (south, west, north, east) of the towns' box and a margin of two cells."""
    lats, lons = [map_town.lat for map_town in places], [map_town.lon for map_town in places]
    up = MARGIN_CELLS * cell_km / KM_PER_DEGREE
    across = up / math.cos(math.radians((min(lats) + max(lats)) / 2))
    south, north = max(min(lats) - up, -FARTHEST_NORTH), min(max(lats) + up, FARTHEST_NORTH)
    return south, max(min(lons) - across, -180.0), north, min(max(lons) + across, 180.0)


def settle(places: Sequence[MapTown], on: Frame) -> tuple[np.ndarray, np.ndarray, list[int], list[int]]:
    """Give every town a cell of its own: x, y [T], the towns moved, and those with no free cell near.

    Of several towns in one cell the most populous stays (then the first by name); each other takes the free cell whose
    middle is nearest, within three cells. The order of the rows does not matter.
    """
    km_east, km_north = on.to_km(
        np.array([map_town.lat for map_town in places]), np.array([map_town.lon for map_town in places])
    )
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
    """Return the free cell nearest to a point in cells, ties to the south-west; None if there is none near."""
    reach = range(-FARTHEST_CELLS, FARTHEST_CELLS + 1)
    cells = [(x + dx, y + dy) for dy in reach for dx in reach if 0 <= x + dx < on.width and 0 <= y + dy < on.height]
    cells = [cell for cell in cells if cell not in taken]
    return min(
        cells,
        key=lambda cell: (round((cell[0] + 0.5 - east) ** 2 + (cell[1] + 0.5 - north) ** 2, 9), cell[1], cell[0]),
        default=None,
    )


Settings = dict[str, float | str]
EXTENT = ("south", "west", "north", "east")

SETTINGS = {
    "south": (-85.0, 85.0),
    "north": (-85.0, 85.0),
    "west": (-180.0, 180.0),
    "east": (-180.0, 180.0),
    "cell_km": (0.05, 100.0),
    "near_km": (60.0, 1500.0),
}

SMALLEST_CELL_KM = 0.05


def read_settings(folder: Path, faults: list[Fault]) -> Settings:
    """Return what map.csv says, by key."""
    path = folder / "map.csv"
    if not path.exists():
        return {}
    table = read_table(path, ("key", "value"), ("note",), faults)
    known = (*SETTINGS, "title", "country", "credits")
    settings: Settings = {}
    for row in table.rows:
        key = row["key"].strip()
        if key not in known:
            table.fault(
                row.line, key[:40] or "key", f"unknown key, needs one of {', '.join(known)}{did_you_mean(key, known)}"
            )
        elif key in settings:
            table.fault(row.line, key, "stands twice")
        else:
            settings[key] = table.number(row, "value", *SETTINGS[key]) if key in SETTINGS else row["value"].strip()
    if table.rows and 0 < len([key for key in EXTENT if key in settings]) < 4:
        table.fault(None, "", f"an extent needs all of {', '.join(EXTENT)}")
    for low, high in (("south", "north"), ("west", "east")):
        if low in settings and high in settings and float(settings[low]) >= float(settings[high]):
            table.fault(None, low, f"must be less than {high}")
    return settings


def extent_of(settings: Settings) -> tuple[float, float, float, float] | None:
    """Return the extent that map.csv gives."""
    if any(key not in settings for key in EXTENT):
        return None
    south, west, north, east = (float(settings[key]) for key in EXTENT)
    return south, west, north, east


def cell_side(places: Sequence[MapTown], settings: Settings) -> float:
    """Return the side of a cell: as map.csv has it, else 2.5 km, halved until every town has a cell of its own."""
    if "cell_km" in settings:
        return float(settings["cell_km"])
    side = DEFAULT_CELL_KM
    while side / 2 >= SMALLEST_CELL_KM:
        on = frame(extent_of(settings) or around(places, side), side)
        if on.width * on.height > MOST_CELLS or not settle(places, on)[3]:
            break
        side /= 2
    return side


def shifted(places: Sequence[MapTown], settings: Settings, cells: float) -> Settings:
    """Return settings whose grid begins so many cells farther to the south and west, with cells of the same side."""
    side = cell_side(places, settings)
    south, west, north, east = extent_of(settings) or around(places, side)
    up = cells * side / KM_PER_DEGREE
    across = up / math.cos(math.radians((south + north) / 2))
    return {**settings, "cell_km": side, "south": south - up, "west": west - across, "north": north, "east": east}
