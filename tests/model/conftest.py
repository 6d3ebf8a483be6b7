from __future__ import annotations

import pytest

from sim.model import ConflictModel
from tests.model.support import LIVELY


@pytest.fixture
def model() -> ConflictModel:
    return ConflictModel("kafr_hamra", rng=7, sets=LIVELY)
