"""`status` and `pack` as a person calls them, and a study stopped with Ctrl-C that goes on by its folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.study.store import Study
from tests.cli.support import ROOT, Command

BATCH = ("batch", "two_valleys", "--replicates", "900", "--workers", "2", "--out", ".")


@pytest.mark.slow
def test_a_study_stopped_with_ctrl_c_says_how_to_go_on_and_goes_on(command: Command, here: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *BATCH],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal gives it: all processes of it get the signal
    )
    assert process.stderr is not None
    said = ""
    while "runs: " not in said:  # the first chunk is stored
        line = process.stderr.readline()
        assert line, said
        said += line
    os.killpg(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert "repeat the command to resume" in rest
    study = Study.open(here / "two_valleys")
    assert 0 < study.done < study.planned == 900
    told = command("status", "two_valleys")
    assert told.returncode == 0, told.stderr
    assert f"two_valleys: {study.done:,} runs of 900 are done." in told.stdout
    assert "To go on: python run.py batch two_valleys" in told.stdout
    done = command("batch", "two_valleys", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert not Study.open(here / "two_valleys").partial
    assert "All is done." in command("status", "two_valleys").stdout
    packed = command("pack", "two_valleys")
    assert packed.returncode == 0, packed.stderr
    assert packed.stdout.startswith("two_valleys.zip, ")
    assert command("pack", "two_valleys").stdout.startswith("two_valleys-2.zip, ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "empty"], "empty: is a folder without results; this command takes a study\n"),
        (["pack", "empty"], "empty: is a folder without results; this command takes a single run or a study\n"),
        (["status", "empt"], "empt: there is no such study\n"),
        (["pack", "letter.txt"], "letter.txt: is a file; this command takes a single run or a study\n"),
        (["status", "outputs/lon"], "outputs/lon: there is no such study, did you mean 'long'?\n"),
    ],
)
def test_what_is_no_study_or_run_is_said_in_a_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "letter.txt").write_text("dear")
    for name in ("run", "outputs/long"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text('{"schema_version": 1}')
    before = sorted(tmp_path.rglob("*"))
    assert main(words) == 2
    assert capsys.readouterr().err == said
    assert sorted(tmp_path.rglob("*")) == before
