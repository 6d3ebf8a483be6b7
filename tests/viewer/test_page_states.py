"""The page for all hands and eyes, in a real browser: keyboard, phone, dark, an address that comes back, a server that goes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.viewer.support import KAFR_HAMRA, PATIENCE, ROOT, at_day, press, require_browser  # isort: skip

from sim.viewer.server import listen

require_browser()

pytestmark = pytest.mark.slow
Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}


def visit(browser: Any, address: str, query: str = "", **settings: Any) -> Any:
    """Open the page in a browser session of its own and wait for its map."""
    page = browser.new_context(**{"viewport": LAPTOP, **settings}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/{query}")
    page.wait_for_selector(".simmap [data-town]", state="attached")
    return page


def faults(page: Any) -> list[str]:
    """Return the faults of accessibility that axe-core finds, but for minor ones."""
    found = Axe().run(page).response["violations"]
    return [f"{v['impact']}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] != "minor"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(address: str, browser: Any, scheme: str) -> None:
    # Without motion, as colours of a card that is still appearing are not those of the page.
    page = visit(browser, address, "?day=33", color_scheme=scheme, reduced_motion="reduce")
    assert faults(page) == []
    page.evaluate(
        "document.querySelectorAll('[role=progressbar]').forEach(bar => { bar.style.visibility = 'visible'; })"
    )
    assert faults(page) == []  # as while the server works
    page.locator(".tc-line").first.click()
    page.wait_for_selector(".tc-sheet h2")
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/?day=33&town=Kafr+Hamra")
    page.wait_for_selector(".tc-sheet h2:has-text('Kafr Hamra')")
    assert faults(page) == []
    page.click(".tc-close")
    page.wait_for_selector(".tc-sheet", state="detached")
    page.click("summary:has-text('More: all inputs')")
    assert faults(page) == []
    page.context.close()


def test_axe_finds_no_fault_side_by_side(browser: Any, address_of_two: str) -> None:
    page = visit(browser, address_of_two, "?day=20")
    assert page.locator(".simmap").count() == 2
    assert faults(page) == []
    page.context.close()


def test_the_keyboard_plays_asks_and_goes_back(address: str, browser: Any) -> None:
    page = visit(browser, address)
    focused = "document.activeElement.innerText.trim()"
    page.keyboard.press("Tab")
    assert page.evaluate(focused).endswith("Play")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector('.tc-day:not([data-day="0"])')
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_selector(".tc-play:has-text('Play')")
    assert page.locator("[aria-live=polite] .tc-headline").count() == 1
    assert [page.locator(mark).count() for mark in ("html[lang=en]", "header", "main", "aside[aria-label]")] == [1] * 4
    line = page.locator(".tc-line").first
    line.focus()
    event = line.get_attribute("data-id")
    page.keyboard.press("Space")  # on an event it asks, and does not play
    page.wait_for_selector(".tc-sheet")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "dialog"
    assert page.locator(".tc-sheet").get_attribute("aria-label").startswith("Card")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.tc-sheet') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector(".tc-sheet", state="detached")
    assert page.evaluate("document.activeElement.dataset.id") == event
    page.fill("#tc-seed", "1")
    page.focus("#tc-seed")
    page.keyboard.press("Space")  # typing plays nothing
    assert page.locator(".tc-play").inner_text().endswith("Play")
    page.context.close()


def test_pausing_stays_at_the_day_seen(address: str, browser: Any) -> None:
    page = visit(browser, address)
    press(page, "full")
    press(page, "Play")
    page.wait_for_function("Number(document.querySelector('.tc-day').dataset.day) > 8")
    seen = page.evaluate(
        "() => { const day = Number(document.querySelector('.tc-scrub').value);"
        " document.querySelector('.tc-play').click(); return day; }"
    )
    press(page, "One day back")  # is answered after all that was on its way
    at_day(page, seen - 1)
    page.context.close()


def test_an_address_opens_the_same_day_town_and_settings_elsewhere(address: str, browser: Any) -> None:
    page = visit(browser, address)
    page.select_option("#tc-file", "strong_mediator")
    page.fill("#tc-seed", "12")
    page.click("summary:has-text('More: all inputs')")
    page.fill("[aria-label='find an input']", "loss per day")
    page.fill("input[type=number][aria-label='rules.clash.loss_per_day']", "0.05")
    page.keyboard.press("Tab")
    page.wait_for_selector(".tc-pending:has-text('seed 12')")
    before = page.evaluate("history.length")
    press(page, "Apply and restart")
    page.wait_for_selector(".tc-said:has-text('seed 12')")
    page.get_by_label("follow them on the map").check()
    for day in range(1, 4):
        press(page, "Step")
        at_day(page, day)
    page.wait_for_function("location.search.includes('day=3&camera')")
    assert page.evaluate("history.length") == before
    query = "?" + urlsplit(page.url).query
    assert parse_qs(query[1:]) == {
        "scenario": ["strong_mediator"],
        "seed": ["12"],
        "set": ["rules.clash.loss_per_day=0.05"],
        "day": ["3"],
        "camera": ["follows"],
    }
    other = visit(browser, address, query + "&town=kafr%20hamra")
    at_day(other, 3)
    other.wait_for_selector(".tc-sheet h2:has-text('Kafr Hamra')")
    assert other.get_by_label("follow them on the map").is_checked()
    assert other.locator(".tc-lines").inner_text() == page.locator(".tc-lines").inner_text()
    assert other.locator(".tc-changes").inner_text() == page.locator(".tc-changes").inner_text()
    other.reload()
    at_day(other, 3)
    other.wait_for_selector(".tc-sheet h2:has-text('Kafr Hamra')")
    for opened in (page, other):
        opened.context.close()


def test_what_an_address_may_not_hold_is_reported_and_left_out(address: str, browser: Any) -> None:
    bad = (
        "?scenario=../../etc/passwd&seed=x&set=map=elsewhere&set=rules.clash.loss_per_day=abc&policy={a: 1}"
        "&day=9999&town=Atlantis&colour=red&camera=up"
    )
    page = visit(browser, address, bad)
    at_day(page, 0)
    told = page.locator(".tc-fault").all_inner_texts()
    assert len(told) == 9
    for word in (
        "etc/passwd",
        "whole number",
        "map=elsewhere",
        "loss_per_day=abc",
        "{a: 1}",
        "9999",
        "Atlantis",
        "colour",
        "'up'",
    ):
        assert sum(word in line for line in told) == 1, word
    assert "seed 7" in page.locator(".tc-date").inner_text()
    page.context.close()


def test_a_phone_shows_player_day_and_map_on_one_screen(address: str, browser: Any) -> None:
    page = visit(browser, address, "?day=20", viewport=PHONE, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    scale = page.evaluate("document.querySelector('meta[name=viewport]').content")
    assert "user-scalable" not in scale
    assert "maximum-scale" not in scale
    boxes = {name: page.locator(name).first.bounding_box() for name in (".tc-play", ".tc-scrub", ".simmap", ".tc-day")}
    for name, box in boxes.items():
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= PHONE["height"], name
    assert boxes[".tc-scrub"]["width"] > 300
    small = page.evaluate(
        "[...document.querySelectorAll('.tc-page button, .tc-page select, .tc-page input, .tc-page summary')]"
        ".filter(e => e.offsetParent && e.type !== 'checkbox' && e.type !== 'hidden' && !e.closest('.v-slider'))"
        ".filter(e => e.getBoundingClientRect().height < 40).map(e => e.outerHTML.slice(0, 90))"
    )
    assert small == []
    touch = page.context.new_cdp_session(page)
    x, y = boxes[".simmap"]["x"] + 180, boxes[".simmap"]["y"] + 200

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": a, "y": b, "id": number} for number, (a, b) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    scale = "Number(document.querySelector('.simmap-sheet > svg > g').getAttribute('transform').match(/scale\\(([\\d.]+)/)[1])"
    whole = page.evaluate(scale)
    fingers("touchStart", (x - 30, y))  # the second finger comes later
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for away in (50, 70, 90):
        fingers("touchMove", (x - away, y), (x + away, y))
    fingers("touchEnd")
    page.wait_for_function(f"{scale} > {2.5 * whole}")
    assert page.evaluate("[visualViewport.scale, scrollY]") == [1, 0]
    fingers("touchStart", (x, y + 100))
    for up in range(0, 200, 20):
        fingers("touchMove", (x, y + 100 - up))
    fingers("touchEnd")
    page.wait_for_function("scrollY > 100")
    page.evaluate("scrollTo(0, 0)")
    page.goto(f"{address}/?day=20&town=Kafr+Hamra")
    page.wait_for_selector(".tc-sheet h2")
    page.wait_for_function("document.querySelector('.tc-sheet').getBoundingClientRect().bottom <= innerHeight + 1")
    close = page.locator(".tc-close").bounding_box()
    assert close["width"] >= 40
    assert close["y"] < PHONE["height"]
    page.click(".tc-close")
    page.wait_for_selector(".tc-sheet", state="detached")
    page.context.close()


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1366, 768), (1920, 1080)])
def test_play_and_the_headline_stand_above_the_map(
    address: str,
    browser: Any,
    width: int,
    height: int,
) -> None:
    page = visit(browser, address, "?day=33", viewport={"width": width, "height": height})
    play, news, chart = (page.locator(name).first.bounding_box() for name in (".tc-play", ".tc-headline", ".simmap"))
    assert play["y"] < news["y"] < chart["y"]
    assert chart["y"] + chart["height"] <= height
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.context.close()


def test_a_lost_server_is_told_in_words_and_the_page_comes_back_to_its_day(browser: Any, tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as free:
        port = str(free.getsockname()[1])
    words = [
        sys.executable,
        str(ROOT / "run.py"),
        "watch",
        str(KAFR_HAMRA),
        "--seed",
        "7",
        "--no-browser",
        "--seeds",
        "0",
    ]

    def start() -> subprocess.Popen[str]:
        server = subprocess.Popen([*words, "--port", port], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        assert server.stdout is not None
        assert any("Watch at" in line for line in server.stdout)
        return server

    def stop(server: subprocess.Popen[str]) -> None:
        server.send_signal(signal.SIGINT)
        server.communicate()

    first = start()
    page = visit(browser, f"http://127.0.0.1:{port}", "?day=5&town=Kafr+Hamra")
    page.wait_for_function("location.search.includes('seed=7')")
    stop(first)
    lost = page.wait_for_selector(".tc-lost")
    assert "start it again" in lost.inner_text()
    assert page.locator("[role=alert]:visible").count() == 1
    second = start()
    page.wait_for_selector(".tc-lost", state="detached")
    at_day(page, 5)
    page.wait_for_selector(".tc-sheet h2:has-text('Kafr Hamra')")
    page.context.close()
    stop(second)
