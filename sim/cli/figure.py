"""`run.py figure`: one figure of a run or a study, laid out for a width on paper, with its caption in a text file; pictures of other commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import ResultFolder, print_written
from sim.errors import Fault, InputError, did_you_mean
from sim.files import OUTPUTS
from sim.text import shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.geography.maps import Geography
    from sim.pages.history import Snapshot
    from sim.plots.figures import Figures
    from sim.results.run import Run
    from sim.scenario.schema import Scenario
    from sim.study.store import Study

FORMATS = ("pdf", "svg", "png")
PAPER_DPI = 300


def figure(
    result: ResultFolder,
    name: Annotated[
        str | None, typer.Argument(help="Figure; the names are listed if left out.", metavar="NAME", show_default=False)
    ] = None,
    day: Annotated[int | None, typer.Option(metavar="D", min=0, help="Day of a map; the last if left out.")] = None,
    width_mm: Annotated[float, typer.Option("--width-mm", metavar="MM", help="Width on paper, 80 to 400.")] = 85.0,
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME", help="Statistics of differences, heatmap and distributions; all if left out."
        ),
    ] = None,
    days: Annotated[
        str | None, typer.Option(metavar="FIRST:LAST", help="Mornings of courses over time; all if left out.")
    ] = None,
    no_title: Annotated[bool, typer.Option("--no-title", help="Leave the title out of the picture.")] = False,
    format: Annotated[str | None, typer.Option(metavar="pdf|svg|png", help="pdf if left out.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to draw to; a free name in outputs/ if left out.", show_default=False),
    ] = None,
) -> None:
    """Draw one figure for a paper, with caption and provenance in a text file beside it."""
    from sim.cli.locate import find_result
    from sim.plots.comparison.sheet import LEAST_WIDTH_MM, MOST_WIDTH_MM, without_titles

    if not LEAST_WIDTH_MM <= width_mm <= MOST_WIDTH_MM:
        raise _fault("--width-mm", f"{width_mm:g} is not from {LEAST_WIDTH_MM:g} to {MOST_WIDTH_MM:g}")
    suffix, mornings = _format(format, out), _mornings(days)
    source = find_result(result)
    figures = _figures(source, drawn=name is not None)
    if name is None:
        if day is not None or out is not None:
            raise _fault("NAME", f"is missing; `{shell('figure', result)}` lists the figures")
        _list(figures, result)
        return
    if name not in figures.kinds:
        listed = f"; `{shell('figure', result)}` lists them"
        raise _fault("NAME", f"there is no figure {name!r}{did_you_mean(name, figures.kinds) or listed}")
    if day is not None and not figures.kinds[name].dated:
        raise _fault("--day", f"{name} is not of a day")
    if day is not None:
        _check_day(day, figures)
    path = _file(name, day, suffix, out)
    dated = ["--day", str(day)] if day is not None else []
    figures = _limited(figures, rows, mornings)
    chosen = [
        *(["--rows", rows] if rows else []),
        *(["--days", days] if days else []),
        *(["--no-title"] if no_title else []),
    ]
    asked = [str(result), name, *dated, *chosen, "--width-mm", f"{width_mm:g}", "--format", suffix]
    command = shell("figure", *asked)
    say_lacking_letters_of(source)
    with without_titles() if no_title else nullcontext():
        _draw(figures, name, width_mm, day, path, command)


def _limited(figures: Figures, rows: str | None, mornings: tuple[int, int] | None) -> Figures:
    """Return the figures of the statistics and mornings asked for."""
    from dataclasses import replace

    from sim.comparison.results import Comparison
    from sim.plots.figures import limited, statistics_of

    if rows is None and mornings is None:
        return figures
    if not isinstance(figures.source, Comparison):
        raise _fault("--days" if rows is None else "--rows", "is of studies, not of single runs")
    try:
        source = limited(figures.source, [part.strip() for part in rows.split(",")] if rows else (), mornings)
    except KeyError as error:
        known = statistics_of(figures.source)
        listed = f"; known are {', '.join(known)}"
        raise _fault(
            "--rows", f"there is no statistic {error.args[0]!r}{did_you_mean(error.args[0], known) or listed}"
        ) from None
    except ValueError as error:
        raise _fault("--days", str(error)) from None
    return replace(figures, source=source)


def _mornings(text: str | None) -> tuple[int, int] | None:
    """Return the first and last morning of "FIRST:LAST"; None for none."""
    if text is None:
        return None
    first, _colon, last = text.partition(":")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and int(first) < int(last)):
        raise _fault("--days", f"{text!r} is not FIRST:LAST, two days such as 0:60")
    return int(first), int(last)


def _check_day(day: int, figures: Figures) -> None:
    """Raise InputError if a run does not have the day, or a study does not keep control on it."""
    from sim.comparison.results import Comparison

    if isinstance(figures.source, Comparison):
        if day not in (days_kept := figures.source.control.days.tolist()):
            raise _fault("--day", f"control is not kept on day {day}; it is on {', '.join(map(str, days_kept))}")
    elif day > (last := figures.source.states.days):
        raise _fault("--day", f"{day} is after the run's last day; allowed is 0 to {last}")


def _fault(option: str, message: str) -> InputError:
    return InputError([Fault(option, None, "", message)])


def _format(format: str | None, out: Path | None) -> str:
    """Return the format: as asked for, else by the file's name, else PDF."""
    named = out.suffix.lower().lstrip(".") if out else ""
    suffix = (named or "pdf" if format is None else format).lower()
    if suffix not in FORMATS:
        option = "--out" if format is None else "--format"
        raise _fault(option, f"{suffix!r} is none of {', '.join(FORMATS)}{did_you_mean(suffix, FORMATS)}")
    if named and named != suffix:
        raise _fault("--out", f"{out} does not end in .{suffix}")
    return suffix


def _figures(source: object, drawn: bool = True) -> Figures:
    """Return the figures of a run or a study; they are only listed, not `drawn`, without forces and fronts."""
    from sim.comparison.compare import compare
    from sim.plots.figures import figures_of_comparison, figures_of_run
    from sim.results.run import Run
    from sim.study.store import Study

    if isinstance(source, Run):
        return figures_of_run(source, _mornings_of(source) if drawn else ())
    assert isinstance(source, Study)
    print("comparing runs", file=sys.stderr, flush=True)
    return figures_of_comparison(compare(source), source)


def _mornings_of(run: Run) -> Sequence[Snapshot]:
    """Return the mornings of a run, simulated again for forces and fronts; none, and say why, if that gives another run."""
    from sim.cli.run import compile_rules
    from sim.pages.run_document import record_run

    try:
        compile_rules(run.scenario, run.geography)
        return record_run(run).history.snapshots
    except InputError as error:
        reason = "; ".join(fault.message for fault in error.faults)
        print(f"the map has no forces, columns and fronts: {reason}", file=sys.stderr, flush=True)
        return ()


def _list(figures: Figures, result: Path) -> None:
    from sim.cli.console import pairs

    rows = [(kind.name, f"{kind.about}{' (--day)' if kind.dated else ''}") for kind in figures.kinds.values()]
    pairs(rows, title=f"Figures of {result}")


def _file(name: str, day: int | None, suffix: str, out: Path | None) -> Path:
    """Return the file to draw to; neither it nor its caption exists yet."""
    from sim.cli.locate import check_folder
    from sim.plots.figures import file_stem

    if out is not None:
        path = out if out.suffix else out.with_name(f"{out.name}.{suffix}")
        if path.exists():
            raise _fault("--out", f"{path} exists; nothing is overwritten")
        if (caption := _caption_file(path)).exists():
            raise _fault("--out", f"{caption} exists; nothing is overwritten")
        if not path.parent.is_dir():
            raise _fault("--out", f"there is no folder {path.parent}")
        check_folder(path.parent, "--out")
        return path
    check_folder(OUTPUTS, "--out")
    stem = file_stem(name) + (f"_day{day}" if day is not None else "")
    for number in range(1, 10_000):
        path = OUTPUTS / f"{stem}{'' if number == 1 else f'-{number}'}.{suffix}"
        if not path.exists() and not _caption_file(path).exists():
            return path
    raise _fault("--out", f"all names of {stem} are taken")


def _caption_file(path: Path) -> Path:
    """Return the file for the caption of fan.svg: fan.txt, or fan.svg.txt where another format has that."""
    first = path.with_suffix(".txt")
    return path.with_name(f"{path.name}.txt") if first.exists() else first


def _draw(figures: Figures, name: str, width_mm: float, day: int | None, path: Path, command: str) -> None:
    from sim.files import write_whole
    from sim.plots.figures import caption_text
    from sim.plots.style import pdf_bytes, png_bytes, svg_bytes

    drawn = figures.kinds[name].draw(figures.source, width_mm=width_mm, day=day)
    make: dict[str, Callable[[Any], bytes]] = {
        ".pdf": pdf_bytes,
        ".svg": svg_bytes,
        ".png": lambda figure: png_bytes(figure, PAPER_DPI),
    }
    write_whole(path, make[path.suffix.lower()](drawn.figure))
    caption = caption_text(drawn, figures, command)
    beside = write_whole(_caption_file(path), caption.encode("utf-8"))
    print_written(f"figure: {path}, caption: {beside}", path, beside)


# Pictures that other commands draw --------------------------------------------------------------------------------


def save_picture(path: Path, figure: Figure) -> None:
    """Write a figure as PNG or SVG, by the file's name."""
    from sim.files import write_whole
    from sim.plots.style import png_bytes, svg_bytes

    write_whole(path, svg_bytes(figure) if path.suffix.lower() == ".svg" else png_bytes(figure))


def say_lacking_letters(*starts: tuple[Scenario, Geography]) -> None:
    """Print one line on letters in names that the pictures' font lacks; nothing if it has them all."""
    from sim.plots.labels import lacking_line

    if line := lacking_line(starts):
        print(line, file=sys.stderr, flush=True)


def say_lacking_letters_of(*results: Run | Study) -> None:
    """Print one line on letters in the names of runs and studies that the pictures' font lacks."""
    from sim.results.run import Run

    starts: list[tuple[Scenario, Geography]] = []
    for result in results:
        if isinstance(result, Run):
            starts.append((result.scenario, result.geography))
        else:
            geography = result.geography()
            starts += [(scenario, geography) for scenario in result.scenarios.values()]
    say_lacking_letters(*starts)


def draw_starts(path: Path, *starts: tuple[Scenario, Geography]) -> None:
    """Draw the start of one scenario with the towns that policies change, or of two side by side, to `path`; say so."""
    from sim.plots.map.sheets import start_map, start_maps
    from sim.preview import policy_marks

    first, *others = starts
    say_lacking_letters(*starts)
    figure = start_maps(first, others[0]) if others else start_map(*first, policy_marks(*first))
    save_picture(path, figure)
    print_written(f"map: {path}", path)
