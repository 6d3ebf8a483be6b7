"""Plain values as YAML text on one line, such that the strict reader gives the same values back."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from sim.scenario.quantity import Quantity
from sim.scenario.yaml_reader import plain

SAFE = re.compile(r"[^\W\d_][\w /.()+'’-]*", re.UNICODE)


def number_text(value: float) -> str:
    """A number, shortest form that reads back as the same number."""
    whole = isinstance(value, int) or (value == int(value) and abs(value) < 1e15)
    return str(int(value)) if whole else repr(float(value))


def text(value: str) -> str:
    """Text, quoted where YAML or the reader would take it for something else."""
    if SAFE.fullmatch(value) and value == value.strip() and plain(value) == value and value.isprintable():
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)


def flow(value: Any) -> str:
    """Any plain value or number with range on one line."""
    if isinstance(value, Quantity):
        return flow({name: item for name, item in value.model_dump().items() if item is not None})
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    return "[" + ", ".join(flow(item) for item in value) + "]"


def interval(quantity: Quantity) -> str:
    """A number in words: `0.025`, or `0.025 (0.012 to 0.05)` where it is uncertain."""
    best = number_text(quantity.best)
    if quantity.low is None or quantity.high is None or not quantity.uncertain:
        return best
    return f"{best} ({number_text(quantity.low)} to {number_text(quantity.high)})"
