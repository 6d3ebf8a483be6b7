from __future__ import annotations

import math

import numpy as np
import pytest

from sim.statistics.conflict_log import Log, rebel_log, side_losses
from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
from sim.statistics.summary import episodes, longest_calm, places, places_by_day, quiet_days
from sim.statistics.survival import survival
from sim.validation.pattern_estimators import (
    PATTERNS,
    Holds,
    Theatre,
    deaths_by_day,
    distance_km,
    measure,
    pool,
    samples,
    weekly_counts,
)

NO_HOLDS = Holds(np.array([], int), np.array([]), np.array([], bool))


def log(days: list[int], place: str | list[str] = "a", deaths: int = 1, window: int = 100) -> Log:
    n = len(days)
    day = np.array(days, dtype=np.int64)
    names = np.array([place] * n if isinstance(place, str) else place, dtype=object)
    return Log(day, day, names, np.full(n, 36.0), np.full(n, 37.0), np.full(n, deaths), np.zeros(n, bool), window)


def test_more_than_seven_quiet_days_end_an_episode() -> None:
    found = episodes(log([0, 7, 15, 15, 20]))
    assert [(one.began, one.ended, one.events) for one in found] == [(0, 7, 2), (15, 20, 3)]
    assert quiet_days(found) == [8]


def test_places_of_an_episode_are_counted_by_day() -> None:
    one = log([3, 4, 10], ["a", "b", "c"])
    (found,) = episodes(one)
    assert (
        places(one, found),
        places_by_day(one, found, 7),
        places_by_day(one, found, 8),
        places_by_day(one, found, 7, 4),
    ) == (3, 2, 3, 2)


@pytest.mark.parametrize(("days", "calm"), [([], 100), ([0], 99), ([99], 99), ([10, 11, 50], 49)])
def test_the_longest_calm_counts_both_ends_of_the_window(days: list[int], calm: int) -> None:
    assert longest_calm(log(days)) == calm


def test_weeks_count_from_the_first_day_and_a_part_of_a_week_counts() -> None:
    assert weekly_counts(log([0, 6, 7, 9], window=10)) == [2, 2]


def test_deaths_are_summed_by_day() -> None:
    assert deaths_by_day(log([1, 1, 5], deaths=2)) == [4, 2]


def test_distance_of_one_degree_of_latitude_is_111_km() -> None:
    assert distance_km(np.array([35.0, 36.0]), np.array([37.0, 37.0])) == pytest.approx([111.195], abs=1e-3)


def test_kaplan_meier_by_a_worked_example() -> None:
    # Ends at 1, 3, 5; censored at 3 and 6: S = 4/5, then 4/5 x 3/4, then 3/5 x 1/2.
    curve = survival(np.array([1, 3, 3, 5, 6]), np.array([False, False, True, False, True]))
    assert [curve.at(day) for day in (0, 1, 3, 5, 9)] == pytest.approx([1, 0.8, 0.6, 0.3, 0.3])
    assert (curve.median, curve.ended, curve.censored) == (5.0, 3, 2)
    assert curve.mean == pytest.approx(1 + 2 * 0.8 + 2 * 0.6 + 1 * 0.3)


def test_kaplan_meier_is_that_of_scipy() -> None:
    from scipy.stats import CensoredData, ecdf

    rng = np.random.default_rng(5)
    days, censored = rng.integers(0, 30, 200), rng.random(200) < 0.3
    curve, known = survival(days, censored), ecdf(CensoredData(uncensored=days[~censored], right=days[censored])).sf
    assert curve.days.tolist() == known.quantiles.tolist()
    assert curve.share == pytest.approx(known.probabilities)


def test_kaplan_meier_without_a_median_and_without_data() -> None:
    assert survival(np.array([4, 9]), np.array([True, True])).median is None
    assert survival(np.array([]), np.array([])).mean is None


def synthetic(mu: float, branching: float, lag: float, days: float, seed: int) -> Times:
    """Simulate a Hawkes process as a branching process of immigrants and their offspring."""
    rng = np.random.default_rng(seed)
    waiting = list(rng.uniform(0, days, rng.poisson(mu * days)))
    times = []
    while waiting:
        time = waiting.pop()
        times.append(time)
        born = time + rng.exponential(lag, rng.poisson(branching))
        waiting += [float(one) for one in born if one < days]
    return Times(np.sort(times), days)


@pytest.mark.parametrize(("branching", "lag"), [(0.8, 3.0), (0.4, 5.0), (0.6, 1.0)])
def test_hawkes_fit_finds_the_process_that_made_the_data(branching: float, lag: float) -> None:
    fit = fit_hawkes([synthetic(0.1, branching, lag, 20_000, seed) for seed in (1, 2)])
    assert fit is not None
    assert fit.mu == pytest.approx(0.1, rel=0.1)
    assert fit.branching == pytest.approx(branching, rel=0.1)
    assert fit.lag == pytest.approx(lag, rel=0.15)


def test_hawkes_fit_of_a_poisson_process_has_little_branching() -> None:
    rng = np.random.default_rng(3)
    fit = fit_hawkes([Times(np.sort(rng.uniform(0, 5000, 1000)), 5000.0)])
    assert fit is not None
    assert fit.branching < 0.15


def test_events_of_one_day_are_spread_over_it() -> None:
    assert spread_ties(np.array([2, 2, 5])) == pytest.approx([2.25, 2.75, 5.5])


def test_a_pool_of_one_run_measures_as_the_run() -> None:
    one = samples(log([0, 1, 2, 30, 31, 60], deaths=3), Holds(np.array([1]), np.array([5.0]), np.array([False])))
    assert measure(pool([one])) == pytest.approx(measure(one), nan_ok=True)
    assert list(measure(one)) == list(PATTERNS)


def test_figures_of_a_small_log() -> None:
    found = measure(
        samples(
            log([0, 1, 2, 30, 31, 60], deaths=3),
            Holds(np.array([1, 40]), np.array([5.0, 60.0]), np.array([False, True])),
        )
    )
    assert found["P4_single_event_share"] == pytest.approx(1 / 3)
    assert found["P14_largest_round_events_share"] == 0.5
    assert found["P15_signed_inside_share"] == 0.5
    assert found["P6_ended_within_7_share"] == 0.5


def test_a_log_without_events_gives_no_figures_and_no_error() -> None:
    found = measure(samples(log([]), NO_HOLDS))
    assert found["P8_weekly_none_share"] == 1.0
    assert found["P18_quiet_months"] == 3
    assert all(math.isnan(value) for name, value in found.items() if not name.startswith(("P8", "P18")))


def with_losses(days: list[int], losses: list[tuple[int, int]]) -> Log:
    plain = log(days)
    return Log(
        plain.day, plain.end, plain.place, plain.lat, plain.lon, plain.deaths, plain.summary, 100, np.array(losses)
    )


def test_losses_are_compared_by_rounds_that_cost_enough() -> None:
    one = with_losses([0, 1, 30, 60], [(6, 4), (6, 2), (3, 3), (5, 10)])  # rounds of 12:6, then 6 in all, then 5:10
    assert samples(one, NO_HOLDS).losses == [(12, 6), (5, 10)]
    assert measure(samples(one, NO_HOLDS))["P10_losses_ratio"] == pytest.approx((2.0 + 0.5) / 2)


def test_a_round_that_cost_only_one_side_has_a_ratio_without_end() -> None:
    found = [(measure(samples(with_losses([0], [pair]), NO_HOLDS))["P10_losses_ratio"]) for pair in ((12, 0), (0, 12))]
    assert found == [math.inf, 0.0]


def test_losses_are_those_of_the_side_whoever_began() -> None:
    events = {
        "kind": np.array(["clash"] * 3, object), "initiator": np.array(["A", "B", "B"], object),
        "target": np.array(["B", "A", "C"], object), "deaths_initiator": np.array([1, 2, 9]),
        "deaths_target": np.array([3, 4, 9]), "deaths_civilians": np.array([5, 5, 5]), "day": np.array([0, 1, 2]),
        "town": np.array(["x"] * 3, object), "lat": np.zeros(3), "lon": np.zeros(3),
    }  # fmt: skip
    assert side_losses(events, "A").tolist() == [[1, 3], [4, 2], [0, 0]]
    found = rebel_log(events, ["A", "B"], 10, "A")
    assert found.losses is not None
    assert found.losses.tolist() == [[1, 3], [4, 2]]
    assert found.since(1).losses.tolist() == [[4, 2]]  # type: ignore[union-attr]
    assert found.until(1).losses.tolist() == [[1, 3]]  # type: ignore[union-attr]
    assert rebel_log(events, ["A", "B"], 10).losses is None


def test_the_first_days_of_a_log_end_with_the_window() -> None:
    plain = log([0, 4, 9])
    long = Log(plain.day, plain.day + 3, plain.place, plain.lat, plain.lon, plain.deaths, plain.summary, 100)
    cut = long.until(6)
    assert (cut.day.tolist(), cut.end.tolist(), cut.days) == ([0, 4], [3, 5], 6)
    assert long.until(100) is long


def test_towns_and_deaths_by_government_are_per_window() -> None:
    one = samples(log([0]), NO_HOLDS, Theatre(changed=3, before=(30, 10), after=(5, 20)))
    other = samples(log([0]), NO_HOLDS, Theatre(changed=1, after=(15, 20)))
    found = measure(pool([one, other]))
    assert found["P11_towns_changed"] == 2
    assert found["P12_government_deaths_before"] == 3.0
    assert found["P12_government_deaths_after"] == 0.5


def test_variance_to_mean_of_weekly_events() -> None:
    found = measure(samples(log([0, 0, 0, 0, 7, 7], window=21), NO_HOLDS))  # 4, 2, 0
    assert found["P8_weekly_variance_to_mean"] == pytest.approx(4 / 2)
    assert math.isnan(measure(samples(log([0] * 6), NO_HOLDS), hawkes=False)["P7_branching"])
