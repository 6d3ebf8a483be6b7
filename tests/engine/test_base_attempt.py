"""Base attempt on a row of towns: A is Red's, B and C are Blue's, 10 km apart."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from sim.engine import kinds
from sim.engine.recording import log_event
from sim.engine.rules.base_attempt import explain, rate_per_day
from sim.engine.tables import N_EVENTS
from tests.engine.worlds import START, Lab, chain, faction, make_scenario, rivals

OFTEN = {"attempts_per_town_month": 1}
ATTEMPT = {"on": START + timedelta(days=1), "event": "base_attempt", "by": "Red"}


def lab(
    rules: dict[str, Any], red: Any = 500, seed: int = 1, doctrine: dict[str, float] | None = None, **more: Any
) -> Lab:
    scenario = make_scenario(rivals(red, **(doctrine or {})), rules=rules, **more)
    return Lab(scenario, chain(3, 10.0, ["R", "B", "B"]), seed)


def attempts(rules: dict[str, Any] | None = None, count: int = 20, **more: Any) -> list[int]:
    """Return the towns (rows) attempted by Red over some seeds."""
    found: list[int] = []
    for seed in range(count):
        rows = (
            lab({"base_attempt": {**OFTEN, "strength_weight": 0, **(rules or {})}}, seed=seed, **more)
            .run(60)
            .events("base_attempt")
        )
        found += rows["town"][rows["initiator"] == 0].tolist()
    return found


def test_a_faction_with_expansion_attempts_bases_in_its_rivals_towns() -> None:
    assert set(attempts()) == {1, 2}


def test_a_faction_without_expansion_attempts_no_base() -> None:
    assert attempts(doctrine={"expansion": 0}) == []


def test_expansion_raises_the_number_of_attempts() -> None:
    assert len(attempts(doctrine={"expansion": 0.3})) < len(attempts(doctrine={"expansion": 1}))


def test_factions_attempt_no_base_beyond_the_reach_of_their_garrisons() -> None:
    assert set(attempts({"reach_km": 15})) == {1}


def test_garrisons_without_spare_fighters_attempt_no_base() -> None:
    assert attempts(red=69) == []
    assert attempts(red=75) != []


def test_neither_government_nor_patron_backed_factions_attempt_bases() -> None:
    for role in ("government", "patron_backed", "neutral"):
        factions = {"Red": faction(role=role, R=500), "Blue": faction(B=500)}
        world = Lab(make_scenario(factions, rules={"base_attempt": OFTEN}), chain(3, 10.0, ["R", "B", "B"]))
        assert len(world.run(60).events("base_attempt")) == 0


def test_the_rate_equals_the_equation_of_the_model_page() -> None:
    world = lab({"base_attempt": {}}, red=300)
    rate, ratio, agreement = rate_per_day(world.world, world.params, 0, 1, 10.0)
    own = 300 * math.exp(-10 / 60)  # an hour's march of 2.5 km, help counts e-fold less in 24 hours
    other = 250 + 250 * math.exp(-10 / 60)
    assert ratio == pytest.approx((own + 1) / (other + 1))
    influence = -0.5
    assert rate == pytest.approx(0.02 / 30 * math.exp(-1.0 + math.log(ratio) + 0.5 * influence))
    assert agreement == -1


@pytest.mark.parametrize(("red", "blue", "most"), [(9000, 10, 10), (10, 9000, 0.1)])
def test_superiority_beyond_ten_to_one_changes_nothing_more(red: int, blue: int, most: float) -> None:
    scenario = make_scenario({"Red": faction(R=red), "Blue": faction(B=blue)}, rules={"base_attempt": {}})
    world = Lab(scenario, chain(3, 10.0, ["R", "B", "B"]))
    assert rate_per_day(world.world, world.params, 0, 1, 10.0)[1] == most


def test_an_agreement_lowers_the_rate_by_suppression_terms_and_trust() -> None:
    plain = lab({"base_attempt": {}, "ceasefire": {"suppression": 0.4}})
    signed = lab(
        {"base_attempt": {}, "ceasefire": {"suppression": 0.4}},
        terms={"no_expansion": {"base_attempt_factor": 0.5}},
        agreements={"truce": {"between": ["Red", "Blue"], "signed": START, "terms": ["no_expansion"]}},
    )
    before, after = (rate_per_day(each.world, each.params, 0, 1, 10.0)[0] for each in (plain, signed))
    assert after / before == pytest.approx(0.6 * 0.5 * math.exp(-1.5 * 0.5))


def test_an_attempt_logs_the_effect_of_agreement_and_trust_on_its_rate() -> None:
    world = lab(
        {"base_attempt": {}, "ceasefire": {"suppression": 0.9}},
        terms={"no_expansion": {"base_attempt_factor": 0.5}},
        agreements={"truce": {"between": ["Red", "Blue"], "signed": START, "terms": ["no_expansion"]}},
    )
    w, p = world.world, world.params
    _rate, ratio, agreement = rate_per_day(w, p, 0, 1, 10.0)
    w.relations["trust"][0, 1] = 1
    event = w.events[log_event(w, 0, kinds.BASE_ATTEMPT, kinds.R_BASE_ATTEMPT, -1, 0, 1, 1, 1.0, -1.0)]
    explain(w, p, w.counts[N_EVENTS] - 1, 0, 1, 10.0, ratio, agreement)
    said = {event[f"mover_{i}"]: (event[f"value_{i}"], event[f"factor_{i}"]) for i in (1, 2, 3, 4)}
    assert event["agreement"] == agreement == 0
    assert said[kinds.M_AGREEMENT] == pytest.approx((0.9, 0.1 * 0.5))
    assert said[kinds.M_TRUST] == pytest.approx((1, math.exp(-1.5)))


@pytest.mark.parametrize(("field", "weight"), [("threat", 0.5), ("fatigue", 1.0)])
def test_threat_and_fatigue_deter(field: str, weight: float) -> None:
    world = lab({"base_attempt": {}})
    before = rate_per_day(world.world, world.params, 0, 1, 10.0)[0]
    world.world.factions[field][0] = 0.8
    assert rate_per_day(world.world, world.params, 0, 1, 10.0)[0] / before == pytest.approx(math.exp(-weight * 0.8))


def test_a_party_travels_by_road_and_opens_its_base_on_arrival() -> None:
    world = lab(
        {"base_attempt": {"party_fighters": 40}, "movement": {"road_km_per_day": 5}}, given=[{**ATTEMPT, "in": "C"}]
    )
    world.run(4)
    assert len(world.events("base_opened")) == 0
    party = world.forces("R", "open_base")
    assert party["fighters"].tolist() == [40]
    assert party["town"].tolist() == [-1]
    world.run(1)
    opened = world.events("base_opened")
    assert opened["day"].tolist() == [4]  # 20 km at 5 km a day, setting out on day 1
    assert world.events()[opened["cause"][0]]["kind"] == world.events("base_attempt")["kind"][0]
    assert world.standing_in("C", "R") == 40
    assert world.standing_in("A", "R") == 460
    base, dispute = world.live("bases")[0], world.live("disputes")[0]
    assert (base["town"], base["fighters"], base["opened"]) == (2, 40, 4)
    assert (dispute["newcomer"], dispute["host"], dispute["town"]) == (world.group("R"), world.group("B"), 2)


def test_a_given_attempt_is_marked_given_and_happens_without_expansion() -> None:
    world = lab({"movement": {}}, doctrine={"expansion": 0}, given=[{**ATTEMPT, "in": "B"}]).run(3)
    assert world.events("base_attempt")["given"].tolist() == [1]
    assert world.events("base_opened")["given"].tolist() == [0]


@pytest.mark.parametrize(("red", "town"), [(30, "B"), (500, "A")], ids=["too few fighters", "its own town"])
def test_an_impossible_given_attempt_is_skipped_and_reported(red: int, town: str) -> None:
    world = lab({"movement": {}}, red=red, given=[{**ATTEMPT, "in": town}]).run(3)
    skipped = world.events("given_skipped")
    assert (skipped["day"].tolist(), skipped["given"].tolist(), skipped["town"].tolist()) == (
        [1],
        [1],
        [world.town(town)],
    )
    assert len(world.events("base_attempt", "base_opened")) == 0


def test_a_faction_has_one_base_in_a_town_at_a_time() -> None:
    world = lab({"base_attempt": {**OFTEN, "strength_weight": 0}, "movement": {}}, red=5000, days=200).run(200)
    assert len(world.events("base_opened")) >= 2
    mine = world.live("bases")
    assert len({(b["town"], b["faction"]) for b in mine}) == len(mine)
