"""Write scenarios out: as YAML with units and sources, the differences between two, and the JSON Schema of scenario files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from sim.scenario.fields import ROOT, Key, Slot, children, dotted, keys_of
from sim.scenario.load import FileLine, Loaded
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.yaml_reader import plain

SAFE = re.compile(r"[^\W\d_][\w /.()+'’-]*", re.UNICODE)


def number_text(value: float) -> str:
    """A number, shortest form that reads back as the same number."""
    whole = isinstance(value, int) or (value == int(value) and abs(value) < 1e15)
    return str(int(value)) if whole else repr(float(value))


def text(value: str) -> str:
    """Text, quoted where YAML or the reader would take it for something else."""
    if SAFE.fullmatch(value) and value == value.strip() and plain(value) == value and value.isprintable():
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)


def flow(value: Any) -> str:
    """Any plain value or number with range on one line."""
    if isinstance(value, Quantity):
        return flow({name: item for name, item in value.model_dump().items() if item is not None})
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    return "[" + ", ".join(flow(item) for item in value) + "]"


def interval(quantity: Quantity) -> str:
    """A number in words: `0.025`, or `0.025 (0.012 to 0.05)` if it is uncertain."""
    best = number_text(quantity.best)
    if quantity.low is None or quantity.high is None or not quantity.uncertain:
        return best
    return f"{best} ({number_text(quantity.low)} to {number_text(quantity.high)})"


STEP = "  "


def show(scenario: Scenario | Loaded) -> str:
    """Return a scenario as YAML with all defaults, units and sources; for a `Loaded`, also the file of each number.

    Example:
        >>> from sim.scenario.load import load_scenario
        >>> from sim.scenario.show import show
        >>> print(show(load_scenario("two_valleys")).splitlines()[0])
        # A resolved scenario: nothing is left to defaults. A number with low and high is uncertain: single runs
    """
    loaded = scenario if isinstance(scenario, Loaded) else None
    value = scenario.scenario if isinstance(scenario, Loaded) else scenario
    head = ["# A resolved scenario: nothing is left to defaults. A number with low and high is uncertain: single runs"]
    head += ["# use best, batches draw between low and high. `allowed` is the range that any of them may take."]
    if loaded is not None:
        head += [f"# Read from {', '.join(file.name for file in loaded.files)}."]
    return "\n".join([*head, *_lines(ROOT, value, (), "", loaded)]) + "\n"


def _lines(slot: Slot, value: Any, key: Key, indent: str, loaded: Loaded | None) -> Iterator[str]:
    """The lines of everything below a part, a mapping or a list."""
    for name, sub, item in children(slot, value):
        here = (*key, name)
        if item is None:
            continue
        lead = f"{indent}- " if slot.kind == "list" else f"{indent}{text(str(name))}:"
        if not _has_lines(sub, item):
            written = _number(sub, item) if isinstance(item, Quantity) else flow(item)
            location = loaded.given(dotted(here)) if loaded is not None else None
            yield _commented(f"{lead.rstrip()} {written}", _comment(sub, item, written, location))
        elif slot.kind == "list":
            below = list(_lines(sub, item, here, indent + STEP, loaded))
            yield lead + below[0].lstrip()
            yield from below[1:]
        else:
            if not indent:
                yield ""
            yield _commented(lead, sub.about if sub.attribute else "")
            yield from _lines(sub, item, here, indent + STEP, loaded)


def _has_lines(slot: Slot, item: Any) -> bool:
    if slot.kind == "part":
        return True
    return bool(item) and slot.kind in ("named", "list") and slot.item is not None and slot.item.kind != "plain"


def _number(slot: Slot, value: Quantity) -> str:
    """A plain number where reading it back gives the same quantity, else a mapping."""
    default = slot.default if slot.attribute else None
    fixed = isinstance(default, Quantity) and not default.uncertain and default.best == value.best
    plain = default if fixed else Quantity(best=value.best)
    return number_text(value.best) if value == plain else flow(value)


def _comment(slot: Slot, value: Any, written: str, location: FileLine | None) -> str:
    """Unit, meaning, range, source and place of a value; what the mapping says itself is not repeated."""
    if not isinstance(value, Quantity):
        return slot.about
    parts = [f"{slot.unit}: {slot.about}" if slot.unit else slot.about]
    if slot.allowed is not None:
        parts.append(f"allowed {number_text(slot.allowed[0])}..{number_text(slot.allowed[1])}")
    if not written.startswith("{"):
        parts.append(f"source: {value.source or 'none given'}")
    if location is not None:
        parts.append(f"{location[0]}:{location[1]}" if location[1] is not None else location[0])
    return "; ".join(part for part in parts if part)


def _commented(line: str, comment: str) -> str:
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in comment).split())
    return f"{line}  # {flat}" if flat else line


Schema = dict[str, Any]


def json_schema(part: bool = False) -> Schema:
    """The schema (JSON Schema 2020-12) of scenarios, or of parts that scenarios extend, in which no key is required.

    `null` is allowed everywhere, as it removes what an extended file says.
    """
    produced = Scenario.model_json_schema(by_alias=True)
    definitions: Schema = produced.get("$defs", {})
    definitions["Quantity"] = _quantity()
    for model in _models(ROOT):
        _annotate(produced if model is Scenario else definitions[model.__name__], model)
    required = produced.pop("required", [])
    for definition in definitions.values():
        if definition is not definitions["Quantity"]:
            definition.pop("required", None)
    produced["properties"] = {
        "extends": {
            "type": "string",
            "description": "another scenario file, which this one changes: mappings merge by name, lists replace, null removes",
        },
        **produced["properties"],
    }
    produced["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    produced["title"] = "Part of scenarios" if part else "Scenario"
    if not part:
        produced["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    return produced


def _models(slot: Slot) -> list[type[BaseModel]]:
    """Every part that may occur below a place, each once."""
    models: dict[type[BaseModel], None] = {}
    todo = [slot]
    while todo:
        here = todo.pop()
        if here.item is not None:
            todo.append(here.item)
        if here.kind == "part" and here.model is not None and here.model not in models:
            models[here.model] = None
            todo += keys_of(here).values()
    return list(models)


def _quantity() -> Schema:
    number: Schema = {"type": "number"}
    properties: Schema = {
        "best": {**number, "description": "value of single runs"},
        "low": {**number, "description": "least value that a batch draws"},
        "high": {**number, "description": "greatest value that a batch draws"},
        "source": {"type": ["string", "null"], "description": "where the numbers are from"},
    }
    return {
        "description": "a number, or {best, low, high, source} where it is uncertain",
        "anyOf": [number, {"type": "object", "properties": properties, "additionalProperties": False}],
    }


def _annotate(schema: Schema, model: type[BaseModel]) -> None:
    """Numbers with unit, range and source in words; null everywhere."""
    for name, slot in keys_of(Slot("part", model=model)).items():
        property_schema: Schema = schema["properties"][name]
        if slot.kind == "quantity":
            schema["properties"][name] = _number_schema(slot)
            continue
        if slot.kind == "named":
            inner = property_schema.get("additionalProperties")
            if slot.item is not None and slot.item.kind == "quantity":
                inner = _number_schema(slot.item)
            property_schema["additionalProperties"] = {
                "anyOf": [inner if isinstance(inner, dict) else {}, {"type": "null"}]
            }
        for key in ("unit", "allowed_low", "allowed_high", "source"):
            property_schema.pop(key, None)
        about = property_schema.pop("description", None)
        default = property_schema.pop("default", None)
        nullable: Schema = {
            "anyOf": [*(property_schema["anyOf"] if set(property_schema) <= {"anyOf", "title"} else [property_schema])]
        }
        if {"type": "null"} not in nullable["anyOf"]:
            nullable["anyOf"].append({"type": "null"})
        if about:
            nullable["description"] = about
        if isinstance(default, bool | int | str):
            nullable["default"] = default
        schema["properties"][name] = nullable


def _number_schema(slot: Slot) -> Schema:
    number: Schema = {"type": "number"}
    parts = [f"{slot.about}; {slot.unit}" if slot.unit else slot.about]
    if slot.allowed is not None:
        number |= {"minimum": slot.allowed[0], "maximum": slot.allowed[1]}
        parts.append(f"allowed {number_text(slot.allowed[0])} to {number_text(slot.allowed[1])}")
    default = slot.default if slot.attribute else None
    result: Schema = {"anyOf": [number, {"$ref": "#/$defs/Quantity"}, {"type": "null"}]}
    if isinstance(default, Quantity):
        parts.append(f"default {interval(default)}; source: {default.source or 'none given'}")
        result["default"] = default.best
    return {"description": ". ".join(parts), **result}


@dataclass(frozen=True)
class Change:
    """One difference: dotted path, both values in words (None if a scenario has no such thing), unit of a number."""

    path: str
    before: str | None
    after: str | None
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.before is None:
            return f"{self.path}: only in the second: {self.after}{unit}"
        if self.after is None:
            return f"{self.path}: only in the first: {self.before}{unit}"
        return f"{self.path}: {self.before} -> {self.after}{unit}"


def changes(first: Scenario, second: Scenario) -> list[Change]:
    """Every difference from `first` to `second`, in the order of the schema."""
    return list(_differences(ROOT, first, second, ()))


def changes_text(first: Scenario, second: Scenario) -> str:
    """Return the differences between two scenarios, one a line; empty if there are none.

    Example:
        >>> from sim.scenario.show import changes_text
        >>> from sim.scenario.load import load_scenario
        >>> changed = load_scenario("two_valleys", ["rules.spread.enabled=false"])
        >>> changes_text(load_scenario("two_valleys"), changed).strip()
        'rules.spread.enabled: true -> false'
    """
    return "\n".join(str(change) for change in changes(first, second))


def _differences(slot: Slot, first: Any, second: Any, key: Key) -> Iterator[Change]:
    if first == second:
        return
    if isinstance(first, Quantity) and isinstance(second, Quantity):
        yield from _numbers(slot, first, second, key)
    elif slot.kind == "list":
        yield from _items(slot, first, second, key)
    elif slot.kind == "plain" or first is None or second is None:
        yield Change(dotted(key), _words(first), _words(second))
    else:
        yield from _below(slot, first, second, key)


def _below(slot: Slot, first: Any, second: Any, key: Key) -> Iterator[Change]:
    before = {name: (sub, item) for name, sub, item in children(slot, first)}
    after = {name: (sub, item) for name, sub, item in children(slot, second)}
    for name in dict.fromkeys((*before, *after)):
        sub = (before.get(name) or after[name])[0]
        here = (*key, name)
        if name in before and name in after:
            yield from _differences(sub, before[name][1], after[name][1], here)
        elif name in before:
            yield Change(dotted(here), _words(before[name][1]), None, sub.unit if sub.kind == "quantity" else "")
        else:
            yield Change(dotted(here), None, _words(after[name][1]), sub.unit if sub.kind == "quantity" else "")


def _numbers(slot: Slot, first: Quantity, second: Quantity, key: Key) -> Iterator[Change]:
    if interval(first) != interval(second):
        yield Change(dotted(key), interval(first), interval(second), slot.unit)
    elif first.source != second.source:
        yield Change(dotted((*key, "source")), first.source, second.source)


def _items(slot: Slot, first: list[Any], second: list[Any], key: Key) -> Iterator[Change]:
    """Lists of parts of one length are compared place by place, others by what is only in one of them."""
    if slot.item is not None and slot.item.kind == "part":
        if len(first) == len(second):
            for index, (before, after) in enumerate(zip(first, second, strict=True)):
                yield from _differences(slot.item, before, after, (*key, index))
            return
        for index, item in enumerate(first):
            if item not in second:
                yield Change(dotted((*key, index)), _words(item), None)
        for index, item in enumerate(second):
            if item not in first:
                yield Change(dotted((*key, index)), None, _words(item))
        return
    yield Change(dotted(key), _words(first), _words(second))


def _words(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Quantity):
        return interval(value)
    if isinstance(value, str):
        return value
    return flow(_brief(value))


def _brief(value: Any) -> Any:
    """A part as it stands in a file that leaves defaults out: only what differs from them."""
    if hasattr(value, "model_fields_set"):
        value = value.model_dump(by_alias=True, exclude_defaults=True)
    if isinstance(value, dict):
        return value["best"] if "best" in value else {name: _brief(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_brief(item) for item in value]
    return value
