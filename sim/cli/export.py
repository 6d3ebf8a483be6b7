"""`run.py export`: a run's events and maps as files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.record.exports.choices import Format, LogName


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
    from sim.cli.folder import check_folder
    from sim.cli.locate import find_run
    from sim.record.exports.export import export as write

    if out is not None:
        check_folder(out.parent, "--out")
    for path in write(find_run(run), form, log, out):
        print(path)
