"""Attributes that are fields of an agent's row: numbers, yes or no, words, and names in place of indices.

They find their table through the model's world at every access, since tables are replaced as they grow.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

MOST = 1e12


class Column:
    """A number of the row, from `low` to `high`; one that is `fixed` belongs to the rules and cannot be written."""

    def __init__(self, low: float = -MOST, high: float = MOST, fixed: bool = False) -> None:
        self.low, self.high, self.fixed = low, high, fixed

    def __set_name__(self, owner: Any, name: str) -> None:
        kind, about = owner.fields[name]
        self.name, self.whole = name, kind == "i8"
        self.__doc__ = about

    def __get__(self, agent: Any, owner: Any = None) -> Any:
        if agent is None:
            return self
        return self.shown(agent.model, getattr(agent.model.world, agent.table)[self.name].item(agent.row))

    def __set__(self, agent: Any, value: Any) -> None:
        where = f"{type(agent).__name__}.{self.name}"
        if self.fixed:
            raise AttributeError(f"{where} is set by the rules of the model and cannot be written")
        try:
            stored = self.stored(agent.model, value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        getattr(agent.model.world, agent.table)[self.name][agent.row] = stored

    def shown(self, model: Any, stored: Any) -> Any:
        """Return what a person reads for what the table holds."""
        return stored

    def stored(self, model: Any, value: Any) -> Any:
        """Return what the table holds for what a person wrote; ValueError where that cannot be."""
        number = float(value) if isinstance(value, Real) else math.nan
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"must be {kind} from {self.low:g} to {self.high:g}, got {value!r}")
        return int(number) if self.whole else number


class Flag(Column):
    """A field that is 0 or 1, as False or True."""

    def shown(self, model: Any, stored: Any) -> bool:
        """Return True for 1."""
        return bool(stored)

    def stored(self, model: Any, value: Any) -> int:
        """Return 1 for True."""
        if value not in (0, 1):
            raise ValueError(f"must be True or False, got {value!r}")
        return int(value)


class Word(Column):
    """A field whose numbers stand for words."""

    def __init__(self, words: tuple[str, ...], fixed: bool = False) -> None:
        super().__init__(fixed=fixed)
        self.words = words

    def shown(self, model: Any, stored: Any) -> str:
        """Return the word."""
        return self.words[stored]

    def stored(self, model: Any, value: Any) -> int:
        """Return the number of the word."""
        if value not in self.words:
            raise ValueError(f"must be one of {', '.join(self.words)}, got {value!r}")
        return self.words.index(value)


class Name(Column):
    """A field that points to a row of `factions`, `groups` or `towns`, as its name; None where it points to none."""

    def __init__(self, of: str, fixed: bool = False, needed: bool = False) -> None:
        super().__init__(fixed=fixed)
        self.of, self.needed = of, needed

    def shown(self, model: Any, stored: Any) -> str | None:
        """Return the name, or None."""
        name: str | None = model.names[self.of][stored] if stored >= 0 else None
        return name

    def stored(self, model: Any, value: Any) -> int:
        """Return the row that has the name; -1 for None."""
        if value is None and not self.needed:
            return -1
        row: int = model.row_of(self.of, value)
        return row
