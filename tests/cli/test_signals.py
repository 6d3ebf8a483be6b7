"""SIGTERM and SIGHUP end a command as Ctrl-C does: the same words, nothing half-written, work that is done is stored.

All signals have one handler, which is tested with each of them in this process; commands that are processes of their own
are stopped by some.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import sim.load
from sim import errors
from sim.cli.main import main
from sim.errors import Stopped, deferred, ends_loop, handle_signals
from sim.results.write import whole_folder
from sim.study import runner
from sim.study.store import Study
from sim.validation.calibration import RUNS
from tests.cli.support import ROOT
from tests.validation.test_calibration import VALLEYS, written

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
STUDY = "question: what happens?\nscenarios: {base: two_valleys}\nset: {days: 60}\nreplicates: 3000\n"


def begin(here: Path, *words: str | Path) -> subprocess.Popen[str]:
    """Start a command as the leader of a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *map(str, words)],
        cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def read_until(process: subprocess.Popen[str], fits: Callable[[str], bool]) -> None:
    """Read what a process prints as errors until a line fits."""
    assert process.stderr is not None
    while not fits(line := process.stderr.readline()):
        assert line, "the process ended first"


def assert_stopped(process: subprocess.Popen[str], number: int) -> str:
    """Return the last words of a process that was stopped, all processes of which end."""
    try:
        _, text = process.communicate(timeout=120)  # returns when every process that holds the pipes has ended
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # a test that fails leaves nothing that runs on, and waits for nothing
        raise
    assert process.returncode == CODES[number], text
    assert "stopped" in text
    for word in ("Traceback", "leaked", "resource_tracker", "Exception ignored"):
        assert word not in text
    return text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGINT, True), (signal.SIGTERM, False)],
)
def test_a_run_that_is_stopped_while_it_is_drawn_leaves_nothing(number: int, whole_group: bool, here: Path) -> None:
    with begin(here, "two_valleys", "--days", "10") as process:
        read_until(process, lambda line: line.startswith("drawing"))
        (os.killpg if whole_group else os.kill)(process.pid, number)
        assert_stopped(process, number)
    assert not list(here.glob("outputs/*")) + list(here.glob("outputs/.*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGTERM, 2), (signal.SIGHUP, 1)]
)  # Ctrl-C: test_status_and_pack
def test_a_batch_that_is_stopped_keeps_its_runs(number: int, workers: int, here: Path) -> None:
    (here / "s.yaml").write_text(STUDY, encoding="utf-8")
    with begin(here, "batch", "s.yaml", "--workers", str(workers)) as process:
        read_until(process, lambda line: " of 3000 runs:" in line)
        os.kill(process.pid, number)
        assert "completed runs are kept" in assert_stopped(process, number)
    study = Study.open(here / "outputs" / "s")
    assert 0 < study.done < 3000
    assert len(study.runs) == study.done
    hidden = [path.name for path in study.folder.rglob(".*")]
    assert hidden == []
    assert (study.folder / "runs.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_closed_by_a_signal(number: int, here: Path) -> None:
    pytest.importorskip("solara")
    with begin(here, "watch", "two_valleys", "--port", "0", "--no-browser", "--seeds", "20") as process:
        assert process.stdout is not None
        while "Watch at" not in (line := process.stdout.readline()):
            assert line, "the process ended first"
        os.kill(process.pid, number)
        text = assert_stopped(process, number)
    assert text.count("\n") == 1
    assert list(here.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_calibration_that_is_stopped_goes_on_with_the_same_command(number: int, here: Path) -> None:
    file = written(here, VALLEYS.replace("draws: 100", "draws: 2000"))
    words = ("calibrate", file, "--workers", "1", "--out", "made")
    for _ in range(2):
        with begin(here, *words) as process:
            read_until(process, lambda line: " of 2000 runs" in line and not line.startswith("0 "))
            os.kill(process.pid, number)
            assert "completed runs are kept in made/valleys; repeat the command to resume" in assert_stopped(
                process, number
            )
        chunks = list((here / "made" / "valleys" / RUNS).glob("*.npz"))
        assert chunks
        assert all(zipfile.is_zipfile(chunk) for chunk in chunks)
        assert [path.name for path in (here / "made").rglob(".*")] == []


def test_a_study_of_ablations_that_is_stopped_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> Path:
        signal.raise_signal(signal.SIGTERM)
        return tmp_path

    monkeypatch.setattr(runner, "run_study", stopped)
    words = ["ablate", "greater_idlib_2018", "--replicates", "2", "--days", "30", "--only", "spread"]
    assert main([*words, "--workers", "1", "--out", str(tmp_path)]) == CODES[signal.SIGTERM]
    kept, stop = capsys.readouterr().err.splitlines()[-2:]
    assert kept.startswith(f"completed runs are kept in {tmp_path}")
    assert stop.startswith("stopped")


def test_a_signal_ends_a_loop_that_must_end_by_itself() -> None:
    ended = []
    with handle_signals(), pytest.raises(Stopped), ends_loop(lambda: ended.append(1)):  # noqa: PT012 (the block runs on)
        signal.raise_signal(signal.SIGHUP)
        ended.append(2)
    assert ended == [1, 2]


@pytest.mark.parametrize("number", CODES)
def test_each_signal_in_this_process(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(each) for each in CODES]

    def receive(*_: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr(sim.load, "read", receive)
    assert main(["show", "a.yaml"]) == CODES[number]
    assert "stopped" in capsys.readouterr().err
    assert [signal.getsignal(each) for each in CODES] == before


def test_a_signal_that_was_ignored_at_the_start_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handle_signals():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(Stopped):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_clean_up_is_not_interrupted_by_a_second_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = shutil.rmtree

    def removed_while_stopped_again(*words: object, **options: object) -> None:
        signal.raise_signal(signal.SIGINT)
        remove(*words, **options)  # type: ignore[arg-type]
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(shutil, "rmtree", removed_while_stopped_again)
    monkeypatch.setattr(errors, "QUIET_SECONDS", -1.0)
    with handle_signals(), pytest.raises(Stopped) as stop:  # noqa: PT012, SIM117 (the block is what is interrupted)
        with whole_folder(tmp_path, "a") as (folder, _):
            (folder / "half").write_text("half")
            signal.raise_signal(signal.SIGTERM)
    assert errors.exit_code(stop.value) == 143
    assert list(tmp_path.iterdir()) == []


def test_signals_in_quick_succession_are_raised_once() -> None:
    with handle_signals():
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert errors.signals_received() == 3


def test_a_deferred_signal_is_raised_at_the_end() -> None:
    done = []
    with handle_signals(), pytest.raises(Stopped), deferred():  # noqa: PT012 (the block is what is not interrupted)
        signal.raise_signal(signal.SIGTERM)
        done.append(1)
    assert done == [1]


def test_elsewhere_than_in_the_main_thread_signals_are_left_alone() -> None:
    seen = []

    def look() -> None:
        with handle_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_the_program_starts_is_no_traceback(number: int, here: Path) -> None:
    words = f"""
import runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "sim.cli.main":
            signal.raise_signal({int(number)})
sys.meta_path.insert(0, Finder())
sys.argv = ["run.py", "check", "two_valleys"]
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT / "run.py")!r}, run_name="__main__")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", words],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert_stopped(process, number)
