"""Strict reading: each fault names its file, line and column, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.geography import Link, assemble, control_date, load_map
from sim.geography.towns import UNDATED, Holding, MapTown
from sim.tabular.table import MAP_LIMITS
from tests.geography.conftest import FILES

Faults = Callable[..., str]


def test_few_columns_are_enough(write_map: Callable[..., Path]) -> None:
    small = load_map(write_map())
    assert [place.name for place in small.places] == ["Alpha", "Beta", "Gamma"]
    assert [held.status for held in small.control[UNDATED]] == ["held", "held", "neutral"]
    assert control_date(small, date(2020, 1, 1)) == UNDATED
    straight = 0.2 * 111.195 * 0.808
    assert small.roads["km"].tolist() == [12, pytest.approx(1.25 * straight, abs=0.1)]
    assert all(0 <= place.value <= 1 for place in small.places)


@pytest.mark.parametrize("columns", ["admin1,admin2", "governorate,nahiyah"])
def test_administrative_units_have_one_name_in_all_countries(write_map: Callable[..., Path], columns: str) -> None:
    head, *lines = str(FILES["towns.csv"]).splitlines()
    units = [f"{line},North,Upper" for line in lines]
    first = load_map(write_map(towns="\n".join([f"{head},{columns}", *units]) + "\n")).places[0]
    assert (first.governorate, first.nahiyah) == ("North", "Upper")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"towns": "name,lat\nAlpha,36\n"}, "towns.csv:1: header: missing column lon"),
        ({"towns": "name;lat;lon\nAlpha;36;36\n"}, "towns.csv:1: header: columns are separated by commas"),
        (
            {"towns": "name,lat,lon,populaton\nAlpha,36,36.5,1\n"},
            "towns.csv:1: populaton: unknown column, did you mean 'population'?",
        ),
        ({"towns": "name,lat,lon,lat\nAlpha,36,36.5,1\n"}, "towns.csv:1: lat: appears 2 times"),
        ({"towns": "name,lat,lon\nAlpha,36\n"}, "towns.csv:2: has 2 cells, the header has 3 columns"),
        (
            {"towns": 'name,lat,lon\n"Al\npha",36,36.5\nBeta,x,36.6\n'},
            "towns.csv:4: lat: 'x' is not a number between -85 and 85",
        ),
        ({"towns": 'name,lat,lon\nAlpha,"36,1",36.5\n'}, "(write 36.1)"),
        ({"towns": "name,lat,lon\nAlpha,nan,36.5\n"}, "towns.csv:2: lat: 'nan' is not a number"),
        ({"towns": "name,lat,lon\nAlpha,96,36.5\n"}, "towns.csv:2: lat: 96 is out of range"),
        ({"towns": "name,lat,lon\n,36,36.5\n"}, "towns.csv:2: name: is empty"),
        (
            {"towns": "name,lat,lon\nAlpha,36,36.5\nBeta,36.1,36.5\nalpha,36.1,36.7\n"},
            "towns.csv:4: name: 'alpha' stands on line 2 already",
        ),
        ({"towns": 'name,lat,lon\n"Alpha,36,36.5\n'}, "towns.csv:2: is not CSV"),
        ({"towns": ""}, "towns.csv: is empty"),
        ({"towns": "name,lat,lon\n"}, "towns.csv: has no towns"),
        ({"towns": None}, "towns.csv: no such file"),
        ({"towns": b"name,lat,lon\nAlpha,\x00\x01\x02,3\n"}, "towns.csv:2: is not text (binary data)"),
        ({"towns": "name,lat,lon\nAlphé,36,36.5\n".encode("latin-1")}, "towns.csv:2: is not UTF-8"),
        (
            {"roads": "a,b\nAlpha,Beta\nBeta,Gama\n"},
            "roads.csv:3: b: no town 'Gama' in towns.csv, did you mean 'Gamma'?",
        ),
        ({"roads": "a,b\nAlpha,Beta\n"}, "towns.csv:4: name: no road leads from Gamma to the rest of the map"),
        ({"roads": "a,b\nAlpha,Alpha\n"}, "roads.csv:2: b: a road from 'Alpha' to itself"),
        ({"roads": "a,b\nAlpha,Beta\nBeta,Alpha\n"}, "roads.csv:3: a: the road Beta - Alpha stands on line 2 already"),
        ({"roads": "a,b,km\nAlpha,Beta,-3\nBeta,Gamma,1e999\n"}, "roads.csv:3: km: 1e999 is out of range"),
        (
            {"roads": "a,b,road_class\nAlpha,Beta,motorwya\nBeta,Gamma,\n"},
            "roads.csv:2: road_class: 'motorwya' is not one of",
        ),
        ({"roads": ""}, "roads.csv: is empty"),
        (
            {"control": "name,groups\nAlpha,Red\nBetta,Red\nGamma,Red\n"},
            "control.csv:3: name: no town 'Betta' in towns.csv, did you mean 'Beta'?",
        ),
        ({"control": "name,groups\nAlpha,Red\nGamma,Red\n"}, "control.csv: name: no row for 'Beta'"),
        (
            {"control": "name,groups\nAlpha,Red\nBeta,\nGamma,\nAlpha,Blue\n"},
            "control.csv:5: name: 'Alpha' stands on line 2 already",
        ),
        (
            {"control": "name,groups,date\nAlpha,Red,1.10.2018\n"},
            "control.csv:2: date: '1.10.2018' is not a date in one certain order",
        ),
        ({"control": "name,groups,status\nAlpha,,held\n"}, "control.csv:2: groups: is empty"),
        (
            {"control": "name,groups,status\nAlpha,Red,contested\n"},
            "control.csv:2: groups: a contested town needs at least two groups",
        ),
        ({"control": "name,groups,status\nAlpha,Red,neutral\n"}, "control.csv:2: groups: a neutral town has no groups"),
        (
            {"control": "name,groups,status\nAlpha,Red,holds\n"},
            "control.csv:2: status: 'holds' is not one of held, contested, neutral, did you mean 'held'?",
        ),
        (
            {"map": "key,value\nsouth,36.05\nnorth,37\nwest,36\neast,37\n"},
            "towns.csv:2: lat, lon: Alpha at 36, 36.5 lies outside the map, 36.05-37 N, 36-37 E",
        ),
        ({"map": "key,value\ncel_km,2\n"}, "map.csv:2: cel_km: unknown key, needs one of"),
        ({"map": "key,value\nsouth,36\n"}, "an extent needs all of south, west, north, east"),
        ({"map": "key,value\ncell_km,0.05\nsouth,-60\nnorth,60\nwest,-170\neast,170\n"}, "use larger ones"),
        ({"posts": "name,lat,lon\nPost,36,east\n"}, "posts.csv:2: lon: 'east' is not a number"),
        ({"names": "kind,name\nactr,Red\n"}, "names.csv:2: kind: 'actr' is not one of"),
        ({"names": "kind,name,ged_id\nactor,Red,x\n"}, "names.csv:2: ged_id: 'x' is not a whole number"),
        (
            {"names": "kind,name,within\nadmin1,North,Land\n"},
            "names.csv:2: within: 'Land' is no country of this table",
        ),
        ({"names": "kind,name,ged\ndyad,Red - Blue,Reds\n"}, "names.csv:2: ged: a dyad needs both sides"),
        ({"names": "kind,name\nactor,Red\nactor,Red\n"}, "names.csv:3: name: actor 'Red' stands on line 2 already"),
    ],
)
def test_fault_gives_its_line(faults_of: Faults, changed: dict[str, str], expected: str) -> None:
    assert expected in faults_of(**changed)


def test_all_faults_at_once(faults_of: Faults) -> None:
    found = faults_of(
        towns="name,lat,lon\nAlpha,x,36.5\nBeta,36.1,y\nGamma,36.1,36.7\n",
        roads="a,b\nAlpha,Delta\n",
        control="name,groups\nAlpha,Red\n",
    )
    assert [line.split(": ")[0] for line in found.splitlines()] == [
        "towns.csv:2",
        "towns.csv:3",
        "roads.csv:2",
        "control.csv",
    ]


def test_many_faults_are_counted(faults_of: Faults) -> None:
    found = faults_of(roads="a,b\n" + "Alpha,Nowhere\n" * 500).splitlines()
    assert len(found) == 51
    assert found[-1].endswith("and 450 more faults in this map")


def test_too_many_towns_for_the_cells(faults_of: Faults) -> None:
    names = [f"T{i:02}" for i in range(60)]
    towns = "name,lat,lon\n" + "".join(f"{name},36.0,36.5\n" for name in names)
    roads = "a,b\n" + "".join(f"T00,{name}\n" for name in names[1:])
    control = "name,groups\n" + "".join(f"{name},Red\n" for name in names)
    assert "no free cell near" in faults_of(towns=towns, roads=roads, control=control)


def test_cells_shrink_until_towns_fit(write_map: Callable[..., Path]) -> None:
    names = [f"T{i:02}" for i in range(60)]
    towns = "name,lat,lon\n" + "".join(f"{name},{36 + i * 0.001:.3f},36.5\n" for i, name in enumerate(names))
    roads = "a,b\n" + "".join(f"T00,{name}\n" for name in names[1:])
    dense = load_map(
        write_map(towns=towns, roads=roads, control="name,groups\n" + "".join(f"{name},Red\n" for name in names))
    )
    assert dense.cell_km < 2.5
    assert len(set(zip(dense.x.tolist(), dense.y.tolist(), strict=True))) == 60


def test_giant_file_is_refused_unread(write_map: Callable[..., Path]) -> None:
    folder = write_map()
    with (folder / "towns.csv").open("ab") as file:
        file.truncate(MAP_LIMITS.bytes + 1)
    with pytest.raises(InputError, match="larger than 32 MB"):
        load_map(folder)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../maps/greater_idlib", "/etc", "greater_idlib/", "a\0b", "greater_idleb"]
)
def test_only_folders_of_maps(name: str) -> None:
    with pytest.raises(InputError, match="is not here, there are "):
        load_map(name)


def test_link_out_of_the_maps_folder_is_refused(tmp_path: Path, write_map: Callable[..., Path]) -> None:
    root = tmp_path / "maps"
    root.mkdir()
    (root / "sly").symlink_to(write_map(), target_is_directory=True)
    with pytest.raises(InputError, match="outside the folder of maps"):
        load_map("sly", root)


def test_map_made_in_memory() -> None:
    places = [MapTown("A", lat=36.0, lon=36.5, value=0.5), MapTown("B", lat=36.1, lon=36.5, value=0.2)]
    made = assemble(
        "toy", places, [Link(0, 1, 12.0)], {UNDATED: (Holding("held", ("Red",)), Holding("held", ("Blue",)))}
    )
    assert made.near["km"].tolist() == [12.0, 12.0]
    assert [place.value for place in made.places] == [0.5, 0.2]


@pytest.mark.parametrize("name", ["day", "date", "=Gamma", "Gam\u202ema"])
def test_a_name_that_tables_cannot_hold_is_refused_in_a_map(faults_of: Callable[..., str], name: str) -> None:
    towns = FILES["towns.csv"].replace("Gamma", name)
    found = faults_of(
        towns=towns,
        roads=FILES["roads.csv"].replace("Gamma", name),
        control=FILES["control.csv"].replace("Gamma", name),
    )
    assert found.startswith("towns.csv:4: name: ")
    assert len(found.splitlines()) == 1


def test_a_map_over_the_date_line_is_refused(faults_of: Callable[..., str]) -> None:
    towns = "name,lat,lon\nAlpha,-17,179.9\nBeta,-17.1,-179.9\nGamma,-17.2,179.8\n"
    found = faults_of(towns=towns, map="key,value\ncell_km,20\n")
    assert "cannot span the date line" in found
    assert len(found.splitlines()) == 1
