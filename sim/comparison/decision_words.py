"""A decision in sentences, the answer first, and as tables: what the command prints, pictures have as titles and files hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.comparison.decisions import BY_DRAWS, BY_MEANS, BY_SURROGATE, TAIL
from sim.scenario.fields import input_label
from sim.statistics.inference import POINTS, SHARE, UNRESOLVED_RULE
from sim.statistics.prim import SHUFFLES
from sim.statistics.surrogate import EXTRA, FOLDS, LEAST_GROUPS, is_available
from sim.text import clause_list, interval_text, percent, plural, three_digits, unit_text

if TYPE_CHECKING:
    from sim.comparison.decision_inputs import InputRange, PolicyBox
    from sim.comparison.decisions import Decision, Estimate

LIMITS = (
    "Policies are those that the study declares; no others are searched for. Draws stand for what is not known only as far as the "
    "ranges of the inputs do, and the model fails some observed patterns (docs/validation.md): an answer that hangs on these is not robust."
)


def amount(decision: Decision, estimate: Estimate) -> str:
    """Say an estimate with its interval: "15.1 (13.2 to 17.5)"; shares of runs in percent."""
    scale = 100 if decision.statistic.unit == SHARE else 1
    return interval_text(scale * estimate.value, scale * estimate.low, scale * estimate.high)


def share_text(estimate: Estimate) -> str:
    """Say a share of runs with its interval, in percent: "59 (49 to 68) %"."""
    return f"{100 * estimate.value:.0f} ({100 * estimate.low:.0f} to {100 * estimate.high:.0f}) %"


def unit_of(decision: Decision) -> str:
    """Return the unit in which outcomes and regrets are written."""
    return POINTS if decision.statistic.unit == SHARE else decision.statistic.unit


def claim(decision: Decision) -> str:
    """Return what is decided by: "lowest days with clashes", "the League holds Orrin at the end most often"."""
    if decision.statistic.yes_no:
        return f"{decision.statistic.label} {'least' if decision.low_is_better else 'most'} often"
    return f"{'lowest' if decision.low_is_better else 'highest'} {decision.statistic.label}"


def headline(decision: Decision) -> str:
    """Say which policies may be the best: the first sentence, and the title of the picture of regret."""
    best = [row.scenario for row in decision.ordered if row.may_be_best]
    worse = [row.scenario for row in decision.ordered if not row.may_be_best]
    what = claim(decision)
    if not worse:
        return f"No policy is resolved to be better than another: {what}"
    if len(best) == 1:
        return f"{best[0]} is the best of {len(decision.rows)} policies: {what}"
    return f"{clause_list(best)} may be the best: {what}; {plural(len(worse), 'policy is', 'policies are')} resolved to be worse"


def threshold_text(decision: Decision) -> str:
    """Say what an acceptable outcome is: "at most 14.5 days"."""
    if decision.statistic.yes_no:
        return f"{decision.statistic.label}: {'no' if decision.low_is_better else 'yes'}"
    side = "at most" if decision.low_is_better else "at least"
    unit = unit_text(decision.statistic.unit, decision.threshold)
    source = "" if decision.threshold_given else f", the median of {decision.scenarios[0]}"
    return f"{decision.statistic.label} {side} {three_digits(decision.threshold)} {unit}{source}"


def sentences(decision: Decision) -> Iterator[str]:
    """Give the answer and what supports it, one sentence or two each."""
    best = decision.best
    worse = [row.scenario for row in decision.ordered if not row.may_be_best]
    what = "in" if decision.statistic.yes_no else "on average of"
    yield (
        f"{headline(decision)}. {best.scenario}: {amount(decision, best.mean)} {'% of' if decision.statistic.yes_no else unit_of(decision)}"
        f"{'' if decision.statistic.yes_no else f' {what}'} {plural(decision.runs, 'matched run')}."
        + (f" Resolved to be worse than another policy: {clause_list(worse)}." if worse else "")
    )
    yield _regret(decision)
    if not decision.statistic.yes_no:
        yield _threshold(decision)
        yield _tail(decision)
    yield box_sentence(decision)
    yield surrogate_sentence(decision)


def _regret(decision: Decision) -> str:
    rows = decision.ordered
    safe = min(rows, key=lambda row: row.expected_regret.value)
    most = max(rows, key=lambda row: row.expected_regret.value)
    source = {
        BY_DRAWS: f"the expected outcome of each of {plural(decision.draws, 'draw')}",
        BY_SURROGATE: "the expected outcome given the inputs, of surrogates that explain differences",
        BY_MEANS: "the mean outcome, as nothing tells expected outcomes of single draws apart",
    }[decision.expected_from]
    return (
        f"Regret of {source}: {amount(decision, safe.expected_regret)} {unit_of(decision)} for {safe.scenario}, "
        f"{amount(decision, most.expected_regret)} for {most.scenario}. Against the best run of each replicate it is "
        f"{amount(decision, safe.regret)} for {safe.scenario}; that counts luck, and would not be zero if all policies were alike."
    )


def _threshold(decision: Decision) -> str:
    top = max(decision.rows, key=lambda row: row.meets.value)
    others = [row.scenario for row in decision.rows if row.meets_may_be_best and row is not top]
    shared = f", not resolved against {clause_list(others)}" if others else ""
    return f"Acceptable, {threshold_text(decision)}: most often with {top.scenario}, in {share_text(top.meets)} of runs{shared}."


def _tail(decision: Decision) -> str:
    sign = 1 if decision.low_is_better else -1
    top = min(decision.rows, key=lambda row: sign * row.tail.value)
    others = [row.scenario for row in decision.rows if row.tail_may_be_best and row is not top]
    shared = f", not resolved against {clause_list(others)}" if others else ""
    least = min(decision.rows, key=lambda row: sign * row.worst)
    return (
        f"Worst cases: the mean of the worst {percent(TAIL)} of runs is best with {top.scenario}, {amount(decision, top.tail)} "
        f"{unit_of(decision)}{shared}. Maximin, which looks at the worst single run, chooses {least.scenario} "
        f"({three_digits(least.worst)}); one run decides that."
    )


def box_sentence(decision: Decision) -> str:
    """Say in which inputs a policy fails more than by chance, or that none is known: the title of the picture of boxes."""
    known = [box for box in decision.boxes if box.beyond_chance and box.tested is not None]
    if not decision.inputs:
        return "Inputs are not drawn in this study: nothing is known of where a policy fails."
    if not any(box.tested is not None for box in decision.boxes):
        return "Too few runs fail, or too few do not, for a box of inputs in which a policy fails."
    if not known:
        least = min(box.tested.p for box in decision.boxes if box.tested is not None)
        return (
            f"No box of inputs is known in which a policy fails more than by chance: {plural(decision.runs, 'run')} over "
            f"{plural(decision.inputs, 'input')} (smallest p {least:.2g})."
        )
    parts = [
        f"{box.scenario} fails in {percent(box.tested.box.density)} of runs if {range_texts(box)}, else in "
        f"{percent((box.fails - box.tested.box.density * box.tested.box.runs) / max(box.runs - box.tested.box.runs, 1))}"
        for box in known
        if box.tested is not None
    ]
    return f"{'; '.join(parts)}."


def range_texts(box: PolicyBox) -> str:
    """Say the ranges of a box: "incidents per pair and month is above 0.027 and ..."."""
    return clause_list(_range_text(each) for each in box.ranges)


def _range_text(each: InputRange) -> str:
    name, unit = input_label(each.path), f" {each.unit}" if each.unit in ("days", "fighters", "km", "towns") else ""
    if each.is_open_low:
        return f"{name} is below {three_digits(each.high)}{unit}"
    if each.is_open_high:
        return f"{name} is above {three_digits(each.low)}{unit}"
    return f"{name} is {three_digits(each.low)} to {three_digits(each.high)}{unit}"


def surrogate_sentence(decision: Decision) -> str:
    """Say which differences surrogates explain, or why none does: the title of their picture."""
    known = [each for each in decision.surrogates if each.surrogate is not None]
    useful = [each for each in known if each.surrogate is not None and each.surrogate.explains]
    if not decision.inputs:
        return "Inputs are not drawn in this study: there is no surrogate."
    if not known:
        if not is_available():
            return f"No surrogate: scikit-learn is not installed (pip install 'territorial-competition[{EXTRA}]')."
        return f"No surrogate: it needs {LEAST_GROUPS} draws of the inputs and outcomes that differ."
    if not useful:
        return (
            f"Surrogates of the differences from {decision.scenarios[0]} predict left-out runs no better than the mean does: "
            "what the inputs do to the choice is not known from these runs."
        )
    parts = [f"{percent(each.surrogate.share)} for {each.scenario}" for each in useful if each.surrogate is not None]
    return f"Of the squared error of the mean in left-out runs inputs explain {clause_list(parts)}, each minus {decision.scenarios[0]}."


def rule(decision: Decision) -> str:
    """Say what intervals are over, and what is not resolved."""
    over = "draws of the inputs" if decision.draws < decision.runs else "runs"
    return f"Intervals of 95 %, over {over}. Not resolved: {UNRESOLVED_RULE}."


BOX_METHOD = (
    f"Box: PRIM (Friedman & Fisher 1999), beyond chance by up to {SHUFFLES} shuffles of the failures, at a false discovery rate of 5 % over "
    "the policies."
)
SURROGATE_METHOD = f"Surrogate: gradient boosting on the inputs, {FOLDS} folds."


def methods(decision: Decision) -> str:
    """Say how all the numbers were computed, and what they do not say."""
    return f"{rule(decision)} {BOX_METHOD} {SURROGATE_METHOD} {LIMITS}"


def policy_table(decision: Decision) -> pd.DataFrame:
    """Return a row a policy: each estimate as value, low and high; outcomes and regrets in the statistic's unit."""
    rows = []
    for row in decision.rows:
        cells: dict[str, Any] = {"statistic": decision.statistic.statistic, "unit": decision.statistic.unit}
        cells |= {"better": "low" if decision.low_is_better else "high", "threshold": decision.threshold}
        for field in fields(row):
            value = getattr(row, field.name)
            if hasattr(value, "low"):
                cells |= {field.name: value.value, f"{field.name}_low": value.low, f"{field.name}_high": value.high}
            else:
                cells[field.name] = value
        rows.append(
            {
                **cells,
                "runs": decision.runs,
                "draws": decision.draws,
                "expected_from": decision.expected_from,
                "source": "SIMULATED",
            }
        )
    return pd.DataFrame(rows)


def box_table(decision: Decision) -> pd.DataFrame:
    """Return a row for each input that the box of a policy restricts; a policy without such an input has one row."""
    rows = []
    for box in decision.boxes:
        tested = box.tested
        head = {
            "scenario": box.scenario, "runs": box.runs, "fails": box.fails, "beyond_chance": box.beyond_chance,
            "p": None if tested is None else tested.p, "runs_inside": None if tested is None else tested.box.runs,
            "density": None if tested is None else tested.box.density, "coverage": None if tested is None else tested.box.coverage,
            "density_by_chance": None if tested is None else tested.chance_density,
            "density_in_left_out_runs": None if tested is None else tested.kept_density,
        }  # fmt: skip
        ranges = [{field.name: getattr(each, field.name) for field in fields(each)} for each in box.ranges]
        rows += [head | each | {"source": "SIMULATED"} for each in ranges or [{}]]
    return pd.DataFrame(rows)


def surrogate_table(decision: Decision) -> pd.DataFrame:
    """Return a row for each policy but the first: errors of its surrogate and of the mean, and the noise below both."""
    rows = []
    for each in decision.surrogates:
        known = each.surrogate
        names = ("error", "error_of_mean", "share", "low", "high", "explains")
        cells = {name: None if known is None else getattr(known, name) for name in names}
        rows.append(
            {
                "scenario": each.scenario,
                "reference": decision.scenarios[0],
                **cells,
                "noise": each.noise,
                "source": "SIMULATED",
            }
        )
    return pd.DataFrame(rows)
