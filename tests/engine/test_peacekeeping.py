"""Peacekeepers guard towns: they deter, protect, part sides and turn columns back; they never attack, hold or sign."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.rules.clash import open_clash
from sim.engine.rules.peacekeeping import patrolling
from sim.engine.simulation import Result, simulate
from sim.errors import InputError
from sim.geography.maps import load_map
from sim.invariants import Checker
from sim.load import read
from sim.scenario.load import load_scenario
from tests.engine.test_policies import t_value
from tests.engine.worlds import Lab, chain, events_of, faction, make_scenario, on

SEEDS = range(1, 9)
BRIA = ["days=60"]


def guards(fighters: int, towns: dict[str, Any], **numbers: Any) -> dict[str, Any]:
    """Return a peacekeeper: fighters in all, and by town its share of them or (share, mandate)."""
    posts = {
        town: {"fighters": each} if isinstance(each, int) else {"fighters": each[0], "mandate": each[1]}
        for town, each in towns.items()
    }
    return {**faction("peacekeeper", U=fighters), "peacekeeping": {"guards": posts, **numbers}}


FIGHTING: dict[str, Any] = {"incident": {"per_pair_month": 1}, "spread": {}, "movement": {}, "clash": {}, "control": {}}


def lab(peacekeeper: dict[str, Any] | None, *policy: dict[str, Any], seed: int = 1, rules: Any = None) -> Lab:
    factions = {"Red": faction(R=400), "Blue": faction(B=600)}
    if peacekeeper is not None:
        factions["Force"] = peacekeeper
    scenario = make_scenario(factions, rules=rules or {"movement": {}}, policy=list(policy))
    return Lab(scenario, chain(6, 10.0, ["R", "R", "B", "B", "B", "B"]), seed)


@pytest.fixture(scope="module")
def bria() -> Callable[..., list[Result]]:
    """Return runs of the shipped scenario with peacekeepers, with changes as of --set; each is made once."""
    geography, made = load_map("eastern_car"), {}

    def runs(*sets: str) -> list[Result]:
        if sets not in made:
            scenario = load_scenario("bria_2017", [*BRIA, "rules.incident.per_pair_month=0.3", *sets])
            made[sets] = [simulate(scenario, geography, seed) for seed in SEEDS]
        return made[sets]

    return runs


def test_without_fighters_they_change_no_event() -> None:
    rules = FIGHTING | {
        "base_attempt": {"attempts_per_town_month": 0.5},
        "civilians": {},
        "ceasefire": {},
        "demand": {},
    }
    absent = lab(None, rules=rules).run(60)
    empty = lab(guards(0, {"B": (1, "intervene"), "C": 1}), rules=rules).run(60)
    assert len(absent.events()) > 40
    assert empty.events().tobytes() == absent.events().tobytes()
    assert empty.world.influence[:, :2].tobytes() == absent.world.influence.tobytes()
    assert not empty.world.influence[:, 2].any()


def test_they_never_attack_hold_sign_or_die_and_none_is_lost(bria: Callable[..., list[Result]]) -> None:
    for result in bria():
        force = result.names.factions.index("MINUSCA")
        log = events_of(result.world)
        mine = log[(log["initiator"] == force) | (log["target"] == force)]
        allowed = [kinds.COLUMN_TURNED_BACK, kinds.SIDES_SEPARATED]
        assert set(mine["kind"].tolist()) <= set(allowed)
        group = result.names.groups.index("MINUSCA")
        assert not (result.daily.holder == group).any()
        assert not (result.world.agreements["faction_a"] == force).any()
        assert not (result.world.agreements["faction_b"] == force).any()
        assert (result.daily.faction["fighters"][:, force] == 2650).all()
        assert not result.daily.faction["contested"][:, force].any()


def test_more_guards_let_fewer_clashes_happen(bria: Callable[..., list[Result]]) -> None:
    def clashes(sets: str) -> list[int]:
        return [len(events_of(result.world, "clash")) for result in bria(sets)]

    total = "factions.MINUSCA.groups.MINUSCA.fighters"
    none, many = clashes(f"{total}=0"), clashes(f"{total}=100000")
    assert t_value([a - b for a, b in zip(none, many, strict=True)]) > 2


def test_their_fighters_are_spread_as_the_posts_say_also_where_a_government_is_near() -> None:
    factions = {"Red": faction(R=400), "Gov": faction("government", V=600), "Force": guards(100, {"B": 3, "D": 1})}
    world = Lab(make_scenario(factions, garrison_share=0.5, front_weight=9), chain(4, 10.0, ["V", "R", "R", "R"]))
    assert [world.standing_in(town, "U") for town in "ABCD"] == [0, 75, 0, 25]


def test_deterrence_falls_with_the_rivals_and_with_the_road() -> None:
    world = lab(guards(300, {"B": 1}, deterrence=0.8, patrol_km=25)).run(1)
    w = world.world
    red_near_b, blue_near_b = 400, world.standing_in("C", "B")
    assert blue_near_b == 150
    shares = w.guarded["deterred"]
    assert shares[1] == pytest.approx(0.8 * 300 / (300 + red_near_b))
    patrols = 300 * (1 - 10 / 25)
    assert patrolling(w, 2, 2, kinds.OBSERVE) == pytest.approx(patrols)
    assert shares[2] == pytest.approx(0.8 * patrols / (patrols + 300))  # 300 of Blue in C and D, fewer of Red
    assert shares[3] > 0.0
    assert shares[4:].tolist() == [0, 0]


@pytest.mark.parametrize(("mandate", "shields"), [("observe", False), ("protect", True), ("intervene", True)])
def test_civilians_are_shielded_under_a_mandate_to_protect(mandate: str, shields: bool) -> None:
    world = lab(guards(300, {"B": 1}, mandate=mandate, protection=1)).run(1)
    assert (world.world.guarded["shielded"][1] > 0.0) == shields
    assert world.world.guarded["deterred"][1] > 0.0


def order_column(world: Lab, goal: str) -> int:
    """Order all of Red in A to attack a town; return the row of the force."""
    w = world.world
    row = int(np.flatnonzero((w.forces["town"] == 0) & (w.forces["alive"] == 1))[0])
    f = w.forces[row]
    f["orders"], f["goal"], f["enemy"], f["born"] = kinds.ATTACK, world.town(goal), world.faction("Blue"), -1
    return row


def test_a_column_stops_before_a_red_line_and_goes_home() -> None:
    world = lab(guards(10**5, {"C": (1, "intervene")}, red_line=1, deterrence=0))
    row = order_column(world, "D")
    passed = [world.run().world.forces[row]["town"].item() for _ in range(6)]
    assert world.town("C") not in passed
    assert world.world.forces[row]["orders"] == kinds.GARRISON
    (stopped,) = world.events("column_turned_back")
    assert (stopped["town"], stopped["target_group"]) == (world.town("C"), world.group("R"))
    assert stopped["fighters"] == world.world.forces[row]["fighters"]
    for mandate in ("observe", "protect"):  # no line without the mandate
        free = lab(guards(10**5, {"C": (1, mandate)}, red_line=1, deterrence=0))
        order_column(free, "D")
        assert len(free.run(6).events("column_turned_back")) == 0


def test_who_holds_the_town_may_pass() -> None:
    world = lab(guards(10**5, {"B": (1, "intervene")}, red_line=1))
    order_column(world, "B")
    assert len(world.run(6).events("column_turned_back")) == 0


def fights_on(separation: float, seed: int) -> int:
    """Return how many days a clash in a guarded town lasts, of 30 at most."""
    force = guards(2000, {"C": (1, "intervene")}, separation=separation, deterrence=0, red_line=0)
    rules = {"clash": {"continue_probability": 0.9, "pressed_probability": 0.9, "withdraw_loss_share": 1}}
    world = lab(force, seed=seed, rules=rules)
    world.world.forces["town"][world.world.forces["town"] == 0] = 2
    world.run(0)
    open_clash(world.world, 0, 1, 2, world.group("R"), world.group("B"), -1)
    return len(world.run(30).events("clash"))


def test_guards_who_may_intervene_end_clashes_earlier_seed_by_seed() -> None:
    levels = [[fights_on(separation, seed) for seed in range(1, 41)] for separation in (0, 0.3, 1)]
    for less, more in pairwise(levels):
        assert all(a >= b for a, b in zip(less, more, strict=True))
        assert sum(less) > sum(more)


def test_a_withdrawal_takes_effect_on_its_day_and_not_before(bria: Callable[..., list[Result]]) -> None:
    day = 25
    policy = "policy=[{withdraw: MINUSCA, by: 2017-07-15}]"
    differing = 0
    for result, without in zip(bria(), bria(policy), strict=True):
        before, after = (events_of(each.world) for each in (result, without))
        early = [rows[rows["day"] < day].tobytes() for rows in (before, after)]
        assert early[0] == early[1]
        force = result.names.factions.index("MINUSCA")
        fighters = without.daily.faction["fighters"][:, force]
        assert (fighters[: day + 1] == 2650).all()
        assert not fighters[day + 1 :].any()
        assert without.world.factions[force]["demobilised"] == 2650
        differing += before.tobytes() != after[after["kind"] != kinds.POLICY].tobytes()
    assert differing


def test_reinforcements_guard_from_their_day_on_with_their_mandate() -> None:
    policy = {"reinforce": "U", "in": "E", "fighters": 200, "mandate": "intervene", "on": on(3)}
    world = lab(guards(100, {"B": 1}), policy)
    assert world.run(3).world.guarded["mandate"].tolist() == [-1, kinds.PROTECT, -1, -1, -1, -1]
    world.run(1)
    assert world.world.guarded["mandate"][4] == kinds.INTERVENE
    assert world.world.guarded["deterred"][4] > 0.0
    assert world.standing_in("E", "U") == 200
    assert world.world.factions["reinforced"].tolist() == [0, 0, 200]


@pytest.mark.parametrize(
    ("posts", "key", "words"),
    [
        ("{}", "guards", "Force guards no town on"),
        ("{guards: {Nowhere: {fighters: 5}}}", "guards.Nowhere", "no town 'Nowhere'"),
        ("{guards: {Orrin: {fighters: 5}}, patrol_km: 61}", "patrol_km", "at most 60 km are allowed"),
    ],
)
def test_posts_are_checked_against_the_map(posts: str, key: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "guarded.yaml"
    force = f"{{role: peacekeeper, groups: {{Force: {{fighters: 50}}}}, peacekeeping: {posts}}}"
    file.write_text(f"extends: two_valleys\nfactions:\n  Force: {force}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(file)
    (fault,) = caught.value.faults
    assert (fault.key, fault.line) == (f"factions.Force.peacekeeping.{key}", 3)
    assert words in fault.message


def test_invariants_hold_with_peacekeepers() -> None:
    policy = [
        {"reinforce": "U", "in": "E", "fighters": 200, "on": on(3)},
        {"withdraw": "Force", "from": "B", "by": on(20)},
        {"demobilise": "Force", "share": 0.5, "on": on(30)},
    ]
    world = lab(guards(300, {"B": (1, "intervene"), "C": 1}), *policy, rules=FIGHTING)
    check = Checker(world.world)
    world.run(50, lambda each: check(each.day, each.world))
    force = world.world.factions[world.faction("Force")]
    assert (force["reinforced"], force["demobilised"]) == (200, 150 + 175)
