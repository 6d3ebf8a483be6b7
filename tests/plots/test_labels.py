"""Names on maps: none overlaps another, none leaves the frame, the most important come first."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from sim.plots.labels import Box, overlaps, place_labels
from sim.plots.map.matplotlib_painter import draw_names, frame_axes
from sim.plots.map.sheets import draw_inset, draw_map, inset_extent, key_days, must_be_named, name_order
from sim.plots.run_figures import small_multiples, spread_days
from sim.plots.style import new_figure

FRAME = Box(0, 0, 600, 400)


def crowd(seed: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.uniform((0, 0), (600, 400), (number, 2)),
        np.column_stack([rng.uniform(20, 90, number), np.full(number, 11.0)]),
        np.full(number, 4.0),
    )


def assert_apart(boxes: list[Box]) -> None:
    for i, box in enumerate(boxes):
        others = np.array(boxes[:i], float).reshape(-1, 4)
        assert not overlaps(box, others).any()


@pytest.mark.parametrize("number", [1, 30, 300])
@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_apart_and_inside(seed: int, number: int) -> None:
    points, sizes, radii = crowd(seed, number)
    clear = [Box(0, 0, 120, 80)]
    placed = place_labels(points, sizes, radii, np.arange(number), FRAME, clear, frozenset({0, 1}))
    boxes = list(placed.values())
    assert_apart([*boxes, *clear])
    assert all(b.left >= 0 and b.bottom >= 0 and b.right <= 600 and b.top <= 400 for b in boxes)
    symbols = np.column_stack([points - radii[:, None], points + radii[:, None]])
    assert not any(overlaps(box, symbols).any() for i, box in placed.items() if i not in (0, 1))


def test_the_first_in_order_gets_the_room() -> None:
    points = np.array([[100.0, 100.0], [100.0, 100.0]])
    sizes = np.array([[560.0, 300.0], [560.0, 300.0]])
    small = np.array([[80.0, 11.0]] * 2)
    placed = place_labels(points, small, np.full(2, 3.0), np.array([1, 0]), FRAME, [])
    assert next(iter(placed)) == 1
    assert place_labels(points, sizes, np.full(2, 3.0), np.array([1, 0]), FRAME, []) == {}


@pytest.mark.parametrize("day", [0, 10, 24])
def test_names_of_real_maps_keep_apart_and_inside(atlas, day: int) -> None:  # type: ignore[no-untyped-def]
    view, zoomed = atlas.view(day), inset_extent(atlas.ground)
    figure = new_figure(9, 9)
    main, inset = figure.add_axes((0, 0, 0.6, 1)), figure.add_axes((0.62, 0.5, 0.36, 0.45))
    for axes, boxes in (
        (main, draw_map(main, view, zoomed)[1]),
        (inset, draw_inset(inset, view, zoomed)),
    ):
        assert len(boxes) > 20
        assert_apart(boxes)
        frame = axes.get_window_extent()
        for box in boxes:
            assert frame.x0 <= box.left
            assert box.right <= frame.x1
            assert frame.y0 <= box.bottom
            assert box.top <= frame.y1


@pytest.mark.parametrize("width", [85, 125, 180])
def test_small_multiples_fit_a_page_and_no_words_cover_others(atlas, width: float) -> None:  # type: ignore[no-untyped-def]
    drawn = small_multiples(atlas, width)
    figure = drawn.figure
    assert figure.get_figheight() * 25.4 <= 200
    figure.canvas.draw()
    words = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert sum(text.get_text().endswith("day 24") for text in words) == 1
    assert_apart([Box(*text.get_window_extent().extents) for text in words])
    assert [name for name in drawn.table.columns if name != "town"] == [
        f"day {day}" for day in spread_days(key_days(atlas.run, 8), atlas.states.days)
    ]


@pytest.mark.parametrize(("chosen", "last", "days"), [([0, 9], 9, 8), ([3], 4, 5), ([], 0, 1)])
def test_days_of_small_multiples_are_spread_over_the_run(chosen: list[int], last: int, days: int) -> None:
    spread = spread_days(chosen, last)
    assert spread == sorted(set(spread))
    assert (len(spread), spread[0], spread[-1]) == (days, 0, last)
    assert set(chosen) <= set(spread)


def test_watched_towns_are_named(atlas) -> None:  # type: ignore[no-untyped-def]
    axes = new_figure(6, 6).add_axes((0, 0, 1, 1))
    frame_axes(axes, atlas.ground.extent)
    view = atlas.view(0)
    draw_names(axes, atlas.ground, name_order(view), np.zeros(len(view.state.codes)), [], must=must_be_named(view))
    assert {"Kafr Hamra", "Darat Izza"} <= {text.get_text() for text in axes.texts}
