"""campaigns.csv and the statistics of campaigns, against the event log of runs and a table made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.engine.kinds import CAMPAIGN_ENDS
from sim.results.run import Run, to_frame
from sim.statistics.summary import campaigns, expand, headline_faults, label
from tests.results import small_result

SEEDS = range(1, 7)
OF_CAMPAIGNS = (
    "campaigns", "campaign_days_median", "campaign_first_towns", "towns_by_battle", "towns_by_handover",
    "towns_by_withdrawal", "groups_joined", "groups_stood_aside", "columns_met",
)  # fmt: skip


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Some runs of the case, several with a campaign that was fought."""
    return [sim.simulate("kafr_hamra", seed=seed) for seed in SEEDS]


def _made() -> dict[str, np.ndarray]:
    """Four campaigns: fought for 4 and 10 days, under way for 20, never fought."""
    dates = ["2018-01-04", "2018-02-01", "2018-03-01", "NaT"]
    return {
        "opened": np.array(dates, dtype="datetime64[D]"),
        "days": np.array([4, 10, 20, 0]),
        "censored": np.array([0, 0, 1, 0]),
        "first_towns": np.array([6, 1, 2, 0]),
        "by_battle": np.array([3, 0, 1, 0]),
        "by_handover": np.array([2, 0, 0, 0]),
        "by_withdrawal": np.array([0, 1, 0, 0]),
    }


def test_statistics_of_campaigns_made_by_hand() -> None:
    assert campaigns(_made()) == {
        "campaigns": 4,
        "campaign_days_median": 10.0,
        "campaign_first_towns": 3.0,
        "towns_by_battle": 4,
        "towns_by_handover": 2,
        "towns_by_withdrawal": 1,
    }
    none = campaigns({name: values[:0] for name, values in _made().items()})
    assert (none["campaigns"], none["campaign_days_median"], none["campaign_first_towns"]) == (0, None, None)
    assert none["towns_by_battle"] == 0


def test_the_table_of_a_world_made_by_hand() -> None:
    fought, waiting = Run.of(small_result.result()).campaigns.to_dict("records")
    names = ("campaign_id", "event_id", "initiator", "target", "with_initiator", "with_target")
    assert [fought[name] for name in names] == [
        "C001", "E000005", "HTS", "Ahrar al-Sham", "HTS", "Ahrar al-Sham, Nour al-Din al-Zenki",
    ]  # fmt: skip
    assert [str(fought[name].date()) for name in ("decided", "opened", "ended")] == [
        "2018-10-28", "2018-10-29", "2018-11-02",
    ]  # fmt: skip
    numbers = ("days", "censored", "first_towns", "strikes", "by_battle", "by_handover", "by_withdrawal", "deaths")
    assert [fought[name] for name in numbers] == [4, 0, 1, 3, 1, 0, 0, 6]
    assert fought["outcome"] == "aim met"
    assert pd.isna(waiting["opened"])
    assert pd.isna(waiting["ended"])
    assert (waiting["days"], waiting["censored"], waiting["first_towns"], waiting["outcome"]) == (0, 1, 0, "under way")


def test_each_campaign_is_that_of_the_event_log(runs: list[Run]) -> None:
    fought = 0
    for run in runs:
        log = run.events
        decided = log[log["kind"] == "campaign_decided"]
        assert run.campaigns["event_id"].tolist() == decided["event_id"].tolist()
        ends = log[log["kind"] == "campaign_ended"]
        for row in run.campaigns.itertuples():
            decision = decided[decided["event_id"] == row.event_id].iloc[0]
            assert (row.initiator, row.target) == (decision["initiator_group"], decision["target_group"])
            assert row.decided == decision["date"]
            assert row.outcome in CAMPAIGN_ENDS
            assert row.initiator in row.with_initiator.split(", ")
            assert row.target in row.with_target.split(", ")
            assert (row.outcome == "under way") == bool(row.censored) == pd.isna(row.ended)
            if not row.censored:
                same = (ends["initiator_group"] == row.initiator) & (ends["target_group"] == row.target)
                assert row.ended in ends[same]["date"].tolist()
            fought += _opened(log, decision, row)
    assert fought >= 3


def _opened(log: pd.DataFrame, decision: pd.Series, row: Any) -> bool:
    """Check the opening of a campaign against the clashes between its sides; return whether it was fought."""
    sides = [set(row.with_initiator.split(", ")), set(row.with_target.split(", "))]
    pairs = zip(log["initiator_group"], log["target_group"], strict=True)
    between = np.array([any(a in x and b in y for x, y in (sides, sides[::-1])) for a, b in pairs])
    clashes = log[between & (log["kind"] == "clash") & (log["date"] >= row.decided)]
    clashes = clashes[clashes["date"] <= row.ended] if not row.censored else clashes
    if pd.isna(row.opened):
        assert clashes.empty
        assert (row.days, row.first_towns) == (0, 0)
        return False
    assert row.opened == clashes["date"].min()
    first = clashes[clashes["date"] <= row.opened + pd.Timedelta(days=1)]
    assert row.first_towns == first["town"].nunique() > 0
    assert row.censored or row.days == (row.ended - row.opened).days
    return True


def test_towns_of_campaigns_are_changes_of_holder(runs: list[Run]) -> None:
    taken = {"by_battle": 0, "by_handover": 0, "by_withdrawal": 0}
    for run in runs:
        number = run.events["kind"].value_counts()
        assert run.summary["towns_by_battle"] <= number.get("capture", 0)
        assert run.summary["towns_by_handover"] == number.get("handover", 0)
        assert run.summary["groups_joined"] == number.get("campaign_joined", 0)
        assert run.summary["groups_stood_aside"] == number.get("stood_aside", 0)
        assert run.summary["columns_met"] == number.get("column_met", 0)
        joined = sum(
            len(cell.split(", ")) - 1 for name in ("with_initiator", "with_target") for cell in run.campaigns[name]
        )
        assert joined == run.summary["groups_joined"]
        for way in taken:
            taken[way] += run.summary[f"towns_{way}"]
    assert all(taken.values()), f"no run shows one of the ways: {taken}"
    assert any(run.summary["groups_stood_aside"] for run in runs)


def test_statistics_of_campaigns_may_be_headlines_and_have_labels(runs: list[Run]) -> None:
    assert headline_faults(OF_CAMPAIGNS) == []
    assert expand(OF_CAMPAIGNS, runs[0].summary) == list(OF_CAMPAIGNS)
    assert label("campaign_first_towns") == "towns fought over as a campaign opens"
    answered = sim.simulate("kafr_hamra", seed=1, sets=["headline=[campaigns, columns_met]", "days=40"])
    assert "campaigns" in answered.answer


def test_agreements_say_their_kind_and_what_they_hold_back(runs: list[Run]) -> None:
    table = pd.concat([run.agreements for run in runs])
    assert set(table["kind"]) == {"truce", "settlement"}
    assert (table["held_back"] >= 0).all()
    assert (table.loc[table["status"] == "in_force", "held_back"] > 0).any()


def test_campaigns_are_written_and_read_back(runs: list[Run], tmp_path: Path) -> None:
    from sim.results.write import write

    run = next(run for run in runs if len(run.campaigns))
    again = sim.Run.open(write(run, tmp_path))
    pd.testing.assert_frame_equal(again.campaigns, run.campaigns)
    assert again.summary == run.summary
    empty = to_frame("campaigns", {name: run.campaigns[name].to_numpy()[:0] for name in run.campaigns})
    assert list(empty) == list(run.campaigns)
