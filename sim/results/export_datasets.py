"""Events of an export under the columns and names of UCDP GED and of ACLED; names come from the map's names.csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.event_kinds import AGAINST_CIVILIANS, TABLE
from sim.geography.dataset_names import BETWEEN, CIVILIANS, DatasetNames, OtherName
from sim.results.export_events import REGION_ONLY, SOURCE, Entry, ExportedSide

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.results.run import Run


def table_text(columns: str, rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV text. `columns` are names with blanks between; of a row that lacks one the cell is empty, one
    that is not named is a ValueError.
    """
    text = io.StringIO()
    out = csv.DictWriter(text, columns.split(), restval="", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue()


GED_COLUMNS = """
id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id conflict_name dyad_dset_id
dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id side_b_new_id side_b number_of_sources
source_article source_office source_date source_headline source_original where_prec where_coordinates
where_description adm_1 adm_2 latitude longitude geom_wkt priogrid_gid country country_id region event_clarity
date_prec date_start date_end deaths_a deaths_b deaths_civilians deaths_unknown best high low gwnoa gwnob
"""

STATE_BASED, NON_STATE, ONE_SIDED = 1, 2, 3
STATE_ROLES = (
    "government",
    "peacekeeper",
)  # whose fighting is state-based: UCDP counts peacekeepers with the government
DATE_PRECISION = ((1, 1), (6, 2), (7, 3), (31, 4))  # days covered at most, and their code; more is 5


def ged_text(run: Run, entries: Iterable[Entry]) -> str:
    """Return the lethal events as CSV text; a clash reported without deaths stays, with `best` 0, as GED has them."""
    lethal_entries = [entry for entry in entries if lethal(entry)]
    return table_text(GED_COLUMNS, [ged_row(run, entry, number) for number, entry in enumerate(lethal_entries, 1)])


def lethal(entry: Entry) -> bool:
    """Return whether an event is one that GED records: with deaths, or a clash, between known sides."""
    sided = bool(entry.one.name and entry.other.name) or entry.kind in AGAINST_CIVILIANS
    return sided and (entry.deaths > 0 or entry.kind == "clash")


class GedSides(NamedTuple):
    """The two sides of an event as GED has them, `number` being that of their dyad; deaths are of fighters."""

    a: str
    b: str
    deaths_a: int
    deaths_b: int
    number: str
    violence: int  # type_of_violence: 1 state-based, 2 non-state, 3 one-sided
    a_is_state: bool


def ged_sides(names: DatasetNames, entry: Entry) -> GedSides:
    """Return the sides of an event: in GED's order where the map's names give it, else a state first, civilians last."""
    if entry.kind in AGAINST_CIVILIANS:
        dyad = names.dyad(entry.one.name, CIVILIANS)
        state = entry.one.role in STATE_ROLES
        return GedSides(dyad.side_a, dyad.side_b, entry.deaths_one, 0, dyad.number, ONE_SIDED, state)
    pair = [(entry.one, entry.deaths_one), (entry.other, entry.deaths_other)]
    pair.sort(key=lambda side: (side[0].role not in STATE_ROLES, side[0].name))
    dyad = names.dyad(pair[0][0].name, pair[1][0].name)
    if dyad.reversed:
        pair.reverse()
    state = pair[0][0].role in STATE_ROLES
    violence = STATE_BASED if state or pair[1][0].role in STATE_ROLES else NON_STATE
    return GedSides(dyad.side_a, dyad.side_b, pair[0][1], pair[1][1], dyad.number, violence, state)


def _country(geography: Geography) -> tuple[OtherName, OtherName]:
    """Return the names of the map's country and of its region."""
    country = geography.names.of("country", geography.country)
    return country, geography.names.of("region", country.within)


def ged_row(run: Run, entry: Entry, number: int) -> dict[str, Any]:
    """Return one event under GED's names."""
    names = run.geography.names
    pair, deaths, (first, second, third) = ged_sides(names, entry), entry.deaths, entry.units
    country, region = _country(run.geography)
    dyad = f"{pair.a}{BETWEEN}{pair.b}"
    conflict = names.of("conflict", country.name) if pair.violence == STATE_BASED else OtherName()
    return {
        "id": entry.id,
        "relid": f"SIM-{entry.start.year}-{pair.violence}-{number}",
        "year": entry.start.year,
        "code_status": SOURCE,
        "type_of_violence": pair.violence,
        "conflict_new_id": conflict.ged_id,
        "conflict_name": conflict.ged or dyad,
        "dyad_new_id": pair.number,
        "dyad_name": dyad,
        "side_a": pair.a,
        "side_b": pair.b,
        "number_of_sources": 1,
        "source_article": f"{SOURCE}: {run.scenario.title}, seed {run.seed}",
        "source_office": SOURCE,
        "source_date": entry.noted.isoformat(),
        "source_headline": entry.text,
        "source_original": SOURCE,
        "where_prec": entry.precision,
        "where_coordinates": entry.place,
        "adm_1": first.ged or first.name,
        "adm_2": third.ged or second.ged or second.name,
        "latitude": entry.lat,
        "longitude": entry.lon,
        "geom_wkt": f"POINT ({entry.lon!r} {entry.lat!r})",
        "priogrid_gid": priogrid(entry.lat, entry.lon) if entry.precision < REGION_ONLY else "",
        "country": country.ged or country.name,
        "country_id": country.ged_id,
        "region": region.ged or region.name,
        "event_clarity": 2 if entry.summary else 1,
        "date_prec": next((code for days, code in DATE_PRECISION if entry.days <= days), 5),
        "date_start": entry.start.isoformat(),
        "date_end": entry.end.isoformat(),
        "deaths_a": pair.deaths_a,
        "deaths_b": pair.deaths_b,
        "deaths_civilians": entry.deaths_civilians,
        "deaths_unknown": entry.deaths_unknown,
        "best": deaths,
        "high": max(deaths, 1),
        "low": deaths,
        "gwnoa": country.ged_id if pair.a_is_state else "",
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
INTER |= {"civilians": "Civilians", "patron_backed": "External/Other forces", "peacekeeper": "External/Other forces"}

ORDER = list(dict.fromkeys(INTER.values()))  # of the two words in `interaction`
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
    """Return the two actors under ACLED's names; civilians are the second of an act against them."""
    names = run.geography.names
    first, second = (_acled_side(names, side) for side in (entry.one, entry.other))
    if entry.kind not in AGAINST_CIVILIANS:
        return first, second
    country = _country(run.geography)[0]
    land = country.acled or country.name
    return first, ExportedSide(f"{CIVILIANS} ({land})" if land else CIVILIANS, "civilians", entry.civilian.capitalize())


def _acled_side(names: DatasetNames, side: ExportedSide) -> ExportedSide:
    name, group = (names.of("actor", word).acled or word for word in (side.name, side.group))
    return ExportedSide(name, side.role, group if group != name else "")


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
    country, region = _country(run.geography)
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
        "iso": country.acled_id,
        "region": region.acled or region.name,
        "country": country.acled or country.name,
        **{f"admin{level}": unit.acled or unit.name for level, unit in enumerate(entry.units, start=1)},
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
