"""`run.py calibrate`: which values of uncertain inputs give what was observed, and which the record leaves open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import print_written
from sim.errors import Fault, InputError
from sim.files import OUTPUTS
from sim.text import plural

if TYPE_CHECKING:
    from sim.study.runner import Progress
    from sim.validation.posterior import CalibrationResult
    from sim.validation.priors import CalibrationPlan


def calibrate(
    study: Annotated[Path, typer.Argument(help="A calibration file.", metavar="STUDY", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder in which the calibration's own is made; outputs if left out."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=4096, help="Processes; all cores if left out; 1: no extra process."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="URL", help="A running Dask scheduler, such as tcp://host:8786.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(metavar="N", min=100, max=1_000_000, help="Draws from the priors.", show_default=False)
    ] = None,
    keep: Annotated[
        float | None, typer.Option(metavar="SHARE", min=1e-6, max=0.5, help="Share of draws kept.", show_default=False)
    ] = None,
    observed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="UCDP GED or ACLED-style events, from which the observed figures are computed."
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the posterior here too, with its manifest beside it.")
    ] = None,
    plan_only: Annotated[bool, typer.Option("--plan", help="Print what would be done; do not run.")] = False,
) -> None:
    """Fit uncertain inputs to the observed patterns, and say what cannot be told; the same command goes on where it stopped."""
    from sim.cli.batch import TWO_CREWS, resumable
    from sim.cli.console import pairs
    from sim.cli.locate import NO_SCENARIO, check_folder, refuse
    from sim.cli.run import compile_rules
    from sim.results.manifest import Kind
    from sim.results.write import note_of, sole_writer
    from sim.validation.priors import read_calibration

    refuse(
        study,
        "calibrate",
        "a calibration file",
        Kind.STUDY_FILE,
        Kind.SCENARIO_FILE,
        *NO_SCENARIO - {Kind.CALIBRATION_FILE},
    )
    if workers is not None and scheduler is not None:
        raise InputError([TWO_CREWS])
    if scheduler is not None:
        from sim.study.executors import check_scheduler

        check_scheduler(scheduler)
    plan = read_calibration(study, draws=draws, keep=keep)
    if observed is not None:
        from sim.validation.priors import with_record

        plan = with_record(plan, observed)
    parent = out or OUTPUTS
    check_folder(parent, "--out")
    if save is not None:
        check_folder(save.parent, "--save")
        if save.is_dir():
            raise InputError([Fault("--save", None, "", f"{save} is a folder, a file is needed")])
    pairs([*rows(plan), *(("record", line) for line in plan.read)], title=plan.definition.question)
    if plan_only:
        return
    compile_rules(plan.loaded.scenario, plan.geography)
    folder = parent / plan.definition.name
    with resumable(folder), sole_writer(folder, "calibration") as lock:
        if note := note_of(lock):
            print(note, file=sys.stderr, flush=True)
        fitted = _fit(plan, folder, workers, scheduler)
        _write(fitted, folder)
    _print_fit(fitted, folder)
    if save is not None:
        from sim.validation.posterior import save as saved

        print_written(str(saved(plan, fitted.kept, fitted.values, save)), save)


def rows(plan: CalibrationPlan) -> list[tuple[str, str]]:
    """Return what a calibration does, as rows of label and text."""
    from sim.text import day_text, plural

    definition, scenario, space = plan.definition, plan.loaded.scenario, plan.space
    period = f"{plural(scenario.days, 'day')} from {day_text(scenario.start)}"
    draws = plural(definition.draws, "draw")
    if definition.waves > 1:
        draws = f"{plural(definition.waves, 'wave')} of {draws}"
    runs = f"{draws}, {plural(definition.replicates, 'run')} each, and {definition.predictive} of the posterior"
    return [
        ("window", f"{period}; evidence ends {day_text(scenario.evidence_until)}"),
        ("fitted", f"{plural(space.fitted, 'input')}; {len(space.paths) - space.fitted} more vary and are not fitted"),
        ("patterns", f"{', '.join(plan.targets.patterns)}: {plural(len(plan.targets.figures), 'figure')}"),
        ("runs", f"{runs}; seed {definition.seed}"),
        ("kept", f"the {plural(definition.kept, 'draw')} nearest to the observation, {definition.keep:.3g} of all"),
    ]


def _fit(plan: CalibrationPlan, folder: Path, workers: int | None, scheduler: str | None) -> CalibrationResult:
    from sim.validation.calibration import hands_of, open_folder, simulate_posterior, simulate_prior, simulate_typical
    from sim.validation.posterior import CalibrationResult, candidates, excess, posterior_of, typical_table

    open_folder(plan, folder)
    with hands_of(workers, scheduler) as hands:
        runs = _reported("runs of the priors", lambda report: simulate_prior(plan, folder, hands, report))
        recovery = _recovered(plan, runs)
        accepted, values = posterior_of(plan, runs)
        fresh = _reported(
            "runs of the posterior", lambda report: simulate_posterior(plan, folder, values, hands, report)
        )
        if plan.definition.typical:
            points = candidates(plan, values)
            rounds = _reported(
                "runs of the draws kept, to find those right on average",
                lambda report: simulate_typical(
                    plan, folder, points, lambda figures: excess(figures, plan.targets), hands, report
                ),
            )
            typical = typical_table(plan, points, rounds)
        else:
            typical = None
    return CalibrationResult(plan, runs, accepted, values, fresh, recovery, typical)


def _reported(what: str, work: Callable[[Callable[[Progress], None]], Any]) -> Any:
    """Do some runs under a line of progress."""
    from sim.study.progress import batch_progress

    print(what, file=sys.stderr, flush=True)
    progress_line: AbstractContextManager[Callable[[Progress], None]] = batch_progress()
    with progress_line as report:
        return work(report)


def _recovered(plan: CalibrationPlan, runs: Any) -> Any:
    from sim.validation.rejection_abc import recover

    definition, size = plan.definition, plan.space.fitted
    if not definition.recovery:
        return None
    print(f"recovery of {min(definition.recovery, definition.draws)} synthetic truths", file=sys.stderr, flush=True)
    shares = plan.space.shares(runs.points)[:, :size]
    return recover(runs.figures, shares, plan.targets, definition.kept, definition.recovery, summary=definition.summary)


def _write(fitted: CalibrationResult, folder: Path) -> None:
    """Write tables, figures and the report into the folder."""
    from sim.files import write_whole
    from sim.pages.calibration_report import page
    from sim.plots.calibration_sheet import figures
    from sim.validation import posterior as tables
    from sim.validation.calibration import finish

    text = tables.posterior_text(fitted.plan, fitted.values)
    write_whole(folder / "posterior.csv", text.encode())
    for name, frame in tables.all_tables(fitted).items():
        write_whole(
            folder / f"{name}.csv", frame.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
        )
    pictures = figures(fitted)
    for name, picture in pictures.items():
        write_whole(folder / f"{name}.png", picture)
    write_whole(folder / "report.html", page(fitted, pictures).encode())
    finish(folder, tables.origin_of(fitted.plan, fitted.kept, text))


def _print_fit(fitted: CalibrationResult, folder: Path) -> None:
    """Print what was learned."""
    from sim.cli.console import console
    from sim.pages.calibration_report import parameter_lines, predictive_line, recovery_line, typical_lines
    from sim.validation import posterior as tables

    out = console()
    out.print()
    for line in parameter_lines(fitted):
        out.print(line)
    out.print()
    for line in (
        tables.wave_line(fitted),
        recovery_line(fitted),
        predictive_line(fitted),
        tables.leaving(fitted),
        *tables.unknown(fitted),
        *typical_lines(fitted),
    ):
        if line:
            out.print(line)
    if fitted.runs.failed:
        out.print(f"{plural(fitted.runs.failed, 'run')} failed; farthest from the observation, for what is kept.")
    print_written(f"SIMULATED. The report is {folder / 'report.html'}; tables and the posterior are beside it.", folder)
