"""Control codes of a town: a faction, contested (MIXED) or neutral (NEUTRAL)."""

from __future__ import annotations

from itertools import combinations

from sim.scenario.schema import Scenario

MIXED = "MIXED"  # control code of a contested town
NEUTRAL = "NEUTRAL"  # control code of a town that nobody holds


def codes(scenario: Scenario) -> dict[str, str]:
    """Return the code of each faction by its name, in the scenario's order; the name where no code is given."""
    return {name: faction.code or name for name, faction in scenario.factions.items()}


def rebels(scenario: Scenario) -> list[str]:
    """Return the codes of the factions of the role rebel, in the scenario's order."""
    return [faction.code or name for name, faction in scenario.factions.items() if faction.role == "rebel"]


def rebel_pairs(scenario: Scenario) -> list[tuple[str, str]]:
    """Return the unordered pairs of rebel codes, as the columns of the daily table name them."""
    return list(combinations(rebels(scenario), 2))
