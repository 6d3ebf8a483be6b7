"""How scenarios are told apart: a letter, a colour, dashes and a marker each, so that grey paper still tells them.

The colours are not those of factions. The first scenario is the reference: ink, unbroken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.plots.style import INK

Dashes = str | tuple[float, tuple[float, ...]]
# After Paul Tol's "muted" scheme, without what lies near the factions' colours (Okabe & Ito).
COLOURS = (INK, "#7A2A8C", "#0F7C74", "#8A6D00", "#A33A5B", "#4A6274", "#5B4FC4", "#5C3A21")
DASHES: tuple[Dashes, ...] = (
    "-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (6, 1.6, 1.2, 1.6)), (0, (3, 1.2)),
    (0, (8, 2)), (0, (4, 1.4, 1.2, 1.4, 1.2, 1.4)), (0, (2, 3)),
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")


@dataclass(frozen=True)
class Line:
    """The look of a line."""

    colour: str
    dashes: Dashes = "-"
    width: float = 1.5
    marker: str = ""


@dataclass(frozen=True)
class ScenarioLook:
    """One scenario's name, its letter ("A" is the reference) and the look of its lines."""

    name: str
    letter: str
    line: Line
    reference: bool

    @property
    def text(self) -> str:
        """Letter and name, as keys and panels say them."""
        return f"{self.letter}  {self.name}{' (reference)' if self.reference else ''}"


def looks(names: Sequence[str]) -> dict[str, ScenarioLook]:
    """Return the look of each scenario by name, in their order; of many, colours and dashes come round in new pairs."""
    found = {}
    for i, name in enumerate(names):
        turn, place = divmod(i, len(COLOURS))
        line = Line(
            COLOURS[place], DASHES[(place + turn) % len(DASHES)], 1.5, MARKERS[(place + 3 * turn) % len(MARKERS)]
        )
        found[name] = ScenarioLook(name, letter(i), line, reference=i == 0)
    return found


def letter(number: int) -> str:
    """Return A to Z, then A2, B2 and so on."""
    turn, place = divmod(number, 26)
    return chr(ord("A") + place) + (str(turn + 1) if turn else "")
