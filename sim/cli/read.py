"""Reading a scenario with its map, with every fault of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.scenario.load import Loaded


def read(path: Path, sets: Sequence[str] = ()) -> tuple[Loaded, Geography]:
    """Return a scenario with the positions of its keys, and its map; raise InputError with all faults."""
    from sim.geography.check import check_places
    from sim.geography.maps import load_map
    from sim.scenario.load import load

    loaded = load(path, sets)
    geography = load_map(loaded.scenario.map)
    faults = check_places(loaded, geography)
    if faults:
        raise InputError(faults)
    return loaded, geography


def check_folder(folder: Path, option: str) -> None:
    """Raise InputError where `folder` could not be made or written to."""
    import os

    for place in (folder, *folder.absolute().parents):
        if place.exists():
            if not place.is_dir():
                raise InputError([Fault(option, None, "", f"{place} is a file, a folder is needed")])
            if not os.access(place, os.W_OK | os.X_OK):
                raise InputError([Fault(option, None, "", f"{place} cannot be written to")])
            return
