"""Running studies: the same results however they are run; a run that fails, and a worker that dies, lose nothing else."""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from sim.errors import InputError
from sim.geography.maps import source_of
from sim.results.run import Run
from sim.study import runner, stored_parts
from sim.study.executors import in_parallel
from sim.study.manifest import MANIFEST
from sim.study.plan import one_command
from sim.study.runner import Progress, run_study
from sim.study.store import Study
from sim.study.worker import ChunkResult, OtherProgramError, RunTask, StudyContext, run_chunk
from tests.study import faulty
from tests.study.support import assert_same, small_plan, tables_of

ROOT = Path(__file__).resolve().parents[2]
REPLICATES = 6


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:  # one chunk, however slow the machine
        patch.setattr(runner, "CHUNK_SECONDS", 1e6)
        patch.setattr(runner, "LEAST_SECONDS", 1e6)
        return run_study(small_plan(REPLICATES), tmp_path_factory.mktemp("undisturbed"), workers=1)


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK_SECONDS", 1e-6)
    monkeypatch.setattr(runner, "LEAST_SECONDS", 1e-6)


def without(folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    bad = (runs["scenario"] == faulty.BAD[0]) & (runs["replicate"] == faulty.BAD[1])
    return runs[~bad].reset_index(drop=True)


def test_all_runs_are_there_once_and_matched(undisturbed: Path) -> None:
    study = Study.open(undisturbed)
    runs = study.runs
    assert len(runs) == study.planned == study.done == 2 * REPLICATES
    assert not study.partial
    assert runs["scenario"].tolist() == ["base", "other"] * REPLICATES
    assert runs["replicate"].tolist() == [number for number in range(REPLICATES) for _ in range(2)]
    assert (runs.groupby("replicate")["seed"].nunique() == 1).all()
    assert runs["seed"].nunique() == REPLICATES
    inputs = [name for name in runs if name.startswith("input:")]
    assert len(inputs) > 1
    assert (runs.groupby("replicate")[inputs].nunique(dropna=False) == 1).all().all()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_number_of_workers_and_the_cut_into_chunks_change_nothing(
    workers: int, undisturbed: Path, tmp_path: Path, short_chunks: None
) -> None:
    folder = run_study(small_plan(REPLICATES), tmp_path, workers=workers)
    assert len(Study.open(folder).parts) > len(Study.open(undisturbed).parts)
    assert_same(undisturbed, folder)


def test_a_run_that_fails_is_in_the_ledger_and_the_others_are_as_they_were(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "work", faulty.wrong_values)
    study = Study.open(run_study(small_plan(REPLICATES), tmp_path, workers=1))
    (failure,) = study.failures.to_dict("records")
    assert (failure["scenario"], failure["replicate"]) == faulty.BAD
    assert failure["stage"] == "simulating"
    assert "ValueError: no such input: no.such" in failure["error"]
    assert 'raise ValueError(f"no such input' in failure["traceback"]
    assert not study.partial
    assert study.done == 2 * REPLICATES - 1
    for name, table in tables_of(study.folder).items():
        pd.testing.assert_frame_equal(table, without(tmp_path, tables_of(undisturbed)[name]), check_exact=True)
    with (study.folder / "failures.csv").open(encoding="utf-8", newline="") as file:
        assert [row["command"] for row in csv.DictReader(file)] == [failure["command"]]


def test_a_chunk_that_fails_as_a_whole_is_done_run_by_run(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "work", faulty.spoiled)
    study = Study.open(run_study(small_plan(REPLICATES), tmp_path, workers=1))
    (failure,) = study.failures.to_dict("records")
    assert (failure["scenario"], failure["replicate"]) == faulty.BAD
    assert "no room for the tables" in failure["error"]
    expected = without(tmp_path, tables_of(undisturbed)["runs"])
    pd.testing.assert_frame_equal(tables_of(study.folder)["runs"], expected, check_exact=True)


def test_a_worker_that_dies_again_costs_one_run_and_the_study_goes_on(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "work", faulty.dies)
    folder = run_study(small_plan(REPLICATES), tmp_path, workers=2)
    study = Study.open(folder)
    (failure,) = study.failures.to_dict("records")
    assert (failure["scenario"], failure["replicate"]) == faulty.BAD
    assert failure["stage"] == stored_parts.DIED
    expected = without(tmp_path, tables_of(undisturbed)["runs"])
    pd.testing.assert_frame_equal(tables_of(folder)["runs"], expected, check_exact=True)
    monkeypatch.setattr(runner, "work", run_chunk)
    run_study(small_plan(REPLICATES), tmp_path, workers=1)  # a death may have been the machine's: tried again
    assert_same(undisturbed, folder)


def test_a_worker_that_dies_once_costs_nothing(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "work", partial(faulty.dies_once, tmp_path / "died"))
    folder = run_study(small_plan(REPLICATES), tmp_path / "out", workers=2)
    assert (tmp_path / "died").exists()
    assert_same(undisturbed, folder)


def test_a_machine_on_which_all_workers_die_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "work", faulty.dies_everywhere)
    monkeypatch.setattr(runner, "MOST_DEATHS", 1)
    with pytest.raises(InputError, match="workers died in 1 run one after the other; completed runs are kept"):
        run_study(small_plan(1), tmp_path, workers=2)


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_study_stopped_with_ctrl_c_goes_on(
    chunks: int, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_chunks: None
) -> None:
    calls = []

    def stopped(packed: bytes, tasks: list[RunTask]) -> ChunkResult:
        if len(calls) == chunks:
            raise KeyboardInterrupt
        calls.append(tasks)
        return run_chunk(packed, tasks)

    monkeypatch.setattr(runner, "work", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_study(small_plan(REPLICATES), tmp_path, workers=1)
    study = Study.open(tmp_path / "small")
    assert study.partial
    assert study.done == 2 * chunks
    assert len((study.folder / "runs.csv").read_text(encoding="utf-8").splitlines()) == 1 + study.done
    counts = study.runs["scenario"].value_counts()
    assert counts.get("base", 0) == counts.get("other", 0)
    monkeypatch.setattr(runner, "work", run_chunk)
    progress: list[Progress] = []
    assert_same(undisturbed, run_study(small_plan(REPLICATES), tmp_path, workers=1, report=progress.append))
    assert progress[0].done == 2 * chunks
    assert progress[-1].fresh == 2 * (REPLICATES - chunks)


def test_more_replicates_add_to_a_study(undisturbed: Path, tmp_path: Path) -> None:
    folder = run_study(small_plan(2), tmp_path, workers=1)
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("part-*")}
    assert_same(undisturbed, run_study(small_plan(REPLICATES), tmp_path, workers=1))
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert not Study.open(run_study(small_plan(3), tmp_path, workers=1)).partial  # fewer ask for nothing


def test_the_folder_of_another_study_is_refused(undisturbed: Path) -> None:
    before = (undisturbed / MANIFEST).read_bytes()
    with pytest.raises(InputError, match="holds another study, 'small': its seed, map"):
        run_study(small_plan(REPLICATES, seed=2), undisturbed.parent, workers=1)
    with pytest.raises(InputError, match="its design is halton"):
        run_study(small_plan(REPLICATES, design="fixed"), undisturbed.parent, workers=1)
    assert (undisturbed / MANIFEST).read_bytes() == before


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match=r"is not empty and holds no study \(letter.txt\)"):
        run_study(small_plan(1), tmp_path, workers=1)
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["letter.txt"]


def test_two_processes_do_not_run_one_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def second(packed: bytes, tasks: list[RunTask]) -> ChunkResult:
        with pytest.raises(InputError, match="another process is running this study"):
            run_study(small_plan(1), tmp_path, workers=1)
        return run_chunk(packed, tasks)

    monkeypatch.setattr(runner, "work", second)
    assert Study.open(run_study(small_plan(1), tmp_path, workers=1)).done == 2


def test_a_study_goes_on_until_it_is_precise_and_no_further(tmp_path: Path) -> None:
    plan = small_plan(4, headline=["peak_level", "towns_end.Lanterns", "holder"])
    folder = run_study(plan, tmp_path / "loose", workers=1, until_precise=0.4, most=40)
    study = Study.open(folder)
    found = study.manifest["precision"]
    assert found["reached"]
    assert 4 <= found["replicates"] < 40
    assert study.done == 2 * found["replicates"] == study.planned
    notes: list[Progress] = []
    folder = run_study(plan, tmp_path / "tight", workers=1, until_precise=1e-4, most=15, report=notes.append)
    assert Study.open(folder).done == 2 * 15
    looks = [note.note for note in notes if note.note]
    assert [look.split(" replicates ")[0] for look in looks] == ["after 4", "after 14", "after 15"]
    assert all(" in base is known to " in look or " in other is known to " in look for look in looks)
    assert all("not to 0.01 % as asked for" in look for look in looks)
    assert [look.rpartition("; ")[2] for look in looks[:2]] == [
        "going on to 14 replicates",
        "going on to 15 replicates",
    ]


def test_chosen_statistics_decide_in_place_of_the_headline(tmp_path: Path) -> None:
    plan = small_plan(3, headline=["towns_end.Lanterns"])
    folder = run_study(plan, tmp_path, workers=1, until_precise=1e-6, most=6, precise_on=["days"])
    assert (
        Study.open(folder).manifest["precision"]["replicates"] == 3
    )  # nothing to be known of a number that never varies


def test_a_study_that_is_never_precise_ends_at_the_highest_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "highest", lambda share, replicates: 6)
    plan = small_plan(3, headline=["peak_level", "towns_end.Lanterns"])
    study = Study.open(run_study(plan, tmp_path, workers=1, until_precise=1e-6))
    assert study.manifest["precision"] == {"asked": 1e-6, "most": 6, "reached": False, "replicates": 6}
    assert study.done == 12


def test_the_command_of_the_ledger_makes_the_same_run(undisturbed: Path, tmp_path: Path) -> None:
    study, plan = Study.open(undisturbed), small_plan(REPLICATES)
    job = plan.job("other", 4)
    assert any(value != round(value, 6) for value in job.values.values())  # floats with all their digits
    command = shlex.split(one_command("run", undisturbed, job.scenario, job.replicate))
    assert command[:2] == ["python", "run.py"]
    words = [sys.executable, str(ROOT / "run.py"), *command[2:], "--no-pictures", "--quiet", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    run = Run.open(done.stdout.strip())
    row = study.runs.query("scenario == 'other' and replicate == 4").iloc[0]
    for name, value in run.summary.items():
        assert pd.isna(row[name]) if value is None else row[name] == value, name
    daily = study.table("daily").query("scenario == 'other' and replicate == 4")
    for name in daily.columns[2:]:
        assert daily[name].tolist() == run.daily[name].tolist(), name
    assert json.loads((Path(done.stdout.strip()) / "manifest.json").read_text())["seed"] == job.seed


def test_workers_do_without_heavy_libraries(undisturbed: Path, tmp_path: Path) -> None:
    study, plan = Study.open(undisturbed), small_plan(1)
    from sim.engine.jit import source_hash
    from sim.study.manifest import layout

    kit = StudyContext(
        source_hash(),
        dict(study.scenarios),
        layout(study.scenarios, study.geography(), list(plan.inputs)),
        source_of(study.geography()),
    )
    job = plan.job("base", 0)
    (tmp_path / "kit").write_bytes(kit.packed())
    words = f"""
import sys, numba
numba.njit(lambda x: x + 1)(1)  # brings scipy.linalg, whatever is compiled
known = set(sys.modules)
from pathlib import Path
from sim.study.worker import RunTask, run_chunk
task = RunTask("base", 0, {job.seed}, {job.values!r}, {job.inputs!r})
done = run_chunk(Path({str(tmp_path / "kit")!r}).read_bytes(), [task])
assert done.failures == [] and done.tables["runs"]
print({{name.split(".")[0] for name in set(sys.modules) - known}} & {{"mesa", "pandas", "scipy", "matplotlib", "typer"}})
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_a_worker_of_another_version_stops_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(packed: bytes, tasks: list[RunTask]) -> ChunkResult:
        raise OtherProgramError("a worker has another version of the program")

    monkeypatch.setattr(runner, "work", other)
    with pytest.raises(InputError, match="a worker has another version of the program"):
        run_study(small_plan(1), tmp_path, workers=1)


def test_gaps_between_parts() -> None:
    ranges = [stored_parts.RunRange(2, 5), stored_parts.RunRange(8, 8)]
    assert list(stored_parts.gaps(ranges, 12)) == [
        stored_parts.RunRange(0, 1),
        stored_parts.RunRange(6, 7),
        stored_parts.RunRange(9, 11),
    ]
    assert list(stored_parts.gaps(ranges, 4)) == [stored_parts.RunRange(0, 1)]
    assert list(stored_parts.gaps(ranges, 7)) == [stored_parts.RunRange(0, 1), stored_parts.RunRange(6, 6)]
    assert list(stored_parts.gaps([], 0)) == []


def test_what_processes_that_died_leave_undone_is_done_here() -> None:
    here = os.getpid()
    assert list(in_parallel(faulty.only_in, here, [3, 1, 2], 2, "sim.errors")) == [3, 1, 2]


def test_work_in_processes_comes_in_order_and_has_the_value() -> None:
    assert list(in_parallel(pow, 2, [5, 3, 4], 2, "sim.errors")) == [32, 8, 16]
    assert list(in_parallel(pow, 2, [5, 3, 4], 1, "sim.errors")) == [32, 8, 16]
