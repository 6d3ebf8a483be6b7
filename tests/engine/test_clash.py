"""Clash in a town B in which Red and Blue both stand; A is Red's, C is Blue's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.clash import losses, open_clash
from tests.engine.worlds import Lab, chain, faction, make_scenario, rivals

U = (np.arange(2000) + 0.5) / 2000
SURE = {"committed_min": 1000, "committed_max": 1000, "attrition": "square"}  # all who are there, losses without noise


def lab(clash: dict[str, Any], red: int = 200, blue: int = 100, seed: int = 1, holder: str = "B", **more: Any) -> Lab:
    """Return a world in which Red attacks Blue in B on day 0, with so many fighters there."""
    both = ("B", "R") if holder == "B" else ("R", "B")
    scenario = make_scenario(rivals(10000, 10000), rules={"clash": clash, **more.pop("rules", {})}, **more)
    world = Lab(scenario, chain(3, 10.0, ["R", both, "B"]), seed)
    world.world.towns["status"][1] = kinds.HELD
    world.world.influence[1] = (0.0, 1.0)
    rows = world.world.forces
    here = rows["town"] == 1
    for group, fighters in ((world.group("R"), red), (world.group("B"), blue)):
        rows["fighters"][here & (rows["group"] == group) & (rows["alive"] == 1)] = fighters
    open_clash(world.world, 0, 77, 1, world.group("R"), world.group("B"), -1)
    return world


@pytest.mark.parametrize(("law", "factor"), [("stochastic", 1.0), ("square", 1.0), ("linear", 150 / 100)])
@pytest.mark.parametrize("side", [1.0, 1.2])
def test_mean_losses_follow_each_attrition_law(law: str, factor: float, side: float) -> None:
    world = lab({"attrition": law, "loss_per_day": 0.02, "linear_front": 100})
    drawn = [losses(world.params, 150.0, 80.0, side, u) for u in U]
    assert np.mean(drawn) == pytest.approx(0.02 * 80 * factor * side, rel=0.01)


def test_the_stochastic_law_is_poisson_and_the_others_hardly_vary() -> None:
    variances = {}
    for law in ("stochastic", "square", "linear"):
        world = lab({"attrition": law, "loss_per_day": 0.02})
        variances[law] = np.var([losses(world.params, 100.0, 400.0, 1.0, u) for u in U])
    assert variances["stochastic"] == pytest.approx(8.0, rel=0.05)
    assert variances["square"] <= 0.25
    assert variances["linear"] <= 0.25


def test_no_side_loses_more_than_it_commits() -> None:
    world = lab({"loss_per_day": 1})
    assert max(losses(world.params, 7.0, 400.0, 1.0, u) for u in U) == 7


def test_a_defence_that_breaks_before_a_stronger_attacker_loses_the_town() -> None:
    # Red 200, Blue 100: Red loses 1.2 * 0.05 * 100 / 200 = 3 % (stays), Blue 0.05 * 200 / 100 = 10 % (breaks).
    world = lab({**SURE, "loss_per_day": 0.05, "surrender_share": 0.1}).run(1)
    day = world.events("clash")[0]
    assert (day["deaths_initiator"], day["deaths_target"]) == (6, 10)
    taken = world.events("capture")
    assert len(taken) == 1
    assert world.events()[taken["cause"][0]]["kind"] == kinds.CLASH
    assert world.holder("B") == "R"
    assert world.standing_in("B", "R") == 194
    assert world.world.factions["deserted"].tolist() == [0, 9]
    assert world.world.relations["capture_day"][0, 1] == 0
    left = world.forces("B", "return")
    assert left["fighters"].tolist() == [81]
    assert left["goal"].tolist() == [world.town("C")]


def test_a_defence_that_breaks_before_too_few_attackers_keeps_the_town() -> None:
    world = lab({**SURE, "loss_per_day": 0.05, "capture_ratio": 3}).run(1)
    assert len(world.events("capture")) == 0
    assert world.holder("B") == "B"


def test_an_attacker_breaks_off_above_its_threshold_and_not_below() -> None:
    # Red 100 against 100 loses 1.2 * L of its force in a day.
    for loss, repelled in ((0.04, 0), (0.06, 1)):
        world = lab(
            {**SURE, "loss_per_day": loss, "withdraw_loss_share": 0.06, "continue_probability": 0.95}, red=100
        ).run(1)
        assert len(world.events("attack_repelled")) == repelled, loss


def test_low_cohesion_lowers_the_threshold() -> None:
    repelled = []
    for cohesion in (1.0, 0.5):
        world = lab({**SURE, "loss_per_day": 0.04, "cohesion_loss": 0, "commander_death": 0}, red=100)
        world.world.forces["cohesion"][world.world.forces["town"] == 1] = cohesion
        repelled.append(len(world.run(1).events("attack_repelled")))
    assert repelled == [0, 1]


def test_deaths_are_taken_from_the_fighters_who_stand_in_the_town() -> None:
    world = lab({"attrition": "stochastic", "loss_per_day": 0.1}, red=80, blue=80)
    world.run(1)
    clash = world.events("clash")[0]
    assert world.world.factions["killed"].tolist() == [clash["deaths_initiator"], clash["deaths_target"]]
    assert world.forces("R")["fighters"].sum() >= 80 - clash["deaths_initiator"]
    a, c = world.forces("R"), world.forces("B")
    assert a["fighters"][a["home"] == 0].sum() > 0
    assert c["fighters"][c["home"] == 2].sum() > 0


def test_a_commanders_death_is_logged_and_lowers_cohesion() -> None:
    calm = {**SURE, "loss_per_day": 0.05, "cohesion_loss": 0, "commander_cohesion": 0.3}
    without, with_ = (lab({**calm, "commander_death": chance}) for chance in (0, 1))
    for world in (without, with_):
        world.world.forces["rank"] = 2  # the death of a local leader is not known beyond his band
        world.run(1)
    assert len(without.events("commander_killed")) == 0
    assert sorted(with_.events("commander_killed")["target"].tolist()) == [0, 1]
    for group in ("R", "B"):
        here = [w.forces(group)[w.forces(group)["last_town"] == 1]["cohesion"][0] for w in (without, with_)]
        assert here[0] - here[1] == pytest.approx(0.3)


def test_losses_lower_cohesion_in_proportion() -> None:
    world = lab({**SURE, "loss_per_day": 0.05, "cohesion_loss": 2, "commander_death": 0}).run(1)
    red = world.forces("R")
    assert red["cohesion"][red["town"] == 1][0] == pytest.approx(1 - 2 * 6 / 200)


def test_an_undecided_clash_goes_on_with_its_probability() -> None:
    quiet = {**SURE, "loss_per_day": 0.001, "withdraw_loss_share": 1}
    for chance in (0.0, 0.5, 0.9):
        lengths = [
            len(
                lab({**quiet, "continue_probability": chance, "pressed_probability": chance}, seed=seed)
                .run(30)
                .events("clash")
            )
            for seed in range(60)
        ]
        mean = 1 / (1 - chance)
        assert abs(np.mean(lengths) - mean) < 4 * max(0.01, math.sqrt(chance) * mean) / math.sqrt(60)


@pytest.mark.parametrize(("solidarity", "comes"), [(0, 0.0), (0.5, 0.5), (1, 1.0)])
def test_a_sister_reinforces_by_its_solidarity(solidarity: float, comes: float) -> None:
    sister = {"fighters": 3000, "solidarity": solidarity}
    factions = {"Red": faction(R=4000), "Blue": faction(B=200, S=sister)}
    level = {"levels": [{"commitment": 1, "reinforcement": 1} for _ in range(6)]}
    goes_on = {"continue_probability": 0.95, "pressed_probability": 0.95}
    quiet = {**SURE, "loss_per_day": 0.001, "withdraw_loss_share": 1, **goes_on}
    called = 0
    for seed in range(60):
        scenario = make_scenario(factions, rules={"clash": quiet, "ladder": level, "spread": {"reach_km": 30}})
        world = Lab(scenario, chain(3, 10.0, ["R", ("B", "R"), "S"]), seed)
        open_clash(world.world, 0, 77, 1, world.group("R"), world.group("B"), -1)
        rows = world.run(1).events("reinforcement")
        called += int((rows["initiator_group"] == world.group("S")).sum())
    chance = 0.95 * comes
    assert abs(called / 60 - chance) <= 4 * math.sqrt(chance * (1 - chance) / 60)


def test_crossfire_grows_with_the_square_root_of_population() -> None:
    deaths = []
    for population in (1250.0, 20000.0):
        total = 0
        for seed in range(40):
            world = lab({"loss_per_day": 0.3, "crossfire": 0.5, **SURE}, seed=seed)
            world.world.towns["population"] = population
            total += int(world.run(1).events("clash")["deaths_civilians"].sum())
        deaths.append(total)
    assert deaths[1] / deaths[0] == pytest.approx(4, rel=0.15)


def test_committed_force_is_heavy_tailed_and_never_more_than_is_there() -> None:
    sizes = []
    for seed in range(200):
        clash = (
            lab({"committed_min": 25, "committed_exponent": 2.5}, red=4000, blue=300, seed=seed).run(1).events("clash")
        )
        sizes.append(int(clash["fighters"][0]))
    assert min(sizes) >= 50 - 2
    assert max(sizes) <= 1500 + 300
    assert np.median(sizes) < 120
    assert max(sizes) > 400


def test_a_clash_under_an_agreement_is_logged_as_its_violation_and_costs_trust() -> None:
    truce = {"agreements": {"truce": {"between": ["Red", "Blue"], "signed": "2019-12-31"}}}
    world = lab({**SURE, "loss_per_day": 0.01}, rules={"ceasefire": {"violation_breaks": 0, "hold_days": 400}}, **truce)
    before = world.world.relations["trust"][0, 1]
    world.run(1)
    assert world.events("clash")["agreement"].tolist() == [0]
    assert world.world.agreements["violations"][0] == 1
    assert world.world.relations["trust"][0, 1] == pytest.approx(before * 0.85)


def test_a_violation_may_break_the_agreement_at_once_with_the_attacker_as_author() -> None:
    truce = {"agreements": {"truce": {"between": ["Red", "Blue"], "signed": "2019-12-31"}}}
    world = lab(
        {**SURE, "loss_per_day": 0.01}, rules={"ceasefire": {"violation_breaks": 1, "hold_days": 400}}, **truce
    ).run(1)
    ended = world.events("agreement_broken")[0]
    assert world.events()[ended["cause"]]["kind"] == kinds.CLASH
    assert ended["initiator_group"] == world.group("R")
    assert world.world.agreements["broken_by"][0] == world.group("R")
    assert world.world.relations["trust"][1, 0] == 0
