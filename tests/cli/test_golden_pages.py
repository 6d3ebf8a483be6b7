"""Help and report page have the wording of their golden files; `python -m tests.golden.update help report` changes them."""

from __future__ import annotations

import pytest

from tests.golden.update import PAGES, texts_of


@pytest.mark.parametrize("name", PAGES)
def test_the_wording_is_that_of_the_golden_file(name: str) -> None:
    for file, text in texts_of(name).items():
        assert text == file.read_text(encoding="utf-8"), f"intended? python -m tests.golden.update {name}"
