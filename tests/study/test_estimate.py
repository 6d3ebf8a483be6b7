"""Time and disk before a study, from its own runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.study import runner, worker
from sim.study.runner import run_study
from sim.study.status import MOST_REPLICATES, Precision, deciding, half_width, highest, lacking_text, needed, precisions
from sim.study.worker import Estimate, estimate, free_bytes
from tests.study.support import small_plan


def test_disk_is_what_a_study_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MEASURE_SECONDS", 1e9)
    monkeypatch.setattr(worker, "MOST_RUNS", 20)
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


@pytest.mark.parametrize(
    ("share", "replicates", "most"),
    [(0.02, 200, 9604), (0.05, 200, 1537), (0.5, 200, 200), (1e-6, 200, 10_000), (1e-6, 20_000, 20_000), (1.0, 1, 4)],
)
def test_the_most_replicates_follow_from_the_precision(share: float, replicates: int, most: int) -> None:
    assert highest(share, replicates) == most


def test_a_mean_as_large_as_its_spread_is_precise_at_the_most_replicates() -> None:
    number = highest(0.1, 1)
    values = pd.Series(np.resize([0.0, 2.0], number))  # mean and standard deviation 1
    assert half_width(values) == pytest.approx(0.1, rel=0.01)


def test_the_least_precise_statistic_comes_first_whatever_the_scenario() -> None:
    rare = [0, 0, 0, 0, 0, 1]
    runs = pd.DataFrame(
        {"scenario": ["a"] * 6 + ["b"] * 6, "clash_days": [4, 5, 6] * 4, "towns_gained.X": [3, 4] * 3 + rare}
    )
    known = precisions(runs, ["clash_days", "towns_gained"])
    assert (known[0].statistic, known[0].scenario) == ("towns_gained.X", "b")
    assert [each.share for each in known] == sorted((each.share for each in known), reverse=True)


def test_a_count_that_is_nearly_always_zero_does_not_decide() -> None:
    rare = [0] * 23 + [1]
    runs = pd.DataFrame({"scenario": ["a"] * 24, "clash_days": [4, 5, 6] * 8, "towns_gained.X": rare})
    known = precisions(runs, ["clash_days", "towns_gained"])
    assert [(each.statistic, each.rare) for each in known] == [("towns_gained.X", True), ("clash_days", False)]
    assert [each.statistic for each in deciding(known)] == ["clash_days"]
    assert lacking_text(known, 0.5).endswith("(left out, as they are 0 in nearly all runs: towns gained, X)")
    assert [each.statistic for each in deciding(precisions(runs, ["towns_gained"]))] == ["towns_gained.X"]


def test_the_replicates_that_precision_takes_are_foretold() -> None:
    rng = np.random.default_rng(1)
    runs = pd.DataFrame({"scenario": "a", "clash_days": rng.normal(10, 5, 4000), "clashes": rng.normal(10, 1, 4000)})
    pilot, share = 1000, 0.02
    number, worst = needed(precisions(runs[:pilot], ["clash_days", "clashes"]), pilot, share)
    assert worst.statistic == "clash_days"
    assert half_width(runs["clash_days"][:number]) == pytest.approx(share, rel=0.1)
    alone = precisions(runs[:1], ["clash_days"])
    assert needed(alone, 1, share)[0] == MOST_REPLICATES
    with pytest.raises(InputError, match="no statistic"):
        needed([], 20, share)


def test_few_runs_have_the_wider_interval_of_student() -> None:
    assert half_width(pd.Series([9.0, 11.0])) == pytest.approx(12.706 / 10, rel=1e-3)  # t of one degree of freedom


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ([0.04], "is known to 4 %"),
        ([0.6, 0.04], "is known to 60 %, not to 5 % as asked for"),
        ([0.6, 0.5, 0.04], "is known to 60 %, not to 5 % as asked for; 1 other headline statistic not either"),
        ([0.6, 0.5, 0.5], "is known to 60 %, not to 5 % as asked for; 2 other headline statistics not either"),
        ([float("inf")], "is known to no share of its mean, not to 5 % as asked for"),
    ],
)
def test_what_lacks_precision_is_named_with_its_scenario(shares: list[float], text: str) -> None:
    known = [Precision("towns_gained.X", "b", share) for share in shares]
    assert lacking_text(known, 0.05) == f"towns gained, X in b {text}"
