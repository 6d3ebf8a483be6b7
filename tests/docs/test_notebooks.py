"""The notebooks run from start to end, and give the texts and tables that stand in them."""

from __future__ import annotations

import base64

import nbformat
import pytest

from docs.execute_notebooks import NOTEBOOKS, executed, texts

pytestmark = pytest.mark.slow

NAMES = sorted(file.stem for file in NOTEBOOKS.glob("*.ipynb"))
LARGEST_PICTURE = 150_000  # bytes


def test_there_are_three() -> None:
    assert NAMES == ["first_run", "mesa", "own_batch"]


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_small(name: str) -> None:
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = [len(base64.b64decode(data["image/png"])) for data in outputs if "image/png" in data]
    assert pictures
    assert max(pictures) < LARGEST_PICTURE
    assert all(len(data.get("text/html", "")) < LARGEST_PICTURE for data in outputs)


@pytest.mark.parametrize("name", NAMES)
def test_it_gives_what_stands_in_it(name: str) -> None:
    file = NOTEBOOKS / f"{name}.ipynb"
    kept = texts(nbformat.read(file, as_version=4))
    assert len(kept) > 5
    assert texts(executed(file)) == kept, "python -m docs.execute_notebooks executes it anew"
