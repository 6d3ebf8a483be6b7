"""Files merged into one: trees of values that know the file and line they came from.

Mappings merge by name, at any depth; anything else replaces; `null` removes what the file extended has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.scenario.keys import Key
from sim.scenario.yaml_reader import Page


@dataclass(frozen=True)
class Node:
    """A value with its place: `value` is a mapping of nodes, a list of nodes, or a plain value."""

    value: Any
    file: str
    line: int | None


Removal = tuple[Key, Node]


def tree(page: Page) -> Node:
    """The values of a page as nodes."""
    return _grow(page.data, (), page)


def _grow(value: Any, key: Key, page: Page) -> Node:
    grown: Any = value
    if isinstance(value, dict):
        grown = {name: _grow(item, (*key, name), page) for name, item in value.items()}
    elif isinstance(value, list):
        grown = [_grow(item, (*key, index), page) for index, item in enumerate(value)]
    return Node(grown, page.file, page.lines.get(key))


def merge(base: Node | None, over: Node, idle: list[Removal], key: Key = ()) -> Node:
    """`over` laid over `base`; removals of what `base` does not have are added to `idle`."""
    if isinstance(over.value, list):
        return Node(
            [_without_nulls(item, idle, (*key, index)) for index, item in enumerate(over.value)], over.file, over.line
        )
    if not isinstance(over.value, dict):
        return over
    merged: dict[str, Node] = dict(base.value) if base is not None and isinstance(base.value, dict) else {}
    for name, item in over.value.items():
        if item.value is not None:
            merged[name] = merge(merged.get(name), item, idle, (*key, name))
        elif merged.pop(name, None) is None:
            idle.append(((*key, name), item))
    return Node(merged, over.file, over.line)


def _without_nulls(item: Node, idle: list[Removal], key: Key) -> Node:
    return item if item.value is None else merge(None, item, idle, key)


def plain_data(node: Node) -> Any:
    """The values alone."""
    if isinstance(node.value, dict):
        return {name: plain_data(item) for name, item in node.value.items()}
    if isinstance(node.value, list):
        return [plain_data(item) for item in node.value]
    return node.value


def places(node: Node, key: Key = ()) -> dict[Key, tuple[str, int | None]]:
    """File and line of every key path."""
    found: dict[Key, tuple[str, int | None]] = {key: (node.file, node.line)}
    pairs = (
        node.value.items()
        if isinstance(node.value, dict)
        else enumerate(node.value)
        if isinstance(node.value, list)
        else ()
    )
    for name, item in pairs:
        found.update(places(item, (*key, name)))
    return found
