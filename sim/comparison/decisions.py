"""A study's policies as a choice under uncertain inputs: regret, thresholds, worst cases, and which policies may be the best.

Replicates are matched: run i of every policy has the same seed and the same inputs. The regret of a policy in a replicate is how
much worse its outcome is than the best outcome of any policy there (Savage 1951, JASA 46:55). The best of several runs is partly
the luckiest, so that this regret is above zero even if all policies are alike; its differences between policies are exactly the
differences of their mean outcomes. It is therefore given beside the regret of the expected outcome given the inputs, in which
chance is averaged out: from several runs a draw, else from a surrogate that predicts left-out runs, else from the means.

Policies are those that the study declares. Nothing here searches for others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.comparison.decision_inputs import PolicyBox, PolicySurrogate, boxes, draw_of_runs, surrogates
from sim.comparison.matched_runs import DUMMY
from sim.comparison.outcomes import HOLDER, HeadlineStatistic, holder_statistic, number_statistic, values_of
from sim.comparison.over_draws import draw_means, shrunken_means, variance_components
from sim.comparison.ranking import common_replicates, rank_probabilities
from sim.comparison.sensitivity import drawn_inputs
from sim.errors import Fault, InputError, did_you_mean
from sim.statistics.inference import (
    SEED,
    is_resolved,
    mean_interval,
    paired_difference,
    paired_share_difference,
    wilson,
)
from sim.statistics.summary import STATISTICS, base_name
from sim.statistics.survival import BOOTSTRAPS, band, draws
from sim.text import plural

if TYPE_CHECKING:
    from sim.comparison.matched_runs import MatchedRuns
    from sim.scenario.schema import Scenario

LEAST_RUNS = 10  # matched in all policies
TAIL = 0.1  # share of a policy's runs, the worst, whose mean is compared
MOST_POLICIES = 12
BY_DRAWS, BY_SURROGATE, BY_MEANS = "several runs a draw", "surrogates", "means"
UNEVEN = ("morris", "sobol")  # designs whose runs share values, or stand at the ends of ranges
PIECE = 50  # resamples that are held in memory at once


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PolicyRow:
    """One policy. Outcomes and regrets are in the statistic's unit (`SHARE`: 0..1); regret is 0 or more, 0 the best.

    `may_be_best`, `meets_may_be_best`, `tail_may_be_best`: no other policy is resolved to be better in the mean outcome, in the
    share of runs that meet the threshold, in the mean of the worst tenth.
    """

    scenario: str
    mean: Estimate
    may_be_best: bool
    best_chance: float  # share of resamples in which it has the best mean
    regret: Estimate  # mean over replicates
    regret_of_90_percent: float  # not exceeded in 90 % of replicates
    best_runs: float  # share of replicates in which no policy does better
    expected_regret: Estimate  # of the expected outcome given the inputs, mean over draws
    expected_regret_most: float  # largest of any draw
    meets: Estimate  # share of runs that meet the threshold
    meets_may_be_best: bool
    tail: Estimate  # mean outcome of the worst tenth of runs
    tail_may_be_best: bool
    worst: float  # of any run: what maximin looks at


@dataclass(frozen=True, eq=False)
class Decision:
    """All that is known of a choice between the policies of a study; policies in the study's order."""

    name: str
    question: str
    folder: str
    models: dict[str, Scenario]
    statistic: HeadlineStatistic
    low_is_better: bool
    threshold: float
    threshold_given: bool  # else the median of the first policy
    runs: int  # matched in all policies
    draws: int  # of the inputs among them
    left_out: int  # replicates in which the statistic is unknown in some policy
    inputs: int  # drawn, the dummy not counted
    expected_from: str  # BY_DRAWS, BY_SURROGATE or BY_MEANS
    rows: tuple[PolicyRow, ...]
    surrogates: tuple[PolicySurrogate, ...]  # of each policy's difference from the first; empty without drawn inputs
    boxes: tuple[PolicyBox, ...]
    notes: tuple[str, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the policies."""
        return tuple(row.scenario for row in self.rows)

    @property
    def best(self) -> PolicyRow:
        """The policy with the best mean."""
        return self.ordered[0]

    @property
    def ordered(self) -> tuple[PolicyRow, ...]:
        """The policies, the best mean first."""
        sign = 1 if self.low_is_better else -1
        return tuple(sorted(self.rows, key=lambda row: sign * row.mean.value))


def chosen_outcome(gathered: MatchedRuns, name: str) -> HeadlineStatistic:
    """Return the statistic of a name: one of the table of runs, or "holder.TOWN=CODE". InputError with what is allowed."""
    columns = list(dict.fromkeys(column for frame in gathered.runs.values() for column in frame.columns))
    known = [column for column in columns if base_name(column) in STATISTICS and not column.startswith(HOLDER)]
    if name in known:
        return number_statistic(gathered, name)
    if name.startswith(HOLDER):
        return _holder(gathered, name, columns)
    parts = [column for column in known if column.startswith(f"{name}.")]
    allowed = parts or known
    hint = f"; allowed: {', '.join(parts)}" if parts else did_you_mean(name, known)
    more = "" if parts or hint else f"; allowed: {', '.join(allowed)}, and holder.TOWN=CODE of a watched town"
    raise InputError([Fault("--outcome", None, "", f"{name!r} is no statistic of the study's runs{hint}{more}")])


def _holder(gathered: MatchedRuns, name: str, columns: list[str]) -> HeadlineStatistic:
    """Return the yes/no statistic whether a side holds a watched town at the end."""
    column, _equals, code = name.partition("=")
    towns = [each for each in columns if each.startswith(HOLDER)]
    if column not in towns:
        allowed = f"allowed: {', '.join(f'{each}=CODE' for each in towns)}" if towns else "the study watches no town"
        raise InputError([Fault("--outcome", None, "", f"{name!r} names no watched town; {allowed}")])
    if code not in gathered.codes:
        raise InputError([Fault("--outcome", None, "", f"{name!r} needs a side; allowed: {', '.join(gathered.codes)}")])
    return holder_statistic(gathered, column, code)


class _Scale(NamedTuple):
    """Turns outcomes into losses, of which low ones are better, and losses into outcomes: both are `origin + sign * x`."""

    sign: float
    origin: float  # 1 if "no" of a yes/no statistic is the loss

    def flipped(self, numbers: Any) -> Any:
        """Return losses of outcomes, or outcomes of losses."""
        return self.origin + self.sign * numbers

    def outcome(self, loss: Estimate) -> Estimate:
        """Return the estimate of a loss as one of the outcome."""
        ends = sorted((self.flipped(loss.low), self.flipped(loss.high)))
        return Estimate(self.flipped(loss.value), *ends)


class _Sample:
    """Losses of matched runs: f8 [n, P], lower is better; `draw` i8 [n] is the draw of the inputs of each replicate."""

    def __init__(self, losses: np.ndarray, draw: np.ndarray, yes_no: bool) -> None:
        self.losses, self.draw, self.yes_no = losses, draw, yes_no
        self.repeated = len(np.unique(draw)) < len(draw)

    @cached_property
    def weights(self) -> np.ndarray:
        """How often each replicate counts in each resample of whole draws: f8 [B, n]."""
        return draws(int(self.draw.max()) + 1, BOOTSTRAPS, SEED)[:, self.draw]

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of f8 [n, ...] in each resample: f8 [B, ...]."""
        return np.asarray(self.weights @ values / self.weights.sum(axis=1).reshape(-1, *[1] * (values.ndim - 1)))

    def estimate(self, values: np.ndarray, share: bool = False) -> Estimate:
        """Return the mean of f8 [n] with its interval: Wilson's of shares, BCa of means; over draws if they have several runs."""
        ends: tuple[Any, Any] = mean_interval(values)
        if self.repeated:
            ends = band(self.means(values))
        elif share:
            ends = wilson(values.sum(), len(values))
        return Estimate(float(values.mean()), float(ends[0]), float(ends[1]))

    def is_worse(self, other: np.ndarray, best: np.ndarray, share: bool) -> bool:
        """Return whether losses f8 [n] are resolved to be higher than those of another policy, by the rule of comparisons."""
        if self.repeated:
            low, high = band(self.means(other - best))
            return bool(low > 0 and is_resolved(low, high, np.count_nonzero(other - best)))
        gap = paired_share_difference(best == 1, other == 1) if share else paired_difference(best, other)
        return gap.resolved and gap.difference > 0

    def may_be_best(self, losses: np.ndarray, share: bool) -> list[bool]:
        """Return for each policy, a column of f8 [n, P], whether none is resolved to be better."""
        return [not any(self.is_worse(one, other, share) for other in losses.T) for one in losses.T]


def decision(gathered: MatchedRuns, outcome: str, low_is_better: bool, threshold: float | None = None) -> Decision:
    """Return what the runs of a study say about the choice between its scenarios.

    Args:
        gathered: the runs of one study.
        outcome: statistic, as the table of runs names it, or "holder.TOWN=CODE".
        low_is_better: the direction; else high values are better.
        threshold: value that an acceptable outcome does not pass; the median of the first scenario if left out.

    Raises:
        InputError: if the study cannot be used so, or has no such statistic.
    """
    statistic = chosen_outcome(gathered, outcome)
    values, replicates, left_out = _values(gathered, statistic)
    scale = _Scale(1.0 if low_is_better else -1.0, 1.0 if statistic.yes_no and not low_is_better else 0.0)
    drawn = [drawn_inputs(gathered, name) for name in gathered.scenarios]
    sample = _Sample(scale.flipped(values), draw_of_runs(drawn[0], replicates), statistic.yes_no)
    limit = threshold if threshold is not None else 0.5 if statistic.yes_no else float(np.median(values[:, 0]))
    meets = sample.losses <= scale.flipped(limit)
    known = surrogates(drawn, replicates, values, sample.draw)
    names = list(gathered.scenarios)
    guesses = {
        names.index(each.scenario): scale.sign * each.surrogate.predicted
        for each in known
        if each.surrogate is not None and each.surrogate.explains
    }
    expected, source = _expected_gaps(sample, guesses)
    rows = _rows(names, sample, scale, meets, expected)
    return Decision(
        gathered.first.name, gathered.first.question, str(gathered.first.folder), gathered.scenarios, statistic,
        low_is_better, limit, threshold is not None, len(values), int(sample.draw.max()) + 1, left_out,
        sum(path != DUMMY for path in gathered.first.inputs), source, rows, known, boxes(drawn, replicates, ~meets),
        tuple(gathered.notes()),
    )  # fmt: skip


def _values(gathered: MatchedRuns, statistic: HeadlineStatistic) -> tuple[np.ndarray, np.ndarray, int]:
    """Return outcomes f8 [n, P], their replicates i8 [n], and how many replicates lack one."""
    folder, names = str(gathered.first.folder), list(gathered.scenarios)
    fault = ""
    if not 2 <= len(names) <= MOST_POLICIES:
        fault = f"has {plural(len(names), 'scenario')}; a decision is between 2 to {MOST_POLICIES} policies, each a scenario"
    elif (design := str(gathered.first.manifest.get("design"))) in UNEVEN:
        fault = f"has the design {design}, whose runs do not stand for the inputs' ranges; make a study with halton or posterior"
    replicates = common_replicates(gathered)
    values = np.stack(
        [
            values_of(gathered, statistic, name)[np.searchsorted(gathered.replicates(name), replicates)]
            for name in names
        ],
        axis=1,
    )
    keep = np.isfinite(values).all(axis=1)
    if not fault and keep.sum() < LEAST_RUNS:
        fault = f"has {plural(int(keep.sum()), 'replicate')} in which {statistic.label} is known in all scenarios; {LEAST_RUNS} are needed"
    if not fault and np.ptp(values[keep]) == 0:
        fault = f"has the same {statistic.label} in every run: there is nothing to choose by"
    if fault:
        raise InputError([Fault(folder, None, "", fault)])
    return values[keep], replicates[keep], int((~keep).sum())


def _expected_gaps(sample: _Sample, guesses: dict[int, np.ndarray]) -> tuple[np.ndarray, str]:
    """Return each policy's expected loss less that of the first, given the inputs of each replicate: f8 [n, P]; and its source.

    `guesses`: by policy, the predictions of a surrogate that explains, f8 [n], in losses.
    The mean of each column is that of the runs. Without several runs a draw and without a surrogate that explains, columns are constant.
    """
    gaps = sample.losses - sample.losses[:, :1]
    expected, source = np.tile(gaps.mean(axis=0), (len(gaps), 1)), BY_MEANS
    for column in range(1, gaps.shape[1]):
        if sample.repeated:
            by_draw = draw_means(sample.draw, gaps[:, column])
            guess, source = shrunken_means(by_draw, variance_components(by_draw))[0][sample.draw], BY_DRAWS
        elif column in guesses:
            guess, source = guesses[column], BY_SURROGATE
        else:
            continue
        expected[:, column] += guess - guess.mean()
    return expected, source


def _rows(
    names: list[str], sample: _Sample, scale: _Scale, meets: np.ndarray, expected: np.ndarray
) -> tuple[PolicyRow, ...]:
    losses = sample.losses
    regret = losses - losses.min(axis=1, keepdims=True)
    given = expected - expected.min(axis=1, keepdims=True)
    given_low, given_high = _expected_interval(sample, expected)
    best, meets_best = sample.may_be_best(losses, sample.yes_no), sample.may_be_best((~meets).astype(float), True)
    tail, tail_best = _tails(sample)
    chance = rank_probabilities(_by_draw(losses, sample.draw))[:, -1]  # rank 1 is the highest
    return tuple(
        PolicyRow(
            name, scale.outcome(sample.estimate(losses[:, p], sample.yes_no)), best[p], float(chance[p]),
            sample.estimate(regret[:, p]), float(np.percentile(regret[:, p], 90)), float(np.mean(regret[:, p] == 0)),
            Estimate(float(given[:, p].mean()), given_low[p], given_high[p]), float(given[:, p].max()),
            sample.estimate(meets[:, p].astype(float), True), meets_best[p],
            scale.outcome(tail[p]), tail_best[p], float(scale.flipped(losses[:, p].max())),
        )
        for p, name in enumerate(names)
    )  # fmt: skip


def _by_draw(losses: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Return the mean losses of each draw: f8 [draws, P]."""
    counts = np.bincount(draw)
    return np.stack([np.bincount(draw, column) / counts for column in losses.T], axis=1)


def _expected_interval(sample: _Sample, expected: np.ndarray) -> tuple[list[float], list[float]]:
    """Return the interval of each policy's mean regret given the inputs; resamples move means, not what inputs do to them."""
    gaps = sample.losses - sample.losses[:, :1]
    shifts = sample.means(gaps) - gaps.mean(axis=0)  # [B, P]
    resampled = []
    for first in range(0, len(shifts), PIECE):
        moved = expected + shifts[first : first + PIECE, None, :]
        moved = moved - moved.min(axis=2, keepdims=True)
        weights = sample.weights[first : first + PIECE]
        resampled.append(np.einsum("bn,bnp->bp", weights, moved) / weights.sum(axis=1, keepdims=True))
    low, high = band(np.concatenate(resampled))
    return low.tolist(), high.tolist()


def _tails(sample: _Sample) -> tuple[list[Estimate], list[bool]]:
    """Return the mean loss of each policy's worst tenth of runs, and whether it may be the best by it."""
    once = np.ones((1, len(sample.losses)))
    value = np.array([_tail(column, once)[0] for column in sample.losses.T])
    resampled = np.stack([_tail(column, sample.weights) for column in sample.losses.T], axis=1)
    low, high = band(resampled)
    best = []
    for p, own in enumerate(sample.losses.T):
        worse = [
            is_resolved(*band(resampled[:, p] - resampled[:, q]), np.count_nonzero(own - other)) and value[p] > value[q]
            for q, other in enumerate(sample.losses.T)
        ]
        best.append(not any(worse))
    return [Estimate(*ends) for ends in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)], best


def _tail(losses: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean of the worst tenth of losses f8 [n] under weights f8 [B, n]: f8 [B]."""
    order = np.argsort(-losses, kind="stable")
    ranked = weights[:, order]
    room = TAIL * ranked.sum(axis=1, keepdims=True)
    taken = np.clip(room - (np.cumsum(ranked, axis=1) - ranked), 0, ranked)
    return np.asarray(taken @ losses[order] / room[:, 0])
