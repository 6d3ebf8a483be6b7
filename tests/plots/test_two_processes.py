"""Drawing with a second process: the same files, also when it dies; and it has ended before a failure is told."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

import sim.cli.pictures
import sim.plots.run_report
from sim.cli.pictures import second_process
from sim.plots.run_report import draw_all
from sim.results.run import Run


class Dead(Executor):
    """A process that dies, when it is asked or while it works."""

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.at_once:
            raise BrokenExecutor("dead")
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor("killed"))
        return future


@pytest.mark.parametrize("at_once", [True, False])
def test_what_a_dead_process_does_not_draw_is_drawn_here(
    at_once: bool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(sim.plots.run_report, "key_days", lambda _run: [0, 3, 6, 24])
    monkeypatch.setattr(
        sim.plots.run_report, "draw_day", lambda _run, _folder, day, _atlas, _written: drawn.append(day) or b""
    )
    monkeypatch.setattr(sim.plots.run_report, "animate", lambda _run, path, _atlas: path)
    written = draw_all(run, tmp_path, beside=Dead(at_once))
    assert sorted(drawn) == [0, 3, 6, 24]
    assert tmp_path / "maps" / "control.gif" in written


def test_the_other_process_has_ended_before_a_failure_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, failing, waited = threading.Event(), threading.Event(), []

    def slow(*_args: object) -> list[Path]:
        began.set()
        assert failing.wait(30)
        return []

    def full(*_args: object) -> bytes:
        assert began.wait(30)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def waits(futures: list[Future[Any]]) -> None:
        waited.append(futures[0].running())
        failing.set()
        wait(futures)

    monkeypatch.setattr(sim.plots.run_report, "draw_some", slow)
    monkeypatch.setattr(sim.plots.run_report, "draw_day", full)
    monkeypatch.setattr(sim.plots.run_report, "wait", waits)
    with ThreadPoolExecutor(1) as beside, pytest.raises(OSError, match="No space"):
        draw_all(run, tmp_path, beside=beside)
    assert waited == [True]


def test_where_no_process_can_be_had_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused:
        def __init__(self, *_args: object, **_kwargs: object) -> None:
            raise OSError("a made-up refusal")

    monkeypatch.setattr("sim.study.executors.cores", lambda: 2)
    monkeypatch.setattr(sim.cli.pictures, "ProcessPoolExecutor", Refused)
    with second_process(True) as beside:
        assert beside is None


def test_one_core_draws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.study.executors.cores", lambda: 1)
    with second_process(True) as beside:
        assert beside is None
