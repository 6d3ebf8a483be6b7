"""The dashboard: header, line of days, map, charts, feed and cards, for one run or two side by side."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import solara

from sim.pages.headlines import headline, is_headline
from sim.pages.map_svg import MapDrawing
from sim.pages.svg import escape
from sim.plots.style import look_of
from sim.scenario.fields import as_data
from sim.text import day_text
from sim.viewer import cards
from sim.viewer.cards import Question, answer, place_of
from sim.viewer.charts import agreements_chart, deaths_chart, ladder_chart, towns_chart
from sim.viewer.controls import (
    FAST,
    SPEEDS,
    Clock,
    Controls,
    Downloads,
    Filters,
    MapView,
    Panel,
    groups_of,
    pick_events,
    region,
)
from sim.viewer.downloads import make, offered
from sim.viewer.ensemble import band as want_band
from sim.viewer.session import RecordedModel, Session, changed_from_file

if TYPE_CHECKING:
    from sim.pages.history import Snapshot
    from sim.viewer.ensemble import Band

DAY = timedelta(days=1)
TICKS = 4
PATIENCE = 1.0  # s between looks at bands that grow
MOST_DRAWINGS = 12
WIDE = 440  # px of the charts, before they are fitted to the column
_DRAWINGS: OrderedDict[str, MapDrawing] = OrderedDict()
_DRAWING = threading.Lock()
DRAWN_BY = ("map", "control_on", "start", "factions", "zone", "watch_towns", "title", "days", "evidence_until")
NO_FILTER = {"kind": "", "faction": "", "place": ""}
Go = Callable[[Any], None]


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
    chosen = solara.use_reactive(NO_FILTER)
    runs, day, frontier = session.view()
    begun = solara.use_ref(False)

    def forget() -> None:
        if begun.current:
            asked.set(None)
        begun.current = True

    solara.use_effect(forget, [runs])
    with solara.Div(classes=["tc-flat"]):
        if not runs:
            return
        day_snapshots = [run.history.at(day) for run in runs]
        News(controls, runs, day)
        Times(session, controls, runs, day, frontier, turn, answered)
        Maps(runs, day_snapshots, asked, controls.glide if session.by_step else 0)
        with region("section", "Curves and events", "tc-area-side"):
            Curves(session, runs, day_snapshots, day)
            Events(runs, day, chosen, asked)
            if asked.value is not None:
                Card(session, runs, day, asked)
        Below(session, runs, day)


@solara.component
def Head(session: Session, turn: tuple[int, int]) -> None:
    """Question, what was changed, date, SIMULATED."""
    runs, day, _ = session.view()
    changed = solara.use_memo(
        lambda: [
            f"{run.simulation.scenario.title}: {line}" if session.pair else line
            for run, source in zip(runs, session.sources, strict=False)
            for line in changed_from_file(run, source)
        ],
        [runs],
    )
    with solara.v.Html(tag="header", class_="tc-area-head"):
        if runs:
            Panel(html=cards.header(session, changed, runs[0].history.at(day)))


@solara.component
def News(controls: Controls, runs: tuple[RecordedModel, ...], day: int) -> None:
    """The headline of the day before the morning shown; read aloud, but not at speeds that leave no time for it."""
    lines = [run.history.lines for run in runs]
    text = " · ".join(headline([line for line in past if line.day == day - 1]) for past in lines)
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
    ticks = sorted({first + round((days - first) * i / TICKS) for i in range(TICKS + 1)})
    with region("section", "Time", "tc-area-clock"):
        Clock(
            day=day,
            last=frontier,
            days=days,
            first=first,
            turn=hash(turn) & 0xFFFFFFFF,
            headline=any(is_headline(run.history.lines[row]) for run in runs for row in run.history.at(day).fresh),
            evidence=(scenario.evidence_until - scenario.start).days + 1,
            evidence_text=f"evidence ends {day_text(scenario.evidence_until)}",
            ticks=json.dumps([{"day": d, "text": day_text(scenario.start + d * DAY)} for d in ticks]),
            speeds=json.dumps([{"rate": rate, "label": label, "about": about} for rate, label, about in SPEEDS]),
            rate=controls.rate.value,
            event_go=answered(session.go),
            event_advance=answered(session.play),
            event_set_speed=controls.set_speed,
        )


@solara.component
def Maps(runs: tuple[RecordedModel, ...], day_snapshots: list[Snapshot], asked: Any, glide: int) -> None:
    """The map; two beside each other for two runs, with a ring round what they hold differently."""
    drawings = solara.use_memo(lambda: [drawing_of(run) for run in runs], [runs])
    rings = cards.differing(*day_snapshots) if len(day_snapshots) == 2 else frozenset()
    question = asked.value
    with region("section", "Map", "tc-area-map"):
        for index, (run, drawing, snapshot) in enumerate(zip(runs, drawings, day_snapshots, strict=True)):
            selected = question.town if question is not None and question.run == index else -1

            def picked(town: Any, index: int = index) -> None:
                asked.set(Question(index, town=int(town)))

            with solara.Div(classes=["tc-map"]):
                if len(runs) == 2:
                    Panel(html=cards.map_title(run, snapshot))
                frame = drawing.frame(snapshot, rings, selected)
                MapView(base=drawing.base, frame=frame, glide=glide, event_pick=picked)


def use_bands(runs: tuple[RecordedModel, ...], seeds: int) -> tuple[Band | None, ...]:
    """Return the bands of many seeds behind the runs, as far as they are computed; the page draws them as they grow."""
    grown: solara.Reactive[tuple[Band | None, ...]] = solara.use_reactive(())

    def grow(cancel: threading.Event) -> None:
        grown.value = ()
        requests = [want_band(run.simulation.scenario, run.geography, seeds) for run in runs if seeds]
        while requests and not cancel.is_set():
            now = tuple(request.wait(_next_of(request.band), PATIENCE) for request in requests)
            if cancel.is_set():
                return
            if now != grown.peek():
                grown.value = now
            if all(request.done for request in requests):
                return

    solara.use_thread(grow, dependencies=[runs], intrusive_cancel=False)
    return grown.value if len(grown.value) == len(runs) else (None,) * len(runs)


def _next_of(band: Band | None) -> int:
    """Return for how many runs to wait until a band is drawn again."""
    return 1 if band is None else band.runs + max(1, band.runs // 8)


@solara.component
def Curves(session: Session, runs: tuple[RecordedModel, ...], day_snapshots: list[Snapshot], day: int) -> None:
    """Towns held over time and agreements in force."""
    looks = solara.use_memo(lambda: [look_of(run.simulation.scenario) for run in runs], [runs])
    height = 120 if len(runs) == 2 else 190
    bands = use_bands(runs, session.seeds)
    for run, look, snapshot, band in zip(runs, looks, day_snapshots, bands, strict=True):
        scenario, snapshots = run.simulation.scenario, run.history.snapshots
        chart = towns_chart(look, snapshots, day, scenario.days, band, WIDE, height, scenario.evidence_until)
        with solara.Div(classes=["tc-side-block"]):
            Panel(html=(cards.map_title(run) if len(runs) == 2 else "") + chart)
        if len(runs) == 1:
            with solara.Div(classes=["tc-side-block", "tc-scroll"]):
                Panel(html=agreements_chart(snapshot, look, WIDE))
    if len(runs) == 2:
        with solara.Div(classes=["tc-side-block"]):
            Panel(html=cards.difference_text(runs[0], runs[1], cards.differing(*day_snapshots)))


@solara.component
def Events(runs: tuple[RecordedModel, ...], day: int, chosen: Any, asked: Any) -> None:
    """What has happened, newest first, by kind, faction and place."""
    filters = chosen.value

    def set_filter(values: dict[str, Any]) -> None:
        chosen.value = {name: str(values.get(name, ""))[:60] for name in NO_FILTER}

    for index, run in enumerate(runs):

        def picked(what: dict[str, str], index: int = index) -> None:
            asked.set(Question(index, event=str(what.get("id", ""))))

        lines = run.history.lines
        town, note = place_of(run, filters["place"])
        visible_lines = (
            []
            if note
            else pick_events(
                lines,
                day,
                [filters["kind"]] if filters["kind"] else [],
                [filters["faction"]] if filters["faction"] else [],
                town,
            )
        )
        look = look_of(run.simulation.scenario)
        title = cards.map_title(run) if len(runs) == 2 else ""
        with solara.Div(classes=["tc-side-block", "tc-grow"]):
            if index == 0:
                Filters(
                    kinds=json.dumps(groups_of(lines)),
                    factions=json.dumps(look.codes),
                    filter=filters,
                    event_set_filter=set_filter,
                )
            html = cards.note(note) if note else cards.event_lines(visible_lines, look, day)
            Panel(html=title + html, place="tc-lines", event_pick=picked)


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
def Below(session: Session, runs: tuple[RecordedModel, ...], day: int) -> None:
    """Escalation ladder, deaths a week, downloads."""
    drawings = solara.use_memo(lambda: [drawing_of(run) for run in runs], [runs])
    ready: solara.Reactive[dict[str, Any]] = solara.use_reactive({})
    fault = solara.use_reactive("")

    def ask(key: Any) -> None:
        with session.lock:
            file, message = make(session, str(key), drawings)
        fault.value, ready.value = message, file

    items = solara.use_memo(lambda: json.dumps(offered(runs)), [runs])
    with region("section", "Escalation, deaths, downloads", "tc-area-below"):
        ladders, deaths = [], []
        for run, drawing in zip(runs, drawings, strict=True):
            scenario, snapshots = run.simulation.scenario, run.history.snapshots
            title = cards.map_title(run) if len(runs) == 2 else ""
            ladders.append(title + ladder_chart(snapshots, day, scenario.days, drawing.look, WIDE))
            deaths.append(title + deaths_chart(snapshots, day, scenario.days, scenario.start, drawing.look, WIDE))
        for charts in (ladders, deaths):
            with solara.Div(classes=["tc-below-column"]):
                for chart in charts:
                    with solara.Div(classes=["tc-below-block"]):
                        Panel(html=chart)
        with solara.Div(classes=["tc-below-block"]):
            Downloads(items=items, ready=ready.value, fault=fault.value, event_ask=ask)
