"""A map guessed from a list of towns: roads that connect all, people, cells; every fault of the list at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.geography import Geography, load_map
from sim.geography.new_map import gabriel, guess_map, map_files
from sim.geography.places import Place
from sim.geography.roads import Link, neighbours, parts

TOWNS = """\
name,lat,lon,holder,population
Alder Cross,52.10,-30.10,North,
Birch Hollow,52.18,-29.95,North,
Cold Well,52.05,-29.88,North; South,8000
Dunmere,51.95,-30.05,South,
Far Landing,52.02,-29.60,,
Grey Mill,52.15,-29.70,neutral,
"""


def _list(folder: Path, text: str = TOWNS) -> Path:
    path = folder / "towns.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_roads_connect_all_towns_and_none_lies_between_neighbours() -> None:
    draw = np.random.default_rng(5)
    places = [
        Place(str(i), lat=float(a), lon=float(b)) for i, (a, b) in enumerate(draw.uniform((40, 10), (41, 11), (80, 2)))
    ]
    roads = gabriel(places)
    assert len(parts(neighbours([Link(a, b, 1.0) for a, b in roads], 80))) == 1
    points = np.array([(p.lon * np.cos(np.radians(40.5)), p.lat) for p in places])
    for a, b in roads:
        middle, radius = (points[a] + points[b]) / 2, np.hypot(*(points[a] - points[b])) / 2
        inside = np.hypot(*(points - middle).T) < radius - 1e-3
        assert not np.delete(inside, (a, b)).any()


def test_roads_are_nearly_those_of_a_real_map(idlib: Geography) -> None:
    real = {(min(a, b), max(a, b)) for a, b in zip(idlib.roads["a"].tolist(), idlib.roads["b"].tolist(), strict=True)}
    guessed = set(gabriel(idlib.places))
    assert len(guessed & real) > 0.8 * len(real)


def test_towns_on_one_line_or_in_a_square_are_connected() -> None:
    line = [Place(str(i), lat=40.0, lon=10 + i / 10) for i in range(5)]
    assert gabriel(line) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    square = [Place(str(i), lat=40 + i // 2 / 10, lon=10 + i % 2 / 10) for i in range(4)]
    assert len(parts(neighbours([Link(a, b, 1.0) for a, b in gabriel(square)], 4))) == 1


def test_a_guessed_map_reads_back(tmp_path: Path) -> None:
    guess = guess_map(_list(tmp_path))
    folder = tmp_path / "lakes"
    folder.mkdir()
    for name, text in map_files(guess, "The lakes", "towns.csv").items():
        (folder / name).write_text(text, encoding="utf-8")
    geography = load_map(folder)
    (holdings,) = geography.control.values()
    assert [holding.status for holding in holdings] == ["held", "held", "contested", "held", "neutral", "neutral"]
    assert geography.title == "The lakes"
    assert geography.places[2].population == 8000
    assert guess.factions == ("North", "South")
    assert guess.fighters == {"North": 500, "South": 300}
    assert len(geography.roads) == len(guess.roads)
    assert any("guessed for 5 of 6 towns" in sentence for sentence in guess.said)


BROKEN = {
    "all at once": (
        TOWNS.replace("52.10", "north").replace("Birch Hollow,", ",").replace("South,\n", "MIXED,\n"),
        ["towns.csv:2: lat: 'north' is not", "towns.csv:3: name: is empty", "towns.csv:5: holder: 'MIXED' is no holder"],
    ),
    "no holder column": (TOWNS.replace("holder", "owner"), ["missing column holder"]),
    "nobody": ("name,lat,lon,holder\nA,1,1,\nB,1,2,\n", ["names 0 holders"]),
    "one town": ("name,lat,lon,holder\nA,1,1,X\n", ["has 1 towns, needs 2"]),
    "twice": (TOWNS + "dunmere,51,-30,South,\n", ["'dunmere' stands on line 5 already"]),
    "same place": (TOWNS + "Twin,51.95,-30.05,South,\n", ["Twin and Dunmere lie at the same place"]),
    "far apart": (TOWNS + "Far,2,-30,South,\n", ["km apart", "is a coordinate wrong?"]),
    "two spellings": (TOWNS + "New,52,-30,south,\n", ["'South' and 'south' differ only in capital letters"]),
    "quotation mark": (TOWNS + 'New,52,-30,"So""uth",\n', ["no quotation marks"]),
    "empty": ("", ["is empty"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_list_names_its_faults(case: str, tmp_path: Path) -> None:
    text, said = BROKEN[case]
    with pytest.raises(InputError) as caught:
        guess_map(_list(tmp_path, text))
    for words in said:
        assert words in str(caught.value), str(caught.value)
