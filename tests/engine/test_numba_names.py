"""The private names of numba that linking uses; without them rules are compiled or interpreted otherwise, with a line that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trust.processes import ROOT

DRAW = "from sim.engine import draws; print(type(draws.uniform).__name__, draws.uniform(7, 1, 2, 3))"


def draw(before: str, tmp_path: Path) -> tuple[str, str]:
    """Return what a process prints that draws a number after some lines of Python, and what it reports."""
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{DRAW}"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "SIM_CACHE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_no_private_name_is_missing() -> None:
    pytest.importorskip("numba")
    from sim.engine import numba_linking

    assert numba_linking.MISSING == []


LACKING = """
import importlib, types
real = importlib.import_module
lacking = types.SimpleNamespace(JITCodeLibrary=list)
importlib.import_module = lambda name, *rest: lacking if name == {module!r} else real(name, *rest)
"""
FALLBACKS = {
    "a class": (LACKING.format(module="numba.core.dispatcher"), "lacks numba.core.dispatcher._FunctionCompiler"),
    "a method": (LACKING.format(module="numba.core.codegen"), "lacks numba.core.codegen.JITCodeLibrary.finalize"),
    "a later version": ("import sim.errors; sim.errors.BOUNDS['numba'] = '0.1'", "pip install 'numba<0.1'"),
    "no numba": ("import sys; sys.modules['numba'] = None", "rules are interpreted"),
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    out, report = draw("", tmp_path_factory.mktemp("code"))
    assert report == ""
    return out


@pytest.mark.parametrize("case", FALLBACKS)
def test_a_missing_name_is_reported_and_draws_stay_the_same(case: str, compiled: str, tmp_path: Path) -> None:
    before, line = FALLBACKS[case]
    fallback, report = draw(before, tmp_path)
    assert fallback.split()[1] == compiled.split()[1]
    assert line in report
    assert report.count("\n") == 1
