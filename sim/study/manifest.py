"""manifest.json of a study: what made it, so that it can be resumed, cited and made again.

Keys: schema_version, kind ("study"), simulated (always true), name, question, digest (of all that decides results but the
number of runs), program (hash of the code that simulates), design, inputs {path: [low, high]}, scenarios {name: SHA-256 of
its file}, defaults (SHA-256 of the rules' defaults as shipped), posterior (SHA-256 of posterior.csv, null without; both
are there before any score), days, replicates, planned, tables {name: {column: kind}}, product, versions, platform, command, started,
finished (UTC, ISO 8601; null while under way), precision (null, or what `--until-precise` asked for and found), outputs {file: SHA-256} of
all files of results (null while under way).
"""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError, reason
from sim.record.manifest import MANIFEST, product, read_json, sha256, versions
from sim.scenario.rules import Rules
from sim.study.files import write_atomic
from sim.study.tables import SCHEMA_VERSION, Layout

if TYPE_CHECKING:
    from sim.study.plan import Plan

NEEDED: dict[str, type] = {
    "name": str, "question": str, "digest": str, "program": str, "inputs": dict, "scenarios": dict, "planned": int,
    "replicates": int, "tables": dict,
}  # fmt: skip


def make_study_manifest(plan: Plan, layout: Layout, program: str, started: str | None = None) -> dict[str, Any]:
    """Return the manifest of a study that begins, or goes on with `started` of its first manifest."""
    files = plan.files()
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "study",
        "simulated": True,
        "name": plan.name,
        "question": plan.definition.question,
        "digest": plan.digest,
        "program": program,
        "design": plan.design,
        "inputs": {path: list(ends) for path, ends in plan.inputs.items()},
        "scenarios": {name: sha256(files[f"scenarios/{name}.yaml"].encode()) for name in plan.scenarios},
        "defaults": sha256(Rules().model_dump_json().encode()),
        "posterior": sha256(files["posterior.csv"].encode()) if "posterior.csv" in files else None,
        "days": next(iter(plan.scenarios.values())).scenario.days,
        "replicates": plan.replicates,
        "planned": plan.replicates * len(plan.scenarios),
        "tables": layout.tables,
        "product": product(),
        "versions": versions(),
        "platform": {"system": platform.platform(), "machine": platform.machine()},
        "command": list(sys.argv),
        "started": started or now(),
        "finished": None,
        "precision": None,
        "outputs": None,
    }


def now() -> str:
    """Return the time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_study_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a study's folder; InputError where it is missing, broken or of another schema version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError([Fault(str(folder), None, "", f"is not the folder of a study: it has no {MANIFEST}")])
    try:
        found = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError([Fault(str(path), None, "", f"cannot be read: {reason(error)}")]) from error
    if not isinstance(found, dict) or found.get("kind") != "study":
        raise InputError([Fault(str(folder), None, "", "is not the folder of a study; it may be that of a single run")])
    if found.get("schema_version") != SCHEMA_VERSION:
        said = f"is {found.get('schema_version')!r}; this program reads {SCHEMA_VERSION}: run the study again"
        raise InputError([Fault(str(path), None, "schema_version", said)])
    wrong = [key for key, kind in NEEDED.items() if not isinstance(found.get(key), kind)]
    wrong += [] if isinstance(found.get("outputs"), dict | None) else ["outputs"]
    wrong += [] if wrong else _wrong_inside(found)
    if wrong:
        raise InputError([Fault(str(path), None, key, "is missing or of a wrong type") for key in wrong])
    return found


def _wrong_inside(found: dict[str, Any]) -> list[str]:
    """Return the keys of a manifest whose values hold something of a wrong type."""
    ranges = [ends for ends in found["inputs"].values() if not (isinstance(ends, list) and len(ends) == 2)]
    numbers = [end for ends in found["inputs"].values() if ends not in ranges for end in ends]
    right = {
        "inputs": not ranges and all(type(end) in (int, float) for end in numbers),
        "scenarios": bool(found["scenarios"]) and all(isinstance(one, str) for one in found["scenarios"].values()),
        "tables": "runs" in found["tables"] and all(isinstance(one, dict) for one in found["tables"].values()),
        "planned": found["planned"] >= 0,
        "precision": isinstance(found.get("precision"), dict | None),
    }
    return [key for key, fits in right.items() if not fits]


def same_study(old: dict[str, Any], plan: Plan, program: str, folder: Path) -> None:
    """Raise InputError where a folder holds another study, or one that another version of the program began."""
    if old["digest"] == plan.digest and old["program"] == program:
        return
    if old["digest"] == plan.digest:
        what = "was begun by another version of the program, of Python or of numba"
    else:
        what = f"holds another study, {old['name']!r}: {_difference(old, plan)}"
    raise InputError([Fault(str(folder), None, "", f"{what}; take another folder with --out, or remove this one")])


def _difference(old: dict[str, Any], plan: Plan) -> str:
    """Say the first thing in which a folder's study differs from a plan."""
    files = plan.files()
    hashes = {name: sha256(files[f"scenarios/{name}.yaml"].encode()) for name in plan.scenarios}
    if list(old["scenarios"]) != list(hashes):
        return f"its scenarios are {', '.join(old['scenarios'])}"
    changed = [name for name, value in hashes.items() if old["scenarios"][name] != value]
    if changed:
        return f"its scenario {changed[0]} is another"
    if old.get("design") != plan.design:
        return f"its design is {old.get('design')}"
    if old["inputs"] != {path: list(ends) for path, ends in plan.inputs.items()}:
        return "its inputs are drawn from other ranges"
    return "its seed, map, kept tables or draws are others"


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, whole or not at all."""
    write_atomic(folder / MANIFEST, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
