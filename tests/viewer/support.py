"""What the tests of the page share: Solara's settings, made before Solara is first imported, a case in which enough happens, and
a server and a browser to watch it in."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sim.viewer.server import offline_folder, prepare
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


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60_000  # ms, for a busy machine


def require_browser() -> None:
    """Skip a module of tests, and say so, if they cannot be made in a real browser."""
    missing = [
        what
        for what, there in (
            ("pytest-playwright (extra `test`)", importlib.util.find_spec("pytest_playwright") is not None),
            ("a Chromium on the path", CHROMIUM is not None),
            ("solara-assets (extra `offline`)", offline_folder() is not None),
        )
        if not there
    ]
    if missing:
        pytest.skip(f"THE PAGE IS NOT TESTED IN A BROWSER: {', '.join(missing)} missing", allow_module_level=True)


@contextmanager
def serving(*words: str | Path, folder: Path) -> Iterator[str]:
    """Run `run.py watch` and give its address, as it prints it once it answers."""
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        "watch",
        *map(str, words),
        "--no-browser",
        "--port",
        "0",
        "--seeds",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env={**os.environ}
    ) as process:
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if found := re.search(r"Watch at (http://\S+)", line):
                    yield found[1]
                    return
            raise AssertionError("the server ended: " + "".join(said))
        finally:
            process.terminate()
            process.stdout.close()


def at_day(page: Any, day: int) -> None:
    """Wait until a day is on the screen."""
    page.wait_for_selector(f'.tc-day[data-day="{day}"]')


def press(page: Any, label: str) -> None:
    """Click a button by its name."""
    page.get_by_role("button", name=label, exact=True).click()
