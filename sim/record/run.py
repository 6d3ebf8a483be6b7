"""Run: a finished run, in memory or in a folder, with its tables as DataFrames."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.geography.maps import Geography, load_map
from sim.record.columns import FILES
from sim.record.extract import EXTRACT
from sim.record.frames import read_frame, to_frame
from sim.record.manifest import read_manifest
from sim.record.names import watched
from sim.scenario.files import file_name
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario
from sim.statistics.answer import answer_sentence
from sim.statistics.escalation import Scalar, summarise

if TYPE_CHECKING:
    from sim.engine.simulation import Result

Frames = Callable[[str], pd.DataFrame]


def _extracted(result: Result, file: str) -> pd.DataFrame:
    return to_frame(file, EXTRACT[file](result))


def _read(folder: Path, file: str) -> pd.DataFrame:
    return read_frame(file, folder / FILES[file].name)


class Run:
    """A finished run. Tables are made, or read, when first asked for; their columns are in sim/record/columns.py.

    `name` is the scenario's short name, of which the folder's name is made; `values` the value used for each input.
    `branch` says what a branch goes on from, as in manifest.json; None for a run of its own.
    """

    def __init__(
        self,
        scenario: Scenario,
        geography: Geography,
        seed: int,
        values: dict[str, float],
        frames: Frames,
        name: str = "",
        label: str = "",
        folder: Path | None = None,
        branch: dict[str, Any] | None = None,
    ) -> None:
        self.scenario = scenario
        self.geography = geography
        self.seed = seed
        self.values = values
        self.name = slug(name or scenario.title)
        self.label = label
        self.folder = folder
        self.branch = branch
        self._frames = frames

    @classmethod
    def of(cls, result: Result, name: str = "", label: str = "", branch: dict[str, Any] | None = None) -> Run:
        """Return the run of a finished simulation. `name` is the stem of the scenario's file, its title if left out."""
        made = (result.scenario, result.geography, result.seed, result.values)
        return cls(*made, partial(_extracted, result), name, label, branch=branch)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Return the run that was written to a folder; InputError where it is none of this version."""
        place = Path(folder)
        manifest = read_manifest(place)
        scenario = load_scenario(place / "scenario.yaml")
        values = {str(key): float(value) for key, value in manifest["values"].items()}
        return cls(
            scenario,
            load_map(scenario.map),
            int(manifest["seed"]),
            values,
            partial(_read, place),
            manifest["name"],
            manifest["label"],
            place,
            manifest.get("branch"),
        )

    @cached_property
    def events(self) -> pd.DataFrame:
        """The event log, one row an event."""
        return self._frames("events")

    @cached_property
    def events_reported(self) -> pd.DataFrame:
        """What outlets and the monitor report, one row a report."""
        return self._frames("events_reported")

    @cached_property
    def daily(self) -> pd.DataFrame:
        """The state on each morning, and the counts of the day before."""
        return self._frames("daily")

    @cached_property
    def control_changes(self) -> pd.DataFrame:
        """The towns that changed hands, one row a change."""
        return self._frames("control_changes")

    @cached_property
    def control_daily(self) -> pd.DataFrame:
        """The control code of each town, one row a morning."""
        return self._frames("control_daily")

    @cached_property
    def control_start_end(self) -> pd.DataFrame:
        """The control code of each town at the start and at the end."""
        return self._frames("control_start_end")

    @cached_property
    def agreements(self) -> pd.DataFrame:
        """All agreements, one row each."""
        return self._frames("agreements")

    @cached_property
    def summary(self) -> dict[str, Scalar]:
        """The summary statistics, named in sim/statistics/registry.py."""
        return summarise(self.scenario, self.tables, self.watch_towns)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {file: getattr(self, file) for file in FILES}

    @cached_property
    def watch_towns(self) -> list[str]:
        """The scenario's watch towns as the map names them; one that the map does not know stays as written."""
        return watched(self.scenario, self.geography)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Short names of the map's towns by their names."""
        return {place.name: place.label or place.name for place in self.geography.places}

    @property
    def answer(self) -> str:
        """The answer to the scenario's question, in a sentence or two."""
        return answer_sentence(self)

    def __repr__(self) -> str:
        where = f", {self.folder}" if self.folder else ""
        return f"<Run {self.name} seed {self.seed}, {self.scenario.days} days{where}>"


def slug(text: str) -> str:
    """Return a text as part of a folder's name: letters and digits of any script, `-`, `_`; "run" if nothing is left."""
    return re.sub(r"__+", "_", file_name(text.strip().lower())).strip("_-") or "run"
