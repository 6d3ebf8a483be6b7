"""A first scenario for a new map: every holder a rebel faction of one group, all numbers assumed and wide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from textwrap import wrap

USUAL_ROAD_KM = 8.0  # roads of Greater Idlib, to which the reach of the rules is fitted
USUAL_TOWNS = 120  # below this, rates a town are raised
MOST_RATE = 15.0  # times the fitted rate
MOST_REACH_KM = 60.0


def first_scenario(name: str, title: str, start: date, fighters: Mapping[str, int], road_km: float, towns: int) -> str:
    """Return the YAML of a scenario on the map `name`: factions with their fighters, reaches for roads of `road_km`, rates for so many towns."""
    factions = "".join(_faction(faction, number) for faction, number in fighters.items())
    return f"""\
# yaml-language-server: $schema=schema.json
# Written by new-map. All numbers are assumed: replace them by what you know. `run.py show` prints everything else.
question: {_quoted(f"Who gains towns in {title}, where does fighting begin, and do agreements last?")}
title: {_quoted(title)}
map: {_quoted(name)}

start: {start.isoformat()}
days: 120
evidence_until: {start.isoformat()}

# Roles: rebel (competes for towns), government (may attack rebels; at most one), patron_backed and neutral (stand aside).
factions:
{factions}{_rules(road_km, towns)}"""


def _faction(name: str, fighters: int) -> str:
    best, low, high = (max(20, 10 * round(fighters * share / 10)) for share in (1, 0.5, 2))
    quoted = _quoted(name)
    return f"""\
  {quoted}:
    role: rebel
    groups:
      {quoted}:
        fighters: {{best: {best}, low: {low}, high: {high}, source: "assumed: about 200 a town"}}
"""


def _rules(road_km: float, towns: int) -> str:
    """Return wider reaches where towns lie far apart, and higher rates where they are few, than where rules are fitted."""
    apart, few = max(1.0, road_km / USUAL_ROAD_KM), min(MOST_RATE, max(1.0, USUAL_TOWNS / towns))
    attempts = [f"attempts_per_town_month: {_around(0.02 * few)}"] if few > 1 else []
    incidents = [f"per_pair_month: {_around(0.018 * few)}"] if few > 1 else []
    if apart > 1:
        attempts += [f"reach_km: {min(MOST_REACH_KM, 40 * apart):.0f}", f"distance_km: {min(100, 10 * apart):.0f}"]
        incidents += [f"reach_km: {min(MOST_REACH_KM, 12 * apart):.0f}"]
    if not attempts:
        return ""
    why = [f"roads of {road_km:g} km, here the median, in place of {USUAL_ROAD_KM:g} km"] if apart > 1 else []
    why += [f"{towns} towns in place of 169, which would see a fight only once in years"] if few > 1 else []
    rules = {"base_attempt": attempts, "incident": incidents}
    text = "".join(f"  {rule}:\n" + "".join(f"    {line}\n" for line in lines) for rule, lines in rules.items())
    note = wrap(f"The rules are fitted to Greater Idlib in 2018. Adapted to {', and to '.join(why)}.", 117)
    return "\n" + "".join(f"# {line}\n" for line in note) + f"rules:\n{text}"


def _around(best: float) -> str:
    """Return an assumed number of two figures between half and twice itself, at most 1."""
    number = float(f"{min(0.5, best):.2g}")
    return f"{{best: {number:g}, low: {number / 2:g}, high: {number * 2:g}, source: assumed}}"


def _quoted(text: str) -> str:
    """Return a text as YAML takes it whatever is in it."""
    return json.dumps(text, ensure_ascii=False)
