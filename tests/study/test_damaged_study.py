"""A study whose files are damaged, or that two writers filled at once: reported, counted once, made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sim.errors import InputError
from sim.results.manifest import MANIFEST
from sim.study import runner
from sim.study.runner import Progress, run_study
from sim.study.status import status_lines
from sim.study.store import Study
from sim.study.stored_parts import RunRange
from tests.study.support import assert_same, small_plan

REPLICATES = 3
RUNS = 2 * REPLICATES


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    with pytest.MonkeyPatch.context() as patch:  # all runs in one part, however slow the machine
        patch.setattr(runner, "CHUNK_SECONDS", 1e6)
        patch.setattr(runner, "LEAST_SECONDS", 1e6)
        return Study.open(run_study(small_plan(REPLICATES), tmp_path_factory.mktemp("damaged"), workers=1))


@pytest.fixture
def copy(study: Study, tmp_path: Path) -> Path:
    return shutil.copytree(study.folder, tmp_path / study.name)


def file_of(copy: Path, table: str) -> Path:
    return copy / "tables" / table / f"{RunRange(0, RUNS - 1).name}.parquet"


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(60, 90):
        content[place] ^= 0xFF
    path.write_bytes(content)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "changed": change,
    "folder": make_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("table", ["runs", "daily"])
def test_a_damaged_part_is_reported_set_aside_and_made_again(damage: str, table: str, study: Study, copy: Path) -> None:
    part = file_of(copy, table)
    DAMAGES[damage](part)
    with pytest.raises(InputError, match=rf"{part.name}: cannot be read.*python run.py batch"):
        Study.open(copy).table(table)
    lines = "\n".join(status_lines(Study.open(copy)))
    assert f"damaged: tables/{table}/{part.name}" in lines
    assert f"{RUNS} runs are missing" in lines
    reports: list[Progress] = []
    run_study(small_plan(REPLICATES), copy.parent, workers=1, report=reports.append)
    assert "set aside in" in reports[0].note
    assert (copy / "damaged" / f"{table}-{part.name}").exists()
    assert_same(study.folder, copy)


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b'[{"scenario": 3}]', bytes(range(256))])
def test_a_damaged_ledger_is_reported_and_its_runs_are_made_again(content: bytes, study: Study, copy: Path) -> None:
    ledger = copy / "ledger" / f"{RunRange(0, RUNS - 1).name}.json"
    ledger.parent.mkdir(exist_ok=True)
    ledger.write_bytes(content)
    assert f"damaged: ledger/{ledger.name}" in "\n".join(status_lines(Study.open(copy)))
    with pytest.raises(InputError, match=f"{ledger.name}: cannot be read"):
        _ = Study.open(copy).failures
    run_study(small_plan(REPLICATES), copy.parent, workers=1)
    assert_same(study.folder, copy)


def test_a_part_that_lacks_rows_is_damaged(study: Study, copy: Path) -> None:
    path = file_of(copy, "runs")
    pq.write_table(pq.read_table(path).slice(1), path)
    assert list(Study.open(copy).damaged()) == [RunRange(0, RUNS - 1)]


@pytest.mark.parametrize(
    ("key", "value"),
    [("tables", '{"runs": 3}'), ("tables", "{}"), ("inputs", '{"a": [1]}'), ("inputs", '{"a": ["x", 2]}'),
     ("scenarios", '{"base": 3}'), ("scenarios", "{}"), ("planned", "-1"), ("precision", "3")],
)  # fmt: skip
def test_a_manifest_with_values_of_a_wrong_type_is_reported(key: str, value: str, copy: Path) -> None:
    text = (copy / MANIFEST).read_text(encoding="utf-8").rstrip().removesuffix("}")
    (copy / MANIFEST).write_text(f'{text}, "{key}": {value}}}', encoding="utf-8")  # the last of two equal keys counts
    with pytest.raises(InputError, match=f"{key}: is missing or of a wrong type"):
        Study.open(copy)


def split(study: Study, copy: Path, *parts: RunRange) -> None:
    """Store the runs of a study in other parts, which may overlap."""
    for table in study.manifest["tables"]:
        rows = pq.read_table(file_of(study.folder, table))
        keys = zip(rows.column("scenario").to_pylist(), rows.column("replicate").to_pylist(), strict=True)
        places = [2 * replicate + ["base", "other"].index(scenario) for scenario, replicate in keys]
        file_of(copy, table).unlink()
        for part in parts:
            chosen = [part.first <= place <= part.last for place in places]
            pq.write_table(rows.filter(chosen), copy / "tables" / table / f"{part.name}.parquet")


@pytest.mark.parametrize(
    ("parts", "twice"),
    [
        ([RunRange(0, 2), RunRange(2, 5)], 1),
        ([RunRange(0, 5), RunRange(0, 3)], 4),
        ([RunRange(0, 5), RunRange(2, 3)], 2),
        ([RunRange(0, 3), RunRange(0, 2), RunRange(1, 4), RunRange(4, 5), RunRange(5, 5)], 8),
    ],
)
def test_runs_that_two_writers_stored_count_once(parts: list[RunRange], twice: int, study: Study, copy: Path) -> None:
    split(study, copy, *parts)
    both = Study.open(copy)
    assert both.twice == twice
    assert (both.done, both.partial) == (RUNS, False)
    assert_same(study.folder, copy)
    assert sum(len(piece) for piece in both.pieces("daily", ["day"])) == len(study.table("daily"))
    assert "stored twice" in "\n".join(status_lines(both))
    run_study(small_plan(REPLICATES), copy.parent, workers=1)
    assert Study.open(copy).twice == 0
    assert_same(study.folder, copy)


def test_a_study_without_copies_says_nothing_of_them(study: Study) -> None:
    assert (study.twice, study.notes, study.damaged()) == (0, [], {})
