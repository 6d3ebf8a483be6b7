"""Making a run again from its manifest: the same scenario, values and seed, part by part where the run is a branch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim.engine.simulation import Part, simulate_parts
from sim.engine.tables import World
from sim.errors import Fault, InputError
from sim.geography.maps import Geography, load_map
from sim.record.manifest import MANIFEST, read_manifest
from sim.record.run import Run
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario

Progress = Callable[[int, World], None]


def scenario_of(text: str, said: Path) -> Scenario:
    """Return the scenario of a resolved text; InputError with the faults that this program finds in it, as of `said`."""
    with TemporaryDirectory() as place:
        file = Path(place) / "scenario.yaml"
        file.write_bytes(text.encode("utf-8"))
        try:
            return load_scenario(file)
        except InputError as error:
            raise InputError(
                Fault(str(said), None, fault.key, f"its scenario, line {fault.line}: {fault.message}")
                for fault in error.faults
            ) from None


def parts_of(folder: Path, manifest: dict[str, Any] | None = None) -> list[Part]:
    """Return what a run in a folder was simulated with: one part, or one more for each branch it comes of."""
    found = manifest or read_manifest(folder)
    file = folder / MANIFEST
    branch = found.get("branch")
    earlier = branch["earlier"] if branch else []
    parts = [Part(part["day"], scenario_of(part["scenario"], file), part["values"]) for part in earlier]
    return [*parts, Part(branch["day"] if branch else 0, scenario_of(found["scenario"], file), found["values"])]


def made_again(folder: Path, progress: Progress | None = None) -> Run:
    """Return the run in a folder, simulated anew from its manifest; InputError where this program cannot."""
    manifest = read_manifest(folder)
    parts = parts_of(folder, manifest)
    geography = load_map(parts[-1].scenario.map)
    return run_of_parts(parts, geography, manifest, folder / MANIFEST, progress)


def run_of_parts(
    parts: list[Part], geography: Geography, manifest: dict[str, Any], said: Path, progress: Progress | None = None
) -> Run:
    """Return the run of some parts, named as a manifest says; InputError as of `said` where they do not fit the program."""
    try:
        result = simulate_parts(parts, geography, manifest["seed"], progress)
    except ValueError as error:
        raise InputError([Fault(str(said), None, "", f"cannot be simulated again: {error}")]) from None
    return Run.of(result, manifest["name"], manifest["label"], branch=manifest.get("branch"))


__all__ = ["made_again", "parts_of", "run_of_parts", "scenario_of"]
