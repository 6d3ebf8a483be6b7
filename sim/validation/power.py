"""Power of a rolling hindcast: which differences its weeks could show at all, were the model true.

One run of the model is taken as the truth of all origins, with the record before it as its past. It is forecast by the other
runs and by the baselines, as the record is. Over many such truths, the share in which the band of the gain excludes 0 is the chance
that so many weeks show a difference of that size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.statistics import scoring
from sim.statistics.conflict_log import Log
from sim.validation.baselines import calm_day
from sim.validation.forecasts import MODEL, reported_logs, weekly
from sim.validation.hindcast import KEPT_SHARE, RUN_UP_DAYS, SEED, Record, likest, observed_weeks
from sim.validation.outcome import WEEK, Week
from sim.validation.past_record import Fits, fits_of, past_of
from sim.validation.weekly_baselines import weekly_baselines

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario
    from sim.study.store import Study

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
