"""Help, version, the default command, and words that are no command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim import __version__
from sim.cli.main import COMMANDS, app, main
from sim.cli.options import FREE_NAME, name_maps
from sim.files import SCENARIOS
from tests.cli.support import KAFR_HAMRA, ROOT, Command

NAMES = [command.__name__.replace("_", "-") for command in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_names_every_command(command: Command) -> None:
    result = command("--help")
    assert result.returncode == 0
    assert all(name in result.stdout for name in NAMES)


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numba", "pandas", "matplotlib", "mesa", "scipy", "pydantic", "numpy", "yaml"}
    code = (
        "import sys; from sim.cli.main import main; code = main(['--help']); "
        f"found = {heavy!r} & set(sys.modules); print(sorted(found), file=sys.stderr); sys.exit(code or bool(found))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_version(process: Command) -> None:
    result = process("--version")
    assert (result.returncode, result.stdout) == (0, f"territorial-competition {__version__}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chekc", "x"], "did you mean 'check'?"),
        (["run", "x.yaml", "--seed", "two"], "seed"),
        (["run", "x.yaml", "--seed", "-1"], "seed"),
        (["run", "x.yaml", "--seed", str(2**63)], "seed"),
        (["run", "x.yaml", "--sed", "1"], "--sed"),
        (["run"], "FILE"),
        (["check"], "FILE"),
        (["changes", "a.yaml"], "B"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)
    captured = capsys.readouterr()
    assert code == 2
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not captured.out


def test_a_file_or_an_option_first_stands_for_run(capsys: pytest.CaptureFixture[str]) -> None:
    faults = []
    for words in (["no.yaml"], ["--seed", "3", "no.yaml"], ["run", "no.yaml"]):
        assert main(words) == 2
        faults.append(capsys.readouterr().err)
    assert "no.yaml" in faults[0]
    assert len(set(faults)) == 1


def test_run_alone_lists_the_scenarios_by_their_question(command: Command) -> None:
    result = command()
    assert result.returncode == 0
    assert "\nkafr_hamra  " in result.stdout
    assert "?" in result.stdout


def test_h_is_help_of_the_program_and_of_each_command(command: Command) -> None:
    assert command("-h").stdout == command("--help").stdout
    assert command("status", "-h").stdout == command("status", "--help").stdout


def test_v_says_which_files_are_read_and_leaves_the_answer_alone(process: Command) -> None:
    plain, verbose = process("show", "two_valleys"), process("show", "two_valleys", "-v")
    assert (verbose.returncode, verbose.stdout, plain.stderr) == (0, plain.stdout, "")
    lines = verbose.stderr.splitlines()
    assert f"read {SCENARIOS / 'two_valleys.yaml'}" in lines
    assert f"read the map in {SCENARIOS / 'maps' / 'two_valleys'}" in lines
    assert lines[-1].startswith("took ")


@pytest.mark.parametrize(
    ("words", "following"),
    [
        (["ba"], ["batch"]),
        (["run", "two_"], ["two_valleys"]),
        (["verify", "mine"], ["mine-seed1"]),
        (["branch", "--no-p"], ["--no-pictures"]),
    ],
)
def test_a_shell_completes_commands_options_scenarios_and_results(
    words: list[str], following: list[str], command: Command, here: Path
) -> None:
    (here / "outputs" / "mine-seed1").mkdir(parents=True)
    (here / "outputs" / "mine-seed1" / "manifest.json").write_text("{}")
    asked = {"COMP_WORDS": " ".join(["territorial", *words]), "COMP_CWORD": str(len(words))}
    assert command(_TERRITORIAL_COMPLETE="complete_bash", **asked).stdout.split() == following


def test_completion_is_refused_where_the_shell_could_not_call_the_program(command: Command) -> None:
    refused = command("--show-completion", "bash")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is for the command `territorial`" in refused.stderr


def test_the_lists_of_scenarios_and_results_are_json_too(command: Command, here: Path) -> None:
    (here / "outputs" / "nothing").mkdir(parents=True)
    found = json.loads(command("--json").stdout)
    assert {"kafr_hamra", "two_valleys"} <= {each["name"] for each in found["scenarios"]}
    assert found["results"] == [
        {"path": "outputs/nothing", "is": "a folder without results", "state": "a folder without results", "next": None}
    ]


def test_map_option_may_go_without_a_file_name() -> None:
    assert name_maps(["check", "a.yaml", "--map"]) == ["check", "a.yaml", "--map", FREE_NAME]
    assert name_maps(["check", "--map", "a.yaml"]) == ["check", "--map", FREE_NAME, "a.yaml"]
    assert name_maps(["check", "a.yaml", "--map", "b.png"]) == ["check", "a.yaml", "--map", "b.png"]


QUESTIONS: tuple[list[str | Path], ...] = ([], ["--help"], ["check", KAFR_HAMRA], ["show", KAFR_HAMRA])


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"COLUMNS": "20"}, {"TERM": "dumb"}])
def test_works_on_poor_terminals(command: Command, environment: dict[str, str]) -> None:
    for words in QUESTIONS:
        result = command(*words, **environment)
        assert result.returncode == 0, result.stderr
        assert "\x1b[" not in result.stdout


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}],
)
def test_works_where_letters_are_missing(process: Command, environment: dict[str, str]) -> None:
    for words in ([], ["check", KAFR_HAMRA]):
        result = process(*words, **environment)
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr


def test_quiet_leaves_the_paths_of_what_was_written_with_any_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands without an own `-q` take it too, before or after their name: an answer alone is not printed, errors are."""
    picture = str(tmp_path / "start.png")
    for words, out in (
        (["check", "two_valleys", "-q"], ""),
        (["--quiet", "rules"], ""),
        (["check", "two_valleys", f"--map={picture}", "-q"], f"{picture}\n"),
    ):
        assert main(words) == 0
        assert capsys.readouterr() == (out, "")
    assert main(["-q", "check", str(tmp_path / "nothing.yaml")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nothing.yaml" in captured.err
