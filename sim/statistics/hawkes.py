"""Hawkes processes, plain and of two levels: fitted by maximum likelihood, filtered to the window's end, and simulated forward.

Plain: intensity at t is mu + sum over earlier events of (branching / lag) exp(-(t - t_i) / lag). Daily data have ties: the
events of one day are spread evenly over that day, which is deterministic. Hawkes 1971, Biometrika 58; the recursion
for the log-likelihood is Ozaki's 1979, Ann Inst Stat Math 31; offspring due after the window's end are accounted for.

Two levels, in days: a hidden Markov chain is calm or active, and the events of day t are Poisson with mean mu[level] +
branching[level] * e_t, with e_t = d e_(t-1) + (1 - d) n_(t-1) and d = exp(-1/lag). This is the Markov-modulated Hawkes process of
Wang, Bebbington & Harte 2012, Ann Inst Stat Math 64:521, in discrete time; since e_t depends on counts alone, Hamilton's 1989
filter (Econometrica 57:357) gives the exact likelihood.
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
    log_likelihood: float = math.nan
    events: int = 0


class TwoLevelHawkes(NamedTuple):
    """A fitted process of two levels. Pairs are (calm, active): `mu` in events a day, `branching` in offspring an event."""

    mu: tuple[float, float]
    branching: tuple[float, float]
    lag: float  # mean delay of offspring, days
    become_active: float  # chance a day that a calm day is followed by an active one
    become_calm: float  # chance a day that an active day is followed by a calm one
    log_likelihood: float = math.nan
    events: int = 0

    @property
    def active_share(self) -> float:
        """Long-run share of active days."""
        return self.become_active / (self.become_active + self.become_calm)


def two_level_of(
    mu: Sequence[float], branching: Sequence[float], lag: float, become_active: float, become_calm: float
) -> TwoLevelHawkes:
    """Return a process of two levels from lists of (calm, active), as files hold them."""
    return TwoLevelHawkes((mu[0], mu[1]), (branching[0], branching[1]), lag, become_active, become_calm)


class Level(NamedTuple):
    """Where a process of two levels is on the evening of a day."""

    active: float  # chance that the next day is active
    excitation: float  # the next day's e_t, in events a day


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


MOST_EVENTS = 1_000_000  # of a process with more than one offspring an event


def excitation_after(times: np.ndarray, days: float, lag: float) -> float:
    """Return how excited a plain process is at the end of a window of `days` days: the sum of exp(-age / lag) over events."""
    return float(np.exp(-(days - np.asarray(times, dtype=float)) / lag).sum())


def simulate_hawkes(
    fit: Hawkes, days: float, rng: np.random.Generator, members: int, excitation: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a plain process forward over `days` days, `members` times.

    By its family tree: immigrants, offspring still due of past events, and theirs (Hawkes & Oakes 1974, J Appl Prob 11:493).

    Args:
        fit: the process; a branching above 1 is cut off after `MOST_EVENTS` events.
        days: length of the window.
        rng: source of random numbers.
        members: number of courses.
        excitation: of the past, as `excitation_after` gives it; 0 without history.

    Returns:
        The course of each event, i8 [K], and its time in days, f8 [K]; not in order of time.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.hawkes import Hawkes, simulate_hawkes
        >>> course, time = simulate_hawkes(Hawkes(0.1, 0.5, 3.0, 0.0, 0), 1000.0, np.random.default_rng(1), 50)
        >>> 180 < len(time) / 50 < 220  # 0.1 / (1 - 0.5) events a day
        True
    """
    new = rng.poisson(fit.mu * days, size=members)
    due = rng.poisson(fit.branching * excitation, size=members)
    member = np.concatenate([np.repeat(np.arange(members), new), np.repeat(np.arange(members), due)])
    time = np.concatenate([rng.uniform(0, days, int(new.sum())), rng.exponential(fit.lag, int(due.sum()))])
    courses, times, total = [], [], 0
    while len(time) and total < MOST_EVENTS:
        inside = time < days
        member, time = member[inside], time[inside]
        total += len(time)
        courses.append(member)
        times.append(time)
        children = rng.poisson(fit.branching, size=len(time))
        member = np.repeat(member, children)
        time = np.repeat(time, children) + rng.exponential(fit.lag, int(children.sum()))
    if not courses:
        return np.zeros(0, np.int64), np.zeros(0)
    return np.concatenate(courses), np.concatenate(times)


STARTS = [(lag, active, calm) for lag in (2.0, 8.0) for active, calm in ((0.01, 0.02), (0.03, 0.06))]
LOW = (1e-5, 1e-4, 1e-4, 1e-4, 0.2, 1e-4, 1e-4)  # mu calm, mu active, branching calm, branching active, lag, chances
HIGH = (20.0, 50.0, 0.98, 0.98, 60.0, 1 / 14, 1 / 14)


def daily_counts(day: np.ndarray, days: int) -> np.ndarray:
    """Return the events of each day of a window: i8 [days], from whole days counted from its start."""
    return np.bincount(np.asarray(day, dtype=np.int64), minlength=days)[:days]


def fit_two_level(counts: np.ndarray) -> TwoLevelHawkes | None:
    """Fit a process of two levels to daily counts by maximum likelihood, from several starting points.

    Searched within the bounds `LOW` and `HIGH`: branching stays below 1, and a level lasts 14 days or more in the mean, since
    shorter bursts are what excitation is for (else the active level becomes the one or two days with most events). The active
    level is the one with more immigrants a day.

    Args:
        counts: events of each day, i8 [days].

    Returns:
        The fitted process; None with fewer than 10 events, from which two levels cannot be told apart.
    """
    from scipy.optimize import minimize  # slow to import, and needed for patterns only

    counts = np.asarray(counts, dtype=float)
    total = int(counts.sum())
    if total < 10:
        return None
    rate = total / len(counts)
    bounds = [(math.log(low), math.log(high)) for low, high in zip(LOW, HIGH, strict=True)]
    best = None
    for lag, active, calm in STARTS:
        start = np.log([0.2 * rate, 2 * rate, 0.4, 0.4, lag, active, calm])
        start = np.clip(start, *np.array(bounds).T)
        tried = minimize(_two_level_slope, start, args=(counts,), jac=True, method="L-BFGS-B", bounds=bounds)
        best = tried if best is None or tried.fun < best.fun else best
    assert best is not None
    calm_mu, active_mu, calm_n, active_n, lag, rise, fall = (float(value) for value in np.exp(best.x))
    if calm_mu > active_mu:
        calm_mu, active_mu, calm_n, active_n, rise, fall = active_mu, calm_mu, active_n, calm_n, fall, rise
    return TwoLevelHawkes((calm_mu, active_mu), (calm_n, active_n), lag, rise, fall, -float(best.fun), total)


def _excitations(counts: np.ndarray, lag: float) -> tuple[np.ndarray, np.ndarray]:
    """Return e_t of each day and of the day after the last, f8 [days + 1], and its slope at the logarithm of the lag."""
    decay = math.exp(-1.0 / lag)
    value = slope = 0.0
    values, slopes = [0.0], [0.0]
    for count in counts.tolist():
        slope = value - count + decay * slope
        value = decay * value + (1.0 - decay) * count
        values.append(value)
        slopes.append(slope)
    return np.array(values), np.array(slopes) * decay / lag


def _forward(chances: np.ndarray, rise: float, fall: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Hamilton's filter over likelihoods f8 [days, 2] of each day's count on each level.

    Predicted and filtered chance of the active level, f8 [days + 1] and f8 [days], and the likelihood of each day.
    """
    before = rise / (rise + fall)
    predicted, filtered, scale = [before], [], []
    for calm, active in chances.tolist():
        total = before * active + (1.0 - before) * calm
        now = before * active / total
        before = now * (1.0 - fall) + (1.0 - now) * rise
        predicted.append(before)
        filtered.append(now)
        scale.append(total)
    return np.array(predicted), np.array(filtered), np.array(scale)


def _smoothed(predicted: np.ndarray, filtered: np.ndarray, rise: float, fall: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of the active level on each day given all days, and the expected changes of level.

    Kim 1994, J Econometrics 60:1. Changes: f8 [2, 2], from level to level, summed over days.
    """
    later = float(filtered[-1])
    smoothed, moves = [later], [0.0, 0.0, 0.0, 0.0]
    for now, ahead in zip(filtered[-2::-1].tolist(), predicted[-2:0:-1].tolist(), strict=True):
        up, down = later / ahead, (1.0 - later) / (1.0 - ahead)
        pairs = ((1 - now) * (1 - rise) * down, (1 - now) * rise * up, now * fall * down, now * (1 - fall) * up)
        moves = [one + other for one, other in zip(moves, pairs, strict=True)]
        later = pairs[2] + pairs[3]
        smoothed.append(later)
    return np.array(smoothed[::-1]), np.array(moves).reshape(2, 2)


def _chances(counts: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the Poisson likelihood of each day's count on each level, f8 [days, 2], the greater of a day's set to 1.

    And the sum of the logarithms taken out, without those of the factorials.
    """
    logs = counts[:, None] * np.log(means) - means
    greater = logs.max(axis=1)
    return np.exp(logs - greater[:, None]), float(greater.sum())


def _two_level_slope(parameters: np.ndarray, counts: np.ndarray) -> tuple[float, np.ndarray]:
    """Return minus the log-likelihood, up to a constant, and its slope, at the logarithms of the seven parameters.

    By Fisher's identity the slope is that of the expected log-likelihood of counts and levels.
    """
    values = np.exp(parameters)
    mu, branching, lag, rise, fall = values[:2], values[2:4], float(values[4]), float(values[5]), float(values[6])
    excited, excited_slope = (column[:-1] for column in _excitations(counts, lag))
    means = mu + branching * excited[:, None]
    chances, taken_out = _chances(counts, means)
    predicted, filtered, scale = _forward(chances, rise, fall)
    active, moves = _smoothed(predicted, filtered, rise, fall)
    weights = np.stack([1.0 - active, active], axis=1) * (counts[:, None] / means - 1.0)
    first = active[0]
    share = rise / (rise + fall)
    slope_rise = moves[0, 1] - moves[0, 0] * rise / (1 - rise) + first * (1 - share) - (1 - first) * share
    slope_fall = moves[1, 0] - moves[1, 1] * fall / (1 - fall) - first * (1 - share) + (1 - first) * share
    slope_lag = float((weights * branching * excited_slope[:, None]).sum())
    slopes = [*(weights.sum(0) * mu), *((weights * excited[:, None]).sum(0) * branching), slope_lag]
    return -float(np.log(scale).sum() + taken_out), -np.array([*slopes, slope_rise, slope_fall])


def level_after(fit: TwoLevelHawkes, counts: np.ndarray, calm_day: int | None = None) -> Level:
    """Return where a process of two levels is after so many days of counts, i8 [days]: its filtered level and excitation.

    `calm_day`: a day of the window, or the day after it, that is known to be calm, such as that after an agreement.
    """
    counts = np.asarray(counts, dtype=float)
    excited = _excitations(counts, fit.lag)[0]
    means = np.array(fit.mu) + np.array(fit.branching) * excited[:-1, None]
    chances = _chances(counts, means)[0]
    if calm_day == len(counts):
        return Level(0.0, float(excited[-1]))
    if calm_day is not None:
        chances[calm_day] = 1.0, 0.0
    predicted = _forward(chances, fit.become_active, fit.become_calm)[0]
    return Level(float(predicted[-1]), float(excited[-1]))


def simulate_two_level(
    fit: TwoLevelHawkes, days: int, rng: np.random.Generator, members: int, level: Level | None = None
) -> np.ndarray:
    """Simulate a process of two levels forward over `days` days, `members` times.

    Args:
        fit: the process.
        days: length of the window.
        rng: source of random numbers.
        members: number of courses.
        level: where it is before the first day, as `level_after` gives it; in its long run and not excited if None.

    Returns:
        Events of each day of each course, i8 [members, days].

    Example:
        >>> import numpy as np
        >>> from sim.statistics.hawkes import TwoLevelHawkes, simulate_two_level
        >>> fit = TwoLevelHawkes((0.05, 1.0), (0.0, 0.0), 3.0, 0.1, 0.1)
        >>> counts = simulate_two_level(fit, 500, np.random.default_rng(1), 40)
        >>> counts.shape, 0.4 < counts.mean() < 0.65
        ((40, 500), True)
    """
    begun = level or Level(fit.active_share, 0.0)
    decay = math.exp(-1.0 / fit.lag)
    mu, branching = np.array(fit.mu), np.array(fit.branching)
    active = (rng.random(members) < begun.active).astype(np.int64)
    excited = np.full(members, begun.excitation)
    counts = np.zeros((members, days), dtype=np.int64)
    for day in range(days):
        counts[:, day] = rng.poisson(mu[active] + branching[active] * excited)
        excited = decay * excited + (1.0 - decay) * counts[:, day]
        changed = rng.random(members) < np.where(active == 1, fit.become_calm, fit.become_active)
        active = np.where(changed, 1 - active, active)
    return counts
