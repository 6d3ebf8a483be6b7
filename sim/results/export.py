"""Exporting a run to files of other tools: UCDP GED and ACLED columns here, layers in `export_gis`.

Names begin with `simulated_`; an existing file is never overwritten.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError
from sim.event_kinds import AGAINST_CIVILIANS, TABLE
from sim.results.columns import Format, LogName
from sim.results.export_gis import geojson_text, gpkg_bytes, layers
from sim.results.export_rows import REGION_ONLY, SOURCE, Entry, ExportedSide, entries, table_text

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


GED_COLUMNS = """
id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id conflict_name dyad_dset_id
dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id side_b_new_id side_b number_of_sources
source_article source_office source_date source_headline source_original where_prec where_coordinates
where_description adm_1 adm_2 latitude longitude geom_wkt priogrid_gid country country_id region event_clarity
date_prec date_start date_end deaths_a deaths_b deaths_civilians deaths_unknown best high low gwnoa gwnob
"""

STATE_BASED, NON_STATE, ONE_SIDED = 1, 2, 3
CIVILIANS = "Civilians"
DATE_PRECISION = ((1, 1), (6, 2), (7, 3), (31, 4))  # days covered at most, and their code; more is 5


def ged_text(run: Run, entries: Iterable[Entry]) -> str:
    """Return the lethal events as CSV text; a clash reported without deaths stays, with `best` 0, as GED has them."""
    lethal_entries = [entry for entry in entries if lethal(entry)]
    return table_text(GED_COLUMNS, [ged_row(run, entry, number) for number, entry in enumerate(lethal_entries, 1)])


def lethal(entry: Entry) -> bool:
    """Return whether an event is one that GED records: with deaths, or a clash, between known sides."""
    sided = bool(entry.one.name and entry.other.name) or entry.kind in AGAINST_CIVILIANS
    return sided and (entry.deaths > 0 or entry.kind == "clash")


def sides(entry: Entry) -> tuple[ExportedSide, ExportedSide, int, int]:
    """Return side a, side b and their deaths: a government first, else in order of their names, civilians last."""
    if entry.kind in AGAINST_CIVILIANS:
        return entry.one, ExportedSide(CIVILIANS), entry.deaths_one, 0
    first = (entry.one, entry.deaths_one)
    second = (entry.other, entry.deaths_other)
    (a, dead_a), (b, dead_b) = sorted((first, second), key=lambda pair: (pair[0].role != "government", pair[0].name))
    return a, b, dead_a, dead_b


def ged_row(run: Run, entry: Entry, number: int) -> dict[str, Any]:
    """Return one event under GED's names."""
    a, b, dead_a, dead_b = sides(entry)
    kind = ONE_SIDED if b.name == CIVILIANS else STATE_BASED if "government" in (a.role, b.role) else NON_STATE
    dyad, deaths = f"{a.name} - {b.name}", entry.deaths
    return {
        "id": entry.id,
        "relid": f"SIM-{entry.start.year}-{kind}-{number}",
        "year": entry.start.year,
        "code_status": SOURCE,
        "type_of_violence": kind,
        "conflict_name": dyad,
        "dyad_name": dyad,
        "side_a": a.name,
        "side_b": b.name,
        "number_of_sources": 1,
        "source_article": f"{SOURCE}: {run.scenario.title}, seed {run.seed}",
        "source_office": SOURCE,
        "source_date": entry.noted.isoformat(),
        "source_headline": entry.text,
        "source_original": SOURCE,
        "where_prec": entry.precision,
        "where_coordinates": entry.place,
        "adm_1": entry.governorate,
        "latitude": entry.lat,
        "longitude": entry.lon,
        "geom_wkt": f"POINT ({entry.lon!r} {entry.lat!r})",
        "priogrid_gid": priogrid(entry.lat, entry.lon) if entry.precision < REGION_ONLY else "",
        "country": run.geography.country,
        "event_clarity": 2 if entry.summary else 1,
        "date_prec": next((code for days, code in DATE_PRECISION if entry.days <= days), 5),
        "date_start": entry.start.isoformat(),
        "date_end": entry.end.isoformat(),
        "deaths_a": dead_a,
        "deaths_b": dead_b,
        "deaths_civilians": entry.deaths_civilians,
        "deaths_unknown": entry.deaths_unknown,
        "best": deaths,
        "high": max(deaths, 1),
        "low": deaths,
    }


def priogrid(lat: float, lon: float) -> int:
    """Return the half-degree cell of PRIO-GRID (Tollefsen et al. 2012, J Peace Research 49:363), row by row from the south."""
    return math.floor((lat + 90) * 2) * 720 + math.floor((lon + 180) * 2) + 1


ACLED_COLUMNS = """
event_id_cnty event_date year time_precision disorder_type event_type sub_event_type actor1 assoc_actor_1 inter1
actor2 assoc_actor_2 inter2 interaction civilian_targeting iso region country admin1 admin2 admin3 location
latitude longitude geo_precision source source_scale notes fatalities tags timestamp
"""

EVENT_TYPES = {
    "Armed clash": "Battles",
    "Government regains territory": "Battles",
    "Non-state actor overtakes territory": "Battles",
    "Shelling/artillery/missile attack": "Explosions/Remote violence",
    "Attack": "Violence against civilians",
    "Abduction/forced disappearance": "Violence against civilians",
    "Agreement": "Strategic developments",
    "Arrests": "Strategic developments",
    "Headquarters or base established": "Strategic developments",
    "Non-violent transfer of territory": "Strategic developments",
}

SUB_EVENTS = {name: kind.acled for name, kind in TABLE.items() if kind.acled}
INTER = {"government": "State forces", "rebel": "Rebel group", "neutral": "Political militia"}

INTER |= {"civilians": "Civilians", "patron_backed": "External/Other forces"}

ORDER = list(INTER.values())  # of the two words in `interaction`
GEO_PRECISION = {1: 1, 2: 2, 4: 3}
TIME_PRECISION = ((1, 1), (7, 2))  # days covered at most, and their code; more is 3


def acled_text(run: Run, entries: Iterable[Entry]) -> str:
    """Return the events as CSV text; kinds that ACLED has no type for are left out."""
    return table_text(ACLED_COLUMNS, [acled_row(run, entry) for entry in entries if entry.kind in SUB_EVENTS])


def sub_event(entry: Entry) -> str:
    """Return ACLED's sub-event type of an event."""
    if entry.kind == "arrest_raid" and entry.deaths:
        return "Armed clash"
    if entry.kind == "capture" and entry.one.role == "government":
        return "Government regains territory"
    return SUB_EVENTS[entry.kind]


def actors(run: Run, entry: Entry) -> tuple[ExportedSide, ExportedSide]:
    """Return the two actors; civilians are the second of an act against them."""
    if entry.kind not in AGAINST_CIVILIANS:
        return entry.one, entry.other
    name = f"Civilians ({run.geography.country})" if run.geography.country else "Civilians"
    return entry.one, ExportedSide(name, "civilians", entry.civilian.capitalize())


def interaction(first: ExportedSide, second: ExportedSide) -> str:
    """Return the two kinds of actor in ACLED's order: "State forces-Rebel group", "Rebel group only"."""
    actor_kinds = sorted((INTER[side.role] for side in (first, second) if side.role), key=ORDER.index)
    return f"{actor_kinds[0]} only" if len(actor_kinds) == 1 else "-".join(actor_kinds)


def acled_row(run: Run, entry: Entry) -> dict[str, Any]:
    """Return one event under ACLED's names."""
    first, second = actors(run, entry)
    sub = sub_event(entry)
    kind = EVENT_TYPES[sub]
    only_civilians = 0 < entry.deaths == entry.deaths_civilians
    targeted = entry.kind in AGAINST_CIVILIANS or (kind.startswith("Explosions") and only_civilians)
    return {
        "event_id_cnty": entry.id,
        "event_date": entry.end.isoformat(),
        "year": entry.end.year,
        "time_precision": next((code for days, code in TIME_PRECISION if entry.days <= days), 3),
        "disorder_type": kind if kind == "Strategic developments" else "Political violence",
        "event_type": kind,
        "sub_event_type": sub,
        "actor1": first.name,
        "assoc_actor_1": first.group,
        "inter1": INTER.get(first.role, ""),
        "actor2": second.name,
        "assoc_actor_2": second.group,
        "inter2": INTER.get(second.role, ""),
        "interaction": interaction(first, second),
        "civilian_targeting": "Civilian targeting" if targeted else "",
        "country": run.geography.country,
        "admin1": entry.governorate,
        "admin3": entry.nahiyah,
        "location": entry.place,
        "latitude": entry.lat,
        "longitude": entry.lon,
        "geo_precision": GEO_PRECISION.get(entry.precision, 3),
        "source": SOURCE,
        "source_scale": "Other",
        "notes": f"SIMULATED. {entry.text}",
        "fatalities": entry.deaths,
        "tags": SOURCE,
        "timestamp": int(datetime(entry.noted.year, entry.noted.month, entry.noted.day, tzinfo=UTC).timestamp()),
    }
