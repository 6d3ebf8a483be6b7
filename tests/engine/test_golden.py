"""Whole runs against their golden summaries; `python -m tests.golden.update` changes them deliberately."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sim.engine.jit import ENGINE
from sim.engine.simulation import Result
from tests.golden.summaries import FOLDER, GOLDEN, log_hash, readable, state_hash

ROOT = ENGINE.parents[1]


@pytest.fixture(scope="module", params=GOLDEN)
def golden(request: pytest.FixtureRequest) -> tuple[str, Result]:
    return request.param, GOLDEN[request.param]()


def test_a_run_comes_to_what_its_golden_summary_says(golden: tuple[str, Result]) -> None:
    name, result = golden
    assert readable(result) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), (
        "meant? python -m tests.golden.update"
    )


def test_log_and_state_of_a_run_have_their_golden_hashes(golden: tuple[str, Result]) -> None:
    name, result = golden
    assert f"events {log_hash(result)}\nstate {state_hash(result)}\n" == (FOLDER / f"{name}.sha256").read_text()


PROGRAM = """
import sys
from sim.engine.simulation import simulate
from sim.geography.maps import load_map
from sim.scenario.load import load_scenario
from tests.golden.summaries import log_hash, state_hash
scenario = load_scenario(sys.argv[1], ["days=" + sys.argv[2]])
result = simulate(scenario, load_map(scenario.map), int(sys.argv[3]))
print(log_hash(result), state_hash(result), result.world.counts[6])
"""


def in_a_process(days: int, seed: int, **env: str) -> str:
    words = [sys.executable, "-c", PROGRAM, "kafr_hamra", str(days), str(seed)]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **env}).stdout


def test_processes_with_other_hash_seeds_give_identical_bytes() -> None:
    one = in_a_process(120, 7, PYTHONHASHSEED="0")
    assert one == in_a_process(120, 7, PYTHONHASHSEED="1")
    assert one.split()[0] in (FOLDER / "kafr_hamra-seed7.sha256").read_text()
    assert int(one.split()[2]) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 7])
def test_interpreted_runs_of_60_days_give_the_same_bytes_as_compiled_ones(seed: int) -> None:
    assert in_a_process(60, seed) == in_a_process(60, seed, NUMBA_DISABLE_JIT="1")
