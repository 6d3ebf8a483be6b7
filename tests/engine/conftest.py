from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.engine.simulation import Result, simulate
from sim.geography.maps import Geography, load_map
from sim.scenario.load import load_scenario


@pytest.fixture(scope="session")
def idlib() -> Geography:
    return load_map("greater_idlib")


@pytest.fixture(scope="session")
def runs(idlib: Geography) -> Callable[..., list[Result]]:
    """Return the runs of a shipped scenario over seeds, with changes as of --set; each is made once a session."""
    made: dict[Any, list[Result]] = {}

    def _runs(name: str, *sets: str, seeds: int = 30) -> list[Result]:
        found = made.setdefault((name, sets), [])
        if len(found) < seeds:
            scenario = load_scenario(name, list(sets))
            found += [simulate(scenario, idlib, seed) for seed in range(len(found) + 1, seeds + 1)]
        return found[:seeds]

    return _runs
