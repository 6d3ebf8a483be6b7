"""How precise the answers of a study are: confidence half-widths of the means of its headline statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.statistics.registry import base_name, expand

Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations
FIRST_GROWTH = 1.25  # each look is at so many times the replicates of the last


@dataclass(frozen=True)
class Precision:
    """The least precise headline statistic: half-width of its 95 % interval, as a share of its mean.

    For a statistic of text (who holds a town) it is the half-width of the share of runs with the commonest answer.
    """

    statistic: str
    scenario: str
    share: float


def least_precise(runs: pd.DataFrame, headline: list[str]) -> Precision | None:
    """Return the headline statistic whose mean is known worst in any scenario; None where there is none to judge.

    A mean of fewer than two runs is infinitely imprecise. Runs in which a statistic has no value are left out.
    """
    found = [
        Precision(key, str(scenario), half_width(part[key]))
        for scenario, part in runs.groupby("scenario", sort=False)
        for key in expand(headline, dict.fromkeys(runs.columns))
        if base_name(key) != "days" and part[key].notna().any()
    ]
    return max(found, key=lambda one: one.share, default=None)


def half_width(values: pd.Series) -> float:
    """Return the half-width of the 95 % interval of a mean as a share of it; 0 where all numbers are alike.

    Of text, that of the share of the commonest answer (Agresti & Coull 1998, Am Stat 52:119).
    """
    known = values.dropna()
    if len(known) < 2:
        return math.inf
    if not pd.api.types.is_numeric_dtype(known):
        trials = len(known) + Z**2
        share = (int(known.value_counts().iloc[0]) + Z**2 / 2) / trials
        return Z * math.sqrt(share * (1 - share) / trials)
    if known.nunique() == 1:
        return 0.0
    numbers = known.to_numpy(dtype=float)
    mean = float(np.mean(numbers))
    return Z * float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers)) / abs(mean) if mean else math.inf


def next_look(replicates: int, most: int) -> int:
    """Return at how many replicates to look again; the same after an interruption as without."""
    return min(most, max(replicates + 10, math.ceil(replicates * FIRST_GROWTH)))
