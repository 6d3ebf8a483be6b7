"""The document of a run gives back each morning of the map, all events and towns; a run that differs has none."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.engine.simulation import CoursePart
from sim.errors import InputError
from sim.geography.maps import load_map
from sim.pages.map_svg import MapDrawing
from sim.pages.run_document import (
    RecordedRun,
    mornings_of,
    record,
    record_run,
    run_document,
)
from sim.pages.scripts import pack_document, unpack_document
from sim.results.write import write


@pytest.fixture(scope="module")
def recorded() -> RecordedRun:
    return record_run(sim.simulate("kafr_hamra", seed=7))


@pytest.fixture(scope="module")
def drawing(recorded: RecordedRun) -> MapDrawing:
    return MapDrawing(recorded.run.scenario, recorded.run.geography)


@pytest.fixture(scope="module")
def document(recorded: RecordedRun, drawing: MapDrawing) -> dict:
    return unpack_document(pack_document(run_document(recorded, drawing)))


def test_every_morning_comes_back_as_it_is_drawn(recorded: RecordedRun, drawing: MapDrawing, document: dict) -> None:
    mornings = list(mornings_of(document))
    assert len(mornings) == recorded.run.scenario.days + 1
    for snapshot, layers in zip(recorded.history.snapshots, mornings, strict=True):
        assert layers == drawing.layers(snapshot), snapshot.day


def test_a_text_stands_once_and_mornings_hold_what_differs(document: dict) -> None:
    assert len(set(document["texts"])) == len(document["texts"])
    held = [sum(map(len, morning.values())) for morning in document["mornings"]]
    assert max(held[1:]) < held[0]


def test_all_events_are_there_with_their_causes(recorded: RecordedRun, document: dict) -> None:
    events, table = document["events"], recorded.run.events
    assert events["id"] == table["event_id"].tolist()
    assert events["text"] == table["text"].tolist()
    causes = [events["id"][row] if row >= 0 else "" for row in events["cause"]]
    assert causes == table["cause_id"].tolist()
    names = [document["towns"][town]["name"] if town >= 0 else "" for town in events["town"]]
    assert names == table["town"].tolist()


def test_towns_name_their_holders_and_fighters(recorded: RecordedRun, document: dict) -> None:
    last = recorded.history.snapshots[-1]
    for i, town in enumerate(document["towns"]):
        assert town["fighters"][-1][1:] == last.fighters[i].tolist(), town["name"]
        assert town["held"][0][0] == 0
    changed = {i for i, town in enumerate(document["towns"]) if len(town["held"]) > 1}
    assert set(last.map.changed.nonzero()[0].tolist()) <= changed


def test_the_same_run_gives_the_same_bytes(recorded: RecordedRun, document: dict) -> None:
    assert pack_document(run_document(recorded)) == pack_document(document)


def test_a_run_in_a_folder_and_a_branch_are_recorded_too(tmp_path: Path) -> None:
    first = sim.simulate("two_valleys", seed=3, sets=["days=40"])
    from_folder = record_run(sim.Run.open(write(first, tmp_path)))
    assert [line.text for line in from_folder.history.lines] == first.events["text"].tolist()
    scenario = first.scenario.model_copy(update={"days": 50})
    simulation, history = record(
        [CoursePart(0, first.scenario, first.values), CoursePart(20, scenario, first.values)],
        load_map(scenario.map),
        3,
    )
    assert (simulation.day, history.day) == (50, 50)
    assert [line.text for line in history.lines if line.day < 20] == [
        text for text, day in zip(first.events["text"], first.events["day"], strict=True) if day < 20
    ]


def test_a_run_that_comes_out_otherwise_is_refused(recorded: RecordedRun) -> None:
    other = sim.simulate("kafr_hamra", seed=8)
    other.seed = 7
    with pytest.raises(InputError, match="gives other events"):
        record_run(other)
