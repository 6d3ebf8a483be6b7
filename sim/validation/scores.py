"""Scores of a forecast and of the baselines, the best baseline of each measure, and where the model loses to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.geography.maps import Geography, control_date
from sim.scenario.schema import Scenario
from sim.text import clause_list
from sim.validation import control_measures as control
from sim.validation import measures as measured
from sim.validation.answers import Answer
from sim.validation.forecasts import MODEL, Forecast
from sim.validation.measures import SAME, Measure
from sim.validation.outcome import Outcome
from sim.validation.past_record import Past


@dataclass(frozen=True, eq=False)
class Scores:
    """All measures, the forecasts in order with the model first, and what a reader has to know."""

    forecasts: tuple[Forecast, ...]
    measures: tuple[Measure, ...]
    outcome: Outcome
    notes: tuple[str, ...]
    answers: tuple[Answer, ...] = ()

    def as_json(self) -> dict[str, dict[str, float | str | bool | None]]:
        """Return scores by measure and forecast, with the best baseline and whether the model beats it.

        None if a forecast has no value, or the score is undefined.
        """
        names = [forecast.name for forecast in self.forecasts]
        by_measure: dict[str, dict[str, float | str | bool | None]] = {}
        for measure in self.measures:
            cells = {name: measure.cells[name].score if name in measure.cells else math.nan for name in names}
            by_measure[measure.name] = {name: value if math.isfinite(value) else None for name, value in cells.items()}
            by_measure[measure.name] |= {"best_baseline": measure.best_baseline(), "model_beats_it": measure.beaten()}
        return by_measure


def score(
    forecasts: list[Forecast],
    outcome: Outcome,
    scenario: Scenario,
    geography: Geography,
    notes: tuple[str, ...] = (),
    past: Past | None = None,
    answers: Sequence[Answer] = (),
) -> Scores:
    """Score forecasts, the model first, against what was observed.

    `past` gives the threshold of a violent week; `answers` are those to yes/no questions.
    """
    measures: list[Measure] = []
    if len(outcome.towns):
        measures += control.town_counts(forecasts, outcome)
    if outcome.weeks:
        measures += measured.week_counts(forecasts, outcome, past)
    if outcome.relapses:
        measures += measured.relapses(forecasts, outcome)
    if len(outcome.places):
        measures += measured.event_places(forecasts, outcome)
    if len(outcome.towns):
        measures += control.which_towns(forecasts, outcome, groups_of(scenario, geography)[outcome.towns])
    measures += measured.question_scores(list(answers))
    return Scores(tuple(forecasts), tuple(measures), outcome, (*outcome.notes, *notes), tuple(answers))


def groups_of(scenario: Scenario, geography: Geography) -> np.ndarray:
    """Return the main holder of each town at the start, the blocks of resampling: object [T]."""
    holdings = geography.control[control_date(geography, scenario.start, scenario.control_on)]
    return np.array([holding.groups[0] if holding.groups else "" for holding in holdings], dtype=object)


def losses(scores: Scores) -> list[str]:
    """Return a sentence for each measure in which some baseline does better than the model."""
    sentences = []
    for measure in scores.measures:
        own = measure.loss(MODEL)
        better = [name for name in measure.cells if name != MODEL and measure.loss(name) < own - SAME]
        if better:
            rivals = clause_list(f"{name} ({_text(measure.cells[name].score)})" for name in better)
            sentences.append(f"{measure.name}: the model, {_text(measure.cells[MODEL].score)}, loses to {rivals}")
    return sentences


def _text(value: float) -> str:
    return "none" if not math.isfinite(value) else f"{value:.3g}"


def verdict(scores: Scores) -> str:
    """Return how many measures the model beats every baseline in, and how many it equals the best in."""
    judged = [measure for measure in scores.measures if measure.beaten() is not None]
    lost = {text.split(":", 1)[0] for text in losses(scores)}
    parts = []
    for some in (judged, [measure for measure in judged if measure.primary]):
        ahead = sum(bool(measure.beaten()) for measure in some)
        behind = sum(measure.name in lost for measure in some)
        parts.append((ahead, len(some) - ahead - behind, len(some)))
    (ahead, level, every), (first, first_level, primary) = parts
    return (
        f"The model beats the best baseline in {ahead} of {every} measures and is level with it in {level}; of the {primary} "
        f"primary ones it beats it in {first} and is level in {first_level}."
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
