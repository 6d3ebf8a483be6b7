"""Where a study stands: what is done, what failed, how precise it is, and whether its runs are what its folder says: all of them, or a
sample, are made again and compared cell by cell."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.engine.jit import source_hash
from sim.errors import Fault, InputError
from sim.geography.maps import CARRIED, source_of
from sim.results.manifest import sha256
from sim.results.verify import Verdict, circumstances, other_version, short
from sim.results.write import is_written
from sim.statistics.summary import base_name, expand, label
from sim.study.definition import read_definition
from sim.study.manifest import layout
from sim.study.plan import Plan, make_plan
from sim.study.progress import duration
from sim.study.store import Study
from sim.study.stored_parts import sums
from sim.study.worker import RunTask, StudyContext, run_tables
from sim.text import plural, shell, unit_text

if TYPE_CHECKING:
    from sim.study.store import Study
    from sim.study.stored_parts import RunRange


Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations
MOST_REPLICATES = 10_000  # until precise, if neither the study nor the command asks for more
FIRST_GROWTH = 1.25  # each look is at so many times the replicates of the last
LOOKS = "Intervals are not widened for having been looked at several times."
"""A rule that stops when an interval is short enough keeps its coverage as runs grow (Chow & Robbins 1965, Ann Math Stat 36:457;
of a share of the mean, Nadas 1969, 40:667); with few runs it is a little below 95 %."""
RARE = 0.1  # a number that is 0 in more than nine of ten runs does not decide: its mean is no goal that runs come near


@dataclass(frozen=True)
class Precision:
    """How precisely a statistic is known: half-width of its 95 % interval, as a share of its mean.

    For a statistic of text (who holds a town) it is the half-width of the share of runs with the commonest answer. `rare`:
    a number that is 0 in nearly all runs.
    """

    statistic: str
    scenario: str
    share: float
    rare: bool = False


def precisions(runs: pd.DataFrame, headline: Sequence[str]) -> list[Precision]:
    """Return how precisely each headline statistic is known in each scenario, the least precise first.

    A mean of fewer than two runs is infinitely imprecise. Runs in which a statistic has no value are left out.
    """
    known = [
        Precision(key, str(scenario), half_width(part[key]), _is_rare(part[key]))
        for scenario, part in runs.groupby("scenario", sort=False)
        for key in expand(headline, dict.fromkeys(runs.columns))
        if base_name(key) != "days" and part[key].notna().any()
    ]
    return sorted(known, key=lambda precision: -precision.share)


def _is_rare(values: pd.Series) -> bool:
    """Return whether numbers are 0 in nearly all runs; False if they are 0 in all, for nothing is left to be known."""
    known = values.dropna()
    return bool(pd.api.types.is_numeric_dtype(known) and 0 < (known != 0).mean() < RARE)


def deciding(known: list[Precision]) -> list[Precision]:
    """Return the precisions that decide whether a study goes on: without rare ones, unless there are no others."""
    return [precision for precision in known if not precision.rare] or known


def needed(known: list[Precision], replicates: int, share: float) -> tuple[int, Precision]:
    """Return about how many replicates a share of the mean takes, from what so many gave, and the statistic that decides.

    The half-width falls with the square root of the number. InputError if no headline statistic has a value in any run.
    """
    if not known:
        raise InputError([Fault("--until-precise", None, "", "no statistic that it looks at has a value in any run")])
    worst = deciding(known)[0]
    times = (worst.share / share) ** 2
    return (math.ceil(replicates * times) if math.isfinite(times) else MOST_REPLICATES), worst


def lacking_text(precisions: list[Precision], share: float) -> str:
    """Say which statistic in which scenario is known worst, how many others are not as precise as asked for, and which do not
    decide because they are nearly always 0.
    """
    known = deciding(precisions)
    rare = list(dict.fromkeys(label(each.statistic) for each in precisions if each not in known))
    left_out = f" (left out, as they are 0 in nearly all runs: {', '.join(rare)})" if rare else ""
    return _lacking(known, share) + left_out


def _lacking(known: list[Precision], share: float) -> str:
    worst = known[0]
    to = f"to {100 * worst.share:.3g} %" if math.isfinite(worst.share) else "to no share of its mean"
    text = f"{label(worst.statistic)} in {worst.scenario} is known {to}"
    lacking = sum(precision.share >= share for precision in known)
    if not lacking:
        return text
    others = f"; {plural(lacking - 1, 'other headline statistic')} not either" if lacking > 1 else ""
    return f"{text}, not to {100 * share:.3g} % as asked for{others}"


def highest(share: float, replicates: int) -> int:
    """Return the most replicates of a study that goes on until it is precise, where nothing else is asked for.

    With so many, each mean is known to `share` of the standard deviation between runs. What is less precise then is a
    rare event, whose mean is smaller than its standard deviation: it would take many times as many runs.
    """
    return max(replicates, min(MOST_REPLICATES, math.ceil((Z / share) ** 2)))


def half_width(values: pd.Series) -> float:
    """Return the half-width of the 95 % interval of a mean as a share of it; 0 where all numbers are alike.

    Of text, that of the share of the commonest answer (Agresti & Coull 1998, Am Stat 52:119).
    """
    known = values.dropna()
    if len(known) < 2:
        return math.inf
    if not pd.api.types.is_numeric_dtype(known):
        trials = len(known) + Z**2
        share = (int(known.value_counts().iloc[0]) + Z**2 / 2) / trials
        return Z * math.sqrt(share * (1 - share) / trials)
    if known.nunique() == 1:
        return 0.0
    from scipy.special import stdtrit

    numbers = known.to_numpy(dtype=float)
    mean = float(np.mean(numbers))
    quantile = float(stdtrit(len(numbers) - 1, 0.975))  # of Student's t
    return quantile * float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers)) / abs(mean) if mean else math.inf


def next_look(replicates: int, most: int) -> int:
    """Return at how many replicates to look again; the same after an interruption as without."""
    return min(most, max(replicates + 10, math.ceil(replicates * FIRST_GROWTH)))


MOST_FAILURES = 5  # kinds of failure that are told
MOST_FILES = 3  # damaged files that are named


def status_lines(study: Study) -> list[str]:
    """Return the state of a study, a paragraph a line."""
    unreadable = study.damaged()
    notes = [*study.notes, *_unreadable(study, unreadable)]
    study = study.without(unreadable)
    lines = [f"SIMULATED. {study.question}", _done(study), *notes, *_failed(study)]
    precision = study.manifest.get("precision")
    if precision:
        outcome = "reached" if precision["reached"] else "not reached"
        lines.append(
            f"A precision of {100 * precision['asked']:.3g} % was asked for, and {outcome} at {plural(precision['replicates'], 'replicate')}. {LOOKS}"
        )
    lines.append(_next(study))
    return lines


def _done(study: Study) -> str:
    names = list(study.manifest["scenarios"])
    parts = [f"{plural(study.done, 'run')} of {study.planned:,} {'is' if study.done == 1 else 'are'} done"]
    if len(names) > 1:
        keys = study.table("runs", [])
        counts = keys["scenario"].value_counts()
        parts.append(", ".join(f"{name} {int(counts.get(name, 0))}" for name in names))
    size = sum(path.stat().st_size for path in study.folder.rglob("*") if path.is_file())
    return f"{study.name}: {': '.join(parts)}. {_megabytes(size)} on disk."


def _unreadable(study: Study, files: Mapping[RunRange, Path]) -> list[str]:
    """Report the damaged files, if there are any; their runs count as missing."""
    if not files:
        return []
    runs = sum(part.last - part.first + 1 for part in files)
    shown = ", ".join(path.relative_to(study.folder).as_posix() for path in list(files.values())[:MOST_FILES])
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    return [f"{plural(runs, 'run')} cannot be read and will be made again; damaged: {shown}{more}."]


def _failed(study: Study) -> list[str]:
    """Say each kind of failure once, the most frequent first, with one run that shows it."""
    failures = study.failures
    if not len(failures):
        return []
    lines = [f"{plural(len(failures), 'run')} failed; all are in failures.csv and in ledger/."]
    kinds = failures.groupby(["stage", "error"], sort=False)
    by_size = sorted(kinds, key=lambda item: -len(item[1]))
    for (stage, error), rows in by_size[:MOST_FAILURES]:
        lines.append(f"{plural(len(rows), 'run')} while {stage}: {error}")
        lines.append(f"  to see it again: {rows['command'].iloc[0]}")
    if len(by_size) > MOST_FAILURES:
        lines.append(f"and {len(by_size) - MOST_FAILURES} more kinds of failure.")
    return lines


def _next(study: Study) -> str:
    missing = study.planned - study.done - len(study.failures)
    if running := running_text(study):
        return f"It is running now, {running}; {plural(missing, 'run is', 'runs are')} still to be done."
    if not study.partial:
        return f"All is done. Next: {shell('compare', study.folder)}"
    return f"{plural(missing, 'run is', 'runs are')} missing. To go on: {resume_command(study)}"


def running_text(study: Study) -> str:
    """Return by which process a study is run, since when, how fast and for how long yet; empty if it is not running."""
    session = study.manifest.get("session")
    if not is_written(study.folder):
        return ""
    if not isinstance(session, dict):
        return "by a process that has just begun"
    began = datetime.fromisoformat(session["began"])
    seconds = max((datetime.now(UTC) - began).total_seconds(), 1.0)
    rate = (study.done + len(study.failures) - session["done"]) / seconds
    left = study.planned - study.done - len(study.failures)
    words = f"by process {session['process']} on {session['host']} since {began:%H:%M} UTC ({duration(seconds)})"
    if rate <= 0 or not left:
        return words
    return f"{words}, {rate:.3g} {unit_text('runs', rate)} a second, about {duration(left / rate)} left"


def status_data(study: Study) -> dict[str, Any]:
    """Return the state of a study for other programs; its sentences are those of `status_lines`."""
    runs = study.table("runs", [])["scenario"].value_counts()
    running = is_written(study.folder)
    return {
        "simulated": True,
        "folder": study.folder,
        "name": study.name,
        "question": study.question,
        "planned": study.planned,
        "done": study.done,
        "failed": len(study.failures),
        "done_by_scenario": {name: int(runs.get(name, 0)) for name in study.manifest["scenarios"]},
        "running": running,
        "session": study.manifest.get("session") if running else None,
        "precision": study.manifest.get("precision"),
        "sentences": status_lines(study),
    }


def resume_command(study: Study) -> str:
    """Return the command that does what is missing of a study."""
    return shell("batch", study.folder)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


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
    study_layout = layout(models, plan.geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
    return StudyContext(source_hash(), models, study_layout, source_of(plan.geography))


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
    drawn_on = study.manifest.get("map") or {"name": "", "files": {}}  # absent from older studies
    for file, digest in drawn_on["files"].items():
        name = f"{CARRIED}/{drawn_on['name']}/{file}"
        path = study.folder / name
        if not path.is_file() or sha256(path.read_bytes()) != digest:
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
