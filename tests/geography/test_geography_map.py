"""The map of Greater Idlib on its grid: cells, roads, routes, names, line and zone."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest

from sim.geography import Geography, find_place, line_of_contact, load_map, nearest_town_cells, zone_edge, zone_towns
from sim.geography.grid import frame, settle
from sim.geography.towns import Index, MapTown, fold
from sim.geography.zone import cell_reach, frame_of, town_cells, zone_areas, zone_cells
from sim.load import check_scenario
from sim.scenario.parameters import Rules

START = date(2018, 10, 1)
FEBRUARY, NOVEMBER = date(2018, 2, 20), date(2018, 11, 1)
COALITION = (
    "Ahrar al-Sham",
    "Nour al-Din al-Zenki",
    "Suqour al-Sham",
    "Faylaq al-Sham",
    "Jaysh al-Nasr",
    "Local NLF groups",
)
FACTIONS = {
    "HTS": ("HTS", "TIP"),
    "NLF": COALITION,
    "OTHER": ("Jaysh al-Izza",),
    "SNA": ("SNA",),
    "GOV": ("Government",),
}


def codes(geography: Geography, day: date = START) -> np.ndarray:
    return np.array([held.code for held in geography.control[day]])


def sides(geography: Geography) -> tuple[np.ndarray, np.ndarray]:
    code = codes(geography)
    return code == "GOV", ~np.isin(code, ["GOV", "SNA"])


def test_whole(idlib: Geography) -> None:
    assert (len(idlib.places), len(idlib.roads), len(idlib.posts)) == (169, 384, 12)
    assert list(idlib.control) == [FEBRUARY, START, NOVEMBER]
    assert Counter(codes(idlib).tolist()) == {
        "NLF": 67,
        "HTS": 52,
        "GOV": 23,
        "MIXED": 19,
        "SNA": 4,
        "OTHER": 3,
        "NEUTRAL": 1,
    }
    changed = [
        place.name
        for place, one, two in zip(idlib.places, idlib.control[START], idlib.control[NOVEMBER], strict=True)
        if one.groups != two.groups
    ]
    assert changed == ["Kafr Hamra"]
    assert sum(held.weak for held in idlib.control[START]) == 41
    assert all(held.weak for held in idlib.control[FEBRUARY])  # back-coded
    assert sum(place.coordinates_weak for place in idlib.places) == 5


def test_every_town_has_its_own_cell(idlib: Geography) -> None:
    assert len(set(zip(idlib.x.tolist(), idlib.y.tolist(), strict=True))) == 169
    assert idlib.x.min() >= 0
    assert idlib.x.max() < idlib.width
    assert idlib.y.min() >= 0
    assert idlib.y.max() < idlib.height
    off = np.hypot((idlib.x + 0.5) * idlib.cell_km - idlib.east_km, (idlib.y + 0.5) * idlib.cell_km - idlib.north_km)
    assert off.max() < 2 * idlib.cell_km
    assert [sentence.split(" shares")[0].split(" (")[0] for sentence in idlib.moved] == [
        "Hayyan",
        "Hazrah",
        "Jamiat al-Rahal",
        "Mizanaz",
    ]


def test_cells_do_not_depend_on_the_order_of_rows() -> None:
    places = [
        MapTown(f"T{i}", lat=36 + 0.001 * (i % 5), lon=36.5 + 0.001 * i, population=float(i % 7)) for i in range(20)
    ]
    on = frame((35.9, 36.4, 36.2, 36.7), 2.5)
    x, y, moved, lost = settle(places, on)
    assert moved
    assert not lost
    back = settle(places[::-1], on)
    assert (back[0][::-1] == x).all()
    assert (back[1][::-1] == y).all()


def test_roads_are_unbroken_cells_from_town_to_town(idlib: Geography) -> None:
    for road in idlib.roads:
        cells = idlib.road_cells[road["first_cell"] : road["first_cell"] + road["cells"]]
        assert (cells["x"][0], cells["y"][0]) == (idlib.x[road["a"]], idlib.y[road["a"]])
        assert (cells["x"][-1], cells["y"][-1]) == (idlib.x[road["b"]], idlib.y[road["b"]])
        steps = np.maximum(abs(np.diff(cells["x"])), abs(np.diff(cells["y"])))
        assert (steps == 1).all()


def test_routes_are_shortest_and_the_same_both_ways(idlib: Geography) -> None:
    network = nx.Graph()
    network.add_weighted_edges_from((int(road["a"]), int(road["b"]), float(road["km"])) for road in idlib.roads)
    km: dict[tuple[int, int], float] = {}
    for town in range(169):
        rows = idlib.near[idlib.near_start[town] : idlib.near_start[town + 1]]
        assert (np.diff(rows["km"]) >= 0).all()
        assert dict(zip(rows["town"].tolist(), rows["km"].tolist(), strict=True)) == pytest.approx(
            {
                other: far
                for other, far in nx.single_source_dijkstra_path_length(network, town, cutoff=60.0005).items()
                if other != town
            }
        )
        for row in rows:
            assert town in (idlib.roads["a"][row["road"]], idlib.roads["b"][row["road"]])
            km[town, int(row["town"])] = float(row["km"])
    assert all(far == km[other, town] for (town, other), far in km.items())


def test_first_road_leads_nearer(idlib: Geography) -> None:
    far = {
        (town, int(row["town"])): float(row["km"])
        for town in range(169)
        for row in idlib.near[idlib.near_start[town] : idlib.near_start[town + 1]]
    }
    for town in (0, 50, 100):
        for row in idlib.near[idlib.near_start[town] : idlib.near_start[town + 1]]:
            road, goal = idlib.roads[row["road"]], int(row["town"])
            step = int(road["a"] + road["b"] - town)
            assert float(road["km"]) + far.get((step, goal), 0.0) == pytest.approx(float(row["km"]))


def test_adjacency_is_the_roads(idlib: Geography) -> None:
    pairs = {
        (town, int(other))
        for town in range(169)
        for other in idlib.adjacent[idlib.adjacent_start[town] : idlib.adjacent_start[town + 1]]
    }
    ends = {(int(road["a"]), int(road["b"])) for road in idlib.roads}
    assert pairs == ends | {(b, a) for a, b in ends}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Kafr Hamra", "Kafr Hamra"),
        ("kafr-hamrah", "Kafr Hamra"),
        ("C1134", "Kafr Hamra"),
        ("كفر حمرة", "Kafr Hamra"),
        ("Dar'at Izza", "Darat Izza"),
        ("Dar\u2019at Izza", "Darat Izza"),
        ("Daret Azza", "Darat Izza"),
        ("Sheikh Khader", "Sheikh Khader hill (Tallat al-Sheikh Khudr)"),
        ("Jamiat al-Rahal", "Jamiat al-Rahal (Jam'iyat al-Rahhal)"),
        ("Shamiku", "Shamiku (Shamico)"),
        ("Haritan", "Hraytan"),
        ("Saraqeb", "Saraqib"),
        ("Al-Atarib", "Atarib"),
        ("Idlib", "Idlib city"),
        ("الاتارب", "Atarib"),
    ],
)
def test_spellings(idlib: Geography, word: str, name: str) -> None:
    assert idlib.places[find_place(idlib, word)].name == name


def test_every_spelling_names_one_town(idlib: Geography) -> None:
    assert [towns for towns in Index(idlib.places).folded.values() if len(towns) > 1] == []
    assert fold("Ad-Dana") == fold("al Dana") == fold("dana")


def test_unknown_town_suggests(idlib: Geography) -> None:
    with pytest.raises(KeyError, match="did you mean 'Kafr Hamra'"):
        find_place(idlib, "Kafr Hamraa al-Gharbi")
    with pytest.raises(KeyError, match="no town 'zzqq' on the map"):
        find_place(idlib, "zzqq")


def test_ambiguous_name_asks_for_more() -> None:
    index = Index([MapTown("Khan (north)", aliases=("Khan",)), MapTown("Khan (south)", aliases=("Khan",))])
    with pytest.raises(KeyError, match="may be"):
        index.find("khan")
    assert index.find("Khan (south)") == 1


def test_nearest_town_cells_agree_with_brute_force(idlib: Geography) -> None:
    cells = nearest_town_cells(idlib, 12)
    assert (cells[idlib.y, idlib.x] == np.arange(169)).all()
    own = set(zip(idlib.x.tolist(), idlib.y.tolist(), strict=True))
    for y in range(0, idlib.height, 3):
        for x in range(0, idlib.width, 3):
            away = np.hypot((x + 0.5) * 2.5 - idlib.east_km, (y + 0.5) * 2.5 - idlib.north_km)
            if (x, y) not in own:
                assert cells[y, x] == (-1 if away.min() > 12 else away.argmin())


def test_cells_reach_farther_on_a_map_of_distant_towns(idlib: Geography) -> None:
    distant = load_map("eastern_car")
    assert cell_reach(idlib) == 7
    assert 35 < cell_reach(distant) < 45
    assert max(np.ptp(cell, axis=0).max() for cell in town_cells(idlib)) == pytest.approx(14)
    widest = max(np.ptp(cell, axis=0).max() for cell in town_cells(distant))
    assert widest == pytest.approx(2 * cell_reach(distant))
    assert (nearest_town_cells(distant) >= 0).sum() > 5 * (nearest_town_cells(distant, 12) >= 0).sum()


def test_kafr_hamra_lies_in_the_zone(idlib: Geography) -> None:
    government, inside = sides(idlib)
    zone = zone_towns(idlib, government, inside, 17.5)
    assert zone[find_place(idlib, "Kafr Hamra")]
    assert not zone[government].any()
    assert not zone[~inside].any()
    names = {place.name for place, within in zip(idlib.places, zone, strict=True) if within}
    assert {"Anadan", "Hraytan", "Morek", "al-Eis", "Kabanah"} <= names
    assert not names & {"Idlib city", "Sarmada", "Harem", "Salqin", "Atmeh"}
    counts = [int(zone_towns(idlib, government, inside, depth).sum()) for depth in (1, 5, 15, 20, 200)]
    assert counts == sorted(counts)
    assert counts[0] < 10
    assert counts[-1] == inside.sum()


def test_zone_depth_is_measured_to_the_line(idlib: Geography) -> None:
    government, inside = sides(idlib)
    cells = nearest_town_cells(idlib)
    kind = np.where(cells < 0, 0, np.where(government[cells], 1, np.where(inside[cells], 2, 0)))
    edges = [(x + 1, y, x + 1, y + 1) for y, x in zip(*np.nonzero(kind[:, :-1] * kind[:, 1:] == 2), strict=True)]
    edges += [(x, y + 1, x + 1, y + 1) for y, x in zip(*np.nonzero(kind[:-1] * kind[1:] == 2), strict=True)]
    zone = zone_towns(idlib, government, inside, 17.5)
    for town in np.flatnonzero(inside):
        px, py = idlib.east_km[town] / 2.5, idlib.north_km[town] / 2.5
        away = min(np.hypot(max(x0 - px, 0, px - x1), max(y0 - py, 0, py - y1)) for x0, y0, x1, y1 in edges)
        assert zone[town] == (away * 2.5 <= 17.5)


def test_lines_lie_on_the_map(idlib: Geography) -> None:
    government, inside = sides(idlib)
    for lines in (line_of_contact(idlib, government), zone_edge(idlib, government, inside, 17.5)):
        assert lines
        for line in lines:
            assert line.shape[1] == 2
            assert ((line >= (35.9, 35.2)) & (line <= (37.31, 36.76))).all()
    nobody = np.zeros(169, bool)
    assert line_of_contact(idlib, nobody) == []
    assert zone_edge(idlib, nobody, inside, 17.5) == []
    assert not zone_towns(idlib, nobody, inside, 17.5).any()


def scenario(**changed: object) -> SimpleNamespace:
    factions = {
        name: SimpleNamespace(groups=dict.fromkeys(groups), peacekeeping=None) for name, groups in FACTIONS.items()
    }
    plain = {
        "factions": factions,
        "agreements": {},
        "given": [],
        "policy": [],
        "watch_towns": [],
        "start": date(2018, 10, 15),
        "control_on": None,
        "rules": Rules(),
    }
    return SimpleNamespace(**{**plain, **changed})


def where(path: str) -> tuple[str, int | None]:
    return "s.yaml", len(path)


def test_scenario_fits_the_map(idlib: Geography) -> None:
    assert check_scenario(scenario(watch_towns=["Dar'at Izza"]), where, idlib) == []  # type: ignore[arg-type]


def test_scenario_that_does_not_fit(idlib: Geography) -> None:
    factions = scenario().factions
    factions["HTS"] = SimpleNamespace(groups={"HTS": None}, peacekeeping=None)
    given = SimpleNamespace(in_town="Kafr Hamrra al", agreement=None)
    found = [
        str(fault)
        for fault in check_scenario(
            scenario(factions=factions, given=[given], watch_towns=["Nowhere at all"]), where, idlib
        )
    ]  # type: ignore[arg-type]
    assert found[0].startswith("s.yaml:10: given.0.in: no town 'Kafr Hamrra al' on the map, did you mean 'Kafr Hamra'?")
    assert found[1].startswith("s.yaml:13: watch_towns.0: no town 'Nowhere at all'")
    assert "control.csv:" in found[2]
    assert "group 'TIP' stands in" in found[2]
    early = check_scenario(scenario(start=date(2018, 1, 1)), where, idlib)  # type: ignore[arg-type]
    assert "has no control on or before 2018-01-01; it has 2018-02-20, 2018-10-01, 2018-11-01" in str(early[0])


def test_factions_of_a_holding(idlib: Geography) -> None:
    split = {**FACTIONS, "NLF": COALITION[1:], "Ahrar": COALITION[:1]}
    factions = {
        name: SimpleNamespace(groups=dict.fromkeys(groups), peacekeeping=None) for name, groups in split.items()
    }
    found = check_scenario(scenario(factions=factions), where, idlib)  # type: ignore[arg-type]
    assert any("Ariha is held by groups of more than one faction (Ahrar, NLF)" in str(fault) for fault in found)


def test_reading_a_map_needs_no_heavy_library() -> None:
    heavy = {"mesa", "pandas", "scipy", "matplotlib", "numba", "networkx"}
    code = f"import sys; from sim.geography import load_map; load_map('greater_idlib'); print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == ""


def test_folder_holds_no_events_and_no_outside_paths(idlib: Geography) -> None:
    for path in idlib.folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "\r" not in text
        assert "/work" not in text
        assert "../shared" not in text
        assert "events" not in path.name
    assert load_map(idlib.folder).places == idlib.places


def test_the_zone_is_areas_beside_the_line_of_contact(idlib: Geography) -> None:
    holders = [holding.groups[:1] for holding in next(iter(idlib.control.values()))]
    government = np.array([groups == ("Government",) for groups in holders])
    inside = ~government & np.array([groups != ("SNA",) for groups in holders])
    areas = zone_areas(idlib, government, inside, 17.5)
    km2 = [_km2(ring, idlib) for rings in areas for ring in rings]
    assert all(_km2(rings[0], idlib) > 0 for rings in areas)
    cells = zone_cells(idlib, government, inside, 17.5)
    assert sum(km2) == pytest.approx(cells.sum() * idlib.cell_km**2, rel=0.03)


@pytest.mark.parametrize(
    ("drawn", "shapes"),
    [
        (["###", "#.#", "###"], [2]),  # an outline and a hole
        (["#.", ".#"], [1, 1]),  # two that touch at a corner
        (["#####", "#...#", "#.#.#", "#...#", "#####"], [1, 2]),  # one within the hole of another
    ],
)
def test_cells_have_outlines_and_holes(
    idlib: Geography, monkeypatch: pytest.MonkeyPatch, drawn: list[str], shapes: list[int]
) -> None:
    cells = np.array([[sign == "#" for sign in line] for line in drawn])
    monkeypatch.setattr("sim.geography.zone.zone_cells", lambda *_: cells)
    nobody = np.zeros(len(idlib.places), bool)
    areas = zone_areas(idlib, nobody, nobody, 1.0)
    assert sorted(len(rings) for rings in areas) == shapes
    assert all((ring[0] == ring[-1]).all() for rings in areas for ring in rings)
    assert all(_km2(ring, idlib) < 0 for rings in areas for ring in rings[1:])


def _km2(ring: np.ndarray, on: Geography) -> float:
    """Return the area within a ring of longitude and latitude, negative if it runs with the clock."""
    lon, lat = ring.T
    east, north = frame_of(on).to_km(lat, lon)
    return float(np.sum(east[:-1] * north[1:] - east[1:] * north[:-1]) / 2)
