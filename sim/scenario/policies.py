"""Policies in raw data: one action each, the keys that belong to it, names that are known, days that can be reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sim.scenario.keys import Key, choice, shown
from sim.scenario.raw import day, groups_of, known_word, listed, named, on_a_day, unknown
from sim.scenario.survey import Complaint

ZONE = "zone"  # the word for the demilitarised zone in `from:`
NEARLY = 0.85  # likeness above which a stranger's name is taken for a misspelt one


class Action(NamedTuple):
    """The keys of a policy beside its action's own: those it needs, and those it may have."""

    needs: tuple[str, ...]
    may_have: tuple[str, ...] = ()


ACTIONS = {
    "withdraw": Action(("by",), ("from", "towns_to", "may_return")),
    "enforce_no_expansion": Action(("factor",), ("on", "until")),
    "mediate": Action(("factor",), ("on", "until")),
    "reinforce": Action(("on", "in", "fighters")),
    "merge_groups": Action(("on", "into"), ("cohesion",)),
    "monitor": Action(("factor",), ("on", "until")),
}
ALWAYS = ("source",)
KEYS = {key for action in ACTIONS.values() for key in (*action.needs, *action.may_have)}


def policy_checks(data: dict[str, Any], sides: dict[str, str]) -> Iterator[Complaint]:
    """Complaints about the policies; `sides` has the faction of each name of a faction or group."""
    for index, said in listed(data, "policy"):
        key: Key = ("policy", index)
        found = [name for name in ACTIONS if said.get(name) is not None]
        for name in ("on", "by", "until"):
            yield from on_a_day(data, said, key, name)
        if not found:
            yield key, f"says no action; a policy needs exactly one of {', '.join(ACTIONS)}"
        elif len(found) > 1:
            yield (*key, found[1]), f"a second action beside {found[0]}; write each as a policy of its own"
        else:
            yield from _keys(said, found[0], key)
            yield from _until(said, key)
            yield from _factor(said, found[0], key)
            yield from _names(data, said, found[0], key, sides)


def _keys(said: dict[str, Any], action: str, key: Key) -> Iterator[Complaint]:
    """Complain of keys that the action needs and that are missing, and of those that are another's."""
    needs, may_have = ACTIONS[action]
    for name in needs:
        if said.get(name) is None:
            yield (*key, name), f"is missing; {action} needs it"
    allowed = [*needs, *may_have, *ALWAYS]
    for name in said:
        if name in KEYS and name not in allowed and said[name] is not None:
            yield (*key, name), f"does not belong to {action}{choice(name, allowed, 'its keys')}"


def _until(said: dict[str, Any], key: Key) -> Iterator[Complaint]:
    on, until = day(said.get("on")), day(said.get("until"))
    if on is not None and until is not None and until < on:
        yield (*key, "until"), f"{until} is before the first day, {on}"


def _factor(said: dict[str, Any], action: str, key: Key) -> Iterator[Complaint]:
    """Complain of a factor that does the reverse of what the action says, or nothing."""
    if "factor" not in ACTIONS[action].needs:
        return
    for place, value in _values(said.get("factor"), (*key, "factor")):
        if action == "enforce_no_expansion" and value >= 1:
            yield place, f"{shown(value)} would not hold base attempts back; needs less than 1"
        elif action != "enforce_no_expansion" and value <= 1:
            what = "make agreements easier to sign" if action == "mediate" else "make agreements hold longer"
            yield place, f"{shown(value)} would not {what}; needs more than 1"


def _values(value: Any, key: Key) -> Iterator[tuple[Key, float]]:
    parts = (
        [((*key, name), value.get(name)) for name in ("best", "low", "high")]
        if isinstance(value, dict)
        else [(key, value)]
    )
    for place, number in parts:
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield place, number


def _names(
    data: dict[str, Any], said: dict[str, Any], action: str, key: Key, sides: dict[str, str]
) -> Iterator[Complaint]:
    """Complain of factions, groups and zones that do not exist."""
    groups = [group for _, group, _ in groups_of(data)]
    factions = [faction for faction, _ in named(data, "factions")]
    if action in ("withdraw", "enforce_no_expansion"):
        yield from known_word(said, action, key, factions, "faction")
    elif action == "reinforce":
        yield from known_word(said, action, key, groups, "group")
    elif action == "merge_groups":
        yield from _merged(said, key, groups, sides)
    else:
        yield from _stranger(said, action, key, list(sides))
    if action == "withdraw" and said.get("from") in (None, ZONE) and not isinstance(data.get("zone"), dict):
        place = "from" if said.get("from") is not None else "withdraw"
        yield (*key, place), "the scenario has no zone to withdraw from; name a town in `from:`"


def _stranger(said: dict[str, Any], action: str, key: Key, known: list[str]) -> Iterator[Complaint]:
    """Complain of a mediator or monitor that looks like a misspelt name; whoever else is not of the model is outside it."""
    who = said.get(action)
    if isinstance(who, str) and who not in known and (near := difflib.get_close_matches(who, known, 1, NEARLY)):
        yield (
            (*key, action),
            f"is nobody of the scenario, did you mean {near[0]!r}? One from outside needs a name less alike",
        )


def _merged(said: dict[str, Any], key: Key, groups: list[str], sides: dict[str, str]) -> Iterator[Complaint]:
    """Complain of groups that do not exist or cannot merge: all of one faction, and more than one."""
    into, merged = said.get("into"), said.get("merge_groups")
    yield from known_word(said, "into", key, groups, "group")
    names = merged if isinstance(merged, list) else []
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        if name not in groups:
            yield (*key, "merge_groups", index), unknown(name, groups, "group")
        elif isinstance(into, str) and into in groups and sides[name] != sides[into]:
            yield (
                (*key, "merge_groups", index),
                f"{shown(name)} is of {shown(sides[name])}, {shown(into)} of {shown(sides[into])}; only groups of one faction merge",
            )
    if isinstance(merged, list) and not [name for name in names if name != into]:
        yield (*key, "merge_groups"), "names no group that would join another"
