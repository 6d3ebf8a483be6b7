"""What the schema says about raw data, place by place: unknown keys and numbers out of range, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.scenario.keys import Key, choice, dotted, shown
from sim.scenario.merge import Removal
from sim.scenario.quantity import Quantity
from sim.scenario.shape import ROOT, Slot, keys_of, slot_at

Complaint = tuple[Key, str]


def survey(data: Any, slot: Slot = ROOT, key: Key = ()) -> Iterator[Complaint]:
    """Complaints about unknown keys and numbers out of range anywhere in `data`."""
    if slot.kind in ("part", "quantity") and isinstance(data, dict):
        known = keys_of(slot)
        for name in data:
            if name not in known:
                yield (*key, name), unknown_key(name, list(known))
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
    found = (
        [((*key, name), data.get(name)) for name in ("best", "low", "high")]
        if isinstance(data, dict)
        else [(key, data)]
    )
    for place, value in found:
        if isinstance(value, int | float) and not isinstance(value, bool) and not low <= value <= high:
            yield place, f"{shown(value)} is out of range, allowed is {low:g} to {high:g} {slot.unit}"


def idle_removals(idle: list[Removal]) -> Iterator[Complaint]:
    """Complaints about `null` for what is not there to remove; a known key with a default may always be null."""
    for key, _ in idle:
        slot = slot_at(key[:-1])
        if slot is None or (slot.kind in ("part", "quantity") and key[-1] in keys_of(slot)):
            continue
        if slot.kind in ("part", "quantity"):
            yield key, unknown_key(str(key[-1]), list(keys_of(slot)))
        elif slot.kind == "named":
            yield key, f"null removes a name, but there is no {dotted(key[-1:])} here to remove"


def settled(data: Any, slot: Slot = ROOT) -> Any:
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
    below = {name: settled(item, sub) for name, sub, item in _below(data, slot)}
    if isinstance(data, dict):
        return {**data, **below}
    if isinstance(data, list):
        return [below.get(index, item) for index, item in enumerate(data)]
    return data
