"""Strict reading of YAML, with the line of everything that is read.

The language is a small part of YAML 1.2: mappings with text keys, lists, and the scalars of its core schema, so `1e-3` is a
number, `010` is ten and `no` is text; `2020-03-14` is a date. Tags, anchors, merge keys and several documents in one file
are refused. Depth and number of values are limited on the stream of events, before anything is composed.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sim.errors import Fault, InputError
from sim.scenario.fields import Key, dotted, quote_value

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 20_000
MAX_FAULTS = 100
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INTEGER = re.compile(r"[-+]?[0-9]+")
OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # type: ignore[dict-item]
NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class Unreadable:
    """Stands for a value that could not be read and whose fault is already known."""

    def __repr__(self) -> str:
        return "unreadable"


UNREADABLE = Unreadable()


@dataclass
class Page:
    """One file as read: plain data, the line (1-based) of every key path, and the faults found on the way."""

    file: str
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class _StopError(Exception):
    """Reading cannot continue after this fault."""

    def __init__(self, line: int | None, message: str, key: Key = ()) -> None:
        super().__init__(message)
        self.line, self.message, self.key = line, message, key


def read_file(path: Path, name: str | None = None, loader: Any = None) -> Page:
    """Read the YAML file at `path`; `name` is what faults call it.

    Raises InputError if nothing can be read from it; lesser faults are in the page's `faults`.
    """
    name = str(path) if name is None else name
    try:
        text = _text_of(path)
    except _StopError as stop:
        raise InputError([Fault(name, stop.line, "", stop.message)]) from None
    return read_text(text, name, loader)


def read_text(text: str, name: str, loader: Any = None) -> Page:
    """Read YAML text; raises InputError as `read_file` does."""
    page = Page(name)
    try:
        bad = NOT_TEXT.search(text)
        if bad:
            raise _StopError(
                1 + text.count("\n", 0, bad.start()),
                f"not a text file: character U+{ord(bad.group()):04X} is not allowed",
            )
        _Builder(page, yaml.parse(text, Loader=loader or LOADER)).document()
    except _StopError as stop:
        raise InputError([*page.faults, Fault(name, stop.line, dotted(stop.key), stop.message)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError([*page.faults, _syntax_fault(error, text, name)]) from None
    return page


def _text_of(path: Path) -> str:
    """Contents of a regular file of bearable size, as text."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _StopError(None, "is a folder; a YAML file is needed")
        if not stat.S_ISREG(mode):
            raise _StopError(None, "is not a regular file; a YAML file is needed")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _StopError(None, "no such file") from None
    except (OSError, ValueError) as error:
        raise _StopError(None, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_BYTES:
        raise _StopError(None, f"is larger than {MAX_BYTES // 1_000_000} MB, too large for a scenario")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise _StopError(line, "not UTF-8 text; save the file with the encoding UTF-8") from None


def _syntax_fault(error: Exception, text: str, name: str) -> Fault:
    """Describe in our own words what the parser refused; of the parser's error only its position is used."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    rows = text.splitlines() or [""]
    index, column = (0, 0) if mark is None else (mark.line, mark.column)
    row = rows[index] if index < len(rows) else ""
    line = None if mark is None else index + 1
    if isinstance(error, RecursionError) or _depth([*rows[:index], row[:column]]) > MAX_DEPTH:
        return Fault(name, line, "", TOO_DEEP)
    if re.match(r" *\t", row):
        return Fault(name, line, "", "a tab indents this line; indent with spaces")
    at_end = not "".join([row[column:], *rows[index + 1 :]]).strip()
    if at_end and not re.search(r"(^|\s)[&*!]\S*$", row):
        return Fault(name, line, "", "not valid YAML: the file ends before a bracket or a quotation mark is closed")
    return Fault(name, line, "", f"not valid YAML: {_slip(row, column)}")


def _slip(row: str, column: int) -> str:
    """Return the likely slip in a row that cannot be parsed from a column on."""
    rest = row[column:].strip()
    if column and rest[:1] in ("@", "`", "%"):
        return f"a text that begins with {rest[0]} needs quotes"
    if re.match(r":(\s|$)", rest) and ":" in row[:column]:
        return "a second ': ' in one line; quote a text that contains ': '"
    if re.match(r"\s*[^\s'\"#]+:\s+-\s", row):
        return "a list begins on the line of its key; begin it on the next line"
    return f"cannot be read from {quote_value(rest or row.strip())} on; check brackets, quotation marks, commas and indentation"


def _depth(rows: list[str]) -> int:
    """Return about how many collections are open at the end of some rows: brackets, and list marks that stand side by side."""
    brackets = sum(row.count("[") + row.count("{") - row.count("]") - row.count("}") for row in rows)
    marks = max(len(re.findall(r"[-?:]", "".join(re.findall(r"^(?:\s*[-?:](?=\s))*", row)))) for row in rows)
    return brackets + marks


class _Builder:
    """Builds plain data from parser events, keeping lines and collecting faults."""

    def __init__(self, page: Page, events: Iterator[Any]) -> None:
        self.page, self.events, self.values = page, events, 0

    def document(self) -> None:
        """Read the one document of the stream into the page."""
        started = False
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    raise _StopError(
                        _line(event), "a second document begins here (---); one document a file is allowed"
                    )
                started = True
                self.page.data = self.node(next(self.events), ())
        if not started or self.page.data is None:
            raise _StopError(None, "is empty")

    def fault(self, event: Any, key: Key, message: str) -> Unreadable:
        """Note a fault and continue; too many end the reading."""
        if len(self.page.faults) >= MAX_FAULTS:
            raise _StopError(_line(event), "too many faults, reading stopped here")
        self.page.faults.append(Fault(self.page.file, _line(event), dotted(key), message))
        return UNREADABLE

    def node(self, event: Any, key: Key) -> Any:
        """The value that begins with `event`."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise _StopError(_line(event), f"more than {MAX_VALUES} values, too many for a scenario")
        if len(key) > MAX_DEPTH:
            raise _StopError(_line(event), TOO_DEEP)
        self.page.lines.setdefault(key, _line(event))
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.fault(
                event, key, "anchors and aliases (& and *) are not allowed; write the value out, or use `extends:`"
            )
            if isinstance(event, yaml.AliasEvent):
                return UNREADABLE
        if event.tag is not None:
            self.fault(event, key, f"tags ({quote_value(event.tag)}) are not allowed")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(key)
        return self.scalar(event, key)

    def sequence(self, key: Key) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, (*key, len(items))))
        return items

    def mapping(self, key: Key) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self.name(event, key)
            if name is None or name in items:
                if name is not None:
                    first = self.page.lines[(*key, name)]
                    self.fault(event, (*key, name), f"is given twice, first in line {first}")
                self.node(next(self.events), (*key, name or "?"))
                continue
            self.page.lines[(*key, name)] = _line(event)
            items[name] = self.node(next(self.events), (*key, name))
        return items

    def name(self, event: Any, key: Key) -> str | None:
        """A mapping's key, or None after a fault."""
        if not isinstance(event, yaml.ScalarEvent):
            self.node(event, (*key, "?"))
            self.fault(event, key, "a key must be text")
            return None
        if event.value == "<<" and event.implicit[0]:
            self.fault(event, key, "merge keys (<<) are not allowed; use `extends:`")
            return None
        if event.anchor is not None or event.tag is not None:
            self.fault(event, (*key, event.value), "anchors, aliases and tags are not allowed")
        value = self.scalar(event, key)
        if isinstance(value, str) and value.strip():
            return value
        if value is not UNREADABLE:
            self.fault(
                event,
                key,
                f"a key must be text; write {quote_value(event.value)} in quotes"
                if event.value
                else "a key is missing before ':'",
            )
        return None

    def scalar(self, event: Any, key: Key) -> Any:
        """Text, number, truth value, date or None, by the core schema of YAML 1.2."""
        text: str = event.value
        try:
            if event.implicit[0]:
                return plain(text)
            bad = NOT_TEXT.search(text)
            if bad:
                raise ValueError(f"character U+{ord(bad.group()):04X} is not allowed in text")
        except ValueError as error:
            return self.fault(event, key, str(error))
        return text


def plain(text: str) -> Any:
    """The value of an unquoted scalar; raises ValueError with what is wrong."""
    if text in WORDS:
        return WORDS[text]
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no date {text}; dates are written year-month-day, such as 2020-03-14") from None
    if NOT_FINITE.fullmatch(text):
        raise ValueError(f"must be a finite number, got {text}")
    if not NUMBER.fullmatch(text) and not OTHER_BASE.fullmatch(text):
        return text
    if len(text) > 60:
        raise ValueError("a number of more than 60 characters is not allowed")
    if INTEGER.fullmatch(text):
        return int(text)
    if OTHER_BASE.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number, {text} is too large")
    return number


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
