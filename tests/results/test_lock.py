"""One writer at a time, on disks with and without locks of the system, and after writers that were killed."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.results import write
from sim.results.write import HeldError, Lock, note_of, sole_writer, whole_folder


@pytest.fixture
def ended() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture(params=["granted", "ENOSYS", "EOPNOTSUPP", "EINVAL", "ENOLCK", "EIO"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a disk whose locks do not exist, or are granted to everybody."""

    def flock(*_: object) -> None:
        if request.param != "granted":
            raise OSError(getattr(errno, request.param), "no locks")

    for name in ("flock", "lockf"):
        monkeypatch.setattr(fcntl, name, flock)


def left_behind(file: Path, pid: int, host: str, seconds: float = 0.0) -> None:
    """Write the lock of a process that was killed, last touched so many seconds ago."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{pid}\n{host}\n", encoding="utf-8")
    touched = file.stat().st_mtime - seconds
    os.utime(file, (touched, touched))


def test_a_second_writer_is_refused_whatever_the_disk_does(disk: None, tmp_path: Path) -> None:
    with (
        sole_writer(tmp_path / "study", "study"),
        pytest.raises(InputError, match=rf"another process is running this study: process {os.getpid()} on .*\.writer"),
        sole_writer(tmp_path / "study", "study"),
    ):
        pass
    with sole_writer(tmp_path / "study", "study") as free:
        assert note_of(free) == ""
    assert list((tmp_path / "study").iterdir()) == []


def test_the_lock_of_a_killed_process_is_taken_over_with_a_line(ended: int, tmp_path: Path) -> None:
    left_behind(tmp_path / "study" / ".writer", ended, socket.gethostname())
    with sole_writer(tmp_path / "study", "study") as taken:
        assert f"process {ended} on {socket.gethostname()}" in note_of(taken)
        assert taken.held()
    assert list((tmp_path / "study").iterdir()) == []


@pytest.mark.parametrize("seconds", [0, write.STALE_SECONDS / 2])
def test_a_lock_of_another_machine_is_respected_while_it_is_touched(seconds: float, ended: int, tmp_path: Path) -> None:
    file = tmp_path / ".writer"
    left_behind(file, ended, "other-machine", seconds)
    with (
        pytest.raises(InputError, match=f"process {ended} on other-machine; if it has ended, remove .*writer"),
        sole_writer(tmp_path, "study"),
    ):
        pass
    assert file.read_text(encoding="utf-8") == f"{ended}\nother-machine\n"


@pytest.mark.parametrize("content", ["{ended}\nother-machine\n", "", "\0\0\0", "x" * 5000])
def test_a_lock_that_nobody_touches_is_taken_over(content: str, ended: int, tmp_path: Path) -> None:
    file = tmp_path / ".writer"
    left_behind(file, ended, "other-machine", 2 * write.STALE_SECONDS)
    touched = file.stat().st_mtime
    file.write_text(content.format(ended=ended), encoding="utf-8")
    os.utime(file, (touched, touched))
    with sole_writer(tmp_path, "study") as taken:
        assert taken.held()
        assert "has ended, was taken over" in note_of(taken)
    assert list(tmp_path.iterdir()) == []


def test_a_live_process_of_this_machine_is_never_taken_over(tmp_path: Path) -> None:
    left_behind(tmp_path / ".writer", os.getppid(), socket.gethostname(), 2 * write.STALE_SECONDS)
    with pytest.raises(HeldError, match=str(os.getppid())):
        Lock(tmp_path / ".writer").acquire()


def test_a_writer_knows_that_its_lock_was_taken_over(tmp_path: Path) -> None:
    with sole_writer(tmp_path, "study") as mine:
        assert mine.held()
        left_behind(tmp_path / ".writer", 1, "other-machine")
        assert not mine.held()
    assert (tmp_path / ".writer").exists()


def test_a_name_held_by_a_killed_run_is_free_again(
    ended: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partial = tmp_path / ".a-seed1.partial"
    partial.mkdir()
    (partial / "events.csv").write_text("half", encoding="utf-8")
    left_behind(tmp_path / ".a-seed1.writer", ended, socket.gethostname())
    with whole_folder(tmp_path, "a-seed1") as (folder, final):
        assert list(folder.iterdir()) == []
        (folder / "events.csv").write_text("whole", encoding="utf-8")
    assert final == tmp_path / "a-seed1"
    assert [path.name for path in tmp_path.iterdir()] == ["a-seed1"]
    assert (final / "events.csv").read_text(encoding="utf-8") == "whole"
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert str(partial) in line


def test_a_name_in_use_is_passed_over(tmp_path: Path) -> None:
    with whole_folder(tmp_path, "a") as (_, first), whole_folder(tmp_path, "a") as (_, second):
        assert (first.name, second.name) == ("a", "a-2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a-2"]
