"""Runs and studies that a command line names by folder, or by a name in outputs/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.runs import OUTPUTS, find_run

if TYPE_CHECKING:
    from sim.record.run import Run
    from sim.study.store import Study


def find_result(word: Path) -> Study | Run:
    """Return the study or the run meant by a word; raise InputError where it is neither."""
    from sim.study.manifest import is_study_folder
    from sim.study.store import Study

    place = word if word.exists() or len(word.parts) != 1 else OUTPUTS / word
    place = place.parent if place.name == "manifest.json" else place
    return Study.open(place) if is_study_folder(place) else find_run(word)
