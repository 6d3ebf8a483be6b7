"""Commands batch and status: run a study, and report where it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sim.cli.options import MAX_STUDY_SEED, AsJson, Quiet, Scheduler, StudyFolder, StudyParent, Workers, file_argument
from sim.errors import Fault, InputError, deferred
from sim.files import OUTPUTS
from sim.study.progress import batch_progress, duration
from sim.text import plural, shell

if TYPE_CHECKING:
    from sim.study.definition import Definition, DefinitionFile
    from sim.study.plan import Plan
    from sim.study.store import Study

PILOT = 20  # replicates from which the number that precision takes is foreseen
WORD_WIDTH = 100  # signs of a list of inputs that are shown
TWO_CREWS = Fault("--workers", None, "", "does not go with --scheduler, whose cluster has its own workers")


def batch(
    files: Annotated[list[Path], file_argument("A study file, or scenario files.", "STUDY|FILE...")],
    replicates: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1_000_000, help="Runs of each scenario.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=MAX_STUDY_SEED, help="Seed of the study.", show_default=False)
    ] = None,
    fixed_inputs: Annotated[
        bool, typer.Option("--fixed-inputs", help="Vary seeds only, not uncertain inputs.")
    ] = False,
    out: StudyParent = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    until_precise: Annotated[
        float | None,
        typer.Option(metavar="X", min=1e-6, max=1, help="Go on until headline means are known to this share, as 0.05."),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            "--max",
            metavar="N",
            min=2,
            help="At most so many replicates with --until-precise; (1.96/X)² if left out, 10000 at most.",
        ),
    ] = None,
    precise_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATISTIC",
            help="What --until-precise looks at, in place of the headline; repeatable.",
            show_default=False,
        ),
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan", help="Print what would be done, time and disk; do not run.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run scenarios many times with matched seeds and inputs; the same command goes on where it stopped."""
    from sim.cli.console import pairs
    from sim.cli.locate import check_folder
    from sim.statistics.summary import headline_faults
    from sim.study.batch import changed
    from sim.study.executors import check_scheduler, cores, prepare
    from sim.study.plan import make_plan
    from sim.study.status import highest

    if workers is not None and scheduler is not None:
        raise InputError([TWO_CREWS])
    if precise_on and until_precise is None:
        raise InputError([Fault("--precise-on", None, "", "belongs to --until-precise")])
    if faults := [Fault("--precise-on", None, "", fault) for fault in headline_faults(precise_on or ())]:
        raise InputError(faults)
    if scheduler is not None:
        check_scheduler(scheduler)
    if most is not None and until_precise is None:
        raise InputError([Fault("--max", None, "", "belongs to --until-precise; --replicates sets a fixed number")])
    definition, source, parent = definition_of(files)
    folder = out or parent or OUTPUTS
    check_folder(folder, "--out")
    pooled = scheduler is None and not plan_only and (workers or cores()) > 1
    plan = make_plan(changed(definition, replicates, seed, fixed_inputs), source, prepare if pooled else None)
    precise = None
    if until_precise is not None:
        statistics = tuple(precise_on or plan.definition.headline)
        precise = Precise(until_precise, most or highest(until_precise, plan.replicates), statistics)
    if not quiet or plan_only:
        pairs(plan_rows(plan, precise), title=plan.definition.question)
    compile_for(plan, quiet)
    if plan_only:
        crew = None if scheduler else workers
        pairs(estimate_rows(plan, folder / plan.name, crew, precise), title="\nEstimate")
        return
    _run(plan, folder, workers, scheduler, precise, quiet)


class Precise(NamedTuple):
    """What `--until-precise` asks for: a share of the mean, by at most so many replicates, of some statistics."""

    share: float
    most: int
    statistics: tuple[str, ...]


def compile_for(plan: Plan, quiet: bool = False) -> None:
    """Compile the rules, and say so, before any run of a plan is made or measured."""
    from sim.cli.run import compile_rules
    from sim.engine.jit import needs_compile

    if needs_compile():
        compile_rules(next(iter(plan.scenarios.values())).scenario, plan.geography, quiet)


def definition_of(files: list[Path]) -> tuple[Definition, DefinitionFile, Path | None]:
    """Return the study that words of a command line name, its source, and where it is already, for a study's folder."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.results.manifest import Kind, kind_of
    from sim.study.definition import DefinitionFile, find_file, read_definition
    from sim.study.plan import of_files

    if len(files) == 1 and (files[0] / "study.yaml").is_file():
        folder = files[0] if files[0].name else files[0].resolve()
        definition, source = read_definition(folder / "study.yaml")
        return definition.model_copy(update={"name": folder.name}), source, folder.parent
    for file in files:
        refuse(file, "batch", "a study file, scenario files, or a study's folder", *NO_SCENARIO)
    paths = [find_file(file) for file in files]
    studies = [file for file in paths if kind_of(file) is Kind.STUDY_FILE]
    if studies and len(paths) > 1:
        raise InputError([Fault(str(studies[0]), None, "", "is a study; give one study alone, or scenario files")])
    if studies:
        return *read_definition(studies[0]), None
    return of_files(paths), DefinitionFile(), None


def plan_rows(plan: Plan, precise: Precise | None = None) -> list[tuple[str, str]]:
    """Return what a plan does, as rows of label and text; `precise`: share asked for and most replicates until then."""
    names = list(plan.scenarios)
    reference = f"; reference: {names[0]}" if len(names) > 1 else ""
    rows = [("scenarios", ", ".join(names) + reference), ("runs", _runs_text(plan, precise))]
    if precise is not None:
        from sim.statistics.summary import STATISTICS, base_name
        from sim.study.status import LOOKS

        named = ", ".join(dict.fromkeys(STATISTICS[base_name(name)].label for name in precise.statistics))
        text = f"the mean of each of these is known to {100 * precise.share:.3g} % of itself, or the most are done"
        rows.append(("until", f"{text}: {named}. {LOOKS}"))
    drawn = [path for path in plan.inputs if path != "dummy"]
    inputs = f"{len(drawn)} drawn ({plan.design}): {_short(drawn)}" if drawn else "none drawn: seeds alone vary"
    return [*rows, ("inputs", inputs), *(("note", note) for note in plan.notes)]


def _runs_text(plan: Plan, precise: Precise | None) -> str:
    """Return how many runs a plan has; at least and at most, if it runs until it is precise."""

    scenarios = len(plan.scenarios)
    of, seed = plural(scenarios, "scenario"), f"seed {plan.definition.seed}"
    least, most = _replicate_bounds(plan, precise)
    if least == most:
        return f"{plural(least, 'replicate')} of {of}, {plural(least * scenarios, 'run')}; {seed}"
    return (
        f"at least {plural(least, 'replicate')} of {of}, {plural(least * scenarios, 'run')}; "
        f"at most {plural(most, 'replicate')}, {plural(most * scenarios, 'run')}; {seed}"
    )


def _replicate_bounds(plan: Plan, precise: Precise | None) -> tuple[int, int]:
    if precise is None:
        return plan.replicates, plan.replicates
    return min(plan.replicates, precise.most), precise.most


def _short(words: list[str]) -> str:
    """Say as many words as fit, and that there are more."""
    fitting: list[str] = []
    for word in words:
        if sum(map(len, fitting)) + len(word) > WORD_WIDTH:
            return ", ".join([*fitting, "..."])
        fitting.append(word)
    return ", ".join(fitting)


def estimate_rows(
    plan: Plan, folder: Path, workers: int | None, precise: Precise | None = None
) -> list[tuple[str, str]]:
    """Return time and disk of a plan as rows of label and text; runs some of it to find out."""
    from sim.results.manifest import Kind, kind_of
    from sim.study.store import Study
    from sim.study.worker import estimate, free_bytes

    print("measuring with some of its runs", file=sys.stderr, flush=True)
    cost, bounds = estimate(plan, workers), _replicate_bounds(plan, precise)
    known = Study.open(folder) if kind_of(folder) is Kind.STUDY else None
    rows = []
    if precise is not None:
        expected, words = expected_replicates(plan, known, precise)
        rows.append(("replicates", words))
        bounds = (max(bounds[0], min(expected, precise.most)), precise.most)
    totals = [replace(cost, runs=number * len(plan.scenarios)) for number in bounds]
    times = dict.fromkeys(duration(total.seconds) for total in totals)
    sizes = dict.fromkeys(size_text(total.bytes) for total in totals)
    measured = f"{cost.seconds_a_run:.2g} s a run, measured on {plural(cost.measured, 'run')} now"
    join = " to ".join if precise is None else ", at most ".join
    rows += [
        ("time", f"about {join(times)} on {plural(cost.workers, 'worker')} ({measured})"),
        ("disk", f"about {join(sizes)} ({size_text(cost.bytes_a_run)} a run); {size_text(free_bytes(folder))} are free"),
    ]  # fmt: skip
    if (study := known) is not None:
        verb = "is" if study.done == 1 else "are"
        rows.append(
            ("already", f"{study.done:,} of {plural(study.planned, 'run')} {verb} in {folder} and not done again")
        )
    return [*rows, ("folder", str(folder))]


def expected_replicates(plan: Plan, study: Study | None, precise: Precise) -> tuple[int, str]:
    """Return about how many replicates a plan takes until it is precise, and the same in words with the statistic that decides.

    From the runs of the study if it has enough, else from a pilot.
    """
    from sim.statistics.summary import label
    from sim.study.status import needed, precisions
    from sim.study.worker import pilot_runs

    runs = study.runs if study is not None else None
    if runs is None or runs.groupby("scenario").size().min() < PILOT:
        runs = pilot_runs(plan, PILOT)
    replicates = int(runs.groupby("scenario").size().min())
    number, worst = needed(precisions(runs, precise.statistics), replicates, precise.share)
    from_runs = f"from {plural(replicates, 'replicate')}"
    text = f"about {float(f'{number:.2g}'):,.0f} expected, {from_runs}; {label(worst.statistic)} in {worst.scenario} decides"
    if number > precise.most:
        reached = worst.share * (replicates / precise.most) ** 0.5
        text += f"; at the most, {precise.most:,}, it will be known to about {100 * reached:.2g} %"
    return number, text


def size_text(count: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _run(
    plan: Plan,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    precise: Precise | None,
    quiet: bool,
) -> None:
    from sim.study.runner import run_study
    from sim.study.store import Study

    with resumable(out / plan.name), nullcontext() if quiet else batch_progress() as report:
        share, most, statistics = precise or (None, None, ())
        folder = run_study(plan, out, workers, scheduler, share, most, report, statistics)
    study = Study.open(folder)
    if quiet:
        print(folder)
    else:
        _print_done(study)
    if not study.done:
        raise typer.Exit(1)


def _print_done(study: Study) -> None:
    """Print how many runs of a study are done and failed, and the next command."""
    folder, failed = study.folder, len(study.failures)
    print(
        f"SIMULATED. {study.done:,} of {plural(study.planned, 'run')} {'is' if study.planned == 1 else 'are'} done in {folder}"
    )
    if failed:
        print(f"{failed} failed: {shell('status', folder)} says which, why, and how to repeat them")
    if study.done:
        print(f"next: {shell('compare', folder)}")


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Report, if a signal stops the block, that completed runs are kept and how to resume."""
    try:
        yield
    except KeyboardInterrupt:
        with deferred(), suppress(OSError):  # the terminal may be gone
            print(f"completed runs are kept in {folder}; repeat the command to resume", file=sys.stderr)
        raise


def status(
    study: StudyFolder,
    as_json: AsJson = False,
) -> None:
    """Say what of a study is done, what failed and why, and the command that goes on."""
    from sim.cli.console import print_json
    from sim.cli.locate import find_folder
    from sim.results.manifest import Kind
    from sim.study.status import status_data, status_lines
    from sim.study.store import Study

    opened = Study.open(find_folder(study, Kind.STUDY))
    if as_json:
        print_json(status_data(opened))
        return
    for line in status_lines(opened):
        print(line)
