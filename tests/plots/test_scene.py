"""One scene for all painters: a sign added once is on the map and in the legend of each; forces on the move are drawn by each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from sim.engine.kinds import INTERVENE, PROTECT
from sim.load import read
from sim.pages.history import Snapshot
from sim.pages.map_svg import MapDrawing
from sim.plots.map import scene
from sim.plots.map.animation import Animation
from sim.plots.map.force_signs import shortened
from sim.plots.map.front_signs import campaigns
from sim.plots.map.geometry import ground_of
from sim.plots.map.matplotlib_painter import frame_axes, paint
from sim.plots.map.pillow_painter import PillowPainter, dashed
from sim.plots.map.primitives import Area, Areas, Glyph, Label, Marker, Part, Stroke, moved
from sim.plots.map.scene import OVER, STILL, Sign, all_parts, legend_sections, line_row, parts_of
from sim.plots.map.sheets import Atlas, control_map
from sim.plots.map.state import Campaign, FrontRoad, Move, View, start_state
from sim.plots.style import AGREED, EVIDENCE_INK, INK, grey_of, new_figure, rgb_of, svg_bytes, typography

LINE, STAR = "#FF00FE", "#00FE00"  # of no faction
SIZE = 400  # pixels


def view_of(atlas: Atlas, day: int = 12, **changes: object) -> View:
    return replace(View(atlas.run.scenario, atlas.ground, atlas.states[day], 4.0), **changes)  # type: ignore[arg-type]


def with_matplotlib(view: View, parts: list[Part]) -> np.ndarray:
    figure = new_figure(4, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    frame_axes(axes, view.ground.extent)
    with typography():
        paint(axes, parts)
        figure.set_dpi(SIZE / 4)
        figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]


def with_pillow(view: View, parts: list[Part]) -> np.ndarray:
    west, east, south, north = view.ground.extent
    painter = PillowPainter((0.0, 0.0), (west, north), SIZE / max(east - west, north - south), SIZE / 4 / 72)
    picture = Image.new("RGB", (SIZE, SIZE), (255, 255, 255))
    painter.paint(picture, parts, 0, 0)
    return np.asarray(picture)


def has(picture: np.ndarray, colour: str) -> bool:
    """Return whether a pixel has about a colour."""
    return bool((np.abs(picture.astype(int) - rgb_of(colour)).max(axis=-1) < 12).any())


def added(layer: str) -> Sign:
    """Return a sign that is on no map: a diagonal line and a star in its middle."""

    def draw(view: View) -> list[Part]:
        west, east, south, north = view.ground.extent
        line = Stroke("diagonal", (np.array([(west, south), (east, north)]),), LINE, 3.0)
        star = Marker(((west + east) / 2, (south + north) / 2), (Glyph("burst", 12.0, STAR, LINE, level=7.0),))
        return [line, star]

    return Sign("diagonal", draw, layer, lambda view: [line_row("a diagonal", LINE, 3.0)])


@pytest.mark.parametrize("layer", [OVER, STILL])
def test_a_sign_added_once_is_in_every_picture_and_legend(
    atlas: Atlas, layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pictures() -> dict[str, str]:
        day, scenario, geography = 12, atlas.run.scenario, atlas.run.geography
        drawing = MapDrawing(scenario, geography)
        fighters = np.zeros((len(geography.places), len(scenario.factions)), int)
        snapshot = Snapshot(day, scenario.start, atlas.states[day], (), fighters, (), {}, {}, 0, 0, {}, "", ())
        animation = Animation(atlas)
        frame = np.asarray(animation.compose(day, (0, 0, *animation.sheet.size)))
        return {
            "paper": svg_bytes(control_map(atlas.run, day, atlas=atlas)).decode(),
            "page": drawing.base + drawing.frame(snapshot),
            "page legend": drawing.legend(snapshot),
            "still": drawing.still(snapshot, "SIMULATED"),
            "animation": " ".join(colour for colour in (LINE, STAR) if has(frame, colour)),
        }

    before = pictures()
    assert not any(LINE in text.upper() or "a diagonal" in text for text in before.values())
    monkeypatch.setattr(scene, "SIGNS", (*scene.SIGNS, added(layer)))
    after = pictures()
    assert all(LINE in text.upper() for text in after.values())
    assert all(STAR in after[name].upper() for name in ("paper", "page", "still", "animation"))
    assert all("a diagonal" in after[name] for name in ("paper", "page legend", "still"))


@pytest.mark.parametrize("painter", [with_matplotlib, with_pillow])
def test_forces_on_the_move_are_drawn_in_their_colour(
    atlas: Atlas, painter: Callable[[View, list[Part]], np.ndarray]
) -> None:
    west, _east, south, _north = atlas.ground.extent
    way = ((west + 5.0, south + 5.0), (west + 30.0, south + 5.0))  # where no town is
    move = Move(1, "HTS", "HTS", 900, *way, "", -1, "attack")
    colour = atlas.ground.look.colour("HTS")
    empty, marching = (view_of(atlas, moves=moves) for moves in ((), (move,)))
    region = np.s_[-60:, :150]  # the lower left corner
    assert not has(painter(empty, all_parts(empty))[region], colour)
    assert has(painter(marching, all_parts(marching))[region], colour)
    titles = [part.title for part in parts_of(marching, OVER) if isinstance(part, Marker) and part.kind == "mv"]
    assert titles == ["HTS: 900 fighters set out, to attack"]


def test_pictures_of_a_run_show_the_forces_and_fronts_of_its_mornings(atlas: Atlas) -> None:
    day, run = 12, atlas.run
    fighters = np.zeros((len(run.geography.places), len(run.scenario.factions)), int)
    front = tuple(FrontRoad(a, a + 1, True, False) for a in range(20))
    snapshot = Snapshot(
        day, run.scenario.start, atlas.states[day], (), fighters, (), {}, {}, 0, 0, {}, "", (), front=front
    )
    known = replace(atlas, mornings=[snapshot] * (atlas.states.days + 1))
    pictures = {}
    for name, each in (("with", known), ("without", atlas)):
        animation = Animation(each)
        frame = np.asarray(animation.compose(day, animation.box))  # without the legend
        pictures[name] = (has(frame, AGREED), AGREED in svg_bytes(control_map(run, day, atlas=each)).decode().upper())
    assert pictures == {"with": (True, True), "without": (False, False)}


def test_guards_have_helmets_and_no_halos_and_those_who_may_intervene_a_red_edge() -> None:
    loaded, geography = read("bria_2017")
    ground, places = ground_of(loaded.scenario, geography), [place.name for place in geography.places]
    force, group = ground.look.codes.index("UN"), ground.look.codes.index("FPRC")
    fighters, mandates = np.zeros((len(places), len(ground.look.codes)), int), np.full(len(places), -1)
    for town, mandate in (("Bria", PROTECT), ("Bambari", INTERVENE)):
        fighters[places.index(town), force], mandates[places.index(town)] = 450, mandate
    fighters[places.index("Ippy"), group] = 100
    view = View(
        loaded.scenario, ground, start_state(loaded.scenario, geography), 4.0, fighters=fighters, mandates=mandates
    )
    helmets = {part.title: part.glyphs[0].edge for part in scene.guards(view) if isinstance(part, Marker)}
    assert helmets == {
        "MINUSCA: 450 fighters guard Bria and protect civilians": INK,
        "MINUSCA: 450 fighters guard Bambari and may intervene": EVIDENCE_INK,
    }
    assert [part.key for part in scene.forces(view) if isinstance(part, Marker)] == [f"s{places.index('Ippy')}"]
    rows = [row.text for section in legend_sections(view) for row in section.rows]
    assert {"guarded by MINUSCA", "guards with a red line"} <= set(rows)


@pytest.mark.parametrize("painter", [with_matplotlib, with_pillow])
def test_painters_draw_every_kind_of_part(atlas: Atlas, painter: Callable[[View, list[Part]], np.ndarray]) -> None:
    view = view_of(atlas)
    west, east, south, north = view.ground.extent
    middle = ((west + east) / 2, (south + north) / 2)
    square = np.array([(-20.0, -20.0), (20.0, -20.0), (20.0, 20.0), (-20.0, 20.0)]) + middle
    parts: list[Part] = [
        Areas((Area(square, "#AA0000", bands="#00AA00"),), "#0000AA", 2.0),
        Stroke("row", (square,), "#AA00AA", 3.0, (6.0, 3.0), cased=True),
        Marker(middle, (Glyph("square", 12.0, "", "#00AAAA", 3.0, turn=45.0, shift=(3.0, 3.0)),)),
        Label((west + 15.0, north - 10.0), "N", 20.0, bold=True),
    ]
    picture = painter(view, parts)
    for colour in ("#AA0000", "#00AA00", "#AA00AA", "#00AAAA", "#1F2328"):
        assert has(picture, colour), colour


def test_parts_that_recur_are_the_same_objects_and_others_are_not(atlas: Atlas) -> None:
    first, second = (parts_of(view_of(atlas, day), OVER) for day in (5, 6))
    same = set(map(id, first)) & set(map(id, second))
    assert len(same) > 150
    names = [place.name for place in atlas.run.geography.places]
    changed = [part for part in second if isinstance(part, Marker) and part.town == names.index("Kafr Hamra")]
    assert not set(map(id, changed)) & same, "its holder changed on day 5"
    plain = view_of(atlas, 6)
    assert set(map(id, parts_of(plain, OVER))) == set(map(id, second))


def test_dashes_have_their_length_and_cover_their_share() -> None:
    line = np.array([(0.0, 0.0), (30.0, 0.0), (30.0, 40.0)])
    pieces = dashed(line, 6.0, 4.0)
    lengths = [float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces]
    assert lengths == pytest.approx([6.0] * 7)
    assert pieces[0][0].tolist() == [0.0, 0.0]


def test_moved_parts_keep_all_but_their_place(atlas: Atlas) -> None:
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    marker = Marker((1.0, 1.0), (Glyph("circle", 3.0, LINE),), (Stroke("row", (corners,), LINE, 1.0),))
    there = moved(marker, (2.0, 3.0))
    assert isinstance(there, Marker)
    assert (there.at, there.glyphs) == ((3.0, 4.0), marker.glyphs)
    assert there.strokes[0].lines[0].tolist() == np.add(corners, (2.0, 3.0)).tolist()
    assert moved(Label((0.0, 0.0), "N", 8.0), (1.0, 1.0)) == Label((1.0, 1.0), "N", 8.0)


def test_the_legend_explains_what_the_view_knows(atlas: Atlas) -> None:
    def texts(view: View) -> list[str]:
        return [row.text for section in legend_sections(view) for row in section.rows]

    paper = texts(view_of(atlas))
    page = texts(
        view_of(
            atlas,
            moves=(),
            fighters=np.zeros((len(atlas.ground.at), 3), int),
            front=(),
            compared=True,
            ring_text="changed",
        )
    )
    assert set(paper) < set(page)
    assert set(page) - set(paper) == {
        "column and its number", "column going home", "100 fighters", "1,000 fighters", "road between rivals",
        "under an agreement", "broken the day before", "campaign", "shelled the day before",
        "held otherwise in the other", "changed",
    }  # fmt: skip


def test_a_campaign_against_the_town_in_which_its_leaders_are_strongest_has_no_arrow(atlas: Atlas) -> None:
    campaign = Campaign(1, next(iter(atlas.ground.look.codes)), "B", "A", "B", 3, (3, 5), 0)
    (arrow,) = campaigns(view_of(atlas, campaigns=(campaign,)))
    assert isinstance(arrow, Marker)
    assert arrow.key == "c1.5"
    assert shortened(np.array([(1.0, 2.0), (1.0, 2.0)]), 0.5).tolist() == [[1.0, 2.0], [1.0, 2.0]]


CONFUSED = {  # Machado, Oliveira & Fernandes 2009, IEEE Trans. Vis. Comput. Graph. 15:1291, severity 1; rows make linear r, g, b
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def as_seen(colour: str, matrix: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """Return red, green, blue, 0..255, as somebody sees a colour who confuses some."""
    share = np.array(rgb_of(colour)) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(matrix) @ linear, 0, 1)
    seen: np.ndarray = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return seen


def test_cells_of_two_factions_stay_apart_in_grey_and_for_the_colour_blind(atlas: Atlas) -> None:
    look = atlas.ground.look
    assert len(look.codes) > 2
    for one, other in combinations(look.codes, 2):
        tints = look.tint(one), look.tint(other)
        assert abs(grey_of(tints[0]) - grey_of(tints[1])) > 6, (one, other)
        for kind, matrix in CONFUSED.items():
            assert np.abs(as_seen(tints[0], matrix) - as_seen(tints[1], matrix)).max() > 6, (one, other, kind)
    assert len(set(look.shapes.values())) == len(look.codes)
