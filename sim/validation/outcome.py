"""Observations after a forecast's start: a folder with observed.yaml and CSV files, read strictly.

observed.yaml    start, control_on, weekly_to: days, YYYY-MM-DD. Control is that of the morning of `control_on`; weeks and
                 relapses are known up to `weekly_to`, that day included
control.csv      name, start, end: control codes of the towns on both days; a town by any of its names
weekly.csv       week_start, events, deaths: lethal events among rebels in the seven days from week_start
agreements.csv   name, signed, relapsed: agreements among rebels; `relapsed` empty while they hold
places.csv       name, events: located lethal events among rebels by town, of the weeks of weekly.csv

A CSV file that is not there is not scored, and said. Cells left empty in control.csv are unknown, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography, control_date
from sim.geography.towns import find_place
from sim.scenario.compose import display
from sim.scenario.schema import MIXED, NEUTRAL, Scenario, codes, parties
from sim.scenario.yaml_reader import Page, read_file
from sim.tabular.table import CsvRow, Table, read_table
from sim.tabular.table import day_of as parse_day
from sim.text import clause_list, day_text, plural

SETTINGS = ("start", "control_on", "weekly_to")
WEEK = 7
MOST_NAMED = 5
MOST_EVENTS = 1_000_000  # and deaths, of a week
MOST_LOCATED = 10_000  # events of a town


class Week(NamedTuple):
    """Days `first` to `last` of the run, both included, and what was observed in them."""

    first: int
    last: int
    events: int
    deaths: int


class Relapse(NamedTuple):
    """An agreement: the day of the run on which it was signed (below 0: before the start), and on which it relapsed."""

    name: str
    signed: int
    relapsed: int | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was observed, in the days of a scenario: day 0 is its start. T towns of the map."""

    folder: Path
    codes: tuple[str, ...]
    control_day: int  # morning on which control is scored
    last: int  # last day of the run on which relapses are known
    began: np.ndarray  # i8 [T], row in `codes`; -1 if unknown
    ended: np.ndarray  # i8 [T]
    weeks: tuple[Week, ...]
    relapses: tuple[Relapse, ...]
    notes: tuple[str, ...]
    places: np.ndarray = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )  # i8 [n], town of each located event

    @property
    def towns(self) -> np.ndarray:
        """Towns whose control is known on both days: i8 [n]."""
        return np.flatnonzero((self.began >= 0) & (self.ended >= 0))


def codes_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the control codes of a scenario: its factions' but for peacekeepers, contested, neutral."""
    return (*parties(scenario), MIXED, NEUTRAL)


def start_codes(scenario: Scenario, geography: Geography) -> np.ndarray:
    """Return the row in `codes_of` of each town's code at the start: i8 [T]."""
    short, order = codes(scenario), codes_of(scenario)
    of_group = {group: short[name] for name, faction in scenario.factions.items() for group in faction.groups}
    holdings = geography.control[control_date(geography, scenario.start, scenario.control_on)]
    special = {"contested": MIXED, "neutral": NEUTRAL}
    held = [special.get(holding.status) or of_group[holding.groups[0]] for holding in holdings]
    return np.array([order.index(code) for code in held], dtype=np.int64)


def read_outcome(folder: Path, scenario: Scenario, geography: Geography) -> Outcome:
    """Read what was observed for a scenario; InputError with every fault of every file."""
    if not folder.is_dir():
        raise InputError([Fault(display(folder), None, "", "is not a folder; observed.yaml and CSV files are needed")])
    page = read_file(folder / "observed.yaml", display(folder / "observed.yaml"))
    days = _settings(page, scenario)
    reader = _Reader(folder, scenario, geography, days["control_on"], days["weekly_to"])
    began, ended = reader.control()
    weeks, relapses, places = reader.weekly(), reader.agreements(), reader.places()
    if not reader.faults and not (weeks or relapses or len(places) or (ended >= 0).any()):
        reader.faults.append(Fault(display(folder), None, "", "holds nothing that can be scored"))
    if reader.faults:
        raise InputError(reader.faults)
    last = min(days["weekly_to"], scenario.days - 1)
    return Outcome(
        folder, codes_of(scenario), days["control_on"], last, began, ended, weeks, relapses, tuple(reader.notes), places
    )


def _settings(page: Page, scenario: Scenario) -> dict[str, int]:
    """Return the days of observed.yaml, counted from the scenario's start."""
    data = page.data if isinstance(page.data, dict) else {}
    faults = list(page.faults)

    def fault(key: str, message: str) -> None:
        faults.append(Fault(page.file, page.lines.get((key,)), key, message))

    for key in data:
        if key not in SETTINGS:
            fault(str(key), f"unknown key{did_you_mean(str(key), SETTINGS)}; allowed: {', '.join(SETTINGS)}")
    days: dict[str, int] = {}
    for key in SETTINGS:
        try:
            days[key] = (parse_day(str(data[key])) - scenario.start).days
        except KeyError:
            fault(key, "is missing")
        except ValueError as error:
            fault(key, str(error))
    if days.get("start"):
        fault("start", f"is not the start of the runs, {scenario.start}")
    if not faults and not 0 < days["control_on"] <= scenario.days:
        end = scenario.start + timedelta(days=scenario.days)
        fault("control_on", f"needs a day after {scenario.start} and up to {end}, the morning after the last day")
    if not faults and days["weekly_to"] < 0:
        fault("weekly_to", "is before the start")
    if faults:
        raise InputError(faults)
    return days


class _Reader:
    """Reads the CSV files of a folder and gathers faults and notes."""

    def __init__(self, folder: Path, scenario: Scenario, geography: Geography, control_day: int, last: int) -> None:
        self.folder, self.scenario, self.geography = folder, scenario, geography
        self.control_day, self.last = control_day, last
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def _table(self, name: str, columns: Sequence[str], what: str) -> Table | None:
        if not (self.folder / name).exists():
            self.notes.append(f"There is no {name}: {what} not scored.")
            return None
        table = read_table(self.folder / name, columns, [], self.faults, comments=True)
        if table.columns and not table.rows:
            self.notes.append(f"{name} has no rows: {what} not scored.")
        return table

    def _note_read(self, table: Table, used: str) -> None:
        """Note how many rows a table has and what is made of them."""
        if not self.faults:
            self.notes.append(f"{Path(table.file).name}: {plural(len(table.rows), 'row')}, {used}.")

    def control(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes of each town at the start and on the day that is scored: i8 [T] each, -1 unknown."""
        size = len(self.geography.places)
        town_codes = np.full((2, size), -1, dtype=np.int64)
        table = self._table("control.csv", ("name", "start", "end"), "who holds which town is")
        if table is None:
            return town_codes[0], town_codes[1]
        seen: dict[int, int] = {}
        for row in table.rows:
            town = self._town(table, row)
            if town is None:
                continue
            if town in seen:
                name = self.geography.places[town].name
                table.fault(row.line, "name", f"{name} is in line {seen[town]} already")
            seen[town] = row.line
            for index, column in enumerate(("start", "end")):
                town_codes[index, town] = self._code(table, row, column)
        used = int((town_codes >= 0).all(axis=0).sum())
        self._note_read(table, f"{plural(used, 'town')} used")
        self._say_missing(town_codes, set(seen))
        self._say_other_starts(town_codes[0])
        return town_codes[0], town_codes[1]

    def _town(self, table: Table, row: CsvRow) -> int | None:
        try:
            return find_place(self.geography, row["name"].strip())
        except KeyError as error:
            table.fault(row.line, "name", str(error.args[0]))
            return None

    def _code(self, table: Table, row: CsvRow, column: str) -> int:
        order, word = codes_of(self.scenario), row[column].strip()
        if word and word not in order:
            hint = did_you_mean(word, order)
            table.fault(row.line, column, f"{word[:40]!r} is no control code{hint}; allowed: {', '.join(order)}")
        return order.index(word) if word in order else -1

    def _say_missing(self, town_codes: np.ndarray, seen: set[int]) -> None:
        every = [map_town.name for map_town in self.geography.places]
        missing = [name for town, name in enumerate(every) if town not in seen]
        empty = [every[town] for town in sorted(seen) if (town_codes[:, town] < 0).any()]
        for names, why in ((missing, "missing in control.csv"), (empty, "without a code on one of the days")):
            if names and not self.faults:
                self.notes.append(f"{plural(len(names), 'town')} {why}, not scored: {_few(names)}.")

    def _say_other_starts(self, began: np.ndarray) -> None:
        differ = (began >= 0) & (began != start_codes(self.scenario, self.geography))
        names = [self.geography.places[town].name for town in np.flatnonzero(differ)]
        if names and not self.faults:
            note = f"observed under another code at the start than in the scenario: {_few(names)}"
            self.notes.append(f"{plural(len(names), 'town')} {note}.")

    def weekly(self) -> tuple[Week, ...]:
        """Return the weeks that lie within the run; a last one is cut at the last day that is known."""
        table = self._table("weekly.csv", ("week_start", "events", "deaths"), "weekly events are")
        weeks: list[Week] = []
        outside, before, gap = 0, None, 0
        for row in table.rows if table else ():
            first = self._day(table, row, "week_start")
            if table is None:
                continue
            events, deaths = (table.count(row, column, MOST_EVENTS) for column in ("events", "deaths"))
            if first is None:
                continue
            if before is not None and first < before + WEEK:
                table.fault(row.line, "week_start", "is not seven days or more after the week before it")
            gap += before is not None and first > before + WEEK
            before = first
            last = min(first + WEEK - 1, self.last)
            if first < 0 or last < first or last >= self.scenario.days:
                outside += 1
            else:
                weeks.append(Week(first, last, events, deaths))
        if table is not None and weeks:
            days = f"{day_of(self.scenario, weeks[0].first)} to {day_of(self.scenario, weeks[-1].last)}"
            self._note_read(table, f"{plural(len(weeks), 'week')} used, {days}")
        if gap and not self.faults:
            self.notes.append("weekly.csv leaves out weeks between its rows; those are not scored.")
        if outside and not self.faults:
            self.notes.append(f"{plural(outside, 'week')} of weekly.csv not wholly within the runs, not scored.")
        return tuple(weeks)

    def agreements(self) -> tuple[Relapse, ...]:
        """Return the agreements."""
        table = self._table("agreements.csv", ("name", "signed", "relapsed"), "how long agreements hold is")
        agreements: list[Relapse] = []
        for row in table.rows if table else ():
            if table is None:
                continue
            name = row["name"].strip()
            if not name or name in {agreement.name for agreement in agreements}:
                table.fault(row.line, "name", "is there already" if name else "is empty")
            signed = self._day(table, row, "signed")
            relapsed = self._day(table, row, "relapsed") if row["relapsed"].strip() else None
            if signed is not None and relapsed is not None and relapsed < signed:
                table.fault(row.line, "relapsed", "is before the day of signing")
            if signed is not None and name:
                agreements.append(Relapse(name, signed, relapsed))
        if table is not None and agreements:
            self._note_read(table, f"{plural(len(agreements), 'agreement')} used")
        return tuple(agreements)

    def places(self) -> np.ndarray:
        """Return the town of each located event: i8 [n]."""
        table = self._table("places.csv", ("name", "events"), "where events are is")
        towns: list[int] = []
        seen: dict[int, int] = {}
        for row in table.rows if table else ():
            town = self._town(table, row) if table else None
            if table is None or town is None:
                continue
            if town in seen:
                table.fault(row.line, "name", f"{self.geography.places[town].name} is in line {seen[town]} already")
            seen[town] = row.line
            towns += [town] * table.count(row, "events", MOST_LOCATED)
        if table is not None and towns:
            self._note_read(table, f"{plural(len(towns), 'event')} used")
        return np.array(towns, dtype=np.int64)

    def _day(self, table: Table | None, row: CsvRow, column: str) -> int | None:
        value = table.day(row, column) if table is not None else None
        return None if value is None else (value - self.scenario.start).days


def _few(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return clause_list([*names[:MOST_NAMED], *more])


def day_of(scenario: Scenario, day: int) -> str:
    """Return a day of the run as text, "29 Oct 2018"."""
    return day_text(scenario.start + timedelta(days=day))
