"""A resolved scenario as YAML: every value, with unit, meaning, allowed range and source as comments.

What is shown is itself a scenario file, and reading it gives the same scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.scenario.keys import Key, dotted
from sim.scenario.load import Loaded, Place
from sim.scenario.quantity import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.shape import ROOT, Slot, children
from sim.scenario.write import flow, number_text, text

STEP = "  "


def show(scenario: Scenario | Loaded) -> str:
    """The scenario with everything filled in; of a `Loaded`, each number also says which file it is from."""
    loaded = scenario if isinstance(scenario, Loaded) else None
    value = scenario.scenario if isinstance(scenario, Loaded) else scenario
    head = ["# A resolved scenario: nothing is left to defaults. A number with low and high is uncertain: single runs"]
    head += ["# use best, batches draw between low and high. `allowed` is the range that any of them may take."]
    if loaded is not None:
        head += [f"# Read from {', '.join(file.name for file in loaded.files)}."]
    return "\n".join([*head, *_lines(ROOT, value, (), "", loaded)]) + "\n"


def _lines(slot: Slot, value: Any, key: Key, indent: str, loaded: Loaded | None) -> Iterator[str]:
    """The lines of everything below a part, a mapping or a list."""
    for name, sub, item in children(slot, value):
        here = (*key, name)
        if item is None:
            continue
        lead = f"{indent}- " if slot.kind == "list" else f"{indent}{text(str(name))}:"
        if not _has_lines(sub, item):
            written = _number(sub, item) if isinstance(item, Quantity) else flow(item)
            place = loaded.given(dotted(here)) if loaded is not None else None
            yield _commented(f"{lead.rstrip()} {written}", _comment(sub, item, written, place))
        elif slot.kind == "list":
            below = list(_lines(sub, item, here, indent + STEP, loaded))
            yield lead + below[0].lstrip()
            yield from below[1:]
        else:
            if not indent:
                yield ""
            yield _commented(lead, sub.about if sub.attribute else "")
            yield from _lines(sub, item, here, indent + STEP, loaded)


def _has_lines(slot: Slot, item: Any) -> bool:
    if slot.kind == "part":
        return True
    return bool(item) and slot.kind in ("named", "list") and slot.item is not None and slot.item.kind != "plain"


def _number(slot: Slot, value: Quantity) -> str:
    """A plain number where reading it back gives the same quantity, else a mapping."""
    default = slot.default if slot.attribute else None
    fixed = isinstance(default, Quantity) and not default.uncertain and default.best == value.best
    plain = default if fixed else Quantity(best=value.best)
    return number_text(value.best) if value == plain else flow(value)


def _comment(slot: Slot, value: Any, written: str, place: Place | None) -> str:
    """Unit, meaning, range, source and place of a value; what the mapping says itself is not repeated."""
    if not isinstance(value, Quantity):
        return slot.about
    said = [f"{slot.unit}: {slot.about}" if slot.unit else slot.about]
    if slot.allowed is not None:
        said.append(f"allowed {number_text(slot.allowed[0])}..{number_text(slot.allowed[1])}")
    if not written.startswith("{"):
        said.append(f"source: {value.source or 'none given'}")
    if place is not None:
        said.append(f"{place[0]}:{place[1]}" if place[1] is not None else place[0])
    return "; ".join(part for part in said if part)


def _commented(line: str, comment: str) -> str:
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in comment).split())
    return f"{line}  # {flat}" if flat else line
