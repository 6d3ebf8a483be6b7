"""Events of UCDP GED or ACLED-style CSV files of users: read once, strictly, with the skipped rows and why.

Only the columns named in `GED` and `ACLED` are read; nothing of the files is stored."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sim.errors import Fault, InputError
from sim.geography.grid import KM_PER_DEGREE
from sim.geography.maps import Geography
from sim.results import export_datasets
from sim.results.export_events import SOURCE
from sim.tabular.table import CsvRow, Limits, Table, day_of, read_table, short
from sim.text import plural

LIMITS = Limits(bytes=512 * 2**20, rows=2_000_000, cell=5000)  # all of UCDP GED is about 250 MB
YEARS = (1946, 2100)
MOST_DEATHS = 1_000_000  # of one event
LONGEST_DAYS = 366  # UCDP GED has no event of more than a year
MARGIN_KM = 50.0  # events farther off the map are of other places
REGION_MARGIN_KM = 75.0  # and rows that sum up a region or the country, which have the point in its middle
MOST_FAULTS = 20
SIMULATED_ID = "SIM-"
SIMULATED_COLUMNS = ("code_status", "source_office", "source_original", "source", "tags")


class Form(NamedTuple):
    """How a kind of file names what is read of it; the first of several columns that is there is taken."""

    name: str
    needed: tuple[str, ...]
    ids: tuple[str, ...]
    start: str
    end: str  # empty: events have one day
    deaths: str
    precision: str
    region: int  # precision from which a row sums up a region
    coarsest: int  # largest value of precision
    place: tuple[str, ...]
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    losses: tuple[str, ...]
    codebook: tuple[str, ...]  # all columns of the published files

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        sides = (*self.sides[0], *self.sides[1], "dyad_name")
        more = (self.start, self.end, self.deaths, self.precision, *self.place, *sides, *self.losses)
        found = (*self.needed, *self.ids, *more, *SIMULATED_COLUMNS)
        return tuple(dict.fromkeys(name for name in found if name))


GED = Form(
    name="UCDP GED",
    needed=("date_start", "latitude", "longitude", "best"),
    ids=("id", "relid"),
    start="date_start",
    end="date_end",
    deaths="best",
    precision="where_prec",
    region=4,
    coarsest=7,
    place=("location", "where_coordinates", "where_description"),
    sides=(("side_a",), ("side_b",)),
    losses=("deaths_a", "deaths_b"),
    codebook=tuple(export_datasets.GED_COLUMNS.split()),
)

ACLED = Form(
    name="ACLED",
    needed=("event_date", "latitude", "longitude", "fatalities"),
    ids=("event_id_cnty", "data_id", "id"),
    start="event_date",
    end="",
    deaths="fatalities",
    precision="geo_precision",
    region=3,
    coarsest=3,
    place=("location",),
    sides=(("actor1", "assoc_actor_1"), ("actor2", "assoc_actor_2")),
    losses=(),
    codebook=tuple(export_datasets.ACLED_COLUMNS.split()),
)

FORMS = (GED, ACLED)


class Event(NamedTuple):
    """One row; `losses` are those of side a and of side b."""

    first: date
    last: date
    place: str
    lat: float
    lon: float
    deaths: int
    losses: tuple[int, int]
    summary: bool
    side_a: str
    side_b: str


class Area(NamedTuple):
    """The extent of a map, in degrees."""

    south: float
    north: float
    west: float
    east: float

    @classmethod
    def of(cls, geography: Geography) -> Area:
        """Return the extent of a map."""
        return cls(geography.south, geography.north, geography.west, geography.east)

    def __str__(self) -> str:
        return f"{self.south:g} to {self.north:g} N, {self.west:g} to {self.east:g} E"

    def has(self, lat: float, lon: float, margin_km: float) -> bool:
        """Return whether a point is on the map or within so many km of it."""
        up = max(self.south - lat, lat - self.north, 0.0)
        turns = (lon - 360, lon, lon + 360)
        across = min(max(self.west - turn, turn - self.east, 0.0) for turn in turns) * math.cos(math.radians(lat))
        return math.hypot(up, across) * KM_PER_DEGREE <= margin_km


@dataclass
class FileRead:
    """One file: what it is, its rows, and how many of them were left out at reading."""

    name: str
    form: str = ""
    sha256: str = ""
    rows: int = 0
    repeated: int = 0  # the same as another row of their id
    off_map: int = 0
    exchanged: int = 0  # of them: on the map if latitude and longitude change places
    no_deaths: int = 0
    alike: int = 0  # counted, though the same as another row, for there is no id


@dataclass(frozen=True)
class Kept:
    """An event that was kept, with the number of its file and its line."""

    file: int
    line: int
    event: Event


def read_rows(files: Sequence[Path], area: Area | None) -> tuple[list[FileRead], list[Kept]]:
    """Return what some files of events hold: the files, and the rows on the map in order of files and lines.

    A row whose id was there before is left out if it says the same. Rows of ACLED without deaths are left out, as GED has
    none. InputError with file and line for every cell that is not what it should be, for two rows of one id that
    differ, for simulated rows, and for a file of which no row is left.
    """
    faults: list[Fault] = []
    reader = _Reader(area, faults)
    for path in files:
        reader.read(path)
    if faults:
        more = len(faults) - MOST_FAULTS
        last = [Fault(faults[-1].file, None, "", f"and {more} more faults")] if more > 0 else []
        raise InputError([*faults[:MOST_FAULTS], *last])
    return reader.files, reader.kept


class _Reader:
    """Reads files one after another and remembers ids."""

    def __init__(self, area: Area | None, faults: list[Fault]) -> None:
        self.area, self.faults = area, faults
        self.files: list[FileRead] = []
        self.kept: list[Kept] = []
        self.by_id: dict[tuple[str, str], Kept] = {}
        self.without_id: Counter[Event] = Counter()

    def read(self, path: Path) -> None:
        """Read a file."""
        before = len(self.faults)
        every = tuple(dict.fromkeys(name for form in FORMS for name in form.columns))
        unused = {name for form in FORMS for name in form.codebook}
        table = read_table(path, (), every, self.faults, LIMITS, comments=True, known_only=True, unused=unused)
        file = FileRead(table.file, "", table.sha256, len(table.rows))
        same = next((other for other in self.files if other.sha256 == file.sha256 and file.sha256), None)
        self.files.append(file)
        if len(self.faults) > before:
            return
        form = self._form(table)
        if form is None or not self._is_record(table):
            return
        file.form = form.name
        if not table.rows:
            table.fault(None, "", "has no events: there is nothing below the header")
        elif same is not None:
            file.repeated = file.rows
        else:
            self._take(table, form, file)
            self.faults[before:] = _folded(self.faults[before:])

    def _form(self, table: Table) -> Form | None:
        """Return the form of a file; None and a fault if it has none."""
        for form in FORMS:
            if set(form.needed) <= set(table.columns):
                return form
        near = max(FORMS, key=lambda form: len(set(form.needed) & set(table.columns)))
        missing = [name for name in near.needed if name not in table.columns]
        forms = "; or ".join(f"{', '.join(form.needed)} ({form.name})" for form in FORMS)
        hint = f" (for {near.name} {', '.join(missing)} is missing)" if len(missing) < len(near.needed) else ""
        table.fault(1, "header", f"is neither of UCDP GED nor of ACLED; columns needed: {forms}{hint}")
        return None

    def _is_record(self, table: Table) -> bool:
        """Return whether no row is simulated; else note the first one."""
        columns = [name for name in ("id", "relid", "event_id_cnty", *SIMULATED_COLUMNS) if name in table.columns]
        lines = [row.line for row in table.rows if any(_simulated(name, row[name]) for name in columns)]
        if lines:
            rows = "this row is" if len(lines) == 1 else f"this row and {len(lines) - 1} more are"
            table.fault(
                lines[0], "", f"{rows} simulated (exported by this program); a record of observed events is needed"
            )
        return not lines

    def _take(self, table: Table, form: Form, file: FileRead) -> None:
        before, kept = len(self.faults), len(self.kept)
        for row in table.rows:
            noted = len(self.faults)
            event = event_of(table, row, form)
            if len(self.faults) == noted:
                self._keep(table, row, form, file, event)
        if len(self.faults) == before and len(self.kept) == kept and file.repeated < file.rows:
            table.fault(None, "", self._nothing(file))

    def _keep(self, table: Table, row: CsvRow, form: Form, file: FileRead, event: Event) -> None:
        """Keep an event unless it is there already, elsewhere, or without deaths."""
        here = Kept(len(self.files) - 1, row.line, event)
        column = next((name for name in form.ids if row[name].strip()), None)
        if column is not None:
            key = row[column].strip()
            known = self.by_id.setdefault((f"{form.name} {column}", key.removesuffix(".0")), here)
            if known is not here:
                file.repeated += 1
                if known.event != event:
                    table.fault(row.line, column, self._other_row(known, here, key))
                return
        margin = REGION_MARGIN_KM if event.summary else MARGIN_KM
        if self.area is not None and not self.area.has(event.lat, event.lon, margin):
            file.off_map += 1
            file.exchanged += abs(event.lon) <= 90 and self.area.has(event.lon, event.lat, margin)
        elif form is ACLED and event.deaths == 0:
            file.no_deaths += 1
        else:
            if column is None:
                file.alike += self.without_id[event] > 0
                self.without_id[event] += 1
            self.kept.append(here)

    def _other_row(self, known: Kept, here: Kept, key: str) -> str:
        of = "" if known.file == here.file else f" of {self.files[known.file].name}"
        pairs = zip(Event._fields, known.event, here.event, strict=True)
        differ = ", ".join(name.replace("_", " ") for name, one, other in pairs if one != other)
        return f"{short(key)} is the id of line {known.line}{of} too, and the rows differ ({differ})"

    def _nothing(self, file: FileRead) -> str:
        """Return why no row of a file is left."""
        if not file.off_map:
            return f"has no event with deaths in its {file.rows} rows"
        hint = f"; {file.exchanged} would be on it if latitude and longitude changed places" if file.exchanged else ""
        return f"has no event on the map ({self.area}, and {MARGIN_KM:g} km around it): {file.off_map} of {file.rows} rows are elsewhere{hint}"


CELL = re.compile(r"""^('[^']*'|"[^"]*")""")  # at the head of a message


def _folded(faults: Sequence[Fault]) -> list[Fault]:
    """Return the first of the faults of a column that differ only in the cell, with how many more rows are like it."""
    alike: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        alike.setdefault((fault.key, CELL.sub("", fault.message)), []).append(fault)
    return [
        first if not more else replace(first, message=f"{first.message}; {plural(len(more), 'more row')} like it")
        for first, *more in alike.values()
    ]


def _simulated(column: str, cell: str) -> bool:
    return cell.strip().casefold() == SOURCE if column in SIMULATED_COLUMNS else cell.strip().startswith(SIMULATED_ID)


_day = lru_cache(1 << 15)(day_of)


def event_of(table: Table, row: CsvRow, form: Form) -> Event:
    """Return a row as an event; faults go to the table, and the event is then of no use."""
    has = set(row.places)
    first = _day_of(table, row, form.start)
    last = _day_of(table, row, form.end) if form.end in has else first
    if first is not None and last is not None and not 0 <= (last - first).days <= LONGEST_DAYS:
        said = "is before" if last < first else f"is more than {LONGEST_DAYS} days after"
        table.fault(row.line, form.end, f"{short(row[form.end].strip())} {said} {form.start}, {first}")
    summary = form.precision in has and table.count(row, form.precision, form.coarsest, 1) >= form.region
    losses = [table.count(row, name, MOST_DEATHS) for name in form.losses if set(form.losses) <= has]
    place = next((name for name in form.place if name in has), "")
    return Event(
        first or date.min,
        last or date.min,
        _text(table, row, place),
        table.number(row, "latitude", -90, 90),
        table.number(row, "longitude", -180, 180),
        table.count(row, form.deaths, MOST_DEATHS),
        (losses[0], losses[1]) if losses else (0, 0),
        summary,
        _side(table, row, form, 0),
        _side(table, row, form, 1),
    )


def _day_of(table: Table, row: CsvRow, column: str) -> date | None:
    try:
        return _day(row[column], YEARS)
    except ValueError as error:
        table.fault(row.line, column, str(error))
        return None


def _text(table: Table, row: CsvRow, column: str) -> str:
    """Return a cell of one line of text."""
    text = row[column].strip()
    if "\n" in text or "\r" in text:
        table.fault(row.line, column, "goes on over several lines; is a quotation mark not closed?")
    return text


def _side(table: Table, row: CsvRow, form: Form, number: int) -> str:
    """Return the actors of a side; from the dyad's name "A - B" if sides have no columns."""
    columns = [name for name in form.sides[number] if name in row.places]
    if columns:
        return "; ".join(filter(None, (_text(table, row, name) for name in columns)))
    return [*_text(table, row, "dyad_name").split(" - ", 1), ""][number].strip()
