"""Time and disk before a study, from its own runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.study import runner
from sim.study import status as module
from sim.study.runner import run_study
from sim.study.status import Estimate, estimate, free_bytes
from tests.study.support import small_plan


def test_disk_is_what_a_study_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEASURE_SECONDS", 1e9)
    monkeypatch.setattr(module, "MOST_RUNS", 20)
    monkeypatch.setattr(runner, "CHUNK_SECONDS", 1e9)  # neither depends on how fast this machine is
    monkeypatch.setattr(runner, "LEAST_SECONDS", 1e9)
    plan = small_plan(replicates=20)
    found = estimate(plan, workers=3)
    folder = run_study(plan, tmp_path, workers=1)
    taken = sum(path.stat().st_size for path in (folder / "tables").rglob("*.parquet"))
    assert found.runs == 40
    assert found.measured == 20
    assert found.workers == 3
    assert taken / 2 < found.bytes < taken * 2
    assert found.seconds_a_run > 0


def test_time_is_shared_among_workers() -> None:
    found = Estimate(runs=400, workers=4, measured=20, seconds_a_run=0.5, bytes_a_run=1000)
    assert (found.seconds, found.bytes) == (50, 400_000)


def test_a_study_whose_runs_all_fail_has_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.study import worker

    def broken(*_: object) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr(worker, "simulate", broken)
    with pytest.raises(
        InputError, match="every run that was tried failed, the first at simulating: ValueError: no such"
    ):
        estimate(small_plan(replicates=2))


def test_free_space_is_asked_of_the_folder_that_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0
