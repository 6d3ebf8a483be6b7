"""Inputs of a scenario whose sources rest on events of a day or later: what a forecast from that day has seen already.

Sources are read as text. A date of the day or later, and a count or a figure of a record that runs on beyond it, mark an
input; a figure of a stretch that ends before does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sim.scenario.fields import inputs_of
from sim.scenario.schema import Scenario

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DATE = re.compile(rf"(?:(\d{{1,2}}) )?({'|'.join(MONTHS)})[a-z]*\.? (20\d\d)|(20\d\d)-(\d\d)-(\d\d)")
RANGE = re.compile(r"\b(20\d\d)-(\d\d)\b(?!-)")  # of years
YEAR = re.compile(r"\b(?:of|in) (20\d\d)\b")
OPEN = re.compile(r"\b(?:since|after|around) ")
COMPUTED = ("UCDP GED", "KM median", " of 10")  # of records that the project carries or was calibrated with
DATED, RECORD = "dated", "record"


class LateInput(NamedTuple):
    """An input with its value and source; `basis` is DATED if a day is named, RECORD if the source's record runs on."""

    path: str
    best: float
    source: str
    basis: str


def late_inputs(scenario: Scenario, first: date) -> Iterator[LateInput]:
    """Give the inputs of a scenario whose source rests on the day `first` or later, in the order of the schema.

    Example:
        >>> from datetime import date
        >>> from sim.load import read
        >>> from sim.validation.late_evidence import late_inputs
        >>> loaded, _ = read("hindcast_2018_10")
        >>> [entry.path for entry in late_inputs(loaded.scenario, date(2018, 10, 1)) if entry.path == "rules.talks.killing"]
        ['rules.talks.killing']
    """
    for path, quantity in inputs_of(scenario).items():
        basis = basis_of(quantity.source or "", first)
        if basis is not None:
            yield LateInput(path, quantity.best, quantity.source or "", basis)


def basis_of(source: str, first: date) -> str | None:
    """Return how a source rests on a day or later, DATED or RECORD; None if it does not."""
    days = [_day(match) for match in DATE.finditer(source)]
    if any(day >= first for day in days):
        return DATED
    years = [2000 + int(match[2]) for match in RANGE.finditer(source)] + [
        int(match[1]) for match in YEAR.finditer(source)
    ]
    if any(year >= first.year for year in years):
        return RECORD if not days else None
    if days:
        return RECORD if OPEN.search(source) else None
    return RECORD if any(mark in source for mark in COMPUTED) else None


def _day(match: re.Match[str]) -> date:
    """Return the last day that a date in a text may mean: that of a month without a day is its 28th."""
    if match[4]:
        return date(int(match[4]), int(match[5]), min(int(match[6]), 28))
    return date(int(match[3]), MONTHS.index(match[2]) + 1, min(int(match[1] or 28), 28))
