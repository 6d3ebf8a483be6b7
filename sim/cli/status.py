"""`run.py status`: how far a study is, what failed and why, and how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def status(
    study: Annotated[Path, typer.Argument(help="Folder of a study.", metavar="STUDY", show_default=False)],
) -> None:
    """Say what of a study is done, what failed and why, and the command that goes on."""
    from sim.cli.locate import find_folder
    from sim.study.kind import Kind
    from sim.study.status import status_lines
    from sim.study.store import Study

    for line in status_lines(Study.open(find_folder(study, Kind.STUDY))):
        print(line)
