"""JSON Schema of scenario files, for editors: completion, descriptions with unit and source, ranges."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from sim.scenario.quantity import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.shape import ROOT, Slot, keys_of
from sim.scenario.write import interval, number_text

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
    found: dict[type[BaseModel], None] = {}
    todo = [slot]
    while todo:
        here = todo.pop()
        if here.item is not None:
            todo.append(here.item)
        if here.kind == "part" and here.model is not None and here.model not in found:
            found[here.model] = None
            todo += keys_of(here).values()
    return list(found)


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
        said: Schema = schema["properties"][name]
        if slot.kind == "quantity":
            schema["properties"][name] = _number(slot)
            continue
        if slot.kind == "named":
            inner = said.get("additionalProperties")
            if slot.item is not None and slot.item.kind == "quantity":
                inner = _number(slot.item)
            said["additionalProperties"] = {"anyOf": [inner if isinstance(inner, dict) else {}, {"type": "null"}]}
        for key in ("unit", "allowed_low", "allowed_high", "source"):
            said.pop(key, None)
        about = said.pop("description", None)
        default = said.pop("default", None)
        nullable: Schema = {"anyOf": [*(said["anyOf"] if set(said) <= {"anyOf", "title"} else [said])]}
        if {"type": "null"} not in nullable["anyOf"]:
            nullable["anyOf"].append({"type": "null"})
        if about:
            nullable["description"] = about
        if isinstance(default, bool | int | str):
            nullable["default"] = default
        schema["properties"][name] = nullable


def _number(slot: Slot) -> Schema:
    number: Schema = {"type": "number"}
    said = [f"{slot.about}; {slot.unit}" if slot.unit else slot.about]
    if slot.allowed is not None:
        number |= {"minimum": slot.allowed[0], "maximum": slot.allowed[1]}
        said.append(f"allowed {number_text(slot.allowed[0])} to {number_text(slot.allowed[1])}")
    default = slot.default if slot.attribute else None
    result: Schema = {"anyOf": [number, {"$ref": "#/$defs/Quantity"}, {"type": "null"}]}
    if isinstance(default, Quantity):
        said.append(f"default {interval(default)}; source: {default.source or 'none given'}")
        result["default"] = default.best
    return {"description": ". ".join(said), **result}
