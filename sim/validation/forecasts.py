"""A forecast as an ensemble of courses: who holds each town, weekly events and deaths, where, when agreements relapse; and the inputs
by which it has seen what it forecasts.

The model's is made of the runs of a study; those of the baselines (baselines.py) have the same form, so that one function scores all. A
part that a forecaster does not forecast is None. Sources of inputs are read as text: a date of the first day of the forecast or later,
and a count or a figure of a record that runs on beyond it, mark an input; a figure of a stretch that ends before does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.geography.maps import Geography
from sim.scenario.fields import inputs_of
from sim.scenario.schema import MIXED, NEUTRAL, Scenario, rebels
from sim.statistics.conflict_log import Log, reported_log
from sim.statistics.scoring import day_chances
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, start_codes

if TYPE_CHECKING:
    from sim.study.store import Study


MODEL = "model"


class Hold(NamedTuple):
    """When an agreement ends: chance of each day held from `first` on, f8 [D], and that it lasts beyond them."""

    first: int
    chance: np.ndarray
    rest: float


@dataclass(frozen=True, eq=False)
class Forecast:
    """M courses. `began` i8 [T] and `control` i8 [M, T] are rows of the codes; weeks are f8 [M, W].

    `places` f8 [T] is the chance that an event of the weeks is at each town; the sum is 1.
    """

    name: str
    began: np.ndarray
    control: np.ndarray | None = None
    events: np.ndarray | None = None
    deaths: np.ndarray | None = None
    holds: dict[str, Hold] = field(default_factory=dict)
    places: np.ndarray | None = None

    def chances(self, kinds: int) -> np.ndarray:
        """Return the share of courses in which each town has each code: f8 [T, kinds]."""
        if self.control is None:
            raise ValueError(f"{self.name} says nothing about control")
        return np.stack([np.mean(self.control == kind, axis=0) for kind in range(kinds)], axis=-1)


def of_study(study: Study, name: str, geography: Geography, outcome: Outcome) -> Forecast:
    """Return the forecast of a study's scenario; InputError if the study keeps no reports but weeks are to be scored."""
    scenario = study.scenarios[name]
    replicates = study.runs.loc[study.runs["scenario"] == name, "replicate"].to_numpy(dtype=np.int64)
    if not len(replicates):
        raise InputError([Fault(str(study.folder), None, name, "has no run that was done")])
    events = deaths = places = None
    began = start_codes(scenario, geography)
    if outcome.weeks:
        logs = reported_logs(study, name, scenario, replicates)
        events, deaths = weekly(logs, outcome.weeks)
        places = event_places(logs, outcome.weeks, can_fight(began, scenario), geography)
    control = _control(study.changes, name, replicates, began, geography, scenario, outcome.control_day)
    rows = study.agreements[study.agreements["scenario"] == name]
    holds = {
        agreement.name: hold
        for agreement in outcome.relapses
        if (hold := _hold(rows, agreement, scenario, outcome.last))
    }
    return Forecast(MODEL, began, control, events, deaths, holds, places)


def reported_logs(study: Study, name: str, scenario: Scenario, replicates: np.ndarray) -> list[Log]:
    """Return the monitor's log of each replicate of a scenario; InputError if the study keeps no reports."""
    if "reported" not in study.manifest["tables"]:
        message = "keeps no reports, which weekly events are counted from: run it with `keep: [reported]`"
        raise InputError([Fault(str(study.folder), None, "keep", message)])
    table = study.table("reported")
    table = table[table["scenario"] == name]
    groups = dict(iter(table.groupby("replicate")))
    sides, none = rebels(scenario), table.iloc[:0]
    return [reported_log(groups.get(number, none), sides, scenario.days) for number in replicates.tolist()]


def weekly(logs: list[Log], weeks: tuple[Week, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return events and deaths of each log in each week, by the first day of an event: f8 [M, W] each."""
    counts = np.zeros((2, len(logs), len(weeks)))
    for row, log in enumerate(logs):
        for column, week in enumerate(weeks):
            inside = (log.day >= week.first) & (log.day <= week.last)
            counts[:, row, column] = inside.sum(), log.deaths[inside].sum()
    return counts[0], counts[1]


def can_fight(began: np.ndarray, scenario: Scenario) -> np.ndarray:
    """Return which towns a rebel side holds, or shares, or nobody holds, at the start: bool [T]; `began` i8 [T]."""
    order = codes_of(scenario)
    return np.isin(began, [order.index(code) for code in (*rebels(scenario), MIXED, NEUTRAL)])


def event_places(
    logs: list[Log], weeks: tuple[Week, ...], inside: np.ndarray, geography: Geography
) -> np.ndarray | None:
    """Return the share of the runs' events at each town, f8 [T], over the days of the weeks; None if no town is `inside`.

    Half an event is added to each town of `inside`, bool [T], so that none of them has a chance of 0; events elsewhere and
    rows that sum up a region are left out.
    """
    if not inside.any():
        return None
    names = pd.Index([town.name for town in geography.places])
    first, last = weeks[0].first, weeks[-1].last
    places = [log.place[(log.day >= first) & (log.day <= last) & ~log.summary] for log in logs]
    town = names.get_indexer(pd.Index(np.concatenate(places))) if places else np.zeros(0, dtype=np.int64)
    counts = np.bincount(town[town >= 0], minlength=len(names)) + 0.5
    counts[~inside] = 0.0
    return counts / counts.sum()


def _control(
    changes: pd.DataFrame,
    name: str,
    replicates: np.ndarray,
    began: np.ndarray,
    geography: Geography,
    scenario: Scenario,
    morning: int,
) -> np.ndarray:
    """Return the codes of all towns on a morning: i8 [M, T], from the start and the changes of the days before."""
    control = np.tile(began, (len(replicates), 1))
    rows = changes[(changes["scenario"] == name) & (changes["day"] < morning)]
    run = np.searchsorted(replicates, rows["replicate"].to_numpy(dtype=np.int64))
    town = pd.Index([place.name for place in geography.places]).get_indexer(pd.Index(rows["town"]))
    code = pd.Index(codes_of(scenario)).get_indexer(pd.Index(rows["to"]))
    for place in np.argsort(rows["day"].to_numpy(), kind="stable"):
        control[run[place], town[place]] = code[place]
    return control


def _hold(rows: pd.DataFrame, asked: Relapse, scenario: Scenario, last: int) -> Hold | None:
    """Return when an agreement ends in the runs; None for one signed before the start that the scenario does not have.

    One signed during the run is held against all agreements that runs sign, none given: whether they sign that one is not
    asked.
    """
    signed = (rows["signed"].to_numpy().astype("datetime64[D]") - np.datetime64(scenario.start, "D")).astype(np.int64)
    if asked.signed >= 0:
        keep, first = rows["given"].to_numpy() == 0, 0
    else:
        keep, first = _same(rows, asked, signed), -asked.signed
    if not keep.any():
        return None
    days, censored = (rows[key].to_numpy()[keep] for key in ("days_held", "censored"))
    if asked.signed < 0:
        days = days + signed[keep] - asked.signed  # counted from the day of signing that was observed
    chance, rest = day_chances(days.astype(float), censored.astype(bool), first, last - asked.signed)
    return Hold(first, chance, rest)


def _same(rows: pd.DataFrame, asked: Relapse, signed: np.ndarray) -> np.ndarray:
    """Return which rows are the agreement: by name, else by its day of signing, give or take one, where that is one's alone."""
    by_name = rows["name"].str.casefold().to_numpy() == asked.name.casefold()
    if by_name.any():
        return np.asarray(by_name, dtype=bool)
    by_day = (np.abs(signed - asked.signed) <= 1) & (signed < 0)
    return by_day if len(set(rows["name"][by_day])) == 1 else np.zeros(len(rows), dtype=bool)


def unmatched(outcome: Outcome, model: Forecast) -> Iterator[str]:
    """Give a sentence for each agreement about which the runs say nothing."""
    for agreement in outcome.relapses:
        if agreement.name not in model.holds:
            why = "runs sign none" if agreement.signed >= 0 else "the scenario has none of this name or day of signing"
            yield f"{agreement.name}: not scored, {why}."


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
        >>> from sim.validation.forecasts import late_inputs
        >>> loaded, _ = read("two_valleys")
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
