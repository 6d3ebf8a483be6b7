"""`run.py why`: the causes of a town's last change of holder, or of any event, as a tree and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import PrintOnly, ResultFolder, folder_option
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.results.run import Run
    from sim.statistics.causes import Why
    from sim.study.store import Study


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
        print(f"picture: {', '.join(str(path) for path in files)}")
        return
