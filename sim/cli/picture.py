"""Pictures that `check` and `changes` draw on request: `--map` alone picks a free name, `--map FILE` is that file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.folder import check_folder
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.geography.maps import Geography
    from sim.record.run import Run
    from sim.scenario.schema import Scenario
    from sim.study.store import Study

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


def picture_file(wanted: str, stem: str) -> Path:
    """Return the file to draw to, which does not exist yet; raise InputError where it cannot be."""
    if wanted == FREE_NAME:
        check_folder(Path.cwd(), "--map")
        names = (Path(f"{stem}{end}.png") for end in ("", *(f"-{n}" for n in range(2, 10_000))))
        return next(name for name in names if not name.exists())
    return new_picture(Path(wanted), "--map")


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
    from sim.plots.style import png_bytes, svg_bytes, write_whole

    write_whole(path, svg_bytes(figure) if path.suffix.lower() == ".svg" else png_bytes(figure))


def say_lacking_letters(*starts: tuple[Scenario, Geography]) -> None:
    """Print one line on letters in names that the pictures' font lacks; nothing if it has them all."""
    from sim.plots.letters import lacking_line

    if line := lacking_line(starts):
        print(line, file=sys.stderr, flush=True)


def say_lacking_letters_of(*results: Run | Study) -> None:
    """Print one line on letters in the names of runs and studies that the pictures' font lacks."""
    from sim.record.run import Run

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
    from sim.engine.implied import policy_marks
    from sim.plots.maps import start_map, start_maps

    one, *others = starts
    say_lacking_letters(*starts)
    figure = start_maps(one, others[0]) if others else start_map(*one, policy_marks(*one))
    save_picture(path, figure)
    print(f"map: {path}")
