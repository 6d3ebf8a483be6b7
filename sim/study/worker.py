"""What a worker does: some runs, one after another, into tables as Parquet; and what all runs of a study take, by some of them.

A worker needs no file of the study: scenarios come with the task, tables go back as bytes, so that machines of a cluster
need not share a disk. Neither Mesa, pandas, scipy nor matplotlib is imported here.
"""

from __future__ import annotations

import io
import pickle
import shutil
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.engine.jit import source_hash
from sim.engine.kinds import CLASH, EVENT_KINDS
from sim.engine.setup import recycle
from sim.engine.simulation import Result, simulate
from sim.errors import Fault, InputError
from sim.geography.maps import Geography, MapSource, load_map, source_of
from sim.results import tables as result_tables
from sim.results.event_rows import array, codes_of, log_of, named, towns, watched
from sim.scenario.schema import Scenario
from sim.statistics.summary import summarise
from sim.study.executors import cores
from sim.study.manifest import Layout, layout
from sim.study.stored_parts import Coded, parquet

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.plan import Job, Plan

MEASURE_SECONDS = 2.0  # of runs in all; a chunk of a study is about as long
MOST_RUNS = 400  # made for an estimate

Values = dict[str, np.ndarray]


class RunTask(NamedTuple):
    """One run as a worker is told of it. `inputs` are the columns `input:<path>` of the table of runs."""

    scenario: str
    replicate: int
    seed: int
    values: dict[str, float]
    inputs: dict[str, float]

    @classmethod
    def of(cls, job: Job) -> RunTask:
        """Return a job of a plan as a worker is told of it."""
        return cls(job.scenario, job.replicate, job.seed, job.values, job.inputs)


class Failure(NamedTuple):
    """A run that failed: at which stage, with what error."""

    scenario: str
    replicate: int
    seed: int
    stage: str
    error: str
    traceback: str


class ChunkResult(NamedTuple):
    """What came of some runs: each table as the bytes of a Parquet file, the runs that failed, seconds of work."""

    tables: dict[str, bytes]
    failures: list[Failure]
    seconds: float


@dataclass(frozen=True, eq=False)
class StudyContext:
    """What all runs of a study share. `program` is the hash of the code that simulates."""

    program: str
    scenarios: dict[str, Scenario]
    layout: Layout
    source: MapSource  # of the map
    maps: dict[str, Geography] = field(default_factory=dict)  # in place of it, by scenario

    def map_of(self, scenario: str) -> Geography:
        """Return the map of a scenario: its own, else the study's."""
        return self.maps.get(scenario) or kept_map(self.source)

    def packed(self) -> bytes:
        """Return the kit as bytes to send."""
        return pickle.dumps(self)


class OtherProgramError(RuntimeError):
    """This worker runs other code than the one that began the study."""


@lru_cache(maxsize=2)
def _kit(packed: bytes) -> StudyContext:
    """Return the kit of some bytes; unpacked once in each process."""
    kit: StudyContext = pickle.loads(packed)
    check_program(kit.program)
    return kit


def check_program(program: str) -> None:
    """Raise OtherProgramError where this process runs other code than the one that sent it work."""
    if program != source_hash():
        raise OtherProgramError("a worker has another version of the program, of Python or of numba than this process")


@lru_cache(maxsize=4)
def kept_map(source: MapSource) -> Geography:
    """Return a map from its folder, on a machine without that folder by its name; read once in each process.

    OtherProgramError if its tables are not those of the process that sends the work.
    """
    geography = load_map(source.folder if source.folder.is_dir() else source.name)
    if source_of(geography).tables != source.tables:
        raise OtherProgramError(f"a worker has another map {source.name!r} than this process")
    return geography


@dataclass
class TableBuffer:
    """The rows of a chunk in the making: for each table the columns of each run, and the rows that each run has."""

    layout: Layout
    columns: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    tasks: list[RunTask] = field(default_factory=list)

    def add(self, task: RunTask, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Append the tables of one run."""
        self.tasks.append(task)
        for name in self.layout.tables:
            self.columns.setdefault(name, []).append(tables[name])

    def closed(self) -> dict[str, bytes]:
        """Return each table as the bytes of a Parquet file."""
        keys = [(task.scenario, task.replicate) for task in self.tasks]
        return {name: parquet(kinds, keys, self.columns.get(name, [])) for name, kinds in self.layout.tables.items()}


def run_chunk(packed: bytes, tasks: Sequence[RunTask]) -> ChunkResult:
    """Simulate some runs and return their tables. A run that fails is reported, the others are as if it was not there."""
    began = time.perf_counter()
    kit = _kit(packed)
    books, failures = TableBuffer(kit.layout), []
    for task in tasks:
        stage = ["setting up"]
        try:
            books.add(task, run_tables(kit, task, stage))
        except Exception as error:
            message = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            words = "".join(traceback.format_exception(error))
            failures.append(Failure(task.scenario, task.replicate, task.seed, stage[0], message, words))
    return ChunkResult(books.closed(), failures, time.perf_counter() - began)


def run_tables(kit: StudyContext, task: RunTask, stage: list[str]) -> dict[str, Mapping[str, Any]]:
    """Return the rows that one run adds to each table; `stage[0]` says all the while what is being done."""
    began = time.perf_counter()
    scenario = kit.scenarios[task.scenario]
    geography = kit.map_of(task.scenario)
    stage[0] = "simulating"
    result = simulate(scenario, geography, task.seed, task.values)
    stage[0] = "extracting tables"
    tables = _extracted(result, kit.layout)
    recycle(result.world)
    stage[0] = "summing up"
    summary = summarise(scenario, tables, watched(scenario, geography))
    inputs = {f"input:{path}": value for path, value in task.inputs.items()}
    spent = time.perf_counter() - began
    runs = {"seed": task.seed, **inputs, **summary, "seconds": spent}
    return {**tables, "runs": {name: [value] for name, value in runs.items()}}


def _extracted(result: Result, layout: Layout) -> dict[str, dict[str, Any]]:
    """Return the tables of a finished simulation that the summary and the study need."""
    control = result_tables.control_index(result)
    changes = result_tables.changes(result, control)
    summed = result_tables.summary_tables(result, control, changes)
    tables: dict[str, dict[str, Any]] = {
        **summed,
        "agreements": _agreements(result, summed["agreements"]),
        "control": _control(result, control, layout.mornings(result.days)),
        "changes": _changes(result, changes),
        "first_clashes": _first_clashes(result),
    }
    if "events" in layout.tables:
        tables["events"] = result_tables.events(result)
    if "reported" in layout.tables:
        tables["reported"] = result_tables.events_reported(result)
    return tables


def _agreements(result: Result, table: Values) -> Values:
    """Return the table of agreements with the faction that broke each and the kind of event that ended it."""
    short = dict(zip(result.factions, codes_of(result), strict=True))
    of_group = {g: short[name] for name, faction in result.scenario.factions.items() for g in faction.groups}
    breakers = np.array([of_group.get(group, "") for group in table["broken_by"]], dtype=object)
    ended = result_tables.whole_agreements(result)[0]["ended_event"]
    kinds = np.append(log_of(result)["kind"], len(EVENT_KINDS))  # an agreement in force is ended by none
    return {**table, "broken_by_faction": breakers, "cause_kind": named(kinds[ended], EVENT_KINDS)}


def _control(result: Result, control: result_tables.Control, mornings: list[int]) -> dict[str, Any]:
    """Return who holds each town on some mornings, a row a morning and town."""
    index, codes = control
    names = towns(result)
    return {
        "day": np.repeat(mornings, len(names)),
        "town": Coded(np.tile(np.arange(len(names)), len(mornings)), names),
        "code": Coded(index[mornings].ravel(), tuple(codes)),
    }


def _changes(result: Result, changes: result_tables.Changes) -> Values:
    """Return the changes of holder, each with the kinds of event that led to it."""
    log = log_of(result)
    causes, kinds = log["cause"].tolist(), named(log["kind"], EVENT_KINDS).tolist()
    return {
        "day": changes.day,
        "town": named(changes.town, towns(result)),
        "from": changes.before,
        "to": changes.after,
        "how": array(changes.how),
        "path": array([path_of(row, causes, kinds) for row in changes.events]),
    }


def _first_clashes(result: Result) -> dict[str, Any]:
    """Return the first day with a clash among rebels of each town that has one: a row a town."""
    log, factions = log_of(result), result.scenario.factions
    rebel = np.array([factions[name].role == "rebel" for name in result.factions] + [False])  # row -1 is nobody
    first, second = log["initiator"], log["target"]
    rows = log[(log["kind"] == CLASH) & (log["town"] >= 0) & rebel[first] & rebel[second] & (first != second)]
    town, at = np.unique(rows["town"], return_index=True)  # rows are in order of time
    return {"day": rows["day"][at], "town": Coded(town, towns(result))}


def path_of(row: int, causes: Sequence[int], kinds: Sequence[str]) -> str:
    """Return the kinds of event from the first cause to an event, "base_attempt > refused > clash > capture".

    Consecutive days of one kind are named once. Empty for row -1.
    """
    path: list[str] = []
    while row >= 0:
        if not path or path[-1] != kinds[row]:
            path.append(kinds[row])
        row = causes[row] if causes[row] < row else -1
    return " > ".join(reversed(path))


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
    scenarios, kit = plan.scenarios, _packed(plan)
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


def pilot_runs(plan: Plan, replicates: int) -> pd.DataFrame:
    """Make so many replicates of a plan in this process, and return their table of runs; nothing is kept."""
    import pandas as pd

    done = _measured(plan.extended(replicates), _packed(plan), replicates * len(plan.scenarios))
    return pd.read_parquet(io.BytesIO(done.tables["runs"]))


def _packed(plan: Plan) -> bytes:
    """Return what all runs of a plan share, as workers take it."""
    scenarios = {name: loaded.scenario for name, loaded in plan.scenarios.items()}
    tables = layout(scenarios, plan.geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
    return StudyContext(source_hash(), scenarios, tables, source_of(plan.geography)).packed()


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
