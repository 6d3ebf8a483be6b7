"""`run` from the outside: folders, files, repetition, options."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.cli.main import main
from tests.cli.support import KAFR_HAMRA, Command

TABLES = ("events", "daily", "control_changes", "control_daily", "control_start_end", "agreements", "summary")
FILES = {*(f"{name}.csv" for name in TABLES), "manifest.json", "scenario.yaml", "summary.json"}


def quick(command: Command, *words: str) -> subprocess.CompletedProcess[str]:
    """Run 30 days without pictures."""
    return command(KAFR_HAMRA, "--days", "30", "--no-pictures", *words)


def test_two_runs_give_two_folders_and_the_same_events(process: Command, command: Command, here: Path) -> None:
    results = [quick(call, "--seed", "7") for call in (process, command)]
    assert [result.returncode for result in results] == [0, 0], results[0].stderr
    folders = sorted((here / "outputs").iterdir())
    assert len(folders) == 2
    assert folders[0].name == "kafr_hamra-seed7"
    assert folders[1].name.startswith("kafr_hamra-seed7")
    first, second = (folder / "events.csv" for folder in folders)
    assert first.read_bytes() == second.read_bytes()
    assert {path.name for path in folders[0].iterdir()} >= FILES


def test_a_run_ends_with_the_answer_the_statistics_and_what_was_written(command: Command) -> None:
    result = quick(command)
    assert result.returncode == 0
    for word in ("SIMULATED", "days with clashes", "outputs/kafr_hamra-seed1", "events.csv"):
        assert word in result.stdout
    assert "30 of 30 days done, to day 29, " in result.stderr
    assert "\x1b[" not in result.stderr


def test_quiet_prints_only_the_folder(command: Command, here: Path) -> None:
    result = quick(command, "--quiet", "--out", "elsewhere/deep")
    assert (result.returncode, result.stderr) == (0, "")
    assert (here / result.stdout.strip() / "events.csv").is_file()
    assert result.stdout.startswith("elsewhere/deep/")


def test_options_reach_the_record(command: Command, here: Path) -> None:
    result = quick(command, "--label", "a note", "--set", "rules.base_attempt.enabled=false")
    assert result.returncode == 0, result.stderr
    (folder,) = (here / "outputs").iterdir()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == 1
    assert manifest["label"] == "a note"
    assert len(pd.read_csv(folder / "daily.csv")) == 31
    simulated = pd.read_csv(folder / "events.csv").query("kind == 'base_attempt' and given == 0")
    assert simulated.empty


def test_the_profile_is_printed(process: Command) -> None:
    """Rules are interpreted here: one by one, each would be compiled for a few calls."""
    words = ("two_valleys", "--days", "3", "--no-pictures", "--profile")
    result = process(*words, NUMBA_DISABLE_JIT="1")
    assert result.returncode == 0, result.stderr
    assert "simulating" in result.stdout


def test_pictures_and_report_are_written(command: Command, here: Path) -> None:
    result = command(KAFR_HAMRA, "--days", "6", "--seed", "3")
    assert result.returncode == 0, result.stderr
    folder = here / "outputs" / "kafr_hamra-seed3"
    for pattern in ("maps/*.png", "maps/*.svg", "maps/*.gif", "report.html"):
        assert list(folder.glob(pattern)), pattern
    assert "SIMULATED" in (folder / "report.html").read_text(encoding="utf-8")


def test_recent_runs_are_listed(command: Command) -> None:
    assert quick(command, "--seed", "5").returncode == 0
    said = command().stdout
    assert "outputs/kafr_hamra-seed5" in said
    assert "seed 5" in said
    assert "On this seed" in said


def test_the_library_gives_the_events_that_the_command_writes(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    assert main([str(KAFR_HAMRA), "--days", "30", "--no-pictures", "--quiet"]) == 0
    opened = sim.Run.open(capsys.readouterr().out.strip())
    simulated = sim.simulate(KAFR_HAMRA, seed=1, sets=["days=30"])
    assert list(opened.events["text"]) == list(simulated.events["text"])
    assert opened.summary == simulated.summary
