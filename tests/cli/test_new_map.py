"""`run.py new-map`: from a list of towns to a map and a scenario that check and run; whole or not at all."""

from __future__ import annotations

import errno
import os
import shlex
import unicodedata
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.engine.simulation import simulate
from sim.geography import load_map
from sim.scenario.load import load_scenario

TOWNS = """\
name,lat,lon,holder
Alder Cross,52.10,-30.10,"O'Neill's: ""men"" #1"
Birch Hollow,52.18,-29.95,yes
Cold Well,52.05,-29.88,yes;South Band
Dunmere,51.95,-30.05,South Band
Far Landing,52.02,-29.60,
""".replace('""', "")


@pytest.fixture(autouse=True)
def scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scenarios that may be written to, and the list of towns beside it."""
    folder = tmp_path / "scenarios"
    (folder / "maps").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "towns.csv").write_text(TOWNS, encoding="utf-8")
    return folder


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_list_of_towns_becomes_a_map_and_a_scenario_that_runs(
    scenarios: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-map", "towns.csv", "lakes", "--title", "Lakes: a #1 map", "--start", "2019-05-01"]) == 0
    said = capsys.readouterr().out
    for word in ("Roads:", "Extent:", "Cells:", "People:", "Fighters:", "python run.py check"):
        assert word in said
    maps = {
        f"maps/lakes/{name}"
        for name in ("towns.csv", "roads.csv", "control.csv", "map.csv", "data_issues.md", "start.png")
    }
    assert _files(scenarios) == {"lakes.yaml", *maps}
    geography = load_map(scenarios / "maps" / "lakes")
    scenario = load_scenario(scenarios / "lakes.yaml")
    assert (scenario.title, scenario.start.isoformat(), scenario.map) == ("Lakes: a #1 map", "2019-05-01", "lakes")
    assert set(scenario.factions) == {"O'Neill's: men #1", "yes", "South Band"}
    fights = [simulate(scenario, geography, seed).daily.theatre["clashes"].any() for seed in range(8)]
    assert any(fights)


@pytest.mark.parametrize("taken", ["maps/lakes", "lakes.yaml"])
def test_nothing_is_overwritten(taken: str, scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scenarios / taken).mkdir()
    assert main(["new-map", "towns.csv", "lakes"]) == 2
    assert "exists; nothing is overwritten" in capsys.readouterr().err
    assert _files(scenarios) == set()


@pytest.mark.parametrize("name", ["../lakes", "my lakes", "", ".hidden", "a/b", "x" * 50])
def test_a_map_needs_a_plain_name(name: str, scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-map", "towns.csv", name]) == 2
    assert "is no name for a map" in capsys.readouterr().err
    assert _files(scenarios) == set()


def test_all_faults_of_the_list_are_said_and_nothing_is_written(
    scenarios: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("towns.csv").write_text(TOWNS.replace("52.10", "up").replace("-29.60", "999"), encoding="utf-8")
    assert main(["new-map", "towns.csv", "lakes"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert _files(scenarios) == set()


def test_a_failure_half_way_leaves_nothing(scenarios: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sim.plots.style.png_bytes", fail)
    assert main(["new-map", "towns.csv", "lakes"]) == 1
    assert [path for path in scenarios.rglob("*") if path != scenarios / "maps"] == []


@pytest.mark.parametrize(
    "name", ["خريطة_أولى", "हिन्दी", "မန္တလေး", "東京", "\u00c9lys\u00e9e", "E\N{COMBINING ACUTE ACCENT}lys"]
)
def test_a_map_may_be_named_in_any_script(name: str, scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands that follow are quoted for the shell."""
    composed = unicodedata.normalize("NFC", name)
    assert main(["new-map", "towns.csv", name]) == 0
    following = capsys.readouterr().out.partition("next: ")[2].splitlines()
    assert [shlex.split(line)[-1] for line in following[:1]] == [f"scenarios/{composed}.yaml"]
    assert shlex.split(following[1])[2:] == [f"scenarios/{composed}.yaml", "--seed", "1"]
    assert load_scenario(scenarios / f"{composed}.yaml").map == composed
    assert load_map(composed, scenarios / "maps").title == composed.replace("_", " ")


@pytest.mark.parametrize(
    "name", ["CON", "nul", "Com1", "lpt9", "=x", "1a", "a\n", "a\u202eb", "\N{GRINNING FACE}", "မ" * 40]
)
def test_a_name_that_no_file_should_have_is_refused(
    name: str, scenarios: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-map", "towns.csv", name]) == 2
    assert "is no name for a map" in capsys.readouterr().err
    assert _files(scenarios) == set()


@pytest.mark.parametrize("name", ["two_valleys", "greater_idlib"])
def test_the_name_of_a_map_of_the_program_is_refused(
    name: str, scenarios: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-map", "towns.csv", name]) == 2
    assert capsys.readouterr().err == f"NAME: {name!r} comes with the program; choose another\n"
    assert _files(scenarios) == set()


def _list(*rows: str) -> None:
    Path("towns.csv").write_text("\n".join(["name,lat,lon,holder", *rows]) + "\n", encoding="utf-8")


def test_faults_of_the_files_made_are_faults_of_the_list(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two codes would share a column of daily.csv; fifty towns do not fit on cells of 50 m."""
    crowd = [f"T{n},10.0{n % 7:04d},10.0{n // 7:04d},Y" for n in range(3000)]
    for rows, line, key in (
        (("Aa,36.1,36.5,A", "", "Bb,36.2,36.6,B_C", "Cc,36.15,36.8,A_B", "Dd,36.3,36.5,C"), 6, "holder"),
        (crowd[:200], None, "lat, lon"),
    ):
        _list(*rows)
        assert main(["new-map", "towns.csv", "lakes"]) == 2
        err = capsys.readouterr().err
        assert ".part-" not in err
        assert err.startswith(f"towns.csv:{line}: {key}: " if line else "towns.csv:")
        assert f": {key}: " in err
        assert _files(scenarios) == set()


def test_letters_that_the_font_lacks_are_named_in_one_line(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _list("မန္တလေး,21.97,96.08,A", "አዲስ,22.1,96.2,B", "東京,22.05,96.3,B")
    assert main(["new-map", "towns.csv", "letters"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    for word in ("မန္တလေး", "አዲስ", "東京", "DejaVu Sans", "`label` in towns.csv"):
        assert word in line
    assert "factions" not in line


def test_labels_and_letters_that_the_font_has_need_no_line(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("towns.csv").write_text(
        "name,label,lat,lon,holder\nမန္တလေး,Mandalay,21.97,96.08,A\nالقاهرة,,22.1,96.2,Ωβγ\nКиїв,,22.05,96.3,Ωβγ\n",
        encoding="utf-8",
    )
    assert main(["new-map", "towns.csv", "letters"]) == 0
    assert capsys.readouterr().err == ""


def test_names_of_sides_are_among_the_letters_named(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _list("Aa,21.97,96.08,အမည်", "Bb,22.1,96.2,B")
    assert main(["new-map", "towns.csv", "letters", "--title", "東京"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "အမည်" in line
    assert "東京" in line
    assert "names of factions, groups and titles" in line
