"""The numbers of a scenario's rules as one record, `p["<rule>_<name>"]`, all f8.

The fields come from sim.scenario.rules, so a parameter added there is at hand in the engine under that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from sim.scenario.quantity import Quantity
from sim.scenario.rules import Rules

INPUTS = {  # dotted path of a number of a rule -> its field of the record
    f"rules.{rule}.{name}": f"{rule}_{name}"
    for rule, field in Rules.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {})
    if name != "levels"
}
PARAMS = np.dtype([(field, "f8") for field in INPUTS.values()])
POSITIONS = {path: position for position, path in enumerate(INPUTS)}  # of the fields in the record


def _as_number(value: Any, annotation: Any) -> float:
    if isinstance(value, Quantity):
        return value.best
    if isinstance(value, str):
        return float(get_args(annotation).index(value))
    return float(value)


def params(rules: Rules) -> np.ndarray:
    """Return all rule parameters as an array of one record, uncertain inputs at their best."""
    numbers: list[float] = []
    for rule in Rules.model_fields:
        section = getattr(rules, rule)
        for name, field in type(section).model_fields.items():
            if name != "levels":
                numbers.append(_as_number(getattr(section, name), field.annotation))
    return np.array([tuple(numbers)], PARAMS)


def with_values(numbers: np.ndarray, values: Mapping[str, float]) -> np.ndarray:
    """Return the record of `params` with values of inputs by dotted path; those that are no input of a rule are left out."""
    changed = numbers.copy()
    flat = changed.view(np.float64)
    for path, value in values.items():
        if path in POSITIONS:
            flat[POSITIONS[path]] = value
    return changed
