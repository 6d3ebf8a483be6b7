"""Rows as CSV text under the column names of another data set."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any


def table_text(columns: str, rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV text. `columns` are names with blanks between; of a row that lacks one the cell is empty, one
    that is not named is a ValueError.
    """
    text = io.StringIO()
    out = csv.DictWriter(text, columns.split(), restval="", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue()
