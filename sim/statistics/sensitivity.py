"""Sensitivity of a statistic to uncertain inputs, and the share of its variance that is chance.

A run has a seed and a point in the space of uncertain inputs. Every measure has a floor, below which an input is not
distinguished from chance: the effect of a dummy input, which no model reads, or of shuffled runs.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

SHUFFLES = 500
RESAMPLES = 500
SLICES = 10  # of an input's range, for PAWN
LEAST_IN_SLICE = 5  # runs
AT_ONCE = 2_000_000  # numbers in an array of PAWN


class Split(NamedTuple):
    """Share of the variance that inputs explain, 0..1, with its 95 % interval; NaN if it cannot be estimated."""

    inputs: float
    low: float
    high: float


UNKNOWN = Split(math.nan, math.nan, math.nan)


def explained(points: np.ndarray, values: np.ndarray) -> Split:
    """Return the share of a statistic's variance over runs that is linear in the inputs; the rest counts as chance.

    Moments are matched as for heritability (Ge et al. 2017, PLoS Genet 13:e1006711; Dicker 2014, Biometrika 101:269). The
    estimate is unbiased even with more inputs than runs. Inputs must be independent, as the designs draw them. The interval
    is by the jackknife.

    Args:
        points: inputs f8 [n, k], one point a run.
        values: the statistic f8 [n].

    Returns:
        The share, 0 to 1, with its 95 % interval; NaN with fewer than 8 runs, without inputs or without variance.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.sensitivity import explained
        >>> random = np.random.default_rng(1)
        >>> points = random.uniform(size=(400, 4))
        >>> split = explained(points, 3 * points[:, 0] + random.normal(size=400))  # the true share is 0.43
        >>> split.low < 0.43 < split.high
        True
    """
    n, k = points.shape
    if n < 8 or k == 0 or np.ptp(values) == 0:
        return UNKNOWN
    y, x = _standard(values), _standard(points)
    alike = x @ x.T  # of runs in their inputs
    own, through = np.diag(alike), alike @ y
    trace, square, form, total = own.sum(), np.sum(alike**2), y @ through, y @ y
    whole = float(_matched(form, total, trace, square, n, k))
    without = _matched(
        form - 2 * y * through + own * y**2,
        total - y**2,
        trace - own,
        square - 2 * np.sum(alike**2, axis=1) + own**2,
        n - 1,
        k,
    )
    half = float(stdtrit(n - 1, 0.975)) * _jackknife(without)
    low, share, high = np.clip([whole - half, whole, whole + half], 0.0, 1.0)
    return Split(float(share), float(low), float(high))


def _jackknife(without: np.ndarray) -> float:
    """Return the standard error of an estimate from the estimates without each of n parts, f8 [n]."""
    n = len(without)
    return math.sqrt((n - 1) / n * float(np.sum((without - without.mean()) ** 2)))


def _standard(values: np.ndarray) -> np.ndarray:
    """Return columns with mean 0 and variance 1; those that do not vary become 0."""
    centred = values - values.mean(axis=0)
    spread = values.std(axis=0, ddof=1)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def _matched(form: Any, total: Any, trace: Any, square: Any, n: int, k: int) -> Any:
    """Return the share h that solves y'Ky = h tr(K^2)/k + (1 - h) tr(K), for y of variance 1; all may be arrays."""
    return (form / (total / (n - 1)) - trace) / (square / k - trace)


def repeated(values: np.ndarray) -> Split:
    """Return the share of the variance due to inputs; values f8 [seeds, points], every seed at every point (two-way ANOVA).

    The rest is chance: seeds, and the interaction of seeds and inputs. Interval by the jackknife over seeds.
    """
    seeds, points = values.shape
    if seeds < 2 or points < 2 or np.ptp(values) == 0:
        return UNKNOWN
    share = _anova_share(values)
    if seeds < 3:
        return Split(share, math.nan, math.nan)
    without = np.array([_anova_share(np.delete(values, row, axis=0)) for row in range(seeds)])
    half = float(stdtrit(seeds - 1, 0.975)) * _jackknife(without)
    return Split(share, max(share - half, 0.0), min(share + half, 1.0))


def _anova_share(values: np.ndarray) -> float:
    seeds, points = values.shape
    mean, by_point, by_seed = values.mean(), values.mean(axis=0), values.mean(axis=1)
    rest = values - by_point - by_seed[:, None] + mean
    residual = float(np.sum(rest**2)) / ((seeds - 1) * (points - 1))
    of_points = (seeds * float(np.sum((by_point - mean) ** 2)) / (points - 1) - residual) / seeds
    of_seeds = (points * float(np.sum((by_seed - mean) ** 2)) / (seeds - 1) - residual) / points
    total = max(of_points, 0.0) + max(of_seeds, 0.0) + residual
    return max(of_points, 0.0) / total if total > 0 else math.nan


class Effects(NamedTuple):
    """Effect of each input on a statistic over its whole range, by linear regression on that input: f8 [k] each."""

    effect: np.ndarray
    half_width: np.ndarray  # 95 %
    slope: np.ndarray  # per unit of the input
    noise: float  # 95 % of the largest |effect| of any input with the runs shuffled
    p: float  # that the largest |effect| of any input is so large by chance: share of shuffles; if none is, Student's t (Sidak)


def effects(points: np.ndarray, values: np.ndarray, ranges: np.ndarray, seed: int) -> Effects:
    """Return the effects of inputs f8 [n, k] on f8 [n]; `ranges` f8 [k] is high less low of each. Needs n of 4 or more."""
    n, k = points.shape
    x, y = points - points.mean(axis=0), values - values.mean()
    square = np.sum(x**2, axis=0)
    safe = np.where(square > 0, square, 1.0)
    slope = (x.T @ y) / safe
    rest = np.maximum(float(y @ y) - slope**2 * square, 0.0) / max(n - 2, 1)
    half = float(stdtrit(max(n - 2, 1), 0.975)) * np.sqrt(rest / safe) * ranges
    largest = np.max(np.abs(y[_shuffles(n, seed)] @ (x * (ranges / safe))), axis=1) if k else np.zeros(SHUFFLES)
    effect = slope * ranges
    as_large = int(np.count_nonzero(largest >= np.max(np.abs(effect), initial=0.0) * (1 - 1e-9)))
    p = (1 + as_large) / (1 + SHUFFLES)
    if as_large == 0 and k:
        t = float(np.max(np.abs(slope) * np.sqrt(square / np.where(rest > 0, rest, 1e-300))))
        of_t = 2 * float(stdtr(max(n - 2, 1), -t))
        p = min(p, -math.expm1(k * math.log1p(-min(of_t, 0.5))))
    return Effects(effect, half, slope, float(np.percentile(largest, 95)), p)


@lru_cache(maxsize=4)
def _shuffles(n: int, seed: int) -> np.ndarray:
    """Return SHUFFLES orders of n runs, i8 [SHUFFLES, n], the same for all statistics of a comparison."""
    return np.random.default_rng(seed).permuted(np.tile(np.arange(n), (SHUFFLES, 1)), axis=1)


def pawn(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return PAWN indices (Pianosi & Wagener 2015, Environ Model Softw 67:1; from any sample: 2018, same journal 108:33).

    The range of an input is cut into SLICES of equally many runs. The index is the largest distance between the distribution of
    the statistic in a slice and over all runs (Kolmogorov-Smirnov), in the median of the slices. It also sees effects that are
    no straight line. Its floor is the index of a dummy input. The same as the median of SALib's, in a hundredth of the time.

    Args:
        points: inputs f8 [n, k], one point a run.
        values: the statistic f8 [n].

    Returns:
        f8 [k], 0 (no effect) to 1; NaN for all with fewer than LEAST_IN_SLICE runs a slice, and for an input that does not vary.

    Example:
        >>> import numpy as np
        >>> from sim.statistics.sensitivity import pawn
        >>> points = np.random.default_rng(1).uniform(-1, 1, size=(1000, 2))
        >>> pawn(points, points[:, 0] ** 2).round(1).tolist()
        [0.6, 0.1]
    """
    n, k = points.shape
    indices = np.full(k, math.nan)
    if n < SLICES * LEAST_IN_SLICE:
        return indices
    order = np.argsort(values, kind="stable")
    ranked, sample = values[order], points[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each run of equal values
    overall = (last + 1) / n
    edges = np.quantile(sample, np.arange(1, SLICES) / SLICES, axis=0)
    vary = np.flatnonzero(np.ptp(sample, axis=0) > 0)
    for chosen in np.array_split(vary, max(1, math.ceil(SLICES * n * len(vary) / AT_ONCE))):
        slice_of = np.sum(edges[:, None, chosen] <= sample[:, chosen], axis=0)
        members = slice_of == np.arange(SLICES)[:, None, None]  # bool [SLICES, n, inputs]
        within = np.cumsum(members, axis=1, dtype=np.int32)[:, last]
        with np.errstate(invalid="ignore"):
            shares = within / within[:, -1:]  # NaN in a slice that an input of few levels leaves empty
        largest = np.sort(np.abs(shares - overall[:, None]).max(axis=1), axis=0)
        slices, column = np.sum(~np.isnan(largest), axis=0), np.arange(len(chosen))
        indices[chosen] = (largest[(slices - 1) // 2, column] + largest[slices // 2, column]) / 2  # the median
    return indices


class Elementary(NamedTuple):
    """Elementary effects over an input's whole range (Morris 1991; mu_star: Campolongo et al. 2007): f8 [k] each."""

    mu: np.ndarray
    mu_star: np.ndarray
    sigma: np.ndarray
    half_width: np.ndarray  # of mu_star, 95 %


def morris(points: np.ndarray, values: np.ndarray, levels: int, seed: int) -> Elementary:
    """Return elementary effects (Morris 1991, Technometrics 33:161; mu_star: Campolongo et al. 2007, Environ Model Softw 22:1509).

    Args:
        points: r trajectories through the unit cube, f8 [r (k + 1), k].
        values: the statistic f8 [r (k + 1)].
        levels: levels of the design.
        seed: seed of the bootstrap.

    Example:
        >>> from SALib.sample import morris as design
        >>> from sim.statistics.sensitivity import morris
        >>> problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}
        >>> points = design.sample(problem, 10, num_levels=4, seed=1)
        >>> morris(points, 2 * points[:, 0] + points[:, 1], 4, seed=1).mu_star.round(6).tolist()
        [2.0, 1.0]
    """
    from SALib.analyze import morris as salib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SALib divides by a spread of 0 if a statistic does not vary
        analysis = salib.analyze(
            _problem(points.shape[1]),
            points,
            values.astype(float),
            num_levels=levels,
            num_resamples=RESAMPLES,
            seed=seed,
        )
    names = ("mu", "mu_star", "sigma", "mu_star_conf")
    return Elementary(*(np.asarray(analysis[name], dtype=float) for name in names))


class Indices(NamedTuple):
    """First-order and total Sobol indices (Saltelli et al. 2010; total: Jansen 1999) with 95 % half-widths: f8 [k] each."""

    first: np.ndarray
    first_half_width: np.ndarray
    total: np.ndarray
    total_half_width: np.ndarray


def sobol(values: np.ndarray, inputs: int, seed: int) -> Indices:
    """Return Sobol indices (first order: Saltelli et al. 2010, Comput Phys Commun 181:259; total: Jansen 1999, same journal 117:35).

    Args:
        values: the statistic f8 [n (inputs + 2)] on Saltelli's design without second order.
        inputs: number of inputs.
        seed: seed of the bootstrap.

    Returns:
        Indices f8 [inputs] with 95 % half-widths; NaN if the statistic does not vary.

    Example:
        >>> from SALib.sample import sobol as design
        >>> from sim.statistics.sensitivity import sobol
        >>> problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}
        >>> points = design.sample(problem, 256, calc_second_order=False, seed=1)
        >>> sobol(2 * points[:, 0] + points[:, 1], 2, seed=1).first.round(1).tolist()
        [0.8, 0.2]
    """
    from SALib.analyze import sobol as salib

    if np.ptp(values) == 0:
        return Indices(*(np.full(inputs, math.nan) for _ in range(4)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SALib divides by a spread of 0 in a resample that does not vary
        analysis = salib.analyze(
            _problem(inputs), values.astype(float), calc_second_order=False, num_resamples=RESAMPLES, seed=seed
        )
    return Indices(*(np.asarray(analysis[name], dtype=float) for name in ("S1", "S1_conf", "ST", "ST_conf")))


def _problem(inputs: int) -> dict[str, object]:
    return {"num_vars": inputs, "names": [f"x{n}" for n in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}
