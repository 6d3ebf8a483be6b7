"""Numbers, inputs and verdicts in words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.scenario.fields import input_label, names_of
from sim.statistics.inference import (
    LEAST_DIFFERENT,
    UNRESOLVED_RULE,
    paired_difference,
    paired_share_difference,
    runs_about,
    verdict,
)
from sim.text import points, three_digits


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (12.345, "12.3"),
        (99.96, "100"),
        (1239.6, "1,240"),
        (0.05123, "0.0512"),
        (-3.0, "-3"),
        (math.nan, "none"),
    ],
)
def test_three_figures(value: float, said: str) -> None:
    assert three_digits(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.09, "9"), (-0.251, "-25"), (0.004, "0.4"), (0.0, "0"), (-0.0001, "0"), (1.0, "100")]
)
def test_percentage_points(share: float, said: str) -> None:
    assert points(share) == said


def test_paths_with_quoted_names() -> None:
    assert names_of('factions.NLF.groups."St. George".fighters') == [
        "factions",
        "NLF",
        "groups",
        "St. George",
        "fighters",
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("factions.NLF.groups.Ahrar al-Sham.cohesion", "cohesion of Ahrar al-Sham (NLF)"),
        ("factions.HTS.groups.HTS.fighters", "fighters of HTS"),
        ("factions.NLF.groups.A.solidarity_with.B", "solidarity of A (NLF) with B"),
        ("factions.HTS.doctrine.expansion", "expansion of HTS"),
        ("rules.spread.call_to_arms_share", "spread: call to arms share"),
        ("terms.no_expansion.chance", "no expansion: chance"),
        ("policy.0.factor", "policy 1: factor"),
        ("agreements.Truce.radius_km", "radius km of Truce"),
        ("zone.depth_km", "zone: depth km"),
        ("garrison_share", "garrison share"),
        ("dummy", "dummy (reaches no model)"),
    ],
)
def test_inputs_in_words(path: str, said: str) -> None:
    assert input_label(path) == said


def test_verdicts() -> None:
    random = np.random.default_rng(1)
    one = random.normal(size=40)
    assert verdict(paired_difference(one, one + 1 + 0.1 * random.normal(size=40))) == "higher"
    assert verdict(paired_difference(one + 1 + 0.1 * random.normal(size=40), one)) == "lower"
    assert verdict(paired_difference(one, one)) == "the same in every pair"
    assert verdict(paired_difference(one[:2], one[:2])) == "the same in every pair"
    for alike in (one > 0, one > -9):
        assert verdict(paired_share_difference(alike, alike)) == "the same in every pair"
    assert verdict(paired_share_difference(one > 0, np.roll(one > 0, 1))) == "not resolved"
    assert verdict(paired_difference(one[:1], one[:1])) == "one run each: no interval"
    assert verdict(paired_difference(one[:0], one[:0])) == "no matched runs"
    unsure = paired_difference(one, one + 0.3 + 2 * random.normal(size=40))
    assert verdict(unsure) == f"not resolved; about {unsure.more_runs:,} more runs would"
    assert runs_about(1) == "not resolved; about 1 more run would"
    assert runs_about(None) == "not resolved"


def test_an_interval_that_leaves_out_zero_is_not_called_resolved_without_the_reason() -> None:
    few = paired_share_difference(np.zeros(60, bool), np.arange(60) < LEAST_DIFFERENT - 1)
    assert few.low > 0
    assert not few.resolved
    assert few.differing == LEAST_DIFFERENT - 1
    assert verdict(few).startswith(f"not resolved, as only {LEAST_DIFFERENT - 1} pairs of runs differ; about ")
    single = paired_difference(np.zeros(40), np.where(np.arange(40) == 3, 1.0, 0.0))
    assert "only 1 pair of runs differs" in verdict(single) or single.low <= 0
    assert f"fewer than {LEAST_DIFFERENT} pairs of runs differ" in UNRESOLVED_RULE
