"""The pattern card in words and as CSV."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from csv import writer

from sim.text import clause_list, plural
from sim.validation.pattern_card import Card, FigureRow
from sim.validation.pattern_estimators import PLACES_SCORE
from sim.validation.pattern_file import Interval

MARK = "SIMULATED"

COLUMNS = (
    "simulated", "pattern", "figure", "unit", "about", "observed_low", "observed_high", "observed_from", "accept_low",
    "accept_high", "median", "band_low", "band_high", "pooled", "runs", "runs_with_it", "days", "window_days", "verdict", "why", "of", "observed_cases",
)  # fmt: skip


def number(value: float) -> str:
    """Return a figure in at most three digits or so; "never" for one without end, "-" for none."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}" if abs(value) < 1 else f"{value:.3g}"


def interval(span: Interval | None) -> str:
    """Return "3 to 5", "4" for one value, "-" for none."""
    if span is None:
        return "-"
    return number(span.low) if span.low == span.high else f"{number(span.low)} to {number(span.high)}"


def short(figure: str) -> str:
    """Return the name of a figure in words, without its pattern: "deaths per event p90"."""
    return figure.split("_", 1)[-1].replace("_", " ")


def failing(card: Card) -> list[str]:
    """Return a sentence for each pattern that does not pass, with the figures that it fails by."""
    sentences = []
    for name, verdict in card.verdicts.items():
        rows = [row for row in card.rows_of(name) if row.verdict in ("fail", "not judged")]
        if verdict in ("fail", "not judged") and rows:
            head = "fails" if verdict == "fail" else "is not judged"
            sentences.append(f"{name} {head}: {'; '.join(_figure_text(row) for row in rows)}.")
    return sentences


def _figure_text(row: FigureRow) -> str:
    if row.verdict == "not judged":
        return f"{short(row.figure)}: {row.why}"
    band = f"90 % of runs {number(row.low)} to {number(row.high)}"
    seen = f"observed {interval(row.observed)}, accepted {interval(row.accept)}"
    return f"{short(row.figure)} {number(row.median)} ({band}; {seen})"


def summary(card: Card) -> str:
    """Return a sentence: how many patterns pass, and which of the mandatory ones do. A single run cannot be judged.

    Example:
        >>> import sim
        >>> from sim.validation.pattern_card import make_card
        >>> from sim.validation.pattern_report import summary
        >>> from sim.validation.pattern_file import FOLDER, read_patterns
        >>> from sim.validation.pattern_samples import reported_run
        >>> declared = read_patterns(min(FOLDER.glob("*.yaml")))  # of the theatre that comes first
        >>> summary(make_card([reported_run(sim.simulate("two_valleys", seed=7))], declared))
        'One run gives no band, so no pattern is judged: give a study, or several runs.'
    """
    if card.runs == 1:
        return "One run gives no band, so no pattern is judged: give a study, or several runs."
    mandatory = [name for name, pattern in card.declared.patterns.items() if pattern.weight == "mandatory"]
    good = [name for name in mandatory if card.verdicts[name] == "pass"]
    sentence = f"{len(card.passed)} of {len(card.verdicts)} patterns pass"
    sentence += f": {clause_list(card.passed)}." if card.passed else "."
    if not mandatory:
        return sentence
    if good == mandatory:
        return f"{sentence} The mandatory ones, {clause_list(mandatory)}, pass."
    return f"{sentence} Of the mandatory ones, {clause_list(mandatory)}, {clause_list(good) or 'none'} pass."


def null_words(card: Card, pattern: str) -> str:
    """Return which nulls pass a pattern too, to stand behind its verdict: "; Hawkes passes it too"; empty without nulls.

    What Hawkes processes pass and a Poisson process does not needs bursts of events, and no actors.
    """
    passed = card.passed_too(pattern)
    if not card.nulls or card.verdicts[pattern] not in ("pass", "fail"):
        return ""
    if pattern in card.tells_nothing:
        return "; every null passes it too: tells nothing about actors"
    if not passed:
        return "; no null passes it"
    return f"; {clause_list(passed)} {'passes' if len(passed) == 1 else 'pass'} it too"


def null_lines(card: Card) -> list[str]:
    """Return sentences on what the nulls pass, and on the single runs that meet the mandatory patterns together."""
    lines = [f"Nulls are fitted to {card.null_source}."] if card.nulls else []
    lines += [
        f"Null {null.about.split(', ', 1)[-1]} ({null.runs} simulations) passes {clause_list(null.passed) or 'no pattern'}."
        for _, null in card.nulls
    ]
    if card.tells_nothing:
        tells = "these patterns tell" if len(card.tells_nothing) > 1 else "this pattern tells"
        lines.append(f"All nulls pass {clause_list(card.tells_nothing)}: {tells} nothing about actors.")
    if all(pattern.weight != "mandatory" for pattern in card.declared.patterns.values()):
        return lines
    cards = [("runs", card), *((null.about.split(", ", 1)[-1], null) for _, null in card.nulls)]
    return lines + [_joint_text(name, one) for name, one in cards]


def record_lines(card: Card) -> list[str]:
    """Return a sentence on the figures computed from files of events: how many are in the declared range, and which are not.

    P25, which is of runs and files together, is left out.
    """
    computed = [row for row in card.rows if row.recomputed and row.accept is not None and row.figure != PLACES_SCORE]
    if not computed:
        return []
    outside = [
        f"{short(row.figure)} {number(row.observed.low)} (accepted {interval(row.accept)})"
        for row in computed
        if row.accept is not None and not row.accept.holds(row.observed.low)
    ]
    inside = len(computed) - len(outside)
    rest = f"; not {clause_list(outside)}" if outside else ""
    return [
        f"Of the {plural(len(computed), 'judged figure')} computed from the files {inside} {'lies' if inside == 1 else 'lie'} in the accepted range{rest}."
    ]


def _joint_text(name: str, card: Card) -> str:
    """Return a sentence on how many single runs meet the mandatory patterns."""
    if card.joint is None:
        return f"Mandatory patterns together, {name}: none is declared, or no run is long enough."
    joint = card.joint
    alone = ", ".join(f"{pattern} {share:.0%}" for pattern, share in joint.shares.items())
    some = ""
    if joint.given and len(joint.given) < len(joint.shares):
        some = f"; {joint.together_given:.0%} of {', '.join(joint.given)}, the rest not given, which counts as failed"
    return f"Mandatory patterns together, {name}: {joint.together:.0%} of {joint.runs} meet all{some}. Alone: {alone}."


def card_columns(card: Card) -> list[dict[str, object]]:
    """Return the card as mappings, one a figure, by the columns of `card_csv`; an empty text is none."""
    header, *rows = _card_table(card)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def card_csv(card: Card) -> str:
    """Return the card as CSV text, a row a figure; an empty cell is none, `inf` a figure without end."""
    header, *rows = _card_table(card)
    return csv_text([str(name) for name in header], rows)


def _card_table(card: Card) -> list[tuple[object, ...]]:
    """Return the names of the columns, and a row a figure."""
    rows: list[tuple[object, ...]] = []
    nulls = [(name, {row.figure: row for row in null.rows}) for name, null in card.nulls]
    for row in card.rows:
        beside = [cell for _, null in nulls for cell in (_cell(null[row.figure].median), null[row.figure].verdict)]
        accept = ("", "") if row.accept is None else (row.accept.low, row.accept.high)
        source = "file" if row.recomputed else "declared"
        rows.append(
            (MARK, row.pattern, row.figure, row.unit, row.about, row.observed.low, row.observed.high, source, *accept,
             *map(_cell, (row.median, row.low, row.high, row.pooled)), row.runs, len(row.values), row.days, row.window,
             row.verdict, row.why, row.of, "" if row.cases is None else row.cases, *beside)
        )  # fmt: skip
    heads = [f"{name}_{column}" for name, _ in nulls for column in ("median", "verdict")]
    return [(*COLUMNS, *heads), *rows]


def runs_csv(card: Card) -> str:
    """Return every figure of every run as CSV text, a row a run."""
    names = [row.figure for row in card.rows]
    rows = [
        (MARK, scenario, number, *(_cell(figures[name]) for name in names)) for scenario, number, figures in card.by_run
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
