"""`run.py decide`: the policies of a study as a choice under uncertain inputs: an answer in a sentence, tables, figures and a page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import AsJson, PrintOnly, StudyFolder, folder_option, print_written
from sim.text import plural, shell

if TYPE_CHECKING:
    from sim.comparison.decisions import Decision, PolicyRow
    from sim.validation.questions import PolicyAnswer

FOLDER = "decide"


class Better(StrEnum):
    """The direction of an outcome."""

    LOW = "low"
    HIGH = "high"


def decide(
    study: StudyFolder,
    outcome: Annotated[
        str,
        typer.Option(
            metavar="STATISTIC",
            help="Outcome, as runs.csv names it: clash_days, towns_gained.CODE; or holder.TOWN=CODE.",
        ),
    ],
    better: Annotated[
        Better, typer.Option(metavar="low|high", help="Whether low or high values are better.")
    ] = Better.LOW,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Worst outcome that is acceptable; the median of the first scenario if left out.",
            show_default=False,
        ),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Yes/no questions: their chances with each policy as well.", show_default=False
        ),
    ] = None,
    out: Annotated[Path | None, folder_option("Folder in which decide/ is made; the study's own if left out.")] = None,
    no_pictures: PrintOnly = False,
    as_json: AsJson = False,
) -> None:
    """Choose between a study's policies under uncertain inputs: regret, thresholds, worst cases, and inputs in which a policy fails."""
    from sim.cli.console import print_json
    from sim.cli.locate import check_folder, find_study
    from sim.comparison.decisions import decision
    from sim.comparison.matched_runs import gather
    from sim.validation.scores import answers_by_policy

    result = find_study(study)
    parent = out or result.folder
    if not no_pictures:
        check_folder(parent, "--out")
    print("comparing policies", file=sys.stderr, flush=True)
    answers = [] if questions is None else answers_by_policy(result, questions)
    chosen = decision(gather([result]), outcome, better is Better.LOW, threshold)
    if not as_json:
        print_decision(chosen)
        print_policy_answers(answers)
    written = None
    if not no_pictures:
        options = {"--outcome": outcome, "--better": better.value, "--threshold": threshold, "--questions": questions}
        words = [part for name, value in options.items() if value is not None for part in (name, str(value))]
        written = _write(chosen, answers, parent, shell("decide", study, *words))
        print_written(f"\nwritten: {written / 'report.html'}, tables and figures", written, stderr=as_json)
    if as_json:
        print_json({**decision_data(chosen, answers), "written": written})


def decision_data(chosen: Decision, answers: Sequence[PolicyAnswer]) -> dict[str, Any]:
    """Return a decision for other programs: sentences, then the rows of its tables."""
    from sim.comparison.decision_words import box_table, policy_table, sentences, surrogate_table

    tables = {"policies": policy_table, "boxes": box_table, "surrogates": surrogate_table}
    rows = {name: table(chosen).to_dict("records") for name, table in tables.items()}
    return {
        "simulated": True,
        "question": chosen.question,
        "answers": list(sentences(chosen)),
        **rows,
        "questions": [answer._asdict() for answer in answers],
    }


def print_decision(chosen: Decision) -> None:
    """Print the answer, then a row a policy."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.comparison.decision_words import amount, methods, sentences, share_text, unit_of
    from sim.text import percent, with_unit

    out = console()
    first, *rest = sentences(chosen)
    out.print(f"SIMULATED. {chosen.question}", style="bold")
    for note in chosen.notes:
        out.print(note)
    out.print(first, style="bold")
    if chosen.left_out:
        out.print(
            f"{plural(chosen.left_out, 'replicate')} left out: {chosen.statistic.label} is not known in every policy."
        )
    columns: list[tuple[str, Callable[[PolicyRow], str]]] = [
        ("share of runs, %" if chosen.statistic.yes_no else "mean", lambda row: amount(chosen, row.mean)),
        ("may be the best", lambda row: "yes" if row.may_be_best else "no"),
    ]
    if not chosen.statistic.yes_no:
        columns.append(("acceptable", lambda row: share_text(row.meets)))
        columns.append(("worst tenth", lambda row: amount(chosen, row.tail)))
    regrets: list[tuple[str, Callable[[PolicyRow], str]]] = [
        ("of the expected outcome", lambda row: amount(chosen, row.expected_regret)),
        ("in a replicate", lambda row: amount(chosen, row.regret)),
        ("best in", lambda row: percent(row.best_runs)),
    ]
    for title, cells in ((with_unit(chosen.statistic.label, unit_of(chosen)), columns), ("regret", regrets)):
        table = Table(box=None, pad_edge=False)
        table.add_column(title, no_wrap=True)
        for head, _cell in cells:
            table.add_column(head, justify="right", no_wrap=True)
        for row in chosen.ordered:
            style = "bold" if row.may_be_best else None
            table.add_row(row.scenario, *(cell(row) for _head, cell in cells), style=style)
        out.print()
        out.print(table)
    out.print("May be the best: no policy is resolved to be better.\n", style="dim")
    for sentence in rest:
        out.print(sentence)
    out.print(f"\n{methods(chosen)}", style="dim")


def print_policy_answers(answers: Sequence[PolicyAnswer]) -> None:
    """Print the chance of yes of each question with each policy."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.statistics.inference import verdict
    from sim.text import points

    if not answers:
        return
    table = Table(title="Chance of yes", title_justify="left", box=None, pad_edge=False)
    table.add_column("question and policy")
    for head in ("chance, 95 %", "points more than the first", ""):
        table.add_column(head, justify="right" if head else "left")
    asked = ""
    for row in answers:
        if row.ask != asked:
            table.add_row(asked := row.ask, style="bold")
        gap = row.difference
        more = "" if gap is None else f"{points(gap.difference)} ({points(gap.low)} to {points(gap.high)})"
        chance = f"{100 * row.chance:.0f} ({100 * row.low:.0f} to {100 * row.high:.0f}) %"
        table.add_row(f"  {row.scenario}", chance, more, "" if gap is None else verdict(gap))
    out = console()
    out.print()
    out.print(table)


def _write(chosen: Decision, answers: Sequence[PolicyAnswer], parent: Path, command: str) -> Path:
    """Write tables, figures and page into a free folder; return it."""
    from sim.pages.decision_report import draw_decision
    from sim.results.run import slug
    from sim.results.write import whole_folder

    with whole_folder(parent, f"{FOLDER}-{slug(chosen.statistic.statistic)}") as (partial, final):
        draw_decision(chosen, answers, partial, command)
    return final
