"""Episodes: stretches of fighting that a quiet gap of more than 7 days ends."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.statistics.log import QUIET_DAYS, Log


class Episode(NamedTuple):
    """One episode: events `first` to `last` - 1 of the log, on days `began` to `ended`, both included."""

    first: int
    last: int
    began: int
    ended: int

    @property
    def events(self) -> int:
        """Number of events."""
        return self.last - self.first

    @property
    def days(self) -> int:
        """Length in days; an episode within one day has 1."""
        return self.ended - self.began + 1


def episodes(log: Log, gap: int = QUIET_DAYS) -> list[Episode]:
    """Cut a log into episodes: the next event more than `gap` days after the last one opens a new episode."""
    found: list[Episode] = []
    first, began, ended = 0, 0, 0
    for row, (day, end) in enumerate(zip(log.day.tolist(), log.end.tolist(), strict=True)):
        if row and day - ended <= gap:
            ended = max(ended, end)
            continue
        if row:
            found.append(Episode(first, row, began, ended))
        first, began, ended = row, day, max(day, end)
    if len(log):
        found.append(Episode(first, len(log), began, ended))
    return found


def quiet_days(found: list[Episode]) -> list[int]:
    """Return the days from the last day of each episode to the first of the next."""
    return [later.began - earlier.ended for earlier, later in pairwise(found)]


def places(log: Log, episode: Episode) -> int:
    """Return how many places the episode reached; summary rows name no place."""
    rows = slice(episode.first, episode.last)
    return len(set(log.place[rows][~log.summary[rows]]))


def places_by_day(log: Log, episode: Episode, within: int, from_day: int | None = None) -> int:
    """Return how many places were reached in the first `within` days of the episode (of the days since `from_day`)."""
    began = episode.began if from_day is None else from_day
    rows = np.arange(episode.first, episode.last)
    rows = rows[(log.day[rows] >= began) & (log.day[rows] < began + within) & ~log.summary[rows]]
    return len(set(log.place[rows]))


def longest_calm(log: Log) -> int:
    """Return the longest stretch of days without an event, from the first to the last day of the window."""
    lengths = np.maximum(log.end - log.day + 1, 0)
    days = np.unique(np.repeat(log.end + 1 - np.cumsum(lengths), lengths) + np.arange(lengths.sum()))
    marks = np.concatenate([[-1], days[(days >= 0) & (days < log.days)], [log.days]])
    return int(np.max(np.diff(marks))) - 1
