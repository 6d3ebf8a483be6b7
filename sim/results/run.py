"""A finished run, in memory or read from its folder: tables as DataFrames."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from functools import cached_property, partial
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError, reason
from sim.geography.maps import Geography, map_of_results
from sim.results.columns import FILES, kind_of
from sim.results.event_rows import watched
from sim.results.manifest import read_manifest
from sim.results.phrases import answer_sentence, statistic_texts
from sim.results.tables import EXTRACT
from sim.scenario.compose import file_name
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario
from sim.statistics.summary import Scalar, base_name, summarise
from sim.text import plural, table_html

if TYPE_CHECKING:
    from sim.engine.simulation import Result

DTYPES: dict[str, Any] = {"int": "int64", "float": "float64", "date": "datetime64[s]", "text": object}
LONGEST_HEADER = 1_000_000  # characters
SHOWN = (
    "clash_days",
    "places_reached",
    "deaths",
    "towns_gained",
    "towns_end",
    "agreements_signed",
    "agreements_broken",
)
"""Statistics that notebooks show of every run, besides the headline of its scenario."""
SHOWN_MM, SHOWN_DPI = 130.0, 90  # width and dots an inch of the map that notebooks show of a run


def to_frame(file: str, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the DataFrame of one of `FILES` from named columns, with the documented type of each."""
    return pd.DataFrame(
        {name: pd.Series(values).astype(DTYPES[kind_of(file, name) or "text"]) for name, values in columns.items()}
    )


def csv_text(frame: pd.DataFrame) -> str:
    """Return a DataFrame as CSV text."""
    text: str = frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return text


def read_frame(file: str, path: Path) -> pd.DataFrame:
    """Read one of `FILES` as `to_frame` made it; InputError where it is missing, or its columns are not as documented."""
    try:
        _check_header(file, path)
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        said = "is not CSV: a row has too many cells, or a quotation mark is not closed"
        raise InputError([Fault(str(path), None, "", said)]) from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError([Fault(str(path), None, "", f"cannot be read: {reason(fault)}")]) from fault
    return pd.DataFrame({name: _typed(file, name, raw[name], path) for name in raw.columns})


def _check_header(file: str, path: Path) -> None:
    """Raise InputError if the first line lacks a documented column, before all of a file that may be large is read."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = stream.readline(LONGEST_HEADER)
    if not header:
        raise InputError([Fault(str(path), None, "", "is empty")])
    names = {cell.strip('"') for cell in header.rstrip("\r\n").split(",")}
    missing = [name for name in (each.name for each in FILES[file].columns) if "<" not in name and name not in names]
    if missing:
        raise InputError([Fault(str(path), 1, "", f"columns are missing: {', '.join(missing)}")])


def _typed(file: str, name: str, values: pd.Series, path: Path) -> pd.Series:
    """Return a column of text in its documented type."""
    kind = kind_of(file, name) or "text"
    try:
        if kind == "int":
            return values.astype("int64")
        if kind == "float":
            return pd.Series([float(value) if value else np.nan for value in values], dtype="float64")
        if kind == "date":
            return pd.to_datetime(values, format="%Y-%m-%d").astype("datetime64[s]")
        return values.astype(object)
    except (ValueError, OverflowError) as fault:
        line, text = _first_wrong(kind, values)
        raise InputError([Fault(str(path), line, name, f"{text[:40]!r} is not of type {kind}")]) from fault


def _first_wrong(kind: str, values: pd.Series) -> tuple[int | None, str]:
    """Return the line and text of the first cell that is not of a type; lines count rows, without line breaks in cells."""
    parsers: dict[str, Callable[[str], object]] = {"int": int, "date": date.fromisoformat}
    parse = parsers.get(kind, float)
    for row, text in enumerate(values):
        try:
            parse(text if text or kind != "float" else "0")
        except ValueError:
            return row + 2, text
    return None, str(values.max())  # a number too large for the type


Frames = Callable[[str], pd.DataFrame]


def _extracted(result: Result, file: str) -> pd.DataFrame:
    return to_frame(file, EXTRACT[file](result))


def _read(folder: Path, file: str) -> pd.DataFrame:
    return read_frame(file, folder / FILES[file].name)


class Run:
    """A finished run, in memory or in its folder. A table is computed, or read, on first use; `outputs/README.md` has its columns.

    Attributes:
        scenario: the scenario, complete with all defaults.
        geography: its map.
        seed: the seed.
        values: the value used for each uncertain input, by dotted path.
        name: short name of the scenario, from which the folder's name is formed.
        label: a further part of the folder's name, or empty.
        folder: the run's folder; None for a run in memory.
        branch: the origin and changes of a branch, as in manifest.json; None for other runs.

    Example:
        >>> import sim
        >>> run = sim.simulate("two_valleys", seed=1)
        >>> run.summary["days"]
        180
        >>> len(run.events.query("kind == 'agreement_broken'")) == run.summary["agreements_broken"]
        True
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
        inputs = (result.scenario, result.geography, result.seed, result.values)
        return cls(*inputs, partial(_extracted, result), name, label, branch=branch)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Return the run in a folder.

        Raises:
            InputError: if the folder has no run of this schema version, or a file of it is damaged.

        Example:
            >>> import sim
            >>> from sim.results.write import write
            >>> folder = write(sim.simulate("two_valleys", seed=1), "outputs")
            >>> sim.Run.open(folder).summary["days"]
            180
        """
        path = Path(folder)
        manifest = read_manifest(path)
        scenario = load_scenario(path / "scenario.yaml")
        values = {str(key): float(value) for key, value in manifest["values"].items()}
        return cls(
            scenario,
            map_of_results(path, scenario.map),
            int(manifest["seed"]),
            values,
            partial(_read, path),
            manifest["name"],
            manifest["label"],
            path,
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
    def campaigns(self) -> pd.DataFrame:
        """All campaigns on which leaders decided, one row each."""
        return self._frames("campaigns")

    @cached_property
    def summary(self) -> dict[str, Scalar]:
        """The summary statistics, named in sim/statistics/summary.py."""
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
        return {town.name: town.label or town.name for town in self.geography.places}

    @property
    def answer(self) -> str:
        """The answer to the scenario's question, in a sentence or two."""
        return answer_sentence(self)

    @cached_property
    def _atlas(self) -> Any:
        return import_module("sim.plots.map.sheets").Atlas.of(self)

    def map(self, day: int | None = None, *, ax: Any = None, width_mm: float = 180.0) -> Any:
        """Draw who holds each town on the morning of a day; towns whose holder changed since the start are ringed.

        Args:
            day: days since the start, 0 to the scenario's; the last if left out.
            ax: matplotlib axes to draw on, without rings, with a key of holders below; they should be nearly square.
            width_mm: width of the sheet if no axes are given.

        Returns:
            The axes, or without `ax` the matplotlib figure, which a notebook shows.

        Raises:
            ValueError: if the run has no such day.

        Example:
            >>> import sim
            >>> run = sim.simulate("two_valleys", seed=1)
            >>> figure = run.map(30)
            >>> figure.savefig("two_valleys_day_30.png")
        """
        last = len(self.control_daily) - 1
        if day is not None and not 0 <= day <= last:
            raise ValueError(f"day {day} is not in the run; its mornings are 0 to {last}")
        figures = import_module("sim.plots.run_figures")
        if ax is not None:
            return figures.control_on(self._atlas, ax, day)
        return figures.control_figure(self._atlas, width_mm, day).figure

    def timeline(self, *, width_mm: float = 180.0) -> Any:
        """Draw agreements, deaths a week, escalation, towns held and changes of holder over the days; return the figure.

        Args:
            width_mm: width of the sheet.
        """
        return import_module("sim.plots.run_figures").timeline_figure(self._atlas, width_mm).figure

    def _repr_html_(self) -> str:
        """The answer, the headline statistics and the map of the last morning, for notebooks."""
        title = f"SIMULATED: {self.scenario.title}, seed {self.seed}, {plural(self.scenario.days, 'day')}"
        shown = {base_name(key) for key in (*self.scenario.headline, *SHOWN)} - {"holder"}  # which the answer tells
        summary = {key: value for key, value in self.summary.items() if base_name(key) in shown}
        rows = statistic_texts(summary, int(self.agreements["given"].sum()))
        table = table_html(["", ""], [(row.label, row.text) for row in rows])
        png = b64encode(import_module("sim.plots.style").png_bytes(self.map(width_mm=SHOWN_MM), SHOWN_DPI)).decode()
        picture = f'<img alt="Who holds what at the end" src="data:image/png;base64,{png}">'
        beside = f'<div style="max-width:28em">{table}</div>{picture}'
        return (
            f"<p><b>{escape(title)}</b><br>{escape(self.answer)}</p>"
            f'<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">{beside}</div>'
        )

    def __repr__(self) -> str:
        where = f", {self.folder}" if self.folder else ""
        return f"<Run {self.name} seed {self.seed}, {plural(self.scenario.days, 'day')}{where}>"


def slug(text: str) -> str:
    """Return a text as part of a folder's name: letters and digits of any script, `-`, `_`; "run" if nothing is left."""
    return re.sub(r"__+", "_", file_name(text.strip().lower())).strip("_-") or "run"
