"""Compose a scenario: the files it extends, merged, and the changes of `--set`."""

from __future__ import annotations

import logging
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError, did_you_mean
from sim.files import named_file, named_files, scenario_folders
from sim.scenario.fields import ROOT, Key, Slot, as_data, choice, dotted, gone_key, keys_of, quote_value, take_name
from sim.scenario.yaml_reader import UNREADABLE, Page, read_file, read_text

LOG = logging.getLogger(__name__)


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
    locations: dict[Key, tuple[str, int | None]] = {key: (node.file, node.line)}
    pairs = (
        node.value.items()
        if isinstance(node.value, dict)
        else enumerate(node.value)
        if isinstance(node.value, list)
        else ()
    )
    for name, item in pairs:
        locations.update(places(item, (*key, name)))
    return locations


MAX_CHAIN = 20
LONGEST_NAME, LONGEST_NAME_BYTES = 60, 100  # of a part of a file's name; file systems allow 255 bytes in all


def find_scenario(path: str | Path) -> Path:
    """The file that a person means: a path, with or without .yaml, or a bare name: of one in `scenarios/` where one
    stands, or of one that comes with the program.

    Raises InputError if there is none.
    """
    given = Path(path)
    try:
        for candidate in (given, given.with_name(given.name + ".yaml") if given.name else given):
            if candidate.exists() or candidate.is_symlink():
                return candidate
        if given.parent == Path() and (named := named_file(given.name)) is not None:
            return named
    except (OSError, ValueError) as error:
        raise InputError(
            [Fault(_printable(given), None, "", f"cannot be read: {getattr(error, 'strerror', None) or error}")]
        ) from None
    raise InputError([Fault(_printable(given), None, "", f"no such file{did_you_mean(given.stem, named_files())}")])


def file_name(text: str, also: str = "_-") -> str:
    """Return a text as part of a file's name: letters and digits of any script and the signs `also`, all else as `_`.

    Equal texts in another Unicode form give the same name. Long ones are cut; empty if nothing is left.
    """
    signs = (
        sign if sign in also or unicodedata.category(sign)[0] in "LMN" else "_"
        for sign in unicodedata.normalize("NFC", text)
    )
    name = "".join(signs)[:LONGEST_NAME]
    return name.encode("utf-8", "ignore")[:LONGEST_NAME_BYTES].decode("utf-8", "ignore")


def _printable(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() and len(text) <= 200 else ascii(text[:200])


def _resolved(path: Path, name: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            [Fault(name, None, "", f"cannot be read: {getattr(error, 'strerror', None) or 'links in a circle'}")]
        ) from None


def display(path: Path) -> str:
    """How messages name a file: relative to the working folder if it lies below it."""
    try:
        return _printable(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return _printable(path)


def read_chain(path: Path) -> tuple[Node, list[Path], list[Removal], list[Fault]]:
    """Read a file and all that it extends: the merged tree, the files (the given one first), idle removals, faults.

    Raises InputError if a file cannot be read at all; the faults of the files read before it are included.
    """
    pages: list[Page] = []
    files: list[Path] = []
    faults: list[Fault] = []
    name = _printable(path)
    here: Path | None = _resolved(path, name)
    roots = (here.parent, *(folder.resolve() for folder in scenario_folders())) if here is not None else ()
    while here is not None:
        try:
            page = read_file(here, name)
        except InputError as error:
            raise InputError([*faults, *error.faults]) from None
        faults += page.faults
        if not isinstance(page.data, dict):
            raise InputError(
                [*faults, Fault(name, page.lines.get((), 1), "", "a scenario is made of lines `key: value`")]
            )
        LOG.debug("read %s", here)
        pages.append(page)
        files.append(here)
        fault, here = _extended(page, files, roots)
        if fault is not None:
            faults.append(fault)
        name = display(here) if here is not None else ""
    idle: list[Removal] = []
    merged: Node | None = None
    for page in reversed(pages):
        merged = merge(merged, tree(page), idle)
    assert merged is not None
    return merged, files, idle, faults


def _extended(page: Page, files: list[Path], roots: tuple[Path, ...]) -> tuple[Fault | None, Path | None]:
    """The file that a page extends, taking the key `extends` out of it; a fault where that cannot be."""
    if "extends" not in page.data:
        return None, None
    name = page.data.pop("extends")
    line = page.lines[("extends",)]

    def fault(message: str) -> tuple[Fault, None]:
        return Fault(page.file, line, "extends", message), None

    if not isinstance(name, str) or not name.strip():
        return fault("must be the name of one scenario file")
    try:
        extended, outside = _locate(name, files[-1], roots)
    except (OSError, ValueError, RuntimeError):
        return fault(f"{name[:60]!r} is not a file name")
    if outside:
        return fault(
            f"{name[:60]!r} is outside the scenario folders; allowed are files in {display(roots[0])} and {display(roots[-1])}"
        )
    if extended is None:
        known = [
            os.path.relpath(file, root)[:-5]
            for root in dict.fromkeys((files[-1].parent, *roots[1:]))
            for file in _listed(root)
        ]
        return fault(f"no scenario {name[:60]!r}{did_you_mean(name, known)}")
    if extended in files:
        cycle = " -> ".join(file.name for file in (*files[files.index(extended) :], extended))
        return fault(f"files extend each other in a circle: {cycle}")
    if len(files) >= MAX_CHAIN:
        return fault(f"more than {MAX_CHAIN} files extend one another")
    return None, extended


def _listed(root: Path) -> list[Path]:
    return sorted([*root.glob("*.yaml"), *root.glob("parts/*.yaml")])[:200]


def _locate(name: str, page: Path, roots: tuple[Path, ...]) -> tuple[Path | None, bool]:
    """(file that a name in `extends` of a page means, True if it is outside `roots`); symlinks are resolved before judging.

    A page of one's own that extends its own name means the program's file of that name.
    """
    outside, itself = False, None
    for base in (page.parent, *roots[1:]):
        for ending in ("", ".yaml"):
            candidate = (base / (name + ending)).resolve()
            if not any(candidate.is_relative_to(root) for root in roots):
                outside = True
            elif candidate == page:
                itself = page
            elif candidate.is_file():
                return candidate, False
    return itself, outside


SOURCE = "--set"


def apply_sets(root: Node, sets: Sequence[str]) -> tuple[Node, list[Fault]]:
    """The tree with every KEY=VALUE laid over it in order, and a fault for each that cannot be."""
    faults: list[Fault] = []
    for text in sets:
        key, value = _split(text)
        if value is None or not key or not value.strip():
            faults.append(Fault(SOURCE, None, "", f"write KEY=VALUE, got {quote_value(text)}"))
            continue
        try:
            root = _put(root, ROOT, (), key, _value(value))
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
        raise KeyError(f"one value is needed, got {quote_value(text)}")
    return _node(page.data[0])


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({name: _node(item) for name, item in value.items()}, SOURCE, None)
    if isinstance(value, list):
        return Node([_node(item) for item in value], SOURCE, None)
    return Node(value, SOURCE, None)


def _put(node: Node | None, slot: Slot, key: Key, rest: str, value: Node) -> Node:
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
    name, rest, is_known = take_name(rest, names)
    if not is_known or not isinstance(node.value, dict):
        raise KeyError(_unknown(name, names, key))
    below = keys_of(slot)[name] if slot.kind != "named" else slot.item
    assert below is not None
    items = dict(node.value)
    if not rest and value.value is None:
        items.pop(name, None)
    else:
        items[name] = _put(items.get(name), below, (*key, name), rest, value)
    return Node(items, node.file, node.line)


def _placed_in_list(node: Node, slot: Slot, key: Key, rest: str, value: Node) -> Node:
    items = list(node.value) if isinstance(node.value, list) else []
    index, _, rest = rest.partition(".")
    if not (index.isascii() and index.isdigit()) or len(index) > 9 or int(index) >= len(items):
        known = f"0 to {len(items) - 1}" if items else "none, the list is empty"
        raise KeyError(f"{dotted(key)} is a list; {quote_value(index)} is not one of its positions, {known}")
    assert slot.item is not None
    items[int(index)] = _put(items[int(index)], slot.item, (*key, int(index)), rest, value)
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
    if gone := gone_key((*key, name)):
        return gone
    where = f" in {dotted(key)}" if key else ""
    return f"unknown key {quote_value(name)}{where}{choice(name, names)}"
