"""What every figure of a comparison is made of: the figure, the numbers in it, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim import __version__
from sim.plots.compare.look import ScenarioLook, looks
from sim.plots.compare.sheet import Mark, Words
from sim.plots.style import day_text, evidence_line
from sim.words import clause_list, plural

if TYPE_CHECKING:
    from sim.study.comparison import Comparison


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure, the table of all that it shows, and its caption: what is shown, what bands mean, how many runs."""

    figure: Figure
    table: pd.DataFrame
    title: str
    caption: str


def looks_of(comparison: Comparison) -> dict[str, ScenarioLook]:
    """Return the look of each scenario."""
    return looks(comparison.scenarios)


def key_of(comparison: Comparison, names: Sequence[str] = ()) -> list[Mark]:
    """Return the entries of a key of scenarios as lines: all, or those named."""
    return [Mark(look.text, look.line) for name, look in looks_of(comparison).items() if not names or name in names]


def stamp_of(comparison: Comparison) -> str:
    """Return the provenance of a figure, which begins with SIMULATED."""
    first = comparison.models[comparison.reference]
    days = max(model.days for model in comparison.models.values())
    period = f"{day_text(first.start)} to {day_text(first.start + timedelta(days=days))}"
    parts = [
        "SIMULATED", comparison.name, f"{plural(len(comparison.scenarios), 'scenario')}, {runs_text(comparison)}",
        f"sim {__version__}", period, evidence_line(first),
    ]  # fmt: skip
    return " · ".join(parts)


def runs_text(comparison: Comparison) -> str:
    """Say how many runs there are: "200 runs each", or by scenario where they differ."""
    done = [runs.done for runs in comparison.methods.runs]
    if len(set(done)) == 1:
        return f"{plural(done[0], 'run')}{' each' if len(done) > 1 else ''}"
    return f"{clause_list(f'{n:,}' for n in done)} runs"


def words_of(comparison: Comparison, title: str, note: str) -> Words:
    """Return the words round a figure; a partial study says so in each."""
    partial = " The study is not complete." if comparison.partial else ""
    return Words(title, f"{note}{partial}", stamp_of(comparison))


def figure_text(value: float) -> str:
    """Say a number with three figures: "12", "0.31", "1,240", "−4.2"; "–" where there is none."""
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 or float(value).is_integer() else f"{value:.3g}"
    return ("0" if text in ("-0", "-0.0") else text).replace("-", "−")


def signed(value: float) -> str:
    """Say a difference with its sign."""
    return f"+{figure_text(value)}" if value > 0 else figure_text(value)


def long_table(columns: dict[str, object], rows: int) -> pd.DataFrame:
    """Return a table in which single values stand in each of `rows` rows."""
    return pd.DataFrame(columns, index=range(rows))
