"""A study that is killed at any moment goes on to the results of an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sim.study.runner import run_study
from sim.study.store import Study
from sim.study.stored_parts import TABLES
from tests.study.support import assert_same, small_plan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
REPLICATES, KILLS = 24, 10


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_study(small_plan(REPLICATES), tmp_path_factory.mktemp("undisturbed"), workers=1)


@pytest.mark.parametrize("seed", [1])
def test_killed_at_ten_moments_and_resumed_it_gives_the_same_tables(
    seed: int, undisturbed: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "tests.study.killed", str(tmp_path), str(REPLICATES), str(seed), str(KILLS)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["killed"] * KILLS, done.stdout
    before = Study.open(tmp_path / "small")
    assert before.partial
    assert 0 < before.done < before.planned
    assert len(before.runs) == before.done  # what is there can be read at any time
    run_study(small_plan(REPLICATES), tmp_path, workers=1)
    assert_same(undisturbed, tmp_path / "small")
    names = {path.name for path in (tmp_path / "small" / TABLES / "runs").iterdir()}
    for table in Study.open(undisturbed).manifest["tables"]:
        assert {path.name for path in (tmp_path / "small" / TABLES / table).iterdir()} == names
    assert not list((tmp_path / "small").rglob("*.draft"))


def test_workers_end_with_a_parent_that_is_killed(undisturbed: Path, tmp_path: Path) -> None:
    words = f"""
import os, signal
from pathlib import Path
from sim.study.runner import run_study
from tests.study.support import small_plan
if __name__ == "__main__":
    run_study(
        small_plan({REPLICATES}), Path({str(tmp_path)!r}), workers=2,
        report=lambda progress: os.kill(os.getpid(), signal.SIGKILL) if progress.done else None,
    )
"""
    script = tmp_path / "parent.py"
    script.write_text(words, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, env=environment, cwd=ROOT)
    process.communicate(timeout=120)  # returns when every process that holds the pipe has ended: the workers too
    assert process.returncode == -signal.SIGKILL
    assert Study.open(tmp_path / "small").partial
    run_study(small_plan(REPLICATES), tmp_path, workers=1)
    assert_same(undisturbed, tmp_path / "small")
