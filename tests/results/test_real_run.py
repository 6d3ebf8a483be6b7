"""The record of real simulations: what the tables say in different places agrees."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.simulation import simulate
from sim.geography.maps import load_map
from sim.results.run import Run
from sim.results.tables import EXTRACT
from sim.scenario.load import load_scenario
from sim.scenario.schema import codes
from sim.statistics.summary import summarise


@pytest.fixture(scope="module", params=[3, 7])
def result(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    scenario = load_scenario("kafr_hamra", ["days=80"])
    return simulate(scenario, load_map(scenario.map), request.param)


def test_deaths_of_events_are_those_of_days(result) -> None:  # type: ignore[no-untyped-def]
    run = Run.of(result)
    events, daily = run.events, run.daily
    for code in codes(run.scenario).values():
        own = (
            events.deaths_initiator[events.initiator == code].sum() + events.deaths_target[events.target == code].sum()
        )
        assert own == daily[f"{code}_deaths"].sum()
    assert events.deaths_civilians.sum() == daily.civilian_deaths.sum()
    assert (events.kind == "clash").sum() == daily.clashes.sum()


def test_every_cause_is_an_earlier_event(result) -> None:  # type: ignore[no-untyped-def]
    events = Run.of(result).events
    causes = np.array([int(cause[1:]) if cause else 0 for cause in events.cause_id])
    assert (causes < np.arange(1, len(events) + 1)).all()
    assert events.day.is_monotonic_increasing


def test_every_change_of_holder_has_its_event(result) -> None:  # type: ignore[no-untyped-def]
    changes = Run.of(result).control_changes
    by_event = changes[changes.how != "presence"]
    named = (*kinds.CHANGES_OF_HOLDER, kinds.GROUP_ABSORBED)
    assert set(by_event.how) <= {kinds.EVENT_KINDS[kind] for kind in named}
    assert (by_event.event_id != "").all()
    by_presence = changes[changes.how == "presence"]  # who is left in a contested town holds it
    assert ((by_presence["from"] == "MIXED") | (by_presence["to"] == "MIXED")).all()


def test_the_summary_needs_no_data_frames(result) -> None:  # type: ignore[no-untyped-def]
    run = Run.of(result)
    assert (
        summarise(run.scenario, {file: make(result) for file, make in EXTRACT.items()}, run.watch_towns) == run.summary
    )


def test_workers_summarise_without_pandas_scipy_and_mesa() -> None:
    words = (
        "import sys, sim.results.tables, sim.statistics.summary; print({'pandas', 'scipy', 'mesa'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
