"""Load a scenario: merge files, apply overrides, validate; check single values and name their faults; report all faults together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Fault, InputError
from sim.scenario.compose import Removal, apply_sets, find_scenario, places, plain_data, read_chain
from sim.scenario.cross_checks import cross_checks, sides_of
from sim.scenario.fields import ROOT, Complaint, Key, Slot, choice, dotted, gone_key, keys_of, quote_value, slot_at
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.yaml_reader import UNREADABLE
from sim.text import plural

MAX_FAULTS = 200
MISSING = "is missing"
SURVEYED = ("out_of_range", "extra_forbidden")  # already reported by the checks of single values
FileLine = tuple[str, int | None]


@dataclass(frozen=True)
class Loaded:
    """A scenario with the files it was read from (the given one first) and the place of each of its keys."""

    scenario: Scenario
    files: tuple[Path, ...]
    places: dict[str, FileLine] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the given file, without its ending."""
        return self.files[0].stem

    def where(self, path: str) -> FileLine:
        """File and line (1-based; None for --set) of a dotted path; of the nearest part above it for a default."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places[path]

    def given(self, path: str) -> FileLine | None:
        """File and line of a dotted path, or None if it is a default."""
        return self.places.get(path)


def load_scenario(path: str | Path, sets: Sequence[str] = ()) -> Scenario:
    """Read a scenario without its map.

    Args:
        path: a scenario file, or the bare name of one in `scenarios/`.
        sets: changes as "KEY=VALUE", with the keys that `run.py show` prints.

    Raises:
        InputError: with every fault.

    Example:
        >>> from sim.scenario.load import load_scenario
        >>> load_scenario("two_valleys", ["rules.ceasefire.hold_days=20"]).rules.ceasefire.hold_days.best
        20.0
    """
    return load(path, sets).scenario


def load(path: str | Path, sets: Sequence[str] = ()) -> Loaded:
    """As `load_scenario`, with the file and line of every key."""
    root, files, idle, faults = read_chain(find_scenario(path))
    root, set_faults = apply_sets(root, sets)
    data, where, origin = expand_accords(plain_data(root), places(root))
    removed = {key: (node.file, node.line) for key, node in idle}
    known = {fault.key for fault in faults}
    complaints = [
        item
        for item in (*islice(idle_removals(idle), MAX_FAULTS), *islice(survey(data), MAX_FAULTS))
        if dotted(item[0]) not in known
    ]
    scenario, invalid = _validated(data)
    complaints += [item for item in (*invalid, *islice(cross_checks(data), MAX_FAULTS)) if not _covered(item[0], data)]
    complaints = [(as_written(key, origin), message) for key, message in complaints]
    if any(
        fault.key == "extends" for fault in faults
    ):  # values that the extended file would have given are not missing
        complaints = [item for item in complaints if not item[1].startswith(MISSING)]
    faults += set_faults + _faults(complaints, {**where, **removed})
    if faults or scenario is None:
        raise InputError(_in_order(faults, files))
    return Loaded(scenario, tuple(files), {dotted(key): location for key, location in where.items()})


def expand_accords(data: Any, where: dict[Key, FileLine]) -> tuple[Any, dict[Key, FileLine], dict[str, str]]:
    """Return a scenario with an agreement for each pair of the parties of its accords, the places of its keys, and the accord by agreement.

    Pairs within one faction are left out. An accord whose parties cannot be read stays, so that checks report it.
    """
    agreements = data.get("agreements") if isinstance(data, dict) else None
    if not isinstance(agreements, dict):
        return data, where, {}
    sides, origin, where = sides_of(data), {}, dict(where)
    expanded: dict[str, Any] = {}
    for name, agreement in agreements.items():
        parties = agreement.get("parties") if isinstance(agreement, dict) else None
        if not isinstance(parties, list) or "between" in agreement or not _are_parties(parties):
            expanded[name] = agreement
            continue
        rest = {key: value for key, value in agreement.items() if key != "parties"}
        for one, other in combinations(parties, 2):
            if sides.get(one, one) != sides.get(other, other):
                pair = f"{name}, {one} and {other}"
                expanded[pair], origin[pair] = {"between": [one, other], "accord": name, **rest}, name
                accord: Key = ("agreements", name)
                below = [key for key in where if key[:2] == accord]
                where |= {("agreements", pair, *key[2:]): where[key] for key in below}
    return {**data, "agreements": expanded}, where, origin


def _are_parties(parties: list[Any]) -> bool:
    return len(parties) >= 3 and all(isinstance(party, str) for party in parties) and len(set(parties)) == len(parties)


def as_written(key: Key, origin: Mapping[str, str]) -> Key:
    """Return the key under which the file has what an agreement made of an accord has at `key`."""
    if key[:1] != ("agreements",) or len(key) < 2 or key[1] not in origin:
        return key
    below = ("parties",) if key[2:3] == ("between",) else key[2:]
    return ("agreements", origin[str(key[1])], *below)


def _validated(data: Any) -> tuple[Scenario | None, list[Complaint]]:
    try:
        return Scenario.model_validate(with_default_sources(data), strict=True), []
    except ValidationError as error:
        errors = (entry for entry in error.errors(include_url=False) if entry["type"] not in SURVEYED)
        return None, [complaint(entry) for entry in islice(errors, MAX_FAULTS)]


def _covered(key: Key, data: Any) -> bool:
    """True if the value at `key` could not be read, so that its fault is known already."""
    value = data
    for part in key:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return value is UNREADABLE
    return value is UNREADABLE


def _faults(complaints: Iterable[Complaint], where: dict[Key, FileLine]) -> list[Fault]:
    """One fault a key, with its place; the first complaint about a key is the most precise."""
    by_key: dict[Key, Fault] = {}
    for key, message in complaints:
        if key not in by_key:
            above = key
            while above not in where:
                above = above[:-1]
            file, line = where[above]
            by_key[key] = Fault(file, line, dotted(key), message)
    return list(by_key.values())


def _in_order(faults: list[Fault], files: list[Path]) -> list[Fault]:
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0))
    more = [Fault(files[0].name, None, "", "and more faults")] if len(ordered) > MAX_FAULTS else []
    return ordered[:MAX_FAULTS] + more


def survey(data: Any, slot: Slot = ROOT, key: Key = ()) -> Iterator[Complaint]:
    """Complaints about unknown keys and numbers out of range anywhere in `data`."""
    if slot.kind in ("part", "quantity") and isinstance(data, dict):
        known = keys_of(slot)
        for name in data:
            if name not in known:
                yield (*key, name), gone_key((*key, name)) or unknown_key(name, list(known))
    if slot.kind == "quantity":
        yield from _out_of_range(data, slot, key)
    else:
        for name, sub, item in _below(data, slot):
            yield from survey(item, sub, (*key, name))


def _below(data: Any, slot: Slot) -> Iterator[tuple[str | int, Slot, Any]]:
    if slot.kind == "part" and isinstance(data, dict):
        for name, sub in keys_of(slot).items():
            if name in data:
                yield name, sub, data[name]
    elif slot.kind == "named" and isinstance(data, dict) and slot.item is not None:
        for name, item in data.items():
            yield name, slot.item, item
    elif slot.kind == "list" and isinstance(data, list) and slot.item is not None:
        for index, item in enumerate(data):
            yield index, slot.item, item


def unknown_key(name: str, known: list[str]) -> str:
    """What to say of a key that is not known here."""
    return f"unknown key{choice(name, known)}"


def _out_of_range(data: Any, slot: Slot, key: Key) -> Iterator[Complaint]:
    if slot.allowed is None:
        return
    low, high = slot.allowed
    numbers = (
        [((*key, name), data.get(name)) for name in ("best", "low", "high")]
        if isinstance(data, dict)
        else [(key, data)]
    )
    for value_key, value in numbers:
        if isinstance(value, int | float) and not isinstance(value, bool) and not low <= value <= high:
            yield value_key, f"{quote_value(value)} is out of range, allowed is {low:g} to {high:g} {slot.unit}"


def idle_removals(idle: list[Removal]) -> Iterator[Complaint]:
    """Complaints about `null` for what is not there to remove; a known key with a default may always be null."""
    for key, _ in idle:
        slot = slot_at(key[:-1])
        if slot is None or (slot.kind in ("part", "quantity") and key[-1] in keys_of(slot)):
            continue
        if slot.kind in ("part", "quantity"):
            yield key, gone_key(key) or unknown_key(str(key[-1]), list(keys_of(slot)))
        elif slot.kind == "named":
            yield key, f"null removes a name, but there is no {dotted(key[-1:])} here to remove"


def with_default_sources(data: Any, slot: Slot = ROOT) -> Any:
    """`data` with each plain number that repeats a fixed default taken as that default, its source included."""
    if slot.kind == "quantity":
        default = slot.default
        same = (
            isinstance(default, Quantity)
            and not default.uncertain
            and not isinstance(data, bool)
            and data == default.best
        )
        return default if same else data
    below = {name: with_default_sources(item, sub) for name, sub, item in _below(data, slot)}
    if isinstance(data, dict):
        return {**data, **below}
    if isinstance(data, list):
        return [below.get(index, item) for index, item in enumerate(data)]
    return data


# What is needed where pydantic reports a wrong type, by the first word of the type of its error ("int_parsing", ...).
NEEDED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "date": "a date such as 2020-03-14",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "iterable": "a list",
    "dict": "a mapping from names",
    "mapping": "a mapping from names",
    "model": "a mapping",
    "none": "nothing",
}

OWN = "out_of_range"  # the type of the errors that sim.scenario.parameters raises

LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


Forms = Mapping[tuple[str, ...], str]

"""All forms in which a value may be written, in words, by key path; "*" stands for any name or place in a list."""


def complaint(error: Any, forms: Forms | None = None) -> Complaint:
    """The key path and a sentence for one entry of `ValidationError.errors()`.

    `forms`: of values that may be written in more than one form, which the schema does not know.
    """
    key: Key = tuple(part for part in error["loc"] if part != "[key]")
    kind, context, value = error["type"], error.get("ctx") or {}, error.get("input")
    slot = slot_at(key)
    if kind == "missing":
        return key, _missing(slot)
    if _is_wrong_form(kind) and (form := _form(key, forms or {})):
        empty = isinstance(value, list | dict) and not value
        return key, f"needs {form}, got {'an empty one' if empty else quote_value(value)}"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return key, f"{quote_value(value)} is not known here{choice(value, allowed)}"
    if slot is not None and slot.kind == "quantity" and kind in ("model_type", "model_attributes_type"):
        return key, f"needs a number, or {{best, low, high, source}}, got {quote_value(value)}{_in_words(slot)}"
    if kind == "extra_forbidden":
        return key, "unknown key"
    if kind in (OWN, "value_error"):  # our own checks, which raise errors with our own words
        return key, str(context.get("error") or error["msg"])
    if limit := _limit(kind, context, value):
        return key, limit
    needed = NEEDED.get(kind.partition("_")[0])
    if needed is None:
        return key, f"{quote_value(value)} is not allowed here{_in_words(slot)}"
    return key, f"needs {needed}, got {quote_value(value)}{_in_words(slot)}"


def _is_wrong_form(kind: str) -> bool:
    """Return whether a kind of error means that a value has another form than needed; a text beyond a limit has not."""
    return kind in ("too_short", "is_instance_of", "string_type") or (
        not kind.startswith("string_") and kind.partition("_")[0] in NEEDED
    )


def _form(key: Key, forms: Forms) -> str:
    """Return the forms in which the value at a key may be written; empty if it has only the one of the schema."""
    for pattern, form in forms.items():
        if len(pattern) == len(key) and all(want in ("*", part) for want, part in zip(pattern, key, strict=True)):
            return form
    return ""


def _limit(kind: str, context: dict[str, Any], value: Any) -> str:
    """What to say of a value beyond a limit; empty for other errors."""
    if kind == "string_too_short":
        return f"too short, at least {plural(context['min_length'], 'character')} are needed, got {quote_value(value)}"
    if kind == "string_too_long":
        return f"too long, at most {plural(context['max_length'], 'character')} are allowed"
    if kind == "string_pattern_mismatch":
        needed = (
            "a colour such as '#D55E00' (in quotes)"
            if "0-9a-f" in context["pattern"]
            else f"text of the form {context['pattern']}"
        )
        return f"needs {needed}, got {quote_value(value)}"
    if kind == "multiple_of":
        return f"needs a multiple of {context['multiple_of']:g}, got {quote_value(value)}"
    if kind in LIMITS:
        words, limit = LIMITS[kind]
        return f"{quote_value(value)} is out of range, allowed is {words} {context[limit]}"
    if kind in ("too_short", "too_long"):
        few = kind == "too_short"
        limit = f"at least {context['min_length']}" if few else f"at most {context['max_length']}"
        return f"{'too few' if few else 'too many'} entries: {context['actual_length']}, allowed is {limit}"
    return ""


def _missing(slot: Slot | None) -> str:
    about = slot.about if slot is not None else ""
    return f"is missing; it is required{f' ({about})' if about else ''}"


def _in_words(slot: Slot | None) -> str:
    return f" ({slot.about})" if slot is not None and slot.attribute and slot.about else ""
