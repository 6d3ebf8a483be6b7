from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from sim.errors import InputError
from sim.results.columns import SCHEMA_VERSION
from sim.results.manifest import hashes
from sim.results.run import Run
from sim.results.write import write
from tests.results.small_result import result


@pytest.fixture
def run() -> Run:
    return Run.of(result(), name="by_hand")


def test_a_run_read_from_its_folder_is_the_run(run: Run, tmp_path: Path) -> None:
    again = Run.open(write(run, tmp_path))
    for file, frame in run.tables.items():
        pd.testing.assert_frame_equal(again.tables[file], frame)
    assert (again.seed, again.values, again.name, again.summary) == (run.seed, run.values, run.name, run.summary)
    assert again.scenario == run.scenario


def test_a_second_writing_gets_a_name_of_its_own_and_the_same_tables(run: Run, tmp_path: Path) -> None:
    run.label = "Second try!"
    one, two = write(run, tmp_path), write(run, tmp_path)
    assert [one.name, two.name] == ["by_hand-second_try-seed7", "by_hand-second_try-seed7-2"]
    assert hashes(one) == hashes(two)
    assert b"\r" not in (one / "events.csv").read_bytes()


def test_a_run_written_again_after_reading_is_byte_identical(run: Run, tmp_path: Path) -> None:
    one = write(run, tmp_path)
    assert hashes(write(Run.open(one), tmp_path)) == hashes(one)


def test_writers_at_one_time_get_folders_of_their_own(run: Run, tmp_path: Path) -> None:
    assert run.summary
    with ThreadPoolExecutor(6) as pool:
        folders = list(pool.map(lambda _: write(run, tmp_path), range(6)))
    assert len(set(folders)) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in folders)


def test_pictures_are_drawn_into_the_folder_before_it_appears(run: Run, tmp_path: Path) -> None:
    def draw(_: Run, folder: Path) -> None:
        assert folder.name.startswith(".")
        (folder / "maps").mkdir()
        (folder / "maps" / "map.txt").write_text("x")

    folder = write(run, tmp_path, draw)
    assert "maps/map.txt" in json.loads((folder / "manifest.json").read_text())["outputs"]


@pytest.mark.parametrize("fault", [RuntimeError("no ink"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_writing_that_fails(run: Run, tmp_path: Path, fault: BaseException) -> None:
    def draw(_: Run, __: Path) -> None:
        raise fault

    with pytest.raises(type(fault)):
        write(run, tmp_path, draw)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_input_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write(run, tmp_path / "file" / "below")


def test_the_manifest_says_what_made_the_run(run: Run, tmp_path: Path) -> None:
    folder = write(run, tmp_path, command=["run.py", "x"])
    made = json.loads((folder / "manifest.json").read_text())
    assert made["outputs"] == hashes(folder)
    assert made["scenario"] == (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert (made["seed"], made["command"], made["simulated"]) == (7, ["run.py", "x"], True)
    assert made["versions"]["mesa"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no manifest.json"),
        ("{", "cannot be read"),
        ("[]", "is missing"),
        ('{"schema_version": 99}', "is 99"),
        (f'{{"schema_version": {SCHEMA_VERSION}}}', "wrong type"),
    ],
)
def test_a_folder_that_is_no_run_of_this_version_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=message):
        Run.open(tmp_path)


def test_a_table_without_a_documented_column_is_refused(run: Run, tmp_path: Path) -> None:
    folder = write(run, tmp_path)
    (folder / "events.csv").write_text("event_id,day\nE000001,0\n")
    with pytest.raises(InputError, match=":1: columns are missing: cause_id, "):
        _ = Run.open(folder).events


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("day", "soon", "day: 'soon' is not of type int"),
        ("date", "2018-02-30", "date: '2018-02-30' is not of type date"),
        ("probability", "likely", "probability: 'likely' is not of type float"),
    ],
)
def test_a_cell_of_a_wrong_type_is_named(run: Run, tmp_path: Path, column: str, cell: str, words: str) -> None:
    folder = write(run, tmp_path)
    table = pd.read_csv(folder / "events.csv", dtype=str, keep_default_na=False)
    table.loc[3, column] = cell
    table.to_csv(folder / "events.csv", index=False)
    with pytest.raises(InputError, match=re.escape(f"events.csv:5: {words}")):
        _ = Run.open(folder).events


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 1000, ":1: columns are missing"),
        (b"\xff\xfe", "cannot be read: it is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_table_is_refused(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    folder = write(run, tmp_path)
    (folder / "events.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        _ = Run.open(folder).events


def test_an_unclosed_quotation_mark_is_named(run: Run, tmp_path: Path) -> None:
    folder = write(run, tmp_path)
    with (folder / "events.csv").open("a") as file:
        file.write('"E9')
    with pytest.raises(InputError, match="is not CSV: a row has too many cells, or a quotation mark"):
        _ = Run.open(folder).events
