"""Arguments and options that several commands share, each declared once as an annotation; the file that `--map` names.

A command names one as the type of its parameter. Where only the help differs, a function makes the annotation's option from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.locate import check_folder
from sim.errors import Fault, InputError

FREE_NAME = "free name"  # what `--map` without a file becomes
SUFFIXES = (".png", ".svg")
MAX_SEED = 2**63 - 1
MAX_STUDY_SEED = 2**53 - 1


def folder_option(text: str) -> Any:
    """Return an option that takes a folder; `text` is its help."""
    return typer.Option(metavar="DIR", help=text)


def set_option(text: str) -> Any:
    """Return the option `--set`, which changes inputs; `text` is its help."""
    return typer.Option("--set", metavar="KEY=VALUE", help=text)


def no_pictures_option(text: str) -> Any:
    """Return the option `--no-pictures`; `text` tells what the command writes then."""
    return typer.Option("--no-pictures", help=text)


def start_map_option(text: str) -> Any:
    """Return the option `--map`, which draws the start of scenarios; `text` is its help."""
    return typer.Option("--map", metavar="[PNG]", help=text)


def run_seed_option(text: str) -> Any:
    """Return the option `--seed` of a single run; `text` is its help."""
    return typer.Option(metavar="N", min=0, max=MAX_SEED, help=text, show_default=False)


ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file.", metavar="FILE", show_default=False)]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN", show_default=False)]
StudyFolder = Annotated[Path, typer.Argument(help="Folder of a study.", metavar="STUDY", show_default=False)]
ResultFolder = Annotated[
    Path, typer.Argument(help="Folder of a run or of a study.", metavar="RUN|STUDY", show_default=False)
]

Sets = Annotated[list[str] | None, set_option("Change an input, by the key `show` prints; repeatable.")]
ScenarioOfStudy = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a study's folder: which scenario.", show_default=False),
]
ReplicateOfStudy = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Of a study's folder: which replicate.", show_default=False),
]
PatternFile = Annotated[
    Path | None,
    typer.Option(
        "--patterns", metavar="FILE.yaml", help="Patterns; those of scenarios/patterns for the map if left out."
    ),
]

RunParent = Annotated[Path, folder_option("Folder in which the run's own is made.")]
StudyParent = Annotated[Path | None, folder_option("Folder in which the study's own is made; outputs if left out.")]
NoRunPictures = Annotated[bool, no_pictures_option("Write no maps, charts and report.")]
PrintOnly = Annotated[bool, no_pictures_option("Print only.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only the run's folder.")]

Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=4096, help="Processes; all cores if left out; 1: no extra process."),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="URL", help="A running Dask scheduler, such as tcp://host:8786.")
]


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
