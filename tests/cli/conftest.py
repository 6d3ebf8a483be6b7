"""What the tests of the command line share: the command as a person calls it, in an empty folder.

`command` calls it in this process, `process` in one of its own: where the exit code that a shell sees, the encoding of a
pipe or what is imported is the point. Both are told the same words and give the same kind of answer.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.viewer.server import SETTINGS
from tests.cli.support import ROOT, Command

os.environ.setdefault("SOLARA_CHECK_HOOKS", SETTINGS["SOLARA_CHECK_HOOKS"])  # for the test that first imports Solara


@pytest.fixture(autouse=True, scope="session")
def signals_reach_processes() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, `nohup` SIGHUP, and all processes of that, too."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture
def command(here: Path) -> Command:
    """Run `python run.py ...` in this process, in an empty folder, without a terminal."""

    def call(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        said, errors = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(here):
            for name, value in environment.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
                code = main([str(word) for word in words])
        return subprocess.CompletedProcess(words, code, said.getvalue(), errors.getvalue())

    return call


@pytest.fixture
def process(here: Path) -> Command:
    """Run `python run.py ...` as a process of its own, in an empty folder, without a terminal."""

    def call(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *map(str, words)],
            cwd=here,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )

    return call


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return the folder in which `command` runs."""
    place = tmp_path / "here"
    place.mkdir(exist_ok=True)
    return place
