"""What a finished run tells on the command line: the answer, the escalation statistics, what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.output import console, pairs
from sim.statistics.registry import STATISTICS, base_name
from sim.words import result_text

if TYPE_CHECKING:
    from sim.record.run import Run

Value = float | int | str | None


def tell(run: Run, folder: Path) -> None:
    """Print the results of a run that was written to `folder`."""
    out = console()
    out.print(f"SIMULATED. {run.scenario.question}")
    out.print(run.answer, style="bold")
    out.print()
    pairs(statistics_rows(run.summary))
    out.print()
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    print(f"written to {folder}:")
    out.print(", ".join(names))


def statistics_rows(summary: dict[str, Value]) -> list[tuple[str, str]]:
    """Return label and text of each statistic; one given by faction, town or level has one row for all of them."""
    parts: dict[str, list[tuple[str, Value]]] = {}
    for key, value in summary.items():
        name = base_name(key)
        parts.setdefault(name, []).append((key[len(name) + 1 :], value))
    return [(STATISTICS[name].label, _text(name, found)) for name, found in parts.items()]


def _text(name: str, found: list[tuple[str, Value]]) -> str:
    """Say the values of a statistic: "12 days", "day 53", "HTS 1, NLF 2" with those at zero left out."""
    unit, per = STATISTICS[name].unit, STATISTICS[name].per
    if not per:
        value = found[0][1]
        return f"day {value}" if unit == "day" and value is not None else result_text(value, unit)
    said = [f"{part} {result_text(value)}" for part, value in found if value or per == "level"]
    if per == "town":
        said = [f"{part}: {value}" for part, value in found]
    return ", ".join(said) or "none"
