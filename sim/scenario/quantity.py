"""Numbers with a unit, a range and a source: what every numeric input of a scenario is.

An input is written as a plain number, or as `{best: 10000, low: 7000, high: 30000, source: forces.csv}` where it is
uncertain: single runs use `best`, batches draw between `low` and `high`.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Quantity(BaseModel):
    """One number of a scenario, with the interval it may lie in and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    best: float
    low: float | None = None
    high: float | None = None
    source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number, or {best, low, high, source}, is needed here")
        return {"best": value} if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        if not all(math.isfinite(x) for x in (self.best, self.low, self.high) if x is not None):
            raise ValueError("must be a finite number")
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together: give both or neither")
        if self.low is not None and self.high is not None and not self.low <= self.best <= self.high:
            raise ValueError(f"best must lie between low and high, got {self.low} <= {self.best} <= {self.high}")
        return self

    @property
    def uncertain(self) -> bool:
        """True where a batch draws this input."""
        return self.low is not None and self.low != self.high


def number(
    best: float,
    unit: str,
    low: float,
    high: float,
    about: str,
    source: str = "assumed",
    between: tuple[float, float] | None = None,
) -> Any:
    """Declare a numeric field: default, unit, allowed range, meaning and source.

    `between` is the interval a batch draws from; without it the default is held fixed.
    """
    default = (
        Quantity(best=best, source=source)
        if between is None
        else Quantity(best=best, low=between[0], high=between[1], source=source)
    )
    extra: dict[str, Any] = {"unit": unit, "allowed_low": low, "allowed_high": high, "source": source}
    return Field(default=default, description=about, json_schema_extra=extra)


def where_needed(unit: str, low: float, high: float, about: str) -> Any:
    """Declare a numeric field that only some kinds of a part have; it has no default."""
    extra: dict[str, Any] = {"unit": unit, "allowed_low": low, "allowed_high": high}
    return Field(default=None, description=about, json_schema_extra=extra)


class Strict(BaseModel):
    """Base of every part of a scenario: unknown keys are faults, values are frozen, ranges are checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _in_range(self) -> Strict:
        for name, field in type(self).model_fields.items():
            value, extra = getattr(self, name), field.json_schema_extra
            if not isinstance(value, Quantity) or not isinstance(extra, dict):
                continue
            low, high = float(extra["allowed_low"]), float(extra["allowed_high"])  # type: ignore[arg-type]
            for given in (value.best, value.low, value.high):
                if given is not None and not low <= given <= high:
                    raise PydanticCustomError(
                        "out_of_range",
                        f"{name}: {given:g} is out of range, allowed is {low:g} to {high:g} {extra['unit']}",
                    )
        return self
