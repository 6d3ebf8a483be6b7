"""What a study will take, before it is begun: time and disk, from some of its own runs measured now, on this machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sim.engine.jit import source_hash
from sim.errors import Fault, InputError
from sim.geography.maps import load_map
from sim.study.executors import cores
from sim.study.plan import Plan
from sim.study.tables import layout
from sim.study.worker import Done, Kit, Task, run_chunk

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
    kit = Kit(source_hash(), scenarios, tables).packed()
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


def _measured(plan: Plan, kit: bytes, count: int) -> Done:
    tasks = [Task.of(job) for job in islice(plan.jobs(), count)]
    done = run_chunk(kit, tasks)
    if len(done.failures) == len(tasks):
        first = done.failures[0]
        said = f"every run that was tried failed, the first at {first.stage}: {first.error}"
        raise InputError([Fault(plan.name, None, "", said)])
    return done


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free where a folder is, or would be made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free
