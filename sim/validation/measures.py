"""Measures of forecasts against what was observed: each gives a score to every forecast that allows it.

Events and deaths a week; where events are; the day on which agreements relapse; yes/no questions; who holds which town: how many towns
change holder and from whom to whom, and which, with bands by resampling whole groups (the main holders at the start) with replacement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sim.statistics import scoring
from sim.validation.forecasts import MODEL, Forecast
from sim.validation.outcome import Outcome, Relapse
from sim.validation.past_record import Past
from sim.validation.questions import Answer

Better = Literal["lower", "higher", "0.5", "0.9"]
TAIL = 0.9  # share of past weeks below the threshold of the threshold-weighted CRPS
PLACE_FLOOR = 1e-4  # least chance of a town, as for a day among many
SEED = 1  # of resampling
SAME = 1e-12  # losses that differ by less are equal


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

    def best_baseline(self) -> str | None:
        """Return the baseline with the least loss, the first of several; None if no baseline has a score."""
        losses = {name: self.loss(name) for name in self.cells if name != MODEL}
        scored = {name: loss for name, loss in losses.items() if math.isfinite(loss)}
        return min(scored, key=lambda name: scored[name], default=None)

    def beaten(self) -> bool | None:
        """Return whether the model has a lower loss than the best baseline; None if either has no score."""
        best = self.best_baseline()
        if best is None or not math.isfinite(self.loss(MODEL)):
            return None
        return self.loss(MODEL) < self.loss(best) - SAME

    def verdict(self) -> str:
        """Return "yes", "level" or "no" to whether the model beats the best baseline; "–" if either has no score."""
        best, beaten = self.best_baseline(), self.beaten()
        if best is None or beaten is None:
            return "–"
        return "yes" if beaten else "level" if self.loss(MODEL) <= self.loss(best) + SAME else "no"


def measure_of(
    name: str, about: str, unit: str, cases: int, cells: dict[str, Cell], better: Better = "lower", primary: bool = True
) -> Measure:
    """Return a measure; lower is better and it is primary unless said otherwise."""
    return Measure(name, about, unit, better, primary, cases, cells)


# Weeks


def week_counts(forecasts: list[Forecast], outcome: Outcome, past: Past | None) -> Iterator[Measure]:
    """Give the measures of events and deaths a week, those of the tail only if there is a past to take its threshold from."""
    for what in ("events", "deaths"):
        observed = np.array([getattr(week, what) for week in outcome.weeks], dtype=float)
        known: dict[str, np.ndarray] = {
            forecast.name: getattr(forecast, what) for forecast in forecasts if getattr(forecast, what) is not None
        }
        cells = {name: Cell(weekly_crps(members, observed)) for name, members in known.items()}
        yield measure_of(f"crps_weekly_{what}", f"{what} a week, mean CRPS", what, len(observed), cells)
        yield from _other_week_scores(what, known, observed, None if past is None else past.weeks.threshold(what, TAIL))
        levels: tuple[tuple[Better, float], ...] = (("0.5", 0.5), ("0.9", 0.9))
        for better, level in levels:
            held = {
                name: Cell(scoring.coverage(members, observed, level))
                for name, members in known.items()
                if len(members) > 1
            }
            name = f"coverage_{100 * level:.0f}_weekly_{what}"
            about = f"weeks whose {what} lie in the central {level:.0%} interval"
            yield measure_of(name, about, "share", len(observed), held, better)


def _other_week_scores(
    what: str, known: dict[str, np.ndarray], observed: np.ndarray, threshold: float | None
) -> Iterator[Measure]:
    """Give the other scores of a week's counts, members f8 [M, W] by the forecast's name, observed f8 [W]."""
    weeks = len(observed)

    def each(of: Callable[[np.ndarray], float]) -> dict[str, Cell]:
        return {name: Cell(of(members)) for name, members in known.items()}

    if threshold is not None:
        about = f"{what} a week above {threshold:g}, which {TAIL:.0%} of past weeks did not exceed, mean CRPS"
        tail = each(lambda members: float(scoring.tail_crps(members, observed, threshold).mean()))
        yield measure_of(f"twcrps_weekly_{what}", about, what, weeks, tail, primary=False)
    level = 1.0 - scoring.INTERVAL_ALPHA
    interval = each(lambda members: float(scoring.interval_score(members, observed).mean()))
    about = f"{what} a week, mean score of the central {level:.0%} interval"
    yield measure_of(f"interval_score_weekly_{what}", about, what, weeks, interval, primary=False)
    bits = each(lambda members: float(scoring.ignorance(members, observed).mean()))
    yield measure_of(
        f"ignorance_weekly_{what}", f"{what} a week, mean ignorance in bins", "bits", weeks, bits, primary=False
    )
    energy = each(lambda members: scoring.energy_score(members, observed))
    yield measure_of(
        f"energy_weekly_{what}", f"{what} of all weeks together, energy score", what, 1, energy, primary=False
    )


def crps_of_weeks(members: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the CRPS of each week, f8 [weeks], of a forecast of members [members, weeks]."""
    return np.array([scoring.crps(members[:, week], value) for week, value in enumerate(observed)])


def weekly_crps(members: np.ndarray, observed: np.ndarray) -> float:
    """Return the mean CRPS over weeks; members f8 [M, W], observed f8 [W]."""
    return float(crps_of_weeks(members, observed).mean())


# Where


def event_places(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    """Give the measure of where events are, of those in towns where the forecasts allow any."""
    known = {forecast.name: forecast.places for forecast in forecasts if forecast.places is not None}
    if not known:
        return
    towns = outcome.places[next(iter(known.values()))[outcome.places] > 0]
    if not len(towns):
        return
    blocks = np.arange(len(towns))
    cells = {}
    for name, chance in known.items():
        loss = scoring.log_score(chance[towns], PLACE_FLOOR)
        cells[name] = Cell(float(loss.mean()), *scoring.block_band(loss, blocks, SEED))
    about = "town of an event, minus log of the chance given to it"
    yield measure_of("log_score_places", about, "nats", len(towns), cells, primary=False)


# Agreements


def relapses(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    """Give the measure of when agreements relapse, of those about which the model says something."""
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
    yield measure_of("log_score_relapse", about, "nats", len(scored), cells)


def relapse_loss(forecast: Forecast, asked: Relapse, last: int) -> float:
    """Return minus the log of the chance given to the day of a relapse, or to none up to day `last` of the run."""
    hold = forecast.holds[asked.name]
    if asked.relapsed is None or asked.relapsed > last:
        return float(scoring.log_score(hold.rest))
    day = asked.relapsed - asked.signed - hold.first
    chance = hold.chance[day] if 0 <= day < len(hold.chance) else 0.0
    return float(scoring.log_score(chance, scoring.DAY_FLOOR))


# Questions

GROUPS = {"counts": ("events", "deaths"), "control": ("town", "gains"), "agreements": ("agreement",)}


def question_scores(answers: list[Answer]) -> Iterator[Measure]:
    """Give Brier and log scores of the decided questions of each kind, for the forecasts that answer all of them."""
    for group, kinds in GROUPS.items():
        decided = [answer for answer in answers if answer.outcome is not None and answer.question.kind in kinds]
        if not decided:
            continue
        happened = np.array([answer.outcome for answer in decided], dtype=float)
        names = [name for name in decided[0].chances if all(name in answer.chances for answer in decided)]
        chances = {name: np.array([answer.chances[name] for answer in decided]) for name in names}
        brier = {name: Cell(float(scoring.brier(chance, happened).mean())) for name, chance in chances.items()}
        logs = {
            name: Cell(float(scoring.log_score(np.where(happened > 0, chance, 1.0 - chance)).mean()))
            for name, chance in chances.items()
        }
        about = f"yes/no questions about {group}"
        yield measure_of(f"brier_questions_{group}", f"{about}, Brier score", "", len(decided), brier, primary=False)
        yield measure_of(
            f"log_score_questions_{group}", f"{about}, minus log of the chance given to what happened", "nats",
            len(decided), logs, primary=False,
        )  # fmt: skip


LEAST_MEAN = 0.05  # pairs of codes that change less often, in runs and in fact, are not scored one by one


def transitions(began: np.ndarray, control: np.ndarray, kinds: int) -> np.ndarray:
    """Return towns by code at the start and code after, in each course: i8 [M, kinds, kinds]; `control` i8 [M, T]."""
    cell = began * kinds + control
    return np.stack([np.bincount(row, minlength=kinds * kinds) for row in cell]).reshape(-1, kinds, kinds)


def town_counts(forecasts: list[Forecast], outcome: Outcome) -> Iterator[Measure]:
    """Give the measures of how many towns are under another code."""
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
    yield measure_of("crps_towns_changed", "towns under another code, CRPS", "towns", 1, total)
    pairs = [(a, b) for a, b in np.argwhere(other).tolist()]
    parts = {name: [scoring.crps(one[:, a, b], observed[a, b]) for a, b in pairs] for name, one in moved.items()}
    sums = {name: Cell(float(np.sum(part))) for name, part in parts.items()}
    yield measure_of(
        "crps_towns_by_pair", "towns by code before and after, sum of CRPS over pairs", "towns", len(pairs), sums
    )
    for row, (a, b) in enumerate(pairs):
        if observed[a, b] or moved[forecasts[0].name][:, a, b].mean() >= LEAST_MEAN:
            cells = {name: Cell(part[row]) for name, part in parts.items()}
            about = f"towns from {outcome.codes[a]} to {outcome.codes[b]}, CRPS"
            yield measure_of(f"crps_towns_{outcome.codes[a]}_to_{outcome.codes[b]}", about, "towns", 1, cells)


def which_towns(forecasts: list[Forecast], outcome: Outcome, blocks: np.ndarray) -> Iterator[Measure]:
    """Give the measures of who holds each town; `blocks` are labels [n] of the towns scored."""
    kinds, towns = len(outcome.codes), outcome.towns
    observed, changed = outcome.ended[towns], outcome.ended[towns] != outcome.began[towns]
    chances = {forecast.name: forecast.chances(kinds)[towns] for forecast in forecasts if forecast.control is not None}
    begins = {forecast.name: forecast.began[towns] for forecast in forecasts}
    row = np.arange(len(towns))
    leave = {name: 1.0 - chance[row, begins[name]] for name, chance in chances.items()}

    def mean(name: str, about: str, unit: str, of: Callable[[str], np.ndarray]) -> Measure:
        cells = {}
        for forecast in chances:
            loss = of(forecast)
            cells[forecast] = Cell(float(loss.mean()), *scoring.block_band(loss, blocks, SEED))
        return measure_of(name, about, unit, len(towns), cells, primary=False)

    about = f"who holds a town, minus log of the chance given to it; no less than {scoring.FLOOR:g} is taken"
    brier = "who holds a town, Brier score over codes (0 to 2)"
    yield mean("brier_holder", brier, "", lambda name: scoring.brier_of_kinds(chances[name], observed))
    yield mean("log_score_holder", about, "nats", lambda name: scoring.log_score(chances[name][row, observed]))
    about = "whether a town changes holder, Brier score"
    yield mean("brier_changed", about, "", lambda name: scoring.brier(leave[name], changed))
    yield _map_measure(forecasts, observed, towns, kinds)
    areas = {name: Cell(scoring.roc_area(chance, changed)) for name, chance in leave.items()}
    about = "whether towns that change are given the higher chance, area under ROC"
    yield measure_of("roc_area_changed", about, "share", len(towns), areas, "higher", False)
    truth = np.eye(kinds)[observed]
    errors = {name: Cell(scoring.reliability(chance, truth).error) for name, chance in chances.items()}
    about = "mean gap between chances said and shares that happened, over bins of 0.1"
    yield measure_of("reliability_error_holder", about, "share", len(towns), errors, primary=False)


def _map_measure(forecasts: list[Forecast], observed: np.ndarray, towns: np.ndarray, kinds: int) -> Measure:
    energy = {
        forecast.name: Cell(map_energy(forecast.control[:, towns], observed, kinds))
        for forecast in forecasts
        if forecast.control is not None
    }
    about = "who holds all towns together, energy score; the distance of two maps is the root of the towns that differ"
    return measure_of("energy_control_map", about, "root of towns", 1, energy, primary=False)


def map_energy(control: np.ndarray, observed: np.ndarray, kinds: int) -> float:
    """Return the energy score of courses of codes, i8 [M, n], against the codes observed, i8 [n]."""
    shown = np.eye(kinds) / math.sqrt(2.0)  # so that two maps are as far apart as the root of the towns that differ
    return scoring.energy_score(shown[control].reshape(len(control), -1), shown[observed].ravel())
