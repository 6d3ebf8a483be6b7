"""`run.py` alone: the scenarios there are, by their question, and recent results, each with its state and a next command."""

from __future__ import annotations

import shlex
from pathlib import Path

from sim.cli.locate import OUTPUTS, shell
from sim.study.path_kind import Kind, kind_of, made_by, read_any_manifest

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
RECENT = 8
NEXT = "; next: "  # parts the state of a result from the command to go on with


def home() -> None:
    """List the scenarios of `scenarios/` by their question, and the most recent results of `outputs/`."""
    from sim.cli.console import pairs

    pairs(_scenarios(SCENARIOS), title="Scenarios")
    results = recent_results(OUTPUTS)
    if results:
        _tell_results(results)
    print("\nNext: python run.py scenarios/kafr_hamra.yaml --seed 7      all commands: python run.py --help")


def _tell_results(results: list[Path]) -> None:
    """Print each result as a paragraph; commands stand unbroken on lines of their own, so that they can be pasted."""
    from sim.cli.console import console

    out = console()
    out.print("\nRecent results", style="bold")
    for path in results[:RECENT]:
        state, _, following = result_text(path).partition(NEXT)
        out.print(f"{path}: {state}")
        if following:
            print(f"  next: {following}")
    if len(results) > RECENT:
        print(f"and {len(results) - RECENT} older in {OUTPUTS}")


def _scenarios(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*.yaml"))
    return [(_short(path), _question(path)) for path in files] or [(str(folder), "no scenario here")]


def _short(path: Path) -> str:
    """Return how to name one of the program's scenarios from here: its path if it is below, else its bare name."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.stem


def _question(path: Path) -> str:
    from sim.errors import InputError
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


def result_text(path: Path) -> str:
    """Return what a folder or pack of results is, its state, and the next command."""
    from sim.errors import InputError

    kind = kind_of(path)
    try:
        if kind is Kind.RUN:
            return _run_text(path)
        if kind is Kind.STUDY:
            return _study_text(path)
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        reason = error.faults[0] if isinstance(error, InputError) else error
        return f"{kind}, cannot be read: {reason}"
    if kind is Kind.CALIBRATION:
        return _calibration_text(path)
    if kind is Kind.PACK:
        unpacked = path.with_suffix("")
        unpack = shlex.join(["python", "-m", "zipfile", "-e", str(path), str(path.parent)])
        return f"{kind}, unpacked beside it" if unpacked.exists() else f"{kind}{NEXT}{unpack}"
    if kind is Kind.RESULTS:
        return f"written by `{made_by(path)}`{_page(path)}"
    return f"{kind}"


def _run_text(folder: Path) -> str:
    from sim.results.columns import SCHEMA_VERSION
    from sim.results.run import Run

    manifest = read_any_manifest(folder)
    day, branch = str(manifest.get("started", ""))[:10], manifest.get("branch")
    if (version := manifest.get("schema_version")) != SCHEMA_VERSION:
        again = shell("run", folder / "scenario.yaml", "--seed", str(manifest["seed"]))
        return (
            f"run of another version of this program (schema {version}, this one reads {SCHEMA_VERSION}){NEXT}{again}"
        )
    run = Run.open(folder)
    head, following = f"run of {day}, seed {run.seed}", shell("watch", folder)
    if isinstance(branch, dict):
        head = f"run of {day}, seed {run.seed}, branched on day {branch['day']} from {branch['of']}"
        origin = folder.parent / str(branch["of"])
        following = shell("compare", origin, folder) if origin.is_dir() else following
    return f"{head}: {run.answer}{NEXT}{following}"


def _study_text(folder: Path) -> str:
    from sim.results.lock import is_written
    from sim.study.store import Study
    from sim.text import plural

    study = Study.open(folder)
    done = f"study, {study.done:,} of {plural(study.planned, 'run')} done"
    if failed := len(study.failures):
        done += f", {failed:,} failed"
    if is_written(folder):
        return f"{done}, running now{NEXT}{shell('status', folder)}"
    commands = [name for path in sorted(folder.iterdir()) if path.is_dir() and (name := made_by(path))]
    done += f", with results of {', '.join(dict.fromkeys(commands))}" if commands else ""
    following = shell("batch", folder) if study.partial else shell("compare", folder)
    return f"{done}{NEXT}{following}"


def _calibration_text(folder: Path) -> str:
    from sim.study.definition import STUDIES

    name = str(read_any_manifest(folder).get("name", ""))
    if (folder / "posterior.csv").is_file():
        return f"calibration, finished{_page(folder)}"
    file = name if (STUDIES / f"{name}.yaml").is_file() else "FILE"
    return f"calibration, not finished{NEXT}{shell('calibrate', file)}"


def _page(folder: Path) -> str:
    page = folder / "report.html"
    return f"{NEXT}open {page}" if page.is_file() else ""
