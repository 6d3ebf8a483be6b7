"""Bounds checks reach into functions that are linked into others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import numpy as np
from sim.engine.jit import compiled

@compiled
def inner(rows, i):
    return rows[i]

@compiled
def outer(rows, i):
    return inner(rows, i) + 1

assert outer(np.arange(5), 3) == 4
outer(np.arange(5), 100000)
"""


def test_reading_past_the_end_of_a_table_is_an_error_where_bounds_are_checked(tmp_path: Path) -> None:
    program = tmp_path / "past_the_end.py"  # a file, because compiled code is kept by file
    program.write_text(PROGRAM)
    root = Path(__file__).parents[2]
    checked = {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_DISABLE_JIT": "0",
        "SIM_CACHE_DIR": str(tmp_path / "compiled"),
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        [sys.executable, str(program)], env={**os.environ, **checked}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "IndexError" in done.stderr
