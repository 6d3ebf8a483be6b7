"""What is reported: each row linked to its true event or to none, and the log that patterns are held against."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.engine.simulation import simulate
from sim.geography.maps import load_map
from sim.results.phrases import policy_phrase
from sim.results.run import Run
from sim.scenario.load import load_scenario
from sim.scenario.schema import Policy, rebels
from sim.statistics.conflict_log import rebel_log, reported_log
from tests.results.small_result import DAYS, result

POLICIES = (
    "policy=[{withdraw: HTS, from: zone, by: 2018-10-20, towns_to: host_group, may_return: false}, "
    "{mediate: Turkey, on: 2018-10-25, until: 2018-11-20, factor: 3}, "
    "{reinforce: Ahrar al-Sham, on: 2018-10-20, in: Kafr Hamra, fighters: 200}]"
)


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of(result())


@pytest.fixture(scope="module")
def real() -> Run:
    scenario = load_scenario("kafr_hamra", ["days=90", POLICIES])
    return Run.of(simulate(scenario, load_map(scenario.map), 3))


def test_a_report_names_its_event_and_a_claim_or_a_summary_names_none(run: Run) -> None:
    told = run.events_reported[["report_id", "event_id", "outlet", "summary"]].to_numpy().tolist()
    assert told == [
        ["R000001", "E000006", "monitor", 0],
        ["R000002", "E000006", "HTS", 0],
        ["R000003", "", "NLF", 0],
        ["R000004", "", "monitor", 1],
        ["R000005", "E000014", "monitor", 0],
    ]


def test_reports_are_said_with_who_reports_and_how_surely(run: Run) -> None:
    monitor, denied, _claim, total, _shelling = run.events_reported.text
    assert monitor.startswith("The monitor: Fighting in the area of ")
    assert denied == "The outlet of HTS: Fighting in Kafr Hamra: NLF attacks HTS; 5 fighters die."
    assert total == "The monitor sums up fighting between HTS and NLF since 26 Oct 2018: 4 fighters die."


def test_a_summary_has_no_place_and_says_what_it_covers(run: Run) -> None:
    total = run.events_reported.loc[3]
    assert (total.town, total.precision, total.deaths_total) == ("", 4, 4)
    assert np.isnan(total.lat)
    assert (total.first_date, total.event_date) == (pd.Timestamp(2018, 10, 26), pd.Timestamp(2018, 10, 31))


def test_the_reported_log_has_the_monitors_rows_among_rebels(run: Run) -> None:
    log = reported_log(run.events_reported, ["HTS", "NLF"], DAYS)
    assert log.day.tolist() == [1, 4]
    assert log.end.tolist() == [6, 4]
    assert log.summary.tolist() == [True, False]
    assert log.deaths.tolist() == [4, 4]


def test_a_summary_of_many_weeks_covers_no_more_days_than_observed_ones(run: Run) -> None:
    reports = run.events_reported.assign(event_day=60, event_date=pd.Timestamp(2018, 12, 24))
    log = reported_log(reports, ["HTS", "NLF"], 90)
    assert set((log.end - log.day).tolist()) == {6}


def test_the_reported_log_is_the_same_from_frames_and_from_arrays(real: Run) -> None:
    sides = rebels(real.scenario)
    frames = reported_log(real.events_reported, sides, 90)
    plain = {name: real.events_reported[name].to_numpy() for name in real.events_reported}
    assert reported_log(plain, sides, 90).deaths.tolist() == frames.deaths.tolist()
    assert 0 < len(frames) <= len(rebel_log(real.events, sides, 90)) + int(frames.summary.sum())


def test_reports_of_a_simulation_are_of_its_events(real: Run) -> None:
    reports, events = real.events_reported, real.events.set_index("event_id")
    known = reports[reports.event_id != ""]
    true = events.loc[known.event_id]
    assert known.kind.tolist() == true.kind.tolist()
    swapped = (known.initiator.to_numpy() != true.initiator.to_numpy()) & (true.target.to_numpy() != "")
    for side, other in (("initiator", "target"), ("target", "initiator")):
        groups = np.where(swapped, true[f"{other}_group"], true[f"{side}_group"])
        assert known[f"{side}_group"].tolist() == groups.tolist()
    assert known.target_group.isin(["Ahrar al-Sham", "HTS"]).any()
    assert set(reports[reports.event_id == ""].initiator_group) <= {""}
    assert known.event_day.tolist() == true.day.tolist()
    assert (reports.day >= reports.event_day).all()
    assert set(reports.outlet) <= {"monitor", *rebels(real.scenario)}
    exact = (known.precision == 1).to_numpy()
    assert known.town[exact].tolist() == true.town[exact].tolist()


def test_deaths_among_rebels_count_each_event_once(real: Run) -> None:
    daily = real.daily
    assert real.summary["displaced_max"] == daily.displaced.max()
    assert real.summary["acts_against_civilians"] == daily.pressure.sum()
    assert real.summary["talks"] == (real.events.kind == "talks").sum()


def test_a_policy_is_said_by_what_was_done(real: Run) -> None:
    done = real.events[real.events.kind.isin(["policy", "given_skipped"]) & (real.events.given == 1)]
    text = " ".join(done.text)
    assert "HTS leaves the zone; its towns go to the strongest group nearby" in text
    assert "Turkey mediates: chance of an agreement x3 until 20 Nov 2018" in text
    assert "fighters from outside join Ahrar al-Sham in Kafr Hamra (200 fighters)" in text


def test_peacekeepers_leave_posts_and_not_towns() -> None:
    all_posts = Policy.model_validate({"withdraw": "Force", "by": date(2018, 12, 1)})
    assert policy_phrase(all_posts, ["Force"]) == "Force leaves all its posts and the theatre"
    post = Policy.model_validate({"withdraw": "Force", "from": "Binnish", "by": date(2018, 12, 1)})
    assert policy_phrase(post, ["Force"]) == "Force leaves its posts in Binnish and the theatre"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (
            {"withdraw": "HTS", "from": "Kafr Hamra", "towns_to": "neutral"},
            "HTS leaves Kafr Hamra; nobody holds its towns",
        ),
        ({"enforce_no_expansion": "HTS", "factor": 0}, "no expansion is enforced on HTS: base attempts x0"),
        ({"merge_groups": ["Zenki", "Ahrar"], "into": "Faylaq"}, "Zenki and Ahrar merge into Faylaq"),
        (
            {"monitor": "observers", "factor": 2, "until": date(2018, 12, 1)},
            "observers watch over agreements: hold of agreements x2 until 1 Dec 2018",
        ),
        (
            {"guarantor": "Envoy", "fighters": 500, "credibility": 0.5, "in": "zone", "between": ["HTS", "NLF"]},
            "Envoy guarantees agreements between HTS and NLF in the zone: credibility 0.5",
        ),
        ({"sanctions": "HTS", "factor": 0.5}, "patrons press HTS: decisions for a campaign x0.5"),
        ({"support": "NLF", "factor": 2}, "patrons back NLF: decisions for a campaign x2"),
        ({"demobilise": "HTS", "share": 0.5, "in": "Binnish"}, "fighters of HTS in Binnish demobilise"),
        (
            {"garrison": "NLF", "fighters": 50, "in": "Kafr Hamra", "until": date(2018, 12, 1)},
            "fighters of NLF are stationed in Kafr Hamra until 1 Dec 2018",
        ),
    ],
)
def test_every_policy_has_a_phrase(policy: dict[str, Any], said: str) -> None:
    assert policy_phrase(Policy.model_validate(policy)) == said
