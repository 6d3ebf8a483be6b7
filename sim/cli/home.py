"""The first screen: scenarios by their question, and recent results, each with what it is, its state and a next command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.files import OUTPUTS, display_path, named_file, named_files
from sim.results.manifest import Kind, kind_of, made_by, read_any_manifest
from sim.text import plural, shell

RECENT = 8
PICTURES = ("report.html", "patterns.png", "ablations.png", "audit.png", "hindcast.png", "figures")


class ListedResult(NamedTuple):
    """A result in `outputs/`: its path, what it is and how far, and the command to go on with, empty if there is none."""

    path: Path
    kind: Kind
    state: str
    following: str = ""


def home(as_json: bool = False) -> None:
    """List the scenarios by their question, one's own first, and the results in `outputs/`, the most recent first."""
    from sim.cli.console import pairs, print_json

    results = recent_results(OUTPUTS)
    if as_json:
        print_json({"scenarios": _scenarios(), "results": [_as_data(listed(path)) for path in results]})
        return
    pairs([(each["path"], each["question"]) for each in _scenarios()], title="Scenarios")
    if results:
        _print_results(results)
    example = _short(named_files()["two_valleys"])
    print(f"\nNext: {shell(example, '--seed', '7')}      all commands: {shell('--help')}")


def _scenarios() -> list[dict[str, str]]:
    return [{"name": name, "path": _short(path), "question": _question(path)} for name, path in named_files().items()]


def _as_data(result: ListedResult) -> dict[str, Any]:
    return {"path": result.path, "is": result.kind, "state": result.state, "next": result.following or None}


def _print_results(results: list[Path]) -> None:
    """Print each result as a paragraph; commands stand unbroken on lines of their own, so that they can be pasted."""
    from sim.cli.console import console

    out = console()
    out.print("\nRecent results", style="bold")
    for path in results[:RECENT]:
        result = listed(path)
        out.print(f"{path}: {result.state}")
        if result.following:
            print(f"  next: {result.following}")
    if len(results) > RECENT:
        print(f"and {len(results) - RECENT} older in {OUTPUTS}; {shell('--json')} lists all")


def _short(path: Path) -> str:
    """Return how to name a scenario from here: its path if it is below the current folder, else its bare name."""
    return display_path(path) if path.absolute().is_relative_to(Path.cwd()) else path.stem


def _question(path: Path) -> str:
    from sim.scenario.load import load_scenario

    try:
        return load_scenario(path).question
    except InputError as error:
        return f"cannot be read: {error.faults[0].message}; see `{shell('check', _short(path))}`"


def recent_results(folder: Path) -> list[Path]:
    """Return the folders and packs of a folder of results, newest first; hidden ones and plain files are left out."""
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    results = [path for path in paths if path.is_dir() or kind_of(path) is Kind.PACK]
    return sorted(results, key=_changed, reverse=True)


def _changed(path: Path) -> float:
    """Return when a result was last written, in seconds: its manifest's time, or its own."""
    manifest = path / "manifest.json"
    return (manifest if manifest.is_file() else path).lstat().st_mtime


def listed(path: Path) -> ListedResult:
    """Return what a folder or pack of results is, its state, and the next command."""
    kind = kind_of(path)
    try:
        if kind is Kind.RUN:
            return _run(path)
        if kind is Kind.STUDY:
            return _study(path)
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        reason = error.faults[0] if isinstance(error, InputError) else error
        return ListedResult(path, kind, f"{kind}, cannot be read: {reason}")
    if kind is Kind.CALIBRATION:
        return _calibration(path)
    if kind is Kind.PACK:
        unpack = shlex.join(["python", "-m", "zipfile", "-e", str(path), str(path.parent)])
        if path.with_suffix("").exists():
            return ListedResult(path, kind, f"{kind}, unpacked beside it")
        return ListedResult(path, kind, f"{kind}", unpack)
    if kind is Kind.RESULTS:
        return ListedResult(path, kind, f"written by `{made_by(path)}`", _opening(path))
    if parts := _audits(path):
        return ListedResult(
            path, Kind.RESULTS, f"an audit of claims, tested {plural(len(parts), 'time')}", _opening(parts[-1])
        )
    return ListedResult(path, kind, f"{kind}")


def _audits(folder: Path) -> list[Path]:
    """Return the folders of results in the folder of an audit, oldest first; none if it is of no audit."""
    if not folder.is_dir():
        return []
    return sorted((path.parent for path in folder.glob("audit*/audit.json")), key=_changed)


def _run(folder: Path) -> ListedResult:
    from sim.results.columns import SCHEMA_VERSION
    from sim.results.run import Run

    manifest = read_any_manifest(folder)
    day, branch = str(manifest.get("started", ""))[:10], manifest.get("branch")
    if (version := manifest.get("schema_version")) != SCHEMA_VERSION:
        again = shell("run", folder / "scenario.yaml", "--seed", str(manifest["seed"]))
        return ListedResult(folder, Kind.RUN, _other_version("run", version, SCHEMA_VERSION), again)
    run = Run.open(folder)
    head, following = f"run of {day}, seed {run.seed}", shell("watch", folder)
    if isinstance(branch, dict):
        head = f"run of {day}, seed {run.seed}, branched on day {branch['day']} from {branch['of']}"
        origin = folder.parent / str(branch["of"])
        following = shell("compare", origin, folder) if origin.is_dir() else following
    return ListedResult(folder, Kind.RUN, f"{head}: {run.answer}", following)


def _other_version(what: str, version: object, own: int) -> str:
    return f"{what} of another version of this program (schema {version}, this one reads {own})"


def _study(folder: Path) -> ListedResult:
    from sim.study.manifest import SCHEMA_VERSION
    from sim.study.status import running_text
    from sim.study.store import Study

    if (version := read_any_manifest(folder).get("schema_version")) != SCHEMA_VERSION:
        again = shell("batch", folder / "study.yaml", "--out", OUTPUTS / "again")
        return ListedResult(folder, Kind.STUDY, _other_version("study", version, SCHEMA_VERSION), again)
    study = Study.open(folder)
    done = f"study, {study.done:,} of {plural(study.planned, 'run')} done"
    if failed := len(study.failures):
        done += f", {failed:,} failed"
    if running := running_text(study):
        return ListedResult(folder, Kind.STUDY, f"{done}, running now {running}", shell("status", folder))
    commands = [name for path in sorted(folder.iterdir()) if path.is_dir() and (name := made_by(path))]
    done += f", with results of {', '.join(dict.fromkeys(commands))}" if commands else ""
    return ListedResult(folder, Kind.STUDY, done, shell("batch" if study.partial else "compare", folder))


def _calibration(folder: Path) -> ListedResult:
    name = str(read_any_manifest(folder).get("name", ""))
    if (folder / "posterior.csv").is_file():
        return ListedResult(folder, Kind.CALIBRATION, "calibration, finished", _opening(folder))
    file = name if named_file(name, "studies") is not None else "FILE"
    return ListedResult(folder, Kind.CALIBRATION, "calibration, not finished", shell("calibrate", file))


def _opening(folder: Path) -> str:
    """Return the words that open what a folder of results is read by: its page or its picture; empty if it has none."""
    return next((f"open {shlex.quote(str(folder / name))}" for name in PICTURES if (folder / name).exists()), "")
