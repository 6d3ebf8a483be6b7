"""How long agreements hold in each scenario, and by what they end."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from sim.comparison.matched_runs import MatchedRuns
from sim.comparison.outcomes import row_of
from sim.comparison.results import AgreementSurvival, EndCause, ForestRow, HoldingCurve
from sim.scenario.schema import codes
from sim.statistics.inference import SEED, difference_of, more_runs
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

RISK_STEPS = (1, 2, 5, 7, 10, 14, 20, 30, 60, 90, 180, 365)
RISK_DAYS = 7  # columns of the table of numbers at risk, at most
EXPIRED, OTHERWISE = "expired", "otherwise ended"


def holding(gathered: MatchedRuns) -> AgreementSurvival:
    """Return the section on the survival of agreements signed during the runs."""
    table = gathered.table("agreements", ["given", "days_held", "censored", "status", "broken_by_faction"])
    signed = {name: _signed(table, name) for name in gathered.scenarios}
    causes = _causes(gathered, signed)
    horizon = (
        max([int(agreements["days_held"].max()) for agreements in signed.values() if len(agreements)], default=1) or 1
    )
    counted = {name: _counts(gathered, agreements, name, causes, horizon) for name, agreements in signed.items()}
    days, risk = np.arange(horizon + 1), _risk_days(horizon)
    drawn = tuple(_curve(name, signed[name], counted[name], causes, risk) for name in gathered.scenarios)
    until = common_horizon([curves(agreements).at_risk[0] for agreements in counted.values()])
    rows = tuple(_difference(gathered, counted, name, until) for name in gathered.others if until > 0)
    return AgreementSurvival(days, risk, horizon, drawn, rows, _note(gathered, until))


def _note(gathered: MatchedRuns, until: int) -> str:
    note = (
        "Agreements signed by the model, from signing; those given by a scenario are left out, those in force at the end are "
        "censored. Kaplan-Meier; ways of ending by Aalen-Johansen."
    )
    if gathered.single:
        return f"{note} One run a scenario: there are no bands."
    note += f" Bands: 95 %, pointwise, {BOOTSTRAPS:,} resamples of whole runs, since agreements of one run are not independent."
    if until > 0:
        note += (
            f" Differences: mean days held, counted over the first {until} days, as long as every scenario has enough agreements "
            "at risk; matched runs are resampled together."
        )
    return note


def _signed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the agreements that the runs of a scenario sign, without those given (see sim.statistics.summary.hold_of)."""
    return table[(table["scenario"] == name) & (table["given"] == 0)]


def _labels(rows: pd.DataFrame) -> np.ndarray:
    """Return how each agreement ended: object [n], "" for those in force."""
    by = rows["broken_by_faction"].astype(object).fillna("").to_numpy(dtype=object)
    broken = np.array([f"broken by {code}" if code else OTHERWISE for code in by], dtype=object)
    ended = np.where((rows["status"].astype(object) == EXPIRED).to_numpy(), EXPIRED, broken)
    return np.where(rows["censored"].to_numpy() == 1, "", ended).astype(object)


def _causes(gathered: MatchedRuns, signed: dict[str, pd.DataFrame]) -> list[str]:
    sides = [code for model in gathered.scenarios.values() for code in codes(model).values()]
    order = dict.fromkeys([*(f"broken by {code}" for code in sides), EXPIRED, OTHERWISE])
    seen = {label for rows in signed.values() for label in _labels(rows)}
    return [label for label in order if label in seen] or [EXPIRED]


def _counts(gathered: MatchedRuns, rows: pd.DataFrame, name: str, causes: list[str], horizon: int) -> Counts:
    replicates = gathered.replicates(name)
    run = np.searchsorted(replicates, rows["replicate"].to_numpy(dtype=np.int64))
    positions = {label: number for number, label in enumerate(causes)}
    cause = np.array([positions.get(label, -1) for label in _labels(rows)], dtype=np.int64)
    shape = (len(replicates), len(causes), horizon + 1)
    return counts(run, rows["days_held"].to_numpy(dtype=np.int64), cause, shape)


def _risk_days(horizon: int) -> np.ndarray:
    step = next((step for step in RISK_STEPS if horizon / step < RISK_DAYS), RISK_STEPS[-1])
    return np.arange(0, horizon + 1, step)


def _curve(name: str, rows: pd.DataFrame, counted: Counts, causes: list[str], risk: np.ndarray) -> HoldingCurve:
    whole, labels = curves(counted), _labels(rows)
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


def _difference(gathered: MatchedRuns, counted: dict[str, Counts], name: str, until: int) -> ForestRow:
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
