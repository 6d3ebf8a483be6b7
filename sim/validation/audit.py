"""The audit of claims: each is run as stated and under changes that must not matter, and gets a verdict.

    supported       the 95 % interval lies in what is expected
    holds           supported as stated, and no change differs from the statement beyond chance
    shifts          supported as stated, and under every change; but under some the size differs beyond chance
    fragile         supported as stated, and not under some change
    not resolved    as stated, the interval reaches beyond what is expected: more runs are needed
    not supported   as stated, it is not what is expected

Other seeds, with four times as many runs, must support a claim by themselves: else it may hold on chosen seeds only. Another
change breaks it if its interval lies outside what is expected, or if its estimate does and also differs from that of the
statement. Beyond chance is at 5 % over all changes of a claim (Bonferroni)."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

from sim.engine.jit import source_hash
from sim.errors import InputError
from sim.results.manifest import product, sha256
from sim.scenario.fields import choice
from sim.scenario.parameters import Rules
from sim.scenario.schema import codes
from sim.statistics.inference import more_runs
from sim.statistics.summary import label
from sim.study.definition import Definition, DefinitionFile
from sim.study.manifest import layout
from sim.study.plan import Plan, make_plan
from sim.text import clause_list, plural
from sim.validation.audit_studies import (
    AGAINST,
    CHANGES,
    CLAIMED,
    SEEDS,
    Z95,
    Estimate,
    Planned,
    declared_part,
)
from sim.validation.claims import Claim
from sim.validation.pattern_estimators import PLACES_SCORE
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_report import MARK, csv_text, number
from sim.validation.pattern_samples import check_sides
from sim.validation.questions import held_faults

DIGITS = 8  # of a digest, in the name of a folder
SURE = 0.95  # share of resampled sets of runs in which a verdict must be the same
LEVEL = 0.05
Standing = Literal["inside", "outside", "open", "none"]
Verdict = Literal["holds", "shifts", "fragile", "not resolved", "not supported"]


@dataclass(frozen=True)
class Audited:
    """A claim with its estimates, the statement first, and what follows from them."""

    name: str
    claim: Claim
    estimates: tuple[Estimate, ...]
    verdict: Verdict
    broken_by: tuple[str, ...]
    shifted_by: tuple[str, ...]
    more_runs: int | None  # about so many would resolve it; None if it is resolved, or that is out of reach


def plans_of(
    name: str, claim: Claim, fitted: Collection[str], source: DefinitionFile, replicates: int | None = None
) -> list[Planned]:
    """Return the studies of a claim, as stated and under each change.

    Args:
        name: its id.
        claim: the claim.
        fitted: paths of fitted inputs, which keep their values.
        source: where the claim was read from.
        replicates: runs of each scenario in place of the claim's.

    Raises:
        InputError: with every fault of its scenarios, and if its statistic or town is none of theirs.
    """
    variants = {CLAIMED: claim.scenario, **({AGAINST: claim.against} if claim.against is not None else {})}
    fixed = [*fitted, *(key for variant in variants.values() for key in variant.set)]
    definition = Definition(
        name=name, question=claim.sentence, scenarios=variants, replicates=replicates or claim.replicates, design="fixed",
        keep=["reported"] if claim.reads_reports else [], seed=claim.seed,
    )  # fmt: skip
    stated = _claim_plan(definition, name, source)
    day = _control_day(name, claim, stated, source)
    planned = []
    for change in CHANGES:
        update = {"seed": change.seed(claim.seed), "control_days": day}
        update["replicates"] = definition.replicates * change.more_runs
        altered = change.alter(stated.scenarios, fixed)
        study = stated.definition.model_copy(update=update)
        plan = stated.altered(study, altered.scenarios, altered.maps, change.name)
        folder = f"{name}-{change.name}-{plan.digest[:DIGITS]}"  # a claim that was changed has another
        plan = replace(plan, name=folder, definition=plan.definition.model_copy(update={"name": folder}))
        planned.append(Planned(change, plan, altered.names))
    return planned


def _claim_plan(definition: Definition, name: str, source: DefinitionFile) -> Plan:
    """Return the plan of a study; faults of the study become faults of the claim, with its line."""
    try:
        return make_plan(definition, replace(source, lines={}))
    except InputError as error:
        raise InputError(
            source.fault(fault.message, "claims", name) if fault.file == source.shown else fault
            for fault in error.faults
        ) from None


def _control_day(name: str, claim: Claim, stated: Plan, source: DefinitionFile) -> list[int] | None:
    """Return the mornings on which control is kept; InputError if a quantity is none of the scenarios'."""
    scenarios = [loaded.scenario for loaded in stated.scenarios.values()]
    if claim.statistic is not None:
        for model in scenarios:
            columns = layout({CLAIMED: model}, stated.geography, []).tables["runs"]
            if claim.statistic not in columns:
                message = f"is no statistic of {model.title}; its factions are {', '.join(codes(model).values())}"
                raise InputError([source.fault(message, "claims", name, "statistic")])
    if claim.town is None:
        return None
    days = {(claim.town.on - model.start).days for model in scenarios}
    if len(days) > 1 or not all(0 <= day <= scenarios[0].days for day in days):
        message = f"{claim.town.on} is no day of the runs, or not the same one; they have {scenarios[0].days} days from {scenarios[0].start}"
        raise InputError([source.fault(message, "claims", name, "town", "on")])
    wrong = [
        source.fault(message, "claims", name, "town", key)
        for key, message in held_faults(claim.town, scenarios[0], stated.geography)
    ]
    if wrong:
        raise InputError(wrong)
    return sorted(days)


def check_patterns(
    name: str, claim: Claim, planned: Sequence[Planned], declared: Patterns, source: DefinitionFile
) -> None:
    """Raise InputError if a claim's pattern or figure is not declared, or its runs are shorter than its window."""
    key = "pattern" if claim.pattern is not None else "figure"
    chosen = declared_part(claim, declared)
    if not chosen.patterns:
        known = declared.patterns if key == "pattern" else [figure for _, figure, _ in declared.figures()]
        raise InputError(
            [
                source.fault(
                    f"is not declared{choice(getattr(claim, key), list(known), 'declared')}", "claims", name, key
                )
            ]
        )
    for loaded in planned[0].plan.scenarios.values():
        check_sides(loaded.scenario, declared, source.shown)
        needed = max(chosen.needed_days(chosen.window_of(pattern, figure)) for pattern, figure, _ in chosen.figures())
        if loaded.scenario.days < needed:
            message = f"needs runs of {needed} days, the scenario has {loaded.scenario.days}; `set: {{days: {needed}}}`"
            raise InputError([source.fault(message, "claims", name, key)])
    if PLACES_SCORE in [figure for _, figure, _ in chosen.figures()]:
        raise InputError(
            [source.fault("is of many runs together, not of each; it cannot be audited", "claims", name, key)]
        )


def standing(claim: Claim, estimate: Estimate, z: float = Z95) -> Standing:
    """Return where an estimate stands: its interval inside, outside or across what is expected; `none` if no run gives it.

    `z`: half-width of the interval in standard errors; of a pattern the share of resampled sets decides.
    """
    if math.isnan(estimate.value) or (claim.pattern is None and math.isnan(estimate.low)):
        return "none"
    if claim.pattern is not None:
        return "inside" if estimate.value >= SURE else "outside" if estimate.value <= 1 - SURE else "open"
    assert claim.expected is not None
    wider = z / Z95
    low, high = (
        estimate.value - wider * (estimate.value - estimate.low),
        estimate.value + wider * (estimate.high - estimate.value),
    )
    if claim.expected.low <= low and high <= claim.expected.high:
        return "inside"
    return "outside" if high < claim.expected.low or low > claim.expected.high else "open"


def audited(name: str, claim: Claim, estimates: Sequence[Estimate]) -> Audited:
    """Return the verdict on a claim from its estimates, the statement first."""
    stated, *others = estimates
    z = NormalDist().inv_cdf(1 - LEVEL / (2 * max(1, len(others))))
    broken = tuple(estimate.change for estimate in others if _breaks(claim, stated, estimate, z))
    shifted = tuple(
        estimate.change for estimate in others if estimate.change not in broken and _differs(claim, stated, estimate, z)
    )
    found = standing(claim, stated)
    verdict: Verdict = (
        "not supported" if found in ("outside", "none") else "not resolved" if found == "open"
        else "fragile" if broken else "shifts" if shifted else "holds"
    )  # fmt: skip
    return Audited(name, claim, tuple(estimates), verdict, broken, shifted, _more(claim, stated, found))


def _more(claim: Claim, stated: Estimate, found: Standing) -> int | None:
    """Return about how many more runs would resolve a claim that is open; None if it is not, or on a pattern."""
    if found != "open" or claim.expected is None:
        return None
    ends = [end for end in (claim.expected.at_least, claim.expected.at_most) if end is not None]
    nearest = min(ends, key=lambda end: abs(stated.value - end))
    return more_runs(stated.value - nearest, stated.low - nearest, stated.high - nearest, stated.runs)


def _breaks(claim: Claim, stated: Estimate, estimate: Estimate, z: float) -> bool:
    """Return whether a claim is not supported under a change, and that not by chance."""
    if estimate.change == SEEDS:
        return standing(claim, estimate) != "inside"
    found = standing(claim, estimate, z)
    if found in ("outside", "none"):
        return True
    if claim.expected is None or found == "inside":
        return False
    return not claim.expected.low <= estimate.value <= claim.expected.high and _differs(claim, stated, estimate, z)


def _differs(claim: Claim, stated: Estimate, estimate: Estimate, z: float) -> bool:
    """Return whether an estimate differs from that of the statement beyond chance; a pattern only has verdicts."""
    if claim.pattern is not None or math.isnan(stated.error) or math.isnan(estimate.error):
        return False
    gap, error = abs(estimate.value - stated.value), math.hypot(estimate.error, stated.error)
    return gap > z * error


def quantity_text(claim: Claim) -> str:
    """Return what a claim measures, in words: "days with clashes, difference"."""
    if claim.pattern is not None:
        return f"{claim.pattern}, share of resampled sets of runs in which it has the verdict {claim.verdict}"
    if claim.town is not None:
        what = f"{claim.town.name} held by {claim.town.held_by} on {claim.town.on}"
    else:
        what = label(claim.statistic) if claim.statistic is not None else f"{claim.figure}"
    what += f" {claim.condition.text}" if claim.condition is not None else ""
    return f"{what}, {'share of runs' if claim.kind == 'share' else claim.kind}"


def expected_text(claim: Claim) -> str:
    """Return what a claim expects: "at most -1", or the verdict on its pattern."""
    return claim.expected.text if claim.expected is not None else f"{claim.pattern} {claim.verdict}"


def estimate_text(estimate: Estimate) -> str:
    """Return an estimate with its interval: "-3.2 (-4.4 to -2)", or the verdict on a pattern with its share."""
    if estimate.verdict:
        return f"{estimate.verdict} ({estimate.value:.0%})"
    return (
        "none"
        if math.isnan(estimate.value)
        else f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"
    )


def reason_text(result: Audited) -> str:
    """Return in a few words why a claim has its verdict; empty if it holds."""
    words = {change.name: change.words for change in CHANGES}
    stated = estimate_text(result.estimates[0])
    if result.verdict == "not supported":
        return f"as stated {stated}, expected {expected_text(result.claim)}"
    if result.verdict == "not resolved":
        more = f"; about {plural(result.more_runs, 'more run')} would resolve it" if result.more_runs else ""
        return f"as stated {stated}, expected {expected_text(result.claim)}{more}"
    names = result.broken_by or result.shifted_by
    verb = "not with" if result.broken_by else "another size with"
    return f"{verb} {clause_list([words[name] for name in names])}" if names else ""


def audit_csv(results: Sequence[Audited]) -> str:
    """Return one row a claim and change."""
    header = (
        "simulated", "claim", "verdict", "change", "quantity", "expected", "estimate", "low", "high", "runs",
        "pattern_verdict", "standing", "effect", "sentence", "page",
    )  # fmt: skip
    return csv_text(header, [row for result in results for row in _rows(result)])


def _rows(result: Audited) -> Iterator[Sequence[object]]:
    claim = result.claim
    for estimate in result.estimates:
        numbers = [
            "" if math.isnan(value) else round(value, 6) for value in (estimate.value, estimate.low, estimate.high)
        ]
        effect = (
            "breaks"
            if estimate.change in result.broken_by
            else "shifts"
            if estimate.change in result.shifted_by
            else ""
        )
        yield (
            MARK, result.name, result.verdict, estimate.change, quantity_text(claim), expected_text(claim), *numbers, estimate.runs,
            estimate.verdict, standing(claim, estimate), effect, claim.sentence, claim.page,
        )  # fmt: skip


def audit_json(results: Sequence[Audited], claims_file: bytes, studies: Mapping[str, Sequence[Planned]]) -> str:
    """Return the audit with the hashes of the file of claims, of the program, of the defaults and of each study."""

    def estimates(result: Audited) -> dict[str, Any]:
        return {
            estimate.change: {
                "estimate": None if math.isnan(estimate.value) else estimate.value,
                "interval": None if math.isnan(estimate.low) else [estimate.low, estimate.high],
                "runs": estimate.runs,
                "pattern_verdict": estimate.verdict or None,
                "study": planned.plan.digest,
            }
            for estimate, planned in zip(result.estimates, studies[result.name], strict=True)
        }

    record = {
        "simulated": True,
        "claims_file": sha256(claims_file),
        "program": source_hash(),
        "defaults": sha256(Rules().model_dump_json().encode()),
        "product": product(),
        "changes": {change.name: change.words for change in CHANGES},
        "claims": {
            result.name: {
                **result.claim.model_dump(mode="json", exclude_none=True),
                "result": result.verdict,
                "why": reason_text(result),
                "estimates": estimates(result),
            }
            for result in results
        },
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
