"""Figures of forecast scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim import __version__
from sim.plots.comparison.figure import ComparisonFigure, Grid
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    LineStyle,
    Mark,
    Sheet,
    Symbol,
    Words,
    broken,
    type_for,
)
from sim.plots.figures import FIGURES, write_figure
from sim.plots.map.primitives import outline
from sim.plots.map.sheets import marked_map
from sim.plots.map.state import MapState, sides_held, start_state
from sim.plots.style import (
    EVIDENCE_INK,
    INK,
    PAPER,
    QUIET,
    evidence_line,
    pale,
    put_stamp,
    typography,
)
from sim.scenario.schema import MIXED
from sim.statistics.scoring import interval, reliability
from sim.text import day_text, plural
from sim.validation.baselines import baseline_text
from sim.validation.questions import Answer, best_answer
from sim.validation.scores import Scores, WrongCall, wrong_calls

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario
    from sim.validation.forecasts import Forecast
    from sim.validation.outcome import Outcome

WIDTH_MM = 170.0
LEVELS = (0.5, 0.9)
SHADES = (0.45, 0.74)
RIVAL = "#7A2A8C"
TICKS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
BINS = np.array([0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0])


def stamp_of(scenario: Scenario, runs: int) -> str:
    """Return the provenance line of the figures."""
    last = scenario.start + timedelta(days=scenario.days - 1)
    period = f"{day_text(scenario.start)} to {day_text(last)}"
    parts = ["SIMULATED", scenario.title, plural(runs, "run"), f"sim {__version__}", period, evidence_line(scenario)]
    return " · ".join(parts)


def weekly_table(scores: Scores, what: str, scenario: Scenario) -> pd.DataFrame:
    """Return observed weeks beside the median and intervals of each forecast that has some."""
    weeks = scores.outcome.weeks
    parts = []
    for forecast in scores.forecasts:
        members: np.ndarray | None = getattr(forecast, what)
        if members is None:
            continue
        table = pd.DataFrame(
            {
                "forecast": forecast.name,
                "quantity": what,
                "first_day": [(scenario.start + timedelta(days=week.first)).isoformat() for week in weeks],
                "days": [week.last - week.first + 1 for week in weeks],
                "observed": [getattr(week, what) for week in weeks],
                "median": np.percentile(members, 50, axis=0, method="inverted_cdf"),
                "mean": members.mean(axis=0),
            }
        )
        for level in LEVELS:
            table[f"low_{100 * level:.0f}"], table[f"high_{100 * level:.0f}"] = interval(members, level)
        parts.append(table.assign(source="SIMULATED; observed as given"))
    return pd.concat(parts, ignore_index=True)


def weekly_fan(scores: Scores, scenario: Scenario) -> ComparisonFigure:
    """Draw events and deaths a week: the model's bands, the best baseline's 90 % interval, and what was observed."""
    tables = {what: weekly_table(scores, what, scenario) for what in ("events", "deaths")}
    rivals = {what: best_weekly(scores, what) for what in tables}
    key = [Mark("model, median", LineStyle(INK, "-", 1.5))]
    key += [
        Mark(f"model, {level:.0%} of runs", fill=pale(INK, shade)) for level, shade in zip(LEVELS, SHADES, strict=True)
    ]
    if any(rivals.values()):
        key.append(Mark("best baseline, median and 90%", LineStyle(RIVAL, (0, (4, 1.6)), 1.1)))
    key += [Mark("observed", symbols=(Symbol(outline("diamond"), 3.2, EVIDENCE_INK),))]
    titles = [
        f"Events a week, as the monitor reports them; best baseline: {baseline_text(rivals['events'])}",
        f"Deaths a week (square-root scale); best baseline: {baseline_text(rivals['deaths'])}",
    ]
    grid = Grid(WIDTH_MM, titles, 2.3, 2.1, left=0.42, bottom=0.34)
    note = (
        "Lethal events among rebels by their first day. Bands hold the middle 50 and 90 % of runs, week by week; a last week "
        f"may be shorter than seven days. {_beaten_text(scores)}"
    )
    title = "Weeks foreseen and observed"
    with typography():
        sheet = Sheet(Words(title, note, stamp_of(scenario, _runs(scores.forecasts[0]))), WIDTH_MM, grid.body, key)
        for axes, what in zip(grid.panels(sheet), tables, strict=True):
            _weeks_panel(axes, tables[what], what, grid, rivals[what])
    table = pd.concat(tables.values(), ignore_index=True)
    return ComparisonFigure(sheet.figure, table, title, note)


def best_weekly(scores: Scores, what: str) -> str | None:
    """Return the baseline with the least CRPS of weekly `events` or `deaths`; None if there is none."""
    return next((one.best_baseline() for one in scores.measures if one.name == f"crps_weekly_{what}"), None)


def _beaten_text(scores: Scores) -> str:
    """Say for events and deaths a week whether the model's CRPS is lower than the best baseline's."""
    parts = []
    for measure in scores.measures:
        best = measure.best_baseline()
        if measure.name in ("crps_weekly_events", "crps_weekly_deaths") and best is not None:
            parts.append(
                f"{measure.unit}: model {measure.cells['model'].score:.3g}, {baseline_text(best)} "
                f"{measure.cells[best].score:.3g}, model better: {measure.verdict()}"
            )
    return f"Mean CRPS (lower is better), {'; '.join(parts)}." if parts else ""


def _runs(model: Forecast) -> int:
    members = model.control if model.control is not None else model.events
    return 0 if members is None else len(members)


def _weeks_panel(axes: Axes, table: pd.DataFrame, what: str, grid: Grid, best: str | None) -> None:
    own = table[table["forecast"] == "model"]
    x = np.arange(len(own), dtype=float)
    if what == "deaths":
        axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    rival = table[table["forecast"] == best]
    week_fan(axes, x, own, rival if len(rival) else None)
    _week_ticks(axes, own["first_day"].tolist(), grid)
    top = max(table.loc[table["forecast"].isin(["model", best]), "high_90"].max(), own["observed"].max(), 1)
    axes.set_ylim(0, 1.08 * top)
    axes.grid(axis="y", color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def week_fan(axes: Axes, x: np.ndarray, model: pd.DataFrame, rival: pd.DataFrame | None) -> None:
    """Draw weeks at `x`, f8 [weeks]: the model's intervals and median, a rival's as dashed lines, and what was observed.

    Columns low_50, high_50, low_90, high_90, median of both, and `observed` of the model's.
    """
    for level, shade in reversed(list(zip(LEVELS, SHADES, strict=True))):
        low, high = (model[f"{end}_{100 * level:.0f}"].to_numpy() for end in ("low", "high"))
        axes.bar(x, np.maximum(high - low, 0.04), 0.86, bottom=low, color=pale(INK, shade), linewidth=0, zorder=2)
    axes.hlines(model["median"], x - 0.43, x + 0.43, color=INK, linewidth=1.5, zorder=4)
    if rival is not None:
        for column in ("low_90", "median", "high_90"):
            axes.hlines(
                rival[column], x - 0.43, x + 0.43, color=RIVAL, linewidth=1.1, linestyle=(0, (4, 1.6)), zorder=5
            )
    axes.scatter(
        x,
        model["observed"],
        marker="D",
        s=24,
        color=EVIDENCE_INK,
        edgecolors="white",
        linewidths=0.6,
        zorder=6,
        clip_on=False,
    )


def _week_ticks(axes: Axes, days: list[str], grid: Grid) -> None:
    step = max(1, -(-len(days) // max(2, int(grid.width / 0.52))))
    places = range(0, len(days), step)
    texts = [" ".join(day_text(pd.Timestamp(days[index]).date()).split()[:2]) for index in places]
    axes.set_xticks(list(places), texts)
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.set_xlabel("week from", fontsize=grid.type.small, color=QUIET, loc="right", labelpad=1.5)


def reliability_table(scores: Scores) -> pd.DataFrame:
    """Return, for the model and the base rate, how often towns changed that were given about the same chance."""
    outcome, towns = scores.outcome, scores.outcome.towns
    changed = outcome.ended[towns] != outcome.began[towns]
    parts = []
    for forecast in scores.forecasts:
        if forecast.control is None or forecast.name not in ("model", "base_rate", "shuffled_map"):
            continue
        leave = np.mean(forecast.control[:, towns] != forecast.began[towns], axis=0)
        bins = reliability(leave, changed, BINS)
        parts.append(
            pd.DataFrame({"forecast": forecast.name, "said": bins.said, "happened": bins.share, "towns": bins.cases})
        )
    return pd.concat(parts, ignore_index=True).assign(source="SIMULATED; happened as observed")


def _best_text(scores: Scores, name: str) -> str:
    """Say the best baseline of a measure and whether the model beats it."""
    measure = next(measure for measure in scores.measures if measure.name == name)
    return f"best baseline {baseline_text(measure.best_baseline())}, model better: {measure.verdict()}"


def reliability_figure(scores: Scores, scenario: Scenario) -> ComparisonFigure:
    """Draw the share of towns that changed holder against the chance that they were given."""
    table = reliability_table(scores)
    looks = {"model": (INK, "o"), "base_rate": (RIVAL, "s"), "shuffled_map": ("#8A6D00", "^")}
    words = {"model": "model", "base_rate": "base rate", "shuffled_map": "model on a shuffled map"}
    key = [
        Mark(words[name], LineStyle(looks[name][0], "-", 1.0, looks[name][1])) for name in table["forecast"].unique()
    ]
    towns = len(scores.outcome.towns)
    note = (
        f"{plural(towns, 'town')}, in bins of the chance of being under another code on the day scored; numbers beside the "
        "model's points are towns. On the diagonal what was said is what happened. Both scales are square roots."
    )
    note += f" Brier score: {_best_text(scores, 'brier_changed')}."
    title = "Was a chance what it said? Whether towns change holder"
    with typography():
        sheet = Sheet(Words(title, note, stamp_of(scenario, _runs(scores.forecasts[0]))), 120.0, 3.1, key)
        axes = sheet.axes(0.55, 0.08, 3.6, 2.62)
        top = min(1.0, 1.25 * max(0.04, float(table[["said", "happened"]].to_numpy().max())))
        for scale in (axes.set_xscale, axes.set_yscale):
            scale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
        axes.plot([0, top], [0, top], color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        for name, part in table.groupby("forecast", sort=False):
            colour, marker = looks[str(name)]
            axes.plot(
                part["said"], part["happened"], color=colour, marker=marker, markersize=5, linewidth=1.0, zorder=3
            )
            for row in part.itertuples() if name == "model" else ():
                axes.annotate(
                    str(row.towns), (float(str(row.said)), float(str(row.happened))), xytext=(3, 5),
                    textcoords="offset points", fontsize=sheet.type.small,
                )  # fmt: skip
        ticks = [tick for tick in TICKS if tick <= top]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.set_xlabel("chance said", fontsize=sheet.type.small, color=QUIET)
        axes.set_ylabel("share that changed", fontsize=sheet.type.small, color=QUIET)
    return ComparisonFigure(sheet.figure, table, title, note)


def observed_state(outcome: Outcome, scenario: Scenario, geography: Geography) -> MapState:
    """Return what was observed on the day scored as a state of the map; unknown towns stay as at the start."""
    start = start_state(scenario, geography)
    codes, sides = list(start.codes), list(start.sides)
    for town in np.flatnonzero(outcome.ended >= 0).tolist():
        code = outcome.codes[int(outcome.ended[town])]
        if code != codes[town]:
            codes[town] = code
            sides[town] = (MIXED, MIXED) if code == MIXED else sides_held(code)
    changed = np.array([a != b for a, b in zip(codes, start.codes, strict=True)])
    when = scenario.start + timedelta(days=outcome.control_day)
    return MapState(outcome.control_day, when, tuple(codes), tuple(sides), changed, {}, ())


def wrong_table(calls: list[WrongCall], outcome: Outcome, geography: Geography) -> pd.DataFrame:
    """Return the calls that were wrong as a table."""
    rows = [
        {
            "town": geography.places[call.town].name, "start": outcome.codes[call.began],
            "observed": outcome.codes[call.observed], "called": outcome.codes[call.called],
            "chance_of_observed": call.chance, "chance_of_called": call.said, "source": "SIMULATED; observed as given",
        }
        for call in calls
    ]  # fmt: skip
    columns = ["town", "start", "observed", "called", "chance_of_observed", "chance_of_called", "source"]
    return pd.DataFrame(rows, columns=columns)


def wrong_map(scores: Scores, scenario: Scenario, geography: Geography) -> ComparisonFigure:
    """Draw what was observed, with the towns ringed in which the model's likeliest code was another."""
    outcome, calls = scores.outcome, wrong_calls(scores)
    state = observed_state(outcome, scenario, geography)
    towns = np.array([call.town for call in calls], dtype=int)
    count = plural(len(calls), "call") + (" was" if len(calls) == 1 else " were")
    title = f"Observed on {day_text(state.date)}: {count} wrong of {len(outcome.towns)}"
    called = [
        f"{geography.places[call.town].label} (called {outcome.codes[call.called]}, was {outcome.codes[call.observed]})"
        for call in calls[:3]
    ]
    more = f" and {len(calls) - 3} more" if len(calls) > 3 else ""
    under = f"ringed: {', '.join(called)}{more}" if calls else "the likeliest code of every town was the one observed"
    holder = next(measure for measure in scores.measures if measure.name == "brier_holder")
    under += (
        f"; best baseline by Brier score: {baseline_text(holder.best_baseline())}, model better: {holder.verdict()}"
    )
    figure: Figure = marked_map(scenario, geography, state, title, under, ("called wrongly by the model", towns))
    with typography():
        put_stamp(figure, scenario, stamp_of(scenario, _runs(scores.forecasts[0])).rsplit(" · ", 1)[0])
    return ComparisonFigure(figure, wrong_table(calls, outcome, geography), title, under)


def figures_of(scores: Scores, scenario: Scenario, geography: Geography) -> dict[str, ComparisonFigure]:
    """Return the figures that a score allows, by name."""
    figures = {}
    if scores.outcome.weeks:
        figures["weekly"] = weekly_fan(scores, scenario)
    if len(scores.outcome.towns):
        figures["reliability"] = reliability_figure(scores, scenario)
        figures["wrong_calls"] = wrong_map(scores, scenario, geography)
    return figures


def draw_scores(scores: Scores, scenario: Scenario, geography: Geography, folder: Path) -> list[Path]:
    """Write figures/ into a folder: PNG, SVG and the CSV of what each shows."""
    return _written(figures_of(scores, scenario, geography), folder)


def _written(figures: dict[str, ComparisonFigure], folder: Path) -> list[Path]:
    written = []
    for name, drawn in figures.items():
        written += write_figure(drawn, folder / FIGURES, name, embedded=False)[0]
    return written


def answers_figure(title: str, answers: Sequence[Answer], stamp: str) -> ComparisonFigure:
    """Draw the chance of yes of each question: the model's, those of the baselines, and the outcome if it is known."""
    note = (
        "Chance of yes: of the model, the share of runs. A ring is round the answer that came true; open questions have none. "
        "On the right the baseline nearest to it."
    )
    key = [
        Mark("model", symbols=(Symbol(outline("circle"), 3.2, INK),)),
        Mark("baselines", symbols=(Symbol(outline("circle"), 2.2, RIVAL),)),
        Mark("what happened", symbols=(Symbol(outline("circle"), 3.6, PAPER, EVIDENCE_INK, 1.4),)),
    ]
    with typography():
        words = Words(f"Yes or no? {title}", note, stamp)
        room = WIDTH_MM / MM_PER_INCH - 2 * EDGE
        small = type_for(WIDTH_MM).small
        lines = [broken(answer.question.ask, 2.9, small) for answer in answers]
        heights = [max(0.24, Sheet.tall(text, small) + 0.08) for text in lines]
        sheet = Sheet(words, WIDTH_MM, sum(heights) + 0.4, key)
        axes = sheet.axes(EDGE + 3.0, 0.0, room - 4.8, sum(heights))
        middles = [-(sum(heights[:row]) + heights[row] / 2) for row in range(len(answers))]
        for y, text, answer in zip(middles, lines, answers, strict=True):
            _answer_row(axes, y, "\n".join(text), answer, small)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-sum(heights), 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color="#E5E5E0", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)
    return ComparisonFigure(sheet.figure, answers_table(answers), title, note)


def _answer_row(axes: Axes, y: float, text: str, answer: Answer, small: float) -> None:
    rivals = [chance for name, chance in answer.chances.items() if name != "model"]
    axes.axhline(y, color="#E5E5E0", linewidth=0.5, zorder=0)
    axes.scatter(rivals, [y] * len(rivals), s=14, color=RIVAL, linewidths=0, zorder=3, clip_on=False)
    if "model" in answer.chances:
        axes.scatter(answer.chances["model"], y, s=30, color=INK, linewidths=0, zorder=4, clip_on=False)
    if answer.outcome is not None:
        axes.scatter(
            float(answer.outcome),
            y,
            s=70,
            facecolors="none",
            edgecolors=EVIDENCE_INK,
            linewidths=1.4,
            zorder=5,
            clip_on=False,
        )
    beside = {"fontsize": small, "va": "center", "annotation_clip": False, "textcoords": "offset points"}
    axes.annotate(text, (0, y), xycoords=("axes fraction", "data"), xytext=(-8, 0), ha="right", **beside)
    best = best_answer(answer)
    ending = "open" if best is None else baseline_text(best)
    axes.annotate(ending, (1, y), xycoords=("axes fraction", "data"), xytext=(8, 0), ha="left", color=QUIET, **beside)


def answers_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return a row a question and forecast: the chance of yes, and the outcome if it is known."""
    rows = [
        {"question": answer.name, "forecast": name, "chance": chance, "outcome": answer.outcome, "source": "SIMULATED"}
        for answer in answers
        for name, chance in answer.chances.items()
    ]
    return pd.DataFrame(rows)


def draw_answers(title: str, answers: Sequence[Answer], scenario: Scenario, runs: int, folder: Path) -> list[Path]:
    """Write the figure of questions into figures/ of a folder."""
    return _written({"questions": answers_figure(title, answers, stamp_of(scenario, runs))}, folder)
