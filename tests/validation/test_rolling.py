"""Forecasts from rolling origins, held against an invented record."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.plots.score_figures import rolling_figure
from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
from sim.statistics.scoring import crps
from sim.study.definition import Definition, Variant
from sim.study.plan import make_plan
from sim.study.runner import run_study
from sim.study.store import Study
from sim.validation.baselines import hawkes_counts, past_of
from sim.validation.hindcast import SEED, likest, observed_weeks, origins_of, read_record, summary, table_of

FIRST, SECOND = date(2020, 3, 1), date(2020, 3, 15)
BEGINS = date(2019, 6, 1)
RUN_UP, DAYS = 14, 35
LAST = date(2020, 4, 12)  # of the record: the second origin, 29 March, has two whole weeks, the first three


def event_days() -> list[date]:
    """Return days with events: three on end every 20 days before spring, one a week and then two a day for a week."""
    early = [BEGINS + timedelta(days=20 * n + k) for n in range(13) for k in range(3)]
    spring = [FIRST + timedelta(days=7 * n + 1) for n in range(6)]
    burst = [date(2020, 3, 22) + timedelta(days=k // 2) for k in range(14)]
    return sorted([*early, *spring, *burst, LAST])


@pytest.fixture(scope="module")
def record_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    days = [day.isoformat() for day in event_days()]
    table = pd.DataFrame({"date_start": days, "date_end": days, "latitude": 40.0, "longitude": -30.4, "best": 2})
    path = tmp_path_factory.mktemp("record") / "events.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    common = {"days": DAYS}
    scenarios = {
        "one": Variant(file="two_valleys", set={**common, "start": FIRST}),
        "two": Variant(file="two_valleys", set={**common, "start": SECOND}),
    }
    definition = Definition(
        name="rolling", question="How many events follow?", scenarios=scenarios, replicates=16, keep=["reported"]
    )
    return Study.open(run_study(make_plan(definition), tmp_path_factory.mktemp("rolling"), workers=1))


def test_the_record_before_an_origin_holds_nothing_after_it(record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, None)
    assert (record.begins, record.until) == (BEGINS, LAST)
    before = record.before(FIRST)
    assert len(before) == sum(day < FIRST for day in event_days())
    assert before.days == (FIRST - BEGINS).days
    assert before.day.max() < before.days
    assert before.end.max() < before.days


def test_a_record_can_be_cut(record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, date(2020, 3, 20))
    assert record.until == date(2020, 3, 20)
    assert len(record.log) == sum(day <= date(2020, 3, 20) for day in event_days())


def test_a_record_without_enough_before_the_first_origin_is_refused(record_file: Path) -> None:
    with pytest.raises(
        InputError, match=r"has 3 events between the sides before 2019-06-10; 20 are needed .* 60 rows, 60 used"
    ):
        read_record(record_file, None, date(2019, 6, 10), None)


def test_only_whole_weeks_within_the_record_are_scored(record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, None)
    origin = SECOND + timedelta(days=RUN_UP)
    weeks = observed_weeks(record, origin, DAYS - RUN_UP)
    assert [(week.first, week.last) for week in weeks] == [(0, 6), (7, 13)]
    counts = [
        sum(origin + timedelta(days=a) <= day <= origin + timedelta(days=b) for day in event_days())
        for a, b in ((0, 6), (7, 13))
    ]
    assert [week.events for week in weeks] == counts


def test_each_origin_is_scored_with_a_process_fitted_before_it(study: Study, record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, None)
    one, two = origins_of(study, record, RUN_UP)
    assert (one.start, two.start) == (FIRST + timedelta(days=RUN_UP), SECOND + timedelta(days=RUN_UP))
    assert (len(one.weeks), len(two.weeks)) == (3, 2)
    known = np.array([(day - BEGINS).days for day in event_days() if day < one.start])
    fit = fit_hawkes([Times(spread_ties(known), float((one.start - BEGINS).days))])
    assert fit is not None
    assert one.branching == pytest.approx(fit.branching)
    assert one.fitted == len(known)
    past = past_of(record.before(two.start), BEGINS, two.start - timedelta(days=1))
    again = hawkes_counts(past, two.weeks, np.random.default_rng([SEED, two.start.toordinal()]))
    assert (again == two.hawkes).all()
    assert two.hawkes[:, 0].mean() > one.hawkes[:, 0].mean()  # the burst is before the second origin


def test_what_comes_after_an_origin_changes_no_forecast(study: Study, record_file: Path, tmp_path: Path) -> None:
    other = pd.read_csv(record_file)
    later = other["date_start"] >= (FIRST + timedelta(days=RUN_UP)).isoformat()
    more = pd.concat([other, other[later], other[later]])
    more.to_csv(tmp_path / "more.csv", index=False)
    first, second = (
        origins_of(study, read_record(path, None, FIRST, None), RUN_UP)[0]
        for path in (record_file, tmp_path / "more.csv")
    )
    assert [week.events for week in second.weeks] == [3 * week.events for week in first.weeks]
    assert (first.model == second.model).all()
    assert (first.hawkes == second.hawkes).all()


def test_the_likest_runs_are_those_with_the_nearest_weeks() -> None:
    simulated = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    assert likest(simulated, np.array([0.0, 4.0]), 0.25).tolist() == [2]
    assert likest(simulated, np.array([0.0, 4.0]), 0.5).tolist() == [2, 3]  # the later week counts for more
    assert likest(np.zeros((4, 2)), np.array([0.0, 0.0]), 0.25).tolist() == [0, 1, 2, 3]  # all are as like
    assert likest(np.zeros((4, 0)), np.zeros(0), 0.25).tolist() == [0, 1, 2, 3]


def test_scores_are_those_of_the_forecasts(study: Study, record_file: Path) -> None:
    origins = origins_of(study, read_record(record_file, None, FIRST, None), RUN_UP)
    table = table_of(origins)
    assert len(table) == 5
    row = table.iloc[4]
    assert row["model_crps"] == pytest.approx(crps(origins[1].model[:, 1], origins[1].weeks[1].events))
    assert row["hawkes_crps"] == pytest.approx(crps(origins[1].hawkes[:, 1], origins[1].weeks[1].events))
    found = summary(table)
    assert found.gain == pytest.approx(found.hawkes - found.model)
    assert found.low <= found.gain <= found.high
    assert (found.weeks, found.origins) == (5, 2)


def test_the_command_says_who_does_better(
    study: Study, record_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rolled"
    words = ["hindcast", str(study.folder), "--observed", str(record_file), "--run-up", "14", "--out", str(out)]
    assert main(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    made_of = json.loads((out / "hindcast.json").read_text())
    better = "no worse than" if made_of["summary"]["model"] <= made_of["summary"]["hawkes"] else "worse than"
    assert f"{better} the Hawkes process" in said
    assert said.startswith("SIMULATED")
    assert "60 rows, 60 used, 1 Jun 2019 to 12 Apr 2020; actors: not named." in said
    assert "60 rows, 60 used, 1 Jun 2019 to 12 Apr 2020" in made_of["read"][0]
    assert made_of["observed"]["events.csv"] == hashlib.sha256(record_file.read_bytes()).hexdigest()
    assert made_of["hashes"]["defaults"] == study.manifest["defaults"]
    table = pd.read_csv(out / "hindcast.csv")
    assert table["model_crps"].mean() == pytest.approx(made_of["summary"]["model"])
    assert (out / "hindcast.png").read_bytes().startswith(b"\x89PNG")
    assert "SIMULATED" in (out / "hindcast.svg").read_text()


@pytest.mark.parametrize(("run_up", "said"), [("10", "needs whole weeks"), ("35", "leave a week or more")])
def test_a_run_up_that_does_not_fit_is_refused(
    run_up: str, said: str, study: Study, record_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hindcast", str(study.folder), "--observed", str(record_file), "--run-up", run_up]) == 2
    assert said in capsys.readouterr().err


def test_the_figure_has_a_panel_for_each_origin(study: Study, record_file: Path) -> None:
    table = table_of(origins_of(study, read_record(record_file, None, FIRST, None), RUN_UP))
    drawn = rolling_figure(table, summary(table), "SIMULATED · made for a test")
    assert [
        text
        for axes in drawn.figure.axes
        for text in (child.get_text() for child in axes.texts)
        if text.startswith("from ")
    ] == [
        "from 15 Mar 2020",
        "from 29 Mar 2020",
    ]
