"""Folders that a command is to write to, checked before the work begins."""

from __future__ import annotations

import os
from pathlib import Path

from sim.errors import Fault, InputError


def check_folder(folder: Path, option: str) -> None:
    """Raise InputError where `folder` could not be made or written to."""
    for place in (folder, *folder.absolute().parents):
        if place.exists():
            if not place.is_dir():
                raise InputError([Fault(option, None, "", f"{place} is a file, a folder is needed")])
            if not os.access(place, os.W_OK | os.X_OK):
                raise InputError([Fault(option, None, "", f"{place} cannot be written to")])
            return
