"""Forecasts from many origins: weekly events predicted by the scenarios of a study, each from its own origin, compared with a record of
events and with baselines made from the record before that day. Several studies that differ in their seed show what chance does.

Runs begin some weeks before the origin. The forecast is made by those runs whose weeks before the origin are most like the
record's (approximate Bayesian computation by rejection; Beaumont 2010, Annu Rev Ecol Evol Syst 41:379): so the model, too,
knows whether there has been fighting. Nothing of the record after the origin is used.

Power: one run of the model is taken as the truth of all origins, with the record before it as its past. It is forecast by the other
runs and by the baselines, as the record is. Over many such truths, the share in which the band of the gain excludes 0 is the chance
that so many weeks show a difference of that size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.statistics import scoring
from sim.statistics.conflict_log import Log
from sim.text import day_text
from sim.validation.baselines import calm_day, weekly_baselines
from sim.validation.forecasts import MODEL, reported_logs, weekly
from sim.validation.outcome import WEEK, Week
from sim.validation.past_record import Fits, Record, fits_of, observed_weeks, past_of

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario
    from sim.study.store import Study


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
        first = min(scenario.start for scenario in study.scenarios.values()) + timedelta(days=run_up)
        message = (
            f"has events from {day_text(record.begins)} to {day_text(record.until)}, and forecasts begin on {day_text(first)}: "
            "no whole week is in both; `--until` says to which day the record is complete"
        )
        raise InputError([Fault("--observed", None, "", message)])
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


Progress = Callable[[int], None]  # is called with the number of origins done


class _Origin(NamedTuple):
    """What the truths of one origin share: runs [M] with their weeks before and after it, and the record before the runs."""

    scenario: Scenario
    weeks: tuple[Week, ...]  # in days since the origin
    logs: list[Log]
    before: np.ndarray  # f8 [M, K]
    after: np.ndarray  # f8 [M, W]
    record: Log
    fits: Fits


def power(
    study: Study,
    record: Record,
    truths: int,
    run_up: int = RUN_UP_DAYS,
    share: float = KEPT_SHARE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return, for each truth and rival, the mean CRPS of both and the gain of the model with its 90 % band over origins.

    Truths are the replicates that all scenarios have done, the first `truths` of them: a replicate has the same draw of inputs in
    each scenario. Processes are fitted to the record before the runs, and go on with the weeks of the truth before the origin.

    Args:
        study: a study whose scenarios begin `run_up` days before their origins.
        record: what was observed before.
        truths: number of runs taken as the truth.
        run_up: days of each scenario before its origin, whole weeks.
        share: of the other runs that make the forecast.
        progress: is called after each origin.

    Returns:
        Columns truth, rival, model, score, gain, low, high; gain above 0 favours the model.

    Raises:
        InputError: if no replicate is done in all scenarios, or none is left to forecast it.
    """
    names = [name for name in study.scenarios if _has_weeks(study.scenarios[name], record, run_up)]
    done = study.runs.groupby("replicate")["scenario"].agg(set)
    whole = np.array(sorted(done.index[[set(names) <= scenarios for scenarios in done]]), dtype=np.int64)
    if len(whole) < 2 or not names:
        message = "needs two replicates or more that are done in all scenarios, to forecast one by the others"
        raise InputError([Fault(str(study.folder), None, "", message)])
    rows: list[dict[str, object]] = []
    for number, name in enumerate(names):
        origin = _origin(study, name, whole, record, run_up)
        for truth in range(min(truths, len(whole))):
            rows += _scored(origin, int(whole[truth]), truth, record, run_up, share)
        if progress is not None:
            progress(number + 1)
    return _by_truth(pd.DataFrame(rows))


def _has_weeks(scenario: Scenario, record: Record, run_up: int) -> bool:
    return bool(observed_weeks(record, scenario.start + timedelta(days=run_up), scenario.days - run_up))


def _origin(study: Study, name: str, replicates: np.ndarray, record: Record, run_up: int) -> _Origin:
    scenario = study.scenarios[name]
    weeks = observed_weeks(record, scenario.start + timedelta(days=run_up), scenario.days - run_up)
    logs = reported_logs(study, name, scenario, replicates)
    earlier = tuple(Week(first, first + WEEK - 1, 0, 0) for first in range(0, run_up, WEEK))
    ahead = tuple(week._replace(first=week.first + run_up, last=week.last + run_up) for week in weeks)
    past = record.before(scenario.start)
    return _Origin(scenario, weeks, logs, weekly(logs, earlier)[0], weekly(logs, ahead)[0], past, fits_of(past))


def _scored(
    origin: _Origin, replicate: int, truth: int, record: Record, run_up: int, share: float
) -> list[dict[str, object]]:
    """Return a row a week ahead of one truth at one origin: CRPS of the model and of each baseline."""
    start = origin.scenario.start + timedelta(days=run_up)
    others = np.arange(len(origin.logs)) != truth
    retained = likest(origin.before[others], origin.before[truth], share)
    log = origin.record.followed_by(origin.logs[truth].until(run_up))
    calm = calm_day(origin.scenario, start)
    past = past_of(log, record.begins, start - timedelta(days=1), calm, origin.fits)
    drawn = weekly_baselines(past, origin.weeks, (SEED, start.toordinal(), replicate))
    forecasts = {MODEL: origin.after[others][retained], **{name: courses.events for name, courses in drawn.items()}}
    return [
        {"truth": replicate, "origin": start.isoformat(), "week": column}
        | {name: scoring.crps(members[:, column], observed) for name, members in forecasts.items()}
        for column, observed in enumerate(origin.after[truth])
    ]


def _by_truth(scored: pd.DataFrame) -> pd.DataFrame:
    rivals = [name for name in scored.columns if name not in ("truth", "origin", "week", MODEL)]
    rows = []
    for truth, part in scored.groupby("truth", sort=True):
        blocks = part["origin"].to_numpy(dtype=object)
        for rival in rivals:
            gain = (part[rival] - part[MODEL]).to_numpy(dtype=float)
            low, high = scoring.block_band(gain, blocks, SEED)
            means = {"model": float(part[MODEL].mean()), "score": float(part[rival].mean()), "gain": float(gain.mean())}
            rows.append({"truth": truth, "rival": rival, **means, "low": low, "high": high, "source": "SIMULATED"})
    return pd.DataFrame(rows)


class Power(NamedTuple):
    """Over truths: mean gain over a rival, its 5 and 95 percentiles, and how often its band excludes 0 on either side."""

    rival: str
    truths: int
    gain: float
    low: float
    high: float
    shown_better: float  # share of truths whose band lies above 0
    shown_worse: float


def power_summary(table: pd.DataFrame) -> list[Power]:
    """Return the power against each rival, the rival with the least mean score first."""
    powers = []
    for rival, part in table.groupby("rival", sort=False):
        low, high = np.percentile(part["gain"], scoring.EDGES)
        better, worse = float((part["low"] > 0).mean()), float((part["high"] < 0).mean())
        powers.append(
            (
                float(part["score"].mean()),
                Power(str(rival), len(part), float(part["gain"].mean()), float(low), float(high), better, worse),
            )
        )
    return [power for _, power in sorted(powers, key=lambda pair: pair[0])]
