"""The events of an export: one log of a run with dates, actors and places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sim.engine.kinds import ROLES_OF_CIVILIANS
from sim.event_kinds import AGAINST_CIVILIANS
from sim.geography.dataset_names import Units
from sim.results.columns import LogName
from sim.statistics.conflict_log import MONITOR

if TYPE_CHECKING:
    from sim.results.run import Run


SOURCE = "simulated"
DIGITS = 5  # of coordinates in degrees, about a metre
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
    units: Units
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
        self.names = on.names
        self.region = on.title or on.name
        self.middle = (round((on.south + on.north) / 2, DIGITS), round((on.west + on.east) / 2, DIGITS))
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
            units=self.names.units(town),
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
