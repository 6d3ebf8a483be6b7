"""Tables that users bring: header, separators, quotes, lines, and cells read as days, counts and numbers."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sim.errors import Fault, did_you_mean
from sim.files import UnreadableFileError, display_path, read_bytes

YEARS = (1000, 2999)  # that are read if a table does not narrow them
LONGEST_SHOWN = 40
DAY = "a date such as 2018-03-02"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
MONTHS = {name[:length]: number for number, name in enumerate(_MONTHS, 1) for length in (3, len(name))} | {"sept": 9}
_TIME = r"(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d\d(?::?[0-5]\d)?)?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_TIME}", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -](\d{4})", re.ASCII)
_TWO_WAYS = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[/. -](\d{1,2}|[A-Za-z]{3,9})[/. -]\d{2}", re.ASCII)
_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
_COUNT = re.compile(r"(\d+)(?:\.0+)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def short(text: str) -> str:
    """Return a cell as messages show it: in quotes, cut, and printable."""
    return repr(text[:LONGEST_SHOWN])


def day_of(text: str, years: tuple[int, int] = YEARS) -> date:
    """Return a day written as 2018-03-02 or 2 March 2018 (English, or the first three letters of the month).

    A time of day and a time zone may follow the first form; the day is used as written, in any zone.
    """
    text = text.strip()
    if not text:
        raise ValueError(f"is empty, needs {DAY}")
    if match := _ISO.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif (match := _NAMED.fullmatch(text)) and match[2].lower() in MONTHS:
        year, month, day = int(match[3]), MONTHS[match[2].lower()], int(match[1])
    else:
        raise ValueError(f"{short(text)} {_wrong_form(text)}")
    if not years[0] <= year <= years[1]:
        raise ValueError(f"{short(text)} is out of range, needs a year from {years[0]} to {years[1]}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{short(text)} is not a date: the calendar has no such day") from None


def _wrong_form(text: str) -> str:
    """Return why a cell is no date, with the form that is needed."""
    if _TWO_WAYS.fullmatch(text):
        return "is not a date in one certain order (day or month first?); write the year first, as in 2018-03-02"
    if _SHORT_YEAR.fullmatch(text):
        return "is not a date with a year of four digits; write 2018-03-02"
    if _SERIAL.fullmatch(text):
        return "is not a date but a spreadsheet's number of a day; write 2018-03-02"
    return f"is not {DAY} or 2 March 2018"


def count_of(text: str, most: int, least: int = 0) -> int:
    """Return a whole number from `least` to `most`; 2.0 is 2."""
    text, allowed = text.strip(), f"a whole number from {least} to {most}"
    if not text:
        raise ValueError(f"is empty, needs {allowed}")
    match = _COUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{short(text)} is not {allowed}")
    value = int(match[1]) if len(match[1]) <= 18 else most + 1
    if not least <= value <= most:
        raise ValueError(f"{short(text)} is out of range, needs {allowed}")
    return value


def number_of(text: str, low: float, high: float) -> float:
    """Return a finite number in [low, high], with a point if it has decimals."""
    text, allowed = text.strip(), f"a number between {low:g} and {high:g}"
    if not text:
        raise ValueError(f"is empty, needs {allowed}")
    if not NUMBER.fullmatch(text):
        pointed = text.replace(",", ".", 1)
        hint = f" (write {pointed})" if NUMBER.fullmatch(pointed) else ""
        raise ValueError(f"{short(text)} is not {allowed}{hint}")
    value = float(text)
    if not low <= value <= high:
        raise ValueError(f"{text[:LONGEST_SHOWN]} is out of range, needs {allowed}")
    return value


MOST_FAULTS = 50  # that are printed
FAULTS_READ = 10_000  # at which reading stops
MOST_COLUMNS = 1000
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class Limits:
    """What is read at most: bytes of a file, rows, characters of a cell in a known column."""

    bytes: int = 32 * 2**20
    rows: int = 500_000
    cell: int = 2000


MAP_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line it begins on and its cells by column; an absent column reads as an empty text."""

    line: int
    cells: tuple[str, ...]
    places: Mapping[str, int]  # of the columns, shared by all rows of a table

    def __getitem__(self, column: str) -> str:
        place = self.places.get(column)
        return "" if place is None else self.cells[place]


@dataclass
class Table:
    """A CSV file that was read; `faults` is shared by all files of one map. `columns` are the known names and the other ones."""

    file: str
    faults: list[Fault]
    columns: tuple[str, ...] = ()
    rows: list[CsvRow] = field(default_factory=list)
    sha256: str = ""
    comments: int = 0

    def fault(self, line: int | None, key: str, message: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.file, line, key if key.isprintable() else ascii(key), message))

    def number(self, row: CsvRow, column: str, low: float, high: float, default: float | None = None) -> float:
        """Return a cell as a number in [low, high]; NaN and a fault if it is not a number; `default` if it is empty."""
        if default is not None and not row[column].strip():
            return default
        try:
            return number_of(row[column], low, high)
        except ValueError as error:
            self.fault(row.line, column, str(error))
            return float("nan")

    def count(self, row: CsvRow, column: str, most: int, least: int = 0) -> int:
        """Return a cell as a whole number from `least` to `most`; `least` and a fault if it is not one."""
        try:
            return count_of(row[column], most, least)
        except ValueError as error:
            self.fault(row.line, column, str(error))
            return least

    def day(self, row: CsvRow, column: str, years: tuple[int, int] = YEARS) -> date | None:
        """Return a cell as a day; None and a fault if it is not one."""
        try:
            return day_of(row[column], years)
        except ValueError as error:
            self.fault(row.line, column, str(error))
            return None

    def choice(self, row: CsvRow, column: str, allowed: Sequence[str], default: str) -> str:
        """Return a cell that must be one of `allowed`; the default if it is empty or wrong."""
        text = row[column].strip()
        if text and text not in allowed:
            self.fault(
                row.line, column, f"{short(text)} is not one of {', '.join(allowed)}{did_you_mean(text, allowed)}"
            )
        return text if text in allowed else default


class _Lines:
    """The lines of a text; a line that begins with # between two rows is a comment and reads as an empty one."""

    def __init__(self, text: io.TextIOBase, comments: bool) -> None:
        self.text, self.comments = text, comments
        self.between_rows = True
        self.left_out = 0

    def __iter__(self) -> Iterator[str]:
        for line in self.text:
            between, self.between_rows = self.between_rows, False
            if self.comments and between and line.lstrip(" \ufeff").startswith(("#", '"#')):
                self.left_out += 1
                yield "\n"
            else:
                yield line


def read_table(
    path: Path,
    required: Sequence[str],
    optional: Sequence[str],
    faults: list[Fault],
    limits: Limits = MAP_LIMITS,
    comments: bool = False,
    known_only: bool = False,
    unused: Collection[str] = (),
    raw: bytes | None = None,
) -> Table:
    """Read a CSV file. A file that cannot be read gives a table without rows, and its faults.

    `comments`: lines that begin with # are left out. `known_only`: rows keep the cells of required and optional columns
    only, and the others may hold anything; `unused` are such columns that are no misspelt known ones. `raw`: the content, if
    it is not to be read from the file.
    """
    table = Table(display_path(path), faults)
    try:
        raw = read_bytes(path, limits.bytes) if raw is None else raw
    except UnreadableFileError as error:
        table.fault(error.line, "", error.message)
        return table
    table.sha256 = hashlib.sha256(raw).hexdigest()
    reading = _Reading(table, (*required, *optional), limits, known_only, unused)
    lines = _Lines(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline=""), comments)
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            lines.between_rows = True
            if any(cell.strip() for cell in cells) and not reading.take(line, cells, required):
                break
            if len(faults) >= FAULTS_READ:
                break
    except csv.Error:
        message = "a quotation mark is not closed, or one inside a cell is not doubled, or a cell is too long"
        table.fault(before + 1, "", f"is not CSV: {message}")
    table.comments = lines.left_out
    if not table.columns:
        table.fault(None, "", f"is empty, needs the columns {', '.join(required)}" if required else "is empty")
    return table


class _Reading:
    """Takes the rows of one file, the header first."""

    def __init__(
        self, table: Table, known: Sequence[str], limits: Limits, known_only: bool, unused: Collection[str]
    ) -> None:
        self.table, self.known, self.limits = table, known, limits
        self.known_only, self.unused = known_only, unused
        self.header: list[str] = []
        self.taken: tuple[int, ...] = ()  # places of the columns whose cells are kept
        self.places: dict[str, int] = {}

    def take(self, line: int, cells: list[str], required: Sequence[str]) -> bool:
        """Take a row; return whether to continue."""
        table = self.table
        if not table.columns:
            return self._header(line, cells, required)
        if len(table.rows) >= self.limits.rows:
            table.rows.clear()
            table.fault(line, "", f"more than {self.limits.rows} rows, too many to work with")
            return False
        if self._good(line, cells):
            table.rows.append(CsvRow(line, tuple(cells[place] for place in self.taken), self.places))
        return True

    def _header(self, line: int, cells: list[str], required: Sequence[str]) -> bool:
        """Take the header row; return whether the rows can be read."""
        table = self.table
        if len(cells) > MOST_COLUMNS:
            table.columns = ("",)
            table.fault(line, "header", f"has {len(cells)} columns, more than {MOST_COLUMNS}")
            return False
        columns = tuple(known_name(cell, self.known) for cell in cells)
        for column in dict.fromkeys(columns):
            self._check_column(line, column, columns)
        missing = [column for column in required if column not in columns]
        if hint := wrong_separator(cells, self.known):
            table.fault(line, "header", hint)
        elif missing:
            some = f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
            table.fault(line, "header", f"{some} (needs {', '.join(required)}){_renames(cells, missing)}")
        table.columns, self.header = columns, cells
        self.taken = tuple(i for i, name in enumerate(columns) if not self.known_only or name in self.known)
        self.places = {columns[place]: i for i, place in enumerate(self.taken)}
        return not missing and not hint and len(set(columns)) == len(columns)

    def _check_column(self, line: int, column: str, columns: Sequence[str]) -> None:
        """Note a column without a name, one that is there twice, and one that is nearly a known one."""
        table = self.table
        if not column:
            table.fault(line, "header", "a column has no name (a comma too many, or a column of row numbers?)")
        elif columns.count(column) > 1:
            table.fault(line, column[:40], f"appears {columns.count(column)} times among the columns")
        elif column not in self.known and column not in self.unused:
            close = difflib.get_close_matches(column, self.known, n=1, cutoff=0.85 if self.known_only else 0.8)
            if close and close[0] not in columns:
                table.fault(line, column[:40], f"unknown column, did you mean {close[0]!r}?")

    def _good(self, line: int, cells: list[str]) -> bool:
        """Return whether a row has the right number of cells of a sane length and without control characters."""
        table = self.table
        if len(cells) != len(table.columns):
            some = f"has {len(cells)} cell{'' if len(cells) == 1 else 's'}"
            table.fault(line, "", f"{some}, the header has {len(table.columns)} columns")
            return False
        if cells == self.header:
            table.fault(line, "", "is the header again (two files in one?)")
            return False
        for place in self.taken:
            cell = cells[place]
            if len(cell) > self.limits.cell:
                table.fault(line, table.columns[place][:40], f"is longer than {self.limits.cell} characters")
                return False
            if not cell.isprintable() and any(ord(letter) < 32 and letter not in "\t\n\r" for letter in cell):
                table.fault(line, table.columns[place][:40], "contains control characters")
                return False
        return True


OTHER_NAMES = {
    "name": ("town", "place", "settlement", "city", "location", "locality", "nameen", "name1", "placename"),
    "lat": ("latitude", "y", "ycoord", "latdd", "latwgs84"),
    "lon": ("longitude", "lng", "long", "x", "xcoord", "londd", "lonwgs84"),
    "holder": ("controlledby", "control", "controller", "heldby", "owner", "actor", "faction", "side", "holders"),
    "groups": ("controlledby", "holder", "group", "heldby"),
    "population": ("pop", "people", "inhabitants", "poptotal"),
}

"""Names that other files give to columns of a map, without signs and capital letters."""


def _renames(columns: Sequence[str], missing: Sequence[str]) -> str:
    """Return which columns to rename: those that have another name, or other capital letters or signs, for a missing one."""
    plain = {re.sub(r"[\W_]", "", column).casefold(): column.strip()[:40] for column in columns if column.strip()}
    new_names = {}
    for need in missing:
        words = [word for word in (need, *OTHER_NAMES.get(need, ())) if word in plain]
        if words:
            new_names[plain[words[0]]] = need
    return "; rename " + ", ".join(f"{old} to {new}" for old, new in new_names.items()) if new_names else ""


def known_name(text: str, known: Sequence[str]) -> str:
    """Return the known column that a header's cell means, regardless of capitals, spaces and hyphens; else the cell itself."""
    name = text.strip().strip("\ufeff").strip()
    if name in known:
        return name
    meant = [column for column in known if _folded(column) == _folded(name)]
    return meant[0] if len(meant) == 1 else name


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.casefold()).strip("_")


def wrong_separator(cells: Sequence[str], known: Sequence[str]) -> str:
    """Return what is wrong if a header is not separated by commas; an empty text if it is."""
    here = sum(known_name(cell, known) in known for cell in cells)
    joined = ",".join(cells)
    if len(cells) <= 2 and joined.casefold().startswith("sep="):
        return f"{joined[:10]!r} is a spreadsheet's own line; remove it, and separate columns by commas"
    if len(cells) == 1 and "," in joined and not here:
        return "the whole line stands in one pair of quotation marks; columns are separated by commas outside of them"
    for sign, name in SEPARATORS.items():
        parts = [known_name(part.strip(' "'), known) for part in joined.split(sign)]
        if len(parts) > 1 and (sum(part in known for part in parts) > here or len(cells) == 1):
            return f"columns are separated by commas, not by {name}"
    return ""
