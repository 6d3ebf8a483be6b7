"""Exports: the columns that other tools expect, ids and source that say simulated, nothing overwritten."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import struct
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sim.errors import InputError
from sim.event_kinds import AGAINST_CIVILIANS
from sim.geography.maps import load_map
from sim.results.columns import Format, LogName, Period
from sim.results.export import export
from sim.results.export_admin import run_table
from sim.results.export_datasets import ACLED_COLUMNS as ACLED
from sim.results.export_datasets import GED_COLUMNS as GED
from sim.results.export_datasets import SUB_EVENTS, acled_text, ged_row, ged_text, priogrid
from sim.results.export_events import ExportedSide, entries
from sim.results.export_layers import LAYERS, control_layer, front_layer, layers
from sim.results.run import Run
from tests.results.small_result import result

TRUE, REPORTED = LogName.TRUE, LogName.REPORTED


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(result(), name="by_hand")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_ged_has_its_columns_its_types_of_violence_and_the_government_first(run: Run) -> None:
    rows = table(ged_text(run, entries(run, REPORTED)))
    assert list(rows[0]) == GED.split()
    assert len(GED.split()) == 49
    clash, total, shelling = rows
    sides = ("type_of_violence", "side_a", "side_b", "dyad_name", "dyad_new_id", "where_prec")
    assert tuple(clash[name] for name in sides) == (
        "2",
        "National Front for Liberation",
        "HTS",
        "National Front for Liberation - HTS",
        "15738",
        "2",
    )
    assert (total["where_prec"], total["date_prec"], total["event_clarity"]) == ("4", "2", "2")
    assert (shelling["type_of_violence"], shelling["side_a"]) == ("1", "loyalists")
    assert all(row["id"].startswith("SIM-by_hand-7-R") and row["source_original"] == "simulated" for row in rows)


def test_deaths_stay_with_their_side_when_sides_are_put_in_order(run: Run) -> None:
    true = run.events
    for row in table(ged_text(run, entries(run, TRUE))):
        event = true[true.event_id == row["id"].rsplit("-", 1)[1]].iloc[0]
        by_side = {event.initiator: event.deaths_initiator, event.target: event.deaths_target}
        code = {"loyalists": "GOV", "National Front for Liberation": "NLF"}
        assert by_side[code.get(row["side_a"], row["side_a"])] == int(row["deaths_a"])
        assert int(row["best"]) == event.deaths_initiator + event.deaths_target + event.deaths_civilians
        assert int(row["low"]) <= int(row["best"]) <= int(row["high"])


def test_acled_has_its_columns_and_types(run: Run) -> None:
    rows = table(acled_text(run, entries(run, TRUE)))
    assert list(rows[0]) == ACLED.split()
    assert len(ACLED.split()) == 31
    by_type = {row["sub_event_type"]: row for row in rows}
    assert by_type["Non-state actor overtakes territory"]["event_type"] == "Battles"
    assert by_type["Shelling/artillery/missile attack"]["interaction"] == "State forces-Rebel group"
    assert by_type["Armed clash"]["assoc_actor_2"] == "Ahrar al-Sham" or by_type["Armed clash"]["actor2"] == "NLF"
    assert by_type["Agreement"]["disorder_type"] == "Strategic developments"
    assert all(row["source"] == row["tags"] == "simulated" for row in rows)
    assert all(row["notes"].startswith("SIMULATED. ") for row in rows)


def test_kinds_exported_to_acled_exist() -> None:
    from sim.engine.kinds import EVENT_KINDS

    assert set(SUB_EVENTS) < set(EVENT_KINDS)


def test_administrative_units_come_from_the_map(run: Run) -> None:
    row = next(row for row in table(acled_text(run, entries(run, TRUE))) if row["location"] == "Kafr Hamra")
    units = [row[name] for name in ("region", "iso", "country", "admin1", "admin2", "admin3")]
    assert units == ["Middle East", "760", "Syria", "Aleppo", "Jebel Saman", "Haritan"]


REAL = """country_id,region,adm_1,adm_2,type_of_violence,dyad_new_id,dyad_name,side_a,side_b
652,Middle East,Aleppo Governorate,Jabal Saman district,2,15738,National Front for Liberation - HTS,National Front for Liberation,HTS
652,Middle East,Idlib Governorate,Ariha district,1,11973,Government of Syria - Syrian insurgents,Government of Syria,Syrian insurgents
482,Africa,Ouaka province,Bambari region,2,14318,anti-Balaka - UPC,anti-Balaka,UPC
482,Africa,Ouaka province,Bambari region,3,14329,UPC - Civilians,UPC,Civilians
"""


def test_an_export_joins_with_lines_as_the_real_files_have_them(run: Run) -> None:
    columns = REAL.splitlines()[0].split(",")
    real = {tuple(row.values()) for row in table(REAL)}
    here = [
        tuple(row[name] for name in columns)
        for row in table(ged_text(run, entries(run, TRUE)))
        if row["where_coordinates"] == "Kafr Hamra"
    ]
    assert real & set(here)
    with pytest.MonkeyPatch.context() as patch:
        for theatre, one, other, town, kind in (
            ("greater_idlib", ("HTS", "rebel"), ("Loyalists", "government"), "Ariha", "shelling"),
            ("eastern_car", ("UPC", "rebel"), ("anti-Balaka", "rebel"), "Bambari", "clash"),
            ("eastern_car", ("UPC", "rebel"), ("", ""), "Bambari", AGAINST_CIVILIANS[0]),
        ):
            patch.setattr(run, "geography", load_map(theatre))
            at = next(each for each in run.geography.places if each.name == town)
            entry = replace(
                next(entries(run, TRUE)),
                kind=kind,
                one=ExportedSide(*one),
                other=ExportedSide(*other),
                units=run.geography.names.units(at),
            )
            row = {name: str(value) for name, value in ged_row(run, entry, 1).items()}
            assert tuple(row[name] for name in columns) in real


def test_priogrid_counts_from_the_south_west() -> None:
    assert priogrid(-90, -180) == 1
    assert priogrid(-89.5, -179.5) == 722
    assert priogrid(89.9, 179.9) == 259_200


def test_stretches_of_control_of_a_town_follow_one_another(run: Run) -> None:
    layer = control_layer(run)
    shown = [list(layer.fields).index(name) for name in ("control", "faction", "group", "start", "end", "pcode")]
    town = [tuple(one.values[n] for n in shown) for one in layer.features if one.values[1] == "Kafr Hamra"]
    assert [row[:1] + row[3:5] for row in town] == [
        ("NLF", "2018-10-25", "2018-10-31"),
        ("HTS", "2018-10-31", "2018-11-04"),
    ]
    assert all(run.scenario.factions[row[1]].code in (row[0], None) for row in town)
    assert all(row[2] in run.scenario.factions[row[1]].groups for row in town)
    assert len({one.values[0] for one in layer.features}) == len(layer.features)


def test_geojson_has_a_file_a_layer(run: Run, here: Path) -> None:
    paths = export(run, Format.GEOJSON)
    assert [path.name for path in paths] == [f"simulated_by_hand_{layer}.geojson" for layer in LAYERS]
    for path in paths:
        made = json.loads(path.read_text(encoding="utf-8"))
        assert made["type"] == "FeatureCollection"
        assert all(one["properties"]["source"] == "simulated" for one in made["features"])
    summary = made["features"][1]
    assert summary["geometry"] is None
    assert summary["properties"]["id"] == "SIM-by_hand-7-R000004"


def test_geopackage_is_what_the_standard_asks(run: Run, here: Path) -> None:
    path = export(run, Format.GPKG)[0]
    base = sqlite3.connect(path)
    try:
        assert base.execute("PRAGMA application_id").fetchone()[0] == int.from_bytes(b"GPKG", "big")
        assert base.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not base.execute("PRAGMA foreign_key_check").fetchall()
        names = [row[0] for row in base.execute("SELECT table_name FROM gpkg_contents ORDER BY rowid")]
        assert names == [f"simulated_{layer}" for layer in LAYERS]
        geometry = base.execute("SELECT geom FROM simulated_control WHERE town = 'Kafr Hamra'").fetchone()[0]
        area = base.execute("SELECT geom FROM simulated_areas WHERE town = 'Kafr Hamra'").fetchone()[0]
        styles = base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1").fetchall()
        for layer, qml in styles:
            renderer = ElementTree.fromstring(qml).find("renderer-v2")
            rules = [] if renderer is None else [rule.get("filter") or "1" for rule in renderer.iter("rule")]
            per_feature = " + ".join(f"({rule})" for rule in rules)
            counts = base.execute(f"SELECT DISTINCT {per_feature} FROM {layer}").fetchall()
            assert counts in ([(1,)], []), "every feature is drawn under one rule"
    finally:
        base.close()
    assert struct.unpack("<2sBBiBI2d", geometry) == (b"GP", 0, 1, 4326, 1, 1, 37.0791, 36.2526)
    _, _, _, _, order, shape, rings, corners = struct.unpack_from("<2sBBiBIII", area)
    assert (order, shape, rings) == (1, 3, 1)
    ring = np.frombuffer(area[-16 * corners :]).reshape(-1, 2)
    assert (ring[0] == ring[-1]).all()
    assert (ring.min(axis=0) < (37.0791, 36.2526)).all()
    assert (ring.max(axis=0) > (37.0791, 36.2526)).all()
    assert (ring == ring.round(5)).all()
    assert {f"simulated_{layer}" for layer in ("areas", "control", "front", "contact", "zone")} == {
        layer for layer, _ in styles
    }


def test_the_front_is_between_rivals_and_moves_with_a_capture(run: Run) -> None:
    layer = front_layer(run)
    columns = ("front", "from_town", "to_town", "from_control", "to_control", "start", "end")
    rows = [dict(zip(layer.fields, each.values, strict=True)) for each in layer.features]
    here = {tuple(row[name] for name in columns) for row in rows if "Kafr Hamra" in (row["from_town"], row["to_town"])}
    assert here, "its neighbours are NLF, so that there is no front before the capture"
    assert {row[5:] for row in here} == {("2018-10-31", "2018-11-04")}
    assert {row[:1] + row[3:5] for row in here} <= {("rivals", "HTS", "NLF"), ("rivals", "NLF", "HTS")}


def test_layers_of_a_day_hold_what_holds_on_it(run: Run) -> None:
    every = {layer.name: layer for layer in layers(run, entries(run, TRUE), date(2018, 10, 31))}
    control = every["control"]
    assert len(control.features) == len(run.geography.places)
    assert next(each.values[2] for each in control.features if each.values[1] == "Kafr Hamra") == "HTS"
    assert {each.values[1] for each in every["events"].features} == {"2018-10-31"}
    with pytest.raises(InputError, match=r"--date: 2019-01-01 is not a day of the run; it is from 2018-10-25"):
        export(run, Format.GPKG, day=date(2019, 1, 1))
    with pytest.raises(InputError, match="ged has none"):
        export(run, Format.GED, day=date(2018, 10, 31))


@pytest.mark.parametrize("log", LogName)
def test_counts_by_unit_add_up_to_the_events_as_ged_has_them(run: Run, log: LogName) -> None:
    ged = table(ged_text(run, entries(run, log)))
    names = {"1": "sb", "2": "ns", "3": "os"}
    for by in Period:
        sums: Counter[str] = Counter()
        for row in table(run_table(run, by, log)):
            sums[row["variable"]] += int(row["value"])
        assert sums["events"] == len(ged) == sum(sums[f"events_{name}"] for name in names.values())
        assert sums["deaths"] == sum(int(row["best"]) for row in ged)
        for kind, name in names.items():
            assert sums[f"deaths_{name}"] == sum(int(row["best"]) for row in ged if row["type_of_violence"] == kind)


def test_towns_of_a_unit_are_counted_at_the_end_of_each_period(run: Run) -> None:
    rows = [row for row in table(run_table(run, Period.MONTH, TRUE)) if row["variable"].startswith("towns_")]
    here = {(row["period"], row["variable"]): int(row["value"]) for row in rows if row["admin2"] == "Jebel Saman"}
    at = [t.name for t in run.geography.places if run.geography.names.units(t).admin2.name == "Jebel Saman"]
    for month, morning in (("2018-10", 7), ("2018-11", 10)):
        held = Counter(run.control_daily.iloc[morning][at])
        assert {code: here[month, f"towns_{code}"] for code in held} == dict(held)
    assert here["2018-10", "towns_HTS"] > 0, "Kafr Hamra fell on 30 October"


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.CSV])
def test_one_run_gives_one_file_and_it_is_never_overwritten(run: Run, here: Path, form: Format) -> None:
    first = [path.read_bytes() for path in export(run, form)]
    with pytest.raises(InputError, match="nothing is overwritten"):
        export(run, form)
    (here / "other").mkdir()
    out = here / "other" / f"simulated_again{export_suffix(form)}"
    assert [path.read_bytes() for path in export(run, form, out=out)] == first


def test_tables_of_a_run_are_csv_already(run: Run, here: Path) -> None:
    with pytest.raises(InputError, match="csv is for studies"):
        export(run, Format.CSV)


def export_suffix(form: Format) -> str:
    return {"geojson": ".geojson", "gpkg": ".gpkg"}.get(form.value, ".csv")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("ged.csv", "must be named simulated_"),
        ("simulated_x.txt", "must end in .csv"),
        ("no/simulated_x.csv", "no folder"),
    ],
)
def test_a_file_needs_a_fitting_name(run: Run, here: Path, out: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        export(run, Format.GED, out=Path(out))
    assert not list(here.iterdir())
