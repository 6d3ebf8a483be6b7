"""What differs between scenarios, and the answer on each statistic: sentences and paired differences."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from sim.scenario.changes import Change
from sim.scenario.changes import changes as differences
from sim.scenario.schema import Policy, Scenario
from sim.statistics.paired import DRAWS, UNRESOLVED_RULE, Difference
from sim.statistics.registry import label
from sim.study.comparison import Answer, ForestRow, Group, InputChange, ScenarioChanges
from sim.study.gathered import Gathered
from sim.study.headline import Measured, difference, matched_values, values_of, varies
from sim.study.say import figure, input_label, one_of, points, same_in_pairs, verdict
from sim.words import clause_list, day_text, plural, policy_phrase

UNSAID = ("question", "title", "compare_with", "headline", "watch_towns", "evidence_until")
GROUPS: dict[str, Group] = {
    "policy": "policies",
    "rules": "rules",
    "terms": "rules",
    "factions": "inputs",
    "garrison_share": "inputs",
}
NOUNS: dict[Group, tuple[str, str]] = {
    "policies": ("policy", "policies"),
    "rules": ("number of the rules", "numbers of the rules"),
    "inputs": ("input", "inputs"),
    "other": ("other thing", "other things"),
}


def scenario_changes(found: Gathered) -> tuple[ScenarioChanges, ...]:
    """Return what differs from the reference in each other scenario."""
    return tuple(_changes(found, name) for name in found.others)


def _changes(found: Gathered, name: str) -> ScenarioChanges:
    first, other = found.scenarios[found.reference], found.scenarios[name]
    said = [
        one
        for one in differences(first, other)
        if one.path.split(".")[0] not in UNSAID and not one.path.endswith(".source")
    ]
    items = tuple(_item(one, first, other, (found.reference, name)) for one in said)
    groups = [group for group in NOUNS if any(item.group == group for item in items)]
    counts = [plural(sum(item.group == group for item in items), *NOUNS[group]) for group in groups]
    sentence = (
        f"{name} differs from {found.reference} in {clause_list(counts)}."
        if items
        else f"{name} does not differ from {found.reference}."
    )
    return ScenarioChanges(name, sentence, items)


def _item(one: Change, first: Scenario, other: Scenario, names: tuple[str, str]) -> InputChange:
    group = GROUPS.get(one.path.split(".")[0], "other")
    words = _words(one, first, other, names)
    return InputChange(one.path, group, one.before, one.after, one.unit, words)


def _words(one: Change, first: Scenario, other: Scenario, names: tuple[str, str]) -> str:
    parts = one.path.split(".")
    if len(parts) == 2 and parts[0] == "policy" and parts[1].isdigit():
        model, name = (first, names[0]) if one.after is None else (other, names[1])
        return f"Only in {name}: {_policy(model.policy[int(parts[1])])}."
    what, unit = input_label(one.path), f" {one.unit}" if one.unit not in ("", "probability", "share") else ""
    what = what[:1].upper() + what[1:]
    if one.before is None:
        return f"{what}, only in {names[1]}: {one.after}{unit}."
    if one.after is None:
        return f"{what}, only in {names[0]}: {one.before}{unit}."
    return f"{what}: {one.after}{unit} in place of {one.before}."


def _policy(policy: Policy) -> str:
    when = f", by {day_text(policy.by)}" if policy.by else f", from {day_text(policy.on)} on" if policy.on else ""
    return f"{policy_phrase(policy)}{when}"


def answers(found: Gathered, statistics: list[Measured]) -> tuple[Answer, ...]:
    """Return the answer on each headline statistic for each scenario against the reference."""
    kept = [one for one in statistics if one.headline and (one.yes_no or varies(found, one))]
    return tuple(_answer(found, one, name) for name in found.others for one in kept)


def _answer(found: Gathered, one: Measured, name: str) -> Answer:
    gap = difference(found, one, name)
    if not one.yes_no:
        return Answer(name, one.statistic, _mean_sentence(found, one, name, gap), gap)
    first, second = matched_values(found, one, name)
    known = np.isfinite(first) & np.isfinite(second)
    yes = int(np.sum(first[known])), int(np.sum(second[known]))
    return Answer(name, one.statistic, _share_sentence(one, gap, yes, found), gap, *yes)


def _share_sentence(one: Measured, gap: Difference, yes: tuple[int, int], found: Gathered) -> str:
    if gap.pairs == 0:
        return f"{one.claim} at the end: no runs are matched."
    if math.isnan(gap.low):
        said = {True: "yes", False: "no"}
        return f"{one.claim} at the end: {said[yes[1] > 0]}, against {said[yes[0] > 0]} in {found.reference}; one run each."
    interval = f"95 % interval of the difference {points(gap.low)} to {points(gap.high)} points"
    runs = f"{yes[1]} of {gap.pairs} {'' if found.unmatched else 'matched '}runs against {yes[0]}"
    return f"{one.claim} at the end in {runs}; {interval}{_unresolved(gap)}."


def _mean_sentence(found: Gathered, one: Measured, name: str, gap: Difference) -> str:
    what = one.label[:1].upper() + one.label[1:]
    if gap.pairs == 0:
        return f"{what}: no runs are matched in which it is known."
    if math.isnan(gap.low):
        return f"{what}: {figure(gap.other)} against {figure(gap.reference)} in {found.reference}; one run each."
    if same_in_pairs(gap):
        return f"{what}: {figure(gap.other)} on average of {gap.pairs} matched runs, the same in every pair."
    unit = "days" if one.first_day else one.unit
    interval = f"95 % interval of the difference {figure(gap.low)} to {figure(gap.high)} {one_of(unit, gap.high)}"
    runs = f"of {gap.pairs} {'runs' if found.unmatched else 'matched runs'}"
    against = f"{figure(gap.other)} on average {runs} against {figure(gap.reference)}"
    return f"{what}: {against}; {interval}{_unresolved(gap)}.{_never(found, one, name)}"


def _unresolved(gap: Difference) -> str:
    return "" if gap.resolved else f"; {verdict(gap)}"


def _never(found: Gathered, one: Measured, name: str) -> str:
    """Say how runs without a first event are counted, and how many there are."""
    if not one.first_day:
        return ""
    both = found.pairs(name)
    counts = [int(pd.to_numeric(found.runs[n].loc[both, one.column]).isna().sum()) for n in (name, found.reference)]
    if not any(counts):
        return ""
    return f" Runs without one, {counts[0]} against {counts[1]}, count as the last day."


def forest(found: Gathered, statistics: list[Measured]) -> tuple[ForestRow, ...]:
    """Return a row for each statistic that varies, and each scenario but the reference."""
    kept = [one for one in statistics if varies(found, one)]
    return tuple(
        row_of(name, difference(found, one, name), _spread(found, one, name)) for one in kept for name in found.others
    )


def _spread(found: Gathered, one: Measured, name: str) -> float:
    """Return the standard deviation of single runs of the reference; of the scenario where the reference does not vary."""
    for scenario in (found.reference, name):
        values = values_of(found, one, scenario)
        values = values[np.isfinite(values)]
        if len(values) > 1 and np.ptp(values) > 0:
            return float(np.std(values, ddof=1))
    return math.nan


def row_of(scenario: str, gap: Difference, spread: float) -> ForestRow:
    """Return a difference as a row; `spread` is the standard deviation of single runs of the reference."""
    scale = 1 / spread if spread > 0 else math.nan
    return ForestRow(scenario, gap, verdict(gap), gap.difference * scale, gap.low * scale, gap.high * scale)


def forest_note(found: Gathered, statistics: list[Measured]) -> str:
    """Say what the bars are, how many would mislead, and which statistics are left out."""
    kept = [one for one in statistics if varies(found, one)]
    still = [label(one.column) if not one.yes_no else one.label for one in statistics if not varies(found, one)]
    bars = len(kept) * len(found.others)
    said = (
        "Difference from the reference over matched runs, in standard deviations of a single run of the reference. Bars are "
        f"95 % intervals: bias-corrected and accelerated bootstrap over pairs, {DRAWS:,} resamples, for means; Newcombe's "
        f"interval for paired shares. Not resolved: {UNRESOLVED_RULE}."
    )
    if found.single:
        said = "Difference of two single runs; there are no intervals."
    elif bars > 1:
        said += f" Of {bars} such intervals about {max(round(0.05 * bars), 1)} would leave out zero by chance though nothing differed."
    return said + (f" Without a bar, because the same in every run: {clause_list(still)}." if still else "")
