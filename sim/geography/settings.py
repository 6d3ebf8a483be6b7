"""What map.csv says of a map, and what follows where it says nothing: extent and side of a cell.

map.csv      key, value; keys title, south, west, north, east (degrees; the towns' box and a margin if left out),
             cell_km (2.5, or smaller where the towns would not fit), country (for exports), credits
             (printed under maps)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.errors import Fault, did_you_mean
from sim.geography.grid import DEFAULT_CELL_KM, MOST_CELLS, around, frame, settle
from sim.geography.places import Place
from sim.tabular.table import read_table

Settings = dict[str, float | str]
EXTENT = ("south", "west", "north", "east")
SETTINGS = {
    "south": (-85.0, 85.0),
    "north": (-85.0, 85.0),
    "west": (-180.0, 180.0),
    "east": (-180.0, 180.0),
    "cell_km": (0.05, 100.0),
}
SMALLEST_CELL_KM = 0.05


def read_settings(folder: Path, faults: list[Fault]) -> Settings:
    """Return what map.csv says, by key."""
    path = folder / "map.csv"
    if not path.exists():
        return {}
    table = read_table(path, ("key", "value"), ("note",), faults)
    known = (*SETTINGS, "title", "country", "credits")
    found: Settings = {}
    for row in table.rows:
        key = row["key"].strip()
        if key not in known:
            table.fault(
                row.line, key[:40] or "key", f"unknown key, needs one of {', '.join(known)}{did_you_mean(key, known)}"
            )
        elif key in found:
            table.fault(row.line, key, "stands twice")
        else:
            found[key] = table.number(row, "value", *SETTINGS[key]) if key in SETTINGS else row["value"].strip()
    if table.rows and 0 < len([key for key in EXTENT if key in found]) < 4:
        table.fault(None, "", f"an extent needs all of {', '.join(EXTENT)}")
    for low, high in (("south", "north"), ("west", "east")):
        if low in found and high in found and float(found[low]) >= float(found[high]):
            table.fault(None, low, f"must be less than {high}")
    return found


def extent_of(settings: Settings) -> tuple[float, float, float, float] | None:
    """Return the extent that map.csv gives."""
    if any(key not in settings for key in EXTENT):
        return None
    south, west, north, east = (float(settings[key]) for key in EXTENT)
    return south, west, north, east


def cell_side(places: Sequence[Place], settings: Settings) -> float:
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
