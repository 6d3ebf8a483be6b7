"""A log of lethal events among rebels, from a simulated run or from observed data, as plain arrays.

Every estimator of this room that speaks of "events" reads a `Log`: rows of kind clash, or lethal incidents, between
two factions of the role rebel. No pandas: a table is anything that gives a column by its name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.event_kinds import INCIDENTS

Table = Any  # gives a column by its name: a DataFrame, or a dict of arrays
MONITOR = "monitor"  # outlet of the reports that stand for what the world learned
SUMMARY_DAYS = 7  # the longest summary row in UCDP GED of the first theatre (docs/sources.md)
QUIET_DAYS = 7  # a gap of more than so many days ends an episode (pattern P3)


@dataclass(frozen=True, eq=False)
class Log:
    """Lethal events among rebels in order of their day. n events in a window of `days` days.

    `summary` marks rows that sum up a region or a period: they count as events and deaths, but not in space and not in
    deaths per event (place precision 4-6 of UCDP GED; none in a true simulated log).
    """

    day: np.ndarray  # i8 [n], first day, counted from the start of the window
    end: np.ndarray  # i8 [n], last day
    place: np.ndarray  # object [n], name of the place
    lat: np.ndarray  # f8 [n], degrees
    lon: np.ndarray  # f8 [n], degrees
    deaths: np.ndarray  # i8 [n], fighters and civilians
    summary: np.ndarray  # bool [n]
    days: int
    losses: np.ndarray | None = (
        None  # i8 [n, 2], fighters killed of the first side and of its rivals; None: not requested
    )
    group: np.ndarray | None = (
        None  # object [n], the rivals' group or groups that each event names; None: not requested
    )

    def __len__(self) -> int:
        return len(self.day)

    def since(self, first: int) -> Log:
        """Return the part from day `first`, counted from there."""
        keep = self.day >= first
        return self._cut(keep, self.day[keep] - first, self.end[keep] - first, self.days - first)

    def followed_by(self, later: Log) -> Log:
        """Return a log that goes on with the days of another, counted from the end of this one's window; losses are left out."""
        shifted = {"day": later.day + self.days, "end": later.end + self.days}
        parts = {
            name: np.concatenate([getattr(self, name), shifted.get(name, getattr(later, name))])
            for name in ("day", "end", "place", "lat", "lon", "deaths", "summary")
        }
        return Log(days=self.days + later.days, **parts)

    def until(self, days: int) -> Log:
        """Return the part in the first `days` days; the log itself if it has no more."""
        if days >= self.days:
            return self
        keep = self.day < days
        return self._cut(keep, self.day[keep], np.minimum(self.end[keep], days - 1), days)

    def rows(self, chosen: np.ndarray) -> Log:
        """Return some events in the same window; `chosen` are their rows in rising order, i8 [m]."""
        return self._cut(chosen, self.day[chosen], self.end[chosen], self.days)

    def _cut(self, keep: np.ndarray, day: np.ndarray, end: np.ndarray, days: int) -> Log:
        """Return the events that `keep` marks, bool [n], or whose rows it gives, i8 [m], with other days."""
        names = ("place", "lat", "lon", "deaths", "summary", "losses", "group")
        columns = {name: getattr(self, name) for name in names}
        rest: dict[str, Any] = {name: None if values is None else values[keep] for name, values in columns.items()}
        return replace(self, day=day, end=end, days=days, **rest)


def column(table: Table, name: str) -> np.ndarray:
    """Return a column as a NumPy array, from any kind of table."""
    return np.asarray(table[name])


def text(table: Table, name: str) -> np.ndarray:
    """Return a column of text as an object array, so that comparing it with a word works in all tables."""
    return np.asarray(table[name], dtype=object)


def one_of(values: np.ndarray, words: Collection[str]) -> np.ndarray:
    """Return which texts, object [n], are one of some words: bool [n]. NumPy's `isin` would sort them, which takes longer."""
    return np.fromiter(map(frozenset(words).__contains__, values), bool, len(values))


def total_deaths(events: Table) -> np.ndarray:
    """Return the deaths of each event, fighters and civilians: i8 [n]."""
    return column(events, "deaths_initiator") + column(events, "deaths_target") + column(events, "deaths_civilians")


def among(events: Table, codes: Collection[str]) -> np.ndarray:
    """Return which events are between two different factions of `codes`: bool [n]."""
    initiator, target = text(events, "initiator"), text(events, "target")
    is_among: np.ndarray = one_of(initiator, codes) & one_of(target, codes) & np.asarray(initiator != target, bool)
    return is_among


def hostile(events: Table, rebels: Collection[str]) -> np.ndarray:
    """Return which events are clashes or lethal incidents among rebels: bool [n]."""
    kind = text(events, "kind")
    lethal = one_of(kind, (*INCIDENTS, "killing_at_talks")) & (total_deaths(events) > 0)
    return among(events, rebels) & ((kind == "clash") | lethal)


def side_losses(events: Table, first: str) -> np.ndarray:
    """Return the fighters killed on the side of faction `first` and on the other, in events it is a side of: i8 [n, 2]."""
    begins, meets = (text(events, side) == first for side in ("initiator", "target"))
    dead = [column(events, f"deaths_{side}").astype(np.int64) for side in ("initiator", "target")]
    own = np.where(begins, dead[0], np.where(meets, dead[1], 0))
    other = np.where(begins, dead[1], np.where(meets, dead[0], 0))
    return np.stack([own, other], axis=1)


def rival_groups(events: Table, first: str) -> np.ndarray | None:
    """Return the group on the side against faction `first` in each event, object [n]; None if the table names no groups."""
    if "initiator_group" not in events:
        return None
    begins = np.asarray(text(events, "initiator") == first, dtype=bool)
    return np.where(begins, text(events, "target_group"), text(events, "initiator_group"))


def rebel_log(events: Table, rebels: Collection[str], days: int, first: str | None = None) -> Log:
    """Return the log of a run's events table; `rebels` are codes of factions of the role rebel.

    `first`: the faction whose losses are set against those of its rivals, and whose rivals' groups are noted.
    """
    day = column(events, "day").astype(np.int64)
    return _log(events, hostile(events, rebels), day, day, np.zeros(len(day), dtype=bool), days, first)


def reported_log(reports: Table, rebels: Collection[str], days: int, first: str | None = None) -> Log:
    """Return the log that the monitor's rows of a run's table of reports make, by the days given for the events.

    Patterns are compared with this one. A row that sums up what the monitor had missed is a summary; it covers at most
    the last `SUMMARY_DAYS` days, as such rows do in the observed data.
    """
    summary = column(reports, "summary").astype(bool)
    end = column(reports, "event_day").astype(np.int64)
    gone = column(reports, "event_date").astype("datetime64[D]") - column(reports, "first_date").astype("datetime64[D]")
    day = end - np.minimum(gone.astype(np.int64), SUMMARY_DAYS - 1)
    keep = hostile(reports, rebels) & (text(reports, "outlet") == MONITOR)
    return _log(reports, keep, day, end, summary, days, first)


def _log(
    table: Table,
    keep: np.ndarray,
    day: np.ndarray,
    end: np.ndarray,
    summary: np.ndarray,
    days: int,
    first: str | None,
) -> Log:
    """Return the kept rows of a table as a log, in order of their first day."""
    rows = np.flatnonzero(keep)
    rows = rows[np.argsort(day[rows], kind="stable")]
    group = None if first is None else rival_groups(table, first)
    return Log(
        day[rows],
        end[rows],
        text(table, "town")[rows],
        column(table, "lat").astype(float)[rows],
        column(table, "lon").astype(float)[rows],
        total_deaths(table).astype(np.int64)[rows],
        summary[rows],
        days,
        None if first is None else side_losses(table, first)[rows],
        None if group is None else group[rows],
    )
