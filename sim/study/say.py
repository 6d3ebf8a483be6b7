"""How a comparison says numbers, inputs and verdicts."""

from __future__ import annotations

import json
import math
import re

from sim.statistics.paired import Difference
from sim.words import plural

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^.]+')


def figure(value: float) -> str:
    """Say a number with three figures, whole from 100 on: "12.3", "1,240", "0.0512"."""
    if not math.isfinite(value):
        return "none" if math.isnan(value) else ("no end" if value > 0 else "none")
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    return "0" if float(text) == 0 else text


def one_of(unit: str, value: float) -> str:
    """Return a unit as it stands behind a number: "day" behind 1."""
    return unit[:-1] if unit.endswith("s") and value == 1 else unit


def points(share: float) -> str:
    """Say a difference of shares in percentage points, without the word: "9", "-0.4"."""
    value = 100 * share
    text = f"{value:.0f}" if abs(value) >= 1 or value == 0 else f"{value:.1f}"
    return "0" if float(text) == 0 else text


def percent(share: float) -> str:
    """Say a share: "54 %"."""
    return f"{points(share)} %"


def runs_about(number: int | None, reason: str = "") -> str:
    """Say what would resolve a difference: "not resolved; about 400 more runs would"."""
    unresolved = f"not resolved, as {reason}" if reason else "not resolved"
    return unresolved if number is None else f"{unresolved}; about {plural(number, 'more run')} would"


def verdict(found: Difference) -> str:
    """Say what a difference comes to: "higher", "lower", "not resolved; about 400 more runs would"."""
    if found.pairs == 0:
        return "no matched runs"
    if math.isnan(found.low):
        return "one run each: no interval"
    if found.resolved:
        return "higher" if found.difference > 0 else "lower"
    if same_in_pairs(found):
        return "the same in every pair"
    if not found.too_few_differ:
        return runs_about(found.more_runs)
    counted = found.differing is not None
    reason = f"only {plural(found.differing or 0, 'pair')} of runs {'differs' if found.differing == 1 else 'differ'}"
    return runs_about(found.more_runs, reason if counted else "too few pairs of runs differ")


def same_in_pairs(found: Difference) -> bool:
    """Return whether the statistic has one and the same value in both runs of every pair."""
    if found.low == found.high == 0:
        return True
    alike = found.variance_ratio == 0 or math.isnan(found.variance_ratio)  # NaN: neither varies
    return found.pairs > 2 and found.difference == 0 and alike


def names_of(path: str) -> list[str]:
    """Return the parts of a dotted path; names that are quoted there come without quotes."""
    return [json.loads(part) if part.startswith('"') else part for part in _PART.findall(path)]


def input_label(path: str) -> str:
    """Say an input by its path: "cohesion of Ahrar al-Sham (NLF)", "spread: call to arms share"."""
    parts = names_of(path)
    if parts == ["dummy"]:
        return "dummy (reaches no model)"
    last = parts[-1].replace("_", " ")
    if parts[0] == "factions" and len(parts) >= 5 and parts[2] == "groups":
        faction, group = parts[1], parts[3]
        whom = group if group == faction else f"{group} ({faction})"
        return f"solidarity of {whom} with {parts[5]}" if len(parts) > 5 else f"{last} of {whom}"
    if parts[0] == "factions" and len(parts) >= 3:
        return f"{last} of {parts[1]}"
    if parts[0] in ("rules", "terms") and len(parts) >= 3:
        return f"{parts[1].replace('_', ' ')}: {last}"
    if parts[0] == "policy" and len(parts) >= 3:
        return f"policy {int(parts[1]) + 1 if parts[1].isdigit() else parts[1]}: {last}"
    if len(parts) >= 3:
        return f"{last} of {parts[1]}"
    return f"{parts[0].replace('_', ' ')}: {last}" if len(parts) > 1 else last
