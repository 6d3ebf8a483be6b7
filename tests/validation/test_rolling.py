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
from sim.plots.hindcast_figures import gains_figure, power_figure, rolling_figure
from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
from sim.statistics.scoring import crps
from sim.study.definition import Definition, Variant
from sim.study.plan import make_plan
from sim.study.runner import run_study
from sim.study.store import Study
from sim.validation.baselines import WEEKLY, weekly_baselines
from sim.validation.forecasts import MODEL
from sim.validation.hindcast import SEED, joined, likest, origins_of, power, power_summary, summary, table_of
from sim.validation.past_record import fits_of, observed_weeks, past_of, read_record

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


def rolled(folder: Path, **options: object) -> Study:
    common = {"days": DAYS}
    scenarios = {
        "one": Variant(file="two_valleys", set={**common, "start": FIRST}),
        "two": Variant(file="two_valleys", set={**common, "start": SECOND}),
    }
    facts = {"name": "rolling", "question": "How many events follow?", "scenarios": scenarios, "keep": ["reported"]}
    definition = Definition.model_validate({**facts, "replicates": 16, **options})
    return Study.open(run_study(make_plan(definition), folder, workers=1))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return rolled(tmp_path_factory.mktemp("rolling"))


@pytest.fixture(scope="module")
def other_seed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return rolled(tmp_path_factory.mktemp("other"), seed=2, replicates=8)


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
    assert one.fitted == len(known)
    assert set(one.forecasts) == {MODEL, *WEEKLY}
    plain = fits_of(record.before(one.start)).hawkes
    again = fit_hawkes([Times(spread_ties(known), float((one.start - BEGINS).days))])
    assert plain is not None
    assert again is not None
    assert plain.branching == pytest.approx(again.branching)
    past = past_of(record.before(two.start), BEGINS, two.start - timedelta(days=1))
    courses = weekly_baselines(past, two.weeks, (SEED, two.start.toordinal()))
    for name in WEEKLY:
        assert (courses[name].events == two.forecasts[name]).all(), name
    assert two.forecasts["hawkes"][:, 0].mean() > one.forecasts["hawkes"][:, 0].mean()  # the burst is before the second


def test_a_record_that_ends_before_the_forecasts_is_refused_with_both_days(study: Study, record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, FIRST)
    with pytest.raises(InputError, match=r"^--observed: has events from .* and forecasts begin on .*: no whole week"):
        origins_of(study, record, RUN_UP)


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
    for name, members in first.forecasts.items():
        assert (members == second.forecasts[name]).all(), name


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
    for name in (MODEL, *WEEKLY):
        assert row[f"{name}_crps"] == pytest.approx(crps(origins[1].forecasts[name][:, 1], origins[1].weeks[1].events))
    found = summary(table)
    assert [gain.rival for gain in found.gains] == sorted(WEEKLY, key=lambda name: table[f"{name}_crps"].mean())
    for gain in found.gains:
        assert gain.gain == pytest.approx(gain.score - found.model)
        assert gain.low <= gain.gain <= gain.high
        assert np.isnan(gain.seed_low)
    assert (found.weeks, found.origins, found.studies) == (5, 2, 1)


def test_scores_of_made_up_weeks_by_hand() -> None:
    """Two studies and two origins: the rival's CRPS less the model's is 1, 3 and, of the second seed, -1, 1."""
    rows = [
        ("seed 1", "2020-01-05", 2.0, 3.0, 9.0),
        ("seed 1", "2020-01-19", 1.0, 4.0, 9.0),
        ("seed 2", "2020-01-05", 4.0, 3.0, 9.0),
        ("seed 2", "2020-01-19", 3.0, 4.0, 9.0),
    ]
    columns = ["study", "origin", "model_crps", "hawkes_crps", "mixture_crps"]
    table = pd.DataFrame(rows, columns=columns).assign(week_start=lambda frame: frame["origin"])
    found = summary(table)
    assert (found.model, found.best.rival, found.studies, found.weeks) == (2.5, "hawkes", 2, 2)
    assert (found.best.gain, found.best.seed_low, found.best.seed_high) == (1.0, 0.0, 2.0)
    assert (found.best.low, found.best.high, found.best.ahead) == (0.0, 2.0, 1)
    assert found.gains[1].gain == 6.5


def test_studies_that_differ_in_their_seed_are_joined(study: Study, other_seed: Study, tmp_path: Path) -> None:
    assert list(joined([study, other_seed])) == ["seed 1", "seed 2"]
    with pytest.raises(InputError, match="has the seed 1 of "):
        joined([study, study])
    shorter = rolled(tmp_path, replicates=2, seed=3, set={"rules.spread.call_to_arms_share": 0.9})
    with pytest.raises(
        InputError, match=r"scenarios: differs from .*; studies are joined if they differ in their seed"
    ):
        joined([study, shorter])


def test_a_truth_is_forecast_by_the_other_runs(study: Study, record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, None)
    done: list[int] = []
    table = power(study, record, 5, RUN_UP, progress=done.append)
    assert done == [1, 2]
    assert sorted(table["truth"].unique()) == [0, 1, 2, 3, 4]
    assert set(table["rival"]) == set(WEEKLY)
    assert table["gain"].to_numpy() == pytest.approx((table["score"] - table["model"]).to_numpy())
    assert (table["low"] <= table["gain"] + 1e-12).all()
    for one in power_summary(table):
        part = table[table["rival"] == one.rival]
        assert one.shown_better == (part["low"] > 0).mean()
        assert one.low <= one.gain <= one.high
    more = power(study, record, 2, RUN_UP)
    pd.testing.assert_frame_equal(more, table[table["truth"] < 2].reset_index(drop=True))


def test_truths_need_runs_that_are_done_in_all_scenarios(record_file: Path, tmp_path: Path) -> None:
    single = rolled(tmp_path, replicates=1)
    with pytest.raises(InputError, match="needs two replicates or more"):
        power(single, read_record(record_file, None, FIRST, None), 5, RUN_UP)


def test_the_command_joins_studies_and_names_the_best_baseline(
    study: Study, other_seed: Study, record_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rolled"
    words = ["hindcast", str(study.folder), str(other_seed.folder), "--observed", str(record_file), "--run-up", "14"]
    assert main([*words, "--power", "3", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    said = " ".join(captured.out.split())
    made_of = json.loads((out / "hindcast.json").read_text())
    found = made_of["summary"]
    best = found["gains"][0]
    assert best["rival"] == found["best_baseline"]
    assert best["score"] == min(gain["score"] for gain in found["gains"])
    assert found["model_beats_it"] == (best["gain"] > 0)
    assert f"the best baseline is {found['best_baseline'].replace('_', ' ').replace('hawkes', 'Hawkes')}" in said
    assert said.startswith("SIMULATED")
    assert "study 2 of 2 (seed 2)" in captured.err
    assert "60 rows, 60 used, 1 Jun 2019 to 12 Apr 2020; actors: not named." in said
    assert made_of["observed"]["events.csv"] == hashlib.sha256(record_file.read_bytes()).hexdigest()
    assert made_of["hashes"]["defaults"] == study.manifest["defaults"]
    assert list(made_of["studies"]) == ["seed 1", "seed 2"]
    table = pd.read_csv(out / "hindcast.csv")
    assert table["model_crps"].mean() == pytest.approx(found["model"])
    assert len(pd.read_csv(out / "power.csv")) == 3 * len(WEEKLY)
    for name in ("hindcast", "gains", "power"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "SIMULATED" in (out / f"{name}.svg").read_text()


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


def test_the_figures_of_gains_show_every_baseline(study: Study, other_seed: Study, record_file: Path) -> None:
    record = read_record(record_file, None, FIRST, None)
    table = table_of(
        [*origins_of(study, record, RUN_UP, label="seed 1"), *origins_of(other_seed, record, RUN_UP, label="seed 2")]
    )
    found = summary(table)
    drawn = gains_figure(table, found, "SIMULATED · made for a test")
    assert drawn.table["rival"].tolist() == [gain.rival for gain in found.gains]
    assert (drawn.table["seed_low"] <= drawn.table["gain"]).all()
    powers = power_figure(power(study, record, 3, RUN_UP), found, "SIMULATED · made for a test")
    assert set(powers.table["rival"]) == set(WEEKLY)
