from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.viewer.support import CHROMIUM, KAFR_HAMRA, MEDIATOR, serving


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"], "headless": True}


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(KAFR_HAMRA, "--seed", "7", folder=tmp_path_factory.mktemp("empty")) as found:
        yield found


@pytest.fixture(scope="session")
def address_of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a page with two scenarios side by side."""
    with serving(KAFR_HAMRA, MEDIATOR, "--seed", "7", folder=tmp_path_factory.mktemp("two")) as found:
        yield found
