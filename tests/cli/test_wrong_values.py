"""Wrong words on a command line: each is one line that says what is allowed, exit code 2, and nothing is written."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path

import pytest

from sim.cli.main import COMMANDS, main, parser
from sim.cli.options import Parameter, parameters_of, usage_faults, value_fault
from tests.validation.test_calibration import written

NAMES = {command.__name__.replace("_", "-"): command for command in COMMANDS}
WRONG_NUMBERS = ("", " ", "two", "0x10", "nan", "inf", "-inf", "1e400", "1_0", "9" * 400, "\uff11", "1\n2")
WRONG_PATHS = ("", "  ", "x" * 256, "d/" * 3000 + "x")


def wrong_values(parameter: Parameter) -> tuple[str, ...]:
    """Return values that a parameter may not have; none where any text is read further on."""
    beyond: list[str] = []
    if parameter.least is not None:
        beyond.append(f"{parameter.least - 1:g}")
    if parameter.most is not None:
        beyond.append(f"{parameter.most + 1}" if parameter.kind is int else f"{parameter.most * 2:g}")
    if parameter.kind is int:
        return (*WRONG_NUMBERS, "2.5", "1e9", *beyond)
    if parameter.kind is float:
        return (*WRONG_NUMBERS, *beyond)
    if parameter.kind is datetime:
        return ("", "x", "2018-02-30", "29/10/2018", "2018-10-29T00:00")
    if issubclass(parameter.kind, Enum):
        return ("", "no-such-word")
    return WRONG_PATHS if issubclass(parameter.kind, Path) else ()


def words_for(name: str, tested: Parameter, *values: str) -> list[str]:
    """Return what a command needs, with files that do not exist, and the values of the parameter that is tested."""
    words: list[str] = []
    for parameter in parameters_of(NAMES[name]):
        if parameter == tested:
            words += values
        elif parameter.required:
            value = next(iter(parameter.kind)).value if issubclass(parameter.kind, Enum) else "1"
            words += [parameter.name, value] if parameter.is_option else ["missing.yaml"]
    return words


def cases(name: str) -> Iterator[tuple[list[str], str]]:
    """Give the words after a command, and the option or argument that is at fault."""
    for parameter in parameters_of(NAMES[name]):
        option = parameter.name if parameter.is_option else ""
        for value in wrong_values(parameter):
            yield words_for(name, parameter, f"{option}={value}" if option else value), parameter.name
        if option and parameter.kind is bool:
            yield words_for(name, parameter, f"{option}=yes"), option
        elif option:
            yield [*words_for(name, parameter), option], option  # no value follows
            if not parameter.many:
                yield words_for(name, parameter, option, "1", option, "1"), option
        if parameter.required and option:
            yield words_for(name, parameter), option
    yield ["--no-such-option", "3"], "--no-such-option"


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_value_of_every_option_is_one_line(name: str) -> None:
    for words, at_fault in cases(name):
        lines = [str(fault) for fault in usage_faults(name, NAMES[name], words)]
        assert any(line.startswith(f"{at_fault}: ") for line in lines), (words, lines)
        assert all(line.isprintable() and len(line) < 400 for line in lines), lines


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run", "a.yaml", "--seed", "two"], "--seed: 'two' is not a whole number from 0 to 9223372036854775807"),
        (["batch", "a", "--until-precise", "3"], "--until-precise: '3' is not a number from 1e-06 to 1"),
        (["figure", "a", "--day", "-1"], "--day: '-1' is not a whole number from 0 on"),
        (["new-map", "a", "b", "--start", "x"], "--start: 'x' is not a date; write it as 2020-03-14"),
        (
            ["export", "a", "--format", "geo"],
            "--format: 'geo' is none of ged, acled, geojson, gpkg, admin2, csv, did you mean",
        ),
        (["run", "a", "--seed", "1", "--seed", "2"], "--seed: is given 2 times; it has one value"),
        (["run", "a", "--set", "days=1", "--set", "days=2"], "--set: 'days' is set 2 times; it has one value"),
        (["run", "a", "--days", "1", "--set", "days=2"], "--days: does not go with --set days=...; give one of them"),
        (["batch", "a", "--workers", "1", "--scheduler", "tcp://h:1"], "--workers: does not go with --scheduler"),
        (["run", "a", "b"], "'b': is one argument too many; run takes FILE"),
        (["changes", "a"], "B: is missing; `python run.py changes --help`"),
        (["show", "a\nb.yaml"], "'a\\nb.yaml': "),
        (["run", ""], "FILE: '' is not a path; a file or a folder is needed"),
    ],
)
def test_a_message_says_what_is_wrong_and_what_is_allowed(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_all_faults_of_a_line_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "a", "--workers", "0", "--replicates", "many", "--nope"]) == 2
    starts = [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert starts == ["--workers", "--replicates", "--nope"]


def test_parameters_are_those_of_the_help() -> None:
    for name, command in NAMES.items():
        known = {parameter.opts[0] for parameter in parser().commands[name].params if parameter.opts[0] != "--help"}
        own = {parameter.name for parameter in parameters_of(command) if parameter.is_option}
        assert own == {option for option in known if option.startswith("--")}, name


def test_values_that_are_allowed_have_no_fault() -> None:
    number = Parameter("--n", int, True, False, False, 0, 10)
    assert [value_fault(number, text) for text in ("0", "10", "+3", "007")] == [""] * 4
    assert value_fault(Parameter("--x", float, True, False, False), "1e-3") == ""
    assert usage_faults("check", NAMES["check"], ["a.yaml", "b.yaml", "--set", "a=1", "--set", "b=2"]) == []
    assert usage_faults("run", NAMES["run"], ["--label", "--seed", "--", "-1.yaml"]) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert main(["two_valleys", "--days", "5", "--no-pictures", "--quiet", "--out", str(folder)]) == 0
    return folder / "two_valleys-seed1"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["figure", "RUN", "--day", "3"], "NAME: is missing; `python run.py figure "),
        (["figure", "RUN", "timeline", "--day", "3"], "--day: timeline is not of a day"),
        (["pack", "RUN", "--out", "RUN/deeper"], "--out: "),
        (["verify", "RUN", "--sample", "1"], "--sample: belongs to the folder of a study"),
        (["events", "RUN", "--from", "2030-01-01"], "--from: 2030-01-01 is after the last day; the run is from"),
        (["branch", "RUN", "--day", "6"], "--day: "),
        (["export", "RUN", "--format", "ged", "--out", "RUN/events.csv"], "--out: "),
        (["why", "RUN", "Atlantis", "--out", "RUN/events.csv"], "--out: "),
        (["pack", "RUN", "--out", "RUN/link"], "--out: "),
        (["score", "RUN", "--observed", "RUN"], "RUN: is a single run; this command takes a study: "),
        (["status", "RUN"], "RUN: is a single run; this command takes a study: "),
        (["calibrate", "RUN"], "RUN: is a single run; calibrate takes a calibration file: "),
        (["check", "RUN"], "RUN: is a single run; "),
    ],
)
def test_values_that_do_not_fit_a_run_are_one_line_and_nothing_is_written(
    words: list[str], line: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = run / "link"
    if not link.is_symlink():
        link.symlink_to("nowhere")
    before = sorted(run.rglob("*"))
    assert main([word.replace("RUN", str(run)) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(line.replace("RUN", str(run)))
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(run.rglob("*")) == before


# What a command itself refuses, beyond what its line is checked for: for each command the words of a call that is right,
# and for each parameter values that are not. RUN, STUDY and the other names in capitals stand for paths of `shelf`.
NO_FILE = ("NOTHING", "EMPTY", "BYTES", "FOLDER", "LINK")
NO_RESULT = ("NOTHING", "EMPTY", "BYTES", "FOLDER", "LINK", "TORN")
NO_FOLDER = ("BYTES", "BYTES/deeper", "LINK")
KEYS = ("x", "=1", "days=", "days=0", "days=nan", "days=1e9", "days=many", "no.such=1", "map=../x", "start=2018-02-30")
NUMBER = "9999999999"
PROGRESS = ("comparing runs", "comparing policies")  # lines that say what is done meanwhile
OF_A_STUDY = {"--scenario": ("other",), "--replicate": (NUMBER,)}
REFUSED: dict[str, tuple[list[str], dict[str, tuple[str, ...]]]] = {
    "run": (
        ["two_valleys", "--out", "NEW"],
        {"FILE": NO_FILE, "--days": ("0", "-1", NUMBER), "--out": NO_FOLDER, "--set": KEYS, "--video": ("avi", "gif")},
    ),
    "watch": (
        ["two_valleys", "--port", "0"],
        {"FILE [FILE]": NO_FILE, "--set": KEYS, "--host": ("", "no host", "256.1.1.1"), "--port": ("TAKEN",)},
    ),
    "batch": (
        ["STUDYFILE", "--out", "NEW"],
        {
            "STUDY|FILE...": NO_FILE,
            "--out": NO_FOLDER,
            "--scheduler": ("", "x", "tcp://"),
            "--max": (NUMBER,),
            "--precise-on": ("", "no_statistic"),
        },
    ),
    "status": (["STUDY"], {"STUDY": NO_RESULT}),
    "compare": (["STUDY"], {"STUDY | A B": NO_RESULT, "--out": NO_FOLDER}),
    "verify": (["RUN"], {"RUN|STUDY": NO_RESULT, "--sample": ("1", NUMBER)}),
    "branch": (
        ["RUN", "--day", "2", "--no-pictures", "--out", "NEW"],
        {"RUN": NO_RESULT, "--day": ("0", "-1", "5", NUMBER), "--set": KEYS, "--policy": NO_FILE, "--out": NO_FOLDER},
    ),
    "patterns": (
        ["IDLIB"],
        {
            "STUDY|RUN...": NO_RESULT,
            "--observed": NO_FILE,
            "--patterns": NO_FILE,
            "--scenario": ("other",),
            "--out": NO_FOLDER,
        },
    ),
    "ablate": (
        ["greater_idlib_2018", "--replicates", "2", "--days", "2", "--out", "NEW"],
        {"FILE": NO_FILE, "--only": ("", "no_rule"), "--patterns": NO_FILE, "--out": NO_FOLDER},
    ),
    "audit": (
        ["CLAIMS", "--out", "NEW", "--replicates", "8"],
        {"CLAIMS": NO_FILE, "--claim": ("", "other"), "--out": NO_FOLDER},
    ),
    "calibrate": (
        ["CALIBRATION", "--out", "NEW"],
        {
            "STUDY": NO_FILE,
            "--out": NO_FOLDER,
            "--scheduler": ("", "x", "tcp://"),
            "--keep": ("0.01",),
            "--observed": NO_FILE,
            "--save": ("FOLDER", "BYTES/a.csv", "LINK/a.csv"),
        },
    ),
    "score": (
        ["STUDY", "--observed", "FOLDER"],
        {
            "STUDY": NO_RESULT,
            "--observed": NO_FILE,
            "--questions": NO_FILE,
            "--scenario": ("other",),
            "--out": NO_FOLDER,
        },
    ),
    "decide": (
        ["STUDY", "--outcome", "clash_days"],
        {
            "STUDY": NO_RESULT,
            "--outcome": ("", "no_statistic", "holder.Atlantis=HTS"),
            "--questions": NO_FILE,
            "--out": NO_FOLDER,
        },
    ),
    "hindcast": (
        ["STUDY", "--observed", "BYTES", "--run-up", "7"],
        {
            "STUDY...": NO_RESULT,
            "--observed": NO_FILE,
            "--until": ("x", "2018-02-30"),
            "--run-up": ("364",),
            "--out": NO_FOLDER,
        },
    ),
    "figure": (
        ["RUN", "control_map"],
        {
            "RUN|STUDY": NO_RESULT,
            "NAME": ("no_figure", ""),
            "--day": ("6", NUMBER),
            "--days": ("0:3", "3", "x:y"),
            "--rows": ("clash_days", ""),
            "--width-mm": ("0", "-1", "1e9"),
            "--format": ("gif", ""),
            "--out": ("NEW/deeper/a.svg", "a.gif"),
        },
    ),
    "check": (["two_valleys"], {"FILE...": NO_FILE, "--map": ("a.gif", "NEW/deeper/a.png", "FOLDER"), "--set": KEYS}),
    "show": (["two_valleys"], {"FILE": NO_FILE, "--set": KEYS}),
    "changes": (
        ["two_valleys", "two_valleys"],
        {"A": NO_FILE, "B": NO_FILE, "--map": ("a.gif", "NEW/deeper/a.png", "FOLDER")},
    ),
    "why": (
        ["RUN", "Tolland"],
        {"RUN|STUDY": NO_RESULT, "TOWN|EVENT": ("Atlantis", "", "E9999999999", "E0"), "--out": NO_FOLDER},
    ),
    "events": (
        ["RUN"],
        {
            "RUN": NO_RESULT,
            "--kind": ("x", ""),
            "--town": ("x", ""),
            "--faction": ("x", ""),
            "--from": ("x", "", "2018-02-30", "9999-12-31"),
            "--until": ("x", "", "0001-01-01"),
        },
    ),
    "rules": (
        ["two_valleys"],
        {"[FILE]": NO_FILE, "--set": KEYS, "--picture": ("a.gif", "NEW/deeper/a.png", "FOLDER")},
    ),
    "new-map": (
        ["TOWNS", "a_map"],
        {
            "TOWNS": NO_FILE,
            "NAME": ("", "a/b", "..", "greater_idlib"),
            "--start": ("0001-01-01", "9999-12-31"),
            "--lines": NO_FILE,
        },
    ),
    "export": (
        ["RUN", "--format", "ged"],
        {
            "RUN|STUDY": NO_RESULT,
            "--out": ("BYTES", "FOLDER", "a.txt", "NEW/deeper/a.csv"),
            "--date": ("x", "", "2018-02-30", "9999-12-31"),
        },
    ),
    "pack": (["RUN"], {"RUN|STUDY": NO_RESULT, "--out": ("BYTES", "BYTES/deeper", "LINK", "RUN")}),
    "schema": ([], {}),
    "validate": (
        ["--replicates", "2"],
        {"--theatre": ("", "nowhere"), "--studies": ("no_prefix_",), "--out": NO_FOLDER},
    ),
}
# Parameters whose every value that can be read is right.
FREE = {
    "run": {"--seed", "--label", "--scenario", "--replicate"},
    "watch": {"--seed", "--seeds", "--scenario", "--replicate"},
    "batch": {"--replicates", "--seed", "--workers", "--until-precise"},
    "branch": {"--label"},
    "ablate": {"--replicates", "--days", "--seed", "--workers"},
    "audit": {"--replicates", "--workers"},
    "calibrate": {"--workers", "--draws"},
    "decide": {"--better", "--threshold"},
    "validate": {"--replicates", "--workers"},
    "hindcast": {"--power"},
    "new-map": {"--country", "--title"},
    "export": {"--format", "--log", "--by"},
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, run: Path) -> Path:
    """Return a folder with a run, a study and files of each kind, right and wrong."""
    shelf = tmp_path_factory.mktemp("shelf")
    shutil.copytree(run, shelf / "RUN", symlinks=True)
    (shelf / "STUDYFILE").write_text(
        "question: does it end?\nscenarios: [two_valleys]\nset: {days: 15}\nreplicates: 2\n"
    )
    (shelf / "EMPTY").write_bytes(b"")
    (shelf / "BYTES").write_bytes(bytes(range(256)))
    (shelf / "LINK").symlink_to("nowhere")
    (shelf / "FOLDER").mkdir()
    (shelf / "TORN").mkdir()
    (shelf / "TORN" / "manifest.json").write_text('{"seed": ')
    (shelf / "TOWNS").write_text("name,lat,lon,holder\nA,36,37,X\nB,36.1,37,Y\n")
    (shelf / "CLAIMS").write_text(
        "title: Made up\nclaims:\n  one:\n    sentence: There are clashes.\n    page: README.md\n"
        "    scenario: {file: two_valleys, set: {days: 5}}\n    statistic: clash_days\n    expected: {at_least: 0}\n"
    )
    calibration = written(shelf)
    calibration.rename(shelf / "CALIBRATION")
    for words, name in (
        (["batch", str(shelf / "STUDYFILE"), "--workers", "1"], "STUDY"),
        (["greater_idlib_2018", "--days", "3", "--no-pictures", "--quiet"], "IDLIB"),
    ):
        assert main([*words, "--out", str(shelf / "made")]) == 0
        (made,) = (shelf / "made").iterdir()
        made.rename(shelf / name)
    (shelf / "made").rmdir()
    return shelf


def refusals(name: str, taken: int) -> Iterator[tuple[list[str], str, str]]:
    """Give the words of each wrong call of a command, the parameter and its wrong value."""
    right, wrong = REFUSED[name]
    arguments = [parameter.name for parameter in parameters_of(NAMES[name]) if not parameter.is_option]
    for parameter, values in wrong.items():
        for value in (str(taken) if each == "TAKEN" else each for each in values):
            if parameter in arguments:
                place = arguments.index(parameter)
                yield [*right[:place], value, *right[place + 1 :]], parameter, value
            else:
                at = right.index(parameter) if parameter in right else len(right)
                yield [*right[:at], f"{parameter}={value}", *right[at + 2 :]], parameter, value


def test_the_sweep_covers_every_parameter() -> None:
    assert REFUSED.keys() == NAMES.keys()
    for name, command in NAMES.items():
        names = {parameter.name for parameter in parameters_of(command) if parameter.kind is not bool}
        assert REFUSED[name][1].keys() | FREE.get(name, set()) == names, name
        assert not REFUSED[name][1].keys() & FREE.get(name, set()), name


@pytest.mark.parametrize("name", NAMES)
def test_a_command_refuses_what_it_cannot_use_in_one_line_and_writes_nothing(
    name: str, shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shelf)
    before = sorted(shelf.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        for words, parameter, value in refusals(name, server.getsockname()[1]):
            code = main([name, *words])
            captured = capsys.readouterr()
            lines = [line for line in captured.err.splitlines() if line not in PROGRESS]
            call = (name, words, code, captured.err, captured.out)
            assert code == 2, call
            assert len(lines) == 1, call
            assert lines[0].isprintable(), call
            assert len(lines[0]) < 1000, call
            assert parameter in lines[0] or value in lines[0], call
            assert captured.out == "", call
            assert sorted(shelf.rglob("*")) == before, call


@pytest.mark.parametrize("length", [899, 900, 901, 100_000])
def test_a_message_is_never_longer_than_a_screen(length: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "two_valleys", "--set", f"{'x' * length}=1"]) == 2
    assert all(len(line) < 1000 for line in capsys.readouterr().err.splitlines())
