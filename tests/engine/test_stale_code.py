"""An edited rule or constant takes effect at the next run: compiled code is never stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.engine.jit import ENGINE, source_hash

# A little function in one file that uses a constant and a function of another: all that has to be compiled.
RULE = """
from sim.engine.draws import exponential, P_COLUMN, uniform
from sim.engine.jit import compiled

FACTOR = 3.0

@compiled
def small_rule(day):
    return exponential(FACTOR, uniform(1, P_COLUMN, day, 4))
"""
PROGRAM = """
from sim.engine.jit import CACHE_FOLDER
from sim.engine.rules.small import small_rule
print(float(small_rule(2)), CACHE_FOLDER.name)
"""
Run = Callable[[], tuple[float, str]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return the folder of a copy of the program with a small rule of its own."""
    shutil.copytree(ENGINE.parent, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sim" / "engine" / "rules" / "small.py").write_text(RULE)
    return tmp_path


@pytest.fixture
def run(copy: Path) -> Run:
    def _run() -> tuple[float, str]:
        env = {
            **os.environ,
            "SIM_CACHE_DIR": str(copy / "cache"),
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=copy, env=env
        )
        value, folder = done.stdout.split()
        return float(value), folder

    return _run


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.mark.slow
def test_an_edited_rule_constant_or_function_in_another_file_takes_effect(copy: Path, run: Run) -> None:
    engine = copy / "sim" / "engine"
    first = run()
    assert run() == first
    edit(engine / "rules" / "small.py", "FACTOR = 3.0", "FACTOR = 6.0")
    assert run()[0] == pytest.approx(2 * first[0])
    edit(engine / "draws.py", "return -mean * math.log(u)", "return -2.0 * mean * math.log(u)")
    assert run()[0] == pytest.approx(4 * first[0])
    edit(engine / "draws.py", "P_COLUMN = 19", "P_COLUMN = 1019")
    assert run()[0] != pytest.approx(4 * first[0])


def test_the_cache_is_named_after_all_that_compiled_code_depends_on(copy: Path) -> None:
    engine = copy / "sim" / "engine"
    seen = {source_hash(engine)}
    for file in ("draws.py", "kinds.py", "tables.py", "rules/clash.py"):
        (engine / file).write_text((engine / file).read_text() + "\n")
        seen.add(source_hash(engine))
    (copy / "sim" / "scenario" / "parameters.py").write_text("# other parameters\n")
    seen.add(source_hash(engine))
    (engine / "rules" / "new_rule.py").write_text("")
    seen.add(source_hash(engine))
    assert len(seen) == 7


def test_bounds_checked_code_has_its_own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = source_hash()
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert source_hash() != plain or os.environ.get("NUMBA_BOUNDSCHECK") == plain
