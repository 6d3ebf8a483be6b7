"""The dashboard: header, line of days, map, charts, feed and cards, for one run or two side by side."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import solara

from sim.pages.chart_specs import unobserved_from
from sim.pages.headlines import headline, headline_town, is_headline
from sim.pages.map_svg import MapDrawing
from sim.pages.svg import escape
from sim.scenario.fields import as_data
from sim.text import day_text
from sim.viewer import cards
from sim.viewer.cards import Question, answer, place_asked
from sim.viewer.charts import Curves, Go, LowerCurves, use_bands, use_specs
from sim.viewer.controls import (
    FAST,
    SPEEDS,
    Clock,
    Controls,
    Downloads,
    MapView,
    Panel,
    region,
)
from sim.viewer.downloads import make, offered
from sim.viewer.feed import Events
from sim.viewer.session import RecordedModel, Session, changed_from_file

if TYPE_CHECKING:
    from sim.pages.history import Snapshot

DAY = timedelta(days=1)
TICKS = 4
MOST_DRAWINGS = 12
_DRAWINGS: OrderedDict[str, MapDrawing] = OrderedDict()
_DRAWING = threading.Lock()
DRAWN_BY = ("map", "control_on", "start", "factions", "zone", "watch_towns", "title", "days", "evidence_until")


def drawing_of(run: RecordedModel) -> MapDrawing:
    """Return the drawing of a run's map, made once for all sessions."""
    settings = as_data(run.simulation.scenario)
    key = json.dumps({name: settings.get(name) for name in DRAWN_BY}, default=str, sort_keys=True)
    with _DRAWING:
        if key not in _DRAWINGS:
            _DRAWINGS[key] = MapDrawing(run.simulation.scenario, run.geography)
        _DRAWINGS.move_to_end(key)
        while len(_DRAWINGS) > MOST_DRAWINGS:
            _DRAWINGS.popitem(last=False)
        return _DRAWINGS[key]


@solara.component
def Dashboard(
    session: Session,
    controls: Controls,
    turn: tuple[int, int],
    answered: Callable[[Callable[[int], None]], Go],
    asked: Any,
) -> None:
    """Everything that changes with the day. `turn` changes with each answer to the browser, `asked` is the question whose
    card is open.
    """
    runs, day, frontier = session.view()
    begun = solara.use_ref(False)

    def forget() -> None:
        if begun.current:
            asked.set(None)
        begun.current = True

    solara.use_effect(forget, [runs])
    specs, bands = use_specs(runs), use_bands(runs, session.seeds)
    drawings = solara.use_memo(lambda: [drawing_of(run) for run in runs], [runs])
    go = answered(session.go)
    with solara.Div(classes=["tc-flat"]):
        if not runs:
            return
        day_snapshots = [run.history.at(day) for run in runs]
        rings = cards.differing(*day_snapshots)
        News(session, controls, runs, day)
        Times(session, controls, runs, day, frontier, turn, answered)
        glide = controls.glide if session.by_step else 0
        Maps(runs, drawings, day_snapshots, rings, asked, glide, controls.follow.value)
        with region("section", "Curves and events", "tc-area-side"):
            Curves(runs, specs, bands, day, go)
            if len(runs) == 2:
                with solara.Div(classes=["tc-side-block"]):
                    Panel(html=cards.difference_text(runs[0], runs[1], rings))
            Events(runs, day, asked)
            if asked.value is not None:
                Card(session, runs, day, asked)
        Below(session, runs, drawings, specs, bands, day, go)


@solara.component
def Head(session: Session, turn: tuple[int, int]) -> None:
    """Question, what was changed, date, SIMULATED."""
    runs, day, _ = session.view()
    changed = solara.use_memo(
        lambda: [
            f"{side}: {line}" if session.pair else line
            for side, run, source in zip(cards.SIDES, runs, session.sources, strict=False)
            for line in changed_from_file(run, source)
        ],
        [runs],
    )
    with solara.v.Html(tag="header", class_="tc-area-head"):
        if runs:
            Panel(html=cards.header(session, changed, runs[0].history.at(day)))


@solara.component
def News(session: Session, controls: Controls, runs: tuple[RecordedModel, ...], day: int) -> None:
    """The headline of the day before the morning shown; read aloud, but not at speeds that leave no time for it."""
    days = [[run.history.lines[row] for row in run.history.at(day).fresh] for run in runs]
    news = [headline(lines) if run.history.day >= day else "" for run, lines in zip(runs, days, strict=True)]
    text = (
        " ".join(f"{side}: {line}" for side, line in zip(cards.SIDES, news, strict=False) if line)
        if session.pair
        else news[0]
    )
    live = "off" if controls.rate.value >= FAST else "polite"
    with solara.Div(classes=["tc-area-news"]):
        Panel(html=f'<p class="tc-headline">{escape(text)}</p>', live=live)


@solara.component
def Times(
    session: Session,
    controls: Controls,
    runs: tuple[RecordedModel, ...],
    day: int,
    frontier: int,
    turn: tuple[int, int],
    answered: Callable[[Callable[[int], None]], Go],
) -> None:
    """Play, speeds and the line of days."""
    scenario, days, first = runs[0].simulation.scenario, session.days, session.first
    unobserved = unobserved_from(scenario)
    ticks = sorted({first + round((days - first) * i / TICKS) for i in range(TICKS + 1)})
    with region("section", "Time", "tc-area-clock"):
        Clock(
            day=day,
            last=frontier,
            days=days,
            first=first,
            turn=hash(turn) & 0xFFFFFFFF,
            headline=any(is_headline(run.history.lines[row]) for run in runs for row in run.history.at(day).fresh),
            evidence=-1 if unobserved is None else unobserved,
            evidence_text=f"after {day_text(scenario.evidence_until)} nothing observed stands behind it",
            ticks=json.dumps([{"day": d, "text": day_text(scenario.start + d * DAY)} for d in ticks]),
            speeds=json.dumps([{"rate": rate, "label": label, "about": about} for rate, label, about in SPEEDS]),
            rate=controls.rate.value,
            follow=controls.follow.value,
            event_follow_set=lambda on: controls.follow.set(bool(on)),
            event_go=answered(session.go),
            event_advance=answered(session.play),
            event_set_speed=controls.set_speed,
        )


@solara.component
def Maps(
    runs: tuple[RecordedModel, ...],
    drawings: list[MapDrawing],
    day_snapshots: list[Snapshot],
    rings: frozenset[int],
    asked: Any,
    glide: int,
    following: bool,
) -> None:
    """The map; two beside each other for two runs, with `rings` round the towns that they hold differently.

    It travels to the place of each headline if it is `following`; of two, that of the first run that has one.
    """
    question = asked.value
    towns = [headline_place(run, snapshot) for run, snapshot in zip(runs, day_snapshots, strict=True)]
    first = next((i for i, town in enumerate(towns) if town >= 0), -1) if following else -1
    with region("section", "Map", "tc-area-map"):
        for index, (drawing, snapshot) in enumerate(zip(drawings, day_snapshots, strict=True)):
            selected = place_asked(runs, question, index)

            def picked(town: Any, index: int = index) -> None:
                asked.set(Question(index, town=int(town)))

            with solara.Div(classes=["tc-map"]):
                if len(runs) == 2:
                    Panel(html=cards.map_title(runs, index, snapshot))
                frame = drawing.frame(snapshot, rings, selected)
                look = selected if question is not None and question.event else -1
                follow = towns[index] if index == first else -1
                MapView(base=drawing.base, frame=frame, glide=glide, look=look, follow=follow, event_pick=picked)


def headline_place(run: RecordedModel, snapshot: Snapshot) -> int:
    """Return the row of the town of the day's headline; -1 for none."""
    name = headline_town([run.history.lines[row] for row in snapshot.fresh])
    return next((row for row, place in enumerate(run.geography.places) if place.name == name), -1) if name else -1


@solara.component
def Card(session: Session, runs: tuple[RecordedModel, ...], day: int, asked: Any) -> None:
    """The card of the chosen town or event, by the day shown."""
    question: Question = asked.value

    def picked(what: dict[str, str]) -> None:
        if what.get("kind") == "event":
            asked.set(Question(question.run, event=str(what.get("id", ""))))
        else:
            asked.set(None)

    with session.lock:  # the answer reads the tables of the model, which a step changes
        html = answer(runs, question, day)
    title = "event" if question.event else runs[question.run].geography.places[question.town].name
    with solara.Div(classes=["tc-flat"]).key(f"{question}"):
        Panel(html=html, place="tc-sheet", dialog=f"Card: {title}", event_pick=picked)


@solara.component
def Below(
    session: Session,
    runs: tuple[RecordedModel, ...],
    drawings: list[MapDrawing],
    specs: dict[str, str],
    bands: Any,
    day: int,
    go: Go,
) -> None:
    """Escalation, deaths a week, downloads."""
    ready: solara.Reactive[dict[str, Any]] = solara.use_reactive({})
    fault = solara.use_reactive("")

    def ask(key: Any) -> None:
        with session.lock:
            file, message = make(session, str(key), drawings)
        fault.value, ready.value = message, file

    items = solara.use_memo(lambda: json.dumps(offered(runs)), [runs])
    with region("section", "Escalation, deaths, downloads", "tc-area-below"):
        LowerCurves(runs, specs, bands, day, go)
        with solara.Div(classes=["tc-below-block"]):
            Downloads(items=items, ready=ready.value, fault=fault.value, event_ask=ask)
