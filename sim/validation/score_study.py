"""Score a study against observations; write scores and provenance."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import __version__
from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography
from sim.results.manifest import sha256
from sim.scenario.schema import Scenario
from sim.statistics import scoring
from sim.study.manifest import now
from sim.text import plural
from sim.validation.answers import Answer, asked_on, best_answer, chance_of, resolved
from sim.validation.baselines import Known, baselines
from sim.validation.forecasts import of_study, unmatched
from sim.validation.measures import SAME
from sim.validation.observed import read_holds
from sim.validation.outcome import Outcome, day_of, read_outcome
from sim.validation.past_record import past_before
from sim.validation.pattern_estimators import Holds
from sim.validation.questions import QuestionFile, questions_file, read_questions
from sim.validation.scores import Scores, losses, score, verdict

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


def asked_of(study: Study, name: str, path: Path | None = None) -> QuestionFile | None:
    """Return the questions about a scenario of a study; None if there are none. InputError for faults of the file.

    `path`: a file; that of scenarios/questions for the scenario if left out.
    """
    file = questions_file(path, name)
    return None if file is None else read_questions(file, study.scenarios[name], study.geography())


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


def questions_csv(answers: Sequence[Answer]) -> str:
    """Return questions.csv: a row a question and forecast, with the outcome if it is known and the Brier score."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["question", "ask", "decided_on", "outcome", "forecast", "chance", "brier", "best_baseline", "source"]
    )
    for answer in answers:
        outcome = "" if answer.outcome is None else int(answer.outcome)
        best = best_answer(answer) or ""
        for name, chance in answer.chances.items():
            loss = (
                ""
                if answer.outcome is None
                else f"{float(scoring.brier(np.array(chance), np.array(answer.outcome))):.6g}"
            )
            day = answer.question.day.isoformat()
            rows.writerow(
                [answer.name, answer.question.ask, day, outcome, name, f"{chance:.6g}", loss, best, "SIMULATED"]
            )
    return text.getvalue()
