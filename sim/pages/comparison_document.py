"""What the report of a comparison carries to come alive: shares of runs by town and day, curves with bands, the map.

`js/compare.js` shows it. Shares are whole percentages of runs; the file figures/difference_map.csv has all digits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.pages.chart_specs import days_spec
from sim.pages.map_svg import MapDrawing
from sim.plots.comparison.figure import looks_of
from sim.plots.map.scene import code_name
from sim.plots.style import look_of
from sim.text import capitalised, plural

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, FanPanel
    from sim.scenario.schema import Scenario

STEADY = 0.02  # a share of runs that a code never exceeds in any town: it is left out
BAND = 1  # of sim.comparison.results.BANDS: the middle 80 % of runs


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the document of a comparison; all of it can be written as JSON."""
    scenario, control = comparison.models[comparison.reference], comparison.control
    drawing, look, names = MapDrawing(scenario, comparison.geography), look_of(scenario), looks_of(comparison)
    codes = [
        c
        for c in range(len(control.codes))
        if max(float(control.shares[name][..., c].max()) for name in comparison.scenarios) > STEADY
    ]
    base = json.loads(drawing.base)
    layers = [layer for layer in base["layers"] if layer["still"] or layer["name"] in ("control", "towns")]
    return {
        "base": base | {"layers": layers, "legend": ""},
        "cells": f"#{drawing.key}c",
        "start": scenario.start.isoformat(),
        "days": control.days.tolist(),
        "towns": list(control.labels),
        "codes": [
            {"code": control.codes[c], "name": code_name(look, control.codes[c]), "colour": look.colour(control.codes[c])}
            for c in codes
        ],
        "scenarios": [
            {"name": name, "letter": names[name].letter, "runs": control.runs[name], "shares": _shares(control.shares[name][..., codes])}
            for name in comparison.scenarios
        ],
        "contrasts": [
            {
                "scenario": comparison.scenarios.index(contrast.scenario),
                "resolved": [np.flatnonzero(day).tolist() for day in contrast.town_resolved],
            }
            for contrast in control.contrasts
        ],
        "share": days_spec(scenario, "", int(control.days[-1]), unit="%", note=kept_text(control.days.tolist())),
        "charts": [fan_spec(scenario, comparison, panel) for panel in comparison.fans],
    }  # fmt: skip


def kept_text(days: list[int]) -> str:
    """Say on which mornings a curve of shares rests: those on which studies keep control."""
    return f"rests on {plural(len(days), 'morning')}, every {days[1] - days[0]} days" if len(days) > 2 else ""


def _shares(shares: np.ndarray) -> list[list[list[int]]]:
    """Return shares of runs, f8 [K, T, C], as percentages by town and code: each day less the day before, which packs well."""
    percent = np.rint(100 * shares).astype(int)
    steps = np.diff(percent, axis=0, prepend=0)
    by_town: list[list[list[int]]] = steps.transpose(1, 2, 0).tolist()
    return by_town


def fan_spec(scenario: Scenario, comparison: Comparison, panel: FanPanel) -> dict[str, Any]:
    """Return the chart of a daily quantity: the median of every scenario, with the band of the middle 80 % of its runs."""
    names = looks_of(comparison)
    series, bands = [], []
    for fan in panel.fans:
        look = names[fan.scenario]
        colour = look.line.colour
        median = np.round(fan.median, 2).tolist()
        series.append({"name": look.letter, "code": look.letter, "colour": colour, "values": median, "style": "line"})
        if fan.runs > 1:
            low, high = (np.round(edge[BAND], 2).tolist() for edge in (fan.low, fan.high))
            bands.append({"code": look.letter, "colour": colour, "low": low, "middle": median, "high": high})
    note = f"median and middle 80 % of {plural(max(fan.runs for fan in panel.fans), 'run')}" if bands else ""
    return days_spec(
        scenario, capitalised(panel.label), int(panel.days[-1]), unit=panel.unit, note=note, series=series, bands=bands
    )
