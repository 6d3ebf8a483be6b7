"""A small finished simulation, its tables filled by hand: ten days, an agreement broken, a base, a clash, a capture."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.engine import kinds as k
from sim.engine.tables import (
    ACTION,
    AGREEMENT,
    CAMPAIGN,
    EVENT,
    FACTION_DAY,
    GROWING,
    N_AGREEMENTS,
    N_CAMPAIGNS,
    N_EVENTS,
    N_REPORTS,
    PAIR_DAY,
    REPORT,
    THEATRE_DAY,
    table,
)
from sim.geography.maps import load_map
from sim.scenario.schema import Scenario

DAYS = 10
START = date(2018, 10, 25)
GROUPS = ("HTS", "Ahrar al-Sham", "Nour al-Din al-Zenki", "army")
FACTIONS = ("HTS", "NLF", "loyalists")
TERMS = ("detainees_released", "no_expansion")
HTS, AHRAR, ZENKI, ARMY = range(4)


def scenario(**changes: Any) -> Scenario:
    group = {"fighters": 1000}
    data = {
        "question": "Who holds Kafr Hamra in the end?",
        "title": "Kafr Hamra by hand",
        "map": "greater_idlib",
        "start": START,
        "days": DAYS,
        "evidence_until": date(2018, 10, 31),
        "factions": {
            "HTS": {"role": "rebel", "proscribed": True, "groups": {"HTS": group}},
            "NLF": {"role": "rebel", "groups": {"Ahrar al-Sham": group, "Nour al-Din al-Zenki": group}},
            "loyalists": {"code": "GOV", "role": "government", "groups": {"army": group}},
        },
        "terms": {name: {} for name in TERMS},
        "given": [{"on": date(2018, 10, 27), "event": "base_attempt", "by": "HTS", "in": "Kafr Hamra"}],
        "watch_towns": ["Kafr Hamra"],
    }
    return Scenario.model_validate({**data, **changes})


def event(
    log: list[dict[str, Any]], kind: int, day: int, one: int, other: int, town: int, cause: int = -1, **more: Any
) -> int:
    faction = (0, 1, 1, 2, -1)
    row = {"kind": kind, "day": day, "cause": cause, "initiator_group": one, "target_group": other, "town": town}
    row |= {"initiator": faction[one], "target": faction[other], "agreement": -1, "probability": 1.0, "draw": -1.0}
    log.append(row | more)
    return len(log) - 1


def rows(fields: Any, values: list[dict[str, Any]], spare: int = 3) -> np.ndarray:
    made = table(fields, len(values) + spare)
    for row, value in enumerate(values):
        for name, one in value.items():
            made[row][name] = one
    return made


def the_log() -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = []
    attempt = event(log, k.BASE_ATTEMPT, 2, HTS, AHRAR, 0, given=1, fighters=60, rule=k.R_GIVEN)
    opened = event(log, k.BASE_OPENED, 3, HTS, AHRAR, 0, attempt, fighters=60, rule=k.R_BASE_ATTEMPT)
    demand = event(log, k.DEMAND, 3, HTS, AHRAR, 0, opened, probability=0.4, draw=0.125, rule=k.R_DEMAND)
    event(log, k.LEVEL_CHANGE, 3, HTS, AHRAR, -1, level=1, rule=k.R_LADDER)
    refused = event(log, k.REFUSED, 4, AHRAR, HTS, 0, demand, probability=0.7, draw=0.1, rule=k.R_DEMAND)
    clash = event(
        log, k.CLASH, 4, HTS, AHRAR, 0, refused, level=1, deaths_initiator=2, deaths_target=3, deaths_civilians=1,
        agreement=0, probability=1 / 3, draw=0.1 + 0.2, mover_1=k.M_AGREEMENT, value_1=0.35, factor_1=0.65,
        mover_2=k.M_OWN_FORCE, value_2=900.0, factor_2=2.1, rule=k.R_CLASH,
    )  # fmt: skip
    event(log, k.COMMANDER_KILLED, 4, AHRAR, HTS, 0, clash, rule=k.R_CLASH)
    broken = event(log, k.AGREEMENT_BROKEN, 4, HTS, AHRAR, 0, clash, agreement=0, rule=k.R_CEASEFIRE)
    event(log, k.LEVEL_CHANGE, 4, HTS, AHRAR, -1, level=3, rule=k.R_LADDER)
    second = event(log, k.CLASH, 5, HTS, AHRAR, 0, clash, deaths_target=1, rule=k.R_CLASH)
    event(log, k.CAPTURE, 5, HTS, AHRAR, 0, second, rule=k.R_CLASH)
    event(log, k.CLASH, 6, HTS, ZENKI, 1, second, rule=k.R_CLASH)
    event(log, k.AGREEMENT_SIGNED, 7, HTS, AHRAR, 0, broken, agreement=1, rule=k.R_CEASEFIRE)
    event(log, k.SHELLING, 8, ARMY, HTS, 2, deaths_target=1, deaths_civilians=2, rule=k.R_OFFENSIVE)
    return log


def the_agreements() -> list[dict[str, Any]]:
    both = {"party_a": 1, "party_b": 0b110, "faction_a": 0, "faction_b": 1, "expires": -1}
    old = {
        "scope": k.ALL_FRONTS,
        "town": -1,
        "terms": 0b10,
        "mediator": -1,
        "signed": -17,
        "status": k.BROKEN,
        "ended": 4,
    }
    old |= {"broken_by": HTS, "violations": 1, "given": 1, "signed_event": -1, "ended_event": 7}
    new = {
        "scope": k.SECTOR_SCOPE,
        "town": 0,
        "terms": 0b11,
        "mediator": ZENKI,
        "signed": 7,
        "status": k.IN_FORCE,
        "ended": -1,
    }
    new |= {"broken_by": -1, "party_b": 0b010, "signed_event": 12, "ended_event": -1}
    return [both | old, both | new]


def the_campaigns() -> list[dict[str, Any]]:
    """A war of HTS on Ahrar al-Sham that Zenki joined, fought from day 4 to 8, and one that was not fought."""
    sides = {"initiator": HTS, "target": AHRAR, "with_initiator": 1 << HTS, "with_target": 1 << AHRAR | 1 << ZENKI}
    fought = {
        "decided": 3,
        "opened": 4,
        "ended": 8,
        "strikes": 3,
        "by_battle": 1,
        "deaths": 6,
        "event": 4,
        "outcome": k.AIM_MET,
    }
    waiting = {"initiator": ZENKI, "target": HTS, "with_initiator": 1 << ZENKI, "with_target": 1 << HTS}
    return [sides | fought, waiting | {"decided": 9, "opened": -1, "ended": -1, "event": 13, "outcome": k.NOT_ENDED}]


def the_reports() -> list[dict[str, Any]]:
    """A clash as the monitor and as HTS tell it, a claim of what never was, and a summary."""
    clash = {"event": 5, "day": 5, "event_day": 4, "first_day": 4, "kind": k.CLASH, "initiator": 0, "target": 1}
    tolls = {"deaths_initiator": 2, "deaths_target": 2, "deaths_civilians": 0, "town": 0, "precision": 1}
    monitor = clash | tolls | {"outlet": -1, "town": 3, "precision": 2}
    denied = clash | tolls | {"outlet": 0, "day": 4, "initiator": 1, "target": 0, "deaths_initiator": 3}
    claim = clash | tolls | {"outlet": 1, "event": -1, "event_day": 5, "first_day": 5, "deaths_target": 0}
    total = clash | tolls | {"outlet": -1, "event": -1, "event_day": 6, "first_day": 1, "town": -1, "precision": 4}
    shelling = clash | tolls | {"outlet": -1, "event": 13, "event_day": 8, "first_day": 8, "kind": k.SHELLING}
    shelling |= {"initiator": 2, "target": 0, "town": 2, "deaths_civilians": 2}
    return [monitor, denied, claim, total | {"summary": 1}, shelling]


def the_daily(towns: int) -> SimpleNamespace:
    made = SimpleNamespace(
        holder=np.full((DAYS + 1, towns), AHRAR),
        status=np.full((DAYS + 1, towns), k.HELD),
        faction=np.zeros((DAYS + 1, 3), table(FACTION_DAY, 0).dtype),
        pair=np.zeros((DAYS + 1, 3, 3), table(PAIR_DAY, 0).dtype),
        theatre=np.zeros(DAYS + 1, table(THEATRE_DAY, 0).dtype),
    )
    made.holder[:, 1:4], made.holder[:, 4], made.status[:, 4] = ZENKI, -1, k.NEUTRAL
    made.status[7:9, 1] = k.CONTESTED  # town 1 is contested after day 6, and held again after day 8
    made.holder[6:, 0] = HTS  # town 0 changes hands on day 5
    made.pair["level"][4:, 0, 1] = made.pair["level"][4:, 1, 0] = [1, 3, 3, 3, 3, 3, 1]
    made.faction["deaths"][5:7, 0], made.faction["deaths"][5:7, 1] = [2, 0], [3, 1]
    made.faction["influence"][:, :] = 0.1 + 0.2
    made.theatre["civilian_deaths"][[5, 9]] = [1, 2]
    made.theatre["disputes"][4:6] = 1
    return made


def result(**changes: Any) -> Any:
    """Return what sim.engine.simulation.Result is, as far as the record reads it."""
    counts = np.zeros(len(GROWING) + 10, dtype=np.int64)
    log, signed, wars, reports = the_log(), the_agreements(), the_campaigns(), the_reports()
    counts[N_EVENTS], counts[N_AGREEMENTS], counts[N_REPORTS] = len(log), len(signed), len(reports)
    counts[N_CAMPAIGNS] = len(wars)
    geography = load_map("greater_idlib")
    world = SimpleNamespace(
        counts=counts, events=rows(EVENT, log), agreements=rows(AGREEMENT, signed), reports=rows(REPORT, reports),
        campaigns=rows(CAMPAIGN, wars),
        actions=rows(ACTION, [{"day": 2, "kind": k.GIVEN_BASE_ATTEMPT}], spare=0),
    )  # fmt: skip
    return SimpleNamespace(
        scenario=scenario(**changes), geography=geography, seed=7, values={"rules.clash.crossfire": 0.06}, world=world,
        daily=the_daily(len(geography.places)), days=DAYS, factions=FACTIONS, groups=GROUPS, terms=TERMS,
        agreement_names={0: "agreement of 8 October"},
    )  # fmt: skip
