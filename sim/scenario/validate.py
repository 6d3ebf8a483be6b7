"""Validate single values of a scenario and name their faults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sim.scenario.compose import Removal
from sim.scenario.fields import ROOT, Key, Slot, choice, dotted, gone_key, keys_of, quote_value, slot_at
from sim.scenario.parameters import Quantity
from sim.text import plural

Complaint = tuple[Key, str]


def survey(data: Any, slot: Slot = ROOT, key: Key = ()) -> Iterator[Complaint]:
    """Complaints about unknown keys and numbers out of range anywhere in `data`."""
    if slot.kind in ("part", "quantity") and isinstance(data, dict):
        known = keys_of(slot)
        for name in data:
            if name not in known:
                yield (*key, name), gone_key((*key, name)) or unknown_key(name, list(known))
    if slot.kind == "quantity":
        yield from _out_of_range(data, slot, key)
    else:
        for name, sub, item in _below(data, slot):
            yield from survey(item, sub, (*key, name))


def _below(data: Any, slot: Slot) -> Iterator[tuple[str | int, Slot, Any]]:
    if slot.kind == "part" and isinstance(data, dict):
        for name, sub in keys_of(slot).items():
            if name in data:
                yield name, sub, data[name]
    elif slot.kind == "named" and isinstance(data, dict) and slot.item is not None:
        for name, item in data.items():
            yield name, slot.item, item
    elif slot.kind == "list" and isinstance(data, list) and slot.item is not None:
        for index, item in enumerate(data):
            yield index, slot.item, item


def unknown_key(name: str, known: list[str]) -> str:
    """What to say of a key that is not known here."""
    return f"unknown key{choice(name, known)}"


def _out_of_range(data: Any, slot: Slot, key: Key) -> Iterator[Complaint]:
    if slot.allowed is None:
        return
    low, high = slot.allowed
    numbers = (
        [((*key, name), data.get(name)) for name in ("best", "low", "high")]
        if isinstance(data, dict)
        else [(key, data)]
    )
    for value_key, value in numbers:
        if isinstance(value, int | float) and not isinstance(value, bool) and not low <= value <= high:
            yield value_key, f"{quote_value(value)} is out of range, allowed is {low:g} to {high:g} {slot.unit}"


def idle_removals(idle: list[Removal]) -> Iterator[Complaint]:
    """Complaints about `null` for what is not there to remove; a known key with a default may always be null."""
    for key, _ in idle:
        slot = slot_at(key[:-1])
        if slot is None or (slot.kind in ("part", "quantity") and key[-1] in keys_of(slot)):
            continue
        if slot.kind in ("part", "quantity"):
            yield key, gone_key(key) or unknown_key(str(key[-1]), list(keys_of(slot)))
        elif slot.kind == "named":
            yield key, f"null removes a name, but there is no {dotted(key[-1:])} here to remove"


def with_default_sources(data: Any, slot: Slot = ROOT) -> Any:
    """`data` with each plain number that repeats a fixed default taken as that default, its source included."""
    if slot.kind == "quantity":
        default = slot.default
        same = (
            isinstance(default, Quantity)
            and not default.uncertain
            and not isinstance(data, bool)
            and data == default.best
        )
        return default if same else data
    below = {name: with_default_sources(item, sub) for name, sub, item in _below(data, slot)}
    if isinstance(data, dict):
        return {**data, **below}
    if isinstance(data, list):
        return [below.get(index, item) for index, item in enumerate(data)]
    return data


# What is needed where pydantic reports a wrong type, by the first word of the type of its error ("int_parsing", ...).
NEEDED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "date": "a date such as 2018-10-15",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "iterable": "a list",
    "dict": "a mapping from names",
    "mapping": "a mapping from names",
    "model": "a mapping",
    "none": "nothing",
}

OWN = "out_of_range"  # the type of the errors that sim.scenario.parameters raises

LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


Forms = Mapping[tuple[str, ...], str]

"""All forms in which a value may be written, in words, by key path; "*" stands for any name or place in a list."""


def complaint(error: Any, forms: Forms | None = None) -> Complaint:
    """The key path and a sentence for one entry of `ValidationError.errors()`.

    `forms`: of values that may be written in more than one form, which the schema does not know.
    """
    key: Key = tuple(part for part in error["loc"] if part != "[key]")
    kind, context, value = error["type"], error.get("ctx") or {}, error.get("input")
    slot = slot_at(key)
    if kind == "missing":
        return key, _missing(slot)
    if _is_wrong_form(kind) and (form := _form(key, forms or {})):
        empty = isinstance(value, list | dict) and not value
        return key, f"needs {form}, got {'an empty one' if empty else quote_value(value)}"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return key, f"{quote_value(value)} is not known here{choice(value, allowed)}"
    if slot is not None and slot.kind == "quantity" and kind in ("model_type", "model_attributes_type"):
        return key, f"needs a number, or {{best, low, high, source}}, got {quote_value(value)}{_in_words(slot)}"
    if kind == "extra_forbidden":
        return key, "unknown key"
    if kind in (OWN, "value_error"):  # our own checks, which raise errors with our own words
        return key, str(context.get("error") or error["msg"])
    if limit := _limit(kind, context, value):
        return key, limit
    needed = NEEDED.get(kind.partition("_")[0])
    if needed is None:
        return key, f"{quote_value(value)} is not allowed here{_in_words(slot)}"
    return key, f"needs {needed}, got {quote_value(value)}{_in_words(slot)}"


def _is_wrong_form(kind: str) -> bool:
    """Return whether a kind of error means that a value has another form than needed; a text beyond a limit has not."""
    return kind in ("too_short", "is_instance_of", "string_type") or (
        not kind.startswith("string_") and kind.partition("_")[0] in NEEDED
    )


def _form(key: Key, forms: Forms) -> str:
    """Return the forms in which the value at a key may be written; empty if it has only the one of the schema."""
    for pattern, form in forms.items():
        if len(pattern) == len(key) and all(want in ("*", part) for want, part in zip(pattern, key, strict=True)):
            return form
    return ""


def _limit(kind: str, context: dict[str, Any], value: Any) -> str:
    """What to say of a value beyond a limit; empty for other errors."""
    if kind == "string_too_short":
        return f"too short, at least {plural(context['min_length'], 'character')} are needed, got {quote_value(value)}"
    if kind == "string_too_long":
        return f"too long, at most {plural(context['max_length'], 'character')} are allowed"
    if kind == "string_pattern_mismatch":
        needed = (
            "a colour such as '#D55E00' (in quotes)"
            if "0-9a-f" in context["pattern"]
            else f"text of the form {context['pattern']}"
        )
        return f"needs {needed}, got {quote_value(value)}"
    if kind == "multiple_of":
        return f"needs a multiple of {context['multiple_of']:g}, got {quote_value(value)}"
    if kind in LIMITS:
        words, limit = LIMITS[kind]
        return f"{quote_value(value)} is out of range, allowed is {words} {context[limit]}"
    if kind in ("too_short", "too_long"):
        few = kind == "too_short"
        limit = f"at least {context['min_length']}" if few else f"at most {context['max_length']}"
        return f"{'too few' if few else 'too many'} entries: {context['actual_length']}, allowed is {limit}"
    return ""


def _missing(slot: Slot | None) -> str:
    about = slot.about if slot is not None else ""
    return f"is missing; it is required{f' ({about})' if about else ''}"


def _in_words(slot: Slot | None) -> str:
    return f" ({slot.about})" if slot is not None and slot.attribute and slot.about else ""
