"""A small study in memory: a few scenarios on common seeds and inputs, simulated when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import qmc

from sim.engine.simulation import simulate
from sim.geography.maps import Geography
from sim.reading import read
from sim.record.run import Run
from sim.scenario.inputs import inputs_of
from sim.scenario.schema import Scenario

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
KEYS = ["scenario", "replicate"]


@dataclass(eq=False)
class MadeStudy:
    """What sim.study.store.Study gives, without a folder. `runs_of` has the finished runs by (scenario, replicate)."""

    name: str
    question: str
    scenarios: dict[str, Scenario]
    runs_of: dict[tuple[str, int], Run]
    inputs: dict[str, tuple[float, float]]
    planned: int
    folder: Path = Path("outputs/made")
    failed: list[tuple[str, int, int]] = field(default_factory=list)
    design: str = "halton"

    def geography(self) -> Geography:
        return next(iter(self.runs_of.values())).geography

    @property
    def partial(self) -> bool:
        return len(self.runs_of) + len(self.failed) < self.planned

    @property
    def manifest(self) -> dict[str, Any]:
        return {"name": self.name, "design": self.design, "inputs": self.inputs, "versions": {"python": "3.11"}}

    @property
    def failures(self) -> pd.DataFrame:
        return pd.DataFrame(self.failed, columns=["scenario", "replicate", "seed"])

    @cached_property
    def runs(self) -> pd.DataFrame:
        rows = []
        for (scenario, replicate), run in self.runs_of.items():
            values = {f"input:{path}": run.values.get(path, np.nan) for path in self.inputs if path != "dummy"}
            values["input:dummy"] = float(np.random.default_rng(replicate).random())
            rows.append(
                {
                    "scenario": scenario,
                    "replicate": replicate,
                    "seed": run.seed,
                    **values,
                    **run.summary,
                    "seconds": 0.1,
                }
            )
        return pd.DataFrame(rows).sort_values(["replicate", "scenario"], ignore_index=True)

    def daily(self, columns: Sequence[str]) -> pd.DataFrame:
        return self._stack("daily", ["day", *(name for name in columns if name != "day")])

    @cached_property
    def agreements(self) -> pd.DataFrame:
        tables = []
        for (scenario, replicate), run in self.runs_of.items():
            of_group = {g: f.code or name for name, f in run.scenario.factions.items() for g in f.groups}
            kind = dict(zip(run.events["event_id"], run.events["kind"], strict=True))
            table = run.agreements.assign(scenario=scenario, replicate=replicate)
            table["broken_by_faction"] = [of_group.get(group, "") for group in table["broken_by"]]
            table["cause_kind"] = [kind.get(event, "") for event in table["cause_id"]]
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def control(self) -> pd.DataFrame:
        tables = []
        for (scenario, replicate), run in self.runs_of.items():
            days = run.scenario.days
            chosen = run.control_daily[run.control_daily["day"].isin({*range(0, days, 30), days})]
            long = chosen.drop(columns="date").melt("day", var_name="town", value_name="code")
            tables.append(long.assign(scenario=scenario, replicate=replicate))
        return pd.concat(tables, ignore_index=True)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        found: pd.DataFrame = self.daily(columns or []) if name == "daily" else getattr(self, name)
        return found if columns is None else found[[*KEYS, *columns]]

    def _stack(self, name: str, columns: list[str]) -> pd.DataFrame:
        tables = [
            getattr(run, name)[columns].assign(scenario=key[0], replicate=key[1]) for key, run in self.runs_of.items()
        ]
        return pd.concat(tables, ignore_index=True)[[*KEYS, *columns]]


@cache
def made_study(
    scenarios: tuple[str, ...] = ("kafr_hamra", "strong_mediator"),
    replicates: int = 12,
    days: int = 60,
    fixed: bool = False,
) -> MadeStudy:
    """Return a study of scenarios of the repository; with `fixed` only seeds vary."""
    loaded = {name: read(SCENARIOS / f"{name}.yaml", [f"days={days}"]) for name in scenarios}
    ranges: dict[str, tuple[float, float]] = {}
    for one, _ in loaded.values():
        for path, quantity in inputs_of(one.scenario).items():
            if quantity.uncertain and quantity.low is not None and quantity.high is not None:
                ranges.setdefault(path, (quantity.low, quantity.high))
    points = qmc.Halton(len(ranges), scramble=True, seed=1).random(replicates)
    runs = {}
    for name, (one, geography) in loaded.items():
        known = inputs_of(one.scenario)
        for i in range(replicates):
            drawn = {p: lo + (hi - lo) * u for (p, (lo, hi)), u in zip(ranges.items(), points[i], strict=True)}
            values = (
                {}
                if fixed
                else {path: value for path, value in drawn.items() if path in known and known[path].uncertain}
            )
            result = simulate(one.scenario, geography, seed=100 + i, values=values)
            runs[name, i] = Run.of(result, name)
    models = {name: one.scenario for name, (one, _) in loaded.items()}
    inputs = {} if fixed else {**ranges, "dummy": (0.0, 1.0)}
    question = next(iter(models.values())).question
    return MadeStudy("made", question, models, runs, inputs, len(runs), design="fixed" if fixed else "halton")
