"""The numeric inputs of a scenario by dotted path, for batches and sensitivity studies."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import MappingProxyType

from sim.scenario.keys import dotted
from sim.scenario.quantity import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.shape import ROOT, quantities

Inputs = Mapping[str, Quantity]
_known: dict[int, tuple[weakref.ref[Scenario], Inputs]] = {}  # a scenario is frozen: its inputs are found once


def inputs_of(scenario: Scenario) -> Inputs:
    """Every number of the scenario by its dotted path, in the order of the schema and of names in the file; read-only."""
    key = id(scenario)
    kept = _known.get(key)
    if kept is not None and kept[0]() is scenario:
        return kept[1]
    found = MappingProxyType({dotted(path): quantity for path, _, quantity in quantities(ROOT, scenario)})
    _known[key] = (weakref.ref(scenario, lambda _gone: _known.pop(key, None)), found)
    return found


def units_of(scenario: Scenario) -> dict[str, str]:
    """The unit of every number of the scenario, by the same paths as `inputs_of`."""
    return {dotted(key): slot.unit for key, slot, _ in quantities(ROOT, scenario)}
