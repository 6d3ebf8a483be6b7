"""A run in words: its answer to the scenario's question in a sentence or two, and its statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sim.scenario.schema import MIXED, NEUTRAL
from sim.statistics.causes import RunLike
from sim.statistics.conflict_log import column, text
from sim.statistics.summary import STATISTICS, Scalar, base_name, besides_given, expand, label
from sim.text import agree, clause_list, day_text, plural, result_text

CAUTION = "One run is one possible course: compare many."
Summary = Mapping[str, float | int | str | None]


def _still(run: RunLike, towns: list[str]) -> list[str]:
    """Say which side still holds which of the watched towns that never changed hands."""
    by_code: dict[str, list[str]] = {}
    for town in towns:
        code = run.summary.get(f"holder.{town}")
        by_code.setdefault("" if code is None else str(code), []).append(run.labels.get(town, town))
    clauses = []
    for code, names in by_code.items():
        verb = "is" if len(names) == 1 else "are"
        special = {"": f"{verb} not on the map", MIXED: f"{verb} still contested", NEUTRAL: f"{verb} still neutral"}
        listed = clause_list(names)
        clauses.append(
            f"{listed} {special[code]}"
            if code in special
            else f"{code} still {agree(code, 'holds')} {listed} at the end"
        )
    return clauses


def _holders(run: RunLike, towns: list[str]) -> list[str]:
    """Say who holds the watched towns at the end, and since when."""
    changes = run.control_changes
    last = {name: row for row, name in enumerate(text(changes, "town"))}
    clauses = []
    for town in (town for town in towns if town in last):
        row, code, name = last[town], str(run.summary.get(f"holder.{town}")), run.labels.get(town, town)
        date = day_text(column(changes, "date")[row].astype("datetime64[D]").item())
        word = {
            "capture": "taken on",
            "withdrawal": "left to it on",
            "handover": "handed over to it on",
            "town_entered": "entered on",
        }.get(text(changes, "how")[row], "since")
        state = {MIXED: f"{name} is contested at the end", NEUTRAL: f"{name} is neutral at the end"}
        holds = f"{code} {agree(code, 'holds')} {name} at the end"
        clauses.append(f"{state.get(code, holds)} ({word} {date})")
    return clauses + _still(run, [town for town in towns if town not in last])


def _fighting(summary: Summary) -> str:
    """Say how far and how long rebels clashed."""
    if not summary.get("clash_days"):
        return "rebels did not clash"
    places, days = int(summary["places_reached"] or 0), int(summary["clash_days"] or 0)
    return f"clashes reached {plural(places, 'place')} over {plural(days, 'day')}"


def _agreement(run: RunLike) -> str:
    """Say when the first agreement of the run was signed, how long it held, and how many were broken."""
    day, broken = run.summary.get("first_agreement_day"), int(run.summary.get("agreements_broken") or 0)
    first = "no agreement was signed"
    if day is not None:
        first = f"the first agreement was signed on day {day}{_hold(run)}"
    return f"{first}; {plural(broken, 'agreement was', 'agreements were')} broken" if broken else first


def _hold(run: RunLike) -> str:
    """Say how long the first agreement signed in the run held: " and broken after 4 days"."""
    table = run.agreements
    rows = np.flatnonzero(column(table, "given") == 0)
    if not len(rows):
        return ""
    row = rows[np.argmin(column(table, "signed")[rows])]
    days = plural(int(column(table, "days_held")[row]), "day")
    ends = {"broken": f" and broken after {days}", "expired": f" and ran out after {days}"}
    return ends.get(str(text(table, "status")[row]), f" and still holds at the end, after {days}")


def _shared(run: RunLike) -> dict[str, int]:
    """Return, for each side, how many towns it holds at the end that were contested at the start, shared by sides."""
    changes = run.control_changes
    towns, before, after = (text(changes, name) for name in ("town", "from", "to"))
    first = {town: before[row] for row, town in reversed(list(enumerate(towns)))}
    last = dict(zip(towns, after, strict=True))
    counts: dict[str, int] = {}
    for town, code in last.items():
        if first[town] == MIXED and code != MIXED:
            counts[code] = counts.get(code, 0) + 1
    return counts


def _gains(run: RunLike) -> str:
    """Say the towns each side gains, and how many of them were contested before: "HTS gains 9 towns, 7 of them contested
    at the start".
    """
    parts, shared = [], _shared(run)
    for key, value in run.summary.items():
        code, count = key.partition(".")[2], int(value or 0) if key.startswith("towns_gained.") else 0
        if count:
            before = shared.get(code, 0)
            among = f" ({'it was' if count == 1 else f'{before} of them'} contested at the start)" if before else ""
            parts.append(f"{code} {agree(code, 'gains')} {plural(count, 'town')}{among}")
    return clause_list(parts) or "no side gains a town"


def _towns(name: str, summary: Summary) -> str:
    """Say a statistic given by faction: "HTS loses 2 towns"."""
    verb = {"towns_lost": "loses", "towns_end": "holds"}[name]
    parts = [(key[len(name) + 1 :], int(value or 0)) for key, value in summary.items() if key.startswith(f"{name}.")]
    clauses = [f"{code} {agree(code, verb)} {plural(count, 'town')}" for code, count in parts if count]
    return clause_list(clauses) or f"no side {verb} a town"


def _clauses(run: RunLike) -> list[str]:
    """Return the clauses of the answer: watched towns first, then the scenario's headline statistics."""
    summary, clauses = run.summary, _holders(run, run.watch_towns)
    for name in run.scenario.headline:
        if name == "towns_gained":
            clauses.append(_gains(run))
        elif name in ("towns_lost", "towns_end"):
            clauses.append(_towns(name, summary))
        elif name in ("clash_days", "places_reached", "clashes"):
            clauses.append(_fighting(summary))
        elif name in ("first_agreement_day", "agreements_signed", "agreements_broken"):
            clauses.append(_agreement(run))
        elif base_name(name) != "holder":
            clauses.extend(
                f"{label(key)}: {result_text(summary[key], STATISTICS[base_name(key)].unit)}"
                for key in expand([name], summary)
            )
    offensive = summary.get("offensive_day")
    clauses.append(f"an offensive began on day {offensive}" if offensive is not None else "")
    return list(dict.fromkeys(clause for clause in clauses if clause))


def answer_sentence(run: RunLike) -> str:
    """Return the answer: "On this seed HTS holds Kafr Hamra at the end (taken on 30 Oct 2018); clashes reached 7 places
    over 12 days; ... One run is one possible course: compare many."
    """
    return f"On this seed {'; '.join(_clauses(run))}. {CAUTION}"


class StatisticText(NamedTuple):
    """A summary statistic in words, all its factions, towns or levels together."""

    label: str
    text: str  # "12 days", "day 53", "HTS 1, NLF 2", "none"
    about: str  # what it counts
    nothing: bool  # whether it is zero, or there is none


def statistic_texts(summary: Mapping[str, Scalar], given: int = 0) -> list[StatisticText]:
    """Return the statistics of a summary in words, in its order.

    `given` agreements are not among those signed, but may be broken or expire: they are named beside, so that sums agree.
    """
    parts: dict[str, dict[str, Scalar]] = {}
    for key, value in summary.items():
        name = base_name(key)
        if name in STATISTICS:
            parts.setdefault(name, {})[key[len(name) + 1 :]] = value
    rows = []
    for name, values in parts.items():
        words = _statistic(name, values) + (besides_given(given) if name == "agreements_signed" else "")
        nothing = not any(values.values()) and not (given and name == "agreements_signed")
        rows.append(StatisticText(STATISTICS[name].label, words, STATISTICS[name].about, nothing))
    return rows


def _statistic(name: str, values: Mapping[str, Scalar]) -> str:
    """Say the values of a statistic by faction, town or level; those of factions at zero are left out."""
    unit, per = STATISTICS[name].unit, STATISTICS[name].per
    if not per:
        return result_text(values[""], unit)
    if per == "town":
        return ", ".join(f"{town}: {value}" for town, value in values.items()) or "none"
    if per == "level":
        return "level " + ", ".join(f"{level}: {result_text(days)}" for level, days in values.items())
    texts = [f"{part} {result_text(value)}" for part, value in values.items() if value]
    return ", ".join(texts) or "none"
