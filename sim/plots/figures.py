"""Figures for papers: every figure of a run or of a comparison by name, laid out for a width, and its caption.

The figures of comparisons are in sim/plots/comparison; those of single runs are here. Type is never below 6.5 points."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from sim import __version__
from sim.plots.comparison.cells import heatmap, inputs_heatmap, ranking
from sim.plots.comparison.control_maps import difference_map, entropy_map, probability_map
from sim.plots.comparison.curves import convergence, fan_chart, reach, strip
from sim.plots.comparison.draw_means import draw_strips
from sim.plots.comparison.figure import ComparisonFigure, forest
from sim.plots.comparison.flows import flows
from sim.plots.comparison.overview import distributions, holders
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, NARROW_MM, LineStyle, Mark, Sheet, Symbol, Words
from sim.plots.comparison.survival_curves import agreement_strip, causes, hold_differences, survival
from sim.plots.comparison.tornado import morris, sobol, splits, tornado
from sim.plots.map.primitives import LegendRow, Marker, Stroke, shape_of
from sim.plots.map.scene import held_rows, legend_sections
from sim.plots.map.sheets import Atlas, draw_map
from sim.plots.style import evidence_line, stamp, typography
from sim.plots.timeline import timeline_drawn
from sim.scenario.compose import file_name
from sim.scenario.schema import CODE_WORDS
from sim.text import agree, clause_list, day_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.comparison.results import Comparison
    from sim.plots.map.state import ModelMorning, View
    from sim.results.run import Run

FIGURES = "figures"  # folder of the figures of a comparison


def file_stem(name: str) -> str:
    """Return the name of a figure as the stem of its files: letters and digits of any script, `.`, `-`, `_`."""
    return re.sub(r"__+", "_", file_name(name, "._-")).strip("_.")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, floats with all their digits, missing values empty."""
    return table.to_csv(index=False, lineterminator="\n").encode()


TALLEST_MAP = 8.0  # inches
ROOMY_INCHES = 5.0  # width of axes from which names and symbols of a map have their full size
LEAST_SCALE = 0.75  # of names and symbols, on narrower axes: fewer names find room there
NARROW_HALO = 300  # fighters; on a narrow map a smaller force has no halo
KEY_RADIUS = 5.2  # points, of the largest symbol in the key


Draw = Callable[..., ComparisonFigure]  # (comparison, width_mm=..., day=...)
Section = Literal[
    "differences", "draws", "control", "shares", "fans", "holding", "ladder", "inputs", "convergence", "methods"
]
REPORT_MM = 180.0
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
    if control.days[0] == 0 and len(control.days) > 1:
        kinds.append(Kind("flows", "from whom to whom towns pass, start to end", "control", flows))
    for c, code in enumerate(control.codes):
        if max(float(control.shares[name][:, :, c].max()) for name in comparison.scenarios) >= HELD_SOMEWHERE:
            about = (
                f"share of runs in which each town is {CODE_WORDS[code]}"
                if code in CODE_WORDS
                else f"share of runs in which {code} {agree(code, 'holds')} each town"
            )
            kinds.append(Kind(f"probability_map-{code}", about, "shares", partial(_probability, code), True))
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


def control_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town on the morning of a day, the last if left out; changes since the start are ringed."""
    return _map(atlas, width_mm, day, rings=True)


def frame_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw who holds each town on the morning of a day, as the animation shows it."""
    return _map(atlas, width_mm, day, rings=False)


def control_on(atlas: Atlas, axes: Axes, day: int | None = None) -> Axes:
    """Draw who holds each town on the caller's axes, with a key of holders and the stamp as their title; return the axes."""
    run, view = atlas.run, atlas.view(atlas.states.days if day is None else day, rings=False)
    state = view.state
    with typography():
        axes.apply_aspect()
        inches = axes.get_window_extent().width / axes.figure.dpi
        scale = min(1.0, max(LEAST_SCALE, inches / ROOMY_INCHES))
        view, _boxes = draw_map(axes, view, type_scale=0.9 * scale, zoom=0.8 * scale, notes=False)
        rows = [row for row in held_rows(view.ground.look, state, None) if row.brief]
        points = [tuple(_point(symbol) for symbol in mark_of(row).symbols) for row in rows]
        names = [f"{row.text} {row.note}" for row in rows]
        axes.legend(points, names, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=7)
        axes.set_title(f"SIMULATED · seed {run.seed} · {day_text(state.date)}", fontsize=8)
    return axes


def _point(symbol: Symbol) -> Line2D:
    """Return a symbol of a key as matplotlib's own legend takes it."""
    return Line2D(
        [], [], linestyle="none", marker=symbol.shape, markersize=2 * symbol.radius,
        markerfacecolor=symbol.face, markeredgecolor=symbol.edge, markeredgewidth=symbol.line,
    )  # fmt: skip


def timeline_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the run's timeline."""
    return timeline_drawn(atlas.run, width_mm)


def _map(atlas: Atlas, width_mm: float, day: int | None, rings: bool) -> ComparisonFigure:
    run, ground = atlas.run, atlas.ground
    view = atlas.view(atlas.states.days if day is None else day, rings)
    narrow, state = width_mm <= NARROW_MM, view.state
    view = replace(view, ring_text="changed since start" if rings else "", least_halo=NARROW_HALO if narrow else 0)
    title = f"Who holds what, {day_text(state.date)}"
    when = f"{day_text(state.date)} (day {state.day} of {atlas.states.days})"
    note = "One run: one course of events that the model allows, not how likely it is."
    if ground.weak.any():
        note += " Hatched: the starting holder is weakly sourced."
    line = f"{stamp(run.scenario, run.seed, when)} · {evidence_line(run.scenario)}"
    west, east, south, north = ground.extent
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    tall = min(inner * (north - south) / (east - west), TALLEST_MAP)
    with typography():
        sheet = Sheet(Words(title, note, line), width_mm, tall, _key(view))
        axes = sheet.axes(EDGE, 0, tall * (east - west) / (north - south), tall)
        draw_map(axes, view, type_scale=0.96, zoom=0.62 if narrow else 0.9, notes=not narrow)
        for spine in axes.spines.values():
            spine.set_visible(True)
    table = pd.DataFrame(
        {
            "town": [town.name for town in run.geography.places], "holder": state.codes,
            "at_start": atlas.states[0].codes, "changed": state.changed.astype(int),
        }
    )  # fmt: skip
    changed = int(state.changed.sum())
    caption = f"Who holds each town on the morning of {when}, in one run. {changed} of {len(state.codes)} towns have another holder than at the start"
    caption += ", and are ringed. " if rings else ". "
    return ComparisonFigure(sheet.figure, table, title, f"{caption}Cells are a drawing aid, no borders. {note}")


def _key(view: View) -> list[Mark]:
    """Return the entries of the key of a map: holders with towns, and the signs that the map shows."""
    held, _sizes, signs, lines = legend_sections(view)
    entries = [mark_of(row._replace(text=f"{row.text} {row.note}", note="")) for row in held.rows if row.brief]
    return entries + [mark_of(row) for row in (*signs.rows, *lines.rows) if row.brief]


def mark_of(row: LegendRow) -> Mark:
    """Return a row of a map's legend as an entry of a figure's key, its symbols somewhat smaller."""
    strokes = [part for part in row.parts if isinstance(part, Stroke)]
    glyphs = [glyph for part in row.parts if isinstance(part, Marker) for glyph in part.glyphs]
    scale = min([0.86, *(KEY_RADIUS / glyph.radius for glyph in glyphs)])
    symbols = tuple(
        Symbol(shape_of(glyph.shape), scale * glyph.radius, glyph.fill or "none", glyph.edge or "none", glyph.width)
        for glyph in glyphs
    )
    if not strokes:
        return Mark(row.text, symbols=symbols)
    style = strokes[0]
    dashes = (0, tuple(length / style.width for length in style.dashes)) if style.dashes else "-"
    return Mark(row.text, LineStyle(style.colour, dashes, style.width), symbols=symbols)
