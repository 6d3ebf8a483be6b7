"""A run and a study carry the map they ran on: they are read, checked and made again without that map being installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import sim
from sim.cli.main import main
from sim.errors import InputError
from sim.results.branch import branch
from sim.results.verify import verify_run
from sim.results.write import write
from sim.study.store import Study

SHIPPED = Path(sim.__file__).resolve().parents[1] / "scenarios"


def _install(root: Path, name: str, first_town: str = "") -> None:
    """Put a copy of the map of two valleys under another name; `first_town` takes the place of its first town's name."""
    folder = Path(shutil.copytree(SHIPPED / "maps" / "two_valleys", root / name))
    if first_town:
        old = (folder / "towns.csv").read_text(encoding="utf-8").splitlines()[1].partition(",")[0]
        for path in folder.glob("*.csv"):
            path.write_text(path.read_text(encoding="utf-8").replace(old, first_town), encoding="utf-8")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and a study on a map `lakes`, which was installed when they were made."""
    out = tmp_path_factory.mktemp("carried")
    _install(out / "maps", "lakes")
    text = (SHIPPED / "two_valleys.yaml").read_text(encoding="utf-8").replace("map: two_valleys", "map: lakes")
    text = text.replace("days: 180", "days: 40")
    (out / "by_the_lakes.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.geography.maps.map_folders", lambda: [out / "maps"])
        write(sim.simulate(out / "by_the_lakes.yaml", 4), out)
        words = ["--replicates", "2", "--workers", "1", "--out", str(out)]
        assert main(["batch", str(out / "by_the_lakes.yaml"), *words]) == 0
    return out


@pytest.fixture(params=["none", "another of its name"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the map, or with other towns under its name."""
    (tmp_path / "maps").mkdir()
    if request.param != "none":
        _install(tmp_path / "maps", "lakes", "Elsewhere")
    monkeypatch.setattr("sim.geography.maps.map_folders", lambda: [tmp_path / "maps"])


@pytest.mark.usefixtures("elsewhere")
def test_a_run_is_read_verified_repeated_and_branched_on_its_own_map(results: Path) -> None:
    folder = results / "by_the_lakes-seed4"
    run = sim.Run.open(folder)
    assert "Elsewhere" not in [town.name for town in run.geography.places]
    assert verify_run(folder).same
    assert sim.simulate(folder / "scenario.yaml", 4).events.equals(sim.Run.open(folder).events)
    assert branch(folder, 20, ["rules.spread.enabled=false"]).geography.folder == run.geography.folder


@pytest.mark.usefixtures("elsewhere")
def test_a_study_is_verified_and_goes_on_with_its_own_map(results: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results / "by_the_lakes", tmp_path / "by_the_lakes"))
    assert Study.open(folder).geography().folder == folder / "map" / "lakes"
    assert main(["verify", str(folder)]) == 0
    assert main(["batch", str(folder), "--replicates", "3", "--workers", "1", "--out", str(tmp_path)]) == 0
    assert Study.open(folder).done == 3


@pytest.mark.usefixtures("elsewhere")
def test_scenarios_on_two_maps_of_one_name_are_not_compared(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = (tmp_path / "maps" / "lakes").is_dir()
    words = ["batch", str(results / "by_the_lakes.yaml"), str(results / "by_the_lakes-seed4" / "scenario.yaml")]
    assert main([*words, "--plan", "--out", str(tmp_path)]) == 2
    words_of_fault = "is on another map of the name lakes" if installed else "the map 'lakes' is not here"
    assert words_of_fault in capsys.readouterr().err


def test_an_older_run_on_a_map_that_is_not_here_is_reported_in_a_line(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(results / "by_the_lakes-seed4", tmp_path / "older"))
    shutil.rmtree(folder / "map")
    with pytest.raises(InputError, match="was run on the map 'lakes', which is neither here nor in this folder"):
        sim.Run.open(folder)
    monkeypatch.setattr("sim.geography.maps.map_folders", lambda: [results / "maps"])
    assert sim.Run.open(folder).geography.name == "lakes"


def test_an_edited_map_is_named_by_verify(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("by_the_lakes-seed4", "by_the_lakes"):
        folder = Path(shutil.copytree(results / name, tmp_path / name))
        towns = folder / "map" / "lakes" / "towns.csv"
        towns.write_text(towns.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert main(["verify", str(folder)]) == 1
        assert "map/lakes/towns.csv was edited" in " ".join(capsys.readouterr().out.split())
