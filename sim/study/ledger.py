"""The ledger: which runs failed, at which stage and why, and the command that makes each of them again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.scenario.write import number_text

if TYPE_CHECKING:
    from sim.study.worker import Failure, Task

FAILURE_COLUMNS = ("scenario", "replicate", "seed", "stage", "error", "command", "traceback")
DIED = "the process of the run ended"


def repeat_command(folder: Path, scenario: str, seed: int, values: Mapping[str, float]) -> str:
    """Return the command that makes one run of a study again, to the last digit; `values` are its drawn inputs."""
    words = ["python", "run.py", "run", str(folder / "scenarios" / f"{scenario}.yaml"), "--seed", str(seed)]
    for path, value in values.items():
        words += ["--set", f"{path}={number_text(value)}"]
    return shlex.join(words)


def entry(folder: Path, failure: Failure, values: Mapping[str, float]) -> dict[str, Any]:
    """Return the row of the ledger of a run that failed."""
    command = repeat_command(folder, failure.scenario, failure.seed, values)
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
