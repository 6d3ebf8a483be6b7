"""Answers to yes/no questions: the share of runs, the baselines that can, and what was observed if it decides them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.geography.maps import Geography
from sim.geography.towns import find_place
from sim.scenario.schema import Scenario
from sim.validation.forecasts import MODEL, Forecast
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, start_codes
from sim.validation.questions import Question, QuestionFile


class Answer(NamedTuple):
    """A question with the chance of yes of each forecast that says one, and the outcome; None while it is open."""

    name: str
    question: Question
    chances: dict[str, float]
    outcome: bool | None


def asked_on(asked: QuestionFile, scenario: Scenario, geography: Geography) -> Iterator[tuple[Outcome, list[str]]]:
    """Give, for each day on which questions are decided, what forecasts are to be made of, and the names of its questions.

    Weeks are the stretches of days asked about, in the order of the questions; control and agreements are those of the day.
    """
    for day in sorted({question.day for question in asked.questions.values()}):
        names = [name for name, question in asked.questions.items() if question.day == day]
        number, unknown = (day - scenario.start).days, np.full(len(geography.places), -1, dtype=np.int64)
        weeks = tuple(_stretch(asked.questions[name], scenario) for name in names if _is_count(asked.questions[name]))
        agreements = {question.agreement.name for name in names if (question := asked.questions[name]).agreement}
        relapses = tuple(
            Relapse(name, (scenario.agreements[name].signed - scenario.start).days, None) for name in sorted(agreements)
        )
        yield Outcome(Path(), codes_of(scenario), number, number, unknown, unknown, weeks, relapses, ()), names


def _is_count(question: Question) -> bool:
    return question.kind in ("events", "deaths")


def _stretch(question: Question, scenario: Scenario) -> Week:
    counted = question.events or question.deaths
    assert counted is not None
    return Week((counted.first - scenario.start).days, (counted.last - scenario.start).days, 0, 0)


def chance_of(
    question: Question, forecast: Forecast, column: int, scenario: Scenario, geography: Geography
) -> float | None:
    """Return the chance of yes by a forecast for the question's day; None if it says nothing about it.

    `column`: of the stretch of days among the forecast's weeks.
    """
    order = codes_of(scenario)
    if question.kind in ("events", "deaths"):
        counts: np.ndarray | None = getattr(forecast, question.kind)
        counted = question.events or question.deaths
        return None if counts is None or counted is None else float(np.mean(counts[:, column] > counted.more_than))
    if question.agreement is not None:
        hold = forecast.holds.get(question.agreement.name)
        return None if hold is None else float(hold.rest)
    if forecast.control is None:
        return None
    if question.town is not None:
        town = find_place(geography, question.town.name)
        return float(np.mean(forecast.control[:, town] == order.index(question.town.held_by)))
    assert question.gains is not None
    code = order.index(question.gains.side)
    gained = ((forecast.control == code) & (forecast.began != code)).sum(axis=1)
    return float(np.mean(gained >= question.gains.at_least))


def resolved(question: Question, outcome: Outcome, scenario: Scenario, geography: Geography) -> bool | None:
    """Return the answer that what was observed gives; None if it does not decide the question."""
    order = codes_of(scenario)
    if question.kind in ("events", "deaths"):
        asked, counted = _stretch(question, scenario), question.events or question.deaths
        assert counted is not None
        weeks = [week for week in outcome.weeks if week.first >= asked.first and week.last <= asked.last]
        if sum(week.last - week.first + 1 for week in weeks) != asked.last - asked.first + 1:
            return None
        return sum(int(getattr(week, question.kind)) for week in weeks) > counted.more_than
    day = (question.day - scenario.start).days
    if question.agreement is not None:
        signed = (scenario.agreements[question.agreement.name].signed - scenario.start).days
        same = [one for one in outcome.relapses if one.name == question.agreement.name or one.signed == signed]
        if len(same) != 1 or day > outcome.last:
            return None
        return same[0].relapsed is None or same[0].relapsed > day
    if day != outcome.control_day:
        return None
    if question.town is not None:
        town = find_place(geography, question.town.name)
        return None if outcome.ended[town] < 0 else bool(outcome.ended[town] == order.index(question.town.held_by))
    assert question.gains is not None
    code = order.index(question.gains.side)
    known = outcome.ended >= 0
    began = start_codes(scenario, geography)
    if not known[began != code].all():
        return None
    return int((known & (outcome.ended == code) & (began != code)).sum()) >= question.gains.at_least


def best_answer(answer: Answer) -> str | None:
    """Return the baseline whose chance is nearest to the outcome of a decided question; None if it is open or has none."""
    rivals = {name: chance for name, chance in answer.chances.items() if name != MODEL}
    happened = answer.outcome
    if happened is None or not rivals:
        return None
    return min(rivals, key=lambda name: abs(rivals[name] - float(happened)))


def as_data(head: dict[str, Any], answers: list[Answer]) -> dict[str, Any]:
    """Return the answers as plain data, for questions.json; `head` holds the title and the day of asking."""
    return {
        "simulated": True,
        **head,
        "questions": {
            answer.name: {
                "ask": answer.question.ask,
                "decided_on": answer.question.day.isoformat(),
                "chances": answer.chances,
                "outcome": answer.outcome,
                "best_baseline": best_answer(answer),
            }
            for answer in answers
        },
    }
