"""`run.py changes`: what differs between two scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def changes(
    first: Annotated[Path, typer.Argument(help="Scenario file.", metavar="A", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Scenario file.", metavar="B", show_default=False)],
    picture: Annotated[
        str | None, typer.Option("--map", metavar="[PNG]", help="Draw both starts side by side, to a new file.")
    ] = None,
) -> None:
    """Print what differs between two scenarios once everything is filled in."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.cli.picture import draw_starts, picture_file
    from sim.reading import read
    from sim.scenario.changes import changes as differences
    from sim.study.kind import Kind

    for file in (first, second):
        refuse(file, "changes", "scenario files", Kind.STUDY_FILE, *NO_SCENARIO)
    (one, one_map), (two, two_map) = read(first), read(second)
    target = None if picture is None else picture_file(picture, f"{first.stem}-{second.stem}-start")
    print("\n".join(map(str, differences(one.scenario, two.scenario))) or "no difference")
    if target is not None:
        draw_starts(target, (one.scenario, one_map), (two.scenario, two_map))
