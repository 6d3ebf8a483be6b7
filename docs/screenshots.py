"""Makes docs/images/watch_*.png from the real page in Chromium: `python docs/screenshots.py` (extra `test`)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "scenarios"
DAY = 33
RUNS = 200  # behind the curve, before the picture is taken
PATIENCE = 180_000  # ms
SAME_DAY = """() => [...document.querySelectorAll(".tc-maptitle .tc-quiet")]
    .every(date => date.textContent === document.querySelector(".tc-day").textContent)"""


def picture(browser: Any, words: Sequence[str | Path], day: int, file: Path, band: bool) -> None:
    """Watch something, go to a day and save what the page shows."""
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        "watch",
        *map(str, words),
        "--seed",
        "165",
        "--no-browser",
        "--port",
        "0",
    ]
    with subprocess.Popen([*command, "--seeds", str(RUNS if band else 0)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.set_default_timeout(PATIENCE)
            page.goto(f"{address}/?day={day}")
            page.wait_for_selector(".simmap [data-town]", state="attached")
            page.wait_for_selector(f'.tc-day[data-day="{day}"]')
            if band:
                page.wait_for_selector(f"text=of {RUNS} other runs lie", state="attached")
            page.wait_for_function(SAME_DAY)  # of two maps, the second is drawn a moment later
            page.mouse.move(0, 0)
            page.screenshot(path=file)
            page.close()
        finally:
            server.terminate()


def main() -> None:
    """Make all pictures."""
    from playwright.sync_api import sync_playwright

    images = ROOT / "docs" / "images"
    pair = [SCENARIOS / "kafr_hamra.yaml", SCENARIOS / "united_nlf.yaml"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        picture(browser, pair[:1], DAY, images / "watch_run.png", band=True)
        picture(browser, pair, DAY, images / "watch_pair.png", band=False)
        browser.close()


if __name__ == "__main__":
    main()
