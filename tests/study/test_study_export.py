"""Exports of a study: probabilities as layers, tables as CSV with plain names, means over runs by administrative unit."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import numpy as np
import pandas as pd
import pytest

from sim.cli.main import main
from sim.engine.simulation import simulate
from sim.errors import InputError
from sim.results.columns import Format, LogName, Period
from sim.results.export_admin import panel_of, run_values
from sim.results.run import Run
from sim.statistics.inference import wilson
from sim.study.export import export_study, plain_names
from sim.study.runner import run_study
from sim.study.store import Study
from tests.study.support import small_plan


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    plan = small_plan(3, keep=["events", "reported"])
    return Study.open(run_study(plan, tmp_path_factory.mktemp("exported"), workers=1))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_probabilities_are_shares_of_runs_and_drawn_once(study: Study, here: Path) -> None:
    path = export_study(study, Format.GPKG)[0]
    control = study.control
    with closing(sqlite3.connect(path)) as base:
        rows = pd.read_sql("SELECT * FROM simulated_control", base)
        styles = base.execute("SELECT styleQML, useAsDefault FROM layer_styles WHERE f_table_name = 'simulated_areas'")
        for qml, default in styles.fetchall():
            rules = [
                rule.get("filter") or "1" for rule in ElementTree.fromstring(qml).iter("rule") if rule.get("filter")
            ]
            drawn = " + ".join(f"({rule})" for rule in rules)
            counts = dict(base.execute(f"SELECT {drawn}, COUNT(*) FROM simulated_areas GROUP BY 1"))
            assert set(counts) <= {0, 1}
            assert not default or counts[1] == control["town"].nunique(), "each town has one likeliest holder"
    assert (rows.groupby(["scenario", "date", "town"])["share"].sum().round(3) == 1).all()
    assert len(rows) == len(control.drop_duplicates(["scenario", "day", "town", "code"]))
    first = rows.iloc[0]
    low, high = wilson(first["runs"], 3)
    assert (first["of_runs"], first["low"], first["high"]) == (
        3,
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
    )
    assert set(rows["source"]) == {"simulated"}
    assert rows["id"].is_unique


def test_geojson_of_a_study_has_areas_and_points(study: Study, here: Path) -> None:
    shapes = {"areas": "Polygon", "control": "Point"}
    for path in export_study(study, Format.GEOJSON):
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        assert {each["geometry"]["type"] for each in features} == {shapes[path.stem.rpartition("_")[2]]}


def test_tables_are_those_of_the_study_under_names_that_need_no_quotation_marks(study: Study, here: Path) -> None:
    paths = {
        path.stem.removeprefix(f"simulated_{study.folder.name}_"): path for path in export_study(study, Format.CSV)
    }
    assert list(paths) == [*study.manifest["tables"], "columns"]
    listed = pd.read_csv(paths["columns"])
    for name in study.manifest["tables"]:
        own = listed[listed["table"] == name]
        columns = ", ".join(own["column"])
        read_back = duckdb.sql(f"SELECT {columns}, source FROM read_csv('{paths[name]}')").df()
        assert len(read_back) == len(study.table(name))
        assert set(read_back["source"]) == {"simulated"}
        assert list(own["name"]) == list(study.table(name).columns)
    assert list(pd.read_csv(paths["runs"])["clash_days"]) == list(study.runs["clash_days"])


def test_plain_names_are_distinct_whatever_their_capitals() -> None:
    assert list(plain_names(["a.B", "A_b", "from", "2nd", "Ndélé", "--"]).values()) == [
        "a_B",
        "A_b_2",
        "from_control",
        "x2nd",
        "Ndélé",
        "column",
    ]


@pytest.mark.parametrize("log", LogName)
def test_means_by_unit_are_those_of_the_runs_made_again(study: Study, here: Path, log: LogName) -> None:
    table = pd.read_csv(export_study(study, Format.ADMIN2, log, by=Period.WEEK)[0], keep_default_na=False)
    name, scenario = "base", study.scenarios["base"]
    panel = panel_of(scenario, study.geography(), Period.WEEK)
    values = np.stack([run_values(panel, again(study, name, replicate), log) for replicate in range(3)])
    mine = table[table["scenario"] == name]
    means, lows, highs = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    cells = [cell for _, cell in panel.rows()]
    assert len(mine) == len(cells)
    assert mine["mean"].tolist() == pytest.approx([means[cell] for cell in cells], abs=1e-4)
    assert mine["low"].tolist() == [lows[cell] for cell in cells]
    assert mine["high"].tolist() == [highs[cell] for cell in cells]
    assert means[..., :1].sum() > 0
    assert (values[..., 12:].sum(axis=(1, 3)) == len(study.geography().places)).all()


def again(study: Study, name: str, replicate: int) -> Run:
    """Return one run of the study, simulated again."""
    row = study.runs[(study.runs["scenario"] == name) & (study.runs["replicate"] == replicate)].iloc[0]
    values = {key.removeprefix("input:"): float(row[key]) for key in row.index if key.startswith("input:")}
    values.pop("dummy", None)
    return Run.of(simulate(study.scenarios[name], study.geography(), int(row["seed"]), values), name)


def test_what_a_study_does_not_have_is_one_line(
    study: Study, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"ged has the events of one run; make one with `.* --scenario base"):
        export_study(study, Format.GED)
    assert main(["export", str(study.folder), "--format", "gpkg", "--date", "2018-10-29"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    tables = {name: columns for name, columns in study.manifest["tables"].items() if name not in ("events", "reported")}
    monkeypatch.setitem(study.manifest, "tables", tables)
    table = pd.read_csv(export_study(study, Format.ADMIN2)[0])
    assert table["variable"].str.startswith("towns_").all()
