"""The picture of a validation: a column a theatre, with its patterns beside nulls above and its forecasts beside baselines below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim import __version__
from sim.files import write_whole
from sim.plots.style import INK, OKABE_ITO, QUIET, new_figure, pale, png_bytes, put_stamp, svg_bytes, typography
from sim.study.plan import Plan
from sim.text import plural
from sim.validation.theatres import BESIDE, MEASURES, PatternRow, ScoreRow, Validated

WIDTH, ROW, HEAD, FOOT, GAP = (
    6.6,
    0.235,
    1.25,
    1.35,
    1.15,
)  # inches: of a theatre, of a row, above, below, between the panels
TITLE_LETTERS = 54
COLUMNS = {"model": "model", "hawkes": "Hawkes", "two_level": "two-level", "poisson": "Poisson"}
GOOD, BAD = OKABE_ITO[3], OKABE_ITO[2]
RIVALS = {
    "conflictology": ("Conflictology", "s"), "base_rate": ("base rate", "D"), "hawkes": ("Hawkes", "^"), "two_level_hawkes": ("two-level Hawkes", "v"),
}  # fmt: skip
LEAST, MOST = -1.0, 0.6  # of the axis of skill
UNSEEN = "†"
PASSED_BY = {"none": "no null", "bursts": "bursts alone", "chance": "chance", "unable": "no null can"}


def validation_figure(theatres: Sequence[Validated], plans: Sequence[Plan], quick: bool) -> Figure:
    """Return the sheet.

    Args:
        theatres: the tables.
        plans: a study of each theatre, of which the latest end of the evidence is stamped.
        quick: whether it is of few runs, which the stamp then says.
    """
    height = HEAD + GAP + FOOT + ROW * max(len(one.patterns) + len(shown(one.scores)) for one in theatres)
    width = WIDTH * len(theatres)
    with typography():
        figure = new_figure(width, height)
        for column, theatre in enumerate(theatres):
            left = (column + 0.47) / len(theatres)
            across = 0.5 / len(theatres)
            top = 1 - HEAD / height
            _head(figure, theatre, column / len(theatres) + 0.02 / len(theatres), height)
            if theatre.patterns:
                high = ROW * len(theatre.patterns) / height
                _patterns(figure.add_axes((left, top - high, across, high)), theatre.patterns)
            rows = shown(theatre.scores)
            if rows:
                high = ROW * len(rows) / height
                upper = top - (ROW * len(theatre.patterns) + GAP) / height
                _skills(figure.add_axes((left, upper - high, across, high)), rows)
        _legend(figure, height)
        latest = max(plans, key=lambda plan: next(iter(plan.scenarios.values())).scenario.evidence_until)
        put_stamp(figure, next(iter(latest.scenarios.values())).scenario, _stamp(theatres, quick))
    return figure


def shown(scores: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Return the scores that are drawn: those whose best baseline is not perfect, so that a ratio can be had."""
    return [row for row in scores if row.baselines[row.best] > 0 and row.measure in MEASURES]


def _head(figure: Figure, theatre: Validated, x: float, height: float) -> None:
    inch = 1 / height
    passed = (
        f"{len(theatre.passed)} of {plural(len(theatre.patterns), 'pattern')} pass"
        if theatre.patterns
        else "no pattern is declared"
    )
    alone, unable = (sum(row.passed_by == kind for row in theatre.passed) for kind in ("none", "unable"))
    title = textwrap.wrap(theatre.title, 74)[:2]
    figure.text(x, 1 - 0.15 * inch, "\n".join(title), fontsize=11, fontweight="bold", va="top", linespacing=1.25)
    passed += f": {alone} that no null passes, {unable} that no null can give"
    words = f"{passed}; {plural(theatre.runs, 'run')}; evidence to {theatre.evidence_until}"
    figure.text(x, 1 - (0.25 + 0.2 * len(title)) * inch, words, fontsize=8.5, color=QUIET, va="top")


def _patterns(axes: Axes, rows: Sequence[PatternRow]) -> None:
    """Draw a dot for the verdict on the runs and on each null, a row a pattern."""
    axes.set_xlim(-0.6, len(COLUMNS) + 0.9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for y, row in enumerate(rows):
        if row.weight == "mandatory":
            axes.axhspan(y - 0.5, y + 0.5, color=pale(OKABE_ITO[1], 0.85), lw=0)
        for x, name in enumerate(COLUMNS):
            verdict = row.verdict if name == "model" else row.nulls.get(name, "none")
            _dot(axes, x, y, verdict)
        words = PASSED_BY[row.passed_by] if row.verdict == "pass" else ""
        axes.text(
            len(COLUMNS) - 0.45, y, words + (f" {UNSEEN}" if row.unseen_in else ""), fontsize=7, va="center", color=INK
        )
    labels = [textwrap.shorten(f"{row.pattern}  {row.title}", TITLE_LETTERS, placeholder=" ...") for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=7.5)
    axes.set_xticks([*range(len(COLUMNS)), len(COLUMNS) + 0.1], [*COLUMNS.values(), "passed by"], fontsize=7.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _dot(axes: Axes, x: float, y: float, verdict: str) -> None:
    if verdict in ("pass", "fail"):
        colour = GOOD if verdict == "pass" else BAD
        marker = "o" if verdict == "pass" else "x"
        axes.plot([x], [y], marker, ms=6 if verdict == "pass" else 5, mfc=colour, mec=colour, mew=1.4, clip_on=False)
    else:
        axes.text(x, y, "–", ha="center", va="center", color=QUIET, fontsize=8)


def _skills(axes: Axes, rows: Sequence[ScoreRow]) -> None:
    """Draw how much lower the model's score is than that of each baseline, as a share of it; the best with its standard error."""
    axes.set_xlim(LEAST, MOST)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvspan(0, MOST, color=pale(GOOD, 0.9), lw=0)
    axes.axvline(0, color=INK, lw=0.9)
    for y, row in enumerate(rows):
        if y and rows[y - 1].study != row.study:
            axes.axhline(y - 0.5, color=QUIET, lw=0.5)
        for name in BESIDE:
            score = row.baselines.get(name, math.nan)
            if name != row.best and math.isfinite(score) and score > 0:
                axes.plot(
                    [_inside(1 - row.model / score)],
                    [y],
                    RIVALS[name][1],
                    ms=4.5,
                    mfc="white",
                    mec=QUIET,
                    clip_on=False,
                )
        best = row.baselines[row.best]
        skill, error = row.gain / best, 0.0 if math.isnan(row.error) else row.error / best
        colour = GOOD if skill > 0 else BAD
        axes.plot([_inside(skill - error), _inside(skill + error)], [y, y], color=colour, lw=1.6)
        axes.plot(
            [_inside(skill)],
            [y],
            RIVALS.get(row.best, ("", "o"))[1],
            ms=5.5,
            mfc=colour,
            mec=colour,
            clip_on=False,
            zorder=4,
        )
    labels = [
        f"{textwrap.shorten(row.study, 30, placeholder='...')}: {MEASURES[row.measure].split(',')[0]}" for row in rows
    ]
    axes.set_yticks(range(len(rows)), labels, fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.set_xticks([-1, -0.5, 0, 0.5], ["-100 %\nor less", "-50 %", "equal", "+50 %"])
    axes.set_title("Model against baselines: score lower by", fontsize=8.5, loc="left", fontweight="bold")
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _inside(value: float) -> float:
    return min(max(value, LEAST), MOST)


def _legend(figure: Figure, height: float) -> None:
    marks = [
        Line2D([], [], marker="o", ls="", ms=6, mfc=GOOD, mec=GOOD, label="passes"),
        Line2D([], [], marker="x", ls="", ms=5, mec=BAD, mew=1.4, label="fails"),
        Line2D([], [], marker="_", ls="", ms=6, mec=QUIET, mew=1.2, label="cannot be had"),
        Line2D([], [], marker="s", ls="", ms=6, mfc=pale(OKABE_ITO[1], 0.85), mec="none", label="mandatory pattern"),
    ]
    marks += [
        Line2D([], [], marker=marker, ls="", ms=5, mfc="white", mec=QUIET, label=name)
        for name, marker in RIVALS.values()
    ]
    marks += [
        Line2D(
            [], [], marker="o", ls="-", lw=1.6, ms=5, color=GOOD, label="best baseline and standard error, model better"
        ),
        Line2D(
            [],
            [],
            marker="o",
            ls="-",
            lw=1.6,
            ms=5,
            color=BAD,
            label="the same, model worse (a circle: another baseline)",
        ),
    ]
    figure.legend(
        handles=marks, ncols=5, fontsize=7, frameon=False, loc="lower left", borderaxespad=0, borderpad=0,
        bbox_to_anchor=(0.012, 0.5 / height), handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip
    note = f"{UNSEEN} a burst process without actors passes too, and the other theatre's record shows no contagion within half-years"
    figure.text(0.012, 0.27 / height, note, fontsize=7, color=QUIET, va="bottom")


def _stamp(theatres: Sequence[Validated], quick: bool) -> str:
    few = ["QUICK: few runs"] if quick else []
    names = ", ".join(one.name for one in theatres)
    return " · ".join(["SIMULATED", *few, f"validation of {names}", f"sim {__version__}"])


def draw_validation(theatres: Sequence[Validated], plans: Sequence[Plan], quick: bool, folder: Path) -> list[Path]:
    """Write the sheet as PNG and SVG into a folder; return the files."""
    figure = validation_figure(theatres, plans, quick)
    return [
        write_whole(folder / "validate.png", png_bytes(figure)),
        write_whole(folder / "validate.svg", svg_bytes(figure)),
    ]
