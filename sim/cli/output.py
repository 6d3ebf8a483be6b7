"""Where the command line writes: results to standard output, progress and faults to standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or 100 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 100
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def pairs(rows: list[tuple[str, str]], title: str | None = None) -> None:
    """Print rows of label and text, aligned, wrapped to the width there is."""
    from rich.table import Table

    out = console()
    if title:
        out.print(title, style="bold")
    if out.width < 60:  # no room for two columns
        for label, text in rows:
            out.print(f"{label}: {text}")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=False, style="dim")
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text)
    out.print(table)
