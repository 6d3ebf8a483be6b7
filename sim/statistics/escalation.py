"""The summary statistics of one run: a flat dictionary of scalars, named in `registry.STATISTICS`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from sim.scenario.schema import Scenario
from sim.statistics.episodes import episodes, longest_calm
from sim.statistics.log import AGAINST_CIVILIANS, INCIDENTS, Log, Table, among, column, one_of, rebel_log, text
from sim.statistics.registry import STATISTICS, base_name
from sim.statistics.sides import codes, rebel_pairs, rebels
from sim.statistics.survival import survival

Scalar = float | int | str | None
LEVELS = range(6)


def summarise(scenario: Scenario, tables: Mapping[str, Table], watch: Iterable[str] | None = None) -> dict[str, Scalar]:
    """Return the summary of a run from its tables, in the order of `STATISTICS`.

    `tables` has events, daily, control_changes, control_start_end and agreements as sim/record/columns.py documents
    them. `watch` are names of towns as the map writes them; the scenario's watch towns where left out.
    """
    days = len(column(tables["daily"], "day")) - 1
    log = rebel_log(tables["events"], rebels(scenario), days)
    found = {
        "days": days,
        **fighting(log),
        **clash_counts(tables["events"], rebels(scenario)),
        **ladder(tables["daily"], rebel_pairs(scenario)),
        **counts(tables["events"], tables["daily"]),
        **deaths(tables["daily"], codes(scenario).values()),
        **control(tables, codes(scenario).values(), scenario.watch_towns if watch is None else watch),
        **agreements(tables["events"], tables["agreements"], scenario),
    }
    return {name: found[name] for name in _in_order(tuple(found))}


@lru_cache(maxsize=16)
def _in_order(names: tuple[str, ...]) -> list[str]:
    """Return keys of a summary in the order of `STATISTICS`."""
    order = {name: place for place, name in enumerate(STATISTICS)}
    return sorted(names, key=lambda name: order[base_name(name)])


def first_day(events: Table, keep: np.ndarray) -> int | None:
    """Return the first day of the events marked by `keep`, bool [n]; None without any."""
    days = column(events, "day")[keep]
    return int(days.min()) if len(days) else None


def fighting(log: Log) -> dict[str, Scalar]:
    """Return episodes, calm and deaths of the log of lethal events among rebels."""
    found = episodes(log)
    lengths = [one.days for one in found]
    return {
        "episodes": len(found),
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
    }


def deaths(daily: Table, factions: Iterable[str]) -> dict[str, Scalar]:
    """Return fighters killed by faction and civilians killed."""
    by_side: dict[str, Scalar] = {f"deaths.{code}": int(column(daily, f"{code}_deaths").sum()) for code in factions}
    return {**by_side, "deaths_civilians": int(column(daily, "civilian_deaths").sum())}


def control(tables: Mapping[str, Table], factions: Iterable[str], watch: Iterable[str]) -> dict[str, Scalar]:
    """Return towns gained, lost and held at the end by faction, changes of holder, and holders of watched towns."""
    ends = tables["control_start_end"]
    name, start, end = (text(ends, which).tolist() for which in ("name", "start", "end"))
    moves = Counter(zip(start, end, strict=True))  # towns by their holder at the start and at the end
    moved = {pair: number for pair, number in moves.items() if pair[0] != pair[1]}
    changes = len(column(tables["control_changes"], "day"))
    found: dict[str, Scalar] = {"changes_of_holder": changes, "towns_changed": sum(moved.values())}
    for code in factions:
        found[f"towns_gained.{code}"] = sum(number for (_, to), number in moved.items() if to == code)
        found[f"towns_lost.{code}"] = sum(number for (by, _), number in moved.items() if by == code)
        found[f"towns_end.{code}"] = sum(number for (_, to), number in moves.items() if to == code)
    last = dict(zip(name, end, strict=True))
    return {**found, **{f"holder.{town}": last.get(town) for town in watch}}


def hold_of(table: Table, start: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return days held, i8 [n], and whether censored, bool [n], of agreements signed on `start` or later.

    Those in force before are left out: that they had held so long is why they are known (delayed entry).
    """
    inside = column(table, "signed").astype("datetime64[D]") >= np.datetime64(start, "D")
    return column(table, "days_held")[inside], column(table, "censored")[inside].astype(bool)


def agreements(events: Table, table: Table, scenario: Scenario) -> dict[str, Scalar]:
    """Return agreements signed, broken and expired, their hold and their violations."""
    kind = text(events, "kind")
    signed = (kind == "agreement_signed") & (column(events, "given") == 0)
    curve = survival(*hold_of(table, scenario.start))
    return {
        "agreements_signed": int(signed.sum()),
        "agreements_broken": int((kind == "agreement_broken").sum()),
        "agreements_expired": int((kind == "agreement_expired").sum()),
        "first_agreement_day": first_day(events, signed),
        "agreement_days_held_median": curve.median,
        "agreement_days_held_mean": curve.mean,
        "violations": int(column(table, "violations").sum()),
    }
