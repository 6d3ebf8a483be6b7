"""Find what a path of the command line names: run, study, calibration, town, event; check output folders."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import Fault, InputError, did_you_mean
from sim.files import OUTPUTS, named_file
from sim.results.manifest import Kind, kind_of, made_by, read_any_manifest
from sim.text import shell

if TYPE_CHECKING:
    from sim.results.run import Run
    from sim.study.store import Study


def check_folder(folder: Path, option: str) -> None:
    """Raise InputError where `folder` could not be made or written to."""
    for path in (folder, *folder.absolute().parents):
        if path.is_symlink() and not path.exists():
            raise InputError([Fault(option, None, "", f"{path} is a link to nothing, a folder is needed")])
        if path.exists():
            if not path.is_dir():
                raise InputError([Fault(option, None, "", f"{path} is a file, a folder is needed")])
            if not os.access(path, os.W_OK | os.X_OK):
                raise InputError([Fault(option, None, "", f"{path} cannot be written to")])
            return


NO_SCENARIO = frozenset(
    {
        Kind.RUN,
        Kind.STUDY,
        Kind.CALIBRATION,
        Kind.RESULTS,
        Kind.PACK,
        Kind.DAMAGED,
        Kind.CALIBRATION_FILE,
        Kind.PATTERN_FILE,
        Kind.QUESTION_FILE,
        Kind.CLAIM_FILE,
    }
)  # kinds that are neither scenarios nor studies to run; other files and folders are left to the readers of those

EVENT = re.compile(r"[Ee]0*(\d{1,9})")


def find_run(word: Path) -> Run:
    """Return the run meant by a word: its folder, or a name in outputs/. InputError if it is none that can be read."""
    from sim.results.columns import FILES
    from sim.results.run import Run

    folder = find_folder(word, Kind.RUN)
    run = Run.open(folder)
    missing = [FILES[name].name for name in ("events", "control_changes") if not (folder / FILES[name].name).is_file()]
    if missing:
        raise InputError([Fault(str(folder), None, "", f"{' and '.join(missing)} is missing: run the scenario again")])
    return run


def find_study(word: Path) -> Study:
    """Return the study meant by a word; InputError if it is none that can be read."""
    from sim.study.store import Study

    study = Study.open(find_folder(word, Kind.STUDY))
    for note in study.notes:
        print(f"{study.folder}: {note}", file=sys.stderr)
    return study


def find_result(word: Path) -> Study | Run:
    """Return the study or the run meant by a word; InputError if it is neither."""
    folder = find_folder(word, Kind.RUN, Kind.STUDY)
    return find_study(folder) if kind_of(folder) is Kind.STUDY else find_run(folder)


def find_folder(word: Path, *takes: Kind) -> Path:
    """Return the folder meant by a word, a path or a name in outputs/, which is of one of the kinds a command takes.

    InputError if it is not, with what it is and the command that takes it.
    """
    path = path_of(word)
    kind = kind_of(path)
    if kind is Kind.MISSING:
        hint = _scenario_hint(word) or _nearest(word, path)
        raise InputError([Fault(str(word), None, "", f"there is no such {_nouns(takes)}{hint}")])
    if kind in takes:
        return path.parent if path.is_file() else path
    if kind is Kind.DAMAGED:
        _raise_reader_fault(path.parent if path.is_file() else path, takes)
    raise InputError([wrong_kind(path, kind, f"this command takes {' or '.join(takes)}")])


def path_of(word: Path) -> Path:
    """Return a path as it is if it exists or has a folder; a bare name else means one in outputs/."""
    return word if len(word.parts) != 1 or kind_of(word) is not Kind.MISSING else OUTPUTS / word


def refuse(word: Path, command: str, needed: str, *kinds: Kind) -> None:
    """Raise InputError if a path is of one of some kinds that a command cannot take; `needed` says what it takes."""
    named = len(word.parts) == 1 and named_file(word.name) is not None  # a scenario, also if a study has its name
    path = word if named else path_of(word)
    if (kind := kind_of(path)) in kinds:
        raise InputError([wrong_kind(path, kind, f"{command} takes {needed}")])


def wrong_kind(path: Path, kind: Kind, needed: str) -> Fault:
    """Return the fault of a path of the wrong kind: what it is, what is needed, the command to use instead."""
    folder = path.parent if path.name == "manifest.json" else path
    advice = instead(folder, kind)
    return Fault(str(path), None, "", f"is {kind}; {needed}{f': {advice}' if advice else ''}")


def instead(path: Path, kind: Kind) -> str:
    """Return the command that a path of some kind is meant for, in words; empty if there is none."""
    if kind is Kind.STUDY:
        scenario = next(iter(read_any_manifest(path).get("scenarios") or ["NAME"]))
        again = shell("run", path, "--scenario", str(scenario), "--replicate", "0")
        return f"`{again}` makes one of its runs, `{shell('compare', path)}` compares all"
    if kind is Kind.RUN:
        return f"`{shell('events', path)}` lists what happens in it, `{shell('batch', path / 'scenario.yaml')}` makes a study"
    if kind is Kind.CALIBRATION:
        report = path / "report.html"
        return f"its results are in {report}" if report.is_file() else "`calibrate` with its file finishes it"
    if kind is Kind.RESULTS:
        return f"it was written by `{made_by(path)}`"
    return {
        Kind.SCENARIO_FILE: f"`{shell('run', path)}` makes a run of it",
        Kind.STUDY_FILE: f"`{shell('batch', path)}` makes a study of it",
        Kind.CALIBRATION_FILE: f"`{shell('calibrate', path)}` makes a calibration of it",
        Kind.PATTERN_FILE: f"`{shell('patterns', 'STUDY', '--patterns', path)}` holds a study against it",
        Kind.QUESTION_FILE: f"`{shell('score', 'STUDY', '--questions', path)}` answers them",
        Kind.CLAIM_FILE: f"`{shell('audit', path)}` tests each of them",
        Kind.PACK: f"unpack it first: `{shlex.join(['python', '-m', 'zipfile', '-e', str(path), 'outputs'])}`",
    }.get(kind, "")


def _nouns(takes: tuple[Kind, ...]) -> str:
    return " or ".join(kind.rpartition(" ")[2] for kind in takes)


def _nearest(word: Path, path: Path) -> str:
    """Return the nearest name of a folder of results beside the missing one, as a question."""
    return did_you_mean(word.name, [manifest.parent.name for manifest in path.parent.glob("*/manifest.json")])


def _scenario_hint(word: Path) -> str:
    """Return the command that makes a run of a scenario, if a missing result has the name of one; else nothing."""
    if len(word.parts) != 1 or named_file(word.name) is None:
        return ""
    runs = sorted(OUTPUTS.glob(f"{word.name}-seed*/manifest.json"), key=lambda path: path.stat().st_mtime)
    first = (
        f"; {runs[-1].parent} is its newest run" if runs else f": `{shell('run', word.name)}` makes a run of it first"
    )
    return f", {word.name} is a scenario{first}"


def _raise_reader_fault(folder: Path, takes: tuple[Kind, ...]) -> None:
    """Raise what the reader of a run's or study's manifest has to say of a damaged one."""
    from sim.results.manifest import read_manifest
    from sim.study.manifest import read_study_manifest

    (read_study_manifest if takes == (Kind.STUDY,) and (folder / "study.yaml").is_file() else read_manifest)(folder)


def find_town(run: Run, word: str, option: str) -> str:
    """Return the name of the town meant by a word, in any spelling, as the run's map has it."""
    from sim.geography.towns import find_place

    try:
        return run.geography.places[find_place(run.geography, word)].name
    except KeyError as error:
        raise InputError([Fault(option, None, "", str(error.args[0]))]) from None


def find_event(word: str) -> str | None:
    """Return the id of an event as tables write it ("e12" is E000012); None if the word is no id."""
    match = EVENT.fullmatch(word.strip())
    return f"E{int(match[1]):06d}" if match else None
