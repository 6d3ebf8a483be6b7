"""Are the runs of a study what its folder says? All of them, or a sample, are made again and compared cell by cell."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.engine.jit import source_hash
from sim.errors import Fault, InputError
from sim.geography.maps import load_map
from sim.results.manifest import sha256
from sim.results.verify import Verdict, circumstances, other_version, short
from sim.study.definition import read_definition
from sim.study.manifest import layout
from sim.study.plan import Plan, make_plan
from sim.study.store import Study
from sim.study.stored_parts import sums
from sim.study.worker import RunTask, StudyContext, run_tables
from sim.text import plural

Key = tuple[str, int]
TIMES = ("seconds",)  # columns that say how long a run took
Report = Callable[[int, int], None]


def verify_study(folder: Path, sample: int | None = None, report: Report | None = None) -> tuple[Verdict, int, int]:
    """Make the runs of a study again, or `sample` of them; return the verdict, how many were compared and how many there are.

    The comparison ends with the first run that differs. The sample is drawn by the study's own digest: the same each time.
    """
    study = Study.open(folder)
    plan = _plan(study)
    runs = study.runs
    keys = [(str(name), int(number)) for name, number in zip(runs["scenario"], runs["replicate"], strict=True)]
    if not keys:
        raise InputError([Fault(str(folder), None, "", "no run is done yet: nothing to verify")])
    chosen = _sample(keys, sample, study.manifest["digest"])
    tables = {name: dict(list(study.table(name).groupby(["scenario", "replicate"]))) for name in _order(study)}
    kit = _kit(study, plan)
    reasons = list(_edited(study))
    for number, key in enumerate(chosen, start=1):
        difference = _differs(kit, plan, key, tables)
        if report is not None:
            report(number, len(chosen))
        if difference:
            name = f"{key[0]}, replicate {key[1]}"
            return _verdict(study, tuple(tables), (f"{name}: {difference}",), reasons), number, len(keys)
    return _verdict(study, tuple(tables), (), reasons), len(chosen), len(keys)


def _plan(study: Study) -> Plan:
    file = study.folder / "study.yaml"
    if not file.is_file():
        raise InputError([Fault(str(study.folder), None, "", "has no study.yaml: the study cannot be made again")])
    return make_plan(*read_definition(file)).extended(int(study.manifest["replicates"]))


def _order(study: Study) -> list[str]:
    """Return the tables to compare; the table of runs, which sums up the others, comes last."""
    return sorted(study.manifest["tables"], key=lambda name: name == "runs")


def _sample(keys: list[Key], sample: int | None, digest: str) -> list[Key]:
    if sample is None or sample >= len(keys):
        return keys
    chosen = set(random.Random(digest).sample(range(len(keys)), sample))
    return [key for index, key in enumerate(keys) if index in chosen]


def _kit(study: Study, plan: Plan) -> StudyContext:
    models = {name: loaded.scenario for name, loaded in plan.scenarios.items()}
    geography = load_map(next(iter(models.values())).map)
    study_layout = layout(models, geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
    return StudyContext(source_hash(), models, study_layout)


def _differs(kit: StudyContext, plan: Plan, key: Key, tables: Mapping[str, dict[Any, pd.DataFrame]]) -> str:
    """Return in which table, row and column a run differs first; an empty text where it does not."""
    if key[0] not in plan.scenarios:
        return f"study.yaml knows no scenario {key[0]!r}"
    job = plan.job(*key)
    try:
        again = run_tables(kit, RunTask(*key, job.seed, job.values, job.inputs), [""])
    except ValueError as error:
        return f"cannot be simulated again: {error}"
    for name, frames in tables.items():
        columns: Mapping[str, Any] = again.get(name, {})
        if difference := _first(frames.get(key), columns):
            return f"tables/{name}, {difference}"
    return ""


def _first(stored: pd.DataFrame | None, again: Mapping[str, Any]) -> str:
    """Say the first row and column of one run's rows that differ from those made again."""
    stored = pd.DataFrame() if stored is None else stored
    rows, rows_again = len(stored), max((len(column) for column in again.values()), default=0)
    worst: tuple[int, str, Any, Any] | None = None
    for column in stored.columns:
        if column in ("scenario", "replicate", *TIMES):
            continue
        other = list(again[column]) if column in again else [None] * rows
        for row, (a, b) in enumerate(zip(stored[column].tolist(), other, strict=False)):
            if not _equal(a, b):
                if worst is None or row < worst[0]:
                    worst = (row, str(column), a, b)
                break
    if worst is not None:
        row, column, a, b = worst
        return f"row {row + 1}, column {column}: {short(str(a))} in the folder, {short(str(b))} when made again"
    return "" if rows == rows_again else f"{plural(rows, 'row')} in the folder, {rows_again} when made again"


def _equal(stored: Any, again: Any) -> bool:
    """Return whether two cells are the same; floats exactly, nothing is nothing in any form."""
    if pd.isna(stored) or pd.isna(again):
        return bool(pd.isna(stored) and pd.isna(again))
    if isinstance(stored, pd.Timestamp) or isinstance(again, np.datetime64):
        return bool(pd.Timestamp(stored) == pd.Timestamp(again))
    return bool(stored == again)


def _edited(study: Study) -> list[str]:
    """Say which files of the study are not those it was begun with."""
    edits = []
    for name, digest in study.manifest["scenarios"].items():
        path = study.folder / "scenarios" / f"{name}.yaml"
        if not path.is_file() or sha256(path.read_bytes()) != digest:
            edits.append(f"scenarios/{name}.yaml was edited: its SHA-256 is not the one in manifest.json")
    sums_now = sums(study.folder)
    for name, digest in (study.manifest.get("outputs") or {}).items():
        if sums_now.get(name) != digest:
            edits.append(f"{name} was edited or removed: its SHA-256 is not the one in manifest.json")
    digest = study.manifest.get("posterior")
    path = study.folder / "posterior.csv"
    if digest and (not path.is_file() or sha256(path.read_bytes()) != digest):
        edits.append("posterior.csv was edited: its SHA-256 is not the one in manifest.json")
    return edits


def _verdict(study: Study, names: tuple[str, ...], run_differences: tuple[str, ...], edited: list[str]) -> Verdict:
    reasons = list(edited)
    differences = run_differences + tuple(
        f"{line.partition(' was edited')[0]} is not as it was written" for line in edited
    )
    if run_differences and not edited:
        more = circumstances(study.manifest, study.geography().folder)
        if study.manifest["program"] != source_hash() and not more:
            more.append("the code that simulates is other than the study's")
        reasons += more or [
            "version, map, libraries and platform are the same: a table was edited, or the program has a fault"
        ]
    return Verdict(names, differences, tuple(reasons), tuple(other_version(study.manifest)))
