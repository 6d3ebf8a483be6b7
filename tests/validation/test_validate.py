"""`run.py validate` on a small theatre of one's own: studies found by name, run once, both tables, the sheet, and what is marked."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sim.cli.main import main
from sim.errors import InputError
from sim.validation.past_record import HalfYear, record_file, shows_contagion
from sim.validation.theatres import PatternRow, Validated, find_theatres, marked, passed_by

PATTERNS = """\
title: fighting in two valleys
evidence_until: 2019-12-31
source: made up
sides: {all_against_all: {Lanterns: [Lanterns], League: [League], Rangers: [Rangers]}}
windows: {all: {start: 2020-03-01, days: 42}}
patterns:
  P6:
    title: days an agreement holds
    window: all
    source: made up
    figures: {P6_held_over_30_share: {observed: 0.5, accept: [0, 1], cases: 3}}
  P8:
    title: events a week
    window: all
    weight: mandatory
    source: made up
    figures: {P8_weekly_mean: {observed: 1, accept: [0, 1000], cases: 6}}
nulls:
  source: made up
  hawkes: {mu_per_day: 0.1, branching: 0.5, lag_days: 3}
  two_level: {mu_per_day: [0.05, 0.3], branching: [0.2, 0.3], lag_days: 3, become_active_per_day: 0.02, become_calm_per_day: 0.05}
  poisson_per_day: 0.2
  tolls: [[1, 3], [4, 1]]
"""
STUDY = "question: does validation work?\nscenarios: [two_valleys]\nset: {days: 42}\nreplicates: 3\nkeep: [reported]\n"
OBSERVED = {
    "observed.yaml": "start: 2020-03-01\ncontrol_on: 2020-04-12\nweekly_to: 2020-04-11\n",
    "weekly.csv": "week_start,events,deaths\n" + "".join(
        f"2020-{day},{events},{3 * events}\n"
        for day, events in (("03-01", 1), ("03-08", 0), ("03-15", 2), ("03-22", 4), ("03-29", 0), ("04-05", 1))
    ),
}  # fmt: skip
PAST = """\
past:
  - {from: 2019-03-01, until: 2020-02-29, events: 8, weeks: {events: [0, 3, 1, 0, 4], deaths: [0, 9, 2, 0, 8]}}
half_years:
  - {from: 2019-03-01, until: 2019-08-31, events: 8, branching: 0.1, lag_days: 4, gain: 0.2}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a theatre of its own, where the process then stands."""
    files = {
        "patterns/two_valleys.yaml": PATTERNS,
        "baselines/two_valleys.yaml": PAST,
        "studies/patterns_valleys.yaml": STUDY,
        "studies/hindcast_valleys.yaml": STUDY,
        **{f"observed/two_valleys_2020_03/{name}": text for name, text in OBSERVED.items()},
    }
    for name, text in files.items():
        file = tmp_path / "scenarios" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_theatre_is_run_once_measured_and_drawn(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["validate", "--theatre", "two_valleys", "--quick", "--workers", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "quick: 1 theatre, 2 studies, 6 runs" in said.err
    assert "SIMULATED. two_valleys: fighting in two valleys" in said.out
    assert "Quick: at most 16 runs of each study" in " ".join(said.out.split())
    written = project / "outputs" / "validate"
    with Image.open(written / "validate.png") as picture:
        assert min(picture.size) > 500
    found = json.loads((written / "validate.json").read_text(encoding="utf-8"))
    theatre = found["theatres"]["two_valleys"]
    assert found["quick"]
    assert theatre["contagion"] is False
    by_name = {row["pattern"]: row for row in theatre["patterns"]}
    assert set(by_name["P6"]["nulls"].values()) == {"none"}
    assert by_name["P6"]["passed_by"] == "unable"
    assert by_name["P8"]["passed_by"] == "chance"
    events, deaths = (row for row in theatre["scores"] if row["measure"].startswith("crps_weekly"))
    assert events["cases"] == deaths["cases"] == 6
    assert {"conflictology", "base_rate"} <= set(events["baselines"])
    assert events["gain"] == pytest.approx(events["baselines"][events["best"]] - events["model"])
    assert events["error"] > 0
    assert main([*words, "--json", "--no-pictures"]) == 0  # nothing is run again, and the tables are the same
    again = json.loads(capsys.readouterr().out)
    assert again["theatres"] == found["theatres"]
    assert again["written"] is None


def test_an_unknown_theatre_is_refused_with_those_there_are(project: Path) -> None:
    with pytest.raises(InputError, match="has no file of patterns, did you mean 'two_valleys'"):
        find_theatres(["two_valley"])


def test_what_bursts_alone_pass_is_marked_if_another_record_shows_none() -> None:
    row = PatternRow(
        "P8", "events a week", "ordinary", 9, "pass", math.nan, {"hawkes": "pass", "poisson": "fail"}, "bursts"
    )
    rows = (row, replace(row, pattern="P9", verdict="fail"), replace(row, pattern="P1", passed_by="chance"))
    here = Validated("here", "A record", "2020-01-01", 9, True, rows, ())
    there = Validated("there", "Another", "2020-01-01", 9, False, (row,), ())
    first, second = marked([here, there])
    assert [one.unseen_in for one in first.patterns] == [("there",), (), ()]
    assert second.patterns[0].unseen_in == ()


@pytest.mark.parametrize(
    ("nulls", "said"),
    [
        ({"hawkes": "fail", "two_level": "fail", "poisson": "pass"}, "chance"),
        ({"hawkes": "fail", "two_level": "pass", "poisson": "fail"}, "bursts"),
        ({"hawkes": "none", "two_level": "none", "poisson": "none"}, "unable"),
        ({"hawkes": "fail", "two_level": "none", "poisson": "fail"}, "none"),
    ],
)
def test_what_is_enough_to_pass_a_pattern(nulls: dict[str, str], said: str) -> None:
    assert passed_by(nulls) == said


def test_the_record_of_one_theatre_shows_contagion_within_half_years_and_that_of_the_other_none() -> None:
    found = {name: record_file(name) for name in ("greater_idlib", "eastern_car")}
    assert {name: one is not None and shows_contagion(one.half_years) for name, one in found.items()} == {
        "greater_idlib": True,
        "eastern_car": False,
    }
    rising = HalfYear.model_validate(
        {"from": "2019-01-01", "until": "2019-06-30", "events": 40, "gain": 12.0}, strict=False
    )
    assert shows_contagion([rising]) is None
    assert np.isfinite(rising.gain)
