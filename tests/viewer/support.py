"""What the tests of the page share: Solara's settings, made before Solara is first imported, and a case in which enough happens."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from sim.viewer.server import prepare
from sim.viewer.session import RunSource

ROOT = Path(__file__).resolve().parents[2]
KAFR_HAMRA = ROOT / "scenarios" / "kafr_hamra.yaml"
MEDIATOR = ROOT / "scenarios" / "strong_mediator.yaml"


if importlib.util.find_spec("solara") is None:
    pytest.skip("the extra `watch` is not installed: the page is not tested", allow_module_level=True)


def open_with(*sources: RunSource) -> None:
    """Let the next page show these sources, without the runs behind the curves."""
    prepare(sources, seeds=0)


open_with(RunSource(KAFR_HAMRA, 7))
if "solara" in sys.modules:  # by another test of this process
    import solara

    solara.settings.main.check_hooks = "off"
