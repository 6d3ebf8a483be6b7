"""How results of workers are stored in a study's folder: Parquet parts of its tables, and the ledger of failed runs. No pandas."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import Fault, InputError, reason
from sim.files import DRAFT, write_whole
from sim.geography.maps import CARRIED
from sim.study.manifest import KEY, Columns, Kind
from sim.study.plan import one_command
from sim.text import shell

if TYPE_CHECKING:
    from sim.study.worker import ChunkResult, Failure, RunTask

FAILURE_COLUMNS = ("scenario", "replicate", "seed", "stage", "error", "command", "traceback")
DIED = "the process of the run ended"


def entry(folder: Path, failure: Failure) -> dict[str, Any]:
    """Return the row of the ledger of a run that failed."""
    command = one_command("run", folder, failure.scenario, failure.replicate)
    return {name: command if name == "command" else getattr(failure, name) for name in FAILURE_COLUMNS}


def died(task: RunTask, error: str) -> Failure:
    """Return the failure of a run whose process ended twice."""
    from sim.study.worker import Failure

    message = f"the worker process ended while it was alone with this run: out of memory, killed, or a crash ({error})"
    return Failure(task.scenario, task.replicate, task.seed, DIED, message, "")


def read_failures(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of the ledger; none if it is not there. InputError if it is damaged."""
    if not os.path.lexists(file):
        return []
    try:
        rows = json.loads(file.read_bytes().decode("utf-8"))
        if not (isinstance(rows, list) and all(isinstance(row, dict) and {*FAILURE_COLUMNS} <= {*row} for row in rows)):
            raise ValueError("is not a list of failed runs")
    except (OSError, ValueError, RecursionError) as error:
        words = f"cannot be read: {reason(error)}; `{shell('batch', file.parents[1])}` makes its runs again"
        raise InputError([Fault(str(file), None, "", words)]) from error
    return rows


TABLES, LEDGER, ASIDE, SCENARIOS = "tables", "ledger", "damaged", "scenarios"
MARK = "runs"  # the table that is written last
CSV = ("runs.csv", "failures.csv")
PART = re.compile(r"part-(\d+)-(\d+)\.parquet")


class RunRange(NamedTuple):
    """Runs `first` to `last`, both included, by their place in the order of runs."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Stem of the part's files."""
        return f"part-{self.first:08d}-{self.last:08d}"


def write_part(folder: Path, part: RunRange, done: ChunkResult, failures: Sequence[dict[str, Any]]) -> None:
    """Write the tables of a part, and of its runs that failed; the table of runs last."""
    if failures:
        write_whole(folder / LEDGER / f"{part.name}.json", json.dumps(failures, indent=1, ensure_ascii=False).encode())
    for name in sorted(done.tables, key=lambda table: table == MARK):
        write_whole(folder / TABLES / name / f"{part.name}.parquet", done.tables[name])


def parts_of(folder: Path) -> list[RunRange]:
    """Return the parts that are there, in order: those in tables/runs that are in all other tables too.

    A power cut may keep a file and lose one that was written before it, in another folder.
    """
    names = {path.name for path in (folder / TABLES / MARK).glob("part-*.parquet")}
    for table in (folder / TABLES).glob("*/"):
        names &= {path.name for path in table.glob("part-*.parquet")}
    matches = [PART.fullmatch(name) for name in names]
    return sorted(RunRange(int(match[1]), int(match[2])) for match in matches if match)


def tidy(folder: Path) -> None:
    """Remove what an interrupted writer left: drafts, and files of parts that are not there."""
    known = {part.name for part in parts_of(folder)}
    patterns = (f".*{DRAFT}", f"{SCENARIOS}/.*{DRAFT}", f"{CARRIED}/*/.*{DRAFT}")
    drafts = [draft for pattern in patterns for draft in folder.glob(pattern)]
    for path in [*(folder / TABLES).glob("*/*"), *(folder / LEDGER).glob("*"), *drafts]:
        if path.name.endswith(DRAFT) or path.stem not in known:
            path.unlink(missing_ok=True)


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of results by its path in the folder: tables, ledger, and their copies as CSV."""
    files = [
        *(folder / TABLES).glob("*/*.parquet"),
        *(folder / LEDGER).glob("*.json"),
        *(folder / name for name in CSV),
    ]
    digests = {}
    for path in sorted(file for file in files if file.is_file()):
        with path.open("rb") as content:
            digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(content, "sha256").hexdigest()
    return digests


def drop_part(folder: Path, part: RunRange) -> None:
    """Remove a part, its table of runs first."""
    (folder / TABLES / MARK / f"{part.name}.parquet").unlink(missing_ok=True)
    tidy(folder)


def gaps(parts: Sequence[RunRange], runs: int) -> Iterator[RunRange]:
    """Give the stretches of the first so many runs that no part has, in order."""
    position = 0
    for part in sorted(parts):
        if part.first > position and position < runs:
            yield RunRange(position, min(part.first, runs) - 1)
        position = max(position, part.last + 1)
    if position < runs:
        yield RunRange(position, runs - 1)


class Share(NamedTuple):
    """A part of which the runs from `start` on count; those before it are in an earlier part as well."""

    part: RunRange
    start: int


def shares_of(parts: Sequence[RunRange]) -> list[Share]:
    """Return parts in order so that every run counts once; parts that hold nothing new are left out."""
    shares, following = [], 0
    for part in sorted(parts):
        start = max(part.first, following)
        if start <= part.last:
            shares.append(Share(part, start))
            following = part.last + 1
    return shares


def overlapping(parts: Sequence[RunRange]) -> list[RunRange]:
    """Return the parts that hold runs of an earlier part."""
    shares = {share.part: share.start for share in shares_of(parts)}
    return [part for part in parts if shares.get(part) != part.first]


def damaged(folder: Path, parts: Sequence[RunRange], tables: Mapping[str, Iterable[str]]) -> dict[RunRange, Path]:
    """Return the parts of which a file cannot be read whole, or lacks rows of its runs, each with one such file."""
    return {part: file for part in parts if (file := _damaged_file(folder, part, tables)) is not None}


def _damaged_file(folder: Path, part: RunRange, tables: Mapping[str, Iterable[str]]) -> Path | None:
    try:
        failures = len(read_failures(ledger := folder / LEDGER / f"{part.name}.json"))
        for name in sorted(tables, key=lambda table: table == MARK):
            file = folder / TABLES / name / f"{part.name}.parquet"
            rows = len(read_columns(file, list(tables[name])))
    except InputError as error:
        return Path(error.faults[0].file)
    if rows + failures == part.last - part.first + 1:
        return None
    return ledger if failures else file


def set_aside(folder: Path, part: RunRange) -> None:
    """Move the files of a damaged part to damaged/, its table of runs first, so that its runs are made again."""
    tables = sorted((folder / TABLES).glob("*/"), key=lambda table: table.name != MARK)
    files = {path.name: path / f"{part.name}.parquet" for path in tables}
    for name, file in {**files, LEDGER: folder / LEDGER / f"{part.name}.json"}.items():
        aside = folder / ASIDE / f"{name}-{file.name}"
        if os.path.lexists(file):
            aside.parent.mkdir(exist_ok=True)
            if aside.is_dir():
                shutil.rmtree(aside)
            file.replace(aside)


def read_columns(file: Path, columns: list[str], study: Path | None = None) -> Any:
    """Return columns of a Parquet file as an Arrow table; InputError, with what to do for a study, if it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file, page_checksum_verification=True).read(columns=columns)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        remedy = f"; to make its runs again: {shell('batch', study)}" if study else ""
        cause = reason(error) if isinstance(error, OSError) and error.strerror else "it is no whole Parquet file"
        words = f"cannot be read: {cause}{remedy}"
        raise InputError([Fault(str(file), None, "", words)]) from error


REPEATED = (*KEY, "day")  # the same in many rows: kept once, and their lowest and highest value in each file noted
FEW_ROWS = 100  # to compress so few takes longer than it saves
TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "small": pa.int32(),
    "float": pa.float64(),
    "date": pa.date32(),
}


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of text in which few words come again and again: places in `names`, i8 [n], each name there once."""

    index: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[str]:
        return (self.names[position] for position in self.index.tolist())


def parquet(kinds: Columns, keys: Sequence[tuple[str, int]], runs: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a Parquet file of the rows of some runs, one mapping of columns a run.

    Columns that are no part of the table are left out; those that a run lacks are null. TypeError or OverflowError where a value
    does not fit its column.
    """
    lengths = [len(next(iter(run.values()))) for run in runs]
    arrays = [
        _key(name, keys, lengths) if name in KEY else _column(kind, [run.get(name) for run in runs], lengths)
        for name, kind in kinds.items()
    ]
    file = io.BytesIO()
    table = pa.Table.from_arrays(arrays, names=list(kinds))
    pq.write_table(
        table,
        file,
        compression="zstd" if len(table) > FEW_ROWS else "none",
        use_dictionary=[name for name, kind in kinds.items() if kind == "text" or name in REPEATED],
        write_statistics=list(REPEATED),
        store_schema=False,
        write_page_checksum=True,
    )
    return file.getvalue()


def _key(name: str, keys: Sequence[tuple[str, int]], lengths: Sequence[int]) -> pa.Array:
    if KEY[name] == "text":
        raw = [scenario.encode() for scenario, _ in keys]
        sizes = np.repeat(np.array([len(encoded) for encoded in raw], dtype=np.int64), lengths)
        return _joined(b"".join(encoded * length for encoded, length in zip(raw, lengths, strict=True)), sizes)
    return _numbers(KEY[name], np.repeat(np.array([number for _, number in keys], dtype=np.int64), lengths))


def _column(kind: Kind, parts: Sequence[Any], lengths: Sequence[int]) -> pa.Array:
    """Return one column of all runs; None stands for a run that does not have it."""
    if parts and isinstance(parts[0], Coded):
        return _coded(parts)
    if kind != "text" and parts and all(isinstance(part, np.ndarray) for part in parts):
        return _numbers(kind, np.concatenate(parts))
    values: list[Any] = []
    for part, length in zip(parts, lengths, strict=True):
        values += (None,) * length if part is None else part.tolist() if isinstance(part, np.ndarray) else part
    if kind == "text":
        return _texts(values)
    if kind == "date":
        return _numbers(kind, np.array(values, dtype="datetime64[D]"))  # None is NaT
    if None not in values:
        return _numbers(kind, np.array(values, dtype=None if values else np.int64))
    missing = np.array([value is None for value in values], dtype=bool)
    return _numbers(kind, np.array([0 if value is None else value for value in values]), missing)


# Arrays are made over their own memory: pa.array would import pandas, which takes a worker as long as dozens of runs.


def _numbers(kind: Kind, values: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Return numbers or dates; NaN and NaT are null, and what `missing`, bool [n], marks."""
    dtype = np.dtype(np.int32 if kind in ("small", "date") else np.float64 if kind == "float" else np.int64)
    if values.dtype.kind not in ("M" if kind == "date" else "fiub" if kind == "float" else "iub"):
        raise TypeError(f"{values.dtype} in a column of {kind}")
    if values.dtype.kind in "fM":
        unknown = np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
        missing = unknown if missing is None else missing | unknown
    whole = values.astype("datetime64[D]").astype(np.int64) if kind == "date" else values
    if missing is not None and missing.any():
        whole = np.where(missing, 0, whole)
    numbers = np.ascontiguousarray(whole.astype(dtype, copy=False))
    if numbers.dtype != whole.dtype and dtype.kind == "i" and (numbers != whole).any():
        raise OverflowError(f"a number does not fit a column of {kind}")
    known = None if missing is None else _validity(missing)
    return pa.Array.from_buffers(TYPES[kind], len(values), [known, pa.py_buffer(numbers)])


def _texts(values: Sequence[str | None]) -> pa.Array:
    """Return text; None is null."""
    coded = {value: b"" if value is None else value.encode() for value in set(values)}
    raw = [coded[value] for value in values]
    missing = np.array([value is None for value in values], dtype=bool) if None in coded else None
    return _joined(b"".join(raw), np.fromiter(map(len, raw), dtype=np.int64, count=len(raw)), missing)


def _coded(parts: Sequence[Coded]) -> pa.Array:
    """Return text of which every run has a code; the names of one run may be others than those of the next."""
    names = {
        name: position for position, name in enumerate(dict.fromkeys(name for part in parts for name in part.names))
    }
    index = np.concatenate([np.array([names[name] for name in part.names], np.int32)[part.index] for part in parts])
    return pa.DictionaryArray.from_arrays(
        pa.Array.from_buffers(pa.int32(), len(index), [None, pa.py_buffer(index)]), _texts(list(names))
    )


def _joined(raw: bytes, sizes: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Return text from its bytes, one after the other, and the number of bytes of each, i8 [n]."""
    ends = np.zeros(len(sizes) + 1, dtype=np.int32)
    ends[1:] = np.cumsum(sizes)
    known = None if missing is None else _validity(missing)
    return pa.Array.from_buffers(TYPES["text"], len(sizes), [known, pa.py_buffer(ends), pa.py_buffer(raw)])


def _validity(missing: np.ndarray) -> pa.Buffer | None:
    return pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
