"""The script of the map in a real browser: names that open their towns, tips, layers, the list for the keyboard, fingers, the inset."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.pages.history import History
from sim.pages.map_svg import MapDrawing
from sim.pages.scripts import script, style
from tests.viewer.test_snapshot import followed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None or importlib.util.find_spec("pytest_playwright") is None:
    pytest.skip("THE MAP IS NOT TESTED IN A BROWSER: no Chromium, or no pytest-playwright", allow_module_level=True)

OPENING = (569, 556)  # px of the map on a page of 1366 x 768
Draw = Callable[..., Any]


@pytest.fixture(scope="module")
def case() -> tuple[MapDrawing, History]:
    model, history = followed("kafr_hamra", 7)
    return MapDrawing(model.simulation.scenario, model.simulation.geography), history


@pytest.fixture(scope="module")
def draw(browser: Any, case: tuple[MapDrawing, History], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Draw]:
    drawing, history = case
    file = tmp_path_factory.mktemp("map") / "map.html"
    faults: list[str] = []
    contexts = []

    def drawn(day: int, size: tuple[int, int] = OPENING, touch: bool = False) -> Any:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=touch)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        write_page(file, drawing, history, day, size)
        page.goto(file.as_uri())
        page.wait_for_function("map.width > 0")
        assert not faults
        return page

    yield drawn
    assert not faults
    for context in contexts:
        context.close()


def write_page(file: Path, drawing: MapDrawing, history: History, day: int, size: tuple[int, int]) -> None:
    """Write a page that is all map, on the morning of a day."""
    calls = (
        "window.picked = []; window.map = new Sim.Map(document.querySelector('#box'), { pick: (town) => picked.push(town) });"
        f"map.setBase({drawing.base}); map.show({drawing.frame(history.snapshots[day])});"
    )
    file.write_text(
        f"<!doctype html><meta charset=utf-8><style>{style('map')} body {{margin: 0}} #box {{height: {size[1]}px; max-height: none}}"
        f"</style><div id=box></div><script>{script('map')}</script><script>{calls}</script>",
        encoding="utf-8",
    )


def names_drawn(page: Any) -> list[dict[str, Any]]:
    """Return the names that are shown, with the town that each means and the middle of its box on the screen."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => [...map.main.set.querySelectorAll("[data-town]:not(.under)")].map((name) => {
        const box = name.getBoundingClientRect();
        return { town: Number(name.dataset.town), x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
    })"""
    )
    return found


def middle(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_page_puts_its_own_marks_on_the_map(draw: Draw) -> None:
    page = draw(0)
    page.evaluate("map.world.append(document.createElementNS('http://www.w3.org/2000/svg', 'g'))")
    place, x, y = page.evaluate(
        "[map.transform.apply([100, 100]), map.transform.x + 100 * map.transform.k, map.transform.y]"
    )
    assert place[0] == pytest.approx(x)
    assert place[1] > y
    page.evaluate("map.setView({ x: 100, y: 100, zoom: 4 })")
    assert page.evaluate("map.transform.apply([100, 100])") == pytest.approx([OPENING[0] / 2, OPENING[1] / 2], abs=3)
    page.context.close()


def test_every_name_opens_its_own_town(draw: Draw) -> None:
    page = draw(0)
    names = names_drawn(page)
    assert len(names) > 50
    for name in names:
        page.mouse.click(name["x"], name["y"])
    assert page.evaluate("picked") == [name["town"] for name in names]
    page.context.close()


def test_a_tip_shows_at_once_and_no_title_of_the_browser_is_left(draw: Draw) -> None:
    page = draw(15)
    assert page.locator("svg title").count() == 0
    name = next(name for name in names_drawn(page) if page.evaluate(f"map.base.towns[{name['town']}][2]") == "Afrin")
    page.mouse.move(name["x"], name["y"])
    assert page.locator(".simmap-tip strong").inner_text().startswith("Afrin (about ")
    page.mouse.move(2, page.viewport_size["height"] - 120)
    assert page.locator(".simmap-tip").is_hidden()
    column = '.simmap-sheet >> nth=0 >> [data-tip*=" 39 fighters"]'
    page.mouse.move(*middle(page.locator(f"{column} .head use").bounding_box()))
    words = page.locator(".simmap-tip strong").inner_text()
    assert words == "Loyalists (Government): 39 fighters set out from Muhradah to Suran, to reinforce"
    page.context.close()


def test_columns_glide_along_their_way_by_the_compositor_and_arrive(
    draw: Draw, case: tuple[MapDrawing, History]
) -> None:
    page, (drawing, history) = draw(15), case
    frame = drawing.frame(history.snapshots[16])
    ways = page.evaluate(
        f"map.show({frame}, {{ glide: 60000 }}); map.gliding.map((column) => [column.effect.target.dataset.way,"
        " column.effect.getKeyframes().map((frame) => frame.transform)])"
    )
    assert ways
    for way, frames in ways:
        points = [pair.split(",") for pair in way.split(" ")]
        assert frames == [f"translate({x}px, {y}px)" for x, y in points]
    assert "vector-effect" not in page.evaluate(
        "[...document.querySelectorAll('defs [id$=dart], .mv .head')].map((part) => part.outerHTML).join('')"
    )
    page.evaluate("map.gliding.forEach((column) => column.finish())")
    assert page.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length") == 0
    page.context.close()


def test_flags_hide_the_names_under_them_and_bring_their_own(draw: Draw) -> None:
    page = draw(15)
    page.wait_for_selector(".names .under", state="attached")
    hidden = page.evaluate(
        "[...map.main.box.querySelectorAll('.names .under[data-town]')].map((name) => name.dataset.town)"
    )
    assert "0" in hidden
    assert page.locator(".simmap-sheet:not(.simmap-inset) .flag text").text_content() == "Kafr Hamra"
    page.evaluate("map.toggle('bases', false)")
    page.wait_for_selector(".names .under", state="detached")
    page.context.close()


def test_layers_are_switched_by_keyboard_and_remembered(draw: Draw) -> None:
    page = draw(15)
    page.get_by_role("button", name="Layers", exact=True).focus()
    page.keyboard.press("Enter")
    grid = page.get_by_role("checkbox", name="Grid")
    assert not grid.is_checked()
    grid.focus()
    page.keyboard.press("Space")
    assert page.evaluate("map.main.groups.grid.style.display") == ""
    page.keyboard.press("Escape")
    assert page.locator(".simmap-panel").first.is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Layers"
    page.reload()
    page.wait_for_function("map.width > 0")
    assert page.evaluate("map.main.groups.grid.style.display") == ""
    assert page.evaluate("map.main.groups.influence.style.display") == "none"
    page.context.close()


def test_the_legend_lies_over_the_map_and_leaves_it_its_size(draw: Draw) -> None:
    page = draw(15)
    before = page.locator(".simmap").bounding_box()
    page.get_by_role("button", name="Legend", exact=True).click()
    legend = page.locator(".simmap-legend svg")
    assert "column going home" in (legend.text_content() or "")
    assert page.locator(".simmap").bounding_box() == before
    page.context.close()


def test_towns_are_reached_by_keyboard_watched_ones_first(draw: Draw, case: tuple[MapDrawing, History]) -> None:
    page, drawing = draw(15), case[0]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    assert page.locator(".simmap-tip strong").inner_text().startswith("Kafr Hamra (about ")
    assert page.locator(".simmap-focus").is_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("saraq")
    page.keyboard.press("Enter")
    order = json.loads(drawing.base)["order"]
    assert page.evaluate("picked") == [order[1], order[-1], drawing.ground.names.index("Saraqib")]
    assert order[: len(drawing.ground.watch)] == list(drawing.ground.watch)
    assert sorted(order) == list(range(len(drawing.ground.names)))
    page.context.close()


def test_columns_and_roads_of_the_front_are_explained_to_mouse_and_keyboard(
    draw: Draw, case: tuple[MapDrawing, History]
) -> None:
    page, (drawing, history) = draw(15), case
    roads = drawing.layers(history.snapshots[15])["front tips"]
    covered = next(key for key, words in roads.items() if "\nagreement of " in words)
    one, other = (int(town) for town in covered.split("."))
    page.evaluate(f"map.look({one}, 12)")
    x, y = page.evaluate(
        f"(() => {{ const [a, b] = map.ends('{covered}').map(([x, y]) => map.transform.apply([x, y]));"
        " return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]; })()"
    )
    page.mouse.move(x, y)
    first, second = roads[covered].split("\n")
    names = drawing.ground.names
    assert f" in {names[one]} faces " in first
    assert first.endswith(f" in {names[other]}")
    assert page.locator(".simmap-tip").inner_text().split("\n") == [first, second]
    page.evaluate("map.whole()")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    columns = page.evaluate("Object.values(map.main.nodes.columns).map((node) => node.dataset.tip)")
    chosen = page.locator("[id$=moving] [role=option][aria-selected=true]")
    assert chosen.inner_text() == columns[0].replace("\n", ", ")
    page.keyboard.press("End")
    assert chosen.inner_text() == list(roads.values())[-1].replace("\n", ", ")
    page.keyboard.press("Escape")
    assert page.locator(".simmap-tip").is_hidden()
    assert page.evaluate("document.activeElement === document.body")
    page.context.close()


def test_the_camera_travels_to_a_town_unless_it_is_in_the_middle_or_motion_is_unwanted(
    draw: Draw, case: tuple[MapDrawing, History]
) -> None:
    page, ariha = draw(15), case[0].ground.names.index("Ariha")
    travel = f"map.travel({ariha}, 3, 60000); document.getAnimations().filter((each) => each.effect.target.matches('svg')).length"
    assert page.evaluate(travel) == 4
    x, y = page.evaluate(f"map.transform.apply(map.base.towns[{ariha}])")
    assert (x, y) == pytest.approx((OPENING[0] / 2, OPENING[1] / 2), abs=1)
    assert page.evaluate("map.view().zoom") == pytest.approx(3)
    page.evaluate("document.getAnimations().forEach((each) => each.finish())")
    assert page.evaluate(travel) == 0
    page.evaluate("map.whole()")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(travel) == 0
    assert page.evaluate("map.view().zoom") == pytest.approx(3)
    page.context.close()


def test_a_finger_near_several_towns_chooses_from_a_list(draw: Draw, case: tuple[MapDrawing, History]) -> None:
    page, drawing = draw(15, (390, 480), touch=True), case[0]
    ariha = drawing.ground.names.index("Ariha")
    x, y = page.evaluate(f"map.main.transform.apply(map.base.towns[{ariha}])")
    page.touchscreen.tap(x, y)
    choices = page.locator(".simmap-choice button").all_inner_texts()
    assert "Ariha" in choices
    assert len(choices) > 1
    page.locator(".simmap-choice button", has_text="Ariha").tap()
    assert page.evaluate("picked") == [ariha]
    assert page.locator(".simmap-choice").count() == 0
    page.context.close()


@pytest.mark.parametrize("size", [OPENING, (867, 869)])
def test_the_inset_covers_no_town_and_no_name_and_shows_the_watched_towns(
    draw: Draw, case: tuple[MapDrawing, History], size: tuple[int, int]
) -> None:
    page, drawing = draw(15, size), case[0]
    inset = page.locator(".simmap-inset").bounding_box()
    assert inset["width"] > 130
    places = page.evaluate("map.base.towns.map((town) => map.main.transform.apply(town))")
    places += [[name["x"], name["y"]] for name in names_drawn(page)]
    right, bottom = inset["x"] + inset["width"], inset["y"] + inset["height"]
    assert not [place for place in places if place[0] < right and place[1] < bottom]
    seen = page.evaluate(
        "[...map.inset.groups.towns.querySelectorAll('[data-town]')].map((town) => Number(town.dataset.town))"
    )
    assert set(drawing.ground.watch) <= set(seen)
    assert len(seen) < len(drawing.ground.names)
    page.evaluate("map.step(2)")
    page.wait_for_selector(".simmap-inset", state="hidden")
    page.context.close()
