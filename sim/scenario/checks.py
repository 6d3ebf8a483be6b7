"""Checks across the parts of a scenario, on raw data, so that they can be said together with all other faults.

Every check looks only at values of the right type and leaves the others to the schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from sim.scenario.keys import Key, choice, name_fault, same_name, shown
from sim.scenario.policies import policy_checks
from sim.scenario.raw import (
    FIRST_YEAR,
    LAST_YEAR,
    day,
    groups_of,
    known_word,
    listed,
    named,
    on_a_day,
    sides_of,
    unknown,
)
from sim.scenario.shape import as_data, slot_at
from sim.scenario.survey import Complaint

MAX_GROUPS = 60
MAX_NAMES = 200
FACTION_COLUMNS = ("towns", "contested", "influence", "fighters", "deaths", "bases", "fatigue", "threat")
PAIR_COLUMNS = ("level", "deaths")
"""Of daily.csv: `<code>_towns` and so on for each faction, `level_<A>_<B>` and so on for each pair."""
ORDERED_RULES = (  # pairs of numbers of `rules:` of which the first may not exceed the second
    (("clash", "committed_min"), ("clash", "committed_max")),
    (("ladder", "several_places"), ("ladder", "campaign_places")),
)


def cross_checks(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complaints about what does not fit together; what needs the map is checked elsewhere."""
    sides = sides_of(data)
    groups = groups_of(data)
    if len(groups) > MAX_GROUPS:
        yield ("factions",), f"{len(groups)} groups in all, at most {MAX_GROUPS} are allowed"
        return
    if len(sides) > MAX_NAMES:
        return  # too many factions: the schema says so
    yield from _names(data, sides)
    yield from _signs(data)
    yield from _columns(data)
    yield from _solidarity(data)
    yield from _years(data)
    yield from _zone(data)
    yield from _rules(data)
    for name, agreement in named(data, "agreements"):
        key: Key = ("agreements", name)
        yield from _agreement(data, agreement, key, sides)
        yield from _in_force(data, agreement, key)
    for index, event in listed(data, "given"):
        yield from _given(data, event, ("given", index), sides)
    yield from policy_checks(data, sides)


def _names(data: dict[str, Any], sides: dict[str, str]) -> Iterator[Complaint]:
    groups = groups_of(data)
    home: dict[str, str] = {}
    for faction, group, _ in groups:
        key: Key = ("factions", faction, "groups", group)
        if group in home:
            yield key, f"a group belongs to one faction; {shown(group)} is in {shown(home[group])} already"
        elif group in sides and group != faction and any(group == other for other, _ in named(data, "factions")):
            yield key, f"{shown(group)} is the name of another faction; give the group a name of its own"
        home.setdefault(group, faction)
    codes = Counter(_code(name, said) for name, said in named(data, "factions"))
    for name, said in named(data, "factions"):
        code = _code(name, said)
        if codes[code] > 1:
            yield (
                ("factions", name, "code") if "code" in said else ("factions", name),
                f"code {shown(code)} is used by {codes[code]} factions; codes must differ",
            )
        if code in ("MIXED", "NEUTRAL"):
            yield (
                ("factions", name, "code") if "code" in said else ("factions", name),
                f"{code} is kept for contested or neutral towns; choose another code",
            )
    governments = [name for name, said in named(data, "factions") if said.get("role") == "government"]
    for name in governments[1:]:
        yield (
            ("factions", name, "role"),
            f"at most one faction may be the government, {shown(governments[0])} is one already",
        )


def _signs(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complain of names that cannot stand in tables and pictures, and of names that look alike."""
    factions, groups = named(data, "factions"), groups_of(data)
    codes = [(("factions", name, "code"), said["code"]) for name, said in factions if isinstance(said.get("code"), str)]
    names: list[list[tuple[Key, str]]] = [
        [(("factions", name), name) for name, _ in factions],
        [(("factions", faction, "groups", group), group) for faction, group, _ in groups],
        [*codes],
    ]
    for kind in names:
        known: dict[str, str] = {}
        for key, name in kind:
            if fault := name_fault(name):
                yield key, f"{shown(name)} {fault}"
            other = known.setdefault(same_name(name), name)
            if other != name:
                yield key, f"{shown(name)} looks like {shown(other)}: they differ only in capital letters or blanks"
    title = data.get("title")
    if isinstance(title, str) and (fault := name_fault(title)):
        yield ("title",), f"{shown(title)} {fault}"


def _columns(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complain of codes that would give two columns of daily.csv one name, such as A and B_C beside A_B and C."""
    codes = {_code(name, said): name for name, said in named(data, "factions")}
    columns = [(f"{code}_{column}", code) for code in codes for column in FACTION_COLUMNS]
    columns += [(f"{x}_{a}_{b}", b) for a, b in combinations(codes, 2) for x in PAIR_COLUMNS]
    owner: dict[str, str] = {}
    for column, code in columns:
        if column in owner:
            key: Key = ("factions", codes[code])
            yield key, f"code {shown(code)} gives daily.csv a second column {shown(column)}; choose another code"
            return
        owner[column] = code


def _code(name: str, said: dict[str, Any]) -> str:
    code = said.get("code")
    return code if isinstance(code, str) else name


def _solidarity(data: dict[str, Any]) -> Iterator[Complaint]:
    for faction, group, said in groups_of(data):
        sisters = [other for side, other, _ in groups_of(data) if side == faction and other != group]
        toward = said.get("solidarity_with") if isinstance(said, dict) else None
        for name in toward if isinstance(toward, dict) else ():
            if name not in sisters:
                message = (
                    f"{shown(name)} is not a sister group of {shown(group)}{choice(name, sisters, 'its sister groups')}"
                )
                yield ("factions", faction, "groups", group, "solidarity_with", name), message


def _years(data: dict[str, Any]) -> Iterator[Complaint]:
    for name in ("start", "evidence_until", "control_on"):
        when = day(data.get(name))
        if when is not None and not FIRST_YEAR <= when.year <= LAST_YEAR:
            yield (name,), f"{when} is out of range, allowed is {FIRST_YEAR} to {LAST_YEAR}"
    control, evidence = day(data.get("control_on")), day(data.get("evidence_until"))
    if control is not None and evidence is not None and control > evidence:
        yield ("control_on",), f"{control} is later than the evidence, which ends on {evidence}"


def _zone(data: dict[str, Any]) -> Iterator[Complaint]:
    zone = data.get("zone")
    if isinstance(zone, dict):
        agreed, deadline = day(zone.get("agreed")), day(zone.get("deadline"))
        if agreed is not None and deadline is not None and deadline < agreed:
            yield ("zone", "deadline"), f"{deadline} is before the zone was agreed, {agreed}"


def _rules(data: dict[str, Any]) -> Iterator[Complaint]:
    for low, high in ORDERED_RULES:
        least, most = _number(data, ("rules", *low)), _number(data, ("rules", *high))
        if least is not None and most is not None and least > most:
            yield ("rules", *low), f"{least:g} is more than {'.'.join(high)}, which is {most:g}"


def _number(data: Any, key: Key) -> float | None:
    """The best value at a key path, the default where the file is silent, None where it is no number."""
    value: Any = data
    for part in key:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        slot = slot_at(key)
        value = as_data(slot.default) if slot is not None else None
    if isinstance(value, dict):
        value = value.get("best")
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 else None
    )


def _agreement(data: dict[str, Any], said: dict[str, Any], key: Key, sides: dict[str, str]) -> Iterator[Complaint]:
    between = said.get("between")
    parties = [name for name in between if isinstance(name, str)] if isinstance(between, list) else []
    for index, name in enumerate(parties):
        if name not in sides:
            yield (*key, "between", index), unknown(name, list(sides), "faction or group")
    if len(parties) == 2 and all(name in sides for name in parties) and sides[parties[0]] == sides[parties[1]]:
        yield (
            (*key, "between"),
            f"both sides belong to {shown(sides[parties[0]])}; an agreement is between two factions",
        )
    yield from known_word(said, "mediator", key, list(sides), "faction or group")
    terms = said.get("terms")
    known = data["terms"] if isinstance(data.get("terms"), dict) else {}
    for index, term in enumerate(terms if isinstance(terms, list) else ()):
        if isinstance(term, str) and term not in known:
            yield (*key, "terms", index), unknown(term, list(known), "term")
    scope = said.get("scope")
    if scope in ("town", "sector") and said.get("around") is None:
        yield (*key, "around"), f"is missing; an agreement of scope {scope} needs the town it is around"
    signed, expires = day(said.get("signed")), day(said.get("expires"))
    if signed is not None and expires is not None and expires < signed:
        yield (*key, "expires"), f"{expires} is before the signing, {signed}"


def _in_force(data: dict[str, Any], said: dict[str, Any], key: Key) -> Iterator[Complaint]:
    start, signed, expires = day(data.get("start")), day(said.get("signed")), day(said.get("expires"))
    if start is not None and signed is not None and signed > start:
        yield (*key, "signed"), f"{signed} is after the start, {start}; an agreement signed later belongs in `given:`"
    if start is not None and expires is not None and expires < start and not (signed is not None and expires < signed):
        yield (*key, "expires"), f"{expires} is before the start, {start}; the agreement would not be in force"


def _given(data: dict[str, Any], said: dict[str, Any], key: Key, sides: dict[str, str]) -> Iterator[Complaint]:
    yield from on_a_day(data, said, key)
    yield from known_word(said, "by", key, list(sides), "faction or group")
    event, agreement = said.get("event"), said.get("agreement")
    needs = {"base_attempt": ("by", "in"), "agreement": ("agreement",)}.get(event if isinstance(event, str) else "", ())
    for name in needs:
        if said.get(name) is None:
            yield (*key, name), f"is missing; the event {event} needs it"
    if event == "base_attempt" and agreement is not None:
        yield (*key, "agreement"), "does not belong to a base_attempt"
    if isinstance(agreement, dict):
        yield from _agreement(data, agreement, (*key, "agreement"), sides)
        on, signed = day(said.get("on")), day(agreement.get("signed"))
        if on is not None and signed is not None and on != signed:
            yield (*key, "agreement", "signed"), f"{signed} differs from the day of the event, {on}"
