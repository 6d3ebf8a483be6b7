"""Run a study: missing runs in chunks on any executor, stored as they end, resumed, until precise if asked."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.engine.jit import source_hash
from sim.engine.simulation import Simulation
from sim.errors import Fault, InputError, deferred, signals_received
from sim.files import write_whole
from sim.geography.maps import carried_files, source_of
from sim.results.manifest import MANIFEST
from sim.results.write import Lock, note_of, sole_writer
from sim.study import manifest, stored_parts
from sim.study.executors import Workers, crew, died, lost
from sim.study.manifest import layout
from sim.study.status import deciding, highest, lacking_text, next_look, precisions
from sim.study.store import Study, write_csv
from sim.study.stored_parts import LEDGER, RunRange
from sim.study.worker import ChunkResult, Failure, OtherProgramError, RunTask, StudyContext, run_chunk
from sim.text import plural

if TYPE_CHECKING:
    from sim.study.plan import Plan

CHUNK_SECONDS = 1.5
LEAST_SECONDS = 0.3  # shorter chunks spend their time on files
SHARES = 4  # about so many chunks a worker are left when they get shorter, so that all end at about the same time
LOOK_SECONDS = 0.2  # between looks for a second signal while a stopped study waits for runs under way
MOST_DEATHS = 20  # workers dying one after the other: something is wrong with the machine, not with a run
work: Callable[[bytes, list[RunTask]], ChunkResult] = run_chunk


class Progress(NamedTuple):
    """How far a study is. `fresh` runs were made by this call in `seconds`; `note` is a sentence for the reader, or empty."""

    done: int
    failed: int
    planned: int
    fresh: int
    seconds: float
    note: str = ""


Report = Callable[[Progress], None]


def run_study(
    plan: Plan,
    out: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    until_precise: float | None = None,
    most: int | None = None,
    report: Report | None = None,
    precise_on: Sequence[str] = (),
) -> Path:
    """Run a study, or its missing runs, in the folder `out`/`plan.name` and return that folder.

    Completed runs are kept after Ctrl-C; the same call resumes the study.

    Args:
        plan: the study's runs.
        out: the folder of all results.
        workers: number of processes; all cores if None; 1 runs in this process.
        scheduler: address of a Dask scheduler, used instead of processes.
        precise_on: statistics that `until_precise` looks at; the headline if none.
        until_precise: continue beyond the plan's replicates until the 95 % half-width of each headline statistic is below this
            share of its mean.
        most: the largest number of replicates for `until_precise`; `sim.study.status.highest` gives it if None.
        report: called with the progress after each chunk of runs.

    Raises:
        InputError: if the folder holds another study, or results cannot be written.

    Example:
        >>> from pathlib import Path
        >>> from sim.study.plan import make_plan, of_files
        >>> from sim.study.runner import run_study
        >>> from sim.study.store import Study
        >>> plan = make_plan(of_files([Path("two_valleys")], replicates=4))
        >>> Study.open(run_study(plan, Path("outputs"), workers=1))
        <Study two_valleys, 4 of 4 runs, outputs/two_valleys>
    """
    folder = out / plan.name
    with closing(crew(workers, scheduler)) as hands, _errors_of_writing(folder), sole_writer(folder, "study") as lock:
        session = RunnerState.begin(plan, folder, lock, report)
        try:
            session.report_progress(". ".join(filter(None, (note_of(lock), session.note))))
            session.until(plan.replicates, hands, until_precise, most, precise_on)
        finally:
            with deferred():
                session.close()
    return folder


@contextmanager
def _errors_of_writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = (
            f"could not be written to: {error.strerror or error}; completed runs are kept, repeat the command to resume"
        )
        raise InputError([Fault(str(folder), None, "", message)]) from error


@dataclass
class RunnerState:
    """One call of `run_study`: what is known of the folder, and what is in flight."""

    plan: Plan
    folder: Path
    manifest: dict[str, Any]
    packed: bytes
    lock: Lock
    report: Report | None
    done: int = 0
    failed: int = 0
    fresh: int = 0
    deaths: int = 0  # one after the other
    run_seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)
    flying: dict[Future[ChunkResult], RunRange] = field(default_factory=dict)
    doubtful: deque[RunRange] = field(default_factory=deque)  # to be done with nothing else in flight
    note: str = ""  # about the folder as it was at the start
    broken: bool = False  # a worker has died
    alone: bool = False  # what is in flight is in flight alone

    @classmethod
    def begin(cls, plan: Plan, folder: Path, lock: Lock, report: Report | None) -> RunnerState:
        """Look at the folder, write what says which study it is, and clear away what an interruption left."""
        program = source_hash()
        old = _manifest_of(folder)
        if old is not None:
            manifest.same_study(old, plan, program, folder)
        models = {name: loaded.scenario for name, loaded in plan.scenarios.items()}
        first = next(iter(models))
        geography = plan.maps.get(first) or plan.geography
        chosen = layout(models, geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
        new_manifest = manifest.make_study_manifest(plan, chosen, program, old["started"] if old else None)
        session = cls(
            plan,
            folder,
            new_manifest,
            StudyContext(program, models, chosen, source_of(plan.geography), plan.maps).packed(),
            lock,
            report,
        )
        session._open()
        return session

    def _open(self) -> None:
        stored_parts.tidy(self.folder)
        unreadable = stored_parts.damaged(self.folder, stored_parts.parts_of(self.folder), self.manifest["tables"])
        for part in unreadable:
            stored_parts.set_aside(self.folder, part)
        if unreadable:
            stored_parts.tidy(self.folder)
            runs = sum(part.last - part.first + 1 for part in unreadable)
            aside, file = self.folder / stored_parts.ASIDE, next(iter(unreadable.values()))
            self.note = f"{plural(runs, 'run')} cannot be read ({file} and others); set aside in {aside}, made again"
        for part in stored_parts.overlapping(stored_parts.parts_of(self.folder)):
            stored_parts.drop_part(
                self.folder, part
            )  # two writers made its runs; those that no other part has are made again
        for part in stored_parts.parts_of(self.folder):
            rows = stored_parts.read_failures(self.folder / LEDGER / f"{part.name}.json")
            if any(row["stage"] == stored_parts.DIED for row in rows):
                stored_parts.drop_part(self.folder, part)  # may have been the machine's fault: tried again
                continue
            self.failed += len(rows)
            self.done += part.last - part.first + 1 - len(rows)
        self.manifest["session"]["done"] = self.done + self.failed
        self.plan_for(self.plan.replicates)

    def plan_for(self, replicates: int) -> None:
        """Note in the folder that so many replicates are wanted, or as many as are there already."""
        self.plan = self.plan.extended(replicates)
        number = len(self.plan.scenarios)
        there = max((part.last // number + 1 for part in stored_parts.parts_of(self.folder)), default=0)
        total_replicates = max(replicates, there)
        self.plan = self.plan.extended(total_replicates)
        self.manifest |= {"replicates": total_replicates, "planned": total_replicates * number}
        manifest.write_manifest(self.folder, self.manifest)
        for name, text in self.plan.files().items():
            write_whole(self.folder / name, text.encode())
        for name, content in carried_files(self.plan.geography).items():
            write_whole(self.folder / name, content)

    def report_progress(self, note: str = "") -> None:
        """Tell how far the study is."""
        if self.report is None:
            return
        spent = time.monotonic() - self.began
        with suppress(OSError) if signals_received() else nullcontext():  # the terminal may have been closed
            self.report(Progress(self.done, self.failed, self.manifest["planned"], self.fresh, spent, note))

    def until(
        self, replicates: int, hands: Workers, share: float | None, most: int | None, names: Sequence[str] = ()
    ) -> None:
        """Do all runs of so many replicates, and of more until the headline statistics are as precise as asked for."""
        if share is None:
            self.run_missing(self.manifest["planned"], hands)
            return
        last = most or highest(share, replicates)
        target = min(replicates, last)
        names = names or self.plan.definition.headline
        while self._lacks(target, last, share, hands, names) and target < last:
            target = next_look(target, last)

    def _lacks(self, target: int, last: int, share: float, hands: Workers, names: Sequence[str]) -> bool:
        """Do all runs of so many replicates; return whether a statistic that decides is less precise than asked for, and report."""
        self.plan_for(target)
        self.run_missing(target * len(self.plan.scenarios), hands)
        runs = Study.open(self.folder).runs
        known = precisions(runs[runs["replicate"] < target], names)
        lacks = any(precision.share >= share for precision in deciding(known))
        self.manifest["precision"] = {"asked": share, "most": last, "reached": not lacks, "replicates": target}
        if known:
            going_on = (
                f"; going on to {plural(next_look(target, last), 'replicate')}" if lacks and target < last else ""
            )
            self.report_progress(f"after {plural(target, 'replicate')} {lacking_text(known, share)}{going_on}")
        return lacks

    def run_missing(self, runs: int, hands: Workers) -> None:
        """Do what is missing of the first so many runs."""
        pieces = self._pieces(runs, hands)
        try:
            while self._fill(pieces, hands):
                for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                    self._settle(self.flying.pop(future), future)
        except KeyboardInterrupt:
            with deferred():
                self._drain(hands)
            raise

    def _pieces(self, runs: int, hands: Workers) -> Iterator[RunRange]:
        """Cut what is missing into chunks of a second or two, by whole replicates where nothing is in between."""
        number = len(self.plan.scenarios)
        missing = list(stored_parts.gaps(stored_parts.parts_of(self.folder), runs))
        left = sum(gap.last - gap.first + 1 for gap in missing)
        if missing and not self.run_seconds:
            self._warm(missing[0].first)
        for gap in missing:
            first = gap.first
            while first <= gap.last:
                size = number * self._replicates_of_chunk(left / number / hands.size)
                last = min(gap.last, first - first % number + size - 1)
                yield RunRange(first, last)
                left -= last - first + 1
                first = last + 1

    def _replicates_of_chunk(self, left: float) -> int:
        """Return how many replicates make a chunk, where each worker has so many left: shorter chunks at the end."""
        replicate_seconds = self.run_seconds * len(self.plan.scenarios)
        return max(
            1, round(min(CHUNK_SECONDS / replicate_seconds, max(LEAST_SECONDS / replicate_seconds, left / SHARES)))
        )

    def _warm(self, position: int) -> None:
        """Compile the rules before many processes would, and see how long a run takes."""
        task = self._tasks(RunRange(position, position))[0]
        scenario = self.plan.scenarios[task.scenario].scenario
        try:
            geography = self.plan.maps.get(task.scenario) or self.plan.geography
            Simulation(scenario, geography, task.seed, task.values).step()
        except Exception:  # the run itself will say what is wrong
            self.run_seconds = CHUNK_SECONDS / 10
            return
        self.run_seconds = max(run_chunk(self.packed, [task]).seconds, 1e-4)

    def _tasks(self, part: RunRange) -> list[RunTask]:
        names = list(self.plan.scenarios)
        positions = range(part.first, part.last + 1)
        return [
            RunTask.of(self.plan.job(names[position % len(names)], position // len(names))) for position in positions
        ]

    def _fill(self, pieces: Iterator[RunRange], hands: Workers) -> bool:
        """Hand over chunks until enough are in flight, doubtful ones each by itself; return whether any is in flight."""
        if (self.broken or self.doubtful) and self.flying:
            return True
        if self.broken:
            hands.mend()
            self.broken = False
        self.alone = bool(self.doubtful)
        if self.alone:
            self._submit(self.doubtful.popleft(), hands)
        while not self.alone and len(self.flying) < hands.depth and (part := next(pieces, None)) is not None:
            self._submit(part, hands)
        return bool(self.flying)

    def _submit(self, part: RunRange, hands: Workers) -> None:
        self.flying[hands.submit(work, self.packed, self._tasks(part))] = part

    def _settle(self, part: RunRange, future: Future[ChunkResult]) -> None:
        """Store a chunk that came back; what is to be done again is put among the doubtful."""
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self.deaths = 0
            self._store(part, future.result())
        elif isinstance(error, OtherProgramError):
            raise self._stop(str(error))
        elif lost(error):
            raise self._stop("the cluster is gone; completed runs are kept, repeat the command to resume")
        elif died(error) and not self.alone:
            self.broken = True
            self.doubtful.append(part)  # it, or another in flight at the time
        elif part.first < part.last:
            self.broken |= died(error)
            self.doubtful.extendleft(RunRange(position, position) for position in range(part.last, part.first - 1, -1))
        elif died(error):
            self.broken = True
            self._died(part, error)
        else:
            task, words = self._tasks(part)[0], "".join(traceback.format_exception(error))
            message = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            self._fail(part, Failure(task.scenario, task.replicate, task.seed, "writing its tables", message, words))

    def _died(self, part: RunRange, error: BaseException) -> None:
        """Put a run in which a worker died, with nothing else in flight, into the ledger."""
        self.deaths += 1
        self._fail(part, stored_parts.died(self._tasks(part)[0], type(error).__name__))
        if self.deaths >= MOST_DEATHS:
            raise self._stop(
                f"workers died in {plural(self.deaths, 'run')} one after the other; completed runs are kept"
            )

    def _stop(self, words: str) -> InputError:
        return InputError([Fault(str(self.folder), None, "", words)])

    def _fail(self, part: RunRange, failure: Failure) -> None:
        self._store(part, run_chunk(self.packed, [])._replace(failures=[failure]))

    def _store(self, part: RunRange, done: ChunkResult) -> None:
        rows = [stored_parts.entry(self.folder, failure) for failure in done.failures]
        self._still_there()
        stored_parts.write_part(self.folder, part, done, rows)
        self._still_there()
        runs = part.last - part.first + 1
        self.failed += len(rows)
        self.done += runs - len(rows)
        self.fresh += runs
        if done.seconds:
            self.run_seconds = done.seconds / runs
        self.report_progress()

    def _still_there(self) -> None:
        """Raise InputError if the folder was removed meanwhile, or another process has taken it over."""
        if not self.lock.held() and self.lock.file.exists():
            raise self._stop("another process has taken over this study, as this one was silent for minutes")
        if not (self.folder / MANIFEST).exists():
            raise self._stop("was removed, or its manifest.json, while the study was running; nothing more is written")

    def _drain(self, hands: Workers) -> None:
        """After Ctrl-C or SIGTERM: drop what has not begun, and store what was being done. A second signal ends the waiting."""
        waiting, self.flying = self.flying, {}
        running = {future for future in waiting if not future.cancel()}
        signals = signals_received()
        while running and signals_received() == signals:
            done, running = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                if not future.cancelled() and future.exception() is None:
                    self._store(waiting[future], future.result())
        if running:
            hands.kill()

    def close(self) -> None:
        """Write the tables as CSV; in the manifest whether all is done, and then the sums of all files. Nothing if they are gone."""
        if not (self.folder / MANIFEST).exists():
            return
        study = Study.open(self.folder)
        for note in write_csv(study):
            self.report_progress(note)
        finished = not study.partial
        self.manifest["finished"] = manifest.now() if finished else None
        self.manifest["session"] = None
        self.manifest["outputs"] = stored_parts.sums(self.folder) if finished else None
        manifest.write_manifest(self.folder, self.manifest)


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a study's folder; None for a new one. InputError where it holds something else."""
    if (folder / MANIFEST).exists():
        return manifest.read_study_manifest(folder)
    strange = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    if strange:
        message = f"is not empty and holds no study ({strange[0]}); take another folder with --out"
        raise InputError([Fault(str(folder), None, "", message)])
    return None


__all__ = ["Progress", "RunnerState", "run_study"]
