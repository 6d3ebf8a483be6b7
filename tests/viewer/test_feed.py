"""The feed shows what has happened, newest first, and nothing that a filter leaves out."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.viewer.support import KAFR_HAMRA  # isort: skip - before Solara

from sim.engine.kinds import EVENT_KINDS
from sim.pages.history import History
from sim.plots.style import look_of
from sim.scenario.load import load
from sim.viewer.cards import MOST_LINES, event_lines
from sim.viewer.controls import KIND_GROUPS, groups_of, pick_events
from tests.viewer.test_snapshot import LIVELY, followed

DAY = 60


@pytest.fixture(scope="module")
def history() -> History:
    return followed("kafr_hamra", 3, LIVELY)[1]


def test_every_kind_is_in_one_group() -> None:
    found = Counter(kind for group in KIND_GROUPS.values() for kind in group)
    assert found == Counter(EVENT_KINDS)


def test_newest_first_and_nothing_of_later_days(history: History) -> None:
    lines = pick_events(history.lines, DAY)
    assert lines == [line for line in history.lines if line.day < DAY][::-1]
    assert pick_events(history.lines, 0) == []
    assert len(pick_events(history.lines, 10_000)) == len(history.lines)


def test_filters_hold_together(history: History) -> None:
    everything = pick_events(history.lines, DAY)
    town = Counter(line.town for line in everything if line.kind == "clash").most_common(1)[0][0]
    for kinds in (("clash",), ("clashes", "capture"), ()):
        wanted = {k for word in kinds for k in KIND_GROUPS.get(word, (word,))}
        for side in ("HTS", ""):
            for place in (town, ""):
                chosen = pick_events(history.lines, DAY, kinds, [side] if side else [], place)
                assert chosen
                assert chosen == [
                    line
                    for line in everything
                    if (not wanted or line.kind in wanted)
                    and (not side or side in (line.initiator, line.target))
                    and (not place or line.town == place)
                ]
    assert pick_events(history.lines, DAY, kinds=["no_such_kind"]) == []
    assert pick_events(history.lines, DAY, town="Nowhere") == []


def test_filters_offered_are_those_that_find_something(history: History) -> None:
    assert all(pick_events(history.lines, 10_000, [group]) for group in groups_of(history.lines))
    left = set(KIND_GROUPS) - set(groups_of(history.lines))
    assert not any(pick_events(history.lines, 10_000, [group]) for group in left)
    assert groups_of([]) == []


def test_the_omitted_part_of_a_long_list_is_counted(history: History) -> None:
    look, lines = look_of(load(KAFR_HAMRA).scenario), pick_events(history.lines, DAY)
    assert len(lines) > MOST_LINES
    whole = event_lines(lines, look, DAY)
    assert whole.count('class="tc-line') == MOST_LINES
    assert f"the newest {MOST_LINES} of {len(lines):,}" in whole
    few = event_lines(lines[:8], look, DAY)
    assert few.count('class="tc-line') == 8
    assert "the newest" not in few
