"""Whether rules are compiled or interpreted, and where compiled code is kept so that it can never be stale.

numba's own cache does not notice an edited function or constant in another file. So the cache folder is named after
everything the compiled code depends on: the engine's sources, the rule parameters, numba's version and the
bounds-check flag. Where no folder can be written, or its disk is full, rules are compiled afresh in each process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

ENGINE = Path(__file__).parent
ROOM = 16_000_000  # bytes; some four times what all rules take


def source_hash(root: Path = ENGINE) -> str:
    """Return a hash of all that compiled code depends on."""
    digest = hashlib.sha256()
    files = [*sorted(root.rglob("*.py")), root.parent / "scenario" / "parameters.py"]
    for file in files:
        digest.update(file.relative_to(root.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    flags = (version("numba"), sys.version_info[:2], os.environ.get("NUMBA_BOUNDSCHECK", ""))
    digest.update(repr(flags).encode())
    return digest.hexdigest()[:20]


def _user_cache() -> Path:
    """Return the folder of all versions' compiled code: that of SIM_CACHE_DIR, or the platform's for caches."""
    if os.environ.get("SIM_CACHE_DIR"):
        return Path(os.environ["SIM_CACHE_DIR"])
    return user_cache_path("territorial-competition", appauthor=False)


def _holds_code(folder: Path) -> bool:
    """Return whether the days are there, which are most of all code; single functions are stored as they are called."""
    return any(path.is_file() and path.stat().st_size for path in folder.rglob("day.days_on_end*.nbc"))


def _usable(folder: Path) -> bool:
    """Return whether compiled code can be written to a folder, and fits on its disk or is there already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return _holds_code(folder) or shutil.disk_usage(folder).free >= ROOM
    except OSError:
        return False


def _cache_folder() -> Path | None:
    try:
        folder = _user_cache() / source_hash()
    except (OSError, RuntimeError):
        return None
    return folder if _usable(folder) else None


INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0").strip() not in ("", "0")
CACHE_FOLDER = None if INTERPRETED else _cache_folder()


_reported = False


def report_damaged(folder: Path | None, error: Exception | None = None) -> None:
    """Print once in a process that stored code is damaged and is made anew; called with None: never in this process."""
    global _reported
    if folder is not None and not _reported:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
        print(f"stored compiled code cannot be read ({reason}); compiling anew: {folder}", file=sys.stderr, flush=True)
    _reported = True


@functools.cache
def report_once(line: str) -> None:
    """Print a line to standard error, once in a process."""
    print(line, file=sys.stderr, flush=True)


def install_line() -> str:
    """Return the command that installs a numba which fits, in a checkout and where only the wheel is installed."""
    with suppress(PackageNotFoundError):
        wanted = [text.split(";")[0].strip() for text in requires("territorial-competition") or ()]
        return next((f"pip install '{text}'" for text in wanted if re.match(r"numba\W", text)), "pip install numba")
    return "pip install numba"


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a rule; in interpreted mode (NUMBA_DISABLE_JIT=1) return it unchanged, and numba is not even imported."""
    if INTERPRETED:
        return function
    try:
        from sim.engine.numba_linking import compile_rule
    except ImportError:  # no numba, or one that does not go with NumPy, or lacks a part that rules need
        report_once(
            "numba cannot be used: rules are interpreted, some 300 times slower; "
            f"`{install_line()}` installs a version that fits"
        )
        return function
    return compile_rule(function, CACHE_FOLDER)


def needs_compile() -> bool:
    """Return True where the next run compiles first (which takes some ten seconds)."""
    if INTERPRETED:
        return False
    return CACHE_FOLDER is None or not _holds_code(CACHE_FOLDER)
