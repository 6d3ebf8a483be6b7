"""Strict reading of CSV files (RFC 4180, UTF-8, comma): every fault is gathered with its file, line and column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.errors import Fault, did_you_mean

LARGEST_BYTES = 32 * 2**20
MOST_ROWS, MOST_TOWNS = 500_000, 20_000
LONGEST_CELL = 2000
MOST_FAULTS = 50
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def shown(path: Path) -> str:
    """Return a path as a person would write it: from the working folder where it lies inside."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


@dataclass(frozen=True)
class Row:
    """One row: the line it begins on and its cells by column; an absent column reads as an empty text."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Table:
    """A CSV file that was read; `faults` is shared by all files of one map."""

    file: str
    faults: list[Fault]
    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)

    def fault(self, line: int | None, key: str, message: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.file, line, key, message))

    def number(self, row: Row, column: str, low: float, high: float, default: float | None = None) -> float:
        """Return a cell as a number in [low, high]; NaN and a fault where it is none; `default` where it is empty."""
        text = row[column].strip()
        if not text and default is not None:
            return default
        allowed = f"a number between {low:g} and {high:g}"
        if not _NUMBER.fullmatch(text):
            hint = f" (write {text.replace(',', '.')})" if _NUMBER.fullmatch(text.replace(",", ".", 1)) else ""
            self.fault(
                row.line, column, f"{text[:40]!r} is not {allowed}{hint}" if text else f"is empty, needs {allowed}"
            )
            return float("nan")
        value = float(text)
        if not low <= value <= high:
            self.fault(row.line, column, f"{text[:40]} is out of range, needs {allowed}")
            return float("nan")
        return value

    def choice(self, row: Row, column: str, allowed: Sequence[str], default: str) -> str:
        """Return a cell that must be one of `allowed`; the default where it is empty or wrong."""
        text = row[column].strip()
        if text and text not in allowed:
            self.fault(
                row.line, column, f"{text[:40]!r} is not one of {', '.join(allowed)}{did_you_mean(text, allowed)}"
            )
        return text if text in allowed else default


def read_table(
    path: Path, required: Sequence[str], optional: Sequence[str], faults: list[Fault], most: int = MOST_ROWS
) -> Table:
    """Read a CSV file of at most so many rows. A file that cannot be read gives an empty table and its faults."""
    table = Table(shown(path), faults)
    text = _text(path, table)
    if text is None:
        return table
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not table.columns:
                if not _header(table, line, cells, required, optional):
                    return table
            elif len(table.rows) >= most:
                table.rows.clear()
                table.fault(line, "", f"more than {most} rows, too many to work with")
                return table
            elif _good(table, line, cells):
                table.rows.append(Row(line, dict(zip(table.columns, cells, strict=True))))
    except csv.Error as error:
        table.fault(before + 1, "", f"not CSV: {error} (a quotation mark that is not closed?)")
    if not table.columns:
        table.fault(None, "", f"is empty, needs the columns {', '.join(required)}")
    return table


def _text(path: Path, table: Table) -> str | None:
    """Return the text of a file, or None and a fault."""
    if not path.exists():
        table.fault(None, "", "does not exist")
        return None
    if not path.is_file():
        table.fault(None, "", "is not a file")
        return None
    try:
        if path.stat().st_size > LARGEST_BYTES:
            table.fault(None, "", f"is larger than {LARGEST_BYTES >> 20} MB, too large for a map")
            return None
        raw = path.read_bytes()
    except OSError as error:
        table.fault(None, "", f"cannot be read: {error.strerror}")
        return None
    if not raw.strip():
        table.fault(None, "", "is empty")
        return None
    if b"\0" in raw:
        table.fault(raw[: raw.index(b"\0")].count(b"\n") + 1, "", "is not text (binary data); save it as CSV in UTF-8")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        table.fault(raw[: error.start].count(b"\n") + 1, "", "is not UTF-8 text; save it as CSV in UTF-8")
        return None


def _header(table: Table, line: int, cells: list[str], required: Sequence[str], optional: Sequence[str]) -> bool:
    """Take the header row; return whether the rows can be read."""
    columns = tuple(cell.strip() for cell in cells)
    known = (*required, *optional)
    missing = [column for column in required if column not in columns]
    for column in dict.fromkeys(columns):
        if columns.count(column) > 1:
            table.fault(
                line,
                column or "header",
                f"appears {columns.count(column)} times among the columns" if column else "a column has no name",
            )
        elif not column:
            table.fault(line, "header", "a column has no name")
        elif (
            column not in known
            and (close := difflib.get_close_matches(column, known, n=1, cutoff=0.8))
            and close[0] not in columns
        ):
            table.fault(line, column[:40], f"unknown column, did you mean {close[0]!r}?")
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        table.fault(line, "header", "columns are separated by commas, not by semicolons or tabs")
    elif missing:
        table.fault(
            line,
            "header",
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)} (needs {', '.join(required)})",
        )
    table.columns = columns
    return not missing and len(set(columns)) == len(columns)


def _good(table: Table, line: int, cells: list[str]) -> bool:
    """Return whether a row has the right number of cells of a sane length and without control characters."""
    if len(cells) != len(table.columns):
        table.fault(line, "", f"has {len(cells)} cells, the header has {len(table.columns)} columns")
        return False
    for column, cell in zip(table.columns, cells, strict=True):
        if len(cell) > LONGEST_CELL:
            table.fault(line, column, f"is longer than {LONGEST_CELL} characters")
            return False
        if not cell.isprintable() and any(ord(letter) < 32 and letter not in "\t\n\r" for letter in cell):
            table.fault(line, column, "contains control characters")
            return False
    return True
