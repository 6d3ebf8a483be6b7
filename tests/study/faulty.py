"""Workers that fail or die, for tests: functions that a process of its own can import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sim.study.worker import ChunkResult, RunTask, run_chunk

BAD = ("other", 3)


def _bad(task: RunTask) -> bool:
    return (task.scenario, task.replicate) == BAD


def dies(packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """As run_chunk, but the process ends at one run, always."""
    if any(map(_bad, tasks)):
        os._exit(9)
    return run_chunk(packed, tasks)


def dies_once(mark: Path, packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """As run_chunk, but the process that comes first to one run ends; the file `mark` remembers it."""
    if any(map(_bad, tasks)) and not mark.exists():
        mark.write_text("died", encoding="utf-8")
        os._exit(9)
    return run_chunk(packed, tasks)


def dies_everywhere(packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """End the process."""
    os._exit(9)


def wrong_values(packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """As run_chunk, but one run is given an input that there is not."""
    return run_chunk(packed, [task._replace(values={"no.such": 1.0}) if _bad(task) else task for task in tasks])


def spoiled(packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """As run_chunk, but a chunk with one run in it fails as a whole."""
    if any(map(_bad, tasks)):
        raise MemoryError("no room for the tables")
    return run_chunk(packed, tasks)


def only_in(process: int, item: int) -> int:
    """Return the item in one process; in all others end."""
    if os.getpid() != process:
        os._exit(9)
    return item
