"""One writer at a time for a folder, on any disk and from any machine.

Locks of the system do not exist on some shared disks, or do not hold between machines. A lock here is a small file, made by
filelock's SoftFileLock, that names the process and the host of its writer. The writer touches it every few seconds. The
lock of a process that has ended is taken over: at once on the same host, elsewhere after it was not touched for minutes."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import SoftFileLock, Timeout

from sim.errors import Fault, InputError
from sim.signals import deferred

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
    """Return whether a process of this host exists and has not ended, as one that nobody has waited for."""
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
    if owner.host == socket.gethostname():
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
