"""Figures for papers: every figure of a run or of a comparison by name, laid out for a width, and its caption.

The figures of comparisons are in sim/plots/comparison; those of single runs are here. Type is never below 6.5 points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.figure_list import Kind, kinds_of
from sim.plots.comparison.sheet import EDGE, MM_PER_INCH, NARROW_MM, LineStyle, Mark, Sheet, Symbol, Words
from sim.plots.map import layers
from sim.plots.map.geometry import Ground, contact_lines
from sim.plots.map.legend import draw_scale
from sim.plots.map.sheets import Atlas, name_order, surplus
from sim.plots.map.state import CLASH_DAYS, MapState
from sim.plots.style import (
    BURST,
    CONTESTED,
    INK,
    NEUTRAL,
    PAPER,
    QUIET,
    ZONE_INK,
    burst,
    evidence_line,
    outline,
    pennant,
    stamp,
    typography,
)
from sim.plots.timeline import timeline_drawn
from sim.text import clause_list, day_text

if TYPE_CHECKING:
    from sim.comparison.results import Comparison
    from sim.results.run import Run

TALLEST_MAP = 8.0  # inches


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


def figures_of_run(run: Run) -> Figures:
    """Return the figures of a single run."""
    kinds = (
        Kind("control_map", "who holds each town on a day, changes since the start ringed", "control", control_figure, True),
        Kind("animation_frame", "a frame of the animation: who holds each town on a day, without rings", "control", frame_figure, True),
        Kind("timeline", "agreements, deaths, escalation and towns held, day by day", "fans", timeline_figure),
    )  # fmt: skip
    scenario = run.scenario
    return Figures({kind.name: kind for kind in kinds}, Atlas.of(run), f"{run.name} ({scenario.title})", str(run.seed))


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


def timeline_figure(atlas: Atlas, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the run's timeline."""
    return timeline_drawn(atlas.run, width_mm)


def _map(atlas: Atlas, width_mm: float, day: int | None, rings: bool) -> ComparisonFigure:
    run, ground = atlas.run, atlas.ground
    state = atlas.states[atlas.states.days if day is None else day]
    title = f"Who holds what, {day_text(state.date)}"
    when = f"{day_text(state.date)} (day {state.day} of {atlas.states.days})"
    note = "One run: one course of events that the model allows, not how likely it is."
    if ground.weak.any():
        note += " Hatched: the starting holder is weakly sourced."
    line = f"{stamp(run.scenario, run.seed, when)} · {evidence_line(run.scenario)}"
    west, east, south, north = ground.extent
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    tall = min(inner * (north - south) / (east - west), TALLEST_MAP)
    ringed = state.changed if rings else np.zeros(len(state.codes), bool)
    with typography():
        sheet = Sheet(Words(title, note, line), width_mm, tall, _key(run, ground, state, ringed))
        wide = tall * (east - west) / (north - south)
        _draw_map(sheet, atlas, state, ringed, (EDGE, 0, wide, tall), width_mm <= NARROW_MM)
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


def _draw_map(
    sheet: Sheet, atlas: Atlas, state: MapState, ringed: np.ndarray, box: tuple[float, float, float, float], small: bool
) -> None:
    ground, scenario, zoom = atlas.ground, atlas.run.scenario, 0.62 if small else 0.9
    axes = sheet.axes(*box)
    layers.frame_axes(axes, ground.extent)
    for spine in axes.spines.values():
        spine.set_visible(True)
    layers.draw_cells(axes, ground, state)
    layers.draw_lines(axes, ground, contact_lines(scenario, ground, state.sides))
    layers.draw_symbols(axes, ground, state, zoom)
    layers.draw_rings(axes, ground, ringed, zoom)
    clear = [draw_scale(axes, ground), *layers.flag_boxes(axes, ground, state, zoom)]
    order = name_order(ground, state)
    layers.draw_names(axes, ground, order, surplus(ground, state, ringed), clear, zoom, 0.96)


def _key(run: Run, ground: Ground, state: MapState, ringed: np.ndarray) -> list[Mark]:
    look, marks = ground.look, []
    count = state.count
    for code in [*look.codes, CONTESTED, NEUTRAL]:
        if not count.get(code):
            continue
        name = {CONTESTED: "contested", NEUTRAL: "neutral"}.get(code, look.names.get(code, code))
        sides = (
            (code,)
            if code in look.codes
            else next((s for s in state.sides if len(s) == 2), ())
            if code == CONTESTED
            else ()
        )
        symbols = tuple(
            Symbol(shape, 4.2, colour, PAPER if sides else INK) for shape, colour in layers.fill_symbol(sides, ground)
        )
        marks.append(Mark(f"{name} {count[code]}", symbols=symbols))
    if ringed.any():
        ring = (Symbol(outline("circle"), 2.8, QUIET), Symbol(outline("circle"), 5.0, "none", INK, 1.2))
        marks.append(Mark("changed since start", symbols=ring))
    if state.clashes:
        marks.append(Mark(f"fighting, last {CLASH_DAYS} days", symbols=(Symbol(burst(), 5.2, BURST, INK, 0.6),)))
    if state.bases:
        marks.append(Mark("base in another's town", symbols=(Symbol(pennant(), 3.2, QUIET, INK, 0.6),)))
    if contact_lines(run.scenario, ground, state.sides):
        marks.append(Mark("line of contact", LineStyle(INK, "-", 1.7)))
    if ground.zone:
        marks.append(Mark(ground.zone_name, LineStyle(ZONE_INK, (0, (5, 2.5)), 1.3)))
    return marks
