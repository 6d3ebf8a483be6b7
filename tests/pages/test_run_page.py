"""The report of a run in a real browser, opened from its file: it plays, answers clicks and keys, and asks for nothing."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.pages.run_report import MOST_BYTES, Pictures, recorded, report
from sim.plots.map.sheets import Atlas, control_map
from sim.plots.style import PAGE_DPI, png_bytes, webp_bytes
from sim.plots.timeline import timeline

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None or importlib.util.find_spec("pytest_playwright") is None:
    pytest.skip("THE REPORT IS NOT TESTED IN A BROWSER: no Chromium, or no pytest-playwright", allow_module_level=True)

from playwright.sync_api import expect  # noqa: E402


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = sim.simulate("kafr_hamra", seed=7)
    atlas = Atlas.of(run)
    figures = control_map(run, 0, atlas=atlas), control_map(run, run.scenario.days, atlas=atlas), timeline(run)
    page = report(run, Pictures(*(webp_bytes(png_bytes(figure, PAGE_DPI)) for figure in figures)), atlas, recorded(run))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """Return the page once the player is there; a request, an error or a warning of the browser is a fault."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(file.as_uri())
    page.locator(".player-play").wait_for()
    yield page
    context.close()
    assert faults == []


def day(page: Any) -> int:
    return int(page.locator(".player input[type=range]").input_value())


def test_the_page_is_small_and_loads_nothing(file: Path) -> None:
    assert file.stat().st_size <= MOST_BYTES


def test_it_plays_and_pauses_with_the_space_bar(opened: Any) -> None:
    assert day(opened) == 0
    opened.locator(".player .simmap").scroll_into_view_if_needed()
    opened.keyboard.press("Space")
    slider = opened.locator(".player input[type=range]")
    expect(slider).not_to_have_value(re.compile("^[0-3]$"))
    opened.keyboard.press("Space")
    stopped = day(opened)
    opened.keyboard.press("ArrowRight")
    assert day(opened) == stopped + 1
    assert opened.locator(".player-day span").inner_text().startswith(f"day {stopped + 1} of 120")


def test_a_click_on_a_town_opens_its_card_and_escape_closes_it(opened: Any) -> None:
    name = opened.locator('.simmap .names:visible [data-town]:has-text("Saraqib")').first
    name.click()
    card = opened.locator(".player-card")
    assert card.locator("h3").inner_text() == "Saraqib"
    assert "Fighters there" in card.inner_text()
    assert opened.evaluate("document.activeElement.className") == "player-card"
    opened.keyboard.press("Escape")
    assert card.is_hidden()


def test_an_event_leads_to_its_causes_and_its_day(opened: Any) -> None:
    row = opened.evaluate("Sim.live.run.events.cause.findIndex((cause) => cause >= 0)")
    opened.evaluate(f"Sim.live.go(Sim.live.run.events.day[{row}] + 2)")
    opened.locator(".player-filters input[type=checkbox]").check()
    opened.locator(f'[data-event="{row}"]').click()
    card = opened.locator(".player-card")
    text = opened.evaluate(f"Sim.live.run.events.text[{row}]")
    cause = opened.evaluate(f"Sim.live.run.events.text[Sim.live.run.events.cause[{row}]]")
    assert text in card.inner_text()
    card.get_by_role("button", name="Go to this day").click()
    assert day(opened) == opened.evaluate(f"Sim.live.run.events.day[{row}]") + 1
    card.locator(".player-line").first.click()
    assert card.locator(".player-event").inner_text() == cause


def test_the_feed_shows_what_was_asked_for(opened: Any) -> None:
    opened.evaluate("Sim.live.go(Sim.live.run.days)")
    opened.get_by_label("Town or words").fill("Saraqib")
    lines = opened.locator(".player-feed .player-line:visible")
    wanted = opened.evaluate(
        "Sim.live.run.events.text.filter((text, row) => text.includes('Saraqib') || "
        "(Sim.live.run.events.town[row] >= 0 && Sim.live.run.towns[Sim.live.run.events.town[row]].name.includes('Saraqib'))).length"
    )
    assert lines.count() == wanted > 0


def test_on_a_phone_play_day_and_map_stand_on_one_screen(browser: Any, file: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.locator(".player-play").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.evaluate("document.getElementById('live').scrollIntoView()")
    for part in (".player-play", ".player-day", ".player .simmap"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= 844, part
    context.close()


def test_without_scripts_the_pictures_are_shown(browser: Any, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#live").is_hidden()
    assert page.locator("img:visible").count() == 3
    context.close()


def test_in_print_pictures_stand_in_place_of_the_player(opened: Any) -> None:
    assert opened.locator("img:visible").count() == 0
    opened.emulate_media(media="print")
    assert opened.locator(".player").is_hidden()
    assert opened.locator("img:visible").count() == 3


def test_axe_finds_nothing(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(opened).response["violations"]
    assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"][:120]) for rule in found] == []
