"""The numeric inputs of a scenario by dotted path, for batches and sensitivity studies."""

from __future__ import annotations

from sim.scenario.keys import dotted
from sim.scenario.quantity import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.shape import ROOT, quantities


def inputs_of(scenario: Scenario) -> dict[str, Quantity]:
    """Every number of the scenario by its dotted path, in the order of the schema and of names in the file."""
    return {dotted(key): quantity for key, _, quantity in quantities(ROOT, scenario)}


def units_of(scenario: Scenario) -> dict[str, str]:
    """The unit of every number of the scenario, by the same paths as `inputs_of`."""
    return {dotted(key): slot.unit for key, slot, _ in quantities(ROOT, scenario)}
