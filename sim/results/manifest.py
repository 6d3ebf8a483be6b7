"""manifest.json: what made a run, so that it can be cited, checked and made again.

Keys: schema_version, simulated (always true), name, label, seed, days, values (of every numeric input), scenario (resolved
text), scenario_sha256, map {name, files: SHA-256}, product {name, version, commit, modified}, versions, platform,
command, started, finished (UTC, ISO 8601), outputs {path: SHA-256}, branch (null; of a branch {of: folder of the run it
goes on from, day: first day with the changed numbers, as in events.csv, date, changes: in words, earlier: [{day, scenario,
values}] of the parts before, the first from day 0}).
What a path is (a scenario, a study, a run, a calibration ...) is decided here, without reading it in full: `kind_of`."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim
from sim.errors import Fault, InputError, reason
from sim.results.columns import SCHEMA_VERSION

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.results.run import Run


MANIFEST = "manifest.json"
PRODUCT = "territorial-competition"
LIBRARIES = ("numpy", "numba", "pandas", "scipy", "mesa")
LARGEST_BYTES = 20_000_000
MOST = 1e300  # no number of a scenario comes near it

NEEDED: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "label": str,
    "seed": int,
    "days": int,
    "values": dict,
    "scenario": str,
    "outputs": dict,
}


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def hashes(folder: Path, skip: str = MANIFEST) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder by its path in it, with `/`, sorted; `skip` is left out."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(files[name].read_bytes()) for name in sorted(files) if name != skip}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a run depends on, from their metadata alone."""
    installed = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = "absent"
    return installed


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def product() -> dict[str, Any]:
    """Return name and version of this program, with its commit where it runs from a clone; `modified` says that `sim`
    differs from the commit. Both are null elsewhere.
    """
    root = Path(sim.__file__).resolve().parent.parent
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    status = _git(root, "status", "--porcelain", "--", "sim") if commit else None
    return {
        "name": PRODUCT,
        "version": sim.__version__,
        "commit": commit,
        "modified": None if status is None else bool(status),
    }


def map_entry(geography: Geography) -> dict[str, Any]:
    """Return what a manifest says of the map: its name, and the SHA-256 of its tables."""
    from sim.geography.maps import source_of  # imports NumPy, which `--help` does without

    source = source_of(geography)
    return {"name": source.name, "files": dict(source.tables)}


def make_manifest(
    run: Run, scenario: str, outputs: dict[str, str], command: Sequence[str] | None, started: datetime | None
) -> dict[str, Any]:
    """Return the manifest of a run. `scenario` is the resolved text; `command` is this process's where left out."""
    finished = datetime.now(UTC)
    return {
        "schema_version": SCHEMA_VERSION,
        "simulated": True,
        "name": run.name,
        "label": run.label,
        "seed": int(run.seed),
        "days": len(run.daily) - 1,
        "values": {key: float(value) for key, value in run.values.items()},
        "scenario": scenario,
        "scenario_sha256": sha256(scenario.encode()),
        "map": map_entry(run.geography),
        "product": product(),
        "versions": versions(),
        "platform": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "implementation": platform.python_implementation(),
        },
        "command": list(sys.argv if command is None else command),
        "started": (started or finished).astimezone(UTC).isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "outputs": outputs,
        "branch": run.branch,
    }


def manifest_text(manifest: dict[str, Any]) -> str:
    """Return a manifest as the text of its file."""
    return json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Return what a small JSON file holds; OSError, ValueError or RecursionError where it cannot be read, or is large."""
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"larger than {LARGEST_BYTES // 10**6} MB")
    return json.loads(path.read_bytes().decode("utf-8"))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run's folder; InputError where it is missing, broken or of another schema version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError([Fault(str(folder), None, "", f"is not the folder of a run: it has no {MANIFEST}")])
    try:
        manifest = read_json(path)
    except (OSError, ValueError, RecursionError) as fault:
        raise InputError([Fault(str(path), None, "", f"cannot be read: {reason(fault)}")]) from fault
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version is None:
        raise InputError([Fault(str(path), None, "schema_version", "is missing; this is not the manifest of a run")])
    if version != SCHEMA_VERSION:
        raise InputError(
            [
                Fault(
                    str(path),
                    None,
                    "schema_version",
                    f"is {version!r}; this program reads {SCHEMA_VERSION}: run the scenario again",
                )
            ]
        )
    wrong = [key for key, kind in NEEDED.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise InputError([Fault(str(path), None, ", ".join(wrong), "missing or of a wrong type")])
    if faults := [Fault(str(path), None, *fault) for fault in _faults(manifest)]:
        raise InputError(faults)
    return dict(manifest)


def _faults(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give key and message of what cannot stand in a manifest whose keys are all of the right type."""
    if isinstance(manifest["seed"], bool) or not 0 <= manifest["seed"] < 2**63:
        yield "seed", "must be a whole number from 0 to 2**63 - 1"
    if not _numbers(manifest["values"]):
        yield "values", "must be finite numbers by name"
    if not all(isinstance(digest, str) for digest in manifest["outputs"].values()):
        yield "outputs", "must be SHA-256 sums by name"
    if (branch := manifest.get("branch")) is not None and not _is_branch(branch):
        yield "branch", "is not what a branch goes on from"


def _numbers(values: Any) -> bool:
    plain = isinstance(values, dict) and all(type(value) in (int, float) for value in values.values())
    return plain and all(abs(value) < MOST for value in values.values())  # False for NaN and infinity


def _is_branch(branch: Any) -> bool:
    if (
        not isinstance(branch, dict)
        or type(branch.get("day")) is not int
        or not isinstance(branch.get("earlier"), list)
    ):
        return False
    kinds = {"of": str, "date": str, "changes": list}
    parts = [part for part in branch["earlier"] if isinstance(part, dict)]
    days: list[Any] = [part.get("day") for part in parts] + [branch["day"]]
    return (
        all(isinstance(branch.get(key), kind) for key, kind in kinds.items())
        and len(parts) == len(branch["earlier"]) > 0
        and all(type(day) is int for day in days)
        and days[0] == 0
        and all(earlier < later for earlier, later in pairwise(days))
        and all(isinstance(part.get("scenario"), str) and _numbers(part.get("values")) for part in parts)
    )


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
