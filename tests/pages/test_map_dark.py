"""The dark look of the map: every colour of a drawing has one, letters and signs stand out, cells stay apart in grey."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from sim.pages.history import History
from sim.pages.map_dark import CELL_GREYS, DARK_INK, DARK_LAND, GROUNDS, INKS, ROADS, dark_rules, dark_tint
from sim.pages.map_svg import MapDrawing
from sim.plots.style import PAPER, TINT_GREYS, grey_of, rgb_of
from tests.viewer.test_snapshot import followed

TEXT, SIGN = 4.5, 3.0  # least contrasts of WCAG 2.2


def luminance(colour: str) -> float:
    parts = [c / 255 for c in rgb_of(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def case() -> tuple[MapDrawing, History]:
    model, history = followed("kafr_hamra", 7)
    return MapDrawing(model.simulation.scenario, model.simulation.geography), history


def test_letters_and_signs_stand_out_from_every_cell(case: tuple[MapDrawing, History]) -> None:
    look = case[0].look
    cells = [DARK_LAND, *(dark_tint(look, code) for code in look.codes)]
    for cell in cells:
        assert contrast(DARK_INK, cell) >= TEXT
        assert contrast("#FFFFFF", cell) >= SIGN  # the edges of symbols
    for light, dark in INKS.items():
        assert light == PAPER or contrast(dark, DARK_LAND) >= TEXT
    lines = {light: dark for selector, declared in dark_rules(look) if selector.startswith("path") for light, dark in
             [(selector.split('"')[1], declared.split(":")[1])]}  # fmt: skip
    for code in look.codes:
        assert contrast(lines[look.colour(code)], dark_tint(look, code)) >= SIGN


def test_cells_stay_apart_in_grey(case: tuple[MapDrawing, History]) -> None:
    look = case[0].look
    greys = sorted(grey_of(dark_tint(look, code)) for code in look.codes)
    assert min(b - a for a, b in pairwise(greys)) >= 6
    assert len(CELL_GREYS) == len(TINT_GREYS)


def test_every_colour_of_the_ground_has_a_dark_one(case: tuple[MapDrawing, History]) -> None:
    drawing, history = case
    ruled = {colour.upper() for selector, _ in dark_rules(drawing.look) for colour in re.findall(r'"(#\w+)"', selector)}
    factions = {drawing.look.colour(code).upper() for code in drawing.look.codes}
    layers = drawing.layers(history.snapshots[15])
    ground = [
        drawing.still_layers["roads"],
        drawing.still_layers["grid"],
        *layers["control"].values(),
        *layers["influence"].values(),
    ]
    lines = [*layers["front"].values(), *layers["line of contact"].values(), drawing.still_layers["demilitarised zone"]]
    used = {colour.upper() for text in [*ground, *lines] for colour in re.findall(r'(?:fill|stroke)="(#\w+)"', text)}
    assert used - factions <= ruled
    assert not {*ROADS, *GROUNDS.values()} & used
