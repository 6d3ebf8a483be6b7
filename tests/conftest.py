"""Settings of all tests, made before any of them loads NumPy."""

from __future__ import annotations

import os
import sys

# As run.py sets it: arrays are small, and threads of the linear algebra, two for each worker, would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

assert "numpy" not in sys.modules, (
    "a plug-in of pytest loads NumPy, so the number of its threads cannot be set any more"
)
