"""Commands verify and branch: past runs simulated again, as they were or with a change."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.locate import OUTPUTS
from sim.cli.options import NoRunPictures, Quiet, ResultFolder, RunFolder, RunParent, set_option
from sim.text import plural

if TYPE_CHECKING:
    from sim.results.verify import Verdict


def branch(
    run: RunFolder,
    day: Annotated[
        int, typer.Option(metavar="N", help="First day with the change, as in events.csv.", show_default=False)
    ],
    sets: Annotated[list[str] | None, set_option("Change an input from that day on; repeatable.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with a list `policy:` of acts to add.", show_default=False),
    ] = None,
    out: RunParent = OUTPUTS,
    label: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="A note kept with the branch, `branch-dayN` if left out.", show_default=False
        ),
    ] = "",
    no_pictures: NoRunPictures = False,
    quiet: Quiet = False,
) -> None:
    """Continue a past run with a change from a day on, matched to it draw for draw; `compare RUN BRANCH` sets them side by side."""
    from sim.cli.console import print_run
    from sim.cli.locate import check_folder, find_run
    from sim.cli.run import Clock, compile_rules, write_run
    from sim.results.branch import branch as branched

    started = Clock().started
    check_folder(out, "--out")
    origin = find_run(run)
    run_folder = origin.folder
    assert run_folder is not None
    compile_rules(origin.scenario, origin.geography, quiet)
    words = ["python", "run.py", "branch", str(run), "--day", str(day)]
    words += [word for each in sets or [] for word in ("--set", each)]
    words += ["--policy", str(policy)] if policy is not None else []
    branch_run = branched(run_folder, day, sets or [], policy, label, shlex.join(words))
    folder = write_run(branch_run, out, started, no_pictures, quiet)
    if quiet:
        print(folder)
        return
    assert branch_run.branch is not None
    print_run(branch_run, folder)
    changed = "; ".join(branch_run.branch["changes"]) or "nothing changed"
    print(f"\nbranches from {run_folder} on day {day}: {changed}")
    print(f"side by side: {shlex.join(['python', 'run.py', 'compare', str(run_folder), str(folder)])}", file=sys.stdout)


DIFFERS = 1


def verify(
    folder: ResultFolder,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of a study: only so many of its runs.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing where all is identical.")] = False,
) -> None:
    """Make a run or a study again from its manifest and compare: exit code 0 where identical, 1 where not."""
    from sim.cli.locate import find_folder
    from sim.cli.run import compiling
    from sim.errors import Fault, InputError
    from sim.study.path_kind import Kind, kind_of

    results_folder = find_folder(folder, Kind.RUN, Kind.STUDY)
    study = kind_of(results_folder) is Kind.STUDY
    if sample is not None and not study:
        raise InputError([Fault("--sample", None, "", "belongs to the folder of a study; a run is made again whole")])
    with compiling(quiet):
        verdict, what = _study(results_folder, sample, quiet) if study else _run(results_folder)
    _print_verdict(results_folder, verdict, what, quiet)
    if not verdict.same:
        raise typer.Exit(DIFFERS)


def _run(folder: Path) -> tuple[Verdict, str]:
    from sim.results.verify import verify_run

    verdict = verify_run(folder)
    return verdict, f"{plural(len(verdict.compared), 'file')} made again, byte for byte"


def _study(folder: Path, sample: int | None, quiet: bool) -> tuple[Verdict, str]:
    from sim.cli.locate import find_study
    from sim.study.verify import verify_study

    find_study(folder)  # reports runs that are stored twice

    def report(done: int, of: int) -> None:
        if not quiet and (done % 100 == 0 or done == of):
            print(f"{done} of {plural(of, 'run')} made again", file=sys.stderr, flush=True)

    verdict, compared, runs = verify_study(folder, sample, report)
    return (
        verdict,
        f"{compared} of {plural(runs, 'run')} made again, every cell of {plural(len(verdict.compared), 'table')}",
    )


def _print_verdict(folder: Path, verdict: Verdict, what: str, quiet: bool) -> None:
    if verdict.same and quiet:
        return
    print(f"SIMULATED. {folder}: {'identical' if verdict.same else 'NOT identical'} ({what})")
    for line in verdict.notes:
        print(line)
    if verdict.same:
        return
    first, *others = verdict.differences
    print(f"first difference: {first}")
    if others:
        print(f"also: {'; '.join(difference.partition(',')[0] for difference in others)}")
    for reason in verdict.reasons:
        print(f"likely reason: {reason}")
