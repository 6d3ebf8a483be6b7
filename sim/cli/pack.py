"""`run.py pack`: a run or a study as one file for a colleague."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    folder: Annotated[
        Path, typer.Argument(help="Folder of a run or of a study.", metavar="RUN|STUDY", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the file goes; beside the folder if left out.")
    ] = None,
) -> None:
    """Pack a run or a study into a zip file; a file that is there is never overwritten."""
    from sim.cli.folder import check_folder
    from sim.cli.locate import find_folder
    from sim.record.manifest import read_manifest
    from sim.study.kind import Kind, kind_of
    from sim.study.manifest import read_study_manifest
    from sim.study.pack import pack as packed

    folder = find_folder(folder, Kind.RUN, Kind.STUDY)
    if kind_of(folder) is Kind.STUDY:
        read_study_manifest(folder)
    else:
        read_manifest(folder)
    place = out or folder.resolve().parent
    check_folder(place, "--out")
    file = packed(folder, place)
    print(f"{file}, {file.stat().st_size / 1e6:.1f} MB")
