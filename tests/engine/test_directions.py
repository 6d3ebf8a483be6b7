"""Directions, on the real map over paired seeds: more restraint, no more clashes. Draws are keyed, so few seeds do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.simulation import Result
from tests.engine.worlds import events_of

pytestmark = pytest.mark.slow

SEEDS = 40
REBELS = ("HTS", "NLF", "Jaysh al-Izza")
Runs = Callable[..., list[Result]]


def among_rebels(result: Result, *words: str) -> Any:
    """Return events of some kinds between two rebel factions."""
    rows = events_of(result.world, *words)
    rebel = np.array([*(result.world.factions["role"] == kinds.REBEL), False])
    return rows[rebel[rows["initiator"]] & rebel[rows["target"]]]


def clashes(result: Result) -> float:
    return len(among_rebels(result, "clash"))


def clash_days(result: Result) -> float:
    return len(set(among_rebels(result, "clash")["day"].tolist()))


def deaths(result: Result) -> float:
    rows = among_rebels(result, "clash")
    return float(rows["deaths_initiator"].sum() + rows["deaths_target"].sum())


def lethality(result: Result) -> float:
    """Deaths a clash-day: totals may fall with lethality, for more deaths bring agreements sooner."""
    return deaths(result) / max(1.0, clashes(result))


def first_agreement(result: Result) -> float:
    rows = events_of(result.world, "agreement_signed")
    rows = rows[rows["given"] == 0]
    return float(rows["day"].min()) if len(rows) else float(result.days)


def incidents(result: Result) -> float:
    return len(among_rebels(result, "arrest_raid", "assassination", "road_quarrel"))


def attempts(result: Result) -> float:
    return float((events_of(result.world, "base_attempt")["given"] == 0).sum())


def places(result: Result) -> float:
    return len(set(among_rebels(result, "clash")["town"].tolist()))


def civilians(result: Result) -> float:
    return float(events_of(result.world, "clash")["deaths_civilians"].sum())


def signed(result: Result) -> float:
    return float((events_of(result.world, "agreement_signed")["given"] == 0).sum())


def shelling(result: Result) -> float:
    return len(events_of(result.world, "shelling"))


def doctrine(field: str, value: float) -> list[str]:
    return [f"factions.{name}.doctrine.{field}={value}" for name in REBELS]


# What is changed, to which two values, and what must be lower with the first than with the second.
DIRECTIONS: dict[str, tuple[list[str], list[str], Callable[[Result], float]]] = {
    "more restraint, fewer clashes": (doctrine("restraint", 2.5), [], clashes),
    "more restraint, fewer incidents": (doctrine("restraint", 2.5), [], incidents),
    "higher truce propensity, earlier agreements": (doctrine("truce_propensity", 5), [], first_agreement),
    "lower truce propensity, fewer agreements": (doctrine("truce_propensity", 0.2), [], signed),
    "no spread, fewer clashes": (["rules.spread.enabled=false"], [], clashes),
    "no call to arms, fewer places": (["rules.spread.call_to_arms=false"], [], places),
    "less offspring, fewer clashes": (["rules.spread.offspring_per_clash_day=0.3"], [], clashes),
    "agreements that suppress more, fewer clash days": (
        ["rules.ceasefire.suppression=0.95", "rules.ceasefire.violation_breaks=0"],
        ["rules.ceasefire.suppression=0.05", "rules.ceasefire.violation_breaks=0"],
        clash_days,
    ),
    "lower lethality, fewer deaths a clash-day": (["rules.clash.loss_per_day=0.012"], ["rules.clash.loss_per_day=0.04"], lethality),
    "less expansion, fewer base attempts": (doctrine("expansion", 0.5), doctrine("expansion", 3), attempts),
    "no incidents, fewer clashes": (["rules.incident.enabled=false"], [], clashes),
    "less crossfire, fewer civilians killed": (["rules.clash.crossfire=0"], [], civilians),
    "the zone lowers shelling": ([], ["zone=null"], shelling),
    "refusals left at that, fewer clashes": (["rules.demand.clash_after_refusal=0"], ["rules.demand.clash_after_refusal=1"], clashes),
}  # fmt: skip


@pytest.mark.parametrize("name", DIRECTIONS)
def test_direction(name: str, runs: Runs) -> None:
    low, high, figure = DIRECTIONS[name]
    a, b = (np.array([figure(run) for run in runs("kafr_hamra", *sets, seeds=SEEDS)]) for sets in (low, high))
    gain = b - a
    error = gain.std(ddof=1) / np.sqrt(SEEDS)
    assert gain.mean() > max(2 * error, 0), (
        f"{name}: {a.mean():.2f} against {b.mean():.2f}, difference {gain.mean():.2f} +- {error:.2f}"
    )


def test_factions_without_expansion_attempt_no_base(runs: Runs) -> None:
    assert sum(attempts(run) for run in runs("kafr_hamra", *doctrine("expansion", 0), seeds=SEEDS)) == 0
    assert sum(attempts(run) for run in runs("kafr_hamra", *doctrine("expansion", 3), seeds=SEEDS)) > 0


def test_the_given_attempt_is_in_every_run_and_only_it_is_given(runs: Runs) -> None:
    for run in runs("kafr_hamra", seeds=SEEDS):
        rows = events_of(run.world)
        assert [kinds.EVENT_KINDS[kind] for kind in rows["kind"][rows["given"] == 1]] == ["base_attempt"]
        assert rows["day"][rows["given"] == 1].tolist() == [14]


def test_greater_idlib_has_no_given_event(runs: Runs) -> None:
    for run in runs("greater_idlib_2018", seeds=10):
        assert events_of(run.world)["given"].sum() == 0


def roles(**said: str) -> list[str]:
    return [f"factions.{name.replace('_', ' ')}.role={role}" for name, role in said.items()]


def test_a_single_rebel_faction_has_no_infighting(runs: Runs) -> None:
    alone = ["factions.NLF.role=neutral", "factions.Jaysh al-Izza.role=neutral", "given=[]"]
    for run in runs("kafr_hamra", *alone, seeds=10):
        assert clashes(run) == incidents(run) == 0
        assert (events_of(run.world, "base_attempt")["target"] == -1).all()  # neutral towns only


def test_a_case_without_government_has_neither_shelling_nor_an_offensive(runs: Runs) -> None:
    for run in runs("kafr_hamra", "factions.Loyalists.role=neutral", "zone=null", seeds=10):
        assert len(events_of(run.world, "shelling", "mobilisation", "offensive_started", "assault")) == 0
    assert sum(shelling(run) for run in runs("kafr_hamra", seeds=SEEDS)) > 0


def test_rebels_fight_each_other_less_during_an_offensive(runs: Runs) -> None:
    attacked = ["rules.offensive.calendar_per_month=5", "rules.offensive.duration_days=200", "zone.patience=0"]
    weak, strong = (
        np.mean(
            [clashes(run) for run in runs("kafr_hamra", *attacked, f"rules.offensive.infighting_factor={x}", seeds=20)]
        )
        for x in (1, 0.02)
    )
    assert strong < 0.7 * weak
