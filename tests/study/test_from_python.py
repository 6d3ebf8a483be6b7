"""Studies from Python: the same runs as `run.py batch` makes, from names, files, objects and study files."""

from __future__ import annotations

import re
import sys
from multiprocessing.spawn import get_preparation_data
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import sim
from sim.errors import InputError
from sim.scenario.load import load_scenario
from sim.study import progress
from sim.study.batch import _script_not_imported
from sim.study.runner import Progress, run_study
from tests.study.support import DAYS, assert_same, small_plan

SETS = {"days": DAYS, "rules.spread.call_to_arms_share": 0.9}
QUIET: dict[str, Any] = {"workers": 1, "progress": False}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_study(small_plan(2), tmp_path_factory.mktemp("reference"), workers=1)


def test_files_and_objects_give_the_runs_of_the_same_study_file(reference: Path, tmp_path: Path) -> None:
    changed = load_scenario("two_valleys", [f"{key}={value}" for key, value in SETS.items()])
    base = {"file": Path("two_valleys"), "set": {"days": DAYS}}
    study = sim.batch({"base": base, "other": changed}, name="small", replicates=2, out=tmp_path, **QUIET)
    assert study.folder == tmp_path / "small"
    assert_same(study.folder, reference)


def test_a_notebook_shows_a_study_as_a_table_of_means(reference: Path) -> None:
    study = sim.Study.open(reference)
    page = study._repr_html_()
    assert "SIMULATED" in page
    mean = study.runs.groupby("scenario", sort=False)["clash_days"].mean()
    assert "clash_days" in study.definition.headline
    cells = re.findall(r">([^<>]+)</td>", page.split("days with clashes")[1].split("</tr>")[0])
    assert [float(cell) for cell in cells] == pytest.approx(mean.tolist(), rel=0.01)


def test_a_study_file_is_run_as_it_says_and_goes_on(reference: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_bytes((reference / "study.yaml").read_bytes())
    (tmp_path / "scenarios").symlink_to(reference / "scenarios")
    assert sim.batch(file, replicates=1, out=tmp_path, **QUIET).done == 2
    study = sim.batch(file, out=tmp_path, **QUIET)
    assert study.done == 4
    assert_same(study.folder, reference)
    made = study.folder / "tables" / "runs"
    before = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    sim.batch(file, out=tmp_path, **QUIET)
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == before


@pytest.mark.parametrize(
    ("scenarios", "keys", "words"),
    [
        ((), {}, "needs a scenario"),
        (("two_valleys", "two_valleys"), {}, "two_valleys"),
        (("two_valleys",), {"replicats": 3}, "replicates"),
        (("two_valleys",), {"replicates": 0}, "out of range"),
        (({"a": {"file": "two_valleys", "sets": {}}},), {}, "set"),
        (("ceasefire_policies",), {"design": "fixed"}, "only replicates and seed"),
        (("no_such",), {}, "no such file"),
        (("two_valleys",), {"headline": ["clash_day"]}, "clash_days"),
    ],
)
def test_what_is_wrong_is_named(scenarios: tuple[Any, ...], keys: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        sim.batch(*scenarios, out=tmp_path, **QUIET, **keys)
    assert not list(tmp_path.iterdir())


def test_a_scenario_in_memory_runs_as_its_file_does() -> None:
    events = sim.simulate(load_scenario("two_valleys", ["days=20"]), seed=3).events
    assert events.equals(sim.simulate("two_valleys", seed=3, sets=["days=20"]).events)


def test_workers_do_not_import_the_script_that_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    script = ModuleType("__main__")
    script.__file__ = "/somewhere/script.py"
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert get_preparation_data("worker")["init_main_from_path"] == script.__file__
    with _script_not_imported():
        assert not [key for key in get_preparation_data("worker") if key.startswith("init_main")]
    assert sys.modules["__main__"] is script


def test_a_notebook_has_one_output_that_ends_without_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    display = ModuleType("IPython.display")
    display.display = lambda output, **_: (
        shown.append(output)
        or SimpleNamespace(  # type: ignore[attr-defined]
            update=lambda output, **_: shown.append(output)
        )
    )
    notebook = ModuleType("IPython")
    notebook.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    with progress.batch_progress() as report:
        report(Progress(0, 0, 4, 0, 0.0, "a <note>"))
        report(Progress(4, 0, 4, 4, 1.0))
    assert "<progress" in shown[1]["text/html"]
    assert "&lt;note&gt;" in shown[-1]["text/html"]
    assert shown[-1]["text/plain"].startswith("4 of 4 runs")
    assert "<progress" not in shown[-1]["text/html"]
