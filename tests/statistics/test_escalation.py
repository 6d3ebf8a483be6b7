from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from sim.results.phrases import _gains, answer_sentence, statistic_texts
from sim.results.run import Run
from sim.statistics.causes import cause_chain, turning_points
from sim.statistics.summary import STATISTICS, base_name, expand, headline_faults, label
from tests.results.small_result import result


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(result())


def test_every_key_of_a_summary_is_documented_and_every_documented_name_is_in_it(run: Run) -> None:
    known = [name for name, statistic in STATISTICS.items() if statistic.per != "peacekeeper"]  # there is none
    assert list(dict.fromkeys(base_name(key) for key in run.summary)) == known


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("episodes", 1), ("episode_days_max", 3), ("clash_days", 3), ("clashes", 3), ("places_reached", 2),
        ("first_clash_day", 4), ("longest_calm_days", 4), ("peak_level", 3), ("days_at_level.3", 5), ("days_at_level.0", 3),
        ("deaths.HTS", 2), ("deaths.NLF", 4), ("deaths_civilians", 3), ("deaths_rebels", 7),
        ("towns_gained.HTS", 1), ("towns_lost.NLF", 1), ("changes_of_holder", 3), ("towns_changed", 1), ("holder.Kafr Hamra", "HTS"),
        ("agreements_signed", 1), ("agreements_broken", 1), ("first_agreement_day", 7), ("agreement_days_held_median", None),
        ("violations", 1), ("offensive_day", None), ("base_attempts", 1), ("disputes", 1), ("commanders_killed", 1),
        ("campaigns", 2), ("campaign_days_median", 4), ("campaign_first_towns", 1), ("towns_by_battle", 1), ("towns_by_handover", 0),
    ],
)  # fmt: skip
def test_the_summary_of_a_run_made_by_hand(run: Run, key: str, value: object) -> None:
    assert run.summary[key] == value


def test_shelling_is_no_fighting_among_rebels(run: Run) -> None:
    assert run.summary["deaths_rebels"] == 7


def test_headlines_are_checked_against_the_registry(run: Run) -> None:
    assert headline_faults(["towns_gained", "towns_gained.HTS", "clash_days"]) == []
    assert "did you mean 'clash_days'" in headline_faults(["clash_day"])[0]
    assert len(headline_faults(["clash_days.HTS"])) == 1
    assert expand(["towns_gained"], run.summary) == ["towns_gained.HTS", "towns_gained.NLF", "towns_gained.GOV"]
    assert label("deaths.HTS") == "fighters killed, HTS"


def test_the_answer_is_a_sentence_and_warns(run: Run) -> None:
    assert answer_sentence(run) == (
        "On this seed HTS holds Kafr Hamra at the end (taken on 30 Oct 2018); HTS gains 1 town; clashes reached 2 places over "
        "3 days; the first agreement was signed on day 7 and still holds "
        "at the end, after 3 days; 1 agreement was broken. One run is one possible course: compare many."
    )


def test_gains_of_contested_towns_are_counted_apart() -> None:
    rows = [
        ("A", "MIXED", "HTS"),
        ("B", "NLF", "MIXED"),
        ("B", "MIXED", "HTS"),
        ("C", "MIXED", "NLF"),
        ("D", "NLF", "HTS"),
    ]
    changes = pd.DataFrame(rows, columns=["town", "from", "to"])
    summary = {"towns_gained.HTS": 3, "towns_gained.NLF": 1, "towns_gained.GOV": 0}
    run = SimpleNamespace(control_changes=changes, summary=summary, scenario=SimpleNamespace(factions={}))
    assert _gains(run) == (
        "HTS gains 3 towns (1 of them contested at the start) and NLF gains 1 town (it was contested at the start)"
    )
    nothing = SimpleNamespace(control_changes=changes[:0], summary={}, scenario=SimpleNamespace(factions={}))
    assert _gains(nothing) == "no side gains a town"


def test_given_agreements_are_named_beside_those_signed() -> None:
    summary = {"agreements_signed": 9, "agreements_broken": 9, "agreements_expired": 1}
    rows = {row.label: row.text for row in statistic_texts(summary, given=1)}
    assert rows["agreements signed"].startswith("9 agreements, besides 1 given")
    assert statistic_texts(summary)[0].text == "9 agreements"


def test_statistics_without_anything_are_known() -> None:
    summary = {"deaths.HTS": 3, "deaths.NLF": 0, "towns_lost.HTS": 0, "first_clash_day": 29, "offensive_day": None,
               "days_at_level.0": 2, "days_at_level.1": 0, "peak_level": 5}  # fmt: skip
    rows = {row.label: (row.text, row.nothing) for row in statistic_texts(summary)}
    assert rows["fighters killed"] == ("HTS 3", False)
    assert rows["towns lost"] == ("none", True)
    assert rows["day of the first clash among rebels"] == ("day 29", False)
    assert rows["day of the first offensive by a government"] == ("none", True)
    assert rows["days at the escalation level"] == ("level 0: 2, 1: 0", False)
    assert rows["peak escalation level"] == ("level 5", False)


def test_any_statistic_may_be_a_headline() -> None:
    answer = answer_sentence(Run.of(result(headline=list(STATISTICS), watch_towns=[])))
    assert "fighters killed, NLF: 4 fighters" in answer


def test_a_chain_of_causes_leads_from_the_event_to_the_root(run: Run) -> None:
    lines = cause_chain(run, "E000011")
    assert lines[0] == "30 Oct 2018: HTS takes Kafr Hamra from Ahrar al-Sham (NLF)."
    assert lines[2].endswith(
        "(chance that day 33 %: agreement lowered it by 35 %; 900 own fighters within reach raised it 2.1 times)"
    )
    assert "sends a party of 60" in lines[-1]
    with pytest.raises(KeyError, match="there is no event"):
        cause_chain(run, "E999999")


def test_turning_points_are_in_order_of_time(run: Run) -> None:
    points = turning_points(run)
    assert [point.event_id for point in points] == ["E000006", "E000008", "E000009", "E000011", "E000013"]
    assert len(turning_points(run, most=2)) == 2
