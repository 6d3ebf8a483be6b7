"""`run.py new-map`: a map folder and a first scenario from a list of towns and who holds them."""

from __future__ import annotations

import os
import shlex
import shutil
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.home import SCENARIOS
from sim.cli.locate import check_folder
from sim.errors import Fault, InputError
from sim.text import plural

if TYPE_CHECKING:
    from sim.geography.new_map import Guess

LONGEST = 40
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
PICTURE = "start.png"


def new_map(
    towns: Annotated[
        Path,
        typer.Argument(help="CSV with the columns name, lat, lon, holder.", metavar="TOWNS.csv", show_default=False),
    ],
    name: Annotated[
        str, typer.Argument(help="What the map and the scenario are called.", metavar="NAME", show_default=False)
    ],
    title: Annotated[
        str, typer.Option(metavar="TEXT", help="Title of maps and scenario; NAME if left out.", show_default=False)
    ] = "",
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="First day of the scenario.")
    ] = datetime(2020, 1, 1),
) -> None:
    """Make a map and a first scenario from a list of towns; guesses roads, extent, cells and people, and says so."""
    from sim.cli.console import console
    from sim.geography.new_map import guess_map

    name = unicodedata.normalize("NFC", name)
    folder, scenario = free_places(name)
    title = _title(title) or name.replace("_", " ")
    _check_start(start)
    guess = guess_map(towns)
    make(guess, folder, scenario, title, start.date(), towns)
    out = console()
    out.print(
        f"{plural(len(guess.places), 'town')}, held by {', '.join(guess.factions)}. Guessed, to be replaced by what you know:",
        style="bold",
    )
    out.print("\n".join(f"- {sentence}" for sentence in guess.said))
    out.print(f"- Fighters: about 200 a town, all factions rebels; edit {_display_path(scenario)}.")
    out.print(f"\nmap: {_display_path(folder)} (look at {PICTURE})\nscenario: {_display_path(scenario)}")
    quoted = shlex.quote(_display_path(scenario))
    out.print(f"next: python run.py check {quoted}\n      python run.py {quoted} --seed 1", soft_wrap=True)


def _check_start(start: datetime) -> None:
    """Raise InputError if no scenario can start on the day."""
    from sim.scenario.cross_checks import FIRST_YEAR, LAST_YEAR

    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        message = f"{start.date()} is out of range, allowed is {FIRST_YEAR} to {LAST_YEAR}"
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

    if not name[:1].isalpha() or len(name) > LONGEST or file_name(name, "_") != name:
        message = (
            "is no name for a map, needs a letter and then at most 39 letters (of any script), digits or underscores"
        )
        raise InputError([Fault("NAME", None, "", f"{name[:60]!r} {message}")])
    if name.casefold() in DEVICES:
        raise InputError([Fault("NAME", None, "", f"{name!r} is no name for a map: Windows keeps it for a device")])
    folder, scenario = SCENARIOS / "maps" / name, SCENARIOS / f"{name}.yaml"
    faults = [
        Fault(_display_path(path), None, "", "exists; nothing is overwritten, choose another NAME")
        for path in (folder, scenario)
        if path.exists() or path.is_symlink()
    ]
    if faults:
        raise InputError(faults)
    check_folder(folder.parent, "scenarios/maps")
    return folder, scenario


def make(guess: Guess, folder: Path, scenario: Path, title: str, start: date, source: Path) -> None:
    """Write the map and the scenario, checked together; both appear whole or not at all. Faults are those of `source`."""
    draft = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        _fill(draft, guess, scenario.stem, title, start, source)
        free_places(scenario.stem)  # nobody has taken the names meanwhile
        (draft / scenario.name).rename(scenario)
        try:
            draft.rename(folder)
        except BaseException:
            scenario.unlink()
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(draft: Path, guess: Guess, name: str, title: str, start: date, source: Path) -> None:
    """Write the files of the map, the scenario and the picture of its start to one folder, and check them."""
    from sim.cli.figure import say_lacking_letters
    from sim.files import display_path as shown_path
    from sim.geography.maps import load_map
    from sim.geography.new_map import as_listed, first_scenario, map_files
    from sim.load import check_places
    from sim.plots.map.sheets import start_map
    from sim.plots.style import png_bytes
    from sim.scenario.load import load

    for file, text in map_files(guess, title, source.name).items():
        (draft / file).write_text(text, encoding="utf-8")
    page = draft / f"{name}.yaml"
    page.write_text(
        first_scenario(name, title, start, guess.fighters, guess.road_km, len(guess.places)), encoding="utf-8"
    )
    try:
        geography, loaded = load_map(draft), load(page)
        if faults := check_places(loaded, geography):
            raise InputError(faults)
    except InputError as error:
        raise InputError(as_listed(error.faults, guess, shown_path(source))) from None
    say_lacking_letters((loaded.scenario, geography))
    (draft / PICTURE).write_bytes(png_bytes(start_map(loaded.scenario, geography)))


def _display_path(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
