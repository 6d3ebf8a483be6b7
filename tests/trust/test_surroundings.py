"""Failing surroundings: a clear line or correct work, never a traceback, never a half-written file under its final name.

A study on a full disk that goes on when there is room, and one that is killed: tests/study.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import sim.pages.run_report
from sim.cli.main import main
from sim.engine.jit import CACHE_FOLDER, ROOM
from sim.results.verify import verify_run
from sim.results.write import sole_writer
from sim.study import runner
from tests.trust.processes import ROOT, RUN, bound_by_permissions, call, call_all, contents, mounted, program

pytestmark = pytest.mark.slow

RUN_WORDS = ("run", "two_valleys", "--days", "10")
STUDY = "question: what happens?\nscenarios: {base: two_valleys}\nset: {days: 10}\nreplicates: 4\n"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run of the case, `run`, and a finished study, `study`."""
    place = tmp_path_factory.mktemp("made")
    done = call("run", "kafr_hamra", "--seed", "7", "--days", "20", "--no-pictures", "--out", "runs", cwd=place)
    assert done.returncode == 0, done.stderr
    (place / "runs" / "kafr_hamra-seed7").rename(place / "run")
    (place / "study.yaml").write_text(STUDY, encoding="utf-8")
    done = call("batch", "study.yaml", "--workers", "1", "--out", ".", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """Return a copy of `made`, to be changed."""
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def said(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the last line of what went wrong, of a command that ended with `code` and in words."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "internal error" not in done.stderr
    return done.stderr.rstrip("\n").rpartition("\n")[2]


def whole(folder: Path) -> None:
    """Assert that a run's folder holds all that its manifest names, byte for byte, and comes out the same again."""
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["simulated"] is True
    assert verify_run(folder).same


# A folder that cannot be written to


KEPT = "kept"
REFUSED = (
    (*RUN_WORDS, "--out", "kept"),
    (*RUN_WORDS, "--out", "kept/deeper"),
    ("batch", "study.yaml", "--out", "kept"),
    ("batch", "kept/study", "--replicates", "5"),
    ("branch", "kept/run", "--day", "5", "--out", "kept"),
    ("compare", "kept/study"),
    ("patterns", "kept/study"),
    ("pack", "kept/run"),
    ("why", "kept/run", "Kafr Hamra"),
    ("figure", "kept/run", "timeline", "--out", "kept/timeline.pdf"),
    ("export", "kept/run", "--format", "ged", "--out", "kept/run.csv"),
)
READING = (("verify", "kept/run"), ("verify", "kept/study"), ("events", "kept/run"), ("status", "kept/study"))


@pytest.fixture
def kept(copy: Path) -> Iterator[Path]:
    """Return a folder with a run and a study in which nothing may be written, nor in the folders in it."""
    place = copy / KEPT
    place.mkdir()
    for name in ("run", "study"):
        (copy / name).rename(place / name)
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield place
    for folder in folders:
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_to_is_said_at_once_and_can_be_read_and_verified(kept: Path) -> None:
    if (bound := bound_by_permissions()) is None:
        pytest.skip("A READ-ONLY FOLDER WAS NOT TRIED: permissions do not bind this user, and there is no setpriv")
    before = contents(kept)
    told = call_all(*REFUSED, *READING, cwd=kept.parent, before=bound)
    for words in REFUSED:
        code, line = told[words]
        assert code == 2, words
        assert line.count("\n") == 1, words
        assert line.endswith("cannot be written to\n"), words
    assert [told[words][0] for words in READING] == [0, 0, 0, 0]
    assert contents(kept) == before


# A disk that is full


@pytest.fixture
def full(copy: Path) -> Iterator[Path]:
    """Return a folder on a disk with room for a few kilobytes, beside a run and a study."""
    place = copy / "full"
    place.mkdir()
    if not mounted(place, "16k"):
        pytest.skip("A FULL DISK WAS NOT TRIED: no small disk can be mounted here (needs the rights to mount a tmpfs)")
    (place / "taken").write_bytes(b"x" * 4096)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((*RUN_WORDS, "--no-pictures", "--out", "full"), 2),
        (("batch", "study.yaml", "--workers", "1", "--out", "full"), 2),
        (("branch", "run", "--day", "5", "--no-pictures", "--out", "full"), 2),
        (("pack", "run", "--out", "full"), 2),
        (("figure", "run", "timeline", "--format", "png", "--out", "full/timeline.png"), 1),
        (("why", "run", "Kafr Hamra", "--out", "full"), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_full_disk_is_one_line_and_no_file_is_left_in_the_making(
    words: tuple[str, ...], code: int, full: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(full.parent)
    assert main(words) == code
    line = capsys.readouterr().err.splitlines()[-1]
    assert os.strerror(errno.ENOSPC) in line
    assert "full" in line, "the line says where"
    left = {path.relative_to(full).parts[0] for path in full.rglob("*")} - {"taken"}
    assert left <= ({"study"} if words[0] == "batch" else set())
    assert not [path for path in full.rglob("*") if path.suffix in (".part", ".draft", ".partial", ".tmp")]


# A folder that is removed meanwhile


def test_the_folder_of_a_run_removed_while_it_is_drawn_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = sim.pages.run_report.draw_all

    def draw(run: Any, folder: Path, **beside: Any) -> Any:
        shutil.rmtree(tmp_path / "out")
        return drawn(run, folder, **beside)

    monkeypatch.setattr(sim.pages.run_report, "draw_all", draw)
    assert main([*RUN_WORDS, "--out", str(tmp_path / "out")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith(f"two_valleys-seed1: could not be written, nothing is left of it: {os.strerror(errno.ENOENT)}")
    assert contents(tmp_path) == {}


def test_the_folder_of_a_study_removed_while_it_runs_is_said_and_not_filled_again(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work, done = runner.work, []

    def remove(*words: Any) -> Any:
        done.append(words)
        if len(done) == 2:
            shutil.rmtree(copy / "again" / "study")
        return work(*words)

    monkeypatch.setattr(runner, "work", remove)
    monkeypatch.setattr(runner, "CHUNK_SECONDS", 1e-6)
    monkeypatch.setattr(runner, "LEAST_SECONDS", 1e-6)
    assert main(["batch", str(copy / "study.yaml"), "--workers", "1", "--out", str(copy / "again")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith("was removed, or its manifest.json, while the study was running; nothing more is written")
    assert len(done) == 2
    assert contents(copy / "again") == {}


def test_a_current_folder_that_was_removed_is_said(tmp_path: Path) -> None:
    words = f"mkdir gone && cd gone && rmdir ../gone && exec '{RUN[0]}' '{RUN[1]}' check two_valleys"
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (
        said(done, 2) == "the current folder: has been removed since it was entered; change to a folder that is there"
    )


# Two processes, one name


def test_runs_of_one_name_at_one_time_each_have_a_whole_folder_of_their_own(tmp_path: Path) -> None:
    words = (*RUN_WORDS, "--no-pictures", "--quiet", "--out", "out")
    with ThreadPoolExecutor(2) as pool:
        all_done = list(pool.map(lambda _: call(*words, cwd=tmp_path), range(2)))
    assert [done.returncode for done in all_done] == [0, 0], all_done[0].stderr
    folders = {tmp_path / done.stdout.strip() for done in all_done}
    assert {folder.name for folder in folders} == {"two_valleys-seed1", "two_valleys-seed1-2"}
    assert set((tmp_path / "out").iterdir()) == folders
    for folder in folders:
        whole(folder)


def test_a_study_that_another_process_is_running_is_said_and_left_alone(copy: Path) -> None:
    before = contents(copy / "study")
    with sole_writer(copy / "study", "study"):
        done = call("batch", "study.yaml", "--replicates", "6", "--workers", "1", "--out", ".", cwd=copy)
    assert "study: another process is running this study" in said(done, 2)
    assert contents(copy / "study") == before


# No folder for compiled code

SMALL = """
import sys
from sim.cli.run import say_compiling
from sim.engine.draws import P_COLUMN, exponential, uniform
from sim.engine.jit import CACHE_FOLDER, INTERPRETED, compiled

@compiled
def small_rule(day):
    return exponential(3.0, uniform(1, P_COLUMN, day, 4))

say_compiling(False)
print(CACHE_FOLDER, INTERPRETED, small_rule(2))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 64 kB of its own."""
    place = tmp_path.parent / f"{tmp_path.name}-disk"
    place.mkdir()
    if not mounted(place, "64k"):
        pytest.skip("A FULL DISK UNDER THE CACHE WAS NOT TRIED: this user may not mount one")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("missing", ["a home that is not there", "a file in place of the folder", "no rights"])
def test_without_a_folder_for_compiled_code_rules_are_compiled_each_time_and_that_is_said(
    missing: str, tmp_path: Path
) -> None:
    environment = {"HOME": str(tmp_path / "none"), "XDG_CACHE_HOME": "", "SIM_CACHE_DIR": ""}
    if missing == "a file in place of the folder":
        (tmp_path / "file").write_text("mine")
        environment["SIM_CACHE_DIR"] = str(tmp_path / "file")
    bound = bound_by_permissions() or ()
    tmp_path.chmod(0o555)
    if missing == "no rights" and not bound and os.geteuid() == 0:
        pytest.skip("A READ-ONLY CACHE WAS NOT TRIED: permissions do not bind this user, and there is no setpriv")
    (script := tmp_path.parent / f"{tmp_path.name}.py").write_text(SMALL)
    try:
        done = subprocess.run(
            [*bound, sys.executable, str(script)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        tmp_path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    folder, interpreted, value = done.stdout.split()
    assert (folder, interpreted) == ("None", "False")
    assert (
        "happens each time: no folder for compiled code can be written, or its disk is full; SIM_CACHE_DIR=FOLDER"
        in done.stderr
    )
    plain = program(SMALL, cwd=tmp_path, NUMBA_DISABLE_JIT="1").split()
    assert plain[1:] == ["True", value]
    assert contents(tmp_path) == ({"file": b"mine"} if "file" in missing else {})


def test_with_a_full_disk_under_the_cache_rules_are_compiled_each_time_and_that_is_said(disk: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMALL],
        cwd=ROOT, env={**os.environ, "SIM_CACHE_DIR": str(disk / "new")}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder, interpreted, value = done.stdout.split()
    assert (folder, interpreted) == ("None", "False")
    assert len(done.stderr.splitlines()) == 1
    assert (
        "happens each time: no folder for compiled code can be written, or its disk is full; SIM_CACHE_DIR=FOLDER"
        in done.stderr
    )
    assert program(SMALL, cwd=disk, NUMBA_DISABLE_JIT="1").split()[1:] == ["True", value]
    assert contents(disk) == {}


FILLED = """
import contextlib
from sim.engine.jit import CACHE_FOLDER

with contextlib.suppress(OSError), (CACHE_FOLDER / "filler").open("wb", buffering=0) as filler:
    while filler.write(bytes(4096)):
        pass

from sim.engine.draws import exponential
print(CACHE_FOLDER, exponential(3.0, 0.25))
"""


def test_a_disk_that_fills_up_while_rules_are_compiled_stops_nothing(disk: Path) -> None:
    assert mounted(disk, str(ROOM + 2**18))
    folder, value = program(FILLED, cwd=disk, SIM_CACHE_DIR=str(disk)).split()
    assert Path(folder).parent == disk
    assert float(value) == pytest.approx(-3 * math.log(0.25))
    assert (Path(folder) / "filler").stat().st_size > ROOM
    assert not [name for name in contents(disk) if name.endswith(".nbc") or ".tmp." in name]


# No terminal, no output, no fonts


def test_without_a_terminal_there_are_plain_lines_and_no_colour(tmp_path: Path) -> None:
    done = call(*RUN_WORDS, "--no-pictures", "--out", "out", cwd=tmp_path, TERM="dumb", COLUMNS="")
    assert done.returncode == 0, done.stderr
    assert "SIMULATED." in done.stdout
    assert "10 of 10 days done" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_with_closed_outputs_a_run_is_written_all_the_same(closed: str, tmp_path: Path) -> None:
    words = " ".join(f"'{word}'" for word in (*RUN, *RUN_WORDS, "--no-pictures", "--out", "out"))
    done = subprocess.run(
        ["sh", "-c", f"exec {words} {closed}"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    whole(tmp_path / "out" / "two_valleys-seed1")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_printed_is_reported_and_the_run_is_stored(unbuffered: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as nowhere:
        done = subprocess.run(
            [*RUN, *RUN_WORDS, "--no-pictures", "--out", "out"],
            cwd=tmp_path, stdout=nowhere, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"error: {os.strerror(errno.ENOSPC)}"
    whole(tmp_path / "out" / "two_valleys-seed1")


def test_pictures_need_no_fonts_of_the_machine(tmp_path: Path) -> None:
    """The fonts come with the drawing library: with none on the machine all pictures are the same bytes."""
    bare = {"FONTCONFIG_FILE": os.devnull, "PATH": "", "HOME": str(tmp_path / "new"), "MPLCONFIGDIR": "new"}
    if CACHE_FOLDER is not None:
        bare["SIM_CACHE_DIR"] = str(CACHE_FOLDER.parent)
    for out, environment in (("usual", {}), ("none", bare)):
        done = call("run", "two_valleys", "--days", "2", "--out", out, cwd=tmp_path, **environment)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "font" not in done.stderr.replace("font cache", "").lower()
    one, other = (contents(tmp_path / out, "manifest.json") for out in ("usual", "none"))
    assert len([name for name in one if name.endswith(".png")]) > 1
    assert one == other


# A locale without UTF-8


def test_under_a_locale_without_utf_8_arabic_names_are_understood_and_shown_as_far_as_can_be(made: Path) -> None:
    names = ("كفر حمرة", "Kafr Hamra")
    shown = [call("why", "run", name, "--no-pictures", cwd=made, **ASCII) for name in names]
    assert [done.returncode for done in shown] == [0, 0], shown[0].stderr
    assert shown[0].stdout == shown[1].stdout
    wrong = call("why", "run", "لا مدينة", cwd=made, **ASCII)
    assert said(wrong, 2).startswith("TOWN: no town '?? ?????' on the map")


def test_under_a_locale_without_utf_8_a_run_and_its_folders_keep_their_arabic_names(tmp_path: Path) -> None:
    words = (*RUN_WORDS, "--no-pictures", "--label", "تجربة", "--out", "نتائج")
    done = call(*words, cwd=tmp_path, **ASCII, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "نتائج" / "two_valleys-تجربة-seed1"
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["label"] == "تجربة"
    whole(folder)
    again = call("verify", f"نتائج/{folder.name}", cwd=tmp_path, **ASCII)
    assert again.returncode == 0, again.stderr
    assert "identical" in again.stdout


def test_a_scenario_with_arabic_names_gives_the_same_bytes_under_a_locale_without_utf_8(tmp_path: Path) -> None:
    text = f"extends: {ROOT / 'scenarios' / 'kafr_hamra.yaml'}\ntitle: كفر حمرة\nwatch_towns: [كفر حمرة]\ndays: 10\n"
    (tmp_path / "حمرة.yaml").write_text(text, encoding="utf-8")
    words = ("run", str(tmp_path / "حمرة.yaml"), "--no-pictures", "--out")
    assert main([*words, str(tmp_path / "utf-8")]) == 0
    done = call(*words, "ascii", cwd=tmp_path, **ASCII)
    assert done.returncode == 0, done.stderr
    one, other = (contents(tmp_path / out, "manifest.json") for out in ("utf-8", "ascii"))
    assert one == other
    assert any("كفر حمرة".encode() in content for content in one.values())
