"""What `check`, `show`, `changes` and `schema` say and draw; they run nothing and overwrite nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.main import main
from tests.cli.support import KAFR_HAMRA, ROOT

PNG = b"\x89PNG\r\n\x1a\n"
OTHER = ROOT / "scenarios" / "greater_idlib_2018.yaml"
SMALL = ROOT / "scenarios" / "two_valleys.yaml"  # its map is drawn in no time


@pytest.fixture(autouse=True)
def _in_empty_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)


def test_check_says_what_the_numbers_imply_and_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(KAFR_HAMRA), str(OTHER)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for word in ("base attempts", "agreement", "fighters", "zone", "Does the dispute turn"):
        assert word in said
    assert not list(here.iterdir())


def test_check_draws_the_start_under_a_free_or_a_given_name(here: Path) -> None:
    assert main(["check", str(SMALL), "--map"]) == 0
    assert main(["check", str(SMALL), "--map"]) == 0
    assert main(["check", str(KAFR_HAMRA), "--map", "mine.png"]) == 0
    pictures = {path.relative_to(here).as_posix(): path for path in here.rglob("*.png")}
    assert set(pictures) == {"mine.png", "outputs/two_valleys-start-2.png", "outputs/two_valleys-start.png"}
    assert all(path.read_bytes().startswith(PNG) for path in pictures.values())


def test_a_picture_is_never_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine.png").write_text("mine")
    assert main(["check", str(KAFR_HAMRA), "--map", "mine.png"]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (here / "mine.png").read_text() == "mine"


@pytest.mark.parametrize(("name", "said"), [("mine.txt", "must end in"), ("no/such/mine.png", "there is no folder")])
def test_a_picture_needs_a_fitting_name(capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    assert main(["check", str(KAFR_HAMRA), "--map", name]) == 2
    assert said in capsys.readouterr().err


def test_show_prints_a_scenario_that_reads_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(KAFR_HAMRA), "--set", "rules.incident.per_pair_month=0.5"]) == 0
    shown = capsys.readouterr().out
    (here / "shown.yaml").write_text(shown, encoding="utf-8")
    assert main(["show", str(here / "shown.yaml")]) == 0
    assert "per_pair_month: 0.5" in shown
    assert main(["changes", str(KAFR_HAMRA), str(here / "shown.yaml")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("rules.incident")]
    assert len(lines) == 1


def test_changes_lists_what_differs_and_draws_both_starts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", str(KAFR_HAMRA), str(OTHER), "--map"]) == 0
    said = capsys.readouterr().out
    assert "start: 2018-10-15 -> 2018-10-01" in said
    assert [path.read_bytes()[:8] for path in (here / "outputs").iterdir()] == [PNG]


def test_a_scenario_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", str(KAFR_HAMRA), str(KAFR_HAMRA)]) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_schema_is_the_one_that_editors_are_pointed_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["properties"]["question"]
    assert printed == json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))


def test_an_unknown_headline_statistic_is_a_fault_of_the_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(KAFR_HAMRA), "--set", "headline=[clash_dayz]"]) == 2
    assert "did you mean 'clash_days'?" in capsys.readouterr().err
