"""Timing on a shared machine: things are measured in turn, again and again, and the quick turns are believed.

Noise only ever adds time, so the least of many turns is the best estimate of what the work itself takes; the median says
what one meets. A ratio is that of two things measured in the same turns.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sim.engine.draws import uniform
from sim.engine.jit import compiled


@dataclass(frozen=True)
class Figure:
    """One measured number. `spread` is the interquartile range over turns, as a share of the median; `goal` in words."""

    part: str
    name: str
    value: float
    unit: str
    turns: int = 1
    spread: float | None = None
    goal: str = ""
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the seconds that this thread computes during some work; time lost to other programs is not in it."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


@compiled
def _draws(number):
    total = 0.0
    for i in range(number):
        total += uniform(1, 1, i, 12345)
    return total


def yardstick() -> float:
    """Return nanoseconds of a keyed draw of the engine: always the same work, so it says how fast the machine is now."""
    number = 100_000
    _draws(number)
    return round(min(cpu_seconds(lambda: _draws(number)) for _turn in range(5)) / number * 1e9, 2)


def in_turn(works: Mapping[str, Callable[[], float]], turns: int) -> dict[str, list[float]]:
    """Call each work once a turn, in the order given, and return what each said by turn: its seconds, as a rule."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _turn in range(turns):
        for name, work in works.items():
            gc.collect()
            found[name].append(work())
    return found


def spread(values: list[float]) -> float | None:
    """Return the interquartile range as a share of the median; None for fewer than four values."""
    if len(values) < 4:
        return None
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / middle if middle else None


def ratio(slow: list[float], fast: list[float]) -> tuple[float, float | None]:
    """Return the median over turns of one time over another, and its spread."""
    each = [a / b for a, b in zip(slow, fast, strict=True)]
    return statistics.median(each), spread(each)


def figure(part: str, name: str, values: list[float], unit: str, scale: float = 1.0, **more: Any) -> Figure:
    """Return the least of some values, times `scale`, with their spread."""
    return Figure(part, name, min(values) * scale, unit, len(values), spread(values), **more)


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, versions, and how busy the machine is."""
    from importlib.metadata import version

    kit = {name: version(name) for name in ("mesa", "numba", "numpy", "pandas", "pyarrow", "matplotlib")}
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": kit,
        "load_average": load_average(),
    }


def load_average() -> list[float] | None:
    """Return the load average over 1, 5 and 15 minutes, where the system tells it."""
    return [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None


def processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
