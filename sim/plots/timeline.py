"""The timeline of a run, at page width and at column width."""

from __future__ import annotations

import re
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import MonthLocator, WeekdayLocator, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from sim.plots.charts import agreement_lanes, changes, course_of, deaths, levels, party_codes, title, towns
from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, Sheet, Words, shortened, type_for
from sim.plots.map.state import records
from sim.plots.style import (
    EVIDENCE_INK,
    INK,
    LONGEST_NAME,
    PAPER,
    QUIET,
    FactionStyles,
    evidence_line,
    look_of,
    new_figure,
    pale,
    put_stamp,
    stamp,
    typography,
)
from sim.results.phrases import with_name
from sim.scenario.schema import agreement_names
from sim.text import day_text, isolated, left_to_right

if TYPE_CHECKING:
    from sim.results.run import Run

WIDTH = 11.0
LANE = 0.30  # inches
LEFT, RIGHT = 0.115, 0.865


def timeline(run: Run) -> Figure:
    """Draw the timeline chart of a run."""
    look, agreements = look_of(run.scenario), lane_rows(run)
    course = course_of(run, look)
    pairs = course.ladder_pairs()
    inches = [max(1, len(agreements)) * LANE + 0.1, 1.5, 0.24 * max(1, len(pairs)) + 0.05, 2.1, 0.3]
    gaps, top, bottom = 0.42, 0.95, 0.75
    height = sum(inches) + gaps * (len(inches) - 1) + top + bottom
    with typography():
        figure = new_figure(WIDTH, height)
        edges, y = [], height - top
        for tall in inches:
            edges.append((LEFT, (y - tall) / height, RIGHT - LEFT, tall / height))
            y -= tall + gaps
        panels = [figure.add_axes(edge) for edge in edges]
        lanes(panels[0], run, agreements, look)
        deaths(panels[1], run, course, look)
        levels(panels[2], run, course)
        towns(panels[3], run, course, look)
        changes(panels[4], run, look)
        for panel in panels:
            dates(panel, run, labels=panel is panels[-1])
        _heading(figure, run, panels[0], height)
    return figure


HEADING_SHARE = 0.15  # of the panel's width, over which its heading stands


def _heading(figure: Figure, run: Run, top: Axes, height: float) -> None:
    scenario, end = run.scenario, end_of(run)
    figure.text(
        0.015,
        1 - 0.40 / height,
        left_to_right(f"{isolated(scenario.title)}: what happened when"),
        fontsize=15,
        fontweight="bold",
    )
    start = date2num(scenario.start)
    if scenario.start <= scenario.evidence_until <= end:
        share = (scenario.evidence_until - scenario.start) / (end - scenario.start)
        top.annotate(
            evidence_line(scenario), (date2num(scenario.evidence_until) + 1, 1), xycoords=("data", "axes fraction"),
            xytext=(3, 4 if share > HEADING_SHARE else 17),
            textcoords="offset points", fontsize=8, color=EVIDENCE_INK, va="bottom",
        )  # fmt: skip
    evidence_day = (scenario.evidence_until - scenario.start).days
    for first, _last in offensives(run):
        lift = 14 if 0 <= first - evidence_day < 25 else 4
        top.annotate(
            "offensive", (start + first, 1), xycoords=("data", "axes fraction"), xytext=(2, lift),
            textcoords="offset points", fontsize=8, color=QUIET, va="bottom",
        )  # fmt: skip
    put_stamp(
        figure, scenario, stamp(scenario, run.seed, f"{day_text(scenario.start)} to {day_text(end)}"), y=0.1 / height
    )


def end_of(run: Run) -> date:
    """Return the last morning."""
    return run.scenario.start + timedelta(days=len(run.control_daily) - 1)


def offensives(run: Run) -> list[tuple[int, int]]:
    """Return first and last day of each stretch in which an offensive was under way."""
    under_way = (run.daily["offensive"].to_numpy() == 2).astype(int)
    steps = np.diff(np.concatenate([[0], under_way, [0]]))
    return [(int(a), int(b)) for a, b in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)]


def dates(axes: Axes, run: Run, labels: bool) -> None:
    """Set the axis of dates, and draw where evidence ends and offensives are under way."""
    start, end = date2num(run.scenario.start), date2num(end_of(run))
    axes.set_xlim(start, end + 0.5)
    for first, last in offensives(run):
        axes.axvspan(start + first, start + last, color="#D9D9D4", alpha=0.55, linewidth=0, zorder=0)
    evidence = date2num(run.scenario.evidence_until) + 1
    if start <= evidence <= end:
        axes.axvline(evidence, color=EVIDENCE_INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=6)
    axes.xaxis.set_major_locator(MonthLocator())
    axes.xaxis.set_minor_locator(WeekdayLocator(byweekday=0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _position: day_text(num2date(x).date()) if labels else ""))
    axes.tick_params(which="both", labelsize=8, color=QUIET, length=3)
    axes.tick_params(which="minor", length=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def lane_rows(run: Run) -> list[dict[str, Any]]:
    """Return the agreements to draw, in the order of signing."""
    return agreement_lanes(records(run.agreements)) if len(run.agreements) else []


def lanes(axes: Axes, run: Run, rows: list[dict[str, Any]], look: FactionStyles, texts: bool = True) -> None:
    """Draw a bar an agreement in its parties' colours, with its parties, terms and end beside it."""
    left_out = len(run.agreements) - len(rows)
    title(axes, "Agreements" + (f" (the {len(rows)} that held longest of {len(run.agreements)})" if left_out else ""))
    start, end = date2num(run.scenario.start), date2num(end_of(run))
    for lane, row in enumerate(rows):
        signed, over = _number(row["signed"], start), _number(row["ended"], end)
        colours = [look.colour(code) for code in party_codes(str(row["parties"]), look)] or [QUIET]
        from_x = max(signed, start)
        thickness = 0.62 / len(colours)
        for k, colour in enumerate(colours):
            low = lane - 0.31 + k * thickness
            axes.add_patch(
                Rectangle(
                    (from_x, low),
                    max(over - from_x, 0.4),
                    thickness,
                    facecolor=pale(colour, 0.35),
                    edgecolor="none",
                    zorder=2,
                )
            )
        axes.plot(
            [over],
            [lane],
            marker={"broken": "X", "expired": "|"}.get(str(row["status"]), ">"),
            color=INK,
            markeredgecolor=PAPER,
            markersize=7,
            zorder=5,
            clip_on=False,
        )
        if texts:
            named = row["name"] if row["name"] in agreement_names(run.scenario) else ""
            _lane_text(axes, {**_shortened(row, look), "name": named}, lane, from_x, over, start, end)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [str(row["agreement_id"]) for row in rows], fontsize=8)
    axes.spines["left"].set_visible(False)
    if not rows:
        axes.text(0.01, 0.5, "none", transform=axes.transAxes, fontsize=8.5, color=QUIET, va="center")


def _shortened(row: dict[str, Any], look: FactionStyles) -> dict[str, Any]:
    """Return an agreement with the codes of factions in place of parties and breakers whose names are long."""
    parties, breaker = str(row["parties"]), str(row["broken_by"])
    if len(parties) > 2 * LONGEST_NAME:
        parties = " / ".join(party_codes(parties, look)) or parties
    if len(breaker) > LONGEST_NAME:
        breaker = look.code_of.get(breaker, breaker)
    return {**row, "parties": parties, "broken_by": breaker}


def _lane_text(
    axes: Axes, row: dict[str, Any], lane: int, from_x: float, over: float, start: float, end: float
) -> None:
    terms = len([term for term in re.split(r"[,;]", str(row["terms"])) if term.strip() not in ("", "nan")])
    ended = {"broken": f"broken by {row['broken_by']}", "expired": "expired"}.get(str(row["status"]), "still in force")
    parties = [part.strip() for part in re.split(r"[/;]", str(row["parties"]))]
    named = with_name(str(row["name"]), parties, " – ")
    text = f"{named} · {terms} term{'s' * (terms != 1)} · {int(row['days_held'])} d · {ended}"
    share = (over - start) / (end - start)
    right = share < 0.5
    inside = not right and (from_x - start) / (end - start) < 0.35
    x = over if right else from_x
    axes.annotate(
        text[:110], (x, lane), xytext=(8 if right else (5 if inside else -5), 0), textcoords="offset points", fontsize=7.6, va="center",
        ha="left" if right or inside else "right", zorder=7, color=INK, annotation_clip=False,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": PAPER, "alpha": 0.75, "linewidth": 0},
    )  # fmt: skip


def _number(value: Any, otherwise: float) -> float:
    if value is None or value == "" or pd.isna(value):
        return otherwise
    return float(date2num(pd.Timestamp(value).to_pydatetime()))


NARROW_LEFT, NARROW_RIGHT = 0.78, 1.12  # inches: names of rows, and what stands beside the panels
GAP = 0.36
TEXTS_FROM_MM = 170.0  # narrower sheets have no words in the lanes of agreements
MONTH_INCHES = 0.72  # room of "Oct 2018"
KEY_INCHES = 0.95  # height of the key of levels


def timeline_drawn(run: Run, width_mm: float) -> ComparisonFigure:
    """Draw agreements, deaths a week, escalation levels, towns held and changes of holder on one axis of dates."""
    look, rows = look_of(run.scenario), lane_rows(run)
    course = course_of(run, look)
    pairs = course.ladder_pairs()
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    tall = [
        max(1, len(rows)) * (LANE if width_mm >= TEXTS_FROM_MM else 0.17) + 0.06,
        1.1,
        max(0.2 * len(pairs), KEY_INCHES - GAP + 0.05),
        1.5,
        0.25,
    ]
    headings = [
        "Agreements",
        "Deaths a week, by pair",
        "Escalation level, by pair",
        "Towns held",
        f"Changes of holder ({run.summary['changes_of_holder']})",
    ]
    title = "What happened when"
    period = f"{day_text(run.scenario.start)} to {day_text(end_of(run))}"
    line = f"{stamp(run.scenario, run.seed, period)} · {evidence_line(run.scenario)}"
    note = (
        "One run: one course of events that the model allows. Red: evidence ends; grey: an offensive is under way. "
        "Agreements end broken (×), expired (|) or in force (▶)."
    )
    with typography():
        sheet = Sheet(Words(title, note, line), width_mm, sum(tall) + GAP * (len(tall) - 1) + 0.42)
        panels, y = [], 0.2
        for height in tall:
            panels.append(sheet.axes(EDGE + NARROW_LEFT, y, inner - NARROW_LEFT - NARROW_RIGHT, height))
            y += height + GAP
        lanes(panels[0], run, rows, look, texts=width_mm >= TEXTS_FROM_MM)
        deaths(panels[1], run, course, look)
        levels(panels[2], run, course)
        towns(panels[3], run, course, look)
        changes(panels[4], run, look)
        points = type_for(width_mm)
        for panel, heading in zip(panels, headings, strict=True):
            dates(panel, run, labels=panel is panels[-1])
            _months(panel, inner - NARROW_LEFT - NARROW_RIGHT, labels=panel is panels[-1])
            room = 14.0 if panel is panels[-1] else 4.0
            panel.set_title(
                shortened(heading, inner, points.text, bold=True),
                loc="left",
                fontsize=points.text,
                fontweight="bold",
                pad=room,
            )
            panel.tick_params(labelsize=points.small)
    table = run.daily.copy()
    return ComparisonFigure(
        sheet.figure,
        table,
        title,
        f"Agreements, deaths a week, escalation, towns held and changes of holder in one run. {note}",
    )


def _months(axes: Axes, inches: float, labels: bool) -> None:
    """Set so few dates on the axis that they do not touch."""
    first, last = axes.get_xlim()
    months = max((last - first) / 30.44, 0.5)
    every = ceil(months * MONTH_INCHES / inches)
    step = next((n for n in (1, 2, 3, 4, 6, 12) if n >= every), 12)
    axes.xaxis.set_major_locator(MonthLocator(bymonth=np.arange(1, 13, step)))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _p: day_text(num2date(x).date()).split(" ", 1)[1] if labels else "")
    )
