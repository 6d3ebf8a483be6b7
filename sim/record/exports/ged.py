"""Lethal events under the column names of UCDP GED (Sundberg & Melander 2013, J Peace Research 50:523), version 25.1.

What GED takes from its own registers, ids of conflicts, dyads, actors and countries, stays empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sim.record.exports.entries import REGION_ONLY, SOURCE, Entry, Side
from sim.record.exports.table import table_text
from sim.statistics.log import AGAINST_CIVILIANS

if TYPE_CHECKING:
    from sim.record.run import Run

COLUMNS = """
id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id conflict_name dyad_dset_id
dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id side_b_new_id side_b number_of_sources
source_article source_office source_date source_headline source_original where_prec where_coordinates
where_description adm_1 adm_2 latitude longitude geom_wkt priogrid_gid country country_id region event_clarity
date_prec date_start date_end deaths_a deaths_b deaths_civilians deaths_unknown best high low gwnoa gwnob
"""
STATE_BASED, NON_STATE, ONE_SIDED = 1, 2, 3
CIVILIANS = "Civilians"
DATE_PRECISION = ((1, 1), (6, 2), (7, 3), (31, 4))  # days covered at most, and their code; more is 5


def ged_text(run: Run, found: Iterable[Entry]) -> str:
    """Return the lethal events as CSV text; a clash reported without deaths stays, with `best` 0, as GED has them."""
    kept = [entry for entry in found if lethal(entry)]
    return table_text(COLUMNS, [ged_row(run, entry, number) for number, entry in enumerate(kept, 1)])


def lethal(entry: Entry) -> bool:
    """Return whether an event is one that GED records: with deaths, or a clash, between known sides."""
    sided = bool(entry.one.name and entry.other.name) or entry.kind in AGAINST_CIVILIANS
    return sided and (entry.deaths > 0 or entry.kind == "clash")


def sides(entry: Entry) -> tuple[Side, Side, int, int]:
    """Return side a, side b and their deaths: a government first, else in order of their names, civilians last."""
    if entry.kind in AGAINST_CIVILIANS:
        return entry.one, Side(CIVILIANS), entry.deaths_one, 0
    one = (entry.one, entry.deaths_one)
    other = (entry.other, entry.deaths_other)
    (a, dead_a), (b, dead_b) = sorted((one, other), key=lambda pair: (pair[0].role != "government", pair[0].name))
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
