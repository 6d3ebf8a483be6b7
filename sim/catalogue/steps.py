"""Every step of the simulated day, in its order: id, what it is, what it reads and changes, parameters, sources.

Titles and sources are written here; order and switches come from sim/engine/day.py, what is read and changed from the
rules themselves, parameters from sim/scenario/rules.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from sim.catalogue.syntax import Fields, about, steps_of, touched
from sim.engine import kinds
from sim.engine.params import PARAMS
from sim.scenario.quantity import Quantity
from sim.scenario.rules import Rules

BOOKS = ("counts", "live_")  # row counts and lists of rows in use: bookkeeping of the tables, in no catalogue
STARTS = "_start"  # where each town's rows begin in another table: told as that table
# By function of sim/engine/day.py: id, title, sources of its form. Sources of numbers stand with the parameters. A step
# that is not here has its function's name, and the first line of its docstring for a title.
TITLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "dawn": ("dawn", "Tidy the tables, find who stands where and which towns lie at the front", ()),
    "expirations": ("expirations", "Agreements end whose last day was yesterday", ()),
    "given": ("given", "Given events and policies of the day", ()),
    "base_attempts": ("base_attempt", "Base attempts in towns that another holds", ("Pischedda 2018", "Gade, Hafez & Gabbay 2019")),
    "incidents": ("incident", "Arrest raids, assassinations and road quarrels", ("Sundberg & Melander 2013",)),
    "demands": ("demand", "Demand to close a base, and the answer", ("McKelvey & Palfrey 1995", "McKelvey & Palfrey 1998")),
    "talks": ("talks", "Talks, killing of delegates, two accounts of it", ()),
    "spread": ("spread", "Spread of clashes to neighbours and by call to arms", ("Hawkes 1971, Biometrika",)),
    "movement": ("movement", "Columns march; parties open their bases on arrival", ()),
    "index_forces": ("index_forces", "Find anew who stands where", ()),
    "clashes": ("clash", "Fighting: commitment, losses, withdrawal, capture", ("Bohorquez et al. 2009", "Lanchester 1916", "Epstein 1985")),
    "control": ("control", "Change of holder without a fight; bandwagon; influence", ("Granovetter 1978", "Christia 2012")),
    "ceasefires": ("ceasefire", "Ceasefires are signed, hold, are violated and broken", ("Clayton & Sticher 2021",)),
    "civilians": ("civilians", "Pressure on civilians, displacement and return", ()),
    "offensives": ("offensive", "Loyalist offensive, shelling, the zone's deadline", ()),
    "tally": ("tally", "Sum up the deaths of the last 7 and 14 days", ()),
    "memory": ("memory", "War fatigue, grievance, trust, perceived threat", ()),
    "ladder": ("ladder", "Escalation level of each pair of factions", ()),
    "reporting": ("reporting", "What outlets and the monitor report", ("Sundberg & Melander 2013",)),
    "record_day": ("record_day", "Record the end of the day", ()),
    "forget_day": ("forget_day", "Clear the counts of the day", ()),
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One number, switch or variant of a rule, with its value in a scenario."""

    key: str  # dotted path, as `show` prints it
    value: str
    unit: str
    allowed: str
    source: str
    about: str
    variants: tuple[str, ...] = ()  # the words allowed, where it chooses a form
    switch: bool = False


@dataclass(frozen=True)
class Step:
    """One step of the day. reads, writes: table -> fields, none where the table holds plain numbers."""

    id: str
    title: str
    function: str
    switch: str  # dotted path of what switches it; "" where it is always on
    reads: dict[str, tuple[str, ...]]
    writes: dict[str, tuple[str, ...]]
    params: tuple[str, ...]  # dotted paths of the numbers it reads, of its own rule and of others
    events: tuple[str, ...]  # kinds of event it writes
    sources: tuple[str, ...]


@cache
def catalogue() -> tuple[Step, ...]:
    """Return all steps of the day in their order."""
    return tuple(_step(call.function, call.switch) for call in steps_of())


def _step(function: str, switch: str) -> Step:
    rule, title, sources = TITLES.get(function) or (
        _path(switch).split(".")[1] if switch else function,
        about(function),
        (),
    )
    found = touched(function)
    numbers = tuple(_path(name) for name in PARAMS.names or () if name in found.params)
    events = tuple(kind for kind in kinds.EVENT_KINDS if kind.upper() in found.kinds)
    return Step(
        rule, title, function, _path(switch), _by_table(found.reads), _by_table(found.writes), numbers, events, sources
    )


def _by_table(fields: Fields) -> dict[str, tuple[str, ...]]:
    tables: dict[str, list[str]] = {}
    for table, name in sorted(fields):
        if not table.startswith(BOOKS):
            names = tables.setdefault(table.removesuffix(STARTS), [])
            names += [name] if name else []
    return {table: tuple(names) for table, names in tables.items()}


@cache
def _paths() -> dict[str, str]:
    return {
        f"{rule}_{name}": f"rules.{rule}.{name}"
        for rule, field in Rules.model_fields.items()
        for name in field.annotation.model_fields  # type: ignore[union-attr]
    }


def _path(name: str) -> str:
    """Return the dotted path of a number of the engine: `clash_attrition` is rules.clash.attrition."""
    return _paths()[name] if name else ""


def is_on(step: Step, rules: Rules) -> bool:
    """Return whether a step is carried out in a scenario."""
    return not step.switch or bool(_get(rules, step.switch))


def _get(rules: Rules, path: str) -> Any:
    _rules, rule, name = path.split(".")
    return getattr(getattr(rules, rule), name)


def parameters(step: Step, rules: Rules) -> list[Parameter]:
    """Return a rule's own parameters with their values in a scenario; its `enabled` is left out."""
    if step.id not in Rules.model_fields:
        return []
    section = getattr(rules, step.id)
    fields = type(section).model_fields
    return [_parameter(step.id, name, getattr(section, name), fields[name]) for name in fields if name != "enabled"]


def borrowed(step: Step) -> list[str]:
    """Return the paths of numbers of other rules that a step reads, switches of whole rules left out."""
    return [path for path in step.params if not path.startswith(f"rules.{step.id}.")]


@cache
def unread() -> set[str]:
    """Return the paths of parameters that no step reads: they have no effect. Levels are a table of their own."""
    known = {parameter.key for step in catalogue() for parameter in parameters(step, Rules())}
    return known - {path for step in catalogue() for path in step.params} - {"rules.ladder.levels"}


def _parameter(rule: str, name: str, value: Any, field: Any) -> Parameter:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    allowed = ", ".join(words) or ("true, false" if isinstance(value, bool) else "")
    if extra:
        allowed = f"{extra['allowed_low']:g} to {extra['allowed_high']:g}"
    return Parameter(
        f"rules.{rule}.{name}",
        _said(value),
        str(extra.get("unit", "")),
        allowed,
        (value.source or "none given") if isinstance(value, Quantity) else "",
        field.description or "",
        tuple(words),
        isinstance(value, bool),
    )


def _said(value: Any) -> str:
    if isinstance(value, Quantity):
        between = f" ({value.low:g} to {value.high:g})" if value.uncertain else ""
        return f"{value.best:g}{between}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"{len(value)} levels"
    return str(value)


def variant(step: Step, rules: Rules) -> str:
    """Say which forms of a rule a scenario takes: "attrition stochastic; call_to_arms off"."""
    said = []
    for parameter in parameters(step, rules):
        name = parameter.key.rsplit(".", 1)[1]
        if parameter.variants:
            said.append(f"{name} {parameter.value}")
        elif parameter.switch and parameter.value == "false":
            said.append(f"{name} off")
    return "; ".join(said)


def tables_of(steps: Iterable[Step]) -> list[str]:
    """Return the tables that any of the steps reads or writes, in the order of the world's and the daily tables."""
    from sim.engine.tables import Daily, World

    used = {table for step in steps for table in (*step.reads, *step.writes)}
    order = [*World.LAYOUT, *(f"daily.{name}" for name in Daily.LAYOUT)]
    return [table for table in order if table in used]
