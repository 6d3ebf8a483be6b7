"""Summary statistics of a run: their register, episodes of fighting, escalation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from sim.errors import did_you_mean
from sim.event_kinds import AGAINST_CIVILIANS, INCIDENTS
from sim.scenario.schema import Scenario, parties, peacekeepers, rebel_pairs, rebels
from sim.statistics.conflict_log import QUIET_DAYS, Log, Table, among, column, one_of, rebel_log, text
from sim.statistics.survival import survival

Per = Literal["", "faction", "peacekeeper", "town", "level"]


class Statistic(NamedTuple):
    """A summary statistic. `per` says for what it is given several times, as the part of its key after the dot."""

    label: str
    unit: str
    about: str
    per: Per = ""


STATISTICS: dict[str, Statistic] = {
    "days": Statistic("days simulated", "days", "length of the run"),
    "episodes": Statistic("episodes of fighting", "episodes", "stretches of clashes and lethal incidents among rebels; more than 7 quiet days end one"),
    "episode_days_max": Statistic("longest episode", "days", "first to last day of the longest episode"),
    "episode_days_mean": Statistic("mean episode", "days", "mean length of an episode"),
    "clash_days": Statistic("days with clashes", "days", "days on which rebels clash in at least one town"),
    "clashes": Statistic("clashes", "clash-days", "towns with a clash among rebels, summed over days"),
    "incidents": Statistic("incidents without a base", "incidents", "arrest raids, assassinations and road quarrels among rebels"),
    "first_clash_day": Statistic("day of the first clash among rebels", "day", "0 is the first day; none without a clash"),
    "places_reached": Statistic("places reached by clashes", "places", "towns with a clash among rebels"),
    "longest_calm_days": Statistic("longest calm", "days", "longest stretch without a clash or lethal incident among rebels"),
    "peak_level": Statistic("peak escalation level", "level", "highest level of any pair of rebels, 0 calm to 5 campaign"),
    "days_at_level": Statistic("days at the escalation level", "days", "days on which it is the highest level among rebels", "level"),
    "disputes": Statistic("disputes over bases", "disputes", "bases opened, and demands to close one that no opening caused"),
    "disputes_max": Statistic("most disputes open at once", "disputes", "largest number not settled on a day"),
    "base_attempts": Statistic("base attempts", "attempts", "given and simulated"),
    "bases_opened": Statistic("bases opened", "bases", "by parties that arrived"),
    "talks": Statistic("talks", "talks", "meetings of delegates over a refused demand"),
    "killings_at_talks": Statistic("killings at talks", "killings", "meetings at which delegates were killed"),
    "commanders_killed": Statistic("commanders killed", "commanders", "of all factions"),
    "deaths": Statistic("fighters killed", "fighters", "own fighters killed, by anyone", "faction"),
    "deaths_rebels": Statistic("deaths among rebels", "deaths", "fighters and civilians killed in clashes and incidents among rebels"),
    "deaths_civilians": Statistic("civilians killed", "civilians", "by crossfire and shelling"),
    "acts_against_civilians": Statistic("acts against civilians", "acts", "arrests, injuries and abductions of media workers, health workers and activists"),
    "displaced_max": Statistic("most people displaced at once", "people", "largest number away from home on a day"),
    "towns_gained": Statistic("towns gained", "towns", "held at the end and not at the start", "faction"),
    "towns_lost": Statistic("towns lost", "towns", "held at the start and not at the end", "faction"),
    "towns_end": Statistic("towns held at the end", "towns", "contested towns not counted", "faction"),
    "changes_of_holder": Statistic("changes of holder", "changes", "towns under another control code than the day before; groups of a faction share one"),
    "towns_changed": Statistic("towns with another holder at the end", "towns", "control code at the end is not that of the start"),
    "holder": Statistic("holder at the end", "", "control code of a watched town on the last day", "town"),
    "agreements_signed": Statistic("agreements signed", "agreements", "during the run, those given not counted"),
    "agreements_broken": Statistic("agreements broken", "agreements", "of all in force, those given too"),
    "agreements_expired": Statistic("agreements expired", "agreements", "fixed terms that ran out, of those given too"),
    "first_agreement_day": Statistic("day of the first agreement", "day", "0 is the first day; none without one; those given not counted"),
    "agreement_days_held_median": Statistic("median hold of agreements", "days", "Kaplan-Meier, of those signed by the model; none where over half still hold"),
    "agreement_days_held_mean": Statistic("mean hold of agreements", "days", "Kaplan-Meier, restricted to the longest hold"),
    "campaigns": Statistic("campaigns", "campaigns", "wars that the leaders of a group decided on against a rival group"),
    "campaign_days_median": Statistic("median length of campaigns", "days", "Kaplan-Meier, opening to end, of those fought; none where over half go on"),
    "campaign_first_towns": Statistic("towns fought over as a campaign opens", "towns", "mean on the day of its opening and the next; none if none was fought"),
    "towns_by_battle": Statistic("towns taken by battle in campaigns", "towns", "by the side that decided on the campaign"),
    "towns_by_handover": Statistic("towns handed over in campaigns", "towns", "to the side that decided on the campaign, by agreement with the garrison"),
    "towns_by_withdrawal": Statistic("towns left in campaigns", "towns", "to the side that decided on the campaign, because their garrison left"),
    "groups_joined": Statistic("groups that joined a campaign", "groups", "choices of sister groups to fight beside their sister"),
    "groups_stood_aside": Statistic("groups that stood aside", "groups", "choices of sister groups to stay out of a campaign"),
    "columns_met": Statistic("columns stopped on their way", "columns", "by rivals in towns that they came through"),
    "columns_turned_back": Statistic("columns turned back by peacekeepers", "columns", "before towns that they guard; those of one day are one", "peacekeeper"),
    "clashes_ended": Statistic("clashes ended by peacekeepers", "clashes", "in towns that they guard", "peacekeeper"),
    "violations": Statistic("violations of agreements", "violations", "clashes and incidents in the scope of an agreement in force"),
    "offensive_day": Statistic("day of the first offensive by a government", "day", "0 is the first day; none without one"),
}  # fmt: skip


TOPICS: dict[str, tuple[str, ...]] = {
    "Who holds what": (
        "holder", "towns_gained", "towns_lost", "towns_end", "changes_of_holder", "towns_changed", "bases_opened",
        "base_attempts", "towns_by_battle", "towns_by_handover", "towns_by_withdrawal",
    ),
    "Fighting": (
        "clash_days", "clashes", "incidents", "first_clash_day", "places_reached", "longest_calm_days", "peak_level",
        "days_at_level", "episodes", "episode_days_max", "episode_days_mean", "deaths", "deaths_rebels",
        "commanders_killed", "campaigns", "campaign_days_median", "campaign_first_towns", "groups_joined",
        "groups_stood_aside", "columns_met", "columns_turned_back", "clashes_ended", "offensive_day",
    ),
    "Agreements and disputes": (
        "agreements_signed", "agreements_broken", "agreements_expired", "first_agreement_day",
        "agreement_days_held_median", "agreement_days_held_mean", "violations", "disputes", "disputes_max", "talks",
        "killings_at_talks",
    ),
    "People": ("deaths_civilians", "acts_against_civilians", "displaced_max"),
    "The run": ("days",),
}  # fmt: skip
"""Statistics by what they are about, in the order in which figures show them."""


def topic_of(key: str) -> str:
    """Return the topic of a statistic, also of a yes/no one: `holder.Orrin=League` is about who holds what."""
    name = base_name(key)
    return next((topic for topic, names in TOPICS.items() if name in names), next(iter(TOPICS)))


def base_name(key: str) -> str:
    """Return the name in `STATISTICS` of a key of a summary: `deaths.League` is of `deaths`."""
    return key if key in STATISTICS else key.partition(".")[0]


def label(key: str, names: Mapping[str, str] | None = None) -> str:
    """Return what a key of a summary is called, with its faction, town or level: "towns gained, League".

    `names` gives what readers call a faction by its code: "towns gained, Kingdom" of `towns_gained.KIN`.
    """
    name = base_name(key)
    rest = key[len(name) + 1 :]
    return f"{STATISTICS[name].label}, {(names or {}).get(rest, rest)}" if rest else STATISTICS[name].label


def headline_faults(names: Iterable[str]) -> list[str]:
    """Return one sentence for each name that is no statistic."""
    return [
        f"{name!r} is not a statistic{did_you_mean(name, STATISTICS)}; known are {', '.join(STATISTICS)}"
        for name in names
        if base_name(name) not in STATISTICS or (name not in STATISTICS and not STATISTICS[base_name(name)].per)
    ]


def expand(names: Iterable[str], summary: Mapping[str, Any]) -> list[str]:
    """Return the keys of a summary that headline names stand for; unknown names are left out."""
    return [key for name in names for key in summary if key == name or (base_name(key) == name and key != name)]


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
    episode_list: list[Episode] = []
    first, began, ended = 0, 0, 0
    for row, (day, end) in enumerate(zip(log.day.tolist(), log.end.tolist(), strict=True)):
        if row and day - ended <= gap:
            ended = max(ended, end)
            continue
        if row:
            episode_list.append(Episode(first, row, began, ended))
        first, began, ended = row, day, max(day, end)
    if len(log):
        episode_list.append(Episode(first, len(log), began, ended))
    return episode_list


def quiet_days(episode_list: list[Episode]) -> list[int]:
    """Return the days from the last day of each episode to the first of the next."""
    return [later.began - earlier.ended for earlier, later in pairwise(episode_list)]


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


Scalar = float | int | str | None
LEVELS = range(6)


def summarise(scenario: Scenario, tables: Mapping[str, Table], watch: Iterable[str] | None = None) -> dict[str, Scalar]:
    """Return the summary of a run from its tables, in the order of `STATISTICS`.

    `tables` has events, daily, control_changes, control_start_end, agreements and campaigns as sim/results/columns.py documents
    them. `watch` are names of towns as the map writes them; the scenario's watch towns where left out.
    """
    days = len(column(tables["daily"], "day")) - 1
    log = rebel_log(tables["events"], rebels(scenario), days)
    summary = {
        "days": days,
        **fighting(log),
        **clash_counts(tables["events"], rebels(scenario)),
        **ladder(tables["daily"], rebel_pairs(scenario)),
        **counts(tables["events"], tables["daily"]),
        **deaths(tables["daily"], parties(scenario)),
        **interventions(tables["events"], peacekeepers(scenario)),
        **control(tables, parties(scenario), scenario.watch_towns if watch is None else watch),
        **agreements(tables["events"], tables["agreements"], scenario),
        **campaigns(tables["campaigns"]),
    }
    return {name: summary[name] for name in _in_order(tuple(summary))}


@lru_cache(maxsize=16)
def _in_order(names: tuple[str, ...]) -> list[str]:
    """Return keys of a summary in the order of `STATISTICS`."""
    order = {name: position for position, name in enumerate(STATISTICS)}
    return sorted(names, key=lambda name: order[base_name(name)])


def first_day(events: Table, keep: np.ndarray) -> int | None:
    """Return the first day of the events marked by `keep`, bool [n]; None without any."""
    days = column(events, "day")[keep]
    return int(days.min()) if len(days) else None


def fighting(log: Log) -> dict[str, Scalar]:
    """Return episodes, calm and deaths of the log of lethal events among rebels."""
    episode_list = episodes(log)
    lengths = [episode.days for episode in episode_list]
    return {
        "episodes": len(episode_list),
        "episode_days_max": max(lengths, default=0),
        "episode_days_mean": float(np.mean(lengths)) if lengths else None,
        "longest_calm_days": longest_calm(log),
        "deaths_rebels": int(log.deaths.sum()),
    }


def clash_counts(events: Table, sides: Iterable[str]) -> dict[str, Scalar]:
    """Return clash-days, clashes, incidents, places and the first clash among rebels."""
    between, kind = among(events, list(sides)), text(events, "kind")
    clash = between & (kind == "clash")
    return {
        "clash_days": len(set(column(events, "day")[clash].tolist())),
        "clashes": int(clash.sum()),
        "incidents": int((between & one_of(kind, INCIDENTS)).sum()),
        "first_clash_day": first_day(events, clash),
        "places_reached": len(set(text(events, "town")[clash].tolist())),
    }


def top_level(daily: Table, pairs: Iterable[tuple[str, str]]) -> np.ndarray:
    """Return the highest level of any pair on each morning: i8 [days + 1]; zeros without a pair."""
    levels = [column(daily, f"level_{a}_{b}") for a, b in pairs]
    return np.max(levels, axis=0) if levels else np.zeros(len(column(daily, "day")), dtype=np.int64)


def ladder(daily: Table, pairs: Iterable[tuple[str, str]]) -> dict[str, Scalar]:
    """Return the peak level and the days at each, by the level at the end of each day."""
    level = top_level(daily, pairs)[1:]
    at = {f"days_at_level.{n}": int((level == n).sum()) for n in LEVELS}
    return {"peak_level": int(level.max(initial=0)), **at}


def counts(events: Table, daily: Table) -> dict[str, Scalar]:
    """Return counts of events by kind, of disputes, and the day of the first offensive."""
    kind = text(events, "kind")
    number = Counter(kind.tolist())
    opened = set(column(events, "event_id")[kind == "base_opened"].tolist())
    alone = sum(cause not in opened for cause in column(events, "cause_id")[kind == "demand"].tolist())
    return {
        "disputes": len(opened) + alone,
        "disputes_max": int(column(daily, "disputes").max(initial=0)),
        "base_attempts": number["base_attempt"],
        "bases_opened": len(opened),
        "talks": number["talks"],
        "killings_at_talks": number["killing_at_talks"],
        "acts_against_civilians": sum(number[each] for each in AGAINST_CIVILIANS),
        "displaced_max": int(column(daily, "displaced").max(initial=0)),
        "commanders_killed": number["commander_killed"],
        "offensive_day": first_day(events, kind == "offensive_started"),
        "groups_joined": number["campaign_joined"],
        "groups_stood_aside": number["stood_aside"],
        "columns_met": number["column_met"],
    }


def deaths(daily: Table, factions: Iterable[str]) -> dict[str, Scalar]:
    """Return fighters killed by faction and civilians killed."""
    by_side: dict[str, Scalar] = {f"deaths.{code}": int(column(daily, f"{code}_deaths").sum()) for code in factions}
    return {**by_side, "deaths_civilians": int(column(daily, "civilian_deaths").sum())}


def interventions(events: Table, guards: Mapping[str, str]) -> dict[str, Scalar]:
    """Return what peacekeepers, code by name of the faction, did to the sides; nothing without any."""
    kind, by = text(events, "kind"), text(events, "initiator")
    return {
        f"{name}.{code}": int(((kind == which) & (by == faction)).sum())
        for name, which in (("columns_turned_back", "column_turned_back"), ("clashes_ended", "sides_separated"))
        for faction, code in guards.items()
    }


def control(tables: Mapping[str, Table], factions: Iterable[str], watch: Iterable[str]) -> dict[str, Scalar]:
    """Return towns gained, lost and held at the end by faction, changes of holder, and holders of watched towns."""
    ends = tables["control_start_end"]
    name, start, end = (text(ends, which).tolist() for which in ("name", "start", "end"))
    moves = Counter(zip(start, end, strict=True))  # towns by their holder at the start and at the end
    moved = {pair: number for pair, number in moves.items() if pair[0] != pair[1]}
    before, after = (text(tables["control_changes"], which) for which in ("from", "to"))
    summary: dict[str, Scalar] = {
        "changes_of_holder": int((before != after).sum()),
        "towns_changed": sum(moved.values()),
    }
    for code in factions:
        summary[f"towns_gained.{code}"] = sum(number for (_, to), number in moved.items() if to == code)
        summary[f"towns_lost.{code}"] = sum(number for (by, _), number in moved.items() if by == code)
        summary[f"towns_end.{code}"] = sum(number for (_, to), number in moves.items() if to == code)
    last = dict(zip(name, end, strict=True))
    return {**summary, **{f"holder.{town}": last.get(town) for town in watch}}


def hold_of(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return days held, i8 [n], and whether censored, bool [n], of the agreements that the model signs.

    Those given by the scenario are left out: one in force before the start is known because it had held so long (delayed
    entry), one asserted for a later day is an input.
    """
    inside = column(table, "given") == 0
    return column(table, "days_held")[inside], column(table, "censored")[inside].astype(bool)


def agreements(events: Table, table: Table, scenario: Scenario) -> dict[str, Scalar]:
    """Return agreements signed, broken and expired, their hold and their violations."""
    kind = text(events, "kind")
    signed = (kind == "agreement_signed") & (column(events, "given") == 0)
    curve = survival(*hold_of(table))
    return {
        "agreements_signed": int(signed.sum()),
        "agreements_broken": int((text(table, "status") == "broken").sum()),
        "agreements_expired": int((text(table, "status") == "expired").sum()),
        "first_agreement_day": first_day(events, signed),
        "agreement_days_held_median": curve.median,
        "agreement_days_held_mean": curve.mean,
        "violations": int(column(table, "violations").sum()),
    }


def campaigns(table: Table) -> dict[str, Scalar]:
    """Return the number of campaigns, how long those fought took, and the towns that they took by each way."""
    fought = ~np.isnat(column(table, "opened").astype("datetime64[D]"))
    first = column(table, "first_towns")[fought]
    ways = ("by_battle", "by_handover", "by_withdrawal")
    curve = survival(column(table, "days")[fought], column(table, "censored")[fought].astype(bool))
    return {
        "campaigns": len(fought),
        "campaign_days_median": curve.median,
        "campaign_first_towns": float(np.mean(first)) if len(first) else None,
        **{f"towns_{way}": int(column(table, way).sum()) for way in ways},
    }


def besides_given(given: int) -> str:
    """Say behind the number of agreements signed how many others the scenario gives, so that sums agree; empty for none."""
    return f", besides {given:,} given by the scenario, which may be broken or expire too" if given else ""
