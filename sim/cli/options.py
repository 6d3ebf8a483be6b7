"""Arguments and options: those that several commands share, each declared once as an annotation; the file that `--map` names; and a check
of the words after a command against what its function declares, in messages of our own, before typer reads them.

A command names a shared option as the type of its parameter. Where only the help differs, a function makes the annotation's option from
it. Every fault of the line is reported: an option that does not exist, lacks its value or is given twice, a value of the wrong
kind or beyond its range, arguments that are missing, empty or too many."""

from __future__ import annotations

import inspect
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from sim.cli.locate import check_folder
from sim.errors import Fault, InputError, did_you_mean
from sim.files import OUTPUTS, named_files
from sim.text import shell

FREE_NAME = "free name"  # what `--map` without a file becomes
SUFFIXES = (".png", ".svg")
MAX_SEED = 2**63 - 1
MAX_STUDY_SEED = 2**53 - 1


def folder_option(text: str) -> Any:
    """Return an option that takes a folder; `text` is its help."""
    return typer.Option(metavar="DIR", help=text)


def set_option(text: str) -> Any:
    """Return the option `--set`, which changes inputs; `text` is its help."""
    return typer.Option("--set", metavar="KEY=VALUE", help=text)


def no_pictures_option(text: str) -> Any:
    """Return the option `--no-pictures`; `text` tells what the command writes then."""
    return typer.Option("--no-pictures", help=text)


def start_map_option(text: str) -> Any:
    """Return the option `--map`, which draws the start of scenarios; `text` is its help."""
    return typer.Option("--map", metavar="[PNG]", help=text)


def run_seed_option(text: str) -> Any:
    """Return the option `--seed` of a single run; `text` is its help."""
    return typer.Option(metavar="N", min=0, max=MAX_SEED, help=text, show_default=False)


def complete_scenario(incomplete: str) -> list[str]:
    """Return the scenarios whose names begin so, for the completion of shells."""
    return [name for name in named_files() if name.startswith(incomplete)]


def complete_result(incomplete: str) -> list[str]:
    """Return the folders of results in `outputs/` whose names begin so, for the completion of shells."""
    return sorted(
        path.parent.name for path in OUTPUTS.glob("*/manifest.json") if path.parent.name.startswith(incomplete)
    )


def file_argument(text: str, metavar: str) -> Any:
    """Return an argument that takes files of scenarios, completed by their names; `text` is its help."""
    return typer.Argument(help=text, metavar=metavar, show_default=False, autocompletion=complete_scenario)


def result_argument(text: str, metavar: str) -> Any:
    """Return an argument that takes folders of results, completed by their names; `text` is its help."""
    return typer.Argument(help=text, metavar=metavar, show_default=False, autocompletion=complete_result)


ScenarioFile = Annotated[Path, file_argument("Scenario file.", "FILE")]
RunFolder = Annotated[Path, result_argument("Folder of a run.", "RUN")]
StudyFolder = Annotated[Path, result_argument("Folder of a study.", "STUDY")]
ResultFolder = Annotated[Path, result_argument("Folder of a run or of a study.", "RUN|STUDY")]

Sets = Annotated[list[str] | None, set_option("Change an input, by the key `show` prints; repeatable.")]
ScenarioOfStudy = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a study's folder: which scenario.", show_default=False),
]
ReplicateOfStudy = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Of a study's folder: which replicate.", show_default=False),
]
PatternFile = Annotated[
    Path | None,
    typer.Option(
        "--patterns", metavar="FILE.yaml", help="Patterns; those of scenarios/patterns for the map if left out."
    ),
]

RunParent = Annotated[Path, folder_option("Folder in which the run's own is made.")]
StudyParent = Annotated[Path | None, folder_option("Folder in which the study's own is made; outputs if left out.")]
NoRunPictures = Annotated[bool, no_pictures_option("Write no maps, charts and report.")]
PrintOnly = Annotated[bool, no_pictures_option("Print only.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the folder that was written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON, for other programs.")]

Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=4096, help="Processes; all cores if left out; 1: no extra process."),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="URL", help="A running Dask scheduler, such as tcp://host:8786.")
]


def name_maps(words: list[str]) -> list[str]:
    """Give every `--map` of a command line that has no file name the word for a free name."""
    out: list[str] = []
    for i, word in enumerate(words):
        out.append(word)
        following = words[i + 1] if i + 1 < len(words) else ""
        bare_option = following.startswith("-") or not following
        if word == "--map" and (bare_option or Path(following).suffix.lower() in {".yaml", ".yml"}):
            out.append(FREE_NAME)
    return out


def picture_file(requested: str, stem: str) -> Path:
    """Return the file to draw to, which does not exist yet; raise InputError where it cannot be."""
    if requested == FREE_NAME:
        check_folder(OUTPUTS, "--map")
        names = (OUTPUTS / f"{stem}{end}.png" for end in ("", *(f"-{n}" for n in range(2, 10_000))))
        return next(name for name in names if not name.exists())
    return new_picture(Path(requested), "--map")


def new_picture(path: Path, option: str) -> Path:
    """Return a file to draw to, after a look at its name and folder; raise InputError where it cannot be."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError([Fault(option, None, "", f"{path} must end in {' or '.join(SUFFIXES)}")])
    if path.exists():
        raise InputError([Fault(option, None, "", f"{path} exists; nothing is overwritten")])
    if not path.parent.is_dir():
        raise InputError([Fault(option, None, "", f"there is no folder {path.parent}")])
    check_folder(path.parent, option)
    return path


WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
LONGEST_SHOWN = 60  # letters of a wrong value in a message
LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes, on the systems that are supported


@dataclass(frozen=True)
class Parameter:
    """An option or an argument of a command; `kind` is the type of one value, bool for an option without a value."""

    name: str
    kind: type
    is_option: bool
    many: bool
    required: bool
    least: float | None = None
    most: float | None = None
    short: str = ""  # the name in one letter, with its hyphen


def parameters_of(command: Callable[..., None]) -> list[Parameter]:
    """Return the options and arguments of a command from its annotations."""
    hints = get_type_hints(command, include_extras=True)
    return [
        _parameter(name, hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(command).parameters.items()
    ]


def _parameter(python_name: str, hint: Any, required: bool) -> Parameter:
    """Return a parameter from its annotation, which has its type and what typer is given for it."""
    annotation, info = get_args(hint)
    parts = [part for part in get_args(annotation) if part is not type(None)]
    inner = parts[0] if parts else annotation  # `list[Path]` has the parts of the list, `int | None` those of the union
    many = annotation in (list[Path], list[str]) or bool(get_args(inner))
    kind = get_args(inner)[0] if get_args(inner) else inner
    if not isinstance(info, OptionInfo):
        return Parameter(info.metavar, kind, False, many, required)
    declared = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)]
    name = declared[0] if declared else f"--{python_name.replace('_', '-')}"
    short = next((word for word in declared if len(word) == 2), "")
    return Parameter(name, kind, True, many, required, info.min, info.max, short)


def usage_faults(name: str, command: Callable[..., None], words: Sequence[str]) -> list[Fault]:
    """Return what is wrong with the words after the name of a command; nothing if they ask for help."""
    if "--help" in words or "-h" in words:
        return []
    parameters = parameters_of(command)
    options = {parameter.name: parameter for parameter in parameters if parameter.is_option}
    faults: list[Fault] = []
    given: dict[str, list[str]] = {}
    positional: list[str] = []
    for option_name, value in _split(words, options):
        if not option_name:
            positional.append(value or "")
            continue
        given.setdefault(option_name, []).append(value or "")
        faults += _option_faults(name, option_name, value, options)
    faults += _repeated({options[each]: values for each, values in given.items() if each in options})
    faults += [_missing(name, option) for option in options.values() if option.required and option.name not in given]
    if given.keys() <= options.keys():
        arguments = [parameter for parameter in parameters if not parameter.is_option]
        faults += _argument_faults(name, arguments, positional)
    return faults


def _split(words: Sequence[str], options: dict[str, Parameter]) -> Iterator[tuple[str, str | None]]:
    """Give name and value of each option, None where it has no value, and an empty name with each argument."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (("", argument) for argument in rest)
        elif word.startswith("-") and len(word) > 1:
            name, sign, value = word.partition("=")
            name = next((each.name for each in options.values() if each.short == name), name)
            option = options.get(name)
            takes_next = option is not None and option.kind is not bool and not sign
            yield name, next(rest, None) if takes_next else (value if sign else None)
        else:
            yield "", word


def _option_faults(command: str, name: str, value: str | None, options: dict[str, Parameter]) -> list[Fault]:
    """Return what is wrong with one option and its value."""
    option = options.get(name)
    if option is None:
        guess = did_you_mean(name, options) or f"; `{shell(command, '--help')}` lists its options"
        message = f"{command} does not have this option{guess}"
    elif option.kind is bool:
        message = "" if value is None else f"takes no value, got {_shown(value)}"
    elif value is None:
        message = f"needs a value; `{shell(command, '--help')}` says which"
    else:
        message = value_fault(option, value)
    return [Fault(name[:LONGEST_SHOWN], None, "", message)] if message else []


def _repeated(given: dict[Parameter, list[str]]) -> Iterator[Fault]:
    """Yield the faults of options that are given twice but have one value, and of keys that `--set` sets twice."""
    for option, values in given.items():
        if len(values) > 1 and not option.many and option.kind is not bool:
            yield Fault(option.name, None, "", f"is given {len(values)} times; it has one value")
        keys = [value.partition("=")[0].strip() for value in values] if option.name == "--set" else []
        for key in dict.fromkeys(key for key in keys if key and keys.count(key) > 1):
            yield Fault(option.name, None, "", f"{_shown(key)} is set {keys.count(key)} times; it has one value")


def _argument_faults(command: str, arguments: list[Parameter], words: list[str]) -> list[Fault]:
    """Return what is wrong with the arguments of a command: too few, too many, empty."""
    faults = [_missing(command, each) for each in arguments[len(words) :] if each.required]
    most = math.inf if any(each.many for each in arguments) else len(arguments)
    names = " and ".join(each.name for each in arguments) or "none"
    if len(words) > most:
        extra = _shown(words[len(arguments)])
        faults.append(Fault(extra, None, "", f"is one argument too many; {command} takes {names}"))
    for number, word in enumerate(words[: len(arguments)] if most < math.inf else words):
        argument = arguments[min(number, len(arguments) - 1)]
        if message := value_fault(argument, word):
            faults.append(Fault(argument.name, None, "", message))
    return faults


def _missing(command: str, parameter: Parameter) -> Fault:
    return Fault(parameter.name, None, "", f"is missing; `{shell(command, '--help')}` says what it is")


def value_fault(parameter: Parameter, text: str) -> str:
    """Return what is wrong with a value and what is allowed; empty if it can be read."""
    if parameter.kind is int:
        known = WHOLE.fullmatch(text) is not None and _in_range(parameter, int(text))
        return "" if known else f"{_shown(text)} is not a whole number{_range(parameter)}"
    if parameter.kind is float:
        known = _is_number(text) and _in_range(parameter, float(text))
        return "" if known else f"{_shown(text)} is not a number{_range(parameter)}"
    if parameter.kind is datetime:
        return "" if _is_date(text) else f"{_shown(text)} is not a date; write it as 2020-03-14"
    if issubclass(parameter.kind, Enum):
        allowed = [str(each.value) for each in parameter.kind]
        known = text in allowed
        return "" if known else f"{_shown(text)} is none of {', '.join(allowed)}{did_you_mean(text, allowed)}"
    return _path_fault(text) if issubclass(parameter.kind, Path) else ""


def _path_fault(text: str) -> str:
    if not text.strip() or "\0" in text:
        return f"{_shown(text)} is not a path; a file or a folder is needed"
    longest = max(len(os.fsencode(part)) for part in (*Path(text).parts, ""))
    if longest > LONGEST_NAME or len(os.fsencode(text)) > LONGEST_PATH:
        return f"{_shown(text)} is too long; a name has at most {LONGEST_NAME} bytes, a path {LONGEST_PATH}"
    return ""


def _in_range(parameter: Parameter, value: float) -> bool:
    return (parameter.least is None or value >= parameter.least) and (parameter.most is None or value <= parameter.most)


def _range(parameter: Parameter) -> str:
    """Say the range of a number: " from 1 to 4096", " from 0 on", or nothing."""
    if parameter.least is None:
        return ""
    return (
        f" from {parameter.least} to {parameter.most}" if parameter.most is not None else f" from {parameter.least} on"
    )


def _is_number(text: str) -> bool:
    try:
        return text.isascii() and "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """Return a value as a message shows it, on one line and not too long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


# What `-q` leaves ---------------------------------------------------------------------------------------------------

_written: list[Path] | None = (
    None  # paths for `-q` of commands without an own way of being quiet; None if all is printed
)


def print_written(line: str, *paths: Path, stderr: bool = False) -> None:
    """Print a line on what was written; with `-q` its paths alone stay, one a line."""
    print(line, file=sys.stderr if stderr else sys.stdout)
    if _written is not None:
        _written.extend(paths)


@contextmanager
def only_written(as_json: bool) -> Iterator[None]:
    """Print of all that is printed inside only the paths of what was written, or with `as_json` only the JSON."""
    global _written
    _written, out = [], sys.stdout
    try:
        with redirect_stderr(StringIO()), redirect_stdout(out if as_json else StringIO()):
            yield
        if not as_json:
            for path in _written:
                print(path)
    finally:
        _written = None
