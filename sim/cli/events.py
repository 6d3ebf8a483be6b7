"""Commands events, why, export and pack: a run's events in words, the causes of an event or of a town's last change of holder, events and
places for other tools, a result as one file."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import PrintOnly, ResultFolder, RunFolder, folder_option, print_written
from sim.errors import Fault, InputError, did_you_mean
from sim.files import OUTPUTS
from sim.results.columns import Format, LogName, Period

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.results.run import Run
    from sim.statistics.causes import Why
    from sim.study.store import Study


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
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day, such as 2020-03-14.")] = None,
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
        raise InputError([Fault(option, None, "", f"{word!r} is not a date; write it as 2020-03-14")]) from None


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
    result: ResultFolder,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="UCDP GED or ACLED columns, GeoJSON or GeoPackage, a table by administrative unit, the tables of a study.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A new file named simulated_*; in outputs/ if left out."),
    ] = None,
    log: Annotated[LogName, typer.Option(help="The monitor's reports, or the true events.")] = LogName.REPORTED,
    day: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="Layers of a run on this day only, such as 2020-03-14.")
    ] = None,
    by: Annotated[Period, typer.Option(help="Of admin2: a row a week, or a month.")] = Period.MONTH,
) -> None:
    """Write a run's events and layers, or a study's probabilities and tables, for other tools and QGIS; marked as simulated."""
    from sim.cli.locate import check_folder, find_result
    from sim.results.export import export as export_run
    from sim.results.run import Run

    check_folder(OUTPUTS if out is None else out.parent, "--out")
    opened = find_result(result)
    if not isinstance(opened, Run):
        _export_study(opened, form, log, out, day, by)
        return
    for path in export_run(opened, form, log, out, _day(day, "--date"), by):
        print_written(str(path), path)


def _export_study(study: Study, form: Format, log: LogName, out: Path | None, day: str | None, by: Period) -> None:
    """Write a study for other tools, and report on standard error what it does not hold."""
    from sim.study.export import TABLE_OF, export_study, has_events

    if day is not None:
        message = "is for a run; layers of a study have the mornings of its control_days, each with its date"
        raise InputError([Fault("--date", None, "", message)])
    if form is Format.ADMIN2 and not has_events(study, log):
        print(
            f"{study.folder} keeps no events of this log (`keep: [{TABLE_OF[log]}]` in a study file): only towns by holder are counted",
            file=sys.stderr,
        )
    for path in export_study(study, form, log, out, by):
        print_written(str(path), path)


def pack(
    folder: ResultFolder,
    out: Annotated[Path | None, folder_option("Where the file goes; beside the folder if left out.")] = None,
) -> None:
    """Pack a run or a study into a zip file that archives can read, an RO-Crate; a file that is there is never overwritten."""
    from sim.cli.batch import size_text
    from sim.cli.locate import check_folder, find_folder, find_result
    from sim.files import display_path
    from sim.files import pack as packed
    from sim.results.crate import crate_files
    from sim.results.manifest import Kind, read_any_manifest
    from sim.results.run import Run

    folder = find_folder(folder, Kind.RUN, Kind.STUDY)
    result = find_result(folder)
    question = result.scenario.question if isinstance(result, Run) else result.question
    parent = out or folder.resolve().parent
    check_folder(parent, "--out")
    if parent.resolve().is_relative_to(folder.resolve()):
        raise InputError([Fault("--out", None, "", f"{parent} lies in the folder that is packed; take another")])
    file = packed(folder, parent, crate_files(folder, read_any_manifest(folder), question))
    print_written(f"{display_path(file)}, {size_text(file.stat().st_size)}", file)


def why(
    run: ResultFolder,
    what: Annotated[
        str, typer.Argument(help="A town, or the id of an event.", metavar="TOWN|EVENT", show_default=False)
    ],
    out: Annotated[Path | None, folder_option("Folder for the picture; that of the run or study if left out.")] = None,
    no_pictures: PrintOnly = False,
) -> None:
    """Print and draw why a town changed hands, or why an event happened: its causes, and what moved each chance.

    Of a study: in which share of runs a town came to its holder in which way.
    """
    from sim.cli.locate import check_folder, find_result
    from sim.results.run import Run
    from sim.statistics.causes import nothing_line

    result = find_result(run)
    if not isinstance(result, Run):
        _why_study(result, what, out, no_pictures)
        return
    folder = out or result.folder or Path()
    if not no_pictures:
        check_folder(folder, "--out")
    answer, name = explain(result, what)
    if answer is None:
        print(nothing_line(name))
        return
    _print_answer(answer, result)
    if not no_pictures:
        from sim.cli.figure import say_lacking_letters_of
        from sim.plots.cause_diagram import why_picture

        say_lacking_letters_of(result)
        _draw(why_picture(result, answer), folder, name)


def _why_study(study: Study, word: str, out: Path | None, no_pictures: bool) -> None:
    """Print and draw in which share of a study's runs a town came to its holder in which way."""
    from sim.cli.locate import check_folder
    from sim.comparison.control import paths_lines, town_paths

    folder = out or study.folder
    if not no_pictures:
        check_folder(folder, "--out")
    try:
        paths = town_paths(study, word)
    except KeyError as error:
        raise InputError([Fault("TOWN", None, "", str(error.args[0]))]) from None
    print("\n".join(paths_lines(study, paths)))
    if not no_pictures:
        from sim.cli.figure import say_lacking_letters_of
        from sim.plots.cause_diagram import why_study_picture

        say_lacking_letters_of(study)
        _draw(why_study_picture(study, paths), folder, paths.label)


def explain(run: Run, word: str) -> tuple[Why | None, str]:
    """Return the causes of what a word names, and that name: a town's or an event's."""
    from sim.cli.locate import find_event, find_town
    from sim.statistics.causes import why_event, why_town

    event_id = find_event(word)
    if event_id is None:
        town = find_town(run, word, "TOWN")
        return why_town(run, town), run.labels.get(town, town)
    try:
        return why_event(run, event_id), event_id
    except KeyError as error:
        last = f", the last is {run.events['event_id'].iloc[-1]}" if len(run.events) else ""
        raise InputError([Fault("EVENT", None, "", f"{error.args[0]}{last}")]) from None


def _print_answer(answer: Why, run: Run) -> None:
    """Print the tree: drawn with lines on a terminal, as numbered and indented text without one."""
    from sim.cli.console import console
    from sim.statistics.causes import stamp_line, step_lines

    out = console()
    print(stamp_line(run, run.seed))
    for line in (answer.note, answer.title):
        if line:
            out.print(line, style="bold" if line is answer.title else None)
    if out.is_terminal:
        _tree(answer)
    else:
        print("\n".join(step_lines(answer)))


def _tree(answer: Why) -> None:
    from rich.text import Text
    from rich.tree import Tree

    from sim.cli.console import console
    from sim.statistics.causes import head_line, leaf_lines

    tree = Tree(Text(answer.head, style="dim"), guide_style="dim")
    for step in answer.steps:
        style = "bold" if step is answer.steps[-1] else ""
        branch = tree.add(Text(head_line(step), style=style))
        for line in leaf_lines(step):
            branch.add(Text(line, style="dim"))
    console().print(tree)


def _draw(figure: Figure, folder: Path, name: str) -> None:
    """Write a picture as PNG and SVG under a free name; one that is already there is kept."""
    from sim.files import write_whole
    from sim.plots.style import png_bytes, svg_bytes
    from sim.results.run import slug

    contents = {".png": png_bytes(figure), ".svg": svg_bytes(figure)}
    stems = (f"why_{slug(name)}{end}" for end in ("", *(f"-{n}" for n in range(2, 10_000))))
    for stem in stems:
        files = {folder / f"{stem}{suffix}": content for suffix, content in contents.items()}
        if not any(path.exists() for path in files):
            for path, content in files.items():
                write_whole(path, content)
        elif not all(path.is_file() and path.read_bytes() == content for path, content in files.items()):
            continue  # another picture has this name: nothing is overwritten
        print_written(f"picture: {', '.join(str(path) for path in files)}", *files)
        return
