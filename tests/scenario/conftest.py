from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import Fault, InputError
from sim.scenario.load import load
from tests.scenario.valleys import GOOD, Faults, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario file: the good one, with lines replaced or added."""

    def _write(text: str = GOOD, name: str = "valleys.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return _write


@pytest.fixture
def faults_of() -> Faults:
    """All faults of a file."""

    def _faults(path: Path | str, *sets: str) -> list[Fault]:
        with pytest.raises(InputError) as caught:
            load(path, sets)
        return caught.value.faults

    return _faults
