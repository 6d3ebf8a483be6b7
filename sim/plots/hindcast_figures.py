"""Figures of the rolling hindcast: the forecasts of each origin, where the model gains, and what its weeks can show."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim import __version__
from sim.plots.comparison.figure import ComparisonFigure, Grid
from sim.plots.comparison.sheet import EDGE, LineStyle, Mark, Sheet, Symbol, Words
from sim.plots.map.primitives import outline
from sim.plots.score_figures import RIVAL, SHADES, week_fan
from sim.plots.style import EVIDENCE_INK, INK, QUIET, pale, typography
from sim.text import day_text, plural
from sim.validation.baselines import baseline_text
from sim.validation.forecasts import MODEL
from sim.validation.hindcast import Summary, by_origin, power_summary

HINDCAST_WIDTH_MM = 190.0
ROW_INCHES = 0.2


def rolling_figure(table: pd.DataFrame, summary: Summary, stamp: str) -> ComparisonFigure:
    """Draw all origins, a panel each: the model's forecast of the first study and that of the best baseline."""
    table, best = table[table["study"] == table["study"].iloc[0]], summary.best
    origins = list(table["origin"].unique())
    titles = [f"from {day_text(pd.Timestamp(origin).date())}" for origin in origins]
    grid = Grid(HINDCAST_WIDTH_MM, titles, 1.0, 1.0, left=0.3, bottom=0.3)
    key = [
        Mark("model, median", LineStyle(INK, "-", 1.5)),
        Mark("50%", fill=pale(INK, SHADES[0])),
        Mark("90% of runs", fill=pale(INK, SHADES[1])),
        Mark(f"best baseline, {baseline_text(best.rival)}: median and 90%", LineStyle(RIVAL, (0, (4, 1.6)), 1.1)),
        Mark("observed", symbols=(Symbol(outline("diamond"), 3.2, EVIDENCE_INK),)),
    ]
    note = (
        f"Lethal events among rebels in weeks 1 to 4 after each origin. Mean CRPS over {summary.weeks} weeks: model "
        f"{summary.model:.3g}, best baseline {best.score:.3g} (lower is better), model better: "
        f"{'yes' if best.gain > 0 else 'no'}. The model's forecast is made by the runs most like the "
        "record before the origin. Square-root scale."
    )
    title = "Rolling hindcast: events a week foreseen and observed"
    top = max(float(table[["model_high_90", f"{best.rival}_high_90", "observed"]].to_numpy().max()), 1.0)
    with typography():
        sheet = Sheet(Words(title, note, stamp), HINDCAST_WIDTH_MM, grid.body, key)
        for axes, origin in zip(grid.panels(sheet), origins, strict=True):
            _panel(axes, table[table["origin"] == origin], top, best.rival)
    return ComparisonFigure(sheet.figure, table, title, note)


def hindcast_stamp(study: str, runs: int, until: date, evidence: date) -> str:
    """Return the provenance line: `until` is the record's last day, `evidence` the last day that scenarios were made from."""
    ends = f"record to {day_text(until)} · evidence ends {day_text(evidence)}"
    return f"SIMULATED · {study} · {runs} runs or more an origin · sim {__version__} · {ends}"


def _panel(axes: Axes, part: pd.DataFrame, top: float, rival: str) -> None:
    x = part["weeks_ahead"].to_numpy(dtype=float)
    axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    week_fan(axes, x, _columns_of(part, MODEL), _columns_of(part, rival))
    axes.set_xticks([1, 2, 3, 4][: max(1, int(x.max()))])
    axes.set_xlim(0.4, max(4.6, x.max() + 0.6))
    ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 50, 100) if tick <= top]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.set_ylim(0, 1.08 * top)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def _columns_of(part: pd.DataFrame, forecast: str) -> pd.DataFrame:
    """Return the columns of a forecast without its name, and what was observed."""
    own = part.filter(regex=f"^{forecast}_(low|high|median)")
    return own.rename(columns=lambda name: name.removeprefix(f"{forecast}_")).assign(observed=part["observed"])


def gains_figure(table: pd.DataFrame, summary: Summary, stamp: str) -> ComparisonFigure:
    """Draw the gain of the model over the best baseline at each origin, and over every baseline in all weeks."""
    best, means = summary.best, by_origin(table)
    studies = table.groupby(["study", "origin"])[[f"{best.rival}_crps", "model_crps"]].mean()
    of_studies = (studies[f"{best.rival}_crps"] - studies["model_crps"]).reset_index(name="gain")
    titles = [f"Over {baseline_text(best.rival)}, by origin", "Over each baseline, all weeks"]
    note = (
        f"Gain: mean CRPS of the baseline minus that of the model, over {plural(summary.weeks, 'week')}; right of 0 the model is "
        f"better. Bars are 90 % bands over {plural(summary.origins, 'origin')}. "
        + (f"Small dots are {plural(summary.studies, 'study seed')}." if summary.studies > 1 else "One study seed.")
    )
    key = [
        Mark("mean", symbols=(Symbol(outline("circle"), 3.0, INK),)),
        Mark("90% over origins", LineStyle(INK, "-", 1.5)),
        Mark("a study seed", symbols=(Symbol(outline("circle"), 1.8, RIVAL),)),
    ]
    rows = max(len(means), len(summary.gains))
    title = "Where the model gains over baselines, and where it loses"
    with typography():
        sheet = Sheet(Words(title, note, stamp), HINDCAST_WIDTH_MM, rows * ROW_INCHES + 0.6, key)
        left, right = _halves(sheet, rows)
        for axes, heading in zip((left, right), titles, strict=True):
            sheet.heading(axes, [heading])
        days = [day_text(date.fromisoformat(origin)) for origin in means["origin"]]
        y = {origin: row for row, origin in enumerate(means["origin"])}
        left.scatter(of_studies["gain"], of_studies["origin"].map(y), s=8, color=RIVAL, zorder=3, linewidths=0)
        left.scatter(means["gain_over_best"], range(len(means)), s=24, color=INK, zorder=4, linewidths=0)
        _rows_of(left, days, sheet.type.small)
        for row, gain in enumerate(summary.gains):
            right.hlines(row, gain.low, gain.high, color=INK, linewidth=1.5, zorder=2)
            right.scatter(gain.gain, row, s=24, color=INK, zorder=4, linewidths=0)
        _seed_dots(right, table, summary)
        _rows_of(right, [baseline_text(gain.rival) for gain in summary.gains], sheet.type.small)
    columns = ["rival", "score", "gain", "low", "high", "seed_low", "seed_high", "ahead"]
    shown = pd.DataFrame(summary.gains, columns=columns).assign(source="SIMULATED; observed as given")
    return ComparisonFigure(sheet.figure, shown, title, note)


def _seed_dots(axes: Axes, table: pd.DataFrame, summary: Summary) -> None:
    for row, gain in enumerate(summary.gains):
        means = table.groupby("study")[[f"{gain.rival}_crps", "model_crps"]].mean()
        dots = means[f"{gain.rival}_crps"] - means["model_crps"]
        axes.scatter(dots, np.full(len(dots), row), s=8, color=RIVAL, zorder=5, linewidths=0)


def _halves(sheet: Sheet, rows: int) -> tuple[Axes, Axes]:
    """Return two panels side by side with room for a row each of so many names."""
    half, margin = sheet.inner / 2, 1.25
    height = rows * ROW_INCHES
    first = sheet.axes(EDGE + 0.85, 0.22, half - 0.95, height)
    return first, sheet.axes(EDGE + half + margin, 0.22, half - margin - 0.1, height)


def _rows_of(axes: Axes, names: list[str], size: float) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.grid(axis="x", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("gain in CRPS, events a week", fontsize=size, color=QUIET, labelpad=1.5)


def power_figure(table: pd.DataFrame, summary: Summary, stamp: str) -> ComparisonFigure:
    """Draw, for each baseline, the gains of truths that the model itself drew, beside the gain against the record."""
    powers, observed = power_summary(table), {gain.rival: gain for gain in summary.gains}
    note = (
        f"Each of {plural(powers[0].truths, 'run')} of the model was taken as the truth of all origins and forecast by the other runs and by "
        "the baselines. Bars hold 90 % of these gains. Shares are those of truths whose 90 % band over origins lies above 0, which shows the model "
        "to be better, or below it."
    )
    key = [
        Mark("truths from the model: mean and 90%", LineStyle(INK, "-", 1.5)),
        Mark("against the record", symbols=(Symbol(outline("diamond"), 3.2, EVIDENCE_INK),)),
    ]
    title = "What the weeks of the hindcast could show, were the model true"
    with typography():
        sheet = Sheet(Words(title, note, stamp), HINDCAST_WIDTH_MM, len(powers) * 0.3 + 0.45, key)
        axes = sheet.axes(EDGE + 1.3, 0.05, sheet.inner - 3.3, len(powers) * 0.3)
        for row, power in enumerate(powers):
            axes.hlines(row, power.low, power.high, color=INK, linewidth=1.5, zorder=2)
            axes.scatter(power.gain, row, s=24, color=INK, zorder=4, linewidths=0)
            if power.rival in observed:
                axes.scatter(
                    observed[power.rival].gain, row, s=26, marker="D", color=EVIDENCE_INK, zorder=5, linewidths=0
                )
            words = f"band above 0: {power.shown_better:.0%}; below: {power.shown_worse:.0%}"
            axes.annotate(words, (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
                          fontsize=sheet.type.small, va="center", annotation_clip=False)  # fmt: skip
        _rows_of(axes, [baseline_text(power.rival) for power in powers], sheet.type.small)
    return ComparisonFigure(sheet.figure, pd.DataFrame(powers).assign(source="SIMULATED"), title, note)
