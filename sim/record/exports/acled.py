"""Events under the column names and types of ACLED (Raleigh et al. 2010, J Peace Research 47:651; codebook of 2024).

`SUB_EVENTS` says which kinds are exported as what. An arrest is an arrest there too: ACLED counts those of actors with
de facto control. A town taken in battle has a row of its own, without the deaths of its clashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sim.record.exports.entries import SOURCE, Entry, Side
from sim.record.exports.table import table_text
from sim.statistics.log import AGAINST_CIVILIANS

if TYPE_CHECKING:
    from sim.record.run import Run

COLUMNS = """
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
SUB_EVENTS = {
    "clash": "Armed clash",
    "assassination": "Armed clash",
    "road_quarrel": "Armed clash",
    "killing_at_talks": "Armed clash",
    "arrest_raid": "Arrests",  # an armed clash where someone dies
    "shelling": "Shelling/artillery/missile attack",
    "capture": "Non-state actor overtakes territory",  # or the government regains it
    "withdrawal": "Non-violent transfer of territory",
    "town_neutral": "Non-violent transfer of territory",
    "base_opened": "Headquarters or base established",
    "agreement_signed": "Agreement",
    "civilian_arrest": "Arrests",
    "civilian_injury": "Attack",
    "civilian_abduction": "Abduction/forced disappearance",
}
INTER = {"government": "State forces", "rebel": "Rebel group", "neutral": "Political militia"}
INTER |= {"civilians": "Civilians", "patron_backed": "External/Other forces"}
ORDER = list(INTER.values())  # of the two words in `interaction`
GEO_PRECISION = {1: 1, 2: 2, 4: 3}
TIME_PRECISION = ((1, 1), (7, 2))  # days covered at most, and their code; more is 3


def acled_text(run: Run, found: Iterable[Entry]) -> str:
    """Return the events as CSV text; kinds that ACLED has no type for are left out."""
    return table_text(COLUMNS, [acled_row(run, entry) for entry in found if entry.kind in SUB_EVENTS])


def sub_event(entry: Entry) -> str:
    """Return ACLED's sub-event type of an event."""
    if entry.kind == "arrest_raid" and entry.deaths:
        return "Armed clash"
    if entry.kind == "capture" and entry.one.role == "government":
        return "Government regains territory"
    return SUB_EVENTS[entry.kind]


def actors(run: Run, entry: Entry) -> tuple[Side, Side]:
    """Return the two actors; civilians are the second of an act against them."""
    if entry.kind not in AGAINST_CIVILIANS:
        return entry.one, entry.other
    name = f"Civilians ({run.geography.country})" if run.geography.country else "Civilians"
    return entry.one, Side(name, "civilians", entry.civilian.capitalize())


def interaction(one: Side, other: Side) -> str:
    """Return the two kinds of actor in ACLED's order: "State forces-Rebel group", "Rebel group only"."""
    found = sorted((INTER[side.role] for side in (one, other) if side.role), key=ORDER.index)
    return f"{found[0]} only" if len(found) == 1 else "-".join(found)


def acled_row(run: Run, entry: Entry) -> dict[str, Any]:
    """Return one event under ACLED's names."""
    one, other = actors(run, entry)
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
        "actor1": one.name,
        "assoc_actor_1": one.group,
        "inter1": INTER.get(one.role, ""),
        "actor2": other.name,
        "assoc_actor_2": other.group,
        "inter2": INTER.get(other.role, ""),
        "interaction": interaction(one, other),
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
