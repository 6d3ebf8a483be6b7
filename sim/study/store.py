"""A study as it is read from its folder: tables, runs, failures, scenarios; copies as CSV. `stored_parts` writes its parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.errors import Fault, InputError
from sim.files import DRAFT
from sim.geography.maps import Geography, map_of_results
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario
from sim.statistics.summary import expand, label
from sim.study.manifest import read_study_manifest
from sim.study.stored_parts import (
    CSV,
    FAILURE_COLUMNS,
    LEDGER,
    MARK,
    TABLES,
    RunRange,
    Share,
    damaged,
    parts_of,
    read_columns,
    read_failures,
    shares_of,
)
from sim.text import percent, plural, table_html, three_digits

if TYPE_CHECKING:
    from sim.study.definition import Definition

MOST_NAMES = 100  # of a copy as CSV that cannot replace the last


class Study:
    """A study in a folder, complete or not, as it was when opened. `docs/studies.md` has the columns of its tables.

    Example:
        >>> from pathlib import Path
        >>> from sim.study.plan import make_plan, of_files
        >>> from sim.study.runner import run_study
        >>> from sim.study.store import Study
        >>> plan = make_plan(of_files([Path("two_valleys")], replicates=4))
        >>> study = Study.open(run_study(plan, Path("outputs"), workers=1))
        >>> len(study.runs), study.daily(["clashes"]).columns.tolist()
        (4, ['scenario', 'replicate', 'day', 'clashes'])
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self.name: str = manifest["name"]
        self.question: str = manifest["question"]
        self.stored = parts_of(folder)
        self.shares = shares_of(self.stored)

    @classmethod
    def open(cls, folder: str | Path) -> Study:
        """Return the study in a folder.

        Raises:
            InputError: if the folder has no study of this schema version.
        """
        return cls(Path(folder), read_study_manifest(Path(folder)))

    @property
    def parts(self) -> list[RunRange]:
        """The parts that hold runs of their own, in order."""
        return [share.part for share in self.shares]

    @property
    def twice(self) -> int:
        """How many runs are stored in more than one part; each counts once."""
        return sum(part.last - part.first + 1 for part in self.stored) - sum(
            share.part.last - share.start + 1 for share in self.shares
        )

    @property
    def notes(self) -> list[str]:
        """What a reader of the study must know of its folder: runs that two writers stored."""
        if not self.twice:
            return []
        return [f"{plural(self.twice, 'run is', 'runs are')} stored twice, by two writers at once; each counts once."]

    def damaged(self) -> dict[RunRange, Path]:
        """Return the parts that cannot be read, each with one of its damaged files; reads all tables."""
        return damaged(self.folder, self.stored, self.manifest["tables"])

    def without(self, parts: Collection[RunRange]) -> Study:
        """Return the study as if some parts were not there."""
        other = Study(self.folder, self.manifest)
        other.stored = [part for part in self.stored if part not in parts]
        other.shares = shares_of(other.stored)
        return other

    @cached_property
    def definition(self) -> Definition:
        """The study as it was defined, complete."""
        from sim.study.definition import read_definition

        return read_definition(self.folder / "study.yaml")[0]

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The scenarios in order; the first is the reference."""
        return {name: load_scenario(self.folder / "scenarios" / f"{name}.yaml") for name in self.manifest["scenarios"]}

    def geography(self) -> Geography:
        """Return the map, which all scenarios share."""
        return map_of_results(self.folder, next(iter(self.scenarios.values())).map)

    @property
    def inputs(self) -> dict[str, tuple[float, float]]:
        """The drawn inputs by path, with low and high; `dummy` reaches no model."""
        return {path: (float(low), float(high)) for path, (low, high) in self.manifest["inputs"].items()}

    @property
    def planned(self) -> int:
        """How many runs are planned."""
        return int(self.manifest["planned"])

    @property
    def done(self) -> int:
        """How many runs are there; those that failed are not counted."""
        return sum(share.part.last - share.start + 1 for share in self.shares) - len(self.failures)

    @property
    def partial(self) -> bool:
        """Whether runs are missing that have neither been done nor failed."""
        return self.done + len(self.failures) < self.planned

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run that was done, by replicate and in the order of scenarios."""
        return self.table("runs")

    @cached_property
    def failures(self) -> pd.DataFrame:
        """One row a run that failed: scenario, replicate, seed, stage, error, command, traceback."""
        rows = []
        for part, start in self.shares:
            ledger = read_failures(self.folder / LEDGER / f"{part.name}.json")
            rows += [row for row in ledger if self._place(row["scenario"], row["replicate"]) >= start]
        return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS))

    def _place(self, scenario: str, replicate: int) -> int:
        """Return the place of a run in the order of runs."""
        names = list(self.manifest["scenarios"])
        return replicate * len(names) + names.index(scenario)

    def daily(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return scenario, replicate, day and some columns of the daily tables of all runs."""
        return self.table("daily", ["day", *(name for name in columns if name != "day")])

    @cached_property
    def agreements(self) -> pd.DataFrame:
        """The agreements of all runs."""
        return self.table("agreements")

    @cached_property
    def control(self) -> pd.DataFrame:
        """Who holds each town on some mornings, of all runs: a row a run, morning and town."""
        return self.table("control")

    @cached_property
    def changes(self) -> pd.DataFrame:
        """The changes of holder of all runs, each with the kinds of event that led to it."""
        return self.table("changes")

    @cached_property
    def first_clashes(self) -> pd.DataFrame:
        """The first day with a clash among rebels of each town that has one, of all runs; studies before it was kept have none."""
        return self.table("first_clashes")

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or scenario, replicate and some of its columns, by replicate and in the order of scenarios.

        InputError where the study does not keep it, or a file of it cannot be read.
        """
        import pyarrow as pa

        selected = self._selected_columns(name, columns)
        tables = [self._rows(share, name, selected) for share in self.shares]
        if not tables:
            return pd.DataFrame({column: [] for column in selected})
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas(date_as_object=False)
        return frame

    def pieces(self, name: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Give scenario, replicate and some columns of a table file by file, so that one is in memory; text is categorical."""
        selected = self._selected_columns(name, columns)
        for share in self.shares:
            rows = self._rows(share, name, selected)
            yield rows.to_pandas(date_as_object=False, strings_to_categorical=True)

    def _rows(self, share: Share, name: str, columns: list[str]) -> Any:
        """Return the rows of a part that count, as an Arrow table; InputError if its file cannot be read."""
        import pyarrow as pa

        part, start = share
        rows = read_columns(self.folder / TABLES / name / f"{part.name}.parquet", columns, self.folder)
        if start == part.first:
            return rows
        names, replicates = rows.column("scenario").to_pylist(), rows.column("replicate").to_pylist()
        counts = [self._place(*key) >= start for key in zip(names, replicates, strict=True)]
        return rows.filter(pa.array(counts, pa.bool_()))

    def _selected_columns(self, name: str, columns: Sequence[str] | None) -> list[str]:
        """Return the columns to read; InputError for a table or a column that there is not."""
        if name not in self.manifest["tables"]:
            known = ", ".join(self.manifest["tables"])
            raise InputError([Fault(str(self.folder), None, name, f"is not kept by this study; it has {known}")])
        available = list(self.manifest["tables"][name])
        if missing := [column for column in columns or () if column not in available]:
            raise InputError(
                [Fault(str(self.folder), None, f"{name}.{column}", "there is no such column") for column in missing]
            )
        return available if columns is None else list(dict.fromkeys(["scenario", "replicate", *columns]))

    @cached_property
    def _comparison(self) -> Any:
        return import_module("sim.comparison.compare").compare(self)

    def plot(
        self, name: str = "differences", *, ax: Any = None, width_mm: float = 180.0, day: int | None = None
    ) -> Any:
        """Draw one of the figures that `run.py figure` lists for the study, as `sim.compare(study).plot` does.

        Args:
            name: "differences", "distributions", "fan-League_towns", "agreement_survival", "probability_map-League" and so on.
            ax: matplotlib axes to draw on; of "differences", "fan-...", "distribution-..." and "agreement_survival" alone.
            width_mm: width of the sheet if no axes are given.
            day: of a map; the last if left out.

        Returns:
            The axes, or without `ax` the matplotlib figure, which a notebook shows.

        Raises:
            KeyError: if the study allows no such figure; its text lists those that there are.
            InputError: if no run is done yet.
        """
        return self._comparison.plot(name, ax=ax, width_mm=width_mm, day=day)

    def _repr_html_(self) -> str:
        """The question and, for each scenario, its runs and the means of its headline statistics, for notebooks."""
        runs, names = self.runs, list(self.manifest["scenarios"])
        headline = [key for key in expand(self.definition.headline, dict.fromkeys(runs.columns)) if key in runs.columns]
        rows = [["runs", *(f"{int((runs['scenario'] == name).sum())}" for name in names)]]
        for key in headline:
            parts = [runs.loc[runs["scenario"] == name, key].dropna() for name in names]
            rows.append([label(key), *(centre_text(part) for part in parts)])
        title = f"SIMULATED: {self.done:,} of {plural(self.planned, 'run')}"
        table = table_html(["means over runs", *names], rows)
        return f"<p><b>{escape(title)}</b>. {escape(self.question)}</p>{table}"

    def __repr__(self) -> str:
        return f"<Study {self.name}, {self.done} of {plural(self.planned, 'run')}, {self.folder}>"


def centre_text(values: pd.Series) -> str:
    """Say the centre of a statistic over runs: the mean of numbers, the most frequent answer of text with its share."""
    if not len(values):
        return "none"
    if pd.api.types.is_numeric_dtype(values):
        return three_digits(float(values.mean()))
    counts = values.value_counts()
    return f"{counts.index[0]} in {percent(int(counts.iloc[0]) / len(values))}"


def write_csv(study: Study) -> list[str]:
    """Write runs.csv and failures.csv, and return a sentence for each that had to take another name or was left out.

    One part is in memory at a time. A file that another program holds open never stops a study.
    """
    notes = []
    for name, pieces in zip(CSV, (_run_texts(study), iter([_failure_text(study)])), strict=True):
        path, trouble = _written(study.folder, name, pieces)
        if path is None:
            notes.append(f"{name} could not be written ({trouble}); the tables are complete without it.")
        elif path.name != name:
            notes.append(f"{name} could not be written ({trouble}); it is in {path.name} instead.")
    return notes


def _run_texts(study: Study) -> Iterator[str]:
    columns = list(study.manifest["tables"]["runs"])
    yield ",".join(_cells(columns)) + "\n"
    for share in study.shares:
        table = study._rows(share, MARK, columns)
        yield _csv_rows(zip(*(table.column(name).to_pylist() for name in columns), strict=True))


def _failure_text(study: Study) -> str:
    columns = [name for name in FAILURE_COLUMNS if name != "traceback"]
    return ",".join(columns) + "\n" + _csv_rows(study.failures[columns].itertuples(index=False))


def _cells(values: Sequence[Any]) -> list[str]:
    return _csv_rows([values]).rstrip("\n").split("\n")[:1]


def _csv_rows(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _written(folder: Path, name: str, pieces: Iterator[str]) -> tuple[Path | None, str]:
    """Write text under a name, or under the next free one where that is refused; the path, and what was the trouble."""
    draft, trouble = folder / f".{name}{DRAFT}", ""
    stem, _, ending = name.rpartition(".")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        draft.unlink(missing_ok=True)
        return None, error.strerror or str(error)
    for number in range(1, MOST_NAMES):
        path = folder / (name if number == 1 else f"{stem}-{number}.{ending}")
        if number > 1 and path.exists():
            continue
        try:
            draft.replace(path)
        except OSError as error:
            trouble = trouble or error.strerror or str(error)
        else:
            return path, trouble
    draft.unlink(missing_ok=True)
    return None, trouble
