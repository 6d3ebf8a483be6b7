"""Outcomes of one scenario over its runs: means, medians, 90 % bands, and who holds the watched towns at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.statistics.shares import wilson
from sim.statistics.sides import MIXED, NEUTRAL
from sim.study.gathered import Gathered
from sim.study.headline import HOLDER, Measured, values_of
from sim.words import clause_list, plural

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
    holds: int
    runs: int
    low: float
    high: float

    @property
    def words(self) -> str:
        """The share in words: "73 of 100 runs (64 to 81 %)"."""
        return f"{self.holds:,} of {plural(self.runs, 'run')} ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


@dataclass(frozen=True)
class Outcomes:
    """What the runs of a study's only scenario come to; `sentences` say who holds each watched town."""

    scenario: str
    runs: int
    numbers: tuple[NumberRow, ...]
    holders: tuple[HolderRow, ...]
    sentences: tuple[str, ...]


def outcomes(gathered: Gathered, statistics: Sequence[Measured]) -> Outcomes | None:
    """Return the outcomes of a study's only scenario; None if there are several, or a single run."""
    name = gathered.reference
    runs = len(gathered.runs[name])
    if gathered.others or runs < 2:
        return None
    numbers = tuple(row for one in statistics if not one.yes_no and (row := _number_row(gathered, one)) is not None)
    towns = {one.column: one.town for one in statistics if one.yes_no}
    holders = [_holder_rows(gathered, column, town) for column, town in towns.items()]
    sentences = tuple(_sentence(rows) for rows in holders if rows)
    return Outcomes(name, runs, numbers, tuple(row for rows in holders for row in rows), sentences)


def _number_row(gathered: Gathered, one: Measured) -> NumberRow | None:
    values = values_of(gathered, one, gathered.reference)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, BAND)
    return NumberRow(
        one.label, one.unit, len(values), float(values.mean()), float(np.median(values)), float(low), float(high)
    )


def _holder_rows(gathered: Gathered, column: str, town: str) -> list[HolderRow]:
    """Return a row for each side that holds a town at the end of some run, the most frequent first."""
    ends = gathered.holders(gathered.reference, column[len(HOLDER) :])
    ends = ends[~pd.isna(ends)]
    rows = []
    for code in dict.fromkeys([*gathered.codes, MIXED, NEUTRAL]):
        holds = int(np.sum(ends == code))
        if holds:
            low, high = (float(end) for end in wilson(holds, len(ends)))
            rows.append(HolderRow(town, code, holds, len(ends), low, high))
    return sorted(rows, key=lambda row: -row.holds)


def _sentence(rows: list[HolderRow]) -> str:
    """Return who holds a town at the end: "Kafr Hamra at the end: NLF in 73 of 100 runs (64 to 81 %), HTS in 19"."""
    first, *others = rows
    parts = [f"{_side(first.code)} in {first.words}"]
    parts += [f"{_side(row.code)} in {row.holds:,}" for row in others if row.holds >= LEAST_SHARE * row.runs]
    return f"{first.town} at the end: {clause_list(parts)}."


def _side(code: str) -> str:
    return {MIXED: "contested", NEUTRAL: "neutral"}.get(code, code)
