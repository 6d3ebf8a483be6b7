"""The map as SVG, on the map of the case and a small one: names, frames, escaping, what is shared and what is sent."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from sim.engine.simulation import Simulation
from sim.geography.maps import Geography, load_map
from sim.pages.history import History, Snapshot, follow, start_history
from sim.pages.map_names import SCALES, name_set
from sim.pages.map_svg import ROAD_TIPS, MapDrawing
from sim.pages.svg import escape, fitted, number, text_width
from sim.plots.labels import Box
from sim.plots.map.force_signs import POINTS_PER_FIGHTER, forces, marching_text
from sim.plots.map.primitives import Marker
from sim.plots.map.scene import SIGNS
from sim.plots.map.state import MapState, Move, start_state
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SVG = "{http://www.w3.org/2000/svg}"


def read(name: str) -> tuple[Scenario, Geography]:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml")
    return scenario, load_map(scenario.map)


def snapshot(
    scenario: Scenario,
    geography: Geography,
    moves: tuple[Move, ...] = (),
    known: dict[str, Any] = {},  # noqa: B006 - read only
    **changes: Any,
) -> Snapshot:
    start = start_state(scenario, geography)
    state = {name: getattr(start, name) for name in MapState.__dataclass_fields__} | changes
    fighters = np.zeros((len(geography.places), len(scenario.factions)), int)
    fighters[0, 0] = 1234
    standing = np.zeros(
        (len(geography.places), sum(len(faction.groups) for faction in scenario.factions.values())), int
    )
    standing[0, 0] = 1234
    return Snapshot(
        0, scenario.start, MapState(**state), moves, fighters, (), {}, {}, 0, 0, {}, "", (), standing=standing, **known
    )


def frame_text(drawing: MapDrawing, morning: Snapshot, **options: Any) -> str:
    """Return the elements of a morning as one SVG text."""
    layers = drawing.layers(morning, **options)
    texts = (text for layer in layers.values() for text in layer.values())
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(texts)}</svg>'


@pytest.fixture(scope="module")
def case() -> tuple[Scenario, Geography, MapDrawing]:
    scenario, geography = read("kafr_hamra")
    return scenario, geography, MapDrawing(scenario, geography)


@pytest.fixture(scope="module")
def valleys() -> tuple[Scenario, Geography, MapDrawing]:
    scenario, geography = read("two_valleys")
    return scenario, geography, MapDrawing(scenario, geography)


def boxes(drawing: MapDrawing, placed_for: float, scale: float) -> list[Box]:
    """Return the screen boxes, y downwards, of the names placed for one scale when shown at another."""
    found = []
    for label in drawing.labels[placed_for]:
        x, y = label.anchor[0] * scale + label.left, label.anchor[1] * scale + label.top
        found.append(Box(x, y, x + label.width, y + 0.98 * label.size))
    return found


@pytest.mark.parametrize("name", ["case", "valleys"])
def test_names_never_overlap_at_any_scale_at_which_they_are_shown(name: str, request: pytest.FixtureRequest) -> None:
    drawing = request.getfixturevalue(name)[2]
    for placed_for, following in zip(SCALES, (*SCALES[1:], 15.0), strict=True):
        for scale in np.linspace(placed_for, following, 4):
            shown = np.array(boxes(drawing, placed_for, float(scale)))
            left, top, right, bottom = shown.T
            hit = (left[:, None] < right) & (right[:, None] > left) & (top[:, None] < bottom) & (bottom[:, None] > top)
            assert np.argwhere(np.triu(hit, 1)).tolist() == []


OPENING = 556 / 900  # px a px of the base: the map of a page of 1366x768 px


def test_no_name_covers_the_symbol_of_another_town_at_opening_zoom(
    case: tuple[Scenario, Geography, MapDrawing],
) -> None:
    drawing = case[2]
    placed_for = max(scale for scale in SCALES if scale <= OPENING)
    labels = drawing.labels[placed_for]
    at, radii = drawing.at * OPENING, drawing.radii * np.sqrt(OPENING)
    assert len(labels) > 50
    for label, box in zip(labels, boxes(drawing, placed_for, OPENING), strict=True):
        gap = np.maximum([box.left, box.bottom] - at, at - [box.right, box.top]).clip(0)
        covered = np.flatnonzero(np.hypot(*gap.T) < radii)
        assert set(covered.tolist()) <= {label.town}, label.text


def test_a_name_away_from_its_town_has_a_line_to_it(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    drawing = case[2]
    placed_for = max(scale for scale in SCALES if scale <= OPENING)
    for label in drawing.labels[placed_for]:
        if label.town >= 0:
            away = np.hypot(*(np.array(label.anchor) - drawing.at[label.town])) * placed_for
            assert label.leads or away < drawing.radii[label.town] * np.sqrt(placed_for) + 14, label.text
    leads = [label for label in drawing.labels[placed_for] if label.leads]
    assert name_set(drawing, placed_for, drawing.labels[placed_for]).count('class="lead"') == 2 * len(leads) > 0


def test_names_stay_inside_the_map_and_more_are_shown_the_closer_one_looks(
    case: tuple[Scenario, Geography, MapDrawing],
) -> None:
    drawing = case[2]
    for scale in SCALES:
        shown = np.array(boxes(drawing, scale, scale))
        assert shown[:, :2].min() >= 0
        assert (shown[:, 2:] <= np.array(drawing.size) * scale).all()
    counts = [len(drawing.labels[scale]) for scale in SCALES]
    assert counts == sorted(counts)
    assert counts[-1] == len(case[1].places) + 1  # every town, and the zone


def test_watched_towns_and_the_zone_are_named_at_every_scale(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    drawing = case[2]
    for scale in SCALES:
        named = {label.town for label in drawing.labels[scale]}
        assert {*drawing.ground.watch, -1} <= named
    assert "Sochi demilitarised zone" in drawing.base


def test_a_map_without_a_zone_has_no_zone_and_no_line_of_contact(
    valleys: tuple[Scenario, Geography, MapDrawing],
) -> None:
    scenario, geography, drawing = valleys
    state = snapshot(scenario, geography)
    assert 'class="q' not in frame_text(drawing, state)
    assert not drawing.still_layers["demilitarised zone"]
    assert all(label.town >= 0 for label in drawing.labels[1.0])
    assert "line of contact" not in drawing.legend(state)


def test_base_and_frame_are_well_formed_and_every_reference_is_in_the_base(
    case: tuple[Scenario, Geography, MapDrawing],
) -> None:
    scenario, geography, drawing = case
    state = snapshot(scenario, geography, clashes={3: 5}, bases=((4, "HTS"), (4, "SNA")))
    base, frame = json.loads(drawing.base), ElementTree.fromstring(frame_text(drawing, state))
    still = "".join(layer["still"] or "" for layer in base["layers"]) + "".join(names["svg"] for names in base["names"])
    shapes = ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{base["defs"]}{still}</svg>')
    known = {element.get("id") for element in shapes.iter() if element.get("id")}
    used = set(re.findall(r'href="#([^"]+)"', frame_text(drawing, state)))
    used |= set(re.findall(r"url\(#([^)]+)\)", frame_text(drawing, state)))
    assert used <= known
    assert [layer["name"] for layer in base["layers"]] == [sign.name for sign in SIGNS]
    changing = [layer["name"] for layer in base["layers"] if layer["still"] is None]
    assert list(drawing.layers(state)) == [*changing, ROAD_TIPS]
    towns = [int(element.get("data-town", "-1")) for element in frame.iter() if element.get("data-town")]
    assert sorted(towns) == list(range(len(geography.places)))


def test_a_frame_carries_neither_outlines_of_cells_nor_names(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, drawing = case
    frame = frame_text(drawing, snapshot(scenario, geography))
    assert len(frame) < 0.4 * len(drawing.base)
    assert "<text" not in frame
    assert all(still not in frame for still in drawing.still_layers.values() if still)


def test_cells_and_symbols_take_the_holders_colour_and_contested_ones_both(
    valleys: tuple[Scenario, Geography, MapDrawing],
) -> None:
    scenario, geography, drawing = valleys
    sides = (("Lanterns",), ("League", "Rangers"), (), *[("League",)] * (len(geography.places) - 3))
    frame = ElementTree.fromstring(frame_text(drawing, snapshot(scenario, geography, sides=sides)))
    colour = drawing.look.colours
    symbols = [[use.get("fill") for use in town(frame, i).iter(f"{SVG}use")] for i in range(3)]
    assert symbols == [[colour["Lanterns"]], [colour["League"], colour["Rangers"]], ["#FFFFFF"]]
    bands = [use for use in frame.iter(f"{SVG}use") if (use.get("fill") or "").startswith("url(")]
    assert [use.get("href") for use in bands] == [f"#{drawing.key}c1"]


def town(frame: ElementTree.Element, index: int) -> ElementTree.Element:
    return next(element for element in frame.iter() if element.get("data-town") == str(index))


def test_tooltips_tell_holder_bases_fighters_and_fighting(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, drawing = case
    changed = np.zeros(len(geography.places), bool)
    changed[0] = True
    state = snapshot(scenario, geography, clashes={0: 9}, bases=((0, "SNA"),), changed=changed)
    told = town(ElementTree.fromstring(frame_text(drawing, state)), 0).get("data-tip") or ""
    first, *lines = told.split("\n")
    assert first.startswith("Kafr Hamra (about ")
    assert lines == [
        "NLF, changed since the start",
        "base of SNA",
        "fighters: HTS 1,234",
        "fighting, last 7 days: 9 killed",
    ]


def test_rings_mark_changed_differing_and_selected_towns(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, drawing = case
    plain = frame_text(drawing, snapshot(scenario, geography))
    assert "<circle" not in plain
    differing = frame_text(drawing, snapshot(scenario, geography), differing=frozenset({2}))
    selected = frame_text(drawing, snapshot(scenario, geography), selected=3)
    assert "#B00020" in ElementTree.tostring(town(ElementTree.fromstring(differing), 2), encoding="unicode")
    assert "stroke-dasharray" in ElementTree.tostring(town(ElementTree.fromstring(selected), 3), encoding="unicode")
    assert (
        frame_text(drawing, snapshot(scenario, geography)) == plain
    )  # what was drawn before does not colour what follows


def test_forces_on_one_way_are_one_arrow_and_stop_short_of_the_town(
    case: tuple[Scenario, Geography, MapDrawing],
) -> None:
    scenario, geography, drawing = case
    here, there = (drawing.ground.at[i] for i in (0, 30))
    ways = [(tuple(here), tuple(there), 200), (tuple(here), tuple(there), 300), (tuple(there), tuple(here), 50)]
    moves = tuple(Move(k, "HTS", "HTS", n, a, b, "Atarib", 30, "attack") for k, (a, b, n) in enumerate(ways))
    frame = ElementTree.fromstring(frame_text(drawing, snapshot(scenario, geography, moves)))
    arrows = [element for element in frame.iter() if element.get("class") == "mv"]
    assert [(arrow.get("data-tip") or "").split(" fighters")[0] for arrow in arrows] == ["HTS: 500", "HTS: 50"]
    heads = [re.findall(r"[\d.]+", arrow.findall(f"{SVG}g")[-1].get("transform") or "") for arrow in arrows]
    gap = np.hypot(*(np.array(heads[0], float) - drawing.at[30]))
    assert drawing.radii[30] < gap < drawing.radii[30] + 15
    widths = [float(arrow.findall(f"{SVG}path")[-1].get("stroke-width") or 0) for arrow in arrows]
    assert widths[0] > widths[1]


def test_fighting_of_the_day_before_is_drawn_larger(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, drawing = case
    state = snapshot(scenario, geography, clashes={2: 1, 5: 1, 7: 1}, fresh=frozenset({5}))
    stars = [use for use in ElementTree.fromstring(frame_text(drawing, state)).iter(f"{SVG}use") if use.get("class")]
    assert sorted(use.get("class") or "" for use in stars) == ["now", "past", "past"]
    size = {at: town_star(frame_text(drawing, state), at) for at in (2, 5)}
    assert size[5] - drawing.radii[5] > size[2] - drawing.radii[2]


def town_star(frame: str, index: int) -> float:
    """Return the size in px of the star at a town."""
    star = next(use for use in town(ElementTree.fromstring(frame), index).iter(f"{SVG}use") if use.get("class"))
    return float(re.findall(r"scale\(([\d.]+)\)", star.get("transform") or "")[0])


def test_names_from_files_are_escaped(valleys: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, _drawing = valleys
    bad = "<script>&\"'"
    factions = {f"{name}{bad}": faction for name, faction in scenario.factions.items()}
    hostile = scenario.model_copy(update={"factions": factions, "title": bad, "evidence_until": date(2020, 3, 1)})
    drawing = MapDrawing(hostile, geography)
    state = snapshot(hostile, geography, sides=tuple((next(iter(factions)),) for _ in geography.places), codes=())
    for text in (frame_text(drawing, state), drawing.legend(state), drawing.still(state, f"SIMULATED · {bad}")):
        ElementTree.fromstring(text)
        assert "<script" not in text


@pytest.mark.parametrize("width", [200, 460, 720, 1100])
def test_the_legend_keeps_inside_its_width(case: tuple[Scenario, Geography, MapDrawing], width: int) -> None:
    scenario, geography, drawing = case
    legend = ElementTree.fromstring(drawing.legend(snapshot(scenario, geography), width, compared=True))
    texts = list(legend.iter(f"{SVG}text"))
    assert len(texts) > 20
    for text in texts:
        if text.get("text-anchor") != "end":
            end = float(text.get("x", 0)) + text_width(text.text or "", float(text.get("font-size", 0)))
            assert end <= width + 30 * (text.get("font-weight") == "bold")
    assert float(legend.get("width", 0)) == width


def test_the_still_stands_alone_and_says_simulated(case: tuple[Scenario, Geography, MapDrawing]) -> None:
    scenario, geography, drawing = case
    text = drawing.still(snapshot(scenario, geography), "SIMULATED · a title · seed 7", frozenset({1}))
    ElementTree.fromstring(text)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))
    assert ">SIMULATED</tspan>" in text
    assert "evidence ends" in text
    assert "held otherwise in the other" in text


def test_two_scenarios_in_one_page_keep_their_own_shapes(
    case: tuple[Scenario, Geography, MapDrawing], valleys: tuple[Scenario, Geography, MapDrawing]
) -> None:
    ids = [set(re.findall(r'id="([^"]+)"', drawing.base)) for drawing in (case[2], valleys[2])]
    assert ids[0] & ids[1] == set()


def test_small_helpers() -> None:
    assert escape("<a & \"b'>\x00") == "&lt;a &amp; &quot;b&#x27;&gt;"
    assert [number(v) for v in (1, 1.25, 12.04)] == ["1", "1.2", "12"]
    assert fitted("short", 11, 200) == "short"
    cut = fitted("a very long name of a place", 11, 60)
    assert cut.endswith("…")
    assert text_width(cut, 11) <= 60


@pytest.fixture(scope="module")
def mornings() -> tuple[MapDrawing, History, Simulation]:
    """Return the recorded mornings of the case on seed 7, and what draws them."""
    scenario, geography = read("kafr_hamra")
    simulation = Simulation(scenario, geography, 7)
    history = start_history(simulation)
    while simulation.day < simulation.days:
        simulation.step()
        follow(simulation, history)
    return MapDrawing(scenario, geography), history, simulation


def visible(layers: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Return what a reader sees of the layers that are on at first: elements without the words of tips."""
    on = {sign.name for sign in SIGNS if sign.shown}
    return [
        {key: re.sub(r' data-tip="[^"]*"', "", text) for key, text in elements.items()}
        for name, elements in layers.items()
        if name in on
    ]


def test_nearly_every_morning_shows_something_new(mornings: tuple[MapDrawing, History, Simulation]) -> None:
    drawing, history, _simulation = mornings
    frames = [visible(drawing.layers(snapshot)) for snapshot in history.snapshots]
    same = [day for day, (before, now) in enumerate(pairwise(frames), 1) if before == now]
    assert len(same) <= 25, same


def test_every_stack_in_a_town_has_its_halo_and_the_area_goes_with_the_fighters(
    mornings: tuple[MapDrawing, History, Simulation],
) -> None:
    drawing, history, _simulation = mornings
    for day in (0, 60, 120):
        snapshot = history.snapshots[day]
        halos = {part.key: part for part in forces(drawing.view(snapshot)) if isinstance(part, Marker)}
        assert sum(len(halo.glyphs) for halo in halos.values()) == np.count_nonzero(snapshot.fighters)
        for town, row in enumerate(snapshot.fighters):
            symbol = (drawing.ground.radii[town] * drawing.larger) ** 2
            for glyph in halos[f"s{town}"].glyphs if row.any() else ():
                parts = np.count_nonzero(row)
                area = np.pi * (glyph.radius**2 - symbol) / parts
                drawn = [code for code in drawing.look.codes if drawing.look.colour(code) == glyph.fill]
                fighters = row[drawing.look.codes.index(drawn[0])]
                assert area == pytest.approx(POINTS_PER_FIGHTER * fighters)


def test_columns_march_on_roads_and_go_on_where_they_were(mornings: tuple[MapDrawing, History, Simulation]) -> None:
    drawing, history, simulation = mornings
    at, roads = drawing.ground.at, simulation.world.roads
    ends = np.stack([at[roads["a"]], at[roads["b"]]], axis=1)
    legs = 0
    for snapshot in history.snapshots:
        for move in snapshot.moves:
            assert move.way == () or (move.way[0], move.way[-1]) == (move.start, move.end)
            for first, last in pairwise(move.way):
                legs += 1
                assert on_a_road(np.array([first, last]), ends), (snapshot.day, move)
    assert legs > 300
    marched = [move for snapshot in history.snapshots for move in snapshot.moves if move.way]
    assert {move.home for move in marched} == {True, False}


def on_a_road(leg: np.ndarray, ends: np.ndarray) -> bool:
    """Return whether both places of a leg [2, 2] lie on one of the roads [R, 2, 2], in km."""
    along = ends[:, 1] - ends[:, 0]
    share = np.einsum("prk,rk->pr", leg[:, None] - ends[:, 0], along) / (along**2).sum(axis=1)
    nearest = ends[:, 0] + np.clip(share, 0, 1)[..., None] * along
    return bool((np.hypot(*(leg[:, None] - nearest).transpose(2, 0, 1)) < 1e-6).all(axis=0).any())


def test_the_front_follows_holders_and_agreements(mornings: tuple[MapDrawing, History, Simulation]) -> None:
    _drawing, history, _simulation = mornings
    flashes = {snapshot.day for snapshot in history.snapshots for road in snapshot.front or () if any(road[4:])}
    broken = {line.day + 1 for line in history.lines if line.kind == "agreement_broken"}
    assert flashes
    assert flashes <= broken
    for snapshot in history.snapshots:
        assert snapshot.front is not None
        covered = [road for road in snapshot.front if max(road.agreement_a, road.agreement_b) >= 0]
        assert bool(covered) <= bool(snapshot.accords), snapshot.day
        for road in snapshot.front:
            assert snapshot.map.sides[road.a]
            assert snapshot.map.sides[road.b]


def test_on_29_october_the_flag_and_its_name_show_the_town_of_the_new_base(
    mornings: tuple[MapDrawing, History, Simulation],
) -> None:
    drawing, history, _simulation = mornings
    opened = next(line for line in history.lines if line.kind == "base_opened")
    assert (opened.day, opened.town) == (14, "Kafr Hamra")
    flags = drawing.layers(history.snapshots[15])["bases"]
    assert list(flags) == ["b0"]
    assert ">Kafr Hamra</text>" in flags["b0"]
    column = next(move for move in history.snapshots[15].moves if move.orders == "open base")
    assert (
        marching_text(drawing.look, [column]) == "HTS: 60 fighters arrived in Kafr Hamra from Hraytan, to open a base"
    )
