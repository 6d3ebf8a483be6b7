"""Score a study's forecast and the baselines against observations: all measures, the best baseline of each, where the model loses to it,
the towns called wrongly, and files with scores and provenance."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim import __version__
from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography, control_date
from sim.results.manifest import sha256
from sim.scenario.schema import Scenario
from sim.statistics import scoring
from sim.statistics.inference import paired_share_difference, wilson
from sim.study.manifest import now
from sim.text import clause_list, plural
from sim.validation.baselines import Known, baselines
from sim.validation.forecasts import MODEL, Forecast, of_study, unmatched
from sim.validation.measures import (
    SAME,
    Measure,
    event_places,
    question_scores,
    relapses,
    town_counts,
    week_counts,
    which_towns,
)
from sim.validation.observed import read_holds
from sim.validation.outcome import Outcome, day_of, read_outcome
from sim.validation.past_record import Past, past_before
from sim.validation.pattern_estimators import Holds
from sim.validation.questions import (
    Answer,
    PolicyAnswer,
    QuestionFile,
    asked_on,
    chance_of,
    questions_file,
    read_questions,
    resolved,
    yes_of_courses,
)

if TYPE_CHECKING:
    from sim.study.store import Study


FIRST_RECORD = date(2000, 1, 1)  # agreements signed before are not looked for
OBSERVED_FILES = ("observed.yaml", "control.csv", "weekly.csv", "agreements.csv", "places.csv")


def score_study(
    study: Study, folder: Path, name: str | None = None, questions: Path | None = None
) -> tuple[Scores, dict[str, Any]]:
    """Return the scores of a scenario of a study, the first if none is named, and what they were made of.

    `questions`: a file of yes/no questions; that of scenarios/questions for the scenario if left out. InputError for faults of
    folders and files, and if a study's files do not have the hashes in its manifest.
    """
    chosen = chosen_scenario(study, name)
    hashes = checked_hashes(study, chosen)
    scenario, geography = study.scenarios[chosen], study.geography()
    asked = asked_of(study, chosen, questions)
    outcome = read_outcome(folder, scenario, geography)
    model = of_study(study, chosen, geography, outcome)
    known = _known(scenario, geography)
    forecasts = [model, *baselines(known, outcome, model)]
    answers = [] if asked is None else answer_questions(study, chosen, asked, outcome)
    notes = [*unmatched(outcome, model), *_notes(study, known, outcome)]
    scores = score(forecasts, outcome, scenario, geography, tuple(notes), known.past, answers)
    return scores, {
        **_provenance(study, chosen, scores, known, hashes),
        "questions": None if asked is None else asked.head,
    }


def _known(scenario: Scenario, geography: Geography) -> Known:
    return Known(scenario, geography, past_before(scenario.map, scenario.start), past_holds(scenario, geography))


def answer_questions(study: Study, name: str, asked: QuestionFile, outcome: Outcome | None = None) -> list[Answer]:
    """Return, for each question, the chance of yes of the model and of each baseline that says one.

    `outcome` decides those questions that it can.
    """
    scenario, geography = study.scenarios[name], study.geography()
    known = _known(scenario, geography)
    answers: dict[str, Answer] = {}
    for basis, names in asked_on(asked, scenario, geography):
        model = of_study(study, name, geography, basis)
        forecasts = [model, *baselines(known, basis, model)]
        column = 0
        for key in names:
            question = asked.questions[key]
            chances = {
                forecast.name: chance
                for forecast in forecasts
                if (chance := chance_of(question, forecast, column, scenario, geography)) is not None
            }
            happened = None if outcome is None else resolved(question, outcome, scenario, geography)
            answers[key] = Answer(key, question, chances, happened)
            column += question.kind in ("events", "deaths")
    return [answers[key] for key in asked.questions]


def answers_by_policy(study: Study, path: Path) -> list[PolicyAnswer]:
    """Return the chance of yes of each question of a file in each scenario of a study, by question, then scenario.

    A scenario about which the runs say nothing has no row. InputError with the faults of the file.
    """
    geography, first = study.geography(), next(iter(study.scenarios))
    rows: dict[str, list[PolicyAnswer]] = {}
    reference: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, scenario in study.scenarios.items():
        asked = read_questions(path, scenario, geography)
        replicates = study.runs.loc[study.runs["scenario"] == name, "replicate"].to_numpy(dtype=np.int64)
        for basis, keys in asked_on(asked, scenario, geography):
            model, column = of_study(study, name, geography, basis), 0
            for key in keys:
                question = asked.questions[key]
                chance = chance_of(question, model, column, scenario, geography)
                yes = yes_of_courses(question, model, column, scenario, geography)
                column += question.kind in ("events", "deaths")
                gap = None
                if yes is not None and name == first:
                    reference[key] = (replicates, yes)
                elif yes is not None and key in reference:
                    _both, left, right = np.intersect1d(reference[key][0], replicates, return_indices=True)
                    gap = paired_share_difference(reference[key][1][left], yes[right], key, question.ask)
                if chance is not None:
                    low, high = wilson(chance * len(replicates), len(replicates))
                    row = PolicyAnswer(key, question.ask, name, len(replicates), chance, float(low), float(high), gap)
                    rows.setdefault(key, []).append(row)
    return [row for answers in rows.values() for row in answers]


def chosen_scenario(study: Study, name: str | None) -> str:
    """Return the name of a scenario of a study, its first if none is named; InputError if it has none of that name."""
    names = list(study.scenarios)
    if name is not None and name not in names:
        message = f"{name!r} is no scenario of the study{did_you_mean(name, names)}; it has {', '.join(names)}"
        raise InputError([Fault("--scenario", None, "", message)])
    return name or names[0]


def checked_hashes(study: Study, name: str) -> dict[str, str | None]:
    """Return the hashes that the study's manifest held before scoring; InputError if a file has changed since."""
    manifest, folder = study.manifest, study.folder
    if "defaults" not in manifest or "posterior" not in manifest:
        message = "has no hashes of defaults and posterior; they must be there before a score: run the study again"
        raise InputError([Fault(str(folder / "manifest.json"), None, "defaults", message)])
    files = {f"scenarios/{name}.yaml": manifest["scenarios"][name], "posterior.csv": manifest["posterior"]}
    for file, noted in files.items():
        if noted is not None:
            path = folder / file
            if not path.is_file() or sha256(path.read_bytes()) != noted:
                raise InputError([Fault(str(path), None, "", "is not the file that the study was run with")])
    return {
        "study": manifest["digest"],
        "program": manifest["program"],
        "defaults": manifest["defaults"],
        "scenario": manifest["scenarios"][name],
        "posterior": manifest["posterior"],
    }


def past_holds(scenario: Scenario, geography: Geography) -> Holds | None:
    """Return the agreements of the map's table signed before the start, those that held then as censored; None without."""
    path = Path(geography.folder) / "ceasefires.csv"
    if not path.is_file():
        return None
    holds = read_holds(path, FIRST_RECORD, (scenario.start - FIRST_RECORD).days)
    return holds if len(holds.days) else None


def _notes(study: Study, known: Known, outcome: Outcome) -> list[str]:
    notes = []
    if study.partial:
        notes.append(f"The study is not complete: {study.done} of {plural(study.planned, 'run')}.")
    if len(study.failures):
        notes.append(f"{plural(len(study.failures), 'run')} failed, which the forecast leaves out.")
    if known.past is None:
        notes.append(
            "No figures of the past of this map end before the start: hawkes and weekly base rates say nothing."
        )
    if known.scenario.evidence_until >= known.scenario.start + timedelta(days=outcome.control_day):
        until = known.scenario.evidence_until
        notes.append(f"The scenario's evidence, up to {until}, covers what is scored: this is no forecast.")
    elif known.scenario.evidence_until >= known.scenario.start:
        notes.append(
            f"The scenario's evidence, up to {known.scenario.evidence_until}, covers a part of what is scored."
        )
    if not study.manifest["posterior"]:
        notes.append("Inputs are drawn from the scenario's own ranges, not from a posterior.")
    return notes


def _provenance(study: Study, name: str, scores: Scores, known: Known, hashes: dict[str, str | None]) -> dict[str, Any]:
    outcome = scores.outcome
    files = {file: outcome.folder / file for file in OBSERVED_FILES}
    past = known.past
    return {
        "simulated": True,
        "sim": __version__,
        "study": study.name,
        "scenario": name,
        "runs": len(scores.forecasts[0].control) if scores.forecasts[0].control is not None else 0,
        "evidence_until": known.scenario.evidence_until.isoformat(),
        "hashes": hashes,
        "observed": {file: sha256(path.read_bytes()) for file, path in files.items() if path.is_file()},
        "control_on": (known.scenario.start + timedelta(days=outcome.control_day)).isoformat(),
        "known_to": day_of(known.scenario, outcome.last),
        "past": None if past is None else past.model_dump(mode="json", by_alias=True),
        "floors": {"chance": scoring.FLOOR, "chance_of_a_day": scoring.DAY_FLOOR},
        "crps": "fair (Ferro 2014)",
        "bands": f"90 %, {scoring.BOOTSTRAPS} resamples of whole groups",
        "verdict": verdict(scores),
        "loses": losses(scores),
        "notes": list(scores.notes),
        "scored": now(),
    }


def scores_json(scores: Scores) -> str:
    """Return scores.json: {measure: {model: x, nothing_changes: y, ...}}."""
    return json.dumps(scores.as_json(), indent=1, allow_nan=False) + "\n"


def scores_csv(scores: Scores) -> str:
    """Return scores.csv: a row a measure and forecast."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["measure", "about", "unit", "better", "primary", "cases", "forecast", "score", "low", "high", "loses_to",
         "best_baseline", "model_beats_it", "source"]
    )  # fmt: skip
    for measure in scores.measures:
        beaten = measure.beaten()
        last = [measure.best_baseline() or "", "" if beaten is None else int(beaten), "SIMULATED"]
        for name, cell in measure.cells.items():
            numbers = ["" if not math.isfinite(value) else f"{value:.6g}" for value in cell]
            ahead = [other for other in measure.cells if measure.loss(other) < measure.loss(name) - SAME]
            rows.writerow(
                [measure.name, measure.about, measure.unit, measure.better, int(measure.primary), measure.cases, name,
                 *numbers, " ".join(ahead), *last]
            )  # fmt: skip
    return text.getvalue()


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
        measures += town_counts(forecasts, outcome)
    if outcome.weeks:
        measures += week_counts(forecasts, outcome, past)
    if outcome.relapses:
        measures += relapses(forecasts, outcome)
    if len(outcome.places):
        measures += event_places(forecasts, outcome)
    if len(outcome.towns):
        measures += which_towns(forecasts, outcome, groups_of(scenario, geography)[outcome.towns])
    measures += question_scores(list(answers))
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


def asked_of(study: Study, name: str, path: Path | None = None) -> QuestionFile | None:
    """Return the questions about a scenario of a study; None if there are none. InputError for faults of the file.

    `path`: a file; that of scenarios/questions for the scenario if left out.
    """
    file = questions_file(path, name)
    return None if file is None else read_questions(file, study.scenarios[name], study.geography())
