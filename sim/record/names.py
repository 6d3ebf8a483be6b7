"""Names in place of indices: what the extracted tables and their sentences share. Text is in object arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.tables import N_EVENTS
from sim.geography.names import find_place
from sim.statistics.sides import codes

if TYPE_CHECKING:
    from sim.engine.simulation import Result
    from sim.geography.maps import Geography
    from sim.scenario.schema import Scenario


def event_id(row: int) -> str:
    """Return the id of an event by its row; empty for -1."""
    return f"E{row + 1:06d}" if row >= 0 else ""


def report_id(row: int) -> str:
    """Return the id of a report by its row."""
    return f"R{row + 1:06d}"


def agreement_id(row: int) -> str:
    """Return the id of an agreement by its row; empty for -1."""
    return f"A{row + 1:03d}" if row >= 0 else ""


def array(values: Any) -> np.ndarray:
    """Return text as an object array."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def named(index: np.ndarray, names: Any) -> np.ndarray:
    """Return names by index; -1 is an empty text."""
    return array([*names, ""])[index]


def dates(result: Result, days: np.ndarray) -> np.ndarray:
    """Return dates of days of the run."""
    return np.datetime64(result.scenario.start, "D") + days.astype("timedelta64[D]")


def degrees(result: Result, name: str, town: np.ndarray) -> np.ndarray:
    """Return `lat` or `lon` by town; NaN for -1."""
    return _of_places(result.geography, name)[town]


@lru_cache(maxsize=16)
def _of_places(geography: Geography, name: str) -> np.ndarray:
    return np.array([*(getattr(place, name) for place in geography.places), np.nan], dtype=float)


def towns(result: Result) -> tuple[str, ...]:
    """Return the towns' names, as the map has them."""
    return _names_of(result.geography)


@lru_cache(maxsize=16)
def _names_of(geography: Geography) -> tuple[str, ...]:
    return tuple(place.name for place in geography.places)


def labels(result: Result) -> list[str]:
    """Return the towns' short names, for sentences."""
    return [place.label or place.name for place in result.geography.places]


def codes_of(result: Result) -> list[str]:
    """Return the codes of the factions by their index."""
    known = codes(result.scenario)
    return [known[name] for name in result.factions]


def log_of(result: Result) -> np.ndarray:
    """Return the rows of the event log of the days before `result.days`."""
    log = result.world.events[: result.world.counts[N_EVENTS]]
    return log[: np.searchsorted(log["day"], result.days)]


def watched(scenario: Scenario, geography: Geography) -> list[str]:
    """Return the watch towns as the map names them; one that the map does not know stays as written."""

    def name(word: str) -> str:
        try:
            return geography.places[find_place(geography, word)].name
        except KeyError:
            return word

    return [name(word) for word in scenario.watch_towns]
