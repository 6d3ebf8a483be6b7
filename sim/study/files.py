"""Files that appear under their names only when whole."""

from __future__ import annotations

import os
from pathlib import Path

DRAFT = ".draft"  # ending of a file in the making


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file that appears under its name only when whole; on failure nothing is left of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}{DRAFT}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
