"""What the tests of the command line share: the command as a person calls it, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import ROOT, Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run `python run.py ...` as a process of its own, in an empty folder, without a terminal."""

    def call(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        place = tmp_path / "here"
        place.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *map(str, words)],
            cwd=place,
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
