"""Signals that stop the program: SIGINT (Ctrl-C), SIGTERM and SIGHUP all raise `Stopped`, a KeyboardInterrupt.

`handle_signals` is for the main thread of the command line. For some seconds after a signal others are counted and not
raised, and clean-up runs under `deferred`, so that a second signal does not interrupt it. A signal that was ignored when
the process began, as under nohup, stays ignored.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

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
