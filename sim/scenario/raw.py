"""Looking at the raw data of a scenario: values of the right type, names that are known, days that a run can reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sim.scenario.keys import Key, choice, shown
from sim.scenario.survey import Complaint

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
    """Faction, group and what is said of the group, for every group that has a name."""
    found = []
    for faction, said in named(data, "factions"):
        groups = said.get("groups")
        found += [(faction, group, item) for group, item in groups.items()] if isinstance(groups, dict) else []
    return found


def sides_of(data: dict[str, Any]) -> dict[str, str]:
    """The faction that each name of a faction or group stands for."""
    sides = {group: faction for faction, group, _ in groups_of(data)}
    factions = data.get("factions")
    return sides | ({name: name for name in factions} if isinstance(factions, dict) else {})


def day(value: Any) -> date | None:
    """The value where it is a date."""
    return value if isinstance(value, date) else None


def known_word(part: dict[str, Any], name: str, key: Key, known: list[str], what: str) -> Iterator[Complaint]:
    """Complain of a word that is none of those known."""
    value = part.get(name)
    if isinstance(value, str) and value not in known:
        yield (*key, name), unknown(value, known, what)


def unknown(value: str, known: list[str], what: str) -> str:
    """What to say of an unknown word."""
    return f"unknown {what} {shown(value)}{choice(value, known, 'known')}"


def on_a_day(data: dict[str, Any], said: dict[str, Any], key: Key, name: str = "on") -> Iterator[Complaint]:
    """Complain of a day that no run can reach; one after the last day is only not reached, as `check` says."""
    start, on = day(data.get("start")), day(said.get(name))
    if start is None or on is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
        return
    if on < start:
        yield (*key, name), f"{on} is before the start, {start}"
    elif on > start + timedelta(days=MAX_DAYS):
        yield (*key, name), f"{on} is more than {MAX_DAYS} days after the start, {start}"
