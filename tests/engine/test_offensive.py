"""Shelling across the line, and three explanations of an offensive, each through its own quantity."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.offensive import choose_axis
from tests.engine.worlds import START, Lab, chain, faction, make_scenario

ROW = ["G", "G", "R", "B", "B"]
ZONE = {"agreed": START - timedelta(days=30), "deadline": START + timedelta(days=10), "depth_km": 15, "patience": 1}
ONE: dict[str, dict[str, Any]] = {
    "provocation": {"provocation": True, "calendar": False, "opportunity": False, "provocation_per_month": 5},
    "calendar": {"provocation": False, "calendar": True, "opportunity": False, "calendar_per_month": 5},
    "opportunity": {"provocation": False, "calendar": False, "opportunity": True, "opportunity_per_month": 5},
    "none": {"provocation": False, "calendar": False, "opportunity": False},
}


def lab(why: str, seed: int = 1, proscribed: bool = True, zone: Any = ZONE, **more: Any) -> Lab:
    factions = {
        "Red": faction(proscribed=proscribed, R=600),
        "Blue": faction(B=600),
        "Gov": faction("government", G=5000),
    }
    numbers = {"shelling_per_town_month": 0, "patience_loss_per_month": 0, **ONE[why], **more.pop("offensive", {})}
    scenario = make_scenario(factions, rules={"offensive": numbers, **more.pop("rules", {})}, zone=zone, **more)
    return Lab(scenario, chain(5, 10.0, ROW), seed)


def mobilised(why: str, days: int = 40, seeds: int = 12, deaths: int = 0, **more: Any) -> list[tuple[int, float, Lab]]:
    """Return (day, hazard a month, world) of every mobilisation over some seeds."""
    found = []
    for seed in range(seeds):
        world = lab(why, seed, **more)
        for _ in range(days):
            world.world.relations["deaths_14"][0, 1] = world.world.relations["deaths_14"][1, 0] = deaths
            world.run(1)
            rows = world.events("mobilisation")
            if len(rows):
                found.append((int(rows["day"][0]), -30 * math.log(1 - float(rows["probability"][0])), world))
                break
    return found


def test_no_offensive_begins_without_an_explanation() -> None:
    assert mobilised("none", deaths=500) == []


def test_provocation_needs_the_deadline_past_and_proscribed_fighters_in_the_zone() -> None:
    found = mobilised("provocation")
    assert len(found) > 5
    assert min(day for day, _, _ in found) > 10
    assert mobilised("provocation", proscribed=False) == []
    assert mobilised("provocation", zone=None) == []


def test_provocation_acts_through_the_share_of_proscribed_fighters_in_the_zone() -> None:
    for _, hazard, world in mobilised("provocation"):
        inside = world.world.towns["in_zone"] == 1
        assert inside[2]
        assert not inside[:2].any()
        forces = world.live("forces")
        there = forces[(forces["town"] >= 0) & inside[forces["town"]]]
        share = there["fighters"][there["faction"] == 0].sum() / there["fighters"].sum()
        assert 0 < share <= 1
        assert hazard == pytest.approx(5 * share * math.exp(-1))


def test_provocation_ignores_deaths_among_rebels() -> None:
    calm, war = mobilised("provocation", deaths=0), mobilised("provocation", deaths=900)
    assert [(day, hazard) for day, hazard, _ in calm] == [(day, hazard) for day, hazard, _ in war]


def test_the_calendar_is_a_constant_hazard_whatever_happens() -> None:
    quiet = mobilised("calendar")
    assert {round(hazard, 6) for _, hazard, _ in quiet} == {round(5 * math.exp(-1), 6)}
    other = mobilised("calendar", proscribed=False, deaths=900)
    assert [day for day, _, _ in quiet] == [day for day, _, _ in other]
    assert min(day for day, _, _ in quiet) < 10  # no deadline needed


def test_opportunity_acts_through_deaths_among_rebels_of_14_days() -> None:
    assert mobilised("opportunity", deaths=0) == []
    found = mobilised("opportunity", deaths=60)
    assert len(found) > 5
    assert all(hazard == pytest.approx(5 * 0.6 * math.exp(-1)) for _, hazard, _ in found)
    other = mobilised("opportunity", deaths=60, proscribed=False)
    assert [day for day, _, _ in found] == [day for day, _, _ in other]


@pytest.mark.parametrize("patience", [0.0, 1.0, 2.0])
def test_patience_of_the_guarantors_lowers_the_hazard_of_an_offensive(patience: float) -> None:
    for _, hazard, _ in mobilised("calendar", days=60, zone={**ZONE, "patience": patience}):
        assert hazard == pytest.approx(5 * math.exp(-patience))


def test_patience_wears_down_only_after_the_deadline_and_with_proscribed_fighters_in_the_zone() -> None:
    for proscribed in (True, False):
        world = lab("none", proscribed=proscribed, offensive={"patience_loss_per_month": 1})
        assert world.run(11).world.zone["patience"][0] == 1
        assert (world.run(10).world.zone["patience"][0] < 1) == proscribed


def test_the_deadline_is_logged_on_its_day() -> None:
    assert lab("none").run(20).events("zone_deadline")["day"].tolist() == [10]


def test_an_offensive_is_announced_then_attacks_front_towns_then_ends() -> None:
    towns: set[int] = set()
    for seed in range(6):
        world = lab(
            "calendar",
            seed,
            rules={"movement": {}, "clash": {}},
            offensive={"mobilisation_days": 5, "duration_days": 8, "assaults_per_day": 3},
        )
        world.run(60)
        called, began, over = (world.events(kind) for kind in ("mobilisation", "offensive_started", "offensive_ended"))
        assert (began["day"] - called["day"][: len(began)] == 5).all()
        assert (over["day"] > began["day"][: len(over)]).all()
        assaults = world.events("assault")
        assert (world.events()["kind"][assaults["cause"]] == kinds.OFFENSIVE_STARTED).all()
        assert (assaults["initiator"] == world.faction("Gov")).all()
        towns |= set(assaults["town"].tolist())
    assert min(towns) == 2  # the front; others only once it has moved
    assert world.world.factions["killed"].sum() > 0


def test_shelling_hits_front_towns_at_its_rate_and_less_while_the_zone_stands() -> None:
    counts = {}
    for zone, factor in ((None, 1.0), (ZONE, 0.28)):
        n = sum(
            len(lab("none", seed, zone=zone, offensive={"shelling_per_town_month": 6}).run(60).events("shelling"))
            for seed in range(15)
        )
        days = 15 * 60
        chance = 1 - math.exp(-6 / 30 * factor)
        counts[factor] = n
        assert abs(n - days * chance) < 4 * math.sqrt(days * chance * (1 - chance)) + days * chance * 0.03
    assert counts[0.28] < counts[1.0]


def test_shelling_kills_at_its_mean_and_its_share_of_civilians() -> None:
    numbers = {"shelling_per_town_month": 20, "shelling_deaths": 3, "shelling_civilian_share": 0.5}
    rows = np.concatenate(
        [lab("none", seed, zone=None, offensive=numbers).run(60).events("shelling") for seed in range(8)]
    )
    deaths = rows["deaths_initiator"] + rows["deaths_target"] + rows["deaths_civilians"]
    assert deaths.mean() == pytest.approx(3, rel=0.12)
    assert rows["deaths_civilians"].sum() / deaths.sum() == pytest.approx(0.5, abs=0.08)
    assert set(rows["town"].tolist()) == {2}


def test_without_a_government_there_is_neither_shelling_nor_an_offensive() -> None:
    factions = {"Red": faction(R=600), "Blue": faction(B=600), "G": faction("patron_backed", G=600)}
    numbers = {"shelling_per_town_month": 60, "calendar_per_month": 5}
    world = Lab(make_scenario(factions, rules={"offensive": numbers}, zone=ZONE), chain(5, 10.0, ROW)).run(60)
    assert len(world.events()) == 0


@pytest.mark.parametrize("why", ["provocation", "calendar", "opportunity"])
def test_a_mobilisation_logs_the_factors_of_its_chance(why: str) -> None:
    world = next(world for _, _, world in mobilised(why, deaths=60))
    row = world.events("mobilisation")[0]
    said = {kinds.MOVERS[row[f"mover_{i}"]]: (row[f"value_{i}"], row[f"factor_{i}"]) for i in (1, 2, 3, 4)}
    of = {"provocation": kinds.M_PROSCRIBED, "calendar": kinds.M_CALENDAR, "opportunity": kinds.M_DEATHS}
    for explanation, mover in of.items():  # the one there is doubles what is left without it
        assert said[kinds.MOVERS[mover]][1] == pytest.approx(2 if explanation == why else 1)
    assert said[kinds.MOVERS[kinds.M_DEATHS]][0] == 60
    assert said[kinds.MOVERS[kinds.M_CALENDAR]][0] == (5 if why == "calendar" else 0)
    assert said[kinds.MOVERS[kinds.M_PATIENCE]] == pytest.approx((1, math.exp(-1)))


def test_the_axis_is_drawn_by_the_value_of_front_towns_and_two_tenths() -> None:
    factions = {"Red": faction(R=600), "Gov": faction("government", G=5000)}
    scenario = make_scenario(factions, rules={"offensive": ONE["none"]})
    world = Lab(scenario, chain(3, 10.0, ["R", "G", "R"], values={"A": 0.1, "B": 0.5, "C": 0.9}))
    n = 3000
    first = sum(choose_axis(world.world, day, 7) == world.town("A") for day in range(n))
    share = 0.3 / (0.3 + 1.1)
    assert abs(first - n * share) < 4 * math.sqrt(n * share * (1 - share))


def under_way(seed: int, values: Any = None, holders: Any = ("R", "G", "R"), **offensive: Any) -> Lab:
    """Return the second day of an offensive whose axis is the first town."""
    factions = {"Red": faction(R=600), "Gov": faction("government", G=60000)}
    numbers = {**ONE["none"], "shelling_per_town_month": 0, "duration_days": 200, **offensive}
    scenario = make_scenario(factions, rules={"offensive": numbers})
    world = Lab(scenario, chain(len(holders), 10.0, list(holders), values=values), seed)
    zone = world.world.zone[0]
    zone["phase"], zone["since"], zone["axis"], zone["event"] = kinds.OFFENSIVE_UNDER_WAY, -1, 0, -1
    return world.run(1)


def test_the_town_of_an_assault_is_drawn_by_its_value_and_two_tenths() -> None:
    hit: list[int] = []
    for seed in range(60):
        world = under_way(seed, {"A": 0.1, "B": 0.5, "C": 0.9}, assaults_per_day=20, column_fighters=100)
        hit += world.events("assault")["town"].tolist()
    assert set(hit) == {0, 2}
    n, share = len(hit), 0.3 / (0.3 + 1.1)
    assert n > 1000
    assert abs(hit.count(0) - n * share) < 4 * math.sqrt(n * share * (1 - share))


def test_assaults_follow_their_rate() -> None:
    counts = [len(under_way(seed, assaults_per_day=3, column_fighters=100).events("assault")) for seed in range(120)]
    assert abs(sum(counts) - 360) < 4 * math.sqrt(360)
    assert np.var(counts) == pytest.approx(3, rel=0.5)


def test_assaults_keep_within_the_radius_of_the_axis() -> None:
    for radius, expected in ((19, {0}), (21, {0, 2})):
        hit: set[int] = set()
        for seed in range(8):
            world = under_way(seed, assaults_per_day=10, column_fighters=100, column_radius_km=radius)
            hit |= set(world.events("assault")["town"].tolist())
        assert hit == expected


@pytest.mark.parametrize(("fighters", "rank"), [(199, 1), (200, 2), (201, 2), (1200, 2)])
def test_a_column_of_200_has_a_commander_of_higher_rank(fighters: int, rank: int) -> None:
    world = under_way(1, assaults_per_day=5, column_fighters=fighters)
    columns = world.forces("G", "attack")
    assert len(columns) > 1
    assert set(columns["fighters"].tolist()) == {fighters}
    assert set(columns["rank"].tolist()) == {rank}


def test_a_column_is_halved_until_a_garrison_can_spare_it() -> None:
    factions = {"Red": faction(R=600), "Gov": faction("government", G=500)}
    sent = {}
    for wanted in (480, 490, 491, 2000):
        numbers = {**ONE["none"], "shelling_per_town_month": 0, "duration_days": 200, "assaults_per_day": 20}
        scenario = make_scenario(factions, rules={"offensive": {**numbers, "column_fighters": wanted}})
        world = Lab(scenario, chain(2, 10.0, ["R", "G"]))
        zone = world.world.zone[0]
        zone["phase"], zone["since"], zone["axis"], zone["event"] = kinds.OFFENSIVE_UNDER_WAY, -1, 0, -1
        sent[wanted] = int(world.run(1).events("assault")["fighters"][0])
    assert sent == {480: 480, 490: 490, 491: 245, 2000: 250}


def test_the_first_town_and_the_first_force_take_part_in_an_offensive() -> None:
    factions = {"Gov": faction("government", G=5000), "Red": faction(R=600)}
    scenario = make_scenario(factions, rules={"offensive": {**ONE["calendar"], "mobilisation_days": 1}})
    world = Lab(scenario, chain(2, 10.0, ["R", "G"])).run(40)
    assert world.world.forces["group"][0] == world.group("G")
    assert world.events("mobilisation")["town"][0] == world.town("A") == 0
    assert len(world.events("assault")) > 0


def test_an_offensive_attacks_only_front_towns_held_or_neutral() -> None:
    factions = {
        "Gov": faction("government", G=5000), "Red": faction(R=600), "Patron": faction("patron_backed", P=100),
    }  # fmt: skip
    numbers = {**ONE["calendar"], "mobilisation_days": 1, "shelling_per_town_month": 0}
    for holders, announced in ((["R", "P", "G"], 0), (["R", (), "G"], 1), (["R", "R", "G"], 1)):
        world = Lab(make_scenario(factions, rules={"offensive": numbers}), chain(3, 10.0, holders)).run(40)
        assert min(1, len(world.events("mobilisation"))) == announced
