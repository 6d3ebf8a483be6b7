"""Columns of many runs as one Parquet file in memory. pyarrow alone, for workers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.study.tables import KEY, Columns, Kind

TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "small": pa.int32(),
    "float": pa.float64(),
    "date": pa.date32(),
}


def schema(kinds: Columns) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])


def parquet(kinds: Columns, keys: Sequence[tuple[str, int]], runs: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a Parquet file of the rows of some runs, one mapping of columns a run.

    Columns that are no part of the table are left out; those that a run lacks are null. ArrowInvalid where a value does
    not fit its column.
    """
    lengths = [len(next(iter(run.values()))) for run in runs]
    arrays = [
        _key(name, keys, lengths) if name in KEY else _column(kind, [run.get(name) for run in runs], lengths)
        for name, kind in kinds.items()
    ]
    file = io.BytesIO()
    table = pa.Table.from_arrays(arrays, schema=schema(kinds))
    pq.write_table(table, file, compression="zstd", store_schema=False)
    return file.getvalue()


def _key(name: str, keys: Sequence[tuple[str, int]], lengths: Sequence[int]) -> pa.Array:
    values = [key[list(KEY).index(name)] for key in keys]
    rows = np.repeat(np.arange(len(keys)), lengths)
    return pa.array(values, TYPES[KEY[name]]).take(pa.array(rows))


def _column(kind: Kind, parts: Sequence[Any], lengths: Sequence[int]) -> pa.Array:
    """Return one column of all runs; None stands for a run that does not have it."""
    if not parts:
        return pa.array([], TYPES[kind])
    if isinstance(parts[0], list) or any(part is None for part in parts):
        values = [
            value
            for part, length in zip(parts, lengths, strict=True)
            for value in ([None] * length if part is None else part)
        ]
        return pa.array(values, TYPES[kind])
    joined = np.concatenate(parts)
    return pa.array(joined, TYPES[kind]) if kind in ("text", "date") else pa.array(joined).cast(TYPES[kind])
