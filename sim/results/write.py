"""Writing a run to a folder of its own: whole or not at all, and never over anything."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from csv import writer
from datetime import datetime
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError
from sim.results.columns import FILES, SUMMARY
from sim.results.lock import HeldError, Lock
from sim.results.manifest import MANIFEST, hashes, make_manifest, manifest_text
from sim.results.run import Run, csv_text, slug
from sim.scenario.show import show
from sim.signals import deferred
from sim.statistics.summary import STATISTICS, base_name, label

Draw = Callable[[Run, Path], Any]
MOST_NAMES = 10_000


def write(
    run: Run,
    out: str | Path,
    draw: Draw | None = None,
    command: Sequence[str] | None = None,
    started: datetime | None = None,
) -> Path:
    """Write a run to a new folder inside `out` and return the folder.

    The folder is `<name>-seed<N>`, or `<name>-<label>-seed<N>`; -2, -3, ... is added if the name is taken. The files are written to
    a hidden folder, which is renamed when it is complete and removed on failure.

    Args:
        run: the run.
        out: the folder of all runs; made if it does not exist.
        draw: called as `draw(run, folder)` to add pictures and report.
        command: the command line for the manifest; that of this process if None.
        started: the time for the manifest; now if None.

    Raises:
        InputError: if `out` cannot be written.

    Example:
        >>> import sim
        >>> from sim.results.write import write
        >>> write(sim.simulate("two_valleys", seed=1), "outputs").name
        'two_valleys-seed1'
    """
    parts = [run.name, *([slug(run.label)] if run.label else []), f"seed{run.seed}"]
    with whole_folder(Path(out), "-".join(parts)) as (partial, final):
        write_tables(run, partial)
        if draw is not None:
            draw(run, partial)
        scenario = (partial / "scenario.yaml").read_text(encoding="utf-8")
        manifest = make_manifest(run, scenario, hashes(partial), command, started)
        write_text(partial / MANIFEST, manifest_text(manifest))
    return final


def write_tables(run: Run, folder: Path) -> None:
    """Write scenario, tables and summary of a run into a folder."""
    write_text(folder / "scenario.yaml", _branch_note(run) + show(run.scenario))
    for file, frame in run.tables.items():
        write_text(folder / FILES[file].name, csv_text(frame))
    write_text(folder / "summary.json", json.dumps(run.summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(folder / "summary.csv", summary_csv(run.summary))


def _branch_note(run: Run) -> str:
    """Return a comment for the scenario of a branch, which did not hold from the first day on."""
    if run.branch is None:
        return ""
    of = " ".join(run.branch["of"].split())
    return f"# Of a branch: this holds from day {run.branch['day']} on; before, the run is that in {of}.\n"


def summary_csv(summary: dict[str, Any]) -> str:
    """Return the summary as CSV text: one row a statistic, with unit and meaning."""
    text = io.StringIO()
    rows = writer(text, lineterminator="\n")
    rows.writerow([column.name for column in SUMMARY])
    for name, value in summary.items():
        known = STATISTICS[base_name(name)]
        rows.writerow([name, "" if value is None else value, known.unit, f"{label(name)}: {known.about}"])
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with LF line ends on every platform."""
    path.write_bytes(text.encode("utf-8"))


@contextmanager
def whole_folder(out: Path, name: str) -> Iterator[tuple[Path, Path]]:
    """Give a hidden new folder to write in, and the final name that it takes when all went well.

    Two processes never write under one name: the second takes the next. What a process that was killed left under a name
    is removed, which is reported. On failure, Ctrl-C or SIGTERM nothing is left.
    """
    lock = None
    try:
        try:
            out.mkdir(parents=True, exist_ok=True)
            with deferred():
                lock, partial, final = _take(out, name)
        except OSError as fault:
            raise InputError([Fault(str(out), None, "", f"cannot be written: {fault.strerror or fault}")]) from fault
        try:
            yield partial, final
            with deferred():
                partial.rename(final)
        except OSError as fault:
            words = f"could not be written, nothing is left of it: {fault.strerror or fault}"
            raise InputError([Fault(str(final), None, "", words)]) from fault
    finally:
        if lock is not None:
            with deferred():
                shutil.rmtree(partial, ignore_errors=True)
                lock.release()


def _take(out: Path, name: str) -> tuple[Lock, Path, Path]:
    """Make the hidden folder of the first free name, and hold the lock of that name."""
    for number in range(1, MOST_NAMES):
        final = out / (name if number == 1 else f"{name}-{number}")
        partial = out / f".{final.name}.partial"
        if os.path.lexists(final):
            continue
        lock = Lock(out / f".{final.name}.writer")
        try:
            lock.acquire()
        except HeldError:
            continue
        try:
            if not os.path.lexists(final):  # a run that finished in between is seen
                _make_empty(partial)
                return lock, partial, final
        except BaseException:
            lock.release()
            raise
        lock.release()
    raise FileExistsError(f"{MOST_NAMES} folders named {name} are there already")


def _make_empty(partial: Path) -> None:
    """Make a hidden folder; what a process that was killed left under its name is removed first."""
    if os.path.lexists(partial):
        shutil.rmtree(partial)
        print(f"removed {partial}, left behind by a run that was killed", file=sys.stderr, flush=True)
    partial.mkdir()
