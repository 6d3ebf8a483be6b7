"""Settings of the page: scenario files, the six inputs that matter most, all others, rules, policies.

Everything is read off the scenario's schema. A change is a "KEY=VALUE" as the command line has it, so that what the page
makes is what `run.py run --set` makes."""

from __future__ import annotations

import math
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.files import OUTPUTS, named_files
from sim.results.manifest import Kind, kind_of, read_manifest
from sim.results.phrases import policy_phrase
from sim.scenario.fields import ROOT, Key, Slot, as_data, children, dotted, slot_at
from sim.scenario.load import Loaded, load
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Policy, Scenario, peacekeepers
from sim.scenario.show import Change, flow
from sim.text import clause_list, day_text

SPAN = 3.0  # a slider reaches this many times the value, if the allowed range does
STEPS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100, 500, 1000, 5000)
NOT_OFFERED = ("policy", "given")


@dataclass(frozen=True)
class SliderSpec:
    """One of the six sliders: argument of LiveModel, dotted key, label, unit, ends and step.

    The unit of a share begins with "%": it is shown in percent.
    """

    name: str
    key: str
    label: str
    unit: str
    low: float
    high: float
    step: float


MAIN = (
    SliderSpec(
        "attempts",
        "rules.base_attempt.attempts_per_town_month",
        "Attempts to open a base",
        "per town and month",
        0,
        0.1,
        0.005,
    ),
    SliderSpec("after_refusal", "rules.demand.clash_after_refusal", "Chance of force after a refusal", "%", 0, 1, 0.05),
    SliderSpec(
        "offspring", "rules.spread.offspring_per_clash_day", "Each day of clashes sets off", "more", 0, 1.5, 0.05
    ),
    SliderSpec(
        "call_to_arms", "rules.spread.call_to_arms_share", "New clashes that break out far away", "%", 0, 1, 0.05
    ),
    SliderSpec(
        "signing",
        "rules.ceasefire.signing_per_10_deaths",
        "Chance to sign",
        "% a day per 10 recent deaths",
        0,
        0.3,
        0.005,
    ),
    SliderSpec("hold", "rules.ceasefire.hold_days", "Agreements hold", "days", 1, 60, 1),
)


@dataclass(frozen=True)
class Choice:
    """A file that can be chosen on the page: a scenario, or the folder of a finished run."""

    key: str
    path: Path
    label: str
    question: str
    replay: bool = False


def choices(given: tuple[Path, ...] = ()) -> list[Choice]:
    """Return what may be opened through the page: scenarios/, outputs/, and the files named on the command line."""
    files = named_files().values()
    by_path: dict[Path, Choice] = {}
    for path in (*given, *files):
        if path.is_file() and path.resolve() not in by_path and not _is_copy(path, by_path.values()):
            by_path[path.resolve()] = _scenario_choice(path)
    runs = sorted(OUTPUTS.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in (*given, *(path.parent for path in runs)):
        if can_replay(folder) and folder.resolve() not in by_path:
            by_path[folder.resolve()] = Choice(f"run:{folder.name}", folder, f"replay {folder.name}", "", replay=True)
    return _distinct(list(by_path.values()))


def _is_copy(path: Path, others: Iterable[Choice]) -> bool:
    """Return whether a file has the name and the content of another that can be chosen: one's own copy of a shipped one."""
    same = (other.path for other in others if other.path.name == path.name)
    return any(other.read_bytes() == path.read_bytes() for other in same)


def _distinct(every: list[Choice]) -> list[Choice]:
    """Return choices with keys of their own; of one label each has its file's name behind it, of one name its path."""
    labels, keys = Counter(choice.label for choice in every), Counter(choice.key for choice in every)
    seen: set[str] = set()
    apart = []
    for choice in every:
        label = choice.label
        if labels[label] > 1:
            label = f"{label} ({choice.path if keys[choice.key] > 1 else choice.path.stem})"
        apart.append(replace(choice, label=label, key=str(choice.path) if choice.key in seen else choice.key))
        seen.add(choice.key)
    return apart


def key_of_choice(path: Path, given: tuple[Path, ...]) -> str:
    """Return the key of a file or folder among the choices; "" if it is none of them."""
    return next((choice.key for choice in choices(given) if choice.path == path), "")


def can_replay(folder: Path) -> bool:
    """Return whether a folder holds a run that this version can read; studies and other results are none."""
    try:
        return kind_of(folder) is Kind.RUN and bool(read_manifest(folder))
    except InputError:
        return False


def _scenario_choice(path: Path) -> Choice:
    try:
        scenario = read_file(path).scenario
    except InputError as error:
        return Choice(path.stem, path, path.stem, f"cannot be read: {error.faults[0].message}")
    return Choice(path.stem, path, scenario.title, scenario.question)


def read_file(path: Path) -> Loaded:
    """Return a scenario file, read once for each of its versions; InputError with all its faults."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Loaded:
    return load(path)


def value_at(scenario: Scenario, key: str) -> float:
    """Return the best value of a number by a dotted key of fixed parts."""
    value: Any = scenario
    for part in key.split("."):
        value = getattr(value, part)
    return float(value.best)


def fitting_step(main: SliderSpec, value: float) -> float:
    """Return the slider's step, made finer until the scenario's own value lies on it."""
    step = main.step
    for _ in range(4):
        if math.isclose((value - main.low) / step, round((value - main.low) / step), abs_tol=1e-6):
            break
        step /= 10
    return step


def on_slider(main: SliderSpec, value: float) -> float:
    """Return a value, if it is a number; ValueError if a slider can have no such value."""
    if not math.isfinite(value):
        raise ValueError(main.key)
    return value


def unmoved(main: SliderSpec, value: float, own: float) -> bool:
    """Return whether a slider stands at the scenario's own value, or on the step nearest to it: a browser moves it there."""
    return _same(value, own) or abs(value - own) < fitting_step(main, own) * 0.501


def slider_label(main: SliderSpec, value: float, own: float) -> str:
    """Return the label of a slider: name, value, unit, and the scenario's own value if it differs.

    Below the name, so that the values stand one below the other: `page.css` keeps the line break.
    """
    label = f"{main.label}\n{value_text(main, value)}"
    return label if unmoved(main, value, own) else f"{label} (file: {value_text(main, own, short=True)})"


def value_text(main: SliderSpec, value: float, short: bool = False) -> str:
    """Return a slider's value with its unit: "0.02 per town and month", "80 %"; in short without what follows the sign."""
    if main.unit.startswith("%"):
        return f"{_short(100 * value)} {'%' if short else main.unit}"
    return _short(value) if short else f"{_short(value)} {main.unit}"


def _short(value: float) -> str:
    return f"{value:.4g}"


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def differences(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """Say by which changes ("KEY=VALUE") two lists differ, policies left out: the new value, or that the file's comes back."""
    old, new = (dict(text.split("=", 1) for text in texts) for texts in (before, after))
    keys = [key for key in {**old, **new} if key != "policy" and old.get(key) != new.get(key)]
    return [f"{input_name(key)} {_set_text(key, new[key]) if key in new else 'as in the file'}" for key in keys]


def _set_text(key: str, text: str) -> str:
    """Return a value set for a key in words, with the unit of a slider."""
    main = next((main for main in MAIN if main.key == key), None)
    return _plain(text) if main is None else value_text(main, float(text))


def input_name(key: str) -> str:
    """Return an input's name in words, from its dotted key: "chance to sign", "incident", "clash, loss per day"."""
    label = next((main.label for main in MAIN if main.key == key), None)
    if label is not None:
        return label[0].lower() + label[1:]
    parts = [
        part if not part.isdigit() else str(int(part) + 1)
        for part in key.split(".")
        if part not in ("rules", "groups", "doctrine", "enabled")
    ]
    return ", ".join(part.replace("_", " ") for part in parts)


def change_text(change: Change, base: Scenario, scenario: Scenario) -> str:
    """Return a difference between a base and a scenario in words: "attempts to open a base 0.08 per town and month (file: 0.02)"."""
    parts = change.path.split(".")
    if parts[0] == "policy":
        own = scenario if change.after is not None else base
        return ("" if change.after is not None else "no longer: ") + policy_text(own.policy[int(parts[1])], own)
    name = input_name(change.path)
    if change.after is None or change.before is None:
        return f"{name} {'added' if change.before is None else 'left out'}"
    return f"{name} {_change_of_value(change)}"


def of_groups(found: Sequence[Change], scenario: Scenario) -> list[tuple[str, str]]:
    """Return the paths of differences, each with its words; one of all groups of a faction that changed alike, for each of them."""
    alike: dict[tuple[str, str, str], list[Change]] = {}
    for change in found:
        match change.path.split("."):
            case ["factions", faction, "groups", _, field] if change.after is not None and change.before is not None:
                alike.setdefault((faction, field, _change_of_value(change)), []).append(change)
    words = []
    for (faction, field, value), same in alike.items():
        names = [change.path.split(".")[3] for change in same]
        everyone = len(names) > 1 and len(names) == len(scenario.factions[faction].groups)
        whose = f"all groups of {faction}" if everyone else f"{clause_list(names)} ({faction})"
        words += [(change.path, f"{whose}: {field.replace('_', ' ')} {value}") for change in same]
    return words


def _change_of_value(change: Change) -> str:
    """Return the value after a difference and the one before: "0.08 per town and month (file: 0.02)"."""
    main = next((main for main in MAIN if main.key == change.path), None)
    after, before = (_plain((text or "").split(" (")[0]) for text in (change.after, change.before))
    if after == before:
        return _change_of_range(change, after if main is None else value_text(main, float(after)))
    if main is not None:
        after, before = value_text(main, float(after)), value_text(main, float(before), short=True)
        return f"{after} (file: {before})"
    if change.unit == "probability":
        return f"{_percent(after)} (file: {_percent(before)})"
    unit = f" {change.unit}" if change.unit and change.unit not in ("chance", "share") else ""
    return f"{after}{unit} (file: {before})".translate(NO_BRACKETS).replace("_", " ")


def _change_of_range(change: Change, value: str) -> str:
    """Say that a value is the file's, or as good as it, but the range from which batches draw it is not."""
    ranged = ["(" in (text or "") for text in (change.before, change.after)]
    unit = (
        ""
        if any(main.key == change.path for main in MAIN) or change.unit in ("", "chance", "share")
        else f" {change.unit}"
    )
    if ranged[1]:
        return f"{'another' if ranged[0] else 'a'} range around {value}{unit}"
    return f"{value}{unit}, {'without a range' if ranged[0] else 'nearly as in the file'}"


def _percent(text: str) -> str:
    """Return a probability as "80 %"; what is no number stays."""
    try:
        return f"{_short(100 * float(text))} %"
    except ValueError:
        return text


NO_BRACKETS = str.maketrans("", "", "{}[]")  # of lists and mappings as a file writes them


def policy_text(policy: Policy, scenario: Scenario) -> str:
    """Return a policy of a scenario in words with its day: "by 15 Oct 2018: League leaves the zone; ..."."""
    day = policy.on or policy.by
    when = f"{'by' if policy.by else 'from'} {day_text(day)}: " if day else ""
    return when + policy_phrase(policy, peacekeepers(scenario))


def _plain(text: str) -> str:
    try:
        return _short(float(text))
    except ValueError:
        return {"true": "on", "false": "off"}.get(text, text)


def main_sets(scenario: Scenario, values: Mapping[str, float]) -> dict[str, str]:
    """Return the six sliders' values by key if they differ from the scenario's own."""
    sets = {}
    for main in MAIN:
        own = value_at(scenario, main.key)
        value = float(values.get(main.name, own))
        if not unmoved(main, value, own):
            sets[main.key] = flow(round(value, 9))
    return sets


def groups(scenario: Scenario) -> list[dict[str, Any]]:
    """Return all inputs but the six, grouped: {key, title, about, rows}; a row is what a person can set (see `_row`)."""
    groups_by_key: dict[str, dict[str, Any]] = {}
    for key, slot, value in _inputs(ROOT, scenario):
        row = _row(key, slot, value)
        if row is not None and row["key"] not in {main.key for main in MAIN}:
            top = _group_of(key)
            group = groups_by_key.setdefault(
                dotted(top), {"key": dotted(top), "title": _title(top), "about": "", "rows": []}
            )
            group["about"] = group["about"] or _about(top)
            row["label"] = _label(key[len(top) :])
            group["rows"].append(row)
    return sorted(groups_by_key.values(), key=lambda group: not group["key"].startswith("rules"))


def _inputs(slot: Slot, value: Any, key: Key = ()) -> Iterator[tuple[Key, Slot, Any]]:
    for name, sub, item in children(slot, value):
        here = (*key, name)
        if here[0] in NOT_OFFERED:
            continue
        if isinstance(item, Quantity | bool) or _words_of(sub):
            yield here, sub, item
        yield from _inputs(sub, item, here)


def _words_of(slot: Slot) -> tuple[str, ...]:
    """Return the allowed words of a setting that is one of a few words."""
    annotation = slot.field.annotation if slot.field is not None and slot.kind == "plain" else None
    return typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()


def _group_of(key: Key) -> Key:
    return key[:2] if key[0] in ("rules", "factions", "terms") else key[:1]


def _title(top: Key) -> str:
    words = str(top[-1]).replace("_", " ")
    return {"rules": words, "factions": f"{words}: strength and doctrine", "terms": f"term: {words}"}.get(
        str(top[0]), words
    )


def _about(top: Key) -> str:
    slot = slot_at(top)
    if slot is None or slot.kind != "part" or slot.model is None or top[0] == "factions":
        return ""
    return " ".join((slot.model.__doc__ or "").split())


def _label(rest: Key) -> str:
    words = " · ".join(str(part).replace("_", " ") for part in rest if part not in ("groups", "doctrine"))
    return "on" if words == "enabled" else words or "value"


def _row(key: Key, slot: Slot, value: Any) -> dict[str, Any] | None:
    """Return what a person sees and sets: {key, kind, value, about}, for a number unit, range, step and source as well."""
    row: dict[str, Any] = {"key": dotted(key), "about": slot.about}
    if isinstance(value, bool):
        return row | {"kind": "switch", "value": value}
    if words := _words_of(slot):
        return row | {"kind": "words", "value": value, "words": list(words)} if key[0] == "rules" else None
    if slot.allowed is None:
        return None
    low, high = slot.allowed
    reach = min(high, max(SPAN * value.best, 1.2 * (value.high or 0))) if value.best else high
    top = high if high <= 1 else reach
    step = next((s for s in STEPS if s >= (top - low) / 200), STEPS[-1])
    between = [value.low, value.high] if value.uncertain else None
    return row | {
        "kind": "number",
        "value": value.best,
        "unit": slot.unit,
        "low": low,
        "high": high,
        "top": top,
        "step": step,
        "between": between,
        "source": value.source or "",
    }


@dataclass(frozen=True)
class Offer:
    """A policy that can be switched on: from the scenario itself or from another on the same map."""

    key: str
    text: str
    data: dict[str, Any]
    of: str


def offers(scenario: Scenario) -> list[Offer]:
    """Return the policies of this scenario and of the project's others on its map; those that cannot apply are left out."""
    offers_by_key: dict[str, Offer] = {}
    for policy in scenario.policy:
        _offer(offers_by_key, policy, scenario, "")
    for choice in choices():
        if choice.replay:
            continue
        try:
            other = read_file(choice.path).scenario
        except InputError:
            continue
        if other.map == scenario.map:
            for policy in other.policy:
                _offer(offers_by_key, policy, other, other.title)
    return list(offers_by_key.values())


def _offer(offers_by_key: dict[str, Offer], policy: Policy, scenario: Scenario, of: str) -> None:
    data = as_data(policy)
    key = flow(data)
    offers_by_key.setdefault(key, Offer(key, policy_text(policy, scenario), data, of))


def policy_set(scenario: Scenario, on: Mapping[str, bool]) -> dict[str, str]:
    """Return the list of policies as a change, if the switches make it differ from the scenario's own."""
    known = {offer.key: offer for offer in offers(scenario)}
    own = [flow(as_data(policy)) for policy in scenario.policy]
    chosen = [key for key in known if on.get(key, key in own)]
    if chosen == own:
        return {}
    return {"policy": "[" + ", ".join(chosen) + "]"}


def checked(scenario: Scenario, key: str, value: Any) -> str | None:
    """Return the text of a value from the page for a key that is offered; None if it is the scenario's own.

    KeyError for a key that is not offered, ValueError for a value of another kind.
    """
    if key == "days":
        return None if int(value) == scenario.days else str(int(value))
    row = _rows(scenario)[key]
    if row["kind"] == "switch" and isinstance(value, bool):
        return None if value == row["value"] else flow(value)
    if row["kind"] == "words" and value in row["words"]:
        return None if value == row["value"] else flow(value)
    if row["kind"] == "number" and not isinstance(value, bool) and math.isfinite(float(value)):
        return None if float(value) == row["value"] else flow(float(value))
    raise ValueError(key)


def from_text(scenario: Scenario, key: str, text: str) -> Any:
    """Return the value that a text of "KEY=VALUE" means for an input that is offered; KeyError or ValueError as `checked`."""
    kind = "number" if key == "days" else _rows(scenario)[key]["kind"]
    if kind == "words":
        return text
    if kind == "switch":
        return {"true": True, "false": False}[text]
    return int(text) if key == "days" else float(text)


def _rows(scenario: Scenario) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for group in groups(scenario) for row in group["rows"]}


def key_of(policy: Policy) -> str:
    """Return what names a policy among the offers."""
    return flow(as_data(policy))


def about_main(scenario: Scenario) -> list[dict[str, Any]]:
    """Return for each of the six sliders label, meaning, unit, ranges, value and source."""
    rows = []
    for main in MAIN:
        key: Key = tuple(main.key.split("."))
        value: Any = scenario
        for part in key:
            value = getattr(value, str(part))
        slot = slot_at(key)
        row = _row(key, slot, value) if slot is not None else None
        if row is not None:
            rows.append(row | {"label": f"{main.label}, {main.unit}".rstrip(", ")})
    return rows
