"""The world is a handful of tables: NumPy structured arrays whose fields are i8 or f8, each documented with its unit.

An index into a table is written as its singular name (`town`, `group`); -1 means none. Tables that grow have a row
count in `world.counts`; `key` is a stable 63-bit identity made from what made the row, never from its position.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

Fields = dict[str, tuple[str, str]]

TOWN: Fields = {
    "key": ("i8", "identity: hash of the town's name"),
    "x": ("i8", "grid column"),
    "y": ("i8", "grid row, counted from the south"),
    "east": ("f8", "km east of the map's south-west corner"),
    "north": ("f8", "km north of the map's south-west corner"),
    "population": ("f8", "people"),
    "value": ("f8", "0..1: junctions, roads, importance"),
    "holder": ("i8", "group that holds it, or the stronger of two where contested; -1 neutral"),
    "status": ("i8", "kinds.TOWN_STATUS"),
    "start_holder": ("i8", "holder on the first day"),
    "in_zone": ("i8", "1 inside the zone"),
    "front": ("i8", "1 beside a town across the line between government and others"),
    "displaced": ("f8", "people who have fled and not come back"),
    "changed": ("i8", "day of the last change of holder; -10000 never"),
    "changed_event": ("i8", "event of the last change of holder; -1 none"),
    "lost_by": ("i8", "faction that lost it at the last change; -1 none"),
    "clash": ("i8", "clash under way here; -1 none"),
    "fought": ("i8", "day of the last clash here; -10000 never"),
    "fought_a": ("i8", "faction that attacked in it; -1"),
    "fought_b": ("i8", "faction that defended in it; -1"),
    "entered": ("i8", "day since which only one rebel faction stands in it while it is neutral; -1 nobody does"),
}
FACTION: Fields = {
    "key": ("i8", "identity: hash of its name"),
    "role": ("i8", "kinds.ROLES"),
    "proscribed": ("i8", "1 must leave the zone"),
    "expansion": ("f8", "multiplier on base attempts"),
    "tolerance": ("f8", "multiplier on tolerating another's base"),
    "truce_propensity": ("f8", "multiplier on the signing hazard"),
    "restraint": ("f8", "divides incidents and spread"),
    "coercion": ("f8", "multiplier on pressure on civilians"),
    "aggressiveness": ("f8", "multiplier on decisions for a campaign"),
    "allowed": ("f8", "multiplier on base attempts set by policies in force"),
    "patronage": ("f8", "log of the multiplier on decisions for a campaign set by policies in force; 0 without"),
    "barred": ("i8", "1 keeps out of the zone after a withdrawal"),
    "fatigue": ("f8", "war fatigue, 0.."),
    "threat": ("f8", "perceived threat from the government, 0..1"),
    "deaths_today": ("i8", "own fighters killed today"),
    "fire_today": ("i8", "own fighters and civilians beside them killed by a government today"),
    "momentum": ("f8", "towns taken lately; decays e-fold in 7 days"),
    "killed": ("i8", "own fighters killed since the start"),
    "deserted": ("i8", "own fighters deserted since the start"),
    "reinforced": ("i8", "fighters who came from outside since the start"),
    "demobilised": ("i8", "own fighters who left the war by a policy since the start"),
    "mandate": ("i8", "kinds.MANDATES, of the guards who come without one of their own; 0 but for peacekeepers"),
    "deterrence": ("f8", "share of attacks that guards without a rival deter, 0..1; likewise the next three"),
    "separation": ("f8", "chance a day that guards end a clash"),
    "red_line": ("f8", "chance that guards turn a column back"),
    "protection": ("f8", "share of harm to civilians that guards prevent"),
    "patrol_km": ("f8", "km by road up to which guards patrol"),
}
GROUP: Fields = {
    "key": ("i8", "identity: hash of its name"),
    "faction": ("i8", "faction it belongs to"),
    "cohesion": ("f8", "share of its fighters that acts as one, 0..1"),
    "mediates": ("i8", "1 mediates instead of joining"),
    "standing": ("f8", "strength that stands in towns, when it was last added up"),
    "usual": ("f8", "strength that stood in towns, averaged with an e-fold of 90 days"),
    "aloof": ("i8", "1 keeps out of fighting among rebels unless attacked"),
    "led": ("i8", "1 has leaders in common, who may go to war or be the target of one"),
    "exposed": ("f8", "sum over its quiet towns of how exposed they are, when it was last added up"),
    "weariness": ("f8", "of mediating: rises with each mediated agreement that is broken"),
    "attacked": ("i8", "day on which a rebel faction last attacked it; -10000 never"),
}
RELATION: Fields = {
    "grievance": ("f8", "of the row's faction toward the column's, 0..1"),
    "trust": ("f8", "of the row's faction toward the column's, 0..1"),
    "deaths_today": ("i8", "deaths of the row's faction at the hands of the column's, today"),
    "deaths_7": ("i8", "deaths of either side in the last 7 days (symmetric)"),
    "deaths_14": ("i8", "deaths of either side in the last 14 days (symmetric)"),
    "incident_day": ("i8", "day of the last incident (symmetric)"),
    "capture_day": ("i8", "day of the last change of holder between them (symmetric)"),
    "level": ("i8", "escalation level 0..5 (symmetric)"),
    "round_day": ("i8", "day on which the present or last round of clashes began (symmetric)"),
    "last_event": ("i8", "last clash or incident between them; -1 (symmetric)"),
    "clash_day": ("i8", "day of the last clash between them; -10000 never (symmetric)"),
    "campaign_day": ("i8", "day on which the last campaign between them ended; -10000 never (symmetric)"),
    "clashes_today": ("i8", "clash-days between them today (symmetric)"),
    "breaches": ("f8", "agreements between them broken lately; fades with the half-life of trust (symmetric)"),
    "round_strength": (
        "f8",
        "gamma of mean 1 that multiplies the offspring of the round; 1 if leaders decide (symmetric)",
    ),
}
FORCE: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity: from what made it"),
    "group": ("i8", "group"),
    "faction": ("i8", "faction"),
    "fighters": ("i8", "fighters"),
    "cohesion": ("f8", "0..1"),
    "rank": ("i8", "commander's rank, 1 (local) to 3 (sector)"),
    "commander": ("i8", "1 the commander is alive"),
    "orders": ("i8", "kinds.ORDERS"),
    "home": ("i8", "home town"),
    "town": ("i8", "town it stands in; -1 on the way"),
    "last_town": ("i8", "town last stood in or passed"),
    "next_town": ("i8", "town at the end of the road it is on; -1 none"),
    "road": ("i8", "road it is on; -1 none"),
    "goal": ("i8", "town it marches to; -1 none"),
    "travelled": ("f8", "km covered on the present road, or towards the next cell off road"),
    "x": ("i8", "grid column"),
    "y": ("i8", "grid row"),
    "arrived": ("i8", "day it arrived where it stands"),
    "cause": ("i8", "event that set it in motion; -1 none"),
    "enemy": ("i8", "faction it was sent against; -1 none"),
    "objective": ("i8", "town that it attacks once it has gathered; -1 none"),
    "departs": ("i8", "day on which a gathering column sets out for its objective"),
    "campaign": ("i8", "campaign that it fights in; -1 none"),
    "born": ("i8", "day it was formed; -1 before the start"),
}
BASE: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "group": ("i8", "group that opened it"),
    "faction": ("i8", "its faction"),
    "town": ("i8", "town"),
    "fighters": ("i8", "fighters of the party that opened it"),
    "opened": ("i8", "day"),
    "closed": ("i8", "day; -1 open"),
    "status": ("i8", "kinds.BASE_STATUS"),
    "opened_event": ("i8", "event"),
}
DISPUTE: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "town": ("i8", "town"),
    "base": ("i8", "base it is about; -1 none"),
    "newcomer": ("i8", "group that opened the base"),
    "host": ("i8", "group that holds the town"),
    "stage": ("i8", "kinds.DISPUTE_STAGES"),
    "opened": ("i8", "day"),
    "talks": ("i8", "day of talks agreed; -1 none"),
    "demander": ("i8", "group that made the last demand; -1 none"),
    "demands": ("i8", "demands made so far"),
    "last_event": ("i8", "last event of the dispute"),
}
CLASH: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "town": ("i8", "town"),
    "attacker": ("i8", "group that attacks"),
    "defender": ("i8", "group that defends"),
    "began": ("i8", "day"),
    "last_event": ("i8", "last event of the clash"),
    "status": ("i8", "kinds.CLASH_STATUS"),
    "ended": ("i8", "day; -1 under way"),
    "deaths": ("i8", "fighters killed so far"),
}
SPARK: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "due": ("i8", "day on which it comes to a clash"),
    "town": ("i8", "town of the clash that set it off"),
    "attacker": ("i8", "faction of the attacker there"),
    "defender": ("i8", "faction of the defender there"),
    "defender_group": ("i8", "group attacked there"),
    "attacker_group": ("i8", "group attacking there"),
    "far": ("i8", "1 call to arms, 0 to neighbours"),
    "own": ("i8", "1 the attacker's group itself strikes: it resumes what an agreement held back"),
    "cause": ("i8", "event of the clash that set it off"),
}
AGREEMENT: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "party_a": ("i8", "bit mask of groups of the first side"),
    "party_b": ("i8", "bit mask of groups of the second side"),
    "faction_a": ("i8", "faction of the first side"),
    "faction_b": ("i8", "faction of the second side"),
    "scope": ("i8", "kinds.SCOPES"),
    "town": ("i8", "town in the middle of the scope; -1 all fronts"),
    "radius": ("f8", "km"),
    "terms": ("i8", "bit mask of terms"),
    "mediator": ("i8", "group; -1 none"),
    "signed": ("i8", "day, may be before the start"),
    "expires": ("i8", "last day; -1 open-ended"),
    "status": ("i8", "kinds.AGREEMENT_STATUS"),
    "ended": ("i8", "day; -1 in force"),
    "broken_by": ("i8", "group that broke it; -1"),
    "kind": ("i8", "kinds.AGREEMENT_KINDS"),
    "violations": ("i8", "clashes and incidents in its scope while in force"),
    "breach_by": ("i8", "group that began the present breach; -1 none"),
    "breach_against": ("i8", "group against which it did; -1 none"),
    "breach_day": ("i8", "day of the last violation of the present breach; -10000 none"),
    "held_back": ("i8", "attacks that it has held back and that are not yet carried out"),
    "frailty": ("f8", "gamma of mean 1; multiplies the break hazard"),
    "suppression": ("f8", "share of clashes prevented"),
    "hold_factor": ("f8", "product of its terms' hold factors"),
    "base_factor": ("f8", "product of its terms' factors on base attempts"),
    "clash_factor": ("f8", "product of its terms' factors on clashes"),
    "given": ("i8", "1 asserted by the scenario"),
    "signed_event": ("i8", "event of signing; -1 before the start"),
    "ended_event": ("i8", "event of its end; -1"),
}
CAMPAIGN: Fields = {
    "alive": ("i8", "1 in use, 0 closed"),
    "key": ("i8", "identity"),
    "initiator": ("i8", "group whose leaders decided on it"),
    "target": ("i8", "group against which"),
    "with_initiator": ("i8", "bit mask of groups that fight on the initiator's side, itself included"),
    "with_target": ("i8", "bit mask of groups that fight on the target's side, itself included"),
    "asked": ("i8", "bit mask of groups that have chosen"),
    "decided": ("i8", "day of the decision"),
    "opened": ("i8", "day of the first clash; -1 not yet"),
    "lasts": ("f8", "days after its opening for which the leaders mean to go on"),
    "last_taken": ("i8", "day on which the initiator last took a town; the opening before that"),
    "towns_before": ("i8", "towns that the target held at the decision"),
    "fighters_before": ("i8", "fighters of the initiator and of the target at the decision"),
    "strikes": ("i8", "columns ordered to attack"),
    "by_battle": ("i8", "towns that the initiator's side took by battle"),
    "by_handover": ("i8", "towns that changed to it by local agreement"),
    "by_withdrawal": ("i8", "towns whose garrison left"),
    "deaths": ("i8", "fighters of both sides killed"),
    "phase": ("i8", "kinds.CAMPAIGN_PHASES"),
    "outcome": ("i8", "kinds.CAMPAIGN_ENDS"),
    "ended": ("i8", "day; -1 under way"),
    "event": ("i8", "event of the decision"),
    "last_event": ("i8", "last event of it"),
}
EVENT: Fields = {
    "key": ("i8", "identity: from rule, day, place and group"),
    "day": ("i8", "day of the simulation, 0 is the start"),
    "cause": ("i8", "row of the event that caused it; -1 none"),
    "kind": ("i8", "kinds.EVENT_KINDS"),
    "rule": ("i8", "kinds.RULES"),
    "level": ("i8", "escalation level of the pair at the time; the new one for level_change"),
    "given": ("i8", "1 asserted by the scenario"),
    "initiator": ("i8", "faction; -1 none"),
    "target": ("i8", "faction; -1 none"),
    "initiator_group": ("i8", "group; -1 none"),
    "target_group": ("i8", "group; -1 none"),
    "town": ("i8", "town; -1 none"),
    "deaths_initiator": ("i8", "fighters"),
    "deaths_target": ("i8", "fighters"),
    "deaths_civilians": ("i8", "civilians"),
    "probability": ("f8", "chance of what happened, on that day; 1 where nothing was drawn"),
    "draw": ("f8", "uniform draw that decided; -1 where nothing was drawn"),
    "agreement": ("i8", "agreement signed, broken, expired or violated; -1 none"),
    "fighters": ("i8", "fighters sent, or committed by both sides"),
    "mover_1": ("i8", "kinds.MOVERS"),
    "value_1": ("f8", "value of the first mover"),
    "factor_1": ("f8", "factor of the first mover on the chance"),
    "mover_2": ("i8", "kinds.MOVERS"),
    "value_2": ("f8", ""),
    "factor_2": ("f8", ""),
    "mover_3": ("i8", "kinds.MOVERS"),
    "value_3": ("f8", ""),
    "factor_3": ("f8", ""),
    "mover_4": ("i8", "kinds.MOVERS"),
    "value_4": ("f8", ""),
    "factor_4": ("f8", ""),
}
ACTION: Fields = {
    "key": ("i8", "identity"),
    "day": ("i8", "day"),
    "kind": ("i8", "kinds.ACTIONS"),
    "faction": ("i8", "faction; -1 any"),
    "group": ("i8", "group; -1 any of the faction"),
    "town": ("i8", "town; -1"),
    "fighters": ("i8", "fighters; 0 where a share of them is given"),
    "agreement": ("i8", "row of the prepared agreement; bit mask of the groups that merge; -1"),
    "until": ("i8", "last day of a lasting act"),
    "factor": (
        "f8",
        "multiplier of a lasting act; cohesion of merged fighters; credibility of a guarantor; share who demobilise",
    ),
    "into": ("i8", "group that merged fighters join; -1"),
    "towns_to": ("i8", "kinds.TOWNS_TO"),
    "may_return": ("i8", "0 the faction keeps out of the zone after a withdrawal"),
    "in_zone": ("i8", "1 a guarantor covers the towns of the zone"),
    "party_a": ("i8", "bit mask of groups of one side whose agreements a guarantor covers; 0 all"),
    "party_b": ("i8", "bit mask of groups of the other side; 0 all"),
    "deterrence": ("f8", "share of breaches that a guarantor in force deters today, 0..1"),
    "mandate": ("i8", "kinds.MANDATES, of peacekeepers who come; -1 as their faction's"),
}
GUARDED: Fields = {
    "mandate": ("i8", "kinds.MANDATES, the widest of the guards posted here; -1 never any"),
    "odds": (
        "f8",
        "peacekeepers who guard or patrol it over the strongest rebel faction in or beside it, this morning",
    ),
    "deterred": ("f8", "share of attacks, incidents and base attempts deterred today, 0..1"),
    "shielded": ("f8", "share of harm to civilians prevented today, 0..1"),
}
REPORT: Fields = {
    "key": ("i8", "identity"),
    "event": ("i8", "row of the event reported; -1 for a false claim or a summary"),
    "outlet": ("i8", "faction whose outlet it is; -1 the monitor"),
    "day": ("i8", "day of the report"),
    "event_day": ("i8", "day it gives for the event"),
    "kind": ("i8", "kinds.EVENT_KINDS"),
    "initiator": ("i8", "faction it names as initiator; -1 none"),
    "target": ("i8", "faction it names as target; -1 none"),
    "town": ("i8", "town it names; -1 none"),
    "deaths_initiator": ("i8", "fighters of the initiator named"),
    "deaths_target": ("i8", "fighters of the target named"),
    "deaths_civilians": ("i8", "civilians"),
    "deaths_unknown": ("i8", "deaths of unknown side"),
    "precision": ("i8", "1 the town, 2 near it, 4 the region only"),
    "summary": ("i8", "1 sums up deaths missed before"),
    "first_day": ("i8", "first day that it covers"),
}
MISSED: Fields = {
    "deaths_a": ("i8", "deaths of the row's faction that the monitor has missed"),
    "deaths_b": ("i8", "deaths of the column's faction"),
    "civilians": ("i8", "civilians"),
    "first_day": ("i8", "day of the first event missed; -1 none"),
}
CONDUCT: Fields = {
    "mediation": ("f8", "multiplier on the signing hazard set by policies in force"),
    "monitoring": ("f8", "multiplier on the hold of agreements set by policies in force"),
    "mediator": ("i8", "action that mediates; -1 none"),
}
TERM: Fields = {
    "key": ("i8", "identity"),
    "chance": ("f8", "probability that a simulated agreement contains it"),
    "hold_factor": ("f8", "multiplier"),
    "grievance_relief": ("f8", "share"),
    "base_attempt_factor": ("f8", "multiplier"),
    "clash_factor": ("f8", "multiplier"),
    "closes_bases": ("i8", "0 or 1"),
    "neutralises_town": ("i8", "0 or 1"),
    "fixed_days": ("i8", "days; 0 open-ended"),
}
LEVEL: Fields = {
    "commitment": ("f8", "multiplier"),
    "reinforcement": ("f8", "probability"),
}
ROAD: Fields = {
    "a": ("i8", "town at one end"),
    "b": ("i8", "town at the other end"),
    "km": ("f8", "road distance"),
    "first_cell": ("i8", "row of its first cell, on a's side, in `road_cells`"),
    "cells": ("i8", "number of its cells, both ends included"),
}
CELL: Fields = {"x": ("i8", "grid column"), "y": ("i8", "grid row")}
NEAR: Fields = {
    "town": ("i8", "town within the map's reach by road"),
    "km": ("f8", "shortest road distance"),
    "road": ("i8", "first road on the way there"),
}
SPACE: Fields = {
    "width": ("i8", "cells"),
    "height": ("i8", "cells"),
    "cell_km": ("f8", "km"),
    "pairs": ("i8", "pairs of towns, one with itself included, near enough for incidents"),
    "unindexed": ("i8", "1 forces were formed or changed towns since they were last indexed by town"),
}
ZONE: Fields = {
    "exists": ("i8", "1 there is a zone"),
    "agreed": ("i8", "day, may be before the start"),
    "deadline": ("i8", "day"),
    "patience": ("f8", "of patron and guarantor"),
    "phase": ("i8", "kinds.OFFENSIVE_PHASES"),
    "since": ("i8", "day the phase began"),
    "axis": ("i8", "first town of the offensive; -1"),
    "event": ("i8", "event of the present phase; -1"),
    "government": ("i8", "faction that attacks; -1 none"),
}
FACTION_DAY: Fields = {
    "towns": ("i8", "towns held"),
    "contested": ("i8", "contested towns in which it stands"),
    "influence": ("f8", "mean influence over all towns, 0..1"),
    "fighters": ("i8", "alive"),
    "deaths": ("i8", "own fighters killed on the day"),
    "bases": ("i8", "bases open in towns held by others"),
    "fatigue": ("f8", ""),
    "threat": ("f8", ""),
}
PAIR_DAY: Fields = {
    "level": ("i8", "escalation level"),
    "deaths": ("i8", "deaths on both sides on the day"),
    "clashes": ("i8", "clash-days on the day"),
    "trust": ("f8", "of the row's faction toward the column's"),
    "grievance": ("f8", "of the row's faction toward the column's"),
}
THEATRE_DAY: Fields = {
    "agreements": ("i8", "agreements in force"),
    "clashes": ("i8", "towns with fighting on the day"),
    "disputes": ("i8", "disputes not settled"),
    "civilian_deaths": ("i8", "on the day"),
    "offensive": ("i8", "kinds.OFFENSIVE_PHASES"),
    "columns": ("i8", "forces on the way"),
    "displaced": ("i8", "people displaced"),
    "pressure": ("i8", "acts against civilians on the day"),
    "changes": ("i8", "changes of holder on the day"),
}


_dtypes: dict[int, tuple[Fields, np.dtype]] = {}  # by the id of the fields, which are kept so that it stays theirs


def dtype(fields: Fields) -> np.dtype:
    """Return the structured dtype of a table, the same object each time, which compares at once."""
    if id(fields) not in _dtypes:
        _dtypes[id(fields)] = fields, np.dtype([(name, kind) for name, (kind, _about) in fields.items()])
    return _dtypes[id(fields)][1]


def table(fields: Fields, rows: int) -> np.ndarray:
    """Return a table of `rows` zeroed rows."""
    return np.zeros(rows, dtype(fields))


# Positions in `world.counts`, the number of rows in use of each table that grows.
# The first seven have closed rows too: `live_<table>` lists the rows in use, and its length is at position L_....
GROWING = ("forces", "bases", "disputes", "clashes", "sparks", "agreements", "campaigns", "events", "reports")
N_FORCES, N_BASES, N_DISPUTES, N_CLASHES, N_SPARKS, N_AGREEMENTS, N_CAMPAIGNS, N_EVENTS, N_REPORTS = range(len(GROWING))
WITH_LIVE = GROWING[:7]
L_FORCES, L_BASES, L_DISPUTES, L_CLASHES, L_SPARKS, L_AGREEMENTS, L_CAMPAIGNS = range(len(GROWING), len(GROWING) + 7)
COUNTS = len(GROWING) + 7
PAIRS = 512  # pairs of towns whose incidents are drawn at once; of more pairs, so many after so many
MOST_STATIONED = 60  # forces that one policy may form of a garrison, for which there is room in every table


class Tables:
    """Named arrays that compiled code reads by address: `LAYOUT` says what each is.

    Replace an array with `put`, never by assignment: compiled code would go on using the old one.
    """

    LAYOUT: ClassVar[dict[str, tuple[np.dtype, int]]] = {}
    _numba_type_: ClassVar[Any]  # set where rules are compiled

    def __init__(self, **arrays: np.ndarray) -> None:
        """Take one array for each name of the layout; TypeError where one is missing or not of its kind."""
        if arrays.keys() != self.LAYOUT.keys():
            raise TypeError(f"needs exactly {sorted(self.LAYOUT)}")
        self._addresses = np.zeros((len(self.LAYOUT), 4), np.int64)
        self._address = self._addresses.ctypes.data
        self.put(**arrays)

    def put(self, **arrays: np.ndarray) -> None:
        """Replace arrays by others of the same kind."""
        for row, (name, (kind, dimensions)) in enumerate(self.LAYOUT.items()):
            if name not in arrays:
                continue
            array = arrays[name]
            if array.dtype != kind or array.ndim != dimensions or not array.flags.c_contiguous:
                raise TypeError(f"{name} must be a contiguous {dimensions}-dimensional array of {kind}")
            setattr(self, name, array)
            self._addresses[row, : 1 + dimensions] = array.ctypes.data, *array.shape

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.LAYOUT}

    def __setstate__(self, arrays: dict[str, Any]) -> None:
        self.__init__(**arrays)  # type: ignore[misc]


I8, F8 = np.dtype("i8"), np.dtype("f8")


class World(Tables):
    """All state of a simulation: the tables and nothing else. T towns, F factions, G groups."""

    counts: np.ndarray  # i8 [COUNTS], rows made and rows in use
    towns: np.ndarray  # TOWN [T]
    influence: np.ndarray  # f8 [T, F], rows sum to 1
    factions: np.ndarray  # FACTION [F]
    groups: np.ndarray  # GROUP [G]
    solidarity: np.ndarray  # f8 [G, G], chance that the column's group joins when the row's is attacked
    relations: np.ndarray  # RELATION [F, F]
    forces: np.ndarray  # FORCE, grows
    bases: np.ndarray  # BASE, grows
    disputes: np.ndarray  # DISPUTE, grows
    clashes: np.ndarray  # CLASH, grows
    sparks: np.ndarray  # SPARK, grows
    agreements: np.ndarray  # AGREEMENT, grows
    campaigns: np.ndarray  # CAMPAIGN, grows
    events: np.ndarray  # EVENT, grows
    actions: np.ndarray  # ACTION, given events and policies by day
    guarded: np.ndarray  # GUARDED [T], what peacekeepers do
    terms: np.ndarray  # TERM
    levels: np.ndarray  # LEVEL [6]
    zone: np.ndarray  # ZONE [1]
    space: np.ndarray  # SPACE [1]
    roads: np.ndarray  # ROAD
    road_cells: np.ndarray  # CELL, all roads one after another
    near: np.ndarray  # NEAR, all towns one after another, by distance
    near_start: np.ndarray  # i8 [T + 1], rows of a town in `near`
    adjacent: np.ndarray  # i8, towns one road away, all towns one after another
    adjacent_start: np.ndarray  # i8 [T + 1]
    town_keys: np.ndarray  # i8 [T], identities of the towns, as in `towns`, side by side
    exposure: np.ndarray  # f8 [T], how exposed towns were when redeployments were last drawn
    drawn: np.ndarray  # f8 [max(T, PAIRS)], uniform numbers of a rule that draws for many at once
    pairs: np.ndarray  # i8 [PAIRS, 2], towns of rival garrisons whose incidents are drawn next
    pair_keys: np.ndarray  # i8 [PAIRS], identities of these pairs
    standing: np.ndarray  # i8, forces that stand in towns, town by town; rebuilt as they move
    standing_start: np.ndarray  # i8 [T + 1]
    strength: np.ndarray  # f8 [T, G], fighters x cohesion that stand in a town
    present: np.ndarray  # f8 [T, F], the same by faction
    garrison: np.ndarray  # i8 [T], rebel faction whose garrison holds it, when incidents were last drawn; -1 none
    reports: np.ndarray  # REPORT, grows
    missed: np.ndarray  # MISSED [F, F], upper half
    conduct: np.ndarray  # CONDUCT [1]
    group_trust: np.ndarray  # f8 [G, G], of the row's group in what the column's says, 0..1, among sister groups
    triggered: (
        np.ndarray
    )  # i8 [G, G], day on which the column's group last gave the row's a reason for war; -10000 never
    belief: np.ndarray  # f8 [G, G], belief of the column's group that the row's was wronged, 0..1; 0.5 is none
    recent: np.ndarray  # i8 [F, F, 14], deaths of both factions at each other's hands by day modulo 14
    live_forces: np.ndarray  # i8, rows in use, in order of making; likewise the next six
    live_bases: np.ndarray
    live_disputes: np.ndarray
    live_clashes: np.ndarray
    live_sparks: np.ndarray
    live_agreements: np.ndarray
    live_campaigns: np.ndarray

    LAYOUT: ClassVar[dict[str, tuple[np.dtype, int]]] = {
        "counts": (I8, 1),
        "towns": (dtype(TOWN), 1),
        "influence": (F8, 2),
        "factions": (dtype(FACTION), 1),
        "groups": (dtype(GROUP), 1),
        "solidarity": (F8, 2),
        "relations": (dtype(RELATION), 2),
        "forces": (dtype(FORCE), 1),
        "bases": (dtype(BASE), 1),
        "disputes": (dtype(DISPUTE), 1),
        "clashes": (dtype(CLASH), 1),
        "sparks": (dtype(SPARK), 1),
        "agreements": (dtype(AGREEMENT), 1),
        "campaigns": (dtype(CAMPAIGN), 1),
        "events": (dtype(EVENT), 1),
        "actions": (dtype(ACTION), 1),
        "guarded": (dtype(GUARDED), 1),
        "terms": (dtype(TERM), 1),
        "levels": (dtype(LEVEL), 1),
        "zone": (dtype(ZONE), 1),
        "space": (dtype(SPACE), 1),
        "roads": (dtype(ROAD), 1),
        "road_cells": (dtype(CELL), 1),
        "near": (dtype(NEAR), 1),
        "near_start": (I8, 1),
        "adjacent": (I8, 1),
        "adjacent_start": (I8, 1),
        "town_keys": (I8, 1),
        "exposure": (F8, 1),
        "drawn": (F8, 1),
        "pairs": (I8, 2),
        "pair_keys": (I8, 1),
        "standing": (I8, 1),
        "standing_start": (I8, 1),
        "strength": (F8, 2),
        "present": (F8, 2),
        "garrison": (I8, 1),
        "reports": (dtype(REPORT), 1),
        "missed": (dtype(MISSED), 2),
        "conduct": (dtype(CONDUCT), 1),
        "group_trust": (F8, 2),
        "triggered": (I8, 2),
        "belief": (F8, 2),
        "recent": (I8, 3),
        "live_forces": (I8, 1),
        "live_bases": (I8, 1),
        "live_disputes": (I8, 1),
        "live_clashes": (I8, 1),
        "live_sparks": (I8, 1),
        "live_agreements": (I8, 1),
        "live_campaigns": (I8, 1),
    }


class Daily(Tables):
    """What is recorded each day; row 0 is the start, row d the end of day d. D days."""

    holder: np.ndarray  # i8 [D + 1, T], group; -1 neutral
    status: np.ndarray  # i8 [D + 1, T], kinds.TOWN_STATUS
    faction: np.ndarray  # FACTION_DAY [D + 1, F]
    pair: np.ndarray  # PAIR_DAY [D + 1, F, F]
    theatre: np.ndarray  # THEATRE_DAY [D + 1]

    LAYOUT: ClassVar[dict[str, tuple[np.dtype, int]]] = {
        "holder": (I8, 2),
        "status": (I8, 2),
        "faction": (dtype(FACTION_DAY), 2),
        "pair": (dtype(PAIR_DAY), 3),
        "theatre": (dtype(THEATRE_DAY), 1),
    }
