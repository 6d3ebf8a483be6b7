"""`status` and `pack` as a person calls them, and a study stopped with Ctrl-C that goes on by its folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sim.study.store import Study
from tests.cli.support import ROOT, Command

BATCH = ("batch", "two_valleys", "--replicates", "40", "--workers", "2", "--out", ".")


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
    assert "the same command goes on" in rest
    study = Study.open(here / "two_valleys")
    assert 0 < study.done < study.planned == 40
    told = command("status", "two_valleys")
    assert told.returncode == 0, told.stderr
    assert f"two_valleys: {study.done} runs of 40 are done." in told.stdout
    assert "To go on: python run.py batch two_valleys" in told.stdout
    done = command("batch", "two_valleys", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert not Study.open(here / "two_valleys").partial
    assert "All is done." in command("status", "two_valleys").stdout
    packed = command("pack", "two_valleys")
    assert packed.returncode == 0, packed.stderr
    assert packed.stdout.startswith(str(here / "two_valleys.zip"))
    assert command("pack", "two_valleys").stdout.startswith(str(here / "two_valleys-2.zip"))


def test_what_is_no_study_or_run_is_said_in_a_line(command: Command, here: Path) -> None:
    (here / "empty").mkdir()
    for words in (("status", "empty"), ("pack", "empty"), ("status", "nowhere")):
        done = command(*words)
        assert done.returncode == 2
        assert "is not the folder of a " in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert list(here.iterdir()) == [here / "empty"]
