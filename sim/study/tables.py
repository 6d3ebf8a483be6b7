"""The tables of a study: their columns with type and meaning, fixed before the first run.

No pyarrow and no pandas here. Every table begins with the key of a run, `scenario` and `replicate`. A column that a
scenario does not have (a faction of another one) is null there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from sim.geography.maps import Geography
from sim.record.columns import AGREEMENTS, DAILY, EVENTS, REPORTS, Column
from sim.record.names import watched
from sim.scenario.schema import Scenario
from sim.statistics.registry import STATISTICS
from sim.statistics.sides import codes

SCHEMA_VERSION = 1  # raise with every change of a table, a column or its meaning
LEVELS = range(6)
FRACTIONS = ("episode_days_mean", "agreement_days_held_median", "agreement_days_held_mean")  # the others are counts
CONTROL_EVERY_DAYS = 30

Kind = Literal["text", "int", "small", "float", "date"]
Columns = dict[str, Kind]
KEY: Columns = {"scenario": "text", "replicate": "int"}
ALWAYS = ("runs", "daily", "agreements", "control", "changes")
OPTIONAL = ("events", "reported")
CONTROL: Columns = {**KEY, "day": "small", "town": "text", "code": "text"}
CHANGES: Columns = {
    **KEY,
    "day": "small",
    "town": "text",
    "from": "text",
    "to": "text",
    "how": "text",
    "path": "text",
}


@dataclass(frozen=True)
class Layout:
    """What is kept of each run: columns by table, drawn inputs, mornings on which control is kept (None: the default)."""

    tables: dict[str, Columns]
    inputs: tuple[str, ...]
    control_days: tuple[int, ...] | None

    def mornings(self, days: int) -> list[int]:
        """Return the mornings of a run of so many days on which control is kept, the last one always."""
        return mornings(days, self.control_days)


def mornings(days: int, chosen: Sequence[int] | None = None) -> list[int]:
    """Return the mornings of a run of so many days on which control is kept: those chosen, or every 30 days, and the last."""
    some = range(0, days, CONTROL_EVERY_DAYS) if chosen is None else chosen
    return sorted({*(day for day in some if day <= days), days})


def layout(
    scenarios: Mapping[str, Scenario],
    geography: Geography,
    inputs: Sequence[str],
    keep: Iterable[str] = (),
    control_days: Sequence[int] | None = None,
) -> Layout:
    """Return what a study of these scenarios keeps."""
    models, kept = list(scenarios.values()), set(keep)
    tables = {
        "runs": _runs(models, geography, inputs),
        "daily": _daily(models),
        "agreements": {**KEY, **_plain(AGREEMENTS), "broken_by_faction": "text", "cause_kind": "text"},
        "control": CONTROL,
        "changes": CHANGES,
        "events": {**KEY, **_plain(EVENTS)},
        "reported": {**KEY, **_plain(REPORTS)},
    }
    chosen = {name: columns for name, columns in tables.items() if name in ALWAYS or name in kept}
    return Layout(chosen, tuple(inputs), None if control_days is None else tuple(control_days))


def _kind(column: Column) -> Kind:
    return "small" if column.kind == "int" else column.kind


def _plain(columns: Iterable[Column]) -> Columns:
    return {column.name: _kind(column) for column in columns}


def _runs(models: list[Scenario], geography: Geography, inputs: Sequence[str]) -> Columns:
    found: Columns = {**KEY, "seed": "int", **{f"input:{path}": "float" for path in inputs}}
    parts = {
        "faction": [code for model in models for code in codes(model).values()],
        "town": [town for model in models for town in watched(model, geography)],
        "level": [str(level) for level in LEVELS],
    }
    for name, statistic in STATISTICS.items():
        kind: Kind = "text" if not statistic.unit else "float" if name in FRACTIONS else "int"
        keys = [f"{name}.{part}" for part in parts[statistic.per]] if statistic.per else [name]
        found.update(dict.fromkeys(keys, kind))
    return {**found, "seconds": "float"}


def _daily(models: list[Scenario]) -> Columns:
    found: Columns = dict(KEY)
    for column in DAILY:
        if column.kind == "date":
            continue
        for model in models:
            short = list(codes(model).values())
            if "<code>" in column.name:
                names = [column.name.replace("<code>", code) for code in short]
            elif "<A>" in column.name:
                names = [column.name.replace("<A>", a).replace("<B>", b) for a, b in combinations(short, 2)]
            else:
                names = [column.name]
            found.update(dict.fromkeys(names, _kind(column)))
    return found
