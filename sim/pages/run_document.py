"""A whole run as one compact document: map, mornings, events, agreements and towns, packed to be carried inside a page.

`js/player.js` plays it. A morning holds only the elements of the map that differ from the morning before; their SVG texts
stand once, in a table. Packed, the document is JSON, compressed by gzip, written in base64.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.simulation import CoursePart, Simulation
from sim.engine.tables import N_BASES
from sim.errors import Fault, InputError
from sim.event_kinds import TABLE, side
from sim.pages.chart_specs import charts_of_run, unobserved_from
from sim.pages.headlines import headline, headline_town, is_headline
from sim.pages.history import History, follow, holder_turns, start_history
from sim.pages.map_svg import MapDrawing
from sim.plots.style import look_of
from sim.results.phrases import with_name
from sim.results.run import Run
from sim.results.verify import course_parts
from sim.statistics.causes import chance_text

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.geography.maps import Geography
    from sim.pages.history import Snapshot

Layers = dict[str, dict[str, str]]  # layer -> key -> SVG text
GONE = -1  # in place of a text: the element is not there any more


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A finished run with all its mornings."""

    run: Run
    simulation: Simulation
    history: History


def record(parts: Sequence[CoursePart], geography: Geography, seed: int) -> tuple[Simulation, History]:
    """Simulate a course to its end and record each morning; ValueError where its parts do not fit each other."""
    simulation = Simulation(parts[0].scenario, geography, seed, parts[0].values)
    history = start_history(simulation)
    for part in [*parts[1:], None]:
        until = simulation.days if part is None else min(part.day, simulation.days)
        while simulation.day < until:
            simulation.step()
            follow(simulation, history)
        if part is not None and simulation.day < simulation.days:
            simulation.change(part.scenario, part.values)
    return simulation, history


def record_run(run: Run) -> RecordedRun:
    """Simulate a finished run again and record its mornings; InputError where it does not come out the same."""
    source = str(run.folder or run.name)
    try:
        simulation, history = record(course_parts(run), run.geography, run.seed)
    except ValueError as error:
        raise InputError([Fault(source, None, "values", str(error))]) from None
    check_same_events(run, simulation, source)
    return RecordedRun(run, simulation, history)


def check_same_events(run: Run, simulation: Simulation, source: str) -> None:
    """Raise InputError, which names the `source`, if a run simulated again has other events than before."""
    again, columns = Run.of(simulation.result()), ["event_id", "kind", "day", "town", "initiator", "target"]
    if not again.events[columns].equals(run.events[columns]):
        message = "simulating it again gives other events: run the scenario again to replay it"
        raise InputError([Fault(source, None, "", message)])


def run_document(recorded: RecordedRun, drawing: MapDrawing | None = None) -> dict[str, Any]:
    """Return the document of a run; all of it can be written as JSON. Days are counted from 0, the start.

    drawing: that of the run's scenario and map, if there is one already.
    """
    run, history = recorded.run, recorded.history
    drawing = drawing or MapDrawing(run.scenario, run.geography)
    look = look_of(run.scenario)
    news = [[history.lines[row] for row in snapshot.fresh] for snapshot in history.snapshots]
    number = {town.name: i for i, town in enumerate(run.geography.places)}
    texts, mornings = _changes([drawing.layers(snapshot) for snapshot in history.snapshots])
    return {
        "title": run.scenario.title,
        "start": run.scenario.start.isoformat(),
        "days": history.day,
        "evidence": unobserved_from(run.scenario),
        "factions": [{"code": code, "name": look.names[code], "colour": look.colour(code)} for code in look.codes],
        "base": json.loads(drawing.base),
        "texts": texts,
        "mornings": mornings,
        "headlines": [headline(lines) for lines in news],
        "headline_towns": [number.get(headline_town(lines), -1) for lines in news],
        "events": _events(recorded),
        "towns": _towns(recorded),
        "accords": [_accord_names(snapshot) for snapshot in history.snapshots],
        "charts": list(charts_of_run(run).values()),
    }


def mornings_of(document: dict[str, Any]) -> Iterator[Layers]:
    """Yield the elements of each morning, as `MapDrawing.layers` gives them, from the first on."""
    texts: list[str] = document["texts"]
    layers: Layers = {}
    for changes in document["mornings"]:
        for layer, changed in changes.items():
            now = dict(layers.get(layer, {}))
            for key, text in changed.items():
                if text == GONE:
                    del now[key]
                else:
                    now[key] = texts[text]
            layers[layer] = now
        yield dict(layers)


def _changes(mornings: Sequence[Layers]) -> tuple[list[str], list[dict[str, dict[str, int]]]]:
    """Return the table of texts, and for each morning what differs from the one before: layer -> key -> row or GONE.

    Texts of a layer stand together and in order, which takes a third off the packed size.
    """
    order = {
        text: (number, text)
        for number, layer in reversed(list(enumerate(mornings[0])))
        for layers in mornings
        for text in layers[layer].values()
    }
    table = {text: row for row, text in enumerate(sorted(order, key=order.__getitem__))}
    changes: list[dict[str, dict[str, int]]] = []
    before: Layers = {layer: {} for layer in mornings[0]}
    for layers in mornings:
        changed = {}
        for layer, now in layers.items():
            old = before[layer]
            gone = {key: GONE for key in old if key not in now}
            new = {key: table[text] for key, text in now.items() if old.get(key) != text}
            if gone or new or layers is mornings[0]:
                changed[layer] = {**gone, **new}
        changes.append(changed)
        before = layers
    return list(table), changes


def _events(recorded: RecordedRun) -> dict[str, list[Any]]:
    """Return the columns of the event log: rows are `History.lines`; `cause` is a row or -1, `town` its number or -1."""
    run, lines = recorded.run, recorded.history.lines
    rows = {line.event_id: line.row for line in lines}
    number = {town.name: i for i, town in enumerate(run.geography.places)}
    return {
        "id": [line.event_id for line in lines],
        "day": [line.day for line in lines],
        "kind": [TABLE[line.kind].group for line in lines],
        "by": [line.initiator for line in lines],
        "against": [line.target for line in lines],
        "town": [number.get(line.town, -1) for line in lines],
        "text": [line.text for line in lines],
        "deaths": [line.deaths for line in lines],
        "headline": [int(is_headline(line)) for line in lines],
        "cause": [rows.get(str(cause), -1) for cause in run.events["cause_id"]],
        "chance": [chance_text(run.events, line.row) for line in lines],
    }


def _towns(recorded: RecordedRun) -> list[dict[str, Any]]:
    """Return what is known of each town: names, people, who held it from which morning on, bases, fighters by morning."""
    run, snapshots = recorded.run, recorded.history.snapshots
    result = recorded.simulation.result()
    fighters = np.stack([snapshot.fighters for snapshot in snapshots])
    moved = np.ones(fighters.shape[:2], bool)
    moved[1:] = (fighters[1:] != fighters[:-1]).any(axis=2)
    bases = list(_bases(result, snapshots))
    return [
        {
            "name": town.name,
            "also": list(town.aliases[:4]),
            "people": round(town.population),
            "held": holder_turns(result, snapshots, i),
            "bases": [[first, last, who] for at, first, last, who in bases if at == i],
            "fighters": [[day, *fighters[day, i].tolist()] for day in np.flatnonzero(moved[:, i]).tolist()],
        }
        for i, town in enumerate(run.geography.places)
    ]


def _bases(result: Result, snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, int, int, str]]:
    """Yield bases in towns held by others: (town, first morning, last morning, whose)."""
    world = result.world
    for base in world.bases[: world.counts[N_BASES]]:
        first = int(base["opened"]) + 1
        last = len(snapshots) - 1 if base["closed"] < 0 else int(base["closed"])
        if 0 <= first <= last:
            who = side(result.factions[base["faction"]], result.groups[base["group"]])
            yield int(base["town"]), first, last, who


def _accord_names(snapshot: Snapshot) -> list[str]:
    """Return the agreements in force on a morning in words, oldest first."""
    return [
        f"{with_name(accord.name if accord.named else '', accord.parties.split(' / '), ' / ')} {accord.scope}"
        + (f": {', '.join(accord.terms)}" if accord.terms else "")
        for accord in snapshot.accords
    ]
