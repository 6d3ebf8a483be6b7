"""What a claim comes to in the runs of one of its studies: a difference, a mean, a share, or the verdict on a pattern."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from sim.geography.maps import Geography
from sim.geography.towns import find_place
from sim.scenario.schema import Scenario
from sim.statistics.inference import mean_interval, paired_difference, paired_share_difference, wilson
from sim.study.plan import Plan
from sim.study.store import Study
from sim.study.worker import kept_map
from sim.validation.audit_changes import Change
from sim.validation.claims import Claim
from sim.validation.pattern_card import figure_row, figures_of, samples_by_window, verdict_of
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_samples import ReportedRun, runs_of_study

CLAIMED, AGAINST = "claimed", "against"
RESAMPLES = 400
RESAMPLE_SEED = 20181031
Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Planned:
    """The study of a claim under one change. `names`: names before the change, by those after it."""

    change: Change
    plan: Plan
    names: dict[str, str]


@dataclass(frozen=True)
class Estimate:
    """What a claim comes to under one change.

    Attributes:
        change: its name.
        value: the difference, mean or share; of a pattern the share of resampled sets of runs with the verdict expected.
        low: lower end of the 95 % interval, NaN if there is none, as of a pattern.
        high: upper end.
        runs: runs, or pairs of runs, that give the quantity.
        verdict: of a pattern over all runs; empty otherwise.
    """

    change: str
    value: float
    low: float
    high: float
    runs: int
    verdict: str = ""

    @property
    def error(self) -> float:
        """Standard error, by the width of the interval; NaN if there is no interval."""
        return (self.high - self.low) / (2 * Z95)


def geography_of(model: Scenario) -> Geography:
    """Return the map that a scenario names."""
    return kept_map(model.map)


def declared_part(claim: Claim, declared: Patterns) -> Patterns:
    """Return the pattern that a claim is on alone, or that of its figure; none if it is not declared."""
    chosen = {
        name: pattern
        for name, pattern in declared.patterns.items()
        if name == claim.pattern or (claim.figure is not None and claim.figure in pattern.figures)
    }
    return declared.model_copy(update={"patterns": chosen})


def estimate(claim: Claim, planned: Planned, study: Study, declared: Patterns | None = None) -> Estimate:
    """Return what a claim comes to in a study that `plans_of` planned; `declared` for those on the pattern card.

    Only the first replicates, as many as were planned, are used.
    """
    name, count = planned.change.name, planned.plan.replicates
    if claim.pattern is not None:
        assert declared is not None
        runs = _reported(study, CLAIMED, planned.names)
        return _pattern_estimate(
            claim, name, [run for run in runs if run.replicate < count], declared_part(claim, declared)
        )
    values = {arm: _values(claim, study, arm, planned, declared) for arm in planned.plan.scenarios}
    if claim.against is None:
        return _level(claim, name, values[CLAIMED][np.isfinite(values[CLAIMED])])
    both = np.isfinite(values[CLAIMED]) & np.isfinite(values[AGAINST])
    reference, other = values[AGAINST][both], values[CLAIMED][both]
    found = paired_share_difference(reference, other) if claim.shares else paired_difference(reference, other)
    return Estimate(name, found.difference, found.low, found.high, found.pairs)


def _level(claim: Claim, change: str, values: np.ndarray) -> Estimate:
    """Return a share, or a mean, of runs of one scenario."""
    if not len(values):
        return Estimate(change, math.nan, math.nan, math.nan, 0)
    low, high = wilson(values.sum(), len(values)) if claim.shares else mean_interval(values)
    return Estimate(change, float(values.mean()), float(low), float(high), len(values))


def _values(claim: Claim, study: Study, arm: str, planned: Planned, declared: Patterns | None) -> np.ndarray:
    """Return the quantity of each run of a scenario by replicate, f8 [replicates]; NaN for one that failed or does not give it."""
    values = np.full(planned.plan.replicates, np.nan)
    if claim.figure is not None:
        assert declared is not None
        part = declared_part(claim, declared)
        rows = [(run.replicate, _figures(run, part)[claim.figure]) for run in _reported(study, arm, planned.names)]
    elif claim.town is not None:
        table = study.table("control", ["day", "town", "code"])
        town = _town(planned.plan.scenarios[arm].scenario, claim.town.name)
        table = table[(table["scenario"] == arm) & (table["town"] == town)]
        held = (table["code"] == claim.town.held_by).astype(float)
        rows = list(zip(table["replicate"].tolist(), held.tolist(), strict=True))
    else:
        assert claim.statistic is not None
        table = study.table("runs", [claim.statistic])
        table = table[table["scenario"] == arm]
        rows = list(zip(table["replicate"].tolist(), table[claim.statistic].astype(float).tolist(), strict=True))
    for replicate, value in rows:
        if replicate < len(values):
            values[replicate] = value
    return values if claim.condition is None else claim.condition.holds(values)


def _town(model: Scenario, name: str) -> str:
    geography = geography_of(model)
    return geography.places[find_place(geography, name)].name


def _reported(study: Study, arm: str, names: Mapping[str, str]) -> list[ReportedRun]:
    """Return the runs of a scenario with the names that groups had before a change."""
    runs = runs_of_study(study, arm)
    if not names:
        return runs
    restored = []
    for run in runs:
        reports = dict(run.reports)
        for column in ("initiator_group", "target_group"):
            reports[column] = np.array([names.get(group, group) for group in reports[column]], dtype=object)
        restored.append(replace(run, reports=reports))
    return restored


def _figures(run: ReportedRun, declared: Patterns) -> dict[str, float]:
    return figures_of(samples_by_window(run, declared), declared)


def _pattern_estimate(claim: Claim, change: str, runs: Sequence[ReportedRun], declared: Patterns) -> Estimate:
    """Return in which share of resampled sets of runs a pattern has the verdict expected, and its verdict over all runs."""
    assert claim.pattern is not None
    if not runs:
        return Estimate(change, math.nan, math.nan, math.nan, 0)
    measured = [_figures(run, declared) for run in runs]
    values = {name: np.array([figures[name] for figures in measured]) for _, name, _ in declared.figures()}
    days = min(run.days for run in runs)

    def verdict(chosen: np.ndarray) -> str:
        rows = []
        for pattern, name, figure in declared.figures():
            needed = declared.needed_days(declared.window_of(pattern, name))
            length = (min(days, needed), needed)
            rows.append(figure_row(pattern, name, figure, values[name][chosen], math.nan, length, None, ""))
        return verdict_of(rows)

    random = np.random.default_rng(RESAMPLE_SEED)
    sets = random.integers(0, len(runs), (RESAMPLES, len(runs)))
    share = float(np.mean([verdict(chosen) == claim.verdict for chosen in sets]))
    return Estimate(change, share, math.nan, math.nan, len(runs), verdict(np.arange(len(runs))))
