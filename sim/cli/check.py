"""`run.py check`: is the scenario well-formed, and what do its numbers imply?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import Fault, InputError


def check(
    scenarios: Annotated[
        list[Path], typer.Argument(help="Scenario files, or study files.", metavar="FILE...", show_default=False)
    ],
    picture: Annotated[
        str | None, typer.Option("--map", metavar="[PNG]", help="Draw the start, to a new file.")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an input; repeatable.")
    ] = None,
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
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.cli.output import pairs
    from sim.cli.picture import FREE_NAME, draw_starts, picture_file
    from sim.engine.implied import implied
    from sim.reading import read
    from sim.study.definition import find_study
    from sim.study.kind import Kind, kind_of

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
    from sim.cli.output import pairs
    from sim.study.definition import read_definition
    from sim.study.plan import make_plan

    if sets or picture is not None:
        option = "--set" if sets else "--map"
        raise InputError([Fault(option, None, "", f"does not go with a study; {path} says itself what it changes")])
    plan = make_plan(*read_definition(path))
    pairs(plan_rows(plan), title=f"{path}: {plan.definition.question}")


def _check_calibration(path: Path, sets: list[str], picture: str | None) -> None:
    from sim.cli.calibrate import rows
    from sim.cli.output import pairs
    from sim.history.priors import read_calibration

    if sets or picture is not None:
        raise InputError([Fault(str(path), None, "", "is a calibration; --set and --map belong to scenarios")])
    plan = read_calibration(path)
    pairs(rows(plan), title=f"{path}: {plan.definition.question}")
