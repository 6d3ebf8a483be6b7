"""Do the plain Mesa model and the engine, on the same subset of rules, give the same distribution of runs?

Both are run over many seeds; they share no random numbers, so they are compared statistic by statistic: the difference
of the means over its standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.plain_mesa import PlainModel
from sim.engine import kinds, tables
from sim.engine.simulation import Simulation
from sim.load import read

SUBSET = Path(__file__).with_name("subset.yaml")
LIMIT = 3.9  # standard errors; of a dozen statistics one passes by chance in about 1 of 1,000 comparisons
Counts = dict[str, float]


class Agreement(NamedTuple):
    """One statistic: its mean over runs in the engine and in plain Mesa, and their difference in standard errors."""

    name: str
    engine: float
    plain: float
    apart: float


def starts(days: int | None = None) -> Callable[[int], Simulation]:
    """Return what makes the first day of a run of the subset with a seed."""
    loaded, geography = read(SUBSET, [] if days is None else [f"days={days}"])
    return lambda seed: Simulation(loaded.scenario, geography, seed)


def of_engine(simulation: Simulation) -> Counts:
    """Simulate to the end and return the statistics of a run."""
    simulation.go_on(simulation.days)
    world, daily = simulation.world, simulation.daily
    log = world.events[: world.counts[tables.N_EVENTS]]
    number = np.bincount(log["kind"], minlength=len(kinds.EVENT_KINDS))
    pacts = world.agreements[: world.counts[tables.N_AGREEMENTS]]
    ended = pacts[pacts["status"] == kinds.BROKEN]
    return {
        "incidents": float(number[[kinds.ARREST_RAID, kinds.ASSASSINATION, kinds.ROAD_QUARREL]].sum()),
        "clash_days": float(number[kinds.CLASH]),
        "deaths": float(world.factions["killed"].sum()),
        "civilians": float(log["deaths_civilians"].sum()),
        "changes": float(number[[kinds.CAPTURE, kinds.WITHDRAWAL]].sum()),
        "agreements_signed": float(number[kinds.AGREEMENT_SIGNED]),
        "agreements_broken": float(number[kinds.AGREEMENT_BROKEN]),
        "days_held": float((ended["ended"] - ended["signed"]).sum()),
        "columns_on_the_way": float(daily.theatre["columns"].mean()),
        "towns_of_first": float(daily.faction["towns"][-1, 0]),
        "influence_of_first": float(daily.faction["influence"][-1, 0]),
        "fighters_of_second": float(daily.faction["fighters"][-1, 1]),
    }


def of_plain(model: PlainModel) -> Counts:
    """Simulate to the end and return the same statistics."""
    model.run()
    rows = model.datacollector.model_vars
    same = ("incidents", "clash_days", "civilians", "changes", "agreements_signed", "agreements_broken", "days_held")
    return {
        **{name: float(model.count[name]) for name in same},
        "deaths": float(sum(faction.deaths for faction in model.factions)),
        "columns_on_the_way": float(np.mean(rows["columns"])),
        "towns_of_first": float(rows["towns_0"][-1]),
        "influence_of_first": float(rows["influence_0"][-1]),
        "fighters_of_second": float(rows["fighters_1"][-1]),
    }


def compared(engine: Iterable[Counts], plain: Iterable[Counts]) -> list[Agreement]:
    """Return each statistic of two sets of runs side by side."""
    one, other = list(engine), list(plain)
    found = []
    for name in one[0]:
        a, b = np.array([run[name] for run in one]), np.array([run[name] for run in other])
        error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        apart = (b.mean() - a.mean()) / error if error > 0 else 0.0 if a.mean() == b.mean() else np.inf
        found.append(Agreement(name, float(a.mean()), float(b.mean()), float(apart)))
    return found


def agreement(engine_runs: int, plain_runs: int, days: int | None = None) -> list[Agreement]:
    """Run both over so many seeds and compare."""
    start = starts(days)
    engine = [of_engine(start(seed)) for seed in range(1, engine_runs + 1)]
    plain = [of_plain(PlainModel(start(1), rng=seed)) for seed in range(1, plain_runs + 1)]
    return compared(engine, plain)
