"""User input errors, one line each, and library versions that are not supported."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Fault:
    """One fault of an input: its file, line, key and a sentence.

    `line` is counted from 1; None if the fault has no line (a missing file, an option of the command line).

    Example:
        >>> from sim.errors import Fault
        >>> print(Fault("towns.csv", 3, "lat", "must be a number"))
        towns.csv:3: lat: must be a number
    """

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        location = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{location}: {self.key}: {self.message}" if self.key else f"{location}: {self.message}"


class InputError(Exception):
    """The faults of an input, all at once, in `faults`; the command line prints them and exits with code 2.

    Example:
        >>> import sim
        >>> try:
        ...     sim.simulate("two_valleys", sets=["dayz=60"])
        ... except sim.errors.InputError as error:
        ...     print(error.faults[0].key)
        dayz
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def reason(error: BaseException) -> str:
    """Return why a file could not be read or written, without the words of a library, which change with its version.

    The system's own short text is kept ("Permission denied"), and the text of errors that our own functions raise.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON, see line {error.lineno}"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return " ".join(str(error).split())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the nearest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


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
