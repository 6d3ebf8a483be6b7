"""Names of rows and factions, and the facts from which each event's sentence is made."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.kinds import (
    AGREEMENT_BROKEN,
    AGREEMENT_EXPIRED,
    AGREEMENT_SIGNED,
    BASE_OPENED,
    COMPLIED,
    DEMAND,
    EVENT_KINDS,
    R_GIVEN,
    REFUSED,
    SCOPES,
    STALLED,
    TOLERATED,
)
from sim.engine.tables import N_AGREEMENTS, N_EVENTS
from sim.event_kinds import EventFacts, event_text, report_text
from sim.geography.towns import find_place
from sim.results.phrases import agreement_phrase, moved_by, policy_phrase
from sim.scenario.schema import codes, peacekeepers

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario


def event_id(row: int) -> str:
    """Return the id of an event by its row; empty for -1."""
    return f"E{row + 1:06d}" if row >= 0 else ""


def report_id(row: int) -> str:
    """Return the id of a report by its row."""
    return f"R{row + 1:06d}"


def agreement_id(row: int) -> str:
    """Return the id of an agreement by its row; empty for -1."""
    return f"A{row + 1:03d}" if row >= 0 else ""


def campaign_id(row: int) -> str:
    """Return the id of a campaign by its row."""
    return f"C{row + 1:03d}"


def array(values: Any) -> np.ndarray:
    """Return text as an object array."""
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def named(index: np.ndarray, names: Any) -> np.ndarray:
    """Return names by index; -1 is an empty text."""
    return array([*names, ""])[index]


def dates(result: Result, days: np.ndarray) -> np.ndarray:
    """Return dates of days of the run."""
    return np.datetime64(result.scenario.start, "D") + days.astype("timedelta64[D]")


def degrees(result: Result, name: str, town: np.ndarray) -> np.ndarray:
    """Return `lat` or `lon` by town; NaN for -1."""
    return _of_places(result.geography, name)[town]


@lru_cache(maxsize=16)
def _of_places(geography: Geography, name: str) -> np.ndarray:
    return np.array([*(getattr(town, name) for town in geography.places), np.nan], dtype=float)


def towns(result: Result) -> tuple[str, ...]:
    """Return the towns' names, as the map has them."""
    return _names_of(result.geography)


@lru_cache(maxsize=16)
def _names_of(geography: Geography) -> tuple[str, ...]:
    return tuple(town.name for town in geography.places)


def labels(result: Result) -> list[str]:
    """Return the towns' short names, for sentences."""
    return [town.label or town.name for town in result.geography.places]


def codes_of(result: Result) -> list[str]:
    """Return the codes of the factions by their index."""
    known = codes(result.scenario)
    return [known[name] for name in result.factions]


def log_of(result: Result) -> np.ndarray:
    """Return the rows of the event log of the days before `result.days`."""
    log = result.world.events[: result.world.counts[N_EVENTS]]
    return log[: np.searchsorted(log["day"], result.days)]


def watched(scenario: Scenario, geography: Geography) -> list[str]:
    """Return the watch towns as the map names them; one that the map does not know stays as written."""

    def name(word: str) -> str:
        try:
            return geography.places[find_place(geography, word)].name
        except KeyError:
            return word

    return [name(word) for word in scenario.watch_towns]


DEMANDS = (DEMAND, TOLERATED)
ANSWERS = (COMPLIED, STALLED, REFUSED)
ENDS = (AGREEMENT_SIGNED, AGREEMENT_BROKEN, AGREEMENT_EXPIRED)


def accords_of(result: Result) -> dict[int, str]:
    """Return the accord of several parties that an agreement is a part of, by its row; those between two alone are left out."""
    written = ((row, result.scenario.agreements.get(name)) for row, name in result.agreement_names.items())
    return {
        row: agreement.accord for row, agreement in written if agreement is not None and agreement.accord is not None
    }


def terms_of(result: Result, agreement: np.void) -> list[str]:
    """Return the names of the terms of an agreement."""
    return [name for bit, name in enumerate(result.terms) if int(agreement["terms"]) >> bit & 1]


def _phrases(result: Result, log: np.ndarray) -> dict[int, str]:
    """Return for each agreement that is signed in the log a phrase of scope, terms and mediator, by its row."""
    signed = set(log["agreement"][log["kind"] == AGREEMENT_SIGNED].tolist())
    towns = labels(result)
    return {
        row: agreement_phrase(
            SCOPES[a["scope"]],
            towns[a["town"]] if a["town"] >= 0 else "",
            terms_of(result, a),
            result.groups[a["mediator"]] if a["mediator"] >= 0 else "",
        )
        for row, a in ((row, result.world.agreements[row]) for row in signed if row >= 0)
    }


def _policies(result: Result, log: np.ndarray) -> dict[int, str]:
    """Return what was done by row of the log, of events that carried out a policy or skipped it.

    Each given event and each policy logs one event on its day, in their order in the scenario.
    """
    phrases: dict[int, str] = {}
    actions, given = result.world.actions, len(result.scenario.given)
    asserted = np.flatnonzero((log["given"] == 1) & (log["rule"] == R_GIVEN))
    for day in np.unique(log["day"][asserted]).tolist():
        rows, acts = asserted[log["day"][asserted] == day], np.flatnonzero(actions["day"] == day)
        for row, act in zip(rows.tolist(), acts.tolist(), strict=True):
            if act >= given:
                phrases[row] = policy_phrase(result.scenario.policy[act - given], peacekeepers(result.scenario))
    return phrases


def is_for_town(events: np.ndarray, kind: int, initiator: int, target: int, cause: int) -> bool:
    """Return whether a demand, or an answer to one, is about the town and not the base: the base's side makes it.

    Whose base it is tells the event that opened it, the first of the causes in `events`, the whole log.
    """
    if kind not in DEMANDS and kind not in ANSWERS:
        return False
    while cause >= 0 and events["kind"][cause] != BASE_OPENED:
        cause = int(events["cause"][cause])
    return cause >= 0 and int(events["initiator"][cause]) == (initiator if kind in DEMANDS else target)


def texts(result: Result, log: np.ndarray) -> list[str]:
    """Return the sentence of each event of a log: the whole of it, or that of whole days."""
    factions, towns = [*result.factions, ""], [*labels(result), ""]
    alone = {next(iter(f.groups)) for f in result.scenario.factions.values() if len(f.groups) == 1}
    # the only group of a faction goes by the faction's name
    groups = [*("" if group in alone else group for group in result.groups), ""]
    phrases = _phrases(result, log)
    own_names = {row: name for row, name in result.agreement_names.items() if name in result.scenario.agreements}
    own_names |= accords_of(result)
    signed = result.world.agreements["signed"][: result.world.counts[N_AGREEMENTS]].tolist()
    policies = _policies(result, log)
    names = ("kind", "initiator", "target", "initiator_group", "target_group", "town", "fighters", "deaths_initiator")
    rest = ("deaths_target", "deaths_civilians", "level", "given", "agreement", "day", "cause")
    sentences, events = [], result.world.events
    columns = zip(*(log[name].tolist() for name in (*names, *rest)), strict=True)
    # fmt: off
    for row, (
        kind, initiator, target, group, other_group, town, fighters, d1, d2, d3, level, given, a, day, cause
    ) in enumerate(columns):
        ends = kind in ENDS
        sentences.append(event_text(EventFacts(
            EVENT_KINDS[kind], factions[initiator], factions[target], groups[group], groups[other_group], towns[town], fighters, d1, d2, d3,
            level, bool(given), phrases.get(a, "") if kind == AGREEMENT_SIGNED else "",
            day - signed[a] if a >= 0 and ends else None, a >= 0 and not ends, policies.get(row, ""),
            is_for_town(events, kind, initiator, target, cause), own_names.get(a, "") if ends else "",
        )))
    # fmt: on
    return sentences


def movers(log: np.ndarray) -> list[str]:
    """Return what moved the chance of each event, in words."""
    slots = [
        zip(*(log[f"{part}_{n}"].tolist() for part in ("mover", "value", "factor")), strict=True) for n in (1, 2, 3, 4)
    ]
    return [moved_by(four) for four in zip(*slots, strict=True)]


def reported_texts(result: Result, rows: np.ndarray) -> list[str]:
    """Return the sentence of each report; a place near the true one is named as its area."""
    log, factions, towns = log_of(result), [*result.factions, ""], [*labels(result), ""]
    first = dates(result, rows["first_day"]).tolist()
    names = ("kind", "initiator", "target", "town", "precision", "deaths_initiator", "deaths_target")
    rest = ("deaths_civilians", "outlet", "event", "summary")
    sentences = []
    for row, (kind, initiator, target, town, precision, d1, d2, d3, outlet, event, summary) in enumerate(
        zip(*(rows[name].tolist() for name in (*names, *rest)), strict=True)
    ):
        location = f"the area of {towns[town]}" if precision == 2 and town >= 0 else towns[town]
        role = int(log["fighters"][event]) if event >= 0 else 0
        facts = EventFacts(EVENT_KINDS[kind], factions[initiator], factions[target], "", "", location, role, d1, d2, d3)
        sentences.append(report_text(facts, factions[outlet], first[row] if summary else None))
    return sentences
