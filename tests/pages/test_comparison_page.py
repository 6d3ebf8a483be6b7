"""The report of a comparison: shares come back from its document, and in a real browser towns, days and tables answer."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.pages.comparison_document import comparison_document
from sim.pages.comparison_report import comparison_report
from sim.pages.scripts import pack_document, unpack_document
from tests.plots.made_comparison import compared

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_a_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("pytest_playwright") is None,
    reason="THE REPORT OF A COMPARISON IS NOT TESTED IN A BROWSER: no Chromium, or no pytest-playwright",
)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"], "headless": True}


def test_the_document_gives_back_the_shares_of_each_town_and_day() -> None:
    comparison = compared()
    document = unpack_document(pack_document(comparison_document(comparison)))
    control = comparison.control
    codes = [control.codes.index(code["code"]) for code in document["codes"]]
    for scenario in document["scenarios"]:
        shares = np.cumsum(np.array(scenario["shares"]), axis=-1) / 100  # [T, C, K]
        expected = control.shares[scenario["name"]][..., codes].transpose(1, 2, 0)
        assert np.abs(shares - expected).max() <= 0.005 + 1e-9
    left_out = [c for c in range(len(control.codes)) if c not in codes]
    assert all(control.shares[name][..., left_out].max(initial=0.0) <= 0.02 for name in comparison.scenarios)
    medians = [[series["values"] for series in chart["series"]] for chart in document["charts"]]
    assert medians == [[np.round(fan.median, 2).tolist() for fan in panel.fans] for panel in comparison.fans]


def test_the_page_folds_what_is_not_resolved_and_explains_the_map() -> None:
    page = comparison_report(compared(), [], "python run.py compare x")
    assert "not resolved: the 95 % interval of the difference spans zero, or fewer than 6 pairs of runs differ" in page
    assert "A map asks more of each town than an answer does" in page
    assert "https://" not in page.split("<script")[0]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "report.html"
    path.write_text(comparison_report(compared(), [], "python run.py compare x"), encoding="utf-8")
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(path.as_uri())
    page.get_by_label("Open a town").wait_for()
    yield page
    context.close()
    assert faults == []


@in_a_browser
def test_a_town_shows_its_shares_and_the_slider_moves_the_day(opened: Any) -> None:
    name = opened.evaluate("Sim.live.data.towns[3]")
    opened.get_by_label("Open a town").select_option("3")
    card = opened.locator(".player-card")
    assert card.locator("h3").inner_text() == name
    assert card.locator("svg").count() >= 1
    last = card.locator("caption").inner_text()
    opened.get_by_label("Day", exact=True).focus()
    opened.keyboard.press("Home")
    assert card.locator("caption").inner_text() != last
    card.get_by_role("button", name="Close").click()
    assert card.is_hidden()


@in_a_browser
def test_tables_are_sorted_by_their_heads(opened: Any) -> None:
    table = opened.locator("table.sortable:visible").filter(has_text="pairs").first
    head = table.locator("th").nth(0)
    before = table.locator("tbody tr td:first-child").all_inner_texts()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = table.locator("tbody tr td:first-child").all_inner_texts()
    head.get_by_role("button").click()
    assert table.locator("tbody tr td:first-child").all_inner_texts() == up[::-1]
    assert sorted(up) == sorted(before)
    assert len(up) > 1
