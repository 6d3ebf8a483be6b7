"""Write results to a folder of their own: whole or not at all, never over anything, and one writer at a time.

Locks of the system do not exist on some shared disks, or do not hold between machines. A lock here is a small file, made by
filelock's SoftFileLock, that names the process and the host of its writer. The writer touches it every few seconds. The
lock of a process that has ended is taken over: at once on the same host, elsewhere after it was not touched for minutes.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from csv import writer
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import SoftFileLock, Timeout

from sim.errors import Fault, InputError, deferred
from sim.geography.maps import carried_files
from sim.results.columns import FILES, SUMMARY
from sim.results.manifest import MANIFEST, hashes, make_manifest, manifest_text
from sim.results.run import Run, csv_text, slug
from sim.scenario.show import show
from sim.statistics.summary import STATISTICS, base_name, label

WRITER = ".writer"  # the lock's file in a folder
TOUCH_SECONDS = 10
STALE_SECONDS = 300  # more than any cache of attributes of a shared disk, and a few missed touches
WAIT_SECONDS = 0.3  # filelock may need two looks to take a lock over


class Owner(NamedTuple):
    """The writer that a lock names; pid 0 if it cannot be read."""

    pid: int
    host: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.pid else "an unknown process"


class HeldError(Exception):
    """Another process holds a lock."""

    def __init__(self, file: Path, owner: Owner) -> None:
        super().__init__(f"{owner}; if it has ended, remove {file}")


class Lock:
    """The lock of one file, to be acquired and released once. `taken_over` names the ended owner it was taken from."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.taken_over: Owner | None = None
        self._lock = SoftFileLock(file, timeout=WAIT_SECONDS)
        self._text = b""
        self._released = threading.Event()

    def acquire(self) -> None:
        """Take the lock; HeldError if a writer holds it, OSError if its file cannot be written."""
        before = _owner(self.file)
        try:
            self._lock.acquire()
        except Timeout:
            if not _abandoned(self.file):
                raise HeldError(self.file, _owner(self.file) or Owner(0, "")) from None
            self._break()
        self.taken_over = before
        self._text = self.file.read_bytes()
        threading.Thread(target=self._touch, daemon=True).start()

    def _break(self) -> None:
        """Take over an abandoned lock; of two processes that try, one succeeds."""
        text = self.file.read_bytes()
        aside = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        with suppress(FileNotFoundError):
            self.file.rename(aside)
            if aside.read_bytes() != text:  # another process has taken over meanwhile: give it back
                aside.rename(self.file)
            aside.unlink(missing_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise HeldError(self.file, _owner(self.file) or Owner(0, "")) from None

    def _touch(self) -> None:
        while not self._released.wait(TOUCH_SECONDS):
            with suppress(OSError):
                if self.held():
                    os.utime(self.file)

    def held(self) -> bool:
        """Return whether the lock is still this process's: not removed, not taken over."""
        try:
            return self.file.read_bytes() == self._text
        except OSError:
            return False

    def release(self) -> None:
        """Give the lock back; a lock that another process has taken over is left alone."""
        self._released.set()
        if self.held() or not self.file.exists():
            with suppress(OSError):
                self._lock.release(force=True)


def _owner(file: Path) -> Owner | None:
    """Return the writer that a lock's file names, None if there is no such file."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError:
        return Owner(0, "")
    named = len(lines) > 1 and lines[0].isascii() and lines[0].isdigit()
    return Owner(int(lines[0]), lines[1].partition("?")[0]) if named else Owner(0, "")


def _abandoned(file: Path) -> bool:
    """Return whether the owner of a lock has not touched it for long, and is no live process of this host."""
    owner = _owner(file)
    if owner is None:
        return False  # just released
    if owner.host == socket.gethostname() and _lives(owner.pid):
        return False
    with tempfile.TemporaryFile(dir=file.parent) as probe:  # the disk's clock, which may not be this host's
        now = os.fstat(probe.fileno()).st_mtime
    with suppress(FileNotFoundError):
        return now - file.stat().st_mtime > STALE_SECONDS
    return False


def _lives(pid: int) -> bool:
    """Return whether a process of this host exists and has not ended, as one that nobody has waited for.

    False on Windows, which does not tell without harm: how long its lock was not touched decides there.
    """
    if os.name != "posix":
        return False
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True


def is_written(folder: Path) -> bool:
    """Return whether a live process holds the lock of a folder's one writer; the lock is only read."""
    file = folder / WRITER
    owner = _owner(file)
    if owner is None:
        return False
    if owner.host == socket.gethostname() and os.name == "posix":
        return _lives(owner.pid)
    with suppress(OSError):
        return time.time() - file.stat().st_mtime < STALE_SECONDS
    return False


@contextmanager
def sole_writer(folder: Path, what: str) -> Iterator[Lock]:
    """Be the one process that writes to a folder, which is made if it is not there; InputError if another one is writing.

    `what` is the sort of work, as "study".
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / WRITER)
    try:
        with deferred():
            lock.acquire()
        yield lock
    except HeldError as error:
        words = f"another process is running this {what}: {error}"
        raise InputError([Fault(str(folder), None, "", words)]) from None
    finally:
        with deferred():
            lock.release()


def note_of(lock: Lock) -> str:
    """Return the line that reports from whom a lock was taken over; empty if it was free."""
    return f"a lock left behind by {lock.taken_over}, which has ended, was taken over" if lock.taken_over else ""


Draw = Callable[[Run, Path], Any]
MOST_NAMES = 10_000


def write(
    run: Run,
    out: str | Path,
    draw: Draw | None = None,
    command: Sequence[str] | None = None,
    started: datetime | None = None,
) -> Path:
    """Write a run to a new folder inside `out` and return the folder.

    The folder is `<name>-seed<N>`, or `<name>-<label>-seed<N>`; -2, -3, ... is added if the name is taken. The files are written to
    a hidden folder, which is renamed when it is complete and removed on failure.

    Args:
        run: the run.
        out: the folder of all runs; made if it does not exist.
        draw: called as `draw(run, folder)` to add pictures and report.
        command: the command line for the manifest; that of this process if None.
        started: the time for the manifest; now if None.

    Raises:
        InputError: if `out` cannot be written.

    Example:
        >>> import sim
        >>> from sim.results.write import write
        >>> write(sim.simulate("two_valleys", seed=1), "outputs").name
        'two_valleys-seed1'
    """
    parts = [run.name, *([slug(run.label)] if run.label else []), f"seed{run.seed}"]
    with whole_folder(Path(out), "-".join(parts)) as (partial, final):
        write_tables(run, partial)
        for name, content in carried_files(run.geography).items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content)
        if draw is not None:
            draw(run, partial)
        scenario = (partial / "scenario.yaml").read_text(encoding="utf-8")
        manifest = make_manifest(run, scenario, hashes(partial), command, started)
        write_text(partial / MANIFEST, manifest_text(manifest))
    return final


def write_tables(run: Run, folder: Path) -> None:
    """Write scenario, tables and summary of a run into a folder."""
    write_text(folder / "scenario.yaml", _branch_note(run) + show(run.scenario))
    for file, frame in run.tables.items():
        write_text(folder / FILES[file].name, csv_text(frame))
    write_text(folder / "summary.json", json.dumps(run.summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(folder / "summary.csv", summary_csv(run.summary))


def _branch_note(run: Run) -> str:
    """Return a comment for the scenario of a branch, which did not hold from the first day on."""
    if run.branch is None:
        return ""
    of = " ".join(run.branch["of"].split())
    return f"# Of a branch: this holds from day {run.branch['day']} on; before, the run is that in {of}.\n"


def summary_csv(summary: dict[str, Any]) -> str:
    """Return the summary as CSV text: one row a statistic, with unit and meaning."""
    text = io.StringIO()
    rows = writer(text, lineterminator="\n")
    rows.writerow([column.name for column in SUMMARY])
    for name, value in summary.items():
        known = STATISTICS[base_name(name)]
        rows.writerow([name, "" if value is None else value, known.unit, f"{label(name)}: {known.about}"])
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with LF line ends on every platform."""
    path.write_bytes(text.encode("utf-8"))


@contextmanager
def whole_folder(out: Path, name: str) -> Iterator[tuple[Path, Path]]:
    """Give a hidden new folder to write in, and the final name that it takes when all went well.

    Two processes never write under one name: the second takes the next. What a process that was killed left under a name
    is removed, which is reported. On failure, Ctrl-C or SIGTERM nothing is left.
    """
    lock = None
    try:
        try:
            out.mkdir(parents=True, exist_ok=True)
            with deferred():
                lock, partial, final = _take(out, name)
        except OSError as fault:
            raise InputError([Fault(str(out), None, "", f"cannot be written: {fault.strerror or fault}")]) from fault
        try:
            yield partial, final
            with deferred():
                partial.rename(final)
        except OSError as fault:
            words = f"could not be written, nothing is left of it: {fault.strerror or fault}"
            raise InputError([Fault(str(final), None, "", words)]) from fault
    finally:
        if lock is not None:
            with deferred():
                shutil.rmtree(partial, ignore_errors=True)
                lock.release()


def _take(out: Path, name: str) -> tuple[Lock, Path, Path]:
    """Make the hidden folder of the first free name, and hold the lock of that name."""
    for number in range(1, MOST_NAMES):
        final = out / (name if number == 1 else f"{name}-{number}")
        partial = out / f".{final.name}.partial"
        if os.path.lexists(final):
            continue
        lock = Lock(out / f".{final.name}.writer")
        try:
            lock.acquire()
        except HeldError:
            continue
        try:
            if not os.path.lexists(final):  # a run that finished in between is seen
                _make_empty(partial)
                return lock, partial, final
        except BaseException:
            lock.release()
            raise
        lock.release()
    raise FileExistsError(f"{MOST_NAMES} folders named {name} are there already")


def _make_empty(partial: Path) -> None:
    """Make a hidden folder; what a process that was killed left under its name is removed first."""
    if os.path.lexists(partial):
        shutil.rmtree(partial)
        print(f"removed {partial}, left behind by a run that was killed", file=sys.stderr, flush=True)
    partial.mkdir()
