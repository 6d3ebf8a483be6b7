"""Compare scenarios over matched runs: the whole comparison, convergence, example runs, methods."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sim.comparison.agreements import holding
from sim.comparison.control import control
from sim.comparison.matched_runs import DUMMY, Gathered, gather
from sim.comparison.outcomes import (
    Measured,
    answers,
    denial,
    forest,
    forest_note,
    matched_values,
    measured,
    outcomes,
    scenario_changes,
    values_of,
    varies,
)
from sim.comparison.results import Comparison, Convergence, Example, ForestRow, Methods, ScenarioRuns
from sim.comparison.sensitivity import inputs
from sim.comparison.trajectories import fans, ladder
from sim.statistics.inference import DRAWS, SEED, Matched, newcombe, running
from sim.statistics.survival import BOOTSTRAPS
from sim.study.single_run import one_command
from sim.text import percent, plural, three_digits

if TYPE_CHECKING:
    from sim.comparison.matched_runs import StudyOfRuns
    from sim.results.run import Run
    from sim.study.store import Study

TYPICAL, EXTREME = "most typical", "most extreme"


def convergence(found: Gathered, statistics: list[Measured]) -> tuple[Convergence, ...]:
    """Return running estimates: the mean of the reference, then the difference of each other scenario."""
    kept = [one for one in statistics if one.headline and varies(found, one)]
    means = [_mean(found, one) for one in kept]
    return (*means, *(_difference(found, one, name) for name in found.others for one in kept))


def _mean(found: Gathered, one: Measured) -> Convergence:
    values = values_of(found, one, found.reference)
    estimate, half = running(values[np.isfinite(values)])
    half = np.where(half > 0, half, math.nan)
    count = np.arange(1, len(estimate) + 1)
    return Convergence(found.reference, one.statistic, one.label, one.unit, count, estimate, half)


def _difference(found: Gathered, one: Measured, name: str) -> Convergence:
    first, second = matched_values(found, one, name)
    keep = np.isfinite(first) & np.isfinite(second)
    first, second = first[keep], second[keep]
    count = np.arange(1, len(first) + 1)
    if not one.yes_no:
        estimate, half = running(second - first)
        half = np.where(half > 0, half, math.nan)  # runs that are all alike so far tell nothing of the spread
        return Convergence(name, one.statistic, one.label, one.unit, count, estimate, half)
    yes = [
        (first == 1) & (second == 1),
        (first == 0) & (second == 1),
        (first == 1) & (second == 0),
        (first == 0) & (second == 0),
    ]
    estimate, low, high = newcombe(Matched(*(np.cumsum(part) for part in yes)))
    half = (high - low) / 2
    half[:1] = math.nan
    return Convergence(name, one.statistic, one.label, one.unit, count, estimate, half)


def examples(found: Gathered, statistics: list[Measured]) -> tuple[Example, ...]:
    """Return for each scenario the run nearest to the medians of its headline statistics, and the farthest from them."""
    kept = [one for one in statistics if one.headline]
    return tuple(example for name in found.scenarios for example in _examples(found, kept, name))


def _examples(found: Gathered, kept: list[Measured], name: str) -> Iterator[Example]:
    table = np.array([values_of(found, one, name) for one in kept]).T
    if len(table) == 0:
        return
    middle, spread = _middle(table), np.array([_spread(column) for column in table.T])
    off = np.nan_to_num((table - middle) / spread)
    distance = np.sqrt(np.sum(off**2, axis=1))
    if len(table) == 1:
        yield _example(found, kept, name, 0, "the run", "the only one of this scenario")
        return
    near, far = int(np.argmin(distance)), int(np.argmax(distance))
    count = plural(len(kept), "headline statistic")
    yield _example(found, kept, name, near, TYPICAL, f"nearest to the medians of the {count} of {len(table):,} runs")
    if distance[far] > 0:
        most = np.argsort(-np.abs(off[far]), kind="stable")[:3]
        said = [_off(kept[n], table[far, n], float(middle[n])) for n in most.tolist() if off[far, n] != 0]
        yield _example(found, kept, name, far, EXTREME, f"farthest from them: {'; '.join(said)}")


def _middle(table: np.ndarray) -> np.ndarray:
    """Return the median of each column without NaN: f8 [statistics]; 0 where none is known."""
    known = [column[np.isfinite(column)] for column in table.T]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in known])


def _spread(column: np.ndarray) -> float:
    """Return the standard deviation of a column without NaN; 1 where it does not vary."""
    column = column[np.isfinite(column)]
    return float(np.std(column)) or 1.0 if len(column) else 1.0


def _off(one: Measured, value: float, middle: float) -> str:
    if one.yes_no:
        return one.claim if value == 1 else denial(one)
    return f"{one.label}: {three_digits(value)} (median {three_digits(middle)})"


def _example(found: Gathered, kept: list[Measured], name: str, row: int, kind: str, why: str) -> Example:
    frame = found.runs[name]
    replicate, seed = int(frame.index[row]), int(frame["seed"].iloc[row])
    values: dict[str, float | str] = {}
    for one in kept:
        value = frame[one.column].iloc[row] if one.column in frame.columns else math.nan
        values[one.column] = str(value) if isinstance(value, str) else float("nan" if value is None else value)
    return Example(kind, name, replicate, seed, why, watch_command(found, name, row), values)


def watch_command(found: Gathered, name: str, row: int) -> str:
    """Return the command that opens a run in the viewer; `row` is its place among the runs of its scenario."""
    part, own = found.part_of(name)
    frame = found.runs[name]
    if not hasattr(part.study, "definition") and part.study.folder.parts:
        return shlex.join(["python", "run.py", "watch", str(part.study.folder)])
    return one_command("watch", part.study.folder, own, int(frame.index[row]))


def methods(found: Gathered, rows: tuple[ForestRow, ...]) -> Methods:
    """Return the methods appendix."""
    manifest, source = found.first.manifest, found.first
    paired = [row for row in rows if not math.isnan(row.difference.variance_ratio)]
    runs = tuple(_runs(found, name) for name in found.scenarios)
    product = manifest.get("product") or {}
    versions = {str(product.get("name", "simulator")): str(product.get("version", "")), **manifest.get("versions", {})}
    if product.get("commit"):
        versions["commit"] = f"{product['commit']}{' (modified)' if product.get('modified') else ''}"
    return Methods(
        runs=runs,
        design=str(manifest.get("design", "")),
        inputs=sum(path != DUMMY for path in source.inputs),
        seeds=_seeds(found),
        correlation=tuple(
            (row.scenario, row.difference.statistic, row.difference.correlation, row.difference.variance_ratio)
            for row in paired
        ),
        versions={name: str(version) for name, version in versions.items()},
        paragraphs=tuple(_paragraphs(found, paired, runs)),
    )


def _runs(found: Gathered, name: str) -> ScenarioRuns:
    done, failed = len(found.runs[name]), found.failed(name)
    bound = failed / (done + failed) if done + failed else 0.0
    return ScenarioRuns(name, found.planned(name), done, failed, len(found.pairs(name)), bound)


def _seeds(found: Gathered) -> str:
    seeds = found.runs[found.reference]["seed"].to_numpy()
    if len(seeds) == 1:
        return f"{int(seeds[0])}"
    distinct = len(set(seeds.tolist()))
    return f"{distinct:,} seeds, {int(seeds.min())} to {int(seeds.max())}, the same in every scenario"


DESIGNS = {
    "halton": "drawn between low and high from a scrambled Halton sequence, alike in every scenario",
    "grid": "on a grid, each point with the same seeds",
    "sobol": "on Saltelli's design for Sobol indices",
    "morris": "on Morris trajectories",
    "posterior": "taken from a file of draws",
    "fixed": "at their best values: only seeds vary",
}


def _paragraphs(found: Gathered, paired: list[ForestRow], runs: tuple[ScenarioRuns, ...]) -> Iterator[str]:
    design = str(found.first.manifest.get("design", "fixed"))
    count = sum(path != DUMMY for path in found.first.inputs)
    yield f"Simulated. Uncertain inputs ({count}) are {DESIGNS.get(design, design)}."
    if found.single:
        yield "Single runs: one possible course each. No interval can be given; a study of many runs would give them."
        return
    if not found.unmatched:
        yield (
            "Replicate i of every scenario has the same seed and the same inputs. Random draws are keyed by seed, process, day and "
            "place, so that matched runs differ only where the change reaches."
        )
    if paired:
        yield _pairing(paired)
    for one in runs:
        if one.failed:
            yield (
                f"{one.scenario}: {one.failed:,} of {one.done + one.failed:,} runs failed and are missing from its shares. Had all "
                f"of them ended the other way, a share would be off by at most {percent(one.bound)}."
            )
    yield (
        f"Intervals are of 95 %: BCa bootstrap over matched runs ({DRAWS:,} resamples) for means, Newcombe's for paired shares, "
        f"resampling of whole runs ({BOOTSTRAPS:,}) for the hold of agreements. All resampling starts from seed {SEED}: the same "
        "runs give the same intervals. They tell how well the model's answer is known, not whether the model is right."
    )


def _pairing(paired: list[ForestRow]) -> str:
    ratios = np.array([row.difference.variance_ratio for row in paired])
    best = paired[int(np.argmin(ratios))]
    pays = int(np.sum(ratios < 1))
    return (
        f"Pairing: the variance of a difference is {three_digits(float(np.median(ratios)))} times that of unmatched runs in the median "
        f"of {plural(len(ratios), 'comparison')} (below 1 in {pays}; least {three_digits(float(ratios.min()))}, {best.difference.label}, "
        f"{best.scenario})."
    )


__all__ = ["convergence", "examples", "methods", "watch_command"]


def compare(*studies: Study | StudyOfRuns | Run) -> Comparison:
    """Return the comparison of all scenarios of the studies, or of single runs, with the first scenario.

    InputError where nothing is done yet, maps differ, or runs and studies are mixed. The same runs give the same numbers.
    """
    found = gather(studies)
    statistics = measured(found)
    rows = forest(found, statistics)
    return Comparison(
        name=_name(found),
        question=found.first.question,
        scenarios=tuple(found.scenarios),
        titles={name: model.title for name, model in found.scenarios.items()},
        models=found.scenarios,
        geography=found.geography,
        single=found.single,
        partial=found.partial,
        notes=tuple(found.notes()),
        changes=scenario_changes(found),
        answers=answers(found, statistics),
        forest=rows,
        forest_note=forest_note(found, statistics),
        control=control(found),
        fans=fans(found),
        holding=holding(found),
        ladder=ladder(found),
        inputs=inputs(found, statistics),
        convergence=convergence(found, statistics),
        examples=examples(found, statistics),
        methods=methods(found, rows),
        folder=str(found.first.folder) if len(found.parts) == 1 and not found.single else "",
        outcomes=outcomes(found, statistics),
        labels={place.name: place.label or place.name for place in found.geography.places},
    )


def _name(found: Gathered) -> str:
    return " and ".join(dict.fromkeys(str(part.study.name) for part in found.parts))
