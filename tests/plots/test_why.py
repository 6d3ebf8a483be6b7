"""The picture of a cause tree: its steps, its map, and that names and numbers keep apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sim.plots.cause_diagram import MOST, STEPS_WHEN_FOLDED, _fold, _ranges, why_picture
from sim.plots.labels import Box, overlaps
from sim.plots.schedule import day_matrix
from sim.results.run import Run
from sim.rule_catalogue import catalogue
from sim.scenario.parameters import Rules
from sim.statistics.causes import Why, why_event
from tests.results import small_result


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(small_result.result())


def long_chain(run: Run, steps: int, spread: int) -> Why:
    """Return a made-up chain of so many steps through so many places."""
    why = why_event(run, "E000011")
    places = run.geography.places
    made_up = [replace(why.steps[-1], number=i + 1, town=places[i * 7 % spread].name) for i in range(steps)]
    return Why("Why: " + "a long title, " * 20, "a note", tuple(made_up))


def words(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def test_steps_numbers_and_stamp_are_drawn(run: Run) -> None:
    figure = why_picture(run, why_event(run, "E000011"))
    said = words(figure)
    assert {"1", "2", "3", "4", "5", "6"} <= set(said)
    assert any(text.startswith("1\u20136") for text in said)
    assert "SIMULATED" in said


def test_the_middle_of_a_long_chain_is_folded_and_both_ends_stay(run: Run) -> None:
    steps = long_chain(run, 40, 20).steps
    shown = _fold(steps)
    folded = [part for part in shown if isinstance(part, int)]
    assert len(shown) == STEPS_WHEN_FOLDED
    assert folded == [40 - STEPS_WHEN_FOLDED + 1]
    assert (shown[0], shown[-1]) == (steps[0], steps[-1])
    assert _fold(steps[:MOST]) == list(steps[:MOST])


@pytest.mark.parametrize(("steps", "spread"), [(1, 1), (6, 60), (30, 15)])
def test_boxes_on_the_map_do_not_overlap_and_words_stay_on_their_cards(run: Run, steps: int, spread: int) -> None:
    figure = why_picture(run, long_chain(run, steps, spread))
    figure.canvas.draw()
    boxes = np.array(
        [
            text.get_bbox_patch().get_window_extent().extents
            for axes in figure.axes
            for text in axes.texts
            if text.get_bbox_patch() is not None
        ]
    )
    assert len(boxes) >= min(steps, 6)
    for i, box in enumerate(boxes):
        assert not overlaps(Box(*box), np.delete(boxes, i, axis=0)).any()
    inside = figure.bbox
    for text in (text for axes in figure.axes for text in axes.texts if text.get_text()):
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= inside.x1


def test_consecutive_numbers_are_shown_as_a_range() -> None:
    assert _ranges([1]) == "1"
    assert _ranges([1, 2, 3, 6, 8, 9]) == "1\u20133, 6, 8\u20139"


def test_the_day_is_drawn_with_rules_switched_off_in_it() -> None:
    figure = day_matrix(catalogue(), Rules.model_validate({"talks": {"enabled": False}}), "a test")
    said = words(figure)
    assert {step.id for step in catalogue()} <= set(said)
    assert any(text.endswith("[off]") for text in said)
