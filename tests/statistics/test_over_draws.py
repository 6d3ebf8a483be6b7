"""Differences over the draws of a posterior: variance components by hand and on data of known variances, and the verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.comparison.matched_runs import MatchedRuns, StudyPart
from sim.comparison.outcomes import HeadlineStatistic
from sim.comparison.over_draws import (
    DEPENDS,
    STABLE,
    UNRESOLVED,
    DrawDifference,
    draw_means,
    driver,
    over_draws,
    shrunken_means,
    variance_components,
)

CLASHES = HeadlineStatistic("clash_days", "clash_days", "days with clashes", "days")


@dataclass
class Model:
    days: int = 30


@dataclass
class PosteriorStudy:
    """A study of two scenarios, `base` and `policy`, as MatchedRuns reads it."""

    runs: pd.DataFrame
    design: str = "posterior"
    inputs: dict[str, tuple[float, float]] = field(default_factory=dict)
    scenarios: dict[str, Any] = field(default_factory=lambda: {"base": Model(), "policy": Model()})

    @property
    def manifest(self) -> dict[str, str]:
        return {"design": self.design}


def gathered(effect: np.ndarray, seeds: int, noise: float, design: str = "posterior", drop: int = 0) -> MatchedRuns:
    """Return runs in which the policy adds `effect[i]` in draw i, and chance of a standard deviation; the last `drop` are missing.

    Input `a` is the draw's effect itself, `b` has nothing to do with it.
    """
    draws, random = len(effect), np.random.default_rng(5)
    replicate = np.arange(draws * seeds - drop)
    draw = replicate % draws
    base = random.normal(50, 9, len(replicate))
    values = {"base": base, "policy": base + effect[draw] + random.normal(0, noise, len(replicate))}
    other = random.random(draws)
    frames = [
        pd.DataFrame(
            {
                "scenario": name, "replicate": replicate, "seed": replicate, "clash_days": column, "input:a": effect[draw],
                "input:b": other[draw], "input:dummy": random.random(len(replicate)),
            }
        )
        for name, column in values.items()
    ]  # fmt: skip
    inputs = dict.fromkeys(("a", "b", "dummy"), (0.0, 1.0))
    study = PosteriorStudy(pd.concat(frames, ignore_index=True), design, inputs)
    names = {"base": "base", "policy": "policy"}
    return MatchedRuns([StudyPart(study, names, {int(n): int(n) for n in replicate})], False)


def difference(effect: np.ndarray, seeds: int, noise: float, drop: int = 0) -> DrawDifference:
    results = over_draws(gathered(effect, seeds, noise, drop=drop), [CLASHES])
    assert results is not None
    (row,) = results.rows
    return row


def test_components_of_unequal_draws_by_hand() -> None:
    """Draws of 3, 2 and 1 runs, means 2, 5 and 12, squares round them 2, 2 and 0."""
    draw, values = np.array([0, 0, 0, 1, 1, 2]), np.array([1.0, 2.0, 3.0, 4.0, 6.0, 12.0])
    mean = 28 / 6
    mse = (2 + 2) / 3
    msa = (3 * (2 - mean) ** 2 + 2 * (5 - mean) ** 2 + (12 - mean) ** 2) / 2
    n0 = (6 - (9 + 4 + 1) / 6) / 2
    parts = variance_components(draw_means(draw, values))
    assert [float(part[0]) for part in parts] == pytest.approx([mean, (msa - mse) / n0, mse])


def test_weights_are_as_draws_taken_so_often() -> None:
    random = np.random.default_rng(3)
    draw, values = np.repeat(np.arange(5), 4), random.normal(100, 3, 20)
    weights = np.array([[2, 0, 1, 1, 1]])
    rows = [np.flatnonzero(draw == n) for n in (0, 0, 2, 3, 4)]
    again = draw_means(np.repeat(np.arange(5), 4), values[np.concatenate(rows)])
    weighted = variance_components(draw_means(draw, values), weights.astype(float))
    assert [float(part[0]) for part in weighted] == pytest.approx(
        [float(part[0]) for part in variance_components(again)]
    )


def test_components_are_unbiased_and_the_interval_covers() -> None:
    """Over 60 data sets of 100 draws of 4 runs, standard deviations 2 between and 5 within."""
    between, within, covered = [], [], 0
    random = np.random.default_rng(11)
    for _ in range(60):
        draw = np.tile(np.arange(100), 4)
        values = 1 + random.normal(0, 2, 100)[draw] + random.normal(0, 5, 400)
        parts = variance_components(draw_means(draw, values))
        between.append(float(parts.between[0]))
        within.append(float(parts.within[0]))
    assert np.mean(between) == pytest.approx(4, abs=3 * np.std(between) / math.sqrt(60))
    assert np.mean(within) == pytest.approx(25, abs=3 * np.std(within) / math.sqrt(60))
    for seed in range(20):
        row = difference(np.random.default_rng(seed).normal(3, 2, 60), 4, 5)
        covered += row.between_low <= 2 <= row.between_high
    assert covered >= 16


def test_shrunken_means_spread_as_draws_do() -> None:
    random = np.random.default_rng(2)
    draw = np.tile(np.arange(3000), 4)
    by_draw = draw_means(draw, 1 + random.normal(0, 1, 3000)[draw] + random.normal(0, 2, 12000))
    means = shrunken_means(by_draw, variance_components(by_draw))[0]
    assert np.std(by_draw.mean) > 1.3  # sqrt(1 + 4 / 4)
    assert np.std(means) == pytest.approx(1, rel=0.1)
    assert np.mean(means > 0) == pytest.approx(0.841, abs=0.03)  # of a normal distribution of mean and deviation 1


def test_a_difference_that_all_draws_share_is_stable() -> None:
    row = difference(np.full(80, 4.0), 5, 6.0)
    assert (row.verdict, row.driver) == (STABLE, "")
    assert row.low < 4 < row.high
    assert row.share >= 0.95
    assert row.between_low == 0


def test_a_difference_whose_sign_hangs_on_an_input_is_reported_with_it() -> None:
    row = difference(np.linspace(-4, 8, 80), 6, 3.0, drop=7)
    assert (row.verdict, row.driver, row.pairs) == (DEPENDS, "a", 473)
    assert row.sure
    assert row.correlation > 0.8
    assert row.share == pytest.approx(2 / 3, abs=0.06)
    assert row.between == pytest.approx(np.std(np.linspace(-4, 8, 80), ddof=1), rel=0.1)
    assert row.verdict_text.startswith("depends on inputs, most on a (rank correlation 0.")


def test_no_difference_is_not_resolved() -> None:
    row = difference(np.zeros(80), 5, 6.0)
    assert (row.verdict, row.verdict_text) == (UNRESOLVED, "not resolved")
    assert row.low < 0 < row.high


def test_draws_that_cancel_are_reported_with_their_input() -> None:
    row = difference(np.linspace(-5, 5, 80), 6, 3.0)
    assert (row.verdict, row.differs) == (UNRESOLVED, True)
    assert row.verdict_text.startswith("not resolved, but draws differ, most on a (rank correlation 0.")


def test_an_interval_that_ends_at_zero_is_not_resolved() -> None:
    """A difference of 0 in nearly all draws: sums of floating-point numbers must not end just above 0."""
    effect = np.zeros(40)
    effect[:3] = 1 / 3
    row = difference(effect, 3, 0.0)
    assert row.low == 0
    assert row.verdict == UNRESOLVED


def test_a_share_near_the_bound_is_only_probable() -> None:
    row = difference(np.random.default_rng(4).normal(1.75, 1.0, 40), 3, 4.0)
    assert row.resolved
    assert row.share_low < 0.95 <= row.share_high
    assert row.verdict_text.startswith("probably ")


def test_inputs_without_effect_rarely_stand_out() -> None:
    """Of 100 draws of noise with 12 inputs each, about 5 name one."""
    random = np.random.default_rng(8)
    paths = [f"rules.clash.x{n}" for n in range(12)]
    named = sum(bool(driver(random.random((50, 12)), random.normal(size=50), paths)[0]) for _ in range(100))
    assert named <= 12


def test_other_designs_and_draws_used_once_have_no_section() -> None:
    effect = np.linspace(1, 2, 40)
    assert over_draws(gathered(effect, 3, 1.0, design="halton"), [CLASHES]) is None
    assert over_draws(gathered(effect, 1, 1.0), [CLASHES]) is None
    assert over_draws(gathered(effect[:19], 5, 1.0), [CLASHES]) is None


def test_the_table_has_the_numbers_of_the_rows() -> None:
    results = over_draws(gathered(np.linspace(-4, 8, 80), 6, 3.0), [CLASHES])
    assert results is not None
    (row,) = results.rows_of("policy")
    (line,) = results.table.to_dict("records")
    assert (line["mean"], line["share"], line["verdict"], line["driver"]) == (row.mean, row.share, DEPENDS, "a")
    assert results.draws == 80
    assert row.number_texts()[3] == f"{100 * row.share:.0f} % ({100 * row.share_low:.0f} to {100 * row.share_high:.0f})"
