"""Checks across the parts of a scenario: names that must exist, dates, policies."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any, NamedTuple

from sim.scenario.fields import Complaint, Key, as_data, choice, name_fault, quote_value, same_name, slot_at
from sim.scenario.schema import MIXED, NEUTRAL

FIRST_YEAR, LAST_YEAR = 1900, 2200
MAX_DAYS = 4000


def named(data: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and mapping of everything in a part that is made of names."""
    part = data.get(name) if isinstance(data, dict) else None
    return [(key, item) for key, item in part.items() if isinstance(item, dict)] if isinstance(part, dict) else []


def listed(data: dict[str, Any], name: str) -> list[tuple[int, dict[str, Any]]]:
    """Place and mapping of everything in a part that is a list."""
    part = data.get(name)
    return (
        [(index, item) for index, item in enumerate(part) if isinstance(item, dict)] if isinstance(part, list) else []
    )


def groups_of(data: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Faction, group and the group's values, for every group with a name."""
    entries = []
    for faction, mapping in named(data, "factions"):
        groups = mapping.get("groups")
        entries += [(faction, group, item) for group, item in groups.items()] if isinstance(groups, dict) else []
    return entries


def sides_of(data: dict[str, Any]) -> dict[str, str]:
    """The faction that each name of a faction or group stands for."""
    sides = {group: faction for faction, group, _ in groups_of(data)}
    factions = data.get("factions")
    return sides | ({name: name for name in factions} if isinstance(factions, dict) else {})


def day(value: Any) -> date | None:
    """The value if it is a date."""
    return value if isinstance(value, date) else None


def known_word(part: dict[str, Any], name: str, key: Key, known: list[str], what: str) -> Iterator[Complaint]:
    """Report a word that is not among the known ones."""
    value = part.get(name)
    if isinstance(value, str) and value not in known:
        yield (*key, name), unknown(value, known, what)


def unknown(value: str, known: list[str], what: str) -> str:
    """What to say of an unknown word."""
    return f"unknown {what} {quote_value(value)}{choice(value, known, 'known')}"


def on_a_day(data: dict[str, Any], mapping: dict[str, Any], key: Key, name: str = "on") -> Iterator[Complaint]:
    """Complain of a day that no run can reach; one after the last day is only not reached, as `check` says."""
    start, on = day(data.get("start")), day(mapping.get(name))
    if start is None or on is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
        return
    if on < start:
        yield (*key, name), f"{on} is before the start, {start}"
    elif on > start + timedelta(days=MAX_DAYS):
        yield (*key, name), f"{on} is more than {MAX_DAYS} days after the start, {start}"


ZONE = "zone"  # the word for the demilitarised zone in `from:`, and in `in:` of a guarantor
PEACEKEEPER = "peacekeeper"  # the role of factions that guard towns
NEARLY = 0.85  # likeness above which a stranger's name is taken for a misspelt one


class Action(NamedTuple):
    """The keys of a policy beside its action's own: those it needs, and those it may have."""

    needs: tuple[str, ...]
    may_have: tuple[str, ...] = ()


ACTIONS = {
    "withdraw": Action(("by",), ("from", "towns_to", "may_return")),  # peacekeepers: from alone
    "enforce_no_expansion": Action(("factor",), ("on", "until")),
    "mediate": Action(("factor",), ("on", "until")),
    "reinforce": Action(("on", "in", "fighters"), ("mandate",)),
    "merge_groups": Action(("on", "into"), ("cohesion",)),
    "monitor": Action(("factor",), ("on", "until")),
    "guarantor": Action(("fighters", "credibility"), ("in", "between", "on", "until")),
    "sanctions": Action(("factor",), ("on", "until")),
    "support": Action(("factor",), ("on", "until")),
    "demobilise": Action(("on",), ("fighters", "share", "in")),
    "garrison": Action(("on", "in", "fighters"), ("until",)),
}
FACTORS = {  # by action with a factor: whether it is to exceed 1, and what it would fail to do otherwise
    "enforce_no_expansion": (False, "hold base attempts back"),
    "mediate": (True, "make agreements easier to sign"),
    "monitor": (True, "make agreements hold longer"),
    "sanctions": (False, "press the faction"),
    "support": (True, "back the faction"),
}
ABOVE_ZERO = {("sanctions", "factor"), ("guarantor", "credibility"), ("demobilise", "share")}

ALWAYS = ("source",)
KEYS = {key for action in ACTIONS.values() for key in (*action.needs, *action.may_have)}


def policy_checks(data: dict[str, Any], sides: dict[str, str]) -> Iterator[Complaint]:
    """Complaints about the policies; `sides` has the faction of each name of a faction or group."""
    for index, mapping in listed(data, "policy"):
        key: Key = ("policy", index)
        actions = [name for name in ACTIONS if mapping.get(name) is not None]
        for name in ("on", "by", "until"):
            yield from on_a_day(data, mapping, key, name)
        if not actions:
            yield key, f"says no action; a policy needs exactly one of {', '.join(ACTIONS)}"
        elif len(actions) > 1:
            yield (*key, actions[1]), f"a second action beside {actions[0]}; write each as a policy of its own"
        else:
            yield from _keys(mapping, actions[0], key)
            yield from _until(mapping, key)
            yield from _factor(mapping, actions[0], key)
            yield from _policy_names(data, mapping, actions[0], key, sides)


def _keys(mapping: dict[str, Any], action: str, key: Key) -> Iterator[Complaint]:
    """Complain of keys that the action needs and that are missing, and of those that are another's."""
    needs, may_have = ACTIONS[action]
    for name in needs:
        if mapping.get(name) is None:
            yield (*key, name), f"is missing; {action} needs it"
    allowed = [*needs, *may_have, *ALWAYS]
    for name in mapping:
        if name in KEYS and name not in allowed and mapping[name] is not None:
            yield (*key, name), f"does not belong to {action}{choice(name, allowed, 'its keys')}"


def _until(mapping: dict[str, Any], key: Key) -> Iterator[Complaint]:
    on, until = day(mapping.get("on")), day(mapping.get("until"))
    if on is not None and until is not None and until < on:
        yield (*key, "until"), f"{until} is before the first day, {on}"


def _factor(mapping: dict[str, Any], action: str, key: Key) -> Iterator[Complaint]:
    """Complain of a factor that does the reverse of what the action says, or nothing, and of a strength of 0."""
    if action in FACTORS:
        above, what = FACTORS[action]
        for value_key, value in _values(mapping.get("factor"), (*key, "factor")):
            if value == 1 or (value > 1) != above:
                needs = "more" if above else "less"
                yield value_key, f"{quote_value(value)} would not {what}; needs {needs} than 1"
    for name in ("factor", "credibility", "share"):
        for value_key, value in _values(mapping.get(name), (*key, name)):
            if (action, name) in ABOVE_ZERO and value == 0:
                yield value_key, f"0 is not allowed for {action}; needs more than 0"


def _values(value: Any, key: Key) -> Iterator[tuple[Key, float]]:
    parts = (
        [((*key, name), value.get(name)) for name in ("best", "low", "high")]
        if isinstance(value, dict)
        else [(key, value)]
    )
    for value_key, number in parts:
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield value_key, number


def _policy_names(
    data: dict[str, Any], mapping: dict[str, Any], action: str, key: Key, sides: dict[str, str]
) -> Iterator[Complaint]:
    """Complain of factions, groups and zones that do not exist, and of those that the action cannot be about."""
    groups = [group for _, group, _ in groups_of(data)]
    factions = [faction for faction, _ in named(data, "factions")]
    if action in ("withdraw", "enforce_no_expansion", "sanctions", "support"):
        yield from known_word(mapping, action, key, factions, "faction")
    elif action == "reinforce":
        yield from known_word(mapping, action, key, groups, "group")
    elif action == "merge_groups":
        yield from _merged(mapping, key, groups, sides)
    elif action in ("demobilise", "garrison"):
        yield from known_word(mapping, action, key, list(sides), "faction or group")
        yield from _fighters_of(data, mapping, action, key, sides)
    else:
        yield from _stranger(mapping, action, key, list(sides))
    yield from _of_peacekeepers(mapping, action, key, peacekeepers(data))
    if action in ("sanctions", "support"):
        yield from _rebel(data, mapping.get(action), action, (*key, action))
    elif action == "guarantor":
        yield from _between(mapping, key, sides, peacekeepers(data))
        for index, name in enumerate(names_between(mapping)):
            yield from _rebel(data, sides.get(name), action, (*key, "between", index))
    yield from _zone_named(data, mapping, action, key)


def _zone_named(data: dict[str, Any], mapping: dict[str, Any], action: str, key: Key) -> Iterator[Complaint]:
    """Complain of the zone as the place of an act if the scenario has none, or if the act needs a town."""
    if action in ("reinforce", "demobilise", "garrison") and mapping.get("in") == ZONE:
        yield (*key, "in"), f"{action} needs a town; only a guarantor may cover the zone"
    if isinstance(data.get("zone"), dict):
        return
    leaves_all = mapping.get("from") is None and mapping.get("withdraw") in peacekeepers(data)
    if action == "withdraw" and mapping.get("from") in (None, ZONE) and not leaves_all:
        key_name = "from" if mapping.get("from") is not None else "withdraw"
        yield (*key, key_name), "the scenario has no zone to withdraw from; name a town in `from:`"
    elif action == "guarantor" and mapping.get("in") == ZONE:
        yield (*key, "in"), "the scenario has no zone to cover; name a town, or leave `in:` out to cover all"


def peacekeepers(data: dict[str, Any]) -> list[str]:
    """Return the names of the factions of the role peacekeeper, and of their groups."""
    factions = [name for name, mapping in named(data, "factions") if mapping.get("role") == PEACEKEEPER]
    return factions + [group for faction, group, _ in groups_of(data) if faction in factions]


def _of_peacekeepers(mapping: dict[str, Any], action: str, key: Key, guards: list[str]) -> Iterator[Complaint]:
    """Complain of an act that peacekeepers do not carry out, and of keys of theirs with others or the reverse."""
    who = mapping.get(action)
    if not isinstance(who, str):
        return
    if who not in guards and mapping.get("mandate") is not None:
        yield (*key, "mandate"), f"belongs to peacekeepers; {quote_value(who)} is none"
    elif who in guards and action in ("enforce_no_expansion", "garrison"):
        yield (*key, action), f"{quote_value(who)} is a peacekeeper, which may withdraw, reinforce or demobilise"
    elif who in guards and action == "withdraw":
        for name in ("towns_to", "may_return"):
            if mapping.get(name) is not None:
                yield (*key, name), f"is about who holds towns; {quote_value(who)} is a peacekeeper and holds none"


def _rebel(data: dict[str, Any], name: Any, action: str, key: Key) -> Iterator[Complaint]:
    """Complain of a faction that neither decides on campaigns nor signs agreements: one that is no rebel."""
    role = dict(named(data, "factions")).get(name, {}).get("role") if isinstance(name, str) else None
    if isinstance(role, str) and role != "rebel":
        yield key, f"{quote_value(name)} has the role {role}; {action} is about rebels, who go to war and sign"


def _fighters_of(
    data: dict[str, Any], mapping: dict[str, Any], action: str, key: Key, sides: dict[str, str]
) -> Iterator[Complaint]:
    """Complain of more fighters than a faction or group can have, and of no count, or two, of who demobilises."""
    fighters, share, who = mapping.get("fighters"), mapping.get("share"), mapping.get(action)
    if action == "demobilise" and fighters is None and share is None:
        yield (*key, "fighters"), "is missing; demobilise needs `fighters:` or `share:`"
    elif action == "demobilise" and fighters is not None and share is not None:
        yield (*key, "share"), "a second count beside fighters; write one of the two"
    if not isinstance(who, str) or who not in sides:
        return
    most = 0.0
    for faction, group, item in groups_of(data):
        if who in (faction, group):
            number = item.get("fighters", 1000) if isinstance(item, dict) else 1000
            most += max((value for _, value in _values(number, key)), default=0.0)
    for value_key, value in _values(fighters, (*key, "fighters")):
        if value > most:
            yield value_key, f"{quote_value(value)} is more than {quote_value(who)} has, {most:g} at most"


def _stranger(mapping: dict[str, Any], action: str, key: Key, known: list[str]) -> Iterator[Complaint]:
    """Report a mediator or monitor that looks like a misspelt name; other names are actors outside the model."""
    who = mapping.get(action)
    if isinstance(who, str) and who not in known and (near := difflib.get_close_matches(who, known, 1, NEARLY)):
        yield (
            (*key, action),
            f"is nobody of the scenario, did you mean {near[0]!r}? One from outside needs a name less alike",
        )


def _merged(mapping: dict[str, Any], key: Key, groups: list[str], sides: dict[str, str]) -> Iterator[Complaint]:
    """Complain of groups that do not exist or cannot merge: all of one faction, and more than one."""
    into, merged = mapping.get("into"), mapping.get("merge_groups")
    yield from known_word(mapping, "into", key, groups, "group")
    names = merged if isinstance(merged, list) else []
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        if name not in groups:
            yield (*key, "merge_groups", index), unknown(name, groups, "group")
        elif isinstance(into, str) and into in groups and sides[name] != sides[into]:
            yield (
                (*key, "merge_groups", index),
                f"{quote_value(name)} is of {quote_value(sides[name])}, {quote_value(into)} of {quote_value(sides[into])}; only groups of one faction merge",
            )
    if isinstance(merged, list) and not [name for name in names if name != into]:
        yield (*key, "merge_groups"), "names no group that would join another"


MAX_GROUPS = 60
MAX_NAMES = 200
FACTION_COLUMNS = ("towns", "contested", "influence", "fighters", "deaths", "bases", "fatigue", "threat")
PAIR_COLUMNS = ("level", "deaths")

"""Of daily.csv: `<code>_towns` and so on for each faction, `level_<A>_<B>` and so on for each pair."""

ORDERED_RULES = (  # pairs of numbers of `rules:` of which the first may not exceed the second
    (("clash", "committed_min"), ("clash", "committed_max")),
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
    yield from _peacekeepers(data)
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
            yield key, f"a group belongs to one faction; {quote_value(group)} is in {quote_value(home[group])} already"
        elif group in sides and group != faction and any(group == other for other, _ in named(data, "factions")):
            yield key, f"{quote_value(group)} is the name of another faction; give the group a name of its own"
        home.setdefault(group, faction)
    codes = Counter(_code(name, mapping) for name, mapping in named(data, "factions"))
    for name, mapping in named(data, "factions"):
        code = _code(name, mapping)
        if codes[code] > 1:
            yield (
                ("factions", name, "code") if "code" in mapping else ("factions", name),
                f"code {quote_value(code)} is used by {codes[code]} factions; codes must differ",
            )
        if code in (MIXED, NEUTRAL):
            yield (
                ("factions", name, "code") if "code" in mapping else ("factions", name),
                f"{code} is kept for contested or neutral towns; choose another code",
            )
    governments = [name for name, mapping in named(data, "factions") if mapping.get("role") == "government"]
    for name in governments[1:]:
        yield (
            ("factions", name, "role"),
            f"at most one faction may be the government, {quote_value(governments[0])} is one already",
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
                yield key, f"{quote_value(name)} {fault}"
            other = known.setdefault(same_name(name), name)
            if other != name:
                yield (
                    key,
                    f"{quote_value(name)} looks like {quote_value(other)}: they differ only in capital letters or blanks",
                )
    title = data.get("title")
    if isinstance(title, str) and (fault := name_fault(title)):
        yield ("title",), f"{quote_value(title)} {fault}"


def _columns(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complain of codes that would give two columns of daily.csv one name, such as A and B_C beside A_B and C."""
    codes = {_code(name, said): name for name, said in named(data, "factions")}
    columns = [(f"{code}_{column}", code) for code in codes for column in FACTION_COLUMNS]
    columns += [(f"{x}_{a}_{b}", b) for a, b in combinations(codes, 2) for x in PAIR_COLUMNS]
    owner: dict[str, str] = {}
    for column, code in columns:
        if column in owner:
            key: Key = ("factions", codes[code])
            yield (
                key,
                f"code {quote_value(code)} gives daily.csv a second column {quote_value(column)}; choose another code",
            )
            return
        owner[column] = code


def _code(name: str, mapping: dict[str, Any]) -> str:
    code = mapping.get("code")
    return code if isinstance(code, str) else name


def _solidarity(data: dict[str, Any]) -> Iterator[Complaint]:
    for faction, group, mapping in groups_of(data):
        sisters = [other for side, other, _ in groups_of(data) if side == faction and other != group]
        toward = mapping.get("solidarity_with") if isinstance(mapping, dict) else None
        for name in toward if isinstance(toward, dict) else ():
            if name not in sisters:
                message = f"{quote_value(name)} is not a sister group of {quote_value(group)}{choice(name, sisters, 'its sister groups')}"
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


def _peacekeepers(data: dict[str, Any]) -> Iterator[Complaint]:
    """Complain of a peacekeeper with more than one group or no number of fighters, and of one's keys in other roles."""
    for name, mapping in named(data, "factions"):
        key: Key = ("factions", name)
        role, groups = mapping.get("role"), mapping.get("groups")
        if role != PEACEKEEPER and mapping.get("peacekeeping") is not None:
            yield (
                (*key, "peacekeeping"),
                f"belongs to the role {PEACEKEEPER}; {quote_value(name)} has {quote_value(role)}",
            )
        if role != PEACEKEEPER or not isinstance(groups, dict):
            continue
        if len(groups) > 1:
            yield (*key, "groups"), f"has {len(groups)} groups; a peacekeeper has one, whose fighters guard its towns"
        for group, item in groups.items():
            if isinstance(item, dict) and item.get("fighters") is None:
                yield (
                    (*key, "groups", group, "fighters"),
                    "is missing; a peacekeeper's are spread over the towns it guards",
                )


def _rules(data: dict[str, Any]) -> Iterator[Complaint]:
    for low, high in ORDERED_RULES:
        least, most = _number(data, ("rules", *low)), _number(data, ("rules", *high))
        if least is not None and most is not None and least > most:
            yield ("rules", *low), f"{least:g} is more than {'.'.join(high)}, which is {most:g}"


def _number(data: Any, key: Key) -> float | None:
    """The best value at a key path, the default if the file has none, None if it is no number."""
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


def names_between(mapping: dict[str, Any]) -> list[str]:
    """The names in `between:`, as far as they are names."""
    between = mapping.get("between")
    return [name for name in between if isinstance(name, str)] if isinstance(between, list) else []


def _between(mapping: dict[str, Any], key: Key, sides: dict[str, str], guards: list[str]) -> Iterator[Complaint]:
    """Complain of parties of an agreement that do not exist, or that belong to one faction."""
    parties = names_between(mapping)
    for index, name in enumerate(parties):
        if name not in sides:
            yield (*key, "between", index), unknown(name, list(sides), "faction or group")
        elif name in guards:
            yield (*key, "between", index), f"{quote_value(name)} is a peacekeeper, which is no party to agreements"
    if len(parties) == 2 and all(name in sides for name in parties) and sides[parties[0]] == sides[parties[1]]:
        yield (
            (*key, "between"),
            f"both sides belong to {quote_value(sides[parties[0]])}; an agreement is between two factions",
        )


def _parties(mapping: dict[str, Any], key: Key) -> Iterator[Complaint]:
    """Complain of parties of an accord that could not be read, which is why they are still there."""
    parties = mapping["parties"]
    if mapping.get("between") is not None:
        yield (*key, "parties"), "stands beside `between`; give one of the two"
    elif isinstance(parties, list) and len(set(map(str, parties))) < max(len(parties), 3):
        yield (*key, "parties"), "needs three or more different factions or groups; two are `between: [A, B]`"
    elif key[0] == "given":
        yield (*key, "parties"), "belongs to `agreements:`; a given agreement is `between` two, write one for each pair"


def _agreement(data: dict[str, Any], mapping: dict[str, Any], key: Key, sides: dict[str, str]) -> Iterator[Complaint]:
    if mapping.get("parties") is not None:
        yield from _parties(mapping, key)
    elif mapping.get("between") is None:
        yield (
            (*key, "between"),
            "is missing; an agreement is between two factions or groups, an accord has `parties`, three or more",
        )
    yield from _between(mapping, key, sides, peacekeepers(data))
    yield from known_word(mapping, "mediator", key, list(sides), "faction or group")
    terms = mapping.get("terms")
    known = data["terms"] if isinstance(data.get("terms"), dict) else {}
    for index, term in enumerate(terms if isinstance(terms, list) else ()):
        if isinstance(term, str) and term not in known:
            yield (*key, "terms", index), unknown(term, list(known), "term")
    scope = mapping.get("scope")
    if scope in ("town", "sector") and mapping.get("around") is None:
        yield (*key, "around"), f"is missing; an agreement of scope {scope} needs the town it is around"
    signed, expires = day(mapping.get("signed")), day(mapping.get("expires"))
    if signed is not None and expires is not None and expires < signed:
        yield (*key, "expires"), f"{expires} is before the signing, {signed}"


def _in_force(data: dict[str, Any], mapping: dict[str, Any], key: Key) -> Iterator[Complaint]:
    start, signed, expires = day(data.get("start")), day(mapping.get("signed")), day(mapping.get("expires"))
    if start is not None and signed is not None and signed > start:
        yield (*key, "signed"), f"{signed} is after the start, {start}; an agreement signed later belongs in `given:`"
    if start is not None and expires is not None and expires < start and not (signed is not None and expires < signed):
        yield (*key, "expires"), f"{expires} is before the start, {start}; the agreement would not be in force"


def _given(data: dict[str, Any], mapping: dict[str, Any], key: Key, sides: dict[str, str]) -> Iterator[Complaint]:
    yield from on_a_day(data, mapping, key)
    yield from known_word(mapping, "by", key, list(sides), "faction or group")
    event, agreement = mapping.get("event"), mapping.get("agreement")
    if mapping.get("by") in peacekeepers(data):
        yield (*key, "by"), f"{quote_value(mapping['by'])} is a peacekeeper, which opens no base and attends no talks"
    needs = {
        "base_attempt": ("by", "in"),
        "agreement": ("agreement",),
        "killing_at_talks": ("by", "in", "deaths"),
    }.get(event if isinstance(event, str) else "", ())
    for name in needs:
        if mapping.get(name) is None:
            yield (*key, name), f"is missing; the event {event} needs it"
    if event in ("base_attempt", "killing_at_talks") and agreement is not None:
        yield (*key, "agreement"), f"does not belong to a {event}"
    if event != "killing_at_talks" and mapping.get("deaths") is not None:
        yield (*key, "deaths"), "belongs to a killing_at_talks"
    if isinstance(agreement, dict):
        yield from _agreement(data, agreement, (*key, "agreement"), sides)
        on, signed = day(mapping.get("on")), day(agreement.get("signed"))
        if on is not None and signed is not None and on != signed:
            yield (*key, "agreement", "signed"), f"{signed} differs from the day of the event, {on}"
