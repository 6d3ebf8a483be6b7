"""What a finished run tells on the command line: the answer, the escalation statistics, what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.output import console, pairs
from sim.statistics.registry import STATISTICS, base_name
from sim.words import GIVEN, day_text, result_text

if TYPE_CHECKING:
    from sim.record.run import Run

Value = float | int | str | None


def tell(run: Run, folder: Path) -> None:
    """Print the results of a run that was written to `folder`."""
    out = console()
    out.print(f"SIMULATED. {run.scenario.question}")
    out.print(run.answer, style="bold")
    if skipped := skipped_text(run):
        out.print(skipped)
    out.print()
    pairs(statistics_rows(run.summary, int(run.agreements["given"].sum())))
    out.print()
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    print(f"written to {folder}:")
    out.print(", ".join(names))


def skipped_text(run: Run) -> str:
    """Say which given events and policies were impossible on their day and so were skipped; empty where none was."""
    events = run.events[run.events["kind"] == "given_skipped"]
    if events.empty:
        return ""
    one = len(events) == 1
    what = "1 given event was" if one else f"{len(events)} given events were"
    told = [f"{day_text(day)}, {_bare(text)}" for day, text in zip(events["date"], events["text"], strict=True)]
    return f"{what} impossible on {'its' if one else 'their'} day and {'was' if one else 'were'} skipped: {'; '.join(told)}."


def _bare(text: str) -> str:
    """Return an event's sentence without what is said around it already."""
    return text.rpartition("impossible on its day: ")[2].removesuffix(".").removesuffix(GIVEN)


def statistics_rows(summary: dict[str, Value], given: int = 0) -> list[tuple[str, str]]:
    """Return label and text of each statistic; one given by faction, town or level has one row for all of them.

    `given` agreements are not among those signed, but may be broken or expire: they are named beside, so that sums agree.
    """
    parts: dict[str, list[tuple[str, Value]]] = {}
    for key, value in summary.items():
        name = base_name(key)
        parts.setdefault(name, []).append((key[len(name) + 1 :], value))
    rows = {name: _text(name, values) for name, values in parts.items()}
    if given and "agreements_signed" in rows:
        rows["agreements_signed"] += f", besides {given:,} given by the scenario, which may be broken or expire too"
    return [(STATISTICS[name].label, row) for name, row in rows.items()]


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
