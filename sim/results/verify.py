"""Re-simulate a run from its manifest and compare the files, row by row."""

from __future__ import annotations

import csv
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim.engine.simulation import CoursePart, simulate_parts
from sim.engine.tables import World
from sim.errors import Fault, InputError
from sim.geography.maps import Geography, map_of_results
from sim.results.manifest import MANIFEST, hashes, product, read_manifest, sha256, versions
from sim.results.run import Run
from sim.results.write import write_tables
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario
from sim.text import plural

Progress = Callable[[int, World], None]


def scenario_of(text: str, source: Path) -> Scenario:
    """Return the scenario of a resolved text; InputError with the faults that this program finds in it, with `source` as their file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_bytes(text.encode("utf-8"))
        try:
            return load_scenario(file)
        except InputError as error:
            raise InputError(
                Fault(str(source), None, fault.key, f"its scenario, line {fault.line}: {fault.message}")
                for fault in error.faults
            ) from None


def parts_of(folder: Path, manifest: dict[str, Any] | None = None) -> list[CoursePart]:
    """Return what a run in a folder was simulated with: one part, or one more for each branch it comes of."""
    recorded = manifest or read_manifest(folder)
    file = folder / MANIFEST
    last = scenario_of(recorded["scenario"], file)
    return _parts(recorded.get("branch"), last, recorded["values"], file)


def course_parts(run: Run) -> list[CoursePart]:
    """Return what a run, in memory or in its folder, was simulated with; as `parts_of`."""
    return _parts(run.branch, run.scenario, run.values, Path(run.folder or run.name))


def _parts(
    branch: dict[str, Any] | None, scenario: Scenario, values: dict[str, float], source: Path
) -> list[CoursePart]:
    earlier = branch["earlier"] if branch else []
    parts = [CoursePart(part["day"], scenario_of(part["scenario"], source), part["values"]) for part in earlier]
    return [*parts, CoursePart(branch["day"] if branch else 0, scenario, values)]


def made_again(folder: Path, progress: Progress | None = None) -> Run:
    """Return the run in a folder, simulated anew from its manifest; InputError where this program cannot."""
    manifest = read_manifest(folder)
    parts = parts_of(folder, manifest)
    geography = map_of_results(folder, parts[-1].scenario.map)
    return run_of_parts(parts, geography, manifest, folder / MANIFEST, progress)


def run_of_parts(
    parts: list[CoursePart],
    geography: Geography,
    manifest: dict[str, Any],
    source: Path,
    progress: Progress | None = None,
) -> Run:
    """Return the run of some parts, named as a manifest says; InputError with `source` as their file where they do not fit the program."""
    try:
        result = simulate_parts(parts, geography, manifest["seed"], progress)
    except ValueError as error:
        raise InputError([Fault(str(source), None, "", f"cannot be simulated again: {error}")]) from None
    return Run.of(result, manifest["name"], manifest["label"], branch=manifest.get("branch"))


__all__ = ["course_parts", "made_again", "parts_of", "run_of_parts", "scenario_of"]
MOST_SHOWN = 60  # letters of a value in a message


@dataclass(frozen=True)
class Verdict:
    """What came of it: differences and likely reasons, a sentence each, and what should be known beside them."""

    compared: tuple[str, ...]  # names of what was made again
    differences: tuple[str, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def verify_run(folder: Path, progress: Progress | None = None) -> Verdict:
    """Repeat the run of a folder from its manifest and compare all tables.

    Args:
        folder: the run's folder.
        progress: called with the number of days simulated so far.

    Returns:
        The files compared, a sentence for each difference, likely reasons, and notes; `same` is True without differences.

    Raises:
        InputError: if the manifest cannot be read or its scenario cannot be simulated.

    Example:
        >>> import sim
        >>> from sim.results.verify import verify_run
        >>> from sim.results.write import write
        >>> verify_run(write(sim.simulate("two_valleys", seed=1), "outputs")).same
        True
    """
    manifest = read_manifest(folder)
    digests = hashes(folder)
    edited = list(edits(folder, manifest, digests))
    notes = tuple(other_version(manifest))
    parts = parts_of(folder, manifest)
    geography = map_of_results(folder, parts[-1].scenario.map)
    run = run_of_parts(parts, geography, manifest, folder / MANIFEST, progress)
    with TemporaryDirectory() as temporary:
        write_tables(run, Path(temporary))
        again = {path.name: path.read_bytes() for path in sorted(Path(temporary).iterdir())}
    differing = [name for name in again if digests.get(name) != sha256(again[name])]
    differences = [_difference(folder, name, again[name]) for name in _order(differing)]
    pictures = [name for name in edited if name not in again]
    differences += [f"{name} is not as it was written" for name in pictures]
    recorded = manifest["outputs"]
    cause = [name for name in differing if recorded.get(name) != sha256(again[name])]  # not explained by an edit
    reasons = [edit_text(folder, name) for name in edited]
    if sha256(manifest["scenario"].encode()) != manifest.get("scenario_sha256"):
        reasons.append(f"{MANIFEST} was edited: its scenario has another SHA-256 than it says")
    if cause:
        reasons += circumstances(manifest, geography.folder) or [unexplained(reasons)]
    return Verdict(tuple(again), tuple(differences), tuple(reasons), notes)


def unexplained(reasons: list[str]) -> str:
    """Say what is left where version, map, libraries and platform are the same."""
    if reasons:
        return "version, map, libraries and platform are the same"
    return (
        f"version, map, libraries and platform are the same: seed or values in {MANIFEST} were edited, "
        "or the program has a fault, which should be reported"
    )


def edits(folder: Path, manifest: dict[str, Any], digests: dict[str, str]) -> Iterator[str]:
    """Give the names of files that are no longer as they were written, or gone."""
    for name, digest in manifest["outputs"].items():
        if digests.get(name) != digest:
            yield name


def edit_text(folder: Path, name: str) -> str:
    """Say of a file that it was edited or removed."""
    if (folder / name).exists():
        return f"{name} was edited after it was written: its SHA-256 is not the one in {MANIFEST}"
    return f"{name} was removed after it was written"


def other_version(manifest: dict[str, Any]) -> Iterator[str]:
    """Say that another version, or other code of this version, made a result."""
    recorded, here = manifest.get("product") or {}, product()
    if recorded.get("version") != here["version"]:
        yield (
            f"made by version {recorded.get('version') or 'unknown'}; this is version {here['version']}: "
            "the same numbers are promised within one version only"
        )
    elif recorded.get("commit") and here["commit"] and recorded["commit"] != here["commit"]:
        yield f"made at commit {str(recorded['commit'])[:12]}; this is {here['commit'][:12]}, of the same version"
    for whose, program in (("made by", recorded), ("this is", here)):
        if program.get("modified"):
            yield f"{whose} a copy of the program with changes that are in no commit"


def circumstances(manifest: dict[str, Any], map_folder: Path | str) -> list[str]:
    """Return what else is not as it was when a result was made: version, map, libraries, platform; likeliest first."""
    reasons = list(other_version(manifest))
    files = (manifest.get("map") or {}).get("files") or {}
    for name, digest in files.items():
        path = Path(map_folder) / name
        if not path.is_file() or sha256(path.read_bytes()) != digest:
            reasons.append(f"the map's {name} was changed since: its SHA-256 is not the one in {MANIFEST}")
    here = versions()
    for name, was in (manifest.get("versions") or {}).items():
        if here.get(name, was) != was:
            reasons.append(f"{name} was {was}, is {here[name]}")
    was = manifest.get("platform") or {}
    for word, now in (("system", platform.platform()), ("machine", platform.machine())):
        if was.get(word, now) != now:
            reasons.append(f"the {word} was {was[word]}, is {now}")
    return reasons


def _order(names: list[str]) -> list[str]:
    """Put the scenario first, then the event log, of which all others are made."""
    return sorted(names, key=lambda name: (name != "scenario.yaml", name != "events.csv", name))


def _difference(folder: Path, name: str, again: bytes) -> str:
    path = folder / name
    if not path.is_file():
        return f"{name} is missing"
    recorded = path.read_bytes().decode("utf-8", "replace")
    difference = (
        first_cell(recorded, again.decode("utf-8"))
        if name.endswith(".csv")
        else first_line(recorded, again.decode("utf-8"))
    )
    return f"{name}, {difference}"


def first_line(recorded: str, again: str) -> str:
    """Say the first line in which two texts differ."""
    recorded_lines, again_lines = recorded.split("\n"), again.split("\n")
    for number, (a, b) in enumerate(zip(recorded_lines, again_lines, strict=False), start=1):
        if a != b:
            return f"line {number}: {short(a)} in the folder, {short(b)} when made again"
    return f"{plural(len(recorded_lines), 'line')} in the folder, {len(again_lines)} when made again"


def first_cell(recorded: str, again: str) -> str:
    """Say the first row and column in which two CSV texts differ; row 1 is the first below the names of columns."""
    try:
        recorded_rows, again_rows = (list(csv.reader(StringIO(text), strict=True)) for text in (recorded, again))
    except csv.Error:
        return first_line(recorded, again)
    if not recorded_rows or recorded_rows[0] != again_rows[0]:
        return first_line(recorded, again)
    for row, (a, b) in enumerate(zip(recorded_rows[1:], again_rows[1:], strict=False), start=1):
        if len(a) != len(b):
            return f"row {row} (line {row + 1}): {plural(len(a), 'cell')} in the folder, {len(b)} when made again"
        for column, x, y in zip(recorded_rows[0], a, b, strict=True):
            if x != y:
                return (
                    f"row {row} (line {row + 1}), column {column}: {short(x)} in the folder, {short(y)} when made again"
                )
    if len(recorded_rows) != len(again_rows):
        return f"{plural(len(recorded_rows) - 1, 'row')} in the folder, {len(again_rows) - 1} when made again"
    return first_line(recorded, again)


def short(value: str) -> str:
    """Return a value as it may stand in a line."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."
