"""What ends a command early: errors of user input, one line each; library versions that are not supported; signals.

SIGINT (Ctrl-C), SIGTERM and SIGHUP all raise `Stopped`, a KeyboardInterrupt. `handle_signals` is for the main thread of the command
line. For some seconds after a signal others are counted and not raised, and clean-up runs under `deferred`, so that a second signal
does not interrupt it. A signal that was ignored when the process began, as under nohup, stays ignored."""

from __future__ import annotations

import difflib
import json
import math
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One fault of an input: its file, line, key and a sentence.

    `line` is counted from 1; None if the fault has no line (a missing file, an option of the command line).

    Example:
        >>> from sim.errors import Fault
        >>> print(Fault("towns.csv", 3, "lat", "must be a number"))
        towns.csv:3: lat: must be a number
    """

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        location = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{location}: {self.key}: {self.message}" if self.key else f"{location}: {self.message}"


class InputError(Exception):
    """The faults of an input, all at once, in `faults`; the command line prints them and exits with code 2.

    Example:
        >>> import sim
        >>> try:
        ...     sim.simulate("two_valleys", sets=["dayz=60"])
        ... except sim.errors.InputError as error:
        ...     print(error.faults[0].key)
        dayz
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def reason(error: BaseException) -> str:
    """Return why a file could not be read or written, without the words of a library, which change with its version.

    The system's own short text is kept ("Permission denied"), and the text of errors that our own functions raise.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON, see line {error.lineno}"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return " ".join(str(error).split())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the nearest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


BOUNDS = {"ipyvuetify": "2", "mesa": "4", "numba": "0.70", "solara": "2", "typer": "1"}


def unsupported(*names: str) -> str:
    """Return a line about those of the named libraries that are at or beyond their bound; empty if there are none."""
    beyond = {name: installed for name in names if _release(installed := _installed(name)) >= _release(BOUNDS[name])}
    if not beyond:
        return ""
    versions = ", ".join(f"{name} {installed}" for name, installed in beyond.items())
    command = " ".join(f"'{name}<{BOUNDS[name]}'" for name in beyond)
    return f"{versions}: too new for this program; pip install {command}"


def _installed(name: str) -> str:
    """Return the installed version of a library, "0" if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "0"


def _release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, without zeros at their end, so that 4.0.0a1 is not below 4."""
    numbers = [int(part) for part in (re.match(r"[0-9.]*[0-9]", text) or ["0"])[0].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
QUIET_SECONDS = 5.0  # after a signal in which no other is raised


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class _State:
    """What has been received: `count` of signals, the last one's `number`, when one was last raised, open `deferred` blocks."""

    count = 0
    number = 0
    raised = -math.inf  # seconds of the monotonic clock
    deferring = 0
    end_loop: Callable[[], None] | None = None  # what a signal calls in place of being raised


def exit_code(stop: BaseException) -> int:
    """Return the exit code of a shell for a process that was stopped: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)


def signals_received() -> int:
    """Return how many signals asked this process to stop since `handle_signals` began."""
    return _State.count


def _receive(number: int, frame: FrameType | None) -> None:
    _State.count += 1
    _State.number = number
    if _State.end_loop is not None:
        _State.end_loop()
        return
    now = time.monotonic()
    if not _State.deferring and now - _State.raised > QUIET_SECONDS:
        _State.raised = now
        raise Stopped(number)


@contextmanager
def handle_signals() -> Iterator[None]:
    """Raise `Stopped` for signals in this block; elsewhere than in the main thread, or inside another block, do nothing."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(NUMBERS[0]) is _receive:
        yield
        return
    before: dict[int, Any] = {}
    _State.count, _State.raised = 0, -math.inf
    try:
        for number in NUMBERS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _receive)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Let no signal interrupt this block; one that came meanwhile is raised at its end, unless an exception is under way."""
    count = _State.count
    _State.deferring += 1
    try:
        yield
    finally:
        _State.deferring -= 1
    if _State.count > count and not _State.deferring and sys.exception() is None:
        raise Stopped(_State.number)


@contextmanager
def ends_loop(end_loop: Callable[[], None]) -> Iterator[None]:
    """Let a signal call `end_loop` in this block, in which a library's loop runs that must end by itself; raise it then."""
    count = _State.count
    _State.end_loop = end_loop
    try:
        yield
    finally:
        _State.end_loop = None
    if _State.count > count:
        raise Stopped(_State.number)


@contextmanager
def blocked_in_children() -> Iterator[None]:
    """Start helper processes in this block: signals sent to all processes of a group do not reach them.

    A signal to this process waits until the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def become_worker() -> None:
    """Leave Ctrl-C and SIGHUP to the parent; SIGTERM ends a worker, as an executor that breaks asks it to."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)
