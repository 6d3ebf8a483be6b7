"""The statistics of runs that a comparison answers with: which, of what kind, and their value in every run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.statistics.paired import SHARE, Difference, paired_difference, paired_share_difference
from sim.statistics.registry import STATISTICS, base_name, expand, label
from sim.statistics.sides import MIXED, NEUTRAL
from sim.study.gathered import Gathered

# Beside the headline statistics, in the forest plot: how much, how far, how deadly, what holds.
CORE = (
    "clash_days", "places_reached", "deaths_rebels", "peak_level", "longest_calm_days", "agreements_signed",
    "agreements_broken", "first_agreement_day", "changes_of_holder", "towns_changed", "displaced_max",
)  # fmt: skip
HOLDER = "holder."


@dataclass(frozen=True)
class Measured:
    """A statistic as a comparison uses it. A yes/no statistic asks whether `code` holds the town of `column`."""

    statistic: str  # "clash_days", "holder.Kafr Hamra=HTS"
    column: str
    label: str
    unit: str
    code: str = ""
    town: str = ""  # short name
    headline: bool = True

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
        """What a yes says: "HTS holds Kafr Hamra"."""
        special = {MIXED: f"{self.town} is contested", NEUTRAL: f"{self.town} is neutral"}
        return special.get(self.code, f"{self.code} holds {self.town}")


def denial(one: Measured) -> str:
    """Return what a no says: "HTS does not hold Kafr Hamra"."""
    special = {MIXED: f"{one.town} is not contested", NEUTRAL: f"{one.town} is not neutral"}
    return special.get(one.code, f"{one.code} does not hold {one.town}")


def measured(found: Gathered) -> list[Measured]:
    """Return the statistics of a comparison, watched towns first, then the headline, then the core ones."""
    frame = found.runs[found.reference]
    columns = dict.fromkeys(name for one in found.runs.values() for name in one.columns)
    towns = list(_towns(found, [name for name in columns if name.startswith(HOLDER)]))
    headline = [name for name in expand(found.headline, columns) if not name.startswith(HOLDER)]
    rest = [name for name in CORE if name in frame.columns and name not in headline]
    return [
        *towns,
        *(_number(name, True) for name in dict.fromkeys(headline)),
        *(_number(name, False) for name in rest),
    ]


def _number(name: str, headline: bool) -> Measured:
    return Measured(name, name, label(name), STATISTICS[base_name(name)].unit, headline=headline)


def _towns(found: Gathered, columns: list[str]) -> Iterator[Measured]:
    short = {place.name: place.label or place.name for place in found.geography.places}
    for column in columns:
        town = column[len(HOLDER) :]
        every = np.concatenate([found.holders(name, town) for name in found.scenarios])
        code = _asked(every[~pd.isna(every)], found.codes, _start(found, town))
        if code:
            name = short.get(town, town)
            one = Measured(f"{column}={code}", column, "", SHARE, code, name)
            yield Measured(one.statistic, column, f"{one.claim} at the end", SHARE, code, name)


def _asked(ends: np.ndarray, order: list[str], start: str) -> str:
    """Return the side that is asked about: the one whose share over the runs of all scenarios is nearest to one half.

    Of two as near the one that did not hold the town at the start. The choice does not look at differences.
    """
    sides = [code for code in order if (ends == code).any() and code not in (MIXED, NEUTRAL)]
    sides = sides or [code for code in order if (ends == code).any()]
    distance = {code: round(abs(float(np.mean(ends == code)) - 0.5), 12) for code in sides}
    return min(sides, key=lambda code: (distance[code], code == start), default="")


def _start(found: Gathered, town: str) -> str:
    """Return who holds a town at the start of the reference; empty where that is not kept."""
    if found.mornings(found.reference)[0] > 0:
        return ""
    return str(found.holders(found.reference, town, 0)[0] or "")


def values_of(found: Gathered, one: Measured, scenario: str) -> np.ndarray:
    """Return a statistic in every run of a scenario, f8 [R] in the order of replicates: 0 or 1 for yes/no, NaN for none."""
    frame = found.runs[scenario]
    if one.yes_no:
        ends = found.holders(scenario, one.column[len(HOLDER) :])
        return np.where(pd.isna(ends), np.nan, ends == one.code).astype(float)
    if one.column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[one.column]).to_numpy(dtype=float)
    if one.first_day:
        days = pd.to_numeric(frame["days"]).to_numpy(dtype=float)
        return np.where(np.isnan(values), days, values)
    return values


def matched_values(found: Gathered, one: Measured, scenario: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a statistic in the runs matched between the reference and a scenario: f8 [pairs] each."""
    both = found.pairs(scenario)
    rows = [np.searchsorted(found.replicates(name), both) for name in (found.reference, scenario)]
    first, second = (values_of(found, one, name) for name in (found.reference, scenario))
    return first[rows[0]], second[rows[1]]


def difference(found: Gathered, one: Measured, scenario: str) -> Difference:
    """Return the difference of a scenario from the reference over matched runs."""
    first, second = matched_values(found, one, scenario)
    if one.yes_no:
        keep = np.isfinite(first) & np.isfinite(second)
        return paired_share_difference(first[keep] == 1, second[keep] == 1, one.statistic, one.label)
    return paired_difference(first, second, one.statistic, one.label, one.unit)


def varies(found: Gathered, one: Measured) -> bool:
    """Return whether a statistic has more than one value over the runs of all scenarios."""
    every = np.concatenate([values_of(found, one, name) for name in found.scenarios])
    every = every[np.isfinite(every)]
    return len(every) > 0 and bool(np.ptp(every) > 0)
