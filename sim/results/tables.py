"""The tables of a simulation as named columns: NumPy arrays, with names in place of indices.

No pandas here, so that batch workers can use it. Text and codes are object arrays, dates datetime64[D]. The columns are
documented in `columns.py`; `D` is the number of simulated days, `Result.days`: of a simulation under way, the day it has
reached. With fewer, events, daily and control tables are those of the days before; agreements, campaigns and reports are as they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.engine.kinds import (
    AGREEMENT_KINDS,
    AGREEMENT_STATUS,
    CAMPAIGN_ENDS,
    CHANGES_OF_HOLDER,
    CLASH,
    CONTESTED,
    EVENT_KINDS,
    GROUP_ABSORBED,
    HELD,
    IN_FORCE,
    LEVEL_CHANGE,
    POLICY,
    RULES,
    SCOPES,
    TOWN_STATUS,
)
from sim.engine.tables import FACTION_DAY, N_AGREEMENTS, N_CAMPAIGNS, N_REPORTS
from sim.results.columns import EVENTS
from sim.results.event_rows import (
    accords_of,
    agreement_id,
    array,
    campaign_id,
    codes_of,
    dates,
    degrees,
    event_id,
    log_of,
    movers,
    named,
    report_id,
    reported_texts,
    terms_of,
    texts,
    towns,
)
from sim.scenario.schema import MIXED, NEUTRAL
from sim.statistics.conflict_log import MONITOR
from sim.text import day_text

if TYPE_CHECKING:
    from sim.engine.simulation import Result

Columns = dict[str, np.ndarray]
Control = tuple[np.ndarray, np.ndarray]  # what `control_index` returns
FIRST_DAYS = 2  # of a campaign, counted from its opening
PARTIES = ("faction_a", "party_a", "faction_b", "party_b")

THEATRE = (
    "clashes", "disputes", "agreements", "civilian_deaths", "offensive", "columns", "displaced", "pressure", "changes",
)  # fmt: skip


def events(result: Result) -> Columns:
    """Return the event log: n rows."""
    log = log_of(result)
    ids, accords = array([event_id(row) for row in range(len(log))]), accord_parts(result)
    columns = {
        **counted_events(result),
        "event_id": ids,
        "cause_id": named(log["cause"], ids),
        "date": dates(result, log["day"]),
        "rule": named(log["rule"], RULES),
        "level": log["level"].copy(),
        "initiator_group": named(log["initiator_group"], result.groups),
        "target_group": named(log["target_group"], result.groups),
        "probability": log["probability"].copy(),
        "draw": np.where(log["draw"] < 0, np.nan, log["draw"]),
        "moved_by": array(movers(log)),
        "text": array(texts(result, log)),
        "agreement_id": array([agreement_id(accords.get(row, row)) for row in log["agreement"].tolist()]),
        "fighters": log["fighters"].copy(),
    }
    return {column.name: columns[column.name] for column in EVENTS}


def counted_events(result: Result) -> Columns:
    """Return the columns of the event log that statistics of a run are made of: n rows. Events are called by their rows."""
    log, short = log_of(result), codes_of(result)
    return {
        "event_id": np.arange(len(log)),
        "cause_id": log["cause"].copy(),
        "day": log["day"].copy(),
        "given": log["given"].copy(),
        "kind": named(log["kind"], EVENT_KINDS),
        "initiator": named(log["initiator"], short),
        "target": named(log["target"], short),
        "town": named(log["town"], towns(result)),
        "lat": degrees(result, "lat", log["town"]),
        "lon": degrees(result, "lon", log["town"]),
        "deaths_initiator": log["deaths_initiator"].copy(),
        "deaths_target": log["deaths_target"].copy(),
        "deaths_civilians": log["deaths_civilians"].copy(),
    }


def summary_tables(
    result: Result, control: Control | None = None, changed: Changes | None = None
) -> dict[str, Columns]:
    """Return the tables that the summary statistics of a run are made of, without sentences.

    `control`: its index, `changed`: its changes, where they are known.
    """
    control = control or control_index(result)
    changed = changed or changes(result, control)
    return {
        "events": counted_events(result),
        "daily": daily(result),
        "control_changes": {"day": changed.day, "from": changed.before, "to": changed.after},
        "control_start_end": control_start_end(result, control),
        "agreements": agreements(result),
        "campaigns": campaigns(result),
    }


def events_reported(result: Result) -> Columns:
    """Return what outlets and the monitor report: n rows."""
    rows = result.world.reports[: result.world.counts[N_REPORTS]]
    return {**bare_reports(result), "text": array(reported_texts(result, rows))}


def bare_reports(result: Result) -> Columns:
    """Return what outlets and the monitor report without its sentences, which take most of the time: n rows."""
    rows, short = result.world.reports[: result.world.counts[N_REPORTS]], codes_of(result)
    tolls = ("deaths_initiator", "deaths_target", "deaths_civilians")
    return {
        "report_id": array([report_id(row) for row in range(len(rows))]),
        "event_id": array([event_id(row) for row in rows["event"].tolist()]),
        "outlet": array([*short, MONITOR])[rows["outlet"]],
        "day": rows["day"].copy(),
        "date": dates(result, rows["day"]),
        "event_day": rows["event_day"].copy(),
        "event_date": dates(result, rows["event_day"]),
        "kind": named(rows["kind"], EVENT_KINDS),
        "initiator": named(rows["initiator"], short),
        "target": named(rows["target"], short),
        **_groups_reported(result, rows),
        "town": named(rows["town"], towns(result)),
        "lat": degrees(result, "lat", rows["town"]),
        "lon": degrees(result, "lon", rows["town"]),
        "precision": rows["precision"].copy(),
        **{name: rows[name].copy() for name in tolls},
        "deaths_total": sum((rows[name] for name in tolls), rows["deaths_unknown"]),
        "summary": rows["summary"].copy(),
        "first_date": dates(result, rows["first_day"]),
    }


def _groups_reported(result: Result, rows: np.ndarray) -> Columns:
    """Return the groups of the initiator and target that each report names; a side that lies about who began swaps them."""
    log, event = log_of(result), rows["event"]
    known = np.flatnonzero(event >= 0)
    groups = np.full((2, len(rows)), -1, dtype=np.int64)
    sides = [log[f"{side}_group"][event[known]] for side in ("initiator", "target")]
    swapped = log["initiator"][event[known]] != rows["initiator"][known]
    groups[0, known] = np.where(swapped, sides[1], sides[0])
    groups[1, known] = np.where(swapped, sides[0], sides[1])
    return {f"{side}_group": named(groups[i], result.groups) for i, side in enumerate(("initiator", "target"))}


def daily(result: Result) -> Columns:
    """Return the daily table: D + 1 rows."""
    short, record = codes_of(result), result.daily
    till = result.days + 1
    day = np.arange(till)
    columns: Columns = {"day": day, "date": dates(result, day)}
    for f, code in enumerate(short):
        columns.update({f"{code}_{name}": record.faction[name][:till, f].copy() for name in FACTION_DAY})
    for name in ("level", "deaths"):
        for a in range(len(short)):
            for b in range(a + 1, len(short)):
                columns[f"{name}_{short[a]}_{short[b]}"] = record.pair[name][:till, a, b].copy()
    for name in THEATRE:
        columns[name] = record.theatre[name][:till].copy()
    columns["agreements"] -= _parts_beyond_first(result, till)
    return columns


def _parts_beyond_first(result: Result, till: int) -> np.ndarray:
    """Return how many parts of accords are in force on each of `till` mornings besides the first of each accord, i8 [till]."""
    beyond, parts = np.zeros(till, dtype=np.int64), accord_parts(result)
    for first in dict.fromkeys(parts.values()):
        table = result.world.agreements[[row for row, of in parts.items() if of == first]]
        over = np.where(table["status"] == IN_FORCE, till, table["ended"] + 1)
        in_force = (np.arange(till)[:, None] < over).sum(axis=1)
        beyond += np.maximum(in_force - 1, 0)
    return beyond


def _faction_of_groups(result: Result) -> dict[str, int]:
    """Return the index of the faction of each group."""
    return {group: f for f, name in enumerate(result.factions) for group in result.scenario.factions[name].groups}


def control_index(result: Result, first: int = 0) -> Control:
    """Return the control code of each town on each morning from day `first` on, i8 [D + 1 - first, T], as a position in
    the codes, object [F + 2].
    """
    short = codes_of(result)
    faction = _faction_of_groups(result)
    mixed, neutral = len(short), len(short) + 1
    code = np.full((len(TOWN_STATUS), 1 + len(result.groups)), neutral)  # by status, and by holder counted from -1
    code[HELD, 1:] = [faction[group] for group in result.groups]
    code[CONTESTED] = mixed
    mornings = slice(first, result.days + 1)
    position = result.daily.status[mornings] * code.shape[1]
    position += result.daily.holder[mornings] + 1
    return code.ravel().take(position), array([*short, MIXED, NEUTRAL])


def control_codes(result: Result, first: int = 0) -> np.ndarray:
    """Return the control code of each town on each morning from day `first` on: object [D + 1 - first, T]."""
    index, codes = control_index(result, first)
    return codes[index]


def control_daily(result: Result) -> Columns:
    """Return who holds each town: D + 1 rows, a column a town."""
    day = np.arange(result.days + 1)
    by_town = dict(zip(towns(result), control_codes(result).T, strict=True))
    return {"day": day, "date": dates(result, day), **by_town}


def control_start_end(result: Result, control: Control | None = None) -> Columns:
    """Return who holds each town at the start and at the end: T rows. `control`: its index, where that is known."""
    index, codes = control or control_index(result)
    return {"name": array(towns(result)), "start": codes[index[0]], "end": codes[index[-1]]}


def _change_events(log: np.ndarray, days: set[int]) -> dict[tuple[int, int], int]:
    """Return the event that best explains a change in a town on one of some days, by (day, town): the last change of
    holder, else the last event of any kind that names the town.
    """
    weak: dict[tuple[int, int], int] = {}
    kinds, of_day, towns_of = log["kind"].tolist(), log["day"].tolist(), log["town"].tolist()
    strong: dict[tuple[int, int], int] = {}
    for row, (kind, day, town) in enumerate(zip(kinds, of_day, towns_of, strict=True)):
        if day in days and town >= 0:
            if kind in CHANGES_OF_HOLDER:
                strong[day, town] = row
            elif kind != LEVEL_CHANGE:
                weak[day, town] = row
    return weak | strong


class Changes(NamedTuple):
    """The towns whose control code, or holding group, is another at the end of a day than before: n rows."""

    day: np.ndarray  # i8 [n]
    town: np.ndarray  # i8 [n]
    before: np.ndarray  # object [n], control code
    after: np.ndarray  # object [n], control code
    events: list[int]  # the row of the event that best explains each; -1 none
    how: list[str]  # the kind of that event, or "presence"


def changes(result: Result, control: Control) -> Changes:
    """Return the changes of control, taken from the daily record, so that they are exact.

    A town taken and lost again on one day has not changed. `control`: its index, as `control_index` returns it.
    """
    log, (code, codes) = log_of(result), control
    holder, status = (table[: result.days + 1] for table in (result.daily.holder, result.daily.status))
    day, town = np.nonzero((holder[1:] != holder[:-1]) | (status[1:] != status[:-1]))
    another = code[day + 1, town] != code[day, town]
    held = (status[day, town] == HELD) & (status[day + 1, town] == HELD)
    day, town = (where[another | held] for where in (day, town))
    days = day.tolist()
    event_of = _change_events(log, set(days))
    rows = [event_of.get(key, -1) for key in zip(days, town.tolist(), strict=True)]
    joined = _joining_events(log)
    for k, key in enumerate(zip(days, holder[day, town].tolist(), holder[day + 1, town].tolist(), strict=True)):
        if rows[k] < 0 or log["kind"][rows[k]] not in CHANGES_OF_HOLDER:
            rows[k] = joined.get(key, joined.get((key[0], -1, key[2]), rows[k]))
    how = [EVENT_KINDS[log["kind"][row]] if row >= 0 else "presence" for row in rows]
    return Changes(day.astype(np.int64), town, codes[code[day, town]], codes[code[day + 1, town]], rows, how)


def _joining_events(log: np.ndarray) -> dict[tuple[int, int, int], int]:
    """Return the rows of events by which a group joins another, by day, group and group joined; -1 for any of a policy."""
    rows = np.flatnonzero((log["kind"] == GROUP_ABSORBED) | ((log["kind"] == POLICY) & (log["target_group"] < 0)))
    return {
        (int(log["day"][row]), int(log["target_group"][row]), int(log["initiator_group"][row])): int(row)
        for row in rows
    }


def control_changes(result: Result) -> Columns:
    """Return the towns whose control code, or holding group, is another at the end of a day than before."""
    changed, log, holder = changes(result, control_index(result)), log_of(result), result.daily.holder
    return {
        "day": changed.day,
        "date": dates(result, changed.day),
        "town": named(changed.town, towns(result)),
        "from": changed.before,
        "to": changed.after,
        "from_group": named(holder[changed.day, changed.town], result.groups),
        "to_group": named(holder[changed.day + 1, changed.town], result.groups),
        "how": array(changed.how),
        "event_id": array([event_id(row) for row in changed.events]),
        "cause_id": array([event_id(int(log["cause"][row])) if row >= 0 else "" for row in changed.events]),
    }


def _party(result: Result, faction: int, mask: int) -> str:
    """Say a side of an agreement: the faction, or its groups where not all of them sign."""
    name = result.factions[faction]
    own = list(result.scenario.factions[name].groups)
    signing = [group for bit, group in enumerate(result.groups) if mask >> bit & 1]
    return name if set(own) <= set(signing) else f"{', '.join(signing)} ({name})"


def parties_of(result: Result, agreement: np.void) -> tuple[str, str]:
    """Say both sides of an agreement."""
    first, second = (_party(result, int(agreement[f"faction_{x}"]), int(agreement[f"party_{x}"])) for x in "ab")
    return first, second


def agreement_name(result: Result, row: int, sides: tuple[str, str]) -> str:
    """Return the name of an agreement: that of the accord it is a part of, the scenario's, else its sides and the day of signing."""
    if row in result.agreement_names:
        return accords_of(result).get(row, result.agreement_names[row])
    on = result.scenario.start + timedelta(days=int(result.world.agreements[row]["signed"]))
    return f"{sides[0]}-{sides[1]}, {day_text(on)}"


def accord_parts(result: Result) -> dict[int, int]:
    """Return, for the row of each agreement that is a part of an accord of several parties, the row of the accord's first part."""
    first: dict[str, int] = {}
    return {row: first.setdefault(name, row) for row, name in accords_of(result).items()}


def whole_agreements(result: Result) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Return the agreements signed so far, their rows, and parties by row of those that have more than two sides.

    An accord of several parties has one row, that of its first part. It ends as the first of its parts that ends; violations and
    attacks held back are those of all its parts.
    """
    rows = signed_agreements(result)
    table = result.world.agreements[rows]
    parts = accord_parts(result)
    parties: dict[int, str] = {}
    for first in dict.fromkeys(parts.values()):
        mine = np.flatnonzero([parts.get(row) == first for row in rows.tolist()])
        over = mine[table["status"][mine] != IN_FORCE]
        for name in ("violations", "held_back"):
            table[name][mine[0]] = table[name][mine].sum()
        if len(over):
            ending = over[np.argmin(table["ended"][over])]
            for name in ("status", "ended", "broken_by", "ended_event"):
                table[name][mine[0]] = table[name][ending]
        sides = [side for part in table[mine] for side in parties_of(result, part)]
        parties[first] = " / ".join(dict.fromkeys(sides))
    whole = np.array([parts.get(row, row) == row for row in rows.tolist()], dtype=bool)
    return table[whole], rows[whole], parties


def signed_agreements(result: Result) -> np.ndarray:
    """Return the rows of agreements signed so far, without those given for a later day: i8 [n]."""
    table = result.world.agreements[: result.world.counts[N_AGREEMENTS]]
    return np.flatnonzero((table["signed_event"] >= 0) | (table["signed"] <= 0))


def agreements(result: Result) -> Columns:
    """Return all agreements signed so far, those in force at the start included; an accord of several parties is one."""
    table, rows, of_accords = whole_agreements(result)
    signed, ended = table["signed"], np.where(table["status"] == IN_FORCE, -1, table["ended"])
    open_still = ended < 0
    who = list(zip(*(table[name].tolist() for name in PARTIES), strict=True))
    masks = table["terms"].tolist()
    # Many are between the same two, with the same terms: each is named once.
    party_texts = {
        parties: parties_of(result, table[row]) for parties, row in {each: n for n, each in enumerate(who)}.items()
    }
    sides = [party_texts[parties] for parties in who]
    terms = {mask: ", ".join(terms_of(result, table[row])) for mask, row in {m: n for n, m in enumerate(masks)}.items()}
    return {
        "agreement_id": array([agreement_id(row) for row in rows.tolist()]),
        "name": array([agreement_name(result, row, pair) for row, pair in zip(rows.tolist(), sides, strict=True)]),
        "parties": array(
            [of_accords.get(row, " / ".join(pair)) for row, pair in zip(rows.tolist(), sides, strict=True)]
        ),
        "scope": named(table["scope"], SCOPES),
        "town": named(table["town"], towns(result)),
        "terms": array([terms[mask] for mask in masks]),
        "mediator": named(table["mediator"], result.groups),
        "signed": dates(result, signed),
        "ended": np.where(open_still, np.datetime64("NaT", "D"), dates(result, ended)),
        "days_held": np.where(open_still, result.days, ended) - signed,
        "censored": open_still.astype(np.int64),
        "status": named(table["status"], AGREEMENT_STATUS),
        "broken_by": named(table["broken_by"], result.groups),
        "cause_id": array([event_id(row) for row in table["ended_event"].tolist()]),
        "violations": table["violations"].copy(),
        "given": table["given"].copy(),
        "kind": named(table["kind"], AGREEMENT_KINDS),
        "held_back": table["held_back"].copy(),
    }


def campaigns(result: Result) -> Columns:
    """Return all campaigns on which leaders decided, in the order of their decisions."""
    table = result.world.campaigns[: result.world.counts[N_CAMPAIGNS]]
    opened, ended = table["opened"], table["ended"]
    none, last = np.datetime64("NaT", "D"), np.where(ended < 0, result.days, ended)
    return {
        "campaign_id": array([campaign_id(row) for row in range(len(table))]),
        "event_id": array([event_id(row) for row in table["event"].tolist()]),
        "initiator": named(table["initiator"], result.groups),
        "target": named(table["target"], result.groups),
        "with_initiator": array([_groups_of(result, mask) for mask in table["with_initiator"].tolist()]),
        "with_target": array([_groups_of(result, mask) for mask in table["with_target"].tolist()]),
        "decided": dates(result, table["decided"]),
        "opened": np.where(opened < 0, none, dates(result, opened)),
        "ended": np.where(ended < 0, none, dates(result, ended)),
        "days": np.where(opened < 0, 0, last - opened),
        "censored": (ended < 0).astype(np.int64),
        "first_towns": np.array([_first_towns(result, campaign) for campaign in table], dtype=np.int64),
        **{name: table[name].copy() for name in ("strikes", "by_battle", "by_handover", "by_withdrawal", "deaths")},
        "outcome": named(table["outcome"], CAMPAIGN_ENDS),
    }


def _groups_of(result: Result, mask: int) -> str:
    """Return the names of the groups of a bit mask."""
    return ", ".join(group for bit, group in enumerate(result.groups) if mask >> bit & 1)


def _first_towns(result: Result, campaign: np.void) -> int:
    """Return in how many towns the sides of a campaign fought on the day of its opening and the next; 0 unopened."""
    log, opened = log_of(result), int(campaign["opened"])
    if opened < 0:
        return 0
    rows = log[np.searchsorted(log["day"], opened) : np.searchsorted(log["day"], opened + FIRST_DAYS)]
    rows = rows[rows["kind"] == CLASH]
    sides = int(campaign["with_initiator"]), int(campaign["with_target"])
    one_way, other_way = (
        _among(rows["initiator_group"], mask) & _among(rows["target_group"], other)
        for mask, other in (sides, sides[::-1])
    )
    return len(np.unique(rows["town"][one_way | other_way]))


def _among(groups: np.ndarray, mask: int) -> np.ndarray:
    """Return which groups, i8 [n], are in a bit mask: bool [n]."""
    return (mask >> np.maximum(groups, 0)) & (groups >= 0) == 1


EXTRACT: dict[str, Callable[[Result], Columns]] = {
    "events": events,
    "events_reported": events_reported,
    "daily": daily,
    "control_changes": control_changes,
    "control_daily": control_daily,
    "control_start_end": control_start_end,
    "agreements": agreements,
    "campaigns": campaigns,
}
