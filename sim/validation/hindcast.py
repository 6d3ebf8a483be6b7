"""Forecasts from many origins: weekly events predicted by the scenarios of a study, each from its own origin, compared with a record of
events and with baselines made from the record before that day. Several studies that differ in their seed show what chance does.

Runs begin some weeks before the origin. The forecast is made by those runs whose weeks before the origin are most like the
record's (approximate Bayesian computation by rejection; Beaumont 2010, Annu Rev Ecol Evol Syst 41:379): so the model, too,
knows whether there has been fighting. Nothing of the record after the origin is used."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.scenario.compose import display
from sim.statistics import scoring
from sim.statistics.conflict_log import Log
from sim.validation.baselines import calm_day
from sim.validation.event_files import Area
from sim.validation.forecasts import MODEL, reported_logs, weekly
from sim.validation.observed import Sides, read_events
from sim.validation.outcome import WEEK, Week
from sim.validation.past_record import past_of
from sim.validation.weekly_baselines import weekly_baselines

if TYPE_CHECKING:
    from sim.study.store import Study

FARTHEST = timedelta(days=20 * 365)  # records are read from at most so long before the first origin
LEAST_EVENTS = 20  # before an origin, to fit a process to
SEED = 1
LEVELS = (0.5, 0.9)
RUN_UP_DAYS = 28  # before the origin
KEPT_SHARE = 0.25  # of runs
RECENCY = 0.7  # a week counts for so much of the week after it


class Origin(NamedTuple):
    """One origin of one study: its scenario, whole weeks ahead [W] in days since the origin, forecasts f8 [M, W] by name."""

    study: str
    name: str
    start: date
    weeks: tuple[Week, ...]
    forecasts: dict[str, np.ndarray]
    fitted: int  # events before it, which the baselines are made from
    runs: int  # of which the model's forecast is a part


class Record(NamedTuple):
    """Lethal events of an observed record between two sides, its first and last day, and what was read of its file."""

    log: Log
    begins: date
    until: date
    notes: tuple[str, ...] = ()
    sha256: str = ""

    def before(self, origin: date) -> Log:
        """Return the events before a day, in the window from the record's first day to the day before."""
        return self.log.until((origin - self.begins).days)


def read_record(path: Path, names: Sides | None, first: date, until: date | None, area: Area | None = None) -> Record:
    """Return the record of a UCDP GED or ACLED-style file, from its first event to `until`, or to its last event.

    `names`: of the first side and its rivals, None for all events; `first` is the first origin, `area` the map's.
    InputError if fewer than LEAST_EVENTS events are before the origin.
    """
    begins = first - FARTHEST
    events = read_events([path], area)
    if names is not None and not any(part.any() for part in events.between(names)):
        raise InputError([events.none_between(names)])
    days = 2 * FARTHEST.days if until is None else min(2 * FARTHEST.days, max(0, (until - begins).days + 1))
    log = events.log(begins, days, names)
    early = int(np.sum(log.day < FARTHEST.days))
    if early < LEAST_EVENTS:
        message = f"has {early} events between the sides before {first}; {LEAST_EVENTS} are needed to fit a process to"
        raise InputError([Fault(display(path), None, "", f"{message}. {' '.join(events.summary_lines())}")])
    opening = int(log.day[0])
    last = until or begins + timedelta(days=int(log.end.max()))
    notes = tuple(events.summary_lines())
    return Record(log.since(opening), begins + timedelta(days=opening), last, notes, events.files[0].sha256)


def joined(studies: list[Study]) -> dict[str, Study]:
    """Return studies by a name for each, `seed N`; InputError unless they differ in nothing but their seed."""
    first = studies[0]
    names: dict[str, Study] = {}
    for study in studies:
        for key in ("scenarios", "defaults", "posterior", "design", "inputs"):
            if study.manifest.get(key) != first.manifest.get(key):
                message = f"differs from {first.folder}; studies are joined if they differ in their seed alone"
                raise InputError([Fault(str(study.folder), None, key, message)])
        name = f"seed {study.definition.seed}"
        if name in names:
            message = f"has the seed {study.definition.seed} of {names[name].folder}: its runs are the same"
            raise InputError([Fault(str(study.folder), None, "seed", message)])
        names[name] = study
    return names


def origins_of(
    study: Study, record: Record, run_up: int = RUN_UP_DAYS, share: float = KEPT_SHARE, label: str = ""
) -> list[Origin]:
    """Return the origins of a study, one a scenario, by their day; those without a whole week in the record are left out.

    The origin of a scenario is `run_up` days, whole weeks, after its start; 0: all runs make the forecast.
    """
    origins = []
    for name, scenario in study.scenarios.items():
        origin = scenario.start + timedelta(days=run_up)
        weeks = observed_weeks(record, origin, scenario.days - run_up)
        replicates = study.runs.loc[study.runs["scenario"] == name, "replicate"].to_numpy(dtype=np.int64)
        if not weeks or not len(replicates):
            continue
        logs = reported_logs(study, name, scenario, replicates)
        before = record.before(origin)
        past = past_of(before, record.begins, origin - timedelta(days=1), calm_day(scenario, origin))
        drawn = weekly_baselines(past, weeks, (SEED, origin.toordinal()))
        ahead = tuple(week._replace(first=week.first + run_up, last=week.last + run_up) for week in weeks)
        earlier = observed_weeks(record, scenario.start, run_up)
        retained = likest(weekly(logs, earlier)[0], np.array([week.events for week in earlier], dtype=float), share)
        model = weekly(logs, ahead)[0][retained]
        forecasts = {MODEL: model, **{rival: courses.events.astype(float) for rival, courses in drawn.items()}}
        origins.append(Origin(label, name, origin, weeks, forecasts, len(before), len(replicates)))
    if not origins:
        message = f"no scenario has a whole week in the record, which ends {record.until}"
        raise InputError([Fault(str(study.folder), None, "", message)])
    return sorted(origins, key=lambda origin: origin.start)


def likest(simulated: np.ndarray, observed: np.ndarray, share: float) -> np.ndarray:
    """Return the runs whose weeks are most like those observed, i8 [n]: a share of all, and all that are as like as the last.

    Simulated f8 [M, K], observed f8 [K]; all runs where K is 0. Distance: sum over weeks of the difference of square
    roots, in which counts of any size vary about as much; earlier weeks count less.
    """
    weight = RECENCY ** np.arange(len(observed))[::-1]
    distance = np.abs(np.sqrt(simulated) - np.sqrt(observed)) @ weight
    cut = np.sort(distance)[max(1, round(share * len(distance))) - 1]
    return np.flatnonzero(distance <= cut + 1e-9)


def observed_weeks(record: Record, start: date, days: int) -> tuple[Week, ...]:
    """Return the whole weeks of a stretch of days that lie within the record, with what was observed in them."""
    day = record.log.day - (start - record.begins).days
    known = min(days, (record.until - start).days + 1)
    weeks = []
    for first in range(0, known - WEEK + 1, WEEK):
        inside = (day >= first) & (day < first + WEEK)
        weeks.append(Week(first, first + WEEK - 1, int(inside.sum()), int(record.log.deaths[inside].sum())))
    return tuple(weeks)


def table_of(origins: list[Origin]) -> pd.DataFrame:
    """Return a row a study, origin and week: observed, and median, mean, intervals and CRPS of each forecast."""
    rows = []
    for origin in origins:
        for column, week in enumerate(origin.weeks):
            row: dict[str, object] = {
                "study": origin.study,
                "origin": origin.start.isoformat(),
                "scenario": origin.name,
                "week_start": (origin.start + timedelta(days=week.first)).isoformat(),
                "weeks_ahead": column + 1,
                "observed": week.events,
                "model_runs": len(origin.forecasts[MODEL]),
            }
            for name, members in origin.forecasts.items():
                row |= _cells(name, members[:, column], week.events)
            rows.append({**row, "source": "SIMULATED; observed as given"})
    return pd.DataFrame(rows)


def _cells(name: str, members: np.ndarray, observed: int) -> dict[str, float]:
    cells = {f"{name}_median": float(np.median(members)), f"{name}_mean": float(members.mean())}
    for level in LEVELS:
        low, high = scoring.interval(members, level)
        cells |= {f"{name}_low_{100 * level:.0f}": float(low), f"{name}_high_{100 * level:.0f}": float(high)}
    return cells | {f"{name}_crps": scoring.crps(members, float(observed))}


class Gain(NamedTuple):
    """How much better the model does than a rival: mean CRPS of the rival minus the model's; above 0 favours the model.

    `low` and `high`: 90 % band over origins as blocks, of the mean over studies. `seed_low` and `seed_high`: the least and the
    greatest gain of any study, NaN with one. `ahead`: origins in which the model's mean is lower.
    """

    rival: str
    score: float
    gain: float
    low: float
    high: float
    seed_low: float
    seed_high: float
    ahead: int


class Summary(NamedTuple):
    """Mean CRPS of the model, and gains over each rival, the best rival first."""

    weeks: int
    origins: int
    studies: int
    model: float
    gains: tuple[Gain, ...]

    @property
    def best(self) -> Gain:
        """The gain over the best rival."""
        return self.gains[0]


def rivals_of(table: pd.DataFrame) -> list[str]:
    """Return the forecasts of a table besides the model that have a score for every week."""
    names = [column.removesuffix("_crps") for column in table.columns if column.endswith("_crps")]
    return [name for name in names if name != MODEL and table[f"{name}_crps"].notna().all()]


def summary(table: pd.DataFrame) -> Summary:
    """Return mean CRPS over weeks and studies. Weeks of one origin share their fate, so that whole origins are drawn.

    InputError if no baseline has a score.
    """
    rivals, keys = rivals_of(table), ["origin", "week_start"]
    if not rivals:
        raise InputError([Fault("hindcast", None, "", "the record before the origins allows no baseline")])
    scores = [f"{name}_crps" for name in (MODEL, *rivals)]
    weeks = table.groupby(keys, sort=True)[scores].mean().reset_index()
    by_study = table.groupby("study", sort=False)[scores].mean()
    by_origin = weeks.groupby("origin")[scores].mean()
    blocks, studies = weeks["origin"].to_numpy(dtype=object), len(by_study)
    gains = []
    for rival in rivals:
        each = (weeks[f"{rival}_crps"] - weeks["model_crps"]).to_numpy(dtype=float)
        low, high = scoring.block_band(each, blocks, SEED)
        of_seeds = by_study[f"{rival}_crps"] - by_study["model_crps"]
        ends = (float(of_seeds.min()), float(of_seeds.max())) if studies > 1 else (float("nan"), float("nan"))
        ahead = int((by_origin[f"{rival}_crps"] > by_origin["model_crps"]).sum())
        gains.append(Gain(rival, float(weeks[f"{rival}_crps"].mean()), float(each.mean()), low, high, *ends, ahead))
    gains.sort(key=lambda gain: gain.score)
    return Summary(len(weeks), len(by_origin), studies, float(weeks["model_crps"].mean()), tuple(gains))


def by_origin(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row an origin: observed events a week, mean CRPS of each forecast, and the gain over the best of all rivals."""
    scores = [f"{name}_crps" for name in (MODEL, *rivals_of(table))]
    means = table.groupby("origin", sort=True)[["observed", "model_mean", *scores]].mean()
    best = summary(table).best.rival
    return means.assign(gain_over_best=means[f"{best}_crps"] - means["model_crps"], best_baseline=best).reset_index()


def by_ahead(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean CRPS and coverage by weeks ahead: columns weeks_ahead, weeks, and those of the model and each rival."""
    rows = []
    for ahead, part in table.groupby("weeks_ahead"):
        row: dict[str, object] = {"weeks_ahead": ahead, "weeks": part["week_start"].nunique()}
        for name in (MODEL, *rivals_of(table)):
            row[f"{name}_crps"] = float(part[f"{name}_crps"].mean())
            for level in ("50", "90"):
                inside = part["observed"].between(part[f"{name}_low_{level}"], part[f"{name}_high_{level}"])
                row[f"{name}_coverage_{level}"] = float(inside.mean())
        rows.append(row)
    return pd.DataFrame(rows)
