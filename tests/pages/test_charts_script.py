"""The script of charts in a real browser: letters of one size, one cursor over all, days asked for, values on keys."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sim.pages.chart_specs import charts_of_history
from sim.pages.scripts import script, style
from tests.viewer.test_snapshot import LIVELY, followed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None or importlib.util.find_spec("pytest_playwright") is None:
    pytest.skip("THE CHARTS ARE NOT TESTED IN A BROWSER: no Chromium, or no pytest-playwright", allow_module_level=True)

HISTOGRAM = {"kind": "histogram", "title": "Days held", "unit": "days", "values": [1, 1, 2, 4], "mark": 2}
SCATTER = {
    "kind": "scatter",
    "title": "Two",
    "x": {"name": "deaths", "values": [1, 2, 3]},
    "y": {"name": "towns", "values": [5, 7, 6]},
    "mark": [2, 7],
}
Draw = Callable[[int], Any]


@pytest.fixture(scope="module")
def specs() -> list[dict[str, Any]]:
    model, history = followed("kafr_hamra", 3, LIVELY)
    return [*charts_of_history(model.simulation, history).values(), HISTOGRAM, SCATTER]


@pytest.fixture(scope="module")
def draw(browser: Any, specs: list[dict[str, Any]]) -> Iterator[Draw]:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def drawn(width: int) -> Any:
        page.set_viewport_size({"width": width + 20, "height": 900})
        page.set_content(f"<meta charset=utf-8><style>body {{margin: 10px}} {style('charts')}</style><main></main>")
        page.evaluate(script("charts"))
        page.evaluate(
            """(specs) => {
            window.asked = []; window.hovered = [];
            const hooks = { day: (day) => asked.push(day), hover: (day) => hovered.push(day) };
            const box = () => document.querySelector("main").appendChild(document.createElement("div"));
            window.charts = specs.map((spec) => Sim.chart(box(), spec, hooks));
            Sim.link(charts.slice(0, 4));
            charts.slice(0, 4).forEach((chart) => chart.mark(60));
        }""",
            json.loads(json.dumps(specs)),
        )
        assert not faults
        return page

    yield drawn
    page.close()


@pytest.mark.parametrize("width", [280, 420, 1100])
def test_letters_have_one_size_and_stay_inside(draw: Draw, width: int) -> None:
    page = draw(width)
    sizes, outside = page.evaluate(
        """() => {
        const words = [...document.querySelectorAll(".simchart text, .simchart-title, .simchart-key span")].filter((word) => word.textContent);
        const wide = document.documentElement.clientWidth;
        return [[...new Set(words.map((word) => getComputedStyle(word).fontSize))],
                words.filter((word) => { const box = word.getBoundingClientRect(); return box.right > wide || box.left < 0; }).map((word) => word.textContent)];
    }"""
    )
    assert sizes == ["12px"]
    assert outside == []
    assert page.locator(".simchart svg[role=img]").count() == 6


def test_one_cursor_over_all_and_a_click_asks_for_the_day(draw: Draw) -> None:
    page = draw(420)
    box = page.locator(".simchart svg[role=img]").nth(1).bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 60)
    cursors = page.evaluate("charts.map((chart) => chart.cursor)")
    assert cursors[:4] == [cursors[1]] * 4
    assert cursors[4:] == [None, None]
    assert page.locator(".simchart-hair").count() == 4
    assert page.locator(".simchart-tip:visible").count() == 1
    page.mouse.click(box["x"] + 150, box["y"] + 60)
    assert page.evaluate("asked") == [cursors[1]]
    page.mouse.move(1, 1)
    assert page.locator(".simchart-hair").count() == 0
    assert page.evaluate("hovered.at(-1)") is None


def test_keys_move_the_cursor_and_report_the_values(draw: Draw, specs: list[dict[str, Any]]) -> None:
    page = draw(420)
    page.locator(".simchart svg[role=img]").nth(1).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("asked") == [59]
    live = page.locator(".simchart-live").nth(1).text_content()
    first = specs[1]["series"][0]
    assert f"{first['name']} {first['values'][59]} towns" in live
    page.keyboard.press("Home")
    assert page.evaluate("charts[0].cursor") == 0
    page.keyboard.press("Escape")
    assert page.evaluate("charts[0].cursor") is None


def test_what_lies_beyond_the_marked_morning_is_pale_and_not_counted(draw: Draw, specs: list[dict[str, Any]]) -> None:
    page = draw(420)
    assert page.locator(".simchart").nth(1).locator("g[opacity]").count() == 1
    civilians = specs[3]["series"][-1]["values"]
    assert f"civilians {sum(civilians[1:61])}" in page.locator(".simchart-key").nth(3).text_content()
    page.evaluate("charts.slice(0, 4).forEach((chart) => chart.mark(120))")
    assert page.locator(".simchart").nth(1).locator("g[opacity]").count() == 0
    assert f"civilians {sum(civilians)}" in page.locator(".simchart-key").nth(3).text_content()


def test_a_histogram_counts_every_run_and_a_scatter_draws_each(draw: Draw) -> None:
    page = draw(420)
    assert page.evaluate("charts[4].items.map((bin) => bin.length)") == [2, 1, 0, 1]
    assert page.locator(".simchart").nth(5).locator(".simchart-dot").count() == 3
    page.locator(".simchart svg[role=img]").nth(4).focus()
    page.keyboard.press("ArrowRight")
    assert "2 of 4 runs" in page.locator(".simchart-live").nth(4).text_content()
