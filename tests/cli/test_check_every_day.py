"""`run --check`: all invariants after every day; the first that does not hold is said with day and row, nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.cli.main import main
from sim.engine.simulation import Simulation

WORDS = ["run", "two_valleys", "--set", "days=30", "--seed", "5", "--no-pictures"]


def test_a_checked_run_is_the_same_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--quiet", "--out", str(tmp_path / "plain")]) == 0
    assert main([*WORDS, "--check", "--out", str(tmp_path / "checked")]) == 0
    told = capsys.readouterr().err
    assert "this is slow" in told
    assert "all invariants held on each of 30 days" in told
    plain, checked = (tmp_path / name / "two_valleys-seed5" / "events.csv" for name in ("plain", "checked"))
    assert plain.read_bytes() == checked.read_bytes()


def test_what_does_not_hold_is_said_with_day_and_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Simulation.step

    def faulty(self: Simulation, *more: Any) -> None:
        step(self, *more)
        if self.day == 12:  # the day of events.csv is 11
            self.world.influence[3, 0] += 0.5

    monkeypatch.setattr(Simulation, "step", faulty)
    assert main([*WORDS, "--check", "--quiet", "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "on day 11 of seed 5 this does not hold: town 3: influence" in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "out").exists()
