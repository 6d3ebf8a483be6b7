"""Hawkes processes: simulation against theory, and fits and filters against the parameters that the data were simulated with."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.statistics.hawkes import (
    Hawkes,
    Level,
    Times,
    TwoLevelHawkes,
    daily_counts,
    excitation_after,
    fit_hawkes,
    fit_two_level,
    level_after,
    simulate_hawkes,
    simulate_two_level,
)

TRUE = TwoLevelHawkes((0.05, 0.9), (0.3, 0.4), 4.0, 0.02, 0.05)


def test_fit_of_a_simulated_plain_process_recovers_its_parameters() -> None:
    course, time = simulate_hawkes(Hawkes(0.1, 0.7, 3.0, 0.0, 0), 10_000.0, np.random.default_rng(4), 2)
    fit = fit_hawkes([Times(np.sort(time[course == member]), 10_000.0) for member in (0, 1)])
    assert fit is not None
    assert (fit.mu, fit.branching, fit.lag) == pytest.approx((0.1, 0.7, 3.0), rel=0.1)


def test_past_events_raise_the_mean_by_the_offspring_still_due() -> None:
    fit = Hawkes(0.2, 0.5, 2.0, 0.0, 0)
    excited = excitation_after(np.array([9.0, 10.0]), 10.0, 2.0)
    assert excited == pytest.approx(1 + math.exp(-0.5))
    counts = [
        np.bincount(simulate_hawkes(fit, 400.0, np.random.default_rng(5), 4000, past)[0], minlength=4000).mean()
        for past in (0.0, excited)
    ]
    assert counts[1] - counts[0] == pytest.approx(excited * 0.5 / (1 - 0.5), abs=0.8)


def test_a_process_that_grows_without_end_is_cut_off() -> None:
    course, _ = simulate_hawkes(Hawkes(5.0, 3.0, 1.0, 0.0, 0), 1000.0, np.random.default_rng(6), 10)
    assert 1_000_000 <= len(course) < 10_000_000


@pytest.mark.parametrize("simulated", [0, 1])
def test_no_days_and_no_immigrants_give_no_events(simulated: int) -> None:
    course, time = simulate_hawkes(Hawkes(0.0, 0.5, 2.0, 0.0, 0), 10.0 * simulated, np.random.default_rng(7), 3)
    assert len(course) == len(time) == 0


@pytest.mark.slow
def test_fit_of_a_simulated_two_level_process_recovers_its_parameters() -> None:
    fit = fit_two_level(simulate_two_level(TRUE, 9000, np.random.default_rng(1), 1)[0])
    assert fit is not None
    assert fit.mu == pytest.approx(TRUE.mu, rel=0.25)
    assert fit.branching == pytest.approx(TRUE.branching, abs=0.1)
    assert fit.lag == pytest.approx(TRUE.lag, rel=0.35)
    assert (fit.become_active, fit.become_calm) == pytest.approx((0.02, 0.05), rel=0.3)


def test_a_fit_is_at_least_as_likely_as_the_truth_and_as_a_plain_process_in_days() -> None:
    counts = simulate_two_level(TRUE, 1500, np.random.default_rng(2), 1)[0]
    fit = fit_two_level(counts)
    assert fit is not None
    assert fit.events == counts.sum()
    assert fit.log_likelihood > likelihood_by_paths(TRUE, counts) - 1e-6


def likelihood_by_paths(fit: TwoLevelHawkes, counts: np.ndarray) -> float:
    """Return the log-likelihood up to the factorials, by a product of matrices."""
    decay, excited, total = math.exp(-1 / fit.lag), 0.0, 0.0
    move = np.array([[1 - fit.become_active, fit.become_active], [fit.become_calm, 1 - fit.become_calm]])
    state = np.array([1 - fit.active_share, fit.active_share])
    for count in counts:
        mean = np.array(fit.mu) + np.array(fit.branching) * excited
        joint = state * mean**count * np.exp(-mean)
        total += math.log(joint.sum())
        state = joint / joint.sum() @ move
        excited = decay * excited + (1 - decay) * count
    return total


def test_the_likelihood_is_that_of_the_sum_over_paths() -> None:
    counts = simulate_two_level(TRUE, 400, np.random.default_rng(3), 1)[0]
    fit = fit_two_level(counts)
    assert fit is not None
    assert fit.log_likelihood == pytest.approx(likelihood_by_paths(fit, counts))


def test_too_few_events_give_no_fit() -> None:
    assert fit_two_level(daily_counts(np.arange(9), 100)) is None


def test_the_filtered_level_follows_the_counts() -> None:
    busy, quiet = np.r_[np.zeros(60), np.full(10, 3)], np.r_[np.full(10, 3), np.zeros(60)]
    assert level_after(TRUE, busy).active > 0.9
    assert level_after(TRUE, quiet).active < 0.3
    assert level_after(TRUE, np.zeros(0)) == pytest.approx(Level(TRUE.active_share, 0.0))
    decay = math.exp(-1 / TRUE.lag)
    assert level_after(TRUE, np.array([2, 1])).excitation == pytest.approx((1 - decay) * (2 * decay + 1))


def test_the_filtered_level_is_right_as_often_as_it_claims() -> None:
    shown = [simulate_two_level(TRUE, 300, np.random.default_rng(seed), 1)[0] for seed in range(300)]
    chances = np.array([level_after(TRUE, counts[:250]).active for counts in shown])
    ahead = np.array([counts[250:264].sum() for counts in shown])
    assert chances.mean() == pytest.approx(TRUE.active_share, abs=0.06)
    assert ahead[chances > 0.8].mean() > 3 * ahead[chances < 0.2].mean()


def test_a_simulation_continues_from_its_level_and_repeats_with_its_seed() -> None:
    means = {
        active: simulate_two_level(TRUE, 20, np.random.default_rng(8), 2000, Level(active, 0.0)).mean()
        for active in (0.0, 1.0)
    }
    assert means[1.0] > 2 * means[0.0]
    again = simulate_two_level(TRUE, 20, np.random.default_rng(8), 2000, Level(1.0, 0.0)).mean()
    assert again == means[1.0]
    excited = simulate_two_level(TRUE, 20, np.random.default_rng(8), 2000, Level(0.0, 5.0)).mean()
    assert excited > means[0.0]
