"""Figure of a rolling hindcast: each origin's weeks ahead, the model's bands and the Hawkes process's, and what was observed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim import __version__
from sim.history.rolling import Summary
from sim.plots.compare.drawn import Drawn
from sim.plots.compare.grid import Grid
from sim.plots.compare.look import Line
from sim.plots.compare.sheet import Mark, Sheet, Symbol, Words
from sim.plots.scores import RIVAL, SHADES
from sim.plots.style import EVIDENCE_INK, INK, day_text, outline, pale, typography

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_MM = 190.0


def rolling_figure(table: pd.DataFrame, found: Summary, stamp: str) -> Drawn:
    """Draw all origins, a panel each."""
    origins = list(table["origin"].unique())
    titles = [f"from {day_text(pd.Timestamp(origin).date())}" for origin in origins]
    grid = Grid(WIDTH_MM, titles, 1.0, 1.0, left=0.3, bottom=0.3)
    key = [
        Mark("model, median", Line(INK, "-", 1.5)),
        Mark("50%", fill=pale(INK, SHADES[0])),
        Mark("90% of runs", fill=pale(INK, SHADES[1])),
        Mark("Hawkes process fitted to what came before, median and 90%", Line(RIVAL, (0, (4, 1.6)), 1.1)),
        Mark("observed", symbols=(Symbol(outline("diamond"), 3.2, EVIDENCE_INK),)),
    ]
    note = (
        f"Lethal events among rebels in weeks 1 to 4 after each origin. Mean CRPS over {found.weeks} weeks: model "
        f"{found.model:.3g}, Hawkes {found.hawkes:.3g} (lower is better). The model's forecast is made by the runs most like the "
        "record before the origin. Square-root scale."
    )
    title = "Rolling hindcast: events a week foreseen and observed"
    columns = [f"{name}_{end}" for name in ("model", "hawkes") for end in ("high_90",)]
    top = max(float(table[[*columns, "observed"]].to_numpy().max()), 1.0)
    with typography():
        sheet = Sheet(Words(title, note, stamp), WIDTH_MM, grid.body, key)
        for axes, origin in zip(grid.panels(sheet), origins, strict=True):
            _panel(axes, table[table["origin"] == origin], top)
    return Drawn(sheet.figure, table, title, note)


def stamp_of(study: str, runs: int, until: date, evidence: date) -> str:
    """Return the provenance line: `until` is the record's last day, `evidence` the last day that scenarios were made from."""
    ends = f"record to {day_text(until)} · evidence ends {day_text(evidence)}"
    return f"SIMULATED · {study} · {runs} runs or more an origin · sim {__version__} · {ends}"


def _panel(axes: Axes, part: pd.DataFrame, top: float) -> None:
    x = part["weeks_ahead"].to_numpy(dtype=float)
    axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    for level, shade in (("90", SHADES[1]), ("50", SHADES[0])):
        low, high = (part[f"model_{end}_{level}"].to_numpy() for end in ("low", "high"))
        axes.bar(x, np.maximum(high - low, 0.02), 0.86, bottom=low, color=pale(INK, shade), linewidth=0, zorder=2)
    axes.hlines(part["model_median"], x - 0.43, x + 0.43, color=INK, linewidth=1.5, zorder=4)
    for column in ("hawkes_low_90", "hawkes_median", "hawkes_high_90"):
        axes.hlines(part[column], x - 0.43, x + 0.43, color=RIVAL, linewidth=1.0, linestyle=(0, (4, 1.6)), zorder=5)
    axes.scatter(
        x,
        part["observed"],
        marker="D",
        s=20,
        color=EVIDENCE_INK,
        edgecolors="white",
        linewidths=0.6,
        zorder=6,
        clip_on=False,
    )
    axes.set_xticks([1, 2, 3, 4][: max(1, int(x.max()))])
    axes.set_xlim(0.4, max(4.6, x.max() + 0.6))
    ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 50, 100) if tick <= top]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.set_ylim(0, 1.08 * top)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
