"""From a scenario and its map to the tables of the first day.

A town's identity is made from its name, so that adding a town leaves every draw of the others as it was."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.engine import kinds, tables
from sim.engine.draws import name_key
from sim.engine.garrisons import Stands, front_towns, manned, stands_of, town_weights
from sim.engine.scenario_tables import said_of
from sim.engine.tables import World, table
from sim.geography.maps import Geography, control_date, posts_at_start
from sim.geography.towns import find_place
from sim.geography.zone import ZoneSide, zone_side
from sim.scenario.fields import dotted
from sim.scenario.parameters import Quantity
from sim.scenario.schema import MERGED_COHESION, Policy, Scenario

SPARE = 8  # a table has room for a day, and an eighth of it more, so that it seldom has to be made longer
LEAST = 100  # rows, where an eighth is fewer
BESIDE = {name: (f"live_{name}", *(("standing",) if name == "forces" else ())) for name in tables.WITH_LIVE}

"""Tables that are as long as another."""

_spare: dict[str, np.ndarray] = {}  # tables of zeros, from worlds that are done with
MAP_TABLES = (
    "roads",
    "road_cells",
    "near",
    "near_start",
    "adjacent",
    "adjacent_start",
    "town_keys",
)  # no rule writes them


class Names(NamedTuple):
    """What the rows of the tables are called."""

    factions: tuple[str, ...]
    groups: tuple[str, ...]
    terms: tuple[str, ...]
    agreements: dict[int, str]


class Setup:
    """The first day in the making: names to rows, and what else of it no number changes.

    `values` are numbers by dotted path that are not at their best.
    """

    def __init__(self, scenario: Scenario, geography: Geography) -> None:
        self.scenario, self.geography = scenario, geography
        self.values: Mapping[str, float] = {}
        self.factions = tuple(scenario.factions)
        self.groups = tuple(group for faction in scenario.factions.values() for group in faction.groups)
        self.group_faction = [i for i, faction in enumerate(scenario.factions.values()) for _ in faction.groups]
        self.terms = tuple(scenario.terms)
        self.parties = np.array([faction.peacekeeping is None for faction in scenario.factions.values()])
        day = control_date(geography, scenario.start, scenario.control_on)
        self.holdings = geography.control[day]
        self.posts = _posts(self)
        self.map_tables = _map_tables(geography)
        self.near_km = np.sort(geography.near["km"])
        self.towns = _towns(self)
        self.open_to = np.flatnonzero(self.towns["status"] != kinds.HELD)
        self.influence = _held(self)
        self.zone = _zone_side(self)
        self.stands = _stands(self)
        self.forces = _unmanned(self)
        self.said, self.agreements = said_of(self)

    def using(self, values: Mapping[str, float]) -> Setup:
        """Return this setup with other values of some numeric inputs, by dotted path; all else is shared."""
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


def build(setup: Setup) -> tuple[World, Names]:
    """Return the world of the first day, its tables without room to grow, and the names of its rows."""
    filled_tables = setup.said.using(setup.values)
    groups, agreements = filled_tables["groups"], filled_tables["agreements"]
    towns = setup.towns.copy()
    towns["in_zone"] = _in_zone(setup)
    forces, strength = _forces(setup, groups)
    groups["usual"] = groups["standing"] = strength.sum(axis=0)
    n_towns, n_factions = len(towns), len(setup.factions)
    counts = np.zeros(tables.COUNTS, np.int64)
    counts[tables.N_FORCES] = counts[tables.L_FORCES] = len(forces)
    counts[tables.N_AGREEMENTS] = len(agreements)
    live_agreements = np.flatnonzero(agreements["alive"])
    counts[tables.L_AGREEMENTS] = len(live_agreements)
    world = World(
        counts=counts,
        towns=towns,
        influence=_influence(setup, groups, strength),
        relations=_relations(setup, agreements),
        forces=forces,
        bases=table(tables.BASE, 0),
        disputes=table(tables.DISPUTE, 0),
        clashes=table(tables.CLASH, 0),
        campaigns=table(tables.CAMPAIGN, 0),
        sparks=table(tables.SPARK, 0),
        events=table(tables.EVENT, 0),
        actions=_actions(setup),
        guarded=_guarded(setup),
        space=_space(setup),
        **filled_tables,
        **setup.map_tables,
        town_keys=towns["key"].copy(),
        exposure=np.zeros(n_towns),
        drawn=np.zeros(max(n_towns, tables.PAIRS)),
        pairs=np.zeros((tables.PAIRS, 2), np.int64),
        pair_keys=np.zeros(tables.PAIRS, np.int64),
        standing=np.zeros(0, np.int64),
        standing_start=np.zeros(n_towns + 1, np.int64),
        strength=strength,
        present=np.zeros((n_towns, n_factions)),
        garrison=np.full(n_towns, -1, np.int64),
        reports=table(tables.REPORT, 0),
        missed=_missed(n_factions),
        conduct=_conduct(),
        triggered=np.full((len(setup.groups), len(setup.groups)), kinds.LONG_AGO, np.int64),
        belief=np.full((len(setup.groups), len(setup.groups)), 0.5),
        recent=np.zeros((n_factions, n_factions, 14), np.int64),
        live_forces=np.arange(len(forces), dtype=np.int64),
        live_bases=np.zeros(0, np.int64),
        live_disputes=np.zeros(0, np.int64),
        live_clashes=np.zeros(0, np.int64),
        live_sparks=np.zeros(0, np.int64),
        live_agreements=live_agreements.astype(np.int64),
        live_campaigns=np.zeros(0, np.int64),
    )
    return world, Names(setup.factions, setup.groups, setup.terms, setup.agreements)


@lru_cache(maxsize=4)
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


def _towns(setup: Setup) -> np.ndarray:
    """Return the towns without what depends on numbers, `in_zone`."""
    geography, group = setup.geography, {name: i for i, name in enumerate(setup.groups)}
    rows = table(tables.TOWN, len(geography.places))
    rows["x"], rows["y"] = geography.x, geography.y
    rows["east"], rows["north"] = geography.east_km, geography.north_km
    rows["key"] = [name_key(town.name) for town in geography.places]
    rows["population"] = [town.population for town in geography.places]
    rows["value"] = [town.value for town in geography.places]
    rows["holder"] = [
        group[held.groups[0]] if held.groups and held.status != "neutral" else -1 for held in setup.holdings
    ]
    rows["status"] = [kinds.TOWN_STATUS.index(held.status) for held in setup.holdings]
    rows["start_holder"] = rows["holder"]
    rows["changed"] = rows["fought"] = kinds.LONG_AGO
    rows["changed_event"] = rows["lost_by"] = rows["clash"] = rows["fought_a"] = rows["fought_b"] = -1
    rows["entered"] = -1
    return rows


def _posts(setup: Setup) -> dict[int, dict[int, tuple[int, int]]]:
    """Return the posts of peacekeepers at the start by group and town: (fighters, kinds.MANDATES)."""
    posts: dict[int, dict[int, tuple[int, int]]] = {}
    for name, by_town in posts_at_start(setup.geography, setup.scenario).items():
        faction = setup.scenario.factions[name]
        assert faction.peacekeeping is not None
        usual = faction.peacekeeping.mandate
        posts[setup.groups.index(next(iter(faction.groups)))] = {
            town: (guard.fighters, kinds.MANDATES.index(guard.mandate or usual)) for town, guard in by_town.items()
        }
    return posts


def _guarded(setup: Setup) -> np.ndarray:
    """Return the mandate of guards in each town, the widest of those who stand there; -1 without any."""
    rows = table(tables.GUARDED, len(setup.towns))
    rows["mandate"] = -1
    for posts in setup.posts.values():
        for town, (_, mandate) in posts.items():
            rows["mandate"][town] = max(rows["mandate"][town], mandate)
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


def _stands(setup: Setup) -> Stands:
    """Return where groups may stand."""
    government = _role_of_holder(setup) == kinds.GOVERNMENT
    front = front_towns(setup.towns, setup.geography, government)
    names = [town.name for town in setup.geography.places]
    guards = {
        setup.groups[group]: {town: float(n) for town, (n, _) in posts.items()} for group, posts in setup.posts.items()
    }
    keys, weights = setup.towns["key"].tolist(), town_weights(setup.towns)
    return stands_of(setup.groups, setup.holdings, names, keys, weights, front, guards)


def _forces(setup: Setup, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the forces of the first day and the strength that stands in each town, T x G."""
    share = setup.number(("garrison_share",), setup.scenario.garrison_share)
    fighters = [
        round(setup.number(("factions", faction_name, "groups", name, "fighters"), each.fighters))
        for faction_name, faction in setup.scenario.factions.items()
        for name, each in faction.groups.items()
    ]
    front_weight = setup.number(("front_weight",), setup.scenario.front_weight)
    reserve_towns = setup.number(("reserve_towns",), setup.scenario.reserve_towns)
    shares = [1.0 if group in setup.posts else share for group in range(len(fighters))]
    rows, number = manned(setup.stands, fighters, shares, front_weight, reserve_towns)
    f = setup.forces[rows]
    f["fighters"], f["cohesion"] = number, groups["cohesion"][f["group"]]
    strength = np.zeros((len(setup.towns), len(groups)))
    np.add.at(strength, (f["town"], f["group"]), f["fighters"] * f["cohesion"])
    return f, strength


def _unmanned(setup: Setup) -> np.ndarray:
    """Return a force for each place where a group may stand, without fighters."""
    stands, towns = setup.stands, setup.towns
    who, where = stands.post // 2, stands.town
    f = table(tables.FORCE, len(who))
    f["alive"], f["group"], f["faction"] = 1, who, np.array(setup.group_faction)[who]
    f["rank"], f["key"] = 1 + stands.post % 2, stands.key
    f["commander"], f["orders"], f["born"] = (
        1,
        np.where(np.isin(who, list(setup.posts)), kinds.GUARD, kinds.GARRISON),
        -1,
    )
    f["home"] = f["town"] = f["last_town"] = where
    for field in ("next_town", "goal", "road", "cause", "enemy", "objective", "campaign"):
        f[field] = -1
    f["x"], f["y"] = towns["x"][where], towns["y"][where]
    return f


def _influence(setup: Setup, groups: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Return the influence of each faction in each town, T x F: the holder's, shared by strength where contested."""
    influence = setup.influence.copy()
    by_faction = np.zeros((len(setup.open_to), influence.shape[1]))
    there = strength[setup.open_to]
    for group, faction in enumerate(setup.group_faction):
        if setup.parties[faction]:
            by_faction[:, faction] += there[:, group]
    total = by_faction.sum(axis=1, keepdims=True)
    influence[setup.open_to] = np.where(
        total > 0, by_faction / np.where(total > 0, total, 1.0), influence[setup.open_to]
    )
    return influence


def _held(setup: Setup) -> np.ndarray:
    """Return the influence in each town where the holder has all of it, and all parties as much where none holds it, T x F."""
    influence = np.tile(np.where(setup.parties, 1.0 / np.count_nonzero(setup.parties), 0.0), (len(setup.towns), 1))
    held = np.flatnonzero(setup.towns["status"] == kinds.HELD)
    influence[held] = 0.0
    influence[held, np.array(setup.group_faction)[setup.towns["holder"][held]]] = 1.0
    return influence


def _relations(setup: Setup, agreements: np.ndarray) -> np.ndarray:
    n = len(setup.factions)
    rows = table(tables.RELATION, n * n).reshape(n, n)
    rows["incident_day"] = rows["clash_day"] = rows["campaign_day"] = kinds.LONG_AGO
    rows["round_strength"] = 1.0
    rows["last_event"] = -1
    memory = setup.scenario.rules.memory
    start = setup.number(("rules", "memory", "trust_at_signing"), memory.trust_at_signing)
    half_life = setup.number(("rules", "memory", "trust_half_life_days"), memory.trust_half_life_days)
    for a in agreements[agreements["alive"] == 1]:
        trust = start * 0.5 ** (-a["signed"] / half_life)
        rows[a["faction_a"], a["faction_b"]]["trust"] = rows[a["faction_b"], a["faction_a"]]["trust"] = trust
    return rows


def _actions(setup: Setup) -> np.ndarray:
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
        if event.event != "agreement":
            assert event.by is not None
            assert event.in_town is not None
            kind = kinds.GIVEN_BASE_ATTEMPT if event.event == "base_attempt" else kinds.GIVEN_KILLING
            r["kind"], r["town"], r["fighters"] = kind, setup.town(event.in_town), event.deaths or 0
            faction, groups = setup.groups_of(event.by)
            r["faction"], r["group"] = faction, groups[0] if event.by not in setup.factions else -1
        else:
            r["kind"], r["agreement"] = kinds.GIVEN_AGREEMENT, prepared
            prepared += 1
    for i, policy in enumerate(scenario.policy):
        _policy(setup, rows[len(scenario.given) + i], policy, i)
    return rows


POLICY_KINDS = {  # key of a policy that says what is done -> its number in the table of actions
    "withdraw": kinds.WITHDRAW,
    "enforce_no_expansion": kinds.NO_EXPANSION,
    "mediate": kinds.MEDIATE,
    "reinforce": kinds.REINFORCE_POLICY,
    "merge_groups": kinds.MERGE,
    "monitor": kinds.MONITOR,
    "guarantor": kinds.GUARANTOR,
    "sanctions": kinds.PATRONAGE,
    "support": kinds.PATRONAGE,
    "demobilise": kinds.DEMOBILISE,
    "garrison": kinds.GARRISON_POLICY,
}
ENDLESS = 10**6  # last day of fighters stationed without one: a branch may have more days than the scenario


def _policy(setup: Setup, r: np.void, policy: Policy, index: int) -> None:
    """Fill the row of a policy."""

    def value(name: str, otherwise: float) -> float:
        quantity = getattr(policy, name)
        return otherwise if quantity is None else setup.number(("policy", str(index), name), quantity)

    action = next(name for name in POLICY_KINDS if getattr(policy, name) is not None)
    start = policy.by or policy.on or setup.scenario.start
    r["key"], r["day"], r["kind"] = name_key(f"policy {index}"), setup.day(start), POLICY_KINDS[action]
    r["until"] = setup.day(policy.until) if policy.until else setup.scenario.days
    r["faction"] = r["group"] = r["town"] = r["agreement"] = r["into"] = -1
    r["mandate"] = kinds.MANDATES.index(policy.mandate) if policy.mandate is not None else -1
    r["factor"], r["may_return"] = value("factor", 1.0), policy.may_return is not False
    r["fighters"] = round(value("fighters", 0.0))
    r["in_zone"] = "zone" in (policy.in_town, policy.from_place)
    if policy.in_town is not None and not r["in_zone"]:
        r["town"] = setup.town(policy.in_town)
    _actor(setup, r, action, getattr(policy, action))
    if policy.withdraw is not None:
        r["town"] = -1 if policy.from_place in (None, "zone") else setup.town(str(policy.from_place))
        r["towns_to"] = kinds.TOWNS_TO.index(policy.towns_to or "host_group")
    elif policy.merge_groups is not None and policy.into is not None:
        r["into"], r["factor"] = setup.groups.index(policy.into), value("cohesion", MERGED_COHESION)
        r["agreement"] = sum(1 << setup.groups.index(group) for group in policy.merge_groups)
    elif policy.guarantor is not None:
        r["factor"] = value("credibility", 0.0)
        for field, party in zip(("party_a", "party_b"), policy.between or (), strict=False):
            r[field] = sum(1 << group for group in setup.groups_of(party)[1])
    elif policy.demobilise is not None:
        r["factor"] = value("share", 0.0)
    elif policy.garrison is not None and policy.until is None:
        r["until"] = ENDLESS


def _actor(setup: Setup, r: np.void, action: str, name: str) -> None:
    """Enter the faction or group that a policy is about; who acts from outside has none."""
    if action in ("withdraw", "enforce_no_expansion", "sanctions", "support"):
        r["faction"] = setup.factions.index(name)
    elif action in ("demobilise", "garrison"):
        r["faction"], groups = setup.groups_of(name)
        r["group"] = -1 if name in setup.factions else groups[0]
    elif action in ("mediate", "reinforce"):
        r["group"] = setup.groups.index(name) if name in setup.groups else -1


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
    rows[0]["pairs"] = len(geography.places) + int(np.searchsorted(setup.near_km, reach, "right")) // 2
    return rows


def _room(world: World, forces: int) -> dict[str, int]:
    """Return how many rows any one day that begins with so many forces may add to each growing table."""
    towns, factions = len(world.towns), len(world.factions)
    pairs = int(world.space[0]["pairs"])
    events = 30 * towns + 2 * pairs + 8 * forces + 500 + len(world.groups) ** 2
    stationed = tables.MOST_STATIONED * int((world.actions["kind"] == kinds.GARRISON_POLICY).sum())
    return {
        "forces": 3 * towns + pairs + 50 + 160 * factions + 20 * len(world.groups) + stationed,
        "bases": forces + towns,
        "disputes": forces + towns,
        "clashes": 2 * towns + forces,
        "sparks": 9 * towns + 200,
        "agreements": 2 * factions * factions + 1,
        "campaigns": factions * factions + 1,
        "events": events,
        "reports": 2 * events + factions * factions,
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
        rows, row_count = getattr(world, name), int(world.counts[position])
        if len(rows) < row_count + room[name]:
            size = max(row_count + room[name] + max(room[name] // SPARE, LEAST), 2 * len(rows))
            changed[name] = _longer(world, name, row_count, size)
            for each in BESIDE.get(name, ()):
                changed[each] = _longer(world, each, row_count, len(changed[name]))
        enough[position] = len(changed.get(name, rows)) - room[name]
    world.put(**changed)
    return enough


def _longer(world: World, name: str, row_count: int, size: int) -> np.ndarray:
    """Return a table with room for `size` rows or more, and with the rows that have been made."""
    rows, spare = getattr(world, name)[:row_count], _spare.pop(name, None)
    result = spare if spare is not None and len(spare) >= size else np.zeros(size, rows.dtype)
    result[: len(rows)] = rows
    return result


def recycle(world: World) -> None:
    """Keep the memory of a world for the tables of the next; the world cannot be used any more.

    To get memory from the system, page by page, takes a tenth of a short run.
    """
    for position, name in enumerate(tables.GROWING):
        for each in (name, *BESIDE.get(name, ())):
            rows = getattr(world, each)
            rows[: int(world.counts[position])] = np.zeros((), rows.dtype)
            _spare[each] = rows
    vars(world).clear()


def twin(world: World) -> World:
    """Return a world in the same state, free to change; what no rule writes is shared."""
    return World(
        **{name: getattr(world, name) if name in MAP_TABLES else getattr(world, name).copy() for name in World.LAYOUT}
    )
