"""A map guessed from a list of towns: roads that connect all, people, cells; every fault of the list at once."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.engine.simulation import simulate
from sim.errors import InputError
from sim.geography import Geography, load_map
from sim.geography.grid import MOST_STRETCH, frame, great_circle_km, unfit
from sim.geography.lines import lines_of_file
from sim.geography.new_map import first_scenario, gabriel, guess_map, map_files, short_codes
from sim.geography.roads import Link, neighbours, parts, straight_km
from sim.geography.town_list import Gazetteer
from sim.geography.towns import MapTown
from sim.load import read
from sim.preview import implied

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
        MapTown(str(i), lat=float(a), lon=float(b))
        for i, (a, b) in enumerate(draw.uniform((40, 10), (41, 11), (80, 2)))
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
    line = [MapTown(str(i), lat=40.0, lon=10 + i / 10) for i in range(5)]
    assert gabriel(line) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    square = [MapTown(str(i), lat=40 + i // 2 / 10, lon=10 + i % 2 / 10) for i in range(4)]
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


FAR = """\
name,lat,lon,holder
Alder Cross,14.48,-4.20,North
Birch Hollow,14.35,-3.61,South
Cold Well,15.00,-2.95,North
Dunmere,15.29,-1.70,South
"""


def test_towns_far_apart_are_within_reach_of_each_other(tmp_path: Path) -> None:
    guess = guess_map(_list(tmp_path, FAR))
    assert min(guess.roads_km) > 60
    folder = tmp_path / "far"
    folder.mkdir()
    for name, text in map_files(guess, "Far", "towns.csv").items():
        (folder / name).write_text(text, encoding="utf-8")
    geography, page = load_map(folder), tmp_path / "far.yaml"
    page.write_text(first_scenario("far", "Far", date(2020, 1, 1), guess.fighters, guess.roads_km, 4), encoding="utf-8")
    scenario = read(page, geography=geography)[0].scenario
    assert "nothing happens" not in dict(implied(scenario, geography))
    assert any(simulate(scenario, geography, seed).daily.theatre["clashes"].any() for seed in range(8))
    short = read(page, ["rules.base_attempt.reach_km=60", "rules.incident.reach_km=60"], geography)[0].scenario
    assert "rules.*.reach_km reach too few rivals" in dict(implied(short, geography))["nothing happens"]
    with pytest.raises(InputError, match=f"500 km is out of range: on the map far at most {geography.near_km:g} km"):
        read(page, ["rules.incident.reach_km=500"], geography)


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


def _three(names: tuple[str, str, str], holders: tuple[str, str, str] = ("A", "B", "A")) -> str:
    spots = ("36.1,36.5", "36.2,36.6", "36.15,36.8")
    rows = [f'"{name}",{spot},"{holder}"' for name, spot, holder in zip(names, spots, holders, strict=True)]
    return "\n".join(["name,lat,lon,holder", *rows]) + "\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("day", "is the name of a column of control_daily.csv"),
        ("date", "is the name of a column of control_daily.csv"),
        ("=1+1", "which spreadsheets take for a formula"),
        ("+1", "formula"),
        ("-x", "formula"),
        ("@a", "formula"),
        ("a\u202eb", "contains U+202E"),
        ("a\u200f", "contains U+200F"),
        ("a\tb", "contains U+0009"),
        ("a\nb", "contains U+000A"),
        ("x" * 81, "is longer than 80 characters"),
    ],
)
def test_a_name_that_tables_cannot_hold_is_refused_on_its_line(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        guess_map(_list(tmp_path, _three(("Aa", "Bb", name))))
    (fault,) = caught.value.faults
    assert (fault.line, fault.key) == (4, "name")
    assert message in fault.message


@pytest.mark.parametrize(
    "names", [("Bab", "bAB"), ("\u00e9x", "e\u0301x"), ("Al Bab", "Al  Bab"), ("STRASSE", "straße")]
)
def test_names_that_look_alike_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="stands on line 2 already"):
        guess_map(_list(tmp_path, _three((*names, "Cc"))))
    with pytest.raises(InputError, match="differ only in capital letters or blanks"):
        guess_map(_list(tmp_path, _three(("Aa", "Bb", "Cc"), (*names, "A"))))


@pytest.mark.parametrize(
    ("rows", "wide"),
    [
        ("West,48.62,22.29,A\nNorth,50.45,30.52,A\nSouth,46.48,30.73,B\nEast,48.57,39.31,B\n", 1250),
        ("West,78.2,-20,A\nEast,78.2,40,B\n", 1305),
        ("West,0,10,A\nEast,0,23,B\n", 1445),
    ],
)
def test_width_is_measured_at_the_maps_own_latitude(tmp_path: Path, rows: str, wide: int) -> None:
    guess = guess_map(_list(tmp_path, "name,lat,lon,holder\n" + rows))
    west, east = guess.places[0], guess.places[-1]
    assert straight_km(west, east) == pytest.approx(wide, rel=0.03)
    assert max(guess.km(road) for road in guess.roads) <= 1.25 * 1.03 * wide


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,0,10,X\nB,0,24,Y\n", "km apart from west to east"),
        ("A,0,10,X\nB,14,10,Y\n", "km apart from south to north"),
        ("A,-17,179.9,X\nB,-17.1,-179.9,Y\nC,-17.3,179.5,X\n", "cannot span the date line"),
        ("A,80,10,X\nB,84,12,Y\n", "a flat grid is up to 33% wrong"),
        ("A,58,7,X\nB,71,25,Y\n", "a flat grid is up to 32% wrong"),
    ],
)
def test_a_map_that_a_flat_grid_cannot_carry_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        guess_map(_list(tmp_path, "name,lat,lon,holder\n" + rows))
    (fault,) = caught.value.faults
    assert message in fault.message
    assert fault.line in (2, 3, 4)


@pytest.mark.parametrize(("lat", "lon"), [(84.99, 10.0), (-84.99, 10.0), (10.0, 179.99), (10.0, -180.0)])
def test_a_map_at_the_edge_of_the_globe_reads_back(tmp_path: Path, lat: float, lon: float) -> None:
    inwards = lon - 0.1 if lon > 0 else lon + 0.1
    guess = guess_map(_list(tmp_path, f"name,lat,lon,holder\nA,{lat},{lon},X\nB,{lat},{inwards},Y\n"))
    folder = tmp_path / "edge"
    folder.mkdir()
    for name, text in map_files(guess, "Edge", "towns.csv").items():
        (folder / name).write_text(text, encoding="utf-8")
    assert len(load_map(folder).places) == 2


@pytest.mark.parametrize(
    ("header", "renames"),
    [
        ("#name,region,latitude,longitude,location_type", "rename #name to name, latitude to lat, longitude to lon"),
        ("name,y,x,controlled_by", "rename y to lat, x to lon, controlled_by to holder"),
        ("NAME,LAT,LNG,Holder", "rename LNG to lon"),
        ("name_en,lat,long,control", "rename name_en to name, long to lon, control to holder"),
    ],
)
def test_columns_that_other_files_have_are_named(tmp_path: Path, header: str, renames: str) -> None:
    with pytest.raises(InputError) as caught:
        guess_map(_list(tmp_path, f"{header}\n{','.join('1' for _ in header.split(','))}\n"))
    assert renames in str(caught.value)
    assert "has 0 towns" not in str(caught.value)
    assert all(fault.line == 1 for fault in caught.value.faults)


def test_towns_are_not_counted_if_some_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        guess_map(_list(tmp_path, "name,lat,lon,holder\nA,1,1,X\nB,1,2\n"))
    assert [fault.line for fault in caught.value.faults] == [3]


def test_the_flat_grid_is_true_within_what_it_allows() -> None:
    for south, north in ((35.2, 36.75), (46.5, 50.5), (60.0, 66.0), (-2.0, 3.0)):
        assert unfit((south, 10.0, north, 12.0)) == ""
        on = frame((south, 10.0, north, 12.0), 5.0)
        for lat in (south, north):
            flat = float(np.diff(on.to_km(np.array([lat, lat]), np.array([10.0, 11.0]))[0])[0])
            assert flat == pytest.approx(great_circle_km(lat, 10.0, lat, 11.0), rel=MOST_STRETCH)


MESSY = """\
name;lat;lon;holder;population

Mopti;14,4843;-4,1960;Armée du Centre;114.296
Djenné;13,9061;-4,5533;Milice des Falaises;"32 944"
Djenné;13,9061;-4,5533;Milice des Falaises;"32 944"
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_list_from_a_spreadsheet_is_read_and_how_is_reported(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "towns.csv"
    path.write_bytes(MESSY.replace("\n", "\r\n").encode(encoding))
    guess = guess_map(path)
    assert [(town.name, town.lat, town.lon, town.population, town.line) for town in guess.places] == [
        ("Mopti", 14.4843, -4.196, 114296, 3),
        ("Djenné", 13.9061, -4.5533, 32944, 4),
    ]
    notes = " ".join(guess.said)
    for words in ("separated by semicolons", "6 numbers have a decimal comma", "1 row repeats another"):
        assert words in notes
    assert ("read as cp1252" in notes) == (encoding == "cp1252")


def test_arabic_of_windows_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_bytes("name,lat,lon,holder\nكفر حمرة,36.27,37.05,الجبهة\nدارة عزة,36.28,36.85,الهيئة\n".encode("cp1256"))
    guess = guess_map(path)
    assert (guess.places[0].name, guess.holders[1]) == ("كفر حمرة", ("الهيئة",))
    assert "read as cp1256" in " ".join(guess.said)


def test_points_of_geojson_are_towns_and_faults_name_their_line(tmp_path: Path) -> None:
    def point(name: str, lon: float, lat: float, **more: object) -> dict[str, object]:
        geometry = {"type": "Point", "coordinates": [lon, lat]}
        return {"type": "Feature", "geometry": geometry, "properties": {"town": name, "controlled_by": "A", **more}}

    listed = [point("Aa", 36.5, 36.1, pop=900), point("Bb", 36.6, 36.2), point("Cc", 36.8, 36.15)]
    path = tmp_path / "towns.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}, indent=1), encoding="utf-8")
    guess = guess_map(path)
    assert next((town.name, town.lon, town.population) for town in guess.places) == ("Aa", 36.5, 900)
    listed[1]["geometry"] = {"type": "LineString", "coordinates": [[36, 36], [37, 37]]}
    text = json.dumps({"type": "FeatureCollection", "features": listed}, indent=1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="geometry: is a LineString; towns are points") as caught:
        guess_map(path)
    line = caught.value.faults[0].line
    assert line is not None
    assert '"Bb"' in "".join(text.splitlines()[line - 1 : line + 22])


def test_swapped_coordinates_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="latitude and longitude seem to be swapped: a latitude lies beyond 90 degrees"
    ):
        guess_map(_list(tmp_path, "name,lat,lon,holder\nA,120.5,14.6,X\nB,121.0,14.9,Y\n"))


class SmallGazetteer(Gazetteer):
    """Two towns of Mali."""

    def __init__(self) -> None:
        place = {"countrycode": "ML", "alternatenames": []}
        self.by_name = {
            "mopti": [{**place, "latitude": 14.48, "longitude": -4.18, "population": 186187}],
            "djene": [{**place, "latitude": 13.91, "longitude": -4.55, "population": 40489}],
        }


def test_gaps_are_filled_from_geonames_and_the_rest_is_named(tmp_path: Path) -> None:
    text = "name,lat,lon,holder,population\nMopti,,,A,\nDjenné,13.9,-4.5,B,\nHamlet,14.2,-4.4,A,\n"
    guess = guess_map(_list(tmp_path, text), SmallGazetteer(), fills=True)
    assert [(town.lat, town.population) for town in guess.places[:2]] == [(14.48, 186187), (13.9, 40489)]
    notes = " ".join(guess.said)
    assert "coordinates of 1, populations of 2 of 3 towns" in notes
    assert "not in GeoNames by these names: Hamlet" in notes
    with pytest.raises(InputError, match="2 places of GeoNames lie where the swapped numbers are, 0 where they stand"):
        guess_map(_list(tmp_path, "name,lat,lon,holder\nMopti,-4.2,14.5,A\nDjenné,-4.5,13.9,B\n"), SmallGazetteer())


def test_long_names_of_holders_get_codes_and_lines_are_cut_to_the_map(tmp_path: Path) -> None:
    assert short_codes(["Front de l'Est - Armée", "Falaises du Est Armée", "HTS"]) == {
        "Front de l'Est - Armée": "FEA",
        "Falaises du Est Armée": "FEA2",
    }
    line = [[-10.0, 14.0], [-4.5, 14.0], [-4.4, 14.0], [-4.3, 14.1], [10.0, 14.1], [11.0, 14.1]]
    feature = {
        "type": "Feature",
        "properties": {"waterway": "river"},
        "geometry": {"type": "LineString", "coordinates": line},
    }
    path = tmp_path / "river.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (river,) = lines_of_file(path, (13.5, -5.0, 14.5, -4.0), 0.001)
    assert (river.kind, river.points.tolist()) == ("river", [*line[:1], *line[2:5]])
    with pytest.raises(InputError, match="has no line or outline within the map's extent"):
        lines_of_file(path, (50.0, -5.0, 51.0, -4.0), 0.001)
