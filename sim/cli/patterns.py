"""Commands patterns and ablate: runs held against the patterns of the observed record, figure by figure, and the same card with each rule
off and in each variant, in one table."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import MAX_STUDY_SEED, AsJson, PatternFile, ScenarioFile, StudyParent, Workers, print_written
from sim.errors import Fault, InputError
from sim.files import OUTPUTS
from sim.text import plural

if TYPE_CHECKING:
    from rich.table import Table

    from sim.geography.maps import Geography
    from sim.results.run import Run
    from sim.scenario.schema import Scenario
    from sim.study.store import Study
    from sim.validation.ablation import Ablated
    from sim.validation.pattern_card import Card
    from sim.validation.pattern_file import Patterns
    from sim.validation.pattern_samples import ReportedRun


FOLDER = "patterns"
WIDTHS = (28, 12, 6, 12, 12, 10, 4, 4, 4)  # with gaps of one within 100 columns
LEFT = (0, 5, 6, 7, 8)  # columns of text
STYLES = {"pass": "green", "fail": "red"}


def patterns(
    results: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of studies that keep reports, or of runs.", metavar="STUDY|RUN...", show_default=False
        ),
    ],
    observed: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.csv", help="UCDP GED or ACLED-style events: computes the observed side anew; repeatable."
        ),
    ] = None,
    declared: Annotated[
        Path | None,
        typer.Option(
            "--patterns", metavar="FILE.yaml", help="Patterns; those of scenarios/patterns for the map if left out."
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="Scenario of a study; its first if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder in which patterns/ is made; the study's own if left out.")
    ] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Print only, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold runs against the declared patterns: observed, simulated median and 90 % band, tolerance, pass or fail.

    Beside them stand the verdicts of three nulls, processes without actors: Hawkes, two-level Hawkes and Poisson.
    Of several studies a figure is taken from the first that has runs as long as the record it stands for, and gives it.
    """
    from sim.cli.console import print_json
    from sim.cli.locate import check_folder, find_result
    from sim.results.manifest import sha256
    from sim.scenario.compose import display
    from sim.validation.event_files import Area
    from sim.validation.observed import observe
    from sim.validation.pattern_file import find_patterns, read_patterns
    from sim.validation.pattern_nulls import Towns, card_with_nulls, check_places

    sources = [find_result(word) for word in results]
    parent = out or Path((sources[0].folder if len(sources) == 1 else None) or OUTPUTS)
    if not no_pictures:
        check_folder(parent, "--out")
    model = _scenario(sources[0], scenario)
    file = find_patterns(declared, model.map)
    against = read_patterns(file)
    runs = _runs(sources, against, scenario, str(file))
    geography = _geography(sources[0])
    towns, wider = Towns.of(geography), against.over_whole()
    check_places(against, towns, file)
    seen = [
        observe(observed, part, file, Area.of(geography)) if observed and part else None for part in (against, wider)
    ]
    record = seen[0]
    card = card_with_nulls(runs, against, towns, seen[0], seen[1])
    declared_by = f"Declared in {display(file)}, SHA-256 {sha256(file.read_bytes())}."
    read = (declared_by, *(record.notes if record else ()))
    if not as_json:
        print_card(card, read)
    written = None if no_pictures else write(card, model, parent)
    if as_json:
        print_json({**card_data(card), "read": read, "written": written})
    elif written is not None:
        print_written(
            f"\nwritten: {written / 'patterns.csv'}, {written / 'patterns.png'} and a picture of each pattern", written
        )


def _scenario(source: Study | Run, name: str | None) -> Scenario:
    from sim.results.run import Run

    if isinstance(source, Run):
        if name is not None:
            raise InputError([Fault("--scenario", None, "", f"belongs to a study; {source.folder} is a single run")])
        return source.scenario
    chosen_name = name or next(iter(source.scenarios))
    if chosen_name not in source.scenarios:
        raise InputError([Fault("--scenario", None, chosen_name, f"is none of {', '.join(source.scenarios)}")])
    return source.scenarios[chosen_name]


def _geography(one: Study | Run) -> Geography:
    from sim.results.run import Run

    return one.geography if isinstance(one, Run) else one.geography()


def _runs(sources: list[Study | Run], declared: Patterns, name: str | None, file: str) -> list[ReportedRun]:
    from sim.results.run import Run
    from sim.validation.pattern_samples import check_sides, reported_run, runs_of_study

    records: list[ReportedRun] = []
    for number, source in enumerate(sources):
        check_sides(_scenario(source, name), declared, file)
        records += (
            [reported_run(source, number)] if isinstance(source, Run) else runs_of_study(source, name, number + 1)
        )
    return records


def card_data(card: Card) -> dict[str, Any]:
    """Return the card for other programs: the verdict on each pattern, and each figure as in patterns.csv."""
    from sim.validation.pattern_report import card_columns

    verdicts = {"verdicts": card.verdicts, "met_by_every_null": card.tells_nothing}
    return {"simulated": True, "title": card.title, "runs": card.runs, **verdicts, "figures": card_columns(card)}


def print_card(card: Card, read: Sequence[str] = ()) -> None:
    """Print the card; `read` are sentences on the file of patterns and the files of events that were given."""
    from sim.cli.console import console
    from sim.validation.pattern_report import failing, null_lines, record_lines, summary

    out = console()
    out.print(f"SIMULATED. {card.title}", style="bold")
    out.print(f"{card.about}. Evidence to {card.declared.evidence_until}.")
    for line in read:
        out.print(line, markup=False, highlight=False)
    _print_table(card)
    of_runs = " median and 90 % band: over single runs, each measured by itself; these are judged."
    out.print(f"observed: of the record; * computed from the file given.{of_runs if card.runs > 1 else ''}")
    out.print()
    out.print(summary(card), style="bold")
    for line in (*(failing(card) if card.runs > 1 else ()), *record_lines(card)):
        out.print(line)
    out.print()
    for line in null_lines(card):
        out.print(line)
    if card.whole is not None:
        out.print()
        out.print("The same figures over the whole record, windows not aligned", style="bold")
        _print_table(card.whole)
        out.print(summary(card.whole), style="bold")


def _print_table(card: Card) -> None:
    from sim.cli.console import console
    from sim.validation.pattern_report import interval, null_words, number, short

    out = console()
    out.print()
    heads = ("figure", "observed", "median", "90 % band", "accepted", "verdict", "Hwk", "Hwk2", "Pois")
    out.print(_rows([heads[: len(heads) - 3 + len(card.nulls)]]), style="dim")
    nulls = [{row.figure: row.verdict for row in null.rows} for _, null in card.nulls]
    for pattern, verdict in card.verdicts.items():
        definition = card.declared.patterns[pattern]
        weight = "" if definition.weight == "ordinary" else f" ({definition.weight})"
        out.print(
            f"{pattern} {definition.title}{weight}: {verdict}{null_words(card, pattern)}",
            style=f"bold {STYLES.get(verdict, '')}",
        )
        rows = []
        for row in card.rows_of(pattern):
            band = "-" if math.isnan(row.low) else f"{number(row.low)} to {number(row.high)}"
            seen = f"{interval(row.observed)}{'*' if row.recomputed else ''}"
            cells = (seen, number(row.median), band, interval(row.accept), row.verdict)
            beside = ("" if null[row.figure] == "shown" else null[row.figure] for null in nulls)
            rows.append((f"  {short(row.figure)}", *cells, *beside))
        out.print(_rows(rows))
    if card.nulls:
        out.print("Hwk, Hwk2, Pois: Hawkes, two-level Hawkes and Poisson; none: the process does not give the figure.")
    out.print()


def _rows(rows: Sequence[tuple[str, ...]]) -> Table:
    """Return rows of cells in columns that are as wide in every such table."""
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column, width in enumerate(WIDTHS[: max(map(len, rows))]):
        table.add_column(width=width, justify="left" if column in LEFT else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def write(card: Card, scenario: Scenario, parent: Path) -> Path:
    """Write the card's tables and pictures to a new folder in `parent`, and return it."""
    from sim.plots.pattern_sheets import draw_card
    from sim.results.write import whole_folder, write_text
    from sim.validation.pattern_report import card_csv, runs_csv

    with whole_folder(parent, FOLDER) as (partial, final):
        write_text(partial / "patterns.csv", card_csv(card))
        if card.whole is not None:
            write_text(partial / "patterns_whole.csv", card_csv(card.whole))
        write_text(partial / "patterns_runs.csv", runs_csv(card))
        draw_card(card, scenario, partial)
    return final


ABLATIONS_FOLDER = "ablations"
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
    from sim.cli.batch import compile_for, plan_rows, resumable
    from sim.cli.console import pairs
    from sim.cli.locate import NO_SCENARIO, check_folder, refuse
    from sim.load import read
    from sim.results.manifest import Kind
    from sim.scenario.compose import find_scenario
    from sim.study.plan import make_plan
    from sim.study.progress import batch_progress
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
    with whole_folder(study.folder, ABLATIONS_FOLDER) as (partial, final):
        write_text(partial / "ablations.csv", matrix_csv(ablated))
        write_text(partial / "ablations_figures.csv", figures_csv(ablated))
        draw_ablated(ablated, study.scenarios[FULL], partial)
    print_written(
        f"\nwritten: {final / 'ablations.csv'}, {final / 'ablations_figures.csv'}, {final / 'ablations.png'}", final
    )


def _print_progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\rmeasured {name:<50}", end="", file=sys.stderr, flush=True)
