"""The corpus as commands: which files there are, and what is done with each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

CORPUS = Path(__file__).parent
SCENARIOS = CORPUS.parents[1] / "scenarios"
NO_CASE = ("scenarios/extends_ring_b.yaml", "maps/any.yaml", "observed/any.yaml")


class Case(NamedTuple):
    """One hostile input: its name in expected.csv, and the command that reads it."""

    name: str
    words: list[str]
    here: Path
    maps: Path | None = None

    @property
    def job(self) -> dict[str, Any]:
        """What forked.py is told."""
        return {"words": self.words, "here": str(self.here), "maps": str(self.maps or "")}


def files() -> list[str]:
    """Return the names of the corpus's files."""
    found = [*CORPUS.glob("*/*.yaml"), *CORPUS.glob("*/*.csv"), *CORPUS.glob("*/*.json")]
    names = sorted(path.relative_to(CORPUS).as_posix() for path in found)
    return [name for name in names if name not in NO_CASE]


def cases(place: Path, run: Path) -> list[Case]:
    """Return all cases; copies of a map and of a run, each with a bad file laid over it, are made in `place`."""
    return [case(name, place, run) for name in files()]


def case(name: str, place: Path, run: Path) -> Case:
    """Return the case of a file."""
    here, path = place / "here", CORPUS / name
    kind, _, rest = name.partition("/")
    if kind == "maps":
        town, part, _ = rest.split(".")
        root = place / "maps" / town
        shutil.copytree(CORPUS / "maps" / "good", root / "here")
        shutil.copy(path, root / "here" / f"{part}.csv")
        return Case(name, ["check", str(CORPUS / "maps" / "any.yaml")], here, root)
    if kind == "runs":
        spoilt = laid_over(run, path, rest.partition(".")[2], place / "runs" / rest)
        words = ["verify", str(spoilt)] if "manifest" in name else ["events", str(spoilt)]
        return Case(name, words, here)
    words = {
        "scenarios": ["check", str(path)],
        "studies": ["check", str(path)],
        "calibrations": ["check", str(path)],
        "patterns": ["patterns", str(run), "--patterns", str(path), "--no-pictures"],
        "towns": ["new-map", str(path), "made"],
        "observed": events_words(run, path),
    }
    return Case(name, words[kind], here)


def events_words(run: Path, path: Path) -> list[str]:
    """Return the command that reads a file of observed events."""
    patterns = CORPUS / "observed" / "any.yaml"
    return ["patterns", str(run), "--observed", str(path), "--patterns", str(patterns), "--no-pictures"]


def laid_over(run: Path, bad: Path, file: str, target: Path) -> Path:
    """Return a copy of a run in which one file is bad."""
    shutil.copytree(run, target)
    shutil.copy(bad, target / file)
    return target
