"""Regret, thresholds and worst cases of policies: by hand, and on policies of known effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.comparison.decisions import BY_DRAWS, BY_MEANS, BY_SURROGATE, Decision, PolicyRow, decision
from sim.comparison.matched_runs import MatchedRuns, StudyPart
from sim.errors import InputError
from sim.load import read

NAMES = ("none", "mediate", "monitor")
PATHS = ("rules.clash.loss_per_day", "rules.clash.concentration", "rules.talks.settles")
LOADED, GEOGRAPHY = read("two_valleys")


@dataclass
class PolicyStudy:
    """A study whose runs are made by hand, as MatchedRuns reads it; inputs are drawn between 0 and 1."""

    runs: pd.DataFrame
    design: str = "halton"
    name: str = "by_hand"
    question: str = "Which policy?"
    partial: bool = False
    folder: Path = Path("by_hand")
    planned: int = 0
    failures: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["scenario"]))
    inputs: dict[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(PATHS, (0.0, 1.0)))

    @property
    def scenarios(self) -> dict[str, Any]:
        return dict.fromkeys(self.runs["scenario"].unique(), LOADED.scenario)

    @property
    def manifest(self) -> dict[str, str]:
        return {"design": self.design}

    def geography(self) -> Any:
        return GEOGRAPHY


def gathered(values: np.ndarray, points: np.ndarray | None = None, **options: Any) -> MatchedRuns:
    """Return matched runs with outcomes f8 [n, P], at inputs f8 [n, 3], drawn at random if left out."""
    replicate = np.arange(len(values))
    drawn = np.random.default_rng(8).random((len(values), 3)) if points is None else points
    inputs = {f"input:{path}": drawn[:, n] for n, path in enumerate(PATHS)}
    frames = [
        pd.DataFrame({"scenario": name, "replicate": replicate, "seed": replicate, "days": 30, "clash_days": column} | inputs)
        for name, column in zip(NAMES, values.T, strict=False)
    ]  # fmt: skip
    study = PolicyStudy(pd.concat(frames, ignore_index=True), **options)
    names = {name: name for name in study.scenarios}
    return MatchedRuns([StudyPart(study, names, {int(n): int(n) for n in replicate})], False)


def rows_of(found: Decision) -> dict[str, PolicyRow]:
    return {row.scenario: row for row in found.rows}


HAND = np.array([[5, 3, 4]] * 6 + [[2, 6, 4]] * 4, dtype=float)


def test_numbers_of_ten_runs_by_hand() -> None:
    """Losses 5, 3, 4 in six replicates and 2, 6, 4 in four: means 3.8, 4.2, 4; regrets 2, 0, 1 and 0, 4, 2."""
    found = decision(gathered(HAND), "clash_days", True, 4.0)
    rows = rows_of(found)
    assert [rows[name].mean.value for name in NAMES] == pytest.approx([3.8, 4.2, 4.0])
    assert [rows[name].regret.value for name in NAMES] == pytest.approx([1.2, 1.6, 1.4])
    assert [rows[name].best_runs for name in NAMES] == pytest.approx([0.4, 0.6, 0.0])
    assert [rows[name].meets.value for name in NAMES] == pytest.approx([0.4, 0.6, 1.0])
    assert [rows[name].worst for name in NAMES] == [5.0, 6.0, 4.0]
    assert [rows[name].expected_regret.value for name in NAMES] == pytest.approx([0.0, 0.4, 0.2])
    assert all(row.may_be_best for row in found.rows)
    assert found.best.scenario == "none"


def test_differences_of_regret_are_differences_of_means() -> None:
    values = np.random.default_rng(1).normal(20, 6, (80, 3))
    rows = decision(gathered(values), "clash_days", True).rows
    for row in rows[1:]:
        assert row.regret.value - rows[0].regret.value == pytest.approx(row.mean.value - rows[0].mean.value)
    assert min(row.regret.value for row in rows) > 3, "the best of each replicate is the luckiest"


@pytest.mark.parametrize("low_is_better", [True, False])
def test_a_clear_effect_names_the_best_policy_in_its_direction(low_is_better: bool) -> None:
    base = np.random.default_rng(2).normal(20, 6, 60)
    noise = np.random.default_rng(3).normal(0, 1, (60, 2))
    values = np.column_stack([base, base - 4 + noise[:, 0], base + 3 + noise[:, 1]])
    found = decision(gathered(values), "clash_days", low_is_better)
    expected = "mediate" if low_is_better else "monitor"
    assert [row.scenario for row in found.rows if row.may_be_best] == [expected] == [found.best.scenario]
    assert [row.scenario for row in found.rows if row.tail_may_be_best] == [expected]
    assert found.best.best_chance == 1.0
    assert found.best.expected_regret.value == 0.0
    assert found.best.meets.value > rows_of(found)["none"].meets.value
    worst = min if not low_is_better else max
    assert found.best.worst == worst(values[:, NAMES.index(expected)])


def test_an_effect_that_turns_with_an_input_leaves_regret_to_every_policy() -> None:
    points = np.random.default_rng(4).random((200, 3))
    base = np.random.default_rng(5).normal(20, 5, 200)
    turn = np.where(points[:, 1] > 0.6, 8.0, -6.0)
    noise = np.random.default_rng(6).normal(0, 1, 200)
    found = decision(gathered(np.column_stack([base, base + turn + noise]), points), "clash_days", True)
    (known,) = found.surrogates
    assert found.expected_from == BY_SURROGATE
    assert known.surrogate is not None
    assert known.surrogate.share > 0.7
    rows = rows_of(found)
    share = float(np.mean(turn > 0))
    assert rows["none"].expected_regret.value == pytest.approx((1 - share) * 6, abs=0.8)
    assert rows["mediate"].expected_regret.value == pytest.approx(share * 8, abs=0.8)


def test_several_runs_a_draw_give_the_regret_without_a_surrogate() -> None:
    points = np.random.default_rng(4).random((30, 3))[np.arange(120) % 30]
    base = np.random.default_rng(5).normal(20, 5, 120)
    turn = np.where(points[:, 1] > 0.5, 8.0, -8.0)
    noise = np.random.default_rng(6).normal(0, 3, 120)
    found = decision(gathered(np.column_stack([base, base + turn + noise]), points), "clash_days", True)
    assert (found.runs, found.draws, found.expected_from) == (120, 30, BY_DRAWS)
    assert found.surrogates[0].noise == pytest.approx(3.0, abs=0.5)
    share = float(np.mean(points[:, 1] > 0.5))
    assert rows_of(found)["mediate"].expected_regret.value == pytest.approx(8 * share, abs=1.0)


def test_chance_alone_leaves_the_expected_regret_of_the_means() -> None:
    values = np.random.default_rng(7).normal(20, 6, (60, 3))
    found = decision(gathered(values), "clash_days", True)
    assert found.expected_from == BY_MEANS
    assert found.best.expected_regret.value == 0.0
    assert not any(box.beyond_chance for box in found.boxes)


def test_a_policy_that_fails_in_a_corner_has_its_box_and_the_others_have_none() -> None:
    points = np.random.default_rng(9).random((160, 3))
    values = np.random.default_rng(10).normal(20, 1, (160, 2))
    values[:, 1] += np.where(points[:, 2] > 0.7, 9, -3)
    found = decision(gathered(values, points), "clash_days", True, 22.0)
    boxes = {box.scenario: box for box in found.boxes}
    assert boxes["none"].tested is None or not boxes["none"].beyond_chance
    assert boxes["mediate"].beyond_chance
    (only,) = boxes["mediate"].ranges
    assert (only.path, only.is_open_high) == (PATHS[2], True)
    assert only.share_low == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize(
    ("values", "options", "outcome", "words"),
    [
        (HAND[:, :1], {}, "clash_days", "has 1 scenario"),
        (HAND[:9], {}, "clash_days", "has 9 replicates"),
        (HAND * 0, {}, "clash_days", "has the same"),
        (HAND, {"design": "morris"}, "clash_days", "has the design morris"),
        (HAND, {}, "clash_day", "'clash_day' is no statistic of the study's runs, did you mean"),
        (HAND, {}, "holder.Ash=X", "names no watched town; the study watches no town"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_one_line(
    values: np.ndarray, options: dict[str, str], outcome: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as refused:
        decision(gathered(values, **options), outcome, True)
    assert len(refused.value.faults) == 1
