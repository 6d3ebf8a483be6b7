"""Status of a study: what is done, what failed, how precise it is, and an estimate of time and disk."""

from __future__ import annotations

import math
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.engine.jit import source_hash
from sim.errors import Fault, InputError
from sim.geography.maps import load_map
from sim.results.lock import is_written
from sim.statistics.summary import base_name, expand, label
from sim.study.executors import cores
from sim.study.manifest import layout
from sim.study.plan import Plan
from sim.study.worker import ChunkResult, RunTask, StudyContext, run_chunk
from sim.text import plural

if TYPE_CHECKING:
    from sim.study.store import Study
    from sim.study.stored_parts import RunRange

Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations
MOST_REPLICATES = 10_000  # until precise, if neither the study nor the command asks for more
FIRST_GROWTH = 1.25  # each look is at so many times the replicates of the last


@dataclass(frozen=True)
class Precision:
    """The least precise headline statistic: half-width of its 95 % interval, as a share of its mean.

    For a statistic of text (who holds a town) it is the half-width of the share of runs with the commonest answer.
    """

    statistic: str
    scenario: str
    share: float


def precisions(runs: pd.DataFrame, headline: list[str]) -> list[Precision]:
    """Return how precisely each headline statistic is known in each scenario, the least precise first.

    A mean of fewer than two runs is infinitely imprecise. Runs in which a statistic has no value are left out.
    """
    known = [
        Precision(key, str(scenario), half_width(part[key]))
        for scenario, part in runs.groupby("scenario", sort=False)
        for key in expand(headline, dict.fromkeys(runs.columns))
        if base_name(key) != "days" and part[key].notna().any()
    ]
    return sorted(known, key=lambda precision: -precision.share)


def lacking_text(known: list[Precision], share: float) -> str:
    """Say which statistic in which scenario is known worst, and how many others are not as precise as asked for."""
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
    numbers = known.to_numpy(dtype=float)
    mean = float(np.mean(numbers))
    return Z * float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers)) / abs(mean) if mean else math.inf


def next_look(replicates: int, most: int) -> int:
    """Return at how many replicates to look again; the same after an interruption as without."""
    return min(most, max(replicates + 10, math.ceil(replicates * FIRST_GROWTH)))


MEASURE_SECONDS = 2.0  # of runs in all; a chunk of a study is about as long
MOST_RUNS = 400


@dataclass(frozen=True)
class Estimate:
    """Time and disk of a whole study, by the `measured` runs of it that were made for this."""

    runs: int
    workers: int
    measured: int
    seconds_a_run: float
    bytes_a_run: float

    @property
    def seconds(self) -> float:
        """Seconds of the whole study, if all workers are as fast as this process."""
        return self.seconds_a_run * self.runs / self.workers

    @property
    def bytes(self) -> float:
        """Bytes of the study's tables."""
        return self.bytes_a_run * self.runs


def estimate(plan: Plan, workers: int | None = None) -> Estimate:
    """Run some of the plan's runs and return what all of them would take; InputError where every run that is tried fails."""
    scenarios = {name: loaded.scenario for name, loaded in plan.scenarios.items()}
    geography = load_map(next(iter(scenarios.values())).map)
    tables = layout(scenarios, geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
    kit = StudyContext(source_hash(), scenarios, tables).packed()
    _measured(plan, kit, len(scenarios))  # compiles the rules and reads the map; not counted
    first = _measured(plan, kit, len(scenarios))
    count = max(len(scenarios), min(MOST_RUNS, int(MEASURE_SECONDS / (first.seconds / len(scenarios)))))
    done, used = first, len(scenarios)
    if count > used:
        done = _measured(plan, kit, count)
        used = min(count, plan.replicates * len(scenarios))
    runs = plan.replicates * len(scenarios)
    size = sum(map(len, done.tables.values()))
    return Estimate(runs, workers or cores(), used, done.seconds / used, size / used)


def _measured(plan: Plan, kit: bytes, count: int) -> ChunkResult:
    tasks = [RunTask.of(job) for job in islice(plan.jobs(), count)]
    done = run_chunk(kit, tasks)
    if len(done.failures) == len(tasks):
        first = done.failures[0]
        message = f"every run that was tried failed, the first at {first.stage}: {first.error}"
        raise InputError([Fault(plan.name, None, "", message)])
    return done


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free where a folder is, or would be made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


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
            f"A precision of {100 * precision['asked']:.3g} % was asked for, and {outcome} at {plural(precision['replicates'], 'replicate')}."
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
    if is_written(study.folder):
        return (
            f"It is running now: {plural(missing, 'run is', 'runs are')} still to be done, by the process that runs it."
        )
    if not study.partial:
        return f"All is done. Next: python run.py compare {shlex.quote(str(study.folder))}"
    return f"{plural(missing, 'run is', 'runs are')} missing. To go on: {resume_command(study)}"


def resume_command(study: Study) -> str:
    """Return the command that does what is missing of a study."""
    return shlex.join(["python", "run.py", "batch", str(study.folder)])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
