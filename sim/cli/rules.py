"""`run.py rules`: the simulated day, rule by rule, as a scenario has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.catalogue.steps import Parameter, Step
    from sim.scenario.rules import Rules


def rules(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Scenario file; the defaults if left out.", metavar="[FILE]", show_default=False),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an input; repeatable.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="PNG", help="Draw which rule reads and changes which table, to a new file."),
    ] = None,
) -> None:
    """Print the simulated day: rules in order, on or off, what each reads and changes, parameters, sources."""
    from sim.catalogue.steps import catalogue
    from sim.cli.picture import new_picture, save_picture

    found, title = _rules(scenario, sets or [])
    target = None if picture is None else new_picture(picture, "--picture")
    for number, step in enumerate(catalogue(), 1):
        _tell(number, step, found)
    if target is not None:
        from sim.plots.day import day_matrix

        save_picture(target, day_matrix(catalogue(), found, title))
        print(f"picture: {target}")


def _rules(scenario: Path | None, sets: list[str]) -> tuple[Rules, str]:
    """Return the rules of a scenario and its title; the defaults where there is none."""
    from sim.errors import Fault, InputError
    from sim.reading import read
    from sim.scenario.rules import Rules

    if scenario is not None:
        loaded, _geography = read(scenario, sets)
        return loaded.scenario.rules, loaded.scenario.title
    if sets:
        raise InputError([Fault("--set", None, "", "changes a scenario: name its file")])
    return Rules(), "defaults"


def _tell(number: int, step: Step, found: Rules) -> None:
    """Print one step of the day."""
    from sim.catalogue.steps import borrowed, is_on, parameters, variant
    from sim.cli.output import console, pairs

    state = f" [{'on' if is_on(step, found) else 'off'}{f'; {form}' if (form := variant(step, found)) else ''}]"
    title = f"{number}. {step.id}: {step.title}{state if step.switch else f' [always{state[3:]}' if form else ''}"
    rows = [
        ("reads", _fields(step.reads)),
        ("changes", _fields(step.writes)),
        ("writes events", ", ".join(step.events)),
        ("reads of other rules", ", ".join(path.removeprefix("rules.") for path in borrowed(step))),
        ("sources", "; ".join(step.sources)),
    ]
    pairs([(f"   {label}", text) for label, text in rows if text], title=title)
    own = parameters(step, found)
    if own:
        pairs([(f"     {p.key.rsplit('.', 1)[1]}", _number(p)) for p in own])
    console().print()


def _number(parameter: Parameter) -> str:
    """Say a parameter: value, unit, what it is, allowed range, source."""
    from sim.catalogue.steps import unread

    said = [f"{parameter.value} {parameter.unit}".strip() + f": {parameter.about}"]
    if parameter.allowed:
        said.append(f"allowed {parameter.allowed}")
    if parameter.source:
        said.append(f"source: {parameter.source}")
    if parameter.key in unread():
        said.append("read by no rule: it has no effect")
    return "; ".join(said)


def _fields(tables: dict[str, tuple[str, ...]]) -> str:
    """Say tables and fields: "towns (holder, status); strength"; the log is said by its kinds of event."""
    said = (
        f"{table} ({', '.join(fields)})" if fields and table != "events" else table for table, fields in tables.items()
    )
    return "; ".join(said)
