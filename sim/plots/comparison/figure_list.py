"""The list of comparison figures, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from sim.plots.comparison.control_maps import NAMES, difference_map, entropy_map, probability_map
from sim.plots.comparison.curves import convergence, fan_chart, reach, strip
from sim.plots.comparison.differences import forest
from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.survival_curves import causes, hold_differences, survival
from sim.plots.comparison.tornado import morris, sobol, splits, tornado
from sim.text import agree

if TYPE_CHECKING:
    from sim.comparison.results import Comparison

Draw = Callable[..., ComparisonFigure]  # (comparison, width_mm=..., day=...)
Section = Literal["differences", "control", "shares", "fans", "holding", "ladder", "inputs", "convergence", "methods"]
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
    kinds += _maps(comparison)
    kinds += [
        Kind(f"fan-{panel.key}", f"{panel.label}, day by day (fan chart)", "fans", partial(_fan, i))
        for i, panel in enumerate(comparison.fans)
    ]
    if any(curve.agreements for curve in comparison.holding.curves):
        kinds.append(Kind("agreement_survival", "how long agreements hold (Kaplan-Meier)", "holding", survival))
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
    for c, code in enumerate(control.codes):
        if max(float(control.shares[name][:, :, c].max()) for name in comparison.scenarios) >= HELD_SOMEWHERE:
            about = (
                f"share of runs in which each town is {NAMES[code]}"
                if code in NAMES
                else f"share of runs in which {code} {agree(code, 'holds')} each town"
            )
            kinds.append(Kind(f"probability_map-{code}", about, "shares", partial(_probability, code), True))
    return kinds


def _inputs(comparison: Comparison) -> list[Kind]:
    inputs, kinds = comparison.inputs, []
    if inputs.splits:
        kinds.append(Kind("chance_and_inputs", "chance against unknown inputs", "inputs", splits))
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
