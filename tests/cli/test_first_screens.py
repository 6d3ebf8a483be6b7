"""What a path is, `run.py` alone, and what is said before slow work begins."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sim.cli.home import home
from sim.cli.main import main
from sim.files import pack
from sim.results.columns import SCHEMA_VERSION
from sim.results.manifest import Kind, kind_of
from sim.results.run import Run
from sim.results.write import sole_writer, write
from sim.study.manifest import SCHEMA_VERSION as STUDY_SCHEMA
from sim.viewer.scenario_form import choices
from tests.cli.support import KAFR_HAMRA, ROOT, Command
from tests.results import small_result

STUDY_FILE = "scenarios:\n  a: two_valleys\nreplicates: 2\n"
CALIBRATION_FILE = "scenario: two_valleys\nfitted: {}\n"
PATHS = {
    "run": Kind.RUN,
    "study": Kind.STUDY,
    "calibration": Kind.CALIBRATION,
    "run/compare": Kind.RESULTS,
    "run.zip": Kind.PACK,
    "plain.zip": Kind.FILE,
    "empty": Kind.FOLDER,
    "torn": Kind.DAMAGED,
    "study.yaml": Kind.STUDY_FILE,
    "calibration.yml": Kind.CALIBRATION_FILE,
    "questions.yaml": Kind.QUESTION_FILE,
    "claims.yaml": Kind.CLAIM_FILE,
    "scenario.yaml": Kind.SCENARIO_FILE,
    "letter.txt": Kind.FILE,
    "nothing": Kind.MISSING,
}
RUN_COMMANDS = {"events": [], "branch": ["--day", "2"]}
STUDY_COMMANDS = {"status": [], "score": ["--observed", "."], "hindcast": ["--observed", "x.csv"]}
BOTH = {
    "export": ["--format", "ged"],
    "compare": [],
    "why": ["Sarmin"],
    "figure": [],
    "verify": [],
    "patterns": [],
    "pack": [],
}
FILE_COMMANDS = {"run": [], "watch": [], "batch": [], "calibrate": [], "check": [], "show": [], "ablate": []}


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one path of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    write(Run.of(small_result.result(), "run"), folder).rename(folder / "run")
    (folder / "run" / "compare").mkdir()
    (folder / "run" / "compare" / "comparison.json").write_text("{}")
    pack(folder / "run", folder)
    for name, manifest in (
        ("study", {"kind": "study", "schema_version": STUDY_SCHEMA, "scenarios": {"a b": ""}}),
        ("calibration", {"kind": "calibration", "name": "calibrate_2018_02"}),
    ):
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text(json.dumps(manifest))
    (folder / "empty").mkdir()
    (folder / "torn").mkdir()
    (folder / "torn" / "manifest.json").write_text('{"seed": ')
    (folder / "study.yaml").write_text(STUDY_FILE)
    (folder / "calibration.yml").write_text(CALIBRATION_FILE)
    (folder / "questions.yaml").write_text("title: Made up\nasked: 2018-10-31\nquestions: {}\n")
    (folder / "claims.yaml").write_text("title: Made up\nclaims: {}\n")
    shutil.copy(KAFR_HAMRA, folder / "scenario.yaml")
    (folder / "letter.txt").write_text("dear")
    shutil.make_archive(str(folder / "plain"), "zip", folder / "empty")
    return folder


@pytest.fixture
def outputs(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return outputs/ of the working folder, with one path of each kind."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(example, tmp_path / "outputs"))


@pytest.mark.parametrize("name", PATHS)
def test_the_kind_of_a_path(name: str, example: Path) -> None:
    assert kind_of(example / name) is PATHS[name]
    if (example / name / "manifest.json").is_file():
        assert kind_of(example / name / "manifest.json") is PATHS[name]


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        *((command, name) for command in RUN_COMMANDS for name in PATHS if name != "run"),
        *((command, name) for command in STUDY_COMMANDS for name in PATHS if name != "study"),
        *((command, name) for command in BOTH for name in PATHS if name not in ("run", "study")),
        *((command, "calibration") for command in FILE_COMMANDS),
        *((command, "run.zip") for command in FILE_COMMANDS),
        *((command, "run") for command in FILE_COMMANDS if command != "watch"),
        *((command, "study.yaml") for command in FILE_COMMANDS if command not in ("batch", "check")),
        *((command, "calibration.yml") for command in FILE_COMMANDS if command not in ("calibrate", "check")),
    ],
)
def test_the_wrong_kind_gets_one_line_with_what_it_is(
    command: str, wrong: str, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(outputs.parent.rglob("*"))
    options = {**RUN_COMMANDS, **STUDY_COMMANDS, **BOTH, **FILE_COMMANDS}[command]
    assert main([command, f"outputs/{wrong}", *options]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    if wrong not in ("nothing", "torn"):
        assert f"outputs/{wrong}: is {PATHS[wrong]}; " in line
        assert "takes" in line
    assert "run the scenario again" not in line
    assert sorted(outputs.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["events", "status", "compare", "verify", "export", "why"])
def test_a_scenario_that_has_no_run_yet_gets_the_command_that_makes_one(name: str, command: Command) -> None:
    more = {"export": ["--format", "ged"], "why": ["Kafr Hamra"]}.get(name, [])
    result = command(name, "kafr_hamra", *more)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "kafr_hamra is a scenario: `python run.py run kafr_hamra` makes a run of it first" in result.stderr


def test_a_scenario_that_has_runs_gets_the_name_of_the_newest(command: Command, here: Path) -> None:
    for number, name in enumerate(("kafr_hamra-seed2", "kafr_hamra-seed1")):
        manifest = here / "outputs" / name / "manifest.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text("{}")
        os.utime(manifest, (number, number))
    assert "outputs/kafr_hamra-seed1 is its newest run" in command("events", "kafr_hamra").stderr


def test_a_study_given_for_a_run_names_the_command_that_makes_one_of_its_runs(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", "study"]) == 2
    assert "python run.py run outputs/study --scenario 'a b' --replicate 0" in capsys.readouterr().err


def test_home_tells_each_result_by_its_kind_and_a_next_command(
    outputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.cli.home.RECENT", 20)
    home()
    screen = capsys.readouterr().out.partition("Recent results")[2]
    assert "outputs/run: run of " in screen
    assert "  next: python run.py watch outputs/run\n" in screen
    assert (
        "outputs/calibration: calibration, not finished\n  next: python run.py calibrate calibrate_2018_02\n" in screen
    )
    assert "outputs/empty: a folder without results\n" in screen
    assert "outputs/torn: a folder of results whose manifest.json cannot be read\n" in screen
    assert "outputs/run.zip: a packed run or study" in screen
    assert "letter.txt" not in screen
    assert "run the scenario again" not in screen


def test_home_names_a_branch_and_the_comparison_with_its_origin(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(outputs / "run", outputs / "my branch")
    file = outputs / "my branch" / "manifest.json"
    manifest = json.loads(file.read_text())
    earlier = [{"day": 0, "scenario": manifest["scenario"], "values": {}}]
    manifest["branch"] = {"of": "run", "day": 3, "date": "2018-10-18", "changes": [], "earlier": earlier}
    file.write_text(json.dumps(manifest))
    home()
    screen = capsys.readouterr().out
    assert "branched on day 3 from run" in " ".join(screen.split())
    assert "  next: python run.py compare outputs/run 'outputs/my branch'\n" in screen


def test_home_gives_the_command_that_repeats_a_run_of_another_version(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = outputs / "run" / "manifest.json"
    file.write_text(file.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 1'))
    home()
    assert "  next: python run.py run outputs/run/scenario.yaml --seed " in capsys.readouterr().out


def test_the_page_offers_only_what_it_can_open(outputs: Path) -> None:
    assert [choice.path.name for choice in choices() if choice.replay] == ["run"]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a finished study of two runs."""
    monkeypatch.chdir(tmp_path)
    assert main(["batch", "two_valleys", "--replicates", "2", "--workers", "1"]) == 0
    return Path("outputs/two_valleys")


def test_a_study_under_way_is_said_to_be_running(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((study / "manifest.json").read_text())
    assert manifest["session"] is None
    session = {"began": "2026-01-02T03:04:05+00:00", "process": 77, "host": "there", "done": 0}
    (study / "manifest.json").write_text(json.dumps(manifest | {"session": session}))
    capsys.readouterr()
    with sole_writer(study, "study"):
        assert main(["status", str(study)]) == 0
        home()
        screen = capsys.readouterr().out
        assert "running now" in screen
        assert "To go on" not in screen
        assert "by process 77 on there since 03:04 UTC (" in screen
        assert main(["status", str(study), "--json"]) == 0
        data = json.loads(capsys.readouterr().out)
        assert (data["done"], data["planned"], data["running"], data["session"]) == (2, 2, True, session)
        assert "next: python run.py status outputs/two_valleys" in screen
    assert main(["status", str(study)]) == 0
    home()
    screen = capsys.readouterr().out
    assert "running" not in screen
    assert "outputs/two_valleys: study, 2 of 2 runs done\n  next: python run.py compare outputs/two_valleys\n" in screen


@pytest.mark.parametrize(
    "words",
    [
        ["run", "two_valleys", "--no-pictures"],
        ["batch", "two_valleys", "--replicates", "1", "--workers", "1"],
        ["batch", "two_valleys", "--replicates", "1", "--workers", "1", "--plan"],
        ["verify", "outputs/two_valleys-seed1"],
        ["branch", "outputs/two_valleys-seed1", "--day", "3", "--no-pictures"],
    ],
)
def test_every_first_start_says_that_it_compiles_and_when_that_is_done(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if words[1].startswith("outputs"):
        assert main(["run", "two_valleys", "--no-pictures", "--quiet"]) == 0
    monkeypatch.setattr("sim.engine.jit.needs_compile", lambda: True)
    capsys.readouterr()
    assert main(words) == 0
    errors = capsys.readouterr().err
    assert errors.index("compiling the rules; ") < errors.index("the rules are compiled (")


def test_watch_says_that_it_compiles_before_it_reads_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sim.engine.jit.needs_compile", lambda: True)

    def stop(*_words: object) -> None:
        assert "compiling the rules" in capsys.readouterr().err
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.cli.watch._ready_sources", stop)
    assert main(["watch", str(ROOT / "scenarios" / "two_valleys.yaml")]) == 130
