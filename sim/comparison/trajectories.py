"""The course of the runs of each scenario: bands of daily quantities, the escalation ladder, how long agreements hold and by what they end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.comparison.matched_runs import MatchedRuns
from sim.comparison.outcomes import row_of
from sim.comparison.results import (
    BANDS,
    AgreementSurvival,
    EndCause,
    Fan,
    FanDifference,
    FanPanel,
    ForestRow,
    HoldingCurve,
    LadderResult,
    ReachCurve,
)
from sim.engine.kinds import LEVELS
from sim.scenario.schema import Scenario, codes, rebel_pairs
from sim.statistics.inference import SEED, difference_of, half_width, is_resolved, more_runs, wilson
from sim.statistics.survival import (
    BOOTSTRAPS,
    Counts,
    SurvivalCurves,
    band,
    common_horizon,
    counts,
    curves,
    draws,
    median_of,
    restricted_mean,
)
from sim.text import plural, result_text, three_digits

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
            Panel(f"{code}_towns", f"towns held by {gathered.names[code]}", "towns", (f"{code}_towns",), _first_column)
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
    each = " a scenario" if gathered.others else ""
    note = (
        f"Lines: medians of {counted}{each}. Bands hold the middle 80 % of the runs of a day: they show how runs spread, "
        "not how well the median is known."
        if max(runs) > 1
        else "One run a scenario: there are no bands."
    )
    if differences and max(runs) > 1:
        note += (
            " Below: mean of the paired differences from the reference, with its 95 % interval of each day (Student's t); "
            "pale where it is not resolved."
        )
    return FanPanel(panel.key, panel.label, panel.unit, days, scenario_fans, differences, note)


def _fan(name: str, values: np.ndarray) -> Fan:
    edges = [[50 - width / 2, 50 + width / 2] for width in BANDS]
    low, high = (np.percentile(values, [edge[side] for edge in edges], axis=0) for side in (0, 1))
    return Fan(name, len(values), np.median(values, axis=0), low, high, values.mean(axis=0))


def _difference(gathered: MatchedRuns, name: str, values: dict[str, np.ndarray]) -> FanDifference:
    """Return the mean of the paired differences of each day from the reference, with its interval."""
    first, second = gathered.matched(name, values[gathered.reference], values[name])
    gap = second - first
    mean = gap.mean(axis=0) if len(gap) else np.full(gap.shape[1], math.nan)
    half = half_width(gap)
    low, high = mean - half, mean + half
    resolved = is_resolved(low, high, np.count_nonzero(gap, axis=0))
    return FanDifference(name, len(gap), mean, low, high, resolved)


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
        "Highest level of any pair of rebels on each morning. Curves: share of runs that have reached a level, one minus the "
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


RISK_STEPS = (1, 2, 5, 7, 10, 14, 20, 30, 60, 90, 180, 365)
RISK_DAYS = 7  # columns of the table of numbers at risk, at most
EXPIRED, OTHERWISE = "expired", "otherwise ended"


def holding(gathered: MatchedRuns) -> AgreementSurvival:
    """Return the section on the survival of agreements signed during the runs."""
    columns = ["given", "signed", "days_held", "censored", "status", "broken_by_faction"]
    table = gathered.table("agreements", columns)
    signed = {name: _signed(table, name) for name in gathered.scenarios}
    causes = _causes(gathered, signed)
    horizon = (
        max([int(agreements["days_held"].max()) for agreements in signed.values() if len(agreements)], default=1) or 1
    )
    counted = {name: _counts(gathered, agreements, name, causes, horizon) for name, agreements in signed.items()}
    days, risk = np.arange(horizon + 1), _risk_days(horizon)
    drawn = tuple(_curve(gathered, name, signed[name], counted[name], causes, risk) for name in gathered.scenarios)
    until = common_horizon([curves(agreements).at_risk[0] for agreements in counted.values()])
    rows = tuple(_hold_difference(gathered, counted, name, until) for name in gathered.others if until > 0)
    spans = {name: _spans(gathered, table, name) for name in gathered.scenarios}
    return AgreementSurvival(days, risk, horizon, drawn, rows, spans, _note(gathered, until))


def _spans(gathered: MatchedRuns, table: pd.DataFrame, name: str) -> np.ndarray:
    """Return from when to when each agreement of a scenario's runs was in force: i8 [agreements, 4], as in `AgreementSurvival`."""
    rows = table[table["scenario"] == name]
    run = np.searchsorted(gathered.replicates(name), rows["replicate"].to_numpy(dtype=np.int64))
    start = np.datetime64(gathered.scenarios[name].start, "D")
    first = (rows["signed"].to_numpy().astype("datetime64[D]") - start).astype(np.int64)
    last = first + rows["days_held"].to_numpy(dtype=np.int64)
    broken = (rows["status"].astype(object) == "broken").to_numpy()
    end = np.where(rows["censored"].to_numpy() == 1, 2, np.where(broken, 0, 1))
    spans: np.ndarray = np.column_stack([run, np.maximum(first, 0), last, end]).astype(np.int64)
    return spans[last >= 0]


def _note(gathered: MatchedRuns, until: int) -> str:
    note = (
        "Agreements signed by the model, from signing; those given by a scenario are left out, those in force at the end are "
        "censored. Kaplan-Meier; ways of ending by Aalen-Johansen."
    )
    if gathered.single:
        return f"{note} One run a scenario: there are no bands."
    note += f" Bands: 95 %, pointwise, {BOOTSTRAPS:,} resamples of whole runs, since agreements of one run are not independent."
    if until > 0 and gathered.others:
        note += (
            f" Differences: mean days held, counted over the first {until} days, as long as every scenario has enough agreements "
            "at risk; matched runs are resampled together."
        )
    return note


def _signed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the agreements that the runs of a scenario sign, without those given (see sim.statistics.summary.hold_of)."""
    return table[(table["scenario"] == name) & (table["given"] == 0)]


def _labels(rows: pd.DataFrame, names: Mapping[str, str]) -> np.ndarray:
    """Return how each agreement ended: object [n], "" for those in force."""
    by = rows["broken_by_faction"].astype(object).fillna("").to_numpy(dtype=object)
    broken = np.array([f"broken by {names.get(code, code)}" if code else OTHERWISE for code in by], dtype=object)
    ended = np.where((rows["status"].astype(object) == EXPIRED).to_numpy(), EXPIRED, broken)
    return np.where(rows["censored"].to_numpy() == 1, "", ended).astype(object)


def _causes(gathered: MatchedRuns, signed: dict[str, pd.DataFrame]) -> list[str]:
    sides = [code for model in gathered.scenarios.values() for code in codes(model).values()]
    order = dict.fromkeys([*(f"broken by {gathered.names[code]}" for code in sides), EXPIRED, OTHERWISE])
    seen = {label for rows in signed.values() for label in _labels(rows, gathered.names)}
    return [label for label in order if label in seen] or [EXPIRED]


def _counts(gathered: MatchedRuns, rows: pd.DataFrame, name: str, causes: list[str], horizon: int) -> Counts:
    replicates = gathered.replicates(name)
    run = np.searchsorted(replicates, rows["replicate"].to_numpy(dtype=np.int64))
    positions = {label: number for number, label in enumerate(causes)}
    cause = np.array([positions.get(label, -1) for label in _labels(rows, gathered.names)], dtype=np.int64)
    shape = (len(replicates), len(causes), horizon + 1)
    return counts(run, rows["days_held"].to_numpy(dtype=np.int64), cause, shape)


def _risk_days(horizon: int) -> np.ndarray:
    step = next((step for step in RISK_STEPS if horizon / step < RISK_DAYS), RISK_STEPS[-1])
    return np.arange(0, horizon + 1, step)


def _curve(
    gathered: MatchedRuns, name: str, rows: pd.DataFrame, counted: Counts, causes: list[str], risk: np.ndarray
) -> HoldingCurve:
    whole, labels = curves(counted), _labels(rows, gathered.names)
    runs = len(counted.censored)
    share, median = whole.share[0], median_of(whole.share[0])
    low, high, median_low, median_high = _bands(counted, runs)
    ended = {label: int(np.sum(labels == label)) for label in causes}
    broken = sum(count for label, count in ended.items() if label not in (EXPIRED,))
    in_force = int(np.sum(labels == ""))
    curve = HoldingCurve(
        scenario=name,
        runs=runs,
        agreements=len(rows),
        broken=broken,
        expired=ended.get(EXPIRED, 0),
        in_force=in_force,
        share=share,
        low=low,
        high=high,
        at_risk=np.rint(whole.at_risk[0][risk]).astype(np.int64),
        causes=tuple(EndCause(label, whole.causes[0, row], ended[label]) for row, label in enumerate(causes)),
        median=median if math.isfinite(median) else math.nan,
        median_low=median_low,
        median_high=median_high,
        sentence="",
    )
    return replace(curve, sentence=_sentence(curve))


def _bands(counted: Counts, runs: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return the band of a curve and of its median; NaN with one run."""
    if runs < 2:
        none = np.full(counted.horizon + 1, math.nan)
        return none, none, math.nan, math.nan
    drawn: SurvivalCurves = curves(counted, draws(runs, BOOTSTRAPS, SEED))
    low, high = band(drawn.share)
    medians = np.sort([median_of(share) for share in drawn.share])
    edges = [int(0.025 * len(medians)), int(0.975 * len(medians))]
    return low, high, float(medians[edges[0]]), float(medians[edges[1]])


def _sentence(curve: HoldingCurve) -> str:
    if not curve.agreements:
        return f"{curve.scenario}: no agreement was signed in {plural(curve.runs, 'run')}."
    signed = f"{plural(curve.agreements, 'agreement was', 'agreements were')} signed in {plural(curve.runs, 'run')}"
    ends = f"{curve.broken:,} broken, {curve.expired:,} expired, {curve.in_force:,} in force at the end"
    known = not math.isnan(curve.median)
    half = (
        f"half have ended within {result_text(curve.median, 'days')}"
        if known
        else "over half still hold when last seen"
    )
    if math.isfinite(curve.median_low):
        low, high = three_digits(curve.median_low), three_digits(curve.median_high)
        half += f" (95 % interval {f'{low} to {high}' if math.isfinite(curve.median_high) else f'from {low} on'})"
    return f"{curve.scenario}: {signed}; {ends}; {half}."


def _hold_difference(gathered: MatchedRuns, counted: dict[str, Counts], name: str, until: int) -> ForestRow:
    """Return the difference of the mean hold up to a day, with matched runs resampled together."""
    both = gathered.pairs(name)
    parts = []
    weights = draws(len(both), BOOTSTRAPS, SEED) if len(both) > 1 else None
    for scenario in (gathered.reference, name):
        keep = np.searchsorted(gathered.replicates(scenario), both)
        some = Counts(counted[scenario].ended[keep], counted[scenario].censored[keep])
        whole = float(restricted_mean(curves(some).share[0], until))
        parts.append((whole, np.empty(0) if weights is None else restricted_mean(curves(some, weights).share, until)))
    (first, first_drawn), (second, second_drawn) = parts
    label = f"mean hold of agreements, first {plural(until, 'day')}"
    low, high = (math.nan, math.nan) if weights is None else (float(x) for x in band(second_drawn - first_drawn))
    gap = difference_of(first_drawn, second_drawn, second - first, low, high, ("hold_up_to", label, "days"))
    more = None if gap.resolved or math.isnan(low) else more_runs(second - first, low, high, len(both))
    gap = replace(gap, pairs=len(both), reference=first, other=second, more_runs=more, differing=None)
    spread = float(np.std(first_drawn)) * math.sqrt(len(both)) if len(first_drawn) else math.nan
    return row_of(name, gap, spread)
