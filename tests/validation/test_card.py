"""The pattern card: windows, verdicts, distances, and what is not judged."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.validation.pattern_card import FARTHEST, distances, edge, figures_of, make_card, samples_by_window
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_report import card_csv, failing, interval, number, record_lines, runs_csv, summary
from sim.validation.pattern_samples import ReportedRun

START = date(2018, 10, 1)
NO_AGREEMENTS: dict[str, np.ndarray] = {
    "signed": np.array([], "datetime64[D]"), "given": np.array([], int), "days_held": np.array([], int), "censored": np.array([], int)
}  # fmt: skip
NO_CHANGES: dict[str, np.ndarray] = {name: np.array([], object) for name in ("day", "town", "from", "to")}


def told(days_of_events: list[int], days: int = 70, **options: Any) -> ReportedRun:
    """Return a run with an event of A against B, 2 and 3 dead, on each of some days."""
    n = len(days_of_events)
    day = np.array(days_of_events, dtype=np.int64)
    dates = np.datetime64(START, "D") + day
    reports = {
        "outlet": np.array(["monitor"] * n, object), "event_day": day, "event_date": dates, "first_date": dates,
        "kind": np.array(["clash"] * n, object), "initiator": np.array(["A"] * n, object),
        "target": np.array(["B"] * n, object), "town": np.array(["x"] * n, object), "lat": np.full(n, 36.0),
        "lon": np.full(n, 37.0), "deaths_initiator": np.full(n, 2), "deaths_target": np.full(n, 3),
        "deaths_civilians": np.zeros(n, int), "deaths_total": np.full(n, 5), "summary": np.zeros(n, int),
    }  # fmt: skip
    given = {"scenario": "made", "replicate": 0, "start": START, "days": days, "agreed": None, "reports": reports}
    return ReportedRun(**{**given, "agreements": NO_AGREEMENTS, "changes": NO_CHANGES, **options})


def declared(figures: dict[str, dict[str, Any]], days: int = 70, **windows: int) -> Patterns:
    """Return patterns P8, P9 and so on, each with its figures, over a window of some days."""
    by_pattern: dict[str, dict[str, Any]] = {}
    for name, figure in figures.items():
        by_pattern.setdefault(name.split("_")[0], {})[name] = figure
    parts = {
        name: {"title": "made", "window": "all", "source": "made", "figures": some} for name, some in by_pattern.items()
    }
    return Patterns.model_validate(
        {
            "title": "a record", "evidence_until": date(2018, 10, 31), "source": "made",
            "sides": {"first": {"codes": ["A"]}, "rivals": {"codes": ["B"]}, "government": {"codes": ["G"]}},
            "windows": {name: {"start": START, "days": n} for name, n in {"all": days, **windows}.items()},
            "patterns": parts,
        }
    )  # fmt: skip


WEEKLY = "P8_weekly_mean"
TEN_RUNS = [told([7 * week for week in range(n)]) for n in range(1, 11)]  # 0.1 to 1.0 events a week


@pytest.mark.parametrize(
    ("observed", "accept", "verdict", "why"),
    [
        (0.5, [0.4, 0.7], "pass", ""),
        ([1.0, 3.0], [0.4, 0.7], "pass", ""),  # a range that reaches into the band
        (0.5, [0.6, 0.7], "fail", "median too low"),
        (0.5, [0.1, 0.3], "fail", "median too high"),
        (1.2, [0.4, 0.7], "fail", "observed above the band"),
        (0.05, [0.6, 0.7], "fail", "median too low; observed below the band"),
    ],
)
def test_a_figure_passes_by_its_median_and_by_its_band(
    observed: Any, accept: list[float], verdict: str, why: str
) -> None:
    card = make_card(TEN_RUNS, declared({WEEKLY: {"observed": observed, "accept": accept}}))
    (row,) = card.rows
    assert (row.median, row.low, row.high) == (pytest.approx(0.55), 0.1, 1.0)
    assert row.pooled == pytest.approx(0.55)
    assert (row.verdict, row.why) == (verdict, why)
    assert card.verdicts == {"P8": verdict}


def test_what_is_recomputed_stands_in_place_of_what_is_declared() -> None:
    patterns = declared({WEEKLY: {"observed": 9, "accept": [0.4, 0.7]}})
    assert make_card(TEN_RUNS, patterns).verdicts["P8"] == "fail"
    card = make_card(TEN_RUNS, patterns, {WEEKLY: 0.5})
    assert card.verdicts["P8"] == "pass"
    assert card.rows[0].recomputed


def test_runs_shorter_than_the_window_are_not_judged_unless_length_does_not_matter() -> None:
    figure = {"observed": 0.5, "accept": [0.4, 0.7]}
    card = make_card(TEN_RUNS, declared({WEEKLY: figure}, days=700))
    assert card.verdicts["P8"] == "not judged"
    assert card.rows[0].why == "runs of 70 days against a record of 700"
    assert make_card(TEN_RUNS, declared({WEEKLY: {**figure, "any_length": True}}, days=700)).verdicts["P8"] == "pass"


def test_longer_runs_are_cut_to_the_window_and_shorter_ones_left_out() -> None:
    runs = [told([0, 1, 2], days=14), told([0, 1, 2, 50, 60], days=70, source=1)]
    (row,) = make_card(runs, declared({WEEKLY: {"observed": 1, "accept": [0, 2]}}, days=21)).rows
    assert (row.runs, row.days, row.median) == (1, 21, 1.0)


def test_of_several_sources_the_first_that_gives_the_figure_is_taken() -> None:
    runs = [told([0], days=70), told([0, 1], days=90, source=1), told([0, 1, 2], days=30, source=2, agreed=10)]
    figures = {
        WEEKLY: {"observed": 1, "accept": [0, 2]},
        "P12_government_deaths_before": {"observed": 0, "accept": [0, 2]},
    }
    weekly, before = make_card(runs, declared(figures, days=70)).rows
    assert (weekly.runs, weekly.median) == (1, 0.1)  # of the first source, not of all that are long enough
    assert (before.runs, before.median, before.days) == (1, 0.0, 30)


def test_a_pattern_needs_all_its_figures() -> None:
    good, bad = {"observed": 0.5, "accept": [0.4, 0.7]}, {"observed": 0.5, "accept": [0.0, 0.1]}
    missing = {"observed": 3, "accept": [1, 5]}
    figures = {
        WEEKLY: good,
        "P8_weekly_none_share": bad,
        "P6_hold_days_median": missing,
        "P3_episode_days_max": {"observed": 5},
    }
    card = make_card(TEN_RUNS, declared(figures))
    assert card.verdicts == {"P8": "fail", "P6": "not judged", "P3": "shown"}
    assert card.passed == []
    assert "P6 is not judged: hold days median: these runs do not give it." in failing(card)
    assert "weekly none share" in failing(card)[0]
    assert "weekly mean" not in failing(card)[0]


def test_holds_are_censored_at_the_windows_end_and_earlier_and_given_agreements_left_out() -> None:
    signed = np.datetime64(START, "D") + np.array([-3, 5, 6, 10, 40], dtype="timedelta64[D]")
    agreements = {
        "signed": signed, "given": np.array([1, 0, 1, 0, 0]), "days_held": np.array([9, 4, 1, 55, 3]),
        "censored": np.zeros(5, int),
    }  # fmt: skip
    found = samples_by_window(told([0], agreements=agreements), declared({"P6_hold_days_median": {"observed": 3}}, 30))[
        "all"
    ]
    assert (found.hold_days, found.hold_censored) == ([4.0, 20.0], [False, True])


def test_a_town_that_changed_and_changed_back_has_not_changed() -> None:
    columns = {
        "day": np.array([1, 2, 3, 40]), "town": np.array(["x", "y", "x", "z"], object),
        "from": np.array(["A", "A", "B", "A"], object), "to": np.array(["B", "B", "A", "B"], object),
    }  # fmt: skip
    found = samples_by_window(told([0], changes=columns), declared({"P11_towns_changed": {"observed": 1}}, 31))["all"]
    assert found.changed == [1]


def test_deaths_between_government_and_rebels_are_split_by_the_zone() -> None:
    run = told([1, 20, 40, 60], agreed=30)
    run.reports["initiator"][:] = "G"  # type: ignore[index]
    found = samples_by_window(run, declared({"P12_government_deaths_after": {"observed": 1}}, 25))["all"]
    assert found.before == [(5, 25)]  # days 5 to 29
    assert found.after == [(5, 25)]  # days 30 to 54
    assert found.event_deaths == []
    without = samples_by_window(told([1]), declared({"P12_government_deaths_after": {"observed": 1}}, 25))["all"]
    assert (without.before, without.after) == ([], [])


def test_losses_of_a_round_are_the_first_sides_to_its_rivals() -> None:
    patterns = declared({"P10_losses_ratio": {"observed": 1, "accept": [0, 2]}})
    run = told([0, 1, 2, 30])  # a round of 15 fighters, and an episode of 5
    run.reports["initiator"][1], run.reports["target"][1] = "B", "A"  # type: ignore[index]
    assert figures_of(samples_by_window(run, patterns), patterns)["P10_losses_ratio"] == pytest.approx(7 / 8)


def test_the_start_of_the_window_is_used_where_the_run_has_it() -> None:
    columns = {
        "day": np.array([5, 45]), "town": np.array(["x", "y"], object), "from": np.array(["A", "A"], object),
        "to": np.array(["B", "B"], object),
    }  # fmt: skip
    run = told([0], days=100, changes=columns, start=START - timedelta(days=40))
    found = samples_by_window(run, declared({"P11_towns_changed": {"observed": 1}}, 3, late=31))
    assert (found["all"].changed, found["late"].changed) == ([0], [1])


def test_distances_are_in_half_widths_of_the_tolerance() -> None:
    patterns = declared(
        {WEEKLY: {"observed": [2, 3], "accept": [1, 5]}, "P8_weekly_none_share": {"observed": 0.5, "accept": [0.3, 0.7]},
         "P7_lag_days": {"observed": 3, "accept": [2, 4]}, "P3_episode_days_max": {"observed": 5}}
    )  # fmt: skip
    found = distances({WEEKLY: 7.0, "P8_weekly_none_share": 0.5, "P7_lag_days": math.nan}, patterns)
    assert found == {"P8": pytest.approx(math.sqrt(2.0)), "P7": FARTHEST}
    assert distances({WEEKLY: 2.5}, patterns) == {"P8": 0.0}
    assert distances({WEEKLY: math.inf}, patterns) == {"P8": FARTHEST}


def test_a_band_of_figures_without_end_has_an_edge_without_end() -> None:
    values = np.array([1.0, 2.0, np.inf, np.inf])
    assert (edge(values, 0.05), edge(values, 0.95)) == (1.0, np.inf)
    assert math.isnan(edge(np.array([]), 0.5))


def test_without_runs_there_is_no_card() -> None:
    with pytest.raises(InputError, match="no finished runs"):
        make_card([], declared({WEEKLY: {"observed": 1}}))


def test_tables_say_simulated_and_hold_every_figure_and_run() -> None:
    card = make_card(TEN_RUNS, declared({WEEKLY: {"observed": [1, 3], "accept": [0.4, 0.7]}}))
    head, *rows = card_csv(card).splitlines()
    assert head.startswith("simulated,pattern,figure,unit")
    assert rows[0].startswith("SIMULATED,P8,P8_weekly_mean,events")
    assert len(runs_csv(card).splitlines()) == 11
    assert summary(card) == "1 of 1 patterns pass: P8."


def test_names_of_figures_are_short() -> None:
    assert [number(x) for x in (0.4321, 1.234, 23.44, 178.2, math.inf, math.nan)] == [
        "0.43",
        "1.23",
        "23.4",
        "178",
        "never",
        "-",
    ]
    assert interval(None) == "-"


def test_figures_of_files_are_held_against_their_declared_range() -> None:
    figures = {
        WEEKLY: {"observed": 0.5, "accept": [0.4, 0.7]},
        "P8_weekly_none_share": {"observed": 0.5, "accept": [0.2, 0.6]},
        "P3_episode_days_max": {"observed": 1, "accept": [1, 2]},  # not in the files
    }
    files = {WEEKLY: 2.0, "P8_weekly_none_share": 0.25}
    assert record_lines(make_card(TEN_RUNS, declared(figures), files)) == [
        "Of the 2 judged figures computed from the files 1 lies in the accepted range; not weekly mean 2 (accepted 0.4 to 0.7)."
    ]
    assert record_lines(make_card(TEN_RUNS, declared(figures))) == []
