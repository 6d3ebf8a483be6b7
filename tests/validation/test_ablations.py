"""Ablations: which there are, that they run, and what is said of them."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pytest

from sim.files import SCENARIOS
from sim.scenario.load import load_scenario
from sim.scenario.parameters import Rules
from sim.study.definition import MAX_SCENARIOS
from sim.study.plan import make_plan
from sim.validation.ablation import FULL, Ablated, ablations_of, figures_csv, matrix_csv, needed, study_of, untold
from sim.validation.pattern_card import Card, make_card
from tests.validation.test_card import declared, told

WEEKLY, CALM = "P8_weekly_mean", "P3_episode_days_max"
PATTERNS = declared(
    {WEEKLY: {"observed": [0.5, 1.5], "accept": [0.8, 1.2]}, CALM: {"observed": [0, 2], "accept": [0, 2]}}
)


def card(events: list[int], runs: int = 2) -> Card:
    """Return the card of runs alike; one run gives no band, and is not judged."""
    return make_card([told(events, replicate=number) for number in range(runs)], PATTERNS, pooling=False)


def ablated(**cards: Card) -> Ablated:
    words = {name: "full model" if name == FULL else name.replace("_", " ") for name in cards}
    return Ablated(cards, words, PATTERNS)


WEEKS = [7 * week for week in range(10)]  # one event a week: with no quiet gap over 7 days one long episode
APART = [9 * n for n in range(8)]  # 0.8 a week, episodes of a day


def test_every_rule_with_a_switch_is_switched_off_and_every_form_tried() -> None:
    model = load_scenario(SCENARIOS / "greater_idlib_2018.yaml")
    found = {one.name: one for one in ablations_of(model)}
    switched = {rule for rule, field in Rules.model_fields.items() if "enabled" in field.annotation.model_fields}  # type: ignore[union-attr]
    assert {f"no_{rule}" for rule in switched - {"reporting"}} | {"reporting_exact"} <= set(found)
    assert {
        "spread_no_call_to_arms",
        "offensive_no_calendar",
        "clash_attrition_linear",
        "clash_attrition_square",
    } <= set(found)
    assert "clash_attrition_stochastic" not in found  # what the scenario has
    assert len(found) < MAX_SCENARIOS


def test_what_is_off_already_is_not_switched_off() -> None:
    model = load_scenario(SCENARIOS / "greater_idlib_2018.yaml")
    off = model.rules.model_copy(update={"spread": model.rules.spread.model_copy(update={"enabled": False})})
    names = [one.name for one in ablations_of(model.model_copy(update={"rules": off}))]
    assert not [name for name in names if "spread" in name]


def test_the_study_of_ablations_can_be_planned() -> None:
    file = SCENARIOS / "greater_idlib_2018.yaml"
    plan = make_plan(study_of(file, load_scenario(file), 3, 30))
    assert next(iter(plan.scenarios)) == FULL
    assert plan.definition.keep == ["reported"]
    assert not plan.inputs
    assert not plan.scenarios["no_spread"].scenario.rules.spread.enabled
    assert plan.scenarios["reporting_exact"].scenario.rules.reporting.monitor_detection.best == 1
    assert {loaded.scenario.days for loaded in plan.scenarios.values()} == {30}
    assert study_of(file, load_scenario(file), 3, 30, seed=2).name != plan.name


def test_a_pattern_needs_what_it_is_not_met_without() -> None:
    found = ablated(full=card(APART), no_a=card(WEEKS), no_b=card(APART))
    assert found.full.verdicts == {"P8": "pass", "P3": "pass"}
    assert needed(found) == ["P8 is met in every ablation.", "P3 is not met with: no a."]


def test_one_run_of_each_ablation_is_not_judged() -> None:
    single = ablated(full=card(APART, runs=1), no_a=card(WEEKS, runs=1))
    assert single.full.verdicts == {"P8": "not judged", "P3": "not judged"}
    assert {row.why for row in single.full.rows} == {"one run gives no band"}
    assert math.isnan(single.strain(FULL, "P8"))


def test_a_pattern_that_passes_only_in_an_ablation_is_reported() -> None:
    found = ablated(full=card(WEEKS), no_a=card(APART))
    assert needed(found)[1] == "P3, not met by the full model, is met with: no a."


def test_mechanisms_that_the_patterns_do_not_identify_are_reported() -> None:
    nothing = card([0])
    found = ablated(
        full=card(APART), same=card(APART), moved=card([8 * n for n in range(9)]), no_a=nothing, no_b=nothing
    )
    said = untold(found)
    assert said[0] == "Same verdicts as the full model, and move no figure by 0.25 half-widths of its tolerance: same."
    assert said[1].startswith("Same verdicts as the full model, though figures move: moved (P8 weekly mean by 0.5")
    assert said[2] == "Same verdicts as one another: no a and no b."


@pytest.mark.parametrize(("events", "strain"), [(APART, 1.0), (WEEKS, 0.0), ([0], 4.5)])
def test_the_strain_is_the_distance_from_the_middle_in_half_widths(events: list[int], strain: float) -> None:
    found = ablated(full=card(events))
    assert found.strain(FULL, "P8") == pytest.approx(strain)


def test_the_tables_have_a_row_for_each_ablation_and_figure() -> None:
    found = ablated(full=card(APART), no_a=card([]))
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(matrix_csv(found))))
    assert [row["ablation"] for row in rows] == ["full", "no_a"]
    assert {row["simulated"] for row in rows} == {"SIMULATED"}
    assert (rows[0]["P3"], rows[1]["P3"], rows[1]["P3_strain"]) == ("pass", "not judged", "")
    assert math.isclose(float(rows[0]["P8_strain"]), 1.0)
    assert len(figures_csv(found).splitlines()) == 1 + 2 * 2
