"""Paths and types that the tests of the command line share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KAFR_HAMRA = ROOT / "scenarios" / "kafr_hamra.yaml"

Command = Callable[..., "subprocess.CompletedProcess[str]"]
