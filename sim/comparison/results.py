"""Results of a comparison of scenarios: numbers and sentences, section by section, for a report that computes nothing.

Runs are simulated. `S` scenarios in order, the first is the reference; `T` towns; `C` control codes; `K` chosen days;
`D` + 1 mornings, 0 to D. A pair is a replicate that is done in both scenarios: same seed, same values of inputs. Where there
is one run a scenario (`Comparison.single`), intervals are NaN and nothing is resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.statistics.inference import POINTS, SHARE, Difference
from sim.text import interval_text, table_html

if TYPE_CHECKING:
    from sim.comparison.outcomes import Outcomes
    from sim.comparison.over_draws import OverDraws
    from sim.comparison.two_runs import TwoRuns
    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario

Group = Literal["policies", "rules", "inputs", "other"]
SPAN_ENDS = ("broken", "ended otherwise", "in force at the end")
BANDS = (50, 80, 95)  # %, widths of the bands of a fan chart, narrow to wide


@dataclass(frozen=True)
class InputChange:
    """One thing that differs from the reference. `words` is the sentence; `before` and `after` are None if there is none."""

    path: str
    group: Group
    before: str | None
    after: str | None
    unit: str
    words: str


@dataclass(frozen=True)
class ScenarioChanges:
    """All that differs between the reference and one other scenario; no items if nothing does."""

    scenario: str
    sentence: str  # "strong_mediator differs from two_valleys in 1 policy."
    items: tuple[InputChange, ...]


@dataclass(frozen=True)
class Answer:
    """The answer on one headline statistic for one scenario against the reference.

    For yes/no statistics `reference_yes` of `difference.pairs` matched runs against `other_yes`; None for the others.
    """

    scenario: str
    statistic: str
    sentence: str
    difference: Difference
    reference_yes: int | None = None
    other_yes: int | None = None


@dataclass(frozen=True)
class ForestRow:
    """One line of the forest plot. `verdict`: "higher", "lower", or "not resolved; about 400 more runs would".

    `scaled`, `scaled_low`, `scaled_high`: the difference and its interval in standard deviations of a single run of the
    reference (of the scenario if the reference does not vary), so that rows of different units share one axis; NaN where
    neither varies.
    """

    scenario: str
    difference: Difference
    verdict: str
    scaled: float
    scaled_low: float
    scaled_high: float


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scenarios in order of a statistic over runs that are matched in all of them; rank 1 is the highest mean.

    `first` and `last` are the ranks that the runs leave open: a scenario is behind those resolved to be higher and before those
    resolved to be lower, so that scenarios between which no difference is resolved share ranks.
    """

    statistic: str
    label: str
    unit: str
    runs: int
    scenarios: tuple[str, ...]  # [S]
    means: np.ndarray  # f8 [S]
    probability: np.ndarray  # f8 [S, S], of each scenario (row) at each rank (column), by resampling runs
    first: np.ndarray  # i8 [S], 1..S
    last: np.ndarray  # i8 [S], first..S

    @property
    def settled(self) -> bool:
        """Whether any difference between two of the scenarios is resolved."""
        return bool(np.any(self.last - self.first < len(self.scenarios) - 1))


@dataclass(frozen=True, eq=False)
class Distribution:
    """A number in every run of each scenario: f8 [R], runs in the order of replicates, without those that have none."""

    statistic: str
    label: str
    unit: str
    values: dict[str, np.ndarray]  # by scenario, in order


@dataclass(frozen=True, eq=False)
class ControlContrast:
    """Control in one scenario against the reference, over `pairs` matched runs: shares of runs, other minus reference."""

    scenario: str
    pairs: int
    difference: np.ndarray  # f8 [K, T, C], -1..1
    low: np.ndarray  # f8 [K, T, C], 95 % interval (Newcombe, paired)
    high: np.ndarray  # f8 [K, T, C]
    p: np.ndarray  # f8 [K, T, C], exact McNemar
    resolved: np.ndarray  # bool [K, T, C], false discovery rate of a day's map held at 5 % (Benjamini-Hochberg)
    code: np.ndarray  # i8 [K, T], row in Control.codes of the largest absolute difference; -1 if nothing differs
    town_resolved: np.ndarray  # bool [K, T], any code resolved: hatch the others
    sentence: (
        str  # on the last day: "On the last morning control differs in 12 of 169 towns (false discovery rate 5 %), ..."
    )


@dataclass(frozen=True, eq=False)
class ControlResult:
    """Who holds each town on chosen days, as shares of runs."""

    days: np.ndarray  # i8 [K], mornings; the last is the end
    towns: tuple[str, ...]  # [T], as the map names them, in its order
    labels: tuple[str, ...]  # [T], short
    codes: tuple[str, ...]  # [C], factions in the scenario's order, then MIXED, NEUTRAL
    names: dict[str, str]  # what readers call each code
    runs: dict[str, int]
    shares: dict[str, np.ndarray]  # f8 [K, T, C] by scenario, sums to 1 over C
    leading: dict[str, np.ndarray]  # i8 [K, T] by scenario, row in `codes` of the largest share
    entropy: dict[str, np.ndarray]  # f8 [K, T] by scenario, 0 certain .. 1 all codes as likely
    contrasts: tuple[ControlContrast, ...]  # one for each scenario but the reference
    note: str


@dataclass(frozen=True, eq=False)
class FirstClashes:
    """Where fighting among rebels begins: the first day with a clash in each town, i2 [R, T] by scenario, -1 without one."""

    towns: tuple[str, ...]  # [T], as the map names them, in its order
    labels: tuple[str, ...]  # [T], short
    days: int  # of the shortest scenario
    first: dict[str, np.ndarray]

    def reached(self, scenario: str, day: int) -> np.ndarray:
        """Return in how many runs each town has had a clash by the end of a day: i8 [T]."""
        first = self.first[scenario]
        return np.asarray(np.sum((first >= 0) & (first <= day), axis=0))

    def opened(self, scenario: str, day: int) -> np.ndarray:
        """Return in how many runs fighting begins in each town, by the end of a day: i8 [T].

        It begins in the towns with a clash on the first day with any.
        """
        first = np.where(self.first[scenario] < 0, np.iinfo(np.int16).max, self.first[scenario])
        least = first.min(axis=1, keepdims=True)
        return np.asarray(np.sum((first == least) & (least <= day), axis=0))


@dataclass(frozen=True, eq=False)
class Fan:
    """The spread of runs in one scenario, day by day."""

    scenario: str
    runs: int
    median: np.ndarray  # f8 [D + 1]
    low: np.ndarray  # f8 [3, D + 1], lower edges of the bands of 50, 80, 95 % of runs
    high: np.ndarray  # f8 [3, D + 1]
    mean: np.ndarray  # f8 [D + 1]


@dataclass(frozen=True, eq=False)
class FanDifference:
    """One scenario minus the reference, day by day, over `pairs` matched runs; NaN with fewer than two pairs."""

    scenario: str
    pairs: int
    mean: np.ndarray  # f8 [D + 1]
    low: np.ndarray  # f8 [D + 1], 95 % interval of the mean of a day (Student's t over pairs)
    high: np.ndarray  # f8 [D + 1]
    resolved: np.ndarray  # bool [D + 1], as a difference of statistics is


@dataclass(frozen=True, eq=False)
class FanPanel:
    """A daily quantity in every scenario, and its paired differences from the reference."""

    key: str  # column of daily, "deaths_total" for sums: unique in a comparison
    label: str
    unit: str
    days: np.ndarray  # i8 [D + 1]
    fans: tuple[Fan, ...]  # one a scenario, in order
    differences: tuple[FanDifference, ...]  # one for each scenario but the reference
    note: str  # what the bands mean and how many runs


@dataclass(frozen=True, eq=False)
class EndCause:
    """Cumulative incidence of one way in which agreements end (Aalen-Johansen): shares of agreements by days held."""

    label: str  # "broken by League", "expired", "otherwise ended"
    share: np.ndarray  # f8 [n]
    count: int


@dataclass(frozen=True, eq=False)
class HoldingCurve:
    """How long agreements signed in the runs hold in one scenario: Kaplan-Meier, bands by resampling runs."""

    scenario: str
    runs: int
    agreements: int
    broken: int
    expired: int
    in_force: int  # at the end of the run: censored
    share: np.ndarray  # f8 [n], holding longer than `Holding.days`
    low: np.ndarray  # f8 [n], 95 % band, pointwise
    high: np.ndarray  # f8 [n]
    at_risk: np.ndarray  # i8 [m], agreements at risk on `Holding.risk_days`
    causes: tuple[EndCause, ...]  # share + sum of causes = 1
    median: float  # days; NaN if over half still hold
    median_low: float
    median_high: float  # inf if the band does not come down to one half
    sentence: str


@dataclass(frozen=True, eq=False)
class AgreementSurvival:
    """Survival of agreements by scenario on common days; `differences`: mean hold restricted to the horizon, by scenario."""

    days: np.ndarray  # i8 [n], 0 .. horizon
    risk_days: np.ndarray  # i8 [m], for the table of numbers at risk
    horizon: int
    curves: tuple[HoldingCurve, ...]  # one a scenario
    differences: tuple[ForestRow, ...]  # one for each scenario but the reference
    spans: dict[
        str, np.ndarray
    ]  # i8 [agreements, 4] by scenario, also those given: run, first and last day, row in SPAN_ENDS
    note: str


@dataclass(frozen=True, eq=False)
class ReachCurve:
    """Share of runs that have reached a level by each morning; runs that never reach it are censored at their end."""

    level: int
    scenario: str
    share: np.ndarray  # f8 [D + 1]
    low: np.ndarray  # f8 [D + 1], 95 % (Wilson)
    high: np.ndarray  # f8 [D + 1]
    reached: int
    runs: int
    median: float  # day by which half the runs have; NaN if fewer than half do


@dataclass(frozen=True, eq=False)
class LadderResult:
    """The escalation ladder: the highest level of any pair of rebels on each morning."""

    days: np.ndarray  # i8 [D + 1]
    levels: tuple[str, ...]  # [6], names, calm to campaign
    share: dict[str, np.ndarray]  # f8 [D + 1, 6] by scenario: share of runs at each level, sums to 1
    runs: dict[str, int]
    reach: tuple[ReachCurve, ...]  # by level, 1 to 5, then scenario
    note: str


@dataclass(frozen=True)
class VarianceSplit:
    """How much of the variance of a statistic over runs comes from unknown inputs, the rest from chance."""

    scenario: str
    statistic: str
    label: str
    runs: int
    inputs: float  # share, 0..1; NaN if it cannot be estimated
    inputs_low: float
    inputs_high: float
    chance: float  # 1 - inputs
    method: str


@dataclass(frozen=True)
class Bar:
    """One bar of a tornado: expected value of the statistic with the input at its low and at its high end."""

    path: str
    label: str
    unit: str
    input_low: float
    input_high: float
    at_low: float
    at_high: float
    effect: float  # at_high - at_low, in units of the statistic
    effect_low: float  # 95 % interval
    effect_high: float
    above_noise: bool  # beyond `noise`, in a tornado that is more than chance
    pawn: float  # PAWN index 0..1, also of effects that are no straight line; its floor is the dummy's; NaN with too few runs


@dataclass(frozen=True)
class Tornado:
    """The inputs that move a statistic in one scenario, largest first; `noise` is the |effect| that chance alone makes."""

    scenario: str  # "B minus A" if it is of the paired difference
    statistic: str
    label: str
    unit: str
    mean: float
    runs: int
    noise: float  # 95 % of the largest |effect| of any input with runs shuffled
    dummy: float  # |effect| of the input that never reaches the model; NaN if there is none
    bars: tuple[Bar, ...]
    note: str
    p: float = 0.0  # that chance alone makes an |effect| as large as the largest of them


@dataclass(frozen=True, eq=False)
class MorrisPlane:
    """Elementary effects of inputs on a statistic (Morris 1991). `floor`: mu_star of the dummy plus its interval."""

    scenario: str
    statistic: str
    label: str
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    mu: np.ndarray  # f8 [inputs]
    mu_star: np.ndarray  # f8 [inputs], units of the statistic over the input's whole range
    sigma: np.ndarray  # f8 [inputs]
    mu_star_half_width: np.ndarray  # f8 [inputs], 95 %
    floor: float  # NaN without a dummy
    trajectories: int
    note: str


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """First-order and total Sobol indices of inputs on a statistic, with 95 % half-widths."""

    scenario: str
    statistic: str
    label: str
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    first: np.ndarray  # f8 [inputs]
    first_half_width: np.ndarray
    total: np.ndarray
    total_half_width: np.ndarray
    floor: float  # total index of the dummy: what chance alone gives; NaN without one
    base: int  # points of the base sample
    note: str


@dataclass(frozen=True)
class Inputs:
    """Sensitivity to inputs. Tuples are empty if the design does not allow a method; `note` names it and the reason."""

    design: str
    splits: tuple[VarianceSplit, ...]
    tornados: tuple[Tornado, ...]
    morris: tuple[MorrisPlane, ...]
    sobol: tuple[SobolIndices, ...]
    note: str


@dataclass(frozen=True, eq=False)
class Convergence:
    """Running estimate of a headline difference (or, for the reference, mean) with the number of matched runs."""

    scenario: str
    statistic: str
    label: str
    unit: str
    runs: np.ndarray  # i8 [m]
    estimate: np.ndarray  # f8 [m]
    half_width: np.ndarray  # f8 [m], 95 %; inf or NaN if it cannot be estimated


@dataclass(frozen=True)
class Example:
    """A run worth a look: `kind` "most typical" or "most extreme", why, and the command that opens it in the viewer."""

    kind: str
    scenario: str
    replicate: int
    seed: int
    why: str
    command: str
    values: dict[str, float | str]  # headline statistics of this run


@dataclass(frozen=True)
class ScenarioRuns:
    """Numbers of runs of one scenario; shares of yes/no statistics with failed runs counted lie within `bound` more."""

    scenario: str
    planned: int
    done: int
    failed: int
    matched: int  # pairs with the reference
    bound: float  # failed / (done + failed): how far a share can be off if all failed runs were otherwise


@dataclass(frozen=True)
class Methods:
    """The methods appendix."""

    runs: tuple[ScenarioRuns, ...]
    design: str
    inputs: int  # drawn, the dummy not counted
    seeds: str  # "1 to 200" or such, in words
    correlation: tuple[tuple[str, str, float, float], ...]  # scenario, statistic, correlation, variance ratio
    versions: dict[str, str]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The result of a comparison: everything that its report shows, in the order of the fields.

    Example:
        >>> import sim
        >>> from sim.comparison.compare import compare
        >>> comparison = compare(sim.simulate("two_valleys", seed=1), sim.simulate("two_valleys", seed=2))
        >>> comparison.single, comparison.reference
        (True, 'two_valleys (seed 1)')
    """

    name: str
    question: str
    scenarios: tuple[str, ...]  # names, the first is the reference
    titles: dict[str, str]
    models: dict[str, Scenario]
    geography: Geography
    single: bool  # one run a scenario: no intervals
    partial: bool
    notes: tuple[str, ...]  # to be shown first: partial, single, unmatched, failed runs
    changes: tuple[ScenarioChanges, ...]
    answers: tuple[Answer, ...]
    forest: tuple[ForestRow, ...]
    forest_note: str
    control: ControlResult
    distributions: tuple[Distribution, ...]  # of the statistics of the forest that are numbers
    fans: tuple[FanPanel, ...]
    holding: AgreementSurvival
    ladder: LadderResult
    inputs: Inputs
    convergence: tuple[Convergence, ...]
    examples: tuple[Example, ...]
    methods: Methods
    folder: str = ""  # of the one study that is compared, for commands; empty for several studies or runs
    outcomes: Outcomes | None = None  # of the only scenario; None if there are several
    labels: dict[str, str] = field(default_factory=dict)  # town -> short name
    over_draws: OverDraws | None = None  # of a posterior with several runs a draw; None in other designs
    rankings: tuple[Ranking, ...] = ()  # of the headline statistics; none of fewer than three scenarios
    first_clashes: FirstClashes | None = None  # None of single runs, and of studies that do not keep them
    two_runs: tuple[TwoRuns, ...] = ()  # each further single run against the first; () for studies

    @property
    def reference(self) -> str:
        """The first scenario."""
        return self.scenarios[0]

    def plot(
        self, name: str = "differences", *, ax: Any = None, width_mm: float = 180.0, day: int | None = None
    ) -> Any:
        """Draw one of the figures that `run.py figure` lists for a study.

        Args:
            name: "differences", "distributions", "fan-League_towns", "agreement_survival", "difference_map" and so on.
            ax: matplotlib axes to draw on, for the figures that fit one: docs/figures.md lists them.
            width_mm: width of the sheet if no axes are given.
            day: of a map; the last if left out.

        Returns:
            The axes, or without `ax` the matplotlib figure.

        Raises:
            KeyError: if the comparison has no such figure; its text lists those that there are.
        """
        return _plots().plot(self, name, ax=ax, width_mm=width_mm, day=day)

    def table(self, name: str = "differences", day: int | None = None) -> Any:
        """Return the numbers of a figure as a pandas DataFrame, as `run.py compare` writes them beside it."""
        return _plots().table_of(self, name, day=day)

    def _repr_html_(self) -> str:
        """The answers in words, then the paired differences of the headline statistics, for notebooks."""
        answers = "".join(f"<li>{escape(answer.sentence)}</li>" for answer in self.answers)
        rows = [] if self.single else [_shown(row) for row in self.forest]
        head = ["statistic", "scenario", f"difference from {self.reference} (95 % interval)", ""]
        table = table_html(head, rows) if rows else ""
        return f"<p><b>SIMULATED.</b> {escape(self.question)}</p><ul>{answers}</ul>{table}"

    def answers_of(self, scenario: str) -> tuple[Answer, ...]:
        """Return the answers on one scenario against the reference."""
        return tuple(answer for answer in self.answers if answer.scenario == scenario)


def _shown(row: ForestRow) -> list[str]:
    """Return a row of the table that notebooks show: shares of runs in percentage points."""
    each, scale = row.difference, 100 if row.difference.unit == SHARE else 1
    text = interval_text(scale * each.difference, scale * each.low, scale * each.high, sign=True)
    return [each.label, row.scenario, f"{text} {POINTS if each.unit == SHARE else each.unit}", row.verdict]


def _plots() -> Any:
    """Return the module that draws comparisons: loaded when asked for, so that numbers do without matplotlib."""
    return import_module("sim.plots.comparison.on_axes")
