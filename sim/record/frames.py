"""Tables as pandas DataFrames, written to and read from CSV without loss.

CSV is UTF-8 with LF line ends; floats are the shortest text that reads back as the same number, dates ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError, reason
from sim.record.columns import FILES, kind_of

DTYPES: dict[str, Any] = {"int": "int64", "float": "float64", "date": "datetime64[s]", "text": object}
LONGEST_HEADER = 1_000_000  # characters


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
