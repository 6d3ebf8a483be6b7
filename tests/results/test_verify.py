"""`verify`: a run made again is the one in its folder; what was edited, or made elsewhere, is found and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim
from sim.cli.main import main
from sim.results.manifest import MANIFEST, sha256
from sim.results.verify import first_cell, first_line, verify_run
from tests.results.edited_manifests import edit_manifest, recorded_as_is

CLEAN = {"name": "territorial-competition", "version": sim.__version__, "commit": None, "modified": None}
SETS = ["--set", "days=50"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("verify")
    words = ["run", "two_valleys", *SETS, "--seed", "5", "--no-pictures", "--quiet", "--out", str(out)]
    assert main(words) == 0
    return out / "two_valleys-seed5"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """Return a copy of a run that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def said(folder: Path, capsys: pytest.CaptureFixture[str], code: int, *more: str) -> str:
    capsys.readouterr()
    assert main(["verify", str(folder), *more]) == code
    return capsys.readouterr().out


def test_a_run_made_again_is_identical(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    words = said(made, capsys, 0)
    assert "identical (11 files made again, byte for byte)" in words
    assert "NOT" not in words
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before
    assert said(made, capsys, 0, "--quiet") == ""


def test_an_edited_cell_is_named_by_file_row_and_column(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "daily.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    old = table.loc[7, "clashes"]
    table.loc[7, "clashes"] = "99"
    path.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    words = said(run, capsys, 1)
    assert f"daily.csv, row 8 (line 9), column clashes: '99' in the folder, '{old}' when made again" in words
    assert "likely reason: daily.csv was edited after it was written: its SHA-256" in words
    assert words.count("likely reason") == 1  # version, libraries and platform have nothing to do with it


def test_a_row_removed_and_a_file_removed_are_named(run: Path) -> None:
    events = (run / "events.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "events.csv").write_text("".join(events[:-1]), encoding="utf-8")
    (run / "summary.csv").unlink()
    verdict = verify_run(run)
    assert (
        verdict.differences[0] == f"events.csv, {len(events) - 2} rows in the folder, {len(events) - 1} when made again"
    )
    assert "summary.csv is missing" in verdict.differences
    assert "summary.csv was removed after it was written" in verdict.reasons


def test_a_file_that_the_folder_has_besides_does_not_count(run: Path) -> None:
    (run / "why_somewhere.png").write_bytes(b"later")
    assert verify_run(run).same


def test_an_edited_picture_is_found_by_its_sum(run: Path) -> None:
    (run / "picture.png").write_bytes(b"one")
    recorded_as_is(run)
    assert verify_run(run).same
    (run / "picture.png").write_bytes(b"two")
    verdict = verify_run(run)
    assert verdict.differences == ("picture.png is not as it was written",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"product": {"version": "0.0.9", "commit": None, "modified": None}}, "made by version 0.0.9; this is version"),
        ({"versions": {"numba": "0.1"}}, "numba was 0.1, is "),
        ({"platform": {"machine": "z80"}}, "the machine was z80, is "),
        ({"map": {"name": "two_valleys", "files": {"towns.csv": "0"}}}, "the map's towns.csv was changed since"),
        ({}, "version, map, libraries and platform are the same: seed or values in manifest.json were edited"),
    ],
)
def test_a_run_of_another_kind_of_place_says_so(
    run: Path, change: dict[str, Any], reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another seed stands in for whatever made the numbers others."""
    monkeypatch.setattr("sim.results.verify.product", lambda: CLEAN)
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    here = {"product": CLEAN, **{name: manifest[name] for name in ("versions", "platform", "map")}}
    edit_manifest(run, seed=6, **{name: {**value, **change.get(name, {})} for name, value in here.items()})
    words = said(run, capsys, 1)
    assert "first difference: events.csv, " in words
    assert f"likely reason: {reason}" in " ".join(words.split())


def test_another_version_is_said_even_where_all_is_identical(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_manifest(
        run, product={"name": "territorial-competition", "version": "0.0.9", "commit": None, "modified": None}
    )
    words = said(run, capsys, 0)
    assert "identical" in words
    assert "made by version 0.0.9; this is version" in words


def test_an_edited_scenario_of_the_manifest_is_found(run: Path) -> None:
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    text = manifest["scenario"].replace("days: 50", "days: 51")
    assert text != manifest["scenario"]
    edit_manifest(run, scenario=text)
    verdict = verify_run(run)
    assert verdict.differences[0].startswith("scenario.yaml, line ")
    assert any("its scenario has another SHA-256" in reason for reason in verdict.reasons)


def test_a_scenario_that_this_program_does_not_know_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    text = manifest["scenario"] + "moon_phase: 3\n"
    edit_manifest(run, scenario=text, scenario_sha256=sha256(text.encode()))
    assert main(["verify", str(run)]) == 2
    told = capsys.readouterr().err
    assert "manifest.json: moon_phase: its scenario, line" in told
    assert len(told.splitlines()) == 1


def test_sample_belongs_to_a_study(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(made), "--sample", "2"]) == 2
    assert "belongs to the folder of a study" in capsys.readouterr().err


def test_texts_that_differ_in_length_only() -> None:
    assert first_line("a\nb", "a\nb\nc") == "2 lines in the folder, 3 when made again"
    assert first_cell("a,b\n1,2\n", "a,b\n1,2\n3,4\n") == "1 row in the folder, 2 when made again"
    assert first_cell("a,b\n1\n", "a,b\n1,2\n") == "row 1 (line 2): 1 cell in the folder, 2 when made again"
    assert first_cell("a,c\n1,2\n", "a,b\n1,2\n").startswith("line 1: 'a,c' in the folder")
    assert first_cell("a,b\r\n1,2\r\n", "a,b\n1,2\n").startswith("line 1: 'a,b\\r' in the folder")


STUDY = """\
question: is the study the same again?
scenarios: {plain: {file: two_valleys}, eager: {file: two_valleys, set: {rules.spread.call_to_arms_share: 0.9}}}
set: {days: 30}
replicates: 4
keep: [events, reported]
"""


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    (out / "small.yaml").write_text(STUDY, encoding="utf-8")
    assert main(["batch", str(out / "small.yaml"), "--workers", "1", "--out", str(out)]) == 0
    return out / "small"


@pytest.fixture
def study(batch: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(batch, tmp_path / "small"))


def test_a_study_made_again_is_identical(batch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "identical (8 of 8 runs made again" in said(batch, capsys, 0)
    assert "identical (3 of 8 runs made again" in said(batch, capsys, 0, "--sample", "3")


@pytest.mark.parametrize("name", ["runs", "daily", "events", "agreements", "control"])
def test_an_edited_cell_of_a_study_is_found(study: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = next(file for file in sorted((study / "tables" / name).glob("*.parquet")) if pq.read_table(file).num_rows)
    table = pq.read_table(path)
    column = {
        "runs": "clash_days",
        "daily": "clashes",
        "events": "town",
        "agreements": "violations",
        "control": "code",
    }[name]
    place, kind = table.column_names.index(column), table.schema.field(column)
    values = table[column].to_pylist()
    values[0] = "NOWHERE" if isinstance(values[0], str) else int(values[0]) + 1
    edited = pa.array(values, pa.string() if pa.types.is_dictionary(kind.type) else kind.type)
    pq.write_table(table.set_column(place, kind, edited.cast(kind.type)), path)
    words = " ".join(said(study, capsys, 1).split())
    assert f"replicate {table['replicate'][0]}: tables/{name}, row 1, column {column}: " in words


def test_an_edited_scenario_of_a_study_is_named(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = study / "scenarios" / "eager.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("call_to_arms_share: 0.9", "call_to_arms_share: 0.1"), encoding="utf-8")
    words = said(study, capsys, 1)
    assert "likely reason: scenarios/eager.yaml was edited" in words


@pytest.mark.parametrize("name", ["runs.csv", "tables/daily"])
def test_a_file_of_a_study_that_was_touched_is_found_by_its_sum_also_in_a_sample(
    study: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study / name if name.endswith(".csv") else next((study / name).glob("*.parquet"))
    content = path.read_bytes()
    if name.endswith(".csv"):
        path.write_bytes(content.replace(b"eager", b"eagre", 1))
    else:
        pq.write_table(pq.read_table(path), path, compression="none")  # the same cells in other bytes
    words = " ".join(said(study, capsys, 1, "--sample", "1").split())
    file = path.relative_to(study).as_posix()
    assert f"first difference: {file} is not as it was written" in words
    assert f"likely reason: {file} was edited or removed: its SHA-256 is not the one in manifest.json" in words
