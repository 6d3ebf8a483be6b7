"""A demand is said as what it is: to close a base, or to hand over a town to the side that has a base in it."""

from __future__ import annotations

import re

import pytest

from sim.engine.simulation import simulate
from sim.load import read
from sim.results.run import Run
from tests.cli.support import ROOT

VERBS = {
    "demand": (r"close (its|their) base", "hand over"),
    "stalled": (r"close (its|their) base", "hand over"),
    "refused": (r"close (its|their) base", "hand over"),
    "tolerated": (r"tolerates? the base of", "tolerates?"),
}


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    loaded, geography = read(ROOT / "scenarios" / "two_valleys.yaml")
    return [Run.of(simulate(loaded.scenario, geography, seed)) for seed in range(1, 13)]


@pytest.mark.parametrize("kind", VERBS)
def test_who_holds_the_town_is_asked_for_it_and_who_has_a_base_there_to_close_it(kind: str, runs: list[Run]) -> None:
    seen = set()
    for run in runs:
        events = run.events.set_index("event_id")
        for _id, event in events[events["kind"] == kind].iterrows():
            cause = events.loc[event["cause_id"]]
            while cause["kind"] != "base_opened":
                cause = events.loc[cause["cause_id"]]
            demander = event["initiator"] if kind in ("demand", "tolerated") else event["target"]
            for_town = demander == cause["initiator"]
            close, over = VERBS[kind]
            assert re.search(over if for_town else close, event["text"])
            assert not for_town or not re.search(close, event["text"])
            seen.add(for_town)
    assert seen == {True, False}
