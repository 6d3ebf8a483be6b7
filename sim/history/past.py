"""What was known of fighting before a forecast's start, as the few figures that simple forecasts need.

From scenarios/baselines/<map>.yaml, which carries figures and no events, or computed from a log.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import Fault, InputError
from sim.scenario.faults import complaint
from sim.scenario.files import SCENARIOS, display
from sim.scenario.yaml_reader import Page, read_file
from sim.statistics.hawkes import Times, fit_hawkes, spread_ties
from sim.statistics.log import Log
from sim.statistics.patterns import weekly_counts

BASELINES = SCENARIOS / "baselines"
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
WEEK = 7


class Figures(BaseModel):
    """Base of every part: unknown keys are faults, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HawkesFigures(Figures):
    """A fitted process and how excited it was on the evening before the forecast: sum of exp(-age/lag) over events."""

    mu_per_day: float = Field(ge=0)
    branching: float = Field(ge=0, le=5)
    lag_days: float = Field(gt=0)
    excitation: float = Field(ge=0)


class Weekly(Figures):
    """Events a week."""

    mean: float = Field(ge=0)
    variance: float = Field(ge=0)


class LastWeek(Figures):
    """The seven days before the forecast."""

    events: int = Field(ge=0)
    deaths: int = Field(ge=0)


class Tolls(Figures):
    """Deaths an event: values of the distribution at shares from 0 to 1."""

    shares: list[float] = Field(min_length=2)
    deaths: list[float] = Field(min_length=2)

    @model_validator(mode="after")
    def _in_order(self) -> Tolls:
        if (
            len(self.shares) != len(self.deaths)
            or sorted(self.shares) != self.shares
            or sorted(self.deaths) != self.deaths
        ):
            raise ValueError("shares and deaths need the same number of values, each in rising order")
        if (self.shares[0], self.shares[-1]) != (0, 1):
            raise ValueError("shares go from 0 to 1")
        return self


class Past(Figures):
    """The record of one stretch of days."""

    begins: date = Field(alias="from")
    until: date = Field(description="last day that it covers")
    events: int = Field(ge=0)
    hawkes: HawkesFigures | None = None
    weekly_events: Weekly
    last_week: LastWeek
    deaths_per_event: Tolls | None = None


class Pasts(Figures):
    """A file of records."""

    past: list[Past] = Field(min_length=1)


def past_before(map_name: str, start: date, root: Path = BASELINES) -> Past | None:
    """Return the latest record of a map that ends before a day; None where there is none. InputError for a bad file."""
    path = root / f"{Path(map_name).name}.yaml"
    if not path.is_file():
        return None
    page = read_file(path, display(path))
    if page.faults:
        raise InputError(page.faults)
    try:
        records = Pasts.model_validate(page.data).past
    except ValidationError as error:
        raise InputError([_fault(page, one) for one in error.errors(include_url=False)]) from None
    return max((one for one in records if one.until < start), key=lambda one: one.until, default=None)


def _fault(page: Page, entry: Any) -> Fault:
    key, message = complaint(entry)
    above = tuple(key)
    while above and above not in page.lines:
        above = above[:-1]
    return Fault(page.file, page.lines.get(above), ".".join(map(str, key)), message)


def past_of(log: Log, begins: date, until: date) -> Past:
    """Return the figures of a log whose window is `begins` to `until`, both included."""
    times = spread_ties(log.day)
    fit = fit_hawkes([Times(times, float(log.days))])
    counts = weekly_counts(log.since(log.days % WEEK))  # whole weeks that end on the last day
    recent = log.day >= log.days - WEEK
    return Past.model_validate(
        {
            "from": begins,
            "until": until,
            "events": len(log),
            "hawkes": None
            if fit is None
            else {
                "mu_per_day": fit.mu,
                "branching": fit.branching,
                "lag_days": fit.lag,
                "excitation": float(np.exp(-(log.days - times) / fit.lag).sum()),
            },
            "weekly_events": {
                "mean": float(np.mean(counts)) if counts else 0.0,
                "variance": float(np.var(counts, ddof=1)) if len(counts) > 1 else 0.0,
            },
            "last_week": {"events": int(recent.sum()), "deaths": int(log.deaths[recent].sum())},
            "deaths_per_event": None
            if not len(log)
            else {"shares": list(SHARES), "deaths": [float(value) for value in np.quantile(log.deaths, SHARES)]},
        }
    )
