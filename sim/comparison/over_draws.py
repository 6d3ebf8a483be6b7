"""What a comparison says over the draws of a posterior: which differences nearly all draws share, which depend on inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.comparison.matched_runs import DUMMY, INPUT, MatchedRuns
from sim.comparison.outcomes import HeadlineStatistic, matched_values, varies
from sim.scenario.fields import input_label
from sim.statistics.inference import SEED, SHARE, is_resolved
from sim.statistics.sensitivity import SHUFFLES
from sim.statistics.survival import BOOTSTRAPS, band, draws
from sim.text import percent, three_digits, with_unit
from sim.text import points as points_text

LEAST_DRAWS = 20  # and as many runs more than draws; with fewer the two variances are not estimated
STABLE_SHARE = 0.95  # of draws with the sign of the mean
STABLE, DEPENDS, UNRESOLVED = "stable", "depends on inputs", "not resolved"
VERDICTS = (STABLE, f"probably {STABLE}", f"probably {DEPENDS}", DEPENDS)  # of resolved differences, the firmest first
ROUNDING = 1e-9
BOOTSTRAP_CELLS = 4_000_000  # resamples x draws that are held in memory at once


class DrawMeans(NamedTuple):
    """A paired difference by draw of the inputs, each f8 [draws]: runs, their mean, and the sum of squares round it."""

    runs: np.ndarray
    mean: np.ndarray
    squares: np.ndarray


class Components(NamedTuple):
    """A one-way random effects model, each f8 [resamples]: the mean, the variance between draws and that within a draw."""

    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray


def draw_means(draw: np.ndarray, values: np.ndarray) -> DrawMeans:
    """Return the runs, mean and sum of squares of each draw.

    Args:
        draw: number of the draw of each run, 0 and up without a gap, i8 [runs].
        values: the paired difference of each run, f8 [runs], all finite.
    """
    runs = np.bincount(draw).astype(float)
    mean = np.bincount(draw, values) / runs
    return DrawMeans(runs, mean, np.bincount(draw, (values - mean[draw]) ** 2))


def variance_components(by_draw: DrawMeans, weights: np.ndarray | None = None) -> Components:
    """Split the variance of a paired difference into that between draws of the inputs and that of seeds within a draw.

    Method of moments for unequal numbers of runs (Searle, Casella & McCulloch 1992, Variance Components, ch. 3): with n_i
    runs in each of a draws, N in all, within = MSE = SSE / (N - a) and between = (MSA - MSE) / n0, where
    MSA = sum n_i (mean_i - mean)^2 / (a - 1) and n0 = (N - sum n_i^2 / N) / (a - 1). A negative estimate counts as 0.

    Args:
        by_draw: at least two draws, and more runs than draws.
        weights: how often each draw counts in each resample, f8 [resamples, draws]; each draw once if left out.

    Example:
        >>> import numpy as np
        >>> from sim.comparison.over_draws import draw_means, variance_components
        >>> parts = variance_components(draw_means(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 7.0, 9.0])))
        >>> [float(part[0]) for part in parts]  # MSE = 2, MSA = 36, n0 = 2
        [5.0, 17.0, 2.0]
    """
    weights = np.ones((1, len(by_draw.runs))) if weights is None else weights
    count, all_runs = weights.sum(axis=1), weights @ by_draw.runs
    middle = float(by_draw.runs @ by_draw.mean / by_draw.runs.sum())
    centred = by_draw.mean - middle  # keeps the difference of the next two sums exact
    shift = weights @ (by_draw.runs * centred) / all_runs
    msa = (weights @ (by_draw.runs * centred**2) - all_runs * shift**2) / (count - 1)
    within = weights @ by_draw.squares / np.maximum(all_runs - count, 1)
    size = (all_runs - weights @ by_draw.runs**2 / all_runs) / (count - 1)
    return Components(middle + shift, np.maximum((msa - within) / size, 0.0), within)


def shrunken_means(by_draw: DrawMeans, parts: Components) -> np.ndarray:
    """Return the expected difference of each draw, f8 [resamples, draws], as far as its few runs show it.

    A draw's mean is shrunken towards that of all by the square root of n_i between / (n_i between + within): the spread of
    the results is then that between draws (constrained empirical Bayes; Louis 1984, JASA 79:393). Best linear unbiased
    predictors, which shrink by the ratio itself, lie too close together, and too many would share the sign of the mean.
    """
    signal = parts.between[:, None] * by_draw.runs
    whole = signal + parts.within[:, None]
    weight = np.sqrt(np.divide(signal, whole, out=np.zeros_like(whole), where=whole > 0))
    mean = parts.mean[:, None]
    return np.asarray(mean + weight * (by_draw.mean - mean))


@dataclass(frozen=True, eq=False)
class DrawDifference:
    """The paired difference of a statistic over the draws of a posterior, in the statistic's unit (`SHARE`: 0..1).

    Intervals are of 95 %, by resampling whole draws. `between` and `within` are standard deviations: of the expected
    difference from draw to draw, and of single pairs of runs of one draw. `share`: of draws whose expected difference has
    the sign of the mean; NaN if the mean is 0. `driver`: the input with the strongest rank correlation with the draws'
    means, if stronger than chance, else empty.
    """

    scenario: str
    statistic: str
    label: str
    unit: str
    pairs: int
    mean: float
    low: float
    high: float
    between: float
    between_low: float
    between_high: float
    within: float
    share: float
    share_low: float
    share_high: float
    resolved: bool
    driver: str
    correlation: float
    means: np.ndarray  # f8 [draws], shrunken

    @property
    def verdict(self) -> str:
        """`STABLE`, `DEPENDS` or `UNRESOLVED`."""
        if not self.resolved:
            return UNRESOLVED
        return STABLE if self.share >= STABLE_SHARE else DEPENDS

    @property
    def sure(self) -> bool:
        """Whether the interval of the share lies on one side of `STABLE_SHARE`."""
        return self.share_low >= STABLE_SHARE or self.share_high < STABLE_SHARE

    @property
    def differs(self) -> bool:
        """Whether the expected difference is resolved to vary from draw to draw."""
        return self.between_low > 0

    @property
    def sign_known(self) -> bool:
        """Whether a share of draws of one sign says anything: the mean or the difference between draws is resolved."""
        return math.isfinite(self.share) and (self.resolved or self.differs)

    @property
    def verdict_words(self) -> str:
        """The verdict: "stable", "probably stable", "depends on inputs", "probably depends on inputs", "not resolved"."""
        return self.verdict if self.sure or not self.resolved else f"probably {self.verdict}"

    @property
    def driver_text(self) -> str:
        """On what the difference depends: "most on ceasefire: hold days (rank correlation -0.41)"; empty if it need not."""
        if self.verdict == STABLE or (not self.resolved and not self.differs):
            return ""
        if not self.driver:
            return "no input stands out"
        return f"most on {input_label(self.driver)} (rank correlation {self.correlation:.2f})"

    @property
    def verdict_text(self) -> str:
        """The verdict with the input: "depends on inputs, most on ceasefire: hold days (rank correlation -0.41)"."""
        words = self.verdict_words
        if not self.resolved and self.differs:
            words += ", but draws differ"
        return f"{words}, {self.driver_text}" if self.driver_text else words

    def number_texts(self, between_interval: bool = True) -> tuple[str, str, str, str]:
        """Return the mean, the deviations between draws and within one, and the share of draws of one sign: "-3.2 (-4.1 to -2.2)".

        Shares of runs are in points of percent. "–" for the share of draws if neither the mean nor their difference is resolved.
        `between_interval`: whether the deviation between draws has its interval, for which a screen lacks the room.
        """
        text = points_text if self.unit == SHARE else three_digits
        same = (
            f"{percent(self.share)} ({points_text(self.share_low)} to {points_text(self.share_high)})"
            if self.sign_known
            else "–"
        )
        interval = f" ({text(self.between_low)} to {text(self.between_high)})" if between_interval else ""
        return (
            f"{text(self.mean)} ({text(self.low)} to {text(self.high)})",
            f"{text(self.between)}{interval}",
            text(self.within),
            same,
        )

    @property
    def unit_label(self) -> str:
        """The label with its unit: "days with clashes (days)"."""
        unit = "points of percent" if self.unit == SHARE else self.unit
        return with_unit(self.label, unit)


@dataclass(frozen=True, eq=False)
class OverDraws:
    """The differences of all headline statistics over draws of a posterior; `note` says what the numbers mean."""

    draws: int
    rows: tuple[DrawDifference, ...]  # by statistic, then scenario
    note: str

    def rows_of(self, scenario: str) -> tuple[DrawDifference, ...]:
        """Return the rows of one scenario against the reference."""
        return tuple(row for row in self.rows if row.scenario == scenario)

    @property
    def table(self) -> pd.DataFrame:
        """One row a statistic and scenario, in the units of the statistics."""
        names = (
            "scenario", "statistic", "label", "unit", "pairs", "mean", "low", "high", "between", "between_low", "between_high",
            "within", "share", "share_low", "share_high", "resolved", "verdict", "sure", "driver", "correlation",
        )  # fmt: skip
        return pd.DataFrame([{name: getattr(row, name) for name in names} for row in self.rows])


def over_draws(gathered: MatchedRuns, statistics: list[HeadlineStatistic]) -> OverDraws | None:
    """Return the differences over draws; None unless the design is a posterior with several runs in many draws."""
    if gathered.unmatched or any(part.study.manifest.get("design") != "posterior" for part in gathered.parts):
        return None
    headline = [statistic for statistic in statistics if statistic.headline and varies(gathered, statistic)]
    inputs = {name: _inputs_by_draw(gathered, name) for name in gathered.others}
    rows = tuple(
        row for statistic in headline for name in inputs if (row := _row(gathered, statistic, name, *inputs[name]))
    )
    if not rows:
        return None
    count = max(len(row.means) for row in rows)
    return OverDraws(count, rows, _note(count))


def _note(count: int) -> str:
    return (
        f"Simulated, over {count:,} draws of the inputs from a posterior, each with several seeds. The variance of the paired "
        "difference is split into that between draws and that of seeds within a draw (one-way random effects, method of moments; "
        "Searle, Casella & McCulloch 1992). Intervals of 95 %: "
        f"{BOOTSTRAPS:,} resamples of whole draws. Draw means are shrunken so that their spread is the one between draws (Louis 1984). "
        f"Stable: the mean is resolved and at least {100 * STABLE_SHARE:.0f} % of draws share its sign; probably: the interval of that share "
        f"spans {100 * STABLE_SHARE:.0f} %. Inputs that the posterior does not draw, those of policies among them, are at their best values."
    )


def _inputs_by_draw(gathered: MatchedRuns, name: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return the draw of each matched run, i8 [pairs], the paths of the inputs, and their values by draw, f8 [draws, inputs]."""
    both = gathered.pairs(name)
    frames = [gathered.runs[scenario].loc[both] for scenario in (gathered.reference, name)]
    columns = [f"{INPUT}{path}" for part in gathered.parts for path in part.study.inputs if path != DUMMY]
    columns = list(dict.fromkeys(columns))
    reference, other = (frame.reindex(columns=columns).to_numpy(dtype=float) for frame in frames)
    drawn = np.nan_to_num(np.hstack([reference, other]), nan=-math.inf, neginf=-math.inf)
    _, first, draw = np.unique(drawn, axis=0, return_index=True, return_inverse=True)
    points = np.where(np.isnan(reference), other, reference)[first]
    return draw.reshape(-1), [column.removeprefix(INPUT) for column in columns], points


def _row(
    gathered: MatchedRuns,
    statistic: HeadlineStatistic,
    name: str,
    draw: np.ndarray,
    paths: list[str],
    points: np.ndarray,
) -> DrawDifference | None:
    """Return the difference of a statistic over draws; None with too few draws, or too few runs in each."""
    first, second = matched_values(gathered, statistic, name)
    keep = np.isfinite(first) & np.isfinite(second)
    gap, (known, position) = (second - first)[keep], np.unique(draw[keep], return_inverse=True)
    if len(known) < LEAST_DRAWS or len(gap) - len(known) < LEAST_DRAWS:
        return None
    by_draw = draw_means(position, gap)
    parts = variance_components(by_draw)
    mean, means = float(parts.mean[0]), shrunken_means(by_draw, parts)[0]
    lows, highs = _intervals(by_draw, mean)
    resolved = bool(is_resolved(lows[0], highs[0], np.count_nonzero(gap)))
    path, correlation = driver(points[known], by_draw.mean, paths)
    return DrawDifference(
        name, statistic.statistic, statistic.label, statistic.unit, len(gap), mean, lows[0], highs[0],
        math.sqrt(float(parts.between[0])), lows[1], highs[1], math.sqrt(float(parts.within[0])),
        _same_sign(means, mean), lows[2], highs[2], resolved, path, correlation, means,
    )  # fmt: skip


def _same_sign(means: np.ndarray, mean: float) -> float:
    return float(np.mean(np.sign(means) == np.sign(mean))) if mean else math.nan


def _intervals(by_draw: DrawMeans, mean: float) -> tuple[list[float], list[float]]:
    """Return low and high of the mean, of the standard deviation between draws, and of the share with the mean's sign."""
    count = len(by_draw.runs)
    weights = draws(count, BOOTSTRAPS, SEED)
    rounding = ROUNDING * float(np.abs(by_draw.mean).max())  # an end this near to zero is zero
    resampled = []
    for piece in np.array_split(weights, max(1, math.ceil(weights.size / BOOTSTRAP_CELLS))):
        parts = variance_components(by_draw, piece)
        same = np.sign(shrunken_means(by_draw, parts)) == np.sign(mean)
        share = np.sum(piece * same, axis=1) / count if mean else np.full(len(piece), math.nan)
        resampled.append(np.column_stack([parts.mean, np.sqrt(parts.between), share]))
    low, high = band(np.concatenate(resampled))
    low[np.abs(low) < rounding], high[np.abs(high) < rounding] = 0.0, 0.0
    return low.tolist(), high.tolist()


def driver(points: np.ndarray, means: np.ndarray, paths: list[str]) -> tuple[str, float]:
    """Return the input with the strongest rank correlation (Spearman) with the means of draws, and that correlation.

    The path is empty if the correlation is not above 95 % of those of the strongest input with the means shuffled, so that
    the number of inputs is allowed for.

    Args:
        points: values of the inputs, f8 [draws, inputs]; a column that does not vary, or holds a NaN, is left out.
        means: mean of each draw, f8 [draws].
        paths: paths of the inputs, in the order of the columns.
    """
    used = [n for n, column in enumerate(points.T) if np.isfinite(column).all() and np.ptp(column) > 0]
    if not used or np.ptp(means) == 0:
        return "", math.nan
    ranks, order = _standard_ranks(points[:, used]), _standard_ranks(means[:, None])[:, 0]
    random = np.random.default_rng(SEED)
    shuffled = np.array([random.permutation(order) for _ in range(SHUFFLES)])
    floor = np.percentile(np.abs(shuffled @ ranks).max(axis=1), 95)
    known = order @ ranks
    most = int(np.argmax(np.abs(known)))
    return (paths[used[most]] if abs(known[most]) > floor else ""), float(known[most])


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of each column, centred and of length one, so that products are correlations."""
    ranks = pd.DataFrame(values).rank().to_numpy()
    ranks = ranks - ranks.mean(axis=0)
    return np.asarray(ranks / np.sqrt(np.sum(ranks**2, axis=0)))
