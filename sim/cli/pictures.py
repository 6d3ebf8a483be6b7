"""Pictures that commands draw: `--map`, and a second process for the pictures of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.locate import check_folder
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.geography.maps import Geography
    from sim.results.run import Run
    from sim.scenario.schema import Scenario
    from sim.study.store import Study


@contextmanager
def second_process(enabled: bool) -> Iterator[Executor | None]:
    """Give a process that draws, from now on making itself ready; None where it is not wanted, cannot be had, or there is
    one core.
    """
    from sim.study.executors import cores, end_workers

    with ExitStack() as stack:
        process = _started(stack) if enabled and cores() > 1 else None
        try:
            yield process
        except KeyboardInterrupt:
            if process is not None:
                end_workers(process)  # what they draw is of no use, and to wait for it takes seconds
            raise


def _started(stack: ExitStack) -> Executor | None:
    """Start the process, to be ended with the stack; None where the system gives none."""
    from sim.study.executors import start_helpers, start_method, stay_with_parent

    context = get_context(start_method())
    try:
        start_helpers()
        process = stack.enter_context(ProcessPoolExecutor(1, mp_context=context, initializer=stay_with_parent))
        process.submit(_get_ready)
    except (OSError, NotImplementedError, BrokenExecutor):
        return None
    return process


def _get_ready() -> None:
    import_module("sim.plots.run_report")


FREE_NAME = "free name"  # what `--map` without a file becomes
SUFFIXES = (".png", ".svg")


def name_maps(words: list[str]) -> list[str]:
    """Give every `--map` of a command line that has no file name the word for a free name."""
    out: list[str] = []
    for i, word in enumerate(words):
        out.append(word)
        following = words[i + 1] if i + 1 < len(words) else ""
        bare_option = following.startswith("-") or not following
        if word == "--map" and (bare_option or Path(following).suffix.lower() in {".yaml", ".yml"}):
            out.append(FREE_NAME)
    return out


def picture_file(requested: str, stem: str) -> Path:
    """Return the file to draw to, which does not exist yet; raise InputError where it cannot be."""
    if requested == FREE_NAME:
        check_folder(Path.cwd(), "--map")
        names = (Path(f"{stem}{end}.png") for end in ("", *(f"-{n}" for n in range(2, 10_000))))
        return next(name for name in names if not name.exists())
    return new_picture(Path(requested), "--map")


def new_picture(path: Path, option: str) -> Path:
    """Return a file to draw to, after a look at its name and folder; raise InputError where it cannot be."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError([Fault(option, None, "", f"{path} must end in {' or '.join(SUFFIXES)}")])
    if path.exists():
        raise InputError([Fault(option, None, "", f"{path} exists; nothing is overwritten")])
    if not path.parent.is_dir():
        raise InputError([Fault(option, None, "", f"there is no folder {path.parent}")])
    check_folder(path.parent, option)
    return path


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
    for found in results:
        if isinstance(found, Run):
            starts.append((found.scenario, found.geography))
        else:
            geography = found.geography()
            starts += [(scenario, geography) for scenario in found.scenarios.values()]
    say_lacking_letters(*starts)


def draw_starts(path: Path, *starts: tuple[Scenario, Geography]) -> None:
    """Draw the start of one scenario with the towns that policies change, or of two side by side, to `path`; say so."""
    from sim.plots.map.sheets import start_map, start_maps
    from sim.preview import policy_marks

    first, *others = starts
    say_lacking_letters(*starts)
    figure = start_maps(first, others[0]) if others else start_map(*first, policy_marks(*first))
    save_picture(path, figure)
    print(f"map: {path}")
