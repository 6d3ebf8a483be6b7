"""`run.py check`: is the scenario well-formed, and what do its numbers imply?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import Fault, InputError


def check(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files.", metavar="FILE...", show_default=False)],
    picture: Annotated[
        str | None, typer.Option("--map", metavar="[PNG]", help="Draw the start, to a new file.")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an input; repeatable.")
    ] = None,
) -> None:
    """Read scenarios and print what their numbers imply; runs nothing."""
    faults: list[Fault] = []
    for path in scenarios:
        try:
            _check_one(path, sets or [], picture, alone=len(scenarios) == 1)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def _check_one(path: Path, sets: list[str], picture: str | None, alone: bool) -> None:
    from sim.cli.output import pairs
    from sim.cli.picture import FREE_NAME, draw_starts, picture_file
    from sim.engine.implied import implied
    from sim.reading import read

    loaded, geography = read(path, sets)
    if picture is not None and picture != FREE_NAME and not alone:
        raise InputError([Fault("--map", None, "", "one file name for several scenarios; leave the name out")])
    target = None if picture is None else picture_file(picture, f"{path.stem}-start")
    pairs(implied(loaded.scenario, geography), title=f"{path}: {loaded.scenario.question}")
    if target is not None:
        draw_starts(target, (loaded.scenario, geography))
    if not alone:
        print()
