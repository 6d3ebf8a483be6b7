"""Columns of many runs as one Parquet file in memory. pyarrow alone, for workers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.study.manifest import KEY, Columns, Kind

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
