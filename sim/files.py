"""Files that appear under their final name only when they are whole; result folders packed as one zip."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from sim.errors import Fault, InputError

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


MOST_NAMES = 10_000
STORED = frozenset({".parquet", ".png", ".gif", ".zip"})  # packed already


def pack(folder: Path, out: Path) -> Path:
    """Write a folder, hidden files left out, as `<name>.zip` in `out`; a taken name gets -2, -3 ...

    The file appears when whole. InputError where it cannot be written.
    """
    name = folder.resolve().name
    draft = out / f".{name}-{os.getpid()}.zip{DRAFT}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        try:
            _write(folder.resolve(), draft)
            return _named(draft, out, name)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InputError([Fault(str(out), None, "", f"cannot be written to: {error.strerror or error}")]) from error


def _write(folder: Path, draft: Path) -> None:
    with zipfile.ZipFile(draft, "w") as file:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                how = zipfile.ZIP_STORED if path.suffix in STORED else zipfile.ZIP_DEFLATED
                file.write(path, Path(folder.name, inside).as_posix(), how)


def _named(draft: Path, out: Path, name: str) -> Path:
    """Give the draft the first free name, taken by an empty file so that nothing is overwritten."""
    for number in range(1, MOST_NAMES):
        path = out / (f"{name}.zip" if number == 1 else f"{name}-{number}.zip")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return draft.replace(path)
    raise FileExistsError(f"{MOST_NAMES} files named {name}.zip are there already")
