"""Load a scenario: merge files, apply overrides, validate; report all faults together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Fault, InputError
from sim.scenario.compose import apply_sets, find_scenario, places, plain_data, read_chain
from sim.scenario.cross_checks import cross_checks
from sim.scenario.fields import Key, dotted
from sim.scenario.schema import Scenario
from sim.scenario.validate import Complaint, complaint, idle_removals, survey, with_default_sources
from sim.scenario.yaml_reader import UNREADABLE

MAX_FAULTS = 200
MISSING = "is missing"
SURVEYED = ("out_of_range", "extra_forbidden")  # already reported by the checks of single values
FileLine = tuple[str, int | None]


@dataclass(frozen=True)
class Loaded:
    """A scenario with the files it was read from (the given one first) and the place of each of its keys."""

    scenario: Scenario
    files: tuple[Path, ...]
    places: dict[str, FileLine] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the given file, without its ending."""
        return self.files[0].stem

    def where(self, path: str) -> FileLine:
        """File and line (1-based; None for --set) of a dotted path; of the nearest part above it for a default."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places[path]

    def given(self, path: str) -> FileLine | None:
        """File and line of a dotted path, or None if it is a default."""
        return self.places.get(path)


def load_scenario(path: str | Path, sets: Sequence[str] = ()) -> Scenario:
    """Read a scenario without its map.

    Args:
        path: a scenario file, or the bare name of one in `scenarios/`.
        sets: changes as "KEY=VALUE", with the keys that `run.py show` prints.

    Raises:
        InputError: with every fault.

    Example:
        >>> from sim.scenario.load import load_scenario
        >>> load_scenario("two_valleys", ["rules.ceasefire.hold_days=20"]).rules.ceasefire.hold_days.best
        20.0
    """
    return load(path, sets).scenario


def load(path: str | Path, sets: Sequence[str] = ()) -> Loaded:
    """As `load_scenario`, with the file and line of every key."""
    root, files, idle, faults = read_chain(find_scenario(path))
    root, set_faults = apply_sets(root, sets)
    data, where = plain_data(root), places(root)
    removed = {key: (node.file, node.line) for key, node in idle}
    known = {fault.key for fault in faults}
    complaints = [
        item
        for item in (*islice(idle_removals(idle), MAX_FAULTS), *islice(survey(data), MAX_FAULTS))
        if dotted(item[0]) not in known
    ]
    scenario, invalid = _validated(data)
    complaints += [item for item in (*invalid, *islice(cross_checks(data), MAX_FAULTS)) if not _covered(item[0], data)]
    if any(
        fault.key == "extends" for fault in faults
    ):  # values that the extended file would have given are not missing
        complaints = [item for item in complaints if not item[1].startswith(MISSING)]
    faults += set_faults + _faults(complaints, {**where, **removed})
    if faults or scenario is None:
        raise InputError(_in_order(faults, files))
    return Loaded(scenario, tuple(files), {dotted(key): location for key, location in where.items()})


def _validated(data: Any) -> tuple[Scenario | None, list[Complaint]]:
    try:
        return Scenario.model_validate(with_default_sources(data), strict=True), []
    except ValidationError as error:
        errors = (entry for entry in error.errors(include_url=False) if entry["type"] not in SURVEYED)
        return None, [complaint(entry) for entry in islice(errors, MAX_FAULTS)]


def _covered(key: Key, data: Any) -> bool:
    """True if the value at `key` could not be read, so that its fault is known already."""
    value = data
    for part in key:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return value is UNREADABLE
    return value is UNREADABLE


def _faults(complaints: Iterable[Complaint], where: dict[Key, FileLine]) -> list[Fault]:
    """One fault a key, with its place; the first complaint about a key is the most precise."""
    by_key: dict[Key, Fault] = {}
    for key, message in complaints:
        if key not in by_key:
            above = key
            while above not in where:
                above = above[:-1]
            file, line = where[above]
            by_key[key] = Fault(file, line, dotted(key), message)
    return list(by_key.values())


def _in_order(faults: list[Fault], files: list[Path]) -> list[Fault]:
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0))
    more = [Fault(files[0].name, None, "", "and more faults")] if len(ordered) > MAX_FAULTS else []
    return ordered[:MAX_FAULTS] + more
