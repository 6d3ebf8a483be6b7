"""The folder of a study: what is in its tables, what is refused, and that others can read it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.engine.simulation import simulate
from sim.errors import InputError
from sim.files import pack, write_whole
from sim.geography.maps import load_map
from sim.results.manifest import MANIFEST
from sim.results.run import Run
from sim.statistics.causes import cause_rows, row_of
from sim.study import runner
from sim.study.manifest import FRACTIONS, KEY, SCHEMA_VERSION
from sim.study.plan import Plan
from sim.study.runner import run_study
from sim.study.status import status_lines
from sim.study.store import Study, write_csv
from sim.study.stored_parts import RunRange, parquet, tidy
from sim.study.worker import path_of
from tests.study import faulty
from tests.study.support import DAYS, small_plan

ROOT = Path(__file__).resolve().parents[2]
REPLICATES = 5
KEPT = {"keep": ["events", "reported"], "control_days": [0, 7]}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan(REPLICATES, **KEPT)


@pytest.fixture(scope="module")
def study(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.open(run_study(plan, tmp_path_factory.mktemp("store"), workers=1))


@pytest.fixture(scope="module")
def runs(plan: Plan) -> dict[tuple[str, int], Run]:
    """Return the same runs as single ones."""
    found = {}
    for job in plan.jobs():
        scenario = plan.scenarios[job.scenario].scenario
        found[job.scenario, job.replicate] = Run.of(simulate(scenario, load_map(scenario.map), job.seed, job.values))
    return found


@pytest.fixture
def copy(study: Study, tmp_path: Path) -> Path:
    return Path(shutil.copytree(study.folder, tmp_path / study.folder.name))


def rows_of(frame: pd.DataFrame, scenario: str, replicate: int) -> pd.DataFrame:
    return frame[(frame["scenario"] == scenario) & (frame["replicate"] == replicate)]


def test_runs_have_the_summaries_of_single_runs(study: Study, runs: dict[tuple[str, int], Run], plan: Plan) -> None:
    assert len(study.runs) == len(runs)
    for row in study.runs.to_dict("records"):
        summary = runs[row["scenario"], row["replicate"]].summary
        for name, value in summary.items():
            assert pd.isna(row[name]) if value is None else row[name] == value, name
        job = plan.job(row["scenario"], row["replicate"])
        assert row["seed"] == job.seed
        assert {name[6:]: row[name] for name in row if name.startswith("input:")} == job.inputs
        assert row["seconds"] > 0
    whole = [name for name, kind in study.manifest["tables"]["runs"].items() if kind == "int"]
    assert not {name for name in FRACTIONS if name in whole}
    assert set(FRACTIONS) < set(study.runs)


@pytest.mark.parametrize(
    ("table", "file"), [("daily", "daily"), ("agreements", "agreements"), ("events", "events"), ("reported", "events_reported")]
)  # fmt: skip
def test_tables_are_those_of_single_runs(table: str, file: str, study: Study, runs: dict[tuple[str, int], Run]) -> None:
    frame = study.table(table)
    for (scenario, replicate), run in runs.items():
        part = rows_of(frame, scenario, replicate)
        single: pd.DataFrame = getattr(run, file)
        assert len(part) == len(single)
        for name in part.columns.difference([*KEY, "broken_by_faction", "cause_kind"]):
            one, other = part[name].tolist(), single[name].tolist()
            assert [pd.isna(x) for x in one] == [pd.isna(x) for x in other], name
            assert [x for x in one if not pd.isna(x)] == [x for x in other if not pd.isna(x)], name
        if table != "daily":
            assert set(single.columns) <= set(part.columns)


def test_agreements_say_which_faction_broke_them_and_what_ended_them(
    study: Study, runs: dict[tuple[str, int], Run]
) -> None:
    ended = 0
    for row in study.agreements.to_dict("records"):
        run = runs[row["scenario"], row["replicate"]]
        kind = dict(zip(run.events["event_id"], run.events["kind"], strict=True))
        assert row["cause_kind"] == kind.get(row["cause_id"], "")
        owner = [f.code or name for name, f in run.scenario.factions.items() if row["broken_by"] in f.groups]
        assert row["broken_by_faction"] == (owner[0] if owner else "")
        ended += row["cause_kind"] != ""
    assert ended > 0


def test_control_is_kept_on_the_chosen_mornings_and_the_last(study: Study, runs: dict[tuple[str, int], Run]) -> None:
    for (scenario, replicate), run in runs.items():
        part = rows_of(study.control, scenario, replicate)
        wide = part.pivot_table(index="day", columns="town", values="code", aggfunc="first")
        assert wide.index.tolist() == [0, 7, DAYS]
        single = run.control_daily.set_index("day").drop(columns="date").loc[[0, 7, DAYS]]
        assert (wide[single.columns].to_numpy() == single.to_numpy()).all()


def test_changes_have_the_path_of_causes(study: Study, runs: dict[tuple[str, int], Run]) -> None:
    paths = 0
    for (scenario, replicate), run in runs.items():
        part = rows_of(study.changes, scenario, replicate)
        assert part["town"].tolist() == run.control_changes["town"].tolist()
        for path, event_id in zip(part["path"], run.control_changes["event_id"], strict=True):
            rows = cause_rows(run.events, row_of(run.events, event_id))[::-1] if event_id else []
            kinds = [str(run.events["kind"].iloc[row]) for row in rows]
            assert path == " > ".join(kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind)
            paths += " > " in path
    assert paths > 0


def test_first_clashes_are_those_of_the_events_and_agree_with_the_summary(study: Study) -> None:
    first = study.first_clashes.groupby(["scenario", "replicate"], observed=True)["day"].agg(["size", "min"])
    runs = study.runs.set_index(["scenario", "replicate"])
    both = runs.join(first)
    assert (both["size"].fillna(0) == both["places_reached"]).all()
    assert (both["min"].fillna(-1) == pd.to_numeric(both["first_clash_day"]).fillna(-1)).all()
    assert both["places_reached"].sum() > 0


def test_a_path_says_the_same_kind_in_a_row_once() -> None:
    assert path_of(4, [-1, 0, 1, 2, 3], ["demand", "clash", "clash", "clash", "capture"]) == "demand > clash > capture"
    assert path_of(-1, [], []) == ""


def test_what_does_not_fit_a_column_is_an_error_not_another_number() -> None:
    with pytest.raises(OverflowError, match="does not fit"):
        parquet({**KEY, "n": "small"}, [("a", 0)], [{"n": np.array([2**40])}])
    with pytest.raises(TypeError, match="float64 in a column of int"):
        parquet({**KEY, "n": "int"}, [("a", 0)], [{"n": [0.5]}])


def test_columns_of_other_scenarios_are_null() -> None:
    import io

    kinds = {**KEY, "n": "small", "x": "float", "word": "text", "on": "date"}
    one = {"n": np.array([2**31 - 1, -7]), "x": np.array([0.1, np.nan]), "word": np.array(["Ḥamra", ""], object)}
    on = {"on": np.array(["2018-10-29", "NaT"], "datetime64[D]")}
    raw = parquet(kinds, [("a", 1), ("b", 2)], [{**one, **on}, {"n": np.array([5])}])  # type: ignore[arg-type]
    frame = pd.read_parquet(io.BytesIO(raw))
    assert frame["scenario"].tolist() == ["a", "a", "b"]
    assert frame["replicate"].tolist() == [1, 1, 2]
    assert frame["n"].tolist() == [2**31 - 1, -7, 5]
    assert frame["x"].isna().tolist() == [False, True, True]
    assert frame["x"][0] == 0.1
    assert frame["word"].tolist()[:2] == ["Ḥamra", ""]
    assert frame["word"].isna().tolist() == [False, False, True]  # None, or NaN from pandas 3 on
    assert frame["on"].isna().tolist() == [False, True, True]


def test_floats_are_exact(study: Study) -> None:
    with (study.folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    name = next(name for name in study.runs if name.startswith("input:") and name != "input:dummy")
    assert [float(row[name]) for row in rows] == study.runs[name].tolist()
    assert [int(row["seed"]) for row in rows] == study.runs["seed"].tolist()


def test_what_is_no_study_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not the folder of a study: it has no manifest.json"):
        Study.open(tmp_path / "nothing")
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    (copy / MANIFEST).write_text(json.dumps({**manifest, "schema_version": 99}), encoding="utf-8")
    with pytest.raises(
        InputError, match=f"schema_version: is 99; this program reads {SCHEMA_VERSION}: run the study again"
    ):
        Study.open(copy)
    (copy / MANIFEST).write_text(json.dumps({**manifest, "kind": "run"}), encoding="utf-8")
    with pytest.raises(InputError, match="it may be that of a single run"):
        Study.open(copy)
    (copy / MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        Study.open(copy)


def test_a_table_or_column_that_is_not_there_is_said(study: Study, copy: Path) -> None:
    with pytest.raises(InputError, match=r"nothing: is not kept by this study; it has runs, daily"):
        study.table("nothing")
    with pytest.raises(InputError, match=r"daily.clashs: there is no such column"):
        study.daily(["clashs"])
    assert list(study.daily(["clashes"])) == ["scenario", "replicate", "day", "clashes"]
    broken = Study.open(copy)
    (copy / "tables" / "daily" / f"{broken.parts[0].name}.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        broken.daily(["clashes"])


def test_files_of_parts_that_are_not_there_are_passed_over_and_removed(copy: Path) -> None:
    before = len(Study.open(copy).table("daily"))
    part = next((copy / "tables" / "daily").glob("part-*"))
    stray = part.with_name(f"{RunRange(900, 901).name}.parquet")
    shutil.copy(part, stray)
    draft = part.with_name(f".{part.name}.draft")
    draft.write_bytes(b"half")
    assert len(Study.open(copy).table("daily")) == before
    tidy(copy)
    assert not stray.exists()
    assert not draft.exists()
    assert len(Study.open(copy).table("daily")) == before


def test_drafts_of_a_study_are_removed_and_files_of_others_are_not(copy: Path) -> None:
    drafts = [copy / ".study.yaml.999999.draft", copy / "scenarios" / ".base.yaml.999999.draft"]
    own = copy / "notes" / ".chapter.draft"
    own.parent.mkdir()
    for path in (*drafts, own):
        path.write_bytes(b"half")
    tidy(copy)
    assert not any(path.exists() for path in drafts)
    assert own.exists()


def test_a_part_that_a_power_cut_took_from_one_table_is_not_there(copy: Path) -> None:
    before = Study.open(copy)
    lost = before.parts[-1]
    (copy / "tables" / "daily" / f"{lost.name}.parquet").unlink()
    after = Study.open(copy)
    assert after.parts == before.parts[:-1]
    assert after.partial
    tidy(copy)
    assert not list((copy / "tables").rglob(f"{lost.name}*"))


def test_a_csv_that_cannot_be_replaced_takes_another_name(copy: Path) -> None:
    content = (copy / "runs.csv").read_bytes()
    (copy / "runs.csv").unlink()
    (copy / "runs.csv").mkdir()  # cannot be replaced by a file, as one that another program holds open elsewhere
    (note,) = write_csv(Study.open(copy))
    assert re.fullmatch(r"runs.csv could not be written \(.+\); it is in runs-2.csv instead\.", note)
    assert (copy / "runs-2.csv").read_bytes() == content
    (copy / "runs-2.csv").write_text("mine", encoding="utf-8")
    write_csv(Study.open(copy))
    assert (copy / "runs-2.csv").read_text(encoding="utf-8") == "mine"
    assert (copy / "runs-3.csv").read_bytes() == content


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "name", b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_status_says_what_is_done_what_failed_and_how_to_go_on(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = "\n".join(status_lines(study))
    assert f"small: 10 runs of 10 are done: base {REPLICATES}, other {REPLICATES}." in done
    assert "All is done. Next: python run.py compare" in done
    monkeypatch.setattr(runner, "work", faulty.wrong_values)
    folder = run_study(small_plan(REPLICATES), tmp_path, workers=1)
    file = next((folder / "tables" / "runs").glob("part-*"))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**manifest, "planned": 14}), encoding="utf-8")
    said = "\n".join(status_lines(Study.open(folder)))
    assert "1 run failed; all are in failures.csv and in ledger/." in said
    assert "1 run while simulating: ValueError: no such input: no.such" in said
    assert f"to see it again: python run.py run {folder} --scenario other --replicate 3" in said
    assert f"4 runs are missing. To go on: python run.py batch {folder}" in said
    assert file.exists()


def test_pack_makes_one_file_and_overwrites_nothing(copy: Path, tmp_path: Path) -> None:
    first, second = pack(copy, tmp_path / "out"), pack(copy, tmp_path / "out")
    assert (first.name, second.name) == ("small.zip", "small-2.zip")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["small-2.zip", "small.zip"]
    with zipfile.ZipFile(first) as file:
        assert not [name for name in file.namelist() if "/." in name]
        assert file.testzip() is None
        file.extractall(tmp_path / "unpacked")
    pd.testing.assert_frame_equal(Study.open(tmp_path / "unpacked" / "small").runs, Study.open(copy).runs)


def _lines() -> dict[str, tuple[str, str]]:
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    return {
        name: (language, code)
        for name, language, code in re.findall(r"<!-- test: (\w+) -->\n```(\w+)\n(.*?)```", page, re.DOTALL)
    }


@pytest.mark.parametrize("name", ["pandas", "polars", "duckdb", "R"])
def test_the_lines_of_the_page_read_a_study(name: str, study: Study) -> None:
    language, code = _lines()[name]
    if language == "r":
        if shutil.which("Rscript") is None:
            pytest.skip("THE LINE FOR R WAS NOT TRIED: R is not installed")
        words = ["Rscript", "-e", code]
    else:
        if find_spec(name) is None:
            pytest.skip(f"THE LINE FOR {name.upper()} WAS NOT TRIED: it is not installed")
        words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=study.folder, capture_output=True, text=True, check=True, timeout=120)
    for scenario, mean in study.runs.groupby("scenario")["clash_days"].mean().items():
        assert re.search(rf"{scenario}\D+{mean:g}", done.stdout), done.stdout
