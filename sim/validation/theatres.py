"""The validation of several theatres in one table each: which patterns runs show and which null shows them too, how forecasts score
beside baselines.

A theatre is a map with a file of patterns of its name. Its studies are found by name: `patterns*` are held against the patterns, and
`hindcast*` are scored if a folder of observations, named `MAP_...`, begins on the day of their first scenario."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sim.errors import Fault, InputError, did_you_mean
from sim.files import named_files, scenario_folders
from sim.geography.maps import Geography
from sim.scenario.compose import display
from sim.scenario.yaml_reader import read_file
from sim.study.definition import Definition, read_definition
from sim.study.plan import Plan, make_plan
from sim.study.store import Study
from sim.validation.forecasts import MODEL
from sim.validation.measures import crps_of_weeks
from sim.validation.past_record import record_file, shows_contagion
from sim.validation.pattern_card import Card, figure_row, verdict_of
from sim.validation.pattern_estimators import PLACES_SCORE
from sim.validation.pattern_file import Patterns, find_patterns, read_patterns
from sim.validation.pattern_nulls import Towns, card_with_nulls
from sim.validation.pattern_report import MARK, csv_text
from sim.validation.pattern_samples import check_sides, runs_of_study
from sim.validation.scores import Scores, score_study

PATTERN_STUDIES, FORECAST_STUDIES = "patterns", "hindcast"  # what names of studies begin with
RESAMPLES, SEED = 200, 20181031
MEASURES = {
    "crps_weekly_events": "events a week, CRPS",
    "crps_weekly_deaths": "deaths a week, CRPS",
    "log_score_places": "town of an event, nats",
    "log_score_relapse": "day of a relapse, nats",
    "brier_questions": "yes/no questions, Brier",
}  # measures in the table, lower is better, with their words
BESIDE = ("conflictology", "base_rate", "hawkes", "two_level_hawkes")  # baselines with a column of their own
EXCITED = ("hawkes", "two_level")  # nulls in which events come in bursts
STEADY = "poisson"  # the null in which they do not


@dataclass(frozen=True)
class Theatre:
    """A theatre: its patterns, the plans of its studies, and the folders of observations of those that are scored."""

    name: str
    patterns_file: Path
    declared: Patterns
    pattern_plans: tuple[Plan, ...]
    forecasts: tuple[tuple[Plan, Path], ...]

    @property
    def plans(self) -> list[Plan]:
        """All studies to be run."""
        return [*self.pattern_plans, *(plan for plan, _ in self.forecasts)]


@dataclass(frozen=True)
class PatternRow:
    """A pattern of a theatre: verdicts of the runs and of each null, and what of the theory behind the model a pass shows.

    Attributes:
        pattern: its name.
        title: what it is.
        weight: mandatory, ordinary or weak.
        cases: events, episodes or rounds of the record behind it; None if not declared.
        verdict: on the runs.
        steady: share of resampled sets of runs with the same verdict; NaN if it is not judged, or of all runs together.
        nulls: verdict on each null, by its name; "none" if it cannot give the pattern.
        passed_by: which nulls pass it too: "none", "bursts" (self-exciting or two-level, not Poisson), "chance" (Poisson); "unable" if no
            null can give it, as of agreements.
        unseen_in: theatres whose record shows no contagion, if bursts alone pass it here.
    """

    pattern: str
    title: str
    weight: str
    cases: int | None
    verdict: str
    steady: float
    nulls: dict[str, str]
    passed_by: str
    unseen_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoreRow:
    """A measure of a forecast beside baselines. `gain`: best baseline minus model, above 0 if the model is better; `error` its standard
    error over the cases, NaN if there is none."""

    study: str
    runs: int
    measure: str
    cases: int
    model: float
    best: str
    baselines: dict[str, float]
    gain: float
    error: float


@dataclass(frozen=True)
class Validated:
    """A theatre's tables. `contagion`: whether its record shows any within half-years; None if it cannot be told."""

    name: str
    title: str
    evidence_until: str
    runs: int
    contagion: bool | None
    patterns: tuple[PatternRow, ...]
    scores: tuple[ScoreRow, ...]

    @property
    def passed(self) -> list[PatternRow]:
        """The patterns that the runs pass."""
        return [row for row in self.patterns if row.verdict == "pass"]


def find_theatres(only: Collection[str] = (), replicates: int | None = None, prefix: str = "") -> list[Theatre]:
    """Return the theatres with declared patterns and a study for them, by name.

    Args:
        only: names of maps; all if empty.
        replicates: at most so many runs of each scenario; as the studies have it if None.
        prefix: what the names of studies have before `patterns` or `hindcast`, as "transfer_".

    Raises:
        InputError: for an unknown name, and with every fault of a file.
    """
    names = sorted(named_files(PATTERN_STUDIES))
    unknown = [name for name in only if name not in names]
    if unknown:
        message = f"has no file of patterns{did_you_mean(unknown[0], names)}; there are {', '.join(names) or 'none'}"
        raise InputError([Fault("--theatre", None, unknown[0], message)])
    plans = [plan for plan in _plans(replicates, prefix) if not only or plan.geography.name in only]
    theatres = []
    for name in (name for name in names if not only or name in only):
        own = [plan for plan in plans if plan.geography.name == name]
        file = find_patterns(None, name)
        pattern_plans = tuple(plan for plan in own if plan.name.startswith(prefix + PATTERN_STUDIES))
        forecasts = [(plan, _observed_of(plan)) for plan in own if plan.name.startswith(prefix + FORECAST_STUDIES)]
        scored = tuple((plan, folder) for plan, folder in forecasts if folder is not None)
        if own and (pattern_plans or scored):
            declared = read_patterns(file)
            for plan in pattern_plans:
                check_sides(next(iter(plan.scenarios.values())).scenario, declared, display(file))
            theatres.append(Theatre(name, file, declared, pattern_plans, scored))
    if not theatres:
        message = f"no study named {prefix}{PATTERN_STUDIES}* or {prefix}{FORECAST_STUDIES}* is of a map with declared patterns"
        raise InputError([Fault("scenarios/studies", None, "", message)])
    return theatres


def _plans(replicates: int | None, prefix: str) -> list[Plan]:
    """Return the plans of all studies that may be of a theatre's validation."""
    plans = []
    for name, file in sorted(named_files("studies").items()):
        if name.startswith((prefix + PATTERN_STUDIES, prefix + FORECAST_STUDIES)):
            definition, source = read_definition(file)
            plans.append(make_plan(_fewer(definition, replicates), source))
    return plans


def _fewer(definition: Definition, replicates: int | None) -> Definition:
    fewest = definition.replicates if replicates is None else min(definition.replicates, replicates)
    return definition.model_copy(update={"replicates": fewest})


def _observed_of(plan: Plan) -> Path | None:
    """Return the folder of observations of the map that begins on the day of a study's first scenario; None if there is none."""
    start = next(iter(plan.scenarios.values())).scenario.start
    for parent in scenario_folders("observed"):
        for file in sorted(parent.glob(f"{plan.geography.name}_*/observed.yaml")):
            page = read_file(file, display(file))
            if isinstance(page.data, dict) and page.data.get("start") == start:
                return file.parent
    return None


def validated(theatre: Theatre, folders: dict[str, Path], members: int) -> Validated:
    """Return the tables of a theatre whose studies are done.

    Args:
        theatre: the theatre.
        folders: folders of its studies, by their names.
        members: simulations of each null.
    """
    rows: list[PatternRow] = []
    runs = 0
    if theatre.pattern_plans:
        card = _card(theatre, [Study.open(folders[plan.name]) for plan in theatre.pattern_plans], members)
        rows, runs = pattern_rows(card), card.runs
    scores = []
    for plan, observed in theatre.forecasts:
        study = Study.open(folders[plan.name])
        scores += score_rows(study.name, study.done, score_study(study, observed)[0])
    record = record_file(theatre.name)
    contagion = None if record is None else shows_contagion(record.half_years)
    until = theatre.declared.evidence_until.isoformat()
    return Validated(theatre.name, theatre.declared.title, until, runs, contagion, tuple(rows), tuple(scores))


def _card(theatre: Theatre, studies: Sequence[Study], members: int) -> Card:
    runs = [run for number, study in enumerate(studies) for run in runs_of_study(study, None, number + 1)]
    geography: Geography = theatre.pattern_plans[0].geography
    return card_with_nulls(runs, theatre.declared, Towns.of(geography), members=members, whole=False)


def pattern_rows(card: Card) -> list[PatternRow]:
    """Return a row for each pattern of a card."""
    rng = np.random.default_rng(SEED)
    rows = []
    for name, pattern in card.declared.patterns.items():
        nulls = {null: _null_verdict(card_of_null, name) for null, card_of_null in card.nulls}
        cases = max((figure.cases for figure in pattern.figures.values() if figure.cases is not None), default=None)
        steady = same_verdict(card, name, rng)
        row = PatternRow(
            name, pattern.title, pattern.weight, cases, card.verdicts[name], steady, nulls, passed_by(nulls)
        )
        rows.append(row)
    return rows


def _null_verdict(card: Card, pattern: str) -> str:
    """Return the verdict on a null: none if it cannot give a figure of the pattern."""
    return "none" if any(row.verdict == "none" for row in card.rows_of(pattern)) else card.verdicts[pattern]


def passed_by(nulls: dict[str, str]) -> str:
    """Return what is enough to pass a pattern without actors: "chance" (Poisson), "bursts", "none", or "unable" if no null can give it."""
    if nulls.get(STEADY) == "pass":
        return "chance"
    if any(nulls.get(name) == "pass" for name in EXCITED):
        return "bursts"
    return "unable" if nulls and all(verdict == "none" for verdict in nulls.values()) else "none"


def same_verdict(card: Card, pattern: str, rng: np.random.Generator) -> float:
    """Return the share of resampled sets of runs, by figure, that give a pattern its verdict; NaN if not judged, or of all runs together."""
    rows, declared = card.rows_of(pattern), card.declared
    if card.verdicts[pattern] not in ("pass", "fail") or any(row.figure == PLACES_SCORE for row in rows):
        return math.nan
    values = {row.figure: _by_run(card, row.figure, row.runs) for row in rows}
    same = 0
    for _resample in range(RESAMPLES):
        drawn = []
        for row in rows:
            known = values[row.figure]
            chosen = known[rng.integers(0, len(known), len(known))]
            figure = declared.patterns[pattern].figures[row.figure]
            seen = row.observed.low if row.recomputed else None
            drawn.append(figure_row(pattern, row.figure, figure, chosen, math.nan, (row.days, row.window), seen, ""))
        same += verdict_of(drawn) == card.verdicts[pattern]
    return same / RESAMPLES


def _by_run(card: Card, figure: str, runs: int) -> np.ndarray:
    """Return a figure of each run that it was taken from, f8 [runs]; NaN for those that do not give it."""
    present = next(row.values for row in card.rows if row.figure == figure)
    return np.concatenate([present, np.full(runs - len(present), np.nan)])


def score_rows(study: str, runs: int, scores: Scores) -> list[ScoreRow]:
    """Return a row for each measure of `MEASURES` that a study has a score of."""
    rows = []
    for measure in scores.measures:
        known = next((name for name in MEASURES if measure.name.startswith(name)), None)
        best = measure.best_baseline()
        if known is None or best is None or MODEL not in measure.cells:
            continue
        others = {name: cell.score for name, cell in measure.cells.items() if name != MODEL}
        losses = _losses(known, scores, best)
        error = (
            math.nan if losses is None or len(losses) < 2 else float(np.std(losses, ddof=1) / math.sqrt(len(losses)))
        )
        model = measure.cells[MODEL].score
        rows.append(
            ScoreRow(study, runs, measure.name, measure.cases, model, best, others, others[best] - model, error)
        )
    return rows


def _losses(measure: str, scores: Scores, rival: str) -> np.ndarray | None:
    """Return by how much the model's score of each week is better than a rival's, f8 [weeks]; None of another measure."""
    if not measure.startswith("crps_weekly_"):
        return None
    count = measure.removeprefix("crps_weekly_")  # "events" or "deaths"
    members = {forecast.name: getattr(forecast, count) for forecast in scores.forecasts}
    observed = np.array([getattr(week, count) for week in scores.outcome.weeks], float)
    return crps_of_weeks(members[rival], observed) - crps_of_weeks(members[MODEL], observed)


def marked(theatres: Sequence[Validated]) -> list[Validated]:
    """Return theatres in which patterns that bursts alone pass name the other theatres whose record shows no contagion."""
    unseen = [theatre.name for theatre in theatres if theatre.contagion is False]
    results = []
    for theatre in theatres:
        others = tuple(name for name in unseen if name != theatre.name)
        rows = tuple(
            replace(row, unseen_in=others) if row.passed_by == "bursts" and row.verdict == "pass" else row
            for row in theatre.patterns
        )
        results.append(replace(theatre, patterns=rows))
    return results


def tables_csv(theatres: Sequence[Validated]) -> dict[str, str]:
    """Return the rows of all theatres as CSV texts, by the name of their file."""
    nulls = list(dict.fromkeys(name for theatre in theatres for row in theatre.patterns for name in row.nulls))
    patterns = [
        (MARK, theatre.name, row.pattern, row.title, row.weight, "" if row.cases is None else row.cases, row.verdict, _cell(row.steady),
         *(row.nulls.get(name, "") for name in nulls), row.passed_by, " ".join(row.unseen_in))
        for theatre in theatres for row in theatre.patterns
    ]  # fmt: skip
    scores = [
        (MARK, theatre.name, row.study, row.runs, row.measure, row.cases, forecast, _cell(score), row.best, _cell(row.gain), _cell(row.error))
        for theatre in theatres for row in theatre.scores
        for forecast, score in {MODEL: row.model, **row.baselines}.items()
    ]  # fmt: skip
    of_patterns = ["simulated theatre pattern title weight cases verdict same_verdict", *nulls, "passed_by unseen_in"]
    of_scores = "simulated theatre study runs measure cases forecast score best gain standard_error"
    return {
        "patterns.csv": csv_text(" ".join(of_patterns).split(), patterns),
        "scores.csv": csv_text(of_scores.split(), scores),
    }


def _cell(value: float) -> float | str:
    return round(value, 6) if math.isfinite(value) else ""
