"""Runs and studies that a command line names by folder, or by a name in outputs/."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.runs import OUTPUTS, find_run
from sim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from sim.record.run import Run
    from sim.study.store import Study


def find_result(word: Path) -> Study | Run:
    """Return the study or the run meant by a word; raise InputError where it is neither."""
    from sim.study.manifest import is_study_folder
    from sim.study.store import Study

    place = find_folder(word)
    return _noted(Study.open(place)) if is_study_folder(place) else find_run(place)


def find_study(word: Path) -> Study:
    """Return the study meant by a word; raise InputError where it is none."""
    from sim.study.store import Study

    return _noted(Study.open(find_folder(word)))


def _noted(study: Study) -> Study:
    """Print what a reader of the study must know of its folder, and return the study."""
    for note in study.notes:
        print(f"{study.folder}: {note}", file=sys.stderr)
    return study


def find_folder(word: Path) -> Path:
    """Return the folder of results meant by a word: a path, or a name in outputs/; raise InputError where there is none."""
    place = word if word.exists() or len(word.parts) != 1 else OUTPUTS / word
    if not place.exists():
        known = [path.parent.name for path in place.parent.glob("*/manifest.json")]
        raise InputError([Fault(str(word), None, "", f"there is no such run or study{did_you_mean(word.name, known)}")])
    if place.name == "manifest.json":
        place = place.parent
    if not place.is_dir():
        raise InputError([Fault(str(word), None, "", "is a file; the folder of a run or a study is needed")])
    if not (place / "manifest.json").exists():
        said = "is not the folder of a run or a study: it has no manifest.json"
        raise InputError([Fault(str(word), None, "", said)])
    return place
