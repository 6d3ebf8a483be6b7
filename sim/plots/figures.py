"""Figures for papers: every figure of a run or of a comparison by name, laid out for a width, and its caption.

The figures of comparisons are in sim/plots/comparison, those of single runs in sim/plots/run_figures.py. Type is never below 6.5 points."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from sim import __version__
from sim.files import write_whole
from sim.plots.comparison.cells import heatmap, inputs_heatmap, ranking
from sim.plots.comparison.control_maps import difference_map, entropy_map, probability_map
from sim.plots.comparison.curves import convergence, fan_chart, reach, strip
from sim.plots.comparison.draw_means import draw_strips
from sim.plots.comparison.figure import ComparisonFigure, forest
from sim.plots.comparison.flows import flows
from sim.plots.comparison.maps_by_day import differences_by_day, first_clash_map, probability_by_day
from sim.plots.comparison.overview import distributions, holders
from sim.plots.comparison.survival_curves import agreement_strip, causes, hold_differences, survival
from sim.plots.comparison.tornado import morris, sobol, splits, tornado
from sim.plots.map.sheets import Atlas
from sim.plots.run_figures import control_figure, frame_figure, run_maps, small_multiples, timeline_figure
from sim.plots.style import png_bytes, svg_bytes, webp_bytes
from sim.results.phrases import held_text
from sim.scenario.compose import file_name
from sim.text import clause_list

if TYPE_CHECKING:
    from sim.comparison.results import Comparison
    from sim.plots.map.state import ModelMorning
    from sim.results.run import Run

FIGURES = "figures"  # folder of the figures of a comparison


def file_stem(name: str) -> str:
    """Return the name of a figure as the stem of its files: letters and digits of any script, `.`, `-`, `_`."""
    return re.sub(r"__+", "_", file_name(name, "._-")).strip("_.")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, floats with all their digits, missing values empty."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def write_figure(
    drawn: ComparisonFigure, folder: Path, stem: str, embedded: bool, table: bool = True
) -> tuple[list[Path], bytes]:
    """Write a figure as PNG and SVG, and its numbers as CSV unless without `table`.

    Returns:
        The files, and the picture as WebP for a page if it is `embedded`, else no bytes.
    """
    png = png_bytes(drawn.figure)
    contents = {".png": png, ".svg": svg_bytes(drawn.figure)} | ({".csv": csv_bytes(drawn.table)} if table else {})
    files = [write_whole(folder / f"{stem}{suffix}", content) for suffix, content in contents.items()]
    return files, webp_bytes(png) if embedded else b""


Draw = Callable[..., ComparisonFigure]  # (comparison, width_mm=..., day=...)
Section = Literal[
    "differences",
    "draws",
    "control",
    "first_clashes",
    "shares",
    "fans",
    "holding",
    "ladder",
    "inputs",
    "convergence",
    "methods",
]
REPORT_MM = 180.0
MOVES = 0.1  # a code whose share of runs changes by less in every town has no maps by day
MOST_BY_DAY = 5  # scenarios; maps of more by day do not fit a page
HELD_SOMEWHERE = 0.02  # a code held in no town in so large a share of runs has no probability map


@dataclass(frozen=True)
class Kind:
    """A figure that can be drawn: its name, what it shows, where it stands in the report, whether it is of a chosen day."""

    name: str
    about: str
    section: Section
    draw: Draw
    dated: bool = False


def kinds_of(comparison: Comparison) -> dict[str, Kind]:
    """Return the figures that a comparison allows, by name, in the order of the report."""
    if comparison.two_runs:
        return _kinds_of_two(comparison)
    kinds: list[Kind] = []
    if comparison.forest and not comparison.single:
        kinds.append(
            Kind("differences", "paired differences of headline statistics (forest plot)", "differences", forest)
        )
        if len(comparison.scenarios) > 2:
            kinds.append(
                Kind("heatmap", "resolved differences of all statistics and scenarios", "differences", heatmap)
            )
    if comparison.rankings:
        kinds.append(Kind("ranking", "scenarios in order, with what the runs leave open", "differences", ranking))
    if comparison.outcomes is not None and comparison.outcomes.holders:
        kinds.append(Kind("outcomes", "who holds the watched towns at the end, with intervals", "differences", holders))
    if comparison.distributions and not comparison.single:
        kinds.append(Kind("distributions", "how each statistic spreads over the runs", "differences", distributions))
    if comparison.over_draws is not None:
        kinds.append(Kind("over_draws", "differences in each draw of the posterior (strips)", "draws", draw_strips))
    kinds += _maps(comparison)
    kinds += [
        Kind(f"fan-{panel.key}", f"{panel.label}, day by day (fan chart)", "fans", partial(_fan, i))
        for i, panel in enumerate(comparison.fans)
    ]
    if any(curve.agreements for curve in comparison.holding.curves):
        kinds.append(Kind("agreement_survival", "how long agreements hold (Kaplan-Meier)", "holding", survival))
        kinds.append(
            Kind("agreement_strip", "the agreements of every run, from signing to end", "holding", agreement_strip)
        )
        kinds.append(Kind("agreement_causes", "what ends agreements (competing causes)", "holding", causes))
        if comparison.holding.differences and not comparison.single:
            kinds.append(
                Kind("agreement_hold", "mean hold against the reference (forest plot)", "holding", hold_differences)
            )
    kinds.append(Kind("escalation_strip", "shares of runs on each escalation level, day by day", "ladder", strip))
    if comparison.ladder.reach:
        kinds.append(Kind("time_to_level", "how soon runs reach a level of escalation", "ladder", reach))
    kinds += _inputs(comparison)
    if comparison.convergence:
        kinds.append(Kind("convergence", "running estimates with the number of runs", "convergence", convergence))
    kinds.append(Kind("entropy_map", "how uncertain each town's holder is", "methods", entropy_map, dated=True))
    return {kind.name: kind for kind in kinds}


def _kinds_of_two(comparison: Comparison) -> dict[str, Kind]:
    """Return the figures of single runs side by side: maps, courses over time, agreements, escalation."""
    about = "who holds each town in both runs on a day, differences ringed"
    kinds = [Kind("run_maps", about, "control", run_maps, True)] if comparison.two_runs[0].differing.any() else []
    kinds += [
        Kind(f"fan-{panel.key}", f"{panel.label}, day by day", "fans", partial(_fan, i))
        for i, panel in enumerate(comparison.fans)
    ]
    if any(curve.agreements for curve in comparison.holding.curves):
        kinds.append(
            Kind("agreement_strip", "the agreements of each run, from signing to end", "holding", agreement_strip)
        )
    kinds.append(Kind("escalation_strip", "the escalation level of each run, day by day", "ladder", strip))
    return {kind.name: kind for kind in kinds}


def _fan(number: int, comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    return fan_chart(comparison, comparison.fans[number], width_mm)


def _probability(code: str, comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    return probability_map(comparison, code, width_mm, day)


def _of_statistic(
    draw: Draw, statistic: str, comparison: Comparison, width_mm: float, day: int | None = None
) -> ComparisonFigure:
    return draw(comparison, statistic, width_mm, day)


def _maps(comparison: Comparison) -> list[Kind]:
    control = comparison.control
    kinds = []
    if control.contrasts:
        kinds.append(
            Kind("difference_map", "where control differs from the reference", "control", difference_map, True)
        )
    if control.contrasts and len(control.days) > 1 and len(comparison.scenarios) <= MOST_BY_DAY:
        about = "where control differs from the reference, in small maps by day"
        kinds.append(Kind("differences_by_day", about, "control", differences_by_day))
    if comparison.first_clashes is not None:
        about = "where fighting begins: share of runs with a clash in each town by a day"
        kinds.append(Kind("first_clashes", about, "first_clashes", first_clash_map, True))
    if control.days[0] == 0 and len(control.days) > 1:
        kinds.append(Kind("flows", "from whom to whom towns pass, start to end", "control", flows))
    for c, code in enumerate(control.codes):
        if max(float(control.shares[name][:, :, c].max()) for name in comparison.scenarios) >= HELD_SOMEWHERE:
            about = f"share of runs in which each town is {held_text(code, control.names)}"
            kinds.append(Kind(f"probability_map-{code}", about, "shares", partial(_probability, code), True))
            moved = max(float(np.ptp(shares[:, :, c], axis=0).max()) for shares in control.shares.values())
            if len(control.days) > 1 and moved >= MOVES and len(comparison.scenarios) <= MOST_BY_DAY:
                about = "the same in small maps by day"
                kinds.append(Kind(f"probability_by_day-{code}", about, "shares", partial(probability_by_day, code)))
    return kinds


def _inputs(comparison: Comparison) -> list[Kind]:
    inputs, kinds = comparison.inputs, []
    if inputs.splits:
        kinds.append(Kind("chance_and_inputs", "chance against unknown inputs", "inputs", splits))
    if inputs.tornados:
        kinds.append(Kind("inputs", "which input moves which statistic more than chance", "inputs", inputs_heatmap))
    methods = (
        ("tornado", "which inputs matter for", tornado, inputs.tornados),
        ("morris", "size and spread of inputs' effects on", morris, inputs.morris),
        ("sobol", "Sobol indices of inputs on", sobol, inputs.sobol),
    )
    for name, about, draw, results in methods:
        for statistic, label in dict.fromkeys((r.statistic, r.label) for r in results):
            kinds.append(
                Kind(f"{name}-{statistic}", f"{about} {label}", "inputs", partial(_of_statistic, draw, statistic))
            )
    return kinds


def statistics_of(comparison: Comparison) -> list[str]:
    """Return the statistics that figures of a comparison show, by the names that its tables have."""
    names = [row.difference.statistic for row in comparison.forest]
    return list(dict.fromkeys([*names, *(each.statistic for each in comparison.distributions)]))


def limited(comparison: Comparison, statistics: Sequence[str] = (), days: tuple[int, int] | None = None) -> Comparison:
    """Return a comparison with some statistics (as its tables name them) and some mornings only; all if none are named.

    Raises:
        KeyError: if a statistic is not in the comparison.
        ValueError: if fewer than two of the mornings are in it.
    """
    if statistics:
        for name in statistics:
            if name not in statistics_of(comparison):
                raise KeyError(name)
        comparison = replace(
            comparison,
            forest=tuple(row for row in comparison.forest if row.difference.statistic in statistics),
            distributions=tuple(each for each in comparison.distributions if each.statistic in statistics),
        )
    if days is None:
        return comparison
    chosen = (comparison.ladder.days >= days[0]) & (comparison.ladder.days <= days[1])
    if chosen.sum() < 2:
        raise ValueError(f"days {days[0]} to {days[1]} are not in the comparison")
    return replace(
        comparison, fans=tuple(_cut(panel, chosen) for panel in comparison.fans), ladder=_cut(comparison.ladder, chosen)
    )


def _cut(part: Any, chosen: np.ndarray) -> Any:
    """Return a result with the chosen days of each of its arrays by day, also in the results that it holds."""
    changed: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, np.ndarray):
            changed[field.name] = np.compress(chosen, value, axis=-1) if value.shape[-1] == len(chosen) else value
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            changed[field.name] = tuple(_cut(each, chosen) for each in value)
        elif isinstance(value, dict) and value and all(isinstance(each, np.ndarray) for each in value.values()):
            changed[field.name] = {name: np.compress(chosen, each, axis=0) for name, each in value.items()}
    return replace(part, **changed)


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures that a run or a comparison allows, by name; `source` is drawn from, the rest is its provenance."""

    kinds: dict[str, Kind]
    source: Any  # Atlas of a run, or Comparison
    scenarios: str
    seeds: str


def figures_of_comparison(comparison: Comparison, study: Any) -> Figures:
    """Return the figures of a study's comparison."""
    names = [f"{name} ({comparison.titles.get(name, name)})" for name in comparison.scenarios]
    return Figures(kinds_of(comparison), comparison, clause_list(names), comparison.methods.seeds)


def figures_of_run(run: Run, mornings: Sequence[ModelMorning] = ()) -> Figures:
    """Return the figures of a single run; `mornings`, from day 0 on, hold the forces and fronts that its maps show."""
    kinds = (
        Kind("control_map", "who holds each town on a day, changes since the start ringed", "control", control_figure, True),
        Kind("small_multiples", "who holds each town on eight days, in small maps", "control", small_multiples),
        Kind("animation_frame", "a frame of the animation: who holds each town on a day, without rings", "control", frame_figure, True),
        Kind("timeline", "agreements, deaths, escalation and towns held, day by day", "fans", timeline_figure),
    )  # fmt: skip
    scenario = run.scenario
    return Figures(
        {kind.name: kind for kind in kinds}, Atlas.of(run, mornings), f"{run.name} ({scenario.title})", str(run.seed)
    )


def caption_text(drawn: ComparisonFigure, figures: Figures, command: str) -> str:
    """Return the text file of a figure: caption and provenance."""
    caption = " ".join(drawn.caption.split())
    return (
        f"{drawn.title}\n\nSIMULATED. {caption}\n\n"
        f"Scenarios: {figures.scenarios}\nSeeds: {figures.seeds}\nVersion: sim {__version__}\nCommand: {command}\n"
        f"{drawn.figure.get_label()}\n"
    )
