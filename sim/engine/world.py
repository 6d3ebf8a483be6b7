"""From a scenario and its map to the tables of the first day.

Fighters are spread over the towns where a group stands, in proportion to the square root of population and to front
access; the rest are reserves in the group's main towns. A town's identity is made from its name, so that adding a town
leaves every draw of the others as it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np

from sim.engine import kinds, tables
from sim.engine.draws import identity
from sim.engine.tables import World, table
from sim.geography.maps import Geography, control_date
from sim.geography.names import find_place
from sim.geography.zone import ZoneSide, zone_side
from sim.scenario.keys import dotted
from sim.scenario.quantity import Quantity
from sim.scenario.schema import MERGED_COHESION, Agreement, Policy, Scenario

RESERVE_FIGHTERS = 800  # fighters of one reserve force
RESERVE_TOWNS = 8  # main towns of a group in which its reserves stand
LONG_AGO = -10000
SPARE = 8  # a table has room for a day, and an eighth of it more, so that it seldom has to be made longer
MAP_TABLES = ("roads", "road_cells", "near", "near_start", "adjacent", "adjacent_start")  # no rule writes them


class Names(NamedTuple):
    """What the rows of the tables are called."""

    factions: tuple[str, ...]
    groups: tuple[str, ...]
    terms: tuple[str, ...]
    agreements: dict[int, str]


class Stand(NamedTuple):
    """Where a group stands on the first day: garrisons by town, then towns of its reserves, the main ones first."""

    towns: list[int]
    weights: list[float]
    keys: list[int]  # identities of the garrisons
    main: list[int]
    main_weights: list[float]
    main_keys: list[int]  # identities of the reserves


class Setup:
    """The first day in the making: names to rows and what else of it no number changes; numbers by path in `values`."""

    def __init__(self, scenario: Scenario, geography: Geography) -> None:
        self.scenario, self.geography = scenario, geography
        self.values: Mapping[str, float] = {}
        self.factions = tuple(scenario.factions)
        self.groups = tuple(group for faction in scenario.factions.values() for group in faction.groups)
        self.group_faction = [i for i, faction in enumerate(scenario.factions.values()) for _ in faction.groups]
        self.terms = tuple(scenario.terms)
        day = control_date(geography, scenario.start, scenario.control_on)
        self.holdings = geography.control[day]
        self.map_tables = _map_tables(geography)
        self.towns = _towns(self)
        self.zone = _zone_side(self)
        self.stands = _stands(self)

    def using(self, values: Mapping[str, float]) -> Setup:
        """Return this setup with values of the numeric inputs, by dotted path; all else is shared."""
        other = copy(self)
        other.values = values
        return other

    def number(self, path: tuple[str, ...], quantity: Quantity) -> float:
        """Return the value in use of an input: overridden by path, or its best."""
        return self.values.get(dotted(path), quantity.best)

    def town(self, name: str) -> int:
        """Return the row of a town by any of its names."""
        return find_place(self.geography, name)

    def day(self, on: date) -> int:
        """Return a date as a day of the simulation; before the start it is negative."""
        return (on - self.scenario.start).days

    def groups_of(self, name: str) -> tuple[int, list[int]]:
        """Return (faction, groups) that a name means: a faction and all its groups, or one group."""
        if name in self.factions:
            faction = self.factions.index(name)
            return faction, [g for g, f in enumerate(self.group_faction) if f == faction]
        group = self.groups.index(name)
        return self.group_faction[group], [group]


@lru_cache(maxsize=100_000)
def name_key(name: str) -> int:
    """Return the identity that stands for a name."""
    raw = name.encode()
    return int(identity(crc32(raw), crc32(raw[::-1]) + (len(raw) << 32)))


def build(setup: Setup) -> tuple[World, Names]:
    """Return the world of the first day, its tables without room to grow, and the names of its rows."""
    groups = _groups(setup)
    towns = setup.towns.copy()
    towns["in_zone"] = _in_zone(setup)
    forces, strength = _forces(setup, towns, groups)
    agreements, names = _agreements(setup)
    n_towns, n_factions = len(towns), len(setup.factions)
    counts = np.zeros(tables.COUNTS, np.int64)
    counts[tables.N_FORCES] = counts[tables.L_FORCES] = len(forces)
    counts[tables.N_AGREEMENTS] = len(agreements)
    live_agreements = np.flatnonzero(agreements["alive"])
    counts[tables.L_AGREEMENTS] = len(live_agreements)
    world = World(
        counts=counts,
        towns=towns,
        influence=_influence(towns, groups, strength, n_factions),
        factions=_factions(setup),
        groups=groups,
        solidarity=_solidarity(setup),
        relations=_relations(setup, agreements),
        forces=forces,
        bases=table(tables.BASE, 0),
        disputes=table(tables.DISPUTE, 0),
        clashes=table(tables.CLASH, 0),
        sparks=table(tables.SPARK, 0),
        agreements=agreements,
        events=table(tables.EVENT, 0),
        actions=_actions(setup, agreements),
        terms=_terms(setup),
        levels=_levels(setup),
        zone=_zone(setup),
        space=_space(setup),
        **setup.map_tables,
        standing=np.zeros(0, np.int64),
        standing_start=np.zeros(n_towns + 1, np.int64),
        strength=strength,
        present=np.zeros((n_towns, n_factions)),
        garrison=np.full(n_towns, -1, np.int64),
        reports=table(tables.REPORT, 0),
        missed=_missed(n_factions),
        conduct=_conduct(),
        belief=np.full((len(setup.groups), len(setup.groups)), 0.5),
        recent=np.zeros((n_factions, n_factions, 14), np.int64),
        live_forces=np.arange(len(forces), dtype=np.int64),
        live_bases=np.zeros(0, np.int64),
        live_disputes=np.zeros(0, np.int64),
        live_clashes=np.zeros(0, np.int64),
        live_sparks=np.zeros(0, np.int64),
        live_agreements=live_agreements.astype(np.int64),
    )
    return world, Names(setup.factions, setup.groups, setup.terms, names)


def _map_tables(geography: Geography) -> dict[str, np.ndarray]:
    """Return the tables that are the map's own."""
    return {
        "roads": _copy(geography.roads, tables.ROAD),
        "road_cells": _copy(geography.road_cells, tables.CELL),
        "near": _copy(geography.near, tables.NEAR),
        "near_start": geography.near_start.astype(np.int64),
        "adjacent": geography.adjacent.astype(np.int64),
        "adjacent_start": geography.adjacent_start.astype(np.int64),
    }


def _copy(source: np.ndarray, fields: tables.Fields) -> np.ndarray:
    """Return a table with the fields of a structured array of the map."""
    result = table(fields, len(source))
    for name in fields:
        result[name] = source[name]
    return result


def _factions(setup: Setup) -> np.ndarray:
    rows = table(tables.FACTION, len(setup.factions))
    for i, (name, faction) in enumerate(setup.scenario.factions.items()):
        rows[i]["key"] = name_key(name)
        rows[i]["role"] = kinds.ROLES.index(faction.role)
        rows[i]["proscribed"] = faction.proscribed
        rows[i]["allowed"] = 1.0
        for field in ("expansion", "tolerance", "truce_propensity", "restraint", "coercion"):
            path = ("factions", name, "doctrine", field)
            rows[i][field] = setup.number(path, getattr(faction.doctrine, field))
    return rows


def _groups(setup: Setup) -> np.ndarray:
    rows = table(tables.GROUP, len(setup.groups))
    i = 0
    for f, (faction_name, faction) in enumerate(setup.scenario.factions.items()):
        for name, group in faction.groups.items():
            rows[i]["key"] = name_key(name)
            rows[i]["faction"] = f
            rows[i]["cohesion"] = setup.number(("factions", faction_name, "groups", name, "cohesion"), group.cohesion)
            rows[i]["mediates"] = group.mediates
            i += 1
    return rows


def _solidarity(setup: Setup) -> np.ndarray:
    """Return the chance that the column's group joins when the row's is attacked; 0 across factions and for mediators."""
    matrix = np.zeros((len(setup.groups), len(setup.groups)))
    column = 0
    for faction_name, faction in setup.scenario.factions.items():
        sisters = [setup.groups.index(name) for name in faction.groups]
        for name, group in faction.groups.items():
            path = ("factions", faction_name, "groups", name)
            own = setup.number((*path, "solidarity"), group.solidarity)
            for sister in sisters:
                special = group.solidarity_with.get(setup.groups[sister])
                value = (
                    own if special is None else setup.number((*path, "solidarity_with", setup.groups[sister]), special)
                )
                matrix[sister, column] = 1.0 if sister == column else 0.0 if group.mediates else value
            column += 1
    return matrix


def _towns(setup: Setup) -> np.ndarray:
    """Return the towns without what depends on numbers, `in_zone`."""
    geography, group = setup.geography, {name: i for i, name in enumerate(setup.groups)}
    rows = table(tables.TOWN, len(geography.places))
    rows["x"], rows["y"] = geography.x, geography.y
    rows["east"], rows["north"] = geography.east_km, geography.north_km
    rows["key"] = [name_key(place.name) for place in geography.places]
    rows["population"] = [place.population for place in geography.places]
    rows["value"] = [place.value for place in geography.places]
    rows["holder"] = [
        group[held.groups[0]] if held.groups and held.status != "neutral" else -1 for held in setup.holdings
    ]
    rows["status"] = [kinds.TOWN_STATUS.index(held.status) for held in setup.holdings]
    rows["start_holder"] = rows["holder"]
    rows["changed"] = rows["fought"] = LONG_AGO
    rows["changed_event"] = rows["lost_by"] = rows["clash"] = rows["fought_a"] = rows["fought_b"] = -1
    return rows


def _role_of_holder(setup: Setup) -> np.ndarray:
    """Return the role of each town's holder; -1 for neutral towns."""
    roles = [kinds.ROLES.index(faction.role) for faction in setup.scenario.factions.values()]
    by_group = np.array([*(roles[f] for f in setup.group_faction), -1])
    return by_group[setup.towns["holder"]]


def _zone_side(setup: Setup) -> ZoneSide | None:
    """Return the side of the line of contact on which the zone lies; None without a zone or a government."""
    roles = _role_of_holder(setup)
    government = roles == kinds.GOVERNMENT
    if setup.scenario.zone is None or not government.any():
        return None
    return zone_side(setup.geography, government, ~government & (roles != kinds.PATRON_BACKED))


def _in_zone(setup: Setup) -> np.ndarray:
    zone = setup.scenario.zone
    if zone is None or setup.zone is None:
        return np.zeros(len(setup.towns), bool)
    return setup.zone.within(setup.number(("zone", "depth_km"), zone.depth_km))


def _weights(setup: Setup) -> np.ndarray:
    """Return the weight of a town for garrisons: square root of population, doubled at the front."""
    towns, government = setup.towns, _role_of_holder(setup) == kinds.GOVERNMENT
    beside = np.repeat(np.arange(len(towns)), np.diff(setup.geography.adjacent_start))
    front = np.zeros(len(towns), bool)
    front[beside[government[setup.geography.adjacent] != government[beside]]] = True
    return np.clip(np.sqrt(towns["population"] / 5000.0), 0.4, 4.0) * np.where(front, 2.0, 1.0)


def _stands(setup: Setup) -> dict[str, Stand]:
    """Return where each group stands, by its name."""
    where: dict[str, list[int]] = {}  # group -> towns that it holds or contests
    for town, holding in enumerate(setup.holdings):
        for name in dict.fromkeys(holding.groups):
            where.setdefault(name, []).append(town)
    weights = _weights(setup).tolist()
    return {name: _stand(setup, name, towns, weights) for name, towns in where.items()}


def _stand(setup: Setup, name: str, towns: list[int], weights: Sequence[float]) -> Stand:
    """Return where one group stands: a town that it holds weighs more than one where it is a guest."""
    keys, places = setup.towns["key"].tolist(), setup.geography.places
    wanted = {town: weights[town] * (1.0 if setup.holdings[town].groups[0] == name else 0.4) for town in towns}
    main = sorted(towns, key=lambda town: (-wanted[town], places[town].name))[:RESERVE_TOWNS]
    garrisons, reserves = (
        [identity(name_key(name), keys[town] ^ rank) for town in some] for rank, some in ((1, towns), (2, main))
    )
    return Stand(towns, list(wanted.values()), garrisons, main, [wanted[town] for town in main], reserves)


def shares(total: int, weights: list[float]) -> list[int]:
    """Split a whole number by weights, by largest remainder; the parts sum to it exactly."""
    if total <= 0 or not weights:
        return [0] * len(weights)
    scale = total / math.fsum(weights)  # exact: sum() rounds otherwise from Python 3.12 on
    parts = [int(weight * scale) for weight in weights]
    order = sorted((part - weight * scale, i) for i, (part, weight) in enumerate(zip(parts, weights, strict=True)))
    for _remainder, i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _forces(setup: Setup, towns: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the forces of the first day and the strength that stands in each town, T x G."""
    share = setup.number(("garrison_share",), setup.scenario.garrison_share)
    rows: list[tuple[int, int, int, int, int]] = []  # group, town, fighters, rank, key
    group = 0
    for faction_name, faction in setup.scenario.factions.items():
        for name, each in faction.groups.items():
            total = round(setup.number(("factions", faction_name, "groups", name, "fighters"), each.fighters))
            if name in setup.stands:
                rows += _garrisons(group, setup.stands[name], total, share)
            group += 1
    f = table(tables.FORCE, len(rows))
    who, where, fighters, rank, key = np.array(rows, np.int64).reshape(-1, 5).T
    f["alive"], f["group"], f["faction"], f["fighters"], f["rank"] = 1, who, groups["faction"][who], fighters, rank
    f["key"] = key
    f["cohesion"], f["commander"], f["orders"] = groups["cohesion"][who], 1, kinds.GARRISON
    f["home"] = f["town"] = f["last_town"] = where
    for field in ("next_town", "goal", "road", "cause", "enemy"):
        f[field] = -1
    f["x"], f["y"] = towns["x"][where], towns["y"][where]
    strength = np.zeros((len(towns), len(groups)))
    np.add.at(strength, (where, who), fighters * groups["cohesion"][who])
    return f, strength


def _garrisons(group: int, stand: Stand, fighters: int, share: float) -> list[tuple[int, int, int, int, int]]:
    """Return the garrisons and reserves of one group as (group, town, fighters, rank, key)."""
    garrison = round(fighters * share)
    reserves = fighters - garrison
    parts = shares(garrison, stand.weights)
    rows = [(group, town, n, 1, key) for town, n, key in zip(stand.towns, parts, stand.keys, strict=True)]
    number = max(1, math.ceil(reserves / RESERVE_FIGHTERS))
    parts = shares(reserves, stand.main_weights[:number])
    rows += [(group, town, n, 2, key) for town, n, key in zip(stand.main, parts, stand.main_keys, strict=False)]
    return [row for row in rows if row[2] > 0]


def _influence(towns: np.ndarray, groups: np.ndarray, strength: np.ndarray, n_factions: int) -> np.ndarray:
    """Return the influence of each faction in each town, T x F: the holder's, shared by strength where contested."""
    influence = np.zeros((len(towns), n_factions))
    held = np.flatnonzero(towns["status"] == kinds.HELD)
    influence[held, groups["faction"][towns["holder"][held]]] = 1.0
    open_to = np.flatnonzero(towns["status"] != kinds.HELD)
    by_faction = np.zeros((len(open_to), n_factions))
    for group, faction in enumerate(groups["faction"].tolist()):
        by_faction[:, faction] += strength[open_to, group]
    total = by_faction.sum(axis=1, keepdims=True)
    influence[open_to] = np.where(total > 0, by_faction / np.where(total > 0, total, 1.0), 1.0 / n_factions)
    return influence


def _relations(setup: Setup, agreements: np.ndarray) -> np.ndarray:
    n = len(setup.factions)
    rows = table(tables.RELATION, n * n).reshape(n, n)
    rows["incident_day"] = LONG_AGO
    rows["last_event"] = -1
    memory = setup.scenario.rules.memory
    start = setup.number(("rules", "memory", "trust_at_signing"), memory.trust_at_signing)
    half_life = setup.number(("rules", "memory", "trust_half_life_days"), memory.trust_half_life_days)
    for a in agreements[agreements["alive"] == 1]:
        trust = start * 0.5 ** (-a["signed"] / half_life)
        rows[a["faction_a"], a["faction_b"]]["trust"] = rows[a["faction_b"], a["faction_a"]]["trust"] = trust
    return rows


def _prepare(setup: Setup, row: np.void, name: str, agreement: Agreement, path: tuple[str, ...]) -> None:
    """Fill the row of an agreement in force at the start, or given for later."""
    (row["faction_a"], side_a), (row["faction_b"], side_b) = (setup.groups_of(party) for party in agreement.between)
    row["key"] = name_key(name)
    row["party_a"], row["party_b"] = sum(1 << g for g in side_a), sum(1 << g for g in side_b)
    row["scope"] = kinds.SCOPES.index(agreement.scope)
    row["town"] = -1 if agreement.around is None or agreement.scope == "all_fronts" else setup.town(agreement.around)
    row["radius"] = 5.0 if agreement.scope == "town" else setup.number((*path, "radius_km"), agreement.radius_km)
    row["terms"] = sum(1 << setup.terms.index(term) for term in agreement.terms)
    row["mediator"] = -1 if agreement.mediator is None else setup.groups_of(agreement.mediator)[1][0]
    row["signed"] = setup.day(agreement.signed)
    terms = [setup.scenario.terms[term].fixed_days for term in agreement.terms if setup.scenario.terms[term].fixed_days]
    row["expires"] = -1
    if agreement.expires is not None or terms:
        last = setup.day(agreement.expires) if agreement.expires is not None else row["signed"] + terms[-1]
        row["expires"] = max(0, last)
    row["ended"] = row["broken_by"] = row["signed_event"] = row["ended_event"] = -1
    row["given"] = 1


def _agreements(setup: Setup) -> tuple[np.ndarray, dict[int, str]]:
    """Return the agreements in force at the start and those given for later, and their names by row."""
    asserted = [(i, g) for i, g in enumerate(setup.scenario.given) if g.agreement is not None]
    rows = table(tables.AGREEMENT, len(setup.scenario.agreements) + len(asserted))
    names: dict[int, str] = {}
    for i, (name, agreement) in enumerate(setup.scenario.agreements.items()):
        _prepare(setup, rows[i], name, agreement, ("agreements", name))
        rows[i]["alive"], names[i] = 1, name
    for k, (index, event) in enumerate(asserted, start=len(setup.scenario.agreements)):
        assert event.agreement is not None
        names[k] = f"agreement given for {event.on.isoformat()}"
        _prepare(setup, rows[k], names[k], event.agreement, ("given", str(index), "agreement"))
        rows[k]["signed"] = setup.day(event.on)
    return rows, names


def _actions(setup: Setup, agreements: np.ndarray) -> np.ndarray:
    """Return the given events and policies as rows, in the order of the file."""
    scenario = setup.scenario
    rows = table(tables.ACTION, len(scenario.given) + len(scenario.policy))
    prepared = len(scenario.agreements)
    for i, event in enumerate(scenario.given):
        r = rows[i]
        r["key"], r["day"], r["faction"], r["group"], r["town"], r["agreement"] = (
            name_key(f"given {i}"),
            setup.day(event.on),
            -1,
            -1,
            -1,
            -1,
        )
        if event.event == "base_attempt":
            assert event.by is not None
            assert event.in_town is not None
            r["kind"], r["town"] = kinds.GIVEN_BASE_ATTEMPT, setup.town(event.in_town)
            faction, groups = setup.groups_of(event.by)
            r["faction"], r["group"] = faction, groups[0] if event.by not in setup.factions else -1
        else:
            r["kind"], r["agreement"] = kinds.GIVEN_AGREEMENT, prepared
            prepared += 1
    for i, policy in enumerate(scenario.policy):
        _policy(setup, rows[len(scenario.given) + i], policy, i)
    return rows


def _policy(setup: Setup, r: np.void, policy: Policy, index: int) -> None:
    """Fill the row of a policy."""

    def value(name: str, otherwise: float) -> float:
        quantity = getattr(policy, name)
        return otherwise if quantity is None else setup.number(("policy", str(index), name), quantity)

    start = policy.by or policy.on or setup.scenario.start
    r["key"], r["day"] = name_key(f"policy {index}"), setup.day(start)
    r["until"] = setup.day(policy.until) if policy.until else setup.scenario.days
    r["faction"] = r["group"] = r["town"] = r["agreement"] = r["into"] = -1
    r["factor"], r["may_return"] = value("factor", 1.0), policy.may_return is not False
    if policy.in_town is not None:
        r["town"] = setup.town(policy.in_town)
    if policy.withdraw is not None:
        r["kind"], r["faction"] = kinds.WITHDRAW, setup.factions.index(policy.withdraw)
        r["town"] = -1 if policy.from_place in (None, "zone") else setup.town(str(policy.from_place))
        r["towns_to"] = kinds.TOWNS_TO.index(policy.towns_to or "host_group")
    elif policy.enforce_no_expansion is not None:
        r["kind"], r["faction"] = kinds.NO_EXPANSION, setup.factions.index(policy.enforce_no_expansion)
    elif policy.mediate is not None:
        r["kind"] = kinds.MEDIATE
        r["group"] = setup.groups.index(policy.mediate) if policy.mediate in setup.groups else -1
    elif policy.reinforce is not None:
        r["kind"], r["group"] = kinds.REINFORCE_POLICY, setup.groups.index(policy.reinforce)
        r["fighters"] = round(value("fighters", 0.0))
    elif policy.merge_groups is not None and policy.into is not None:
        r["kind"], r["into"], r["factor"] = (
            kinds.MERGE,
            setup.groups.index(policy.into),
            value("cohesion", MERGED_COHESION),
        )
        r["agreement"] = sum(1 << setup.groups.index(group) for group in policy.merge_groups)
    else:
        r["kind"] = kinds.MONITOR


def _terms(setup: Setup) -> np.ndarray:
    rows = table(tables.TERM, len(setup.terms))
    for i, (name, term) in enumerate(setup.scenario.terms.items()):
        rows[i]["key"] = name_key(name)
        for field in ("chance", "hold_factor", "grievance_relief", "base_attempt_factor", "clash_factor"):
            rows[i][field] = setup.number(("terms", name, field), getattr(term, field))
        rows[i]["closes_bases"], rows[i]["neutralises_town"] = term.closes_bases, term.neutralises_town
        rows[i]["fixed_days"] = term.fixed_days
    return rows


def _levels(setup: Setup) -> np.ndarray:
    rows = table(tables.LEVEL, len(setup.scenario.rules.ladder.levels))
    for i, level in enumerate(setup.scenario.rules.ladder.levels):
        for field in tables.LEVEL:
            rows[i][field] = setup.number(("rules", "ladder", "levels", str(i), field), getattr(level, field))
    return rows


def _zone(setup: Setup) -> np.ndarray:
    rows = table(tables.ZONE, 1)
    governments = [i for i, faction in enumerate(setup.scenario.factions.values()) if faction.role == "government"]
    rows[0]["government"] = governments[0] if governments else -1
    rows[0]["axis"] = rows[0]["event"] = -1
    zone = setup.scenario.zone
    if zone is not None:
        rows[0]["exists"] = 1
        rows[0]["agreed"], rows[0]["deadline"] = setup.day(zone.agreed), setup.day(zone.deadline)
        rows[0]["patience"] = setup.number(("zone", "patience"), zone.patience)
    return rows


def _missed(n_factions: int) -> np.ndarray:
    rows = table(tables.MISSED, n_factions * n_factions).reshape(n_factions, n_factions)
    rows["first_day"] = -1
    return rows


def _conduct() -> np.ndarray:
    rows = table(tables.CONDUCT, 1)
    rows["mediation"] = rows["monitoring"] = 1.0
    rows["mediator"] = -1
    return rows


def _space(setup: Setup) -> np.ndarray:
    geography, rows = setup.geography, table(tables.SPACE, 1)
    rows[0]["width"], rows[0]["height"], rows[0]["cell_km"] = geography.width, geography.height, geography.cell_km
    reach = setup.number(("rules", "incident", "reach_km"), setup.scenario.rules.incident.reach_km)
    rows[0]["pairs"] = len(geography.places) + int((geography.near["km"] <= reach).sum()) // 2
    return rows


def _room(world: World, forces: int) -> dict[str, int]:
    """Return how many rows any one day that begins with so many forces may add to each growing table."""
    towns, factions = len(world.towns), len(world.factions)
    pairs = int(world.space[0]["pairs"])
    return {
        "forces": 3 * towns + pairs + 50,
        "bases": forces + towns,
        "disputes": forces + towns,
        "clashes": 2 * towns + forces,
        "sparks": 9 * towns + 200,
        "agreements": factions * factions + 1,
        "events": 30 * towns + 2 * pairs + 6 * forces + 500,
        "reports": 2 * (30 * towns + 2 * pairs + 6 * forces + 500) + factions * factions,
    }


def make_room(world: World) -> np.ndarray:
    """Make room in every table for one more day; a table short of it is at least doubled.

    Returns i8 [COUNTS]: as long as no count passes these, there is room for another day.
    """
    changed: dict[str, np.ndarray] = {}
    enough = np.full(tables.COUNTS, np.iinfo(np.int64).max)
    enough[tables.L_FORCES] = world.counts[tables.L_FORCES] * 5 // 4 + 20
    room = _room(world, int(enough[tables.L_FORCES]))
    for position, name in enumerate(tables.GROWING):
        rows, made = getattr(world, name), int(world.counts[position])
        size = len(rows)
        if size < made + room[name]:
            size = max(made + room[name] + room[name] // SPARE, 2 * size)
            changed[name] = _longer(rows[:made], size)
            if name in tables.WITH_LIVE:
                changed[f"live_{name}"] = _longer(getattr(world, f"live_{name}"), size)
            if name == "forces":
                changed["standing"] = np.zeros(size, np.int64)
        enough[position] = size - room[name]
    world.put(**changed)
    return enough


def twin(world: World) -> World:
    """Return a world in the same state, free to change; what no rule writes is shared."""
    return World(
        **{name: getattr(world, name) if name in MAP_TABLES else getattr(world, name).copy() for name in World.LAYOUT}
    )


def _longer(rows: np.ndarray, size: int) -> np.ndarray:
    """Return the rows with room for `size`."""
    result = np.zeros(size, rows.dtype)
    result[: len(rows)] = rows
    return result
