"""A small study in memory: a few scenarios on common seeds and inputs, simulated when first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from sim.comparison.matched_runs import StudyOfRuns
from sim.engine.simulation import simulate
from sim.load import read
from sim.results.run import Run
from sim.scenario.fields import inputs_of

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
FIRST_SEED = 100


class MadeStudy(StudyOfRuns):
    """Runs in memory, with the dummy input of a design."""

    def drawn(self, key: tuple[str, int]) -> dict[str, float]:
        dummy = {"dummy": float(np.random.default_rng(key[1]).random())} if "dummy" in self.inputs else {}
        return super().drawn(key) | dummy


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
            if quantity.uncertain and quantity.low is not None and quantity.high is not None and not fixed:
                ranges.setdefault(path, (quantity.low, quantity.high))
    points = qmc.Halton(max(len(ranges), 1), scramble=True, seed=1).random(replicates)
    runs = {}
    for i in range(replicates):
        drawn = {p: lo + (hi - lo) * u for (p, (lo, hi)), u in zip(ranges.items(), points[i], strict=False)}
        for name, (one, geography) in loaded.items():
            known = inputs_of(one.scenario)
            values = {path: value for path, value in drawn.items() if path in known and known[path].uncertain}
            runs[name, i] = Run.of(simulate(one.scenario, geography, FIRST_SEED + i, values), name)
    inputs = {} if fixed else {**ranges, "dummy": (0.0, 1.0)}
    study = MadeStudy(runs, "made", inputs=inputs)
    study.manifest |= {"design": "fixed" if fixed else "halton"}
    return study
