"""Files of a decision: report.html, one page with its figures inside, tables as CSV, figures as PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.comparison.decision_words import (
    amount,
    box_table,
    methods,
    policy_table,
    sentences,
    share_text,
    surrogate_table,
    unit_of,
)
from sim.files import write_whole
from sim.pages.scripts import data_uri, environment
from sim.plots.comparison.decision_figures import (
    boxes_to_draw,
    draw_boxes,
    draw_questions,
    draw_regret,
    draw_surrogates,
    questions_table,
    surrogates_to_draw,
)
from sim.plots.comparison.figure import ComparisonFigure, stamp_line
from sim.plots.figures import FIGURES, REPORT_MM, csv_bytes, write_figure
from sim.plots.style import evidence_line
from sim.text import percent, plural, with_unit

if TYPE_CHECKING:
    from sim.comparison.decisions import Decision
    from sim.validation.questions import PolicyAnswer


def figures_of(decision: Decision, answers: Sequence[PolicyAnswer], width_mm: float) -> dict[str, ComparisonFigure]:
    """Return the figures that a decision has something to show in, by name."""
    drawn = {"regret": draw_regret(decision, width_mm)}
    if boxes_to_draw(decision):
        drawn["boxes"] = draw_boxes(decision, width_mm)
    if surrogates_to_draw(decision):
        drawn["surrogates"] = draw_surrogates(decision, width_mm)
    if answers:
        drawn["questions"] = draw_questions(decision, answers, width_mm)
    return drawn


def draw_decision(decision: Decision, answers: Sequence[PolicyAnswer], folder: Path, command: str) -> None:
    """Write the tables, figures and page of a decision; `command` repeats it."""
    tables = {"policies": policy_table(decision), "boxes": box_table(decision), "surrogates": surrogate_table(decision)}
    if answers:
        tables["questions"] = questions_table(answers)
    for name, table in tables.items():
        write_whole(folder / f"{name}.csv", csv_bytes(table))
    drawn = figures_of(decision, answers, REPORT_MM)
    pictures = {}
    for name, figure in drawn.items():
        _files, picture = write_figure(figure, folder / FIGURES, name, embedded=True, table=False)
        pictures[name] = {"image": data_uri(picture), "alt": f"SIMULATED. {figure.caption}"}
    page = decision_page(decision, answers, pictures, command)
    write_whole(folder / "report.html", page.encode("utf-8"))


def decision_page(
    decision: Decision, answers: Sequence[PolicyAnswer], pictures: dict[str, dict[str, str]], command: str
) -> str:
    """Return the page; `pictures` has the image and its text of each figure."""
    runs = f"{plural(decision.runs, 'matched run')} each"
    first = decision.models[decision.scenarios[0]]
    return environment().get_template("decision.html.j2").render(
        decision=decision, sentences=list(sentences(decision)), rows=[_row(decision, row) for row in decision.ordered],
        heading=with_unit(decision.statistic.label, unit_of(decision)), answers=answers, pictures=pictures, methods=methods(decision),
        stamp=stamp_line(decision.name, decision.models, runs), runs=runs, version=__version__, command=command,
        evidence=evidence_line(first), policies=plural(len(decision.rows), "policy", "policies"),
    )  # fmt: skip


def _row(decision: Decision, row: Any) -> dict[str, Any]:
    return {
        "scenario": row.scenario, "may_be_best": row.may_be_best, "mean": amount(decision, row.mean),
        "chance": percent(row.best_chance), "expected": amount(decision, row.expected_regret), "regret": amount(decision, row.regret),
        "best_runs": percent(row.best_runs), "meets": share_text(row.meets), "tail": amount(decision, row.tail),
    }  # fmt: skip
