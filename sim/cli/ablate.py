"""`run.py ablate`: the pattern card with each rule off and in each variant, in one table."""

from __future__ import annotations

import math
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.locate import OUTPUTS
from sim.cli.options import MAX_STUDY_SEED, PatternFile, ScenarioFile, StudyParent, Workers
from sim.text import plural

if TYPE_CHECKING:
    from sim.validation.ablation import Ablated
    from sim.validation.pattern_file import Patterns

FOLDER = "ablations"
ACROSS = 13  # patterns in a table of 100 columns


def ablate(
    scenario: ScenarioFile,
    replicates: Annotated[int, typer.Option(metavar="N", min=2, max=100_000, help="Runs of each ablation.")] = 100,
    days: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=4000, help="Days of a run; of the window of most patterns if left out."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=MAX_STUDY_SEED, help="Seed of the study.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Only this rule, as `spread`; repeatable. All if left out.")
    ] = None,
    vary_inputs: Annotated[
        bool,
        typer.Option(
            "--vary-inputs", help="Draw uncertain inputs too, the same for all; seeds alone vary if left out."
        ),
    ] = False,
    declared: PatternFile = None,
    out: StudyParent = None,
    workers: Workers = None,
) -> None:
    """Run a scenario with each rule off and in each variant, and hold all against the patterns; goes on where it stopped."""
    from sim.cli.batch import batch_progress, compile_for, plan_rows, resumable
    from sim.cli.console import pairs
    from sim.cli.locate import NO_SCENARIO, check_folder, refuse
    from sim.load import read
    from sim.scenario.compose import find_scenario
    from sim.study.path_kind import Kind
    from sim.study.plan import make_plan
    from sim.study.runner import run_study
    from sim.study.store import Study
    from sim.validation.ablation import make_ablated, study_of
    from sim.validation.pattern_file import find_patterns, read_patterns
    from sim.validation.pattern_samples import check_sides

    refuse(scenario, "ablate", "a scenario file", Kind.STUDY_FILE, *NO_SCENARIO)
    file = find_scenario(scenario)
    model = read(file, [])[0].scenario
    patterns = find_patterns(declared, model.map)
    against = read_patterns(patterns)
    check_sides(model, against, str(patterns))
    out = out or OUTPUTS
    check_folder(out, "--out")
    plan = make_plan(study_of(file, model, replicates, days or usual_days(against), seed, vary_inputs, only or []))
    pairs(plan_rows(plan), title=plan.definition.question)
    compile_for(plan)
    with resumable(out / plan.name):
        with batch_progress() as report:
            folder = run_study(plan, out, workers, report=report)
        study = Study.open(folder)
        print(f"measuring {plural(len(plan.scenarios), 'ablation')}", file=sys.stderr, flush=True)
        ablated = make_ablated(study, against, workers, _print_progress)
    print_ablations(ablated)
    _write(ablated, study)


def usual_days(declared: Patterns) -> int:
    """Return how long runs must be for the window that most figures are of."""
    windows = Counter(declared.window_of(pattern, name) for pattern, name, _ in declared.figures())
    return declared.needed_days(windows.most_common(1)[0][0])


def print_ablations(ablated: Ablated) -> None:
    """Print the table of ablations and patterns, and what follows from it."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.validation.ablation import needed, untold

    out = console()
    out.print(f"\nSIMULATED. {ablated.declared.title}; {plural(ablated.full.runs, 'run')} each", style="bold")
    patterns = list(ablated.declared.patterns)
    for first in range(0, len(patterns), ACROSS):
        shown = patterns[first : first + ACROSS]
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("ablation", overflow="fold", min_width=16, max_width=24)
        for name in [*shown, "met"]:
            table.add_column(name, justify="right", no_wrap=True, min_width=4)
        for name, card in ablated.cards.items():
            cells = [cell(ablated, name, pattern) for pattern in shown]
            table.add_row(ablated.words[name], *cells, str(len(card.passed)))
        out.print(table)
        out.print()
    out.print(
        "Number: distance of the median from the middle of the accepted range in half-widths, of the figure farthest out; "
        "x: the pattern is not met; ?: judged in part; -: not judged.\n"
    )
    for line in [*needed(ablated), *untold(ablated)]:
        out.print(line)


def cell(ablated: Ablated, name: str, pattern: str) -> str:
    """Return a cell of the table: "0.4", "2.1x" where the pattern is not met, "-" where it is not judged."""
    strain, verdict = ablated.strain(name, pattern), ablated.cards[name].verdicts[pattern]
    if math.isnan(strain):
        return "-"
    number = ">99" if strain > 99 else f"{strain:.0f}" if strain >= 10 else f"{strain:.1f}"
    return number + {"fail": "x", "not judged": "?"}.get(verdict, "")


def _write(ablated: Ablated, study: object) -> None:
    from sim.plots.pattern_sheets import draw_ablated
    from sim.results.write import whole_folder, write_text
    from sim.study.store import Study
    from sim.validation.ablation import FULL, figures_csv, matrix_csv

    assert isinstance(study, Study)
    with whole_folder(study.folder, FOLDER) as (partial, final):
        write_text(partial / "ablations.csv", matrix_csv(ablated))
        write_text(partial / "ablations_figures.csv", figures_csv(ablated))
        draw_ablated(ablated, study.scenarios[FULL], partial)
    print(f"\nwritten: {final / 'ablations.csv'}, {final / 'ablations_figures.csv'}, {final / 'ablations.png'}")


def _print_progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\rmeasured {name:<50}", end="", file=sys.stderr, flush=True)
