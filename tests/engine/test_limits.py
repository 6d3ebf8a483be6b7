"""Worlds at the edge of what a scenario may say run to their end, with all invariants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.simulation import Simulation
from sim.engine.tables import GROWING
from sim.invariants import broken, fighters_alive
from tests.engine.test_invariants import ALL, WILD, check_each_day, wild
from tests.engine.worlds import Lab, chain, faction, make_map, make_scenario, rivals


def test_a_world_without_fighters_runs() -> None:
    world = check_each_day(Lab(make_scenario(rivals(0, 0), rules=WILD), chain(3, 10.0, ["R", "B", "B"])), 60)
    assert len(world.events("base_attempt", "clash", "arrest_raid")) == 0
    assert world.holder("A") == "R"


def test_a_world_with_one_side_without_fighters_runs() -> None:
    check_each_day(Lab(make_scenario(rivals(2000, 0), rules=WILD), chain(3, 10.0, ["R", "B", "B"])), 60)


@pytest.mark.parametrize("holders", ["R", ("R", "B"), ()], ids=["held", "contested", "neutral"])
def test_a_map_of_one_town_runs(holders: Any) -> None:
    geography = make_map({"Only": (0.0, 0.0)}, [], {"Only": holders})
    check_each_day(Lab(make_scenario(rivals(), rules=WILD), geography), 60)


def test_a_map_of_two_towns_runs() -> None:
    check_each_day(Lab(make_scenario(rivals(), rules=WILD), chain(2, 5.0, ["R", "B"])), 60)


def test_one_faction_alone_has_no_clashes() -> None:
    world = check_each_day(Lab(make_scenario({"Red": faction(R=900)}, rules=WILD), chain(4, 10.0, ["R"] * 4)), 60)
    pressure = world.events("civilian_arrest", "civilian_injury", "civilian_abduction")  # needs no rival
    assert len(world.events()) == len(pressure)


def test_twenty_factions_and_sixty_groups_run() -> None:
    factions = {f"F{i}": faction(**{f"G{i}_{k}": 300 for k in range(3)}) for i in range(20)}
    names = [f"G{i}_{k}" for i in range(20) for k in range(3)]
    n = len(names)
    towns = {f"T{i}": (float(6 * (i % 8)), float(6 * (i // 8))) for i in range(n)}
    roads = [(f"T{i}", f"T{j}", 6.0) for i in range(n) for j in (i + 1, i + 8) if j < n and (j != i + 1 or j % 8)]
    roads += [("T7", "T8", 40.0)]
    held = {f"T{i}": names[(7 * i) % n] for i in range(n)}
    world = check_each_day(Lab(make_scenario(factions, rules=WILD, days=40), make_map(towns, roads, held)), 40)
    assert len(world.events("clash")) > 10
    assert world.events()["initiator_group"].max() > 50


def test_the_largest_and_smallest_seed_run() -> None:
    scenario, geography = make_scenario(rivals(), rules=WILD), chain(3, 8.0, ["R", "B", "B"])
    for seed in (0, 2**63 - 1):
        check_each_day(Lab(scenario, geography, seed), 30)
    for seed in (-1, 2**63):
        with pytest.raises(ValueError, match="seed must be"):
            Simulation(scenario, geography, seed)


def test_unknown_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no such input"):
        Simulation(make_scenario(rivals()), chain(2, 5.0, ["R", "B"]), 1, {"rules.clash.lethality": 1.0})


def test_a_simulation_does_not_go_on_after_its_last_day() -> None:
    world = Lab(make_scenario(rivals(), days=2), chain(2, 5.0, ["R", "B"])).run(2)
    with pytest.raises(RuntimeError, match="has ended"):
        world.run(1)


def extremes(edge: str) -> dict[str, dict[str, Any]]:
    """Return all numbers of all rules at one edge of their allowed range."""
    from sim.scenario.parameters import Quantity, Rules

    made: dict[str, dict[str, Any]] = {}
    for name, field in Rules.model_fields.items():
        made[name] = {}
        assert isinstance(field.annotation, type)
        for key, inner in field.annotation.model_fields.items():
            if isinstance(inner.default, Quantity) and isinstance(inner.json_schema_extra, dict):
                made[name][key] = inner.json_schema_extra[f"allowed_{edge}"]
    return made


@pytest.mark.parametrize("edge", ["low", "high"])
def test_rules_run_with_all_numbers_at_the_edge_of_their_range(edge: str) -> None:
    rules = extremes(edge)
    for seed in range(3):
        base = wild(seed)
        said = {**rules, "ladder": {}}
        scenario = base.scenario.model_validate({**base.scenario.model_dump(by_alias=True), "rules": said})
        check_each_day(Lab(scenario, base.geography, seed), 60)


@pytest.mark.slow
def test_capacity_never_ends_a_run() -> None:
    rules = {
        **WILD,
        "clash": {**WILD["clash"], "loss_per_day": 0.001, "withdraw_loss_share": 1, "continue_probability": 0.9},
    }
    factions = {"Red": faction(R=20000), "Blue": faction(B=20000)}
    geography = chain(6, 5.0, ["R", "B", ("R", "B"), "R", "B", "R"])
    world = Lab(make_scenario(factions, rules=rules, days=400), geography)
    start = fighters_alive(world.world)
    first = {name: len(getattr(world.world, name)) for name in GROWING}
    for _ in range(400):
        world.run(1)
        for i, name in enumerate(GROWING):
            assert world.world.counts[i] <= len(getattr(world.world, name)), name
    assert broken(world.world, start) == []
    grown = [name for name in GROWING if len(getattr(world.world, name)) > first[name]]
    assert {"forces", "events", "sparks", "clashes"} <= set(grown)
    assert np.diff(world.events()["day"]).max() < 30
    assert ALL
