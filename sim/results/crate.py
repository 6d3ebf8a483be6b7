"""What a packed run or study says of itself to archives and catalogues: an RO-Crate and a citation.

`ro-crate-metadata.json` follows RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): the folder as a data set with a title, a
licence and its files, and the act that made it, with the program and the versions of its libraries. `CITATION.cff` follows
the Citation File Format 1.2.0. Both are made from manifest.json; neither is read by this program.
"""

from __future__ import annotations

import json
import mimetypes
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sim.results.manifest import MANIFEST
from sim.text import plural

METADATA = "ro-crate-metadata.json"
CITATION = "CITATION.cff"
TITLE = "Territorial competition: a simulator of rebel rivalry, ceasefires and escalation"
AUTHORS = "The project's contributors"
LICENCE = "https://spdx.org/licenses/MIT"
PROGRAM, CONTRIBUTORS = "#program", "#contributors"
ABOUT = {
    MANIFEST: "What made these results: program, versions, inputs, command, SHA-256 of every file",
    "scenario.yaml": "The scenario, with everything filled in",
    "study.yaml": "The study, with everything filled in",
    "report.html": "The results as a page that needs no network",
    "events.csv": "Simulated events, with their causes",
    CITATION: "How to cite these results and the program",
}
TYPES = {".yaml": "application/yaml", ".parquet": "application/vnd.apache.parquet", ".cff": "application/yaml"}


def crate_files(folder: Path, manifest: dict[str, Any], question: str) -> dict[str, bytes]:
    """Return the files that a pack of a run's or study's folder has besides those of the folder, by name.

    Args:
        folder: the folder that is packed.
        manifest: its manifest, as read.
        question: the question that its scenario or study asks.
    """
    entities = [_descriptor(), _root(folder, manifest, question), *_files(folder), *_made(folder, manifest)]
    crate = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": entities}
    text = json.dumps(crate, indent=1, ensure_ascii=False) + "\n"
    return {METADATA: text.encode(), CITATION: citation_text(manifest).encode()}


def title_of(manifest: dict[str, Any]) -> str:
    """Return the title of a result: "SIMULATED: two_valleys, seed 7, 180 days"."""
    if manifest.get("kind") == "study":
        return f"SIMULATED: {manifest['name']}, study of {plural(manifest['planned'], 'run')}"
    return f"SIMULATED: {manifest['name']}, seed {manifest['seed']}, {plural(manifest['days'], 'day')}"


def _day(manifest: dict[str, Any]) -> str:
    """Return the day on which a result was made, as 2020-03-14; a study that is not complete has the day of its start."""
    return str(manifest.get("finished") or manifest["started"])[:10]


def _descriptor() -> dict[str, Any]:
    conforms = {"@id": "https://w3id.org/ro/crate/1.1"}
    return {"@id": METADATA, "@type": "CreativeWork", "conformsTo": conforms, "about": {"@id": "./"}}


def _root(folder: Path, manifest: dict[str, Any], question: str) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": title_of(manifest),
        "description": f"Simulated, not observed. {question}",
        "datePublished": _day(manifest),
        "license": {"@id": LICENCE},
        "author": {"@id": CONTRIBUTORS},
        "keywords": "simulation, agent-based model, conflict, ceasefire",
        "hasPart": [{"@id": _id(name)} for name in (*_names(folder), CITATION)],
        "mentions": {"@id": "#making"},
    }


def _names(folder: Path) -> list[str]:
    """Return the paths of the files that `pack` takes in, from the folder."""
    inside = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    names = [path.as_posix() for path in inside if not any(part.startswith(".") for part in path.parts)]
    return [name for name in names if name not in (METADATA, CITATION)]  # of an earlier pack, made anew


def _id(name: str) -> str:
    return quote(name)


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    for name in (*_names(folder), CITATION):
        kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        entity = {"@id": _id(name), "@type": "File", "name": name, "encodingFormat": kind}
        if name != CITATION:
            entity["contentSize"] = str((folder / name).stat().st_size)
        yield entity | ({"description": ABOUT[name]} if name in ABOUT else {})


def _made(folder: Path, manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the act that made a result, the program with its libraries, its authors and the licence."""
    product = manifest["product"]
    source = "study.yaml" if manifest.get("kind") == "study" else "scenario.yaml"
    act: dict[str, Any] = {
        "@id": "#making",
        "@type": "CreateAction",
        "name": "Simulation",
        "description": shlex.join(map(str, manifest["command"])),
        "instrument": {"@id": PROGRAM},
        "result": {"@id": "./"},
        "startTime": manifest["started"],
    }
    if manifest.get("finished"):
        act["endTime"] = manifest["finished"]
    if (folder / source).is_file():
        act["object"] = {"@id": source}
    yield act
    versions = {name: version for name, version in manifest["versions"].items() if version != "absent"}
    yield {
        "@id": PROGRAM,
        "@type": "SoftwareApplication",
        "name": product["name"],
        "description": TITLE,
        "version": product["version"] + (f", commit {product['commit']}" if product["commit"] else ""),
        "license": {"@id": LICENCE},
        "softwareRequirements": [{"@id": f"#{name}"} for name in versions],
    }
    for name, version in versions.items():
        yield {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "version": version}
    about = "Of the program and of what it makes. Maps keep their own licences: see map/*/LICENSE, if there is one."
    yield {"@id": CONTRIBUTORS, "@type": "Organization", "name": AUTHORS}
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "description": about}


def citation_text(manifest: dict[str, Any]) -> str:
    """Return the text of CITATION.cff: the result, and the version of the program that made it as its reference."""
    product = manifest["product"]
    commit = f"    commit: {product['commit']}\n" if product["commit"] else ""
    return f"""cff-version: 1.2.0
message: "Please cite these simulated results together with the program and version that made them."
type: dataset
title: {json.dumps(title_of(manifest), ensure_ascii=False)}
authors:
  - name: "{AUTHORS}"
date-released: {_day(manifest)}
references:
  - type: software
    title: "{TITLE}"
    authors:
      - name: "{AUTHORS}"
    version: {product["version"]}
{commit}    license: MIT
"""
