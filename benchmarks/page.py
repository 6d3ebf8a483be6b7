"""The live page in a browser: days and frames a second at each speed, and the server's memory for ten tabs.

    python -m benchmarks.page                                # this version
    python -m benchmarks.page --beside ../other-worktree     # and another one, in turn
    python -m benchmarks.page --only memory                  # or --only speeds

Needs the extra `test` and a Chromium on the path. Of several turns the best is reported: noise only takes away.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

ROOT = Path(__file__).resolve().parents[1]
SPEEDS = ("slow", "normal", "fast", "full")
SECONDS = 4  # of play at each speed
TABS = 10
PLAY = ".tc-play, button:has-text('▶')"  # before it had a name, the button was an arrow
COUNT = """seconds => new Promise(done => {
  const day = () => Number(document.querySelector('.tc-day').dataset.day);
  const began = performance.now(), first = day();
  let frames = 0, longest = 0, before = began;
  const look = now => {
    frames += 1; longest = Math.max(longest, now - before); before = now;
    const gone = (now - began) / 1000;
    if (gone < seconds) requestAnimationFrame(look);
    else done({ days: (day() - first) / gone, frames: frames / gone, longest });
  };
  requestAnimationFrame(look);
})"""


@contextmanager
def served(root: Path) -> Iterator[tuple[str, int]]:
    """Serve the page of a version, and give its address and the server's process id."""
    words = ["watch", "scenarios/kafr_hamra.yaml", "--seed", "7", "--no-browser", "--port", "0", "--seeds", "0"]
    with subprocess.Popen([sys.executable, "run.py", *words], stdout=subprocess.PIPE, text=True, cwd=root) as server:
        try:
            assert server.stdout is not None
            address = next(found[1] for line in server.stdout if (found := re.search(r"at (http://\S+)", line)))
            yield address, server.pid
        finally:
            server.terminate()


def memory(process: int) -> float:
    """Return the resident memory of a process, MB."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def opened(browser: Any, address: str) -> Any:
    """Open a tab and wait for its map."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector(".simmap [data-town], .mapview [data-town]", state="attached")  # as older pages have it
    return page


def speeds(browser: Any, root: Path) -> dict[str, float]:
    """Return days and frames a second, and the longest frame (ms), at each speed."""
    found = {}
    with served(root) as (address, _):
        for speed in SPEEDS:
            page = opened(browser, address)
            page.get_by_role("button", name=speed, exact=True).click()
            page.locator(PLAY).first.click()
            page.wait_for_selector('.tc-day:not([data-day="0"])')
            seen = page.evaluate(COUNT, SECONDS if speed != "full" else SECONDS / 2)
            found |= {f"{speed}: {name}": value for name, value in seen.items()}
            page.close()
    return found


def tabs(browser: Any, root: Path) -> dict[str, float]:
    """Return the server's memory (MB) before a tab is open, with one, with ten, and once ten have played to the end."""
    with served(root) as (address, process):
        found, pages = {"server": memory(process)}, []
        for count in range(1, TABS + 1):
            pages.append(opened(browser, address))
            if count in (1, TABS):
                found[f"server with {count} tabs"] = memory(process)
        for page in pages:
            page.get_by_role("button", name="full", exact=True).click()
            page.locator(PLAY).first.click()
            page.wait_for_selector('.tc-day[data-day="120"]')
        found[f"server, {TABS} played"] = memory(process)
        for page in pages:
            page.close()
    return found


def main() -> None:
    """Measure one version or two in turn, and print what was found."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="worktree of another version, measured in turn")
    parser.add_argument("--turns", type=int, default=2, metavar="N")
    parser.add_argument("--only", choices=("speeds", "memory"), help="measure this alone")
    options = parser.parse_args()
    parts = {"speeds": speeds, "memory": tabs}
    chosen = [part for name, part in parts.items() if options.only in (None, name)]
    roots = {"this version": ROOT} | ({"the other": options.beside} if options.beside else {})
    best: dict[tuple[str, str], float] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(options.turns):
            for name, root in roots.items():
                for part in chosen:
                    for what, value in part(browser, root).items():
                        better = min if what.startswith("server") or what.endswith("longest") else max
                        best[name, what] = better(value, best.get((name, what), value))
        browser.close()
    units = {"days": "days a second", "frames": "frames a second", "longest": "ms"}
    for (name, what), value in best.items():
        figure = Figure(name, what, value, units.get(what.split(": ")[-1], "MB"), options.turns)
        print(f"{figure.part:13} {figure.name:22} {figure.value:8.1f} {figure.unit}")


if __name__ == "__main__":
    main()
