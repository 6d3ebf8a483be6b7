"""Tables as pandas DataFrames, written to and read from CSV without loss.

CSV is UTF-8 with LF line ends; floats are the shortest text that reads back as the same number, dates ISO 8601.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.record.columns import FILES, kind_of

DTYPES: dict[str, Any] = {"int": "int64", "float": "float64", "date": "datetime64[s]", "text": object}


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
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError([Fault(str(path), None, "", f"cannot be read: {' '.join(str(fault).split())}")]) from fault
    wanted = [column.name for column in FILES[file].columns if "<" not in column.name]
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        raise InputError([Fault(str(path), 1, "", f"columns are missing: {', '.join(missing)}")])
    return pd.DataFrame({name: _typed(file, name, raw[name], path) for name in raw.columns})


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
    except ValueError as fault:
        said = str(fault).partition("\n")[0]  # pandas goes on with advice to programmers
        raise InputError([Fault(str(path), None, name, f"not all values are of type {kind}: {said}")]) from fault
