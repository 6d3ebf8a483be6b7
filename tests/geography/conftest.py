"""A small map folder that tests may spoil, and the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.geography import Geography, load_map

FILES = {
    "towns.csv": "name,lat,lon\nAlpha,36.0,36.5\nBeta,36.1,36.5\nGamma,36.1,36.7\n",
    "roads.csv": "a,b,km\nAlpha,Beta,12\nBeta,Gamma,\n",
    "control.csv": "name,groups\nAlpha,Red\nBeta,Red; Blue\nGamma,\n",
}


@pytest.fixture(scope="session")
def idlib() -> Geography:
    return load_map("greater_idlib")


@pytest.fixture
def write_map(tmp_path: Path) -> Callable[..., Path]:
    """Write the small map with some files replaced; `None` leaves a file out."""

    def write(**changed: str | bytes | None) -> Path:
        contents: dict[str, str | bytes | None] = {**FILES, **{f"{name}.csv": text for name, text in changed.items()}}
        folder = tmp_path / "small"
        folder.mkdir(exist_ok=True)
        for name, text in contents.items():
            if text is not None:
                (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    return write


@pytest.fixture
def faults_of(write_map: Callable[..., Path]) -> Callable[..., str]:
    """Return the faults of the small map with some files replaced, one a line, without the folder."""

    def read(**changed: str | bytes | None) -> str:
        folder = write_map(**changed)
        with pytest.raises(InputError) as caught:
            load_map(folder)
        return str(caught.value).replace(folder.as_posix() + "/", "")

    return read
