"""Estimators of P16-P24, what sets the large rounds of a log apart, and of C1-C4, the form of campaigns; the same for simulated and
observed logs.

A campaign is an episode with `CAMPAIGN_DEATHS` deaths or more.
The two episodes with most events are the large rounds. Whom they are fought against, what they change and what comes before and after
them needs more than times, places and tolls: a log without groups, changes of holder or deaths by the government does not give these figures."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.statistics.conflict_log import Log
from sim.statistics.summary import Episode, episodes, places_by_day

LARGE_ROUNDS = 2
SMALL_SHARE = 7 / 9  # P17: the smallest episodes, 14 of the record's 18
MONTH_DAYS = 30  # P18
QUIET_DEATHS = 5  # P18: deaths in a quiet month, at most
NAMED_EVENTS = 5  # P19, P22: a round in which fewer events name a group does not give them
FIGHTING_SHARE = 0.1  # P22: a sister group that so few of the round's events name does not fight in it
AFTER_DAYS = 60  # P21
PRESSURE_DAYS = 30  # P24: before a round
YEAR_DAYS = 365  # P24: with which these are compared, at most
HISTORY_DAYS = 45  # P24: the fewest days known before a round

ROUND_PATTERNS: dict[str, tuple[str, str]] = {
    "P16_two_largest_events_share": ("share", "of all events, in the two episodes with most"),
    "P16_two_largest_deaths_share": ("share", "of all deaths without summary rows, in the two episodes with most events"),
    "P17_small_episodes_events_mean": ("events", "in the smallest 7 of 9 episodes"),
    "P18_quiet_months": ("months", "stretches of 30 days with at most five deaths, without summary rows"),
    "P19_target_share": ("share", "of a large round's events that name the rival group or body named most, mean of two"),
    "P20_half_deaths_days": ("days", "shortest stretch with half of a large round's deaths, no summary rows, mean of two"),
    "P21_deaths_after": ("deaths", "in the 60 days after a large round, mean of two"),
    "P22_sisters_fighting_share": ("share", "of the target's sister groups fight in a large round, mean of two"),
    "P23_towns_changed": ("towns", "with another holder after a large round than before it, mean of two"),
    "P24_pressure_below_share": ("share", "of large rounds with fewer government-rebel deaths a day in the 30 days before than in the year"),
}  # fmt: skip

CAMPAIGN_DEATHS = (
    25  # 8 of the 95 episodes of the record of campaigns (docs/validation.md) have so many, and 79 % of its deaths
)
OPENING_DAYS = 2  # C2
WEEK_DAYS = 7  # C3, C4

CAMPAIGN_FIGURES: dict[str, tuple[str, str]] = {
    "C1_campaign_days_median": ("days", "of a campaign, an episode with 25 deaths or more"),
    "C1_campaign_days_log_sd": ("log days", "standard deviation of the natural logarithm of the lengths of campaigns"),
    "C2_opening_places_median": ("places", "of a campaign's first two days"),
    "C3_week_places_median": ("places", "of a campaign's first seven days"),
    "C4_later_events_a_day": ("events a day", "of campaigns, from their eighth day on"),
}


class Campaign(NamedTuple):
    """One campaign: its length in days, the places of its first two and seven days, events and days from its eighth day on."""

    days: int
    opening_places: int
    week_places: int
    later_events: int
    later_days: int


class Body(NamedTuple):
    """Groups that merged, named by its own name or by theirs from day `since` of the window on."""

    name: str
    groups: tuple[str, ...]
    since: int


class RivalGroups(NamedTuple):
    """The rivals' groups: the patterns by which texts name them, and the bodies that they formed."""

    names: dict[str, re.Pattern[str]]  # by group and by body
    bodies: tuple[Body, ...]

    def named(self, text: str, day: int) -> list[str]:
        """Return the groups and bodies that the text of a side names on a day of the window, bodies last."""
        plain_text = plain(text)
        found = [name for name, pattern in self.names.items() if pattern.search(plain_text)]
        groups = [name for name in found if name not in {body.name for body in self.bodies}]
        bodies = [
            body.name
            for body in self.bodies
            if body.name in found or (day >= body.since and set(body.groups) & set(groups))
        ]
        return groups + bodies

    def sisters(self, target: str) -> set[str]:
        """Return the groups that are neither the target nor part of it."""
        parts = {group for body in self.bodies if body.name == target for group in body.groups}
        return set(self.names) - {body.name for body in self.bodies} - parts - {target}


class Changes(NamedTuple):
    """Changes of holder in order of days: day of the window i8 [n], town and control codes before and after object [n]."""

    day: np.ndarray
    town: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def net(self, first: int, last: int) -> int:
        """Return how many towns have another code on the evening of day `last` than on the morning of day `first`."""
        ends: dict[str, tuple[str, str]] = {}
        for row in np.flatnonzero((self.day >= first) & (self.day <= last)).tolist():
            town = self.town[row]
            ends[town] = (ends.get(town, (self.before[row], ""))[0], self.after[row])
        return sum(before != after for before, after in ends.values())


class LargeRound(NamedTuple):
    """Figures of one large round; NaN for one that the log does not give."""

    target: float
    sisters: float
    half_days: float
    after: float
    changed: float
    below: float


class RoundContext(NamedTuple):
    """What a log does not hold: groups, changes of holder, government-rebel deaths by day f8 [days] (NaN: unknown); None if unknown."""

    groups: RivalGroups | None = None
    changes: Changes | None = None
    pressure: np.ndarray | None = None


def plain(text: str) -> str:
    """Return a name in small letters without hyphens and apostrophes."""
    return " ".join(re.sub(r"['’`]", "", text).replace("-", " ").casefold().split())


def name_pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern that finds one of some names, as whole words, in a `plain` text."""
    return re.compile("|".join(rf"(?<!\w){re.escape(plain(name))}(?!\w)" for name in names))


def large_rounds(rounds: Sequence[Episode]) -> list[Episode]:
    """Return the two episodes with most events, the earlier of equals; one or none if there are no more."""
    return sorted(rounds, key=lambda episode: -episode.events)[:LARGE_ROUNDS]


def two_largest(log: Log, rounds: Sequence[Episode]) -> tuple[float, float]:
    """Return the share of all events, and of all deaths without summary rows, in the large rounds; NaN without any."""
    if not len(log):
        return math.nan, math.nan
    deaths = np.where(log.summary, 0, log.deaths)
    large = large_rounds(rounds)
    inside = sum(int(deaths[episode.first : episode.last].sum()) for episode in large)
    total = int(deaths.sum())
    return sum(episode.events for episode in large) / len(log), inside / total if total else math.nan


def small_episodes(rounds: Sequence[Episode]) -> list[int]:
    """Return the events of the smallest `SMALL_SHARE` of the episodes, in rising order."""
    return sorted(episode.events for episode in rounds)[: round(len(rounds) * SMALL_SHARE)]


def quiet_months(log: Log) -> int:
    """Return how many whole stretches of 30 days have at most five deaths; summary rows, which span regions, do not count."""
    months = log.days // MONTH_DAYS
    keep = ~log.summary & (log.day < months * MONTH_DAYS)
    deaths = np.bincount(log.day[keep] // MONTH_DAYS, weights=log.deaths[keep], minlength=months)
    return int((deaths[:months] <= QUIET_DEATHS).sum())


def round_figures(log: Log, rounds: Sequence[Episode], context: RoundContext) -> list[LargeRound]:
    """Return the figures of each large round."""
    figures = []
    for episode in large_rounds(rounds):
        target, sisters = target_shares(log, episode, context.groups)
        changed = math.nan if context.changes is None else float(context.changes.net(episode.began, episode.ended))
        figures.append(
            LargeRound(
                target, sisters, half_deaths_days(log, episode), deaths_after(log, episode), changed,
                pressure_below(context.pressure, episode.began),
            )
        )  # fmt: skip
    return figures


def target_shares(log: Log, episode: Episode, groups: RivalGroups | None) -> tuple[float, float]:
    """Return the share of a round's events that name the group or body named most, and of its sisters that fight.

    Of events that name a group; a body comes before a group that as many name. NaN if fewer than `NAMED_EVENTS` do.
    """
    if groups is None or log.group is None:
        return math.nan, math.nan
    rows = range(episode.first, episode.last)
    named = [names for row in rows if (names := groups.named(str(log.group[row]), int(log.day[row])))]
    if len(named) < NAMED_EVENTS:
        return math.nan, math.nan
    count = Counter(name for names in named for name in names)
    bodies = {body.name for body in groups.bodies}
    target = max(count, key=lambda name: (count[name], name in bodies))
    sisters = groups.sisters(target)
    fighting = [name for name in sisters if count[name] >= FIGHTING_SHARE * len(named)]
    return count[target] / len(named), len(fighting) / len(sisters) if sisters else math.nan


def half_deaths_days(log: Log, episode: Episode) -> float:
    """Return the fewest consecutive days that hold half of a round's deaths without summary rows; NaN without deaths."""
    rows = np.arange(episode.first, episode.last)
    rows = rows[~log.summary[rows]]
    by_day = np.bincount(log.day[rows] - episode.began, weights=log.deaths[rows], minlength=episode.days)
    before = np.concatenate([[0.0], np.cumsum(by_day)])
    if not before[-1]:
        return math.nan
    # for each first day, the first evening by which half of all deaths have been counted since
    until = np.searchsorted(before, before + before[-1] / 2)
    lengths = (until - np.arange(len(before)))[until < len(before)]
    return float(lengths.min())


def deaths_after(log: Log, episode: Episode) -> float:
    """Return the deaths in the 60 days after a round; NaN if the window ends before."""
    if episode.ended + AFTER_DAYS >= log.days:
        return math.nan
    return float(log.deaths[(log.day > episode.ended) & (log.day <= episode.ended + AFTER_DAYS)].sum())


def pressure_below(pressure: np.ndarray | None, began: int) -> float:
    """Return 1 if government-rebel deaths a day in the 30 days before a day are below those of the days before, up to a year; else 0.

    NaN if fewer than `HISTORY_DAYS` days before it are known.
    """
    if pressure is None:
        return math.nan
    known = pressure[max(0, began - YEAR_DAYS) : began]
    known = known[~np.isnan(known)]
    if len(known) < HISTORY_DAYS:
        return math.nan
    return float(known[-PRESSURE_DAYS:].mean() < known[:-PRESSURE_DAYS].mean())


def round_mean(rounds: Sequence[LargeRound], name: str) -> float:
    """Return the mean of a figure over the large rounds that give it; NaN if none does."""
    values = [value for one in rounds if not math.isnan(value := getattr(one, name))]
    return float(np.mean(values)) if values else math.nan


def campaigns(log: Log, groups: RivalGroups | None = None) -> list[Campaign]:
    """Return the campaigns of a log; with `groups`, those against each rival group or body by itself, as UCDP GED counts pairs of sides.

    Summary rows count as deaths and events, and name no place.
    """
    return [
        Campaign(
            episode.days,
            places_by_day(part, episode, OPENING_DAYS),
            places_by_day(part, episode, WEEK_DAYS),
            int((part.day[episode.first : episode.last] >= episode.began + WEEK_DAYS).sum()),
            max(episode.days - WEEK_DAYS, 0),
        )
        for part in _by_rival(log, groups)
        for episode in episodes(part)
        if part.deaths[episode.first : episode.last].sum() >= CAMPAIGN_DEATHS
    ]


def _by_rival(log: Log, groups: RivalGroups | None) -> list[Log]:
    """Return a log for each rival group or body that the events of a log name, the log itself if they name none."""
    if groups is None or log.group is None:
        return [log]
    bodies = {body.name for body in groups.bodies}
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(log.group.tolist()):
        named = groups.named(str(text), int(log.day[row]))
        merged = [name for name in named if name in bodies]
        rows.setdefault(", ".join(merged[:1] or sorted(named)) or str(text), []).append(row)
    return [log.rows(np.array(part, dtype=np.int64)) for part in rows.values()]


def campaign_figures(fought: Sequence[Campaign]) -> dict[str, float]:
    """Return C1 to C4 of some campaigns; NaN for what they do not give (a spread needs two, C4 one of more than a week)."""
    lengths = np.log([campaign.days for campaign in fought])
    later_days = sum(campaign.later_days for campaign in fought)
    later_events = sum(campaign.later_events for campaign in fought)

    def median(name: str) -> float:
        return float(np.median([getattr(campaign, name) for campaign in fought])) if fought else math.nan

    return {
        "C1_campaign_days_median": median("days"),
        "C1_campaign_days_log_sd": float(np.std(lengths, ddof=1)) if len(fought) > 1 else math.nan,
        "C2_opening_places_median": median("opening_places"),
        "C3_week_places_median": median("week_places"),
        "C4_later_events_a_day": later_events / later_days if later_days else math.nan,
    }
