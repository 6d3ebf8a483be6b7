"""The ledger: which runs failed, at which stage and why, and the command that makes each of them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """Return the rows of a file of the ledger; none where it is not there."""
    if not file.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found
