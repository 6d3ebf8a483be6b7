"""The timeline of a run laid out for a width on paper."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import MonthLocator, num2date
from matplotlib.ticker import FuncFormatter

from sim.plots.compare.drawn import Drawn
from sim.plots.compare.sheet import EDGE, MM_PER_INCH, Sheet, Words, shortened, type_for
from sim.plots.panels import changes, deaths, fighting_pairs, levels, towns
from sim.plots.style import day_text, evidence_line, look_of, stamp, typography
from sim.plots.timeline import LANE, dates, end_of, lane_rows, lanes

if TYPE_CHECKING:
    from sim.record.run import Run

LEFT, RIGHT = 0.78, 1.12  # inches: names of rows, and what stands beside the panels
GAP = 0.36
TEXTS_FROM_MM = 170.0  # narrower sheets have no words in the lanes of agreements
MONTH_INCHES = 0.72  # room of "Oct 2018"
KEY_INCHES = 0.95  # height of the key of levels


def timeline_drawn(run: Run, width_mm: float) -> Drawn:
    """Draw agreements, deaths a week, escalation levels, towns held and changes of holder on one axis of dates."""
    look, rows = look_of(run.scenario), lane_rows(run)
    pairs = fighting_pairs(run, look)
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
        f"Changes of holder ({len(run.control_changes)})",
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
            panels.append(sheet.axes(EDGE + LEFT, y, inner - LEFT - RIGHT, height))
            y += height + GAP
        lanes(panels[0], run, rows, look, texts=width_mm >= TEXTS_FROM_MM)
        deaths(panels[1], run, pairs, look)
        levels(panels[2], run, pairs)
        towns(panels[3], run, look)
        changes(panels[4], run, look)
        points = type_for(width_mm)
        for panel, heading in zip(panels, headings, strict=True):
            dates(panel, run, labels=panel is panels[-1])
            _months(panel, inner - LEFT - RIGHT, labels=panel is panels[-1])
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
    return Drawn(
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
