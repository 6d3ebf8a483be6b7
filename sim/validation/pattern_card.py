"""The pattern card: each declared pattern against the runs, as data; pattern_report.py has its words and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sim.errors import Fault, InputError
from sim.validation.pattern_estimators import PATTERNS, Samples, measure, pool
from sim.validation.pattern_file import Figure, Interval, Patterns
from sim.validation.pattern_samples import ReportedRun, log_of_run, starts, window_samples

BAND = (0.05, 0.95)
FARTHEST = 10.0  # half-widths of a tolerance: the distance of a figure that a run does not have, and the greatest
Verdict = Literal["pass", "fail", "not judged", "shown", "none"]  # none: a null that cannot give a figure


@dataclass(frozen=True, eq=False)
class FigureRow:
    """One figure. `values` f8 [runs that have it]; `days` simulated, `window` declared."""

    pattern: str
    figure: str
    unit: str
    about: str
    observed: Interval
    recomputed: bool
    accept: Interval | None
    values: np.ndarray
    runs: int
    median: float
    low: float
    high: float
    pooled: float
    days: int
    window: int
    verdict: Verdict
    why: str
    of: str  # which runs it is of, in words
    cases: int | None = None  # behind the declared observed value

    @property
    def strain(self) -> float:
        """Distance of the median from the middle of the accepted range in half-widths: up to 1 inside; NaN if not judged."""
        if self.accept is None or self.verdict == "not judged":
            return math.nan
        return abs(self.median - self.accept.middle) / self.accept.half


class Joint(NamedTuple):
    """Shares of single runs that meet mandatory patterns: each, all together, and together those that some run gives."""

    runs: int
    shares: dict[str, float]
    together: float
    given: tuple[str, ...]
    together_given: float


@dataclass(frozen=True, eq=False)
class Card:
    """All figures, and the verdict on each pattern."""

    title: str
    about: str  # runs and scenarios, in words
    runs: int
    rows: tuple[FigureRow, ...]
    verdicts: dict[str, Verdict]
    declared: Patterns
    by_run: tuple[tuple[str, int, dict[str, float]], ...]  # scenario, replicate, figures
    joint: Joint | None = None  # None: no run is long enough for the mandatory patterns
    nulls: tuple[tuple[str, Card], ...] = ()  # by name, if they were simulated
    null_source: str = ""  # what they were fitted to
    whole: Card | None = None  # the patterns of aligned windows over the windows that these are cut from

    def rows_of(self, pattern: str) -> list[FigureRow]:
        """Return the figures of a pattern."""
        return [row for row in self.rows if row.pattern == pattern]

    @property
    def passed(self) -> list[str]:
        """The patterns that pass."""
        return [name for name, verdict in self.verdicts.items() if verdict == "pass"]

    def passed_too(self, pattern: str) -> list[str]:
        """Return the nulls, processes without actors, that pass a pattern: names of the processes."""
        return [null.about.split(", ", 1)[-1] for _, null in self.nulls if null.verdicts[pattern] == "pass"]

    @property
    def tells_nothing(self) -> list[str]:
        """The patterns that every null passes; none without nulls."""
        passed = [set(null.passed) for _, null in self.nulls]
        return [name for name in self.verdicts if passed and all(name in names for names in passed)]


def joint_of(values: Sequence[Mapping[str, float]], declared: Patterns) -> Joint | None:
    """Return the shares of runs, each by its figures, that meet the mandatory patterns, alone and together; None without either.

    A run meets a pattern if all its judged figures lie in the accepted ranges; one that it does not give does not.
    """
    mandatory = {
        name: [(key, figure.accept) for key, figure in pattern.figures.items() if figure.accept is not None]
        for name, pattern in declared.patterns.items()
        if pattern.weight == "mandatory"
    }
    if not values or not mandatory:
        return None
    met = {
        name: np.array([all(accept.holds(found[key]) for key, accept in judged) for found in values])
        for name, judged in mandatory.items()
    }
    given = [
        name
        for name, judged in mandatory.items()
        if all(any(not math.isnan(found[key]) for found in values) for key, _ in judged)
    ]
    shares = {name: float(column.mean()) for name, column in met.items()}
    together = float(np.all(list(met.values()), axis=0).mean())
    return Joint(len(values), shares, together, tuple(given), float(np.all([met[n] for n in given], axis=0).mean()))


def samples_by_window(run: ReportedRun, declared: Patterns) -> dict[str, Samples]:
    """Return the samples of a run for each declared window."""
    log = log_of_run(run, declared)
    return {name: window_samples(run, log, declared, window) for name, window in declared.windows.items()}


def figures_of(samples: Mapping[str, Samples], declared: Patterns) -> dict[str, float]:
    """Return every declared figure from samples by window, of a run or of a pool; NaN if there is none."""
    values: dict[str, float] = {}
    for window, sample in samples.items():
        names = declared.names_in(window)
        measured = measure(sample, hawkes=any(name.startswith("P7") for name in names))
        values |= {name: measured[name] for name in names}
    return values


def make_card(
    runs: Sequence[ReportedRun],
    declared: Patterns,
    observed: Mapping[str, float] | None = None,
    pooling: bool = True,
    together: Mapping[str, np.ndarray] | None = None,
) -> Card:
    """Compare runs with observed patterns and return the card: every figure and the verdict on each pattern.

    A figure is computed over the runs of one source (`ReportedRun.source`: a study, or all single runs): the first source whose runs are
    as long as the figure's window, else the one with the longest runs.

    Args:
        runs: the runs, as `sim.validation.pattern_samples` prepares them.
        declared: the patterns.
        observed: figures computed from a record, in place of the declared ones.
        pooling: whether to compute figures over the pooled runs too; else they are NaN.
        together: values of figures that are of all runs together (P25), over resampled sets of the runs.

    Raises:
        InputError: without runs.

    Example:
        >>> import sim
        >>> from sim.validation.pattern_card import make_card
        >>> from sim.validation.pattern_file import FOLDER, read_patterns
        >>> from sim.validation.pattern_samples import reported_run
        >>> declared = read_patterns(min(FOLDER.glob("*.yaml")))  # of the theatre that comes first
        >>> card = make_card([reported_run(sim.simulate("two_valleys", seed=seed)) for seed in (1, 2)], declared)
        >>> card.runs, sorted(card.verdicts) == sorted(declared.patterns)
        (2, True)
    """
    if not runs:
        raise InputError([Fault("patterns", None, "", "there are no finished runs")])
    by_run = [samples_by_window(run, declared) for run in runs]
    values = [figures_of(found, declared) for found in by_run]
    pools: dict[tuple[str, tuple[int, ...]], dict[str, float]] = {}
    rows = []
    for pattern, name, figure in declared.figures():
        window = declared.window_of(pattern, name)
        needed = declared.needed_days(window)
        chosen = _chosen(runs, [found[name] for found in values], needed)
        key = (window, chosen)
        if pooling and key not in pools:
            pools[key] = figures_of({window: pool([by_run[i][window] for i in chosen])}, declared)
        chosen_values = (together or {}).get(name, np.array([values[i][name] for i in chosen]))
        length = (min(*(runs[i].days for i in chosen), needed), needed)
        pooled = pools[key][name] if pooling else math.nan
        of = "; ".join(starts([runs[i] for i in chosen]))
        rows.append(figure_row(pattern, name, figure, chosen_values, pooled, length, (observed or {}).get(name), of))
    verdicts = {name: verdict_of([row for row in rows if row.pattern == name]) for name in declared.patterns}
    single = tuple((run.scenario, run.replicate, found) for run, found in zip(runs, values, strict=True))
    joint = joint_of(
        [found for run, found in zip(runs, values, strict=True) if run.days >= _mandatory_days(declared)], declared
    )
    return Card(declared.title, "; ".join(starts(runs)), len(runs), tuple(rows), verdicts, declared, single, joint)


def _mandatory_days(declared: Patterns) -> int:
    """Return how long a run must be to give all mandatory patterns."""
    windows = [
        declared.window_of(name, key)
        for name, key, _ in declared.figures()
        if declared.patterns[name].weight == "mandatory"
    ]
    return max((declared.needed_days(window) for window in windows), default=0)


def _chosen(runs: Sequence[ReportedRun], values: Sequence[float], days: int) -> tuple[int, ...]:
    """Return which runs a figure is taken from: those of the best source."""
    by_source: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        by_source.setdefault(run.source, []).append(index)

    def merit(indices: list[int]) -> tuple[bool, int]:
        given = any(not math.isnan(values[i]) for i in indices)
        return given, min(days, *(runs[i].days for i in indices))

    best: list[int] = max(by_source.values(), key=merit)
    return tuple(best)


def figure_row(
    pattern: str,
    name: str,
    figure: Figure,
    values: np.ndarray,
    pooled: float,
    length: tuple[int, int],
    observed: float | None,
    of: str,
    must_give: bool = False,
) -> FigureRow:
    """Return the row of one figure.

    Args:
        pattern: its pattern.
        name: its estimator.
        figure: its declaration.
        values: f8 [runs], NaN for a run that does not give it.
        pooled: its value over the pooled runs.
        length: days of the runs and days that it needs.
        observed: computed from a record; None for the declared value.
        of: which runs it is of, in words.
        must_give: whether the verdict is `none`, which fails the pattern, if no run gives it; else it is not judged.
    """
    unit, about = PATTERNS[name]
    present = values[~np.isnan(values)]
    known = observed is not None and not math.isnan(observed)
    against = Interval(low=observed, high=observed) if known and observed is not None else figure.observed
    median = middle(present)
    low, high = (edge(present, share) for share in BAND) if len(values) > 1 else (math.nan, math.nan)
    verdict, why = _judge(figure, against, (median, low, high), length)
    if must_give and figure.accept is not None and math.isnan(median):
        verdict, why = "none", "the process does not give it"
    return FigureRow(
        pattern, name, unit, about, against, known, figure.accept, present, len(values), median, low, high, pooled, *length,
        verdict, why, of, None if known else figure.cases,
    )  # fmt: skip


def middle(values: np.ndarray) -> float:
    """Return the median, NaN of nothing; of an even number of runs the mean of the two in the middle."""
    return float(np.median(values)) if len(values) else math.nan


def edge(values: np.ndarray, share: float) -> float:
    """Return a quantile as one of the values, since some may be without end (an agreement that outlasts its run)."""
    return float(np.quantile(values, share, method="inverted_cdf")) if len(values) else math.nan


def _judge(
    figure: Figure, observed: Interval, quantiles: tuple[float, float, float], length: tuple[int, int]
) -> tuple[Verdict, str]:
    median, low, high = quantiles
    if figure.accept is None:
        return "shown", ""
    if math.isnan(median):
        return "not judged", "these runs do not give it"
    if length[0] < length[1] and not figure.any_length:
        return "not judged", f"runs of {length[0]} days against a record of {length[1]}"
    if math.isnan(low):
        return "not judged", "one run gives no band"
    why = []
    if not figure.accept.holds(median):
        why.append("median too high" if median > figure.accept.high else "median too low")
    if not figure.median_only and observed.low > high:
        why.append("observed above the band")
    if not figure.median_only and observed.high < low:
        why.append("observed below the band")
    return ("fail", "; ".join(why)) if why else ("pass", "")


def verdict_of(rows: Iterable[FigureRow]) -> Verdict:
    """Return the verdict on a pattern: every judged figure must pass, and all must be judged."""
    verdicts = {row.verdict for row in rows} - {"shown"}
    if "fail" in verdicts or "none" in verdicts:
        return "fail"
    if "not judged" in verdicts:
        return "not judged"
    return "pass" if verdicts else "shown"


def distance(value: float, figure: Figure) -> float:
    """Return how far a figure is from the observed one, in half-widths of its tolerance, at most `FARTHEST`.

    0 within the observed range; `FARTHEST` for a figure that there is not, and for one without end.
    """
    if figure.accept is None:
        return 0.0
    gap = max(figure.observed.low - value, value - figure.observed.high, 0.0)
    return FARTHEST if math.isnan(value) else min(gap / figure.accept.half, FARTHEST)


def distances(measured: Mapping[str, float], declared: Patterns) -> dict[str, float]:
    """Return the distance of each pattern, in half-widths of the tolerance: the root mean square over its judged figures.

    `measured` as of `figures_of`; figures that it lacks altogether are left out, and patterns without any.
    """
    pattern_distances: dict[str, float] = {}
    for name, pattern in declared.patterns.items():
        judged = [
            (key, figure) for key, figure in pattern.figures.items() if figure.accept is not None and key in measured
        ]
        if judged:
            pattern_distances[name] = math.sqrt(
                np.mean([distance(measured[key], figure) ** 2 for key, figure in judged])
            )
    return pattern_distances
