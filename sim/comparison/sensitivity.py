"""Sensitivity of headline statistics to uncertain inputs, and the share of chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from sim.comparison.matched_runs import DUMMY, INPUT, MatchedRuns
from sim.comparison.outcomes import HeadlineStatistic, values_of, varies
from sim.comparison.results import Bar, Inputs, MorrisPlane, SobolIndices, Tornado, VarianceSplit
from sim.scenario.fields import input_label, inputs_of, units_of
from sim.statistics.inference import SEED, discoveries
from sim.statistics.sensitivity import UNKNOWN, Split, effects, explained, morris, pawn, repeated, sobol
from sim.text import three_digits

LEAST_RUNS = 10
LEAST_SPLIT = 30  # runs for a variance split
LEAST_OF_EACH = 10  # of them that say yes, and that say no
MOST_RUNS = 2000  # of the variance split, whose work grows with the square
RANDOM = ("halton", "posterior", "grid")  # designs whose runs lie independently of one another
LEVELS = 4
Analysis = TypeVar("Analysis")


@dataclass(frozen=True, eq=False)
class SampledInputs:
    """The drawn inputs of a scenario's runs. R runs, k inputs of the design, the dummy among them."""

    scenario: str
    design: str
    levels: int
    paths: list[str]  # [k]
    own: np.ndarray  # f8 [R, k], the scenario's values; NaN if it does not draw the input
    unit: np.ndarray  # f8 [R, k], shares of the range, the same in every scenario
    ranges: np.ndarray  # f8 [k, 2], of the scenario
    replicates: np.ndarray  # i8 [R]
    units: dict[str, str]

    @cached_property
    def used(self) -> np.ndarray:
        """Columns of the inputs that the scenario draws, without the dummy: i8."""
        varying = np.array([_varies(column) for column in self.own.T], dtype=bool)
        return np.array([n for n, path in enumerate(self.paths) if path != DUMMY and varying[n]], dtype=np.int64)

    @property
    def dummy(self) -> int:
        """Column of the dummy; -1 without one."""
        return self.paths.index(DUMMY) if DUMMY in self.paths else -1


def _varies(column: np.ndarray) -> bool:
    return bool(np.isfinite(column).all() and len(column) > 0 and np.ptp(column) > 0)


def drawn_inputs(gathered: MatchedRuns, scenario: str) -> SampledInputs:
    """Return the inputs that were drawn for the runs of a scenario."""
    part, _ = gathered.part_of(scenario)
    paths, frame = list(part.study.inputs), gathered.runs[scenario]
    columns = [f"{INPUT}{path}" for path in paths]
    own = frame.reindex(columns=columns).to_numpy(dtype=float)
    unit = np.full(own.shape, math.nan)
    for name in part.names.values():  # an input that one scenario lacks is known from another's run
        other = gathered.runs[name].reindex(index=frame.index, columns=columns).to_numpy(dtype=float)
        ranges = _ranges(gathered, name, paths)
        width = np.where(ranges[:, 1] > ranges[:, 0], ranges[:, 1] - ranges[:, 0], math.nan)
        varying = np.array([_varies(column[np.isfinite(column)]) for column in other.T], dtype=bool)
        share = np.where(varying, (other - ranges[:, 0]) / width, math.nan)
        unit = np.where(np.isnan(unit), share, unit)
    definition = getattr(part.study, "definition", None)
    levels = int(definition.levels) if definition is not None else LEVELS
    design = str(part.study.manifest.get("design", "halton"))
    ranges, units = _ranges(gathered, scenario, paths), units_of(gathered.scenarios[scenario])
    return SampledInputs(scenario, design, levels, paths, own, unit, ranges, gathered.replicates(scenario), units)


def _ranges(gathered: MatchedRuns, scenario: str, paths: list[str]) -> np.ndarray:
    """Return low and high of inputs in a scenario, f8 [k, 2]: the design's, but the scenario's own where these differ from
    those of the first scenario that has the input (the rule of sim/study/plan.py).
    """
    part, own = gathered.part_of(scenario)
    every = {name: inputs_of(model) for name, model in part.study.scenarios.items()}
    ranges, design = [], part.study.inputs
    for path in paths:
        low, high = design[path]
        quantity = every[own].get(path)
        first = next((known[path] for known in every.values() if path in known), None)
        if quantity is not None and first is not None and quantity.low is not None and quantity.high is not None:
            same = (quantity.best, quantity.low, quantity.high) == (first.best, first.low, first.high)
            low, high = (low, high) if same else (quantity.low, quantity.high)
        ranges.append((low, high))
    return np.array(ranges, dtype=float).reshape(-1, 2)


def inputs(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> Inputs:
    """Return the section on inputs."""
    headline = [statistic for statistic in statistics if statistic.headline and varies(gathered, statistic)]
    drawn = {name: drawn_inputs(gathered, name) for name in gathered.scenarios}
    design = drawn[gathered.reference].design
    enough = {name: draws for name, draws in drawn.items() if len(draws.replicates) >= LEAST_RUNS and len(draws.paths)}
    splits = [_split(gathered, statistic, item) for statistic in headline for item in enough.values()]
    return Inputs(
        design=design,
        splits=tuple(splits),
        tornados=_beyond_chance(list(_tornados(gathered, headline, enough))),
        morris=tuple(_each(_morris, gathered, headline, enough)),
        sobol=tuple(_each(_sobol, gathered, headline, enough)),
        note=_note(design, enough, len(drawn[gathered.reference].paths)),
    )


def _note(design: str, enough: dict[str, SampledInputs], inputs: int) -> str:
    if not inputs:
        return (
            "Inputs were held at their best values: all spread is chance. A study that draws them shows which matter."
        )
    if not enough:
        return f"Fewer than {LEAST_RUNS} runs a scenario: too few to tell inputs from chance."
    notes = {
        "halton": "Runs are spread over the space of inputs: bars show straight-line effects of one input with all others drawn.",
        "posterior": "Inputs come from a file of draws and may go together: a bar may show what another input does.",
        "grid": "Every combination of the grid has the same seeds, so that chance and inputs are told apart exactly.",
        "morris": "A Morris design ranks inputs by elementary effects; it does not split the variance.",
        "sobol": "Sobol indices are shares of the variance; chance is part of it, so that first-order indices sum to less than one.",
    }
    return notes.get(design, "")


def _split(gathered: MatchedRuns, statistic: HeadlineStatistic, drawn: SampledInputs) -> VarianceSplit:
    values = values_of(gathered, statistic, drawn.scenario)
    rare = statistic.yes_no and min(np.sum(values == 1), np.sum(values == 0)) < LEAST_OF_EACH
    few = UNKNOWN, f"fewer than {LEAST_OF_EACH} runs of each kind", len(values)
    split, method, runs = few if rare else _shared(drawn, values)
    return VarianceSplit(drawn.scenario, statistic.statistic, statistic.label, runs, *split, 1 - split.inputs, method)


def _shared(drawn: SampledInputs, values: np.ndarray) -> tuple[Split, str, int]:
    """Return the share of inputs, how it was found, and from how many runs."""
    if drawn.design == "morris":
        return UNKNOWN, "a Morris design does not split the variance", len(values)
    if drawn.design == "grid":
        table = _grid(drawn, values)
        method = "analysis of variance, every seed at every point"
        return (UNKNOWN, method, 0) if table is None else (repeated(table), method, table.size)
    rows, used = _first_rows(drawn), drawn.used
    rows = rows[np.isfinite(values[rows])][:MOST_RUNS]
    if len(rows) < LEAST_SPLIT or not len(used):
        return UNKNOWN, f"fewer than {LEAST_SPLIT} runs", len(rows)
    method = "linear effects of all inputs, moments matched; the rest is chance"
    return explained(drawn.own[np.ix_(rows, used)], values[rows]), method, len(rows)


def _first_rows(drawn: SampledInputs) -> np.ndarray:
    """Return rows that lie independently: all but in a Sobol design, where each block begins with one: i8."""
    if drawn.design != "sobol":
        return np.arange(len(drawn.replicates))
    return np.flatnonzero(drawn.replicates % (len(drawn.paths) + 2) == 0)


def _grid(drawn: SampledInputs, values: np.ndarray) -> np.ndarray | None:
    """Return values as f8 [seeds, points] where every point has every seed; seeds not complete are left out."""
    known = np.nan_to_num(drawn.unit, nan=-1.0)
    points, which = np.unique(known, axis=0, return_inverse=True)
    which = which.reshape(-1)
    cells = len(points)
    if cells < 2:
        return None
    cycle = drawn.replicates // cells
    rows = [np.flatnonzero(cycle == number) for number in np.unique(cycle)]
    full = [r[np.argsort(which[r])] for r in rows if len(r) == cells and len(np.unique(which[r])) == cells]
    table = np.array([values[r] for r in full])
    return table if len(full) > 1 and np.isfinite(table).all() else None


def _tornados(
    gathered: MatchedRuns, headline: list[HeadlineStatistic], enough: dict[str, SampledInputs]
) -> Iterator[Tornado]:
    for statistic in headline:
        for name, drawn in enough.items():
            values = values_of(gathered, statistic, name)
            tornado = _tornado(statistic, name, drawn, values)
            if tornado is not None:
                yield tornado
            if name != gathered.reference and gathered.reference in enough and not gathered.unmatched:
                gap = _gap(gathered, statistic, name)
                paired = _tornado(statistic, f"{name} minus {gathered.reference}", drawn, gap)
                if paired is not None:
                    yield paired


def _gap(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str) -> np.ndarray:
    """Return the paired difference by run of a scenario, f8 [R]; NaN for runs without a match."""
    first, own = gathered.replicates(gathered.reference), gathered.replicates(name)
    gap = np.full(len(own), math.nan)
    both = gathered.pairs(name)
    one_way = values_of(gathered, statistic, name)[np.searchsorted(own, both)]
    gap[np.searchsorted(own, both)] = (
        one_way - values_of(gathered, statistic, gathered.reference)[np.searchsorted(first, both)]
    )
    return gap


def _tornado(statistic: HeadlineStatistic, name: str, drawn: SampledInputs, values: np.ndarray) -> Tornado | None:
    """Return a tornado; None in designs without one, with too few runs, or where nothing varies."""
    rows = _first_rows(drawn)
    rows = rows[np.isfinite(values[rows])]
    columns = drawn.used
    if (
        drawn.design not in (*RANDOM, "sobol")
        or len(rows) < LEAST_RUNS
        or not len(columns)
        or np.ptp(values[rows]) == 0
    ):
        return None
    if drawn.dummy >= 0:
        columns = np.append(columns, drawn.dummy)
    points, ranges = drawn.own[np.ix_(rows, columns)], drawn.ranges[columns]
    known = effects(points, values[rows], ranges[:, 1] - ranges[:, 0], SEED)
    distances = pawn(points, values[rows])
    mean, middle = float(values[rows].mean()), points.mean(axis=0)
    bars = []
    for n, column in enumerate(columns.tolist()):
        path, (low, high), slope = drawn.paths[column], ranges[n].tolist(), float(known.slope[n])
        at_low, at_high = (mean + slope * (end - float(middle[n])) for end in (low, high))
        effect, half = float(known.effect[n]), float(known.half_width[n])
        bars.append(
            Bar(path, input_label(path), drawn.units.get(path, ""), low, high, at_low, at_high, effect, effect - half, effect + half,
                path != DUMMY and abs(effect) > known.noise, float(distances[n]))
        )  # fmt: skip
    dummy = next((abs(bar.effect) for bar in bars if bar.path == DUMMY), math.nan)
    ranked = tuple(sorted(bars, key=lambda bar: (-abs(bar.effect), bar.path)))
    note = _tornado_note(known.noise, len(ranked) - (drawn.dummy >= 0), len(rows))
    return Tornado(
        name,
        statistic.statistic,
        statistic.label,
        statistic.unit,
        mean,
        len(rows),
        known.noise,
        dummy,
        ranked,
        note,
        known.p,
    )


def _beyond_chance(tornados: list[Tornado]) -> tuple[Tornado, ...]:
    """Return tornados in which no bar is above the noise unless its tornado is more than chance.

    Many tornados are looked at, so that some have an input above their noise by chance: those with one are held to a false
    discovery rate of 5 % over all statistics and scenarios (Benjamini-Hochberg, of the p of their largest effects).
    """
    found = discoveries(np.array([tornado.p for tornado in tornados]))
    return tuple(
        tornado if more else replace(tornado, bars=tuple(replace(bar, above_noise=False) for bar in tornado.bars))
        for tornado, more in zip(tornados, found.tolist(), strict=True)
    )


def _tornado_note(noise: float, inputs: int, runs: int) -> str:
    return f"{runs:,} runs, {inputs:,} inputs; chance alone reaches {three_digits(noise)}"


def _each(
    make: Callable[[HeadlineStatistic, str, SampledInputs, np.ndarray], Analysis | None],
    gathered: MatchedRuns,
    headline: list[HeadlineStatistic],
    enough: dict[str, SampledInputs],
) -> Iterator[Analysis]:
    """Give what a method makes of each statistic in each scenario, where its design allows it."""
    for statistic in headline:
        for name, drawn in enough.items():
            values = values_of(gathered, statistic, name)
            analysis = make(statistic, name, drawn, values)
            if analysis is not None:
                yield analysis


def _blocks(drawn: SampledInputs, values: np.ndarray, size: int) -> np.ndarray:
    """Return the rows of whole blocks of a design, all of whose runs are done and give a value: i8."""
    block, position = drawn.replicates // size, drawn.replicates % size
    good = np.isfinite(values) & np.isfinite(drawn.unit).all(axis=1)
    rows = [np.flatnonzero((block == number) & good) for number in np.unique(block)]
    full = [r for r in rows if len(r) == size and (position[r] == np.arange(size)).all()]
    return np.concatenate(full) if full else np.zeros(0, dtype=np.int64)


def _morris(statistic: HeadlineStatistic, name: str, drawn: SampledInputs, values: np.ndarray) -> MorrisPlane | None:
    size = len(drawn.paths) + 1
    rows = _blocks(drawn, values, size) if drawn.design == "morris" else np.zeros(0, dtype=np.int64)
    if len(rows) < 2 * size:
        return None
    steps = drawn.levels - 1
    points = np.round(drawn.unit[rows] * steps) / steps  # exactly on the levels, as the analysis wants them
    known = morris(points, values[rows], drawn.levels, SEED)
    used, dummy = drawn.used, drawn.dummy
    floor = float(known.mu_star[dummy] + known.half_width[dummy]) if dummy >= 0 else math.nan
    count = len(rows) // size
    note = (
        f"{count} trajectories. Right: moves the statistic; up: by jumps or together with others. Inputs left of the line at "
        f"{three_digits(floor)} do no more than the dummy, whose effects are chance."
    )
    paths = tuple(drawn.paths[n] for n in used)
    return MorrisPlane(
        name, statistic.statistic, statistic.label, paths, tuple(map(input_label, paths)), known.mu[used], known.mu_star[used],
        known.sigma[used], known.half_width[used], floor, count, note,
    )  # fmt: skip


def _sobol(statistic: HeadlineStatistic, name: str, drawn: SampledInputs, values: np.ndarray) -> SobolIndices | None:
    size = len(drawn.paths) + 2
    rows = _blocks(drawn, values, size) if drawn.design == "sobol" else np.zeros(0, dtype=np.int64)
    if len(rows) < 4 * size or np.ptp(values[rows]) == 0:
        return None
    known = sobol(values[rows], len(drawn.paths), SEED)
    used, dummy = drawn.used, drawn.dummy
    floor = float(known.total[dummy]) if dummy >= 0 else math.nan
    count = len(rows) // size
    note = (
        f"Base sample of {count:,}. Each run has a seed of its own, so that total indices hold chance too: that of the dummy, "
        f"{three_digits(floor)}, is chance alone."
    )
    paths = tuple(drawn.paths[n] for n in used)
    return SobolIndices(
        name, statistic.statistic, statistic.label, paths, tuple(map(input_label, paths)), known.first[used], known.first_half_width[used],
        known.total[used], known.total_half_width[used], floor, count, note,
    )  # fmt: skip
