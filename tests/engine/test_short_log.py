"""Forty days of the wild world of the tests of invariants, every number of its log and of its end, against a text on record.

Cheap where rules are interpreted, so that it can be asked of every mutant (docs/testing.md, Mutation), and it names the
first line that differs, where a golden hash only says that something does.
"""

from __future__ import annotations

import numpy as np

from sim.engine import tables
from tests.engine.test_invariants import wild
from tests.engine.worlds import Lab
from tests.golden.summaries import FOLDER

SEED, DAYS = 3, 40
RECORD = FOLDER / "short_log.txt"
ENDS = (
    "forces",
    "bases",
    "disputes",
    "clashes",
    "sparks",
    "agreements",
    "reports",
    "towns",
    "factions",
    "zone",
    "missed",
)
PAIRS = ("relations", "recent", "belief", "influence")


def row_line(row: np.void) -> str:
    """Return the fields of a row that are not 0, numbers with twelve digits."""
    numbers = [(name, row[name].item()) for name in row.dtype.names]
    return " ".join(f"{name}={number:.12g}" for name, number in numbers if number != 0)


def lines_of(lab: Lab) -> list[str]:
    """Return the log and what stands at the end, a row a line."""
    world, daily = lab.world, lab.sim.daily
    lines = [f"event {i}: {row_line(row)}" for i, row in enumerate(lab.events())]
    for name in ENDS:
        rows = getattr(world, name).ravel()
        used = world.counts[tables.GROWING.index(name)] if name in tables.GROWING else len(rows)
        lines += [f"{name} {i}: {row_line(row)}" for i, row in enumerate(rows[:used])]
    for name in PAIRS:
        array = getattr(world, name)
        flat = array.ravel() if array.dtype.names else array.reshape(len(array), -1)
        for i, row in enumerate(flat):
            told = row_line(row) if array.dtype.names else " ".join(f"{x:.12g}" for x in row)
            lines.append(f"{name} {i}: {told}")
    for name in ("faction", "pair", "theatre"):
        rows = getattr(daily, name)[: lab.day + 1]
        sums = " ".join(f"{field}={rows[field].sum():.12g}" for field in rows.dtype.names)
        lines.append(f"daily {name}: {sums}")
    return lines


def recorded() -> str:
    """Return what belongs in the text on record."""
    return "\n".join(lines_of(wild(SEED).run(DAYS))) + "\n"


def test_forty_days_are_those_on_record() -> None:
    lines = recorded().splitlines()
    on_record = RECORD.read_text(encoding="utf-8").splitlines()
    pairs = zip(lines, on_record, strict=False)
    first = next((i for i, (now, then) in enumerate(pairs) if now != then), min(len(lines), len(on_record)))
    assert lines[first : first + 1] == on_record[first : first + 1], "meant? python -m tests.golden.update short_log"
    assert len(lines) == len(on_record)
