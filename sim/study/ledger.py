"""The ledger: which runs failed, at which stage and why, and the command that makes each of them again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError
from sim.study.one import one_command

if TYPE_CHECKING:
    from sim.study.worker import Failure, Task

FAILURE_COLUMNS = ("scenario", "replicate", "seed", "stage", "error", "command", "traceback")
DIED = "the process of the run ended"


def entry(folder: Path, failure: Failure) -> dict[str, Any]:
    """Return the row of the ledger of a run that failed."""
    command = one_command("run", folder, failure.scenario, failure.replicate)
    return {name: command if name == "command" else getattr(failure, name) for name in FAILURE_COLUMNS}


def died(task: Task, error: str) -> Failure:
    """Return the failure of a run whose process ended twice."""
    from sim.study.worker import Failure

    said = f"the worker process ended while it was alone with this run: out of memory, killed, or a crash ({error})"
    return Failure(task.scenario, task.replicate, task.seed, DIED, said, "")


def read_failures(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of the ledger; none if it is not there. InputError if it is damaged."""
    if not os.path.lexists(file):
        return []
    try:
        rows = json.loads(file.read_bytes().decode("utf-8"))
        if not (isinstance(rows, list) and all(isinstance(row, dict) and {*FAILURE_COLUMNS} <= {*row} for row in rows)):
            raise ValueError("is not a list of failed runs")
    except (OSError, ValueError, RecursionError) as error:
        words = f"cannot be read: {error}; `python run.py batch` of the study's folder makes its runs again"
        raise InputError([Fault(str(file), None, "", words)]) from error
    return rows
