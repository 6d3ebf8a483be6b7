"""Maps of any size for the growth benchmark: towns on a shaken lattice, roads to the next towns, blocks of holders.

All that is local stays the same whatever the size: distances, roads a town, towns in reach, length of front a town. And
what is not local in the rules is scaled, so that as much happens in each town of a large map as of a small one: signing
hazard, fatigue, grievance and threat come from deaths of the whole theatre, and are divided by how much larger it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine.setup import make_room
from sim.engine.simulation import Simulation
from sim.engine.tables import L_FORCES, N_FORCES
from sim.geography.grid import KM_PER_DEGREE
from sim.geography.maps import Geography
from sim.scenario.schema import Faction, Scenario

SPACING_KM, SHAKEN_KM = 8.0, 2.0  # about as dense as Greater Idlib
BLOCK = 4  # towns along the side of a block of one holder
FEWEST = 169
SOUTH, WEST = 30.0, 10.0
HOLDERS = {"Reds": ("Reds 1", "Reds 2"), "Blues": ("Blues 1", "Blues 2"), "Government": ("Government",)}
PATTERN = ("Reds", "Blues", "Reds", "Government", "Blues", "Reds", "Blues", "Government")
FIGHTERS_A_TOWN = 300
PER_THEATRE = {  # numbers that act on deaths of the whole theatre
    "ceasefire": ("signing_per_10_deaths",),
    "memory": ("fatigue_per_100_deaths", "grievance_per_10_deaths", "threat_per_10_deaths"),
    "offensive": ("opportunity_per_month",),
}


def write_map(folder: Path, side: int) -> Path:
    """Write a map of `side` x `side` towns into a new folder and return it."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(side)
    shaken = rng.uniform(-SHAKEN_KM, SHAKEN_KM, (side, side, 2))
    people = rng.lognormal(8.0, 1.0, (side, side)).astype(int) + 200
    across = KM_PER_DEGREE * np.cos(np.radians(SOUTH + side * SPACING_KM / KM_PER_DEGREE / 2))
    towns, control, roads = [], [], []
    for i, j in np.ndindex(side, side):
        east, north = j * SPACING_KM + shaken[i, j, 0], i * SPACING_KM + shaken[i, j, 1]
        lat, lon = SOUTH + north / KM_PER_DEGREE, WEST + east / across
        towns.append((town(i, j), f"{lat:.5f}", f"{lon:.5f}", people[i, j]))
        control.append((town(i, j), ";".join(holders(i, j)), "held"))
        if j + 1 < side:
            roads.append((town(i, j), town(i, j + 1), "secondary"))
        if i + 1 < side:
            roads.append((town(i, j), town(i + 1, j), "secondary" if j % 3 else "primary"))
    _csv(folder / "towns.csv", ("name", "lat", "lon", "population"), towns)
    _csv(folder / "control.csv", ("name", "groups", "status"), control)
    _csv(folder / "roads.csv", ("a", "b", "road_class"), roads)
    _csv(folder / "map.csv", ("key", "value"), [("title", f"Lattice of {side * side} towns"), ("cell_km", 2.5)])
    return folder


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def town(i: int, j: int) -> str:
    """Return the name of the town in row i and column j."""
    return f"Town {i:03d}-{j:03d}"


def holders(i: int, j: int) -> tuple[str, ...]:
    """Return the groups that stand in a town; the first holds it."""
    groups = HOLDERS[PATTERN[(i // BLOCK * 3 + j // BLOCK) % len(PATTERN)]]
    turn = (i + j) % len(groups)
    return (*groups[turn:], *groups[:turn])


def scenario(side: int, days: int) -> Scenario:
    """Return the scenario of a map of so many towns along each side: all rules on."""
    towns = side * side
    share = FIGHTERS_A_TOWN * FEWEST / sum(map(len, HOLDERS.values()))
    sides: dict[str, Any] = {
        name: {
            "role": "government" if name == "Government" else "rebel",
            "groups": {group: {"fighters": share, "cohesion": 0.7} for group in groups},
        }
        for name, groups in HOLDERS.items()
    }
    sides["Reds"]["proscribed"] = True
    plain = Scenario.model_validate(
        {
            "question": "How do time and memory grow with the size of the map?",
            "title": f"Lattice of {towns} towns",
            "map": "lattice",
            "start": date(2020, 1, 1),
            "days": days,
            "evidence_until": date(2020, 1, 1),
            "factions": sides,
            "zone": {"agreed": date(2019, 12, 1), "deadline": date(2020, 1, 15)},
            "terms": {"relief": {"grievance_relief": 0.3}, "close": {"closes_bases": True}},
        }
    )
    factions = {name: _enlarged(faction, towns / FEWEST) for name, faction in plain.factions.items()}
    return plain.model_copy(update={"rules": _scaled(plain.rules, FEWEST / towns), "factions": factions})


def _enlarged(faction: Faction, factor: float) -> Faction:
    """Return a faction with so many times the fighters, which may be more than a scenario file allows."""
    groups = {
        name: group.model_copy(
            update={"fighters": group.fighters.model_copy(update={"best": group.fighters.best * factor})}
        )
        for name, group in faction.groups.items()
    }
    return faction.model_copy(update={"groups": groups})


def _scaled(rules: Any, factor: float) -> Any:
    changed = {}
    for rule, names in PER_THEATRE.items():
        part = getattr(rules, rule)
        numbers = {
            name: getattr(part, name).model_copy(update={"best": getattr(part, name).best * factor}) for name in names
        }
        changed[rule] = part.model_copy(update=numbers)
    return rules.model_copy(update=changed)


def start(side: int, days: int, geography: Geography, times: int = 1, seed: int = 1) -> Simulation:
    """Return the first day of a run, every force split into `times` of its fighters."""
    simulation = Simulation(scenario(side, days), geography, seed)
    if times > 1:
        split(simulation, times)
    return simulation


def split(simulation: Simulation, times: int) -> None:
    """Put `times` forces in the place of each, which share its fighters; all in all there are as many fighters."""
    world = simulation.world
    number = int(world.counts[N_FORCES])
    forces = np.repeat(world.forces[:number], times)
    part = np.tile(np.arange(times), number)
    forces["fighters"] = forces["fighters"] // times + (part < forces["fighters"] % times)
    forces["key"] ^= part  # each its own identity
    forces = forces[forces["fighters"] > 0]
    world.counts[[N_FORCES, L_FORCES]] = len(forces)
    world.put(forces=forces, live_forces=np.arange(len(forces)), standing=np.zeros(len(forces), np.int64))
    simulation._room = make_room(world)
