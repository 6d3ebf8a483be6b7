"""The game of demand and answer, and what the answers do."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.demand import answers, chance_to_demand
from tests.engine.worlds import START, Lab, chain, faction, make_scenario

GIVEN = [{"on": START, "event": "base_attempt", "by": "Red", "in": "B"}]
QUICK = {"interval_days": 0.5}
YIELDS = {**QUICK, "rationality": 20, "stall_cost": 5}  # the weaker side complies, almost surely
TRUCE = {"truce": {"between": ["Red", "Blue"], "signed": START}}
FIGHTS = {**QUICK, "rationality": 20, "fight_cost": 0, "clash_after_refusal": 1}


def lab(demand: dict[str, Any], red: int, blue: int, seed: int = 1, on: tuple[str, ...] = (), **more: Any) -> Lab:
    factions = {"Red": faction(R=red), "Blue": faction(B=blue)}
    rules = {"demand": demand, "movement": {"home_after_days": 60}, **more.pop("rules", {})}
    scenario = make_scenario(factions, on=on, rules=rules, given=GIVEN, **more)
    return Lab(scenario, chain(3, 10.0, ["R", "B", "B"]), seed)


def logit(precision: float, *utilities: float) -> list[float]:
    parts = [math.exp(precision * u) for u in utilities]
    return [part / sum(parts) for part in parts]


@pytest.mark.parametrize(("wins", "grievance", "terms"), [(0.5, 0.0, 0.0), (0.2, 0.6, 0.5), (0.9, 0.1, 0.5)])
def test_answers_follow_the_logit_of_their_utilities(wins: float, grievance: float, terms: float) -> None:
    world = lab({"rationality": 2, "fight_cost": 0.5, "grievance_weight": 0.5, "stall_cost": 0.25}, 500, 500)
    value = 1.2
    expected = logit(2.0, -1.2, -0.6 - 0.25, (2 * wins - 1) * 1.2 - 0.5 + 0.5 * grievance - terms)
    assert answers(world.params, value, wins, grievance, terms) == pytest.approx(expected)


def test_answers_equal_numbers_computed_by_hand() -> None:
    # Equal forces, a town of value 1: comply -1, stall -0.75, refuse -0.5; at precision 2: e^-2, e^-1.5, e^-1.
    world = lab({}, 500, 500)
    assert answers(world.params, 1.0, 0.5, 0.0, 0.0) == pytest.approx((0.1863, 0.3072, 0.5065), abs=5e-5)
    # Demanding is worth 0.1863 - 0.3072 * 0.25 + 0.5065 * (-0.5) = -0.14375, tolerating -0.25.
    chance = chance_to_demand(world.params, 1.0, 0.5, 0.0, 0.0, 1.0, 0.1863, 0.3072, 0.5065)
    assert chance == pytest.approx(1 / (1 + math.exp(-2 * (-0.14375 + 0.25))), abs=1e-4)


def test_without_rationality_all_answers_are_equally_likely() -> None:
    world = lab({"rationality": 0}, 500, 500)
    assert answers(world.params, 1.0, 0.9, 0.5, 0.5) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_the_asked_side_refuses_more_if_it_is_stronger() -> None:
    world = lab({}, 500, 500)
    refusals = [answers(world.params, 1.0, wins, 0.0, 0.0)[2] for wins in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert refusals == sorted(refusals)


def test_tolerance_lowers_the_chance_to_demand() -> None:
    world = lab({}, 500, 500)
    chances = [chance_to_demand(world.params, 1.0, 0.6, 0.0, 0.0, t, 0.2, 0.3, 0.5) for t in (0.2, 1.0, 5.0)]
    assert chances == sorted(chances, reverse=True)


def test_terms_in_force_deter_demands_and_refusals() -> None:
    world = lab({}, 500, 500)
    assert answers(world.params, 1.0, 0.5, 0.0, 0.5)[2] < answers(world.params, 1.0, 0.5, 0.0, 0.0)[2]
    free, bound = (chance_to_demand(world.params, 1.0, 0.6, 0.0, terms, 1.0, 0.2, 0.3, 0.5) for terms in (0.0, 0.5))
    assert bound < free


def test_a_demand_under_an_agreement_logs_the_effect_of_its_terms() -> None:
    for seed in range(20):
        demanded = lab({**QUICK, "rationality": 3}, 500, 500, seed, agreements=TRUCE).run(15).events("demand")
        if len(demanded):
            said = {
                demanded[f"mover_{i}"][0]: (demanded[f"value_{i}"][0], demanded[f"factor_{i}"][0]) for i in (1, 2, 3, 4)
            }
            assert said[kinds.M_TERMS] == pytest.approx((0.5, math.exp(-3 * 0.5)))
            return
    pytest.fail("nobody demanded anything")


def test_a_host_that_complies_withdraws_and_the_newcomer_holds_the_town() -> None:
    for seed in range(20):
        world = lab(YIELDS, 20000, 100, seed).run(15)
        complied = world.events("complied")
        if complied["initiator"].tolist() == [world.faction("Blue")]:
            break
    else:
        pytest.fail("no host complied")
    moved = world.events("withdrawal")
    assert world.events()[moved["cause"][0]]["kind"] == complied["kind"][0]
    assert world.holder("B") == "R"
    assert world.standing_in("B", "B") == 0
    assert len(world.live("disputes")) == 0
    assert len(world.live("bases")) == len(world.events("base_closed")) == 0  # in one's own town nothing is a base
    there = world.forces("R")[world.forces("R")["town"] == world.town("B")]
    assert there["fighters"].sum() > 0
    assert {kinds.ORDERS[order] for order in there["orders"]} == {"garrison"}
    assert set(there["home"].tolist()) == {world.town("B")}
    assert len(world.events("capture", "clash")) == 0


def test_a_newcomer_that_complies_closes_its_base_and_goes_home() -> None:
    world = lab(YIELDS, 100, 20000).run(15)
    assert world.events("complied")["initiator"].tolist() == [world.faction("Red")]
    assert len(world.events("base_closed")) == 1
    assert len(world.live("bases")) == 0
    assert world.holder("B") == "B"
    assert world.standing_in("A", "R") == 100


def test_a_refusal_is_followed_by_a_clash_in_the_town() -> None:
    seen = 0
    for seed in range(10):
        world = lab(FIGHTS, 600, 600, seed, on=("clash",)).run(10)
        refused, clash = world.events("refused"), world.events("clash")
        if len(refused):
            seen += 1
            assert refused["day"][0] <= clash["day"][0] <= refused["day"][0] + 3  # a column may gather first
            assert world.events()[clash["cause"][0]]["kind"] == refused["kind"][0]
            assert clash["town"][0] == world.town("B")
            assert clash["initiator"][0] == refused["target"][0]  # who was refused attacks
    assert seen >= 5


def test_no_clash_follows_if_refusals_have_no_consequence() -> None:
    for seed in range(10):
        world = lab({**FIGHTS, "clash_after_refusal": 0}, 600, 600, seed, on=("clash",)).run(20)
        assert len(world.events("clash")) == 0


def test_a_tolerated_base_is_agreed_and_its_dispute_settled() -> None:
    world = lab(
        {**QUICK, "rationality": 20, "annoyance": 0, "terms_weight": 5, "settles": 1}, 500, 500, agreements=TRUCE
    ).run(15)
    assert len(world.events("tolerated")) == 1
    assert world.live("bases")["status"].tolist() == [1]
    assert len(world.live("disputes")) == 0
    assert len(world.events("demand")) == 0


def test_every_demand_gets_one_answer_on_its_day_and_draws_fall_below_their_chance() -> None:
    kinds_seen, demands = set(), 0
    for seed in range(60):
        world = lab({"interval_days": 0.5}, 500, 500, seed).run(10)
        demand, answer = world.events("demand"), world.events("complied", "stalled", "refused")
        assert answer["day"].tolist() == demand["day"].tolist()
        assert (world.events()["kind"][answer["cause"]] == demand["kind"][0]).all() if len(demand) else True
        assert (answer["initiator"] == demand["target"]).all()
        assert (demand["draw"] < demand["probability"]).all()
        kinds_seen |= set(answer["kind"].tolist())
        demands += len(demand)
    assert demands > 60
    assert len(kinds_seen) == 3


@pytest.mark.parametrize("lost", ["nothing", "its base", "a holder", "its host"])
def test_a_dispute_that_has_lost_its_object_ends_without_an_event(lost: str) -> None:
    factions = {"Red": faction(R=500), "Blue": faction(B=500), "Green": faction(G=500)}
    scenario = make_scenario(factions, rules={"demand": {"interval_days": 30}, "movement": {}}, given=GIVEN)
    world = Lab(scenario, chain(4, 10.0, ["R", "B", "B", "G"]))
    while not len(world.live("disputes")):
        world.run(1)
        assert world.day < 20
    town = world.world.towns[world.town("B")]
    if lost == "its base":
        world.world.bases["alive"][world.live("disputes")["base"][0]] = 0
    elif lost == "a holder":
        town["holder"], town["status"] = -1, kinds.NEUTRAL
    elif lost == "its host":
        town["holder"] = world.group("G")
    world.run(1)
    assert len(world.live("disputes")) == (lost == "nothing")
    assert world.world.disputes["stage"][0] == (kinds.D_OPEN if lost == "nothing" else kinds.D_SETTLED)
    assert len(world.events("demand", "tolerated", "complied", "stalled", "refused")) == 0


def test_a_demand_can_be_met_on_the_day_on_which_the_base_opens() -> None:
    """A base in the next town opens on the day of its orders; demand, refusal and clash may follow within that day."""
    days = [
        lab(FIGHTS, 600, 600, seed, on=("clash",)).run(10).events("base_opened", "demand")["day"] for seed in range(10)
    ]
    assert any(len(each) > 1 and each[1] == each[0] for each in days)


@pytest.mark.parametrize("garrison", [300, 3000])
def test_the_refusing_side_sends_the_column_that_it_counted_on(garrison: int) -> None:
    """A newcomer that refused attacks the town with a column; a host that refused relieves its garrison."""
    columns = 0
    for seed in range(30):
        world = lab(FIGHTS, 6000, garrison, seed, on=("clash",))
        while world.day < 12 and len(world.events("refused")) == 0:
            world.run()
        refused, clash = world.events("refused"), world.events("clash")
        if not len(refused) or not len(clash) or clash["day"][0] != refused["day"][0]:
            continue
        side = int(refused["initiator_group"][0])
        forces = world.world.forces[: world.world.counts[0]]
        sent = forces[(forces["group"] == side) & (forces["born"] == refused["day"][0]) & (forces["alive"] == 1)]
        target = np.where(sent["objective"] >= 0, sent["objective"], sent["goal"])
        columns += int((target == world.town("B")).any())
    assert columns > 0


def test_an_agreement_holds_force_back_after_a_refusal_and_stores_it() -> None:
    rules = {"ceasefire": {"suppression": 0.99, "hold_days": 400, "frailty_variance": 0.01}}
    agreement = {"truce": {"between": ["Red", "Blue"], "signed": START - timedelta(days=9)}}
    stored, clashes = 0, [0, 0]
    for seed in range(20):
        for k, more in enumerate(({}, {"agreements": agreement})):
            world = lab({**FIGHTS, "terms_weight": 0}, 600, 600, seed, on=("clash",), rules=rules, **more).run(8)
            clashes[k] += len(world.events("clash"))
            stored += int(world.world.agreements["held_back"].sum()) if more else 0
    assert stored > 0
    assert clashes[1] < clashes[0] / 2
