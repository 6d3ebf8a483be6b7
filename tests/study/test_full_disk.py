"""A disk that is full: a clear error, and a study that goes on when there is room."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.study import runner
from sim.study.runner import run_study
from sim.study.store import Study
from tests.study.support import assert_same, small_plan

REPLICATES = 30
SMALL, LARGE = "700k", "30m"


def _mount(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if not _mount("mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)):
        pytest.skip("A FULL DISK WAS NOT TRIED: no small disk can be mounted here (needs the rights to mount a tmpfs)")
    yield place
    _mount("umount", str(place))


def test_a_full_disk_is_said_and_the_study_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "CHUNK_SECONDS", 1e-6)
    monkeypatch.setattr(runner, "LEAST_SECONDS", 1e-6)
    said = (
        f"could not be written to: {os.strerror(errno.ENOSPC)}; completed runs are kept, repeat the command to resume"
    )
    with pytest.raises(InputError, match=said):
        run_study(small_plan(REPLICATES), small_disk, workers=1)
    study = Study.open(small_disk / "small")
    assert study.partial
    assert 0 < study.done < 2 * REPLICATES
    assert len(study.table("daily")) == study.done * (study.manifest["days"] + 1)
    assert not list(small_disk.rglob("*.draft"))
    assert _mount("mount", "-o", f"remount,size={LARGE}", str(small_disk))
    folder = run_study(small_plan(REPLICATES), small_disk, workers=1)
    assert_same(run_study(small_plan(REPLICATES), tmp_path, workers=1), folder)
