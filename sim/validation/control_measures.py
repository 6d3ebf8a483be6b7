"""Measures of who holds which town: how many change holder, from whom to whom; which, with bands by resampling whole groups (the
main holders at the start) with replacement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from sim.statistics import scoring
from sim.validation.forecasts import Forecast
from sim.validation.measures import SEED, Cell, Measure, measure_of
from sim.validation.outcome import Outcome

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
