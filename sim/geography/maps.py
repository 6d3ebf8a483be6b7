"""A map is a folder of CSV files: towns.csv, roads.csv, control.csv, and optionally guards.csv, posts.csv, names.csv and map.csv.

Their columns are documented in `places`, `roads` and `settings`. Reading is strict: all faults of all files are
reported at once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.errors import Fault, InputError, did_you_mean
from sim.files import display_path, map_folders
from sim.geography import towns as rows
from sim.geography.dataset_names import NAME_COLUMNS, NAME_OPTIONAL, NAMES, NO_NAMES, DatasetNames, read_names
from sim.geography.grid import (
    EXTENT,
    MOST_CELLS,
    Frame,
    Settings,
    around,
    cell_side,
    extent_of,
    frame,
    read_settings,
    settle,
    shifted,
    unfit,
)
from sim.geography.lines import LINE_COLUMNS, MapLine, read_lines
from sim.geography.roads import (
    REACH_KM,
    ROAD_COLUMNS,
    ROAD_OPTIONAL,
    Link,
    adjacency,
    near_table,
    neighbours,
    parts,
    rasterise,
    read_links,
)
from sim.geography.towns import UNDATED, GuardPost, Holding, Index, MapTown, Post
from sim.scenario.schema import Guard, Scenario
from sim.tabular.table import MOST_FAULTS, Limits, Table, read_table

LOG = logging.getLogger(__name__)
MOST_TOWNS = 20_000
CARRIED = "map"  # folder, in that of a run or study, of the map that it ran on: map/<name>/towns.csv ...
COPIED = ("*.csv", "LICENSE*")  # files of a map that results carry


@dataclass(frozen=True, eq=False)
class Geography:
    """A complete map: T towns on distinct cells of a grid, R roads, the holders by date, and the routes between towns.

    Example:
        >>> from sim.geography.maps import load_map
        >>> geography = load_map("two_valleys")
        >>> geography.x.shape == geography.north_km.shape == (len(geography.places),)
        True
    """

    name: str
    folder: Path
    places: tuple[MapTown, ...]
    control: dict[date, tuple[Holding, ...]]  # one Holding a town, in the order of `places`; UNDATED if without dates
    posts: tuple[Post, ...]
    guards: tuple[GuardPost, ...]  # posts of peacekeepers, by day
    width: int  # cells
    height: int
    cell_km: float
    south: float  # degrees
    west: float
    north: float
    east: float
    x: np.ndarray  # i8 [T], cell of each town, from the west
    y: np.ndarray  # i8 [T], from the south
    east_km: np.ndarray  # f8 [T], km of the town itself from the south-west corner
    north_km: np.ndarray  # f8 [T]
    roads: np.ndarray  # ROAD [R]: a, b, km, first_cell, cells
    road_cells: np.ndarray  # CELL, all roads one after another
    road_names: tuple[str, ...]
    near: np.ndarray  # NEAR: town, km, road; all towns one after another, by km, without the town itself
    near_start: np.ndarray  # i8 [T + 1]
    near_km: float  # by road, up to which `near` goes, as map.csv has it; a town one road away is always near
    adjacent: np.ndarray  # i8, towns one road away, all towns one after another, sorted
    adjacent_start: np.ndarray  # i8 [T + 1]
    moved: tuple[str, ...]  # sentences on towns put on a neighbour cell
    title: str = ""
    credits: str = ""
    country: str = ""
    road_classes: tuple[str, ...] = ()
    lines: tuple[MapLine, ...] = ()  # rivers, borders and coasts, for drawing only
    names: DatasetNames = NO_NAMES  # of units and actors in UCDP GED and ACLED, for exports only


def load_map(name: str | Path, root: Path | None = None, shift_cells: float = 0.0) -> Geography:
    """Read a map from its folder of CSV files.

    Args:
        name: a text is the name of a folder in `root`; a Path is the folder itself.
        root: the folder of maps; if None, `scenarios/maps` and `maps` where one stands, then the program's.
        shift_cells: how many cells the grid's south-west corner is moved to the south and to the west.

    Raises:
        InputError: with every fault of every file.

    Example:
        >>> from sim.geography.maps import load_map
        >>> geography = load_map("two_valleys")
        >>> len(geography.places), len(geography.roads), (geography.width, geography.height)
        (12, 16, (17, 22))
    """
    folder = name if isinstance(name, Path) else _folder(name, [root] if root else map_folders())
    if not folder.is_dir():
        raise InputError(
            [
                Fault(
                    display_path(folder),
                    None,
                    "",
                    "is not a folder; a map is a folder with towns.csv, roads.csv and control.csv",
                )
            ]
        )
    LOG.debug("read the map in %s", folder.absolute())
    faults: list[Fault] = []
    settings = read_settings(folder, faults)
    places, links, control, posts, guards = _files(folder, faults)
    lines, names = _lines(folder, faults), _names(folder, faults)
    if shift_cells and not faults:
        settings = shifted(places, settings, shift_cells)
    faults += _problems(folder, places, links, settings) if not faults else []
    if faults:
        raise InputError(_bounded(faults))
    geography = _assemble(folder.name, folder, places, links, control, posts, guards, settings)
    return replace(geography, lines=lines, names=names)


class MapSource(NamedTuple):
    """A map as another process reads it: its name, its folder, and the SHA-256 of each of its tables by file."""

    name: str
    folder: Path
    tables: tuple[tuple[str, str], ...]


def source_of(geography: Geography) -> MapSource:
    """Return where a map was read from, with the present SHA-256 of its tables; of a map made in memory, no tables.

    Names in other datasets are not among the tables: no run depends on them.
    """
    folder = Path(geography.folder).resolve()
    files = (path for path in sorted(folder.glob("*.csv")) if path.name != NAMES)
    tables = ((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)
    return MapSource(geography.name, folder, tuple(tables))


def carried_files(geography: Geography) -> dict[str, bytes]:
    """Return the files that a run or study on a map carries, by their path in its folder; none for a map made in memory."""
    files = sorted(path for pattern in COPIED for path in Path(geography.folder).glob(pattern))
    return {f"{CARRIED}/{geography.name}/{path.name}": path.read_bytes() for path in files}


def carried_folder(results: Path, name: str) -> Path | None:
    """Return the folder in which a run or study carries the map of a name; None if it carries none."""
    folder = results / CARRIED / name
    return folder if (folder / "towns.csv").is_file() else None


def map_of_results(results: Path, name: str) -> Geography:
    """Return the map that a run or study ran on: the one it carries, else (older results) the installed one of that name.

    InputError with every fault of its files, and if it is neither carried nor installed.
    """
    if (folder := carried_folder(results, name)) is not None:
        return load_map(folder)
    try:
        return load_map(name)
    except InputError as error:
        if any(fault.key == "map" for fault in error.faults):
            message = (
                f"was run on the map {name!r}, which is neither here nor in this folder: ask its author for the map"
            )
            raise InputError([Fault(display_path(results), None, "map", message)]) from None
        raise


def assemble(
    name: str,
    places: Sequence[MapTown],
    links: Sequence[Link],
    control: dict[date, tuple[Holding, ...]],
    posts: Sequence[Post] = (),
    guards: Sequence[GuardPost] = (),
    cell_km: float | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> Geography:
    """Return a map made in memory, without files. `extent` is south, west, north, east; raises InputError."""
    settings: Settings = {} if cell_km is None else {"cell_km": cell_km}
    if extent:
        settings |= dict(zip(EXTENT, extent, strict=True))
    folder = Path(name)
    if faults := _problems(folder, places, links, settings):
        raise InputError(_bounded(faults))
    return _assemble(name, folder, places, links, control, tuple(posts), tuple(guards), settings)


def control_date(geography: Geography, start: date, on: date | None = None) -> date:
    """Return the key of `geography.control` for a start: `on` itself, else the latest date not after `start`.

    Raises KeyError with a sentence if the map has none.
    """
    known = ", ".join("undated" if day == UNDATED else day.isoformat() for day in geography.control)
    if on is not None:
        if on not in geography.control:
            raise KeyError(f"map {geography.name} has no control of {on.isoformat()}; it has {known}")
        return on
    before = [day for day in geography.control if day <= start]
    if not before:
        raise KeyError(f"map {geography.name} has no control on or before {start.isoformat()}; it has {known}")
    return max(before)


def guards_on(geography: Geography, party: str, day: date) -> dict[int, GuardPost]:
    """Return the posts of a party of peacekeepers on a day by the row of their town, those it has left excepted."""
    known = {post.town: post for post in geography.guards if post.party == party and post.since <= day}
    return {town: post for town, post in sorted(known.items()) if post.fighters > 0}


def posts_at_start(geography: Geography, scenario: Scenario) -> dict[str, dict[int, GuardPost | Guard]]:
    """Return the posts of each peacekeeper at the start by the row of their town: the map's, and in their place the scenario's."""
    posts: dict[str, dict[int, GuardPost | Guard]] = {}
    for name, faction in scenario.factions.items():
        if faction.peacekeeping is not None:
            by_town: dict[int, GuardPost | Guard] = {**guards_on(geography, name, scenario.start)}
            by_town |= {rows.find_place(geography, town): guard for town, guard in faction.peacekeeping.guards.items()}
            posts[name] = {town: guard for town, guard in sorted(by_town.items()) if guard.fighters > 0}
    return posts


def _folder(name: str, roots: Sequence[Path]) -> Path:
    """Return the folder of a named map, from the first of some folders that has it; raise InputError if it is not inside."""
    there = [root for root in roots if root.is_dir()]
    maps = {entry.name: root for root in reversed(there) for entry in root.iterdir() if entry.is_dir()}
    known = sorted(maps)
    root = maps.get(name, roots[0])
    plain = name and name == Path(name).name and name not in (".", "..") and "\0" not in name and "\\" not in name
    if not plain or name not in known:
        raise InputError(
            [
                Fault(
                    display_path(root),
                    None,
                    "map",
                    f"the map {name[:80]!r} is not here, there are {', '.join(known) or 'none'}{did_you_mean(name, known)}",
                )
            ]
        )
    folder = root / name
    if not folder.resolve().is_relative_to(root.resolve()):
        raise InputError([Fault(display_path(root), None, "map", f"map {name!r} lies outside the folder of maps")])
    return folder


def _files(
    folder: Path, faults: list[Fault]
) -> tuple[list[MapTown], list[Link], dict[date, tuple[Holding, ...]], tuple[Post, ...], tuple[GuardPost, ...]]:
    """Read towns.csv, roads.csv, control.csv, posts.csv and guards.csv."""
    towns = read_table(folder / "towns.csv", rows.TOWN_COLUMNS, rows.TOWN_OPTIONAL, faults, Limits(rows=MOST_TOWNS))
    roads = read_table(folder / "roads.csv", ROAD_COLUMNS, ROAD_OPTIONAL, faults)
    held = read_table(folder / "control.csv", rows.CONTROL_COLUMNS, rows.CONTROL_OPTIONAL, faults)
    places = rows.read_towns(towns)
    posts: tuple[Post, ...] = ()
    if (folder / "posts.csv").exists():
        posts = rows.read_posts(read_table(folder / "posts.csv", rows.POST_COLUMNS, rows.POST_OPTIONAL, faults))
    guards = folder / "guards.csv"
    guarded = read_table(guards, rows.GUARD_COLUMNS, rows.GUARD_OPTIONAL, faults) if guards.exists() else None
    if not places:
        return [], [], {}, posts, ()
    suggest, names = Index(places).suggest, [town.name for town in places]
    return (
        places,
        read_links(roads, places, suggest),
        rows.read_control(held, names, suggest),
        posts,
        rows.read_guards(guarded, names, suggest) if guarded is not None else (),
    )


def _lines(folder: Path, faults: list[Fault]) -> tuple[MapLine, ...]:
    """Read lines.csv, which a map need not have."""
    path = folder / "lines.csv"
    return read_lines(read_table(path, LINE_COLUMNS, (), faults)) if path.exists() else ()


def _names(folder: Path, faults: list[Fault]) -> DatasetNames:
    """Read names.csv, which a map need not have."""
    path = folder / NAMES
    return read_names(read_table(path, NAME_COLUMNS, NAME_OPTIONAL, faults)) if path.exists() else NO_NAMES


def _problems(folder: Path, places: Sequence[MapTown], links: Sequence[Link], settings: Settings) -> list[Fault]:
    """Return the faults of towns and roads taken together: outside the extent, off the network, no cell of their own."""
    table = Table(display_path(folder / "towns.csv"), [])
    extent = extent_of(settings)
    if extent:
        south, west, north, east = extent
        allowed = f"{south:g}-{north:g} N, {west:g}-{east:g} E"
        for town in places:
            if not (south <= town.lat <= north and west <= town.lon <= east):
                table.fault(
                    town.line,
                    "lat, lon",
                    f"{town.name} at {town.lat:g}, {town.lon:g} lies outside the map, {allowed}",
                )
    network = parts(neighbours(links, len(places)))
    for part in network[1:]:
        others = f" and {len(part) - 1} more towns" if len(part) > 1 else ""
        table.fault(
            places[part[0]].line,
            "name",
            f"no road leads from {places[part[0]].name}{others} to the rest of the map; add a row to roads.csv",
        )
    return table.faults or _crowded(table, places, settings)


def _crowded(table: Table, places: Sequence[MapTown], settings: Settings) -> list[Fault]:
    """Return the faults of the grid: too many cells, or towns without a cell of their own."""
    side = cell_side(places, settings)
    on = frame(extent_of(settings) or around(places, side), side)
    if on.width * on.height > MOST_CELLS:
        table.fault(
            None,
            "cell_km",
            f"cells of {side:g} km make a grid of {on.width} x {on.height}, more than {MOST_CELLS} cells; use larger ones",
        )
        return table.faults
    if fault := unfit(extent_of(settings) or around(places, 0.0)):
        table.fault(None, "lat, lon", fault)
        return table.faults
    for town in settle(places, on)[3]:
        map_town = places[town]
        table.fault(
            map_town.line,
            "lat, lon",
            f"no free cell near {map_town.name}: too many towns for cells of {side:g} km; set a smaller cell_km in map.csv",
        )
    return table.faults


def _assemble(
    name: str,
    folder: Path,
    places: Sequence[MapTown],
    links: Sequence[Link],
    control: dict[date, tuple[Holding, ...]],
    posts: tuple[Post, ...],
    guards: tuple[GuardPost, ...],
    settings: Settings,
) -> Geography:
    """Put a sound map together."""
    side = cell_side(places, settings)
    on = frame(extent_of(settings) or around(places, side), side)
    x, y, moved, _lost = settle(places, on)
    km_east, km_north = on.to_km(np.array([town.lat for town in places]), np.array([town.lon for town in places]))
    beside = neighbours(links, len(places))
    roads, road_cells = rasterise(links, x, y)
    near_km = float(settings.get("near_km", REACH_KM))
    near, near_start = near_table(links, beside, near_km)
    adjacent, adjacent_start = adjacency(beside)
    return Geography(
        name=name,
        folder=folder,
        places=_valued(places, links, beside),
        control=control,
        posts=posts,
        guards=guards,
        **asdict(on),
        x=x,
        y=y,
        east_km=km_east,
        north_km=km_north,
        roads=roads,
        road_cells=road_cells,
        road_names=tuple(link.road for link in links),
        near=near,
        near_start=near_start,
        near_km=near_km,
        adjacent=adjacent,
        adjacent_start=adjacent_start,
        moved=_sentences(places, on, x, y, km_east, km_north, moved),
        title=str(settings.get("title", "")) or name,
        credits=str(settings.get("credits", "")),
        country=str(settings.get("country", "")),
        road_classes=tuple(link.road_class for link in links),
    )


def _valued(
    places: Sequence[MapTown], links: Sequence[Link], beside: Sequence[Sequence[tuple[int, int]]]
) -> tuple[MapTown, ...]:
    """Return the places with their value: the file's, else `places.worth`."""
    result = []
    for town, pairs in zip(places, beside, strict=True):
        best = max(
            (links[road].road_class for _town, road in pairs),
            key=lambda kind: rows.ROAD_VALUES.get(kind, 0.0),
            default="",
        )
        result.append(replace(town, value=rows.worth(len(pairs), best, town.population)) if town.value < 0 else town)
    return tuple(result)


def _sentences(
    places: Sequence[MapTown],
    on: Frame,
    x: np.ndarray,
    y: np.ndarray,
    east: np.ndarray,
    north: np.ndarray,
    moved: Sequence[int],
) -> tuple[str, ...]:
    """Say which towns were put on a neighbour cell, whose cell theirs is, and how far off they stand."""
    at = {(int(x[town]), int(y[town])): town for town in range(len(places))}
    side, result = on.cell_km, []
    for town in sorted(moved, key=lambda town: places[town].name):
        stays = places[at[min(int(east[town] / side), on.width - 1), min(int(north[town] / side), on.height - 1)]].name
        away = np.hypot((x[town] + 0.5) * side - east[town], (y[town] + 0.5) * side - north[town])
        result.append(
            f"{places[town].name} shares a cell of {side:g} km with {stays} and stands on a free cell beside it, {away:.1f} km from its place."
        )
    return tuple(result)


def _bounded(faults: list[Fault]) -> list[Fault]:
    """Return at most MOST_FAULTS faults and a last one that counts the rest."""
    if len(faults) <= MOST_FAULTS:
        return faults
    return [
        *faults[:MOST_FAULTS],
        Fault(faults[0].file, None, "", f"and {len(faults) - MOST_FAULTS} more faults in this map"),
    ]
