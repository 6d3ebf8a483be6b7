"""What the inputs have to do with a choice between policies: boxes in which a policy fails, and surrogates of differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.comparison.matched_runs import DUMMY
from sim.comparison.over_draws import draw_means, variance_components
from sim.comparison.sensitivity import SampledInputs
from sim.statistics.inference import SEED, discoveries
from sim.statistics.prim import TestedBox, find_tested_box
from sim.statistics.surrogate import Surrogate, is_available, surrogate


@dataclass(frozen=True)
class InputRange:
    """The range of an input in a box: in its unit, and as shares of the range from which it is drawn, 0..1."""

    path: str
    unit: str
    low: float
    high: float
    share_low: float
    share_high: float
    is_open_low: bool  # the box reaches down to the end of the range
    is_open_high: bool
    quasi_p: float
    repeated: float  # share of halves of the runs whose box restricts it


@dataclass(frozen=True, eq=False)
class PolicyBox:
    """The box of inputs in which a policy fails most; `tested` is None if too few runs fail, or too few do not."""

    scenario: str
    runs: int
    fails: int
    tested: TestedBox | None
    ranges: tuple[InputRange, ...]
    beyond_chance: bool  # at a false discovery rate of 5 % over the policies


@dataclass(frozen=True, eq=False)
class PolicySurrogate:
    """The surrogate of a policy's paired difference from the first policy, in the statistic's unit.

    `surrogate` is None without scikit-learn, with too few draws, or if nothing varies. `noise`: standard deviation of the
    difference between runs of the same inputs, below which no surrogate's error can come; NaN if no draw has two runs.
    """

    scenario: str
    surrogate: Surrogate | None
    noise: float


def draw_of_runs(drawn: SampledInputs, replicates: np.ndarray) -> np.ndarray:
    """Return the draw of the inputs of each replicate, i8 [n], 0 and up; each its own if inputs are not drawn."""
    columns = [n for n, path in enumerate(drawn.paths) if path != DUMMY]
    known = replicates[:, None].astype(float)
    if columns:
        known = np.nan_to_num(drawn.unit[np.searchsorted(drawn.replicates, replicates)][:, columns], nan=-1.0)
    return np.unique(known, axis=0, return_inverse=True)[1].reshape(-1)


def _points(drawn: SampledInputs, replicates: np.ndarray) -> np.ndarray:
    """Return the values of the inputs that a scenario draws: f8 [n, k], in the order of `drawn.used`."""
    return drawn.own[np.ix_(np.searchsorted(drawn.replicates, replicates), drawn.used)]


def boxes(drawn: Sequence[SampledInputs], replicates: np.ndarray, fails: np.ndarray) -> tuple[PolicyBox, ...]:
    """Return the box of each policy; `fails` bool [n, P] says which replicates pass the threshold."""
    found = []
    for each, failed in zip(drawn, fails.T, strict=True):
        tested = find_tested_box(_points(each, replicates), failed, SEED)
        ranges = () if tested is None else _ranges(each, tested)
        found.append(PolicyBox(each.scenario, len(failed), int(failed.sum()), tested, ranges, False))
    rare = discoveries(np.array([1.0 if each.tested is None else each.tested.p for each in found]))
    return tuple(
        replace(each, beyond_chance=bool(known and each.ranges))
        for each, known in zip(found, rare.tolist(), strict=True)
    )


def _ranges(drawn: SampledInputs, tested: TestedBox) -> tuple[InputRange, ...]:
    ranges, box = [], tested.box
    for n, column in enumerate(drawn.used[box.columns].tolist()):
        least, most = drawn.ranges[column].tolist()
        low, high = max(float(box.low[n]), least), min(float(box.high[n]), most)
        width = most - least
        path = drawn.paths[column]
        ranges.append(
            InputRange(
                path, drawn.units.get(path, ""), low, high, (low - least) / width if width else 0.0,
                (high - least) / width if width else 1.0, math.isinf(box.low[n]), math.isinf(box.high[n]),
                float(box.quasi_p[n]), float(tested.repeated[n]),
            )
        )  # fmt: skip
    return tuple(ranges)


def surrogates(
    drawn: Sequence[SampledInputs], replicates: np.ndarray, values: np.ndarray, draw: np.ndarray
) -> tuple[PolicySurrogate, ...]:
    """Return the surrogate of each policy but the first; empty if inputs are not drawn. `values` f8 [n, P], `draw` i8 [n]."""
    found = []
    for column, each in enumerate(drawn[1:], start=1):
        gap = values[:, column] - values[:, 0]
        if len(each.used):
            known = surrogate(_points(each, replicates), gap, draw, SEED) if is_available() else None
            found.append(PolicySurrogate(each.scenario, known, _noise(draw, gap)))
    return tuple(found)


def _noise(draw: np.ndarray, gap: np.ndarray) -> float:
    count = int(draw.max()) + 1
    if not 1 < count < len(gap):
        return math.nan
    return math.sqrt(float(variance_components(draw_means(draw, gap)).within[0]))
