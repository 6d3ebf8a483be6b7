"""Commands events, export and pack: a run's events in words, its events and places for other tools, a result as one file."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import ResultFolder, RunFolder, folder_option
from sim.errors import Fault, InputError, did_you_mean
from sim.results.columns import Format, LogName

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.run import Run

FEW_COLUMNS = 72  # narrower than this, an event is one running line


def events(
    run: RunFolder,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only this kind of event, such as capture; repeatable.")
    ] = None,
    town: Annotated[
        list[str] | None, typer.Option(metavar="TOWN", help="Only in this town, by any of its names; repeatable.")
    ] = None,
    faction: Annotated[
        list[str] | None, typer.Option(metavar="FACTION", help="Only with this faction or group; repeatable.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day, such as 2018-10-29.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last day.")] = None,
    reported: Annotated[bool, typer.Option("--reported", help="What was reported instead of what happened.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print all columns as CSV.")] = False,
) -> None:
    """List events of a run in words, with id, date and place."""
    from sim.cli.locate import find_run, find_town

    opened_run = find_run(run)
    towns = [find_town(opened_run, word, "--town") for word in town or []]
    sides = [find_side(opened_run, word) for word in faction or []]
    kinds = [find_kind(word) for word in kind or []]
    table = opened_run.events_reported if reported else opened_run.events
    days = (_day(first, "--from"), _day(until, "--until"))
    _check_days(days, opened_run, table)
    chosen = choose(table, kinds, towns, sides, days)
    if csv:
        from sim.results.run import csv_text

        print(csv_text(chosen), end="")
    else:
        _print_events(opened_run, chosen, len(table), "report" if reported else "event")


def find_kind(word: str) -> str:
    """Return the kind of event meant by a word; blanks and hyphens stand for underscores."""
    from sim.engine.kinds import EVENT_KINDS

    kind = word.strip().lower().replace(" ", "_").replace("-", "_")
    if kind not in EVENT_KINDS:
        guess = did_you_mean(kind, EVENT_KINDS) or f"; there are {', '.join(EVENT_KINDS)}"
        raise InputError([Fault("--kind", None, "", f"there is no kind of event {word!r}{guess}")])
    return kind


def find_side(run: Run, word: str) -> str:
    """Return the code of a faction, or the name of a group, meant by a word, whatever its case."""
    names: dict[str, str] = {}
    for faction in run.scenario.factions.values():
        names |= {group.casefold(): group for group in faction.groups}
    for name, faction in run.scenario.factions.items():  # a faction goes before a group of the same name
        names |= {name.casefold(): faction.code or name, (faction.code or name).casefold(): faction.code or name}
    if word.casefold() not in names:
        known = {spelt: spelt for spelt in (*run.scenario.factions, *names.values())}
        close = did_you_mean(word, known) or did_you_mean(word.casefold(), names)
        guess = close or f"; there are {', '.join(f.code or n for n, f in run.scenario.factions.items())}"
        raise InputError([Fault("--faction", None, "", f"there is no faction or group {word!r}{guess}")])
    return names[word.casefold()]


def _day(word: str | None, option: str) -> date | None:
    try:
        return None if word is None else datetime.strptime(word.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise InputError([Fault(option, None, "", f"{word!r} is not a date; write it as 2018-10-29")]) from None


def _check_days(days: tuple[date | None, date | None], run: Run, table: pd.DataFrame) -> None:
    """Raise InputError if no day of the run, or of its table of events or reports, lies between the two dates."""
    first, until = days
    start = run.scenario.start
    last = max([start + timedelta(days=max(run.scenario.days - 1, 0)), *table["date"].dt.date])
    allowed = f"the run is from {start} to {last}"
    if first is not None and first > last:
        raise InputError([Fault("--from", None, "", f"{first} is after the last day; {allowed}")])
    if until is not None and until < start:
        raise InputError([Fault("--until", None, "", f"{until} is before the first day; {allowed}")])
    if first is not None and until is not None and until < first:
        raise InputError([Fault("--until", None, "", f"{until} is before --from, {first}; {allowed}")])


def choose(
    table: pd.DataFrame, kinds: list[str], towns: list[str], sides: list[str], days: tuple[date | None, date | None]
) -> pd.DataFrame:
    """Return the rows of some kinds, towns, sides (codes of factions or names of groups), from one day to another."""
    keep = table["day"] == table["day"]
    if kinds:
        keep &= table["kind"].isin(kinds)
    if towns:
        keep &= table["town"].isin(towns)
    if sides:
        who = [name for name in ("initiator", "target", "initiator_group", "target_group") if name in table.columns]
        keep &= table[who].isin(sides).any(axis=1)
    when = table["date"].dt.date
    if days[0] is not None:
        keep &= when >= days[0]
    if days[1] is not None:
        keep &= when <= days[1]
    return table[keep]


def _print_events(run: Run, chosen: pd.DataFrame, total: int, noun: str) -> None:
    """Print one row an event: id, date, place, sentence."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.text import day_text, plural

    out = console()
    of = f" of {total:,}" if len(chosen) < total else ""
    out.print(
        f"SIMULATED. {run.scenario.title}, seed {run.seed}: {len(chosen):,}{of} {plural(total, noun).split(' ', 1)[1]}"
    )
    rows = zip(chosen[f"{noun}_id"], chosen["date"].dt.date, chosen["town"], chosen["text"], strict=True)
    cells = [(name, day_text(when), run.labels.get(town, town), text) for name, when, town, text in rows]
    if out.width < FEW_COLUMNS:
        for row in cells:
            out.print("  ".join(part for part in row if part))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for style, ratio in (("dim", None), (None, None), (None, None), (None, 1)):
        table.add_column(style=style, no_wrap=ratio is None, ratio=ratio, overflow="fold")
    for row in cells:
        table.add_row(*row)
    out.print(table)


def export(
    run: RunFolder,
    form: Annotated[
        Format, typer.Option("--format", help="UCDP GED or ACLED columns, GeoJSON or GeoPackage.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A new file named simulated_*; a free choice in this folder if left out."),
    ] = None,
    log: Annotated[LogName, typer.Option(help="The monitor's reports, or the true events.")] = LogName.REPORTED,
) -> None:
    """Write a run's events, control, zone and roads for other tools and QGIS; marked as simulated."""
    from sim.cli.locate import check_folder, find_run
    from sim.results.export import export as write

    if out is not None:
        check_folder(out.parent, "--out")
    for path in write(find_run(run), form, log, out):
        print(path)


def pack(
    folder: ResultFolder,
    out: Annotated[Path | None, folder_option("Where the file goes; beside the folder if left out.")] = None,
) -> None:
    """Pack a run or a study into a zip file; a file that is there is never overwritten."""
    from sim.cli.locate import check_folder, find_folder
    from sim.files import pack as packed
    from sim.results.manifest import read_manifest
    from sim.study.manifest import read_study_manifest
    from sim.study.path_kind import Kind, kind_of

    folder = find_folder(folder, Kind.RUN, Kind.STUDY)
    if kind_of(folder) is Kind.STUDY:
        read_study_manifest(folder)
    else:
        read_manifest(folder)
    parent = out or folder.resolve().parent
    check_folder(parent, "--out")
    if parent.resolve().is_relative_to(folder.resolve()):
        raise InputError([Fault("--out", None, "", f"{parent} lies in the folder that is packed; take another")])
    file = packed(folder, parent)
    print(f"{file}, {file.stat().st_size / 1e6:.1f} MB")
