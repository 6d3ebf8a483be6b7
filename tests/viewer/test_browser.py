"""The page in a real browser: Debian's Chromium, driven by pytest-playwright, against a server of its own process."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.support import KAFR_HAMRA, PATIENCE, at_day, open_with, press, require_browser, serving  # isort: skip

import sim
from sim.results.write import write
from sim.viewer.server import listen, make_server
from sim.viewer.session import RunSource, Session

require_browser()

pytestmark = pytest.mark.slow


Opened = Callable[[str], Any]


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """Open an address in a browser session of its own; at the end, nothing has failed on any page."""
    wrong: list[str] = []
    contexts = []

    def call(address: str) -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("response", lambda reply: wrong.append(f"{reply.status} {reply.url}") if reply.status >= 400 else None)
        page.goto(address)
        page.wait_for_selector('.tc-day[data-day="0"]')
        page.wait_for_selector(".simmap g[data-town], .simmap [data-town]", state="attached")
        return page

    yield call
    for context in contexts:
        context.close()
    assert wrong == []


def go(page: Any, day: int) -> None:
    page.locator(".tc-scrub").evaluate("(e, day) => { e.value = day; e.dispatchEvent(new Event('input')); }", day)
    at_day(page, day)


def saved(page: Any, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        press(page, label)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def play_to_the_end(page: Any, days: int = 120) -> None:
    press(page, "full")
    press(page, "Play")
    at_day(page, days)


def test_step_play_to_the_end_scrub_back_and_take_the_events_away(address: str, opened: Opened, tmp_path: Path) -> None:
    page = opened(address)
    press(page, "Step")
    at_day(page, 1)
    assert page.locator(".tc-stamp").inner_text().startswith("SIMULATED")
    assert page.locator(".tc-past").count() == 0
    play_to_the_end(page)
    assert page.locator(".tc-past").inner_text() == "evidence ends 31 Oct 2018"
    name, events = saved(page, "events, CSV")
    assert name == "kafr_hamra-seed7-events-day120.csv"
    run = write(sim.simulate(KAFR_HAMRA, seed=7), tmp_path)
    assert events == (run / "events.csv").read_bytes()
    go(page, 110)
    assert "2 Feb 2019" in page.locator(".tc-day").inner_text()
    press(page, "Play")
    at_day(page, 120)
    press(page, "Play")  # after the end: from the first day again
    page.wait_for_selector('.tc-day:not([data-day="120"])')
    at_day(page, 120)
    press(page, "Reset")
    at_day(page, 0)


def test_reset_with_another_scenario_says_so(address: str, opened: Opened) -> None:
    page = opened(address)
    press(page, "Step")
    at_day(page, 1)
    page.select_option("#tc-file", "strong_mediator")
    page.fill("#tc-seed", "12")
    page.wait_for_selector(".tc-pending:has-text('another scenario; seed 12')")
    press(page, "Apply and restart")
    at_day(page, 0)
    page.wait_for_selector(".tc-said:has-text('applied scenario A strong mediator')")
    assert "A strong mediator" in page.locator("h1").inner_text()
    assert "seed 12" in page.locator(".tc-date").inner_text()
    assert "Turkey mediates" in page.locator(".tc-changes").inner_text()
    page.fill("#tc-seed", "x")
    page.wait_for_selector(".tc-fault:has-text('whole number')")


def test_inputs_are_changed_below_more_and_faults_are_reported(address: str, opened: Opened) -> None:
    page = opened(address)
    page.click("summary:has-text('More: all inputs')")
    page.fill("[aria-label='find an input']", "loss per day")
    page.fill("input[type=number][aria-label='rules.clash.loss_per_day']", "0.05")
    page.keyboard.press("Tab")
    page.wait_for_selector(".tc-pending:has-text('clash, loss per day 0.05')")
    press(page, "Apply and restart")
    page.wait_for_selector(".tc-said:has-text('1 change')")
    assert "clash, loss per day 0.05" in page.locator(".tc-changes").inner_text()
    page.fill("input[type=number][aria-label='rules.clash.loss_per_day']", "7")
    page.keyboard.press("Tab")
    press(page, "Apply and restart")
    page.wait_for_selector(".tc-fault:has-text('loss_per_day')")
    at_day(page, 0)


def test_two_sessions_do_not_disturb_each_other(address: str, opened: Opened) -> None:
    one, two = opened(address), opened(address)
    for day in (1, 2, 3):
        press(one, "Step")
        at_day(one, day)
    press(two, "Step")
    at_day(two, 1)
    at_day(one, 3)
    two.fill("#tc-seed", "99")
    two.wait_for_selector(".tc-pending")
    press(two, "Apply and restart")
    two.wait_for_selector(".tc-said")
    assert "seed 99" in two.locator(".tc-date").inner_text()
    assert "seed 7" in one.locator(".tc-date").inner_text()
    at_day(one, 3)


def test_playing_draws_the_days_between(address: str, opened: Opened) -> None:
    page = opened(address)
    page.evaluate(
        """() => { window.days = []; const look = () => { const day = Number(document.querySelector('.tc-day').dataset.day);
        if (day !== window.days[window.days.length - 1]) { window.days.push(day); } requestAnimationFrame(look); }; look(); }"""
    )
    play_to_the_end(page)
    days = page.evaluate("window.days")
    assert days == sorted(set(days))
    assert days[-1] == 120
    assert len(days) > 3


@pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")
def test_a_closed_tab_frees_its_model_on_the_server(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    open_with(RunSource(KAFR_HAMRA, 7))
    made: list[Session] = []
    freed = threading.Semaphore(0)
    begin, close = Session.__post_init__, Session.close
    monkeypatch.setattr(Session, "__post_init__", lambda self: (made.append(self), begin(self))[1])
    monkeypatch.setattr(Session, "close", lambda self: (close(self), freed.release())[0])
    bound, server = listen("127.0.0.1", 0), make_server("127.0.0.1")
    running = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    running.start()
    try:
        page = opened(f"http://127.0.0.1:{bound.getsockname()[1]}")
        press(page, "Play")
        page.wait_for_selector('.tc-day:not([data-day="0"])')
        assert [len(session.runs) for session in made] == [1]
        page.close(run_before_unload=True)
        assert freed.acquire(timeout=PATIENCE / 1000)
        assert made[0].closed
        assert made[0].runs == ()
    finally:
        server.should_exit = True
        running.join()
        bound.close()


def test_a_town_and_an_event_answer(address: str, opened: Opened) -> None:
    page = opened(address)
    play_to_the_end(page)
    page.fill("[aria-label=place]", "Kafr Hamra")
    page.locator(".tc-line").first.click()
    page.wait_for_selector(".tc-card[data-event] h2:has-text('Why: ')")
    page.click(".tc-close")
    page.wait_for_selector(".tc-card", state="detached")
    page.locator(".simmap [data-town]").first.dispatch_event("pointerdown", {"button": 0})
    page.locator(".simmap [data-town]").first.click(force=True)
    page.wait_for_selector(".tc-card h3:has-text('Held by')")


@pytest.mark.parametrize("by", ["mouse", "finger", "right button"])
def test_a_line_pressed_while_the_feed_is_drawn_anew_is_the_one_that_is_heard(
    address: str, opened: Opened, by: str
) -> None:
    page = opened(address)
    play_to_the_end(page)
    line = page.locator(".tc-line").first
    # one look at one element: the feed may be drawn anew between two questions
    event, x, y = line.evaluate("e => { const box = e.getBoundingClientRect(); return [e.dataset.id, box.x, box.y] }")
    at = {"x": x + 40, "y": y + 8}
    touch = page.context.new_cdp_session(page)
    button = "right" if by == "right button" else "left"
    page.mouse.move(**at)
    if by == "finger":
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    else:
        page.mouse.down(button=button)
    page.locator(".tc-lines").evaluate(  # as a redraw does, with other lines in the places
        "(e) => { e.innerHTML = [...e.querySelectorAll('.tc-line')].reverse().map((line) => line.outerHTML).join(''); }"
    )
    if by == "finger":
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        page.mouse.up(button=button)
    if by != "right button":
        page.wait_for_selector(f".tc-card[data-event={event}]")
    go(page, 119)  # by its answer whatever else was asked has been answered
    cards = page.locator(".tc-card").evaluate_all("cards => cards.map((card) => card.dataset.event)")
    assert cards == ([] if by == "right button" else [event])


@pytest.mark.parametrize(
    ("label", "name", "start"),
    [
        ("map, SVG", "kafr_hamra-seed7-map-day001.svg", b"<svg"),
        ("map, PNG", "kafr_hamra-seed7-map-day001.png", b"\x89PNG"),
        ("daily table, CSV", "kafr_hamra-seed7-daily-day001.csv", b"day"),
        ("scenario, YAML", "kafr_hamra-seed7-scenario.yaml", b"# "),
    ],
)
def test_files_are_taken_away(address: str, opened: Opened, label: str, name: str, start: bytes) -> None:
    page = opened(address)
    press(page, "Step")
    at_day(page, 1)
    found, content = saved(page, label)
    assert found == name
    assert start in content[:200]


def test_side_by_side_moves_both_with_one_clock(opened: Opened, address_of_two: str) -> None:
    page = opened(address_of_two)
    assert page.locator(".simmap").count() == 2
    play_to_the_end(page)
    told = page.locator(".tc-difference").inner_text()
    assert "held differently" in told or "hold the same" in told
    go(page, 10)
    page.wait_for_selector(".tc-maptitle:has-text('Kafr Hamra, October 2018 25 Oct 2018')")
    page.wait_for_selector(".tc-map >> nth=1 >> .tc-maptitle:has-text('25 Oct 2018')")
    page.context.close()


def test_a_finished_run_is_replayed(opened: Opened, tmp_path: Path) -> None:
    run = write(sim.simulate(KAFR_HAMRA, seed=9), tmp_path / "outputs")
    with serving(run, folder=tmp_path) as address:
        page = opened(address)
        assert page.locator(".tc-tag").inner_text() == "replay"
        go(page, 100)
        _name, events = saved(page, "events, CSV")
        whole = (run / "events.csv").read_bytes()
        assert whole.startswith(events)
        assert len(events) < len(whole)
        press(page, "full")
        press(page, "Play")
        at_day(page, 120)
        assert saved(page, "events, CSV")[1] == whole
        page.context.close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "elsewhere.example"}, 403),
        ("/", {"Origin": "http://elsewhere.example"}, 403),
        ("/_solara/cdn/../../../../etc/passwd", {}, 404),
        ("/_solara/cdn/left-pad@1.3.0/index.js", {}, 404),
        ("/resourcez", {}, 404),
        ("/static/public/../../pyproject.toml", {}, 404),
    ],
)
def test_what_is_not_the_pages_own_is_refused(address: str, path: str, headers: dict[str, str], status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address + path, headers=headers))
    with refused.value as reply:
        assert reply.code == status


def test_the_feed_offers_towns_by_prefix_and_stays_where_it_was_scrolled(address: str, opened: Opened) -> None:
    page = opened(address)
    play_to_the_end(page)
    page.locator("[aria-label=place]").press_sequentially("Kafr H")
    offered = page.locator(".tc-options [role=option]").all_inner_texts()
    assert offered[0] == "Kafr Hamra"
    begins = [name.startswith("Kafr H") for name in offered]
    assert begins == sorted(begins, reverse=True)
    assert {"Kafr Halab", "Kafr Haya"} <= set(offered)
    page.keyboard.press("Escape")
    page.click("button:has-text('everything')")
    page.wait_for_selector(".tc-line >> nth=20")
    scrub = page.locator(".tc-scrub")
    scrub.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector('.tc-day:not([data-day="120"])')
    day = int(page.locator(".tc-day").get_attribute("data-day") or 0)
    line = page.locator(".tc-line").nth(12)
    line.evaluate(
        "e => { const box = e.closest('.tc-lines'); box.scrollTop += e.getBoundingClientRect().top - box.getBoundingClientRect().top; }"
    )
    event, before = line.get_attribute("data-id"), line.bounding_box()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'.tc-day[data-day="{day + 1}"]')
    after = page.locator(f".tc-lines [data-id={event}]").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
