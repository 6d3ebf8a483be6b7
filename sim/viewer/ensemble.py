"""Many runs of one scenario, which grow while a single run is watched: a band of towns held, and each run's statistics.

One process in the background, of low priority, runs the seeds of all sessions in turns; it uses the engine alone. What
it has run is kept by the scenario's digest, so that sessions that watch the same scenario share it. A scenario that
nobody wants any more is left as it is; the process ends when nothing has been wanted for a while."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from queue import SimpleQueue
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np

from sim.study.executors import stay_with_parent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sim.engine.simulation import Result
    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario
    from sim.statistics.summary import Scalar

RUNS = 200
LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95
GROWTH = 1.1  # a band is drawn again when it has so many times the runs that it had
MOST_UNUSED = 16  # scenarios whose runs are kept, those wanted not counted
IDLE_SECONDS = 60.0
NICENESS = 15
MOST_LOSSES = 2  # of the process, without a run in between, until a scenario is given up
Curves = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class RunTotals:
    """What one whole run comes to."""

    towns: np.ndarray  # held on each morning by each faction, i2 [days + 1, F]
    statistics: dict[str, Scalar]  # of sim.statistics.summary, by key
    held: tuple[int, ...]  # days that each agreement held that the model signed and that ended


@dataclass(frozen=True, eq=False)
class Band:
    """Towns held over time in the runs there are so far, days + 1 mornings, and what each run comes to."""

    towns: dict[str, Curves]  # code -> 5 %, 50 % and 95 % of the runs, f8 [days + 1] each
    totals: tuple[RunTotals, ...]
    wanted: int

    @property
    def runs(self) -> int:
        """Runs in it so far."""
        return len(self.totals)


@dataclass(eq=False)
class _Job:
    """A scenario to run, and the runs done, by seed."""

    key: str
    codes: tuple[str, ...]
    payload: bytes  # scenario and geography, pickled
    wanted: int = 0  # runs
    asked: int = 0  # runs that the process has received
    holders: int = 0  # sessions that want it
    runs: dict[int, RunTotals] = field(default_factory=dict)
    losses: int = 0
    fault: str = ""
    band: Band | None = None

    @property
    def open(self) -> bool:
        """Whether there is something left to run."""
        return self.holders > 0 and not self.fault and len(self.runs) < self.wanted

    def grown(self) -> Band | None:
        """Return the band of the runs done, or of nearly as many; None without any."""
        done, previous = len(self.runs), 0 if self.band is None else self.band.runs
        if done > previous and (done >= GROWTH * previous or done >= self.wanted):
            totals = tuple(self.runs.values())
            low, middle, high = np.quantile(np.stack([run.towns for run in totals]), (LOW, MIDDLE, HIGH), axis=0)
            towns = {code: (low[:, f], middle[:, f], high[:, f]) for f, code in enumerate(self.codes)}
            self.band = Band(towns, totals, self.wanted)
        return self.band


class BandRequest:
    """What a session holds while it shows a band; `drop()`, or forgetting it, says that it is not wanted any more."""

    def __init__(self, bands: Bands, job: _Job) -> None:
        self._bands, self._job = bands, job
        self.drop = finalize(self, bands.dropped.append, job)
        self.drop.atexit = False

    @property
    def band(self) -> Band | None:
        """The band so far; None before the first run."""
        with self._bands.changed:
            return self._job.grown()

    @property
    def done(self) -> bool:
        """Whether it grows no more."""
        return not self._job.open

    @property
    def fault(self) -> str:
        """Why it cannot be computed, in words; "" if it can."""
        return self._job.fault

    def wait(self, runs: int, seconds: float) -> Band | None:
        """Return the band when it has so many runs, or grows no more, or so many seconds have passed."""
        with self._bands.changed:
            self._bands.changed.wait_for(lambda: len(self._job.runs) >= runs or self.done, seconds)
        return self.band


class Bands:
    """The bands of all sessions and the process that computes them."""

    def __init__(self, idle: float = IDLE_SECONDS, niceness: int = NICENESS) -> None:
        """`idle` is how many seconds the process waits for work before it ends, `niceness` how far it lets others go first."""
        self.changed = Condition()
        self.dropped: deque[_Job] = deque()  # filled whenever Python forgets a `BandRequest`, so without the lock
        self._idle, self._niceness = idle, niceness
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._process: Any = None
        self._outbox: SimpleQueue[tuple[Any, ...] | None] | None = None

    def want(self, scenario: Scenario, geography: Geography, runs: int = RUNS) -> BandRequest:
        """Ask for the band of a scenario of so many runs, seeds 1 and up; returns at once."""
        key = digest(scenario)
        with self.changed:
            self._settle()
            job = self._jobs.get(key)
            if job is None:
                codes = tuple(faction.code or name for name, faction in scenario.factions.items())
                job = self._jobs[key] = _Job(key, codes, pickle.dumps((scenario, geography)))
            job.wanted, job.holders = max(runs, job.wanted), job.holders + 1
            self._jobs.move_to_end(key)
            self._ask()
        return BandRequest(self, job)

    def close(self) -> None:
        """End the process; it starts again when something is wanted."""
        with self.changed:
            process = self._process
            self._forget_process()
        if process is not None:
            process.terminate()
            process.join()

    def _settle(self) -> None:
        """Take in what sessions want no more, and let go of the runs that have been out of use for longest."""
        while self.dropped:
            job = self.dropped.popleft()
            job.holders -= 1
            if job.holders == 0:
                job.asked = 0
                self._send(("drop", job.key))
        unused = [key for key, job in self._jobs.items() if job.holders == 0]
        for key in unused[: max(0, len(unused) - MOST_UNUSED)]:
            del self._jobs[key]

    def _ask(self) -> None:
        """Send the process all runs that it does not have yet."""
        for job in self._jobs.values():
            if job.open and job.asked < job.wanted:
                if self._outbox is None:
                    self._start()
                job.asked = job.wanted
                seeds = [seed for seed in range(1, job.wanted + 1) if seed not in job.runs]
                self._send(("run", job.key, job.payload, seeds))

    def _start(self) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._outbox = SimpleQueue()
        self._process = context.Process(
            target=_work, args=(theirs, self._idle, self._niceness), daemon=True, name="band"
        )
        self._process.start()
        theirs.close()
        for body, other in ((self._listen, self._process), (_post, self._outbox)):
            Thread(target=body, args=(ours, other), daemon=True, name="band").start()

    def _send(self, message: tuple[Any, ...]) -> None:
        if self._outbox is not None:
            self._outbox.put(message)

    def _forget_process(self) -> None:
        if self._outbox is not None:
            self._outbox.put(None)
        self._process = self._outbox = None
        for job in self._jobs.values():
            job.asked = 0

    def _listen(self, pipe: Connection, process: Any) -> None:
        """Take in runs until the process ends."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._take(*pipe.recv())
        process.join()
        self._ended(process)

    def _take(self, key: str, seed: int, totals: RunTotals | None, fault: str) -> None:
        with self.changed:
            job = self._jobs.get(key)
            if job is not None and totals is None:
                job.fault = fault
            elif job is not None and totals is not None:
                job.runs[seed], job.losses = totals, 0
            self._settle()
            self.changed.notify_all()

    def _ended(self, process: Any) -> None:
        """Start the process again if it ended with work to do, unless it does so repeatedly."""
        with self.changed:
            if self._process is not process:
                return  # closed on purpose
            self._forget_process()
            for job in [job for job in self._jobs.values() if job.open]:
                job.losses += 1
                if job.losses > MOST_LOSSES:
                    job.fault = "the process that computes the band ended unexpectedly"
            self._ask()
            self.changed.notify_all()


def _post(pipe: Connection, outbox: SimpleQueue[tuple[Any, ...] | None]) -> None:
    """Send what is put into a box until that is None; a process that has ended gets nothing more."""
    with contextlib.suppress(OSError):
        while (message := outbox.get()) is not None:
            pipe.send(message)


BANDS = Bands()


def band(scenario: Scenario, geography: Geography, runs: int = RUNS) -> BandRequest:
    """Ask the process shared by all sessions for the band of a scenario; returns at once, and the band grows."""
    return BANDS.want(scenario, geography, runs)


def digest(scenario: Scenario) -> str:
    """Return what stands for a scenario with all its values."""
    return sha256(scenario.model_dump_json().encode()).hexdigest()


def _work(pipe: Connection, idle: float, niceness: int = NICENESS) -> None:
    """Run the requests, one run of each scenario in turn; the body of the process."""
    stay_with_parent()
    if hasattr(os, "nice"):
        os.nice(niceness)
    asked: OrderedDict[str, tuple[Any, deque[int]]] = OrderedDict()
    with contextlib.suppress(EOFError, OSError):
        while True:
            for message in _messages(pipe, idle if not asked else 0.0):
                _note(asked, message)
            if not asked:
                return
            key, (case, seeds) = next(iter(asked.items()))
            asked.move_to_end(key)
            if not _one_run(pipe, key, case, seeds.popleft()) or not seeds:
                del asked[key]


def _messages(pipe: Connection, patience: float) -> Iterator[tuple[Any, ...]]:
    """Yield what has been sent, waiting so many seconds for the first."""
    while pipe.poll(patience):
        yield pipe.recv()
        patience = 0.0


def _note(asked: OrderedDict[str, tuple[Any, deque[int]]], message: tuple[Any, ...]) -> None:
    """Take in requests; the newest goes first."""
    asked.pop(message[1], None)
    if message[0] == "run" and message[3]:
        asked[message[1]] = (pickle.loads(message[2]), deque(message[3]))
        asked.move_to_end(message[1], last=False)


def _one_run(pipe: Connection, key: str, case: tuple[Scenario, Geography], seed: int) -> bool:
    """Run one seed and send what it comes to; False if that fails."""
    from sim.engine.simulation import simulate

    try:
        totals = totals_of(simulate(*case, seed))
    except Exception as error:  # any error: the page reports it and continues
        pipe.send((key, seed, None, f"seed {seed} of the band failed: {error}"))
        return False
    pipe.send((key, seed, totals, ""))
    return True


def totals_of(result: Result) -> RunTotals:
    """Return what a finished simulation comes to."""
    from sim.results.event_rows import watched
    from sim.results.tables import summary_tables
    from sim.statistics.summary import hold_of, summarise

    tables = summary_tables(result)
    days, censored = hold_of(tables["agreements"])
    return RunTotals(
        result.daily.faction["towns"].astype(np.int16),
        summarise(result.scenario, tables, watched(result.scenario, result.geography)),
        tuple(days[~censored].tolist()),
    )
