"""Results of a calibration: the posterior's draws, and tables of what it identifies and what it predicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.files import write_whole
from sim.results.manifest import sha256, versions
from sim.scenario.fields import inputs_of
from sim.scenario.show import number_text
from sim.study.sampling import halton, seed_of
from sim.text import shell
from sim.validation.calibration import Runs, manifest_of
from sim.validation.pattern_card import middle
from sim.validation.priors import CalibrationPlan, Targets
from sim.validation.rejection_abc import (
    HINTED,
    LEVEL,
    AcceptedDraws,
    Recovery,
    by_pattern,
    distance_from,
    fit,
    posterior,
    verdict,
)

FREE = 1 << 41  # key of the draws of inputs that are not fitted
ENDS = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
DIGITS = 6  # of a number in the posterior's file
ORIGIN = ".manifest.json"
INNER = 0.8  # share of a tolerance within which a median has room to move
LITTLE = 0.1  # narrowing of an interval that is next to none
LEAVES = 0.05  # chance of a false alarm over all inputs
TOGETHER, MOST_PAIRS = 0.3, 5  # rank correlation of a pair worth naming, and how many are


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """A calibration and its posterior. `values` f8 [kept, inputs] in units, `fresh` f8 [predictive, figures]."""

    plan: CalibrationPlan
    runs: Runs
    kept: AcceptedDraws
    values: np.ndarray
    fresh: np.ndarray
    recovery: Recovery | None
    typical: pd.DataFrame | None = None

    @property
    def observed(self) -> np.ndarray:
        """The observed figures."""
        return self.plan.targets.observed


def posterior_of(plan: CalibrationPlan, runs: Runs) -> tuple[AcceptedDraws, np.ndarray]:
    """Return the draws kept for the observation, and the posterior's values f8 [kept, inputs] as its file has them."""
    definition, space = plan.definition, plan.space
    shares = space.shares(runs.points)[:, : space.fitted]
    accepted = fit(runs.figures, plan.targets.observed, shares, plan.targets, definition.kept, definition.summary)
    free = halton(len(accepted.rows), len(space.paths) - space.fitted, seed_of(definition.seed, FREE))
    values = posterior(accepted, space, free)
    rounded = np.array([[float(f"{value:.{DIGITS}g}") for value in row] for row in values.tolist()])
    return accepted, np.clip(rounded, space.low, space.high)


def posterior_text(plan: CalibrationPlan, values: np.ndarray) -> str:
    """Return the posterior's file: columns are paths of inputs, a row is a draw, the nearest first."""
    head = ",".join(f'"{path}"' if "," in path else path for path in plan.space.paths)
    rows = [",".join(number_text(value) for value in row) for row in values.tolist()]
    return "\n".join([head, *rows]) + "\n"


def origin_of(plan: CalibrationPlan, accepted: AcceptedDraws, text: str) -> dict[str, Any]:
    """Return the manifest of a posterior's file: its inputs, and the command that repeats it."""
    file = plan.source.file.name if plan.source.file else plan.definition.name
    definition = plan.definition
    repeat = shell(
        "calibrate",
        f"scenarios/studies/{file}",
        *f"--draws {definition.draws} --keep {definition.keep:g} --save FILE".split(),
    )
    manifest = manifest_of(plan)
    manifest["sha256"]["posterior"] = sha256(text.encode())
    return {
        **manifest,
        "posterior": {
            "draws": len(accepted.rows),
            "of": definition.draws,
            "waves": definition.waves,
            "threshold": round(accepted.threshold, 9),
        },
        "versions": versions(),
        "repeat": repeat,
        "note": "SIMULATED. Draws of a model's inputs given the observed figures above; not an estimate of the world.",
    }


def save(plan: CalibrationPlan, accepted: AcceptedDraws, values: np.ndarray, file: Path) -> str:
    """Write a posterior and its manifest beside it; nothing is overwritten. Return a sentence on the result.

    InputError if the file exists with another content.
    """
    text = posterior_text(plan, values)
    if file.exists():
        if file.read_bytes() == text.encode():
            return f"{file} is the same, to the last digit"
        message = "exists with another content; give --save another name, or remove it and its manifest"
        raise InputError([Fault(str(file), None, "", message)])
    origin = json.dumps(origin_of(plan, accepted, text), indent=1, ensure_ascii=False) + "\n"
    write_whole(file.with_suffix(ORIGIN), origin.encode())
    write_whole(file, text.encode())
    return f"{file} and its manifest are written"


def parameters(fitted: CalibrationResult) -> pd.DataFrame:
    """Return one row an input: prior, posterior quantiles, how much narrower, and what recovery says of it.

    `narrower`: 1 minus the width of the posterior's 90 % interval over the prior's, in shares of the prior. `prior_p`: probability
    of draws so unlike the prior if they were drawn from it (Kolmogorov-Smirnov).
    """
    from scipy.stats import kstest

    space = fitted.plan.space
    shares, rows = space.shares(fitted.values), []
    for index, path in enumerate(space.paths):
        low, middle, high = np.quantile(fitted.values[:, index], ENDS).tolist()
        width = float(np.subtract(*np.quantile(shares[:, index], (ENDS[2], ENDS[0]))))
        row = {
            "input": path, "unit": space.units[index], "prior_low": space.low[index], "prior_high": space.high[index],
            "prior": "log" if space.log[index] else "uniform", "fitted": int(index < space.fitted),
            "posterior_median": middle, "posterior_low": low, "posterior_high": high,
            "narrower": 1 - width / LEVEL if index < space.fitted else np.nan,
            "prior_p": float(kstest(shares[:, index], "uniform").pvalue) if index < space.fitted else np.nan,
        }  # fmt: skip
        recovery = fitted.recovery
        if recovery is not None and index < space.fitted:
            row |= {
                "recovery_coverage_90": recovery.coverage[index], "recovery_rank_p": recovery.uniform[index],
                "recovery_correlation": recovery.correlation[index], "recovery": verdict(recovery.correlation[index]),
            }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def _edges(values: np.ndarray) -> list[float]:
    """Return 5 %, median and 95 % of what is there, as values that occur; NaN of nothing."""
    known = values[~np.isnan(values)]
    return [float(np.quantile(known, end, method="inverted_cdf")) if len(known) else np.nan for end in ENDS]


def predictive(fitted: CalibrationResult) -> pd.DataFrame:
    """Return one row a figure: observed, accepted, runs of the prior and fresh runs of the posterior, and whether it passes."""
    targets, rows = fitted.plan.targets, []
    for index, figure in enumerate(targets.figures):
        before = _edges(fitted.runs.figures[:, :, index].ravel())
        after = _edges(fitted.fresh[:, index]) if len(fitted.fresh) else [np.nan] * 3
        low, high = targets.accept[index].tolist()
        observed = float(fitted.observed[index])
        inside = low <= after[1] <= high
        rows.append(
            {
                "pattern": targets.patterns[targets.pattern[index]], "figure": figure, "observed": observed,
                "accept_low": low, "accept_high": high,
                "prior_low": before[0], "prior_median": before[1], "prior_high": before[2],
                "posterior_low": after[0], "posterior_median": after[1], "posterior_high": after[2],
                "median_accepted": int(inside), "observed_in_band": int(after[0] <= observed <= after[2]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def correlations(fitted: CalibrationResult) -> pd.DataFrame:
    """Return the rank correlations of the fitted inputs in the posterior, a square table."""
    fitted_paths = list(fitted.plan.space.paths[: fitted.plan.space.fitted])
    frame = pd.DataFrame(fitted.values[:, : len(fitted_paths)], columns=fitted_paths)
    return frame.rank().corr()


def influence(fitted: CalibrationResult) -> pd.DataFrame:
    """Return the rank correlations over all draws of the prior: inputs down, figures across; a run without a figure is left out."""
    space, targets = fitted.plan.space, fitted.plan.targets
    replicates = fitted.runs.figures.shape[1]
    points = pd.DataFrame(np.repeat(fitted.runs.points, replicates, axis=0)).rank()
    figures = pd.DataFrame(fitted.runs.figures.reshape(-1, len(targets.figures))).rank()
    by_figure = {name: points.corrwith(figures[index]) for index, name in enumerate(targets.figures)}
    return pd.DataFrame(by_figure).fillna(0.0).set_axis(list(space.paths), axis=0)


def draws_table(fitted: CalibrationResult) -> pd.DataFrame:
    """Return every draw of the prior with its distance, those of its patterns, and whether it was kept."""
    targets, runs, space = fitted.plan.targets, fitted.runs, fitted.plan.space
    shares = space.shares(runs.points)[:, : space.fitted]
    patterns = by_pattern(runs.figures, fitted.observed, targets).mean(axis=1)
    accepted = np.zeros(len(runs.points), dtype=int)
    accepted[fitted.kept.rows] = 1
    table = {
        "draw": np.arange(len(runs.points)),
        "distance": distance_from(runs.figures, shares, targets, fitted.plan.definition.summary)(fitted.observed),
        "kept": accepted,
    }
    table |= {f"distance_{name}": patterns[:, index] for index, name in enumerate(targets.patterns)}
    return pd.DataFrame({**table, **dict(zip(fitted.plan.space.paths, runs.points.T, strict=True))})


def recovery_table(fitted: CalibrationResult) -> pd.DataFrame:
    """Return one row a truth and input, in units: truth, ends of the 90 % interval, and the truth's rank among the draws."""
    recovery, space = fitted.recovery, fitted.plan.space
    if recovery is None:
        return pd.DataFrame()
    size = space.fitted

    def units(shares: np.ndarray) -> np.ndarray:
        whole = np.full((len(shares), len(space.paths)), 0.5)
        whole[:, :size] = shares
        return space.values(whole)[:, :size].ravel()

    return pd.DataFrame(
        {
            "truth_draw": np.repeat(np.arange(len(recovery.truth)), size), "input": list(space.paths[:size]) * len(recovery.truth),
            "truth": units(recovery.truth), "mean": units(recovery.centre), "low": units(recovery.low), "high": units(recovery.high),
            "rank": recovery.rank.ravel(),
        }
    )  # fmt: skip


def candidates(plan: CalibrationPlan, values: np.ndarray) -> np.ndarray:
    """Return the posterior's draws, and last the scenario's own numbers; inputs that are not fitted are at their best."""
    best = inputs_of(plan.loaded.scenario)
    own = np.array([best[path].best for path in plan.space.paths])
    points = np.vstack([values, own])
    points[:, plan.space.fitted :] = own[plan.space.fitted :]
    return points


def excess(figures: np.ndarray, targets: Targets) -> np.ndarray:
    """Return how far the medians of runs f8 [points, runs, figures] lie off the inner part of their tolerances: f8 [points].

    Half-widths beyond `INNER` of the tolerance, at most the cap; weighted like the distance. A median of nothing is at the cap.
    """
    medians = np.array([[middle(column[~np.isnan(column)]) for column in runs.T] for runs in figures])
    return np.asarray(np.sqrt(_beyond(medians, targets, INNER) ** 2 @ targets.weight / targets.weight.sum()))


def _beyond(medians: np.ndarray, targets: Targets, inner: float) -> np.ndarray:
    """Return by pattern, f8 [points, patterns], how far medians f8 [points, figures] are beyond a share of their tolerances."""
    with np.errstate(invalid="ignore"):
        off = np.abs(medians - targets.accept.mean(axis=1)) / targets.half - inner
    square = np.nan_to_num(np.clip(off, 0.0, targets.cap), nan=targets.cap) ** 2
    member = np.eye(len(targets.patterns))[targets.pattern]
    return np.asarray(np.sqrt(square @ member / member.sum(axis=0)))


def typical_table(
    plan: CalibrationPlan, points: np.ndarray, rounds: list[tuple[np.ndarray, np.ndarray]]
) -> pd.DataFrame:
    """Return the points of the last round, the best first: runs, patterns whose medians are all accepted, and their inputs.

    `draw` is the row of the posterior's file, from 0; `own` the numbers that single runs of the scenario have.
    """
    rows, figures = rounds[-1]
    own = len(points) - 1
    medians = np.array([[middle(column[~np.isnan(column)]) for column in runs.T] for runs in figures])
    accepted = _beyond(medians, plan.targets, 1.0) == 0
    score = excess(figures, plan.targets)
    table = [
        {
            "draw": "own" if row == own else int(row), "runs": figures.shape[1], "excess": score[n],
            "patterns_accepted": int(accepted[n].sum()), "of": len(plan.targets.patterns),
            "not_accepted": " ".join(name for name, good in zip(plan.targets.patterns, accepted[n], strict=True) if not good),
            **dict(zip(plan.space.paths[: plan.space.fitted], points[row].tolist(), strict=False)),
            **dict(zip(plan.targets.figures, medians[n].tolist(), strict=True)),
        }
        for n, row in enumerate(rows.tolist())
    ]  # fmt: skip
    return pd.DataFrame(table).sort_values(
        ["excess", "draw"], key=lambda column: column.astype(str) if column.name == "draw" else column
    )


def all_tables(fitted: CalibrationResult) -> dict[str, pd.DataFrame]:
    """Return every table of a calibration by the name of its file."""
    tables = {
        "parameters": parameters(fitted),
        "predictive": predictive(fitted),
        "correlations": correlations(fitted).rename_axis("input").reset_index(),
        "influence": influence(fitted).rename_axis("input").reset_index(),
        "draws": draws_table(fitted),
    }
    if fitted.typical is not None:
        tables["typical"] = fitted.typical
    return tables if fitted.recovery is None else {**tables, "recovery": recovery_table(fitted)}


def leaving(fitted: CalibrationResult) -> str:
    """Say in a sentence which fitted inputs leave their prior, and which way the middle of their draws moves."""
    table = parameters(fitted).iloc[: fitted.plan.space.fitted]
    middle = np.median(fitted.plan.space.shares(fitted.values)[:, : len(table)], axis=0)
    left = table["prior_p"].to_numpy(dtype=float) < LEAVES / len(table)
    words = [
        f"{name} ({'up' if share > 0.5 else 'down'})"
        for name, share, gone in zip(table["input"], middle.tolist(), left.tolist(), strict=True)
        if gone
    ]
    if not words:
        return "No fitted input leaves its prior."
    return f"Inputs that leave their prior (Kolmogorov-Smirnov at {LEAVES:g} over all inputs): {', '.join(words)}."


def wave_line(fitted: CalibrationResult) -> str:
    """Say in a sentence from how much of the prior each later wave was drawn; nothing of one wave."""
    parts = [f"Wave {number} drew from {share:.1%}" for number, share in enumerate(fitted.runs.regions[1:], start=2)]
    return f"{', '.join(parts)} of the prior; the rest was ruled out." if parts else ""


def unknown(fitted: CalibrationResult) -> list[str]:
    """Say in sentences what the data cannot tell."""
    names = list(fitted.plan.space.paths[: fitted.plan.space.fitted])
    narrower = parameters(fitted)["narrower"].to_numpy(dtype=float)[: len(names)]
    sentences = []
    if fitted.recovery is not None:
        lost = [name for name, r in zip(names, fitted.recovery.correlation, strict=True) if r < HINTED]
        if lost:
            sentences.append(
                f"One window of such data does not tell {len(lost)} of {len(names)} fitted inputs, even where the model is "
                f"true: {', '.join(lost)}."
            )
    wide = [name for name, share in zip(names, narrower, strict=True) if share < LITTLE]
    if wide:
        sentences.append(
            f"The record leaves the 90 % interval of the prior nearly as wide as it was for {', '.join(wide)}."
        )
    pairs = _pairs(fitted)
    if pairs:
        sentences.append(
            f"Inputs that stand in for one another in the posterior (rank correlation): {'; '.join(pairs)}."
        )
    return sentences


def _pairs(fitted: CalibrationResult) -> list[str]:
    """Return the inputs that go together most in the posterior, in words, the closest first."""
    table = correlations(fitted)
    square, names = table.to_numpy(dtype=float), table.columns.tolist()
    row, column = np.tril_indices(len(names), -1)
    order = np.argsort(-np.abs(square[row, column]), kind="stable")[:MOST_PAIRS]
    return [
        f"{names[row[n]]} and {names[column[n]]} ({square[row[n], column[n]]:+.2f})"
        for n in order
        if abs(square[row[n], column[n]]) >= TOGETHER
    ]
