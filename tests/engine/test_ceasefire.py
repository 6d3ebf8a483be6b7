"""Signing, terms, hold and breaking, on a row of four towns: A and B Red's, C and D Blue's."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.recording import log_event
from sim.engine.rules.ceasefire import breaker, fought, scope_of_fighting
from tests.engine.worlds import START, Lab, chain, faction, make_scenario

HOLDERS = ["R", "R", "B", "B"]
OFTEN = {"signing_per_10_deaths": 2}
FOREVER = {"hold_days": 400, "frailty_variance": 0.01}


def lab(
    rules: dict[str, Any] | None = None, seed: int = 1, holders: Any = HOLDERS, mediates: bool = False, **more: Any
) -> Lab:
    factions = {"Red": faction(R=800), "Blue": faction(B=800, M={"fighters": 10, "mediates": mediates})}
    scenario = make_scenario(factions, rules={"ceasefire": {}, **(rules or {})}, **more)
    return Lab(scenario, chain(len(holders), 10.0, holders), seed)


def bleed(world: Lab, deaths: int, town: str | None = "C", day: int | None = None) -> Lab:
    """Enter deaths of the last days between the two, and a clash in a town today."""
    day = world.day if day is None else day
    row = log_event(world.world, day, kinds.CLASH, kinds.R_CLASH, -1, 0, 1, world.town(town or "C"), 1.0, -1.0)
    for a, b in ((0, 1), (1, 0)):
        pair = world.world.relations[a, b]
        pair["deaths_7"], pair["last_event"] = deaths, row
    if town is not None:
        t = world.world.towns[world.town(town)]
        t["fought"], t["fought_a"], t["fought_b"] = day, 0, 1
    return world


def agreed(world: Lab) -> Any:
    """Return the first agreement."""
    return world.world.agreements[0]


def signed_share(deaths: int, rules: dict[str, Any], seeds: int = 150) -> float:
    return float(
        np.mean([len(bleed(lab(rules, seed), deaths).run(1).events("agreement_signed")) for seed in range(seeds)])
    )


def test_the_signing_hazard_equals_the_equation_of_the_model_page() -> None:
    for seed in range(40):
        rows = bleed(lab({"ceasefire": {"signing_per_10_deaths": 0.3}}, seed), 20).run(1).events("agreement_signed")
        if len(rows):
            assert rows["probability"][0] == pytest.approx(1 - math.exp(-0.3 * 2))
            return
    pytest.fail("nothing was signed")


@pytest.mark.parametrize("deaths", [5, 30])
def test_the_share_signed_is_the_chance_and_rises_with_deaths(deaths: int) -> None:
    chance = 1 - math.exp(-0.2 * deaths / 10)
    assert abs(signed_share(deaths, {"ceasefire": {"signing_per_10_deaths": 0.2}}) - chance) < 4 * math.sqrt(
        chance * (1 - chance) / 150
    )


def test_nothing_is_signed_without_deaths() -> None:
    assert signed_share(0, {"ceasefire": OFTEN}, 20) == 0


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ("mediator", 1.5),
        ("mediator who has taken sides", math.sqrt(1.5)),
        ("threat", math.exp(0.5 * 0.6)),
        ("momentum", math.exp(-0.3 * 2)),
        ("stalemate", 2.0),
        ("truce_propensity", math.sqrt(3.0 * 2.0)),
        ("belief that the own side was wronged", math.exp(-0.4)),
        ("weary mediator", 1.5 ** math.exp(-1.0)),
        ("mediator attacked by one of them", 1.0),
    ],
)
def test_factors_change_the_signing_hazard(change: str, factor: float) -> None:
    numbers = {"signing_per_10_deaths": 0.2}
    for seed in range(60):
        world = lab({"ceasefire": numbers}, seed, mediates="mediator" in change)
        w = world.world
        if change == "threat":
            w.factions["threat"][0] = 0.6
        elif change == "mediator":
            w.belief[w.groups["mediates"].argmax(), world.group("R")] = 1.0  # what others believe of it does not matter
        elif change == "mediator who has taken sides":  # sure that R was wronged; belief_gain is 1
            w.belief[world.group("R"), w.groups["mediates"].argmax()] = 1.0
        elif change == "momentum":
            w.factions["momentum"][1] = 2.0
        elif change == "stalemate":
            world.sim.day = 14
            w.relations["level"] = 3  # only a round that is still on can be at a stalemate
        elif change == "truce_propensity":
            w.factions["truce_propensity"] = (3.0, 2.0)
        elif change.startswith("belief"):
            w.belief[world.group("B"), world.group("B")] = 0.9
        elif change.startswith("weary"):
            w.groups["weariness"][world.group("M")] = 1.0
        elif change.endswith("one of them"):
            w.groups["attacked"][world.group("M")] = -5
        rows = bleed(world, 10).run(1).events("agreement_signed")
        if len(rows):
            assert -math.log(1 - rows["probability"][0]) / 0.2 == pytest.approx(factor)
            return
    pytest.fail("nothing was signed")


def test_the_scope_covers_the_places_of_fighting() -> None:
    world = lab({"ceasefire": {"sector_km": 15}})
    w = world.world
    assert scope_of_fighting(w, world.params, 0, 1, 0)[:2] == (kinds.TOWN_SCOPE, -1)  # there is nothing to end
    bleed(world, 10, "C")
    assert scope_of_fighting(w, world.params, 0, 1, 0)[:2] == (kinds.TOWN_SCOPE, world.town("C"))
    bleed(world, 10, "B")
    assert scope_of_fighting(w, world.params, 0, 1, 0)[0] == kinds.SECTOR_SCOPE
    bleed(world, 10, "D")
    assert scope_of_fighting(w, world.params, 0, 1, 0)[0] == kinds.ALL_FRONTS
    assert not fought(w, world.town("C"), 0, 1, 7)
    assert fought(w, world.town("C"), 1, 0, 6)


TERM = {"chance": 1}


def sign(
    terms: dict[str, Any], rules: dict[str, Any] | None = None, town: str = "C", seed: int = 1, **more: Any
) -> Lab:
    """Return a world in which an agreement is signed on day 0, surely and for long."""
    world = lab({"ceasefire": {**OFTEN, **FOREVER}, **(rules or {})}, seed, terms=terms, **more)
    bleed(world, 400, town).run(1)
    assert len(world.events("agreement_signed")) == 1
    return world


def test_a_town_becomes_neutral_and_both_sides_leave_it() -> None:
    world = sign(
        {"town_neutral": {**TERM, "neutralises_town": True}}, {"movement": {}}, holders=["R", "R", ("B", "R"), "B"]
    )
    assert world.holder("C") is None
    assert world.world.towns["status"][2] == kinds.NEUTRAL
    change = world.events("town_neutral")[0]
    assert world.events()["kind"][change["cause"]] == kinds.AGREEMENT_SIGNED
    world.run(3)
    assert world.standing_in("C", "R") == world.standing_in("C", "B") == 0


def test_an_agreement_without_terms_changes_nothing() -> None:
    world = sign({})
    assert world.holder("C") == "B"
    assert agreed(world)["expires"] == -1
    assert len(world.events("town_neutral", "base_closed")) == 0


def test_bases_in_the_scope_close() -> None:
    given = [{"on": START, "event": "base_attempt", "by": "Red", "in": "C"}]
    terms = {"base_closed": {**TERM, "closes_bases": True}}
    rules = {"ceasefire": {**OFTEN, **FOREVER}, "movement": {}}
    world = lab(rules, terms=terms, given=given).run(2)
    assert len(world.live("bases")) == 1
    bleed(world, 400, "C").run(1)
    closed = world.events("base_closed")[0]
    assert world.events()["kind"][closed["cause"]] == kinds.AGREEMENT_SIGNED
    assert len(world.live("bases")) == 0
    world.run(3)
    assert world.standing_in("C", "R") == 0


def test_a_fixed_term_expires_after_its_days() -> None:
    world = sign({"fixed_term": {**TERM, "fixed_days": 7}}).run(12)
    ended = world.events("agreement_expired")
    assert ended["day"].tolist() == [8]  # signed on day 0, its last day is day 7
    assert (agreed(world)["status"], agreed(world)["expires"]) == (kinds.EXPIRED, 7)


def test_grievance_eases_at_signing() -> None:
    world = lab({"ceasefire": {**OFTEN, **FOREVER}}, terms={"detainees": {**TERM, "grievance_relief": 0.3}})
    world.world.relations["grievance"][0, 1] = 0.8
    bleed(world, 400).run(1)
    assert world.world.relations["grievance"][0, 1] == pytest.approx(0.8 * 0.7)


def test_each_term_is_drawn_with_its_own_chance() -> None:
    terms = {"often": {"chance": 0.7}, "never": {"chance": 0}, "always": {"chance": 1}}
    drawn = [int(agreed(sign(terms, seed=seed))["terms"]) for seed in range(120)]
    assert all(mask & 4 and not mask & 2 for mask in drawn)
    assert abs(np.mean([mask & 1 for mask in drawn]) - 0.7) < 4 * math.sqrt(0.21 / 120)


def test_clashes_in_the_scope_stop_and_columns_turn_back() -> None:
    for chance in (0, 1):
        world = lab({"ceasefire": {**OFTEN, **FOREVER, "stops_clash": chance}, "movement": {"road_km_per_day": 1}})
        f = world.world.forces[0]
        f["orders"], f["goal"], f["enemy"] = kinds.ATTACK, 3, 1
        bleed(world, 400, "D").run(1)
        assert (f["orders"] == kinds.RETURN) == (chance == 1)


def test_a_second_agreement_of_the_same_scope_is_not_signed() -> None:
    world = sign({})
    for _ in range(5):
        bleed(world, 400).run(1)
    assert len(world.events("agreement_signed")) == 1


@pytest.mark.parametrize("variance", [0.05, 1.5])
def test_agreements_end_as_the_gamma_frailty_says(variance: float) -> None:
    given = [{"on": START, "event": "agreement", "agreement": {"between": ["Red", "Blue"], "signed": START}}]
    ended, seeds = [], 400
    for seed in range(seeds):
        rules = {"ceasefire": {"hold_days": 15, "frailty_variance": variance}}
        a = agreed(lab(rules, seed, given=given).run(42))
        ended.append(int(a["ended"]) - 1 if a["alive"] == 0 else 10**6)
    for days in (3, 10, 40):  # survival is the Laplace transform of the gamma of mean 1
        survives = (1 + variance * days / 15) ** (-1 / variance)
        seen = np.mean([day >= days for day in ended])
        assert abs(seen - survives) < 4 * math.sqrt(survives * (1 - survives) / seeds), (days, seen, survives)


@pytest.mark.parametrize(
    ("terms", "violations", "factor"),
    [([], 0, 1.0), ([], 3, 1.0), (["monitors"], 0, 1 / 1.6)],
    ids=["alone", "violations, which break it or do not on their own day", "terms"],
)
def test_factors_change_the_break_hazard(terms: list[str], violations: int, factor: float) -> None:
    truce = {"truce": {"between": ["Red", "Blue"], "signed": START - timedelta(days=1), "terms": terms}}
    monitors = {"monitors": {"hold_factor": 1.6}}
    for seed in range(200):
        rules = {"ceasefire": {"hold_days": 5, "frailty_variance": 0.01}}
        world = lab(rules, seed, agreements=truce, terms=monitors)
        agreed(world)["violations"] = violations
        broken = world.run(1).events("agreement_broken")
        if len(broken):
            rate = float(agreed(world)["frailty"]) * factor / 5
            assert broken["probability"][0] == pytest.approx(1 - math.exp(-rate))
            return
    pytest.fail("nothing broke")


@pytest.mark.parametrize(("open_disputes", "factor"), [(0, 1.1), (1, 1.1 * 1.4), (2, 1.1**2 * 1.4)])
def test_a_dispute_not_settled_shortens_the_hold_and_a_second_no_more(open_disputes: int, factor: float) -> None:
    truce = {"truce": {"between": ["Red", "Blue"], "signed": START - timedelta(days=1)}}
    towns = ["C"] if open_disputes < 2 else ["C", "D"]
    given = [{"on": START, "event": "base_attempt", "by": "Red", "in": town} for town in towns]
    for seed in range(200):
        rules = {"ceasefire": {"hold_days": 20, "frailty_variance": 0.01}, "movement": {}}
        world = lab(rules, seed, agreements=truce, given=given)
        while len(world.live("bases")) < len(towns) and not len(world.events("agreement_broken")):
            world.run(1)
            assert world.day < 20
        if open_disputes == 0:
            world.world.disputes["alive"][: len(towns)] = 0
        day = world.day
        broken = world.run(1).events("agreement_broken")
        if len(broken) and broken["day"][0] == day:
            rate = float(agreed(world)["frailty"]) * factor / 20
            assert broken["probability"][0] == pytest.approx(1 - math.exp(-rate))
            return
    pytest.fail("nothing broke on the day after all bases had opened")


def test_the_more_aggrieved_and_less_tired_side_breaks() -> None:
    truce = {"truce": {"between": ["Red", "Blue"], "signed": START - timedelta(days=1)}}
    seeds = 400
    for grievance, fatigue in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)):
        world = lab(agreements=truce)
        world.world.relations["grievance"][0, 1] = grievance
        world.world.factions["fatigue"][1] = fatigue
        authors = [breaker(world.world, 0, seed, 0) for seed in range(seeds)]
        reds, small = (authors.count(world.group(name)) for name in ("R", "M"))
        odds = math.exp(grievance + fatigue)
        share = odds / (1 + odds)
        assert abs(reds - seeds * share) < 4 * math.sqrt(seeds * share * (1 - share)), (grievance, fatigue)
        assert small < 0.1 * seeds * (1 - share)  # within the side by strength: 10 fighters beside 800


def test_a_break_has_an_author_among_the_parties_and_a_cause() -> None:
    authors = set()
    for seed in range(30):
        given = [{"on": START, "event": "agreement", "agreement": {"between": ["Red", "Blue"], "signed": START}}]
        world = lab({"ceasefire": {"hold_days": 3}}, seed, given=given).run(40)
        broken = world.events("agreement_broken")
        assert len(broken) <= 1
        for e in broken:
            authors.add(int(e["initiator"]))
            assert agreed(world)["broken_by"] == e["initiator_group"] >= 0
            assert e["initiator"] != e["target"]
            assert world.events()["kind"][e["cause"]] == kinds.AGREEMENT_SIGNED
            assert agreed(world)["ended"] == e["day"]
            assert world.world.relations["trust"][int(e["target"]), int(e["initiator"])] == 0
            assert len(world.live("sparks")) == 0  # nothing was held back, so nothing is released
    assert authors == {0, 1}


def test_a_break_names_the_dispute_that_caused_it() -> None:
    truce = {"truce": {"between": ["Red", "Blue"], "signed": START - timedelta(days=1)}}
    given = [{"on": START, "event": "base_attempt", "by": "Red", "in": "C"}]
    named = set()
    for seed in range(20):
        world = lab({"ceasefire": {"hold_days": 3}, "movement": {}}, seed, agreements=truce, given=given).run(30)
        for e in world.events("agreement_broken"):
            if e["day"] > 1:
                named.add(kinds.EVENT_KINDS[world.events()["kind"][e["cause"]]])
    assert named == {"base_opened"}


def test_a_given_agreement_is_signed_on_its_day_and_marked_given() -> None:
    given = [
        {
            "on": START + timedelta(days=4),
            "event": "agreement",
            "agreement": {"between": ["Red", "Blue"], "signed": START + timedelta(days=4)},
        }
    ]
    world = lab({"ceasefire": FOREVER}, given=given).run(6)
    rows = world.events("agreement_signed")
    assert (rows["day"].tolist(), rows["given"].tolist()) == ([4], [1])
    assert (agreed(world)["alive"], agreed(world)["signed"]) == (1, 4)
