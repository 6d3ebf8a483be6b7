"""The dashboard: header, line of days, map, charts, feed and cards, for one run or two side by side."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import solara

from sim.pages.map_svg import MapDrawing
from sim.scenario.fields import as_data
from sim.text import day_text
from sim.viewer import cards
from sim.viewer.cards import Question, answer, place_asked
from sim.viewer.charts import Curves, LowerCurves, use_specs
from sim.viewer.controls import (
    SPEEDS,
    Clock,
    Controls,
    Downloads,
    Fold,
    MapView,
    Panel,
)
from sim.viewer.downloads import make, offered
from sim.viewer.feed import Events
from sim.viewer.library_parts import update_counter
from sim.viewer.session import RecordedModel, Session, changed_from_file

if TYPE_CHECKING:
    from sim.pages.history import Snapshot

DAY = timedelta(days=1)
TICKS = 4
MOST_DRAWINGS = 12
LEGEND = 480  # px of the legend, before it is fitted to the column
_DRAWINGS: OrderedDict[str, MapDrawing] = OrderedDict()
_DRAWING = threading.Lock()
DRAWN_BY = ("map", "control_on", "start", "factions", "zone", "watch_towns", "title", "days", "evidence_until")
Go = Callable[[Any], None]
Again = Callable[[], None]


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
def Dashboard(session: Session, controls: Controls, model: Any, go: Go, again: Again) -> None:
    """Everything that changes with the day."""
    update_counter.get()
    model.get()
    asked: solara.Reactive[Question | None] = solara.use_reactive(None)
    runs, day, frontier = session.view()
    ended = bool(runs) and session.ended
    solara.use_effect(lambda: asked.set(None), [runs])
    solara.use_effect(lambda: again() if ended else None, [ended])
    specs = use_specs(runs) if runs else {}
    with solara.Div(classes=["tc-flat"]):
        if not runs:
            return
        day_snapshots = [run.history.at(day) for run in runs]
        Head(session, runs, day_snapshots[0], day)
        Times(session, controls, runs, day, frontier, go)
        Maps(runs, day_snapshots, asked)
        with solara.Div(classes=["tc-area-side"]):
            Curves(runs, specs, day, go)
            if len(runs) == 2:
                with solara.Div(classes=["tc-side-block"]):
                    Panel(html=cards.difference_text(runs[0], runs[1], cards.differing(*day_snapshots)))
            Events(runs, day, asked)
            if asked.value is not None:
                Card(session, runs, day, asked)
        Below(session, runs, specs, day, go)


@solara.component
def Head(session: Session, runs: tuple[RecordedModel, ...], snapshot: Snapshot, day: int) -> None:
    """Question, what was changed, date, SIMULATED."""
    changed = solara.use_memo(
        lambda: [
            f"{run.simulation.scenario.title}: {line}" if session.pair else line
            for run, source in zip(runs, session.sources, strict=True)
            for line in changed_from_file(run, source)
        ],
        [runs],
    )
    with solara.Div(classes=["tc-area-head"]):
        Panel(html=cards.header(session, changed, snapshot))


@solara.component
def Times(
    session: Session, controls: Controls, runs: tuple[RecordedModel, ...], day: int, frontier: int, go: Go
) -> None:
    """The line of days with its speeds."""
    scenario, days = runs[0].simulation.scenario, session.days
    ticks = sorted({round(days * i / TICKS) for i in range(TICKS + 1)})
    with solara.Div(classes=["tc-area-clock"]):
        Clock(
            day=day,
            last=frontier,
            days=days,
            evidence=(scenario.evidence_until - scenario.start).days + 1,
            evidence_text=f"evidence ends {day_text(scenario.evidence_until)}",
            ticks=json.dumps([{"day": d, "text": day_text(scenario.start + d * DAY)} for d in ticks]),
            speeds=json.dumps([{"ms": ms, "label": label, "about": about} for ms, label, about in SPEEDS]),
            interval=controls.interval.value,
            event_go=go,
            event_set_speed=controls.set_speed,
            event_drawn=lambda day: session.pace.drawn(int(day)),
        )


@solara.component
def Maps(runs: tuple[RecordedModel, ...], day_snapshots: list[Snapshot], asked: Any) -> None:
    """The map; two beside each other for two runs, with a ring round what they hold differently."""
    drawings = solara.use_memo(lambda: [drawing_of(run) for run in runs], [runs])
    rings = cards.differing(*day_snapshots) if len(day_snapshots) == 2 else frozenset()
    question = asked.value
    legend = solara.use_reactive(False)
    with solara.Div(classes=["tc-area-map"]):
        for index, (drawing, snapshot) in enumerate(zip(drawings, day_snapshots, strict=True)):
            selected = place_asked(runs, question, index)

            def picked(town: Any, index: int = index) -> None:
                asked.set(Question(index, town=int(town)))

            with solara.Div(classes=["tc-map"]):
                if len(runs) == 2:
                    Panel(html=cards.map_title(runs, index, snapshot))
                frame = drawing.frame(snapshot, rings, selected)
                look = selected if question is not None and question.event else -1
                MapView(base=drawing.base, frame=frame, look=look, event_pick=picked)
        html = drawings[0].legend(day_snapshots[0], LEGEND, len(runs) == 2) if legend.value else ""
        Fold(title="Legend", html=html, opened=legend.value, event_fold=lambda opened: legend.set(bool(opened)))


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
    Panel(html=html, event_pick=picked)


@solara.component
def Below(session: Session, runs: tuple[RecordedModel, ...], specs: dict[str, str], day: int, go: Go) -> None:
    """Escalation, deaths a week, downloads."""
    drawings = solara.use_memo(lambda: [drawing_of(run) for run in runs], [runs])
    ready: solara.Reactive[dict[str, Any]] = solara.use_reactive({})
    fault = solara.use_reactive("")

    def ask(key: Any) -> None:
        with session.lock:
            file, message = make(session, str(key), drawings)
        fault.value, ready.value = message, file

    items = solara.use_memo(lambda: json.dumps(offered(runs)), [runs])
    with solara.Div(classes=["tc-area-below"]):
        LowerCurves(specs, day, go)
        with solara.Div(classes=["tc-below-block"]):
            Downloads(items=items, ready=ready.value, fault=fault.value, event_ask=ask)
