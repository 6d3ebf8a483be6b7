"""Runs and places that a command line names: found, or said in one clear line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from sim.record.run import Run

OUTPUTS = Path("outputs")
EVENT = re.compile(r"[Ee]0*(\d{1,9})")


def find_run(word: Path) -> Run:
    """Return the run in a folder, or of a name in outputs/; raise InputError where it is none that can be read."""
    from sim.record.columns import FILES
    from sim.record.run import Run

    place = word if word.exists() or len(word.parts) != 1 else OUTPUTS / word
    if not place.exists():
        known = [path.parent.name for path in (word.parent if len(word.parts) > 1 else OUTPUTS).glob("*/manifest.json")]
        raise InputError([Fault(str(word), None, "", f"there is no such run{did_you_mean(word.name, known)}")])
    if place.name == "manifest.json":
        place = place.parent
    if not place.is_dir():
        raise InputError([Fault(str(word), None, "", "is a file; the folder of a run is needed")])
    run = Run.open(place)
    missing = [FILES[name].name for name in ("events", "control_changes") if not (place / FILES[name].name).is_file()]
    if missing:
        raise InputError([Fault(str(place), None, "", f"{' and '.join(missing)} is missing: run the scenario again")])
    return run


def find_town(run: Run, word: str, option: str) -> str:
    """Return the name of the town meant by a word, in any spelling, as the run's map has it."""
    from sim.geography.names import find_place

    try:
        return run.geography.places[find_place(run.geography, word)].name
    except KeyError as error:
        raise InputError([Fault(option, None, "", str(error.args[0]))]) from None


def find_event(word: str) -> str | None:
    """Return the id of an event as tables write it ("e12" is E000012); None where the word is no id."""
    found = EVENT.fullmatch(word.strip())
    return f"E{int(found[1]):06d}" if found else None
