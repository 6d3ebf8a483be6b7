"""A scenario file with its map, both checked against each other: what every entry to the simulator starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.errors import Fault, InputError
from sim.geography.check import check_places
from sim.geography.maps import Geography, load_map
from sim.scenario.load import Loaded, load
from sim.statistics.registry import headline_faults


def read(path: str | Path, sets: Sequence[str] = ()) -> tuple[Loaded, Geography]:
    """Return the scenario in the file `path`, changed by `sets` ("KEY=VALUE"), and its map.

    Raises InputError with all faults of either, and of names that they do not share.
    """
    loaded = load(path, sets)
    try:
        geography = load_map(loaded.scenario.map)
    except InputError as error:  # a map that does not exist is a fault of the line that names it
        raise InputError(
            Fault(*loaded.where("map"), "map", fault.message) if fault.key == "map" and fault.line is None else fault
            for fault in error.faults
        ) from None
    faults = check_places(loaded, geography)
    faults += [Fault(*loaded.where("headline"), "headline", said) for said in headline_faults(loaded.scenario.headline)]
    if faults:
        raise InputError(faults)
    return loaded, geography
