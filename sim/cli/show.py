"""`run.py show`: the resolved scenario, with units and sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.", metavar="FILE", show_default=False)],
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an input; repeatable.")
    ] = None,
) -> None:
    """Print the scenario with everything filled in, units and sources as comments."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.reading import read
    from sim.scenario.show import show as shown
    from sim.study.kind import Kind

    refuse(scenario, "show", "a scenario file", Kind.STUDY_FILE, *NO_SCENARIO)
    loaded, _geography = read(scenario, sets or ())
    print(shown(loaded).rstrip())
