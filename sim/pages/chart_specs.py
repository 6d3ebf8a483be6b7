"""Charts of a run as JSON objects, which js/charts.js draws: towns held, escalation, deaths a week, agreements over time.

What they show is `sim.plots.charts.Course`, which the pictures of a run are drawn from as well. A spec of kind "days" has
`start`, `days` and `evidence` (the first morning with nothing observed behind it, None outside the run), `last` (the last
morning there is), and either `series` with `values` by morning, or `rows` with `spans` from one morning to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sim.plots.charts import (
    LEVEL_INKS,
    Course,
    agreement_lanes,
    course_of,
    level_name,
    level_spans,
    party_codes,
)
from sim.plots.map.state import records
from sim.plots.style import LEVEL_COLOURS, look_of, pale
from sim.results.phrases import agreement_phrase
from sim.results.tables import agreements
from sim.scenario.schema import agreement_names
from sim.text import plural

if TYPE_CHECKING:
    from sim.engine.simulation import Result, Simulation
    from sim.pages.history import History, Snapshot
    from sim.plots.style import FactionStyles
    from sim.results.run import Run
    from sim.scenario.schema import Scenario

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]  # of the table of agreements
CIVILIAN = "#6F757C"
MOST_PAIRS = 6  # pairs with a colour of their own in the deaths
NAMES = ("agreements", "towns", "levels", "deaths")  # of the charts of a run, in order


class Curves(Protocol):
    """What many runs of a scenario have for the chart of towns held."""

    @property
    def towns(self) -> Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Code -> low, middle and high curve, each [days + 1]."""

    @property
    def runs(self) -> int:
        """Runs in it so far."""

    @property
    def wanted(self) -> int:
        """Runs it will have."""


def course_of_mornings(snapshots: Sequence[Snapshot], look: FactionStyles) -> Course:
    """Return the course of a run under way, by its mornings so far, as `course_of` does of a finished one."""
    towns = {code: np.array([morning.towns_held.get(code, 0) for morning in snapshots]) for code in look.codes}
    levels = {pair: np.array([morning.levels.get(pair, 0) for morning in snapshots]) for pair in snapshots[0].levels}
    deaths: dict[tuple[str, str], np.ndarray] = {}
    for row, morning in enumerate(snapshots):
        for pair, dead in morning.deaths_between.items():
            deaths.setdefault(pair, np.zeros(len(snapshots)))[row] = dead
    civilians = np.array([morning.civilian_deaths for morning in snapshots])
    return Course({code: held for code, held in towns.items() if held.any()}, levels, deaths, civilians)


def charts_of_run(run: Run) -> dict[str, Spec]:
    """Return the charts of a finished run by the names of NAMES."""
    rows = records(run.agreements) if len(run.agreements) else []
    return _charts(run.scenario, course_of(run, look_of(run.scenario)), rows)


def charts_of_history(simulation: Simulation, history: History) -> dict[str, Spec]:
    """Return the charts of a run under way by the names of NAMES, with all mornings there are."""
    course = course_of_mornings(history.snapshots, look_of(simulation.scenario))
    return _charts(simulation.scenario, course, agreement_rows(simulation.result()))


def _charts(scenario: Scenario, course: Course, rows: Rows) -> dict[str, Spec]:
    specs = (
        agreements_spec(scenario, rows, course.last),
        towns_spec(scenario, course),
        levels_spec(scenario, course),
        deaths_spec(scenario, course),
    )
    return dict(zip(NAMES, specs, strict=True))


def agreement_rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of the table of agreements of a run under way, as they stand."""
    columns = agreements(result)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def days_spec(scenario: Scenario, title: str, last: int, **more: Any) -> Spec:
    """Return a chart over the days of a scenario without its values; `last` is the last morning there is."""
    return {
        "kind": "days",
        "title": title,
        "start": scenario.start.isoformat(),
        "days": scenario.days,
        "last": last,
        "evidence": unobserved_from(scenario),
        **more,
    }


def unobserved_from(scenario: Scenario) -> int | None:
    """Return the first morning with nothing observed behind it; None outside the run."""
    morning = (scenario.evidence_until - scenario.start).days + 1
    return morning if 0 <= morning <= scenario.days else None


def towns_spec(scenario: Scenario, course: Course) -> Spec:
    """Return the towns that each faction holds over time; `band_of` lays the band of many runs under them."""
    look = look_of(scenario)
    series = [
        {**_faction(look, code), "values": held.astype(int).tolist(), "style": "step"}
        for code, held in course.towns.items()
    ]
    spec = days_spec(scenario, "Towns held", course.last, unit="towns", series=series)
    if spec["evidence"] is not None:
        spec["key"] = [{"name": "from here on nothing observed stands behind it", "style": "evidence"}]
    return spec | band_of(None, look)


def band_of(band: Curves | None, look: FactionStyles) -> Spec:
    """Return what the band of many runs adds to the towns held: `note` and `bands`."""
    if band is None:
        return {"note": "", "bands": []}
    bands = [
        {"name": look.names[code], "code": code}
        | dict(zip(("low", "middle", "high"), (np.round(curve, 1).tolist() for curve in curves), strict=True))
        for code, curves in band.towns.items()
        if code in look.names and np.max(curves[2]) > 0
    ]
    return {"note": band_note(band), "bands": bands}


def band_note(band: Curves) -> str:
    """Say what the grey band shows, and of how many runs while there are more to come."""
    if band.runs >= band.wanted:
        return f"Grey: where 90 % of {band.runs} other runs lie"
    return f"Grey: where 90 % of {band.runs} other runs lie; {band.wanted - band.runs} to come"


def _faction(look: FactionStyles, code: str) -> dict[str, str]:
    return {"name": look.names[code], "code": code, "colour": look.colour(code), "shape": look.shapes[code]}


def pair_name(look: FactionStyles, pair: Sequence[str]) -> str:
    """Name a pair of factions by their codes: "League – Lanterns"."""
    return " – ".join(look.names.get(code, code) for code in pair)


def levels_spec(scenario: Scenario, course: Course) -> Spec:
    """Return a strip a pair that ever left calm, coloured by escalation level."""
    look = look_of(scenario)
    pairs = course.ladder_pairs()
    spans = [
        {
            "row": row,
            "label": str(level) if level else "",
            "title": f"{level} {level_name(level)}",
            "colour": LEVEL_COLOURS[level],
            "ink": LEVEL_INKS[level],
            "from": first,
            "to": after if after <= course.last else None,
            "end": "",
        }
        for row, pair in enumerate(pairs)
        for first, after, level in level_spans(course.levels[pair])
    ]
    return days_spec(
        scenario,
        "Escalation level, by pair",
        course.last,
        note=_quiet(len(course.levels) - len(pairs), bool(pairs)),
        rows=[{"name": pair_name(look, pair)} for pair in pairs],
        spans=spans,
        key=[{"name": f"{n} {level_name(n)}", "colour": colour} for n, colour in enumerate(LEVEL_COLOURS)],
        empty="no pair has left calm so far",
    )


def _quiet(pairs: int, others: bool) -> str:
    """Say how many pairs of rebels did not fight."""
    if not pairs or not others:
        return ""
    return f"the other {plural(pairs, 'pair')} never fought" if pairs > 1 else "the other pair never fought"


def deaths_spec(scenario: Scenario, course: Course) -> Spec:
    """Return deaths a week: fighters stacked by pair, deadliest first, civilians below the line.

    Values are of the day before each morning; the chart adds them up by week.
    """
    look = look_of(scenario)
    deaths = {pair: values.astype(int) for pair, values in course.deaths.items() if values.any()}
    pairs = sorted(deaths, key=lambda pair: (-int(deaths[pair].sum()), pair))
    series = [
        {
            "name": pair_name(look, pair),
            "code": "_".join(pair),
            "colour": pale(look.colour(pair[0]), 0.1),
            "second": pale(look.colour(pair[1]), 0.1),
            "values": deaths[pair].tolist(),
            "style": "stack",
        }
        for pair in pairs[:MOST_PAIRS]
    ]
    if rest := pairs[MOST_PAIRS:]:
        values = np.sum([deaths[pair] for pair in rest], axis=0).tolist()
        series.append({"name": "other pairs", "code": "", "colour": "#9AA0A6", "values": values, "style": "stack"})
    civilians = course.civilians.astype(int).tolist()
    series.append(
        {"name": "civilians", "code": "", "colour": CIVILIAN, "values": civilians, "style": "bar", "down": True}
    )
    title = "Deaths a week: fighters by pair, civilians below"
    return days_spec(scenario, title, course.last, unit="deaths", every=7, series=series)


def agreements_spec(scenario: Scenario, rows: Rows, last: int) -> Spec:
    """Return a bar an agreement from its signing to its end in its sides' colours, all or those that held longest."""
    look, lanes = look_of(scenario), agreement_lanes(rows)
    title = "Agreements" + (f" (the {len(lanes)} that held longest of {len(rows)})" if len(lanes) < len(rows) else "")
    return days_spec(
        scenario,
        title,
        last,
        counted="in force",
        rows=[{"name": ""} for _lane in lanes],
        spans=[_agreement_span(scenario, look, row, lane) for lane, row in enumerate(lanes)],
        empty="none signed so far",
    )


def _agreement_span(scenario: Scenario, look: FactionStyles, row: Mapping[str, Any], lane: int) -> Spec:
    codes = party_codes(str(row["parties"]), look)
    first, after = (_day(scenario, row[name]) for name in ("signed", "ended"))
    status = str(row["status"])
    ends = {"broken": f"broken by {row['broken_by']}", "expired": "expired"}
    days = plural(int(row["days_held"]), "day")
    short = status if status in ends else "in force"
    scope = agreement_phrase(str(row["scope"]), str(row["town"]))
    return {
        "row": lane,
        "label": f"{row['name'] if row['name'] in agreement_names(scenario) else ' – '.join(codes)}: {days}, {short}",
        "title": f"{row['name']}: {row['parties']}, {scope}. {_terms(row)}. {days}, {ends.get(status, short)}{_violations(row)}",
        "colour": look.colour(codes[0]),
        "second": look.colour(codes[1]) if len(codes) > 1 else "",
        "from": first,
        "to": after,
        "end": status if status in ends else "",
    }


def _terms(row: Mapping[str, Any]) -> str:
    terms = _text(row["terms"]).replace("_", " ") or "A ceasefire, nothing else agreed"
    mediator = _text(row["mediator"])
    return terms[0].upper() + terms[1:] + (f"; mediated by {mediator}" if mediator else "")


def _violations(row: Mapping[str, Any]) -> str:
    count = int(row["violations"])
    return f", {plural(count, 'violation')}" if count else ""


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _day(scenario: Scenario, value: Any) -> int | None:
    """Return the morning of a date of a table; None for none."""
    when = np.datetime64("NaT" if not value or value != value else value, "D")
    return None if np.isnat(when) else int(when.astype(np.int64)) - (scenario.start - date(1970, 1, 1)).days
