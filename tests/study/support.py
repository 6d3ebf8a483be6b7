"""Small studies in a folder, and whether two of them are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sim.study.definition import Definition, Variant
from sim.study.plan import Plan, make_plan
from sim.study.store import Study

DAYS = 40


def small_plan(replicates: int = 6, **options: Any) -> Plan:
    """Return a plan of two scenarios of the map two_valleys."""
    scenarios = {
        "base": Variant(file="two_valleys", set={"days": DAYS}),
        "other": Variant(file="two_valleys", set={"days": DAYS, "rules.spread.call_to_arms_share": 0.9}),
    }
    given = {"name": "small", "question": "What does the call to arms do?", "scenarios": scenarios}
    return make_plan(Definition(**{**given, "replicates": replicates, **options}))


def tables_of(folder: Path) -> dict[str, pd.DataFrame]:
    """Return all tables of a study but the time that runs took."""
    study = Study.open(folder)
    tables = {name: study.table(name) for name in study.manifest["tables"]}
    return {**tables, "runs": tables["runs"].drop(columns="seconds")}


def assert_same(one: Path, other: Path) -> None:
    """Compare all tables of two studies, floats exactly."""
    first, second = tables_of(one), tables_of(other)
    assert list(first) == list(second)
    for name in first:
        pd.testing.assert_frame_equal(first[name], second[name], check_exact=True, obj=name)
