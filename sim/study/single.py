"""Finished runs in memory or in folders as a study: what a comparison needs, with one run or more of each scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sim.geography.maps import Geography
from sim.record.manifest import product, versions
from sim.record.run import Run
from sim.scenario.schema import Scenario
from sim.statistics.sides import codes
from sim.study.tables import mornings

KEYS = ["scenario", "replicate"]


class StudyOfRuns:
    """Runs by (scenario, replicate), with the tables of sim.study.store.Study; `inputs` are those that were drawn."""

    def __init__(
        self,
        runs: Mapping[tuple[str, int], Run],
        name: str = "",
        question: str = "",
        inputs: Mapping[str, tuple[float, float]] | None = None,
        planned: int | None = None,
    ) -> None:
        self.runs_of = dict(runs)
        self.scenarios: dict[str, Scenario] = {scenario: run.scenario for (scenario, _), run in runs.items()}
        self.name = name or " and ".join(self.scenarios)
        self.question = question or next(iter(self.scenarios.values())).question
        self.inputs = dict(inputs or {})
        self.planned = len(self.runs_of) if planned is None else planned
        self.folder = Path()
        self.failures = pd.DataFrame(columns=[*KEYS, "seed"])
        self.manifest: dict[str, Any] = {"design": "fixed", "versions": versions(), "product": product()}

    def geography(self) -> Geography:
        """Return the map of the first run."""
        return next(iter(self.runs_of.values())).geography

    @property
    def partial(self) -> bool:
        """Whether runs are missing that have neither been done nor failed."""
        return len(self.runs_of) + len(self.failures) < self.planned

    def drawn(self, key: tuple[str, int]) -> dict[str, float]:
        """Return the value of each drawn input in a run; those that the scenario does not draw are left out."""
        values = self.runs_of[key].values
        return {path: values[path] for path in self.inputs if path in values}

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run."""
        rows = []
        for key, run in self.runs_of.items():
            inputs = {f"input:{path}": value for path, value in self.drawn(key).items()}
            rows.append({**dict(zip(KEYS, key, strict=True)), "seed": run.seed, **inputs, **run.summary})
        return pd.DataFrame(rows)

    def daily(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the daily tables; NaN where a scenario has no such column."""
        wanted = ["day", *(name for name in columns if name != "day")]
        return self._stacked(lambda run: run.daily.reindex(columns=wanted))

    @cached_property
    def agreements(self) -> pd.DataFrame:
        """The agreements of all runs."""
        return self._stacked(_agreements)

    @cached_property
    def control(self) -> pd.DataFrame:
        """Who holds each town on some mornings: a row a run, morning and town."""
        return self._stacked(_control)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or its key and some of its columns."""
        if name == "daily":
            return self.daily(columns or [])
        found: pd.DataFrame = getattr(self, name)
        return found if columns is None else found[[*KEYS, *columns]]

    def pieces(self, name: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Give the key and some columns of a table, all at once."""
        yield self.table(name, columns)

    def _stacked(self, table: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        parts = []
        for (scenario, replicate), run in self.runs_of.items():
            part = table(run)
            key = pd.DataFrame({"scenario": scenario, "replicate": replicate}, index=part.index)
            parts.append(pd.concat([key, part], axis=1))
        return pd.concat(parts, ignore_index=True)


def _agreements(run: Run) -> pd.DataFrame:
    short = codes(run.scenario)
    of_group = {group: short[name] for name, faction in run.scenario.factions.items() for group in faction.groups}
    kinds = dict(zip(run.events["event_id"], run.events["kind"], strict=True))
    found = run.agreements
    return found.assign(
        broken_by_faction=[of_group.get(group, "") for group in found["broken_by"]],
        cause_kind=[kinds.get(event, "") for event in found["cause_id"]],
    )


def _control(run: Run) -> pd.DataFrame:
    days = int(run.control_daily["day"].iloc[-1])
    chosen = run.control_daily[run.control_daily["day"].isin(mornings(days))]
    return chosen.drop(columns="date").melt("day", var_name="town", value_name="code")
