"""Files to take away from the page: made when asked for, of the day shown."""

from __future__ import annotations

import base64
from itertools import count
from typing import Any

from sim.errors import InputError
from sim.plots.style import day_text, stamp
from sim.viewer import panels
from sim.viewer.map_svg import MapDrawing
from sim.viewer.session import Session, Watched
from sim.viewer.take_away import daily_csv, events_csv, file_name, map_png, scenario_yaml

ITEMS = [
    {"key": "svg", "label": "map, SVG", "about": "The map of the day shown, to enlarge or edit"},
    {"key": "png", "label": "map, PNG", "about": "The map of the day shown, as a picture; takes a second or two"},
    {
        "key": "events",
        "label": "events, CSV",
        "about": "All events up to the day shown, with causes; columns as in outputs/README.md",
    },
    {"key": "daily", "label": "daily table, CSV", "about": "One row a morning up to the day shown"},
    {
        "key": "scenario",
        "label": "scenario, YAML",
        "about": "The scenario as changed here: run.py run gives the same events with this seed",
    },
]
_NUMBERS = count(1)


def offered(runs: tuple[Watched, ...]) -> list[dict[str, str]]:
    """Return the files of every run, {key, label, about, of}; `of` names the run where there are two."""
    return [
        item | {"key": f"{place}:{item['key']}", "of": run.simulation.scenario.title if len(runs) > 1 else ""}
        for place, run in enumerate(runs)
        for item in ITEMS
    ]


def make(session: Session, key: str, drawings: list[MapDrawing]) -> tuple[dict[str, Any], str]:
    """Return the file asked for, {id, name, mime, data in base64}, and what went wrong in words (then {} for the file).

    `key` is of `offered`.
    """
    if key not in {item["key"] for item in offered(session.runs)}:
        return {}, "there is no such file"
    place, what = key.split(":")
    try:
        name, mime, content = _made(session, int(place), what, drawings[int(place)])
    except (InputError, ValueError, OSError) as error:
        return {"id": next(_NUMBERS)}, f"could not be made: {error}"
    return {"id": next(_NUMBERS), "name": name, "mime": mime, "data": base64.b64encode(content).decode("ascii")}, ""


def _made(session: Session, place: int, key: str, drawing: MapDrawing) -> tuple[str, str, bytes]:
    run, day = session.runs[place], session.day
    history = run.history
    if key == "svg":
        snapshot = history.at(day)
        rings = (
            panels.differing(*(other.history.at(day) for other in session.runs))
            if len(session.runs) == 2
            else frozenset()
        )
        text = stamp(run.simulation.scenario, run.simulation.seed, day_text(snapshot.date))
        return file_name(run, "map", "svg", day), "image/svg+xml", drawing.still(snapshot, text, rings).encode("utf-8")
    if key == "png":
        return file_name(run, "map", "png", day), "image/png", map_png(run, history, day)
    if key == "events":
        return file_name(run, "events", "csv", day), "text/csv", events_csv(run, history, day)
    if key == "daily":
        return file_name(run, "daily", "csv", day), "text/csv", daily_csv(run, history, day)
    return file_name(run, "scenario", "yaml"), "application/yaml", scenario_yaml(run)
