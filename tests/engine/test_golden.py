"""Whole runs against their golden summaries; `python -m tests.golden.update` changes them deliberately.

The same bytes in every process, compiled or interpreted: tests/trust/test_determinism.py.
"""

from __future__ import annotations

import pytest

from sim.engine.simulation import Result
from tests.golden.summaries import FOLDER, GOLDEN, log_hash, readable, state_hash


@pytest.fixture(scope="module", params=GOLDEN)
def golden(request: pytest.FixtureRequest) -> tuple[str, Result]:
    return request.param, GOLDEN[request.param]()


def test_a_run_equals_its_golden_summary(golden: tuple[str, Result]) -> None:
    name, result = golden
    assert readable(result) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), (
        "meant? python -m tests.golden.update"
    )


def test_log_and_state_of_a_run_have_their_golden_hashes(golden: tuple[str, Result]) -> None:
    name, result = golden
    assert f"events {log_hash(result)}\nstate {state_hash(result)}\n" == (FOLDER / f"{name}.sha256").read_text()
