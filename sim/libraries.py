"""Libraries whose private parts are used: the first version of each that is not supported, and what to do about it.

`pyproject.toml` has the same bounds; an installation by pip keeps them. They can be crossed by hand, so the modules that
depend on a bound ask here before they blame the library.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

BOUNDS = {"ipyvuetify": "2", "mesa": "4", "numba": "0.70", "solara": "2", "typer": "1"}


def unsupported(*names: str) -> str:
    """Return a line about those of the named libraries that are at or beyond their bound; empty if there are none."""
    beyond = {name: installed for name in names if _release(installed := _installed(name)) >= _release(BOUNDS[name])}
    if not beyond:
        return ""
    versions = ", ".join(f"{name} {installed}" for name, installed in beyond.items())
    command = " ".join(f"'{name}<{BOUNDS[name]}'" for name in beyond)
    return f"{versions}: too new for this program; pip install {command}"


def _installed(name: str) -> str:
    """Return the installed version of a library, "0" if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "0"


def _release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, without zeros at their end, so that 4.0.0a1 is not below 4."""
    numbers = [int(part) for part in (re.match(r"[0-9.]*[0-9]", text) or ["0"])[0].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
