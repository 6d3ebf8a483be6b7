"""Commands that read scenario files only: check, show, changes, rules, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import ScenarioFile, Sets, start_map_option
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.rule_catalogue import Parameter, Step
    from sim.scenario.parameters import Rules


def show(
    scenario: ScenarioFile,
    sets: Sets = None,
) -> None:
    """Print the scenario with everything filled in, units and sources as comments."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.load import read
    from sim.scenario.show import show as shown
    from sim.study.path_kind import Kind

    refuse(scenario, "show", "a scenario file", Kind.STUDY_FILE, *NO_SCENARIO)
    loaded, _geography = read(scenario, sets or ())
    print(shown(loaded).rstrip())


def changes(
    first: Annotated[Path, typer.Argument(help="Scenario file.", metavar="A", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Scenario file.", metavar="B", show_default=False)],
    picture: Annotated[str | None, start_map_option("Draw both starts side by side, to a new file.")] = None,
) -> None:
    """Print what differs between two scenarios once everything is filled in."""
    from sim.cli.figure import draw_starts
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.cli.options import picture_file
    from sim.load import read
    from sim.scenario.diff import changes as differences
    from sim.study.path_kind import Kind

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
        typer.Argument(help="Scenario file; the defaults if left out.", metavar="[FILE]", show_default=False),
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
        print(f"picture: {target}")


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
    scenarios: Annotated[
        list[Path], typer.Argument(help="Scenario files, or study files.", metavar="FILE...", show_default=False)
    ],
    picture: Annotated[str | None, start_map_option("Draw the start, to a new file.")] = None,
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
    from sim.study.definition import find_study
    from sim.study.path_kind import Kind, kind_of

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
