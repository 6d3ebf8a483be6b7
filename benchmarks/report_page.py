"""How large a report page is, how fast it opens and plays in Chromium: `python -m benchmarks.report_page REPORT.html`.

Prints bytes, requests beside the file itself, seconds until the player is there, frames a second while it plays at full
speed, the longest frame, and the time that patching a morning takes (median and longest of all, in ms).
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

PLAY = """() => new Promise((done) => {
  const player = Sim.live, gaps = [];
  player.parts.speed.value = 30;
  player.parts.linger.checked = false;
  player.go(0);
  player.play();
  let before = performance.now();
  const frame = (now) => {
    gaps.push(now - before);
    before = now;
    if (player.playing) return requestAnimationFrame(frame);
    done({ frames_a_second: (1000 * gaps.length) / gaps.reduce((a, b) => a + b, 0), longest_frame_ms: Math.max(...gaps) });
  };
  requestAnimationFrame(frame);
})"""
PATCH = """() => {
  const player = Sim.live, times = [];
  player.map.show(player.mornings.at(0));
  for (let day = 1; day <= player.run.days; day += 1) {
    const layers = player.mornings.at(day), began = performance.now();
    player.map.show(layers);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { patch_ms_median: times[times.length >> 1], patch_ms_longest: times[times.length - 1] };
}"""


def measure(page: Any, file: Path) -> dict[str, float]:
    """Return the numbers of one report page."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    began = time.perf_counter()
    page.goto(file.resolve().as_uri())
    page.locator(".player-play").wait_for()
    opened = time.perf_counter() - began
    page.evaluate("document.getElementById('live').scrollIntoView()")
    return {
        "bytes": file.stat().st_size,
        "requests": len(requests) - 1,
        "opened_s": opened,
        **page.evaluate(PLAY),
        **page.evaluate(PATCH),
    }


def main(path: str) -> None:
    """Measure a page and print the numbers as JSON."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        numbers = measure(browser.new_page(viewport={"width": 1366, "height": 768}), Path(path))
        browser.close()
    print(json.dumps({name: round(value, 2) for name, value in numbers.items()}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
