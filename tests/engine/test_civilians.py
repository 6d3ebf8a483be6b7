"""Acts against civilians at their rate, of the kinds and against whom the draws say; displacement and return."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.engine import kinds
from sim.engine.draws import P_DISPLACED, P_PRESSURE_KIND, P_PRESSURE_ROLE, poisson, uniform
from sim.engine.recording import log_event
from sim.engine.rules.civilians import displace, lose_support
from tests.engine.worlds import Lab, chain, faction, make_scenario

ACTS = ("civilian_arrest", "civilian_injury", "civilian_abduction")


def lab(population: float = 5000.0, **numbers: Any) -> Lab:
    factions = {"Red": faction(R=600), "Blue": faction(B=600), "Gov": faction("government", V=600)}
    scenario = make_scenario(factions, rules={"civilians": numbers})
    return Lab(scenario, chain(6, 10.0, ["R", "R", "B", ("R", "B"), "V", ()], population=population))


def moving(row: Any) -> dict[str, tuple[float, float]]:
    """Return (value, factor) of each mover of an event."""
    found = {}
    for i in (1, 2, 3, 4):
        if row[f"mover_{i}"]:
            found[kinds.MOVERS[row[f"mover_{i}"]]] = (float(row[f"value_{i}"]), float(row[f"factor_{i}"]))
    return found


def test_the_chance_of_an_act_equals_the_equation_of_the_model_page() -> None:
    world = lab(pressure_per_town_month=10, new_days=5, settled_share=0.5)
    world.world.factions["coercion"] = [1.5, 1.0, 1.0]
    world.world.towns["changed"][1] = 30  # the town changes hands on day 30
    world.run(60)
    acts = world.events(*ACTS)
    assert set(acts["town"].tolist()) <= {0, 1, 2, 3}  # neither government nor nobody presses
    assert set(acts["town"].tolist()) >= {0, 1, 2}
    for act in acts:
        day, town = int(act["day"]), int(act["town"])
        fresh = town == 3 or (town == 1 and day <= 35)
        coercion = 1.5 if world.world.towns[town]["holder"] == world.group("R") else 1.0
        rate = 10 / 30 * (1.0 if fresh else 0.5) * coercion
        assert act["probability"] == pytest.approx(1 - math.exp(-rate))
        assert act["draw"] < act["probability"]
    expected = sum(1 - math.exp(-10 / 30 * 0.5 * coercion) for coercion in (1.5, 1.0)) * 60
    assert abs(len([a for a in acts if a["town"] in (0, 2)]) - expected) < 4 * math.sqrt(expected)


def test_draws_decide_kind_and_victim_of_an_act() -> None:
    world = lab(pressure_per_town_month=10, settled_share=1).run(60)
    seen = set()
    for act in world.events(*ACTS):
        key, day = int(world.world.towns[act["town"]]["key"]), int(act["day"])
        v = uniform(world.seed, P_PRESSURE_KIND, day, key)
        kind = kinds.CIVILIAN_ARREST if v < 0.4 else kinds.CIVILIAN_INJURY if v < 0.6 else kinds.CIVILIAN_ABDUCTION
        x = uniform(world.seed, P_PRESSURE_ROLE, day, key)
        role = kinds.MEDIA if x < 0.5 else kinds.HEALTH if x < 0.75 else kinds.ACTIVIST
        assert (act["kind"], act["fighters"]) == (kind, role)
        seen |= {("kind", kind), ("role", role)}
    assert len(seen) == 6


def test_an_act_logs_the_factors_of_its_chance() -> None:
    world = lab(pressure_per_town_month=10, new_days=5, settled_share=0.5)
    world.world.towns["changed"][0] = 0
    world.world.factions["coercion"] = 1.2
    world.run(30)
    for act in world.events(*ACTS):
        if act["town"] == 0:
            since = float(act["day"])
            movers = moving(act)
            assert set(movers.values()) >= {(since, 1.0 if since <= 5 else 0.5), (1.2, 1.2)}


def test_an_act_moves_support_from_its_author_to_the_others() -> None:
    world = lab()
    w = world.world
    w.influence[0] = [0.6, 0.3, 0.1]
    lose_support(w, 0, 0, 0.2)
    assert w.influence[0].tolist() == pytest.approx([0.48, 0.36, 0.16])


@pytest.mark.parametrize(("population", "deaths"), [(5000.0, (2, 1, 1)), (20000.0, (0, 3, 0)), (60.0, (9, 9, 9))])
def test_people_flee_a_clash_by_its_deaths_and_the_size_of_the_town(
    population: float, deaths: tuple[int, int, int]
) -> None:
    world = lab(population, displaced_per_death=40)
    w = world.world
    row = log_event(w, 0, kinds.CLASH, kinds.R_CLASH, -1, 0, 1, 2, 1.0, -1.0)
    w.events[row]["deaths_initiator"], w.events[row]["deaths_target"], w.events[row]["deaths_civilians"] = deaths
    displace(w, world.params, 0, world.seed)
    u = uniform(world.seed, P_DISPLACED, 0, int(w.towns[2]["key"]))
    people = min(population, 10 * poisson(40 * sum(deaths) * math.sqrt(population / 5000) / 10, u))
    assert w.towns["displaced"].tolist() == [0, 0, people, 0, 0, 0]
    fled = world.events("displacement")
    assert (fled["fighters"].tolist(), fled["cause"].tolist()) == ([people], [row])


def test_only_deadly_clashes_of_the_day_cause_flight() -> None:
    world = lab()
    w = world.world
    row = log_event(w, 0, kinds.CLASH, kinds.R_CLASH, -1, 0, 1, 2, 1.0, -1.0)
    displace(w, world.params, 0, world.seed)
    w.events[row]["deaths_target"] = 20
    displace(w, world.params, 1, world.seed)
    assert w.towns["displaced"].sum() == 0


def test_the_displaced_return_once_a_week_has_been_quiet() -> None:
    world = lab(return_half_life_days=10)
    w = world.world
    w.towns["displaced"][2], w.towns["fought"][2] = 1000, 0
    world.run(8)  # days 0 to 7
    assert w.towns["displaced"][2] == 1000
    world.run(10)
    assert w.towns["displaced"][2] == pytest.approx(500)
