"""The command line as processes of their own, with an environment, permissions or a disk of the test's choice."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = (sys.executable, str(ROOT / "run.py"))
DROPPED = "-dac_override,-dac_read_search"  # what lets root write where nobody may


def call(*words: str | Path, cwd: Path, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Run `run.py` with some words, without a terminal; `before` are words in front of the whole command."""
    return subprocess.run(
        [*before, *RUN, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        check=False,
    )


ALL = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from sim.cli.main import main

told = []
for words in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as err:
        code = main(words)
    told.append((code, err.getvalue()))
print(json.dumps(told))
"""


def call_all(
    *commands: tuple[str, ...], cwd: Path, before: tuple[str, ...] = ()
) -> dict[tuple[str, ...], tuple[int, str]]:
    """Run commands one after the other in one process, and return exit code and standard error of each."""
    done = subprocess.run(
        [*before, sys.executable, "-c", ALL, json.dumps(commands)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(commands, map(tuple, json.loads(done.stdout)), strict=True))


def program(text: str, *words: str, cwd: Path, **env: str) -> str:
    """Return what a program of Python prints that finds the product, but is not started from its folder."""
    told = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    done = subprocess.run(
        [sys.executable, "-c", text, *words],
        cwd=cwd, env=told, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(folder: Path, *left_out: str) -> dict[str, bytes]:
    """Return the bytes of all files in a folder by their path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.name not in left_out}


@functools.cache
def bound_by_permissions() -> tuple[str, ...] | None:
    """Return the words that go before a command so that permissions bind it; None where there is no way."""
    if os.name != "posix":
        return None
    if os.geteuid() != 0:
        return ()
    words = ("setpriv", f"--bounding-set={DROPPED}", f"--inh-caps={DROPPED}")
    if shutil.which("setpriv") is None:
        return None
    bound = subprocess.run([*words, "test", "-w", "/proc/version"], capture_output=True, check=False).returncode == 1
    return words if bound else None


def mounted(place: Path, size: str) -> bool:
    """Mount a small disk in memory, or give one that is there another size; whether that was allowed."""
    how = f"remount,size={size}" if place.is_mount() else f"size={size}"
    words = ("mount", "-t", "tmpfs", "-o", how, "tmpfs", str(place))
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
