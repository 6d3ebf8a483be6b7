"""The state of a study in words: what is done, what failed and why, and how to go on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sim.record.lock import is_written
from sim.words import plural

if TYPE_CHECKING:
    from sim.study.store import Part, Study

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
        got = "reached" if precision["reached"] else "not reached"
        lines.append(
            f"A precision of {100 * precision['asked']:.3g} % was asked for, and {got} at {precision['replicates']} replicates."
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


def _unreadable(study: Study, files: Mapping[Part, Path]) -> list[str]:
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
