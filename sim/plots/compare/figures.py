"""The figures of a comparison by name, in the order of the report; each is drawn for a width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from sim.plots.compare.convergence import convergence
from sim.plots.compare.drawn import Drawn
from sim.plots.compare.fan import fan_chart
from sim.plots.compare.forest import forest
from sim.plots.compare.holding import causes, hold_differences, survival
from sim.plots.compare.inputs import morris, sobol, splits, tornado
from sim.plots.compare.ladder import reach, strip
from sim.plots.compare.maps import NAMES, difference_map, entropy_map, probability_map

if TYPE_CHECKING:
    from sim.study.comparison import Comparison

Draw = Callable[..., Drawn]  # (comparison, width_mm=..., day=...)
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
    found: list[Kind] = []
    if comparison.forest and not comparison.single:
        found.append(
            Kind("differences", "paired differences of headline statistics (forest plot)", "differences", forest)
        )
    found += _maps(comparison)
    found += [
        Kind(f"fan-{panel.key}", f"{panel.label}, day by day (fan chart)", "fans", partial(_fan, i))
        for i, panel in enumerate(comparison.fans)
    ]
    if any(curve.agreements for curve in comparison.holding.curves):
        found.append(Kind("agreement_survival", "how long agreements hold (Kaplan-Meier)", "holding", survival))
        found.append(Kind("agreement_causes", "what ends agreements (competing causes)", "holding", causes))
        if comparison.holding.differences and not comparison.single:
            found.append(
                Kind("agreement_hold", "mean hold against the reference (forest plot)", "holding", hold_differences)
            )
    found.append(Kind("escalation_strip", "shares of runs on each escalation level, day by day", "ladder", strip))
    if comparison.ladder.reach:
        found.append(Kind("time_to_level", "how soon runs reach a level of escalation", "ladder", reach))
    found += _inputs(comparison)
    if comparison.convergence:
        found.append(Kind("convergence", "running estimates with the number of runs", "convergence", convergence))
    found.append(Kind("entropy_map", "how uncertain each town's holder is", "methods", entropy_map, dated=True))
    return {kind.name: kind for kind in found}


def _fan(number: int, comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    return fan_chart(comparison, comparison.fans[number], width_mm)


def _probability(code: str, comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    return probability_map(comparison, code, width_mm, day)


def _of_statistic(draw: Draw, statistic: str, comparison: Comparison, width_mm: float, day: int | None = None) -> Drawn:
    return draw(comparison, statistic, width_mm, day)


def _maps(comparison: Comparison) -> list[Kind]:
    control = comparison.control
    found = []
    if control.contrasts:
        found.append(
            Kind("difference_map", "where control differs from the reference", "control", difference_map, True)
        )
    for c, code in enumerate(control.codes):
        if max(float(control.shares[name][:, :, c].max()) for name in comparison.scenarios) >= HELD_SOMEWHERE:
            about = (
                f"share of runs in which each town is {NAMES[code]}"
                if code in NAMES
                else f"share of runs in which {code} holds each town"
            )
            found.append(Kind(f"probability_map-{code}", about, "shares", partial(_probability, code), True))
    return found


def _inputs(comparison: Comparison) -> list[Kind]:
    inputs, found = comparison.inputs, []
    if inputs.splits:
        found.append(Kind("chance_and_inputs", "chance against unknown inputs", "inputs", splits))
    methods = (
        ("tornado", "which inputs matter for", tornado, inputs.tornados),
        ("morris", "size and spread of inputs' effects on", morris, inputs.morris),
        ("sobol", "Sobol indices of inputs on", sobol, inputs.sobol),
    )
    for name, about, draw, results in methods:
        for statistic, label in dict.fromkeys((r.statistic, r.label) for r in results):
            found.append(
                Kind(f"{name}-{statistic}", f"{about} {label}", "inputs", partial(_of_statistic, draw, statistic))
            )
    return found
