"""The causes of an event, in order, with what else each led to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.results.run import Run
from sim.statistics.causes import NOUNS, TELLING, why_event, why_town
from tests.results import made


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(made.result())


def town(run: Run, number: int) -> str:
    return run.geography.places[number].name


def test_last_change_of_holder_with_its_causes_from_the_first_on(run: Run) -> None:
    why = why_town(run, town(run, 0))
    assert why is not None
    assert why.event_id == "E000011"
    assert [step.kind for step in why.steps] == ["base_attempt", "base_opened", "demand", "refused", "clash", "capture"]
    assert [step.number for step in why.steps] == [1, 2, 3, 4, 5, 6]
    assert why.steps[0].given
    assert why.note == ""


def test_days_of_one_fight_are_one_step_with_their_deaths_and_other_consequences(run: Run) -> None:
    why = why_event(run, "E000011")
    fight = why.steps[4]
    assert fight.event_ids == ("E000006", "E000010")
    assert fight.when == "29 Oct 2018 to 30 Oct 2018"
    assert "in 2 days of fighting 7 people die" in fight.text
    assert fight.chance == "chance 0.33: agreement x0.65; 900 own fighters within reach x2.1"
    assert fight.also == "1 other clash, 1 other commander killed and 1 other broken agreement"


def test_the_event_itself_is_never_folded_into_a_fight(run: Run) -> None:
    why = why_event(run, "E000010")
    assert [step.event_ids for step in why.steps[-2:]] == [("E000006",), ("E000010",)]


def test_a_town_with_the_same_holder_is_explained(run: Run) -> None:
    result = made.result()
    result.daily.holder[:, 0] = made.AHRAR
    result.daily.status[:, 1] = 0
    result.world.events["kind"][result.world.events["kind"] == made.k.CAPTURE] = made.k.CLASH_ENDED
    quiet = Run.of(result)
    why = why_town(quiet, town(run, 0))
    assert why is not None
    assert "neither taken nor left" in why.note
    assert why.steps[-1].kind in TELLING


def test_a_town_where_nothing_happened_has_no_answer(run: Run) -> None:
    assert why_town(run, town(run, 100)) is None


def test_later_contest_is_noted(run: Run) -> None:
    changes = run.control_changes
    here = changes[changes["town"] == town(run, 0)]
    later = here.assign(event_id="", cause_id="", how="presence", to="MIXED")
    other = Run.of(made.result())
    other.control_changes = pd.concat([here, later], ignore_index=True)
    why = why_town(other, town(run, 0))
    assert why is not None
    assert "contested" in why.note


def test_an_unknown_event_is_reported(run: Run) -> None:
    with pytest.raises(KeyError, match="E999999"):
        why_event(run, "E999999")


def test_a_first_cause_stands_alone(run: Run) -> None:
    why = why_event(run, "E000014")
    assert len(why.steps) == 1
    assert why.steps[0].actor == "GOV"
    assert not np.isnan(why.steps[0].day)


def test_every_folded_kind_is_a_kind_of_event() -> None:
    assert set(NOUNS) <= set(made.k.EVENT_KINDS)
    assert set(TELLING) <= set(NOUNS)
