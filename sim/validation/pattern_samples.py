"""What the pattern card needs of each simulated run: its reported log, its agreements, changes of holder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.scenario.schema import Scenario, codes
from sim.statistics.conflict_log import MONITOR, Log, column, reported_log, text
from sim.statistics.summary import episodes
from sim.text import plural
from sim.validation.pattern_estimators import Holds, Samples, Theatre, samples
from sim.validation.pattern_file import Patterns, Window
from sim.validation.pattern_rounds import Body, Changes, RivalGroups, RoundContext, name_pattern

if TYPE_CHECKING:
    from sim.results.run import Run
    from sim.study.store import Study

Table = Mapping[str, np.ndarray]

REPORTS = (
    "outlet", "event_day", "event_date", "first_date", "kind", "initiator", "target", "initiator_group", "target_group", "town", "lat", "lon",
    "deaths_initiator", "deaths_target", "deaths_civilians", "deaths_total", "summary",
)  # fmt: skip

AGREEMENTS = ("signed", "given", "days_held", "censored")
CHANGES = ("day", "town", "from", "to")


@dataclass(frozen=True, eq=False)
class ReportedRun:
    """The parts of a run that the pattern estimators read.

    `agreed`: the day of the run on which the zone is agreed; None without a zone. `source`: which study it is of, by number,
    or that it is a single run.
    """

    scenario: str
    replicate: int
    start: date
    days: int
    agreed: int | None
    reports: Table
    agreements: Table
    changes: Table
    source: int = 0


def runs_of_study(study: Study, scenario: str | None = None, source: int = 0) -> list[ReportedRun]:
    """Return the runs of a scenario of a study, the first if not named; InputError if the study keeps no reports."""
    name = scenario or next(iter(study.scenarios))
    if name not in study.scenarios:
        message = f"is none of this study; it has {', '.join(study.scenarios)}"
        raise InputError([Fault(str(study.folder), None, name, message)])
    if "reported" not in study.manifest["tables"]:
        message = "the patterns are those of reports; run the study with `keep: [reported]`"
        raise InputError([Fault(str(study.folder), None, "keep", message)])
    tables = [
        ReplicateRows(study.table(table, columns), name)
        for table, columns in (("reported", REPORTS), ("agreements", AGREEMENTS), ("changes", CHANGES))
    ]
    runs = study.table("runs", ["seed"])
    replicates = runs.loc[runs["scenario"] == name, "replicate"].tolist()
    model = study.scenarios[name]
    return [
        _from_tables(model, name, int(number), source, *(table(int(number)) for table in tables))
        for number in replicates
    ]


def reported_run(run: Run, number: int = 0, source: int = 0) -> ReportedRun:
    """Return a single run."""
    frames = ((run.events_reported, REPORTS), (run.agreements, AGREEMENTS), (run.control_changes, CHANGES))
    tables = [{name: np.asarray(frame[name]) for name in columns} for frame, columns in frames]
    return _from_tables(run.scenario, run.name, number, source, *tables)


def _from_tables(
    model: Scenario, name: str, number: int, source: int, reports: Table, agreements: Table, changes: Table
) -> ReportedRun:
    agreed = None if model.zone is None else (model.zone.agreed - model.start).days
    return ReportedRun(name, number, model.start, model.days, agreed, reports, agreements, changes, source)


class ReplicateRows:
    """A table cut into the rows of each replicate of a scenario."""

    def __init__(self, frame: pd.DataFrame, scenario: str) -> None:
        mine = frame[frame["scenario"] == scenario]
        self.columns = {name: mine[name].to_numpy() for name in frame.columns if name not in ("scenario", "replicate")}
        self.rows = pd.Series(np.arange(len(mine))).groupby(mine["replicate"].to_numpy()).indices

    def __call__(self, replicate: int) -> Table:
        """Return the rows of a replicate."""
        rows = self.rows.get(replicate, np.zeros(0, dtype=np.int64))
        return {name: values[rows] for name, values in self.columns.items()}


def check_sides(model: Scenario, declared: Patterns, file: str) -> None:
    """Raise InputError if the patterns speak of factions that a scenario does not have."""
    known = list(codes(model).values())
    sides = declared.sides
    parts = {"first": sides.first, "rivals": sides.rivals, "government": sides.government}
    named = {name: side.codes for name, side in parts.items() if side is not None}
    if sides.all_against_all is not None:
        named["all_against_all"] = list(sides.all_against_all)
    faults = [
        Fault(file, None, f"sides.{name}", f"the scenario has no faction of the code {code}; it has {', '.join(known)}")
        for name, codes_of_side in named.items()
        for code in codes_of_side
        if code not in known
    ]
    if faults:
        raise InputError(faults)


def log_of_run(run: ReportedRun, declared: Patterns) -> Log:
    """Return the monitor's log of fighting between the sides."""
    return reported_log(run.reports, declared.sides.rebels, run.days, declared.sides.first_code)


def window_samples(run: ReportedRun, log: Log, declared: Patterns, window: Window) -> Samples:
    """Return the samples of the first days of a run, as many as the window has, or all there are; of those aligned if it is."""
    days = min(window.days, run.days)
    first = aligned_start(log, declared, window) or 0
    changes = Changes(column(run.changes, "day") - first, *(column(run.changes, name) for name in CHANGES[1:]))
    context = RoundContext(
        rival_groups(declared, run.start + timedelta(first)), changes, _pressure(run, declared, first)
    )
    theatre = Theatre(_changed(run, window), _before(run, declared, days), _after(run, declared, days), context)
    return samples(log.since(first).until(days), _holds(run, first, days), theatre)


def aligned_start(log: Log, declared: Patterns, window: Window) -> int | None:
    """Return the day of a log, of a run or of the record, on which an aligned window begins; None if it is not aligned.

    Aligned: `lead_days` before the first event of the episode with most events, the earlier of equals, among those that leave room
    for the window's length in the window that it is cut from; None if there is no such episode.
    """
    if window.within is None:
        return None
    wide = log.until(declared.windows[window.within].days)
    room = wide.days - window.days
    fitting = [episode for episode in episodes(wide) if episode.began - window.lead_days <= room]
    largest = max(fitting, key=lambda episode: episode.events, default=None)
    return None if largest is None else max(0, largest.began - window.lead_days)


def rival_groups(declared: Patterns, start: date) -> RivalGroups | None:
    """Return the rivals' groups and bodies, for a window from `start`; None if the patterns declare none."""
    side = declared.sides.rivals
    if side is None or not side.groups:
        return None
    names = {name: name_pattern([name, *words]) for name, words in side.groups.items()}
    names |= {name: name_pattern([name, *body.names]) for name, body in side.bodies.items()}
    bodies = [Body(name, tuple(body.groups), (body.since - start).days) for name, body in side.bodies.items()]
    return RivalGroups(names, tuple(bodies))


def _holds(run: ReportedRun, first: int, days: int) -> Holds:
    """Return the agreements that the model signs in `days` days from `first`, none given; those that continue after them are censored there."""
    start = np.datetime64(run.start, "D") + np.timedelta64(first, "D")
    signed = (column(run.agreements, "signed").astype("datetime64[D]") - start).astype(np.int64)
    inside = (column(run.agreements, "given") == 0) & (signed >= 0) & (signed < days)
    held, left = column(run.agreements, "days_held").astype(float)[inside], (days - signed[inside]).astype(float)
    censored = column(run.agreements, "censored").astype(bool)[inside] | (held > left)
    return Holds(signed[inside], np.minimum(held, left), censored)


def _changed(run: ReportedRun, window: Window) -> int:
    """Return how many towns have another code at the end of the window than at its start.

    The window's own dates where the run has them, else the run's first days.
    """
    offset = (window.start - run.start).days
    first = offset if 0 <= offset <= run.days - window.days else 0
    return Changes(*(column(run.changes, name) for name in CHANGES)).net(first, first + window.days - 1)


def government_deaths_by_day(run: ReportedRun, declared: Patterns) -> np.ndarray | None:
    """Return the deaths that the monitor reports between government and rebels, by day: f8 [days]; None without a government."""
    sides = declared.sides
    if sides.government is None:
        return None
    rebels, state = sides.rebels, sides.government.codes
    initiator, target = (text(run.reports, side) for side in ("initiator", "target"))
    between = (np.isin(initiator, state) & np.isin(target, rebels)) | (
        np.isin(target, state) & np.isin(initiator, rebels)
    )
    day = column(run.reports, "event_day")
    keep = between & (text(run.reports, "outlet") == MONITOR) & (day >= 0) & (day < run.days)
    return np.bincount(day[keep], weights=column(run.reports, "deaths_total")[keep], minlength=run.days)


def _pressure(run: ReportedRun, declared: Patterns, first: int) -> np.ndarray | None:
    """Return government-rebel deaths by day from day `first` on, f8 [days - first]."""
    deaths = government_deaths_by_day(run, declared)
    return None if deaths is None else deaths[first:]


def _government_deaths(run: ReportedRun, declared: Patterns, first: int, last: int) -> tuple[int, int] | None:
    """Return the deaths reported between government and rebels on days `first` to `last` - 1, and their number."""
    deaths = government_deaths_by_day(run, declared) if last > first else None
    return None if deaths is None else (int(deaths[first:last].sum()), last - first)


def _before(run: ReportedRun, declared: Patterns, days: int) -> tuple[int, int] | None:
    """Return deaths and days of the last days before the zone is agreed."""
    last = min(run.days, run.agreed) if run.agreed is not None else 0
    return _government_deaths(run, declared, max(0, last - days), last)


def _after(run: ReportedRun, declared: Patterns, days: int) -> tuple[int, int] | None:
    """Return deaths and days of the first days since the zone is agreed, or of the run where it was before."""
    first = run.days if run.agreed is None else max(0, run.agreed)
    return _government_deaths(run, declared, first, min(run.days, first + days))


def starts(runs: Sequence[ReportedRun]) -> Iterator[str]:
    """Give the scenarios that some runs are of, with their lengths, in words."""
    for name, days in dict.fromkeys((run.scenario, run.days) for run in runs):
        count = sum((run.scenario, run.days) == (name, days) for run in runs)
        yield f"{name}, {plural(count, 'run')} of {plural(days, 'day')}"
