"""Downloads of the page: maps, tables, the changed scenario."""

from __future__ import annotations

import base64
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.pages.map_svg import MapDrawing
from sim.plots.map.sheets import Atlas, control_map
from sim.plots.style import png_bytes, stamp
from sim.results.run import Run, csv_text, slug, to_frame
from sim.results.tables import EXTRACT
from sim.scenario.show import show
from sim.text import day_text, shell
from sim.viewer import cards
from sim.viewer.cards import result_at
from sim.viewer.session import RecordedModel, Session

if TYPE_CHECKING:
    from sim.model.conflict import ConflictModel
    from sim.pages.history import History

_DRAWING = Lock()  # matplotlib's settings belong to the whole process


def events_csv(model: ConflictModel, history: History, day: int | None = None) -> bytes:
    """Return events.csv with the days before a morning, all simulated ones if left out."""
    return _csv("events", model, history, day)


def daily_csv(model: ConflictModel, history: History, day: int | None = None) -> bytes:
    """Return daily.csv with the mornings up to a day, all simulated ones if left out."""
    return _csv("daily", model, history, day)


def scenario_yaml(model: ConflictModel) -> bytes:
    """Return the scenario as changed in the page, resolved; with the same seed it runs to the same events."""
    seed = model.simulation.seed
    note = f"# The events watched are those of: {shell('THIS_FILE', '--seed', str(seed))}\n"
    return (note + show(model.simulation.scenario)).encode("utf-8")


def map_png(model: ConflictModel, history: History, day: int) -> bytes:
    """Return the map of the morning of a day as PNG, stamped SIMULATED; takes a second or two."""
    run = Run.of(result_at(model, history, day), model.name)
    with _DRAWING:
        return png_bytes(control_map(run, history.at(day).day, atlas=Atlas.of(run, history.snapshots)))


def file_name(model: ConflictModel, what: str, suffix: str, day: int | None = None) -> str:
    """Return a name for a download: "two_valleys-seed7-map-day030.png"."""
    stem = slug(model.name or model.simulation.scenario.title)
    when = "" if day is None else f"-day{day:03d}"
    return f"{stem}-seed{model.simulation.seed}-{what}{when}.{suffix}"


def _csv(file: str, model: ConflictModel, history: History, day: int | None) -> bytes:
    return csv_text(to_frame(file, EXTRACT[file](result_at(model, history, day)))).encode("utf-8")


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
        "about": "The scenario as changed here: `run` gives the same events with this seed",
    },
]

_NUMBERS = count(1)


def offered(runs: tuple[RecordedModel, ...]) -> list[dict[str, str]]:
    """Return the files of every run, {key, label, about, of}; `of` names the run where there are two."""
    return [
        item | {"key": f"{index}:{item['key']}", "of": run.simulation.scenario.title if len(runs) > 1 else ""}
        for index, run in enumerate(runs)
        for item in ITEMS
    ]


def make(session: Session, key: str, drawings: list[MapDrawing]) -> tuple[dict[str, Any], str]:
    """Return the requested file, {id, name, mime, data in base64}, and an error in words (then {} for the file).

    `key` is of `offered`.
    """
    if key not in {item["key"] for item in offered(session.runs)}:
        return {}, "there is no such file"
    index, what = key.split(":")
    try:
        name, mime, content = _build_file(session, int(index), what, drawings[int(index)])
    except (InputError, ValueError, OSError) as error:
        return {"id": next(_NUMBERS)}, f"could not be made: {error}"
    return {"id": next(_NUMBERS), "name": name, "mime": mime, "data": base64.b64encode(content).decode("ascii")}, ""


def _build_file(session: Session, index: int, key: str, drawing: MapDrawing) -> tuple[str, str, bytes]:
    run, day = session.runs[index], session.day
    history = run.history
    if key == "svg":
        snapshot = history.at(day)
        rings = cards.differing(*(other.history.at(day) for other in session.runs))
        text = stamp(run.simulation.scenario, run.simulation.seed, day_text(snapshot.date))
        return file_name(run, "map", "svg", day), "image/svg+xml", drawing.still(snapshot, text, rings).encode("utf-8")
    if key == "png":
        return file_name(run, "map", "png", day), "image/png", map_png(run, history, day)
    if key == "events":
        return file_name(run, "events", "csv", day), "text/csv", events_csv(run, history, day)
    if key == "daily":
        return file_name(run, "daily", "csv", day), "text/csv", daily_csv(run, history, day)
    return file_name(run, "scenario", "yaml"), "application/yaml", scenario_yaml(run)
