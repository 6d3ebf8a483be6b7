"""`run.py export`: what it writes and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main
from sim.results.export_layers import LAYERS
from sim.results.run import Run
from sim.results.write import write
from tests.results.small_result import result


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(here)
    return write(Run.of(result(), name="by_hand"), "outputs")


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("ged", ["simulated_by_hand-seed7_ged.csv"]),
        ("acled", ["simulated_by_hand-seed7_acled.csv"]),
        ("admin2", ["simulated_by_hand-seed7_admin2.csv"]),
        ("gpkg", ["simulated_by_hand-seed7.gpkg"]),
        ("geojson", [f"simulated_by_hand-seed7_{layer}.geojson" for layer in LAYERS]),
    ],
)
def test_files_are_named_simulated_and_said(
    folder: Path, here: Path, form: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder), "--format", form]) == 0
    assert capsys.readouterr().out.split() == [f"outputs/{name}" for name in names]
    assert sorted(path.name for path in (here / "outputs").glob("simulated_*")) == sorted(names)


def test_the_true_log_is_exported_on_request(folder: Path, here: Path) -> None:
    assert main(["export", "by_hand-seed7", "--format", "ged", "--log", "true", "--out", "simulated_true.csv"]) == 0
    assert "SIM-by_hand-7-E000006" in (here / "simulated_true.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such-run", "--format", "ged"], "there is no such run"),
        (["by_hand-seed7", "--format", "shp"], "--format"),
        (["by_hand-seed7"], "--format"),
        (["by_hand-seed7", "--format", "csv"], "csv is for studies"),
        (["by_hand-seed7", "--format", "admin2", "--by", "year"], "--by"),
        (["by_hand-seed7", "--format", "ged", "--out", "events.csv"], "must be named simulated_"),
        (["by_hand-seed7", "--format", "ged", "--log", "false"], "--log"),
        (["by_hand-seed7", "--format", "gpkg", "--date", "31.10.2018"], "write it as 2020-03-14"),
        (["by_hand-seed7", "--format", "gpkg", "--date", "2018-12-31"], "is not a day of the run"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_code_2(
    folder: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
