"""The scenarios that come with the program: each asks a question, fits its map and names scenarios to compare it with."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.engine.simulation import simulate
from sim.load import read

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
LIBRARY = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
NEEDED = {
    "no_expansion_enforced", "strong_mediator", "united_nlf", "fragmented_nlf", "no_dmz", "hts_withdraws_from_dmz",
    "early_offensive", "account_assassination", "account_forced_entry", "two_valleys", "kafr_hamra", "greater_idlib_2018",
}  # fmt: skip


def test_the_library_is_complete() -> None:
    assert set(LIBRARY) >= NEEDED


@pytest.mark.parametrize("name", LIBRARY)
def test_a_scenario_asks_a_question_first_and_fits_its_map(name: str) -> None:
    path = SCENARIOS / f"{name}.yaml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    loaded, _geography = read(path)
    assert lines[0].startswith("question:")
    assert loaded.scenario.question.rstrip().endswith("?")
    assert set(loaded.scenario.compare_with) <= set(LIBRARY) - {name}


@pytest.mark.parametrize("name", LIBRARY)
def test_a_scenario_runs(name: str) -> None:
    loaded, geography = read(SCENARIOS / f"{name}.yaml", ["days=20"])
    assert simulate(loaded.scenario, geography, 1).days == 20


def test_two_valleys_are_neither_frozen_nor_at_war_without_end() -> None:
    """Over 20 seeds: fighting in most runs, hardly ever on half of the days, and some town changes holder."""
    loaded, geography = read(SCENARIOS / "two_valleys.yaml")
    fought, changed = [], []
    for seed in range(20):
        daily = simulate(loaded.scenario, geography, seed).daily
        fought.append(int((daily.theatre["clashes"] > 0).sum()))
        changed.append(bool((daily.holder[0] != daily.holder[-1]).any()))
    assert sum(days > 0 for days in fought) >= 15
    assert sum(days > loaded.scenario.days / 2 for days in fought) <= 1
    assert max(fought) < loaded.scenario.days * 2 / 3
    assert sum(changed) >= 5
