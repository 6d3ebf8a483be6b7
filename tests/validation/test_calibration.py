"""Calibration: what a file may say, the distance, fits of a problem whose answer is known, and whole calibrations made again."""

from __future__ import annotations

import io
import json
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from sim.cli.main import main
from sim.errors import InputError
from sim.files import SCENARIOS
from sim.scenario.compose import display
from sim.scenario.fields import inputs_of
from sim.validation import rejection_abc
from sim.validation.calibration import CHUNK, LEAST_DRAWS, ROUNDS, RUNS, hands_of, open_folder, simulate_prior
from sim.validation.pattern_card import distance
from sim.validation.pattern_file import Figure, Interval
from sim.validation.posterior import INNER, excess, posterior_of, posterior_text
from sim.validation.priors import Space, Targets, read_calibration, with_record
from sim.validation.rejection_abc import Region, draws_in, emulate, next_region, recover, terms

READY = SCENARIOS / "studies" / "calibrate_2018_02.yaml"
PATTERNS = """title: invented patterns of two valleys
evidence_until: 2020-08-01
source: invented
sides: {first: {codes: [Lanterns], names: [Lanterns]}, rivals: {codes: [League], names: [League]}}
windows: {all: {start: 2020-03-01, days: 180}}
patterns:
  P1:
    title: deaths per event
    window: all
    source: invented
    figures:
      P1_deaths_per_event_mean: {observed: 3, accept: [2, 4]}
  P8:
    title: events a week
    window: all
    weight: mandatory
    source: invented
    figures:
      P8_weekly_mean: {observed: 1, accept: [0.5, 1.5]}
      P8_weekly_none_share: {observed: 0.4, accept: [0.2, 0.6]}
"""
VALLEYS = """question: which rates fit the two valleys?
scenario: two_valleys
patterns: patterns.yaml
draws: 100
keep: 0.2
recovery: 20
predictive: 30
fitted:
  rules.incident.per_pair_month: log
  rules.clash.loss_per_day: {low: 0.025, high: 0.045}
drawn: [rules.reporting.monitor_detection]
observed:
  source: invented
  figures: {P1_deaths_per_event_mean: 3, P8_weekly_mean: 1.0, P8_weekly_none_share: 0.4}
typical: 2
"""


def written(folder: Path, text: str = VALLEYS) -> Path:
    (folder / "patterns.yaml").write_text(PATTERNS, encoding="utf-8")
    file = folder / "valleys.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(folder: Path, old: str, new: str) -> list[str]:
    assert old in VALLEYS
    file = written(folder, VALLEYS.replace(old, new))
    with pytest.raises(InputError) as error:
        read_calibration(file)
    return [str(fault).removeprefix(str(folder) + "/") for fault in error.value.faults]


def test_the_ready_calibration_fits_inputs_within_the_ranges_of_its_scenario_and_leaves_october_out() -> None:
    plan = read_calibration(READY)
    scenario, space = plan.loaded.scenario, plan.space
    assert scenario.start + timedelta(days=scenario.days - 1) == date(2018, 9, 30) == scenario.evidence_until
    assert 8 <= space.fitted <= 20
    inputs = inputs_of(scenario)
    for path, low, high in zip(space.paths, space.low, space.high, strict=True):
        assert (inputs[path].low or 0) <= low < high <= (inputs[path].high or 0)
    free = space.paths[space.fitted :]
    assert "rules.reporting.outlet_detection" in free
    assert [path for path in space.paths[: space.fitted] if "offensive" in path or "detection" in path] == []
    assert {"P6", "P8", "P9"} <= set(plan.targets.patterns)
    weight = dict(zip(plan.targets.patterns, plan.targets.weight, strict=True))
    assert min(weight[name] for name in ("P6", "P8", "P9")) > max(
        value for name, value in weight.items() if name not in ("P6", "P8", "P9")
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rules.incident.per_pair_month: log", "rules.incident.per_pair_mont: log", "yaml:9: fitted.rules.incident.per_pair_mont: the scenario has no"),
        ("rules.incident.per_pair_month: log", "rules.ceasefire.relapse_clashes: log", "relapse_clashes: is no longer a key; a broken agreement"),
        ("rules.incident.per_pair_month: log", "rules.incident.reach_km: log", "has no range of its own in the scenario"),
        ("{low: 0.025, high: 0.045}", "{low: 0.025, high: 0.5}", "yaml:10: fitted.rules.clash.loss_per_day: 0.025 to 0.5 does not lie within"),
        ("{low: 0.025, high: 0.045}", "{low: 0.025, hihg: 0.045}", "unknown key, did you mean 'high'?"),
        ("rules.incident.per_pair_month: log", "rules.base_attempt.threat_weight: log", "a logarithmic prior needs low above 0, got 0"),
        ("rules.incident.per_pair_month: log", "rules.incident.per_pair_month: beta", "is not known here"),
        ("[rules.reporting.monitor_detection]", "[rules.clash.loss_per_day]", "valleys.yaml:11: drawn: rules.clash.loss_per_day is fitted as well"),
        ("P8_weekly_mean: 1.0", "P8_weekly_maen: 1.0", "observed.figures.P8_weekly_maen: is not declared with a tolerance, did you mean 'P8_weekly_mean'?"),
        ("keep: 0.2", "keep: 0.1", "valleys.yaml:5: keep: keeps 10 of 100 draws, at least 20 are needed; allowed: draws from 200 on, or keep from 0.2 to 0.5"),
        ("draws: 100", "drawss: 100", "unknown key, did you mean 'draws'?"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_is_reported_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = faults(tmp_path, old, new)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--draws", "99"], "--draws: '99' is not a whole number from 100 to 1000000"),
        (["--keep", "0.1"], "--keep: keep 0.1 keeps 10 of 100 draws of FILE, at least 20 are needed; allowed: draws from 200 on"),
        (["--draws", "150", "--keep", "0.1"], "--draws: keep 0.1 keeps 15 of 150 draws, at least 20 are needed; allowed: draws from 200 on"),
    ],
)  # fmt: skip
def test_a_fault_of_an_option_is_said_with_what_is_allowed(
    options: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path)
    assert main(["calibrate", str(file), "--plan", *options]) == 2
    text = capsys.readouterr().err
    assert text.startswith(line.replace("FILE", display(file)))
    assert text.count("\n") == 1


def test_the_share_kept_of_the_shipped_file_decides_how_many_draws_are_allowed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["calibrate", "calibrate_2018_02", "--plan", "--draws", "100"]) == 2
    text = capsys.readouterr().err
    assert text.startswith("--draws: keep 0.01 of ")
    assert text.endswith("allowed: draws from 2,000 on, or keep from 0.2 to 0.5\n")


def test_a_study_is_no_calibration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "sensitivity"]) == 2
    assert capsys.readouterr().err.endswith("sensitivity.yaml: is a study for `batch`, not a calibration\n")


def space(fitted: int = 2, free: int = 0) -> Space:
    size = fitted + free
    return Space(
        tuple(f"x{n}" for n in range(size)), ("",) * size, np.full(size, 1.0), np.full(size, 100.0),
        np.arange(size) % 2 == 1, fitted,
    )  # fmt: skip


def test_priors_are_uniform_on_their_scale_and_longer_lists_begin_with_the_shorter() -> None:
    found = space()
    points = found.points(4096, 7)
    np.testing.assert_array_equal(points[:100], found.points(100, 7))
    assert not np.array_equal(points[:100], found.points(100, 8))
    assert (points >= 1).all()
    assert (points <= 100).all()
    np.testing.assert_allclose(np.quantile(points[:, 0], [0.25, 0.5]), [25.75, 50.5], rtol=0.01)
    np.testing.assert_allclose(np.quantile(points[:, 1], [0.25, 0.5]), [100**0.25, 10], rtol=0.01)
    np.testing.assert_allclose(found.values(found.shares(points)), points, rtol=1e-12)


def targets(
    *halves: float,
    cap: float = 3.0,
    weight: tuple[float, ...] | None = None,
    observed: tuple[float, ...] | None = None,
) -> Targets:
    size = len(halves)
    half = np.array(halves)
    names = tuple(f"f{n}" for n in range(size))
    return Targets(
        names, np.array(observed or (0.0,) * size), half, np.stack([-half, half], axis=1), np.arange(size), names,
        np.array(weight or (1.0,) * size), cap,
    )  # fmt: skip


def test_gaps_are_those_of_the_card() -> None:
    figure = Figure(observed=Interval(low=4, high=4), accept=Interval(low=3, high=7))
    chosen = targets(2.0, cap=10.0)
    for value in (4.0, 5.0, 1.0, 80.0, math.nan, math.inf):
        found = rejection_abc.gaps(np.array([value]), np.array([4.0]), chosen)
        np.testing.assert_allclose(found, distance(value, figure))
    both = rejection_abc.gaps(
        np.array([math.nan, math.inf, 1.0]), np.array([math.nan, math.inf, math.nan]), targets(1, 1, 1)
    )
    assert both.tolist() == [0, 0, 3]


def test_a_distance_weighs_patterns_and_is_the_mean_of_replicates() -> None:
    chosen = targets(1.0, 2.0, weight=(3.0, 1.0))
    figures = np.array([[[1.0, 2.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 60.0]]])
    expected = [(1.0 + math.sqrt(12 / 4)) / 2, (0 + math.sqrt(9 / 4)) / 2]
    np.testing.assert_allclose(rejection_abc.distances(figures, np.zeros(2), chosen), expected)


def test_a_fit_of_a_known_problem_finds_its_posterior() -> None:
    """Two inputs, each seen with normal noise; a third is not seen at all. The posterior is a cut normal."""
    rng = np.random.default_rng(3)
    shares = rng.uniform(size=(40000, 3))
    noise = np.array([0.05, 0.2])
    figures = (shares[:, :2] + rng.normal(size=(40000, 2)) * noise)[:, None]
    chosen = targets(0.05, 0.05)
    observed = np.array([0.4, 0.5])
    kept = rejection_abc.fit(figures, observed, shares, chosen, 400)
    assert (np.diff(kept.distance) >= 0).all()
    cut = norm.cdf((np.array([0, 1]) - 0.5) / 0.2)
    known = 0.5 + 0.2 * norm.ppf(cut[0] + np.array([0.05, 0.95]) * (cut[1] - cut[0]))
    np.testing.assert_allclose(np.quantile(kept.shares[:, 1], [0.05, 0.95]), known, atol=0.05)
    np.testing.assert_allclose(
        np.quantile(kept.shares[:, 0], [0.05, 0.95]), 0.4 + 0.05 * norm.ppf([0.05, 0.95]), atol=0.02
    )
    np.testing.assert_allclose(np.quantile(kept.shares[:, 2], [0.05, 0.95]), [0.05, 0.95], atol=0.05)


def test_recovery_of_a_known_problem_has_its_coverage_and_tells_what_is_seen() -> None:
    rng = np.random.default_rng(4)
    shares = rng.uniform(size=(6000, 2))
    figures = (shares[:, :1] + rng.normal(size=(6000, 1)) * 0.1)[:, None]
    found = recover(figures, shares, targets(0.1), 120, 300)
    low, high = binom.ppf([0.0005, 0.9995], 300, 0.9) / 300
    print(f"coverage of 90 % intervals {found.coverage}, correlation {found.correlation}, rank p {found.uniform}")
    assert ((found.coverage >= low) & (found.coverage <= high)).all()
    assert (found.uniform > 0.001).all()
    assert found.correlation[0] > 0.9
    assert abs(found.correlation[1]) < 0.2


def test_recovery_sees_a_fit_that_is_too_sure() -> None:
    """A hundred runs averaged for each draw, held against single runs: what the calibration must not do."""
    rng = np.random.default_rng(5)
    shares = rng.uniform(size=(4000, 1))
    one = shares + rng.normal(size=(4000, 1)) * 0.3
    mean = shares + rng.normal(size=(4000, 1)) * 0.03
    inside = []
    for row in range(200):
        kept = rejection_abc.fit(mean[:, None], one[row], shares, targets(0.3), 80)
        low, high = np.quantile(kept.shares[:, 0], [0.05, 0.95])
        inside.append(low <= shares[row, 0] <= high)
    assert np.mean(inside) < 0.6


def test_an_excess_is_that_of_medians_beyond_the_inner_part_of_their_tolerance() -> None:
    chosen = targets(1.0, 2.0, weight=(3.0, 1.0))
    runs = np.array([[[0.5, -1.0], [9.0, 1.0], [-9.0, 0.0]], [[1.8, 0.0], [1.8, 4.0], [9.0, 4.0]]])
    off = [0.0, math.sqrt((3 * (1.8 - INNER) ** 2 + (2 - INNER) ** 2) / 4)]
    np.testing.assert_allclose(excess(runs, chosen), off)
    np.testing.assert_allclose(excess(np.full((1, 3, 2), math.nan), chosen), [3.0])


def made(folder: Path, file: Path, **changes: Any) -> tuple[str, np.ndarray]:
    plan = read_calibration(file, **changes)
    open_folder(plan, folder)
    with hands_of(1, None) as hands:
        runs = simulate_prior(plan, folder, hands)
    return posterior_text(plan, posterior_of(plan, runs)[1]), runs.figures


@pytest.fixture(scope="module")
def valleys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, np.ndarray]:
    folder = tmp_path_factory.mktemp("valleys")
    file = written(folder)
    return file, folder / "out", *made(folder / "out", file)


def test_an_interrupted_calibration_goes_on_to_the_same_posterior(
    valleys: tuple[Path, Path, str, np.ndarray], tmp_path: Path
) -> None:
    file, folder, text, figures = valleys
    chunks = sorted((folder / RUNS).iterdir())
    assert len(chunks) == -(-100 // CHUNK)
    before = [chunk.stat().st_mtime_ns for chunk in chunks]
    again, same = made(folder, file)
    assert again == text
    np.testing.assert_array_equal(same, figures)
    assert [chunk.stat().st_mtime_ns for chunk in chunks] == before
    chunks[1].unlink()
    assert made(folder, file)[0] == text
    assert chunks[1].exists()


def test_more_draws_keep_the_first_and_another_calibration_has_another_folder(
    valleys: tuple[Path, Path, str, np.ndarray], tmp_path: Path
) -> None:
    file, folder, text, figures = valleys
    longer = made(folder, file, draws=120)
    np.testing.assert_array_equal(longer[1][:100], figures)
    assert made(folder, file)[0] == text
    with pytest.raises(InputError, match="holds another calibration"):
        open_folder(read_calibration(file, seed=2), folder)
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(InputError, match="holds no calibration"):
        open_folder(read_calibration(file), tmp_path)


def test_inputs_that_are_not_fitted_have_their_prior(valleys: tuple[Path, Path, str, np.ndarray]) -> None:
    _, _, text, _ = valleys
    table = pd.read_csv(io.StringIO(text))
    assert list(table.columns) == [
        "rules.incident.per_pair_month",
        "rules.clash.loss_per_day",
        "rules.reporting.monitor_detection",
    ]
    free = table["rules.reporting.monitor_detection"]
    np.testing.assert_allclose(free.quantile([0.25, 0.5, 0.75]), [0.6, 0.7, 0.8], atol=0.03)
    assert table["rules.clash.loss_per_day"].between(0.025, 0.045).all()


def test_the_command_writes_a_posterior_that_batch_draws_from_and_that_repeats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, saved = written(tmp_path), tmp_path / "kept" / "valleys.csv"
    words = ["calibrate", str(file), "--workers", "1", "--save", str(saved), "--out"]
    assert main([*words, str(tmp_path / "one")]) == 0
    said = capsys.readouterr().out
    assert "Recovery of 20 synthetic truths: 90 % intervals hold" in said
    folder = tmp_path / "one" / "valleys"
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert {
        "posterior.csv",
        "parameters.csv",
        "predictive.csv",
        "recovery.csv",
        "report.html",
        "manifest.json",
        "ranks.png",
    } <= names
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("SIMULATED") >= 2
    typical = pd.read_csv(folder / "typical.csv")
    assert len(typical) == LEAST_DRAWS
    assert set(typical["runs"]) == {2 * ROUNDS[-1][1]}
    assert typical["excess"].is_monotonic_increasing
    origin = json.loads((tmp_path / "kept" / "valleys.manifest.json").read_text(encoding="utf-8"))
    assert origin["posterior"] == {"draws": 20, "of": 100, "waves": 1, "threshold": origin["posterior"]["threshold"]}
    assert saved.read_bytes() == (folder / "posterior.csv").read_bytes()
    assert main([*words, str(tmp_path / "two")]) == 0
    assert f"{saved} is the same, to the last digit" in capsys.readouterr().out
    study = tmp_path / "study.yaml"
    study.write_text(
        f"question: what comes of it?\nscenarios: [two_valleys]\ndesign: posterior\nposterior: {saved}\nreplicates: 20\n",
        encoding="utf-8",
    )
    assert main(["check", str(study)]) == 0
    saved.write_text("other\n1\n", encoding="utf-8")
    assert main([*words, str(tmp_path / "two")]) == 2
    assert "exists with another content" in capsys.readouterr().err


def test_observed_figures_come_from_a_file_of_events(tmp_path: Path) -> None:
    plan = read_calibration(written(tmp_path))
    events = tmp_path / "events.csv"
    days = [0, 0, 10, 100]
    rows = [
        f"{date(2020, 3, 1) + timedelta(days=day)},40.0,-30.4,{deaths},Lanterns,League"
        for day, deaths in zip(days, (2, 4, 3, 7), strict=True)
    ]
    rows.append("2020-03-02,40.0,-30.4,50,Rangers,League")
    events.write_text("\n".join(["date_start,latitude,longitude,best,side_a,side_b", *rows]) + "\n", encoding="utf-8")
    found = with_record(plan, events)
    assert found.definition.observed.figures["P1_deaths_per_event_mean"] == 4
    np.testing.assert_allclose(found.definition.observed.figures["P8_weekly_mean"], 4 / 26)
    assert found.targets.observed[0] == 4
    assert len(found.read) == 1
    assert "5 rows, 4 used, 1 Mar 2020 to 9 Jun 2020" in found.read[0]
    assert "Left out: 1 of other actors." in found.read[0]
    events.write_text(
        "date_start,latitude,longitude,best,side_a,side_b\n2020-03-02,40.0,-30.4,50,Rangers,League\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"none of 1 event is between the sides .*League \(1\) and Rangers \(1\)"):
        with_record(plan, events)
    header = "date_start,where_prec,latitude,longitude,best,side_a,side_b"
    events.write_text(f"{header}\n2020-03-02,4,40.0,-30.4,50,Lanterns,League\n", encoding="utf-8")
    with pytest.raises(
        InputError, match="P1_deaths_per_event_mean: the record of the window does not give this figure"
    ):
        with_record(plan, events)
    events.write_text(f"{header}\n2021-03-02,1,40.0,-30.4,50,Lanterns,League\n", encoding="utf-8")
    with pytest.raises(InputError, match="none of 1 event between the sides is in the scenario's days, 1 Mar 2020 to"):
        with_record(plan, events)


def quadratic(count: int, seed: int, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return shares f8 [count, 3] and figures f8 [count, 1, 2] that the first two of them decide, with normal noise."""
    rng = np.random.default_rng(seed)
    shares = rng.uniform(size=(count, 3))
    means = np.stack([shares[:, 0] + shares[:, 1], (shares[:, 0] - 0.5) ** 2 - shares[:, 1]], axis=1)
    return shares, (means + noise * rng.normal(size=means.shape))[:, None]


def plain_space(fitted: int = 3) -> Space:
    size = fitted
    return Space(tuple("abc"[:size]), ("",) * size, np.zeros(size), np.ones(size), np.zeros(size, dtype=bool), fitted)


def test_an_emulator_learns_the_mean_and_scatter_of_figures() -> None:
    shares, figures = quadratic(4000, 1)
    chosen = targets(0.5, 0.5, cap=10.0)
    emulator = emulate(figures, shares, chosen)
    truth = np.array([[0.2, 0.9, 0.5]])
    mean = terms(truth) @ emulator.coefficients
    np.testing.assert_allclose(mean, [[1.1 / 0.5, (0.09 - 0.9) / 0.5]], atol=0.05)
    np.testing.assert_allclose(
        np.linalg.inv(emulator.precision), np.eye(2) * (0.2 / 0.5) ** 2 + 0.01 * np.eye(2), atol=0.01
    )


def test_a_later_wave_draws_from_what_is_not_ruled_out_and_leaves_the_truth_in() -> None:
    chosen, space = targets(0.5, 0.5, observed=(1.1, -0.81), cap=10.0), plain_space()
    shares, figures = quadratic(4000, 2, noise=0.1)
    first = next_region(figures, shares, chosen, Region(), space, 5)
    drawn, inside = draws_in(first, 500, space, 6)
    assert 0.02 < inside < 0.6
    assert first.holds(drawn).all()
    assert first.holds(np.array([[0.2, 0.9, 0.1], [0.2, 0.9, 0.9]])).all()  # the third input is not told
    assert not first.holds(np.array([[0.9, 0.1, 0.5]])).any()
    np.testing.assert_array_equal(drawn, draws_in(first, 500, space, 6)[0])


def test_the_posterior_of_a_later_wave_is_that_of_one_wave_with_more_draws() -> None:
    chosen, space = targets(0.5, 0.5, observed=(1.1, -0.81)), plain_space()
    shares, figures = quadratic(60000, 3)
    long_way = rejection_abc.fit(figures, chosen.observed, shares, chosen, 300)
    region = next_region(figures[:4000], shares[:4000], chosen, Region(), space, 5)
    inside = np.flatnonzero(region.holds(shares))[:8000]
    short_way = rejection_abc.fit(figures[inside], chosen.observed, shares[inside], chosen, 300)
    np.testing.assert_allclose(short_way.shares.mean(axis=0), long_way.shares.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(short_way.shares.std(axis=0), long_way.shares.std(axis=0), atol=0.05)


def test_a_regression_recovers_more_than_figures_that_noise_drowns() -> None:
    rng = np.random.default_rng(8)
    shares = rng.uniform(size=(4000, 1))
    useless = rng.normal(size=(4000, 12))
    figures = np.hstack([shares + 0.1 * rng.normal(size=(4000, 1)), useless])[:, None]
    chosen = targets(*[1.0] * 13)
    by_figures, by_regression = (
        recover(figures, shares, chosen, 80, 200, summary=summary) for summary in ("figures", "regression")
    )
    assert by_regression.correlation[0] > by_figures.correlation[0] + 0.1
    assert (by_regression.uniform > 0.001).all()


def test_later_waves_are_resumed_to_the_same_posterior(tmp_path: Path) -> None:
    file = written(tmp_path, VALLEYS + "waves: 2\nsummary: regression\n")
    text, figures = made(tmp_path / "out", file)
    later = sorted((tmp_path / "out").glob(f"{RUNS}-2-*/*.npz"))
    assert later
    later[0].unlink()
    again, same = made(tmp_path / "out", file)
    assert again == text
    np.testing.assert_array_equal(same, figures)
