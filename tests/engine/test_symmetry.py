"""Symmetry: nothing depends on which faction comes first, or on the side of a mirror-symmetric map it starts from."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sim.engine import kinds
from sim.engine.simulation import Result, simulate
from tests.engine.worlds import Lab, events_of, make_map, make_scenario

# Two rows of three towns, mirrored across the line between A and B; each side has one more town in the other's rear.
TOWNS = {"A1": (20.0, 0.0), "A2": (10.0, 0.0), "A3": (0.0, 10.0), "A4": (20.0, 12.0)}
TOWNS |= {name.replace("A", "B"): (50.0 - east, north) for name, (east, north) in TOWNS.items()}
ROADS = [("A1", "B1", 10.0), ("A4", "B4", 10.0)]
ROADS += (
    [(f"{s}1", f"{s}2", 10.0) for s in "AB"]
    + [(f"{s}2", f"{s}3", 14.0) for s in "AB"]
    + [(f"{s}1", f"{s}4", 12.0) for s in "AB"]
)
RULES: dict[str, Any] = {
    "base_attempt": {"attempts_per_town_month": 0.2},
    "incident": {"per_pair_month": 0.3},
    "demand": {},
    "spread": {},
    "movement": {},
    "clash": {},
    "control": {},
    "ceasefire": {},
    "memory": {},
}
SEEDS = 200


def side(name: str, fighters: int = 1500, **doctrine: float) -> dict[str, Any]:
    return {"role": "rebel", "doctrine": doctrine, "groups": {f"{name} men": {"fighters": fighters}}}


def world(west: str, east: str, order: list[str], sizes: dict[str, int] | None = None) -> tuple[Any, Any]:
    """Return scenario and map: who holds the west, who the east, and the order in which factions are listed."""
    factions = {name: side(name, (sizes or {}).get(name, 1500)) for name in order}
    held = {town: f"{west if town[0] == 'A' else east} men" for town in TOWNS}
    return make_scenario(factions, rules=RULES, days=90), make_map(TOWNS, ROADS, held)


def figures(result: Result, name: str) -> list[float]:
    """Return what became of a faction: towns held, own deaths, clashes begun, agreements broken, fighters left."""
    f = result.factions.index(name)
    end = result.daily.faction[result.days, f]
    clash, broken = events_of(result.world, "clash"), events_of(result.world, "agreement_broken")
    return [
        float(end["towns"]),
        float(result.world.factions["killed"][f]),
        float((clash["initiator"] == f).sum()),
        float((broken["initiator"] == f).sum()),
        float(end["fighters"]),
    ]


NAMES = ("towns", "deaths", "attacks", "breaks", "fighters")


@cache
def both(west: str, east: str, sizes: tuple[int, int] | None, first: int) -> dict[str, np.ndarray]:
    """Return the figures of Red and of Blue over seeds, each [SEEDS, 5]."""
    scenario, geography = world(
        west, east, ["Red", "Blue"], dict(zip(("Red", "Blue"), sizes, strict=True)) if sizes else None
    )
    results = [simulate(scenario, geography, first + seed) for seed in range(SEEDS)]
    return {name: np.array([figures(result, name) for result in results]) for name in ("Red", "Blue")}


def many(west: str, east: str, name: str, sizes: tuple[int, int] | None = None, first: int = 0) -> np.ndarray:
    """Return the figures of a faction over seeds, [SEEDS, 5]; `sizes` are those of Red and of Blue."""
    return both(west, east, sizes, first)[name]


def assert_same_distribution(a: np.ndarray, b: np.ndarray) -> None:
    """Two-sided test of each mean; five figures, so z up to 3.3 passes (1 in 200 by chance, were they independent)."""
    assert a[:, 1].mean() > 1  # there was fighting
    for i, name in enumerate(NAMES):
        error = np.sqrt((a[:, i].var(ddof=1) + b[:, i].var(ddof=1)) / SEEDS)
        z = (a[:, i].mean() - b[:, i].mean()) / error
        assert abs(z) < 3.3, f"{name}: {a[:, i].mean():.2f} against {b[:, i].mean():.2f}, z {z:.1f}"


def test_swapping_the_labels_of_two_equal_factions_swaps_their_statistics() -> None:
    assert_same_distribution(many("Red", "Blue", "Red"), many("Blue", "Red", "Blue", first=10_000))


def test_both_sides_of_a_mirror_symmetric_map_fare_alike() -> None:
    assert_same_distribution(many("Red", "Blue", "Red"), many("Red", "Blue", "Blue", first=20_000))


def test_swapping_labels_swaps_the_fate_of_the_strong_and_the_weak() -> None:
    strong = many("Red", "Blue", "Red", (3000, 900))
    swapped = many("Blue", "Red", "Blue", (900, 3000), first=10_000)
    assert_same_distribution(strong, swapped)
    weak = many("Red", "Blue", "Blue", (3000, 900))
    assert strong[:, 0].mean() > weak[:, 0].mean() + 1  # the test can see a difference


def logs_in_either_order(seed: int, rules: dict[str, Any]) -> list[list[Any]]:
    """Return the logs of one world with its factions listed in either order, in words, sorted."""
    logs = []
    for order in (["Red", "Blue"], ["Blue", "Red"]):
        scenario, geography = world("Red", "Blue", order)
        scenario = make_scenario(scenario.model_dump()["factions"], rules=rules, days=90)
        lab = Lab(scenario, geography, seed).run(60)
        groups = (*lab.sim.names.groups, "")
        logs.append(
            sorted(
                (
                    int(e["day"]),
                    int(e["kind"]),
                    groups[e["initiator_group"]],
                    int(e["town"]),
                    int(e["deaths_target"]),
                    round(float(e["draw"]), 12),
                )
                for e in lab.events()
                if e["initiator_group"] >= 0
            )
        )
    return logs


def test_the_order_in_which_factions_are_listed_changes_no_event() -> None:
    logged = breaks = 0
    for seed in range(1, 21):
        one, other = logs_in_either_order(
            seed, {**RULES, "incident": {"per_pair_month": 1}, "ceasefire": {"hold_days": 5}}
        )
        assert one == other, f"seed {seed}"
        logged += len(one)
        breaks += kinds.AGREEMENT_BROKEN in {event[1] for event in one}
    assert logged > 100
    assert breaks > 2
