"""What a path is: a scenario, a study, a run, a calibration ..., decided in one place and without reading it in full.

And which run of a study is meant by scenario and replicate: the file, the seed and the values that make it again.
"""

from __future__ import annotations

import shlex
import zipfile
from enum import StrEnum
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError, did_you_mean
from sim.results.manifest import MANIFEST, read_json


class Kind(StrEnum):
    """What a file or folder is, in the words of a message."""

    SCENARIO_FILE = "a scenario file"
    STUDY_FILE = "a study file"
    CALIBRATION_FILE = "a calibration file"
    PATTERN_FILE = "a file of observed patterns"
    QUESTION_FILE = "a file of yes/no questions"
    CLAIM_FILE = "a file of claims"
    RUN = "a single run"
    STUDY = "a study"
    CALIBRATION = "a calibration"
    RESULTS = "a folder of results that were made from a run or study"
    PACK = "a packed run or study"
    FILE = "a file"
    DAMAGED = "a folder of results whose manifest.json cannot be read"
    FOLDER = "a folder without results"
    MISSING = "no file or folder"


YAML_SUFFIXES = (".yaml", ".yml")
SCENARIO_KEYS = {"extends", "map", "factions", "rules"}  # a scenario has one of them

RESULT_FILES = {  # a file by which a folder of results is known, and what made it
    "comparison.json": "compare",
    "scores.json": "score",
    "questions.json": "score",
    "hindcast.json": "hindcast",
    "patterns.csv": "patterns",
    "ablations.csv": "ablate",
    "audit.json": "audit",
}

RUN_KEYS = {"seed", "scenario", "values"}  # of the manifest of a run, in every version


def kind_of(path: Path) -> Kind:
    """Return what a path is. A folder's manifest.json stands for the folder."""
    try:
        if path.name == MANIFEST and path.is_file():
            path = path.parent
        if path.is_dir():
            return _kind_of_folder(path)
        if not path.exists():
            return Kind.MISSING
        if zipfile.is_zipfile(path):
            return Kind.PACK if _is_pack(path) else Kind.FILE
    except (OSError, ValueError):
        return Kind.MISSING
    return _kind_of_file(path)


def _kind_of_folder(folder: Path) -> Kind:
    if not (folder / MANIFEST).is_file():
        return Kind.RESULTS if made_by(folder) else Kind.FOLDER
    manifest = read_any_manifest(folder)
    if manifest.get("kind") == "study":
        return Kind.STUDY
    if manifest.get("kind") == "calibration":
        return Kind.CALIBRATION
    return Kind.RUN if manifest.keys() >= RUN_KEYS else Kind.DAMAGED


def read_any_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, of whatever kind and version; empty if it cannot be read."""
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def made_by(folder: Path) -> str:
    """Return the command that wrote a folder of results made from a run or study; empty if the folder is none."""
    return next((command for name, command in RESULT_FILES.items() if (folder / name).is_file()), "")


def _is_pack(path: Path) -> bool:
    """Return whether a zip file holds one folder with a manifest, as `pack` writes it."""
    try:
        with zipfile.ZipFile(path) as file:
            return any(Path(name).name == MANIFEST and len(Path(name).parts) == 2 for name in file.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def _kind_of_file(path: Path) -> Kind:
    """Return the kind of a YAML file by its keys; a `.yaml` that cannot be read is left to the reader of scenarios."""
    from sim.scenario.yaml_reader import read_file  # imports pydantic and PyYAML, which `--help` does without

    usual = Kind.SCENARIO_FILE if path.suffix.lower() in YAML_SUFFIXES else Kind.FILE
    try:
        data = read_file(path).data
    except InputError:
        return usual
    keys = set(data) if isinstance(data, dict) else set()
    if "scenarios" in keys:
        return Kind.STUDY_FILE
    if {"scenario", "fitted"} <= keys:
        return Kind.CALIBRATION_FILE
    if {"patterns", "sides"} <= keys:
        return Kind.PATTERN_FILE
    if {"questions", "asked"} <= keys:
        return Kind.QUESTION_FILE
    if {"claims", "title"} <= keys:
        return Kind.CLAIM_FILE
    return Kind.SCENARIO_FILE if keys & SCENARIO_KEYS else usual


def one_run(folder: Path, scenario: str | None, replicate: int | None) -> tuple[Path, int, tuple[str, ...]]:
    """Return (scenario file, seed, changes as `--set` takes them) of one run of a study's folder.

    `scenario` may be left out where the study has only one. Also for runs that failed, or are not done yet.
    """
    from sim.scenario.show import number_text  # imports pydantic, as the reader of studies does
    from sim.study.definition import read_definition
    from sim.study.plan import make_plan

    definition, source = read_definition(folder / "study.yaml")
    plan = make_plan(definition, source)
    known = list(plan.scenarios)
    if scenario is None and len(known) == 1:
        scenario = known[0]
    if scenario not in known:
        near = did_you_mean(scenario, known) if scenario else ""
        message = f"there is none {scenario!r}" if scenario else "is needed"
        raise InputError([Fault("--scenario", None, "", f"{message}; the study has {', '.join(known)}{near}")])
    if replicate is None:
        raise InputError([Fault("--replicate", None, "", f"is needed: 0 to {plan.replicates - 1}")])
    job = plan.extended(replicate + 1).job(scenario, replicate)
    sets = tuple(f"{path}={number_text(value)}" for path, value in job.values.items())
    return folder / "scenarios" / f"{scenario}.yaml", job.seed, sets


def one_command(command: str, folder: Path, scenario: str, replicate: int) -> str:
    """Return the line that runs or watches one run of a study."""
    words = ["python", "run.py", command, str(folder), "--scenario", scenario, "--replicate", str(replicate)]
    return shlex.join(words)


def chosen(
    file: Path, seed: int | None, sets: tuple[str, ...], scenario: str | None, replicate: int | None
) -> tuple[Path, int | None, tuple[str, ...]]:
    """Return (file, seed, changes) that a command means: a scenario's own, or those of one run of a study's folder.

    Changes of the command line are laid over the study's; its seed may not be given with it.
    """
    if kind_of(file) is not Kind.STUDY:
        for option, value in (("--scenario", scenario), ("--replicate", replicate)):
            if value is not None:
                raise InputError([Fault(option, None, "", "belongs to the folder of a study")])
        return file, seed, sets
    if seed is not None:
        raise InputError([Fault("--seed", None, "", "the study has it: give --replicate")])
    path, drawn, values = one_run(file, scenario, replicate)
    return path, drawn, (*values, *sets)
