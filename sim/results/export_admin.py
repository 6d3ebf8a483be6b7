"""Events, deaths and holders by administrative unit and by week or month, as a long table: one row a unit, period and variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.event_kinds import AGAINST_CIVILIANS
from sim.geography.maps import Geography
from sim.results.columns import LogName, Period
from sim.results.export_datasets import STATE_ROLES, table_text
from sim.results.export_events import SOURCE
from sim.scenario.schema import MIXED, NEUTRAL, Scenario, codes
from sim.statistics.conflict_log import MONITOR, column, one_of, text, total_deaths

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.run import Run


COUNTED = (
    "events",
    "deaths",
    "deaths_civilians",
    *(f"{count}_{kind}" for kind in ("sb", "ns", "os") for count in ("events", "deaths", "clashes")),
)  # sb state-based, ns non-state, os one-sided, as GED's types of violence and VIEWS name them
LOG_WORDS = {LogName.REPORTED: "monitor", LogName.TRUE: "all"}  # in tables; "true" would be read as a truth value
UNIT_COLUMNS = "iso3 admin1 admin1_code admin2 admin2_code period start end variable"
Unit = tuple[str, str, str, str]  # admin1, its code, admin2, its code; empty for rows without a town


@dataclass(frozen=True, eq=False)
class Panel:
    """The rows of a table for one scenario: U units by P periods by V variables, each combination there."""

    iso3: str
    units: tuple[Unit, ...]  # [U]
    unit_of: dict[str, int]  # by town; "" for rows without a town
    towns: np.ndarray  # i8 [U], how many towns a unit has
    periods: tuple[tuple[str, date, date], ...]  # [P], name, first and last day of it that are simulated
    period_of: np.ndarray  # i8 [days]
    states: frozenset[str]  # codes of those whose fighting is state-based
    holders: tuple[str, ...]  # codes of which towns are counted

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, [V]."""
        return (*COUNTED, *(f"towns_{code}" for code in self.holders))

    def rows(self) -> list[tuple[dict[str, Any], tuple[int, int, int]]]:
        """Return what each row is about, with its place in values [U, P, V]; units without towns have no row of holders."""
        rows = []
        for u, unit in enumerate(self.units):
            for p, (name, first, last) in enumerate(self.periods):
                about = (self.iso3, *unit, name, first.isoformat(), last.isoformat())
                for v, variable in enumerate(self.variables):
                    if v < len(COUNTED) or self.towns[u]:
                        rows.append((dict(zip(UNIT_COLUMNS.split(), (*about, variable), strict=True)), (u, p, v)))
        return rows


def panel_of(scenario: Scenario, geography: Geography, by: Period) -> Panel:
    """Return the panel of a scenario. A unit is of the second level, or the smallest that the map tells."""
    unit_of: dict[str, int] = {}
    units: dict[Unit, int] = {("", "", "", ""): 0}
    for town in geography.places:
        first, second, third = geography.names.units(town)
        local = second if second.name else third
        unit_of[town.name] = units.setdefault((first.name, first.code, local.name, local.code), len(units))
    unit_of[""] = 0
    order = sorted(units, key=lambda unit: (not any(unit), unit))
    rank = {units[unit]: row for row, unit in enumerate(order)}
    unit_of = {town: rank[row] for town, row in unit_of.items()}
    days = [scenario.start + timedelta(days=day) for day in range(scenario.days)]
    names = [f"{day:%Y-%m}" if by is Period.MONTH else "{}-W{:02}".format(*day.isocalendar()[:2]) for day in days]
    known = {name: row for row, name in enumerate(dict.fromkeys(names))}
    periods = tuple((name, days[names.index(name)], days[len(days) - 1 - names[::-1].index(name)]) for name in known)
    states = {code for name, code in codes(scenario).items() if scenario.factions[name].role in STATE_ROLES}
    return Panel(
        iso3=geography.names.of("country", geography.country).code,
        units=tuple(order),
        unit_of=unit_of,
        towns=np.bincount([unit_of[town.name] for town in geography.places], minlength=len(order)),
        periods=periods,
        period_of=np.array([known[name] for name in names]),
        states=frozenset(states),
        holders=(*codes(scenario).values(), MIXED, NEUTRAL),
    )


def event_values(panel: Panel, events: pd.DataFrame, start: date) -> np.ndarray:
    """Return the counts of `COUNTED` in one run's log of events, or of reports, i8 [U, P, len(COUNTED)].

    Events count as in GED: with deaths, or a clash, between known sides; of reports the monitor's, on their first day.
    """
    if "outlet" in events:
        events = events[events["outlet"] == MONITOR]
    first = column(events, "first_date" if "first_date" in events else "date").astype("datetime64[D]")
    deaths = (column(events, "deaths_total") if "deaths_total" in events else total_deaths(events)).astype(np.int64)
    initiator, target, kind = (text(events, name) for name in ("initiator", "target", "kind"))
    one_sided, clash = one_of(kind, AGAINST_CIVILIANS), np.asarray(kind == "clash", bool)
    state = one_of(initiator, panel.states) | one_of(target, panel.states)
    counts = (one_sided | (np.asarray(initiator != "", bool) & np.asarray(target != "", bool))) & ((deaths > 0) | clash)
    unit = np.array([panel.unit_of[town] for town in text(events, "town")], np.int64)
    days = (first - np.datetime64(start, "D")).astype(np.int64).clip(0, len(panel.period_of) - 1)
    cell = unit * len(panel.periods) + panel.period_of[days]

    def summed(which: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        chosen = counts & which
        weights = None if weight is None else weight[chosen]
        return np.bincount(cell[chosen], weights, len(panel.units) * len(panel.periods)).astype(np.int64)

    every, civilians = np.ones(len(cell), bool), column(events, "deaths_civilians").astype(np.int64)
    parts = [summed(every), summed(every, deaths), summed(every, civilians)]
    for which in (state & ~one_sided, ~state & ~one_sided, one_sided):
        parts += [summed(which), summed(which, deaths), summed(which & clash)]
    return np.stack(parts, axis=-1).reshape(len(panel.units), len(panel.periods), len(parts))


def holder_values(panel: Panel, end: dict[str, str], changes: Sequence[tuple[int, str, str]]) -> np.ndarray:
    """Return how many towns of each unit each holder has at the end of each period, i8 [U, P, len(holders)].

    Args:
        panel: the panel.
        end: control code at the end of the run by town.
        changes: day, town and code before, in order of days.
    """
    rows = {code: row for row, code in enumerate(panel.holders)}
    values = np.zeros((len(panel.units), len(panel.periods), len(rows)), np.int64)
    held, later = dict(end), list(changes)
    last_day = {int(period): day for day, period in enumerate(panel.period_of)}
    for period in reversed(range(len(panel.periods))):
        while later and later[-1][0] > last_day[period]:
            _, town, before = later.pop()
            held[town] = before
        for town, code in held.items():
            values[panel.unit_of[town], period, rows[code]] += 1
    return values


def run_values(panel: Panel, run: Run, log: LogName) -> np.ndarray:
    """Return all values of a run, i8 [U, P, V]."""
    events = run.events if log is LogName.TRUE else run.events_reported
    last = run.control_daily.iloc[-1]
    changes = run.control_changes[["day", "town", "from"]].itertuples(index=False, name=None)
    held = holder_values(panel, {town.name: last[town.name] for town in run.geography.places}, list(changes))
    return np.concatenate((event_values(panel, events, run.scenario.start), held), axis=-1)


def run_table(run: Run, by: Period, log: LogName) -> str:
    """Return a run's long table as CSV text: what each row is about, its value, and that it is simulated."""
    panel = panel_of(run.scenario, run.geography, by)
    values = run_values(panel, run, log)
    seen = {"log": LOG_WORDS[log], "seed": run.seed, "source": SOURCE}
    rows = ({**about, "value": int(values[cell]), **seen} for about, cell in panel.rows())
    return table_text(f"{UNIT_COLUMNS} value log seed source", rows)
