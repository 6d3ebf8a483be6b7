"""Names of a map's country, administrative units and armed actors in UCDP GED and in ACLED, so that exports join with the real files.

They stand in names.csv of the map's folder, which decides no run: it is not among the tables whose SHA-256 a result notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.geography.towns import MapTown
from sim.tabular.table import CsvRow, Table

NAMES = "names.csv"
NAME_COLUMNS = ("kind", "name")
NAME_OPTIONAL = ("within", "code", "ged", "ged_id", "acled", "acled_id", "source")
KINDS = ("region", "country", "conflict", "admin1", "admin2", "admin3", "actor", "dyad")
LARGEST_ID = 10_000_000
CIVILIANS = "Civilians"
BETWEEN = " - "  # the two sides of a dyad, as UCDP writes it


class OtherName(NamedTuple):
    """What a thing of the map or the scenario is named elsewhere; an empty text stands for no name or number."""

    name: str = ""
    within: str = ""  # the unit that it is a part of, by its name here
    code: str = ""  # ISO 3166-1 letters of a country, p-code of a unit
    ged: str = ""
    ged_id: str = ""
    acled: str = ""
    acled_id: str = ""


class Units(NamedTuple):
    """The administrative units of a town, the largest first; an empty name stands for none."""

    admin1: OtherName
    admin2: OtherName
    admin3: OtherName


class Dyad(NamedTuple):
    """Two sides under the names of UCDP GED. `reversed`: side a is the second of the two that were asked for."""

    side_a: str
    side_b: str
    number: str
    reversed: bool


@dataclass(frozen=True)
class DatasetNames:
    """The rows of names.csv by kind and name; empty for a map without the table."""

    rows: Mapping[tuple[str, str], OtherName] = field(default_factory=dict)

    def of(self, kind: str, name: str) -> OtherName:
        """Return the names of a thing; one that the table lacks has none but its own."""
        return self.rows.get((kind, name), OtherName(name))

    def units(self, town: MapTown | None) -> Units:
        """Return the units of a town: `nahiyah` is of the second level if the table has it as `admin2`, else of the third."""
        if town is None:
            return Units(OtherName(), OtherName(), OtherName())
        first, local = self.of("admin1", town.governorate), town.nahiyah
        if ("admin2", local) in self.rows and ("admin3", local) not in self.rows:
            return Units(first, self.of("admin2", local), OtherName())
        third = self.of("admin3", local)
        return Units(first, self.of("admin2", third.within), third)

    def dyad(self, a: str, b: str) -> Dyad:
        """Return how UCDP GED names a pair of actors, in its order; without a row of the pair, as `a` and `b` stand."""
        for first, second, swapped in ((a, b, False), (b, a, True)):
            row = self.rows.get(("dyad", f"{first}{BETWEEN}{second}"))
            if row is not None:
                side_a, _, side_b = row.ged.partition(BETWEEN)
                return Dyad(side_a, side_b, row.ged_id, swapped)
        return Dyad(self.of("actor", a).ged or a, self.of("actor", b).ged or b, "", False)


NO_NAMES = DatasetNames()


def read_names(table: Table) -> DatasetNames:
    """Return the names of names.csv; faults go to the table."""
    rows: dict[tuple[str, str], OtherName] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in table.rows:
        kind, name = table.choice(row, "kind", KINDS, ""), row["name"].strip()
        if not name:
            table.fault(row.line, "name", "is empty; write the name of the unit or actor on this map")
        elif (kind, name) in rows:
            table.fault(row.line, "name", f"{kind} {name!r} stands on line {lines[kind, name]} already")
        elif not row["kind"].strip():
            table.fault(row.line, "kind", f"is empty, needs one of {', '.join(KINDS)}")
        rows[kind, name] = _name(table, row, kind, name)
        lines.setdefault((kind, name), row.line)
    _check_within(table, rows, lines)
    return DatasetNames(rows)


def _name(table: Table, row: CsvRow, kind: str, name: str) -> OtherName:
    for column in ("ged_id", "acled_id"):
        if row[column].strip():
            table.count(row, column, LARGEST_ID)
    ged = row["ged"].strip()
    if kind == "dyad" and not (ged.partition(BETWEEN)[2] and name.partition(BETWEEN)[2]):
        table.fault(row.line, "ged", f"a dyad needs both sides in `name` and in `ged`, with {BETWEEN!r} between them")
    columns = ("within", "code", "ged", "ged_id", "acled", "acled_id")
    return OtherName(name, **{column: row[column].strip() for column in columns})


def _check_within(
    table: Table, rows: Mapping[tuple[str, str], OtherName], lines: Mapping[tuple[str, str], int]
) -> None:
    """Note units whose larger unit has no row."""
    larger = {"country": "region", "admin1": "country", "admin2": "admin1", "admin3": "admin2"}
    for (kind, name), row in rows.items():
        if kind in larger and row.within and (larger[kind], row.within) not in rows:
            table.fault(lines[kind, name], "within", f"{row.within!r} is no {larger[kind]} of this table")
