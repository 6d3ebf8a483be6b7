"""Scores of a forecast and of the baselines, and the measures in which it loses to them.

Primary: how many towns change holder, from whom to whom; events and deaths a week; the day on which agreements relapse.
Secondary: which towns, with bands by resampling whole groups (the main holders at the start) with replacement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sim.geography.maps import Geography, control_date
from sim.scenario.schema import Scenario
from sim.statistics import scoring
from sim.text import clause_list
from sim.validation.forecasts import MODEL, Forecast
from sim.validation.outcome import Outcome, Relapse

Better = Literal["lower", "higher", "0.5", "0.9"]
LEAST_MEAN = 0.05  # pairs of codes that change less often, in runs and in fact, are not scored one by one
SEED = 1  # of resampling


class Cell(NamedTuple):
    """A score; `low` and `high` are its 90 % band where blocks were resampled, else NaN."""

    score: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Measure:
    """One measure of all forecasts that allow it. `cases`: what it is a mean of."""

    name: str
    about: str
    unit: str
    better: Better
    primary: bool
    cases: int
    cells: dict[str, Cell]

    def loss(self, forecast: str) -> float:
        """Return how bad a forecast is, lower being better; NaN if it has no score."""
        score = self.cells[forecast].score if forecast in self.cells else math.nan
        if self.better == "higher":
            return -score
        return score if self.better == "lower" else abs(score - float(self.better))


@dataclass(frozen=True, eq=False)
class Scores:
    """All measures, the forecasts in order with the model first, and what a reader has to know."""

    forecasts: tuple[Forecast, ...]
    measures: tuple[Measure, ...]
    outcome: Outcome
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, dict[str, float | None]]:
        """Return scores by measure and forecast; None if a forecast has no value, or the score is undefined."""
        names = [forecast.name for forecast in self.forecasts]
        by_measure = {}
        for measure in self.measures:
            cells = {name: measure.cells[name].score if name in measure.cells else math.nan for name in names}
            by_measure[measure.name] = {name: value if math.isfinite(value) else None for name, value in cells.items()}
        return by_measure


def score(
    forecasts: list[Forecast], outcome: Outcome, scenario: Scenario, geography: Geography, notes: tuple[str, ...] = ()
) -> Scores:
    """Score forecasts, the model first, against what was observed."""
    measures: list[Measure] = []
    if len(outcome.towns):
        measures += _counts(forecasts, outcome)
    if outcome.weeks:
        measures += _weeks(forecasts, outcome)
    if outcome.relapses:
        measures += _relapses(forecasts, outcome)
    if len(outcome.towns):
        measures += _towns(forecasts, outcome, groups_of(scenario, geography)[outcome.towns])
    return Scores(tuple(forecasts), tuple(measures), outcome, (*outcome.notes, *notes))


def groups_of(scenario: Scenario, geography: Geography) -> np.ndarray:
    """Return the main holder of each town at the start, the blocks of resampling: object [T]."""
    holdings = geography.control[control_date(geography, scenario.start, scenario.control_on)]
    return np.array([holding.groups[0] if holding.groups else "" for holding in holdings], dtype=object)


def _measure(
    name: str, about: str, unit: str, cases: int, cells: dict[str, Cell], better: Better = "lower", primary: bool = True
) -> Measure:
    return Measure(name, about, unit, better, primary, cases, cells)


# How many towns


def transitions(began: np.ndarray, control: np.ndarray, kinds: int) -> np.ndarray:
    """Return towns by code at the start and code after, in each course: i8 [M, kinds, kinds]; `control` i8 [M, T]."""
    cell = began * kinds + control
    return np.stack([np.bincount(row, minlength=kinds * kinds) for row in cell]).reshape(-1, kinds, kinds)


def _counts(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    kinds, towns = len(outcome.codes), outcome.towns
    other = ~np.eye(kinds, dtype=bool)
    observed = transitions(outcome.began[towns], outcome.ended[None, towns], kinds)[0]
    # the shuffled map changes as many towns as the model by its making: it is no rival here
    rivals = [one for one in forecasts if one.control is not None and one.name != "shuffled_map"]
    moved = {
        one.name: transitions(one.began[towns], one.control[:, towns], kinds)
        for one in rivals
        if one.control is not None
    }
    total = {name: Cell(scoring.crps(one[:, other].sum(axis=1), observed[other].sum())) for name, one in moved.items()}
    yield _measure("crps_towns_changed", "towns under another code, CRPS", "towns", 1, total)
    pairs = [(a, b) for a, b in np.argwhere(other).tolist()]
    parts = {name: [scoring.crps(one[:, a, b], observed[a, b]) for a, b in pairs] for name, one in moved.items()}
    sums = {name: Cell(float(np.sum(part))) for name, part in parts.items()}
    yield _measure(
        "crps_towns_by_pair", "towns by code before and after, sum of CRPS over pairs", "towns", len(pairs), sums
    )
    for row, (a, b) in enumerate(pairs):
        if observed[a, b] or moved[forecasts[0].name][:, a, b].mean() >= LEAST_MEAN:
            cells = {name: Cell(part[row]) for name, part in parts.items()}
            about = f"towns from {outcome.codes[a]} to {outcome.codes[b]}, CRPS"
            yield _measure(f"crps_towns_{outcome.codes[a]}_to_{outcome.codes[b]}", about, "towns", 1, cells)


# Weeks


def _weeks(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    for what in ("events", "deaths"):
        observed = np.array([getattr(week, what) for week in outcome.weeks], dtype=float)
        known: dict[str, np.ndarray] = {
            forecast.name: getattr(forecast, what) for forecast in forecasts if getattr(forecast, what) is not None
        }
        cells = {name: Cell(weekly_crps(members, observed)) for name, members in known.items()}
        yield _measure(f"crps_weekly_{what}", f"{what} a week, mean CRPS", what, len(observed), cells)
        levels: tuple[tuple[Better, float], ...] = (("0.5", 0.5), ("0.9", 0.9))
        for better, level in levels:
            held = {
                name: Cell(scoring.coverage(members, observed, level))
                for name, members in known.items()
                if len(members) > 1
            }
            name = f"coverage_{100 * level:.0f}_weekly_{what}"
            about = f"weeks whose {what} lie in the central {level:.0%} interval"
            yield _measure(name, about, "share", len(observed), held, better)


def weekly_crps(members: np.ndarray, observed: np.ndarray) -> float:
    """Return the mean CRPS over weeks; members f8 [M, W], observed f8 [W]."""
    return float(np.mean([scoring.crps(members[:, week], value) for week, value in enumerate(observed)]))


# Agreements


def _relapses(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    scored = [agreement for agreement in outcome.relapses if agreement.name in forecasts[0].holds]
    if not scored:
        return
    cells: dict[str, Cell] = {}
    for forecast in forecasts:
        if all(agreement.name in forecast.holds for agreement in scored):
            losses = [relapse_loss(forecast, agreement, outcome.last) for agreement in scored]
            cells[forecast.name] = Cell(float(np.mean(losses)))
    about = (
        f"day on which an agreement relapses, or that it holds, minus log of its chance, at least {scoring.DAY_FLOOR:g} "
        f"a day and {scoring.FLOOR:g} of holding"
    )
    yield _measure("log_score_relapse", about, "nats", len(scored), cells)


def relapse_loss(forecast: Forecast, asked: Relapse, last: int) -> float:
    """Return minus the log of the chance given to the day of a relapse, or to none up to day `last` of the run."""
    hold = forecast.holds[asked.name]
    if asked.relapsed is None or asked.relapsed > last:
        return float(scoring.log_score(hold.rest))
    day = asked.relapsed - asked.signed - hold.first
    chance = hold.chance[day] if 0 <= day < len(hold.chance) else 0.0
    return float(scoring.log_score(chance, scoring.DAY_FLOOR))


# Which towns


def _towns(forecasts: list[Forecast], outcome: Outcome, blocks: np.ndarray) -> Iterator[Measure]:
    kinds, towns = len(outcome.codes), outcome.towns
    observed, changed = outcome.ended[towns], outcome.ended[towns] != outcome.began[towns]
    chances = {one.name: one.chances(kinds)[towns] for one in forecasts if one.control is not None}
    begins = {one.name: one.began[towns] for one in forecasts}
    row = np.arange(len(towns))
    leave = {name: 1.0 - chance[row, begins[name]] for name, chance in chances.items()}

    def mean(of: Callable[[str], np.ndarray]) -> dict[str, Cell]:
        values = {name: of(name) for name in chances}
        return {
            name: Cell(float(town_scores.mean()), *scoring.block_band(town_scores, blocks, SEED))
            for name, town_scores in values.items()
        }

    several = "no less than " + f"{scoring.FLOOR:g}" + " is taken"
    yield _measure(
        "brier_holder", "who holds a town, Brier score over codes (0 to 2)", "", len(towns),
        mean(lambda name: scoring.brier_of_kinds(chances[name], observed)), primary=False,
    )  # fmt: skip
    yield _measure(
        "log_score_holder", f"who holds a town, minus log of the chance given to it; {several}", "nats", len(towns),
        mean(lambda name: scoring.log_score(chances[name][row, observed])), primary=False,
    )  # fmt: skip
    yield _measure(
        "brier_changed", "whether a town changes holder, Brier score", "", len(towns),
        mean(lambda name: scoring.brier(leave[name], changed)), primary=False,
    )  # fmt: skip
    areas = {name: Cell(scoring.roc_area(one, changed)) for name, one in leave.items()}
    yield _measure(
        "roc_area_changed",
        "whether towns that change are given the higher chance, area under ROC",
        "share",
        len(towns),
        areas,
        "higher",
        False,
    )
    truth = np.eye(kinds)[observed]
    errors = {name: Cell(scoring.reliability(one, truth).error) for name, one in chances.items()}
    yield _measure(
        "reliability_error_holder",
        "mean gap between chances said and shares that happened, over bins of 0.1",
        "share",
        len(towns),
        errors,
        primary=False,
    )


# Where the model loses


def losses(scores: Scores) -> list[str]:
    """Return a sentence for each measure in which some baseline does better than the model."""
    sentences = []
    for measure in scores.measures:
        own = measure.loss(MODEL)
        better = [name for name in measure.cells if name != MODEL and measure.loss(name) < own - 1e-12]
        if better:
            rivals = clause_list(f"{name} ({_text(measure.cells[name].score)})" for name in better)
            sentences.append(f"{measure.name}: the model, {_text(measure.cells[MODEL].score)}, loses to {rivals}")
    return sentences


def _text(value: float) -> str:
    return "none" if not math.isfinite(value) else f"{value:.3g}"


def verdict(scores: Scores) -> str:
    """Return in how many measures the model is no worse than every baseline."""
    judged = [measure for measure in scores.measures if math.isfinite(measure.loss(MODEL)) and len(measure.cells) > 1]
    primary = [measure for measure in judged if measure.primary]
    lost = {text.split(":", 1)[0] for text in losses(scores)}
    won = [measure for measure in judged if measure.name not in lost]
    return (
        f"The model is no worse than any baseline in {len(won)} of {len(judged)} measures, "
        f"{sum(measure.primary for measure in won)} of {len(primary)} primary ones."
    )


class WrongCall(NamedTuple):
    """A town whose likeliest code was not the one observed; indices of the town and rows of codes."""

    town: int
    began: int
    observed: int
    called: int
    chance: float  # given to what was observed
    said: float  # given to what was called


def wrong_calls(scores: Scores) -> list[WrongCall]:
    """Return the towns that the model called wrongly, those called with most confidence first."""
    outcome, model = scores.outcome, scores.forecasts[0]
    chances = model.chances(len(outcome.codes))
    calls = []
    for town in outcome.towns.tolist():
        called, observed = int(chances[town].argmax()), int(outcome.ended[town])
        if called != observed:
            pair = float(chances[town, observed]), float(chances[town, called])
            calls.append(WrongCall(town, int(outcome.began[town]), observed, called, *pair))
    return sorted(calls, key=lambda call: (call.chance, call.town))


__all__ = [
    "Cell",
    "Measure",
    "Scores",
    "WrongCall",
    "groups_of",
    "losses",
    "score",
    "transitions",
    "verdict",
    "weekly_crps",
    "wrong_calls",
]
