"""What a person takes away from the page: tables, scenario and map, each the same as a run written to disk has it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from sim.plots.maps import control_map
from sim.plots.style import png_bytes
from sim.record.extract import EXTRACT
from sim.record.frames import csv_text, to_frame
from sim.record.run import Run, slug
from sim.scenario.show import show
from sim.viewer.cut import result_at

if TYPE_CHECKING:
    from sim.model.conflict import ConflictModel
    from sim.viewer.snapshot import History

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
    note = f"# The events watched are those of: python run.py THIS_FILE --seed {seed}\n"
    return (note + show(model.simulation.scenario)).encode("utf-8")


def map_png(model: ConflictModel, history: History, day: int) -> bytes:
    """Return the map of the morning of a day as PNG, stamped SIMULATED; takes a second or two."""
    run = Run.of(result_at(model, history, day), model.name)
    with _DRAWING:
        return png_bytes(control_map(run, history.at(day).day))


def file_name(model: ConflictModel, what: str, suffix: str, day: int | None = None) -> str:
    """Return a name for a download: "kafr_hamra-seed7-map-day030.png"."""
    stem = slug(model.name or model.simulation.scenario.title)
    when = "" if day is None else f"-day{day:03d}"
    return f"{stem}-seed{model.simulation.seed}-{what}{when}.{suffix}"


def _csv(file: str, model: ConflictModel, history: History, day: int | None) -> bytes:
    return csv_text(to_frame(file, EXTRACT[file](result_at(model, history, day)))).encode("utf-8")
