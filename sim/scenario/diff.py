"""Differences between two scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sim.scenario.fields import ROOT, Key, Slot, children, dotted
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.show import flow, interval


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
        >>> from sim.scenario.diff import changes_text
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
