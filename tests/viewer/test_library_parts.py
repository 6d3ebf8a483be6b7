"""What the page uses of Mesa and Solara without a documented interface is there; else `watch` ends with a line that names it."""

from __future__ import annotations

import pytest

from tests.viewer.support import KAFR_HAMRA, open_with  # isort: skip - before Solara

from sim import errors
from sim.cli.main import main
from sim.viewer import library_parts

assert open_with


def test_no_part_is_missing() -> None:
    assert library_parts.MISSING == []


@pytest.mark.parametrize(
    ("bounds", "missing", "words"),
    [
        ({"mesa": "3.0"}, [], "pip install 'mesa<3.0'"),
        ({"solara": "1.0", "ipyvuetify": "1.0"}, [], "pip install 'ipyvuetify<1.0' 'solara<1.0'"),
        ({}, ["solara.components.applayout.sidebar_portal"], "solara.components.applayout.sidebar_portal"),
    ],
)
def test_watch_names_a_library_that_does_not_fit(
    bounds: dict[str, str],
    missing: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, bound in bounds.items():
        monkeypatch.setitem(errors.BOUNDS, name, bound)
    monkeypatch.setattr(library_parts, "MISSING", missing)
    assert main(["watch", str(KAFR_HAMRA), "--no-browser"]) == 2
    line = capsys.readouterr().err
    assert words in line
    assert line.count("\n") == 1
