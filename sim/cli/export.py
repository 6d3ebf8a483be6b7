"""Commands export and pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.results.columns import Format, LogName


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN", show_default=False)],
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
    folder: Annotated[
        Path, typer.Argument(help="Folder of a run or of a study.", metavar="RUN|STUDY", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the file goes; beside the folder if left out.")
    ] = None,
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
    file = packed(folder, parent)
    print(f"{file}, {file.stat().st_size / 1e6:.1f} MB")
