"""What is taken away is what a run on disk holds: byte for byte when finished, a correct part of it before."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from sim.cli.main import main
from sim.model import ConflictModel
from sim.pages.history import History, follow, start_history
from sim.results.run import Run
from sim.viewer.downloads import daily_csv, events_csv, file_name, map_png, scenario_yaml
from tests.viewer.test_snapshot import LIVELY, followed

SEED, DAY = 5, 47


@pytest.fixture(scope="module")
def watched() -> tuple[ConflictModel, History]:
    return followed("two_valleys", SEED, LIVELY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("outputs")
    words = ["run", "scenarios/two_valleys.yaml", "--seed", str(SEED), "--out", str(out), "--no-pictures", "--quiet"]
    assert main([*words, *(part for change in LIVELY for part in ("--set", change))]) == 0
    return next(out.iterdir())


def test_a_finished_run_gives_the_files_of_run(watched: tuple[ConflictModel, History], folder: Path) -> None:
    assert events_csv(*watched) == (folder / "events.csv").read_bytes()
    assert daily_csv(*watched) == (folder / "daily.csv").read_bytes()


def test_a_run_under_way_gives_its_days(watched: tuple[ConflictModel, History]) -> None:
    model = ConflictModel("two_valleys", rng=SEED, sets=LIVELY)
    history = start_history(model.simulation)
    for _ in range(DAY):
        model.step()
        follow(model.simulation, history)
    for make in (events_csv, daily_csv):
        part, whole = make(model, history), make(*watched)
        assert whole.startswith(part)
        assert len(part) < len(whole)
        assert make(*watched, DAY) == part
    assert daily_csv(model, history).count(b"\n") == 1 + DAY + 1
    assert events_csv(model, history).count(b"\n") == 1 + sum(line.day < DAY for line in watched[1].lines)
    assert events_csv(model, history, 0).count(b"\n") == 1


def test_the_scenario_runs_to_the_same_events(
    watched: tuple[ConflictModel, History], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "changed.yaml"
    file.write_bytes(scenario_yaml(watched[0]))
    note = file.read_text(encoding="utf-8").splitlines()[0]
    assert note.endswith(f"--seed {SEED}")
    assert main(["run", str(file), "--seed", str(SEED), "--out", str(tmp_path / "o"), "--no-pictures", "--quiet"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder / "events.csv").read_bytes() == events_csv(*watched)


def test_the_map_is_that_of_the_finished_run(watched: tuple[ConflictModel, History]) -> None:
    from sim.plots.map.sheets import Atlas, control_map
    from sim.plots.style import png_bytes

    model, history = watched
    png = map_png(model, history, DAY)
    run = Run.of(model.simulation.result(), "two_valleys")
    assert png == png_bytes(control_map(run, DAY, atlas=Atlas.of(run, history.snapshots)))
    with Image.open(io.BytesIO(png)) as picture:
        assert "SIMULATED" in picture.info["Title"]


def test_downloads_are_named_by_scenario_seed_and_day(watched: tuple[ConflictModel, History]) -> None:
    assert file_name(watched[0], "events", "csv") == "two_valleys-seed5-events.csv"
    assert file_name(watched[0], "map", "png", 7) == "two_valleys-seed5-map-day007.png"
