"""Charts of one's own choice (a column of the daily table, a statistic over many runs, one against another), and of two runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.pages.chart_specs import Spec, days_spec, pair_name
from sim.plots.charts import weekly
from sim.plots.style import FactionStyles, look_of
from sim.results.columns import column_of
from sim.statistics.summary import STATISTICS, base_name, label
from sim.text import plural

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

HELD = "agreements held"  # the key of the days that each agreement held, which is no statistic of a run
NOT_OFFERED = ("day", "date")
SHARED_INK = "currentColor"  # colour of a curve that belongs to no faction


def column_names(scenario: Scenario, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of the daily table that can be drawn, by name, in words: "fighters, League"."""
    look = look_of(scenario)
    return {column: _column_words(look, column) for column in columns if column not in NOT_OFFERED}


def _column_words(look: FactionStyles, column: str) -> str:
    codes = _codes_of(look, column)
    if len(codes) == 1:
        return f"{column.removeprefix(f'{codes[0]}_').replace('_', ' ')}, {look.names[codes[0]]}"
    if codes:
        return f"{column.split('_')[0]}, {pair_name(look, codes)}"
    return column.replace("_", " ")


def _codes_of(look: FactionStyles, column: str) -> tuple[str, ...]:
    """Return the codes in a column's name: that of a faction before it, those of a pair after it, or none."""
    before = [(code,) for code in look.codes if column.startswith(f"{code}_")]
    after = [(a, b) for a in look.codes for b in look.codes if column.endswith(f"_{a}_{b}")]
    return next(iter([*before, *after]), ())


def _unit(column: str) -> str:
    """Return the unit of a column as sim/results/columns.py documents it; "" for a range such as "0..1"."""
    documented = column_of("daily", column)
    return "" if documented is None or re.match(r"\d", documented.unit) else documented.unit


def column_spec(scenario: Scenario, daily: Mapping[str, Any], column: str) -> Spec:
    """Return a column of the daily table as a line; `daily` is the table by columns, [mornings] each.

    KeyError if the table has no such column.
    """
    look, values = look_of(scenario), np.asarray(daily[column])
    codes = _codes_of(look, column)
    code = codes[0] if len(codes) == 1 else ""
    whole = bool(np.all(values == np.round(values)))
    series = {
        "name": look.names.get(code, "all"),
        "code": code,
        "colour": look.colour(code) if code else SHARED_INK,
        "shape": look.shapes.get(code, "circle"),
        "values": [int(v) if whole else round(float(v), 4) for v in values],
        "style": "step" if whole else "line",
    }
    title = _column_words(look, column)
    # far from zero a curve would be flat: its axis begins where it lies
    zero = bool(values.min() <= 0.5 * values.max())
    unit = _unit(column)
    return days_spec(
        scenario, title[0].upper() + title[1:], len(values) - 1, unit=unit, note=unit, zero=zero, series=[series]
    )


def statistic_names(statistics: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return the statistics of a run that are numbers, by key, in words, and the hold of agreements.

    `names` gives factions by their codes.
    """
    keys = [key for key in statistics if base_name(key) != "holder" and base_name(key) != "days"]
    return {key: statistic_words(key, names) for key in (HELD, *keys)}


def statistic_words(key: str, names: Mapping[str, str]) -> str:
    """Return a statistic's key in words, with the faction's name in place of its code."""
    if key == HELD:
        return "days that agreements held"
    return label(key, names)


def _unit_of(key: str) -> str:
    return "days" if key == HELD else STATISTICS[base_name(key)].unit


def histogram_spec(
    key: str, values: Sequence[float | None], runs: int, own: float | None, names: Mapping[str, str]
) -> Spec:
    """Return the distribution of a statistic, or of HELD, over many runs; None among the values stands for none.

    `own` is the value of the run watched, None while it is not known.
    """
    known = [value for value in values if value is not None and value == value]
    none = "" if key == HELD or len(known) == len(values) else f", {len(values) - len(known)} without a value"
    words = statistic_words(key, names)
    return {
        "kind": "histogram",
        "title": words[0].upper() + words[1:],
        "note": f"{plural(runs, 'other run')}{none}",
        "unit": _unit_of(key),
        "counted": "agreements" if key == HELD else "runs",
        "values": known,
        "mark": own,
    }


def scatter_spec(
    across: str,
    up: str,
    statistics: Sequence[Mapping[str, Any]],
    own: Mapping[str, Any] | None,
    names: Mapping[str, str],
) -> Spec:
    """Return one statistic against another, a point a run; `own` are the statistics of the run watched if they are known."""
    axes = {
        axis: {"name": statistic_words(key, names), "values": [number_of(run.get(key)) for run in statistics]}
        for axis, key in (("x", across), ("y", up))
    }
    mark = [number_of(own.get(key)) for key in (across, up)] if own is not None else [None]
    return {
        "kind": "scatter",
        "title": f"{axes['y']['name']} against {axes['x']['name']}",
        "note": plural(len(statistics), "other run"),
        **axes,
        "mark": mark if None not in mark else None,
    }


def number_of(value: Any) -> float | None:
    """Return a value of a statistic as a number; None for none."""
    return None if value is None or isinstance(value, str) or value != value else float(value)


# Two runs -----------------------------------------------------------------------------------------------------------


def beside(left: Mapping[str, Spec], right: Mapping[str, Spec]) -> dict[str, Spec]:
    """Return the charts of two runs, A and B, by name: towns over one another, rows in turn, deaths on common axes."""
    longer = max(left["towns"], right["towns"], key=lambda spec: spec["days"])
    common = {name: longer[name] for name in ("start", "days", "evidence")}
    common["last"] = max(left["towns"]["last"], right["towns"]["last"])
    deaths = {f"deaths {side}": specs["deaths"] for side, specs in (("A", left), ("B", right))}
    tops = {
        name: max(_most_a_week(spec, down) for spec in deaths.values()) for name, down in (("top", 0), ("below", 1))
    }
    return {
        "agreements": _rows_of_both(left["agreements"], right["agreements"]) | common,
        "towns": left["towns"] | common | {"note": "A full, B dashed", "series": _series_of_both(left, right)},
        "levels": _rows_of_both(left["levels"], right["levels"]) | common,
        **{name: spec | common | tops | {"title": f"{name[-1]} · {spec['title']}"} for name, spec in deaths.items()},
    }


def _series_of_both(left: Mapping[str, Spec], right: Mapping[str, Spec]) -> list[Spec]:
    """Return the towns held in A, and in B dashed; once if they are the same throughout."""
    ours, theirs = ({series["code"]: series for series in specs["towns"]["series"]} for specs in (left, right))
    both: list[Spec] = []
    for code in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(code), theirs.get(code)
        if a and b and a["values"] == b["values"]:
            both.append(a)
            continue
        both += [{**a, "name": f"A {a['name']}"}] if a else []
        both += [{**b, "name": f"B {b['name']}", "dash": True}] if b else []
    return both


def _rows_of_both(left: Spec, right: Spec) -> Spec:
    """Return spans of A and B in rows: of named rows each pair's A above its B, else all of A above all of B."""
    rows = [(row["name"], side, n) for side, spec in (("A", left), ("B", right)) for n, row in enumerate(spec["rows"])]
    names = list(dict.fromkeys(name for name, _side, _n in rows))
    rows.sort(key=lambda row: (names.index(row[0]), row[1], row[2]))
    at = {(side, n): position for position, (_name, side, n) in enumerate(rows)}
    spans = []
    for side, spec in (("A", left), ("B", right)):
        for span in spec["spans"]:
            named = spec["rows"][span["row"]]["name"]
            label = span["label"] if named else f"{side} · {span['label']}"
            spans.append({**span, "row": at[side, span["row"]], "label": label})
    note = {"counted": ""} if "counted" in left else {"note": ""}
    return (
        left
        | note
        | {"rows": [{"name": f"{side} · {name}" if name else ""} for name, side, _n in rows], "spans": spans}
    )


def _most_a_week(spec: Spec, down: int) -> int:
    """Return the most deaths of a week above the line, or below it."""
    series = [curve["values"] for curve in spec["series"] if bool(curve.get("down")) == bool(down)]
    return max(weekly(np.sum(series, axis=0).astype(int).tolist()), default=0) if series else 0
