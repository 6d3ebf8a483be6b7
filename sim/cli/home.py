"""`run.py` alone: the scenarios there are, by their question, and recent runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
RECENT = 8


def home() -> None:
    """List the scenarios of `scenarios/` by their question, and the most recent runs of `outputs/`."""
    from sim.cli.output import pairs

    pairs(_scenarios(SCENARIOS), title="Scenarios")
    runs = _runs(Path("outputs"))
    if runs:
        print()
        pairs(runs, title="Recent runs")
    print("\nNext: python run.py scenarios/kafr_hamra.yaml --seed 7      all commands: python run.py --help")


def _scenarios(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*.yaml"))
    shown = [path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path for path in files]
    return [(str(path), _question(path)) for path in shown] or [(str(folder), "no scenario here")]


def _question(path: Path) -> str:
    from sim.errors import InputError
    from sim.scenario.load import load_scenario

    try:
        return load_scenario(path).question
    except InputError as error:
        return f"cannot be read: {error.faults[0].message}; see `run.py check {path}`"


def _runs(folder: Path) -> list[tuple[str, str]]:
    """Return the most recent runs, newest first: folder, and when, seed, answer."""
    manifests = [path for path in folder.glob("*/manifest.json") if path.is_file()]
    newest = sorted(manifests, key=lambda path: path.stat().st_mtime, reverse=True)[:RECENT]
    return [(str(path.parent), _run_text(path)) for path in newest]


def _run_text(manifest: Path) -> str:
    from sim.errors import InputError
    from sim.record.run import Run

    try:
        said: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        run = Run.open(manifest.parent)
        return f"{str(said['started'])[:10]}, seed {run.seed}: {run.answer}"
    except InputError as error:
        return f"cannot be read: {error.faults[0].message}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"cannot be read: {error}"
