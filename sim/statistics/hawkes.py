"""Hawkes process with an exponential kernel, fitted by maximum likelihood: how far events set off events.

Intensity at t is mu + sum over earlier events of (branching / lag) exp(-(t - t_i) / lag). Daily data have ties: the
events of one day are spread evenly over that day, which is deterministic. Hawkes 1971, Biometrika 58; the recursion
for the log-likelihood is Ozaki's 1979, Ann Inst Stat Math 31; offspring due after the window's end are accounted for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Hawkes(NamedTuple):
    """A fitted process. `mu` in events a day; `branching` in offspring an event; `lag` in days."""

    mu: float
    branching: float
    lag: float
    log_likelihood: float
    events: int


class Times(NamedTuple):
    """Event times in days, ascending, within a window of `days` days."""

    times: np.ndarray
    days: float


def spread_ties(day: np.ndarray) -> np.ndarray:
    """Return times in days: the k events of a day are put at (1/2k, 3/2k, ...) of it. `day`: whole days, ascending."""
    day = np.asarray(day, dtype=float)
    _, first, inverse, count = np.unique(day, return_index=True, return_inverse=True, return_counts=True)
    rank = np.arange(len(day)) - first[inverse]
    return day + (rank + 0.5) / count[inverse]


def _expect(times: list[float], mu: float, branching: float, lag: float) -> tuple[float, float, float, float]:
    """Return the expected immigrants, offspring and sum of their delays in days, and the sum of log intensities."""
    immigrants = offspring = delays = logs = 0.0
    excitation = weighted = 0.0  # sums over earlier events of exp(-dt/lag) and of dt exp(-dt/lag)
    before = times[0] if times else 0.0
    for time in times:
        gap = time - before
        decay = math.exp(-gap / lag)
        weighted = decay * (weighted + gap * excitation)
        excitation *= decay
        rate = mu + branching / lag * excitation
        immigrants += mu / rate
        offspring += branching / lag * excitation / rate
        delays += branching / lag * weighted / rate
        logs += math.log(rate)
        excitation += 1.0
        before = time
    return immigrants, offspring, delays, logs


def _slope(
    parameters: np.ndarray, lists: list[list[float]], window: float, ahead: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return minus the log-likelihood and its slope, at the logarithms of mu, branching and lag.

    By Fisher's identity the slope is that of the expected log-likelihood of the unseen family tree.
    """
    mu, branching, lag = (math.exp(value) for value in parameters)
    sums = [_expect(times, mu, branching, lag) for times in lists]
    immigrants, offspring, delays, logs = (math.fsum(column) for column in zip(*sums, strict=True))
    missing = np.exp(-ahead / lag)  # share of each event's offspring that is due after the window's end
    seen = float(np.sum(1.0 - missing))
    likelihood = logs - mu * window - branching * seen
    slope_lag = -offspring + delays / lag + branching * float(np.sum(ahead * missing)) / lag
    return -likelihood, -np.array([immigrants - mu * window, offspring - branching * seen, slope_lag])


def fit_hawkes(sequences: Sequence[Times]) -> Hawkes | None:
    """Fit a Hawkes process with an exponential kernel by maximum likelihood.

    Searched within mu 1e-6..100 events a day, branching 1e-4..5 offspring an event, lag 0.05..365 days.

    Args:
        sequences: one or several independent sequences of event times, in days.

    Returns:
        The fitted process; None with fewer than 5 events in all.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
        >>> days = np.repeat(np.arange(0, 200, 10), 4)  # four events on every tenth day
        >>> fitted = fit_hawkes([Times(spread_ties(days), 200.0)])
        >>> fitted.events, 0.6 < fitted.branching < 0.9, fitted.lag < 1
        (80, True, True)
    """
    from scipy.optimize import minimize  # slow to import, and needed for patterns only

    lists = [[float(time) for time in sequence.times] for sequence in sequences]
    total, window = sum(map(len, lists)), float(sum(sequence.days for sequence in sequences))
    if total < 5:
        return None
    ahead = np.concatenate([sequence.days - np.asarray(sequence.times, dtype=float) for sequence in sequences])
    start = np.log([0.5 * total / window, 0.5, 3.0])
    bounds = [(math.log(low), math.log(high)) for low, high in ((1e-6, 100.0), (1e-4, 5.0), (0.05, 365.0))]
    best = minimize(_slope, start, args=(lists, window, ahead), jac=True, method="L-BFGS-B", bounds=bounds)
    mu, branching, lag = (float(value) for value in np.exp(best.x))
    return Hawkes(mu, branching, lag, -float(best.fun), total)
