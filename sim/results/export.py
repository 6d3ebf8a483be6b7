"""Exporting a run to files of other tools: columns of UCDP GED and ACLED (`export_datasets`), layers in GeoJSON and GeoPackage files
(`export_layers`).

Names begin with `simulated_`; an existing file is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import Fault, InputError
from sim.files import OUTPUTS
from sim.results.columns import Format, LogName, Period
from sim.results.export_admin import run_table
from sim.results.export_datasets import acled_text, ged_text
from sim.results.export_events import SOURCE, entries
from sim.results.export_files import Layer, geojson_text, gpkg_bytes
from sim.results.export_layers import LAYERS, layers

if TYPE_CHECKING:
    from sim.results.run import Run


SUFFIXES = {Format.GEOJSON: ".geojson", Format.GPKG: ".gpkg"}  # of the others .csv
PREFIX = f"{SOURCE}_"


def export(
    run: Run,
    form: Format,
    log: LogName = LogName.REPORTED,
    out: Path | None = None,
    day: date | None = None,
    by: Period = Period.MONTH,
) -> list[Path]:
    """Write a run in a format of another program and return the files: one a layer for GeoJSON, else one.

    Args:
        run: the run.
        form: `Format.GED`, `ACLED`, `ADMIN2`, `GEOJSON` or `GPKG`; tables of a run are CSV as they are.
        log: the reported events or the true ones.
        out: the file; `simulated_<run>_<format>` in outputs/ if None. For GeoJSON the layer is added before the suffix.
        day: of layers, only what holds on this day; all days if None.
        by: of the table by administrative units, weeks or months.

    Raises:
        InputError: if a file exists, its name has the wrong suffix or does not begin with `simulated_`, or the day is not
            one of the run.

    Example:
        >>> import sim
        >>> from sim.results.columns import Format
        >>> from sim.results.export import export
        >>> [file.name for file in export(sim.simulate("two_valleys", seed=1), Format.GED)]
        ['simulated_two_valleys_ged.csv']
    """
    check_day(day, form, run.scenario.start, run.scenario.days)
    name = run.folder.name if run.folder else run.name
    if form is Format.GED:
        return write_parts(name, form, [""], lambda: [ged_text(run, entries(run, log))], out)
    if form is Format.ADMIN2:
        return write_parts(name, form, [""], lambda: [run_table(run, by, log)], out)
    if form is Format.CSV:
        message = "csv is for studies; the tables of a run are CSV files in its folder"
        raise InputError([Fault("--format", None, "", message)])
    if form is Format.ACLED:
        return write_parts(name, form, [""], lambda: [acled_text(run, entries(run, log))], out)
    end = run.scenario.start + timedelta(days=run.scenario.days)
    return write_layers(name, form, LAYERS, lambda: layers(run, entries(run, log), day), end, out)


def check_day(day: date | None, form: Format, start: date, days: int) -> None:
    """Raise InputError if a day is not one of a run of so many days, or the format has no layers."""
    if day is None:
        return
    last = start + timedelta(days=max(days - 1, 0))
    if form not in (Format.GEOJSON, Format.GPKG):
        raise InputError(
            [Fault("--date", None, "", f"chooses the day of layers; {form} has none, geojson and gpkg have")]
        )
    if not start <= day <= last:
        raise InputError([Fault("--date", None, "", f"{day} is not a day of the run; it is from {start} to {last}")])


def write_layers(
    name: str, form: Format, names: Sequence[str], make: Callable[[], list[Layer]], changed: date, out: Path | None
) -> list[Path]:
    """Write layers as GeoJSON, a file each, or as one GeoPackage, dated `changed`; return the files. See `write_parts`."""
    if form is Format.GPKG:
        return write_parts(name, form, [""], lambda: [gpkg_bytes(make(), changed)], out)
    return write_parts(name, form, names, lambda: (geojson_text(layer) for layer in make()), out)


def write_parts(
    name: str, form: Format, parts: Sequence[str], make: Callable[[], Iterable[str | bytes]], out: Path | None
) -> list[Path]:
    """Write the files of a format, none of which may be there, and return their paths.

    Args:
        name: of the run or study, for the files' names if `out` is None.
        form: the format.
        parts: what is added to the name of each file before the suffix; "" for an only file.
        make: gives the contents of the parts, in their order.
        out: the file, before the parts of its name are added.
    """
    path = _target(name, form, out)
    targets = [path.with_name(f"{path.stem}_{part}{path.suffix}") if part else path for part in parts]
    if taken := [str(target) for target in targets if target.exists()]:
        raise InputError([Fault("--out", None, "", f"{', '.join(taken)} exists; nothing is overwritten")])
    for target, content in zip(targets, make(), strict=True):
        _write_new(target, content.encode() if isinstance(content, str) else content)
    return targets


def _target(name: str, form: Format, out: Path | None) -> Path:
    """Return the file to write, before the parts of its name are added; InputError if its name does not fit."""
    suffix = SUFFIXES.get(form, ".csv")
    tail = f"_{form}" if form in (Format.GED, Format.ACLED, Format.ADMIN2) else ""
    path = out or OUTPUTS / f"{PREFIX}{name}{tail}{suffix}"
    if path.suffix.lower() != suffix:
        raise InputError([Fault("--out", None, "", f"{path} must end in {suffix}")])
    if not path.name.startswith(PREFIX):
        raise InputError([Fault("--out", None, "", f"{path} must be named {PREFIX}*, as in {PREFIX}{path.name}")])
    if out is not None and not path.parent.is_dir():
        raise InputError([Fault("--out", None, "", f"there is no folder {path.parent}")])
    return path


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there; nothing is left of one that could not be written whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
