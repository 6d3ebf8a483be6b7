"""Changes from the command line: `--set KEY=VALUE`, with KEY a path that `show` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.errors import Fault, InputError
from sim.scenario.keys import Key, choice, dotted, shown, take_name
from sim.scenario.merge import Node, merge
from sim.scenario.shape import ROOT, Slot, as_data, keys_of
from sim.scenario.yaml_reader import UNREADABLE, read_text

SOURCE = "--set"


def apply_sets(root: Node, sets: Sequence[str]) -> tuple[Node, list[Fault]]:
    """The tree with every KEY=VALUE laid over it in order, and a fault for each that cannot be."""
    faults: list[Fault] = []
    for text in sets:
        key, value = _split(text)
        if value is None or not key or not value.strip():
            faults.append(Fault(SOURCE, None, "", f"write KEY=VALUE, got {shown(text)}"))
            continue
        try:
            root = _place(root, ROOT, (), key, _value(value))
        except InputError as error:
            faults += [Fault(SOURCE, None, _short(key), fault.message) for fault in error.faults]
        except KeyError as error:
            faults.append(Fault(SOURCE, None, _short(key), str(error.args[0])))
    return root, faults


def _short(key: str) -> str:
    text = key if key.isprintable() else ascii(key)
    return text if len(text) <= 200 else text[:200] + "..."


def _split(text: str) -> tuple[str, str | None]:
    """Key and value around the first equals sign outside quotes."""
    quoted = False
    for index, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif sign == "=" and not quoted:
            return text[:index].strip(), text[index + 1 :]
    return text, None


def _value(text: str) -> Node:
    page = read_text(f"- {text.strip()}", SOURCE)
    if page.faults:
        raise InputError(page.faults)
    if not isinstance(page.data, list) or len(page.data) != 1 or page.data[0] is UNREADABLE:
        raise KeyError(f"one value is needed, got {shown(text)}")
    return _node(page.data[0])


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({name: _node(item) for name, item in value.items()}, SOURCE, None)
    if isinstance(value, list):
        return Node([_node(item) for item in value], SOURCE, None)
    return Node(value, SOURCE, None)


def _place(node: Node | None, slot: Slot, key: Key, rest: str, value: Node) -> Node:
    """`node` with `value` put at the dotted path `rest` below it."""
    if not rest:
        return _laid(node, slot, value)
    if node is None or (slot.kind == "quantity" and not isinstance(node.value, dict)):
        node = _started(node, slot)
    if slot.kind == "list":
        return _placed_in_list(node, slot, key, rest, value)
    names = (
        list(keys_of(slot))
        if slot.kind in ("part", "quantity")
        else list(node.value)
        if isinstance(node.value, dict)
        else []
    )
    name, rest, found = take_name(rest, names)
    if not found or not isinstance(node.value, dict):
        raise KeyError(_unknown(name, names, key))
    below = keys_of(slot)[name] if slot.kind != "named" else slot.item
    assert below is not None
    items = dict(node.value)
    if not rest and value.value is None:
        items.pop(name, None)
    else:
        items[name] = _place(items.get(name), below, (*key, name), rest, value)
    return Node(items, node.file, node.line)


def _placed_in_list(node: Node, slot: Slot, key: Key, rest: str, value: Node) -> Node:
    items = list(node.value) if isinstance(node.value, list) else []
    index, _, rest = rest.partition(".")
    if not (index.isascii() and index.isdigit()) or len(index) > 9 or int(index) >= len(items):
        known = f"0 to {len(items) - 1}" if items else "none, the list is empty"
        raise KeyError(f"{dotted(key)} is a list; {shown(index)} is not one of its positions, {known}")
    assert slot.item is not None
    items[int(index)] = _place(items[int(index)], slot.item, (*key, int(index)), rest, value)
    return Node(items, node.file, node.line)


def _laid(node: Node | None, slot: Slot, value: Node) -> Node:
    """`value` at its place: mappings merge with what is there, anything else replaces."""
    if slot.kind == "quantity" and isinstance(value.value, dict) and (node is None or not isinstance(node.value, dict)):
        node = _started(node, slot)
    return merge(node, value, [])


def _started(node: Node | None, slot: Slot) -> Node:
    """What stands at a place that the files leave to its default, so that a part of it can be changed."""
    if slot.kind == "quantity" and node is not None:
        return Node({"best": Node(node.value, node.file, node.line)}, node.file, node.line)
    default = as_data(slot.default) if slot.kind in ("quantity", "list") else None
    return _node(default if default is not None else [] if slot.kind == "list" else {})


def _unknown(name: str, names: list[str], key: Key) -> str:
    where = f" in {dotted(key)}" if key else ""
    return f"unknown key {shown(name)}{where}{choice(name, names)}"
