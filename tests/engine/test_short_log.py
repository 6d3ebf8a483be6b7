"""Forty days of small crowded worlds, every number of the log and of the end, against what is on record.

Cheap where rules are interpreted, so that it can be asked of every mutant (docs/testing.md, Mutation), and it says the
first row that differs, as it is now, where a golden hash only says that something does.
"""

from __future__ import annotations

import hashlib
from itertools import zip_longest

import numpy as np
import pytest

from sim.engine import tables
from tests.engine.short_worlds import WORLDS
from tests.engine.worlds import Lab
from tests.golden.summaries import FOLDER

DAYS = 40
SCRATCH = ("town_keys", "exposure", "drawn", "pairs", "pair_keys")  # made anew from the rest on each day
ROOM = ("standing", *(name for name in tables.World.LAYOUT if name.startswith("live_")))  # longer than what is in use


def row_line(row: np.void) -> str:
    """Return the fields of a row that are not 0, numbers that are not whole with twelve digits."""
    numbers = [(name, row[name].item()) for name in row.dtype.names]
    return " ".join(f"{name}={_number(number)}" for name, number in numbers if number != 0)


def _number(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.12g}"


def lines_of(lab: Lab) -> list[str]:
    """Return the log, what stands at the end and what was noted each day, a row a line."""
    world, daily = lab.world, lab.sim.daily
    found = {"events": lab.events()} | {
        name: getattr(world, name) for name in world.LAYOUT if name not in (*ROOM, *SCRATCH)
    }
    for name in set(tables.GROWING) & set(found):
        found[name] = found[name][: world.counts[tables.GROWING.index(name)]]
    found |= {f"daily_{name}": getattr(daily, name)[: lab.day + 1] for name in daily.LAYOUT}
    return [f"{name} {i}: {_said(row)}" for name, rows in found.items() for i, row in enumerate(rows)]


def _said(row: np.void | np.ndarray) -> str:
    """Return a row of a table, or of a table of more dimensions, in words."""
    if row.dtype.names is None:
        return " ".join(_number(x) for x in np.ravel(row).tolist())
    return "; ".join(row_line(each) for each in np.ravel(row))


def said_in(world: str) -> list[str]:
    """Return the lines of the forty days of a world."""
    return lines_of(WORLDS[world]().run(DAYS))


def hashed(line: str) -> str:
    """Return what is on record of a line: what it is of, and a hash of what it says."""
    what, said = line.split(": ", 1)
    return f"{what} {hashlib.sha256(said.encode()).hexdigest()[:8]}"


def recorded(world: str) -> str:
    """Return what belongs in the text on record."""
    return "".join(f"{hashed(line)}\n" for line in said_in(world))


@pytest.mark.parametrize("world", WORLDS)
def test_forty_days_equal_the_stored_log(world: str) -> None:
    on_record = (FOLDER / f"short_log-{world}.txt").read_text(encoding="utf-8").splitlines()
    for line, then in zip_longest(said_in(world), on_record, fillvalue="nothing more: "):
        assert hashed(line) == then, f"other than on record is {line}\nmeant? python -m tests.golden.update short_log"
