"""Exporting a run to files of other tools. Names begin with `simulated_`; an existing file is never overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import Fault, InputError
from sim.results.columns import Format, LogName
from sim.results.export_events import acled_text, ged_text
from sim.results.export_gis import geojson_text, gpkg_bytes, layers
from sim.results.export_rows import SOURCE, entries

if TYPE_CHECKING:
    from sim.results.run import Run

SUFFIXES = {Format.GED: ".csv", Format.ACLED: ".csv", Format.GEOJSON: ".geojson", Format.GPKG: ".gpkg"}
LAYERS = ("control", "roads", "zone", "events")
PREFIX = f"{SOURCE}_"


def export(run: Run, form: Format, log: LogName = LogName.REPORTED, out: Path | None = None) -> list[Path]:
    """Write a run in a format of another program and return the files: one a layer for GeoJSON, else one.

    Args:
        run: the run.
        form: `Format.GED`, `ACLED`, `GEOJSON` or `GPKG`.
        log: the reported events or the true ones.
        out: the file; `simulated_<run>_<format>` in the working folder if None. For GeoJSON the layer is added before the suffix.

    Raises:
        InputError: if a file exists, or its name has the wrong suffix or does not begin with `simulated_`.

    Example:
        >>> import sim
        >>> from sim.results.columns import Format
        >>> from sim.results.export import export
        >>> [file.name for file in export(sim.simulate("two_valleys", seed=1), Format.GED)]
        ['simulated_two_valleys_ged.csv']
    """
    targets = _targets(run, form, out)
    for path, content in zip(targets, _contents(run, form, log), strict=True):
        _write_new(path, content)
    return targets


def _contents(run: Run, form: Format, log: LogName) -> Iterable[bytes]:
    """Return the contents of the files of a format."""
    run_entries = list(entries(run, log))
    if form is Format.GED:
        return [ged_text(run, run_entries).encode()]
    if form is Format.ACLED:
        return [acled_text(run, run_entries).encode()]
    gis_layers = layers(run, run_entries)
    if form is Format.GEOJSON:
        return [geojson_text(layer).encode() for layer in gis_layers]
    return [gpkg_bytes(gis_layers, run.scenario.start + timedelta(days=run.scenario.days))]


def _targets(run: Run, form: Format, out: Path | None) -> list[Path]:
    """Return the files to write, none of which exists."""
    suffix = SUFFIXES[form]
    tail = f"_{form}" if suffix == ".csv" else ""
    path = out or Path(f"{PREFIX}{run.folder.name if run.folder else run.name}{tail}{suffix}")
    if path.suffix.lower() != suffix:
        raise InputError([Fault("--out", None, "", f"{path} must end in {suffix}")])
    if not path.name.startswith(PREFIX):
        raise InputError([Fault("--out", None, "", f"{path} must be named {PREFIX}*, as in {PREFIX}{path.name}")])
    if not path.parent.is_dir():
        raise InputError([Fault("--out", None, "", f"there is no folder {path.parent}")])
    paths = [path]
    if form is Format.GEOJSON:
        paths = [path.with_name(f"{path.stem}_{layer}{suffix}") for layer in LAYERS]
    if taken := [str(target) for target in paths if target.exists()]:
        raise InputError([Fault("--out", None, "", f"{', '.join(taken)} exists; nothing is overwritten")])
    return paths


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there; nothing is left of one that could not be written whole."""
    with path.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
