"""The shape of a scenario, read off the schema: what may stand at each place, with unit, range and meaning."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.scenario.keys import Key
from sim.scenario.quantity import Quantity
from sim.scenario.schema import Scenario


@dataclass(frozen=True, eq=False)
class Slot:
    """One place of a scenario.

    `kind` is a number with unit and range, a part with fixed keys (`model`), a mapping from names or a list of `item`, or
    a plain value. `attribute` is the name in Python, which differs from the key for `in`.
    """

    kind: Literal["quantity", "part", "named", "list", "plain"]
    attribute: str = ""
    model: type[BaseModel] | None = None
    item: Slot | None = None
    field: FieldInfo | None = None

    @property
    def extra(self) -> dict[str, Any]:
        """Unit, allowed range and source, where declared."""
        extra = self.field.json_schema_extra if self.field is not None else None
        return extra if isinstance(extra, dict) else {}

    @property
    def unit(self) -> str:
        """Unit of a number; empty for all else."""
        return str(self.extra.get("unit", ""))

    @property
    def allowed(self) -> tuple[float, float] | None:
        """Allowed range of a number, in its unit."""
        return (
            (float(self.extra["allowed_low"]), float(self.extra["allowed_high"]))
            if "allowed_low" in self.extra
            else None
        )

    @property
    def about(self) -> str:
        """What it means, in words."""
        return (self.field.description if self.field is not None else None) or ""

    @property
    def default(self) -> Any:
        """Default value, or None where the key is required or has no default of its own."""
        if self.field is None or self.field.is_required():
            return None
        return self.field.get_default(call_default_factory=True)


def _slot(annotation: Any, field: FieldInfo | None, attribute: str = "") -> Slot:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _slot(typing.get_args(annotation)[0], field, attribute)
    if origin in (typing.Union, types.UnionType):
        some = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _slot(some[0], field, attribute)
    if origin is dict:
        return Slot("named", attribute, item=_slot(typing.get_args(annotation)[1], field), field=field)
    if origin is list:
        return Slot("list", attribute, item=_slot(typing.get_args(annotation)[0], field), field=field)
    if isinstance(annotation, type) and issubclass(annotation, Quantity):
        return Slot("quantity", attribute, model=Quantity, field=field)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Slot("part", attribute, model=annotation, field=field)
    return Slot("plain", attribute, field=field)


ROOT = Slot("part", model=Scenario)


@cache
def slots(model: type[BaseModel]) -> dict[str, Slot]:
    """The keys that a part may have, as written in YAML, in the order of the schema."""
    return {field.alias or name: _slot(field.annotation, field, name) for name, field in model.model_fields.items()}


def keys_of(slot: Slot) -> dict[str, Slot]:
    """The fixed keys below a part or a number; empty for all else."""
    return slots(slot.model) if slot.model is not None else {}


def children(slot: Slot, value: Any) -> Iterator[tuple[str | int, Slot, Any]]:
    """Key, slot and value of everything directly below a validated value; nothing below a number."""
    if value is None or slot.kind in ("quantity", "plain"):
        return
    if slot.kind == "part":
        for name, sub in keys_of(slot).items():
            yield name, sub, getattr(value, sub.attribute)
    elif slot.item is not None:
        pairs: Any = value.items() if slot.kind == "named" else enumerate(value)
        for name, item in pairs:
            yield name, slot.item, item


def quantities(slot: Slot, value: Any, key: Key = ()) -> Iterator[tuple[Key, Slot, Quantity]]:
    """Every number below a validated value, in the order of the schema."""
    if isinstance(value, Quantity):
        yield key, slot, value
    for name, sub, item in children(slot, value):
        yield from quantities(sub, item, (*key, name))


def as_data(value: Any) -> Any:
    """A validated value as plain data, as the YAML would have it; absent values are left out."""
    if isinstance(value, BaseModel):
        return {
            (field.alias or name): as_data(item)
            for name, field in type(value).model_fields.items()
            if (item := getattr(value, name)) is not None
        }
    if isinstance(value, dict):
        return {name: as_data(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return value


def slot_at(key: Key) -> Slot | None:
    """The place in the schema that a key path leads to, or None."""
    slot: Slot | None = ROOT
    for part in key:
        if slot is None:
            return None
        slot = keys_of(slot).get(str(part)) if slot.kind in ("part", "quantity") else slot.item
    return slot
