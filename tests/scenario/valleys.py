"""A small good scenario, which tests break in one place at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sim.errors import Fault

GOOD = """\
question: Who holds the two valleys after a year?
title: Two valleys
map: two_valleys
start: 2020-01-01
days: 60
evidence_until: 2019-12-31
factions:
  Red:
    role: rebel
    groups:
      Red Guard: {fighters: {best: 500, low: 300, high: 900, source: assumed}}
      "St. John's Band": {fighters: 200, solidarity_with: {Red Guard: 0.9}}
  Blue:
    role: rebel
    groups: {Blue: {fighters: 400}}
terms:
  inquiry: {chance: 0.5}
agreements:
  Old truce: {between: [Red, Blue], signed: 2019-12-01, terms: [inquiry]}
given:
  - {on: 2020-01-05, event: base_attempt, by: Blue, in: Hilltop}
"""

Write = Callable[..., Path]
Faults = Callable[..., list[Fault]]
