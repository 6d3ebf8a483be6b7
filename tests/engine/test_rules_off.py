"""Every rule switched off, on paired seeds: it changes what it should, and nothing before the first trace of that rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.simulation import Result
from sim.engine.tables import N_EVENTS, N_REPORTS
from tests.engine.worlds import events_of

SEEDS = 40
Runs = Callable[..., list[Result]]

# What a rule alone writes: absent when it is off, present in most runs when it is on.
WRITES = {
    "base_attempt": ("base_attempt",),
    "incident": ("arrest_raid", "assassination", "road_quarrel"),
    "demand": ("demand", "refused", "complied", "stalled", "tolerated"),
    "talks": ("talks", "talks_settled", "killing_at_talks"),
    "spread": ("clash_spread", "front_opened"),
    "clash": ("clash", "attack_repelled", "clash_ended", "commander_killed"),
    "ceasefire": ("agreement_signed", "agreement_broken"),
    "civilians": ("civilian_arrest", "civilian_injury", "civilian_abduction", "displacement"),
    "offensive": ("shelling", "zone_deadline"),
}

TRACES = {"talks": ("refused",)}  # talks are agreed on the day of a refusal and held later


def log(run: Result) -> np.ndarray:
    return run.world.events[: run.world.counts[N_EVENTS]]


def first_trace(run: Result, words: tuple[str, ...]) -> int:
    """Return the first day on which a rule left an event of its own that nobody asserted; past the end without one."""
    rows = events_of(run.world, *words)
    rows = rows[rows["given"] == 0]
    return int(rows["day"].min()) if len(rows) else run.days


@pytest.mark.parametrize("rule", WRITES)
def test_a_rule_that_is_off_leaves_no_event_of_its_own(rule: str, runs: Runs) -> None:
    on, off = runs("kafr_hamra", seeds=SEEDS), runs("kafr_hamra", f"rules.{rule}.enabled=false", seeds=SEEDS)
    seen = np.mean([first_trace(run, WRITES[rule]) < run.days for run in on])
    assert seen > 0.5, f"{rule} leaves a trace in {seen:.0%} of the runs in which it is on"
    assert [run.seed for run in off if first_trace(run, WRITES[rule]) < run.days] == []


@pytest.mark.parametrize("rule", WRITES)
def test_nothing_differs_before_the_first_trace_of_the_rule(rule: str, runs: Runs) -> None:
    on, off = runs("kafr_hamra", seeds=SEEDS), runs("kafr_hamra", f"rules.{rule}.enabled=false", seeds=SEEDS)
    compared = 0
    for one, other in zip(on, off, strict=True):
        until = first_trace(one, TRACES.get(rule, WRITES[rule]))
        before = [events[events["day"] < until] for events in (log(one), log(other))]
        assert before[0].tobytes() == before[1].tobytes(), f"seed {one.seed} differs before day {until}"
        compared += len(before[0])
    if rule not in ("offensive", "civilians"):  # these act from the first days on
        assert compared > SEEDS


def test_reporting_changes_no_event(runs: Runs) -> None:
    on, off = runs("kafr_hamra", seeds=SEEDS), runs("kafr_hamra", "rules.reporting.enabled=false", seeds=SEEDS)
    for one, other in zip(on, off, strict=True):
        assert log(one).tobytes() == log(other).tobytes()
        assert one.world.counts[N_REPORTS] > 0 == other.world.counts[N_REPORTS]


def test_without_movement_no_party_arrives_and_no_column_either(runs: Runs) -> None:
    for run in runs("kafr_hamra", "rules.movement.enabled=false", seeds=10):
        assert len(events_of(run.world, "base_opened")) == 0
        forces = run.world.forces[run.world.forces["alive"] == 1]
        assert (forces["town"] >= 0).all()


def test_without_control_influence_stays_as_it_was_at_the_start(runs: Runs) -> None:
    off = ("rules.control.enabled=false", "rules.civilians.enabled=false")
    for run in runs("kafr_hamra", *off, seeds=10):
        assert np.isin(np.round(run.world.influence.sum(axis=1), 9), 1.0).all()
        mean = run.daily.faction["influence"]
        assert (mean[0] == mean[-1]).all()


def test_without_memory_there_is_no_fatigue_and_no_grievance(runs: Runs) -> None:
    for run in runs("kafr_hamra", "rules.memory.enabled=false", seeds=10):
        assert (run.world.factions["fatigue"] == 0).all()
        assert (run.world.relations["grievance"] == 0).all()


@pytest.mark.parametrize(("switch", "kind"), [("neighbours", "clash_spread"), ("call_to_arms", "front_opened")])
def test_a_channel_of_spread_that_is_off_sends_nothing_and_the_other_does(switch: str, kind: str, runs: Runs) -> None:
    off = runs("kafr_hamra", f"rules.spread.{switch}=false", seeds=SEEDS)
    of_breakers = {"agreement_broken"}
    other = {"clash_spread": "front_opened", "front_opened": "clash_spread"}[kind]
    for run in off:
        events = log(run)
        rows = events_of(run.world, kind)
        causes = {kinds.EVENT_KINDS[events["kind"][row["cause"]]] for row in rows if row["cause"] >= 0}
        assert causes <= of_breakers  # only who breaks an agreement still strikes
    assert sum(len(events_of(run.world, other)) for run in off) > SEEDS / 2
