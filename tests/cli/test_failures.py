"""What a failure looks like: one line each, the right exit code, no traceback, nothing written."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sim.load
from sim.cli.main import main
from sim.errors import Fault, InputError
from tests.cli.support import KAFR_HAMRA, ROOT, Command

BAD: dict[str, bytes | None] = {
    "missing.yaml": None,
    "empty.yaml": b"",
    "binary.yaml": bytes(range(256)) * 20,
    "unknown_key.yaml": b"extends: {base}\ndayz: 10\n",
    "bad_date.yaml": b"extends: {base}\nstart: 2018-02-30\n",
    "out_of_range.yaml": b"extends: {base}\nrules:\n  incident:\n    per_pair_month: 99\n",
    "unknown_map.yaml": b"extends: {base}\nmap: atlantis\n",
}


@pytest.fixture(params=sorted(BAD))
def bad_file(request: pytest.FixtureRequest, here: Path) -> Path:
    """Return a faulty scenario file."""
    content = BAD[request.param]
    path = here / request.param
    if content is not None:
        path.write_bytes(content.replace(b"{base}", str(KAFR_HAMRA).encode()))
    return path


@pytest.mark.parametrize("name", ["run", "check", "show"])
def test_bad_input_is_lines_and_code_2_and_writes_nothing(
    command: Command, bad_file: Path, here: Path, name: str
) -> None:
    before = sorted(here.rglob("*"))
    result = command(name, bad_file)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert all(bad_file.name in line for line in result.stderr.splitlines())
    assert result.stderr.strip()
    assert not result.stdout
    assert sorted(here.rglob("*")) == before


def test_bad_input_is_code_2_for_a_shell_too(process: Command, here: Path) -> None:
    (here / "faulty.yaml").write_bytes(BAD["unknown_key.yaml"].replace(b"{base}", str(KAFR_HAMRA).encode()))
    result = process("faulty.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("faulty.yaml:2: dayz: unknown key")
    assert result.stderr.count("\n") == 1


def test_all_faults_of_all_files_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(here / "one.yaml"), str(here / "two.yaml")]) == 2
    said = capsys.readouterr().err
    assert "one.yaml" in said
    assert "two.yaml" in said


@pytest.mark.parametrize("change", ["no.such.key=1", "days", "days=many", "rules.incident.per_pair_month=1e9"])
def test_a_wrong_set_is_code_2(command: Command, here: Path, change: str) -> None:
    result = command("run", KAFR_HAMRA, "--set", change)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert not list(here.iterdir())


def test_days_out_of_range_is_code_2(command: Command, here: Path) -> None:
    result = command("run", KAFR_HAMRA, "--days", "0")
    assert result.returncode == 2
    assert "days" in result.stderr
    assert not list(here.iterdir())


def test_out_that_is_a_file_is_code_2(command: Command, here: Path) -> None:
    (here / "taken").write_text("mine")
    result = command("run", KAFR_HAMRA, "--out", "taken/deeper")
    assert result.returncode == 2
    assert "taken is a file" in result.stderr
    assert (here / "taken").read_text() == "mine"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (
            InputError([Fault("a.yaml", 3, "days", "is wrong"), Fault("a.yaml", None, "", "too")]),
            2,
            "a.yaml:3: days: ",
        ),
        (OSError(errno.ENOSPC, "made up", "outputs/x"), 1, "made up: outputs/x"),
        (MemoryError(), 1, "out of memory"),
        (KeyboardInterrupt(), 130, "stopped"),
        (ZeroDivisionError("oh"), 1, "internal error, please report it: ZeroDivisionError: oh"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, code: int, said: str
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.delenv("TERRITORIAL_COMPETITION_DEBUG", raising=False)
    monkeypatch.setattr(sim.load, "read", fail)
    assert main(["show", "a.yaml"]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_debug_shows_the_traceback_of_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("TERRITORIAL_COMPETITION_DEBUG", "")
    monkeypatch.setattr(sim.load, "read", fail)
    assert main(["show", "a.yaml", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("command", ["show", "check"])  # prints by itself, and by rich
def test_a_reader_that_stops_early_is_no_error(command: str) -> None:
    words = [sys.executable, str(ROOT / "run.py"), command, str(KAFR_HAMRA)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 0
    assert said == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_is_one_line_and_code_130(here: Path) -> None:
    words = [sys.executable, str(ROOT / "run.py"), str(KAFR_HAMRA), "--days", "4000"]
    with subprocess.Popen(words, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while " days done" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in said
    assert "Traceback" not in said
    assert not list(here.glob("outputs/*seed*"))


def test_a_fault_of_the_drawing_costs_the_pictures_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.delenv("TERRITORIAL_COMPETITION_DEBUG", raising=False)
    monkeypatch.setattr("sim.pages.run_report.draw_all", fail)
    assert main(["run", str(ROOT / "scenarios" / "two_valleys.yaml"), "--days", "3", "--out", str(tmp_path), "-q"]) == 1
    (folder,) = tmp_path.iterdir()
    assert {"events.csv", "summary.json", "manifest.json"} <= {file.name for file in folder.iterdir()}
    error = capsys.readouterr().err
    assert f"without pictures: {folder}" in error
    assert "internal error, please report it: ZeroDivisionError: a fault" in error
