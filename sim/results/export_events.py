"""The events of an export, with dates, actors and places, as rows of UCDP GED and of ACLED."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sim.engine.kinds import ROLES_OF_CIVILIANS
from sim.event_kinds import AGAINST_CIVILIANS, TABLE
from sim.results.columns import LogName
from sim.statistics.conflict_log import MONITOR

if TYPE_CHECKING:
    from sim.results.run import Run


SOURCE = "simulated"
REGION_ONLY = 4  # precision of a row that names no town


@dataclass(frozen=True, slots=True)
class ExportedSide:
    """A faction as exports name it; `name` is empty for none. `group` is known of the true log only."""

    name: str = ""
    role: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log exported. Places in degrees WGS84; a row without a town lies in the middle of the map."""

    id: str
    start: date
    end: date
    noted: date
    kind: str
    one: ExportedSide
    other: ExportedSide
    place: str
    governorate: str
    nahiyah: str
    lat: float
    lon: float
    precision: int
    deaths_one: int
    deaths_other: int
    deaths_civilians: int
    deaths_unknown: int
    summary: bool
    civilian: str
    text: str

    @property
    def deaths(self) -> int:
        """All deaths."""
        return self.deaths_one + self.deaths_other + self.deaths_civilians + self.deaths_unknown

    @property
    def days(self) -> int:
        """Days that the row covers, first and last included."""
        return (self.end - self.start).days + 1


def run_id(run: Run) -> str:
    """Return the part of an id that tells runs apart."""
    return f"SIM-{run.name}-{run.seed}"


def entries(run: Run, log: LogName) -> Iterator[Entry]:
    """Yield the rows of a log in its order; of the reports only the monitor's."""
    make = _Maker(run)
    if log is LogName.TRUE:
        for row in run.events.to_dict("records"):
            yield make.of_event(row)
        return
    reports = run.events_reported
    for row in reports[reports["outlet"] == MONITOR].to_dict("records"):
        yield make.of_report(row)


class _Maker:
    """Makes entries of rows, by the run's factions and towns."""

    def __init__(self, run: Run) -> None:
        self.id = run_id(run)
        factions = run.scenario.factions.items()
        self.sides = {faction.code or name: ExportedSide(name, faction.role) for name, faction in factions}
        self.places = {town.name: town for town in run.geography.places}
        on = run.geography
        self.region = on.title or on.name
        self.middle = ((on.south + on.north) / 2, (on.west + on.east) / 2)
        events = run.events
        acts = events[events["kind"].isin(AGAINST_CIVILIANS)]
        self.roles = {
            event: ROLES_OF_CIVILIANS[role] for event, role in zip(acts["event_id"], acts["fighters"], strict=True)
        }

    def of_event(self, row: dict[Any, Any]) -> Entry:
        """Return the entry of a row of the true log."""
        day = row["date"].date()
        return self._entry(row, row["event_id"], day, day, day, 1 if row["town"] else REGION_ONLY, 0)

    def of_report(self, row: dict[Any, Any]) -> Entry:
        """Return the entry of a row of the reports."""
        known = row["deaths_initiator"] + row["deaths_target"] + row["deaths_civilians"]
        start, end, noted = (row[name].date() for name in ("first_date", "event_date", "date"))
        unknown = row["deaths_total"] - known
        return self._entry(row, row["report_id"], start, end, noted, row["precision"], unknown)

    def _entry(
        self, row: dict[Any, Any], name: str, start: date, end: date, noted: date, precision: int, unknown: int
    ) -> Entry:
        town = self.places.get(row["town"])
        lat, lon = (town.lat, town.lon) if town else self.middle
        return Entry(
            id=f"{self.id}-{name}",
            start=start,
            end=end,
            noted=noted,
            kind=row["kind"],
            one=self._side(row, "initiator"),
            other=self._side(row, "target"),
            place=row["town"] or self.region,
            governorate=town.governorate if town else "",
            nahiyah=town.nahiyah if town else "",
            lat=lat,
            lon=lon,
            precision=precision,
            deaths_one=row["deaths_initiator"],
            deaths_other=row["deaths_target"],
            deaths_civilians=row["deaths_civilians"],
            deaths_unknown=unknown,
            summary=bool(row.get("summary", 0)),
            civilian=self.roles.get(row["event_id"], ""),
            text=row["text"],
        )

    def _side(self, row: dict[Any, Any], part: str) -> ExportedSide:
        side = self.sides.get(row[part], ExportedSide())
        group = row.get(f"{part}_group", "")
        return ExportedSide(side.name, side.role, group if group != side.name else "")


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

INTER |= {"civilians": "Civilians", "patron_backed": "External/Other forces", "peacekeeper": "External/Other forces"}

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
