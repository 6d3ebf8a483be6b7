"""Who decides on a war, its opening and orders, hand-overs, sisters who choose, and how it ends."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.queries import stands_aside
from sim.engine.rules.campaign import order
from sim.engine.rules.spread import enemy_in
from sim.engine.tables import N_CAMPAIGNS
from tests.engine.worlds import START, Lab, chain, faction, make_scenario, on

HOLDERS = ["R", "R", "R", "B", "B", "B", "S"]
SURE: dict[str, Any] = {"decisions_per_month": 3, "untriggered_share": 1, "power_weight": 4, "quiet_days": 400}
FIGHT: dict[str, Any] = {"committed_min": 100, "committed_max": 101, "loss_per_day": 0.1, "concentration": 1}


def lab(
    campaign: dict[str, Any] | None = None,
    seed: int = 1,
    red: int = 6000,
    blue: Any = 600,
    sister: Any = 200,
    rules: dict[str, Any] | None = None,
    **more: Any,
) -> Lab:
    """Return a row of seven towns: three of R (Red), three of B and one of its sister S (Blue)."""
    factions = {"Red": faction(R=red), "Blue": faction(B=blue, S=sister)}
    numbers = {"campaign": {**SURE, **(campaign or {})}, "movement": {}, "clash": FIGHT, "control": {}, "spread": {}}
    numbers["spread"] = {"neighbours": False, "call_to_arms": False}
    scenario = make_scenario(factions, rules={**numbers, **(rules or {})}, **{"days": 200, **more})
    return Lab(scenario, chain(len(HOLDERS), 10.0, HOLDERS), seed)


def decided(world: Lab, days: int = 150) -> Lab:
    """Run a world until leaders decide on a campaign, at most so many days."""
    while world.day < days and len(world.events("campaign_decided")) == 0:
        world.run(1)
    assert len(world.events("campaign_decided")) == 1
    return world


def campaign_of(world: Lab) -> Any:
    """Return the first campaign."""
    return world.world.campaigns[0]


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ("nothing", 1.0),
        ("grievance", math.exp(0.5)),
        ("threat", math.exp(-0.6)),
        ("fatigue", math.exp(-0.4)),
        ("aggressiveness", 2.0),
        ("trigger", 5.0),
        ("settlement", 0.2),
        ("the rival doubled", 2.0),
    ],
)
def test_the_chance_of_a_decision_equals_the_equation_of_the_model_page(change: str, factor: float) -> None:
    settlement = {"s": {"between": ["Red", "Blue"], "signed": START, "kind": "settlement"}}
    for seed in range(400):
        more = {"agreements": settlement} if change == "settlement" else {}
        numbers = {"decisions_per_month": 0.5, "power_weight": 0, "untriggered_share": 0.2}
        world = lab(numbers, seed, rules={"ceasefire": {"hold_days": 400, "frailty_variance": 0.01}}, **more)
        w = world.world
        if change == "grievance":
            w.relations["grievance"][0, 1] = 0.5
        elif change == "threat":
            w.factions["threat"][0] = 0.6
        elif change == "fatigue":
            w.factions["fatigue"][0] = 0.4
        elif change == "aggressiveness":
            w.factions["aggressiveness"][0] = 2.0
        elif change == "trigger":
            w.triggered[world.group("R"), world.group("B")] = -1
        elif change == "the rival doubled":
            w.groups["usual"][world.group("B")] /= 2
        rows = world.run(1).events("campaign_decided")
        rows = rows[(rows["initiator_group"] == world.group("R")) & (rows["target_group"] == world.group("B"))]
        if len(rows):
            rate = -math.log(1 - rows["probability"][0]) * 30 / (0.5 * 0.2)
            assert rate == pytest.approx(factor, rel=0.01)
            return
    pytest.fail("nobody decided")


def test_the_stronger_decide_more_often() -> None:
    numbers = {"decisions_per_month": 0.05, "power_weight": 1}
    strong, weak = (
        sum(
            (lab(numbers, seed, red=red).run(60).events("campaign_decided")["initiator"] == 0).sum()
            for seed in range(60)
        )
        for red in (6000, 1200)
    )
    assert strong > 2 * weak


def test_an_opening_strikes_towns_of_the_target_alone_with_columns_of_the_garrisons_size() -> None:
    for seed in range(6):
        world = decided(lab(seed=seed))
        k = campaign_of(world)
        assert world.group("R") == k["initiator"]
        forces = world.world.forces[: world.world.counts[0]]
        columns = forces[(forces["campaign"] == 0) & (forces["alive"] == 1)]
        target = world.world.towns["holder"][columns["objective"]]
        assert set(target.tolist()) == {int(k["target"])}
        assert (columns["orders"] == kinds.GATHER).all()
        for town in set(columns["objective"].tolist()):
            sent = columns["fighters"][columns["objective"] == town].sum()
            garrison = world.world.strength[town].sum()
            assert 1.0 * garrison <= sent <= 3.1 * garrison + 20


def test_a_column_gathers_then_sets_out_on_its_day_and_fights_on_arrival() -> None:
    world = decided(lab())
    k, start = campaign_of(world), world.day
    departs = int(world.world.forces["departs"][world.world.forces["campaign"] == 0].max())
    while k["opened"] < 0:
        world.run(1)
        assert world.day < start + 20
    assert k["opened"] >= departs
    first = world.events("clash")[0]
    assert first["day"] == k["opened"]
    assert world.world.groups["faction"][first["initiator_group"]] == 0


def test_a_campaign_takes_towns_and_counts_them_by_how_they_changed() -> None:
    taken = 0
    for seed in range(5):
        world = decided(lab(seed=seed)).run(40)
        k = campaign_of(world)
        changes = world.events("capture", "withdrawal", "handover")
        inside = changes[(changes["day"] >= k["decided"]) & ((changes["day"] <= k["ended"]) | (k["ended"] < 0))]
        won = inside[inside["initiator"] == 0]
        assert k["by_battle"] == (won["kind"] == kinds.CAPTURE).sum()
        assert k["by_handover"] == (won["kind"] == kinds.HANDOVER).sum()
        taken += len(won)
    assert taken > 3


def test_garrisons_hand_over_only_if_their_group_loses_and_fighters_are_sent() -> None:
    handed = 0
    for seed in range(8):
        world = decided(lab({"handovers_per_day": 5, "broken_share": 1}, seed)).run(40)
        for row in world.events("handover"):
            handed += 1
            assert row["target_group"] == campaign_of(world)["target"]
            earlier = world.events("capture", "withdrawal", "handover")
            earlier = earlier[(earlier["day"] <= row["day"]) & (earlier["target_group"] == row["target_group"])]
            assert len(earlier) >= 2  # this one and one before it
            assert world.standing_in(world.town_names[row["town"]], "R") > 0 or world.day - row["day"] < 5
        calm = decided(lab({"handovers_per_day": 0, "broken_share": 1}, seed)).run(40)
        assert len(calm.events("handover")) == 0
    assert handed > 0


@pytest.mark.parametrize(("solidarity", "joins"), [(0.0, False), (1.0, True)])
def test_a_sister_chooses_once_whether_to_join(solidarity: float, joins: bool) -> None:
    asked = 0
    for seed in range(12):
        world = lab(seed=seed, blue=3000, sister={"fighters": 9000, "solidarity": solidarity}).run(120)
        if len(world.events("campaign_decided")) == 0:
            continue
        k, sister = campaign_of(world), world.group("S")
        if k["target"] == sister or k["initiator"] == sister or k["opened"] < 0:
            continue
        rows = world.events("campaign_joined", "stood_aside")
        rows = rows[rows["initiator_group"] == sister]
        asked += 1
        assert len(rows) == 1
        assert (rows["kind"][0] == kinds.CAMPAIGN_JOINED) == joins
        assert bool((k["with_target"] | k["with_initiator"]) & (1 << sister)) == joins
    assert asked > 0


def test_mediators_and_groups_that_stand_aside_neither_decide_nor_join() -> None:
    for trait in ("mediates", "aloof"):
        sister = {"fighters": 3000, "solidarity": 1, trait: True}
        for seed in range(6):
            world = lab(seed=seed, sister=sister).run(60)
            rows = world.events("campaign_decided", "campaign_joined")
            assert world.group("S") not in rows["initiator_group"].tolist()


def test_bands_without_a_common_command_neither_decide_on_a_war_nor_are_the_target_of_one() -> None:
    for led in (True, False):
        groups: list[int] = []
        for seed in range(8):
            bands = {"fighters": 3000, "common_command": led}
            rows = lab({"quiet_days": 5}, seed, red=3000, blue=bands).run(60).events("campaign_decided")
            groups += [*rows["initiator_group"].tolist(), *rows["target_group"].tolist()]
        assert (lab().group("B") in groups) == led


def test_terms_of_an_agreement_hold_back_orders_against_a_sister_in_the_war() -> None:
    far = {"neighbours": False, "call_to_arms": False, "reach_km": 60, "reach_days": 5}
    unbroken = {"suppression": 0, "violation_breaks": 0, "hold_days": 400, "frailty_variance": 0.01}
    agreement = {"Calm": {"between": ["Red", "S"], "signed": START, "terms": ["calm"]}}
    for factor, held_back in ((1.0, 0), (0.0, 5)):
        more = {"agreements": agreement, "terms": {"calm": {"clash_factor": factor}}}
        rules = {"ceasefire": unbroken, "spread": far}
        world = decided(lab(sister={"fighters": 100, "common_command": False}, rules=rules, **more))
        w, p = world.world, world.params
        red, sister = 1 << world.group("R"), 1 << world.group("S")
        for number in range(5):
            order(w, p, world.day, 1, 0, red, sister, world.day + 1, 100 + number)
        assert w.agreements["held_back"][0] == held_back


def test_no_front_is_opened_against_a_sister_that_stands_aside_until_the_campaign_ends() -> None:
    world = decided(lab(sister=2000))
    w, sister = world.world, world.group("S")
    town, red, blue = HOLDERS.index("S"), world.faction("Red"), world.faction("Blue")
    k = campaign_of(world)
    assert enemy_in(w, town, red, blue)
    assert not stands_aside(w, sister, red)
    k["asked"] |= 1 << sister
    assert stands_aside(w, sister, red)
    assert not enemy_in(w, town, red, blue)
    k["with_target"] |= 1 << sister
    assert enemy_in(w, town, red, blue)
    k["with_target"] ^= 1 << sister
    k["alive"] = 0
    assert enemy_in(w, town, red, blue)


def test_a_broken_group_is_absorbed_by_its_sister_with_all_its_fighters() -> None:
    absorbed = 0
    for seed in range(12):
        world = decided(lab({"broken_share": 0.4, "days_log_sd": 0, "median_days": 60}, seed))
        while campaign_of(world)["alive"] == 1:
            world.run(1)
        rows = world.events("group_absorbed")
        if len(rows) == 0:
            continue
        absorbed += 1
        group = int(rows["target_group"][0])
        assert campaign_of(world)["outcome"] == kinds.GROUP_BROKEN
        assert group not in world.world.towns["holder"].tolist()
        forces = world.world.forces[: world.world.counts[0]]
        assert not ((forces["group"] == group) & (forces["alive"] == 1)).any()
    assert absorbed > 0


def test_the_same_factions_begin_no_campaign_during_the_quiet_days() -> None:
    for quiet in (5, 30):
        gaps = []
        for seed in range(6):
            world = lab({"quiet_days": quiet, "median_days": 3, "days_log_sd": 0}, seed, red=3000, blue=2000).run(60)
            rows = world.world.campaigns[: world.world.counts[N_CAMPAIGNS]]
            gaps += [int(b["decided"] - a["ended"]) for a, b in pairwise(rows)]
        assert all(gap >= quiet for gap in gaps)
        assert gaps or quiet == 30


def test_a_campaign_that_settles_ends_in_a_settlement_on_all_fronts() -> None:
    numbers = {"settles": 1, "median_days": 4, "days_log_sd": 0, "broken_share": 1}
    world = decided(lab(numbers, red=3000, blue=2000, rules={"ceasefire": {"hold_days": 400}}))
    while campaign_of(world)["alive"] == 1:
        world.run(1)
    ended, signed = world.events("campaign_ended")[0], world.events("agreement_signed")
    assert ended["fighters"] == campaign_of(world)["outcome"] > 0
    signed = signed[signed["cause"] == np.flatnonzero(world.events()["kind"] == kinds.CAMPAIGN_ENDED)[0]]
    agreement = world.world.agreements[int(signed["agreement"][0])]
    assert (agreement["kind"], agreement["scope"]) == (kinds.SETTLEMENT, kinds.ALL_FRONTS)
    assert agreement["suppression"] == pytest.approx(0.8)


def test_a_decision_ends_the_agreements_between_the_two() -> None:
    truce = {"truce": {"between": ["Red", "Blue"], "signed": START}}
    world = decided(lab(rules={"ceasefire": {"hold_days": 400, "frailty_variance": 0.01}}, agreements=truce, seed=2))
    broken = world.events("agreement_broken")[0]
    assert broken["day"] == campaign_of(world)["decided"]
    assert broken["cause"] == np.flatnonzero(world.events()["kind"] == kinds.CAMPAIGN_DECIDED)[0]
    assert broken["initiator_group"] == campaign_of(world)["initiator"]
    assert world.world.agreements["held_back"][0] == 0


@pytest.mark.parametrize("mediated", [False, True])
def test_a_campaign_that_ends_under_a_mediated_truce_is_mediated(mediated: bool) -> None:
    numbers = {"median_days": 6, "days_log_sd": 0, "broken_share": 1, "aim_share": 1, "orders_per_day": 0}
    agreement = {"between": ["Red", "Blue"], "signed": on(199), "mediator": "S" if mediated else None}
    given = [{"on": on(199), "event": "agreement", "agreement": agreement}]
    rules = {"ceasefire": {"violation_breaks": 0, "hold_days": 400, "signing_per_10_deaths": 0}}
    world = decided(lab(numbers, red=3000, blue=2000, rules=rules, given=given, days=220))
    world.world.actions["day"][0] = world.day + 1  # the truce is signed in the middle of the campaign
    while campaign_of(world)["alive"] == 1:
        world.run(1)
    assert campaign_of(world)["outcome"] == (kinds.MEDIATED if mediated else kinds.EXHAUSTED)


def test_level_5_is_a_campaign_from_its_decision_to_its_end() -> None:
    world = decided(lab({"median_days": 5, "days_log_sd": 0}))
    while campaign_of(world)["alive"] == 1:
        assert world.world.relations["level"][0, 1] == 5
        world.run(1)
        assert world.day < 150
    assert world.world.relations["level"][0, 1] < 5


def test_a_campaign_ends_once_too_many_have_been_killed() -> None:
    days = []
    for share in (0.01, 1):
        numbers = {
            "losses_share": share,
            "median_days": 100,
            "days_log_sd": 0,
            "broken_share": 1,
            "stalemate_days": 200,
        }
        world = decided(lab(numbers, blue=4000, rules={"clash": {**FIGHT, "capture_ratio": 20}}))
        while campaign_of(world)["alive"] == 1 and world.day < 120:
            world.run(1)
        k = campaign_of(world)
        days.append(int(k["ended"] if k["ended"] >= 0 else world.day) - int(k["opened"]))
        if share < 1:
            assert k["deaths"] >= share * k["fighters_before"] > 0
    assert days[0] < days[1]


def test_deaths_and_towns_of_groups_that_stand_aside_are_not_counted_in_the_campaign() -> None:
    for seed in range(4):
        world = decided(lab(seed=seed, sister={"fighters": 200, "solidarity": 0})).run(60)
        k = campaign_of(world)
        clashes = world.events("clash")
        inside = clashes[(clashes["day"] >= k["decided"]) & ((clashes["day"] < k["ended"]) | (k["ended"] < 0))]
        both = (1 << inside["initiator_group"].astype(int)) | (1 << inside["target_group"].astype(int))
        sides = int(k["with_initiator"]) | int(k["with_target"])
        counted = inside[(both & ~sides) == 0]
        assert k["deaths"] == (counted["deaths_initiator"] + counted["deaths_target"]).sum()


def test_the_strength_form_has_no_decisions_and_rounds_differ_by_their_variance() -> None:
    spread = {"offspring_per_clash_day": 0.6, "neighbours": True, "call_to_arms": False}
    incident = {"per_pair_month": 0.3, "escalates": 1}
    variances = []
    for variance in (0.01, 4):
        form = {"form": "strength", "strength_variance": variance}
        strengths, totals = [], []
        for seed in range(40):
            world = lab(form, seed, 2000, 2000, 400, {"spread": spread, "incident": incident}).run(60)
            assert len(world.events("campaign_decided")) == 0
            strengths.append(float(world.world.relations["round_strength"][0, 1]))
            totals.append(len(world.events("clash")))
        assert np.std(strengths) == pytest.approx(np.sqrt(variance), rel=0.5)
        variances.append(np.var(totals) / np.mean(totals))
    assert variances[1] > variances[0]
