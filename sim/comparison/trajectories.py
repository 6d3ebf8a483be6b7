"""The course of the runs: bands of daily quantities, and the escalation ladder."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from sim.comparison.matched_runs import MatchedRuns
from sim.comparison.results import BANDS, Fan, FanDifference, FanPanel, LadderResult, ReachCurve
from sim.engine.kinds import LEVELS
from sim.scenario.schema import Scenario, codes, rebel_pairs
from sim.statistics.inference import wilson
from sim.text import plural

Make = Callable[[np.ndarray], np.ndarray]  # f8 [R, D + 1, columns] -> f8 [R, D + 1]


class Panel(NamedTuple):
    """A quantity of a fan chart: columns of the daily table and what is made of them."""

    key: str
    label: str
    unit: str
    columns: tuple[str, ...]
    make: Make


def _first_column(values: np.ndarray) -> np.ndarray:
    return values[..., 0]


def _sum_so_far(values: np.ndarray) -> np.ndarray:
    return np.cumsum(values.sum(axis=-1), axis=1)


def _highest(values: np.ndarray) -> np.ndarray:
    return values.max(axis=-1) if values.shape[-1] else np.zeros(values.shape[:-1])


def panels(gathered: MatchedRuns) -> list[Panel]:
    """Return the quantities of the fan charts."""
    short = list(dict.fromkeys(code for model in gathered.scenarios.values() for code in codes(model).values()))
    every = tuple(f"{code}_deaths" for code in short)
    return [
        *(
            Panel(f"{code}_towns", f"towns held by {code}", "towns", (f"{code}_towns",), _first_column)
            for code in short
        ),
        Panel("deaths_total", "fighters killed so far", "fighters", every, _sum_so_far),
        Panel("civilian_deaths_total", "civilians killed so far", "civilians", ("civilian_deaths",), _sum_so_far),
        Panel("level", "highest escalation level among rebels", "level", _levels(gathered), _highest),
        Panel("clashes", "towns with a clash", "towns", ("clashes",), _first_column),
        Panel("agreements", "agreements in force", "agreements", ("agreements",), _first_column),
        Panel("displaced", "people displaced", "people", ("displaced",), _first_column),
    ]


def _levels(gathered: MatchedRuns) -> tuple[str, ...]:
    models: list[Scenario] = list(gathered.scenarios.values())
    return tuple(dict.fromkeys(f"level_{a}_{b}" for model in models for a, b in rebel_pairs(model)))


def fans(gathered: MatchedRuns) -> tuple[FanPanel, ...]:
    """Return the fan charts; a quantity that never varies in any run or day is left out."""
    all_panels = panels(gathered)
    columns = list(dict.fromkeys(name for panel in all_panels for name in panel.columns))
    daily = gathered.daily_counts(columns)
    drawn = []
    for panel in all_panels:
        rows = [columns.index(name) for name in panel.columns]
        values = {name: panel.make(counts[..., rows].astype(float)) for name, counts in daily.items()}
        if any(np.ptp(counts) > 0 for counts in values.values() if counts.size):
            drawn.append(_panel(gathered, panel, values))
    return tuple(drawn)


def _panel(gathered: MatchedRuns, panel: Panel, values: dict[str, np.ndarray]) -> FanPanel:
    scenario_fans = tuple(_fan(name, counts) for name, counts in values.items())
    days = np.arange(len(scenario_fans[0].median))
    differences = tuple(_difference(gathered, name, values) for name in gathered.others)
    runs = [fan.runs for fan in scenario_fans]
    counted = plural(runs[0], "run") if len(set(runs)) == 1 else f"{min(runs):,} to {max(runs):,} runs"
    note = (
        f"Lines: medians of {counted} a scenario. Bands hold the middle 80 % of the runs of a day: they show how runs spread, "
        "not how well the median is known."
        if max(runs) > 1
        else "One run a scenario: there are no bands."
    )
    if differences and max(runs) > 1:
        note += (
            " Below: mean of the paired differences from the reference, with its 95 % interval of each day (Student's t); "
            "pale where the interval spans zero."
        )
    return FanPanel(panel.key, panel.label, panel.unit, days, scenario_fans, differences, note)


def _fan(name: str, values: np.ndarray) -> Fan:
    edges = [[50 - width / 2, 50 + width / 2] for width in BANDS]
    low, high = (np.percentile(values, [edge[side] for edge in edges], axis=0) for side in (0, 1))
    return Fan(name, len(values), np.median(values, axis=0), low, high, values.mean(axis=0))


def _difference(gathered: MatchedRuns, name: str, values: dict[str, np.ndarray]) -> FanDifference:
    """Return the mean of the paired differences of each day from the reference, with its interval."""
    pairs = gathered.pairs(name)
    first, second = (
        values[scenario][np.isin(gathered.replicates(scenario), pairs)] for scenario in (gathered.reference, name)
    )
    gap = second - first
    mean = gap.mean(axis=0) if len(pairs) else np.full(gap.shape[1], math.nan)
    half = np.full(gap.shape[1], math.nan)
    if len(pairs) > 1:
        half = student.ppf(0.975, len(pairs) - 1) * gap.std(axis=0, ddof=1) / math.sqrt(len(pairs))
    return FanDifference(name, len(pairs), mean, mean - half, mean + half)


def ladder(gathered: MatchedRuns) -> LadderResult:
    """Return the section on the escalation ladder."""
    columns = list(_levels(gathered))
    level = {name: _highest(values) for name, values in gathered.daily_counts(columns).items()}
    share = {
        name: np.stack([np.mean(levels == step, axis=0) for step in range(len(LEVELS))], axis=-1)
        for name, levels in level.items()
    }
    reach = tuple(_reach(step, name, level[name]) for step in range(1, len(LEVELS)) for name in gathered.scenarios)
    note = (
        "Highest level of any pair of rebels on each morning. Curves: share of runs that have reached a level, one less the "
        "Kaplan-Meier estimate; runs that never do are censored at their end. Bands: 95 % (Wilson)."
    )
    return LadderResult(
        np.arange(gathered.days + 1), LEVELS, share, {name: len(levels) for name, levels in level.items()}, reach, note
    )


def _reach(step: int, name: str, level: np.ndarray) -> ReachCurve:
    """Return the curve of a level; all runs are followed to one day, so that the estimate is the share so far."""
    so_far = np.logical_or.accumulate(level >= step, axis=1)
    runs = len(level)
    if runs > 1:
        low, high = wilson(so_far.sum(axis=0), runs)
    else:
        low = high = np.full(so_far.shape[1], math.nan)
    share = so_far.mean(axis=0)
    half = np.flatnonzero(share >= 0.5)
    return ReachCurve(
        step, name, share, low, high, int(so_far[:, -1].sum()), runs, float(half[0]) if len(half) else math.nan
    )
