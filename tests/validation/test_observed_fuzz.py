"""Mutated tables of observations, seeded: each is read, or refused with lines that name the file, and the row if a cell is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sim.errors import Fault, InputError
from sim.files import SCENARIOS
from sim.geography.maps import load_map
from sim.geography.new_map import guess_map
from sim.scenario.load import load
from sim.validation.event_files import Area
from sim.validation.observed import observe, read_events, read_holds
from sim.validation.outcome import read_outcome
from sim.validation.pattern_file import FOLDER, read_patterns
from tests.bad_inputs.test_bad_inputs import mutated
from tests.validation.test_observed_faults import ACLED, GED, OLD_ACLED

OBSERVED = SCENARIOS / "observed" / "greater_idlib_2018_10"
HOLDS = SCENARIOS / "maps" / "greater_idlib" / "ceasefires.csv"
TOWNS = "name,lat,lon,holder\nAlpha,36,36.5,Red\nBeta,36.1,36.6,Blue\nGamma,36.2,36.4,Red\n"
HOSTILE = (
    "", " ", "-7", "1e99", "inf", "-inf", "nan", "NaN", "NULL", "9" * 400, "2.0", "2.7", "3,5", "1 000", "٣", "0x10", "=1+1", "#REF!",
    "02/03/2018", "2018-02-30", "2018-03-02T00:00:00+02:00", "43161", "0000-00-00", "9999-12-31", "2 Mar 18", "x" * 6000, "\u2028",
    "\x1b[31m", "\u202e", "é", '"', '""', '"a\nb"', "a\rb", ",", ";", "SIM-1", "simulated", "True", "[]", "{}", "(HTS", "\\", "\ufeff", "90.0001",
)  # fmt: skip
HEADERS = ("", "best", "id", " Date_Start ", "latitude;longitude", "x" * 300, "\x1b", '"', "#", "end")


@pytest.fixture(scope="module")
def readers() -> dict[str, tuple[str, Callable[[Path], object]]]:
    """Return for each kind of table a good text, and the function by which commands read it."""
    patterns = FOLDER / "greater_idlib.yaml"
    declared, geography = read_patterns(patterns), load_map("greater_idlib")
    area, scenario = Area.of(geography), load(SCENARIOS / "hindcast_2018_10.yaml").scenario
    found: dict[str, tuple[str, Callable[[Path], object]]] = {
        "ged": (GED, lambda path: read_events([path], area).summary_lines()),
        "acled": (ACLED, lambda path: read_events([path], area).summary_lines()),
        "old_acled": (OLD_ACLED, lambda path: read_events([path], area).log(date(2018, 1, 1), 365)),
        "figures": (GED, lambda path: observe([path], declared, patterns, area)),
        "ceasefires": (HOLDS.read_text(encoding="utf-8"), lambda path: read_holds(path, date(2018, 2, 18), 256)),
        "towns": (TOWNS, guess_map),
    }
    for name in ("control", "weekly", "agreements"):
        text = (OBSERVED / f"{name}.csv").read_text(encoding="utf-8")
        found[name] = text, lambda path: read_outcome(path.parent, scenario, geography)
    return found


KINDS = ("ged", "acled", "old_acled", "figures", "ceasefires", "towns", "control", "weekly", "agreements")
ROUNDS = {
    "figures": 12,
    "towns": 25,
    "control": 25,
    "weekly": 40,
    "agreements": 40,
}  # of each kind of mutation; else 60


def faults_of(read: Callable[[Path], object], path: Path) -> list[Fault]:
    """Return the faults that reading finds; any other error is the test's."""
    try:
        read(path)
    except InputError as error:
        return error.faults or [Fault("no fault", None, "", "")]
    return []


def placed(folder: Path, kind: str, content: bytes) -> Path:
    """Return the file of a mutant; one of a folder of observations has a good observed.yaml beside it."""
    path = folder / f"{kind}.csv"
    path.write_bytes(content)
    if kind in ("control", "weekly", "agreements"):
        (folder / "observed.yaml").write_bytes((OBSERVED / "observed.yaml").read_bytes())
    return path


def check(faults: list[Fault], path: Path) -> None:
    for fault in faults:
        assert path.name in fault.file or fault.file.endswith(path.parent.name), fault
        assert str(fault).isprintable(), fault
        assert len(str(fault)) < 1000, fault


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_bytes_are_read_or_refused(
    kind: str, readers: dict[str, tuple[str, Callable[[Path], object]]], tmp_path: Path
) -> None:
    text, read = readers[kind]
    for seed in range(ROUNDS.get(kind, 60)):
        path = placed(tmp_path, kind, mutated(text.encode(), random.Random(seed)))
        check(faults_of(read, path), path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_cell_is_read_or_refused_with_its_line(
    kind: str, readers: dict[str, tuple[str, Callable[[Path], object]]], tmp_path: Path
) -> None:
    text, read = readers[kind]
    refused = 0
    for seed in range(ROUNDS.get(kind, 60)):
        luck = random.Random(seed)
        lines = text.splitlines()
        rows = [number for number in range(1, len(lines)) if '"' not in lines[number]] or [1]
        row = luck.choice(rows)
        cells = lines[row].split(",")
        cells[luck.randrange(len(cells))] = luck.choice(HOSTILE)
        lines[row] = ",".join(cells)
        path = placed(tmp_path, kind, "\n".join(lines).encode() + b"\n")
        faults = faults_of(read, path)
        check(faults, path)
        whole = all(fault.line is None and fault.file.endswith((kind + ".csv", path.parent.name)) for fault in faults)
        assert not faults or whole or any(fault.line is not None and fault.line >= row + 1 for fault in faults), faults
        refused += bool(faults) and not whole
    assert refused > ROUNDS.get(kind, 60) // 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_header_is_read_or_refused_with_its_line(
    kind: str, readers: dict[str, tuple[str, Callable[[Path], object]]], tmp_path: Path
) -> None:
    text, read = readers[kind]
    header, rest = text.split("\n", 1)
    for seed in range(len(HEADERS)):
        names = header.split(",")
        names[random.Random(seed).randrange(len(names))] = HEADERS[seed]
        path = placed(tmp_path, kind, (",".join(names) + "\n" + rest).encode())
        check(faults_of(read, path), path)
