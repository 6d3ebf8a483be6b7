"""The feed shows what has happened, newest first, and nothing that a filter leaves out."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.viewer.support import KAFR_HAMRA  # isort: skip - before Solara

from sim.engine.kinds import EVENT_KINDS
from sim.pages.history import History
from sim.plots.style import look_of
from sim.scenario.load import load
from sim.viewer.feed import KIND_GROUPS, feed_days, groups_of, pick_events, place_of, places_of, remark
from tests.viewer.test_snapshot import LIVELY, followed

DAY = 60


@pytest.fixture(scope="module")
def history() -> History:
    return followed("kafr_hamra", 3, LIVELY)[1]


def test_every_kind_is_in_one_group() -> None:
    found = Counter(kind for group in KIND_GROUPS.values() for kind in group)
    assert found == Counter(EVENT_KINDS)


def test_newest_first_and_nothing_of_later_days(history: History) -> None:
    lines = pick_events(history, DAY)
    assert lines == [line for line in history.lines if line.day < DAY][::-1]
    assert pick_events(history, 0) == []
    assert len(pick_events(history, 10_000)) == len(history.lines)


def test_filters_hold_together(history: History) -> None:
    everything = pick_events(history, DAY)
    town = Counter(line.town for line in everything if line.kind == "clash").most_common(1)[0][0]
    for kinds in (("clash",), ("clashes", "capture"), ()):
        wanted = {k for word in kinds for k in KIND_GROUPS.get(word, (word,))}
        for side in ("HTS", ""):
            for place in (town, ""):
                chosen = pick_events(history, DAY, kinds, [side] if side else [], place)
                assert chosen
                assert chosen == [
                    line
                    for line in everything
                    if (not wanted or line.kind in wanted)
                    and (not side or side in (line.initiator, line.target))
                    and (not place or line.town == place)
                ]
    assert pick_events(history, DAY, kinds=["no_such_kind"]) == []
    assert pick_events(history, DAY, town="Nowhere") == []


def test_filters_offered_are_those_that_find_something(history: History) -> None:
    assert all(pick_events(history, 10_000, [group]) for group in groups_of(history.lines))
    left = set(KIND_GROUPS) - set(groups_of(history.lines))
    assert not any(pick_events(history, 10_000, [group]) for group in left)
    assert groups_of([]) == []


def test_one_heading_a_day_and_every_event_below_its_own(history: History) -> None:
    look, lines = look_of(load(KAFR_HAMRA).scenario), pick_events(history, DAY)
    days = feed_days(lines, look)
    assert [day["day"] for day in days] == sorted({line.day for line in lines}, reverse=True)
    assert [line["id"] for day in days for line in day["lines"]] == [line.event_id for line in lines]
    assert {day["date"] for day in days} == {line.date for line in lines}


def test_the_remark_says_why_the_list_ends() -> None:
    assert remark(100, 100, 80, 9, False) == "the newest 80 of 100"
    assert remark(3, 3, 80, 9, False) == ""
    assert "Press Play" in remark(0, 0, 80, 0, False)
    assert "12 other events" in remark(0, 12, 80, 9, False)
    assert remark(0, 0, 80, 9, True) != remark(0, 0, 80, 9, False)


def test_places_offered_have_watched_towns_first_and_all_names() -> None:
    model, _history = followed("kafr_hamra", 3, ["days=1"])
    offered = json.loads(places_of(model))
    watched = model.simulation.scenario.watch_towns
    assert {place["name"] for place in offered[: len(watched)]} == set(watched)
    assert {place["name"] for place in offered} == {place.name for place in model.geography.places}
    assert place_of(model, "kafr hamra") == ("Kafr Hamra", "")
    assert place_of(model, "nowhere at all")[1] != ""
