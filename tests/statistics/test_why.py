"""The causes of an event, in order, with what else each led to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.engine.simulation import Result
from sim.results.run import Run
from sim.statistics.causes import HEAD, NOUNS, STORY_HEAD, TELLING, why_event, why_lines, why_town
from tests.results import small_result


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(small_result.result())


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
    assert (
        fight.chance
        == "chance that day 33 %: agreement lowered it by 35 %; 900 own fighters within reach raised it 2.1 times"
    )
    assert fight.also == "1 other clash, 1 other commander killed and 1 other broken agreement"


def test_the_event_itself_is_never_folded_into_a_fight(run: Run) -> None:
    why = why_event(run, "E000010")
    assert [step.event_ids for step in why.steps[-2:]] == [("E000006",), ("E000010",)]


def kept_its_holder() -> Result:
    """The world made by hand, in which the first town is not taken."""
    result = small_result.result()
    result.daily.holder[:, 0] = small_result.AHRAR
    result.daily.status[:, 1] = 0
    kind = result.world.events["kind"]
    kind[kind == small_result.k.CAPTURE] = small_result.k.CLASH_ENDED
    return result


def test_a_town_with_the_same_holder_is_explained_by_the_quarrel_over_it(run: Run) -> None:
    why = why_town(Run.of(kept_its_holder()), town(run, 0))
    assert why is not None
    assert "neither taken nor left" in why.note
    assert why.head == STORY_HEAD
    kinds = [step.kind for step in why.steps]
    assert kinds[:5] == ["base_attempt", "base_opened", "demand", "refused", "clash"]
    assert kinds[-1] == "agreement_signed"


def test_a_town_with_the_same_holder_and_no_quarrel_is_explained_by_its_last_important_event(run: Run) -> None:
    result = kept_its_holder()
    kind = result.world.events["kind"]
    kind[kind == small_result.k.BASE_ATTEMPT] = small_result.k.CLASH_SPREAD
    why = why_town(Run.of(result), town(run, 0))
    assert why is not None
    assert "neither taken nor left" in why.note
    assert "its last important event" in why.note
    assert why.head == HEAD
    assert why.steps[-1].kind in TELLING


def test_a_town_where_nothing_happened_has_no_answer(run: Run) -> None:
    assert why_town(run, town(run, 100)) is None


def test_later_contest_is_noted(run: Run) -> None:
    changes = run.control_changes
    here = changes[changes["town"] == town(run, 0)]
    later = here.assign(event_id="", cause_id="", how="presence", to="MIXED")
    other = Run.of(small_result.result())
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
    assert set(NOUNS) <= set(small_result.k.EVENT_KINDS)
    assert set(TELLING) <= set(NOUNS)


QUARREL = {
    "base_attempt", "base_opened", "base_closed", "demand", "tolerated", "complied", "stalled", "refused", "talks", "talks_settled",
    "killing_at_talks", "account", "clash", "attack_repelled", "agreement_signed", "agreement_broken", "agreement_expired",
}  # fmt: skip


def test_why_hts_did_not_take_kafr_hamra() -> None:
    """The given attempt is told with the demand, the answer, the talks and what followed, in the order of the days."""
    told, answers = 0, set()
    for seed in range(1, 7):
        run = sim.simulate("kafr_hamra", seed=seed, sets=["days=60"])
        if (run.control_changes["town"] == "Kafr Hamra").any():
            continue
        why = why_town(run, "Kafr Hamra")
        assert why is not None
        kinds = [step.kind for step in why.steps]
        assert why.title == "Why: Kafr Hamra did not change hands."
        assert why.note.startswith(
            "Kafr Hamra was neither taken nor left in this run; this is the last attempt at a base"
        )
        assert why_lines(run, seed, why)[3] == STORY_HEAD
        assert [step.day for step in why.steps] == sorted(step.day for step in why.steps)
        assert kinds[0] == "base_attempt"
        assert set(kinds) <= QUARREL
        here = run.events[(run.events["town"] == "Kafr Hamra") & (run.events["day"] >= why.steps[0].day)]
        for kind in ("demand", "tolerated", "refused", "talks", "talks_settled", "killing_at_talks"):
            assert kinds.count(kind) == (here["kind"] == kind).sum(), kind
        told += 1
        answers |= set(kinds)
    assert told >= 3
    assert {"demand", "refused", "talks"} <= answers


def test_a_fight_that_the_attempt_did_not_lead_to_is_told_and_other_towns_are_not() -> None:
    result = kept_its_holder()
    events = result.world.events
    clashes = np.flatnonzero((events["kind"] == small_result.k.CLASH) & (events["town"] == 0))
    events["cause"][clashes] = -1
    quiet = Run.of(result)
    why = why_town(quiet, town(quiet, 0))
    assert why is not None
    assert [step.kind for step in why.steps if step.kind == "clash"] != []
    assert {step.town for step in why.steps if step.kind != "agreement_signed"} <= {town(quiet, 0)}
