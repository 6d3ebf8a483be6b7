"""What a click asks and what the page answers; words that a person types are resolved to places."""

from __future__ import annotations

from dataclasses import dataclass

from sim.geography.names import find_place
from sim.plots.style import look_of
from sim.viewer import panels
from sim.viewer.ask import event_card, town_card
from sim.viewer.session import Watched


@dataclass(frozen=True)
class Question:
    """A town or an event of one of the runs shown."""

    run: int
    town: int = -1
    event: str = ""


def answer(runs: tuple[Watched, ...], question: Question, day: int) -> str:
    """Return the card that answers a question on the morning of a day; empty where there is nothing to ask about."""
    if not 0 <= question.run < len(runs):
        return ""
    run = runs[question.run]
    if question.event:
        return _event(run, question.event)
    if not 0 <= question.town < len(run.geography.places):
        return ""
    card = town_card(run, run.history, question.town, day)
    return panels.town(card, look_of(run.simulation.scenario), day)


def _event(run: Watched, event: str) -> str:
    try:
        return panels.chain(f"Why {event}", event_card(run, run.history, event))
    except KeyError:
        return panels.chain(event[:20], ["There is no such event in this run."])


def place_of(run: Watched, text: str) -> tuple[str, str]:
    """Return the town meant by what was typed, as the map names it, and a remark where there is none."""
    word = text.strip()
    if not word:
        return "", ""
    try:
        return run.geography.places[find_place(run.geography, word)].name, ""
    except KeyError as error:
        near = [place.name for place in run.geography.places if word.casefold() in place.name.casefold()]
        return (near[0], "") if len(near) == 1 else ("", str(error.args[0]))
