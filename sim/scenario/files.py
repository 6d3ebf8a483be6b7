"""Where scenario files are, and how `extends:` reaches from one to the next."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from sim.errors import Fault, InputError, did_you_mean
from sim.scenario.merge import Node, Removal, merge, tree
from sim.scenario.yaml_reader import Page, read_file

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
MAX_CHAIN = 20
LONGEST_NAME, LONGEST_NAME_BYTES = 60, 100  # of a part of a file's name; file systems allow 255 bytes in all


def find_scenario(path: str | Path) -> Path:
    """The file that a person means: a path, with or without .yaml, or the bare name of one of the project's scenarios.

    Raises InputError where there is none.
    """
    given = Path(path)
    try:
        for candidate in (given, given.with_name(given.name + ".yaml") if given.name else given):
            if candidate.exists() or candidate.is_symlink():
                return candidate
        if given.parent == Path() and (SCENARIOS / f"{given.name}.yaml").is_file():
            return SCENARIOS / f"{given.name}.yaml"
    except (OSError, ValueError) as error:
        raise InputError(
            [Fault(_printable(given), None, "", f"cannot be read: {getattr(error, 'strerror', None) or error}")]
        ) from None
    known = sorted(file.stem for file in SCENARIOS.glob("*.yaml")) if SCENARIOS.is_dir() else []
    raise InputError([Fault(_printable(given), None, "", f"no such file{did_you_mean(given.stem, known)}")])


def file_name(text: str, also: str = "_-") -> str:
    """Return a text as part of a file's name: letters and digits of any script and the signs `also`, all else as `_`.

    Equal texts in another Unicode form give the same name. Long ones are cut; empty if nothing is left.
    """
    signs = (
        sign if sign in also or unicodedata.category(sign)[0] in "LMN" else "_"
        for sign in unicodedata.normalize("NFC", text)
    )
    name = "".join(signs)[:LONGEST_NAME]
    return name.encode("utf-8", "ignore")[:LONGEST_NAME_BYTES].decode("utf-8", "ignore")


def _printable(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() and len(text) <= 200 else ascii(text[:200])


def _resolved(path: Path, name: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            [Fault(name, None, "", f"cannot be read: {getattr(error, 'strerror', None) or 'links in a circle'}")]
        ) from None


def display(path: Path) -> str:
    """How messages name a file: relative to the working folder where it lies below it."""
    try:
        return _printable(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return _printable(path)


def read_chain(path: Path) -> tuple[Node, list[Path], list[Removal], list[Fault]]:
    """Read a file and all that it extends: the merged tree, the files (the given one first), idle removals, faults.

    Raises InputError where a file cannot be read at all; the faults of the files read before it are included.
    """
    pages: list[Page] = []
    files: list[Path] = []
    faults: list[Fault] = []
    name = _printable(path)
    here: Path | None = _resolved(path, name)
    roots = (here.parent, SCENARIOS.resolve()) if here is not None else ()
    while here is not None:
        try:
            page = read_file(here, name)
        except InputError as error:
            raise InputError([*faults, *error.faults]) from None
        faults += page.faults
        if not isinstance(page.data, dict):
            raise InputError(
                [*faults, Fault(name, page.lines.get((), 1), "", "a scenario is made of lines `key: value`")]
            )
        pages.append(page)
        files.append(here)
        fault, here = _extended(page, files, roots)
        if fault is not None:
            faults.append(fault)
        name = display(here) if here is not None else ""
    idle: list[Removal] = []
    merged: Node | None = None
    for page in reversed(pages):
        merged = merge(merged, tree(page), idle)
    assert merged is not None
    return merged, files, idle, faults


def _extended(page: Page, files: list[Path], roots: tuple[Path, ...]) -> tuple[Fault | None, Path | None]:
    """The file that a page extends, taking the key `extends` out of it; a fault where that cannot be."""
    if "extends" not in page.data:
        return None, None
    name = page.data.pop("extends")
    line = page.lines[("extends",)]

    def fault(message: str) -> tuple[Fault, None]:
        return Fault(page.file, line, "extends", message), None

    if not isinstance(name, str) or not name.strip():
        return fault("must be the name of one scenario file")
    try:
        found, outside = _locate(name, files[-1].parent, roots)
    except (OSError, ValueError, RuntimeError):
        return fault(f"{name[:60]!r} is not a file name")
    if outside:
        return fault(
            f"{name[:60]!r} is outside the scenario folders; allowed are files in {display(roots[0])} and {display(roots[-1])}"
        )
    if found is None:
        known = [
            os.path.relpath(file, root)[:-5]
            for root in dict.fromkeys((files[-1].parent, roots[-1]))
            for file in _listed(root)
        ]
        return fault(f"no scenario {name[:60]!r}{did_you_mean(name, known)}")
    if found in files:
        cycle = " -> ".join(file.name for file in (*files[files.index(found) :], found))
        return fault(f"files extend each other in a circle: {cycle}")
    if len(files) >= MAX_CHAIN:
        return fault(f"more than {MAX_CHAIN} files extend one another")
    return None, found


def _listed(root: Path) -> list[Path]:
    return sorted([*root.glob("*.yaml"), *root.glob("parts/*.yaml")])[:200]


def _locate(name: str, folder: Path, roots: tuple[Path, ...]) -> tuple[Path | None, bool]:
    """(file that a name in `extends` means, True where it is outside `roots`); symlinks are resolved before judging."""
    outside = False
    for base in (folder, roots[-1]):
        for ending in ("", ".yaml"):
            candidate = (base / (name + ending)).resolve()
            if not any(candidate.is_relative_to(root) for root in roots):
                outside = True
            elif candidate.is_file():
                return candidate, False
    return None, outside
