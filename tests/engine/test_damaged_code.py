"""Stored machine code that cannot be read is compiled anew and replaced, and that is reported once."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from sim.engine import jit
from tests.trust.processes import contents

if jit.INTERPRETED:
    pytest.skip("rules are interpreted", allow_module_level=True)

from sim.engine.numba_linking import compile_rule


def double(x: float) -> float:
    return 2.0 * x


def triple(x: float) -> float:
    return 3.0 * x


@pytest.fixture(autouse=True)
def nothing_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_reported", False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "hash"


def loads(function: Callable[[float], float], folder: Path) -> int:
    """Call a function as a new process would, check its result and return how often code was loaded for it."""
    rule: Any = compile_rule(function, folder)
    assert rule(2.0) == function(2.0)
    return sum(rule.stats.cache_hits.values())


def file_of(function: Callable[[float], float], folder: Path) -> Path:
    (path,) = folder.rglob(f"*{function.__name__}*.nbc")
    return path


def other_file(path: Path) -> bytes:
    (other,) = path.parent.glob("*triple*")
    return other.read_bytes()


def changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "cut to a few bytes": lambda path: path.write_bytes(path.read_bytes()[:10]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 50),
    "a pickle of something else": lambda path: path.write_bytes(b"\x80\x04K\x01."),
    "the first byte": lambda path: path.write_bytes(changed(path.read_bytes(), 0)),
    "a byte of machine code": lambda path: path.write_bytes(changed(path.read_bytes(), path.stat().st_size // 2)),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "another function's": lambda path: path.write_bytes(other_file(path)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_compiled_anew_and_replaced(
    damage: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loads(double, folder) == loads(triple, folder) == 0
    assert loads(double, folder) == 1
    DAMAGES[damage](file_of(double, folder))
    assert not capsys.readouterr().err
    assert loads(double, folder) == 0
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "compiling anew" in line
    assert str(folder) in line
    assert loads(double, folder) == loads(triple, folder) == 1
    assert not capsys.readouterr().err


def test_several_damaged_files_are_reported_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loads(double, folder) == loads(triple, folder) == 0
    for path in folder.rglob("*.nbc"):
        path.write_bytes(b"")
    assert loads(double, folder) == loads(triple, folder) == 0
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_in_place_of_a_file_is_replaced(folder: Path) -> None:
    assert loads(double, folder) == 0
    path = file_of(double, folder)
    path.unlink()
    path.mkdir()
    (path / "letter.txt").write_text("dear")
    assert loads(double, folder) == 0
    assert path.is_file()
    assert loads(double, folder) == 1


def test_a_file_in_place_of_a_folder_is_replaced(folder: Path) -> None:
    assert loads(double, folder) == 0
    module = file_of(double, folder).parent
    shutil.rmtree(module)
    module.write_bytes(b"")
    assert loads(double, folder) == 0
    assert loads(double, folder) == 1


def test_a_file_that_may_not_be_read_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loads(double, folder) == 0
    path, read = file_of(double, folder), Path.read_bytes

    def refused(self: Path) -> bytes:
        if self == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refused)
        assert loads(double, folder) == 0
    assert loads(double, folder) == 1


def test_code_written_for_another_version_is_not_loaded(folder: Path) -> None:
    assert loads(double, folder) == 0
    shutil.copytree(folder, folder.with_name("other"))
    assert loads(double, folder.with_name("other")) == 0


def test_a_removed_file_is_compiled_anew_without_a_message(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loads(double, folder) == 0
    file_of(double, folder).unlink()
    assert loads(double, folder) == 0
    assert loads(double, folder) == 1
    assert not capsys.readouterr().err


def test_a_stop_while_code_is_written_leaves_no_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            loads(double, folder)
    assert contents(folder) == {}


def test_processes_that_write_at_once_leave_code_that_can_be_loaded(folder: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(loads, [double] * 3, [folder] * 3))
    assert file_of(double, folder).is_file()
    assert loads(double, folder) == 1


def test_rules_with_damaged_code_need_compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "CACHE_FOLDER", tmp_path)
    path = tmp_path / "engine" / "day.days_on_end-1.py311.nbc"
    path.parent.mkdir()
    assert jit.needs_compile()
    path.write_bytes(b"")
    assert jit.needs_compile()
    path.write_bytes(b"code")
    assert not jit.needs_compile()
    path.unlink()
    path.mkdir()
    assert jit.needs_compile()
