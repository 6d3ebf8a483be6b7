"""The picture of an audit: a row a claim, with its estimate as stated and under each change, and what is expected."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim import __version__
from sim.files import write_whole
from sim.plots.style import (
    INK,
    OKABE_ITO,
    QUIET,
    new_figure,
    pale,
    png_bytes,
    put_stamp,
    svg_bytes,
    typography,
)
from sim.study.plan import Plan
from sim.text import day_text
from sim.validation.audit import SURE, Audited, expected_text, quantity_text, reason_text
from sim.validation.audit_studies import CHANGES, STATED, Estimate

ROW_INCHES = 1.5
WIDTH_INCHES = 11.0
MARKERS = dict(zip((change.name for change in CHANGES), "osD^<>", strict=True))
EXPECTED = pale(OKABE_ITO[3], 0.78)
VERDICT_INK = {
    "holds": OKABE_ITO[3],
    "shifts": OKABE_ITO[0],
    "not resolved": QUIET,
    "fragile": OKABE_ITO[2],
    "not supported": OKABE_ITO[2],
}
MARGIN = 0.12  # of the span of the numbers, on both sides


def audit_figure(results: Sequence[Audited], title: str, plan: Plan) -> Figure:
    """Return the picture; each claim has an axis of its own, as units differ.

    Args:
        results: the claims with their estimates.
        title: title of the file of claims.
        plan: a study of the audit, whose scenario gives the days and the end of the evidence in the stamp.
    """
    height = ROW_INCHES * len(results) + 1.9
    with typography():
        figure = new_figure(WIDTH_INCHES, height)
        grid = figure.add_gridspec(
            len(results), 1, left=0.47, right=0.97, top=1 - 1.05 / height, bottom=0.85 / height, hspace=0.75
        )
        for row, result in enumerate(results):
            axes = figure.add_subplot(grid[row, 0])
            _panel(axes, result)
            _words(figure, axes, result)
        _head(figure, title, height)
        put_stamp(figure, next(iter(plan.scenarios.values())).scenario, _stamp(results, plan))
    return figure


def _panel(axes: Axes, result: Audited) -> None:
    """Draw the range that is expected, and a point with its interval for the statement and each change."""
    low, high = _limits(result)
    axes.set_xlim(low, high)
    axes.set_ylim(len(result.estimates) - 0.4, -0.6)
    expected = result.claim.expected
    inside = (SURE, high) if expected is None else (max(expected.low, low), min(expected.high, high))
    axes.axvspan(*inside, color=EXPECTED, lw=0, zorder=0)
    if result.claim.kind == "difference" and low < 0 < high:
        axes.axvline(0, color=QUIET, lw=0.8, zorder=1)
    for y, estimate in enumerate(result.estimates):
        _point(axes, y, estimate, estimate.change in result.broken_by)
    axes.set_yticks([])
    axes.tick_params(labelsize=7)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(quantity_text(result.claim), fontsize=7, color=QUIET, labelpad=1.5)


def _point(axes: Axes, y: int, estimate: Estimate, breaks: bool) -> None:
    if math.isnan(estimate.value):
        axes.text(0.5, y, "no run gives it", fontsize=7, transform=axes.get_yaxis_transform(), va="center")
        return
    colour = OKABE_ITO[2] if breaks else INK
    if not math.isnan(estimate.low):
        axes.plot([estimate.low, estimate.high], [y, y], color=colour, lw=1.2, zorder=2, solid_capstyle="butt")
    face = colour if estimate.change == STATED else "white"
    axes.plot([estimate.value], [y], MARKERS[estimate.change], ms=5, mfc=face, mec=colour, zorder=3, clip_on=False)


def _limits(result: Audited) -> tuple[float, float]:
    """Return the ends of an axis: all intervals, zero for a difference, the ends of what is expected, and a margin."""
    if result.claim.kind == "pattern":
        return -0.03, 1.03
    claim = result.claim
    numbers = [
        value
        for estimate in result.estimates
        for value in (estimate.value, estimate.low, estimate.high)
        if math.isfinite(value)
    ]
    numbers += [0.0] if claim.kind == "difference" or not numbers else []
    if claim.expected is not None:
        numbers += [end for end in (claim.expected.low, claim.expected.high) if math.isfinite(end)]
    span = max(numbers) - min(numbers) or 1.0
    return min(numbers) - MARGIN * span, max(numbers) + MARGIN * span


def _words(figure: Figure, axes: Axes, result: Audited) -> None:
    """Write id, sentence, verdict and its reason to the left of a row."""
    box = axes.get_position()
    inch = 1 / figure.get_figheight()
    top = box.y1 + 0.1 * inch
    sentence = textwrap.wrap(result.claim.sentence, 74)[:3]
    reason = textwrap.wrap(reason_text(result), 74)[:3]
    figure.text(0.02, top, result.name, fontsize=8.5, fontweight="bold", va="top")
    figure.text(
        0.43,
        top,
        result.verdict,
        fontsize=8.5,
        fontweight="bold",
        va="top",
        ha="right",
        color=VERDICT_INK[result.verdict],
    )
    figure.text(0.02, top - 0.19 * inch, "\n".join(sentence), fontsize=7.5, va="top", linespacing=1.3)
    below = top - (0.24 + 0.145 * len(sentence)) * inch
    lines = [f"expected: {expected_text(result.claim)} ({result.claim.page})", *reason]
    figure.text(0.02, below, "\n".join(lines), fontsize=7, va="top", color=QUIET, linespacing=1.3)


def _head(figure: Figure, title: str, height: float) -> None:
    inch = 1 / height
    figure.text(0.02, 1 - 0.15 * inch, title, fontsize=13, fontweight="bold", va="top")
    marks: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            marker=MARKERS[change.name],
            ls="",
            ms=5,
            mec=INK,
            mfc=INK if change.name == STATED else "white",
            label=change.words,
        )
        for change in CHANGES
    ]
    marks += [Patch(color=EXPECTED, label="expected")]
    figure.legend(
        handles=marks, ncols=4, fontsize=7.5, frameon=False, loc="upper left", borderaxespad=0, borderpad=0,
        bbox_to_anchor=(0.02, 1 - 0.48 * inch), handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip


def _stamp(results: Sequence[Audited], plan: Plan) -> str:
    scenario = next(iter(plan.scenarios.values())).scenario
    runs = sum(estimate.runs for result in results for estimate in result.estimates)
    first, last = day_text(scenario.start), day_text(scenario.start + timedelta(days=scenario.days - 1))
    parts = ["SIMULATED", "95 % intervals", f"{runs:,} runs or pairs of runs", f"first claim {first} to {last}"]
    return " · ".join([*parts, f"sim {__version__}"])


def draw_audit(results: Sequence[Audited], title: str, plan: Plan, folder: Path) -> list[Path]:
    """Write the picture as PNG and SVG into a folder; return the files."""
    figure = audit_figure(results, title, plan)
    return [write_whole(folder / "audit.png", png_bytes(figure)), write_whole(folder / "audit.svg", svg_bytes(figure))]
