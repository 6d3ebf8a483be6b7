"""Exporting a study: who holds each town in which share of runs as layers, its tables as CSV, and means over runs by administrative unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Fault, InputError
from sim.results.columns import Format, LogName, Period
from sim.results.export import write_layers, write_parts
from sim.results.export_admin import COUNTED, LOG_WORDS, UNIT_COLUMNS, Panel, event_values, holder_values, panel_of
from sim.results.export_datasets import table_text
from sim.results.export_events import SOURCE
from sim.results.export_files import Feature, Field, Layer, Rule, Style, quoted
from sim.results.export_layers import ABOUT, about, holder_colours, town_areas
from sim.scenario.schema import CODE_WORDS, codes
from sim.statistics.inference import wilson
from sim.text import shell

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario.schema import Scenario
    from sim.study.store import Study


LAYERS = ("areas", "control")
TABLE_OF = {LogName.REPORTED: "reported", LogName.TRUE: "events"}
INTERVAL = (0.025, 0.975)  # of runs, for low and high of a mean


def export_study(
    study: Study,
    form: Format,
    log: LogName = LogName.REPORTED,
    out: Path | None = None,
    by: Period = Period.MONTH,
) -> list[Path]:
    """Write a study in a format of another program and return the files.

    Args:
        study: the study, complete or not.
        form: `GEOJSON` or `GPKG` for the probability of each holder by town and morning, with Wilson's interval of 95 %;
            `CSV` for its tables and a table of the names of their columns; `ADMIN2` for means over runs by unit and period.
        log: for `ADMIN2`, the reported events or the true ones, if the study keeps them.
        out: the file, to whose name the parts are added; `simulated_<study>` in outputs/ if None.
        by: for `ADMIN2`, weeks or months.

    Raises:
        InputError: if a file exists, its name does not fit, no run is done, or the format is of events of one run.

    Example:
        >>> import sim
        >>> from sim.results.columns import Format
        >>> from sim.study.export import export_study
        >>> study = sim.batch("two_valleys", replicates=2, workers=1, progress=False)
        >>> [file.name for file in export_study(study, Format.GPKG)]
        ['simulated_two_valleys.gpkg']
    """
    if form in (Format.GED, Format.ACLED):
        again = shell("run", study.folder, "--scenario", next(iter(study.scenarios)), "--replicate", "0")
        message = f"{form} has the events of one run; make one with `{again}`"
        raise InputError([Fault("--format", None, "", message)])
    if not len(study.runs):
        raise InputError([Fault(str(study.folder), None, "", "has no run yet that is done")])
    name = study.folder.resolve().name
    if form is Format.CSV:
        tables = list(study.manifest["tables"])
        return write_parts(name, form, [*tables, "columns"], lambda: _table_texts(study, tables), out)
    if form is Format.ADMIN2:
        return write_parts(name, form, [""], lambda: [_admin_text(study, by, log)], out)
    ends = [scenario.start + timedelta(days=scenario.days) for scenario in study.scenarios.values()]
    return write_layers(name, form, LAYERS, lambda: probability_layers(study), max(ends), out)


# Probabilities ------------------------------------------------------------------------------------------------------


def probability_layers(study: Study) -> list[Layer]:
    """Return the share of runs in which each holder has each town on the mornings of which control is kept."""
    geography, counted = study.geography(), _counts(study)
    towns = {town.name: (((town.lon, town.lat),), about(geography, town)) for town in geography.places}
    features = []
    for row in counted.to_dict("records"):
        scenario, town, code = study.scenarios[row["scenario"]], row["town"], row["code"]
        day = (scenario.start + timedelta(days=row["day"])).isoformat()
        shares = (row["count"], row["runs"], *(round(row[number], 4) for number in ("share", "low", "high")))
        key = f"SIM-{study.name}-{row['scenario']}-{town}-{day}-{code}"
        faction = _words(scenario).get(code, "") if code not in CODE_WORDS else ""
        what = (key, row["scenario"], day, town, code, faction, *shares, int(row["leading"]))
        point, facts = towns[town]
        features.append(Feature((point,), (*what, *facts)))
    fields: dict[str, Field] = {"id": "text", "scenario": "text", "date": "date", "town": "text", "control": "text"}
    fields |= {"faction": "text", "runs": "int", "of_runs": "int", "share": "float", "low": "float", "high": "float"}
    control = Layer("control", "Point", {**fields, "leading": "int", **ABOUT}, features, tuple(_styles(study, counted)))
    areas, number = town_areas(geography), list(control.fields).index("town")
    shapes = [replace(feature, rings=areas[feature.values[number]]) for feature in features]
    return [replace(control, name="areas", shape="Polygon", features=shapes), control]


def _counts(study: Study) -> pd.DataFrame:
    """Return by scenario, day, town and code in how many runs it is so: count, runs, share, low, high, leading."""
    keys = ["scenario", "day", "town"]
    control = study.table("control", ["day", "town", "code"]).astype({"scenario": str, "town": str, "code": str})
    counted = control.groupby([*keys, "code"], sort=False).size().rename("count").reset_index()
    counted["runs"] = counted.groupby(keys)["count"].transform("sum")
    counted["share"] = counted["count"] / counted["runs"]
    counted["low"], counted["high"] = wilson(counted["count"], counted["runs"])
    first = counted.sort_values("count", ascending=False, kind="stable").drop_duplicates(keys).index
    counted["leading"] = counted.index.isin(first)
    return counted


CERTAINTY = ((0.0, 0.5, 0.25), (0.5, 0.75, 0.5), (0.75, 0.95, 0.75), (0.95, 1.0, 1.0))  # above, up to, opacity
GRADES = tuple((low / 5, (low + 1) / 5, 0.15 + 0.2 * low) for low in range(5))


def _styles(study: Study, counted: pd.DataFrame) -> Iterator[Style]:
    """Give styles of the last morning: for each scenario the likeliest holder, then the probability of each holder."""
    for name, scenario in study.scenarios.items():
        rows = counted[counted["scenario"] == name]
        if not len(rows):
            continue
        day = (scenario.start + timedelta(days=int(rows["day"].max()))).isoformat()
        here = f'"scenario" = {quoted(name)} AND "date" = {quoted(day)}'
        present = {code: colour for code, colour in holder_colours(scenario).items() if code in set(rows["code"])}
        words = _words(scenario)
        likeliest = [
            rule
            for code, colour in present.items()
            for rule in _graded(here, code, words[code], colour, CERTAINTY, True)
        ]
        yield Style(f"likeliest holder, {name}, {day}", tuple(likeliest))
        for code, colour in present.items():
            yield Style(f"{words[code]}, {name}, {day}", tuple(_graded(here, code, words[code], colour, GRADES)))


def _words(scenario: Scenario) -> dict[str, str]:
    return {code: name for name, code in codes(scenario).items()} | CODE_WORDS


def _graded(
    here: str, code: str, word: str, colour: str, grades: Iterable[tuple[float, float, float]], leading: bool = False
) -> Iterator[Rule]:
    """Give a rule a class of the probability of a holder."""
    for low, high, alpha in grades:
        where = f'{here} AND "control" = {quoted(code)} AND "share" > {low:g} AND "share" <= {high:g}'
        where += ' AND "leading" = 1' if leading else ""
        yield Rule(f"{word} {100 * low:.0f} to {100 * high:.0f} %", where, colour, alpha)


# Tables -------------------------------------------------------------------------------------------------------------

RESERVED = {"from": "from_control", "to": "to_control"}  # words of SQL


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Return names of columns that R and SQL read without quotation marks, by the study's own; all distinct.

    Example:
        >>> from sim.study.export import plain_names
        >>> plain_names(["deaths.NB", "input:zone.depth_km", "from", "deaths NB"])
        {'deaths.NB': 'deaths_NB', 'input:zone.depth_km': 'input_zone_depth_km', 'from': 'from_control', 'deaths NB': 'deaths_NB_2'}
    """
    plain: dict[str, str] = {}
    for name in names:
        base = RESERVED.get(name) or re.sub(r"\W+", "_", name).strip("_") or "column"
        base = f"x{base}" if base[0].isdigit() else base
        word, number = base, 2
        while word.casefold() in (taken.casefold() for taken in plain.values()):  # SQL does not tell capitals apart
            word, number = f"{base}_{number}", number + 1
        plain[name] = word
    return plain


def _table_texts(study: Study, tables: Iterable[str]) -> Iterator[str]:
    """Give the text of each table, and then that of the names of their columns."""
    rows: list[dict[str, str]] = []
    for table in tables:
        frame = study.table(table)
        names = plain_names(map(str, frame.columns))
        rows += [{"table": table, "column": plain, "name": name, "source": SOURCE} for name, plain in names.items()]
        text: str = frame.rename(columns=names).assign(source=SOURCE).to_csv(index=False, lineterminator="\n")
        yield text
    yield table_text("table column name source", rows)


# Administrative units -----------------------------------------------------------------------------------------------


def has_events(study: Study, log: LogName) -> bool:
    """Return whether a study keeps the log, so that its events can be counted."""
    return TABLE_OF[log] in study.manifest["tables"]


def _admin_text(study: Study, by: Period, log: LogName) -> str:
    """Return the long table of means over runs as CSV text: mean, central 95 % of runs, share of runs above zero."""
    rows: list[dict[str, Any]] = []
    for name, scenario in study.scenarios.items():
        panel = panel_of(scenario, study.geography(), by)
        values = _values(study, name, panel, log)
        if not len(values):
            continue
        low, high = np.quantile(values, INTERVAL, axis=0, method="inverted_cdf")
        mean, positive = values.mean(axis=0), (values > 0).mean(axis=0)
        seen = {"runs": len(values), "log": LOG_WORDS[log], "source": SOURCE}
        for facts, cell in panel.rows():
            if has_events(study, log) or cell[2] >= len(COUNTED):
                numbers = {"mean": round(float(mean[cell]), 4), "low": int(low[cell]), "high": int(high[cell])}
                share = {"share_positive": round(float(positive[cell]), 4)}
                rows.append({"scenario": name, **facts, **numbers, **share, **seen})
    return table_text(f"scenario {UNIT_COLUMNS} mean low high share_positive runs log source", rows)


def _values(study: Study, name: str, panel: Panel, log: LogName) -> np.ndarray:
    """Return the values of each run of a scenario, i4 [R, U, P, V], by replicate; without events those are 0."""
    start = study.scenarios[name].start
    ends, changed = _by_run(study, "control", name), _by_run(study, "changes", name)
    logged = _by_run(study, TABLE_OF[log], name) if has_events(study, log) else {}
    runs = study.runs
    values = []
    for replicate in runs.loc[runs["scenario"] == name, "replicate"]:
        control = ends[replicate]
        last = control[control["day"] == control["day"].max()]
        before = changed[replicate][["day", "town", "from"]] if replicate in changed else None
        rows = [] if before is None else list(before.itertuples(index=False, name=None))
        held = holder_values(panel, dict(zip(last["town"], last["code"], strict=True)), rows)
        events = np.zeros((*held.shape[:2], len(COUNTED)), np.int64)
        if replicate in logged:
            events = event_values(panel, logged[replicate], start)
        values.append(np.concatenate((events, held), axis=-1).astype(np.int32))
    return np.array(values)


def _by_run(study: Study, table: str, name: str) -> dict[int, pd.DataFrame]:
    """Return the rows of a table of a scenario by replicate; an absent text is empty."""
    frame = study.table(table)
    frame = frame[frame["scenario"] == name]
    texts = {column: "" for column, kind in study.manifest["tables"][table].items() if kind == "text"}
    return {int(rows["replicate"].iloc[0]): rows for _, rows in frame.fillna(texts).groupby("replicate")}
