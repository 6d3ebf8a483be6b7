"""`run.py validate`: patterns and forecasts of all theatres held against their records, one table a theatre."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import AsJson, Workers, folder_option
from sim.files import OUTPUTS
from sim.text import clause_list, plural

if TYPE_CHECKING:
    from sim.study.plan import Plan
    from sim.validation.theatres import PatternRow, ScoreRow, Theatre, Validated

FOLDER = "validate"
QUICK_RUNS, QUICK_MEMBERS = 16, 60
HEADS = {"hawkes": "Hawkes", "two_level": "two-level", "poisson": "Poisson"}
STYLES = {"pass": "green", "fail": "red"}
UNSEEN = "†"


def validate(
    theatre: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MAP", help="Only the theatre on this map; repeatable. All if left out.", show_default=False
        ),
    ] = None,
    studies: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            help="Studies named PREFIXpatterns* and PREFIXhindcast*, as transfer_.",
            show_default=False,
        ),
    ] = "",
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help=f"At most {QUICK_RUNS} runs of each study, {QUICK_MEMBERS} of each null: a first look."
        ),
    ] = False,
    replicates: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, max=100_000, help="At most so many runs of each study.", show_default=False),
    ] = None,
    out: Annotated[Path | None, folder_option("Folder of the studies and of validate/; outputs if left out.")] = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Print only, and write nothing but the studies.")
    ] = False,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Hold the runs of every theatre against its patterns and record, beside nulls and baselines: one table a theatre.

    Studies named patterns* and hindcast* are run, or taken from the folder if they are done; the same command goes on where it stopped.
    """
    from sim.cli.batch import resumable
    from sim.cli.console import print_json
    from sim.cli.locate import check_folder
    from sim.validation.pattern_nulls import MEMBERS
    from sim.validation.theatres import find_theatres, marked, validated

    parent = out or OUTPUTS
    check_folder(parent, "--out")
    most = min(replicates or QUICK_RUNS, QUICK_RUNS) if quick else replicates
    theatres = find_theatres(theatre or [], most, studies)
    _print_plan(theatres, quick)
    with resumable(parent):
        folders = _run([plan for each in theatres for plan in each.plans], parent, workers)
        tables = []
        for each in theatres:
            _print_progress(f"measuring {each.name}: {_work(each)}")
            tables.append(validated(each, folders, QUICK_MEMBERS if quick else MEMBERS))
    results = marked(tables)
    if not as_json:
        for result in results:
            print_theatre(result)
        print_marks(results, quick)
    written = None if no_pictures else _write(results, theatres, quick, parent)
    if as_json:
        print_json({**_as_data(results, quick), "written": written})
    elif written is not None:
        print(f"\nwritten: {written / 'validate.png'}, validate.svg, patterns.csv, scores.csv, validate.json")


def _work(theatre: Theatre) -> str:
    parts = [
        plural(len(theatre.declared.patterns), "pattern") if theatre.pattern_plans else "",
        plural(len(theatre.forecasts), "forecast") if theatre.forecasts else "",
    ]
    return clause_list(parts)


def _print_plan(theatres: Sequence[Theatre], quick: bool) -> None:
    from sim.cli.batch import compile_for

    plans = [plan for theatre in theatres for plan in theatre.plans]
    runs = sum(plan.replicates * len(plan.scenarios) for plan in plans)
    few = "quick: " if quick else ""
    studies = plural(len(plans), "study", "studies")
    _print_progress(
        f"{few}{plural(len(theatres), 'theatre')}, {studies}, {plural(runs, 'run')}, those done are taken as they are"
    )
    compile_for(plans[0])


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _run(plans: Sequence[Plan], out: Path, workers: int | None) -> dict[str, Path]:
    """Run what is missing of all studies, with one account of progress; return their folders by the name of the study."""
    from sim.cli.audit import TotalProgress
    from sim.study.progress import batch_progress
    from sim.study.runner import run_study

    folders = {}
    with batch_progress() as report:
        total = TotalProgress(report, [plan.replicates * len(plan.scenarios) for plan in plans])
        for plan in plans:
            folders[plan.name] = run_study(plan, out, workers, report=total)
            total.close_study()
    return folders


def print_theatre(theatre: Validated) -> None:
    """Print the two tables of a theatre: patterns beside nulls, forecasts beside baselines."""
    from rich.table import Table

    from sim.cli.console import console

    out = console()
    out.print()
    out.print(f"SIMULATED. {theatre.name}: {theatre.title}", style="bold")
    if theatre.patterns:
        out.print(f"{plural(theatre.runs, 'run')}; {_passes(theatre)}. Evidence to {theatre.evidence_until}.")
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for column in ("pattern", "n", "model", "again", *HEADS.values(), "passed by"):
            table.add_column(column, overflow="fold", max_width=34)
        for row in theatre.patterns:
            table.add_row(*_pattern_cells(row), style=STYLES.get(row.verdict, ""))
        out.print(table)
    if theatre.scores:
        out.print()
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        columns = (
            "forecast and measure (lower is better)",
            "n",
            "model",
            "best baseline",
            "gain (s.e.)",
            "Conflict.",
            "rate",
            "Hawkes",
            "two-l.",
        )
        for column in columns:
            table.add_column(column, overflow="fold", max_width=38)
        for score in theatre.scores:
            table.add_row(*_score_cells(score), style="green" if score.gain > 0 else "")
        out.print(table)


def _passes(theatre: Validated) -> str:
    passed = len(theatre.passed)
    alone, unable = (sum(row.passed_by == kind for row in theatre.passed) for kind in ("none", "unable"))
    return f"{passed} of {plural(len(theatre.patterns), 'pattern')} pass: {alone} that no null passes, {unable} that no null can give"


def _pattern_cells(row: PatternRow) -> tuple[str, ...]:
    names = {"none": "no null", "bursts": "bursts alone", "chance": "chance", "unable": "no null can"}
    weight = "" if row.weight == "ordinary" else f" ({row.weight})"
    words = (
        names[row.passed_by] + (f" {UNSEEN}" if row.unseen_in else "")
        if row.nulls and row.verdict in ("pass", "fail")
        else ""
    )
    again = "" if math.isnan(row.steady) else f"{row.steady:.0%}"
    nulls = (row.nulls.get(name, "") for name in HEADS)
    return (
        f"{row.pattern} {row.title}{weight}",
        "" if row.cases is None else str(row.cases),
        row.verdict,
        again,
        *nulls,
        words,
    )


def _score_cells(row: ScoreRow) -> tuple[str, ...]:
    from sim.validation.baselines import baseline_text
    from sim.validation.theatres import BESIDE, MEASURES

    words = next(text for name, text in MEASURES.items() if row.measure.startswith(name))
    about = f"{row.study}, {words}{row.measure.removeprefix('brier_questions').replace('_', ' ') if 'questions' in row.measure else ''}"
    error = "" if math.isnan(row.error) else f" ({row.error:.2g})"
    beside = (
        f"{row.baselines[name]:.3g}" if math.isfinite(row.baselines.get(name, math.nan)) else "" for name in BESIDE
    )
    best = f"{baseline_text(row.best)} {row.baselines[row.best]:.3g}"
    return (about, str(row.cases), f"{row.model:.3g}", best, f"{row.gain:+.2g}{error}", *beside)


def print_marks(theatres: Sequence[Validated], quick: bool) -> None:
    """Print what the columns mean, and which patterns pass by bursts alone although another theatre has none."""
    from sim.cli.console import console

    out = console()
    out.print()
    out.print(
        "n: events, episodes, rounds or weeks of the record. again: share of resampled sets of runs with the same verdict. none: the "
        "process cannot give it. passed by: what passes the pattern too, without actors: chance (a Poisson process), bursts alone (a "
        "self-exciting or two-level Hawkes process), no null, or no null can give it. gain: best baseline minus model, above 0 if the "
        "model is better; its standard error takes weeks as independent."
    )
    without = [theatre.name for theatre in theatres if theatre.contagion is False]
    for theatre in theatres:
        rows = [row.pattern for row in theatre.patterns if row.unseen_in]
        if rows and without:
            out.print(
                f"{UNSEEN} {clause_list(rows)} of {theatre.name} pass by bursts alone, and the record of {clause_list(without)} shows no contagion "
                "within half-years: such a pass is no sign of a mechanism that carries over."
            )
    if quick:
        out.print(
            f"Quick: at most {QUICK_RUNS} runs of each study and {QUICK_MEMBERS} of each null; verdicts may change with more.",
            style="bold",
        )


def _as_data(results: Sequence[Validated], quick: bool) -> dict[str, Any]:
    """Return the tables under the names of their theatres, for `plain_data`."""
    return {"simulated": True, "theatres": {result.name: result for result in results}, "quick": quick}


def _write(results: Sequence[Validated], theatres: Sequence[Theatre], quick: bool, parent: Path) -> Path:
    """Write tables and the sheet to a new folder in `parent`, and return it."""
    from sim.cli.console import plain_data
    from sim.plots.validation_sheet import draw_validation
    from sim.results.manifest import sha256
    from sim.results.write import whole_folder, write_text
    from sim.validation.theatres import tables_csv

    inputs = {
        theatre.name: {
            "patterns": sha256(theatre.patterns_file.read_bytes()),
            "studies": {plan.name: plan.digest for plan in theatre.plans},
        }
        for theatre in theatres
    }
    with whole_folder(parent, FOLDER) as (partial, final):
        for name, text in tables_csv(results).items():
            write_text(partial / name, text)
        data = plain_data({**_as_data(results, quick), "made_of": inputs})
        write_text(partial / "validate.json", json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        draw_validation(results, [theatre.plans[0] for theatre in theatres], quick, partial)
    return final
