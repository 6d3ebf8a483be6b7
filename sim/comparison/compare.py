"""Compare scenarios over matched runs: the whole comparison, convergence, example runs, methods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.comparison.control import control, first_clashes
from sim.comparison.matched_runs import DUMMY, MatchedRuns, gather
from sim.comparison.outcomes import (
    HeadlineStatistic,
    answers,
    distributions,
    forest,
    forest_note,
    matched_values,
    measured,
    negated_claim,
    outcomes,
    scenario_changes,
    values_of,
    varies,
)
from sim.comparison.over_draws import over_draws
from sim.comparison.ranking import rankings
from sim.comparison.results import Comparison, Convergence, Example, ForestRow, Methods, ScenarioRuns
from sim.comparison.sensitivity import inputs
from sim.comparison.trajectories import fans, holding, ladder
from sim.comparison.two_runs import two_runs
from sim.statistics.inference import DRAWS, SEED, Matched, newcombe, running
from sim.statistics.survival import BOOTSTRAPS
from sim.study.plan import one_command
from sim.text import percent, plural, shell, three_digits

if TYPE_CHECKING:
    from sim.comparison.matched_runs import StudyOfRuns
    from sim.results.run import Run
    from sim.study.store import Study

TYPICAL, EXTREME = "most typical", "most extreme"


def convergence(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[Convergence, ...]:
    """Return running estimates: the mean of the reference, then the difference of each other scenario."""
    headline = [statistic for statistic in statistics if statistic.headline and varies(gathered, statistic)]
    means = [_mean(gathered, statistic) for statistic in headline]
    return (*means, *(_difference(gathered, statistic, name) for name in gathered.others for statistic in headline))


def _mean(gathered: MatchedRuns, statistic: HeadlineStatistic) -> Convergence:
    values = values_of(gathered, statistic, gathered.reference)
    estimate, half = running(values[np.isfinite(values)])
    half = np.where(half > 0, half, math.nan)
    count = np.arange(1, len(estimate) + 1)
    return Convergence(gathered.reference, statistic.statistic, statistic.label, statistic.unit, count, estimate, half)


def _difference(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str) -> Convergence:
    first, second = matched_values(gathered, statistic, name)
    keep = np.isfinite(first) & np.isfinite(second)
    first, second = first[keep], second[keep]
    count = np.arange(1, len(first) + 1)
    if not statistic.yes_no:
        estimate, half = running(second - first)
        half = np.where(half > 0, half, math.nan)  # runs that are all alike so far tell nothing of the spread
        return Convergence(name, statistic.statistic, statistic.label, statistic.unit, count, estimate, half)
    yes = [
        (first == 1) & (second == 1),
        (first == 0) & (second == 1),
        (first == 1) & (second == 0),
        (first == 0) & (second == 0),
    ]
    estimate, low, high = newcombe(Matched(*(np.cumsum(part) for part in yes)))
    half = (high - low) / 2
    half[:1] = math.nan
    return Convergence(name, statistic.statistic, statistic.label, statistic.unit, count, estimate, half)


def examples(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[Example, ...]:
    """Return for each scenario the run nearest to the medians of its headline statistics, and the farthest from them."""
    headline = [statistic for statistic in statistics if statistic.headline]
    return tuple(example for name in gathered.scenarios for example in _examples(gathered, headline, name))


def _examples(gathered: MatchedRuns, headline: list[HeadlineStatistic], name: str) -> Iterator[Example]:
    table = np.array([values_of(gathered, statistic, name) for statistic in headline]).T
    if len(table) == 0:
        return
    middle, spread = _middle(table), np.array([_spread(column) for column in table.T])
    off = np.nan_to_num((table - middle) / spread)
    distance = np.sqrt(np.sum(off**2, axis=1))
    if len(table) == 1:
        yield _example(gathered, headline, name, 0, "the run", "the only one of this scenario")
        return
    near, far = int(np.argmin(distance)), int(np.argmax(distance))
    count = plural(len(headline), "headline statistic")
    yield _example(
        gathered, headline, name, near, TYPICAL, f"nearest to the medians of the {count} of {len(table):,} runs"
    )
    if distance[far] > 0:
        most = np.argsort(-np.abs(off[far]), kind="stable")[:3]
        deviations = [_off(headline[n], table[far, n], float(middle[n])) for n in most.tolist() if off[far, n] != 0]
        yield _example(gathered, headline, name, far, EXTREME, f"farthest from them: {'; '.join(deviations)}")


def _middle(table: np.ndarray) -> np.ndarray:
    """Return the median of each column without NaN: f8 [statistics]; 0 if none is known."""
    known = [column[np.isfinite(column)] for column in table.T]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in known])


def _spread(column: np.ndarray) -> float:
    """Return the standard deviation of a column without NaN; 1 if it does not vary."""
    column = column[np.isfinite(column)]
    return float(np.std(column)) or 1.0 if len(column) else 1.0


def _off(statistic: HeadlineStatistic, value: float, middle: float) -> str:
    if statistic.yes_no:
        return statistic.claim if value == 1 else negated_claim(statistic)
    return f"{statistic.label}: {three_digits(value)} (median {three_digits(middle)})"


def _example(
    gathered: MatchedRuns, headline: list[HeadlineStatistic], name: str, row: int, kind: str, why: str
) -> Example:
    frame = gathered.runs[name]
    replicate, seed = int(frame.index[row]), int(frame["seed"].iloc[row])
    values: dict[str, float | str] = {}
    for statistic in headline:
        value = frame[statistic.column].iloc[row] if statistic.column in frame.columns else math.nan
        values[statistic.column] = str(value) if isinstance(value, str) else float("nan" if value is None else value)
    return Example(kind, name, replicate, seed, why, watch_command(gathered, name, row), values)


def watch_command(gathered: MatchedRuns, name: str, row: int) -> str:
    """Return the command that opens a run in the viewer; `row` is its place among the runs of its scenario."""
    part, own = gathered.part_of(name)
    frame = gathered.runs[name]
    if not hasattr(part.study, "definition") and part.study.folder.parts:
        return shell("watch", part.study.folder)
    return one_command("watch", part.study.folder, own, int(frame.index[row]))


def methods(gathered: MatchedRuns, rows: tuple[ForestRow, ...]) -> Methods:
    """Return the methods appendix."""
    manifest, source = gathered.first.manifest, gathered.first
    paired = [row for row in rows if not math.isnan(row.difference.variance_ratio)]
    runs = tuple(_runs(gathered, name) for name in gathered.scenarios)
    product = manifest.get("product") or {}
    versions = {str(product.get("name", "simulator")): str(product.get("version", "")), **manifest.get("versions", {})}
    if product.get("commit"):
        versions["commit"] = f"{product['commit']}{' (modified)' if product.get('modified') else ''}"
    return Methods(
        runs=runs,
        design=str(manifest.get("design", "")),
        inputs=sum(path != DUMMY for path in source.inputs),
        seeds=_seeds(gathered),
        correlation=tuple(
            (row.scenario, row.difference.statistic, row.difference.correlation, row.difference.variance_ratio)
            for row in paired
        ),
        versions={name: str(version) for name, version in versions.items()},
        paragraphs=tuple(_paragraphs(gathered, paired, runs)),
    )


def _runs(gathered: MatchedRuns, name: str) -> ScenarioRuns:
    done, failed = len(gathered.runs[name]), gathered.failed(name)
    bound = failed / (done + failed) if done + failed else 0.0
    return ScenarioRuns(name, gathered.planned(name), done, failed, len(gathered.pairs(name)), bound)


def _seeds(gathered: MatchedRuns) -> str:
    seeds = gathered.runs[gathered.reference]["seed"].to_numpy()
    if len(seeds) == 1:
        return f"{int(seeds[0])}"
    distinct = len(set(seeds.tolist()))
    same = ", the same in every scenario" if gathered.others else ""
    return f"{distinct:,} seeds, {int(seeds.min())} to {int(seeds.max())}{same}"


DESIGNS = {
    "halton": "drawn between low and high from a scrambled Halton sequence",
    "grid": "on a grid, each point with the same seeds",
    "sobol": "on Saltelli's design for Sobol indices",
    "morris": "on Morris trajectories",
    "posterior": "taken from a file of draws",
    "fixed": "at their best values: only seeds vary",
}


def _paragraphs(gathered: MatchedRuns, paired: list[ForestRow], runs: tuple[ScenarioRuns, ...]) -> Iterator[str]:
    design = str(gathered.first.manifest.get("design", "fixed"))
    count = sum(path != DUMMY for path in gathered.first.inputs)
    alike = ", alike in every scenario" if gathered.others and design == "halton" else ""
    yield f"Simulated. Uncertain inputs ({count}) are {DESIGNS.get(design, design)}{alike}."
    if gathered.single:
        yield "Single runs: one possible course each. No interval can be given; a study of many runs would give them."
        return
    if gathered.others and not gathered.unmatched:
        yield (
            "Replicate i of every scenario has the same seed and the same inputs. Random draws are keyed by seed, process, day and "
            "place, so that matched runs differ only where the change reaches."
        )
    if paired:
        yield _pairing(paired)
    for counts in runs:
        if counts.failed:
            yield (
                f"{counts.scenario}: {counts.failed:,} of {counts.done + counts.failed:,} runs failed and are missing from its shares. Had all "
                f"of them ended the other way, a share would be off by at most {percent(counts.bound)}."
            )
    kinds = (
        f"BCa bootstrap over matched runs ({DRAWS:,} resamples) for means, Newcombe's for paired shares"
        if gathered.others
        else "Wilson's for shares of runs"
    )
    yield (
        f"Intervals are of 95 %: {kinds}, resampling of whole runs ({BOOTSTRAPS:,}) for the hold of agreements. "
        f"All resampling starts from seed {SEED}: the same runs give the same intervals. They tell how well the model's "
        "answer is known, not whether the model is right."
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


def compare(*studies: str | Path | Study | StudyOfRuns | Run) -> Comparison:
    """Compare scenarios over matched runs; the first scenario is the reference. The same runs give the same numbers.

    Args:
        studies: studies, or single runs, or their folders; studies and single runs are not mixed.

    Raises:
        InputError: if a study has no finished run, maps differ, or runs and studies are mixed.

    Example:
        >>> import sim
        >>> run = sim.simulate("two_valleys", seed=1)
        >>> without = sim.simulate("two_valleys", seed=1, sets=["rules.spread.enabled=false"])
        >>> sim.compare(run, without).answers[0].sentence.partition(": ")[0].endswith("holds Saddle Pass at the end")
        True
    """
    gathered = gather([_opened(Path(each)) if isinstance(each, str | Path) else each for each in studies])
    statistics = measured(gathered)
    rows = forest(gathered, statistics)
    return Comparison(
        name=_name(gathered),
        question=gathered.first.question,
        scenarios=tuple(gathered.scenarios),
        titles={name: model.title for name, model in gathered.scenarios.items()},
        models=gathered.scenarios,
        geography=gathered.geography,
        single=gathered.single,
        partial=gathered.partial,
        notes=tuple(gathered.notes()),
        changes=scenario_changes(gathered),
        answers=answers(gathered, statistics),
        forest=rows,
        forest_note=forest_note(gathered, statistics),
        control=control(gathered),
        distributions=distributions(gathered, statistics),
        fans=fans(gathered),
        holding=holding(gathered),
        ladder=ladder(gathered),
        inputs=inputs(gathered, statistics),
        convergence=convergence(gathered, statistics),
        examples=examples(gathered, statistics),
        methods=methods(gathered, rows),
        folder=str(gathered.first.folder) if len(gathered.parts) == 1 and not gathered.single else "",
        outcomes=outcomes(gathered, statistics),
        over_draws=over_draws(gathered, statistics),
        rankings=rankings(gathered, statistics),
        first_clashes=first_clashes(gathered),
        two_runs=two_runs(gathered),
        labels={town.name: town.label or town.name for town in gathered.geography.places},
    )


def _opened(folder: Path) -> Study | Run:
    """Return the study or the run of a folder."""
    from sim.results.manifest import Kind, kind_of
    from sim.results.run import Run
    from sim.study.store import Study

    return Study.open(folder) if kind_of(folder) is Kind.STUDY else Run.open(folder)


def _name(gathered: MatchedRuns) -> str:
    return " and ".join(dict.fromkeys(str(part.study.name) for part in gathered.parts))
