"""The tables of a finished simulation as named columns: NumPy arrays, with names in place of indices.

No pandas here, so that batch workers can use it. Text and codes are object arrays, dates datetime64[D]. The columns are
documented in `columns.py`; `D` is the number of simulated days.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.kinds import (
    AGREEMENT_BROKEN,
    AGREEMENT_EXPIRED,
    AGREEMENT_SIGNED,
    AGREEMENT_STATUS,
    CAPTURE,
    CONTESTED,
    EVENT_KINDS,
    HELD,
    IN_FORCE,
    LEVEL_CHANGE,
    RULES,
    SCOPES,
    TOWN_NEUTRAL,
    WITHDRAWAL,
)
from sim.engine.tables import FACTION_DAY, N_AGREEMENTS, N_EVENTS
from sim.statistics.sides import MIXED, NEUTRAL, codes
from sim.words import Said, agreement_phrase, day_text, event_text, moved_by

if TYPE_CHECKING:
    from sim.engine.simulation import Result

Columns = dict[str, np.ndarray]
CHANGES = (CAPTURE, WITHDRAWAL, TOWN_NEUTRAL)
ENDS = (AGREEMENT_SIGNED, AGREEMENT_BROKEN, AGREEMENT_EXPIRED)


def event_id(row: int) -> str:
    """Return the id of an event by its row; empty for -1."""
    return f"E{row + 1:06d}" if row >= 0 else ""


def agreement_id(row: int) -> str:
    """Return the id of an agreement by its row; empty for -1."""
    return f"A{row + 1:03d}" if row >= 0 else ""


def _array(values: Any) -> np.ndarray:
    """Return text as an object array."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _named(index: np.ndarray, names: Any) -> np.ndarray:
    """Return names by index; -1 is an empty text."""
    return _array([*names, ""])[index]


def _dates(result: Result, days: np.ndarray) -> np.ndarray:
    """Return dates of days of the run."""
    return np.datetime64(result.scenario.start, "D") + days.astype("timedelta64[D]")


def _towns(result: Result) -> list[str]:
    return [place.name for place in result.geography.places]


def _labels(result: Result) -> list[str]:
    """Return the towns' short names, for sentences."""
    return [place.label or place.name for place in result.geography.places]


def _codes(result: Result) -> list[str]:
    known = codes(result.scenario)
    return [known[name] for name in result.factions]


def _log(result: Result) -> np.ndarray:
    return result.world.events[: result.world.counts[N_EVENTS]]


def _phrases(result: Result) -> tuple[list[str], list[int]]:
    """Return for each agreement a phrase of scope, terms and mediator, and its day of signing."""
    table = result.world.agreements[: result.world.counts[N_AGREEMENTS]]
    towns = _labels(result)
    said = [
        agreement_phrase(
            SCOPES[a["scope"]],
            towns[a["town"]] if a["town"] >= 0 else "",
            _terms(result, a),
            result.groups[a["mediator"]] if a["mediator"] >= 0 else "",
        )
        for a in table
    ]
    return said, table["signed"].tolist()


def _texts(result: Result, log: np.ndarray) -> list[str]:
    """Return the sentence of each event."""
    factions, groups, towns = [*result.factions, ""], [*result.groups, ""], [*_labels(result), ""]
    phrases, signed = _phrases(result)
    names = ("kind", "initiator", "target", "initiator_group", "target_group", "town", "fighters", "deaths_initiator")
    rest = ("deaths_target", "deaths_civilians", "level", "given", "agreement", "day")
    said = []
    for kind, one, other, group, other_group, town, fighters, d1, d2, d3, level, given, a, day in zip(
        *(log[name].tolist() for name in (*names, *rest)), strict=True
    ):
        ends = kind in ENDS
        # fmt: off
        said.append(event_text(Said(
            EVENT_KINDS[kind], factions[one], factions[other], groups[group], groups[other_group], towns[town], fighters, d1, d2, d3,
            level, bool(given), phrases[a] if a >= 0 and kind == AGREEMENT_SIGNED else "",
            day - signed[a] if a >= 0 and ends else None, a >= 0 and not ends,
        )))
        # fmt: on
    return said


def _movers(log: np.ndarray) -> list[str]:
    """Return what moved the chance of each event, in words."""
    slots = [
        zip(*(log[f"{part}_{n}"].tolist() for part in ("mover", "value", "factor")), strict=True) for n in (1, 2, 3, 4)
    ]
    return [moved_by(four) for four in zip(*slots, strict=True)]


def events(result: Result) -> Columns:
    """Return the event log: n rows."""
    log, short = _log(result), _codes(result)
    lat, lon = ([*(getattr(place, name) for place in result.geography.places), np.nan] for name in ("lat", "lon"))
    return {
        "event_id": _array([event_id(row) for row in range(len(log))]),
        "cause_id": _array([event_id(row) for row in log["cause"].tolist()]),
        "day": log["day"].copy(),
        "date": _dates(result, log["day"]),
        "given": log["given"].copy(),
        "kind": _named(log["kind"], EVENT_KINDS),
        "rule": _named(log["rule"], RULES),
        "level": log["level"].copy(),
        "initiator": _named(log["initiator"], short),
        "target": _named(log["target"], short),
        "initiator_group": _named(log["initiator_group"], result.groups),
        "target_group": _named(log["target_group"], result.groups),
        "town": _named(log["town"], _towns(result)),
        "lat": np.array(lat, dtype=float)[log["town"]],
        "lon": np.array(lon, dtype=float)[log["town"]],
        "deaths_initiator": log["deaths_initiator"].copy(),
        "deaths_target": log["deaths_target"].copy(),
        "deaths_civilians": log["deaths_civilians"].copy(),
        "probability": log["probability"].copy(),
        "draw": np.where(log["draw"] < 0, np.nan, log["draw"]),
        "moved_by": _array(_movers(log)),
        "text": _array(_texts(result, log)),
        "agreement_id": _array([agreement_id(row) for row in log["agreement"].tolist()]),
        "fighters": log["fighters"].copy(),
    }


def daily(result: Result) -> Columns:
    """Return the daily table: D + 1 rows."""
    short, record = _codes(result), result.daily
    day = np.arange(result.days + 1)
    found: Columns = {"day": day, "date": _dates(result, day)}
    for f, code in enumerate(short):
        found.update({f"{code}_{name}": record.faction[name][:, f].copy() for name in FACTION_DAY})
    for name in ("level", "deaths"):
        for a in range(len(short)):
            for b in range(a + 1, len(short)):
                found[f"{name}_{short[a]}_{short[b]}"] = record.pair[name][:, a, b].copy()
    for name in ("clashes", "disputes", "agreements", "civilian_deaths", "offensive", "columns", "changes"):
        found[name] = record.theatre[name].copy()
    return found


def control_codes(result: Result) -> np.ndarray:
    """Return the control code of each town on each morning: object [D + 1, T]."""
    of_faction = dict(zip(result.factions, _codes(result), strict=True))
    of_group = {
        group: of_faction[name] for name, faction in result.scenario.factions.items() for group in faction.groups
    }
    by_group = _array([*(of_group[group] for group in result.groups), NEUTRAL])
    code = by_group[result.daily.holder]
    code[result.daily.status == CONTESTED] = MIXED
    code[(result.daily.status != CONTESTED) & (result.daily.status != HELD)] = NEUTRAL
    return code


def control_daily(result: Result) -> Columns:
    """Return who holds each town: D + 1 rows, a column a town."""
    day = np.arange(result.days + 1)
    by_town = dict(zip(_towns(result), control_codes(result).T, strict=True))
    return {"day": day, "date": _dates(result, day), **by_town}


def control_start_end(result: Result) -> Columns:
    """Return who holds each town at the start and at the end: T rows."""
    code = control_codes(result)
    return {"name": _array(_towns(result)), "start": code[0], "end": code[-1]}


def _change_events(log: np.ndarray) -> dict[tuple[int, int], int]:
    """Return the event that best explains a change in a town on a day, by (day, town): the last change of holder,
    else the last event of any kind that names the town.
    """
    found: dict[tuple[int, int], int] = {}
    for strong in (False, True):
        keep = np.isin(log["kind"], CHANGES) if strong else (log["kind"] != LEVEL_CHANGE) & (log["town"] >= 0)
        for row in np.flatnonzero(keep).tolist():
            found[int(log["day"][row]), int(log["town"][row])] = row
    return found


def control_changes(result: Result) -> Columns:
    """Return the towns whose control code, or holding group, is another at the end of a day than before.

    Taken from the daily record, so that it is exact; a town taken and lost again on one day has not changed.
    """
    log, code, holder = _log(result), control_codes(result), result.daily.holder
    held = result.daily.status == HELD
    changed = (code[1:] != code[:-1]) | ((holder[1:] != holder[:-1]) & held[1:] & held[:-1])
    day, town = np.nonzero(changed)
    event_of = _change_events(log)
    rows = [event_of.get(key, -1) for key in zip(day.tolist(), town.tolist(), strict=True)]
    return {
        "day": day.astype(np.int64),
        "date": _dates(result, day),
        "town": _named(town, _towns(result)),
        "from": code[day, town],
        "to": code[day + 1, town],
        "from_group": _named(holder[day, town], result.groups),
        "to_group": _named(holder[day + 1, town], result.groups),
        "how": _array([EVENT_KINDS[log["kind"][row]] if row >= 0 else "presence" for row in rows]),
        "event_id": _array([event_id(row) for row in rows]),
        "cause_id": _array([event_id(int(log["cause"][row])) if row >= 0 else "" for row in rows]),
    }


def _terms(result: Result, agreement: np.void) -> list[str]:
    return [name for bit, name in enumerate(result.terms) if int(agreement["terms"]) >> bit & 1]


def _party(result: Result, faction: int, mask: int) -> str:
    """Say a side of an agreement: the faction, or its groups where not all of them sign."""
    name = result.factions[faction]
    own = list(result.scenario.factions[name].groups)
    signing = [group for bit, group in enumerate(result.groups) if mask >> bit & 1]
    return name if set(own) <= set(signing) else f"{', '.join(signing)} ({name})"


def agreements(result: Result) -> Columns:
    """Return all agreements, those in force at the start included."""
    table = result.world.agreements[: result.world.counts[N_AGREEMENTS]]
    signed, ended = table["signed"], np.where(table["status"] == IN_FORCE, -1, table["ended"])
    open_still = ended < 0
    sides = [[_party(result, int(a[f"faction_{x}"]), int(a[f"party_{x}"])) for x in "ab"] for a in table]
    dates = _dates(result, signed)
    names = [
        result.agreement_names.get(row) or f"{one}-{other}, {day_text(date.item())}"
        for row, ((one, other), date) in enumerate(zip(sides, dates, strict=True))
    ]
    return {
        "agreement_id": _array([agreement_id(row) for row in range(len(table))]),
        "name": _array(names),
        "parties": _array([" / ".join(pair) for pair in sides]),
        "scope": _named(table["scope"], SCOPES),
        "town": _named(table["town"], _towns(result)),
        "terms": _array([", ".join(_terms(result, a)) for a in table]),
        "mediator": _named(table["mediator"], result.groups),
        "signed": dates,
        "ended": np.where(open_still, np.datetime64("NaT", "D"), _dates(result, ended)),
        "days_held": np.where(open_still, result.days, ended) - signed,
        "censored": open_still.astype(np.int64),
        "status": _named(table["status"], AGREEMENT_STATUS),
        "broken_by": _named(table["broken_by"], result.groups),
        "cause_id": _array([event_id(row) for row in table["ended_event"].tolist()]),
        "violations": table["violations"].copy(),
        "given": table["given"].copy(),
    }


EXTRACT: dict[str, Callable[[Result], Columns]] = {
    "events": events,
    "daily": daily,
    "control_changes": control_changes,
    "control_daily": control_daily,
    "control_start_end": control_start_end,
    "agreements": agreements,
}
