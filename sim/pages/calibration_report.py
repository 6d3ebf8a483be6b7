"""report.html of a calibration, and its answer in lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.pages.scripts import data_uri, environment
from sim.plots.style import evidence_line
from sim.text import day_text, plural
from sim.validation.posterior import CalibrationResult, leaving, parameters, predictive, unknown, wave_line

MOST_TYPICAL = 3  # draws that are named
ALT = {
    "posterior": "Prior and posterior of each fitted input",
    "predictive": "Runs of prior and posterior against each observed figure",
    "correlations": "Rank correlations of inputs in the posterior",
    "influence": "Rank correlations of inputs with figures over the prior",
    "recovery": "Synthetic truths against what the fit made of them",
    "ranks": "Ranks of synthetic truths among the draws kept for them",
}


def page(fitted: CalibrationResult, pictures: dict[str, bytes]) -> str:
    """Return the page: self-contained, its pictures inside."""
    plan = fitted.plan
    definition, scenario = plan.definition, plan.loaded.scenario
    return (
        environment()
        .get_template("calibration.html.j2")
        .render(
            question=definition.question,
            name=definition.name,
            version=__version__,
            scenario=scenario,
            evidence=evidence_line(scenario),
            window=f"{plural(scenario.days, 'day')} from {day_text(scenario.start)}",
            runs=f"{plural(definition.draws, 'draw')} of the priors, {plural(definition.replicates, 'run')} each; the {len(fitted.kept.rows)} nearest kept",
            source=definition.observed.source,
            recovery=recovery_line(fitted),
            predictive=predictive_line(fitted),
            unknown=[line for line in (wave_line(fitted), leaving(fitted), *unknown(fitted)) if line],
            typical=typical_lines(fitted),
            parameters=[_parameter(row) for row in parameters(fitted).to_dict("records")],
            figures=[_figure(row) for row in predictive(fitted).to_dict("records")],
            images={name: data_uri(png) for name, png in pictures.items()},
            alt=ALT,
            cap=definition.cap,
            weights=[f"{plan.targets.patterns[i]} {weight:g}" for i, weight in enumerate(plan.targets.weight.tolist())],
            threshold=f"{fitted.kept.threshold:.2f}",
            nearest=f"{fitted.kept.distance[0]:.2f}",
            failed=fitted.runs.failed,
        )
    )


def _parameter(row: Mapping[Any, Any]) -> dict[str, str]:
    known = {key: "" if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
    return {
        "input": str(row["input"]),
        "unit": str(row["unit"]),
        "prior": f"{row['prior_low']:.3g} to {row['prior_high']:.3g}{', log' if row['prior'] == 'log' else ''}",
        "median": f"{row['posterior_median']:.3g}",
        "interval": f"{row['posterior_low']:.3g} to {row['posterior_high']:.3g}",
        "narrower": f"{row['narrower']:.0%}".replace("-", "\u2212") if known["narrower"] != "" else "not fitted",
        "coverage": f"{row['recovery_coverage_90']:.0%}" if known.get("recovery_coverage_90", "") != "" else "",
        "correlation": f"{row['recovery_correlation']:.2f}" if known.get("recovery_correlation", "") != "" else "",
        "verdict": str(known.get("recovery", "")),
    }


def _figure(row: Mapping[Any, Any]) -> dict[str, str]:
    words = [
        *([] if row["median_accepted"] else ["median outside the tolerance"]),
        *([] if row["observed_in_band"] else ["observed outside the band"]),
    ]
    return {
        "figure": row["figure"].replace("_", " "),
        "observed": f"{row['observed']:.3g}",
        "accept": f"{row['accept_low']:g} to {row['accept_high']:g}",
        "prior": _band(row, "prior"),
        "posterior": _band(row, "posterior"),
        "verdict": "; ".join(words) or "in",
    }


def _band(row: Mapping[Any, Any], name: str) -> str:
    low, median, high = (row[f"{name}_{end}"] for end in ("low", "median", "high"))
    return "" if pd.isna(median) else f"{median:.3g} ({low:.3g} to {high:.3g})"


def parameter_lines(fitted: CalibrationResult) -> list[str]:
    """Return the fitted inputs as lines: prior, posterior and what recovery says."""
    rows = [row for row in parameters(fitted).to_dict("records") if row["fitted"]]
    wide = max(len(row["input"]) for row in rows)
    head = f"{'input':{wide}}  {'prior':>16}  {'median':>7}  {'90 %':>16}  narrower  recovered"
    lines = [head]
    for row in rows:
        texts = _parameter(row)
        recovered = (
            f"r {texts['correlation']}, coverage {texts['coverage']}, {texts['verdict']}" if texts["verdict"] else ""
        )
        prior = texts["prior"].removesuffix(", log")
        lines.append(
            f"{row['input']:{wide}}  {prior:>16}  {texts['median']:>7}  {texts['interval']:>16}  {texts['narrower']:>8}  {recovered}"
        )
    return lines


def recovery_line(fitted: CalibrationResult) -> str:
    """Say how well known inputs were found again."""
    recovery = fitted.recovery
    if recovery is None:
        return ""
    names = fitted.plan.space.paths[: fitted.plan.space.fitted]
    uneven = [name for name, p in zip(names, recovery.uniform.tolist(), strict=True) if p < 0.05 / len(names)]
    held = recovery.coverage
    sentence = (
        f"Recovery of {len(recovery.truth)} synthetic truths: 90 % intervals hold {held.mean():.1%} of them "
        f"({held.min():.0%} to {held.max():.0%} by input)"
    )
    return f"{sentence}; ranks are {'even for all inputs' if not uneven else 'uneven for ' + ', '.join(uneven)}."


def predictive_line(fitted: CalibrationResult) -> str:
    """Say which observed figures fresh runs of the posterior give."""
    table = predictive(fitted)
    if not len(fitted.fresh):
        return ""
    both = (table["median_accepted"] == 1) & (table["observed_in_band"] == 1)
    missed = [name.replace("_", " ") for name in table.loc[~both, "figure"]]
    sentence = f"Fresh runs of the posterior: {int(both.sum())} of {len(table)} figures have their median in the tolerance and the observation in the 90 % band"
    return f"{sentence}{'; not ' + ', '.join(missed) if missed else ''}."


def typical_lines(fitted: CalibrationResult) -> list[str]:
    """Say which draws of the posterior give the tolerances on average, and how the scenario's own numbers do."""
    table = fitted.typical
    if table is None:
        return []
    lines = []
    for row in table.head(MOST_TYPICAL).to_dict("records"):
        who = "the scenario's own numbers" if row["draw"] == "own" else f"draw {row['draw']} of the posterior"
        missed = f"; not {row['not_accepted']}" if row["not_accepted"] else ""
        lines.append(
            f"On average over {row['runs']} runs {who}: medians of {row['patterns_accepted']} of {row['of']} patterns within "
            f"their tolerance{missed} (excess {row['excess']:.2f})."
        )
    return lines
