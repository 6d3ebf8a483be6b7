"""Headline statistics of each scenario, and the differences between scenarios as answers in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim.comparison.matched_runs import MatchedRuns
from sim.comparison.results import Answer, Distribution, ForestRow, Group, InputChange, ScenarioChanges
from sim.results.phrases import policy_phrase
from sim.scenario.fields import input_label
from sim.scenario.schema import CODE_WORDS, MIXED, NEUTRAL, Policy, Scenario, peacekeepers
from sim.scenario.show import Change
from sim.scenario.show import changes as differences
from sim.statistics.inference import (
    DRAWS,
    POINTS,
    SHARE,
    UNRESOLVED_RULE,
    Difference,
    paired_difference,
    paired_share_difference,
    same_in_pairs,
    verdict,
    wilson,
)
from sim.statistics.summary import STATISTICS, base_name, expand, label
from sim.text import agree, capitalised, clause_list, day_text, plural, points, three_digits, unit_text

# Beside the headline statistics, in the forest plot: how much, how far, how deadly, what holds.
CORE = (
    "clash_days", "places_reached", "deaths_rebels", "peak_level", "longest_calm_days", "agreements_signed",
    "agreements_broken", "first_agreement_day", "changes_of_holder", "towns_changed", "displaced_max",
)  # fmt: skip

HOLDER = "holder."


@dataclass(frozen=True)
class HeadlineStatistic:
    """A statistic as a comparison uses it. A yes/no statistic asks whether `code` holds the town of `column`."""

    statistic: str  # "clash_days", "holder.Orrin=League"
    column: str
    label: str
    unit: str
    code: str = ""
    town: str = ""  # short name
    headline: bool = True
    side: str = ""  # what readers call the side of `code`

    @property
    def yes_no(self) -> bool:
        """Whether it is a share of runs."""
        return bool(self.code)

    @property
    def first_day(self) -> bool:
        """Whether it is the day of a first event, which runs without one count as their last day."""
        return self.unit == "day"

    @property
    def claim(self) -> str:
        """What a yes says: "League holds Orrin"."""
        if self.code in CODE_WORDS:
            return f"{self.town} is {CODE_WORDS[self.code]}"
        return f"{self.side} {agree(self.side, 'holds')} {self.town}"


def negated_claim(statistic: HeadlineStatistic) -> str:
    """Return what a no says: "League does not hold Orrin"."""
    if statistic.code in CODE_WORDS:
        return f"{statistic.town} is not {CODE_WORDS[statistic.code]}"
    return f"{statistic.side} {agree(statistic.side, 'does not hold')} {statistic.town}"


def number_statistic(gathered: MatchedRuns, name: str, headline: bool = True) -> HeadlineStatistic:
    """Return a statistic of the table of runs as a comparison uses it, with the names of sides in its label."""
    words = label(name, gathered.names)
    return HeadlineStatistic(name, name, words, STATISTICS[base_name(name)].unit, headline=headline)


def holder_statistic(gathered: MatchedRuns, column: str, code: str) -> HeadlineStatistic:
    """Return the yes/no statistic whether the side of a code holds the watched town of a column at the end."""
    town = column.removeprefix(HOLDER)
    short = next((each.label or each.name for each in gathered.geography.places if each.name == town), town)
    side = gathered.names.get(code, code)
    statistic = HeadlineStatistic(f"{column}={code}", column, "", SHARE, code, short, side=side)
    return replace(statistic, label=f"{statistic.claim} at the end")


def measured(gathered: MatchedRuns) -> list[HeadlineStatistic]:
    """Return the statistics of a comparison, watched towns first, then the headline, then the core ones."""
    frame = gathered.runs[gathered.reference]
    columns = dict.fromkeys(name for runs in gathered.runs.values() for name in runs.columns)
    towns = list(_towns(gathered, [name for name in columns if name.startswith(HOLDER)]))
    headline = [name for name in expand(gathered.headline, columns) if not name.startswith(HOLDER)]
    rest = [name for name in CORE if name in frame.columns and name not in headline]
    return [
        *towns,
        *(number_statistic(gathered, name) for name in dict.fromkeys(headline)),
        *(number_statistic(gathered, name, headline=False) for name in rest),
    ]


def _towns(gathered: MatchedRuns, columns: list[str]) -> Iterator[HeadlineStatistic]:
    for column in columns:
        town = column[len(HOLDER) :]
        every = np.concatenate([gathered.holders(name, town) for name in gathered.scenarios])
        code = _asked(every[~pd.isna(every)], gathered.codes, _start(gathered, town))
        if code:
            yield holder_statistic(gathered, column, code)


def _asked(ends: np.ndarray, order: list[str], start: str) -> str:
    """Return the side of the question: the one whose share over the runs of all scenarios is nearest to one half.

    Of two as near the one that did not hold the town at the start. The choice does not look at differences.
    """
    sides = [code for code in order if (ends == code).any() and code not in (MIXED, NEUTRAL)]
    sides = sides or [code for code in order if (ends == code).any()]
    distance = {code: round(abs(float(np.mean(ends == code)) - 0.5), 12) for code in sides}
    return min(sides, key=lambda code: (distance[code], code == start), default="")


def _start(gathered: MatchedRuns, town: str) -> str:
    """Return who holds a town at the start of the reference; empty if that is not kept."""
    if gathered.mornings(gathered.reference)[0] > 0:
        return ""
    return str(gathered.holders(gathered.reference, town, 0)[0] or "")


def values_of(gathered: MatchedRuns, statistic: HeadlineStatistic, scenario: str) -> np.ndarray:
    """Return a statistic in every run of a scenario, f8 [R] in the order of replicates: 0 or 1 for yes/no, NaN for none."""
    frame = gathered.runs[scenario]
    if statistic.yes_no:
        ends = gathered.holders(scenario, statistic.column[len(HOLDER) :])
        return np.where(pd.isna(ends), np.nan, ends == statistic.code).astype(float)
    if statistic.column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[statistic.column]).to_numpy(dtype=float)
    if statistic.first_day:
        days = pd.to_numeric(frame["days"]).to_numpy(dtype=float)
        return np.where(np.isnan(values), days, values)
    return values


def matched_values(
    gathered: MatchedRuns, statistic: HeadlineStatistic, scenario: str, reference: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Return a statistic in the runs matched between a scenario and another, the reference if left out: f8 [pairs] each."""
    first, second = (values_of(gathered, statistic, name) for name in (reference or gathered.reference, scenario))
    return gathered.matched(scenario, first, second, reference)


def difference(gathered: MatchedRuns, statistic: HeadlineStatistic, scenario: str, reference: str = "") -> Difference:
    """Return the difference of a scenario from another, the reference if left out, over matched runs."""
    first, second = matched_values(gathered, statistic, scenario, reference)
    if statistic.yes_no:
        keep = np.isfinite(first) & np.isfinite(second)
        return paired_share_difference(first[keep] == 1, second[keep] == 1, statistic.statistic, statistic.label)
    return paired_difference(first, second, statistic.statistic, statistic.label, statistic.unit)


def varies(gathered: MatchedRuns, statistic: HeadlineStatistic) -> bool:
    """Return whether a statistic has more than one value over the runs of all scenarios."""
    every = np.concatenate([values_of(gathered, statistic, name) for name in gathered.scenarios])
    every = every[np.isfinite(every)]
    return len(every) > 0 and bool(np.ptp(every) > 0)


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


def scenario_changes(gathered: MatchedRuns) -> tuple[ScenarioChanges, ...]:
    """Return what differs from the reference in each other scenario."""
    return tuple(_changes(gathered, name) for name in gathered.others)


def _changes(gathered: MatchedRuns, name: str) -> ScenarioChanges:
    first, other = gathered.scenarios[gathered.reference], gathered.scenarios[name]
    changes = [
        change
        for change in differences(first, other)
        if change.path.split(".")[0] not in UNSAID and not change.path.endswith(".source")
    ]
    items = tuple(_item(change, first, other, (gathered.reference, name)) for change in changes)
    groups = [group for group in NOUNS if any(item.group == group for item in items)]
    counts = [plural(sum(item.group == group for item in items), *NOUNS[group]) for group in groups]
    sentence = (
        f"{name} differs from {gathered.reference} in {clause_list(counts)}."
        if items
        else f"{name} does not differ from {gathered.reference}."
    )
    return ScenarioChanges(name, sentence, items)


def _item(change: Change, first: Scenario, other: Scenario, names: tuple[str, str]) -> InputChange:
    group = GROUPS.get(change.path.split(".")[0], "other")
    words = _words(change, first, other, names)
    return InputChange(change.path, group, change.before, change.after, change.unit, words)


def _words(change: Change, first: Scenario, other: Scenario, names: tuple[str, str]) -> str:
    parts = change.path.split(".")
    if len(parts) == 2 and parts[0] == "policy" and parts[1].isdigit():
        model, name = (first, names[0]) if change.after is None else (other, names[1])
        return f"Only in {name}: {_policy(model.policy[int(parts[1])], model)}."
    what, unit = input_label(change.path), f" {change.unit}" if change.unit not in ("", "probability", "share") else ""
    what = capitalised(what)
    if change.before is None:
        return f"{what}, only in {names[1]}: {change.after}{unit}."
    if change.after is None:
        return f"{what}, only in {names[0]}: {change.before}{unit}."
    return f"{what}: {change.after}{unit} in place of {change.before}."


def _policy(policy: Policy, scenario: Scenario) -> str:
    when = f", by {day_text(policy.by)}" if policy.by else f", from {day_text(policy.on)} on" if policy.on else ""
    return f"{policy_phrase(policy, peacekeepers(scenario))}{when}"


def answers(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[Answer, ...]:
    """Return the answer on each headline statistic for each scenario against the reference."""
    headline = [
        statistic
        for statistic in statistics
        if statistic.headline and (statistic.yes_no or varies(gathered, statistic))
    ]
    return tuple(_answer(gathered, statistic, name) for name in gathered.others for statistic in headline)


def _answer(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str) -> Answer:
    gap = difference(gathered, statistic, name)
    if not statistic.yes_no:
        return Answer(name, statistic.statistic, _mean_sentence(gathered, statistic, name, gap), gap)
    first, second = matched_values(gathered, statistic, name)
    known = np.isfinite(first) & np.isfinite(second)
    yes = int(np.sum(first[known])), int(np.sum(second[known]))
    return Answer(name, statistic.statistic, _share_sentence(statistic, gap, yes, gathered), gap, *yes)


def _share_sentence(statistic: HeadlineStatistic, gap: Difference, yes: tuple[int, int], gathered: MatchedRuns) -> str:
    if gap.pairs == 0:
        return f"{statistic.claim} at the end: no runs are matched."
    if math.isnan(gap.low):
        words = {True: "yes", False: "no"}
        return f"{statistic.claim} at the end: {words[yes[1] > 0]}, against {words[yes[0] > 0]} in {gathered.reference}; one run each."
    interval = f"95 % interval of the difference {points(gap.low)} to {points(gap.high)} {POINTS}"
    runs = f"{yes[1]} of {gap.pairs} {'' if gathered.unmatched else 'matched '}runs against {yes[0]}"
    return f"{statistic.claim} at the end in {runs}; {interval}{_unresolved(gap)}."


def _mean_sentence(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str, gap: Difference) -> str:
    what = capitalised(statistic.label)
    if gap.pairs == 0:
        return f"{what}: no runs are matched in which it is known."
    if math.isnan(gap.low):
        return f"{what}: {three_digits(gap.other)} against {three_digits(gap.reference)} in {gathered.reference}; one run each."
    if same_in_pairs(gap):
        return f"{what}: {three_digits(gap.other)} on average of {gap.pairs} matched runs, the same in every pair."
    unit = "days" if statistic.first_day else statistic.unit
    interval = f"95 % interval of the difference {three_digits(gap.low)} to {three_digits(gap.high)} {unit_text(unit, gap.high)}"
    runs = f"of {gap.pairs} {'runs' if gathered.unmatched else 'matched runs'}"
    against = f"{three_digits(gap.other)} on average {runs} against {three_digits(gap.reference)}"
    return f"{what}: {against}; {interval}{_unresolved(gap)}.{_never(gathered, statistic, name)}"


def _unresolved(gap: Difference) -> str:
    return "" if gap.resolved else f"; {verdict(gap)}"


def _never(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str) -> str:
    """Say how runs without a first event are counted, and how many there are."""
    if not statistic.first_day:
        return ""
    both = gathered.pairs(name)
    counts = [
        int(pd.to_numeric(gathered.runs[n].loc[both, statistic.column]).isna().sum())
        for n in (name, gathered.reference)
    ]
    if not any(counts):
        return ""
    return f" Runs without one, {counts[0]} against {counts[1]}, count as the last day."


def forest(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[ForestRow, ...]:
    """Return a row for each statistic that varies, and each scenario but the reference."""
    varying = [statistic for statistic in statistics if varies(gathered, statistic)]
    return tuple(
        row_of(name, difference(gathered, statistic, name), _spread(gathered, statistic, name))
        for statistic in varying
        for name in gathered.others
    )


def distributions(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> tuple[Distribution, ...]:
    """Return the values of each number that varies, in every run of each scenario; yes/no statistics are left out."""
    return tuple(
        Distribution(
            each.statistic, each.label, each.unit,
            {name: (values := values_of(gathered, each, name))[np.isfinite(values)] for name in gathered.scenarios},
        )
        for each in statistics
        if not each.yes_no and varies(gathered, each)
    )  # fmt: skip


def _spread(gathered: MatchedRuns, statistic: HeadlineStatistic, name: str) -> float:
    """Return the standard deviation of single runs of the reference; of the scenario if the reference does not vary."""
    for scenario in (gathered.reference, name):
        values = values_of(gathered, statistic, scenario)
        values = values[np.isfinite(values)]
        if len(values) > 1 and np.ptp(values) > 0:
            return float(np.std(values, ddof=1))
    return math.nan


def row_of(scenario: str, gap: Difference, spread: float) -> ForestRow:
    """Return a difference as a row; `spread` is the standard deviation of single runs of the reference."""
    scale = 1 / spread if spread > 0 else math.nan
    return ForestRow(scenario, gap, verdict(gap), gap.difference * scale, gap.low * scale, gap.high * scale)


def forest_note(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> str:
    """Say what the intervals are, how many would mislead, and which statistics are left out."""
    varying = [statistic for statistic in statistics if varies(gathered, statistic)]
    still = [statistic.label for statistic in statistics if not varies(gathered, statistic)]
    intervals = len(varying) * len(gathered.others)
    note = (
        "Difference from the reference over matched runs, in standard deviations of a single run of the reference. 95 % "
        f"intervals: bias-corrected and accelerated bootstrap over pairs, {DRAWS:,} resamples, for means; Newcombe's for "
        f"paired shares, whose differences are in percentage points. Not resolved: {UNRESOLVED_RULE}."
    )
    if gathered.single:
        note = "Difference of two single runs; there are no intervals."
    elif intervals > 1:
        note += f" Of {intervals} intervals about {max(round(0.05 * intervals), 1)} would leave out zero by chance though nothing differed."
    return note + (f" Left out, because the same in every run: {clause_list(still)}." if still else "")


BAND = (5, 95)  # percentiles of single runs
LEAST_SHARE = 0.02  # of runs: a holder below it is in the table, not in the sentence


@dataclass(frozen=True)
class NumberRow:
    """A statistic over the runs in which it is known; `low` and `high` hold 90 % of these runs."""

    label: str
    unit: str
    runs: int
    mean: float
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class HolderRow:
    """In how many of the runs a side holds a town at the end; `low` and `high` are shares, Wilson's 95 % interval."""

    town: str
    code: str
    side: str  # as readers call it: "Kingdom", "contested"
    holds: int
    runs: int
    low: float
    high: float

    @property
    def words(self) -> str:
        """The share in words: "73 of 100 runs (64 to 81 %)"."""
        return f"{self.holds:,} of {plural(self.runs, 'run')} ({100 * self.low:.0f} to {100 * self.high:.0f} %)"

    @property
    def share_words(self) -> str:
        """The share alone: "73 % (64 to 81 %)"."""
        return f"{100 * self.holds / self.runs:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


@dataclass(frozen=True)
class Outcomes:
    """What the runs of a study's only scenario come to; `sentences` say who holds each watched town."""

    scenario: str
    runs: int
    numbers: tuple[NumberRow, ...]
    holders: tuple[HolderRow, ...]
    sentences: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """A row a statistic, then a row a town and holder; `low` and `high` hold 90 % of runs, of a share they are its 95 % interval."""
        numbers = [
            {
                "scenario": self.scenario, "label": row.label, "unit": row.unit, "runs": row.runs, "mean": row.mean,
                "median": row.median, "low": row.low, "high": row.high, "interval": "90 % of runs",
            }
            for row in self.numbers
        ]  # fmt: skip
        shares = [
            {
                "scenario": self.scenario, "label": f"{row.town} at the end", "holder": row.code, "unit": SHARE, "runs": row.runs,
                "holds": row.holds, "mean": row.holds / row.runs, "low": row.low, "high": row.high,
                "interval": "95 % of the share (Wilson)",
            }
            for row in self.holders
        ]  # fmt: skip
        names = ["scenario", "label", "holder", "unit", "runs", "holds", "mean", "median", "low", "high", "interval"]
        return pd.DataFrame([*numbers, *shares]).reindex(columns=names)


def outcomes(gathered: MatchedRuns, statistics: Sequence[HeadlineStatistic]) -> Outcomes | None:
    """Return the outcomes of a study's only scenario; None if there are several, or a single run."""
    name = gathered.reference
    runs = len(gathered.runs[name])
    if gathered.others or runs < 2:
        return None
    numbers = tuple(
        row
        for statistic in statistics
        if not statistic.yes_no and (row := _number_row(gathered, statistic)) is not None
    )
    towns = {statistic.column: statistic.town for statistic in statistics if statistic.yes_no}
    holders = [_holder_rows(gathered, column, town) for column, town in towns.items()]
    sentences = tuple(_sentence(rows) for rows in holders if rows)
    return Outcomes(name, runs, numbers, tuple(row for rows in holders for row in rows), sentences)


def _number_row(gathered: MatchedRuns, statistic: HeadlineStatistic) -> NumberRow | None:
    values = values_of(gathered, statistic, gathered.reference)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, BAND)
    return NumberRow(
        statistic.label,
        statistic.unit,
        len(values),
        float(values.mean()),
        float(np.median(values)),
        float(low),
        float(high),
    )


def _holder_rows(gathered: MatchedRuns, column: str, town: str) -> list[HolderRow]:
    """Return a row for each side that holds a town at the end of some run, the most frequent first."""
    ends = gathered.holders(gathered.reference, column[len(HOLDER) :])
    ends = ends[~pd.isna(ends)]
    rows = []
    for code in dict.fromkeys([*gathered.codes, MIXED, NEUTRAL]):
        holds = int(np.sum(ends == code))
        if holds:
            low, high = (float(end) for end in wilson(holds, len(ends)))
            rows.append(HolderRow(town, code, gathered.names.get(code, code), holds, len(ends), low, high))
    return sorted(rows, key=lambda row: -row.holds)


def _sentence(rows: list[HolderRow]) -> str:
    """Return who holds a town at the end: "Orrin at the end: League in 73 of 100 runs (64 to 81 %), Rangers in 19"."""
    first, *others = rows
    parts = [f"{first.side} in {first.words}"]
    parts += [f"{row.side} in {row.holds:,}" for row in others if row.holds >= LEAST_SHARE * row.runs]
    return f"{first.town} at the end: {clause_list(parts)}."
