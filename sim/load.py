"""Load a scenario with its map, and check each against the other.

Every command and the viewer start from `read`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import Fault, InputError, did_you_mean
from sim.files import display_path
from sim.geography.maps import Geography, carried_folder, control_date, guards_on, load_map
from sim.geography.towns import find_place
from sim.scenario.compose import file_name
from sim.scenario.cross_checks import ZONE
from sim.scenario.fields import dotted
from sim.scenario.load import Loaded, load
from sim.scenario.schema import Scenario
from sim.scenario.show import show
from sim.statistics.summary import headline_faults

Where = Callable[[str], tuple[str, int | None]]

"""The file and line at which a scenario says what stands under a dotted path."""


def check_places(loaded: Loaded, geography: Geography) -> list[Fault]:
    """Return the faults of a scenario against its map; an empty list where they fit."""
    return check_scenario(loaded.scenario, loaded.where, geography)


def check_scenario(scenario: Scenario, where: Where, geography: Geography) -> list[Fault]:
    """As `check_places`, for a scenario and a function that tells where its paths stand."""
    faults = []
    for path, town in named_towns(scenario):
        try:
            find_place(geography, town)
        except KeyError as error:
            faults.append(Fault(*where(path), path, f"{error.args[0]} (map {geography.name})"))
    try:
        day = control_date(geography, scenario.start, scenario.control_on)
    except KeyError as error:
        path = "start" if scenario.control_on is None else "control_on"
        return [*faults, Fault(*where(path), path, str(error.args[0]))]
    faults += _reaches(scenario, where, geography) + _posts(scenario, where, geography)
    return faults + _control(scenario, geography, day)


def _reaches(scenario: Scenario, where: Where, geography: Geography) -> list[Fault]:
    """Return the faults of reaches that go beyond the distances by road that the map has."""
    faults, rules = [], scenario.rules
    reaches = {
        "rules.base_attempt.reach_km": rules.base_attempt.reach_km,
        "rules.incident.reach_km": rules.incident.reach_km,
        "rules.spread.reach_km": rules.spread.reach_km,
    }
    for name, faction in scenario.factions.items():
        if faction.peacekeeping is not None:
            reaches[dotted(("factions", name, "peacekeeping", "patrol_km"))] = faction.peacekeeping.patrol_km
    for path, reach in reaches.items():
        if (km := max(reach.best, reach.high or 0.0)) > geography.near_km:
            message = (
                f"{km:g} km is out of range: on the map {geography.name} at most {geography.near_km:g} km are allowed; "
                "near_km in map.csv sets how far distances by road are known"
            )
            faults.append(Fault(*where(path), path, message))
    return faults


def _posts(scenario: Scenario, where: Where, geography: Geography) -> list[Fault]:
    """Return a fault for each peacekeeper that guards no town at the start."""
    faults = []
    for name, faction in scenario.factions.items():
        if faction.peacekeeping is None or any(guard.fighters for guard in faction.peacekeeping.guards.values()):
            continue
        if not guards_on(geography, name, scenario.start):
            path = dotted(("factions", name, "peacekeeping", "guards"))
            message = (
                f"{name} guards no town on {scenario.start}; name some in `guards:`, "
                f"or give it rows in guards.csv of the map {geography.name}"
            )
            faults.append(Fault(*where(path), path, message))
    return faults


def named_towns(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield (dotted path, town) for every town that a scenario names."""
    for name, agreement in scenario.agreements.items():
        if agreement.around is not None:
            yield dotted(("agreements", name, "around")), agreement.around
    for i, given in enumerate(scenario.given):
        if given.in_town is not None:
            yield f"given.{i}.in", given.in_town
        if given.agreement is not None and given.agreement.around is not None:
            yield f"given.{i}.agreement.around", given.agreement.around
    for i, policy in enumerate(scenario.policy):
        if policy.in_town not in (None, ZONE):
            yield f"policy.{i}.in", str(policy.in_town)
        if policy.from_place not in (None, ZONE):
            yield f"policy.{i}.from", str(policy.from_place)
    for name, faction in scenario.factions.items():
        for town in faction.peacekeeping.guards if faction.peacekeeping is not None else ():
            yield dotted(("factions", name, "peacekeeping", "guards", town)), town
    for i, town in enumerate(scenario.watch_towns):
        yield f"watch_towns.{i}", town


def _control(scenario: Scenario, geography: Geography, day: date) -> list[Fault]:
    """Return the faults of control.csv against the scenario: unknown groups, and holders that do not go together."""
    faction = {group: name for name, each in scenario.factions.items() for group in each.groups}
    file = display_path(geography.folder / "control.csv")
    guards = {group for each in scenario.factions.values() if each.peacekeeping is not None for group in each.groups}
    faults: list[Fault] = []
    unknown: dict[str, list[tuple[int | None, str]]] = {}
    for town, held in zip(geography.places, geography.control[day], strict=True):
        strange = [group for group in held.groups if group not in faction]
        for group in strange:
            unknown.setdefault(group, []).append((held.line, town.name))
        if holding := guards.intersection(held.groups):
            message = (
                f"{min(holding)} is a peacekeeper, which guards towns and holds none; write its posts in guards.csv"
            )
            faults.append(Fault(file, held.line, "groups", message))
        sides = sorted({faction[group] for group in held.groups if group in faction})
        if held.status == "held" and len(sides) > 1:
            message = (
                f"{town.name} is held by groups of more than one faction ({', '.join(sides)}); write status contested"
            )
            faults.append(Fault(file, held.line, "groups", message))
        elif held.status == "contested" and len(sides) < 2 and not strange:
            message = f"{town.name} is contested, but all its groups are of faction {sides[0]}; write status held"
            faults.append(Fault(file, held.line, "groups", message))
    for group, rows in unknown.items():
        towns = rows[0][1] if len(rows) == 1 else f"{rows[0][1]} and {len(rows) - 1} more towns"
        message = (
            f"group {group!r} stands in {towns}, but no faction of the scenario has it{did_you_mean(group, faction)}"
        )
        faults.append(Fault(file, rows[0][0], "groups", message))
    return faults


def map_of(loaded: Loaded) -> Geography:
    """Return the map of a scenario: the one that a run's or study's folder with one of its files carries, else the one of its name.

    InputError with every fault of the map, at the line that names it if it is not there.
    """
    name = loaded.scenario.map
    beside = (carried_folder(up, name) for file in loaded.files for up in (file.parent, file.parent.parent))
    try:
        return load_map(next((folder for folder in beside if folder is not None), name))
    except InputError as error:  # a map that does not exist is a fault of the line that names it
        raise InputError(
            Fault(*loaded.where("map"), "map", fault.message) if fault.key == "map" and fault.line is None else fault
            for fault in error.faults
        ) from None


def read(
    path: str | Path | Scenario, sets: Sequence[str] = (), geography: Geography | None = None
) -> tuple[Loaded, Geography]:
    """Return a scenario and its map, checked against each other.

    Args:
        path: a scenario file, the bare name of one in `scenarios/`, or a `Scenario`, which is checked again.
        sets: changes as "KEY=VALUE", with the keys that `run.py show` prints.
        geography: the map; `map_of` finds it if None.

    Raises:
        InputError: with every fault of the scenario and the map, and of names that only one of them has.

    Example:
        >>> from sim.load import read
        >>> loaded, geography = read("two_valleys", ["days=60"])
        >>> loaded.scenario.days, geography.name, len(geography.places)
        (60, 'two_valleys', 12)
    """
    if isinstance(path, Scenario):
        return _read_object(path, sets, geography)
    loaded = load(path, sets)
    geography = geography or map_of(loaded)
    faults = check_places(loaded, geography)
    faults += [
        Fault(*loaded.where("headline"), "headline", message) for message in headline_faults(loaded.scenario.headline)
    ]
    if faults:
        raise InputError(faults)
    return loaded, geography


def write_scenario(scenario: Scenario, folder: Path, name: str) -> Path:
    """Write a scenario in memory as the file that `run.py show` would print of it; return the file."""
    file = folder / f"{name}.yaml"
    file.write_text(show(scenario), encoding="utf-8")
    return file


def _read_object(scenario: Scenario, sets: Sequence[str], geography: Geography | None) -> tuple[Loaded, Geography]:
    """Read a scenario in memory through its file, which is named by its title."""
    with TemporaryDirectory() as folder:
        return read(write_scenario(scenario, Path(folder), file_name(scenario.title) or "scenario"), sets, geography)


def compiling_text() -> str:
    """Return the line which says that the next run compiles the rules first; an empty text if they are compiled already."""
    from sim.engine.jit import CACHE_FOLDER, needs_compile

    if not needs_compile():
        return ""
    lasting = "this happens once and takes about half a minute, longer on a busy machine"
    if CACHE_FOLDER is None:
        lasting = (
            "this may take a minute, and happens each time: no folder for compiled code can be written, or its "
            "disk is full; SIM_CACHE_DIR=FOLDER in the environment names another"
        )
    return f"compiling the rules; {lasting}"
