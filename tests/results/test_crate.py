"""A pack is an RO-Crate 1.1 with a citation, and still the run that it was.

The metadata were also held once against the 1.1 profile by roc-validator, whose checks need a network.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.cli.main import main
from sim.results import crate
from sim.results.run import Run
from sim.results.write import write
from tests.results import small_result
from tests.trust.processes import ROOT


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the pack of a run, made in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    write(Run.of(small_result.result(), "by_hand"), tmp_path / "outputs")
    assert main(["pack", "by_hand-seed7"]) == 0
    return tmp_path / "outputs" / "by_hand-seed7.zip"


def _references(value: Any) -> set[str]:
    """Return the ids that a value names without describing what they are."""
    if isinstance(value, dict):
        return {value["@id"]} if value.keys() == {"@id"} else set().union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def test_the_metadata_describe_every_file_of_the_pack(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        names = {name.removeprefix("by_hand-seed7/") for name in file.namelist()}
        metadata = json.loads(file.read("by_hand-seed7/ro-crate-metadata.json"))
    assert metadata["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert (descriptor["@type"], descriptor["about"]) == ("CreativeWork", {"@id": "./"})
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["name"] == "SIMULATED: by_hand, seed 7, 10 days"
    assert {part["@id"] for part in root["hasPart"]} == names - {"ro-crate-metadata.json"}
    assert all(entities[part["@id"]]["@type"] == "File" for part in root["hasPart"])
    assert _references(metadata["@graph"]) - entities.keys() == {"https://w3id.org/ro/crate/1.1"}


def test_the_citation_names_the_run_and_the_program_as_the_projects_own_does(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        citation = yaml.safe_load(file.read("by_hand-seed7/CITATION.cff"))
    own = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (program,) = citation["references"]
    assert citation["type"] == "dataset"
    assert citation["title"].startswith("SIMULATED: by_hand, seed 7")
    assert {key: own[key] for key in ("title", "version", "license")} == {
        key: program[key] for key in ("title", "version", "license")
    }
    assert program["authors"] == own["authors"]


def test_an_unpacked_run_packs_to_the_same_files(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "elsewhere")
        before = sorted(file.namelist())
    assert main(["pack", str(tmp_path / "elsewhere" / "by_hand-seed7")]) == 0
    with zipfile.ZipFile(tmp_path / "elsewhere" / "by_hand-seed7.zip") as file:
        assert sorted(file.namelist()) == before
    assert crate.METADATA in {Path(name).name for name in before}
