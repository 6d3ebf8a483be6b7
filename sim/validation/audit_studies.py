"""The studies of an audit: changes that must not matter to a claim, and what the claim comes to in the runs under each.

Changes are other seeds, other labels, a shifted grid, inputs that were not fitted at other values. Names of factions and groups are
keys of random draws, so that other labels, like other seeds, give other runs of the same process: they are compared as statistics,
not run by run. A claim comes to a difference, a mean, a share, or the verdict on a pattern.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from sim.errors import Fault, InputError
from sim.geography.maps import Geography, load_map
from sim.geography.towns import find_place
from sim.load import map_of
from sim.scenario.cross_checks import cross_checks
from sim.scenario.fields import as_data, inputs_of, names_of
from sim.scenario.load import Loaded
from sim.scenario.schema import Scenario, codes
from sim.statistics.inference import mean_interval, paired_difference, paired_share_difference, wilson
from sim.study.definition import MAX_SEED
from sim.study.plan import Plan
from sim.study.sampling import seed_of
from sim.study.store import Study
from sim.validation.claims import Claim
from sim.validation.pattern_card import figure_row, figures_of, samples_by_window, verdict_of
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_samples import ReportedRun, runs_of_study

STATED, SEEDS = "stated", "seeds"
OTHER_SEED = 7_919  # number of the seed that is made from a claim's own
MORE_RUNS = (
    4  # times as many runs with other seeds: a claim that holds is then twice as far from its bound in standard errors
)
HALF = 0.5  # of a cell
LOW, HIGH = 0.9, 1.1  # times the best value of an input that was not fitted
NO_NAMES = frozenset(  # keys whose texts name no faction or group
    {"code", "colour", "question", "title", "map", "source", "in", "around", "from", "watch_towns", "headline", "compare_with", "terms"}
)  # fmt: skip

Scenarios = Mapping[str, Loaded]


@dataclass(frozen=True)
class Altered:
    """What a change makes of the scenarios of a claim.

    Attributes:
        scenarios: the scenarios by name.
        maps: maps in place of those that the scenarios name; empty if these are used.
        names: the name before the change of each faction and group, by its name after it; empty if they keep theirs.
    """

    scenarios: dict[str, Loaded]
    maps: dict[str, Geography]
    names: dict[str, str]


@dataclass(frozen=True)
class Change:
    """One change: its name, what it is in words, what it makes of scenarios, and the seed of its study by the claim's own."""

    name: str
    words: str
    alter: Callable[[Scenarios, Collection[str]], Altered]
    seed: Callable[[int], int] = int
    more_runs: int = 1  # times the runs of the statement


def unaltered(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios as they are."""
    return Altered(dict(scenarios), {}, {})


def other_labels(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios with the names of factions and groups passed on in a circle, and their order turned round.

    Codes stay with their factions: statistics and control are by code.
    """
    names = sorted({name for loaded in scenarios.values() for name in _names(loaded.scenario)})
    new = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    altered = {name: replace(loaded, scenario=relabelled(loaded.scenario, new)) for name, loaded in scenarios.items()}
    maps = {name: _relabelled_map(map_of(loaded), new) for name, loaded in scenarios.items()}
    return Altered(altered, maps, {after: before for before, after in new.items()})


def _names(scenario: Scenario) -> set[str]:
    return {*scenario.factions, *(name for faction in scenario.factions.values() for name in faction.groups)}


def relabelled(scenario: Scenario, new: Mapping[str, str]) -> Scenario:
    """Return a scenario with other names of factions and groups, and with both in the reverse order.

    Args:
        scenario: the scenario.
        new: the new name of each faction and group; no two are the same.
    """
    data = _renamed(as_data(scenario), new)
    for before, code in codes(scenario).items():
        faction = data["factions"][new[before]]
        faction["code"] = code
        faction["groups"] = dict(reversed(faction["groups"].items()))
    data["factions"] = dict(reversed(data["factions"].items()))
    return Scenario.model_validate(data, strict=True)


def _renamed(value: Any, new: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {new.get(key, key): item if key in NO_NAMES else _renamed(item, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, new) for item in value]
    return new.get(value, value) if isinstance(value, str) else value


def _relabelled_map(geography: Geography, new: Mapping[str, str]) -> Geography:
    """Return a map whose holders have other names."""
    control = {
        day: tuple(replace(one, groups=tuple(new.get(group, group) for group in one.groups)) for one in holdings)
        for day, holdings in geography.control.items()
    }
    return replace(geography, control=control)


def shifted_grid(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios on their map with the grid shifted by half a cell to the south-west."""
    maps = {name: load_map(map_of(loaded).folder, shift_cells=HALF) for name, loaded in scenarios.items()}
    return Altered(dict(scenarios), maps, {})


def scaled_inputs(scenarios: Scenarios, fixed: Collection[str], factor: float) -> Altered:
    """Return the scenarios with every uncertain input that is not fixed at `factor` times its best value, within its cited range.

    Args:
        scenarios: scenarios by name.
        fixed: paths of inputs, or of parts, that keep their values. So do inputs that differ between the scenarios, for they are
            what the scenarios compare.
        factor: multiplies the best values.
    """
    differing = {
        path
        for loaded in scenarios.values()
        for other in scenarios.values()
        for path, quantity in inputs_of(loaded.scenario).items()
        if inputs_of(other.scenario).get(path) != quantity
    }
    kept = [*fixed, *differing]
    return Altered(
        {name: replace(loaded, scenario=_scaled(loaded.scenario, kept, factor)) for name, loaded in scenarios.items()},
        {},
        {},
    )


def scaled_paths(scenario: Scenario, fixed: Collection[str]) -> list[str]:
    """Return the paths of the uncertain inputs that are not fixed."""
    return [
        path
        for path, quantity in inputs_of(scenario).items()
        if quantity.uncertain and not any(_within(path, one) for one in fixed)
    ]


def _within(path: str, part: str) -> bool:
    """Return whether a path is a part, lies below it, or holds it."""
    return path == part or path.startswith(f"{part}.") or part.startswith(f"{path}.")


def _scaled(scenario: Scenario, fixed: Collection[str], factor: float) -> Scenario:
    """Return a scenario with its inputs scaled; of two that would be out of order with each other, both keep their values."""
    inputs, paths = inputs_of(scenario), scaled_paths(scenario, fixed)
    for _attempt in range(2):
        data = as_data(scenario)
        for path in paths:
            quantity = inputs[path]
            low, high = quantity.low, quantity.high
            assert low is not None
            assert high is not None
            best = min(max(quantity.best * factor, low), high)
            _put(data, names_of(path), {**as_data(quantity), "best": best})
        refused = [tuple(map(str, key)) for key, _message in cross_checks(data)]
        if not refused:
            return Scenario.model_validate(data, strict=True)
        paths = [path for path in paths if not any(tuple(names_of(path))[:-1] == key[:-1] for key in refused)]
    message = f"{factor:g} times the best values of its inputs is no valid scenario: {'.'.join(refused[0])}"
    raise InputError([Fault("audit", None, "", message)])


def _put(data: Any, names: list[str], value: Any) -> None:
    for name in names[:-1]:
        data = data[int(name)] if isinstance(data, list) else data[name]
    data[names[-1]] = value


CHANGES: tuple[Change, ...] = (
    Change(STATED, "as stated", unaltered),
    Change(SEEDS, "other seeds", unaltered, lambda seed: seed_of(seed, OTHER_SEED) % MAX_SEED, MORE_RUNS),
    Change("labels", "other names and order of factions and groups", other_labels),
    Change("grid", "grid shifted by half a cell", shifted_grid),
    Change("inputs_90", "inputs that were not fitted at 90 %", partial(scaled_inputs, factor=LOW)),
    Change("inputs_110", "inputs that were not fitted at 110 %", partial(scaled_inputs, factor=HIGH)),
)


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
        places = planned.plan.geography.places
        town = places[find_place(planned.plan.geography, claim.town.name)].name
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
