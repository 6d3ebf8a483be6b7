"""The pattern card in words and as tables."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from csv import writer

from sim.history.card import Card, Row
from sim.history.declared import Interval
from sim.words import clause_list

MARK = "SIMULATED"
COLUMNS = (
    "simulated", "pattern", "figure", "unit", "about", "observed_low", "observed_high", "observed_from", "accept_low",
    "accept_high", "median", "band_low", "band_high", "pooled", "runs", "runs_with_it", "days", "window_days", "verdict", "why", "of",
)  # fmt: skip


def number(value: float) -> str:
    """Return a figure in at most three digits or so; "never" for one without end, "-" for none."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}" if abs(value) < 1 else f"{value:.3g}"


def interval(found: Interval | None) -> str:
    """Return "3 to 5", "4" for one value, "-" for none."""
    if found is None:
        return "-"
    return number(found.low) if found.low == found.high else f"{number(found.low)} to {number(found.high)}"


def short(figure: str) -> str:
    """Return the name of a figure in words, without its pattern: "deaths per event p90"."""
    return figure.split("_", 1)[-1].replace("_", " ")


def failing(card: Card) -> list[str]:
    """Return a sentence for each pattern that does not pass, with the figures that it fails by."""
    found = []
    for name, verdict in card.verdicts.items():
        rows = [row for row in card.rows_of(name) if row.verdict in ("fail", "not judged")]
        if verdict in ("fail", "not judged") and rows:
            head = "fails" if verdict == "fail" else "is not judged"
            found.append(f"{name} {head}: {'; '.join(_said(row) for row in rows)}.")
    return found


def _said(row: Row) -> str:
    if row.verdict == "not judged":
        return f"{short(row.figure)}: {row.why}"
    band = f"90 % of runs {number(row.low)} to {number(row.high)}"
    seen = f"observed {interval(row.observed)}, accepted {interval(row.accept)}"
    return f"{short(row.figure)} {number(row.median)} ({band}; {seen})"


def summary(card: Card) -> str:
    """Return how many patterns pass, and which of the mandatory ones do; of one run, that it cannot be judged."""
    if card.runs == 1:
        return "One run gives no band, so no pattern is judged: give a study, or several runs."
    mandatory = [name for name, pattern in card.declared.patterns.items() if pattern.weight == "mandatory"]
    good = [name for name in mandatory if card.verdicts[name] == "pass"]
    said = f"{len(card.passed)} of {len(card.verdicts)} patterns pass"
    said += f": {clause_list(card.passed)}." if card.passed else "."
    if not mandatory:
        return said
    if good == mandatory:
        return f"{said} The mandatory ones, {clause_list(mandatory)}, pass."
    return f"{said} Of the mandatory ones, {clause_list(mandatory)}, {clause_list(good) or 'none'} pass."


def card_csv(card: Card) -> str:
    """Return the card as CSV text, a row a figure; an empty cell is none, `inf` a figure without end."""
    rows = []
    for row in card.rows:
        accept = ("", "") if row.accept is None else (row.accept.low, row.accept.high)
        source = "file" if row.recomputed else "declared"
        rows.append(
            (MARK, row.pattern, row.figure, row.unit, row.about, row.observed.low, row.observed.high, source, *accept,
             *map(_cell, (row.median, row.low, row.high, row.pooled)), row.runs, len(row.values), row.days, row.window,
             row.verdict, row.why, row.of)
        )  # fmt: skip
    return csv_text(COLUMNS, rows)


def runs_csv(card: Card) -> str:
    """Return every figure of every run as CSV text, a row a run."""
    names = [row.figure for row in card.rows]
    rows = [
        (MARK, scenario, number, *(_cell(found[name]) for name in names)) for scenario, number, found in card.by_run
    ]
    return csv_text(("simulated", "scenario", "replicate", *names), rows)


def _cell(value: float) -> float | str:
    return "" if math.isnan(value) else round(value, 6)


def csv_text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV text."""
    text = io.StringIO()
    lines = writer(text, lineterminator="\n")
    lines.writerow(header)
    lines.writerows(rows)
    return text.getvalue()
