"""Checks across the parts of a scenario, on raw data, so that they can be said together with all other faults.

Every check looks only at values of the right type and leaves the others to the schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sim.scenario.keys import Key, choice, shown
from sim.scenario.shape import as_data, slot_at
from sim.scenario.survey import Complaint

MAX_GROUPS = 60
MAX_NAMES = 200
FIRST_YEAR, LAST_YEAR = 1900, 2200
MAX_DAYS = 4000


def cross_checks(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complaints about what does not fit together; what needs the map is checked elsewhere."""
    sides = _sides(data)
    groups = _groups(data)
    if len(groups) > MAX_GROUPS:
        yield ("factions",), f"{len(groups)} groups in all, at most {MAX_GROUPS} are allowed"
        return
    if len(sides) > MAX_NAMES:
        return  # too many factions: the schema says so
    yield from _names(data, sides)
    yield from _solidarity(data)
    yield from _years(data)
    yield from _zone(data)
    yield from _rules(data)
    for name, agreement in _named(data, "agreements"):
        key: Key = ("agreements", name)
        yield from _agreement(data, agreement, key, sides)
        yield from _in_force(data, agreement, key)
    for index, event in _listed(data, "given"):
        yield from _given(data, event, ("given", index), sides)
    for index, action in _listed(data, "policy"):
        key = ("policy", index)
        yield from _on(data, action, key)
        yield from _known(action, "group", key, [group for _, group, _ in _groups(data)], "group")


def _named(data: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    part = data.get(name) if isinstance(data, dict) else None
    return [(key, item) for key, item in part.items() if isinstance(item, dict)] if isinstance(part, dict) else []


def _listed(data: dict[str, Any], name: str) -> list[tuple[int, dict[str, Any]]]:
    part = data.get(name)
    return (
        [(index, item) for index, item in enumerate(part) if isinstance(item, dict)] if isinstance(part, list) else []
    )


def _groups(data: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Faction, group and what is said of the group, for every group that has a name."""
    found = []
    for faction, said in _named(data, "factions"):
        groups = said.get("groups")
        found += [(faction, group, item) for group, item in groups.items()] if isinstance(groups, dict) else []
    return found


def _sides(data: dict[str, Any]) -> dict[str, str]:
    """The faction that each name of a faction or group stands for."""
    sides = {group: faction for faction, group, _ in _groups(data)}
    factions = data.get("factions")
    return sides | ({name: name for name in factions} if isinstance(factions, dict) else {})


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _names(data: dict[str, Any], sides: dict[str, str]) -> Iterator[Complaint]:
    groups = _groups(data)
    home: dict[str, str] = {}
    for faction, group, _ in groups:
        key: Key = ("factions", faction, "groups", group)
        if group in home:
            yield key, f"a group belongs to one faction; {shown(group)} is in {shown(home[group])} already"
        elif group in sides and group != faction and any(group == other for other, _ in _named(data, "factions")):
            yield key, f"{shown(group)} is the name of another faction; give the group a name of its own"
        home.setdefault(group, faction)
    codes = Counter(_code(name, said) for name, said in _named(data, "factions"))
    for name, said in _named(data, "factions"):
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
    governments = [name for name, said in _named(data, "factions") if said.get("role") == "government"]
    for name in governments[1:]:
        yield (
            ("factions", name, "role"),
            f"at most one faction may be the government, {shown(governments[0])} is one already",
        )


def _code(name: str, said: dict[str, Any]) -> str:
    code = said.get("code")
    return code if isinstance(code, str) else name


def _solidarity(data: dict[str, Any]) -> Iterator[Complaint]:
    for faction, group, said in _groups(data):
        sisters = [other for side, other, _ in _groups(data) if side == faction and other != group]
        toward = said.get("solidarity_with") if isinstance(said, dict) else None
        for name in toward if isinstance(toward, dict) else ():
            if name not in sisters:
                message = (
                    f"{shown(name)} is not a sister group of {shown(group)}{choice(name, sisters, 'its sister groups')}"
                )
                yield ("factions", faction, "groups", group, "solidarity_with", name), message


def _known(part: dict[str, Any], name: str, key: Key, known: list[str], what: str) -> Iterator[Complaint]:
    value = part.get(name)
    if isinstance(value, str) and value not in known:
        yield (*key, name), _unknown(value, known, what)


def _unknown(value: str, known: list[str], what: str) -> str:
    return f"unknown {what} {shown(value)}{choice(value, known, 'known')}"


def _years(data: dict[str, Any]) -> Iterator[Complaint]:
    for name in ("start", "evidence_until", "control_on"):
        day = _day(data.get(name))
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            yield (name,), f"{day} is out of range, allowed is {FIRST_YEAR} to {LAST_YEAR}"
    control, evidence = _day(data.get("control_on")), _day(data.get("evidence_until"))
    if control is not None and evidence is not None and control > evidence:
        yield ("control_on",), f"{control} is later than the evidence, which ends on {evidence}"


def _zone(data: dict[str, Any]) -> Iterator[Complaint]:
    zone = data.get("zone")
    if isinstance(zone, dict):
        agreed, deadline = _day(zone.get("agreed")), _day(zone.get("deadline"))
        if agreed is not None and deadline is not None and deadline < agreed:
            yield ("zone", "deadline"), f"{deadline} is before the zone was agreed, {agreed}"


def _rules(data: dict[str, Any]) -> Iterator[Complaint]:
    for low, high in (
        (("clash", "committed_min"), ("clash", "committed_max")),
        (("ladder", "several_places"), ("ladder", "campaign_places")),
    ):
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
            yield (*key, "between", index), _unknown(name, list(sides), "faction or group")
    if len(parties) == 2 and all(name in sides for name in parties) and sides[parties[0]] == sides[parties[1]]:
        yield (
            (*key, "between"),
            f"both sides belong to {shown(sides[parties[0]])}; an agreement is between two factions",
        )
    yield from _known(said, "mediator", key, list(sides), "faction or group")
    terms = said.get("terms")
    known = data["terms"] if isinstance(data.get("terms"), dict) else {}
    for index, term in enumerate(terms if isinstance(terms, list) else ()):
        if isinstance(term, str) and term not in known:
            yield (*key, "terms", index), _unknown(term, list(known), "term")
    scope = said.get("scope")
    if scope in ("town", "sector") and said.get("around") is None:
        yield (*key, "around"), f"is missing; an agreement of scope {scope} needs the town it is around"
    signed, expires = _day(said.get("signed")), _day(said.get("expires"))
    if signed is not None and expires is not None and expires < signed:
        yield (*key, "expires"), f"{expires} is before the signing, {signed}"


def _in_force(data: dict[str, Any], said: dict[str, Any], key: Key) -> Iterator[Complaint]:
    start, signed, expires = _day(data.get("start")), _day(said.get("signed")), _day(said.get("expires"))
    if start is not None and signed is not None and signed > start:
        yield (*key, "signed"), f"{signed} is after the start, {start}; an agreement signed later belongs in `given:`"
    if start is not None and expires is not None and expires < start and not (signed is not None and expires < signed):
        yield (*key, "expires"), f"{expires} is before the start, {start}; the agreement would not be in force"


def _given(data: dict[str, Any], said: dict[str, Any], key: Key, sides: dict[str, str]) -> Iterator[Complaint]:
    yield from _on(data, said, key)
    yield from _known(said, "by", key, list(sides), "faction or group")
    event, agreement = said.get("event"), said.get("agreement")
    needs = {"base_attempt": ("by", "in"), "agreement": ("agreement",)}.get(event if isinstance(event, str) else "", ())
    for name in needs:
        if said.get(name) is None:
            yield (*key, name), f"is missing; the event {event} needs it"
    if event == "base_attempt" and agreement is not None:
        yield (*key, "agreement"), "does not belong to a base_attempt"
    if isinstance(agreement, dict):
        yield from _agreement(data, agreement, (*key, "agreement"), sides)
        on, signed = _day(said.get("on")), _day(agreement.get("signed"))
        if on is not None and signed is not None and on != signed:
            yield (*key, "agreement", "signed"), f"{signed} differs from the day of the event, {on}"


def _on(data: dict[str, Any], said: dict[str, Any], key: Key) -> Iterator[Complaint]:
    """Complain of a day that no run can reach; one after the last day is only not reached, as `check` says."""
    start, on = _day(data.get("start")), _day(said.get("on"))
    if start is None or on is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
        return
    if on < start:
        yield (*key, "on"), f"{on} is before the start, {start}"
    elif on > start + timedelta(days=MAX_DAYS):
        yield (*key, "on"), f"{on} is more than {MAX_DAYS} days after the start, {start}"
