"""A study on a Dask cluster: a real scheduler and two worker processes, one of which dies on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.study.runner import run_study
from sim.study.store import Study
from tests.study.support import assert_same, small_plan

pytestmark = pytest.mark.slow

pytest.importorskip("distributed", reason="A CLUSTER WAS NOT TRIED: the extra `cluster` is not installed")

ROOT = Path(__file__).resolve().parents[2]
REPLICATES = 6
STUDY = """
import os, signal, sys
from functools import partial
from pathlib import Path
from sim.study import executors, runner
from tests.study import faulty
from tests.study.support import small_plan

runner.CHUNK_SECONDS = runner.LEAST_SECONDS = 1e-6
out, scheduler = Path(sys.argv[1]), sys.argv[2]
if sys.argv[3] == "nowhere":
    executors.CONNECT_SECONDS = 1
if sys.argv[3] == "dies":
    runner.work = partial(faulty.dies_once, out / "died")


def report(progress):
    if sys.argv[3].isdigit() and progress.fresh:  # the scheduler's process
        os.kill(int(sys.argv[3]), signal.SIGKILL)


runner.run_study(small_plan(int(sys.argv[4])), out, scheduler=scheduler, report=report)
"""


def _started(stack: ExitStack, sign: str, *words: str) -> tuple[subprocess.Popen[str], str]:
    """Start a part of a cluster and read what it says up to the line with a sign; return the line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    stack.callback(process.communicate)
    stack.callback(process.kill)
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if sign in line:
            return process, line
    raise AssertionError("".join(seen))


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Give the address of a scheduler, its process and those of its two workers, started as docs/cluster.md says."""
    with ExitStack() as stack:
        words = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        scheduler, line = _started(stack, "Scheduler at:", *words)
        address = line.split()[-1]
        worker = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        workers = [_started(stack, "Registered to:", *worker)[0] for _ in range(2)]
        yield address, [scheduler, *workers]


def _run(out: Path, address: str, how: str) -> subprocess.CompletedProcess[str]:
    out.mkdir()
    words = [sys.executable, "-c", STUDY, str(out), address, how, str(REPLICATES)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)


def test_a_cluster_gives_the_same_tables_also_when_a_worker_dies(
    cluster: tuple[str, list[subprocess.Popen[str]]], tmp_path: Path
) -> None:
    address, (_, *workers) = cluster
    here = run_study(small_plan(REPLICATES), tmp_path / "here", workers=1)
    done = _run(tmp_path / "there", address, "lives")
    assert done.returncode == 0, done.stderr
    assert_same(here, tmp_path / "there" / "small")
    assert [worker.poll() for worker in workers] == [None, None]
    done = _run(tmp_path / "killed", address, "dies")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "killed" / "died").exists()
    study = Study.open(tmp_path / "killed" / "small")
    assert len(study.failures) == 0
    assert_same(here, study.folder)
    assert sorted(worker.poll() is None for worker in workers) == [False, True]


def test_a_cluster_that_is_gone_is_said_and_what_was_done_is_kept(
    cluster: tuple[str, list[subprocess.Popen[str]]], tmp_path: Path
) -> None:
    address, (scheduler, *_) = cluster
    done = _run(tmp_path / "gone", address, str(scheduler.pid))
    assert done.returncode == 1
    assert "InputError" in done.stderr.splitlines()[-1]
    assert "the cluster is gone; completed runs are kept, repeat the command to resume" in done.stderr
    assert 0 < Study.open(tmp_path / "gone" / "small").done < 2 * REPLICATES
    folder = run_study(small_plan(REPLICATES), tmp_path / "gone", workers=1)
    assert_same(run_study(small_plan(REPLICATES), tmp_path / "here", workers=1), folder)


def test_a_scheduler_that_does_not_answer_is_said(tmp_path: Path) -> None:
    done = _run(tmp_path / "nowhere", "tcp://127.0.0.1:9", "nowhere")
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr


@pytest.mark.parametrize("address", ["foo", "tcp://", "tcp://host", "http://host:80", "tcp://host:x", ""])
def test_what_is_no_address_is_said_at_once(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no address of a Dask scheduler, such as tcp://host:8786"):
        run_study(small_plan(1), tmp_path, scheduler=address)
    assert list(tmp_path.iterdir()) == []
