"""The summary statistics of one run: a flat dictionary of scalars, named in `registry.STATISTICS`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    order = {name: place for place, name in enumerate(STATISTICS)}
    return dict(sorted(found.items(), key=lambda item: order[base_name(item[0])]))


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
        "clash_days": len(np.unique(column(events, "day")[clash])),
        "clashes": int(clash.sum()),
        "incidents": int((between & one_of(kind, INCIDENTS)).sum()),
        "first_clash_day": first_day(events, clash),
        "places_reached": len(np.unique(text(events, "town")[clash])),
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
    ids, causes = text(events, "event_id"), text(events, "cause_id")
    opened = set(ids[kind == "base_opened"])
    alone = sum(cause not in opened for cause in causes[kind == "demand"])
    return {
        "disputes": len(opened) + alone,
        "disputes_max": int(column(daily, "disputes").max(initial=0)),
        "base_attempts": int((kind == "base_attempt").sum()),
        "bases_opened": len(opened),
        "talks": int((kind == "talks").sum()),
        "killings_at_talks": int((kind == "killing_at_talks").sum()),
        "acts_against_civilians": int(one_of(kind, AGAINST_CIVILIANS).sum()),
        "displaced_max": int(column(daily, "displaced").max(initial=0)),
        "commanders_killed": int((kind == "commander_killed").sum()),
        "offensive_day": first_day(events, kind == "offensive_started"),
    }


def deaths(daily: Table, factions: Iterable[str]) -> dict[str, Scalar]:
    """Return fighters killed by faction and civilians killed."""
    by_side: dict[str, Scalar] = {f"deaths.{code}": int(column(daily, f"{code}_deaths").sum()) for code in factions}
    return {**by_side, "deaths_civilians": int(column(daily, "civilian_deaths").sum())}


def control(tables: Mapping[str, Table], factions: Iterable[str], watch: Iterable[str]) -> dict[str, Scalar]:
    """Return towns gained, lost and held at the end by faction, changes of holder, and holders of watched towns."""
    ends = tables["control_start_end"]
    name, start, end = text(ends, "name"), text(ends, "start"), text(ends, "end")
    changes = len(column(tables["control_changes"], "day"))
    found: dict[str, Scalar] = {"changes_of_holder": changes, "towns_changed": int((start != end).sum())}
    for code in factions:
        found[f"towns_gained.{code}"] = int(((end == code) & (start != code)).sum())
        found[f"towns_lost.{code}"] = int(((start == code) & (end != code)).sum())
        found[f"towns_end.{code}"] = int((end == code).sum())
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
