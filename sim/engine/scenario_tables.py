"""A scenario as tables of numbers: parameters of the rules, given events and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from sim.engine import kinds, tables
from sim.engine.draws import name_key
from sim.engine.tables import table
from sim.scenario.fields import dotted
from sim.scenario.parameters import Quantity, Rules
from sim.scenario.schema import Agreement

if TYPE_CHECKING:
    from sim.engine.setup import Setup

INPUTS = {  # dotted path of a number of a rule -> its field of the record
    f"rules.{rule}.{name}": f"{rule}_{name}"
    for rule, field in Rules.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {})
    if name != "levels"
}

PARAMS = np.dtype([(field, "f8") for field in INPUTS.values()])
POSITIONS = {path: position for position, path in enumerate(INPUTS)}  # of the fields in the record


def _as_number(value: Any, annotation: Any) -> float:
    if isinstance(value, Quantity):
        return value.best
    if isinstance(value, str):
        return float(get_args(annotation).index(value))
    return float(value)


def params(rules: Rules) -> np.ndarray:
    """Return all rule parameters as an array of one record, uncertain inputs at their best."""
    numbers: list[float] = []
    for rule in Rules.model_fields:
        section = getattr(rules, rule)
        for name, field in type(section).model_fields.items():
            if name != "levels":
                numbers.append(_as_number(getattr(section, name), field.annotation))
    return np.array([tuple(numbers)], PARAMS)


def with_values(numbers: np.ndarray, values: Mapping[str, float]) -> np.ndarray:
    """Return the record of `params` with values of inputs by dotted path; those that are no input of a rule are left out."""
    changed = numbers.copy()
    flat = changed.view(np.float64)
    for path, value in values.items():
        if path in POSITIONS:
            flat[POSITIONS[path]] = value
    return changed


DOCTRINE = ("expansion", "tolerance", "truce_propensity", "restraint", "aggressiveness", "coercion")
PREVENTION = ("deterrence", "separation", "red_line", "protection", "patrol_km")
EFFECTS = ("chance", "hold_factor", "grievance_relief", "base_attempt_factor", "clash_factor")
TOWN_KM = 5.0  # radius of an agreement on one town
Path = tuple[str, ...]


class TableCell(NamedTuple):
    """Where a number stands: table, field (none in a table of plain numbers), row."""

    table: str
    field: str
    row: int | tuple[int, int]


class InputTables:
    """Tables by name, all numbers at their best, and the places of each number by its dotted path."""

    def __init__(self) -> None:
        self.tables: dict[str, np.ndarray] = {}
        self.places: dict[str, list[TableCell]] = {}

    def number(self, cell: TableCell, path: Path, quantity: Quantity) -> None:
        """Write a number at its place, and note that it stands there."""
        self.places.setdefault(dotted(path), []).append(cell)
        _write(self.tables, cell, quantity.best)

    def using(self, values: Mapping[str, float]) -> dict[str, np.ndarray]:
        """Return the tables with some numbers at other values, by dotted path; free to change."""
        result_tables = {name: rows.copy() for name, rows in self.tables.items()}
        for path, value in values.items():
            for cell in self.places.get(path, ()):
                _write(result_tables, cell, value)
        return result_tables


def _write(rows_by_table: Mapping[str, np.ndarray], cell: TableCell, value: float) -> None:
    rows = rows_by_table[cell.table]
    (rows[cell.field] if cell.field else rows)[cell.row] = value


def said_of(setup: Setup) -> tuple[InputTables, dict[int, str]]:
    """Return what the scenario says, and the names of its agreements by their row."""
    input_tables = InputTables()
    _factions(setup, input_tables)
    _groups(setup, input_tables)
    _solidarity(setup, input_tables)
    _trust(setup, input_tables)
    _terms(setup, input_tables)
    _levels(setup, input_tables)
    _zone(setup, input_tables)
    return input_tables, _agreements(setup, input_tables)


def _factions(setup: Setup, input_tables: InputTables) -> None:
    rows = input_tables.tables["factions"] = table(tables.FACTION, len(setup.factions))
    for i, (name, faction) in enumerate(setup.scenario.factions.items()):
        rows[i]["key"] = name_key(name)
        rows[i]["role"] = kinds.ROLES.index(faction.role)
        rows[i]["proscribed"] = faction.proscribed
        rows[i]["allowed"] = 1.0
        for field in DOCTRINE:
            number = getattr(faction.doctrine, field)
            input_tables.number(TableCell("factions", field, i), ("factions", name, "doctrine", field), number)
        if faction.peacekeeping is not None:
            rows[i]["mandate"] = kinds.MANDATES.index(faction.peacekeeping.mandate)
            for field in PREVENTION:
                path = ("factions", name, "peacekeeping", field)
                input_tables.number(TableCell("factions", field, i), path, getattr(faction.peacekeeping, field))


def _groups(setup: Setup, input_tables: InputTables) -> None:
    rows = input_tables.tables["groups"] = table(tables.GROUP, len(setup.groups))
    i = 0
    for f, (faction_name, faction) in enumerate(setup.scenario.factions.items()):
        for name, group in faction.groups.items():
            rows[i]["key"] = name_key(name)
            rows[i]["faction"] = f
            rows[i]["mediates"], rows[i]["aloof"], rows[i]["led"] = group.mediates, group.aloof, group.common_command
            rows[i]["attacked"] = kinds.LONG_AGO
            path = ("factions", faction_name, "groups", name, "cohesion")
            input_tables.number(TableCell("groups", "cohesion", i), path, group.cohesion)
            i += 1


def _solidarity(setup: Setup, input_tables: InputTables) -> None:
    """The chance that the column's group joins when the row's is attacked; 0 across factions and for mediators."""
    matrix = input_tables.tables["solidarity"] = np.zeros((len(setup.groups), len(setup.groups)))
    column = 0
    for faction_name, faction in setup.scenario.factions.items():
        sisters = [setup.groups.index(name) for name in faction.groups]
        for name, group in faction.groups.items():
            path = ("factions", faction_name, "groups", name)
            for sister in sisters:
                other = setup.groups[sister]
                special = group.solidarity_with.get(other)
                cell = TableCell("solidarity", "", (sister, column))
                if sister == column:
                    matrix[sister, column] = 1.0
                elif group.mediates:
                    continue
                elif special is None:
                    input_tables.number(cell, (*path, "solidarity"), group.solidarity)
                else:
                    input_tables.number(cell, (*path, "solidarity_with", other), special)
            column += 1


def _trust(setup: Setup, input_tables: InputTables) -> None:
    """Trust of the row's group in what the column's says: 1 in itself, 0 across factions, where relations hold it."""
    matrix = input_tables.tables["group_trust"] = np.zeros((len(setup.groups), len(setup.groups)))
    row = 0
    for faction_name, faction in setup.scenario.factions.items():
        for name, group in faction.groups.items():
            path = ("factions", faction_name, "groups", name)
            for other in faction.groups:
                column, special = setup.groups.index(other), group.trust_in.get(other)
                cell = TableCell("group_trust", "", (row, column))
                if row == column:
                    matrix[row, column] = 1.0
                elif special is None:
                    input_tables.number(cell, (*path, "trust"), group.trust)
                else:
                    input_tables.number(cell, (*path, "trust_in", other), special)
            row += 1


def _terms(setup: Setup, input_tables: InputTables) -> None:
    rows = input_tables.tables["terms"] = table(tables.TERM, len(setup.terms))
    for i, (name, term) in enumerate(setup.scenario.terms.items()):
        rows[i]["key"] = name_key(name)
        rows[i]["closes_bases"], rows[i]["neutralises_town"] = term.closes_bases, term.neutralises_town
        rows[i]["fixed_days"] = term.fixed_days
        for field in EFFECTS:
            input_tables.number(TableCell("terms", field, i), ("terms", name, field), getattr(term, field))


def _levels(setup: Setup, input_tables: InputTables) -> None:
    input_tables.tables["levels"] = table(tables.LEVEL, len(setup.scenario.rules.ladder.levels))
    for i, level in enumerate(setup.scenario.rules.ladder.levels):
        for field in tables.LEVEL:
            path = ("rules", "ladder", "levels", str(i), field)
            input_tables.number(TableCell("levels", field, i), path, getattr(level, field))


def _zone(setup: Setup, input_tables: InputTables) -> None:
    rows = input_tables.tables["zone"] = table(tables.ZONE, 1)
    governments = [i for i, faction in enumerate(setup.scenario.factions.values()) if faction.role == "government"]
    rows[0]["government"] = governments[0] if governments else -1
    rows[0]["axis"] = rows[0]["event"] = -1
    zone = setup.scenario.zone
    if zone is not None:
        rows[0]["exists"] = 1
        rows[0]["agreed"], rows[0]["deadline"] = setup.day(zone.agreed), setup.day(zone.deadline)
        input_tables.number(TableCell("zone", "patience", 0), ("zone", "patience"), zone.patience)


def _agreements(setup: Setup, input_tables: InputTables) -> dict[int, str]:
    """Write the agreements in force at the start and those given for later; return their names by row."""
    asserted = [(i, g) for i, g in enumerate(setup.scenario.given) if g.agreement is not None]
    rows = input_tables.tables["agreements"] = table(tables.AGREEMENT, len(setup.scenario.agreements) + len(asserted))
    names: dict[int, str] = {}
    for i, (name, agreement) in enumerate(setup.scenario.agreements.items()):
        names[i] = name
        _prepare(setup, input_tables, i, name, agreement, ("agreements", name))
        rows[i]["alive"] = 1
    for k, (index, event) in enumerate(asserted, start=len(setup.scenario.agreements)):
        assert event.agreement is not None
        names[k] = f"agreement given for {event.on.isoformat()}"
        _prepare(setup, input_tables, k, names[k], event.agreement, ("given", str(index), "agreement"))
        rows[k]["signed"] = setup.day(event.on)
    return names


def _prepare(setup: Setup, input_tables: InputTables, i: int, name: str, agreement: Agreement, path: Path) -> None:
    """Fill the row of an agreement in force at the start, or given for later."""
    row = input_tables.tables["agreements"][i]
    (row["faction_a"], side_a), (row["faction_b"], side_b) = (setup.groups_of(party) for party in agreement.between)
    row["key"] = name_key(name)
    row["party_a"], row["party_b"] = sum(1 << g for g in side_a), sum(1 << g for g in side_b)
    row["scope"] = kinds.SCOPES.index(agreement.scope)
    row["town"] = -1 if agreement.around is None or agreement.scope == "all_fronts" else setup.town(agreement.around)
    if agreement.scope == "town":
        row["radius"] = TOWN_KM
    else:
        input_tables.number(TableCell("agreements", "radius", i), (*path, "radius_km"), agreement.radius_km)
    row["terms"] = sum(1 << setup.terms.index(term) for term in agreement.terms)
    row["mediator"] = -1 if agreement.mediator is None else setup.groups_of(agreement.mediator)[1][0]
    row["signed"] = setup.day(agreement.signed)
    terms = [setup.scenario.terms[term].fixed_days for term in agreement.terms if setup.scenario.terms[term].fixed_days]
    row["expires"] = -1
    if agreement.expires is not None or terms:
        last = setup.day(agreement.expires) if agreement.expires is not None else row["signed"] + terms[-1]
        row["expires"] = max(0, last)
    row["kind"] = kinds.AGREEMENT_KINDS.index(agreement.kind)
    row["breach_by"] = row["breach_against"] = -1
    row["breach_day"] = kinds.LONG_AGO
    row["ended"] = row["broken_by"] = row["signed_event"] = row["ended_event"] = -1
    row["given"] = 1
