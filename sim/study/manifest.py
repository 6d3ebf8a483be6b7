"""The manifest of a study, and the tables that its runs fill."""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.errors import Fault, InputError, reason
from sim.files import write_whole
from sim.geography.maps import Geography
from sim.results.columns import AGREEMENTS, DAILY, EVENTS, REPORTS, Column
from sim.results.event_rows import watched
from sim.results.manifest import MANIFEST, map_entry, product, read_json, sha256, versions
from sim.scenario.parameters import Rules
from sim.scenario.schema import Scenario, codes, parties, peacekeepers
from sim.statistics.summary import STATISTICS

if TYPE_CHECKING:
    from sim.study.plan import Plan

SCHEMA_VERSION = 3  # raise with every change of a table, a column or its meaning
LEVELS = range(6)
FRACTIONS = (  # the others are counts
    "episode_days_mean",
    "agreement_days_held_median",
    "agreement_days_held_mean",
    "campaign_days_median",
    "campaign_first_towns",
)
CONTROL_EVERY_DAYS = 30
Kind = Literal["text", "int", "small", "float", "date"]
Columns = dict[str, Kind]
KEY: Columns = {"scenario": "text", "replicate": "int"}
ALWAYS = ("runs", "daily", "agreements", "control", "changes", "first_clashes")
OPTIONAL = ("events", "reported")
CONTROL: Columns = {**KEY, "day": "small", "town": "text", "code": "text"}

CHANGES: Columns = {
    **KEY,
    "day": "small",
    "town": "text",
    "from": "text",
    "to": "text",
    "how": "text",
    "path": "text",
}

FIRST_CLASHES: Columns = {**KEY, "day": "small", "town": "text"}


@dataclass(frozen=True)
class Layout:
    """What is kept of each run: columns by table, drawn inputs, mornings on which control is kept (None: the default)."""

    tables: dict[str, Columns]
    inputs: tuple[str, ...]
    control_days: tuple[int, ...] | None

    def mornings(self, days: int) -> list[int]:
        """Return the mornings of a run of so many days on which control is kept, the last one always."""
        return mornings(days, self.control_days)


def mornings(days: int, chosen: Sequence[int] | None = None) -> list[int]:
    """Return the mornings of a run of so many days on which control is kept: those chosen, or every 30 days, and the last."""
    some = range(0, days, CONTROL_EVERY_DAYS) if chosen is None else chosen
    return sorted({*(day for day in some if day <= days), days})


def layout(
    scenarios: Mapping[str, Scenario],
    geography: Geography,
    inputs: Sequence[str],
    keep: Iterable[str] = (),
    control_days: Sequence[int] | None = None,
) -> Layout:
    """Return what a study of these scenarios keeps."""
    models, requested = list(scenarios.values()), set(keep)
    tables = {
        "runs": _runs(models, geography, inputs),
        "daily": _daily(models),
        "agreements": {**KEY, **_plain(AGREEMENTS), "broken_by_faction": "text", "cause_kind": "text"},
        "control": CONTROL,
        "changes": CHANGES,
        "first_clashes": FIRST_CLASHES,
        "events": {**KEY, **_plain(EVENTS)},
        "reported": {**KEY, **_plain(REPORTS)},
    }
    chosen = {name: columns for name, columns in tables.items() if name in ALWAYS or name in requested}
    return Layout(chosen, tuple(inputs), None if control_days is None else tuple(control_days))


def _kind(column: Column) -> Kind:
    return "small" if column.kind == "int" else column.kind


def _plain(columns: Iterable[Column]) -> Columns:
    return {column.name: _kind(column) for column in columns}


def _runs(models: list[Scenario], geography: Geography, inputs: Sequence[str]) -> Columns:
    columns: Columns = {**KEY, "seed": "int", **{f"input:{path}": "float" for path in inputs}}
    parts = {
        "faction": [code for model in models for code in parties(model)],
        "peacekeeper": [code for model in models for code in peacekeepers(model).values()],
        "town": [town for model in models for town in watched(model, geography)],
        "level": [str(level) for level in LEVELS],
    }
    for name, statistic in STATISTICS.items():
        kind: Kind = "text" if not statistic.unit else "float" if name in FRACTIONS else "int"
        keys = [f"{name}.{part}" for part in parts[statistic.per]] if statistic.per else [name]
        columns.update(dict.fromkeys(keys, kind))
    return {**columns, "seconds": "float"}


def _daily(models: list[Scenario]) -> Columns:
    columns: Columns = dict(KEY)
    for column in DAILY:
        if column.kind == "date":
            continue
        for model in models:
            short = list(codes(model).values())
            if "<code>" in column.name:
                names = [column.name.replace("<code>", code) for code in short]
            elif "<A>" in column.name:
                names = [column.name.replace("<A>", a).replace("<B>", b) for a, b in combinations(short, 2)]
            else:
                names = [column.name]
            columns.update(dict.fromkeys(names, _kind(column)))
    return columns


NEEDED: dict[str, type] = {
    "name": str, "question": str, "digest": str, "program": str, "inputs": dict, "scenarios": dict, "planned": int,
    "replicates": int, "tables": dict,
}  # fmt: skip


def make_study_manifest(plan: Plan, layout: Layout, program: str, started: str | None = None) -> dict[str, Any]:
    """Return the manifest of a study that begins, or goes on with `started` of its first manifest.

    `session` is the call that is running: when it began, where, and how many runs were done then; None after its end.
    """
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
        "map": map_entry(plan.geography),
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
        "session": {"began": now(), "process": os.getpid(), "host": socket.gethostname(), "done": 0},
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
        manifest = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError([Fault(str(path), None, "", f"cannot be read: {reason(error)}")]) from error
    if not isinstance(manifest, dict) or manifest.get("kind") != "study":
        raise InputError([Fault(str(folder), None, "", "is not the folder of a study; it may be that of a single run")])
    if manifest.get("schema_version") != SCHEMA_VERSION:
        message = f"is {manifest.get('schema_version')!r}; this program reads {SCHEMA_VERSION}: run the study again"
        raise InputError([Fault(str(path), None, "schema_version", message)])
    wrong = [key for key, kind in NEEDED.items() if not isinstance(manifest.get(key), kind)]
    wrong += [] if isinstance(manifest.get("outputs"), dict | None) else ["outputs"]
    wrong += [] if wrong else _wrong_inside(manifest)
    if wrong:
        raise InputError([Fault(str(path), None, key, "is missing or of a wrong type") for key in wrong])
    return manifest


def _wrong_inside(manifest: dict[str, Any]) -> list[str]:
    """Return the keys of a manifest whose values hold something of a wrong type."""
    ranges = [ends for ends in manifest["inputs"].values() if not (isinstance(ends, list) and len(ends) == 2)]
    numbers = [end for ends in manifest["inputs"].values() if ends not in ranges for end in ends]
    right = {
        "inputs": not ranges and all(type(end) in (int, float) for end in numbers),
        "scenarios": bool(manifest["scenarios"])
        and all(isinstance(file, str) for file in manifest["scenarios"].values()),
        "tables": "runs" in manifest["tables"]
        and all(isinstance(columns, dict) for columns in manifest["tables"].values()),
        "planned": manifest["planned"] >= 0,
        "precision": isinstance(manifest.get("precision"), dict | None),
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
    write_whole(folder / MANIFEST, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
