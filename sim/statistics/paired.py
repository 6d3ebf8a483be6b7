"""Differences between two scenarios over matched runs: replicate i of both has the same seed and the same inputs.

Means: bootstrap over pairs, bias-corrected and accelerated (Efron 1987, J Am Stat Assoc 82:171), because counts of
clashes and deaths are skewed. Shares of runs: Newcombe's score interval for paired proportions (sim/statistics/shares.py),
which does not collapse to no width where all runs agree, as the bootstrap does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Other less reference over `pairs` matched runs, with its 95 % interval; NaN where fewer than two pairs.

    `correlation` is that of the pairs; `variance_ratio` the variance of the difference of means as drawn over what
    unpaired runs would give: below 1 pairing pays. `more_runs` is None where resolved or where no number would do.
    """

    statistic: str
    label: str
    unit: str  # "share of runs" for yes/no statistics, which are shares 0..1
    pairs: int
    reference: float
    other: float
    difference: float
    low: float
    high: float
    resolved: bool
    more_runs: int | None
    correlation: float
    variance_ratio: float
