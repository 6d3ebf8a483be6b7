"""The escalation ladder's levels, and half-lives of fatigue, grievance, trust and threat."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engine import kinds
from sim.engine.forces import count_deaths
from tests.engine.worlds import START, Lab, chain, make_scenario, rivals


def lab(rules: dict[str, Any] | None = None, n: int = 8, **more: Any) -> Lab:
    return Lab(make_scenario(rivals(800, 800), rules=rules, **more), chain(n, 10.0, ["R", "B"] * (n // 2)))


def fight(world: Lab, towns: int, day: int = 0) -> Lab:
    rows = world.world.towns[:towns]
    rows["fought"], rows["fought_a"], rows["fought_b"] = day, 1, 0
    return world


@pytest.mark.parametrize(("towns", "level"), [(0, 0), (1, 3), (2, 4), (5, 4), (8, 4)])
def test_places_with_clashes_set_levels_3_and_4(towns: int, level: int) -> None:
    world = fight(lab(), towns).run(1)
    assert world.world.relations["level"].tolist() == [[0, level], [level, 0]]
    changes = world.events("level_change")
    assert changes["level"].tolist() == ([level] if level else [])


def test_an_incident_is_level_2_and_a_dispute_level_1() -> None:
    world = lab()
    world.world.relations["incident_day"] = 0
    assert world.run(1).world.relations["level"][0, 1] == 2
    given = [{"on": START, "event": "base_attempt", "by": "Red", "in": "B"}]
    assert lab({"movement": {}}, given=given).run(2).world.relations["level"][0, 1] == 1


def test_a_level_lasts_as_long_as_its_window() -> None:
    world = fight(lab({"ladder": {"window_days": 5}}), 1)
    levels = []
    world.run(7, lambda each: levels.append(int(each.world.relations["level"][0, 1])))
    assert levels == [3, 3, 3, 3, 3, 0, 0]
    assert world.events("level_change")["day"].tolist() == [0, 5]
    assert world.events("level_change")["fighters"].tolist() == [0, 3]  # the level before


def test_thresholds_come_from_the_scenario() -> None:
    assert fight(lab({"ladder": {"several_places": 4}}), 3).run(1).world.relations["level"][0, 1] == 3
    assert fight(lab({"ladder": {"several_places": 3}}), 3).run(1).world.relations["level"][0, 1] == 4


@pytest.mark.parametrize(
    ("field", "parameter", "table"),
    [
        ("fatigue", "fatigue_half_life_days", "factions"),
        ("threat", "threat_half_life_days", "factions"),
        ("grievance", "grievance_half_life_days", "relations"),
        ("trust", "trust_half_life_days", "relations"),
    ],
)
def test_memory_halves_in_its_half_life(field: str, parameter: str, table: str) -> None:
    world = lab({"memory": {parameter: 12}})
    getattr(world.world, table)[field] = 0.8
    world.run(12)
    rows = getattr(world.world, table)[field]
    assert (rows[0, 1] if table == "relations" else rows[0]) == pytest.approx(0.4)


def test_deaths_raise_fatigue_and_grievance_of_the_side_that_suffered_them() -> None:
    world = lab({"memory": {"fatigue_per_100_deaths": 0.5, "grievance_per_10_deaths": 0.2}})
    count_deaths(world.world, 0, 1, 20, 5)
    w = world.run(1).world
    assert w.factions["fatigue"].tolist() == pytest.approx([0.1, 0.025])
    assert (w.relations["grievance"][0, 1], w.relations["grievance"][1, 0]) == pytest.approx((0.4, 0.1))
    assert w.factions["deaths_today"].tolist() == [0, 0]


def test_grievance_and_threat_do_not_pass_1() -> None:
    world = lab({"memory": {"grievance_per_10_deaths": 5, "threat_per_10_deaths": 5}})
    count_deaths(world.world, 0, 1, 200, 50)
    world.world.factions["fire_today"] = 900
    w = world.run(1).world
    assert w.relations["grievance"].max() == 1
    assert w.factions["threat"].max() == 1


def test_an_offensive_is_felt_as_threat() -> None:
    for phase, threat in ((kinds.NO_OFFENSIVE, 0.0), (kinds.MOBILISED, 0.4), (kinds.OFFENSIVE_UNDER_WAY, 1.0)):
        world = lab({"memory": {"threat_mobilisation": 0.4}})
        world.world.zone["phase"] = phase
        assert world.run(1).world.factions["threat"][0] == threat


def test_deaths_are_counted_over_7_and_14_days() -> None:
    world = lab()
    sums = []
    for day in range(18):
        if day < 4:
            count_deaths(world.world, 0, 1, 2, 1)
        world.run(1)
        sums.append((int(world.world.relations["deaths_7"][1, 0]), int(world.world.relations["deaths_14"][0, 1])))
    assert sums[:4] == [(3, 3), (6, 6), (9, 9), (12, 12)]
    assert sums[6:11] == [(12, 12), (9, 12), (6, 12), (3, 12), (0, 12)]
    assert sums[13:] == [(0, 12), (0, 9), (0, 6), (0, 3), (0, 0)]
