"""Observed events and agreements as the logs that simulated runs give, and the figures of the patterns that they give."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.errors import Fault, InputError
from sim.files import display_path
from sim.statistics.conflict_log import Log
from sim.tabular.table import read_table
from sim.text import clause_list, day_text, plural
from sim.validation.event_files import MARGIN_KM, Area, FileRead, Kept, read_rows
from sim.validation.pattern_estimators import NO_HOLDS, PLACES_SCORE, Holds, Theatre, measure, samples
from sim.validation.pattern_file import Patterns, Window
from sim.validation.pattern_rounds import RoundContext, name_pattern, plain
from sim.validation.pattern_samples import aligned_start, rival_groups

Names = Collection[str]
Sides = Sequence[Names]  # two sides or more, each of which fights all others
MOST_NAMED = 5
LONGEST_HOLD = 36_500  # days

INSURGENTS = ("insurgents",)  # how UCDP GED names rebels against whom a government fights without telling groups apart


class Events:
    """The events of some files, N rows in order of files and lines. Logs are cut from them, and which rows are in one is noted."""

    def __init__(self, files: Sequence[FileRead], kept: Sequence[Kept]) -> None:
        events = [one.event for one in kept]
        self.files = tuple(files)
        self.file = np.array([one.file for one in kept], dtype=np.int64)
        self.first = np.array([event.first.toordinal() for event in events], dtype=np.int64)
        self.last = np.array([event.last.toordinal() for event in events], dtype=np.int64)
        self.place = np.array([event.place for event in events], dtype=object)
        self.lat = np.array([event.lat for event in events], dtype=float)
        self.lon = np.array([event.lon for event in events], dtype=float)
        self.deaths = np.array([event.deaths for event in events], dtype=np.int64)
        self.losses = np.array([event.losses for event in events], dtype=np.int64).reshape(len(events), 2)
        self.summary = np.array([event.summary for event in events], dtype=bool)
        self.side_a = np.array([event.side_a for event in events], dtype=object)
        self.side_b = np.array([event.side_b for event in events], dtype=object)
        self.matched = np.zeros(len(events), dtype=bool)  # between sides for which a log was cut
        self.used = np.zeros(len(events), dtype=bool)  # in a log

    def log(self, start: date, days: int, sides: Sides | None = None) -> Log:
        """Return the events in a window of `days` days from `start`, in order of days.

        `sides`: names of the first side and of its rivals, or of each of more sides; events between any two count, all if it is
        None. A name is found anywhere in an actor's, as whole words, without regard to case, hyphens and apostrophes. ACLED does
        not tell on which side the dead were, so `losses` is zero there. With more than two sides losses and groups are of none.
        """
        day = self.first - start.toordinal()
        inside, losses = (day >= 0) & (day < days), self.losses
        if sides is not None:
            ahead, behind = self.between(sides)
            losses = np.where(behind[:, None], losses[:, ::-1], losses)
            self.matched |= ahead | behind
            inside &= ahead | behind
        else:
            self.matched[:] = True
        self.used |= inside
        if sides is not None and len(sides) > 2:
            return self._log_of(np.flatnonzero(inside), start, days, None, None)
        rivals = None if sides is None else np.where(behind, self.side_a, self.side_b)
        return self._log_of(np.flatnonzero(inside), start, days, losses, rivals)

    def pair_logs(self, start: date, days: int) -> list[Log]:
        """Return the log of each pair of sides, as the files name them, that fights in a window of `days` days from `start`."""
        day = self.first - start.toordinal()
        pairs: dict[frozenset[str], list[int]] = {}
        for row in np.flatnonzero((day >= 0) & (day < days)).tolist():
            pairs.setdefault(frozenset((self.side_a[row], self.side_b[row])), []).append(row)
        return [self._log_of(np.array(rows), start, days, self.losses, None) for rows in pairs.values()]

    def _log_of(
        self, rows: np.ndarray, start: date, days: int, losses: np.ndarray | None, rivals: np.ndarray | None
    ) -> Log:
        """Return some rows as a log, in order of days; `losses` i8 [N, 2] and `rivals` object [N] are of all rows."""
        day = self.first - start.toordinal()
        rows = rows[np.argsort(day[rows], kind="stable")]
        end = np.minimum(self.last - start.toordinal(), days - 1)
        return Log(
            day[rows], end[rows], self.place[rows], self.lat[rows], self.lon[rows], self.deaths[rows], self.summary[rows],
            days, None if losses is None else losses[rows], None if rivals is None else rivals[rows],
        )  # fmt: skip

    def between(self, sides: Sides) -> tuple[np.ndarray, np.ndarray]:
        """Return which events have a side as their side a and one that is named later as b, and which the other way round."""
        words = [name_pattern(list(names)) for names in sides]
        one, other = ([_matches(column, pattern) for pattern in words] for column in (self.side_a, self.side_b))
        pairs = list(combinations(range(len(words)), 2))
        ahead = np.any([one[i] & other[j] for i, j in pairs], axis=0)
        return ahead, np.any([one[j] & other[i] for i, j in pairs], axis=0) & ~ahead

    def span(self, rows: np.ndarray) -> str:
        """Return the first and last day of some events as text."""
        return f"{_day_text(self.first[rows].min())} to {_day_text(self.last[rows].max())}"

    def actors(self, rows: np.ndarray) -> str:
        """Return the commonest actors of some events, with how many each has a part in; by name where as many."""
        events_of = Counter(
            name for row in np.flatnonzero(rows) for name in {self.side_a[row], self.side_b[row]} if name
        )
        commonest = sorted(events_of, key=lambda name: (-events_of[name], name))[:MOST_NAMED]
        listed = [f"{name} ({events_of[name]:,})" for name in commonest]
        more = [f"{len(events_of) - MOST_NAMED} more"] if len(events_of) > MOST_NAMED else []
        return clause_list([*listed, *more]) or "not named"

    def summary_lines(self) -> list[str]:
        """Return a sentence or two a file: rows, those used so far, their days and actors, those left out and why."""
        lines = []
        for number, file in enumerate(self.files):
            mine = self.file == number
            used = mine & self.used
            said = f"{file.name} ({file.form}): {plural(file.rows, 'row')}, {int(used.sum()):,} used"
            said += f", {self.span(used)}; actors: {self.actors(used)}." if used.any() else "."
            reasons = (
                (file.repeated, "there already under the same id"),
                (file.off_map, f"more than {MARGIN_KM:g} km off the map"),
                (file.no_deaths, "without deaths"),
                (int((mine & ~self.matched).sum()), "of other actors"),
                (int((mine & self.matched & ~self.used).sum()), "of other days"),
            )
            left_out = [f"{count:,} {reason}" for count, reason in reasons if count]
            said += f" Left out: {', '.join(left_out)}." if left_out else ""
            said += (
                f" {plural(file.alike, 'row')} without an id counted though the same as another." if file.alike else ""
            )
            lines.append(said)
        return lines

    def none_between(self, sides: Sides) -> Fault:
        """Return the fault of files in which no event is between two sides."""
        names = clause_list(
            [clause_list([*list(side)[:MOST_NAMED], *["others"][: len(side) > MOST_NAMED]]) for side in sides]
        )
        every = np.ones(len(self.file), dtype=bool)
        said = f"none of {plural(len(self.file), 'event')} is between the sides declared ({names}); actors are {self.actors(every)}"
        return Fault(", ".join(file.name for file in self.files), None, "", said)

    def none_in(self, windows: str) -> Fault:
        """Return the fault of files in which events between the sides are of other days."""
        said = f"none of {plural(int(self.matched.sum()), 'event')} between the sides is in {windows}; they are of {self.span(self.matched)}"
        return Fault(", ".join(file.name for file in self.files), None, "", said)


def read_events(files: Sequence[Path], area: Area | None = None) -> Events:
    """Read events from UCDP GED or ACLED-style CSV files.

    Args:
        files: the files, in the order of the rows returned.
        area: the map's area; events elsewhere are left out. None keeps all.

    Raises:
        InputError: with file and line of every fault.

    Example:
        >>> from pathlib import Path
        >>> from sim.validation.observed import read_events
        >>> with open("observed.csv", "w") as file:
        ...     print("id,date_start,latitude,longitude,best,side_a,side_b", file=file)
        ...     print("1,2018-10-07,36.27,37.03,3,A,B", file=file)
        >>> read_events([Path("observed.csv")]).deaths.tolist()
        [3]
    """
    return Events(*read_rows(files, area))


def read_log(path: Path, start: date, days: int, sides: Sides | None = None) -> Log:
    """Return the log of one file, wherever its events are; see `Events.log`."""
    return read_events([path]).log(start, days, sides)


def _matches(column: np.ndarray, pattern: re.Pattern[str]) -> np.ndarray:
    """Return which names a pattern is found in: bool [N]."""
    known = {name: bool(pattern.search(plain(name))) for name in set(column)}
    return np.array([known[name] for name in column], dtype=bool)


def _day_text(ordinal: int) -> str:
    return day_text(date.fromordinal(int(ordinal)))


def read_holds(path: Path, start: date, days: int) -> Holds:
    """Return the agreements among rebels of a table such as a map's ceasefires.csv signed in a window.

    Columns: type (rows of a government, GOV..., are left out), date_start, hold_days_until_organised_relapse, empty if
    it was in force at the end of the record, which then is the window's end. A hold that continues beyond the window is
    censored there. InputError with every fault.
    """
    faults: list[Fault] = []
    columns = ("type", "date_start", "hold_days_until_organised_relapse", "censored")
    table = read_table(path, columns, (), faults, comments=True, known_only=True)
    signed, held = [], []
    for row in table.rows:
        if row["type"].startswith("GOV"):
            continue
        day = table.day(row, "date_start")
        hold = table.number(row, "hold_days_until_organised_relapse", 0, LONGEST_HOLD, default=math.nan)
        if day is not None and 0 <= (day - start).days < days:
            signed.append((day - start).days)
            held.append(hold)
    if faults:
        raise InputError(faults)
    left = (days - np.array(signed, dtype=np.int64)).astype(float)
    lasted = np.array(held, dtype=float)
    going_on = np.isnan(lasted) | (lasted > left)
    return Holds(np.array(signed, dtype=np.int64), np.where(going_on, left, lasted), going_on)


class Observation(NamedTuple):
    """Figures computed from files, sentences on what was read and what was not computed, and the log of each window."""

    figures: dict[str, float]
    notes: list[str]
    logs: dict[str, Log]


def observe(files: Sequence[Path], declared: Patterns, file: Path, area: Area | None = None) -> Observation:
    """Return the declared figures that some files of events, and the declared table of agreements, give.

    `file` is that of the patterns. Figures for which there is no event in the window are left out, and named in a note:
    those of rebels need fighting between the two sides, P12 and P24 government against rebels. P11 and P23, which are of
    holders, are not in event files.
    InputError if the events give no figure at all.
    """
    rebels = sides_named(declared, file)
    events = read_events(files, area)
    figures: dict[str, float] = {}
    logs: dict[str, Log] = {}
    counted = 0
    for name, window in declared.windows.items():
        start = _start_of(events, declared, window, rebels)
        logs[name] = log = events.log(start, window.days, rebels)
        deaths = _government_deaths(events, declared, window)
        counted += len(log) + (deaths is not None)
        pressure = _pressure(events, declared, start, window.days)
        measured = figures_of_record(log, start, declared, file, deaths, pressure)
        names = [key for key in declared.names_in(name) if not math.isnan(measured[key])]
        figures |= {key: measured[key] for key in names if len(log) or key.startswith(("P6", "P12"))}
    if not counted:
        windows = f"a window of the patterns ({clause_list([_window_text(one) for one in declared.windows.values()])})"
        raise InputError([events.none_in(windows) if events.matched.any() else events.none_between(rebels)])
    return Observation(figures, [*events.summary_lines(), *_not_computed(figures, declared)], logs)


def figures_of_record(
    log: Log,
    start: date,
    declared: Patterns,
    file: Path,
    deaths: tuple[int, int] | None = None,
    pressure: np.ndarray | None = None,
) -> dict[str, float]:
    """Return every figure of a record's log from a day on, NaN for one that it does not give.

    Agreements are those of the declared table, beside the patterns' `file`. `deaths` between government and rebels and their
    days, and `pressure`, by day f8 [days]; None if unknown.
    """
    agreed = declared.agreements
    holds = NO_HOLDS if agreed is None else read_holds(file.parent / agreed, start, log.days)
    context = RoundContext(rival_groups(declared, start), None, pressure)
    return measure(samples(log, holds, Theatre(before=deaths, after=deaths, rounds=context)))


def _start_of(events: Events, declared: Patterns, window: Window, rebels: Sides) -> date:
    """Return the first day of a window; of an aligned one, that of these events if they have a round that fits."""
    if window.within is None:
        return window.start
    wide = declared.windows[window.within]
    first = aligned_start(events.log(wide.start, wide.days, rebels), declared, window)
    return window.start if first is None else wide.start + timedelta(first)


def sides_named(declared: Patterns, file: Path) -> Sides:
    """Return the names of the sides in files of events; InputError if the patterns give none of one of them."""
    by_part = {part: [name for name in names if plain(name)] for part, names in declared.sides.names.items()}
    faults = [
        Fault(display_path(file), None, f"sides.{part}", "has no name of an actor; files of events need them")
        for part, names in by_part.items()
        if not names
    ]
    if faults:
        raise InputError(faults)
    return list(by_part.values())


def _window_text(window: Window) -> str:
    return f"{day_text(window.start)} to {day_text(window.start + timedelta(days=window.days - 1))}"


def _not_computed(found: dict[str, float], declared: Patterns) -> list[str]:
    """Return a sentence on the figures that stay as declared."""
    absent = [name.replace("_", " ") for _, name, _ in declared.figures() if name not in found and name != PLACES_SCORE]
    return [f"Not computed from the files, and so as declared: {', '.join(absent)}."] if absent else []


def _government_log(events: Events, declared: Patterns, start: date, days: int) -> Log | None:
    """Return the events between government and rebels in a window; None if the files have none."""
    sides = declared.sides
    if sides.government is None or not sides.government.names:
        return None
    rebels = [*chain.from_iterable(sides.names.values()), *INSURGENTS]
    log = events.log(start, days, (sides.government.names, rebels))
    return log if len(log) else None


def _government_deaths(events: Events, declared: Patterns, window: Window) -> tuple[int, int] | None:
    """Return the deaths between government and rebels in a window, and its days; None if the files have none."""
    log = _government_log(events, declared, window.start, window.days)
    return None if log is None else (int(log.deaths.sum()), window.days)


def _pressure(events: Events, declared: Patterns, start: date, days: int) -> np.ndarray | None:
    """Return those deaths by day, f8 [days]; NaN before the files' first such event."""
    log = _government_log(events, declared, start, days)
    if log is None:
        return None
    deaths = np.bincount(log.day, weights=log.deaths, minlength=days)
    deaths[: log.day[0]] = np.nan
    return deaths
