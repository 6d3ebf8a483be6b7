"""Dotted paths of a scenario, its tree of fields, and the numeric inputs among them."""

from __future__ import annotations

import json
import re
import types
import typing
import unicodedata
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import did_you_mean
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Scenario

Key = tuple[str | int, ...]
Complaint = tuple[Key, str]  # where, and what is wrong there
JOINERS = "\u200c\u200d"  # invisible, but Persian and Indian scripts need them
FORMULA = "=+-@"


@lru_cache(maxsize=100_000)
def dotted(key: Key) -> str:
    """Write a key path with dots; a name is quoted only if it has a dot, a quote or an equals sign."""
    return ".".join(_part(part) for part in key)


@lru_cache(maxsize=8192)
def _part(part: str | int) -> str:
    text = str(part)
    if len(text) > 90:
        text = text[:87] + "..."
    plain = text.isprintable() and not any(sign in text for sign in '."=')
    return text if plain and text == text.strip() and text else json.dumps(text)


def same_name(name: str) -> str:
    """Return what two names share that look alike but for capital letters: another Unicode form, other blanks."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def name_fault(name: str) -> str:
    """Return what is wrong with the name of a town, faction or group; empty if it may stand in tables and pictures."""
    for sign in name:
        if sign not in JOINERS and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return (
                f"contains U+{ord(sign):04X}, a sign that cannot be seen; a name is letters, digits, signs and blanks"
            )
    if name != name.strip():
        return "begins or ends with a blank"
    if name[:1] and name[0] in FORMULA:
        return (
            f"begins with {name[0]!r}, which spreadsheets take for a formula; begin with a letter, a digit or a quote"
        )
    return ""


def quote_value(value: Any) -> str:
    """A value as it may stand in a message: quoted text, short, on one line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def choice(word: Any, known: list[str], label: str = "allowed") -> str:
    """The end of a message on an unknown word: the nearest known word, and all that are known, at most 24."""
    near = did_you_mean(word, known[:200]) if isinstance(word, str) and len(word) <= 90 else ""
    listed = ", ".join(known[:24]) + (", ..." if len(known) > 24 else "") or "none"
    return f"{near} {label}: {listed}" if near else f"; {label}: {listed}"


GONE: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("rules", "ceasefire", "relapse_clashes"): (
            "a broken agreement now releases what it held back, see rules.ceasefire.release_share"
        ),
        ("rules", "ceasefire", "breach_factor"): (
            "a new clash now breaks a truce with one chance, whatever went before, see rules.ceasefire.violation_breaks"
        ),
        ("rules", "ladder", "campaign_places"): (
            "level 5 is a campaign that leaders decided on, see rules.campaign.decisions_per_month"
        ),
        ("rules", "ladder", "levels", "*", "signing"): (
            "signing is the same at every level, see rules.ceasefire.signing_per_10_deaths"
        ),
    }
)
"""What became of keys that older files have, by key path; "*" stands for any place in a list."""


def gone_key(key: Key) -> str:
    """Return what became of a key, or of the key of which it is a part; empty for a key that never was."""
    for path, became in GONE.items():
        if len(key) >= len(path) and all(
            want in ("*", str(part)) for want, part in zip(path, key[: len(path)], strict=True)
        ):
            return f"is no longer a key; {became}"
    return ""


def take_name(text: str, known: list[str]) -> tuple[str, str, bool]:
    """Split the first name off a dotted path: (name, rest, found in `known`).

    A quoted name is taken whole; otherwise the longest known name that fits, so that names may hold spaces and dots.
    """
    if text.startswith('"'):
        try:
            name, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return text, "", False
        rest = text[end:]
        if isinstance(name, str) and (not rest or rest.startswith(".")):
            return name, rest[1:], name in known
        return text, "", False
    for name in sorted(known, key=len, reverse=True):
        if text == name or text.startswith(name + "."):
            return name, text[len(name) + 1 :], True
    name, _, rest = text.partition(".")
    return name, rest, False


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
        """Default value, or None if the key is required or has no default of its own."""
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


Inputs = Mapping[str, Quantity]
_known: dict[int, tuple[weakref.ref[Scenario], Inputs]] = {}  # a scenario is frozen: its inputs are found once


def inputs_of(scenario: Scenario) -> Inputs:
    """Every number of the scenario by its dotted path, in the order of the schema and of names in the file; read-only."""
    key = id(scenario)
    cached = _known.get(key)
    if cached is not None and cached[0]() is scenario:
        return cached[1]
    inputs = MappingProxyType({dotted(path): quantity for path, _, quantity in quantities(ROOT, scenario)})
    _known[key] = (weakref.ref(scenario, lambda _gone: _known.pop(key, None)), inputs)
    return inputs


def units_of(scenario: Scenario) -> dict[str, str]:
    """The unit of every number of the scenario, by the same paths as `inputs_of`."""
    return {dotted(key): slot.unit for key, slot, _ in quantities(ROOT, scenario)}


_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^.]+')


def names_of(path: str) -> list[str]:
    """Return the parts of a dotted path; names that are quoted there come without quotes."""
    return [json.loads(part) if part.startswith('"') else part for part in _PART.findall(path)]


def input_label(path: str) -> str:
    """Say an input by its path: "cohesion of River Militia (League)", "spread: call to arms share"."""
    parts = names_of(path)
    if parts == ["dummy"]:
        return "dummy (reaches no model)"
    last = parts[-1].replace("_", " ")
    if parts[0] == "factions" and len(parts) >= 5 and parts[2] == "groups":
        faction, group = parts[1], parts[3]
        whom = group if group == faction else f"{group} ({faction})"
        return f"solidarity of {whom} with {parts[5]}" if len(parts) > 5 else f"{last} of {whom}"
    if parts[0] == "factions" and len(parts) >= 3:
        return f"{last} of {parts[1]}"
    if parts[0] in ("rules", "terms") and len(parts) >= 3:
        return f"{parts[1].replace('_', ' ')}: {last}"
    if parts[0] == "policy" and len(parts) >= 3:
        return f"policy {int(parts[1]) + 1 if parts[1].isdigit() else parts[1]}: {last}"
    if len(parts) >= 3:
        return f"{last} of {parts[1]}"
    return f"{parts[0].replace('_', ' ')}: {last}" if len(parts) > 1 else last
