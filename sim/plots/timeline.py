"""The timeline of a run: agreements as swimlanes, deaths a week, escalation levels, towns held and changes of holder.

All panels share one axis of dates; a red line marks the day on which the evidence ends, grey a government's offensive.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator, WeekdayLocator, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.engine.kinds import LEVELS
from sim.plots.state import watched
from sim.plots.style import (
    EVIDENCE_INK, INK, LEVEL_COLOURS, PAPER, QUIET, Look, day_text, evidence_line, look_of, new_figure, pale, put_stamp,
    rgb_of, stamp, typography,
)  # fmt: skip

if TYPE_CHECKING:
    from sim.record.run import Run

WIDTH = 11.0
LANE = 0.30  # inches
MOST_LANES = 16
LEFT, RIGHT = 0.115, 0.865


def timeline(run: Run) -> Figure:
    """Draw the timeline chart of a run."""
    look, agreements = look_of(run.scenario), _agreements(run)
    pairs = fighting_pairs(run, look)
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
        _lanes(panels[0], run, agreements, look)
        _deaths(panels[1], run, pairs, look)
        _levels(panels[2], run, pairs)
        _towns(panels[3], run, look)
        _changes(panels[4], run, look)
        for panel in panels:
            _dates(panel, run, labels=panel is panels[-1])
        _heading(figure, run, panels[0], height)
    return figure


def _heading(figure: Figure, run: Run, top: Axes, height: float) -> None:
    scenario, end = run.scenario, _end(run)
    figure.text(0.015, 1 - 0.40 / height, f"{scenario.title}: what happened when", fontsize=15, fontweight="bold")
    start = date2num(scenario.start)
    if scenario.start <= scenario.evidence_until <= end:
        top.annotate(
            evidence_line(scenario), (date2num(scenario.evidence_until) + 1, 1), xycoords=("data", "axes fraction"), xytext=(3, 4),
            textcoords="offset points", fontsize=8, color=EVIDENCE_INK, va="bottom",
        )  # fmt: skip
    for first, last in offensives(run):
        top.annotate(
            "offensive", (start + first, 1), xycoords=("data", "axes fraction"), xytext=(2, 4 if abs(first - (scenario.evidence_until - scenario.start).days) > 20 else 14),
            textcoords="offset points", fontsize=8, color=QUIET, va="bottom",
        )  # fmt: skip
    put_stamp(figure, scenario, stamp(scenario, run.seed, f"{day_text(scenario.start)} to {day_text(end)}"), y=0.1 / height)


def _end(run: Run) -> date:
    return run.scenario.start + timedelta(days=len(run.control_daily) - 1)


def fighting_pairs(run: Run, look: Look) -> list[tuple[str, str, str]]:
    """Return (code, code, suffix of the daily columns) of the pairs that ever left calm, deadliest first."""
    daily, found = run.daily, []
    for a, b in combinations(look.codes, 2):
        for one, other in ((a, b), (b, a)):
            suffix = f"{one}_{other}"
            if f"level_{suffix}" in daily and (daily[f"level_{suffix}"].max() > 0 or daily[f"deaths_{suffix}"].sum() > 0):
                found.append((a, b, suffix))
    return sorted(found, key=lambda pair: (-float(daily[f"deaths_{pair[2]}"].sum()), pair[2]))


def offensives(run: Run) -> list[tuple[int, int]]:
    """Return first and last day of each stretch in which an offensive was under way."""
    under_way = (run.daily["offensive"].to_numpy() == 2).astype(int)
    steps = np.diff(np.concatenate([[0], under_way, [0]]))
    return [(int(a), int(b)) for a, b in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)]


def _dates(axes: Axes, run: Run, labels: bool) -> None:
    start, end = date2num(run.scenario.start), date2num(_end(run))
    axes.set_xlim(start, end + 0.5)
    for first, last in offensives(run):
        axes.axvspan(start + first, start + last, color="#D9D9D4", alpha=0.55, linewidth=0, zorder=0)
    evidence = date2num(run.scenario.evidence_until) + 1
    if start <= evidence <= end:
        axes.axvline(evidence, color=EVIDENCE_INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=6)
    axes.xaxis.set_major_locator(MonthLocator())
    axes.xaxis.set_minor_locator(WeekdayLocator(byweekday=0))
    axes.xaxis.set_major_formatter(DateFormatter("%-d %b\n%Y") if labels else DateFormatter(""))
    axes.tick_params(which="both", labelsize=8, color=QUIET, length=3)
    axes.tick_params(which="minor", length=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=9.5, fontweight="bold", pad=4)


def _agreements(run: Run) -> list[dict[str, Any]]:
    rows = run.agreements.sort_values(["signed", "agreement_id"]).to_dict("records") if len(run.agreements) else []
    if len(rows) <= MOST_LANES:
        return rows
    longest = sorted(rows, key=lambda row: (-float(row["days_held"]), str(row["agreement_id"])))[:MOST_LANES]
    return [row for row in rows if row in longest]


def _lanes(axes: Axes, run: Run, rows: list[dict[str, Any]], look: Look) -> None:
    left_out = len(run.agreements) - len(rows)
    _title(axes, "Agreements" + (f" (the {len(rows)} that held longest of {len(run.agreements)})" if left_out else ""))
    start, end = date2num(run.scenario.start), date2num(_end(run))
    for lane, row in enumerate(rows):
        signed, over = _number(row["signed"], start), _number(row["ended"], end)
        colours = [look.colour(code) for code in _party_codes(str(row["parties"]), look)] or [QUIET]
        from_x = max(signed, start)
        thickness = 0.62 / len(colours[:2])
        for k, colour in enumerate(colours[:2]):
            low = lane - 0.31 + k * thickness
            axes.add_patch(Rectangle((from_x, low), max(over - from_x, 0.4), thickness, facecolor=pale(colour, 0.35), edgecolor="none", zorder=2))
        axes.plot([over], [lane], marker={"broken": "X", "expired": "|"}.get(str(row["status"]), ">"), color=INK, markeredgecolor=PAPER, markersize=7, zorder=5, clip_on=False)
        _lane_text(axes, row, lane, from_x, over, start, end)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [str(row["agreement_id"]) for row in rows], fontsize=8)
    axes.spines["left"].set_visible(False)
    if not rows:
        axes.text(0.01, 0.5, "none", transform=axes.transAxes, fontsize=8.5, color=QUIET, va="center")


def _lane_text(axes: Axes, row: dict[str, Any], lane: int, from_x: float, over: float, start: float, end: float) -> None:
    terms = len([term for term in re.split(r"[,;]", str(row["terms"])) if term.strip() not in ("", "nan")])
    ended = {"broken": f"broken by {row['broken_by']}", "expired": "expired"}.get(str(row["status"]), "still in force")
    parties = " – ".join(part.strip() for part in re.split(r"[/;]", str(row["parties"])))
    text = f"{parties} · {terms} term{'s' * (terms != 1)} · {int(row['days_held'])} d · {ended}"
    share = (over - start) / (end - start)
    right = share < 0.5
    inside = not right and (from_x - start) / (end - start) < 0.35
    x = over if right else from_x
    axes.annotate(
        text[:110], (x, lane), xytext=(8 if right else (5 if inside else -5), 0), textcoords="offset points", fontsize=7.6, va="center",
        ha="left" if right or inside else "right", zorder=7, color=INK, annotation_clip=False,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": PAPER, "alpha": 0.75, "linewidth": 0},
    )  # fmt: skip


def _party_codes(parties: str, look: Look) -> list[str]:
    sides = re.split(r"\s*(?:/|;|,|\+| and )\s*", parties)
    return list(dict.fromkeys(look.code_of[side] for side in sides if side in look.code_of))


def _number(value: Any, otherwise: float) -> float:
    if value is None or value == "" or pd.isna(value):
        return otherwise
    return float(date2num(pd.Timestamp(value).to_pydatetime()))


def _deaths(axes: Axes, run: Run, pairs: list[tuple[str, str, str]], look: Look) -> None:
    _title(axes, "Deaths a week, both sides, by pair")
    start, days = date2num(run.scenario.start), len(run.daily)
    weeks = np.arange(0, max(days - 1, 1), 7)
    bottom = np.zeros(len(weeks))
    for a, b, suffix in pairs:
        daily = run.daily[f"deaths_{suffix}"].to_numpy(float)[1:]
        weekly = np.array([daily[w : w + 7].sum() for w in weeks])
        widths = np.minimum(7, np.maximum(days - 1 - weeks, 1)) * 0.92
        axes.bar(
            start + weeks, weekly, widths, bottom=bottom, align="edge", facecolor=pale(look.colour(a), 0.1), hatch="///",
            edgecolor=look.colour(b), linewidth=0.8, label=f"{a} – {b}", zorder=2,
        )  # fmt: skip
        bottom += weekly
    axes.set_ylim(0, max(float(bottom.max()) * 1.08, 1.0))
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    if pairs:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False, handlelength=1.6, borderaxespad=0)


def _levels(axes: Axes, run: Run, pairs: list[tuple[str, str, str]]) -> None:
    _title(axes, "Escalation level, by pair")
    start = date2num(run.scenario.start)
    for row, (_a, _b, suffix) in enumerate(pairs):
        levels = run.daily[f"level_{suffix}"].to_numpy(int)[1:]
        edges = np.flatnonzero(np.diff(np.concatenate([[-1], levels, [-1]])))
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            level = int(levels[first])
            axes.add_patch(Rectangle((start + first, row - 0.42), last - first, 0.84, facecolor=LEVEL_COLOURS[level], edgecolor="none", zorder=2))
            if last - first >= 3 and level > 0:
                ink = PAPER if sum(rgb_of(LEVEL_COLOURS[level])) < 330 else INK
                axes.text(start + (first + last) / 2, row, str(level), fontsize=7, ha="center", va="center", color=ink, zorder=3)
    axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(pairs)), [f"{a} – {b}" for a, b, _s in pairs], fontsize=8)
    axes.spines["left"].set_visible(False)
    for level, (name, colour) in enumerate(zip(LEVELS, LEVEL_COLOURS, strict=True)):
        y = 8 - 11 * level
        axes.annotate("■", (1.012, 1), xycoords="axes fraction", xytext=(0, y), textcoords="offset points", fontsize=9, color=colour, va="center")
        short = name.replace("clashes in several places", "several places")
        axes.annotate(f"{level} {short}", (1.012, 1), xycoords="axes fraction", xytext=(11, y), textcoords="offset points", fontsize=7.2, va="center")


def _towns(axes: Axes, run: Run, look: Look) -> None:
    _title(axes, "Towns held")
    start = date2num(run.scenario.start)
    days = np.arange(len(run.daily))
    markers = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "pentagon": "p", "inverted": "v", "hexagon": "H", "cross": "P"}
    ends: list[tuple[float, str]] = []
    for code in look.codes:
        held = run.daily[f"{code}_towns"].to_numpy(float)
        if held.max() == 0:
            continue
        axes.step(
            start + days, held, where="post", color=look.colour(code), linewidth=1.8, marker=markers[look.shapes[code]], markersize=4.5,
            markevery=max(1, len(days) // 8), markeredgecolor=PAPER, markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
        ends.append((float(held[-1]), code))
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.6)
    axes.set_axisbelow(True)
    top = axes.get_ylim()[1]
    spread = spaced([value for value, _code in ends], 0.085 * top)
    for (value, code), y in zip(ends, spread, strict=True):
        axes.annotate(
            f"{look.names[code]} {int(value)}", (1.012, y), xycoords=("axes fraction", "data"), fontsize=8, va="center",
            color=_dark(look.colour(code)), fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def spaced(values: list[float], gap: float) -> list[float]:
    """Return the values moved apart upwards, in their order, so that none is nearer than `gap` to another."""
    result, last = [0.0] * len(values), -np.inf
    for i in sorted(range(len(values)), key=lambda i: (values[i], i)):
        last = max(values[i], last + gap)
        result[i] = float(last)
    return result


def _dark(colour: str) -> str:
    return "#{:02X}{:02X}{:02X}".format(*(int(v * 0.72) for v in rgb_of(colour)))


def _changes(axes: Axes, run: Run, look: Look) -> None:
    title = f"Changes of holder ({len(run.control_changes)}), in the new holder's colour; watched towns named"
    axes.set_title(title, loc="left", fontsize=9.5, fontweight="bold", pad=14)
    start = date2num(run.scenario.start)
    named, free_after = watched(run), -np.inf
    rows = run.control_changes.sort_values("day", kind="stable").to_dict("records") if len(run.control_changes) else []
    for row in rows:
        x = start + float(row["day"]) + 0.5
        colour = look.colour(str(row["to"]))
        axes.plot([x, x], [0, 1], color=QUIET if colour.upper() == "#FFFFFF" else colour, linewidth=1.6, solid_capstyle="butt", alpha=0.85, zorder=3)
        if row["town"] in named and x > free_after:
            text = f"{str(row['town']).split(' (')[0]} → {row['to']}"
            axes.annotate(text, (x, 1), xytext=(1, 1), textcoords="offset points", fontsize=7, ha="left", va="bottom", annotation_clip=False)
            free_after = x + 0.0105 * len(text) * (len(run.daily))
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
