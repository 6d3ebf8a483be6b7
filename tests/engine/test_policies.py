"""Guarantors, patrons, demobilisation and stationed garrisons: each does what it says, where it applies, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.columns import spare_strength
from sim.engine.rules.lasting_policies import attack_factor, breach_factor, patron_pressure
from sim.engine.simulation import Simulation, simulate
from sim.invariants import Checker
from sim.load import read
from tests.cli.support import KAFR_HAMRA
from tests.engine.worlds import Lab, chain, events_of, faction, make_scenario, on

SEEDS = range(60)
HOLDERS = ("R", "B", "R", "B", "G1", "G2")
TRUCE = {"pact": {"between": ["Red", "Blue"], "signed": on(-1)}}


def lab(*policy: dict[str, Any], seed: int = 1, rules: Any = None, holders: Any = HOLDERS, **more: Any) -> Lab:
    factions = {"Red": faction(R=400), "Blue": faction(B=600), "Green": faction(G1=300, G2=200)}
    scenario = make_scenario(factions, rules=rules or {"movement": {}}, policy=list(policy), **more)
    return Lab(scenario, chain(len(holders), 10.0, list(holders)), seed)


def guarantor(credibility: float = 1, fighters: int = 600, **more: Any) -> dict[str, Any]:
    return {"guarantor": "Envoy", "credibility": credibility, "fighters": fighters, **more}


def broken_on(seed: int, *policy: dict[str, Any], **more: Any) -> int:
    """Return the day on which a truce breaks of itself, 60 if it lasts."""
    world = lab(*policy, seed=seed, rules={"ceasefire": {"hold_days": 15}}, agreements=TRUCE, **more).run(60)
    days = world.events("agreement_broken")["day"]
    return int(days[0]) if len(days) else 60


def t_value(differences: list[float]) -> float:
    """Return the mean of paired differences over its standard error."""
    array = np.array(differences, float)
    return float(array.mean() / (array.std(ddof=1) / np.sqrt(len(array))))


def test_the_more_credible_a_guarantor_the_longer_a_truce_holds_seed_by_seed() -> None:
    levels = [
        [broken_on(seed, *([guarantor(credibility, 2000)] if credibility else [])) for seed in SEEDS]
        for credibility in (0, 0.2, 0.5, 0.8, 1)
    ]
    for less, more in pairwise(levels):
        assert all(a <= b for a, b in zip(less, more, strict=True))
        assert sum(less) < sum(more)
    assert t_value([b - a for a, b in zip(levels[0], levels[-1], strict=True)]) > 4


def test_the_larger_its_force_the_longer_a_truce_holds_seed_by_seed() -> None:
    levels = [[broken_on(seed, guarantor(1, fighters)) for seed in SEEDS] for fighters in (10, 300, 5000)]
    for less, more in pairwise(levels):
        assert all(a <= b for a, b in zip(less, more, strict=True))
        assert sum(less) < sum(more)


def test_deterrence_is_credibility_times_the_share_of_force_near_the_covered_towns() -> None:
    world = lab(guarantor(0.8, 300, **{"in": "A"}), agreements=TRUCE).run(1)
    beside = world.standing_in("B", "B")
    assert beside == 300  # half of Blue; the other half stands two roads away
    assert world.world.actions[0]["deterrence"] == pytest.approx(0.8 * 300 / (300 + 300))
    everywhere = lab(guarantor(0.8, 300), agreements=TRUCE).run(1)
    assert everywhere.world.actions[0]["deterrence"] == pytest.approx(0.8 * 300 / (300 + 600))


def test_a_guarantor_acts_only_in_its_towns_for_its_parties_on_its_days() -> None:
    policy = guarantor(1, 300, on=on(2), until=on(4), between=["Red", "B"], **{"in": "A"})
    agreements = {**TRUCE, "other": {"between": ["Red", "Green"], "signed": on(-1)}}
    world = lab(policy, agreements=agreements)
    for day in range(7):
        world.run()
        w, in_force = world.world, 2 <= day <= 4
        share = float(w.actions[0]["deterrence"])
        assert (share > 0) == in_force
        assert attack_factor(w, 0, world.town("A")) == 1 - share
        assert all(attack_factor(w, 0, town) == 1 for town in range(1, 6))
        assert breach_factor(w, 0) == pytest.approx(1 - share / 4)  # one of four towns of the parties
        assert (attack_factor(w, 1, world.town("A")), breach_factor(w, 1)) == (1, 1)


@pytest.mark.parametrize("policy", [guarantor(1, 9000, **{"in": "E"}), guarantor(1, 9000, between=["Green", "Blue"])])
def test_a_guarantor_of_another_town_or_other_parties_changes_no_breach(policy: dict[str, Any]) -> None:
    for seed in SEEDS[:20]:
        assert broken_on(seed, policy) == broken_on(seed)


def happened(kind: str, seed: int, rules: Any, *policy: dict[str, Any]) -> list[tuple[int, int]]:
    """Return (day, town) of the events of a kind in 60 days under an agreement of all with all."""
    pairs = (("Red", "Blue"), ("Red", "Green"), ("Blue", "Green"))
    settled = {f"{a} {b}": {"between": [a, b], "signed": on(-1), "kind": "settlement"} for a, b in pairs}
    rows = lab(*policy, seed=seed, rules=rules, agreements=settled).run(60).events(*kind.split())
    return [(int(row["day"]), int(row["town"])) for row in rows]


def test_a_guarantor_deters_incidents_in_its_town_and_leaves_all_others_as_they_were() -> None:
    quiet = {"per_pair_month": 1, "assassination_share": 0, "deaths_mean": 0, "escalates": 0}
    kinds_of, before, after = "arrest_raid road_quarrel", 0, 0
    for seed in SEEDS:
        plain = happened(kinds_of, seed, {"incident": quiet})
        guarded = happened(kinds_of, seed, {"incident": quiet}, guarantor(1, 2000, **{"in": "B"}))
        assert [event for event in plain if event[1] != 1] == [event for event in guarded if event[1] != 1]
        assert {event for event in guarded if event[1] == 1} <= {event for event in plain if event[1] == 1}
        before += sum(town == 1 for _, town in plain)
        after += sum(town == 1 for _, town in guarded)
    assert before > 20
    assert after < 0.6 * before


def test_a_guarantor_makes_leaders_decide_less_often_on_campaigns() -> None:
    rules = {"campaign": {"decisions_per_month": 1, "untriggered_share": 1, "power_weight": 0}, "movement": {}}
    plain = [happened("campaign_decided", seed, rules) for seed in SEEDS]
    guarded = [happened("campaign_decided", seed, rules, guarantor(1, 5000)) for seed in SEEDS]
    assert sum(map(len, guarded)) < 0.6 * sum(map(len, plain))
    for a, b in zip(plain, guarded, strict=True):
        assert not b or b[0] >= a[0]  # the first decision comes no earlier


@cache
def counts(*policy: str) -> tuple[dict[str, float], ...]:
    """Return what happened in runs of the case with policies, seed by seed."""
    loaded, geography = read(KAFR_HAMRA, [f"policy=[{', '.join(policy)}]"] if policy else [])
    hts, nlf = (list(loaded.scenario.factions).index(name) for name in ("HTS", "NLF"))
    town = [place.name for place in geography.places].index("Kafr Hamra")
    result = []
    for seed in SEEDS:
        world = simulate(loaded.scenario, geography, seed).world
        events = events_of(world)
        changed = np.isin(events["kind"], kinds.CHANGES_OF_HOLDER)
        decided = events_of(world, "campaign_decided")
        result.append(
            {
                "broken": len(events_of(world, "agreement_broken")),
                "campaigns": int((decided["initiator"] == hts).sum()),
                "taken": int((changed & (events["initiator"] == hts)).sum()),
                "lost": float((changed & (events["town"] == town) & (events["target"] == nlf)).any()),
            }
        )
    return tuple(result)


def change(what: str, *policy: str) -> float:
    """Return the t value of the paired change of a count by policies."""
    return t_value([after[what] - before[what] for before, after in zip(counts(), counts(*policy), strict=True)])


@pytest.mark.slow
def test_a_credible_and_strong_guarantor_lowers_breaches_of_the_case() -> None:
    assert change("broken", "{guarantor: Turkey, fighters: 20000, credibility: 1}") < -3


@pytest.mark.slow
def test_sanctions_lower_the_campaigns_of_a_faction_and_support_raises_them() -> None:
    assert change("campaigns", "{sanctions: HTS, factor: 0.3}") < -3
    assert change("taken", "{sanctions: HTS, factor: 0.3}") < -2
    assert change("campaigns", "{support: HTS, factor: 3}") > 2


@pytest.mark.slow
def test_fewer_fighters_take_fewer_towns() -> None:
    assert change("taken", "{demobilise: HTS, on: 2018-10-20, share: 0.4}") < -2


@pytest.mark.slow
def test_a_town_with_a_larger_garrison_is_lost_less_often() -> None:
    assert change("lost", "{garrison: NLF, on: 2018-10-16, in: Kafr Hamra, fighters: 600}") < -2


def test_patrons_divide_the_willingness_to_sign_by_the_root_of_their_factors_while_in_force() -> None:
    world = lab(
        {"sanctions": "Red", "factor": 0.25, "on": on(1), "until": on(3)},
        {"sanctions": "Blue", "factor": 0.25, "on": on(2), "until": on(2)},
        {"support": "Green", "factor": 4, "on": on(1)},
    )
    red, blue, green = (world.faction(name) for name in ("Red", "Blue", "Green"))
    seen = []
    for _ in range(5):
        world.run()
        seen.append([patron_pressure(world.world, a, b) for a, b in ((red, blue), (red, green), (blue, green))])
    assert np.array(seen) == pytest.approx(
        np.array([[1, 1, 1], [2, 1, 0.5], [4, 1, 1], [2, 1, 0.5], [1, 0.5, 0.5]]),
    )


@pytest.mark.parametrize(
    ("policy", "gone"),
    [
        ({"demobilise": "Green", "fighters": 123}, {"G1": 74, "G2": 49}),
        ({"demobilise": "Green", "share": 0.5}, {"G1": 150, "G2": 100}),
        ({"demobilise": "G2", "fighters": 60}, {"G1": 0, "G2": 60}),
        ({"demobilise": "Green", "fighters": 400, "in": "E"}, {"G1": 300, "G2": 0}),
    ],
)
def test_exactly_the_stated_number_of_fighters_demobilises(policy: dict[str, Any], gone: dict[str, int]) -> None:
    before, after = lab().run(4), lab({**policy, "on": on(2)}).run(2)
    assert len(after.events()) == 0
    after.run(2)
    left = {name: int(before.forces(name)["fighters"].sum() - after.forces(name)["fighters"].sum()) for name in gone}
    assert sum(left.values()) == sum(gone.values())
    assert all(abs(left[name] - gone[name]) <= 1 for name in gone)  # parts are rounded so that they sum
    assert after.events("policy")["fighters"].tolist() == [sum(gone.values())]
    assert after.world.factions["demobilised"].tolist() == [0, 0, sum(gone.values())]
    assert before.forces("B")["fighters"].sum() == after.forces("B")["fighters"].sum()


def test_nobody_demobilises_in_a_town_without_the_faction() -> None:
    world = lab({"demobilise": "Green", "fighters": 50, "in": "A", "on": on(2)}).run(4)
    assert world.events("given_skipped")["fighters"].tolist() == [0]
    assert world.world.factions["demobilised"].sum() == 0


def test_a_garrison_marches_stays_and_goes_home() -> None:
    policy = {"garrison": "Blue", "in": "D", "fighters": 90, "on": on(2), "until": on(9)}
    world = lab(policy, rules={"movement": {"road_km_per_day": 8, "home_after_days": 1}})
    standing = []
    for _ in range(18):
        world.run()
        standing.append((world.standing_in("B", "B"), world.standing_in("D", "B")))
    assert standing[2] == (300, 300)  # they form on the day of the order, and march twenty kilometres at eight a day
    assert standing[3:5] == [(210, 300)] * 2
    assert standing[5:10] == [(210, 390)] * 5
    assert standing[10:12] == [(210, 300)] * 2
    assert standing[-1] == (300, 300)
    row = world.events("policy")
    assert (row["day"].tolist(), row["fighters"].tolist(), row["town"].tolist()) == ([2], [90], [world.town("D")])


def test_stationed_fighters_defend_their_town_and_no_column_is_drawn_from_them() -> None:
    policy = {"garrison": "Blue", "in": "D", "fighters": 90, "on": on(0)}
    world, plain = lab(policy).run(6), lab().run(6)
    d, blue = world.town("D"), 1 << world.group("B")
    assert world.world.present[d, world.faction("Blue")] == plain.world.present[d, plain.faction("Blue")] + 90
    params = world.params
    assert spare_strength(world.world, params, blue, d) < spare_strength(plain.world, params, blue, d)
    assert {kinds.ORDERS[f["orders"]] for f in world.forces("B") if f["home"] != f["town"]} == {"stationed"}


def test_a_garrison_is_sent_only_to_an_own_town_and_by_garrisons_that_can_spare_it() -> None:
    elsewhere = lab({"garrison": "Blue", "in": "A", "fighters": 90, "on": on(2)}).run(4)
    assert len(elsewhere.events("given_skipped")) == 1
    assert elsewhere.standing_in("A", "B") == 0
    many = lab({"garrison": "Blue", "in": "D", "fighters": 590, "on": on(2)}).run(12)
    assert many.events("policy")["fighters"].tolist() == [180]  # 0.4 of the 300 in B stay
    assert (many.standing_in("B", "B"), many.standing_in("D", "B")) == (120, 480)
    sister = lab({"garrison": "G1", "in": "F", "fighters": 50, "on": on(2)}).run(8)
    assert (sister.standing_in("F", "G1"), sister.standing_in("F", "G2")) == (50, 200)


def test_a_garrison_turns_back_if_its_town_is_left_on_the_way() -> None:
    stationed = {"garrison": "Blue", "in": "D", "fighters": 90, "on": on(1)}
    leaves = {"withdraw": "Blue", "from": "D", "by": on(3), "towns_to": "neutral"}
    world = lab(stationed, leaves, rules={"movement": {"road_km_per_day": 6}}).run(30)
    assert (world.standing_in("B", "B"), world.standing_in("D", "B")) == (600, 0)


def course(world: Lab) -> list[tuple[int, ...]]:
    """Return what happened without policies, with no row of the log."""
    fields = ("day", "kind", "town", "initiator_group", "target_group", "deaths_initiator", "deaths_target")
    rows = world.events()
    return [tuple(int(row[field]) for field in fields) for row in rows[rows["given"] == 0]]


@pytest.mark.parametrize(
    "policy",
    [
        {"guarantor": "Envoy", "credibility": 1, "fighters": 9000},
        {"sanctions": "Red", "factor": 0.5},
        {"demobilise": "Red", "share": 0.5},
        {"garrison": "Red", "in": "A", "fighters": 50},
    ],
)
def test_no_policy_changes_what_happens_before_its_day(policy: dict[str, Any]) -> None:
    rules: dict[str, Any] = {name: {} for name in ("incident", "spread", "movement", "clash", "control", "memory")}
    rules["incident"] = {"per_pair_month": 1}
    later, plain = lab({**policy, "on": on(20)}, rules=rules).run(20), lab(rules=rules).run(20)
    assert len(course(plain)) > 20
    assert course(later) == course(plain)


ALL = (
    "{guarantor: Turkey, fighters: 4000, credibility: 0.7, in: zone, on: 2018-10-20}",
    "{sanctions: HTS, factor: 0.5, until: 2018-12-01}",
    "{support: NLF, factor: 2}",
    "{demobilise: NLF, share: 0.1, on: 2018-11-01}",
    "{demobilise: HTS, fighters: 700, in: Binnish, on: 2018-11-02}",
    "{garrison: NLF, in: Kafr Hamra, fighters: 900, on: 2018-10-18, until: 2018-11-20}",
    "{garrison: HTS, in: Binnish, fighters: 300, on: 2018-11-05}",
)


@pytest.mark.parametrize("seed", [3, 4])
def test_fighters_are_conserved_and_all_invariants_hold_with_every_policy(seed: int) -> None:
    loaded, geography = read(KAFR_HAMRA, [f"policy=[{', '.join(ALL)}]"])
    simulation = Simulation(loaded.scenario, geography, seed)
    check: Callable[..., None] = Checker(simulation.world)
    for day in range(80):
        simulation.step()
        check(day + 1, simulation.world)
    assert len(events_of(simulation.world, "policy")) == len(ALL)
