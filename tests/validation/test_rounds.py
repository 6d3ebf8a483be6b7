"""Figures of large rounds on small logs whose values can be counted by hand, and the alignment of windows."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from sim.statistics.conflict_log import Log
from sim.statistics.summary import episodes
from sim.validation.pattern_card import make_card, samples_by_window
from sim.validation.pattern_estimators import NO_HOLDS, Theatre, measure, samples
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_rounds import (
    Body,
    Campaign,
    Changes,
    RivalGroups,
    RoundContext,
    campaign_figures,
    campaigns,
    half_deaths_days,
    name_pattern,
    pressure_below,
)
from sim.validation.pattern_samples import aligned_start, log_of_run
from tests.validation.test_card import START, told

GROUPS = RivalGroups(
    {name: name_pattern([name]) for name in ("North", "South", "East", "West", "Front")},
    (Body("Front", ("North", "South"), since=30),),
)
# Two large rounds, of 6 events from day 10 and of 5 from day 40, and single events on days 0, 70 and 80.
DAYS = [0, *range(10, 16), *range(40, 45), 70, 80]
NAMED = [
    "West",
    *["North"] * 5,
    "Alliance of East",
    *["North", "South", "South", "Front, East", "West"],
    "West",
    "West",
]


def log(
    days: list[int] = DAYS, named: list[str] | None = NAMED, deaths: list[int] | None = None, until: int = 120
) -> Log:
    day, n = np.array(days, dtype=np.int64), len(days)
    group = None if named is None else np.array(named, dtype=object)
    tolls = np.array([1] * n if deaths is None else deaths)
    return Log(
        day, day, np.array(["x"] * n, object), np.full(n, 36.0), np.full(n, 37.0), tolls, np.zeros(n, bool), until, None, group
    )  # fmt: skip


def figures(one: Log, **context: Any) -> dict[str, float]:
    return measure(samples(one, NO_HOLDS, Theatre(rounds=RoundContext(**context))), hawkes=False)


def test_the_two_largest_episodes_and_the_small_ones() -> None:
    found = figures(log())
    assert found["P16_two_largest_events_share"] == pytest.approx(11 / 14)
    assert found["P16_two_largest_deaths_share"] == pytest.approx(11 / 14)
    assert found["P17_small_episodes_events_mean"] == pytest.approx((1 + 1 + 1 + 5) / 4)  # 4 of 5 episodes
    assert found["P18_quiet_months"] == 3  # days 0 to 29 have seven deaths


def test_the_target_is_the_group_or_the_merged_body_named_most() -> None:
    found = figures(log(), groups=GROUPS)
    # North 5 of 6 before the merger; after it the Front, by its name or its groups', 4 of 5
    assert found["P19_target_share"] == pytest.approx((5 / 6 + 4 / 5) / 2)
    # sisters of North: East of South, East, West; of the Front: East and West of East, West
    assert found["P22_sisters_fighting_share"] == pytest.approx((1 / 3 + 2 / 2) / 2)


def test_rounds_without_named_groups_have_no_target() -> None:
    assert math.isnan(figures(log(named=None), groups=GROUPS)["P19_target_share"])
    assert math.isnan(figures(log())["P19_target_share"])
    few = ["West", *["North"] * 4, "", "", *[""] * 5, "", ""]
    assert math.isnan(figures(log(named=few), groups=GROUPS)["P22_sisters_fighting_share"])


def test_half_of_the_deaths_fall_in_the_shortest_stretch_that_holds_them() -> None:
    one = log([0, 3, 4, 5, 9], None, [4, 1, 5, 3, 3])
    assert half_deaths_days(one, episodes(one)[0]) == 2  # days 4 and 5: 8 of 16
    even = log([0, 1, 2, 3], None, [1, 1, 1, 1])
    assert half_deaths_days(even, episodes(even)[0]) == 2
    assert math.isnan(half_deaths_days(log([0, 1], None, [0, 0]), episodes(log([0, 1], None, [0, 0]))[0]))


def test_deaths_after_a_round_need_sixty_days() -> None:
    assert figures(log(until=120))["P21_deaths_after"] == pytest.approx((6 + 2) / 2)
    # the round of days 10 to 15 alone has 60 days of 105 after it, up to day 75
    assert figures(log(until=104))["P21_deaths_after"] == 6
    assert math.isnan(figures(log([0, 1, 2], None, until=60))["P21_deaths_after"])


def test_towns_that_changed_back_within_a_round_have_not_changed() -> None:
    rows = [(10, "a", "X", "Y"), (12, "b", "X", "Y"), (15, "b", "Y", "X"), (20, "c", "X", "Y"), (41, "a", "Y", "X")]
    day, town, before, after = zip(*rows, strict=True)
    texts = [np.array(column, dtype=object) for column in (town, before, after)]
    assert figures(log(), changes=Changes(np.array(day), *texts))["P23_towns_changed"] == pytest.approx((1 + 1) / 2)


def test_pressure_is_compared_with_the_days_before() -> None:
    deaths = np.r_[np.full(60, 4.0), np.full(30, 3.0), np.full(30, 9.0)]
    assert pressure_below(deaths, 90) == 1.0
    assert pressure_below(deaths, 120) == 0.0
    assert math.isnan(pressure_below(deaths, 44))  # too few days before it
    unknown = np.r_[np.full(46, np.nan), deaths[46:]]
    assert math.isnan(pressure_below(unknown, 90))  # 44 known days
    assert pressure_below(unknown, 91) == 1.0
    assert math.isnan(pressure_below(None, 100))


def aligned(days: int = 20, lead: int = 2) -> Patterns:
    window = {"start": START, "days": days, "aligned": True, "within": "record", "lead_days": lead}
    figure = {"observed": 1, "whole": 0.5, "accept": [0.5, 3]}
    part = {
        "title": "made",
        "window": "year",
        "source": "made",
        "weight": "mandatory",
        "figures": {"P8_weekly_mean": figure},
    }
    return Patterns.model_validate(
        {
            "title": "a record", "evidence_until": date(2018, 10, 31), "source": "made",
            "sides": {"first": {"codes": ["A"]}, "rivals": {"codes": ["B"]}},
            "windows": {"record": {"start": START, "days": 70}, "year": window}, "patterns": {"P8": part},
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "first"),
    [
        ([0, 20, 21, 22, 40], 18),
        ([0, 1, 2, 30, 31, 32], 0),  # of equals the earlier; no day before the first
        ([0, 60, 61, 62, 63], 0),  # the last round leaves no room for 20 days
        ([60], None),
        ([], None),
    ],
)
def test_an_aligned_window_begins_before_the_largest_round_that_fits(days: list[int], first: int | None) -> None:
    declared = aligned()
    run = told(days)
    assert aligned_start(log_of_run(run, declared), declared, declared.windows["year"]) == first


def test_runs_are_cut_where_their_largest_round_begins() -> None:
    found = samples_by_window(told([0, 20, 21, 22, 40]), aligned())
    assert found["record"].weekly == [1, 0, 1, 2, 0, 1, 0, 0, 0, 0]
    assert found["year"].weekly == [3, 0, 0]  # days 18 to 37


def test_agreements_are_those_signed_in_the_aligned_window() -> None:
    signed = np.datetime64(START, "D") + np.array([5, 25, 36], dtype="timedelta64[D]")
    agreements = {
        "signed": signed, "given": np.zeros(3, int), "days_held": np.array([3, 4, 20]), "censored": np.zeros(3, int)
    }  # fmt: skip
    found = samples_by_window(told([0, 20, 21, 22, 40], agreements=agreements), aligned())["year"]
    assert (found.hold_days, found.hold_censored) == ([4.0, 2.0], [False, True])


def test_runs_too_short_to_be_aligned_are_not_judged() -> None:
    runs = [told([0, 20, 21, 22], days=50), told([0, 1, 2], days=50)]
    card = make_card(runs, aligned())
    assert card.verdicts == {"P8": "not judged"}
    assert card.rows[0].why == "runs of 50 days against a record of 70"
    assert card.joint is None
    assert make_card([told([20, 21, 22]), told([30, 31])], aligned()).verdicts == {"P8": "pass"}


def test_runs_that_meet_the_mandatory_patterns_are_counted() -> None:
    card = make_card([told([20, 21, 22]), told([30]), told([40, 41])], aligned())  # 1, 1/3 and 2/3 events a week
    assert card.joint is not None
    assert (card.joint.runs, card.joint.shares) == (3, {"P8": pytest.approx(2 / 3)})
    assert card.joint.together == card.joint.together_given == pytest.approx(2 / 3)


def fought(days: list[int], named: list[str], deaths: list[int], places: list[str]) -> Log:
    whole = log(days, named, deaths)
    return replace(whole, place=np.array(places, object))


def test_a_campaign_is_against_one_group_or_body_and_is_counted_from_its_own_first_day() -> None:
    days = [5, 6, 6, 9, 12, 30, 32, 38, 44]
    named = ["West", "West", "East", "West", "West", "North", "South", "Front, East", "South"]
    deaths = [10, 10, 24, 3, 2, 5, 5, 10, 5]
    found = campaigns(fought(days, named, deaths, ["a", "b", "c", "a", "d", "e", "f", "g", "e"]), GROUPS)
    # West: 25 deaths on days 5 to 12; East alone has 24; North and South have been one body, the Front, since day 30
    assert found == [(8, 2, 2, 1, 1), (15, 1, 2, 2, 8)]
    # without groups all of it is one campaign a round
    assert [one.days for one in campaigns(fought(days, named, deaths, list("abcadefge")), None)] == [8, 15]


def test_constants_of_campaigns_are_medians_a_spread_and_a_pooled_rate() -> None:
    some = [Campaign(4, 1, 2, 0, 0), Campaign(16, 3, 5, 6, 9), Campaign(8, 2, 4, 1, 1)]
    assert campaign_figures(some) == {
        "C1_campaign_days_median": 8,
        "C1_campaign_days_log_sd": pytest.approx(math.log(2)),
        "C2_opening_places_median": 2,
        "C3_week_places_median": 4,
        "C4_later_events_a_day": 0.7,
    }
    assert math.isnan(campaign_figures(some[:1])["C1_campaign_days_log_sd"])
    assert math.isnan(campaign_figures(some[:1])["C4_later_events_a_day"])
    assert all(math.isnan(value) for value in campaign_figures([]).values())


def test_the_card_measures_the_campaigns_of_runs() -> None:
    one = fought([0, 1, 2, 9], ["West"] * 4, [10, 10, 5, 1], list("abca"))
    assert figures(one, groups=GROUPS)["C1_campaign_days_median"] == 10
    assert figures(one, groups=GROUPS)["C2_opening_places_median"] == 2
