"""Figures of a calibration: prior and posterior, runs of the posterior against the record, correlations, recovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim import __version__
from sim.plots.comparison.sheet import shortened
from sim.plots.style import EVIDENCE_INK, INK, PAPER, QUIET, new_figure, png_bytes, put_stamp, typography
from sim.text import day_text
from sim.validation.posterior import CalibrationResult, correlations, influence, predictive
from sim.validation.rejection_abc import BINS

if TYPE_CHECKING:
    import pandas as pd

PRIOR, POSTERIOR, ACCEPTED = "#B5BAC1", "#0072B2", "#E3EFE6"
COLUMNS = 4
BARS = 12
FARTHEST = 4.0  # half-widths of a tolerance that the figure of predictions shows
SHARED = "share of the prior's range"


def figures(fitted: CalibrationResult) -> dict[str, bytes]:
    """Return every figure as PNG by name."""
    drawn: dict[str, Callable[[CalibrationResult], Figure]] = {
        "posterior": posterior_figure,
        "predictive": predictive_figure,
        "correlations": correlation_figure,
        "influence": influence_figure,
    }
    if fitted.recovery is not None:
        drawn |= {"recovery": recovery_figure, "ranks": rank_figure}
    pictures = {}
    with typography():
        for name, draw in drawn.items():
            figure = draw(fitted)
            _stamp(figure, fitted)
            pictures[name] = png_bytes(figure)
    return pictures


def short(path: str) -> str:
    """Return an input's path as words for a small panel: "spread: delay days", "League: aggressiveness"."""
    parts = [part for part in path.removeprefix("rules.").split(".") if part != "doctrine"]
    return f"{': '.join(parts[-2:])}".replace("_", " ")


def _stamp(figure: Figure, fitted: CalibrationResult) -> None:
    scenario, definition = fitted.plan.loaded.scenario, fitted.plan.definition
    runs = f"{len(fitted.kept.rows)} of {definition.draws} draws kept"
    put_stamp(
        figure,
        scenario,
        f"SIMULATED · {scenario.title} · {runs} · sim {__version__} · {scenario.days} days from {day_text(scenario.start)}",
    )


def _panels(count: int, title: str, note: str, tall: float = 1.55) -> tuple[Figure, list[Axes]]:
    """Return a figure of small panels, with a title and a note above them."""
    rows = -(-count // COLUMNS)
    height = 1.4 + rows * tall
    figure = new_figure(10, height)
    _title(figure, title, note, height)
    grid = figure.add_gridspec(
        rows, COLUMNS, left=0.045, right=0.985, top=1 - 0.95 / height, bottom=0.72 / height, hspace=0.85, wspace=0.22
    )
    return figure, [_plain(figure.add_subplot(grid[i // COLUMNS, i % COLUMNS])) for i in range(count)]


def _title(figure: Figure, title: str, note: str, height: float) -> None:
    figure.text(0.015, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=INK, va="top")
    figure.text(0.015, 1 - 0.38 / height, note, fontsize=8, color=QUIET, va="top")


def _plain(axes: Axes) -> Axes:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=7, colors=INK, length=2)
    return axes


def posterior_figure(fitted: CalibrationResult) -> Figure:
    """Draw prior and posterior of each fitted input."""
    space = fitted.plan.space
    figure, panels = _panels(
        space.fitted,
        "Prior and posterior",
        "Grey: prior, over the input's cited range. Blue: draws kept. Line: their median. Black mark: the value of single runs."
        + (" Thin line: draws of the last wave." if fitted.plan.definition.waves > 1 else ""),
    )
    inputs = fitted.plan.loaded.scenario
    best = _best(inputs)
    for index, axes in enumerate(panels):
        path, edges = space.paths[index], _edges(fitted, index)
        axes.stairs(np.full(BARS, 1 / BARS), edges, fill=True, color=PRIOR)
        axes.hist(fitted.values[:, index], bins=edges, weights=_parts(len(fitted.values)), color=POSTERIOR, alpha=0.62)
        if fitted.plan.definition.waves > 1:
            drawn = np.histogram(fitted.runs.points[:, index], bins=edges)[0] / len(fitted.runs.points)
            axes.stairs(drawn, edges, color=INK, lw=0.7, baseline=None)
        axes.axvline(float(np.median(fitted.values[:, index])), color=POSTERIOR, lw=1.4)
        axes.plot([best[path]], [0], marker="^", color=INK, ms=5, clip_on=False, zorder=5)
        if space.log[index]:
            axes.set_xscale("log")
            axes.minorticks_off()
            axes.set_xticks([space.low[index], np.sqrt(space.low[index] * space.high[index]), space.high[index]])
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        axes.set_yticks([])
        axes.set_title(short(path), fontsize=8, loc="left", color=INK)
        axes.set_xlabel(shortened(space.units[index], 2.2, 6.5), fontsize=6.5, color=QUIET, labelpad=1)
    return figure


def _best(scenario: Any) -> dict[str, float]:
    from sim.scenario.fields import inputs_of

    return {path: quantity.best for path, quantity in inputs_of(scenario).items()}


def _parts(count: int) -> np.ndarray:
    return np.full(count, 1 / max(count, 1))


def _edges(fitted: CalibrationResult, index: int) -> np.ndarray:
    """Return the edges of the bars of an input, even on the scale of its prior."""
    space = fitted.plan.space
    shares = np.full((BARS + 1, len(space.paths)), 0.5)
    shares[:, index] = np.linspace(0, 1, BARS + 1)
    return np.asarray(space.values(shares)[:, index])


def predictive_figure(fitted: CalibrationResult) -> Figure:
    """Draw each figure's runs of prior and posterior against the record, in half-widths of its tolerance."""
    table = predictive(fitted)
    height = 1.6 + 0.24 * len(table)
    figure = new_figure(10, height)
    note = (
        "Green: accepted. Bars: 90 % of runs, dot: median; grey the draws of the last wave, blue fresh runs of the posterior. Red: observed in this window.\n"
        f"Half-widths of the declared tolerance from its middle, cut at {FARTHEST:g}; numbers: median of the posterior's runs, and observed."
    )
    _title(figure, "What the posterior predicts", note, height)
    axes = _plain(figure.add_axes((0.27, 0.62 / height, 0.57, 1 - 1.5 / height)))
    axes.axvspan(-1, 1, color=ACCEPTED, lw=0)
    for row, line in enumerate(table.itertuples(index=False)):
        _predicted(axes, len(table) - 1 - row, line)
    axes.set_xlim(-FARTHEST - 0.1, FARTHEST + 0.1)
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.set_yticks(range(len(table)), [name.replace("_", " ") for name in table["figure"]][::-1], fontsize=7.5)
    axes.set_xlabel("half-widths of the tolerance", fontsize=8, color=INK)
    return figure


def _predicted(axes: Axes, y: int, line: Any) -> None:
    middle, half = (line.accept_low + line.accept_high) / 2, (line.accept_high - line.accept_low) / 2

    def at(value: float) -> float:
        return float(np.clip((value - middle) / half, -FARTHEST, FARTHEST))

    for (low, median, high), colour, up, width in (
        ((line.prior_low, line.prior_median, line.prior_high), PRIOR, 0.17, 2.2),
        ((line.posterior_low, line.posterior_median, line.posterior_high), POSTERIOR, -0.13, 3.2),
    ):
        if not np.isnan(median):
            axes.plot([at(low), at(high)], [y + up] * 2, color=colour, lw=width, solid_capstyle="butt")
            axes.plot([at(median)], [y + up], "o", color=colour, ms=4.5, mec=PAPER, mew=0.6)
    axes.plot([at(line.observed)], [y], "D", color=EVIDENCE_INK, ms=4.5, mec=PAPER, mew=0.6, zorder=5)
    label = f"{line.posterior_median:.3g}   ({line.observed:.3g})"
    axes.text(1.02, y, label, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center", color=INK)


def correlation_figure(fitted: CalibrationResult) -> Figure:
    """Draw how the fitted inputs go together in the posterior."""
    table = correlations(fitted)
    note = "Rank correlation over the draws kept: inputs of strong colour stand in for one another, so that neither is told alone."
    return _heat(table, "Inputs that go together in the posterior", note, numbers=True, wide=8.6)


def influence_figure(fitted: CalibrationResult) -> Figure:
    """Draw which input moves which figure over the prior."""
    note = (
        "Rank correlation over all draws of the prior: a row without colour is an input that these figures cannot tell."
    )
    return _heat(influence(fitted), "Which input moves which figure", note, numbers=False, wide=10)


def _heat(table: pd.DataFrame, title: str, note: str, numbers: bool, wide: float) -> Figure:
    below = 1.9 if numbers else 1.6  # inches for the names across
    height = 0.75 + below + 0.27 * len(table)
    figure = new_figure(wide, height)
    _title(figure, title, note, height)
    axes = figure.add_axes((0.31, below / height, 0.6, 1 - (below + 0.65) / height))
    values = table.to_numpy(dtype=float)
    image = axes.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axes.set_yticks(range(len(table)), [short(name) for name in table.index], fontsize=7.5)
    axes.set_xticks(
        range(table.shape[1]),
        [short(name) for name in table.columns],
        fontsize=7,
        rotation=55,
        ha="right",
        rotation_mode="anchor",
    )
    axes.tick_params(length=0)
    for row, column in np.ndindex(values.shape) if numbers else ():
        if row != column:
            shade = PAPER if abs(values[row, column]) > 0.6 else INK
            axes.text(column, row, f"{values[row, column]:.2f}", fontsize=6.5, ha="center", va="center", color=shade)
    bar = figure.colorbar(image, cax=figure.add_axes((0.93, below / height, 0.015, 1 - (below + 0.65) / height)))
    bar.ax.tick_params(labelsize=7)
    return figure


def recovery_figure(fitted: CalibrationResult) -> Figure:
    """Draw synthetic truths against what the fit made of them."""
    recovery, space = fitted.recovery, fitted.plan.space
    assert recovery is not None
    note = (
        f"{len(recovery.truth)} truths drawn from the prior, one run of each fitted as if observed: truth across, posterior mean up, both as "
        f"{SHARED}.\nOn the diagonal the data tell the input; a level cloud says that they do not. Coverage: 90 % intervals that hold the truth."
    )
    figure, panels = _panels(space.fitted, "Recovery of known inputs", note, tall=1.9)
    for index, axes in enumerate(panels):
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8)
        axes.plot(recovery.truth[:, index], recovery.centre[:, index], "o", color=POSTERIOR, ms=2.4, alpha=0.6, mew=0)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_title(short(space.paths[index]), fontsize=8, loc="left", color=INK)
        axes.set_xlabel(
            f"r {recovery.correlation[index]:.2f}, coverage {recovery.coverage[index]:.0%}", fontsize=7, labelpad=1
        )
    return figure


def rank_figure(fitted: CalibrationResult) -> Figure:
    """Draw the ranks of synthetic truths among the draws kept for them."""
    from scipy.stats import binom

    recovery, space = fitted.recovery, fitted.plan.space
    assert recovery is not None
    low, high = binom.ppf([0.025, 0.975], len(recovery.truth), 1 / BINS)
    note = (
        "Rank of each truth among the draws kept for it; an honest fit has them even. Grey: where 95 % of even bars lie. "
        "A hump says\nthat the fit is less sure than it might be, a valley that it is too sure, a slope that it is off to one side."
    )
    figure, panels = _panels(space.fitted, "Ranks of known inputs", note)
    for index, axes in enumerate(panels):
        axes.axhspan(float(low), float(high), color="#E8EAED", lw=0)
        axes.bar((np.arange(BINS) + 0.5) / BINS, recovery.counts[index], width=0.9 / BINS, color=POSTERIOR, alpha=0.75)
        axes.set_xlim(0, 1)
        axes.set_title(short(space.paths[index]), fontsize=8, loc="left", color=INK)
        axes.set_xlabel(f"chi-square p {recovery.uniform[index]:.2g}", fontsize=7, labelpad=1)
    return figure
