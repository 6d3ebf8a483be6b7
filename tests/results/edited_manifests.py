"""Manifests of real runs, changed as a careless hand would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.results.manifest import MANIFEST, hashes


def edit_manifest(folder: Path, **changes: Any) -> None:
    """Lay changes over the manifest of a run."""
    path = folder / MANIFEST
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**found, **changes}), encoding="utf-8")


def recorded_as_is(folder: Path) -> None:
    """Let the manifest name the files that are there."""
    edit_manifest(folder, outputs=hashes(folder))
